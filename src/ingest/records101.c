/* Import of NAS-Bench-101's files. A batch of records is checked and parsed by all threads, then taken in one by one, so that repeats have
 * the order of the file. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/pool.h"
#include "ingest/importer.h"
#include "ingest/runs101.h"
#include "ingest/tfrecord.h"
#include "space/graph_lookup.h"

enum { THREADS_MAX = 4, PARTS = 16 };

/* Below this size starting threads is not worth it. */
#define THREADS_BYTES ((uint64_t)1 << 20)

/* From this size on, hashing the whole catalogue at once is less work than hashing the cells of the file one by one. */
#define CATALOGUE_BYTES ((uint64_t)96 << 20)

/* A record that was read, and which cell it is about. */
typedef struct parsed {
    nb_run101 run;
    nb_known101 cell;
} parsed;

/* The first record of a part that is not as it should be. */
typedef struct failure {
    size_t at; /* position in the batch */
    nb_status status;
    nb_error error;
} failure;

typedef struct reader {
    nb_stream *in;
    nb_tfrecord_batch batch;
    nb_workers *workers;
    nb_run101_scratch scratch[THREADS_MAX];
    parsed *parsed; /* [capacity] */
    size_t capacity;
    failure failures[PARTS];
    const uint8_t *hashes; /* of all cells, by index; NULL: each is computed when it comes */
} reader;

static void free_reader(reader *r)
{
    nb_workers_free(r->workers);
    nb_tfrecord_batch_free(&r->batch);
    for (int i = 0; i < THREADS_MAX; i++)
        nb_run101_scratch_free(&r->scratch[i]);
    free(r->parsed);
}

/* ---- one record ---- */

static nb_status wrong_hash(const nb_run101 *run, const uint8_t *hash, nb_error *err)
{
    char found[2 * NB_CELL101_HASH_SIZE + 1], right[sizeof found];
    nb_hex(run->hash, NB_CELL101_HASH_SIZE, found);
    nb_hex(hash, NB_CELL101_HASH_SIZE, right);
    return nb_fail(err, NB_ERR_CORRUPT, "hash %s, but the graph has %s", found, right);
}

/* Compares what the record says of its cell with what the cell is; the table keeps neither. */
static nb_status check_cell(const reader *r, const nb_run101 *run, nb_known101 *known, nb_error *err)
{
    uint8_t own[NB_CELL101_HASH_SIZE];
    const uint8_t *hash = own;
    int64_t found = nb_cell101_index(&run->cell);
    if (found < 0)
        return nb_fail(err, NB_ERR_FORMAT, "the graph is no cell of NAS-Bench-101");
    uint32_t index = (uint32_t)found;
    if (r->hashes)
        hash = r->hashes + (size_t)index * NB_CELL101_HASH_SIZE;
    else
        nb_cell101_hash(&run->cell, own);
    if (memcmp(hash, run->hash, NB_CELL101_HASH_SIZE) != 0)
        return wrong_hash(run, hash, err);
    nb_cell101 stored = nb_cell101_at(index);
    nb_cost101 cost;
    nb_cell101_cost(&run->cell, &cost);
    if (cost.params != run->params)
        return nb_fail(err, NB_ERR_CORRUPT, "%" PRIu32 " trainable parameters, but the graph has %" PRIu64, run->params, cost.params);
    *known = (nb_known101){.index = index, .stored = nb_same_cell101(&stored, &run->cell), .params = run->params, .flops = cost.flops};
    return NB_OK;
}

/* `before`: the record before it, NULL: none. The records of a cell are neighbours in the published files. */
static nb_status read_record(reader *r, const nb_tfrecord *record, int thread, const parsed *before, parsed *out, nb_error *err)
{
    NB_TRY(nb_tfrecord_check(record, err));
    NB_TRY(nb_run101_parse(record->payload, record->size, &r->scratch[thread], &out->run, err));
    bool known = before && before->run.params == out->run.params && nb_same_cell101(&before->run.cell, &out->run.cell) &&
                 memcmp(before->run.hash, out->run.hash, NB_CELL101_HASH_SIZE) == 0;
    if (!known)
        return check_cell(r, &out->run, &out->cell, err);
    out->cell = before->cell;
    return NB_OK;
}

static void read_part(void *user, int part, int parts, int thread)
{
    reader *r = user;
    size_t begin = r->batch.count * (size_t)part / (size_t)parts, end = r->batch.count * ((size_t)part + 1) / (size_t)parts;
    failure *f = &r->failures[part];
    f->status = NB_OK;
    for (f->at = begin; f->at < end && f->status == NB_OK; f->at++)
        f->status =
            read_record(r, &r->batch.records[f->at], thread, f->at > begin ? &r->parsed[f->at - 1] : NULL, &r->parsed[f->at], &f->error);
}

/* ---- a batch ---- */

