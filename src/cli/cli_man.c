/* Man pages. Every page is written from the command's own description, so that it cannot fall behind the help text. */
#include <ctype.h>
#include <nasbench/version.h>
#include <string.h>

#include "cli_help.h"

/* Text as roff: backslashes, hyphens that are typed, and leading dots must not be taken for requests. */
static void put_text(const char *text, size_t length, FILE *out)
{
    bool line_start = true;
    for (size_t i = 0; i < length; i++) {
        if (line_start && (text[i] == '.' || text[i] == '\''))
            fputs("\\&", out);
        if (text[i] == '\\')
            fputs("\\e", out);
        else if (text[i] == '-')
            fputs("\\-", out);
        else if (text[i] == '~')
            fputs("\\(ti", out);
        else
            fputc(text[i], out);
        line_start = text[i] == '\n';
    }
}

static void put_string(const char *text, FILE *out)
{
    put_text(text, strlen(text), out);
}

/* The first word of a line in bold, the rest plain; for the synopsis. */
static void put_form(const cli_command *command, const char *form, size_t length, FILE *out)
{
    fputs(".br\n.B nasbench ", out);
    put_string(command->name, out);
    fputs("\n", out);
    if (length > 0) {
        put_text(form, length, out);
        fputs("\n", out);
    }
}

static void put_synopsis(const cli_command *command, FILE *out)
{
    fputs(".SH SYNOPSIS\n", out);
    const char *form = command->usage ? command->usage : "";
    do {
        size_t length = strcspn(form, "\n");
        put_form(command, form, length, out);
        form += length + (form[length] == '\n');
    } while (*form);
}

/* Paragraphs are separated by empty lines. */
static void put_paragraphs(const char *text, FILE *out)
{
    while (*text) {
        const char *end = strstr(text, "\n\n");
        size_t length = end ? (size_t)(end - text) : strlen(text);
        fputs(".PP\n", out);
        put_text(text, length, out);
        fputs("\n", out);
        text += length;
        while (*text == '\n')
            text++;
    }
}

static void put_option(const struct argp_option *option, FILE *out)
{
    fputs(".TP\n", out);
    if ((option->flags & OPTION_DOC) && option->name) {
        fputs(".B ", out);
        put_string(option->name, out);
    } else {
        const char *separator = "";
        if (isprint(option->key)) {
            fprintf(out, "\\fB\\-%c\\fR", option->key);
            separator = ", ";
        }
        if (option->name) {
            fprintf(out, "%s\\fB\\-\\-", separator);
            put_string(option->name, out);
            fputs("\\fR", out);
        }
        if (option->arg) {
            fputs(option->name ? "=\\fI" : " \\fI", out);
            put_string(option->arg, out);
            fputs("\\fR", out);
        }
    }
    fputs("\n", out);
    put_string(option->doc ? option->doc : "", out);
    fputs("\n", out);
}

static bool is_end(const struct argp_option *option)
{
    return !option->key && !option->name && !option->doc && !option->group;
}

static void put_options(const struct argp_option *option, FILE *out)
{
    fputs(".SH OPTIONS\n", out);
    for (; option && !is_end(option); option++) {
        if (option->flags & OPTION_HIDDEN)
            continue;
        if (!option->name && !option->key) {
            fputs(".SS ", out);
            put_string(option->doc, out);
            fputs("\n", out);
        } else {
            put_option(option, out);
        }
    }
    fputs(".TP\n\\fB\\-?\\fR, \\fB\\-\\-help\\fR\nprints a summary of usage and options\n", out);
}

static void put_examples(const char *line, FILE *out)
{
    fputs(".SH EXAMPLES\n", out);
    while (*line) {
        size_t length = strcspn(line, "\n");
        size_t command = strcspn(line, "\t");
        fputs(".TP\n.B nasbench ", out);
        put_text(line, command < length ? command : length, out);
        fputs("\n", out);
        if (command < length)
            put_text(line + command + 1, length - command - 1, out);
        fputs("\n", out);
        line += length + (line[length] == '\n');
    }
}

static void put_commands(const cli_command *const *list, FILE *out)
{
    for (; *list; list++) {
        fputs(".TP\n.B ", out);
        put_string((*list)->name, out);
        fputs("\n", out);
        put_string((*list)->summary, out);
        fputs("\n", out);
    }
}

static void put_exit_status(FILE *out)
{
    fputs(".SH EXIT STATUS\n"
          ".TP\n.B 0\nsuccess\n"
          ".TP\n.B 1\nfailure: a file that is missing or damaged, a full disk, something asked for that is not there\n"
          ".TP\n.B 2\nwrong usage: an unknown command or option, a missing argument\n",
          out);
}

/* Page name: nasbench-generate-plan for the command "generate plan". */
static void put_page_name(const cli_command *command, FILE *out)
{
    fputs("nasbench", out);
    if (command) {
        fputs("\\-", out);
        for (const char *c = command->name; *c; c++)
            fputs(*c == ' ' || *c == '-' ? "\\-" : (char[]){*c, '\0'}, out);
    }
}

static void put_head(const cli_command *command, const char *summary, FILE *out)
{
    fputs(".TH NASBENCH", out);
    if (command) {
        fputs("\\-", out);
        for (const char *c = command->name; *c; c++)
            fputs(*c == ' ' || *c == '-' ? "\\-" : (char[]){(char)toupper((unsigned char)*c), '\0'}, out);
    }
    fprintf(out, " 1 \"\" \"nasbench %s\" \"User Commands\"\n.nh\n.SH NAME\n", nb_version());
    put_page_name(command, out);
    fputs(" \\- ", out);
    put_string(summary, out);
    fputs("\n", out);
}

static void print_program_page(FILE *out)
{
    put_head(NULL, "benchmarks for neural architecture search", out);
    fputs(".SH SYNOPSIS\n.B nasbench\n.I COMMAND\n[OPTION...] [ARGUMENT...]\n.SH DESCRIPTION\n", out);
    put_paragraphs("Knows the search spaces of neural architecture search, imports the published benchmark files into one table "
                   "file, and answers queries on it. Each command has a page of its own, nasbench-COMMAND(1).\n\n"
                   "ARCH is an architecture: its index, or its string in quotes. Results go to standard output, messages and "
                   "progress to standard error; progress is only shown on a terminal.",
                   out);
    for (const cli_group *group = cli_groups; group->title; group++) {
        fputs(".SH ", out);
        for (const char *c = group->title; *c; c++)
            fputc(toupper((unsigned char)*c), out);
        fputs("\n", out);
        put_commands(group->commands, out);
    }
    put_exit_status(out);
}

void cli_print_man_page(const cli_command *command, FILE *out)
{
    if (!command) {
        print_program_page(out);
        return;
    }
    put_head(command, command->summary, out);
    put_synopsis(command, out);
    fputs(".SH DESCRIPTION\n", out);
    put_paragraphs(command->description, out);
    if (command->children) {
        fputs(".SH COMMANDS\n", out);
        put_commands(command->children, out);
    } else {
        put_options(command->options, out);
    }
    if (command->examples)
        put_examples(command->examples, out);
    put_exit_status(out);
    fputs(".SH SEE ALSO\n.BR nasbench (1)\n", out);
}
