/* Random search and regularised evolution: distributions of what they draw, and evolution against a plain model of it. */
#include "search_support.h"

static void random_search_draws_every_operation_of_every_edge_alike(void **state)
{
    (void)state;
    enum { DRAWS = 60000 };
    nb_search *search = new_search((nb_search_options){.algorithm = "random", .budget = {.evaluations = DRAWS}, .seed = 1});
    uint64_t edges[6][5] = {{0}}, pairs[25] = {0}, luck = 0;
    nb_proposal proposal;
    while (nb_search_ask(search, &proposal)) {
        for (size_t e = 0; e < 6; e++)
            edges[e][proposal.arch.code[e]]++;
        pairs[5 * proposal.arch.code[1] + proposal.arch.code[4]]++;
        tell(search, (double)(luck++ % 100), 1);
    }
    static const double fifth[5] = {0.2, 0.2, 0.2, 0.2, 0.2};
    double pair[25];
    for (size_t i = 0; i < 25; i++)
        pair[i] = 0.04;
    for (size_t e = 0; e < 6; e++)
        expect_distribution(edges[e], fifth, 5);
    expect_distribution(pairs, pair, 25); /* edges are independent of each other */
    nb_search_free(search);
}

/* ---------------------------------------------------------------- evolution */

/* The position of the only decision in which two architectures differ, or -1. */
static int only_difference(const nb_arch *a, const nb_arch *b)
{
    int position = -1;
    for (int i = 0; i < a->count; i++) {
        if (a->code[i] == b->code[i])
            continue;
        if (position >= 0)
            return -1;
        position = i;
    }
    return position;
}

/* With a population of one the parent is known: what is left is the mutation. */
static void a_child_changes_one_edge_by_node_then_edge_then_operation(void **state)
{
    (void)state;
    static const char *const settings[] = {"population=1", "sample=1"};
    nb_search *search = new_search(
        (nb_search_options){.algorithm = "rea", .settings = settings, .setting_count = 2, .budget = {.evaluations = 60001}, .seed = 1});
    uint64_t edges[6] = {0}, operations[25] = {0};
    nb_proposal proposal;
    nb_arch parent;
    assert_true(nb_search_ask(search, &proposal));
    tell(search, 50, 1);
    parent = proposal.arch;
    while (nb_search_ask(search, &proposal)) {
        const int edge = only_difference(&parent, &proposal.arch);
        assert_true(edge >= 0);
        edges[edge]++;
        operations[5 * parent.code[edge] + proposal.arch.code[edge]]++;
        parent = proposal.arch;
        tell(search, 50, 1);
    }
    /* a node of three, then one of its one, two or three edges */
    static const double edge_chances[6] = {1 / 3., 1 / 6., 1 / 6., 1 / 9., 1 / 9., 1 / 9.};
    expect_distribution(edges, edge_chances, 6);
    double operation_chances[25];
    for (size_t i = 0; i < 25; i++)
        operation_chances[i] = i % 6 == 0 ? 0 : 0.05;
    expect_distribution(operations, operation_chances, 25);
    for (size_t i = 0; i < 25; i += 6)
        assert_int_equal(operations[i], 0); /* never the operation that was there */
    nb_search_free(search);
}

/* Of 10 members, 3 are drawn with replacement and the best one wins: the k-th best is the parent with chance
 * ((11 - k)^3 - (10 - k)^3) / 1000. Cases in which two members could be the parent are left out: they say nothing of the rank. */
static void a_parent_is_the_best_of_three_drawn_with_replacement(void **state)
{
    (void)state;
    uint64_t ranks[10] = {0};
    nb_search *search = new_search((nb_search_options){.algorithm = "rea", .budget = {.evaluations = 11}, .seed = 2});
    for (uint64_t stream = 0; stream < 40000; stream++) {
        nb_arch members[10];
        nb_proposal proposal;
        assert_int_equal(nb_search_restart(search, stream, NULL), NB_OK);
        for (int i = 0; i < 10; i++) {
            assert_true(nb_search_ask(search, &proposal));
            members[i] = proposal.arch;
            tell(search, (i * 7 + 3) % 10, 1); /* accuracy and age unrelated: rank from the top is 9 - accuracy */
        }
        assert_true(nb_search_ask(search, &proposal));
        int parents = 0, parent = -1;
        for (int i = 0; i < 10; i++) {
            if (only_difference(&members[i], &proposal.arch) >= 0) {
                parents++;
                parent = i;
            }
        }
        assert_true(parents > 0);
        if (parents == 1)
            ranks[9 - (parent * 7 + 3) % 10]++;
    }
    double chances[10];
    for (int k = 1; k <= 10; k++)
        chances[k - 1] = (pow(11 - k, 3) - pow(10 - k, 3)) / 1000;
    expect_distribution(ranks, chances, 10);
    nb_search_free(search);
}

/* Evolution as the text describes it: a list from which the oldest is taken out at the front. */
typedef struct member {
    nb_arch arch;
    double accuracy;
} member;

static nb_arch model_child(const member *alive, size_t count, size_t sample, nb_rng *rng)
{
    member drawn[8];
    size_t best = 0;
    for (size_t i = 0; i < sample; i++)
        drawn[i] = alive[nb_rng_below(rng, count)];
    for (size_t i = 1; i < sample; i++)
        if (drawn[i].accuracy > drawn[best].accuracy)
            best = i;
    return nb_space_mutate(topology(), &drawn[best].arch, rng);
}

static void evolution_is_a_queue_from_which_the_oldest_goes(void **state)
{
    (void)state;
    enum { POPULATION = 10, STEPS = 400 };
    nb_search *search = new_search((nb_search_options){.algorithm = "rea", .budget = {.evaluations = STEPS}, .seed = 9, .stream = 4});
    nb_rng rng = nb_rng_seed(9, 4);
    member alive[POPULATION];
    nb_proposal proposal;
    for (size_t i = 0; nb_search_ask(search, &proposal); i++) {
        const nb_arch expected = i < POPULATION ? nb_space_sample(topology(), &rng) : model_child(alive, POPULATION, 3, &rng);
        assert_true(nb_arch_equal(&proposal.arch, &expected));
        const double accuracy = floor(arbitrary_accuracy(&expected) / 10); /* coarse: equals are common */
        tell(search, accuracy, 1);
        if (i >= POPULATION)
            memmove(alive, alive + 1, (POPULATION - 1) * sizeof *alive);
        alive[i < POPULATION ? i : POPULATION - 1] = (member){expected, accuracy};
    }
    nb_search_free(search);
}

static void the_first_population_counts_whatever_it_costs(void **state)
{
    (void)state;
    nb_search *search = new_search((nb_search_options){.algorithm = "rea", .budget = {.seconds = 5}});
    nb_proposal proposal;
    while (nb_search_ask(search, &proposal))
        tell(search, arbitrary_accuracy(&proposal.arch), 2);
    assert_int_equal(steps_of(search), 10);
    assert_true(nb_search_clock(search) == 20);
    nb_search_free(search);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_search_draws_every_operation_of_every_edge_alike),
        cmocka_unit_test(a_child_changes_one_edge_by_node_then_edge_then_operation),
        cmocka_unit_test(a_parent_is_the_best_of_three_drawn_with_replacement),
        cmocka_unit_test(evolution_is_a_queue_from_which_the_oldest_goes),
        cmocka_unit_test(the_first_population_counts_whatever_it_costs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
