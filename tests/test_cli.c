/* The command as a whole: help, exit codes, messages, output that cannot be written. The commands have tests of their own,
 * test_cli_NAME.c. */
#include "cli_run.h"

#include <nasbench/version.h>
#include <signal.h>

static void without_a_command_the_overview_goes_to_stderr_and_the_code_is_2(void **state)
{
    (void)state;
    cli_run run = run_command((const char *const[]){NULL});
    expect_code(&run, 2);
    assert_string_equal(run.out, "");
    expect_in(run.err, "Usage: nasbench COMMAND");
    free_run(&run);
}

static void help_lists_every_command_on_stdout(void **state)
{
    (void)state;
    char *text = expect_text(RUN("--help"));
    static const char *const commands[] = {"arch", "space", "help"};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        char line[64];
        snprintf(line, sizeof line, "\n  %-10s ", commands[i]);
        expect_in(text, line);
    }
    char *same = expect_text(RUN("help"));
    assert_string_equal(same, text);
    free(same);
    free(text);
}

static void help_of_a_command_is_the_same_both_ways(void **state)
{
    (void)state;
    char *one = expect_text(RUN("help", "arch")), *other = expect_text(RUN("arch", "--help"));
    assert_string_equal(one, other);
    expect_in(one, "Usage: nasbench arch [OPTION...] ARCH");
    expect_in(one, "--svg=FILE");
    expect_in(one, "Examples:");
    free(one);
    free(other);
}

static void version_is_the_library_s(void **state)
{
    (void)state;
    char *text = expect_text(RUN("--version"));
    char expected[64];
    snprintf(expected, sizeof expected, "nasbench %s\n", nb_version());
    assert_string_equal(text, expected);
    free(text);
}

static void an_unknown_command_suggests_the_nearest(void **state)
{
    (void)state;
    expect_failure(RUN("arhc", "0"), 2, "'arhc' is not a command; did you mean 'arch'?");
    expect_failure(RUN("spac"), 2, "did you mean 'space'?");
    expect_failure(RUN("xylophone"), 2, "'xylophone' is not a command; 'nasbench --help' lists them all");
    expect_failure(RUN("help", "xylophone"), 2, "'xylophone' is not a command");
}

static void wrong_usage_is_code_2_and_refers_to_help(void **state)
{
    (void)state;
    expect_failure(RUN("--frobnicate"), 2, "unrecognized option '--frobnicate'");
    expect_failure(RUN("arch", "0", "--frobnicate"), 2, "unrecognized option '--frobnicate'\nTry 'nasbench arch --help'.\n");
    expect_failure(RUN("arch", "0", "--svg"), 2, "option '--svg' requires an argument");
    expect_failure(RUN("arch"), 2, "ARCH is missing");
    expect_failure(RUN("arch", "0", "1"), 2, "'1' is one argument too many");
    expect_failure(RUN("arch", "0", "--cells", "five"), 2, "--cells: 'five' is not a whole number");
    expect_failure(RUN("arch", "0", "--cells", "0"), 2, "--cells: 0 is not within 1 to 1000");
    expect_failure(RUN("space", "nasbench201", "lst"), 2, "did you mean 'list'?");
}

static void a_full_disk_is_code_1_for_every_kind_of_output(void **state)
{
    (void)state;
    if (access("/dev/full", W_OK) != 0)
        skip();
    expect_failure(run_into("/dev/full", (const char *const[]){"--help", NULL}), 1, "standard output: No space left on device");
    expect_failure(run_into("/dev/full", (const char *const[]){"arch", "0", NULL}), 1, "No space left on device");
    expect_failure(run_into("/dev/full", (const char *const[]){"arch", "0", "--json", NULL}), 1, "No space left on device");
    expect_failure(run_into("/dev/full", (const char *const[]){"space", "nasbench201", "list", NULL}), 1, "No space left on device");
    expect_failure(run_into("/dev/full", (const char *const[]){"help", "--man", "arch", NULL}), 1, "No space left on device");
    expect_failure(RUN("arch", "0", "--svg", "/dev/full"), 1, "/dev/full: No space left on device");
}

/* Reads a little of a pipe and leaves. */
static void read_and_leave(pid_t child, void *user)
{
    (void)child;
    const int *pipe_end = user;
    char first[256];
    assert_true(read(*pipe_end, first, sizeof first) > 0);
    close(*pipe_end);
}

static void expect_quiet_end(int code)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    cli_run run = run_with(ends[1], (const char *const[]){"space", "nasbench201", "list", NULL}, read_and_leave, &ends[0]);
    expect_code(&run, code);
    assert_string_equal(run.err, "");
    free_run(&run);
}

static void a_reader_that_leaves_ends_the_command_quietly(void **state)
{
    (void)state;
    expect_quiet_end(128 + SIGPIPE);
    /* Also when the parent process ignores SIGPIPE, as Python does, so that the write fails instead of the process. */
    signal(SIGPIPE, SIG_IGN);
    expect_quiet_end(1);
    signal(SIGPIPE, SIG_DFL);
}

/* Waits for the first output, asks the command to stop, and only then reads on. */
static void interrupt_then_read_all(pid_t child, void *user)
{
    const int *pipe_end = user;
    char part[65536];
    assert_true(read(*pipe_end, part, 1) == 1);
    assert_int_equal(kill(child, SIGINT), 0);
    while (read(*pipe_end, part, sizeof part) > 0)
        continue;
    close(*pipe_end);
}

static void ctrl_c_stops_long_work_with_a_message(void **state)
{
    (void)state;
    char *table = scratch_path("costs.safetensors");
    free(expect_text(RUN("space", "nasbench201", "table", "-o", table)));
    const char *const commands[][6] = {{"show", table, "all"}, {"export", table, "--to", "csv"}};
    for (size_t i = 0; i < 2; i++) {
        int ends[2];
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        cli_run run = run_with(ends[1], commands[i], interrupt_then_read_all, &ends[0]);
        expect_code(&run, 1);
        expect_in(run.err, "stopped on request");
        free_run(&run);
    }
    free(table);
}

static void man_pages_and_completion_are_written_from_the_descriptions(void **state)
{
    (void)state;
    char *page = expect_text(RUN("help", "--man", "arch"));
    expect_in(page, ".TH NASBENCH\\-ARCH 1");
    expect_in(page, "\\fB\\-\\-svg\\fR=\\fIFILE\\fR");
    free(page);
    char *script = expect_text(RUN("help", "--bash-completion"));
    expect_in(script, "complete -F _nasbench nasbench");
    free(script);
    free(expect_text(RUN("help", "--man-pages", scratch_folder())));
    char *path = scratch_path("nasbench-arch.1");
    assert_int_equal(access(path, R_OK), 0);
    free(path);
    expect_failure(RUN("help", "--man-pages", "/nowhere/at/all"), 1, "/nowhere/at/all/nasbench.1: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_command_the_overview_goes_to_stderr_and_the_code_is_2),
        cmocka_unit_test(help_lists_every_command_on_stdout),
        cmocka_unit_test(help_of_a_command_is_the_same_both_ways),
        cmocka_unit_test(version_is_the_library_s),
        cmocka_unit_test(an_unknown_command_suggests_the_nearest),
        cmocka_unit_test(wrong_usage_is_code_2_and_refers_to_help),
        cmocka_unit_test(a_full_disk_is_code_1_for_every_kind_of_output),
        cmocka_unit_test(a_reader_that_leaves_ends_the_command_quietly),
        cmocka_unit_test(ctrl_c_stops_long_work_with_a_message),
        cmocka_unit_test(man_pages_and_completion_are_written_from_the_descriptions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
