/* Statistics for comparing: quantiles, rank correlations, rank tests with effect sizes and correction for many of them.
 *
 * NaN means "not measured": such numbers are left out, a pair is left out when either of its numbers is NaN. Ties share the mean of their
 * ranks. Where too little is left for an answer, the answer is NaN. Functions that need room of their own return a status; it is NB_OK or
 * NB_ERR_MEMORY. */
#ifndef NASBENCH_STATISTICS_H
#define NASBENCH_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>

#include "nasbench/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Description. ---------------------------------------------------------------------------------------------------------------------- */

typedef struct nb_description {
    size_t count;     /* numbers that are not NaN */
    double mean, std; /* of the population: divided by count, as numpy.std does */
    double low, lower_quartile, median, upper_quartile, high;
} nb_description;

NB_API nb_status nb_describe(const double *values, size_t count, nb_description *out, nb_error *err);

/* The quantile p in 0..1 of ascending numbers, linear between neighbours (numpy's default, type 7 of Hyndman and Fan, 1996). Infinities
 * are allowed. NaN for none. */
NB_API double nb_quantile(const double *ascending, size_t count, double p);

/* Ranks [count] from 1, the smallest first. NaN has the rank NaN. */
NB_API nb_status nb_ranks(const double *values, size_t count, double *ranks, nb_error *err);

/* Correlation: -1 .. 1, NaN where one side is constant. -------------------------------------------------------------------------------- */

/* Kendall's tau-b (Biometrika 33, 1945), by sorting (Knight, JASA 61, 1966): O(n log n). */
NB_API nb_status nb_kendall(const double *x, const double *y, size_t count, double *tau, nb_error *err);

/* Spearman's rho: Pearson's correlation of the ranks. */
NB_API nb_status nb_spearman(const double *x, const double *y, size_t count, double *rho, nb_error *err);

NB_API double nb_pearson(const double *x, const double *y, size_t count);

typedef struct nb_correlation {
    size_t count; /* pairs that count */
    double kendall, spearman, pearson;
} nb_correlation;

NB_API nb_status nb_correlate(const double *x, const double *y, size_t count, nb_correlation *out, nb_error *err);

/* Rank tests, two-sided. ------------------------------------------------------------------------------------------------------------- */

typedef struct nb_rank_test {
    size_t count;     /* numbers (Mann-Whitney) or pairs that differ (signed-rank) */
    double statistic; /* U of x: pairs in which x is larger, ties count half; W of x: sum of the ranks of positive x - y */
    double p;         /* 1 where there is nothing to decide on */
    bool exact;       /* p counts all arrangements; else it is the normal approximation, corrected for ties and continuity */
    double effect;    /* see below */
} nb_rank_test;

/* Mann-Whitney U (Ann. Math. Stat. 18, 1947) for independent samples. Exact when there are no ties and both have at most 50 numbers.
 * effect: A12 of Vargha and Delaney (J. Educ. Behav. Stat. 25, 2000), the probability that a random x is larger than a random y, a tie
 * counting half; 0.5 means no difference. */
NB_API nb_status nb_mann_whitney(const double *x, size_t x_count, const double *y, size_t y_count, nb_rank_test *out, nb_error *err);

/* Wilcoxon's signed-rank test (Biometrics 1, 1945) for pairs. Pairs without a difference are left out, as Wilcoxon did. Exact when there
 * are no ties, none was left out and at most 50 are left. Differences are compared after rounding to 2^-40 of the largest number, so that
 * 93.2 - 93.1 and 91.4 - 91.3 tie.
 * effect: the matched-pairs rank-biserial correlation (Kerby, 2014), (W - W') / (W + W'); 0 means no difference. */
NB_API nb_status nb_signed_rank(const double *x, const double *y, size_t count, nb_rank_test *out, nb_error *err);

/* Holm's correction (Scand. J. Stat. 6, 1979): adjusted[i] <= alpha rejects with a chance of at most alpha for any error among all `count`
 * tests. NaN is no test and stays. `adjusted` may be `p`. */
NB_API nb_status nb_holm(const double *p, size_t count, double *adjusted, nb_error *err);

#ifdef __cplusplus
}
#endif
#endif
