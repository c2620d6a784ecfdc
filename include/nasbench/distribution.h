/* Comparing design spaces by the distribution of their errors (Radosavovic et al., ICCV 2019): empirical distribution functions, the
 * Kolmogorov-Smirnov statistic, and comparison at equal complexity.
 *
 * A *sample* is the errors of models of one space, each with a weight; weights of a sample add up to 1. NaN is refused: a model without an
 * error does not belong into a sample. */
#ifndef NASBENCH_DISTRIBUTION_H
#define NASBENCH_DISTRIBUTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nasbench/error.h"
#include "nasbench/random.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Empirical distribution functions. ------------------------------------------------------------------------------------------------------
 */

/* A point of the function: `share` is the running sum of the weights up to and with this model. */
typedef struct nb_edf_point {
    double error;
    double share; /* 0 .. 1 */
} nb_edf_point;

/* The function of `count` errors, ascending, in points[count]. weights NULL: all the same; else they need not add up to 1 and are taken as
 * they are. NB_ERR_ARGUMENT for NaN. */
NB_API nb_status nb_edf(const double *errors, const double *weights, size_t count, nb_edf_point *points, nb_error *err);

/* F(e): the sum of the weights of errors < e. */
NB_API double nb_edf_below(const nb_edf_point *points, size_t count, double e);

/* The two-sample test of Kolmogorov and Smirnov, two-sided. -----------------------------------------------------------------------------
 */

typedef struct nb_ks_test {
    double statistic; /* D: the largest distance of the two functions */
    double p;
    bool exact; /* p counts lattice paths (both samples up to 10,000); else it is the limiting distribution */
} nb_ks_test;

/* NB_ERR_ARGUMENT for an empty sample or NaN. */
NB_API nb_status nb_kolmogorov_smirnov(const double *x, size_t x_count, const double *y, size_t y_count, nb_ks_test *out, nb_error *err);

/* D of two weighted functions, for samples that were brought to equal complexity. */
NB_API double nb_edf_distance(const nb_edf_point *x, size_t x_count, const nb_edf_point *y, size_t y_count);

/* Equal complexity. ----------------------------------------------------------------------------------------------------------------------
 */

/* Weights under which every one of `bins` equal bins of [low, high] counts the same: 1 / (bins x models in the bin) for a model with
 * low < complexity < high, 0 for one outside. weights[count]; *inside (may be NULL) gets how many are inside. NB_ERR_NUMERIC names a bin
 * that no model falls into. */
NB_API nb_status nb_complexity_weights(const double *complexity, size_t count, double low, double high, size_t bins, double *weights,
                                       size_t *inside, nb_error *err);

/* Mean and spread of the errors in one of `bins` equal bins of [0, high]; models above are left out, one at `high` is in the last bin. */
typedef struct nb_complexity_bucket {
    double low, high; /* of the complexity */
    size_t count;
    double mean, std; /* of the errors, of the population; NaN for none */
} nb_complexity_bucket;

NB_API nb_status nb_complexity_buckets(const double *complexity, const double *errors, size_t count, double high, size_t bins,
                                       nb_complexity_bucket *buckets, nb_error *err);

/* Random search. -------------------------------------------------------------------------------------------------------------------------
 */

typedef struct nb_search_efficiency {
    size_t size;        /* models per experiment */
    size_t experiments; /* floor(count / size) */
    double mean, std;   /* of the smallest error of an experiment, of the population */
} nb_search_efficiency;

/* Experiments of 1, 2, 4, ... up to `most` models drawn with replacement by weight (NULL: all the same): the smallest error that random
 * search of this space finds. results[room]; *used gets how many sizes there are. The same generator gives the same results. */
NB_API nb_status nb_random_search_efficiency(const double *errors, const double *weights, size_t count, size_t most, nb_rng *rng,
                                             nb_search_efficiency *results, size_t room, size_t *used, nb_error *err);

#ifdef __cplusplus
}
#endif
#endif
