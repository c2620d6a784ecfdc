#include "cli_nasbench101.h"

#include <nasbench/nasbench101_api.h>
#include <stdlib.h>
#include <string.h>

#include "cli_columns.h"
#include "cli_json.h"
#include "cli_table.h"

enum { HASH_TEXT = 2 * NB_CELL101_HASH_SIZE + 1, RUNS_MAX = 64, EPOCHS_MAX = NB_API101_BUDGETS_MAX };

/* ---- rows ---- */

typedef struct row_list {
    uint32_t *rows;
    size_t count;
} row_list;

/* Appends the row that ARCH names, or all rows. */
static int add_rows(const nb_api101 *api, const char *arch, row_list *list)
{
    const uint32_t all = nb_table_get_info(api->table)->rows;
    const bool every = strcmp(arch, "all") == 0;
    list->rows = cli_realloc(list->rows, (list->count + (every ? all : 1)) * sizeof *list->rows);
    if (!every)
        return cli_find_row(api->table, arch, &list->rows[list->count++]);
    for (uint32_t i = 0; i < all; i++)
        list->rows[list->count++] = nb_api101_row_at(api, i);
    return CLI_OK;
}

static void hash_text(const nb_table *table, uint32_t row, char text[HASH_TEXT])
{
    const uint8_t *hash = nb_table_hash(table, row);
    text[0] = '\0';
    for (int i = 0; hash && i < NB_CELL101_HASH_SIZE; i++)
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
}

/* ---- the cell ---- */

static void json_matrix(cli_json *json, const nb_cell101 *cell)
{
    cli_json_key(json, "module_adjacency");
    cli_json_begin_array(json, CLI_JSON_INLINE);
    for (int from = 0; from < cell->vertices; from++) {
        cli_json_begin_array(json, CLI_JSON_INLINE);
        for (int to = 0; to < cell->vertices; to++)
            cli_json_unsigned(json, from < to && nb_cell101_has_edge(cell, from, to));
        cli_json_end(json);
    }
    cli_json_end(json);
}

static const char *operation_of(const nb_cell101 *cell, int vertex)
{
    if (vertex == 0)
        return nb_label101_name(NB_LABEL101_INPUT);
    return nb_label101_name(vertex == cell->vertices - 1 ? NB_LABEL101_OUTPUT : cell->label[vertex - 1]);
}

static void json_operations(cli_json *json, const nb_cell101 *cell)
{
    cli_json_key(json, "module_operations");
    cli_json_begin_array(json, CLI_JSON_INLINE);
    for (int vertex = 0; vertex < cell->vertices; vertex++)
        cli_json_string(json, operation_of(cell, vertex));
    cli_json_end(json);
}

static void json_fixed(cli_json *json, const nb_table *table, uint32_t row, const nb_fixed101 *fixed)
{
    char hash[HASH_TEXT];
    hash_text(table, row, hash);
    cli_json_put_unsigned(json, "index", row);
    cli_json_put_string(json, "hash", hash);
    json_matrix(json, &fixed->cell);
    json_operations(json, &fixed->cell);
    cli_json_put_unsigned(json, "trainable_parameters", fixed->trainable_parameters);
}

static void json_metrics(cli_json *json, const char *prefix, const nb_metrics101 *metrics)
{
    const struct {
        const char *name;
        double value;
    } members[] = {{"training_time", metrics->training_time},
                   {"train_accuracy", metrics->train_accuracy},
                   {"validation_accuracy", metrics->validation_accuracy},
                   {"test_accuracy", metrics->test_accuracy}};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        char *key = cli_format("%s%s", prefix, members[i].name);
        cli_json_put_real(json, key, members[i].value);
        free(key);
    }
}

/* ---- query ---- */

static void print_result_json(cli_json *json, const nb_table *table, const nb_result101 *result, const nb_fixed101 *fixed)
{
    cli_json_begin_object(json, CLI_JSON_INLINE);
    json_fixed(json, table, result->row, fixed);
    cli_json_put_unsigned(json, "run", result->run);
    json_metrics(json, "", &result->metrics);
    cli_json_end(json);
}

static void print_metric_cells(cli_columns *columns, const nb_metrics101 *metrics)
{
    cli_columns_real(columns, metrics->training_time, 3);
    cli_columns_real(columns, metrics->train_accuracy, 6);
    cli_columns_real(columns, metrics->validation_accuracy, 6);
    cli_columns_real(columns, metrics->test_accuracy, 6);
}

