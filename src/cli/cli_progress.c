#include "cli_progress.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "cli_number.h"

/* The one thing a signal handler can reach is a global. */
static atomic_int stop_requested;

static void request_stop(int signal_number)
{
    (void)signal_number;
    atomic_store_explicit(&stop_requested, 1, memory_order_relaxed);
}

bool cli_stopped(void)
{
    return atomic_load_explicit(&stop_requested, memory_order_relaxed) != 0;
}

static void catch_interrupts(void)
{
    struct sigaction action = {.sa_handler = request_stop, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int terminal_width(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20)
        return 80;
    return size.ws_col > 120 ? 120 : size.ws_col;
}

/* "########------" of `width` characters. */
static void fill_bar(char *bar, int width, double share)
{
    int full = (int)(share * width);
    for (int i = 0; i < width; i++)
        bar[i] = i < full ? '#' : '-';
    bar[width] = '\0';
}

/* One line that fits the terminal: title, bar, share, time left, note; what does not fit is cut from the right. */
static void draw(const cli_progress *p, uint64_t done, uint64_t total, const char *note)
{
    enum { BAR = 24, LINE = 256 };
    char line[LINE], bar[BAR + 1], left[CLI_NUMBER_SIZE];
    double elapsed = now() - p->started;
    if (total > 0) {
        double share = done < total ? (double)done / (double)total : 1.0;
        fill_bar(bar, BAR, share);
        const char *remaining = share > 0 && elapsed > 0.5 ? cli_duration(elapsed / share - elapsed, left) : "-";
        snprintf(line, sizeof line, "%s [%s] %3.0f %%  %s left  %s", p->title, bar, 100 * share, remaining, note ? note : "");
    } else {
        char count[CLI_NUMBER_SIZE];
        snprintf(line, sizeof line, "%s  %s  %s  %s", p->title, cli_grouped(done, count), cli_duration(elapsed, left), note ? note : "");
    }
    fprintf(stderr, "\r\033[K%.*s", terminal_width() - 1, cli_printable(line)); /* a note may quote a file name */
    fflush(stderr);
}

static void report(void *user, uint64_t done, uint64_t total, const char *note)
{
    cli_progress *p = user;
    double time = now();
    if (time - p->started < 0.3 || (p->last_drawn > 0 && time - p->last_drawn < 0.1))
        return; /* short work needs no bar, and no eye follows more than ten frames a second */
    p->last_drawn = time;
    draw(p, done, total, note);
}

void cli_progress_begin(cli_progress *p, const char *title)
{
    *p = (cli_progress){.title = title, .visible = isatty(STDERR_FILENO) == 1, .started = now()};
    p->progress.cancel = &stop_requested;
    if (p->visible) {
        p->progress.report = report;
        p->progress.user = p;
    }
    catch_interrupts();
}

void cli_progress_end(cli_progress *p)
{
    if (p->last_drawn > 0)
        fputs("\r\033[K", stderr);
    p->last_drawn = 0;
}
