#include "ingest/run101.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/json_scan.h"
#include "base/quote.h"
#include "ingest/metrics101.h"

void nb_run101_scratch_free(nb_run101_scratch *scratch)
{
    free(scratch->memory);
    *scratch = (nb_run101_scratch){0};
}

/* Memory for the message, then for the strings of the payload, then for the decoded message. */
static nb_status make_room(nb_run101_scratch *scratch, size_t payload, nb_error *err)
{
    size_t wanted = payload + 8 + nb_base64_room(payload);
    if (scratch->memory && scratch->size >= wanted)
        return NB_OK;
    wanted = wanted < 4096 ? 4096 : wanted;
    nb_run101_scratch_free(scratch);
    scratch->memory = malloc(NB_METRICS101_MEMORY + wanted);
    if (!scratch->memory)
        return nb_fail(err, NB_ERR_MEMORY, "no memory for a record of %zu bytes", payload);
    scratch->size = wanted;
    return NB_OK;
}

/* ---- the five elements ---- */

typedef struct elements {
    const char *hash, *matrix, *operations, *metrics;
    size_t metrics_size;
    uint64_t epochs;
} elements;

/* The comma before element `number`. */
static nb_status next_element(nb_json_scan *scan, int number, nb_error *err)
{
    if (nb_json_accept(scan, ']'))
        return nb_fail(err, NB_ERR_FORMAT, "the JSON array has %d elements, 5 expected", number);
    return nb_json_expect(scan, ',', err);
}

static nb_status read_array(nb_json_scan *scan, elements *out, nb_error *err)
{
    if (!nb_json_accept(scan, '['))
        return nb_json_fail(scan, err,
                            nb_json_accept(scan, '{') ? "a JSON array of five elements expected, found an object"
                                                      : "a JSON array of five elements expected");
    if (nb_json_accept(scan, ']'))
        return nb_fail(err, NB_ERR_FORMAT, "the JSON array has no elements, 5 expected");
    NB_TRY(nb_json_string(scan, &out->hash, err));
    NB_TRY(next_element(scan, 1, err));
    NB_TRY(nb_json_unsigned(scan, &out->epochs, err));
    NB_TRY(next_element(scan, 2, err));
    NB_TRY(nb_json_string(scan, &out->matrix, err));
    NB_TRY(next_element(scan, 3, err));
    NB_TRY(nb_json_string(scan, &out->operations, err));
    NB_TRY(next_element(scan, 4, err));
    NB_TRY(nb_json_string(scan, &out->metrics, err));
    out->metrics_size = (size_t)(scan->strings - out->metrics) - 1;
    if (nb_json_accept(scan, ','))
        return nb_json_fail(scan, err, "the JSON array has more than 5 elements");
    NB_TRY(nb_json_expect(scan, ']', err));
    return nb_json_end(scan, err);
}

/* ---- hash and epochs ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static nb_status read_hash(const char *text, uint8_t hash[NB_CELL101_HASH_SIZE], nb_error *err)
{
    bool good = true;
    for (size_t i = 0; i < NB_CELL101_HASH_SIZE && good; i++) {
        int high = hex_digit(text[2 * i]);
        int low = high < 0 ? -1 : hex_digit(text[2 * i + 1]);
        good = low >= 0;
        if (good)
            hash[i] = (uint8_t)(high << 4 | low);
    }
    if (good && text[2 * NB_CELL101_HASH_SIZE] == '\0')
        return NB_OK;
    return nb_fail(err, NB_ERR_FORMAT, "hash %s: 32 lower-case hexadecimal digits expected", nb_quote(text, strlen(text)).text);
}

#define EPOCHS_MAX 100000

static nb_status read_epochs(uint64_t epochs, uint32_t *out, nb_error *err)
{
    if (epochs < 1 || epochs > EPOCHS_MAX)
        return nb_fail(err, NB_ERR_FORMAT, "%" PRIu64 " epochs: 1 to %d expected", epochs, EPOCHS_MAX);
    *out = (uint32_t)epochs;
    return NB_OK;
}

/* ---- the graph ---- */

/* The edges of a matrix of `vertices` rows, as in nb_cell101. */
static nb_status read_matrix(const char *text, int vertices, uint32_t *edges, nb_error *err)
{
    uint32_t found = 0;
    for (int from = 0; from < vertices; from++)
        for (int to = 0; to < vertices; to++) {
            char c = *text++;
            if (c == '0')
                continue;
            if (c != '1')
                return nb_fail(err, NB_ERR_FORMAT, "adjacency matrix: row %d, column %d is %s, 0 or 1 expected", from, to,
                               nb_quote(&c, 1).text);
            if (to <= from)
                return nb_fail(err, NB_ERR_FORMAT, "adjacency matrix: an edge from %d to %d: matrix must be upper triangular", from, to);
            found |= (uint32_t)1 << (from + to * (to - 1) / 2);
        }
    *edges = found;
    return NB_OK;
}

/* Whether every vertex but the last has an edge out and every one but the first an edge in: no vertex would be pruned. */
static nb_status check_paths(const nb_cell101 *cell, nb_error *err)
{
    uint32_t sources = 0;
    int vertices = cell->vertices;
    for (int to = 1; to < vertices; to++) {
        uint32_t in = cell->edges >> (to * (to - 1) / 2) & ((1u << to) - 1);
        if (in == 0)
            return nb_fail(err, NB_ERR_FORMAT, "adjacency matrix: no edge leads to vertex %d", to);
        sources |= in;
    }
    for (int from = 0; from < vertices - 1; from++)
        if (!(sources >> from & 1))
            return nb_fail(err, NB_ERR_FORMAT, "adjacency matrix: no edge leads away from vertex %d", from);
    return NB_OK;
}

