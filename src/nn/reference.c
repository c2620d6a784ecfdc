#include "nn/reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/ops.h"

static size_t image_size(nb_dims shape)
{
    return (size_t)shape.channels * (size_t)shape.rows * (size_t)shape.cols;
}

static size_t node_size(const nb_reference *ref, nb_node node)
{
    return (size_t)ref->count * image_size(ref->graph->ops[node].shape);
}

static double *doubles(size_t count)
{
    return calloc(count + 1, sizeof(double));
}

static nb_status allocate(nb_reference *ref, nb_error *err)
{
    const nb_graph *graph = ref->graph;
    const nb_params *params = ref->params;
    size_t edges = (size_t)graph->edge_weights, nodes = (size_t)graph->op_count;
    ref->values = doubles(params->size);
    ref->gradients = doubles(params->size);
    ref->buffers = doubles(params->buffer_size);
    ref->edge_weights = doubles(edges);
    ref->edge_gradients = doubles(edges);
    ref->edge_active = calloc(edges + 1, sizeof *ref->edge_active);
    ref->outputs = calloc(nodes + 1, sizeof *ref->outputs);
    ref->grads = calloc(nodes + 1, sizeof *ref->grads);
    bool complete = ref->values && ref->gradients && ref->buffers && ref->edge_weights && ref->edge_gradients && ref->edge_active &&
                    ref->outputs && ref->grads;
    for (int i = 0; complete && i < graph->op_count; i++) {
        ref->outputs[i] = doubles(node_size(ref, i));
        ref->grads[i] = doubles(node_size(ref, i));
        complete = ref->outputs[i] && ref->grads[i];
    }
    return complete ? NB_OK : nb_fail(err, NB_ERR_MEMORY, "reference network: no memory");
}

nb_status nb_reference_new(const nb_graph *graph, const nb_params *params, int count, bool training, nb_reference **out, nb_error *err)
{
    NB_TRY(nb_graph_status(graph, err));
    nb_reference *ref = calloc(1, sizeof *ref);
    if (!ref)
        return nb_fail(err, NB_ERR_MEMORY, "reference network: no memory");
    *ref = (nb_reference){.graph = graph, .params = params, .count = count, .training = training};
    nb_status status = allocate(ref, err);
    if (status != NB_OK) {
        nb_reference_free(ref);
        return status;
    }
    for (size_t i = 0; i < params->size; i++)
        ref->values[i] = (double)params->values[i];
    for (size_t i = 0; i < params->buffer_size; i++)
        ref->buffers[i] = (double)params->buffers[i];
    for (int i = 0; i < graph->edge_weights; i++) {
        ref->edge_weights[i] = 1;
        ref->edge_active[i] = true;
    }
    *out = ref;
    return NB_OK;
}

void nb_reference_free(nb_reference *ref)
{
    if (!ref)
        return;
    for (int i = 0; i < ref->graph->op_count; i++) {
        if (ref->outputs)
            free(ref->outputs[i]);
        if (ref->grads)
            free(ref->grads[i]);
    }
    free(ref->values);
    free(ref->gradients);
    free(ref->buffers);
    free(ref->edge_weights);
    free(ref->edge_gradients);
    free(ref->edge_active);
    free(ref->outputs);
    free(ref->grads);
    free(ref);
}

static void round_node(const nb_reference *ref, double *numbers, nb_node node)
{
    for (size_t i = 0; ref->rounds && i < node_size(ref, node); i++)
        numbers[i] = (double)(float)numbers[i];
}

double nb_reference_forward(nb_reference *ref, const double *images, const int32_t *labels)
{
    const nb_graph *graph = ref->graph;
    memcpy(ref->outputs[graph->input], images, node_size(ref, graph->input) * sizeof *images);
    ref->labels = labels;
    ref->loss = 0;
    for (int i = 0; i < graph->op_count; i++) {
        nb_op_describe(graph->ops[i].kind)->reference_forward(ref, i);
        round_node(ref, ref->outputs[i], i);
    }
    return ref->loss;
}

void nb_reference_backward(nb_reference *ref)
{
    const nb_graph *graph = ref->graph;
    for (int i = 0; i < graph->op_count; i++)
        memset(ref->grads[i], 0, node_size(ref, i) * sizeof **ref->grads);
    memset(ref->gradients, 0, ref->params->size * sizeof *ref->gradients);
    memset(ref->edge_gradients, 0, (size_t)graph->edge_weights * sizeof *ref->edge_gradients);
    for (int i = graph->op_count - 1; i >= 0; i--) {
        round_node(ref, ref->grads[i], i);
        nb_op_describe(graph->ops[i].kind)->reference_backward(ref, i);
    }
}

