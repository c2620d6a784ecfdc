#include "train/batches.h"

#include <stdlib.h>
#include <string.h>

#include "train/streams.h"

#define CACHE_LINE 64 /* bytes; of no consequence but speed */
#define AHEAD 2       /* images whose pixels are fetched before they are needed */

/* How one image is read: output pixel (y, x) is pixel (y + down, x + right) of the mirrored or plain image, zero outside. */
typedef struct view {
    bool mirrored;
    int32_t down, right;
    int32_t hole_top, hole_bottom, hole_left, hole_right; /* cut out: rows top..bottom - 1, columns left..right - 1 */
} view;

/* A byte as PyTorch's ToTensor and Normalize make it, with their roundings: (b / 255 - mean) / deviation in single precision. */
static void fill_levels(const nb_dataset_info *info, float *levels)
{
    for (uint32_t c = 0; c < info->channels; c++)
        for (uint32_t byte = 0; byte < 256; byte++)
            levels[256 * c + byte] = ((float)byte / 255.0f - info->mean[c]) / info->deviation[c];
}

nb_status nb_batches_init(nb_batches *batches, const nb_dataset *dataset, uint32_t split, uint32_t size, nb_error *err)
{
    const nb_dataset_info *info = nb_dataset_get_info(dataset);
    const nb_split *images = nb_dataset_split(dataset, split);
    *batches = (nb_batches){0};
    if (!images)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: split %u of %u", info->key, split, info->splits);
    if (size == 0)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: batches of 0 images", info->key);
    float *levels = malloc(256 * info->channels * sizeof *levels);
    if (!levels)
        return nb_fail(err, NB_ERR_MEMORY, "no memory for batches of %s", info->key);
    fill_levels(info, levels);
    *batches = (nb_batches){
        .dataset = dataset, .split = images, .size = size, .count = images->count / size + (images->count % size != 0), .levels = levels};
    return NB_OK;
}

void nb_batches_free(nb_batches *batches)
{
    free(batches->order);
    free(batches->levels);
    *batches = (nb_batches){0};
}

/* The images of the split in the order of an epoch: order[split->count]. */
static void shuffle_epoch(const nb_split *split, uint64_t seed, uint32_t epoch, uint32_t *order)
{
    memcpy(order, split->images, split->count * sizeof *order);
    nb_rng rng = nb_train_rng(seed, NB_STREAM_ORDER, epoch, 0);
    nb_rng_shuffle(&rng, order, split->count, sizeof *order);
}

nb_status nb_batches_shuffle(nb_batches *batches, const nb_augmentation *change, uint64_t seed, uint32_t epoch, nb_error *err)
{
    const uint32_t count = batches->split->count;
    if (!batches->order)
        batches->order = malloc(((size_t)count + batches->size) * sizeof *batches->order);
    if (!batches->order)
        return nb_fail(err, NB_ERR_MEMORY, "no memory to shuffle %u images", count);
    if (batches->run_on) {
        batches->lead = (uint32_t)((uint64_t)epoch * count % batches->size);
        batches->count = (batches->lead + count) / batches->size;
    }
    if (batches->lead > 0) {
        shuffle_epoch(batches->split, seed, epoch - 1, batches->order);
        memmove(batches->order, batches->order + count - batches->lead, batches->lead * sizeof *batches->order);
    }
    shuffle_epoch(batches->split, seed, epoch, batches->order + batches->lead);
    batches->change = *change;
    batches->seed = seed;
    batches->epoch = epoch;
    return NB_OK;
}

static int32_t clip(int32_t value, int32_t high)
{
    return value < 0 ? 0 : value > high ? high : value;
}

/* Draws how the image is augmented in an epoch. Every image takes the same numbers from its stream whatever is switched on. */
static view draw_view(const nb_batches *batches, uint32_t image, uint32_t epoch, int32_t side)
{
    const nb_augmentation *change = &batches->change;
    nb_rng rng = nb_train_rng(batches->seed, NB_STREAM_AUGMENTATION, epoch, image);
    view v = {.mirrored = nb_rng_below(&rng, 2) && change->flip};
    int32_t padding = (int32_t)change->padding;
    v.down = (int32_t)nb_rng_below(&rng, 2 * (uint64_t)padding + 1) - padding;
    v.right = (int32_t)nb_rng_below(&rng, 2 * (uint64_t)padding + 1) - padding;
    if (change->cutout) {
        int32_t half = (int32_t)(change->cutout / 2);
        int32_t row = (int32_t)nb_rng_below(&rng, (uint64_t)side), col = (int32_t)nb_rng_below(&rng, (uint64_t)side);
        v.hole_top = clip(row - half, side), v.hole_bottom = clip(row + half, side);
        v.hole_left = clip(col - half, side), v.hole_right = clip(col + half, side);
    }
    return v;
}

