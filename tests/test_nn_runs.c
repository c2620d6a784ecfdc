/* What holds for whole runs: the same bits for every number of threads, batches of any size, switched-off edges, numbers that go wrong. */
#include "nn_networks.h"

#include "heap.h"

static const int conv_cell[6] = {3, 2, 4, 1, 3, 2};

static nb_net_options training(int batch)
{
    return (nb_net_options){.batch = batch, .training = true, .gradients = true};
}

/* Trains a small network for some steps with plain gradient descent and returns its parameters. */
static nb_params *trained(int threads, int batch, int count, int steps)
{
    nb_graph *g = tiny_network(conv_cell, 5, 1, 12, 10);
    nb_rng rng = nb_rng_seed(3, 0);
    nb_params *params = random_params(g, &rng);
    nb_workers *workers;
    assert_int_equal(nb_workers_new(threads, &workers, NULL), NB_OK);
    nb_net_options options = training(batch);
    options.threads = workers;
    nb_net *net = compiled(g, params, options);
    float *images = random_floats(&rng, (size_t)count * 3 * 12 * 12);
    int32_t *labels = random_labels(&rng, count, 10);
    for (int i = 0; i < steps; i++) {
        assert_int_equal(nb_net_step(net, images, labels, count, NULL, NULL), NB_OK);
        for (size_t k = 0; k < params->size; k++)
            params->values[k] -= 0.1F * params->gradients[k];
    }
    nb_net_free(net);
    nb_workers_free(workers);
    nb_graph_free(g);
    free(images);
    free(labels);
    return params;
}

static void assert_same_bits(const nb_params *a, const nb_params *b)
{
    assert_memory_equal(a->values, b->values, a->size * sizeof *a->values);
    assert_memory_equal(a->gradients, b->gradients, a->size * sizeof *a->gradients);
    assert_memory_equal(a->buffers, b->buffers, a->buffer_size * sizeof *a->buffers);
    assert_memory_equal(a->counters, b->counters, a->counter_count * sizeof *a->counters);
}

static void weights_are_the_same_bits_for_every_number_of_threads(void **state)
{
    (void)state;
    static const int counts[] = {7, 64, 150, 256};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        nb_params *one = trained(1, counts[i], counts[i], 3);
        for (int threads = 2; threads <= 5; threads++) {
            nb_params *many = trained(threads, counts[i], counts[i], 3);
            assert_same_bits(one, many);
            nb_params_free(many);
        }
        nb_params_free(one);
    }
}

static void a_short_batch_is_the_same_as_a_network_compiled_for_it(void **state)
{
    (void)state;
    nb_params *exact = trained(1, 21, 21, 3), *roomy = trained(2, 256, 21, 3);
    assert_same_bits(exact, roomy);
    nb_params_free(exact);
    nb_params_free(roomy);
}

/* Lanes that carry no image hold what the last full batch left there in many places; nothing of it may be seen. */
static void a_short_batch_after_a_full_one_knows_nothing_of_it(void **state)
{
    (void)state;
    nb_net_options options = training(48);
    comparison c = compare(tiny_network(conv_cell, 4, 1, 8, 10), 48, options, 5);
    nb_params *before, *alone;
    assert_int_equal(nb_params_clone(c.params, &before, NULL), NB_OK);
    nb_net_result first, second;
    assert_int_equal(nb_net_step(c.net, c.images, c.labels, 19, &first, NULL), NB_OK);
    assert_int_equal(nb_params_clone(c.params, &alone, NULL), NB_OK);
    nb_params_copy(c.params, before);
    assert_int_equal(nb_net_step(c.net, c.images, c.labels, 48, NULL, NULL), NB_OK);
    nb_params_copy(c.params, before);
    assert_int_equal(nb_net_step(c.net, c.images, c.labels, 19, &second, NULL), NB_OK);
    assert_same_bits(c.params, alone);
    assert_memory_equal(&first.loss, &second.loss, sizeof first.loss);
    nb_params_free(before);
    nb_params_free(alone);
    comparison_free(&c);
}

