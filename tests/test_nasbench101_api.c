/* NAS-Bench-101's own interface: what nasbench.api answers, on a table of a generated file that holds the published numbers of its first
 * cell. */
#include "support.h"

#include <math.h>

#include <jansson.h>

#include "nasbench/import.h"
#include "nasbench/nasbench101_api.h"
#include "nasbench/objective.h"

static nb_table *table; /* 40 cells; 4 and 108 epochs; records in mixed order */

static const char first_hash[] = "00005c142e6f48ac74fdcf73e3439874";

static int make_table(void **state)
{
    (void)state;
    if (!shared_folder())
        return 0;
    char command[1024], *source = scratch_path("api.tfrecord"), *target = scratch_path("api.safetensors");
    const char *const sources[] = {source};
    nb_error err;
    snprintf(command, sizeof command, "python3 '%s' --cells 40 --epochs 4,108 --shuffle --manifest /dev/null -o '%s'",
             shared_path("tools/make_nb101_tfrecord.py"), source);
    bool made = system(command) == 0 && nb_import(sources, 1, target, NULL, NULL, NULL, &err) == NB_OK &&
                nb_table_open(target, &table, &err) == NB_OK;
    free(source);
    free(target);
    return made ? 0 : -1;
}

static int forget_table(void **state)
{
    (void)state;
    nb_table_close(table);
    return 0;
}

static nb_api101 new_api(uint64_t seed)
{
    nb_api101 api;
    nb_error err;
    skip_without_shared();
    if (nb_api101_init(table, seed, &api, &err) != NB_OK)
        fail_msg("%s", err.message);
    return api;
}

static void expect_bits(double found, double expected)
{
    assert_memory_equal(&found, &expected, sizeof found);
}

static uint32_t row_of(const nb_api101 *api, const char *text)
{
    uint8_t hash[NB_CELL101_HASH_SIZE];
    uint32_t row = UINT32_MAX;
    assert_true(nb_hash101_parse(text, strlen(text), hash));
    assert_int_equal(nb_api101_row_of_hash(api, hash, &row, NULL), NB_OK);
    return row;
}

static nb_modelspec spec_of(const char *json)
{
    nb_modelspec spec;
    nb_error err;
    if (nb_modelspec_parse(json, strlen(json), &spec, NULL, &err) != NB_OK)
        fail_msg("%s", err.message);
    return spec;
}

/* The first cell of the published files, as they store it, and with its vertices 1 and 2 behind a dead one. */
#define OPS3 "\"conv3x3-bn-relu\""
#define POOL "\"maxpool3x3\""
#define OPS1 "\"conv1x1-bn-relu\""
static const char first_cell[] =
    "{\"matrix\": [[0,1,0,0,1,1,0],[0,0,1,0,0,0,0],[0,0,0,1,0,0,1],[0,0,0,0,0,1,0],[0,0,0,0,0,1,0],[0,0,0,0,0,0,1],"
    "[0,0,0,0,0,0,0]], \"ops\": [\"input\"," OPS3 "," POOL "," OPS3 "," OPS3 "," OPS1 ",\"output\"]}";
/* The vertex 4 comes first, and a vertex without a way out is added. */
static const char first_cell_otherwise[] =
    "{\"matrix\": [[0,1,1,0,0,0,1,0],[0,0,0,0,0,0,1,0],[0,0,0,1,0,1,0,0],[0,0,0,0,1,0,0,1],[0,0,0,0,0,0,1,0],[0,0,0,0,0,0,0,0],"
    "[0,0,0,0,0,0,0,1],[0,0,0,0,0,0,0,0]], \"ops\": [\"input\"," OPS3 "," OPS3 "," POOL "," OPS3 "," OPS3 "," OPS1 ",\"output\"]}";

