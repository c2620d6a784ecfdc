/* The plots and the report of a comparison. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cli_comparison.h"
#include "cli_number.h"
#include "cli_report.h"

static const char **labels_of(const nb_comparison *comparison)
{
    const char **labels = cli_alloc(comparison->method_count * sizeof *labels);
    for (size_t i = 0; i < comparison->method_count; i++)
        labels[i] = comparison->methods[i].label;
    return labels;
}

/* ---------------------------------------------------------------- any-time curves */

/* The heights worth looking at: from the lowest quartile after a twentieth of the way, since the first random answers are far below all
 * that follows, up to the best. */
static void find_heights(const nb_comparison *comparison, const nb_compared_measure *measure, nb_axis axis, double *low, double *high)
{
    const size_t count = comparison->place_count[axis];
    *low = (double)INFINITY;
    *high = isnan(measure->optimum) ? -(double)INFINITY : measure->optimum;
    for (size_t i = 0; i < comparison->method_count; i++) {
        const nb_compared_curve *curve = &measure->methods[i].curves[axis];
        size_t place = count / 20;
        while (place < count && isnan(curve->lower[place]))
            place++;
        for (; place < count; place++) {
            *low = fmin(*low, curve->lower[place]);
            *high = fmax(*high, curve->upper[place]);
        }
    }
    if (!(*low < *high)) {
        *low = isfinite(*low) ? *low - 0.5 : 0;
        *high = *low + 1;
    }
    const double margin = 0.04 * (*high - *low);
    *low -= margin;
    *high += margin;
}

/* Where a curve ends; NaN where it never begins. */
static double last_height(const nb_compared_curve *curve, size_t count)
{
    while (count > 0 && isnan(curve->median[count - 1]))
        count--;
    return count > 0 ? curve->median[count - 1] : (double)NAN;
}

static void draw_curves(const nb_comparison *comparison, const nb_compared_measure *measure, nb_axis axis, cli_plot *plot)
{
    const size_t methods = comparison->method_count, count = comparison->place_count[axis];
    const double *places = comparison->places[axis];
    const char **labels = labels_of(comparison);
    double *ends = cli_alloc(methods * sizeof *ends);
    for (size_t i = 0; i < methods; i++) {
        const nb_compared_curve *curve = &measure->methods[i].curves[axis];
        cli_plot_band(plot, i, places, curve->lower, curve->upper, count);
        ends[i] = last_height(curve, count);
    }
    for (size_t i = 0; i < methods; i++)
        cli_plot_line(plot, i, places, measure->methods[i].curves[axis].median, count);
    cli_plot_end_labels(plot, labels, ends, methods);
    free(ends);
    free(labels);
}

static void plot_curves(const nb_comparison *comparison, const nb_compared_measure *measure, nb_axis axis, cli_plots *plots)
{
    static const char *const over[NB_AXES] = {"time", "evaluations"};
    static const char *const x_labels[NB_AXES] = {"time on the search's clock [s]", "evaluations"};
    double low, high;
    if (comparison->place_count[axis] < 2)
        return;
    char *measure_name = cli_measure_name(measure), *name = cli_format("%s-%s", measure_name, over[axis]);
    char *title = cli_format("%s accuracy over %s", measure_name, over[axis]);
    cli_plot *plot = cli_plots_add(
        plots, name, title, "What the search would have answered. Line: median over runs; band: from the lower to the upper quartile.");
    find_heights(comparison, measure, axis, &low, &high);
    cli_plot_axis(plot, CLI_AXIS_X, x_labels[axis], 0, comparison->places[axis][comparison->place_count[axis] - 1], false);
    char *y_label = cli_format("%s accuracy [%%]", measure_name);
    cli_plot_axis(plot, CLI_AXIS_Y, y_label, low, high, false);
    if (!isnan(measure->optimum))
        cli_plot_level(plot, measure->optimum, "best of the table");
    draw_curves(comparison, measure, axis, plot);
    free(measure_name);
    free(name);
    free(title);
    free(y_label);
}

/* ---------------------------------------------------------------- regret */

/* optimum - median, by place. */
static double *median_regret(const nb_comparison *comparison, const nb_compared_measure *measure, size_t method, nb_axis axis)
{
    const size_t count = comparison->place_count[axis];
    double *regret = cli_alloc(count * sizeof *regret);
    for (size_t i = 0; i < count; i++) {
        const double distance = measure->optimum - measure->methods[method].curves[axis].median[i];
        regret[i] = distance > 0 ? distance : (double)NAN; /* nothing that a logarithmic axis could show */
    }
    return regret;
}

/* Time where there is any, else evaluations. */
static nb_axis main_axis(const nb_comparison *comparison)
{
    return comparison->place_count[NB_AXIS_SECONDS] > 0 ? NB_AXIS_SECONDS : NB_AXIS_EVALUATIONS;
}

static bool has_regret(const nb_comparison *comparison, const nb_compared_measure *measure)
{
    return !isnan(measure->optimum) && comparison->place_count[main_axis(comparison)] >= 2;
}