static void evaluation_gives_the_same_for_an_image_in_any_company(void **state)
{
    (void)state;
    nb_net_options options = {.batch = 40};
    comparison c = compare(tiny_network(conv_cell, 4, 1, 8, 10), 40, options, 6);
    nb_node logits = c.g->ops[c.g->loss].inputs[0];
    float all[40 * 10], one[10];
    assert_int_equal(nb_net_forward(c.net, c.images, NULL, 40, NULL, NULL), NB_OK);
    assert_int_equal(nb_net_read(c.net, logits, all, NULL), NB_OK);
    for (size_t i = 0; i < 40; i += 13) {
        assert_int_equal(nb_net_forward(c.net, c.images + i * 3 * 64, NULL, 1, NULL, NULL), NB_OK);
        assert_int_equal(nb_net_read(c.net, logits, one, NULL), NB_OK);
        assert_memory_equal(one, all + i * 10, sizeof one);
    }
    comparison_free(&c);
}

/* ---------------------------------------------------------------- batch norm */

/* One channel of large mean and tiny deviation: the variance of a naive sum of squares would be lost entirely. */
static void the_variance_does_not_cancel_when_the_mean_is_large(void **state)
{
    (void)state;
    static const char *const tables[] = {"plain", "avx2", "avx512"};
    for (size_t t = 0; t < 3; t++) {
        if (!nb_kernels_named(tables[t]))
            continue;
        nb_graph *g = nb_graph_new();
        nb_node x = nb_graph_input(g, 1, 16, 16);
        nb_node y = nb_graph_batch_norm(g, nb_graph_conv(g, x, 2, 1, 1, 0, "conv"), "norm");
        nb_graph_keep(g, y);
        nb_graph_cross_entropy(g, nb_graph_global_average_pool(g, y), 0);
        nb_net_options options = training(50);
        options.kernels = nb_kernels_named(tables[t]);
        comparison c = compare(g, 50, options, 7);
        for (size_t i = 0; i < 50 * 256; i++)
            c.images_double[i] = (double)(c.images[i] = 1000 + 0.01F * c.images[i]);
        c.params->values[c.params->tensors[0].offset] = 1; /* exact products: what is tested is batch norm and not the convolution */
        c.params->values[c.params->tensors[0].offset + 1] = -2;
        for (size_t i = 0; i < c.params->size; i++)
            c.ref->values[i] = (double)c.params->values[i];
        nb_reference_forward(c.ref, c.images_double, c.labels);
        nb_reference_backward(c.ref);
        assert_int_equal(nb_net_step(c.net, c.images, c.labels, 50, NULL, NULL), NB_OK);
        const nb_tensor *variance = nb_params_find(c.params, "norm.running_var");
        const nb_tensor *weight = nb_params_find(c.params, "norm.weight");
        assert_close("running_var", c.params->buffers + variance->offset, c.ref->buffers + variance->offset, 2, 1e-4, 0);
        float *values = malloc(50 * 512 * sizeof *values);
        assert_int_equal(nb_net_read(c.net, y, values, NULL), NB_OK);
        /* The scale and the shift are 1e5 there, so that is what float rounds: PyTorch is no closer. */
        assert_close("normalised", values, c.ref->outputs[y], 50 * 512, 1e5 * 0x1p-23, 2);
        free(values);
        assert_close("weight", c.params->gradients + weight->offset, c.ref->gradients + weight->offset, 2, 1e-3, 0);
        comparison_free(&c);
    }
}

static void running_statistics_follow_momentum_and_count_batches(void **state)
{
    (void)state;
    nb_net_options options = training(20);
    comparison c = compare(tiny_network(conv_cell, 3, 1, 8, 10), 20, options, 8);
    for (int i = 0; i < 4; i++) {
        nb_reference_forward(c.ref, c.images_double, c.labels);
        assert_int_equal(nb_net_forward(c.net, c.images, c.labels, 20, NULL, NULL), NB_OK);
    }
    nb_reference_backward(c.ref);
    nb_net_backward(c.net, false);
    assert_parameters_match(&c, 2e-4);
    assert_int_equal(c.params->counters[0], 4);
    comparison_free(&c);
}

