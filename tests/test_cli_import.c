/* nasbench import, and the way round through export: CSV files of one's own, and the real records of NATS-Bench. */
#include "cli_run.h"

static json_t *load(const char *path)
{
    json_error_t error;
    json_t *value = json_load_file(path, 0, &error);
    if (!value)
        fail_msg("%s: %s", path, error.text);
    return value;
}

/* ---- CSV ---- */

static const char own_results[] = "index,acc,note,cifar100/200/x-test/accuracy#5\n"
                                  "0,85.1234567890123,first,52.5\n"
                                  "11,91.583333333333329,,\n"
                                  "284,,no accuracy,40.25\n";

static char *write_own_results(void)
{
    char *path = scratch_path("own.csv");
    write_file(path, own_results, strlen(own_results));
    return path;
}

static void a_csv_of_one_s_own_becomes_a_table(void **state)
{
    (void)state;
    char *csv = write_own_results(), *table = scratch_path("own.safetensors");
    char *text = expect_text(RUN("import", csv, "-o", table, "--column", "acc=cifar10/200/ori-test/accuracy", "--name", "mine"));
    expect_in(text, "own.safetensors: ");
    expect_in(text, "3 architectures, 4 trials, 2 columns taken, 1 left out; 1 file, ");
    free(text);
    json_t *list = expect_json(RUN("query", table, "0", "11", "284", "--dataset", "cifar10", "--json"));
    assert_true(json_real_value(json_object_get(json_array_get(list, 0), "value")) == 85.1234567890123);
    assert_true(json_real_value(json_object_get(json_array_get(list, 1), "value")) == 91.583333333333329);
    assert_true(json_is_null(json_object_get(json_array_get(list, 2), "value")));
    json_decref(list);
    list = expect_json(RUN("query", table, "284", "--dataset", "cifar100", "--seed", "5", "--json"));
    assert_true(json_real_value(json_object_get(json_array_get(list, 0), "value")) == 40.25);
    json_decref(list);
    json_t *info = expect_json(RUN("info", table, "--json"));
    assert_string_equal(json_string_value(json_object_get(info, "benchmark")), "mine");
    json_decref(info);
    json_t *summary = expect_json(RUN("import", csv, "-o", table, "--column", "acc=cifar10/200/ori-test/accuracy", "--json"));
    assert_int_equal(json_integer_value(json_object_get(summary, "architectures")), 3);
    json_decref(summary);
    free(csv);
    free(table);
}

static void an_exported_csv_imports_to_the_same_numbers(void **state)
{
    (void)state;
    char *csv = write_own_results(), *table = scratch_path("one.safetensors"), *again = scratch_path("two.safetensors");
    char *middle = scratch_path("middle.csv");
    free(expect_text(RUN("import", csv, "-o", table, "--column", "acc=cifar10/200/ori-test/accuracy")));
    free(expect_text(RUN("export", table, "--to", "csv", "--seed", "all", "-o", middle)));
    free(expect_text(RUN("import", middle, "-o", again)));
    char *first = take_text(middle), *second = expect_text(RUN("export", again, "--to", "csv", "--seed", "all"));
    assert_string_equal(first, second);
    expect_in(first, "cifar10/200/ori-test/accuracy#0");
    expect_in(first, "91.58333333333333");
    free(first);
    free(second);
    free(csv);
    free(table);
    free(again);
    free(middle);
}

static void failures_leave_the_old_table(void **state)
{
    (void)state;
    char *csv = write_own_results(), *table = scratch_path("kept.safetensors"), *bad = scratch_path("bad.csv");
    free(expect_text(RUN("import", csv, "-o", table, "--column", "acc=cifar10/200/ori-test/accuracy")));
    size_t size, size_after;
    uint8_t *before = read_file(table, &size);
    static const char text[] = "index,cifar10/200/ori-test/accuracy\n0,85\n0,86\n";
    write_file(bad, text, strlen(text));
    expect_failure(RUN("import", bad, "-o", table), 1, "bad.csv");
    expect_failure(RUN("import", "/nowhere/at/all.pth", "-o", table), 1, "/nowhere/at/all.pth");
    write_file(bad, "\x80\x02}q\x00.", 6);
    expect_failure(RUN("import", bad, "-o", table), 1, "bad.csv");
    uint8_t *after = read_file(table, &size_after);
    assert_int_equal(size, size_after);
    assert_memory_equal(before, after, size);
    expect_failure(RUN("import", csv, "-o", "/nowhere/at/all", "--column", "acc=cifar10/200/ori-test/accuracy"), 1, "/nowhere/at/all");
    free(before);
    free(after);
    free(csv);
    free(table);
    free(bad);
}

