/* Whether near architectures have near accuracies: neighbours in a table, and what follows from them. */
#ifndef NB_SEARCH_LOCALITY_H
#define NB_SEARCH_LOCALITY_H

#include "nasbench/landscape.h"

/* The rows of a table as a graph: neighbours are those that differ in one decision and are in the table. */
typedef struct nb_row_graph {
    const nb_table *table;
    uint32_t rows;
    size_t *first; /* [rows + 1] into `to` */
    uint32_t *to;  /* NULL when `sampled` */
    bool sampled;  /* walks are drawn and look for neighbours on their way */
    size_t decisions;
    uint8_t *choices; /* [rows][decisions] nb_space_encode */
} nb_row_graph;

nb_status nb_row_graph_of(const nb_table *table, const nb_progress *progress, nb_row_graph *out, nb_error *err);
void nb_row_graph_free(nb_row_graph *graph);

/* Fill the parts of `out` about distance to the best and about random walks. `values` [rows] are accuracies, NaN: not measured. */
nb_status nb_fitness_distance(const nb_row_graph *graph, const double *values, nb_landscape_dataset *out, nb_error *err);
nb_status nb_walk_autocorrelation(const nb_row_graph *graph, const double *values, nb_landscape_dataset *out, nb_error *err);

#endif
