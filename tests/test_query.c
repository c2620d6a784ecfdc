#include "support.h"

#include <math.h>

#include "nasbench/query.h"
#include "nasbench/space.h"

/* A made-up table: the rules of queries, without the published records (those are in test_records.c). */

enum { EPOCHS = 4 };

static nb_table_writer *open_writer(const char *path)
{
    nb_table_writer *writer;
    nb_table_description description = {.space = nb_space_find("nasbench201", NULL), .flavour = NB_FLAVOUR_NATS};
    assert_int_equal(nb_table_writer_open(path, &description, &writer, NULL), NB_OK);
    return writer;
}

static nb_trial trial_of(uint32_t row, uint32_t seed, const nb_curve *curves, size_t count)
{
    return (nb_trial){.row = row,
                      .dataset = "cifar10",
                      .schedule = "200",
                      .seed = seed,
                      .epochs = EPOCHS,
                      .flops = 10 * (row + 1),
                      .params = row + 0.5,
                      .curves = curves,
                      .curve_count = count};
}

static void add(nb_table_writer *writer, const nb_trial *trial)
{
    nb_error err;
    if (nb_table_writer_add(writer, trial, &err) != NB_OK)
        fail_msg("%s", err.message);
}

static nb_table *finish(nb_table_writer *writer, const char *path)
{
    nb_error err;
    nb_table *table = NULL;
    if (nb_table_writer_commit(writer, NULL, &err) != NB_OK || nb_table_open(path, &table, &err) != NB_OK)
        fail_msg("%s", err.message);
    return table;
}

/* Accuracy of the made-up trials: needs all digits of a double. */
static double accuracy_of(uint32_t row, uint32_t seed, uint32_t epoch)
{
    return 100.0 / (3 + row + 0.1 * seed + epoch);
}

/* Rows 0..9; row r has 1 + r % 3 seeds 777, 888, ...; row 9 has ten; x-valid only at the last epoch; train time constant. */
static uint32_t seeds_of(uint32_t row)
{
    return row == 9 ? 10 : 1 + row % 3;
}

static nb_table *made_up_table(const char *name)
{
    char *path = scratch_path(name);
    nb_table_writer *writer = open_writer(path);
    for (uint32_t row = 0; row < 10; row++) {
        for (uint32_t s = 0; s < seeds_of(row); s++) {
            uint32_t seed = 777 + 111 * s;
            double accuracy[EPOCHS], loss[EPOCHS], time[EPOCHS], last = accuracy_of(row, seed, 100);
            for (uint32_t e = 0; e < EPOCHS; e++) {
                accuracy[e] = accuracy_of(row, seed, e);
                loss[e] = 1 / accuracy[e];
                time[e] = 0.1 * (row + 1);
            }
            const nb_curve curves[] = {
                {"train", NB_METRIC_ACCURACY, 0, EPOCHS, accuracy, NULL},
                {"train", NB_METRIC_LOSS, 0, EPOCHS, loss, NULL},
                {"train", NB_METRIC_TIME, 0, EPOCHS, time, NULL},
                {"x-valid", NB_METRIC_ACCURACY, EPOCHS - 1, 1, &last, NULL},
                {"ori-test", NB_METRIC_ACCURACY, 0, 1 + row / 5, accuracy, NULL},
            };
            nb_trial trial = trial_of(row, seed, curves, 5);
            add(writer, &trial);
        }
    }
    nb_table *table = finish(writer, path);
    free(path);
    return table;
}

static nb_query_spec spec_of(const char *split, nb_metric metric, int32_t epoch)
{
    return (nb_query_spec){.dataset = "cifar10", .schedule = "200", .split = split, .metric = metric, .epoch = epoch};
}

static nb_query compiled(const nb_table *table, nb_query_spec spec)
{
    nb_query query;
    nb_error err;
    if (nb_query_compile(table, &spec, &query, &err) != NB_OK)
        fail_msg("%s", err.message);
    return query;
}

