/* The files that a list of sources stands for: a folder stands for the result files in it. */
#ifndef NB_INGEST_FILES_H
#define NB_INGEST_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct nb_files {
    char **paths; /* [count] */
    size_t count, capacity;
    uint64_t bytes; /* of all of them */
} nb_files;

/* Spells the sources out. In a folder: first a meta file, then the files whose names are those of results (*.pickle.pbz2, *.pth,
 * *.safetensors), by name; of an architecture that is there both with and without its weights (NNNNNN-FULL.pth and NNNNNN-SIMPLE.pth) the
 * smaller. NB_ERR_NOT_FOUND names a source that is not there or a folder without results. */
nb_status nb_files_list(const char *const *sources, size_t count, nb_files *out, nb_error *err);
void nb_files_free(nb_files *files);

#endif
