/* Training steps and optimisers against numbers made by PyTorch: tests/golden/make_nn_golden.py says how they came about. */
#include "nn_networks.h"

#include "base/file.h"
#include "base/safetensors.h"
#include "nn/optimiser.h"

typedef struct golden {
    nb_file_map map;
    nb_safetensors file;
} golden;

static int open_golden(void **state)
{
    static golden g;
    const char *path = NB_SOURCE_DIR "/tests/golden/nn_golden.safetensors";
    nb_error err;
    if (nb_file_map_open(path, &g.map, &err) != NB_OK || nb_safetensors_parse(g.map.data, g.map.size, path, &g.file, &err) != NB_OK)
        return -1;
    *state = &g;
    return 0;
}

static int close_golden(void **state)
{
    golden *g = *state;
    nb_safetensors_free(&g->file);
    nb_file_map_close(&g->map);
    return 0;
}

/* The tensor of that name in doubles; the caller frees. */
static double *wanted(const golden *g, const char *name, size_t *count)
{
    const nb_st_tensor *tensor = nb_safetensors_find(&g->file, name);
    if (!tensor)
        fail_msg("no golden tensor %s", name);
    *count = tensor->size / sizeof(float);
    return to_doubles(tensor->data, *count);
}

/* random_sample() of numpy, scaled to -1 .. 1 and rounded to float. */
static float next_uniform(nb_mt19937 *random)
{
    return (float)(2 * nb_mt19937_uniform(random) - 1);
}

/* The same numbers as the script gives the network: parameters in their order, then images and labels. */
static void fill_params(nb_params *params, nb_mt19937 *random)
{
    for (size_t i = 0; i < params->tensor_count; i++) {
        const nb_tensor *t = &params->tensors[i];
        if (t->kind == NB_TENSOR_COUNTER)
            continue;
        float *values = t->kind == NB_TENSOR_PARAMETER ? params->values + t->offset : params->buffers + t->offset;
        size_t name = strlen(t->name);
        for (size_t k = 0; k < t->count; k++) {
            if (t->kind == NB_TENSOR_BUFFER)
                values[k] = strcmp(t->name + name - 3, "var") == 0 ? 1 : 0;
            else if (t->dims > 1)
                values[k] = next_uniform(random) / (float)sqrt((double)(t->count / (size_t)t->shape[0]));
            else /* of a batch norm, except for the bias of the linear layer: all are 0.25 u, weights of batch norms plus 1 */
                values[k] = next_uniform(random) * 0.25F + (strcmp(t->name + name - 6, "weight") == 0 ? 1.0F : 0.0F);
        }
    }
}

/* Compares a tensor of the network with every k-th number of it in the golden file. */
static void check_tensor(const golden *g, const char *cell_name, const char *what, const nb_tensor *tensor, const float *values,
                         double scale)
{
    char name[160];
    snprintf(name, sizeof name, "%s/%s/%s", cell_name, what, tensor->name);
    if (!nb_safetensors_find(&g->file, name))
        return; /* running statistics that nothing depends on */
    size_t count, step = (tensor->count + 23) / 24;
    double *expected = wanted(g, name, &count);
    assert_int_equal(count, (tensor->count + step - 1) / step);
    float thinned[24];
    for (size_t i = 0; i < count; i++)
        thinned[i] = values[i * step];
    assert_close(name, thinned, expected, count, 1e-4, scale);
    free(expected);
}

/* Loss and logits of one step. */
static void check_forward(const golden *g, const char *cell_name, int step, const comparison *c, double loss)
{
    char name[160];
    size_t count;
    nb_node logits = c->g->ops[c->g->loss].inputs[0];
    snprintf(name, sizeof name, "%s/loss/%d", cell_name, step);
    double *expected = wanted(g, name, &count);
    if (fabs(loss - expected[0]) > 1e-4 * expected[0])
        fail_msg("%s: %.9g, PyTorch %.9g", name, loss, expected[0]);
    free(expected);
    snprintf(name, sizeof name, "%s/logits/%d", cell_name, step);
    expected = wanted(g, name, &count);
    float *got = malloc(count * sizeof *got);
    assert_int_equal(nb_net_read(c->net, logits, got, NULL), NB_OK);
    assert_close(name, got, expected, count, 1e-4, 0);
    free(expected);
    free(got);
}

static void check_network(const golden *g, const char *cell_name, const int cell_operations[6], int channels, int cells, int side,
                          int images, int classes, uint32_t seed)
{
    nb_net_options options = {.batch = images, .training = true, .gradients = true};
    comparison c = compare(tiny_network(cell_operations, channels, cells, side, classes), images, options, 1);
    nb_mt19937 random;
    nb_mt19937_seed_word(&random, seed);
    fill_params(c.params, &random);
    for (size_t i = 0; i < (size_t)images * 3 * (size_t)(side * side); i++)
        c.images[i] = 2 * next_uniform(&random);
    for (int i = 0; i < images; i++)
        c.labels[i] = (int32_t)(nb_mt19937_uniform(&random) * classes);
    const nb_optimiser_options recipe = nb_sgd(0.9, true, 5e-4);
    nb_optimiser *optimiser;
    assert_int_equal(nb_optimiser_new(&recipe, c.params, &optimiser, NULL), NB_OK);
    for (int step = 0; step < 2; step++) {
        nb_net_result result;
        assert_int_equal(nb_net_step(c.net, c.images, c.labels, images, &result, NULL), NB_OK);
        check_forward(g, cell_name, step, &c, result.loss);
        for (size_t i = 0; step == 0 && i < c.params->tensor_count; i++)
            if (c.params->tensors[i].kind == NB_TENSOR_PARAMETER)
                check_tensor(g, cell_name, "gradient", &c.params->tensors[i], c.params->gradients + c.params->tensors[i].offset, 1e-2);
        nb_optimiser_step(optimiser, c.params, 0.1);
    }
    for (size_t i = 0; i < c.params->tensor_count; i++) {
        const nb_tensor *t = &c.params->tensors[i];
        if (t->kind != NB_TENSOR_COUNTER)
            check_tensor(g, cell_name, "after", t, (t->kind == NB_TENSOR_PARAMETER ? c.params->values : c.params->buffers) + t->offset, 0);
        else
            assert_true(c.params->counters[t->offset] == 2 || c.params->counters[t->offset] == 0);
    }
    nb_optimiser_free(optimiser);
    comparison_free(&c);
}

static void a_network_of_3x3_convolutions_steps_as_in_pytorch(void **state)
{
    check_network(*state, "conv", (const int[]){3, 3, 3, 3, 3, 3}, 4, 1, 16, 20, 10, 1);
}

static void a_network_of_mixed_operations_steps_as_in_pytorch(void **state)
{
    check_network(*state, "mixed", (const int[]){3, 2, 4, 1, 3, 0}, 16, 1, 8, 33, 10, 2);
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
