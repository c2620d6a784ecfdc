/* Local search: climbs, remembers, begins anew. */
#include "search_support.h"

static nb_search *local(const char *setting, uint64_t evaluations, uint64_t stream)
{
    return new_search((nb_search_options){.algorithm = "local-search",
                                          .settings = &setting,
                                          .setting_count = setting ? 1 : 0,
                                          .budget = {.evaluations = evaluations},
                                          .seed = 3,
                                          .stream = stream});
}

static const nb_arch summit = {.space = NB_SPACE_TOPOLOGY, .count = 6, .code = {3, 0, 2, 4, 1, 3}};

/* Steps to the top of the one hill there is. */
static size_t steps_to_the_summit(const char *setting, uint64_t stream)
{
    nb_search *search = local(setting, 1000, stream);
    nb_proposal proposal;
    size_t steps = 1;
    while (nb_search_ask(search, &proposal) && !nb_arch_equal(&proposal.arch, &summit)) {
        tell(search, 10 * likeness(&proposal.arch, &summit), 1);
        steps++;
    }
    nb_search_free(search);
    return steps;
}

static void a_single_hill_is_climbed_in_at_most_six_rounds(void **state)
{
    (void)state;
    size_t best = 0, first = 0;
    for (uint64_t stream = 0; stream < 50; stream++) {
        const size_t steps = steps_to_the_summit(NULL, stream);
        assert_true(steps <= 1 + 6 * 24);
        best += steps;
        first += steps_to_the_summit("step=first", stream);
    }
    assert_true(first < best); /* here, where every step up is as good as another */
}

static void the_first_climb_is_the_one_done_by_hand(void **state)
{
    (void)state;
    nb_search *search = local(NULL, 1000, 0);
    nb_proposal proposal;
    nb_arch here, neighbours[24];
    double height, best_height;
    assert_true(nb_search_ask(search, &proposal));
    here = proposal.arch;
    height = arbitrary_accuracy(&here);
    tell(search, height, 1);
    for (;;) {
        nb_arch best = here;
        best_height = height;
        nb_space_neighbours(topology(), &here, neighbours, 24);
        for (int i = 0; i < 24; i++) {
            if (arbitrary_accuracy(&neighbours[i]) > best_height) {
                best = neighbours[i];
                best_height = arbitrary_accuracy(&best);
            }
        }
        if (best_height == height)
            break;
        here = best;
        height = best_height;
    }
    /* The climb ends at `here`: before a far one comes up, it and all its neighbours have been asked about. */
    bool arrived = false;
    while (nb_search_ask(search, &proposal) && !(arrived && likeness(&proposal.arch, &here) < 4)) {
        arrived = arrived || nb_arch_equal(&proposal.arch, &here);
        tell(search, arbitrary_accuracy(&proposal.arch), 1);
    }
    assert_true(arrived);
    size_t count, asked = 0;
    const nb_search_step *steps = nb_search_steps(search, &count);
    for (size_t i = 0; i < count; i++)
        asked += likeness(&steps[i].arch, &here) == 5;
    assert_int_equal(asked, 24);
    nb_search_free(search);
}

static void no_architecture_is_asked_about_twice(void **state)
{
    (void)state;
    bool *asked = calloc(15625, sizeof *asked);
    nb_search *search = local(NULL, 15625, 0);
    nb_proposal proposal;
    size_t count = 0;
    for (; nb_search_ask(search, &proposal); count++) {
        bool *before = &asked[nb_space_index(topology(), &proposal.arch)];
        assert_false(*before);
        *before = true;
        tell(search, arbitrary_accuracy(&proposal.arch), 1);
    }
    assert_true(count > 15000); /* then nothing new is left to begin from: the search is over */
    nb_search_free(search);
    free(asked);
}

static void a_plain_is_left_after_one_look_around(void **state)
{
    (void)state;
    nb_search *search = local(NULL, 26, 0);
    nb_proposal first, proposal = {0};
    assert_true(nb_search_ask(search, &first));
    tell(search, 50, 1);
    for (int i = 0; i < 24; i++) {
        assert_true(nb_search_ask(search, &proposal));
        assert_int_equal(likeness(&proposal.arch, &first.arch), 5);
        tell(search, 50, 1);
    }
    assert_true(nb_search_ask(search, &proposal));
    assert_true(likeness(&proposal.arch, &first.arch) < 5);
    nb_search_free(search);
}

static void a_climb_begins_at_the_best_of_the_initial_ones(void **state)
{
    (void)state;
    nb_search *search = local("initial=4", 100, 0);
    nb_proposal initial[4], proposal;
    for (int i = 0; i < 4; i++) {
        assert_true(nb_search_ask(search, &initial[i]));
        tell(search, i == 2 ? 60 : 50, 1);
    }
    for (int i = 0; i < 24; i++) {
        assert_true(nb_search_ask(search, &proposal));
        assert_int_equal(likeness(&proposal.arch, &initial[2].arch), 5);
        tell(search, 10, 1);
    }
    nb_search_free(search);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_single_hill_is_climbed_in_at_most_six_rounds), cmocka_unit_test(the_first_climb_is_the_one_done_by_hand),
        cmocka_unit_test(no_architecture_is_asked_about_twice),           cmocka_unit_test(a_plain_is_left_after_one_look_around),
        cmocka_unit_test(a_climb_begins_at_the_best_of_the_initial_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
