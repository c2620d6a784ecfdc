/* The gradients of a convolution in register tiles.
 *
 * Backward weights hold the forward weights transposed and flipped: input channels in groups of TILE_CO, each
 * [out_channels][kernel][kernel][group], tap (i, j) at (kernel - 1 - i, kernel - 1 - j). So at stride 1 the input gradient is the
 * forward convolution of dy.
 *
 * A partial weight gradient is a sequence of tiles, groups of output channels with groups of input channels, each
 * [kernel rows][kernel columns][outputs][inputs]. */
#ifndef NB_NN_SIMD_CONV_GRADIENT_H
#define NB_NN_SIMD_CONV_GRADIENT_H

#include <string.h>

#include "nn/simd_conv_forward.h"

/* --- input gradient --- */

/* The convolution that takes dy to dx at stride 1. */
static nb_conv transposed(const nb_conv *conv)
{
    nb_conv back = *conv;
    back.in_channels = conv->out_channels;
    back.out_channels = conv->in_channels;
    back.in = conv->out;
    back.out = conv->in;
    back.pad = conv->kernel - 1 - conv->pad;
    return back;
}

static void clear_pixels(nb_plane plane, int channels, float *x)
{
    for (int channel = 0; channel < channels; channel++, x += nb_plane_floats(plane))
        for (int row = 0; row < plane.rows; row++)
            memset(x + (size_t)row * nb_row_floats(plane) + NB_LANES, 0, (size_t)plane.cols * NB_LANES * sizeof *x);
}

/* Kernel 1, stride 2: dy's pixels land on every second pixel of every second row, the others get nothing. */
static void grad_input_1x1_stride_2(const nb_conv *conv, const float *dy, const float *packed, float *dx, bool add)
{
    if (!add)
        clear_pixels(conv->in, conv->in_channels, dx);
    int offset = -conv->pad;
    forward_job job = {.in_channels = conv->out_channels,
                       .x_row = nb_row_floats(conv->out),
                       .x_plane = nb_plane_floats(conv->out),
                       .y_plane = nb_plane_floats(conv->in),
                       .add = add};
    for (int r = 0; r < conv->out.rows && 2 * r + offset < conv->in.rows; r++) {
        int cols = (conv->in.cols - offset + 1) / 2;
        cols = cols < conv->out.cols ? cols : conv->out.cols;
        for (int c = 0, step; c < cols; c += step) {
            step = tile_step(cols - c, TILE_COLS);
            for (int part = 0; part < VEC_PARTS; part++) {
                size_t lane = (size_t)(part * VEC_FLOATS);
                const float *x = dy + (size_t)r * job.x_row + (size_t)(c + 1) * NB_LANES + lane;
                float *y = dx + (size_t)(2 * r + offset) * nb_row_floats(conv->in) + (size_t)(2 * c + offset + 1) * NB_LANES + lane;
                forward_tile tile = {.x = x, .ahead = x, .w = packed, .y = y, .tap_begin = 0, .tap_end = 1};
                forward_all_channels(&job, &tile, conv->in_channels, step, 1, 1, 2);
            }
        }
    }
}

/* Where one tile of the input gradient of a 3x3 convolution of stride 2 lies. Which taps reach an input pixel depends on whether its
 * row and column are even (tap 1) or odd (taps 0 and 2): a tile starts at an even column. */
typedef struct spread_tile {
    const float *dy;    /* output channel 0, row of the first tap, output column first_column / 2 */
    const float *ahead; /* a line of that channel that the next rows will need */
    float *dx;          /* first input channel */
    const float *w;     /* the group's packed weights */
    int taps;           /* rows of dy that reach this row: 0, 1 or 2 */
    int tap;            /* the tap (row) that the first of them goes through; the next one is two taps further, one row of dy earlier */
} spread_tile;

