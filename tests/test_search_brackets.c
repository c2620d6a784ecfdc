/* The brackets of Hyperband and BOHB: their sizes as published, who goes on, and who is the answer. */
#include "search_support.h"

/* The epochs asked for by the first `count` evaluations. */
static void epochs_of(nb_search *search, uint32_t *epochs, size_t count)
{
    nb_proposal proposal;
    for (size_t i = 0; i < count; i++) {
        assert_true(nb_search_ask(search, &proposal));
        epochs[i] = proposal.epochs;
        tell(search, arbitrary_accuracy(&proposal.arch), 1);
    }
}

typedef struct rung {
    size_t size;
    uint32_t epochs;
} rung;

static void expect_rungs(nb_search *search, const rung *rungs, size_t count)
{
    uint32_t epochs[256];
    size_t total = 0, at = 0;
    for (size_t i = 0; i < count; i++)
        total += rungs[i].size;
    assert_true(total <= 256);
    epochs_of(search, epochs, total);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < rungs[i].size; j++, at++)
            assert_int_equal(epochs[at], rungs[i].epochs);
}

/* Table 1 of Li et al. (2018): R = 81, eta = 3. */
static void hyperband_has_the_brackets_of_its_paper(void **state)
{
    (void)state;
    static const rung published[] = {{81, 1}, {27, 3}, {9, 9},  {3, 27}, {1, 81}, /* s = 4 */
                                     {34, 3}, {11, 9}, {3, 27}, {1, 81},          /* s = 3 */
                                     {15, 9}, {5, 27}, {1, 81},                   /* s = 2 */
                                     {8, 27}, {2, 81},                            /* s = 1 */
                                     {5, 81},                                     /* s = 0 */
                                     {1, 1}};                                     /* and again */
    nb_search *search = new_search((nb_search_options){.algorithm = "hyperband", .epochs = 81, .budget = {.evaluations = 1000}});
    expect_rungs(search, published, sizeof published / sizeof *published);
    nb_search_free(search);
}

static void hyperband_s_largest_budget_is_the_schedule_unless_set(void **state)
{
    (void)state;
    static const char *const settings[] = {"max-epochs=4"};
    static const rung of_twelve[] = {{9, 1}, {3, 4}, {1, 12}, {5, 4}, {1, 12}, {3, 12}}, of_four[] = {{3, 1}, {1, 4}, {2, 4}, {1, 1}};
    nb_search_options options = {.algorithm = "hyperband", .epochs = 12, .budget = {.evaluations = 1000}};
    nb_search *search = new_search(options);
    expect_rungs(search, of_twelve, 6);
    nb_search_free(search);
    options.settings = settings;
    options.setting_count = 1;
    search = new_search(options);
    expect_rungs(search, of_four, 4);
    nb_search_free(search);
    options.setting_count = 0;
    options.epochs = 0;
    refuse_search(options, NB_ERR_ARGUMENT, "hyperband: max-epochs is needed");
}

static void bohb_has_the_brackets_of_hpbandster(void **state)
{
    (void)state;
    static const char *const nats[] = {"min-budget=1", "max-budget=12", "fidelity=epochs"};
    static const rung expected[] = {{9, 1}, {3, 4}, {1, 12}, {3, 4}, {1, 12}, {3, 12}, {9, 1}, {3, 4}};
    nb_search *search = new_search((nb_search_options){.algorithm = "bohb", .settings = nats, .setting_count = 3});
    expect_rungs(search, expected, 8);
    nb_search_free(search);
}

static void bohb_s_budget_is_ignored_as_in_nas_bench_201(void **state)
{
    (void)state;
    uint32_t epochs[100];
    nb_search *search = new_search((nb_search_options){.algorithm = "bohb", .epochs = 12});
    epochs_of(search, epochs, 100);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(epochs[i], 0);
    nb_search_free(search);
}

