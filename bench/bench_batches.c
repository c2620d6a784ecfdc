/* Making batches: shuffled, mirrored, cropped and normalised training images per second on one core. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "train/batches.h"

#define IMAGES 20000
#define BATCH 256

typedef struct work {
    nb_batches batches;
    nb_augmentation change;
    float *images;
    uint32_t epoch;
} work;

static void one_epoch(void *user)
{
    work *w = user;
    int32_t labels[BATCH];
    nb_batches_shuffle(&w->batches, &w->change, 777, w->epoch++, NULL);
    for (uint32_t i = 0; i < w->batches.count; i++)
        nb_batches_get(&w->batches, i, NULL, w->images, labels);
    BENCH_KEEP(w->images);
}

static nb_dataset *random_images(uint32_t side)
{
    size_t size = (size_t)IMAGES * 3 * side * side;
    uint8_t *pixels = malloc(size);
    uint16_t *labels = calloc(IMAGES, sizeof *labels);
    uint32_t *all = malloc(IMAGES * sizeof *all);
    nb_dataset *dataset = NULL;
    if (pixels && labels && all) {
        for (size_t i = 0; i < size; i++)
            pixels[i] = (uint8_t)(i * 2654435761u >> 13);
        for (uint32_t i = 0; i < IMAGES; i++)
            all[i] = i;
        const nb_split split = {"train", IMAGES, all};
        nb_dataset_from_arrays(&(nb_dataset_arrays){.key = "random",
                                                    .images = IMAGES,
                                                    .classes = 1,
                                                    .channels = 3,
                                                    .side = side,
                                                    .pixels = pixels,
                                                    .labels = labels,
                                                    .splits = &split,
                                                    .split_count = 1,
                                                    .mean = {0.5f, 0.5f, 0.5f},
                                                    .deviation = {0.25f, 0.25f, 0.25f}},
                               &dataset, NULL);
    }
    free(pixels);
    free(labels);
    free(all);
    return dataset;
}

static void measure(uint32_t side)
{
    nb_dataset *dataset = random_images(side);
    work w = {.change = {.flip = true, .padding = side / 8}};
    w.images = malloc((size_t)BATCH * 3 * side * side * sizeof *w.images);
    if (dataset && w.images && nb_batches_init(&w.batches, dataset, 0, BATCH, NULL) == NB_OK) {
        bench_times times = bench_repeat(one_epoch, &w, 9);
        char what[64];
        snprintf(what, sizeof what, "3x%ux%u, mirrored and cropped", side, side);
        bench_row(what, IMAGES / times.median / 1e3, NAN, "thousand images/s", BENCH_MORE_IS_BETTER);
        nb_batches_free(&w.batches);
    }
    free(w.images);
    nb_dataset_free(dataset);
}

int main(void)
{
    bench_title("Batches of training images, one core");
    bench_command("make bench BENCH=batches");
    measure(32);
    measure(16);
    measure(8);
    return 0;
}
