/* The vector type of the file that includes this, by the instruction set it is compiled for: the fast kernels are written once, on
 * these few operations, and compiled once per set (*_avx512.c, *_avx2.c). Sixteen lanes are VEC_PARTS vectors of VEC_FLOATS; lanes
 * never mix before the sums at the very end, so a kernel runs through its parts one after the other. */
#ifndef NB_NN_SIMD_H
#define NB_NN_SIMD_H

#include <immintrin.h>

#include "nn/kernels.h"

/* for (int k = 0; k < n; k++), n constant, all of it unrolled: arrays indexed by k then live in registers. */
#if defined(__clang__)
#define NB_EACH(k, n) _Pragma("clang loop unroll(full)") for (int k = 0; k < (n); k++)
#else
#define NB_EACH(k, n) _Pragma("GCC unroll 64") for (int k = 0; k < (n); k++)
#endif

/* The statement for k = 0, 1, ..., N - 1 (N <= 10, a constant), written out before the compiler sees it: arrays that are indexed by k
 * become registers even where real loops stand around, which a loop that is unrolled later cannot promise. */
#define NB_SPELT_ONE(k, value, N, ...)                                                                                                     \
    {                                                                                                                                      \
        enum { k = (value) };                                                                                                              \
        if (k < (N)) {                                                                                                                     \
            __VA_ARGS__;                                                                                                                   \
        }                                                                                                                                  \
    }
#define NB_SPELT(k, N, ...)                                                                                                                \
    do {                                                                                                                                   \
        NB_SPELT_ONE(k, 0, N, __VA_ARGS__)                                                                                                 \
        NB_SPELT_ONE(k, 1, N, __VA_ARGS__)                                                                                                 \
        NB_SPELT_ONE(k, 2, N, __VA_ARGS__)                                                                                                 \
        NB_SPELT_ONE(k, 3, N, __VA_ARGS__)                                                                                                 \
        NB_SPELT_ONE(k, 4, N, __VA_ARGS__)                                                                                                 \
        NB_SPELT_ONE(k, 5, N, __VA_ARGS__)                                                                                                 \
        NB_SPELT_ONE(k, 6, N, __VA_ARGS__)                                                                                                 \
        NB_SPELT_ONE(k, 7, N, __VA_ARGS__)                                                                                                 \
        NB_SPELT_ONE(k, 8, N, __VA_ARGS__)                                                                                                 \
        NB_SPELT_ONE(k, 9, N, __VA_ARGS__)                                                                                                 \
    } while (0)

/* For functions whose arguments become constants of their callers: the size of a register tile. */
#define NB_INLINE static inline __attribute__((always_inline))

/* The same pointer, of which the compiler no longer knows how it came about. Neighbouring loads then use it with constant distances, and
 * not one register for each distance that several arrays have in common. */
NB_INLINE const float *plain_pointer(const float *p)
{
    __asm__("" : "+r"(p));
    return p;
}

#if defined(__AVX512F__)

#define NB_SIMD(name) nb_avx512_##name
typedef __m512 vec;
typedef __mmask16 vec_mask;
enum { VEC_FLOATS = 16, VEC_PARTS = 1 };

NB_INLINE vec vec_zero(void)
{
    return _mm512_setzero_ps();
}
NB_INLINE vec vec_all(float value)
{
    return _mm512_set1_ps(value);
}
NB_INLINE vec vec_load(const float *from)
{
    return _mm512_load_ps(from);
}
NB_INLINE void vec_store(float *to, vec v)
{
    _mm512_store_ps(to, v);
}
NB_INLINE vec vec_add(vec a, vec b)
{
    return _mm512_add_ps(a, b);
}
NB_INLINE vec vec_sub(vec a, vec b)
{
    return _mm512_sub_ps(a, b);
}
NB_INLINE vec vec_mul(vec a, vec b)
{
    return _mm512_mul_ps(a, b);
}
NB_INLINE vec vec_div(vec a, vec b)
{
    return _mm512_div_ps(a, b);
}
/* a * b + c, rounded once */
NB_INLINE vec vec_fma(vec a, vec b, vec c)
{
    return _mm512_fmadd_ps(a, b, c);
}
/* c - a * b */
NB_INLINE vec vec_fnma(vec a, vec b, vec c)
{
    return _mm512_fnmadd_ps(a, b, c);
}
/* a, in a register. Compilers like to fold a load into each use; where every use has another operand to fetch from memory, that is two
 * loads for each multiply-add and half the speed. */
