/* Forward convolution (and, with transposed, flipped weights, the input gradient) by minimal filtering.
 *
 * Packed weights: output channels in groups of GROUP_CO (a rest of 2 and 1 last), each [3 rows][in_channels][POINTS][group].
 * Scratch: three transformed input rows, row r at r % 3, each [tiles][in_channels][POINTS] lines. */
#ifndef NB_NN_SIMD_MINIMAL_FORWARD_H
#define NB_NN_SIMD_MINIMAL_FORWARD_H

#include "nn/simd_conv_forward.h"
#include "nn/simd_minimal.h"

/* POINTS * GROUP_CO sums stay in registers. */
enum { GROUP_CO = VEC_PARTS == 1 ? 4 : 2, RING_ROWS = 3 };

static size_t minimal_weights(int in_channels, int out_channels)
{
    return (size_t)in_channels * (size_t)out_channels * 3 * POINTS;
}

static size_t transformed_row_floats(nb_plane plane, int channels)
{
    return (size_t)tiles_of(plane.cols) * (size_t)channels * POINTS * NB_LANES;
}

static size_t minimal_forward_scratch(nb_plane plane, int in_channels)
{
    return RING_ROWS * transformed_row_floats(plane, in_channels);
}

/* The weight from input b through tap t to output a is w[a * out_step + b * in_step + (flipped ? 8 - t : t)]. */
static void minimal_pack(const float *w, int outputs, int inputs, size_t out_step, size_t in_step, bool flipped, float *packed)
{
    for (int a = 0, step; a < outputs; a += step) {
        step = tile_step(outputs - a, GROUP_CO);
        for (int i = 0; i < 3; i++)
            for (int b = 0; b < inputs; b++, packed += POINTS * step)
                for (int k = 0; k < step; k++) {
                    const float *own = w + (size_t)(a + k) * out_step + (size_t)b * in_step;
                    float taps[3];
                    double u[POINTS];
                    for (int j = 0; j < 3; j++)
                        taps[j] = own[flipped ? 8 - (3 * i + j) : 3 * i + j];
                    transform_weights(taps, u);
                    for (int point = 0; point < POINTS; point++)
                        packed[point * step + k] = (float)u[point];
                }
    }
}

/* Row `row` of all channels into its place of the ring. */
static void transform_row(const nb_conv *conv, const float *x, int row, float *ring)
{
    float *to = ring + (size_t)(row % RING_ROWS) * transformed_row_floats(conv->in, conv->in_channels);
    size_t x_plane = nb_plane_floats(conv->in), tile_floats = (size_t)conv->in_channels * POINTS * NB_LANES;
    const float *from = x + (size_t)row * nb_row_floats(conv->in);
    for (int ci = 0; ci < conv->in_channels; ci++, from += x_plane, to += POINTS * NB_LANES)
        for (int t = 0; t < tiles_of(conv->in.cols); t++)
            for (size_t lane = 0; lane < NB_LANES; lane += VEC_FLOATS) {
                vec d[TILE_IN], v[POINTS];
                load_tile(from + (size_t)(t * TILE_OUT) * NB_LANES + lane, conv->in.cols + 2 - t * TILE_OUT, d, TILE_IN);
                transform_input(d, v);
                NB_EACH (point, POINTS)
                    vec_store(to + (size_t)t * tile_floats + (size_t)point * NB_LANES + lane, v[point]);
            }
}

/* Where one tile of an output row and one group of output channels lie. */
typedef struct minimal_tile {
    const float *rows[3]; /* transformed input under tap row 0, 1, 2: [in_channels][POINTS] lines */
    const float *w;       /* the group's packed weights */
    const float *ahead;   /* a line of input channel 0 that will be needed soon, and after how many floats the next channel's lies */
    size_t ahead_step;
    float *y; /* the group's first channel, the tile's first pixel */
    float *stats;
    int tap_begin, tap_end; /* the rows that exist */
    int cols;               /* outputs that exist */
    bool first;             /* the plane's first tile */
} minimal_tile;

/* Outputs c .. c + N of output channel o of the group. */
NB_INLINE void minimal_put(const minimal_tile *tile, size_t y_plane, bool add, int o, int c, vec *y, const int N)
{
    float *to = tile->y + (size_t)o * y_plane + (size_t)c * NB_LANES;
    if (add)
        NB_EACH (k, N)
            y[k] = vec_add(y[k], vec_load(to + (size_t)k * NB_LANES));
    NB_EACH (k, N)
        vec_store(to + (size_t)k * NB_LANES, y[k]);
    if (tile->stats)
        stats_add(tile->stats + (size_t)o * NB_STATS_FLOATS, tile->first && c == 0, y, N);
}

/* The outputs that exist of the sums m[POINTS] of output channel o of the group. */
NB_INLINE void minimal_finish(const minimal_tile *tile, size_t y_plane, bool add, int o, const vec *m)
{
    vec y[TILE_OUT];
    transform_output(m, y);
    if (tile->cols == TILE_OUT)
        minimal_put(tile, y_plane, add, o, 0, y, TILE_OUT);
    else
        NB_EACH (c, TILE_OUT - 1)
            if (c < tile->cols)
                minimal_put(tile, y_plane, add, o, c, &y[c], 1);
}

