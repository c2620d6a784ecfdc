/* Importing real records and files written by Python: every number as Python reads it. */
#include "support.h"

#include <inttypes.h>
#include <math.h>
#include <unistd.h>

#include <jansson.h>

#include "base/safetensors.h"
#include "nasbench/import.h"
#include "nasbench/query.h"

static nb_table *import_and_open(const char *source, nb_import_summary *summary)
{
    char *target = scratch_path("out.nbt");
    const char *sources[] = {source};
    nb_error err;
    nb_table *table = NULL;
    if (nb_import(sources, 1, target, NULL, summary, NULL, &err) != NB_OK)
        fail_msg("%s", err.message);
    if (nb_table_open(target, &table, &err) != NB_OK)
        fail_msg("%s", err.message);
    unlink(target);
    free(target);
    return table;
}

/* The trial of a row in a setup; fails when it is not there. */
static uint32_t find_trial(const nb_table *table, uint32_t row, const char *dataset, const char *schedule, uint32_t seed, uint32_t *setup)
{
    int found = nb_table_setup(table, dataset, schedule);
    assert_true(found >= 0);
    *setup = (uint32_t)found;
    uint32_t first;
    uint32_t count = nb_table_trials(table, *setup, row, &first);
    for (uint32_t t = first; t < first + count; t++)
        if (nb_table_trial_seed(table, *setup, t) == seed)
            return t;
    fail_msg("row %u, %s %s: no trial with seed %u", row, dataset, schedule, seed);
    return 0;
}

static void check_number(const nb_table *table, uint32_t row, const char *dataset, const char *schedule, uint32_t seed, const char *split,
                         nb_metric metric, uint32_t epoch, double expected)
{
    uint32_t setup;
    uint32_t trial = find_trial(table, row, dataset, schedule, seed, &setup);
    int number = nb_table_split(table, setup, split);
    double value = 0;
    assert_true(number >= 0);
    assert_true(nb_table_value(table, setup, trial, (uint32_t)number, metric, epoch, &value));
    if (!isnan(expected) || !isnan(value))
        assert_memory_equal(&value, &expected, sizeof value);
}

/* How many numbers a table holds. */
static uint64_t count_numbers(const nb_table *table)
{
    uint64_t count = 0;
    double value;
    for (uint32_t s = 0; s < nb_table_get_info(table)->setups; s++) {
        const nb_setup_info *setup = nb_table_setup_info(table, s);
        for (uint32_t t = 0; t < setup->trials; t++)
            for (uint32_t split = 0; split < setup->split_count; split++)
                for (nb_metric m = 0; m < NB_METRIC_COUNT; m++)
                    for (uint32_t e = 0; e < setup->epochs; e++)
                        count += nb_table_value(table, s, t, split, m, e, &value);
    }
    return count;
}

/* ---- the real records ---- */

/* One dict of a record's JSON: epochs or "set@epoch" to numbers. */
static uint64_t check_json_curve(const nb_table *table, uint32_t row, const char *schedule, json_t *trial, const char *field,
                                 nb_metric metric)
{
    uint64_t count = 0;
    const char *key;
    json_t *value;
    const char *dataset = json_string_value(json_object_get(trial, "name"));
    uint32_t seed = (uint32_t)atoi(json_string_value(json_object_get(trial, "seed")));
    json_object_foreach(json_object_get(trial, field), key, value)
    {
        const char *at = strchr(key, '@');
        char split[64] = "train";
        if (at)
            snprintf(split, sizeof split, "%.*s", (int)(at - key), key);
        check_number(table, row, dataset, schedule, seed, split, metric, (uint32_t)atoi(at ? at + 1 : key), json_number_value(value));
        count++;
    }
    return count;
}

