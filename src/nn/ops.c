#include "nn/ops.h"

#include "nn/lower.h"
#include "nn/reference.h"

/* Bounds that keep every product of sizes far from overflow; no network of these spaces comes near them. */
enum { MAX_SIDE = 4096, MAX_CHANNELS = 65536 };

static nb_status check_shape(nb_dims shape, nb_error *err)
{
    bool fits = shape.channels >= 1 && shape.channels <= MAX_CHANNELS && shape.rows >= 1 && shape.rows <= MAX_SIDE && shape.cols >= 1 &&
                shape.cols <= MAX_SIDE;
    if (!fits)
        return nb_fail(err, NB_ERR_ARGUMENT, "result of %d x %d x %d (channels, rows, columns); each must be at least 1", shape.channels,
                       shape.rows, shape.cols);
    return NB_OK;
}

static nb_plane plane_of(nb_dims shape)
{
    return (nb_plane){shape.rows, shape.cols};
}

static nb_status input_shape(nb_op *op, const nb_dims *inputs, nb_error *err)
{
    (void)inputs;
    return check_shape(op->shape, err);
}

/* The side of a window operator's result, rounded down; 0 when the window does not fit. */
static int windows(int side, int padding, int window, int stride)
{
    int room = side + padding - window;
    return room < 0 ? 0 : room / stride + 1;
}

static nb_status conv_shape(nb_op *op, const nb_dims *inputs, nb_error *err)
{
    nb_conv *conv = &op->conv;
    if (conv->kernel < 1 || conv->kernel > MAX_SIDE || conv->stride < 1 || conv->dilation < 1 || conv->dilation > MAX_SIDE)
        return nb_fail(err, NB_ERR_ARGUMENT, "kernel %d, stride %d, dilation %d; each must be at least 1", conv->kernel, conv->stride,
                       conv->dilation);
    if (conv->groups < 1 || inputs[0].channels % conv->groups != 0 || conv->out_channels % conv->groups != 0)
        return nb_fail(err, NB_ERR_ARGUMENT, "%d groups do not divide %d -> %d channels", conv->groups, inputs[0].channels,
                       conv->out_channels);
    int padding = conv->pad + op->pad_end, window = conv->dilation * (conv->kernel - 1) + 1;
    op->shape = (nb_dims){conv->out_channels, windows(inputs[0].rows, padding, window, conv->stride),
                          windows(inputs[0].cols, padding, window, conv->stride)};
    conv->in_channels = inputs[0].channels;
    conv->in = plane_of(inputs[0]);
    conv->out = plane_of(op->shape);
    return check_shape(op->shape, err);
}

static nb_status pool_shape(nb_op *op, const nb_dims *inputs, nb_error *err)
{
    nb_pool *pool = &op->pool;
    if (pool->kernel_rows < 1 || pool->kernel_cols < 1 || pool->stride < 1 || pool->pad < 0)
        return nb_fail(err, NB_ERR_ARGUMENT, "kernel %d x %d, stride %d, padding %d", pool->kernel_rows, pool->kernel_cols, pool->stride,
                       pool->pad);
    if (2 * pool->pad > pool->kernel_rows || 2 * pool->pad > pool->kernel_cols)
        return nb_fail(err, NB_ERR_ARGUMENT, "padding %d is more than half of the kernel, %d x %d", pool->pad, pool->kernel_rows,
                       pool->kernel_cols);
    op->shape = (nb_dims){inputs[0].channels, windows(inputs[0].rows, 2 * pool->pad, pool->kernel_rows, pool->stride),
                          windows(inputs[0].cols, 2 * pool->pad, pool->kernel_cols, pool->stride)};
    pool->channels = inputs[0].channels;
    pool->in = plane_of(inputs[0]);
    pool->out = plane_of(op->shape);
    return check_shape(op->shape, err);
}

static nb_status batch_norm_shape(nb_op *op, const nb_dims *inputs, nb_error *err)
{
    if (!(op->norm.eps >= 0) || !(op->norm.momentum >= 0 && op->norm.momentum <= 1))
        return nb_fail(err, NB_ERR_ARGUMENT, "eps %g, momentum %g", op->norm.eps, op->norm.momentum);
    op->shape = inputs[0];
    return NB_OK;
}

static nb_status same_shape(nb_op *op, const nb_dims *inputs, nb_error *err)
{
    (void)err;
    op->shape = inputs[0];
    return NB_OK;
}

static nb_status zero_shape(nb_op *op, const nb_dims *inputs, nb_error *err)
{
    if (op->stride < 1)
        return nb_fail(err, NB_ERR_ARGUMENT, "stride %d; it must be at least 1", op->stride);
    op->shape =
        (nb_dims){inputs[0].channels, (inputs[0].rows + op->stride - 1) / op->stride, (inputs[0].cols + op->stride - 1) / op->stride};
    return NB_OK;
}

