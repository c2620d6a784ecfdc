/* The thread pool: every part once, whatever the number of threads; many short rounds; sleepers wake. */
#include "support.h"

#include <stdatomic.h>
#include <time.h>

#include "base/pool.h"

typedef struct counts {
    atomic_int done[1000];
    atomic_int wrong; /* parts that were told something that cannot be */
    int threads;
} counts;

static void count_part(void *user, int part, int parts, int thread)
{
    counts *c = user;
    if (part < 0 || part >= parts || thread < 0 || thread >= c->threads)
        atomic_fetch_add(&c->wrong, 1);
    else
        atomic_fetch_add(&c->done[part], 1);
}

static void every_part_is_done_exactly_once(void **state)
{
    (void)state;
    static counts c;
    for (int threads = 1; threads <= 5; threads++)
        for (int parts = 0; parts <= 1000; parts = parts * 3 + 1) {
            nb_workers *workers;
            assert_int_equal(nb_workers_new(threads, &workers, NULL), NB_OK);
            assert_int_equal(nb_workers_count(workers), threads);
            memset(&c, 0, sizeof c);
            c.threads = threads;
            nb_workers_run(workers, count_part, &c, parts);
            for (int i = 0; i < 1000; i++)
                assert_int_equal(atomic_load(&c.done[i]), i < parts);
            assert_int_equal(atomic_load(&c.wrong), 0);
            nb_workers_free(workers);
        }
}

static void no_pool_means_the_caller_alone(void **state)
{
    (void)state;
    static counts c;
    memset(&c, 0, sizeof c);
    c.threads = 1;
    assert_int_equal(nb_workers_count(NULL), 1);
    nb_workers_run(NULL, count_part, &c, 10);
    assert_int_equal(atomic_load(&c.done[9]), 1);
    nb_workers_free(NULL);
}

static void thousands_of_short_rounds_in_a_row(void **state)
{
    (void)state;
    static counts c;
    memset(&c, 0, sizeof c);
    c.threads = 3;
    nb_workers *workers;
    assert_int_equal(nb_workers_new(3, &workers, NULL), NB_OK);
    for (int round = 0; round < 3000; round++)
        nb_workers_run(workers, count_part, &c, 7);
    for (int i = 0; i < 7; i++)
        assert_int_equal(atomic_load(&c.done[i]), 3000);
    nb_workers_free(workers);
}

static void workers_that_fell_asleep_wake_up(void **state)
{
    (void)state;
    static counts c;
    memset(&c, 0, sizeof c);
    c.threads = 2;
    nb_workers *workers;
    assert_int_equal(nb_workers_new(2, &workers, NULL), NB_OK);
    for (int round = 0; round < 5; round++) {
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        nb_workers_run(workers, count_part, &c, 4);
    }
    assert_int_equal(atomic_load(&c.done[3]), 5);
    nb_workers_free(workers);
}

static void silly_numbers_of_threads_are_refused(void **state)
{
    (void)state;
    nb_workers *workers;
    nb_error err;
    assert_int_equal(nb_workers_new(0, &workers, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "0 threads; expected 1 to 4096");
    assert_int_equal(nb_workers_new(5000, &workers, &err), NB_ERR_ARGUMENT);
    assert_true(nb_processors() >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_part_is_done_exactly_once),      cmocka_unit_test(no_pool_means_the_caller_alone),
        cmocka_unit_test(thousands_of_short_rounds_in_a_row),   cmocka_unit_test(workers_that_fell_asleep_wake_up),
        cmocka_unit_test(silly_numbers_of_threads_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
