/* The topology space: cells of NAS-Bench-201 in the forms its users know.
 *
 * A cell has four nodes, 0 = input, 3 = output, and one operation on each of its six edges j -> i, j < i. In an nb_arch,
 * code[nb_topology_edge(i, j)] is the operation that takes node j to node i. */
#ifndef NASBENCH_TOPOLOGY_H
#define NASBENCH_TOPOLOGY_H

#include "nasbench/space.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The operations, in the one official order. */
typedef enum nb_op {
    NB_OP_NONE = 0,
    NB_OP_SKIP_CONNECT = 1,
    NB_OP_NOR_CONV_1X1 = 2,
    NB_OP_NOR_CONV_3X3 = 3,
    NB_OP_AVG_POOL_3X3 = 4,
    NB_OP_COUNT = 5
} nb_op;

#define NB_TOPOLOGY_NODES 4
#define NB_TOPOLOGY_EDGES 6
#define NB_TOPOLOGY_SIZE 15625

/* "none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"; NULL for a number that is no operation. */
NB_API const char *nb_op_name(unsigned op);

/* The operation of a name of `length` bytes; -1 when there is none. */
NB_API int nb_op_find(const char *name, size_t length);

/* The number of the edge target <- source, 0 <= source < target <= 3, in the official order 1<-0, 2<-0, 2<-1, 3<-0, 3<-1, 3<-2. */
static inline unsigned nb_topology_edge(unsigned target, unsigned source)
{
    return target * (target - 1) / 2 + source;
}

/* The cell with these six operations. NB_ERR_ARGUMENT when one is none of the five. */
NB_API nb_status nb_topology_from_ops(const uint8_t ops[NB_TOPOLOGY_EDGES], nb_arch *arch, nb_error *err);

/* The original API's str2matrix: matrix[target][source] = operation, zero elsewhere. */
NB_API nb_status nb_topology_matrix(const nb_arch *arch, uint8_t matrix[NB_TOPOLOGY_NODES][NB_TOPOLOGY_NODES], nb_error *err);
NB_API nb_status nb_topology_from_matrix(uint8_t matrix[NB_TOPOLOGY_NODES][NB_TOPOLOGY_NODES], nb_arch *arch, nb_error *err);

/* How much a unique string abstracts from (`consider_zero` of the original). */
typedef enum nb_key_mode {
    NB_KEY_PLAIN, /* None: operations as they are; 15,625 distinct */
    NB_KEY_SKIP,  /* False: skip connections are passed through; 12,751 distinct */
    NB_KEY_ZERO   /* True: zero operations are "#", too; 6,466 distinct */
} nb_key_mode;

/* The original's unique string; as nb_space_format. */
NB_API size_t nb_topology_key(const nb_arch *arch, nb_key_mode mode, char *text, size_t room);

#ifdef __cplusplus
}
#endif
#endif