static void usage_errors_are_code_2(void **state)
{
    (void)state;
    expect_failure(RUN("import"), 2, "SOURCE is missing");
    expect_failure(RUN("import", "a.pth"), 2, "-o TABLE is missing");
    expect_failure(RUN("import", "a.csv", "-o", "b", "--column", "acc"), 2, "--column: 'acc'");
    expect_failure(RUN("import", "a.csv", "-o", "b", "--api", "9"), 2, "9");
    expect_failure(RUN("import", "a.csv", "-o", "b", "--space", "mars"), 2, "mars");
}

/* ---- the real records ---- */

static char *import_real(const char *space)
{
    char folder[128];
    snprintf(folder, sizeof folder, "data/nats-bench-real-archs/raw/NATS-%s-v1_0-%s-simple", space,
             strcmp(space, "tss") == 0 ? "3ffb9" : "50262");
    char *table = scratch_path(strcmp(space, "tss") == 0 ? "tss.safetensors" : "sss.safetensors");
    free(expect_text(RUN("import", shared_path(folder), "-o", table)));
    return table;
}

/* All values of a metric of an architecture under (dataset, schedule), by "split/seed/epoch". */
static json_t *all_values(const char *table, const char *index, const char *dataset, const char *hp, const char *metric)
{
    json_t *answers = expect_json(RUN("query", table, index, "--dataset", dataset, "--schedule", hp, "--split", "all", "--metric", metric,
                                      "--seed", "all", "--epoch", "all", "--json"));
    json_t *values = json_object(), *answer;
    size_t i;
    json_array_foreach(answers, i, answer)
    {
        char key[64];
        snprintf(key, sizeof key, "%s/%d/%d", json_string_value(json_object_get(answer, "split")),
                 (int)json_integer_value(json_object_get(answer, "seed")), (int)json_integer_value(json_object_get(answer, "epoch")));
        assert_null(json_object_get(values, key));
        json_object_set(values, key, json_object_get(answer, "value"));
    }
    json_decref(answers);
    return values;
}

static void expect_same(const json_t *values, const char *split, int seed, int epoch, const json_t *expected)
{
    char key[64];
    snprintf(key, sizeof key, "%s/%d/%d", split, seed, epoch);
    const json_t *value = json_object_get(values, key);
    if (!json_is_number(value) || json_number_value(value) != json_number_value(expected))
        fail_msg("%s: %.17g, not %.17g", key, json_number_value(value), json_number_value(expected));
}

/* The curve {epoch: value} of the train split, or {split@epoch: value} of the evaluation sets. Returns how many values there were. */
static size_t compare_curve(const json_t *values, int seed, const json_t *curve)
{
    const char *key;
    json_t *expected;
    size_t count = 0;
    json_object_foreach((json_t *)(uintptr_t)curve, key, expected)
    {
        char split[32] = "train";
        const char *at = strchr(key, '@');
        if (at)
            snprintf(split, sizeof split, "%.*s", (int)(at - key), key);
        expect_same(values, split, seed, atoi(at ? at + 1 : key), expected);
        count++;
    }
    return count;
}

