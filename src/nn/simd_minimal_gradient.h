/* The weight gradient by minimal filtering: both the input and dy are transformed, band by band of rows so that they stay in the
 * second-level cache, and every point is an ordinary sum of products over the tiles of the band.
 *
 * Scratch: the transformed input of a band, [POINTS][in_channels][rows + 2][tiles] lines, and the transformed dy of one group of output
 * channels, [POINTS][group][rows][tiles] lines. The partial gradient is laid out as that of the direct loops. */
#ifndef NB_NN_SIMD_MINIMAL_GRADIENT_H
#define NB_NN_SIMD_MINIMAL_GRADIENT_H

#include <string.h>

#include "nn/simd_conv_gradient.h"
#include "nn/simd_minimal.h"

/* Transformed input of a band at most: half of a second-level cache of 1 MiB. */
enum { BAND_BYTES = 512 * 1024 };

/* Rows of dy in a band; the last one of a block may have fewer. */
static int band_rows(const nb_conv *conv)
{
    size_t row_bytes = (size_t)conv->in_channels * (size_t)tiles_of(conv->out.cols) * POINTS * NB_LANES * sizeof(float);
    int most = (int)(BAND_BYTES / row_bytes) - 2;
    most = most < 1 ? 1 : most;
    int bands = (conv->out.rows + most - 1) / most;
    return (conv->out.rows + bands - 1) / bands;
}

/* Lines of one point: of the transformed input, and of one group of dy. */
static size_t input_lines(const nb_conv *conv)
{
    return (size_t)conv->in_channels * (size_t)(band_rows(conv) + 2) * (size_t)tiles_of(conv->out.cols);
}

static size_t gradient_lines(const nb_conv *conv)
{
    return GRAD_CO * (size_t)band_rows(conv) * (size_t)tiles_of(conv->out.cols);
}

static size_t minimal_gradient_scratch(const nb_conv *conv)
{
    return POINTS * (input_lines(conv) + gradient_lines(conv)) * NB_LANES;
}

/* What all tiles of a band share. */
typedef struct gradient_band {
    const nb_conv *conv;
    const float *x, *dy;   /* the block */
    float *x_hat, *dy_hat; /* scratch */
    int row, rows;         /* of dy */
    int tiles;             /* of a row */
    bool add;              /* to partial */
    int ahead_channel;     /* of x, then of dy: how far ahead_of() has come */
    int ahead_line;
} gradient_band;

/* v[POINTS] lines, one every `step` floats. */
NB_INLINE void store_points(float *to, size_t step, const vec *v)
{
    NB_EACH (point, POINTS)
        vec_store(to + (size_t)point * step, v[point]);
}

/* The rows of the input that meet the band, from row - 1 on; rows outside of the plane are zero. */
static void transform_band_input(const gradient_band *band)
{
    nb_plane plane = band->conv->in;
    size_t step = input_lines(band->conv) * NB_LANES;
    float *to = band->x_hat;
    for (int ci = 0; ci < band->conv->in_channels; ci++)
        for (int row = band->row - 1; row <= band->row + band->rows; row++) {
            bool inside = row >= 0 && row < plane.rows;
            const float *from = band->x + (size_t)ci * nb_plane_floats(plane) + (inside ? (size_t)row * nb_row_floats(plane) : 0);
            for (int t = 0; t < band->tiles; t++, to += NB_LANES)
                for (size_t lane = 0; lane < NB_LANES; lane += VEC_FLOATS) {
                    vec d[TILE_IN], v[POINTS];
                    load_tile(from + (size_t)(t * TILE_OUT) * NB_LANES + lane, inside ? plane.cols + 2 - t * TILE_OUT : 0, d, TILE_IN);
                    transform_input(d, v);
                    store_points(to + lane, step, v);
                }
        }
}

/* Output channels co .. co + outs. */
static void transform_band_gradient(const gradient_band *band, int co, int outs)
{
    nb_plane plane = band->conv->out;
    size_t step = gradient_lines(band->conv) * NB_LANES;
    float *to = band->dy_hat;
    for (int o = 0; o < outs; o++)
        for (int r = 0; r < band->rows; r++) {
            const float *from =
                band->dy + (size_t)(co + o) * nb_plane_floats(plane) + (size_t)(band->row + r) * nb_row_floats(plane) + NB_LANES;
            for (int t = 0; t < band->tiles; t++, to += NB_LANES)
                for (size_t lane = 0; lane < NB_LANES; lane += VEC_FLOATS) {
                    vec dy[TILE_OUT], v[POINTS];
                    load_tile(from + (size_t)(t * TILE_OUT) * NB_LANES + lane, plane.cols - t * TILE_OUT, dy, TILE_OUT);
                    transform_gradient(dy, v);
                    store_points(to + lane, step, v);
                }
        }
}

/* While the sums run, which need no memory, the lines of x and dy that the next band starts from are fetched: this gives the first of
 * the next `lines` of them, or NULL when all are under way. After the last band: those of the block behind this one. */
