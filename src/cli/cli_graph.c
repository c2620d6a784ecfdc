#include "cli_graph.h"

#include <nasbench/nasbench101.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_columns.h"
#include "cli_drawing.h"
#include "cli_json.h"
#include "cli_number.h"
#include "cli_output.h"

enum { HASH_DIGITS = 2 * NB_CELL101_HASH_SIZE };

/* All that is known of a graph; what pruning leaves is `pruned`, and `cell` when that is in the domain. */
typedef struct subject {
    const cli_graph_options *opts;
    const nb_space *space;
    nb_modelspec graph, pruned;
    char names[NB_MODELSPEC_VERTICES][NB_OP101_NAME_SIZE]; /* operations of `graph` as they were written */
    int kept[NB_MODELSPEC_VERTICES];                       /* the vertex of `graph` that each one of `pruned` is */
    bool connected;
    nb_domain101 domain;
    char reason[NB_ERROR_MESSAGE_SIZE]; /* why it is out of the domain */
    char hash[HASH_DIGITS + 1];         /* "" where there is none */
    int64_t index;                      /* -1 out of the domain */
    nb_arch arch;                       /* of the pruned cell */
    nb_cell101 cell, stored;
    nb_cost101 cost, stored_cost;
} subject;

typedef struct cost_row {
    const char *dataset;
    nb_shape shape;
    nb_costs costs;
} cost_row;

bool cli_is_graph(const char *text)
{
    uint8_t hash[NB_CELL101_HASH_SIZE];
    return text[strspn(text, " \t\r\n")] == '{' || nb_hash101_parse(text, strlen(text), hash);
}

/* ---- which graph ---- */

static void put_hash(const uint8_t *hash, char text[HASH_DIGITS + 1])
{
    for (int i = 0; i < NB_CELL101_HASH_SIZE; i++)
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
}

/* An index or a hash names a stored form. */
static int read_named(subject *s)
{
    nb_error err;
    nb_arch arch;
    if (nb_space_lookup(s->space, s->opts->arch, strlen(s->opts->arch), &arch, &err) != NB_OK)
        return cli_fail_with(&err);
    nb_modelspec_from_arch(&arch, &s->graph);
    for (int v = 0; v < s->graph.vertices; v++)
        snprintf(s->names[v], sizeof s->names[v], "%s", nb_label101_name(s->graph.label[v]));
    return CLI_OK;
}

static int read_graph(subject *s)
{
    const char *text = s->opts->arch;
    nb_error err;
    if (text[strspn(text, " \t\r\n")] != '{')
        return read_named(s);
    return nb_modelspec_parse(text, strlen(text), &s->graph, s->names, &err) == NB_OK ? CLI_OK : cli_fail_with(&err);
}

/* Everything that follows from the graph. A graph with an operation of no number has no hash. */
static void complete(subject *s)
{
    nb_error err;
    s->index = -1;
    s->domain = nb_modelspec_check(&s->graph);
    s->connected = nb_modelspec_prune(&s->graph, &s->pruned, s->kept);
    if (nb_modelspec_cell(&s->graph, &s->cell, &err) != NB_OK)
        snprintf(s->reason, sizeof s->reason, "%s", err.message);
    if (s->connected && s->domain != NB_DOMAIN101_OPERATION) {
        uint8_t hash[NB_CELL101_HASH_SIZE];
        nb_modelspec_hash(&s->pruned, hash);
        put_hash(hash, s->hash);
    }
    if (s->domain != NB_DOMAIN101_OK)
        return;
    s->index = nb_cell101_index(&s->cell);
    s->arch = nb_cell101_to_arch(&s->cell);
    s->stored = nb_cell101_stored(&s->cell);
    nb_cell101_cost(&s->cell, &s->cost);
    nb_cell101_cost(&s->stored, &s->stored_cost);
}

