/* A split of a data set as batches of floats: shuffled and augmented for training, plain and in order for evaluation.
 *
 * What a batch holds is a function of (data set, options, seed, epoch, number of the batch) only. */
#ifndef NB_TRAIN_BATCHES_H
#define NB_TRAIN_BATCHES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/pool.h"
#include "nasbench/dataset.h"

/* What happens to a training image, in this order: mirrored with probability 1/2, framed with `padding` zero pixels and cropped to its size
 * at a random place, normalised, a square of side `cutout` around a random pixel set to zero. */
typedef struct nb_augmentation {
    bool flip;
    uint32_t padding;
    uint32_t cutout; /* 0: off */
} nb_augmentation;

typedef struct nb_batches {
    const nb_dataset *dataset;
    const nb_split *split;
    uint32_t size;          /* images in a batch; the last one may have fewer */
    uint32_t count;         /* batches */
    nb_augmentation change; /* all zero for evaluation */
    uint64_t seed;
    uint32_t epoch;
    bool run_on;     /* set by the caller before shuffling: batches run on over the end of an epoch, so that all are full */
    uint32_t lead;   /* with run_on: images at the front that the batches of the epoch before left over */
    uint32_t *order; /* [lead + split->count] images in the order of this epoch; NULL: the split's own */
    float *levels;   /* [channels][256] a byte as a normalised float */
} nb_batches;

/* Batches for evaluation. The data set must outlive them. */
nb_status nb_batches_init(nb_batches *batches, const nb_dataset *dataset, uint32_t split, uint32_t size, nb_error *err);
void nb_batches_free(nb_batches *batches);

/* Makes them batches for training in the given epoch: a new order, new augmentation. With run_on, epochs follow each other without a gap:
 * batch s of all is images s * size .. (s + 1) * size - 1 of one epoch after the other, and an epoch's batches are those that end in it;
 * the size must not exceed the images of the split. */
nb_status nb_batches_shuffle(nb_batches *batches, const nb_augmentation *change, uint64_t seed, uint32_t epoch, nb_error *err);

/* Fills images [n][channels][side][side] and labels [n] with batch i < count; returns n <= size. `workers` may be NULL. */
uint32_t nb_batches_get(const nb_batches *batches, uint32_t i, nb_workers *workers, float *images, int32_t *labels);

#endif
