#include "search/kde.h"

#include <math.h>
#include <stdbool.h>

/* The population's standard deviation of one column; two passes, as numpy does it. */
static double deviation(const nb_kde *kde, size_t dimension)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < kde->count; i++)
        sum += kde->rows[i].choices[dimension];
    const double mean = sum / (double)kde->count;
    for (size_t i = 0; i < kde->count; i++) {
        const double difference = kde->rows[i].choices[dimension] - mean;
        squares += difference * difference;
    }
    return sqrt(squares / (double)kde->count);
}

static unsigned distinct_values(const nb_kde *kde, size_t dimension)
{
    bool seen[UINT8_MAX + 1] = {false};
    unsigned count = 0;
    for (size_t i = 0; i < kde->count; i++) {
        bool *value = &seen[kde->rows[i].choices[dimension]];
        count += !*value;
        *value = true;
    }
    return count;
}

void nb_kde_fit(nb_kde *kde, const nb_observation *rows, size_t count, size_t dimensions, double least_bandwidth)
{
    kde->rows = rows;
    kde->count = count;
    kde->dimensions = dimensions;
    const double shrink = 1.06 * pow((double)count, -1.0 / (4.0 + (double)dimensions));
    for (size_t d = 0; d < dimensions; d++) {
        const double h = shrink * deviation(kde, d);
        kde->bandwidth[d] = h > least_bandwidth ? h : least_bandwidth;
        kde->levels[d] = distinct_values(kde, d);
    }
}

double nb_kde_density(const nb_kde *kde, const uint8_t *point)
{
    double equal[NB_DECISIONS_MAX], unequal[NB_DECISIONS_MAX], sum = 0;
    for (size_t d = 0; d < kde->dimensions; d++) {
        equal[d] = 1 - kde->bandwidth[d];
        unequal[d] = kde->bandwidth[d] / (kde->levels[d] - 1.0); /* one level: infinite, and never used but for other values */
    }
    for (size_t i = 0; i < kde->count; i++) {
        double product = 1;
        for (size_t d = 0; d < kde->dimensions; d++)
            product *= kde->rows[i].choices[d] == point[d] ? equal[d] : unequal[d];
        sum += product;
    }
    return sum / (double)kde->count;
}
