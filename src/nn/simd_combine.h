/* The element-wise kernel in registers: a run of neighbouring pixels collects all its terms, then goes to every output and sum, so
 * that each tensor passes through memory once. */
#ifndef NB_NN_SIMD_COMBINE_H
#define NB_NN_SIMD_COMBINE_H

#include "nn/simd_kernels.h"
#include "nn/simd_stats.h"

/* Pixels per run. */
enum { RUN = VEC_PARTS == 1 ? 8 : 4 };

/* One channel of a call. */
typedef struct combine_channel {
    const nb_combine *what;
    int channel;
    size_t plane_at; /* floats before the channel */
    vec_mask live;   /* lanes with images, of this part */
    size_t lane;     /* first lane of this part */
} combine_channel;

/* Vertical sums of the 3x3 neighbourhoods: column[k] = the rows around r at column c - 1 + k, weighted for the transposed form by one
 * over the rows that each of them averages. `v` stands at the channel's plane. */
NB_INLINE void column_sums(nb_plane plane, const float *v, int r, int c, bool transpose, vec *column, const int N)
{
    const float *middle = v + nb_pixel(plane, r, c - 1);
    size_t row = nb_row_floats(plane);
    vec own = vec_all(transpose ? 1.0f / (float)nb_neighbours(r, plane.rows) : 1.0f);
    NB_UNROLL for (int k = 0; k < N + 2; k++) column[k] = vec_mul(own, vec_load(middle + (size_t)k * NB_LANES));
    if (r > 0) {
        vec above = vec_all(transpose ? 1.0f / (float)nb_neighbours(r - 1, plane.rows) : 1.0f);
        NB_UNROLL for (int k = 0; k < N + 2; k++) column[k] = vec_fma(above, vec_load(middle - row + (size_t)k * NB_LANES), column[k]);
    }
    if (r + 1 < plane.rows) {
        vec below = vec_all(transpose ? 1.0f / (float)nb_neighbours(r + 1, plane.rows) : 1.0f);
        NB_UNROLL for (int k = 0; k < N + 2; k++) column[k] = vec_fma(below, vec_load(middle + row + (size_t)k * NB_LANES), column[k]);
    }
}

/* scale / the columns that a mean around column c takes in. Only columns near an edge need to ask: the caller asks at the ends of its run
 * (which are the only places where an edge can lie) and takes scale / 3 between. */
NB_INLINE vec column_share(nb_plane plane, int c, float scale)
{
    static const float share[] = {0, 1, 1.0f / 2, 1.0f / 3};
    return vec_all(scale * share[nb_neighbours(c, plane.cols)]);
}

/* out += scale * the 3x3 average of v. */
NB_INLINE void add_average(nb_plane plane, const float *v, int r, int c, float scale, vec *out, const int N)
{
    vec column[RUN + 2];
    column_sums(plane, v, r, c, false, column, N);
    scale /= (float)nb_neighbours(r, plane.rows);
    vec inner = vec_all(scale / 3);
    NB_UNROLL for (int k = 0; k < N; k++)
    {
        vec share = k == 0 || k == N - 1 ? column_share(plane, c + k, scale) : inner;
        out[k] = vec_fma(share, vec_add(vec_add(column[k], column[k + 1]), column[k + 2]), out[k]);
    }
}

/* out += scale * the transpose of the 3x3 average of v. */
NB_INLINE void add_average_transposed(nb_plane plane, const float *v, int r, int c, float scale, vec *out, const int N)
{
    vec column[RUN + 2];
    column_sums(plane, v, r, c, true, column, N);
    vec inner = vec_all(scale / 3);
    NB_UNROLL for (int k = 0; k < N + 2; k++) column[k] =
        vec_mul(column[k], k <= 1 || k >= N ? column_share(plane, c - 1 + k, scale) : inner);
    NB_UNROLL for (int k = 0; k < N; k++) out[k] = vec_add(out[k], vec_add(vec_add(column[k], column[k + 1]), column[k + 2]));
}

NB_INLINE void add_term(const combine_channel *at, const nb_term *term, int r, int c, vec *out, const int N)
{
    nb_plane plane = at->what->plane;
    const float *v = term->v + at->plane_at + at->lane;
    size_t pixel = nb_pixel(plane, r, c);
    float scale = term->scale ? term->scale[at->channel] : 1.0f;
    switch (term->form) {
    case NB_TERM_PLAIN:
        NB_UNROLL for (int k = 0; k < N; k++) out[k] = vec_fma(vec_all(scale), vec_load(v + pixel + (size_t)k * NB_LANES), out[k]);
        break;
    case NB_TERM_GATED: {
        const float *gate = term->gate + at->plane_at + at->lane + pixel;
        NB_UNROLL for (int k = 0; k < N; k++)
        {
            vec_mask open = vec_greater(vec_load(gate + (size_t)k * NB_LANES), vec_zero());
            out[k] = vec_fma(vec_all(scale), vec_keep(open, vec_load(v + pixel + (size_t)k * NB_LANES)), out[k]);
        }
        break;
    }
    case NB_TERM_AVERAGE_3:
        add_average(plane, v, r, c, scale, out, N);
        break;
    case NB_TERM_AVERAGE_3_T:
        add_average_transposed(plane, v, r, c, scale, out, N);
        break;
    }
}

