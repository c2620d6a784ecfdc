#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "nasbench/statistics.h"

#include "base/error.h"

typedef struct pair {
    double x, y;
} pair;

/* Pairs of which both numbers are known. Their room is freed by the caller. */
typedef struct pairs {
    pair *items;
    size_t count;
} pairs;

static nb_status known_pairs(const double *x, const double *y, size_t count, pairs *out, nb_error *err)
{
    out->count = 0;
    out->items = malloc((count > 0 ? count : 1) * sizeof *out->items);
    if (!out->items)
        return nb_fail(err, NB_ERR_MEMORY, "out of memory for %zu pairs", count);
    for (size_t i = 0; i < count; i++)
        if (!isnan(x[i]) && !isnan(y[i]))
            out->items[out->count++] = (pair){x[i], y[i]};
    return NB_OK;
}

/* ---------------------------------------------------------------- Pearson */

double nb_pearson(const double *x, const double *y, size_t count)
{
    double mean_x = 0, mean_y = 0, xx = 0, yy = 0, xy = 0;
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (isnan(x[i]) || isnan(y[i]))
            continue;
        mean_x += x[i];
        mean_y += y[i];
        n++;
    }
    mean_x /= (double)n;
    mean_y /= (double)n;
    for (size_t i = 0; i < count; i++) {
        if (isnan(x[i]) || isnan(y[i]))
            continue;
        xx += (x[i] - mean_x) * (x[i] - mean_x);
        yy += (y[i] - mean_y) * (y[i] - mean_y);
        xy += (x[i] - mean_x) * (y[i] - mean_y);
    }
    if (!(xx > 0 && yy > 0))
        return (double)NAN;
    return fmax(-1, fmin(1, xy / sqrt(xx * yy)));
}

/* ---------------------------------------------------------------- Spearman */

static nb_status correlate_ranks(const pairs *known, double *numbers, double *rho, nb_error *err)
{
    const size_t n = known->count;
    double *x = numbers, *y = numbers + n;
    for (size_t i = 0; i < n; i++) {
        x[i] = known->items[i].x;
        y[i] = known->items[i].y;
    }
    NB_TRY(nb_ranks(x, n, x, err));
    NB_TRY(nb_ranks(y, n, y, err));
    *rho = nb_pearson(x, y, n);
    return NB_OK;
}

nb_status nb_spearman(const double *x, const double *y, size_t count, double *rho, nb_error *err)
{
    pairs known;
    NB_TRY(known_pairs(x, y, count, &known, err));
    double *numbers = malloc((2 * known.count + 1) * sizeof *numbers);
    nb_status status = numbers ? correlate_ranks(&known, numbers, rho, err) : nb_fail(err, NB_ERR_MEMORY, "out of memory");
    free(numbers);
    free(known.items);
    return status;
}

/* ---------------------------------------------------------------- Kendall */

static int by_x_then_y(const void *a, const void *b)
{
    const pair *left = a, *right = b;
    if (left->x != right->x)
        return left->x < right->x ? -1 : 1;
    return (left->y > right->y) - (left->y < right->y);
}

static uint64_t pairs_among(uint64_t n)
{
    return n * (n - (n > 0)) / 2;
}

static bool same_x(const pair *a, const pair *b)
{
    return a->x == b->x;
}
static bool same_y(const pair *a, const pair *b)
{
    return a->y == b->y;
}
static bool same_both(const pair *a, const pair *b)
{
    return a->x == b->x && a->y == b->y;
}

/* How many pairs of neighbours in sorted order tie. */
static uint64_t tied(const pair *items, size_t count, bool same(const pair *, const pair *))
{
    uint64_t ties = 0;
    for (size_t first = 0, end = 0; first < count; first = end) {
        while (end < count && same(&items[end], &items[first]))
            end++;
        ties += pairs_among(end - first);
    }
    return ties;
}

/* Merges two neighbouring sorted runs into `to` and returns how many exchanges of neighbours that stands for. */
static uint64_t merge(const pair *left, size_t left_count, const pair *right, size_t right_count, pair *to)
{
    uint64_t exchanges = 0;
    while (left_count > 0 && right_count > 0) {
        if (left->y <= right->y) {
            *to++ = *left++;
            left_count--;
        } else {
            *to++ = *right++;
            right_count--;
            exchanges += left_count;
        }
    }
    memcpy(to, left, left_count * sizeof *to);
    memcpy(to + left_count, right, right_count * sizeof *to);
    return exchanges;
}

/* Sorts by y, bottom up, and counts the exchanges that a bubble sort would need: the discordant pairs. */
static uint64_t sort_counting(pair *items, pair *spare, size_t count)
{
    uint64_t exchanges = 0;
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t at = 0; at < count; at += 2 * width) {
            const size_t left = count - at < width ? count - at : width;
            const size_t right = count - at - left < width ? count - at - left : width;
            exchanges += merge(items + at, left, items + at + left, right, spare + at);
        }
        memcpy(items, spare, count * sizeof *items);
    }
    return exchanges;
}

static double tau_of(pair *items, pair *spare, size_t count)
{
    const uint64_t all = pairs_among(count);
    qsort(items, count, sizeof *items, by_x_then_y);
    const uint64_t x_ties = tied(items, count, same_x), ties = tied(items, count, same_both);
    const uint64_t discordant = sort_counting(items, spare, count);
    const uint64_t y_ties = tied(items, count, same_y);
    if (x_ties == all || y_ties == all)
        return (double)NAN;
    /* Knight's sum: pairs that tie in neither, less twice the discordant ones. */
    const double difference = (double)(all - x_ties - y_ties + ties) - 2 * (double)discordant;
    return fmax(-1, fmin(1, difference / sqrt((double)(all - x_ties) * (double)(all - y_ties))));
}

nb_status nb_kendall(const double *x, const double *y, size_t count, double *tau, nb_error *err)
{
    pairs known;
    NB_TRY(known_pairs(x, y, count, &known, err));
    pair *spare = malloc((known.count > 0 ? known.count : 1) * sizeof *spare);
    if (spare)
        *tau = tau_of(known.items, spare, known.count);
    free(known.items);
    free(spare);
    return spare ? NB_OK : nb_fail(err, NB_ERR_MEMORY, "out of memory for %zu pairs", known.count);
}

nb_status nb_correlate(const double *x, const double *y, size_t count, nb_correlation *out, nb_error *err)
{
    out->count = 0;
    for (size_t i = 0; i < count; i++)
        out->count += !isnan(x[i]) && !isnan(y[i]);
    out->pearson = nb_pearson(x, y, count);
    NB_TRY(nb_spearman(x, y, count, &out->spearman, err));
    return nb_kendall(x, y, count, &out->kendall, err);
}
