/* Tables, and what is in them, as users name them. */
#ifndef NB_CLI_TABLE_H
#define NB_CLI_TABLE_H

#include <nasbench/table.h>

#include "cli.h"

/* Opens a table. Returns an exit code, having said what is wrong. */
int cli_open_table(const char *path, nb_table **table);

/* The row that ARCH names: an index of the table, or an architecture string. Returns an exit code, having said what is wrong. */
int cli_find_row(const nb_table *table, const char *arch, uint32_t *row);

/* Checks that the table has a dataset of that name, or says which it has. */
int cli_check_dataset(const nb_table *table, const char *dataset);

#endif
