#include "nasbench/genotype.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/fixed_text.h"
#include "base/quote.h"
#include "space/costs.h"
#include "space/genotype.h"
#include "space/size.h"

/* Reading. ------------------------------------------------------------------------------------------------------------------------- */

/* One piece of the text, and where it stands in the whole. */
typedef struct piece {
    const char *start;
    size_t length;
    size_t offset;
} piece;

/* The next piece of `rest` up to `separator` or the end; moves `rest` past both. False when nothing is left. `more` of the caller says
 * whether another piece follows, because a text of n separators has n + 1 pieces. */
static bool next_piece(piece *rest, char separator, bool *more, piece *found)
{
    if (!*more)
        return false;
    const char *end = rest->length ? memchr(rest->start, separator, rest->length) : NULL;
    *found = *rest;
    *more = end != NULL;
    if (end) {
        found->length = (size_t)(end - rest->start);
        const size_t used = found->length + 1;
        *rest = (piece){rest->start + used, rest->length - used, rest->offset + used};
    }
    return true;
}

static nb_status unknown_operation(piece name, nb_error *err)
{
    return nb_fail(err, NB_ERR_FORMAT,
                   "architecture string: offset %zu: operation %s, expected none, skip_connect, nor_conv_1x1, nor_conv_3x3 or avg_pool_3x3",
                   name.offset, nb_quote(name.start, name.length).text);
}

/* The decimal number of an input node, below `target`. */
static nb_status read_source(piece digits, unsigned target, uint8_t *source, nb_error *err)
{
    unsigned number = 0;
    bool good = digits.length > 0;
    for (size_t i = 0; good && i < digits.length; i++) {
        good = digits.start[i] >= '0' && digits.start[i] <= '9';
        if (good && number < target)
            number = number * 10 + (unsigned)(digits.start[i] - '0');
    }
    if (!good || number >= target)
        return nb_fail(err, NB_ERR_FORMAT, "architecture string: offset %zu: input %s of node %u, expected 0 to %u", digits.offset,
                       nb_quote(digits.start, digits.length).text, target, target - 1);
    *source = (uint8_t)number;
    return NB_OK;
}

/* `operation~source` */
static nb_status read_edge(piece text, unsigned target, nb_genotype_edge *edge, nb_error *err)
{
    const char *tilde = memchr(text.start, '~', text.length);
    if (!tilde)
        return nb_fail(err, NB_ERR_FORMAT, "architecture string: offset %zu: %s, expected OPERATION~INPUT", text.offset,
                       nb_quote(text.start, text.length).text);
    const piece name = {text.start, (size_t)(tilde - text.start), text.offset};
    const piece digits = {tilde + 1, text.length - name.length - 1, text.offset + name.length + 1};
    const int op = nb_op_find(name.start, name.length);
    if (op < 0)
        return unknown_operation(name, err);
    edge->target = (uint8_t)target;
    edge->op = (uint8_t)op;
    return read_source(digits, target, &edge->source, err);
}

/* `|edge|edge|`; bars may double or be left out at the ends, as the reference drops empty pieces. */
static nb_status read_node(piece text, nb_genotype *genotype, nb_error *err)
{
    const uint16_t before = genotype->edges;
    const size_t offset = text.offset;
    bool more = true;
    piece edge;
    while (next_piece(&text, '|', &more, &edge)) {
        if (edge.length == 0)
            continue;
        if (genotype->edges == NB_GENOTYPE_EDGES)
            return nb_fail(err, NB_ERR_UNSUPPORTED, "architecture string: offset %zu: more than %d edges", edge.offset, NB_GENOTYPE_EDGES);
        NB_TRY(read_edge(edge, genotype->nodes, &genotype->edge[genotype->edges], err));
        genotype->edges++;
    }
    if (genotype->edges == before)
        return nb_fail(err, NB_ERR_FORMAT, "architecture string: offset %zu: node %u has no edge, expected |OPERATION~INPUT|", offset,
                       (unsigned)genotype->nodes);
    genotype->nodes++;
    return NB_OK;
}

