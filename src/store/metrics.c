#include "store/metrics.h"

#include <math.h>

#include "base/error.h"

#include "store/mean.h"

/* ---------------------------------------------------------------- one trial */

static bool value_at(const nb_setup *setup, uint32_t split, nb_metric metric, uint32_t trial, uint32_t epoch, double *out)
{
    return nb_curve_value(setup, nb_setup_curve(setup, split, metric), trial, epoch, out);
}

bool nb_setup_is_timed(const nb_setup *setup, uint32_t split, uint32_t trial)
{
    double ignored;
    const nb_curve_view *curve = nb_setup_curve(setup, split, NB_METRIC_TIME);
    if (curve->coverage == NB_COVERAGE_NONE)
        return false;
    return nb_curve_value(setup, curve, trial, nb_setup_epochs(setup, trial) - 1, &ignored) ||
           nb_curve_value(setup, curve, trial, 0, &ignored);
}

/* Whether the original would look for a time here: train_times is not None; eval_times is not empty. */
static bool times_are_expected(const nb_setup *setup, uint32_t split, uint32_t trial)
{
    if ((int)split == setup->train)
        return nb_setup_is_timed(setup, split, trial);
    for (uint32_t i = 0; i < setup->info.split_count; i++) {
        if ((int)i != setup->train && nb_setup_is_timed(setup, i, trial))
            return true;
    }
    return false;
}

/* The times of epochs 0 to `epoch`, added left to right. */
static bool sum_of_times(const nb_setup *setup, uint32_t split, uint32_t trial, uint32_t epoch, double *out)
{
    const double *totals = setup->totals[split];
    if (totals && epoch + 1 == nb_setup_epochs(setup, trial) && !isnan(totals[trial])) {
        *out = totals[trial];
        return true;
    }
    if (setup->points > 0) {
        int point = nb_setup_find_point(setup, trial, epoch);
        if (point >= 0)
            *out = nb_column_at(&nb_setup_point(setup, (uint32_t)point)[NB_POINT_TIME], trial);
        return point >= 0;
    }
    const nb_curve_view *curve = nb_setup_curve(setup, split, NB_METRIC_TIME);
    double sum = 0, time;
    for (uint32_t e = 0; e <= epoch; e++) {
        if (!nb_curve_value(setup, curve, trial, e, &time))
            return false;
        sum += time;
    }
    *out = sum;
    return true;
}

/* False: the original would fail here. */
static bool read_times(const nb_setup *setup, uint32_t split, uint32_t trial, uint32_t epoch, nb_metrics *out)
{
    out->timed = false;
    out->cur_time = out->all_time = (double)NAN;
    if (!value_at(setup, split, NB_METRIC_TIME, trial, epoch, &out->cur_time))
        return !times_are_expected(setup, split, trial);
    out->timed = true;
    return sum_of_times(setup, split, trial, epoch, &out->all_time);
}

static bool lacks(nb_lack *lack, nb_status status, const char *what, uint32_t number)
{
    *lack = (nb_lack){status, what, number};
    return false;
}

bool nb_setup_trial_metrics(const nb_setup *setup, uint32_t split, uint32_t trial, int32_t epoch, nb_metrics *out, nb_lack *lack)
{
    uint32_t epochs = nb_setup_epochs(setup, trial);
    uint32_t at = epoch == NB_EPOCH_LAST ? epochs - 1 : (uint32_t)epoch;
    if (at >= epochs)
        return lacks(lack, NB_ERR_ARGUMENT, "epoch", at);
    out->epoch = at;
    if (!read_times(setup, split, trial, at, out))
        return lacks(lack, NB_ERR_NOT_FOUND, "time", setup->seed[trial]);
    if (!value_at(setup, split, NB_METRIC_LOSS, trial, at, &out->loss) && setup->points == 0)
        return lacks(lack, NB_ERR_NOT_FOUND, "loss", setup->seed[trial]);
    if (!value_at(setup, split, NB_METRIC_ACCURACY, trial, at, &out->accuracy))
        return lacks(lack, NB_ERR_NOT_FOUND, "accuracy", setup->seed[trial]);
    return true;
}

