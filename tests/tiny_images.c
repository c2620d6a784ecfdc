#include "tiny_images.h"

#include "support.h"

#include <sys/stat.h>

#include "nasbench/random.h"

#define SIDE 8
#define CLASSES 4

static bool is_bright(uint32_t class, uint32_t y, uint32_t x, uint32_t phase)
{
    switch (class) {
    case 0:
        return (y + phase) / 2 % 2;
    case 1:
        return (x + phase) / 2 % 2;
    case 2:
        return ((y + phase) / 2 + x / 2) % 2;
    default:
        return (y % 8 < 4) == (x % 8 < 4);
    }
}

static void paint(uint8_t *image, uint32_t class, nb_rng *rng)
{
    uint32_t phase = (uint32_t)nb_rng_below(rng, 4);
    for (uint32_t c = 0; c < 3; c++) {
        uint32_t dark = (uint32_t)nb_rng_below(rng, 80), bright = 150 + (uint32_t)nb_rng_below(rng, 80);
        for (uint32_t y = 0; y < SIDE; y++)
            for (uint32_t x = 0; x < SIDE; x++)
                *image++ = (uint8_t)((is_bright(class, y, x, phase) ? bright : dark) + nb_rng_below(rng, 26));
    }
}

nb_dataset *tiny_images(uint32_t train, uint32_t eval, float mean)
{
    uint32_t count = train + 2 * eval;
    uint8_t *pixels = malloc((size_t)count * 3 * SIDE * SIDE);
    uint16_t *labels = malloc(count * sizeof *labels);
    uint32_t *numbers = malloc(count * sizeof *numbers);
    assert_true(pixels && labels && numbers);
    nb_rng rng = nb_rng_seed(1, 0);
    for (uint32_t i = 0; i < count; i++) {
        labels[i] = (uint16_t)(i % CLASSES);
        numbers[i] = i;
        paint(pixels + (size_t)i * 3 * SIDE * SIDE, labels[i], &rng);
    }
    const nb_split splits[] = {{"train", train, numbers}, {"x-valid", eval, numbers + train}, {"ori-test", eval, numbers + train + eval}};
    nb_dataset *dataset = NULL;
    nb_error err = {0};
    nb_status status = nb_dataset_from_arrays(&(nb_dataset_arrays){.key = "tiny",
                                                                   .images = count,
                                                                   .classes = CLASSES,
                                                                   .channels = 3,
                                                                   .side = SIDE,
                                                                   .pixels = pixels,
                                                                   .labels = labels,
                                                                   .splits = splits,
                                                                   .split_count = 3,
                                                                   .flip = true,
                                                                   .crop_padding = 1,
                                                                   .mean = {mean, mean, mean},
                                                                   .deviation = {0.3f, 0.3f, 0.3f}},
                                              &dataset, &err);
    if (status != NB_OK)
        fail_msg("%s", err.message);
    free(pixels);
    free(labels);
    free(numbers);
    return dataset;
}

char *colour_folder(void)
{
    char *folder = scratch_path("colours");
    struct stat info;
    if (stat(folder, &info) == 0)
        return folder;
    assert_int_equal(mkdir(folder, 0777), 0);
    static uint8_t file[60][3073];
    for (int f = 1; f <= 6; f++) {
        for (int i = 0; i < 60; i++) {
            int class = i % 10;
            file[i][0] = (uint8_t) class;
            for (int k = 0; k < 3072; k++)
                file[i][1 + k] = (uint8_t)(k < 1024 ? 20 * class : k < 2048 ? 200 - 20 * class : 100 + (class % 2) * 50);
        }
        char name[64];
        snprintf(name, sizeof name, f < 6 ? "colours/data_batch_%d.bin" : "colours/test_batch.bin", f);
        char *path = scratch_path(name);
        write_file(path, file, sizeof file);
        free(path);
    }
    return folder;
}
