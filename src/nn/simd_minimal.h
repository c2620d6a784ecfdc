/* 3x3 convolutions of stride 1 with a quarter of the multiplications: minimal filtering F(4x4, 3x3) (Winograd 1980; Lavin and Gray 2016,
 * "Fast algorithms for convolutional neural networks").
 *
 * Four neighbouring outputs of a 3-tap filter need six products instead of twelve: with d the six inputs under them and g the taps,
 *
 *     y = A' [ (G g) * (B' d) ]        element-wise product; A, B, G fixed matrices from six points
 *
 * Along both axes, a tile of 4x4 outputs takes 36 products instead of 144. B' d B is computed once for each tile and serves all output
 * channels; G g G' once a step. The weight gradient is the transpose of the same, dg = G' [ (A dy A') * (B' d B) ] G, where G' runs on sums
 * over many tiles.
 *
 * The points are 0, +-3/4, +-3/2 and infinity. The usual 0, +-1, +-2, infinity would save a few multiplications and round off four times as
 * much. Measured, the largest error is below 1e-6 of the sum of magnitudes, as for the direct loops.
 *
 * A plane is cut into tiles; what the last ones lack counts as zero. "Line": the 16 lanes of one value. */
#ifndef NB_NN_SIMD_MINIMAL_H
#define NB_NN_SIMD_MINIMAL_H

#include "nn/simd.h"

enum { TILE_OUT = 4, TILE_IN = 6, POINTS = 6, HALF = 3, PRODUCTS = POINTS * POINTS };

/* The points besides 0 and infinity. All numbers made of them here are exact. */
#define NEAR_POINT 0.75f
#define FAR_POINT 1.5f
#define NEAR_2 (NEAR_POINT * NEAR_POINT)
#define FAR_2 (FAR_POINT * FAR_POINT)

NB_INLINE int tiles_of(int size)
{
    return (size + TILE_OUT - 1) / TILE_OUT;
}

/* v[HALF] = points 0, near, -near of B' d[TILE_IN]; or, UPPER, far, -far, infinity. Half at a time, 6x6 values fit the registers. */
NB_INLINE void transform_input(const vec *d, vec *v, const int UPPER)
{
    const vec other = vec_all(UPPER ? NEAR_2 : FAR_2), point = vec_all(UPPER ? FAR_POINT : NEAR_POINT);
    vec even = vec_fnma(other, d[2], d[4]), odd = vec_mul(point, vec_fnma(other, d[1], d[3]));
    v[UPPER ? 0 : 1] = vec_add(even, odd);
    v[UPPER ? 1 : 2] = vec_sub(even, odd);
    const vec *end = UPPER ? d + 1 : d;
    v[UPPER ? 2 : 0] = vec_fma(vec_all(NEAR_2 * FAR_2), end[0], vec_fnma(vec_all(NEAR_2 + FAR_2), end[2], end[4]));
}

/* y[TILE_OUT] = A' m[POINTS] */
NB_INLINE void transform_output(const vec *m, vec *y)
{
    vec sum = vec_add(m[1], m[2]), difference = vec_sub(m[1], m[2]), sum_2 = vec_add(m[3], m[4]), difference_2 = vec_sub(m[3], m[4]);
    y[0] = vec_add(m[0], vec_add(sum, sum_2));
    y[1] = vec_fma(vec_all(FAR_POINT), difference_2, vec_mul(vec_all(NEAR_POINT), difference));
    y[2] = vec_fma(vec_all(FAR_2), sum_2, vec_mul(vec_all(NEAR_2), sum));
    y[3] = vec_fma(vec_all(FAR_2 * FAR_POINT), difference_2, vec_fma(vec_all(NEAR_2 * NEAR_POINT), difference, m[5]));
}

/* v[HALF] = points 0, near, -near of A dy[TILE_OUT]; or, UPPER, far, -far, infinity */
NB_INLINE void transform_gradient(const vec *dy, vec *v, const int UPPER)
{
    const vec square = vec_all(UPPER ? FAR_2 : NEAR_2), point = vec_all(UPPER ? FAR_POINT : NEAR_POINT);
    vec even = vec_fma(square, dy[2], dy[0]), odd = vec_mul(point, vec_fma(square, dy[3], dy[1]));
    v[UPPER ? 0 : 1] = vec_add(even, odd);
    v[UPPER ? 1 : 2] = vec_sub(even, odd);
    v[UPPER ? 2 : 0] = UPPER ? dy[3] : dy[0];
}

