#include "nasbench/dataset.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "train/catalogue.h"
#include "train/image_set.h"
#include "train/source.h"
#include "train/splits.h"

struct nb_dataset {
    nb_dataset_info info;
    nb_image_set set;
    nb_split splits[NB_DATASET_MAX_SPLITS];
    uint32_t *numbers[NB_DATASET_MAX_SPLITS]; /* the images of each split */
    char *names[NB_DATASET_MAX_SPLITS];       /* only of data sets made from arrays */
    char *key;
    char *source;
};

/* The default of random cropping: 4 pixels for 32x32 and 28x28, 2 for 16x16, 1 for 8x8. */
static uint32_t default_padding(uint32_t side)
{
    return (side + 7) / 8;
}

static void describe(const nb_dataset_kind *kind, nb_dataset_info *info)
{
    static const uint32_t splits_of[] = {
        [NB_DIVISION_WHOLE] = 2, [NB_DIVISION_HALVES] = 3, [NB_DIVISION_TEST_HALVES] = 4, [NB_DIVISION_LAST_FIFTH] = 4};
    const nb_source *source = kind->source;
    *info = (nb_dataset_info){
        .key = kind->key,
        .source = "",
        .classes = source->classes,
        .channels = source->channels,
        .side = source->side,
        .splits = splits_of[kind->division],
        .native_side = source->side,
        .flip = source->flip,
        .crop_padding = default_padding(source->side),
    };
    for (uint32_t c = 0; c < source->channels; c++) {
        info->mean[c] = (float)source->mean[c];
        info->deviation[c] = (float)source->deviation[c];
    }
}

const char *nb_dataset_key(uint32_t i)
{
    for (uint32_t k = 0; nb_dataset_kinds[k].key; k++)
        if (k == i)
            return nb_dataset_kinds[k].key;
    return NULL;
}

static nb_status find_kind(const char *key, const nb_dataset_kind **out, nb_error *err)
{
    *out = key ? nb_dataset_kind_find(key) : NULL;
    if (*out)
        return NB_OK;
    char known[256] = "";
    for (uint32_t i = 0; nb_dataset_key(i); i++) {
        strncat(known, i ? ", " : "", sizeof known - strlen(known) - 1);
        strncat(known, nb_dataset_key(i), sizeof known - strlen(known) - 1);
    }
    return nb_fail(err, NB_ERR_ARGUMENT, "unknown data set '%s'; known: %s", key ? key : "(null)", known);
}

nb_status nb_dataset_describe(const char *key, nb_dataset_info *out, nb_error *err)
{
    const nb_dataset_kind *kind;
    NB_TRY(find_kind(key, &kind, err));
    describe(kind, out);
    return NB_OK;
}

/* Appends a split with room for `capacity` images, which the caller fills. */
static nb_status add_split(nb_dataset *dataset, const char *name, uint32_t capacity, nb_error *err)
{
    uint32_t at = dataset->info.splits;
    uint32_t *numbers = malloc(capacity * sizeof *numbers + 1);
    if (!numbers)
        return nb_fail(err, NB_ERR_MEMORY, "no memory for a list of %u images", capacity);
    dataset->numbers[at] = numbers;
    dataset->splits[at] = (nb_split){.name = name, .count = capacity, .images = numbers};
    dataset->info.splits = at + 1;
    return NB_OK;
}

/* A split of the consecutive images first .. first + count - 1. */
static nb_status add_range(nb_dataset *dataset, const char *name, uint32_t first, uint32_t count, nb_error *err)
{
    NB_TRY(add_split(dataset, name, count, err));
    uint32_t *numbers = dataset->numbers[dataset->info.splits - 1];
    for (uint32_t i = 0; i < count; i++)
        numbers[i] = first + i;
    return NB_OK;
}

static nb_status add_train_halves(nb_dataset *dataset, uint32_t train, nb_error *err)
{
    NB_TRY(add_split(dataset, "train", train / 2, err));
    NB_TRY(add_split(dataset, "x-valid", train - train / 2, err));
    return nb_split_halves(train, dataset->numbers[0], dataset->numbers[1], err);
}

/* The divisions of the test set are lists for exactly so many images: not for another number. */
static nb_status add_test_halves(nb_dataset *dataset, const nb_dataset_kind *kind, uint32_t train, uint32_t test, nb_error *err)
{
    uint32_t listed = nb_source_count(kind->source->layouts[0].test);
    if (test != listed)
        return nb_fail(err, NB_ERR_FORMAT, "%s: %u test images, but the published division into x-valid and x-test is for %u",
                       dataset->info.source, test, listed);
    NB_TRY(add_split(dataset, "x-valid", test, err));
    NB_TRY(add_split(dataset, "x-test", test, err));
    uint32_t at = dataset->info.splits - 2;
    uint32_t members = nb_split_by_bits(kind->test_bits, test, train, dataset->numbers[at], dataset->numbers[at + 1]);
    dataset->splits[at].count = members;
    dataset->splits[at + 1].count = test - members;
    return NB_OK;
}

