/* Which table of kernels this machine runs. */
#include "nn/kernels.h"

#include <string.h>

#if defined(__x86_64__) || defined(__i386__)

extern const nb_kernels nb_avx2_table, nb_avx512_table;

const nb_kernels *nb_kernels_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &nb_avx2_table : NULL;
}

const nb_kernels *nb_kernels_avx512(void)
{
    bool runs = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                __builtin_cpu_supports("avx512vl");
    return runs && nb_kernels_avx2() ? &nb_avx512_table : NULL;
}

#else

const nb_kernels *nb_kernels_avx2(void)
{
    return NULL;
}

const nb_kernels *nb_kernels_avx512(void)
{
    return NULL;
}

#endif

const nb_kernels *nb_kernels_best(void)
{
    const nb_kernels *best = nb_kernels_avx512();
    if (!best)
        best = nb_kernels_avx2();
    return best ? best : nb_kernels_plain();
}

const nb_kernels *nb_kernels_named(const char *name)
{
    const nb_kernels *const tables[] = {nb_kernels_avx512(), nb_kernels_avx2(), nb_kernels_plain()};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        if (tables[i] && strcmp(tables[i]->name, name) == 0)
            return tables[i];
    return NULL;
}
