#include "cli_comparison.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cli_json.h"
#include "cli_number.h"

static const char *const kind_names[NB_OUTCOME_KINDS] = {"validation", "test"};

char *cli_measure_name(const nb_compared_measure *measure)
{
    return measure->dataset ? cli_format("%s %s", measure->dataset, kind_names[measure->kind]) : cli_strdup("feedback");
}

static bool is_paired(const nb_comparison *comparison)
{
    return comparison->test == NB_TEST_SIGNED_RANK;
}

char *cli_test_caption(const nb_comparison *comparison, double alpha)
{
    return cli_format("%s, two-sided; Holm's correction over %zu pair%s; better: p <= %g",
                      is_paired(comparison) ? "Wilcoxon signed-rank test on pairs of runs" : "Mann-Whitney U test", comparison->pair_count,
                      comparison->pair_count == 1 ? "" : "s", alpha);
}

/* ---------------------------------------------------------------- tables */

void cli_tabulate_methods(const nb_comparison *comparison, cli_columns *columns)
{
    cli_columns_head(columns, "method", 'l');
    cli_columns_head(columns, "runs", 'r');
    cli_columns_head(columns, "evaluations", 'r');
    cli_columns_head(columns, "time [s]", 'r');
    cli_columns_head(columns, "mean rank", 'r');
    cli_columns_head(columns, "file", 'l');
    for (size_t i = 0; i < comparison->method_count; i++) {
        const nb_compared_method *method = &comparison->methods[i];
        cli_columns_text(columns, method->label);
        cli_columns_unsigned(columns, method->info->runs);
        cli_columns_real(columns, method->evaluations.mean, 1);
        cli_columns_real(columns, method->seconds.mean, 1);
        cli_columns_real(columns, method->mean_rank, 2);
        cli_columns_text(columns, method->info->path);
    }
}

static void put_mean(cli_columns *columns, double mean, double std)
{
    char a[CLI_NUMBER_SIZE], b[CLI_NUMBER_SIZE];
    char *text = isnan(mean) ? cli_strdup("-") : cli_format("%s ± %s", cli_fixed(mean, 2, a), cli_fixed(std, 2, b));
    cli_columns_text(columns, text);
    free(text);
}

/* One column per measure is more than fits when there are many data sets; the rest is in the tables of the measures. */
static size_t overview_measures(const nb_comparison *comparison)
{
    return comparison->measure_count < CLI_COLUMNS_MAX - 1 ? comparison->measure_count : CLI_COLUMNS_MAX - 1;
}

void cli_tabulate_overview(const nb_comparison *comparison, cli_columns *columns)
{
    const size_t measures = overview_measures(comparison);
    bool known = false;
    cli_columns_head(columns, "method", 'l');
    for (size_t i = 0; i < measures; i++) {
        char *name = cli_measure_name(&comparison->measures[i]);
        cli_columns_named_head(columns, name, 'r');
        known = known || !isnan(comparison->measures[i].optimum);
        free(name);
    }
    for (size_t method = 0; method < comparison->method_count; method++) {
        cli_columns_text(columns, comparison->methods[method].label);
        for (size_t i = 0; i < measures; i++) {
            const nb_description *final = &comparison->measures[i].methods[method].final;
            put_mean(columns, final->mean, final->std);
        }
    }
    if (!known)
        return;
    cli_columns_text(columns, "best of the table");
    for (size_t i = 0; i < measures; i++)
        cli_columns_real(columns, comparison->measures[i].optimum, 2);
}

void cli_tabulate_measure(const nb_comparison *comparison, const nb_compared_measure *measure, cli_columns *columns)
{
    static const char *const heads[] = {"mean", "std", "lowest", "lower quartile", "median", "upper quartile", "highest"};
    cli_columns_head(columns, "method", 'l');
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        cli_columns_head(columns, heads[i], 'r');
    cli_columns_head(columns, "mean regret", 'r');
    cli_columns_head(columns, "mean rank", 'r');
    for (size_t i = 0; i < comparison->method_count; i++) {
        const nb_description *d = &measure->methods[i].final;
        const double numbers[] = {d->mean, d->std, d->low, d->lower_quartile, d->median, d->upper_quartile, d->high};
        cli_columns_text(columns, comparison->methods[i].label);
        for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
            cli_columns_real(columns, numbers[k], 2);
        cli_columns_real(columns, measure->optimum - d->mean, 2);
        cli_columns_real(columns, measure->methods[i].mean_rank, 2);
    }
}

/* The method that is significantly better, or NULL. */
static const char *better(const nb_comparison *comparison, const nb_compared_pair *pair, double alpha)
{
    const double middle = is_paired(comparison) ? 0 : 0.5;
    if (!(pair->adjusted_p <= alpha) || pair->test.effect == middle)
        return NULL;
    return comparison->methods[pair->test.effect > middle ? pair->first : pair->second].label;
}

/* The words of Vargha and Delaney for A12 (table 1 of their paper). */
static const char *size_of_effect(double a12)
{
    const double distance = fabs(a12 - 0.5);
    return distance < 0.06 ? "negligible" : distance < 0.14 ? "small" : distance < 0.21 ? "medium" : "large";
}

