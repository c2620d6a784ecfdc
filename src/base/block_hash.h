/* What MD5 and SHA-256 have in common (Merkle-Damgard): blocks of 64 bytes, the last one padded with the message's length in bits. */
#ifndef NB_BASE_BLOCK_HASH_H
#define NB_BASE_BLOCK_HASH_H

#include <stdint.h>
#include <string.h>

enum { NB_HASH_BLOCK = 64 };

/* Takes one block into the state. */
typedef void nb_hash_compress(uint32_t *state, const uint8_t *block);

/* Takes in `size` bytes. `block` holds the last *length % 64 bytes that made no whole block yet. */
static inline void nb_block_hash_add(uint32_t *state, uint64_t *length, uint8_t block[NB_HASH_BLOCK], nb_hash_compress *compress,
                                     const void *data, size_t size)
{
    const uint8_t *bytes = data;
    size_t held = (size_t)(*length % NB_HASH_BLOCK);
    *length += size;
    if (held > 0) {
        size_t room = NB_HASH_BLOCK - held, taken = size < room ? size : room;
        memcpy(block + held, bytes, taken);
        if (taken < room)
            return;
        compress(state, block);
        bytes += taken;
        size -= taken;
    }
    for (; size >= NB_HASH_BLOCK; bytes += NB_HASH_BLOCK, size -= NB_HASH_BLOCK)
        compress(state, bytes);
    if (size > 0)
        memcpy(block, bytes, size);
}

/* The bytes that end a message of `length` bytes: 0x80, zeros, and room for the eight bytes of the length; returns their number without
 * those eight. */
static inline size_t nb_block_hash_padding(uint64_t length)
{
    size_t held = (size_t)(length % NB_HASH_BLOCK);
    return held < NB_HASH_BLOCK - 8 ? NB_HASH_BLOCK - 8 - held : 2 * NB_HASH_BLOCK - 8 - held;
}

#endif
