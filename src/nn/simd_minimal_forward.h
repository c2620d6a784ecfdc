/* Forward convolution (and, with transposed, flipped weights, the input gradient) by minimal filtering, tile by tile.
 *
 * Packed weights: output channels in groups of GROUP_CO (a rest of 2 and 1 last), each [POINTS rows][in_channels][POINTS][group].
 * Scratch: the transformed input of a tile, [POINTS rows][in_channels][POINTS] lines; then the products of a group of output channels,
 * transformed back along the rows, [group][POINTS rows][TILE_OUT] lines. */
#ifndef NB_NN_SIMD_MINIMAL_FORWARD_H
#define NB_NN_SIMD_MINIMAL_FORWARD_H

#include "nn/kernels_plain.h"
#include "nn/simd_conv_forward.h"
#include "nn/simd_minimal.h"

/* POINTS * GROUP_CO sums stay in registers. */
enum { GROUP_CO = VEC_PARTS == 1 ? 4 : 2, SUM_LINES = POINTS * TILE_OUT };

static size_t minimal_weights(int in_channels, int out_channels)
{
    return (size_t)in_channels * (size_t)out_channels * PRODUCTS;
}

static size_t minimal_forward_scratch(int in_channels)
{
    return (size_t)(in_channels * PRODUCTS + GROUP_CO * SUM_LINES) * NB_LANES;
}

/* u[POINTS][POINTS] = G g G' of one kernel; `flipped` turns it around. */
static void transform_kernel(const float *w, bool flipped, double *u)
{
    double taps[9], rows[3 * POINTS];
    for (int t = 0; t < 9; t++)
        taps[t] = (double)w[flipped ? 8 - t : t];
    for (int i = 0; i < 3; i++)
        transform_weights(taps + 3 * i, rows + POINTS * i, 1);
    for (int j = 0; j < POINTS; j++)
        transform_weights(rows + j, u + j, POINTS);
}

/* The kernel from input b to output a is w + a * out_step + b * in_step. */
static void minimal_pack(const float *w, int outputs, int inputs, size_t out_step, size_t in_step, bool flipped, float *packed)
{
    for (int a = 0, step; a < outputs; a += step, packed += inputs * PRODUCTS * step) {
        step = tile_step(outputs - a, GROUP_CO);
        for (int b = 0; b < inputs; b++)
            for (int k = 0; k < step; k++) {
                double u[PRODUCTS];
                transform_kernel(w + (size_t)(a + k) * out_step + (size_t)b * in_step, flipped, u);
                for (int i = 0; i < POINTS; i++)
                    for (int j = 0; j < POINTS; j++)
                        packed[(size_t)(((i * inputs + b) * POINTS + j) * step + k)] = (float)u[i * POINTS + j];
            }
    }
}

/* One call. */
typedef struct minimal_job {
    const nb_conv *conv;
    const float *x, *packed;
    float *y, *stats;
    bool add;
    float *input, *sums; /* scratch */
} minimal_job;

/* All channels of the input under the tile at (row, col). The rows that the tile below will need are fetched on the way. */
static void minimal_transform(const minimal_job *job, int row, int col)
{
    const nb_conv *conv = job->conv;
    size_t row_step = (size_t)conv->in_channels * POINTS * NB_LANES, line = nb_row_floats(conv->in);
    int below = row + TILE_OUT + 1, ahead_rows = conv->in.rows - below < TILE_OUT ? conv->in.rows - below : TILE_OUT;
    const float *ahead = ahead_rows > 0 ? job->x + (size_t)below * line + (size_t)(col + 1) * NB_LANES : NULL;
    float *to = job->input;
    input_tile tile;
    set_input_tile(&tile, conv->in, job->x, row, col);
    for (int ci = 0; ci < conv->in_channels; ci++, to += POINTS * NB_LANES) {
        for (int i = 0; i < ahead_rows; i++)
            NB_EACH (j, TILE_OUT)
                __builtin_prefetch(ahead + (size_t)i * line + (size_t)(j * NB_LANES), 0, 2);
        transform_input_tile(&tile, to, row_step, NB_LANES);
        next_channel(&tile);
        if (ahead)
            ahead += nb_plane_floats(conv->in);
    }
}

/* One row of points for CO output channels: products, summed over the input channels and transformed back along the row. */
NB_INLINE void minimal_products(const float *v, const float *w, int in_channels, float *sums, const int CO)
{
    vec sum[GROUP_CO][POINTS];
    NB_EACH (o, CO)
        NB_EACH (point, POINTS)
            sum[o][point] = vec_zero();
    for (int ci = 0; ci < in_channels; ci++, v += POINTS * NB_LANES, w += POINTS * CO)
        NB_EACH (point, POINTS) {
            vec d = vec_pin(vec_load(v + (size_t)point * NB_LANES));
            NB_EACH (o, CO)
                sum[o][point] = vec_fma(vec_all(w[point * CO + o]), d, sum[o][point]);
        }
    NB_EACH (o, CO) {
        vec y[TILE_OUT];
        transform_output(sum[o], y);
        NB_EACH (k, TILE_OUT)
            vec_store(sums + (size_t)(o * SUM_LINES + k) * NB_LANES, y[k]);
    }
}

/* Everything about CO output channels of one part of the lanes but the last step. `y` is where their tile begins: it will be written soon.
 */
