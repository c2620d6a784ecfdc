/* The checksum of a tensor: the sum over its elements of (element's bits as an unsigned integer) * (2 i + 1) modulo 2^64, i = position.
 *
 * Every factor is odd, so that a change of any one element changes the sum; exchanged elements change it, too. Pieces may be added in any
 * order, which lets a writer work block by block, and numpy computes it in one line. */
#ifndef NB_STORE_CHECKSUM_H
#define NB_STORE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* The share of `count` elements of `width` 1, 2, 4 or 8 bytes, the first of which is element number `position`. */
uint64_t nb_checksum(const void *elements, size_t width, size_t count, uint64_t position);

#endif
