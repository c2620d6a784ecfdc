/* The weight gradient by minimal filtering: the input and dy are transformed, in bands of tiles that stay in the second-level cache, and
 * every point is an ordinary matrix product, dy times x, summed over tiles and images.
 *
 * The images lie in the lanes, where no product across channels can be summed without adding up lanes in the end. With few channels that
 * is what is done. With many, x is turned around so that its channels lie in the lanes: then no lanes are added up at all.
 *
 * A partial gradient is [3][3][out_channels][in_channels].
 * Scratch: transformed x [PRODUCTS][tiles of a band][in_channels] lines, dy likewise, the turned x of one point, and the sums
 * [PRODUCTS][out_channels][in_channels]. */
#ifndef NB_NN_SIMD_MINIMAL_GRADIENT_H
#define NB_NN_SIMD_MINIMAL_GRADIENT_H

#include "nn/simd_conv_gradient.h"
#include "nn/simd_minimal.h"
#include "nn/simd_transpose.h"

/* Register tiles of outputs by inputs: lane by lane, and turned around. */
enum { SUM_CO = 4, SUM_CI = VEC_PARTS == 1 ? 4 : 2, TURNED_CO = VEC_PARTS == 1 ? 16 : 4, TURNED_CI = NB_LANES };

/* Transformed lines of a band at most: about a quarter of a second-level cache of 1 MiB. */
enum { BAND_LINES = 4608 };

static int plane_tiles(nb_plane plane)
{
    return tiles_of(plane.rows) * tiles_of(plane.cols);
}

/* Tiles of a band; the last one of a block may have fewer. */
static int band_tiles(const nb_conv *conv)
{
    int tiles = plane_tiles(conv->out), most = BAND_LINES / PRODUCTS / (conv->in_channels + conv->out_channels);
    most = most < 1 ? 1 : most;
    int bands = (tiles + most - 1) / most;
    return (tiles + bands - 1) / bands;
}

/* Floats from one point to the next: an odd number of lines, so that the points of a tile do not compete for the same sets of the cache. */
static size_t point_floats(const nb_conv *conv, int channels)
{
    return ((size_t)(band_tiles(conv) * channels) | 1) * NB_LANES;
}

static size_t point_sums(const nb_conv *conv)
{
    return ((size_t)(conv->in_channels * conv->out_channels + NB_LANES - 1) / NB_LANES | 1) * NB_LANES;
}

static bool is_turned(const nb_conv *conv)
{
    return conv->in_channels % TURNED_CI == 0;
}

static size_t turned_floats(const nb_conv *conv)
{
    return is_turned(conv) ? (size_t)(band_tiles(conv) * conv->in_channels) * NB_LANES : 0;
}

static size_t minimal_gradient_scratch(const nb_conv *conv)
{
    return PRODUCTS * (point_floats(conv, conv->in_channels) + point_floats(conv, conv->out_channels) + point_sums(conv)) +
           turned_floats(conv);
}

/* What is worked on: tiles first .. first + tiles of a block, numbered along the rows. */
typedef struct gradient_band {
    const nb_conv *conv;
    const float *x, *dy;                   /* the block */
    float *x_hat, *dy_hat, *turned, *sums; /* scratch */
    size_t x_point, dy_point, sums_point;  /* floats from one point to the next */
    int first, tiles;
    int ahead_channel; /* of x: how far fetch_ahead() has come */
    size_t ahead;
} gradient_band;

/* While the products are summed, which need no memory, the x of the next band is fetched: called PRODUCTS times, each time for a part of
 * its lines. After the last band: of the block behind this one. */
static void fetch_ahead(gradient_band *band)
{
    nb_plane plane = band->conv->in;
    const int ins = band->conv->in_channels, in_row = tiles_of(plane.cols), next = band->first + band->tiles, tiles = plane_tiles(plane);
    const float *x = next < tiles ? band->x : band->x + (size_t)ins * nb_plane_floats(plane);
    int first = next < tiles ? next / in_row * TILE_OUT : 0, rows = (band->tiles + in_row - 1) / in_row * TILE_OUT;
    rows = plane.rows - first < rows ? plane.rows - first : rows;
    size_t line = nb_row_floats(plane) / NB_LANES, lines = (size_t)rows * line, part = (lines * (size_t)ins + PRODUCTS - 1) / PRODUCTS;
    for (; part > 0 && band->ahead_channel < ins; part--) {
        const float *at = x + (size_t)band->ahead_channel * nb_plane_floats(plane) + ((size_t)first * line + band->ahead) * NB_LANES;
        __builtin_prefetch(at, 0, 2);
        if (++band->ahead == lines) {
            band->ahead = 0;
            band->ahead_channel++;
        }
    }
}

