/* safetensors files: the container of tables, checkpoints and weights.
 *
 * Layout: 8 bytes little-endian header length, JSON header {name: {dtype, shape, data_offsets}, "__metadata__": {string: string}}, then the
 * tensors, raw little-endian, without gaps, offsets counted from the end of the header. */
#ifndef NB_BASE_SAFETENSORS_H
#define NB_BASE_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/file.h"

typedef enum nb_dtype {
    NB_DTYPE_BOOL,
    NB_DTYPE_U8,
    NB_DTYPE_I8,
    NB_DTYPE_U16,
    NB_DTYPE_I16,
    NB_DTYPE_F16,
    NB_DTYPE_BF16,
    NB_DTYPE_U32,
    NB_DTYPE_I32,
    NB_DTYPE_F32,
    NB_DTYPE_U64,
    NB_DTYPE_I64,
    NB_DTYPE_F64,
    NB_DTYPE_COUNT
} nb_dtype;

size_t nb_dtype_size(nb_dtype dtype);      /* bytes of one element */
const char *nb_dtype_name(nb_dtype dtype); /* "F64", ... */

#define NB_TENSOR_MAX_RANK 8

/* One tensor of a file: where it is when reading, what it shall be when writing. Rank 0 is a single number. */
typedef struct nb_st_tensor {
    const char *name;
    nb_dtype dtype;
    uint32_t rank;
    uint64_t shape[NB_TENSOR_MAX_RANK];
    const void *data; /* elements; reading: into the file's bytes; writing: NULL when the caller fills the place itself */
    uint64_t size;    /* bytes; filled by nb_safetensors_parse() and nb_safetensors_layout() */
    uint64_t offset;  /* from the start of the file; filled likewise */
} nb_st_tensor;

/* One entry of "__metadata__". */
typedef struct nb_st_metadata {
    const char *key;
    const char *value;
} nb_st_metadata;

/* ---------------------------------------------------------------- reading */

/* A parsed header. Names and metadata are owned; tensor data points into the bytes that were parsed. */
typedef struct nb_safetensors {
    nb_st_tensor *tensors; /* [count] in the order of the header */
    size_t count;
    nb_st_metadata *metadata; /* [metadata_count] */
    size_t metadata_count;
    uint64_t header_size; /* of the JSON text; data start at 8 + header_size */
    /* private */
    char *strings;
    uint32_t *slots; /* hash of the names: index + 1, 0 for free */
    size_t slot_mask;
    size_t tensor_capacity;
    size_t metadata_capacity;
} nb_safetensors;

/* Checks everything that can be checked without reading tensors: header length, JSON, names unique, dtypes known, sizes equal to shapes,
 * and tensors that cover the file from the header to its end without gap or overlap. `name` is for messages. */
nb_status nb_safetensors_parse(const void *data, size_t size, const char *name, nb_safetensors *out, nb_error *err);
void nb_safetensors_free(nb_safetensors *file); /* {0} is allowed */

const nb_st_tensor *nb_safetensors_find(const nb_safetensors *file, const char *name); /* NULL: not there */
const char *nb_safetensors_metadata(const nb_safetensors *file, const char *key);      /* NULL: not there */

/* Whether the elements lie at a multiple of their size, so that they can be read in place. */
bool nb_st_tensor_is_aligned(const nb_st_tensor *tensor);

/* ---------------------------------------------------------------- writing */

/* Fills size and offset of each tensor and makes the first bytes of the file (length, JSON, spaces up to a multiple of 64). Wider elements
 * come first, otherwise the order is kept, so that every tensor is aligned to its elements. The caller frees *header. */
nb_status nb_safetensors_layout(nb_st_tensor *tensors, size_t count, const nb_st_metadata *metadata, size_t metadata_count, char **header,
                                size_t *header_size, uint64_t *file_size, nb_error *err);

/* Writes a whole file at once, complete or not at all. Each tensor has its data. */
nb_status nb_safetensors_write(const char *path, nb_st_tensor *tensors, size_t count, const nb_st_metadata *metadata, size_t metadata_count,
                               nb_error *err);

#endif
