/* Any bytes as a table: opened, verified, and asked for everything. A second time with the header's checksum put right, so that what lies
 * behind it is reached. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "nasbench/nasbench101_api.h"
#include "nasbench/query.h"
#include "nasbench/space.h"

#include "base/bytes.h"

#include "store/checksum.h"

enum { ROWS = 6, TRIALS = 4, SPLITS = 4, LIST = 8 };

static bool swallow(void *user, const char *text, size_t size)
{
    size_t *total = user;
    *total += size + (unsigned char)(size ? text[size - 1] : 0);
    return *total < 200000;
}

static void ask_trial(const nb_table *table, uint32_t setup, uint32_t row, uint32_t trial)
{
    uint32_t splits[LIST];
    const double *latency;
    double value, sum = 0;
    char text[64];
    size_t count = nb_table_trial_latency(table, setup, trial, &latency);
    for (size_t i = 0; i < count; i++)
        sum += latency[i];
    nb_table_trial_seed(table, setup, trial);
    nb_table_trial_flops(table, setup, trial);
    nb_table_trial_params(table, setup, trial);
    nb_table_trial_eval_splits(table, setup, trial, splits, LIST);
    nb_table_trial_repr(table, setup, row, trial, NB_FLAVOUR_NATS, text, sizeof text);
    nb_metrics metrics;
    nb_cost_info costs;
    nb_trial_times(table, setup, trial, sum > 0 ? NB_FLAVOUR_1_0 : NB_FLAVOUR_2_0, &costs, NULL);
    for (uint32_t split = 0; split < SPLITS; split++) {
        for (int metric = 0; metric < NB_METRIC_COUNT; metric++)
            nb_table_value(table, setup, trial, split, (nb_metric)metric, nb_table_trial_epochs(table, setup, trial) - 1, &value);
        nb_trial_metrics(table, setup, trial, split, NB_EPOCH_LAST, &metrics, NULL);
        nb_trial_metrics(table, setup, trial, split, 1, &metrics, NULL);
    }
}

static void ask_row(const nb_table *table, uint32_t setup, uint32_t row, nb_rng *rng)
{
    const nb_setup_info *info = nb_table_setup_info(table, setup);
    uint32_t first, datasets[LIST];
    uint32_t count = nb_table_trials(table, setup, row, &first);
    nb_table_row_datasets(table, row, info->schedule, datasets, LIST);
    for (uint32_t i = 0; i < count && i < TRIALS; i++)
        ask_trial(table, setup, row, first + i);
    if (count > 64) /* a damaged row map gives each row all trials: the answers stay right, the input would take long */
        return;
    const nb_pick picks[] = {{0}, {.kind = NB_PICK_SEED, .seed = 777}, {.kind = NB_PICK_RANDOM, .rng = rng}};
    nb_more_info more;
    nb_cost_info costs;
    nb_simulated simulated;
    double latency;
    for (int flavour = 0; flavour < NB_FLAVOUR_COUNT; flavour++) {
        nb_table_costs(table, setup, row, (nb_flavour)flavour, &costs, NULL);
        nb_table_more_info(table, setup, row, flavour % 2 ? NB_EPOCH_LAST : 0, &picks[flavour % 3], (nb_flavour)flavour, &more, NULL);
    }
    nb_table_latency(table, setup, row, &latency, NULL);
    nb_table_simulate(table, row, "cifar10", info->schedule, 0, &picks[2], NB_FLAVOUR_NATS, NULL, &simulated, NULL);
    size_t printed = 0;
    nb_table_show(table, row, NB_FLAVOUR_NATS, &(nb_sink){swallow, &printed}, NULL, NULL);
}

