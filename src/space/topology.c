#include "nasbench/topology.h"

#include <pthread.h>

#include "base/error.h"
#include "base/fixed_text.h"
#include "base/quote.h"
#include "space/costs.h"
#include "space/genotype.h"
#include "space/space.h"

enum { NODES = NB_TOPOLOGY_NODES, EDGES = NB_TOPOLOGY_EDGES, OPS = NB_OP_COUNT, CELLS = NB_TOPOLOGY_SIZE };

/* Operations. ---------------------------------------------------------------------------------------------------------------------- */

static const char *const op_names[OPS] = {"none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"};

const char *nb_op_name(unsigned op)
{
    return op < OPS ? op_names[op] : NULL;
}

int nb_op_find(const char *name, size_t length)
{
    for (int op = 0; op < OPS; op++) {
        if (strlen(op_names[op]) == length && memcmp(op_names[op], name, length) == 0)
            return op;
    }
    return -1;
}

/* Numbers and the official order. ---------------------------------------------------------------------------------------------------
 *
 * A cell's number has its six operations as digits to base 5, edge 1<-0 most significant. The official order is these numbers shuffled
 * once (nas-bench-201.md, 1.2). */

static uint16_t number_at[CELLS]; /* index -> number */
static uint16_t index_of[CELLS];  /* number -> index */
static pthread_once_t order_once = PTHREAD_ONCE_INIT;

static void compute_order(void)
{
    nb_mt19937 mt;
    nb_mt19937_seed(&mt, 88);
    for (unsigned i = 0; i < CELLS; i++)
        number_at[i] = (uint16_t)i;
    nb_mt19937_shuffle(&mt, number_at, CELLS, sizeof *number_at);
    for (unsigned i = 0; i < CELLS; i++)
        index_of[number_at[i]] = (uint16_t)i;
}

static nb_status topology_prepare(nb_error *err)
{
    if (pthread_once(&order_once, compute_order) != 0)
        return nb_fail(err, NB_ERR_MEMORY, "topology space: the table of indices could not be set up");
    return NB_OK;
}

static nb_arch arch_of_number(unsigned number)
{
    nb_arch arch = {.space = NB_SPACE_TOPOLOGY, .count = EDGES};
    for (unsigned edge = EDGES; edge-- > 0; number /= OPS)
        arch.code[edge] = (uint8_t)(number % OPS);
    return arch;
}

/* The number of a cell, -1 for anything that is none. */
static int number_of_arch(const nb_arch *arch)
{
    if (arch->space != NB_SPACE_TOPOLOGY || arch->count != EDGES)
        return -1;
    unsigned number = 0, bad = 0;
    for (unsigned edge = 0; edge < EDGES; edge++) {
        number = number * OPS + arch->code[edge];
        bad |= arch->code[edge] >= OPS;
    }
    return bad ? -1 : (int)number;
}

static bool topology_has(const nb_arch *arch)
{
    return number_of_arch(arch) >= 0;
}

static int64_t topology_index(const nb_arch *arch)
{
    const int number = number_of_arch(arch);
    return number < 0 ? -1 : index_of[number];
}

static nb_status topology_at(uint64_t index, nb_arch *arch, nb_error *err)
{
    (void)err;
    *arch = arch_of_number(number_at[index]);
    return NB_OK;
}

/* Strings. ----------------------------------------------------------------------------------------------------------------------------
 *
 * |A~0|+|B~0|C~1|+|D~0|E~1|F~2|. Reading one is on the path of every table look-up, so it takes no branch that depends on the
 * operations: every edge with its two bars has 16 bytes, or 8 for `none`, and is compared as two words of 8. The whole has 47 bytes, and
 * 8 more for every operation that is not `none`. */

enum { WORD = 8, SHORTEST = 47 };

/* Where the first bar of each edge stands in the shortest string; a '+' comes before it where a node starts, but for the first. */
static const struct {
    uint8_t offset, source;
    bool starts_node;
} place_of_edge[EDGES] = {{0, 0, true}, {9, 0, true}, {16, 1, false}, {25, 0, true}, {32, 1, false}, {39, 2, false}};

/* An edge by operation and source; `none` stands there twice, since its first word is also its last. No zero at the end, and room for
 * a source more than there is, because an address is then found by shifting. */
#define EDGE_TEXTS(name)                                                                                                                   \
    {                                                                                                                                      \
        "|" name "~0|", "|" name "~1|", "|" name "~2|"                                                                                     \
    }
