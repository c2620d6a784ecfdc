/* Batches: normalisation to the bit, an order and an augmentation that depend on seed and epoch only. */
#include "support.h"

#include <math.h>

#include "nasbench/dataset.h"
#include "nasbench/random.h"
#include "train/batches.h"

#define IMAGES 50
#define CHANNELS 3
#define SIDE 8
#define PIXELS (CHANNELS * SIDE * SIDE)

static uint8_t pixels[IMAGES][CHANNELS][SIDE][SIDE];

/* 50 images of random bytes other than 0, image i of class i; mean 0 and deviation 1/255, so that batches hold the bytes again. */
static nb_dataset *byte_dataset(void)
{
    nb_rng rng = nb_rng_seed(1, 0);
    for (size_t i = 0; i < sizeof pixels; i++)
        ((uint8_t *)pixels)[i] = (uint8_t)(1 + nb_rng_below(&rng, 255));
    static uint16_t labels[IMAGES];
    static uint32_t all[IMAGES];
    for (uint32_t i = 0; i < IMAGES; i++) {
        labels[i] = (uint16_t)i;
        all[i] = i;
    }
    const nb_split splits[] = {{"train", IMAGES, all}, {"ori-test", 7, all}};
    const float step = 1.0f / 255;
    nb_dataset *dataset;
    assert_int_equal(nb_dataset_from_arrays(&(nb_dataset_arrays){.key = "bytes",
                                                                 .images = IMAGES,
                                                                 .classes = IMAGES,
                                                                 .channels = CHANNELS,
                                                                 .side = SIDE,
                                                                 .pixels = pixels[0][0][0],
                                                                 .labels = labels,
                                                                 .splits = splits,
                                                                 .split_count = 2,
                                                                 .deviation = {step, step, step}},
                                            &dataset, NULL),
                     NB_OK);
    return dataset;
}

static nb_batches batches_of(const nb_dataset *dataset, uint32_t split, uint32_t size)
{
    nb_batches batches;
    assert_int_equal(nb_batches_init(&batches, dataset, split, size, NULL), NB_OK);
    return batches;
}

static void evaluation_batches_are_the_split_in_order(void **state)
{
    (void)state;
    nb_dataset *dataset = byte_dataset();
    nb_batches batches = batches_of(dataset, 1, 3);
    assert_int_equal(batches.count, 3);
    float images[3 * PIXELS];
    int32_t labels[3];
    assert_int_equal(nb_batches_get(&batches, 2, NULL, images, labels), 1); /* 7 = 3 + 3 + 1 */
    assert_int_equal(labels[0], 6);
    assert_int_equal(nb_batches_get(&batches, 1, NULL, images, labels), 3);
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < PIXELS; k++)
            assert_int_equal(lroundf(images[i * PIXELS + k]), ((uint8_t *)pixels[3 + i])[k]);
    nb_batches_free(&batches);
    nb_dataset_free(dataset);
}

/* (byte / 255 - mean) / deviation in single precision, computed with PyTorch 1.13. */
static void normalisation_has_the_bits_of_pytorch(void **state)
{
    (void)state;
    const uint8_t image[2][4] = {{0, 1, 17, 128}, {0, 17, 128, 255}};
    const uint32_t zero = 0;
    const nb_split split = {"train", 1, &zero};
    nb_dataset *dataset;
    assert_int_equal(nb_dataset_from_arrays(&(nb_dataset_arrays){.key = "two",
                                                                 .images = 1,
                                                                 .classes = 1,
                                                                 .channels = 2,
                                                                 .side = 2,
                                                                 .pixels = image[0],
                                                                 .labels = &(uint16_t){0},
                                                                 .splits = &split,
                                                                 .split_count = 1,
                                                                 .mean = {(float)(125.3 / 255), (float)(113.9 / 255)},
                                                                 .deviation = {(float)(63.0 / 255), (float)(66.7 / 255)}},
                                            &dataset, NULL),
                     NB_OK);
    nb_batches batches = batches_of(dataset, 0, 1);
    float images[8];
    int32_t label;
    nb_batches_get(&batches, 0, NULL, images, &label);
    const float expected[8] = {-0x1.fd27d20000000p+0f, -0x1.f917920000000p+0f, -0x1.b813820000000p+0f, 0x1.5f16240000000p-5f,
                               -0x1.b5284c0000000p+0f, -0x1.73e8f80000000p+0f, 0x1.b0ef920000000p-3f,  0x1.0ec6d00000000p+1f};
    assert_memory_equal(images, expected, sizeof expected);
    nb_batches_free(&batches);
    nb_dataset_free(dataset);
}