nb_status nb_genotype_parse(const char *text, size_t length, nb_genotype *genotype, nb_error *err)
{
    nb_genotype read = {.nodes = 1};
    piece rest = {text, length, 0}, node;
    bool more = true;
    while (next_piece(&rest, '+', &more, &node)) {
        if (read.nodes == NB_GENOTYPE_NODES)
            return nb_fail(err, NB_ERR_UNSUPPORTED, "architecture string: offset %zu: more than %d nodes", node.offset, NB_GENOTYPE_NODES);
        NB_TRY(read_node(node, &read, err));
    }
    *genotype = read;
    return NB_OK;
}

/* Writing. ------------------------------------------------------------------------------------------------------------------------- */

/* Whether edges, nodes and operations are in range and in order: a genotype may have been filled in by hand. */
static bool well_formed(const nb_genotype *genotype)
{
    if (genotype->nodes < 2 || genotype->nodes > NB_GENOTYPE_NODES || genotype->edges > NB_GENOTYPE_EDGES)
        return false;
    unsigned last = 0;
    for (unsigned e = 0; e < genotype->edges; e++) {
        const nb_genotype_edge *edge = &genotype->edge[e];
        if (edge->op >= NB_OP_COUNT || edge->source >= edge->target || (edge->target != last && edge->target != last + 1))
            return false;
        last = edge->target;
    }
    return last == genotype->nodes - 1U;
}

static nb_status check(const nb_genotype *genotype, nb_error *err)
{
    if (!well_formed(genotype))
        return nb_fail(err, NB_ERR_ARGUMENT, "genotype: an edge, a node or an operation is out of range or out of order");
    return NB_OK;
}

size_t nb_genotype_format(const nb_genotype *genotype, char *text, size_t room)
{
    nb_fixed_text out = nb_fixed_text_into(text, room);
    if (!well_formed(genotype))
        return 0;
    for (unsigned e = 0; e < genotype->edges; e++) {
        const nb_genotype_edge *edge = &genotype->edge[e];
        if (e == 0 || edge->target != edge[-1].target)
            nb_fixed_text_add_string(&out, e == 0 ? "|" : "+|");
        nb_fixed_text_add_string(&out, nb_op_name(edge->op));
        nb_fixed_text_add_char(&out, '~');
        nb_fixed_text_add_number(&out, edge->source);
        nb_fixed_text_add_char(&out, '|');
    }
    return out.length;
}

/* Names. ----------------------------------------------------------------------------------------------------------------------------- */

static void add_edge(nb_genotype *genotype, unsigned target, unsigned source, unsigned op)
{
    genotype->edge[genotype->edges++] = (nb_genotype_edge){.target = (uint8_t)target, .source = (uint8_t)source, .op = (uint8_t)op};
}

/* Four nodes, and every operation of ops[count] from each possible input. */
static nb_genotype all_of(const uint8_t *ops, size_t count)
{
    nb_genotype genotype = {.nodes = NB_TOPOLOGY_NODES};
    for (unsigned target = 1; target < NB_TOPOLOGY_NODES; target++) {
        for (unsigned source = 0; source < target; source++) {
            for (size_t i = 0; i < count; i++)
                add_edge(&genotype, target, source, ops[i]);
        }
    }
    return genotype;
}

static nb_genotype resnet(void)
{
    nb_genotype genotype = {.nodes = NB_TOPOLOGY_NODES};
    add_edge(&genotype, 1, 0, NB_OP_NOR_CONV_3X3);
    add_edge(&genotype, 2, 1, NB_OP_NOR_CONV_3X3);
    add_edge(&genotype, 3, 0, NB_OP_SKIP_CONNECT);
    add_edge(&genotype, 3, 2, NB_OP_SKIP_CONNECT);
    return genotype;
}

static bool is_named(const char *text, size_t length, const char *name)
{
    return length == strlen(name) && memcmp(text, name, length) == 0;
}