static void the_mean_is_the_sum_in_seed_order_divided(void **state)
{
    (void)state;
    nb_table *table = made_up_table("mean.nbt");
    for (int32_t epoch = NB_EPOCH_LAST; epoch < EPOCHS; epoch++) {
        nb_query query = compiled(table, spec_of("train", NB_METRIC_ACCURACY, epoch));
        for (uint32_t row = 0; row < 10; row++) {
            double sum = 0, value;
            for (uint32_t s = 0; s < seeds_of(row); s++)
                sum += accuracy_of(row, 777 + 111 * s, epoch < 0 ? EPOCHS - 1 : (uint32_t)epoch);
            assert_true(nb_query_get(&query, row, &value));
            assert_true(value == sum / seeds_of(row));
        }
    }
    nb_table_close(table);
}

static void one_seed_answers_alone(void **state)
{
    (void)state;
    nb_table *table = made_up_table("seed.nbt");
    nb_query_spec spec = spec_of("x-valid", NB_METRIC_ACCURACY, NB_EPOCH_LAST);
    spec.pick = (nb_pick){.kind = NB_PICK_SEED, .seed = 888};
    nb_query query = compiled(table, spec);
    double value;
    for (uint32_t row = 0; row < 10; row++) {
        bool expected = seeds_of(row) > 1;
        assert_int_equal(nb_query_get(&query, row, &value), expected);
        assert_true(expected ? value == accuracy_of(row, 888, 100) : isnan(value));
    }
    nb_table_close(table);
}

static void a_random_trial_is_drawn_uniformly(void **state)
{
    (void)state;
    nb_table *table = made_up_table("random.nbt");
    nb_rng rng = nb_rng_seed(1, 2);
    nb_query_spec spec = spec_of("train", NB_METRIC_ACCURACY, 0);
    spec.pick = (nb_pick){.kind = NB_PICK_RANDOM, .rng = &rng};
    nb_query query = compiled(table, spec);
    int counts[3] = {0};
    for (int i = 0; i < 30000; i++) {
        double value;
        assert_true(nb_query_get(&query, 2, &value));
        for (uint32_t s = 0; s < 3; s++)
            counts[s] += value == accuracy_of(2, 777 + 111 * s, 0);
    }
    assert_int_equal(counts[0] + counts[1] + counts[2], 30000);
    for (int s = 0; s < 3; s++)
        assert_in_range(counts[s], 9700, 10300); /* 3.7 standard deviations */
    nb_table_close(table);
}

static void the_column_holds_what_single_answers_give(void **state)
{
    (void)state;
    nb_table *table = made_up_table("column.nbt");
    uint32_t rows = nb_table_get_info(table)->rows;
    double *values = malloc(rows * sizeof *values);
    uint8_t *measured = malloc(rows);
    const char *const splits[] = {"train", "x-valid", "ori-test"};
    for (int s = 0; s < 3; s++) {
        nb_query query = compiled(table, spec_of(splits[s], NB_METRIC_ACCURACY, s == 1 ? NB_EPOCH_LAST : 1));
        uint32_t count = nb_query_column(&query, values, measured), expected = 0;
        for (uint32_t row = 0; row < rows; row++) {
            double value;
            bool found = nb_query_get(&query, row, &value);
            expected += found;
            assert_int_equal(measured[row], found);
            assert_true(found ? values[row] == value : isnan(values[row]));
        }
        assert_int_equal(count, expected);
        assert_int_equal(count, s == 2 ? 5 : 10);
        assert_int_equal(nb_query_column(&query, values, NULL), expected);
    }
    free(values);
    free(measured);
    nb_table_close(table);
}

static void assert_compile_fails(const nb_table *table, nb_query_spec spec, nb_status expected, const char *message_part)
{
    nb_query query;
    nb_error err = {0};
    assert_int_equal(nb_query_compile(table, &spec, &query, &err), expected);
    if (!strstr(err.message, message_part))
        fail_msg("'%s' expected in '%s'", message_part, err.message);
}

