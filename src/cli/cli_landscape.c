#include "cli_landscape.h"

#include <math.h>
#include <stdlib.h>

#include "cli_json.h"
#include "cli_number.h"
#include "cli_progress.h"
#include "cli_table.h"

static const char *const kind_names[NB_OUTCOME_KINDS] = {"validation", "test"};
static const char *const kind_words[NB_OUTCOME_KINDS] = {"valid", "test"};

char *cli_column_name(const nb_landscape *landscape, const nb_landscape_column *column)
{
    return cli_format("%s %s", landscape->datasets[column->dataset].name, kind_names[column->kind]);
}

const char *cli_cost_head(nb_cost cost)
{
    static const char *const heads[NB_COST_KINDS] = {"FLOPs [M]", "parameters [M]", "latency [ms]"};
    return heads[cost];
}

double cli_cost_value(nb_cost cost, double value)
{
    return cost == NB_COST_LATENCY ? 1000 * value : value;
}

const char *cli_cost_word(nb_cost cost)
{
    static const char *const words[NB_COST_KINDS] = {"flops", "params", "latency"};
    return words[cost];
}

/* ---------------------------------------------------------------- tables */

void cli_tabulate_accuracies(const nb_landscape *landscape, cli_columns *columns)
{
    static const char *const heads[] = {"mean", "std", "lowest", "lower quartile", "median", "upper quartile", "highest", "at index"};
    cli_columns_head(columns, "data set", 'l');
    cli_columns_head(columns, "schedule", 'r');
    cli_columns_head(columns, "split", 'l');
    cli_columns_head(columns, "architectures", 'r');
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        cli_columns_head(columns, heads[i], 'r');
    for (size_t i = 0; i < landscape->column_count; i++) {
        const nb_landscape_column *column = &landscape->columns[i];
        const nb_description *d = &column->accuracy;
        const double numbers[] = {d->mean, d->std, d->low, d->lower_quartile, d->median, d->upper_quartile, d->high};
        cli_columns_text(columns, landscape->datasets[column->dataset].name);
        cli_columns_text(columns, landscape->datasets[column->dataset].schedule);
        cli_columns_text(columns, kind_names[column->kind]);
        cli_columns_unsigned(columns, d->count);
        for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
            cli_columns_real(columns, numbers[k], 2);
        cli_columns_unsigned(columns, column->best);
    }
}

static void head_correlations(cli_columns *columns)
{
    cli_columns_head(columns, "Kendall", 'r');
    cli_columns_head(columns, "Spearman", 'r');
    cli_columns_head(columns, "Pearson", 'r');
}

static void put_correlations(cli_columns *columns, const nb_correlation *with)
{
    cli_columns_real(columns, with->kendall, 3);
    cli_columns_real(columns, with->spearman, 3);
    cli_columns_real(columns, with->pearson, 3);
}

void cli_tabulate_costs(const nb_landscape *landscape, cli_columns *columns)
{
    cli_columns_head(columns, "accuracy", 'l');
    cli_columns_head(columns, "cost", 'l');
    head_correlations(columns);
    cli_columns_head(columns, "Pareto front", 'r');
    for (size_t i = 0; i < landscape->dataset_count; i++) {
        for (nb_cost cost = 0; cost < NB_COST_KINDS; cost++) {
            const nb_landscape_cost *found = &landscape->datasets[i].costs[cost];
            if (!found->values)
                continue;
            char *name = cli_column_name(landscape, landscape->datasets[i].main);
            cli_columns_text(columns, name);
            cli_columns_text(columns, cli_cost_head(cost));
            put_correlations(columns, &found->with);
            cli_columns_unsigned(columns, found->front_count);
            free(name);
        }
    }
}

void cli_tabulate_epochs(const nb_landscape *landscape, cli_columns *columns)
{
    cli_columns_head(columns, "final accuracy", 'l');
    cli_columns_head(columns, "predicted by", 'l');
    cli_columns_head(columns, "schedule", 'r');
    cli_columns_head(columns, "epochs", 'r');
    head_correlations(columns);
    for (size_t i = 0; i < landscape->dataset_count; i++) {
        const nb_landscape_dataset *set = &landscape->datasets[i];
        char *name = cli_column_name(landscape, set->main);
        for (size_t k = 0; k < set->epoch_count; k++) {
            cli_columns_text(columns, name);
            cli_columns_text(columns, set->epochs[k].split);
            cli_columns_text(columns, set->epochs[k].schedule);
            cli_columns_unsigned(columns, set->epochs[k].epochs);
            put_correlations(columns, &set->epochs[k].with);
        }
        free(name);
    }
}

