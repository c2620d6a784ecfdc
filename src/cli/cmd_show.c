/* nasbench show: all that is known of an architecture, in the layout of the original API, or as JSON. */
#include <math.h>
#include <nasbench/query.h>
#include <stdlib.h>
#include <string.h>

#include "cli_arch.h"
#include "cli_json.h"
#include "cli_nasbench101.h"
#include "cli_progress.h"
#include "cli_table.h"
#include "commands.h"

enum { OPTION_JSON = 256, OPTION_API };

typedef struct options {
    const char *path;
    const char *arch;
    bool flavour_given;
    nb_flavour flavour;
    bool json;
} options;

static error_t parse(int key, char *arg, struct argp_state *state)
{
    options *opts = state->input;
    nb_error err;
    switch (key) {
    case OPTION_JSON:
        opts->json = true;
        return 0;
    case OPTION_API:
        if (nb_flavour_parse(arg, &opts->flavour, &err) != NB_OK)
            cli_bad_usage(state, "--api: %s", err.message);
        opts->flavour_given = true;
        return 0;
    case ARGP_KEY_ARG:
        if (!opts->path)
            opts->path = arg;
        else if (!opts->arch)
            opts->arch = arg;
        else
            return ARGP_ERR_UNKNOWN;
        return 0;
    case ARGP_KEY_END:
        if (!opts->path)
            cli_bad_usage(state, "TABLE is missing");
        if (!opts->arch)
            cli_bad_usage(state, "ARCH is missing: an index, an architecture string, or all");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- as text ---- */

static bool write_to_stdout(void *user, const char *text, size_t size)
{
    (void)user;
    return fwrite(text, 1, size, stdout) == size;
}

static int show_text(const nb_table *table, const options *opts, int64_t row)
{
    nb_error err;
    cli_progress progress;
    const nb_sink sink = {.write = write_to_stdout};
    cli_progress_begin(&progress, "printing");
    progress.progress.report = NULL; /* the text itself shows how far it is */
    nb_status status = nb_table_show(table, row, opts->flavour, &sink, &progress.progress, &err);
    cli_progress_end(&progress);
    if (status == NB_ERR_IO && ferror(stdout))
        return CLI_FAILED; /* main says why */
    return status == NB_OK ? CLI_OK : cli_fail_with(&err);
}

/* ---- as JSON ---- */

static void json_costs(cli_json *json, const nb_table *table, uint32_t setup, uint32_t row, nb_flavour flavour)
{
    nb_cost_info costs;
    cli_json_key(json, "costs");
    if (nb_table_costs(table, setup, row, flavour, &costs, NULL) != NB_OK) {
        cli_json_null(json);
        return;
    }
    const nb_setup_info *info = nb_table_setup_info(table, setup);
    cli_json_begin_object(json, CLI_JSON_INLINE);
    cli_json_put_real(json, "flops", costs.flops);
    cli_json_put_real(json, "params", costs.params);
    cli_json_put_real(json, "latency", costs.measured ? costs.latency : NAN);
    for (uint32_t i = 0; i < costs.times_count; i++) {
        const nb_split_times *times = &costs.times[i];
        char *per_epoch = cli_format("T-%s@epoch", info->splits[times->split]);
        char *total = cli_format("T-%s@total", info->splits[times->split]);
        cli_json_put_real(json, per_epoch, times->timed ? times->per_epoch : NAN);
        cli_json_put_real(json, total, times->timed ? times->total : NAN);
        free(per_epoch);
        free(total);
    }
    cli_json_end(json);
}

static void json_metrics(cli_json *json, const nb_metrics *metrics)
{
    cli_json_begin_object(json, CLI_JSON_INLINE);
    cli_json_put_real(json, "epoch", metrics->epoch);
    cli_json_put_real(json, "loss", metrics->loss);
    cli_json_put_real(json, "accuracy", metrics->accuracy);
    cli_json_put_real(json, "cur_time", metrics->timed ? metrics->cur_time : NAN);
    cli_json_put_real(json, "all_time", metrics->timed ? metrics->all_time : NAN);
    cli_json_end(json);
}

static void json_more_info(cli_json *json, const nb_table *table, uint32_t setup, uint32_t row, nb_flavour flavour)
{
    nb_more_info info;
    const nb_pick mean = {.kind = NB_PICK_MEAN};
    cli_json_key(json, "more_info");
    if (nb_table_more_info(table, setup, row, NB_EPOCH_LAST, &mean, flavour, &info, NULL) != NB_OK) {
        cli_json_null(json);
        return;
    }
    cli_json_begin_object(json, CLI_JSON_INLINE);
    for (uint32_t i = 0; i < info.count; i++) {
        nb_info_key key = (nb_info_key)info.keys[i];
        cli_json_put_real(json, nb_info_key_name(key), info.null[key] ? NAN : info.values[key]);
    }
    cli_json_end(json);
}

static void json_setup(cli_json *json, const nb_table *table, uint32_t setup, uint32_t row, nb_flavour flavour)
{
    const nb_setup_info *info = nb_table_setup_info(table, setup);
    const nb_pick mean = {.kind = NB_PICK_MEAN};
    uint32_t first, count = nb_table_trials(table, setup, row, &first);
    if (count == 0)
        return;
    cli_json_begin_object(json, CLI_JSON_LINES);
    cli_json_put_string(json, "dataset", info->dataset);
    cli_json_put_string(json, "schedule", info->schedule);
    cli_json_key(json, "seeds");
    cli_json_begin_array(json, CLI_JSON_INLINE);
    for (uint32_t i = 0; i < count; i++)
        cli_json_unsigned(json, nb_table_trial_seed(table, setup, first + i));
    cli_json_end(json);
    json_costs(json, table, setup, row, flavour);
    cli_json_key(json, "splits");
    cli_json_begin_object(json, CLI_JSON_LINES);
    for (uint32_t split = 0; split < info->split_count; split++) {
        nb_metrics metrics;
        if (nb_table_metrics(table, setup, row, split, NB_EPOCH_LAST, &mean, flavour, &metrics, NULL) != NB_OK)
            continue;
        cli_json_key(json, info->splits[split]);
        json_metrics(json, &metrics);
    }
    cli_json_end(json);
    json_more_info(json, table, setup, row, flavour);
    cli_json_end(json);
}

static void json_row(cli_json *json, const nb_table *table, const options *opts, uint32_t row)
{
    nb_arch arch = nb_table_arch(table, row);
    cli_json_begin_object(json, CLI_JSON_LINES);
    cli_json_put_unsigned(json, "index", row);
    cli_json_put_string(json, "arch", cli_arch_string(&arch).text);
    cli_json_put_bool(json, "evaluated", nb_table_is_evaluated(table, row));
    cli_json_key(json, "results");
    cli_json_begin_array(json, CLI_JSON_LINES);
    for (uint32_t setup = 0; setup < nb_table_get_info(table)->setups; setup++)
        json_setup(json, table, setup, row, opts->flavour);
    cli_json_end(json);
    cli_json_end(json);
}

static void show_json(const nb_table *table, const options *opts, int64_t row)
{
    cli_json json = {.out = stdout};
    if (row >= 0) {
        json_row(&json, table, opts, (uint32_t)row);
        return;
    }
    cli_json_begin_array(&json, CLI_JSON_LINES);
    for (uint32_t i = 0; i < nb_table_get_info(table)->rows && !ferror(stdout); i++) {
        if (nb_table_is_evaluated(table, i))
            json_row(&json, table, opts, i);
    }
    cli_json_end(&json);
}

static int run(const cli_command *self, int argc, char **argv)
{
    options opts = {0};
    nb_table *table;
    cli_parse(self, argc, argv, parse, &opts);
    int code = cli_open_table(opts.path, &table);
    if (code != CLI_OK)
        return code;
    if (!opts.flavour_given)
        opts.flavour = nb_table_get_info(table)->flavour;
    if (opts.flavour == NB_FLAVOUR_101) {
        code = cli_show101(table, opts.arch, opts.json);
        nb_table_close(table);
        return code;
    }
    int64_t row = -1;
    if (strcmp(opts.arch, "all") != 0) {
        uint32_t found = 0;
        code = cli_find_row(table, opts.arch, &found);
        row = found;
    }
    if (code == CLI_OK && opts.json)
        show_json(table, &opts, row);
    else if (code == CLI_OK)
        code = show_text(table, &opts, row);
    nb_table_close(table);
    return code;
}

static const struct argp_option option_table[] = {
    {"api", OPTION_API, "VERSION", 0,
     "Print as this version of the original API does: aa, 1.0, 1.1, 1.2, 1.3, 2.0, nats or 101. Default: the one the data came with", 0},
    {"json", OPTION_JSON, NULL, 0, "Print an object (an array of them for all) with means over seeds at the last epoch", 0},
    {0},
};

const cli_command cmd_show = {
    .name = "show",
    .summary = "print all that is known of an architecture, as the original API does",
    .usage = "TABLE ARCH\nTABLE all",
    .description =
        "Prints what api.show(index) of the original Python packages prints: costs, and losses and accuracies of every dataset under every "
        "schedule, means over all seeds at the last epoch. Latencies are milliseconds there, FLOPs millions of multiply-accumulates (M), "
        "parameters millions (MB).\n\n--json gives the same and get_more_info's dictionary, latencies and times in seconds.\n\nOf "
        "NAS-Bench-101 "
        "it prints the fixed and computed statistics of get_metrics_from_spec: the stored cell, its trainable parameters, and every run "
        "half-way and at the end; accuracies are fractions there.",
    .options = option_table,
    .examples = "show nb201.safetensors 11\tprints architecture 11\n"
                "show nb201.safetensors all --api 1.0 | less\tthe whole table in the layout of version 1.0\n",
    .run = run,
};
