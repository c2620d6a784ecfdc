/* The contract of searches: what is asked, told and answered, whatever the algorithm. */
#include "search_support.h"

#include "heap.h"

static const char *const names[] = {"random", "rea", "reinforce", "bohb", "local-search", "hyperband"};
enum { NAMES = sizeof names / sizeof *names };

static nb_search_options options_of(const char *name)
{
    return (nb_search_options){.algorithm = name, .space = topology(), .epochs = 12, .budget = {.evaluations = 60}, .seed = 7};
}

/* ---------------------------------------------------------------- names and settings */

static void the_list_of_algorithms_has_them_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < NAMES; i++)
        assert_string_equal(nb_algorithm_list(i)->name, names[i]);
    assert_null(nb_algorithm_list(NAMES));
}

static void algorithms_go_by_the_names_people_use(void **state)
{
    (void)state;
    static const struct {
        const char *typed, *name;
    } pairs[] = {{"REA", "rea"},
                 {"R-EA", "rea"},
                 {"regularized_evolution", "rea"},
                 {"RS", "random"},
                 {"Random", "random"},
                 {"REINFORCE", "reinforce"},
                 {"BOHB", "bohb"},
                 {"local search", "local-search"},
                 {"HyperBand", "hyperband"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const nb_algorithm_info *info = nb_algorithm_find(pairs[i].typed, NULL);
        assert_non_null(info);
        assert_string_equal(info->name, pairs[i].name);
    }
}

static void an_unknown_algorithm_is_answered_with_the_known_ones(void **state)
{
    (void)state;
    nb_error err;
    assert_null(nb_algorithm_find("anneal", &err));
    assert_int_equal(err.status, NB_ERR_NOT_FOUND);
    assert_string_equal(err.message, "algorithm 'anneal': one of random, rea, reinforce, bohb, local-search, hyperband expected");
}

static void published_values_are_the_defaults(void **state)
{
    (void)state;
    static const struct {
        const char *algorithm, *setting, *value;
    } published[] = {{"rea", "population", "10"},   {"rea", "sample", "3"},           {"reinforce", "momentum", "0.9"},
                     {"bohb", "eta", "3"},          {"bohb", "min-budget", "12"},     {"bohb", "max-budget", "200"},
                     {"bohb", "iterations", "50"},  {"bohb", "num-samples", "4"},     {"bohb", "random-fraction", "0"},
                     {"bohb", "top-percent", "15"}, {"bohb", "min-bandwidth", "0.3"}, {"hyperband", "eta", "3"}};
    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        const nb_algorithm_info *info = nb_algorithm_find(published[i].algorithm, NULL);
        const char *found = NULL;
        for (size_t p = 0; p < info->parameter_count; p++)
            if (strcmp(info->parameters[p].name, published[i].setting) == 0)
                found = info->parameters[p].default_value;
        assert_non_null(found);
        assert_string_equal(found, published[i].value);
    }
}

static void expect_setting_refused(const char *algorithm, const char *setting, const char *part)
{
    nb_search_options options = options_of(algorithm);
    options.settings = &setting;
    options.setting_count = 1;
    refuse_search(options, NB_ERR_ARGUMENT, part);
}

static void a_bad_setting_is_refused_by_name(void **state)
{
    (void)state;
    expect_setting_refused("rea", "popluation=10", "rea has no setting 'popluation': last, population, sample expected");
    expect_setting_refused("rea", "population", "rea: setting 'population': NAME=VALUE expected");
    expect_setting_refused("rea", "population=ten", "rea: population='ten': a whole number expected");
    expect_setting_refused("rea", "population=2.5", "rea: population='2.5': a whole number expected");
    expect_setting_refused("rea", "population=0", "rea: population=0: a whole number within 1 to 1e+06 expected");
    expect_setting_refused("rea", "population=", "a whole number expected");
    expect_setting_refused("reinforce", "lr=nan", "reinforce: lr='nan': a number expected");
    expect_setting_refused("rea", "last=never", "rea: last='never': one of drop, keep, mention expected");
    expect_setting_refused("bohb", "min-budget=300", "bohb: min-budget=300 is above max-budget=200");
    expect_setting_refused("hyperband", "min_epochs=13", "hyperband: min-epochs=13 is above the 12 epochs of the largest budget");
}