/* Rows of costs, one per dataset; the caller frees. None out of the domain. */
static int find_costs(const subject *s, cost_row **rows, size_t *count)
{
    static const char *const usual[] = {"cifar10"};
    const bool chosen = s->opts->datasets.count > 0;
    *count = s->domain != NB_DOMAIN101_OK ? 0 : chosen ? s->opts->datasets.count : 1;
    *rows = cli_alloc((*count + 1) * sizeof **rows);
    for (size_t i = 0; i < *count; i++) {
        nb_error err;
        cost_row *row = *rows + i;
        row->dataset = chosen ? s->opts->datasets.items[i] : usual[i];
        nb_status status = nb_space_shape(s->space, row->dataset, &row->shape, &err);
        if (s->opts->channels > 0)
            row->shape.channels = s->opts->channels;
        if (s->opts->cells > 0)
            row->shape.cells = s->opts->cells;
        if (status == NB_OK)
            status = nb_space_costs(s->space, &s->arch, &row->shape, &row->costs, &err);
        if (status != NB_OK)
            return cli_fail_with(&err);
    }
    return CLI_OK;
}

/* ---- as JSON ---- */

static void json_matrix(cli_json *json, const char *key, const nb_modelspec *graph)
{
    cli_json_key(json, key);
    cli_json_begin_array(json, CLI_JSON_INLINE);
    for (int row = 0; row < graph->vertices; row++) {
        cli_json_begin_array(json, CLI_JSON_INLINE);
        for (int column = 0; column < graph->vertices; column++)
            cli_json_unsigned(json, graph->out[row] >> column & 1);
        cli_json_end(json);
    }
    cli_json_end(json);
}

static void json_pruned(cli_json *json, const subject *s)
{
    if (!s->connected) {
        cli_json_put_string(json, "pruned_matrix", NULL);
        cli_json_put_string(json, "pruned_ops", NULL);
        return;
    }
    json_matrix(json, "pruned_matrix", &s->pruned);
    cli_json_key(json, "pruned_ops");
    cli_json_begin_array(json, CLI_JSON_INLINE);
    for (int v = 0; v < s->pruned.vertices; v++)
        cli_json_string(json, s->names[s->kept[v]]);
    cli_json_end(json);
    cli_json_put_unsigned(json, "vertices", (uint64_t)s->pruned.vertices);
    cli_json_put_unsigned(json, "edges", (uint64_t)nb_modelspec_edges(&s->pruned));
}

/* As in NAR's records: one list per cell of the network, zero for input and output. */
static void json_vertices(cli_json *json, const char *key, const nb_cell101 *cell,
                          const uint64_t values[NB_CELL101_MODULES][NB_CELL101_VERTICES])
{
    cli_json_key(json, key);
    cli_json_begin_object(json, CLI_JSON_LINES);
    for (int module = 0; module < NB_CELL101_MODULES; module++) {
        char name[32];
        snprintf(name, sizeof name, "stack%d/module%d", module / 3, module % 3);
        cli_json_key(json, name);
        cli_json_begin_array(json, CLI_JSON_INLINE);
        for (int v = 0; v < cell->vertices; v++)
            cli_json_unsigned(json, values[module][v]);
        cli_json_end(json);
    }
    cli_json_end(json);
}

/* The form that the published files hold, as lists and as their texts. */
static void json_stored(cli_json *json, const subject *s)
{
    nb_modelspec graph;
    char adjacency[NB_CELL101_VERTICES * NB_CELL101_VERTICES + 1], operations[NB_CELL101_VERTICES * NB_OP101_NAME_SIZE] = "";
    nb_cell101_spec(&s->stored, &graph);
    json_matrix(json, "stored_matrix", &graph);
    cli_json_key(json, "stored_ops");
    cli_json_begin_array(json, CLI_JSON_INLINE);
    size_t digits = 0;
    for (int v = 0; v < graph.vertices; v++) {
        cli_json_string(json, nb_label101_name(graph.label[v]));
        strcat(operations, v > 0 ? "," : "");
        strcat(operations, nb_label101_name(graph.label[v]));
        for (int to = 0; to < graph.vertices; to++)
            adjacency[digits++] = graph.out[v] >> to & 1 ? '1' : '0';
    }
    adjacency[digits] = '\0';
    cli_json_end(json);
    cli_json_put_string(json, "stored_adjacency", adjacency);
    cli_json_put_string(json, "stored_operations", operations);
    cli_json_put_unsigned(json, "stored_trainable_parameters", s->stored_cost.params);
    cli_json_put_unsigned(json, "stored_flops", s->stored_cost.flops);
}

