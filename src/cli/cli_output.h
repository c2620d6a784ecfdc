/* Where a result goes: standard output, or a file that appears whole or not at all. */
#ifndef NB_CLI_OUTPUT_H
#define NB_CLI_OUTPUT_H

#include <stdio.h>

typedef struct cli_output {
    FILE *file;
    const char *path; /* NULL: standard output */
    char *temporary;  /* written first, then renamed to `path`; NULL when `path` is a device or pipe */
} cli_output;

/* Opens `path` for writing; NULL or "-" is standard output. Returns an exit code, having said what went wrong. */
int cli_output_open(cli_output *output, const char *path);

/* Puts the finished file in place if `code` is CLI_OK and everything was written, else removes it. Returns the exit code. */
int cli_output_close(cli_output *output, int code);

#endif
