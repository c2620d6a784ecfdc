/* Regenerating a benchmark: a plan of training runs in a folder, worked off by any number of processes and machines, merged into a table.
 *
 * The folder of a plan:
 *
 *     plan.json                                       what is to be trained, and how; never changed
 *     records/arch-000157-seed-0777-cifar10.record    one finished training run (<nasbench/record.h>)
 *     claims/arch-000157-seed-0777.claim              being trained; locked by whoever does it, so that a crash frees it
 *     failed/arch-000157-seed-0777.json               given up, with the reason; tried again on request
 *     work/arch-000157-seed-0777-cifar10.checkpoint   state of a long training after its last epoch
 *     latency/arch-000157.json                        seconds per batch on the machine that measured it
 *
 * A *position* is the place of an architecture in the plan's list, a *job* one architecture with one seed (all data sets of the plan, as in
 * NAS-Bench-201's pipeline). A record appears complete or not at all; kill -9 of a process loses at most the jobs it was training. What a
 * record holds, times apart, is a function of the plan: it does not matter which process made it, nor in what order. */
#ifndef NASBENCH_GENERATE_H
#define NASBENCH_GENERATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nasbench/error.h"
#include "nasbench/progress.h"
#include "nasbench/space.h"
#include "nasbench/train.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a new plan says. */
typedef struct nb_plan_options {
    const nb_space *space;
    const char *const *datasets; /* [dataset_count] keys of <nasbench/dataset.h> */
    size_t dataset_count;
    const uint32_t *seeds; /* [seed_count], all different */
    size_t seed_count;
    const uint32_t *archs; /* [arch_count] official indices in ascending order; NULL: all of the space */
    size_t arch_count;
    bool unique;              /* one architecture for each class of isomorphic ones among them (nb_space_canonical) */
    nb_train_options train;   /* schedule, channels, cells, recipe, weights; seed, threads and checkpoint do not count */
    nb_dataset_options data;  /* resolution and numbers of images; the folder does not count */
    uint32_t checkpoint_from; /* save the state after each epoch of trainings with at least so many epochs; 0: never */
} nb_plan_options;

/* NAS-Bench-201's plan: its four data sets, seeds 777, 888 and 999, 200 epochs. */
NB_API nb_plan_options nb_plan_defaults(void);

/* Makes the folder (its parent must be there) and plan.json in it. NB_ERR_EXISTS when there is a plan already. */
NB_API nb_status nb_plan_write(const char *folder, const nb_plan_options *options, nb_error *err);

typedef struct nb_plan nb_plan;

NB_API nb_status nb_plan_open(const char *folder, nb_plan **out, nb_error *err);
NB_API void nb_plan_close(nb_plan *plan); /* NULL is allowed */

/* The options as read back; `archs` is always the list that is trained. */
NB_API const nb_plan_options *nb_plan_get_options(const nb_plan *plan);

/* How a run works. {0}: everything that is missing, one job at a time, from the data sets' standard folders. */
typedef struct nb_run_options {
    uint32_t first, count;   /* positions first .. first + count - 1; count 0: to the end */
    uint32_t jobs;           /* trainings side by side, one thread each; 0: 1 */
    bool retry_failed;       /* try given-up jobs again */
    const char *data_folder; /* NULL: the standard places */
    /* Called after each job from one of the threads, one at a time; may be NULL. reason is NULL when it went well. */
    void (*job_done)(void *user, uint32_t arch, uint32_t seed, double seconds, const char *reason);
    void *user;
} nb_run_options;

/* What a run found and did, in jobs. */
typedef struct nb_run_summary {
    uint32_t trained; /* by this run */
    uint32_t failed;  /* given up by this run */
    uint32_t present; /* were done before */
    uint32_t skipped; /* given up earlier */
    uint32_t taken;   /* other processes were at work on them */
} nb_run_summary;

/* Trains what is missing. A network that cannot be trained (NaN loss) is recorded as failed and the run goes on; a system that fails (full
 * disk, no memory, no data) ends the run. Progress counts jobs. */
NB_API nb_status nb_generate_run(const nb_plan *plan, const nb_run_options *options, const nb_progress *progress, nb_run_summary *summary,
                                 nb_error *err);

/* Measures the latency of every architecture of the range on this machine by the benchmark's rule, one after another, on one thread each:
 * let nothing else run beside it. What is measured already stays. */
NB_API nb_status nb_generate_latency(const nb_plan *plan, const nb_run_options *options, const nb_progress *progress, uint32_t *measured,
                                     nb_error *err);

typedef struct nb_plan_status {
    uint32_t jobs;
    uint32_t done, failed, running, crashed, missing; /* crashed: claimed by a process that is gone; they count as missing, too */
    uint32_t latencies;                               /* architectures whose latency is measured */
    double jobs_per_hour;                             /* over the last hour in which records were written; NaN: not known */
    double seconds_left;                              /* at that rate; NaN: not known */
} nb_plan_status;

NB_API nb_status nb_generate_status(const nb_plan *plan, nb_plan_status *out, nb_error *err);

/* Calls visit for each job that failed, with its reason, and for each that is not done, with NULL. */
NB_API nb_status nb_generate_missing(const nb_plan *plan, void (*visit)(void *user, uint32_t arch, uint32_t seed, const char *reason),
                                     void *user, nb_error *err);

typedef struct nb_merge_options {
    bool without_times; /* leave measured times and latencies out: the table is then a function of the plans alone */
    bool complete;      /* refuse (NB_ERR_NOT_FOUND) when a record is missing */
    const char *benchmark;
} nb_merge_options;

typedef struct nb_merge_summary {
    uint32_t records;     /* read */
    uint32_t rows;        /* of the table that have results */
    uint32_t missing;     /* records that the plans announce and that are not there */
    bool mixed;           /* the records come from different instruction sets, whose last bits may differ */
    char first_lack[128]; /* the first missing record, or "" */
} nb_merge_summary;

/* Puts the records of one or several plans over the same space into one table. Refuses (NB_ERR_CORRUPT, naming the file and the
 * difference) a record that does not fit its plan or whose settings differ from the others of its data set. Under a plan with `unique`
 * each architecture of a class gets the results of the one that was trained, with its own FLOPs and parameters; the table's source text
 * says so. */
NB_API nb_status nb_generate_merge(const nb_plan *const *plans, size_t count, const char *table, const nb_merge_options *options,
                                   const nb_progress *progress, nb_merge_summary *summary, nb_error *err);

#ifdef __cplusplus
}
#endif
#endif
