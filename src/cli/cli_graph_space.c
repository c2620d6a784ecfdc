/* The whole of NAS-Bench-101: counted, and listed with hashes. */
#include <nasbench/nasbench101.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_columns.h"
#include "cli_graph.h"
#include "cli_json.h"
#include "cli_number.h"
#include "cli_output.h"

/* ---- counts ---- */

typedef struct counts {
    uint64_t cells[NB_CELL101_VERTICES + 1][NB_CELL101_EDGES + 1]; /* by vertices, then edges; index 0: sums */
} counts;

static counts count_cells(void)
{
    counts all = {0};
    for (uint32_t i = 0; i < NB_CELL101_CELLS; i++) {
        const nb_cell101 cell = nb_cell101_at(i);
        const int edges = __builtin_popcount(cell.edges);
        all.cells[cell.vertices][edges]++;
        all.cells[cell.vertices][0]++;
        all.cells[0][edges]++;
        all.cells[0][0]++;
    }
    return all;
}

static void json_line(cli_json *json, const char *key, const uint64_t *cells, size_t stride, int count)
{
    cli_json_key(json, key);
    cli_json_begin_object(json, CLI_JSON_INLINE);
    for (int i = 1; i <= count; i++) {
        char name[8];
        snprintf(name, sizeof name, "%d", i);
        if (cells[(size_t)i * stride] > 0)
            cli_json_put_unsigned(json, name, cells[(size_t)i * stride]);
    }
    cli_json_end(json);
}

static void print_counts_json(const counts *all)
{
    cli_json json = {.out = stdout};
    cli_json_begin_object(&json, CLI_JSON_LINES);
    cli_json_put_unsigned(&json, "total", all->cells[0][0]);
    json_line(&json, "by_vertices", &all->cells[0][0], NB_CELL101_EDGES + 1, NB_CELL101_VERTICES);
    json_line(&json, "by_edges", all->cells[0], 1, NB_CELL101_EDGES);
    cli_json_key(&json, "by_vertices_then_edges");
    cli_json_begin_object(&json, CLI_JSON_LINES);
    for (int vertices = 2; vertices <= NB_CELL101_VERTICES; vertices++) {
        char name[8];
        snprintf(name, sizeof name, "%d", vertices);
        json_line(&json, name, all->cells[vertices], 1, NB_CELL101_EDGES);
    }
    cli_json_end(&json);
    cli_json_end(&json);
}

static void print_counts_text(const counts *all)
{
    cli_columns columns = {0};
    char number[CLI_NUMBER_SIZE];
    static const char *const heads[] = {"2", "3", "4", "5", "6", "7"};
    cli_columns_head(&columns, "edges \\ vertices", 'l');
    for (int vertices = 2; vertices <= NB_CELL101_VERTICES; vertices++)
        cli_columns_head(&columns, heads[vertices - 2], 'r');
    cli_columns_head(&columns, "all", 'r');
    for (int line = 1; line <= NB_CELL101_EDGES + 1; line++) {
        const int edges = line % (NB_CELL101_EDGES + 1); /* the sums come last */
        snprintf(number, sizeof number, "%d", edges);
        cli_columns_text(&columns, edges == 0 ? "all" : number);
        for (int vertices = 2; vertices <= NB_CELL101_VERTICES + 1; vertices++) {
            const uint64_t cells = all->cells[vertices % (NB_CELL101_VERTICES + 1)][edges];
            cli_columns_text(&columns, cells > 0 ? cli_grouped(cells, number) : "");
        }
    }
    cli_columns_print(&columns, stdout);
    cli_columns_free(&columns);
}

int cli_graph_count(bool json)
{
    const counts all = count_cells();
    if (json)
        print_counts_json(&all);
    else
        print_counts_text(&all);
    return CLI_OK;
}

/* ---- the list ---- */

typedef struct entry {
    uint8_t hash[NB_CELL101_HASH_SIZE];
    uint32_t index;
} entry;

