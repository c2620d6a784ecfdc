/* The binary files of CIFAR-10 and CIFAR-100: records of label bytes and 3 x 32 x 32 pixels (all red, all green, all blue), nothing else.
 */
#ifndef NB_TRAIN_CIFAR_BIN_H
#define NB_TRAIN_CIFAR_BIN_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "train/image_set.h"

/* Adds all images of a file to `set`. `label_bytes` is 1 for CIFAR-10 (the class) and 2 for CIFAR-100 (coarse class, fine class; the fine
 * one is kept). NB_ERR_TRUNCATED if the last record is not complete, NB_ERR_FORMAT for a class that does not exist. */
nb_status nb_cifar_bin_parse(const uint8_t *data, size_t size, const char *name, uint32_t label_bytes, nb_image_set *set, nb_error *err);

#endif
