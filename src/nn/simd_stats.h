/* Running statistics of a plane, as kernels.h defines them, fed from registers. */
#ifndef NB_NN_SIMD_STATS_H
#define NB_NN_SIMD_STATS_H

#include "nn/simd.h"

typedef struct running_stats {
    vec shift, sum, squares;
} running_stats;

/* One channel's statistics [3][16] (`stats` at this part of the lanes) into registers. If `first`, they start with `value` as the shift. */
NB_INLINE void stats_begin(running_stats *s, float *stats, bool first, vec value)
{
    if (first) {
        s->shift = value;
        s->sum = s->squares = vec_zero();
        vec_store(stats, value);
    } else {
        s->shift = vec_load(stats);
        s->sum = vec_load(stats + NB_LANES);
        s->squares = vec_load(stats + 2 * NB_LANES);
    }
}

NB_INLINE void stats_take(running_stats *s, const vec *v, const int N)
{
    NB_EACH (i, N) {
        vec d = vec_sub(v[i], s->shift);
        s->sum = vec_add(s->sum, d);
        s->squares = vec_fma(d, d, s->squares);
    }
}

NB_INLINE void stats_end(const running_stats *s, float *stats)
{
    vec_store(stats + NB_LANES, s->sum);
    vec_store(stats + 2 * NB_LANES, s->squares);
}

/* All three for v[0..N), the shift being v[0]. */
NB_INLINE void stats_add(float *stats, bool first, const vec *v, const int N)
{
    running_stats s;
    stats_begin(&s, stats, first, v[0]);
    stats_take(&s, v, N);
    stats_end(&s, stats);
}

#endif
