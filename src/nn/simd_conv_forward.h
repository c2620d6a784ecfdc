/* Forward convolution in register tiles: a few output channels times a few neighbouring output pixels stay in registers while the
 * loop runs over input channels and taps. The same loops give the input gradient at stride 1, with transposed, flipped weights.
 *
 * Packed weights: output channels in groups of TILE_CO (a rest of 2 and 1 last), each group [in_channels][kernel][kernel][group]:
 * a tile reads its weights from front to back. */
#ifndef NB_NN_SIMD_CONV_FORWARD_H
#define NB_NN_SIMD_CONV_FORWARD_H

#include "nn/simd.h"
#include "nn/simd_stats.h"

/* The tile that fits the registers: 32 of AVX-512, 16 of AVX2. */
enum { TILE_CO = 4, TILE_COLS = VEC_PARTS == 1 ? 4 : 2 };

/* A full tile of `full`, then what is left in a 2 and a 1. */
NB_INLINE int tile_step(int left, int full)
{
    return left >= full ? full : left >= 2 ? 2 : 1;
}

/* What all tiles of one call share. Strides in floats. */
typedef struct forward_job {
    int in_channels;
    size_t x_row, x_plane, y_plane;
    bool add; /* to y */
} forward_job;

/* Where one tile lies. */
typedef struct forward_tile {
    const float *x;     /* input channel 0, pixel under tap (tap_begin, 0) of the first output pixel, this tile's part of the lanes */
    const float *ahead; /* a line of channel 0 that will be needed soon */
    const float *w;     /* the group's packed weights */
    float *y;           /* first output channel and pixel */
    float *stats;       /* of the first output channel, or NULL */
    bool first;         /* the plane's first pixels: statistics start here */
    int tap_begin, tap_end;
} forward_tile;

/* One tile: y[co][c] for co < CO, c < COLS; kernel K x K, stride S, output pixels OUT_S apart. Constants in capitals. */
NB_INLINE void forward_one_tile(const forward_job *job, const forward_tile *tile, const int CO, const int COLS, const int K, const int S,
                                const int OUT_S)
{
    vec sum[TILE_CO][TILE_COLS];
    NB_EACH (o, CO)
        NB_EACH (c, COLS)
            sum[o][c] = job->add ? vec_load(tile->y + (size_t)o * job->y_plane + (size_t)(c * OUT_S) * NB_LANES) : vec_zero();

    if (K > 1 || job->in_channels >= 8) /* with fewer, the sums take no longer than the fetching */
        NB_EACH (o, CO)
            NB_EACH (c, COLS)
                __builtin_prefetch(tile->y + (size_t)o * job->y_plane + (size_t)(c * OUT_S) * NB_LANES, 1);
    const float *x_plane = tile->x, *w_plane = tile->w, *ahead = tile->ahead;
    for (int ci = 0; ci < job->in_channels; ci++) {
        const float *x = x_plane, *w = w_plane + (size_t)(tile->tap_begin * K * CO);
        __builtin_prefetch(ahead, 0, 2);
        for (int i = tile->tap_begin; i < tile->tap_end; i++) {
            vec xs[(TILE_COLS - 1) * 2 + 3];
            NB_EACH (c, (COLS - 1) * S + K)
                if (c % S < K)
                    xs[c] = vec_load(x + (size_t)c * NB_LANES);
            NB_EACH (j, K)
                NB_EACH (o, CO) {
                    vec weight = vec_all(w[j * CO + o]);
                    NB_EACH (c, COLS)
                        sum[o][c] = vec_fma(weight, xs[c * S + j], sum[o][c]);
                }
            x += job->x_row;
            w += K * CO;
        }
        x_plane += job->x_plane;
        w_plane += K * K * CO;
        ahead += job->x_plane;
    }

    NB_EACH (o, CO) {
        NB_EACH (c, COLS)
            vec_store(tile->y + (size_t)o * job->y_plane + (size_t)(c * OUT_S) * NB_LANES, sum[o][c]);
        if (tile->stats)
            stats_add(tile->stats + (size_t)o * NB_STATS_FLOATS, tile->first, sum[o], COLS);
    }
}

