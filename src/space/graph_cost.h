/* NAS-Bench-101's network at any scale: the stem, three stacks of cells with a 2x2 max pooling before the second and the third, the mean
 * over the image, a linear classifier. Stack s has 2^s times the channels of the stem. */
#ifndef NB_SPACE_GRAPH_COST_H
#define NB_SPACE_GRAPH_COST_H

#include "nasbench/nasbench101.h"

enum { NB_NETWORK101_STACKS = 3, NB_NETWORK101_CHANNELS = 128, NB_NETWORK101_CELLS = 3 /* per stack */ };

/* NB_ERR_ARGUMENT when channels or cells are out of range, or too few channels for every vertex to get one. */
nb_status nb_network101_check(const nb_cell101 *cell, const nb_shape *shape, nb_error *err);

/* As nb_cell101_cost, for a shape that nb_check_input_shape and nb_network101_check take; vertex rows of the first nine cells. */
void nb_network101_cost(const nb_cell101 *cell, const nb_shape *shape, nb_cost101 *out);

#endif
