/* The compiled network against the reference executor: every operator, whole networks, awkward sizes. */
#include "nn_networks.h"

static const double tolerance = 2e-4;

static nb_net_options training(int batch)
{
    return (nb_net_options){.batch = batch, .training = true, .gradients = true, .input_gradient = true};
}

/* Puts the end of a network behind `x`: pixels weighed differently, so that no gradient is the same everywhere. */
static nb_graph *finished(nb_graph *g, nb_node x)
{
    nb_graph_keep(g, x);
    nb_dims shape = nb_graph_shape(g, x);
    const nb_conv_options whole = {.out_channels = 3, .kernel = shape.rows, .bias = true};
    x = shape.rows == shape.cols ? nb_graph_conv_with(g, x, &whole, "end")
                                 : nb_graph_linear(g, nb_graph_global_average_pool(g, x), 3, "end");
    nb_graph_cross_entropy(g, x, 0);
    return g;
}

typedef nb_graph *(*network)(int channels, int side);

/* The network in training and in evaluation, at several numbers of images, with every kernel table of this machine. */
static void check(network build)
{
    static const struct {
        int channels, side, count, batch;
    } sizes[] = {{1, 4, 1, 1}, {4, 8, 16, 16}, {3, 5, 17, 33}, {5, 7, 33, 48}, {10, 6, 2, 64}, {16, 4, 48, 48}};
    static const char *const tables[] = {"plain", "avx2", "avx512"};
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        if (!nb_kernels_named(tables[t]))
            continue;
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            for (int form = 0; form < 2; form++) {
                nb_net_options options = training(sizes[s].batch);
                options.training = form == 0;
                options.kernels = nb_kernels_named(tables[t]);
                comparison c = compare(build(sizes[s].channels, sizes[s].side), sizes[s].count, options, 100 + s);
                assert_match(&c, options, tolerance);
                comparison_free(&c);
            }
    }
}

static nb_graph *conv_3x3(int channels, int side)
{
    nb_graph *g = nb_graph_new();
    nb_node x = nb_graph_input(g, channels, side, side);
    return finished(g, nb_graph_conv(g, x, channels + 1, 3, 1, 1, "conv"));
}

static nb_graph *conv_3x3_stride_2(int channels, int side)
{
    nb_graph *g = nb_graph_new();
    nb_node x = nb_graph_input(g, channels, side, side);
    return finished(g, nb_graph_conv(g, x, 2 * channels, 3, 2, 1, "conv"));
}

static nb_graph *conv_1x1(int channels, int side)
{
    nb_graph *g = nb_graph_new();
    nb_node x = nb_graph_input(g, channels, side, side);
    return finished(g, nb_graph_conv(g, x, channels + 2, 1, 1, 0, "conv"));
}

static nb_graph *conv_general(int channels, int side)
{
    nb_graph *g = nb_graph_new();
    nb_node x = nb_graph_input(g, 2 * channels, side, side);
    const nb_conv_options options = {
        .out_channels = 4 * channels, .kernel = 2, .stride = 1, .pad = 1, .pad_end = 2, .dilation = 2, .groups = 2, .bias = true};
    return finished(g, nb_graph_conv_with(g, x, &options, "conv"));
}

static nb_graph *factorized_reduce(int channels, int side)
{
    nb_graph *g = nb_graph_new();
    nb_node x = nb_graph_relu(g, nb_graph_input(g, channels, side, side));
    const nb_conv_options shifted = {.out_channels = channels, .kernel = 1, .stride = 2, .pad = -1, .pad_end = 1};
    nb_node halves[2] = {nb_graph_conv(g, x, channels, 1, 2, 0, "even"), nb_graph_conv_with(g, x, &shifted, "odd")};
    return finished(g, nb_graph_batch_norm(g, nb_graph_concat(g, halves, 2), "norm"));
}

static nb_graph *batch_norm(int channels, int side)
{
    nb_graph *g = nb_graph_new();
    nb_node x = nb_graph_input(g, channels, side, side);
    return finished(g, nb_graph_batch_norm(g, x, "norm"));
}

static nb_graph *batch_norm_plain(int channels, int side)
{
    nb_graph *g = nb_graph_new();
    nb_node x = nb_graph_input(g, channels, side, side);
    const nb_batch_norm_options bare = {.eps = 1e-3, .momentum = 0.003}, tracking = {.eps = 1e-3, .momentum = 0.003, .track = true};
    x = nb_graph_batch_norm_with(g, nb_graph_conv(g, x, channels, 3, 1, 1, "conv"), &bare, "bare");
    return finished(g, nb_graph_batch_norm_with(g, nb_graph_relu(g, x), &tracking, "tracking"));
}

static nb_graph *biased_conv_before_batch_norm(int channels, int side)
{
    nb_graph *g = nb_graph_new();
    nb_node x = nb_graph_input(g, channels, side, side);
    const nb_conv_options biased = {.out_channels = channels, .kernel = 3, .pad = 1, .pad_end = 1, .bias = true};
    return finished(g, nb_graph_batch_norm(g, nb_graph_conv_with(g, x, &biased, "conv"), "norm"));
}

