/* Tables of NAS-Bench-101 asked as its own Python package is asked: query with its counters, fixed and computed statistics. */
#ifndef NB_CLI_NASBENCH101_H
#define NB_CLI_NASBENCH101_H

#include <nasbench/table.h>

#include "cli.h"

typedef struct cli_question101 {
    const cli_strings *archs; /* "all": all cells in the order of the file */
    uint32_t epochs;
    bool halfway;
    uint64_t seed; /* of the draws, as Python 3's random.seed takes it */
    bool json;
} cli_question101;

/* nasbench.query for each architecture, then get_budget_counters. Returns an exit code, having said what is wrong. */
int cli_query101(const nb_table *table, const cli_question101 *question);

/* get_metrics_from_spec for an architecture, "all" for all of them. */
int cli_show101(const nb_table *table, const char *arch, bool json);

#endif