/* As many of `count` images as fill whole batches of 256; all when they fill none. */
static uint32_t in_whole_batches(uint32_t count)
{
    enum { BATCH = 256 };
    return count < BATCH ? count : count - count % BATCH;
}

/* NAS-Bench-101's division. */
static nb_status add_fifths(nb_dataset *dataset, uint32_t train, uint32_t test, nb_error *err)
{
    const uint32_t fifth = train / 5;
    NB_TRY(add_range(dataset, "train", 0, train - fifth, err));
    NB_TRY(add_range(dataset, "x-valid", train - fifth, in_whole_batches(fifth), err));
    NB_TRY(add_range(dataset, "ori-test", train, in_whole_batches(test), err));
    return add_range(dataset, "train-1", 0, in_whole_batches(fifth), err);
}

static nb_status divide(nb_dataset *dataset, const nb_dataset_kind *kind, uint32_t train, nb_error *err)
{
    uint32_t test = dataset->set.count - train;
    dataset->info.splits = 0;
    if (kind->division == NB_DIVISION_LAST_FIFTH)
        return add_fifths(dataset, train, test, err);
    if (kind->division == NB_DIVISION_HALVES)
        NB_TRY(add_train_halves(dataset, train, err));
    else
        NB_TRY(add_range(dataset, "train", 0, train, err));
    NB_TRY(add_range(dataset, "ori-test", train, test, err));
    if (kind->division == NB_DIVISION_TEST_HALVES)
        NB_TRY(add_test_halves(dataset, kind, train, test, err));
    return NB_OK;
}

/* Keeps the first `train` and `eval` images of the splits; 0 keeps all. */
static nb_status take_subset(nb_dataset *dataset, uint32_t train, uint32_t eval, nb_error *err)
{
    for (uint32_t i = 0; i < dataset->info.splits; i++) {
        nb_split *split = &dataset->splits[i];
        uint32_t wanted = i == 0 ? train : eval;
        if (i == 0 && wanted > split->count)
            return nb_fail(err, NB_ERR_ARGUMENT, "%s: %u training images asked for, there are %u", dataset->info.key, wanted, split->count);
        if (wanted != 0 && wanted < split->count)
            split->count = wanted;
        if (split->count == 0)
            return nb_fail(err, NB_ERR_FORMAT, "%s: no images in %s", dataset->info.key, split->name);
    }
    return NB_OK;
}

static nb_status load(nb_dataset *dataset, const nb_dataset_kind *kind, const nb_dataset_options *options, const nb_progress *progress,
                      nb_error *err)
{
    describe(kind, &dataset->info);
    dataset->info.splits = 0;
    NB_TRY(nb_image_set_init(&dataset->set, kind->key, kind->source->channels, kind->source->side, kind->source->classes,
                             options->resolution, err));
    nb_found_source found;
    NB_TRY(nb_source_find(kind->source, options->folder, &found, err));
    dataset->source = found.folder;
    dataset->info.source = found.folder;
    uint32_t train;
    NB_TRY(nb_source_read(&found, !options->no_checksums, progress, &dataset->set, &train, err));
    dataset->info.images = dataset->set.count;
    dataset->info.side = dataset->set.side;
    dataset->info.crop_padding = default_padding(dataset->set.side);
    NB_TRY(divide(dataset, kind, train, err));
    return take_subset(dataset, options->train_images, options->eval_images, err);
}

static nb_status new_dataset(nb_dataset **out, nb_error *err)
{
    *out = calloc(1, sizeof **out);
    return *out ? NB_OK : nb_fail(err, NB_ERR_MEMORY, "no memory for a data set");
}

nb_status nb_dataset_load(const char *key, const nb_dataset_options *options, const nb_progress *progress, nb_dataset **out, nb_error *err)
{
    static const nb_dataset_options defaults;
    const nb_dataset_kind *kind;
    *out = NULL;
    NB_TRY(find_kind(key, &kind, err));
    nb_dataset *dataset;
    NB_TRY(new_dataset(&dataset, err));
    nb_status status = load(dataset, kind, options ? options : &defaults, progress, err);
    if (status != NB_OK) {
        nb_dataset_free(dataset);
        return status;
    }
    *out = dataset;
    return NB_OK;
}

