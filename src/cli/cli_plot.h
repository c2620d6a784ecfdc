/* Plots, drawn by gnuplot as SVG: composed series by series, rendered together, then written to files or into a report. */
#ifndef NB_CLI_PLOT_H
#define NB_CLI_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Colours that people with any kind of colour vision tell apart (after Okabe and Ito), each with a dash pattern of its own; more series
 * begin again with the first. Reports have a second set for dark screens. */
enum { CLI_SERIES_COLOURS = 8 };

typedef struct cli_plot {
    char *name;                      /* of its file, without ".svg": small letters, digits, '-' */
    char *title;                     /* what is shown */
    char *description;               /* a sentence or two below it */
    FILE *settings, *data, *drawing; /* three parts of the script, in the order in which gnuplot wants them */
    char *texts[3];                  /* what was written to them */
    size_t sizes[3];
    size_t blocks; /* data blocks so far */
    size_t labels;
    double low[2], high[2]; /* of the axes x, y */
    bool logarithmic[2];
    char *svg; /* as gnuplot made it; NULL before cli_plots_render */
} cli_plot;

/* Starts as {0}. */
typedef struct cli_plots {
    cli_plot **items;
    size_t count;
} cli_plots;

/* Adds an empty plot. The name may hold anything: what does not suit a file becomes '-'. Texts are copied. */
cli_plot *cli_plots_add(cli_plots *plots, const char *name, const char *title, const char *description);
void cli_plots_free(cli_plots *plots);

enum { CLI_AXIS_X, CLI_AXIS_Y };

/* Names an axis with its unit and sets its range; low < high, and both positive on a logarithmic one. To be called for both axes. */
void cli_plot_axis(cli_plot *plot, int axis, const char *label, double low, double high, bool logarithmic);

/* Names instead of numbers along the y axis, the first at `count` - 1, the last at 0. */
void cli_plot_names(cli_plot *plot, const char *const *names, size_t count);

/* The dashes of a line as SVG writes them: "9,4"; "" for a solid one. */
const char *cli_plot_dash(size_t colour);

/* Series. Points with a number that is not finite are left out. `colour` counts series from 0. */
void cli_plot_line(cli_plot *plot, size_t colour, const double *x, const double *y, size_t count);
void cli_plot_band(cli_plot *plot, size_t colour, const double *x, const double *low, const double *high, size_t count);
void cli_plot_points(cli_plot *plot, size_t colour, double size, const double *x, const double *y, size_t count);

/* Filled rectangles, all of one opacity 0..1. */
typedef struct cli_box {
    double left, right, bottom, top;
} cli_box;

void cli_plot_boxes(cli_plot *plot, size_t colour, double opacity, const cli_box *boxes, size_t count);

/* Solid lines from (left, bottom) to (right, top). */
void cli_plot_segments(cli_plot *plot, size_t colour, const cli_box *segments, size_t count);

/* A grey line all across at a height, with a text above its left end. */
void cli_plot_level(cli_plot *plot, double y, const char *text);

/* A text beside a point. */
void cli_plot_note(cli_plot *plot, size_t colour, double x, double y, const char *text);

/* The names of lines at the right edge, near the heights where the lines end, moved apart where they would overlap. */
void cli_plot_end_labels(cli_plot *plot, const char *const *names, const double *heights, size_t count);

/* Runs gnuplot once over all plots. Returns an exit code, having said what is wrong, such as gnuplot not being installed. */
int cli_plots_render(cli_plots *plots);

/* Writes each plot to FOLDER/NAME.svg, making the folder. Returns an exit code. */
int cli_plots_write(const cli_plots *plots, const char *folder);

#endif
