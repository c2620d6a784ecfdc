#include "store/spill.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define FIRST_CAPACITY ((size_t)64 << 10)
#define FLUSH_SIZE ((size_t)2 << 20)

nb_spill nb_spill_for(const char *path)
{
    return (nb_spill){.fd = -1, .path = path};
}

uint64_t nb_spill_end(const nb_spill *spill)
{
    return spill->flushed + spill->used;
}

static nb_status flush(nb_spill *spill, nb_error *err)
{
    if (spill->fd < 0)
        NB_TRY(nb_scratch_open(spill->path, &spill->fd, err));
    nb_status status = nb_write_fully(spill->fd, spill->buffer, spill->used, spill->flushed, "scratch file", err);
    if (status != NB_OK)
        return nb_prefix(err, status, "%s", spill->path);
    spill->flushed += spill->used;
    spill->used = 0;
    return NB_OK;
}

static nb_status reserve(nb_spill *spill, size_t size, nb_error *err)
{
    if (spill->used > 0 && spill->used + size > FLUSH_SIZE)
        NB_TRY(flush(spill, err));
    size_t needed = spill->used + size;
    if (needed <= spill->capacity)
        return NB_OK;
    size_t capacity = spill->capacity ? spill->capacity : FIRST_CAPACITY;
    while (capacity < needed)
        capacity *= 2;
    uint8_t *buffer = realloc(spill->buffer, capacity);
    if (!buffer)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for %zu bytes of trials", spill->path, capacity);
    spill->buffer = buffer;
    spill->capacity = capacity;
    return NB_OK;
}

nb_status nb_spill_append(nb_spill *spill, size_t size, void **place, nb_error *err)
{
    NB_TRY(reserve(spill, size, err));
    *place = spill->buffer + spill->used;
    spill->used += size;
    return NB_OK;
}

void nb_spill_take_back(nb_spill *spill, size_t size)
{
    spill->used -= size;
}

nb_status nb_spill_read(const nb_spill *spill, uint64_t offset, void *to, size_t size, nb_error *err)
{
    uint8_t *next = to;
    if (offset < spill->flushed) {
        size_t from_file = spill->flushed - offset < size ? (size_t)(spill->flushed - offset) : size;
        nb_status status = nb_read_fully(spill->fd, next, from_file, offset, "scratch file", err);
        if (status != NB_OK)
            return nb_prefix(err, status, "%s", spill->path);
        next += from_file;
        offset += from_file;
        size -= from_file;
    }
    if (size > 0)
        memcpy(next, spill->buffer + (offset - spill->flushed), size);
    return NB_OK;
}

void nb_spill_free(nb_spill *spill)
{
    if (spill->fd >= 0)
        close(spill->fd);
    free(spill->buffer);
    *spill = nb_spill_for(NULL);
}
