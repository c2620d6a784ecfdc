/* What the tests of the engine share: networks to test with, and the comparison of a compiled network with the reference executor. */
#ifndef NB_TESTS_NN_NETWORKS_H
#define NB_TESTS_NN_NETWORKS_H

#include "support.h"

#include <math.h>

#include "nasbench/random.h"
#include "nn/graph.h"
#include "nn/net.h"
#include "nn/ops.h"
#include "nn/params.h"
#include "nn/reference.h"

/* ---------------------------------------------------------------- building blocks */

/* relu, convolution, batch norm: an edge of a cell. */
static inline nb_node conv_edge(nb_graph *g, nb_node x, int channels, int kernel, int stride, const char *name)
{
    char part[96];
    snprintf(part, sizeof part, "%s.op.1", name);
    nb_node y = nb_graph_conv(g, nb_graph_relu(g, x), channels, kernel, stride, kernel / 2, part);
    snprintf(part, sizeof part, "%s.op.2", name);
    return nb_graph_batch_norm(g, y, part);
}

/* NAS-Bench-201's operations in their official order. */
static inline nb_node cell_edge(nb_graph *g, nb_node x, int operation, const char *name)
{
    int channels = nb_graph_shape(g, x).channels;
    switch (operation) {
    case 0:
        return nb_graph_zero(g, x, 1);
    case 1:
        return x;
    case 2:
        return conv_edge(g, x, channels, 1, 1, name);
    case 3:
        return conv_edge(g, x, channels, 3, 1, name);
    default:
        return nb_graph_average_pool(g, x, 3, 1, 1);
    }
}

static inline nb_node cell(nb_graph *g, nb_node x, const int operations[6], int block)
{
    nb_node nodes[4] = {x};
    for (int to = 1, edge = 0; to < 4; to++) {
        nb_node terms[3];
        for (int from = 0; from < to; from++, edge++) {
            char name[64];
            snprintf(name, sizeof name, "cells.%d.layers.%d", block, edge);
            terms[from] = cell_edge(g, nodes[from], operations[edge], name);
        }
        nodes[to] = nb_graph_add(g, terms, to);
    }
    return nodes[3];
}

static inline nb_node residual(nb_graph *g, nb_node x, int block)
{
    char name[64];
    int channels = 2 * nb_graph_shape(g, x).channels;
    snprintf(name, sizeof name, "cells.%d.conv_a", block);
    nb_node a = conv_edge(g, x, channels, 3, 2, name);
    snprintf(name, sizeof name, "cells.%d.conv_b", block);
    nb_node b = conv_edge(g, a, channels, 3, 1, name);
    snprintf(name, sizeof name, "cells.%d.downsample.1", block);
    nb_node shortcut = nb_graph_conv(g, nb_graph_average_pool(g, x, 2, 2, 0), channels, 1, 1, 0, name);
    return nb_graph_add(g, (nb_node[]){shortcut, b}, 2);
}

/* The "infer.tiny" network of NAS-Bench-201. */
static inline nb_graph *tiny_network(const int operations[6], int channels, int cells, int side, int classes)
{
    nb_graph *g = nb_graph_new();
    nb_node x = nb_graph_input(g, 3, side, side);
    x = nb_graph_batch_norm(g, nb_graph_conv(g, x, channels, 3, 1, 1, "stem.0"), "stem.1");
    for (int stage = 0, block = 0; stage < 3; stage++) {
        if (stage > 0)
            x = residual(g, x, block++);
        for (int i = 0; i < cells; i++)
            x = cell(g, x, operations, block++);
    }
    x = nb_graph_relu(g, nb_graph_batch_norm(g, x, "lastact.0"));
    x = nb_graph_linear(g, nb_graph_global_average_pool(g, x), classes, "classifier");
    nb_graph_cross_entropy(g, x, 0);
    return g;
}

/* ---------------------------------------------------------------- one network per operator */

/* Puts the end of a network behind `x`: pixels weighed differently, so that no gradient is the same everywhere. */
static inline nb_graph *finished(nb_graph *g, nb_node x)
{
    nb_graph_keep(g, x);
    nb_dims shape = nb_graph_shape(g, x);
    const nb_conv_options whole = {.out_channels = 3, .kernel = shape.rows, .bias = true};
    x = shape.rows == shape.cols ? nb_graph_conv_with(g, x, &whole, "end")
                                 : nb_graph_linear(g, nb_graph_global_average_pool(g, x), 3, "end");
    nb_graph_cross_entropy(g, x, 0);
    return g;
}

