#include "nasbench/experiment.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/error.h"
#include "base/pool.h"
#include "base/progress.h"
#include "base/text.h"

#include "search/algorithm.h"
#include "search/growing.h"
#include "search/journal.h"
#include "search/search.h"
#include "search/settings.h"
#include "search/trajectory.h"

enum { BLOCK = 64 }; /* runs between two writes */

static const uint64_t seed_limit = UINT64_C(1) << 53; /* JSON's numbers are doubles */

/* Mean and deviation of numbers that come one by one (Welford, 1962). */
typedef struct running_statistic {
    uint32_t count;
    double mean, squares;
} running_statistic;

/* What a run leaves behind for the thread that writes. */
typedef struct run_record {
    nb_status status;
    nb_error err;
    nb_text line;
    nb_run_facts facts;
    double own_seconds; /* processor time of the search */
} run_record;

/* A thread's own: used again and again. */
typedef struct worker {
    nb_search *search;
    nb_incumbent *incumbents; /* [room] */
    size_t room;
} worker;

typedef struct experiment {
    const nb_experiment_options *options;
    nb_search_options search; /* as given, with the seed and the epochs that hold */
    const nb_algorithm *algorithm;
    const nb_objective *objective;
    const nb_outcomes *outcomes;
    const nb_progress *progress;
    double settings[NB_PARAMETERS_MAX];
    nb_text header;
    nb_growing file;    /* closed when there is none */
    bool ours;          /* the file is new, or of this very experiment */
    nb_journal journal; /* likewise */
    nb_workers *pool;
    worker *workers; /* [threads] */
    int threads;
    run_record records[BLOCK];
    uint32_t next; /* run: the first of the present block */
    uint32_t resumed;
    pthread_mutex_t report_lock;
    uint64_t evaluations_done; /* for the progress of slow ones */
    running_statistic evaluations, seconds, feedback, own_seconds;
    running_statistic *results; /* [datasets][NB_OUTCOME_KINDS] */
} experiment;

/* ---------------------------------------------------------------- statistics */

static void count_in(running_statistic *statistic, double value)
{
    if (isnan(value))
        return;
    const double difference = value - statistic->mean;
    statistic->count++;
    statistic->mean += difference / statistic->count;
    statistic->squares += difference * (value - statistic->mean);
}

static nb_statistic finished(const running_statistic *statistic)
{
    if (statistic->count == 0)
        return (nb_statistic){(double)NAN, (double)NAN, 0};
    return (nb_statistic){statistic->mean, sqrt(statistic->squares / statistic->count), statistic->count};
}

static void count_run(experiment *e, const nb_run_facts *facts)
{
    count_in(&e->evaluations, (double)facts->evaluations);
    count_in(&e->seconds, facts->seconds);
    count_in(&e->feedback, facts->feedback);
    for (size_t i = 0; i < nb_outcomes_count(e->outcomes); i++)
        for (nb_outcome_kind kind = 0; kind < NB_OUTCOME_KINDS; kind++)
            count_in(&e->results[i * NB_OUTCOME_KINDS + kind], nb_outcome(e->outcomes, i, kind, &facts->arch));
}

/* ---------------------------------------------------------------- one run */

/* An objective in front of the true one: answers from the journal what is there, and puts there what is not. */
typedef struct recorded_objective {
    experiment *experiment;
    uint32_t run;
    uint64_t step;
} recorded_objective;

static void report_evaluation(experiment *e)
{
    pthread_mutex_lock(&e->report_lock);
    e->evaluations_done++;
    nb_progress_report(e->progress, e->evaluations_done, e->options->runs * e->search.budget.evaluations, NULL);
    pthread_mutex_unlock(&e->report_lock);
}

static nb_status evaluate_recorded(void *user, const nb_arch *arch, uint32_t epochs, nb_rng *rng, nb_evaluation *out, nb_error *err)
{
    recorded_objective *self = user;
    experiment *e = self->experiment;
    const int64_t index = nb_space_index(e->objective->space, arch);
    const nb_journal_entry *entry = nb_journal_find(&e->journal, self->run, self->step);
    nb_status status = NB_OK;
    if (entry && (entry->index != index || entry->epochs != epochs))
        return nb_fail(err, NB_ERR_CORRUPT, "%s: run %u, evaluation %llu: architecture %lld, but %lld is asked for", e->journal.path,
                       self->run, (unsigned long long)self->step, (long long)entry->index, (long long)index);
    if (entry) {
        *out = entry->evaluation;
    } else {
        status = e->objective->evaluate(e->objective->user, arch, epochs, rng, out, err);
        if (status == NB_OK && e->journal.fd >= 0)
            status = nb_journal_add(&e->journal, &(nb_journal_entry){self->run, self->step, index, epochs, *out}, err);
    }
    self->step++;
    if (status == NB_OK)
        report_evaluation(e);
    return status;
}

