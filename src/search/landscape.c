#include "nasbench/landscape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/progress.h"
#include "nasbench/query.h"
#include "search/locality.h"
#include "search/outcome.h"

enum { EPOCHS_SHOWN = 24 }; /* of a schedule */

/* The landscape with what it owns. */
typedef struct work {
    nb_landscape result; /* first: what the caller gets */
    const nb_table *table;
    nb_outcomes *outcomes; /* for the names of data sets and schedules */
    nb_landscape_dataset *datasets;
    nb_landscape_column *columns;
    nb_correlation *between;
    nb_row_graph graph;
    double **owned; /* [owned_count] columns of numbers */
    size_t owned_count, owned_room;
} work;

void nb_landscape_free(nb_landscape *landscape)
{
    work *w = (work *)landscape;
    if (!w)
        return;
    for (size_t i = 0; w->datasets && i < w->result.dataset_count; i++) {
        for (nb_cost cost = 0; cost < NB_COST_KINDS; cost++)
            free((uint32_t *)w->datasets[i].costs[cost].front);
        free((nb_landscape_epoch *)w->datasets[i].epochs);
    }
    for (size_t i = 0; i < w->owned_count; i++)
        free(w->owned[i]);
    nb_row_graph_free(&w->graph);
    nb_outcomes_free(w->outcomes);
    free(w->owned);
    free(w->datasets);
    free(w->columns);
    free(w->between);
    free(w);
}

static const char *name_of(const work *w)
{
    return nb_table_get_info(w->table)->name;
}

static nb_status no_memory(const work *w, nb_error *err)
{
    return nb_fail(err, NB_ERR_MEMORY, "%s: out of memory for %u rows", name_of(w), w->result.rows);
}

/* A column of numbers, one for each row, freed with the landscape. */
static double *new_column(work *w)
{
    if (w->owned_count == w->owned_room) {
        const size_t room = w->owned_room > 0 ? 2 * w->owned_room : 16;
        double **owned = realloc(w->owned, room * sizeof *owned);
        if (!owned)
            return NULL;
        w->owned = owned;
        w->owned_room = room;
    }
    double *column = calloc((size_t)w->result.rows + 1, sizeof *column);
    if (column)
        w->owned[w->owned_count++] = column;
    return column;
}

/* ---------------------------------------------------------------- accuracies */

/* Means over seeds of an accuracy at an epoch. */
static nb_status read_accuracies(const work *w, const char *dataset, const char *schedule, const char *split, int32_t epoch, double *out,
                                 uint32_t *measured, nb_error *err)
{
    const nb_query_spec spec = {.dataset = dataset, .schedule = schedule, .split = split, .metric = NB_METRIC_ACCURACY, .epoch = epoch};
    nb_query query;
    NB_TRY(nb_query_compile(w->table, &spec, &query, err));
    *measured = nb_query_column(&query, out, NULL);
    return NB_OK;
}

static nb_status add_column(work *w, size_t dataset, nb_outcome_kind kind, nb_error *err)
{
    nb_landscape_column *column = &w->columns[w->result.column_count];
    const nb_landscape_dataset *set = &w->datasets[dataset];
    const char *key, *split;
    uint32_t measured;
    if (!nb_outcome_place(w->table, set->name, set->schedule, kind, &key, &split))
        return NB_OK;
    double *values = new_column(w);
    if (!values)
        return no_memory(w, err);
    NB_TRY(read_accuracies(w, key, set->schedule, split, NB_EPOCH_LAST, values, &measured, err));
    if (measured == 0)
        return NB_OK;
    *column = (nb_landscape_column){.dataset = dataset, .kind = kind, .values = values};
    NB_TRY(nb_describe(values, w->result.rows, &column->accuracy, err));
    while (values[column->best] != column->accuracy.high)
        column->best++;
    w->result.column_count++;
    return NB_OK;
}

