/* Values that change now and then during a run, for many runs: kept as changes. */
#ifndef NB_SEARCH_TRACK_H
#define NB_SEARCH_TRACK_H

#include <stddef.h>
#include <stdint.h>

#include "nasbench/compare.h"

/* A change is a row of NB_AXES + columns numbers: the places on both axes from which on the values after them hold. The rows of a run
 * are neighbours and ascend on both axes. Starts as {.columns = n}. */
typedef struct nb_track {
    size_t columns;
    double *rows;
    size_t count, room; /* rows */
    size_t *first;      /* [runs + 1] first row of a run */
    size_t runs, run_room;
} nb_track;

void nb_track_free(nb_track *track);

/* A new row at the end, to be filled, [NB_AXES + columns]; NULL without memory. */
double *nb_track_add(nb_track *track);

/* The rows added since the last call are a run. */
nb_status nb_track_end_run(nb_track *track, nb_error *err);

/* The value of a column at a place; minus infinity before the first change. */
double nb_track_value(const nb_track *track, uint32_t run, size_t column, nb_axis axis, double place);

#endif
