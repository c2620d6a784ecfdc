/* The table of commands: one line here and one in commands.h for a new one. */
#include "commands.h"

static const cli_command *const spaces[] = {&cmd_arch, &cmd_space, NULL};
static const cli_command *const tables[] = {&cmd_import, &cmd_info, &cmd_show, &cmd_query, &cmd_best, &cmd_export, &cmd_weights, NULL};
static const cli_command *const databases[] = {&cmd_db, NULL};
static const cli_command *const training[] = {&cmd_train, &cmd_generate, NULL};
static const cli_command *const searching[] = {&cmd_search, &cmd_compare, NULL};
static const cli_command *const general[] = {&cmd_help, NULL};

const cli_group cli_groups[] = {
    {"Tables", tables},
    {"NNI's databases", databases},
    {"Architectures and spaces", spaces},
    {"Training", training},
    {"Searching", searching},
    {"General", general},
    {0},
};
