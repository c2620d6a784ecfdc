/* Files that hold one Python object: benchmark files, per-architecture archives, runs. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/quote.h"
#include "ingest/importer.h"
#include "ingest/results.h"
#include "ingest/torch_file.h"

/* The key of a benchmark's dict of architectures: its items are imported one by one while the file is being read. */
#define ARCHS_KEY "arch2infos"

/* ---- one architecture ---- */

/* The kind of benchmark that an architecture's results are from, by what only that kind has. */
static nb_source_kind kind_of(nb_pickle_value arch)
{
    nb_pickle_value key, results, full;
    if (nb_results_are(arch))
        return nb_results_are_aa(arch) ? NB_SOURCE_AA : NB_SOURCE_RUN;
    if (!nb_pickle_entry(arch, 0, &key, &results))
        return NB_SOURCE_NONE;
    if (!nb_pickle_is_text(key, "full") && !nb_pickle_is_text(key, "less"))
        return NB_SOURCE_NATS;
    bool v1_0 = nb_pickle_find(arch, "full", &full) && nb_results_lack_times(full);
    return v1_0 ? NB_SOURCE_201_1_0 : NB_SOURCE_201_1_1;
}

/* Imports one ArchResults of the architecture that is row `row`. */
static nb_status import_results(nb_importer *importer, uint32_t row, nb_pickle_value results, const char *schedule, nb_error *err)
{
    nb_results_head head;
    NB_TRY(nb_results_read_head(results, &head, err));
    if (head.index != row)
        return nb_fail(err, NB_ERR_FORMAT, "arch_index is %" PRId64 ", %u expected", head.index, row);
    NB_TRY(nb_rows_check(&importer->rows, head.index, head.text, head.size, err));
    return nb_results_import(results, row, schedule, &importer->curves, importer->sink, &importer->summary.trials, err);
}

/* Finds the row that the results are for, and opens the table with the first ones. `index` is the one they are filed under, or -1. */
static nb_status claim_row(nb_importer *importer, int64_t index, nb_pickle_value arch, nb_pickle_value results, uint32_t *row,
                           nb_error *err)
{
    nb_results_head head;
    NB_TRY(nb_results_read_head(results, &head, err));
    if (index >= 0 && head.index != index)
        return nb_fail(err, NB_ERR_FORMAT, "arch_index is %" PRId64 ", but it is filed under %" PRId64, head.index, index);
    NB_TRY(nb_importer_place(importer, head.index, head.text, head.size, row, err));
    NB_TRY(nb_importer_open(importer, kind_of(arch), err));
    return nb_importer_claim(importer, *row, err);
}

/* Imports all results of one architecture: an ArchResults, or one for each schedule. */
static nb_status import_arch(nb_importer *importer, int64_t index, nb_pickle_value arch, nb_error *err)
{
    nb_pickle_value key, results;
    char schedule[NB_SCHEDULE_SIZE];
    uint32_t row;
    if (nb_results_are(arch)) {
        NB_TRY(claim_row(importer, index, arch, arch, &row, err));
        NB_TRY(nb_results_schedule(arch, schedule, err));
        return import_results(importer, row, arch, schedule, err);
    }
    if (!nb_pickle_entry(arch, 0, &key, &results))
        return nb_fail(err, NB_ERR_FORMAT, "%s of %zu items, the results of an architecture expected", nb_pickle_kind_name(arch.kind),
                       nb_pickle_count(arch));
    NB_TRY(claim_row(importer, index, arch, results, &row, err));
    for (size_t i = 0; nb_pickle_entry(arch, i, &key, &results); i++) {
        NB_TRY(nb_results_schedule_of_key(key, schedule, err));
        nb_status status = import_results(importer, row, results, schedule, err);
        if (status != NB_OK)
            return nb_prefix(err, status, "%s", nb_pickle_text(key, NULL));
    }
    return NB_OK;
}

/* ---- benchmark files ---- */

/* A benchmark file at work. */
typedef struct benchmark {
    nb_importer *importer;
    bool order_missing; /* meta_archs comes behind the results: they are passed over and read again */
    uint64_t items;
} benchmark;

static nb_status begin_benchmark(void *user, nb_pickle_value outer, const nb_pickle_value *pairs, size_t count, nb_error *err)
{
    benchmark *b = user;
    if (b->importer->rows.space)
        return NB_OK;
    nb_pickle_value list;
    bool found = nb_pickle_find(outer, "meta_archs", &list);
    for (size_t i = 0; i + 1 < count && !found; i += 2)
        if (nb_pickle_is_text(pairs[i], "meta_archs")) {
            list = pairs[i + 1];
            found = true;
        }
    b->order_missing = !found;
    return found ? nb_rows_set_list(&b->importer->rows, list, err) : NB_OK;
}

static nb_status take_benchmark_item(void *user, int64_t key, nb_pickle_value value, nb_error *err)
{
    benchmark *b = user;
    b->items++;
    if (b->order_missing)
        return NB_OK;
    if (key < 0)
        return nb_fail(err, NB_ERR_FORMAT, "an architecture index below 0");
    NB_TRY(nb_progress_check(b->importer->progress, "import", err));
    return import_arch(b->importer, key, value, err);
}

