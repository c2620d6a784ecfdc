/* The compiled network against the reference executor: every operator, whole networks, awkward sizes. */
#include "nn_networks.h"

static const double tolerance = 2e-4;

static nb_net_options training(int batch)
{
    return (nb_net_options){.batch = batch, .training = true, .gradients = true, .input_gradient = true};
}

/* The network in training and in evaluation, at several numbers of images (`fewest` or more), with every kernel table of this machine. */
static void check_from(network build, int fewest)
{
    static const struct {
        int channels, side, count, batch;
    } sizes[] = {{1, 4, 1, 1}, {4, 8, 16, 16}, {3, 5, 17, 33}, {5, 7, 18, 48}, {10, 6, 2, 64}, {16, 4, 20, 32}};
    static const char *const tables[] = {"plain", "avx2", "avx512"};
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        if (!nb_kernels_named(tables[t]))
            continue;
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            if (t == 0 && s > 2)
                break; /* the plain kernels have no special cases for sizes, and are slow */
            for (int form = 0; form < 2; form++) {
                int count = sizes[s].count < fewest ? fewest : sizes[s].count;
                nb_net_options options = training(sizes[s].batch < fewest ? fewest : sizes[s].batch);
                options.training = form == 0;
                options.kernels = nb_kernels_named(tables[t]);
                comparison c = compare(build(sizes[s].channels, sizes[s].side), count, options, 100 + s);
                assert_match(&c, options, tolerance);
                comparison_free(&c);
            }
        }
    }
}

static void check(network build)
{
    check_from(build, 1);
}

#define OPERATOR_TEST(name)                                                                                                                \
    static void name##_matches_the_reference(void **state)                                                                                 \
    {                                                                                                                                      \
        (void)state;                                                                                                                       \
        check(name);                                                                                                                       \
    }
OPERATOR_TEST(conv_3x3)
OPERATOR_TEST(conv_3x3_stride_2)
OPERATOR_TEST(conv_1x1)
OPERATOR_TEST(conv_general)
OPERATOR_TEST(factorized_reduce)
OPERATOR_TEST(batch_norm)
OPERATOR_TEST(batch_norm_plain)
OPERATOR_TEST(biased_conv_before_batch_norm)
OPERATOR_TEST(pools)
OPERATOR_TEST(concat_and_slice)
OPERATOR_TEST(mixed_edges)
OPERATOR_TEST(nested_mixes)
OPERATOR_TEST(many_terms)

/* One image whose last batch norms stand on four pixels is left to the next test. */
static void whole_network_matches_the_reference(void **state)
{
    (void)state;
    check_from(whole_network, 16);
}

static void whole_network_matches_the_reference_on_one_large_image(void **state)
{
    (void)state;
    static const char *const tables[] = {"plain", "avx2", "avx512"};
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        nb_net_options options = training(1);
        options.kernels = nb_kernels_named(tables[t]);
        if (!options.kernels)
            continue;
        comparison c = compare(whole_network(4, 32), 1, options, 200);
        assert_match(&c, options, tolerance);
        comparison_free(&c);
    }
}

/* The largest error of the gradients of the parameters, in the unit that assert_parameters_match() takes the tolerance in. */
static double gradient_error(const nb_params *params, const double *got, const double *wanted)
{
    double all = 0, worst = 0;
    for (size_t i = 0; i < params->size; i++)
        all = fmax(all, fabs(wanted[i]));
    for (size_t i = 0; i < params->tensor_count; i++) {
        const nb_tensor *t = &params->tensors[i];
        double unit = 1e-2 * all, error = 0;
        for (size_t k = t->offset; t->kind == NB_TENSOR_PARAMETER && k < t->offset + t->count; k++) {
            unit = fmax(unit, fabs(wanted[k]));
            error = fmax(error, fabs(got[k] - wanted[k]));
        }
        worst = fmax(worst, error / unit);
    }
    return worst;
}

