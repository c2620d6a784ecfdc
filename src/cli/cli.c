#include "cli.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *cli_last_word(const cli_command *command)
{
    const char *space = strrchr(command->name, ' ');
    return space ? space + 1 : command->name;
}

static void visit_list(const cli_command *const *list, void (*visit)(const cli_command *command, void *user), void *user)
{
    for (; list && *list; list++) {
        visit(*list, user);
        visit_list((*list)->children, visit, user);
    }
}

void cli_each_command(void (*visit)(const cli_command *command, void *user), void *user)
{
    for (const cli_group *group = cli_groups; group->title; group++)
        visit_list(group->commands, visit, user);
}

typedef struct search {
    const char *name;
    const cli_command *found;
} search;

static void match(const cli_command *command, void *user)
{
    search *wanted = user;
    if (strcmp(command->name, wanted->name) == 0)
        wanted->found = command;
}

const cli_command *cli_find(const char *name)
{
    search wanted = {.name = name};
    cli_each_command(match, &wanted);
    return wanted.found;
}

int cli_fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *message = NULL;
    if (vasprintf(&message, format, args) >= 0) {
        fprintf(stderr, "nasbench: %s\n", cli_printable(message));
        free(message);
    }
    va_end(args);
    return CLI_FAILED;
}

char *cli_printable(char *text)
{
    for (char *c = text; *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    }
    return text;
}

int cli_fail_with(const nb_error *err)
{
    return cli_fail("%s", err->message);
}

static void *checked(void *memory)
{
    if (!memory)
        exit(cli_fail("out of memory"));
    return memory;
}

void *cli_alloc(size_t size)
{
    return checked(calloc(1, size ? size : 1));
}

void *cli_realloc(void *old, size_t size)
{
    return checked(realloc(old, size ? size : 1));
}

char *cli_strdup(const char *text)
{
    return checked(strdup(text));
}

char *cli_format(const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    return checked(length < 0 ? NULL : text);
}

void cli_strings_add(cli_strings *list, const char *item)
{
    list->items = cli_realloc(list->items, (list->count + 1) * sizeof *list->items);
    list->items[list->count++] = item;
}

bool cli_is_unsigned(const char *text, uint64_t *out)
{
    if (*text < '0' || *text > '9') /* strtoull would take blanks and signs */
        return false;
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0')
        return false;
    *out = value;
    return true;
}

uint64_t cli_parse_unsigned(const struct argp_state *state, const char *what, const char *text, uint64_t low, uint64_t high)
{
    uint64_t value;
    if (!cli_is_unsigned(text, &value))
        cli_bad_usage(state, "%s: '%s' is not a whole number", what, text);
    if (value < low || value > high) {
        if (high == UINT64_MAX)
            cli_bad_usage(state, "%s: %s is too small, at least %llu expected", what, text, (unsigned long long)low);
        cli_bad_usage(state, "%s: %s is not within %llu to %llu", what, text, (unsigned long long)low, (unsigned long long)high);
    }
    return value;
}

double cli_parse_real(const struct argp_state *state, const char *what, const char *text, double low, double high)
{
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(value))
        cli_bad_usage(state, "%s: '%s' is not a number", what, text);
    if (value < low || value > high) {
        if (isinf(high))
            cli_bad_usage(state, "%s: %s is too small, at least %g expected", what, text, low);
        cli_bad_usage(state, "%s: %s is not within %g to %g", what, text, low, high);
    }
    return value;
}

/* ---- near misses ---- */

/* Edits (insert, delete, replace, swap of neighbours) that turn `a` into `b`; names are short, so the table is small. */
static size_t edit_distance(const char *a, const char *b)
{
    enum { LONGEST = 64 };
    size_t rows = strlen(a), columns = strlen(b);
    if (rows > LONGEST || columns > LONGEST)
        return LONGEST;
    size_t cost[LONGEST + 1][LONGEST + 1];
    for (size_t i = 0; i <= rows; i++)
        cost[i][0] = i;
    for (size_t j = 0; j <= columns; j++)
        cost[0][j] = j;
    for (size_t i = 1; i <= rows; i++) {
        for (size_t j = 1; j <= columns; j++) {
            size_t best = cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            if (cost[i - 1][j] + 1 < best)
                best = cost[i - 1][j] + 1;
            if (cost[i][j - 1] + 1 < best)
                best = cost[i][j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && cost[i - 2][j - 2] + 1 < best)
                best = cost[i - 2][j - 2] + 1;
            cost[i][j] = best;
        }
    }
    return cost[rows][columns];
}

