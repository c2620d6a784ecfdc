/* The other kernels for AVX2, and their table. */
#include "nn/simd_combine.h"
#include "nn/simd_loss.h"
#include "nn/simd_pack.h"
#include "nn/simd_pool.h"

const nb_kernels nb_avx2_table = {.name = "avx2", NB_SIMD_TABLE};
