/* The plots and the report of a landscape. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli_landscape.h"
#include "cli_number.h"
#include "cli_plot.h"
#include "cli_report.h"

enum { BINS = 60, LEVELS = 6 };

/* ---------------------------------------------------------------- what is shown of an accuracy */

/* Most spaces have a few architectures that do not learn at all; they would squeeze all others into a corner. So plots begin four
 * interquartile ranges below the lower quartile, and say how many are left out. */
typedef struct window {
    double low, high;
    size_t below;
} window;

static window window_of(const nb_landscape *landscape, const nb_landscape_column *column)
{
    const nb_description *d = &column->accuracy;
    const double range = d->upper_quartile - d->lower_quartile;
    window w = {fmax(d->low, d->lower_quartile - 4 * range), d->high, 0};
    if (!(w.low < w.high))
        w = (window){d->low - 0.5, d->high + 0.5, 0};
    for (uint32_t row = 0; row < landscape->rows; row++)
        w.below += column->values[row] < w.low;
    return w;
}

/* " 52 architectures below are not shown."; the caller frees. */
static char *left_out(const window *w)
{
    return w->below == 0 ? cli_strdup("")
                         : cli_format(" %zu architecture%s below %.1f %% %s not shown.", w->below, w->below == 1 ? "" : "s", w->low,
                                      w->below == 1 ? "is" : "are");
}

/* The bin of a value between low and high. */
static size_t bin_of(double value, double low, double high, size_t bins)
{
    const double place = (value - low) / (high - low) * (double)bins;
    return place >= (double)bins ? bins - 1 : (size_t)fmax(place, 0);
}

static cli_plot *add_plot(cli_plots *plots, const char *start, const char *end, const char *title_end, const char *description)
{
    char *name = cli_format("%s-%s", start, end), *title = cli_format("%s %s", start, title_end);
    cli_plot *plot = cli_plots_add(plots, name, title, description);
    free(name);
    free(title);
    return plot;
}

/* ---------------------------------------------------------------- distribution */

static void plot_distribution(const nb_landscape *landscape, const nb_landscape_column *column, cli_plots *plots)
{
    const window w = window_of(landscape, column);
    size_t counts[BINS] = {0}, most = 0;
    cli_box boxes[BINS];
    const double width = (w.high - w.low) / BINS;
    for (uint32_t row = 0; row < landscape->rows; row++)
        if (column->values[row] >= w.low)
            counts[bin_of(column->values[row], w.low, w.high, BINS)]++;
    for (size_t i = 0; i < BINS; i++) {
        most = counts[i] > most ? counts[i] : most;
        boxes[i] = (cli_box){w.low + width * ((double)i + 0.06), w.low + width * ((double)i + 0.94), 0, (double)counts[i]};
    }
    char *name = cli_column_name(landscape, column), *rest = left_out(&w), *label = cli_format("%s accuracy [%%]", name);
    char *description = cli_format("How many architectures reach which accuracy at the end of training.%s", rest);
    cli_plot *plot = add_plot(plots, name, "distribution", "accuracy: distribution", description);
    cli_plot_axis(plot, CLI_AXIS_X, label, w.low, w.high, false);
    cli_plot_axis(plot, CLI_AXIS_Y, "architectures", 0, 1.05 * (double)(most > 0 ? most : 1), false);
    cli_plot_boxes(plot, 0, 0.75, boxes, BINS);
    free(name);
    free(rest);
    free(label);
    free(description);
}

/* ---------------------------------------------------------------- accuracy and cost */

typedef struct density {
    size_t counts[BINS][BINS]; /* [cost][accuracy] */
    size_t most;
    double low, high; /* of the cost */
    window accuracy;
} density;