static nb_status add_incumbent(worker *w, size_t *count, size_t step, const nb_arch *arch, nb_error *err)
{
    if (*count == w->room) {
        const size_t room = w->room > 0 ? 2 * w->room : 32;
        nb_incumbent *incumbents = realloc(w->incumbents, room * sizeof *incumbents);
        if (!incumbents)
            return nb_fail(err, NB_ERR_MEMORY, "out of memory for %zu incumbents", room);
        w->incumbents = incumbents;
        w->room = room;
    }
    w->incumbents[(*count)++] = (nb_incumbent){step, *arch};
    return NB_OK;
}

/* Searches to the end and notes each change of the answer on the way. */
static nb_status search_on(experiment *e, worker *w, const nb_objective *objective, nb_search_result *answer, size_t *incumbents,
                           nb_error *err)
{
    bool more = true;
    size_t known = 0, count;
    *incumbents = 0;
    while (more) {
        NB_TRY(nb_progress_check(e->progress, e->algorithm->info.name, err));
        NB_TRY(nb_search_advance(w->search, objective, &more, err));
        nb_search_steps(w->search, &count);
        if (count == known)
            continue;
        known = count;
        NB_TRY(nb_search_answer(w->search, answer, err));
        if (*incumbents == 0 || !nb_arch_equal(&answer->arch, &w->incumbents[*incumbents - 1].arch))
            NB_TRY(add_incumbent(w, incumbents, count - 1, &answer->arch, err));
    }
    return nb_search_answer(w->search, answer, err);
}

static double thread_seconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static nb_status do_run(experiment *e, worker *w, uint32_t run, run_record *record)
{
    recorded_objective recorded = {.experiment = e, .run = run};
    nb_objective objective = *e->objective;
    nb_search_result answer;
    size_t incumbents, steps;
    if (e->objective->slow) {
        objective.evaluate = evaluate_recorded;
        objective.user = &recorded;
    }
    const double started = thread_seconds();
    NB_TRY(nb_search_restart(w->search, run, &record->err));
    NB_TRY(search_on(e, w, &objective, &answer, &incumbents, &record->err));
    record->own_seconds = thread_seconds() - started;
    nb_search_steps(w->search, &steps);
    record->facts = (nb_run_facts){steps, nb_search_clock(w->search), answer.accuracy, answer.arch};
    if (e->file.fd < 0)
        return NB_OK;
    nb_trajectory_run(run, w->search, &answer, w->incumbents, incumbents, e->outcomes, &record->line);
    return nb_text_check(&record->line, &record->err);
}

static void run_part(void *user, int part, int parts, int thread)
{
    (void)parts;
    experiment *e = user;
    run_record *record = &e->records[part];
    record->line.size = 0;
    record->status = do_run(e, &e->workers[thread], e->next + (uint32_t)part, record);
}

/* ---------------------------------------------------------------- all runs */

/* Takes the finished runs of a block in their order, up to the first that failed. */
static nb_status take_block(experiment *e, uint32_t count, nb_error *err)
{
    for (uint32_t i = 0; i < count; i++) {
        const run_record *record = &e->records[i];
        if (record->status != NB_OK) {
            if (err)
                *err = record->err;
            return record->status == NB_ERR_CANCELLED ? record->status : nb_prefix(err, record->status, "run %u", e->next);
        }
        if (e->file.fd >= 0)
            NB_TRY(nb_growing_append(&e->file, record->line.data, record->line.size, err));
        count_run(e, &record->facts);
        count_in(&e->own_seconds, record->own_seconds);
        e->next++;
    }
    return NB_OK;
}

static nb_status do_runs(experiment *e, nb_error *err)
{
    const uint32_t block = e->objective->slow && e->threads < BLOCK ? (uint32_t)e->threads : BLOCK;
    while (e->next < e->options->runs) {
        const uint32_t left = e->options->runs - e->next, count = left < block ? left : block;
        NB_TRY(nb_progress_check(e->progress, e->algorithm->info.name, err));
        nb_workers_run(e->pool, run_part, e, (int)count);
        NB_TRY(take_block(e, count, err));
        if (!e->objective->slow)
            nb_progress_report(e->progress, e->next, e->options->runs, NULL);
    }
    return NB_OK;
}

