/* The plain kernels one by one: the reference, and what the fast tables fall back on for shapes that are not worth a fast path.
 * What each promises stands in kernels.h. */
#ifndef NB_NN_KERNELS_PLAIN_H
#define NB_NN_KERNELS_PLAIN_H

#include "nn/kernels.h"

size_t nb_plain_conv_weights(const nb_conv *conv);
size_t nb_plain_conv_scratch(const nb_conv *conv);
void nb_plain_conv_pack(const nb_conv *conv, const float *w, float *packed);
void nb_plain_conv_forward(const nb_conv *conv, const float *x, const float *packed, float *y, int row_begin, int row_end, float *stats,
                           float *scratch);
void nb_plain_conv_grad_input(const nb_conv *conv, const float *dy, const float *packed, float *dx, bool add, float *scratch);
void nb_plain_conv_grad_weight(const nb_conv *conv, const float *x, const float *dy, float *partial, bool add, float *scratch);
void nb_plain_conv_finish_gradient(const nb_conv *conv, const float *partials, size_t stride, int count, float *dw, bool add);

void nb_plain_combine(const nb_combine *what, int row_begin, int row_end);
void nb_plain_moments(const float *stats, int channels, int live, int pixels, nb_moments *moments);
void nb_plain_sum_lanes(const float *lanes, int channels, double *sums);
void nb_plain_pool_forward(const nb_pool *pool, const float *x, float *y);
void nb_plain_pool_backward(const nb_pool *pool, const float *x, const float *y, const float *dy, float *dx, bool add);
void nb_plain_add_bias(nb_plane plane, int channels, int live, const float *bias, float *y);
void nb_plain_softmax_cross_entropy(int classes, int live, const float *logits, const int32_t *labels, float smoothing, float scale,
                                    float *dlogits, nb_block_loss *loss);
void nb_plain_pack(nb_plane plane, int channels, int live, const float *images, size_t image_stride, float *block);
void nb_plain_unpack(nb_plane plane, int channels, int live, const float *block, float *images, size_t image_stride);

/* Rows row_begin..row_end of one channel (y points at its row 0) into that channel's running statistics [3][16]. */
void nb_plain_stats(nb_plane plane, const float *y, int row_begin, int row_end, float *stats);

/* The pixels on an axis of `size` that lie within one step of `at`: 2 at the ends, 3 inside, 1 when there is no neighbour. */
static inline int nb_neighbours(int at, int size)
{
    return 1 + (at > 0) + (at + 1 < size);
}

/* The pixel (row, col) of a plane, columns counted without the border. */
static inline size_t nb_pixel(nb_plane plane, int row, int col)
{
    return ((size_t)row * (size_t)(plane.cols + 2) + (size_t)(col + 1)) * NB_LANES;
}

/* The input pixels [row, row_end) x [col, col_end) under a window of a pooling, cut to the plane. */
typedef struct nb_window {
    int row, row_end, col, col_end;
} nb_window;

static inline int nb_clamp_to(int at, int size)
{
    return at < 0 ? 0 : at > size ? size : at;
}

/* The window of output pixel (r, c). */
static inline nb_window nb_window_at(const nb_pool *pool, int r, int c)
{
    int row = r * pool->stride - pool->pad, col = c * pool->stride - pool->pad;
    return (nb_window){.row = nb_clamp_to(row, pool->in.rows),
                       .row_end = nb_clamp_to(row + pool->kernel_rows, pool->in.rows),
                       .col = nb_clamp_to(col, pool->in.cols),
                       .col_end = nb_clamp_to(col + pool->kernel_cols, pool->in.cols)};
}

/* 1 / the pixels of the window; 0 for an empty one. */
static inline float nb_window_share(nb_window w)
{
    int pixels = (w.row_end - w.row) * (w.col_end - w.col);
    return pixels > 0 ? 1.0f / (float)pixels : 0;
}

#endif
