/* What can be asked about an architecture, as users name it: a quantity of a dataset, schedule, split and epoch, and which trials answer.
 * Shared by the commands that read tables. */
#ifndef NB_CLI_MEASURE_H
#define NB_CLI_MEASURE_H

#include <nasbench/query.h>
#include <nasbench/table.h>

#include "cli.h"

/* Metrics by epoch and split, and costs, which have neither. */
typedef enum cli_quantity {
    CLI_LOSS = NB_METRIC_LOSS,
    CLI_ACCURACY = NB_METRIC_ACCURACY,
    CLI_ACCURACY5 = NB_METRIC_ACCURACY5,
    CLI_TIME = NB_METRIC_TIME,
    CLI_TOTAL_TIME, /* the times of all epochs up to this one */
    CLI_FLOPS,
    CLI_PARAMS,
    CLI_LATENCY,
    CLI_QUANTITY_COUNT
} cli_quantity;

const char *cli_quantity_name(cli_quantity quantity);
const char *cli_quantity_unit(cli_quantity quantity);
const char *cli_quantity_head(cli_quantity quantity); /* of a column: name and unit */
int cli_quantity_decimals(cli_quantity quantity);     /* that are worth reading */

static inline bool cli_is_cost(cli_quantity quantity)
{
    return quantity >= CLI_FLOPS;
}

/* For parsers: the quantity of that name, or cli_bad_usage. */
cli_quantity cli_parse_quantity(const struct argp_state *state, const char *name);

/* Which trials answer. */
typedef enum cli_seeds { CLI_SEED_MEAN, CLI_SEED_ONE, CLI_SEED_RANDOM, CLI_SEED_ALL } cli_seeds;

enum { CLI_EPOCH_ALL = -2 }; /* besides NB_EPOCH_LAST and the numbers from 0 */

/* For parsers: the arguments of --seed (mean, random, all or a number) and --epoch (last, all or a number). */
cli_seeds cli_parse_seed(const struct argp_state *state, const char *text, uint32_t *seed);
int32_t cli_parse_epoch(const struct argp_state *state, const char *text);

/* A (dataset, schedule) of the table, and a split of it. */
typedef struct cli_place {
    uint32_t setup;
    uint32_t split;
    const nb_setup_info *info;
    const char *split_name; /* NULL: none, for costs */
} cli_place;

/* Finds it. `schedule` NULL is the longest one of the dataset. `split` NULL is the usual one: x-valid of cifar10-valid, else x-test,
 * ori-test or what there is. Users may also say valid and test; (cifar10, valid) is x-valid of cifar10-valid. With `costs_only` a dataset
 * without any split will do. Returns an exit code, having said what the table has instead. */
int cli_find_place(const nb_table *table, const char *dataset, const char *schedule, const char *split, bool costs_only, cli_place *place);

/* Whether the quantity was measured at that epoch of the place for anybody: by epoch, or only at the last one. */
bool cli_has_epoch(const nb_table *table, const cli_place *place, cli_quantity quantity, int32_t epoch);

/* A quantity that is ready to be read for any number of rows. */
typedef struct cli_measure {
    const nb_table *table;
    cli_place place;
    cli_quantity quantity;
    int32_t epoch; /* NB_EPOCH_LAST or from 0 */
    bool never;    /* measured at other epochs only: every answer is "not measured" */
    nb_query mean; /* of metrics */
} cli_measure;

/* Prepares it; epochs past the end and metrics that were never measured are errors. Returns an exit code, having said what is wrong. */
int cli_measure_init(cli_measure *measure, const nb_table *table, const cli_place *place, cli_quantity quantity, int32_t epoch);

/* The mean over the trials of a row, or the value of one trial. False and NaN: not measured. */
bool cli_measure_mean(const cli_measure *measure, uint32_t row, double *value);
bool cli_measure_trial(const cli_measure *measure, uint32_t trial, double *value);

/* The epoch that a trial's value is of. */
uint32_t cli_measure_epoch(const cli_measure *measure, uint32_t trial);

#endif
