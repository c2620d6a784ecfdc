#include "nasbench/import.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ingest/files.h"
#include "ingest/importer.h"

/* ---- a table as the sink ---- */

typedef struct table_sink {
    const char *target;
    nb_table_writer *writer;
} table_sink;

static nb_status open_table(void *user, const nb_table_description *description, nb_error *err)
{
    table_sink *table = user;
    return nb_table_writer_open(table->target, description, &table->writer, err);
}

static nb_status add_trial(void *user, const nb_trial *trial, nb_error *err)
{
    return nb_table_writer_add(((table_sink *)user)->writer, trial, err);
}

static nb_status set_order(void *user, uint32_t row, const char *schedule, const char *const *datasets, size_t count, nb_error *err)
{
    return nb_table_writer_dataset_order(((table_sink *)user)->writer, row, schedule, datasets, count, err);
}

static nb_status mark_row(void *user, uint32_t row, nb_error *err)
{
    return nb_table_writer_mark_evaluated(((table_sink *)user)->writer, row, err);
}

static nb_status add_points(void *user, nb_point_setup *setup, nb_error *err)
{
    return nb_table_writer_add_points(((table_sink *)user)->writer, setup, err);
}

static nb_status add_facts(void *user, const nb_row_facts *facts, nb_error *err)
{
    (void)err;
    nb_table_writer_row_facts(((table_sink *)user)->writer, facts);
    return NB_OK;
}

/* ---- */

/* The sources' names without their folders, which are nobody's business but the user's. */
static nb_status join_names(const char *const *sources, size_t count, nb_text *names, nb_error *err)
{
    for (size_t i = 0; i < count && i < 8; i++) {
        size_t size = strlen(sources[i]);
        while (size > 1 && sources[i][size - 1] == '/')
            size--;
        const char *slash = memrchr(sources[i], '/', size);
        const char *name = slash && slash + 1 < sources[i] + size ? slash + 1 : sources[i];
        nb_text_puts(names, i > 0 ? ", " : "");
        nb_text_append(names, name, (size_t)(sources[i] + size - name));
    }
    if (count > 8)
        nb_text_printf(names, " and %zu more", count - 8);
    return nb_text_check(names, err);
}

nb_status nb_import_into(const nb_trial_sink *sink, const char *const *sources, size_t count, const nb_import_options *options,
                         nb_import_summary *summary, const nb_progress *progress, nb_error *err)
{
    static const nb_import_options plain = {0};
    nb_files files;
    nb_text names = {0};
    NB_TRY(nb_files_list(sources, count, &files, err));
    nb_importer importer = {.options = options ? options : &plain,
                            .sink = sink,
                            .progress = progress,
                            .files = (const char *const *)files.paths,
                            .file_count = files.count};
    nb_status status = join_names(sources, count, &names, err);
    if (status == NB_OK) {
        importer.names = names.data;
        importer.summary.bytes = files.bytes;
        status = nb_importer_run(&importer, err);
    }
    if (status == NB_OK && summary)
        *summary = importer.summary;
    nb_importer_free(&importer);
    nb_text_free(&names);
    nb_files_free(&files);
    return status;
}

nb_status nb_import(const char *const *sources, size_t count, const char *target, const nb_import_options *options,
                    nb_import_summary *summary, const nb_progress *progress, nb_error *err)
{
    table_sink table = {.target = target};
    const nb_trial_sink sink = {.user = &table,
                                .open = open_table,
                                .trial = add_trial,
                                .order = set_order,
                                .mark = mark_row,
                                .points = add_points,
                                .facts = add_facts};
    if (!sources || count == 0 || !target)
        return nb_fail(err, NB_ERR_ARGUMENT, "import: sources and a target expected");
    nb_status status = nb_import_into(&sink, sources, count, options, summary, progress, err);
    if (status == NB_OK)
        return nb_table_writer_commit(table.writer, progress, err);
    nb_table_writer_abort(table.writer);
    return status;
}
