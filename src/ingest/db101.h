/* NAS-Bench-101's runs as rows of NNI's database. */
#ifndef NB_INGEST_DB101_H
#define NB_INGEST_DB101_H

#include "base/progress.h"
#include "ingest/trial_sink.h"
#include "nasbench/space.h"
#include "store/db_writer.h"

#define NB_DB101_SETUPS_MAX 16

/* What an import of NAS-Bench-101's files hands over, kept until all of it is there: rows of the database go by cell. */
typedef struct nb_db101 {
    nb_db_writer *writer; /* not owned */
    const nb_progress *progress;
    uint32_t rows;
    nb_arch *archs;                             /* [rows] */
    bool whole;                                 /* rows are the indices of the space */
    nb_row_facts facts;                         /* owned */
    nb_point_setup setups[NB_DB101_SETUPS_MAX]; /* owned columns; ascending by epochs */
    uint32_t setup_count;
} nb_db101;

void nb_db101_free(nb_db101 *db);

/* The sink that collects; nb_db101_finish then writes all rows. */
nb_trial_sink nb_db101_sink(nb_db101 *db);
nb_status nb_db101_finish(nb_db101 *db, nb_error *err);

/* All runs of a table. */
nb_status nb_db101_add_table(nb_db101 *db, const nb_table *table, nb_error *err);

#endif
