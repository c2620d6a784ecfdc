/* One self-contained HTML document: text, tables, plots; no script, nothing fetched; light, dark, and made for print. */
#ifndef NB_CLI_REPORT_H
#define NB_CLI_REPORT_H

#include "cli_columns.h"
#include "cli_output.h"
#include "cli_plot.h"

typedef struct cli_report {
    cli_output output;
    FILE *out;
    size_t figures; /* so far */
} cli_report;

/* Opens the file and writes the head of the document. Returns an exit code. */
int cli_report_open(cli_report *report, const char *path, const char *title, const char *lead);

/* Ends the document and puts the file in place if `code` is CLI_OK. Returns the exit code. */
int cli_report_close(cli_report *report, int code);

/* Texts are plain: they are escaped here. */
void cli_report_heading(cli_report *report, const char *text);
void cli_report_subheading(cli_report *report, const char *text);
void cli_report_paragraph(cli_report *report, const char *text);
void cli_report_note(cli_report *report, const char *text); /* set off, for a warning */

/* The collected rows, which stay. */
void cli_report_table(cli_report *report, const cli_columns *columns, const char *caption);

/* Names beside their line colours and dashes, as cli_plot_line draws them. */
void cli_report_legend(cli_report *report, const char *const *names, size_t count);

/* Plots between the two calls stand side by side where there is room. */
void cli_report_begin_figures(cli_report *report);
void cli_report_figure(cli_report *report, const cli_plot *plot);
void cli_report_end_figures(cli_report *report);

/* Tables between the two calls stand side by side where there is room. */
void cli_report_begin_row(cli_report *report);
void cli_report_end_row(cli_report *report);

/* A matrix of correlations -1..1, shaded: values[row * count + column]; NaN stays empty. */
void cli_report_matrix(cli_report *report, const char *const *names, const double *values, size_t count, const char *caption);

#endif