static void settings_can_be_checked_without_a_search(void **state)
{
    (void)state;
    nb_error err;
    const nb_algorithm_info *rea = nb_algorithm_find("rea", NULL);
    const char *const good[] = {"population=20", "last=keep"}, *const bad[] = {"population=20", "colour=red"};
    assert_int_equal(nb_algorithm_check(rea, good, 2, &err), NB_OK);
    assert_int_equal(nb_algorithm_check(rea, NULL, 0, &err), NB_OK);
    assert_int_equal(nb_algorithm_check(rea, bad, 2, &err), NB_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "rea has no setting 'colour'"));
}

static void hyphens_and_underscores_are_the_same_in_names_of_settings(void **state)
{
    (void)state;
    static const char *const settings[] = {"min_budget=1", "MAX-budget=9", "num_samples=2"};
    nb_search_options options = options_of("bohb");
    options.settings = settings;
    options.setting_count = 3;
    nb_search_free(new_search(options));
}

/* ---------------------------------------------------------------- budgets */

static void a_budget_must_be_there_and_make_sense(void **state)
{
    (void)state;
    nb_search_options options = options_of("random");
    options.budget = (nb_search_budget){0};
    refuse_search(options, NB_ERR_ARGUMENT, "random: no budget: seconds, evaluations or both expected");
    options.budget.seconds = -1;
    refuse_search(options, NB_ERR_ARGUMENT, "random: a budget of -1 seconds: a positive number expected");
    options.budget.seconds = (double)NAN;
    refuse_search(options, NB_ERR_ARGUMENT, "a positive number expected");
    options.budget.seconds = (double)INFINITY;
    refuse_search(options, NB_ERR_ARGUMENT, "a positive number expected");
}

static void evaluations_are_counted_to_the_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < NAMES; i++) {
        nb_search *search = new_search(options_of(names[i]));
        nb_proposal proposal;
        int asked = 0;
        for (; nb_search_ask(search, &proposal); asked++)
            tell(search, arbitrary_accuracy(&proposal.arch), 1);
        assert_int_equal(asked, 60);
        assert_int_equal(steps_of(search), 60);
        assert_true(nb_search_clock(search) == 60);
        nb_search_free(search);
    }
}

/* Evaluations of one second each; the budget ends in the middle of one. */
static void count_at_the_end(const char *name, const char *last, double budget, size_t steps, double clock)
{
    char setting[32];
    snprintf(setting, sizeof setting, "last=%s", last);
    const char *settings = setting;
    nb_search_options options = options_of(name);
    options.budget = (nb_search_budget){.seconds = budget};
    options.settings = &settings;
    options.setting_count = last ? 1 : 0;
    nb_search *search = new_search(options);
    nb_proposal proposal;
    while (nb_search_ask(search, &proposal))
        tell(search, arbitrary_accuracy(&proposal.arch), 1);
    assert_int_equal(steps_of(search), steps);
    assert_true(nb_search_clock(search) == clock);
    nb_search_free(search);
}

static void the_evaluation_that_passes_the_budget_is_dropped_kept_or_mentioned(void **state)
{
    (void)state;
    for (size_t i = 0; i < NAMES; i++) {
        count_at_the_end(names[i], "drop", 30.5, 30, 30);
        count_at_the_end(names[i], "keep", 30.5, 31, 31);
        count_at_the_end(names[i], "mention", 30.5, 31, 30);
        count_at_the_end(names[i], "drop", 30, 30, 30);
        count_at_the_end(names[i], "keep", 30, 30, 30);
    }
}

static void by_default_each_does_as_it_was_published(void **state)
{
    (void)state;
    count_at_the_end("random", NULL, 30.5, 30, 30);
    count_at_the_end("rea", NULL, 30.5, 30, 30);
    count_at_the_end("bohb", NULL, 30.5, 30, 30);
    count_at_the_end("reinforce", NULL, 30.5, 31, 30);
    count_at_the_end("reinforce", NULL, 30, 30, 29); /* its reference compares with "<" */
}

static void a_budget_too_small_for_anything_is_said_so(void **state)
{
    (void)state;
    nb_search_options options = options_of("random");
    options.budget = (nb_search_budget){.seconds = 50};
    nb_search *search = new_search(options);
    nb_search_result result;
    nb_proposal proposal;
    nb_error err;
    assert_int_equal(nb_search_answer(search, &result, &err), NB_ERR_NOT_FOUND);
    assert_string_equal(err.message, "random: no evaluation yet");
    assert_true(nb_search_ask(search, &proposal));
    tell(search, 80, 96.5);
    assert_false(nb_search_ask(search, &proposal));
    assert_int_equal(nb_search_answer(search, &result, &err), NB_ERR_NOT_FOUND);
    assert_string_equal(err.message, "random: a budget of 50 seconds is too small: the first evaluation costs 96.5");
    nb_search_free(search);
}

