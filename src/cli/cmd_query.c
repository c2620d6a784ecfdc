/* nasbench query: values of architectures. */
#include <math.h>
#include <nasbench/query.h>
#include <nasbench/table.h>
#include <stdlib.h>
#include <string.h>

#include "cli_arch.h"
#include "cli_columns.h"
#include "cli_json.h"
#include "cli_measure.h"
#include "cli_nasbench101.h"
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
    OPTION_RANDOM_SEED,
    OPTION_API,
    OPTION_HALFWAY
};

typedef struct options {
    const char *path;
    cli_strings archs;
    cli_strings datasets;
    const char *schedule;
    cli_strings splits; /* empty: the usual one */
    cli_quantity quantities[CLI_QUANTITY_COUNT];
    size_t quantity_count;
    int32_t epoch;
    cli_seeds seeds;
    uint32_t seed;
    uint64_t random_seed;
    bool as_nasbench101; /* --api 101 */
    bool halfway;
    bool json;
} options;

static void add_quantity(options *opts, cli_quantity quantity)
{
    for (size_t i = 0; i < opts->quantity_count; i++) {
        if (opts->quantities[i] == quantity)
            return;
    }
    opts->quantities[opts->quantity_count++] = quantity;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    options *opts = state->input;
    switch (key) {
    case OPTION_JSON:
        opts->json = true;
        return 0;
    case OPTION_DATASET:
        cli_strings_add(&opts->datasets, arg);
        return 0;
    case OPTION_SCHEDULE:
        opts->schedule = arg;
        return 0;
    case OPTION_SPLIT:
        cli_strings_add(&opts->splits, arg);
        return 0;
    case OPTION_METRIC:
        add_quantity(opts, cli_parse_quantity(state, arg));
        return 0;
    case OPTION_EPOCH:
        opts->epoch = cli_parse_epoch(state, arg);
        return 0;
    case OPTION_SEED:
        opts->seeds = cli_parse_seed(state, arg, &opts->seed);
        return 0;
    case OPTION_RANDOM_SEED:
        opts->random_seed = cli_parse_unsigned(state, "--random-seed", arg, 0, UINT64_MAX);
        return 0;
    case OPTION_API:
        if (strcmp(arg, "101") != 0)
            cli_bad_usage(state, "--api: '%s'; 101 expected", arg);
        opts->as_nasbench101 = true;
        return 0;
    case OPTION_HALFWAY:
        opts->halfway = true;
        return 0;
    case ARGP_KEY_ARG:
        if (!opts->path)
            opts->path = arg;
        else
            cli_strings_add(&opts->archs, arg);
        return 0;
    case ARGP_KEY_END:
        if (!opts->path)
            cli_bad_usage(state, "TABLE is missing");
        if (opts->archs.count == 0)
            cli_bad_usage(state, "ARCH is missing: an index, an architecture string, or all");
        if (opts->halfway && !opts->as_nasbench101)
            cli_bad_usage(state, "--halfway goes with --api 101");
        if (opts->datasets.count == 0 && !opts->as_nasbench101)
            cli_bad_usage(state, "--dataset is missing");
        if (opts->quantity_count == 0)
            add_quantity(opts, CLI_ACCURACY);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- output: one row of text for all metrics, one JSON object for each ---- */

typedef struct printer {
    const nb_table *table;
    const options *opts;
    nb_rng rng;
    cli_json json;
    cli_columns columns;
} printer;

/* What one line is about; NULL, or a negative number, where it does not apply. */
typedef struct line {
    uint32_t row;
    const char *arch;
    const char *dataset, *schedule, *split;
    int64_t epoch;
    int64_t seed; /* -1: the mean */
} line;

static void print_json_value(cli_json *json, const line *l, cli_quantity quantity, bool measured, double value)
{
    bool cost = cli_is_cost(quantity);
    cli_json_begin_object(json, CLI_JSON_INLINE);
    cli_json_put_unsigned(json, "index", l->row);
    cli_json_put_string(json, "arch", l->arch);
    cli_json_put_string(json, "dataset", l->dataset);
    cli_json_put_string(json, "schedule", l->schedule);
    cli_json_put_string(json, "split", cost ? NULL : l->split);
    cli_json_put_string(json, "metric", cli_quantity_name(quantity));
    cli_json_key(json, "epoch");
    if (cost || l->epoch < 0)
        cli_json_null(json);
    else
        cli_json_unsigned(json, (uint64_t)l->epoch);
    cli_json_key(json, "seed");
    if (l->seed < 0)
        cli_json_string(json, "mean");
    else
        cli_json_unsigned(json, (uint64_t)l->seed);
    cli_json_put_real(json, "value", measured ? value : NAN);
    cli_json_put_string(json, "unit", cli_quantity_unit(quantity));
    cli_json_end(json);
}

static void print_line_start(cli_columns *columns, const line *l)
{
    cli_columns_unsigned(columns, l->row);
    cli_columns_text(columns, l->dataset);
    cli_columns_text(columns, l->schedule);
    cli_columns_text(columns, l->split ? l->split : "-");
    if (l->epoch < 0)
        cli_columns_text(columns, "-");
    else
        cli_columns_unsigned(columns, (uint64_t)l->epoch);
    if (l->seed < 0)
        cli_columns_text(columns, "mean");
    else
        cli_columns_unsigned(columns, (uint64_t)l->seed);
}

static void print_heads(printer *p)
{
    static const char *const heads[] = {"index", "dataset", "schedule", "split", "epoch", "seed"};
    static const char aligns[] = "rlrlrr";
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        cli_columns_head(&p->columns, heads[i], aligns[i]);
    for (size_t i = 0; i < p->opts->quantity_count; i++)
        cli_columns_head(&p->columns, cli_quantity_head(p->opts->quantities[i]), 'r');
    cli_columns_head(&p->columns, "architecture", 'l');
}

/* One line: the value of each measure for a row's mean (trial negative) or for one of its trials. */
static void print_line(printer *p, const line *l, const cli_measure *measures, int64_t trial)
{
    if (!p->opts->json)
        print_line_start(&p->columns, l);
    for (size_t i = 0; i < p->opts->quantity_count; i++) {
        double value;
        bool measured =
            trial < 0 ? cli_measure_mean(&measures[i], l->row, &value) : cli_measure_trial(&measures[i], (uint32_t)trial, &value);
        if (p->opts->json)
            print_json_value(&p->json, l, measures[i].quantity, measured, value);
        else if (measured && isnan(value))
            cli_columns_text(&p->columns, "nan");
        else
            cli_columns_real(&p->columns, value, cli_quantity_decimals(measures[i].quantity));
    }
    if (!p->opts->json) {
        cli_columns_text(&p->columns, l->arch);
        cli_columns_row_done(&p->columns, stdout);
    }
}

/* ---- the loops: architecture, dataset, split, seed, epoch ---- */

/* Where the answers are read: a place with the measures of each epoch. */
typedef struct question {
    cli_place place;
    bool costs_only;
    cli_measure *measures; /* [epochs][quantities] */
    uint32_t epochs;
} question;

/* The epoch that a line shows: that of the trial, or, for a mean, the one of all trials; -1 when they differ. */
static int64_t shown_epoch(const printer *p, const cli_measure *measure, uint32_t row, int64_t trial)
{
    if (trial >= 0)
        return cli_measure_epoch(measure, (uint32_t)trial);
    uint32_t first, count = nb_table_trials(p->table, measure->place.setup, row, &first);
    if (count == 0)
        return measure->epoch >= 0 ? measure->epoch : (int64_t)measure->place.info->epochs - 1;
    uint32_t epoch = cli_measure_epoch(measure, first);
    for (uint32_t i = 1; i < count; i++) {
        if (cli_measure_epoch(measure, first + i) != epoch)
            return -1;
    }
    return epoch;
}

/* The lines of a row for its mean (trial negative) or one trial: one per epoch. `seed` is shown for a trial that is not there. */
static void answer(printer *p, const question *q, uint32_t row, const char *arch, int64_t trial, int64_t seed)
{
    for (uint32_t e = 0; e < q->epochs; e++) {
        const cli_measure *measures = q->measures + e * p->opts->quantity_count;
        line l = {
            .row = row,
            .arch = arch,
            .dataset = q->place.info->dataset,
            .schedule = q->place.info->schedule,
            .split = q->costs_only ? NULL : q->place.split_name,
            .epoch = q->costs_only ? -1 : shown_epoch(p, measures, row, trial),
            .seed = seed,
        };
        print_line(p, &l, measures, trial);
    }
}

/* A trial number that no row has: everything about it is not measured. */
static const int64_t no_trial = UINT32_MAX;

static void answer_seeds(printer *p, const question *q, uint32_t row, const char *arch)
{
    uint32_t first = 0, count = nb_table_trials(p->table, q->place.setup, row, &first);
    if (p->opts->seeds == CLI_SEED_MEAN) {
        answer(p, q, row, arch, -1, -1);
        return;
    }
    uint64_t drawn = p->opts->seeds == CLI_SEED_RANDOM ? nb_rng_below(&p->rng, count) : 0;
    bool answered = false;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t seed = nb_table_trial_seed(p->table, q->place.setup, first + i);
        if ((p->opts->seeds == CLI_SEED_ONE && seed != p->opts->seed) || (p->opts->seeds == CLI_SEED_RANDOM && i != drawn))
            continue;
        answer(p, q, row, arch, first + i, seed);
        answered = true;
    }
    if (!answered && p->opts->seeds == CLI_SEED_ONE)
        answer(p, q, row, arch, no_trial, p->opts->seed);
    else if (!answered && p->opts->seeds == CLI_SEED_RANDOM)
        answer(p, q, row, arch, -1, -1); /* no trial to draw: the row is there, its values are not */
}

static void answer_row(printer *p, const question *questions, size_t count, uint32_t row)
{
    nb_arch arch = nb_table_arch(p->table, row);
    cli_arch_text text = cli_arch_string(&arch);
    for (size_t i = 0; i < count; i++)
        answer_seeds(p, &questions[i], row, text.text);
}

/* ---- from options to questions ---- */

static bool asks_costs_only(const options *opts)
{
    for (size_t i = 0; i < opts->quantity_count; i++) {
        if (!cli_is_cost(opts->quantities[i]))
            return false;
    }
    return true;
}

/* Prepares the measures of one epoch. With all epochs asked for, a metric that was not measured at this one is merely missing. */
static int measure_epoch(const nb_table *table, const options *opts, const cli_place *place, int32_t epoch, cli_measure *measures)
{
    int code = CLI_OK;
    for (size_t i = 0; code == CLI_OK && i < opts->quantity_count; i++) {
        bool missing = opts->epoch == CLI_EPOCH_ALL && !cli_has_epoch(table, place, opts->quantities[i], epoch);
        code = cli_measure_init(&measures[i], table, place, opts->quantities[i], missing ? NB_EPOCH_LAST : epoch);
        measures[i].epoch = epoch;
        measures[i].never = missing;
    }
    return code;
}

/* Whether any of the quantities was measured at the epoch. */
static bool asks_epoch(const nb_table *table, const options *opts, const cli_place *place, int32_t epoch)
{
    for (size_t i = 0; i < opts->quantity_count; i++) {
        if (!cli_is_cost(opts->quantities[i]) && cli_has_epoch(table, place, opts->quantities[i], epoch))
            return true;
    }
    return false;
}

static int make_question(const nb_table *table, const options *opts, const cli_place *place, question *q)
{
    q->place = *place;
    if (opts->epoch != CLI_EPOCH_ALL || q->costs_only) {
        q->epochs = 1;
        q->measures = cli_alloc(opts->quantity_count * sizeof *q->measures);
        return measure_epoch(table, opts, place, opts->epoch == CLI_EPOCH_ALL ? NB_EPOCH_LAST : opts->epoch, q->measures);
    }
    q->measures = cli_alloc(place->info->epochs * opts->quantity_count * sizeof *q->measures);
    int code = CLI_OK;
    for (uint32_t epoch = 0; code == CLI_OK && epoch < place->info->epochs; epoch++) {
        if (asks_epoch(table, opts, place, (int32_t)epoch))
            code = measure_epoch(table, opts, place, (int32_t)epoch, q->measures + q->epochs++ * opts->quantity_count);
    }
    return code;
}

typedef struct questions {
    question *items;
    size_t count;
} questions;

static int add_question(questions *list, const nb_table *table, const options *opts, const char *dataset, const char *split)
{
    cli_place place;
    bool costs_only = asks_costs_only(opts);
    int code = cli_find_place(table, dataset, opts->schedule, split, costs_only, &place);
    if (code != CLI_OK)
        return code;
    list->items = cli_realloc(list->items, (list->count + 1) * sizeof *list->items);
    list->items[list->count] = (question){.costs_only = costs_only};
    return make_question(table, opts, &place, &list->items[list->count++]);
}

/* Whether every metric that is asked for was measured on the split, at some epoch. */
static bool has_metrics(const nb_table *table, const options *opts, const cli_place *place)
{
    for (size_t i = 0; i < opts->quantity_count; i++) {
        if (!cli_has_epoch(table, place, opts->quantities[i], NB_EPOCH_LAST))
            return false;
    }
    return true;
}

/* All splits of a dataset on which all metrics were measured. */
static int add_all_splits(questions *list, const nb_table *table, const options *opts, const char *dataset)
{
    cli_place place;
    size_t before = list->count;
    int code = cli_find_place(table, dataset, opts->schedule, NULL, true, &place);
    for (uint32_t i = 0; code == CLI_OK && i < place.info->split_count; i++) {
        place.split = i;
        place.split_name = place.info->splits[i];
        if (!has_metrics(table, opts, &place))
            continue;
        list->items = cli_realloc(list->items, (list->count + 1) * sizeof *list->items);
        list->items[list->count] = (question){.costs_only = asks_costs_only(opts)};
        code = make_question(table, opts, &place, &list->items[list->count++]);
    }
    if (code == CLI_OK && list->count == before)
        code = cli_fail("%s: dataset %s, schedule %s has no split on which all of these metrics were measured",
                        nb_table_get_info(table)->name, place.info->dataset, place.info->schedule);
    return code;
}

static int add_dataset(questions *list, const nb_table *table, const options *opts, const char *dataset)
{
    if (opts->splits.count == 0)
        return add_question(list, table, opts, dataset, NULL);
    int code = CLI_OK;
    for (size_t i = 0; code == CLI_OK && i < opts->splits.count; i++) {
        code = strcmp(opts->splits.items[i], "all") == 0 ? add_all_splits(list, table, opts, dataset)
                                                         : add_question(list, table, opts, dataset, opts->splits.items[i]);
    }
    return code;
}

static int find_questions(questions *list, const nb_table *table, const options *opts)
{
    int code = CLI_OK;
    for (size_t d = 0; code == CLI_OK && d < opts->datasets.count; d++) {
        if (strcmp(opts->datasets.items[d], "all") != 0) {
            code = add_dataset(list, table, opts, opts->datasets.items[d]);
            continue;
        }
        for (uint32_t i = 0; code == CLI_OK && i < nb_table_get_info(table)->datasets; i++)
            code = add_dataset(list, table, opts, nb_table_dataset(table, i));
    }
    return code;
}

/* ---- all of it ---- */

static int answer_all(printer *p, const questions *list)
{
    const nb_table_info *info = nb_table_get_info(p->table);
    for (size_t i = 0; i < p->opts->archs.count; i++) {
        uint32_t row;
        if (strcmp(p->opts->archs.items[i], "all") == 0) {
            for (row = 0; row < info->rows && !ferror(stdout); row++)
                answer_row(p, list->items, list->count, row);
            continue;
        }
        int code = cli_find_row(p->table, p->opts->archs.items[i], &row);
        if (code != CLI_OK)
            return code;
        answer_row(p, list->items, list->count, row);
    }
    return CLI_OK;
}

/* Bad architectures are found before anything is printed, so that a failing command leaves no half answer. */
static int check_archs(const nb_table *table, const options *opts)
{
    for (size_t i = 0; i < opts->archs.count; i++) {
        uint32_t row;
        if (strcmp(opts->archs.items[i], "all") == 0)
            continue;
        int code = cli_find_row(table, opts->archs.items[i], &row);
        if (code != CLI_OK)
            return code;
    }
    return CLI_OK;
}

static int print_answers(const nb_table *table, const options *opts, const questions *list)
{
    printer p = {.table = table, .opts = opts, .rng = nb_rng_seed(opts->random_seed, 0), .json = {.out = stdout}};
    if (opts->json)
        cli_json_begin_array(&p.json, CLI_JSON_LINES);
    else
        print_heads(&p);
    int code = answer_all(&p, list);
    if (opts->json)
        cli_json_end(&p.json);
    else
        cli_columns_print(&p.columns, stdout);
    cli_columns_free(&p.columns);
    return code;
}

/* As nasbench.query answers. */
static int answer_as_nasbench101(const nb_table *table, const options *opts)
{
    uint64_t epochs = 108;
    if (opts->schedule && (!cli_is_unsigned(opts->schedule, &epochs) || epochs > UINT32_MAX))
        return cli_fail("--schedule: '%s'; a number of epochs expected", opts->schedule);
    const cli_question101 asked = {
        .archs = &opts->archs, .epochs = (uint32_t)epochs, .halfway = opts->halfway, .seed = opts->random_seed, .json = opts->json};
    return cli_query101(table, &asked);
}

static int run(const cli_command *self, int argc, char **argv)
{
    options opts = {.epoch = NB_EPOCH_LAST};
    nb_table *table;
    questions list = {0};
    cli_parse(self, argc, argv, parse, &opts);
    int code = cli_open_table(opts.path, &table);
    if (code != CLI_OK)
        return code;
    if (opts.as_nasbench101) {
        code = answer_as_nasbench101(table, &opts);
    } else {
        code = find_questions(&list, table, &opts);
        if (code == CLI_OK)
            code = check_archs(table, &opts);
        if (code == CLI_OK)
            code = print_answers(table, &opts, &list);
    }
    for (size_t i = 0; i < list.count; i++)
        free(list.items[i].measures);
    free(list.items);
    free(opts.archs.items);
    free(opts.datasets.items);
    free(opts.splits.items);
    nb_table_close(table);
    return code;
}

static const struct argp_option option_table[] = {
    {"dataset", OPTION_DATASET, "DATASET", 0, "cifar10-valid, cifar10, cifar100, ImageNet16-120, ..., or all; may be repeated", 0},
    {"schedule", OPTION_SCHEDULE, "SCHEDULE", 0, "Training schedule: 12, 200, ... Default: the longest of the dataset", 0},
    {"split", OPTION_SPLIT, "SPLIT", 0,
     "train, x-valid, x-test, ori-test, valid, test, or all; may be repeated. Default: x-valid of cifar10-valid, the test set of others",
     0},
    {"metric", OPTION_METRIC, "METRIC", 0,
     "accuracy (default), accuracy5, loss, time, total-time, flops, params or latency; may be repeated", 0},
    {"epoch", OPTION_EPOCH, "EPOCH", 0, "Epoch from 0, last (default), or all", 0},
    {"seed", OPTION_SEED, "SEED", 0, "The trial with this seed, mean of all (default), random for one of them, or all one by one", 0},
    {"random-seed", OPTION_RANDOM_SEED, "N", 0, "Seed of the draws of --seed random and --api 101. Default: 0", 0},
    {"api", OPTION_API, "101", 0,
     "Answer as nasbench.query of NAS-Bench-101 does: one random run, its stored cell, and the counters of time and epochs; --schedule is "
     "the number of epochs, 108 by default",
     0},
    {"halfway", OPTION_HALFWAY, NULL, 0, "--api 101: the evaluation half-way through training", 0},
    {"json", OPTION_JSON, NULL, 0, "Print an array of objects; values exact to the bit, null where nothing was measured", 0},
    {0},
};

const cli_command cmd_query = {
    .name = "query",
    .summary = "print accuracies, losses, times and costs of architectures",
    .usage = "TABLE ARCH... --dataset DATASET\nTABLE ARCH... --api 101",
    .description =
        "Prints what was measured for architectures: an index, an architecture string, or all.\n\nAccuracies are percent, losses mean "
        "cross "
        "entropy (nat), times seconds of one epoch or of all up to it, FLOPs millions of multiply-accumulates per image, parameters "
        "millions, latency seconds per batch. A mean is taken over all trials; '-' and null stand for what was not measured. Numbers are "
        "rounded for reading; --json gives every bit.",
    .options = option_table,
    .examples = "query nb201.safetensors 11 --dataset cifar10\tfinal test accuracy, mean over seeds\n"
                "query nb201.safetensors 0 11 --dataset cifar100 --seed all\tone line per trial\n"
                "query nb201.safetensors 11 --dataset cifar10 --split train --metric loss --epoch all\ta learning curve\n"
                "query nb101.safetensors 28cfc7874f6d200472e1a9dcd8650aa0 --api 101\tone random run of a cell of NAS-Bench-101\n"
                "query nb201.safetensors all --dataset all --json\tmean accuracies of all architectures, exact\n",
    .run = run,
};
