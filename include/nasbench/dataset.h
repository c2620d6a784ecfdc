/* Image data sets as the benchmarks use them: official files, official splits, official normalisation.
 *
 * A data set is named by its *key*, the training set-up of the benchmark: "cifar10-valid", "cifar10", "cifar100" and "ImageNet16-120" of
 * NAS-Bench-201, and "fashion-mnist", "fashion-mnist-valid", "mnist", "mnist-valid". It has one training split and one or more evaluation
 * splits with the benchmark's names ("x-valid", "x-test", "ori-test"). Images are bytes in memory, [channels][side][side] each; the
 * trainer (<nasbench/train.h>) makes batches of normalised floats of them. A loaded data set is immutable and may be shared between
 * threads.
 *
 * key                   training split                     evaluation splits (images)
 * cifar10-valid         half of CIFAR-10's, 25,000         x-valid (the other 25,000), ori-test (10,000)
 * cifar10               50,000                             ori-test (10,000)
 * cifar10-101           40,000 of CIFAR-10's               x-valid, ori-test, train-1 (9,984 each: whole batches of 256)
 * cifar100              50,000                             ori-test (10,000), x-valid (5,000), x-test (5,000)
 * ImageNet16-120        151,700                            ori-test (6,000), x-valid (3,000), x-test (3,000)
 * fashion-mnist, mnist  60,000                             ori-test (10,000)
 * ...-valid             half of those, 30,000              x-valid (the other 30,000), ori-test (10,000)
 *
 * Files that are read (found in the folder itself or in the sub-folder that the published archive unpacks to):
 *     CIFAR-10        data_batch_1.bin .. data_batch_5.bin, test_batch.bin; or the python pickles of the same names without ".bin"
 *     CIFAR-100       train.bin, test.bin; or the python pickles train, test
 *     ImageNet16-120  the pickles train_data_batch_1 .. train_data_batch_10, val_data of the 16x16 down-sampled ImageNet
 *     (Fashion-)MNIST train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, each with .gz or
 * not docs/training.md says where to get them. Every file is checked against its published checksum where there is one. */
#ifndef NASBENCH_DATASET_H
#define NASBENCH_DATASET_H

#include <stdbool.h>
#include <stdint.h>

#include "nasbench/error.h"
#include "nasbench/progress.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NB_DATASET_MAX_CHANNELS 4
#define NB_DATASET_MAX_SPLITS 4

typedef struct nb_dataset nb_dataset;

/* What to load. Everything zero is the published data set from its standard place. */
typedef struct nb_dataset_options {
    /* Where the files are. NULL: $TORCH_HOME, then ~/.torch (and below them cifar.python), then /usr/share/datasets/<name>. */
    const char *folder;
    /* Rows and columns of the images that the network sees. 0: those of the files. A smaller one must divide them; each pixel is then the
     * mean of a square of pixels, rounded to the nearest byte. 28x28 images are first framed with 2 zero pixels where 28 has no such
     * divisor but 32 has, so that 32, 16 and 8 work for every data set. */
    uint32_t resolution;
    uint32_t train_images; /* use the first so many of the training split; 0: all */
    uint32_t eval_images;  /* use the first so many of each evaluation split; 0: all */
    bool no_checksums;     /* accept files whose checksums differ from the published ones, and any number of images in them */
} nb_dataset_options;

/* A list of images: positions for nb_dataset_pixels() and nb_dataset_label(). */
typedef struct nb_split {
    const char *name; /* "train", "x-valid", "x-test", "ori-test" */
    uint32_t count;
    const uint32_t *images; /* [count] */
} nb_split;

typedef struct nb_dataset_info {
    const char *key;
    const char *source; /* the folder that it was read from; "" when made from arrays */
    uint32_t images;    /* in memory: training images, then test images, each in the order of the files */
    uint32_t classes;
    uint32_t channels;
    uint32_t side;         /* rows and columns, after `resolution` */
    uint32_t splits;       /* 1 training split and the evaluation splits */
    uint32_t native_side;  /* rows and columns in the files */
    bool flip;             /* the training recipe mirrors images */
    uint32_t crop_padding; /* pixels of zeros around a training image before it is cropped at random: 4 for 32x32, 2 for 16x16 */
    float mean[NB_DATASET_MAX_CHANNELS];      /* of pixels / 255, subtracted; per channel */
    float deviation[NB_DATASET_MAX_CHANNELS]; /* divided by */
} nb_dataset_info;

/* Loads a data set by key. NB_ERR_NOT_FOUND with the names of the expected files, the places tried and how to get them; NB_ERR_CORRUPT
 * for a wrong checksum, NB_ERR_FORMAT or NB_ERR_TRUNCATED for files that are not what they should be; NB_ERR_ARGUMENT for an unknown key,
 * an impossible resolution or more images than there are. `options` and `progress` may be NULL. */
NB_API nb_status nb_dataset_load(const char *key, const nb_dataset_options *options, const nb_progress *progress, nb_dataset **out,
                                 nb_error *err);

/* A data set from the caller's own arrays, which are copied. Splits other than "train" are evaluation sets. */
typedef struct nb_dataset_arrays {
    const char *key;
    uint32_t images, classes, channels, side;
    const uint8_t *pixels;  /* [images][channels][side][side] */
    const uint16_t *labels; /* [images], each below classes */
    const nb_split *splits; /* [split_count], the first is the training split */
    uint32_t split_count;   /* 1 .. NB_DATASET_MAX_SPLITS */
    bool flip;              /* as in nb_dataset_info */
    uint32_t crop_padding;  /* as in nb_dataset_info; 0: no cropping */
    float mean[NB_DATASET_MAX_CHANNELS];
    float deviation[NB_DATASET_MAX_CHANNELS]; /* not 0 */
} nb_dataset_arrays;

NB_API nb_status nb_dataset_from_arrays(const nb_dataset_arrays *arrays, nb_dataset **out, nb_error *err);

NB_API void nb_dataset_free(nb_dataset *dataset); /* NULL is allowed */

NB_API const nb_dataset_info *nb_dataset_get_info(const nb_dataset *dataset);

/* Split 0 is the training split. NULL past the end. */
NB_API const nb_split *nb_dataset_split(const nb_dataset *dataset, uint32_t split);

/* [channels][side][side] bytes of an image; its class. `image` must be below info->images. */
NB_API const uint8_t *nb_dataset_pixels(const nb_dataset *dataset, uint32_t image);
NB_API uint32_t nb_dataset_label(const nb_dataset *dataset, uint32_t image);

/* What is known about a key without its files, for lists and for building networks. Everything but `source` and `images` is filled. */
NB_API nb_status nb_dataset_describe(const char *key, nb_dataset_info *out, nb_error *err);

/* The known keys, NULL past the end. */
NB_API const char *nb_dataset_key(uint32_t i);

#ifdef __cplusplus
}
#endif
#endif