/* All runs of an architecture under one schedule; their keys are "dataset/seed". */
static size_t compare_runs(const char *table, const char *index, const char *hp, const json_t *runs, const char *dataset)
{
    static const struct {
        const char *metric, *train_key, *eval_key;
    } metrics[] = {{"accuracy", "train_acc1es", "eval_acc1es"},
                   {"loss", "train_losses", "eval_losses"},
                   {"time", "train_times", "eval_times"},
                   {"accuracy5", "train_acc5es", NULL}};
    size_t count = 0;
    for (size_t m = 0; m < sizeof metrics / sizeof *metrics; m++) {
        json_t *values = NULL, *run;
        const char *key;
        json_object_foreach((json_t *)(uintptr_t)runs, key, run)
        {
            const char *slash = strrchr(key, '/');
            if ((size_t)(slash - key) != strlen(dataset) || strncmp(key, dataset, strlen(dataset)) != 0)
                continue;
            bool measured = json_object_size(json_object_get(run, metrics[m].train_key)) > 0 ||
                            (metrics[m].eval_key && json_object_size(json_object_get(run, metrics[m].eval_key)) > 0);
            if (measured && !values)
                values = all_values(table, index, dataset, hp, metrics[m].metric);
            count += compare_curve(values, atoi(slash + 1), json_object_get(run, metrics[m].train_key));
            if (metrics[m].eval_key)
                count += compare_curve(values, atoi(slash + 1), json_object_get(run, metrics[m].eval_key));
        }
        json_decref(values);
    }
    return count;
}

static size_t compare_arch(const char *table, const char *file, const char *index)
{
    json_t *record = load(shared_path(file));
    static const char *const datasets[] = {"cifar10-valid", "cifar10", "cifar100", "ImageNet16-120"};
    const char *hp;
    json_t *state;
    size_t count = 0;
    json_object_foreach(record, hp, state)
    {
        for (size_t d = 0; d < sizeof datasets / sizeof *datasets; d++)
            count += compare_runs(table, index, hp, json_object_get(state, "all_results"), datasets[d]);
    }
    json_decref(record);
    return count;
}

static void every_number_of_the_real_records_comes_back_bit_for_bit(void **state)
{
    (void)state;
    skip_without_shared();
    char *table = import_real("tss");
    size_t count = compare_arch(table, "data/nats-bench-real-archs/tss_000000.json", "0");
    count += compare_arch(table, "data/nats-bench-real-archs/tss_000011.json", "11");
    free(table);
    table = import_real("sss");
    count += compare_arch(table, "data/nats-bench-real-archs/sss_000000.json", "0");
    count += compare_arch(table, "data/nats-bench-real-archs/sss_000011.json", "11");
    free(table);
    assert_true(count > 20000);
}

static void show_prints_what_the_original_prints(void **state)
{
    (void)state;
    skip_without_shared();
    char *table = import_real("tss");
    char *text = expect_text(RUN("show", table, "0"));
    expect_in(text, "cifar10-valid  FLOP= 15.65 M, Params=0.129 MB, latency=13.94 ms.\n"
                    "cifar10-valid  train : [loss = 0.319 & top1 = 88.92%], valid : [loss = 0.566 & top1 = 81.98%]\n"
                    "cifar10        FLOP= 15.65 M, Params=0.129 MB, latency=13.94 ms.\n"
                    "cifar10        train : [loss = 0.271 & top1 = 90.67%], test  : [loss = 0.430 & top1 = 85.86%]\n");
    expect_in(text, "cifar100       train : [loss = 1.511 & top1 = 57.73%], valid : [loss = 1.742 & top1 = 52.70%], test : [loss = 1.736 & "
                    "top1 = 52.91%]\n");
    expect_in(text, "ImageNet16-120 train : [loss = 2.925 & top1 = 28.14%], valid : [loss = 2.944 & top1 = 28.21%], test : [loss = 2.989 & "
                    "top1 = 26.63%]\n");
    free(text);
    json_t *best = expect_json(RUN("best", table, "--dataset", "cifar10", "--split", "valid", "--schedule", "200", "-n", "1", "--json"));
    assert_int_equal(json_integer_value(json_object_get(json_array_get(best, 0), "index")), 11);
    assert_true(json_real_value(json_object_get(json_array_get(best, 0), "value")) == 87.9399999983724);
    json_decref(best);
    free(table);
}

