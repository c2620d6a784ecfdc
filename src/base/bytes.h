/* A bounded cursor over bytes that came from outside. Every reader of a file format stands on it: nothing past the end is ever touched. */
#ifndef NB_BASE_BYTES_H
#define NB_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* What is left to read of a buffer that somebody else owns. `name` and `start` are there for messages only. */
typedef struct nb_bytes {
    const uint8_t *start;
    const uint8_t *next;
    const uint8_t *end;
    const char *name;
} nb_bytes;

nb_bytes nb_bytes_over(const void *data, size_t size, const char *name);

/* Bytes already read: the place that error messages report. */
size_t nb_bytes_offset(const nb_bytes *in);
size_t nb_bytes_left(const nb_bytes *in);

/* Points *out at the next `size` bytes and moves past them. NB_ERR_TRUNCATED if fewer are left; the cursor then stays where it is. */
nb_status nb_bytes_take(nb_bytes *in, size_t size, const uint8_t **out, nb_error *err);

/* Little-endian integers of 1, 2, 4 and 8 bytes; errors as nb_bytes_take. */
nb_status nb_bytes_u8(nb_bytes *in, uint8_t *out, nb_error *err);
nb_status nb_bytes_u16(nb_bytes *in, uint16_t *out, nb_error *err);
nb_status nb_bytes_u32(nb_bytes *in, uint32_t *out, nb_error *err);
nb_status nb_bytes_u64(nb_bytes *in, uint64_t *out, nb_error *err);

/* The same on a buffer that is known to be long enough, for fields inside a block already taken. */
uint64_t nb_load_le64(const uint8_t *bytes);
void nb_store_le64(uint8_t *bytes, uint64_t value);

#endif
