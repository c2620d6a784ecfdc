/* Numbers that lie across the lanes turned to lie along them. */
#ifndef NB_NN_SIMD_TRANSPOSE_H
#define NB_NN_SIMD_TRANSPOSE_H

#include "nn/simd.h"

/* Four rows of four floats become four columns. */
NB_INLINE void transpose_4x4(const float *from, size_t from_step, float *to, size_t to_step)
{
    __m128 a = _mm_loadu_ps(from), b = _mm_loadu_ps(from + from_step), c = _mm_loadu_ps(from + 2 * from_step),
           d = _mm_loadu_ps(from + 3 * from_step);
    _MM_TRANSPOSE4_PS(a, b, c, d);
    _mm_storeu_ps(to, a);
    _mm_storeu_ps(to + to_step, b);
    _mm_storeu_ps(to + 2 * to_step, c);
    _mm_storeu_ps(to + 3 * to_step, d);
}

/* to[i][j] = from[j][i] */
NB_INLINE void transpose_16x16(const float *from, float *to)
{
    for (size_t i = 0; i < 16; i += 4)
        for (size_t j = 0; j < 16; j += 4)
            transpose_4x4(from + i * 16 + j, 16, to + j * 16 + i, 16);
}

#endif
