/* gnuplot as a child process. */
#ifndef NB_CLI_GNUPLOT_H
#define NB_CLI_GNUPLOT_H

#include <stdio.h>

/* Runs gnuplot, found on PATH, without a shell and without the user's own settings, over a script. *output and *complaints receive what it
 * wrote to standard output and (in one line) to standard error; the caller frees them, also after a failure. Returns an exit code, having
 * said what is wrong. */
int cli_run_gnuplot(FILE *script, char **output, char **complaints);

#endif