static void add_metric_heads(cli_columns *columns)
{
    cli_columns_head(columns, "training time [s]", 'r');
    cli_columns_head(columns, "train accuracy", 'r');
    cli_columns_head(columns, "validation accuracy", 'r');
    cli_columns_head(columns, "test accuracy", 'r');
}

static void print_result_text(cli_columns *columns, const nb_table *table, const nb_result101 *result)
{
    char hash[HASH_TEXT];
    hash_text(table, result->row, hash);
    cli_columns_unsigned(columns, result->row);
    cli_columns_text(columns, hash);
    cli_columns_unsigned(columns, result->trainable_parameters);
    cli_columns_unsigned(columns, result->run);
    print_metric_cells(columns, &result->metrics);
    cli_columns_row_done(columns, stdout);
}

static void begin_results(cli_json *json, cli_columns *columns, const cli_question101 *question)
{
    if (question->json) {
        cli_json_begin_object(json, CLI_JSON_LINES);
        cli_json_key(json, "results");
        cli_json_begin_array(json, CLI_JSON_LINES);
        return;
    }
    cli_columns_head(columns, "index", 'r');
    cli_columns_head(columns, "hash", 'l');
    cli_columns_head(columns, "parameters", 'r');
    cli_columns_head(columns, "run", 'r');
    add_metric_heads(columns);
}

static void end_results(cli_json *json, cli_columns *columns, const cli_question101 *question, const nb_api101 *api)
{
    double seconds;
    uint64_t epochs;
    nb_api101_budget(api, &seconds, &epochs);
    if (question->json) {
        cli_json_end(json);
        cli_json_key(json, "budget");
        cli_json_begin_object(json, CLI_JSON_INLINE);
        cli_json_put_real(json, "training_time", seconds);
        cli_json_put_unsigned(json, "epochs", epochs);
        cli_json_end(json);
        cli_json_end(json);
        return;
    }
    cli_columns_print(columns, stdout);
    printf("budget: %.3f s of training, %llu epochs\n", seconds, (unsigned long long)epochs);
}

static int answer_rows(nb_api101 *api, const cli_question101 *question, const row_list *list)
{
    nb_error err;
    cli_json json = {.out = stdout};
    cli_columns columns = {0};
    uint32_t epochs[EPOCHS_MAX], known = nb_api101_epochs(api, epochs, EPOCHS_MAX);
    nb_result101 result;
    bool trained = false;
    for (uint32_t i = 0; i < known; i++)
        trained = trained || epochs[i] == question->epochs;
    if (!trained && nb_api101_query_row(api, 0, question->epochs, question->halfway, &result, &err) != NB_OK)
        return cli_fail_with(&err); /* says which there are, before anything is printed */
    begin_results(&json, &columns, question);
    nb_status status = NB_OK;
    for (size_t i = 0; i < list->count && status == NB_OK && !ferror(stdout); i++) {
        nb_fixed101 fixed;
        status = nb_api101_query_row(api, list->rows[i], question->epochs, question->halfway, &result, &err);
        if (status == NB_OK)
            status = nb_api101_fixed(api, list->rows[i], &fixed, &err);
        if (status == NB_OK && question->json)
            print_result_json(&json, api->table, &result, &fixed);
        else if (status == NB_OK)
            print_result_text(&columns, api->table, &result);
    }
    end_results(&json, &columns, question, api);
    cli_columns_free(&columns);
    return status == NB_OK ? CLI_OK : cli_fail_with(&err);
}

int cli_query101(const nb_table *table, const cli_question101 *question)
{
    nb_api101 api;
    nb_error err;
    row_list list = {0};
    if (nb_api101_init(table, question->seed, &api, &err) != NB_OK)
        return cli_fail_with(&err);
    int code = CLI_OK;
    for (size_t i = 0; code == CLI_OK && i < question->archs->count; i++)
        code = add_rows(&api, question->archs->items[i], &list);
    if (code == CLI_OK)
        code = answer_rows(&api, question, &list);
    free(list.rows);
    return code;
}

/* ---- show ---- */

