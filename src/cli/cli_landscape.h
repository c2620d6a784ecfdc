/* The landscape of a table for people, programs and reports: nasbench space TABLE. */
#ifndef NB_CLI_LANDSCAPE_H
#define NB_CLI_LANDSCAPE_H

#include <nasbench/landscape.h>

#include "cli.h"
#include "cli_columns.h"

typedef struct cli_landscape_request {
    const char *table;
    const cli_strings *datasets; /* none: all */
    bool json;
    const char *report, *plots; /* NULL: not wanted */
} cli_landscape_request;

/* Does all of it. Returns an exit code. */
int cli_describe_landscape(const cli_landscape_request *request);

/* "cifar10 test"; the caller frees. */
char *cli_column_name(const nb_landscape *landscape, const nb_landscape_column *column);

/* "FLOPs [M]"; a number of the cost in that unit; and a word for files. */
const char *cli_cost_head(nb_cost cost);
double cli_cost_value(nb_cost cost, double value);
const char *cli_cost_word(nb_cost cost);

/* Tables, filled anew. */
void cli_tabulate_accuracies(const nb_landscape *landscape, cli_columns *columns);
void cli_tabulate_costs(const nb_landscape *landscape, cli_columns *columns);
void cli_tabulate_epochs(const nb_landscape *landscape, cli_columns *columns);
void cli_tabulate_locality(const nb_landscape *landscape, cli_columns *columns);

/* Plots and report. Returns an exit code. */
int cli_report_landscape(const nb_landscape *landscape, const cli_landscape_request *request);

#endif
