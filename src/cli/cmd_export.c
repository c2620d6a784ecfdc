/* nasbench export: a table as CSV or JSON, one row per architecture. */
#include <math.h>
#include <nasbench/query.h>
#include <nasbench/table.h>
#include <stdlib.h>
#include <string.h>

#include "cli_arch.h"
#include "cli_json.h"
#include "cli_measure.h"
#include "cli_number.h"
#include "cli_output.h"
#include "cli_progress.h"
#include "cli_table.h"
#include "commands.h"

enum { OPTION_TO = 256, OPTION_DATASET, OPTION_SCHEDULE, OPTION_SPLIT, OPTION_METRIC, OPTION_EPOCH, OPTION_SEED };

typedef enum export_format { EXPORT_NONE, EXPORT_CSV, EXPORT_JSON } export_format;

typedef struct options {
    const char *path;
    const char *output;
    export_format format;
    cli_strings datasets, schedules, splits; /* empty: all */
    bool wanted[CLI_QUANTITY_COUNT];
    bool some_wanted; /* false: all metrics and costs that were measured */
    int32_t epoch;
    cli_seeds seeds;
    uint32_t seed;
} options;

static export_format parse_format(const struct argp_state *state, const char *name)
{
    if (strcmp(name, "csv") == 0)
        return EXPORT_CSV;
    if (strcmp(name, "json") == 0)
        return EXPORT_JSON;
    cli_bad_usage(state, "--to: '%s'; csv or json expected", name);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    options *opts = state->input;
    switch (key) {
    case OPTION_TO:
        opts->format = parse_format(state, arg);
        return 0;
    case OPTION_DATASET:
        cli_strings_add(&opts->datasets, arg);
        return 0;
    case OPTION_SCHEDULE:
        cli_strings_add(&opts->schedules, arg);
        return 0;
    case OPTION_SPLIT:
        cli_strings_add(&opts->splits, arg);
        return 0;
    case OPTION_METRIC:
        opts->wanted[cli_parse_quantity(state, arg)] = true;
        opts->some_wanted = true;
        return 0;
    case OPTION_EPOCH:
        opts->epoch = cli_parse_epoch(state, arg);
        return 0;
    case OPTION_SEED:
        opts->seeds = cli_parse_seed(state, arg, &opts->seed);
        if (opts->seeds == CLI_SEED_RANDOM)
            cli_bad_usage(state, "--seed: a seed, mean or all expected");
        return 0;
    case 'o':
        opts->output = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (opts->path)
            return ARGP_ERR_UNKNOWN;
        opts->path = arg;
        return 0;
    case ARGP_KEY_END:
        if (!opts->path)
            cli_bad_usage(state, "TABLE is missing");
        if (opts->format == EXPORT_NONE)
            cli_bad_usage(state, "--to is missing: csv or json");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- columns ---- */

/* A column: its head, a target as `nasbench import` reads it, and where its values are. */
typedef struct column {
    char *head;
    cli_measure measure;
    bool of_seed; /* of the trial with `seed`, else the mean */
    uint32_t seed;
} column;

typedef struct columns {
    column *items;
    size_t count, room;
} columns;

/* DATASET/SCHEDULE/SPLIT/METRIC[@EPOCH][#SEED], without the split for costs. */
static char *column_head(const cli_place *place, cli_quantity quantity, int32_t epoch, const uint32_t *seed)
{
    char at_epoch[CLI_NUMBER_SIZE] = "", of_seed[CLI_NUMBER_SIZE] = "";
    bool cost = cli_is_cost(quantity);
    if (epoch >= 0 && !cost)
        snprintf(at_epoch, sizeof at_epoch, "@%d", epoch);
    if (seed)
        snprintf(of_seed, sizeof of_seed, "#%u", *seed);
    return cli_format("%s/%s/%s%s%s%s%s", place->info->dataset, place->info->schedule, cost ? "" : place->split_name, cost ? "" : "/",
                      cli_quantity_name(quantity), at_epoch, of_seed);
}

static int add_column(columns *list, const nb_table *table, const cli_place *place, cli_quantity quantity, int32_t epoch,
                      const uint32_t *seed)
{
    if (list->count == list->room) {
        list->room = list->room ? 2 * list->room : 64;
        list->items = cli_realloc(list->items, list->room * sizeof *list->items);
    }
    column *added = &list->items[list->count];
    *added = (column){.of_seed = seed != NULL, .seed = seed ? *seed : 0};
    int code = cli_measure_init(&added->measure, table, place, quantity, epoch);
    if (code != CLI_OK)
        return code;
    added->head = column_head(place, quantity, epoch, seed);
    list->count++;
    return CLI_OK;
}

/* The columns of one quantity at one place and epoch: one, or one for each seed. */
static int add_seeds(columns *list, const nb_table *table, const options *opts, const cli_place *place, cli_quantity quantity,
                     int32_t epoch)
{
    if (opts->seeds == CLI_SEED_MEAN)
        return add_column(list, table, place, quantity, epoch, NULL);
    int code = CLI_OK;
    for (uint32_t i = 0; code == CLI_OK && i < place->info->seed_count; i++) {
        if (opts->seeds == CLI_SEED_ALL || place->info->seeds[i] == opts->seed)
            code = add_column(list, table, place, quantity, epoch, &place->info->seeds[i]);
    }
    return code;
}

static int add_metric(columns *list, const nb_table *table, const options *opts, const cli_place *place, cli_quantity quantity)
{
    int32_t first = opts->epoch == CLI_EPOCH_ALL ? 0 : opts->epoch;
    int32_t last = opts->epoch == CLI_EPOCH_ALL ? (int32_t)place->info->epochs - 1 : opts->epoch;
    int code = CLI_OK;
    for (int32_t epoch = first; code == CLI_OK && epoch <= last; epoch++) {
        if (cli_has_epoch(table, place, quantity, epoch))
            code = add_seeds(list, table, opts, place, quantity, epoch);
    }
    return code;
}

static bool is_wanted(const cli_strings *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], name) == 0)
            return true;
    }
    return list->count == 0;
}

