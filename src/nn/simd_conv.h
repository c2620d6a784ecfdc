/* The convolution kernels of the instruction set that the including file is compiled for. Kernels 3 (pad 1) and 1 at strides 1 and 2
 * have fast paths; everything else takes the plain one. */
#ifndef NB_NN_SIMD_CONV_H
#define NB_NN_SIMD_CONV_H

#include "nn/kernels_plain.h"
#include "nn/simd_conv_gradient.h"
#include "nn/simd_kernels.h"
#include "nn/simd_minimal_forward.h"
#include "nn/simd_minimal_gradient.h"

/* Whether the register tiles can run this convolution: they rely on reads staying within the border columns. */
static bool is_fast(const nb_conv *conv)
{
    if (conv->groups != 1 || conv->dilation != 1 || conv->stride > 2)
        return false;
    bool same = conv->in.rows == conv->out.rows && conv->in.cols == conv->out.cols;
    bool halved = (conv->in.rows + 1) / 2 == conv->out.rows && (conv->in.cols + 1) / 2 == conv->out.cols;
    if (conv->stride == 1)
        return same && ((conv->kernel == 3 && conv->pad == 1) || (conv->kernel == 1 && conv->pad == 0));
    return (conv->kernel == 3 && conv->pad == 1 && halved) || (conv->kernel == 1 && (conv->pad == 0 || conv->pad == -1) && halved);
}

/* Whether minimal filtering pays: not for one or two pixels. */
static bool is_minimal(const nb_conv *conv)
{
    return is_fast(conv) && conv->kernel == 3 && conv->stride == 1 && conv->in.cols >= 3 && conv->in.rows >= 3;
}

size_t NB_SIMD(conv_weights)(const nb_conv *conv)
{
    return is_minimal(conv) ? minimal_weights(conv->in_channels, conv->out_channels) : nb_plain_conv_weights(conv);
}

size_t NB_SIMD(conv_scratch)(const nb_conv *conv)
{
    if (!is_minimal(conv))
        return nb_plain_conv_scratch(conv);
    size_t forward = minimal_forward_scratch(conv->in_channels), gradient = minimal_gradient_scratch(conv);
    size_t backward = minimal_forward_scratch(conv->out_channels);
    forward = forward > backward ? forward : backward;
    return forward > gradient ? forward : gradient;
}

/* packed: groups of `outputs`, each [inputs][taps][group]; the weight from input b through tap t to output a is
 * w[a * out_step + b * in_step + (flipped ? taps - 1 - t : t)]. */
static void pack_groups(const float *w, int outputs, int inputs, int taps, size_t out_step, size_t in_step, bool flipped, float *packed)
{
    for (int a = 0, step; a < outputs; a += step) {
        step = tile_step(outputs - a, TILE_CO);
        for (int b = 0; b < inputs; b++)
            for (int t = 0; t < taps; t++)
                for (int k = 0; k < step; k++)
                    *packed++ = w[(size_t)(a + k) * out_step + (size_t)b * in_step + (size_t)(flipped ? taps - 1 - t : t)];
    }
}

void NB_SIMD(conv_pack_forward)(const nb_conv *conv, const float *w, float *packed)
{
    size_t taps = (size_t)(conv->kernel * conv->kernel);
    if (is_minimal(conv))
        minimal_pack(w, conv->out_channels, conv->in_channels, (size_t)conv->in_channels * taps, taps, false, packed);
    else if (is_fast(conv))
        pack_groups(w, conv->out_channels, conv->in_channels, (int)taps, (size_t)conv->in_channels * taps, taps, false, packed);
    else
        nb_plain_conv_pack(conv, w, packed);
}

void NB_SIMD(conv_pack_backward)(const nb_conv *conv, const float *w, float *packed)
{
    size_t taps = (size_t)(conv->kernel * conv->kernel);
    if (is_minimal(conv))
        minimal_pack(w, conv->in_channels, conv->out_channels, taps, (size_t)conv->in_channels * taps, true, packed);
    else if (is_fast(conv))
        pack_groups(w, conv->in_channels, conv->out_channels, (int)taps, taps, (size_t)conv->in_channels * taps, true, packed);
    else
        nb_plain_conv_pack(conv, w, packed);
}