/* ---------------------------------------------------------------- asking and telling */

static void a_question_stays_until_it_is_answered(void **state)
{
    (void)state;
    for (size_t i = 0; i < NAMES; i++) {
        nb_search *search = new_search(options_of(names[i]));
        nb_proposal first, second;
        for (int step = 0; step < 30; step++) {
            assert_true(nb_search_ask(search, &first));
            assert_true(nb_search_ask(search, &second));
            assert_true(nb_arch_equal(&first.arch, &second.arch));
            assert_int_equal(first.epochs, second.epochs);
            tell(search, arbitrary_accuracy(&first.arch), 1);
        }
        nb_search_free(search);
    }
}

static void refuse_answer(nb_search *search, nb_evaluation evaluation, nb_status status, const char *message)
{
    nb_error err;
    assert_int_equal(nb_search_tell(search, &evaluation, &err), status);
    assert_string_equal(err.message, message);
}

static void an_answer_that_makes_no_sense_is_refused_and_the_question_stays(void **state)
{
    (void)state;
    nb_search *search = new_search(options_of("random"));
    nb_proposal proposal, same;
    refuse_answer(search, (nb_evaluation){80, 1}, NB_ERR_ARGUMENT, "random: an answer without a question: ask first");
    assert_true(nb_search_ask(search, &proposal));
    refuse_answer(search, (nb_evaluation){(double)NAN, 1}, NB_ERR_NUMERIC, "random: evaluation 0: accuracy nan: a finite number expected");
    refuse_answer(search, (nb_evaluation){(double)INFINITY, 1}, NB_ERR_NUMERIC,
                  "random: evaluation 0: accuracy inf: a finite number expected");
    refuse_answer(search, (nb_evaluation){80, -1}, NB_ERR_ARGUMENT,
                  "random: evaluation 0: a cost of -1 seconds: a number from 0 on expected");
    refuse_answer(search, (nb_evaluation){80, (double)NAN}, NB_ERR_ARGUMENT,
                  "random: evaluation 0: a cost of nan seconds: a number from 0 on expected");
    assert_true(nb_search_ask(search, &same));
    assert_true(nb_arch_equal(&proposal.arch, &same.arch));
    tell(search, 80, 1);
    refuse_answer(search, (nb_evaluation){80, 1}, NB_ERR_ARGUMENT, "random: an answer without a question: ask first");
    assert_int_equal(steps_of(search), 1);
    nb_search_free(search);
}

static void the_steps_are_what_was_told(void **state)
{
    (void)state;
    nb_search *search = new_search(options_of("random"));
    nb_proposal proposals[60];
    size_t count;
    for (int i = 0; i < 60; i++) {
        assert_true(nb_search_ask(search, &proposals[i]));
        tell(search, i * 1.5, i);
    }
    const nb_search_step *steps = nb_search_steps(search, &count);
    assert_int_equal(count, 60);
    for (int i = 0; i < 60; i++) {
        assert_true(nb_arch_equal(&steps[i].arch, &proposals[i].arch));
        assert_true(steps[i].accuracy == i * 1.5);
        assert_true(steps[i].clock == i * (i + 1) / 2);
    }
    nb_search_free(search);
}

static void the_answer_is_the_best_and_the_earliest_among_equals(void **state)
{
    (void)state;
    static const char *const best_of_all[] = {"random", "rea", "reinforce", "local-search"};
    for (size_t i = 0; i < sizeof best_of_all / sizeof *best_of_all; i++) {
        nb_search *search = new_search(options_of(best_of_all[i]));
        nb_proposal proposal;
        nb_arch winner = {0};
        for (int step = 0; nb_search_ask(search, &proposal); step++) {
            if (step == 17)
                winner = proposal.arch;
            tell(search, step == 17 || step == 33 ? 90 : 50, 1);
        }
        nb_search_result result = answer_of(search);
        assert_int_equal(result.step, 17);
        assert_true(result.accuracy == 90);
        assert_true(nb_arch_equal(&result.arch, &winner));
        nb_search_free(search);
    }
}

/* ---------------------------------------------------------------- seeds */

static uint64_t fingerprint(nb_search *search)
{
    uint64_t sum = 0;
    nb_proposal proposal;
    while (nb_search_ask(search, &proposal)) {
        sum = sum * 31 + (uint64_t)nb_space_index(topology(), &proposal.arch) + proposal.epochs;
        tell(search, arbitrary_accuracy(&proposal.arch), 1);
    }
    return sum;
}

