#include "nasbench/query.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

#include "store/mean.h"
#include "store/table.h"

/* Means of fewer numbers are added left to right by every version of the originals. */
#define PAIRWISE_FROM 8

/* nb_query.by_trial: how the value of a trial is found. */
enum { BY_POSITION, BY_TRIAL, BY_COLUMN };

/* ---------------------------------------------------------------- compiling */

/* ": x, y, z expected", for names that are not there. */
static void append_expected(nb_text *text, const char *name, bool first)
{
    nb_text_puts(text, first ? ": " : ", ");
    nb_text_puts(text, name);
}

static nb_status fail_with_list(nb_text *text, nb_error *err)
{
    nb_text_puts(text, " expected");
    nb_status status = nb_fail(err, NB_ERR_NOT_FOUND, "%s", text->failed ? "not in this table" : text->data);
    nb_text_free(text);
    return status;
}

static nb_status unknown_setup(const nb_table *table, const nb_query_spec *spec, nb_error *err)
{
    nb_text text = {0};
    nb_text_printf(&text, "%s: nothing for dataset '%s' under schedule '%s'", table->name, spec->dataset, spec->schedule);
    for (uint32_t i = 0; i < table->setup_count; i++) {
        const nb_setup_info *info = &table->setups[i].info;
        nb_text_printf(&text, "%s%s/%s", i ? ", " : ": ", info->dataset, info->schedule);
    }
    return fail_with_list(&text, err);
}

static nb_status unknown_split(const nb_table *table, const nb_setup *setup, const nb_query_spec *spec, nb_error *err)
{
    nb_text text = {0};
    nb_text_printf(&text, "%s: %s/%s: no split '%s'", table->name, setup->info.dataset, setup->info.schedule, spec->split);
    for (uint32_t i = 0; i < setup->info.split_count; i++)
        append_expected(&text, setup->info.splits[i], i == 0);
    return fail_with_list(&text, err);
}

/* Whether the setup was evaluated after the epoch; for the message the runs are taken to be alike. */
static nb_status check_point(const nb_table *table, const nb_setup *setup, const nb_query_spec *spec, nb_error *err)
{
    const nb_setup_info *info = &setup->info;
    if (spec->epoch == NB_EPOCH_LAST || nb_setup_find_point(setup, 0, (uint32_t)spec->epoch) >= 0)
        return NB_OK;
    nb_text text = {0};
    nb_text_printf(&text, "%s: %s/%s: nothing was measured at epoch %d", table->name, info->dataset, info->schedule, spec->epoch);
    char number[16];
    bool first = true;
    for (uint32_t epoch = 0; epoch < info->epochs; epoch++) {
        if (nb_setup_find_point(setup, 0, epoch) < 0)
            continue;
        snprintf(number, sizeof number, "%u", epoch);
        append_expected(&text, number, first);
        first = false;
    }
    return fail_with_list(&text, err);
}

static nb_status check_epoch(const nb_table *table, const nb_setup *setup, const nb_query_spec *spec, const nb_curve_view *curve,
                             nb_error *err)
{
    const nb_setup_info *info = &setup->info;
    const char *metric = nb_metric_name(spec->metric);
    if (spec->epoch != NB_EPOCH_LAST && (spec->epoch < 0 || (uint32_t)spec->epoch >= info->epochs))
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: %s/%s: epoch %d: 0 to %u expected", table->name, info->dataset, info->schedule,
                       spec->epoch, info->epochs - 1);
    if (curve->coverage == NB_COVERAGE_NONE)
        return nb_fail(err, NB_ERR_NOT_FOUND, "%s: %s/%s: %s: no %s was measured", table->name, info->dataset, info->schedule, spec->split,
                       metric);
    bool last = spec->epoch == NB_EPOCH_LAST || (uint32_t)spec->epoch + 1 == info->epochs;
    if (curve->coverage == NB_COVERAGE_POINTS)
        return check_point(table, setup, spec, err);
    if (curve->coverage == NB_COVERAGE_LAST && !last && !setup->epochs)
        return nb_fail(err, NB_ERR_NOT_FOUND, "%s: %s/%s: %s: %s was measured at the last epoch only, not at %d", table->name,
                       info->dataset, info->schedule, spec->split, metric, spec->epoch);
    return NB_OK;
}

