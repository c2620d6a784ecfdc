/* nasbench db build: result files become one of NNI's databases. */
#include <errno.h>
#include <nasbench/db_build.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli_db.h"
#include "cli_json.h"
#include "cli_number.h"
#include "cli_progress.h"

enum { OPTION_JSON = 256 };

typedef struct options {
    bool kind_given;
    nb_db_kind kind;
    cli_strings sources;
    const char *target;
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
    case 'o':
        opts->target = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (opts->kind_given) {
            cli_strings_add(&opts->sources, arg);
            return 0;
        }
        if (nb_db_kind_parse(arg, &opts->kind, &err) != NB_OK)
            cli_bad_usage(state, "%s", err.message);
        opts->kind_given = true;
        return 0;
    case ARGP_KEY_END:
        if (!opts->kind_given)
            cli_bad_usage(state, "BENCHMARK is missing: nasbench101, nasbench201 or nds");
        if (opts->sources.count == 0)
            cli_bad_usage(state, "SOURCE is missing: a file or folder to read");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Makes the folders that lead to a file. What cannot be made shows when the file is written. */
static void make_folders(const char *path)
{
    char *copy = cli_strdup(path);
    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(copy, 0777);
        *slash = '/';
    }
    free(copy);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void print_text(const char *target, const nb_db_build_summary *summary, double seconds)
{
    char configs[CLI_NUMBER_SIZE], trials[CLI_NUMBER_SIZE], points[CLI_NUMBER_SIZE], bytes[CLI_NUMBER_SIZE];
    printf("%s: %s configs, %s trials, %s points; %u file%s read, %s written in %.1f s\n", target, cli_grouped(summary->configs, configs),
           cli_grouped(summary->trials, trials), cli_grouped(summary->points, points), summary->files, summary->files == 1 ? "" : "s",
           cli_bytes(summary->bytes, bytes), seconds);
    if (summary->untimed_trials > 0)
        printf("%s trials lack times, which the database has as 0\n", cli_grouped(summary->untimed_trials, trials));
}

static void print_json(const char *target, const options *opts, const nb_db_build_summary *summary, double seconds)
{
    cli_json json = {.out = stdout};
    cli_json_begin_object(&json, CLI_JSON_LINES);
    cli_json_put_string(&json, "database", target);
    cli_json_put_string(&json, "benchmark", nb_db_kind_name(opts->kind));
    cli_json_put_unsigned(&json, "files", summary->files);
    cli_json_put_unsigned(&json, "configs", summary->configs);
    cli_json_put_unsigned(&json, "trials", summary->trials);
    cli_json_put_unsigned(&json, "points", summary->points);
    cli_json_put_unsigned(&json, "untimed_trials", summary->untimed_trials);
    cli_json_put_unsigned(&json, "bytes", summary->bytes);
    cli_json_put_real(&json, "seconds", seconds);
    cli_json_end(&json);
}

static int build(const options *opts, const char *target)
{
    nb_db_build_summary summary;
    nb_error err;
    cli_progress progress;
    const double started = now();
    cli_progress_begin(&progress, "building");
    nb_status status = nb_db_build(opts->kind, opts->sources.items, opts->sources.count, target, &summary, &progress.progress, &err);
    cli_progress_end(&progress);
    if (status != NB_OK)
        return cli_fail_with(&err);
    if (opts->json)
        print_json(target, opts, &summary, now() - started);
    else
        print_text(target, &summary, now() - started);
    return CLI_OK;
}

static int run(const cli_command *self, int argc, char **argv)
{
    options opts = {0};
    nb_error err;
    char *place = NULL;
    int code = CLI_OK;
    cli_parse(self, argc, argv, parse, &opts);
    if (!opts.target && nb_db_default_path(opts.kind, &place, &err) != NB_OK)
        code = cli_fail_with(&err);
    if (place)
        make_folders(place);
    if (code == CLI_OK)
        code = build(&opts, place ? place : opts.target);
    free(place);
    free(opts.sources.items);
    return code;
}

static const struct argp_option option_table[] = {
    {"output", 'o', "FILE", 0, "The database to write. Default: BENCHMARK.db in NNI's folder", 0},
    {"json", OPTION_JSON, NULL, 0, "Print what was written as one JSON object", 0},
    {0},
};

const cli_command cmd_db_build = {
    .name = "db build",
    .summary = "turn result files into one of NNI's databases",
    .usage = "nasbench101|nasbench201|nds SOURCE... [-o FILE]",
    .description =
        "Writes the database that NNI's own scripts made: the same tables, rows and numbers, with the statistics beside them that make "
        "queries fast.\n\nSOURCE is, for nasbench101, the .tfrecord file or a table of it; for nasbench201, a table, or whatever 'nasbench "
        "import' reads of that space; for nds, the JSON files under their published names, a folder of them, or their zip.\n\nThe file "
        "appears when it is complete: when the build fails or is stopped with Ctrl-C, an old one stays.\n\nNNI's folder is "
        "$NASBENCHMARK_DIR, else nasbenchmark in $NNI_HOME, $XDG_CACHE_HOME/nni or ~/.cache/nni.",
    .options = option_table,
    .examples = "db build nasbench201 NAS-Bench-201-v1_1-096897.pth\tinto NNI's folder\n"
                "db build nasbench101 nasbench_full.tfrecord -o nasbench101.db\tinto a file\n"
                "db build nds data.zip\tall 34 files of NDS\n",
    .run = run,
};
