#include "heap.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

/* Set by the build: sanitizers have an allocator of their own. */
#ifdef NB_SANITIZED
#define WATCHED 0
#else
#define WATCHED 1
#endif

static atomic_long blocks;
static atomic_size_t bytes;
static atomic_size_t peak;
static atomic_long let_through = -1;
static atomic_bool has_failed;

bool heap_is_watched(void)
{
    return WATCHED != 0;
}

long heap_blocks(void)
{
    return atomic_load(&blocks);
}

size_t heap_bytes(void)
{
    return atomic_load(&bytes);
}

size_t heap_peak(void)
{
    return atomic_load(&peak);
}

void heap_forget_peak(void)
{
    atomic_store(&peak, atomic_load(&bytes));
}

void heap_fail_after(long count)
{
    atomic_store(&has_failed, false);
    atomic_store(&let_through, count);
}

bool heap_has_failed(void)
{
    return atomic_load(&has_failed);
}

#if WATCHED

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): the system's headers call them __size and the like. */

/* The C library's own allocator under the names that glibc keeps for programs that replace malloc. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

/* True once, for the allocation that heap_fail_after() chose. */
static bool refuse(void)
{
    if (atomic_load_explicit(&let_through, memory_order_relaxed) < 0)
        return false;
    if (atomic_fetch_sub(&let_through, 1) != 0)
        return false;
    atomic_store(&has_failed, true);
    errno = ENOMEM;
    return true;
}

static void *count_in(void *block)
{
    if (!block)
        return NULL;
    size_t size = malloc_usable_size(block);
    size_t now = atomic_fetch_add_explicit(&bytes, size, memory_order_relaxed) + size;
    atomic_fetch_add_explicit(&blocks, 1, memory_order_relaxed);
    size_t most = atomic_load_explicit(&peak, memory_order_relaxed);
    while (now > most && !atomic_compare_exchange_weak(&peak, &most, now))
        continue;
    return block;
}

static void count_out(void *block)
{
    atomic_fetch_sub_explicit(&bytes, malloc_usable_size(block), memory_order_relaxed);
    atomic_fetch_sub_explicit(&blocks, 1, memory_order_relaxed);
}

void *malloc(size_t size)
{
    return refuse() ? NULL : count_in(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return refuse() ? NULL : count_in(__libc_calloc(count, size));
}

void *realloc(void *block, size_t size)
{
    if (!block)
        return malloc(size);
    if (size == 0) {
        free(block);
        return NULL;
    }
    if (refuse())
        return NULL;
    size_t old = malloc_usable_size(block);
    void *moved = __libc_realloc(block, size);
    if (!moved)
        return NULL;
    atomic_fetch_sub_explicit(&bytes, old, memory_order_relaxed);
    atomic_fetch_sub_explicit(&blocks, 1, memory_order_relaxed);
    return count_in(moved);
}

void free(void *block)
{
    if (!block)
        return;
    count_out(block);
    __libc_free(block);
}

void *memalign(size_t alignment, size_t size)
{
    return refuse() ? NULL : count_in(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0)
        return EINVAL;
    void *block = memalign(alignment, size);
    if (!block)
        return ENOMEM;
    *out = block;
    return 0;
}

void *valloc(size_t size)
{
    return memalign((size_t)sysconf(_SC_PAGESIZE), size);
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

#endif
