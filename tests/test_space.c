/* What holds for every search space, asked through the common interface only. */
#include "support.h"

#include <pthread.h>

#include "nasbench/space.h"

static void every_listed_space_is_found_by_its_name_and_its_tag(void **state)
{
    (void)state;
    size_t count = 0;
    for (const nb_space *space; (space = nb_space_list(count)) != NULL; count++) {
        assert_ptr_equal(nb_space_find(nb_space_name(space), NULL), space);
        assert_ptr_equal(nb_space_of((uint8_t)nb_space_get_id(space)), space);
        assert_true(strlen(nb_space_title(space)) > 0);
        assert_true(nb_space_decision_count(space) <= NB_DECISIONS_MAX);
    }
    assert_true(count >= 2);
    assert_null(nb_space_of(NB_SPACE_NONE));
    assert_null(nb_space_of(255));
}

static void an_unknown_space_is_refused_with_the_known_ones(void **state)
{
    (void)state;
    nb_error err;
    assert_null(nb_space_find("nasbench999", &err));
    assert_int_equal(err.status, NB_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "no search space is called 'nasbench999'; known: nasbench201 (also nas-bench-201, "));
    assert_non_null(strstr(err.message, "; nats-size (also nats-sss, sss, size)"));
    assert_null(nb_space_find("", &err));
    assert_null(nb_space_find(NULL, &err));
    assert_int_equal(err.status, NB_ERR_ARGUMENT);
}

static void what_is_sampled_or_moved_stays_in_the_space_and_round_trips(void **state)
{
    (void)state;
    const nb_space *space;
    for (size_t s = 0; (space = nb_space_list(s)) != NULL; s++) {
        nb_rng rng = nb_rng_seed(41, s);
        nb_arch arch = nb_space_sample(space, &rng);
        for (int step = 0; step < 500; step++) {
            const int64_t index = nb_space_index(space, &arch);
            char text[NB_ARCH_TEXT_SIZE];
            nb_arch back;
            assert_true(index >= 0 && (uint64_t)index < nb_space_size(space));
            assert_int_equal(nb_space_at(space, (uint64_t)index, &back, NULL), NB_OK);
            assert_int_equal(nb_space_index(space, &back), index);
            assert_int_equal(nb_space_canonical(space, &back), nb_space_canonical(space, &arch));
            if (nb_space_get_id(space) != NB_SPACE_GRAPH) /* where many graphs share the index of their cell */
                assert_true(nb_arch_equal(&back, &arch));
            const size_t length = nb_space_format(space, &arch, text, sizeof text);
            assert_in_range(length, 1, sizeof text - 1);
            assert_int_equal(nb_space_index_of_text(space, text, length), index);
            assert_int_equal(nb_space_lookup(space, text, length, &back, NULL), NB_OK);
            assert_true(nb_arch_equal(&back, &arch));
            assert_int_equal(arch.space, nb_space_get_id(space));
            arch = nb_space_mutate(space, &arch, &rng);
        }
    }
}

static void the_same_seed_walks_the_same_way(void **state)
{
    (void)state;
    const nb_space *space;
    for (size_t s = 0; (space = nb_space_list(s)) != NULL; s++) {
        nb_rng rng = nb_rng_seed(42, 7), twin = nb_rng_seed(42, 7);
        nb_arch a = nb_space_sample(space, &rng), b = nb_space_sample(space, &twin);
        for (int step = 0; step < 50; step++) {
            assert_true(nb_arch_equal(&a, &b));
            a = nb_space_mutate(space, &a, &rng);
            b = nb_space_mutate(space, &b, &twin);
        }
    }
}

static void neighbours_differ_in_one_decision(void **state)
{
    (void)state;
    const nb_space *space;
    for (size_t s = 0; (space = nb_space_list(s)) != NULL; s++) {
        nb_rng rng = nb_rng_seed(43, s);
        const nb_arch arch = nb_space_sample(space, &rng);
        const size_t count = nb_space_neighbours(space, &arch, NULL, 0);
        assert_in_range(count, 1, NB_NEIGHBOURS_MAX);
        nb_arch *near = calloc(count, sizeof *near);
        assert_non_null(near);
        assert_int_equal(nb_space_neighbours(space, &arch, near, count), count);
        uint8_t mine[NB_DECISIONS_MAX], theirs[NB_DECISIONS_MAX];
        assert_int_equal(nb_space_encode(space, &arch, mine, NULL), NB_OK);
        for (size_t i = 0; i < count; i++) {
            size_t differences = 0;
            assert_int_equal(nb_space_encode(space, &near[i], theirs, NULL), NB_OK);
            for (size_t d = 0; d < nb_space_decision_count(space); d++)
                differences += mine[d] != theirs[d];
            assert_int_equal(differences, 1);
        }
        free(near);
    }
}

static void architectures_of_one_space_are_foreign_to_another(void **state)
{
    (void)state;
    const nb_space *topology = nb_space_find("nasbench201", NULL), *size = nb_space_find("nats-size", NULL);
    nb_rng rng = nb_rng_seed(44, 0);
    const nb_arch cell = nb_space_sample(topology, &rng), widths = nb_space_sample(size, &rng);
    uint8_t choices[NB_DECISIONS_MAX];
    nb_error err;
    assert_int_equal(nb_space_index(size, &cell), -1);
    assert_int_equal(nb_space_index(topology, &widths), -1);
    assert_int_equal(nb_space_encode(topology, &widths, choices, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "the architecture is not one of the space nasbench201");
}

/* Threads that race for the first use of the tables all see the finished ones. */
static void *find_and_ask(void *user)
{
    (void)user;
    const nb_space *space = nb_space_find("tss", NULL);
    const char *text = "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|none~0|nor_conv_3x3~1|avg_pool_3x3~2|";
    nb_arch arch;
    if (nb_space_index_of_text(space, text, strlen(text)) != 11 || nb_space_at(space, 11, &arch, NULL) != NB_OK)
        return "wrong index";
    return nb_space_canonical(space, &arch) == 11 ? NULL : "wrong class";
}

static void threads_may_be_the_first_together(void **state)
{
    (void)state;
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, find_and_ask, NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        void *complaint;
        assert_int_equal(pthread_join(threads[i], &complaint), 0);
        assert_null(complaint);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_may_be_the_first_together), /* first, before anybody has asked */
        cmocka_unit_test(every_listed_space_is_found_by_its_name_and_its_tag),
        cmocka_unit_test(an_unknown_space_is_refused_with_the_known_ones),
        cmocka_unit_test(what_is_sampled_or_moved_stays_in_the_space_and_round_trips),
        cmocka_unit_test(the_same_seed_walks_the_same_way),
        cmocka_unit_test(neighbours_differ_in_one_decision),
        cmocka_unit_test(architectures_of_one_space_are_foreign_to_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
