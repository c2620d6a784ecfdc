#include "nasbench/nasbench101.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/hex.h"
#include "base/md5.h"

static const char *const operations[NB_LABELS101] = {"conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3"};

const char *nb_label101_name(int label)
{
    if (label >= 0 && label < NB_LABELS101)
        return operations[label];
    return label == NB_LABEL101_INPUT ? "input" : label == NB_LABEL101_OUTPUT ? "output" : NULL;
}

int nb_label101_find(const char *operation)
{
    for (int label = NB_LABEL101_OUTPUT; label < NB_LABELS101; label++)
        if (strcmp(operation, nb_label101_name(label)) == 0)
            return label;
    return NB_LABEL101_UNKNOWN;
}

nb_status nb_modelspec_build(const int *matrix, int rows, int columns, const int *labels, int label_count, nb_modelspec *out, nb_error *err)
{
    if (rows != columns || rows < 1)
        return nb_fail(err, NB_ERR_ARGUMENT, "matrix must be square (it has %d rows and %d columns)", rows, columns);
    if (label_count != rows)
        return nb_fail(err, NB_ERR_ARGUMENT, "length of ops must match matrix dimensions (%d ops, %d rows)", label_count, rows);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j <= i; j++)
            if (matrix[i * columns + j] != 0)
                return nb_fail(err, NB_ERR_ARGUMENT, "matrix must be upper triangular (row %d, column %d is %d)", i, j,
                               matrix[i * columns + j]);
    if (rows > NB_MODELSPEC_VERTICES)
        return nb_fail(err, NB_ERR_ARGUMENT, "too many vertices, got %d (at most %d can be pruned)", rows, NB_MODELSPEC_VERTICES);
    nb_modelspec graph = {.vertices = rows};
    for (int i = 0; i < rows; i++) {
        for (int j = i + 1; j < rows; j++) {
            int entry = matrix[i * columns + j];
            if (entry != 0 && entry != 1)
                return nb_fail(err, NB_ERR_ARGUMENT, "matrix entries must be 0 or 1 (row %d, column %d is %d)", i, j, entry);
            graph.out[i] |= (uint32_t)entry << j;
        }
        graph.label[i] = (int16_t)labels[i];
    }
    *out = graph;
    return NB_OK;
}

bool nb_modelspec_prune(const nb_modelspec *graph, nb_modelspec *pruned, int *kept)
{
    int vertices = graph->vertices, last = vertices - 1;
    if (vertices < 2 || vertices > NB_MODELSPEC_VERTICES)
        return false;
    uint32_t reached = 1, reaching = 1u << last;
    for (int i = 0; i < vertices; i++)
        if (reached >> i & 1)
            reached |= graph->out[i];
    for (int i = last; i-- > 0;)
        if (graph->out[i] & reaching)
            reaching |= 1u << i;
    uint32_t alive = reached & reaching;
    if (!(alive & 1) || !(alive >> last & 1))
        return false;
    int old[NB_MODELSPEC_VERTICES];
    nb_modelspec result = {.vertices = 0};
    for (int i = 0; i < vertices; i++)
        if (alive >> i & 1)
            old[result.vertices++] = i;
    for (int i = 0; i < result.vertices; i++) {
        for (int j = i + 1; j < result.vertices; j++)
            result.out[i] |= (graph->out[old[i]] >> old[j] & 1) << j;
        result.label[i] = graph->label[old[i]];
    }
    if (kept)
        memcpy(kept, old, (size_t)result.vertices * sizeof *kept);
    *pruned = result;
    return true;
}

int nb_modelspec_edges(const nb_modelspec *graph)
{
    int edges = 0;
    for (int i = 0; i < graph->vertices; i++)
        edges += __builtin_popcount(graph->out[i]);
    return edges;
}

/* Prunes into *pruned and tells where it stands; *pruned is not set when the graph is disconnected. */
static nb_domain101 classify(const nb_modelspec *graph, nb_modelspec *pruned)
{
    if (!nb_modelspec_prune(graph, pruned, NULL))
        return NB_DOMAIN101_DISCONNECTED;
    if (pruned->vertices > NB_CELL101_VERTICES)
        return NB_DOMAIN101_VERTICES;
    if (nb_modelspec_edges(pruned) > NB_CELL101_EDGES)
        return NB_DOMAIN101_EDGES;
    if (pruned->label[0] != NB_LABEL101_INPUT)
        return NB_DOMAIN101_FIRST;
    if (pruned->label[pruned->vertices - 1] != NB_LABEL101_OUTPUT)
        return NB_DOMAIN101_LAST;
    for (int i = 1; i < pruned->vertices - 1; i++)
        if (pruned->label[i] < 0 || pruned->label[i] >= NB_LABELS101)
            return NB_DOMAIN101_OPERATION;
    return NB_DOMAIN101_OK;
}

nb_domain101 nb_modelspec_check(const nb_modelspec *graph)
{
    nb_modelspec pruned;
    return classify(graph, &pruned);
}

const char *nb_domain101_name(nb_domain101 domain)
{
    static const char *const names[] = {"ok", "disconnected", "vertices", "edges", "first-op", "last-op", "unknown-op"};
    return names[domain];
}

