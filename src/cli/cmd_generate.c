/* nasbench generate: regenerating a benchmark, from the plan to the table. */
#include <inttypes.h>
#include <math.h>
#include <nasbench/generate.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli_arch.h"
#include "cli_json.h"
#include "cli_number.h"
#include "cli_output.h"
#include "cli_progress.h"
#include "cli_recipe.h"
#include "commands.h"

enum {
    OPTION_SPACE = 256,
    OPTION_DATASETS,
    OPTION_SEEDS,
    OPTION_ARCHS,
    OPTION_SAMPLE,
    OPTION_SAMPLE_SEED,
    OPTION_UNIQUE,
    OPTION_WEIGHTS,
    OPTION_RANGES,
    OPTION_SLURM,
    OPTION_RANGE,
    OPTION_JOBS,
    OPTION_RETRY,
    OPTION_DATA,
    OPTION_WITHOUT_TIMES,
    OPTION_COMPLETE,
    OPTION_NAME,
    OPTION_MISSING,
    OPTION_JSON
};

static int open_plan(const char *folder, nb_plan **plan)
{
    nb_error err;
    return nb_plan_open(folder, plan, &err) == NB_OK ? CLI_OK : cli_fail_with(&err);
}

/* For parsers of commands with the one argument RUN, after their own options. */
static error_t parse_folder(int key, char *arg, const struct argp_state *state, const char **folder)
{
    if (key == ARGP_KEY_END && !*folder)
        cli_bad_usage(state, "RUN is missing: the folder of the plan");
    if (key != ARGP_KEY_ARG || *folder)
        return key == ARGP_KEY_END ? 0 : ARGP_ERR_UNKNOWN;
    *folder = arg;
    return 0;
}

static size_t job_count(const nb_plan_options *plan)
{
    return plan->arch_count * plan->seed_count;
}

/* ---- plan ---- */

typedef struct plan_arguments {
    const char *folder;
    nb_plan_options plan;
    cli_strings datasets;
    uint32_t *seeds, *archs;
    size_t seed_count, arch_count;
    uint64_t sample, sample_seed;
    uint32_t ranges;
    bool slurm;
} plan_arguments;

/* Calls visit for each word of a list separated by blanks or commas. */
static void each_word(const char *list, void (*visit)(const char *word, void *user), void *user)
{
    char *copy = cli_strdup(list), *rest = copy, *word;
    while ((word = strsep(&rest, " ,")))
        if (*word)
            visit(word, user);
    free(copy);
}

static void add_dataset(const char *word, void *user)
{
    cli_strings_add(user, cli_strdup(word));
}

/* Numbers and ranges of numbers as they are collected. */
typedef struct number_list {
    const struct argp_state *state;
    const char *what;
    uint32_t *values;
    size_t count;
    uint64_t most;
} number_list;

static void add_numbers(const char *word, void *user)
{
    number_list *list = user;
    char *first = cli_strdup(word), *dash = strchr(first, '-');
    if (dash)
        *dash = '\0';
    uint64_t low = cli_parse_unsigned(list->state, list->what, first, 0, list->most);
    uint64_t high = dash ? cli_parse_unsigned(list->state, list->what, dash + 1, low, list->most) : low;
    list->values = cli_realloc(list->values, (list->count + (size_t)(high - low) + 1) * sizeof *list->values);
    for (uint64_t value = low; value <= high; value++)
        list->values[list->count++] = (uint32_t)value;
    free(first);
}

static number_list parse_numbers(const struct argp_state *state, const char *what, const char *text, uint64_t most)
{
    number_list list = {.state = state, .what = what, .most = most};
    each_word(text, add_numbers, &list);
    if (list.count == 0)
        cli_bad_usage(state, "%s: a list of numbers expected", what);
    return list;
}