static void bohb_ends_after_its_iterations(void **state)
{
    (void)state;
    static const char *const settings[] = {"iterations=7"};
    nb_search *search = new_search((nb_search_options){.algorithm = "bohb", .settings = settings, .setting_count = 1});
    nb_proposal proposal;
    while (nb_search_ask(search, &proposal))
        tell(search, arbitrary_accuracy(&proposal.arch), 1);
    assert_int_equal(steps_of(search), 2 * (13 + 4 + 3) + 13);
    nb_search_free(search);
}

static void the_best_third_goes_on_in_the_order_it_was_drawn(void **state)
{
    (void)state;
    static const double accuracies[9] = {50, 70, 60, 70, 10, 65, 70, 20, 30}; /* three 70s: all go on */
    static const size_t on[] = {1, 3, 6};
    static const double later[3] = {55, 58, 58}; /* the first 58 goes on */
    nb_search *search = new_search((nb_search_options){.algorithm = "bohb"});
    nb_proposal drawn[9], proposal;
    for (size_t i = 0; i < 9; i++) {
        assert_true(nb_search_ask(search, &drawn[i]));
        tell(search, accuracies[i], 1);
    }
    for (size_t i = 0; i < 3; i++) {
        assert_true(nb_search_ask(search, &proposal));
        assert_true(nb_arch_equal(&proposal.arch, &drawn[on[i]].arch));
        tell(search, later[i], 1);
    }
    assert_true(nb_search_ask(search, &proposal));
    assert_true(nb_arch_equal(&proposal.arch, &drawn[3].arch));
    tell(search, 40, 1);
    assert_int_equal(answer_of(search).step, 12);
    nb_search_free(search);
}

static void a_tie_at_the_edge_is_decided_for_the_earlier(void **state)
{
    (void)state;
    nb_search *search = new_search((nb_search_options){.algorithm = "hyperband", .epochs = 12, .budget = {.evaluations = 100}});
    nb_proposal drawn[9], proposal;
    for (size_t i = 0; i < 9; i++) {
        assert_true(nb_search_ask(search, &drawn[i]));
        tell(search, 50, 1);
    }
    for (size_t i = 0; i < 3; i++) {
        assert_true(nb_search_ask(search, &proposal));
        assert_true(nb_arch_equal(&proposal.arch, &drawn[i].arch));
        tell(search, 50, 1);
    }
    nb_search_free(search);
}

/* The incumbent is the best at the largest budget that was reached, even when a lower rung saw a higher accuracy. */
static void the_answer_is_the_incumbent(void **state)
{
    (void)state;
    static const char *const best[] = {"answer=best"};
    for (int i = 0; i < 2; i++) {
        nb_search *search = new_search((nb_search_options){.algorithm = "bohb", .settings = best, .setting_count = (size_t)i});
        nb_proposal proposal;
        for (int step = 0; step < 20; step++) { /* at the largest budget: steps 12, 16, 17, 18, 19 */
            assert_true(nb_search_ask(search, &proposal));
            tell(search, step == 3 ? 90 : step == 16 || step == 18 ? 60 : 50, 1);
            if (step == 5)
                assert_int_equal(answer_of(search).step, 3); /* nothing larger yet */
        }
        assert_int_equal(answer_of(search).step, i == 0 ? 16 : 3);
        nb_search_free(search);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hyperband_has_the_brackets_of_its_paper),
        cmocka_unit_test(hyperband_s_largest_budget_is_the_schedule_unless_set),
        cmocka_unit_test(bohb_has_the_brackets_of_hpbandster),
        cmocka_unit_test(bohb_s_budget_is_ignored_as_in_nas_bench_201),
        cmocka_unit_test(bohb_ends_after_its_iterations),
        cmocka_unit_test(the_best_third_goes_on_in_the_order_it_was_drawn),
        cmocka_unit_test(a_tie_at_the_edge_is_decided_for_the_earlier),
        cmocka_unit_test(the_answer_is_the_incumbent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
