/* Python pickles, read as plain data: a stack machine that knows the opcodes of protocols 0 to 4 and runs nothing.
 *
 * A pickle is a program that may name any Python function. Here the few names that occur in benchmark and data-set files have a fixed
 * meaning (an ordered dict, a numpy scalar, a tensor's description, ...); any other name is refused with NB_ERR_REFUSED.
 *
 *     nb_pickle_value batch, labels;
 *     NB_TRY(nb_pickle_read_file("data_batch_1", &batch, err));
 *     if (nb_pickle_find(batch, "labels", &labels) && labels.kind == NB_PICKLE_LIST) ... nb_pickle_item(labels, i).number ...
 *     nb_pickle_drop(batch);
 *
 * Values are trees: a container that becomes part of itself is NB_ERR_FORMAT, nesting is bounded, memory is bounded, and no length in the
 * file is believed before the bytes are there. The same value may be part of several others; all are read-only. Messages give the byte
 * offset of the opcode that failed. */
#ifndef NB_BASE_PICKLE_H
#define NB_BASE_PICKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/progress.h"
#include "base/stream.h"

typedef enum nb_pickle_kind {
    NB_PICKLE_NONE,
    NB_PICKLE_BOOL,
    NB_PICKLE_INT,     /* fits 64 bits */
    NB_PICKLE_FLOAT,   /* also a numpy floating-point scalar: float16, 32 and 64 convert without loss */
    NB_PICKLE_GLOBAL,  /* one of the known names, not called */
    NB_PICKLE_INTEGER, /* an integer beyond 64 bits: its bytes, two's complement, little-endian */
    NB_PICKLE_TEXT,    /* unicode, as UTF-8 */
    NB_PICKLE_BYTES,   /* bytes; also the byte strings of Python 2, which often mean text */
    NB_PICKLE_LIST,
    NB_PICKLE_TUPLE,
    NB_PICKLE_SET,
    NB_PICKLE_DICT,    /* also collections.OrderedDict; both keep their order */
    NB_PICKLE_DTYPE,   /* numpy.dtype */
    NB_PICKLE_ARRAY,   /* numpy.ndarray */
    NB_PICKLE_STORAGE, /* the flat memory of torch tensors */
    NB_PICKLE_TENSOR,  /* a view on a storage */
    NB_PICKLE_RECORD   /* an instance of ArchResults or ResultsCount with its attributes */
} nb_pickle_kind;

typedef struct nb_pickle_object nb_pickle_object;

/* One value, passed around by copy. What accessors return is borrowed from the container. */
typedef struct nb_pickle_value {
    nb_pickle_kind kind;
    union {
        int64_t number; /* BOOL, INT */
        double real;    /* FLOAT */
        nb_pickle_object *object;
    };
} nb_pickle_value;

/* ------------------------------------------------------------------------------------------------------------------ reading */

typedef struct nb_pickle_options {
    /* Bound on the memory of values alive at one time; 0 stands for 1 GiB. Beyond it reading fails with NB_ERR_MEMORY. */
    size_t max_memory;

    /* For files that do not fit memory: each item of the dict that the outermost dict has under `stream_key` is handed to `item` as soon
     * as it is complete and then forgotten; in the result that dict is empty. Its keys must be integers and its values dicts with text
     * keys, lists or records. Before the first item `begin` (may be NULL) is told what the outermost dict held so far: the items in
     * `outer`, then keys and values in turn in `pairs`. A failure of `begin` or `item` ends the reading. */
    const char *stream_key;
    nb_status (*begin)(void *user, nb_pickle_value outer, const nb_pickle_value *pairs, size_t count, nb_error *err);
    nb_status (*item)(void *user, int64_t key, nb_pickle_value value, nb_error *err);
    void *user;

    const nb_progress *progress; /* bytes of both passes; may be NULL */
} nb_pickle_options;

/* Reads one pickle and leaves `in` behind its end. Goes over it twice (the first time to learn which memo entries are ever used again),
 * so `in` is rewound once. `options` may be NULL. */
nb_status nb_pickle_read(nb_stream *in, const nb_pickle_options *options, nb_pickle_value *out, nb_error *err);

/* The first pickle of a plain file. */
nb_status nb_pickle_read_file(const char *path, nb_pickle_value *out, nb_error *err);

/* Frees a value that nb_pickle_read gave, with all it contains. Not for borrowed values. */
void nb_pickle_drop(nb_pickle_value value);

/* ------------------------------------------------------------------------------------------------------------------ access
 * Every accessor accepts every value and answers "nothing" (0, false, NULL, a NONE value) for a kind that it does not fit. */

/* The kind in words, for messages: "a dict". */
const char *nb_pickle_kind_name(nb_pickle_kind kind);