/* 1 / the product of a point's distances from the other finite points */
static const double zero_share = 1.0 / (NEAR_2 * FAR_2), near_share = 1.0 / (2.0 * NEAR_2 * (NEAR_2 - FAR_2)),
                    far_share = 1.0 / (2.0 * FAR_2 * (FAR_2 - NEAR_2));

/* u[POINTS] = G w[3], in double; both `step` apart */
static void transform_weights(const double *w, double *u, size_t step)
{
    double first = w[0], middle = w[step], last = w[2 * step];
    u[0] = first * zero_share;
    u[step] = (first + (double)NEAR_POINT * middle + (double)NEAR_2 * last) * near_share;
    u[2 * step] = (first - (double)NEAR_POINT * middle + (double)NEAR_2 * last) * near_share;
    u[3 * step] = (first + (double)FAR_POINT * middle + (double)FAR_2 * last) * far_share;
    u[4 * step] = (first - (double)FAR_POINT * middle + (double)FAR_2 * last) * far_share;
    u[5 * step] = last;
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

/* Where a tile gets its input from: rows[i] is the pixel under tap 0 of its output row i, or zeros where there is no such row. It stands at
 * one channel and moves on to the next. */
typedef struct input_tile {
    const float *rows[TILE_IN];
    size_t steps[TILE_IN]; /* to the next channel */
    int cols;              /* from those pixels to the end of the row with its border */
} input_tile;

/* That of the tile whose first output is (row, col), at the channel whose plane is `x`. */
NB_INLINE void set_input_tile(input_tile *tile, nb_plane plane, const float *x, int row, int col)
{
    static const float zeros[TILE_IN * NB_LANES] __attribute__((aligned(64))) = {0};
    tile->cols = plane.cols + 2 - col;
    for (int i = 0; i < TILE_IN; i++) {
        int r = row - 1 + i;
        bool exists = r >= 0 && r < plane.rows;
        tile->rows[i] = exists ? x + (size_t)r * nb_row_floats(plane) + (size_t)col * NB_LANES : zeros;
        tile->steps[i] = exists ? nb_plane_floats(plane) : 0;
    }
}

NB_INLINE void next_channel(input_tile *tile)
{
    NB_EACH (i, TILE_IN)
        tile->rows[i] += tile->steps[i];
}

/* v[TILE_IN] = column j of h, transformed, goes to `to`, one every `step` floats. */
NB_INLINE void transform_input_column(const vec (*h)[HALF], int j, float *to, size_t step)
{
    vec column[TILE_IN], v[POINTS];
    NB_EACH (i, TILE_IN)
        column[i] = h[i][j];
    transform_input(column, v, 0);
    transform_input(column, v + HALF, 1);
    NB_EACH (i, POINTS)
        vec_store(to + (size_t)i * step, v[i]);
}

/* Point (i, j) of B' d B goes to to[i * row_step + j * step], for the lanes from `lane` on and half of the j. */
NB_INLINE void transform_input_half(const input_tile *tile, size_t lane, float *to, size_t row_step, size_t step, const int UPPER)
{
    vec h[TILE_IN][HALF];
    NB_EACH (i, TILE_IN) {
        vec d[TILE_IN];
        load_tile(tile->rows[i] + lane, tile->cols, d, TILE_IN);
        transform_input(d, h[i], UPPER);
    }
    NB_EACH (j, HALF)
        transform_input_column((const vec(*)[HALF])h, j, to + (size_t)(UPPER * HALF + j) * step, row_step);
}

NB_INLINE void transform_input_tile(const input_tile *tile, float *to, size_t row_step, size_t step)
{
    for (size_t lane = 0; lane < NB_LANES; lane += VEC_FLOATS) {
        transform_input_half(tile, lane, to + lane, row_step, step, 0);
        transform_input_half(tile, lane, to + lane, row_step, step, 1);
    }
}

#endif