/* (time, train, validation, test) half-way and final, 108 epochs: published. */
static const double published[3][2][4] = {
    {{883.4580078125, 0.8282251358032227, 0.7776442170143127, 0.7740384340286255},
     {1769.1279296875, 1.0, 0.9241786599159241, 0.9211738705635071}},
    {{883.6810302734375, 0.8796073794364929, 0.8291265964508057, 0.8204126358032227},
     {1768.2509765625, 1.0, 0.9245793223381042, 0.9190705418586731}},
    {{883.4569702148438, 0.8634815812110901, 0.811598539352417, 0.8058894276618958},
     {1768.9759521484375, 1.0, 0.9304887652397156, 0.9215745329856873}},
};

/* Which run of the published ones has this time; the generator's mixed order decides the repeats. */
static int published_run(double time, int point)
{
    for (int run = 0; run < 3; run++)
        if (published[run][point][0] == time)
            return run;
    fail_msg("%.17g is no published time", time);
    return -1;
}

static void expect_published(const nb_metrics101 *metrics, int point)
{
    const double *expected = published[published_run(metrics->training_time, point)][point];
    expect_bits(metrics->train_accuracy, expected[1]);
    expect_bits(metrics->validation_accuracy, expected[2]);
    expect_bits(metrics->test_accuracy, expected[3]);
}

static void statistics_of_the_first_cell_are_the_published_ones(void **state)
{
    (void)state;
    nb_api101 api = new_api(0);
    uint32_t row = row_of(&api, first_hash), count;
    nb_fixed101 fixed;
    nb_computed101 runs[4], mean;
    assert_int_equal(nb_api101_fixed(&api, row, &fixed, NULL), NB_OK);
    assert_int_equal(fixed.trainable_parameters, 8555530);
    nb_modelspec stored = spec_of(first_cell);
    nb_cell101 cell;
    assert_int_equal(nb_modelspec_cell(&stored, &cell, NULL), NB_OK);
    assert_memory_equal(&fixed.cell, &cell, sizeof cell);
    assert_int_equal(nb_api101_computed(&api, row, 108, runs, 4, &count, NULL), NB_OK);
    assert_int_equal(count, 3);
    for (uint32_t run = 0; run < count; run++) {
        expect_published(&runs[run].halfway, 0);
        expect_published(&runs[run].final, 1);
    }
    /* NAR's published means; here the repeats may come in another order, so the last digits of the sums may differ */
    assert_int_equal(nb_api101_mean(&api, row, 108, &mean, NULL), NB_OK);
    assert_true(fabs(mean.final.training_time - 1768.7849527994792) < 1e-9);
    assert_true(fabs(mean.final.validation_accuracy - 0.9264155824979147) < 1e-15);
    assert_true(fabs(mean.final.test_accuracy - 0.9206063151359558) < 1e-15);
}

static void isomorphic_and_unpruned_graphs_are_answered_in_stored_form(void **state)
{
    (void)state;
    nb_api101 api = new_api(0);
    nb_modelspec stored = spec_of(first_cell), other = spec_of(first_cell_otherwise);
    uint32_t row, other_row;
    assert_int_equal(nb_api101_row_of_spec(&api, &stored, &row, NULL), NB_OK);
    assert_int_equal(nb_api101_row_of_spec(&api, &other, &other_row, NULL), NB_OK);
    assert_int_equal(row, row_of(&api, first_hash));
    assert_int_equal(other_row, row);
    nb_result101 result;
    assert_int_equal(nb_api101_query(&api, &other, 108, false, &result, NULL), NB_OK);
    assert_int_equal(result.row, row);
    assert_int_equal(result.trainable_parameters, 8555530);
}

