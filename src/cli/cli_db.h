/* NNI's databases as the sub-commands of `db` name, open and print them. */
#ifndef NB_CLI_DB_H
#define NB_CLI_DB_H

#include <nasbench/db.h>

#include "cli.h"

extern const cli_command cmd_db_build;
extern const cli_command cmd_db_query;
extern const cli_command cmd_db_info;
extern const cli_command cmd_db_sql;
extern const cli_command cmd_db_compare;

/* Opens what a user names: one of the three benchmarks, for the database of it that is in NNI's folder, or a file. Returns CLI_OK, or says
 * what is wrong. */
int cli_open_db(const char *name, nb_db **out);

#endif