static uint64_t check_json_trial(const nb_table *table, uint32_t row, const char *schedule, json_t *trial)
{
    static const struct {
        const char *field;
        nb_metric metric;
    } fields[] = {
        {"train_losses", NB_METRIC_LOSS}, {"train_acc1es", NB_METRIC_ACCURACY}, {"train_acc5es", NB_METRIC_ACCURACY5},
        {"train_times", NB_METRIC_TIME},  {"eval_losses", NB_METRIC_LOSS},      {"eval_acc1es", NB_METRIC_ACCURACY},
        {"eval_times", NB_METRIC_TIME},
    };
    uint64_t count = 0;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        count += check_json_curve(table, row, schedule, trial, fields[i].field, fields[i].metric);
    uint32_t setup;
    uint32_t number = find_trial(table, row, json_string_value(json_object_get(trial, "name")), schedule,
                                 (uint32_t)atoi(json_string_value(json_object_get(trial, "seed"))), &setup);
    assert_true(nb_table_trial_flops(table, setup, number) == json_number_value(json_object_get(trial, "flop")));
    assert_true(nb_table_trial_params(table, setup, number) == json_number_value(json_object_get(trial, "params")));
    assert_int_equal(nb_table_trial_epochs(table, setup, number), json_integer_value(json_object_get(trial, "epochs")));
    json_t *latency = json_object_get(trial, "latency");
    const double *values;
    size_t latencies = nb_table_trial_latency(table, setup, number, &values);
    assert_int_equal(latencies, json_array_size(latency));
    for (size_t i = 0; i < latencies; i++)
        assert_true(values[i] == json_number_value(json_array_get(latency, i)));
    uint32_t order[8];
    uint32_t names = nb_table_trial_eval_splits(table, setup, number, order, 8);
    assert_int_equal(names, json_array_size(json_object_get(trial, "eval_names")));
    for (uint32_t i = 0; i < names; i++)
        assert_string_equal(nb_table_setup_info(table, setup)->splits[order[i]],
                            json_string_value(json_array_get(json_object_get(trial, "eval_names"), i)));
    return count;
}

/* Compares a record with the table; returns how many numbers it has. */
static uint64_t check_json(const nb_table *table, const char *path)
{
    json_error_t problem;
    json_t *record = json_load_file(shared_path(path), 0, &problem);
    assert_non_null(record);
    uint64_t count = 0;
    const char *schedule, *key;
    json_t *state, *trial;
    json_object_foreach(record, schedule, state)
    {
        uint32_t row = (uint32_t)json_integer_value(json_object_get(state, "arch_index"));
        const char *text = json_string_value(json_object_get(state, "arch_str"));
        assert_int_equal(nb_table_row_of_string(table, text), row);
        json_object_foreach(json_object_get(state, "all_results"), key, trial) count += check_json_trial(table, row, schedule, trial);
        uint32_t order[8];
        size_t i = 0;
        json_t *seeds;
        uint32_t datasets = nb_table_row_datasets(table, row, schedule, order, 8);
        json_object_foreach(json_object_get(state, "dataset_seed"), key, seeds)
            assert_string_equal(nb_table_dataset(table, order[i++]), key);
        assert_int_equal(datasets, i);
    }
    json_decref(record);
    return count;
}

static void check_real(const char *folder, const char *first, const char *second, const char *kind, uint32_t rows)
{
    skip_without_shared();
    nb_import_summary summary;
    nb_table *table = import_and_open(shared_path(folder), &summary);
    uint64_t count = check_json(table, first);
    count += check_json(table, second);
    assert_int_equal(count_numbers(table), count);
    assert_string_equal(summary.kind, kind);
    assert_int_equal(summary.files, 3);
    assert_int_equal(summary.architectures, 2);
    assert_int_equal(nb_table_get_info(table)->rows, rows);
    assert_int_equal(nb_table_get_info(table)->flavour, NB_FLAVOUR_NATS);
    nb_table_close(table);
}

static void real_topology_records_come_back_bit_for_bit(void **state)
{
    (void)state;
    check_real("data/nats-bench-real-archs/raw/NATS-tss-v1_0-3ffb9-simple", "data/nats-bench-real-archs/tss_000000.json",
               "data/nats-bench-real-archs/tss_000011.json", "NATS-Bench topology space results", 15625);
}

static void real_size_records_come_back_bit_for_bit(void **state)
{
    (void)state;
    check_real("data/nats-bench-real-archs/raw/NATS-sss-v1_0-50262-simple", "data/nats-bench-real-archs/sss_000000.json",
               "data/nats-bench-real-archs/sss_000011.json", "NATS-Bench size space results", 32768);
}

