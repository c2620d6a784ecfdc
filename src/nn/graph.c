#include "nn/graph.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/ops.h"

nb_graph *nb_graph_new(void)
{
    nb_graph *graph = calloc(1, sizeof *graph);
    if (graph) {
        graph->input = NB_NO_NODE;
        graph->loss = NB_NO_NODE;
    }
    return graph;
}

void nb_graph_free(nb_graph *graph)
{
    if (!graph)
        return;
    for (int i = 0; i < graph->op_count; i++)
        free(graph->ops[i].inputs);
    for (int i = 0; i < graph->tensor_count; i++)
        free(graph->tensors[i].name);
    free(graph->ops);
    free(graph->tensors);
    free(graph);
}

nb_graph *nb_graph_copy_ops(const nb_graph *graph)
{
    nb_graph *copy = nb_graph_new();
    nb_op *ops = copy ? calloc((size_t)graph->op_count + 1, sizeof *ops) : NULL;
    if (!ops) {
        free(copy);
        return NULL;
    }
    copy->ops = ops;
    copy->input = graph->input;
    copy->loss = graph->loss;
    copy->edge_weights = graph->edge_weights;
    for (; copy->op_count < graph->op_count; copy->op_count++) {
        const nb_op *op = &graph->ops[copy->op_count];
        nb_node *inputs = malloc((size_t)(op->input_count + 1) * sizeof *inputs);
        if (!inputs) {
            nb_graph_free(copy);
            return NULL;
        }
        memcpy(inputs, op->inputs, (size_t)op->input_count * sizeof *inputs);
        ops[copy->op_count] = *op;
        ops[copy->op_count].inputs = inputs;
    }
    return copy;
}

nb_status nb_graph_status(const nb_graph *graph, nb_error *err)
{
    if (!graph)
        return nb_fail(err, NB_ERR_MEMORY, "network: no memory");
    if (graph->error.status == NB_OK)
        return NB_OK;
    return nb_fail(err, graph->error.status, "%s", graph->error.message);
}

/* Whether the graph exists and nothing has gone wrong in it yet. */
static bool usable(const nb_graph *graph)
{
    return graph && graph->error.status == NB_OK;
}

