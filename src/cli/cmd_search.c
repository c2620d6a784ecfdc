/* nasbench search: an algorithm on a table or on real training, many times over. */
#include <errno.h>
#include <libgen.h>
#include <math.h>
#include <nasbench/experiment.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli_algorithms.h"
#include "cli_arch.h"
#include "cli_experiment.h"
#include "cli_progress.h"
#include "cli_recipe.h"
#include "cli_table.h"
#include "commands.h"

enum {
    OPTION_TABLE = 256,
    OPTION_LIVE,
    OPTION_DATA,
    OPTION_SPACE,
    OPTION_DATASET,
    OPTION_SCHEDULE,
    OPTION_SPLIT,
    OPTION_EPOCHS,
    OPTION_TRIALS,
    OPTION_TIME,
    OPTION_BUDGET,
    OPTION_EVALUATIONS,
    OPTION_RUNS,
    OPTION_SEED,
    OPTION_THREADS,
    OPTION_SET,
    OPTION_OWN_TIME,
    OPTION_RESULTS,
    OPTION_LIST,
    OPTION_JSON
};

static const double published_budget = 12000; /* seconds: that of NAS-Bench-201 for every method */

typedef struct options {
    const nb_algorithm_info *algorithm;
    const char *table;
    const char *results; /* schedule of the results; NULL: the longest of each data set */
    nb_table_objective_options feedback;
    bool live;
    bool trials, recipe; /* whether options were given that say something about tables, or about training */
    nb_train_options train;
    nb_dataset_options data;
    bool any_time; /* no time model was asked for */
    cli_strings settings;
    nb_search_budget budget;
    uint32_t runs;    /* 0: as many as is usual */
    uint32_t threads; /* 0: all processors */
    uint64_t seed;
    bool fresh_seed, own_time;
    const char *output;
    bool list, json;
} options;

/* ---- arguments ---- */

static nb_time_model parse_time(const struct argp_state *state, const char *text)
{
    static const char *const names[] = {[NB_TIME_MEASURED] = "measured", [NB_TIME_FLOPS] = "flops", [NB_TIME_NONE] = "none"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(text, names[i]) == 0)
            return (nb_time_model)i;
    cli_bad_usage(state, "--time: '%s'; measured, flops or none expected", text);
}

static bool parse_trials(const struct argp_state *state, const char *text)
{
    if (strcmp(text, "random") != 0 && strcmp(text, "mean") != 0)
        cli_bad_usage(state, "--trials: '%s'; random or mean expected", text);
    return strcmp(text, "mean") == 0;
}

static double parse_budget(const struct argp_state *state, const char *text)
{
    const double seconds = cli_parse_real(state, "--budget", text, -INFINITY, INFINITY);
    if (seconds <= 0)
        cli_bad_usage(state, "--budget: %s, but a number of seconds above 0 expected", text);
    return seconds;
}

static void parse_seed(const struct argp_state *state, const char *text, options *opts)
{
    opts->fresh_seed = strcmp(text, "-1") == 0;
    if (!opts->fresh_seed)
        opts->seed = cli_parse_unsigned(state, "--seed", text, 0, (UINT64_C(1) << 53) - 1);
}

/* What the answers of the objective are; false for a key that is none of these. */
static bool parse_feedback(int key, const char *arg, const struct argp_state *state, options *opts)
{
    switch (key) {
    case OPTION_DATASET:
        opts->feedback.dataset = arg;
        return true;
    case OPTION_SCHEDULE:
        opts->feedback.schedule = arg;
        return true;
    case OPTION_SPLIT:
        opts->feedback.split = arg;
        return true;
    case OPTION_EPOCHS:
        opts->feedback.epochs = (uint32_t)cli_parse_unsigned(state, "--epochs", arg, 1, 100000);
        return true;
    case OPTION_TRIALS:
        opts->feedback.mean_of_trials = parse_trials(state, arg);
        opts->trials = true;
        return true;
    case OPTION_TIME:
        opts->feedback.time = parse_time(state, arg);
        opts->any_time = false;
        return true;
    default:
        return false;
    }
}

