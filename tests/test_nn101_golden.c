/* Training steps of NAS-Bench-101's networks against numbers made by PyTorch (tests/golden/make_nn101_golden.py). */
#include "nn_golden.h"

#include "nasbench/nasbench101.h"
#include "train/network101.h"

static int open_golden(void **state)
{
    return open_golden_file(NB_SOURCE_DIR "/tests/golden/nn101_golden.safetensors", state);
}

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

/* Logits with the running statistics that the two steps left behind. */
static void check_evaluation(const golden *g, const char *name, const comparison *c)
{
    char key[96];
    size_t count;
    nb_node logits = c->g->ops[c->g->loss].inputs[0];
    nb_net *net = compiled(c->g, c->params, (nb_net_options){.batch = c->count});
    assert_int_equal(nb_net_forward(net, c->images, NULL, c->count, NULL, NULL), NB_OK);
    snprintf(key, sizeof key, "%s/evaluated", name);
    double *expected = wanted(g, key, &count);
    float *got = malloc(count * sizeof *got);
    assert_int_equal(nb_net_read(net, logits, got, NULL), NB_OK);
    assert_close(key, got, expected, count, 1e-4, 0);
    free(expected);
    free(got);
    nb_net_free(net);
}

static void check_network(const golden *g, const char *cell, int cells, int channels, int side, golden_network subject)
{
    const nb_network101 shape = {cell_of_text(cell), (uint32_t)channels, (uint32_t)cells, (uint32_t)subject.classes};
    nb_graph *graph = nb_graph_new();
    nb_graph_cross_entropy(graph, nb_network101_layers(graph, nb_graph_input(graph, 3, side, side), &shape), 0);
    const nb_net_options options = {.batch = subject.images, .training = true, .gradients = true};
    const nb_optimiser_options recipe = nb_rmsprop_tf(0.9, 0.9, 1.0, 1e-4);
    comparison c = compare(graph, subject.images, options, 1);
    check_steps(g, &subject, &c, &recipe, (const double[]){0.2, 0.1});
    check_evaluation(g, subject.name, &c);
    comparison_free(&c);
}

static void the_cell_of_one_projection_steps_as_in_pytorch(void **state)
{
    check_network(*state, "{\"matrix\":[[0,1],[0,0]],\"ops\":[\"input\",\"output\"]}", 1, 6, 8, (golden_network){"direct", 17, 10, 1});
}

static void a_cell_with_projections_and_concatenation_steps_as_in_pytorch(void **state)
{
    check_network(*state, inception, 1, 10, 16, (golden_network){"inception", 20, 10, 52});
}

static void a_cell_with_truncated_channels_steps_as_in_pytorch(void **state)
{
    check_network(*state,
                  "{\"matrix\":[[0,1,0,0,1],[0,0,1,1,0],[0,0,0,0,1],[0,0,0,0,1],[0,0,0,0,0]],\"ops\":[\"input\",\"conv3x3-bn-relu\","
                  "\"maxpool3x3\",\"conv1x1-bn-relu\",\"output\"]}",
                  2, 9, 8, (golden_network){"truncated", 33, 7, 57});
}

static void a_cell_of_nine_edges_steps_as_in_pytorch(void **state)
{
    check_network(*state,
                  "{\"matrix\":[[0,1,1,1,1],[0,0,1,1,0],[0,0,0,1,1],[0,0,0,0,1],[0,0,0,0,0]],\"ops\":[\"input\",\"conv3x3-bn-relu\","
                  "\"conv1x1-bn-relu\",\"conv3x3-bn-relu\",\"output\"]}",
                  1, 16, 12, (golden_network){"dense", 16, 10, 4});
}

static void a_cell_of_poolings_steps_as_in_pytorch(void **state)
{
    check_network(*state,
                  "{\"matrix\":[[0,1,1,0],[0,0,1,1],[0,0,0,1],[0,0,0,0]],\"ops\":[\"input\",\"maxpool3x3\",\"maxpool3x3\",\"output\"]}", 1,
                  5, 8, (golden_network){"pools", 18, 3, 5});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cell_of_one_projection_steps_as_in_pytorch),
        cmocka_unit_test(a_cell_with_projections_and_concatenation_steps_as_in_pytorch),
        cmocka_unit_test(a_cell_with_truncated_channels_steps_as_in_pytorch),
        cmocka_unit_test(a_cell_of_nine_edges_steps_as_in_pytorch),
        cmocka_unit_test(a_cell_of_poolings_steps_as_in_pytorch),
    };
    return cmocka_run_group_tests(tests, open_golden, close_golden);
}