/* evaluated_indexes: every architecture it names must have come. */
static nb_status check_evaluated(nb_importer *importer, nb_pickle_value indexes, bool streamed, nb_error *err)
{
    for (size_t i = 0; i < nb_pickle_count(indexes); i++) {
        nb_pickle_value index = nb_pickle_item(indexes, i);
        if (index.kind != NB_PICKLE_INT || index.number < 0 || index.number >= (int64_t)importer->rows.count)
            return nb_fail(err, NB_ERR_FORMAT, "evaluated_indexes: item %zu is no index of an architecture", i);
        if (!streamed || !importer->open || importer->read_from[index.number] == 0)
            return nb_fail(err, NB_ERR_FORMAT,
                           "architecture %" PRId64 " is missing: evaluated_indexes names it, " ARCHS_KEY " does not hold it", index.number);
        NB_TRY(importer->sink->mark(importer->sink->user, (uint32_t)index.number, err));
    }
    return NB_OK;
}

/* What remains of a benchmark's dict when the architectures are through. */
static nb_status finish_benchmark(nb_importer *importer, nb_pickle_value root, uint64_t items, nb_error *err)
{
    nb_pickle_value archs, indexes, list, total;
    if (!nb_pickle_find(root, "meta_archs", &list))
        return nb_fail(err, NB_ERR_FORMAT, "there is no 'meta_archs' beside '" ARCHS_KEY "'");
    NB_TRY(nb_rows_set_list(&importer->rows, list, err));
    if (nb_pickle_find(root, "total_archs", &total) && (total.kind != NB_PICKLE_INT || total.number != (int64_t)nb_pickle_count(list)))
        return nb_fail(err, NB_ERR_FORMAT, "total_archs is not the number of meta_archs, %zu", nb_pickle_count(list));
    if (nb_pickle_find(root, ARCHS_KEY, &archs) && archs.kind != NB_PICKLE_NONE &&
        (archs.kind != NB_PICKLE_DICT || nb_pickle_count(archs) > 0))
        return nb_fail(err, NB_ERR_FORMAT, ARCHS_KEY " is %s, a dict from indexes to results expected", nb_pickle_kind_name(archs.kind));
    if (nb_pickle_find(root, "evaluated_indexes", &indexes))
        return check_evaluated(importer, indexes, items > 0, err);
    return NB_OK;
}

/* ---- any object ---- */

static nb_status import_object(nb_importer *importer, const char *path, nb_pickle_value root, const benchmark *b, nb_error *err)
{
    nb_pickle_value found, key, first;
    if (nb_pickle_find(root, ARCHS_KEY, &found))
        return finish_benchmark(importer, root, b->items, err);
    if (nb_pickle_find(root, "all_dataset_keys", &found))
        return nb_import_run(importer, path, root, err);
    if (nb_results_are(root) || (nb_pickle_entry(root, 0, &key, &first) && nb_results_are(first)))
        return import_arch(importer, -1, root, err);
    return nb_fail(err, NB_ERR_FORMAT, "%s of %zu items that are no results of architectures", nb_pickle_kind_name(root.kind),
                   nb_pickle_count(root));
}

/* Reads the object at `in` and imports it on the way or afterwards. */
static nb_status read_object(nb_importer *importer, nb_stream *in, const char *path, benchmark *b, nb_error *err)
{
    static const nb_progress silent = {0};
    nb_progress quiet = importer->progress ? *importer->progress : silent;
    if (importer->file_count != 1)
        quiet.report = NULL; /* files are counted, not bytes */
    nb_pickle_options options = {
        .stream_key = ARCHS_KEY, .begin = begin_benchmark, .item = take_benchmark_item, .user = b, .progress = &quiet};
    nb_pickle_value root, list;
    NB_TRY(nb_pickle_read(in, &options, &root, err));
    nb_status status = NB_OK;
    if (!b->order_missing)
        status = import_object(importer, path, root, b, err);
    else if (nb_pickle_find(root, "meta_archs", &list))
        status = nb_rows_set_list(&importer->rows, list, err);
    else
        status = nb_fail(err, NB_ERR_FORMAT, "there is no 'meta_archs' beside '" ARCHS_KEY "'");
    nb_pickle_drop(root);
    return status == NB_OK ? NB_OK : nb_prefix(err, status, "%s", path);
}

nb_status nb_import_object_stream(nb_importer *importer, nb_stream *in, const char *name, nb_error *err)
{
    benchmark b = {.importer = importer};
    uint64_t start = nb_stream_offset(in);
    NB_TRY(read_object(importer, in, name, &b, err));
    if (!b.order_missing)
        return NB_OK;
    b = (benchmark){.importer = importer}; /* now the rows are known: once more from the start */
    NB_TRY(nb_stream_seek(in, start, err));
    return read_object(importer, in, name, &b, err);
}

nb_status nb_import_object_file(nb_importer *importer, const char *path, nb_error *err)
{
    nb_torch_file file;
    NB_TRY(nb_torch_open(&file, path, err));
    nb_status status = nb_import_object_stream(importer, &file.in, path, err);
    if (status == NB_OK && (file.container == NB_CONTAINER_TORCH_ZIP || file.container == NB_CONTAINER_BZIP2_PICKLE))
        status = nb_stream_drain(&file.in, err); /* the checksum stands at the end */
    nb_torch_close(&file);
    return status;
}