static void a_question_that_has_no_answer_is_refused_with_what_there_is(void **state)
{
    (void)state;
    nb_table *table = made_up_table("refused.nbt");
    nb_query_spec spec = spec_of("train", NB_METRIC_ACCURACY, NB_EPOCH_LAST);
    spec.dataset = "cifar11";
    assert_compile_fails(table, spec, NB_ERR_NOT_FOUND, "dataset 'cifar11' under schedule '200': cifar10/200 expected");
    spec = spec_of("train", NB_METRIC_ACCURACY, NB_EPOCH_LAST);
    spec.schedule = "12";
    assert_compile_fails(table, spec, NB_ERR_NOT_FOUND, "cifar10/200 expected");
    assert_compile_fails(table, spec_of("x-test", NB_METRIC_ACCURACY, 0), NB_ERR_NOT_FOUND, "train, x-valid, ori-test expected");
    assert_compile_fails(table, spec_of("train", NB_METRIC_ACCURACY, 4), NB_ERR_ARGUMENT, "epoch 4: 0 to 3 expected");
    assert_compile_fails(table, spec_of("train", NB_METRIC_ACCURACY, -2), NB_ERR_ARGUMENT, "epoch -2");
    assert_compile_fails(table, spec_of("train", NB_METRIC_ACCURACY5, 0), NB_ERR_NOT_FOUND, "no accuracy5 was measured");
    assert_compile_fails(table, spec_of("x-valid", NB_METRIC_ACCURACY, 2), NB_ERR_NOT_FOUND, "last epoch only");
    spec = spec_of("train", NB_METRIC_ACCURACY, 0);
    spec.pick.kind = NB_PICK_RANDOM;
    assert_compile_fails(table, spec, NB_ERR_ARGUMENT, "generator");
    spec = spec_of("valid", NB_METRIC_ACCURACY, NB_EPOCH_LAST); /* since 2.0 the same as x-valid */
    spec.schedule = "full";
    nb_query query = compiled(table, spec);
    double value;
    assert_true(nb_query_get(&query, 0, &value));
    assert_false(nb_query_get(&query, 10, &value));
    assert_false(nb_query_get(&query, UINT32_MAX, &value));
    nb_table_close(table);
}

static void what_one_trial_lacks_the_mean_lacks(void **state)
{
    (void)state;
    char *path = scratch_path("lacks.nbt");
    nb_table_writer *writer = open_writer(path);
    const double values[EPOCHS] = {1, 2, 3, NAN};
    const uint8_t present[EPOCHS] = {1, 1, 0, 1};
    const nb_curve whole = {"train", NB_METRIC_LOSS, 0, EPOCHS, values, NULL}, gap = {"train", NB_METRIC_LOSS, 0, EPOCHS, values, present};
    nb_trial trial = trial_of(0, 1, &whole, 1);
    add(writer, &trial);
    trial = trial_of(0, 2, &gap, 1);
    add(writer, &trial);
    nb_table *table = finish(writer, path);
    double value;
    nb_query query = compiled(table, spec_of("train", NB_METRIC_LOSS, 1));
    assert_true(nb_query_get(&query, 0, &value) && value == 2);
    query = compiled(table, spec_of("train", NB_METRIC_LOSS, 2));
    assert_false(nb_query_get(&query, 0, &value));
    query = compiled(table, spec_of("train", NB_METRIC_LOSS, 3)); /* a measured NaN is an answer */
    assert_true(nb_query_get(&query, 0, &value) && isnan(value));
    nb_query_spec spec = spec_of("train", NB_METRIC_LOSS, 2);
    spec.pick = (nb_pick){.kind = NB_PICK_SEED, .seed = 1};
    query = compiled(table, spec);
    assert_true(nb_query_get(&query, 0, &value) && value == 3);
    nb_table_close(table);
    free(path);
}

