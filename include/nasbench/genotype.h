/* Cells as the training tools take them: any list of (target, operation, source), edges missing or repeated, in the order written.
 *
 * Every architecture of the topology space is a genotype, but `resnet` and `all_full` of the reference are genotypes only. The order of
 * the edges is kept, because it numbers the layers of a trained network. */
#ifndef NASBENCH_GENOTYPE_H
#define NASBENCH_GENOTYPE_H

#include "nasbench/topology.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NB_GENOTYPE_NODES 12 /* the input included */
#define NB_GENOTYPE_EDGES 128

typedef struct nb_genotype_edge {
    uint8_t target; /* 1 .. nodes - 1 */
    uint8_t source; /* 0 .. target - 1 */
    uint8_t op;     /* nb_op */
} nb_genotype_edge;

typedef struct nb_genotype {
    uint8_t nodes;                            /* the input included: 4 for the usual cell */
    uint8_t reserved;                         /* zero, so that genotypes compare as bytes */
    uint16_t edges;                           /* in use */
    nb_genotype_edge edge[NB_GENOTYPE_EDGES]; /* targets ascending; each node 1 .. nodes - 1 has at least one */
} nb_genotype;

/* Reads `node ("+" node)*`, node = "|" edge ("|" edge)* "|", edge = operation "~" source. As in the reference, empty pieces between bars
 * are skipped. NB_ERR_FORMAT names the position, NB_ERR_UNSUPPORTED a cell of more nodes or edges than fit. */
NB_API nb_status nb_genotype_parse(const char *text, size_t length, nb_genotype *genotype, nb_error *err);

/* The text of a genotype; as nb_space_format. NB_GENOTYPE_TEXT_SIZE is always enough. */
#define NB_GENOTYPE_TEXT_SIZE (18 * NB_GENOTYPE_EDGES + 2 * NB_GENOTYPE_NODES)
NB_API size_t nb_genotype_format(const nb_genotype *genotype, char *text, size_t room);

/* A cell by name (resnet, all_c3x3, all_c1x1, all_idnt, all_full), an architecture string, or any text that nb_genotype_parse takes. */
NB_API nb_status nb_genotype_find(const char *text, size_t length, nb_genotype *genotype, nb_error *err);

/* The cell of an architecture: the six edges of a topology cell in their official order, or the one cell of the size space.
 * NB_ERR_ARGUMENT for architectures of other spaces. */
NB_API nb_status nb_genotype_from_arch(const nb_arch *arch, nb_genotype *genotype, nb_error *err);

/* The architecture of the topology space with these edges. NB_ERR_ARGUMENT names the edge that is missing or there twice. */
NB_API nb_status nb_genotype_to_arch(const nb_genotype *genotype, nb_arch *arch, nb_error *err);

/* The reference's str2fullstructure: sorts the edges of each node by (source, name of the operation) and adds `op` for sources without
 * one. Like the reference it never adds the last possible source of a node: node k gets 0 .. k - 2. */
NB_API nb_status nb_genotype_fill(const nb_genotype *genotype, nb_op op, nb_genotype *full, nb_error *err);

/* The reference's tolist(remove): sorts as above and drops the edges of operation `op`. False, and `rest` is empty, when that leaves a
 * node without an edge. */
NB_API bool nb_genotype_without(const nb_genotype *genotype, nb_op op, nb_genotype *rest);

/* Whether the last node depends on the input through operations other than none. */
NB_API bool nb_genotype_is_valid(const nb_genotype *genotype);

/* The unique string of any structure. Writes at most room - 1 bytes and a zero; *length gets the whole length (NULL if not wanted).
 * The string grows exponentially with the nodes: NB_ERR_MEMORY above 16 MiB. */
NB_API nb_status nb_genotype_key(const nb_genotype *genotype, nb_key_mode mode, char *text, size_t room, size_t *length, nb_error *err);

/* Costs of the network that is built from this cell; as nb_space_costs of the topology space. */
NB_API nb_status nb_genotype_costs(const nb_genotype *genotype, const nb_shape *shape, nb_costs *costs, nb_error *err);

#ifdef __cplusplus
}
#endif
#endif
