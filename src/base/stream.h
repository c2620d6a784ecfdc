/* Bounded reading of a source of any size: a small window slides over a file, a compressed file, an archive member or memory.
 *
 * A reader of a format looks at [next, end) directly and calls nb_stream_need() before it touches more. Memory stays at one window
 * whatever the size of the source; plain read() is used instead of a map, because the pages of a map count as resident and a file that
 * is cut while being read would kill the process. */
#ifndef NB_BASE_STREAM_H
#define NB_BASE_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The most that nb_stream_need() can make contiguous: larger pieces are copied out with nb_stream_read(). */
#define NB_STREAM_NEED_MAX ((size_t)64 * 1024)

/* What a kind of source has to do: deliver bytes in order, and start again. */
typedef struct nb_stream_source {
    nb_status (*read)(void *state, const char *name, void *to, size_t size, size_t *got, nb_error *err); /* *got 0: the end */
    nb_status (*seek)(void *state, const char *name, uint64_t offset, nb_error *err);
    nb_status (*rewind)(void *state, const char *name, nb_error *err); /* where there is no seek: then read up to the place */
    void (*close)(void *state);
} nb_stream_source;

typedef struct nb_stream {
    const uint8_t *next; /* the unread bytes of the window */
    const uint8_t *end;
    uint64_t end_offset; /* place of `end` in the source */
    uint64_t size;       /* of the whole source; UINT64_MAX when only reading tells */
    char *name;          /* for messages: the path, and the member where there is one */
    uint8_t *window;     /* NULL when the source is memory */
    const nb_stream_source *source;
    void *state;
    int at_end; /* the source has no more than what is in the window */
} nb_stream;

/* Opening; on failure `in` needs no closing. A file of bzip2 data holds one or more bzip2 streams back to back; its offsets count
 * decompressed bytes. A member's name is "folder/data.pkl"; its checksum is verified when it has been read to its end. */
nb_status nb_stream_open_file(nb_stream *in, const char *path, nb_error *err);
nb_status nb_stream_open_bzip2(nb_stream *in, const char *path, nb_error *err);
nb_status nb_stream_open_zip_member(nb_stream *in, const char *path, const char *member, nb_error *err);

/* The whole of `data`, which must outlive the stream. */
nb_status nb_stream_over(nb_stream *in, const void *data, size_t size, const char *name, nb_error *err);

/* Accepts a stream of zeros. */
void nb_stream_close(nb_stream *in);

static inline size_t nb_stream_ready(const nb_stream *in)
{
    return (size_t)(in->end - in->next);
}

/* The place of `next` in the source. */
static inline uint64_t nb_stream_offset(const nb_stream *in)
{
    return in->end_offset - nb_stream_ready(in);
}

/* Slides the window on so that at least `size` <= NB_STREAM_NEED_MAX bytes are ready, or all that is left when that is less. Pointers into
 * the window are void afterwards. */
nb_status nb_stream_fill(nb_stream *in, size_t size, nb_error *err);

/* As nb_stream_fill, but fewer than `size` bytes left is NB_ERR_TRUNCATED; nothing is consumed. */
nb_status nb_stream_need_more(nb_stream *in, size_t size, nb_error *err);
static inline nb_status nb_stream_need(nb_stream *in, size_t size, nb_error *err)
{
    return nb_stream_ready(in) >= size ? NB_OK : nb_stream_need_more(in, size, err);
}

/* Copies the next `size` bytes out, any number of them. NB_ERR_TRUNCATED if fewer are left. */
nb_status nb_stream_read(nb_stream *in, void *to, size_t size, nb_error *err);

/* Moves past `size` bytes. NB_ERR_TRUNCATED if fewer are left. */
nb_status nb_stream_skip(nb_stream *in, uint64_t size, nb_error *err);

/* Reads on to the end, for what a source only tells there: a wrong checksum, damaged blocks. */
nb_status nb_stream_drain(nb_stream *in, nb_error *err);

/* Continues at any offset, also an earlier one. Past the end is NB_ERR_TRUNCATED, at the latest when reading. */
nb_status nb_stream_seek(nb_stream *in, uint64_t offset, nb_error *err);

#endif
