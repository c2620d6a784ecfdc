#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

/* How often a waiting thread looks again before it sleeps: some tens of microseconds, longer than the serial work between two rounds
 * of a step and shorter than anything a person notices. With fewer processors than threads spinning would steal the time of the
 * thread that is waited for, so then it sleeps at once. */
enum { SPINS = 2000 };

/* The range of parts that one thread starts with; whoever takes one, the owner or a helper, takes the next in order. */
typedef struct share {
    _Alignas(64) atomic_int next;
    int end;
} share;

typedef struct worker {
    struct nb_workers *workers;
    int thread;
    pthread_t handle;
} worker;

struct nb_workers {
    int threads;
    int started; /* of the threads - 1 */
    int spins;
    nb_part run;
    void *user;
    int parts;
    share *shares;
    worker *others;
    _Alignas(64) atomic_uint round; /* grows with every round; the workers wait for it to change */
    _Alignas(64) atomic_int busy;   /* workers that have not finished this round */
    atomic_bool ending;
    atomic_int sleepers; /* threads that may be in a wait on `changed` */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* a new round, or the end of one */
};

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

/* Does parts of `owner`'s share until it is used up. */
static void work_on(nb_workers *workers, int owner, int thread)
{
    share *mine = &workers->shares[owner];
    for (;;) {
        if (atomic_load_explicit(&mine->next, memory_order_relaxed) >= mine->end)
            return;
        int part = atomic_fetch_add_explicit(&mine->next, 1, memory_order_relaxed);
        if (part >= mine->end)
            return;
        workers->run(workers->user, part, workers->parts, thread);
    }
}

/* The own share first, then the others'. */
static void take_part(nb_workers *workers, int thread)
{
    for (int i = 0; i < workers->threads; i++)
        work_on(workers, (thread + i) % workers->threads, thread);
}

/* Wakes whoever sleeps after a change of `round` or `busy`. */
static void announce(nb_workers *workers)
{
    if (atomic_load(&workers->sleepers) == 0)
        return;
    pthread_mutex_lock(&workers->lock);
    pthread_cond_broadcast(&workers->changed);
    pthread_mutex_unlock(&workers->lock);
}

static bool same_round(nb_workers *workers, unsigned seen)
{
    return atomic_load(&workers->round) == seen;
}

static bool still_busy(nb_workers *workers, unsigned unused)
{
    (void)unused;
    return atomic_load(&workers->busy) > 0;
}

/* Waits while `condition` holds: spinning first, then asleep. */
static void wait_while(nb_workers *workers, bool (*condition)(nb_workers *, unsigned), unsigned argument)
{
    for (int i = 0; i < workers->spins; i++) {
        if (!condition(workers, argument))
            return;
        relax();
    }
    pthread_mutex_lock(&workers->lock);
    atomic_fetch_add(&workers->sleepers, 1);
    while (condition(workers, argument))
        pthread_cond_wait(&workers->changed, &workers->lock);
    atomic_fetch_sub(&workers->sleepers, 1);
    pthread_mutex_unlock(&workers->lock);
}

static void *worker_main(void *argument)
{
    worker *self = argument;
    nb_workers *workers = self->workers;
    for (unsigned seen = 0;; seen++) {
        wait_while(workers, same_round, seen);
        if (atomic_load(&workers->ending))
            return NULL;
        take_part(workers, self->thread);
        if (atomic_fetch_sub(&workers->busy, 1) == 1)
            announce(workers);
    }
}

static nb_status start_threads(nb_workers *workers, nb_error *err)
{
    for (int i = 0; i + 1 < workers->threads; i++) {
        worker *other = &workers->others[i];
        *other = (worker){.workers = workers, .thread = i + 1};
        int code = pthread_create(&other->handle, NULL, worker_main, other);
        if (code != 0)
            return nb_fail_errno(err, NB_ERR_MEMORY, code, "thread %d of %d cannot be started", i + 2, workers->threads);
        workers->started++;
    }
    return NB_OK;
}

nb_status nb_workers_new(int threads, nb_workers **out, nb_error *err)
{
    if (threads < 1 || threads > 4096)
        return nb_fail(err, NB_ERR_ARGUMENT, "%d threads; expected 1 to 4096", threads);
    nb_workers *workers = aligned_alloc(64, sizeof *workers);
    if (!workers)
        return nb_fail(err, NB_ERR_MEMORY, "no memory for %d threads", threads);
    *workers = (nb_workers){.threads = threads, .spins = threads <= nb_processors() ? SPINS : 0};
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->changed, NULL);
    workers->shares = aligned_alloc(64, (size_t)threads * sizeof *workers->shares);
    workers->others = calloc((size_t)threads, sizeof *workers->others);
    nb_status status =
        workers->shares && workers->others ? start_threads(workers, err) : nb_fail(err, NB_ERR_MEMORY, "no memory for %d threads", threads);
    if (status != NB_OK) {
        nb_workers_free(workers);
        return status;
    }
    *out = workers;
    return NB_OK;
}

void nb_workers_free(nb_workers *workers)
{
    if (!workers)
        return;
    atomic_store(&workers->ending, true);
    atomic_fetch_add(&workers->round, 1);
    announce(workers);
    for (int i = 0; i < workers->started; i++)
        pthread_join(workers->others[i].handle, NULL);
    pthread_cond_destroy(&workers->changed);
    pthread_mutex_destroy(&workers->lock);
    free(workers->shares);
    free(workers->others);
    free(workers);
}

int nb_workers_count(const nb_workers *workers)
{
    return workers ? workers->threads : 1;
}

void nb_workers_run(nb_workers *workers, nb_part run, void *user, int parts)
{
    if (!workers || workers->threads == 1 || parts <= 1) {
        for (int part = 0; part < parts; part++)
            run(user, part, parts, 0);
        return;
    }
    workers->run = run;
    workers->user = user;
    workers->parts = parts;
    for (int t = 0; t < workers->threads; t++) {
        atomic_store_explicit(&workers->shares[t].next, (int)((long)parts * t / workers->threads), memory_order_relaxed);
        workers->shares[t].end = (int)((long)parts * (t + 1) / workers->threads);
    }
    atomic_store(&workers->busy, workers->threads - 1);
    atomic_fetch_add(&workers->round, 1);
    announce(workers);
    take_part(workers, 0);
    wait_while(workers, still_busy, 0);
}

int nb_processors(void)
{
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0)
        return CPU_COUNT(&allowed);
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online < 1 ? 1 : (int)online;
}
