/* What the answers of the original interfaces are made of: the metrics of one trial and of a row, without messages. */
#ifndef NB_STORE_METRICS_H
#define NB_STORE_METRICS_H

#include "nasbench/query.h"

#include "store/table.h"

/* Why there is no answer. Made into a message only where somebody asked for one. */
typedef struct nb_lack {
    nb_status status;
    const char *what; /* "loss", "accuracy", "time", "trial", "seed", "epoch" */
    uint32_t number;  /* the trial's seed; the seed or epoch asked for */
} nb_lack;

bool nb_setup_trial_metrics(const nb_setup *setup, uint32_t split, uint32_t trial, int32_t epoch, nb_metrics *out, nb_lack *lack);
bool nb_setup_row_metrics(const nb_setup *setup, uint32_t row, uint32_t split, int32_t epoch, const nb_pick *pick, bool numpy,
                          nb_metrics *out, nb_lack *lack);
nb_status nb_lack_fail(const nb_table *table, const nb_setup *setup, uint32_t row, const char *split, const nb_lack *lack, nb_error *err);

/* NB_ERR_ARGUMENT unless the setup, row or split exists. */
nb_status nb_need_setup(const nb_table *table, uint32_t setup, uint32_t row, const nb_setup **out, nb_error *err);
nb_status nb_need_split(const nb_table *table, const nb_setup *setup, uint32_t split, nb_error *err);

/* Whether this version takes its means with numpy. */
static inline bool nb_flavour_numpy(nb_flavour flavour)
{
    return flavour != NB_FLAVOUR_NATS;
}

/* Whether a trial has any time on the split. Times are measured for all epochs or none, so the ends tell. */
bool nb_setup_is_timed(const nb_setup *setup, uint32_t split, uint32_t trial);

#endif
