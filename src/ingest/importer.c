#include "ingest/importer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/quote.h"
#include "ingest/results.h"
#include "ingest/runs101.h"
#include "ingest/torch_file.h"

void nb_importer_free(nb_importer *importer)
{
    nb_rows_free(&importer->rows);
    nb_curves_free(&importer->curves);
    nb_runs101_free(importer->runs101);
    importer->runs101 = NULL;
    free(importer->read_from);
    importer->read_from = NULL;
}

/* ---- opening the sink ---- */

/* What the table says about itself, by the kind of its source. */
typedef struct source_words {
    const char *kind;
    const char *benchmark;
    nb_flavour flavour;
} source_words;

static source_words words_of(nb_source_kind kind, const nb_space *space)
{
    bool size_space = nb_space_get_id(space) == NB_SPACE_SIZE;
    switch (kind) {
    case NB_SOURCE_AA:
        return (source_words){"AA-NAS-Bench results", "AA-NAS-Bench v1.0", NB_FLAVOUR_AA};
    case NB_SOURCE_201_1_0:
        return (source_words){"NAS-Bench-201 v1.0 results", "NAS-Bench-201 v1.0", NB_FLAVOUR_1_2};
    case NB_SOURCE_201_1_1:
        return (source_words){"NAS-Bench-201 v1.1 results", "NAS-Bench-201 v1.1", NB_FLAVOUR_2_0};
    case NB_SOURCE_NATS:
        if (size_space)
            return (source_words){"NATS-Bench size space results", "NATS-Bench v1.0 (size)", NB_FLAVOUR_NATS};
        return (source_words){"NATS-Bench topology space results", "NATS-Bench v1.0 (topology)", NB_FLAVOUR_NATS};
    case NB_SOURCE_101:
        return (source_words){"NAS-Bench-101 results", "NAS-Bench-101", NB_FLAVOUR_101};
    case NB_SOURCE_RUN:
        return (source_words){"training runs", "own training runs", size_space ? NB_FLAVOUR_NATS : NB_FLAVOUR_2_0};
    default:
        return (source_words){"CSV", "own results", size_space ? NB_FLAVOUR_NATS : NB_FLAVOUR_2_0};
    }
}

nb_status nb_importer_open(nb_importer *importer, nb_source_kind kind, nb_error *err)
{
    if (importer->open)
        return NB_OK;
    const nb_import_options *options = importer->options;
    source_words words = words_of(kind, importer->rows.space);
    nb_table_description description = {
        .space = importer->rows.space,
        .archs = importer->rows.archs,
        .rows = importer->rows.count,
        .flavour = options->flavour_given ? options->flavour : words.flavour,
        .benchmark = options->benchmark ? options->benchmark : words.benchmark,
        .source = importer->names,
    };
    importer->read_from = calloc(importer->rows.count, sizeof *importer->read_from);
    if (!importer->read_from)
        return nb_fail(err, NB_ERR_MEMORY, "no memory for %u rows", importer->rows.count);
    NB_TRY(importer->sink->open(importer->sink->user, &description, err));
    importer->open = true;
    importer->kind = kind;
    importer->summary.flavour = description.flavour;
    snprintf(importer->summary.kind, sizeof importer->summary.kind, "%s", words.kind);
    return NB_OK;
}

/* ---- rows ---- */

/* Reads no more of a file than which architecture it holds. *found false: it is no file of one architecture. */
static nb_status read_place(const char *path, nb_row_place *place, const nb_space **space, bool *found, nb_error *err)
{
    nb_torch_file file;
    nb_pickle_value object, key, results;
    *found = false;
    NB_TRY(nb_torch_open(&file, path, err));
    nb_status status = nb_pickle_read(&file.in, NULL, &object, err);
    nb_torch_close(&file);
    if (status != NB_OK)
        return status;
    nb_results_head head;
    bool whole = nb_results_read_head(object, &head, NULL) == NB_OK;
    if (whole || (nb_pickle_entry(object, 0, &key, &results) && nb_results_read_head(results, &head, NULL) == NB_OK)) {
        *space = nb_rows_space_of_text(head.text, head.size);
        *found = *space && head.index >= 0 && head.index < (int64_t)nb_space_size(*space);
        if (*found) {
            place->row = (uint32_t)head.index;
            status = nb_space_parse(*space, head.text, head.size, &place->arch, err);
        }
    }
    nb_pickle_drop(object);
    return status;
}

