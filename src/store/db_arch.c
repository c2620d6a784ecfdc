/* Architectures as NNI's databases write them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fixed_text.h"
#include "base/hex.h"
#include "base/python_json.h"
#include "base/quote.h"
#include "nasbench/nasbench101.h"
#include "nasbench/topology.h"
#include "store/db.h"

/* ---- writing ---- */

/* NNI calls nor_conv_1x1 and nor_conv_3x3 conv_1x1 and conv_3x3. */
static const char *nni_op_name(unsigned op)
{
    const char *name = nb_op_name(op);
    return name && strncmp(name, "nor_", 4) == 0 ? name + 4 : name;
}

static int nni_op_find(const char *name)
{
    for (int op = 0; op < NB_OP_COUNT; op++)
        if (strcmp(nni_op_name((unsigned)op), name) == 0)
            return op;
    return -1;
}

/* The edges in the order of their keys: "0_1", "0_2", "0_3", "1_2", "1_3", "2_3". */
static void format_topology(const nb_arch *arch, nb_fixed_text *out)
{
    for (unsigned source = 0; source < NB_TOPOLOGY_NODES - 1; source++)
        for (unsigned target = source + 1; target < NB_TOPOLOGY_NODES; target++) {
            char key[16];
            snprintf(key, sizeof key, "%s\"%u_%u\":\"", source + target == 1 ? "{" : ",", source, target);
            nb_fixed_text_add_string(out, key);
            nb_fixed_text_add_string(out, nni_op_name(arch->code[nb_topology_edge(target, source)]));
            nb_fixed_text_add_char(out, '"');
        }
    nb_fixed_text_add_char(out, '}');
}

/* Keys in the order of their text. With at most 7 vertices the numbers in them have one digit. */
static void format_graph(const nb_modelspec *graph, nb_fixed_text *out)
{
    for (int v = 1; v < graph->vertices; v++) {
        nb_fixed_text_add_string(out, v == 1 ? "{\"input" : ",\"input");
        nb_fixed_text_add_number(out, (unsigned long)v);
        nb_fixed_text_add_string(out, "\":[");
        bool first = true;
        for (int from = 0; from < v; from++) {
            if (!(graph->out[from] >> v & 1))
                continue;
            nb_fixed_text_add_string(out, first ? "" : ",");
            nb_fixed_text_add_number(out, (unsigned long)from);
            first = false;
        }
        nb_fixed_text_add_char(out, ']');
    }
    for (int v = 1; v + 1 < graph->vertices; v++) {
        nb_fixed_text_add_string(out, ",\"op");
        nb_fixed_text_add_number(out, (unsigned long)v);
        nb_fixed_text_add_string(out, "\":\"");
        nb_fixed_text_add_string(out, nb_label101_name(graph->label[v]));
        nb_fixed_text_add_char(out, '"');
    }
    nb_fixed_text_add_char(out, '}');
}

size_t nb_db_arch_format(const nb_arch *arch, char *text, size_t room)
{
    nb_fixed_text out = nb_fixed_text_into(text, room);
    nb_modelspec graph;
    if (arch->space == NB_SPACE_TOPOLOGY)
        format_topology(arch, &out);
    else if (nb_modelspec_from_arch(arch, &graph))
        format_graph(&graph, &out);
    return out.length;
}

/* ---- reading ---- */

static nb_status load_object(const char *text, json_t **out, nb_error *err)
{
    json_error_t problem;
    json_t *value = json_loads(text, 0, &problem);
    if (!value)
        return nb_fail(err, NB_ERR_FORMAT, "arch: line %d, column %d: no JSON: %s", problem.line, problem.column, problem.text);
    if (!json_is_object(value)) {
        json_decref(value);
        return nb_fail(err, NB_ERR_FORMAT, "arch: a JSON object expected");
    }
    *out = value;
    return NB_OK;
}