nb_status nb_genotype_find(const char *text, size_t length, nb_genotype *genotype, nb_error *err)
{
    if (is_named(text, length, "resnet"))
        *genotype = resnet();
    else if (is_named(text, length, "all_c3x3"))
        *genotype = all_of((const uint8_t[]){NB_OP_NOR_CONV_3X3}, 1);
    else if (is_named(text, length, "all_c1x1"))
        *genotype = all_of((const uint8_t[]){NB_OP_NOR_CONV_1X1}, 1);
    else if (is_named(text, length, "all_idnt"))
        *genotype = all_of((const uint8_t[]){NB_OP_SKIP_CONNECT}, 1);
    else if (is_named(text, length, "all_full"))
        *genotype =
            all_of((const uint8_t[]){NB_OP_SKIP_CONNECT, NB_OP_NOR_CONV_1X1, NB_OP_NOR_CONV_3X3, NB_OP_AVG_POOL_3X3}, NB_OP_COUNT - 1);
    else if (length > 0 && (text[0] == '|' || memchr(text, '~', length)))
        return nb_genotype_parse(text, length, genotype, err);
    else
        return nb_fail(err, NB_ERR_NOT_FOUND,
                       "cell %s: neither a string |OPERATION~INPUT|+... nor a name (resnet, all_c3x3, all_c1x1, all_idnt, all_full)",
                       nb_quote(text, length).text);
    return NB_OK;
}

/* Architectures of the topology space. --------------------------------------------------------------------------------------------- */

void nb_genotype_from_ops(const uint8_t ops[NB_TOPOLOGY_EDGES], nb_genotype *genotype)
{
    genotype->nodes = NB_TOPOLOGY_NODES;
    genotype->reserved = 0;
    genotype->edges = 0;
    for (unsigned target = 1; target < NB_TOPOLOGY_NODES; target++) {
        for (unsigned source = 0; source < target; source++)
            add_edge(genotype, target, source, ops[nb_topology_edge(target, source)]);
    }
}

nb_status nb_genotype_from_arch(const nb_arch *arch, nb_genotype *genotype, nb_error *err)
{
    const nb_space *space = nb_space_of(arch->space);
    if (!space || !nb_space_has(space, arch))
        return nb_fail(err, NB_ERR_ARGUMENT, "the architecture is not one of a known space");
    *genotype = (nb_genotype){0};
    if (arch->space == NB_SPACE_SIZE)
        return nb_genotype_parse(nb_size_cell, strlen(nb_size_cell), genotype, err);
    if (arch->space != NB_SPACE_TOPOLOGY)
        return nb_fail(err, NB_ERR_ARGUMENT, "architectures of the space %s have no genotype", nb_space_name(space));
    nb_genotype_from_ops(arch->code, genotype);
    return NB_OK;
}

nb_status nb_genotype_to_arch(const nb_genotype *genotype, nb_arch *arch, nb_error *err)
{
    enum { ABSENT = NB_OP_COUNT };
    uint8_t ops[NB_TOPOLOGY_EDGES];
    memset(ops, ABSENT, sizeof ops);
    NB_TRY(check(genotype, err));
    if (genotype->nodes != NB_TOPOLOGY_NODES)
        return nb_fail(err, NB_ERR_ARGUMENT, "cell of %u nodes: the topology space has cells of %d", (unsigned)genotype->nodes,
                       NB_TOPOLOGY_NODES);
    for (unsigned e = 0; e < genotype->edges; e++) {
        const nb_genotype_edge *edge = &genotype->edge[e];
        uint8_t *op = &ops[nb_topology_edge(edge->target, edge->source)];
        if (*op != ABSENT)
            return nb_fail(err, NB_ERR_ARGUMENT, "cell with the edge %u<-%u twice: the topology space has each edge once",
                           (unsigned)edge->target, (unsigned)edge->source);
        *op = edge->op;
    }
    for (unsigned target = 1; target < NB_TOPOLOGY_NODES; target++) {
        for (unsigned source = 0; source < target; source++) {
            if (ops[nb_topology_edge(target, source)] == ABSENT)
                return nb_fail(err, NB_ERR_ARGUMENT, "cell without the edge %u<-%u: the topology space has each edge once", target, source);
        }
    }
    return nb_topology_from_ops(ops, arch, err);
}

/* The reference's operations on structures. ------------------------------------------------------------------------------------------ */

/* Order of (source, operation name), as Python sorts the reference's tuples. */
static int compare_edges(const void *left, const void *right)
{
    const nb_genotype_edge *a = left, *b = right;
    if (a->target != b->target)
        return a->target < b->target ? -1 : 1;
    if (a->source != b->source)
        return a->source < b->source ? -1 : 1;
    return strcmp(nb_op_name(a->op), nb_op_name(b->op));
}

