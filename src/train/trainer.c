#include "train/trainer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/pool.h"
#include "base/progress.h"
#include "nasbench/version.h"
#include "nn/checkpoint.h"
#include "nn/net.h"
#include "nn/optimiser.h"
#include "nn/schedule.h"
#include "space/graph_cost.h"
#include "train/batches.h"
#include "train/meter.h"
#include "train/settings.h"
#include "train/streams.h"
#include "train/subject.h"

#define EVALUATION_BATCH 256 /* images, also of the latency rule */
#define MAX_EPOCHS 100000
#define MAX_CURVES 16

struct nb_trainer {
    const nb_dataset *dataset;
    const nb_dataset_info *images;
    nb_train_options options;
    nb_subject subject;
    uint32_t epochs, next;

    nb_workers *workers;
    nb_params *params;
    nb_net *training, *evaluation;
    nb_optimiser *optimiser;
    nb_schedule schedule;
    nb_augmentation change;
    nb_batches batches[NB_DATASET_MAX_SPLITS]; /* 0: training */
    float *pixels;                             /* one batch [images][channels][side][side] */
    int32_t *labels;

    nb_record *record;
    nb_settings settings;
    nb_checkpoint_array arrays[MAX_CURVES]; /* the record's curves under their names */
    char array_names[MAX_CURVES][64];
    size_t array_count;
    double latency[4096];
    size_t latency_count;

