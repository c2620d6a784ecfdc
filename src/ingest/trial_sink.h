/* Where an importer puts what it reads: a table in the making, or, for tests and fuzzers, anything else. */
#ifndef NB_INGEST_TRIAL_SINK_H
#define NB_INGEST_TRIAL_SINK_H

#include "base/error.h"
#include "nasbench/table.h"
#include "store/points.h"

/* The calls mirror nb_table_writer_*. `open` comes once, before all others. */
typedef struct nb_trial_sink {
    void *user;
    nb_status (*open)(void *user, const nb_table_description *description, nb_error *err);
    nb_status (*trial)(void *user, const nb_trial *trial, nb_error *err);
    nb_status (*order)(void *user, uint32_t row, const char *schedule, const char *const *datasets, size_t count, nb_error *err);
    nb_status (*mark)(void *user, uint32_t row, nb_error *err);
    nb_status (*points)(void *user, nb_point_setup *setup, nb_error *err);    /* takes the columns over, also on failure */
    nb_status (*facts)(void *user, const nb_row_facts *facts, nb_error *err); /* takes the arrays over */
    bool as_stored; /* the trials of an architecture come in the order in which the file holds them, not by dataset and seed */
} nb_trial_sink;

#endif