static void a_search_is_a_function_of_seed_and_stream(void **state)
{
    (void)state;
    for (size_t i = 0; i < NAMES; i++) {
        nb_search_options options = options_of(names[i]);
        nb_search *search = new_search(options), *same = new_search(options);
        const uint64_t first = fingerprint(search);
        assert_true(first == fingerprint(same));
        options.seed++;
        nb_search *other_seed = new_search(options);
        assert_true(first != fingerprint(other_seed));
        assert_int_equal(nb_search_restart(search, 5, NULL), NB_OK);
        const uint64_t fifth = fingerprint(search);
        assert_true(first != fifth);
        assert_int_equal(nb_search_restart(search, 0, NULL), NB_OK);
        assert_true(first == fingerprint(search));
        options.seed--;
        options.stream = 5;
        nb_search *other_stream = new_search(options);
        assert_true(fifth == fingerprint(other_stream));
        nb_search_free(search);
        nb_search_free(same);
        nb_search_free(other_seed);
        nb_search_free(other_stream);
    }
}

static void every_algorithm_searches_every_space(void **state)
{
    (void)state;
    const nb_space *space;
    for (size_t s = 0; (space = nb_space_list(s)) != NULL; s++) {
        for (size_t i = 0; i < NAMES; i++) {
            nb_search_options options = options_of(names[i]);
            options.space = space;
            options.budget.evaluations = 200;
            nb_search *search = new_search(options);
            nb_proposal proposal;
            while (nb_search_ask(search, &proposal)) {
                assert_true(nb_space_has(space, &proposal.arch));
                tell(search, arbitrary_accuracy(&proposal.arch), 1);
            }
            assert_int_equal(steps_of(search), 200);
            nb_search_free(search);
        }
    }
}

static void own_time_goes_onto_the_clock_on_request(void **state)
{
    (void)state;
    nb_search_options options = options_of("bohb");
    options.count_own_time = true;
    nb_search *search = new_search(options);
    fingerprint(search);
    assert_true(nb_search_clock(search) > 60);
    assert_true(nb_search_clock(search) < 120);
    nb_search_free(search);
}

/* ---------------------------------------------------------------- running against an objective */

typedef struct formula {
    int calls;
    int fail_at;
    atomic_int *cancel;
} formula;

static nb_status evaluate(void *user, const nb_arch *arch, uint32_t epochs, nb_rng *rng, nb_evaluation *out, nb_error *err)
{
    formula *self = user;
    (void)epochs;
    if (++self->calls == self->fail_at) {
        snprintf(err->message, sizeof err->message, "the oven is cold");
        return err->status = NB_ERR_IO;
    }
    if (self->cancel && self->calls == 5)
        atomic_store(self->cancel, 1);
    *out = (nb_evaluation){arbitrary_accuracy(arch) + nb_rng_uniform(rng), 2};
    return NB_OK;
}

static void a_run_asks_the_objective_until_the_budget_is_spent(void **state)
{
    (void)state;
    formula user = {0};
    const nb_objective objective = {.space = topology(), .evaluate = evaluate, .user = &user};
    nb_search *search = new_search(options_of("rea"));
    assert_int_equal(nb_search_run(search, &objective, NULL, NULL), NB_OK);
    assert_int_equal(user.calls, 60);
    assert_true(nb_search_clock(search) == 120);
    nb_search_free(search);
}

static void the_objective_s_luck_is_the_same_for_every_algorithm(void **state)
{
    (void)state;
    formula user = {0};
    const nb_objective objective = {.space = topology(), .evaluate = evaluate, .user = &user};
    double luck[2];
    for (int i = 0; i < 2; i++) {
        nb_search *search = new_search(options_of(i ? "random" : "reinforce"));
        size_t count;
        assert_int_equal(nb_search_run(search, &objective, NULL, NULL), NB_OK);
        const nb_search_step *steps = nb_search_steps(search, &count);
        luck[i] = steps[40].accuracy - arbitrary_accuracy(&steps[40].arch);
        nb_search_free(search);
    }
    assert_true(fabs(luck[0] - luck[1]) < 1e-9);
}

