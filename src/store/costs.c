#include "store/costs.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

#include "store/mean.h"
#include "store/metrics.h"

/* The seed whose costs are right where the trials of NATS-Bench disagree. */
#define DECIDING_SEED 888

/* ---------------------------------------------------------------- flops, params */

typedef struct numbers_from {
    const nb_numbers *numbers;
    uint32_t first;
} numbers_from;

static double number_at(const void *user, size_t i)
{
    const numbers_from *from = user;
    return nb_number_at(from->numbers, from->first + i);
}

/* Whether the numbers look different with five decimals, as nats_bench compares them. */
static bool differ_when_printed(const nb_numbers *numbers, uint32_t first, uint32_t count)
{
    char reference[64], text[64];
    double one = nb_number_at(numbers, first);
    bool printed = false;
    for (uint32_t i = 1; i < count; i++) {
        double other = nb_number_at(numbers, first + i);
        if (other == one)
            continue;
        if (!printed)
            snprintf(reference, sizeof reference, "%.5f", one);
        printed = true;
        snprintf(text, sizeof text, "%.5f", other);
        if (strcmp(reference, text) != 0)
            return true;
    }
    return false;
}

bool nb_setup_row_cost(const nb_setup *setup, const nb_numbers *numbers, uint32_t first, uint32_t count, nb_flavour flavour, double *out)
{
    *out = (double)NAN;
    if (!numbers->data)
        return true;
    if (flavour == NB_FLAVOUR_NATS && count > 1 && differ_when_printed(numbers, first, count)) {
        for (uint32_t i = 0; i < count; i++) {
            if (setup->seed[first + i] == DECIDING_SEED) {
                *out = nb_number_at(numbers, first + i);
                return true;
            }
        }
        return false;
    }
    numbers_from user = {numbers, first};
    nb_list list = {number_at, &user, count};
    *out = (nb_flavour_numpy(flavour) ? nb_sum_numpy(&list) : nb_sum_plain(&list)) / count;
    return true;
}

/* ---------------------------------------------------------------- latency */

double nb_setup_trial_latency(const nb_setup *setup, uint32_t trial)
{
    const double *values;
    size_t count = nb_setup_latency(setup, trial, &values);
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return count ? sum / (double)count : -1;
}

/* The positive latencies of a row's trials; with aa all of them, -1 included. */
typedef struct latencies {
    const nb_setup *setup;
    uint32_t first, count;
    bool all;
} latencies;

static bool counts(const latencies *list, double latency)
{
    return list->all || latency > 0;
}

static double latency_at(const void *user, size_t i)
{
    const latencies *list = user;
    size_t seen = 0;
    for (uint32_t k = 0; k < list->count; k++) {
        double latency = nb_setup_trial_latency(list->setup, list->first + k);
        if (counts(list, latency) && seen++ == i)
            return latency;
    }
    return (double)NAN;
}

bool nb_setup_row_latency(const nb_setup *setup, uint32_t first, uint32_t count, nb_flavour flavour, double *out)
{
    latencies user = {setup, first, count, flavour == NB_FLAVOUR_AA};
    size_t used = 0;
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        double latency = nb_setup_trial_latency(setup, first + i);
        if (!counts(&user, latency))
            continue;
        sum += latency;
        used++;
    }
    if (used >= 8 && nb_flavour_numpy(flavour))
        sum = nb_sum_numpy(&(nb_list){latency_at, &user, used});
    *out = used ? sum / (double)used : (double)NAN;
    return used > 0;
}

double nb_trial_latency(const nb_table *table, uint32_t setup, uint32_t trial)
{
    if (setup >= table->setup_count || trial >= table->setups[setup].info.trials)
        return -1;
    return nb_setup_trial_latency(&table->setups[setup], trial);
}

nb_status nb_table_latency(const nb_table *table, uint32_t setup, uint32_t row, double *out, nb_error *err)
{
    const nb_setup *s = NULL;
    NB_TRY(nb_need_setup(table, setup, row, &s, err));
    uint32_t first, count = nb_setup_trials(s, row, &first);
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        double latency = nb_setup_trial_latency(s, first + i);
        if (!(latency > 0))
            return nb_fail(err, NB_ERR_NOT_FOUND, "%s: row %u: %s/%s: seed %u has no latency", table->name, row, s->info.dataset,
                           s->info.schedule, s->seed[first + i]);
        sum += latency;
    }
    if (count == 0)
        return nb_fail(err, NB_ERR_NOT_FOUND, "%s: row %u: no trial of %s/%s", table->name, row, s->info.dataset, s->info.schedule);
    *out = sum / count;
    return NB_OK;
}

/* ---------------------------------------------------------------- times */

/* The times of one trial on one split, by epoch. */
typedef struct epoch_times {
    const nb_setup *setup;
    uint32_t split, trial;
} epoch_times;

static double epoch_time_at(const void *user, size_t i)
{
    const epoch_times *times = user;
    double time;
    nb_curve_value(times->setup, nb_setup_curve(times->setup, times->split, NB_METRIC_TIME), times->trial, (uint32_t)i, &time);
    return time;
}

static bool all_epochs_timed(const epoch_times *times, uint32_t epochs)
{
    const nb_curve_view *curve = nb_setup_curve(times->setup, times->split, NB_METRIC_TIME);
    double ignored;
    for (uint32_t e = 0; e < epochs; e++) {
        if (!nb_curve_value(times->setup, curve, times->trial, e, &ignored))
            return false;
    }
    return true;
}