static void draw_regret(const nb_comparison *comparison, const nb_compared_measure *measure, cli_plot *plot, const char *y_label)
{
    const nb_axis axis = main_axis(comparison);
    const size_t methods = comparison->method_count, count = comparison->place_count[axis];
    const double *places = comparison->places[axis];
    const char **labels = labels_of(comparison);
    double **regrets = cli_alloc(methods * sizeof *regrets), *ends = cli_alloc(methods * sizeof *ends);
    double low = (double)INFINITY, high = 0, first = places[count - 1];
    for (size_t i = 0; i < methods; i++) {
        regrets[i] = median_regret(comparison, measure, i, axis);
        ends[i] = (double)NAN;
        for (size_t k = 0; k < count; k++) {
            if (isnan(regrets[i][k]))
                continue;
            ends[i] = regrets[i][k];
            low = fmin(low, regrets[i][k]);
            high = fmax(high, regrets[i][k]);
            first = fmin(first, places[k]);
        }
    }
    const bool drawable = low < high && first < places[count - 1];
    cli_plot_axis(plot, CLI_AXIS_X, axis == NB_AXIS_SECONDS ? "time on the search's clock [s]" : "evaluations",
                  drawable ? first : places[count - 1] / 2, places[count - 1], true);
    cli_plot_axis(plot, CLI_AXIS_Y, y_label, drawable ? low / 1.15 : 0.1, drawable ? high * 1.15 : 1, true);
    for (size_t i = 0; i < methods; i++)
        cli_plot_line(plot, i, places, regrets[i], count);
    cli_plot_end_labels(plot, labels, ends, methods);
    for (size_t i = 0; i < methods; i++)
        free(regrets[i]);
    free(regrets);
    free(ends);
    free(labels);
}

static void plot_regret(const nb_comparison *comparison, const nb_compared_measure *measure, cli_plots *plots)
{
    if (!has_regret(comparison, measure))
        return;
    char *measure_name = cli_measure_name(measure), *name = cli_format("%s-regret", measure_name);
    char *title = cli_format("%s regret", measure_name), *y_label = cli_format("%s regret [%%]", measure_name);
    cli_plot *plot = cli_plots_add(plots, name, title,
                                   "How far the median over runs is below the best of the table, both axes logarithmic; a line ends where "
                                   "nothing is missing any more.");
    draw_regret(comparison, measure, plot, y_label);
    free(measure_name);
    free(name);
    free(title);
    free(y_label);
}

/* ---------------------------------------------------------------- final results */

static void draw_distribution(cli_plot *plot, size_t colour, double row, const nb_description *d)
{
    const cli_box middle = {d->lower_quartile, d->upper_quartile, row - 0.26, row + 0.26};
    const cli_box lines[] = {{d->low, d->lower_quartile, row, row},
                             {d->upper_quartile, d->high, row, row},
                             {d->low, d->low, row - 0.1, row + 0.1},
                             {d->high, d->high, row - 0.1, row + 0.1},
                             {d->median, d->median, row - 0.26, row + 0.26}};
    if (d->count == 0)
        return;
    cli_plot_boxes(plot, colour, 0.3, &middle, 1);
    cli_plot_segments(plot, colour, lines, sizeof lines / sizeof *lines);
    cli_plot_points(plot, colour, 0.7, &d->mean, &row, 1);
}

static void plot_finals(const nb_comparison *comparison, const nb_compared_measure *measure, cli_plots *plots)
{
    const size_t methods = comparison->method_count;
    double low = (double)INFINITY, high = measure->optimum;
    for (size_t i = 0; i < methods; i++) {
        low = fmin(low, measure->methods[i].final.low);
        high = fmax(high, measure->methods[i].final.high);
    }
    const double width = high > low ? high - low : 1;
    char *measure_name = cli_measure_name(measure), *name = cli_format("%s-final", measure_name);
    char *title = cli_format("%s accuracy of the answers", measure_name), *x_label = cli_format("%s accuracy [%%]", measure_name);
    cli_plot *plot =
        cli_plots_add(plots, name, title, "Over runs. Box: quartiles, with a line at the median; dot: mean; whiskers: lowest and highest.");
    const char **labels = labels_of(comparison);
    cli_plot_axis(plot, CLI_AXIS_X, x_label, low - 0.03 * width, high + 0.03 * width, false);
    cli_plot_axis(plot, CLI_AXIS_Y, "", -0.6, (double)methods - 0.4, false);
    cli_plot_names(plot, labels, methods);
    for (size_t i = 0; i < methods; i++)
        draw_distribution(plot, i, (double)(methods - 1 - i), &measure->methods[i].final);
    free(measure_name);
    free(name);
    free(title);
    free(x_label);
    free(labels);
}

void cli_plot_comparison(const nb_comparison *comparison, cli_plots *plots)
{
    for (size_t i = 0; i < comparison->measure_count; i++) {
        for (nb_axis axis = 0; axis < NB_AXES; axis++)
            plot_curves(comparison, &comparison->measures[i], axis, plots);
        plot_regret(comparison, &comparison->measures[i], plots);
        plot_finals(comparison, &comparison->measures[i], plots);
    }
}

