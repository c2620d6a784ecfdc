/* Files in and out: a read-only map, and an output file that appears complete or not at all. */
#ifndef NB_BASE_FILE_H
#define NB_BASE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A whole file mapped read-only. `data` is page-aligned; NULL for an empty file. */
typedef struct nb_file_map {
    const uint8_t *data;
    size_t size;
} nb_file_map;

/* NB_ERR_NOT_FOUND when there is no such file, NB_ERR_IO for anything else, a folder included. */
nb_status nb_file_map_open(const char *path, nb_file_map *out, nb_error *err);
void nb_file_map_close(nb_file_map *map);

/* Reads a whole file into memory of its own (freed by the caller), with one spare zero byte at the end. NB_ERR_MEMORY beyond `limit` bytes.
 */
nb_status nb_file_read(const char *path, size_t limit, uint8_t **data, size_t *size, nb_error *err);

/* An output file in the making. All bytes go to `temporary`, in the folder of `path`; commit puts it in place of `path` in one step.
 *
 * Usage: open, write..., then commit or abort. Both end the output; after a failed commit the temporary file is gone as well. A process
 * that is killed in between leaves only a file named ".<name>.nbtmp", which the next writer of `path` removes: it is locked while somebody
 * writes it. A second writer at the same time, or one on a file system without locks, has a ".<name>.<hex>.nbtmp" of its own. */
typedef struct nb_output {
    int fd;
    char *path;
    char *temporary;
    uint64_t position; /* where nb_output_write() goes on */
} nb_output;

nb_status nb_output_open(const char *path, nb_output *out, nb_error *err);
nb_status nb_output_write(nb_output *out, const void *data, size_t size, nb_error *err);
nb_status nb_output_write_at(nb_output *out, const void *data, size_t size, uint64_t offset, nb_error *err);
nb_status nb_output_commit(nb_output *out, nb_error *err); /* fsync, rename, fsync of the folder */
void nb_output_abort(nb_output *out);

/* Writes `size` bytes as the whole content of `path`, complete or not at all. */
nb_status nb_file_write(const char *path, const void *data, size_t size, nb_error *err);

/* A nameless scratch file in the folder of `path`: gone when the descriptor is closed, however the process ends. Returns the descriptor. */
nb_status nb_scratch_open(const char *path, int *fd, nb_error *err);
/* Whole reads and writes at an offset; `name` is for messages. */
nb_status nb_write_fully(int fd, const void *data, size_t size, uint64_t offset, const char *name, nb_error *err);
nb_status nb_read_fully(int fd, void *data, size_t size, uint64_t offset, const char *name, nb_error *err);

#endif