/* The values, or with `of` = ref->gradients the gradients, of the parameter with that index. */
static double *tensor_in(const nb_reference *ref, double *of, int tensor)
{
    return of + ref->params->tensors[tensor].offset;
}

void nb_reference_nothing(nb_reference *ref, nb_node node)
{
    (void)ref;
    (void)node;
}

void nb_reference_input(nb_reference *ref, nb_node node)
{
    (void)ref; /* filled by nb_reference_forward */
    (void)node;
}

/* What a convolution does with one product: y += w * x forward, dx += w * dy and dw += x * dy backward. */
typedef void (*conv_product)(const nb_reference *ref, const nb_op *op, size_t y, size_t x, size_t w, nb_node node);

static void product_forward(const nb_reference *ref, const nb_op *op, size_t y, size_t x, size_t w, nb_node node)
{
    ref->outputs[node][y] += ref->outputs[op->inputs[0]][x] * tensor_in(ref, ref->values, op->weight)[w];
}

static void product_backward(const nb_reference *ref, const nb_op *op, size_t y, size_t x, size_t w, nb_node node)
{
    double dy = ref->grads[node][y];
    ref->grads[op->inputs[0]][x] += dy * tensor_in(ref, ref->values, op->weight)[w];
    tensor_in(ref, ref->gradients, op->weight)[w] += dy * ref->outputs[op->inputs[0]][x];
}

/* All taps of the output pixel (row, col) of output channel `out` of image `image`. */
static void visit_taps(const nb_reference *ref, nb_node node, int image, int out, int row, int col, conv_product product)
{
    const nb_op *op = &ref->graph->ops[node];
    const nb_conv *conv = &op->conv;
    int group_in = conv->in_channels / conv->groups, group = out / (conv->out_channels / conv->groups);
    size_t y =
        (((size_t)image * (size_t)conv->out_channels + (size_t)out) * (size_t)conv->out.rows + (size_t)row) * (size_t)conv->out.cols +
        (size_t)col;
    for (int in = 0; in < group_in; in++)
        for (int i = 0; i < conv->kernel; i++)
            for (int j = 0; j < conv->kernel; j++) {
                int r = row * conv->stride - conv->pad + i * conv->dilation, c = col * conv->stride - conv->pad + j * conv->dilation;
                if (r < 0 || r >= conv->in.rows || c < 0 || c >= conv->in.cols)
                    continue;
                size_t channel = (size_t)image * (size_t)conv->in_channels + (size_t)(group * group_in + in);
                size_t x = (channel * (size_t)conv->in.rows + (size_t)r) * (size_t)conv->in.cols + (size_t)c;
                size_t w =
                    (((size_t)out * (size_t)group_in + (size_t)in) * (size_t)conv->kernel + (size_t)i) * (size_t)conv->kernel + (size_t)j;
                product(ref, op, y, x, w, node);
            }
}

static void visit_conv(const nb_reference *ref, nb_node node, conv_product product)
{
    const nb_conv *conv = &ref->graph->ops[node].conv;
    for (int image = 0; image < ref->count; image++)
        for (int out = 0; out < conv->out_channels; out++)
            for (int row = 0; row < conv->out.rows; row++)
                for (int col = 0; col < conv->out.cols; col++)
                    visit_taps(ref, node, image, out, row, col, product);
}

/* Channel of the i-th number of a tensor of that shape. */
static int channel_of(nb_dims shape, size_t i)
{
    return (int)(i / ((size_t)shape.rows * (size_t)shape.cols) % (size_t)shape.channels);
}

void nb_reference_conv(nb_reference *ref, nb_node node)
{
    const nb_op *op = &ref->graph->ops[node];
    for (size_t i = 0; i < node_size(ref, node); i++)
        ref->outputs[node][i] = op->bias < 0 ? 0 : tensor_in(ref, ref->values, op->bias)[channel_of(op->shape, i)];
    visit_conv(ref, node, product_forward);
}

void nb_reference_conv_gradient(nb_reference *ref, nb_node node)
{
    const nb_op *op = &ref->graph->ops[node];
    for (size_t i = 0; op->bias >= 0 && i < node_size(ref, node); i++)
        tensor_in(ref, ref->gradients, op->bias)[channel_of(op->shape, i)] += ref->grads[node][i];
    visit_conv(ref, node, product_backward);
}

/* Mean and variance (biased) with which a batch norm works: of the batch, or the running ones. */
typedef struct norm_statistics {
    double mean, variance;
    bool of_batch;
} norm_statistics;