/* Points the query at the column of its point, unless each run was evaluated at epochs of its own. */
static void aim_at_point(nb_query *query, const nb_setup *setup, const nb_curve_view *curve)
{
    uint32_t number = (uint32_t)(curve - setup->curves),
             epoch = query->epoch == NB_EPOCH_LAST ? setup->info.epochs - 1 : (uint32_t)query->epoch;
    bool shared = true;
    for (uint32_t point = 0; point < setup->points; point++)
        shared = shared && nb_setup_point(setup, point)[NB_POINT_EPOCH].kind == NB_COLUMN_SAME;
    int point = nb_setup_find_point(setup, 0, epoch);
    query->by_trial = BY_TRIAL;
    if (!shared || point < 0)
        return;
    bool time = number % NB_METRIC_COUNT == NB_METRIC_TIME;
    query->by_trial = BY_COLUMN;
    query->values = &nb_setup_point(setup, (uint32_t)point)[time ? NB_POINT_TIME : NB_POINT_ACCURACY + number / NB_METRIC_COUNT];
    query->divisor = time ? epoch + 1 : 0;
}

/* Points the query at the numbers of its epoch, or leaves that to each trial where trials are of different length. */
static void aim(nb_query *query, const nb_setup *setup, const nb_curve_view *curve)
{
    bool last = query->epoch == NB_EPOCH_LAST;
    uint64_t skipped = 0;
    if (curve->coverage == NB_COVERAGE_POINTS) {
        aim_at_point(query, setup, curve);
        return;
    }
    if (curve->coverage == NB_COVERAGE_FULL) {
        query->by_trial = last && setup->epochs;
        skipped = query->by_trial ? 0 : (uint64_t)(last ? setup->info.epochs - 1 : (uint32_t)query->epoch) * setup->info.trials;
    } else {
        query->by_trial = !last && setup->epochs;
    }
    query->narrow = curve->values.narrow;
    query->values = (const char *)curve->values.data + skipped * (query->narrow ? sizeof(float) : sizeof(double));
    query->measured = curve->measured ? curve->measured + skipped : NULL;
}

nb_status nb_query_compile(const nb_table *table, const nb_query_spec *spec, nb_query *query, nb_error *err)
{
    if (!nb_metric_name(spec->metric))
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: metric %d is not known", table->name, (int)spec->metric);
    if (spec->pick.kind == NB_PICK_RANDOM && !spec->pick.rng)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: a random trial needs a generator", table->name);
    int number = nb_table_setup(table, spec->dataset, spec->schedule);
    if (number < 0)
        return unknown_setup(table, spec, err);
    const nb_setup *setup = &table->setups[number];
    int split = nb_table_split(table, (uint32_t)number, spec->split);
    if (split < 0)
        return unknown_split(table, setup, spec, err);
    const nb_curve_view *curve = nb_setup_curve(setup, (uint32_t)split, spec->metric);
    NB_TRY(check_epoch(table, setup, spec, curve, err));
    *query = (nb_query){.first = setup->first,
                        .seeds = setup->seed,
                        .setup = setup,
                        .curve = curve,
                        .rng = spec->pick.rng,
                        .rows = table->info.rows,
                        .trials = setup->info.trials,
                        .seed = spec->pick.seed,
                        .epoch = spec->epoch,
                        .kind = (uint8_t)spec->pick.kind,
                        .pairwise = table->info.flavour != NB_FLAVOUR_NATS};
    aim(query, setup, curve);
    return NB_OK;
}

/* ---------------------------------------------------------------- answering */

