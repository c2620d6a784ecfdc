/* The element-wise kernel in registers: a run of neighbouring pixels collects all its terms, then goes to every output and sum, so
 * that each tensor passes through memory once. */
#ifndef NB_NN_SIMD_COMBINE_H
#define NB_NN_SIMD_COMBINE_H

#include "nn/simd_kernels.h"
#include "nn/simd_stats.h"

/* Pixels per run. */
enum { RUN = VEC_PARTS == 1 ? 8 : 4 };

/* Room for any index that NB_SPELT writes out, also in the branches that are never taken. */
enum { SPAN = 20 };

/* A call, resolved for one channel and one part of the lanes: pointers at that plane, scales in all lanes. */
typedef struct plain_term {
    const float *v;
    vec scale;
} plain_term;
typedef struct gated_term {
    const float *v, *gate;
    vec scale;
} gated_term;
typedef struct average_term {
    const float *v;
    float scale;
    bool transpose;
} average_term;
typedef struct dot_sum {
    const float *v;
    vec centre, sum;
} dot_sum;
typedef struct channel_work {
    nb_plane plane;
    int plains, gateds, averages, dots;
    bool some_dead, summed;
    vec_mask live; /* lanes with images */
    vec shift, sum;
    float *out, *relu, *stats;
    plain_term plain[NB_MAX_TERMS];
    gated_term gated[NB_MAX_TERMS];
    average_term average[NB_MAX_TERMS];
    dot_sum dot[NB_MAX_DOTS];
} channel_work;

/* Vertical sums of the 3x3 neighbourhoods: column[k] = the rows around r at column c - 1 + k. `v` stands at the channel's plane. */
NB_INLINE void column_sums(nb_plane plane, const float *v, int r, int c, vec *column, const int N)
{
    const float *middle = plain_pointer(v + nb_pixel(plane, r, c - 1));
    const size_t row = nb_row_floats(plane);
    NB_SPELT(k, N + 2, column[k] = vec_load(middle + (size_t)k * NB_LANES));
    if (r > 0) {
        const float *above = plain_pointer(middle - row);
        NB_SPELT(k, N + 2, column[k] = vec_add(column[k], vec_load(above + (size_t)k * NB_LANES)));
    }
    if (r + 1 < plane.rows) {
        const float *below = plain_pointer(middle + row);
        const vec one = vec_all(1); /* additions and multiply-adds go through different units: some of each */
        NB_SPELT(k, N + 2, column[k] = vec_fma(one, vec_load(below + (size_t)k * NB_LANES), column[k]));
    }
}

