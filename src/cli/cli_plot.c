#include "cli_plot.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "cli_gnuplot.h"
#include "cli_output.h"
#include "cli_svg.h"

enum { WIDTH = 640, HEIGHT = 400, FONT = 14 }; /* SVG units; a font unit is about 0.5 wide */

static const char *const grid = CLI_COLOUR_GRID, *const axis_colour = CLI_COLOUR_AXIS, *const ink = CLI_COLOUR_INK;

/* ---------------------------------------------------------------- making */

static bool is_taken(const cli_plots *plots, const char *name)
{
    for (size_t i = 0; i < plots->count; i++)
        if (strcmp(plots->items[i]->name, name) == 0)
            return true;
    return false;
}

/* Letters and digits in small letters, '-' for all else, but not at the start; different from all others. */
static char *file_name(const cli_plots *plots, const char *name)
{
    while (*name && !isalnum((unsigned char)*name))
        name++;
    char *result = cli_strdup(*name ? name : "plot");
    for (char *c = result; *c; c++)
        *c = isalnum((unsigned char)*c) ? (char)tolower((unsigned char)*c) : '-';
    for (size_t number = 2; is_taken(plots, result); number++) {
        free(result);
        result = cli_format("plot-%zu-%zu", plots->count, number);
    }
    return result;
}

static FILE *open_text(cli_plot *plot, int part)
{
    FILE *file = open_memstream(&plot->texts[part], &plot->sizes[part]);
    if (!file) {
        cli_fail("out of memory");
        exit(CLI_FAILED);
    }
    return file;
}

cli_plot *cli_plots_add(cli_plots *plots, const char *name, const char *title, const char *description)
{
    cli_plot *plot = cli_alloc(sizeof *plot);
    *plot = (cli_plot){.name = file_name(plots, name), .title = cli_strdup(title), .description = cli_strdup(description)};
    plot->settings = open_text(plot, 0);
    plot->data = open_text(plot, 1);
    plot->drawing = open_text(plot, 2);
    plots->items = cli_realloc(plots->items, (plots->count + 1) * sizeof *plots->items);
    plots->items[plots->count++] = plot;
    return plot;
}

static void free_plot(cli_plot *plot)
{
    FILE *const files[] = {plot->settings, plot->data, plot->drawing};
    for (int i = 0; i < 3; i++) {
        if (files[i])
            fclose(files[i]);
        free(plot->texts[i]);
    }
    free(plot->name);
    free(plot->title);
    free(plot->description);
    free(plot->svg);
    free(plot);
}

void cli_plots_free(cli_plots *plots)
{
    for (size_t i = 0; i < plots->count; i++)
        free_plot(plots->items[i]);
    free(plots->items);
    *plots = (cli_plots){0};
}

/* ---------------------------------------------------------------- the script */

/* A string in gnuplot's single quotes, in which nothing is special but the quote itself. Control characters cannot leave the line. */
static void put_string(FILE *out, const char *text)
{
    fputc('\'', out);
    for (const char *c = text; *c; c++) {
        if (*c == '\'')
            fputs("''", out);
        else
            fputc((unsigned char)*c < ' ' || *c == 0x7f ? ' ' : *c, out);
    }
    fputc('\'', out);
}

/* 1, 2, 5, 10, ... : gnuplot's own marks are powers of ten only, of which a short axis may have none. Over many decades they are enough. */
static void put_logarithmic_tics(cli_plot *plot, char name, double low, double high)
{
    static const double leading[] = {1, 2, 5};
    const size_t step = high / low > 2000 ? 3 : 1;
    const char *comma = "";
    fprintf(plot->settings, "set logscale %c\nset %ctics (", name, name);
    for (int power = (int)floor(log10(low)); power <= (int)ceil(log10(high)); power++) {
        for (size_t i = 0; i < sizeof leading / sizeof *leading; i += step) {
            const double tic = leading[i] * pow(10, power);
            if (tic < low || tic > high)
                continue;
            fprintf(plot->settings, "%s'%g' %.9g", comma, tic, tic);
            comma = ", ";
        }
    }
    fputs(")\n", plot->settings);
}