/* The value of one trial, with everything that can be particular about it. */
static bool trial_value(const nb_query *query, uint32_t trial, double *value)
{
    const nb_setup *setup = query->setup;
    if (query->by_trial == BY_COLUMN) {
        double number = nb_column_at(query->values, trial);
        *value = query->divisor ? number / query->divisor : 100 * number;
        return true;
    }
    if (query->by_trial == BY_TRIAL) {
        uint32_t epochs = nb_setup_epochs(setup, trial);
        uint32_t epoch = query->epoch == NB_EPOCH_LAST ? epochs - 1 : (uint32_t)query->epoch;
        *value = (double)NAN;
        return epoch < epochs && nb_curve_value(setup, query->curve, trial, epoch, value);
    }
    *value = query->narrow ? (double)((const float *)query->values)[trial] : ((const double *)query->values)[trial];
    return query->measured ? query->measured[trial] != 0 : !isnan(*value);
}

typedef struct row_values {
    const nb_query *query;
    uint32_t first;
} row_values;

static double row_value_at(const void *user, size_t i)
{
    const row_values *row = user;
    double value;
    trial_value(row->query, row->first + (uint32_t)i, &value);
    return value;
}

/* The mean when something is missing, NaN, placed by trial, or long. */
static bool mean_with_care(const nb_query *query, uint32_t first, uint32_t count, double *value)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!trial_value(query, first + i, value)) {
            *value = (double)NAN;
            return false;
        }
    }
    row_values row = {query, first};
    nb_list list = {row_value_at, &row, count};
    *value = (query->pairwise ? nb_sum_numpy(&list) : nb_sum_plain(&list)) / (double)count;
    return true;
}

/* The mean of a row's neighbouring values: the way that nearly all queries take. */
static inline bool mean_of(const nb_query *query, uint32_t first, uint32_t count, bool narrow, double *value)
{
    if (query->by_trial || count >= PAIRWISE_FROM)
        return mean_with_care(query, first, count, value);
    double sum = 0;
    if (narrow) {
        const float *values = (const float *)query->values + first;
        for (uint32_t i = 0; i < count; i++)
            sum += (double)values[i];
    } else {
        const double *values = (const double *)query->values + first;
        for (uint32_t i = 0; i < count; i++)
            sum += values[i];
    }
    *value = sum / (double)count;
    return !isnan(*value) || mean_with_care(query, first, count, value);
}

static bool seed_value(const nb_query *query, uint32_t first, uint32_t count, double *value)
{
    for (uint32_t i = 0; i < count; i++) {
        if (query->seeds[first + i] == query->seed)
            return trial_value(query, first + i, value);
    }
    *value = (double)NAN;
    return false;
}

static inline bool answer(const nb_query *query, uint32_t row, bool narrow, double *value)
{
    uint32_t first = query->first[row], end = query->first[row + 1];
    end = end < query->trials ? end : query->trials;
    if (first >= end) {
        *value = (double)NAN;
        return false;
    }
    if (query->kind == NB_PICK_MEAN)
        return mean_of(query, first, end - first, narrow, value);
    if (query->kind == NB_PICK_SEED)
        return seed_value(query, first, end - first, value);
    return trial_value(query, first + (uint32_t)nb_rng_below(query->rng, end - first), value);
}

bool nb_query_get(const nb_query *query, uint32_t row, double *value)
{
    if (row >= query->rows) {
        *value = (double)NAN;
        return false;
    }
    return answer(query, row, query->narrow, value);
}

static inline uint32_t fill_column(const nb_query *query, bool narrow, double *values, uint8_t *measured)
{
    uint32_t count = 0;
    for (uint32_t row = 0; row < query->rows; row++) {
        bool found = answer(query, row, narrow, &values[row]);
        count += found;
        if (measured)
            measured[row] = found;
    }
    return count;
}

uint32_t nb_query_column(const nb_query *query, double *values, uint8_t *measured)
{
    return query->narrow ? fill_column(query, true, values, measured) : fill_column(query, false, values, measured);
}
