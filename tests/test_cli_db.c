/* nasbench db: databases built, found, asked and looked at as a user does it. */
#include "cli_run.h"

#include "db_support.h"
#include "records101.h"

#include <sys/stat.h>

/* A table of two cells of NAS-Bench-201 with 12 epochs, by way of a CSV of their last epochs. The caller frees. */
static char *make_table(void)
{
    char *csv = scratch_path("two.csv"), *table = scratch_path("two.safetensors");
    static const char text[] = "index,cifar10/12/train/accuracy@11#777,cifar10/12/ori-test/accuracy@11#777,cifar10/12/ori-test/loss@11#777,"
                               "cifar10/12/train/accuracy@11#888,cifar10/12/ori-test/accuracy@11#888,cifar10/12/ori-test/loss@11#888\n"
                               "0,60,50.5,1.25,61,51.5,1.5\n11,70,60.25,1.125,,,\n";
    write_file(csv, text, strlen(text));
    free(expect_text(RUN("import", csv, "-o", table)));
    free(csv);
    return table;
}

static double real_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_number(value))
        fail_msg("no number '%s'", key);
    return json_number_value(value);
}

static const char *string_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value))
        fail_msg("no text '%s'", key);
    return json_string_value(value);
}

static void a_table_becomes_a_database_that_is_found_by_its_name(void **state)
{
    (void)state;
    char *table = make_table(), *folder = scratch_path("places/of/databases");
    setenv("NASBENCHMARK_DIR", folder, 1);
    expect_failure(RUN("db", "info", "nasbench201"), 1, "nasbench201-b2b60732.db");
    json_t *built = expect_json(RUN("db", "build", "nasbench201", table, "--json"));
    assert_int_equal(json_integer_value(json_object_get(built, "configs")), 125000);
    assert_int_equal(json_integer_value(json_object_get(built, "trials")), 3);
    assert_int_equal(json_integer_value(json_object_get(built, "untimed_trials")), 3);
    expect_in(string_of(built, "database"), "/places/of/databases/nasbench201.db");
    json_decref(built);

    json_t *info = expect_json(RUN("db", "info", "NAS-Bench-201", "--verify", "--json"));
    assert_string_equal(string_of(info, "benchmark"), "nasbench201");
    assert_int_equal(json_integer_value(json_object_get(info, "trials")), 3);
    assert_true(json_is_true(json_object_get(info, "analyzed")));
    json_decref(info);
    char *text = expect_text(RUN("db", "info", "nasbench201", "--verify"));
    expect_in(text, "configs     125,000\n");
    expect_in(text, "sound");
    free(text);
    unsetenv("NASBENCHMARK_DIR");
    free(folder);
    free(table);
}

static void a_query_gives_the_objects_of_nni(void **state)
{
    (void)state;
    char *table = make_table(), *file = scratch_path("asked.db");
    free(expect_text(RUN("db", "build", "nasbench201", table, "-o", file)));
    json_t *list =
        expect_json(RUN("db", "query", file, "--arch", "0", "--num-epochs", "12", "--dataset", "cifar10", "--intermediates", "--json"));
    assert_int_equal(json_array_size(list), 2);
    const json_t *first = json_array_get(list, 0), *config = json_object_get(first, "config");
    assert_string_equal(json_object_iter_key(json_object_iter((json_t *)(uintptr_t)first)), "id");
    assert_int_equal(json_integer_value(json_object_get(first, "seed")), 777);
    assert_string_equal(string_of(json_object_get(config, "arch"), "0_1"), "avg_pool_3x3");
    assert_int_equal(json_integer_value(json_object_get(config, "id")), 2);
    assert_true(real_of(first, "train_acc") == 60 && real_of(first, "valid_acc") == 50.5 && real_of(first, "test_loss") == 1.25);
    assert_true(json_is_null(json_object_get(first, "train_loss")));
    assert_int_equal(json_array_size(json_object_get(first, "intermediates")), 1);
    json_decref(list);

    list = expect_json(RUN("db", "query", file, "--reduction", "mean", "--json"));
    assert_int_equal(json_array_size(list), 2);
    assert_true(real_of(json_array_get(list, 0), "test_acc") == 51);
    assert_true(json_is_null(json_object_get(json_array_get(list, 0), "id")));
    json_decref(list);

    char *text = expect_text(RUN("db", "query", file, "--limit", "1"));
    expect_in(text, "ori_test_acc");
    expect_in(text, "777");
    assert_null(strstr(text, "888"));
    free(text);
    text = expect_text(RUN("db", "query", file, "--arch", "11", "--intermediates"));
    expect_in(text, "current_epoch");
    expect_in(text, "60.25");
    free(text);
    free(table);
    free(file);
}