/* ---------------------------------------------------------------- edges */

static void switched_off_edges_are_absent(void **state)
{
    (void)state;
    nb_net_options options = training(20);
    for (uint64_t seed = 0; seed < 12; seed++) {
        nb_graph *g = seed % 2 ? mixed_edges(4, 6) : nested_mixes(3, 6);
        comparison c = compare(g, 20, options, seed);
        nb_rng rng = nb_rng_seed(seed, 1);
        bool active[64];
        for (int i = 0; i < g->edge_weights; i++)
            active[i] = c.ref->edge_active[i] = nb_rng_below(&rng, 3) > 0;
        nb_net_set_active(c.net, active);
        double loss = nb_reference_forward(c.ref, c.images_double, c.labels);
        nb_reference_backward(c.ref);
        nb_net_result result;
        assert_int_equal(nb_net_step(c.net, c.images, c.labels, 20, &result, NULL), NB_OK);
        assert_true(fabs(result.loss - loss) < 2e-4 * loss);
        for (size_t i = 0; i < c.params->tensor_count; i++) {
            const nb_tensor *t = &c.params->tensors[i];
            if (t->kind == NB_TENSOR_PARAMETER)
                assert_close(t->name, c.params->gradients + t->offset, c.ref->gradients + t->offset, t->count, 5e-4, 1e-2);
        }
        for (int i = 0; i < g->edge_weights; i++)
            assert_true(fabs(nb_net_edge_gradients(c.net)[i] - c.ref->edge_gradients[i]) < 5e-4 * fmax(1, fabs(c.ref->edge_gradients[i])));
        nb_net_set_active(c.net, NULL);
        comparison_free(&c);
    }
}

/* One path of a supernet, and the same network built on its own. */
static void a_single_path_equals_the_network_without_the_others(void **state)
{
    (void)state;
    nb_graph *g = nb_graph_new();
    nb_node x = nb_graph_input(g, 4, 8, 8);
    nb_node mix = nb_graph_mix(g, (nb_node[]){conv_edge(g, x, 4, 3, 1, "a"), conv_edge(g, x, 4, 1, 1, "b"), x}, 3, 0);
    finished(g, mix);
    comparison super = compare(g, 18, training(18), 9);
    for (int i = 0; i < 3; i++)
        nb_net_edge_weights(super.net)[i] = 1;
    nb_net_set_active(super.net, (bool[]){false, true, false});
    nb_net_result got, wanted;
    assert_int_equal(nb_net_step(super.net, super.images, super.labels, 18, &got, NULL), NB_OK);

    nb_graph *alone = nb_graph_new();
    finished(alone, conv_edge(alone, nb_graph_input(alone, 4, 8, 8), 4, 1, 1, "b"));
    comparison single = compare(alone, 18, training(18), 9);
    for (size_t i = 0; i < single.params->tensor_count; i++) {
        const nb_tensor *to = &single.params->tensors[i], *from = nb_params_find(super.params, to->name);
        if (to->kind == NB_TENSOR_PARAMETER)
            memcpy(single.params->values + to->offset, super.params->values + from->offset, to->count * sizeof(float));
    }
    assert_int_equal(nb_net_step(single.net, super.images, super.labels, 18, &wanted, NULL), NB_OK);
    assert_true(fabs(got.loss - wanted.loss) < 1e-6);
    assert_true(nb_params_find(super.params, "b.op.1.weight")->seen);
    assert_false(nb_params_find(super.params, "a.op.1.weight")->seen);
    assert_int_equal(super.params->counters[nb_params_find(super.params, "a.op.2.num_batches_tracked")->offset], 0);
    comparison_free(&super);
    comparison_free(&single);
}

