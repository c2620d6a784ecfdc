/* Data sets by key: what is known about them, how their files are found, divided and cut to size. */
#include "support.h"

#include <sys/stat.h>

#include "nasbench/dataset.h"

#define FASHION "/usr/share/datasets/fashion-mnist"

static void skip_without_fashion_mnist(void)
{
    struct stat info;
    if (stat(FASHION, &info) == 0)
        return;
    fprintf(stderr, "skipped: package dataset-fashion-mnist is not installed\n");
    skip();
}

static nb_dataset *load(const char *key, const nb_dataset_options *options)
{
    nb_dataset *dataset;
    nb_error err = {0};
    nb_status status = nb_dataset_load(key, options, NULL, &dataset, &err);
    if (status != NB_OK)
        fail_msg("%s", err.message);
    return dataset;
}

static void keys_are_described_without_their_files(void **state)
{
    (void)state;
    nb_dataset_info info;
    assert_int_equal(nb_dataset_describe("ImageNet16-120", &info, NULL), NB_OK);
    assert_int_equal(info.classes, 120);
    assert_int_equal(info.side, 16);
    assert_int_equal(info.crop_padding, 2);
    assert_int_equal(info.splits, 4);
    assert_true(info.mean[0] == (float)(122.68 / 255));
    assert_true(info.deviation[2] == (float)(65.09 / 255));
    assert_int_equal(nb_dataset_describe("cifar10-valid", &info, NULL), NB_OK);
    assert_int_equal(info.crop_padding, 4);
    assert_true(info.mean[1] == (float)(123.0 / 255));
    assert_int_equal(nb_dataset_describe("mnist", &info, NULL), NB_OK);
    assert_false(info.flip);
    assert_int_equal(info.crop_padding, 4);
    uint32_t keys = 0;
    while (nb_dataset_key(keys)) {
        assert_int_equal(nb_dataset_describe(nb_dataset_key(keys), &info, NULL), NB_OK);
        assert_string_equal(info.key, nb_dataset_key(keys++));
    }
    assert_int_equal(nb_dataset_describe("cifar10-101", &info, NULL), NB_OK);
    assert_int_equal(info.splits, 4);
    assert_true(info.mean[1] == (float)(122.95 / 255));
    assert_int_equal(keys, 9);
}

static void an_unknown_key_names_the_known_ones(void **state)
{
    (void)state;
    nb_dataset *dataset;
    nb_error err;
    assert_int_equal(nb_dataset_load("cifar11", NULL, NULL, &dataset, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "unknown data set 'cifar11'; known: cifar10-valid, cifar10, cifar10-101, cifar100, ImageNet16-120, "
                                     "fashion-mnist, fashion-mnist-valid, mnist, mnist-valid");
    assert_null(dataset);
}

static void missing_files_are_named_with_the_way_to_get_them(void **state)
{
    (void)state;
    nb_dataset *dataset;
    nb_error err;
    assert_int_equal(nb_dataset_load("cifar10", &(nb_dataset_options){.folder = "/nowhere"}, NULL, &dataset, &err), NB_ERR_NOT_FOUND);
    assert_string_equal(err.message,
                        "CIFAR-10: no files in /nowhere: expected data_batch_1.bin .. data_batch_5.bin, test_batch.bin or data_batch_1 .. "
                        "data_batch_5, test_batch; to get them: unpack cifar-10-binary.tar.gz or cifar-10-python.tar.gz from "
                        "https://www.cs.toronto.edu/~kriz/cifar.html; then name their folder (--data)");
    assert_int_equal(nb_dataset_load("ImageNet16-120", &(nb_dataset_options){.folder = "/nowhere"}, NULL, &dataset, &err),
                     NB_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "expected train_data_batch_1 .. train_data_batch_10, val_data; to get them: "));
    assert_non_null(strstr(err.message, "image-net.org"));
    assert_non_null(strstr(err.message, "(--data)"));
}

/* Writes CIFAR-10's six files with `images` images each; image i of file f has class (f + i) % 10 and all pixels f. */
static char *make_cifar10(uint32_t images)
{
    char *folder = scratch_path("cifar-10-batches-bin");
    mkdir(folder, 0777);
    uint8_t *file = calloc(images, 3073);
    for (int f = 0; f < 6; f++) {
        for (uint32_t i = 0; i < images; i++) {
            memset(file + i * 3073, f, 3073);
            file[i * 3073] = (uint8_t)((uint32_t)f + i) % 10;
        }
        char name[64];
        snprintf(name, sizeof name, f < 5 ? "cifar-10-batches-bin/data_batch_%d.bin" : "cifar-10-batches-bin/test_batch.bin", f + 1);
        char *path = scratch_path(name);
        write_file(path, file, images * 3073);
        free(path);
    }
    free(file);
    return folder;
}