static void the_last_epoch_is_each_trials_own(void **state)
{
    (void)state;
    char *path = scratch_path("lengths.nbt");
    nb_table_writer *writer = open_writer(path);
    const double values[EPOCHS] = {1, 2, 3, 4}, constant[EPOCHS] = {5, 5, 5, 5};
    for (uint32_t length = 1; length <= EPOCHS; length++) {
        const nb_curve curves[] = {{"train", NB_METRIC_LOSS, 0, length, values, NULL},
                                   {"train", NB_METRIC_TIME, 0, length, constant, NULL},
                                   {"x-test", NB_METRIC_LOSS, length - 1, 1, &values[length - 1], NULL}};
        nb_trial trial = trial_of(length - 1, 777, curves, 3);
        trial.epochs = length;
        add(writer, &trial);
    }
    nb_table *table = finish(writer, path);
    double value;
    for (uint32_t row = 0; row < EPOCHS; row++) {
        const char *const splits[] = {"train", "x-test"};
        for (int s = 0; s < 2; s++) {
            nb_query query = compiled(table, spec_of(splits[s], NB_METRIC_LOSS, NB_EPOCH_LAST));
            assert_true(nb_query_get(&query, row, &value) && value == row + 1);
            query = compiled(table, spec_of(splits[s], NB_METRIC_LOSS, 2));
            assert_int_equal(nb_query_get(&query, row, &value), s == 0 ? row >= 2 : row == 2);
        }
        nb_query query = compiled(table, spec_of("train", NB_METRIC_TIME, 2));
        assert_int_equal(nb_query_get(&query, row, &value), row >= 2);
        query = compiled(table, spec_of("train", NB_METRIC_TIME, NB_EPOCH_LAST));
        assert_true(nb_query_get(&query, row, &value) && value == 5);
    }
    nb_table_close(table);
    free(path);
}

/* ---------------------------------------------------------------- best, statistics */

static void the_best_is_the_first_strict_maximum_within_the_limits(void **state)
{
    (void)state;
    char *path = scratch_path("best.nbt");
    nb_table_writer *writer = open_writer(path);
    const double accuracies[] = {50, 70, 90, 90, 80, NAN, 60};
    for (uint32_t row = 0; row < 7; row++) {
        const nb_curve curve = {"ori-test", NB_METRIC_ACCURACY, EPOCHS - 1, 1, &accuracies[row], NULL};
        const double latency = 0.001 * (10 - row);
        nb_trial trial = trial_of(row, 777, &curve, 1);
        trial.latency = &latency;
        trial.latency_count = 1;
        add(writer, &trial);
    }
    nb_table *table = finish(writer, path);
    nb_best best[10];
    uint32_t count;
    nb_best_spec spec = {.query = spec_of("ori-test", NB_METRIC_ACCURACY, NB_EPOCH_LAST)};
    assert_int_equal(nb_table_best(table, &spec, best, 1, &count, NULL), NB_OK);
    assert_int_equal(count, 1);
    assert_int_equal(best[0].row, 2);
    assert_true(best[0].value == 90);

    assert_int_equal(nb_table_best(table, &spec, best, 10, &count, NULL), NB_OK);
    const uint32_t order[] = {2, 3, 4, 1, 6, 0};
    assert_int_equal(count, 6);
    for (int i = 0; i < 6; i++)
        assert_int_equal(best[i].row, order[i]);
    assert_int_equal(nb_table_best(table, &spec, best, 3, &count, NULL), NB_OK);
    assert_int_equal(count, 3);
    assert_int_equal(best[2].row, 4);

    spec.max_flops = 20; /* rows 0 and 1; the limit itself passes */
    assert_int_equal(nb_table_best(table, &spec, best, 10, &count, NULL), NB_OK);
    assert_int_equal(count, 2);
    assert_int_equal(best[0].row, 1);
    spec.max_params = 0.7;
    assert_int_equal(nb_table_best(table, &spec, best, 10, &count, NULL), NB_OK);
    assert_int_equal(count, 1);
    spec.max_latency = 0.004;
    assert_int_equal(nb_table_best(table, &spec, best, 10, &count, NULL), NB_OK);
    assert_int_equal(count, 0);
    nb_table_close(table);
    free(path);
}

