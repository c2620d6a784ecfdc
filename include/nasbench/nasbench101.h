/* NAS-Bench-101's cells: directed acyclic graphs with an operation at every vertex (Ying et al., ICML 2019).
 *
 * A *graph* is what a user hands in: a matrix and labels of any size up to NB_MODELSPEC_VERTICES, not yet pruned. A *cell* is a pruned
 * graph inside the space: at most 7 vertices and 9 edges. The space has 423,624 cells up to isomorphism. The *stored form* of a cell is the
 * one that the published files hold: of all its isomorphic orderings the one with the smallest edge number (see nb_modelspec_cell), and of
 * these the one with the lexicographically smallest labels. Numbers that depend on the order of the vertices (parameters of about one cell
 * in eight) are published for the stored form.
 *
 * Vertex 0 is the input, the last vertex the output. Edges go from a smaller to a larger vertex. */
#ifndef NASBENCH_NASBENCH101_H
#define NASBENCH_NASBENCH101_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nasbench/error.h"
#include "nasbench/space.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NB_MODELSPEC_VERTICES 32 /* of a graph before pruning */
#define NB_CELL101_VERTICES 7    /* of a cell */
#define NB_CELL101_EDGES 9
#define NB_CELL101_INTERIOR (NB_CELL101_VERTICES - 2)
#define NB_CELL101_CELLS 423624
#define NB_CELL101_HASH_SIZE 16 /* bytes of a graph hash */

/* Labels as the graph hash sees them; interior ones index nb_label101_name(). */
enum {
    NB_LABEL101_INPUT = -1,
    NB_LABEL101_OUTPUT = -2,
    NB_LABEL101_CONV3X3 = 0,
    NB_LABEL101_CONV1X1 = 1,
    NB_LABEL101_MAXPOOL3X3 = 2,
    NB_LABELS101 = 3
};

/* "conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3", "input" and "output"; NULL for another label. */
NB_API const char *nb_label101_name(int label);
/* The label of a name, or NB_LABEL101_UNKNOWN. */
enum { NB_LABEL101_UNKNOWN = -3 };
NB_API int nb_label101_find(const char *operation);

typedef struct nb_modelspec {
    int vertices;
    uint32_t out[NB_MODELSPEC_VERTICES]; /* bit j of out[i]: an edge from i to j, i < j */
    int16_t label[NB_MODELSPEC_VERTICES];
} nb_modelspec;

/* Builds a graph from a row-major matrix of rows x columns numbers and one label per vertex. Refuses, with the reference's words, a matrix
 * that is not square, labels of another number, and anything on or below the diagonal; then entries other than 0 and 1 and more than
 * NB_MODELSPEC_VERTICES vertices. */
NB_API nb_status nb_modelspec_build(const int *matrix, int rows, int columns, const int *labels, int label_count, nb_modelspec *out,
                                    nb_error *err);

/* Reads a JSON object with exactly the keys "matrix" (a list of rows) and "ops" (a list of names, "input" first and "output" last):
 *
 *     {"matrix": [[0, 1, 0], [0, 0, 1], [0, 0, 0]], "ops": ["input", "conv3x3-bn-relu", "output"]}
 *
 * `names` (may be NULL) gets the operations as they are written, cut to NB_OP101_NAME_SIZE - 1 bytes. A name that is none of the five
 * becomes NB_LABEL101_UNKNOWN, which is out of the domain but no error here. NB_ERR_FORMAT for anything else that is no such object, and
 * the refusals of nb_modelspec_build. */
#define NB_OP101_NAME_SIZE 32
NB_API nb_status nb_modelspec_parse(const char *text, size_t length, nb_modelspec *out, char (*names)[NB_OP101_NAME_SIZE], nb_error *err);

/* Drops every vertex that is not on a path from input to output. False when fewer than two are left: the graph is invalid (disconnected).
 * `kept` (may be NULL) gets the old numbers of the vertices. */
NB_API bool nb_modelspec_prune(const nb_modelspec *graph, nb_modelspec *pruned, int *kept);

NB_API int nb_modelspec_edges(const nb_modelspec *graph);

/* Why a graph is outside the space, in the order in which the reference looks. */
typedef enum nb_domain101 {
    NB_DOMAIN101_OK,
    NB_DOMAIN101_DISCONNECTED,
    NB_DOMAIN101_VERTICES,
    NB_DOMAIN101_EDGES,
    NB_DOMAIN101_FIRST,     /* the first label is not the input */
    NB_DOMAIN101_LAST,      /* the last label is not the output */
    NB_DOMAIN101_OPERATION, /* an interior label that is none of the three */
} nb_domain101;

/* Prunes and checks. Labels of vertices that pruning removes are never looked at. */
NB_API nb_domain101 nb_modelspec_check(const nb_modelspec *graph);
/* "ok", "disconnected", "vertices", "edges", "first-op", "last-op", "unknown-op". */
NB_API const char *nb_domain101_name(nb_domain101 domain);

