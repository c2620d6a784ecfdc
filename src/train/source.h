/* Finding and reading the files of a data set. */
#ifndef NB_TRAIN_SOURCE_H
#define NB_TRAIN_SOURCE_H

#include <stdbool.h>

#include "base/progress.h"
#include "train/catalogue.h"
#include "train/image_set.h"

/* A layout of files that exists. */
typedef struct nb_found_source {
    const nb_source_layout *layout;
    char *folder; /* the folder that the files are in; the caller frees */
} nb_found_source;

/* Looks for the first file of every layout below `folder`, or in the standard places when it is NULL (see nb_dataset_options).
 * NB_ERR_NOT_FOUND says what was looked for where, and how to get it. */
nb_status nb_source_find(const nb_source *source, const char *folder, nb_found_source *out, nb_error *err);

/* Reads all training images, then all test images, into `set`; *train_count is the number of the former. With `checksums`, files and
 * numbers of images must be the published ones. */
nb_status nb_source_read(const nb_found_source *found, bool checksums, const nb_progress *progress, nb_image_set *set,
                         uint32_t *train_count, nb_error *err);

#endif