/* The same near the upper and lower edge, each row divided by the number of rows that its mean takes in. */
NB_INLINE void weighted_column_sums(nb_plane plane, const float *v, int r, int c, vec *column, const int N)
{
    const float *middle = plain_pointer(v + nb_pixel(plane, r, c - 1));
    NB_SPELT(k, N + 2, column[k] = vec_zero());
    for (int d = -1; d <= 1; d++) {
        if (r + d < 0 || r + d >= plane.rows)
            continue;
        const float *row = plain_pointer(middle + (ptrdiff_t)nb_row_floats(plane) * d);
        const vec weight = vec_all(1.0f / (float)nb_neighbours(r + d, plane.rows));
        NB_SPELT(k, N + 2, column[k] = vec_fma(weight, vec_load(row + (size_t)k * NB_LANES), column[k]));
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
    vec column[SPAN];
    column_sums(plane, v, r, c, column, N);
    scale /= (float)nb_neighbours(r, plane.rows);
    vec inner = vec_all(scale / 3);
    NB_SPELT(k, N, vec share = k == 0 || k == N - 1 ? column_share(plane, c + k, scale) : inner;
             out[k] = vec_fma(share, vec_add(vec_add(column[k], column[k + 1]), column[k + 2]), out[k]));
}

/* out += scale * the transpose of the 3x3 average of v. */
NB_INLINE void add_average_transposed(nb_plane plane, const float *v, int r, int c, float scale, vec *out, const int N)
{
    vec column[SPAN];
    if (r >= 2 && r + 2 < plane.rows) {
        column_sums(plane, v, r, c, column, N);
        scale /= 3;
    } else {
        weighted_column_sums(plane, v, r, c, column, N);
    }
    vec inner = vec_all(scale / 3);
    NB_SPELT(k, N + 2, column[k] = vec_mul(column[k], k <= 1 || k >= N ? column_share(plane, c - 1 + k, scale) : inner));
    NB_SPELT(k, N, out[k] = vec_add(out[k], vec_add(vec_add(column[k], column[k + 1]), column[k + 2])));
}

NB_INLINE void add_gated(const gated_term *term, size_t pixel, vec *out, const int N)
{
    const float *v = plain_pointer(term->v + pixel), *gate = plain_pointer(term->gate + pixel);
    const vec scale = term->scale;
    NB_SPELT(k, N, vec_mask open = vec_greater(vec_load(gate + (size_t)k * NB_LANES), vec_zero());
             out[k] = vec_fma(scale, vec_keep(open, vec_load(v + (size_t)k * NB_LANES)), out[k]));
}

/* The sum of all terms at N pixels of row r from column c on; `pixel` is the first one's place in its plane. */
NB_INLINE void collect(const channel_work *w, int r, int c, size_t pixel, vec *out, const int N)
{
    NB_SPELT(k, N, out[k] = w->shift);
    for (int t = 0; t < w->plains; t++) {
        const float *v = plain_pointer(w->plain[t].v + pixel);
        const vec scale = w->plain[t].scale;
        NB_SPELT(k, N, out[k] = vec_fma(scale, vec_load(v + (size_t)k * NB_LANES), out[k]));
    }
    for (int t = 0; t < w->gateds; t++)
        add_gated(&w->gated[t], pixel, out, N);
    for (int t = 0; t < w->averages; t++) {
        const average_term *term = &w->average[t];
        if (term->transpose)
            add_average_transposed(w->plane, term->v, r, c, term->scale, out, N);
        else
            add_average(w->plane, term->v, r, c, term->scale, out, N);
    }
    if (w->some_dead)
        NB_SPELT(k, N, out[k] = vec_keep(w->live, out[k]));
}

/* v[0] + ... + v[N - 1] for N a power of two, in pairs, so that the sum of a run does not wait for that of the run before. Uses up v. */
NB_INLINE vec sum_in_pairs(vec *v, const int N)
{
    if (N >= 8)
        NB_SPELT(k, 4, v[k] = vec_add(v[k], v[k + 4]));
    if (N >= 4)
        NB_SPELT(k, 2, v[k] = vec_add(v[k], v[k + 2]));
    if (N >= 2)
        v[0] = vec_add(v[0], v[1]);
    return v[0];
}

NB_INLINE void add_dot(dot_sum *dot, size_t pixel, const vec *out, const int N)
{
    const float *v = plain_pointer(dot->v + pixel);
    const vec centre = dot->centre;
    const int half = N > 1 ? N / 2 : 1;
    vec sum[SPAN];
    NB_SPELT(k, half, sum[k] = vec_mul(out[k], vec_sub(vec_load(v + (size_t)k * NB_LANES), centre)));
    NB_SPELT(k, N - half, sum[k] = vec_fma(out[k + half], vec_sub(vec_load(v + (size_t)(k + half) * NB_LANES), centre), sum[k]));
    dot->sum = vec_add(dot->sum, sum_in_pairs(sum, half));
}

NB_INLINE void store_run(float *to, const vec *v, const int N)
{
    __asm__("" : "+r"(to));
    NB_SPELT(k, N, vec_store(to + (size_t)k * NB_LANES, v[k]));
}

/* N pixels of row r from column c on. */
NB_INLINE void combine_run(channel_work *w, int r, int c, const int N)
{
    const size_t pixel = nb_pixel(w->plane, r, c);
    vec out[SPAN];
    collect(w, r, c, pixel, out, N);
    if (w->out)
        store_run(w->out + pixel, out, N);
    if (w->relu) {
        vec positive[SPAN];
        NB_SPELT(k, N, positive[k] = vec_max(vec_zero(), out[k]));
        store_run(w->relu + pixel, positive, N);
    }
    if (w->stats)
        stats_add(w->stats, r == 0 && c == 0, out, N);
    for (int d = 0; d < w->dots; d++)
        add_dot(&w->dot[d], pixel, out, N);
    if (w->summed)
        w->sum = vec_add(w->sum, sum_in_pairs(out, N));
}

static void combine_row(channel_work *w, int r)
{
    const int cols = w->plane.cols;
    int c = 0;
    for (; c + RUN <= cols; c += RUN)
        combine_run(w, r, c, RUN);
    if (RUN > 4 && c + 4 <= cols) {
        combine_run(w, r, c, 4);
        c += 4;
    }
    if (c + 2 <= cols) {
        combine_run(w, r, c, 2);
        c += 2;
    }
    if (c < cols)
        combine_run(w, r, c, 1);
}

/* Where the sums of a channel are kept between two bands of rows. */
static float *dot_lanes(const nb_combine *what, int d, int channel, size_t lane)
{
    return what->dot_lanes + ((size_t)d * (size_t)what->channels + (size_t)channel) * NB_LANES + lane;
}

static void resolve_terms(channel_work *w, const nb_combine *what, int channel, size_t at)
{
    w->plains = w->gateds = w->averages = 0;
    for (int t = 0; t < what->terms; t++) {
        const nb_term *term = &what->term[t];
        float scale = term->scale ? term->scale[channel] : 1.0f;
        if (term->form == NB_TERM_PLAIN)
            w->plain[w->plains++] = (plain_term){term->v + at, vec_all(scale)};
        else if (term->form == NB_TERM_GATED)
            w->gated[w->gateds++] = (gated_term){term->v + at, term->gate + at, vec_all(scale)};
        else
            w->average[w->averages++] = (average_term){term->v + at, scale, term->form == NB_TERM_AVERAGE_3_T};
    }
}

/* `lane` is the first of this part; sums start with what earlier rows left unless `fresh`. */
static void resolve(channel_work *w, const nb_combine *what, int channel, size_t lane, bool fresh)
{
    const size_t at = (size_t)channel * nb_plane_floats(what->plane) + lane;
    resolve_terms(w, what, channel, at);
    w->shift = vec_all(what->shift ? what->shift[channel] : 0.0f);
    w->out = what->out ? what->out + at : NULL;
    w->relu = what->relu ? what->relu + at : NULL;
    w->stats = what->stats ? what->stats + (size_t)channel * NB_STATS_FLOATS + lane : NULL;
    w->sum = vec_zero();
    if (w->summed && !fresh)
        w->sum = vec_load(what->sum_lanes + (size_t)channel * NB_LANES + lane);
    for (int d = 0; d < w->dots; d++) {
        const nb_dot *dot = &what->dot[d];
        w->dot[d].v = dot->v + at;
        w->dot[d].centre = vec_all(dot->centre ? dot->centre[channel] : 0.0f);
        w->dot[d].sum = fresh ? vec_zero() : vec_load(dot_lanes(what, d, channel, lane));
    }
}

static void keep_sums(const channel_work *w, const nb_combine *what, int channel, size_t lane)
{
    if (w->summed)
        vec_store(what->sum_lanes + (size_t)channel * NB_LANES + lane, w->sum);
    for (int d = 0; d < w->dots; d++)
        vec_store(dot_lanes(what, d, channel, lane), w->dot[d].sum);
}

/* What is the same for all channels. */
static void start(channel_work *w, const nb_combine *what, int part)
{
    w->plane = what->plane;
    w->dots = what->dots;
    w->summed = what->sum_lanes != NULL;
    w->some_dead = what->live < NB_LANES;
    w->live = mask_live(what->live, part);
}

void NB_SIMD(combine)(const nb_combine *what, int row_begin, int row_end)
{
    channel_work work[VEC_PARTS];
    for (int part = 0; part < VEC_PARTS; part++)
        start(&work[part], what, part);
    for (int channel = 0; channel < what->channels; channel++) {
        for (int part = 0; part < VEC_PARTS; part++)
            resolve(&work[part], what, channel, (size_t)(part * VEC_FLOATS), row_begin == 0);
        for (int r = row_begin; r < row_end; r++)
            for (int part = 0; part < VEC_PARTS; part++)
                combine_row(&work[part], r);
        for (int part = 0; part < VEC_PARTS; part++)
            keep_sums(&work[part], what, channel, (size_t)(part * VEC_FLOATS));
    }
}

#endif
