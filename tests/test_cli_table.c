/* nasbench info, show, query, best, export and space: answers from tables that the library wrote. */
#include "cli_run.h"

#include <math.h>
#include <nasbench/space.h>
#include <nasbench/table.h>

/* A table with three of the 15,625 cells. cifar10-valid and cifar10 under 12 and 200 epochs (here: 3), two seeds each. The values follow
 * value_of(), so that every answer can be computed again here. */
enum { EPOCHS_SHORT = 12, EPOCHS_LONG = 200 };
static const uint32_t rows[] = {0, 11, 284};
static const uint32_t seeds[] = {777, 888};
static char *table_path;

static double value_of(uint32_t row, uint32_t seed, nb_metric metric, const char *split, uint32_t epoch)
{
    double base = metric == NB_METRIC_LOSS ? 2.5 : metric == NB_METRIC_TIME ? 7.25 : 60.1;
    double of_split = strcmp(split, "train") == 0 ? 0.3 : strcmp(split, "x-valid") == 0 ? 0.2 : 0.1;
    double by_row = row == 11 ? 5.7 : row == 284 ? 1.9 : 0;
    if (metric == NB_METRIC_TIME)
        return base + of_split;
    return metric == NB_METRIC_LOSS ? base - of_split - 0.01 * by_row - 0.001 * epoch - 1e-6 * seed
                                    : base + of_split + by_row + 0.1 * epoch + 0.001 * seed;
}

static void add_trial(nb_table_writer *writer, uint32_t row, const char *dataset, const char *schedule, uint32_t epochs, uint32_t seed,
                      double flops)
{
    static double values[8][EPOCHS_LONG];
    nb_curve curves[8];
    size_t count = 0;
    const char *const splits[] = {"train", strcmp(dataset, "cifar10") == 0 ? "ori-test" : "x-valid"};
    static const nb_metric metrics[] = {NB_METRIC_LOSS, NB_METRIC_ACCURACY, NB_METRIC_TIME};
    for (size_t s = 0; s < 2; s++) {
        for (size_t m = 0; m < 3; m++) {
            for (uint32_t epoch = 0; epoch < epochs; epoch++)
                values[count][epoch] = value_of(row, seed, metrics[m], splits[s], epoch);
            curves[count] = (nb_curve){.split = splits[s], .metric = metrics[m], .count = epochs, .values = values[count]};
            count++;
        }
    }
    const double latency = 0.0125 + 0.0001 * row;
    nb_error err;
    nb_trial trial = {.row = row,
                      .dataset = dataset,
                      .schedule = schedule,
                      .seed = seed,
                      .epochs = epochs,
                      .flops = flops,
                      .params = flops / 100,
                      .latency = &latency,
                      .latency_count = 1,
                      .curves = curves,
                      .curve_count = count,
                      .config = {.channels = 16, .cells = 5, .classes = 10}};
    if (nb_table_writer_add(writer, &trial, &err) != NB_OK)
        fail_msg("%s", err.message);
}

static int make_table(void **state)
{
    (void)state;
    table_path = scratch_path("three.safetensors");
    nb_error err;
    nb_table_writer *writer;
    const nb_table_description description = {
        .space = nb_space_find("nasbench201", NULL), .flavour = NB_FLAVOUR_NATS, .benchmark = "three cells", .source = "a test"};
    assert_int_equal(nb_table_writer_open(table_path, &description, &writer, &err), NB_OK);
    for (size_t r = 0; r < 3; r++) {
        double flops = rows[r] == 11 ? 113.95137 : rows[r] == 284 ? 11.71521 : 15.64737;
        for (size_t s = 0; s < 2; s++) {
            add_trial(writer, rows[r], "cifar10-valid", "12", EPOCHS_SHORT, seeds[s], flops);
            add_trial(writer, rows[r], "cifar10-valid", "200", EPOCHS_LONG, seeds[s], flops);
            add_trial(writer, rows[r], "cifar10", "200", EPOCHS_LONG, seeds[s], flops);
        }
    }
    if (nb_table_writer_commit(writer, NULL, &err) != NB_OK)
        fail_msg("%s", err.message);
    return 0;
}

static int forget_table(void **state)
{
    (void)state;
    free(table_path);
    return 0;
}

