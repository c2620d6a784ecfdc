/* A hash table of graph hashes, in memory or in a mapped file: an array of slots, each empty or the number of an item plus one. An item
 * lies in the slot that the first bits of its hash name, or in the next free one after it, round the end. */
#ifndef NB_SPACE_GRAPH_LOOKUP_H
#define NB_SPACE_GRAPH_LOOKUP_H

#include "nasbench/nasbench101.h"

/* Where the search for a hash begins: its first four bytes, read as a big-endian number, scaled to the slots; a power of two. */
static inline uint32_t nb_hash_slot(const uint8_t *hash, uint32_t slot_count)
{
    const uint32_t head = (uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 | (uint32_t)hash[2] << 8 | hash[3];
    return (uint32_t)((uint64_t)head * slot_count >> 32);
}

/* How many slots `count` items get: the power of two that leaves between half and three quarters empty. */
static inline uint32_t nb_hash_slot_count(uint32_t count)
{
    uint32_t slots = 4;
    while (slots < 2 * (uint64_t)count)
        slots *= 2;
    return slots;
}

/* Enters hashes[count][16], all different; count < slot_count. */
void nb_hash_slots_fill(const uint8_t *hashes, uint32_t count, uint32_t *slots, uint32_t slot_count);

/* The item of a hash, -1: none. Trusts nothing but the sizes. */
int64_t nb_hash_slots_find(const uint8_t *hashes, uint32_t count, const uint32_t *slots, uint32_t slot_count, const uint8_t *hash);

/* The graph hashes of all cells, [NB_CELL101_CELLS][16] by index: made by the first call, then shared by all threads. */
const uint8_t *nb_cell101_all_hashes(void);

#endif
