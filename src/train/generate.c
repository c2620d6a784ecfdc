/* Working off a plan: jobs are claimed one by one, trained, and leave a record. */
#include "nasbench/generate.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/claim.h"
#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "train/plan.h"

/* What the threads of a run share. */
typedef struct crew {
    const nb_plan *plan;
    const nb_run_options *options;
    const nb_progress *progress;
    nb_dataset **datasets; /* [dataset_count], loaded once */
    size_t first, count;   /* positions */
    atomic_size_t next;    /* job of the range that nobody here has looked at */
    atomic_int stop;       /* one of us failed, or we were asked to stop: no new jobs, and trainings end */
    pthread_mutex_t lock;  /* of what follows, and of the callbacks */
    nb_run_summary summary;
    nb_status status; /* the first failure of the system */
    nb_error err;
    uint64_t looked_at;
} crew;

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static size_t jobs_of(const crew *c)
{
    return c->count * c->plan->options.seed_count;
}

/* All architectures with the first seed, then all with the second: a benchmark with one seed is there as early as possible. */
static void job_at(const crew *c, size_t job, uint32_t *arch, uint32_t *seed)
{
    *arch = c->plan->archs[c->first + job % c->count];
    *seed = c->plan->seeds[job / c->count];
}

/* ---- one job ---- */

static nb_status train_one(const crew *c, size_t dataset, uint32_t arch, uint32_t seed, nb_error *err)
{
    char record_path[NB_PLAN_PATH], checkpoint[NB_PLAN_PATH], index[16];
    const nb_plan_options *plan = &c->plan->options;
    nb_train_options train = plan->train;
    uint32_t from = plan->checkpoint_from;
    nb_progress progress = {.cancel = &c->stop};
    nb_record *record;
    nb_plan_record_path(c->plan, arch, seed, plan->datasets[dataset], record_path);
    if (nb_plan_exists(record_path))
        return NB_OK;
    train.seed = seed;
    train.threads = 1;
    train.checkpoint = NULL;
    if (from > 0 && strtoul(train.schedule, NULL, 10) >= from)
        train.checkpoint = nb_plan_checkpoint_path(c->plan, arch, seed, plan->datasets[dataset], checkpoint);
    train.resume = train.checkpoint != NULL;
    snprintf(index, sizeof index, "%" PRIu32, arch);
    NB_TRY(nb_train(c->datasets[dataset], index, &train, &progress, &record, err));
    nb_status status = nb_record_write(record, record_path, err);
    nb_record_free(record);
    if (status == NB_OK && train.checkpoint)
        unlink(checkpoint);
    return status;
}

/* Whether the network is to blame, not the machine it is trained on. */
static bool is_fault_of_job(nb_status status)
{
    return status == NB_ERR_NUMERIC;
}

static nb_status note_failure(const crew *c, uint32_t arch, uint32_t seed, const char *reason, nb_error *err)
{
    char path[NB_PLAN_PATH];
    nb_plan_failed_path(c->plan, arch, seed, path);
    char *text = NULL;
    json_t *root = json_pack("{s:I, s:I, s:s}", "arch", (json_int_t)arch, "seed", (json_int_t)seed, "reason", reason);
    if (root)
        text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    if (!text)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for the reason of a failure", path);
    nb_status status = nb_file_write(path, text, strlen(text), err);
    free(text);
    return status;
}

/* Trains what the claimed job lacks. *reason is filled and NB_OK returned when the network is to blame. */
static nb_status do_job(const crew *c, uint32_t arch, uint32_t seed, char *reason, nb_error *err)
{
    char failed[NB_PLAN_PATH];
    reason[0] = '\0';
    for (size_t d = 0; d < c->plan->options.dataset_count; d++) {
        nb_status status = train_one(c, d, arch, seed, err);
        if (is_fault_of_job(status)) {
            snprintf(reason, NB_ERROR_MESSAGE_SIZE, "%s: %.400s", c->plan->datasets[d], err->message);
            return note_failure(c, arch, seed, reason, err);
        }
        if (status != NB_OK)
            return nb_prefix(err, status, "architecture %" PRIu32 ", seed %" PRIu32 ", %s", arch, seed, c->plan->datasets[d]);
    }
    unlink(nb_plan_failed_path(c->plan, arch, seed, failed)); /* of an earlier attempt */
    return NB_OK;
}

/* ---- the crew ---- */

typedef enum found { FOUND_PRESENT, FOUND_SKIPPED, FOUND_TAKEN, FOUND_TRAINED, FOUND_FAILED } found;