static void files_are_found_below_the_folder_and_divided(void **state)
{
    (void)state;
    char *folder = make_cifar10(4);
    nb_dataset *dataset = load("cifar10-valid", &(nb_dataset_options){.folder = scratch_folder(), .no_checksums = true});
    const nb_dataset_info *info = nb_dataset_get_info(dataset);
    assert_int_equal(info->images, 24);
    assert_string_equal(info->source, folder);
    assert_int_equal(info->splits, 3);
    const nb_split *train = nb_dataset_split(dataset, 0), *valid = nb_dataset_split(dataset, 1), *test = nb_dataset_split(dataset, 2);
    assert_null(nb_dataset_split(dataset, 3));
    assert_string_equal(train->name, "train");
    assert_string_equal(valid->name, "x-valid");
    assert_string_equal(test->name, "ori-test");
    assert_int_equal(train->count, 10);
    assert_int_equal(valid->count, 10);
    assert_int_equal(test->count, 4);
    assert_int_equal(test->images[0], 20);
    assert_int_equal(nb_dataset_pixels(dataset, 21)[0], 5);
    assert_int_equal(nb_dataset_label(dataset, 21), 6);
    nb_dataset_free(dataset);
    free(folder);
}

/* Sixty images a file: with fewer than 256, all of a fifth are evaluated. */
static void nas_bench_101_trains_on_the_first_four_files(void **state)
{
    (void)state;
    char *folder = make_cifar10(60);
    nb_dataset *dataset = load("cifar10-101", &(nb_dataset_options){.folder = scratch_folder(), .no_checksums = true});
    static const struct {
        const char *name;
        uint32_t first, count;
    } expected[] = {{"train", 0, 240}, {"x-valid", 240, 60}, {"ori-test", 300, 60}, {"train-1", 0, 60}};
    assert_int_equal(nb_dataset_get_info(dataset)->splits, 4);
    for (uint32_t s = 0; s < 4; s++) {
        const nb_split *split = nb_dataset_split(dataset, s);
        assert_string_equal(split->name, expected[s].name);
        assert_int_equal(split->count, expected[s].count);
        for (uint32_t i = 0; i < split->count; i++)
            assert_int_equal(split->images[i], expected[s].first + i);
    }
    nb_dataset_free(dataset);
    free(folder);
}

static void files_that_are_not_the_published_ones_are_refused(void **state)
{
    (void)state;
    char *folder = make_cifar10(4);
    nb_dataset *dataset;
    nb_error err;
    assert_int_equal(nb_dataset_load("cifar10", &(nb_dataset_options){.folder = folder}, NULL, &dataset, &err), NB_ERR_CORRUPT);
    assert_non_null(strstr(err.message, "data_batch_1.bin: not the published file"));
    char *last = scratch_path("cifar-10-batches-bin/test_batch.bin");
    assert_int_equal(remove(last), 0);
    assert_int_equal(nb_dataset_load("cifar10", &(nb_dataset_options){.folder = folder, .no_checksums = true}, NULL, &dataset, &err),
                     NB_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "test_batch.bin: not there, though other files of the data set are"));
    free(last);
    free(folder);
}

static void the_division_of_the_test_set_is_not_applied_to_another_one(void **state)
{
    (void)state;
    static uint8_t file[3074];
    char *train = scratch_path("train.bin"), *test = scratch_path("test.bin");
    write_file(train, file, sizeof file);
    write_file(test, file, sizeof file);
    nb_dataset *dataset;
    nb_error err;
    assert_int_equal(
        nb_dataset_load("cifar100", &(nb_dataset_options){.folder = scratch_folder(), .no_checksums = true}, NULL, &dataset, &err),
        NB_ERR_FORMAT);
    assert_non_null(strstr(err.message, "1 test images, but the published division into x-valid and x-test is for 10000"));
    free(train);
    free(test);
}