static void runs_are_drawn_as_python_draws_them(void **state)
{
    (void)state;
    nb_api101 api = new_api(0);
    json_t *vectors = json_load_file(shared_path("data/nasbench101-vectors/vectors.json"), 0, NULL), *vector, *drawn;
    nb_modelspec spec = spec_of(first_cell);
    size_t v, i;
    json_array_foreach(json_object_get(vectors, "python_random"), v, vector)
    {
        json_int_t seed = json_integer_value(json_object_get(vector, "seed"));
        if (seed < 0)
            continue; /* Python drops the sign: a caller passes the magnitude */
        api = new_api((uint64_t)seed);
        json_array_foreach(json_object_get(vector, "randint_0_2"), i, drawn)
        {
            nb_result101 result;
            nb_computed101 runs[3];
            uint32_t count;
            assert_int_equal(nb_api101_query(&api, &spec, 4, false, &result, NULL), NB_OK);
            assert_int_equal(result.run, json_integer_value(drawn));
            assert_int_equal(nb_api101_computed(&api, result.row, 4, runs, 3, &count, NULL), NB_OK);
            assert_memory_equal(&result.metrics, &runs[result.run].final, sizeof result.metrics);
        }
    }
    assert_true(v >= 3);
    json_decref(vectors);
}

static void queries_count_time_and_epochs_and_nothing_else_does(void **state)
{
    (void)state;
    nb_api101 api = new_api(7);
    nb_modelspec spec = spec_of(first_cell);
    nb_result101 whole, half;
    nb_computed101 runs[3];
    double seconds;
    uint64_t epochs;
    uint32_t count;
    assert_int_equal(nb_api101_query(&api, &spec, 108, false, &whole, NULL), NB_OK);
    assert_int_equal(nb_api101_query(&api, &spec, 108, true, &half, NULL), NB_OK);
    assert_int_equal(nb_api101_computed(&api, whole.row, 108, runs, 3, &count, NULL), NB_OK);
    assert_true(nb_api101_is_valid(&spec));
    expect_published(&whole.metrics, 1);
    expect_published(&half.metrics, 0);
    nb_api101_budget(&api, &seconds, &epochs);
    expect_bits(seconds, whole.metrics.training_time + half.metrics.training_time);
    assert_int_equal(epochs, 162);
    nb_api101_reset_budget(&api);
    nb_api101_budget(&api, &seconds, &epochs);
    expect_bits(seconds, 0);
    assert_int_equal(epochs, 0);
}

static void queries_fail_in_the_reference_s_order_and_then_draw_nothing(void **state)
{
    (void)state;
    nb_api101 api = new_api(0);
    nb_modelspec good = spec_of(first_cell), unconnected = spec_of("{\"matrix\": [[0,0],[0,0]], \"ops\": [\"input\",\"output\"]}");
    nb_modelspec absent = spec_of("{\"matrix\": [[0,1,1,1,0,0],[0,0,1,1,0,0],[0,0,0,1,1,0],[0,0,0,0,1,0],[0,0,0,0,0,1],[0,0,0,0,0,0]], "
                                  "\"ops\": [\"input\"," OPS1 "," OPS3 "," POOL "," OPS1 ",\"output\"]}");
    nb_result101 result;
    nb_error err;
    double seconds;
    uint64_t epochs;
    assert_int_equal(nb_api101_query(&api, &unconnected, 36, false, &result, &err), NB_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "36: invalid number of epochs, must be one of {4, 108}"));
    assert_int_equal(nb_api101_query(&api, &unconnected, 108, false, &result, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "invalid spec, provided graph is disconnected.");
    assert_false(nb_api101_is_valid(&unconnected));
    assert_int_equal(nb_api101_query(&api, &absent, 108, false, &result, &err), NB_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "no cell with the hash "));
    nb_api101_budget(&api, &seconds, &epochs);
    expect_bits(seconds, 0);
    assert_int_equal(epochs, 0);
    assert_int_equal(nb_api101_query(&api, &good, 4, false, &result, &err), NB_OK);
    assert_int_equal(result.run, 1); /* the first draw of seed 0 */
}

static void what_is_not_there_is_told(void **state)
{
    (void)state;
    nb_api101 api = new_api(0);
    nb_error err;
    nb_fixed101 fixed;
    nb_history101 history;
    assert_int_equal(nb_api101_fixed(&api, 40, &fixed, &err), NB_ERR_NOT_FOUND);
    assert_int_equal(nb_api101_history(&api, 0, 108, 3, &history, &err), NB_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "row 0: run 3 of 108 epochs: there are 3"));
    assert_int_equal(nb_api101_history(&api, 0, 12, 0, &history, &err), NB_ERR_ARGUMENT);
}

