/* Files that hold one Python object: the two containers of torch.save, a compressed pickle, a bare pickle.
 *
 * Legacy container: five pickles (magic number, protocol version, system, the object, storage keys), then each storage's element count and
 * bytes. Zip container: <folder>/data.pkl is the object, <folder>/data/<key> the bytes of a storage, all stored without compression. */
#ifndef NB_INGEST_TORCH_FILE_H
#define NB_INGEST_TORCH_FILE_H

#include "base/error.h"
#include "base/pickle.h"
#include "base/stream.h"

typedef enum nb_container {
    NB_CONTAINER_UNKNOWN,
    NB_CONTAINER_TORCH_LEGACY,
    NB_CONTAINER_TORCH_ZIP,
    NB_CONTAINER_BZIP2_PICKLE,
    NB_CONTAINER_PICKLE,
    NB_CONTAINER_TFRECORD,
    NB_CONTAINER_TEXT, /* printable: a CSV, perhaps */
    NB_CONTAINER_EMPTY
} nb_container;

/* Recognises a file by its first bytes. */
nb_status nb_container_of(const char *path, nb_container *out, nb_error *err);
nb_container nb_container_of_bytes(const void *data, size_t size);

/* An open file, with the stream at the start of the object's pickle. */
typedef struct nb_torch_file {
    nb_stream in;
    nb_container container;
    char *path;
    char *folder; /* zip: the folder of data.pkl, with the slash */
} nb_torch_file;

/* NB_ERR_FORMAT for a file of another kind. */
nb_status nb_torch_open(nb_torch_file *file, const char *path, nb_error *err);
void nb_torch_close(nb_torch_file *file);

/* Reads the three pickles before the object of a legacy file. */
nb_status nb_torch_read_legacy_head(nb_stream *in, nb_error *err);

/* Where the bytes of a storage are. */
typedef struct nb_storage_place {
    const char *key; /* borrowed from the object */
    nb_pickle_element element;
    uint64_t count;  /* elements */
    uint64_t offset; /* of the first element in the legacy stream */
} nb_storage_place;

/* The storages of a legacy file, sorted by key. */
typedef struct nb_storage_places {
    nb_storage_place *places;
    size_t count;
} nb_storage_places;

/* Lists the storages that the object names, wherever in it, then finds them behind it. The stream stands behind the object. `file` may be
 * a zip file: then only the list is made. */
nb_status nb_torch_find_storages(nb_stream *in, bool legacy, nb_pickle_value object, nb_storage_places *out, nb_error *err);
void nb_storage_places_free(nb_storage_places *places);

/* Reads a tensor's elements in row-major order into memory that the caller frees; *size bytes. */
nb_status nb_torch_read_tensor(nb_torch_file *file, const nb_storage_places *places, const nb_pickle_tensor *tensor,
                               nb_pickle_element *element, uint8_t **data, size_t *size, nb_error *err);

#endif
