/* A file that grows while a long work goes on, and takes its place when it is complete.
 *
 * It is PATH.partial until then. A process that finds one goes on from it; PATH.lock sees to it that only one does. */
#ifndef NB_SEARCH_GROWING_H
#define NB_SEARCH_GROWING_H

#include <stddef.h>

#include "base/claim.h"
#include "base/error.h"

typedef struct nb_growing {
    int fd;          /* -1: closed */
    char *path;      /* where it will be */
    char *temporary; /* where it is */
    char *content;   /* [size] what was there when it was opened; ends with a zero byte; the caller may free it and set NULL */
    size_t size;
    nb_claim claim;
} nb_growing;

/* Opens PATH.partial, new or old. NB_ERR_EXISTS: another process has it. */
nb_status nb_growing_open(const char *path, nb_growing *out, nb_error *err);

/* Cuts it to `size` bytes; what is appended follows there. */
nb_status nb_growing_cut(nb_growing *file, size_t size, nb_error *err);
nb_status nb_growing_append(nb_growing *file, const char *text, size_t size, nb_error *err);

/* Puts the complete file in place and closes. On failure it stays PATH.partial. */
nb_status nb_growing_commit(nb_growing *file, nb_error *err);

/* Closes without committing; the partial file stays unless it is empty. {.fd = -1} is fine. */
void nb_growing_close(nb_growing *file);

#endif
