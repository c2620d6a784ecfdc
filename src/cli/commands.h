/* Every command there is; each is defined in the file of its name. */
#ifndef NB_CLI_COMMANDS_H
#define NB_CLI_COMMANDS_H

#include "cli.h"

extern const cli_command cmd_arch;
extern const cli_command cmd_space;
extern const cli_command cmd_import;
extern const cli_command cmd_info;
extern const cli_command cmd_show;
extern const cli_command cmd_query;
extern const cli_command cmd_best;
extern const cli_command cmd_export;
extern const cli_command cmd_weights;
extern const cli_command cmd_db;
extern const cli_command cmd_train;
extern const cli_command cmd_generate;
extern const cli_command cmd_search;
extern const cli_command cmd_compare;
extern const cli_command cmd_help;

#endif
