/* A hash table of 16-byte hashes, in memory or in a mapped file: an array of slots, each empty (0) or the number of an item plus one. An
 * item lies in the slot that the first bytes of its hash name, or in the next free one after it, round the end. */
#ifndef NB_BASE_HASH_SLOTS_H
#define NB_BASE_HASH_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NB_HASH_SIZE 16

/* How many slots `count` items get: the power of two that leaves between half and three quarters of them empty. count <= 2^30. */
static inline uint32_t nb_hash_slot_count(uint32_t count)
{
    uint32_t slots = 4;
    while (slots < 2 * (uint64_t)count)
        slots *= 2;
    return slots;
}

/* Where the search for a hash begins: its first four bytes, read as a big-endian number and scaled to the slots; a power of two. */
static inline uint32_t nb_hash_slot(const uint8_t *hash, uint32_t slot_count)
{
    const uint32_t head = (uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 | (uint32_t)hash[2] << 8 | hash[3];
    return (uint32_t)((uint64_t)head * slot_count >> 32);
}

/* Enters hashes[count][16]; count < slot_count. */
void nb_hash_slots_fill(const uint8_t *hashes, uint32_t count, uint32_t *slots, uint32_t slot_count);

/* The item of a hash, the first one among equals; -1: none. Whatever the slots hold, nothing outside the arrays is read. */
int64_t nb_hash_slots_find(const uint8_t *hashes, uint32_t count, const uint32_t *slots, uint32_t slot_count, const uint8_t *hash);

#endif
