/* How far a plan is, from the files in its folder. */
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/claim.h"
#include "base/error.h"
#include "nasbench/generate.h"
#include "train/plan.h"

enum { WINDOW = 3600 }; /* seconds over which the rate is taken */

/* When jobs were done, as far as the files tell. */
typedef struct finish_times {
    double *seconds; /* [count] */
    size_t count;
} finish_times;

/* The time at which the last record of the job appeared; false when one is missing. */
static bool finished_at(const nb_plan *plan, uint32_t arch, uint32_t seed, double *seconds)
{
    char path[NB_PLAN_PATH];
    struct stat info;
    *seconds = 0;
    for (size_t d = 0; d < plan->options.dataset_count; d++) {
        if (stat(nb_plan_record_path(plan, arch, seed, plan->datasets[d], path), &info) != 0)
            return false;
        *seconds = fmax(*seconds, (double)info.st_mtim.tv_sec + 1e-9 * (double)info.st_mtim.tv_nsec);
    }
    return true;
}

/* Jobs per second over the last hour in which records were written: the first of these marks the beginning. */
static double rate_of(const finish_times *times)
{
    double last = -INFINITY, first = INFINITY;
    size_t inside = 0;
    for (size_t i = 0; i < times->count; i++)
        last = fmax(last, times->seconds[i]);
    for (size_t i = 0; i < times->count; i++)
        if (times->seconds[i] >= last - WINDOW) {
            first = fmin(first, times->seconds[i]);
            inside++;
        }
    return inside > 1 && last > first ? (double)(inside - 1) / (last - first) : NAN;
}

static void count_job(const nb_plan *plan, uint32_t arch, uint32_t seed, nb_plan_status *status, finish_times *times)
{
    char path[NB_PLAN_PATH], reason[NB_ERROR_MESSAGE_SIZE];
    status->jobs++;
    if (finished_at(plan, arch, seed, &times->seconds[times->count])) {
        times->count++;
        status->done++;
        return;
    }
    switch (nb_claim_look(nb_plan_claim_path(plan, arch, seed, path))) {
    case NB_CLAIM_HELD:
        status->running++;
        return;
    case NB_CLAIM_STALE:
        status->crashed++;
        status->missing++;
        return;
    case NB_CLAIM_FREE:
        break;
    }
    if (nb_plan_failure(plan, arch, seed, reason))
        status->failed++;
    else
        status->missing++;
}

nb_status nb_generate_status(const nb_plan *plan, nb_plan_status *out, nb_error *err)
{
    const nb_plan_options *options = &plan->options;
    char path[NB_PLAN_PATH];
    nb_plan_status status = {0};
    finish_times times = {.seconds = malloc(options->arch_count * options->seed_count * sizeof(double))};
    if (!times.seconds)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for its status", plan->folder);
    for (size_t s = 0; s < options->seed_count; s++)
        for (size_t a = 0; a < options->arch_count; a++)
            count_job(plan, plan->archs[a], plan->seeds[s], &status, &times);
    for (size_t a = 0; a < options->arch_count; a++)
        status.latencies += nb_plan_exists(nb_plan_latency_path(plan, plan->archs[a], path));
    double rate = rate_of(&times);
    status.jobs_per_hour = 3600 * rate;
    status.seconds_left = (status.missing + status.running) / rate;
    free(times.seconds);
    *out = status;
    return NB_OK;
}

nb_status nb_generate_missing(const nb_plan *plan, void (*visit)(void *user, uint32_t arch, uint32_t seed, const char *reason), void *user,
                              nb_error *err)
{
    char reason[NB_ERROR_MESSAGE_SIZE];
    (void)err;
    for (size_t s = 0; s < plan->options.seed_count; s++)
        for (size_t a = 0; a < plan->options.arch_count; a++) {
            uint32_t arch = plan->archs[a], seed = plan->seeds[s];
            if (!nb_plan_job_done(plan, arch, seed))
                visit(user, arch, seed, nb_plan_failure(plan, arch, seed, reason) ? reason : NULL);
        }
    return NB_OK;
}
