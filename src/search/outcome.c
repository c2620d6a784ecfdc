#include "nasbench/outcome.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nasbench/query.h"

#include "base/error.h"
#include "search/outcome.h"

typedef struct outcome_column {
    double *values; /* [rows of the table] NaN: not measured */
    double best;
} outcome_column;

typedef struct outcome_dataset {
    char *name;
    char *schedule;
    outcome_column columns[NB_OUTCOME_KINDS];
} outcome_dataset;

struct nb_outcomes {
    const nb_space *space;
    int64_t *rows; /* [size of the space] row of an index, -1: not in the table */
    uint32_t row_count;
    outcome_dataset *datasets; /* [count] */
    size_t count;
};

void nb_outcomes_free(nb_outcomes *outcomes)
{
    if (!outcomes)
        return;
    for (size_t i = 0; i < outcomes->count; i++) {
        free(outcomes->datasets[i].name);
        free(outcomes->datasets[i].schedule);
        for (size_t kind = 0; kind < NB_OUTCOME_KINDS; kind++)
            free(outcomes->datasets[i].columns[kind].values);
    }
    free(outcomes->datasets);
    free(outcomes->rows);
    free(outcomes);
}

/* ---------------------------------------------------------------- where numbers are */

static bool has(const nb_table *table, const char *dataset, const char *schedule, const char *split)
{
    const int setup = nb_table_setup(table, dataset, schedule);
    const int at = setup < 0 ? -1 : nb_table_split(table, (uint32_t)setup, split);
    return at >= 0 && nb_table_coverage(table, (uint32_t)setup, (uint32_t)at, NB_METRIC_ACCURACY) != NB_COVERAGE_NONE;
}

static const char *valid_dataset(const nb_table *table, const char *dataset, const char *schedule)
{
    const bool halved = strcmp(dataset, "cifar10") == 0 && !has(table, dataset, schedule, "x-valid");
    return halved ? "cifar10-valid" : dataset;
}

static const char *test_split(const nb_table *table, const char *dataset, const char *schedule)
{
    return has(table, dataset, schedule, "x-test") ? "x-test" : "ori-test";
}

bool nb_outcome_place(const nb_table *table, const char *dataset, const char *schedule, nb_outcome_kind kind, const char **key,
                      const char **split)
{
    *key = kind == NB_OUTCOME_VALID ? valid_dataset(table, dataset, schedule) : dataset;
    *split = kind == NB_OUTCOME_VALID ? "x-valid" : test_split(table, dataset, schedule);
    return has(table, *key, schedule, *split);
}

static bool has_outcome(const nb_table *table, const char *dataset, const char *schedule)
{
    const char *key, *split;
    return nb_outcome_place(table, dataset, schedule, NB_OUTCOME_VALID, &key, &split) ||
           nb_outcome_place(table, dataset, schedule, NB_OUTCOME_TEST, &key, &split);
}

/* The longest schedule under which the dataset has accuracies, or NULL; schedules are listed by length. */
static const char *longest_schedule(const nb_table *table, const char *dataset)
{
    const char *schedule, *longest = NULL;
    for (uint32_t i = 0; (schedule = nb_table_schedule(table, i)) != NULL; i++)
        if (has_outcome(table, dataset, schedule))
            longest = schedule;
    return longest;
}

/* ---------------------------------------------------------------- copying */

static nb_status copy_column(const nb_table *table, const char *dataset, const char *schedule, nb_outcome_kind kind, outcome_column *column,
                             nb_error *err)
{
    const char *key, *split;
    const bool present = nb_outcome_place(table, dataset, schedule, kind, &key, &split);
    const uint32_t rows = nb_table_get_info(table)->rows;
    nb_query query;
    column->best = (double)NAN;
    column->values = malloc((rows > 0 ? rows : 1) * sizeof *column->values);
    if (!column->values)
        return nb_fail(err, NB_ERR_MEMORY, "%s: out of memory for %u rows", nb_table_get_info(table)->name, rows);
    const nb_query_spec spec = {.dataset = key, .schedule = schedule, .split = split, .metric = NB_METRIC_ACCURACY, .epoch = NB_EPOCH_LAST};
    if (present)
        NB_TRY(nb_query_compile(table, &spec, &query, err));
    for (uint32_t row = 0; row < rows; row++) {
        double *value = &column->values[row];
        *value = (double)NAN;
        if (present && nb_query_get(&query, row, value) && !(*value <= column->best))
            column->best = *value;
    }
    return NB_OK;
}

