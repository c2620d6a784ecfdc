/* Runs build/nasbench the way a user does and catches everything it says. For the tests named test_cli*. */
#ifndef NB_TESTS_CLI_RUN_H
#define NB_TESTS_CLI_RUN_H

#include "support.h"

#include <fcntl.h>
#include <jansson.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

/* What one run of the command left behind; free_run at the end. */
typedef struct cli_run {
    int code;  /* exit status; 128 + signal number when killed by one */
    char *out; /* standard output */
    char *err; /* standard error */
} cli_run;

static inline char *take_text(const char *path)
{
    size_t size;
    uint8_t *bytes = read_file(path, &size);
    char *text = malloc(size + 1);
    assert_non_null(text);
    memcpy(text, bytes, size);
    text[size] = '\0';
    free(bytes);
    return text;
}

/* Starts a program with the arguments (ended by NULL, the program's name not among them) and its output into two open files. */
static inline pid_t start_program(const char *path, const char *const *arguments, int out, int err)
{
    enum { MOST = 64 };
    char *argv[MOST] = {(char *)(uintptr_t)path};
    for (size_t i = 0; arguments[i]; i++) {
        assert_true(i + 2 < MOST);
        argv[i + 1] = (char *)(uintptr_t)arguments[i];
    }
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, err, STDERR_FILENO);
    pid_t child;
    int spawned = posix_spawn(&child, path, &files, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    if (spawned != 0)
        fail_msg("cannot start %s: %s", path, strerror(spawned));
    return child;
}

static inline int open_to_write(const char *path)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    return file;
}

/* The exit code of a program that was started, when it has ended. */
static inline int exit_code(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Runs `nasbench` with the arguments (ended by NULL) and standard output into the open file `out`, which it closes. While the command
 * runs, `meanwhile` is called (if not NULL). */
static inline cli_run run_with(int out, const char *const *arguments, void (*meanwhile)(pid_t child, void *user), void *user)
{
    char *err_path = scratch_path("stderr");
    int err = open_to_write(err_path);
    pid_t child = start_program(NB_BINARY_DIR "/nasbench", arguments, out, err);
    close(out);
    close(err);
    if (meanwhile)
        meanwhile(child, user);
    cli_run run = {.code = exit_code(child)};
    run.err = take_text(err_path);
    free(err_path);
    return run;
}

static inline cli_run run_into(const char *out_path, const char *const *arguments)
{
    return run_with(open_to_write(out_path), arguments, NULL, NULL);
}

static inline cli_run run_command(const char *const *arguments)
{
    char *out_path = scratch_path("stdout");
    cli_run run = run_into(out_path, arguments);
    run.out = take_text(out_path);
    free(out_path);
    return run;
}

#define RUN(...) run_command((const char *const[]){__VA_ARGS__, NULL})

static inline void free_run(cli_run *run)
{
    free(run->out);
    free(run->err);
}

/* What a run must look like. A failing one shows all it said. */
static inline void expect_code(const cli_run *run, int code)
{
    if (run->code != code)
        fail_msg("exit code %d, not %d\n--- stdout\n%s--- stderr\n%s", run->code, code, run->out ? run->out : "", run->err);
}

static inline void expect_in(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' is not in\n%s", part, text);
}

/* The run failed with that code, said so on standard error only, and mentions `part`. */
static inline void expect_failure(cli_run run, int code, const char *part)
{
    expect_code(&run, code);
    expect_in(run.err, part);
    if (strncmp(run.err, "nasbench: ", 10) != 0)
        fail_msg("not a message of nasbench: %s", run.err);
    if (run.out)
        assert_string_equal(run.out, "");
    free_run(&run);
}

/* The run succeeded without a word on standard error and printed JSON; the caller json_decrefs. */
static inline json_t *expect_json(cli_run run)
{
    expect_code(&run, 0);
    assert_string_equal(run.err, "");
    json_error_t error;
    json_t *value = json_loads(run.out, JSON_REJECT_DUPLICATES, &error);
    if (!value)
        fail_msg("line %d: %s\n%s", error.line, error.text, run.out);
    free_run(&run);
    return value;
}

/* The run succeeded without a word on standard error; returns its output, the caller frees. */
static inline char *expect_text(cli_run run)
{
    expect_code(&run, 0);
    assert_string_equal(run.err, "");
    free(run.err);
    return run.out;
}

#endif
