#include "peak.h"

#include <math.h>

#include "bench.h"

#if defined(__x86_64__)
#include <immintrin.h>

enum { CHAINS = 16, PEAK_STEPS = 4000000, REPEATS = 9 };

__attribute__((target("avx512f"))) static void multiply_add_512(void *user)
{
    __m512 sum[CHAINS], factor = _mm512_set1_ps(0.999f), term = _mm512_set1_ps(1e-3f);
    for (int k = 0; k < CHAINS; k++)
        sum[k] = _mm512_set1_ps((float)k);
    for (int step = 0; step < PEAK_STEPS; step++)
        for (int k = 0; k < CHAINS; k++)
            sum[k] = _mm512_fmadd_ps(sum[k], factor, term);
    for (int k = 1; k < CHAINS; k++)
        sum[0] = _mm512_add_ps(sum[0], sum[k]);
    *(float *)user = _mm512_reduce_add_ps(sum[0]);
}

__attribute__((target("avx2,fma"))) static void multiply_add_256(void *user)
{
    enum { FEWER = 12 }; /* registers: 16 */
    __m256 sum[FEWER], factor = _mm256_set1_ps(0.999f), term = _mm256_set1_ps(1e-3f);
    for (int k = 0; k < FEWER; k++)
        sum[k] = _mm256_set1_ps((float)k);
    for (int step = 0; step < PEAK_STEPS; step++)
        for (int k = 0; k < FEWER; k++)
            sum[k] = _mm256_fmadd_ps(sum[k], factor, term);
    for (int k = 1; k < FEWER; k++)
        sum[0] = _mm256_add_ps(sum[0], sum[k]);
    _mm_store_ss(user, _mm256_castps256_ps128(sum[0]));
}

double bench_peak_arithmetic(const nb_kernels *kernels)
{
    float result;
    if (kernels == nb_kernels_avx512())
        return 2.0 * 16 * CHAINS * PEAK_STEPS / bench_repeat(multiply_add_512, &result, REPEATS).best * 1e-9;
    if (kernels == nb_kernels_avx2())
        return 2.0 * 8 * 12 * PEAK_STEPS / bench_repeat(multiply_add_256, &result, REPEATS).best * 1e-9;
    return NAN;
}
#else
double bench_peak_arithmetic(const nb_kernels *kernels)
{
    (void)kernels;
    return NAN;
}
#endif