static void put_p(cli_columns *columns, double p)
{
    char text[CLI_NUMBER_SIZE];
    if (isnan(p))
        snprintf(text, sizeof text, "-");
    else
        snprintf(text, sizeof text, p < 0.0001 ? "%.1e" : "%.4f", p);
    cli_columns_text(columns, text);
}

void cli_tabulate_pairs(const nb_comparison *comparison, const nb_compared_measure *measure, double alpha, cli_columns *columns)
{
    const bool paired = is_paired(comparison);
    cli_columns_head(columns, "method", 'l');
    cli_columns_head(columns, "against", 'l');
    cli_columns_head(columns, paired ? "rank-biserial" : "A12", 'r');
    if (!paired)
        cli_columns_head(columns, "effect", 'l');
    cli_columns_head(columns, "p", 'r');
    cli_columns_head(columns, "p (Holm)", 'r');
    cli_columns_head(columns, "better", 'l');
    for (size_t i = 0; i < comparison->pair_count; i++) {
        const nb_compared_pair *pair = &measure->pairs[i];
        const char *winner = better(comparison, pair, alpha);
        cli_columns_text(columns, comparison->methods[pair->first].label);
        cli_columns_text(columns, comparison->methods[pair->second].label);
        cli_columns_real(columns, pair->test.effect, 3);
        if (!paired)
            cli_columns_text(columns, size_of_effect(pair->test.effect));
        put_p(columns, pair->test.p);
        put_p(columns, pair->adjusted_p);
        cli_columns_text(columns, winner ? winner : "-");
    }
}

/* ---------------------------------------------------------------- text */

static void print_and_free(cli_columns *columns)
{
    cli_columns_print(columns, stdout);
    cli_columns_free(columns);
}

static void print_measure(const nb_comparison *comparison, const nb_compared_measure *measure, double alpha)
{
    char *name = cli_measure_name(measure), *caption = cli_test_caption(comparison, alpha);
    cli_columns results = {0}, pairs = {0};
    printf("\n%s accuracy [%%]", cli_printable(name));
    if (!isnan(measure->optimum))
        printf(", best of the table %.2f", measure->optimum);
    printf("\n\n");
    cli_tabulate_measure(comparison, measure, &results);
    print_and_free(&results);
    if (comparison->pair_count > 0) {
        printf("\n%s\n\n", caption);
        cli_tabulate_pairs(comparison, measure, alpha, &pairs);
        print_and_free(&pairs);
    }
    free(name);
    free(caption);
}

void cli_print_comparison(const nb_comparison *comparison, double alpha)
{
    cli_columns methods = {0}, overview = {0};
    cli_tabulate_methods(comparison, &methods);
    print_and_free(&methods);
    printf("\naccuracy of the answers, mean ± standard deviation over runs [%%]\n\n");
    cli_tabulate_overview(comparison, &overview);
    print_and_free(&overview);
    for (size_t i = 0; i < comparison->measure_count; i++)
        print_measure(comparison, &comparison->measures[i], alpha);
}

/* ---------------------------------------------------------------- JSON */

static void json_notes(cli_json *json, const char *key, const nb_note *notes, size_t count)
{
    cli_json_key(json, key);
    cli_json_begin_object(json, CLI_JSON_INLINE);
    for (size_t i = 0; i < count; i++)
        cli_json_put_string(json, notes[i].name, notes[i].value);
    cli_json_end(json);
}

static void json_method(cli_json *json, const nb_compared_method *method)
{
    const nb_experiment_info *info = method->info;
    cli_json_begin_object(json, CLI_JSON_LINES);
    cli_json_put_string(json, "label", method->label);
    cli_json_put_string(json, "file", info->path);
    cli_json_put_string(json, "algorithm", info->algorithm);
    json_notes(json, "settings", info->settings, info->setting_count);
    json_notes(json, "objective", info->objective, info->objective_count);
    cli_json_put_real(json, "budget_seconds", info->budget.seconds > 0 ? info->budget.seconds : (double)NAN);
    cli_json_put_real(json, "budget_evaluations", info->budget.evaluations > 0 ? (double)info->budget.evaluations : (double)NAN);
    cli_json_put_unsigned(json, "runs", info->runs);
    cli_json_put_unsigned(json, "seed", info->seed);
    cli_json_put_real(json, "evaluations", method->evaluations.mean);
    cli_json_put_real(json, "seconds", method->seconds.mean);
    cli_json_put_real(json, "mean_rank", method->mean_rank);
    cli_json_end(json);
}

