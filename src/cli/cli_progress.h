/* A bar with the time left on stderr, only when that is a terminal; and Ctrl-C as a request to stop cleanly. */
#ifndef NB_CLI_PROGRESS_H
#define NB_CLI_PROGRESS_H

#include <nasbench/progress.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct cli_progress {
    nb_progress progress; /* hand &p.progress to the library */
    const char *title;
    bool visible;
    double started;    /* seconds of a monotonic clock */
    double last_drawn; /* 0: not yet */
} cli_progress;

/* Starts a piece of long work called `title`; from now on SIGINT and SIGTERM set the cancellation token (a second one ends at once). */
void cli_progress_begin(cli_progress *p, const char *title);

/* Removes the bar. Call it before printing anything else. */
void cli_progress_end(cli_progress *p);

/* True once the user asked to stop, for loops in commands that do without the library's token. */
bool cli_stopped(void);

#endif