static void the_files_of_nas_bench_101_become_a_database_in_one_step(void **state)
{
    (void)state;
    char *source = scratch_path("one.tfrecord"), *file = scratch_path("one.db");
    static const double evaluations[3][5] = {{0}, {2, 10, 0.25, 0.5, 0.75}, {4, 20, 0.5, 0.625, 0.125}};
    bytes101 bytes = {0};
    put_run101(&bytes, true, 4, evaluations, 30);
    write_file(source, bytes.data, bytes.size);
    free(bytes.data);
    free(expect_text(RUN("db", "build", "nasbench101", source, "-o", file)));
    json_t *list = expect_json(RUN("db", "query", file, "--arch", HASH_OF_CONV, "--json"));
    assert_int_equal(json_array_size(list), 1);
    assert_true(real_of(json_array_get(list, 0), "valid_acc") == 62.5 && real_of(json_array_get(list, 0), "training_time") == 1200);
    json_decref(list);
    list = expect_json(
        RUN("db", "query", file, "--exact", "--arch", "{\"op1\": \"conv3x3-bn-relu\", \"input1\": [0], \"input2\": [1]}", "--json"));
    assert_int_equal(json_array_size(list), 1);
    json_decref(list);
    free(source);
    free(file);
}

static void run_script(const char *format, const char *a, const char *b, const char *c)
{
    char command[4096];
    snprintf(command, sizeof command, format, NB_SOURCE_DIR, a, b, c);
    if (system(command) != 0)
        fail_msg("%s", command);
}

/* Invented files of all 34 names; another program, written in Python, says what every row has to be. */
static void the_zip_of_nds_becomes_what_python_makes_of_it(void **state)
{
    (void)state;
    char *folder = scratch_path("nds_data"), *zip = scratch_path("data.zip"), *file = scratch_path("nds.db");
    run_script("PYTHONDONTWRITEBYTECODE=1 python3 '%s/tests/make_nds.py' '%s' --models 8 --iterations 5 --zip '%s'", folder, zip, "");
    json_t *built = expect_json(RUN("db", "build", "nds", zip, "-o", file, "--json"));
    assert_int_equal(json_integer_value(json_object_get(built, "files")), 34);
    assert_int_equal(json_integer_value(json_object_get(built, "trials")), 34 * 8);
    json_decref(built);
    run_script("PYTHONDONTWRITEBYTECODE=1 python3 '%s/tests/nds_oracle.py' '%s' '%s'", folder, file, "");
    json_t *list = expect_json(RUN("db", "query", file, "--model-family", "residual_basic", "--generator", "tune_lr_wd", "--dataset",
                                   "imagenet", "--intermediates", "--json"));
    assert_int_equal(json_array_size(list), 8);
    assert_int_equal(json_array_size(json_object_get(json_array_get(list, 0), "intermediates")), 50);
    json_decref(list);
    list = expect_json(RUN("db", "query", file, "--proposer", "amoeba", "--reduction", "mean", "--json"));
    assert_int_equal(json_array_size(list), 16);
    json_decref(list);
    json_t *compared = expect_json(RUN("db", "compare", file, "resnet", "vanilla", "--complexity", "params", "--low", "0.01", "--high",
                                       "0.9", "--bins", "2", "--json"));
    const json_t *pair = json_array_get(json_object_get(compared, "pairs"), 0),
                 *space = json_array_get(json_object_get(compared, "spaces"), 0);
    assert_int_equal(json_integer_value(json_object_get(space, "models")), 5 * 8);
    assert_int_equal(json_array_size(json_object_get(space, "edf")), 5 * 8);
    assert_true(real_of(pair, "D") > 0 && real_of(pair, "p") <= 1 && real_of(pair, "D_at_equal_complexity") > 0);
    json_decref(compared);
    char *text = expect_text(RUN("db", "compare", file, "resnet", "resnet"));
    expect_in(text, "resnet, resnet  0.0000  1");
    free(text);
    expect_failure(RUN("db", "compare", file, "resnet"), 2, "two design spaces expected");
    expect_failure(RUN("db", "compare", file, "resnet", "densenet"), 1, "no model of 'densenet'");
    expect_failure(RUN("db", "compare", file, "resnet", "vanilla", "--complexity", "flops", "--high", "1000"), 1, "no model in bin");
    free(folder);
    free(zip);
    free(file);
}