/* One tile of CO output channels. */
NB_INLINE void minimal_one_tile(const minimal_tile *tile, int in_channels, size_t y_plane, bool add, const int CO)
{
    vec sum[GROUP_CO][POINTS];
    NB_EACH (o, CO)
        NB_EACH (point, POINTS)
            sum[o][point] = vec_zero();

    const float *ahead = tile->ahead;
    size_t ahead_step = tile->ahead_step;
    for (int i = tile->tap_begin; i < tile->tap_end; i++) {
        const float *x = tile->rows[i], *w = tile->w + (size_t)(i * in_channels * POINTS * CO);
        for (int ci = 0; ci < in_channels; ci++) {
            __builtin_prefetch(ahead);
            ahead += ahead_step;
            NB_EACH (point, POINTS) {
                vec v = vec_pin(vec_load(x + (size_t)point * NB_LANES));
                NB_EACH (o, CO)
                    sum[o][point] = vec_fma(vec_all(w[point * CO + o]), v, sum[o][point]);
            }
            x += POINTS * NB_LANES;
            w += POINTS * CO;
        }
        ahead = x;
        ahead_step = 0;
    }
    NB_EACH (o, CO)
        minimal_finish(tile, y_plane, add, o, sum[o]);
}

/* One tile of all output channels. `tile` stands at output channel 0 and is moved along (in place: copying a struct just
 * written stalls the processor until its stores are done). */
static void minimal_all_channels(const nb_conv *conv, minimal_tile *tile, bool add)
{
    size_t y_plane = nb_plane_floats(conv->out);
    const float *last = tile->ahead + (TILE_OUT - 1) * NB_LANES;
    for (int co = 0, step; co < conv->out_channels; co += step) {
        step = tile_step(conv->out_channels - co, GROUP_CO);
        if (step == GROUP_CO)
            minimal_one_tile(tile, conv->in_channels, y_plane, add, GROUP_CO);
        else if (step == 2)
            minimal_one_tile(tile, conv->in_channels, y_plane, add, 2);
        else
            minimal_one_tile(tile, conv->in_channels, y_plane, add, 1);
        tile->w += minimal_weights(conv->in_channels, step);
        tile->y += (size_t)step * y_plane;
        tile->stats = tile->stats ? tile->stats + (size_t)step * NB_STATS_FLOATS : NULL;
        /* Each group fetches one line of the tile, all channels: together the tile of the row that is transformed next. */
        if (tile->ahead < last)
            tile->ahead += NB_LANES;
        else
            tile->ahead_step = 0;
    }
}

static void minimal_row(const nb_conv *conv, const float *x, const float *packed, float *y, int r, float *stats, bool add,
                        const float *ring)
{
    size_t ring_row = transformed_row_floats(conv->in, conv->in_channels), tile_floats = (size_t)conv->in_channels * POINTS * NB_LANES;
    tap_range taps = taps_inside(r - 1, 3, conv->in.rows);
    int next = r + 2 < conv->in.rows ? r + 2 : r; /* r + 1 is in the ring already */
    for (int t = 0; t < tiles_of(conv->out.cols); t++) {
        size_t pixel = (size_t)(t * TILE_OUT + 1) * NB_LANES;
        for (size_t lane = 0; lane < NB_LANES; lane += VEC_FLOATS) {
            minimal_tile tile = {.w = packed,
                                 .ahead = x + (size_t)next * nb_row_floats(conv->in) + pixel,
                                 .ahead_step = nb_plane_floats(conv->in),
                                 .y = y + (size_t)r * nb_row_floats(conv->out) + pixel + lane,
                                 .stats = stats ? stats + lane : NULL,
                                 .tap_begin = taps.begin,
                                 .tap_end = taps.end,
                                 .cols = conv->out.cols - t * TILE_OUT < TILE_OUT ? conv->out.cols - t * TILE_OUT : TILE_OUT,
                                 .first = r == 0 && t == 0};
            for (int i = taps.begin; i < taps.end; i++)
                tile.rows[i] = ring + (size_t)((r - 1 + i) % RING_ROWS) * ring_row + (size_t)t * tile_floats + lane;
            minimal_all_channels(conv, &tile, add);
        }
    }
}

/* Rows row_begin..row_end of y = conv(x), or added to y. */
static void minimal_forward(const nb_conv *conv, const float *x, const float *packed, float *y, int row_begin, int row_end, float *stats,
                            bool add, float *scratch)
{
    for (int row = row_begin > 0 ? row_begin - 1 : 0; row <= row_begin; row++)
        transform_row(conv, x, row, scratch);
    for (int r = row_begin; r < row_end; r++) {
        if (r + 1 < conv->in.rows)
            transform_row(conv, x, r + 1, scratch);
        minimal_row(conv, x, packed, y, r, stats, add, scratch);
    }
}

#endif