static error_t parse_plan(int key, char *arg, struct argp_state *state)
{
    plan_arguments *a = state->input;
    number_list list;
    if (cli_parse_recipe(key, arg, state, &a->plan.train, &a->plan.data))
        return 0;
    switch (key) {
    case OPTION_SPACE:
        a->plan.space = cli_parse_space(state, arg);
        return 0;
    case OPTION_DATASETS:
        each_word(arg, add_dataset, &a->datasets);
        return 0;
    case OPTION_SEEDS:
        list = parse_numbers(state, "--seeds", arg, UINT32_MAX);
        a->seeds = list.values, a->seed_count = list.count;
        return 0;
    case OPTION_ARCHS:
        list = parse_numbers(state, "--archs", arg, 1 << 24);
        a->archs = list.values, a->arch_count = list.count;
        return 0;
    case OPTION_SAMPLE:
        a->sample = cli_parse_unsigned(state, "--sample", arg, 1, 1 << 24);
        return 0;
    case OPTION_SAMPLE_SEED:
        a->sample_seed = cli_parse_unsigned(state, "--sample-seed", arg, 0, UINT64_MAX);
        return 0;
    case OPTION_UNIQUE:
        a->plan.unique = true;
        return 0;
    case OPTION_WEIGHTS:
        a->plan.train.weights = true;
        return 0;
    case OPTION_RANGES:
        a->ranges = (uint32_t)cli_parse_unsigned(state, "--ranges", arg, 1, 20000);
        return 0;
    case OPTION_SLURM:
        a->slurm = true;
        return 0;
    case 'o':
        a->folder = arg;
        return 0;
    case ARGP_KEY_END:
        if (!a->folder)
            cli_bad_usage(state, "-o RUN is missing: the folder to make");
        if (a->archs && a->sample)
            cli_bad_usage(state, "--archs and --sample exclude each other");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* A sample without replacement of the space, or of its classes under --unique, in ascending order. */
static void draw_sample(plan_arguments *a)
{
    uint64_t size = nb_space_size(a->plan.space), count = 0;
    uint32_t *all = cli_alloc(size * sizeof *all);
    for (uint64_t i = 0; i < size; i++) {
        nb_arch arch;
        if (nb_space_at(a->plan.space, i, &arch, NULL) == NB_OK &&
            (!a->plan.unique || nb_space_canonical(a->plan.space, &arch) == (int64_t)i))
            all[count++] = (uint32_t)i;
    }
    nb_rng rng = nb_rng_seed(a->sample_seed, 0);
    nb_rng_shuffle(&rng, all, count, sizeof *all);
    a->archs = all;
    a->arch_count = (size_t)(a->sample < count ? a->sample : count);
    qsort(all, a->arch_count, sizeof *all, by_number);
}

/* `text` with each `special` character replaced; the caller frees. */
static char *replaced(const char *text, char special, const char *by)
{
    size_t size = 1, used = 0;
    for (const char *c = text; *c; c++)
        size += *c == special ? strlen(by) : 1;
    char *copy = cli_alloc(size);
    for (const char *c = text; *c; c++) {
        const char single[] = {*c, '\0'}, *part = *c == special ? by : single;
        memcpy(copy + used, part, strlen(part));
        used += strlen(part);
    }
    copy[used] = '\0';
    return copy;
}

/* The folder of the plan as commands name it that may be started anywhere. Links stay: on other machines they may lead elsewhere. */
static char *absolute(const char *folder)
{
    char *here = folder[0] == '/' ? NULL : get_current_dir_name();
    char *path = here ? cli_format("%s/%s", here, folder) : cli_strdup(folder);
    free(here);
    return path;
}

/* One word of the shell, whatever is in it. */
static char *quoted(const char *text)
{
    char *inside = replaced(text, '\'', "'\\''"), *word = cli_format("'%s'", inside);
    free(inside);
    return word;
}

static const char slurm_script[] = "#!/bin/sh\n"
                                   "#SBATCH --job-name=nasbench\n"
                                   "#SBATCH --array=0-%zu\n"
                                   "#SBATCH --requeue\n"
                                   "#SBATCH --open-mode=append\n"
                                   "#SBATCH --output=\"%s/slurm-%%A_%%a.log\"\n"
                                   "# Trains one range of the plan per task; what is there already is left alone, so tasks may be\n"
                                   "# killed, requeued and submitted again at any time. Set NASBENCH and NASBENCH_DATA as needed.\n"
                                   "first=$((SLURM_ARRAY_TASK_ID * %zu))\n"
                                   "last=$((first + %zu))\n"
                                   "[ \"$last\" -le %zu ] || last=%zu\n"
                                   "exec \"${NASBENCH:-nasbench}\" generate run %s --range \"$first-$last\" "
                                   "--jobs \"${SLURM_CPUS_PER_TASK:-1}\" ${NASBENCH_DATA:+--data \"$NASBENCH_DATA\"}\n";

static void write_array_job(FILE *file, const char *folder, size_t archs, size_t step)
{
    char *word = quoted(folder), *pattern = replaced(folder, '%', "%%");
    fprintf(file, slurm_script, (archs - 1) / step, pattern, step, step - 1, archs - 1, archs - 1, word);
    free(pattern);
    free(word);
}

static void write_commands(FILE *file, const char *folder, size_t archs, size_t step)
{
    char *word = quoted(folder);
    for (size_t first = 0; first < archs; first += step)
        fprintf(file, "nasbench generate run %s --range %zu-%zu\n", word, first, first + step < archs ? first + step - 1 : archs - 1);
    free(word);
}

/* The list of commands, one for each range, or the array job. */
static int write_script(const plan_arguments *a, const char *folder, size_t archs)
{
    size_t step = (archs + a->ranges - 1) / a->ranges, ranges = (archs + step - 1) / step;
    char *path = cli_format("%s/%s", folder, a->slurm ? "array.sbatch" : "commands.txt"), *from_anywhere = absolute(folder);
    cli_output output;
    int code = cli_output_open(&output, path);
    if (code == CLI_OK) {
        (a->slurm ? write_array_job : write_commands)(output.file, from_anywhere, archs, step);
        code = cli_output_close(&output, code);
    }
    if (code == CLI_OK)
        printf("%s: %zu range%s of at most %zu architectures%s\n", path, ranges, ranges == 1 ? "" : "s", step,
               a->slurm ? "; submit it with sbatch" : "; or simply: nasbench generate run");
    free(from_anywhere);
    free(path);
    return code;
}

static int say_plan(const plan_arguments *a, const char *folder)
{
    nb_plan *plan;
    int code = open_plan(folder, &plan);
    if (code != CLI_OK)
        return code;
    const nb_plan_options *options = nb_plan_get_options(plan);
    char number[CLI_NUMBER_SIZE];
    printf("%s/plan.json: %s architectures%s", folder, cli_grouped(options->arch_count, number),
           options->unique ? " (one for each class of isomorphic ones)" : "");
    printf(", %zu seed%s, %zu data set%s", options->seed_count, options->seed_count == 1 ? "" : "s", options->dataset_count,
           options->dataset_count == 1 ? "" : "s");
    printf(", %s epochs: %s trainings\n", options->train.schedule, cli_grouped(job_count(options) * options->dataset_count, number));
    code = write_script(a, folder, options->arch_count);
    nb_plan_close(plan);
    return code;
}

static int run_plan(const cli_command *self, int argc, char **argv)
{
    nb_error err;
    plan_arguments a = {.plan = nb_plan_defaults(), .ranges = 40, .sample_seed = 1};
    a.plan.train.weights = false;
    cli_parse(self, argc, argv, parse_plan, &a);
    a.plan.train.space = nb_space_name(a.plan.space);
    if (a.sample)
        draw_sample(&a);
    if (a.datasets.count)
        a.plan.datasets = a.datasets.items, a.plan.dataset_count = a.datasets.count;
    if (a.seeds)
        a.plan.seeds = a.seeds, a.plan.seed_count = a.seed_count;
    a.plan.archs = a.archs;
    a.plan.arch_count = a.arch_count;
    int code = nb_plan_write(a.folder, &a.plan, &err) == NB_OK ? say_plan(&a, a.folder) : cli_fail_with(&err);
    for (size_t i = 0; i < a.datasets.count; i++)
        free((char *)(uintptr_t)a.datasets.items[i]);
    free(a.datasets.items);
    free(a.seeds);
    free(a.archs);
    return code;
}

static const struct argp_option plan_options[] = {
    {"output", 'o', "RUN", 0, "The folder to make", 0},
    {"space", OPTION_SPACE, "SPACE", 0, "nasbench201 (default) or nats-size", 0},
    {"datasets", OPTION_DATASETS, "KEYS", 0, "Data sets, separated by blanks or commas. Default: the four of NAS-Bench-201", 0},
    {"seeds", OPTION_SEEDS, "LIST", 0, "Seeds, likewise. Default: 777 888 999", 0},
    {"archs", OPTION_ARCHS, "LIST", 0, "Only these architectures: indices and ranges such as 0-389. Default: all", 0},
    {"sample", OPTION_SAMPLE, "N", 0, "Only N architectures, drawn at random", 0},
    {"sample-seed", OPTION_SAMPLE_SEED, "SEED", 0, "Of that draw. Default: 1", 0},
    {"unique", OPTION_UNIQUE, NULL, 0, "Train one architecture of each class of isomorphic ones; the table gives its results to all", 0},
    CLI_RECIPE_OPTIONS("200"),
    {"weights", OPTION_WEIGHTS, NULL, 0, "Keep the trained weights in the records", 0},
    {"ranges", OPTION_RANGES, "N", 0, "Ranges of the command list or array job. Default: 40", 0},
    {"slurm", OPTION_SLURM, NULL, 0, "Write RUN/array.sbatch, an array job, instead of RUN/commands.txt", 0},
    {0},
};

static const cli_command generate_plan = {
    .name = "generate plan",
    .summary = "write down what is to be trained",
    .usage = "-o RUN [--datasets KEYS] [--seeds LIST] [--schedule EPOCHS]",
    .description = "Makes the folder RUN with plan.json, which says everything about the training, and a list of commands that do it in "
                   "ranges: run them where and in as many processes as you like, or give the array job to Slurm.",
    .options = plan_options,
    .examples = "generate plan --datasets fashion-mnist --seeds 777 --schedule 2 --channels 4 --cells 1 --resolution 16 --unique -o run\ta "
                "small benchmark for one machine\n"
                "generate plan --slurm --ranges 500 -o run\tNAS-Bench-201 itself, for a cluster\n",
    .run = run_plan,
};

/* ---- run, latency ---- */

typedef struct run_arguments {
    const char *folder;
    nb_run_options run;
    bool quiet;
} run_arguments;

static void parse_range(const struct argp_state *state, const char *text, nb_run_options *run)
{
    number_list list = parse_numbers(state, "--range", text, 1 << 24);
    run->first = list.values[0];
    run->count = (uint32_t)list.count;
    free(list.values);
}

static error_t parse_run(int key, char *arg, struct argp_state *state)
{
    run_arguments *a = state->input;
    switch (key) {
    case OPTION_RANGE:
        parse_range(state, arg, &a->run);
        return 0;
    case OPTION_JOBS:
        a->run.jobs = (uint32_t)cli_parse_unsigned(state, "--jobs", arg, 1, 1024);
        return 0;
    case OPTION_RETRY:
        a->run.retry_failed = true;
        return 0;
    case OPTION_DATA:
        a->run.data_folder = arg;
        return 0;
    default:
        return parse_folder(key, arg, state, &a->folder);
    }
}

static void say_failure(void *user, uint32_t arch, uint32_t seed, double seconds, const char *reason)
{
    (void)user;
    (void)seconds;
    if (reason)
        fprintf(stderr, "\rnasbench: architecture %" PRIu32 ", seed %" PRIu32 " is given up: %s\n", arch, seed, reason);
}

static int run_run(const cli_command *self, int argc, char **argv)
{
    run_arguments a = {.run = {.job_done = say_failure}};
    nb_error err;
    nb_plan *plan;
    nb_run_summary summary = {0};
    cli_progress progress;
    cli_parse(self, argc, argv, parse_run, &a);
    int code = open_plan(a.folder, &plan);
    if (code != CLI_OK)
        return code;
    cli_progress_begin(&progress, "training");
    nb_status status = nb_generate_run(plan, &a.run, &progress.progress, &summary, &err);
    cli_progress_end(&progress);
    if (status == NB_OK || summary.trained + summary.failed > 0)
        printf("%" PRIu32 " trained, %" PRIu32 " failed, %" PRIu32 " were there, %" PRIu32 " failed earlier, %" PRIu32
               " are others' work\n",
               summary.trained, summary.failed, summary.present, summary.skipped, summary.taken);
    nb_plan_close(plan);
    return status == NB_OK ? CLI_OK : cli_fail_with(&err);
}

static int run_latency(const cli_command *self, int argc, char **argv)
{
    run_arguments a = {0};
    nb_error err;
    nb_plan *plan;
    uint32_t measured = 0;
    cli_progress progress;
    cli_parse(self, argc, argv, parse_run, &a);
    int code = open_plan(a.folder, &plan);
    if (code != CLI_OK)
        return code;
    cli_progress_begin(&progress, "measuring");
    nb_status status = nb_generate_latency(plan, &a.run, &progress.progress, &measured, &err);
    cli_progress_end(&progress);
    if (status == NB_OK || measured > 0)
        printf("%" PRIu32 " latencies measured\n", measured);
    nb_plan_close(plan);
    return status == NB_OK ? CLI_OK : cli_fail_with(&err);
}

/* What is worked on, and with which files. */
/* clang-format off */
#define WORK_OPTIONS                                                                                                                  \
    {"range", OPTION_RANGE, "FIRST-LAST", 0, "Only these positions of the plan's list. Default: all", 0},                             \
    {"data", OPTION_DATA, "DIR", 0, "Where the data sets' files are. Default: $TORCH_HOME, ~/.torch, /usr/share/datasets", 0}
/* clang-format on */

static const struct argp_option run_options[] = {
    WORK_OPTIONS,
    {"jobs", OPTION_JOBS, "N", 0, "Networks trained side by side, one core each. Default: 1", 0},
    {"retry-failed", OPTION_RETRY, NULL, 0, "Try again what was given up", 0},
    {0},
};

static const cli_command generate_run = {
    .name = "generate run",
    .summary = "train what a plan lacks",
    .usage = "RUN [--range FIRST-LAST] [--jobs N]",
    .description =
        "Trains what is missing. Any number of these may work on one folder at the same time, on one machine or on several that share it: "
        "each takes what nobody else is at. Interrupting it (Ctrl-C, kill -9, a power cut) loses at most the networks in hand; the next "
        "run "
        "takes them up. A network that cannot be trained is recorded with its reason, and the run goes on.",
    .options = run_options,
    .examples = "generate run run --jobs 2\teverything that is missing, on two cores\n"
                "generate run run --range 0-389 --data /data/cifar\tone range\n",
    .run = run_run,
};

static const struct argp_option latency_options[] = {
    WORK_OPTIONS,
    {0},
};

static const cli_command generate_latency = {
    .name = "generate latency",
    .summary = "measure the latency of a plan's architectures on this machine",
    .usage = "RUN [--range FIRST-LAST]",
    .description =
        "By the benchmark's rule: seconds of a forward pass with loss for a batch of 256 images, every full batch of the last evaluation "
        "set, the first dropped, the mean. One network at a time on one thread: let nothing else run beside it. The values take the place "
        "of those that fell out of training when the table is merged.",
    .options = latency_options,
    .examples = "generate latency run\tall architectures of the plan\n",
    .run = run_latency,
};

/* ---- merge ---- */

typedef struct merge_arguments {
    cli_strings folders;
    const char *table;
    nb_merge_options merge;
} merge_arguments;

static error_t parse_merge(int key, char *arg, struct argp_state *state)
{
    merge_arguments *a = state->input;
    switch (key) {
    case OPTION_WITHOUT_TIMES:
        a->merge.without_times = true;
        return 0;
    case OPTION_COMPLETE:
        a->merge.complete = true;
        return 0;
    case OPTION_NAME:
        a->merge.benchmark = arg;
        return 0;
    case 'o':
        a->table = arg;
        return 0;
    case ARGP_KEY_ARG:
        cli_strings_add(&a->folders, arg);
        return 0;
    case ARGP_KEY_END:
        if (a->folders.count == 0)
            cli_bad_usage(state, "RUN is missing: the folder of the plan");
        if (!a->table)
            cli_bad_usage(state, "-o TABLE is missing: the file to write");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void say_merge(const merge_arguments *a, const nb_merge_summary *summary)
{
    char rows[CLI_NUMBER_SIZE], records[CLI_NUMBER_SIZE];
    printf("%s: %s architectures with results of %s trainings\n", a->table, cli_grouped(summary->rows, rows),
           cli_grouped(summary->records, records));
    if (summary->missing)
        printf("%" PRIu32 " records are missing, %s the first; 'nasbench generate status --missing' lists what is to be trained\n",
               summary->missing, summary->first_lack);
    if (summary->mixed)
        printf("the records come from processors with different instruction sets: their last bits may differ\n");
}

static int run_merge(const cli_command *self, int argc, char **argv)
{
    merge_arguments a = {0};
    nb_error err;
    cli_parse(self, argc, argv, parse_merge, &a);
    nb_plan **plans = cli_alloc(a.folders.count * sizeof *plans);
    size_t opened = 0;
    int code = CLI_OK;
    while (code == CLI_OK && opened < a.folders.count) {
        code = open_plan(a.folders.items[opened], &plans[opened]);
        opened += code == CLI_OK;
    }
    if (code == CLI_OK) {
        nb_merge_summary summary;
        cli_progress progress;
        cli_progress_begin(&progress, "merging");
        nb_status status = nb_generate_merge((const nb_plan *const *)plans, opened, a.table, &a.merge, &progress.progress, &summary, &err);
        cli_progress_end(&progress);
        code = status == NB_OK ? CLI_OK : cli_fail_with(&err);
        if (code == CLI_OK)
            say_merge(&a, &summary);
    }
    while (opened > 0)
        nb_plan_close(plans[--opened]);
    free(plans);
    free(a.folders.items);
    return code;
}

static const struct argp_option merge_options[] = {
    {"output", 'o', "TABLE", 0, "The table to write", 0},
    {"complete", OPTION_COMPLETE, NULL, 0, "Fail when a record is missing", 0},
    {"without-times", OPTION_WITHOUT_TIMES, NULL, 0, "Leave measured times and latencies out: the same plan gives the same bytes", 0},
    {"name", OPTION_NAME, "TEXT", 0, "Name of the benchmark, kept in the table", 0},
    {0},
};

static const cli_command generate_merge = {
    .name = "generate merge",
    .summary = "put the records of plans into one table",
    .usage = "RUN... -o TABLE",
    .description = "Reads every record, checks it against its plan and against the others, and writes one table. Records that do not fit "
                   "are refused by name; missing ones are counted. Several plans over one space, with other architectures, seeds or data "
                   "sets, make one table.",
    .options = merge_options,
    .examples = "generate merge run -o benchmark.safetensors\tthe table of a plan\n"
                "generate merge run more-seeds -o benchmark.safetensors\tof two plans\n",
    .run = run_merge,
};

/* ---- status ---- */

typedef struct status_arguments {
    const char *folder;
    bool missing, json;
} status_arguments;

static error_t parse_status(int key, char *arg, struct argp_state *state)
{
    status_arguments *a = state->input;
    switch (key) {
    case OPTION_MISSING:
        a->missing = true;
        return 0;
    case OPTION_JSON:
        a->json = true;
        return 0;
    default:
        return parse_folder(key, arg, state, &a->folder);
    }
}

static void print_missing(void *user, uint32_t arch, uint32_t seed, const char *reason)
{
    cli_json *json = user;
    if (!json) {
        printf("architecture %" PRIu32 ", seed %" PRIu32 ": %s\n", arch, seed, reason ? reason : "not trained yet");
        return;
    }
    cli_json_begin_object(json, CLI_JSON_INLINE);
    cli_json_put_unsigned(json, "arch", arch);
    cli_json_put_unsigned(json, "seed", seed);
    cli_json_put_string(json, "reason", reason);
    cli_json_end(json);
}

static void print_status(const nb_plan_status *status)
{
    char text[CLI_NUMBER_SIZE];
    const double percent = 100.0 * status->done / status->jobs;
    printf("jobs      %8s   one architecture with one seed each\n", cli_grouped(status->jobs, text));
    printf("done      %8s   %.1f %%\n", cli_grouped(status->done, text), percent);
    printf("running   %8s\n", cli_grouped(status->running, text));
    printf("failed    %8s\n", cli_grouped(status->failed, text));
    printf("missing   %8s", cli_grouped(status->missing, text));
    if (status->crashed)
        printf("   %s of them in the hands of processes that ended", cli_grouped(status->crashed, text));
    printf("\nlatencies %8s\n", cli_grouped(status->latencies, text));
    if (!isnan(status->jobs_per_hour))
        printf("rate      %8s   jobs/h over the last hour of work\n", cli_fixed(status->jobs_per_hour, 0, text));
    if (!isnan(status->seconds_left) && status->missing + status->running > 0)
        printf("left      %8s   at that rate\n", cli_duration(status->seconds_left, text));
}

static void print_status_json(const nb_plan *plan, const nb_plan_status *status, bool missing)
{
    cli_json json = {.out = stdout};
    cli_json_begin_object(&json, CLI_JSON_LINES);
    cli_json_put_unsigned(&json, "jobs", status->jobs);
    cli_json_put_unsigned(&json, "done", status->done);
    cli_json_put_unsigned(&json, "running", status->running);
    cli_json_put_unsigned(&json, "failed", status->failed);
    cli_json_put_unsigned(&json, "missing", status->missing);
    cli_json_put_unsigned(&json, "crashed", status->crashed);
    cli_json_put_unsigned(&json, "latencies", status->latencies);
    cli_json_put_real(&json, "jobs_per_hour", status->jobs_per_hour);
    cli_json_put_real(&json, "seconds_left", status->seconds_left);
    if (missing) {
        cli_json_key(&json, "not_done");
        cli_json_begin_array(&json, CLI_JSON_LINES);
        nb_generate_missing(plan, print_missing, &json, NULL);
        cli_json_end(&json);
    }
    cli_json_end(&json);
}

static int run_status(const cli_command *self, int argc, char **argv)
{
    status_arguments a = {0};
    nb_error err;
    nb_plan *plan;
    nb_plan_status status;
    cli_parse(self, argc, argv, parse_status, &a);
    int code = open_plan(a.folder, &plan);
    if (code != CLI_OK)
        return code;
    if (nb_generate_status(plan, &status, &err) != NB_OK)
        code = cli_fail_with(&err);
    else if (a.json)
        print_status_json(plan, &status, a.missing);
    else {
        print_status(&status);
        if (a.missing)
            nb_generate_missing(plan, print_missing, NULL, NULL);
    }
    nb_plan_close(plan);
    return code;
}

static const struct argp_option status_options[] = {
    {"missing", OPTION_MISSING, NULL, 0, "List what is not done, with the reasons of failures", 0},
    {"json", OPTION_JSON, NULL, 0, "Print one JSON object", 0},
    {0},
};

static const cli_command generate_status = {
    .name = "generate status",
    .summary = "tell how far a plan is",
    .usage = "RUN [--missing]",
    .description =
        "Counts what is done, running, failed and missing, from the files in the folder alone: it may be asked at any time, from "
        "any machine that sees the folder.",
    .options = status_options,
    .examples = "generate status run\twhat is done, and the time left\n",
    .run = run_status,
};

static const cli_command *const children[] = {&generate_plan, &generate_run, &generate_latency, &generate_merge, &generate_status, NULL};

const cli_command cmd_generate = {
    .name = "generate",
    .summary = "regenerate a benchmark: plan, run, latency, merge, status",
    .usage = "plan|run|latency|merge|status ...",
    .description =
        "Makes a benchmark anew: 'plan' writes down what is to be trained, 'run' trains it in any number of processes, 'latency' "
        "measures latencies, 'merge' makes the table, and 'status' tells how far it is.",
    .children = children,
};
