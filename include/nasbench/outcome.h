/* What a search's answer is worth: accuracies after the whole training, on every dataset of a table, as papers report them.
 *
 * For each dataset the longest schedule that has it counts, and the mean over trained seeds. "cifar10" takes its validation accuracy from
 * cifar10-valid and its test accuracy from ori-test; other datasets from x-valid and from x-test, or ori-test where there is no x-test. */
#ifndef NASBENCH_OUTCOME_H
#define NASBENCH_OUTCOME_H

#include <stddef.h>

#include "nasbench/error.h"
#include "nasbench/space.h"
#include "nasbench/table.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum nb_outcome_kind { NB_OUTCOME_VALID, NB_OUTCOME_TEST, NB_OUTCOME_KINDS } nb_outcome_kind;

/* Numbers of a table, copied: the table may be closed. */
typedef struct nb_outcomes nb_outcomes;

/* `schedule` NULL: for each dataset the longest that it has. NB_ERR_NOT_FOUND when the table has accuracies of no dataset. */
NB_API nb_status nb_outcomes_of_table(const nb_table *table, const char *schedule, nb_outcomes **out, nb_error *err);
NB_API void nb_outcomes_free(nb_outcomes *outcomes); /* NULL is allowed */

/* Datasets in the table's order; cifar10-valid is part of cifar10 where the table has both. */
NB_API size_t nb_outcomes_count(const nb_outcomes *outcomes);
NB_API const char *nb_outcomes_dataset(const nb_outcomes *outcomes, size_t dataset);
NB_API const char *nb_outcomes_schedule(const nb_outcomes *outcomes, size_t dataset);

/* Percent; NaN: not measured. */
NB_API double nb_outcome(const nb_outcomes *outcomes, size_t dataset, nb_outcome_kind kind, const nb_arch *arch);

/* The highest of all architectures; NaN: none was measured. */
NB_API double nb_outcome_best(const nb_outcomes *outcomes, size_t dataset, nb_outcome_kind kind);

#ifdef __cplusplus
}
#endif
#endif
