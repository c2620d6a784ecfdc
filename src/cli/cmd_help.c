/* nasbench help: explains a command, and writes man pages and completion for packagers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cli_help.h"
#include "commands.h"

enum { OPTION_MAN = 256, OPTION_MAN_PAGES, OPTION_BASH };

typedef struct options {
    cli_strings words;
    const char *man_folder;
    bool man;
    bool bash;
} options;

static error_t parse(int key, char *arg, struct argp_state *state)
{
    options *opts = state->input;
    switch (key) {
    case OPTION_MAN:
        opts->man = true;
        return 0;
    case OPTION_MAN_PAGES:
        opts->man_folder = arg;
        return 0;
    case OPTION_BASH:
        opts->bash = true;
        return 0;
    case ARGP_KEY_ARG:
        cli_strings_add(&opts->words, arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

typedef struct page_writer {
    const char *folder;
    int code;
} page_writer;

static void write_page(const cli_command *command, void *user)
{
    page_writer *writer = user;
    if (writer->code != CLI_OK)
        return;
    char *path = cli_format("%s/nasbench%s%s.1", writer->folder, command ? "-" : "", command ? command->name : "");
    for (char *c = path + strlen(writer->folder); *c; c++) {
        if (*c == ' ')
            *c = '-';
    }
    FILE *file = fopen(path, "w");
    if (file)
        cli_print_man_page(command, file);
    bool failed = !file || ferror(file);
    if ((file && fclose(file) != 0) || failed)
        writer->code = cli_fail("%s: %s", path, strerror(errno));
    free(path);
}

static int write_pages(const char *folder)
{
    page_writer writer = {.folder = folder, .code = CLI_OK};
    write_page(NULL, &writer);
    cli_each_command(write_page, &writer);
    return writer.code;
}

/* The words of the command line as one name: "generate plan"; the caller frees. */
static char *joined(const cli_strings *words)
{
    char *name = cli_strdup(words->items[0]);
    for (size_t i = 1; i < words->count; i++) {
        char *longer = cli_format("%s %s", name, words->items[i]);
        free(name);
        name = longer;
    }
    return name;
}

static int explain(const cli_command *command, bool man)
{
    if (man) {
        cli_print_man_page(command, stdout);
        return CLI_OK;
    }
    if (command->children) {
        cli_print_help(command, stdout);
        return CLI_OK;
    }
    char *arguments[] = {"nasbench", "--help", NULL};
    return command->run(command, 2, arguments);
}

static int run(const cli_command *self, int argc, char **argv)
{
    options opts = {0};
    cli_parse(self, argc, argv, parse, &opts);
    if (opts.bash) {
        cli_print_bash_completion(stdout);
        return CLI_OK;
    }
    if (opts.man_folder)
        return write_pages(opts.man_folder);
    if (opts.words.count == 0) {
        if (opts.man)
            cli_print_man_page(NULL, stdout);
        else
            cli_print_overview(stdout);
        return CLI_OK;
    }
    char *name = joined(&opts.words);
    const cli_command *command = cli_find(name);
    int code = command ? explain(command, opts.man) : CLI_USAGE;
    if (!command)
        cli_fail("'%s' is not a command; 'nasbench --help' lists them all", name);
    free(name);
    free(opts.words.items);
    return code;
}

static const struct argp_option option_table[] = {
    {"man", OPTION_MAN, NULL, 0, "Print the man page, as man(7) source", 0},
    {"man-pages", OPTION_MAN_PAGES, "DIR", 0, "Write all man pages into a folder", 0},
    {"bash-completion", OPTION_BASH, NULL, 0, "Print the completion script for bash", 0},
    {0},
};

const cli_command cmd_help = {
    .name = "help",
    .summary = "explain a command",
    .usage = "[COMMAND]",
    .description = "Explains a command: what it does, its options, examples. Without COMMAND, lists all commands.",
    .options = option_table,
    .examples = "help query\texplains 'nasbench query'\n"
                "help --man import | man -l -\tshows the man page of 'nasbench import'\n",
    .run = run,
};
