#include "nasbench/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nasbench/space.h"
#include "train/trainer.h"

nb_train_options nb_train_defaults(void)
{
    return (nb_train_options){.space = "nasbench201",
                              .schedule = "12",
                              .channels = 16,
                              .cells = 5,
                              .seed = 777,
                              .batch = 256,
                              .learning_rate = 0.1,
                              .momentum = 0.9,
                              .weight_decay = 5e-4,
                              .nesterov = true,
                              .flip = -1,
                              .crop_padding = -1,
                              .evaluate_every = 1,
                              .threads = 1,
                              .weights = true};
}

nb_status nb_train_defaults_for(const char *space, nb_train_options *options, nb_error *err)
{
    const nb_space *found = nb_space_find(space, err);
    if (!found)
        return NB_ERR_NOT_FOUND;
    *options = nb_train_defaults();
    options->space = nb_space_name(found);
    if (nb_space_get_id(found) != NB_SPACE_GRAPH)
        return NB_OK;
    options->schedule = "4";
    options->channels = 128;
    options->cells = 3;
    options->optimiser = NB_TRAIN_RMSPROP;
    options->rho = 0.9;
    options->eps = 1.0;
    options->nesterov = false;
    options->learning_rate = 0.2;
    options->by_steps = true;
    options->weight_decay = 1e-4;
    options->evaluate_every = NB_TRAIN_EVALUATE_HALFWAY;
    return NB_OK;
}

nb_status nb_train(const nb_dataset *dataset, const char *arch, const nb_train_options *options, const nb_progress *progress,
                   nb_record **out, nb_error *err)
{
    *out = NULL;
    nb_trainer *trainer;
    NB_TRY(nb_trainer_new(dataset, arch, options, &trainer, err));
    nb_status status = NB_OK;
    while (status == NB_OK && nb_trainer_next_epoch(trainer) < nb_trainer_epochs(trainer)) {
        nb_train_epoch epoch;
        status = nb_trainer_epoch(trainer, progress, &epoch, err);
        if (status == NB_OK && options->epoch_done)
            options->epoch_done(options->user, &epoch);
    }
    if (status == NB_OK)
        status = nb_trainer_finish(trainer, out, err);
    nb_trainer_free(trainer);
    return status;
}

nb_status nb_train_latency(const nb_dataset *dataset, const char *arch, const nb_train_options *options, const nb_progress *progress,
                           double **seconds, size_t *count, nb_error *err)
{
    *seconds = NULL;
    *count = 0;
    nb_train_options plain = *options;
    plain.schedule = "1";
    plain.checkpoint = NULL;
    nb_trainer *trainer;
    NB_TRY(nb_trainer_new(dataset, arch, &plain, &trainer, err));
    nb_status status = nb_trainer_measure_latency(trainer, progress, err);
    size_t kept;
    const double *measured = nb_trainer_latency(trainer, &kept);
    if (status == NB_OK) {
        *seconds = malloc(kept * sizeof **seconds + 1);
        if (*seconds) {
            memcpy(*seconds, measured, kept * sizeof **seconds);
            *count = kept;
        } else {
            status = nb_fail(err, NB_ERR_MEMORY, "no memory for %zu latencies", kept);
        }
    }
    nb_trainer_free(trainer);
    return status;
}

double nb_latency_mean(const double *seconds, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += seconds[i];
    return count ? sum / (double)count : (double)NAN;
}