static void report(crew *c, found what, uint32_t arch, uint32_t seed, double seconds, const char *reason)
{
    pthread_mutex_lock(&c->lock);
    uint32_t *const counters[] = {&c->summary.present, &c->summary.skipped, &c->summary.taken, &c->summary.trained, &c->summary.failed};
    ++*counters[what];
    nb_progress_report(c->progress, ++c->looked_at, jobs_of(c), NULL);
    if (c->options->job_done && (what == FOUND_TRAINED || what == FOUND_FAILED))
        c->options->job_done(c->options->user, arch, seed, seconds, what == FOUND_FAILED ? reason : NULL);
    pthread_mutex_unlock(&c->lock);
}

static void give_up(crew *c, nb_status status, const nb_error *err)
{
    pthread_mutex_lock(&c->lock);
    if (c->status == NB_OK) {
        c->status = status;
        c->err = *err;
    }
    pthread_mutex_unlock(&c->lock);
    atomic_store(&c->stop, 1);
}

static void claim_note(char *note, size_t size)
{
    char host[256] = "?", when[32] = "";
    time_t now = time(NULL);
    struct tm parts;
    gethostname(host, sizeof host - 1);
    if (gmtime_r(&now, &parts))
        strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &parts);
    snprintf(note, size, "%s %ld %s\n", host, (long)getpid(), when);
}

/* Looks at a job and does it if it is ours to do. */
static nb_status consider(crew *c, size_t job, nb_error *err)
{
    char path[NB_PLAN_PATH], note[384], reason[NB_ERROR_MESSAGE_SIZE];
    uint32_t arch, seed;
    nb_claim claim;
    bool taken;
    job_at(c, job, &arch, &seed);
    if (nb_plan_job_done(c->plan, arch, seed)) {
        report(c, FOUND_PRESENT, arch, seed, 0, NULL);
        return NB_OK;
    }
    if (!c->options->retry_failed && nb_plan_failure(c->plan, arch, seed, reason)) {
        report(c, FOUND_SKIPPED, arch, seed, 0, NULL);
        return NB_OK;
    }
    claim_note(note, sizeof note);
    NB_TRY(nb_claim_take(nb_plan_claim_path(c->plan, arch, seed, path), note, &claim, &taken, err));
    if (!taken) {
        report(c, FOUND_TAKEN, arch, seed, 0, NULL);
        return NB_OK;
    }
    double start = seconds_now();
    bool was_done = nb_plan_job_done(c->plan, arch, seed); /* by somebody between our look and our claim */
    nb_status status = was_done ? NB_OK : do_job(c, arch, seed, reason, err);
    nb_claim_drop(&claim);
    if (status == NB_OK)
        report(c, was_done ? FOUND_PRESENT : reason[0] ? FOUND_FAILED : FOUND_TRAINED, arch, seed, seconds_now() - start, reason);
    return status;
}

static void *work(void *user)
{
    crew *c = user;
    size_t jobs = jobs_of(c);
    while (!atomic_load(&c->stop)) {
        nb_error err;
        nb_status status = nb_progress_check(c->progress, "generating", &err);
        size_t job = status == NB_OK ? atomic_fetch_add(&c->next, 1) : 0;
        if (status == NB_OK && job >= jobs)
            break;
        status = status == NB_OK ? consider(c, job, &err) : status;
        if (status != NB_OK)
            give_up(c, status, &err);
    }
    return NULL;
}