/* Costs, then the metrics of each split. Total time is no metric that an import takes, so it comes only when asked for. */
static int add_setup(columns *list, const nb_table *table, const options *opts, uint32_t setup)
{
    cli_place place = {.setup = setup, .info = nb_table_setup_info(table, setup)};
    int code = CLI_OK;
    for (int cost = CLI_FLOPS; code == CLI_OK && cost < CLI_QUANTITY_COUNT; cost++) {
        if (opts->wanted[cost] || !opts->some_wanted)
            code = add_seeds(list, table, opts, &place, (cli_quantity)cost, NB_EPOCH_LAST);
    }
    for (uint32_t split = 0; code == CLI_OK && split < place.info->split_count; split++) {
        place.split = split;
        place.split_name = place.info->splits[split];
        if (!is_wanted(&opts->splits, place.split_name))
            continue;
        for (int metric = 0; code == CLI_OK && metric < CLI_FLOPS; metric++) {
            if (opts->wanted[metric] || (!opts->some_wanted && metric != CLI_TOTAL_TIME))
                code = add_metric(list, table, opts, &place, (cli_quantity)metric);
        }
    }
    return code;
}

static bool has_values(const nb_table *table, const column *c);

/* Latency and the like are columns only if somebody measured them. */
static void drop_empty(columns *list, const nb_table *table)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (cli_is_cost(list->items[i].measure.quantity) && !has_values(table, &list->items[i]))
            free(list->items[i].head);
        else
            list->items[kept++] = list->items[i];
    }
    list->count = kept;
}

/* Whether the setup is of one of the datasets and schedules that were asked for. */
static bool is_wanted_setup(const nb_table *table, const options *opts, uint32_t setup)
{
    const char *dataset = nb_table_setup_info(table, setup)->dataset;
    if (!is_wanted(&opts->datasets, dataset))
        return false;
    for (size_t i = 0; i < opts->schedules.count; i++) {
        if (nb_table_setup(table, dataset, opts->schedules.items[i]) == (int)setup) /* this knows full and less, too */
            return true;
    }
    return opts->schedules.count == 0;
}