static void count_density(const nb_landscape *landscape, const nb_landscape_dataset *set, nb_cost kind, density *d)
{
    const double *costs = set->costs[kind].values, *accuracies = set->main->values;
    *d = (density){.low = (double)INFINITY, .high = -(double)INFINITY, .accuracy = window_of(landscape, set->main)};
    for (uint32_t row = 0; row < landscape->rows; row++) {
        if (isnan(accuracies[row]) || isnan(costs[row]))
            continue;
        d->low = fmin(d->low, cli_cost_value(kind, costs[row]));
        d->high = fmax(d->high, cli_cost_value(kind, costs[row]));
    }
    if (!(d->low < d->high)) {
        d->low = isfinite(d->low) ? d->low - 0.5 : 0;
        d->high = d->low + 1;
    }
    for (uint32_t row = 0; row < landscape->rows; row++) {
        if (!(accuracies[row] >= d->accuracy.low) || isnan(costs[row]))
            continue;
        size_t *count = &d->counts[bin_of(cli_cost_value(kind, costs[row]), d->low, d->high, BINS)]
                                  [bin_of(accuracies[row], d->accuracy.low, d->accuracy.high, BINS)];
        d->most = ++*count > d->most ? *count : d->most;
    }
}

/* Darker cells hold more architectures, by the logarithm. */
static void draw_density(cli_plot *plot, const density *d)
{
    const double width = (d->high - d->low) / BINS, height = (d->accuracy.high - d->accuracy.low) / BINS;
    cli_box *boxes = cli_alloc(sizeof *boxes * BINS * BINS);
    for (size_t level = 1; level <= LEVELS; level++) {
        size_t count = 0;
        for (size_t i = 0; i < BINS; i++) {
            for (size_t j = 0; j < BINS; j++) {
                const double share = log(1 + (double)d->counts[i][j]) / log(1 + (double)d->most);
                if (d->counts[i][j] == 0 || (size_t)ceil(share * LEVELS) != level)
                    continue;
                const double left = d->low + width * (double)i, bottom = d->accuracy.low + height * (double)j;
                boxes[count++] = (cli_box){left, left + width, bottom, bottom + height};
            }
        }
        if (count > 0)
            cli_plot_boxes(plot, 0, 0.1 + 0.85 * (double)level / LEVELS, boxes, count);
    }
    free(boxes);
}

/* As a staircase: what is the best that a cost affords. */
static void draw_front(cli_plot *plot, const nb_landscape_dataset *set, nb_cost kind)
{
    const nb_landscape_cost *cost = &set->costs[kind];
    const size_t count = cost->front_count;
    double *x = cli_alloc((2 * count + 1) * sizeof *x), *y = cli_alloc((2 * count + 1) * sizeof *y);
    cli_box *segments = cli_alloc((2 * count + 1) * sizeof *segments);
    size_t lines = 0;
    for (size_t i = 0; i < count; i++) {
        x[i] = cli_cost_value(kind, cost->values[cost->front[i]]);
        y[i] = set->main->values[cost->front[i]];
        if (i == 0 || y[i - 1] < plot->low[CLI_AXIS_Y])
            continue;
        segments[lines++] = (cli_box){x[i - 1], x[i], y[i - 1], y[i - 1]};
        segments[lines++] = (cli_box){x[i], x[i], y[i - 1], y[i]};
    }
    cli_plot_segments(plot, 1, segments, lines);
    cli_plot_points(plot, 1, 0.45, x, y, count);
    free(x);
    free(y);
    free(segments);
}

static void plot_cost(const nb_landscape *landscape, const nb_landscape_dataset *set, nb_cost kind, cli_plots *plots)
{
    static const char *const titles[NB_COST_KINDS] = {"accuracy and FLOPs", "accuracy and parameters", "accuracy and latency"};
    static const char *const labels[NB_COST_KINDS] = {"FLOPs [millions of multiply-accumulates per image]", "parameters [millions]",
                                                      "latency [ms per batch]"};
    if (!set->costs[kind].values)
        return;
    density *d = cli_alloc(sizeof *d);
    count_density(landscape, set, kind, d);
    char *name = cli_column_name(landscape, set->main), *rest = left_out(&d->accuracy), *label = cli_format("%s accuracy [%%]", name);
    char *description =
        cli_format("The darker a cell, the more architectures, by the logarithm. Line: the Pareto front, %zu architectures.%s",
                   set->costs[kind].front_count, rest);
    cli_plot *plot = add_plot(plots, name, cli_cost_word(kind), titles[kind], description);
    cli_plot_axis(plot, CLI_AXIS_X, labels[kind], d->low - 0.02 * (d->high - d->low), d->high + 0.02 * (d->high - d->low), false);
    cli_plot_axis(plot, CLI_AXIS_Y, label, d->accuracy.low, d->accuracy.high + 0.02 * (d->accuracy.high - d->accuracy.low), false);
    draw_density(plot, d);
    draw_front(plot, set, kind);
    free(name);
    free(rest);
    free(label);
    free(description);
    free(d);
}