/* --- transforms --- */

static void transform_band_input(const gradient_band *band)
{
    nb_plane plane = band->conv->in;
    int in_row = tiles_of(plane.cols);
    float *to = band->x_hat;
    for (int t = band->first; t < band->first + band->tiles; t++) {
        int row = t / in_row * TILE_OUT, col = t % in_row * TILE_OUT;
        input_tile tile;
        set_input_tile(&tile, plane, band->x, row, col);
        for (int ci = 0; ci < band->conv->in_channels; ci++, to += NB_LANES) {
            transform_input_tile(&tile, to, POINTS * band->x_point, band->x_point);
            next_channel(&tile);
        }
    }
}

/* Point (i, j) of A dy A' goes to to[(i * POINTS + j) * step], for half of the j. The tile has `rows` x `cols` pixels. */
NB_INLINE void transform_gradient_half(const float *dy, size_t row, int rows, int cols, float *to, size_t step, const int UPPER)
{
    vec h[TILE_OUT][HALF];
    NB_EACH (i, TILE_OUT) {
        vec d[TILE_OUT];
        load_tile(i < rows ? dy + (size_t)i * row : dy, i < rows ? cols : 0, d, TILE_OUT);
        transform_gradient(d, h[i], UPPER);
    }
    NB_EACH (j, HALF) {
        vec column[TILE_OUT], v[POINTS];
        NB_EACH (i, TILE_OUT)
            column[i] = h[i][j];
        transform_gradient(column, v, 0);
        transform_gradient(column, v + HALF, 1);
        NB_EACH (i, POINTS)
            vec_store(to + (size_t)(i * POINTS + UPPER * HALF + j) * step, v[i]);
    }
}

static void transform_band_gradient(const gradient_band *band)
{
    nb_plane plane = band->conv->out;
    int in_row = tiles_of(plane.cols);
    size_t line = nb_row_floats(plane);
    float *to = band->dy_hat;
    for (int t = band->first; t < band->first + band->tiles; t++) {
        int row = t / in_row * TILE_OUT, col = t % in_row * TILE_OUT;
        const float *dy = band->dy;
        for (int co = 0; co < band->conv->out_channels; co++, to += NB_LANES, dy += nb_plane_floats(plane)) {
            const float *from = dy + (size_t)row * line + (size_t)(col + 1) * NB_LANES;
            for (size_t lane = 0; lane < NB_LANES; lane += VEC_FLOATS) {
                transform_gradient_half(from + lane, line, plane.rows - row, plane.cols - col, to + lane, band->dy_point, 0);
                transform_gradient_half(from + lane, line, plane.rows - row, plane.cols - col, to + lane, band->dy_point, 1);
            }
        }
    }
}

/* --- products --- */

/* The next group of up to `full` channels: that many, or 4, or 1. */
NB_INLINE int group_of(int left, int full)
{
    return left >= full ? full : left >= 4 ? 4 : 1;
}

/* sums[o * step + c] += the sum over tiles and lanes of the products of output channel o and input channel c. */
NB_INLINE void sum_products(const float *x, size_t x_tile, const float *dy, size_t dy_tile, int tiles, float *sums, size_t step, bool add,
                            const int CO, const int CI)
{
    vec sum[SUM_CO * SUM_CI];
    NB_EACH (k, CO * CI)
        sum[k] = vec_zero();
    for (size_t lane = 0; lane < NB_LANES; lane += VEC_FLOATS)
        for (int t = 0; t < tiles; t++) {
            const float *from = x + (size_t)t * x_tile + lane, *to = dy + (size_t)t * dy_tile + lane;
            vec v[SUM_CI];
            NB_EACH (c, CI)
                v[c] = vec_pin(vec_load(from + (size_t)c * NB_LANES));
            NB_EACH (o, CO) {
                vec d = vec_pin(vec_load(to + (size_t)o * NB_LANES));
                NB_EACH (c, CI)
                    sum[o * CI + c] = vec_fma(v[c], d, sum[o * CI + c]);
            }
        }
    NB_EACH (o, CO)
        store_sums(sum + o * CI, sums + (size_t)o * step, add, CI);
}