/* The mean over both seeds as the API sums: left to right, then divided. */
static double mean_of(uint32_t row, nb_metric metric, const char *split, uint32_t epoch)
{
    return (value_of(row, 777, metric, split, epoch) + value_of(row, 888, metric, split, epoch)) / 2;
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static double number_of(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    if (!json_is_number(value))
        fail_msg("%s is no number", key);
    return json_number_value(value);
}

/* ---- info ---- */

static void info_tells_setups_and_curves(void **state)
{
    (void)state;
    char *text = expect_text(RUN("info", table_path));
    expect_in(text, "benchmark      three cells\nsource         a test\n");
    expect_in(text, "architectures  15,625, 3 evaluated\n");
    expect_in(text, "trials         18\n");
    expect_in(text, "dataset        schedule  epochs  architectures  trials  seeds\n"
                    "cifar10-valid        12      12              3       6  777 888\n");
    expect_in(text, "dataset        schedule  split     loss      accuracy [%]  accuracy5 [%]  time [s]\n");
    expect_in(text, "cifar10             200  ori-test  by epoch  by epoch      -              constant\n");
    free(text);
    text = expect_text(RUN("info", "--verify", table_path));
    expect_in(text, "All checksums are right.");
    free(text);

    json_t *info = expect_json(RUN("info", table_path, "--json"));
    assert_string_equal(text_of(info, "space"), "nasbench201");
    assert_int_equal(number_of(info, "evaluated"), 3);
    assert_int_equal(json_array_size(json_object_get(info, "setups")), 3);
    json_t *setup = json_array_get(json_object_get(info, "setups"), 0);
    assert_string_equal(text_of(setup, "dataset"), "cifar10-valid");
    assert_int_equal(json_array_size(json_object_get(setup, "seeds")), 2);
    json_decref(info);
}

static void a_damaged_file_is_code_1_and_names_it(void **state)
{
    (void)state;
    char *path = scratch_path("damaged.safetensors");
    size_t size;
    uint8_t *bytes = read_file(table_path, &size);
    write_file(path, bytes, size / 2);
    expect_failure(RUN("info", path), 1, path);
    write_file(path, "", 0);
    expect_failure(RUN("query", path, "0", "--dataset", "cifar10"), 1, path);
    write_file(path, "this is not a table at all", 26);
    expect_failure(RUN("show", path, "0"), 1, path);
    bytes[size - 20] ^= 0x40; /* in the data, so that only reading it all can tell */
    write_file(path, bytes, size);
    expect_failure(RUN("info", "--verify", path), 1, path);
    free(bytes);
    expect_failure(RUN("best", "/nowhere/at/all", "--dataset", "cifar10"), 1, "/nowhere/at/all: cannot open: No such file or directory");
    expect_failure(RUN("export", scratch_folder(), "--to", "csv"), 1, scratch_folder());
    free(path);
}

/* ---- query ---- */

static void query_gives_the_mean_at_the_last_epoch_of_the_longest_schedule(void **state)
{
    (void)state;
    json_t *list = expect_json(RUN("query", table_path, "0", "11", "--dataset", "cifar10", "--json"));
    assert_int_equal(json_array_size(list), 2);
    for (size_t i = 0; i < 2; i++) {
        json_t *answer = json_array_get(list, i);
        static const char *const keys[] = {"index", "arch", "dataset", "schedule", "split", "metric", "epoch", "seed", "value", "unit"};
        assert_int_equal(json_object_size(answer), sizeof keys / sizeof *keys);
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
            assert_non_null(json_object_get(answer, keys[k]));
        assert_int_equal(number_of(answer, "index"), rows[i]);
        assert_string_equal(text_of(answer, "schedule"), "200");
        assert_string_equal(text_of(answer, "split"), "ori-test");
        assert_string_equal(text_of(answer, "metric"), "accuracy");
        assert_string_equal(text_of(answer, "seed"), "mean");
        assert_string_equal(text_of(answer, "unit"), "%");
        assert_int_equal(number_of(answer, "epoch"), EPOCHS_LONG - 1);
        assert_true(number_of(answer, "value") == mean_of(rows[i], NB_METRIC_ACCURACY, "ori-test", EPOCHS_LONG - 1));
    }
    json_decref(list);
}

static void query_takes_strings_and_indices_alike(void **state)
{
    (void)state;
    json_t *by_index = expect_json(RUN("query", table_path, "284", "--dataset", "cifar10", "--json"));
    const char *string = text_of(json_array_get(by_index, 0), "arch");
    json_t *by_string = expect_json(RUN("query", table_path, string, "--dataset", "cifar10", "--json"));
    assert_true(json_equal(by_index, by_string));
    json_decref(by_index);
    json_decref(by_string);
}

static void query_gives_every_trial_epoch_and_metric_exactly(void **state)
{
    (void)state;
    json_t *list = expect_json(RUN("query", table_path, "11", "--dataset", "cifar10-valid", "--schedule", "12", "--split", "train",
                                   "--metric", "loss", "--metric", "time", "--seed", "all", "--epoch", "all", "--json"));
    assert_int_equal(json_array_size(list), 2 * EPOCHS_SHORT * 2);
    size_t at = 0;
    for (size_t s = 0; s < 2; s++) {
        for (uint32_t epoch = 0; epoch < EPOCHS_SHORT; epoch++) {
            for (size_t m = 0; m < 2; m++, at++) {
                nb_metric metric = m == 0 ? NB_METRIC_LOSS : NB_METRIC_TIME;
                json_t *answer = json_array_get(list, at);
                assert_int_equal(number_of(answer, "seed"), seeds[s]);
                assert_int_equal(number_of(answer, "epoch"), epoch);
                assert_string_equal(text_of(answer, "metric"), nb_metric_name(metric));
                assert_string_equal(text_of(answer, "unit"), m == 0 ? "nat" : "s");
                assert_true(number_of(answer, "value") == value_of(11, seeds[s], metric, "train", epoch));
            }
        }
    }
    json_decref(list);
}

static void query_picks_one_seed_or_draws_one_that_a_number_repeats(void **state)
{
    (void)state;
    json_t *one = expect_json(RUN("query", table_path, "0", "--dataset", "cifar10", "--seed", "888", "--epoch", "5", "--json"));
    assert_true(number_of(json_array_get(one, 0), "value") == value_of(0, 888, NB_METRIC_ACCURACY, "ori-test", 5));
    json_decref(one);
    json_t *drawn = expect_json(RUN("query", table_path, "0", "11", "284", "0", "11", "284", "--dataset", "cifar10", "--seed", "random",
                                    "--random-seed", "5", "--json"));
    json_t *again = expect_json(RUN("query", table_path, "0", "11", "284", "0", "11", "284", "--dataset", "cifar10", "--seed", "random",
                                    "--random-seed", "5", "--json"));
    assert_true(json_equal(drawn, again));
    for (size_t i = 0; i < 6; i++) {
        json_t *answer = json_array_get(drawn, i);
        uint32_t seed = (uint32_t)number_of(answer, "seed");
        assert_true(seed == 777 || seed == 888);
        assert_true(number_of(answer, "value") == value_of(rows[i % 3], seed, NB_METRIC_ACCURACY, "ori-test", EPOCHS_LONG - 1));
    }
    json_decref(drawn);
    json_decref(again);
}

static void what_was_not_measured_is_null(void **state)
{
    (void)state;
    json_t *list = expect_json(RUN("query", table_path, "1", "0", "--dataset", "cifar10", "--json"));
    assert_true(json_is_null(json_object_get(json_array_get(list, 0), "value")));
    assert_true(json_is_real(json_object_get(json_array_get(list, 1), "value")));
    json_decref(list);
    list = expect_json(RUN("query", table_path, "0", "--dataset", "cifar10", "--seed", "5", "--json"));
    assert_int_equal(json_array_size(list), 1);
    assert_true(json_is_null(json_object_get(json_array_get(list, 0), "value")));
    assert_int_equal(number_of(json_array_get(list, 0), "seed"), 5);
    json_decref(list);
    char *text = expect_text(RUN("query", table_path, "1", "--dataset", "cifar10"));
    expect_in(text, "mean             -  |nor_conv_3x3~0|");
    free(text);
}

static void query_knows_costs_and_total_times(void **state)
{
    (void)state;
    json_t *list = expect_json(RUN("query", table_path, "11", "--dataset", "cifar10", "--metric", "flops", "--metric", "params", "--metric",
                                   "latency", "--metric", "total-time", "--split", "train", "--json"));
    assert_int_equal(json_array_size(list), 4);
    assert_true(number_of(json_array_get(list, 0), "value") == 113.95137);
    assert_string_equal(text_of(json_array_get(list, 0), "unit"), "MMACs");
    assert_true(json_is_null(json_object_get(json_array_get(list, 0), "split")));
    assert_true(json_is_null(json_object_get(json_array_get(list, 0), "epoch")));
    assert_true(number_of(json_array_get(list, 2), "value") == 0.0125 + 0.0001 * 11);
    double sum = 0;
    for (int epoch = 0; epoch < EPOCHS_LONG; epoch++)
        sum += value_of(11, 777, NB_METRIC_TIME, "train", 0);
    assert_true(number_of(json_array_get(list, 3), "value") == sum);
    json_decref(list);
}

static void short_names_of_splits_follow_the_original_api(void **state)
{
    (void)state;
    json_t *list = expect_json(RUN("query", table_path, "0", "--dataset", "cifar10", "--split", "valid", "--json"));
    assert_string_equal(text_of(json_array_get(list, 0), "dataset"), "cifar10-valid");
    assert_string_equal(text_of(json_array_get(list, 0), "split"), "x-valid");
    json_decref(list);
    list = expect_json(RUN("query", table_path, "0", "--dataset", "cifar10", "--split", "test", "--json"));
    assert_string_equal(text_of(json_array_get(list, 0), "dataset"), "cifar10");
    assert_string_equal(text_of(json_array_get(list, 0), "split"), "ori-test");
    json_decref(list);
    list = expect_json(RUN("query", table_path, "0", "--dataset", "all", "--split", "all", "--schedule", "full", "--json"));
    assert_int_equal(json_array_size(list), 4);
    json_decref(list);
}

static void query_text_has_units_in_its_heads_and_aligned_columns(void **state)
{
    (void)state;
    char *text = expect_text(RUN("query", table_path, "0", "284", "--dataset", "cifar10", "--metric", "accuracy", "--metric", "loss"));
    assert_string_equal(text, "index  dataset  schedule  split     epoch  seed  accuracy [%]  loss [nat]  architecture\n"
                              "    0  cifar10       200  ori-test    199  mean       80.9325     2.20017  "
                              "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|\n"
                              "  284  cifar10       200  ori-test    199  mean       82.8325     2.18117  "
                              "|skip_connect~0|+|skip_connect~0|skip_connect~1|+|none~0|nor_conv_1x1~1|none~2|\n");
    free(text);
}

static void query_says_what_the_table_has_instead(void **state)
{
    (void)state;
    expect_failure(RUN("query", table_path, "0", "--dataset", "cifar11"), 1, "no dataset 'cifar11'; the table has cifar10-valid, cifar10");
    expect_failure(RUN("query", table_path, "0", "--dataset", "cifar10", "--schedule", "12"), 1, "no schedule '12'");
    expect_failure(RUN("query", table_path, "0", "--dataset", "cifar10", "--split", "x-test"), 1, "the table has train, ori-test");
    expect_failure(RUN("query", table_path, "0", "--dataset", "cifar10", "--epoch", "200"), 1, "200");
    expect_failure(RUN("query", table_path, "0", "--dataset", "cifar10", "--metric", "accuracy5"), 1, "accuracy5");
    expect_failure(RUN("query", table_path, "0", "--dataset", "cifar10", "--split", "all", "--metric", "accuracy5"), 1,
                   "no split on which");
    expect_failure(RUN("query", table_path, "15625", "--dataset", "cifar10"), 1, "0 to 15624");
    expect_failure(RUN("query", table_path, "|x|", "--dataset", "cifar10"), 1, "architecture string: offset 1");
    /* Nothing is printed before the failure, also when only the last architecture is wrong. */
    expect_failure(RUN("query", table_path, "0", "99999", "--dataset", "cifar10", "--json"), 1, "99999");
}

static void query_usage_errors_are_code_2(void **state)
{
    (void)state;
    expect_failure(RUN("query", table_path, "0"), 2, "--dataset is missing");
    expect_failure(RUN("query", table_path, "--dataset", "cifar10"), 2, "ARCH is missing");
    expect_failure(RUN("query"), 2, "TABLE is missing");
    expect_failure(RUN("query", table_path, "0", "--dataset", "cifar10", "--epoch", "-3"), 2, "--epoch: '-3'");
    expect_failure(RUN("query", table_path, "0", "--dataset", "cifar10", "--seed", "some"), 2, "--seed: 'some'");
    expect_failure(RUN("query", table_path, "0", "--dataset", "cifar10", "--metric", "acuracy"), 2, "did you mean 'accuracy'?");
}

/* ---- best ---- */

static void best_ranks_by_accuracy_and_keeps_to_limits(void **state)
{
    (void)state;
    json_t *list = expect_json(RUN("best", table_path, "--dataset", "cifar10", "--split", "test", "--json"));
    assert_int_equal(json_array_size(list), 3);
    static const uint32_t order[] = {11, 284, 0};
    for (size_t i = 0; i < 3; i++) {
        json_t *item = json_array_get(list, i);
        assert_int_equal(number_of(item, "rank"), i + 1);
        assert_int_equal(number_of(item, "index"), order[i]);
        assert_true(number_of(item, "value") == mean_of(order[i], NB_METRIC_ACCURACY, "ori-test", EPOCHS_LONG - 1));
    }
    json_decref(list);
    list = expect_json(RUN("best", table_path, "--dataset", "cifar10", "--split", "valid", "-n", "1", "--max-flops", "50", "--json"));
    assert_int_equal(json_array_size(list), 1);
    assert_int_equal(number_of(json_array_get(list, 0), "index"), 284);
    json_decref(list);
    list = expect_json(RUN("best", table_path, "--dataset", "cifar10", "--max-latency", "0.0126", "--json"));
    assert_int_equal(json_array_size(list), 1);
    assert_int_equal(number_of(json_array_get(list, 0), "index"), 0);
    json_decref(list);
    list = expect_json(RUN("best", table_path, "--dataset", "cifar10", "--metric", "params", "--json"));
    assert_int_equal(number_of(json_array_get(list, 0), "index"), 284);
    json_decref(list);
    char *text = expect_text(RUN("best", table_path, "--dataset", "cifar10", "--metric", "loss", "-n", "1"));
    expect_in(text, "cifar10, schedule 200, split ori-test: lowest loss\n\n"
                    "rank  index  loss [nat]  FLOPs [MMACs]  parameters [M]  latency [s]  architecture\n"
                    "   1     11     2.14317      113.95137        1.139514      0.01360  |nor_conv_3x3~0|");
    free(text);
}

static void best_with_impossible_limits_finds_nothing(void **state)
{
    (void)state;
    expect_failure(RUN("best", table_path, "--dataset", "cifar10", "--max-params", "0.0001"), 1, "no architecture passes");
    expect_failure(RUN("best", table_path, "--dataset", "cifar10", "--max-params", "0"), 2, "--max-params");
    expect_failure(RUN("best", table_path, "--dataset", "cifar10", "--max-params", "nan"), 2, "--max-params");
    expect_failure(RUN("best", table_path, "--dataset", "cifar10", "-n", "0"), 2, "-n");
    expect_failure(RUN("best", table_path), 2, "--dataset is missing");
}

/* ---- show ---- */

static void show_prints_the_original_s_layout(void **state)
{
    (void)state;
    char *text = expect_text(RUN("show", table_path, "11"));
    expect_in(text, "012 epochs");
    expect_in(text, "200 epochs");
    expect_in(text, "cifar10-valid  FLOP=113.95 M, Params=1.140 MB, latency=13.60 ms.\n");
    free(text);
    char *old = expect_text(RUN("show", table_path, "11", "--api", "1.0"));
    expect_in(old, " 200 epochs ");
    expect_in(old, "top1 = ");
    free(old);
    text = expect_text(RUN("show", table_path, "all"));
    expect_in(text, "---------- The (    0/    3) 000000-th architecture! ----------");
    expect_in(text, "000284-th architecture! ----------");
    free(text);
    text = expect_text(RUN("show", table_path, "1"));
    expect_in(text, "The 1-th architecture has not been evaluated or not saved.");
    free(text);
    expect_failure(RUN("show", table_path, "11", "--api", "3.0"), 2, "3.0");
    expect_failure(RUN("show", table_path), 2, "ARCH is missing");
}

static void show_json_has_costs_splits_and_more_info(void **state)
{
    (void)state;
    json_t *arch = expect_json(RUN("show", table_path, "11", "--json"));
    assert_int_equal(number_of(arch, "index"), 11);
    json_t *results = json_object_get(arch, "results");
    assert_int_equal(json_array_size(results), 3);
    bool found = false;
    for (size_t i = 0; i < 3; i++) {
        json_t *result = json_array_get(results, i);
        if (strcmp(text_of(result, "dataset"), "cifar10") != 0)
            continue;
        found = true;
        assert_true(number_of(json_object_get(result, "costs"), "flops") == 113.95137);
        double accuracy = number_of(json_object_get(json_object_get(result, "splits"), "ori-test"), "accuracy");
        assert_true(accuracy == mean_of(11, NB_METRIC_ACCURACY, "ori-test", EPOCHS_LONG - 1));
        assert_true(number_of(json_object_get(result, "more_info"), "test-accuracy") == accuracy);
    }
    assert_true(found);
    json_decref(arch);
    json_t *all = expect_json(RUN("show", table_path, "all", "--json"));
    assert_int_equal(json_array_size(all), 3);
    json_decref(all);
}

/* ---- export ---- */

static void export_heads_say_what_the_columns_hold(void **state)
{
    (void)state;
    char *text = expect_text(RUN("export", table_path, "--to", "csv", "--dataset", "cifar10", "--metric", "accuracy", "--metric", "flops",
                                 "--split", "ori-test"));
    char expected[512], first[64];
    snprintf(first, sizeof first, "%.17g", mean_of(0, NB_METRIC_ACCURACY, "ori-test", EPOCHS_LONG - 1));
    snprintf(expected, sizeof expected,
             "index,arch,cifar10/200/flops,cifar10/200/ori-test/accuracy\n"
             "0,|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|,15.64737,");
    expect_in(text, expected);
    assert_true(strtod(strchr(strstr(text, ",15.64737,") + 1, ',') + 1, NULL) == strtod(first, NULL));
    size_t lines = 0;
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    assert_int_equal(lines, 4);
    free(text);
}

static void export_json_is_one_object_per_architecture(void **state)
{
    (void)state;
    json_t *list = expect_json(
        RUN("export", table_path, "--to", "json", "--dataset", "cifar10", "--seed", "all", "--epoch", "all", "--metric", "loss"));
    assert_int_equal(json_array_size(list), 3);
    json_t *second = json_array_get(list, 1);
    assert_int_equal(number_of(second, "index"), 11);
    assert_int_equal(json_object_size(second), 2 + 2 * 2 * EPOCHS_LONG);
    assert_true(number_of(second, "cifar10/200/ori-test/loss@17#888") == value_of(11, 888, NB_METRIC_LOSS, "ori-test", 17));
    json_decref(list);
}

static void export_writes_a_whole_file_or_none(void **state)
{
    (void)state;
    char *path = scratch_path("out.csv");
    char *printed = expect_text(RUN("export", table_path, "--to", "csv"));
    free(expect_text(RUN("export", table_path, "--to", "csv", "-o", path)));
    char *written = take_text(path);
    assert_string_equal(printed, written);
    free(printed);
    free(written);
    expect_failure(RUN("export", table_path, "--to", "csv", "-o", "/nowhere/at/all.csv"), 1, "/nowhere/at/all.csv");
    if (access("/dev/full", W_OK) == 0)
        expect_failure(RUN("export", table_path, "--to", "json", "-o", "/dev/full"), 1, "/dev/full: No space left on device");
    expect_failure(RUN("export", table_path, "--to", "xml"), 2, "csv or json expected");
    expect_failure(RUN("export", table_path), 2, "--to is missing");
    expect_failure(RUN("export", table_path, "--to", "csv", "--dataset", "mnist"), 1, "no dataset 'mnist'");
    expect_failure(RUN("export", table_path, "--to", "csv", "--split", "x-test"), 1, "no split 'x-test'");
    expect_failure(RUN("export", table_path, "--to", "csv", "--schedule", "90"), 1, "no schedule '90'");
    free(path);
}

/* ---- space ---- */

static void the_cost_table_holds_every_architecture(void **state)
{
    (void)state;
    char *path = scratch_path("costs.safetensors");
    char *text = expect_text(RUN("space", "nasbench201", "table", "-o", path));
    expect_in(text, "costs of 15,625 architectures for 3 datasets");
    free(text);
    json_t *list = expect_json(RUN("query", path, "0", "11", "--dataset", "cifar100", "--metric", "flops", "--json"));
    assert_true(number_of(json_array_get(list, 0), "value") == 15.65322);
    assert_true(number_of(json_array_get(list, 1), "value") == 113.95722);
    json_decref(list);
    expect_failure(RUN("query", path, "0", "--dataset", "cifar10"), 1, "flops, params and latency only");
    list = expect_json(RUN("best", path, "--dataset", "cifar10", "--metric", "flops", "-n", "2", "--json"));
    assert_int_equal(json_array_size(list), 2);
    assert_true(number_of(json_array_get(list, 0), "value") == 7.78305);
    json_decref(list);
    expect_failure(RUN("space", "nasbench201", "table"), 2, "-o TABLE is missing");
    expect_failure(RUN("space", "nasbench201", "table", "-o", "/nowhere/at/all"), 1, "/nowhere/at/all");
    expect_failure(RUN("space", "nasbench201", "table", "-o", path, "--dataset", "mars"), 1, "mars");
    free(path);
}

static void spaces_are_described_listed_and_sampled(void **state)
{
    (void)state;
    char *text = expect_text(RUN("space", "nasbench201"));
    expect_in(text, "architectures  15,625\n");
    expect_in(text, "classes        6,466 of isomorphic architectures\n");
    free(text);
    json_t *spaces = expect_json(RUN("space", "--json"));
    assert_true(json_array_size(spaces) >= 2);
    json_decref(spaces);
    json_t *all = expect_json(RUN("space", "nats-size", "list", "--json"));
    assert_int_equal(json_array_size(all), 32768);
    assert_string_equal(text_of(json_array_get(all, 668), "arch"), "8:16:24:32:40");
    json_decref(all);
    char *one = expect_text(RUN("space", "nasbench201", "sample", "-n", "5", "--seed", "7"));
    char *same = expect_text(RUN("space", "nasbench201", "sample", "-n", "5", "--seed", "7"));
    assert_string_equal(one, same);
    free(one);
    free(same);
    json_t *neighbours = expect_json(RUN("space", "nasbench201", "neighbours", "0", "--json"));
    assert_int_equal(json_array_size(neighbours), 24);
    json_decref(neighbours);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(info_tells_setups_and_curves),
        cmocka_unit_test(a_damaged_file_is_code_1_and_names_it),
        cmocka_unit_test(query_gives_the_mean_at_the_last_epoch_of_the_longest_schedule),
        cmocka_unit_test(query_takes_strings_and_indices_alike),
        cmocka_unit_test(query_gives_every_trial_epoch_and_metric_exactly),
        cmocka_unit_test(query_picks_one_seed_or_draws_one_that_a_number_repeats),
        cmocka_unit_test(what_was_not_measured_is_null),
        cmocka_unit_test(query_knows_costs_and_total_times),
        cmocka_unit_test(short_names_of_splits_follow_the_original_api),
        cmocka_unit_test(query_text_has_units_in_its_heads_and_aligned_columns),
        cmocka_unit_test(query_says_what_the_table_has_instead),
        cmocka_unit_test(query_usage_errors_are_code_2),
        cmocka_unit_test(best_ranks_by_accuracy_and_keeps_to_limits),
        cmocka_unit_test(best_with_impossible_limits_finds_nothing),
        cmocka_unit_test(show_prints_the_original_s_layout),
        cmocka_unit_test(show_json_has_costs_splits_and_more_info),
        cmocka_unit_test(export_heads_say_what_the_columns_hold),
        cmocka_unit_test(export_json_is_one_object_per_architecture),
        cmocka_unit_test(export_writes_a_whole_file_or_none),
        cmocka_unit_test(the_cost_table_holds_every_architecture),
        cmocka_unit_test(spaces_are_described_listed_and_sampled),
    };
    return cmocka_run_group_tests(tests, make_table, forget_table);
}
