/* What a search found, for people and for programs. */
#ifndef NB_CLI_EXPERIMENT_H
#define NB_CLI_EXPERIMENT_H

#include <nasbench/experiment.h>

#include "cli.h"

/* An experiment that has ended. */
typedef struct cli_experiment {
    const nb_experiment_options *options;
    const nb_objective *objective;
    const nb_experiment_summary *summary;
    const char *dataset; /* as the user named it */
} cli_experiment;

/* The summary in the layout of the papers' tables: a line for the method, one for the optimum, one for the regret, and for each data set
 * validation and test accuracy as mean and standard deviation over the runs; below it what was run. */
void cli_print_experiment(const cli_experiment *experiment);

/* One object: algorithm, dataset, runs, evaluations, results. */
void cli_print_experiment_json(const cli_experiment *experiment);

#endif
