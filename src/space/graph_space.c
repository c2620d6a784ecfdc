/* The space "nasbench101": NAS-Bench-101's graphs behind the common interface. */
#include <string.h>

#include "base/error.h"
#include "base/fixed_text.h"
#include "base/hex.h"
#include "nasbench/nasbench101.h"
#include "space/costs.h"
#include "space/graph_cost.h"
#include "space/graph_lookup.h"
#include "space/graph_text.h"
#include "space/space.h"

enum { VERTICES = NB_CELL101_VERTICES, INTERIOR = NB_CELL101_INTERIOR, LABELS = NB_LABELS101 };

/* Graphs in an nb_arch. ---------------------------------------------------------------------------------------------------------------- */

static int vertices_of(const nb_arch *arch)
{
    return arch->count + 2;
}

/* Number of the first bit of the edges into vertex `to`; also how many edges a graph of `to` vertices can have. */
static int first_edge(int to)
{
    return to * (to - 1) / 2;
}

static int edge_bit(int from, int to)
{
    return from + first_edge(to);
}

/* The edges into a vertex, bit x for x -> vertex. */
static uint32_t in_mask(uint32_t edges, int vertex)
{
    return edges >> first_edge(vertex) & ((1u << vertex) - 1);
}

/* The vertices on paths from input to output, as bits. */
static uint32_t alive_vertices(uint32_t edges, int last)
{
    uint32_t reached = 1, reaching = 1u << last;
    for (int v = 1; v <= last; v++)
        reached |= (uint32_t)((in_mask(edges, v) & reached) != 0) << v;
    for (int v = last; v > 0; v--)
        if (reaching >> v & 1)
            reaching |= in_mask(edges, v);
    return reached & reaching;
}

static bool is_connected(uint32_t edges, int last)
{
    return alive_vertices(edges, last) & 1; /* the input is on a path, so the output is, too */
}

/* The bits of `mask` at the places that `chosen` has, moved together. */
static uint32_t gather(uint32_t mask, uint32_t chosen)
{
    uint32_t gathered = 0;
    for (int to = 0; chosen; chosen &= chosen - 1, to++)
        gathered |= (mask >> __builtin_ctz(chosen) & 1) << to;
    return gathered;
}

/* Prunes the graph; false when it is outside the domain. Takes labels as they are. */
static bool prune(const nb_arch *arch, nb_cell101 *cell)
{
    const int last = vertices_of(arch) - 1;
    if (!is_connected(arch->edges, last))
        return false;
    const uint32_t alive = alive_vertices(arch->edges, last);
    *cell = (nb_cell101){.vertices = 1};
    for (uint32_t left = alive & ~1u; left; left &= left - 1) {
        const int v = __builtin_ctz(left);
        cell->edges |= gather(in_mask(arch->edges, v), alive & ((1u << v) - 1)) << first_edge(cell->vertices);
        if (v < last)
            cell->label[cell->vertices - 1] = arch->code[v - 1];
        cell->vertices++;
    }
    return __builtin_popcount(cell->edges) <= NB_CELL101_EDGES;
}

bool nb_cell101_from_arch(const nb_arch *arch, nb_cell101 *out)
{
    if (arch->space != NB_SPACE_GRAPH || arch->count > INTERIOR || arch->edges >> first_edge(vertices_of(arch)))
        return false;
    for (int i = 0; i < arch->count; i++)
        if (arch->code[i] >= LABELS)
            return false;
    nb_cell101 cell;
    if (!prune(arch, &cell))
        return false;
    *out = cell;
    return true;
}

nb_arch nb_cell101_to_arch(const nb_cell101 *cell)
{
    nb_arch arch = {.space = NB_SPACE_GRAPH, .count = (uint8_t)(cell->vertices - 2), .edges = cell->edges};
    memcpy(arch.code, cell->label, arch.count);
    return arch;
}

bool nb_modelspec_from_arch(const nb_arch *arch, nb_modelspec *out)
{
    nb_cell101 cell;
    if (!nb_cell101_from_arch(arch, &cell))
        return false;
    cell = (nb_cell101){.vertices = (uint8_t)vertices_of(arch), .edges = arch->edges};
    memcpy(cell.label, arch->code, arch->count);
    nb_cell101_spec(&cell, out);
    return true;
}

static bool is_small_and_known(const nb_modelspec *graph)
{
    if (graph->vertices > VERTICES)
        return false;
    for (int v = 1; v < graph->vertices - 1; v++)
        if (graph->label[v] < 0 || graph->label[v] >= LABELS)
            return false;
    return true;
}