/* ---------------------------------------------------------------- epochs */

/* One line for each schedule that was measured at several epochs. Returns how many. */
static size_t draw_epochs(cli_plot *plot, const nb_landscape_dataset *set)
{
    const char *names[CLI_SERIES_COLOURS];
    double x[64], y[64], ends[CLI_SERIES_COLOURS];
    size_t lines = 0;
    for (size_t first = 0, end = 0; first < set->epoch_count && lines < CLI_SERIES_COLOURS; first = end) {
        size_t count = 0;
        for (; end < set->epoch_count && strcmp(set->epochs[end].schedule, set->epochs[first].schedule) == 0; end++) {
            if (count < sizeof x / sizeof *x) {
                x[count] = set->epochs[end].epochs;
                y[count++] = set->epochs[end].with.kendall;
            }
        }
        if (plot && count > 1) {
            cli_plot_line(plot, lines, x, y, count);
            cli_plot_points(plot, lines, 0.4, x, y, count);
        }
        if (count > 1) {
            names[lines] = set->epochs[first].schedule;
            ends[lines++] = y[count - 1];
        }
    }
    if (plot && lines > 1)
        cli_plot_end_labels(plot, names, ends, lines);
    return lines;
}

static void plot_epochs(const nb_landscape *landscape, const nb_landscape_dataset *set, cli_plots *plots)
{
    double low = 0, last = 1;
    for (size_t i = 0; i < set->epoch_count; i++) {
        low = fmin(low, set->epochs[i].with.kendall);
        last = fmax(last, set->epochs[i].epochs);
    }
    if (draw_epochs(NULL, set) == 0)
        return;
    char *name = cli_column_name(landscape, set->main);
    cli_plot *plot = add_plot(plots, name, "epochs", "accuracy predicted by early epochs",
                              "Rank correlation of the validation accuracy after so many epochs with the final accuracy; a line for each "
                              "schedule.");
    cli_plot_axis(plot, CLI_AXIS_X, "epochs", 0, last, false);
    cli_plot_axis(plot, CLI_AXIS_Y, "Kendall's tau", low < 0 ? low - 0.05 : 0, 1.02, false);
    draw_epochs(plot, set);
    free(name);
}

/* ---------------------------------------------------------------- locality */

static void plot_distances(const nb_landscape *landscape, const nb_landscape_dataset *set, cli_plots *plots)
{
    double x[NB_DISTANCES_MAX], lower[NB_DISTANCES_MAX], median[NB_DISTANCES_MAX], upper[NB_DISTANCES_MAX];
    double low = (double)INFINITY, high = -(double)INFINITY;
    const size_t count = set->distance_count;
    for (size_t i = 0; i < count; i++) {
        const nb_description *d = &set->by_distance[i];
        x[i] = (double)i;
        lower[i] = d->lower_quartile;
        median[i] = d->median;
        upper[i] = d->upper_quartile;
        low = fmin(low, lower[i]);
        high = fmax(high, upper[i]);
    }
    if (count < 2 || !(low < high))
        return;
    char *name = cli_column_name(landscape, set->main), *label = cli_format("%s accuracy [%%]", name);
    char *description = cli_format(
        "Line: median of the architectures at that distance; band: quartiles. Fitness-distance correlation %.3f.", set->fitness_distance);
    cli_plot *plot = add_plot(plots, name, "distance", "accuracy and distance to the best", description);
    cli_plot_axis(plot, CLI_AXIS_X, "decisions that differ from the best architecture", 0, (double)count - 1, false);
    cli_plot_axis(plot, CLI_AXIS_Y, label, low - 0.04 * (high - low), high + 0.04 * (high - low), false);
    cli_plot_band(plot, 0, x, lower, upper, count);
    cli_plot_line(plot, 0, x, median, count);
    cli_plot_points(plot, 0, 0.6, x, median, count);
    free(name);
    free(label);
    free(description);
}

