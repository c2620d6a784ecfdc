/* nasbench import: published result files become a table. */
#include <nasbench/import.h>
#include <nasbench/space.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli_arch.h"
#include "cli_json.h"
#include "cli_number.h"
#include "cli_progress.h"
#include "commands.h"

enum { OPTION_JSON = 256, OPTION_COLUMN, OPTION_SPACE, OPTION_NAME, OPTION_API };

typedef struct options {
    cli_strings sources;
    cli_strings columns;
    const char *target;
    nb_import_options import;
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
    case OPTION_COLUMN:
        if (!strchr(arg, '='))
            cli_bad_usage(state, "--column: '%s'; NAME=DATASET/SCHEDULE/SPLIT/METRIC expected", arg);
        cli_strings_add(&opts->columns, arg);
        return 0;
    case OPTION_SPACE:
        opts->import.space = cli_parse_space(state, arg);
        return 0;
    case OPTION_NAME:
        opts->import.benchmark = arg;
        return 0;
    case OPTION_API:
        if (nb_flavour_parse(arg, &opts->import.flavour, &err) != NB_OK)
            cli_bad_usage(state, "--api: %s", err.message);
        opts->import.flavour_given = true;
        return 0;
    case 'o':
        opts->target = arg;
        return 0;
    case ARGP_KEY_ARG:
        cli_strings_add(&opts->sources, arg);
        return 0;
    case ARGP_KEY_END:
        if (opts->sources.count == 0)
            cli_bad_usage(state, "SOURCE is missing: a file or folder to read");
        if (!opts->target)
            cli_bad_usage(state, "-o TABLE is missing: the file to write");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void print_text(const options *opts, const nb_import_summary *summary, double seconds)
{
    char architectures[CLI_NUMBER_SIZE], trials[CLI_NUMBER_SIZE], bytes[CLI_NUMBER_SIZE], duration[CLI_NUMBER_SIZE];
    printf("%s: %s\n", opts->target, summary->kind);
    printf("%s architecture%s, %s trial%s", cli_grouped(summary->architectures, architectures), summary->architectures == 1 ? "" : "s",
           cli_grouped(summary->trials, trials), summary->trials == 1 ? "" : "s");
    if (summary->columns > 0)
        printf(", %u column%s taken, %u left out", summary->columns, summary->columns == 1 ? "" : "s", summary->columns_skipped);
    printf("; %u file%s, %s", summary->files, summary->files == 1 ? "" : "s", cli_bytes(summary->bytes, bytes));
    printf(" read in %s\n",
           seconds < 9.95 ? (snprintf(duration, sizeof duration, "%.1f s", seconds), duration) : cli_duration(seconds, duration));
}

static void print_json(const options *opts, const nb_import_summary *summary, double seconds)
{
    cli_json json = {.out = stdout};
    cli_json_begin_object(&json, CLI_JSON_LINES);
    cli_json_put_string(&json, "table", opts->target);
    cli_json_put_string(&json, "kind", summary->kind);
    cli_json_put_string(&json, "interface", nb_flavour_name(summary->flavour));
    cli_json_put_unsigned(&json, "files", summary->files);
    cli_json_put_unsigned(&json, "architectures", summary->architectures);
    cli_json_put_unsigned(&json, "trials", summary->trials);
    cli_json_put_unsigned(&json, "bytes", summary->bytes);
    cli_json_put_unsigned(&json, "columns", summary->columns);
    cli_json_put_unsigned(&json, "columns_skipped", summary->columns_skipped);
    cli_json_put_real(&json, "seconds", seconds);
    cli_json_end(&json);
}

static int run(const cli_command *self, int argc, char **argv)
{
    options opts = {0};
    nb_import_summary summary;
    nb_error err;
    cli_progress progress;
    cli_parse(self, argc, argv, parse, &opts);
    opts.import.columns = opts.columns.items;
    opts.import.column_count = opts.columns.count;
    double started = now();
    cli_progress_begin(&progress, "importing");
    nb_status status = nb_import(opts.sources.items, opts.sources.count, opts.target, &opts.import, &summary, &progress.progress, &err);
    cli_progress_end(&progress);
    double seconds = now() - started;
    if (status == NB_OK && opts.json)
        print_json(&opts, &summary, seconds);
    else if (status == NB_OK)
        print_text(&opts, &summary, seconds);
    free(opts.sources.items);
    free(opts.columns.items);
    return status == NB_OK ? CLI_OK : cli_fail_with(&err);
}

static const struct argp_option option_table[] = {
    {"output", 'o', "TABLE", 0, "The table to write; an existing file is replaced when all is read", 0},
    {"column", OPTION_COLUMN, "NAME=TARGET", 0,
     "CSV: the column NAME holds TARGET, which is DATASET/SCHEDULE/SPLIT/METRIC, with @EPOCH and #SEED behind it where wanted, or "
     "DATASET/SCHEDULE/flops, /params or /latency; may be repeated",
     0},
    {"space", OPTION_SPACE, "SPACE", 0, "CSV without architecture strings: the space of its indices. Default: nasbench201", 0},
    {"name", OPTION_NAME, "TEXT", 0, "Name of the benchmark, stored in the table. Default: by the kind of source", 0},
    {"api", OPTION_API, "VERSION", 0,
     "Which original API the table answers like: aa, 1.0, 1.1, 1.2, 1.3, 2.0 or nats. Default: that of the source", 0},
    {"json", OPTION_JSON, NULL, 0, "Print what was found as one JSON object", 0},
    {0},
};

const cli_command cmd_import = {
    .name = "import",
    .summary = "turn published result files into a table",
    .usage = "SOURCE... -o TABLE",
    .description =
        "Reads the files that NAS-Bench-201, AA-NAS-Bench and NATS-Bench published (.pth benchmark files in both forms of torch.save, "
        "folders of per-architecture archives, NATS .pickle.pbz2 folders and files), records of own training runs, and CSV files with own "
        "results, and writes one table. Each file is recognised by its content.\n\nNothing in the files is executed; a pickle that asks "
        "for more than plain data is refused. Numbers arrive bit for bit. When the import fails or is stopped with Ctrl-C, TABLE is as it "
        "was.\n\nA CSV has a line of column heads, an 'index' or 'arch' column, and metric columns whose head is a TARGET or that "
        "--column maps to one. METRIC is accuracy, accuracy5, loss or time.",
    .options = option_table,
    .examples = "import NAS-Bench-201-v1_1-096897.pth -o nb201.safetensors\tthe published file\n"
                "import NATS-tss-v1_0-3ffb9-simple -o nats-tss.safetensors\ta folder of NATS-Bench\n"
                "import mine.csv -o mine.safetensors --column acc=cifar10/200/ori-test/accuracy\town results\n",
    .run = run,
};
