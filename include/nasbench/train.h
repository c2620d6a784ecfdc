/* Training one architecture from scratch, by NAS-Bench-201's recipe unless told otherwise.
 *
 *     nb_dataset_load("cifar10-valid", NULL, NULL, &dataset, &err);
 *     nb_train_options options = nb_train_defaults();
 *     options.schedule = "12";
 *     nb_train(dataset, "resnet", &options, NULL, &record, &err);
 *
 * The recipe: SGD with Nesterov momentum 0.9 and weight decay 5e-4 on all parameters, learning rate 0.1 falling to 0 along a cosine, one
 * step per epoch; batches of 256, the last one shorter; mirrored and randomly cropped images; cross entropy; weights start as in PyTorch.
 *
 * The trained weights are a function of data set, architecture, options and seed: the same bytes for any number of threads, and for a run
 * that was interrupted and resumed. (Across processor families the last bits may differ: kernels for AVX-512 and AVX2 add in another
 * order.) */
#ifndef NASBENCH_TRAIN_H
#define NASBENCH_TRAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "nasbench/dataset.h"
#include "nasbench/error.h"
#include "nasbench/progress.h"
#include "nasbench/record.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is known after an epoch. */
typedef struct nb_train_epoch {
    uint32_t epoch, epochs; /* the first is 0 */
    double learning_rate;
    double loss, accuracy;    /* of training, over the epoch */
    double seconds;           /* of training, batches included */
    double images_per_second; /* of training */
    bool evaluated;           /* the following are filled */
    uint32_t splits;
    const char *split[NB_DATASET_MAX_SPLITS]; /* "x-valid", ... */
    double split_loss[NB_DATASET_MAX_SPLITS];
    double split_accuracy[NB_DATASET_MAX_SPLITS];
    double split_seconds[NB_DATASET_MAX_SPLITS]; /* of evaluation, batches included */
} nb_train_epoch;

typedef enum nb_train_optimiser {
    NB_TRAIN_SGD,    /* stochastic gradient descent with momentum */
    NB_TRAIN_RMSPROP /* as TensorFlow 1 computes it, with momentum */
} nb_train_optimiser;

typedef struct nb_train_options {
    const char *space;    /* "nasbench201", "nats-size" or "nasbench101" (any of their names) */
    const char *schedule; /* number of epochs, written as the benchmark does: "12", "200", "01" */
    uint32_t channels;    /* of the first stage: 16 (not in the size space) */
    uint32_t cells;       /* per stage: 5 (not in the size space) */
    uint32_t seed;        /* 777 */
    uint32_t batch;       /* 256 */
    double learning_rate; /* 0.1, falling to 0 along a cosine */
    bool rate_by_step;    /* lower the rate at every step; false, as published: after every epoch. Matters for few epochs */
    double momentum;      /* 0.9 */
    double weight_decay;  /* 5e-4 */
    bool nesterov;        /* SGD */
    nb_train_optimiser optimiser;
    double rho, eps; /* RMSProp: decay of the mean square, and what is added to it under the root */
    bool by_steps;   /* as NAS-Bench-101: batches run on over the ends of epochs, so that all are full and there are epochs x images / batch
                        of them, rounded down; the rate is lowered at every step, and is 0 in the first one */
    int flip;        /* mirror images: 0, 1; -1: as the data set's recipe says */
    int crop_padding;                        /* pixels, 0: no cropping; -1: as the data set's recipe says */
    uint32_t cutout;                         /* side of the square cut out of images, 0: off */
    uint32_t evaluate_every;                 /* evaluate after every so many epochs and after the last; 0: only after the last. 1 */
#define NB_TRAIN_EVALUATE_HALFWAY UINT32_MAX /* after half of the epochs and after the last */
    const char *only_split;                  /* evaluate on this split only; NULL: on all */
    uint32_t threads;                        /* of this one network: 1 */
    bool weights;                            /* put the trained weights into the record */
    const char *checkpoint;                  /* file that the state is saved to after each epoch; NULL: none */
    bool resume;                             /* go on from `checkpoint` if that file is there */

    /* Called after each epoch, once its state is saved; may be NULL. */
    void (*epoch_done)(void *user, const nb_train_epoch *epoch);
    void *user;
} nb_train_options;

/* NAS-Bench-201's recipe with the 12-epoch schedule. */
NB_API nb_train_options nb_train_defaults(void);

/* The recipe of a space: NAS-Bench-201's for its space and NATS-Bench's. NAS-Bench-101's ("nasbench101") is 128 channels, 3 cells, RMSProp
 * with momentum 0.9, decay 0.9 and epsilon 1, learning rate 0.2 by steps, weight decay 1e-4, 4 epochs (schedules "4", "12", "36", "108"),
 * evaluated half-way and at the end; its data set is "cifar10-101". NB_ERR_NOT_FOUND for an unknown space. */
NB_API nb_status nb_train_defaults_for(const char *space, nb_train_options *options, nb_error *err);

/* Trains and evaluates. `arch`: an index or string of the space (of NAS-Bench-101 also a graph hash; the network is that of the pruned
 * graph in the order of vertices given); in the topology space also a named cell (resnet, all_c3x3, all_c1x1, all_idnt, all_full) or any
 * cell of the reference's operations (docs/training.md). Progress counts images.
 *
 * NB_ERR_NUMERIC when a loss or the weights are no longer finite, NB_ERR_CANCELLED, NB_ERR_IO when the checkpoint cannot be saved:
 * the checkpoint of the last good epoch stays. NB_ERR_NOT_FOUND when only_split is no evaluation split. NB_ERR_ARGUMENT when a checkpoint
 * belongs to another run. */
NB_API nb_status nb_train(const nb_dataset *dataset, const char *arch, const nb_train_options *options, const nb_progress *progress,
                          nb_record **out, nb_error *err);

/* Measures the latency of an architecture by the benchmark's rule: seconds of a forward pass with loss for a batch of 256 images, for every
 * full batch of the last evaluation split, the first one dropped if there are more than 2. Weights are untrained: they do not matter for
 * time. Of the options space, channels, cells, seed and threads count. The caller frees *seconds; *count is 0 when the split has fewer than
 * 256 images. */
NB_API nb_status nb_train_latency(const nb_dataset *dataset, const char *arch, const nb_train_options *options, const nb_progress *progress,
                                  double **seconds, size_t *count, nb_error *err);

/* The latency that is stored for such a measurement: the mean, NaN for none. */
NB_API double nb_latency_mean(const double *seconds, size_t count);

#ifdef __cplusplus
}
#endif
#endif
