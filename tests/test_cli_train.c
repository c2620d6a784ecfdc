/* nasbench train: from a command line to a record and a table. */
#include "cli_run.h"

#include <math.h>
#include <sys/stat.h>

#include "nasbench/record.h"
#include "tiny_images.h"

#define TINY "--schedule", "2", "--channels", "4", "--cells", "1", "--resolution", "8", "--batch", "16", "--no-checksums", "--threads", "1"

static void a_run_prints_its_epochs_and_its_result(void **state)
{
    (void)state;
    char *folder = colour_folder();
    char *text = expect_text(RUN("train", "resnet", "--data", folder, TINY));
    expect_in(text, "epoch  learning rate  train loss  train accuracy [%]  x-valid accuracy [%]  ori-test accuracy [%]");
    expect_in(text, "\n    0        0.10000");
    expect_in(text, "\n    1        0.05000");
    expect_in(text, "architecture  |nor_conv_3x3~0|+|nor_conv_3x3~1|+|skip_connect~0|skip_connect~2|\n");
    expect_in(text, "setup         cifar10-valid, 2 epochs, seed 777\n");
    expect_in(text, "ori-test");
    free(text);
    free(folder);
}

static void a_record_becomes_a_row_of_a_table(void **state)
{
    (void)state;
    char *folder = colour_folder(), *record = scratch_path("one.safetensors"), *table = scratch_path("table.safetensors");
    json_t *run = expect_json(RUN("train", "11", "--data", folder, "--dataset", "cifar10", "--seed", "5", "-o", record, TINY, "--json"));
    assert_string_equal(json_string_value(json_object_get(run, "arch")),
                        "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|none~0|nor_conv_3x3~1|avg_pool_3x3~2|");
    assert_int_equal(json_integer_value(json_object_get(run, "seed")), 5);
    json_t *curves = json_object_get(run, "curves");
    json_t *accuracy = json_object_get(json_object_get(curves, "ori-test"), "accuracy");
    assert_int_equal(json_array_size(accuracy), 2);
    char *checkpoint = scratch_path("one.safetensors.checkpoint");
    assert_int_not_equal(access(checkpoint, F_OK), 0);

    free(expect_text(RUN("import", record, "-o", table)));
    json_t *answer = expect_json(RUN("query", table, "11", "--dataset", "cifar10", "--schedule", "2", "--split", "ori-test", "--json"));
    json_t *value = json_object_get(json_array_get(answer, 0), "value");
    assert_true(json_number_value(value) == json_number_value(json_array_get(accuracy, 1)));
    json_decref(answer);
    json_decref(run);
    free(checkpoint);
    free(folder);
    free(record);
    free(table);
}

/* An edge that a named cell does not have gives zeros, like `none`: that is the row of its results. */
static void a_named_cell_without_some_edges_has_its_row_too(void **state)
{
    (void)state;
    char *folder = colour_folder(), *record = scratch_path("resnet.safetensors"), *table = scratch_path("resnet.table");
    json_t *run = expect_json(RUN("train", "resnet", "--data", folder, "-o", record, TINY, "--json"));
    json_t *accuracy = json_object_get(json_object_get(json_object_get(run, "curves"), "ori-test"), "accuracy");
    free(expect_text(RUN("import", record, "-o", table)));
    json_t *answer = expect_json(RUN("query", table, "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|skip_connect~2|",
                                     "--dataset", "cifar10-valid", "--schedule", "2", "--split", "ori-test", "--json"));
    json_t *value = json_object_get(json_array_get(answer, 0), "value");
    assert_true(json_number_value(value) == json_number_value(json_array_get(accuracy, 1)));
    json_decref(answer);
    json_decref(run);
    free(expect_text(RUN("train", "all_full", "--data", folder, "-o", record, TINY)));
    expect_failure(RUN("import", record, "-o", table), 1, "is in no space: it has no place in a table");
    free(folder);
    free(record);
    free(table);
}

