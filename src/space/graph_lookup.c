/* From a graph hash to its cell, without a table: the whole catalogue is hashed when somebody first asks. */
#include <pthread.h>
#include <string.h>

#include "space/graph_lookup.h"

void nb_hash_slots_fill(const uint8_t *hashes, uint32_t count, uint32_t *slots, uint32_t slot_count)
{
    memset(slots, 0, slot_count * sizeof *slots);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = nb_hash_slot(hashes + (size_t)i * NB_CELL101_HASH_SIZE, slot_count);
        while (slots[at] != 0)
            at = (at + 1) & (slot_count - 1);
        slots[at] = i + 1;
    }
}

int64_t nb_hash_slots_find(const uint8_t *hashes, uint32_t count, const uint32_t *slots, uint32_t slot_count, const uint8_t *hash)
{
    uint32_t at = nb_hash_slot(hash, slot_count);
    for (uint32_t tries = 0; tries < slot_count; tries++, at = (at + 1) & (slot_count - 1)) {
        const uint32_t item = slots[at];
        if (item == 0 || item > count)
            return -1;
        if (memcmp(hashes + (size_t)(item - 1) * NB_CELL101_HASH_SIZE, hash, NB_CELL101_HASH_SIZE) == 0)
            return (int64_t)item - 1;
    }
    return -1;
}

/* Constant once made; untouched pages cost nothing until then. */
static uint8_t all_hashes[NB_CELL101_CELLS * NB_CELL101_HASH_SIZE];
static uint32_t all_slots[1 << 20];
static pthread_once_t hashes_once = PTHREAD_ONCE_INIT;
enum { SLOTS = sizeof all_slots / sizeof *all_slots };

static void hash_catalogue(void)
{
    nb_cell101_hashes(all_hashes);
    nb_hash_slots_fill(all_hashes, NB_CELL101_CELLS, all_slots, SLOTS);
}

const uint8_t *nb_cell101_all_hashes(void)
{
    pthread_once(&hashes_once, hash_catalogue);
    return all_hashes;
}

int64_t nb_cell101_index_of_hash(const uint8_t hash[NB_CELL101_HASH_SIZE])
{
    return nb_hash_slots_find(nb_cell101_all_hashes(), NB_CELL101_CELLS, all_slots, SLOTS, hash);
}