/* Names that the table does not have anywhere are mistakes. */
static int check_names(const nb_table *table, const options *opts)
{
    const nb_table_info *info = nb_table_get_info(table);
    for (size_t i = 0; i < opts->datasets.count; i++) {
        int code = cli_check_dataset(table, opts->datasets.items[i]);
        if (code != CLI_OK)
            return code;
    }
    for (size_t i = 0; i < opts->schedules.count; i++) {
        bool found = false;
        for (uint32_t setup = 0; setup < info->setups && !found; setup++)
            found = nb_table_setup(table, nb_table_setup_info(table, setup)->dataset, opts->schedules.items[i]) == (int)setup;
        if (!found)
            return cli_fail("%s: no schedule '%s'", info->name, opts->schedules.items[i]);
    }
    for (size_t i = 0; i < opts->splits.count; i++) {
        bool found = false;
        for (uint32_t setup = 0; setup < info->setups && !found; setup++)
            found = is_wanted_setup(table, opts, setup) && nb_table_split(table, setup, opts->splits.items[i]) >= 0;
        if (!found)
            return cli_fail("%s: no split '%s' in what was asked for", info->name, opts->splits.items[i]);
    }
    return CLI_OK;
}

static int find_columns(columns *list, const nb_table *table, const options *opts)
{
    const nb_table_info *info = nb_table_get_info(table);
    int code = check_names(table, opts);
    for (uint32_t setup = 0; code == CLI_OK && setup < info->setups; setup++) {
        if (is_wanted_setup(table, opts, setup))
            code = add_setup(list, table, opts, setup);
    }
    if (code != CLI_OK)
        return code;
    drop_empty(list, table);
    return list->count > 0 ? CLI_OK : cli_fail("%s: nothing of what was asked for was measured", info->name);
}

/* ---- values ---- */

static bool column_value(const nb_table *table, const column *c, uint32_t row, double *value)
{
    if (!c->of_seed)
        return cli_measure_mean(&c->measure, row, value);
    uint32_t first, count = nb_table_trials(table, c->measure.place.setup, row, &first);
    for (uint32_t i = 0; i < count; i++) {
        if (nb_table_trial_seed(table, c->measure.place.setup, first + i) == c->seed)
            return cli_measure_trial(&c->measure, first + i, value);
    }
    *value = NAN;
    return false;
}

static bool has_values(const nb_table *table, const column *c)
{
    for (uint32_t row = 0; row < nb_table_get_info(table)->rows; row++) {
        double value;
        if (column_value(table, c, row, &value))
            return true;
    }
    return false;
}

/* ---- formats ---- */