/* Calls for all numbers of one channel: for (each i of channel c). */
#define FOR_CHANNEL(ref, shape, c, i)                                                                                                      \
    for (size_t image_ = 0, plane_ = (size_t)(shape).rows * (size_t)(shape).cols; image_ < (size_t)(ref)->count; image_++)                 \
        for (size_t i = (image_ * (size_t)(shape).channels + (size_t)(c)) * plane_, end_ = i + plane_; i < end_; i++)

static norm_statistics statistics_of(const nb_reference *ref, const nb_op *op, int channel)
{
    if (!ref->training && op->norm.track)
        return (norm_statistics){tensor_in(ref, ref->buffers, op->running_mean)[channel],
                                 tensor_in(ref, ref->buffers, op->running_var)[channel], false};
    const double *x = ref->outputs[op->inputs[0]];
    double n = (double)ref->count * op->shape.rows * op->shape.cols, mean = 0, squares = 0;
    FOR_CHANNEL(ref, op->shape, channel, i)
    mean += x[i] / n;
    FOR_CHANNEL(ref, op->shape, channel, i)
    squares += (x[i] - mean) * (x[i] - mean);
    return (norm_statistics){mean, squares / n, true};
}

static void update_running(nb_reference *ref, const nb_op *op, int channel, norm_statistics batch)
{
    double n = (double)ref->count * op->shape.rows * op->shape.cols, momentum = op->norm.momentum;
    double *mean = tensor_in(ref, ref->buffers, op->running_mean) + channel,
           *variance = tensor_in(ref, ref->buffers, op->running_var) + channel;
    *mean = (1 - momentum) * *mean + momentum * batch.mean;
    *variance = (1 - momentum) * *variance + momentum * batch.variance * n / (n > 1 ? n - 1 : 1);
}

void nb_reference_batch_norm(nb_reference *ref, nb_node node)
{
    const nb_op *op = &ref->graph->ops[node];
    const double *x = ref->outputs[op->inputs[0]];
    for (int c = 0; c < op->shape.channels; c++) {
        norm_statistics s = statistics_of(ref, op, c);
        double weight = op->weight < 0 ? 1 : tensor_in(ref, ref->values, op->weight)[c];
        double bias = op->bias < 0 ? 0 : tensor_in(ref, ref->values, op->bias)[c];
        FOR_CHANNEL(ref, op->shape, c, i)
        ref->outputs[node][i] = (x[i] - s.mean) / sqrt(s.variance + op->norm.eps) * weight + bias;
        if (ref->training && op->norm.track)
            update_running(ref, op, c, s);
    }
}

/* dx = weight / sd * (dy - mean(dy) - xhat * mean(dy * xhat)) for batch statistics, weight / sd * dy for fixed ones. */
void nb_reference_batch_norm_gradient(nb_reference *ref, nb_node node)
{
    const nb_op *op = &ref->graph->ops[node];
    const double *x = ref->outputs[op->inputs[0]], *dy = ref->grads[node];
    double *dx = ref->grads[op->inputs[0]];
    for (int c = 0; c < op->shape.channels; c++) {
        norm_statistics s = statistics_of(ref, op, c);
        double n = (double)ref->count * op->shape.rows * op->shape.cols, inverse = 1 / sqrt(s.variance + op->norm.eps);
        double weight = op->weight < 0 ? 1 : tensor_in(ref, ref->values, op->weight)[c], sum = 0, product = 0;
        FOR_CHANNEL(ref, op->shape, c, i)
        {
            sum += dy[i];
            product += dy[i] * (x[i] - s.mean) * inverse;
        }
        FOR_CHANNEL(ref, op->shape, c, i)
        dx[i] += weight * inverse * (s.of_batch ? dy[i] - sum / n - (x[i] - s.mean) * inverse * product / n : dy[i]);
        if (op->weight >= 0)
            tensor_in(ref, ref->gradients, op->weight)[c] += product;
        if (op->bias >= 0)
            tensor_in(ref, ref->gradients, op->bias)[c] += sum;
    }
}

void nb_reference_relu(nb_reference *ref, nb_node node)
{
    const double *x = ref->outputs[ref->graph->ops[node].inputs[0]];
    for (size_t i = 0; i < node_size(ref, node); i++)
        ref->outputs[node][i] = x[i] < 0 ? 0 : x[i];
}

void nb_reference_relu_gradient(nb_reference *ref, nb_node node)
{
    nb_node input = ref->graph->ops[node].inputs[0];
    for (size_t i = 0; i < node_size(ref, node); i++)
        if (ref->outputs[input][i] > 0)
            ref->grads[input][i] += ref->grads[node][i];
}