static nb_status parse_topology(const json_t *object, nb_arch *arch, nb_error *err)
{
    uint8_t ops[NB_TOPOLOGY_EDGES];
    if (json_object_size(object) != NB_TOPOLOGY_EDGES)
        return nb_fail(err, NB_ERR_FORMAT, "arch: the keys 0_1, 0_2, 0_3, 1_2, 1_3, 2_3 expected, found %zu keys",
                       json_object_size(object));
    for (unsigned target = 1; target < NB_TOPOLOGY_NODES; target++)
        for (unsigned source = 0; source < target; source++) {
            char key[16];
            snprintf(key, sizeof key, "%u_%u", source, target);
            const char *name = json_string_value(json_object_get(object, key));
            int op = name ? nni_op_find(name) : -1;
            if (op < 0)
                return nb_fail(err, NB_ERR_FORMAT, "arch: %s is %s; one of none, skip_connect, conv_1x1, conv_3x3, avg_pool_3x3 expected",
                               key, name ? nb_quote(name, strlen(name)).text : "missing");
            ops[nb_topology_edge(target, source)] = (uint8_t)op;
        }
    return nb_topology_from_ops(ops, arch, err);
}

/* The predecessors in `input<v>`. As in NNI an edge may come from any vertex. */
static nb_status parse_inputs(const json_t *object, int v, nb_modelspec *graph, nb_error *err)
{
    char key[32];
    snprintf(key, sizeof key, "input%d", v);
    const json_t *list = json_object_get(object, key);
    if (!json_is_array(list))
        return nb_fail(err, NB_ERR_ARGUMENT, "arch: %s: a list of vertices expected", key);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const json_int_t from = json_integer_value(item);
        if (!json_is_integer(item) || from < 0 || from >= graph->vertices)
            return nb_fail(err, NB_ERR_ARGUMENT, "arch: %s: vertices 0 to %d expected", key, graph->vertices - 1);
        graph->out[from] |= UINT32_C(1) << v;
    }
    return NB_OK;
}

static nb_status parse_operation(const json_t *object, int v, nb_modelspec *graph, nb_error *err)
{
    char key[32];
    snprintf(key, sizeof key, "op%d", v);
    const char *name = json_string_value(json_object_get(object, key));
    int label = name ? nb_label101_find(name) : NB_LABEL101_UNKNOWN;
    if (!name)
        return nb_fail(err, NB_ERR_ARGUMENT, "arch: %s is missing", key);
    if (label < 0)
        return nb_fail(err, NB_ERR_ARGUMENT, "arch: %s is %s; conv3x3-bn-relu, conv1x1-bn-relu or maxpool3x3 expected", key,
                       nb_quote(name, strlen(name)).text);
    graph->label[v] = (int16_t)label;
    return NB_OK;
}

static nb_status parse_graph(json_t *object, nb_modelspec *graph, nb_error *err)
{
    const char *key;
    json_t *value;
    int interior = 0;
    json_object_foreach(object, key, value) interior += strncmp(key, "op", 2) == 0;
    if (interior + 2 > NB_MODELSPEC_VERTICES)
        return nb_fail(err, NB_ERR_ARGUMENT, "arch: %d operations, at most %d expected", interior, NB_MODELSPEC_VERTICES - 2);
    *graph = (nb_modelspec){.vertices = interior + 2};
    graph->label[0] = NB_LABEL101_INPUT;
    graph->label[interior + 1] = NB_LABEL101_OUTPUT;
    for (int v = 1; v <= interior; v++)
        NB_TRY(parse_operation(object, v, graph, err));
    for (int v = 1; v <= interior + 1; v++)
        NB_TRY(parse_inputs(object, v, graph, err));
    return NB_OK;
}

/* Whether all edges go from smaller to larger vertices, as in a matrix that is upper triangular. */
static bool is_in_order(const nb_modelspec *graph)
{
    for (int v = 0; v < graph->vertices; v++)
        if (graph->out[v] & (UINT32_MAX >> (31 - v)))
            return false;
    return true;
}