NB_INLINE void forward_tile_of(const forward_job *job, const forward_tile *tile, int co, const int COLS, const int K, const int S,
                               const int OUT_S)
{
    if (co == TILE_CO)
        forward_one_tile(job, tile, TILE_CO, COLS, K, S, OUT_S);
    else if (co == 2)
        forward_one_tile(job, tile, 2, COLS, K, S, OUT_S);
    else
        forward_one_tile(job, tile, 1, COLS, K, S, OUT_S);
}

/* The output pixels at c .. c + cols of one row, for all output channels. `tile` stands at output channel 0 and is moved
 * along (in place: copying a struct just written stalls the processor until its stores are done). */
NB_INLINE void forward_all_channels(const forward_job *job, forward_tile *tile, int out_channels, int cols, const int K, const int S,
                                    const int OUT_S)
{
    for (int co = 0; co < out_channels;) {
        int step = tile_step(out_channels - co, TILE_CO);
        if (cols == TILE_COLS)
            forward_tile_of(job, tile, step, TILE_COLS, K, S, OUT_S);
        else if (TILE_COLS > 2 && cols == 2)
            forward_tile_of(job, tile, step, 2, K, S, OUT_S);
        else
            forward_tile_of(job, tile, step, 1, K, S, OUT_S);
        co += step;
        tile->w += (size_t)step * (size_t)job->in_channels * (size_t)(K * K);
        tile->y += (size_t)step * job->y_plane;
        tile->stats = tile->stats ? tile->stats + (size_t)step * NB_STATS_FLOATS : NULL;
        /* Each channel group fetches one more line, so that a tile fetches what the tile below (or next) will need. */
        tile->ahead += co < TILE_COLS * S * TILE_CO ? NB_LANES : 0;
    }
}

/* The taps of one axis that meet the input: output `at` reads input at * stride - pad + tap. */
typedef struct tap_range {
    int begin, end;
} tap_range;

NB_INLINE tap_range taps_inside(int first, int kernel, int size)
{
    tap_range taps = {first < 0 ? -first : 0, size - first < kernel ? size - first : kernel};
    if (taps.end < taps.begin)
        taps.begin = taps.end = 0;
    return taps;
}

/* Rows row_begin..row_end of y. */
NB_INLINE void forward_rows(const nb_conv *conv, const float *x, const float *packed, float *y, int row_begin, int row_end, float *stats,
                            bool add, const int K, const int S)
{
    forward_job job = {.in_channels = conv->in_channels,
                       .x_row = nb_row_floats(conv->in),
                       .x_plane = nb_plane_floats(conv->in),
                       .y_plane = nb_plane_floats(conv->out),
                       .add = add};
    for (int r = row_begin; r < row_end; r++) {
        int top = r * S - conv->pad;
        tap_range taps = taps_inside(top, K, conv->in.rows);
        const float *x_row = x + (size_t)(taps.end > 0 ? top + taps.begin : 0) * job.x_row;
        const float *ahead_row = K > 1 && top + K < conv->in.rows ? x + (size_t)(top + K) * job.x_row : x_row;
        for (int c = 0, step; c < conv->out.cols; c += step) {
            step = tile_step(conv->out.cols - c, TILE_COLS);
            for (int part = 0; part < VEC_PARTS; part++) {
                size_t lane = (size_t)(part * VEC_FLOATS), x_at = (size_t)(c * S + 1 - conv->pad) * NB_LANES + lane;
                forward_tile tile = {.x = x_row + x_at,
                                     .ahead = ahead_row + x_at + (size_t)((K > 1 ? 1 : TILE_COLS * S) * NB_LANES),
                                     .w = packed,
                                     .y = y + (size_t)r * nb_row_floats(conv->out) + (size_t)(c + 1) * NB_LANES + lane,
                                     .stats = stats ? stats + lane : NULL,
                                     .first = r == 0 && c == 0,
                                     .tap_begin = taps.begin,
                                     .tap_end = taps.end};
                forward_all_channels(&job, &tile, conv->out_channels, step, K, S, 1);
            }
        }
    }
}

#endif