/* The part of a pooling window that lies inside the plane. */
typedef struct window {
    int row_begin, row_end, col_begin, col_end;
} window;

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static window window_at(const nb_pool *pool, int row, int col)
{
    int r = row * pool->stride - pool->pad, c = col * pool->stride - pool->pad;
    return (window){larger(r, 0), smaller(r + pool->kernel_rows, pool->in.rows), larger(c, 0),
                    smaller(c + pool->kernel_cols, pool->in.cols)};
}

static double pooled(const nb_pool *pool, const double *x, window w)
{
    double sum = 0, maximum = -INFINITY;
    for (int r = w.row_begin; r < w.row_end; r++)
        for (int c = w.col_begin; c < w.col_end; c++) {
            double v = x[r * pool->in.cols + c];
            sum += v;
            maximum = v > maximum ? v : maximum;
        }
    return pool->kind == NB_POOL_MAXIMUM ? maximum : sum / ((w.row_end - w.row_begin) * (w.col_end - w.col_begin));
}

static void spread(const nb_pool *pool, const double *x, double *dx, double y, double dy, window w)
{
    double divisor = (w.row_end - w.row_begin) * (w.col_end - w.col_begin);
    for (int r = w.row_begin; r < w.row_end; r++)
        for (int c = w.col_begin; c < w.col_end; c++) {
            int i = r * pool->in.cols + c;
            if (pool->kind == NB_POOL_AVERAGE) {
                dx[i] += dy / divisor;
            } else if (x[i] >= y) {
                dx[i] += dy;
                return;
            }
        }
}

void nb_reference_pool(nb_reference *ref, nb_node node)
{
    const nb_op *op = &ref->graph->ops[node];
    const nb_pool *pool = &op->pool;
    double *y = ref->outputs[node];
    for (int plane = 0; plane < ref->count * op->shape.channels; plane++) {
        const double *x = ref->outputs[op->inputs[0]] + (ptrdiff_t)plane * pool->in.rows * pool->in.cols;
        for (int row = 0; row < pool->out.rows; row++)
            for (int col = 0; col < pool->out.cols; col++)
                *y++ = pooled(pool, x, window_at(pool, row, col));
    }
}

void nb_reference_pool_gradient(nb_reference *ref, nb_node node)
{
    const nb_op *op = &ref->graph->ops[node];
    const nb_pool *pool = &op->pool;
    const double *y = ref->outputs[node], *dy = ref->grads[node];
    for (int plane = 0; plane < ref->count * op->shape.channels; plane++) {
        ptrdiff_t first = (ptrdiff_t)plane * pool->in.rows * pool->in.cols;
        for (int row = 0; row < pool->out.rows; row++)
            for (int col = 0; col < pool->out.cols; col++)
                spread(pool, ref->outputs[op->inputs[0]] + first, ref->grads[op->inputs[0]] + first, *y++, *dy++,
                       window_at(pool, row, col));
    }
}

void nb_reference_constant(nb_reference *ref, nb_node node)
{
    for (size_t i = 0; i < node_size(ref, node); i++)
        ref->outputs[node][i] = (double)ref->graph->ops[node].value;
}

/* The weight of term k of an add or a mix; 0 when it is off. */
static double term_weight(const nb_reference *ref, const nb_op *op, int k)
{
    if (op->kind == NB_OP_ADD)
        return 1;
    return ref->edge_active[op->first + k] ? ref->edge_weights[op->first + k] : 0;
}

void nb_reference_sum(nb_reference *ref, nb_node node)
{
    const nb_op *op = &ref->graph->ops[node];
    memset(ref->outputs[node], 0, node_size(ref, node) * sizeof **ref->outputs);
    for (int k = 0; k < op->input_count; k++)
        for (size_t i = 0; i < node_size(ref, node); i++)
            ref->outputs[node][i] += term_weight(ref, op, k) * ref->outputs[op->inputs[k]][i];
}

void nb_reference_sum_gradient(nb_reference *ref, nb_node node)
{
    const nb_op *op = &ref->graph->ops[node];
    for (int k = 0; k < op->input_count; k++) {
        double product = 0;
        for (size_t i = 0; i < node_size(ref, node); i++) {
            ref->grads[op->inputs[k]][i] += term_weight(ref, op, k) * ref->grads[node][i];
            product += ref->grads[node][i] * ref->outputs[op->inputs[k]][i];
        }
        if (op->kind == NB_OP_MIX && ref->edge_active[op->first + k])
            ref->edge_gradients[op->first + k] += product;
    }
}