static nb_status add_columns(work *w, nb_error *err)
{
    w->columns = calloc(w->result.dataset_count * NB_OUTCOME_KINDS, sizeof *w->columns);
    if (!w->columns)
        return no_memory(w, err);
    for (size_t i = 0; i < w->result.dataset_count; i++) {
        for (nb_outcome_kind kind = 0; kind < NB_OUTCOME_KINDS; kind++)
            NB_TRY(add_column(w, i, kind, err));
        const size_t count = w->result.column_count;
        if (count == 0 || w->columns[count - 1].dataset != i)
            return nb_fail(err, NB_ERR_NOT_FOUND, "%s: %s has no accuracies", name_of(w), w->datasets[i].name);
        w->datasets[i].main = &w->columns[count - 1]; /* test comes after validation */
    }
    return NB_OK;
}

static nb_status correlate_columns(work *w, nb_error *err)
{
    const size_t count = w->result.column_count;
    w->between = calloc(count * count, sizeof *w->between);
    if (!w->between)
        return no_memory(w, err);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j <= i; j++) {
            nb_correlation *found = &w->between[i * count + j];
            NB_TRY(nb_correlate(w->columns[i].values, w->columns[j].values, w->result.rows, found, err));
            w->between[j * count + i] = *found;
        }
    }
    return NB_OK;
}

/* ---------------------------------------------------------------- costs */

/* The mean over the trials of a row of what the table says about them; NaN where it says nothing. */
static double mean_of_trials(const nb_table *table, uint32_t setup, uint32_t row, double get(const nb_table *, uint32_t, uint32_t))
{
    uint32_t first;
    const uint32_t count = nb_table_trials(table, setup, row, &first);
    double sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += get(table, setup, first + i);
    return count > 0 ? sum / count : (double)NAN;
}

static bool read_cost(const work *w, uint32_t setup, nb_cost cost, double *values)
{
    bool any = false;
    for (uint32_t row = 0; row < w->result.rows; row++) {
        values[row] = (double)NAN;
        if (cost == NB_COST_FLOPS)
            values[row] = mean_of_trials(w->table, setup, row, nb_table_trial_flops);
        else if (cost == NB_COST_PARAMS)
            values[row] = mean_of_trials(w->table, setup, row, nb_table_trial_params);
        else if (nb_table_latency(w->table, setup, row, &values[row], NULL) != NB_OK)
            values[row] = (double)NAN;
        any = any || !isnan(values[row]);
    }
    return any;
}

/* FLOPs and parameters follow from the architecture where the data set's shape is known. */
static bool compute_cost(const work *w, const char *dataset, nb_cost cost, double *values)
{
    nb_shape shape;
    nb_costs costs;
    if (cost == NB_COST_LATENCY || nb_space_shape(w->result.space, dataset, &shape, NULL) != NB_OK)
        return false;
    for (uint32_t row = 0; row < w->result.rows; row++) {
        const nb_arch arch = nb_table_arch(w->table, row);
        if (nb_space_costs(w->result.space, &arch, &shape, &costs, NULL) != NB_OK)
            return false;
        values[row] = cost == NB_COST_FLOPS ? costs.flops : costs.params;
    }
    return true;
}

typedef struct candidate {
    double cost, accuracy;
    uint32_t row;
} candidate;

/* Cheapest first, the better first among equals, then the lower row. */
static int by_cost(const void *a, const void *b)
{
    const candidate *left = a, *right = b;
    if (left->cost != right->cost)
        return left->cost < right->cost ? -1 : 1;
    if (left->accuracy != right->accuracy)
        return left->accuracy > right->accuracy ? -1 : 1;
    return (left->row > right->row) - (left->row < right->row);
}