static void every_epoch_has_each_image_once_in_another_order(void **state)
{
    (void)state;
    nb_dataset *dataset = byte_dataset();
    nb_batches batches = batches_of(dataset, 0, 16);
    assert_int_equal(batches.count, 4);
    int32_t order[3][IMAGES];
    for (uint32_t epoch = 0; epoch < 3; epoch++) {
        assert_int_equal(nb_batches_shuffle(&batches, &(nb_augmentation){0}, 777, epoch, NULL), NB_OK);
        bool seen[IMAGES] = {false};
        float images[16 * PIXELS];
        int32_t labels[16];
        uint32_t total = 0;
        for (uint32_t b = 0; b < batches.count; b++) {
            uint32_t count = nb_batches_get(&batches, b, NULL, images, labels);
            for (uint32_t i = 0; i < count; i++) {
                assert_false(seen[labels[i]]);
                seen[labels[i]] = true;
                order[epoch][total++] = labels[i];
                assert_int_equal(lroundf(images[i * PIXELS]), pixels[labels[i]][0][0][0]);
            }
        }
        assert_int_equal(total, IMAGES);
    }
    assert_memory_not_equal(order[0], order[1], sizeof order[0]);
    assert_memory_not_equal(order[1], order[2], sizeof order[0]);
    nb_batches_free(&batches);
    nb_dataset_free(dataset);
}

/* Byte of an image that is mirrored or not and shifted, by the definition. */
static int shifted(uint32_t image, int c, int y, int x, bool mirrored, int down, int right)
{
    int row = y + down, col = x + right;
    if (row < 0 || row >= SIDE || col < 0 || col >= SIDE)
        return 0;
    return pixels[image][c][row][mirrored ? SIDE - 1 - col : col];
}

/* The view of an augmented image: which mirroring and shift explains all its pixels. False when none does. */
static bool explain(const float *image, uint32_t number, int padding, bool *mirrored, int *down, int *right)
{
    for (int m = 0; m < 2; m++)
        for (*down = -padding; *down <= padding; (*down)++)
            for (*right = -padding; *right <= padding; (*right)++) {
                bool same = true;
                for (int k = 0; k < PIXELS && same; k++)
                    same = lroundf(image[k]) == shifted(number, k / (SIDE * SIDE), k / SIDE % SIDE, k % SIDE, m, *down, *right);
                *mirrored = m;
                if (same)
                    return true;
            }
    return false;
}

static void training_images_are_mirrored_and_cropped_evenly(void **state)
{
    (void)state;
    nb_dataset *dataset = byte_dataset();
    nb_batches batches = batches_of(dataset, 0, IMAGES);
    static float images[IMAGES * PIXELS];
    int32_t labels[IMAGES];
    int mirrored_count = 0, down_count[5] = {0}, right_count[5] = {0};
    for (uint32_t epoch = 0; epoch < 40; epoch++) {
        assert_int_equal(nb_batches_shuffle(&batches, &(nb_augmentation){.flip = true, .padding = 2}, 5, epoch, NULL), NB_OK);
        nb_batches_get(&batches, 0, NULL, images, labels);
        for (int i = 0; i < IMAGES; i++) {
            bool mirrored;
            int down, right;
            assert_true(explain(images + i * PIXELS, (uint32_t)labels[i], 2, &mirrored, &down, &right));
            mirrored_count += mirrored;
            down_count[down + 2]++;
            right_count[right + 2]++;
        }
    }
    /* 2000 draws: 5 standard deviations are 112 of 1000 and 90 of 400. */
    assert_in_range(mirrored_count, 888, 1112);
    for (int k = 0; k < 5; k++) {
        assert_in_range(down_count[k], 310, 490);
        assert_in_range(right_count[k], 310, 490);
    }
    nb_batches_free(&batches);
    nb_dataset_free(dataset);
}

static void cutout_zeroes_a_square_cut_to_the_image(void **state)
{
    (void)state;
    nb_dataset *dataset = byte_dataset();
    nb_batches batches = batches_of(dataset, 0, IMAGES);
    static float images[IMAGES * PIXELS];
    int32_t labels[IMAGES];
    assert_int_equal(nb_batches_shuffle(&batches, &(nb_augmentation){.cutout = 4}, 5, 0, NULL), NB_OK);
    nb_batches_get(&batches, 0, NULL, images, labels);
    int full = 0;
    for (int i = 0; i < IMAGES; i++) {
        int zeros = 0, top = SIDE, bottom = -1, left = SIDE, right = -1;
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++)
                if (images[i * PIXELS + y * SIDE + x] == 0) {
                    zeros++;
                    top = y < top ? y : top, bottom = y > bottom ? y : bottom;
                    left = x < left ? x : left, right = x > right ? x : right;
                }
        assert_int_equal(zeros, (bottom - top + 1) * (right - left + 1));
        assert_in_range(zeros, 4, 16);
        full += zeros == 16;
    }
    assert_in_range(full, 5, 45); /* the centre is 2 or more from two borders in 25 of 64 places */
    nb_batches_free(&batches);
    nb_dataset_free(dataset);
}

