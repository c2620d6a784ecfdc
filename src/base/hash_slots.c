#include "base/hash_slots.h"

#include <string.h>

void nb_hash_slots_fill(const uint8_t *hashes, uint32_t count, uint32_t *slots, uint32_t slot_count)
{
    memset(slots, 0, slot_count * sizeof *slots);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = nb_hash_slot(hashes + (size_t)i * NB_HASH_SIZE, slot_count);
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
        if (memcmp(hashes + (size_t)(item - 1) * NB_HASH_SIZE, hash, NB_HASH_SIZE) == 0)
            return (int64_t)item - 1;
    }
    return -1;
}