nb_status nb_modelspec_to_arch(const nb_modelspec *graph, nb_arch *arch, nb_error *err)
{
    nb_cell101 cell;
    NB_TRY(nb_modelspec_cell(graph, &cell, err));
    *arch = nb_cell101_to_arch(&cell);
    if (!is_small_and_known(graph))
        return NB_OK;
    *arch = (nb_arch){.space = NB_SPACE_GRAPH, .count = (uint8_t)(graph->vertices - 2)};
    for (int to = 1; to < graph->vertices; to++)
        for (int from = 0; from < to; from++)
            arch->edges |= (graph->out[from] >> to & 1) << edge_bit(from, to);
    for (int i = 0; i < arch->count; i++)
        arch->code[i] = (uint8_t)graph->label[i + 1];
    return NB_OK;
}

/* The same cell with 7 vertices: what it lacks comes in before the output, without edges and as conv3x3. */
static nb_arch widened(const nb_arch *arch)
{
    const int last = vertices_of(arch) - 1;
    nb_arch wide = {.space = NB_SPACE_GRAPH, .count = INTERIOR};
    memcpy(wide.code, arch->code, arch->count);
    wide.edges = (arch->edges & ((1u << first_edge(last)) - 1)) | in_mask(arch->edges, last) << first_edge(VERTICES - 1);
    return wide;
}

/* Indices. ----------------------------------------------------------------------------------------------------------------------------- */

static bool graph_has(const nb_arch *arch)
{
    nb_cell101 cell;
    return nb_cell101_from_arch(arch, &cell);
}

static int64_t graph_index(const nb_arch *arch)
{
    nb_cell101 cell;
    return nb_cell101_from_arch(arch, &cell) ? nb_cell101_index(&cell) : -1;
}

static nb_status graph_at(uint64_t index, nb_arch *arch, nb_error *err)
{
    (void)err;
    const nb_cell101 cell = nb_cell101_at((uint32_t)index);
    *arch = nb_cell101_to_arch(&cell);
    return NB_OK;
}

/* Text. -------------------------------------------------------------------------------------------------------------------------------- */

static nb_status graph_parse(const char *text, size_t length, nb_arch *arch, nb_error *err)
{
    uint8_t hash[NB_CELL101_HASH_SIZE];
    if (!nb_hash101_parse(text, length, hash)) {
        nb_modelspec graph;
        NB_TRY(nb_modelspec_parse(text, length, &graph, NULL, err));
        return nb_modelspec_to_arch(&graph, arch, err);
    }
    const int64_t index = nb_cell101_index_of_hash(hash);
    if (index < 0)
        return nb_fail(err, NB_ERR_NOT_FOUND, "no cell of NAS-Bench-101 has the graph hash %.32s", text);
    return graph_at((uint64_t)index, arch, err);
}

static int64_t graph_index_of_text(const char *text, size_t length)
{
    uint8_t hash[NB_CELL101_HASH_SIZE];
    if (nb_hash101_parse(text, length, hash))
        return nb_cell101_index_of_hash(hash);
    nb_arch arch;
    return graph_parse(text, length, &arch, NULL) == NB_OK ? graph_index(&arch) : -1;
}

static size_t graph_format(const nb_arch *arch, char *text, size_t room)
{
    nb_modelspec graph;
    if (!nb_modelspec_from_arch(arch, &graph))
        return nb_fixed_text_into(text, room).length;
    return nb_modelspec_format(&graph, text, room);
}

/* Decisions: the matrix row by row and the operations, always of 7 vertices (encoding A of nas_benchmarks). ---------------------------- */

static const char *const absence[] = {"0", "1"};
static const char *const operations[LABELS] = {"conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3"};

enum { EDGE_DECISIONS = VERTICES * (VERTICES - 1) / 2, DECISIONS = EDGE_DECISIONS + INTERIOR };

static const nb_decision decisions[DECISIONS] = {
    {"0->1", 2, absence},      {"0->2", 2, absence},      {"0->3", 2, absence},      {"0->4", 2, absence},      {"0->5", 2, absence},
    {"0->6", 2, absence},      {"1->2", 2, absence},      {"1->3", 2, absence},      {"1->4", 2, absence},      {"1->5", 2, absence},
    {"1->6", 2, absence},      {"2->3", 2, absence},      {"2->4", 2, absence},      {"2->5", 2, absence},      {"2->6", 2, absence},
    {"3->4", 2, absence},      {"3->5", 2, absence},      {"3->6", 2, absence},      {"4->5", 2, absence},      {"4->6", 2, absence},
    {"5->6", 2, absence},      {"1", LABELS, operations}, {"2", LABELS, operations}, {"3", LABELS, operations}, {"4", LABELS, operations},
    {"5", LABELS, operations},
};