static nb_status unknown_operation(const char *name, size_t size, int vertex, nb_error *err)
{
    return nb_fail(err, NB_ERR_FORMAT, "unsupported op %s at vertex %d (available ops = ['%s', '%s', '%s'])", nb_quote(name, size).text,
                   vertex, nb_label101_name(0), nb_label101_name(1), nb_label101_name(2));
}

/* The label that vertex `vertex` must have: an operation inside, input and output at the ends. */
static nb_status read_label(const char *name, size_t size, int vertex, nb_cell101 *cell, nb_error *err)
{
    char text[24] = {0};
    if (size < sizeof text)
        memcpy(text, name, size);
    int label = size < sizeof text ? nb_label101_find(text) : NB_LABEL101_UNKNOWN;
    if (label == NB_LABEL101_UNKNOWN)
        return unknown_operation(name, size, vertex, err);
    if (vertex == 0 && label != NB_LABEL101_INPUT)
        return nb_fail(err, NB_ERR_FORMAT, "first operation should be 'input', found '%s'", text);
    if (vertex == cell->vertices - 1 && label != NB_LABEL101_OUTPUT)
        return nb_fail(err, NB_ERR_FORMAT, "last operation should be 'output', found '%s'", text);
    if (vertex == 0 || vertex == cell->vertices - 1)
        return NB_OK;
    if (label < 0)
        return unknown_operation(name, size, vertex, err);
    cell->label[vertex - 1] = (uint8_t)label;
    return NB_OK;
}

static nb_status read_operations(const char *text, nb_cell101 *cell, nb_error *err)
{
    int count = 1;
    for (const char *c = text; *c; c++)
        count += *c == ',';
    if (count != cell->vertices)
        return nb_fail(err, NB_ERR_FORMAT, "%d operations and %d vertices: length of ops must match matrix dimensions", count,
                       cell->vertices);
    for (int vertex = 0; vertex < count; vertex++) {
        size_t size = strcspn(text, ",");
        NB_TRY(read_label(text, size, vertex, cell, err));
        text += size + 1;
    }
    return NB_OK;
}

static nb_status read_cell(const char *matrix, const char *operations, nb_cell101 *cell, nb_error *err)
{
    size_t size = strlen(matrix);
    int vertices = 0;
    while ((size_t)vertices * (size_t)vertices < size && vertices <= NB_CELL101_VERTICES)
        vertices++;
    if (vertices > NB_CELL101_VERTICES)
        return nb_fail(err, NB_ERR_FORMAT, "adjacency matrix of %zu entries: more than %d vertices", size, NB_CELL101_VERTICES);
    if ((size_t)vertices * (size_t)vertices != size || vertices < 2)
        return nb_fail(err, NB_ERR_FORMAT, "adjacency matrix of %zu entries: matrix must be square", size);
    *cell = (nb_cell101){.vertices = (uint8_t)vertices};
    NB_TRY(read_matrix(matrix, vertices, &cell->edges, err));
    int edges = __builtin_popcount(cell->edges);
    if (edges > NB_CELL101_EDGES)
        return nb_fail(err, NB_ERR_FORMAT, "too many edges, got %d (max edges = %d)", edges, NB_CELL101_EDGES);
    NB_TRY(check_paths(cell, err));
    return read_operations(operations, cell, err);
}

/* As read_cell, and nothing for the cell that was read last. Matrix and operations lie side by side, each with its zero. */
static nb_status read_known_cell(const elements *parts, nb_run101_scratch *scratch, nb_run101 *run, nb_error *err)
{
    size_t size = (size_t)(parts->metrics - parts->matrix);
    if (scratch->cell.vertices > 0 && size <= sizeof scratch->graph && memcmp(scratch->graph, parts->matrix, size) == 0) {
        run->cell = scratch->cell;
        return NB_OK;
    }
    NB_TRY(read_cell(parts->matrix, parts->operations, &run->cell, err));
    if (size <= sizeof scratch->graph) {
        memcpy(scratch->graph, parts->matrix, size);
        scratch->cell = run->cell;
    }
    return NB_OK;
}

/* ---- */

nb_status nb_run101_parse(const void *payload, size_t size, nb_run101_scratch *scratch, nb_run101 *run, nb_error *err)
{
    NB_TRY(make_room(scratch, size, err));
    char *strings = (char *)scratch->memory + NB_METRICS101_MEMORY;
    uint8_t *message = (uint8_t *)strings + size + 8;
    nb_json_scan scan = {.start = payload, .next = payload, .end = (const char *)payload + size, .name = "payload", .strings = strings};
    elements parts;
    size_t message_size;
    NB_TRY(read_array(&scan, &parts, err));
    NB_TRY(read_hash(parts.hash, run->hash, err));
    NB_TRY(read_epochs(parts.epochs, &run->epochs, err));
    NB_TRY(read_known_cell(&parts, scratch, run, err));
    NB_TRY(nb_base64_decode(parts.metrics, parts.metrics_size, message, &message_size, err));
    return nb_metrics101_parse(message, message_size, scratch->memory, run, err);
}