/* A field of a CSV (RFC 4180): quoted only when it must be. */
static void put_field(FILE *out, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void put_csv_heads(FILE *out, const columns *list)
{
    fputs("index,arch", out);
    for (size_t i = 0; i < list->count; i++) {
        fputc(',', out);
        put_field(out, list->items[i].head);
    }
    fputc('\n', out);
}

/* An empty field was not measured; nan was measured, and was no number. */
static void put_csv_row(FILE *out, const nb_table *table, const columns *list, uint32_t row, const char *arch)
{
    fprintf(out, "%u,", row);
    put_field(out, arch);
    for (size_t i = 0; i < list->count; i++) {
        double value;
        char text[CLI_NUMBER_SIZE];
        fputc(',', out);
        if (column_value(table, &list->items[i], row, &value))
            fputs(isnan(value) ? "nan" : cli_shortest(value, text), out);
    }
    fputc('\n', out);
}

static void put_json_row(cli_json *json, const nb_table *table, const columns *list, uint32_t row, const char *arch)
{
    cli_json_begin_object(json, CLI_JSON_INLINE);
    cli_json_put_unsigned(json, "index", row);
    cli_json_put_string(json, "arch", arch);
    for (size_t i = 0; i < list->count; i++) {
        double value;
        bool measured = column_value(table, &list->items[i], row, &value);
        cli_json_put_real(json, list->items[i].head, measured ? value : NAN);
    }
    cli_json_end(json);
}

static int write_rows(const nb_table *table, const options *opts, const columns *list, FILE *out)
{
    const nb_table_info *info = nb_table_get_info(table);
    cli_json json = {.out = out};
    cli_progress progress;
    cli_progress_begin(&progress, "exporting");
    if (opts->format == EXPORT_JSON)
        cli_json_begin_array(&json, CLI_JSON_LINES);
    else
        put_csv_heads(out, list);
    for (uint32_t row = 0; row < info->rows && !ferror(out) && !cli_stopped(); row++) {
        if (!nb_table_is_evaluated(table, row))
            continue;
        nb_arch arch = nb_table_arch(table, row);
        cli_arch_text text = cli_arch_string(&arch);
        if (opts->format == EXPORT_JSON)
            put_json_row(&json, table, list, row, text.text);
        else
            put_csv_row(out, table, list, row, text.text);
        if (progress.progress.report && opts->output)
            progress.progress.report(progress.progress.user, row + 1, info->rows, NULL);
    }
    if (opts->format == EXPORT_JSON)
        cli_json_end(&json);
    cli_progress_end(&progress);
    return cli_stopped() ? cli_fail("export: stopped on request") : CLI_OK;
}

static int run(const cli_command *self, int argc, char **argv)
{
    options opts = {.epoch = NB_EPOCH_LAST};
    nb_table *table;
    columns list = {0};
    cli_output output;
    cli_parse(self, argc, argv, parse, &opts);
    int code = cli_open_table(opts.path, &table);
    if (code != CLI_OK)
        return code;
    code = find_columns(&list, table, &opts);
    if (code == CLI_OK)
        code = cli_output_open(&output, opts.output);
    if (code == CLI_OK) {
        code = write_rows(table, &opts, &list, output.file);
        code = cli_output_close(&output, code);
    }
    for (size_t i = 0; i < list.count; i++)
        free(list.items[i].head);
    free(list.items);
    free(opts.datasets.items);
    free(opts.schedules.items);
    free(opts.splits.items);
    nb_table_close(table);
    return code;
}

static const struct argp_option option_table[] = {
    {"to", OPTION_TO, "FORMAT", 0, "csv or json", 0},
    {"output", 'o', "FILE", 0, "The file to write. Default: standard output", 0},
    {"dataset", OPTION_DATASET, "DATASET", 0, "Only this dataset; may be repeated", 0},
    {"schedule", OPTION_SCHEDULE, "SCHEDULE", 0, "Only this schedule; may be repeated", 0},
    {"split", OPTION_SPLIT, "SPLIT", 0, "Only this split, by its full name; may be repeated", 0},
    {"metric", OPTION_METRIC, "METRIC", 0,
     "Only accuracy, accuracy5, loss, time, total-time, flops, params or latency; may be repeated. Default: all but total-time", 0},
    {"epoch", OPTION_EPOCH, "EPOCH", 0, "Epoch from 0, last (default), or all: a column for each", 0},
    {"seed", OPTION_SEED, "SEED", 0, "The trial with this seed, mean (default), or all: a column for each", 0},
    {0},
};

const cli_command cmd_export = {
    .name = "export",
    .summary = "write a table as CSV or JSON",
    .usage = "TABLE --to csv|json [-o FILE]",
    .description =
        "Writes one row per evaluated architecture: index, architecture string, and a column for every metric. The head of a column says "
        "what it holds, DATASET/SCHEDULE/SPLIT/METRIC with @EPOCH and #SEED behind it where they were chosen, or DATASET/SCHEDULE/flops, "
        "/params and /latency; 'nasbench import' reads such a CSV back. Units: accuracies percent, losses nat, times and latencies "
        "seconds, flops millions of multiply-accumulates, params millions.\n\nNumbers are exact to the bit. Empty fields, and null in "
        "JSON, were not measured.",
    .options = option_table,
    .examples = "export nb201.safetensors --to csv -o nb201.csv\tfinal results, mean over seeds\n"
                "export nb201.safetensors --to json --dataset cifar10 --metric accuracy --seed all\teach trial's final accuracies\n"
                "export nb201.safetensors --to csv --metric loss --split train --epoch all\tall learning curves\n",
    .run = run,
};
