/* Where a table keeps the accuracies that outcomes are made of. */
#ifndef NB_SEARCH_OUTCOME_H
#define NB_SEARCH_OUTCOME_H

#include "nasbench/outcome.h"

/* The dataset key and the split of a dataset's validation or test accuracies under a schedule; false when the table has none. */
bool nb_outcome_place(const nb_table *table, const char *dataset, const char *schedule, nb_outcome_kind kind, const char **key,
                      const char **split);

#endif