static const float *ahead_of(gradient_band *band, int lines)
{
    const nb_conv *conv = band->conv;
    int channel = band->ahead_channel, line = band->ahead_line, row_lines = conv->in.cols + 2, next = band->row + band->rows;
    if (channel >= conv->in_channels + conv->out_channels)
        return NULL;
    band->ahead_line += lines;
    if (band->ahead_line >= band->rows * row_lines) {
        band->ahead_line = 0;
        band->ahead_channel++;
    }
    bool is_x = channel < conv->in_channels;
    const float *tensor = is_x ? band->x : band->dy;
    channel -= is_x ? 0 : conv->in_channels;
    if (next < conv->out.rows)
        line += (next + is_x) * row_lines;
    else
        channel += is_x ? conv->in_channels : conv->out_channels;
    return tensor + (size_t)channel * nb_plane_floats(conv->in) + (size_t)line * NB_LANES;
}

/* One point of one tile: s[3 rows][CO][CI] = the sums over the band and the lanes of the products of x_hat, CI channels, and dy_hat, CO
 * channels. */
NB_INLINE void sum_products(const gradient_band *band, const float *x, const float *dy, const float *ahead, float *s, const int CO,
                            const int CI)
{
    size_t lines = (size_t)(band->rows * band->tiles), below = (size_t)band->tiles * NB_LANES;
    size_t x_step = (size_t)(band->rows + 2) * below, dy_step = lines * NB_LANES, ahead_step = ahead ? NB_LANES : 0;
    ahead = ahead ? ahead : dy;
    vec sum[3 * GRAD_CO * GRAD_CI_3X3];
    NB_EACH (k, 3 * CO * CI)
        sum[k] = vec_zero();
    for (size_t begin = 0; begin < lines; begin += (size_t)band->tiles)
        for (size_t lane = 0; lane < NB_LANES; lane += VEC_FLOATS)
            for (size_t p = begin; p < begin + (size_t)band->tiles; p++, ahead += ahead_step) {
                const float *from = x + p * NB_LANES + lane, *to = dy + p * NB_LANES + lane;
                vec v[3 * GRAD_CI_3X3];
                __builtin_prefetch(ahead, 0, 2);
                NB_EACH (i, 3)
                    NB_EACH (c, CI)
                        v[i * CI + c] = vec_pin(vec_load(from + (size_t)c * x_step + (size_t)i * below));
                NB_EACH (o, CO) {
                    vec d = vec_pin(vec_load(to + (size_t)o * dy_step));
                    NB_EACH (i, 3)
                        NB_EACH (c, CI)
                            sum[(i * CO + o) * CI + c] = vec_fma(v[i * CI + c], d, sum[(i * CO + o) * CI + c]);
                }
            }
    store_sums(sum, s, false, 3 * CO * CI);
}

/* The weights between CO output channels in dy_hat and CI input channels from ci on. */
NB_INLINE void minimal_gradient_tile(gradient_band *band, int ci, float *partial, const int CO, const int CI)
{
    float s[POINTS * 3 * GRAD_CO * GRAD_CI_3X3];
    size_t lines = (size_t)(band->rows * band->tiles), x_lines = (size_t)((band->rows + 2) * band->tiles);
    for (int point = 0; point < POINTS; point++) {
        const float *x = band->x_hat + ((size_t)point * input_lines(band->conv) + (size_t)ci * x_lines) * NB_LANES;
        const float *dy = band->dy_hat + (size_t)point * gradient_lines(band->conv) * NB_LANES;
        const float *ahead = ahead_of(band, (int)lines * VEC_PARTS);
        sum_products(band, x, dy, ahead, s + point * 3 * CO * CI, CO, CI);
    }
    for (int i = 0; i < 3; i++)
        transform_weight_gradient(s + i * CO * CI, (size_t)(3 * CO * CI), partial + i * 3 * CO * CI, band->add, CO * CI);
}

NB_INLINE void minimal_gradient_tile_of(gradient_band *band, int ci, float *partial, int co, const int CI)
{
    if (co == GRAD_CO)
        minimal_gradient_tile(band, ci, partial, GRAD_CO, CI);
    else if (co == 2)
        minimal_gradient_tile(band, ci, partial, 2, CI);
    else
        minimal_gradient_tile(band, ci, partial, 1, CI);
}

static void minimal_gradient_band(gradient_band *band, float *partial)
{
    const nb_conv *conv = band->conv;
    transform_band_input(band);
    for (int co = 0, outs; co < conv->out_channels; co += outs) {
        outs = tile_step(conv->out_channels - co, GRAD_CO);
        transform_band_gradient(band, co, outs);
        for (int ci = 0, ins; ci < conv->in_channels; ci += ins) {
            ins = tile_step(conv->in_channels - ci, GRAD_CI_3X3);
            if (GRAD_CI_3X3 > 1 && ins == GRAD_CI_3X3)
                minimal_gradient_tile_of(band, ci, partial, outs, GRAD_CI_3X3);
            else
                minimal_gradient_tile_of(band, ci, partial, outs, 1);
            partial += outs * ins * 9;
        }
    }
}

static void minimal_gradient(const nb_conv *conv, const float *x, const float *dy, float *partial, bool add, float *scratch)
{
    int most = band_rows(conv);
    for (int row = 0; row < conv->out.rows; row += most) {
        gradient_band band = {.conv = conv,
                              .x = x,
                              .dy = dy,
                              .x_hat = scratch,
                              .dy_hat = scratch + POINTS * input_lines(conv) * NB_LANES,
                              .row = row,
                              .rows = conv->out.rows - row < most ? conv->out.rows - row : most,
                              .tiles = tiles_of(conv->out.cols),
                              .add = add || row > 0};
        minimal_gradient_band(&band, partial);
    }
}

#endif
