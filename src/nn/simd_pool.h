/* Pooling, one vector per pixel and part of the lanes. */
#ifndef NB_NN_SIMD_POOL_H
#define NB_NN_SIMD_POOL_H

#include <string.h>

#include "nn/simd_kernels.h"

NB_INLINE vec average_window(const float *x, size_t row_floats, int rows, int cols, float share)
{
    vec sum = vec_zero();
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < cols; c++)
            sum = vec_add(sum, vec_load(x + (size_t)r * row_floats + (size_t)c * NB_LANES));
    return vec_mul(sum, vec_all(share));
}

/* NaN wins over every number: it must show in the loss. */
NB_INLINE vec maximum_window(const float *x, size_t row_floats, int rows, int cols)
{
    vec best = vec_load(x);
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < cols; c++) {
            vec v = vec_load(x + (size_t)r * row_floats + (size_t)c * NB_LANES);
            best = vec_choose(mask_or(vec_greater(v, best), vec_is_nan(v)), v, best);
        }
    return best;
}

/* Gives dy to the first pixel of the window, row by row, that equals the maximum. */
NB_INLINE void spread_maximum(const float *x, float *dx, size_t row_floats, int rows, int cols, vec maximum, vec dy)
{
    vec_mask given = mask_none();
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < cols; c++) {
            size_t at = (size_t)r * row_floats + (size_t)c * NB_LANES;
            vec_mask here = mask_and_not(vec_equal(vec_load(x + at), maximum), given);
            given = mask_or(given, here);
            vec_store(dx + at, vec_add(vec_load(dx + at), vec_keep(here, dy)));
        }
}

NB_INLINE void spread_average(float *dx, size_t row_floats, int rows, int cols, vec share)
{
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < cols; c++) {
            float *pixel = dx + (size_t)r * row_floats + (size_t)c * NB_LANES;
            vec_store(pixel, vec_add(vec_load(pixel), share));
        }
}

void NB_SIMD(pool_forward)(const nb_pool *pool, const float *x, float *y)
{
    size_t row_floats = nb_row_floats(pool->in);
    for (int channel = 0; channel < pool->channels; channel++, x += nb_plane_floats(pool->in), y += nb_plane_floats(pool->out))
        for (int r = 0; r < pool->out.rows; r++)
            for (int c = 0; c < pool->out.cols; c++) {
                nb_window w = nb_window_at(pool, r, c);
                int rows = w.row_end - w.row, cols = w.col_end - w.col;
                for (size_t lane = 0; lane < NB_LANES; lane += VEC_FLOATS) {
                    const float *corner = x + nb_pixel(pool->in, w.row, w.col) + lane;
                    vec v = pool->kind == NB_POOL_AVERAGE ? average_window(corner, row_floats, rows, cols, nb_window_share(w))
                                                          : maximum_window(corner, row_floats, rows, cols);
                    vec_store(y + nb_pixel(pool->out, r, c) + lane, v);
                }
            }
}

void NB_SIMD(pool_backward)(const nb_pool *pool, const float *x, const float *y, const float *dy, float *dx, bool add)
{
    size_t row_floats = nb_row_floats(pool->in), in = nb_plane_floats(pool->in), out = nb_plane_floats(pool->out);
    for (int channel = 0; channel < pool->channels; channel++, x += in, dx += in, y += out, dy += out) {
        for (int r = 0; !add && r < pool->in.rows; r++)
            memset(dx + nb_pixel(pool->in, r, 0), 0, (size_t)pool->in.cols * NB_LANES * sizeof *dx);
        for (int r = 0; r < pool->out.rows; r++)
            for (int c = 0; c < pool->out.cols; c++) {
                nb_window w = nb_window_at(pool, r, c);
                int rows = w.row_end - w.row, cols = w.col_end - w.col;
                for (size_t lane = 0; lane < NB_LANES; lane += VEC_FLOATS) {
                    size_t corner = nb_pixel(pool->in, w.row, w.col) + lane, at = nb_pixel(pool->out, r, c) + lane;
                    if (pool->kind == NB_POOL_AVERAGE)
                        spread_average(dx + corner, row_floats, rows, cols, vec_mul(vec_load(dy + at), vec_all(nb_window_share(w))));
                    else
                        spread_maximum(x + corner, dx + corner, row_floats, rows, cols, vec_load(y + at), vec_load(dy + at));
                }
            }
    }
}

#endif