/* Copies (or adds) `floats` numbers per image between places that are `from_stride` and `to_stride` numbers per image apart. */
static void move_images(int images, const double *from, size_t from_stride, double *to, size_t to_stride, size_t numbers, bool add)
{
    for (int image = 0; image < images; image++)
        for (size_t i = 0; i < numbers; i++) {
            double v = from[(size_t)image * from_stride + i];
            double *target = &to[(size_t)image * to_stride + i];
            *target = add ? *target + v : v;
        }
}

void nb_reference_concat(nb_reference *ref, nb_node node)
{
    const nb_op *op = &ref->graph->ops[node];
    size_t whole = image_size(op->shape), at = 0;
    for (int k = 0; k < op->input_count; k++) {
        size_t part = image_size(ref->graph->ops[op->inputs[k]].shape);
        move_images(ref->count, ref->outputs[op->inputs[k]], part, ref->outputs[node] + at, whole, part, false);
        at += part;
    }
}

void nb_reference_concat_gradient(nb_reference *ref, nb_node node)
{
    const nb_op *op = &ref->graph->ops[node];
    size_t whole = image_size(op->shape), at = 0;
    for (int k = 0; k < op->input_count; k++) {
        size_t part = image_size(ref->graph->ops[op->inputs[k]].shape);
        move_images(ref->count, ref->grads[node] + at, whole, ref->grads[op->inputs[k]], part, part, true);
        at += part;
    }
}

void nb_reference_slice(nb_reference *ref, nb_node node)
{
    const nb_op *op = &ref->graph->ops[node];
    size_t whole = image_size(ref->graph->ops[op->inputs[0]].shape), part = image_size(op->shape);
    size_t at = (size_t)op->first * (size_t)op->shape.rows * (size_t)op->shape.cols;
    move_images(ref->count, ref->outputs[op->inputs[0]] + at, whole, ref->outputs[node], part, part, false);
}

void nb_reference_slice_gradient(nb_reference *ref, nb_node node)
{
    const nb_op *op = &ref->graph->ops[node];
    size_t whole = image_size(ref->graph->ops[op->inputs[0]].shape), part = image_size(op->shape);
    size_t at = (size_t)op->first * (size_t)op->shape.rows * (size_t)op->shape.cols;
    move_images(ref->count, ref->grads[node], part, ref->grads[op->inputs[0]] + at, whole, part, true);
}

/* log(sum exp(logits)), without overflow. */
static double log_sum_exp(const double *logits, int classes)
{
    double maximum = -INFINITY, sum = 0;
    for (int k = 0; k < classes; k++)
        maximum = logits[k] > maximum ? logits[k] : maximum;
    for (int k = 0; k < classes; k++)
        sum += exp(logits[k] - maximum);
    return maximum + log(sum);
}

static double target_of(const nb_op *op, int classes, int k, int label)
{
    return (k == label ? 1 - op->smoothing : 0) + op->smoothing / classes;
}

void nb_reference_cross_entropy(nb_reference *ref, nb_node node)
{
    const nb_op *op = &ref->graph->ops[node];
    int classes = ref->graph->ops[op->inputs[0]].shape.channels;
    ref->top1 = ref->top5 = 0;
    for (int image = 0; ref->labels && image < ref->count; image++) {
        const double *logits = ref->outputs[op->inputs[0]] + (ptrdiff_t)image * classes;
        int label = ref->labels[image], before = 0;
        for (int k = 0; k < classes; k++) {
            ref->loss += target_of(op, classes, k, label) * (log_sum_exp(logits, classes) - logits[k]) / ref->count;
            before += logits[k] > logits[label] || (logits[k] >= logits[label] && k < label);
        }
        ref->top1 += before == 0;
        ref->top5 += before < 5;
    }
    ref->outputs[node][0] = ref->loss;
}

void nb_reference_cross_entropy_gradient(nb_reference *ref, nb_node node)
{
    const nb_op *op = &ref->graph->ops[node];
    int classes = ref->graph->ops[op->inputs[0]].shape.channels;
    for (int image = 0; ref->labels && image < ref->count; image++) {
        const double *logits = ref->outputs[op->inputs[0]] + (ptrdiff_t)image * classes;
        double *gradient = ref->grads[op->inputs[0]] + (ptrdiff_t)image * classes, total = log_sum_exp(logits, classes);
        for (int k = 0; k < classes; k++)
            gradient[k] += (exp(logits[k] - total) - target_of(op, classes, k, ref->labels[image])) / ref->count;
    }
}