static void statistics_count_rows_by_trials(void **state)
{
    (void)state;
    nb_table *table = made_up_table("statistics.nbt");
    uint32_t counts[4];
    assert_int_equal(nb_table_statistics(table, "cifar10", "full", true, counts, 4), 11);
    assert_int_equal(counts[0], 0);
    assert_int_equal(counts[1], 3);
    assert_int_equal(counts[2], 3);
    assert_int_equal(counts[3], 3);
    assert_int_equal(nb_table_statistics(table, "cifar10", "200", false, counts, 1), 11);
    assert_int_equal(counts[0], 15615);
    assert_int_equal(nb_table_statistics(table, "cifar100", "200", true, counts, 4), 1);
    assert_int_equal(counts[0], 10);
    nb_table_close(table);
}

static void set_names_are_remapped_as_since_2_0(void **state)
{
    (void)state;
    const char *const names[][4] = {
        {"cifar10", "valid", "cifar10-valid", "x-valid"},
        {"cifar10", "test", "cifar10", "ori-test"},
        {"cifar10", "train", "cifar10", "train"},
        {"cifar100", "valid", "cifar100", "x-valid"},
        {"ImageNet16-120", "test", "ImageNet16-120", "x-test"},
        {"cifar10-valid", "valid", "cifar10-valid", "valid"},
        {"cifar100", "ori-test", "cifar100", "ori-test"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *dataset = names[i][0], *split = names[i][1];
        nb_remap_split(&dataset, &split);
        assert_string_equal(dataset, names[i][2]);
        assert_string_equal(split, names[i][3]);
    }
}

/* ---------------------------------------------------------------- metrics, costs */

static void times_come_with_the_sum_up_to_the_epoch(void **state)
{
    (void)state;
    nb_table *table = made_up_table("times.nbt");
    nb_metrics metrics;
    const nb_pick mean = {0};
    double sum = 0;
    for (int32_t e = 0; e < EPOCHS; e++) {
        sum += 0.1 * 3;
        assert_int_equal(
            nb_table_metrics(table, 0, 2, 0, e, &(nb_pick){.kind = NB_PICK_SEED, .seed = 777}, NB_FLAVOUR_NATS, &metrics, NULL), NB_OK);
        assert_true(metrics.timed && metrics.cur_time == 0.1 * 3 && metrics.all_time == sum && metrics.epoch == e);
    }
    nb_error err;
    assert_int_equal(nb_table_metrics(table, 0, 2, 0, 4, &mean, NB_FLAVOUR_NATS, &metrics, &err), NB_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "epoch 4"));
    assert_int_equal(nb_table_metrics(table, 0, 100, 0, 0, &mean, NB_FLAVOUR_NATS, &metrics, &err), NB_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "row 100: no trial of cifar10/200"));
    assert_int_equal(nb_table_metrics(table, 0, 0, 0, 0, &(nb_pick){.kind = NB_PICK_SEED, .seed = 5}, NB_FLAVOUR_NATS, &metrics, &err),
                     NB_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "no trial with seed 5"));
    assert_int_equal(nb_table_metrics(table, 0, 0, 1, NB_EPOCH_LAST, &mean, NB_FLAVOUR_NATS, &metrics, &err), NB_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "x-valid: the loss of seed 777 was not measured"));
    assert_int_equal(nb_trial_metrics(table, 0, 0, 0, 1, &metrics, NULL), NB_OK);
    assert_true(metrics.accuracy == accuracy_of(0, 777, 1));
    assert_int_equal(nb_trial_metrics(table, 0, 1000, 0, 1, &metrics, NULL), NB_ERR_ARGUMENT);
    assert_int_equal(nb_trial_metrics(table, 7, 0, 0, 1, &metrics, NULL), NB_ERR_ARGUMENT);
    assert_int_equal(nb_trial_metrics(table, 0, 0, 9, 1, &metrics, NULL), NB_ERR_ARGUMENT);
    nb_table_close(table);
}