    uint64_t images_done, images_total; /* for progress: training and evaluation, all epochs */
    double reported;                    /* when progress was last reported */
    char note[96];                      /* what the last epoch gave */
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* ---- building ---- */

static nb_status parse_schedule(const char *text, uint32_t *epochs, nb_error *err)
{
    uint32_t value = 0;
    size_t digits = strspn(text, "0123456789");
    for (size_t i = 0; i < digits && value <= MAX_EPOCHS; i++)
        value = 10 * value + (uint32_t)(text[i] - '0');
    if (digits == 0 || text[digits] != '\0' || value == 0 || value > MAX_EPOCHS)
        return nb_fail(err, NB_ERR_ARGUMENT, "schedule '%.40s': expected a number of epochs, 1 to %d", text, MAX_EPOCHS);
    *epochs = value;
    return NB_OK;
}

static nb_status check_options(const nb_train_options *options, uint32_t side, nb_error *err)
{
    if (options->batch == 0 || options->batch > 65536)
        return nb_fail(err, NB_ERR_ARGUMENT, "batches of %u images, expected 1 to 65536", options->batch);
    if (options->threads == 0 || options->threads > 1024)
        return nb_fail(err, NB_ERR_ARGUMENT, "%u threads, expected 1 to 1024", options->threads);
    if (options->crop_padding >= (int)side)
        return nb_fail(err, NB_ERR_ARGUMENT, "padding of %d pixels around images of %ux%u", options->crop_padding, side, side);
    if (!(options->learning_rate > 0) || !(options->momentum >= 0) || !(options->weight_decay >= 0) || !isfinite(options->learning_rate) ||
        !(options->momentum < 1) || !isfinite(options->weight_decay))
        return nb_fail(err, NB_ERR_ARGUMENT, "learning rate %g, momentum %g, weight decay %g: expected > 0, 0 <= m < 1, >= 0",
                       options->learning_rate, options->momentum, options->weight_decay);
    const bool rmsprop = options->optimiser == NB_TRAIN_RMSPROP;
    if (rmsprop && (!(options->rho >= 0) || !(options->rho < 1) || !(options->eps > 0) || !isfinite(options->eps)))
        return nb_fail(err, NB_ERR_ARGUMENT, "RMSProp: decay %g, epsilon %g: expected 0 <= decay < 1, epsilon > 0", options->rho,
                       options->eps);
    return NB_OK;
}

static void choose_augmentation(nb_trainer *t)
{
    t->change = (nb_augmentation){
        .flip = t->options.flip < 0 ? t->images->flip : t->options.flip != 0,
        .padding = t->options.crop_padding < 0 ? t->images->crop_padding : (uint32_t)t->options.crop_padding,
        .cutout = t->options.cutout,
    };
}

static nb_optimiser_options optimiser_of(const nb_train_options *o)
{
    if (o->optimiser == NB_TRAIN_RMSPROP)
        return nb_rmsprop_tf(o->rho, o->momentum, o->eps, o->weight_decay);
    return nb_sgd(o->momentum, o->nesterov, o->weight_decay);
}

/* Full batches before the end of `epochs` epochs; with by_steps, all there are. */
static uint64_t steps_before(const nb_trainer *t, uint32_t epochs)
{
    return (uint64_t)epochs * t->batches[0].split->count / t->options.batch;
}

/* Millions, as the benchmark of the space counts them. */
static double flops_of(const nb_trainer *t, const nb_graph *graph)
{
    const nb_network *network = &t->subject.network;
    const nb_shape shape = {.input_channels = network->input_channels,
                            .height = network->side,
                            .width = network->side,
                            .classes = network->classes,
                            .channels = network->channels,
                            .cells = network->cells};
    nb_cost101 cost;
    if (network->graph.vertices == 0)
        return (double)nb_graph_macs(graph) / 1e6;
    nb_network101_cost(&network->graph, &shape, &cost);
    return (double)cost.flops / 1e6;
}

static nb_status compile(nb_trainer *t, nb_error *err)
{
    nb_graph *graph;
    NB_TRY(nb_network_build(&t->subject.network, &graph, err));
    t->record->flops = flops_of(t, graph);
    nb_status status = nb_params_new(graph, &t->params, err);
    uint32_t train_batch = t->options.batch < t->batches[0].split->count ? t->options.batch : t->batches[0].split->count;
    const nb_net_options training = {.batch = (int)train_batch, .training = true, .gradients = true, .threads = t->workers};
    const nb_net_options evaluation = {.batch = EVALUATION_BATCH, .threads = t->workers};
    if (status == NB_OK)
        status = nb_net_compile(graph, t->params, &training, &t->training, err);
    if (status == NB_OK)
        status = nb_net_compile(graph, t->params, &evaluation, &t->evaluation, err);
    nb_graph_free(graph);
    if (status != NB_OK)
        return status;
    t->record->params = (double)t->params->parameter_count / 1e6;
    nb_rng rng = nb_train_rng(t->options.seed, NB_STREAM_WEIGHTS, 0, 0);
    nb_params_init(t->params, &rng);
    const nb_optimiser_options recipe = optimiser_of(&t->options);
    NB_TRY(nb_optimiser_new(&recipe, t->params, &t->optimiser, err));
    t->schedule = nb_schedule_cosine(t->options.learning_rate, t->options.by_steps ? (double)steps_before(t, t->epochs) : t->epochs);
    return nb_schedule_check(&t->schedule, err);
}

static nb_status open_batches(nb_trainer *t, nb_error *err)
{
    for (uint32_t s = 0; s < t->images->splits; s++)
        NB_TRY(nb_batches_init(&t->batches[s], t->dataset, s, s == 0 ? t->options.batch : EVALUATION_BATCH, err));
    t->batches[0].run_on = t->options.by_steps;
    if (t->options.by_steps && t->options.batch > t->batches[0].split->count)
        return nb_fail(err, NB_ERR_ARGUMENT, "batches of %u images that must be full, but %u images", t->options.batch,
                       t->batches[0].split->count);
    size_t batch = t->options.batch > EVALUATION_BATCH ? t->options.batch : EVALUATION_BATCH;
    t->pixels = malloc(batch * t->images->channels * t->images->side * t->images->side * sizeof *t->pixels);
    t->labels = malloc(batch * sizeof *t->labels);
    if (!t->pixels || !t->labels)
        return nb_fail(err, NB_ERR_MEMORY, "no memory for batches of %zu images", batch);
    return NB_OK;
}

/* Whether the evaluation sets are due after this epoch. */
static bool is_evaluated(const nb_trainer *t, uint32_t epoch)
{
    if (t->options.evaluate_every == NB_TRAIN_EVALUATE_HALFWAY)
        return epoch + 1 == t->epochs || epoch + 1 == t->epochs / 2;
    return epoch + 1 == t->epochs || (t->options.evaluate_every != 0 && (epoch + 1) % t->options.evaluate_every == 0);
}

static bool is_wanted(const nb_trainer *t, uint32_t split)
{
    return !t->options.only_split || strcmp(t->batches[split].split->name, t->options.only_split) == 0;
}

static nb_status check_splits(const nb_trainer *t, nb_error *err)
{
    char names[256] = "";
    for (uint32_t s = 1; s < t->images->splits; s++) {
        if (is_wanted(t, s))
            return NB_OK;
        const size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", used > 0 ? ", " : "", t->batches[s].split->name);
    }
    if (!t->options.only_split)
        return NB_OK;
    return nb_fail(err, NB_ERR_NOT_FOUND, "%s: no evaluation split '%.40s': %s expected", t->images->key, t->options.only_split,
                   names[0] ? names : "none");
}

static void count_images(nb_trainer *t)
{
    uint64_t evaluated = 0;
    for (uint32_t s = 1; s < t->images->splits; s++)
        evaluated += is_wanted(t, s) ? t->batches[s].split->count : 0;
    t->images_total = t->images_done = 0;
    for (uint32_t epoch = 0; epoch < t->epochs; epoch++) {
        t->images_total += t->batches[0].split->count + (is_evaluated(t, epoch) ? evaluated : 0);
        if (epoch + 1 == t->next)
            t->images_done = t->images_total;
    }
}

/* ---- what is kept of a run: settings and curves ---- */

/* Everything that the result depends on. */
static void note_settings(nb_trainer *t)
{
    const nb_train_options *o = &t->options;
    nb_settings *s = &t->settings;
    nb_settings_add(s, "arch", t->subject.arch);
    nb_settings_add(s, "dataset", t->images->key);
    nb_settings_add(s, "schedule", o->schedule);
    nb_settings_add_integer(s, "seed", o->seed);
    nb_settings_add_integer(s, "channels", t->subject.network.channels);
    nb_settings_add_integer(s, "cells", t->subject.network.cells);
    nb_settings_add_integer(s, "resolution", t->images->side);
    nb_settings_add_integer(s, "images_train", t->batches[0].split->count);
    if (t->images->splits > 1)
        nb_settings_add_integer(s, "images_eval", t->batches[1].split->count);
    nb_settings_add_integer(s, "batch", o->batch);
    nb_settings_add(s, "optimiser", o->optimiser == NB_TRAIN_RMSPROP ? "RMSProp" : "SGD");
    nb_settings_add_number(s, "learning_rate", o->learning_rate);
    nb_settings_add(s, "scheduler", o->by_steps ? "cosine by full step" : o->rate_by_step ? "cosine by step" : "cosine");
    nb_settings_add_number(s, "momentum", o->momentum);
    if (o->optimiser == NB_TRAIN_RMSPROP) {
        nb_settings_add_number(s, "rho", o->rho);
        nb_settings_add_number(s, "epsilon", o->eps);
    } else {
        nb_settings_add_integer(s, "nesterov", o->nesterov);
    }
    nb_settings_add_number(s, "weight_decay", o->weight_decay);
    nb_settings_add_integer(s, "flip", t->change.flip);
    nb_settings_add_integer(s, "crop_padding", t->change.padding);
    nb_settings_add_integer(s, "cutout", t->change.cutout);
    if (o->evaluate_every == NB_TRAIN_EVALUATE_HALFWAY)
        nb_settings_add(s, "evaluate_every", "half-way");
    else
        nb_settings_add_integer(s, "evaluate_every", o->evaluate_every);
}

static nb_status add_curve(nb_trainer *t, const char *split, nb_metric metric, nb_error *err)
{
    double *values;
    NB_TRY(nb_record_curve_of(t->record, split, metric, &values, err));
    char *name = t->array_names[t->array_count];
    snprintf(name, sizeof t->array_names[0], "curve/%s/%s", split, nb_metric_name(metric));
    t->arrays[t->array_count++] = (nb_checkpoint_array){.name = name, .count = t->epochs, .values = values};
    return NB_OK;
}

static nb_status start_record(nb_trainer *t, nb_error *err)
{
    const nb_subject *s = &t->subject;
    NB_TRY(nb_record_new(s->space, s->arch, t->images->key, t->options.schedule, s->genotype, t->epochs, &t->record, err));
    t->record->seed = t->options.seed;
    t->record->channels = s->network.channels;
    t->record->cells = s->network.cells;
    t->record->classes = s->network.classes;
    static const nb_metric train_metrics[] = {NB_METRIC_LOSS, NB_METRIC_ACCURACY, NB_METRIC_ACCURACY5, NB_METRIC_TIME};
    static const nb_metric eval_metrics[] = {NB_METRIC_LOSS, NB_METRIC_ACCURACY, NB_METRIC_TIME};
    for (int m = 0; m < 4; m++)
        NB_TRY(add_curve(t, "train", train_metrics[m], err));
    for (uint32_t split = 1; split < t->images->splits; split++)
        for (int m = 0; m < 3; m++)
            NB_TRY(add_curve(t, t->batches[split].split->name, eval_metrics[m], err));
    return NB_OK;
}

static void put_value(nb_trainer *t, const char *split, nb_metric metric, uint32_t epoch, double value)
{
    double *values;
    if (nb_record_curve_of(t->record, split, metric, &values, NULL) == NB_OK) /* made by start_record: cannot fail */
        values[epoch] = value;
}

/* ---- checkpoints ---- */

static nb_checkpoint checkpoint_of(nb_trainer *t)
{
    return (nb_checkpoint){.params = t->params,
                           .optimiser = t->optimiser,
                           .epoch = t->next,
                           .arrays = t->arrays,
                           .array_count = t->array_count,
                           .metadata = t->settings.entries,
                           .metadata_count = t->settings.count};
}

static nb_status save_checkpoint(nb_trainer *t, nb_error *err)
{
    if (!t->options.checkpoint)
        return NB_OK;
    nb_checkpoint state = checkpoint_of(t);
    return nb_checkpoint_save(t->options.checkpoint, &state, err);
}

static nb_status resume(nb_trainer *t, nb_error *err)
{
    struct stat info;
    if (!t->options.resume || !t->options.checkpoint || stat(t->options.checkpoint, &info) != 0)
        return NB_OK;
    nb_checkpoint state = checkpoint_of(t);
    NB_TRY(nb_checkpoint_load(t->options.checkpoint, &state, err));
    if (state.epoch < 0 || state.epoch > t->epochs)
        return nb_fail(err, NB_ERR_FORMAT, "%s: epoch %lld of %u", t->options.checkpoint, (long long)state.epoch, t->epochs);
    t->next = (uint32_t)state.epoch;
    return NB_OK;
}

/* ---- life ---- */

static nb_status build(nb_trainer *t, const char *arch, nb_error *err)
{
    NB_TRY(check_options(&t->options, t->images->side, err));
    NB_TRY(parse_schedule(t->options.schedule, &t->epochs, err));
    NB_TRY(nb_subject_find(arch, &t->options, t->images, &t->subject, err));
    NB_TRY(nb_workers_new((int)t->options.threads, &t->workers, err));
    choose_augmentation(t);
    NB_TRY(open_batches(t, err));
    NB_TRY(check_splits(t, err));
    NB_TRY(start_record(t, err));
    note_settings(t);
    NB_TRY(compile(t, err));
    NB_TRY(resume(t, err));
    count_images(t);
    return NB_OK;
}

nb_status nb_trainer_new(const nb_dataset *dataset, const char *arch, const nb_train_options *options, nb_trainer **out, nb_error *err)
{
    *out = NULL;
    nb_trainer *trainer = calloc(1, sizeof *trainer);
    if (!trainer)
        return nb_fail(err, NB_ERR_MEMORY, "no memory for training");
    trainer->dataset = dataset;
    trainer->images = nb_dataset_get_info(dataset);
    trainer->options = *options;
    nb_status status = build(trainer, arch, err);
    if (status != NB_OK) {
        nb_trainer_free(trainer);
        return status;
    }
    *out = trainer;
    return NB_OK;
}

void nb_trainer_free(nb_trainer *t)
{
    if (!t)
        return;
    nb_net_free(t->training);
    nb_net_free(t->evaluation);
    nb_optimiser_free(t->optimiser);
    nb_params_free(t->params);
    for (int s = 0; s < NB_DATASET_MAX_SPLITS; s++)
        nb_batches_free(&t->batches[s]);
    nb_workers_free(t->workers);
    nb_record_free(t->record);
    free(t->pixels);
    free(t->labels);
    free(t);
}

uint32_t nb_trainer_next_epoch(const nb_trainer *t)
{
    return t->next;
}

uint32_t nb_trainer_epochs(const nb_trainer *t)
{
    return t->epochs;
}

/* ---- an epoch ---- */

/* Counts the images of a batch and tells, at most ten times a second, how far the run is and what was last measured. */
static nb_status advance(nb_trainer *t, const nb_progress *progress, const nb_meter *meter, nb_error *err)
{
    double time = now();
    if (time - t->reported >= 0.1) {
        char note[192];
        snprintf(note, sizeof note, "epoch %u/%u  loss %.3f  accuracy %.1f %%  %.0f images/s%s", t->next + 1, t->epochs,
                 nb_meter_loss(meter), nb_meter_top1(meter), meter->images / meter->seconds, t->note);
        t->reported = time;
        nb_progress_report(progress, t->images_done, t->images_total, note);
    }
    return nb_progress_check(progress, "training", err);
}

/* Learning rate of a batch of the epoch at work. */
static double rate_of(const nb_trainer *t, uint32_t batch)
{
    if (t->options.by_steps) {
        const uint64_t step = steps_before(t, t->next) + batch;
        return step == 0 ? 0 : nb_schedule_rate(&t->schedule, (double)step, 0);
    }
    double begun = t->options.rate_by_step ? (double)batch / t->batches[0].count : 0;
    return nb_schedule_rate(&t->schedule, t->next + begun, 0);
}

static nb_status train_epoch(nb_trainer *t, const nb_progress *progress, nb_meter *meter, nb_error *err)
{
    nb_batches *batches = &t->batches[0];
    double began = now();
    NB_TRY(nb_batches_shuffle(batches, &t->change, t->options.seed, t->next, err));
    for (uint32_t i = 0; i < batches->count; i++) {
        nb_net_result result;
        uint32_t images = nb_batches_get(batches, i, t->workers, t->pixels, t->labels);
        nb_status status = nb_net_step(t->training, t->pixels, t->labels, (int)images, &result, err);
        if (status != NB_OK)
            return nb_prefix(err, status, "epoch %u, batch %u of training", t->next, i);
        nb_optimiser_step(t->optimiser, t->params, rate_of(t, i));
        double end = now();
        nb_meter_add(meter, &result, end - began);
        began = end;
        t->images_done += images;
        NB_TRY(advance(t, progress, meter, err));
    }
    return NB_OK;
}

/* The rule: batches as large as the first, the first of them left out if more than two remain. */
static void keep_latency(nb_trainer *t, uint32_t images, double seconds)
{
    if (images == EVALUATION_BATCH && t->latency_count < sizeof t->latency / sizeof *t->latency)
        t->latency[t->latency_count++] = seconds;
}

static nb_status evaluate_split(nb_trainer *t, uint32_t split, const nb_progress *progress, nb_meter *meter, nb_error *err)
{
    const nb_batches *batches = &t->batches[split];
    bool timed = t->next + 1 == t->epochs && split + 1 == t->images->splits;
    for (uint32_t i = 0; i < batches->count; i++) {
        nb_net_result result;
        double began = now();
        uint32_t images = nb_batches_get(batches, i, t->workers, t->pixels, t->labels);
        double loaded = now();
        nb_status status = nb_net_forward(t->evaluation, t->pixels, t->labels, (int)images, &result, err);
        if (status != NB_OK)
            return nb_prefix(err, status, "epoch %u, batch %u of %s", t->next, i, batches->split->name);
        double end = now();
        if (timed)
            keep_latency(t, images, end - loaded);
        nb_meter_add(meter, &result, end - began);
        t->images_done += images;
        NB_TRY(advance(t, progress, meter, err));
    }
    return NB_OK;
}

nb_status nb_trainer_measure_latency(nb_trainer *t, const nb_progress *progress, nb_error *err)
{
    nb_meter meter = {0};
    return t->images->splits > 1 ? evaluate_split(t, t->images->splits - 1, progress, &meter, err) : NB_OK;
}

static nb_status evaluate(nb_trainer *t, const nb_progress *progress, nb_train_epoch *out, nb_error *err)
{
    out->evaluated = true;
    for (uint32_t s = 1; s < t->images->splits; s++) {
        if (!is_wanted(t, s))
            continue;
        const char *name = t->batches[s].split->name;
        nb_meter meter = {0};
        NB_TRY(evaluate_split(t, s, progress, &meter, err));
        put_value(t, name, NB_METRIC_LOSS, t->next, nb_meter_loss(&meter));
        put_value(t, name, NB_METRIC_ACCURACY, t->next, nb_meter_top1(&meter));
        put_value(t, name, NB_METRIC_TIME, t->next, meter.seconds);
        out->split[out->splits] = name;
        out->split_loss[out->splits] = nb_meter_loss(&meter);
        out->split_accuracy[out->splits] = nb_meter_top1(&meter);
        out->split_seconds[out->splits++] = meter.seconds;
    }
    if (out->splits > 0)
        snprintf(t->note, sizeof t->note, "  (%s %.2f %%)", out->split[0], out->split_accuracy[0]);
    return NB_OK;
}

/* The step after the last batch may have spoilt what no loss has shown yet: such weights must not replace a good checkpoint. */
static nb_status check_weights(const nb_trainer *t, nb_error *err)
{
    for (size_t i = 0; i < t->params->size; i++)
        if (!isfinite(t->params->values[i]))
            return nb_fail(err, NB_ERR_NUMERIC, "epoch %u: a weight is no longer finite (%g); a smaller learning rate may help", t->next,
                           (double)t->params->values[i]);
    return NB_OK;
}

nb_status nb_trainer_epoch(nb_trainer *t, const nb_progress *progress, nb_train_epoch *out, nb_error *err)
{
    nb_meter meter = {0};
    *out = (nb_train_epoch){.epoch = t->next, .epochs = t->epochs, .learning_rate = rate_of(t, 0)};
    NB_TRY(train_epoch(t, progress, &meter, err));
    NB_TRY(check_weights(t, err));
    put_value(t, "train", NB_METRIC_LOSS, t->next, nb_meter_loss(&meter));
    put_value(t, "train", NB_METRIC_ACCURACY, t->next, nb_meter_top1(&meter));
    put_value(t, "train", NB_METRIC_ACCURACY5, t->next, nb_meter_top5(&meter));
    put_value(t, "train", NB_METRIC_TIME, t->next, meter.seconds);
    out->loss = nb_meter_loss(&meter);
    out->accuracy = nb_meter_top1(&meter);
    out->seconds = meter.seconds;
    out->images_per_second = meter.images / meter.seconds;
    if (is_evaluated(t, t->next))
        NB_TRY(evaluate(t, progress, out, err));
    t->next++;
    return save_checkpoint(t, err);
}

/* ---- the end ---- */

static nb_status keep_weights(nb_trainer *t, nb_error *err)
{
    for (size_t i = 0; i < t->params->tensor_count; i++) {
        const nb_tensor *tensor = &t->params->tensors[i];
        uint64_t shape[4];
        for (int d = 0; d < tensor->dims; d++)
            shape[d] = (uint64_t)tensor->shape[d];
        nb_weight_type type = tensor->kind == NB_TENSOR_COUNTER ? NB_WEIGHT_I64 : NB_WEIGHT_F32;
        const void *data = tensor->kind == NB_TENSOR_COUNTER  ? (const void *)(t->params->counters + tensor->offset)
                           : tensor->kind == NB_TENSOR_BUFFER ? (const void *)(t->params->buffers + tensor->offset)
                                                              : (const void *)(t->params->values + tensor->offset);
        NB_TRY(nb_record_add_weight(t->record, tensor->name, type, (uint32_t)tensor->dims, shape, data, err));
    }
    return NB_OK;
}

/* Settings of the run that are no fields of the record, then those of the machine, on which only times depend. */
static nb_status keep_settings(nb_trainer *t, nb_error *err)
{
    static const char *const fields[] = {"arch", "dataset", "schedule", "seed", "channels", "cells"};
    for (size_t i = 0; i < t->settings.count; i++) {
        const nb_st_metadata *setting = &t->settings.entries[i];
        bool is_field = false;
        for (size_t k = 0; k < sizeof fields / sizeof *fields; k++)
            is_field = is_field || strcmp(setting->key, fields[k]) == 0;
        if (!is_field)
            NB_TRY(nb_record_set(t->record, err, setting->key, "%s", setting->value));
    }
    struct utsname system;
    if (uname(&system) == 0)
        NB_TRY(nb_record_set(t->record, err, "system", "%s %s", system.sysname, system.machine));
    NB_TRY(nb_record_set(t->record, err, "kernels", "%s", nb_kernels_best()->name));
    NB_TRY(nb_record_set(t->record, err, "threads", "%u", t->options.threads));
    return nb_record_set(t->record, err, "version", "nasbench %s", nb_version());
}

const double *nb_trainer_latency(const nb_trainer *t, size_t *count)
{
    size_t warmup = t->latency_count > 2 ? 1 : 0;
    *count = t->latency_count - warmup;
    return t->latency + warmup;
}

nb_status nb_trainer_finish(nb_trainer *t, nb_record **out, nb_error *err)
{
    *out = NULL;
    size_t count;
    const double *seconds = nb_trainer_latency(t, &count);
    NB_TRY(nb_record_set_latency(t->record, seconds, count, err));
    NB_TRY(keep_settings(t, err));
    if (t->options.weights)
        NB_TRY(keep_weights(t, err));
    *out = t->record;
    t->record = NULL;
    return NB_OK;
}
