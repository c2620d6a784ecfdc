/* Kernel density estimates over choices: what BOHB models good and bad architectures with.
 *
 * The estimate of statsmodels' KDEMultivariate for unordered variables with the "normal_reference" bandwidth, as HpBandSter uses it,
 * with what follows from treating category numbers as quantities: bandwidths may pass 1, and a variable that has one value only in the
 * data gives an infinite density everywhere else. */
#ifndef NB_SEARCH_KDE_H
#define NB_SEARCH_KDE_H

#include <stddef.h>
#include <stdint.h>

#include "nasbench/space.h"

/* An architecture that was evaluated, as choices. */
typedef struct nb_observation {
    double loss; /* 100 - accuracy */
    uint8_t choices[NB_DECISIONS_MAX];
} nb_observation;

typedef struct nb_kde {
    const nb_observation *rows; /* [count], the caller's */
    size_t count;
    size_t dimensions;
    double bandwidth[NB_DECISIONS_MAX]; /* h = 1.06 * standard deviation * count^(-1 / (4 + dimensions)), at least the minimum */
    unsigned levels[NB_DECISIONS_MAX];  /* distinct values that occur in the rows */
} nb_kde;

void nb_kde_fit(nb_kde *kde, const nb_observation *rows, size_t count, size_t dimensions, double least_bandwidth);

/* The mean over rows of the product over dimensions of the kernel of Aitchison and Aitken: 1 - h where the values are equal,
 * h / (levels - 1) where not. May be infinite, NaN or (with h > 1) negative: see above. */
double nb_kde_density(const nb_kde *kde, const uint8_t *point);

#endif
