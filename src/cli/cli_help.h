/* The texts about the commands, all written from their descriptions: overview, help, man pages, shell completion. */
#ifndef NB_CLI_HELP_H
#define NB_CLI_HELP_H

#include <stdio.h>

#include "cli.h"

/* What `nasbench --help` says: every command with its summary. */
void cli_print_overview(FILE *out);

/* The help of a command that only groups others. (Commands that run print theirs through argp.) */
void cli_print_help(const cli_command *command, FILE *out);

/* The man page of one command, or of the program itself for NULL: roff for man(7). */
void cli_print_man_page(const cli_command *command, FILE *out);

/* A completion script for bash: commands, options and the well-known values of options. */
void cli_print_bash_completion(FILE *out);

#endif
