/* Networks of NAS-Bench-101: every tensor under its name, as many parameters as published. */
#include "support.h"

#include "nasbench/nasbench101.h"
#include "nn/params.h"
#include "space/graph_cost.h"
#include "train/network.h"

static const char inception[] = "{\"matrix\":[[0,1,1,1,0,1,0],[0,0,0,0,0,0,1],[0,0,0,0,0,0,1],[0,0,0,0,1,0,0],[0,0,0,0,0,0,1],"
                                "[0,0,0,0,0,0,1],[0,0,0,0,0,0,0]],\"ops\":[\"input\",\"conv1x1-bn-relu\",\"conv3x3-bn-relu\","
                                "\"conv3x3-bn-relu\",\"conv3x3-bn-relu\",\"maxpool3x3\",\"output\"]}";

static nb_cell101 cell_of_text(const char *text)
{
    nb_modelspec graph;
    nb_cell101 cell = {0};
    nb_error err;
    if (nb_modelspec_parse(text, strlen(text), &graph, NULL, &err) != NB_OK || nb_modelspec_cell(&graph, &cell, &err) != NB_OK)
        fail_msg("%s", err.message);
    return cell;
}

static nb_graph *graph_of(const nb_network *network)
{
    nb_graph *graph;
    nb_error err;
    if (nb_network_build(network, &graph, &err) != NB_OK)
        fail_msg("%s", err.message);
    return graph;
}

static nb_params *params_of(const nb_network *network)
{
    nb_graph *graph = graph_of(network);
    nb_params *params;
    assert_int_equal(nb_params_new(graph, &params, NULL), NB_OK);
    nb_graph_free(graph);
    return params;
}

static void tensors_have_the_names_of_the_port(void **state)
{
    (void)state;
    const nb_network network = {
        .graph = cell_of_text(inception), .input_channels = 3, .side = 8, .classes = 10, .channels = 10, .cells = 1};
    static const char *const expected[] = {
        "layers.0.conv_bn_relu.0.weight",
        "layers.0.conv_bn_relu.1.running_var",
        "layers.1.input_op.1.conv_bn_relu.0.weight",
        "layers.1.vertex_op.1.conv1x1.conv_bn_relu.0.weight",
        "layers.1.vertex_op.4.conv3x3.conv_bn_relu.1.bias",
        "layers.3.input_op.5.conv_bn_relu.0.weight",
        "layers.5.vertex_op.2.conv3x3.conv_bn_relu.0.weight",
        "classifier.bias",
    };
    nb_params *params = params_of(&network);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_non_null(nb_params_find(params, expected[i]));
    assert_null(nb_params_find(params, "layers.2.input_op.1.conv_bn_relu.0.weight")); /* the pooling has no tensors */
    const nb_tensor *narrow = nb_params_find(params, "layers.1.vertex_op.4.conv3x3.conv_bn_relu.0.weight");
    assert_int_equal(narrow->shape[0], 2); /* 10 channels for four vertices: 3, 3, 2, 2 */
    nb_params_free(params);
}

static void parameters_are_as_many_as_published(void **state)
{
    (void)state;
    const nb_network network = {
        .graph = cell_of_text(inception), .input_channels = 3, .side = 32, .classes = 10, .channels = 128, .cells = 3};
    nb_params *params = params_of(&network);
    assert_int_equal(params->parameter_count, 2694282);
    nb_params_free(params);
}

static void parameters_agree_with_the_space_for_random_cells_and_shapes(void **state)
{
    (void)state;
    nb_rng rng = nb_rng_seed(12, 0);
    for (int i = 0; i < 60; i++) {
        const nb_cell101 cell = nb_cell101_at((uint32_t)nb_rng_below(&rng, i % 2 ? NB_CELL101_CELLS : 2532));
        const nb_shape shape = {.input_channels = 1 + (uint32_t)nb_rng_below(&rng, 3),
                                .height = 8,
                                .width = 8,
                                .classes = 2 + (uint32_t)nb_rng_below(&rng, 50),
                                .channels = 5 + (uint32_t)nb_rng_below(&rng, 20),
                                .cells = 1 + (uint32_t)nb_rng_below(&rng, 3)};
        const nb_network network = {.graph = cell,
                                    .input_channels = shape.input_channels,
                                    .side = shape.height,
                                    .classes = shape.classes,
                                    .channels = shape.channels,
                                    .cells = shape.cells};
        nb_cost101 cost;
        nb_network101_cost(&cell, &shape, &cost);
        nb_params *params = params_of(&network);
        assert_int_equal(params->parameter_count, cost.params);
        nb_params_free(params);
    }
}

static void too_few_channels_are_refused(void **state)
{
    (void)state;
    nb_network network = {.graph = cell_of_text(inception), .input_channels = 3, .side = 8, .classes = 10, .channels = 3, .cells = 1};
    nb_graph *graph;
    nb_error err;
    assert_int_equal(nb_network_build(&network, &graph, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "3 channels: the cell's output shares them among 4 vertices");
    network.channels = 4;
    assert_int_equal(nb_network_build(&network, &graph, &err), NB_OK);
    nb_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tensors_have_the_names_of_the_port),
        cmocka_unit_test(parameters_are_as_many_as_published),
        cmocka_unit_test(parameters_agree_with_the_space_for_random_cells_and_shapes),
        cmocka_unit_test(too_few_channels_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
