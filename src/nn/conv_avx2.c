/* The convolution kernels for AVX2. */
#include "nn/simd_conv.h"