const char *cli_nearest(const char *word, const char *const *names, size_t count)
{
    const char *nearest = NULL;
    size_t length = strlen(word);
    size_t least = length / 3 + 2; /* further away than this and it was not a slip of the finger */
    for (size_t i = 0; i < count; i++) {
        size_t distance = edit_distance(word, names[i]);
        if (length > 1 && strncmp(word, names[i], length) == 0)
            distance = 0; /* the beginning of a name */
        if (distance < least) {
            least = distance;
            nearest = names[i];
        }
    }
    return nearest;
}

/* ---- argp ---- */

enum { OPTION_HELP = '?' };

typedef struct parse_context {
    const struct argp *argp;
    const char *name; /* "nasbench query" */
    error_t (*parse)(int key, char *arg, struct argp_state *state);
    void *input;
} parse_context;

static _Noreturn void refer_to_help(const char *name)
{
    fprintf(stderr, "Try '%s --help'.\n", name);
    exit(CLI_USAGE);
}

_Noreturn void cli_bad_usage(const struct argp_state *state, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("nasbench: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    refer_to_help(state->hook);
}

/* Answers --help and passes everything else on to the command's parser. */
static error_t parse_with_help(int key, char *arg, struct argp_state *state)
{
    parse_context *context = state->input;
    if (key == OPTION_HELP) {
        argp_help(context->argp, stdout, ARGP_HELP_STD_HELP & ~(unsigned)ARGP_HELP_EXIT_OK, (char *)context->name);
        exit(CLI_OK);
    }
    state->err_stream = NULL; /* getopt says what is wrong; where to look for help is said here */
    state->hook = (void *)context->name;
    state->input = context->input;
    error_t result = context->parse ? context->parse(key, arg, state) : ARGP_ERR_UNKNOWN;
    if (result == ARGP_ERR_UNKNOWN && key == ARGP_KEY_ARG)
        cli_bad_usage(state, "'%s' is one argument too many", arg);
    return result;
}

/* argp's text: the description above the options, the examples below. */
static char *full_text(const cli_command *self)
{
    char *text = cli_format("%s\v", self->description ? self->description : self->summary);
    const char *line = self->examples;
    const char *title = "Examples:\n";
    while (line && *line) {
        size_t length = strcspn(line, "\n");
        size_t command = strcspn(line, "\t");
        bool commented = command < length;
        char *longer = commented ? cli_format("%s%s  nasbench %.*s\n      %.*s\n", text, title, (int)command, line,
                                              (int)(length - command - 1), line + command + 1)
                                 : cli_format("%s%s  nasbench %.*s\n", text, title, (int)length, line);
        free(text);
        text = longer;
        title = "";
        line += length + (line[length] == '\n');
    }
    return text;
}

/* The command's options with --help behind them; the caller frees. */
static struct argp_option *options_with_help(const struct argp_option *own)
{
    size_t count = 0;
    while (own && (own[count].name || own[count].key || own[count].doc || own[count].group))
        count++;
    struct argp_option *all = cli_alloc((count + 2) * sizeof *all);
    if (count > 0)
        memcpy(all, own, count * sizeof *all);
    all[count] = (struct argp_option){"help", OPTION_HELP, NULL, 0, "Show this help", -1};
    return all;
}

void cli_parse(const cli_command *self, int argc, char **argv, error_t (*parse)(int key, char *arg, struct argp_state *state), void *input)
{
    char *text = full_text(self);
    char *name = cli_format("nasbench %s", self->name);
    struct argp_option *options = options_with_help(self->options);
    const struct argp argp = {.options = options, .parser = parse_with_help, .args_doc = self->usage, .doc = text};
    parse_context context = {.argp = &argp, .name = name, .parse = parse, .input = input};
    if (argp_parse(&argp, argc, argv, ARGP_NO_HELP, NULL, &context) != 0)
        refer_to_help(name);
    free(options);
    free(name);
    free(text);
}