static void ask_setup(const nb_table *table, uint32_t setup, nb_rng *rng)
{
    const nb_setup_info *info = nb_table_setup_info(table, setup);
    uint32_t rows = nb_table_get_info(table)->rows, counts[LIST], count;
    nb_best best[LIST];
    double value;
    for (uint32_t row = 0; row < rows && row < ROWS; row++)
        ask_row(table, setup, row, rng);
    for (uint32_t split = 0; split < info->split_count && split < SPLITS; split++) {
        nb_best_spec spec = {.query = {.dataset = info->dataset,
                                       .schedule = info->schedule,
                                       .split = info->splits[split],
                                       .metric = split % 2 ? NB_METRIC_ACCURACY : NB_METRIC_LOSS,
                                       .epoch = NB_EPOCH_LAST},
                             .max_flops = 100};
        nb_query query;
        if (nb_query_compile(table, &spec.query, &query, NULL) != NB_OK)
            continue;
        for (uint32_t row = 0; row <= rows && row < ROWS; row++)
            nb_query_get(&query, row, &value);
        if (rows * (uint64_t)info->trials < 100000)
            nb_table_best(table, &spec, best, LIST, &count, NULL);
    }
    nb_table_statistics(table, info->dataset, info->schedule, true, counts, LIST);
}

/* As NAS-Bench-101's users ask. */
static void ask_nasbench101(const nb_table *table)
{
    static const uint8_t no_hash[NB_CELL101_HASH_SIZE] = {1};
    nb_api101 api;
    nb_fixed101 fixed;
    nb_result101 result;
    nb_computed101 computed;
    nb_history101 history;
    nb_modelspec spec;
    uint32_t epochs[LIST], row;
    if (nb_api101_init(table, 1, &api, NULL) != NB_OK)
        return;
    uint32_t count = nb_api101_epochs(&api, epochs, LIST);
    nb_api101_row_of_hash(&api, no_hash, &row, NULL);
    for (uint32_t position = 0; position < ROWS; position++) {
        row = nb_api101_row_at(&api, position);
        if (nb_api101_fixed(&api, row, &fixed, NULL) == NB_OK) {
            nb_cell101_spec(&fixed.cell, &spec);
            nb_api101_query(&api, &spec, epochs[0], true, &result, NULL);
        }
        for (uint32_t i = 0; i < count && i < LIST; i++) {
            nb_api101_query_row(&api, row, epochs[i], false, &result, NULL);
            nb_api101_history(&api, row, epochs[i], 0, &history, NULL);
            if (nb_table_get_info(table)->trials < 10000)
                nb_api101_mean(&api, row, epochs[i], &computed, NULL);
        }
    }
}

static void ask_table(const nb_table *table)
{
    const nb_table_info *info = nb_table_get_info(table);
    nb_rng rng = nb_rng_seed(1, 1);
    char text[NB_ARCH_TEXT_SIZE];
    for (uint32_t row = 0; row < info->rows && row < ROWS; row++) {
        nb_arch arch = nb_table_arch(table, row);
        nb_table_row(table, &arch);
        nb_space_format(info->space, &arch, text, sizeof text);
        nb_table_row_of_string(table, text);
        nb_table_is_evaluated(table, row);
    }
    for (uint32_t setup = 0; setup < info->setups && setup < LIST; setup++)
        ask_setup(table, setup, &rng);
    ask_nasbench101(table);
    nb_table_verify(table, NULL, NULL);
}

static void open_and_ask(const uint8_t *data, size_t size)
{
    nb_table *table;
    nb_error err;
    if (nb_table_open_memory(data, size, "fuzz", &table, &err) != NB_OK)
        return;
    ask_table(table);
    nb_table_close(table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = calloc(1, size ? size : 1); /* aligned, and exactly as long as the input */
    if (!copy)
        return 0;
    if (size > 0)
        memcpy(copy, data, size);
    open_and_ask(copy, size);
    uint64_t header = size > 8 ? nb_load_le64(copy) : UINT64_MAX;
    if (header < size - 8 && size - 8 - header >= 8) {
        nb_store_le64(copy + 8 + header, nb_checksum(copy, 1, 8 + header, 0));
        open_and_ask(copy, size);
    }
    free(copy);
    return 0;
}