static void plot_walks(const nb_landscape *landscape, cli_plots *plots)
{
    const size_t count = landscape->dataset_count;
    const char **names = cli_alloc(count * sizeof *names);
    double *ends = cli_alloc(count * sizeof *ends), x[NB_LAGS], low = 0;
    for (size_t i = 0; i < NB_LAGS; i++)
        x[i] = (double)i;
    for (size_t i = 0; i < count; i++) {
        names[i] = landscape->datasets[i].name;
        ends[i] = landscape->datasets[i].autocorrelation[NB_LAGS - 1];
        for (size_t lag = 0; lag < NB_LAGS; lag++)
            low = fmin(low, landscape->datasets[i].autocorrelation[lag]);
    }
    cli_plot *plot = cli_plots_add(plots, "walk", "Random-walk autocorrelation",
                                   "Correlation of the accuracies of two architectures that are so many random steps apart: the slower it "
                                   "falls, the more good architectures are near other good ones.");
    cli_plot_axis(plot, CLI_AXIS_X, "steps", 0, NB_LAGS - 1, false);
    cli_plot_axis(plot, CLI_AXIS_Y, "autocorrelation", low < 0 ? low - 0.03 : 0, 1.02, false);
    cli_plot_level(plot, exp(-1), "1/e: the correlation length");
    for (size_t i = 0; i < count; i++) {
        cli_plot_line(plot, i, x, landscape->datasets[i].autocorrelation, NB_LAGS);
        cli_plot_points(plot, i, 0.5, x, landscape->datasets[i].autocorrelation, NB_LAGS);
    }
    cli_plot_end_labels(plot, names, ends, count);
    free(names);
    free(ends);
}

/* ---------------------------------------------------------------- report */

/* Plots of a data set. Returns the number added. */
static size_t plot_dataset(const nb_landscape *landscape, const nb_landscape_dataset *set, cli_plots *plots)
{
    const size_t before = plots->count;
    plot_distribution(landscape, set->main, plots);
    for (nb_cost cost = 0; cost < NB_COST_KINDS; cost++)
        plot_cost(landscape, set, cost, plots);
    plot_epochs(landscape, set, plots);
    plot_distances(landscape, set, plots);
    return plots->count - before;
}

static void put_table(cli_report *report, const nb_landscape *landscape, void fill(const nb_landscape *, cli_columns *),
                      const char *caption)
{
    cli_columns columns = {0};
    fill(landscape, &columns);
    if (columns.cell_count > 0)
        cli_report_table(report, &columns, caption);
    cli_columns_free(&columns);
}

static void put_matrix(cli_report *report, const nb_landscape *landscape, size_t place, const char *caption)
{
    const size_t count = landscape->column_count;
    char **names = cli_alloc(count * sizeof *names);
    double *values = cli_alloc(count * count * sizeof *values);
    for (size_t i = 0; i < count; i++)
        names[i] = cli_column_name(landscape, &landscape->columns[i]);
    for (size_t i = 0; i < count * count; i++) {
        const nb_correlation *with = &landscape->between[i];
        const double kinds[] = {with->kendall, with->spearman, with->pearson};
        values[i] = kinds[place];
    }
    cli_report_matrix(report, (const char *const *)names, values, count, caption);
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
    free(values);
}