/* ---------------------------------------------------------------- report */

static char *make_lead(const nb_comparison *comparison)
{
    const nb_experiment_info *info = comparison->methods[0].info;
    char number[CLI_NUMBER_SIZE], *budget = cli_strdup("");
    if (!comparison->budgets_differ && info->budget.seconds > 0) {
        free(budget);
        budget = cli_format("; budget %s s", cli_grouped((uint64_t)info->budget.seconds, number));
    } else if (!comparison->budgets_differ && info->budget.evaluations > 0) {
        free(budget);
        budget = cli_format("; budget %s evaluations", cli_grouped(info->budget.evaluations, number));
    }
    char *lead = cli_format("%zu method%s on the space %s, %u runs%s%s", comparison->method_count, comparison->method_count == 1 ? "" : "s",
                            info->space, info->runs, comparison->method_count > 1 ? " each" : "", budget);
    for (size_t i = 1; i < comparison->method_count; i++) {
        if (comparison->methods[i].info->runs != info->runs) { /* the table of methods has the numbers */
            free(lead);
            lead = cli_format("%zu methods on the space %s%s", comparison->method_count, info->space, budget);
            break;
        }
    }
    free(budget);
    return lead;
}

static void put_table(cli_report *report, cli_columns *columns, const char *caption)
{
    cli_report_table(report, columns, caption);
    cli_columns_free(columns);
}

/* Plots come in the order of cli_plot_comparison; *next is the first that was not yet shown. */
static void put_measure(cli_report *report, const nb_comparison *comparison, const nb_compared_measure *measure, double alpha,
                        const cli_plots *plots, size_t *next)
{
    cli_columns results = {0}, pairs = {0};
    char *name = cli_measure_name(measure), *heading = cli_format("%s accuracy", name), *test = cli_test_caption(comparison, alpha);
    const char **labels = labels_of(comparison);
    size_t figures = has_regret(comparison, measure) ? 2 : 1;
    for (nb_axis axis = 0; axis < NB_AXES; axis++)
        figures += comparison->place_count[axis] >= 2;
    cli_report_heading(report, heading);
    cli_report_legend(report, labels, comparison->method_count);
    cli_report_begin_figures(report);
    for (; figures > 0; figures--)
        cli_report_figure(report, plots->items[(*next)++]);
    cli_report_end_figures(report);
    cli_report_subheading(report, "Results");
    cli_tabulate_measure(comparison, measure, &results);
    put_table(report, &results, "Accuracy of the answers over runs [%]; regret is the distance to the best of the table");
    if (comparison->pair_count > 0) {
        cli_report_subheading(report, "Tests between methods");
        cli_tabulate_pairs(comparison, measure, alpha, &pairs);
        put_table(report, &pairs, test);
    }
    free(labels);
    free(name);
    free(heading);
    free(test);
}

static void put_explanations(cli_report *report, const nb_comparison *comparison)
{
    cli_report_heading(report, "How to read this");
    cli_report_paragraph(report,
                         "A method's value at a time is the accuracy of what it would have answered if it had been stopped then; a run "
                         "that has ended keeps its answer. A quartile is drawn from where enough runs have an answer.");
    cli_report_paragraph(
        report, comparison->test == NB_TEST_SIGNED_RANK
                    ? "Wilcoxon's signed-rank test compares run r of one method with run r of the other. The rank-biserial correlation is "
                      "1 when the first method is better in all pairs, -1 when it is worse in all, 0 when neither prevails."
                    : "The Mann-Whitney U test treats runs as independent. A12 is the chance that a run of the first method is better than "
                      "one of the second, ties counting half: 0.5 means no difference; 0.56, 0.64 and 0.71 are conventionally called "
                      "small, medium and large.");
    cli_report_paragraph(report, "p-values are two-sided; Holm's correction keeps the chance of any false alarm among the pairs of a table "
                                 "below the level. Many runs make tiny differences significant: look at the effect as well. The mean rank "
                                 "is the expected place of a run among one run of each method; 1 is best.");
}

int cli_report_comparison(const nb_comparison *comparison, double alpha, const cli_plots *plots, const char *path)
{
    cli_report report;
    cli_columns methods = {0}, overview = {0};
    size_t next = 0;
    char *lead = make_lead(comparison);
    const int code = cli_report_open(&report, path, "Search methods compared", lead);
    free(lead);
    if (code != CLI_OK)
        return code;
    if (comparison->budgets_differ)
        cli_report_note(&report, "Budgets differ between the methods: final results and tests compare budgets as well as methods. Look at "
                                 "the curves where both still run.");
    cli_tabulate_overview(comparison, &overview);
    put_table(&report, &overview, "Accuracy of the answers, mean ± standard deviation over runs [%]");
    cli_tabulate_methods(comparison, &methods);
    put_table(&report, &methods, "Methods; evaluations and time per run, mean rank over all accuracies below");
    for (size_t i = 0; i < comparison->measure_count; i++)
        put_measure(&report, comparison, &comparison->measures[i], alpha, plots, &next);
    put_explanations(&report, comparison);
    return cli_report_close(&report, CLI_OK);
}
