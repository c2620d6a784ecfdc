/* The graph hashes of the whole catalogue, kept in memory once somebody needed them. */
#ifndef NB_SPACE_GRAPH_LOOKUP_H
#define NB_SPACE_GRAPH_LOOKUP_H

#include "nasbench/nasbench101.h"

/* The graph hashes of all cells, [NB_CELL101_CELLS][16] by index: made by the first call, then shared by all threads. */
const uint8_t *nb_cell101_all_hashes(void);

#endif
