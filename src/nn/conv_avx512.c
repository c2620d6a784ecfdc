/* The convolution kernels for AVX-512. */
#include "nn/simd_conv.h"
