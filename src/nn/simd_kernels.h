/* The fast kernels by name, for the table of the instruction set that the including file is compiled for. */
#ifndef NB_NN_SIMD_KERNELS_H
#define NB_NN_SIMD_KERNELS_H

#include "nn/kernels_plain.h"
#include "nn/simd.h"

size_t NB_SIMD(conv_weights)(const nb_conv *conv);
size_t NB_SIMD(conv_scratch)(const nb_conv *conv);
void NB_SIMD(conv_pack_forward)(const nb_conv *conv, const float *w, float *packed);
void NB_SIMD(conv_pack_backward)(const nb_conv *conv, const float *w, float *packed);
void NB_SIMD(conv_forward)(const nb_conv *conv, const float *x, const float *packed, float *y, int row_begin, int row_end, float *stats,
                           float *scratch);
void NB_SIMD(conv_grad_input)(const nb_conv *conv, const float *dy, const float *packed, float *dx, bool add, float *scratch);
void NB_SIMD(conv_grad_weight)(const nb_conv *conv, const float *x, const float *dy, float *partial, bool add, float *scratch);
void NB_SIMD(conv_finish_gradient)(const nb_conv *conv, const float *partials, size_t stride, int count, float *dw, bool add);

void NB_SIMD(combine)(const nb_combine *what, int row_begin, int row_end);
void NB_SIMD(pool_forward)(const nb_pool *pool, const float *x, float *y);
void NB_SIMD(pool_backward)(const nb_pool *pool, const float *x, const float *y, const float *dy, float *dx, bool add);
void NB_SIMD(add_bias)(nb_plane plane, int channels, int live, const float *bias, float *y);
void NB_SIMD(softmax_cross_entropy)(int classes, int live, const float *logits, const int32_t *labels, float smoothing, float scale,
                                    float *dlogits, nb_block_loss *loss);
void NB_SIMD(pack)(nb_plane plane, int channels, int live, const float *images, size_t image_stride, float *block);
void NB_SIMD(unpack)(nb_plane plane, int channels, int live, const float *block, float *images, size_t image_stride);

extern const nb_kernels NB_SIMD(table);

/* The members of a table; the including file adds the name. */
#define NB_SIMD_TABLE                                                                                                                      \
    .conv_forward_weights = NB_SIMD(conv_weights), .conv_backward_weights = NB_SIMD(conv_weights),                                         \
    .conv_partial_gradient = nb_plain_conv_weights, .conv_scratch = NB_SIMD(conv_scratch),                                                 \
    .conv_pack_forward = NB_SIMD(conv_pack_forward), .conv_pack_backward = NB_SIMD(conv_pack_backward),                                    \
    .conv_forward = NB_SIMD(conv_forward), .conv_grad_input = NB_SIMD(conv_grad_input), .conv_grad_weight = NB_SIMD(conv_grad_weight),     \
    .conv_finish_gradient = NB_SIMD(conv_finish_gradient), .combine = NB_SIMD(combine), .moments = nb_plain_moments,                       \
    .sum_lanes = nb_plain_sum_lanes, .pool_forward = NB_SIMD(pool_forward), .pool_backward = NB_SIMD(pool_backward),                       \
    .add_bias = NB_SIMD(add_bias), .softmax_cross_entropy = NB_SIMD(softmax_cross_entropy), .pack = NB_SIMD(pack),                         \
    .unpack = NB_SIMD(unpack)

#endif
