/* IDX files, the format of MNIST and Fashion-MNIST: a magic number (0, 0, element type, number of dimensions), the dimensions as
 * big-endian 32-bit numbers, the elements. */
#ifndef NB_TRAIN_IDX_H
#define NB_TRAIN_IDX_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "train/image_set.h"

#define NB_IDX_MAX_DIMENSIONS 4

/* A file of unsigned bytes; `elements` points into the caller's data. */
typedef struct nb_idx {
    uint32_t dimensions;
    uint32_t size[NB_IDX_MAX_DIMENSIONS];
    const uint8_t *elements;
    size_t count; /* product of the sizes */
} nb_idx;

/* NB_ERR_FORMAT for a wrong magic number, another element type than unsigned bytes or bytes after the end, NB_ERR_TRUNCATED for fewer
 * elements than the dimensions say. */
nb_status nb_idx_parse(const uint8_t *data, size_t size, const char *name, nb_idx *out, nb_error *err);

/* Adds the images of an IDX file [count][side][side] with the labels of another [count] to `set`. */
nb_status nb_idx_add_images(const nb_idx *images, const char *images_name, const nb_idx *labels, const char *labels_name, nb_image_set *set,
                            nb_error *err);

#endif
