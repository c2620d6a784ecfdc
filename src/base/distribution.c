#include "nasbench/distribution.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define EXACT_MAX 10000 /* models of a sample up to which paths are counted */

static nb_status no_memory(size_t count, nb_error *err)
{
    return nb_fail(err, NB_ERR_MEMORY, "no memory for %zu numbers", count);
}

static nb_status check_numbers(const char *what, const double *values, size_t count, nb_error *err)
{
    for (size_t i = 0; i < count; i++)
        if (isnan(values[i]))
            return nb_fail(err, NB_ERR_ARGUMENT, "%s %zu is NaN", what, i);
    return NB_OK;
}

/* ---- empirical distribution functions ---- */

static int compare_points(const void *a, const void *b)
{
    const nb_edf_point *x = a, *y = b;
    return (x->error > y->error) - (x->error < y->error);
}

nb_status nb_edf(const double *errors, const double *weights, size_t count, nb_edf_point *points, nb_error *err)
{
    NB_TRY(check_numbers("error", errors, count, err));
    if (weights)
        NB_TRY(check_numbers("weight", weights, count, err));
    for (size_t i = 0; i < count; i++)
        points[i] = (nb_edf_point){errors[i], weights ? weights[i] : 1};
    if (count > 1)
        qsort(points, count, sizeof *points, compare_points);
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += points[i].share;
        points[i].share = weights ? sum : (double)(i + 1) / (double)count;
    }
    return NB_OK;
}

