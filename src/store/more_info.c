/* get_more_info and simulate_train_eval. */
#include "nasbench/query.h"

#include <math.h>
#include <string.h>

#include "base/error.h"

#include "store/costs.h"
#include "store/metrics.h"

static const char *const KEYS[NB_INFO_KEY_COUNT] = {
    "train-loss",     "train-accuracy",   "train-per-time",   "train-all-time",   "valid-loss",     "valid-accuracy",
    "valid-per-time", "valid-all-time",   "test-loss",        "test-accuracy",    "test-per-time",  "test-all-time",
    "valtest-loss",   "valtest-accuracy", "valtest-per-time", "valtest-all-time", "est-valid-loss", "est-valid-accuracy",
};

const char *nb_info_key_name(nb_info_key key)
{
    return (unsigned)key < NB_INFO_KEY_COUNT ? KEYS[key] : NULL;
}

/* ---------------------------------------------------------------- the dictionary */

/* One question, as handed through to its parts. */
typedef struct question {
    const nb_table *table;
    const nb_setup *setup;
    uint32_t row;
    int32_t epoch;
    const nb_pick *pick;
    bool numpy;
    double total; /* epochs up to the one asked for */
} question;

/* A group of keys: loss, accuracy, per-time, all-time follow each other in nb_info_key. */
enum { LOSS, ACCURACY, PER_TIME, ALL_TIME };

static void put(nb_more_info *info, unsigned key, double value, bool null)
{
    info->keys[info->count++] = (uint8_t)key;
    info->present[key] = true;
    info->null[key] = null;
    info->values[key] = null ? (double)NAN : value;
}

static void put_metrics(nb_more_info *info, unsigned group, const nb_metrics *metrics)
{
    put(info, group + LOSS, metrics->loss, false);
    put(info, group + ACCURACY, metrics->accuracy, false);
}

static void put_per_time(nb_more_info *info, unsigned group, const question *q, const nb_metrics *metrics)
{
    put(info, group + PER_TIME, metrics->all_time / q->total, !metrics->timed);
}

static void put_all_time(nb_more_info *info, unsigned group, const nb_metrics *metrics)
{
    put(info, group + ALL_TIME, metrics->all_time, !metrics->timed);
}

/* A metric that may be absent. */
static bool ask(const question *q, int split, nb_metrics *out)
{
    nb_lack lack;
    return split >= 0 && nb_setup_row_metrics(q->setup, q->row, (uint32_t)split, q->epoch, q->pick, q->numpy, out, &lack);
}

/* A metric without which there is no answer. */
static nb_status need(const question *q, int split, const char *name, nb_metrics *out, nb_error *err)
{
    nb_lack lack;
    if (split < 0)
        return nb_fail(err, NB_ERR_NOT_FOUND, "%s: %s/%s: no split '%s'", q->table->name, q->setup->info.dataset, q->setup->info.schedule,
                       name);
    if (nb_setup_row_metrics(q->setup, q->row, (uint32_t)split, q->epoch, q->pick, q->numpy, out, &lack))
        return NB_OK;
    return nb_lack_fail(q->table, q->setup, q->row, name, &lack, err);
}

/* 1.0 to 1.2 on cifar10-valid. */
static nb_status early_cifar10_valid(question *q, nb_flavour flavour, nb_more_info *info, nb_error *err)
{
    nb_metrics train, valid, test;
    NB_TRY(need(q, q->setup->train, "train", &train, err));
    NB_TRY(need(q, q->setup->x_valid, "x-valid", &valid, err));
    q->total = train.epoch + 1;
    put_metrics(info, NB_INFO_TRAIN_LOSS, &train);
    if (flavour != NB_FLAVOUR_1_0)
        put_per_time(info, NB_INFO_TRAIN_LOSS, q, &train);
    put_all_time(info, NB_INFO_TRAIN_LOSS, &train);
    put_metrics(info, NB_INFO_VALID_LOSS, &valid);
    put_all_time(info, NB_INFO_VALID_LOSS, &valid);
    put_per_time(info, NB_INFO_VALID_LOSS, q, &valid);
    if (ask(q, q->setup->ori_test, &test))
        put_metrics(info, NB_INFO_TEST_LOSS, &test);
    return NB_OK;
}