static void a_single_real_record_needs_no_meta_file(void **state)
{
    (void)state;
    skip_without_shared();
    nb_table *table = import_and_open(shared_path("data/nats-bench-real-archs/raw/NATS-tss-v1_0-3ffb9-simple/000011.pickle.pbz2"), NULL);
    assert_int_equal(count_numbers(table), check_json(table, "data/nats-bench-real-archs/tss_000011.json"));
    nb_table_close(table);
}

static void the_real_accuracy_table_is_imported_from_csv(void **state)
{
    (void)state;
    skip_without_shared();
    const char *columns[] = {"c10_test_200=cifar10/200/ori-test/accuracy", "c100_test_12=cifar100/less/x-test/accuracy#111"};
    nb_import_options options = {.columns = columns, .column_count = 2};
    nb_import_summary summary;
    const char *sources[] = {shared_path("data/nasbench201-tables/nb201_accuracy.csv")};
    char *target = scratch_path("csv.nbt");
    nb_error err;
    nb_table *table;
    if (nb_import(sources, 1, target, &options, &summary, NULL, &err) != NB_OK)
        fail_msg("%s", err.message);
    assert_int_equal(nb_table_open(target, &table, &err), NB_OK);
    assert_int_equal(summary.architectures, 15625);
    assert_int_equal(summary.trials, 2 * 15625);
    assert_int_equal(summary.columns, 2);
    check_number(table, 6111, "cifar10", "200", 0, "ori-test", NB_METRIC_ACCURACY, 199, 94.3733);
    check_number(table, 0, "cifar100", "12", 111, "x-test", NB_METRIC_ACCURACY, 11, 31.26);
    uint32_t setup;
    uint32_t trial = find_trial(table, 0, "cifar10", "200", 0, &setup);
    assert_true(nb_table_trial_flops(table, setup, trial) == 15.64737); /* nobody gave them: computed */
    assert_true(nb_table_trial_params(table, setup, trial) == 0.129306);
    nb_table_close(table);
    unlink(target);
    free(target);
}

/* ---- files written by Python ---- */

static bool run_python(const char *arguments)
{
    char command[8192];
    snprintf(command, sizeof command, "/usr/bin/python3 " NB_SOURCE_DIR "/tests/import_oracle.py %s 2>%s/python.log", arguments,
             scratch_folder());
    return system(command) == 0;
}

/* The folder with files of every format and what Python says about them; made once. NULL when Python or torch is missing. */
static const char *oracle_folder(void)
{
    static char folder[256];
    static int known; /* 0: not tried, 1: there, -1: not to be had */
    if (known == 0) {
        char arguments[2048];
        snprintf(folder, sizeof folder, "%s", scratch_folder());
        snprintf(arguments, sizeof arguments, "%s %s", shared_path("tools/make_nb201_pth.py"), folder);
        known = run_python(arguments) ? 1 : -1;
    }
    return known > 0 ? folder : NULL;
}

static void skip_without_oracle(void)
{
    skip_without_shared();
    if (oracle_folder())
        return;
    fprintf(stderr, "skipped: Debian's python3-torch or the maker of files is not there\n");
    skip();
}

/* A word of a line, ended with a zero in place. */
static char *next_word(char **line)
{
    char *word = strsep(line, " \n");
    assert_non_null(word);
    return word;
}