NB_INLINE void spread_one_tile(const nb_conv *conv, const spread_tile *tile, bool add, const int CI, const int COLS)
{
    size_t dx_plane = nb_plane_floats(conv->in), dy_plane = nb_plane_floats(conv->out), dy_row = nb_row_floats(conv->out);
    vec sum[TILE_CO][TILE_COLS];
    NB_EACH (o, CI)
        NB_EACH (c, COLS)
            sum[o][c] = add ? vec_load(tile->dx + (size_t)o * dx_plane + (size_t)c * NB_LANES) : vec_zero();

    NB_EACH (o, CI)
        NB_EACH (c, COLS)
            __builtin_prefetch(tile->dx + (size_t)o * dx_plane + (size_t)c * NB_LANES, 1);
    const float *ahead = tile->ahead;
    for (int co = 0; co < conv->out_channels; co++, ahead += dy_plane) {
        __builtin_prefetch(ahead, 0, 2);
        for (int t = 0; t < tile->taps; t++) {
            const float *dy = tile->dy + (size_t)co * dy_plane - (size_t)t * dy_row;
            const float *w = tile->w + (size_t)((co * 9 + 8 - (tile->tap + 2 * t) * 3) * CI);
            vec d[TILE_COLS / 2 + 1];
            NB_EACH (q, COLS / 2 + 1)
                d[q] = vec_load(dy + (size_t)q * NB_LANES);
            NB_EACH (o, CI) {
                vec left = vec_all(w[o]), middle = vec_all(w[o - CI]), right = vec_all(w[o - 2 * CI]);
                NB_EACH (c, COLS) {
                    if (c % 2 == 0)
                        sum[o][c] = vec_fma(middle, d[c / 2], sum[o][c]);
                    else
                        sum[o][c] = vec_fma(left, d[c / 2 + 1], vec_fma(right, d[c / 2], sum[o][c]));
                }
            }
        }
    }

    NB_EACH (o, CI)
        NB_EACH (c, COLS)
            vec_store(tile->dx + (size_t)o * dx_plane + (size_t)c * NB_LANES, sum[o][c]);
}

NB_INLINE void spread_tile_of(const nb_conv *conv, const spread_tile *tile, bool add, int ci, const int COLS)
{
    if (ci == TILE_CO)
        spread_one_tile(conv, tile, add, TILE_CO, COLS);
    else if (ci == 2)
        spread_one_tile(conv, tile, add, 2, COLS);
    else
        spread_one_tile(conv, tile, add, 1, COLS);
}

static void spread_all_channels(const nb_conv *conv, spread_tile *tile, bool add, int cols)
{
    for (int ci = 0, step; ci < conv->in_channels; ci += step) {
        step = tile_step(conv->in_channels - ci, TILE_CO);
        if (cols == TILE_COLS)
            spread_tile_of(conv, tile, add, step, TILE_COLS);
        else if (TILE_COLS > 2 && cols == 2)
            spread_tile_of(conv, tile, add, step, 2);
        else
            spread_tile_of(conv, tile, add, step, 1);
        tile->w += (size_t)step * (size_t)conv->out_channels * 9;
        tile->dx += (size_t)step * nb_plane_floats(conv->in);
        tile->ahead += ci + step < TILE_COLS / 2 * TILE_CO ? NB_LANES : 0;
    }
}

/* Kernel 3, stride 2, pad 1. */
static void grad_input_3x3_stride_2(const nb_conv *conv, const float *dy, const float *packed, float *dx, bool add)
{
    for (int r = 0; r < conv->in.rows; r++) {
        /* Even rows are reached through tap 1 from row r / 2; odd ones through tap 0 from the row below, if there is one, and tap 2. */
        int below = (r + 1) / 2, tap = r % 2 == 0 ? 1 : below < conv->out.rows ? 0 : 2;
        int out_row = tap == 2 ? below - 1 : below;
        for (int c = 0, step; c < conv->in.cols; c += step) {
            step = tile_step(conv->in.cols - c, TILE_COLS);
            for (int part = 0; part < VEC_PARTS; part++) {
                size_t lane = (size_t)(part * VEC_FLOATS);
                spread_tile tile = {.dy = dy + (size_t)out_row * nb_row_floats(conv->out) + (size_t)(c / 2 + 1) * NB_LANES + lane,
                                    .dx = dx + (size_t)r * nb_row_floats(conv->in) + (size_t)(c + 1) * NB_LANES + lane,
                                    .ahead = dy + (size_t)(below + 1 < conv->out.rows ? below + 1 : 0) * nb_row_floats(conv->out) +
                                             (size_t)(c / 2 + 1) * NB_LANES,
                                    .w = packed,
                                    .tap = tap,
                                    .taps = tap == 0 ? 2 : 1};
                spread_all_channels(conv, &tile, add, step);
            }
        }
    }
}

/* --- weight gradient --- */