static int compare_hashes(const void *a, const void *b)
{
    return memcmp(a, b, NB_CELL101_HASH_SIZE);
}

/* All cells by ascending hash; the caller frees. */
static entry *hashed_cells(void)
{
    uint8_t *hashes = cli_alloc((size_t)NB_CELL101_CELLS * NB_CELL101_HASH_SIZE);
    entry *entries = cli_alloc(NB_CELL101_CELLS * sizeof *entries);
    nb_cell101_hashes(hashes);
    for (uint32_t i = 0; i < NB_CELL101_CELLS; i++) {
        memcpy(entries[i].hash, hashes + (size_t)i * NB_CELL101_HASH_SIZE, NB_CELL101_HASH_SIZE);
        entries[i].index = i;
    }
    free(hashes);
    qsort(entries, NB_CELL101_CELLS, sizeof *entries, compare_hashes);
    return entries;
}

static void put_hash(const uint8_t *hash, FILE *out)
{
    static const char digits[] = "0123456789abcdef";
    char text[2 * NB_CELL101_HASH_SIZE];
    for (int i = 0; i < NB_CELL101_HASH_SIZE; i++) {
        text[2 * i] = digits[hash[i] >> 4];
        text[2 * i + 1] = digits[hash[i] & 15];
    }
    fwrite(text, 1, sizeof text, out);
}

static bool has_edge(const nb_cell101 *cell, int from, int to)
{
    return from < to && nb_cell101_has_edge(cell, from, to);
}

/* hash, adjacency row by row, labels of the interior, trainable parameters. */
static void put_line(const entry *e, FILE *out)
{
    const nb_cell101 cell = nb_cell101_at(e->index);
    nb_cost101 cost;
    nb_cell101_cost(&cell, &cost);
    put_hash(e->hash, out);
    putc(' ', out);
    for (int from = 0; from < cell.vertices; from++)
        for (int to = 0; to < cell.vertices; to++)
            putc(has_edge(&cell, from, to) ? '1' : '0', out);
    putc(' ', out);
    for (int i = 0; i < cell.vertices - 2; i++)
        putc('0' + cell.label[i], out);
    fprintf(out, " %llu\n", (unsigned long long)cost.params);
}

/* A member of the reference's object: the hash, the matrix, and the labels with -1 and -2 at the ends; blanks as Python writes them. */
static void put_member(const entry *e, FILE *out)
{
    const nb_cell101 cell = nb_cell101_at(e->index);
    putc('"', out);
    put_hash(e->hash, out);
    fputs("\": [[", out);
    for (int from = 0; from < cell.vertices; from++) {
        fputs(from > 0 ? ", [" : "[", out);
        for (int to = 0; to < cell.vertices; to++) {
            fputs(to > 0 ? ", " : "", out);
            putc(has_edge(&cell, from, to) ? '1' : '0', out);
        }
        putc(']', out);
    }
    fputs("], [-1, ", out);
    for (int i = 0; i < cell.vertices - 2; i++)
        fprintf(out, "%u, ", cell.label[i]);
    fputs("-2]]", out);
}

static bool ends_in(const char *text, const char *end)
{
    const size_t size = strlen(text), tail = strlen(end);
    return size >= tail && strcmp(text + size - tail, end) == 0;
}

int cli_graph_enumerate(const char *path)
{
    const bool as_json = path && ends_in(path, ".json");
    cli_output output;
    int code = cli_output_open(&output, path);
    if (code != CLI_OK)
        return code;
    entry *entries = hashed_cells();
    for (uint32_t i = 0; i < NB_CELL101_CELLS && !ferror(output.file); i++) {
        if (as_json) {
            fputs(i > 0 ? ", " : "{", output.file);
            put_member(&entries[i], output.file);
        } else {
            put_line(&entries[i], output.file);
        }
    }
    if (as_json)
        putc('}', output.file);
    free(entries);
    return cli_output_close(&output, CLI_OK);
}