/* The graph hash: MD5 of the sorted neighbourhood digests after as many rounds as there are vertices (nasbench: graph_util.py). Works on
 * the graph as given (prune first, as the reference does) and takes the two ends for input and output whatever their labels. Here edges may
 * go from larger to smaller vertices, too: the numbering of the interior does not matter. */
NB_API void nb_modelspec_hash(const nb_modelspec *graph, uint8_t hash[NB_CELL101_HASH_SIZE]);

/* A cell, small and comparable. `edges`: bit x + y (y - 1) / 2 is the edge x -> y. Labels of the interior, the rest zero. */
typedef struct nb_cell101 {
    uint8_t vertices;
    uint8_t label[NB_CELL101_INTERIOR];
    uint32_t edges;
} nb_cell101;

NB_API bool nb_cell101_has_edge(const nb_cell101 *cell, int from, int to);
NB_API void nb_cell101_spec(const nb_cell101 *cell, nb_modelspec *out);

/* The pruned graph as a cell, in its own order. NB_ERR_ARGUMENT with the reference's message when it is out of the domain. */
NB_API nb_status nb_modelspec_cell(const nb_modelspec *graph, nb_cell101 *out, nb_error *err);

/* The stored form of a cell: equal for isomorphic cells and only for them. */
NB_API nb_cell101 nb_cell101_stored(const nb_cell101 *cell);

/* The catalogue: all cells in their stored form, in the order in which the reference's generator meets them: by vertices, then edges read
 * as a number, then labels. Built on first use, in some tens of milliseconds, and then shared by all threads.
 * nb_cell101_at: index < NB_CELL101_CELLS. nb_cell101_index: of a cell in any order, or -1 when it is not a pruned cell of the space. */
NB_API nb_cell101 nb_cell101_at(uint32_t index);
NB_API int64_t nb_cell101_index(const nb_cell101 *cell);

/* The graph hashes of all cells: [NB_CELL101_CELLS][16] by index. Takes about a second of one processor, shared among all of them. */
NB_API void nb_cell101_hashes(uint8_t *hashes);

/* The graph hash of one cell, some microseconds; and the index of a hash, -1 when it is of no cell. The first call of the latter hashes
 * the whole catalogue, which takes about a second; an open table of this space answers at once (nb_table_row_of_hash). */
NB_API void nb_cell101_hash(const nb_cell101 *cell, uint8_t hash[NB_CELL101_HASH_SIZE]);
NB_API int64_t nb_cell101_index_of_hash(const uint8_t hash[NB_CELL101_HASH_SIZE]);
/* The 16 bytes that 32 hexadecimal digits, of either case, write; false for any other text. */
NB_API bool nb_hash101_parse(const char *text, size_t length, uint8_t hash[NB_CELL101_HASH_SIZE]);

/* The space "nasbench101" of <nasbench/space.h> ------------------------------------------------------------------------------------------
 *
 * An nb_arch of this space is a graph of 2 to 7 vertices in the domain, not necessarily pruned, since mutation works on what pruning
 * removes, too: count = interior vertices, code[i] = label of vertex i + 1, edges as in nb_cell101. Many graphs have the same index, that
 * of their cell; nb_space_at gives the stored form. */

/* A graph as an architecture: as it is when it has at most 7 vertices and only known operations, else pruned. NB_ERR_ARGUMENT with the
 * reference's message when it is out of the domain. */
NB_API nb_status nb_modelspec_to_arch(const nb_modelspec *graph, nb_arch *arch, nb_error *err);
/* And back, not pruned. False for an architecture that is not of this space. */
NB_API bool nb_modelspec_from_arch(const nb_arch *arch, nb_modelspec *out);

NB_API nb_arch nb_cell101_to_arch(const nb_cell101 *cell);
/* The pruned cell, in its own order. False for an architecture that is not of this space. */
NB_API bool nb_cell101_from_arch(const nb_arch *arch, nb_cell101 *out);

/* Width of every vertex of a cell that maps `in` to `out` channels; channels[vertices]. */
NB_API void nb_cell101_channels(const nb_cell101 *cell, int in, int out, int *channels);

/* Cost of the network around the cell (stem of 128 channels, three stacks of three cells, 10 classes, 32x32 images), for the vertex order
 * as given. Parameters: all trainable numbers. FLOPs: NAR's convention, where a multiply-accumulate counts 2, pooling and sums count,
 * batch norm and ReLU do not. Stack s and module m of the network are at [3 s + m]; the entries of input and output are zero. */
#define NB_CELL101_MODULES 9
typedef struct nb_cost101 {
    uint64_t params, flops;
    uint64_t vertex_params[NB_CELL101_MODULES][NB_CELL101_VERTICES];
    uint64_t vertex_flops[NB_CELL101_MODULES][NB_CELL101_VERTICES];
} nb_cost101;

NB_API void nb_cell101_cost(const nb_cell101 *cell, nb_cost101 *out);

#ifdef __cplusplus
}
#endif
#endif
