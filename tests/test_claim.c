/* Claims: one owner at a time, and none after a crash. */
#include "support.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/claim.h"

static void a_claim_excludes_others_until_it_is_dropped(void **state)
{
    (void)state;
    char *path = scratch_path("a.claim");
    nb_claim first, second;
    bool taken;
    assert_int_equal(nb_claim_look(path), NB_CLAIM_FREE);
    assert_int_equal(nb_claim_take(path, "first\n", &first, &taken, NULL), NB_OK);
    assert_true(taken);
    assert_int_equal(nb_claim_look(path), NB_CLAIM_HELD);
    assert_int_equal(nb_claim_take(path, "second\n", &second, &taken, NULL), NB_OK);
    assert_false(taken);
    size_t size;
    uint8_t *note = read_file(path, &size);
    assert_string_equal((char *)note, "first\n");
    free(note);
    nb_claim_drop(&first);
    assert_int_equal(nb_claim_look(path), NB_CLAIM_FREE);
    assert_int_equal(nb_claim_take(path, "second\n", &second, &taken, NULL), NB_OK);
    assert_true(taken);
    nb_claim_drop(&second);
    free(path);
}

static void a_killed_owner_leaves_a_claim_that_can_be_taken(void **state)
{
    (void)state;
    char *path = scratch_path("b.claim");
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        nb_claim claim;
        bool taken = false;
        nb_status status = nb_claim_take(path, "a longer note of the child\n", &claim, &taken, NULL);
        char byte = status == NB_OK && taken;
        if (write(ready[1], &byte, 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    char held = 0;
    assert_int_equal(read(ready[0], &held, 1), 1);
    assert_int_equal(held, 1);
    assert_int_equal(nb_claim_look(path), NB_CLAIM_HELD);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(nb_claim_look(path), NB_CLAIM_STALE);
    nb_claim claim;
    bool taken;
    assert_int_equal(nb_claim_take(path, "heir\n", &claim, &taken, NULL), NB_OK);
    assert_true(taken);
    size_t size;
    uint8_t *note = read_file(path, &size);
    assert_string_equal((char *)note, "heir\n");
    free(note);
    nb_claim_drop(&claim);
    close(ready[0]);
    close(ready[1]);
    free(path);
}

enum { THREADS = 4, ITEMS = 200 };

typedef struct crew {
    int inside[ITEMS], most[ITEMS], done[ITEMS];
    pthread_mutex_t lock;
} crew;

/* Takes every item once it is free, and counts how many are inside an item at the same time. */
static void *work_through(void *user)
{
    crew *all = user;
    for (int item = 0; item < ITEMS; item++) {
        char name[32];
        snprintf(name, sizeof name, "item-%d.claim", item);
        pthread_mutex_lock(&all->lock);
        char *path = scratch_path(name);
        pthread_mutex_unlock(&all->lock);
        nb_claim claim;
        bool taken;
        if (nb_claim_take(path, "thread\n", &claim, &taken, NULL) == NB_OK && taken) {
            pthread_mutex_lock(&all->lock);
            int inside = ++all->inside[item];
            all->most[item] = inside > all->most[item] ? inside : all->most[item];
            all->done[item]++;
            pthread_mutex_unlock(&all->lock);
            usleep(50);
            pthread_mutex_lock(&all->lock);
            all->inside[item]--;
            pthread_mutex_unlock(&all->lock);
            nb_claim_drop(&claim);
        }
        free(path);
    }
    return NULL;
}

static void threads_exclude_each_other(void **state)
{
    (void)state;
    crew all = {.lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work_through, &all), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int item = 0; item < ITEMS; item++) {
        assert_true(all.done[item] >= 1);
        assert_int_equal(all.most[item], 1);
    }
}

static void a_claim_that_cannot_be_made_names_the_file(void **state)
{
    (void)state;
    nb_claim claim;
    nb_error err;
    bool taken;
    assert_int_equal(nb_claim_take("/nowhere/x.claim", "", &claim, &taken, &err), NB_ERR_IO);
    assert_false(taken);
    assert_string_equal(err.message, "/nowhere/x.claim: cannot make a claim: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_claim_excludes_others_until_it_is_dropped),
        cmocka_unit_test(a_killed_owner_leaves_a_claim_that_can_be_taken),
        cmocka_unit_test(threads_exclude_each_other),
        cmocka_unit_test(a_claim_that_cannot_be_made_names_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