/* Two callers, one copy of the loops that matter most. */
static void forward_3x3(const nb_conv *conv, const float *x, const float *packed, float *y, int row_begin, int row_end, float *stats,
                        bool add)
{
    forward_rows(conv, x, packed, y, row_begin, row_end, stats, add, 3, 1);
}

static void forward_1x1(const nb_conv *conv, const float *x, const float *packed, float *y, int row_begin, int row_end, float *stats,
                        bool add)
{
    forward_rows(conv, x, packed, y, row_begin, row_end, stats, add, 1, 1);
}

void NB_SIMD(conv_forward)(const nb_conv *conv, const float *x, const float *packed, float *y, int row_begin, int row_end, float *stats,
                           float *scratch)
{
    if (is_minimal(conv))
        minimal_forward(conv, x, packed, y, row_begin, row_end, stats, false, scratch);
    else if (!is_fast(conv))
        nb_plain_conv_forward(conv, x, packed, y, row_begin, row_end, stats, scratch);
    else if (conv->kernel == 3 && conv->stride == 1)
        forward_3x3(conv, x, packed, y, row_begin, row_end, stats, false);
    else if (conv->kernel == 3)
        forward_rows(conv, x, packed, y, row_begin, row_end, stats, false, 3, 2);
    else if (conv->stride == 1)
        forward_1x1(conv, x, packed, y, row_begin, row_end, stats, false);
    else
        forward_rows(conv, x, packed, y, row_begin, row_end, stats, false, 1, 2);
}

void NB_SIMD(conv_grad_input)(const nb_conv *conv, const float *dy, const float *packed, float *dx, bool add, float *scratch)
{
    nb_conv back = transposed(conv);
    if (is_minimal(conv))
        minimal_forward(&back, dy, packed, dx, 0, back.out.rows, NULL, add, scratch);
    else if (!is_fast(conv))
        nb_plain_conv_grad_input(conv, dy, packed, dx, add, scratch);
    else if (conv->kernel == 3 && conv->stride == 1)
        forward_3x3(&back, dy, packed, dx, 0, back.out.rows, NULL, add);
    else if (conv->kernel == 3)
        grad_input_3x3_stride_2(conv, dy, packed, dx, add);
    else if (conv->stride == 1)
        forward_1x1(&back, dy, packed, dx, 0, back.out.rows, NULL, add);
    else
        grad_input_1x1_stride_2(conv, dy, packed, dx, add);
}

void NB_SIMD(conv_grad_weight)(const nb_conv *conv, const float *x, const float *dy, float *partial, bool add, float *scratch)
{
    if (is_minimal(conv))
        minimal_gradient(conv, x, dy, partial, add, scratch);
    else if (!is_fast(conv))
        nb_plain_conv_grad_weight(conv, x, dy, partial, add, scratch);
    else if (conv->kernel == 3 && conv->stride == 1)
        grad_weight_direct(conv, x, dy, partial, add, 3, 1);
    else if (conv->kernel == 3)
        grad_weight_direct(conv, x, dy, partial, add, 3, 2);
    else if (conv->stride == 1)
        grad_weight_direct(conv, x, dy, partial, add, 1, 1);
    else
        grad_weight_direct(conv, x, dy, partial, add, 1, 2);
}

void NB_SIMD(conv_finish_gradient)(const nb_conv *conv, const float *partials, size_t stride, int count, float *dw, bool add)
{
    if (is_minimal(conv))
        minimal_finish_gradient(conv, partials, stride, count, dw, add);
    else if (is_fast(conv))
        finish_gradient(conv, partials, stride, count, dw, add);
    else
        nb_plain_conv_finish_gradient(conv, partials, stride, count, dw, add);
}

#endif