/* The bit in nb_arch.edges of each edge decision. */
static const uint8_t bit_of_decision[EDGE_DECISIONS] = {0, 1, 3, 6, 10, 15, 2, 4, 7, 11, 16, 5, 8, 12, 17, 9, 13, 18, 14, 19, 20};

static void graph_encode(const nb_arch *arch, uint8_t *choices)
{
    const nb_arch wide = widened(arch);
    for (int d = 0; d < EDGE_DECISIONS; d++)
        choices[d] = wide.edges >> bit_of_decision[d] & 1;
    memcpy(choices + EDGE_DECISIONS, wide.code, INTERIOR);
}

/* Takes the last edges out of a connected graph until it has nine: any but those of one path may go. */
static void drop_surplus_edges(nb_arch *graph)
{
    const int last = VERTICES - 1;
    nb_cell101 cell;
    for (int d = EDGE_DECISIONS; d-- > 0 && !prune(graph, &cell);) {
        const uint32_t fewer = graph->edges & ~(1u << bit_of_decision[d]);
        if (is_connected(fewer, last))
            graph->edges = fewer;
    }
}

static void graph_decode(const uint8_t *choices, nb_arch *arch)
{
    const int last = VERTICES - 1;
    *arch = (nb_arch){.space = NB_SPACE_GRAPH, .count = INTERIOR};
    for (int d = 0; d < EDGE_DECISIONS; d++)
        arch->edges |= (uint32_t)choices[d] << bit_of_decision[d];
    memcpy(arch->code, choices + EDGE_DECISIONS, INTERIOR);
    if (!is_connected(arch->edges, last))
        arch->edges |= 1u << edge_bit(0, last);
    drop_surplus_edges(arch);
}

/* Moves. ------------------------------------------------------------------------------------------------------------------------------- */

/* Which matrices are in the domain does not depend on the labels, so these are drawn once. */
static nb_arch graph_sample(nb_rng *rng)
{
    nb_cell101 cell;
    nb_arch arch = {.space = NB_SPACE_GRAPH, .count = INTERIOR};
    do
        arch.edges = (uint32_t)(nb_rng_next(rng) >> (64 - EDGE_DECISIONS));
    while (!prune(&arch, &cell));
    for (int i = 0; i < INTERIOR; i++)
        arch.code[i] = (uint8_t)nb_rng_below(rng, LABELS);
    return arch;
}

static uint8_t other_label(uint8_t label, nb_rng *rng)
{
    const uint8_t other = (uint8_t)nb_rng_below(rng, LABELS - 1);
    return other < label ? other : (uint8_t)(other + 1);
}

/* mutate_spec of the reference's notebook, mutation rate 1. Vertices that a smaller parent lacks come in with random operations. */
static nb_arch graph_mutate(const nb_arch *parent, nb_rng *rng)
{
    nb_cell101 cell;
    if (!graph_has(parent))
        return *parent;
    nb_arch wide = widened(parent), child;
    for (int i = parent->count; i < INTERIOR; i++)
        wide.code[i] = (uint8_t)nb_rng_below(rng, LABELS);
    do {
        child = wide;
        for (int d = 0; d < EDGE_DECISIONS; d++)
            if (nb_rng_uniform(rng) < 1.0 / VERTICES)
                child.edges ^= 1u << bit_of_decision[d];
        for (int i = 0; i < INTERIOR; i++)
            if (nb_rng_uniform(rng) < 1.0 / INTERIOR)
                child.code[i] = other_label(child.code[i], rng);
    } while (!prune(&child, &cell));
    return child;
}

static bool same_cell(const nb_cell101 *a, const nb_cell101 *b)
{
    return a->vertices == b->vertices && a->edges == b->edges && memcmp(a->label, b->label, sizeof a->label) == 0;
}

typedef struct neighbour_list {
    nb_cell101 home;
    nb_arch *items; /* [room] */
    size_t count, room;
} neighbour_list;

static void add_neighbour(neighbour_list *list, const nb_arch *arch)
{
    nb_cell101 cell;
    if (!prune(arch, &cell) || same_cell(&cell, &list->home))
        return;
    if (list->count < list->room)
        list->items[list->count] = *arch;
    list->count++;
}

static size_t graph_neighbours(const nb_arch *arch, nb_arch *neighbours, size_t room)
{
    neighbour_list list = {.items = neighbours, .room = room};
    if (!nb_cell101_from_arch(arch, &list.home))
        return 0;
    const nb_arch wide = widened(arch);
    for (int d = 0; d < EDGE_DECISIONS; d++) {
        nb_arch near = wide;
        near.edges ^= 1u << bit_of_decision[d];
        add_neighbour(&list, &near);
    }
    for (int i = 0; i < INTERIOR; i++) {
        for (int step = 1; step < LABELS; step++) {
            nb_arch near = wide;
            near.code[i] = (uint8_t)((near.code[i] + step) % LABELS);
            add_neighbour(&list, &near);
        }
    }
    return list.count;
}

