/* The first of two passes over a pickle: which memo entries are ever fetched, and how often.
 *
 * A pickle may store every value it makes in a numbered memo, and most writers do: the NAS-Bench-201 files have more than fifty million
 * such entries, of which a few hundred are fetched again. Knowing them beforehand lets the second pass forget the others at once and each
 * fetched one after its last use, so that memory does not grow with the file. */
#ifndef NB_BASE_PICKLE_SCAN_H
#define NB_BASE_PICKLE_SCAN_H

#include "base/pickle_object.h"

/* How the argument of an opcode is laid out. */
typedef enum nb_pickle_argument {
    NB_PICKLE_ARG_UNKNOWN, /* no such opcode, or one that is not accepted */
    NB_PICKLE_ARG_NONE,
    NB_PICKLE_ARG_1, /* so many bytes */
    NB_PICKLE_ARG_2,
    NB_PICKLE_ARG_4,
    NB_PICKLE_ARG_8,
    NB_PICKLE_ARG_COUNTED_1, /* a length of so many bytes (little-endian), then as many bytes as it says */
    NB_PICKLE_ARG_COUNTED_4,
    NB_PICKLE_ARG_COUNTED_8,
    NB_PICKLE_ARG_LINE,     /* text up to a newline */
    NB_PICKLE_ARG_TWO_LINES /* two of them */
} nb_pickle_argument;

extern const uint8_t nb_pickle_arguments[256];

/* A memo entry that is fetched at least once. */
typedef struct nb_pickle_memo_entry {
    uint32_t id;
    uint32_t uses; /* 0: this place of the hash table is empty */
    bool stored;   /* `value` was put and waits for its uses */
    nb_pickle_value value;
} nb_pickle_memo_entry;

typedef struct nb_pickle_plan {
    uint8_t *fetched; /* bit map over memo numbers */
    uint64_t fetched_size;
    nb_pickle_memo_entry *entries; /* open addressing, `capacity` a power of two */
    size_t capacity, count;
    uint64_t end_offset; /* behind the pickle's STOP */
} nb_pickle_plan;

/* Reads one pickle from the stream's place to its STOP. Fails where the pickle is cut or has an unknown opcode. */
nb_status nb_pickle_scan(nb_stream *in, const nb_progress *progress, nb_pickle_plan *plan, nb_error *err);

/* Looks after progress whenever the window has moved: NB_ERR_CANCELLED when it is to stop, and from time to time a report of how far pass 1
 * or 2 is, in bytes of the source, both passes counted. *reported remembers the last report. */
nb_status nb_pickle_watch(const nb_stream *in, const nb_progress *progress, int pass, uint64_t *reported, nb_error *err);

void nb_pickle_plan_free(nb_pickle_heap *heap, nb_pickle_plan *plan);

static inline bool nb_pickle_is_fetched(const nb_pickle_plan *plan, uint64_t id)
{
    return id / 8 < plan->fetched_size && (plan->fetched[id / 8] >> id % 8 & 1) != 0;
}

/* The entry of a fetched memo number; NULL for the others. */
nb_pickle_memo_entry *nb_pickle_plan_find(const nb_pickle_plan *plan, uint32_t id);

#endif
