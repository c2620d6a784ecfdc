/* Running statistics of a plane, as kernels.h defines them, fed from registers. */
#ifndef NB_NN_SIMD_STATS_H
#define NB_NN_SIMD_STATS_H

#include "nn/simd.h"

/* Adds v[0..N) to one channel's statistics [3][16] (`stats` at this part of the lanes). Starts them with v[0] as the shift if `first`. */
NB_INLINE void stats_add(float *stats, bool first, const vec *v, const int N)
{
    vec shift, sum, squares;
    if (first) {
        shift = v[0];
        sum = squares = vec_zero();
        vec_store(stats, shift);
    } else {
        shift = vec_load(stats);
        sum = vec_load(stats + NB_LANES);
        squares = vec_load(stats + 2 * NB_LANES);
    }
    NB_EACH (i, N) {
        vec d = vec_sub(v[i], shift);
        sum = vec_add(sum, d);
        squares = vec_fma(d, d, squares);
    }
    vec_store(stats + NB_LANES, sum);
    vec_store(stats + 2 * NB_LANES, squares);
}

#endif
