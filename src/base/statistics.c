#include "nasbench/statistics.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/ranking.h"

static int ascending(const void *a, const void *b)
{
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

double nb_quantile(const double *values, size_t count, double p)
{
    if (count == 0 || !(p >= 0 && p <= 1))
        return (double)NAN;
    const double place = p * (double)(count - 1), below = floor(place);
    const double low = values[(size_t)below], high = values[(size_t)ceil(place)];
    const double share = place - below;
    if (share == 0 || low == high || isinf(low))
        return low;
    return isinf(high) ? high : low + share * (high - low);
}

/* Mean and deviation in two passes: the first alone loses digits where the mean is large beside the spread. */
static void describe_moments(const double *values, size_t count, nb_description *out)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    out->mean = sum / (double)count;
    for (size_t i = 0; i < count; i++)
        squares += (values[i] - out->mean) * (values[i] - out->mean);
    out->std = sqrt(squares / (double)count);
}

nb_status nb_describe(const double *values, size_t count, nb_description *out, nb_error *err)
{
    double *sorted = malloc((count > 0 ? count : 1) * sizeof *sorted);
    size_t kept = 0;
    if (!sorted)
        return nb_fail(err, NB_ERR_MEMORY, "out of memory for %zu numbers", count);
    for (size_t i = 0; i < count; i++)
        if (!isnan(values[i]))
            sorted[kept++] = values[i];
    qsort(sorted, kept, sizeof *sorted, ascending);
    out->count = kept;
    describe_moments(sorted, kept, out);
    out->low = nb_quantile(sorted, kept, 0);
    out->lower_quartile = nb_quantile(sorted, kept, 0.25);
    out->median = nb_quantile(sorted, kept, 0.5);
    out->upper_quartile = nb_quantile(sorted, kept, 0.75);
    out->high = nb_quantile(sorted, kept, 1);
    free(sorted);
    return NB_OK;
}

nb_status nb_ranks(const double *values, size_t count, double *ranks, nb_error *err)
{
    nb_ranking ranking;
    NB_TRY(nb_ranking_of(values, count, &ranking, err));
    for (size_t i = 0; i < count; i++)
        ranks[i] = (double)NAN;
    for (size_t i = 0; i < ranking.count; i++)
        ranks[ranking.entries[i].at] = ranking.entries[i].rank;
    nb_ranking_free(&ranking);
    return NB_OK;
}

typedef struct numbered {
    double value;
    size_t at;
} numbered;

static int by_value(const void *a, const void *b)
{
    return ascending(&((const numbered *)a)->value, &((const numbered *)b)->value);
}

/* The k-th smallest of m values times m - k + 1, never less than the one before it, never more than 1. */
nb_status nb_holm(const double *p, size_t count, double *adjusted, nb_error *err)
{
    numbered *order = malloc((count > 0 ? count : 1) * sizeof *order);
    size_t tests = 0;
    double least = 0;
    if (!order)
        return nb_fail(err, NB_ERR_MEMORY, "out of memory for %zu numbers", count);
    for (size_t i = 0; i < count; i++) {
        if (!isnan(p[i]))
            order[tests++] = (numbered){p[i], i};
        adjusted[i] = p[i];
    }
    qsort(order, tests, sizeof *order, by_value);
    for (size_t k = 0; k < tests; k++) {
        least = fmin(1, fmax(least, order[k].value * (double)(tests - k)));
        adjusted[order[k].at] = least;
    }
    free(order);
    return NB_OK;
}
