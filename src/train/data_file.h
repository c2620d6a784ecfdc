/* A data file read whole: plain or gzip-compressed, its checksum compared with the published one. */
#ifndef NB_TRAIN_DATA_FILE_H
#define NB_TRAIN_DATA_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct nb_data_file {
    uint8_t *data;
    size_t size;
} nb_data_file;

/* Reads `path`, decompressing it if it starts like a gzip file. `checksum` is the SHA-256 or MD5 of the (decompressed) content in
 * hexadecimal digits, told apart by length; NULL: not checked. NB_ERR_NOT_FOUND, NB_ERR_IO, NB_ERR_TRUNCATED for a compressed file that
 * ends early, NB_ERR_CORRUPT for a bad stream or checksum, NB_ERR_MEMORY above 4 GiB. */
nb_status nb_data_file_read(const char *path, const char *checksum, nb_data_file *out, nb_error *err);
void nb_data_file_free(nb_data_file *file);

#endif