static const char edge_texts[OPS][NODES][2 * WORD] = {
    [NB_OP_NONE] = {"|none~0||none~0|", "|none~1||none~1|", "|none~2||none~2|"},
    [NB_OP_SKIP_CONNECT] = EDGE_TEXTS("skip_connect"),
    [NB_OP_NOR_CONV_1X1] = EDGE_TEXTS("nor_conv_1x1"),
    [NB_OP_NOR_CONV_3X3] = EDGE_TEXTS("nor_conv_3x3"),
    [NB_OP_AVG_POOL_3X3] = EDGE_TEXTS("avg_pool_3x3"),
};

/* The one operation that the last word of an edge can be, by its bytes 0 and 2: ('|' ^ 'o') & 15 = 3, ('n' ^ 'e') & 15 = 11,
 * ('v' ^ '1') & 15 = 7, ('v' ^ '3') & 15 = 5, ('l' ^ '3') & 15 = 15. Whether it is that one, a comparison tells. */
static const uint8_t op_of_letters[16] = {
    [3] = NB_OP_NONE, [11] = NB_OP_SKIP_CONNECT, [7] = NB_OP_NOR_CONV_1X1, [5] = NB_OP_NOR_CONV_3X3, [15] = NB_OP_AVG_POOL_3X3};

