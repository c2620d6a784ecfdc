/* nasbench db query: NNI's three queries. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli_columns.h"
#include "cli_db.h"
#include "cli_json.h"
#include "cli_number.h"

enum {
    OPTION_JSON = 256,
    OPTION_ARCH,
    OPTION_EXACT,
    OPTION_EPOCHS,
    OPTION_DATASET,
    OPTION_FAMILY,
    OPTION_PROPOSER,
    OPTION_GENERATOR,
    OPTION_MODEL_SPEC,
    OPTION_CELL_SPEC,
    OPTION_REDUCTION,
    OPTION_INTERMEDIATES,
};

typedef struct options {
    const char *name;
    nb_db_filter filter;
    uint64_t limit; /* 0: none */
    bool json;
} options;

static error_t parse(int key, char *arg, struct argp_state *state)
{
    options *opts = state->input;
    nb_db_filter *filter = &opts->filter;
    nb_error err;
    switch (key) {
    case OPTION_JSON:
        opts->json = true;
        return 0;
    case OPTION_ARCH:
        filter->arch = arg;
        return 0;
    case OPTION_EXACT:
        filter->as_numbered = true;
        return 0;
    case OPTION_EPOCHS:
        filter->num_epochs = (int64_t)cli_parse_unsigned(state, "--num-epochs", arg, 1, INT64_MAX);
        return 0;
    case OPTION_DATASET:
        filter->dataset = arg;
        return 0;
    case OPTION_FAMILY:
        filter->model_family = arg;
        return 0;
    case OPTION_PROPOSER:
        filter->proposer = arg;
        return 0;
    case OPTION_GENERATOR:
        filter->generator = arg;
        return 0;
    case OPTION_MODEL_SPEC:
        filter->model_spec = arg;
        return 0;
    case OPTION_CELL_SPEC:
        filter->cell_spec = arg;
        return 0;
    case OPTION_REDUCTION:
        if (nb_db_reduction_parse(arg, &filter->reduction, &err) != NB_OK)
            cli_bad_usage(state, "--reduction: %s", err.message);
        return 0;
    case OPTION_INTERMEDIATES:
        filter->points = true;
        return 0;
    case 'n':
        opts->limit = cli_parse_unsigned(state, "--limit", arg, 1, UINT64_MAX);
        return 0;
    case ARGP_KEY_ARG:
        if (opts->name)
            return ARGP_ERR_UNKNOWN;
        opts->name = arg;
        return 0;
    case ARGP_KEY_END:
        if (!opts->name)
            cli_bad_usage(state, "DATABASE is missing: nasbench101, nasbench201, nds or a file");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The fields of the three tables, which say how rows are printed. */
typedef struct fields {
    const nb_db_field *config, *trial, *point;
    size_t config_count, trial_count, point_count;
} fields;

static fields fields_of(nb_db_kind kind)
{
    fields all;
    all.config = nb_db_config_fields(kind, &all.config_count);
    all.trial = nb_db_trial_fields(kind, &all.trial_count);
    all.point = nb_db_point_fields(kind, &all.point_count);
    return all;
}

/* ---- JSON, as NNI's dicts ---- */

/* Whether a text out of a file may go into the output as it is: NNI's JSON is plain ASCII, and begins as an object does. */
static bool is_plain_object(const char *text)
{
    if (text[0] != '{')
        return false;
    for (const char *c = text; *c; c++)
        if (*c < 0x20 || *c > 0x7e)
            return false;
    return true;
}

static void put_json_field(cli_json *json, const nb_db_field *field, const void *row)
{
    cli_json_key(json, field->name);
    if (field->type == NB_DB_REAL) {
        cli_json_real(json, nb_db_real_of(field, row));
    } else if (field->type == NB_DB_INTEGER) {
        const int64_t value = nb_db_integer_of(field, row);
        if (value == NB_DB_NULL)
            cli_json_null(json);
        else
            cli_json_integer(json, value);
    } else {
        const char *text = nb_db_text_of(field, row);
        if (text && field->type == NB_DB_JSON && is_plain_object(text))
            cli_json_raw(json, text);
        else
            cli_json_string(json, text);
    }
}

static void put_json_config(cli_json *json, const fields *all, const nb_db_config *config)
{
    cli_json_key(json, "config");
    cli_json_begin_object(json, CLI_JSON_INLINE);
    for (size_t i = 0; i < all->config_count; i++)
        put_json_field(json, &all->config[i], config);
    cli_json_end(json);
}

static void put_json_points(cli_json *json, const fields *all, const nb_db_trial *trial)
{
    cli_json_key(json, "intermediates");
    cli_json_begin_array(json, CLI_JSON_INLINE);
    for (size_t i = 0; i < trial->point_count; i++) {
        cli_json_begin_object(json, CLI_JSON_INLINE);
        for (size_t j = 0; j < all->point_count; j++)
            put_json_field(json, &all->point[j], &trial->points[i]);
        cli_json_end(json);
    }
    cli_json_end(json);
}

static void put_json_trial(cli_json *json, const fields *all, const options *opts, const nb_db_trial *trial)
{
    cli_json_begin_object(json, CLI_JSON_INLINE);
    put_json_field(json, &all->trial[0], trial); /* the id, then the config, then the rest */
    put_json_config(json, all, &trial->config);
    for (size_t i = 1; i < all->trial_count; i++)
        put_json_field(json, &all->trial[i], trial);
    if (opts->filter.points)
        put_json_points(json, all, trial);
    cli_json_end(json);
}

/* ---- text ---- */

/* JSON columns are too wide for lines. */
static void add_heads(cli_columns *columns, const nb_db_field *field, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++)
        if (field[i].type != NB_DB_JSON)
            cli_columns_head(columns, strcmp(field[i].name, "id") == 0 ? id : field[i].name, field[i].type == NB_DB_TEXT ? 'l' : 'r');
}

static void add_cells(cli_columns *columns, const nb_db_field *field, size_t count, const void *row)
{
    char number[CLI_NUMBER_SIZE];
    for (size_t i = 0; i < count; i++) {
        if (field[i].type == NB_DB_JSON)
            continue;
        char *text;
        if (field[i].type == NB_DB_REAL) {
            const double value = nb_db_real_of(&field[i], row);
            text = cli_strdup(isfinite(value) ? cli_shortest(value, number) : "-");
        } else if (field[i].type == NB_DB_INTEGER) {
            const int64_t value = nb_db_integer_of(&field[i], row);
            text = value == NB_DB_NULL ? cli_strdup("-") : cli_format("%lld", (long long)value);
        } else {
            const char *value = nb_db_text_of(&field[i], row);
            text = cli_printable(cli_strdup(value ? value : "-"));
        }
        cli_columns_text(columns, text);
        free(text);
    }
}

static void put_text_trial(cli_columns *columns, const fields *all, const options *opts, const nb_db_trial *trial)
{
    if (!opts->filter.points) {
        add_cells(columns, all->trial, all->trial_count, trial);
        add_cells(columns, all->config, all->config_count, &trial->config);
        cli_columns_row_done(columns, stdout);
        return;
    }
    for (size_t i = 0; i < trial->point_count; i++) {
        add_cells(columns, all->trial, 1, trial);
        add_cells(columns, all->config, 1, &trial->config);
        add_cells(columns, all->point, all->point_count, &trial->points[i]);
        cli_columns_row_done(columns, stdout);
    }
}

static void begin_text(cli_columns *columns, const fields *all, const options *opts)
{
    add_heads(columns, all->trial, opts->filter.points ? 1 : all->trial_count, "trial");
    add_heads(columns, all->config, opts->filter.points ? 1 : all->config_count, "config");
    if (opts->filter.points)
        add_heads(columns, all->point, all->point_count, "point");
}

/* ---- */

static nb_status print(nb_db_query *query, const fields *all, const options *opts, nb_error *err)
{
    cli_json json = {.out = stdout};
    cli_columns columns = {0};
    const nb_db_trial *trial;
    uint64_t printed = 0;
    nb_status status = NB_OK;
    if (opts->json)
        cli_json_begin_array(&json, CLI_JSON_LINES);
    else
        begin_text(&columns, all, opts);
    while ((opts->limit == 0 || printed < opts->limit) && (status = nb_db_query_next(query, &trial, err)) == NB_OK && trial) {
        if (opts->json)
            put_json_trial(&json, all, opts, trial);
        else
            put_text_trial(&columns, all, opts, trial);
        printed++;
    }
    if (opts->json)
        cli_json_end(&json);
    else
        cli_columns_print(&columns, stdout);
    cli_columns_free(&columns);
    return status;
}

static int run(const cli_command *self, int argc, char **argv)
{
    options opts = {0};
    nb_db *db;
    nb_db_query *query;
    nb_error err;
    cli_parse(self, argc, argv, parse, &opts);
    int code = cli_open_db(opts.name, &db);
    if (code != CLI_OK)
        return code;
    const fields all = fields_of(nb_db_get_kind(db));
    nb_status status = nb_db_query_open(db, &opts.filter, &query, &err);
    if (status == NB_OK) {
        status = print(query, &all, &opts, &err);
        nb_db_query_close(query);
    }
    nb_db_close(db);
    return status == NB_OK ? CLI_OK : cli_fail_with(&err);
}

static const struct argp_option option_table[] = {
    {"arch", OPTION_ARCH, "ARCH", 0, "nasbench101, nasbench201: the architecture, as NNI's JSON object, a string, an index or a graph hash",
     0},
    {"exact", OPTION_EXACT, NULL, 0, "nasbench101: only the numbering of vertices that --arch has, not every isomorphic cell", 0},
    {"num-epochs", OPTION_EPOCHS, "N", 0, "Scheduled number of epochs", 0},
    {"dataset", OPTION_DATASET, "NAME", 0, "nasbench201: cifar10-valid, cifar10, cifar100, imagenet16-120; nds: cifar10, imagenet", 0},
    {"model-family", OPTION_FAMILY, "NAME", 0, "nds: nas_cell, residual_bottleneck, residual_basic, vanilla", 0},
    {"proposer", OPTION_PROPOSER, "NAME", 0, "nds: amoeba, darts, enas, nasnet, pnas, resnext-a, resnext-b, resnet-b, resnet, vanilla", 0},
    {"generator", OPTION_GENERATOR, "NAME", 0, "nds: random, fix_w_d, tune_lr_wd", 0},
    {"model-spec", OPTION_MODEL_SPEC, "JSON", 0, "nds: the whole model specification", 0},
    {"cell-spec", OPTION_CELL_SPEC, "JSON", 0, "nds: the whole cell specification, {} for none", 0},
    {"reduction", OPTION_REDUCTION, "none|mean", 0, "Every trial, or the mean over the trials of each config. Default: none", 0},
    {"intermediates", OPTION_INTERMEDIATES, NULL, 0, "With the learning curve of each trial", 0},
    {"limit", 'n', "N", 0, "Stop after N rows", 0},
    {"json", OPTION_JSON, NULL, 0, "Print one JSON array of the objects that NNI's functions give", 0},
    {0},
};

const cli_command cmd_db_query = {
    .name = "db query",
    .summary = "ask a database as NNI's functions do",
    .usage = "DATABASE",
    .description =
        "Prints the trials that match all of the given options, exactly as query_nb101_trial_stats, query_nb201_trial_stats and "
        "query_nds_trial_stats of NNI find them; without options all trials. Accuracies are percent, parameters and flops millions, times "
        "seconds.\n\nJSON may be written in any layout, but whole: a part of an object matches nothing, and 0 is not 0.0.\n\nDATABASE is "
        "nasbench101, nasbench201 or nds for the one in NNI's folder, or a file.",
    .options = option_table,
    .examples = "db query nasbench201 --arch 11 --num-epochs 200 --dataset cifar100\tall seeds of a cell\n"
                "db query nds --model-family vanilla --reduction mean --json\tmeans of a family\n"
                "db query nasbench101 --arch 28cfc7874f6d200472e1a9dcd8650aa0 --intermediates\tlearning curves of a cell\n",
    .run = run,
};
