#include "space/graph_lookup.h"

#include <pthread.h>

#include "base/hash_slots.h"

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