NB_INLINE void minimal_group(const minimal_job *job, const float *w, size_t lane, const float *y, const int CO)
{
    const int ins = job->conv->in_channels;
    size_t plane = nb_plane_floats(job->conv->out), row = nb_row_floats(job->conv->out);
    for (int i = 0; i < POINTS; i++) {
        if (i < TILE_OUT)
            NB_EACH (o, CO)
                NB_EACH (c, TILE_OUT)
                    __builtin_prefetch(y + (size_t)o * plane + (size_t)i * row + (size_t)(c * NB_LANES), 1);
        minimal_products(job->input + (size_t)(i * ins * POINTS) * NB_LANES + lane, w + i * ins * POINTS * CO, ins,
                         job->sums + (size_t)(i * TILE_OUT) * NB_LANES, CO);
    }
}

/* Column c of one channel's tile. */
NB_INLINE void minimal_column(const float *sums, int c, vec *y)
{
    vec m[POINTS];
    NB_EACH (i, POINTS)
        m[i] = vec_load(sums + (size_t)(i * TILE_OUT + c) * NB_LANES);
    transform_output(m, y);
}

/* The ROWS outputs y[] of one column into memory, `row` floats apart. */
NB_INLINE void minimal_put(float *to, size_t row, vec *y, bool add, const int ROWS)
{
    if (add)
        NB_EACH (r, ROWS)
            y[r] = vec_add(y[r], vec_load(to + (size_t)r * row));
    NB_EACH (r, ROWS)
        vec_store(to + (size_t)r * row, y[r]);
}

/* A whole tile of one channel. */
NB_INLINE void minimal_finish(const float *sums, float *to, size_t row, float *stats, bool first, bool add)
{
    running_stats s = {vec_zero(), vec_zero(), vec_zero()};
    NB_EACH (c, TILE_OUT) {
        vec y[TILE_OUT];
        minimal_column(sums, c, y);
        minimal_put(to + (size_t)c * NB_LANES, row, y, add, TILE_OUT);
        if (stats) {
            if (c == 0)
                stats_begin(&s, stats, first, y[0]);
            stats_take(&s, y, TILE_OUT);
        }
    }
    if (stats)
        stats_end(&s, stats);
}

/* A tile that reaches past the plane, or past the rows that are wanted. */
static void minimal_finish_part(const float *sums, float *to, size_t row, float *stats, bool first, bool add, int rows, int cols)
{
    for (int c = 0; c < cols && c < TILE_OUT; c++) {
        vec y[TILE_OUT];
        minimal_column(sums, c, y);
        NB_EACH (r, TILE_OUT)
            if (r < rows) {
                minimal_put(to + (size_t)c * NB_LANES + (size_t)r * row, row, &y[r], add, 1);
                if (stats)
                    stats_add(stats, first && r == 0 && c == 0, &y[r], 1);
            }
    }
}

/* Where a tile lies, and what of it exists and is wanted. */
typedef struct minimal_place {
    int row, col, rows, cols;
} minimal_place;

/* `outs` output channels from co on. */
static void minimal_finish_group(const minimal_job *job, const minimal_place *at, int co, int outs, size_t lane)
{
    nb_plane plane = job->conv->out;
    bool first = at->row == 0 && at->col == 0, whole = at->rows >= TILE_OUT && at->cols >= TILE_OUT;
    for (int o = 0; o < outs; o++) {
        const float *sums = job->sums + (size_t)(o * SUM_LINES) * NB_LANES;
        float *to = job->y + (size_t)(co + o) * nb_plane_floats(plane) + nb_pixel(plane, at->row, at->col) + lane;
        float *stats = job->stats ? job->stats + (size_t)(co + o) * NB_STATS_FLOATS + lane : NULL;
        if (whole)
            minimal_finish(sums, to, nb_row_floats(plane), stats, first, job->add);
        else
            minimal_finish_part(sums, to, nb_row_floats(plane), stats, first, job->add, at->rows, at->cols);
    }
}

static void minimal_tile(const minimal_job *job, const minimal_place *at)
{
    nb_plane plane = job->conv->out;
    const int outs = job->conv->out_channels;
    const float *w = job->packed;
    minimal_transform(job, at->row, at->col);
    for (int co = 0, step; co < outs; co += step, w += step * job->conv->in_channels * PRODUCTS) {
        step = tile_step(outs - co, GROUP_CO);
        const float *y = job->y + (size_t)co * nb_plane_floats(plane) + nb_pixel(plane, at->row, at->col);
        for (size_t lane = 0; lane < NB_LANES; lane += VEC_FLOATS) {
            if (step == GROUP_CO)
                minimal_group(job, w, lane, y, GROUP_CO);
            else if (step == 2)
                minimal_group(job, w, lane, y, 2);
            else
                minimal_group(job, w, lane, y, 1);
            minimal_finish_group(job, at, co, step, lane);
        }
    }
}

/* Rows row_begin..row_end of y = conv(x), or added to y. */
static void minimal_forward(const nb_conv *conv, const float *x, const float *packed, float *y, int row_begin, int row_end, float *stats,
                            bool add, float *scratch)
{
    minimal_job job = {.conv = conv, .x = x, .packed = packed, .y = y, .stats = stats, .add = add, .input = scratch};
    job.sums = scratch + (size_t)(conv->in_channels * PRODUCTS) * NB_LANES;
    for (int row = row_begin; row < row_end; row += TILE_OUT)
        for (int col = 0; col < conv->out.cols; col += TILE_OUT)
            minimal_tile(&job, &(minimal_place){row, col, row_end - row, conv->out.cols - col});
}

#endif