static inline nb_graph *conv_3x3(int channels, int side)
{
    nb_graph *g = nb_graph_new();
    nb_node x = nb_graph_input(g, channels, side, side);
    return finished(g, nb_graph_conv(g, x, channels + 1, 3, 1, 1, "conv"));
}

static inline nb_graph *conv_3x3_stride_2(int channels, int side)
{
    nb_graph *g = nb_graph_new();
    nb_node x = nb_graph_input(g, channels, side, side);
    return finished(g, nb_graph_conv(g, x, 2 * channels, 3, 2, 1, "conv"));
}

static inline nb_graph *conv_1x1(int channels, int side)
{
    nb_graph *g = nb_graph_new();
    nb_node x = nb_graph_input(g, channels, side, side);
    return finished(g, nb_graph_conv(g, x, channels + 2, 1, 1, 0, "conv"));
}

static inline nb_graph *conv_general(int channels, int side)
{
    nb_graph *g = nb_graph_new();
    nb_node x = nb_graph_input(g, 2 * channels, side, side);
    const nb_conv_options options = {
        .out_channels = 4 * channels, .kernel = 2, .stride = 1, .pad = 1, .pad_end = 2, .dilation = 2, .groups = 2, .bias = true};
    return finished(g, nb_graph_conv_with(g, x, &options, "conv"));
}

static inline nb_graph *factorized_reduce(int channels, int side)
{
    nb_graph *g = nb_graph_new();
    nb_node x = nb_graph_relu(g, nb_graph_input(g, channels, side, side));
    const nb_conv_options shifted = {.out_channels = channels, .kernel = 1, .stride = 2, .pad = -1, .pad_end = 1};
    nb_node halves[2] = {nb_graph_conv(g, x, channels, 1, 2, 0, "even"), nb_graph_conv_with(g, x, &shifted, "odd")};
    return finished(g, nb_graph_batch_norm(g, nb_graph_concat(g, halves, 2), "norm"));
}

static inline nb_graph *batch_norm(int channels, int side)
{
    nb_graph *g = nb_graph_new();
    nb_node x = nb_graph_input(g, channels, side, side);
    return finished(g, nb_graph_batch_norm(g, x, "norm"));
}

static inline nb_graph *batch_norm_plain(int channels, int side)
{
    nb_graph *g = nb_graph_new();
    nb_node x = nb_graph_input(g, channels, side, side);
    const nb_batch_norm_options bare = {.eps = 1e-3, .momentum = 0.003}, tracking = {.eps = 1e-3, .momentum = 0.003, .track = true};
    x = nb_graph_batch_norm_with(g, nb_graph_conv(g, x, channels, 3, 1, 1, "conv"), &bare, "bare");
    return finished(g, nb_graph_batch_norm_with(g, nb_graph_relu(g, x), &tracking, "tracking"));
}

static inline nb_graph *biased_conv_before_batch_norm(int channels, int side)
{
    nb_graph *g = nb_graph_new();
    nb_node x = nb_graph_input(g, channels, side, side);
    const nb_conv_options biased = {.out_channels = channels, .kernel = 3, .pad = 1, .pad_end = 1, .bias = true};
    return finished(g, nb_graph_batch_norm(g, nb_graph_conv_with(g, x, &biased, "conv"), "norm"));
}

static inline nb_graph *pools(int channels, int side)
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

static inline nb_graph *concat_and_slice(int channels, int side)
{
    nb_graph *g = nb_graph_new();
    nb_node x = nb_graph_input(g, channels, side, side);
    nb_node a = conv_edge(g, x, 4, 3, 1, "a"), b = nb_graph_relu(g, conv_edge(g, x, 3, 1, 1, "b"));
    nb_node both = nb_graph_concat(g, (nb_node[]){a, b, x, a}, 4);
    nb_node parts[3] = {nb_graph_slice(g, both, 0, 5), nb_graph_slice(g, both, 2, 5), nb_graph_slice(g, nb_graph_relu(g, both), 3, 5)};
    x = nb_graph_add(g, parts, 3);
    return finished(g, nb_graph_max_pool(g, nb_graph_concat(g, (nb_node[]){nb_graph_slice(g, x, 1, 2), x}, 2), 3, 1, 1));
}