void cli_plot_axis(cli_plot *plot, int axis, const char *label, double low, double high, bool logarithmic)
{
    const char name = axis == CLI_AXIS_X ? 'x' : 'y';
    plot->low[axis] = low;
    plot->high[axis] = high;
    plot->logarithmic[axis] = logarithmic;
    fprintf(plot->settings, "set %crange [%.12g:%.12g]\nset %clabel ", name, low, high, name);
    put_string(plot->settings, label);
    fprintf(plot->settings, " tc rgb '%s'\n", ink);
    if (logarithmic)
        put_logarithmic_tics(plot, name, low, high);
}

void cli_plot_names(cli_plot *plot, const char *const *names, size_t count)
{
    fputs("set ytics (", plot->settings);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            fputs(", ", plot->settings);
        put_string(plot->settings, names[i]);
        fprintf(plot->settings, " %zu", count - 1 - i);
    }
    fputs(") scale 0\nunset grid\nset grid xtics\n", plot->settings);
}

/* Names the block that follows, and what stands before the next series in the drawing. */
static void begin_block(cli_plot *plot)
{
    fprintf(plot->data, "$d%zu << EOD\n", plot->blocks);
    fprintf(plot->drawing, "%s$d%zu ", plot->blocks > 0 ? ", \\\n  " : "plot ", plot->blocks);
    plot->blocks++;
}

static void end_block(cli_plot *plot, size_t rows)
{
    if (rows == 0)
        fputs("NaN NaN NaN NaN\n", plot->data); /* gnuplot wants a row */
    fputs("EOD\n", plot->data);
}

static const char *series_colour(size_t colour)
{
    static const char *const colours[CLI_SERIES_COLOURS] = CLI_SERIES_RGB;
    return colours[colour % CLI_SERIES_COLOURS];
}

const char *cli_plot_dash(size_t colour)
{
    static const char *const dashes[] = {"", "9,4", "3,3", "12,4,2,4", "16,4", "6,2,2,2,2,2", "2,5", "12,2"};
    return dashes[colour % (sizeof dashes / sizeof *dashes)];
}

void cli_plot_line(cli_plot *plot, size_t colour, const double *x, const double *y, size_t count)
{
    size_t rows = 0;
    begin_block(plot);
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(x[i]) || !isfinite(y[i]))
            continue;
        fprintf(plot->data, "%.9g %.9g\n", x[i], y[i]);
        rows++;
    }
    end_block(plot, rows);
    const char *dash = cli_plot_dash(colour);
    fprintf(plot->drawing, "using 1:2 with lines lw 2 dt %s%s%s lc rgb '%s' notitle", *dash ? "(" : "solid", dash, *dash ? ")" : "",
            series_colour(colour));
}

void cli_plot_band(cli_plot *plot, size_t colour, const double *x, const double *low, const double *high, size_t count)
{
    size_t rows = 0;
    begin_block(plot);
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(x[i]) || !isfinite(low[i]) || !isfinite(high[i]))
            continue;
        fprintf(plot->data, "%.9g %.9g %.9g\n", x[i], low[i], high[i]);
        rows++;
    }
    end_block(plot, rows);
    fprintf(plot->drawing, "using 1:2:3 with filledcurves fc rgb '%s' fs transparent solid 0.16 noborder notitle", series_colour(colour));
}

void cli_plot_points(cli_plot *plot, size_t colour, double size, const double *x, const double *y, size_t count)
{
    size_t rows = 0;
    begin_block(plot);
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(x[i]) || !isfinite(y[i]))
            continue;
        fprintf(plot->data, "%.9g %.9g\n", x[i], y[i]);
        rows++;
    }
    end_block(plot, rows);
    fprintf(plot->drawing, "using 1:2 with points pt 7 ps %.3g lc rgb '%s' notitle", size, series_colour(colour));
}

