/* The frame of the command `nasbench`: what a command is, how it reads its arguments, how it ends.
 *
 * One file per command, `cmd_NAME.c`, holds one `const cli_command cmd_NAME` that describes itself completely; the table in commands.c
 * lists it. Help texts, man pages and shell completion are all written from these descriptions (cli_help.c, cli_man.c, cli_complete.c).
 * Results go to stdout, everything else to stderr; numbers never depend on the locale. */
#ifndef NB_CLI_H
#define NB_CLI_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nasbench/error.h>

/* Exit codes of the program. */
enum {
    CLI_OK = 0,
    CLI_FAILED = 1, /* a well-formed request that did not work: file missing, damaged, full disk, nothing found */
    CLI_USAGE = 2   /* a request that cannot be understood: unknown command or option, missing argument, not a number */
};

typedef struct cli_command cli_command;
struct cli_command {
    const char *name;                  /* "import"; a command under another has both words: "generate plan" */
    const char *summary;               /* one line for lists: lower case, no full stop */
    const char *usage;                 /* what follows the name, one line per form: "SOURCE... -o TABLE" */
    const char *description;           /* paragraphs of plain text, separated by empty lines, no line breaks inside a paragraph */
    const struct argp_option *options; /* argp's own table, ended by {0}; NULL: none. `doc` is a phrase without full stop. */
    const char *examples;              /* lines "command line\twhat it does", without the leading "nasbench "; NULL: none */
    int (*run)(const cli_command *self, int argc, char **argv); /* argv[0] is the program; returns an exit code */
    const cli_command *const *children; /* commands under this one, ended by NULL; NULL: none. `run` is not used then. */
};

/* A titled part of the table of commands. */
typedef struct cli_group {
    const char *title;
    const cli_command *const *commands; /* ended by NULL */
} cli_group;

/* All commands in the order of the help text, ended by a group without title. */
extern const cli_group cli_groups[];

/* The command of that name, or NULL. */
const cli_command *cli_find(const char *name);

/* The last word of a command's name: "plan" of "generate plan". */
const char *cli_last_word(const cli_command *command);

/* Calls visit for every command, parents before their children. */
void cli_each_command(void (*visit)(const cli_command *command, void *user), void *user);

/* ---- arguments ---- */

/* Reads options and arguments with argp: `parse` is called as every argp parser with state->input = input. --help prints the command's
 * own description and ends the program; anything that cannot be understood ends it with CLI_USAGE. */
void cli_parse(const cli_command *self, int argc, char **argv, error_t (*parse)(int key, char *arg, struct argp_state *state), void *input);

/* For parsers: says what is wrong with the usage and ends the program with CLI_USAGE. */
_Noreturn void cli_bad_usage(const struct argp_state *state, const char *format, ...) NB_PRINTF(2, 3);

/* For parsers: the argument of an option as a number within [low, high], or cli_bad_usage naming `what` ("--epoch", "INDEX"). */
uint64_t cli_parse_unsigned(const struct argp_state *state, const char *what, const char *text, uint64_t low, uint64_t high);
double cli_parse_real(const struct argp_state *state, const char *what, const char *text, double low, double high);

/* True and the value in *out if all of `text` is a decimal number that fits. */
bool cli_is_unsigned(const char *text, uint64_t *out);

/* A list of strings that grows, for arguments that repeat. Zero-initialise; items stay the caller's, free(items) at the end. */
typedef struct cli_strings {
    const char **items;
    size_t count;
} cli_strings;

void cli_strings_add(cli_strings *list, const char *item);

/* ---- ends ---- */

/* "nasbench: message" on stderr. Returns CLI_FAILED. */
int cli_fail(const char *format, ...) NB_PRINTF(1, 2);

/* The message of a library call that failed, as cli_fail. */
int cli_fail_with(const nb_error *err);

/* Replaces control characters by '?', so that text out of a file cannot steer a terminal. Returns `text`. */
char *cli_printable(char *text);

/* malloc, calloc and strdup that end the program with a message when memory is out. */
void *cli_alloc(size_t size);
void *cli_realloc(void *old, size_t size);
char *cli_strdup(const char *text);
char *cli_format(const char *format, ...) NB_PRINTF(1, 2);

/* The one of `names` (count of them) that a user who typed `word` most likely meant, or NULL when none is near. */
const char *cli_nearest(const char *word, const char *const *names, size_t count);

#endif
