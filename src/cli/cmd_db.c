/* nasbench db: NNI's benchmark databases; what they hold, and plain SQL on them. */
#include <stdlib.h>
#include <string.h>

#include "cli_columns.h"
#include "cli_db.h"
#include "cli_json.h"
#include "cli_number.h"
#include "cli_progress.h"
#include "commands.h"

enum { OPTION_JSON = 256, OPTION_VERIFY };

/* ---- info ---- */

typedef struct info_options {
    const char *name;
    bool json, verify;
} info_options;

static error_t parse_info(int key, char *arg, struct argp_state *state)
{
    info_options *opts = state->input;
    switch (key) {
    case OPTION_JSON:
        opts->json = true;
        return 0;
    case OPTION_VERIFY:
        opts->verify = true;
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

static void print_info(const nb_db *db, const nb_db_info *info)
{
    char number[CLI_NUMBER_SIZE];
    char *path = cli_printable(cli_strdup(nb_db_path(db)));
    printf("database    %s\n", path);
    printf("benchmark   %s\n", nb_db_kind_name(info->kind));
    printf("configs     %s\n", cli_grouped(info->configs, number));
    printf("trials      %s\n", cli_grouped(info->trials, number));
    printf("points      %s\n", cli_grouped(info->points, number));
    printf("statistics  %s\n", info->analyzed ? "ANALYZE has run" : "none: plain SQL may be planned badly");
    printf("file        %s\n", cli_bytes(info->bytes, number));
    free(path);
}

static void print_info_json(const nb_db *db, const nb_db_info *info)
{
    cli_json json = {.out = stdout};
    cli_json_begin_object(&json, CLI_JSON_LINES);
    cli_json_put_string(&json, "database", nb_db_path(db));
    cli_json_put_string(&json, "benchmark", nb_db_kind_name(info->kind));
    cli_json_put_unsigned(&json, "configs", info->configs);
    cli_json_put_unsigned(&json, "trials", info->trials);
    cli_json_put_unsigned(&json, "points", info->points);
    cli_json_put_bool(&json, "analyzed", info->analyzed);
    cli_json_put_unsigned(&json, "bytes", info->bytes);
    cli_json_end(&json);
}

static int verify(nb_db *db)
{
    nb_error err;
    cli_progress progress;
    cli_progress_begin(&progress, "verifying");
    nb_status status = nb_db_verify(db, &progress.progress, &err);
    cli_progress_end(&progress);
    return status == NB_OK ? CLI_OK : cli_fail_with(&err);
}

static int run_info(const cli_command *self, int argc, char **argv)
{
    info_options opts = {0};
    nb_db *db;
    nb_db_info info;
    nb_error err;
    cli_parse(self, argc, argv, parse_info, &opts);
    int code = cli_open_db(opts.name, &db);
    if (code != CLI_OK)
        return code;
    if (opts.verify)
        code = verify(db);
    if (code == CLI_OK && nb_db_get_info(db, &info, &err) != NB_OK)
        code = cli_fail_with(&err);
    else if (code == CLI_OK && opts.json)
        print_info_json(db, &info);
    else if (code == CLI_OK)
        print_info(db, &info);
    if (code == CLI_OK && opts.verify && !opts.json)
        printf("\nEvery page, index and reference is sound.\n");
    nb_db_close(db);
    return code;
}

static const struct argp_option info_table[] = {
    {"verify", OPTION_VERIFY, NULL, 0, "Read the whole file and check it, and its SHA-256 where the name has one", 0},
    {"json", OPTION_JSON, NULL, 0, "Print one JSON object", 0},
    {0},
};

const cli_command cmd_db_info = {
    .name = "db info",
    .summary = "tell what a database holds",
    .usage = "DATABASE",
    .description =
        "Tells which benchmark a database is of, how many configs, trials and points it has, and whether ANALYZE's statistics are in "
        "it.\n\n"
        "DATABASE is nasbench101, nasbench201 or nds for the one in NNI's folder ($NASBENCHMARK_DIR, else nasbenchmark in $NNI_HOME, "
        "$XDG_CACHE_HOME/nni or ~/.cache/nni), under the name that 'db build' gives it or the one that NNI published it under; or a file.",
    .options = info_table,
    .examples = "db info nds\tthe database of NDS that is there\n"
                "db info nasbench201.db --verify\talso reads every page\n",
    .run = run_info,
};

/* ---- sql ---- */

typedef struct sql_options {
    const char *name, *sql;
    cli_strings values;
    bool json;
} sql_options;

static error_t parse_sql(int key, char *arg, struct argp_state *state)
{
    sql_options *opts = state->input;
    switch (key) {
    case OPTION_JSON:
        opts->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (!opts->name)
            opts->name = arg;
        else if (!opts->sql)
            opts->sql = arg;
        else
            cli_strings_add(&opts->values, arg);
        return 0;
    case ARGP_KEY_END:
        if (!opts->sql)
            cli_bad_usage(state, "%s is missing", opts->name ? "STATEMENT" : "DATABASE");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void put_text_value(cli_columns *columns, nb_db_value value)
{
    char number[CLI_NUMBER_SIZE], *text;
    switch (value.type) {
    case NB_DB_VALUE_INTEGER:
        text = cli_format("%lld", (long long)value.integer);
        break;
    case NB_DB_VALUE_REAL:
        text = cli_strdup(cli_shortest(value.real, number));
        break;
    case NB_DB_VALUE_TEXT:
        text = cli_printable(cli_strdup(value.text ? value.text : ""));
        break;
    default:
        text = cli_strdup("-");
    }
    cli_columns_text(columns, text);
    free(text);
}

static nb_status print_rows(nb_db_statement *statement, nb_error *err)
{
    cli_columns columns = {0};
    const int count = nb_db_sql_columns(statement);
    bool row = false;
    nb_status status;
    for (int i = 0; i < count; i++)
        cli_columns_head(&columns, nb_db_sql_name(statement, i), 'l');
    while ((status = nb_db_sql_next(statement, &row, err)) == NB_OK && row && !cli_stopped()) {
        for (int i = 0; i < count; i++)
            put_text_value(&columns, nb_db_sql_value(statement, i));
        cli_columns_row_done(&columns, stdout);
    }
    cli_columns_print(&columns, stdout);
    cli_columns_free(&columns);
    return status;
}

static void put_json_value(cli_json *json, nb_db_value value)
{
    if (value.type == NB_DB_VALUE_INTEGER)
        cli_json_integer(json, value.integer);
    else if (value.type == NB_DB_VALUE_REAL)
        cli_json_real(json, value.real);
    else if (value.type == NB_DB_VALUE_TEXT)
        cli_json_string(json, value.text ? value.text : "");
    else
        cli_json_null(json);
}

static nb_status print_rows_json(nb_db_statement *statement, nb_error *err)
{
    cli_json json = {.out = stdout};
    bool row = false;
    nb_status status;
    cli_json_begin_array(&json, CLI_JSON_LINES);
    while ((status = nb_db_sql_next(statement, &row, err)) == NB_OK && row && !cli_stopped()) {
        cli_json_begin_object(&json, CLI_JSON_INLINE);
        for (int i = 0; i < nb_db_sql_columns(statement); i++) {
            cli_json_key(&json, nb_db_sql_name(statement, i));
            put_json_value(&json, nb_db_sql_value(statement, i));
        }
        cli_json_end(&json);
    }
    cli_json_end(&json);
    return status;
}

static int run_statement(nb_db *db, const sql_options *opts)
{
    nb_db_statement *statement;
    nb_error err;
    if (nb_db_sql(db, opts->sql, opts->values.items, opts->values.count, &statement, &err) != NB_OK)
        return cli_fail_with(&err);
    if (!opts->json && nb_db_sql_columns(statement) > CLI_COLUMNS_MAX) {
        nb_db_sql_close(statement);
        return cli_fail("more than %d columns: ask for --json", CLI_COLUMNS_MAX);
    }
    nb_status status = opts->json ? print_rows_json(statement, &err) : print_rows(statement, &err);
    nb_db_sql_close(statement);
    return status == NB_OK ? CLI_OK : cli_fail_with(&err);
}

static int run_sql(const cli_command *self, int argc, char **argv)
{
    sql_options opts = {0};
    nb_db *db;
    cli_parse(self, argc, argv, parse_sql, &opts);
    int code = cli_open_db(opts.name, &db);
    if (code == CLI_OK) {
        code = run_statement(db, &opts);
        nb_db_close(db);
    }
    free(opts.values.items);
    return code;
}

static const struct argp_option sql_table[] = {
    {"json", OPTION_JSON, NULL, 0, "Print one JSON array with an object for each row", 0},
    {0},
};

const cli_command cmd_db_sql = {
    .name = "db sql",
    .summary = "ask a database in SQL",
    .usage = "DATABASE STATEMENT [VALUE...]",
    .description =
        "Runs one SQL statement that only reads. Each VALUE is bound to a ? of the statement, in order, as a text. Tables and columns are "
        "described in docs/databases.md; 'SELECT sql FROM sqlite_master' shows them.",
    .options = sql_table,
    .examples = "db sql nds 'SELECT proposer, count(*) FROM ndstrialconfig GROUP BY proposer'\tcounts\n"
                "db sql nasbench201 'SELECT max(test_acc) FROM nb201trialstats t JOIN nb201trialconfig c ON t.config_id = c.id WHERE "
                "c.dataset = ?' cifar100\twith a value\n",
    .run = run_sql,
};

/* ---- */

static const cli_command *const children[] = {&cmd_db_build, &cmd_db_query, &cmd_db_info, &cmd_db_sql, &cmd_db_compare, NULL};

const cli_command cmd_db = {
    .name = "db",
    .summary = "NNI's benchmark databases: build, query, info, sql, compare",
    .usage = "build|query|info|sql|compare ...",
    .description =
        "Reads and writes the SQLite databases in which NNI published NAS-Bench-101, NAS-Bench-201 and NDS: 'build' makes one from "
        "result files, 'query' asks as NNI's functions do, 'info' tells what is in it, 'sql' takes any other question, and 'compare' sets "
        "design spaces of NDS against each other.",
    .children = children,
};
