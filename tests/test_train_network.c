/* Networks: every tensor under PyTorch's name in PyTorch's order, FLOPs and parameters equal to the benchmark's. */
#include "support.h"

#include <math.h>

#include "nasbench/space.h"
#include "nn/params.h"
#include "train/network.h"

static nb_network cifar_network(const char *cell)
{
    nb_network network = {.input_channels = 3, .side = 32, .classes = 10, .channels = 16, .cells = 5};
    nb_error err = {0};
    if (nb_train_cell_find(cell, &network.cell, &err) != NB_OK)
        fail_msg("%s", err.message);
    return network;
}

static nb_params *params_of(const nb_network *network, double *flops)
{
    nb_graph *graph;
    nb_params *params = NULL;
    nb_error err = {0};
    if (nb_network_build(network, &graph, &err) != NB_OK || nb_params_new(graph, &params, &err) != NB_OK)
        fail_msg("%s", err.message);
    if (flops)
        *flops = (double)nb_graph_macs(graph) / 1e6;
    nb_graph_free(graph);
    return params;
}

static void tensors_have_pytorchs_names_and_order(void **state)
{
    (void)state;
    nb_network network = cifar_network("|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_3x3~0|skip_connect~1|none~2|");
    network.cells = 1;
    nb_params *params = params_of(&network, NULL);
    static const char *const expected[] = {"stem.0.weight",
                                           "stem.1.weight",
                                           "stem.1.bias",
                                           "stem.1.running_mean",
                                           "stem.1.running_var",
                                           "stem.1.num_batches_tracked",
                                           "cells.0.layers.1.op.1.weight",
                                           "cells.0.layers.1.op.2.weight",
                                           "cells.0.layers.1.op.2.bias",
                                           "cells.0.layers.1.op.2.running_mean",
                                           "cells.0.layers.1.op.2.running_var",
                                           "cells.0.layers.1.op.2.num_batches_tracked",
                                           "cells.0.layers.3.op.1.weight",
                                           "cells.0.layers.3.op.2.weight",
                                           "cells.0.layers.3.op.2.bias",
                                           "cells.0.layers.3.op.2.running_mean",
                                           "cells.0.layers.3.op.2.running_var",
                                           "cells.0.layers.3.op.2.num_batches_tracked",
                                           "cells.1.conv_a.op.1.weight",
                                           "cells.1.conv_a.op.2.weight",
                                           "cells.1.conv_a.op.2.bias",
                                           "cells.1.conv_a.op.2.running_mean",
                                           "cells.1.conv_a.op.2.running_var",
                                           "cells.1.conv_a.op.2.num_batches_tracked",
                                           "cells.1.conv_b.op.1.weight",
                                           "cells.1.conv_b.op.2.weight",
                                           "cells.1.conv_b.op.2.bias",
                                           "cells.1.conv_b.op.2.running_mean",
                                           "cells.1.conv_b.op.2.running_var",
                                           "cells.1.conv_b.op.2.num_batches_tracked",
                                           "cells.1.downsample.1.weight",
                                           "cells.2.layers.1.op.1.weight"};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_string_equal(params->tensors[i].name, expected[i]);
    static const char *const last[] = {
        "lastact.0.weight",  "lastact.0.bias", "lastact.0.running_mean", "lastact.0.running_var", "lastact.0.num_batches_tracked",
        "classifier.weight", "classifier.bias"};
    for (size_t i = 0; i < 7; i++)
        assert_string_equal(params->tensors[params->tensor_count - 7 + i].name, last[i]);
    const nb_tensor *conv = nb_params_find(params, "cells.0.layers.3.op.1.weight");
    assert_int_equal(conv->shape[0], 16);
    assert_int_equal(conv->shape[2], 3);
    nb_params_free(params);
}

static void costs_are_those_of_the_benchmark(void **state)
{
    (void)state;
    static const struct {
        const char *cell;
        double flops, params;
    } known[] = {
        {"|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|", 15.64737, 0.129306},
        {"|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|none~0|nor_conv_3x3~1|avg_pool_3x3~2|", 113.95137, 0.802426},
        {"all_c3x3", 220.11969, 1.531546},
        {"all_idnt", 7.78305, 0.073306},
        {"resnet", 78.56193, 0.559386},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        nb_network network = cifar_network(known[i].cell);
        double flops;
        nb_params *params = params_of(&network, &flops);
        assert_true(flops == known[i].flops);
        assert_true((double)params->parameter_count / 1e6 == known[i].params);
        nb_params_free(params);
    }
}

static void costs_agree_with_the_space_for_random_shapes(void **state)
{
    (void)state;
    const nb_space *spaces[] = {nb_space_find("nasbench201", NULL), nb_space_find("nats-size", NULL)};
    nb_rng rng = nb_rng_seed(3, 0);
    for (int i = 0; i < 40; i++) {
        const nb_space *space = spaces[i % 2];
        nb_arch arch = nb_space_sample(space, &rng);
        nb_network network = {.input_channels = 1 + (uint32_t)nb_rng_below(&rng, 3),
                              .side = 4 * (1 + (uint32_t)nb_rng_below(&rng, 8)),
                              .classes = 2 + (uint32_t)nb_rng_below(&rng, 100),
                              .channels = 1 + (uint32_t)nb_rng_below(&rng, 20),
                              .cells = 1 + (uint32_t)nb_rng_below(&rng, 3)};
        char text[NB_ARCH_TEXT_SIZE];
        nb_space_format(space, &arch, text, sizeof text);
        assert_int_equal(nb_train_cell_find(i % 2 ? nb_size_space_cell : text, &network.cell, NULL), NB_OK);
        for (int k = 0; k < NB_SIZE_LAYERS && i % 2; k++)
            network.widths[k] = arch.code[k];
        nb_costs costs;
        const nb_shape shape = {.input_channels = network.input_channels,
                                .height = network.side,
                                .width = network.side,
                                .classes = network.classes,
                                .channels = network.channels,
                                .cells = network.cells};
        assert_int_equal(nb_space_costs(space, &arch, &shape, &costs, NULL), NB_OK);
        double flops;
        nb_params *params = params_of(&network, &flops);
        assert_true(flops == costs.flops);
        assert_true((double)params->parameter_count / 1e6 == costs.params);
        nb_params_free(params);
    }
}