nb_status nb_modelspec_cell(const nb_modelspec *graph, nb_cell101 *out, nb_error *err)
{
    nb_modelspec pruned;
    switch (classify(graph, &pruned)) {
    case NB_DOMAIN101_OK:
        break;
    case NB_DOMAIN101_DISCONNECTED:
        return nb_fail(err, NB_ERR_ARGUMENT, "invalid spec, provided graph is disconnected.");
    case NB_DOMAIN101_VERTICES:
        return nb_fail(err, NB_ERR_ARGUMENT, "too many vertices, got %d (max vertices = %d)", pruned.vertices, NB_CELL101_VERTICES);
    case NB_DOMAIN101_EDGES:
        return nb_fail(err, NB_ERR_ARGUMENT, "too many edges, got %d (max edges = %d)", nb_modelspec_edges(&pruned), NB_CELL101_EDGES);
    case NB_DOMAIN101_FIRST:
        return nb_fail(err, NB_ERR_ARGUMENT, "first operation should be 'input'");
    case NB_DOMAIN101_LAST:
        return nb_fail(err, NB_ERR_ARGUMENT, "last operation should be 'output'");
    case NB_DOMAIN101_OPERATION:
        return nb_fail(err, NB_ERR_ARGUMENT, "unsupported op (available ops = ['%s', '%s', '%s'])", operations[0], operations[1],
                       operations[2]);
    }
    nb_cell101 cell = {.vertices = (uint8_t)pruned.vertices};
    for (int y = 1; y < pruned.vertices; y++)
        for (int x = 0; x < y; x++)
            cell.edges |= (pruned.out[x] >> y & 1) << (x + y * (y - 1) / 2);
    for (int i = 1; i < pruned.vertices - 1; i++)
        cell.label[i - 1] = (uint8_t)pruned.label[i];
    *out = cell;
    return NB_OK;
}

bool nb_cell101_has_edge(const nb_cell101 *cell, int from, int to)
{
    return cell->edges >> (from + to * (to - 1) / 2) & 1;
}

void nb_cell101_spec(const nb_cell101 *cell, nb_modelspec *out)
{
    nb_modelspec graph = {.vertices = cell->vertices};
    for (int y = 1; y < graph.vertices; y++)
        for (int x = 0; x < y; x++)
            graph.out[x] |= (uint32_t)nb_cell101_has_edge(cell, x, y) << y;
    graph.label[0] = NB_LABEL101_INPUT;
    for (int i = 1; i < graph.vertices - 1; i++)
        graph.label[i] = cell->label[i - 1];
    graph.label[graph.vertices - 1] = NB_LABEL101_OUTPUT;
    *out = graph;
}

/* ------------------------------------------------------------------------------------------------------------------ hash */

#define DIGITS (2 * NB_MD5_SIZE) /* of a digest as text */

typedef struct digests {
    uint8_t bytes[NB_MODELSPEC_VERTICES][NB_MD5_SIZE];
    char text[NB_MODELSPEC_VERTICES][DIGITS + 1];
} digests;

static void finish(nb_md5 *hash, digests *to, int vertex)
{
    nb_md5_finish(hash, to->bytes[vertex]);
    nb_hex(to->bytes[vertex], NB_MD5_SIZE, to->text[vertex]);
}

/* Vertices in ascending order of their digests. Hexadecimal text sorts as the bytes do. */
static void sort_vertices(const digests *now, int vertices, int *order)
{
    for (int i = 0; i < vertices; i++) {
        int at = i;
        for (; at > 0 && memcmp(now->bytes[order[at - 1]], now->bytes[i], NB_MD5_SIZE) > 0; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}

static void add_chosen(nb_md5 *hash, const digests *now, const int *order, int vertices, uint32_t chosen)
{
    for (int i = 0; i < vertices; i++)
        if (chosen >> order[i] & 1)
            nb_md5_add(hash, now->text[order[i]], DIGITS);
}

void nb_modelspec_hash(const nb_modelspec *graph, uint8_t hash[NB_CELL101_HASH_SIZE])
{
    int vertices = graph->vertices, order[NB_MODELSPEC_VERTICES] = {0};
    uint32_t in[NB_MODELSPEC_VERTICES] = {0};
    digests now = {0}, next = {0};
    nb_md5 md5;
    int last = vertices - 1;
    for (int x = 0; x < vertices; x++)
        for (int y = 0; y < vertices; y++)
            in[y] |= (graph->out[x] >> y & 1) << x;
    for (int v = 0; v < vertices; v++) {
        char text[64];
        int label = v == 0 ? NB_LABEL101_INPUT : v == last ? NB_LABEL101_OUTPUT : graph->label[v];
        int length = snprintf(text, sizeof text, "(%d, %d, %d)", __builtin_popcount(graph->out[v]), __builtin_popcount(in[v]), label);
        nb_md5_init(&md5);
        nb_md5_add(&md5, text, (size_t)length);
        finish(&md5, &now, v);
    }
    for (int round = 0; round < vertices; round++) {
        sort_vertices(&now, vertices, order);
        for (int v = 0; v < vertices; v++) {
            nb_md5_init(&md5);
            add_chosen(&md5, &now, order, vertices, in[v]);
            nb_md5_add(&md5, "|", 1);
            add_chosen(&md5, &now, order, vertices, graph->out[v]);
            nb_md5_add(&md5, "|", 1);
            nb_md5_add(&md5, now.text[v], DIGITS);
            finish(&md5, &next, v);
        }
        now = next;
    }
    sort_vertices(&now, vertices, order);
    nb_md5_init(&md5);
    for (int i = 0; i < vertices; i++) {
        nb_md5_add(&md5, i == 0 ? "['" : "', '", i == 0 ? 2 : 4);
        nb_md5_add(&md5, now.text[order[i]], DIGITS);
    }
    nb_md5_add(&md5, "']", 2);
    nb_md5_finish(&md5, hash);
}

void nb_cell101_hash(const nb_cell101 *cell, uint8_t hash[NB_CELL101_HASH_SIZE])
{
    nb_modelspec graph;
    nb_cell101_spec(cell, &graph);
    nb_modelspec_hash(&graph, hash);
}