/* How networks are trained, likewise. */
static bool parse_training(int key, const char *arg, const struct argp_state *state, options *opts)
{
    switch (key) {
    case OPTION_LIVE:
        opts->live = true;
        return true;
    case OPTION_DATA:
        opts->data.folder = arg;
        break;
    case OPTION_SPACE:
        opts->train.space = nb_space_name(cli_parse_space(state, arg));
        break;
    default:
        if (!cli_parse_recipe(key, arg, state, &opts->train, &opts->data))
            return false;
    }
    opts->recipe = true;
    return true;
}

/* How the algorithm is run, likewise. */
static bool parse_running(int key, const char *arg, const struct argp_state *state, options *opts)
{
    switch (key) {
    case OPTION_BUDGET:
        opts->budget.seconds = parse_budget(state, arg);
        return true;
    case OPTION_EVALUATIONS:
        opts->budget.evaluations = cli_parse_unsigned(state, "--evaluations", arg, 1, 1000000000);
        return true;
    case OPTION_RUNS:
        opts->runs = (uint32_t)cli_parse_unsigned(state, "--runs", arg, 1, 1000000000);
        return true;
    case OPTION_SEED:
        parse_seed(state, arg, opts);
        return true;
    case OPTION_THREADS:
        opts->threads = (uint32_t)cli_parse_unsigned(state, "--threads", arg, 1, 1024);
        return true;
    case OPTION_SET:
        cli_strings_add(&opts->settings, arg);
        return true;
    case OPTION_OWN_TIME:
        opts->own_time = true;
        return true;
    default:
        return false;
    }
}

static void check_source(const struct argp_state *state, const options *opts)
{
    if (!opts->table && !opts->live)
        cli_bad_usage(state, "--table is missing, or --live");
    if (!opts->live && opts->recipe)
        cli_bad_usage(state, "--data, --space and the options of the recipe are for --live");
    if (opts->live && opts->trials)
        cli_bad_usage(state, "--trials is for tables: with --live every evaluation trains with a seed of its own");
    if (opts->live && opts->budget.seconds == 0 && opts->budget.evaluations == 0)
        cli_bad_usage(state, "--live needs --evaluations or --budget");
    if (opts->live && opts->results && !opts->table)
        cli_bad_usage(state, "--results needs a TABLE to look them up");
}