static void the_size_space_widens_inside_a_cell(void **state)
{
    (void)state;
    nb_network network = {.input_channels = 3, .side = 32, .classes = 10, .widths = {8, 8, 40, 32, 40}};
    assert_int_equal(nb_train_cell_find(nb_size_space_cell, &network.cell, NULL), NB_OK);
    double flops;
    nb_params *params = params_of(&network, &flops);
    assert_true(fabs(flops - 21.827994) < 1e-12); /* index 284 of the benchmark */
    assert_true(fabs((double)params->parameter_count / 1e6 - 0.144834) < 1e-12);
    assert_null(nb_params_find(params, "cells.0.layers.3.conv.weight"));
    assert_non_null(nb_params_find(params, "cells.2.layers.3.conv.weight"));
    assert_non_null(nb_params_find(params, "cells.2.layers.3.bn.running_var"));
    const nb_tensor *edge = nb_params_find(params, "cells.2.layers.4.op.1.weight"); /* from node 1, which is wide already */
    assert_int_equal(edge->shape[1], 40);
    nb_params_free(params);
}

static void other_operations_of_the_reference_can_be_used(void **state)
{
    (void)state;
    nb_network network =
        cifar_network("|max_pool_3x3~0|dil_sepc_5x5~0|+|nor_conv_7x7~0|dua_sepc_3x3~1|+|skip_connect~0|dil_sepc_3x3~1|dua_sepc_5x5~2|");
    char text[NB_GENOTYPE_TEXT_SIZE];
    nb_train_cell_format(&network.cell, text, sizeof text);
    assert_string_equal(text,
                        "|max_pool_3x3~0|dil_sepc_5x5~0|+|nor_conv_7x7~0|dua_sepc_3x3~1|+|skip_connect~0|dil_sepc_3x3~1|dua_sepc_5x5~2|");
    network.cells = 1;
    nb_params *params = params_of(&network, NULL);
    const nb_tensor *depthwise = nb_params_find(params, "cells.0.layers.1.op.1.weight");
    assert_int_equal(depthwise->shape[0], 16);
    assert_int_equal(depthwise->shape[1], 1);
    assert_int_equal(depthwise->shape[2], 5);
    assert_non_null(nb_params_find(params, "cells.0.layers.1.op.3.running_mean"));
    assert_non_null(nb_params_find(params, "cells.0.layers.3.op_b.op.2.weight"));
    assert_int_equal(nb_params_find(params, "cells.0.layers.2.op.1.weight")->shape[3], 7);
    nb_params_free(params);
    network.widths[0] = network.widths[1] = network.widths[3] = network.widths[4] = 8;
    network.widths[2] = 20; /* a none or pool edge from a narrow node */
    network.cell = cifar_network("|max_pool_3x3~0|+|none~0|avg_pool_3x3~1|").cell;
    params = params_of(&network, NULL);
    assert_non_null(nb_params_find(params, "cells.2.layers.0.preprocess.op.1.weight"));
    assert_null(nb_params_find(params, "cells.2.layers.2.preprocess.op.1.weight"));
    nb_params_free(params);
}

static void impossible_networks_and_cells_are_refused(void **state)
{
    (void)state;
    nb_graph *graph;
    nb_genotype cell;
    nb_error err;
    nb_network network = cifar_network("all_c3x3");
    network.side = 14;
    assert_int_equal(nb_network_build(&network, &graph, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "network: images of 14x14 pixels, expected a multiple of 4 up to 1024");
    network.side = 32;
    network.cells = 0;
    assert_int_equal(nb_network_build(&network, &graph, &err), NB_ERR_ARGUMENT);
    assert_int_equal(nb_train_cell_find("|nor_conv_3x3~0|+|nor_conv_9x9~0|", &cell, &err), NB_ERR_FORMAT);
    assert_string_equal(err.message, "cell, position 18: 'nor_conv_9x9', expected an operation like nor_conv_3x3 and '~'");
    assert_int_equal(nb_train_cell_find("|nor_conv_3x3~1|", &cell, &err), NB_ERR_FORMAT);
    assert_string_equal(err.message, "cell, position 14: expected the number of an earlier node than 1");
    assert_int_equal(nb_train_cell_find("|none~0", &cell, &err), NB_ERR_FORMAT);
    assert_int_equal(nb_train_cell_find("|none~0|+", &cell, &err), NB_ERR_FORMAT);
    assert_int_not_equal(nb_train_cell_find("all_c9x9", &cell, &err), NB_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tensors_have_pytorchs_names_and_order),         cmocka_unit_test(costs_are_those_of_the_benchmark),
        cmocka_unit_test(costs_agree_with_the_space_for_random_shapes),  cmocka_unit_test(the_size_space_widens_inside_a_cell),
        cmocka_unit_test(other_operations_of_the_reference_can_be_used), cmocka_unit_test(impossible_networks_and_cells_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
