/* NAS-Bench-201's trials as rows of NNI's database. */
#ifndef NB_INGEST_DB201_H
#define NB_INGEST_DB201_H

#include "ingest/trial_sink.h"
#include "nasbench/space.h"
#include "store/db_writer.h"

/* A database of NAS-Bench-201 in the making. */
typedef struct nb_db201 {
    nb_db_writer *writer;          /* not owned */
    uint32_t rows;                 /* architectures; their configs stand first in the database */
    nb_arch *archs;                /* [rows] */
    struct nb_db201_setup *setups; /* [setup_count] other schedules than 12 and 200 epochs, met on the way */
    size_t setup_count;
    nb_db_point *points; /* [point_capacity] of one trial */
    size_t point_capacity;
    uint64_t untimed; /* trials that lack a time */
} nb_db201;

void nb_db201_free(nb_db201 *db);

/* The sink that writes into it; the first call makes the configs. */
nb_trial_sink nb_db201_sink(nb_db201 *db);

/* All trials of a table. */
nb_status nb_db201_add_table(nb_db201 *db, const nb_table *table, const nb_progress *progress, nb_error *err);

#endif