/* Makes per-architecture archives with weights by the tool of ../shared, in a new folder; false where it cannot run (it needs PyTorch). */
static bool make_archives(const char *folder)
{
    char *out = scratch_path("tool");
    char tool[4096];
    snprintf(tool, sizeof tool, "%s", shared_path("tools/make_nb201_pth.py"));
    const char *const arguments[] = {tool,      "--format", "arch-dir", "--archs", "2",       "--start", "157",
                                     "--seeds", "2",        "--out",    folder,    "--quiet", NULL};
    int file = open_to_write(out);
    int code = access("/usr/bin/python3", X_OK) == 0 ? exit_code(start_program("/usr/bin/python3", arguments, file, file)) : 1;
    close(file);
    free(out);
    return code == 0;
}

static void weights_come_out_of_an_archive_as_safetensors(void **state)
{
    (void)state;
    skip_without_shared();
    char *archive = scratch_path("archive"), *file = scratch_path("weights.safetensors");
    if (!make_archives(archive)) {
        fprintf(stderr, "skipped: no python3-torch\n");
        free(archive);
        free(file);
        skip();
        return;
    }
    char *text = expect_text(RUN("weights", archive, "157", "--dataset", "cifar10", "--seed", "777", "-o", file));
    size_t size, one, all;
    uint8_t *bytes = read_file(file, &size);
    json_t *header = json_loadb((const char *)bytes + 8, (size_t)bytes[0] + 256 * (size_t)bytes[1] + 65536 * (size_t)bytes[2], 0, NULL);
    assert_non_null(header);
    assert_non_null(json_object_get(header, "stem.0.weight"));
    assert_string_equal(json_string_value(json_object_get(json_object_get(header, "__metadata__"), "arch_index")), "157");
    assert_int_equal(sscanf(strrchr(text, ':'), ": %zu tensors", &one), 1);
    assert_int_equal(json_object_size(header), one + 1);
    json_decref(header);
    free(bytes);
    free(text);
    text = expect_text(RUN("weights", archive, "157", "--dataset", "cifar10", "-o", file));
    assert_int_equal(sscanf(strrchr(text, ':'), ": %zu tensors", &all), 1);
    assert_int_equal(all, 2 * one);
    free(text);
    expect_failure(RUN("weights", archive, "11", "--dataset", "cifar10", "-o", file), 1, "000011-FULL.pth");
    expect_failure(RUN("weights", archive, "157", "--dataset", "mnist", "-o", file), 1, "mnist");
    expect_failure(RUN("weights", archive, "157", "--dataset", "cifar10", "--seed", "5", "-o", file), 1, "no weights of seed 5");
    expect_failure(RUN("weights", archive, "157", "-o", file), 2, "--dataset is missing");
    free(archive);
    free(file);
}

static void a_real_table_of_accuracies_imports_by_column_names(void **state)
{
    (void)state;
    skip_without_shared();
    char *table = scratch_path("accuracies.safetensors");
    free(expect_text(RUN("import", shared_path("data/nasbench201-tables/nb201_accuracy.csv"), "-o", table, "--column",
                         "c10_test_200=cifar10/200/ori-test/accuracy", "--column", "c10_valid_12=cifar10-valid/12/x-valid/accuracy")));
    json_t *info = expect_json(RUN("info", table, "--json"));
    assert_int_equal(json_integer_value(json_object_get(info, "evaluated")), 15625);
    json_decref(info);
    json_t *list = expect_json(RUN("query", table, "1", "--dataset", "cifar10", "--split", "test", "--json"));
    assert_true(json_real_value(json_object_get(json_array_get(list, 0), "value")) == 93.66);
    json_decref(list);
    free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_csv_of_one_s_own_becomes_a_table),
        cmocka_unit_test(an_exported_csv_imports_to_the_same_numbers),
        cmocka_unit_test(failures_leave_the_old_table),
        cmocka_unit_test(usage_errors_are_code_2),
        cmocka_unit_test(every_number_of_the_real_records_comes_back_bit_for_bit),
        cmocka_unit_test(show_prints_what_the_original_prints),
        cmocka_unit_test(weights_come_out_of_an_archive_as_safetensors),
        cmocka_unit_test(a_real_table_of_accuracies_imports_by_column_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