/* Register tiles of the weight gradient: output channels x input channels x the taps of one kernel row. */
enum { GRAD_CO = 4, GRAD_CI_3X3 = VEC_PARTS == 1 ? 2 : 1, GRAD_CI_1X1 = VEC_PARTS == 1 ? 4 : 2 };

NB_INLINE int grad_inputs(const int K)
{
    return K == 3 ? GRAD_CI_3X3 : GRAD_CI_1X1;
}

/* partial[k] = (or += if `add`) the sum over the lanes of v[k]. */
NB_INLINE void store_sums(const vec *v, float *partial, bool add, const int N)
{
    NB_EACH (quad, (N + 3) / 4) {
        int k = 4 * quad;
        __m128 four =
            vec_sum_4(v[k], k + 1 < N ? v[k + 1] : vec_zero(), k + 2 < N ? v[k + 2] : vec_zero(), k + 3 < N ? v[k + 3] : vec_zero());
        if (k + 4 <= N) {
            _mm_storeu_ps(partial + k, add ? _mm_add_ps(_mm_loadu_ps(partial + k), four) : four);
        } else {
            float rest[4];
            _mm_storeu_ps(rest, four);
            for (int n = 0; k + n < N; n++)
                partial[k + n] = add ? partial[k + n] + rest[n] : rest[n];
        }
    }
}

/* The input columns of a row that a pixel of dy meets, xs[ci][j]; at stride 1 two of three are those of the pixel before. */
NB_INLINE void grad_load(const float *x, size_t x_plane, vec (*xs)[3], bool fresh, const int CI, const int K, const int S)
{
    NB_EACH (ci, CI) {
        if (K == 3 && S == 1 && !fresh) {
            xs[ci][0] = xs[ci][1];
            xs[ci][1] = xs[ci][2];
            xs[ci][2] = vec_load(x + (size_t)ci * x_plane + 2 * NB_LANES);
        } else {
            NB_EACH (j, K)
                xs[ci][j] = vec_load(x + (size_t)ci * x_plane + (size_t)j * NB_LANES);
        }
    }
}

/* One row of dy against one row of x, into sum[j][co][ci]. x and dy stand at the first output pixel, x under tap 0. */
NB_INLINE void grad_row(const nb_conv *conv, const float *x, const float *dy, vec *sum, const int CO, const int CI, const int K,
                        const int S)
{
    size_t x_plane = nb_plane_floats(conv->in), dy_plane = nb_plane_floats(conv->out);
    vec xs[GRAD_CI_1X1][3];
    for (int c = 0; c < conv->out.cols; c++) {
        if (K == 3 && S == 1 && c == 0)
            grad_load(x, x_plane, xs, true, CI, K, S);
        else
            grad_load(x + (size_t)(c * S) * NB_LANES, x_plane, xs, false, CI, K, S);
        NB_EACH (o, CO) {
            vec d = vec_load(dy + (size_t)o * dy_plane + (size_t)c * NB_LANES);
            NB_EACH (ci, CI)
                NB_EACH (j, K)
                    sum[(j * CO + o) * CI + ci] = vec_fma(d, xs[ci][j], sum[(j * CO + o) * CI + ci]);
        }
    }
}

/* The part of a block that is worked on. */
typedef struct grad_work {
    const nb_conv *conv;
    const float *x, *dy;    /* the planes' row 0 of the first channels concerned */
    int row_begin, row_end; /* of dy */
    bool add;
} grad_work;

/* Kernel row i of the weights between CO output and CI input channels. */
NB_INLINE void grad_one_tile(const grad_work *work, int i, float *partial, const int CO, const int CI, const int K, const int S)
{
    const nb_conv *conv = work->conv;
    vec sum[GRAD_CO * (GRAD_CI_3X3 * 3 > GRAD_CI_1X1 ? GRAD_CI_3X3 * 3 : GRAD_CI_1X1)];
    NB_EACH (k, CO * CI * K)
        sum[k] = vec_zero();
    for (int r = work->row_begin; r < work->row_end; r++) {
        int row = r * S - conv->pad + i;
        if (row < 0 || row >= conv->in.rows)
            continue;
        const float *x_row = work->x + (size_t)row * nb_row_floats(conv->in) + (size_t)(1 - conv->pad) * NB_LANES;
        const float *dy_row = work->dy + (size_t)r * nb_row_floats(conv->out) + NB_LANES;
        for (size_t lane = 0; lane < NB_LANES; lane += VEC_FLOATS)
            grad_row(conv, x_row + lane, dy_row + lane, sum, CO, CI, K, S);
    }
    store_sums(sum, partial, work->add, CO * CI * K);
}