static void json_costs(cli_json *json, const cost_row *rows, size_t count)
{
    cli_json_key(json, "costs");
    cli_json_begin_array(json, CLI_JSON_LINES);
    for (size_t i = 0; i < count; i++) {
        cli_json_begin_object(json, CLI_JSON_INLINE);
        cli_json_put_string(json, "dataset", rows[i].dataset);
        cli_json_put_unsigned(json, "channels", rows[i].shape.channels);
        cli_json_put_unsigned(json, "cells", rows[i].shape.cells);
        cli_json_put_unsigned(json, "classes", rows[i].shape.classes);
        cli_json_put_real(json, "flops", rows[i].costs.flops);
        cli_json_put_string(json, "flops_unit", "MFLOPs");
        cli_json_put_real(json, "params", rows[i].costs.params);
        cli_json_put_string(json, "params_unit", "M");
        cli_json_end(json);
    }
    cli_json_end(json);
}

static void print_json(const subject *s, const cost_row *rows, size_t count)
{
    cli_json json = {.out = stdout};
    const bool in_domain = s->domain == NB_DOMAIN101_OK;
    cli_json_begin_object(&json, CLI_JSON_LINES);
    cli_json_put_string(&json, "space", nb_space_name(s->space));
    cli_json_key(&json, "index");
    if (in_domain)
        cli_json_unsigned(&json, (uint64_t)s->index);
    else
        cli_json_null(&json);
    cli_json_put_string(&json, "hash", s->hash[0] ? s->hash : NULL);
    cli_json_put_bool(&json, "valid_spec", s->connected);
    cli_json_put_bool(&json, "in_domain", in_domain);
    cli_json_put_string(&json, "out_of_domain_reason", in_domain ? NULL : nb_domain101_name(s->domain));
    json_pruned(&json, s);
    if (in_domain) {
        cli_json_put_unsigned(&json, "trainable_parameters", s->cost.params);
        cli_json_put_unsigned(&json, "flops", s->cost.flops);
        json_stored(&json, s);
        json_vertices(&json, "vertex_params", &s->cell, s->cost.vertex_params);
        json_vertices(&json, "vertex_flops", &s->cell, s->cost.vertex_flops);
        json_costs(&json, rows, count);
    }
    cli_json_end(&json);
}

/* ---- as text ---- */

/* A matrix with the operation of each row beside it; `names` by vertex. */
static void print_matrix(const char *title, const nb_modelspec *graph, const char *const *names)
{
    for (int row = 0; row < graph->vertices; row++) {
        char *name = cli_printable(cli_strdup(names[row]));
        printf("%-15s", row == 0 ? title : "");
        for (int column = 0; column < graph->vertices; column++)
            printf("%u ", graph->out[row] >> column & 1);
        printf("  %s\n", name);
        free(name);
    }
}

static void print_numbers(const char *what, uint64_t own, uint64_t stored)
{
    char number[CLI_NUMBER_SIZE], other[CLI_NUMBER_SIZE];
    printf("%-15s%s", what, cli_grouped(own, number));
    if (own != stored)
        printf("  (of the stored form, as published: %s)", cli_grouped(stored, other));
    printf("\n");
}

static bool is_stored_form(const subject *s)
{
    return s->cell.edges == s->stored.edges && memcmp(s->cell.label, s->stored.label, sizeof s->cell.label) == 0;
}

static void print_stored(const subject *s)
{
    if (is_stored_form(s)) {
        printf("stored form    the same\n");
        return;
    }
    nb_modelspec graph;
    const char *names[NB_CELL101_VERTICES];
    nb_cell101_spec(&s->stored, &graph);
    for (int v = 0; v < graph.vertices; v++)
        names[v] = nb_label101_name(graph.label[v]);
    print_matrix("stored form", &graph, names);
}