/* 1.0 to 1.2 on the other datasets: no times. */
static nb_status early_other(question *q, nb_flavour flavour, nb_more_info *info, nb_error *err)
{
    nb_metrics train, test, valid, both;
    bool first = flavour == NB_FLAVOUR_1_0;
    bool cifar10 = strcmp(q->setup->info.dataset, "cifar10") == 0;
    int test_split = cifar10 ? q->setup->ori_test : q->setup->x_test;
    NB_TRY(need(q, q->setup->train, "train", &train, err));
    bool tested = true;
    if (first)
        NB_TRY(need(q, test_split, cifar10 ? "ori-test" : "x-test", &test, err));
    else
        tested = ask(q, test_split, &test);
    put_metrics(info, NB_INFO_TRAIN_LOSS, &train);
    if (tested)
        put_metrics(info, NB_INFO_TEST_LOSS, &test);
    if (ask(q, q->setup->x_valid, &valid))
        put_metrics(info, NB_INFO_VALID_LOSS, &valid);
    if (!first && ask(q, q->setup->ori_test, &both))
        put_metrics(info, NB_INFO_EST_VALID_LOSS, &both);
    return NB_OK;
}

/* All four keys of a group. Version 1.3 divides without asking whether there are times. */
static nb_status put_group(const question *q, nb_flavour flavour, unsigned group, const nb_metrics *metrics, nb_more_info *info,
                           nb_error *err)
{
    if (flavour == NB_FLAVOUR_1_3 && !metrics->timed)
        return nb_fail(err, NB_ERR_NOT_FOUND, "%s: row %u: %s/%s: no times were measured", q->table->name, q->row, q->setup->info.dataset,
                       q->setup->info.schedule);
    put_metrics(info, group, metrics);
    put_per_time(info, group, q, metrics);
    put_all_time(info, group, metrics);
    return NB_OK;
}

/* 1.3, 2.0 and NATS. */
static nb_status late(question *q, nb_flavour flavour, nb_more_info *info, nb_error *err)
{
    nb_metrics train, valid, test, both;
    const nb_setup *setup = q->setup;
    bool half = strcmp(setup->info.dataset, "cifar10-valid") == 0, cifar10 = strcmp(setup->info.dataset, "cifar10") == 0;
    NB_TRY(need(q, setup->train, "train", &train, err));
    q->total = train.epoch + 1;
    NB_TRY(put_group(q, flavour, NB_INFO_TRAIN_LOSS, &train, info, err));
    bool validated = true;
    if (half)
        NB_TRY(need(q, setup->x_valid, "x-valid", &valid, err));
    bool tested = ask(q, half || cifar10 ? setup->ori_test : setup->x_test, &test);
    if (!half)
        validated = ask(q, setup->x_valid, &valid);
    bool both_tested = !half && !cifar10 && ask(q, setup->ori_test, &both);
    if (validated)
        NB_TRY(put_group(q, flavour, NB_INFO_VALID_LOSS, &valid, info, err));
    if (tested)
        NB_TRY(put_group(q, flavour, NB_INFO_TEST_LOSS, &test, info, err));
    return both_tested ? put_group(q, flavour, NB_INFO_VALTEST_LOSS, &both, info, err) : NB_OK;
}

/* From 1.1 on one trial is drawn first and answers for everything. */
static bool fix_random_trial(const nb_setup *setup, uint32_t row, const nb_pick *pick, nb_pick *fixed)
{
    uint32_t first, count = nb_setup_trials(setup, row, &first);
    if (count == 0)
        return false;
    *fixed = (nb_pick){.kind = NB_PICK_SEED, .seed = setup->seed[first + nb_rng_below(pick->rng, count)]};
    return true;
}

nb_status nb_table_more_info(const nb_table *table, uint32_t setup, uint32_t row, int32_t epoch, const nb_pick *pick, nb_flavour flavour,
                             nb_more_info *out, nb_error *err)
{
    question q = {.table = table, .row = row, .epoch = epoch, .pick = pick, .numpy = nb_flavour_numpy(flavour)};
    NB_TRY(nb_need_setup(table, setup, row, &q.setup, err));
    if (flavour == NB_FLAVOUR_AA || flavour == NB_FLAVOUR_101)
        return nb_fail(err, NB_ERR_UNSUPPORTED, "%s: the %s interface has no get_more_info", table->name,
                       flavour == NB_FLAVOUR_AA ? "AA-NAS-Bench" : "NAS-Bench-101");
    nb_pick fixed;
    if (pick->kind == NB_PICK_RANDOM && flavour != NB_FLAVOUR_1_0 && fix_random_trial(q.setup, row, pick, &fixed))
        q.pick = &fixed;
    out->count = 0;
    memset(out->present, 0, sizeof out->present);
    if (flavour >= NB_FLAVOUR_1_3)
        return late(&q, flavour, out, err);
    bool half = strcmp(q.setup->info.dataset, "cifar10-valid") == 0;
    return half ? early_cifar10_valid(&q, flavour, out, err) : early_other(&q, flavour, out, err);
}