/* Mean and sum over all epochs; untimed when one is missing. */
static nb_split_times times_of_split(const nb_setup *setup, uint32_t split, uint32_t trial, bool numpy)
{
    nb_split_times out = {.split = split, .per_epoch = (double)NAN, .total = (double)NAN};
    epoch_times user = {setup, split, trial};
    uint32_t epochs = nb_setup_epochs(setup, trial);
    if (setup->points > 0) {
        int last = split == 0 ? nb_setup_find_point(setup, trial, epochs - 1) : -1;
        out.timed = last >= 0;
        if (out.timed)
            out.total = nb_column_at(&nb_setup_point(setup, (uint32_t)last)[NB_POINT_TIME], trial);
        out.per_epoch = out.total / epochs;
        return out;
    }
    if (!nb_setup_is_timed(setup, split, trial) || !all_epochs_timed(&user, epochs))
        return out;
    nb_list list = {epoch_time_at, &user, epochs};
    out.timed = true;
    out.total = numpy ? nb_sum_numpy(&list) : nb_sum_plain(&list);
    out.per_epoch = out.total / epochs;
    return out;
}

/* The times of a trial: train, then its evaluation sets. Returns false when the first versions would fail: a timed training with an
 * untimed evaluation set. */
static bool times_of_trial(const nb_setup *setup, uint32_t trial, nb_flavour flavour, nb_cost_info *out)
{
    bool numpy = nb_flavour_numpy(flavour);
    bool strict = flavour <= NB_FLAVOUR_1_1;
    nb_split_times train = {.per_epoch = (double)NAN, .total = (double)NAN};
    if (setup->train >= 0)
        train = times_of_split(setup, (uint32_t)setup->train, trial, numpy);
    out->times_count = 0;
    if (setup->train >= 0)
        out->times[out->times_count++] = train;
    uint32_t number = setup->eval_order ? setup->eval_order[trial] : 0;
    const nb_order *order = &setup->orders[number < setup->order_count ? number : 0];
    for (uint32_t i = 0; i < order->count; i++) {
        nb_split_times times = times_of_split(setup, order->items[i], trial, numpy);
        if (strict && train.timed && !times.timed)
            return false;
        if (strict && !train.timed)
            times = (nb_split_times){.split = order->items[i], .per_epoch = (double)NAN, .total = (double)NAN};
        out->times[out->times_count++] = times;
    }
    return true;
}

nb_status nb_trial_times(const nb_table *table, uint32_t setup, uint32_t trial, nb_flavour flavour, nb_cost_info *out, nb_error *err)
{
    const nb_setup *s = NULL;
    NB_TRY(nb_need_setup(table, setup, 0, &s, err));
    if (trial >= s->info.trials)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: %s/%s: trial %u: there are %u", table->name, s->info.dataset, s->info.schedule, trial,
                       s->info.trials);
    if (times_of_trial(s, trial, flavour, out))
        return NB_OK;
    return nb_fail(err, NB_ERR_NOT_FOUND, "%s: %s/%s: seed %u: the time of an evaluation set was not measured", table->name,
                   s->info.dataset, s->info.schedule, s->seed[trial]);
}

/* Adds a trial's times to those of the row, which keep the order of first appearance. False: a later trial lacks what the first one has. */
static bool add_times(nb_cost_info *sum, uint32_t *trials_of, const nb_cost_info *trial)
{
    for (uint32_t i = 0; i < trial->times_count; i++) {
        const nb_split_times *times = &trial->times[i];
        uint32_t k = 0;
        while (k < sum->times_count && sum->times[k].split != times->split)
            k++;
        if (k == sum->times_count) {
            sum->times[sum->times_count++] = *times;
            trials_of[k] = 1;
            continue;
        }
        if (sum->times[k].timed && !times->timed)
            return false;
        sum->times[k].per_epoch += times->per_epoch;
        sum->times[k].total += times->total;
        trials_of[k]++;
    }
    return true;
}

static bool row_times(const nb_setup *setup, uint32_t first, uint32_t count, nb_flavour flavour, nb_cost_info *out)
{
    uint32_t trials_of[NB_SPLIT_TIMES_MAX];
    nb_cost_info trial;
    out->times_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!times_of_trial(setup, first + i, flavour, &trial) || !add_times(out, trials_of, &trial))
            return false;
    }
    for (uint32_t k = 0; k < out->times_count; k++) {
        nb_split_times *times = &out->times[k];
        times->per_epoch = times->timed ? times->per_epoch / trials_of[k] : (double)NAN;
        times->total = times->timed ? times->total / trials_of[k] : (double)NAN;
    }
    return true;
}

/* ---------------------------------------------------------------- all of them */

nb_status nb_table_costs(const nb_table *table, uint32_t setup, uint32_t row, nb_flavour flavour, nb_cost_info *out, nb_error *err)
{
    const nb_setup *s = NULL;
    NB_TRY(nb_need_setup(table, setup, row, &s, err));
    const nb_setup_info *info = &s->info;
    uint32_t first, count = nb_setup_trials(s, row, &first);
    if (count == 0)
        return nb_fail(err, NB_ERR_NOT_FOUND, "%s: row %u: no trial of %s/%s", table->name, row, info->dataset, info->schedule);
    if (!nb_setup_row_cost(s, &s->flops, first, count, flavour, &out->flops) ||
        !nb_setup_row_cost(s, &s->params, first, count, flavour, &out->params))
        return nb_fail(err, NB_ERR_NOT_FOUND, "%s: row %u: %s/%s: flops or params of the trials differ and there is no seed %d",
                       table->name, row, info->dataset, info->schedule, DECIDING_SEED);
    out->measured = nb_setup_row_latency(s, first, count, flavour, &out->latency);
    if (!row_times(s, first, count, flavour, out))
        return nb_fail(err, NB_ERR_NOT_FOUND, "%s: row %u: %s/%s: some trials have times that others lack", table->name, row, info->dataset,
                       info->schedule);
    return NB_OK;
}
