/* The random numbers of a training run. Each use has streams of its own, so that what one draws never depends on another: a run is a
 * function of its seed, whatever the number of threads and wherever it was interrupted. */
#ifndef NB_TRAIN_STREAMS_H
#define NB_TRAIN_STREAMS_H

#include <stdint.h>

#include "nasbench/random.h"

typedef enum nb_train_stream {
    NB_STREAM_WEIGHTS,      /* starting weights */
    NB_STREAM_ORDER,        /* order of the images in an epoch */
    NB_STREAM_AUGMENTATION, /* mirroring, cropping and cutting out of one image in an epoch */
    NB_STREAM_LATENCY,      /* images that latency is measured with */
} nb_train_stream;

/* The generator of one use in one epoch for one item (an image; 0 where there are none). */
static inline nb_rng nb_train_rng(uint64_t seed, nb_train_stream use, uint32_t epoch, uint32_t item)
{
    return nb_rng_seed(seed, (uint64_t)use << 56 | (uint64_t)(epoch & 0xffffff) << 32 | item);
}

#endif