/* ---------------------------------------------------------------- simulate_train_eval */

static nb_status find_setup(const nb_table *table, const char *dataset, const char *schedule, uint32_t *out, nb_error *err)
{
    int found = nb_table_setup(table, dataset, schedule);
    if (found < 0)
        return nb_fail(err, NB_ERR_NOT_FOUND, "%s: nothing for dataset '%s' under schedule '%s'", table->name, dataset, schedule);
    *out = (uint32_t)found;
    return NB_OK;
}

static nb_status latency_of(const nb_table *table, uint32_t row, const char *dataset, const char *schedule, nb_flavour flavour,
                            nb_simulated *out, nb_error *err)
{
    uint32_t setup = 0, first;
    NB_TRY(find_setup(table, dataset, schedule, &setup, err));
    uint32_t count = nb_setup_trials(&table->setups[setup], row, &first);
    if (count == 0)
        return nb_fail(err, NB_ERR_NOT_FOUND, "%s: row %u: no trial of %s/%s", table->name, row, dataset, schedule);
    out->measured = nb_setup_row_latency(&table->setups[setup], first, count, flavour, &out->latency);
    return NB_OK;
}

/* A number that the simulation cannot do without. */
static nb_status need_key(const nb_table *table, uint32_t row, const nb_more_info *info, nb_info_key key, double *out, nb_error *err)
{
    if (!info->present[key] || info->null[key])
        return nb_fail(err, NB_ERR_NOT_FOUND, "%s: row %u: %s was not measured", table->name, row, KEYS[key]);
    *out = info->values[key];
    return NB_OK;
}

nb_status nb_table_simulate(const nb_table *table, uint32_t row, const char *dataset, const char *schedule, int32_t epoch,
                            const nb_pick *pick, nb_flavour flavour, double *used_time, nb_simulated *out, nb_error *err)
{
    bool cifar10 = strcmp(dataset, "cifar10") == 0;
    if (!cifar10 && strcmp(dataset, "cifar100") != 0 && strcmp(dataset, "ImageNet16-120") != 0)
        return nb_fail(err, NB_ERR_ARGUMENT, "dataset '%s': one of cifar10, cifar100, ImageNet16-120 expected", dataset);
    uint32_t setup = 0;
    NB_TRY(find_setup(table, cifar10 ? "cifar10-valid" : dataset, schedule, &setup, err));
    nb_more_info info, last;
    double train_time = 0, pass_time = 0;
    NB_TRY(nb_table_more_info(table, setup, row, epoch, pick, flavour, &info, err));
    NB_TRY(need_key(table, row, &info, NB_INFO_TRAIN_ALL_TIME, &train_time, err));
    if (info.present[NB_INFO_VALID_ACCURACY] || flavour != NB_FLAVOUR_NATS) {
        NB_TRY(need_key(table, row, &info, NB_INFO_VALID_ACCURACY, &out->accuracy, err));
        NB_TRY(need_key(table, row, &info, NB_INFO_VALID_PER_TIME, &pass_time, err));
    } else {
        NB_TRY(need_key(table, row, &info, NB_INFO_VALTEST_ACCURACY, &out->accuracy, err));
        NB_TRY(nb_table_more_info(table, setup, row, NB_EPOCH_LAST, pick, flavour, &last, err));
        NB_TRY(need_key(table, row, &last, NB_INFO_VALID_PER_TIME, &pass_time, err));
    }
    NB_TRY(latency_of(table, row, dataset, flavour == NB_FLAVOUR_NATS ? schedule : "12", flavour, out, err));
    out->time_cost = train_time + pass_time;
    if (used_time)
        *used_time += out->time_cost;
    return NB_OK;
}