static void sort_edges(nb_genotype *genotype)
{
    qsort(genotype->edge, genotype->edges, sizeof *genotype->edge, compare_edges);
}

static bool has_edge(const nb_genotype *genotype, unsigned target, unsigned source)
{
    for (unsigned e = 0; e < genotype->edges; e++) {
        if (genotype->edge[e].target == target && genotype->edge[e].source == source)
            return true;
    }
    return false;
}

nb_status nb_genotype_fill(const nb_genotype *genotype, nb_op op, nb_genotype *full, nb_error *err)
{
    NB_TRY(check(genotype, err));
    if ((unsigned)op >= NB_OP_COUNT)
        return nb_fail(err, NB_ERR_ARGUMENT, "operation %u: expected 0 to %d", (unsigned)op, NB_OP_COUNT - 1);
    nb_genotype filled = *genotype;
    for (unsigned target = 1; target < filled.nodes; target++) {
        for (unsigned source = 0; source + 1 < target; source++) { /* never target - 1: the reference's loop ends early */
            if (has_edge(genotype, target, source))
                continue;
            if (filled.edges == NB_GENOTYPE_EDGES)
                return nb_fail(err, NB_ERR_UNSUPPORTED, "genotype: more than %d edges once filled", NB_GENOTYPE_EDGES);
            add_edge(&filled, target, source, op);
        }
    }
    sort_edges(&filled);
    *full = filled;
    return NB_OK;
}

bool nb_genotype_without(const nb_genotype *genotype, nb_op op, nb_genotype *rest)
{
    nb_genotype sorted = *genotype;
    *rest = (nb_genotype){0};
    if (!well_formed(genotype))
        return false;
    sort_edges(&sorted);
    nb_genotype kept = {.nodes = sorted.nodes};
    for (unsigned e = 0; e < sorted.edges; e++) {
        if (sorted.edge[e].op != op)
            kept.edge[kept.edges++] = sorted.edge[e];
    }
    if (!well_formed(&kept))
        return false;
    *rest = kept;
    return true;
}

bool nb_genotype_is_valid(const nb_genotype *genotype)
{
    if (!well_formed(genotype))
        return false;
    bool reached[NB_GENOTYPE_NODES] = {true};
    for (unsigned e = 0; e < genotype->edges; e++) {
        const nb_genotype_edge *edge = &genotype->edge[e];
        if (edge->op != NB_OP_NONE && reached[edge->source])
            reached[edge->target] = true;
    }
    return reached[genotype->nodes - 1];
}

/* The unique string. ----------------------------------------------------------------------------------------------------------------- */

/* Strings of the nodes and their terms while they are put together, one after the other in a buffer of fixed size. */
typedef struct key_builder {
    char *start;
    size_t used, room;
    bool full;
} key_builder;

typedef struct span {
    const char *start;
    size_t length;
} span;

static void put(key_builder *builder, const char *bytes, size_t size)
{
    if (builder->full || size > builder->room - builder->used) {
        builder->full = true;
        return;
    }
    memcpy(builder->start + builder->used, bytes, size);
    builder->used += size;
}

static span since(const key_builder *builder, size_t from)
{
    return (span){builder->start + from, builder->used - from};
}

/* The text of one edge, given the text of its source (nas-bench-201.md, 1.3). */
static span put_term(key_builder *builder, unsigned op, span source, nb_key_mode mode)
{
    const size_t from = builder->used;
    if (mode == NB_KEY_ZERO && (op == NB_OP_NONE || (source.length == 1 && source.start[0] == '#'))) {
        put(builder, "#", 1);
    } else if (mode != NB_KEY_PLAIN && op == NB_OP_SKIP_CONNECT) {
        put(builder, source.start, source.length);
    } else {
        const char *name = nb_op_name(op);
        put(builder, "(", 1);
        put(builder, source.start, source.length);
        put(builder, ")@", 2);
        put(builder, name, strlen(name));
    }
    return since(builder, from);
}

/* Byte order, the shorter first when one begins with the other. */
static bool is_before(span a, span b)
{
    const int order = memcmp(a.start, b.start, a.length < b.length ? a.length : b.length);
    return order < 0 || (order == 0 && a.length < b.length);
}

