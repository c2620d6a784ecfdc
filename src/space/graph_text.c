#include "space/graph_text.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fixed_text.h"
#include "base/json_scan.h"

/* ---------------------------------------------------------------------------------------------------- JSON */

/* What was read of the object so far; a matrix may be wrong in ways that only the whole shows. */
typedef struct reading {
    int matrix[NB_MODELSPEC_VERTICES][NB_MODELSPEC_VERTICES];
    int rows, columns;
    bool ragged; /* a row is longer or shorter than the first */
    int labels[NB_MODELSPEC_VERTICES];
    int label_count;
    bool has_matrix, has_ops;
    char (*names)[NB_OP101_NAME_SIZE];
} reading;

static nb_status too_many(nb_error *err)
{
    return nb_fail(err, NB_ERR_ARGUMENT, "too many vertices, got more than %d", NB_MODELSPEC_VERTICES);
}

static nb_status read_row(nb_json_scan *scan, reading *r, nb_error *err)
{
    int columns = 0;
    NB_TRY(nb_json_expect(scan, '[', err));
    while (!nb_json_accept(scan, ']')) {
        uint64_t entry;
        if (columns > 0)
            NB_TRY(nb_json_expect(scan, ',', err));
        NB_TRY(nb_json_unsigned(scan, &entry, err));
        if (columns == NB_MODELSPEC_VERTICES)
            return too_many(err);
        r->matrix[r->rows][columns++] = entry < INT_MAX ? (int)entry : INT_MAX;
    }
    if (r->rows == 0)
        r->columns = columns;
    r->ragged |= columns != r->columns;
    r->rows++;
    return NB_OK;
}

static nb_status read_matrix(nb_json_scan *scan, reading *r, nb_error *err)
{
    NB_TRY(nb_json_expect(scan, '[', err));
    while (!nb_json_accept(scan, ']')) {
        if (r->rows > 0)
            NB_TRY(nb_json_expect(scan, ',', err));
        if (r->rows == NB_MODELSPEC_VERTICES)
            return too_many(err);
        NB_TRY(read_row(scan, r, err));
    }
    return NB_OK;
}

static nb_status read_ops(nb_json_scan *scan, reading *r, nb_error *err)
{
    NB_TRY(nb_json_expect(scan, '[', err));
    while (!nb_json_accept(scan, ']')) {
        const char *name;
        if (r->label_count > 0)
            NB_TRY(nb_json_expect(scan, ',', err));
        NB_TRY(nb_json_string(scan, &name, err));
        if (r->label_count == NB_MODELSPEC_VERTICES)
            return too_many(err);
        if (r->names) {
            nb_fixed_text copy = nb_fixed_text_into(r->names[r->label_count], NB_OP101_NAME_SIZE);
            nb_fixed_text_add_string(&copy, name);
        }
        r->labels[r->label_count++] = nb_label101_find(name);
    }
    return NB_OK;
}

static nb_status read_object(nb_json_scan *scan, reading *r, nb_error *err)
{
    NB_TRY(nb_json_expect(scan, '{', err));
    for (int members = 0; !nb_json_accept(scan, '}'); members++) {
        const char *key;
        if (members > 0)
            NB_TRY(nb_json_expect(scan, ',', err));
        NB_TRY(nb_json_string(scan, &key, err));
        NB_TRY(nb_json_expect(scan, ':', err));
        bool is_matrix = strcmp(key, "matrix") == 0, is_ops = strcmp(key, "ops") == 0;
        if ((is_matrix && r->has_matrix) || (is_ops && r->has_ops))
            return nb_json_fail(scan, err, "a key that was there before");
        if (is_matrix)
            NB_TRY(read_matrix(scan, r, err));
        else if (is_ops)
            NB_TRY(read_ops(scan, r, err));
        else
            return nb_json_fail(scan, err, "a key other than \"matrix\" and \"ops\"");
        r->has_matrix |= is_matrix;
        r->has_ops |= is_ops;
    }
    if (!r->has_matrix || !r->has_ops)
        return nb_json_fail(scan, err, r->has_matrix ? "the key \"ops\" is missing" : "the key \"matrix\" is missing");
    return nb_json_end(scan, err);
}

static nb_status build(const reading *r, nb_modelspec *out, nb_error *err)
{
    int packed[NB_MODELSPEC_VERTICES * NB_MODELSPEC_VERTICES];
    if (r->ragged)
        return nb_fail(err, NB_ERR_ARGUMENT, "matrix must be square (its rows have different lengths)");
    for (int row = 0; row < r->rows; row++)
        memcpy(packed + row * r->columns, r->matrix[row], (size_t)r->columns * sizeof *packed);
    return nb_modelspec_build(packed, r->rows, r->columns, r->labels, r->label_count, out, err);
}

nb_status nb_modelspec_parse(const char *text, size_t length, nb_modelspec *out, char (*names)[NB_OP101_NAME_SIZE], nb_error *err)
{
    char *strings = malloc(length + 1);
    if (!strings)
        return nb_fail(err, NB_ERR_MEMORY, "no memory to read a graph of %zu bytes", length);
    nb_json_scan scan = {.start = text, .next = text, .end = text + length, .name = "graph", .strings = strings};
    reading r = {.names = names};
    nb_status status = read_object(&scan, &r, err);
    if (status == NB_ERR_TRUNCATED) { /* of a text that somebody typed, that is a matter of form */
        status = NB_ERR_FORMAT;
        if (err)
            err->status = status;
    }
    if (status == NB_OK)
        status = build(&r, out, err);
    free(strings);
    return status;
}

size_t nb_modelspec_format(const nb_modelspec *graph, char *text, size_t room)
{
    nb_fixed_text out = nb_fixed_text_into(text, room);
    nb_fixed_text_add_string(&out, "{\"matrix\":[");
    for (int row = 0; row < graph->vertices; row++) {
        nb_fixed_text_add_string(&out, row > 0 ? ",[" : "[");
        for (int column = 0; column < graph->vertices; column++) {
            if (column > 0)
                nb_fixed_text_add_char(&out, ',');
            nb_fixed_text_add_char(&out, graph->out[row] >> column & 1 ? '1' : '0');
        }
        nb_fixed_text_add_char(&out, ']');
    }
    nb_fixed_text_add_string(&out, "],\"ops\":[");
    for (int vertex = 0; vertex < graph->vertices; vertex++) {
        nb_fixed_text_add_string(&out, vertex > 0 ? ",\"" : "\"");
        nb_fixed_text_add_string(&out, nb_label101_name(graph->label[vertex]));
        nb_fixed_text_add_char(&out, '"');
    }
    nb_fixed_text_add_string(&out, "]}");
    return out.length;
}

/* ---------------------------------------------------------------------------------------------------- hashes */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool nb_hash101_parse(const char *text, size_t length, uint8_t hash[NB_CELL101_HASH_SIZE])
{
    if (length != 2 * NB_CELL101_HASH_SIZE)
        return false;
    int bad = 0;
    for (int i = 0; i < NB_CELL101_HASH_SIZE; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        bad |= high | low;
        hash[i] = (uint8_t)((unsigned)high << 4 | (unsigned)low);
    }
    return bad >= 0;
}