static double double_of_hex(const char *digits)
{
    uint64_t bits = strtoull(digits, NULL, 16);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

typedef struct line_head {
    uint32_t row, seed;
    const char *schedule, *dataset;
} line_head;

static line_head read_head(char **line)
{
    line_head head;
    head.row = (uint32_t)atoi(next_word(line));
    head.schedule = next_word(line);
    head.dataset = next_word(line);
    head.seed = (uint32_t)atoi(next_word(line));
    return head;
}

static void check_costs(const nb_table *table, line_head head, char *rest)
{
    uint32_t setup;
    uint32_t trial = find_trial(table, head.row, head.dataset, head.schedule, head.seed, &setup);
    assert_true(nb_table_trial_flops(table, setup, trial) == double_of_hex(next_word(&rest)));
    assert_true(nb_table_trial_params(table, setup, trial) == double_of_hex(next_word(&rest)));
    const double *values;
    size_t count = nb_table_trial_latency(table, setup, trial, &values);
    for (size_t i = 0; i < count; i++)
        assert_true(values[i] == double_of_hex(next_word(&rest)));
    assert_true(!rest || *rest == '\0' || *rest == '\n');
}

/* One line of the oracle. Returns 1 for a number. */
static int check_line(const nb_table *table, char *line)
{
    const char *what = next_word(&line);
    if (*what == 'a') {
        uint32_t row = (uint32_t)atoi(next_word(&line));
        assert_int_equal(nb_table_row_of_string(table, next_word(&line)), row);
        return 0;
    }
    line_head head = read_head(&line);
    if (*what == 'c')
        check_costs(table, head, line);
    if (*what != 'v')
        return 0;
    const char *split = next_word(&line);
    nb_metric metric;
    assert_int_equal(nb_metric_parse(next_word(&line), &metric, NULL), NB_OK);
    uint32_t epoch = (uint32_t)atoi(next_word(&line));
    check_number(table, head.row, head.dataset, head.schedule, head.seed, split, metric, epoch, double_of_hex(next_word(&line)));
    return 1;
}

static void check_against_python(const char *name, const char *kind)
{
    skip_without_oracle();
    char path[600];
    snprintf(path, sizeof path, "%s/%s", oracle_folder(), name);
    nb_import_summary summary;
    nb_table *table = import_and_open(path, &summary);
    assert_string_equal(summary.kind, kind);
    snprintf(path, sizeof path, "%s/%s.txt", oracle_folder(), name);
    FILE *lines = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    uint64_t count = 0;
    assert_non_null(lines);
    while (getline(&line, &room, lines) > 0)
        count += (uint64_t)check_line(table, line);
    assert_true(count > 100);
    assert_int_equal(count_numbers(table), count);
    free(line);
    fclose(lines);
    nb_table_close(table);
}

static void a_legacy_v1_0_file_agrees_with_python(void **state)
{
    (void)state;
    check_against_python("v1_0.pth", "NAS-Bench-201 v1.0 results");
}

static void a_legacy_v1_1_file_with_nan_losses_agrees_with_python(void **state)
{
    (void)state;
    check_against_python("v1_1.pth", "NAS-Bench-201 v1.1 results");
}

static void a_zip_file_agrees_with_python(void **state)
{
    (void)state;
    check_against_python("zip.pth", "NAS-Bench-201 v1.1 results");
}

static void a_file_with_last_epochs_only_agrees_with_python(void **state)
{
    (void)state;
    check_against_python("last.pth", "NAS-Bench-201 v1.0 results");
}

static void a_nats_folder_agrees_with_python(void **state)
{
    (void)state;
    check_against_python("nats-dir", "NATS-Bench topology space results");
}

static void a_nats_file_agrees_with_python(void **state)
{
    (void)state;
    check_against_python("nats.pickle.pbz2", "NATS-Bench topology space results");
}

static void archives_with_weights_agree_with_python(void **state)
{
    (void)state;
    check_against_python("archive", "NAS-Bench-201 v1.0 results");
    check_against_python("archive-zip", "NAS-Bench-201 v1.0 results");
    check_against_python("nats-full", "NATS-Bench topology space results");
}

/* ---- weights ---- */

/* Compares one "w" line with an exported file. */
static void check_weight(const nb_safetensors *file, uint32_t prefix_seed, char *rest)
{
    char name[300];
    const char *plain = next_word(&rest);
    if (prefix_seed)
        snprintf(name, sizeof name, "%u/%s", prefix_seed, plain);
    else
        snprintf(name, sizeof name, "%s", plain);
    const nb_st_tensor *tensor = nb_safetensors_find(file, name);
    assert_non_null(tensor);
    assert_string_equal(nb_dtype_name(tensor->dtype), strcmp(next_word(&rest), "int64") == 0 ? "I64" : "F32");
    char shape[64] = "-";
    size_t used = 0;
    for (uint32_t d = 0; d < tensor->rank; d++)
        used += (size_t)snprintf(shape + used, sizeof shape - used, "%s%" PRIu64, d ? "x" : "", tensor->shape[d]);
    assert_string_equal(shape, next_word(&rest));
    const char *hex = next_word(&rest);
    assert_int_equal(strlen(hex), 2 * tensor->size);
    for (size_t i = 0; i < tensor->size; i++) {
        char two[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        assert_int_equal(((const uint8_t *)tensor->data)[i], strtoul(two, NULL, 16));
    }
}

/* Exports the weights of one dataset and schedule and compares them with Python's. `seed` -1: all. */
static void check_weights(const char *name, const char *arch, const char *dataset, const char *schedule, int64_t seed, size_t expected)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", oracle_folder(), name);
    char *target = scratch_path("weights.safetensors");
    nb_error err;
    size_t tensors;
    nb_weights_request request = {path, arch, dataset, schedule, seed};
    if (nb_weights_export(&request, target, &tensors, &err) != NB_OK)
        fail_msg("%s", err.message);
    assert_int_equal(tensors, expected);
    size_t size;
    uint8_t *bytes = read_file(target, &size);
    nb_safetensors file;
    assert_int_equal(nb_safetensors_parse(bytes, size, "weights", &file, &err), NB_OK);
    assert_int_equal(file.count, expected);
    assert_string_equal(nb_safetensors_metadata(&file, "dataset"), dataset);
    assert_string_equal(nb_safetensors_metadata(&file, "schedule"), schedule);
    assert_string_equal(nb_safetensors_metadata(&file, "arch_index"), arch);

    snprintf(path, sizeof path, "%s/%s.txt", oracle_folder(), name);
    FILE *lines = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    size_t count = 0;
    assert_non_null(lines);
    while (getline(&line, &room, lines) > 0) {
        char *rest = line;
        if (*next_word(&rest) != 'w')
            continue;
        line_head head = read_head(&rest);
        if (head.row != (uint32_t)atoi(arch) || strcmp(head.dataset, dataset) != 0 || strcmp(head.schedule, schedule) != 0 ||
            (seed >= 0 && head.seed != seed))
            continue;
        check_weight(&file, seed < 0 ? head.seed : 0, rest);
        count++;
    }
    assert_int_equal(count, expected);
    fclose(lines);
    free(line);
    nb_safetensors_free(&file);
    free(bytes);
    free(target);
}

static void weights_of_one_seed_and_of_all_agree_with_python(void **state)
{
    (void)state;
    skip_without_oracle();
    check_weights("archive", "157", "cifar10", "200", 888, 31);
    check_weights("archive", "158", "ImageNet16-120", "200", NB_WEIGHTS_ALL_SEEDS, 62);
    check_weights("archive", "158", "cifar10-valid", "12", 777, 31);
    check_weights("archive-zip", "157", "cifar100", "200", 777, 31);
    check_weights("nats-full", "158", "cifar100", "200", 777, 31);
}

static void weights_that_are_not_there_are_named(void **state)
{
    (void)state;
    skip_without_oracle();
    char path[600], expected[800];
    char *target = scratch_path("none.safetensors");
    nb_error err;
    snprintf(path, sizeof path, "%s/archive/000157-FULL.pth", oracle_folder());
    nb_weights_request request = {path, NULL, "cifar10", NULL, 999};
    assert_int_equal(nb_weights_export(&request, target, NULL, &err), NB_ERR_NOT_FOUND);
    snprintf(expected, sizeof expected, "%s: no weights of seed 999; seeds of cifar10: 777, 888", path);
    assert_string_equal(err.message, expected);
    request.dataset = "mnist";
    assert_int_equal(nb_weights_export(&request, target, NULL, &err), NB_ERR_NOT_FOUND);
    snprintf(expected, sizeof expected, "%s: no results of dataset mnist", path);
    assert_string_equal(err.message, expected);
    snprintf(path, sizeof path, "%s/nats-dir", oracle_folder());
    request = (nb_weights_request){path, "1", "cifar10", "200", 777};
    assert_int_equal(nb_weights_export(&request, target, NULL, &err), NB_ERR_NOT_FOUND);
    snprintf(expected, sizeof expected, "%s/000001.pickle.pbz2: trial (cifar10, 777) has no weights: they were removed from this file",
             path);
    assert_string_equal(err.message, expected);
    assert_int_not_equal(access(target, F_OK), 0);
    free(target);
}

/* ---- the same numbers through another version's interface ---- */

static const double *info_value(const nb_more_info *info, nb_info_key key)
{
    return info->present[key] && !info->null[key] ? &info->values[key] : NULL;
}

static nb_more_info more_info(const nb_table *table, const char *dataset, nb_flavour flavour)
{
    nb_pick mean = {0};
    nb_more_info info;
    nb_error err;
    int setup = nb_table_setup(table, dataset, "200");
    assert_true(setup >= 0);
    if (nb_table_more_info(table, (uint32_t)setup, 0, NB_EPOCH_LAST, &mean, flavour, &info, &err) != NB_OK)
        fail_msg("%s", err.message);
    return info;
}

static void expect_best(const nb_table *table, const char *dataset, const char *split, uint32_t row, double value)
{
    nb_best_spec spec = {
        .query = {.dataset = dataset, .schedule = "200", .split = split, .metric = NB_METRIC_ACCURACY, .epoch = NB_EPOCH_LAST}};
    nb_best best;
    uint32_t count;
    nb_error err;
    assert_int_equal(nb_table_best(table, &spec, &best, 1, &count, &err), NB_OK);
    assert_int_equal(count, 1);
    assert_int_equal(best.row, row);
    assert_true(best.value == value);
}

/* The expected numbers are those that the original code printed for these records in a NAS-Bench-201 file. */
static void repacked_records_answer_as_the_original_interfaces_did(void **state)
{
    (void)state;
    skip_without_shared();
    char arguments[4096];
    snprintf(arguments, sizeof arguments, "--repack %s %s", shared_path("data/nats-bench-real-archs/raw/NATS-tss-v1_0-3ffb9-simple"),
             scratch_folder());
    if (!run_python(arguments)) {
        fprintf(stderr, "skipped: Debian's python3-torch is not there\n");
        skip();
    }
    char *path = scratch_path("repacked.pth");
    nb_table *table = import_and_open(path, NULL);

    nb_more_info info = more_info(table, "cifar10-valid", NB_FLAVOUR_1_0);
    assert_true(*info_value(&info, NB_INFO_VALID_ACCURACY) == 81.98266665690103);
    assert_true(*info_value(&info, NB_INFO_TRAIN_ALL_TIME) == 1444.2185997962952);
    assert_true(*info_value(&info, NB_INFO_VALID_PER_TIME) == 2.54897923696609);
    assert_true(*info_value(&info, NB_INFO_TEST_ACCURACY) == 81.52);
    assert_false(info.present[NB_INFO_TRAIN_PER_TIME]);

    info = more_info(table, "cifar100", NB_FLAVOUR_1_0);
    assert_int_equal(info.count, 6);
    assert_true(*info_value(&info, NB_INFO_TEST_ACCURACY) == 52.913333294677734);

    expect_best(table, "cifar10-valid", "x-valid", 11, 87.9399999983724);
    expect_best(table, "cifar100", "x-test", 11, 67.6066666422526);
    assert_int_equal(nb_table_row_of_string(table, "3"), -1);
    nb_table_close(table);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_topology_records_come_back_bit_for_bit),
        cmocka_unit_test(real_size_records_come_back_bit_for_bit),
        cmocka_unit_test(a_single_real_record_needs_no_meta_file),
        cmocka_unit_test(the_real_accuracy_table_is_imported_from_csv),
        cmocka_unit_test(a_legacy_v1_0_file_agrees_with_python),
        cmocka_unit_test(a_legacy_v1_1_file_with_nan_losses_agrees_with_python),
        cmocka_unit_test(a_zip_file_agrees_with_python),
        cmocka_unit_test(a_file_with_last_epochs_only_agrees_with_python),
        cmocka_unit_test(a_nats_folder_agrees_with_python),
        cmocka_unit_test(a_nats_file_agrees_with_python),
        cmocka_unit_test(archives_with_weights_agree_with_python),
        cmocka_unit_test(weights_of_one_seed_and_of_all_agree_with_python),
        cmocka_unit_test(weights_that_are_not_there_are_named),
        cmocka_unit_test(repacked_records_answer_as_the_original_interfaces_did),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
