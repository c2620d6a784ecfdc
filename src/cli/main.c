/* `nasbench COMMAND ...`: finds the command, runs it, and makes sure that all output really was written. */
#include <errno.h>
#include <nasbench/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "cli_help.h"

/* Why standard output failed first: stdio only remembers that it did. */
static int stdout_errno;

static ssize_t write_stdout(void *cookie, const char *data, size_t size)
{
    (void)cookie;
    size_t done = 0;
    while (done < size) {
        ssize_t written = write(STDOUT_FILENO, data + done, size - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            if (stdout_errno == 0)
                stdout_errno = errno;
            return 0;
        }
        done += (size_t)written;
    }
    return (ssize_t)size;
}

/* Standard output through write_stdout, by lines on a terminal. */
static bool open_stdout(void)
{
    FILE *stream = fopencookie(NULL, "w", (cookie_io_functions_t){.write = write_stdout});
    if (!stream)
        return false;
    setvbuf(stream, NULL, isatty(STDOUT_FILENO) == 1 ? _IOLBF : _IOFBF, 1 << 16);
    stdout = stream;
    return true;
}

/* Runs at exit, however the program ends: a result that could not be written is a failure, and a silent one only if the reader of a pipe
 * has left. */
static void close_stdout(void)
{
    if (fclose(stdout) == 0 && stdout_errno == 0 && close(STDOUT_FILENO) == 0)
        return;
    int reason = stdout_errno ? stdout_errno : errno;
    if (reason == EBADF && stdout_errno == 0) /* started with standard output closed, and nothing to say */
        return;
    if (reason != EPIPE)
        fprintf(stderr, "nasbench: standard output: %s\n", strerror(reason));
    _exit(CLI_FAILED);
}

static int unknown_command(const char *word, const cli_command *const *list, size_t count)
{
    const char **names = cli_alloc((count + 1) * sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = cli_last_word(list[i]);
    const char *nearest = cli_nearest(word, names, count);
    free(names);
    if (nearest)
        fprintf(stderr, "nasbench: '%s' is not a command; did you mean '%s'?\n", word, nearest);
    else
        fprintf(stderr, "nasbench: '%s' is not a command; 'nasbench --help' lists them all\n", word);
    return CLI_USAGE;
}

/* One list of all top-level commands, ended by NULL; the caller frees. */
static const cli_command **top_commands(size_t *count)
{
    const cli_command **list = NULL;
    *count = 0;
    for (const cli_group *group = cli_groups; group->title; group++) {
        for (const cli_command *const *command = group->commands; *command; command++) {
            list = cli_realloc(list, (*count + 2) * sizeof *list);
            list[(*count)++] = *command;
            list[*count] = NULL;
        }
    }
    return list;
}

/* argv[0] is the program, argv[1] a word that selects from `list`. */
static int dispatch(const cli_command *const *list, size_t count, int argc, char **argv)
{
    for (size_t i = 0; i < count; i++) {
        const cli_command *command = list[i];
        if (strcmp(cli_last_word(command), argv[1]) != 0)
            continue;
        argv[1] = argv[0]; /* the command sees the program's name and its own arguments */
        if (!command->children)
            return command->run(command, argc - 1, argv + 1);
        size_t below = 0;
        while (command->children[below])
            below++;
        if (argc < 3 || strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-?") == 0) {
            cli_print_help(command, argc < 3 ? stderr : stdout);
            return argc < 3 ? CLI_USAGE : CLI_OK;
        }
        return dispatch(command->children, below, argc - 1, argv + 1);
    }
    return unknown_command(argv[1], list, count);
}

int main(int argc, char **argv)
{
    if (!open_stdout() || atexit(close_stdout) != 0)
        return cli_fail("cannot open standard output");
    if (argc < 2) {
        cli_print_overview(stderr);
        return CLI_USAGE;
    }
    argv[0] = "nasbench";
    setenv("ARGP_HELP_FMT", "rmargin=100,no-dup-args-note", 0); /* examples are longer than argp's usual line */
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0 || strcmp(argv[1], "-h") == 0) {
        cli_print_overview(stdout);
        return CLI_OK;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        printf("nasbench %s\n", nb_version());
        return CLI_OK;
    }
    if (argv[1][0] == '-') {
        fprintf(stderr, "nasbench: unrecognized option '%s'; 'nasbench --help' lists the commands\n", argv[1]);
        return CLI_USAGE;
    }
    size_t count;
    const cli_command **list = top_commands(&count);
    int code = dispatch(list, count, argc, argv);
    free(list);
    return code;
}