static inline nb_graph *mixed_edges(int channels, int side)
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
static inline nb_graph *nested_mixes(int channels, int side)
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
static inline nb_graph *many_terms(int channels, int side)
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

static inline nb_graph *whole_network(int channels, int side)
{
    static const int operations[6] = {3, 2, 4, 1, 3, 2};
    return tiny_network(operations, channels, 2, side < 8 ? 8 : side, 10);
}

typedef nb_graph *(*network)(int channels, int side);

/* All of the above. */
static const struct {
    const char *name;
    network build;
} networks[] = {
    {"conv_3x3", conv_3x3},
    {"conv_3x3_stride_2", conv_3x3_stride_2},
    {"conv_1x1", conv_1x1},
    {"conv_general", conv_general},
    {"factorized_reduce", factorized_reduce},
    {"batch_norm", batch_norm},
    {"batch_norm_plain", batch_norm_plain},
    {"biased_conv_before_batch_norm", biased_conv_before_batch_norm},
    {"pools", pools},
    {"concat_and_slice", concat_and_slice},
    {"mixed_edges", mixed_edges},
    {"nested_mixes", nested_mixes},
    {"many_terms", many_terms},
    {"whole_network", whole_network},
};
enum { NETWORKS = sizeof networks / sizeof *networks };

/* ---------------------------------------------------------------- data */

static inline float *random_floats(nb_rng *rng, size_t count)
{
    float *values = malloc((count + 1) * sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)nb_rng_normal(rng);
    return values;
}

static inline int32_t *random_labels(nb_rng *rng, int count, int classes)
{
    int32_t *labels = malloc((size_t)(count + 1) * sizeof *labels);
    for (int i = 0; i < count; i++)
        labels[i] = (int32_t)nb_rng_below(rng, (uint64_t)classes);
    return labels;
}

static inline double *to_doubles(const float *values, size_t count)
{
    double *copy = malloc((count + 1) * sizeof *copy);
    for (size_t i = 0; i < count; i++)
        copy[i] = (double)values[i];
    return copy;
}

static inline size_t numbers_of(nb_dims shape)
{
    return (size_t)shape.channels * (size_t)shape.rows * (size_t)shape.cols;
}

/* Starting values as training has them, but with batch norm's weights, biases and running statistics away from 1 and 0, where mistakes
 * would hide. */
static inline nb_params *random_params(const nb_graph *g, nb_rng *rng)
{
    nb_params *params;
    nb_error err;
    if (nb_params_new(g, &params, &err) != NB_OK)
        fail_msg("%s", err.message);
    nb_params_init(params, rng);
    for (size_t i = 0; i < params->tensor_count; i++) {
        const nb_tensor *t = &params->tensors[i];
        for (size_t k = 0; k < t->count && t->dims == 1; k++) {
            if (t->kind == NB_TENSOR_PARAMETER)
                params->values[t->offset + k] += (float)(0.3 * nb_rng_normal(rng));
            else if (t->kind == NB_TENSOR_BUFFER)
                params->buffers[t->offset + k] += (float)(0.5 * nb_rng_uniform(rng));
        }
    }
    return params;
}

/* ---------------------------------------------------------------- comparison */

/* Fails unless |got - wanted| <= tolerance * the largest |wanted| of the tensor (or of `scale`, if larger) throughout. */
static inline void assert_close(const char *what, const float *got, const double *wanted, size_t count, double tolerance, double scale)
{
    double largest = scale;
    for (size_t i = 0; i < count; i++)
        largest = fabs(wanted[i]) > largest ? fabs(wanted[i]) : largest;
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)got[i] - wanted[i]) <= tolerance * largest))
            fail_msg("%s[%zu]: %.9g, reference %.9g (largest %.3g)", what, i, (double)got[i], wanted[i], largest);
}

typedef struct comparison {
    nb_graph *g;
    nb_params *params;
    nb_net *net;
    nb_reference *ref;
    float *images;
    double *images_double;
    int32_t *labels;
    int count;
} comparison;

static inline nb_net *compiled(const nb_graph *g, nb_params *params, nb_net_options options)
{
    nb_net *net;
    nb_error err;
    if (nb_net_compile(g, params, &options, &net, &err) != NB_OK)
        fail_msg("%s", err.message);
    return net;
}