NB_INLINE vec vec_pin(vec a)
{
    __asm__("" : "+v"(a));
    return a;
}
/* The larger; b where either is NaN */
NB_INLINE vec vec_max(vec a, vec b)
{
    return _mm512_max_ps(a, b);
}
NB_INLINE vec_mask vec_greater(vec a, vec b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ);
}
NB_INLINE vec_mask vec_equal(vec a, vec b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ);
}
NB_INLINE vec_mask vec_is_nan(vec a)
{
    return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q);
}
NB_INLINE vec_mask mask_or(vec_mask a, vec_mask b)
{
    return (vec_mask)(a | b);
}
NB_INLINE vec_mask mask_and_not(vec_mask a, vec_mask b)
{
    return (vec_mask)(a & ~b);
}
NB_INLINE vec_mask mask_none(void)
{
    return 0;
}
/* The lanes of part `part` that are below `live` */
NB_INLINE vec_mask mask_live(int live, int part)
{
    (void)part;
    return (vec_mask)((1u << live) - 1u);
}
/* a where the mask is set, 0 elsewhere */
NB_INLINE vec vec_keep(vec_mask mask, vec a)
{
    return _mm512_maskz_mov_ps(mask, a);
}
/* a where the mask is set, b elsewhere */
NB_INLINE vec vec_choose(vec_mask mask, vec a, vec b)
{
    return _mm512_mask_mov_ps(b, mask, a);
}
/* The sums over the lanes of four vectors, always in the same order */
NB_INLINE __m128 vec_sum_4(vec a, vec b, vec c, vec d)
{
    vec ab = vec_add(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
    vec cd = vec_add(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
    vec abcd = vec_add(_mm512_shuffle_ps(ab, cd, _MM_SHUFFLE(1, 0, 1, 0)), _mm512_shuffle_ps(ab, cd, _MM_SHUFFLE(3, 2, 3, 2)));
    __m256 half = _mm256_add_ps(_mm512_castps512_ps256(abcd), _mm512_extractf32x8_ps(abcd, 1));
    return _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
}
/* 2^n * a for whole n of -126..127 given as floats */
NB_INLINE vec vec_scale_2(vec a, vec n)
{
    return _mm512_scalef_ps(a, n);
}
NB_INLINE vec vec_round(vec a)
{
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

#else

#define NB_SIMD(name) nb_avx2_##name
typedef __m256 vec;
typedef __m256 vec_mask;
enum { VEC_FLOATS = 8, VEC_PARTS = 2 };

NB_INLINE vec vec_zero(void)
{
    return _mm256_setzero_ps();
}
NB_INLINE vec vec_all(float value)
{
    return _mm256_set1_ps(value);
}
NB_INLINE vec vec_load(const float *from)
{
    return _mm256_load_ps(from);
}
NB_INLINE void vec_store(float *to, vec v)
{
    _mm256_store_ps(to, v);
}
NB_INLINE vec vec_add(vec a, vec b)
{
    return _mm256_add_ps(a, b);
}
NB_INLINE vec vec_sub(vec a, vec b)
{
    return _mm256_sub_ps(a, b);
}
NB_INLINE vec vec_mul(vec a, vec b)
{
    return _mm256_mul_ps(a, b);
}
NB_INLINE vec vec_div(vec a, vec b)
{
    return _mm256_div_ps(a, b);
}
NB_INLINE vec vec_fma(vec a, vec b, vec c)
{
    return _mm256_fmadd_ps(a, b, c);
}
NB_INLINE vec vec_fnma(vec a, vec b, vec c)
{
    return _mm256_fnmadd_ps(a, b, c);
}
NB_INLINE vec vec_pin(vec a)
{
    __asm__("" : "+x"(a));
    return a;
}
NB_INLINE vec vec_max(vec a, vec b)
{
    return _mm256_max_ps(a, b);
}
NB_INLINE vec_mask vec_greater(vec a, vec b)
{
    return _mm256_cmp_ps(a, b, _CMP_GT_OQ);
}
NB_INLINE vec_mask vec_equal(vec a, vec b)
{
    return _mm256_cmp_ps(a, b, _CMP_EQ_OQ);
}
NB_INLINE vec_mask vec_is_nan(vec a)
{
    return _mm256_cmp_ps(a, a, _CMP_UNORD_Q);
}
NB_INLINE vec_mask mask_or(vec_mask a, vec_mask b)
{
    return _mm256_or_ps(a, b);
}
NB_INLINE vec_mask mask_and_not(vec_mask a, vec_mask b)
{
    return _mm256_andnot_ps(b, a);
}
NB_INLINE vec_mask mask_none(void)
{
    return _mm256_setzero_ps();
}
NB_INLINE vec_mask mask_live(int live, int part)
{
    __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32(live - part * VEC_FLOATS), lane));
}
NB_INLINE vec vec_keep(vec_mask mask, vec a)
{
    return _mm256_and_ps(mask, a);
}
NB_INLINE vec vec_choose(vec_mask mask, vec a, vec b)
{
    return _mm256_blendv_ps(b, a, mask);
}
NB_INLINE __m128 vec_sum_4(vec a, vec b, vec c, vec d)
{
    vec ab = vec_add(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
    vec cd = vec_add(_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
    vec abcd = vec_add(_mm256_shuffle_ps(ab, cd, _MM_SHUFFLE(1, 0, 1, 0)), _mm256_shuffle_ps(ab, cd, _MM_SHUFFLE(3, 2, 3, 2)));
    return _mm_add_ps(_mm256_castps256_ps128(abcd), _mm256_extractf128_ps(abcd, 1));
}
NB_INLINE vec vec_scale_2(vec a, vec n)
{
    __m256i exponent = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
    return _mm256_mul_ps(a, _mm256_castsi256_ps(exponent));
}
NB_INLINE vec vec_round(vec a)
{
    return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

#endif

#endif
