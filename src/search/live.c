/* Real training as an objective. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "nasbench/objective.h"

#include "base/error.h"

#include "search/time_model.h"
#include "train/settings.h"
#include "train/trainer.h"

enum { OWN_NOTES = 4, NOTES = OWN_NOTES + NB_SETTINGS_MAX };

typedef struct live_objective {
    const nb_dataset *dataset;
    const nb_space *space;
    nb_train_options train;
    nb_time_model time;
    nb_shape shape;               /* of the networks, for the time model */
    uint32_t epochs, limit;       /* of the schedule; those that are trained */
    uint32_t trained, validating; /* images */
    const atomic_int *cancel;
    char *space_name, *schedule, *split, *asked, *feedback; /* copies of the caller's texts */
    char limit_text[16];
    nb_settings recipe;
    nb_note notes[NOTES];
    size_t note_count;
} live_objective;

static void release(void *user)
{
    live_objective *self = user;
    if (!self)
        return;
    free(self->space_name);
    free(self->schedule);
    free(self->split);
    free(self->asked);
    free(self->feedback);
    free(self);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* ---------------------------------------------------------------- one evaluation */

/* Trains up to the epoch `stop`, the only one after which the network is evaluated. */
static nb_status train(const live_objective *self, nb_trainer *trainer, uint32_t stop, nb_evaluation *out, nb_error *err)
{
    const nb_progress progress = {.cancel = self->cancel};
    nb_train_epoch epoch = {0};
    while (nb_trainer_next_epoch(trainer) < stop) {
        NB_TRY(nb_trainer_epoch(trainer, &progress, &epoch, err));
        out->seconds += epoch.seconds;
    }
    out->accuracy = epoch.split_accuracy[0];
    out->seconds += epoch.split_seconds[0];
    return NB_OK;
}

static nb_status measure(const live_objective *self, const nb_arch *arch, uint32_t stop, uint32_t seed, nb_evaluation *out, nb_error *err)
{
    char index[24];
    nb_train_options options = self->train;
    nb_trainer *trainer;
    snprintf(index, sizeof index, "%" PRId64, nb_space_index(self->space, arch));
    options.seed = seed;
    options.evaluate_every = stop;
    *out = (nb_evaluation){0};
    const double started = now();
    NB_TRY(nb_trainer_new(self->dataset, index, &options, &trainer, err));
    nb_status status = train(self, trainer, stop, out, err);
    nb_trainer_free(trainer);
    if (status == NB_ERR_NUMERIC) { /* that, too, is something to learn about an architecture */
        *out = (nb_evaluation){.accuracy = 0, .seconds = now() - started};
        status = NB_OK;
    }
    return status;
}

static nb_status take_time(const live_objective *self, const nb_arch *arch, uint32_t epochs, double *seconds, nb_error *err)
{
    if (self->time == NB_TIME_NONE)
        *seconds = 0;
    if (self->time != NB_TIME_FLOPS)
        return NB_OK;
    const nb_workload work = {.shape = self->shape, .epochs = epochs, .trained = self->trained, .validating = self->validating};
    return nb_model_seconds(self->space, arch, &work, seconds, err);
}

static nb_status evaluate(void *user, const nb_arch *arch, uint32_t epochs, nb_rng *rng, nb_evaluation *out, nb_error *err)
{
    const live_objective *self = user;
    const uint32_t stop = epochs > 0 ? epochs : self->limit, seed = (uint32_t)nb_rng_below(rng, UINT64_C(1) << 32);
    if (stop > self->limit)
        return nb_fail(err, NB_ERR_ARGUMENT, "%u epochs: training has %u", stop, self->limit);
    NB_TRY(measure(self, arch, stop, seed, out, err));
    return take_time(self, arch, stop, &out->seconds, err);
}

/* ---------------------------------------------------------------- making */

static nb_status copy_text(char **copy, const char *text, nb_error *err)
{
    *copy = strdup(text);
    return *copy ? NB_OK : nb_fail(err, NB_ERR_MEMORY, "out of memory");
}

static nb_status copy_texts(live_objective *self, const nb_live_objective_options *options, nb_error *err)
{
    const char *key = nb_dataset_get_info(self->dataset)->key;
    NB_TRY(copy_text(&self->space_name, options->train.space ? options->train.space : "nasbench201", err));
    NB_TRY(copy_text(&self->schedule, options->train.schedule, err));
    NB_TRY(copy_text(&self->split, options->split ? options->split : "x-valid", err));
    NB_TRY(copy_text(&self->asked, options->dataset ? options->dataset : key, err));
    if (asprintf(&self->feedback, "%s/%s/%s", key, self->schedule, self->split) < 0) {
        self->feedback = NULL;
        return nb_fail(err, NB_ERR_MEMORY, "out of memory");
    }
    self->train.space = self->space_name;
    self->train.schedule = self->schedule;
    self->train.only_split = self->split;
    self->train.checkpoint = NULL;
    self->train.resume = false;
    self->train.weights = false;
    self->train.epoch_done = NULL;
    return NB_OK;
}

/* Builds the first network of the space: what is wrong with the recipe comes out before anything is trained. */
static nb_status try_recipe(live_objective *self, nb_error *err)
{
    nb_trainer *trainer;
    NB_TRY(nb_trainer_new(self->dataset, "0", &self->train, &trainer, err));
    self->epochs = nb_trainer_epochs(trainer);
    nb_trainer_free(trainer);
    return NB_OK;
}

static nb_status choose_epochs(live_objective *self, uint32_t epochs, nb_error *err)
{
    if (epochs > self->epochs)
        return nb_fail(err, NB_ERR_ARGUMENT, "%u epochs of %s: at most %u expected", epochs, self->feedback, self->epochs);
    self->limit = epochs > 0 ? epochs : self->epochs;
    snprintf(self->limit_text, sizeof self->limit_text, "%u", self->limit);
    return NB_OK;
}

static void count_images(live_objective *self)
{
    const nb_split *split;
    self->trained = nb_dataset_split(self->dataset, 0)->count;
    for (uint32_t i = 1; (split = nb_dataset_split(self->dataset, i)) != NULL; i++)
        if (strcmp(split->name, self->split) == 0)
            self->validating = split->count;
}

/* Whether channels and cells are the recipe's to say, not the architecture's. */
static bool has_macro_shape(const live_objective *self)
{
    return nb_space_get_id(self->space) != NB_SPACE_SIZE;
}

static nb_status describe_network(live_objective *self, nb_error *err)
{
    const nb_dataset_info *images = nb_dataset_get_info(self->dataset);
    NB_TRY(nb_space_shape(self->space, "cifar10", &self->shape, err));
    self->shape.input_channels = images->channels;
    self->shape.height = self->shape.width = images->side;
    self->shape.classes = images->classes;
    if (has_macro_shape(self)) {
        self->shape.channels = self->train.channels;
        self->shape.cells = self->train.cells;
    }
    return NB_OK;
}

static void note_optimiser(live_objective *self)
{
    const nb_train_options *train = &self->train;
    nb_settings *recipe = &self->recipe;
    nb_settings_add(recipe, "optimiser", train->optimiser == NB_TRAIN_RMSPROP ? "RMSProp" : "SGD");
    nb_settings_add_number(recipe, "learning_rate", train->learning_rate);
    nb_settings_add(recipe, "scheduler", train->by_steps || train->rate_by_step ? "cosine by step" : "cosine");
    nb_settings_add_number(recipe, "momentum", train->momentum);
    if (train->optimiser == NB_TRAIN_RMSPROP) {
        nb_settings_add_number(recipe, "rho", train->rho);
        nb_settings_add_number(recipe, "eps", train->eps);
    } else {
        nb_settings_add_integer(recipe, "nesterov", train->nesterov);
    }
    nb_settings_add_number(recipe, "weight_decay", train->weight_decay);
}

/* What the answers depend on, so that an interrupted experiment is not gone on with under another recipe. */
static void note_recipe(live_objective *self)
{
    const nb_train_options *train = &self->train;
    const nb_dataset_info *images = nb_dataset_get_info(self->dataset);
    nb_settings *recipe = &self->recipe;
    if (has_macro_shape(self)) {
        nb_settings_add_integer(recipe, "channels", train->channels);
        nb_settings_add_integer(recipe, "cells", train->cells);
    }
    nb_settings_add_integer(recipe, "resolution", images->side);
    nb_settings_add_integer(recipe, "images_train", self->trained);
    nb_settings_add_integer(recipe, "images_valid", self->validating);
    nb_settings_add_integer(recipe, "batch", train->batch);
    if (train->by_steps)
        nb_settings_add(recipe, "batches", "full");
    note_optimiser(self);
    nb_settings_add_integer(recipe, "flip", train->flip < 0 ? images->flip : train->flip != 0);
    nb_settings_add_integer(recipe, "crop_padding", train->crop_padding < 0 ? images->crop_padding : (uint32_t)train->crop_padding);
    nb_settings_add_integer(recipe, "cutout", train->cutout);
}

static void take_notes(live_objective *self)
{
    static const char *const times[] = {[NB_TIME_MEASURED] = "measured", [NB_TIME_FLOPS] = "flops", [NB_TIME_NONE] = "none"};
    self->notes[self->note_count++] = (nb_note){"dataset", self->asked};
    self->notes[self->note_count++] = (nb_note){"feedback", self->feedback};
    self->notes[self->note_count++] = (nb_note){"time", times[self->time]};
    if (self->limit < self->epochs)
        self->notes[self->note_count++] = (nb_note){"epochs", self->limit_text};
    note_recipe(self);
    for (size_t i = 0; i < self->recipe.count; i++)
        self->notes[self->note_count++] = (nb_note){self->recipe.entries[i].key, self->recipe.entries[i].value};
}

static nb_status prepare(live_objective *self, const nb_live_objective_options *options, nb_error *err)
{
    NB_TRY(copy_texts(self, options, err));
    self->space = nb_space_find(self->space_name, err);
    if (!self->space)
        return NB_ERR_NOT_FOUND;
    NB_TRY(try_recipe(self, err));
    NB_TRY(choose_epochs(self, options->epochs, err));
    NB_TRY(describe_network(self, err));
    count_images(self);
    take_notes(self);
    return NB_OK;
}

nb_status nb_objective_of_training(const nb_dataset *dataset, const nb_live_objective_options *options, nb_objective *out, nb_error *err)
{
    live_objective *self = calloc(1, sizeof *self);
    if (!self)
        return nb_fail(err, NB_ERR_MEMORY, "out of memory");
    self->dataset = dataset;
    self->train = options->train;
    self->time = options->time;
    self->cancel = options->cancel;
    nb_status status = prepare(self, options, err);
    if (status != NB_OK) {
        release(self);
        return status;
    }
    *out = (nb_objective){
        .space = self->space,
        .evaluate = evaluate,
        .user = self,
        .release = release,
        .epochs = self->limit,
        .concurrent = true,
        .untimed = self->time == NB_TIME_NONE,
        .slow = true,
        .notes = self->notes,
        .note_count = self->note_count,
    };
    return NB_OK;
}
