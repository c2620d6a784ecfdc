#include "cli_measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli_table.h"

static const struct {
    const char *name, *unit, *head;
    int decimals;
} quantities[CLI_QUANTITY_COUNT] = {
    [CLI_LOSS] = {"loss", "nat", "loss [nat]", 5},
    [CLI_ACCURACY] = {"accuracy", "%", "accuracy [%]", 4},
    [CLI_ACCURACY5] = {"accuracy5", "%", "accuracy5 [%]", 4},
    [CLI_TIME] = {"time", "s", "time [s]", 3},
    [CLI_TOTAL_TIME] = {"total-time", "s", "total time [s]", 2},
    [CLI_FLOPS] = {"flops", "MMACs", "FLOPs [MMACs]", 5},
    [CLI_PARAMS] = {"params", "M", "parameters [M]", 6},
    [CLI_LATENCY] = {"latency", "s", "latency [s]", 5},
};

const char *cli_quantity_name(cli_quantity quantity)
{
    return quantities[quantity].name;
}

const char *cli_quantity_unit(cli_quantity quantity)
{
    return quantities[quantity].unit;
}

const char *cli_quantity_head(cli_quantity quantity)
{
    return quantities[quantity].head;
}

int cli_quantity_decimals(cli_quantity quantity)
{
    return quantities[quantity].decimals;
}

cli_quantity cli_parse_quantity(const struct argp_state *state, const char *name)
{
    const char *names[CLI_QUANTITY_COUNT];
    for (size_t i = 0; i < CLI_QUANTITY_COUNT; i++) {
        names[i] = quantities[i].name;
        if (strcmp(names[i], name) == 0)
            return (cli_quantity)i;
    }
    const char *nearest = cli_nearest(name, names, CLI_QUANTITY_COUNT);
    if (nearest)
        cli_bad_usage(state, "--metric: no metric '%s'; did you mean '%s'?", name, nearest);
    cli_bad_usage(state, "--metric: no metric '%s'; accuracy, accuracy5, loss, time, total-time, flops, params or latency expected", name);
}

cli_seeds cli_parse_seed(const struct argp_state *state, const char *text, uint32_t *seed)
{
    if (strcmp(text, "mean") == 0)
        return CLI_SEED_MEAN;
    if (strcmp(text, "random") == 0)
        return CLI_SEED_RANDOM;
    if (strcmp(text, "all") == 0)
        return CLI_SEED_ALL;
    uint64_t number;
    if (!cli_is_unsigned(text, &number) || number > UINT32_MAX)
        cli_bad_usage(state, "--seed: '%s'; a seed, mean, random or all expected", text);
    *seed = (uint32_t)number;
    return CLI_SEED_ONE;
}

int32_t cli_parse_epoch(const struct argp_state *state, const char *text)
{
    if (strcmp(text, "last") == 0)
        return NB_EPOCH_LAST;
    if (strcmp(text, "all") == 0)
        return CLI_EPOCH_ALL;
    uint64_t number;
    if (!cli_is_unsigned(text, &number) || number > INT32_MAX)
        cli_bad_usage(state, "--epoch: '%s'; a number from 0, last or all expected", text);
    return (int32_t)number;
}

/* ---- places ---- */

/* The setup with the most epochs; the last of equals, since schedules are stored in ascending order. */
static int longest_setup(const nb_table *table, const char *dataset)
{
    const nb_table_info *info = nb_table_get_info(table);
    int found = -1;
    uint32_t epochs = 0;
    for (uint32_t i = 0; i < info->setups; i++) {
        const nb_setup_info *setup = nb_table_setup_info(table, i);
        if (strcmp(setup->dataset, dataset) == 0 && setup->epochs >= epochs) {
            epochs = setup->epochs;
            found = (int)i;
        }
    }
    return found;
}

static int find_setup(const nb_table *table, const char *dataset, const char *schedule, uint32_t *setup)
{
    int code = cli_check_dataset(table, dataset);
    if (code != CLI_OK)
        return code;
    int found = schedule ? nb_table_setup(table, dataset, schedule) : longest_setup(table, dataset);
    if (found >= 0) {
        *setup = (uint32_t)found;
        return CLI_OK;
    }
    const nb_table_info *info = nb_table_get_info(table);
    char *list = cli_strdup("");
    for (uint32_t i = 0; i < info->setups; i++) {
        const nb_setup_info *other = nb_table_setup_info(table, i);
        if (strcmp(other->dataset, dataset) != 0)
            continue;
        char *longer = cli_format("%s%s%s", list, list[0] ? ", " : "", other->schedule);
        free(list);
        list = longer;
    }
    code = cli_fail("%s: no schedule '%s' of dataset %s; the table has %s", info->name, schedule, dataset, list);
    free(list);
    return code;
}