static void a_failing_objective_is_passed_on_with_the_architecture(void **state)
{
    (void)state;
    formula user = {.fail_at = 3};
    const nb_objective objective = {.space = topology(), .evaluate = evaluate, .user = &user};
    nb_search *search = new_search(options_of("random"));
    nb_proposal proposal;
    nb_error err;
    assert_int_equal(nb_search_run(search, &objective, NULL, &err), NB_ERR_IO);
    assert_true(nb_search_ask(search, &proposal));
    char expected[NB_ARCH_TEXT_SIZE + 32];
    nb_space_format(topology(), &proposal.arch, expected, sizeof expected);
    strcat(expected, ": the oven is cold");
    assert_string_equal(err.message, expected);
    nb_search_free(search);
}

static void a_run_can_be_stopped(void **state)
{
    (void)state;
    atomic_int cancel = 0;
    formula user = {.cancel = &cancel};
    const nb_objective objective = {.space = topology(), .evaluate = evaluate, .user = &user};
    const nb_progress progress = {.cancel = &cancel};
    nb_search *search = new_search(options_of("random"));
    nb_error err;
    assert_int_equal(nb_search_run(search, &objective, &progress, &err), NB_ERR_CANCELLED);
    assert_int_equal(steps_of(search), 5);
    nb_search_free(search);
}

static void seconds_need_an_objective_that_knows_time(void **state)
{
    (void)state;
    formula user = {0};
    const nb_objective objective = {.space = topology(), .evaluate = evaluate, .user = &user, .untimed = true};
    nb_search_options options = options_of("random");
    options.budget.seconds = 100;
    nb_search *search = new_search(options);
    nb_error err;
    assert_int_equal(nb_search_run(search, &objective, NULL, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message,
                        "random: a budget of 100 seconds, but this objective does not know time: a number of evaluations expected");
    nb_search_free(search);
}

/* ---------------------------------------------------------------- memory */

/* One search of 300 evaluations; the status of the first call that fails. */
static nb_status search_to_the_end(const nb_search_options *options)
{
    nb_search *search;
    nb_proposal proposal;
    nb_status status = nb_search_new(options, &search, NULL);
    if (status != NB_OK)
        return status;
    while (status == NB_OK && nb_search_ask(search, &proposal))
        status = nb_search_tell(search, &(nb_evaluation){arbitrary_accuracy(&proposal.arch), 1}, NULL);
    nb_search_free(search);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (size_t i = 0; i < NAMES; i++) {
        nb_search_options options = options_of(names[i]);
        options.budget.evaluations = 300;
        const long blocks = heap_blocks();
        bool failed = true;
        for (long n = 0; failed; n++) {
            heap_fail_after(n);
            const nb_status status = search_to_the_end(&options);
            failed = heap_has_failed();
            heap_fail_after(-1);
            assert_int_equal(status, failed ? NB_ERR_MEMORY : NB_OK);
            assert_int_equal(heap_blocks(), blocks);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_of_algorithms_has_them_all),
        cmocka_unit_test(algorithms_go_by_the_names_people_use),
        cmocka_unit_test(an_unknown_algorithm_is_answered_with_the_known_ones),
        cmocka_unit_test(published_values_are_the_defaults),
        cmocka_unit_test(a_bad_setting_is_refused_by_name),
        cmocka_unit_test(settings_can_be_checked_without_a_search),
        cmocka_unit_test(hyphens_and_underscores_are_the_same_in_names_of_settings),
        cmocka_unit_test(a_budget_must_be_there_and_make_sense),
        cmocka_unit_test(evaluations_are_counted_to_the_one),
        cmocka_unit_test(the_evaluation_that_passes_the_budget_is_dropped_kept_or_mentioned),
        cmocka_unit_test(by_default_each_does_as_it_was_published),
        cmocka_unit_test(a_budget_too_small_for_anything_is_said_so),
        cmocka_unit_test(a_question_stays_until_it_is_answered),
        cmocka_unit_test(an_answer_that_makes_no_sense_is_refused_and_the_question_stays),
        cmocka_unit_test(the_steps_are_what_was_told),
        cmocka_unit_test(the_answer_is_the_best_and_the_earliest_among_equals),
        cmocka_unit_test(a_search_is_a_function_of_seed_and_stream),
        cmocka_unit_test(every_algorithm_searches_every_space),
        cmocka_unit_test(own_time_goes_onto_the_clock_on_request),
        cmocka_unit_test(a_run_asks_the_objective_until_the_budget_is_spent),
        cmocka_unit_test(the_objective_s_luck_is_the_same_for_every_algorithm),
        cmocka_unit_test(a_failing_objective_is_passed_on_with_the_architecture),
        cmocka_unit_test(a_run_can_be_stopped),
        cmocka_unit_test(seconds_need_an_objective_that_knows_time),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
