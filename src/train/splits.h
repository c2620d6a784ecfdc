/* The published divisions of CIFAR and ImageNet16-120 into training, validation and test images. */
#ifndef NB_TRAIN_SPLITS_H
#define NB_TRAIN_SPLITS_H

#include <stdint.h>

#include "base/error.h"

#define NB_CIFAR100_TEST_IMAGES 10000
#define NB_IMAGENET16_TEST_IMAGES 6000

/* One bit per test image, most significant first in each byte: 1 = x-valid, 0 = x-test. */
extern const uint8_t nb_cifar100_test_xvalid[NB_CIFAR100_TEST_IMAGES / 8];
extern const uint8_t nb_imagenet16_test_xvalid[NB_IMAGENET16_TEST_IMAGES / 8];

/* The rule behind cifar-split.txt: the numbers 0..count-1 shuffled by CPython's random with seed 1021; the first half sorted is `train`
 * [count / 2], the rest sorted is `valid` [count - count / 2]. */
nb_status nb_split_halves(uint32_t count, uint32_t *train, uint32_t *valid, nb_error *err);

/* Numbers 0..count-1 in ascending order: those whose bit is set to `members`, the others to `others`, each with `offset` added.
 * Returns the number of members; both arrays need room for `count`. */
uint32_t nb_split_by_bits(const uint8_t *bits, uint32_t count, uint32_t offset, uint32_t *members, uint32_t *others);

#endif
