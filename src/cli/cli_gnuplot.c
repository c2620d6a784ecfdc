#include "cli_gnuplot.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"

/* The whole content of a file that another process wrote. */
static char *take_text(FILE *file)
{
    const off_t size = lseek(fileno(file), 0, SEEK_END);
    char *text = cli_alloc((size_t)(size > 0 ? size : 0) + 1);
    size_t got = 0;
    ssize_t part = 1;
    while (got < (size_t)size && part > 0) {
        part = pread(fileno(file), text + got, (size_t)size - got, (off_t)got);
        got += part > 0 ? (size_t)part : 0;
    }
    text[got] = '\0';
    return text;
}

static char *in_one_line(char *text)
{
    for (char *c = text; *c; c++)
        *c = *c == '\n' || *c == '\t' ? ' ' : *c;
    return cli_printable(text);
}

/* Files instead of pipes: neither side can wait for the other. */
static int spawn(FILE *script, FILE *out, FILE *errors, pid_t *child)
{
    char *const arguments[] = {"gnuplot", "-d", "-", NULL};
    posix_spawn_file_actions_t files;
    int failure = posix_spawn_file_actions_init(&files);
    if (failure != 0)
        return failure;
    lseek(fileno(script), 0, SEEK_SET);
    posix_spawn_file_actions_adddup2(&files, fileno(script), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, fileno(out), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, fileno(errors), STDERR_FILENO);
    failure = posix_spawnp(child, arguments[0], &files, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&files);
    return failure;
}

static int wait_for(pid_t child)
{
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int cli_run_gnuplot(FILE *script, char **output, char **complaints)
{
    FILE *out = tmpfile(), *errors = tmpfile();
    pid_t child;
    int code = CLI_OK;
    const int failure = out && errors ? spawn(script, out, errors, &child) : errno;
    if (failure == ENOENT)
        code = cli_fail("plots are drawn by gnuplot, which is not installed: apt-get install gnuplot-nox");
    else if (failure != 0)
        code = cli_fail("gnuplot: %s", strerror(failure));
    else if (wait_for(child) != 0)
        code = CLI_FAILED;
    *output = out ? take_text(out) : cli_strdup("");
    *complaints = in_one_line(errors ? take_text(errors) : cli_strdup(""));
    if (failure == 0 && code != CLI_OK)
        cli_fail("gnuplot failed%s%s", **complaints ? ": " : "", *complaints);
    if (out)
        fclose(out);
    if (errors)
        fclose(errors);
    return code;
}