/* Elements of a list, tuple or set, items of a dict, attributes of a record. */
size_t nb_pickle_count(nb_pickle_value value);

/* Element i of a list, tuple or set. */
nb_pickle_value nb_pickle_item(nb_pickle_value value, size_t i);

/* Bytes of a TEXT, BYTES or INTEGER, followed by a zero; `size` (may be NULL) does not count that. */
const char *nb_pickle_text(nb_pickle_value value, size_t *size);

/* True when the value is TEXT or BYTES with exactly these bytes. */
bool nb_pickle_is_text(nb_pickle_value value, const char *text);

/* The item of a dict or attribute of a record with this name (as TEXT or as Python 2's bytes). Items of a packed dict are not found. */
bool nb_pickle_find(nb_pickle_value dict, const char *name, nb_pickle_value *out);

/* Item i of a dict in its order. A dict whose items are all numbered floats is kept packed (see nb_pickle_runs); it gives false here. */
bool nb_pickle_entry(nb_pickle_value value, size_t i, nb_pickle_value *key, nb_pickle_value *item);

/* Curves. A dict {0: 28.1, 1: 40.2, ...} or {"x-valid@0": 1.5, "x-valid@1": 1.4, ...} holds nothing but runs of consecutive numbers;
 * such a dict is packed: tens of millions of them pass through an import. */
#define NB_PICKLE_PREFIX_MAX 38

typedef struct nb_pickle_run {
    int64_t first;  /* number of the first item; those after it count up by one */
    uint32_t start; /* index of the first item in the dict */
    uint32_t count; /* items */
    bool named;     /* the keys are texts `prefix`@number, not integers */
    uint8_t prefix_size;
    char prefix[NB_PICKLE_PREFIX_MAX + 2]; /* zero-terminated */
} nb_pickle_run;

/* The runs of a packed dict and its values in order: run r has values[start .. start + count - 1]. NULL when the dict is not packed; an
 * empty dict counts as packed with *count 0 and gives a valid pointer. */
const nb_pickle_run *nb_pickle_runs(nb_pickle_value value, size_t *count, const double **values);

/* Splits a TEXT "prefix@number", the number written as Python writes it. False for anything else. */
bool nb_pickle_split_key(nb_pickle_value key, size_t *prefix_size, int64_t *number);

/* numpy.dtype as numpy writes it: kind 'f', 'i', 'u', 'b', 'S', ... and bytes per element; byte order '<', '>', '=' or '|'. */
typedef struct nb_pickle_dtype {
    char kind;
    char order;
    uint32_t size;
} nb_pickle_dtype;

#define NB_PICKLE_DIMS_MAX 8

/* numpy.ndarray: `size` bytes of data = product of the shape times dtype.size, checked. */
typedef struct nb_pickle_array {
    nb_pickle_dtype dtype;
    uint32_t dims;
    uint64_t shape[NB_PICKLE_DIMS_MAX];
    bool fortran; /* first index fastest */
    const uint8_t *data;
    size_t size;
} nb_pickle_array;

/* NULL when the value is not an array (or one whose data never came). */
const nb_pickle_array *nb_pickle_as_array(nb_pickle_value value);

typedef enum nb_pickle_element {
    NB_PICKLE_F64,
    NB_PICKLE_F32,
    NB_PICKLE_F16,
    NB_PICKLE_BF16,
    NB_PICKLE_I64,
    NB_PICKLE_I32,
    NB_PICKLE_I16,
    NB_PICKLE_I8,
    NB_PICKLE_U8,
    NB_PICKLE_BOOLEAN
} nb_pickle_element;

/* Bytes of one element: 1 to 8. */
size_t nb_pickle_element_size(nb_pickle_element element);

/* Where a tensor's numbers are: under `key` in the rest of the torch file, or in `nested`, the bytes of a whole torch file of its own (then
 * element type and count stand in there and are F64 and 0 here). */
typedef struct nb_pickle_storage {
    nb_pickle_element element;
    uint64_t count;         /* elements */
    const char *key;        /* NULL when nested */
    nb_pickle_value nested; /* NONE or BYTES */
} nb_pickle_storage;

typedef struct nb_pickle_tensor {
    const nb_pickle_storage *storage;
    uint64_t offset; /* elements */
    uint32_t dims;   /* 0: a scalar */
    uint64_t shape[NB_PICKLE_DIMS_MAX];
    uint64_t strides[NB_PICKLE_DIMS_MAX]; /* elements */
} nb_pickle_tensor;

/* NULL when the value is something else. */
const nb_pickle_storage *nb_pickle_as_storage(nb_pickle_value value);
const nb_pickle_tensor *nb_pickle_as_tensor(nb_pickle_value value);

/* The class of a record: "ArchResults" or "ResultsCount"; NULL when the value is something else. */
const char *nb_pickle_class(nb_pickle_value value);

#endif
