#include "train/cell.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char *const op_names[NB_CELL_OP_COUNT] = {
    [NB_CELL_NONE] = "none",
    [NB_CELL_SKIP_CONNECT] = "skip_connect",
    [NB_CELL_NOR_CONV_1X1] = "nor_conv_1x1",
    [NB_CELL_NOR_CONV_3X3] = "nor_conv_3x3",
    [NB_CELL_AVG_POOL_3X3] = "avg_pool_3x3",
    [NB_CELL_MAX_POOL_3X3] = "max_pool_3x3",
    [NB_CELL_NOR_CONV_7X7] = "nor_conv_7x7",
    [NB_CELL_DUA_SEPC_3X3] = "dua_sepc_3x3",
    [NB_CELL_DUA_SEPC_5X5] = "dua_sepc_5x5",
    [NB_CELL_DIL_SEPC_3X3] = "dil_sepc_3x3",
    [NB_CELL_DIL_SEPC_5X5] = "dil_sepc_5x5",
};

const char *nb_cell_op_name(unsigned op)
{
    return op < NB_CELL_OP_COUNT ? op_names[op] : NULL;
}

/* Where a parser is in a cell's text. */
typedef struct cursor {
    const char *text;
    const char *next;
} cursor;

static int find_op(const char *name, size_t length)
{
    for (int op = 0; op < NB_CELL_OP_COUNT; op++)
        if (strlen(op_names[op]) == length && memcmp(op_names[op], name, length) == 0)
            return op;
    return -1;
}

static bool take(cursor *in, char wanted)
{
    if (*in->next != wanted)
        return false;
    in->next++;
    return true;
}

/* operation "~" source, for a node `target`. */
static nb_status parse_edge(cursor *in, unsigned target, nb_genotype *cell, nb_error *err)
{
    const char *name = in->next;
    size_t length = strcspn(name, "~|+");
    int op = find_op(name, length);
    if (op < 0 || name[length] != '~')
        return nb_fail(err, NB_ERR_FORMAT, "cell, position %td: '%.*s', expected an operation like nor_conv_3x3 and '~'", name - in->text,
                       (int)(length < 40 ? length : 40), name);
    in->next = name + length + 1;
    unsigned source = 0;
    size_t digits = strspn(in->next, "0123456789");
    for (size_t i = 0; i < digits && source < NB_GENOTYPE_NODES; i++)
        source = 10 * source + (unsigned)(in->next[i] - '0');
    if (digits == 0 || source >= target)
        return nb_fail(err, NB_ERR_FORMAT, "cell, position %td: expected the number of an earlier node than %u", in->next - in->text,
                       target);
    in->next += digits;
    if (cell->edges == NB_GENOTYPE_EDGES)
        return nb_fail(err, NB_ERR_UNSUPPORTED, "cell: more than %d edges", NB_GENOTYPE_EDGES);
    cell->edge[cell->edges++] = (nb_genotype_edge){.target = (uint8_t)target, .source = (uint8_t)source, .op = (uint8_t)op};
    return NB_OK;
}

/* "|" edge ("|" edge)* "|" */
static nb_status parse_node(cursor *in, unsigned target, nb_genotype *cell, nb_error *err)
{
    if (target >= NB_GENOTYPE_NODES)
        return nb_fail(err, NB_ERR_UNSUPPORTED, "cell: more than %d nodes", NB_GENOTYPE_NODES);
    if (!take(in, '|'))
        return nb_fail(err, NB_ERR_FORMAT, "cell, position %td: expected '|' before the edges of node %u", in->next - in->text, target);
    do {
        NB_TRY(parse_edge(in, target, cell, err));
        if (!take(in, '|'))
            return nb_fail(err, NB_ERR_FORMAT, "cell, position %td: expected '|' after an edge", in->next - in->text);
    } while (*in->next != '+' && *in->next != '\0');
    cell->nodes = (uint8_t)(target + 1);
    return NB_OK;
}

nb_status nb_train_cell_find(const char *text, nb_genotype *cell, nb_error *err)
{
    if (!strchr(text, '|'))
        return nb_genotype_find(text, strlen(text), cell, err);
    cursor in = {text, text};
    *cell = (nb_genotype){0};
    unsigned target = 1;
    do {
        NB_TRY(parse_node(&in, target++, cell, err));
    } while (take(&in, '+'));
    if (*in.next != '\0')
        return nb_fail(err, NB_ERR_FORMAT, "cell, position %td: expected '+' or the end", in.next - in.text);
    return NB_OK;
}

size_t nb_train_cell_format(const nb_genotype *cell, char *text, size_t room)
{
    size_t used = 0;
    for (unsigned i = 0; i < cell->edges; i++) {
        const nb_genotype_edge *edge = &cell->edge[i];
        bool first = i == 0 || cell->edge[i - 1].target != edge->target;
        int length = snprintf(used < room ? text + used : NULL, used < room ? room - used : 0, "%s%s~%u|", first ? (i ? "+|" : "|") : "",
                              op_names[edge->op], edge->source);
        used += length > 0 ? (size_t)length : 0;
    }
    return used;
}