static uint64_t load_word(const char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

/* The number of the cell that this is the official string of, and its operations, edge e in byte e of *ops; -1 when it is none. */
static int read_cell(const char *text, size_t length, uint64_t *ops)
{
    if (length < SHORTEST)
        return -1;
    size_t left = length - SHORTEST; /* bytes that the edges to come may have beyond those of `none` */
    uint64_t wrong = 0;              /* guesses are confirmed by comparing all bytes: any bit set here means that one differed */
    int number = 0;
    *ops = 0;
    for (unsigned edge = 0; edge < EDGES; edge++) {
        const unsigned source = place_of_edge[edge].source;
        const char *bar = text + place_of_edge[edge].offset;
        const size_t longer = (size_t)(bar[4] & 16) / 2; /* WORD for '|skip', '|nor_' and '|avg_', 0 for '|none' */
        if (longer > left)
            return -1;
        const char *last = bar + longer;
        const unsigned op = op_of_letters[(last[0] ^ last[2]) & 15];
        wrong |= (load_word(bar) ^ load_word(edge_texts[op][source])) | (load_word(last) ^ load_word(edge_texts[op][source] + WORD));
        if (edge > 0 && place_of_edge[edge].starts_node)
            wrong |= (uint64_t)(bar[-1] ^ '+');
        left -= longer;
        text += longer;
        *ops |= (uint64_t)op << 8 * edge;
        number = number * OPS + (int)op;
    }
    return (wrong | left) == 0 ? number : -1;
}

static int64_t topology_index_of_text(const char *text, size_t length)
{
    uint64_t ops;
    const int number = read_cell(text, length, &ops);
    return number < 0 ? -1 : index_of[number];
}

static size_t topology_format(const nb_arch *arch, char *text, size_t room)
{
    nb_fixed_text out = nb_fixed_text_into(text, room);
    if (!topology_has(arch))
        return 0;
    for (unsigned edge = 0; edge < EDGES; edge++) {
        const size_t size = arch->code[edge] == NB_OP_NONE ? WORD : 2 * WORD;
        const char *piece = edge_texts[arch->code[edge]][place_of_edge[edge].source]; /* first `size` bytes */
        if (!place_of_edge[edge].starts_node)
            nb_fixed_text_add(&out, piece + 1, size - 1); /* its first bar is the last of the edge before */
        else if (edge == 0)
            nb_fixed_text_add(&out, piece, size);
        else {
            nb_fixed_text_add_char(&out, '+');
            nb_fixed_text_add(&out, piece, size);
        }
    }
    return out.length;
}

/* Says where and why a text is not an official string, of which read_cell only knew that it is none. */
static nb_status explain_text(const char *text, size_t length, nb_error *err)
{
    nb_genotype genotype;
    nb_arch arch;
    NB_TRY(nb_genotype_parse(text, length, &genotype, err));
    if (nb_genotype_to_arch(&genotype, &arch, err) != NB_OK)
        return nb_prefix(err, NB_ERR_FORMAT, "architecture string");
    char official[NB_ARCH_TEXT_SIZE];
    topology_format(&arch, official, sizeof official);
    size_t same = 0;
    while (same < length && text[same] == official[same])
        same++;
    return nb_fail(err, NB_ERR_FORMAT, "architecture string: offset %zu: %s, expected %s; the official string of this cell is %s", same,
                   same < length ? nb_quote(text + same, length - same).text : "end of text",
                   official[same] ? nb_quote(official + same, 1).text : "end of text", official);
}

static nb_status topology_parse(const char *text, size_t length, nb_arch *arch, nb_error *err)
{
    uint64_t ops;
    if (read_cell(text, length, &ops) < 0)
        return explain_text(text, length, err);
    *arch = (nb_arch){.space = NB_SPACE_TOPOLOGY, .count = EDGES};
    for (unsigned i = 0; i < sizeof ops; i++) /* becomes one store, which a reader of single codes need not wait for */
        arch->code[i] = (uint8_t)(ops >> 8 * i);
    return NB_OK;
}

/* Decisions and moves. ----------------------------------------------------------------------------------------------------------------- */

static const nb_decision decisions[EDGES] = {
    {"1<-0", OPS, op_names}, {"2<-0", OPS, op_names}, {"2<-1", OPS, op_names},
    {"3<-0", OPS, op_names}, {"3<-1", OPS, op_names}, {"3<-2", OPS, op_names},
};

static void topology_encode(const nb_arch *arch, uint8_t *choices)
{
    memcpy(choices, arch->code, EDGES);
}

static void topology_decode(const uint8_t *choices, nb_arch *arch)
{
    *arch = (nb_arch){.space = NB_SPACE_TOPOLOGY, .count = EDGES};
    memcpy(arch->code, choices, EDGES);
}

static nb_arch topology_sample(nb_rng *rng)
{
    return arch_of_number((unsigned)nb_rng_below(rng, CELLS));
}

/* As the reference: the node first, so that the edge into node 1 changes in a third of all cases, one into node 3 in a ninth. */
static nb_arch topology_mutate(const nb_arch *parent, nb_rng *rng)
{
    nb_arch child = *parent;
    const unsigned target = 1 + (unsigned)nb_rng_below(rng, NODES - 1);
    const unsigned source = (unsigned)nb_rng_below(rng, target);
    uint8_t *op = &child.code[nb_topology_edge(target, source)];
    const uint8_t other = (uint8_t)nb_rng_below(rng, OPS - 1);
    *op = other < *op ? other : (uint8_t)(other + 1);
    return child;
}

static size_t topology_neighbours(const nb_arch *arch, nb_arch *neighbours, size_t room)
{
    size_t count = 0;
    for (unsigned edge = 0; edge < EDGES; edge++) {
        for (unsigned op = 0; op < OPS; op++) {
            if (op == arch->code[edge])
                continue;
            if (count < room) {
                neighbours[count] = *arch;
                neighbours[count].code[edge] = (uint8_t)op;
            }
            count++;
        }
    }
    return count;
}

/* Validity and isomorphism. ------------------------------------------------------------------------------------------------------------ */

/* The cell as a list of edges. Only for cells that topology_has. */
static nb_genotype cell_of(const nb_arch *arch)
{
    nb_genotype cell;
    nb_genotype_from_ops(arch->code, &cell);
    return cell;
}

static bool topology_is_valid(const nb_arch *arch)
{
    if (!topology_has(arch))
        return false;
    const nb_genotype cell = cell_of(arch);
    return nb_genotype_is_valid(&cell);
}

size_t nb_topology_key(const nb_arch *arch, nb_key_mode mode, char *text, size_t room)
{
    if (!topology_has(arch))
        return nb_fixed_text_into(text, room).length;
    const nb_genotype cell = cell_of(arch);
    return nb_genotype_cell_key(&cell, mode, text, room);
}

static size_t topology_key(const nb_arch *arch, char *text, size_t room)
{
    return nb_topology_key(arch, NB_KEY_ZERO, text, room);
}

/* The class of each cell, found once when somebody first asks: its lowest index, by a hash table of the keys. */

enum { SLOTS = 32768, HASH_TAG_BITS = 16 };

static uint16_t class_of[CELLS]; /* index -> lowest index of the same key */
static pthread_once_t classes_once = PTHREAD_ONCE_INIT;

typedef struct class_slot {
    uint16_t tag;   /* more bits of the key's hash, so that keys are seldom compared in vain */
    uint16_t index; /* plus 1; 0: free */
} class_slot;

static size_t key_at(unsigned index, char key[NB_ARCH_TEXT_SIZE])
{
    const nb_arch arch = arch_of_number(number_at[index]);
    return topology_key(&arch, key, NB_ARCH_TEXT_SIZE);
}

/* FNV-1a, 64 bits. */
static uint64_t hash_of(const char *bytes, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325U;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * 0x100000001b3U;
    return hash;
}

static unsigned find_class(class_slot *slots, unsigned index)
{
    char key[NB_ARCH_TEXT_SIZE], other[NB_ARCH_TEXT_SIZE];
    const size_t size = key_at(index, key);
    const uint64_t hash = hash_of(key, size);
    const uint16_t tag = (uint16_t)(hash >> (64 - HASH_TAG_BITS));
    for (size_t s = hash % SLOTS;; s = (s + 1) % SLOTS) {
        if (slots[s].index == 0) {
            slots[s] = (class_slot){.tag = tag, .index = (uint16_t)(index + 1)};
            return index;
        }
        const unsigned first = slots[s].index - 1U;
        if (slots[s].tag == tag && key_at(first, other) == size && memcmp(key, other, size) == 0)
            return first;
    }
}

static void compute_classes(void)
{
    static class_slot slots[SLOTS];
    for (unsigned index = 0; index < CELLS; index++)
        class_of[index] = (uint16_t)find_class(slots, index);
}

static int64_t topology_canonical(const nb_arch *arch)
{
    const int64_t index = topology_index(arch);
    if (index < 0 || pthread_once(&classes_once, compute_classes) != 0)
        return -1;
    return class_of[index];
}

/* Costs and other forms. --------------------------------------------------------------------------------------------------------------- */

static nb_status topology_costs(const nb_arch *arch, const nb_shape *shape, nb_costs *costs, nb_error *err)
{
    const nb_genotype cell = cell_of(arch);
    return nb_genotype_costs(&cell, shape, costs, err);
}

nb_status nb_topology_from_ops(const uint8_t ops[EDGES], nb_arch *arch, nb_error *err)
{
    for (unsigned edge = 0; edge < EDGES; edge++) {
        if (ops[edge] >= OPS)
            return nb_fail(err, NB_ERR_ARGUMENT, "edge %s: operation %u, expected 0 to %d", decisions[edge].name, (unsigned)ops[edge],
                           OPS - 1);
    }
    topology_decode(ops, arch);
    return NB_OK;
}

nb_status nb_topology_matrix(const nb_arch *arch, uint8_t matrix[NODES][NODES], nb_error *err)
{
    if (!topology_has(arch))
        return nb_fail(err, NB_ERR_ARGUMENT, "the architecture is not one of the space %s", nb_topology_space.name);
    memset(matrix, 0, NODES * sizeof *matrix);
    for (unsigned target = 1; target < NODES; target++) {
        for (unsigned source = 0; source < target; source++)
            matrix[target][source] = arch->code[nb_topology_edge(target, source)];
    }
    return NB_OK;
}

nb_status nb_topology_from_matrix(uint8_t matrix[NODES][NODES], nb_arch *arch, nb_error *err)
{
    uint8_t ops[EDGES];
    for (unsigned target = 0; target < NODES; target++) {
        for (unsigned source = 0; source < NODES; source++) {
            if (source < target)
                ops[nb_topology_edge(target, source)] = matrix[target][source];
            else if (matrix[target][source] != 0)
                return nb_fail(err, NB_ERR_ARGUMENT, "matrix[%u][%u] is %u: only entries below the diagonal are edges", target, source,
                               (unsigned)matrix[target][source]);
        }
    }
    return nb_topology_from_ops(ops, arch, err);
}

const nb_space nb_topology_space = {
    .id = NB_SPACE_TOPOLOGY,
    .name = "nasbench201",
    .title = "NAS-Bench-201 topology space",
    .aliases = (const char *const[]){"nas-bench-201", "201", "nas-bench-102", "102", "aa-nas-bench", "aa-nas", "nats-tss", "tss",
                                     "nats-topology", "topology", NULL},
    .size = CELLS,
    .decisions = decisions,
    .decision_count = EDGES,
    .code_count = EDGES,
    .prepare = topology_prepare,
    .has = topology_has,
    .parse = topology_parse,
    .format = topology_format,
    .index = topology_index,
    .index_of_text = topology_index_of_text,
    .at = topology_at,
    .encode = topology_encode,
    .decode = topology_decode,
    .sample = topology_sample,
    .mutate = topology_mutate,
    .neighbours = topology_neighbours,
    .is_valid = topology_is_valid,
    .key = topology_key,
    .canonical = topology_canonical,
    .shape = nb_dataset_shape,
    .costs = topology_costs,
};