/* One point, lane by lane. */
static void sum_point(const gradient_band *band, const float *x, const float *dy, float *sums)
{
    const int ins = band->conv->in_channels, outs = band->conv->out_channels;
    size_t x_tile = (size_t)ins * NB_LANES, dy_tile = (size_t)outs * NB_LANES, step = (size_t)ins;
    const bool add = band->first > 0;
    for (int co = 0, o; co < outs; co += o, dy += o * NB_LANES) {
        o = outs - co >= SUM_CO ? SUM_CO : 1;
        for (int ci = 0, c; ci < ins; ci += c) {
            c = ins - ci >= SUM_CI ? SUM_CI : 1;
            float *to = sums + (size_t)co * step + (size_t)ci;
            const float *from = x + (size_t)ci * NB_LANES;
            if (o == SUM_CO && c == SUM_CI)
                sum_products(from, x_tile, dy, dy_tile, band->tiles, to, step, add, SUM_CO, SUM_CI);
            else if (o == SUM_CO)
                sum_products(from, x_tile, dy, dy_tile, band->tiles, to, step, add, SUM_CO, 1);
            else if (c == SUM_CI)
                sum_products(from, x_tile, dy, dy_tile, band->tiles, to, step, add, 1, SUM_CI);
            else
                sum_products(from, x_tile, dy, dy_tile, band->tiles, to, step, add, 1, 1);
        }
    }
}

/* x of one point, [tiles][in_channels] lines, to [tiles][groups of TURNED_CI channels][image][TURNED_CI channels]. */
static void turn_point(const gradient_band *band, const float *x)
{
    int blocks = band->tiles * band->conv->in_channels / TURNED_CI;
    for (int b = 0; b < blocks; b++)
        transpose_16x16(x + (size_t)b * TURNED_CI * NB_LANES, band->turned + (size_t)b * TURNED_CI * NB_LANES);
}

/* sums[o * step + c] += the same for c < TURNED_CI; x is turned around. */
NB_INLINE void turned_products(const float *x, size_t x_tile, const float *dy, size_t dy_tile, int tiles, float *sums, size_t step,
                               bool add, const int CO)
{
    vec sum[TURNED_CO][VEC_PARTS];
    NB_EACH (o, CO)
        NB_EACH (part, VEC_PARTS)
            sum[o][part] = vec_zero();
    for (int t = 0; t < tiles; t++, x += x_tile, dy += dy_tile)
        for (size_t image = 0; image < NB_LANES; image++) {
            vec v[VEC_PARTS];
            NB_EACH (part, VEC_PARTS)
                v[part] = vec_pin(vec_load(x + image * TURNED_CI + (size_t)(part * VEC_FLOATS)));
            NB_EACH (o, CO) {
                vec d = vec_all(dy[(size_t)o * NB_LANES + image]);
                NB_EACH (part, VEC_PARTS)
                    sum[o][part] = vec_fma(d, v[part], sum[o][part]);
            }
        }
    NB_EACH (o, CO)
        NB_EACH (part, VEC_PARTS) {
            float *to = sums + (size_t)o * step + (size_t)(part * VEC_FLOATS);
            vec_store(to, add ? vec_add(vec_load(to), sum[o][part]) : sum[o][part]);
        }
}

/* One point, with its x turned around. */
static void turned_point(const gradient_band *band, const float *dy, float *sums)
{
    const int ins = band->conv->in_channels, outs = band->conv->out_channels;
    size_t x_tile = (size_t)ins * NB_LANES, dy_tile = (size_t)outs * NB_LANES, step = (size_t)ins;
    const bool add = band->first > 0;
    for (int ci = 0; ci < ins; ci += TURNED_CI) {
        const float *from = band->turned + (size_t)ci * NB_LANES;
        for (int co = 0, o; co < outs; co += o) {
            o = group_of(outs - co, TURNED_CO);
            float *to = sums + (size_t)co * step + (size_t)ci;
            if (o == TURNED_CO)
                turned_products(from, x_tile, dy + (size_t)co * NB_LANES, dy_tile, band->tiles, to, step, add, TURNED_CO);
            else if (o == 4)
                turned_products(from, x_tile, dy + (size_t)co * NB_LANES, dy_tile, band->tiles, to, step, add, 4);
            else
                turned_products(from, x_tile, dy + (size_t)co * NB_LANES, dy_tile, band->tiles, to, step, add, 1);
        }
    }
}

