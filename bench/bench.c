#include "bench.h"

#include <math.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PYTHON "/usr/bin/python3"

enum { MAX_REPEATS = 64, MAX_ARGUMENTS = 8 };

static double clock_seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double bench_wall(void)
{
    return clock_seconds(CLOCK_MONOTONIC);
}

double bench_cpu(void)
{
    return clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
}

/* A line "NAME:   123 kB" of /proc/self/status, in bytes; 0 where there is none. */
static size_t status_bytes(const char *name)
{
    FILE *file = fopen("/proc/self/status", "r");
    if (!file)
        return 0;
    char line[256];
    size_t kilobytes = 0;
    while (fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) == 0)
            kilobytes = strtoul(line + strlen(name), NULL, 10);
    fclose(file);
    return kilobytes * 1024;
}

size_t bench_resident(void)
{
    return status_bytes("VmRSS:");
}

size_t bench_peak(void)
{
    return status_bytes("VmHWM:");
}

void bench_forget_peak(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (!file)
        return;
    fputs("5", file);
    fclose(file);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

bench_times bench_repeat(void (*work)(void *user), void *user, int repeats)
{
    double seconds[MAX_REPEATS] = {0};
    int count = repeats < 1 ? 1 : (repeats > MAX_REPEATS ? MAX_REPEATS : repeats);
    work(user);
    for (int i = 0; i < count; i++) {
        double start = bench_cpu();
        work(user);
        seconds[i] = bench_cpu() - start;
    }
    qsort(seconds, (size_t)count, sizeof seconds[0], by_value);
    double median = count % 2 ? seconds[count / 2] : 0.5 * (seconds[count / 2 - 1] + seconds[count / 2]);
    return (bench_times){.best = seconds[0], .median = median};
}

/* Starts argv with its output going to the returned pipe; -1 when that does not work. */
static int start_process(const char *const argv[], pid_t *child)
{
    int ends[2];
    if (pipe(ends) != 0)
        return -1;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    int problem = posix_spawnp(child, argv[0], &actions, NULL, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (problem == 0)
        return ends[0];
    close(ends[0]);
    return -1;
}

/* The first line of what comes out of the pipe; reads it to its end. */
static void first_line(int pipe_end, char *line, size_t size)
{
    char rest[4096];
    FILE *output = fdopen(pipe_end, "r");
    if (!output)
        return;
    if (line && size > 0) {
        line[0] = '\0';
        if (fgets(line, (int)size, output))
            line[strcspn(line, "\n")] = '\0';
    }
    while (fread(rest, 1, sizeof rest, output) > 0)
        continue;
    fclose(output);
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + 1e-6 * (double)time.tv_usec;
}

bench_cost bench_run(const char *const argv[], char *line, size_t size)
{
    pid_t child;
    int status;
    struct rusage usage;
    double start = bench_wall();
    fflush(stdout);
    int output = start_process(argv, &child);
    if (output < 0)
        return (bench_cost){.finished = false};
    first_line(output, line, size);
    if (wait4(child, &status, 0, &usage) != child)
        return (bench_cost){.finished = false};
    return (bench_cost){
        .wall = bench_wall() - start,
        .cpu = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime),
        .peak = (size_t)usage.ru_maxrss * 1024,
        .finished = WIFEXITED(status) && WEXITSTATUS(status) == 0,
    };
}

bench_cost bench_peer(const char *script, const char *const arguments[], char *line, size_t size)
{
    char path[4096];
    const char *argv[MAX_ARGUMENTS + 3] = {PYTHON, path};
    if (access(PYTHON, X_OK) != 0)
        return (bench_cost){.finished = false};
    snprintf(path, sizeof path, "%s/bench/peers/%s", NB_SOURCE_DIR, script);
    for (int i = 0; i < MAX_ARGUMENTS && arguments && arguments[i]; i++)
        argv[i + 2] = arguments[i];
    return bench_run(argv, line, size);
}

static void print_line(const char *before, const char *format, va_list arguments, const char *after)
{
    fputs(before, stdout);
    vprintf(format, arguments);
    fputs(after, stdout);
    fflush(stdout);
}

void bench_title(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_line("### ", format, arguments, "\n\n");
    va_end(arguments);
}

void bench_command(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_line("`", format, arguments, "`\n\n| what | ours | peer | ratio |\n|---|---:|---:|---:|\n");
    va_end(arguments);
}

/* Four significant digits, and never an exponent for a large number. */
static const char *figure(double value, char text[32])
{
    snprintf(text, 32, fabs(value) >= 1000 ? "%.0f" : "%.4g", value);
    return text;
}

void bench_row(const char *what, double ours, double peer, const char *unit, bench_better better)
{
    char text[32];
    printf("| %s | %s %s |", what, figure(ours, text), unit);
    if (isnan(peer))
        printf(" | |\n");
    else
        printf(" %s %s | %.3g |\n", figure(peer, text), unit, better == BENCH_LESS_IS_BETTER ? peer / ours : ours / peer);
    fflush(stdout);
}

void bench_note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_line("\n", format, arguments, "\n\n");
    va_end(arguments);
}