/* ---------------------------------------------------------------- the trials of a row */

static void add_metrics(nb_metrics *sum, const nb_metrics *trial)
{
    sum->epoch += trial->epoch;
    sum->loss += trial->loss;
    sum->accuracy += trial->accuracy;
    sum->cur_time += trial->cur_time;
    sum->all_time += trial->all_time;
}

static void divide_metrics(nb_metrics *sum, double count)
{
    sum->epoch /= count;
    sum->loss /= count;
    sum->accuracy /= count;
    sum->cur_time /= count;
    sum->all_time /= count;
}

/* One member of the metrics of each trial, for sums that are not taken left to right. */
typedef struct member_list {
    const nb_setup *setup;
    uint32_t split, first;
    int32_t epoch;
    size_t member; /* offset in nb_metrics */
} member_list;

static double member_at(const void *user, size_t i)
{
    const member_list *list = user;
    nb_metrics metrics;
    nb_lack lack;
    nb_setup_trial_metrics(list->setup, list->split, list->first + (uint32_t)i, list->epoch, &metrics, &lack);
    return *(const double *)(const void *)((const char *)&metrics + list->member);
}

static void numpy_means(const nb_setup *setup, uint32_t split, uint32_t first, uint32_t count, int32_t epoch, nb_metrics *out)
{
    static const size_t members[] = {offsetof(nb_metrics, epoch), offsetof(nb_metrics, loss), offsetof(nb_metrics, accuracy),
                                     offsetof(nb_metrics, cur_time), offsetof(nb_metrics, all_time)};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        member_list user = {setup, split, first, epoch, members[i]};
        nb_list list = {member_at, &user, count};
        *(double *)(void *)((char *)out + members[i]) = nb_sum_numpy(&list) / count;
    }
}

/* Metrics of all trials, with their sum and with the one that was picked. */
static bool visit_trials(const nb_setup *setup, uint32_t split, uint32_t first, uint32_t count, int32_t epoch, uint32_t picked,
                         nb_metrics *sum, nb_metrics *one, nb_lack *lack)
{
    nb_metrics trial;
    bool first_timed = false, all_timed = true;
    *sum = (nb_metrics){0};
    for (uint32_t i = 0; i < count; i++) {
        if (!nb_setup_trial_metrics(setup, split, first + i, epoch, &trial, lack))
            return false;
        first_timed = i == 0 ? trial.timed : first_timed;
        all_timed = all_timed && trial.timed;
        add_metrics(sum, &trial);
        if (i == picked)
            *one = trial;
    }
    /* None where the first trial has none; the original fails when only a later one has none. */
    if (picked >= count && first_timed && !all_timed)
        return lacks(lack, NB_ERR_NOT_FOUND, "time", setup->seed[first]);
    sum->timed = first_timed;
    return true;
}

/* Position among the row's trials; `count` for the mean, UINT32_MAX when the seed is not there. */
static uint32_t pick_trial(const nb_setup *setup, uint32_t first, uint32_t count, const nb_pick *pick)
{
    if (pick->kind == NB_PICK_MEAN)
        return count;
    if (pick->kind == NB_PICK_RANDOM)
        return (uint32_t)nb_rng_below(pick->rng, count);
    for (uint32_t i = 0; i < count; i++) {
        if (setup->seed[first + i] == pick->seed)
            return i;
    }
    return UINT32_MAX;
}

bool nb_setup_row_metrics(const nb_setup *setup, uint32_t row, uint32_t split, int32_t epoch, const nb_pick *pick, bool numpy,
                          nb_metrics *out, nb_lack *lack)
{
    uint32_t first, count = nb_setup_trials(setup, row, &first);
    if (count == 0)
        return lacks(lack, NB_ERR_NOT_FOUND, "trial", 0);
    nb_metrics sum;
    /* A random trial is drawn after all were evaluated, so that a failing answer leaves the generator alone. */
    uint32_t picked = pick->kind == NB_PICK_RANDOM ? 0 : pick_trial(setup, first, count, pick);
    if (!visit_trials(setup, split, first, count, epoch, picked, &sum, out, lack))
        return false;
    if (picked == UINT32_MAX)
        return lacks(lack, NB_ERR_NOT_FOUND, "seed", pick->seed);
    if (pick->kind == NB_PICK_RANDOM)
        return nb_setup_trial_metrics(setup, split, first + pick_trial(setup, first, count, pick), epoch, out, lack);
    if (picked < count)
        return true;
    if (numpy && count >= 8)
        numpy_means(setup, split, first, count, epoch, &sum);
    else
        divide_metrics(&sum, count);
    *out = sum;
    return true;
}

