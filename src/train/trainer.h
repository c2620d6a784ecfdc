/* One training run in steps of an epoch: nb_train() with the loop left to the caller. */
#ifndef NB_TRAIN_TRAINER_H
#define NB_TRAIN_TRAINER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "nasbench/train.h"

typedef struct nb_trainer nb_trainer;

/* Builds and compiles everything. With options->resume the state is that of the checkpoint, if it is there. The data set must outlive the
 * trainer, as must the strings of the options. */
nb_status nb_trainer_new(const nb_dataset *dataset, const char *arch, const nb_train_options *options, nb_trainer **out, nb_error *err);
void nb_trainer_free(nb_trainer *trainer);

/* The epoch that comes next; equal to the number of epochs at the end. */
uint32_t nb_trainer_next_epoch(const nb_trainer *trainer);
uint32_t nb_trainer_epochs(const nb_trainer *trainer);

/* Trains for an epoch, evaluates if it is due, saves the checkpoint if there is one. After a failure the trainer can only be freed. */
nb_status nb_trainer_epoch(nb_trainer *trainer, const nb_progress *progress, nb_train_epoch *out, nb_error *err);

/* Runs the last evaluation split as after the last epoch, for its times. The trainer is to be at its last epoch. */
nb_status nb_trainer_measure_latency(nb_trainer *trainer, const nb_progress *progress, nb_error *err);

/* Seconds of each batch that counts by the rule: batches as large as the first (256), the first left out of more than two. */
const double *nb_trainer_latency(const nb_trainer *trainer, size_t *count);

/* The record of the run so far, which the caller owns from then on; the trainer can only be freed afterwards. */
nb_status nb_trainer_finish(nb_trainer *trainer, nb_record **out, nb_error *err);

#endif