static void add_band(gradient_band *band)
{
    band->ahead_channel = 0;
    band->ahead = 0;
    const bool turned = is_turned(band->conv);
    transform_band_input(band);
    transform_band_gradient(band);
    for (size_t point = 0; point < PRODUCTS; point++) {
        const float *x = band->x_hat + point * band->x_point, *dy = band->dy_hat + point * band->dy_point;
        fetch_ahead(band);
        if (turned) {
            turn_point(band, x);
            turned_point(band, dy, band->sums + point * band->sums_point);
        } else {
            sum_point(band, x, dy, band->sums + point * band->sums_point);
        }
    }
}

/* --- from points to taps --- */

/* taps[3] = G' m[POINTS] */
NB_INLINE void transform_sums(const vec *m, vec *taps)
{
    const float zero = (float)zero_share, near = (float)near_share, far = (float)far_share;
    vec sum = vec_add(m[1], m[2]), difference = vec_sub(m[1], m[2]), sum_2 = vec_add(m[3], m[4]), difference_2 = vec_sub(m[3], m[4]);
    taps[0] = vec_fma(vec_all(zero), m[0], vec_fma(vec_all(near), sum, vec_mul(vec_all(far), sum_2)));
    taps[1] = vec_fma(vec_all(near * NEAR_POINT), difference, vec_mul(vec_all(far * FAR_POINT), difference_2));
    taps[2] = vec_fma(vec_all(near * NEAR_2), sum, vec_fma(vec_all(far * FAR_2), sum_2, m[5]));
}

/* taps[9] = G' s G for the VEC_FLOATS weights whose points are `step` floats apart. */
NB_INLINE void transform_weights_back(const float *s, size_t step, vec *taps)
{
    vec columns[3][POINTS];
    NB_EACH (j, POINTS) {
        vec m[POINTS], t[3];
        NB_EACH (i, POINTS)
            m[i] = vec_load(s + (size_t)(i * POINTS + j) * step);
        transform_sums(m, t);
        NB_EACH (i, 3)
            columns[i][j] = t[i];
    }
    NB_EACH (i, 3)
        transform_sums(columns[i], taps + 3 * i);
}

/* The sums of a block into its partial gradient. */
static void sums_to_partial(const gradient_band *band, float *partial, bool add)
{
    int weights = band->conv->in_channels * band->conv->out_channels;
    for (int k = 0; k < weights; k += VEC_FLOATS) {
        vec taps[9];
        transform_weights_back(band->sums + k, band->sums_point, taps);
        int count = weights - k < VEC_FLOATS ? weights - k : VEC_FLOATS;
        for (int t = 0; t < 9; t++) {
            float lanes[VEC_FLOATS] __attribute__((aligned(64))), *to = partial + t * weights + k;
            vec_store(lanes, taps[t]);
            for (int n = 0; n < count; n++)
                to[n] = add ? to[n] + lanes[n] : lanes[n];
        }
    }
}

static void minimal_gradient(const nb_conv *conv, const float *x, const float *dy, float *partial, bool add, float *scratch)
{
    gradient_band band = {.conv = conv, .x = x, .dy = dy, .x_hat = scratch, .sums_point = point_sums(conv)};
    band.x_point = point_floats(conv, conv->in_channels);
    band.dy_point = point_floats(conv, conv->out_channels);
    band.dy_hat = band.x_hat + PRODUCTS * band.x_point;
    band.sums = band.dy_hat + PRODUCTS * band.dy_point;
    band.turned = band.sums + PRODUCTS * band.sums_point;
    int most = band_tiles(conv), tiles = plane_tiles(conv->out);
    for (; band.first < tiles; band.first += most) {
        band.tiles = tiles - band.first < most ? tiles - band.first : most;
        add_band(&band);
    }
    sums_to_partial(&band, partial, add);
}

/* dw[out][in][3][3] = (or += if `add`) the sum of the partial gradients. */
static void minimal_finish_gradient(const nb_conv *conv, const float *partials, size_t stride, int count, float *dw, bool add)
{
    enum { RUN_WEIGHTS = 64 };
    int weights = conv->in_channels * conv->out_channels;
    for (int t = 0; t < 9; t++)
        for (int k = 0; k < weights; k += RUN_WEIGHTS) {
            float sum[RUN_WEIGHTS] = {0};
            int n = weights - k < RUN_WEIGHTS ? weights - k : RUN_WEIGHTS;
            for (int p = 0; p < count; p++)
                for (int i = 0; i < n; i++)
                    sum[i] += partials[(size_t)p * stride + (size_t)(t * weights + k + i)];
            for (int i = 0; i < n; i++) {
                float *at = dw + (size_t)(k + i) * 9 + t;
                *at = add ? *at + sum[i] : sum[i];
            }
        }
}

#endif
