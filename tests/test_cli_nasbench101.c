/* The commands on a table of NAS-Bench-101. */
#include "cli_run.h"

static char *table;

static int make_table(void **state)
{
    (void)state;
    if (!shared_folder())
        return 0;
    char command[1024], *source = scratch_path("cli.tfrecord");
    snprintf(command, sizeof command, "python3 '%s' --cells 20 --epochs 4,108 --manifest /dev/null -o '%s'",
             shared_path("tools/make_nb101_tfrecord.py"), source);
    table = scratch_path("cli.safetensors");
    bool made = system(command) == 0;
    if (made)
        free(expect_text(RUN("import", source, "-o", table)));
    free(source);
    return made ? 0 : -1;
}

static int forget_table(void **state)
{
    (void)state;
    free(table);
    return 0;
}

#define FIRST "00005c142e6f48ac74fdcf73e3439874"

static double number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

/* Repeats come in the order of the file; Python's generator with seed 0 draws 1, then 1. */
static void query_answers_as_the_reference_does(void **state)
{
    (void)state;
    skip_without_shared();
    json_t *answer = expect_json(RUN("query", table, FIRST, FIRST, "--api", "101", "--json"));
    const json_t *result = json_array_get(json_object_get(answer, "results"), 0);
    assert_string_equal(json_string_value(json_object_get(result, "hash")), FIRST);
    assert_true(number_of(result, "trainable_parameters") == 8555530);
    assert_true(number_of(result, "run") == 1);
    assert_true(number_of(result, "training_time") == 1768.2509765625);
    assert_true(number_of(result, "validation_accuracy") == 0.9245793223381042);
    assert_int_equal(json_array_size(json_object_get(result, "module_adjacency")), 7);
    assert_string_equal(json_string_value(json_array_get(json_object_get(result, "module_operations"), 5)), "conv1x1-bn-relu");
    const json_t *budget = json_object_get(answer, "budget");
    assert_true(number_of(budget, "training_time") == 2 * 1768.2509765625);
    assert_true(number_of(budget, "epochs") == 216);
    json_decref(answer);
    char *text = expect_text(RUN("query", table, FIRST, "--api", "101", "--halfway", "--schedule", "4"));
    expect_in(text, "validation accuracy");
    expect_in(text, "budget: ");
    expect_in(text, " s of training, 2 epochs");
    free(text);
}

static void query_and_export_know_percent_and_total_times(void **state)
{
    (void)state;
    skip_without_shared();
    json_t *list = expect_json(RUN("query", table, FIRST, "--dataset", "cifar10", "--split", "valid", "--seed", "0", "--json"));
    assert_true(number_of(json_array_get(list, 0), "value") == 100 * 0.9241786599159241);
    json_decref(list);
    list = expect_json(RUN("query", table, FIRST, "--dataset", "cifar10", "--split", "train", "--metric", "total-time", "--epoch", "53",
                           "--seed", "2", "--json"));
    assert_true(number_of(json_array_get(list, 0), "value") == 883.4569702148438);
    json_decref(list);
    list = expect_json(RUN("query", table, FIRST, "--dataset", "cifar10", "--split", "test", "--epoch", "all", "--seed", "0", "--json"));
    assert_int_equal(json_array_size(list), 2); /* half-way and the end */
    json_decref(list);
    char *csv = expect_text(RUN("export", table, "--to", "csv"));
    expect_in(csv, "cifar10/108/x-valid/accuracy");
    free(csv);
    char *best = expect_text(RUN("best", table, "--dataset", "cifar10", "--split", "valid", "--max-params", "10"));
    expect_in(best, "accuracy");
    free(best);
}

static void show_prints_fixed_and_computed_statistics(void **state)
{
    (void)state;
    skip_without_shared();
    char *text = expect_text(RUN("show", table, FIRST));
    expect_in(text, "hash " FIRST ", 8555530 trainable parameters");
    expect_in(text, "0 1 0 0 1 1 0  input\n");
    free(text);
    json_t *shown = expect_json(RUN("show", table, FIRST, "--json"));
    const json_t *runs = json_object_get(json_object_get(shown, "computed"), "108");
    assert_int_equal(json_array_size(runs), 3);
    assert_true(number_of(json_array_get(runs, 2), "final_test_accuracy") == 0.9215745329856873);
    assert_true(number_of(json_array_get(runs, 1), "halfway_training_time") == 883.6810302734375);
    json_decref(shown);
    shown = expect_json(RUN("show", table, "all", "--json"));
    assert_int_equal(json_array_size(shown), 20);
    assert_string_equal(json_string_value(json_object_get(json_array_get(shown, 0), "hash")), FIRST); /* the order of the file */
    json_decref(shown);
}

static void wrong_questions_are_told(void **state)
{
    (void)state;
    skip_without_shared();
    cli_run run = RUN("query", table, FIRST, "--api", "101", "--schedule", "12");
    assert_int_equal(run.code, 1);
    expect_in(run.err, "12: invalid number of epochs, must be one of {4, 108}");
    assert_string_equal(run.out, "");
    free_run(&run);
    run = RUN("query", table, "00000000000000000000000000000000", "--api", "101");
    assert_int_equal(run.code, 1);
    free_run(&run);
    run = RUN("query", table, FIRST, "--dataset", "cifar10", "--halfway");
    assert_int_equal(run.code, 2);
    free_run(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(query_answers_as_the_reference_does),
        cmocka_unit_test(query_and_export_know_percent_and_total_times),
        cmocka_unit_test(show_prints_fixed_and_computed_statistics),
        cmocka_unit_test(wrong_questions_are_told),
    };
    return cmocka_run_group_tests(tests, make_table, forget_table);
}