static int show_row_json(cli_json *json, const nb_api101 *api, uint32_t row, const nb_fixed101 *fixed)
{
    uint32_t epochs[EPOCHS_MAX], budgets = nb_api101_epochs(api, epochs, EPOCHS_MAX), count;
    nb_computed101 runs[RUNS_MAX];
    nb_error err;
    cli_json_begin_object(json, CLI_JSON_LINES);
    json_fixed(json, api->table, row, fixed);
    cli_json_key(json, "computed");
    cli_json_begin_object(json, CLI_JSON_LINES);
    for (uint32_t b = 0; b < budgets; b++) {
        if (nb_api101_computed(api, row, epochs[b], runs, RUNS_MAX, &count, &err) != NB_OK)
            return cli_fail_with(&err);
        char *key = cli_format("%u", epochs[b]);
        cli_json_key(json, key);
        free(key);
        cli_json_begin_array(json, CLI_JSON_LINES);
        for (uint32_t r = 0; r < count && r < RUNS_MAX; r++) {
            cli_json_begin_object(json, CLI_JSON_INLINE);
            json_metrics(json, "halfway_", &runs[r].halfway);
            json_metrics(json, "final_", &runs[r].final);
            cli_json_end(json);
        }
        cli_json_end(json);
    }
    cli_json_end(json);
    cli_json_end(json);
    return CLI_OK;
}

static void print_cell(const nb_table *table, uint32_t row, const nb_fixed101 *fixed)
{
    char hash[HASH_TEXT];
    hash_text(table, row, hash);
    printf("cell %u, hash %s, %u trainable parameters\n", row, hash, fixed->trainable_parameters);
    for (int from = 0; from < fixed->cell.vertices; from++) {
        for (int to = 0; to < fixed->cell.vertices; to++)
            printf("%d ", from < to && nb_cell101_has_edge(&fixed->cell, from, to));
        printf(" %s\n", operation_of(&fixed->cell, from));
    }
}

static void print_run(cli_columns *columns, uint32_t epochs, const char *run, const nb_computed101 *computed)
{
    static const char *const points[] = {"half-way", "final"};
    for (int p = 0; p < 2; p++) {
        cli_columns_unsigned(columns, epochs);
        cli_columns_text(columns, run);
        cli_columns_text(columns, points[p]);
        print_metric_cells(columns, p == 0 ? &computed->halfway : &computed->final);
    }
}

static int show_row_text(const nb_api101 *api, uint32_t row, const nb_fixed101 *fixed)
{
    uint32_t epochs[EPOCHS_MAX], budgets = nb_api101_epochs(api, epochs, EPOCHS_MAX), count;
    nb_computed101 runs[RUNS_MAX], mean;
    nb_error err;
    cli_columns columns = {0};
    cli_columns_head(&columns, "epochs", 'r');
    cli_columns_head(&columns, "run", 'r');
    cli_columns_head(&columns, "point", 'l');
    add_metric_heads(&columns);
    nb_status status = NB_OK;
    for (uint32_t b = 0; b < budgets && status == NB_OK; b++) {
        status = nb_api101_computed(api, row, epochs[b], runs, RUNS_MAX, &count, &err);
        if (status == NB_OK)
            status = nb_api101_mean(api, row, epochs[b], &mean, &err);
        if (status != NB_OK)
            break;
        for (uint32_t r = 0; r < count && r < RUNS_MAX; r++) {
            char *number = cli_format("%u", r);
            print_run(&columns, epochs[b], number, &runs[r]);
            free(number);
        }
        print_run(&columns, epochs[b], "mean", &mean);
    }
    if (status == NB_OK) {
        print_cell(api->table, row, fixed);
        cli_columns_print(&columns, stdout);
    }
    cli_columns_free(&columns);
    return status == NB_OK ? CLI_OK : cli_fail_with(&err);
}

int cli_show101(const nb_table *table, const char *arch, bool json)
{
    nb_api101 api;
    nb_error err;
    row_list list = {0};
    cli_json out = {.out = stdout};
    const bool all = strcmp(arch, "all") == 0;
    if (nb_api101_init(table, 0, &api, &err) != NB_OK)
        return cli_fail_with(&err);
    int code = add_rows(&api, arch, &list);
    if (json && all)
        cli_json_begin_array(&out, CLI_JSON_LINES);
    for (size_t i = 0; code == CLI_OK && i < list.count && !ferror(stdout); i++) {
        nb_fixed101 fixed;
        if (nb_api101_fixed(&api, list.rows[i], &fixed, &err) != NB_OK)
            code = cli_fail_with(&err);
        else
            code = json ? show_row_json(&out, &api, list.rows[i], &fixed) : show_row_text(&api, list.rows[i], &fixed);
    }
    if (json && all)
        cli_json_end(&out);
    free(list.rows);
    return code;
}
