/* Writing one of NNI's databases: rows go in by table, indexes and statistics are made at the end, and the file appears when it is
 * complete. What is not committed leaves nothing behind. */
#ifndef NB_STORE_DB_WRITER_H
#define NB_STORE_DB_WRITER_H

#include "base/error.h"
#include "base/progress.h"
#include "nasbench/db.h"

typedef struct nb_db_writer nb_db_writer;

/* Starts a database that will appear at `path`. `progress` (may be NULL) must outlive the writer. */
nb_status nb_db_writer_open(const char *path, nb_db_kind kind, const nb_progress *progress, nb_db_writer **out, nb_error *err);

/* Appends a row of the kind's fields; ids are given in order from 1. A REAL that is NaN is NULL, which only some columns may be:
 * NB_ERR_ARGUMENT names the column otherwise. *id may be NULL. */
nb_status nb_db_writer_config(nb_db_writer *writer, const nb_db_config *config, int64_t *id, nb_error *err);

/* A trial of the config `config_id` (trial->config is not looked at), and its points. */
nb_status nb_db_writer_trial(nb_db_writer *writer, int64_t config_id, const nb_db_trial *trial, nb_error *err);

typedef struct nb_db_written {
    uint64_t configs, trials, points;
    uint64_t bytes; /* of the file, after the commit */
} nb_db_written;

/* Makes indexes and statistics, and puts the file in its place; frees the writer whatever happens. `written` may be NULL. */
nb_status nb_db_writer_commit(nb_db_writer *writer, nb_db_written *written, nb_error *err);
void nb_db_writer_abort(nb_db_writer *writer); /* NULL is allowed */

#endif
