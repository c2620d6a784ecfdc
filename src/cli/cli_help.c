#include "cli_help.h"

#include <string.h>

/* Two columns: names and summaries. */
static void print_list(const cli_command *const *list, FILE *out)
{
    for (; *list; list++)
        fprintf(out, "  %-10s %s\n", cli_last_word(*list), (*list)->summary);
}

void cli_print_overview(FILE *out)
{
    fputs("Usage: nasbench COMMAND [OPTION...] [ARGUMENT...]\n"
          "Benchmarks for neural architecture search: know the spaces, import and query what was measured, train anew.\n",
          out);
    for (const cli_group *group = cli_groups; group->title; group++) {
        fprintf(out, "\n%s:\n", group->title);
        print_list(group->commands, out);
    }
    fputs("\nARCH is an index or an architecture string in quotes. 'nasbench help COMMAND' explains one command,\n"
          "'nasbench --version' prints the version. Exit status: 0 success, 1 failure, 2 wrong usage.\n",
          out);
}

void cli_print_help(const cli_command *command, FILE *out)
{
    fprintf(out, "Usage: nasbench %s COMMAND [OPTION...] [ARGUMENT...]\n%s\n\nCommands:\n", command->name, command->description);
    print_list(command->children, out);
    fprintf(out, "\n'nasbench help %s COMMAND' explains one of them.\n", command->name);
}