nb_status nb_db_arch_parse(nb_db_kind kind, const char *json, nb_arch *arch, nb_error *err)
{
    json_t *object = NULL;
    nb_modelspec graph;
    if (kind != NB_DB_NASBENCH101 && kind != NB_DB_NASBENCH201)
        return nb_fail(err, NB_ERR_ARGUMENT, "arch: only nasbench101 and nasbench201 have architectures");
    NB_TRY(load_object(json, &object, err));
    nb_status status = kind == NB_DB_NASBENCH201 ? parse_topology(object, arch, err) : parse_graph(object, &graph, err);
    json_decref(object);
    if (status != NB_OK || kind == NB_DB_NASBENCH201)
        return status;
    if (!is_in_order(&graph))
        return nb_fail(err, NB_ERR_ARGUMENT, "arch: edges from smaller to larger vertices expected");
    return nb_modelspec_to_arch(&graph, arch, err);
}

/* ---- filters ---- */

static nb_status take_text(nb_text *text, nb_db_arch_key *out, nb_error *err)
{
    NB_TRY(nb_text_check(text, err));
    *out = (nb_db_arch_key){.text = text->data};
    return NB_OK;
}

static nb_status take_hash(const nb_modelspec *graph, nb_db_arch_key *out, nb_error *err)
{
    uint8_t hash[NB_CELL101_HASH_SIZE];
    char *text = malloc(2 * sizeof hash + 1);
    if (!text)
        return nb_fail(err, NB_ERR_MEMORY, "arch: no memory for a hash");
    nb_modelspec_hash(graph, hash);
    nb_hex(hash, sizeof hash, text);
    *out = (nb_db_arch_key){.by_hash = true, .text = text};
    return NB_OK;
}

/* An architecture of a space, however it is written, as NNI's text. */
static nb_status respell_arch(nb_db_kind kind, const char *text, nb_text *out, nb_error *err)
{
    char json[NB_DB_ARCH_SIZE];
    nb_arch arch;
    const nb_space *space = nb_space_find(nb_db_kind_name(kind), err);
    if (!space)
        return NB_ERR_NOT_FOUND;
    NB_TRY(nb_space_lookup(space, text, strlen(text), &arch, err));
    nb_text_append(out, json, nb_db_arch_format(&arch, json, sizeof json));
    return NB_OK;
}

/* The graph that a text stands for, not pruned. */
static nb_status graph_of(const char *text, nb_modelspec *graph, nb_error *err)
{
    json_t *object = NULL;
    nb_arch arch;
    if (*text != '{') {
        NB_TRY(nb_space_lookup(nb_space_find("nasbench101", NULL), text, strlen(text), &arch, err));
        return nb_modelspec_from_arch(&arch, graph) ? NB_OK : nb_fail(err, NB_ERR_ARGUMENT, "arch: no graph");
    }
    NB_TRY(load_object(text, &object, err));
    const bool is_matrix = json_object_get(object, "matrix") != NULL;
    nb_status status = is_matrix ? nb_modelspec_parse(text, strlen(text), graph, NULL, err) : parse_graph(object, graph, err);
    json_decref(object);
    return status;
}

nb_status nb_db_arch_key_of(nb_db_kind kind, const char *text, bool as_numbered, nb_db_arch_key *out, nb_error *err)
{
    nb_text respelled = {0};
    nb_modelspec graph;
    uint8_t hash[NB_CELL101_HASH_SIZE];
    text += strspn(text, " \t\r\n");
    if (kind == NB_DB_NASBENCH101 && !as_numbered) {
        if (nb_hash101_parse(text, strlen(text), hash)) {
            nb_text_append(&respelled, text, strlen(text));
            for (size_t i = 0; i < respelled.size; i++)
                respelled.data[i] =
                    (char)(respelled.data[i] >= 'A' && respelled.data[i] <= 'F' ? respelled.data[i] + 32 : respelled.data[i]);
            NB_TRY(take_text(&respelled, out, err));
            out->by_hash = true;
            return NB_OK;
        }
        NB_TRY(graph_of(text, &graph, err));
        return take_hash(&graph, out, err);
    }
    nb_status status =
        *text == '{' ? nb_python_json_respell(text, strlen(text), "arch", &respelled, err) : respell_arch(kind, text, &respelled, err);
    if (status == NB_OK)
        status = take_text(&respelled, out, err);
    if (status != NB_OK)
        nb_text_free(&respelled);
    return status;
}