/* One row of the output; `pixels` is the row of the image that it comes from. */
static void read_row(const uint8_t *pixels, const float *levels, const view *v, int32_t side, float *restrict out)
{
    int32_t begin = v->right < 0 ? -v->right : 0, end = v->right > 0 ? side - v->right : side;
    for (int32_t x = 0; x < begin; x++)
        out[x] = levels[0];
    if (v->mirrored)
        for (int32_t x = begin; x < end; x++)
            out[x] = levels[pixels[side - 1 - x - v->right]];
    else
        for (int32_t x = begin; x < end; x++)
            out[x] = levels[pixels[x + v->right]];
    for (int32_t x = end; x < side; x++)
        out[x] = levels[0];
}

/* One channel of one image: pixels [side][side] -> out [side][side]. */
static void read_plane(const uint8_t *pixels, const float *levels, const view *v, int32_t side, float *out)
{
    for (int32_t y = 0; y < side; y++) {
        int32_t row = y + v->down;
        if (row >= 0 && row < side)
            read_row(pixels + row * side, levels, v, side, out + y * side);
        else
            for (int32_t x = 0; x < side; x++)
                out[y * side + x] = levels[0];
    }
    for (int32_t y = v->hole_top; y < v->hole_bottom; y++)
        for (int32_t x = v->hole_left; x < v->hole_right; x++)
            out[y * side + x] = 0;
}

/* One batch that is being filled by several threads. */
typedef struct filling {
    const nb_batches *batches;
    uint32_t first, count; /* places in the epoch's order */
    float *images;
    int32_t *labels;
} filling;

/* The image in place k of the batch. */
static uint32_t image_at(const filling *f, uint32_t k)
{
    const nb_batches *batches = f->batches;
    return batches->order ? batches->order[f->first + k] : batches->split->images[f->first + k];
}

/* Asks for the pixels of an image that is soon needed. The images of a shuffled batch lie anywhere in the data set, and waiting for memory
 * is otherwise half of the time that a batch of small images takes. */
static void fetch_ahead(const nb_batches *batches, uint32_t image, size_t bytes)
{
    const uint8_t *pixels = nb_dataset_pixels(batches->dataset, image);
    for (size_t i = 0; i < bytes; i += CACHE_LINE)
        __builtin_prefetch(pixels + i);
    __builtin_prefetch(pixels + bytes - 1);
}

static void fill_image(const filling *f, uint32_t k)
{
    const nb_batches *batches = f->batches;
    const nb_dataset_info *info = nb_dataset_get_info(batches->dataset);
    size_t plane = (size_t)info->side * info->side;
    uint32_t image = image_at(f, k);
    const uint32_t epoch = f->first + k < batches->lead ? batches->epoch - 1 : batches->epoch;
    view v = batches->order ? draw_view(batches, image, epoch, (int32_t)info->side) : (view){0};
    const uint8_t *pixels = nb_dataset_pixels(batches->dataset, image);
    for (uint32_t c = 0; c < info->channels; c++)
        read_plane(pixels + c * plane, batches->levels + 256 * c, &v, (int32_t)info->side, f->images + (k * info->channels + c) * plane);
}

static void fill_part(void *user, int part, int parts, int thread)
{
    (void)thread;
    const filling *f = user;
    const nb_dataset_info *info = nb_dataset_get_info(f->batches->dataset);
    size_t bytes = (size_t)info->channels * info->side * info->side;
    uint64_t count = f->count, first = count * (uint64_t)part / (uint64_t)parts, end = count * (uint64_t)(part + 1) / (uint64_t)parts;
    for (uint64_t k = first; k < end; k++)
        f->labels[k] = (int32_t)nb_dataset_label(f->batches->dataset, image_at(f, (uint32_t)k));
    for (uint64_t k = first; k < end; k++) {
        if (k + AHEAD < end)
            fetch_ahead(f->batches, image_at(f, (uint32_t)k + AHEAD), bytes);
        fill_image(f, (uint32_t)k);
    }
}

uint32_t nb_batches_get(const nb_batches *batches, uint32_t i, nb_workers *workers, float *images, int32_t *labels)
{
    filling f = {.batches = batches, .first = i * batches->size, .images = images, .labels = labels};
    uint32_t left = batches->lead + batches->split->count - f.first;
    f.count = left < batches->size ? left : batches->size;
    nb_workers_run(workers, fill_part, &f, nb_workers_count(workers));
    return f.count;
}