/* ---------------------------------------------------------------- messages, and the public forms */

nb_status nb_lack_fail(const nb_table *table, const nb_setup *setup, uint32_t row, const char *split, const nb_lack *lack, nb_error *err)
{
    const nb_setup_info *info = &setup->info;
    if (lack->what[0] == 't' && lack->what[1] == 'r') /* trial */
        return nb_fail(err, lack->status, "%s: row %u: no trial of %s/%s", table->name, row, info->dataset, info->schedule);
    if (lack->what[0] == 's')
        return nb_fail(err, lack->status, "%s: row %u: %s/%s: no trial with seed %u", table->name, row, info->dataset, info->schedule,
                       lack->number);
    if (lack->what[0] == 'e')
        return nb_fail(err, lack->status, "%s: row %u: %s/%s: epoch %d: a trial has %u epochs at most", table->name, row, info->dataset,
                       info->schedule, (int)lack->number, info->epochs);
    return nb_fail(err, lack->status, "%s: row %u: %s/%s: %s: the %s of seed %u was not measured at that epoch", table->name, row,
                   info->dataset, info->schedule, split, lack->what, lack->number);
}

nb_status nb_need_setup(const nb_table *table, uint32_t setup, uint32_t row, const nb_setup **out, nb_error *err)
{
    if (setup >= table->setup_count)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: setup %u: there are %u", table->name, setup, table->setup_count);
    if (row >= table->info.rows)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: row %u: there are %u", table->name, row, table->info.rows);
    *out = &table->setups[setup];
    return NB_OK;
}

nb_status nb_need_split(const nb_table *table, const nb_setup *setup, uint32_t split, nb_error *err)
{
    if (split < setup->info.split_count)
        return NB_OK;
    return nb_fail(err, NB_ERR_ARGUMENT, "%s: %s/%s: split %u: there are %u", table->name, setup->info.dataset, setup->info.schedule, split,
                   setup->info.split_count);
}

/* The row that a trial belongs to, for messages. */
static uint32_t row_of_trial(const nb_table *table, const nb_setup *setup, uint32_t trial)
{
    uint32_t low = 0, high = table->info.rows;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (setup->first[middle] <= trial)
            low = middle;
        else
            high = middle;
    }
    return low;
}

nb_status nb_trial_metrics(const nb_table *table, uint32_t setup, uint32_t trial, uint32_t split, int32_t epoch, nb_metrics *out,
                           nb_error *err)
{
    const nb_setup *s = NULL;
    NB_TRY(nb_need_setup(table, setup, 0, &s, err));
    NB_TRY(nb_need_split(table, s, split, err));
    if (trial >= s->info.trials)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: %s/%s: trial %u: there are %u", table->name, s->info.dataset, s->info.schedule, trial,
                       s->info.trials);
    nb_lack lack;
    if (nb_setup_trial_metrics(s, split, trial, epoch, out, &lack))
        return NB_OK;
    return nb_lack_fail(table, s, row_of_trial(table, s, trial), s->info.splits[split], &lack, err);
}

nb_status nb_table_metrics(const nb_table *table, uint32_t setup, uint32_t row, uint32_t split, int32_t epoch, const nb_pick *pick,
                           nb_flavour flavour, nb_metrics *out, nb_error *err)
{
    const nb_setup *s = NULL;
    NB_TRY(nb_need_setup(table, setup, row, &s, err));
    NB_TRY(nb_need_split(table, s, split, err));
    nb_lack lack;
    if (nb_setup_row_metrics(s, row, split, epoch, pick, nb_flavour_numpy(flavour), out, &lack))
        return NB_OK;
    return nb_lack_fail(table, s, row, s->info.splits[split], &lack, err);
}
