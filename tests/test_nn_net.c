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

/* With one image the last batch norms stand on four pixels, and a dozen of them in a row make float gradients of any kernels, the plain
 * ones included, miss the tolerance in one draw of six (median 4e-5, worst of 200 draws 7e-3). From 16 images on it holds. */
static void whole_network_matches_the_reference(void **state)
{
    (void)state;
    check_from(whole_network, 16);
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
