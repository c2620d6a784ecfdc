/* Hashing the whole catalogue: sixteen labellings of one matrix at a time, side by side in the lanes of vectors.
 *
 * Labellings of one matrix have messages of the same lengths at every step, so sixteen MD5 computations run in step; only the order of
 * the neighbours' digests differs from lane to lane. One function per instruction set, all compiled from graph_hash_lanes.inc. */
#ifndef NB_SPACE_GRAPH_HASH_LANES_H
#define NB_SPACE_GRAPH_HASH_LANES_H

#include "space/graph_catalogue.h"

#define NB_HASH_LANES 16

/* Hashes `count` <= 16 labellings of the matrix: hashes[count][16]. */
typedef void nb_hash_labellings(const nb_cell101_matrix *matrix, const int *labellings, int count, uint8_t *hashes);

nb_hash_labellings nb_hash_labellings_plain;
#if defined(__x86_64__)
nb_hash_labellings nb_hash_labellings_avx2;
nb_hash_labellings nb_hash_labellings_avx512;
#endif

#endif
