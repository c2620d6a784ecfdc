/* Numbers in order, with the ranks that all rank statistics are made of. */
#ifndef NB_BASE_RANKING_H
#define NB_BASE_RANKING_H

#include <stddef.h>

#include "base/error.h"

typedef struct nb_ranked {
    double value;
    double rank; /* from 1; ties share the mean of their places */
    size_t at;   /* where the number was */
} nb_ranked;

typedef struct nb_ranking {
    nb_ranked *entries; /* [count] ascending; those that were NaN are not there */
    size_t count;
    double ties; /* sum of t^3 - t over groups of t equal numbers: the correction of variances; 0: no ties */
} nb_ranking;

nb_status nb_ranking_of(const double *values, size_t count, nb_ranking *out, nb_error *err);
void nb_ranking_free(nb_ranking *ranking);

#endif