static nb_graph *pools(int channels, int side)
{
    nb_graph *g = nb_graph_new();
    nb_node x = nb_graph_input(g, channels, side, side);
    nb_node terms[3] = {nb_graph_average_pool(g, x, 3, 1, 1), nb_graph_max_pool(g, x, 3, 1, 1), x};
    x = nb_graph_add(g, terms, 3);
    nb_node halved[4] = {nb_graph_average_pool(g, x, 2, 2, 0), nb_graph_max_pool(g, x, 2, 2, 0), nb_graph_average_pool(g, x, 2, 2, 0),
                         nb_graph_zero(g, nb_graph_average_pool(g, x, 2, 2, 0), 1)};
    x = nb_graph_add(g, halved, 4);
    return finished(g, nb_graph_average_pool(g, nb_graph_max_pool(g, x, 3, 2, 1), 3, 1, 1));
}

static nb_graph *concat_and_slice(int channels, int side)
{
    nb_graph *g = nb_graph_new();
    nb_node x = nb_graph_input(g, channels, side, side);
    nb_node a = conv_edge(g, x, 4, 3, 1, "a"), b = nb_graph_relu(g, conv_edge(g, x, 3, 1, 1, "b"));
    nb_node both = nb_graph_concat(g, (nb_node[]){a, b, x, a}, 4);
    nb_node parts[3] = {nb_graph_slice(g, both, 0, 5), nb_graph_slice(g, both, 2, 5), nb_graph_slice(g, nb_graph_relu(g, both), 3, 5)};
    x = nb_graph_add(g, parts, 3);
    return finished(g, nb_graph_max_pool(g, nb_graph_concat(g, (nb_node[]){nb_graph_slice(g, x, 1, 2), x}, 2), 3, 1, 1));
}

static nb_graph *mixed_edges(int channels, int side)
{
    nb_graph *g = nb_graph_new();
    nb_node x = nb_graph_input(g, 3, side, side);
    x = nb_graph_batch_norm(g, nb_graph_conv(g, x, channels, 3, 1, 1, "stem.0"), "stem.1");
    nb_node nodes[4] = {x};
    const nb_batch_norm_options bare = {.eps = 1e-5, .momentum = 0.1};
    for (int to = 1, edge = 0; to < 4; to++) {
        nb_node terms[3];
        for (int from = 0; from < to; from++, edge++) {
            char name[32];
            snprintf(name, sizeof name, "edge.%d", edge);
            nb_node in = nodes[from];
            nb_node candidates[6] = {nb_graph_zero(g, in, 1),
                                     in,
                                     conv_edge(g, in, channels, 3, 1, name),
                                     NB_NO_NODE,
                                     nb_graph_average_pool(g, in, 3, 1, 1),
                                     nb_graph_constant(g, in, 0.5F)};
            snprintf(name, sizeof name, "conv.%d", edge);
            nb_node conv = nb_graph_conv(g, nb_graph_relu(g, in), channels, 1, 1, 0, name);
            snprintf(name, sizeof name, "norm.%d", edge);
            candidates[3] = nb_graph_batch_norm_with(g, conv, &bare, name);
            terms[from] = nb_graph_mix(g, candidates, 6, 6 * edge);
        }
        nodes[to] = nb_graph_add(g, terms, to);
    }
    return finished(g, nodes[3]);
}

/* Mixes of mixes, weights used twice, a mix that is used twice. */
static nb_graph *nested_mixes(int channels, int side)
{
    nb_graph *g = nb_graph_new();
    nb_node x = nb_graph_input(g, channels, side, side);
    nb_node y = conv_edge(g, x, channels, 1, 1, "a");
    nb_node inner = nb_graph_mix(g, (nb_node[]){x, y}, 2, 0);
    nb_node sum = nb_graph_add(g, (nb_node[]){inner, y, x}, 3);
    nb_node outer = nb_graph_mix(g, (nb_node[]){inner, sum, nb_graph_average_pool(g, sum, 3, 1, 1)}, 3, 1);
    return finished(g, nb_graph_add(g, (nb_node[]){outer, nb_graph_batch_norm(g, outer, "norm")}, 2));
}

/* More terms than a combine takes at once. */
static nb_graph *many_terms(int channels, int side)
{
    nb_graph *g = nb_graph_new();
    nb_node x = nb_graph_input(g, channels, side, side), terms[40];
    for (int i = 0; i < 40; i++) {
        char name[32];
        snprintf(name, sizeof name, "conv.%d", i);
        terms[i] = i % 3 ? nb_graph_average_pool(g, x, 3, 1, 1) : conv_edge(g, x, channels, 1, 1, name);
    }
    return finished(g, nb_graph_mix(g, terms, 40, 0));
}

static nb_graph *whole_network(int channels, int side)
{
    static const int operations[6] = {3, 2, 4, 1, 3, 2};
    return tiny_network(operations, channels, 2, side < 8 ? 8 : side, 10);
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
OPERATOR_TEST(whole_network)

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