void cli_plot_boxes(cli_plot *plot, size_t colour, double opacity, const cli_box *boxes, size_t count)
{
    begin_block(plot);
    for (size_t i = 0; i < count; i++)
        fprintf(plot->data, "%.9g %.9g %.9g %.9g %.9g %.9g\n", (boxes[i].left + boxes[i].right) / 2, (boxes[i].bottom + boxes[i].top) / 2,
                boxes[i].left, boxes[i].right, boxes[i].bottom, boxes[i].top);
    end_block(plot, count);
    fprintf(plot->drawing, "using 1:2:3:4:5:6 with boxxyerror fc rgb '%s' fs transparent solid %.3g noborder notitle",
            series_colour(colour), opacity);
}

void cli_plot_segments(cli_plot *plot, size_t colour, const cli_box *segments, size_t count)
{
    begin_block(plot);
    for (size_t i = 0; i < count; i++)
        fprintf(plot->data, "%.9g %.9g %.9g %.9g\n", segments[i].left, segments[i].bottom, segments[i].right - segments[i].left,
                segments[i].top - segments[i].bottom);
    end_block(plot, count);
    fprintf(plot->drawing, "using 1:2:3:4 with vectors nohead lw 1.8 lc rgb '%s' notitle", series_colour(colour));
}

/* Where a height is between the bottom (0) and the top (1) of the plot. */
static double share_of_height(const cli_plot *plot, double y)
{
    const double low = plot->low[CLI_AXIS_Y], high = plot->high[CLI_AXIS_Y];
    return plot->logarithmic[CLI_AXIS_Y] ? log(y / low) / log(high / low) : (y - low) / (high - low);
}

static void put_label(cli_plot *plot, const char *text, double x, double y, const char *system, const char *colour, const char *options)
{
    fprintf(plot->settings, "set label %zu ", ++plot->labels);
    put_string(plot->settings, text);
    fprintf(plot->settings, " at %s %.6g, graph %.6g tc rgb '%s' %s\n", system, x, y, colour, options);
}

void cli_plot_level(cli_plot *plot, double y, const char *text)
{
    const double share = share_of_height(plot, y);
    if (!(share >= 0 && share <= 1))
        return;
    fprintf(plot->settings, "set arrow from graph 0, graph %.6g to graph 1, graph %.6g nohead back lw 1.2 dt (6,4) lc rgb '%s'\n", share,
            share, axis_colour);
    put_label(plot, text, 0.012, share, "graph", ink, share > 0.94 ? "offset 0,-0.6 font ',12'" : "offset 0,0.55 font ',12'");
}

void cli_plot_note(cli_plot *plot, size_t colour, double x, double y, const char *text)
{
    const bool right = x > (plot->low[CLI_AXIS_X] + plot->high[CLI_AXIS_X]) / 2;
    put_label(plot, text, x, share_of_height(plot, y), "first", series_colour(colour),
              right ? "right offset -0.8,0.7 font ',12'" : "left offset 0.8,0.7 font ',12'");
}

/* ---------------------------------------------------------------- labels at line ends */

typedef struct end_label {
    const char *name;
    size_t colour;
    double wish, place; /* shares of the height */
} end_label;

static int by_wish(const void *a, const void *b)
{
    const double left = ((const end_label *)a)->wish, right = ((const end_label *)b)->wish;
    return (left > right) - (left < right);
}

/* Moves labels, ascending, up until none is nearer than `apart` to the one below it, then all that stick out down again. */
static void spread(end_label *labels, size_t count, double apart)
{
    for (size_t i = 0; i < count; i++)
        labels[i].place = i > 0 ? fmax(labels[i].wish, labels[i - 1].place + apart) : fmax(labels[i].wish, 0.01);
    for (size_t i = 0; i < count; i++)
        labels[i].place = fmin(labels[i].place, 0.99 - apart * (double)(count - 1 - i));
}