/* Isomorphism. ------------------------------------------------------------------------------------------------------------------------- */

static size_t graph_key(const nb_arch *arch, char *text, size_t room)
{
    nb_cell101 cell;
    uint8_t hash[NB_CELL101_HASH_SIZE];
    char digits[2 * sizeof hash + 1];
    nb_fixed_text out = nb_fixed_text_into(text, room);
    if (!nb_cell101_from_arch(arch, &cell))
        return 0;
    nb_cell101_hash(&cell, hash);
    nb_hex(hash, sizeof hash, digits);
    nb_fixed_text_add_string(&out, digits);
    return out.length;
}

/* Costs. ------------------------------------------------------------------------------------------------------------------------------- */

static nb_status graph_shape(const char *dataset, nb_shape *shape, nb_error *err)
{
    NB_TRY(nb_dataset_shape(dataset, shape, err));
    shape->channels = NB_NETWORK101_CHANNELS;
    shape->cells = NB_NETWORK101_CELLS;
    return NB_OK;
}

static nb_status graph_costs(const nb_arch *arch, const nb_shape *shape, nb_costs *costs, nb_error *err)
{
    nb_cell101 cell;
    nb_cost101 cost;
    nb_cell101_from_arch(arch, &cell);
    NB_TRY(nb_check_input_shape(shape, err));
    NB_TRY(nb_network101_check(&cell, shape, err));
    nb_network101_cost(&cell, shape, &cost);
    *costs = (nb_costs){.flops = (double)cost.flops / 1e6, .params = (double)cost.params / 1e6};
    return NB_OK;
}

/* Tables. ------------------------------------------------------------------------------------------------------------------------------ */

/* Bytes of an architecture: its vertices, five labels, and the edges, least significant byte first. */
enum { CODES = 1 + INTERIOR + 3 };

static void graph_pack(const nb_arch *arch, uint8_t *codes)
{
    codes[0] = (uint8_t)vertices_of(arch);
    memcpy(codes + 1, arch->code, INTERIOR);
    for (int i = 0; i < 3; i++)
        codes[1 + INTERIOR + i] = (uint8_t)(arch->edges >> 8 * i);
}

static bool graph_unpack(const uint8_t *codes, nb_arch *arch)
{
    *arch = (nb_arch){.space = NB_SPACE_GRAPH};
    arch->count = (uint8_t)(codes[0] - 2);
    memcpy(arch->code, codes + 1, INTERIOR);
    for (int i = 0; i < 3; i++)
        arch->edges |= (uint32_t)codes[1 + INTERIOR + i] << 8 * i;
    return graph_has(arch);
}

/* Hashing the whole catalogue costs as much as hashing some tens of thousands of cells one by one. */
static void graph_hashes(const uint32_t *indices, uint32_t count, uint8_t *hashes)
{
    enum { MANY = NB_CELL101_CELLS / 8 };
    const uint8_t *all = count > MANY ? nb_cell101_all_hashes() : NULL;
    for (uint32_t i = 0; i < count; i++, hashes += NB_CELL101_HASH_SIZE) {
        const uint32_t index = indices ? indices[i] : i;
        const nb_cell101 cell = nb_cell101_at(index);
        if (all)
            memcpy(hashes, all + (size_t)index * NB_CELL101_HASH_SIZE, NB_CELL101_HASH_SIZE);
        else
            nb_cell101_hash(&cell, hashes);
    }
}

const nb_space nb_graph_space = {
    .id = NB_SPACE_GRAPH,
    .name = "nasbench101",
    .title = "NAS-Bench-101",
    .aliases = (const char *const[]){"nas-bench-101", "101", NULL},
    .size = NB_CELL101_CELLS,
    .decisions = decisions,
    .decision_count = DECISIONS,
    .code_count = CODES,
    .has = graph_has,
    .parse = graph_parse,
    .format = graph_format,
    .index = graph_index,
    .index_of_text = graph_index_of_text,
    .at = graph_at,
    .encode = graph_encode,
    .decode = graph_decode,
    .sample = graph_sample,
    .mutate = graph_mutate,
    .neighbours = graph_neighbours,
    .is_valid = graph_has, /* outside the domain there are no architectures */
    .key = graph_key,
    .canonical = graph_index, /* an index is a class */
    .shape = graph_shape,
    .costs = graph_costs,
    .pack = graph_pack,
    .unpack = graph_unpack,
    .hashes = graph_hashes,
    .read_hash = nb_hash101_parse,
};
