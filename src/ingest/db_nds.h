/* NDS's files as rows of NNI's database. */
#ifndef NB_INGEST_DB_NDS_H
#define NB_INGEST_DB_NDS_H

#include "base/progress.h"
#include "base/stream.h"
#include "nasbench/nds.h"
#include "store/db_writer.h"

/* Reads the sources (files under their published names, folders of them, their zip) in NNI's order. *files counts those that were read. */
nb_status nb_db_nds_add(nb_db_writer *writer, const char *const *sources, size_t count, uint32_t *files, const nb_progress *progress,
                        nb_error *err);

/* The same for one file that is a stream, by what its name would say: for bytes that are in no file. */
nb_status nb_db_nds_add_stream(nb_db_writer *writer, nb_stream *in, const nb_nds_file *file, nb_error *err);

#endif
