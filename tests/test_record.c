/* Records of single runs: every field survives the file, damage is refused, a table takes them. */
#include "support.h"

#include <math.h>

#include "base/file.h"
#include "nasbench/record.h"
#include "nasbench/space.h"

#define ARCH_0 "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"

/* A run of 3 epochs: training measured in all, x-valid in the last two, ori-test in the last. */
static nb_record *example(void)
{
    nb_record *record;
    double *values;
    assert_int_equal(nb_record_new("nasbench201", ARCH_0, "cifar10-valid", "3", NULL, 3, &record, NULL), NB_OK);
    record->seed = 777;
    record->channels = 16;
    record->cells = 5;
    record->classes = 10;
    record->flops = 15.64737;
    record->params = 0.129306;
    assert_int_equal(nb_record_curve_of(record, "train", NB_METRIC_ACCURACY, &values, NULL), NB_OK);
    values[0] = 28.172000009765625;
    values[1] = 40;
    values[2] = 50.5;
    assert_int_equal(nb_record_curve_of(record, "x-valid", NB_METRIC_LOSS, &values, NULL), NB_OK);
    values[1] = 1.5;
    values[2] = 1.25;
    assert_int_equal(nb_record_curve_of(record, "ori-test", NB_METRIC_ACCURACY, &values, NULL), NB_OK);
    values[2] = 0.1 + 0.2;
    assert_int_equal(nb_record_set_latency(record, (double[]){0.5, 0.25}, 2, NULL), NB_OK);
    assert_int_equal(nb_record_set(record, NULL, "batch", "%d", 256), NB_OK);
    assert_int_equal(nb_record_set(record, NULL, "batch", "%d", 128), NB_OK);
    assert_int_equal(nb_record_add_weight(record, "stem.0.weight", NB_WEIGHT_F32, 2, (uint64_t[]){2, 2}, (float[]){1, 2, 3, 4}, NULL),
                     NB_OK);
    assert_int_equal(nb_record_add_weight(record, "stem.1.num_batches_tracked", NB_WEIGHT_I64, 0, NULL, (int64_t[]){-7}, NULL), NB_OK);
    return record;
}

static void assert_value(const nb_record *record, const char *split, nb_metric metric, uint32_t epoch, double expected)
{
    double value;
    assert_true(nb_record_value(record, split, metric, epoch, &value));
    assert_true(value == expected);
}

static void every_field_survives_the_file(void **state)
{
    (void)state;
    char *path = scratch_path("record.safetensors");
    nb_record *written = example(), *record;
    assert_int_equal(nb_record_write(written, path, NULL), NB_OK);
    assert_int_equal(nb_record_read(path, NB_RECORD_ALL, &record, NULL), NB_OK);
    assert_string_equal(record->space, "nasbench201");
    assert_string_equal(record->arch, ARCH_0);
    assert_string_equal(record->dataset, "cifar10-valid");
    assert_string_equal(record->schedule, "3");
    assert_string_equal(record->genotype, "");
    assert_int_equal(record->seed, 777);
    assert_int_equal(record->epochs, 3);
    assert_int_equal(record->channels, 16);
    assert_int_equal(record->cells, 5);
    assert_int_equal(record->classes, 10);
    assert_true(record->flops == 15.64737 && record->params == 0.129306);
    assert_int_equal(record->latency_count, 2);
    assert_true(record->latency[0] == 0.5 && record->latency[1] == 0.25);
    assert_value(record, "train", NB_METRIC_ACCURACY, 0, 28.172000009765625);
    assert_value(record, "ori-test", NB_METRIC_ACCURACY, 2, 0.1 + 0.2);
    double value;
    assert_false(nb_record_value(record, "x-valid", NB_METRIC_LOSS, 0, &value));
    assert_false(nb_record_value(record, "x-test", NB_METRIC_LOSS, 2, &value));
    assert_false(nb_record_value(record, "train", NB_METRIC_ACCURACY, 3, &value));
    assert_string_equal(nb_record_setting_of(record, "batch"), "128");
    assert_null(nb_record_setting_of(record, "optimiser"));
    assert_int_equal(record->weight_count, 2);
    const nb_weight *stem = nb_record_weight(record, "stem.0.weight"), *counter = nb_record_weight(record, "stem.1.num_batches_tracked");
    assert_true(stem && counter && !nb_record_weight(record, "stem.2.weight"));
    assert_int_equal(stem->rank, 2);
    assert_int_equal(stem->shape[1], 2);
    assert_true(((float *)stem->data)[3] == 4);
    assert_int_equal(counter->rank, 0);
    assert_int_equal(((int64_t *)counter->data)[0], -7);
    nb_record_free(record);
    assert_int_equal(nb_record_read(path, NB_RECORD_WITHOUT_WEIGHTS, &record, NULL), NB_OK);
    assert_int_equal(record->weight_count, 0);
    nb_record_free(record);
    nb_record_free(written);
    free(path);
}