void cli_tabulate_locality(const nb_landscape *landscape, cli_columns *columns)
{
    static const char *const heads[] = {"1 step", "2 steps", "3 steps", "5 steps", "10 steps"};
    static const size_t lags[] = {1, 2, 3, 5, 10};
    cli_columns_head(columns, "accuracy", 'l');
    cli_columns_head(columns, "fitness-distance", 'r');
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        cli_columns_head(columns, heads[i], 'r');
    cli_columns_head(columns, "correlation length", 'r');
    for (size_t i = 0; i < landscape->dataset_count; i++) {
        const nb_landscape_dataset *set = &landscape->datasets[i];
        char *name = cli_column_name(landscape, set->main);
        cli_columns_text(columns, name);
        cli_columns_real(columns, set->fitness_distance, 3);
        for (size_t k = 0; k < sizeof lags / sizeof *lags; k++)
            cli_columns_real(columns, set->autocorrelation[lags[k]], 3);
        cli_columns_real(columns, set->correlation_length, 2);
        free(name);
    }
}

/* ---------------------------------------------------------------- text */

static void print_table(const char *title, const nb_landscape *landscape, void fill(const nb_landscape *, cli_columns *))
{
    cli_columns columns = {0};
    fill(landscape, &columns);
    if (columns.cell_count > 0) {
        printf("\n%s\n\n", title);
        cli_columns_print(&columns, stdout);
    }
    cli_columns_free(&columns);
}

static void tabulate_between(const nb_landscape *landscape, cli_columns *columns)
{
    const size_t count = landscape->column_count;
    cli_columns_head(columns, "accuracy", 'l');
    cli_columns_head(columns, "and", 'l');
    head_correlations(columns);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = i + 1; j < count; j++) {
            char *one = cli_column_name(landscape, &landscape->columns[i]), *other = cli_column_name(landscape, &landscape->columns[j]);
            cli_columns_text(columns, one);
            cli_columns_text(columns, other);
            put_correlations(columns, &landscape->between[i * count + j]);
            free(one);
            free(other);
        }
    }
}

static void print_landscape(const nb_landscape *landscape, const char *path)
{
    char number[CLI_NUMBER_SIZE];
    printf("%s: %s architectures of the %s\n", path, cli_grouped(landscape->rows, number), nb_space_title(landscape->space));
    print_table("accuracy at the end of training, mean over seeds [%]", landscape, cli_tabulate_accuracies);
    print_table("accuracy and cost: correlation, number of architectures on the front", landscape, cli_tabulate_costs);
    print_table("correlation between data sets and splits", landscape, tabulate_between);
    print_table("correlation of short training with the final accuracy", landscape, cli_tabulate_epochs);
    print_table("locality: fitness-distance correlation, autocorrelation on random walks, its length in steps", landscape,
                cli_tabulate_locality);
}

/* ---------------------------------------------------------------- JSON */

static void json_description(cli_json *json, const nb_description *d)
{
    cli_json_put_unsigned(json, "count", d->count);
    cli_json_put_real(json, "mean", d->mean);
    cli_json_put_real(json, "std", d->std);
    cli_json_put_real(json, "low", d->low);
    cli_json_put_real(json, "lower_quartile", d->lower_quartile);
    cli_json_put_real(json, "median", d->median);
    cli_json_put_real(json, "upper_quartile", d->upper_quartile);
    cli_json_put_real(json, "high", d->high);
}

static void json_correlation(cli_json *json, const nb_correlation *with)
{
    cli_json_put_unsigned(json, "count", with->count);
    cli_json_put_real(json, "kendall", with->kendall);
    cli_json_put_real(json, "spearman", with->spearman);
    cli_json_put_real(json, "pearson", with->pearson);
}

static void json_cost(cli_json *json, const nb_landscape_dataset *set, nb_cost kind)
{
    const nb_landscape_cost *cost = &set->costs[kind];
    cli_json_key(json, cli_cost_word(kind));
    if (!cost->values) {
        cli_json_null(json);
        return;
    }
    cli_json_begin_object(json, CLI_JSON_LINES);
    cli_json_put_bool(json, "computed", cost->computed);
    json_correlation(json, &cost->with);
    cli_json_key(json, "front");
    cli_json_begin_array(json, CLI_JSON_LINES);
    for (size_t i = 0; i < cost->front_count; i++) {
        cli_json_begin_object(json, CLI_JSON_INLINE);
        cli_json_put_unsigned(json, "index", cost->front[i]);
        cli_json_put_real(json, "cost", cost->values[cost->front[i]]);
        cli_json_put_real(json, "accuracy", set->main->values[cost->front[i]]);
        cli_json_end(json);
    }
    cli_json_end(json);
    cli_json_end(json);
}

static void json_epochs(cli_json *json, const nb_landscape_dataset *set)
{
    cli_json_key(json, "epochs");
    cli_json_begin_array(json, CLI_JSON_LINES);
    for (size_t i = 0; i < set->epoch_count; i++) {
        cli_json_begin_object(json, CLI_JSON_INLINE);
        cli_json_put_string(json, "schedule", set->epochs[i].schedule);
        cli_json_put_string(json, "split", set->epochs[i].split);
        cli_json_put_unsigned(json, "epochs", set->epochs[i].epochs);
        json_correlation(json, &set->epochs[i].with);
        cli_json_end(json);
    }
    cli_json_end(json);
}