/* The first of the names that the setup has, or -1. */
static int first_split(const nb_table *table, uint32_t setup, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int split = nb_table_split(table, setup, names[i]);
        if (split >= 0)
            return split;
    }
    return -1;
}

/* The split that is meant when none is named. */
static int usual_split(const nb_table *table, uint32_t setup)
{
    static const char *const order[] = {"x-test", "ori-test", "test", "x-valid", "valid", "train"};
    const nb_setup_info *info = nb_table_setup_info(table, setup);
    int split = -1;
    if (strcmp(info->dataset, "cifar10-valid") == 0) /* its test set is that of cifar10; the set to choose by is x-valid */
        split = nb_table_split(table, setup, "x-valid");
    if (split < 0)
        split = first_split(table, setup, order, sizeof order / sizeof *order);
    return split < 0 && info->split_count > 0 ? 0 : split;
}

/* A split by its name, or by the short names valid and test. */
static int named_split(const nb_table *table, uint32_t setup, const char *name)
{
    static const char *const valid[] = {"x-valid"}, *const test[] = {"x-test", "ori-test"};
    int split = nb_table_split(table, setup, name);
    if (split < 0 && strcmp(name, "valid") == 0)
        split = first_split(table, setup, valid, 1);
    if (split < 0 && strcmp(name, "test") == 0)
        split = first_split(table, setup, test, 2);
    return split;
}

static int no_such_split(const nb_table *table, const nb_setup_info *info, const char *split)
{
    char *list = cli_strdup("");
    for (uint32_t i = 0; i < info->split_count; i++) {
        char *longer = cli_format("%s%s%s", list, i > 0 ? ", " : "", info->splits[i]);
        free(list);
        list = longer;
    }
    const char *name = nb_table_get_info(table)->name;
    int code;
    if (info->split_count == 0)
        code = cli_fail("%s: nothing was measured on dataset %s, schedule %s; the table has flops, params and latency only", name,
                        info->dataset, info->schedule);
    else
        code = cli_fail("%s: no split '%s' of dataset %s, schedule %s; the table has %s", name, split, info->dataset, info->schedule, list);
    free(list);
    return code;
}

int cli_find_place(const nb_table *table, const char *dataset, const char *schedule, const char *split, bool costs_only, cli_place *place)
{
    const char *wanted_dataset = dataset, *wanted_split = split;
    if (split) {
        nb_remap_split(&wanted_dataset, &wanted_split);
        if (strcmp(wanted_dataset, dataset) != 0 && longest_setup(table, wanted_dataset) < 0) {
            wanted_dataset = dataset; /* a table of one's own need not have the benchmark's cifar10-valid */
            wanted_split = split;
        }
    }
    *place = (cli_place){0};
    int code = find_setup(table, wanted_dataset, schedule, &place->setup);
    if (code != CLI_OK)
        return code;
    place->info = nb_table_setup_info(table, place->setup);
    int found = wanted_split ? named_split(table, place->setup, wanted_split) : usual_split(table, place->setup);
    if (found < 0 && wanted_split && split)
        found = named_split(table, place->setup, split);
    if (found >= 0) {
        place->split = (uint32_t)found;
        place->split_name = place->info->splits[found];
        return CLI_OK;
    }
    return costs_only && !split ? CLI_OK : no_such_split(table, place->info, split ? split : "");
}

/* ---- measures ---- */

static nb_metric stored_metric(cli_quantity quantity)
{
    return quantity == CLI_TOTAL_TIME ? NB_METRIC_TIME : (nb_metric)quantity;
}

bool cli_has_epoch(const nb_table *table, const cli_place *place, cli_quantity quantity, int32_t epoch)
{
    if (cli_is_cost(quantity))
        return true;
    nb_coverage coverage = nb_table_coverage(table, place->setup, place->split, stored_metric(quantity));
    uint32_t epochs = place->info->epochs;
    if (coverage == NB_COVERAGE_NONE || epoch >= (int64_t)epochs)
        return false;
    if (coverage == NB_COVERAGE_POINTS && epoch != NB_EPOCH_LAST) {
        nb_query ignored;
        const nb_query_spec spec = {place->info->dataset, place->info->schedule, place->split_name, stored_metric(quantity), epoch, {0}};
        return nb_query_compile(table, &spec, &ignored, NULL) == NB_OK;
    }
    /* Trials of different length have their last epochs at different numbers. */
    return coverage != NB_COVERAGE_LAST || epoch == NB_EPOCH_LAST || place->info->epochs_vary || (uint32_t)epoch + 1 == epochs;
}