static void json_result(cli_json *json, const nb_compared_method *method, const nb_compared_measure *measure,
                        const nb_compared_result *result)
{
    const nb_description *d = &result->final;
    cli_json_begin_object(json, CLI_JSON_INLINE);
    cli_json_put_string(json, "label", method->label);
    cli_json_put_unsigned(json, "count", d->count);
    cli_json_put_real(json, "mean", d->mean);
    cli_json_put_real(json, "std", d->std);
    cli_json_put_real(json, "low", d->low);
    cli_json_put_real(json, "lower_quartile", d->lower_quartile);
    cli_json_put_real(json, "median", d->median);
    cli_json_put_real(json, "upper_quartile", d->upper_quartile);
    cli_json_put_real(json, "high", d->high);
    cli_json_put_real(json, "mean_regret", measure->optimum - d->mean);
    cli_json_put_real(json, "mean_rank", result->mean_rank);
    cli_json_end(json);
}

static void json_pair(cli_json *json, const nb_comparison *comparison, const nb_compared_pair *pair, double alpha)
{
    cli_json_begin_object(json, CLI_JSON_INLINE);
    cli_json_put_string(json, "first", comparison->methods[pair->first].label);
    cli_json_put_string(json, "second", comparison->methods[pair->second].label);
    cli_json_put_real(json, "statistic", pair->test.statistic);
    cli_json_put_real(json, "effect", pair->test.effect);
    cli_json_put_real(json, "p", pair->test.p);
    cli_json_put_real(json, "p_holm", pair->adjusted_p);
    cli_json_put_bool(json, "exact", pair->test.exact);
    cli_json_put_string(json, "better", better(comparison, pair, alpha));
    cli_json_end(json);
}

static void json_numbers(cli_json *json, const char *key, const double *numbers, size_t count)
{
    cli_json_key(json, key);
    cli_json_begin_array(json, CLI_JSON_INLINE);
    for (size_t i = 0; i < count; i++)
        cli_json_real(json, numbers[i]);
    cli_json_end(json);
}

static void json_curves(cli_json *json, const nb_comparison *comparison, const nb_compared_measure *measure, nb_axis axis)
{
    static const char *const axes[NB_AXES] = {"seconds", "evaluations"};
    const size_t count = comparison->place_count[axis];
    cli_json_key(json, axes[axis]);
    cli_json_begin_object(json, CLI_JSON_LINES);
    json_numbers(json, "places", comparison->places[axis], count);
    cli_json_key(json, "methods");
    cli_json_begin_array(json, CLI_JSON_LINES);
    for (size_t i = 0; i < comparison->method_count; i++) {
        const nb_compared_curve *curve = &measure->methods[i].curves[axis];
        cli_json_begin_object(json, CLI_JSON_LINES);
        cli_json_put_string(json, "label", comparison->methods[i].label);
        json_numbers(json, "lower_quartile", curve->lower, count);
        json_numbers(json, "median", curve->median, count);
        json_numbers(json, "upper_quartile", curve->upper, count);
        cli_json_end(json);
    }
    cli_json_end(json);
    cli_json_end(json);
}

static void json_measure(cli_json *json, const nb_comparison *comparison, const nb_compared_measure *measure, double alpha)
{
    static const char *const kinds[NB_OUTCOME_KINDS] = {"valid", "test"};
    cli_json_begin_object(json, CLI_JSON_LINES);
    cli_json_put_string(json, "dataset", measure->dataset);
    cli_json_put_string(json, "kind", measure->dataset ? kinds[measure->kind] : "feedback");
    cli_json_put_real(json, "optimum", measure->optimum);
    cli_json_key(json, "methods");
    cli_json_begin_array(json, CLI_JSON_LINES);
    for (size_t i = 0; i < comparison->method_count; i++)
        json_result(json, &comparison->methods[i], measure, &measure->methods[i]);
    cli_json_end(json);
    cli_json_key(json, "pairs");
    cli_json_begin_array(json, CLI_JSON_LINES);
    for (size_t i = 0; i < comparison->pair_count; i++)
        json_pair(json, comparison, &measure->pairs[i], alpha);
    cli_json_end(json);
    cli_json_key(json, "curves");
    cli_json_begin_object(json, CLI_JSON_LINES);
    for (nb_axis axis = 0; axis < NB_AXES; axis++)
        json_curves(json, comparison, measure, axis);
    cli_json_end(json);
    cli_json_end(json);
}

void cli_json_comparison(const nb_comparison *comparison, double alpha)
{
    cli_json json = {.out = stdout};
    cli_json_begin_object(&json, CLI_JSON_LINES);
    cli_json_put_string(&json, "test", is_paired(comparison) ? "signed-rank" : "mann-whitney");
    cli_json_put_real(&json, "alpha", alpha);
    cli_json_put_bool(&json, "budgets_differ", comparison->budgets_differ);
    cli_json_key(&json, "methods");
    cli_json_begin_array(&json, CLI_JSON_LINES);
    for (size_t i = 0; i < comparison->method_count; i++)
        json_method(&json, &comparison->methods[i]);
    cli_json_end(&json);
    cli_json_key(&json, "measures");
    cli_json_begin_array(&json, CLI_JSON_LINES);
    for (size_t i = 0; i < comparison->measure_count; i++)
        json_measure(&json, comparison, &comparison->measures[i], alpha);
    cli_json_end(&json);
    cli_json_end(&json);
}