static nb_status copy_dataset(const nb_table *table, const char *dataset, const char *schedule, outcome_dataset *out, nb_error *err)
{
    out->name = strdup(dataset);
    out->schedule = strdup(schedule);
    if (!out->name || !out->schedule)
        return nb_fail(err, NB_ERR_MEMORY, "%s: out of memory", nb_table_get_info(table)->name);
    for (nb_outcome_kind kind = 0; kind < NB_OUTCOME_KINDS; kind++)
        NB_TRY(copy_column(table, dataset, schedule, kind, &out->columns[kind], err));
    return NB_OK;
}

static nb_status copy_rows(const nb_table *table, nb_outcomes *out, nb_error *err)
{
    const nb_table_info *info = nb_table_get_info(table);
    const uint64_t size = nb_space_size(info->space);
    out->space = info->space;
    out->row_count = info->rows;
    out->rows = malloc((size_t)size * sizeof *out->rows);
    if (!out->rows)
        return nb_fail(err, NB_ERR_MEMORY, "%s: out of memory for %u rows", info->name, info->rows);
    for (uint64_t i = 0; i < size; i++)
        out->rows[i] = -1;
    for (uint32_t row = 0; row < info->rows; row++) {
        const nb_arch arch = nb_table_arch(table, row);
        const int64_t index = nb_space_index(info->space, &arch);
        if (index >= 0)
            out->rows[index] = row;
    }
    return NB_OK;
}

static nb_status copy_datasets(const nb_table *table, const char *schedule, nb_outcomes *out, nb_error *err)
{
    const nb_table_info *info = nb_table_get_info(table);
    out->datasets = calloc(info->datasets > 0 ? info->datasets : 1, sizeof *out->datasets);
    if (!out->datasets)
        return nb_fail(err, NB_ERR_MEMORY, "%s: out of memory", info->name);
    for (uint32_t i = 0; i < info->datasets; i++) {
        const char *dataset = nb_table_dataset(table, i);
        const char *chosen = schedule ? schedule : longest_schedule(table, dataset);
        const bool part_of_cifar10 = strcmp(dataset, "cifar10-valid") == 0 && longest_schedule(table, "cifar10");
        if (!part_of_cifar10 && chosen && has_outcome(table, dataset, chosen))
            NB_TRY(copy_dataset(table, dataset, chosen, &out->datasets[out->count++], err));
    }
    if (out->count == 0)
        return nb_fail(err, NB_ERR_NOT_FOUND, "%s: no dataset has accuracies on x-valid, x-test or ori-test%s%s", info->name,
                       schedule ? " under schedule " : "", schedule ? schedule : "");
    return NB_OK;
}

nb_status nb_outcomes_of_table(const nb_table *table, const char *schedule, nb_outcomes **out, nb_error *err)
{
    nb_outcomes *outcomes = calloc(1, sizeof *outcomes);
    if (!outcomes)
        return nb_fail(err, NB_ERR_MEMORY, "%s: out of memory", nb_table_get_info(table)->name);
    nb_status status = copy_rows(table, outcomes, err);
    if (status == NB_OK)
        status = copy_datasets(table, schedule, outcomes, err);
    if (status != NB_OK) {
        nb_outcomes_free(outcomes);
        return status;
    }
    *out = outcomes;
    return NB_OK;
}

/* ---------------------------------------------------------------- looking */

size_t nb_outcomes_count(const nb_outcomes *outcomes)
{
    return outcomes ? outcomes->count : 0;
}

const char *nb_outcomes_dataset(const nb_outcomes *outcomes, size_t dataset)
{
    return outcomes->datasets[dataset].name;
}

const char *nb_outcomes_schedule(const nb_outcomes *outcomes, size_t dataset)
{
    return outcomes->datasets[dataset].schedule;
}

double nb_outcome(const nb_outcomes *outcomes, size_t dataset, nb_outcome_kind kind, const nb_arch *arch)
{
    const int64_t index = nb_space_index(outcomes->space, arch);
    const int64_t row = index < 0 ? -1 : outcomes->rows[index];
    return row < 0 ? (double)NAN : outcomes->datasets[dataset].columns[kind].values[row];
}

double nb_outcome_best(const nb_outcomes *outcomes, size_t dataset, nb_outcome_kind kind)
{
    return outcomes->datasets[dataset].columns[kind].best;
}
