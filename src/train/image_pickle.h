/* The python pickles of CIFAR and of the down-sampled ImageNet: a dict with `data`, a numpy array of bytes [images][channels * side *
 * side], and a list (or array) of labels. */
#ifndef NB_TRAIN_IMAGE_PICKLE_H
#define NB_TRAIN_IMAGE_PICKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "train/image_set.h"

/* Adds the images of a pickle to `set`. `label_key` is the dict's key of the labels; class = label - first_label. With `select`, images
 * whose label is of no class of the set are left out; without it they are NB_ERR_FORMAT. */
nb_status nb_image_pickle_parse(const uint8_t *data, size_t size, const char *name, const char *label_key, uint32_t first_label,
                                bool select, nb_image_set *set, nb_error *err);

#endif
