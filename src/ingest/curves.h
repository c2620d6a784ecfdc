/* Collects the curves of one trial from the dicts that the files keep them in. */
#ifndef NB_INGEST_CURVES_H
#define NB_INGEST_CURVES_H

#include "base/error.h"
#include "base/pickle.h"
#include "nasbench/table.h"

#define NB_CURVES_MAX 128

/* A trial's curves. Where a dict is packed and has one run per split, values point into the dict; otherwise into blocks of its own. */
typedef struct nb_curve_set {
    nb_curve curves[NB_CURVES_MAX];
    size_t count;
    uint32_t epochs;
    struct nb_curve_block *blocks; /* memory of gathered curves and of names */
    double *numbers;               /* [number_capacity] see nb_curves_numbers */
    size_t number_capacity;
} nb_curve_set;

/* Forgets all curves and starts a trial of so many epochs. A set starts as {0}. */
void nb_curves_start(nb_curve_set *set, uint32_t epochs);
void nb_curves_free(nb_curve_set *set);

/* Adds the values of a dict. `split` given: the keys are epochs. NULL: the keys are "split@epoch". NONE adds nothing. The dict must live
 * until the next start. `what` is its name, for messages. */
nb_status nb_curves_add(nb_curve_set *set, const char *what, const char *split, nb_metric metric, nb_pickle_value dict, nb_error *err);

/* A list of numbers as an array that lives until the next start or the next call; NONE gives none. */
nb_status nb_curves_numbers(nb_curve_set *set, const char *what, nb_pickle_value list, const double **values, size_t *count, nb_error *err);

/* A number of any kind as a double. False for anything else. */
bool nb_number_of(nb_pickle_value value, double *out);

#endif
