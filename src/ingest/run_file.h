/* Names of the pipeline's files. */
#ifndef NB_INGEST_RUN_FILE_H
#define NB_INGEST_RUN_FILE_H

#include <stdbool.h>
#include <stdint.h>

/* Takes index and seed from a path that ends in arch-NNNNNN-seed-SSSS.pth. */
bool nb_run_file_name(const char *path, int64_t *index, int64_t *seed);

#endif