static void a_batch_depends_on_seed_and_epoch_only(void **state)
{
    (void)state;
    nb_dataset *dataset = byte_dataset();
    nb_batches first = batches_of(dataset, 0, 10), second = batches_of(dataset, 0, 10);
    const nb_augmentation change = {.flip = true, .padding = 1, .cutout = 2};
    float a[10 * PIXELS], b[10 * PIXELS];
    int32_t a_labels[10], b_labels[10];
    assert_int_equal(nb_batches_shuffle(&first, &change, 9, 0, NULL), NB_OK);
    for (uint32_t i = 0; i < 5; i++)
        nb_batches_get(&first, i, NULL, a, a_labels);
    assert_int_equal(nb_batches_shuffle(&first, &change, 9, 3, NULL), NB_OK);
    assert_int_equal(nb_batches_shuffle(&second, &change, 9, 3, NULL), NB_OK);
    for (uint32_t i = 5; i-- > 0;) {
        nb_batches_get(&first, i, NULL, a, a_labels);
        nb_batches_get(&second, i, NULL, b, b_labels);
        assert_memory_equal(a, b, sizeof a);
        assert_memory_equal(a_labels, b_labels, sizeof a_labels);
    }
    assert_int_equal(nb_batches_shuffle(&second, &change, 10, 3, NULL), NB_OK);
    nb_batches_get(&second, 0, NULL, b, b_labels);
    assert_memory_not_equal(a_labels, b_labels, sizeof a_labels);
    nb_batches_free(&first);
    nb_batches_free(&second);
    nb_dataset_free(dataset);
}

/* 50 images in batches of 8: epochs begin at images 0, 50, 100, ..., so that every 4th one begins with a batch. */
static void batches_that_run_on_visit_every_image_once_in_each_epoch(void **state)
{
    (void)state;
    enum { SIZE = 8, EPOCHS = 4 };
    nb_dataset *dataset = byte_dataset();
    nb_batches batches = batches_of(dataset, 0, SIZE);
    float images[SIZE * PIXELS];
    int32_t labels[SIZE];
    uint32_t steps = 0, visits[EPOCHS][IMAGES] = {{0}};
    batches.run_on = true;
    for (uint32_t epoch = 0; epoch < EPOCHS; epoch++) {
        assert_int_equal(nb_batches_shuffle(&batches, &(nb_augmentation){0}, 5, epoch, NULL), NB_OK);
        for (uint32_t i = 0; i < batches.count; i++, steps++) {
            assert_int_equal(nb_batches_get(&batches, i, NULL, images, labels), SIZE);
            for (uint32_t k = 0; k < SIZE; k++)
                visits[(steps * SIZE + k) / IMAGES][labels[k]]++;
        }
        assert_int_equal(steps, (epoch + 1) * IMAGES / SIZE);
    }
    for (int epoch = 0; epoch < EPOCHS; epoch++)
        for (int image = 0; image < IMAGES; image++)
            assert_int_equal(visits[epoch][image], 1);
    nb_batches_free(&batches);
    nb_dataset_free(dataset);
}

/* An image that waits for the next epoch's first batch still looks as in its own epoch. */
static void images_left_over_are_augmented_as_in_their_epoch(void **state)
{
    (void)state;
    enum { SIZE = 32 };
    nb_dataset *dataset = byte_dataset();
    const nb_augmentation change = {.flip = true, .padding = 2};
    nb_batches plain = batches_of(dataset, 0, SIZE), run_on = batches_of(dataset, 0, SIZE);
    static float expected[SIZE * PIXELS], found[SIZE * PIXELS];
    int32_t expected_labels[SIZE], labels[SIZE];
    run_on.run_on = true;
    assert_int_equal(nb_batches_shuffle(&plain, &change, 6, 0, NULL), NB_OK);
    assert_int_equal(nb_batches_get(&plain, 1, NULL, expected, expected_labels), IMAGES - SIZE);
    assert_int_equal(nb_batches_shuffle(&run_on, &change, 6, 1, NULL), NB_OK);
    assert_int_equal(nb_batches_get(&run_on, 0, NULL, found, labels), SIZE);
    assert_memory_equal(labels, expected_labels, (IMAGES - SIZE) * sizeof *labels);
    assert_memory_equal(found, expected, (size_t)(IMAGES - SIZE) * PIXELS * sizeof *found);
    nb_batches_free(&plain);
    nb_batches_free(&run_on);
    nb_dataset_free(dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evaluation_batches_are_the_split_in_order),
        cmocka_unit_test(normalisation_has_the_bits_of_pytorch),
        cmocka_unit_test(every_epoch_has_each_image_once_in_another_order),
        cmocka_unit_test(training_images_are_mirrored_and_cropped_evenly),
        cmocka_unit_test(cutout_zeroes_a_square_cut_to_the_image),
        cmocka_unit_test(a_batch_depends_on_seed_and_epoch_only),
        cmocka_unit_test(batches_that_run_on_visit_every_image_once_in_each_epoch),
        cmocka_unit_test(images_left_over_are_augmented_as_in_their_epoch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
