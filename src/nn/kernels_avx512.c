/* The other kernels for AVX-512, and their table. */
#include "nn/simd_combine.h"
#include "nn/simd_loss.h"
#include "nn/simd_pack.h"
#include "nn/simd_pool.h"

const nb_kernels nb_avx512_table = {.name = "avx512", NB_SIMD_TABLE};
