/* Training, data sets and records when memory runs out: every allocation may fail, nothing leaks, nothing is half done. */
#include "support.h"

#include "heap.h"
#include "nasbench/train.h"
#include "tiny_images.h"

#define CELL "|nor_conv_3x3~0|+|nor_conv_1x1~0|avg_pool_3x3~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"

static void skip_unwatched(void)
{
    if (heap_is_watched())
        return;
    fprintf(stderr, "skipped: the sanitizer has its own heap\n");
    skip();
}

static nb_status train_and_write(const nb_dataset *dataset, const char *path, nb_error *err)
{
    nb_train_options options = nb_train_defaults();
    options.schedule = "1";
    options.channels = 4;
    options.cells = 1;
    options.batch = 8;
    nb_record *record = NULL;
    nb_status status = nb_train(dataset, CELL, &options, NULL, &record, err);
    if (status == NB_OK)
        status = nb_record_write(record, path, err);
    nb_record_free(record);
    return status;
}

static void every_allocation_of_a_run_may_fail(void **state)
{
    (void)state;
    skip_unwatched();
    nb_dataset *dataset = tiny_images(8, 4, 0.5f);
    char *path = scratch_path("record.safetensors");
    nb_error err;
    assert_int_equal(train_and_write(dataset, path, &err), NB_OK); /* what the first use makes and keeps */
    bool failed = true;
    long before = heap_blocks();
    for (long i = 0; failed; i++) {
        remove(path);
        heap_fail_after(i);
        nb_status status = train_and_write(dataset, path, &err);
        failed = heap_has_failed();
        heap_fail_after(-1);
        assert_int_equal(heap_blocks(), before);
        if (status == NB_OK)
            continue; /* the C library did without that block */
        assert_int_equal(status, NB_ERR_MEMORY);
        FILE *file = fopen(path, "rb");
        assert_null(file);
    }
    nb_dataset_free(dataset);
    free(path);
}

static void every_allocation_of_reading_a_record_may_fail(void **state)
{
    (void)state;
    skip_unwatched();
    nb_dataset *dataset = tiny_images(8, 4, 0.5f);
    char *path = scratch_path("read.safetensors");
    nb_error err;
    assert_int_equal(train_and_write(dataset, path, &err), NB_OK);
    bool failed = true;
    long before = heap_blocks();
    for (long i = 0; failed; i++) {
        nb_record *record;
        heap_fail_after(i);
        nb_status status = nb_record_read(path, NB_RECORD_ALL, &record, &err);
        failed = heap_has_failed();
        heap_fail_after(-1);
        if (status != NB_OK && status != NB_ERR_MEMORY)
            fail_msg("%s", err.message);
        nb_record_free(record);
        assert_int_equal(heap_blocks(), before);
    }
    nb_dataset_free(dataset);
    free(path);
}

static void every_allocation_of_a_data_set_may_fail(void **state)
{
    (void)state;
    skip_unwatched();
    static uint8_t file[6][2 * 3073];
    for (int f = 0; f < 6; f++) {
        char name[32];
        snprintf(name, sizeof name, f < 5 ? "data_batch_%d.bin" : "test_batch.bin", f + 1);
        char *path = scratch_path(name);
        write_file(path, file[f], sizeof file[f]);
        free(path);
    }
    nb_dataset_options options = {.folder = scratch_folder(), .no_checksums = true, .resolution = 8};
    bool failed = true;
    long before = heap_blocks();
    for (long i = 0; failed; i++) {
        nb_dataset *dataset;
        nb_error err;
        heap_fail_after(i);
        nb_status status = nb_dataset_load("cifar10-valid", &options, NULL, &dataset, &err);
        failed = heap_has_failed();
        heap_fail_after(-1);
        if (status != NB_OK && status != NB_ERR_MEMORY)
            fail_msg("%s", err.message);
        nb_dataset_free(dataset);
        assert_int_equal(heap_blocks(), before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_of_a_run_may_fail),
        cmocka_unit_test(every_allocation_of_reading_a_record_may_fail),
        cmocka_unit_test(every_allocation_of_a_data_set_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
