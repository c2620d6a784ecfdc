/* What the processor can do at best. */
#ifndef NB_BENCH_PEAK_H
#define NB_BENCH_PEAK_H

#include "nn/kernels.h"

/* GFLOP/s of independent multiply-adds alone on one core, with the vectors of that table of kernels; NaN for the plain one. */
double bench_peak_arithmetic(const nb_kernels *kernels);

#endif