/* The tenth row has ten trials: numpy adds them in another order than Python. */
static void long_means_follow_the_version(void **state)
{
    (void)state;
    nb_table *table = made_up_table("pairwise.nbt");
    double a[10], plain = 0;
    for (uint32_t s = 0; s < 10; s++) {
        a[s] = accuracy_of(9, 777 + 111 * s, 2);
        plain += a[s];
    }
    double numpy = ((a[0] + a[1]) + (a[2] + a[3])) + ((a[4] + a[5]) + (a[6] + a[7])) + a[8] + a[9];
    nb_metrics metrics;
    const nb_pick mean = {0};
    assert_int_equal(nb_table_metrics(table, 0, 9, 0, 2, &mean, NB_FLAVOUR_NATS, &metrics, NULL), NB_OK);
    assert_true(metrics.accuracy == plain / 10);
    assert_int_equal(nb_table_metrics(table, 0, 9, 0, 2, &mean, NB_FLAVOUR_2_0, &metrics, NULL), NB_OK);
    assert_true(metrics.accuracy == numpy / 10);
    nb_table_close(table);
}

static void where_nats_trials_disagree_on_costs_seed_888_decides(void **state)
{
    (void)state;
    char *path = scratch_path("disagree.nbt");
    nb_table_writer *writer = open_writer(path);
    const double flops[2][3] = {{10, 20, 30}, {10, 10.000001, 10}};
    for (uint32_t row = 0; row < 3; row++) {
        for (uint32_t s = 0; s < 3; s++) {
            nb_trial trial = trial_of(row, row == 2 ? s : 777 + 111 * s, NULL, 0);
            trial.flops = flops[row % 2][s];
            add(writer, &trial);
        }
    }
    nb_table *table = finish(writer, path);
    nb_cost_info costs;
    assert_int_equal(nb_table_costs(table, 0, 0, NB_FLAVOUR_NATS, &costs, NULL), NB_OK);
    assert_true(costs.flops == 20);
    assert_int_equal(nb_table_costs(table, 0, 1, NB_FLAVOUR_NATS, &costs, NULL), NB_OK);
    assert_true(costs.flops == (10 + 10.000001 + 10) / 3); /* the same with five decimals */
    nb_error err;
    assert_int_equal(nb_table_costs(table, 0, 2, NB_FLAVOUR_NATS, &costs, &err), NB_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "no seed 888"));
    assert_int_equal(nb_table_costs(table, 0, 2, NB_FLAVOUR_2_0, &costs, NULL), NB_OK);
    assert_true(costs.flops == 20);
    assert_false(costs.measured);
    nb_table_close(table);
    free(path);
}

static void latencies_that_were_not_measured_count_only_for_aa(void **state)
{
    (void)state;
    char *path = scratch_path("latency.nbt");
    nb_table_writer *writer = open_writer(path);
    const double latency[] = {0.01, 0.02, 0.06};
    for (uint32_t s = 0; s < 3; s++) {
        nb_trial trial = trial_of(0, s, NULL, 0);
        trial.latency = latency;
        trial.latency_count = s == 0 ? 0 : 1 + s;
        add(writer, &trial);
    }
    nb_table *table = finish(writer, path);
    double second = (0.01 + 0.02) / 2, third = (0.01 + 0.02 + 0.06) / 3, value;
    nb_cost_info costs;
    assert_true(nb_trial_latency(table, 0, 0) == -1);
    assert_true(nb_trial_latency(table, 0, 2) == third);
    assert_int_equal(nb_table_costs(table, 0, 0, NB_FLAVOUR_1_0, &costs, NULL), NB_OK);
    assert_true(costs.measured && costs.latency == (second + third) / 2);
    assert_int_equal(nb_table_costs(table, 0, 0, NB_FLAVOUR_AA, &costs, NULL), NB_OK);
    assert_true(costs.latency == (-1 + second + third) / 3);
    assert_int_equal(nb_table_latency(table, 0, 0, &value, NULL), NB_ERR_NOT_FOUND);
    nb_table_close(table);
    free(path);
}