static void what_only_feeds_a_zero_gets_gradients_of_zero_and_counts_as_seen(void **state)
{
    (void)state;
    static const int dead[6] = {3, 3, 0, 1, 3, 0}; /* node 2 leads nowhere */
    comparison c = compare(tiny_network(dead, 4, 1, 8, 10), 16, training(16), 10);
    assert_int_equal(nb_net_step(c.net, c.images, c.labels, 16, NULL, NULL), NB_OK);
    const nb_tensor *weight = nb_params_find(c.params, "cells.0.layers.1.op.1.weight");
    assert_true(weight->seen);
    for (size_t i = 0; i < weight->count; i++)
        assert_true(c.params->gradients[weight->offset + i] == 0);
    comparison_free(&c);
}

static void gradients_accumulate_when_asked_to(void **state)
{
    (void)state;
    comparison c = compare(tiny_network(conv_cell, 4, 1, 8, 10), 16, training(16), 11);
    assert_int_equal(nb_net_step(c.net, c.images, c.labels, 16, NULL, NULL), NB_OK);
    float *once = malloc(c.params->size * sizeof *once);
    memcpy(once, c.params->gradients, c.params->size * sizeof *once);
    assert_int_equal(nb_net_forward(c.net, c.images, c.labels, 16, NULL, NULL), NB_OK);
    nb_net_backward(c.net, true);
    double *twice = to_doubles(once, c.params->size);
    for (size_t i = 0; i < c.params->size; i++)
        twice[i] *= 2;
    assert_close("gradients", c.params->gradients, twice, c.params->size, 1e-6, 0);
    free(twice);
    free(once);
    comparison_free(&c);
}

/* ---------------------------------------------------------------- what goes wrong */

static void a_loss_that_is_not_finite_is_an_error(void **state)
{
    (void)state;
    comparison c = compare(tiny_network(conv_cell, 4, 1, 8, 10), 20, training(20), 12);
    nb_error err;
    c.images[5] = NAN;
    assert_int_equal(nb_net_step(c.net, c.images, c.labels, 20, NULL, &err), NB_ERR_NUMERIC);
    assert_string_equal(err.message, "the loss is not a number");
    c.images[5] = 0;
    c.params->values[nb_params_find(c.params, "cells.0.layers.0.op.1.weight")->offset] = NAN;
    assert_int_equal(nb_net_step(c.net, c.images, c.labels, 20, NULL, &err), NB_ERR_NUMERIC);
    comparison_free(&c);
}

