/* A data set of a few hundred tiny coloured patterns that a tiny network learns within a second. */
#ifndef NB_TESTS_TINY_IMAGES_H
#define NB_TESTS_TINY_IMAGES_H

#include "nasbench/dataset.h"

/* 4 classes of 3x8x8 images: stripes along, across, checks, blobs; colours and noise are random. `train` images to train on, `eval` in
 * each of x-valid and ori-test. `mean` is that of all channels: 0.5 is right for them. */
nb_dataset *tiny_images(uint32_t train, uint32_t eval, float mean);

/* A folder with CIFAR-10's binary files, 60 images each; every class has a colour of its own. The caller frees the name. */
char *colour_folder(void);

#endif