void cli_plot_end_labels(cli_plot *plot, const char *const *names, const double *heights, size_t count)
{
    end_label *labels = cli_alloc((count + 1) * sizeof *labels);
    size_t known = 0, longest = 0;
    for (size_t i = 0; i < count; i++) {
        const double share = isfinite(heights[i]) ? share_of_height(plot, heights[i]) : (double)NAN;
        if (!isfinite(share))
            continue;
        labels[known++] = (end_label){names[i], i, fmin(1, fmax(0, share)), 0};
        longest = strlen(names[i]) > longest ? strlen(names[i]) : longest;
    }
    qsort(labels, known, sizeof *labels, by_wish);
    spread(labels, known, 1.35 * FONT / (0.8 * HEIGHT));
    for (size_t i = 0; i < known; i++)
        put_label(plot, labels[i].name, 1.012, labels[i].place, "graph", series_colour(labels[i].colour), "left");
    fprintf(plot->settings, "set rmargin %zu\n", longest + 2 < 26 ? longest + 2 : 26);
    free(labels);
}

/* ---------------------------------------------------------------- rendering */

static void put_frame(FILE *script)
{
    fprintf(script, "reset\nset terminal svg size %d,%d dynamic noenhanced font 'sans-serif,%d'\nset output\n", WIDTH, HEIGHT, FONT);
    fprintf(script, "unset key\nset border 3 lw 1 lc rgb '%s'\nset tics nomirror out scale 0.6 tc rgb '%s'\n", axis_colour, ink);
    fprintf(script, "set grid ytics lt 1 lw 1 lc rgb '%s'\nset grid noxtics back\nset samples 2\nset rmargin 2\nset tmargin 1\n", grid);
}

/* The whole script; the parts of the plots are closed by it. */
static FILE *write_script(cli_plots *plots)
{
    FILE *script = tmpfile();
    for (size_t i = 0; script && i < plots->count; i++) {
        cli_plot *plot = plots->items[i];
        fputs(plot->blocks > 0 ? "\n" : "plot NaN notitle\n", plot->drawing);
        fclose(plot->settings);
        fclose(plot->data);
        fclose(plot->drawing);
        plot->settings = plot->data = plot->drawing = NULL;
        put_frame(script);
        for (int part = 0; part < 3; part++)
            fwrite(plot->texts[part], 1, plot->sizes[part], script);
    }
    if (script && (fflush(script) != 0 || ferror(script))) {
        fclose(script);
        script = NULL;
    }
    if (!script)
        cli_fail("no room for the script of the plots: %s", strerror(errno));
    return script;
}

/* Cuts what gnuplot wrote into one document for each plot. */
static int take_documents(cli_plots *plots, const char *output, const char *complaints)
{
    static const char ending[] = "</svg>";
    for (size_t i = 0; i < plots->count; i++) {
        const char *start = strstr(output, "<svg"), *end = start ? strstr(start, ending) : NULL;
        if (!end)
            return cli_fail("gnuplot drew %zu of %zu plots%s%s", i, plots->count, *complaints ? ": " : "", complaints);
        const size_t size = (size_t)(end - start) + sizeof ending - 1;
        plots->items[i]->svg = cli_format("%.*s", (int)size, start);
        output = end + sizeof ending - 1;
    }
    return CLI_OK;
}

int cli_plots_render(cli_plots *plots)
{
    FILE *script = write_script(plots);
    if (!script)
        return CLI_FAILED;
    char *output = NULL, *complaints = NULL;
    int code = cli_run_gnuplot(script, &output, &complaints);
    fclose(script);
    if (code == CLI_OK)
        code = take_documents(plots, output, complaints);
    free(output);
    free(complaints);
    return code;
}

static int write_plot(const cli_plot *plot, const char *path)
{
    cli_output output;
    int code = cli_output_open(&output, path);
    if (code != CLI_OK)
        return code;
    cli_svg_standalone(output.file, plot->svg, plot->title, plot->description);
    return cli_output_close(&output, CLI_OK);
}

int cli_plots_write(const cli_plots *plots, const char *folder)
{
    int code = CLI_OK;
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return cli_fail("%s: %s", folder, strerror(errno));
    for (size_t i = 0; i < plots->count && code == CLI_OK; i++) {
        char *path = cli_format("%s/%s.svg", folder, plots->items[i]->name);
        code = write_plot(plots->items[i], path);
        free(path);
    }
    return code;
}