static void fashion_mnist_is_found_by_itself(void **state)
{
    (void)state;
    skip_without_fashion_mnist();
    unsetenv("TORCH_HOME");
    nb_dataset *dataset = load("fashion-mnist", NULL);
    const nb_dataset_info *info = nb_dataset_get_info(dataset);
    assert_int_equal(info->images, 70000);
    assert_int_equal(info->channels, 1);
    assert_int_equal(info->side, 28);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < 60000; i++)
        for (int k = 0; k < 784; k++)
            sum += nb_dataset_pixels(dataset, i)[k];
    assert_true((double)sum / 60000 / 784 / 255 > 0.28604 && (double)sum / 60000 / 784 / 255 < 0.28605); /* the well-known mean */
    uint32_t per_class[10] = {0};
    for (uint32_t i = 0; i < nb_dataset_split(dataset, 1)->count; i++)
        per_class[nb_dataset_label(dataset, nb_dataset_split(dataset, 1)->images[i])]++;
    for (int c = 0; c < 10; c++)
        assert_int_equal(per_class[c], 1000);
    nb_dataset_free(dataset);
}

static void a_subset_is_the_first_images_of_each_split(void **state)
{
    (void)state;
    skip_without_fashion_mnist();
    nb_dataset *whole = load("fashion-mnist-valid", &(nb_dataset_options){.resolution = 8});
    nb_dataset *part = load("fashion-mnist-valid", &(nb_dataset_options){.resolution = 8, .train_images = 100, .eval_images = 50});
    assert_int_equal(nb_dataset_get_info(part)->side, 8);
    assert_int_equal(nb_dataset_get_info(part)->crop_padding, 1);
    assert_int_equal(nb_dataset_split(whole, 0)->count, 30000);
    assert_int_equal(nb_dataset_split(part, 0)->count, 100);
    assert_int_equal(nb_dataset_split(part, 1)->count, 50);
    assert_int_equal(nb_dataset_split(part, 2)->count, 50);
    assert_memory_equal(nb_dataset_split(part, 0)->images, nb_dataset_split(whole, 0)->images, 100 * sizeof(uint32_t));
    nb_dataset_free(whole);
    nb_dataset_free(part);
    nb_dataset *none;
    nb_error err;
    assert_int_equal(nb_dataset_load("fashion-mnist", &(nb_dataset_options){.train_images = 60001}, NULL, &none, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "fashion-mnist: 60001 training images asked for, there are 60000");
}

static void arrays_become_a_data_set_or_a_clear_error(void **state)
{
    (void)state;
    const uint8_t pixels[3][4] = {{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}};
    const uint16_t labels[3] = {0, 1, 1};
    const uint32_t train[] = {2, 0}, valid[] = {1};
    const nb_split splits[] = {{"train", 2, train}, {"x-valid", 1, valid}};
    nb_dataset_arrays arrays = {.key = "mine",
                                .images = 3,
                                .classes = 2,
                                .channels = 1,
                                .side = 2,
                                .pixels = pixels[0],
                                .labels = labels,
                                .splits = splits,
                                .split_count = 2,
                                .deviation = {1}};
    nb_dataset *dataset;
    nb_error err;
    assert_int_equal(nb_dataset_from_arrays(&arrays, &dataset, &err), NB_OK);
    assert_int_equal(nb_dataset_split(dataset, 0)->images[0], 2);
    assert_int_equal(nb_dataset_pixels(dataset, 2)[3], 12);
    nb_dataset_free(dataset);
    arrays.classes = 1;
    assert_int_equal(nb_dataset_from_arrays(&arrays, &dataset, &err), NB_ERR_FORMAT);
    arrays.classes = 2;
    arrays.images = 2;
    assert_int_equal(nb_dataset_from_arrays(&arrays, &dataset, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "mine: split train lists image 2 of 2");
    arrays.deviation[0] = 0;
    assert_int_equal(nb_dataset_from_arrays(&arrays, &dataset, &err), NB_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_described_without_their_files),
        cmocka_unit_test(an_unknown_key_names_the_known_ones),
        cmocka_unit_test(missing_files_are_named_with_the_way_to_get_them),
        cmocka_unit_test(files_are_found_below_the_folder_and_divided),
        cmocka_unit_test(nas_bench_101_trains_on_the_first_four_files),
        cmocka_unit_test(files_that_are_not_the_published_ones_are_refused),
        cmocka_unit_test(the_division_of_the_test_set_is_not_applied_to_another_one),
        cmocka_unit_test(fashion_mnist_is_found_by_itself),
        cmocka_unit_test(a_subset_is_the_first_images_of_each_split),
        cmocka_unit_test(arrays_become_a_data_set_or_a_clear_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
