/* The objects that a pickle makes: counted references, a bounded heap, dicts that stay packed as long as they hold curves.
 * Only for the pickle reader itself; everybody else uses base/pickle.h. */
#ifndef NB_BASE_PICKLE_OBJECT_H
#define NB_BASE_PICKLE_OBJECT_H

#include "base/pickle.h"

/* Nesting that real files never reach (theirs is 8); it bounds the recursion of freeing. */
#define NB_PICKLE_DEPTH_MAX 64

/* Memory of live objects. */
typedef struct nb_pickle_heap {
    size_t held;
    size_t limit;
} nb_pickle_heap;

/* How every object begins. A container is `closed` once it is part of another one: it may not change any more. That makes every structure
 * acyclic: in a cycle, the edge that was made last starts at a container that has been inserted somewhere before. Pickles of acyclic
 * data always fill a container before they insert it. */
struct nb_pickle_object {
    uint32_t references;
    uint8_t kind;
    uint8_t depth; /* 0 without children, else one more than the deepest child */
    bool closed;
};

typedef struct nb_pickle_string {
    nb_pickle_object head;
    size_t size;
    char bytes[]; /* [size], then a zero */
} nb_pickle_string;

typedef struct nb_pickle_sequence {
    nb_pickle_object head;
    size_t count, capacity;
    nb_pickle_value *items;
} nb_pickle_sequence;

typedef struct nb_pickle_pair {
    nb_pickle_value key, value;
} nb_pickle_pair;

typedef struct nb_pickle_dict {
    nb_pickle_object head;
    bool packed; /* true for an empty dict */
    uint32_t count;
    uint32_t capacity; /* of pairs, or of values when packed */
    uint32_t run_count, run_capacity;
    union {
        nb_pickle_pair *pairs;
        double *values;
    };
    nb_pickle_run *runs; /* packed only */
} nb_pickle_dict;

typedef struct nb_pickle_dtype_object {
    nb_pickle_object head;
    nb_pickle_dtype dtype;
} nb_pickle_dtype_object;

typedef struct nb_pickle_array_object {
    nb_pickle_object head;
    nb_pickle_array array;
    nb_pickle_value bytes; /* owns the data; NONE until they came */
} nb_pickle_array_object;

typedef struct nb_pickle_storage_object {
    nb_pickle_object head;
    nb_pickle_storage storage;
    nb_pickle_value key;  /* owns storage.key */
    uint64_t view_offset; /* elements, for the views of old torch files */
} nb_pickle_storage_object;

typedef struct nb_pickle_tensor_object {
    nb_pickle_object head;
    nb_pickle_tensor tensor;
    nb_pickle_value storage; /* owns tensor.storage */
} nb_pickle_tensor_object;

typedef struct nb_pickle_record {
    nb_pickle_object head;
    const char *class_name; /* static */
    nb_pickle_value state;  /* NONE or a dict */
} nb_pickle_record;

static const nb_pickle_value nb_pickle_nothing = {.kind = NB_PICKLE_NONE};

static inline bool nb_pickle_is_object(nb_pickle_value value)
{
    return value.kind >= NB_PICKLE_INTEGER;
}

static inline nb_pickle_value nb_pickle_keep(nb_pickle_value value)
{
    if (nb_pickle_is_object(value))
        value.object->references++;
    return value;
}

void nb_pickle_free_object(nb_pickle_heap *heap, nb_pickle_object *object);

/* Gives up one reference. `heap` NULL: the reader that counted the memory is gone. */
static inline void nb_pickle_release(nb_pickle_heap *heap, nb_pickle_value value)
{
    if (nb_pickle_is_object(value) && --value.object->references == 0)
        nb_pickle_free_object(heap, value.object);
}

/* Counts `more` bytes, or returns false when that passes the limit. */
bool nb_pickle_charge(nb_pickle_heap *heap, size_t more);

/* All makers return a value with one reference, or a NONE value when memory or its bound gives out. */
nb_pickle_value nb_pickle_new(nb_pickle_heap *heap, nb_pickle_kind kind, size_t size);
nb_pickle_value nb_pickle_new_string(nb_pickle_heap *heap, nb_pickle_kind kind, const void *bytes, size_t size); /* bytes NULL: zeros */
nb_pickle_value nb_pickle_new_dict(nb_pickle_heap *heap);

/* Takes over `count` values for a new LIST, TUPLE or SET (also on failure). */
nb_pickle_value nb_pickle_new_sequence(nb_pickle_heap *heap, nb_pickle_kind kind, const nb_pickle_value *items, size_t count);

/* Why a container would not take a value. */
typedef enum nb_pickle_refusal {
    NB_PICKLE_TAKEN,
    NB_PICKLE_NO_MEMORY,
    NB_PICKLE_TOO_DEEP,
    NB_PICKLE_IS_CLOSED, /* the container is part of another one already */
    NB_PICKLE_BAD_KEY    /* of a kind that cannot be a dict's key */
} nb_pickle_refusal;

/* Makes `child` part of `parent`: closes it and deepens the parent. */
nb_pickle_refusal nb_pickle_adopt(nb_pickle_object *parent, nb_pickle_value child);

/* Appends to a list or set, or sets an item of a dict; takes the values over in any case. */
nb_pickle_refusal nb_pickle_append(nb_pickle_heap *heap, nb_pickle_sequence *list, nb_pickle_value item);
nb_pickle_refusal nb_pickle_set_item(nb_pickle_heap *heap, nb_pickle_dict *dict, nb_pickle_value key, nb_pickle_value value);

/* Appends key -> value to a packed dict: the item (`prefix`@)number -> real. False when memory gives out. */
bool nb_pickle_pack(nb_pickle_heap *heap, nb_pickle_dict *dict, bool named, const char *prefix, size_t prefix_size, int64_t number,
                    double real);

/* Room for at least one more value in a packed dict. */
bool nb_pickle_pack_room(nb_pickle_heap *heap, nb_pickle_dict *dict);

/* Splits "prefix@number" where the number is written as Python writes it and the prefix fits a run. */
bool nb_pickle_split_name(const char *text, size_t size, size_t *prefix_size, int64_t *number);

#endif