/* ---------------------------------------------------------------- the file */

/* Takes the runs that the lines of an interrupted experiment hold; *used is where the last complete one ends. */
static nb_status take_lines(experiment *e, size_t *used, nb_error *err)
{
    const char *end;
    while (e->next < e->options->runs && (end = memchr(e->file.content + *used, '\n', e->file.size - *used)) != NULL) {
        nb_run_facts facts;
        const size_t length = (size_t)(end - e->file.content) - *used;
        NB_TRY(nb_trajectory_read(e->file.content + *used, length, e->file.temporary, e->next, e->search.space, &facts, err));
        count_run(e, &facts);
        e->evaluations_done += facts.evaluations;
        *used += length + 1;
        e->next++;
    }
    e->resumed = e->next;
    return NB_OK;
}

static void write_header(experiment *e)
{
    nb_experiment_options options = *e->options;
    options.search = e->search;
    e->header.size = 0;
    nb_trajectory_header(&options, e->objective, &e->algorithm->info, e->settings, e->outcomes, &e->header);
}

static nb_status open_file(experiment *e, nb_error *err)
{
    NB_TRY(nb_growing_open(e->options->path, &e->file, err));
    const char *end = memchr(e->file.content, '\n', e->file.size);
    size_t used = end ? (size_t)(end - e->file.content) + 1 : 0;
    if (used > 0) {
        NB_TRY(nb_trajectory_same(e->file.content, used, e->header.data, e->header.size, e->file.temporary, e->options->fresh_seed,
                                  &e->search.seed, err));
        write_header(e);
        NB_TRY(nb_text_check(&e->header, err));
        NB_TRY(take_lines(e, &used, err));
    }
    e->ours = true;
    NB_TRY(nb_growing_cut(&e->file, used, err));
    free(e->file.content);
    e->file.content = NULL;
    if (used == 0)
        NB_TRY(nb_growing_append(&e->file, e->header.data, e->header.size, err));
    return e->objective->slow ? nb_journal_open(e->options->path, e->header.data, &e->journal, err) : NB_OK;
}

/* ---------------------------------------------------------------- making */

static nb_status choose_seed(experiment *e, nb_error *err)
{
    uint32_t fresh;
    if (e->options->fresh_seed) {
        if (getrandom(&fresh, sizeof fresh, 0) != (ssize_t)sizeof fresh)
            return nb_fail_errno(err, NB_ERR_IO, errno, "no random numbers from the system");
        e->search.seed = fresh;
    }
    if (e->search.seed >= seed_limit)
        return nb_fail(err, NB_ERR_ARGUMENT, "seed %llu: less than 2^53 expected", (unsigned long long)e->search.seed);
    return NB_OK;
}

static nb_status make_workers(experiment *e, nb_error *err)
{
    e->threads = e->options->threads > 0 ? (int)e->options->threads : nb_processors();
    if (!e->objective->concurrent)
        e->threads = 1;
    if ((uint32_t)e->threads > e->options->runs)
        e->threads = (int)e->options->runs;
    NB_TRY(nb_workers_new(e->threads, &e->pool, err));
    e->workers = calloc((size_t)e->threads, sizeof *e->workers);
    if (!e->workers)
        return nb_fail(err, NB_ERR_MEMORY, "out of memory for %d threads", e->threads);
    for (int i = 0; i < e->threads; i++)
        NB_TRY(nb_search_new(&e->search, &e->workers[i].search, err));
    return NB_OK;
}

/* Whether such a search can be, before anything is written. */
static nb_status try_search(const experiment *e, nb_error *err)
{
    nb_search *search;
    NB_TRY(nb_search_new(&e->search, &search, err));
    nb_status status = nb_search_check_objective(search, e->objective, err);
    nb_search_free(search);
    return status;
}

static nb_status prepare(experiment *e, nb_error *err)
{
    if (e->options->runs == 0)
        return nb_fail(err, NB_ERR_ARGUMENT, "no runs: at least 1 expected");
    e->algorithm = nb_algorithm_of(e->options->search.algorithm, err);
    if (!e->algorithm)
        return NB_ERR_NOT_FOUND;
    e->search = e->options->search;
    e->search.space = e->objective->space;
    if (e->search.epochs == 0)
        e->search.epochs = e->objective->epochs;
    NB_TRY(choose_seed(e, err));
    NB_TRY(try_search(e, err));
    NB_TRY(nb_settings_read(&e->algorithm->info, e->search.settings, e->search.setting_count, e->settings, err));
    const size_t datasets = nb_outcomes_count(e->outcomes);
    e->results = calloc(datasets > 0 ? datasets * NB_OUTCOME_KINDS : 1, sizeof *e->results);
    write_header(e);
    if (!e->results || e->header.failed)
        return nb_fail(err, NB_ERR_MEMORY, "out of memory for an experiment");
    return NB_OK;
}