NB_INLINE void grad_tile_of(const grad_work *work, int i, float *partial, int co, const int CI, const int K, const int S)
{
    if (co == GRAD_CO)
        grad_one_tile(work, i, partial, GRAD_CO, CI, K, S);
    else if (co == 2)
        grad_one_tile(work, i, partial, 2, CI, K, S);
    else
        grad_one_tile(work, i, partial, 1, CI, K, S);
}

/* All weights, from the rows of `all`. */
NB_INLINE void grad_band(const grad_work *all, float *partial, const int K, const int S)
{
    const nb_conv *conv = all->conv;
    grad_work work = *all;
    for (int co = 0, outs; co < conv->out_channels; co += outs) {
        outs = tile_step(conv->out_channels - co, GRAD_CO);
        work.dy = all->dy + (size_t)co * nb_plane_floats(conv->out);
        for (int ci = 0, ins; ci < conv->in_channels; ci += ins) {
            ins = tile_step(conv->in_channels - ci, grad_inputs(K));
            work.x = all->x + (size_t)ci * nb_plane_floats(conv->in);
            for (int i = 0; i < K; i++) {
                if (grad_inputs(K) > 2 && ins == grad_inputs(K))
                    grad_tile_of(&work, i, partial, outs, grad_inputs(K), K, S);
                else if (grad_inputs(K) > 1 && ins == 2)
                    grad_tile_of(&work, i, partial, outs, 2, K, S);
                else
                    grad_tile_of(&work, i, partial, outs, 1, K, S);
                partial += outs * ins * K;
            }
        }
    }
}

/* Every channel of x meets every channel of dy, so the rows of both are taken in bands that stay in a second-level cache of 1 MiB. */
NB_INLINE void grad_weight_direct(const nb_conv *conv, const float *x, const float *dy, float *partial, bool add, const int K, const int S)
{
    const size_t cache = 512 * 1024 / sizeof(float);
    size_t row = (size_t)(conv->in_channels * S) * nb_row_floats(conv->in) + (size_t)conv->out_channels * nb_row_floats(conv->out);
    int most = row < cache ? (int)(cache / row) : 1, bands = (conv->out.rows + most - 1) / most;
    most = (conv->out.rows + bands - 1) / bands;
    for (int r = 0; r < conv->out.rows; r += most) {
        int end = r + most < conv->out.rows ? r + most : conv->out.rows;
        grad_work work = {.conv = conv, .x = x, .dy = dy, .row_begin = r, .row_end = end, .add = add || r > 0};
        grad_band(&work, partial, K, S);
    }
}

/* Sums one tile over all partials and puts it in its place: `dw` stands at the tile's first weight. */
static void finish_tile(const nb_conv *conv, const float *partials, size_t stride, int count, float *dw, bool add, int outs, int ins)
{
    float sum[GRAD_CO * 4 * 9] = {0};
    int taps = conv->kernel * conv->kernel, n = outs * ins * taps;
    for (int p = 0; p < count; p++)
        for (int k = 0; k < n; k++)
            sum[k] += partials[(size_t)p * stride + (size_t)k];
    const float *next = sum;
    for (int t = 0; t < taps; t++)
        for (int o = 0; o < outs; o++)
            for (int c = 0; c < ins; c++) {
                float *at = dw + (o * conv->in_channels + c) * taps + t;
                *at = add ? *at + *next : *next;
                next++;
            }
}

static void finish_gradient(const nb_conv *conv, const float *partials, size_t stride, int count, float *dw, bool add)
{
    int taps = conv->kernel * conv->kernel;
    for (int co = 0, outs; co < conv->out_channels; co += outs) {
        outs = tile_step(conv->out_channels - co, GRAD_CO);
        for (int ci = 0, ins; ci < conv->in_channels; ci += ins) {
            ins = tile_step(conv->in_channels - ci, grad_inputs(conv->kernel));
            float *at = dw + ((size_t)co * (size_t)conv->in_channels + (size_t)ci) * (size_t)taps;
            finish_tile(conv, partials, stride, count, at, add, outs, ins);
            partials += outs * ins * taps;
        }
    }
}

#endif
