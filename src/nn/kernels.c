/* Which table of kernels this machine runs. */
#include "nn/kernels.h"

#include <string.h>

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