static void a_damaged_record_is_refused(void **state)
{
    (void)state;
    char *path = scratch_path("damaged.safetensors");
    nb_record *written = example(), *record;
    nb_error err;
    assert_int_equal(nb_record_write(written, path, NULL), NB_OK);
    size_t size;
    uint8_t *bytes = read_file(path, &size);
    for (size_t cut = 0; cut < size; cut += 13)
        assert_int_not_equal(nb_record_parse(bytes, cut, "cut", NB_RECORD_ALL, &record, &err), NB_OK);
    char *found = memmem(bytes, size, "nasbench record 1", 17);
    assert_non_null(found);
    found[16] = '2';
    assert_int_equal(nb_record_parse(bytes, size, "new", NB_RECORD_ALL, &record, &err), NB_ERR_UNSUPPORTED);
    assert_string_equal(err.message, "new: format 'nasbench record 2', this version reads 'nasbench record 1'");
    found[16] = '1';
    found = memmem(bytes, size, "\"epochs\":\"3\"", 12);
    assert_non_null(found);
    found[10] = '4';
    assert_int_equal(nb_record_parse(bytes, size, "long", NB_RECORD_ALL, &record, &err), NB_ERR_FORMAT);
    assert_non_null(strstr(err.message, "long: 'curve/"));
    free(bytes);
    nb_record_free(written);
    free(path);
}

static void a_table_is_made_of_records(void **state)
{
    (void)state;
    char *path = scratch_path("table.safetensors");
    const nb_space *space = nb_space_find("nasbench201", NULL);
    nb_table_writer *writer;
    nb_record *record = example();
    nb_arch arch;
    assert_int_equal(nb_space_parse(space, record->arch, strlen(record->arch), &arch, NULL), NB_OK);
    uint32_t row = (uint32_t)nb_space_index(space, &arch);
    assert_int_equal(row, 0);
    assert_int_equal(nb_table_writer_open(path, &(nb_table_description){.space = space, .flavour = NB_FLAVOUR_NATS}, &writer, NULL), NB_OK);
    assert_int_equal(nb_record_add_to_table(record, writer, row, NULL), NB_OK);
    record->seed = 888;
    assert_int_equal(nb_record_add_to_table(record, writer, row, NULL), NB_OK);
    assert_int_equal(nb_table_writer_commit(writer, NULL, NULL), NB_OK);

    nb_table *table;
    assert_int_equal(nb_table_open(path, &table, NULL), NB_OK);
    int setup = nb_table_setup(table, "cifar10-valid", "3");
    assert_int_equal(setup, 0);
    uint32_t first;
    assert_int_equal(nb_table_trials(table, 0, row, &first), 2);
    assert_int_equal(nb_table_trial_seed(table, 0, first + 1), 888);
    assert_true(nb_table_trial_flops(table, 0, first) == 15.64737);
    double value;
    assert_true(nb_table_value(table, 0, first, (uint32_t)nb_table_split(table, 0, "train"), NB_METRIC_ACCURACY, 0, &value));
    assert_true(value == 28.172000009765625);
    assert_true(nb_table_value(table, 0, first, (uint32_t)nb_table_split(table, 0, "x-valid"), NB_METRIC_LOSS, 1, &value));
    assert_true(value == 1.5);
    assert_false(nb_table_value(table, 0, first, (uint32_t)nb_table_split(table, 0, "x-valid"), NB_METRIC_LOSS, 0, &value));
    assert_false(nb_table_value(table, 0, first, (uint32_t)nb_table_split(table, 0, "ori-test"), NB_METRIC_ACCURACY, 1, &value));
    nb_table_close(table);
    nb_record_free(record);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_survives_the_file),
        cmocka_unit_test(a_damaged_record_is_refused),
        cmocka_unit_test(a_table_is_made_of_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