/* Trainings have a token of the crew; this one passes the caller's on to it. */
static void *watch(void *user)
{
    crew *c = user;
    const struct timespec pause = {.tv_nsec = 50 * 1000 * 1000};
    while (!atomic_load(&c->stop)) {
        nb_error err;
        if (nb_progress_check(c->progress, "generating", &err) != NB_OK)
            give_up(c, NB_ERR_CANCELLED, &err);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

static nb_status run_threads(crew *c)
{
    uint32_t jobs = c->options->jobs ? c->options->jobs : 1, started = 0;
    pthread_t watcher, *threads = malloc(jobs * sizeof *threads);
    if (!threads || pthread_create(&watcher, NULL, watch, c) != 0) {
        free(threads);
        return nb_fail(&c->err, NB_ERR_MEMORY, "cannot start a thread");
    }
    while (started < jobs && pthread_create(&threads[started], NULL, work, c) == 0)
        started++;
    if (started == 0)
        give_up(c, NB_ERR_MEMORY, &(nb_error){NB_ERR_MEMORY, "cannot start a thread"});
    for (uint32_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    atomic_store(&c->stop, 1);
    pthread_join(watcher, NULL);
    free(threads);
    return c->status;
}

/* ---- data sets ---- */

static void free_datasets(nb_dataset **datasets, size_t count)
{
    for (size_t i = 0; datasets && i < count; i++)
        nb_dataset_free(datasets[i]);
    free(datasets);
}

static nb_status load_datasets(const nb_plan *plan, const char *folder, const nb_progress *progress, nb_dataset ***out, nb_error *err)
{
    nb_dataset_options options = plan->options.data;
    options.folder = folder;
    nb_dataset **datasets = calloc(plan->options.dataset_count, sizeof *datasets);
    nb_status status = datasets ? NB_OK : nb_fail(err, NB_ERR_MEMORY, "no memory for the data sets");
    nb_progress quiet = {.cancel = progress ? progress->cancel : NULL};
    for (size_t i = 0; i < plan->options.dataset_count && status == NB_OK; i++)
        status = nb_dataset_load(plan->datasets[i], &options, &quiet, &datasets[i], err);
    if (status != NB_OK)
        free_datasets(datasets, plan->options.dataset_count);
    else
        *out = datasets;
    return status;
}

nb_status nb_generate_run(const nb_plan *plan, const nb_run_options *options, const nb_progress *progress, nb_run_summary *summary,
                          nb_error *err)
{
    static const nb_run_options defaults = {0};
    crew c = {.plan = plan, .options = options ? options : &defaults, .progress = progress, .lock = PTHREAD_MUTEX_INITIALIZER};
    NB_TRY(nb_plan_range(plan, c.options, &c.first, &c.count, err));
    NB_TRY(nb_plan_make_folders(plan, err));
    NB_TRY(load_datasets(plan, c.options->data_folder, progress, &c.datasets, err));
    nb_status status = run_threads(&c);
    free_datasets(c.datasets, plan->options.dataset_count);
    if (summary)
        *summary = c.summary;
    if (status != NB_OK && err)
        *err = c.err;
    return status;
}

/* ---- latency ---- */

static nb_status measure_latency(const nb_plan *plan, nb_dataset *const *datasets, uint32_t arch, const nb_progress *progress,
                                 nb_error *err)
{
    char path[NB_PLAN_PATH], index[16];
    nb_train_options options = plan->options.train;
    nb_status status = NB_OK;
    json_t *root = json_object();
    options.seed = plan->seeds[0];
    options.threads = 1;
    snprintf(index, sizeof index, "%" PRIu32, arch);
    for (size_t d = 0; d < plan->options.dataset_count && status == NB_OK; d++) {
        double *seconds = NULL;
        size_t count = 0;
        status = nb_train_latency(datasets[d], index, &options, progress, &seconds, &count, err);
        if (status == NB_OK && count > 0)
            json_object_set_new(root, plan->datasets[d], json_real(nb_latency_mean(seconds, count)));
        free(seconds);
    }
    char *text = status == NB_OK ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    if (text)
        status = nb_file_write(nb_plan_latency_path(plan, arch, path), text, strlen(text), err);
    else if (status == NB_OK)
        status = nb_fail(err, NB_ERR_MEMORY, "no memory for a latency");
    free(text);
    json_decref(root);
    return status;
}

nb_status nb_generate_latency(const nb_plan *plan, const nb_run_options *options, const nb_progress *progress, uint32_t *measured,
                              nb_error *err)
{
    static const nb_run_options defaults = {0};
    char path[NB_PLAN_PATH];
    size_t first, count;
    nb_dataset **datasets;
    uint32_t done = 0;
    options = options ? options : &defaults;
    NB_TRY(nb_plan_range(plan, options, &first, &count, err));
    NB_TRY(nb_plan_make_folders(plan, err));
    NB_TRY(load_datasets(plan, options->data_folder, progress, &datasets, err));
    nb_progress quiet = {.cancel = progress ? progress->cancel : NULL};
    nb_status status = NB_OK;
    for (size_t i = 0; i < count && status == NB_OK; i++) {
        uint32_t arch = plan->archs[first + i];
        status = nb_progress_check(progress, "measuring latencies", err);
        if (status == NB_OK && !nb_plan_exists(nb_plan_latency_path(plan, arch, path))) {
            status = measure_latency(plan, datasets, arch, &quiet, err);
            done += status == NB_OK;
        }
        nb_progress_report(progress, i + 1, count, NULL);
    }
    free_datasets(datasets, plan->options.dataset_count);
    if (measured)
        *measured = done;
    return status;
}