/* How many points lie below e. */
static size_t count_below(const nb_edf_point *points, size_t count, double e)
{
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (points[middle].error < e)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

double nb_edf_below(const nb_edf_point *points, size_t count, double e)
{
    const size_t below = count_below(points, count, e);
    return below > 0 ? points[below - 1].share : 0;
}

double nb_edf_distance(const nb_edf_point *x, size_t x_count, const nb_edf_point *y, size_t y_count)
{
    size_t i = 0, j = 0;
    double largest = 0;
    while (i < x_count && j < y_count) {
        const double e = x[i].error < y[j].error ? x[i].error : y[j].error;
        while (i < x_count && x[i].error <= e)
            i++;
        while (j < y_count && y[j].error <= e)
            j++;
        const double distance = fabs((i > 0 ? x[i - 1].share : 0) - (j > 0 ? y[j - 1].share : 0));
        largest = distance > largest ? distance : largest;
    }
    return largest;
}

/* ---- Kolmogorov-Smirnov ---- */

static int compare_numbers(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        const uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* D of two ascending samples, times n m / gcd: a whole number. */
static uint64_t whole_distance(const double *x, size_t n, const double *y, size_t m, uint64_t divisor)
{
    size_t i = 0, j = 0;
    uint64_t largest = 0;
    while (i < n && j < m) {
        const double e = x[i] < y[j] ? x[i] : y[j];
        while (i < n && x[i] <= e)
            i++;
        while (j < m && y[j] <= e)
            j++;
        const uint64_t a = i * (m / divisor), b = j * (n / divisor);
        const uint64_t distance = a > b ? a - b : b - a;
        largest = distance > largest ? distance : largest;
    }
    return largest;
}

/* The share of lattice paths from (0, 0) to (n, m) that somewhere reach |i / n - j / m| >= h / lcm, counted as the chance of leaving the
 * band, step by step: chance[j] is that of a random path to (i, j) of having left it (Hodges, Ark. Mat. 3, 1958). Chances instead of
 * counts keep the numbers within range, and adding only positive ones keeps small results exact to rounding. */
static double path_share(size_t n, size_t m, uint64_t h, uint64_t divisor, double *chance)
{
    const uint64_t x_step = m / divisor, y_step = n / divisor;
    for (size_t i = 0; i <= n; i++)
        for (size_t j = 0; j <= m; j++) {
            const uint64_t a = i * x_step, b = j * y_step;
            if ((a > b ? a - b : b - a) >= h)
                chance[j] = 1;
            else if (i == 0 || j == 0)
                chance[j] = 0; /* the one way along the edge has stayed inside so far */
            else
                chance[j] = (chance[j] * (double)i + chance[j - 1] * (double)j) / (double)(i + j);
        }
    return chance[m];
}

/* The limiting distribution: Q(lambda) = 2 sum (-1)^(j-1) exp(-2 j^2 lambda^2). */
static double limit_share(double lambda)
{
    double sum = 0, sign = 1;
    if (lambda < 0.2)
        return 1; /* to double precision */
    for (int j = 1; j <= 100; j++) {
        const double term = exp(-2.0 * j * j * lambda * lambda);
        sum += sign * term;
        sign = -sign;
        if (term < 1e-18 * fabs(sum))
            break;
    }
    return sum > 0.5 ? 1 : 2 * sum;
}

static nb_status test_sorted(const double *x, size_t n, const double *y, size_t m, nb_ks_test *out, nb_error *err)
{
    const uint64_t divisor = common_divisor(n, m), h = whole_distance(x, n, y, m, divisor);
    out->statistic = (double)h / ((double)n * (double)(m / divisor));
    out->exact = n <= EXACT_MAX && m <= EXACT_MAX;
    if (h == 0) {
        out->p = 1;
        return NB_OK;
    }
    if (!out->exact) {
        out->p = limit_share(out->statistic * sqrt((double)n * (double)m / (double)(n + m)));
        return NB_OK;
    }
    double *chance = malloc((m + 1) * sizeof *chance);
    if (!chance)
        return no_memory(m, err);
    out->p = path_share(n, m, h, divisor, chance);
    free(chance);
    return NB_OK;
}

nb_status nb_kolmogorov_smirnov(const double *x, size_t x_count, const double *y, size_t y_count, nb_ks_test *out, nb_error *err)
{
    if (x_count == 0 || y_count == 0)
        return nb_fail(err, NB_ERR_ARGUMENT, "Kolmogorov-Smirnov: two samples expected");
    NB_TRY(check_numbers("number", x, x_count, err));
    NB_TRY(check_numbers("number", y, y_count, err));
    double *sorted = malloc((x_count + y_count) * sizeof *sorted);
    if (!sorted)
        return no_memory(x_count + y_count, err);
    memcpy(sorted, x, x_count * sizeof *sorted);
    memcpy(sorted + x_count, y, y_count * sizeof *sorted);
    qsort(sorted, x_count, sizeof *sorted, compare_numbers);
    qsort(sorted + x_count, y_count, sizeof *sorted, compare_numbers);
    nb_status status = test_sorted(sorted, x_count, sorted + x_count, y_count, out, err);
    free(sorted);
    return status;
}

/* ---- complexity ---- */

/* The bin of a complexity within [low, high]; bins are half-open but the last. */
static size_t bin_of(double complexity, double low, double high, size_t bins)
{
    const double width = (high - low) / (double)bins;
    size_t bin = (size_t)((complexity - low) / width);
    bin = bin < bins ? bin : bins - 1;
    /* Rounding of the quotient must not move a model over an edge. */
    while (bin > 0 && complexity < low + (double)bin * width)
        bin--;
    while (bin + 1 < bins && complexity >= low + (double)(bin + 1) * width)
        bin++;
    return bin;
}

nb_status nb_complexity_weights(const double *complexity, size_t count, double low, double high, size_t bins, double *weights,
                                size_t *inside, nb_error *err)
{
    if (!(low < high) || bins == 0)
        return nb_fail(err, NB_ERR_ARGUMENT, "complexity: bins of a range expected, not %zu from %g to %g", bins, low, high);
    size_t *models = calloc(bins, sizeof *models), found = 0;
    if (!models)
        return no_memory(bins, err);
    for (size_t i = 0; i < count; i++)
        if (complexity[i] > low && complexity[i] < high) {
            models[bin_of(complexity[i], low, high, bins)]++;
            found++;
        }
    nb_status status = NB_OK;
    for (size_t bin = 0; bin < bins && status == NB_OK; bin++)
        if (models[bin] == 0)
            status = nb_fail(err, NB_ERR_NUMERIC, "complexity: no model in bin %zu of %zu, from %g to %g", bin + 1, bins,
                             low + (high - low) * (double)bin / (double)bins, low + (high - low) * (double)(bin + 1) / (double)bins);
    for (size_t i = 0; i < count && status == NB_OK; i++) {
        const bool is_inside = complexity[i] > low && complexity[i] < high;
        weights[i] = is_inside ? 1 / ((double)bins * (double)models[bin_of(complexity[i], low, high, bins)]) : 0;
    }
    if (inside)
        *inside = found;
    free(models);
    return status;
}

nb_status nb_complexity_buckets(const double *complexity, const double *errors, size_t count, double high, size_t bins,
                                nb_complexity_bucket *buckets, nb_error *err)
{
    if (!(high > 0) || bins == 0)
        return nb_fail(err, NB_ERR_ARGUMENT, "complexity: bins of a range expected, not %zu up to %g", bins, high);
    NB_TRY(check_numbers("error", errors, count, err));
    for (size_t bin = 0; bin < bins; bin++)
        buckets[bin] = (nb_complexity_bucket){.low = high * (double)bin / (double)bins, .high = high * (double)(bin + 1) / (double)bins};
    for (int pass = 0; pass < 2; pass++) { /* the mean, then the spread around it */
        for (size_t i = 0; i < count; i++) {
            if (!(complexity[i] >= 0 && complexity[i] <= high))
                continue;
            nb_complexity_bucket *bucket = &buckets[bin_of(complexity[i], 0, high, bins)];
            bucket->count += pass == 0;
            bucket->mean += pass == 0 ? errors[i] : 0;
            bucket->std += pass == 0 ? 0 : (errors[i] - bucket->mean) * (errors[i] - bucket->mean);
        }
        for (size_t bin = 0; bin < bins; bin++) {
            double *number = pass == 0 ? &buckets[bin].mean : &buckets[bin].std;
            *number = buckets[bin].count > 0 ? *number / (double)buckets[bin].count : (double)NAN;
        }
    }
    for (size_t bin = 0; bin < bins; bin++)
        buckets[bin].std = sqrt(buckets[bin].std);
    return NB_OK;
}

/* ---- random search ---- */

/* A model drawn by weight: the first whose share is above a uniform number. */
static double draw(const nb_edf_point *points, size_t count, nb_rng *rng)
{
    const double target = nb_rng_uniform(rng) * points[count - 1].share;
    size_t low = 0, high = count - 1;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (points[middle].share > target)
            high = middle;
        else
            low = middle + 1;
    }
    return points[low].error;
}

static nb_search_efficiency search(const nb_edf_point *points, size_t count, size_t size, nb_rng *rng)
{
    nb_search_efficiency result = {.size = size, .experiments = count / size};
    double squares = 0;
    for (size_t i = 0; i < result.experiments; i++) { /* Welford's running mean and sum of squares */
        double least = draw(points, count, rng);
        for (size_t model = 1; model < size; model++) {
            const double error = draw(points, count, rng);
            least = error < least ? error : least;
        }
        const double step = least - result.mean;
        result.mean += step / (double)(i + 1);
        squares += step * (least - result.mean);
    }
    result.std = sqrt(squares / (double)result.experiments);
    return result;
}

nb_status nb_random_search_efficiency(const double *errors, const double *weights, size_t count, size_t most, nb_rng *rng,
                                      nb_search_efficiency *results, size_t room, size_t *used, nb_error *err)
{
    *used = 0;
    if (count == 0)
        return nb_fail(err, NB_ERR_ARGUMENT, "random search: a sample expected");
    nb_edf_point *points = malloc(count * sizeof *points);
    if (!points)
        return no_memory(count, err);
    nb_status status = nb_edf(errors, weights, count, points, err);
    if (status == NB_OK && !(points[count - 1].share > 0))
        status = nb_fail(err, NB_ERR_ARGUMENT, "random search: weights above 0 expected");
    for (size_t size = 1; status == NB_OK && size <= most && size <= count && *used < room; size *= 2)
        results[(*used)++] = search(points, count, size, rng);
    free(points);
    return status;
}