static nb_status at_record(const reader *r, const nb_tfrecord *record, nb_status status, nb_error *err)
{
    return nb_prefix(err, status, "%s: record %" PRIu64 ", offset %" PRIu64, r->in->name, record->number, record->offset);
}

static nb_status parse_batch(reader *r, nb_error *err)
{
    if (r->capacity < r->batch.count) {
        parsed *grown = realloc(r->parsed, r->batch.count * sizeof *grown);
        if (!grown)
            return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for %zu records", r->in->name, r->batch.count);
        r->parsed = grown;
        r->capacity = r->batch.count;
    }
    nb_workers_run(r->workers, read_part, r, PARTS);
    for (int part = 0; part < PARTS; part++) {
        const failure *f = &r->failures[part];
        if (f->status == NB_OK)
            continue;
        if (err)
            *err = f->error;
        return at_record(r, &r->batch.records[f->at - 1], f->status, err);
    }
    return NB_OK;
}

static nb_status take_batch(const nb_importer *importer, const reader *r, nb_error *err)
{
    for (size_t i = 0; i < r->batch.count; i++) {
        const nb_tfrecord *record = &r->batch.records[i];
        nb_place101 place = {.offset = record->offset, .record = (uint32_t)record->number, .file = (uint32_t)importer->file};
        nb_status status = nb_runs101_add(importer->runs101, r->parsed[i].cell, &r->parsed[i].run, place, err);
        if (status != NB_OK)
            return at_record(r, record, status, err);
    }
    return NB_OK;
}

static nb_status read_batches(nb_importer *importer, reader *r, nb_error *err)
{
    for (uint64_t number = 0;; number += r->batch.count) {
        nb_error broken;
        NB_TRY(nb_progress_check(importer->progress, r->in->name, err));
        nb_status framing = nb_tfrecord_read(r->in, number, &r->batch, &broken);
        NB_TRY(parse_batch(r, err)); /* what comes before a broken frame may be wrong, too, and is said first */
        NB_TRY(take_batch(importer, r, err));
        if (framing != NB_OK && err)
            *err = broken;
        if (framing != NB_OK)
            return framing;
        if (r->batch.count == 0)
            return NB_OK;
        nb_progress_report(importer->progress, nb_stream_offset(r->in), r->in->size, r->in->name);
    }
}

nb_status nb_import_tfrecord_stream(nb_importer *importer, nb_stream *in, nb_error *err)
{
    reader r = {.in = in};
    if (importer->open || importer->rows.space)
        return nb_fail(err, NB_ERR_UNSUPPORTED, "%s: files of NAS-Bench-101 go into a table of their own", in->name);
    if (!importer->runs101)
        NB_TRY(nb_runs101_new(&importer->runs101, err));
    int threads = in->size < THREADS_BYTES ? 1 : nb_processors();
    nb_status status = nb_workers_new(threads > THREADS_MAX ? THREADS_MAX : threads, &r.workers, err);
    if (status == NB_OK) {
        r.hashes = in->size != UINT64_MAX && in->size >= CATALOGUE_BYTES ? nb_cell101_all_hashes() : NULL;
        status = read_batches(importer, &r, err);
    }
    free_reader(&r);
    return status;
}

nb_status nb_import_tfrecord_file(nb_importer *importer, const char *path, nb_error *err)
{
    nb_stream in;
    NB_TRY(nb_stream_open_file(&in, path, err));
    nb_status status = nb_import_tfrecord_stream(importer, &in, err);
    nb_stream_close(&in);
    return status;
}

/* ---- the table ---- */

/* Says which cell lacks a run or has one too many, and where the file has it last. */
static nb_status refuse_odd(const nb_importer *importer, const nb_odd101 *odd, nb_error *err)
{
    uint8_t hash[NB_CELL101_HASH_SIZE];
    char text[2 * sizeof hash + 1];
    const nb_place101 *place = &importer->runs101->last[odd->number];
    nb_cell101 cell = nb_cell101_at(importer->runs101->indices[odd->number]);
    nb_cell101_hash(&cell, hash);
    nb_hex(hash, sizeof hash, text);
    return nb_fail(err, NB_ERR_FORMAT,
                   "%s: record %" PRIu32 ", offset %" PRIu64 ": the last record of cell %s: it has %" PRIu32 " runs of %" PRIu32
                   " epochs, %" PRIu32 " expected as of the other cells",
                   importer->file_count > 0 ? importer->files[place->file] : importer->names, place->record, place->offset, text,
                   odd->found, odd->epochs, odd->expected);
}

/* Rows are numbered by index in the space, whole or not; the order of the source is kept beside that. */
typedef struct row_list {
    uint32_t *numbers; /* [count] the cell of each row, by its number in runs101 */
    uint32_t *row_of;  /* [count] and the row of each */
    uint32_t count;
} row_list;