/* The architectures do not have their official indexes and nothing says what their order is: every file is asked for its own. */
static nb_status ask_files(nb_importer *importer, const nb_space *space, nb_error *err)
{
    nb_row_place *places = malloc(importer->file_count * sizeof *places);
    if (!places)
        return nb_fail(err, NB_ERR_MEMORY, "no memory for %zu files", importer->file_count);
    size_t count = 0;
    nb_status status = NB_OK;
    for (size_t i = 0; i < importer->file_count && status == NB_OK; i++) {
        const nb_space *other;
        bool found;
        status = nb_progress_check(importer->progress, importer->files[i], err);
        if (status == NB_OK)
            status = read_place(importer->files[i], &places[count], &other, &found, err);
        if (status == NB_OK && found && other == space)
            count++;
    }
    if (status == NB_OK)
        status = nb_rows_set_places(&importer->rows, space, places, count, err);
    free(places);
    return status;
}

nb_status nb_importer_place(nb_importer *importer, int64_t index, const char *text, size_t size, uint32_t *row, nb_error *err)
{
    if (!importer->rows.space) {
        const nb_space *space = nb_rows_space_of_text(text, size);
        if (!space)
            return nb_fail(err, NB_ERR_FORMAT, "arch_str is no architecture of a known space: %s", nb_quote(text, size).text);
        nb_rows official = {0};
        nb_rows_set_official(&official, space);
        if (importer->file_count > 0 && !nb_rows_agree(&official, index, text, size))
            NB_TRY(ask_files(importer, space, err));
        else
            importer->rows = official;
    }
    NB_TRY(nb_rows_check(&importer->rows, index, text, size, err));
    *row = (uint32_t)index;
    return NB_OK;
}

nb_status nb_importer_claim(nb_importer *importer, uint32_t row, nb_error *err)
{
    uint32_t by = importer->read_from[row];
    if (by != 0 && by - 1 == importer->file)
        return nb_fail(err, NB_ERR_EXISTS, "architecture %u comes twice in this file", row);
    if (by != 0)
        return nb_fail(err, NB_ERR_EXISTS, "architecture %u was already read from %s", row, importer->files[by - 1]);
    importer->read_from[row] = (uint32_t)importer->file + 1;
    importer->summary.architectures++;
    return NB_OK;
}

nb_status nb_importer_add(nb_importer *importer, const nb_trial *trial, nb_error *err)
{
    NB_TRY(importer->sink->trial(importer->sink->user, trial, err));
    importer->summary.trials++;
    return NB_OK;
}

/* ---- all files ---- */

/* A file that is recognised by its name alone is damaged at its very start; its reader says how. */
static bool is_damaged_tfrecord(nb_container container, const char *path)
{
    static const char ending[] = ".tfrecord";
    size_t size = strlen(path);
    bool unknown = container == NB_CONTAINER_EMPTY || container == NB_CONTAINER_UNKNOWN;
    return unknown && size >= sizeof ending && strcmp(path + size - (sizeof ending - 1), ending) == 0;
}

static nb_status run_file(nb_importer *importer, const char *path, nb_error *err)
{
    nb_container container;
    if (nb_is_record_file(path))
        return nb_import_record_file(importer, path, err);
    NB_TRY(nb_container_of(path, &container, err));
    if (container == NB_CONTAINER_TFRECORD || is_damaged_tfrecord(container, path))
        return nb_import_tfrecord_file(importer, path, err);
    if (importer->runs101)
        return nb_fail(err, NB_ERR_UNSUPPORTED, "%s: files of NAS-Bench-101 go into a table of their own", path);
    if (container == NB_CONTAINER_TEXT)
        return nb_import_csv_file(importer, path, err);
    return nb_import_object_file(importer, path, err);
}

nb_status nb_importer_run(nb_importer *importer, nb_error *err)
{
    for (importer->file = 0; importer->file < importer->file_count; importer->file++) {
        const char *path = importer->files[importer->file];
        NB_TRY(nb_progress_check(importer->progress, path, err));
        if (importer->file_count > 1)
            nb_progress_report(importer->progress, importer->file, importer->file_count, path);
        NB_TRY(run_file(importer, path, err));
        importer->summary.files++;
    }
    if (importer->runs101)
        NB_TRY(nb_importer_finish101(importer, err));
    if (!importer->open)
        return nb_fail(err, NB_ERR_FORMAT, "%s: no results in it", importer->names);
    return NB_OK;
}