static void sql_answers_anything_else(void **state)
{
    (void)state;
    char *file = make_nni_db("sql.db", "nds");
    run_sql(file, "INSERT INTO ndstrialconfig VALUES (1, 'vanilla', '{}', '{}', 'cifar10', 'random', 'vanilla', 0.1, 0.0005, 100)");
    json_t *rows =
        expect_json(RUN("db", "sql", file, "SELECT proposer, base_lr, count(*) AS n, NULL AS x FROM ndstrialconfig WHERE dataset = ?",
                        "cifar10", "--json"));
    assert_int_equal(json_array_size(rows), 1);
    assert_true(real_of(json_array_get(rows, 0), "base_lr") == 0.1);
    assert_true(json_is_null(json_object_get(json_array_get(rows, 0), "x")));
    json_decref(rows);
    char *text = expect_text(RUN("db", "sql", file, "SELECT id, weight_decay FROM ndstrialconfig"));
    assert_string_equal(text, "id  weight_decay\n1   0.0005\n");
    free(text);
    expect_failure(RUN("db", "sql", file, "DELETE FROM ndstrialconfig"), 1, "only reads");
    expect_failure(RUN("db", "sql", file, "SELEC"), 1, "syntax error");
    free(file);
}

static void requests_that_make_no_sense_are_told_apart(void **state)
{
    (void)state;
    char *file = make_nni_db("empty.db", "nb201");
    expect_failure(RUN("db", "query"), 2, "DATABASE is missing");
    expect_failure(RUN("db", "sql", file), 2, "STATEMENT is missing");
    expect_failure(RUN("db", "build", "nasbench301", file), 2, "nasbench301");
    expect_failure(RUN("db", "build", "nasbench201"), 2, "SOURCE is missing");
    expect_failure(RUN("db", "query", file, "--reduction", "max"), 2, "Unsupported reduction: 'max'");
    expect_failure(RUN("db", "query", file, "--proposer", "amoeba"), 1, "nasbench201 has no proposer");
    expect_failure(RUN("db", "query", "/nowhere.db"), 1, "/nowhere.db");
    expect_failure(RUN("db", "build", "nasbench201", "/nowhere.pth", "-o", file), 1, "/nowhere.pth");
    free(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_becomes_a_database_that_is_found_by_its_name),
        cmocka_unit_test(a_query_gives_the_objects_of_nni),
        cmocka_unit_test(the_files_of_nas_bench_101_become_a_database_in_one_step),
        cmocka_unit_test(the_zip_of_nds_becomes_what_python_makes_of_it),
        cmocka_unit_test(sql_answers_anything_else),
        cmocka_unit_test(requests_that_make_no_sense_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
