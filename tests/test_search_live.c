/* Searching by real training: answers are those of the trainer, repeatable, and never measured twice. */
#include "search_support.h"

#include <unistd.h>

#include "nasbench/experiment.h"
#include "tiny_images.h"

static nb_train_options recipe(const char *schedule)
{
    nb_train_options train = nb_train_defaults();
    train.schedule = schedule;
    train.channels = 4;
    train.cells = 1;
    train.batch = 16;
    return train;
}

static nb_objective objective_of(const nb_dataset *dataset, nb_live_objective_options options)
{
    nb_objective objective;
    nb_error err;
    if (nb_objective_of_training(dataset, &options, &objective, &err) != NB_OK)
        fail_msg("%s", err.message);
    return objective;
}

static void refuse(const nb_dataset *dataset, nb_live_objective_options options, nb_status status, const char *part)
{
    nb_objective objective;
    nb_error err;
    assert_int_equal(nb_objective_of_training(dataset, &options, &objective, &err), status);
    if (!strstr(err.message, part))
        fail_msg("'%s' is not in '%s'", part, err.message);
}

static nb_arch arch_at(const nb_objective *objective, uint64_t index)
{
    nb_arch arch;
    assert_int_equal(nb_space_at(objective->space, index, &arch, NULL), NB_OK);
    return arch;
}

static nb_evaluation ask(const nb_objective *objective, uint64_t index, uint32_t epochs, uint64_t luck)
{
    nb_evaluation evaluation;
    nb_error err;
    const nb_arch arch = arch_at(objective, index);
    nb_rng rng = nb_rng_seed(luck, 0);
    if (objective->evaluate(objective->user, &arch, epochs, &rng, &evaluation, &err) != NB_OK)
        fail_msg("%s", err.message);
    return evaluation;
}

/* ---------------------------------------------------------------- answers */

static void an_answer_is_what_training_with_that_seed_gives(void **state)
{
    (void)state;
    nb_dataset *dataset = tiny_images(64, 32, 0.5f);
    nb_objective objective = objective_of(dataset, (nb_live_objective_options){.train = recipe("3")});
    assert_true(objective.slow && objective.concurrent && !objective.untimed);
    assert_int_equal(objective.epochs, 3);
    nb_rng rng = nb_rng_seed(5, 0);
    nb_train_options train = recipe("3");
    train.seed = (uint32_t)nb_rng_below(&rng, UINT64_C(1) << 32);
    nb_record *record;
    assert_int_equal(nb_train(dataset, "1462", &train, NULL, &record, NULL), NB_OK);
    for (uint32_t epochs = 0; epochs <= 3; epochs++) {
        double expected;
        assert_true(nb_record_value(record, "x-valid", NB_METRIC_ACCURACY, epochs > 0 ? epochs - 1 : 2, &expected));
        const nb_evaluation found = ask(&objective, 1462, epochs, 5);
        assert_true(found.accuracy == expected);
        assert_true(found.seconds > 0 && found.seconds < 60);
    }
    nb_record_free(record);
    nb_objective_free(&objective);
    nb_dataset_free(dataset);
}

static void chance_decides_the_seed_and_nothing_else_the_answer(void **state)
{
    (void)state;
    nb_dataset *dataset = tiny_images(64, 32, 0.5f);
    nb_live_objective_options options = {.train = recipe("1")};
    nb_objective one = objective_of(dataset, options);
    options.train.threads = 2;
    options.train.seed = 3;
    nb_objective two = objective_of(dataset, options);
    bool differ = false;
    for (uint64_t luck = 0; luck < 5; luck++) {
        const double accuracy = ask(&one, 1462, 0, luck).accuracy;
        assert_true(accuracy == ask(&two, 1462, 0, luck).accuracy);
        differ = differ || accuracy != ask(&one, 1462, 0, luck + 1).accuracy;
    }
    assert_true(differ);
    nb_objective_free(&one);
    nb_objective_free(&two);
    nb_dataset_free(dataset);
}

static void the_split_that_is_named_answers(void **state)
{
    (void)state;
    nb_dataset *dataset = tiny_images(64, 32, 0.5f);
    nb_objective objective = objective_of(dataset, (nb_live_objective_options){.train = recipe("2"), .split = "ori-test"});
    nb_rng rng = nb_rng_seed(7, 0);
    nb_train_options train = recipe("2");
    train.seed = (uint32_t)nb_rng_below(&rng, UINT64_C(1) << 32);
    nb_record *record;
    double expected;
    assert_int_equal(nb_train(dataset, "11", &train, NULL, &record, NULL), NB_OK);
    assert_true(nb_record_value(record, "ori-test", NB_METRIC_ACCURACY, 1, &expected));
    assert_true(ask(&objective, 11, 0, 7).accuracy == expected);
    nb_record_free(record);
    nb_objective_free(&objective);
    nb_dataset_free(dataset);
}