static void print_costs(const cost_row *rows, size_t count)
{
    cli_columns columns = {0};
    cli_columns_head(&columns, "dataset", 'l');
    cli_columns_head(&columns, "channels", 'r');
    cli_columns_head(&columns, "cells", 'r');
    cli_columns_head(&columns, "classes", 'r');
    cli_columns_head(&columns, "FLOPs [M]", 'r');
    cli_columns_head(&columns, "parameters [M]", 'r');
    for (size_t i = 0; i < count; i++) {
        cli_columns_text(&columns, rows[i].dataset);
        cli_columns_unsigned(&columns, rows[i].shape.channels);
        cli_columns_unsigned(&columns, rows[i].shape.cells);
        cli_columns_unsigned(&columns, rows[i].shape.classes);
        cli_columns_real(&columns, rows[i].costs.flops, 6);
        cli_columns_real(&columns, rows[i].costs.params, 6);
    }
    printf("\n");
    cli_columns_print(&columns, stdout);
    cli_columns_free(&columns);
    printf("\nA multiply-accumulate counts as two FLOPs; pooling and sums count, normalisation and ReLU do not.\n");
}

static void print_text(const subject *s, const cost_row *rows, size_t count)
{
    const bool in_domain = s->domain == NB_DOMAIN101_OK;
    const char *names[NB_MODELSPEC_VERTICES];
    if (in_domain)
        printf("%s, cell %lld\n\n", nb_space_title(s->space), (long long)s->index);
    else
        printf("%s, a graph out of the domain\n\n", nb_space_title(s->space));
    printf("hash           %s\n", s->hash[0] ? s->hash : "-");
    printf("in domain      %s%s\n", in_domain ? "yes" : "no: ", s->reason);
    if (!s->connected)
        return;
    for (int v = 0; v < s->pruned.vertices; v++)
        names[v] = s->names[s->kept[v]];
    const int dropped = s->graph.vertices - s->pruned.vertices;
    print_matrix("matrix", &s->pruned, names);
    if (dropped > 0)
        printf("pruned         %d %s on no path from input to output\n", dropped, dropped == 1 ? "vertex that is" : "vertices that are");
    if (!in_domain)
        return;
    print_stored(s);
    print_numbers("parameters", s->cost.params, s->stored_cost.params);
    print_numbers("FLOPs", s->cost.flops, s->stored_cost.flops);
    print_costs(rows, count);
}

/* ---- as a drawing ---- */

static int draw(const subject *s)
{
    if (s->domain != NB_DOMAIN101_OK)
        return cli_fail("only cells in the domain can be drawn: %s", s->reason);
    cli_output output;
    int code = cli_output_open(&output, s->opts->svg);
    if (code != CLI_OK)
        return code;
    char flops[CLI_NUMBER_SIZE], params[CLI_NUMBER_SIZE];
    char *title = cli_format("%s, cell %lld", nb_space_title(s->space), (long long)s->index);
    char *note = cli_format("%s parameters, %s FLOPs", cli_grouped(s->cost.params, params), cli_grouped(s->cost.flops, flops));
    cli_graph graph = {.title = title, .caption = s->hash, .note = note, .vertices = s->pruned.vertices};
    for (int v = 0; v < graph.vertices; v++) {
        graph.operations[v] = nb_label101_name(s->pruned.label[v]);
        graph.out[v] = s->pruned.out[v];
    }
    cli_draw_graph(&graph, output.file);
    free(title);
    free(note);
    return cli_output_close(&output, CLI_OK);
}

int cli_graph_show(const cli_graph_options *opts)
{
    subject s = {.opts = opts, .space = nb_space_of(NB_SPACE_GRAPH)};
    cost_row *rows = NULL;
    size_t count = 0;
    int code = read_graph(&s);
    if (code == CLI_OK) {
        complete(&s);
        code = find_costs(&s, &rows, &count);
    }
    if (code == CLI_OK && opts->svg)
        code = draw(&s);
    const bool drawing_only = opts->svg && strcmp(opts->svg, "-") == 0;
    if (code == CLI_OK && !drawing_only) {
        if (opts->json)
            print_json(&s, rows, count);
        else
            print_text(&s, rows, count);
    }
    free(rows);
    return code;
}