/* Its recipe is taken wherever --space stands; the table answers by index, by graph and by hash. */
static void a_cell_of_nas_bench_101_is_trained_by_its_recipe_and_found_in_a_table(void **state)
{
    (void)state;
    const char *cell = "{\"matrix\":[[0,1,1],[0,0,1],[0,0,0]],\"ops\":[\"input\",\"maxpool3x3\",\"output\"]}";
    char *folder = colour_folder(), *record = scratch_path("cell.safetensors"), *table = scratch_path("cell.table");
    json_t *run = expect_json(RUN("train", cell, "--data", folder, "-o", record, TINY, "--json", "--space", "nasbench101"));
    json_t *settings = json_object_get(run, "settings");
    assert_string_equal(json_string_value(json_object_get(run, "dataset")), "cifar10-101");
    assert_string_equal(json_string_value(json_object_get(settings, "optimiser")), "RMSProp");
    assert_string_equal(json_string_value(json_object_get(settings, "learning_rate")), "0.2");
    assert_string_equal(json_string_value(json_object_get(settings, "batch")), "16");
    json_t *accuracy = json_object_get(json_object_get(json_object_get(run, "curves"), "x-valid"), "accuracy");
    free(expect_text(RUN("import", record, "-o", table)));
    const char *names[] = {"6", cell, "6f6257bc3b12d87b8736e81cd4b7ed8b"};
    for (int i = 0; i < 3; i++) {
        json_t *answer =
            expect_json(RUN("query", table, names[i], "--dataset", "cifar10-101", "--schedule", "2", "--split", "x-valid", "--json"));
        json_t *value = json_object_get(json_array_get(answer, 0), "value");
        assert_true(json_number_value(value) == json_number_value(json_array_get(accuracy, 1)));
        json_decref(answer);
    }
    json_decref(run);
    free(folder);
    free(record);
    free(table);
}

static void an_interrupted_run_goes_on_and_a_finished_one_is_left_alone(void **state)
{
    (void)state;
    char *folder = colour_folder(), *whole = scratch_path("whole.safetensors"), *resumed = scratch_path("resumed.safetensors");
    free(expect_text(RUN("train", "0", "--data", folder, "-o", whole, TINY)));
    free(expect_text(RUN("train", "0", "--data", folder, "-o", resumed, "--resume", TINY)));
    struct stat before, after;
    assert_int_equal(stat(whole, &before), 0);
    char *text = expect_text(RUN("train", "0", "--data", folder, "-o", whole, "--resume", TINY));
    expect_in(text, "ori-test");
    free(text);
    assert_int_equal(stat(whole, &after), 0);
    assert_int_equal(after.st_ino, before.st_ino);
    nb_record *a, *b;
    assert_int_equal(nb_record_read(whole, NB_RECORD_ALL, &a, NULL), NB_OK);
    assert_int_equal(nb_record_read(resumed, NB_RECORD_ALL, &b, NULL), NB_OK);
    assert_memory_equal(nb_record_weight(a, "stem.0.weight")->data, nb_record_weight(b, "stem.0.weight")->data, 4 * 3 * 9 * sizeof(float));
    nb_record_free(a);
    nb_record_free(b);
    free(folder);
    free(whole);
    free(resumed);
}

static void what_cannot_be_done_is_said_clearly(void **state)
{
    (void)state;
    char *folder = colour_folder();
    expect_failure(RUN("train", "0", "--data", "/nowhere"), 1, "CIFAR-10: no files in /nowhere: expected data_batch_1.bin");
    expect_failure(RUN("train", "0", "--data", folder), 1, "not the published file");
    expect_failure(RUN("train", "0", "--data", folder, "--dataset", "cifar11"), 1, "unknown data set 'cifar11'; known: cifar10-valid");
    expect_failure(RUN("train", "15625", "--data", folder, TINY), 1, "15625");
    expect_failure(RUN("train", "|nor_conv_3x3~0|", "--space", "nats-size", "--data", folder, TINY), 1, "");
    expect_failure(RUN("train", "0", "--data", folder, TINY, "--resolution", "15"), 1, "possible: 32, 16, 8, 4");
    expect_failure(RUN("train", "0", "--data", folder, TINY, "--images", "151"), 1, "151 training images asked for, there are 150");
    expect_failure(RUN("train", "0", "--data", folder, TINY, "--lr", "1e6"), 1, "batch 2 of training: the loss is not a number");
    expect_failure(RUN("train", "0", "--data", folder, TINY, "-o", "/nowhere/out"), 1, "/nowhere/out: cannot be written: No such file");
    expect_failure(RUN("train"), 2, "ARCH is missing");
    expect_failure(RUN("train", "0", "--resume"), 2, "--resume needs -o OUT");
    expect_failure(RUN("train", "0", "--schedule", "twelve"), 2, "--schedule");
    expect_failure(RUN("train", "0", "--evaluate", "never"), 2, "--evaluate: 'never'; every, half, last or a number of epochs expected");
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_prints_its_epochs_and_its_result),
        cmocka_unit_test(a_record_becomes_a_row_of_a_table),
        cmocka_unit_test(a_named_cell_without_some_edges_has_its_row_too),
        cmocka_unit_test(a_cell_of_nas_bench_101_is_trained_by_its_recipe_and_found_in_a_table),
        cmocka_unit_test(an_interrupted_run_goes_on_and_a_finished_one_is_left_alone),
        cmocka_unit_test(what_cannot_be_done_is_said_clearly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