static void training_may_stop_before_the_schedule_does(void **state)
{
    (void)state;
    nb_dataset *dataset = tiny_images(64, 32, 0.5f);
    nb_objective whole = objective_of(dataset, (nb_live_objective_options){.train = recipe("4")});
    nb_objective part = objective_of(dataset, (nb_live_objective_options){.train = recipe("4"), .epochs = 2});
    assert_int_equal(part.epochs, 2);
    assert_true(ask(&part, 1462, 0, 1).accuracy == ask(&whole, 1462, 2, 1).accuracy);
    nb_objective_free(&whole);
    nb_objective_free(&part);
    nb_dataset_free(dataset);
}

static void a_network_that_diverges_has_learnt_nothing(void **state)
{
    (void)state;
    nb_dataset *dataset = tiny_images(64, 32, 0.5f);
    nb_live_objective_options options = {.train = recipe("2")};
    options.train.learning_rate = 1e6;
    nb_objective objective = objective_of(dataset, options);
    const nb_evaluation found = ask(&objective, 1462, 0, 1);
    assert_true(found.accuracy == 0 && found.seconds > 0);
    nb_objective_free(&objective);
    nb_dataset_free(dataset);
}

static void expect_space(const char *space, nb_train_options train)
{
    nb_dataset *dataset = tiny_images(32, 16, 0.5f);
    train.space = space;
    nb_objective objective = objective_of(dataset, (nb_live_objective_options){.train = train});
    assert_string_equal(nb_space_name(objective.space), space);
    assert_true(ask(&objective, 0, 0, 1).accuracy >= 0);
    nb_objective_free(&objective);
    nb_dataset_free(dataset);
}

static void other_spaces_are_trained_too(void **state)
{
    (void)state;
    nb_train_options graph;
    assert_int_equal(nb_train_defaults_for("nasbench101", &graph, NULL), NB_OK);
    graph.schedule = "1";
    graph.channels = 4;
    graph.cells = 1;
    graph.batch = 16;
    expect_space("nats-size", recipe("01"));
    expect_space("nasbench101", graph);
}

/* ---------------------------------------------------------------- time */

static void time_can_be_that_of_the_model_or_none(void **state)
{
    (void)state;
    nb_dataset *dataset = tiny_images(64, 32, 0.5f);
    nb_objective model = objective_of(dataset, (nb_live_objective_options){.train = recipe("2"), .time = NB_TIME_FLOPS});
    nb_objective none = objective_of(dataset, (nb_live_objective_options){.train = recipe("2"), .time = NB_TIME_NONE});
    const nb_shape shape = {.input_channels = 3, .height = 8, .width = 8, .classes = 4, .channels = 4, .cells = 1};
    const nb_arch arch = arch_at(&model, 1462);
    nb_costs costs;
    assert_int_equal(nb_space_costs(model.space, &arch, &shape, &costs, NULL), NB_OK);
    const double unit = 6.114 + 0.05103 * costs.flops, expected = unit * (1 * 64 + 32 / 3.) / 25000;
    assert_true(fabs(ask(&model, 1462, 1, 1).seconds - expected) < 1e-12);
    assert_true(ask(&none, 1462, 1, 1).seconds == 0);
    assert_true(none.untimed && !model.untimed);
    nb_objective_free(&model);
    nb_objective_free(&none);
    nb_dataset_free(dataset);
}

/* ---------------------------------------------------------------- experiments */

static nb_status conduct(const nb_dataset *dataset, const char *path, const nb_progress *progress, uint32_t threads)
{
    nb_live_objective_options options = {.train = recipe("1"), .time = NB_TIME_NONE, .cancel = progress ? progress->cancel : NULL};
    nb_objective objective = objective_of(dataset, options);
    const nb_experiment_options experiment = {
        .search = {.algorithm = "rea", .budget = {.evaluations = 13}, .seed = 2}, .runs = 2, .threads = threads, .path = path};
    nb_experiment_summary *summary = NULL;
    nb_error err = {0};
    nb_status status = nb_experiment_run(&experiment, &objective, NULL, progress, &summary, &err);
    if (status != NB_OK && status != NB_ERR_CANCELLED)
        fail_msg("%s", err.message);
    nb_experiment_summary_free(summary);
    nb_objective_free(&objective);
    return status;
}

/* Stops the experiment after some evaluations. */
typedef struct stopper {
    atomic_int cancel;
    uint64_t after, last;
} stopper;

static void stop_after(void *user, uint64_t done, uint64_t total, const char *note)
{
    (void)note;
    stopper *self = user;
    assert_int_equal(total, 2 * 13);
    self->last = done;
    if (done >= self->after)
        atomic_store(&self->cancel, 1);
}

