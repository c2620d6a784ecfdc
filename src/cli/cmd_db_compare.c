/* nasbench db compare: design spaces of NDS by the distribution of their errors. */
#include <math.h>
#include <nasbench/distribution.h>
#include <nasbench/statistics.h>
#include <stdlib.h>
#include <string.h>

#include "cli_columns.h"
#include "cli_db.h"
#include "cli_json.h"

enum { OPTION_JSON = 256, OPTION_DATASET, OPTION_GENERATOR, OPTION_BY, OPTION_COMPLEXITY, OPTION_LOW, OPTION_HIGH, OPTION_BINS };

enum { SPACES_MAX = 10 };

typedef struct options {
    const char *name;
    cli_strings spaces;
    nb_db_filter filter;
    bool by_family;
    bool flops; /* complexity is FLOPs, else parameters */
    bool normalised;
    double low, high;
    size_t bins;
    bool json;
} options;

static error_t parse(int key, char *arg, struct argp_state *state)
{
    options *opts = state->input;
    switch (key) {
    case OPTION_JSON:
        opts->json = true;
        return 0;
    case OPTION_DATASET:
        opts->filter.dataset = arg;
        return 0;
    case OPTION_GENERATOR:
        opts->filter.generator = arg;
        return 0;
    case OPTION_BY:
        if (strcmp(arg, "proposer") != 0 && strcmp(arg, "model-family") != 0)
            cli_bad_usage(state, "--by: '%s'; proposer or model-family expected", arg);
        opts->by_family = strcmp(arg, "model-family") == 0;
        return 0;
    case OPTION_COMPLEXITY:
        if (strcmp(arg, "params") != 0 && strcmp(arg, "flops") != 0)
            cli_bad_usage(state, "--complexity: '%s'; params or flops expected", arg);
        opts->flops = strcmp(arg, "flops") == 0;
        opts->normalised = true;
        return 0;
    case OPTION_LOW:
        opts->low = cli_parse_real(state, "--low", arg, 0, 1e9);
        return 0;
    case OPTION_HIGH:
        opts->high = cli_parse_real(state, "--high", arg, 0, 1e9);
        return 0;
    case OPTION_BINS:
        opts->bins = (size_t)cli_parse_unsigned(state, "--bins", arg, 1, 10000);
        return 0;
    case ARGP_KEY_ARG:
        if (!opts->name)
            opts->name = arg;
        else if (opts->spaces.count == SPACES_MAX)
            cli_bad_usage(state, "at most %d spaces are compared", SPACES_MAX);
        else
            cli_strings_add(&opts->spaces, arg);
        return 0;
    case ARGP_KEY_END:
        if (!opts->name)
            cli_bad_usage(state, "DATABASE is missing: nds or a file");
        if (opts->spaces.count < 2)
            cli_bad_usage(state, "two design spaces expected");
        if (opts->normalised && !(opts->low < opts->high))
            cli_bad_usage(state, "--complexity wants --low and --high, the one below the other");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- samples ---- */

/* The models of a design space. */
typedef struct sample {
    const char *name;
    double *errors;     /* [count] percent: of the best epoch */
    double *complexity; /* [count] millions of parameters, or billions of multiply-adds */
    size_t count, room;
    nb_description description;
    nb_edf_point *edf; /* [inside] at equal complexity; NULL: not asked for */
    size_t inside;
} sample;

static void add_model(sample *s, const options *opts, const nb_db_trial *trial)
{
    if (s->count == s->room) {
        s->room = s->room ? 2 * s->room : 1024;
        s->errors = cli_realloc(s->errors, s->room * sizeof *s->errors);
        s->complexity = cli_realloc(s->complexity, s->room * sizeof *s->complexity);
    }
    s->errors[s->count] = 100 - trial->best_test_acc;
    s->complexity[s->count++] = opts->flops ? trial->flops * 1e-3 : trial->parameters;
}

static nb_status read_sample(nb_db *db, const options *opts, sample *s, nb_error *err)
{
    nb_db_filter filter = opts->filter;
    nb_db_query *query;
    const nb_db_trial *trial;
    *(opts->by_family ? &filter.model_family : &filter.proposer) = s->name;
    nb_status status = nb_db_query_open(db, &filter, &query, err);
    if (status != NB_OK)
        return status;
    while ((status = nb_db_query_next(query, &trial, err)) == NB_OK && trial)
        add_model(s, opts, trial);
    nb_db_query_close(query);
    return status == NB_OK ? nb_describe(s->errors, s->count, &s->description, err) : status;
}

/* The distribution at equal complexity; models outside the range do not count. */
static nb_status normalise(const options *opts, sample *s, nb_error *err)
{
    double *weights = cli_alloc((s->count + 1) * sizeof *weights), *errors = cli_alloc((s->count + 1) * sizeof *errors);
    nb_status status = nb_complexity_weights(s->complexity, s->count, opts->low, opts->high, opts->bins, weights, NULL, err);
    for (size_t i = 0; status == NB_OK && i < s->count; i++) {
        if (!(weights[i] > 0))
            continue;
        errors[s->inside] = s->errors[i];
        weights[s->inside++] = weights[i];
    }
    if (status == NB_OK) {
        s->edf = cli_alloc(s->inside * sizeof *s->edf);
        status = nb_edf(errors, weights, s->inside, s->edf, err);
    }
    free(weights);
    free(errors);
    return status;
}

static int read_samples(nb_db *db, const options *opts, sample *samples)
{
    nb_error err;
    for (size_t i = 0; i < opts->spaces.count; i++) {
        sample *s = &samples[i];
        s->name = opts->spaces.items[i];
        if (read_sample(db, opts, s, &err) != NB_OK)
            return cli_fail_with(&err);
        if (s->count == 0)
            return cli_fail("%s: no model of '%s' matches", nb_db_path(db), s->name);
        if (opts->normalised && normalise(opts, s, &err) != NB_OK)
            return cli_fail("%s: %s", s->name, err.message);
    }
    return CLI_OK;
}

/* The middle of a weighted distribution: the first error whose share reaches a half. */
static double median_of(const sample *s)
{
    size_t i = 0;
    while (i + 1 < s->inside && s->edf[i].share < 0.5)
        i++;
    return s->edf[i].error;
}

/* ---- what is printed ---- */

static void print_spaces(const options *opts, const sample *samples)
{
    cli_columns columns = {0};
    cli_columns_head(&columns, "space", 'l');
    cli_columns_head(&columns, "models", 'r');
    cli_columns_head(&columns, "least error [%]", 'r');
    cli_columns_head(&columns, "median [%]", 'r');
    cli_columns_head(&columns, "mean [%]", 'r');
    if (opts->normalised) {
        cli_columns_head(&columns, "in range", 'r');
        cli_columns_head(&columns, "median at equal complexity [%]", 'r');
    }
    for (size_t i = 0; i < opts->spaces.count; i++) {
        const sample *s = &samples[i];
        cli_columns_text(&columns, s->name);
        cli_columns_unsigned(&columns, s->count);
        cli_columns_real(&columns, s->description.low, 2);
        cli_columns_real(&columns, s->description.median, 2);
        cli_columns_real(&columns, s->description.mean, 2);
        if (opts->normalised) {
            cli_columns_unsigned(&columns, s->inside);
            cli_columns_real(&columns, median_of(s), 2);
        }
    }
    cli_columns_print(&columns, stdout);
    cli_columns_free(&columns);
}

static int print_pairs(const options *opts, const sample *samples)
{
    cli_columns columns = {0};
    nb_error err;
    int code = CLI_OK;
    cli_columns_head(&columns, "pair", 'l');
    cli_columns_head(&columns, "D", 'r');
    cli_columns_head(&columns, "p", 'r');
    if (opts->normalised)
        cli_columns_head(&columns, "D at equal complexity", 'r');
    for (size_t i = 0; i < opts->spaces.count; i++)
        for (size_t j = i + 1; j < opts->spaces.count && code == CLI_OK; j++) {
            const sample *a = &samples[i], *b = &samples[j];
            nb_ks_test test;
            if (nb_kolmogorov_smirnov(a->errors, a->count, b->errors, b->count, &test, &err) != NB_OK) {
                code = cli_fail_with(&err);
                continue;
            }
            char *pair = cli_format("%s, %s", a->name, b->name), *p = cli_format("%.3g", test.p);
            cli_columns_text(&columns, pair);
            cli_columns_real(&columns, test.statistic, 4);
            cli_columns_text(&columns, p);
            if (opts->normalised)
                cli_columns_real(&columns, nb_edf_distance(a->edf, a->inside, b->edf, b->inside), 4);
            free(pair);
            free(p);
        }
    if (code == CLI_OK) {
        printf("\n");
        cli_columns_print(&columns, stdout);
    }
    cli_columns_free(&columns);
    return code;
}

static void json_space(cli_json *json, const options *opts, const sample *s)
{
    cli_json_begin_object(json, CLI_JSON_INLINE);
    cli_json_put_string(json, "space", s->name);
    cli_json_put_unsigned(json, "models", s->count);
    cli_json_put_real(json, "least_error", s->description.low);
    cli_json_put_real(json, "median", s->description.median);
    cli_json_put_real(json, "mean", s->description.mean);
    if (opts->normalised) {
        cli_json_put_unsigned(json, "in_range", s->inside);
        cli_json_key(json, "edf");
        cli_json_begin_array(json, CLI_JSON_INLINE);
        for (size_t i = 0; i < s->inside; i++) {
            cli_json_begin_array(json, CLI_JSON_INLINE);
            cli_json_real(json, s->edf[i].error);
            cli_json_real(json, s->edf[i].share);
            cli_json_end(json);
        }
        cli_json_end(json);
    }
    cli_json_end(json);
}

static int json_pair(cli_json *json, const options *opts, const sample *a, const sample *b)
{
    nb_ks_test test;
    nb_error err;
    if (nb_kolmogorov_smirnov(a->errors, a->count, b->errors, b->count, &test, &err) != NB_OK)
        return cli_fail_with(&err);
    cli_json_begin_object(json, CLI_JSON_INLINE);
    cli_json_put_string(json, "a", a->name);
    cli_json_put_string(json, "b", b->name);
    cli_json_put_real(json, "D", test.statistic);
    cli_json_put_real(json, "p", test.p);
    cli_json_put_bool(json, "exact", test.exact);
    if (opts->normalised)
        cli_json_put_real(json, "D_at_equal_complexity", nb_edf_distance(a->edf, a->inside, b->edf, b->inside));
    cli_json_end(json);
    return CLI_OK;
}

static int print_json(const options *opts, const sample *samples)
{
    cli_json json = {.out = stdout};
    int code = CLI_OK;
    cli_json_begin_object(&json, CLI_JSON_LINES);
    cli_json_key(&json, "spaces");
    cli_json_begin_array(&json, CLI_JSON_LINES);
    for (size_t i = 0; i < opts->spaces.count; i++)
        json_space(&json, opts, &samples[i]);
    cli_json_end(&json);
    cli_json_key(&json, "pairs");
    cli_json_begin_array(&json, CLI_JSON_LINES);
    for (size_t i = 0; i < opts->spaces.count; i++)
        for (size_t j = i + 1; j < opts->spaces.count && code == CLI_OK; j++)
            code = json_pair(&json, opts, &samples[i], &samples[j]);
    cli_json_end(&json);
    cli_json_end(&json);
    return code;
}

static int run(const cli_command *self, int argc, char **argv)
{
    options opts = {.filter = {.dataset = "cifar10", .generator = "random"}, .bins = 20};
    sample samples[SPACES_MAX] = {0};
    nb_db *db;
    cli_parse(self, argc, argv, parse, &opts);
    int code = cli_open_db(opts.name, &db);
    if (code == CLI_OK) {
        code = read_samples(db, &opts, samples);
        nb_db_close(db);
    }
    if (code == CLI_OK && opts.json) {
        code = print_json(&opts, samples);
    } else if (code == CLI_OK) {
        print_spaces(&opts, samples);
        code = print_pairs(&opts, samples);
    }
    for (size_t i = 0; i < opts.spaces.count; i++) {
        free(samples[i].errors);
        free(samples[i].complexity);
        free(samples[i].edf);
    }
    free(opts.spaces.items);
    return code;
}

static const struct argp_option option_table[] = {
    {"dataset", OPTION_DATASET, "NAME", 0, "cifar10 or imagenet. Default: cifar10", 0},
    {"generator", OPTION_GENERATOR, "NAME", 0, "random, fix_w_d or tune_lr_wd. Default: random", 0},
    {"by", OPTION_BY, "WHAT", 0, "What SPACE names: proposer or model-family. Default: proposer", 0},
    {"complexity", OPTION_COMPLEXITY, "WHAT", 0, "Compare at equal complexity, too: params (millions) or flops (billions)", 0},
    {"low", OPTION_LOW, "C", 0, "Least complexity, itself left out. Default: 0", 0},
    {"high", OPTION_HIGH, "C", 0, "Largest complexity, itself left out", 0},
    {"bins", OPTION_BINS, "N", 0, "Equal parts of the range, each of which counts the same. Default: 20", 0},
    {"json", OPTION_JSON, NULL, 0, "Print one JSON object, with the distributions at equal complexity", 0},
    {0},
};

const cli_command cmd_db_compare = {
    .name = "db compare",
    .summary = "compare design spaces of NDS by the distribution of their errors",
    .usage = "DATABASE SPACE SPACE...",
    .description =
        "Compares design spaces as 'On Network Design Spaces for Visual Recognition' does: by the distribution of the test errors (100 "
        "minus best_test_acc) of the models sampled from them. For each pair it gives the Kolmogorov-Smirnov statistic D, the largest "
        "distance of the two distribution functions, and its two-sided p.\n\nSpaces whose models differ in size are compared at equal "
        "complexity: the range from --low to --high is cut into bins, every bin counts the same, and no bin may be empty. The paper takes, "
        "on cifar10, 0.02 to 0.856 million parameters in 40 bins for ResNeXt-A and -B, and 0.154 to 0.856 in 20 for spaces of cells.\n\n"
        "A model that was trained several times counts several times.",
    .options = option_table,
    .examples = "db compare nds resnext-a resnext-b\tas they are\n"
                "db compare nds nasnet darts --complexity params --low 0.154 --high 0.856\tat equal size\n",
    .run = run,
};
