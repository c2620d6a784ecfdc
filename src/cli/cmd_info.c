/* nasbench info: what a table holds. */
#include <nasbench/space.h>
#include <nasbench/table.h>
#include <stdlib.h>

#include "cli_columns.h"
#include "cli_json.h"
#include "cli_number.h"
#include "cli_progress.h"
#include "cli_table.h"
#include "commands.h"

enum { OPTION_JSON = 256, OPTION_VERIFY };

typedef struct options {
    const char *path;
    bool json;
    bool verify;
} options;

static error_t parse(int key, char *arg, struct argp_state *state)
{
    options *opts = state->input;
    switch (key) {
    case OPTION_JSON:
        opts->json = true;
        return 0;
    case OPTION_VERIFY:
        opts->verify = true;
        return 0;
    case ARGP_KEY_ARG:
        if (opts->path)
            return ARGP_ERR_UNKNOWN;
        opts->path = arg;
        return 0;
    case ARGP_KEY_END:
        if (!opts->path)
            cli_bad_usage(state, "TABLE is missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* How the values of a curve can be asked for. */
static const char *coverage_name(nb_coverage coverage)
{
    switch (coverage) {
    case NB_COVERAGE_FULL:
        return "by epoch";
    case NB_COVERAGE_LAST:
        return "last epoch";
    case NB_COVERAGE_CONSTANT:
        return "constant";
    case NB_COVERAGE_POINTS:
        return "points";
    case NB_COVERAGE_NONE:
        break;
    }
    return "-";
}

/* ---- as text ---- */

/* A line of text out of the file, unless there is none. */
static void print_text(const char *label, const char *text)
{
    char *copy = cli_printable(cli_strdup(text));
    if (copy[0] != '\0')
        printf("%-14s %s\n", label, copy);
    free(copy);
}

static void print_head(const nb_table_info *info)
{
    char number[CLI_NUMBER_SIZE], other[CLI_NUMBER_SIZE];
    print_text("table", info->name);
    print_text("benchmark", info->benchmark);
    print_text("source", info->source);
    printf("space          %s (%s)\n", nb_space_title(info->space), nb_space_name(info->space));
    if (info->evaluated == info->rows)
        printf("architectures  %s, all evaluated\n", cli_grouped(info->rows, number));
    else
        printf("architectures  %s, %s evaluated\n", cli_grouped(info->rows, number), cli_grouped(info->evaluated, other));
    printf("trials         %s\n", cli_grouped(info->trials, number));
    printf("interface      %s\n", nb_flavour_name(info->flavour));
    printf("file           %s\n", cli_bytes(info->bytes, number));
}

/* "111 777", and how many more there are. */
static char *seed_list(const nb_setup_info *setup)
{
    enum { SHOWN = 4 };
    char *list = cli_strdup("");
    for (uint32_t i = 0; i < setup->seed_count && i < SHOWN; i++) {
        char *longer = cli_format("%s%s%u", list, i > 0 ? " " : "", setup->seeds[i]);
        free(list);
        list = longer;
    }
    if (setup->seed_count <= SHOWN)
        return list;
    char *longer = cli_format("%s and %u more", list, setup->seed_count - SHOWN);
    free(list);
    return longer;
}

static void print_setups(const nb_table *table, const nb_table_info *info)
{
    cli_columns columns = {0};
    cli_columns_head(&columns, "dataset", 'l');
    cli_columns_head(&columns, "schedule", 'r');
    cli_columns_head(&columns, "epochs", 'r');
    cli_columns_head(&columns, "architectures", 'r');
    cli_columns_head(&columns, "trials", 'r');
    cli_columns_head(&columns, "seeds", 'l');
    for (uint32_t i = 0; i < info->setups; i++) {
        const nb_setup_info *setup = nb_table_setup_info(table, i);
        char *epochs = setup->split_count > 0 ? cli_format("%s%u", setup->epochs_vary ? "<= " : "", setup->epochs) : cli_strdup("-");
        char *seeds = seed_list(setup);
        cli_columns_text(&columns, setup->dataset);
        cli_columns_text(&columns, setup->schedule);
        cli_columns_text(&columns, epochs);
        cli_columns_unsigned(&columns, setup->rows_with_trial);
        cli_columns_unsigned(&columns, setup->trials);
        cli_columns_text(&columns, seeds);
        free(epochs);
        free(seeds);
    }
    printf("\n");
    cli_columns_print(&columns, stdout);
    cli_columns_free(&columns);
}

/* One line per split of each setup: what was measured, and at which epochs. */
static void print_curves(const nb_table *table, const nb_table_info *info)
{
    static const char *const heads[NB_METRIC_COUNT] = {
        [NB_METRIC_LOSS] = "loss",
        [NB_METRIC_ACCURACY] = "accuracy [%]",
        [NB_METRIC_ACCURACY5] = "accuracy5 [%]",
        [NB_METRIC_TIME] = "time [s]",
    };
    cli_columns columns = {0};
    cli_columns_head(&columns, "dataset", 'l');
    cli_columns_head(&columns, "schedule", 'r');
    cli_columns_head(&columns, "split", 'l');
    for (int metric = 0; metric < NB_METRIC_COUNT; metric++)
        cli_columns_head(&columns, heads[metric], 'l');
    for (uint32_t i = 0; i < info->setups; i++) {
        const nb_setup_info *setup = nb_table_setup_info(table, i);
        for (uint32_t split = 0; split < setup->split_count; split++) {
            cli_columns_text(&columns, setup->dataset);
            cli_columns_text(&columns, setup->schedule);
            cli_columns_text(&columns, setup->splits[split]);
            for (int metric = 0; metric < NB_METRIC_COUNT; metric++)
                cli_columns_text(&columns, coverage_name(nb_table_coverage(table, i, split, (nb_metric)metric)));
        }
    }
    if (columns.cell_count > 0) {
        printf("\n");
        cli_columns_print(&columns, stdout);
    }
    cli_columns_free(&columns);
}

/* ---- as JSON ---- */

static void json_setup(cli_json *json, const nb_table *table, uint32_t i)
{
    const nb_setup_info *setup = nb_table_setup_info(table, i);
    cli_json_begin_object(json, CLI_JSON_LINES);
    cli_json_put_string(json, "dataset", setup->dataset);
    cli_json_put_string(json, "schedule", setup->schedule);
    cli_json_put_unsigned(json, "epochs", setup->epochs);
    cli_json_put_bool(json, "epochs_vary", setup->epochs_vary);
    cli_json_put_unsigned(json, "architectures", setup->rows_with_trial);
    cli_json_put_unsigned(json, "trials", setup->trials);
    cli_json_put_unsigned(json, "most_trials_of_an_architecture", setup->max_trials_per_row);
    cli_json_key(json, "seeds");
    cli_json_begin_array(json, CLI_JSON_INLINE);
    for (uint32_t seed = 0; seed < setup->seed_count; seed++)
        cli_json_unsigned(json, setup->seeds[seed]);
    cli_json_end(json);
    cli_json_key(json, "splits");
    cli_json_begin_array(json, CLI_JSON_LINES);
    for (uint32_t split = 0; split < setup->split_count; split++) {
        cli_json_begin_object(json, CLI_JSON_INLINE);
        cli_json_put_string(json, "split", setup->splits[split]);
        for (int metric = 0; metric < NB_METRIC_COUNT; metric++) {
            nb_coverage coverage = nb_table_coverage(table, i, split, (nb_metric)metric);
            cli_json_put_string(json, nb_metric_name((nb_metric)metric), coverage == NB_COVERAGE_NONE ? NULL : coverage_name(coverage));
        }
        cli_json_end(json);
    }
    cli_json_end(json);
    cli_json_end(json);
}

static void print_json(const nb_table *table, const nb_table_info *info)
{
    cli_json json = {.out = stdout};
    cli_json_begin_object(&json, CLI_JSON_LINES);
    cli_json_put_string(&json, "table", info->name);
    cli_json_put_string(&json, "benchmark", info->benchmark);
    cli_json_put_string(&json, "source", info->source);
    cli_json_put_string(&json, "space", nb_space_name(info->space));
    cli_json_put_unsigned(&json, "architectures", info->rows);
    cli_json_put_unsigned(&json, "evaluated", info->evaluated);
    cli_json_put_unsigned(&json, "trials", info->trials);
    cli_json_put_string(&json, "interface", nb_flavour_name(info->flavour));
    cli_json_put_unsigned(&json, "bytes", info->bytes);
    cli_json_key(&json, "setups");
    cli_json_begin_array(&json, CLI_JSON_LINES);
    for (uint32_t i = 0; i < info->setups; i++)
        json_setup(&json, table, i);
    cli_json_end(&json);
    cli_json_end(&json);
}

static int verify(const nb_table *table)
{
    nb_error err;
    cli_progress progress;
    cli_progress_begin(&progress, "verifying");
    nb_status status = nb_table_verify(table, &progress.progress, &err);
    cli_progress_end(&progress);
    return status == NB_OK ? CLI_OK : cli_fail_with(&err);
}

static int run(const cli_command *self, int argc, char **argv)
{
    options opts = {0};
    nb_table *table;
    cli_parse(self, argc, argv, parse, &opts);
    int code = cli_open_table(opts.path, &table);
    if (code != CLI_OK)
        return code;
    if (opts.verify)
        code = verify(table);
    if (code == CLI_OK) {
        const nb_table_info *info = nb_table_get_info(table);
        if (opts.json) {
            print_json(table, info);
        } else {
            print_head(info);
            print_setups(table, info);
            print_curves(table, info);
        }
        if (opts.verify && !opts.json)
            printf("\nAll checksums are right.\n");
    }
    nb_table_close(table);
    return code;
}

static const struct argp_option option_table[] = {
    {"verify", OPTION_VERIFY, NULL, 0, "Read the whole file and check every checksum", 0},
    {"json", OPTION_JSON, NULL, 0, "Print one JSON object", 0},
    {0},
};

const cli_command cmd_info = {
    .name = "info",
    .summary = "tell what a table holds",
    .usage = "TABLE",
    .description =
        "Tells what a table holds: benchmark, space, size, every dataset and schedule with its epochs, trials and seeds, and which "
        "metrics were measured on which splits: by epoch, at the last epoch only, or as one constant for all epochs.",
    .options = option_table,
    .examples = "info nb201.safetensors\ttells what is in the table\n"
                "info nb201.safetensors --verify\talso checks every byte\n",
    .run = run,
};