/* lanes[16] += the sum of v[0..N). */
NB_INLINE void add_lanes(float *lanes, const vec *v, const int N)
{
    vec sum = vec_load(lanes);
    NB_UNROLL for (int k = 0; k < N; k++) sum = vec_add(sum, v[k]);
    vec_store(lanes, sum);
}

NB_INLINE void add_dot(const combine_channel *at, int d, size_t pixel, const vec *out, const int N)
{
    const nb_dot *dot = &at->what->dot[d];
    const float *v = dot->v + at->plane_at + at->lane + pixel;
    float *lanes = at->what->dot_lanes + ((size_t)d * (size_t)at->what->channels + (size_t)at->channel) * NB_LANES + at->lane;
    vec centre = vec_all(dot->centre ? dot->centre[at->channel] : 0.0f), sum = vec_load(lanes);
    NB_UNROLL for (int k = 0; k < N; k++) sum = vec_fma(out[k], vec_sub(vec_load(v + (size_t)k * NB_LANES), centre), sum);
    vec_store(lanes, sum);
}

/* N pixels of row r from column c on. */
NB_INLINE void combine_run(const combine_channel *at, int r, int c, const int N)
{
    const nb_combine *what = at->what;
    size_t pixel = nb_pixel(what->plane, r, c), place = at->plane_at + at->lane + pixel;
    vec out[RUN];
    NB_UNROLL for (int k = 0; k < N; k++) out[k] = vec_all(what->shift ? what->shift[at->channel] : 0.0f);
    for (int t = 0; t < what->terms; t++)
        add_term(at, &what->term[t], r, c, out, N);
    if (what->live < NB_LANES)
        NB_UNROLL for (int k = 0; k < N; k++) out[k] = vec_keep(at->live, out[k]);

    if (what->out)
        NB_UNROLL for (int k = 0; k < N; k++) vec_store(what->out + place + (size_t)k * NB_LANES, out[k]);
    if (what->relu)
        NB_UNROLL for (int k = 0; k < N; k++) vec_store(what->relu + place + (size_t)k * NB_LANES, vec_max(vec_zero(), out[k]));
    if (what->stats)
        stats_add(what->stats + (size_t)at->channel * NB_STATS_FLOATS + at->lane, r == 0 && c == 0, out, N);
    if (what->sum_lanes)
        add_lanes(what->sum_lanes + (size_t)at->channel * NB_LANES + at->lane, out, N);
    for (int d = 0; d < what->dots; d++)
        add_dot(at, d, pixel, out, N);
}

static void combine_row(const combine_channel *at, int r)
{
    int c = 0, cols = at->what->plane.cols;
    for (; c + RUN <= cols; c += RUN)
        combine_run(at, r, c, RUN);
    if (RUN > 4 && c + 4 <= cols) {
        combine_run(at, r, c, 4);
        c += 4;
    }
    if (c + 2 <= cols) {
        combine_run(at, r, c, 2);
        c += 2;
    }
    if (c < cols)
        combine_run(at, r, c, 1);
}

static void start_sums(const nb_combine *what)
{
    size_t floats = (size_t)what->channels * NB_LANES;
    for (size_t k = 0; what->sum_lanes && k < floats; k++)
        what->sum_lanes[k] = 0;
    for (size_t k = 0; k < (size_t)what->dots * floats; k++)
        what->dot_lanes[k] = 0;
}

void NB_SIMD(combine)(const nb_combine *what, int row_begin, int row_end)
{
    if (row_begin == 0)
        start_sums(what);
    for (int channel = 0; channel < what->channels; channel++)
        for (int part = 0; part < VEC_PARTS; part++) {
            combine_channel at = {.what = what,
                                  .channel = channel,
                                  .plane_at = (size_t)channel * nb_plane_floats(what->plane),
                                  .live = mask_live(what->live, part),
                                  .lane = (size_t)(part * VEC_FLOATS)};
            for (int r = row_begin; r < row_end; r++)
                combine_row(&at, r);
        }
}

#endif
