/* A comparison of search methods for people, programs and reports. */
#ifndef NB_CLI_COMPARISON_H
#define NB_CLI_COMPARISON_H

#include <nasbench/compare.h>

#include "cli_columns.h"
#include "cli_plot.h"

/* "cifar10 test"; the caller frees. */
char *cli_measure_name(const nb_compared_measure *measure);

/* Tables, filled anew: methods, their results as mean and deviation side by side, and of one measure details and tests. */
void cli_tabulate_methods(const nb_comparison *comparison, cli_columns *columns);
void cli_tabulate_overview(const nb_comparison *comparison, cli_columns *columns);
void cli_tabulate_measure(const nb_comparison *comparison, const nb_compared_measure *measure, cli_columns *columns);
void cli_tabulate_pairs(const nb_comparison *comparison, const nb_compared_measure *measure, double alpha, cli_columns *columns);

/* "Mann-Whitney U, Holm-corrected over 6 pairs"; the caller frees. */
char *cli_test_caption(const nb_comparison *comparison, double alpha);

void cli_print_comparison(const nb_comparison *comparison, double alpha);
void cli_json_comparison(const nb_comparison *comparison, double alpha);

/* Adds the plots of a comparison, measure by measure. */
void cli_plot_comparison(const nb_comparison *comparison, cli_plots *plots);

/* The report; `plots` are those that cli_plot_comparison added, rendered. Returns an exit code. */
int cli_report_comparison(const nb_comparison *comparison, double alpha, const cli_plots *plots, const char *path);

#endif
