/* nasbench best: the architectures with the best value, within limits on their costs. */
#include <math.h>
#include <nasbench/query.h>
#include <stdlib.h>

#include "cli_arch.h"
#include "cli_columns.h"
#include "cli_json.h"
#include "cli_measure.h"
#include "cli_table.h"
#include "commands.h"

enum {
    OPTION_JSON = 256,
    OPTION_DATASET,
    OPTION_SCHEDULE,
    OPTION_SPLIT,
    OPTION_METRIC,
    OPTION_EPOCH,
    OPTION_SEED,
    OPTION_MAX_FLOPS,
    OPTION_MAX_PARAMS,
    OPTION_MAX_LATENCY
};

typedef struct options {
    const char *path;
    const char *dataset, *schedule, *split;
    cli_quantity quantity;
    int32_t epoch;
    cli_seeds seeds;
    uint32_t seed;
    uint32_t count;
    double max_flops, max_params, max_latency; /* 0: no limit */
    bool json;
} options;

static double parse_limit(const struct argp_state *state, const char *what, const char *text)
{
    double limit = cli_parse_real(state, what, text, 0, INFINITY);
    if (limit <= 0)
        cli_bad_usage(state, "%s: %s, but a limit above 0 expected", what, text);
    return limit;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    options *opts = state->input;
    switch (key) {
    case OPTION_JSON:
        opts->json = true;
        return 0;
    case OPTION_DATASET:
        opts->dataset = arg;
        return 0;
    case OPTION_SCHEDULE:
        opts->schedule = arg;
        return 0;
    case OPTION_SPLIT:
        opts->split = arg;
        return 0;
    case OPTION_METRIC:
        opts->quantity = cli_parse_quantity(state, arg);
        if (opts->quantity == CLI_TOTAL_TIME)
            cli_bad_usage(state, "--metric: architectures are not ranked by total-time; time ranks them alike");
        return 0;
    case OPTION_EPOCH:
        opts->epoch = cli_parse_epoch(state, arg);
        if (opts->epoch == CLI_EPOCH_ALL)
            cli_bad_usage(state, "--epoch: one epoch or last expected");
        return 0;
    case OPTION_SEED:
        opts->seeds = cli_parse_seed(state, arg, &opts->seed);
        if (opts->seeds == CLI_SEED_ALL || opts->seeds == CLI_SEED_RANDOM)
            cli_bad_usage(state, "--seed: a seed or mean expected");
        return 0;
    case OPTION_MAX_FLOPS:
        opts->max_flops = parse_limit(state, "--max-flops", arg);
        return 0;
    case OPTION_MAX_PARAMS:
        opts->max_params = parse_limit(state, "--max-params", arg);
        return 0;
    case OPTION_MAX_LATENCY:
        opts->max_latency = parse_limit(state, "--max-latency", arg);
        return 0;
    case 'n':
        opts->count = (uint32_t)cli_parse_unsigned(state, "-n", arg, 1, UINT32_MAX);
        return 0;
    case ARGP_KEY_ARG:
        if (opts->path)
            return ARGP_ERR_UNKNOWN;
        opts->path = arg;
        return 0;
    case ARGP_KEY_END:
        if (!opts->path)
            cli_bad_usage(state, "TABLE is missing");
        if (!opts->dataset)
            cli_bad_usage(state, "--dataset is missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The answer: rows with their values, best first, and what else is shown of them. */
typedef struct ranking {
    cli_place place;
    nb_best *items;
    uint32_t count;
    cli_measure costs[CLI_QUANTITY_COUNT - CLI_FLOPS]; /* flops, params, latency */
} ranking;

static int rank_by_metric(const nb_table *table, const options *opts, ranking *r)
{
    const nb_best_spec spec = {
        .query = {.dataset = r->place.info->dataset,
                  .schedule = r->place.info->schedule,
                  .split = r->place.split_name,
                  .metric = (nb_metric)opts->quantity,
                  .epoch = opts->epoch,
                  .pick = {.kind = opts->seeds == CLI_SEED_ONE ? NB_PICK_SEED : NB_PICK_MEAN, .seed = opts->seed}},
        .max_flops = opts->max_flops,
        .max_params = opts->max_params,
        .max_latency = opts->max_latency,
    };
    nb_error err;
    uint32_t rows = nb_table_get_info(table)->rows, capacity = opts->count < rows ? opts->count : rows;
    r->items = cli_alloc(capacity * sizeof *r->items);
    return nb_table_best(table, &spec, r->items, capacity, &r->count, &err) == NB_OK ? CLI_OK : cli_fail_with(&err);
}

/* Whether a cost is within its limit; one that is not known is not. */
static bool within(const cli_measure *cost, uint32_t row, double limit)
{
    double value;
    return limit == 0 || (cli_measure_mean(cost, row, &value) && value <= limit);
}

static int by_value(const void *a, const void *b)
{
    const nb_best *x = a, *y = b;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

/* Costs: the lowest first. */
static void rank_by_cost(const nb_table *table, const options *opts, ranking *r)
{
    const nb_table_info *info = nb_table_get_info(table);
    const cli_measure *cost = &r->costs[opts->quantity - CLI_FLOPS];
    r->items = cli_alloc(info->rows * sizeof *r->items);
    for (uint32_t row = 0; row < info->rows; row++) {
        double value;
        bool passes = within(&r->costs[0], row, opts->max_flops) && within(&r->costs[1], row, opts->max_params) &&
                      within(&r->costs[2], row, opts->max_latency);
        if (passes && cli_measure_mean(cost, row, &value))
            r->items[r->count++] = (nb_best){.row = row, .value = value};
    }
    qsort(r->items, r->count, sizeof *r->items, by_value);
    if (r->count > opts->count)
        r->count = opts->count;
}

static int rank(const nb_table *table, const options *opts, ranking *r)
{
    bool by_cost = cli_is_cost(opts->quantity);
    int code = cli_find_place(table, opts->dataset, opts->schedule, opts->split, by_cost, &r->place);
    for (int i = 0; code == CLI_OK && CLI_FLOPS + i < CLI_QUANTITY_COUNT; i++)
        code = cli_measure_init(&r->costs[i], table, &r->place, (cli_quantity)(CLI_FLOPS + i), NB_EPOCH_LAST);
    if (code != CLI_OK)
        return code;
    if (!by_cost)
        return rank_by_metric(table, opts, r);
    rank_by_cost(table, opts, r);
    return CLI_OK;
}

static void print_json(const nb_table *table, const options *opts, const ranking *r)
{
    cli_json json = {.out = stdout};
    bool by_cost = cli_is_cost(opts->quantity);
    cli_json_begin_array(&json, CLI_JSON_LINES);
    for (uint32_t i = 0; i < r->count; i++) {
        nb_arch arch = nb_table_arch(table, r->items[i].row);
        cli_json_begin_object(&json, CLI_JSON_INLINE);
        cli_json_put_unsigned(&json, "rank", i + 1);
        cli_json_put_unsigned(&json, "index", r->items[i].row);
        cli_json_put_string(&json, "arch", cli_arch_string(&arch).text);
        cli_json_put_string(&json, "dataset", r->place.info->dataset);
        cli_json_put_string(&json, "schedule", r->place.info->schedule);
        cli_json_put_string(&json, "split", by_cost ? NULL : r->place.split_name);
        cli_json_put_string(&json, "metric", cli_quantity_name(opts->quantity));
        cli_json_key(&json, "epoch");
        if (by_cost)
            cli_json_null(&json);
        else
            cli_json_unsigned(&json, opts->epoch >= 0 ? (uint64_t)opts->epoch : r->place.info->epochs - 1);
        cli_json_key(&json, "seed");
        if (opts->seeds == CLI_SEED_ONE)
            cli_json_unsigned(&json, opts->seed);
        else
            cli_json_string(&json, "mean");
        cli_json_put_real(&json, "value", r->items[i].value);
        cli_json_put_string(&json, "unit", cli_quantity_unit(opts->quantity));
        for (int c = 0; CLI_FLOPS + c < CLI_QUANTITY_COUNT; c++) {
            double cost;
            cli_measure_mean(&r->costs[c], r->items[i].row, &cost);
            cli_json_put_real(&json, cli_quantity_name((cli_quantity)(CLI_FLOPS + c)), cost);
        }
        cli_json_end(&json);
    }
    cli_json_end(&json);
}

static void print_text(const nb_table *table, const options *opts, const ranking *r)
{
    cli_columns columns = {0};
    bool by_cost = cli_is_cost(opts->quantity);
    cli_columns_head(&columns, "rank", 'r');
    cli_columns_head(&columns, "index", 'r');
    if (!by_cost)
        cli_columns_head(&columns, cli_quantity_head(opts->quantity), 'r');
    for (cli_quantity cost = CLI_FLOPS; cost < CLI_QUANTITY_COUNT; cost++)
        cli_columns_head(&columns, cli_quantity_head(cost), 'r');
    cli_columns_head(&columns, "architecture", 'l');
    for (uint32_t i = 0; i < r->count; i++) {
        nb_arch arch = nb_table_arch(table, r->items[i].row);
        cli_columns_unsigned(&columns, i + 1);
        cli_columns_unsigned(&columns, r->items[i].row);
        if (!by_cost)
            cli_columns_real(&columns, r->items[i].value, cli_quantity_decimals(opts->quantity));
        for (int c = 0; CLI_FLOPS + c < CLI_QUANTITY_COUNT; c++) {
            double cost;
            cli_measure_mean(&r->costs[c], r->items[i].row, &cost);
            cli_columns_real(&columns, cost, cli_quantity_decimals((cli_quantity)(CLI_FLOPS + c)));
        }
        cli_columns_text(&columns, cli_arch_string(&arch).text);
    }
    printf("%s, schedule %s%s%s: %s %s\n\n", r->place.info->dataset, r->place.info->schedule, by_cost ? "" : ", split ",
           by_cost ? "" : r->place.split_name, opts->quantity == CLI_ACCURACY || opts->quantity == CLI_ACCURACY5 ? "highest" : "lowest",
           cli_quantity_name(opts->quantity));
    cli_columns_print(&columns, stdout);
    cli_columns_free(&columns);
}

static int run(const cli_command *self, int argc, char **argv)
{
    options opts = {.quantity = CLI_ACCURACY, .epoch = NB_EPOCH_LAST, .count = 10};
    nb_table *table;
    ranking r = {0};
    cli_parse(self, argc, argv, parse, &opts);
    int code = cli_open_table(opts.path, &table);
    if (code != CLI_OK)
        return code;
    code = rank(table, &opts, &r);
    if (code == CLI_OK && opts.json)
        print_json(table, &opts, &r);
    else if (code == CLI_OK && r.count > 0)
        print_text(table, &opts, &r);
    if (code == CLI_OK && r.count == 0)
        code = cli_fail("%s: no architecture passes", opts.path);
    free(r.items);
    nb_table_close(table);
    return code;
}

static const struct argp_option option_table[] = {
    {"dataset", OPTION_DATASET, "DATASET", 0, "cifar10-valid, cifar10, cifar100, ImageNet16-120, ...", 0},
    {"split", OPTION_SPLIT, "SPLIT", 0,
     "train, x-valid, x-test, ori-test, valid or test. Default: x-valid of cifar10-valid, the test set of others", 0},
    {"schedule", OPTION_SCHEDULE, "SCHEDULE", 0, "Training schedule: 12, 200, ... Default: the longest of the dataset", 0},
    {"metric", OPTION_METRIC, "METRIC", 0,
     "What to rank by: accuracy (default), accuracy5: highest first; loss, time, flops, params, latency: lowest first", 0},
    {"epoch", OPTION_EPOCH, "EPOCH", 0, "Epoch from 0, or last (default)", 0},
    {"seed", OPTION_SEED, "SEED", 0, "The trials with this seed, or mean (default)", 0},
    {NULL, 'n', "N", 0, "How many to print. Default: 10", 0},
    {"max-flops", OPTION_MAX_FLOPS, "MMACS", 0, "Only architectures of at most so many million multiply-accumulates", 0},
    {"max-params", OPTION_MAX_PARAMS, "MILLIONS", 0, "Only architectures of at most so many million parameters", 0},
    {"max-latency", OPTION_MAX_LATENCY, "SECONDS", 0, "Only architectures with at most this latency per batch", 0},
    {"json", OPTION_JSON, NULL, 0, "Print an array of objects, best first", 0},
    {0},
};

const cli_command cmd_best = {
    .name = "best",
    .summary = "find the best architectures within limits on their costs",
    .usage = "TABLE --dataset DATASET",
    .description = "Prints the architectures with the highest accuracy (or the best value of another metric), best first; among equals the "
                   "one with the lower index. Architectures whose cost is above a limit, or not known, are left out.",
    .options = option_table,
    .examples = "best nb201.safetensors --dataset cifar10 --split test\tthe ten most accurate cells on CIFAR-10\n"
                "best nb201.safetensors --dataset cifar100 --split valid -n 1 --max-flops 50\tthe best one of at most 50 MMACs\n",
    .run = run,
};
