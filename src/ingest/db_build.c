#include "nasbench/db_build.h"

#include "ingest/db101.h"
#include "ingest/db201.h"
#include "ingest/db_nds.h"
#include "ingest/importer.h"

/* What one build is about. */
typedef struct build {
    const char *const *sources; /* [count] */
    size_t count;
    nb_db_writer *writer;
    const nb_progress *progress;
    nb_db_build_summary summary;
} build;

/* Whether the one source is a table of ours; any other safetensors file is a record. */
static bool is_table(const build *b, nb_table **table)
{
    return b->count == 1 && nb_is_record_file(b->sources[0]) && nb_table_open(b->sources[0], table, NULL) == NB_OK;
}

static nb_status fill_101(build *b, nb_error *err)
{
    nb_db101 db = {.writer = b->writer, .progress = b->progress};
    nb_import_summary imported = {.files = 1};
    nb_table *table;
    nb_status status;
    if (is_table(b, &table)) {
        status = nb_db101_add_table(&db, table, err);
        nb_table_close(table);
    } else {
        const nb_trial_sink sink = nb_db101_sink(&db);
        status = nb_import_into(&sink, b->sources, b->count, NULL, &imported, b->progress, err);
        if (status == NB_OK)
            status = nb_db101_finish(&db, err);
    }
    b->summary.files = imported.files;
    nb_db101_free(&db);
    return status;
}

static nb_status fill_201(build *b, nb_error *err)
{
    nb_db201 db = {.writer = b->writer};
    nb_import_summary imported = {.files = 1};
    nb_table *table;
    nb_status status;
    if (is_table(b, &table)) {
        status = nb_db201_add_table(&db, table, b->progress, err);
        nb_table_close(table);
    } else {
        const nb_trial_sink sink = nb_db201_sink(&db);
        status = nb_import_into(&sink, b->sources, b->count, NULL, &imported, b->progress, err);
    }
    b->summary.files = imported.files;
    b->summary.untimed_trials = db.untimed;
    nb_db201_free(&db);
    return status;
}

static nb_status fill_nds(build *b, nb_error *err)
{
    return nb_db_nds_add(b->writer, b->sources, b->count, &b->summary.files, b->progress, err);
}

/* ---- */

nb_status nb_db_build(nb_db_kind kind, const char *const *sources, size_t count, const char *target, nb_db_build_summary *summary,
                      const nb_progress *progress, nb_error *err)
{
    static nb_status (*const fill[NB_DB_KIND_COUNT])(build * b, nb_error * err) = {
        [NB_DB_NASBENCH101] = fill_101, [NB_DB_NASBENCH201] = fill_201, [NB_DB_NDS] = fill_nds};
    build b = {.sources = sources, .count = count, .progress = progress};
    nb_db_written written;
    if (!sources || count == 0 || !target || (unsigned)kind >= NB_DB_KIND_COUNT)
        return nb_fail(err, NB_ERR_ARGUMENT, "database: a kind, sources and a target expected");
    NB_TRY(nb_db_writer_open(target, kind, progress, &b.writer, err));
    nb_status status = fill[kind](&b, err);
    if (status != NB_OK) {
        nb_db_writer_abort(b.writer);
        return status;
    }
    NB_TRY(nb_db_writer_commit(b.writer, &written, err));
    if (summary) {
        *summary = b.summary;
        summary->configs = written.configs;
        summary->trials = written.trials;
        summary->points = written.points;
        summary->bytes = written.bytes;
    }
    return NB_OK;
}
