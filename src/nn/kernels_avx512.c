/* The table of AVX-512 kernels. */
#include "nn/kernels.h"

const nb_kernels *nb_kernels_avx512(void)
{
    return NULL;
}
