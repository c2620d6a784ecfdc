/* The heap of a whole program under watch: how many blocks are alive, and allocations that fail on request. A program that includes this
 * header gets its own malloc, free and relatives in front of the C library's, so allocations made inside other libraries count too.
 *
 * Sanitizers bring their own allocator: in their builds nothing is watched, and heap_is_watched() says so. */
#ifndef NB_TESTS_HEAP_H
#define NB_TESTS_HEAP_H

#include <stdbool.h>
#include <stddef.h>

bool heap_is_watched(void);

/* Blocks that are allocated and not yet freed. The same before and after a call means that the call leaked nothing. */
long heap_blocks(void);

/* Bytes in use, and the most that were in use since the last heap_forget_peak(). */
size_t heap_bytes(void);
size_t heap_peak(void);
void heap_forget_peak(void);

/* Lets the next `count` allocations through and makes the one after them, and no other, return NULL. A negative count turns this off.
 * A loop over 0, 1, 2, ... until heap_has_failed() stays false tries every allocation of a call. */
void heap_fail_after(long count);
bool heap_has_failed(void);

#endif