/* Notes a failure and gives the value of a failed builder call. Only the first failure of a graph is kept. */
NB_PRINTF(3, 4) static nb_node fail(nb_graph *graph, nb_status status, const char *format, ...)
{
    if (!usable(graph))
        return NB_NO_NODE;
    char message[NB_ERROR_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    nb_fail(&graph->error, status, "%s", message);
    return NB_NO_NODE;
}

static nb_node no_memory(nb_graph *graph)
{
    return fail(graph, NB_ERR_MEMORY, "network: no memory for another operator");
}

/* Makes room for one more item of `size` bytes; NULL (and nothing changed) when there is no memory. */
static void *grown(void *items, int count, int *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    int larger = *capacity ? *capacity * 2 : 64;
    void *moved = realloc(items, (size_t)larger * size);
    if (moved)
        *capacity = larger;
    return moved;
}

/* An operator with nothing in it yet. */
static nb_op op_of(nb_op_kind kind)
{
    return (nb_op){.kind = kind, .weight = -1, .bias = -1, .running_mean = -1, .running_var = -1, .tracked = -1};
}

static nb_status check_inputs(const nb_graph *graph, const nb_op *op, const nb_node *inputs, nb_error *err)
{
    for (int i = 0; i < op->input_count; i++)
        if (inputs[i] < 0 || inputs[i] >= graph->op_count || graph->ops[inputs[i]].kind == NB_OP_CROSS_ENTROPY)
            return nb_fail(err, NB_ERR_ARGUMENT, "operand %d of %d is not a value of this network", i + 1, op->input_count);
    return NB_OK;
}

/* Applies the shape rule of `op` to its inputs. */
static nb_status infer_shape(const nb_graph *graph, nb_op *op, const nb_node *inputs, nb_error *err)
{
    NB_TRY(check_inputs(graph, op, inputs, err));
    nb_dims *shapes = malloc((size_t)(op->input_count + 1) * sizeof *shapes);
    if (!shapes)
        return nb_fail(err, NB_ERR_MEMORY, "no memory for %d operands", op->input_count);
    for (int i = 0; i < op->input_count; i++)
        shapes[i] = graph->ops[inputs[i]].shape;
    nb_status status = nb_op_describe(op->kind)->shape(op, shapes, err);
    free(shapes);
    return status;
}

/* Adds `op` with a copy of its inputs. On failure the graph keeps the message, with the operator and the place in front of it. */
static nb_node append(nb_graph *graph, nb_op op, const nb_node *inputs, int input_count)
{
    if (!usable(graph))
        return NB_NO_NODE;
    op.input_count = input_count;
    nb_error err;
    nb_status status = infer_shape(graph, &op, inputs, &err);
    if (status != NB_OK)
        return fail(graph, status, "operator %d (%s): %s", graph->op_count, nb_op_describe(op.kind)->name, err.message);
    nb_op *ops = grown(graph->ops, graph->op_count, &graph->op_capacity, sizeof *ops);
    if (!ops)
        return no_memory(graph);
    graph->ops = ops;
    op.inputs = malloc((size_t)(input_count + 1) * sizeof *op.inputs);
    if (!op.inputs)
        return no_memory(graph);
    if (input_count > 0)
        memcpy(op.inputs, inputs, (size_t)input_count * sizeof *inputs);
    graph->ops[graph->op_count] = op;
    return graph->op_count++;
}

/* Declares the tensor NAME.part and returns its index, or -1. */
static int declare(nb_graph *graph, const char *name, const char *part, nb_tensor tensor)
{
    if (!usable(graph))
        return -1;
    size_t length = strlen(name) + strlen(part) + 2;
    char *full = malloc(length);
    nb_tensor *tensors = full ? grown(graph->tensors, graph->tensor_count, &graph->tensor_capacity, sizeof *tensors) : NULL;
    if (!tensors) {
        free(full);
        return no_memory(graph);
    }
    graph->tensors = tensors;
    snprintf(full, length, "%s.%s", name, part);
    for (int i = 0; i < graph->tensor_count; i++)
        if (strcmp(tensors[i].name, full) == 0) {
            fail(graph, NB_ERR_ARGUMENT, "network: the name \"%s\" is used twice", full);
            free(full);
            return -1;
        }
    tensor.name = full;
    tensor.count = 1;
    for (int i = 0; i < tensor.dims; i++)
        tensor.count *= (size_t)tensor.shape[i];
    tensors[graph->tensor_count] = tensor;
    return graph->tensor_count++;
}

nb_node nb_graph_input(nb_graph *graph, int channels, int rows, int cols)
{
    if (usable(graph) && graph->input != NB_NO_NODE)
        return fail(graph, NB_ERR_ARGUMENT, "network: a second input");
    nb_op op = op_of(NB_OP_INPUT);
    op.shape = (nb_dims){channels, rows, cols};
    nb_node node = append(graph, op, NULL, 0);
    if (node != NB_NO_NODE)
        graph->input = node;
    return node;
}

/* Standard deviation of a normal cut at two standard deviations, over that of the uncut one. */
static const double truncated_deviation = 0.87962566103423978;

/* Declares the weight and, if wanted, the bias of a convolution or linear layer (dims 4 or 2). Source of the bounds: PyTorch's
 * reset_parameters (Kaiming uniform with a = sqrt 5) and TensorFlow's variance_scaling and glorot_uniform. */
static void declare_weights(nb_graph *graph, nb_op *op, const char *name, int dims, bool bias)
{
    const nb_conv *conv = &op->conv;
    double taps = (double)conv->kernel * conv->kernel;
    double fan_in = conv->in_channels / conv->groups * taps;
    double fan_out = conv->out_channels / conv->groups * taps;
    nb_tensor weight = {.kind = NB_TENSOR_PARAMETER,
                        .dims = dims,
                        .shape = {conv->out_channels, conv->in_channels / conv->groups, conv->kernel, conv->kernel},
                        .init = NB_INIT_UNIFORM,
                        .init_scale = (float)(1 / sqrt(fan_in))};
    nb_tensor offset = {
        .kind = NB_TENSOR_PARAMETER, .dims = 1, .shape = {conv->out_channels}, .init = weight.init, .init_scale = weight.init_scale};
    if (graph->init_scheme == NB_INIT_TENSORFLOW) {
        weight.init = dims == 4 ? NB_INIT_TRUNCATED_NORMAL : NB_INIT_UNIFORM;
        weight.init_scale = (float)(dims == 4 ? sqrt(1 / fan_in) / truncated_deviation : sqrt(6 / (fan_in + fan_out)));
        offset.init = NB_INIT_ZEROS;
    }
    op->weight = declare(graph, name, "weight", weight);
    if (bias)
        op->bias = declare(graph, name, "bias", offset);
}

nb_node nb_graph_conv(nb_graph *graph, nb_node x, int out_channels, int kernel, int stride, int pad, const char *name)
{
    const nb_conv_options options = {.out_channels = out_channels, .kernel = kernel, .stride = stride, .pad = pad, .pad_end = pad};
    return nb_graph_conv_with(graph, x, &options, name);
}

nb_node nb_graph_conv_with(nb_graph *graph, nb_node x, const nb_conv_options *options, const char *name)
{
    nb_op op = op_of(NB_OP_CONV);
    op.conv = (nb_conv){.out_channels = options->out_channels,
                        .kernel = options->kernel,
                        .stride = options->stride ? options->stride : 1,
                        .pad = options->pad,
                        .dilation = options->dilation ? options->dilation : 1,
                        .groups = options->groups ? options->groups : 1};
    op.pad_end = options->pad_end;
    nb_node node = append(graph, op, &x, 1);
    if (node != NB_NO_NODE)
        declare_weights(graph, &graph->ops[node], name, 4, options->bias);
    return usable(graph) ? node : NB_NO_NODE;
}

nb_node nb_graph_linear(nb_graph *graph, nb_node x, int out, const char *name)
{
    if (usable(graph) && x >= 0 && x < graph->op_count) {
        nb_dims shape = graph->ops[x].shape;
        if (shape.rows != 1 || shape.cols != 1)
            return fail(graph, NB_ERR_ARGUMENT, "operator %d (linear \"%s\"): operand of %d x %d pixels, expected 1 x 1", graph->op_count,
                        name, shape.rows, shape.cols);
    }
    nb_op op = op_of(NB_OP_CONV);
    op.conv = (nb_conv){.out_channels = out, .kernel = 1, .stride = 1, .dilation = 1, .groups = 1};
    nb_node node = append(graph, op, &x, 1);
    if (node != NB_NO_NODE)
        declare_weights(graph, &graph->ops[node], name, 2, true);
    return usable(graph) ? node : NB_NO_NODE;
}

nb_node nb_graph_batch_norm(nb_graph *graph, nb_node x, const char *name)
{
    const nb_batch_norm_options options = {.eps = 1e-5, .momentum = 0.1, .affine = true, .track = true};
    return nb_graph_batch_norm_with(graph, x, &options, name);
}

nb_node nb_graph_batch_norm_with(nb_graph *graph, nb_node x, const nb_batch_norm_options *options, const char *name)
{
    nb_op op = op_of(NB_OP_BATCH_NORM);
    op.norm = *options;
    nb_node node = append(graph, op, &x, 1);
    if (node == NB_NO_NODE)
        return node;
    nb_op *added = &graph->ops[node];
    nb_tensor vector = {.dims = 1, .shape = {added->shape.channels}};
    if (options->affine) {
        vector.kind = NB_TENSOR_PARAMETER;
        vector.init = NB_INIT_ONES;
        added->weight = declare(graph, name, "weight", vector);
        vector.init = NB_INIT_ZEROS;
        added->bias = declare(graph, name, "bias", vector);
    }
    if (options->track) {
        vector.kind = NB_TENSOR_BUFFER;
        vector.init = NB_INIT_ZEROS;
        added->running_mean = declare(graph, name, "running_mean", vector);
        vector.init = NB_INIT_ONES;
        added->running_var = declare(graph, name, "running_var", vector);
        added->tracked = declare(graph, name, "num_batches_tracked", (nb_tensor){.kind = NB_TENSOR_COUNTER});
    }
    return usable(graph) ? node : NB_NO_NODE;
}

/* The operator of that kind that already takes `x` alone, or NB_NO_NODE. */
static nb_node existing_on(const nb_graph *graph, nb_op_kind kind, nb_node x)
{
    for (nb_node i = x + 1; usable(graph) && x >= 0 && i < graph->op_count; i++)
        if (graph->ops[i].kind == kind && graph->ops[i].inputs[0] == x)
            return i;
    return NB_NO_NODE;
}

nb_node nb_graph_relu(nb_graph *graph, nb_node x)
{
    nb_node same = existing_on(graph, NB_OP_RELU, x); /* every edge of a cell starts with the ReLU of its node: once is enough */
    return same != NB_NO_NODE ? same : append(graph, op_of(NB_OP_RELU), &x, 1);
}

static nb_node pool(nb_graph *graph, nb_node x, nb_pool options)
{
    nb_op op = op_of(NB_OP_POOL);
    op.pool = options;
    return append(graph, op, &x, 1);
}

nb_node nb_graph_average_pool(nb_graph *graph, nb_node x, int kernel, int stride, int pad)
{
    return pool(graph, x, (nb_pool){.kind = NB_POOL_AVERAGE, .kernel_rows = kernel, .kernel_cols = kernel, .stride = stride, .pad = pad});
}

nb_node nb_graph_max_pool(nb_graph *graph, nb_node x, int kernel, int stride, int pad)
{
    return pool(graph, x, (nb_pool){.kind = NB_POOL_MAXIMUM, .kernel_rows = kernel, .kernel_cols = kernel, .stride = stride, .pad = pad});
}

nb_node nb_graph_global_average_pool(nb_graph *graph, nb_node x)
{
    nb_dims shape = nb_graph_shape(graph, x);
    return pool(graph, x, (nb_pool){.kind = NB_POOL_AVERAGE, .kernel_rows = shape.rows, .kernel_cols = shape.cols, .stride = 1});
}

nb_node nb_graph_zero(nb_graph *graph, nb_node x, int stride)
{
    nb_op op = op_of(NB_OP_ZERO);
    op.stride = stride;
    return append(graph, op, &x, 1);
}

nb_node nb_graph_constant(nb_graph *graph, nb_node x, float value)
{
    nb_op op = op_of(NB_OP_CONSTANT);
    op.value = value;
    return append(graph, op, &x, 1);
}

nb_node nb_graph_add(nb_graph *graph, const nb_node *terms, int count)
{
    if (count == 1 && usable(graph))
        return terms[0];
    return append(graph, op_of(NB_OP_ADD), terms, count);
}

nb_node nb_graph_mix(nb_graph *graph, const nb_node *terms, int count, int first_weight)
{
    nb_op op = op_of(NB_OP_MIX);
    op.first = first_weight;
    nb_node node = append(graph, op, terms, count);
    if (node != NB_NO_NODE && first_weight + count > graph->edge_weights)
        graph->edge_weights = first_weight + count;
    return node;
}

nb_node nb_graph_concat(nb_graph *graph, const nb_node *parts, int count)
{
    if (count == 1 && usable(graph))
        return parts[0];
    return append(graph, op_of(NB_OP_CONCAT), parts, count);
}

nb_node nb_graph_slice(nb_graph *graph, nb_node x, int first, int count)
{
    nb_op op = op_of(NB_OP_SLICE);
    op.first = first;
    op.shape.channels = count;
    return append(graph, op, &x, 1);
}

nb_node nb_graph_cross_entropy(nb_graph *graph, nb_node logits, double smoothing)
{
    if (usable(graph) && graph->loss != NB_NO_NODE)
        return fail(graph, NB_ERR_ARGUMENT, "network: a second loss");
    nb_op op = op_of(NB_OP_CROSS_ENTROPY);
    op.smoothing = smoothing;
    nb_node node = append(graph, op, &logits, 1);
    if (node == NB_NO_NODE)
        return node;
    graph->loss = node;
    graph->ops[logits].keep = true;
    return node;
}

void nb_graph_keep(nb_graph *graph, nb_node x)
{
    if (usable(graph) && x >= 0 && x < graph->op_count)
        graph->ops[x].keep = true;
    else
        fail(graph, NB_ERR_ARGUMENT, "network: there is no value %d to keep", x);
}

nb_dims nb_graph_shape(const nb_graph *graph, nb_node x)
{
    return graph && x >= 0 && x < graph->op_count ? graph->ops[x].shape : (nb_dims){0, 0, 0};
}

int nb_graph_edge_weights(const nb_graph *graph)
{
    return graph->edge_weights;
}

uint64_t nb_graph_macs(const nb_graph *graph)
{
    uint64_t macs = 0;
    for (int i = 0; i < graph->op_count; i++) {
        const nb_op *op = &graph->ops[i];
        if (op->kind != NB_OP_CONV)
            continue;
        const nb_conv *conv = &op->conv;
        uint64_t per_pixel = (uint64_t)conv->out_channels * (uint64_t)(conv->in_channels / conv->groups * conv->kernel * conv->kernel);
        if (op->bias >= 0)
            per_pixel += (uint64_t)conv->out_channels;
        macs += per_pixel * (uint64_t)(conv->out.rows * conv->out.cols);
    }
    return macs;
}

void nb_graph_init_scheme(nb_graph *graph, nb_init_scheme scheme)
{
    if (graph)
        graph->init_scheme = scheme;
}