static void release(experiment *e, bool complete)
{
    for (int i = 0; e->workers && i < e->threads; i++) {
        nb_search_free(e->workers[i].search);
        free(e->workers[i].incumbents);
    }
    for (size_t i = 0; i < BLOCK; i++)
        nb_text_free(&e->records[i].line);
    free(e->workers);
    free(e->results);
    nb_workers_free(e->pool);
    nb_text_free(&e->header);
    if (!complete && e->ours && e->next == 0 && e->file.fd >= 0 && e->journal.fd < 0)
        nb_growing_cut(&e->file, 0, NULL); /* nothing to go on from: nothing stays */
    nb_journal_close(&e->journal, complete);
    nb_growing_close(&e->file);
}

static nb_status conduct(experiment *e, nb_error *err)
{
    NB_TRY(prepare(e, err));
    if (e->options->path)
        NB_TRY(open_file(e, err)); /* settles the seed */
    NB_TRY(make_workers(e, err));
    NB_TRY(do_runs(e, err));
    return e->file.fd >= 0 ? nb_growing_commit(&e->file, err) : NB_OK;
}

/* ---------------------------------------------------------------- summaries */

void nb_experiment_summary_free(nb_experiment_summary *summary)
{
    if (!summary)
        return;
    for (size_t i = 0; i < summary->result_count; i++)
        free((void *)(uintptr_t)summary->results[i].dataset);
    free(summary->results);
    free(summary);
}

static nb_status summarise_results(const experiment *e, nb_experiment_summary *summary, nb_error *err)
{
    const size_t count = nb_outcomes_count(e->outcomes);
    summary->results = calloc(count > 0 ? count : 1, sizeof *summary->results);
    for (size_t i = 0; summary->results && i < count; i++) {
        nb_experiment_result *result = &summary->results[i];
        result->dataset = strdup(nb_outcomes_dataset(e->outcomes, i));
        if (!result->dataset)
            break;
        summary->result_count++;
        for (nb_outcome_kind kind = 0; kind < NB_OUTCOME_KINDS; kind++) {
            result->accuracy[kind] = finished(&e->results[i * NB_OUTCOME_KINDS + kind]);
            result->optimum[kind] = nb_outcome_best(e->outcomes, i, kind);
        }
    }
    return summary->result_count == count ? NB_OK : nb_fail(err, NB_ERR_MEMORY, "out of memory for a summary");
}

static nb_status summarise(const experiment *e, nb_experiment_summary **out, nb_error *err)
{
    nb_experiment_summary *summary = calloc(1, sizeof *summary);
    if (!summary)
        return nb_fail(err, NB_ERR_MEMORY, "out of memory for a summary");
    summary->algorithm = &e->algorithm->info;
    summary->seed = e->search.seed;
    summary->runs = e->options->runs;
    summary->resumed = e->resumed;
    summary->evaluations = finished(&e->evaluations);
    summary->seconds = finished(&e->seconds);
    summary->feedback = finished(&e->feedback);
    summary->run_seconds = finished(&e->own_seconds).mean;
    nb_status status = summarise_results(e, summary, err);
    if (status != NB_OK) {
        nb_experiment_summary_free(summary);
        return status;
    }
    *out = summary;
    return NB_OK;
}

nb_status nb_experiment_run(const nb_experiment_options *options, const nb_objective *objective, const nb_outcomes *outcomes,
                            const nb_progress *progress, nb_experiment_summary **out, nb_error *err)
{
    experiment *e = calloc(1, sizeof *e);
    if (!e)
        return nb_fail(err, NB_ERR_MEMORY, "out of memory for an experiment");
    e->options = options;
    e->objective = objective;
    e->outcomes = outcomes;
    e->progress = progress;
    e->file = (nb_growing){.fd = -1, .claim = {.fd = -1}};
    e->journal = (nb_journal){.fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_mutex_init(&e->report_lock, NULL);
    nb_status status = conduct(e, err);
    if (status == NB_OK)
        status = summarise(e, out, err);
    release(e, status == NB_OK);
    pthread_mutex_destroy(&e->report_lock);
    free(e);
    return status;
}
