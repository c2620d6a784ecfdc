/* Cells that can be trained: those of NAS-Bench-201's space, the reference's named ones, and any other graph of the operations that the
 * reference's tools know. They are genotypes whose operations are nb_cell_op; the order of their edges numbers the layers of the network.
 */
#ifndef NB_TRAIN_CELL_H
#define NB_TRAIN_CELL_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "nasbench/genotype.h"

/* The operations of the reference (AutoDL-Projects: cell_operations.py). The first five are those of nb_op and have its numbers. */
typedef enum nb_cell_op {
    NB_CELL_NONE = NB_OP_NONE,
    NB_CELL_SKIP_CONNECT = NB_OP_SKIP_CONNECT,
    NB_CELL_NOR_CONV_1X1 = NB_OP_NOR_CONV_1X1,
    NB_CELL_NOR_CONV_3X3 = NB_OP_NOR_CONV_3X3,
    NB_CELL_AVG_POOL_3X3 = NB_OP_AVG_POOL_3X3,
    NB_CELL_MAX_POOL_3X3,
    NB_CELL_NOR_CONV_7X7,
    NB_CELL_DUA_SEPC_3X3, /* two separable convolutions in a row */
    NB_CELL_DUA_SEPC_5X5,
    NB_CELL_DIL_SEPC_3X3, /* separable, dilation 2 */
    NB_CELL_DIL_SEPC_5X5,
    NB_CELL_OP_COUNT
} nb_cell_op;

/* "max_pool_3x3", ...; NULL for a number that is no operation. */
const char *nb_cell_op_name(unsigned op);

/* The cell of a text: a name that the reference knows (resnet, all_c3x3, all_c1x1, all_idnt, all_full) or a string of the usual grammar
 * with any nb_cell_op in it. */
nb_status nb_train_cell_find(const char *text, nb_genotype *cell, nb_error *err);

/* Writes the cell's string, cut to room - 1 bytes and a zero; returns its whole length. NB_GENOTYPE_TEXT_SIZE is always enough. */
size_t nb_train_cell_format(const nb_genotype *cell, char *text, size_t room);

#endif