static void check_arguments(const struct argp_state *state, const options *opts)
{
    nb_error err;
    if (opts->list)
        return;
    if (!opts->algorithm)
        cli_bad_usage(state, "ALGO is missing: 'nasbench search --list' shows them");
    check_source(state, opts);
    if (!opts->feedback.dataset)
        cli_bad_usage(state, "--dataset is missing");
    if (nb_algorithm_check(opts->algorithm, opts->settings.items, opts->settings.count, &err) != NB_OK)
        cli_bad_usage(state, "--set: %s", err.message);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    options *opts = state->input;
    if (parse_feedback(key, arg, state, opts) || parse_training(key, arg, state, opts) || parse_running(key, arg, state, opts))
        return 0;
    switch (key) {
    case OPTION_TABLE:
        opts->table = arg;
        return 0;
    case OPTION_RESULTS:
        opts->results = arg;
        return 0;
    case OPTION_LIST:
        opts->list = true;
        return 0;
    case OPTION_JSON:
        opts->json = true;
        return 0;
    case 'o':
        opts->output = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (opts->algorithm)
            return ARGP_ERR_UNKNOWN;
        opts->algorithm = cli_parse_algorithm(state, arg);
        return 0;
    case ARGP_KEY_END:
        check_arguments(state, opts);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static bool is_graph_space(const char *name)
{
    const nb_space *space = nb_space_find(name, NULL);
    return space && nb_space_get_id(space) == NB_SPACE_GRAPH;
}

/* The recipe is that of the space, which may be named after the options that change the recipe: arguments are read for the space first,
 * then once more on top of its recipe. */
static void read_arguments(const cli_command *self, int argc, char **argv, options *opts)
{
    const options start = {.fresh_seed = true, .any_time = true, .train = nb_train_defaults()};
    options first = start;
    cli_parse(self, argc, argv, parse, &first);
    free(first.settings.items);
    *opts = start;
    nb_train_defaults_for(first.train.space, &opts->train, NULL);
    cli_parse(self, argc, argv, parse, opts);
    if (opts->runs == 0)
        opts->runs = opts->live ? 1 : 500;
}

/* ---- where answers come from ---- */

/* What a search needs of the world. */
typedef struct world {
    nb_table *table;     /* NULL: none */
    nb_dataset *dataset; /* likewise */
    nb_objective objective;
    nb_outcomes *outcomes; /* NULL: nothing is known of the worth of an answer */
    const atomic_int *cancel;
} world;

static void close_world(world *w)
{
    nb_outcomes_free(w->outcomes);
    nb_objective_free(&w->objective);
    nb_dataset_free(w->dataset);
    nb_table_close(w->table);
}

/* Times as they were measured, or by the model where the table has none and none was asked for. */
static int look_up(world *w, const options *opts)
{
    nb_table_objective_options feedback = opts->feedback;
    nb_error err;
    nb_status status = nb_objective_of_table(w->table, &feedback, &w->objective, &err);
    if (status == NB_ERR_NOT_FOUND && opts->any_time) {
        feedback.time = NB_TIME_FLOPS;
        status = nb_objective_of_table(w->table, &feedback, &w->objective, &err);
    }
    return status == NB_OK ? CLI_OK : cli_fail_with(&err);
}

/* As "cifar10" is searched on cifar10-valid in a table: the key that has a validation set, divided as the benchmark of the space divides
 * it. The caller frees. */
static char *key_with_validation(const options *opts)
{
    const char *asked = opts->feedback.dataset, *split = opts->feedback.split;
    nb_dataset_info info;
    char *divided = cli_format("%s-%s", asked, is_graph_space(opts->train.space) ? "101" : "valid");
    if ((!split || strcmp(split, "x-valid") == 0) && nb_dataset_describe(divided, &info, NULL) == NB_OK)
        return divided;
    free(divided);
    return cli_strdup(asked);
}

static int load_images(world *w, const options *opts)
{
    char *key = key_with_validation(opts);
    nb_error err;
    cli_progress progress;
    cli_progress_begin(&progress, "loading");
    nb_status status = nb_dataset_load(key, &opts->data, &progress.progress, &w->dataset, &err);
    cli_progress_end(&progress);
    w->cancel = progress.progress.cancel;
    free(key);
    return status == NB_OK ? CLI_OK : cli_fail_with(&err);
}

/* Runs that go side by side share the threads. */
static uint32_t threads_of_one_run(const options *opts)
{
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    const uint32_t all = opts->threads > 0 ? opts->threads : processors > 0 && processors <= 1024 ? (uint32_t)processors : 1;
    return all > opts->runs ? all / opts->runs : 1;
}

static int train(world *w, const options *opts)
{
    nb_error err;
    int code = load_images(w, opts);
    if (code != CLI_OK)
        return code;
    nb_live_objective_options live = {.train = opts->train,
                                      .dataset = opts->feedback.dataset,
                                      .split = opts->feedback.split,
                                      .time = opts->feedback.time,
                                      .epochs = opts->feedback.epochs,
                                      .cancel = w->cancel};
    live.train.threads = threads_of_one_run(opts);
    if (opts->feedback.schedule)
        live.train.schedule = opts->feedback.schedule;
    return nb_objective_of_training(w->dataset, &live, &w->objective, &err) == NB_OK ? CLI_OK : cli_fail_with(&err);
}

/* A table may have nothing that counts as a result; a search on it is possible all the same. */
static int find_outcomes(world *w, const options *opts)
{
    nb_error err;
    if (!w->table)
        return CLI_OK;
    const nb_space *space = nb_table_get_info(w->table)->space;
    if (space != w->objective.space)
        return cli_fail("%s: a table of %s, but architectures of %s are trained", opts->table, nb_space_name(space),
                        nb_space_name(w->objective.space));
    nb_status status = nb_outcomes_of_table(w->table, opts->results, &w->outcomes, &err);
    if (status == NB_ERR_NOT_FOUND && !opts->results)
        w->outcomes = NULL;
    else if (status != NB_OK)
        return cli_fail_with(&err);
    return CLI_OK;
}

static int open_world(world *w, const options *opts)
{
    int code = opts->table ? cli_open_table(opts->table, &w->table) : CLI_OK;
    if (code == CLI_OK)
        code = opts->live ? train(w, opts) : look_up(w, opts);
    return code == CLI_OK ? find_outcomes(w, opts) : code;
}

/* ---- the search ---- */

/* Hours of searching should neither end with "is a folder" nor replace what took hours. */
static int check_output(const options *opts)
{
    struct stat info;
    if (!opts->output || stat(opts->output, &info) != 0)
        return CLI_OK;
    if (!S_ISREG(info.st_mode))
        return cli_fail("%s: cannot be written: not a regular file", opts->output);
    return opts->live ? cli_fail("%s: is there already; remove it to search anew", opts->output) : CLI_OK;
}

static nb_search_budget usual_budget(const options *opts, const nb_objective *objective)
{
    const bool none = opts->budget.seconds == 0 && opts->budget.evaluations == 0;
    return none && !objective->untimed ? (nb_search_budget){.seconds = published_budget} : opts->budget;
}

static int say_how_it_ended(const options *opts, const nb_error *err)
{
    const int code = cli_fail_with(err);
    char *partial = opts->output ? cli_format("%s.partial", opts->output) : NULL;
    if (partial && err->status == NB_ERR_CANCELLED && access(partial, F_OK) == 0)
        fprintf(stderr, "nasbench: %s holds what was finished; the same command goes on from there\n", partial);
    free(partial);
    return code;
}

static void print_result(const options *opts, const cli_experiment *result)
{
    if (opts->json)
        cli_print_experiment_json(result);
    else
        cli_print_experiment(result);
}

static int conduct(const options *opts, const world *w, const nb_note *notes, size_t note_count)
{
    const nb_experiment_options experiment = {
        .search = {.algorithm = opts->algorithm->name,
                   .settings = opts->settings.items,
                   .setting_count = opts->settings.count,
                   .budget = usual_budget(opts, &w->objective),
                   .seed = opts->seed,
                   .count_own_time = opts->own_time},
        .runs = opts->runs,
        .fresh_seed = opts->fresh_seed,
        .threads = opts->threads,
        .path = opts->output,
        .notes = notes,
        .note_count = note_count,
    };
    nb_experiment_summary *summary;
    nb_error err;
    cli_progress progress;
    cli_progress_begin(&progress, "searching");
    nb_status status = nb_experiment_run(&experiment, &w->objective, w->outcomes, &progress.progress, &summary, &err);
    cli_progress_end(&progress);
    if (status != NB_OK)
        return say_how_it_ended(opts, &err);
    print_result(opts, &(cli_experiment){&experiment, &w->objective, summary, opts->feedback.dataset});
    nb_experiment_summary_free(summary);
    return CLI_OK;
}

static int search(const options *opts)
{
    world w = {0};
    char *path = cli_strdup(opts->table ? opts->table : "");
    const nb_note table = {"table", basename(path)};
    int code = check_output(opts);
    if (code == CLI_OK)
        code = open_world(&w, opts);
    if (code == CLI_OK)
        code = conduct(opts, &w, &table, opts->table ? 1 : 0);
    close_world(&w);
    free(path);
    return code;
}

static int run(const cli_command *self, int argc, char **argv)
{
    options opts;
    read_arguments(self, argc, argv, &opts);
    const int code = opts.list ? cli_list_algorithms(opts.json) : search(&opts);
    free(opts.settings.items);
    return code;
}

static const struct argp_option option_table[] = {
    {"table", OPTION_TABLE, "TABLE", 0, "Look architectures up in this table. With --live: it only tells what the answers are worth", 0},
    {"dataset", OPTION_DATASET, "DATASET", 0,
     "The data set to search on: cifar10, cifar100, ImageNet16-120, ...; cifar10 (fashion-mnist, mnist) is searched on cifar10-valid, "
     "which has "
     "a validation set",
     0},
    {"schedule", OPTION_SCHEDULE, "SCHEDULE", 0,
     "The training that gives feedback. Default: 12, the usual proxy, where the table has it, else the shortest", 0},
    {"epochs", OPTION_EPOCHS, "N", 0, "Feedback after the first N epochs of that training. Default: after all", 0},
    {"split", OPTION_SPLIT, "SPLIT", 0, "The set that gives feedback. Default: x-valid", 0},
    {"trials", OPTION_TRIALS, "TRIALS", 0, "Feedback of a random trained seed (random, the default) or of all (mean)", 0},
    {"time", OPTION_TIME, "MODEL", 0,
     "The cost of an evaluation: measured times, flops for times estimated from FLOPs, or none. Default: measured; flops for tables "
     "without times",
     0},
    {"budget", OPTION_BUDGET, "SECONDS", 0, "Of the clock. Default for tables: 12000, when --evaluations is not given either", 0},
    {"evaluations", OPTION_EVALUATIONS, "N", 0, "At most so many evaluations", 0},
    {"set", OPTION_SET, "NAME=VALUE", 0, "A setting of the algorithm; may be repeated. --list shows them with their defaults", 0},
    {"count-own-time", OPTION_OWN_TIME, NULL, 0,
     "Add the algorithm's own time to the clock, as the published scripts do; the result is then not repeatable", 0},
    {"runs", OPTION_RUNS, "N", 0, "How often to search. Default: 500, with --live 1", 0},
    {"seed", OPTION_SEED, "SEED", 0, "Run r uses stream r of this seed. Default: -1, a fresh seed, which OUT and the summary tell", 0},
    {"threads", OPTION_THREADS, "N", 0, "Default: all processors. The result does not depend on it", 0},
    {"results", OPTION_RESULTS, "SCHEDULE", 0, "The training that tells what answers are worth. Default: the longest of each data set", 0},
    {"output", 'o', "OUT", 0, "Write every run there, as JSON Lines", 0},
    {"list", OPTION_LIST, NULL, 0, "Show the algorithms and their settings", 0},
    {"json", OPTION_JSON, NULL, 0, "Print one JSON object: algorithm, dataset, runs, evaluations (mean), results", 0},
    {NULL, 0, NULL, 0, "Real training:", 1},
    {"live", OPTION_LIVE, NULL, 0, "Train every architecture; --schedule is then any number of epochs; 12 without it, 4 in nasbench101", 0},
    {"data", OPTION_DATA, "DIR", 0, "Where the images are. Default: $TORCH_HOME, ~/.torch, /usr/share/datasets", 0},
    {"space", OPTION_SPACE, "SPACE", 0, "nasbench201 (default), nats-size or nasbench101", 0},
    CLI_RECIPE_NETWORK_OPTIONS,
    {0},
};

const cli_command cmd_search = {
    .name = "search",
    .summary = "search for good architectures, many times over",
    .usage = "ALGO --table TABLE --dataset DATASET [-o OUT]\nALGO --live --dataset DATASET --evaluations N [--data DIR] [-o OUT]\n--list",
    .description =
        "Runs a search algorithm on a table, or on real training, and reports how good the architectures are that it finds: mean and "
        "standard deviation over "
        "the runs of validation and test accuracy on every data set of the table, the best that there is, and the regret. ALGO is random, "
        "rea, reinforce, bohb, local-search or hyperband; settings are as published unless --set says otherwise.\n\nTraining is "
        "simulated: an evaluation answers with an accuracy of the table and costs the seconds of its training and validation, until the "
        "budget is spent. Results are those of the longest training.\n\nWith --live "
        "every architecture is trained from scratch, with a seed of its own, and validated. Measured seconds are never the same twice; "
        "--time none or --time flops makes such a search repeatable.\n\nWhile it is written OUT is called OUT.partial. After an "
        "interruption the same command goes on from there and ends in the same file, whatever the number of threads; OUT.journal "
        "keeps every evaluation of a search that trains.",
    .options = option_table,
    .examples =
        "search rea --table nb201.safetensors --dataset cifar10 -o rea.jsonl\tthe experiment of NAS-Bench-201: 500 runs of 12,000 s\n"
        "search random --table nb201.safetensors --dataset cifar100 --evaluations 100 --runs 50 --seed 1\tby number of evaluations\n"
        "search rea --table nb201.safetensors --dataset cifar10 --set population=20 --set sample=5\tother settings\n"
        "search bohb --table nats-tss.safetensors --dataset cifar10 --schedule 200 --budget 200000\tfeedback of the whole training\n"
        "search --list\twhat can be set\n",
    .run = run,
};