/* Errors of one draw of the whole network with one image of 8x8: of the network itself, and of the reference when it stores floats. */
typedef struct draw_errors {
    double ours, floats;
} draw_errors;

static draw_errors errors_of_draw(const char *table, uint64_t seed)
{
    nb_net_options options = training(1);
    options.kernels = nb_kernels_named(table);
    comparison c = compare(whole_network(4, 8), 1, options, seed);
    nb_error err;
    assert_int_equal(nb_net_step(c.net, c.images, c.labels, 1, NULL, &err), NB_OK);
    nb_reference_forward(c.ref, c.images_double, c.labels);
    nb_reference_backward(c.ref);
    double *exact = malloc(c.params->size * sizeof *exact), *ours = to_doubles(c.params->gradients, c.params->size);
    memcpy(exact, c.ref->gradients, c.params->size * sizeof *exact);
    c.ref->rounds = true;
    nb_reference_forward(c.ref, c.images_double, c.labels);
    nb_reference_backward(c.ref);
    draw_errors errors = {gradient_error(c.params, ours, exact), gradient_error(c.params, c.ref->gradients, exact)};
    free(exact);
    free(ours);
    comparison_free(&c);
    return errors;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* With one image of 8x8 the last batch norms stand on four pixels, and a dozen of them in a row magnify every rounding, whatever the
 * kernels: even the exact network is off by 2e-5, and in one draw of ten by more than 1e-4, when it only stores its values as floats. Over
 * many draws ours is off by no more than LOSS times that, at the median and at the ninth of ten (in single draws a ReLU at zero may fall to
 * either side). Measured: 3 times with the plain kernels, 8 to 10 times with minimal filtering. */
static void one_small_image_loses_at_most_some_times_what_stored_floats_lose(void **state)
{
    (void)state;
    enum { DRAWS = 40, LOSS = 16 };
    static const char *const tables[] = {"plain", "avx2", "avx512"};
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        if (!nb_kernels_named(tables[t]))
            continue;
        double ours[DRAWS], floats[DRAWS];
        for (int i = 0; i < DRAWS; i++) {
            draw_errors errors = errors_of_draw(tables[t], 1000 + (uint64_t)i);
            ours[i] = errors.ours;
            floats[i] = errors.floats;
        }
        qsort(ours, DRAWS, sizeof *ours, by_size);
        qsort(floats, DRAWS, sizeof *floats, by_size);
        print_message("%s: median error %.2g, of stored floats %.2g; nine of ten below %.2g and %.2g\n", tables[t], ours[DRAWS / 2],
                      floats[DRAWS / 2], ours[DRAWS * 9 / 10], floats[DRAWS * 9 / 10]);
        assert_true(ours[DRAWS / 2] <= LOSS * floats[DRAWS / 2]);
        assert_true(ours[DRAWS * 9 / 10] <= LOSS * floats[DRAWS * 9 / 10]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conv_3x3_matches_the_reference),
        cmocka_unit_test(conv_3x3_stride_2_matches_the_reference),
        cmocka_unit_test(conv_1x1_matches_the_reference),
        cmocka_unit_test(conv_general_matches_the_reference),
        cmocka_unit_test(factorized_reduce_matches_the_reference),
        cmocka_unit_test(batch_norm_matches_the_reference),
        cmocka_unit_test(batch_norm_plain_matches_the_reference),
        cmocka_unit_test(biased_conv_before_batch_norm_matches_the_reference),
        cmocka_unit_test(pools_matches_the_reference),
        cmocka_unit_test(concat_and_slice_matches_the_reference),
        cmocka_unit_test(mixed_edges_matches_the_reference),
        cmocka_unit_test(nested_mixes_matches_the_reference),
        cmocka_unit_test(many_terms_matches_the_reference),
        cmocka_unit_test(whole_network_matches_the_reference),
        cmocka_unit_test(whole_network_matches_the_reference_on_one_large_image),
        cmocka_unit_test(one_small_image_loses_at_most_some_times_what_stored_floats_lose),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
