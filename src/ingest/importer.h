/* One import at work: what is shared by the readers of the different sources. */
#ifndef NB_INGEST_IMPORTER_H
#define NB_INGEST_IMPORTER_H

#include "base/error.h"
#include "base/pickle.h"
#include "base/progress.h"
#include "base/stream.h"
#include "ingest/curves.h"
#include "ingest/rows.h"
#include "ingest/trial_sink.h"
#include "nasbench/import.h"

/* The kinds of sources, in the order in which a mixture is named. */
typedef enum nb_source_kind {
    NB_SOURCE_NONE,
    NB_SOURCE_CSV,
    NB_SOURCE_AA,
    NB_SOURCE_201_1_0,
    NB_SOURCE_201_1_1,
    NB_SOURCE_NATS,
    NB_SOURCE_RUN, /* files of single training runs */
    NB_SOURCE_101
} nb_source_kind;

struct nb_runs101;

typedef struct nb_importer {
    const nb_import_options *options;
    const nb_trial_sink *sink;
    const nb_progress *progress;
    const char *const *files; /* [file_count] every file that is read, folders spelled out */
    size_t file_count;
    size_t file;       /* the one being read */
    const char *names; /* of all sources, as the table's note of where it comes from */

    nb_rows rows;
    uint32_t *read_from; /* [rows.count] 1 + number of the file that brought this architecture; 0: none yet */
    bool open;           /* the sink is */
    nb_source_kind kind; /* what the sink was opened for */
    nb_curve_set curves;
    struct nb_runs101 *runs101; /* NAS-Bench-101's records so far; NULL: none */
    nb_import_summary summary;
} nb_importer;

void nb_importer_free(nb_importer *importer);

/* Opens the sink when that has not been done. The rows must be known. */
nb_status nb_importer_open(nb_importer *importer, nb_source_kind kind, nb_error *err);

/* The row of an architecture that results carry: checks index against string, and settles the rows when nothing else has. */
nb_status nb_importer_place(nb_importer *importer, int64_t index, const char *text, size_t size, uint32_t *row, nb_error *err);

/* Notes that the file at hand brings this row's results. NB_ERR_EXISTS, naming the other file, when one did before. */
nb_status nb_importer_claim(nb_importer *importer, uint32_t row, nb_error *err);

/* Hands on a trial and counts it. */
nb_status nb_importer_add(nb_importer *importer, const nb_trial *trial, nb_error *err);

/* The readers. Each reads the file at hand. */
nb_status nb_import_object_file(nb_importer *importer, const char *path, nb_error *err);
nb_status nb_import_csv_file(nb_importer *importer, const char *path, nb_error *err);
nb_status nb_import_record_file(nb_importer *importer, const char *path, nb_error *err);
nb_status nb_import_tfrecord_file(nb_importer *importer, const char *path, nb_error *err);

/* Whether the file starts like a safetensors file, the container of records. */
bool nb_is_record_file(const char *path);

/* The same from streams, for bytes that are in no file. `name` stands for the path. */
nb_status nb_import_csv_stream(nb_importer *importer, nb_stream *in, nb_error *err);
nb_status nb_import_tfrecord_stream(nb_importer *importer, nb_stream *in, nb_error *err);
nb_status nb_import_object_stream(nb_importer *importer, nb_stream *in, const char *name, nb_error *err);

/* Imports the object of a pickle that is not streamed (exposed for the readers above). */
nb_status nb_import_run(nb_importer *importer, const char *path, nb_pickle_value object, nb_error *err);

/* Makes the table of NAS-Bench-101's records, once all of them are read. */
nb_status nb_importer_finish101(nb_importer *importer, nb_error *err);

/* What nb_import() reads, into any sink. */
nb_status nb_import_into(const nb_trial_sink *sink, const char *const *sources, size_t count, const nb_import_options *options,
                         nb_import_summary *summary, const nb_progress *progress, nb_error *err);

/* Reads all files in order into the sink. */
nb_status nb_importer_run(nb_importer *importer, nb_error *err);

#endif
