/* The inside of a plan: its folder, its jobs and the names of their files. */
#ifndef NB_TRAIN_PLAN_H
#define NB_TRAIN_PLAN_H

#include "nasbench/generate.h"

struct nb_plan {
    nb_plan_options options; /* points into what follows */
    char *folder;
    char *schedule;
    char **datasets;
    uint32_t *seeds;
    uint32_t *archs;
};

enum { NB_PLAN_PATH = 4096 };

/* Makes the folders below the plan's that are not there: whoever copies plan.json to another machine has none of them. */
nb_status nb_plan_make_folders(const nb_plan *plan, nb_error *err);

/* The names of the files of a job, of one of its data sets, or of an architecture. Each returns `path`. */
char *nb_plan_record_path(const nb_plan *plan, uint32_t arch, uint32_t seed, const char *dataset, char path[NB_PLAN_PATH]);
char *nb_plan_claim_path(const nb_plan *plan, uint32_t arch, uint32_t seed, char path[NB_PLAN_PATH]);
char *nb_plan_failed_path(const nb_plan *plan, uint32_t arch, uint32_t seed, char path[NB_PLAN_PATH]);
char *nb_plan_checkpoint_path(const nb_plan *plan, uint32_t arch, uint32_t seed, const char *dataset, char path[NB_PLAN_PATH]);
char *nb_plan_latency_path(const nb_plan *plan, uint32_t arch, char path[NB_PLAN_PATH]);

bool nb_plan_exists(const char *path);

/* All records of the job are there. */
bool nb_plan_job_done(const nb_plan *plan, uint32_t arch, uint32_t seed);

/* The reason in a failed/ file, into `reason`; false when there is none. */
bool nb_plan_failure(const nb_plan *plan, uint32_t arch, uint32_t seed, char reason[NB_ERROR_MESSAGE_SIZE]);

/* The positions of a run, checked against the plan: NB_ERR_ARGUMENT for a range that reaches past its end. */
nb_status nb_plan_range(const nb_plan *plan, const nb_run_options *options, size_t *first, size_t *count, nb_error *err);

#endif