static void the_iterator_gives_every_row_once(void **state)
{
    (void)state;
    nb_api101 api = new_api(0);
    bool seen[40] = {false};
    bool ascending = true;
    for (uint32_t i = 0; i < 40; i++) {
        uint32_t row = nb_api101_row_at(&api, i);
        assert_true(row < 40);
        assert_false(seen[row]);
        seen[row] = true;
        ascending = ascending && row == i;
    }
    assert_false(ascending); /* the file is in mixed order */
}

static void tables_of_other_benchmarks_are_refused(void **state)
{
    (void)state;
    skip_without_shared();
    char *source = scratch_path("other.csv"), *target = scratch_path("other.safetensors");
    const char *const sources[] = {source};
    nb_table *other = NULL;
    nb_error err;
    nb_api101 api;
    write_file(source, "index,cifar10/12/ori-test/accuracy\n0,1\n", 39);
    assert_int_equal(nb_import(sources, 1, target, NULL, NULL, NULL, &err), NB_OK);
    assert_int_equal(nb_table_open(target, &other, &err), NB_OK);
    assert_int_equal(nb_api101_init(other, 0, &api, &err), NB_ERR_UNSUPPORTED);
    nb_table_close(other);
    free(source);
    free(target);
}

/* Searches count training time alone, as the reference's counter does, and fewer epochs are those of the shorter trainings. */
static void searches_see_training_times_and_shorter_trainings(void **state)
{
    (void)state;
    nb_api101 api = new_api(0);
    nb_objective objective;
    nb_error err;
    nb_table_objective_options options = {.dataset = "cifar10", .schedule = "108", .mean_of_trials = true};
    if (nb_objective_of_table(table, &options, &objective, &err) != NB_OK)
        fail_msg("%s", err.message);
    uint32_t row = row_of(&api, first_hash);
    nb_arch arch = nb_table_arch(table, row);
    nb_computed101 mean;
    nb_evaluation evaluation;
    nb_rng rng = nb_rng_seed(1, 0);
    assert_int_equal(objective.evaluate(objective.user, &arch, 0, &rng, &evaluation, &err), NB_OK);
    assert_int_equal(nb_api101_mean(&api, row, 108, &mean, NULL), NB_OK);
    expect_bits(evaluation.seconds, mean.final.training_time);
    assert_true(fabs(evaluation.accuracy - 100 * mean.final.validation_accuracy) < 1e-12);
    assert_int_equal(objective.evaluate(objective.user, &arch, 54, &rng, &evaluation, &err), NB_OK);
    expect_bits(evaluation.seconds, mean.halfway.training_time);
    assert_int_equal(objective.evaluate(objective.user, &arch, 4, &rng, &evaluation, &err), NB_OK);
    assert_int_equal(nb_api101_mean(&api, row, 4, &mean, NULL), NB_OK);
    expect_bits(evaluation.seconds, mean.final.training_time);
    assert_int_equal(objective.evaluate(objective.user, &arch, 53, &rng, &evaluation, &err), NB_ERR_NOT_FOUND);
    nb_objective_free(&objective);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statistics_of_the_first_cell_are_the_published_ones),
        cmocka_unit_test(isomorphic_and_unpruned_graphs_are_answered_in_stored_form),
        cmocka_unit_test(runs_are_drawn_as_python_draws_them),
        cmocka_unit_test(queries_count_time_and_epochs_and_nothing_else_does),
        cmocka_unit_test(queries_fail_in_the_reference_s_order_and_then_draw_nothing),
        cmocka_unit_test(what_is_not_there_is_told),
        cmocka_unit_test(the_iterator_gives_every_row_once),
        cmocka_unit_test(tables_of_other_benchmarks_are_refused),
        cmocka_unit_test(searches_see_training_times_and_shorter_trainings),
    };
    return cmocka_run_group_tests(tests, make_table, forget_table);
}
