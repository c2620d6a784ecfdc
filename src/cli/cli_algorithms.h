/* Search algorithms as users name them, and what can be set of them. */
#ifndef NB_CLI_ALGORITHMS_H
#define NB_CLI_ALGORITHMS_H

#include <nasbench/search.h>

#include "cli.h"

/* For parsers: the algorithm of that name, or cli_bad_usage. */
const nb_algorithm_info *cli_parse_algorithm(const struct argp_state *state, const char *name);

/* Prints all algorithms with their settings. Returns an exit code. */
int cli_list_algorithms(bool as_json);

#endif
