/* Graphs of NAS-Bench-101 as text: JSON objects and hashes. */
#ifndef NB_SPACE_GRAPH_TEXT_H
#define NB_SPACE_GRAPH_TEXT_H

#include "nasbench/nasbench101.h"

/* Writes the JSON object with the keys matrix and ops, without blanks, for at most NB_CELL101_VERTICES vertices with known labels; as
 * nb_space_format. */
size_t nb_modelspec_format(const nb_modelspec *graph, char *text, size_t room);

#endif