static void an_interrupted_experiment_ends_in_the_same_file(void **state)
{
    (void)state;
    nb_dataset *dataset = tiny_images(32, 16, 0.5f);
    char *whole = scratch_path("whole.jsonl"), *path = scratch_path("stopped.jsonl"), *journal = scratch_path("stopped.jsonl.journal");
    assert_int_equal(conduct(dataset, whole, NULL, 1), NB_OK);
    static const uint64_t stops[] = {3, 9, 15, 1000}; /* evaluations that are read back count, too */
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
        stopper stop = {.after = stops[i]};
        const nb_progress progress = {.report = stop_after, .user = &stop, .cancel = &stop.cancel};
        const nb_status expected = i + 1 < sizeof stops / sizeof *stops ? NB_ERR_CANCELLED : NB_OK;
        assert_int_equal(conduct(dataset, path, &progress, 1 + i % 2), expected);
        assert_int_equal(access(journal, F_OK) == 0, expected != NB_OK);
        assert_true(expected != NB_OK || stop.last == 2 * 13);
    }
    size_t size, other_size;
    uint8_t *a = read_file(whole, &size), *b = read_file(path, &other_size);
    assert_int_equal(size, other_size);
    assert_memory_equal(a, b, size);
    free(a);
    free(b);
    free(whole);
    free(path);
    free(journal);
    nb_dataset_free(dataset);
}

static void an_evaluation_stops_on_request(void **state)
{
    (void)state;
    nb_dataset *dataset = tiny_images(64, 32, 0.5f);
    const atomic_int cancel = 1;
    nb_objective objective = objective_of(dataset, (nb_live_objective_options){.train = recipe("3"), .cancel = &cancel});
    const nb_arch arch = arch_at(&objective, 1462);
    nb_rng rng = nb_rng_seed(1, 0);
    nb_evaluation evaluation;
    nb_error err;
    assert_int_equal(objective.evaluate(objective.user, &arch, 0, &rng, &evaluation, &err), NB_ERR_CANCELLED);
    nb_objective_free(&objective);
    nb_dataset_free(dataset);
}

/* ---------------------------------------------------------------- what goes wrong */

static void what_cannot_be_trained_is_refused_before_anything_is(void **state)
{
    (void)state;
    nb_dataset *dataset = tiny_images(64, 32, 0.5f);
    nb_live_objective_options options = {.train = recipe("3")};
    options.split = "y-valid";
    refuse(dataset, options, NB_ERR_NOT_FOUND, "tiny: no evaluation split 'y-valid': x-valid, ori-test expected");
    options = (nb_live_objective_options){.train = recipe("3"), .epochs = 4};
    refuse(dataset, options, NB_ERR_ARGUMENT, "4 epochs of tiny/3/x-valid: at most 3 expected");
    options = (nb_live_objective_options){.train = recipe("three")};
    refuse(dataset, options, NB_ERR_ARGUMENT, "schedule 'three': expected a number of epochs");
    options = (nb_live_objective_options){.train = recipe("3")};
    options.train.space = "nasbench2001";
    refuse(dataset, options, NB_ERR_NOT_FOUND, "nasbench2001");
    nb_objective objective = objective_of(dataset, (nb_live_objective_options){.train = recipe("3")});
    const nb_arch arch = arch_at(&objective, 0);
    nb_rng rng = nb_rng_seed(1, 0);
    nb_evaluation evaluation;
    nb_error err;
    assert_int_equal(objective.evaluate(objective.user, &arch, 4, &rng, &evaluation, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "4 epochs: training has 3");
    nb_objective_free(&objective);
    nb_dataset_free(dataset);
}

static void notes_hold_the_recipe(void **state)
{
    (void)state;
    nb_dataset *dataset = tiny_images(64, 32, 0.5f);
    nb_objective objective = objective_of(dataset, (nb_live_objective_options){.train = recipe("3"), .epochs = 2, .time = NB_TIME_NONE});
    static const char *const expected[][2] = {{"dataset", "tiny"},    {"feedback", "tiny/3/x-valid"},
                                              {"time", "none"},       {"epochs", "2"},
                                              {"channels", "4"},      {"cells", "1"},
                                              {"resolution", "8"},    {"images_train", "64"},
                                              {"images_valid", "32"}, {"batch", "16"},
                                              {"optimiser", "SGD"},   {"learning_rate", "0.1"}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        assert_string_equal(objective.notes[i].name, expected[i][0]);
        assert_string_equal(objective.notes[i].value, expected[i][1]);
    }
    nb_objective_free(&objective);
    nb_dataset_free(dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_what_training_with_that_seed_gives),
        cmocka_unit_test(chance_decides_the_seed_and_nothing_else_the_answer),
        cmocka_unit_test(the_split_that_is_named_answers),
        cmocka_unit_test(training_may_stop_before_the_schedule_does),
        cmocka_unit_test(a_network_that_diverges_has_learnt_nothing),
        cmocka_unit_test(other_spaces_are_trained_too),
        cmocka_unit_test(time_can_be_that_of_the_model_or_none),
        cmocka_unit_test(an_interrupted_experiment_ends_in_the_same_file),
        cmocka_unit_test(an_evaluation_stops_on_request),
        cmocka_unit_test(what_cannot_be_trained_is_refused_before_anything_is),
        cmocka_unit_test(notes_hold_the_recipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