/* A network and its reference with the same numbers and a random batch of `count` images. Takes over the graph. */
static inline comparison compare(nb_graph *g, int count, nb_net_options options, uint64_t seed)
{
    nb_rng rng = nb_rng_seed(seed, 0);
    nb_error err;
    if (nb_graph_status(g, &err) != NB_OK)
        fail_msg("%s", err.message);
    comparison c = {.g = g, .count = count, .params = random_params(g, &rng)};
    nb_dims shape = nb_graph_shape(g, g->input);
    size_t numbers = (size_t)count * numbers_of(shape);
    c.images = random_floats(&rng, numbers);
    c.images_double = to_doubles(c.images, numbers);
    c.labels = random_labels(&rng, count, g->loss < 0 ? 1 : nb_graph_shape(g, g->ops[g->loss].inputs[0]).channels);
    c.net = compiled(g, c.params, options);
    assert_int_equal(nb_reference_new(g, c.params, count, options.training, &c.ref, &err), NB_OK);
    for (int i = 0; i < g->edge_weights; i++)
        c.ref->edge_weights[i] = (double)(nb_net_edge_weights(c.net)[i] = (float)nb_rng_normal(&rng));
    return c;
}

static inline void comparison_free(comparison *c)
{
    nb_net_free(c->net);
    nb_reference_free(c->ref);
    nb_params_free(c->params);
    nb_graph_free(c->g);
    free(c->images);
    free(c->images_double);
    free(c->labels);
}

static inline void assert_parameters_match(const comparison *c, double tolerance)
{
    double scale = 0;
    for (size_t i = 0; i < c->params->size; i++)
        scale = fmax(scale, fabs(c->ref->gradients[i]));
    for (size_t i = 0; i < c->params->tensor_count; i++) {
        const nb_tensor *t = &c->params->tensors[i];
        if (t->kind == NB_TENSOR_PARAMETER)
            assert_close(t->name, c->params->gradients + t->offset, c->ref->gradients + t->offset, t->count, tolerance, 1e-2 * scale);
        else if (t->kind == NB_TENSOR_BUFFER)
            assert_close(t->name, c->params->buffers + t->offset, c->ref->buffers + t->offset, t->count, tolerance, 0);
    }
}

static inline void assert_kept_match(const comparison *c, double tolerance)
{
    for (nb_node i = 0; i < c->g->op_count; i++) {
        if (!c->g->ops[i].keep)
            continue;
        size_t numbers = (size_t)c->count * numbers_of(c->g->ops[i].shape);
        float *got = malloc(numbers * sizeof *got);
        nb_error err;
        assert_int_equal(nb_net_read(c->net, i, got, &err), NB_OK);
        assert_close("value", got, c->ref->outputs[i], numbers, tolerance, 0);
        free(got);
    }
}

/* Runs both and compares loss, counts, kept values and, when the network has them, all gradients and running statistics. */
static inline void assert_match(comparison *c, nb_net_options options, double tolerance)
{
    nb_error err;
    nb_net_result result = {0};
    double loss = nb_reference_forward(c->ref, c->images_double, c->labels);
    nb_status status = options.gradients ? nb_net_step(c->net, c->images, c->labels, c->count, &result, &err)
                                         : nb_net_forward(c->net, c->images, c->labels, c->count, &result, &err);
    if (status != NB_OK)
        fail_msg("%s", err.message);
    assert_kept_match(c, tolerance);
    if (c->g->loss >= 0 && !(fabs(result.loss - loss) <= tolerance * fabs(loss)))
        fail_msg("loss %.9g, reference %.9g", result.loss, loss);
    if (!options.gradients)
        return;
    nb_reference_backward(c->ref);
    assert_parameters_match(c, tolerance);
    for (int i = 0; i < c->g->edge_weights; i++) {
        double got = nb_net_edge_gradients(c->net)[i], wanted = c->ref->edge_gradients[i], scale = 1e-3;
        if (!(fabs(got - wanted) <= tolerance * fmax(scale, fabs(wanted))))
            fail_msg("gradient of edge weight %d: %.9g, reference %.9g", i, got, wanted);
    }
    if (options.input_gradient) {
        size_t numbers = (size_t)c->count * numbers_of(nb_graph_shape(c->g, c->g->input));
        float *got = malloc(numbers * sizeof *got);
        assert_int_equal(nb_net_read_input_gradient(c->net, got, &err), NB_OK);
        assert_close("gradient of the input", got, c->ref->grads[c->g->input], numbers, tolerance, 0);
        free(got);
    }
}

#endif
