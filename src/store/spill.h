/* Bytes that a writer collects until the end: in memory while they are few, in a nameless scratch file beside the target from then on. */
#ifndef NB_STORE_SPILL_H
#define NB_STORE_SPILL_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct nb_spill {
    int fd;          /* -1: nothing was written out yet */
    uint8_t *buffer; /* the bytes from offset `flushed` on */
    size_t used;
    size_t capacity;
    uint64_t flushed; /* bytes in the scratch file */
    const char *path; /* of the target: names the folder; not owned */
} nb_spill;

/* `path` must outlive the spill. */
nb_spill nb_spill_for(const char *path);

/* Appends `size` bytes, to be filled by the caller through *place, which is aligned to 8 bytes when all sizes are multiples of 8 and valid
 * until the next call. Their offset is what nb_spill_end() said before. */
nb_status nb_spill_append(nb_spill *spill, size_t size, void **place, nb_error *err);
uint64_t nb_spill_end(const nb_spill *spill);

/* Takes back the last `size` bytes of the latest append. */
void nb_spill_take_back(nb_spill *spill, size_t size);

/* Copies bytes that were appended before. */
nb_status nb_spill_read(const nb_spill *spill, uint64_t offset, void *to, size_t size, nb_error *err);

void nb_spill_free(nb_spill *spill);

#endif
