/* The landscape that searches walk on: how accuracies are distributed in a table, what they cost, how well short training and other data
 * sets predict them, and whether good architectures are near each other.
 *
 * Accuracies are those of nb_outcomes_of_table: after the longest schedule of each data set, means over trained seeds. Distance is the
 * number of decisions in which two architectures differ (nb_space_encode). docs/searches.md names the papers. */
#ifndef NASBENCH_LANDSCAPE_H
#define NASBENCH_LANDSCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nasbench/error.h"
#include "nasbench/outcome.h"
#include "nasbench/progress.h"
#include "nasbench/space.h"
#include "nasbench/statistics.h"
#include "nasbench/table.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum nb_cost { NB_COST_FLOPS, NB_COST_PARAMS, NB_COST_LATENCY, NB_COST_KINDS } nb_cost;

/* An accuracy of all architectures: on the validation or the test set of a data set. */
typedef struct nb_landscape_column {
    size_t dataset; /* in nb_landscape.datasets */
    nb_outcome_kind kind;
    const double *values; /* [rows] percent; NaN: not measured */
    nb_description accuracy;
    uint32_t best; /* row of the highest, the first among equals */
} nb_landscape_column;

/* A cost beside the main accuracy of a data set. */
typedef struct nb_landscape_cost {
    const double *values;  /* [rows] millions of multiply-accumulates, millions of parameters, seconds per batch; NULL: not known */
    bool computed;         /* by nb_space_costs, since the table has none */
    nb_correlation with;   /* of cost with accuracy */
    const uint32_t *front; /* [front_count] rows of the Pareto front: no other row is as cheap and better; ascending cost */
    size_t front_count;
} nb_landscape_cost;

/* How accuracies after a shorter training, or at an epoch of the whole one, go with the main accuracy. */
typedef struct nb_landscape_epoch {
    const char *schedule;
    const char *split; /* the validation set where it was evaluated, else the test set */
    uint32_t epochs;   /* trained up to there */
    nb_correlation with;
} nb_landscape_epoch;

#define NB_DISTANCES_MAX (NB_DECISIONS_MAX + 1)
#define NB_LAGS 11

typedef struct nb_landscape_dataset {
    const char *name, *schedule;
    const nb_landscape_column *main; /* test where it was measured, else validation; what follows is about it */
    nb_landscape_cost costs[NB_COST_KINDS];
    const nb_landscape_epoch *epochs; /* [epoch_count] schedules by length, epochs ascending */
    size_t epoch_count;

    /* Fitness-distance correlation: Pearson's, of accuracy with the distance to the nearest best architecture (Jones and Forrest, 1995).
     * Near -1: accuracy leads to the best; near 0: it does not tell. */
    double fitness_distance;
    nb_description by_distance[NB_DISTANCES_MAX]; /* [distance_count] accuracies at distance 0, 1, .. */
    size_t distance_count;

    /* Random-walk autocorrelation (Weinberger, 1990): correlation of accuracies `lag` steps apart on an endless walk to uniformly random
     * neighbours, computed for all walks at once. Sampled from many short walks instead where the table is too large for that (more than
     * 65,536 rows) or an endless walk would only see the smallest cells (NAS-Bench-101). */
    double autocorrelation[NB_LAGS]; /* from lag 0, which is 1 */
    double correlation_length;       /* -1 / ln autocorrelation[1]: steps; NaN when that is not positive */
    bool sampled;
} nb_landscape_dataset;

typedef struct nb_landscape {
    const nb_space *space;
    uint32_t rows;
    const nb_landscape_dataset *datasets; /* [dataset_count] in the table's order */
    size_t dataset_count;
    const nb_landscape_column *columns; /* [column_count] what was measured, data set by data set */
    size_t column_count;
    const nb_correlation *between; /* [column_count][column_count] */
} nb_landscape;

/* `datasets` [dataset_count] names those to look at; NULL: all. The table must stay open as long as the landscape.
 *
 * NB_ERR_NOT_FOUND: no accuracy in the table, or no data set of that name; NB_ERR_CANCELLED. */
NB_API nb_status nb_landscape_of_table(const nb_table *table, const char *const *datasets, size_t dataset_count,
                                       const nb_progress *progress, nb_landscape **out, nb_error *err);
NB_API void nb_landscape_free(nb_landscape *landscape); /* NULL is allowed */

#ifdef __cplusplus
}
#endif
#endif