static void free_rows(row_list *list)
{
    free(list->numbers);
    free(list->row_of);
}

static nb_status list_rows(nb_importer *importer, const nb_space *space, row_list *list, nb_error *err)
{
    const nb_runs101 *runs = importer->runs101;
    list->numbers = malloc(runs->cell_count * sizeof *list->numbers);
    list->row_of = malloc(runs->cell_count * sizeof *list->row_of);
    const bool official = runs->cell_count == NB_CELL101_CELLS && !runs->reordered;
    nb_arch *archs = official ? NULL : malloc(runs->cell_count * sizeof *archs);
    nb_rows_set_official(&importer->rows, space);
    importer->rows.archs = archs;
    importer->rows.count = runs->cell_count;
    if (!list->numbers || !list->row_of || (!archs && !official))
        return nb_fail(err, NB_ERR_MEMORY, "no memory for %" PRIu32 " cells", runs->cell_count);
    for (uint32_t index = 0; index < NB_CELL101_CELLS; index++) {
        if (runs->numbers[index] == 0)
            continue;
        if (archs)
            archs[list->count] = nb_cell101_to_arch(&runs->cells[runs->numbers[index] - 1]);
        list->numbers[list->count] = runs->numbers[index] - 1;
        list->row_of[runs->numbers[index] - 1] = list->count++;
    }
    return NB_OK;
}

static nb_status send_facts(nb_importer *importer, const row_list *list, nb_error *err)
{
    nb_row_facts facts = {.order = malloc(list->count * sizeof *facts.order),
                          .params = malloc(list->count * sizeof *facts.params),
                          .flops = malloc(list->count * sizeof *facts.flops)};
    if (!facts.order || !facts.params || !facts.flops) {
        free(facts.order);
        free(facts.params);
        free(facts.flops);
        return nb_fail(err, NB_ERR_MEMORY, "no memory for %" PRIu32 " cells", list->count);
    }
    const nb_runs101 *runs = importer->runs101;
    for (uint32_t i = 0; i < list->count; i++) {
        facts.order[i] = list->row_of[i];
        facts.params[list->row_of[i]] = runs->params[i];
        facts.flops[list->row_of[i]] = runs->flops[i];
    }
    return importer->sink->facts(importer->sink->user, &facts, err);
}

static nb_status send_budget(nb_importer *importer, uint32_t number, const row_list *list, nb_error *err)
{
    static const char *const splits[NB_SPLITS101] = {"train", "x-valid", "ori-test"};
    nb_runs101 *runs = importer->runs101;
    const nb_budget101 *budget = &runs->budgets[number];
    char schedule[16];
    snprintf(schedule, sizeof schedule, "%" PRIu32, budget->epochs);
    nb_point_setup setup = {.dataset = "cifar10",
                            .schedule = schedule,
                            .epochs = budget->epochs,
                            .runs = budget->runs[0],
                            .points = NB_RUN101_POINTS,
                            .images = NB_RUNS101_IMAGES,
                            .splits = splits,
                            .split_count = NB_SPLITS101,
                            .config = {.channels = 128, .cells = 3, .classes = 10},
                            .columns = calloc(NB_COLUMNS101, sizeof *setup.columns)};
    if (!setup.columns)
        return nb_fail(err, NB_ERR_MEMORY, "no memory for the runs of %s epochs", schedule);
    nb_status status = nb_runs101_columns(runs, number, list->numbers, setup.columns, err);
    if (status == NB_OK)
        return importer->sink->points(importer->sink->user, &setup, err);
    for (int i = 0; i < NB_COLUMNS101; i++)
        nb_column_free(&setup.columns[i]);
    free(setup.columns);
    return status;
}

static nb_status send_table(nb_importer *importer, const row_list *list, nb_error *err)
{
    NB_TRY(nb_importer_open(importer, NB_SOURCE_101, err));
    NB_TRY(send_facts(importer, list, err));
    for (uint32_t number = 0; number < importer->runs101->budget_count; number++)
        NB_TRY(send_budget(importer, number, list, err));
    importer->summary.architectures = list->count;
    importer->summary.trials = importer->runs101->runs;
    return NB_OK;
}

nb_status nb_importer_finish101(nb_importer *importer, nb_error *err)
{
    nb_odd101 odd;
    row_list list = {0};
    const nb_space *space = nb_space_of(NB_SPACE_GRAPH);
    if (importer->runs101->cell_count == 0)
        return nb_fail(err, NB_ERR_FORMAT, "%s: no record in it", importer->names);
    if (nb_runs101_find_odd(importer->runs101, &odd))
        return refuse_odd(importer, &odd, err);
    nb_status status = list_rows(importer, space, &list, err);
    if (status == NB_OK)
        status = send_table(importer, &list, err);
    free_rows(&list);
    return status;
}