static void put_front(cli_report *report, const nb_landscape_dataset *set, nb_cost kind)
{
    enum { SHOWN = 12 };
    const nb_landscape_cost *cost = &set->costs[kind];
    cli_columns columns = {0};
    if (cost->front_count == 0)
        return;
    cli_columns_head(&columns, "index", 'r');
    cli_columns_head(&columns, cli_cost_head(kind), 'r');
    cli_columns_head(&columns, "accuracy [%]", 'r');
    const size_t shown = cost->front_count < SHOWN ? cost->front_count : SHOWN;
    for (size_t i = 0; i < shown; i++) {
        const uint32_t row = cost->front[cost->front_count - 1 - i];
        cli_columns_unsigned(&columns, row);
        cli_columns_real(&columns, cli_cost_value(kind, cost->values[row]), 3);
        cli_columns_real(&columns, set->main->values[row], 2);
    }
    char *caption = cli_format("The upper end of the Pareto front of accuracy and %s%s: %zu of %zu", cli_cost_head(kind),
                               cost->computed ? " (computed from the architecture)" : "", shown, cost->front_count);
    cli_report_table(report, &columns, caption);
    cli_columns_free(&columns);
    free(caption);
}

static void put_sections(cli_report *report, const nb_landscape *landscape, const cli_plots *plots, const size_t *counts)
{
    size_t next = 0;
    for (size_t i = 0; i < landscape->dataset_count; i++) {
        cli_report_heading(report, landscape->datasets[i].name);
        cli_report_begin_figures(report);
        for (size_t k = 0; k < counts[i]; k++)
            cli_report_figure(report, plots->items[next++]);
        cli_report_end_figures(report);
        put_front(report, &landscape->datasets[i], NB_COST_FLOPS);
    }
    cli_report_heading(report, "Locality");
    cli_report_paragraph(report,
                         "A search that changes one decision at a time can only do better than chance if neighbours resemble each "
                         "other. Two classical measures: the correlation of accuracy with the distance to the best architecture "
                         "(-1: accuracy leads there; 0: it does not tell), and the autocorrelation of accuracies on a random walk.");
    cli_report_begin_figures(report);
    cli_report_figure(report, plots->items[next++]);
    cli_report_end_figures(report);
    put_table(report, landscape, cli_tabulate_locality,
              "Fitness-distance correlation; autocorrelation after some steps of a random walk; correlation length [steps]");
}

static int write_report(const nb_landscape *landscape, const cli_landscape_request *request, const cli_plots *plots, const size_t *counts)
{
    char number[CLI_NUMBER_SIZE];
    cli_report report;
    char *lead = cli_format("%s: %s architectures of the %s", request->table, cli_grouped(landscape->rows, number),
                            nb_space_title(landscape->space));
    const int code = cli_report_open(&report, request->report, "The landscape of a benchmark", lead);
    free(lead);
    if (code != CLI_OK)
        return code;
    put_table(&report, landscape, cli_tabulate_accuracies, "Accuracy at the end of training, mean over trained seeds [%]");
    put_table(&report, landscape, cli_tabulate_costs,
              "Correlation of accuracy with cost, and the number of architectures on the Pareto front");
    if (landscape->column_count > 1) {
        cli_report_heading(&report, "Between data sets");
        cli_report_begin_row(&report);
        put_matrix(&report, landscape, 0, "Kendall's tau-b");
        put_matrix(&report, landscape, 1, "Spearman's rho");
        put_matrix(&report, landscape, 2, "Pearson's r");
        cli_report_end_row(&report);
    }
    put_sections(&report, landscape, plots, counts);
    cli_report_heading(&report, "Short training");
    put_table(&report, landscape, cli_tabulate_epochs, "Correlation of accuracies after so many epochs with the final accuracy");
    return cli_report_close(&report, CLI_OK);
}

int cli_report_landscape(const nb_landscape *landscape, const cli_landscape_request *request)
{
    cli_plots plots = {0};
    size_t *counts = cli_alloc((landscape->dataset_count + 1) * sizeof *counts);
    for (size_t i = 0; i < landscape->dataset_count; i++)
        counts[i] = plot_dataset(landscape, &landscape->datasets[i], &plots);
    plot_walks(landscape, &plots);
    int code = cli_plots_render(&plots);
    if (code == CLI_OK && request->plots)
        code = cli_plots_write(&plots, request->plots);
    if (code == CLI_OK && request->report)
        code = write_report(landscape, request, &plots, counts);
    cli_plots_free(&plots);
    free(counts);
    return code;
}