static void a_time_that_is_missing_between_others_is_an_error(void **state)
{
    (void)state;
    char *path = scratch_path("timegap.nbt");
    nb_table_writer *writer = open_writer(path);
    const double values[EPOCHS] = {1, 2, 3, 4};
    const uint8_t present[EPOCHS] = {1, 0, 1, 1};
    const nb_curve curves[] = {
        {"train", NB_METRIC_ACCURACY, 0, EPOCHS, values, NULL}, {"train", NB_METRIC_LOSS, 0, EPOCHS, values, NULL},
        {"train", NB_METRIC_TIME, 0, EPOCHS, values, present},  {"x-valid", NB_METRIC_ACCURACY, 0, EPOCHS, values, NULL},
        {"x-valid", NB_METRIC_LOSS, 0, EPOCHS, values, NULL},   {"ori-test", NB_METRIC_TIME, 0, EPOCHS, values, NULL}};
    nb_trial trial = trial_of(0, 777, curves, 6);
    add(writer, &trial);
    trial = trial_of(1, 777, curves, 2);
    add(writer, &trial);
    nb_table *table = finish(writer, path);
    nb_metrics metrics;
    assert_int_equal(nb_trial_metrics(table, 0, 0, 0, 0, &metrics, NULL), NB_OK);
    assert_true(metrics.timed && metrics.all_time == 1);
    assert_int_equal(nb_trial_metrics(table, 0, 0, 0, 1, &metrics, NULL), NB_ERR_NOT_FOUND);
    assert_int_equal(nb_trial_metrics(table, 0, 0, 0, 2, &metrics, NULL), NB_ERR_NOT_FOUND);
    /* ori-test has times, so those of x-valid are looked for; the second trial has none at all. */
    assert_int_equal(nb_trial_metrics(table, 0, 0, 1, 0, &metrics, NULL), NB_ERR_NOT_FOUND);
    assert_int_equal(nb_trial_metrics(table, 0, 1, 0, 3, &metrics, NULL), NB_OK);
    assert_false(metrics.timed);
    nb_table_close(table);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mean_is_the_sum_in_seed_order_divided),
        cmocka_unit_test(one_seed_answers_alone),
        cmocka_unit_test(a_random_trial_is_drawn_uniformly),
        cmocka_unit_test(the_column_holds_what_single_answers_give),
        cmocka_unit_test(a_question_that_has_no_answer_is_refused_with_what_there_is),
        cmocka_unit_test(what_one_trial_lacks_the_mean_lacks),
        cmocka_unit_test(the_last_epoch_is_each_trials_own),
        cmocka_unit_test(the_best_is_the_first_strict_maximum_within_the_limits),
        cmocka_unit_test(statistics_count_rows_by_trials),
        cmocka_unit_test(set_names_are_remapped_as_since_2_0),
        cmocka_unit_test(times_come_with_the_sum_up_to_the_epoch),
        cmocka_unit_test(long_means_follow_the_version),
        cmocka_unit_test(where_nats_trials_disagree_on_costs_seed_888_decides),
        cmocka_unit_test(latencies_that_were_not_measured_count_only_for_aa),
        cmocka_unit_test(a_time_that_is_missing_between_others_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