static nb_status find_front(const work *w, const double *accuracy, nb_landscape_cost *cost, nb_error *err)
{
    candidate *candidates = calloc((size_t)w->result.rows + 1, sizeof *candidates);
    uint32_t *front = calloc((size_t)w->result.rows + 1, sizeof *front);
    size_t count = 0;
    double best = -(double)INFINITY;
    for (uint32_t row = 0; candidates && front && row < w->result.rows; row++)
        if (!isnan(accuracy[row]) && !isnan(cost->values[row]))
            candidates[count++] = (candidate){cost->values[row], accuracy[row], row};
    if (candidates)
        qsort(candidates, count, sizeof *candidates, by_cost);
    for (size_t i = 0; i < count; i++) {
        if (!(candidates[i].accuracy > best))
            continue;
        best = candidates[i].accuracy;
        front[cost->front_count++] = candidates[i].row;
    }
    const bool made = candidates && front;
    free(candidates);
    cost->front = front;
    return made ? NB_OK : no_memory(w, err);
}

static nb_status add_cost(work *w, nb_landscape_dataset *set, nb_cost kind, nb_error *err)
{
    const int setup = nb_table_setup(w->table, set->name, set->schedule);
    nb_landscape_cost *cost = &set->costs[kind];
    double *values = new_column(w);
    if (!values)
        return no_memory(w, err);
    if (setup < 0 || !read_cost(w, (uint32_t)setup, kind, values)) {
        cost->computed = compute_cost(w, set->name, kind, values);
        if (!cost->computed)
            return NB_OK;
    }
    cost->values = values;
    NB_TRY(nb_correlate(values, set->main->values, w->result.rows, &cost->with, err));
    return find_front(w, set->main->values, cost, err);
}

/* ---------------------------------------------------------------- epochs */

/* The accuracies that predict: validation where there are any, since that is what searches see. */
static bool early_place(const work *w, const nb_landscape_dataset *set, const char *schedule, const char **key, const char **split)
{
    return nb_outcome_place(w->table, set->name, schedule, NB_OUTCOME_VALID, key, split) ||
           nb_outcome_place(w->table, set->name, schedule, NB_OUTCOME_TEST, key, split);
}

static nb_status add_epoch(work *w, nb_landscape_dataset *set, const char *key, const nb_landscape_epoch *epoch, bool last,
                           nb_landscape_epoch *list, double *values, nb_error *err)
{
    uint32_t measured;
    const int32_t at = last ? NB_EPOCH_LAST : (int32_t)epoch->epochs - 1;
    NB_TRY(read_accuracies(w, key, epoch->schedule, epoch->split, at, values, &measured, err));
    if (measured < 2)
        return NB_OK;
    nb_landscape_epoch *added = &list[set->epoch_count++];
    *added = *epoch;
    return nb_correlate(values, set->main->values, w->result.rows, &added->with, err);
}

/* Epochs of one schedule: a spread of all of them where they were measured, always the last one. */
static nb_status add_schedule(work *w, nb_landscape_dataset *set, const char *schedule, nb_landscape_epoch *list, double *values,
                              const nb_progress *progress, nb_error *err)
{
    const char *key, *split;
    if (!early_place(w, set, schedule, &key, &split))
        return NB_OK;
    const uint32_t setup = (uint32_t)nb_table_setup(w->table, key, schedule);
    const uint32_t at = (uint32_t)nb_table_split(w->table, setup, split), epochs = nb_table_setup_info(w->table, setup)->epochs;
    const bool full = nb_table_coverage(w->table, setup, at, NB_METRIC_ACCURACY) == NB_COVERAGE_FULL;
    const uint32_t shown = !full ? 1 : epochs < EPOCHS_SHOWN ? epochs : EPOCHS_SHOWN;
    const bool early_is_main = (strcmp(split, "x-valid") == 0) == (set->main->kind == NB_OUTCOME_VALID);
    uint32_t last = 0;
    for (uint32_t i = 1; i <= shown; i++) {
        const nb_landscape_epoch epoch = {.schedule = schedule, .split = split, .epochs = (uint32_t)((uint64_t)i * epochs / shown)};
        const bool itself = strcmp(schedule, set->schedule) == 0 && epoch.epochs == epochs && early_is_main;
        NB_TRY(nb_progress_check(progress, name_of(w), err));
        if (epoch.epochs > last && !itself)
            NB_TRY(add_epoch(w, set, key, &epoch, epoch.epochs == epochs, list, values, err));
        last = epoch.epochs;
    }
    return NB_OK;
}

