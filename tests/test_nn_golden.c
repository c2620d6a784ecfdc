/* Training steps and optimisers against numbers made by PyTorch: tests/golden/make_nn_golden.py says how they came about. */
#include "nn_golden.h"

static int open_golden(void **state)
{
    return open_golden_file(NB_SOURCE_DIR "/tests/golden/nn_golden.safetensors", state);
}

static void check_network(const golden *g, const char *cell_name, const int cell_operations[6], int channels, int cells, int side,
                          int images, int classes, uint32_t seed)
{
    const nb_net_options options = {.batch = images, .training = true, .gradients = true};
    const golden_network subject = {cell_name, images, classes, seed};
    const nb_optimiser_options recipe = nb_sgd(0.9, true, 5e-4);
    comparison c = compare(tiny_network(cell_operations, channels, cells, side, classes), images, options, 1);
    check_steps(g, &subject, &c, &recipe, (const double[]){0.1, 0.1});
    comparison_free(&c);
}

static void a_network_of_3x3_convolutions_steps_as_in_pytorch(void **state)
{
    check_network(*state, "conv", (const int[]){3, 3, 3, 3, 3, 3}, 4, 1, 16, 20, 10, 33);
}

static void a_network_of_mixed_operations_steps_as_in_pytorch(void **state)
{
    check_network(*state, "mixed", (const int[]){3, 2, 4, 1, 3, 0}, 16, 1, 8, 33, 10, 5);
}

static void a_network_of_light_operations_steps_as_in_pytorch(void **state)
{
    check_network(*state, "light", (const int[]){1, 2, 4, 0, 2, 4}, 4, 2, 12, 17, 7, 3);
}

static void optimisers_step_as_in_pytorch(void **state)
{
    static const struct {
        const char *name;
        nb_optimiser_options options;
        double rate;
    } all[] = {
        {"optimiser/sgd", {.kind = NB_OPTIMISER_SGD}, 0.1},
        {"optimiser/momentum", {.kind = NB_OPTIMISER_SGD, .momentum = 0.9, .decay = 0.01}, 0.1},
        {"optimiser/nesterov", {.kind = NB_OPTIMISER_SGD, .momentum = 0.9, .nesterov = true, .decay = 0.01}, 0.1},
        {"optimiser/adam", {.kind = NB_OPTIMISER_ADAM, .beta1 = 0.5, .beta2 = 0.999, .eps = 1e-8, .decay = 0.01}, 0.02},
        {"optimiser/adamw", {.kind = NB_OPTIMISER_ADAMW, .beta1 = 0.9, .beta2 = 0.98, .eps = 1e-6, .decay = 0.1}, 0.02},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        nb_mt19937 random;
        nb_mt19937_seed_word(&random, 7);
        float w[40], gradient[40];
        size_t count;
        for (int k = 0; k < 40; k++)
            w[k] = next_uniform(&random);
        nb_optimiser *optimiser;
        assert_int_equal(nb_optimiser_new_flat(&all[i].options, 40, &optimiser, NULL), NB_OK);
        for (int step = 0; step < 5; step++) {
            for (int k = 0; k < 40; k++)
                gradient[k] = next_uniform(&random);
            nb_optimiser_step_flat(optimiser, w, gradient, all[i].rate);
        }
        double *expected = wanted(*state, all[i].name, &count);
        assert_close(all[i].name, w, expected, 40, 1e-6, 0);
        free(expected);
        nb_optimiser_free(optimiser);
    }
}

static void gradients_are_clipped_as_in_pytorch(void **state)
{
    nb_graph *graph = nb_graph_new();
    nb_graph_conv(graph, nb_graph_input(graph, 4, 1, 1), 10, 1, 1, 0, "w");
    nb_params *params;
    assert_int_equal(nb_params_new(graph, &params, NULL), NB_OK);
    nb_mt19937 random;
    nb_mt19937_seed_word(&random, 7);
    for (int k = 0; k < 40; k++)
        params->gradients[k] = next_uniform(&random);
    size_t count;
    double *norm = wanted(*state, "clip/norm", &count), *gradient = wanted(*state, "clip/gradient", &count), factor;
    assert_true(fabs(nb_params_gradient_norm(params) - norm[0]) < 1e-6 * norm[0]);
    assert_true(fabs(nb_params_clip_gradients(params, 1.5, 0, &factor) - norm[0]) < 1e-6 * norm[0]);
    assert_close("clipped", params->gradients, gradient, 40, 1e-6, 0);
    assert_true(fabs(factor - 1.5 / norm[0]) < 1e-6);
    /* A norm below the limit leaves the gradients alone; gradients that live elsewhere count in it. */
    nb_params_clip_gradients(params, 1.6, 0, &factor);
    assert_true(factor == 1);
    nb_params_clip_gradients(params, 2, 1.5 * 1.5 * 3, &factor);
    assert_true(fabs(factor - 2.0 / 3) < 1e-5);
    free(norm);
    free(gradient);
    nb_params_free(params);
    nb_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_network_of_3x3_convolutions_steps_as_in_pytorch),
        cmocka_unit_test(a_network_of_mixed_operations_steps_as_in_pytorch),
        cmocka_unit_test(a_network_of_light_operations_steps_as_in_pytorch),
        cmocka_unit_test(optimisers_step_as_in_pytorch),
        cmocka_unit_test(gradients_are_clipped_as_in_pytorch),
    };
    return cmocka_run_group_tests(tests, open_golden, close_golden);
}
