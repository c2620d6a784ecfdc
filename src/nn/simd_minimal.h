/* 3x3 convolutions of stride 1 with half the multiplications: minimal filtering F(4, 3) along the rows (Winograd 1980; Lavin and Gray
 * 2016, "Fast algorithms for convolutional neural networks").
 *
 * Four neighbouring outputs of a 3-tap filter need six products instead of twelve: with d the six inputs under them and g the taps,
 *
 *     y = A' [ (G g) * (B' d) ]        element-wise product; A, B, G fixed matrices from the points 0, 1, -1, 2, -2 and infinity
 *
 * B' d is computed once for each input row and serves three output rows and all output channels; G g once a step; A' runs on sums that
 * are still in registers. The weight gradient is the transpose of the same, dg = G' [ (A dy) * (B' d) ], where G' runs on sums over the
 * whole block. Measured, the largest error is below 1e-6 of the sum of magnitudes, as for the direct loops.
 *
 * A row is cut into tiles of four outputs; what a last tile lacks counts as zero. "Line": the 16 lanes of one value. */
#ifndef NB_NN_SIMD_MINIMAL_H
#define NB_NN_SIMD_MINIMAL_H

#include "nn/simd.h"

enum { TILE_OUT = 4, TILE_IN = 6, POINTS = 6 };

NB_INLINE int tiles_of(int cols)
{
    return (cols + TILE_OUT - 1) / TILE_OUT;
}

/* v[POINTS] = B' d[TILE_IN] */
NB_INLINE void transform_input(const vec *d, vec *v)
{
    vec even = vec_fnma(vec_all(4), d[2], d[4]), odd = vec_fnma(vec_all(4), d[1], d[3]);
    vec even_2 = vec_sub(d[4], d[2]), odd_2 = vec_sub(d[3], d[1]);
    v[0] = vec_fma(vec_all(4), d[0], vec_fnma(vec_all(5), d[2], d[4]));
    v[1] = vec_add(even, odd);
    v[2] = vec_sub(even, odd);
    v[3] = vec_fma(vec_all(2), odd_2, even_2);
    v[4] = vec_fnma(vec_all(2), odd_2, even_2);
    v[5] = vec_fma(vec_all(4), d[1], vec_fnma(vec_all(5), d[3], d[5]));
}

/* y[TILE_OUT] = A' m[POINTS] */
NB_INLINE void transform_output(const vec *m, vec *y)
{
    vec sum = vec_add(m[1], m[2]), difference = vec_sub(m[1], m[2]), sum_2 = vec_add(m[3], m[4]), difference_2 = vec_sub(m[3], m[4]);
    y[0] = vec_add(m[0], vec_add(sum, sum_2));
    y[1] = vec_fma(vec_all(2), difference_2, difference);
    y[2] = vec_fma(vec_all(4), sum_2, sum);
    y[3] = vec_add(m[5], vec_fma(vec_all(8), difference_2, difference));
}

/* v[POINTS] = A dy[TILE_OUT] */
NB_INLINE void transform_gradient(const vec *dy, vec *v)
{
    vec even = vec_add(dy[0], dy[2]), odd = vec_add(dy[1], dy[3]);
    vec even_2 = vec_fma(vec_all(4), dy[2], dy[0]), odd_2 = vec_fma(vec_all(4), dy[3], dy[1]);
    v[0] = dy[0];
    v[1] = vec_add(even, odd);
    v[2] = vec_sub(even, odd);
    v[3] = vec_fma(vec_all(2), odd_2, even_2);
    v[4] = vec_fnma(vec_all(2), odd_2, even_2);
    v[5] = dy[3];
}

/* u[POINTS] = G w[3], in double */
static void transform_weights(const float *w, double *u)
{
    double first = w[0], middle = w[1], last = w[2];
    u[0] = first / 4;
    u[1] = -(first + middle + last) / 6;
    u[2] = -(first - middle + last) / 6;
    u[3] = (first / 4 + middle / 2 + last) / 6;
    u[4] = (first / 4 - middle / 2 + last) / 6;
    u[5] = last;
}

/* dw[j][k] = (or += if `add`) tap j of G' s[.][k]; s[POINTS][step], k < N, dw[3][N] */
NB_INLINE void transform_weight_gradient(const float *s, size_t step, float *dw, bool add, const int N)
{
    for (int k = 0; k < N; k++) {
        const float *m = s + k;
        float sum = m[step] + m[2 * step], difference = m[step] - m[2 * step];
        float sum_2 = m[3 * step] + m[4 * step], difference_2 = m[3 * step] - m[4 * step];
        float first = m[0] * (1.0f / 4) - sum * (1.0f / 6) + sum_2 * (1.0f / 24);
        float middle = difference_2 * (1.0f / 12) - difference * (1.0f / 6);
        float last = m[5 * step] - sum * (1.0f / 6) + sum_2 * (1.0f / 6);
        dw[k] = add ? dw[k] + first : first;
        dw[N + k] = add ? dw[N + k] + middle : middle;
        dw[2 * N + k] = add ? dw[2 * N + k] + last : last;
    }
}

/* d[N] = the values at x, x + 1, ..., of which the first `there` exist. */
NB_INLINE void load_tile(const float *x, int there, vec *d, const int N)
{
    if (there >= N) {
        NB_EACH (k, N)
            d[k] = vec_load(x + (size_t)k * NB_LANES);
    } else {
        NB_EACH (k, N)
            d[k] = k < there ? vec_load(x + (size_t)k * NB_LANES) : vec_zero();
    }
}

#endif