static nb_status check_arrays(const nb_dataset_arrays *arrays, nb_error *err)
{
    if (!arrays->key || strchr(arrays->key, '/') || !arrays->pixels || !arrays->labels || !arrays->splits || arrays->images == 0)
        return nb_fail(err, NB_ERR_ARGUMENT, "a data set needs a key without '/', images, labels and splits");
    if (arrays->channels == 0 || arrays->channels > NB_DATASET_MAX_CHANNELS || arrays->side == 0 || arrays->side > 4096 ||
        arrays->crop_padding >= arrays->side || arrays->classes == 0 || arrays->classes > UINT16_MAX)
        return nb_fail(err, NB_ERR_ARGUMENT,
                       "%s: %u channels, side %u, padding %u, %u classes; expected 1 to %d, 1 to 4096, less than the side, 1 to %d",
                       arrays->key, arrays->channels, arrays->side, arrays->crop_padding, arrays->classes, NB_DATASET_MAX_CHANNELS,
                       UINT16_MAX);
    if (arrays->split_count == 0 || arrays->split_count > NB_DATASET_MAX_SPLITS)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: %u splits, expected 1 to %d", arrays->key, arrays->split_count, NB_DATASET_MAX_SPLITS);
    for (uint32_t c = 0; c < arrays->channels; c++)
        if (!(arrays->deviation[c] > 0))
            return nb_fail(err, NB_ERR_ARGUMENT, "%s: deviation of channel %u is %g, expected a positive number", arrays->key, c,
                           (double)arrays->deviation[c]);
    for (uint32_t s = 0; s < arrays->split_count; s++) {
        const nb_split *split = &arrays->splits[s];
        if (!split->name || split->count == 0 || strlen(split->name) > 31 || strchr(split->name, '/'))
            return nb_fail(err, NB_ERR_ARGUMENT, "%s: split %u has no images, or no name without '/' of at most 31 bytes", arrays->key, s);
        for (uint32_t i = 0; i < split->count; i++)
            if (split->images[i] >= arrays->images)
                return nb_fail(err, NB_ERR_ARGUMENT, "%s: split %s lists image %u of %u", arrays->key, split->name, split->images[i],
                               arrays->images);
    }
    return NB_OK;
}

static nb_status copy_arrays(nb_dataset *dataset, const nb_dataset_arrays *arrays, nb_error *err)
{
    dataset->key = strdup(arrays->key);
    if (!dataset->key)
        return nb_fail(err, NB_ERR_MEMORY, "no memory for a data set");
    NB_TRY(nb_image_set_init(&dataset->set, arrays->key, arrays->channels, arrays->side, arrays->classes, 0, err));
    NB_TRY(nb_image_set_reserve(&dataset->set, arrays->images, err));
    for (uint32_t i = 0; i < arrays->images; i++)
        NB_TRY(nb_image_set_add(&dataset->set, arrays->pixels + i * nb_image_set_bytes(&dataset->set), arrays->labels[i], err));
    dataset->info = (nb_dataset_info){.key = dataset->key,
                                      .source = "",
                                      .images = arrays->images,
                                      .classes = arrays->classes,
                                      .channels = arrays->channels,
                                      .side = arrays->side,
                                      .native_side = arrays->side,
                                      .flip = arrays->flip,
                                      .crop_padding = arrays->crop_padding};
    memcpy(dataset->info.mean, arrays->mean, sizeof arrays->mean);
    memcpy(dataset->info.deviation, arrays->deviation, sizeof arrays->deviation);
    for (uint32_t s = 0; s < arrays->split_count; s++) {
        const nb_split *split = &arrays->splits[s];
        dataset->names[s] = strdup(split->name);
        if (!dataset->names[s])
            return nb_fail(err, NB_ERR_MEMORY, "no memory for a data set");
        NB_TRY(add_split(dataset, dataset->names[s], split->count, err));
        memcpy(dataset->numbers[s], split->images, split->count * sizeof *split->images);
    }
    return NB_OK;
}

nb_status nb_dataset_from_arrays(const nb_dataset_arrays *arrays, nb_dataset **out, nb_error *err)
{
    *out = NULL;
    NB_TRY(check_arrays(arrays, err));
    nb_dataset *dataset;
    NB_TRY(new_dataset(&dataset, err));
    nb_status status = copy_arrays(dataset, arrays, err);
    if (status != NB_OK) {
        nb_dataset_free(dataset);
        return status;
    }
    *out = dataset;
    return NB_OK;
}

void nb_dataset_free(nb_dataset *dataset)
{
    if (!dataset)
        return;
    for (int i = 0; i < NB_DATASET_MAX_SPLITS; i++) {
        free(dataset->numbers[i]);
        free(dataset->names[i]);
    }
    nb_image_set_free(&dataset->set);
    free(dataset->key);
    free(dataset->source);
    free(dataset);
}

const nb_dataset_info *nb_dataset_get_info(const nb_dataset *dataset)
{
    return &dataset->info;
}

const nb_split *nb_dataset_split(const nb_dataset *dataset, uint32_t split)
{
    return split < dataset->info.splits ? &dataset->splits[split] : NULL;
}

const uint8_t *nb_dataset_pixels(const nb_dataset *dataset, uint32_t image)
{
    return dataset->set.pixels + image * nb_image_set_bytes(&dataset->set);
}

uint32_t nb_dataset_label(const nb_dataset *dataset, uint32_t image)
{
    return dataset->set.labels[image];
}