int cli_measure_init(cli_measure *measure, const nb_table *table, const cli_place *place, cli_quantity quantity, int32_t epoch)
{
    *measure = (cli_measure){.table = table, .place = *place, .quantity = quantity, .epoch = epoch};
    if (cli_is_cost(quantity))
        return CLI_OK;
    const nb_query_spec spec = {
        .dataset = place->info->dataset,
        .schedule = place->info->schedule,
        .split = place->split_name,
        .metric = stored_metric(quantity),
        .epoch = epoch,
    };
    nb_error err;
    return nb_query_compile(table, &spec, &measure->mean, &err) == NB_OK ? CLI_OK : cli_fail_with(&err);
}

/* flops, params or latency out of the costs of a row or trial; NaN when not known. */
static double mean_cost(const cli_measure *m, uint32_t row)
{
    nb_cost_info costs;
    if (nb_table_costs(m->table, m->place.setup, row, nb_table_get_info(m->table)->flavour, &costs, NULL) != NB_OK)
        return NAN;
    if (m->quantity == CLI_LATENCY)
        return costs.measured ? costs.latency : NAN;
    return m->quantity == CLI_FLOPS ? costs.flops : costs.params;
}

static double trial_cost(const cli_measure *m, uint32_t trial)
{
    if (m->quantity == CLI_FLOPS)
        return nb_table_trial_flops(m->table, m->place.setup, trial);
    if (m->quantity == CLI_PARAMS)
        return nb_table_trial_params(m->table, m->place.setup, trial);
    double latency = nb_trial_latency(m->table, m->place.setup, trial);
    return latency >= 0 ? latency : NAN;
}

uint32_t cli_measure_epoch(const cli_measure *measure, uint32_t trial)
{
    if (measure->epoch >= 0)
        return (uint32_t)measure->epoch;
    uint32_t epochs = nb_table_trial_epochs(measure->table, measure->place.setup, trial);
    return epochs > 0 ? epochs - 1 : 0;
}

/* The times of the epochs 0 to the asked one, added left to right as the originals do; NaN when one is missing. */
static bool trial_total_time(const cli_measure *m, uint32_t trial, double *value)
{
    uint32_t last = cli_measure_epoch(m, trial);
    if (nb_table_coverage(m->table, m->place.setup, m->place.split, NB_METRIC_TIME) == NB_COVERAGE_POINTS) {
        nb_metrics metrics; /* only the sum was measured */
        bool there = nb_trial_metrics(m->table, m->place.setup, trial, m->place.split, (int32_t)last, &metrics, NULL) == NB_OK;
        *value = there ? metrics.all_time : NAN;
        return there;
    }
    double sum = 0;
    for (uint32_t epoch = 0; epoch <= last; epoch++) {
        double time;
        if (!nb_table_value(m->table, m->place.setup, trial, m->place.split, NB_METRIC_TIME, epoch, &time)) {
            *value = NAN;
            return false;
        }
        sum += time;
    }
    *value = sum;
    return true;
}

bool cli_measure_trial(const cli_measure *measure, uint32_t trial, double *value)
{
    *value = NAN;
    if (measure->never)
        return false;
    if (cli_is_cost(measure->quantity)) {
        *value = trial_cost(measure, trial);
        return !isnan(*value);
    }
    if (measure->quantity == CLI_TOTAL_TIME)
        return trial_total_time(measure, trial, value);
    return nb_table_value(measure->table, measure->place.setup, trial, measure->place.split, (nb_metric)measure->quantity,
                          cli_measure_epoch(measure, trial), value);
}

static bool mean_total_time(const cli_measure *m, uint32_t row, double *value)
{
    uint32_t first, count = nb_table_trials(m->table, m->place.setup, row, &first);
    double sum = 0;
    *value = NAN;
    for (uint32_t i = 0; i < count; i++) {
        double time;
        if (!trial_total_time(m, first + i, &time))
            return false;
        sum += time;
    }
    if (count == 0)
        return false;
    *value = sum / count;
    return true;
}

bool cli_measure_mean(const cli_measure *measure, uint32_t row, double *value)
{
    *value = NAN;
    if (measure->never)
        return false;
    if (cli_is_cost(measure->quantity)) {
        *value = mean_cost(measure, row);
        return !isnan(*value);
    }
    return measure->quantity == CLI_TOTAL_TIME ? mean_total_time(measure, row, value) : nb_query_get(&measure->mean, row, value);
}