static nb_status add_epochs(work *w, nb_landscape_dataset *set, const nb_progress *progress, nb_error *err)
{
    const char *schedule;
    double *values = new_column(w);
    const size_t most = (size_t)nb_table_get_info(w->table)->schedules * EPOCHS_SHOWN;
    nb_landscape_epoch *list = calloc(most + 1, sizeof *list);
    set->epochs = list;
    if (!values || !list)
        return no_memory(w, err);
    for (uint32_t i = 0; (schedule = nb_table_schedule(w->table, i)) != NULL; i++)
        NB_TRY(add_schedule(w, set, schedule, list, values, progress, err));
    return NB_OK;
}

/* ---------------------------------------------------------------- all of it */

static bool is_wanted(const char *name, const char *const *datasets, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(datasets[i], name) == 0)
            return true;
    return count == 0;
}

static nb_status choose_datasets(work *w, const char *const *datasets, size_t count, nb_error *err)
{
    const size_t known = nb_outcomes_count(w->outcomes);
    w->datasets = calloc(known, sizeof *w->datasets);
    if (!w->datasets)
        return no_memory(w, err);
    for (size_t i = 0; i < known; i++) {
        const char *name = nb_outcomes_dataset(w->outcomes, i);
        if (is_wanted(name, datasets, count))
            w->datasets[w->result.dataset_count++] = (nb_landscape_dataset){.name = name, .schedule = nb_outcomes_schedule(w->outcomes, i)};
    }
    for (size_t i = 0; i < count; i++) {
        bool found = false;
        for (size_t k = 0; k < known; k++)
            found = found || strcmp(nb_outcomes_dataset(w->outcomes, k), datasets[i]) == 0;
        if (!found)
            return nb_fail(err, NB_ERR_NOT_FOUND, "%s: no accuracies of a data set '%s'", name_of(w), datasets[i]);
    }
    return NB_OK;
}

static nb_status describe_dataset(work *w, nb_landscape_dataset *set, const nb_progress *progress, nb_error *err)
{
    for (nb_cost cost = 0; cost < NB_COST_KINDS; cost++)
        NB_TRY(add_cost(w, set, cost, err));
    NB_TRY(add_epochs(w, set, progress, err));
    NB_TRY(nb_fitness_distance(&w->graph, set->main->values, set, err));
    return nb_walk_autocorrelation(&w->graph, set->main->values, set, err);
}

static nb_status describe(work *w, const char *const *datasets, size_t count, const nb_progress *progress, nb_error *err)
{
    NB_TRY(nb_outcomes_of_table(w->table, NULL, &w->outcomes, err));
    NB_TRY(choose_datasets(w, datasets, count, err));
    NB_TRY(add_columns(w, err));
    NB_TRY(correlate_columns(w, err));
    NB_TRY(nb_row_graph_of(w->table, progress, &w->graph, err));
    for (size_t i = 0; i < w->result.dataset_count; i++)
        NB_TRY(describe_dataset(w, &w->datasets[i], progress, err));
    w->result.datasets = w->datasets;
    w->result.columns = w->columns;
    w->result.between = w->between;
    return NB_OK;
}

nb_status nb_landscape_of_table(const nb_table *table, const char *const *datasets, size_t dataset_count, const nb_progress *progress,
                                nb_landscape **out, nb_error *err)
{
    const nb_table_info *info = nb_table_get_info(table);
    work *w = calloc(1, sizeof *w);
    if (!w)
        return nb_fail(err, NB_ERR_MEMORY, "%s: out of memory", info->name);
    w->table = table;
    w->result.space = info->space;
    w->result.rows = info->rows;
    const nb_status status = describe(w, datasets, datasets ? dataset_count : 0, progress, err);
    if (status != NB_OK) {
        nb_landscape_free(&w->result);
        return status;
    }
    *out = &w->result;
    return NB_OK;
}
