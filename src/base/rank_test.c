#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nasbench/statistics.h"

#include "base/error.h"
#include "base/ranking.h"

/* Numbers of a sample; with more, the normal approximation is good to three digits. */
static const size_t exact_most = 50;

/* Two-sided p of a deviation from the mean, with the correction of half a step for a statistic that only takes whole or half values. */
static double normal_p(double deviation, double variance)
{
    if (!(variance > 0))
        return 1;
    return fmin(1, erfc((fabs(deviation) - 0.5) / sqrt(2 * variance)));
}

/* Twice the tail of a symmetric distribution given as counts[0 .. last]: the outcomes at least as far out as `statistic`. */
static double exact_p(const double *counts, size_t last, double statistic)
{
    const size_t nearer_end = (size_t)fmin(statistic, (double)last - statistic);
    double tail = 0, all = 0;
    for (size_t i = 0; i <= last; i++) {
        all += counts[i];
        tail += i <= nearer_end ? counts[i] : 0;
    }
    return fmin(1, 2 * tail / all);
}

/* ---------------------------------------------------------------- Mann-Whitney */

/* ways[i][u] = arrangements of i numbers of x among j of y with U = u, for j = 0, 1, .. y_count in turn. The largest number is one of y,
 * then the rest has the same U, or one of x, which beats all j of y. Sums of whole numbers only: nothing cancels. */
static nb_status exact_mann_whitney(size_t x_count, size_t y_count, double u, double *p, nb_error *err)
{
    const size_t last = x_count * y_count, row = last + 1;
    double *ways = calloc((x_count + 1) * row, sizeof *ways);
    if (!ways)
        return nb_fail(err, NB_ERR_MEMORY, "out of memory");
    for (size_t i = 0; i <= x_count; i++)
        ways[i * row] = 1;
    for (size_t j = 1; j <= y_count; j++)
        for (size_t i = 1; i <= x_count; i++)
            for (size_t value = j; value <= i * j; value++)
                ways[i * row + value] += ways[(i - 1) * row + value - j];
    *p = exact_p(ways + x_count * row, last, u);
    free(ways);
    return NB_OK;
}

static size_t count_known(const double *values, size_t count)
{
    size_t known = 0;
    for (size_t i = 0; i < count; i++)
        known += isnan(values[i]) ? 0 : 1;
    return known;
}

/* Sum of the ranks of the first x_count numbers. */
static double rank_sum(const nb_ranking *ranking, size_t x_count)
{
    double sum = 0;
    for (size_t i = 0; i < ranking->count; i++)
        sum += ranking->entries[i].at < x_count ? ranking->entries[i].rank : 0;
    return sum;
}

static nb_status test_ranking(const nb_ranking *ranking, size_t x_count, double x_rank_sum, nb_rank_test *out, nb_error *err)
{
    const double m = (double)x_count, n = (double)(ranking->count - x_count), all = m + n;
    out->count = ranking->count;
    out->statistic = x_rank_sum - m * (m + 1) / 2;
    out->effect = out->statistic / (m * n);
    out->exact = ranking->ties == 0 && x_count <= exact_most && ranking->count - x_count <= exact_most;
    if (out->exact)
        return exact_mann_whitney(x_count, ranking->count - x_count, out->statistic, &out->p, err);
    out->p = normal_p(out->statistic - m * n / 2, m * n / 12 * (all + 1 - ranking->ties / (all * (all - 1))));
    return NB_OK;
}

nb_status nb_mann_whitney(const double *x, size_t x_count, const double *y, size_t y_count, nb_rank_test *out, nb_error *err)
{
    const size_t x_known = count_known(x, x_count), y_known = count_known(y, y_count);
    *out = (nb_rank_test){.count = x_known + y_known, .statistic = (double)NAN, .p = 1, .effect = (double)NAN};
    if (x_known == 0 || y_known == 0)
        return NB_OK;
    double *both = malloc((x_count + y_count) * sizeof *both);
    if (!both)
        return nb_fail(err, NB_ERR_MEMORY, "out of memory");
    memcpy(both, x, x_count * sizeof *both);
    memcpy(both + x_count, y, y_count * sizeof *both);
    nb_ranking ranking;
    nb_status status = nb_ranking_of(both, x_count + y_count, &ranking, err);
    if (status == NB_OK) {
        status = test_ranking(&ranking, x_known, rank_sum(&ranking, x_count), out, err);
        nb_ranking_free(&ranking);
    }
    free(both);
    return status;
}

/* ---------------------------------------------------------------- signed ranks */

/* ways[w] = sets of ranks among 1 .. n that sum to w. */
static nb_status exact_signed_rank(size_t n, double w, double *p, nb_error *err)
{
    const size_t last = n * (n + 1) / 2;
    double *ways = calloc(last + 1, sizeof *ways);
    if (!ways)
        return nb_fail(err, NB_ERR_MEMORY, "out of memory");
    ways[0] = 1;
    for (size_t rank = 1; rank <= n; rank++)
        for (size_t sum = last; sum >= rank; sum--)
            ways[sum] += ways[sum - rank];
    *p = exact_p(ways, last, w);
    free(ways);
    return NB_OK;
}

/* x - y as whole numbers of 2^-40 of the largest number; NaN where one is not known. */
static void differences(const double *x, const double *y, size_t count, double *out)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(x[i]) && !isnan(y[i]))
            largest = fmax(largest, fmax(fabs(x[i]), fabs(y[i])));
    const double unit = ldexp(largest, -40);
    for (size_t i = 0; i < count; i++)
        out[i] = largest > 0 ? round((x[i] - y[i]) / unit) : x[i] - y[i];
}

/* What is ranked: sizes without sign, NaN for none. Returns whether there are pairs that do not differ. */
static bool sizes_of(const double *difference, size_t count, double *size)
{
    bool zeros = false;
    for (size_t i = 0; i < count; i++) {
        size[i] = difference[i] != 0 ? fabs(difference[i]) : (double)NAN;
        zeros = zeros || difference[i] == 0;
    }
    return zeros;
}

static nb_status test_signs(const nb_ranking *ranking, const double *difference, bool zeros, nb_rank_test *out, nb_error *err)
{
    const double n = (double)ranking->count, sum = n * (n + 1) / 2;
    double positive = 0;
    for (size_t i = 0; i < ranking->count; i++)
        positive += difference[ranking->entries[i].at] > 0 ? ranking->entries[i].rank : 0;
    *out = (nb_rank_test){.count = ranking->count, .statistic = positive, .p = 1};
    if (ranking->count == 0)
        return NB_OK;
    out->effect = (2 * positive - sum) / sum;
    out->exact = ranking->ties == 0 && !zeros && ranking->count <= exact_most;
    if (out->exact)
        return exact_signed_rank(ranking->count, positive, &out->p, err);
    out->p = normal_p(positive - sum / 2, n * (n + 1) * (2 * n + 1) / 24 - ranking->ties / 48);
    return NB_OK;
}

nb_status nb_signed_rank(const double *x, const double *y, size_t count, nb_rank_test *out, nb_error *err)
{
    double *numbers = malloc((2 * count + 1) * sizeof *numbers);
    if (!numbers)
        return nb_fail(err, NB_ERR_MEMORY, "out of memory");
    double *difference = numbers, *size = numbers + count;
    differences(x, y, count, difference);
    const bool zeros = sizes_of(difference, count, size);
    nb_ranking ranking;
    nb_status status = nb_ranking_of(size, count, &ranking, err);
    if (status == NB_OK) {
        status = test_signs(&ranking, difference, zeros, out, err);
        nb_ranking_free(&ranking);
    }
    free(numbers);
    return status;
}
