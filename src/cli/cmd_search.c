/* nasbench search: an algorithm on a table, many times over. */
#include <errno.h>
#include <libgen.h>
#include <math.h>
#include <nasbench/experiment.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli_columns.h"
#include "cli_experiment.h"
#include "cli_json.h"
#include "cli_number.h"
#include "cli_progress.h"
#include "cli_table.h"
#include "commands.h"

enum {
    OPTION_TABLE = 256,
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
    bool any_time; /* no time model was asked for */
    cli_strings settings;
    nb_search_budget budget;
    uint32_t runs, threads;
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

static const nb_algorithm_info *parse_algorithm(const struct argp_state *state, const char *name)
{
    enum { MOST = 32 };
    const char *names[MOST];
    size_t count = 0;
    nb_error err;
    const nb_algorithm_info *info, *found = nb_algorithm_find(name, &err);
    for (; count < MOST && (info = nb_algorithm_list(count)) != NULL; count++)
        names[count] = info->name;
    const char *nearest = found ? NULL : cli_nearest(name, names, count);
    if (nearest)
        cli_bad_usage(state, "no algorithm '%s'; did you mean '%s'?", name, nearest);
    if (!found)
        cli_bad_usage(state, "%s", err.message);
    return found;
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
        return true;
    case OPTION_TIME:
        opts->feedback.time = parse_time(state, arg);
        opts->any_time = false;
        return true;
    default:
        return false;
    }
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

static void check_arguments(const struct argp_state *state, const options *opts)
{
    nb_error err;
    if (opts->list)
        return;
    if (!opts->algorithm)
        cli_bad_usage(state, "ALGO is missing: 'nasbench search --list' shows them");
    if (!opts->table)
        cli_bad_usage(state, "--table is missing");
    if (!opts->feedback.dataset)
        cli_bad_usage(state, "--dataset is missing");
    if (nb_algorithm_check(opts->algorithm, opts->settings.items, opts->settings.count, &err) != NB_OK)
        cli_bad_usage(state, "--set: %s", err.message);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    options *opts = state->input;
    if (parse_feedback(key, arg, state, opts) || parse_running(key, arg, state, opts))
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
        opts->algorithm = parse_algorithm(state, arg);
        return 0;
    case ARGP_KEY_END:
        check_arguments(state, opts);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- the list of algorithms ---- */

/* "1 to 1e+06", or the words. The caller frees. */
static char *expected_values(const nb_search_parameter *parameter)
{
    if (!parameter->words)
        return cli_format("%g to %g%s", parameter->low, parameter->high, parameter->whole ? ", whole" : "");
    char *text = cli_strdup("");
    for (size_t i = 0; parameter->words[i]; i++) {
        char *longer = cli_format("%s%s%s", text, i > 0 ? ", " : "", parameter->words[i]);
        free(text);
        text = longer;
    }
    return text;
}

static void list_settings(const nb_algorithm_info *algorithm)
{
    cli_columns columns = {0};
    cli_columns_head(&columns, "  setting", 'l');
    cli_columns_head(&columns, "default", 'l');
    cli_columns_head(&columns, "expected", 'l');
    cli_columns_head(&columns, "what it is", 'l');
    for (size_t i = 0; i < algorithm->parameter_count; i++) {
        const nb_search_parameter *parameter = &algorithm->parameters[i];
        char *name = cli_format("  %s", parameter->name), *values = expected_values(parameter);
        cli_columns_text(&columns, name);
        cli_columns_text(&columns, parameter->default_value);
        cli_columns_text(&columns, values);
        cli_columns_text(&columns, parameter->summary);
        free(name);
        free(values);
    }
    cli_columns_print(&columns, stdout);
    cli_columns_free(&columns);
}

static void list_as_json(cli_json *json, const nb_algorithm_info *algorithm)
{
    cli_json_begin_object(json, CLI_JSON_LINES);
    cli_json_put_string(json, "algorithm", algorithm->name);
    cli_json_put_string(json, "title", algorithm->title);
    cli_json_put_string(json, "summary", algorithm->summary);
    cli_json_key(json, "settings");
    cli_json_begin_array(json, CLI_JSON_LINES);
    for (size_t i = 0; i < algorithm->parameter_count; i++) {
        const nb_search_parameter *parameter = &algorithm->parameters[i];
        char *values = expected_values(parameter);
        cli_json_begin_object(json, CLI_JSON_INLINE);
        cli_json_put_string(json, "name", parameter->name);
        cli_json_put_string(json, "default", parameter->default_value);
        cli_json_put_string(json, "expected", values);
        cli_json_put_string(json, "summary", parameter->summary);
        cli_json_end(json);
        free(values);
    }
    cli_json_end(json);
    cli_json_end(json);
}

static int list_algorithms(bool as_json)
{
    cli_json json = {.out = stdout};
    const nb_algorithm_info *algorithm;
    if (as_json)
        cli_json_begin_array(&json, CLI_JSON_LINES);
    for (size_t i = 0; (algorithm = nb_algorithm_list(i)) != NULL; i++) {
        if (as_json) {
            list_as_json(&json, algorithm);
            continue;
        }
        printf("%s%s (%s): %s\n\n", i > 0 ? "\n" : "", algorithm->name, algorithm->title, algorithm->summary);
        list_settings(algorithm);
    }
    if (as_json)
        cli_json_end(&json);
    return CLI_OK;
}

/* ---- the search ---- */

/* Hours of searching should not end with "is a folder". */
static int check_output(const char *path)
{
    struct stat info;
    if (path && stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return cli_fail("%s: cannot be written: not a regular file", path);
    return CLI_OK;
}

/* Times as they were measured, or by the model where the table has none and none was asked for. */
static int find_feedback(const nb_table *table, const options *opts, nb_objective *objective)
{
    nb_table_objective_options feedback = opts->feedback;
    nb_error err;
    nb_status status = nb_objective_of_table(table, &feedback, objective, &err);
    if (status == NB_ERR_NOT_FOUND && opts->any_time) {
        feedback.time = NB_TIME_FLOPS;
        status = nb_objective_of_table(table, &feedback, objective, &err);
    }
    return status == NB_OK ? CLI_OK : cli_fail_with(&err);
}

/* A table may have nothing that counts as a result; a search on it is possible all the same. */
static int find_outcomes(const nb_table *table, const options *opts, nb_outcomes **outcomes)
{
    nb_error err;
    nb_status status = nb_outcomes_of_table(table, opts->results, outcomes, &err);
    if (status == NB_ERR_NOT_FOUND && !opts->results)
        *outcomes = NULL;
    else if (status != NB_OK)
        return cli_fail_with(&err);
    return CLI_OK;
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

static int search(const options *opts, const nb_objective *objective, const nb_outcomes *outcomes, const char *table_name)
{
    const nb_note notes[] = {{"table", table_name}};
    const nb_experiment_options experiment = {
        .search = {.algorithm = opts->algorithm->name,
                   .settings = opts->settings.items,
                   .setting_count = opts->settings.count,
                   .budget = usual_budget(opts, objective),
                   .seed = opts->seed,
                   .count_own_time = opts->own_time},
        .runs = opts->runs,
        .fresh_seed = opts->fresh_seed,
        .threads = opts->threads,
        .path = opts->output,
        .notes = notes,
        .note_count = 1,
    };
    nb_experiment_summary *summary;
    nb_error err;
    cli_progress progress;
    cli_progress_begin(&progress, "searching");
    nb_status status = nb_experiment_run(&experiment, objective, outcomes, &progress.progress, &summary, &err);
    cli_progress_end(&progress);
    if (status != NB_OK)
        return say_how_it_ended(opts, &err);
    const cli_experiment result = {&experiment, objective, summary, opts->feedback.dataset};
    if (opts->json)
        cli_print_experiment_json(&result);
    else
        cli_print_experiment(&result);
    nb_experiment_summary_free(summary);
    return CLI_OK;
}

static int search_table(const options *opts)
{
    nb_table *table;
    nb_objective objective = {0};
    nb_outcomes *outcomes = NULL;
    int code = check_output(opts->output);
    if (code == CLI_OK)
        code = cli_open_table(opts->table, &table);
    if (code != CLI_OK)
        return code;
    code = find_feedback(table, opts, &objective);
    if (code == CLI_OK)
        code = find_outcomes(table, opts, &outcomes);
    if (code == CLI_OK) {
        char *name = cli_strdup(opts->table);
        code = search(opts, &objective, outcomes, basename(name));
        free(name);
    }
    nb_outcomes_free(outcomes);
    nb_objective_free(&objective);
    nb_table_close(table);
    return code;
}

static int run(const cli_command *self, int argc, char **argv)
{
    options opts = {.runs = 500, .fresh_seed = true, .any_time = true};
    cli_parse(self, argc, argv, parse, &opts);
    const int code = opts.list ? list_algorithms(opts.json) : search_table(&opts);
    free(opts.settings.items);
    return code;
}

static const struct argp_option option_table[] = {
    {"table", OPTION_TABLE, "TABLE", 0, "Look architectures up in this table instead of training them", 0},
    {"dataset", OPTION_DATASET, "DATASET", 0,
     "The data set to search on: cifar10, cifar100, ImageNet16-120, ...; cifar10 is searched on its training half cifar10-valid", 0},
    {"schedule", OPTION_SCHEDULE, "SCHEDULE", 0,
     "The training that gives feedback. Default: 12, the usual proxy, where the table has it, else the shortest", 0},
    {"epochs", OPTION_EPOCHS, "N", 0, "Feedback after the first N epochs of that training. Default: after all", 0},
    {"split", OPTION_SPLIT, "SPLIT", 0, "The set that gives feedback. Default: x-valid", 0},
    {"trials", OPTION_TRIALS, "TRIALS", 0, "Feedback of a random trained seed (random, the default) or of all (mean)", 0},
    {"time", OPTION_TIME, "MODEL", 0,
     "The cost of an evaluation: measured times, flops for times estimated from FLOPs, or none. Default: measured where the table has "
     "times, else flops",
     0},
    {"budget", OPTION_BUDGET, "SECONDS", 0, "Of simulated time. Default: 12000, when --evaluations is not given either", 0},
    {"evaluations", OPTION_EVALUATIONS, "N", 0, "At most so many evaluations", 0},
    {"set", OPTION_SET, "NAME=VALUE", 0, "A setting of the algorithm; may be repeated. --list shows them with their defaults", 0},
    {"count-own-time", OPTION_OWN_TIME, NULL, 0,
     "Add the algorithm's own time to the clock, as the published scripts do; the result is then not repeatable", 0},
    {"runs", OPTION_RUNS, "N", 0, "How often to search. Default: 500", 0},
    {"seed", OPTION_SEED, "SEED", 0, "Run r uses stream r of this seed. Default: -1, a fresh seed, which OUT and the summary tell", 0},
    {"threads", OPTION_THREADS, "N", 0, "Default: all processors. The result does not depend on it", 0},
    {"results", OPTION_RESULTS, "SCHEDULE", 0, "The training that tells what answers are worth. Default: the longest of each data set", 0},
    {"output", 'o', "OUT", 0, "Write every run there, as JSON Lines", 0},
    {"list", OPTION_LIST, NULL, 0, "Show the algorithms and their settings", 0},
    {"json", OPTION_JSON, NULL, 0, "Print one JSON object: algorithm, dataset, runs, evaluations (mean), results", 0},
    {0},
};

const cli_command cmd_search = {
    .name = "search",
    .summary = "search for good architectures, many times over",
    .usage = "ALGO --table TABLE --dataset DATASET [-o OUT]\n--list",
    .description =
        "Runs a search algorithm on a table and reports how good the architectures are that it finds: mean and standard deviation over "
        "the runs of validation and test accuracy on every data set of the table, the best that there is, and the regret. ALGO is random, "
        "rea, reinforce, bohb, local-search or hyperband; settings are as published unless --set says otherwise.\n\nTraining is "
        "simulated: an evaluation answers with an accuracy of the table and costs the seconds of its training and validation, until the "
        "budget is spent. Results are those of the longest training.\n\nWhile it is written OUT is called OUT.partial. After an "
        "interruption the same command goes on from there and ends in the same file, whatever the number of threads.",
    .options = option_table,
    .examples =
        "search rea --table nb201.safetensors --dataset cifar10 -o rea.jsonl\tthe experiment of NAS-Bench-201: 500 runs of 12,000 s\n"
        "search random --table nb201.safetensors --dataset cifar100 --evaluations 100 --runs 50 --seed 1\tby number of evaluations\n"
        "search rea --table nb201.safetensors --dataset cifar10 --set population=20 --set sample=5\tother settings\n"
        "search bohb --table nats-tss.safetensors --dataset cifar10 --schedule 200 --budget 200000\tfeedback of the whole training\n"
        "search --list\twhat can be set\n",
    .run = run,
};