static void json_locality(cli_json *json, const nb_landscape_dataset *set)
{
    cli_json_put_real(json, "fitness_distance", set->fitness_distance);
    cli_json_key(json, "by_distance");
    cli_json_begin_array(json, CLI_JSON_LINES);
    for (size_t i = 0; i < set->distance_count; i++) {
        cli_json_begin_object(json, CLI_JSON_INLINE);
        cli_json_put_unsigned(json, "distance", i);
        json_description(json, &set->by_distance[i]);
        cli_json_end(json);
    }
    cli_json_end(json);
    cli_json_key(json, "autocorrelation");
    cli_json_begin_array(json, CLI_JSON_INLINE);
    for (size_t i = 0; i < NB_LAGS; i++)
        cli_json_real(json, set->autocorrelation[i]);
    cli_json_end(json);
    cli_json_put_real(json, "correlation_length", set->correlation_length);
    cli_json_put_bool(json, "sampled", set->sampled);
}

static void json_dataset(cli_json *json, const nb_landscape_dataset *set)
{
    cli_json_begin_object(json, CLI_JSON_LINES);
    cli_json_put_string(json, "name", set->name);
    cli_json_put_string(json, "schedule", set->schedule);
    cli_json_put_string(json, "kind", kind_words[set->main->kind]);
    cli_json_key(json, "costs");
    cli_json_begin_object(json, CLI_JSON_LINES);
    for (nb_cost cost = 0; cost < NB_COST_KINDS; cost++)
        json_cost(json, set, cost);
    cli_json_end(json);
    json_epochs(json, set);
    json_locality(json, set);
    cli_json_end(json);
}

static void json_columns(cli_json *json, const nb_landscape *landscape)
{
    cli_json_key(json, "accuracies");
    cli_json_begin_array(json, CLI_JSON_LINES);
    for (size_t i = 0; i < landscape->column_count; i++) {
        const nb_landscape_column *column = &landscape->columns[i];
        cli_json_begin_object(json, CLI_JSON_INLINE);
        cli_json_put_string(json, "dataset", landscape->datasets[column->dataset].name);
        cli_json_put_string(json, "kind", kind_words[column->kind]);
        json_description(json, &column->accuracy);
        cli_json_put_unsigned(json, "best", column->best);
        cli_json_end(json);
    }
    cli_json_end(json);
}

static void json_between(cli_json *json, const nb_landscape *landscape)
{
    const size_t count = landscape->column_count;
    cli_json_key(json, "between");
    cli_json_begin_array(json, CLI_JSON_LINES);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = i + 1; j < count; j++) {
            char *one = cli_column_name(landscape, &landscape->columns[i]), *other = cli_column_name(landscape, &landscape->columns[j]);
            cli_json_begin_object(json, CLI_JSON_INLINE);
            cli_json_put_string(json, "one", one);
            cli_json_put_string(json, "other", other);
            json_correlation(json, &landscape->between[i * count + j]);
            cli_json_end(json);
            free(one);
            free(other);
        }
    }
    cli_json_end(json);
}

static void json_landscape(const nb_landscape *landscape, const char *path)
{
    cli_json json = {.out = stdout};
    cli_json_begin_object(&json, CLI_JSON_LINES);
    cli_json_put_string(&json, "table", path);
    cli_json_put_string(&json, "space", nb_space_name(landscape->space));
    cli_json_put_unsigned(&json, "architectures", landscape->rows);
    json_columns(&json, landscape);
    json_between(&json, landscape);
    cli_json_key(&json, "datasets");
    cli_json_begin_array(&json, CLI_JSON_LINES);
    for (size_t i = 0; i < landscape->dataset_count; i++)
        json_dataset(&json, &landscape->datasets[i]);
    cli_json_end(&json);
    cli_json_end(&json);
}

/* ---------------------------------------------------------------- all of it */

int cli_describe_landscape(const cli_landscape_request *request)
{
    nb_table *table;
    int code = cli_open_table(request->table, &table);
    if (code != CLI_OK)
        return code;
    nb_landscape *landscape = NULL;
    nb_error err;
    cli_progress progress;
    cli_progress_begin(&progress, "looking around");
    const nb_status status =
        nb_landscape_of_table(table, request->datasets->items, request->datasets->count, &progress.progress, &landscape, &err);
    cli_progress_end(&progress);
    if (status != NB_OK)
        code = cli_fail_with(&err);
    if (code == CLI_OK && (request->report || request->plots))
        code = cli_report_landscape(landscape, request);
    if (code == CLI_OK && request->json)
        json_landscape(landscape, request->table);
    else if (code == CLI_OK)
        print_landscape(landscape, request->table);
    nb_landscape_free(landscape);
    nb_table_close(table);
    return code;
}