static void insert_sorted(span *terms, size_t count, span term)
{
    size_t i = count;
    for (; i > 0 && is_before(term, terms[i - 1]); i--)
        terms[i] = terms[i - 1];
    terms[i] = term;
}

static span join(key_builder *builder, const span *terms, size_t count)
{
    const size_t from = builder->used;
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            put(builder, "+", 1);
        put(builder, terms[i].start, terms[i].length);
    }
    return since(builder, from);
}

/* The string of the last node, inside the builder's buffer; of no use when the builder is full. */
static span build_key(key_builder *builder, const nb_genotype *genotype, nb_key_mode mode)
{
    span nodes[NB_GENOTYPE_NODES] = {{"0", 1}};
    unsigned e = 0;
    for (unsigned target = 1; target < genotype->nodes; target++) {
        span terms[NB_GENOTYPE_EDGES];
        size_t count = 0;
        for (; e < genotype->edges && genotype->edge[e].target == target; e++) {
            const span term = put_term(builder, genotype->edge[e].op, nodes[genotype->edge[e].source], mode);
            insert_sorted(terms, count++, term);
        }
        nodes[target] = join(builder, terms, count);
    }
    return nodes[genotype->nodes - 1];
}

size_t nb_genotype_cell_key(const nb_genotype *cell, nb_key_mode mode, char *text, size_t room)
{
    char buffer[NB_CELL_KEY_SCRATCH];
    key_builder builder = {.start = buffer, .room = sizeof buffer};
    nb_fixed_text out = nb_fixed_text_into(text, room);
    const span key = build_key(&builder, cell, mode);
    nb_fixed_text_add(&out, key.start, key.length);
    return out.length;
}

nb_status nb_genotype_key(const nb_genotype *genotype, nb_key_mode mode, char *text, size_t room, size_t *length, nb_error *err)
{
    const size_t most = (size_t)16 << 20;
    NB_TRY(check(genotype, err));
    for (size_t size = 4096; size <= 4 * most; size *= 4) { /* the terms take about as much again as the strings of the nodes */
        char *buffer = malloc(size);
        if (!buffer)
            return nb_fail(err, NB_ERR_MEMORY, "unique string: no memory for %zu bytes", size);
        key_builder builder = {.start = buffer, .room = size};
        const span key = build_key(&builder, genotype, mode);
        const bool done = !builder.full && key.length <= most;
        if (done) {
            nb_fixed_text out = nb_fixed_text_into(text, room);
            nb_fixed_text_add(&out, key.start, key.length);
            if (length)
                *length = out.length;
        }
        free(buffer);
        if (done)
            return NB_OK;
    }
    return nb_fail(err, NB_ERR_MEMORY, "unique string: longer than %zu bytes", most);
}

/* Costs. ----------------------------------------------------------------------------------------------------------------------------- */

static nb_status check_stages(const nb_shape *shape, nb_error *err)
{
    enum { CHANNELS_MAX = 1024 };
    if (shape->channels == 0 || shape->channels > CHANNELS_MAX)
        return nb_fail(err, NB_ERR_ARGUMENT, "%u channels: expected 1 to %d", shape->channels, CHANNELS_MAX);
    if (shape->cells == 0 || shape->cells > NB_CELLS_MAX)
        return nb_fail(err, NB_ERR_ARGUMENT, "%u cells per stage: expected 1 to %d", shape->cells, NB_CELLS_MAX);
    return NB_OK;
}

nb_status nb_genotype_costs(const nb_genotype *genotype, const nb_shape *shape, nb_costs *costs, nb_error *err)
{
    NB_TRY(check(genotype, err));
    NB_TRY(nb_check_input_shape(shape, err));
    NB_TRY(check_stages(shape, err));
    uint32_t widths[NB_LAYERS_MAX];
    for (uint32_t layer = 0; layer < 3 * shape->cells + 2; layer++)
        widths[layer] = shape->channels << ((layer >= shape->cells) + (layer >= 2 * shape->cells + 1));
    *costs = nb_network_costs(genotype, shape, widths, shape->cells);
    return NB_OK;
}
