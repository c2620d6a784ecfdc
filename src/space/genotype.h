/* What the topology space uses of genotypes without asking for checks: its cells are well-formed. */
#ifndef NB_SPACE_GENOTYPE_H
#define NB_SPACE_GENOTYPE_H

#include "nasbench/genotype.h"

/* The six edges of a cell in their official order; operations below NB_OP_COUNT. Leaves the unused part of the struct alone. */
void nb_genotype_from_ops(const uint8_t ops[NB_TOPOLOGY_EDGES], nb_genotype *genotype);

/* The unique string of a cell of the topology space; as nb_space_format. The longest node string of such a cell has 16, 48 and 112
 * bytes, its terms together as much, so that this room is always enough. */
enum { NB_CELL_KEY_SCRATCH = 512 };
size_t nb_genotype_cell_key(const nb_genotype *cell, nb_key_mode mode, char *text, size_t room);

#endif
