/* Architectures with a number each, found again quickly: what a search knows already. */
#ifndef NB_SEARCH_KNOWN_H
#define NB_SEARCH_KNOWN_H

#include <stdbool.h>
#include <stddef.h>

#include "nasbench/space.h"

typedef struct nb_known_entry {
    nb_arch arch; /* of space NB_SPACE_NONE: free */
    double value;
} nb_known_entry;

/* An open hash table, at most half full. Starts as {0}. */
typedef struct nb_known {
    nb_known_entry *entries; /* [room], a power of two */
    size_t room, count;
} nb_known;

void nb_known_free(nb_known *known);

/* Whether the architecture is there, and its number. */
bool nb_known_find(const nb_known *known, const nb_arch *arch, double *value);

/* Adds it, or replaces its number. */
nb_status nb_known_put(nb_known *known, const nb_arch *arch, double value, nb_error *err);

#endif