static nb_status sum_shape(nb_op *op, const nb_dims *inputs, nb_error *err)
{
    if (op->input_count < 1 || op->first < 0)
        return nb_fail(err, NB_ERR_ARGUMENT, "%d terms, first weight %d", op->input_count, op->first);
    for (int i = 1; i < op->input_count; i++) {
        nb_dims a = inputs[0], b = inputs[i];
        if (a.channels != b.channels || a.rows != b.rows || a.cols != b.cols)
            return nb_fail(err, NB_ERR_ARGUMENT, "term 1 is %d x %d x %d, term %d is %d x %d x %d", a.channels, a.rows, a.cols, i + 1,
                           b.channels, b.rows, b.cols);
    }
    op->shape = inputs[0];
    return NB_OK;
}

static nb_status concat_shape(nb_op *op, const nb_dims *inputs, nb_error *err)
{
    if (op->input_count < 1)
        return nb_fail(err, NB_ERR_ARGUMENT, "no parts");
    op->shape = inputs[0];
    for (int i = 1; i < op->input_count; i++) {
        if (inputs[i].rows != inputs[0].rows || inputs[i].cols != inputs[0].cols)
            return nb_fail(err, NB_ERR_ARGUMENT, "part 1 has %d x %d pixels, part %d has %d x %d", inputs[0].rows, inputs[0].cols, i + 1,
                           inputs[i].rows, inputs[i].cols);
        op->shape.channels += inputs[i].channels;
    }
    return check_shape(op->shape, err);
}

static nb_status slice_shape(nb_op *op, const nb_dims *inputs, nb_error *err)
{
    int count = op->shape.channels;
    if (op->first < 0 || count < 1 || op->first > inputs[0].channels - count)
        return nb_fail(err, NB_ERR_ARGUMENT, "channels %d to %d of %d", op->first, op->first + count - 1, inputs[0].channels);
    op->shape = (nb_dims){count, inputs[0].rows, inputs[0].cols};
    return NB_OK;
}

static nb_status cross_entropy_shape(nb_op *op, const nb_dims *inputs, nb_error *err)
{
    if (inputs[0].rows != 1 || inputs[0].cols != 1)
        return nb_fail(err, NB_ERR_ARGUMENT, "logits of %d x %d pixels, expected 1 x 1", inputs[0].rows, inputs[0].cols);
    if (!(op->smoothing >= 0 && op->smoothing <= 1))
        return nb_fail(err, NB_ERR_ARGUMENT, "label smoothing %g is not between 0 and 1", op->smoothing);
    op->shape = (nb_dims){1, 1, 1};
    return NB_OK;
}

const nb_op_info *nb_op_describe(nb_op_kind kind)
{
    static const nb_op_info table[NB_OP_KINDS] = {
        [NB_OP_INPUT] = {"input", input_shape, nb_reference_input, nb_reference_nothing, nb_lower_input, nb_lower_input_gradient},
        [NB_OP_CONV] = {"convolution", conv_shape, nb_reference_conv, nb_reference_conv_gradient, nb_lower_conv, nb_lower_conv_gradient},
        [NB_OP_BATCH_NORM] = {"batch norm", batch_norm_shape, nb_reference_batch_norm, nb_reference_batch_norm_gradient,
                              nb_lower_batch_norm, nb_lower_batch_norm_gradient},
        [NB_OP_RELU] = {"relu", same_shape, nb_reference_relu, nb_reference_relu_gradient, nb_lower_relu, nb_lower_relu_gradient},
        [NB_OP_POOL] = {"pool", pool_shape, nb_reference_pool, nb_reference_pool_gradient, nb_lower_pool, nb_lower_pool_gradient},
        [NB_OP_ZERO] = {"zero", zero_shape, nb_reference_constant, nb_reference_nothing, nb_lower_constant, nb_lower_nothing},
        [NB_OP_CONSTANT] = {"constant", same_shape, nb_reference_constant, nb_reference_nothing, nb_lower_constant, nb_lower_nothing},
        [NB_OP_ADD] = {"add", sum_shape, nb_reference_sum, nb_reference_sum_gradient, nb_lower_sum, nb_lower_sum_gradient},
        [NB_OP_MIX] = {"mix", sum_shape, nb_reference_sum, nb_reference_sum_gradient, nb_lower_sum, nb_lower_sum_gradient},
        [NB_OP_CONCAT] = {"concat", concat_shape, nb_reference_concat, nb_reference_concat_gradient, nb_lower_concat,
                          nb_lower_concat_gradient},
        [NB_OP_SLICE] = {"slice", slice_shape, nb_reference_slice, nb_reference_slice_gradient, nb_lower_slice, nb_lower_slice_gradient},
        [NB_OP_CROSS_ENTROPY] = {"cross entropy", cross_entropy_shape, nb_reference_cross_entropy, nb_reference_cross_entropy_gradient,
                                 nb_lower_cross_entropy, nb_lower_cross_entropy_gradient},
    };
    return &table[kind];
}