static void wrong_counts_and_labels_are_refused(void **state)
{
    (void)state;
    comparison c = compare(tiny_network(conv_cell, 4, 1, 8, 10), 4, training(4), 13);
    nb_error err;
    assert_int_equal(nb_net_step(c.net, c.images, c.labels, 5, NULL, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "5 images; the network is compiled for 1 to 4");
    c.labels[2] = 10;
    assert_int_equal(nb_net_step(c.net, c.images, c.labels, 4, NULL, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "image 2 of the batch: label 10, expected 0 to 9");
    comparison_free(&c);
}

static void graphs_report_their_first_mistake(void **state)
{
    (void)state;
    nb_graph *g = nb_graph_new();
    nb_error err;
    nb_node x = nb_graph_input(g, 3, 8, 8);
    nb_node y = nb_graph_add(g, (nb_node[]){x, nb_graph_conv(g, x, 4, 3, 1, 1, "conv")}, 2);
    assert_int_equal(y, NB_NO_NODE);
    assert_int_equal(nb_graph_relu(g, y), NB_NO_NODE);
    assert_int_equal(nb_graph_linear(g, y, 10, "linear"), NB_NO_NODE);
    assert_int_equal(nb_graph_status(g, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "operator 2 (add): term 1 is 3 x 8 x 8, term 2 is 4 x 8 x 8");
    nb_params *params;
    assert_int_equal(nb_params_new(g, &params, &err), NB_ERR_ARGUMENT);
    nb_graph_free(g);

    g = nb_graph_new();
    x = nb_graph_input(g, 3, 8, 8);
    nb_graph_conv(g, x, 4, 3, 1, 1, "conv");
    assert_int_equal(nb_graph_conv(g, x, 4, 3, 1, 1, "conv"), NB_NO_NODE);
    assert_int_equal(nb_graph_status(g, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "network: the name \"conv.weight\" is used twice");
    nb_graph_free(g);
}

/* ---------------------------------------------------------------- what it costs */

/* Builds, compiles and runs a network; NB_ERR_MEMORY when an allocation failed on the way. */
static nb_status whole_life(void)
{
    static const float images[3 * 64];
    static const int32_t labels[1];
    nb_graph *g = tiny_network(conv_cell, 2, 1, 8, 3);
    nb_params *params = NULL;
    nb_net *net = NULL;
    nb_net_options options = training(1);
    nb_status status = nb_params_new(g, &params, NULL);
    if (status == NB_OK)
        status = nb_net_compile(g, params, &options, &net, NULL);
    if (status == NB_OK)
        status = nb_net_step(net, images, labels, 1, NULL, NULL);
    nb_net_free(net);
    nb_params_free(params);
    nb_graph_free(g);
    return status;
}

static void any_allocation_may_fail_and_nothing_leaks(void **state)
{
    (void)state;
    if (!heap_is_watched())
        skip();
    long before = heap_blocks();
    long failures = 0;
    for (bool failed = true; failed; failures++) {
        heap_fail_after(failures);
        nb_status status = whole_life();
        failed = heap_has_failed();
        heap_fail_after(-1);
        assert_int_equal(status, failed ? NB_ERR_MEMORY : NB_OK);
        assert_int_equal(heap_blocks(), before);
    }
    assert_true(failures > 50);
}

static void a_step_allocates_nothing(void **state)
{
    (void)state;
    if (!heap_is_watched())
        skip();
    comparison c = compare(tiny_network(conv_cell, 4, 1, 8, 10), 20, training(20), 14);
    heap_fail_after(0);
    nb_status status = nb_net_step(c.net, c.images, c.labels, 20, NULL, NULL);
    bool failed = heap_has_failed();
    heap_fail_after(-1);
    assert_int_equal(status, NB_OK);
    assert_false(failed);
    comparison_free(&c);
}

static void counts_of_parameters_and_products_equal_the_published_ones(void **state)
{
    (void)state;
    static const int cell_11[6] = {3, 3, 4, 0, 3, 4}, cell_0[6] = {4, 2, 1, 2, 1, 1};
    static const struct {
        const int *cell;
        int side, classes;
        double macs;
        size_t params;
    } known[] = {{cell_0, 32, 10, 15.64737e6, 129306}, {cell_11, 32, 10, 113.95137e6, 802426}, {cell_11, 16, 120, 28.49548e6, 809576}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        nb_graph *g = tiny_network(known[i].cell, 16, 5, known[i].side, known[i].classes);
        nb_params *params;
        assert_int_equal(nb_params_new(g, &params, NULL), NB_OK);
        assert_int_equal(params->parameter_count, known[i].params);
        assert_true(fabs((double)nb_graph_macs(g) - known[i].macs) < 5);
        nb_params_free(params);
        nb_graph_free(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_are_the_same_bits_for_every_number_of_threads),
        cmocka_unit_test(a_short_batch_is_the_same_as_a_network_compiled_for_it),
        cmocka_unit_test(a_short_batch_after_a_full_one_knows_nothing_of_it),
        cmocka_unit_test(evaluation_gives_the_same_for_an_image_in_any_company),
        cmocka_unit_test(the_variance_does_not_cancel_when_the_mean_is_large),
        cmocka_unit_test(running_statistics_follow_momentum_and_count_batches),
        cmocka_unit_test(switched_off_edges_are_absent),
        cmocka_unit_test(a_single_path_equals_the_network_without_the_others),
        cmocka_unit_test(what_only_feeds_a_zero_gets_gradients_of_zero_and_counts_as_seen),
        cmocka_unit_test(gradients_accumulate_when_asked_to),
        cmocka_unit_test(a_loss_that_is_not_finite_is_an_error),
        cmocka_unit_test(wrong_counts_and_labels_are_refused),
        cmocka_unit_test(graphs_report_their_first_mistake),
        cmocka_unit_test(any_allocation_may_fail_and_nothing_leaks),
        cmocka_unit_test(a_step_allocates_nothing),
        cmocka_unit_test(counts_of_parameters_and_products_equal_the_published_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
