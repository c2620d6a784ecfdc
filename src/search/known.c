#include "search/known.h"

#include <stdlib.h>

#include "base/error.h"

/* FNV-1a over the bytes of the architecture, mixed once more because the table uses the low bits. */
static size_t hash(const nb_arch *arch)
{
    const unsigned char *bytes = (const unsigned char *)arch;
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < sizeof *arch; i++)
        h = (h ^ bytes[i]) * UINT64_C(1099511628211);
    return (size_t)(h ^ h >> 32);
}

/* The entry of the architecture, or the free one where it would go; room > 0. */
static nb_known_entry *place_of(const nb_known *known, const nb_arch *arch)
{
    size_t at = hash(arch) & (known->room - 1);
    while (known->entries[at].arch.space != NB_SPACE_NONE && !nb_arch_equal(&known->entries[at].arch, arch))
        at = (at + 1) & (known->room - 1);
    return &known->entries[at];
}

void nb_known_free(nb_known *known)
{
    free(known->entries);
    *known = (nb_known){0};
}

bool nb_known_find(const nb_known *known, const nb_arch *arch, double *value)
{
    if (known->count == 0)
        return false;
    const nb_known_entry *entry = place_of(known, arch);
    *value = entry->value;
    return entry->arch.space != NB_SPACE_NONE;
}

static nb_status grow(nb_known *known, nb_error *err)
{
    nb_known larger = {.room = known->room > 0 ? 2 * known->room : 256, .count = known->count};
    larger.entries = calloc(larger.room, sizeof *larger.entries);
    if (!larger.entries)
        return nb_fail(err, NB_ERR_MEMORY, "out of memory for %zu architectures", larger.room / 2);
    for (size_t i = 0; i < known->room; i++)
        if (known->entries[i].arch.space != NB_SPACE_NONE)
            *place_of(&larger, &known->entries[i].arch) = known->entries[i];
    free(known->entries);
    *known = larger;
    return NB_OK;
}

nb_status nb_known_put(nb_known *known, const nb_arch *arch, double value, nb_error *err)
{
    if (2 * (known->count + 1) > known->room)
        NB_TRY(grow(known, err));
    nb_known_entry *entry = place_of(known, arch);
    known->count += entry->arch.space == NB_SPACE_NONE;
    *entry = (nb_known_entry){*arch, value};
    return NB_OK;
}
