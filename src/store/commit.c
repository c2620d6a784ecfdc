/* From collected trials to the file.
 *
 * Trials lie in the spill one after another, each with its curves by epoch; the file wants, for each curve and epoch, all trials side by
 * side. So trials are read in blocks of some MB, turned around in tiles that stay in the cache, and written row piece by row piece. */
#include "store/writer.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/progress.h"
#include "base/safetensors.h"
#include "base/text.h"

#include "space/space.h"
#include "store/checksum.h"

#define BLOCK_BYTES ((size_t)48 << 20) /* of trial records in memory at a time */
#define BLOCK_TRIALS_MAX 8192
#define TILE_EPOCHS 16
#define TILE_PADDING 8 /* elements: keeps the rows of a tile out of each other's cache sets */

/* One tensor of the file to be. Tensors with data are written as they are, the others are filled from the spill. */
typedef struct planned {
    char *name;
    void *data; /* owned; NULL: filled from the spill */
    uint64_t checksum;
} planned;

/* Where a setup's curves and latencies go: positions in the plan, -1 when there is no such tensor. */
typedef struct setup_plan {
    nb_written_setup *setup;
    int values[NB_SPLITS_MAX * NB_METRIC_COUNT];
    int masks[NB_SPLITS_MAX * NB_METRIC_COUNT];
    int totals[NB_SPLITS_MAX]; /* sums of the times */
    nb_coverage coverage[NB_SPLITS_MAX * NB_METRIC_COUNT];
    int latency;
    uint64_t latencies_written;
} setup_plan;

typedef struct plan {
    nb_table_writer *writer;
    const nb_progress *progress;
    nb_st_tensor *tensors; /* [count], parallel to entries */
    planned *entries;
    size_t count;
    size_t capacity;
    setup_plan *setups; /* [setup_count] in file order */
    size_t setup_count;
    nb_output out;
    uint64_t trials_done;
    uint64_t trials;
} plan;

static nb_status no_memory(const plan *p, nb_error *err)
{
    return nb_fail(err, NB_ERR_MEMORY, "%s: no memory to write the table", p->writer->path);
}

/* ---------------------------------------------------------------- the plan: which tensors */

/* Adds a tensor; takes `name` and `data` over, also on failure. Returns its position or -1 without memory. */
static int add_tensor(plan *p, char *name, nb_dtype dtype, uint64_t rows, uint64_t columns, void *data)
{
    if (p->count == p->capacity) {
        size_t capacity = p->capacity ? 2 * p->capacity : 128;
        nb_st_tensor *tensors = realloc(p->tensors, capacity * sizeof *tensors);
        if (tensors)
            p->tensors = tensors;
        planned *entries = realloc(p->entries, capacity * sizeof *entries);
        if (entries)
            p->entries = entries;
        if (tensors && entries)
            p->capacity = capacity;
    }
    if (!name || p->count == p->capacity) {
        free(name);
        free(data);
        return -1;
    }
    nb_st_tensor tensor = {.name = name, .dtype = dtype, .rank = columns ? 2 : 1, .shape = {rows, columns}, .data = data};
    p->tensors[p->count] = tensor;
    p->entries[p->count] = (planned){.name = name, .data = data};
    return (int)p->count++;
}

/* The name of a tensor; freed with the plan. */
static char *name_of(const char *format, ...) NB_PRINTF(1, 2);
static char *name_of(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *name = NULL;
    int length = vasprintf(&name, format, arguments);
    va_end(arguments);
    return length < 0 ? NULL : name;
}

static char *setup_tensor_name(const plan *p, const nb_written_setup *setup, const char *name)
{
    return name_of("%s/%s/%s", p->writer->datasets[setup->dataset], setup->schedule, name);
}

static void *copy_of(const void *data, size_t size)
{
    void *copy = malloc(size);
    return copy ? memcpy(copy, data, size) : NULL;
}

/* Hashes of the architectures, where the space has published ones, and the hash table that leads from them to rows. */
static nb_status plan_hashes(plan *p, nb_error *err)
{
    const nb_table_writer *writer = p->writer;
    if (!writer->space->hashes)
        return NB_OK;
    uint8_t *hashes = malloc((size_t)writer->rows * NB_HASH_SIZE);
    if (!hashes)
        return no_memory(p, err);
    writer->space->hashes(writer->indices, writer->rows, hashes);
    if (add_tensor(p, name_of(NB_TENSOR_ARCH_HASH), NB_DTYPE_U8, writer->rows, NB_HASH_SIZE, hashes) < 0)
        return no_memory(p, err);
    const uint32_t slot_count = nb_hash_slot_count(writer->rows);
    uint32_t *slots = malloc(slot_count * sizeof *slots);
    if (!slots)
        return no_memory(p, err);
    nb_hash_slots_fill(hashes, writer->rows, slots, slot_count);
    if (add_tensor(p, name_of(NB_TENSOR_ARCH_HASH_SLOTS), NB_DTYPE_U32, slot_count, 0, slots) < 0)
        return no_memory(p, err);
    return NB_OK;
}

/* A tensor of the whole table from memory that the writer owns; NULL: none. */
static nb_status plan_fact(plan *p, const char *name, nb_dtype dtype, void *data, nb_error *err)
{
    return data && add_tensor(p, name_of("%s", name), dtype, p->writer->rows, 0, data) < 0 ? no_memory(p, err) : NB_OK;
}

/* What the writer hands over is forgotten there before the plan may free it. */
static nb_status plan_facts(plan *p, nb_error *err)
{
    nb_row_facts *facts = &p->writer->facts;
    uint32_t *order = facts->order, *params = facts->params;
    uint64_t *flops = facts->flops;
    facts->order = NULL;
    NB_TRY(plan_fact(p, NB_TENSOR_SOURCE_ORDER, NB_DTYPE_U32, order, err));
    facts->params = NULL;
    NB_TRY(plan_fact(p, NB_TENSOR_ROW_PARAMS, NB_DTYPE_U32, params, err));
    facts->flops = NULL;
    return plan_fact(p, NB_TENSOR_ROW_FLOPS, NB_DTYPE_U64, flops, err);
}

static nb_status plan_architectures(plan *p, nb_error *err)
{
    NB_TRY(plan_hashes(p, err));
    const nb_table_writer *writer = p->writer;
    void *codes = copy_of(writer->codes, (size_t)writer->rows * writer->code_count);
    if (!codes || add_tensor(p, name_of(NB_TENSOR_ARCH), NB_DTYPE_U8, writer->rows, writer->code_count, codes) < 0)
        return no_memory(p, err);
    if (writer->indices) {
        void *indices = copy_of(writer->indices, writer->rows * sizeof *writer->indices);
        if (!indices || add_tensor(p, name_of(NB_TENSOR_ARCH_INDEX), NB_DTYPE_U32, writer->rows, 0, indices) < 0)
            return no_memory(p, err);
    }
    if (memchr(writer->evaluated, 0, writer->rows)) {
        void *evaluated = copy_of(writer->evaluated, writer->rows);
        if (!evaluated || add_tensor(p, name_of(NB_TENSOR_EVALUATED), NB_DTYPE_BOOL, writer->rows, 0, evaluated) < 0)
            return no_memory(p, err);
    }
    return NB_OK;
}

/* Dataset numbers go up: the order that a reader assumes anyway. */
static bool is_default_order(const nb_table_writer *writer, uint8_t order)
{
    if (order == NB_ORDER_DEFAULT)
        return true;
    const nb_dataset_order *o = &writer->dataset_orders[order];
    for (uint32_t i = 1; i < o->count; i++) {
        if (o->datasets[i] < o->datasets[i - 1])
            return false;
    }
    return true;
}

static nb_status plan_dataset_orders(plan *p, nb_error *err)
{
    const nb_table_writer *writer = p->writer;
    for (size_t i = 0; i < writer->schedule_order_count; i++) {
        const nb_written_orders *orders = &writer->schedule_orders[i];
        bool all_default = true;
        for (uint32_t row = 0; row < writer->rows; row++) {
            if (is_default_order(writer, orders->of_row[row]))
                orders->of_row[row] = NB_ORDER_DEFAULT;
            else
                all_default = false;
        }
        if (all_default)
            continue;
        void *of_row = copy_of(orders->of_row, writer->rows);
        if (!of_row || add_tensor(p, name_of(NB_TENSOR_DATASET_ORDER "/%s", orders->schedule), NB_DTYPE_U8, writer->rows, 0, of_row) < 0)
            return no_memory(p, err);
    }
    return NB_OK;
}

static nb_coverage coverage_of(const nb_written_setup *setup, const nb_curve_facts *facts)
{
    if (!facts->used)
        return NB_COVERAGE_NONE;
    if (setup->epochs == 1)
        return NB_COVERAGE_FULL;
    if (!facts->by_epoch)
        return NB_COVERAGE_LAST;
    return facts->varies ? NB_COVERAGE_FULL : NB_COVERAGE_CONSTANT;
}

/* Sums of a split's times, which would otherwise cost a reader one value per epoch. */
static nb_status plan_total(plan *p, setup_plan *sp, uint32_t split, nb_error *err)
{
    const nb_written_setup *setup = sp->setup;
    sp->totals[split] = -1;
    if (!setup->curves[split * NB_METRIC_COUNT + NB_METRIC_TIME].used)
        return NB_OK;
    char *name = name_of("%s/%s/%s/%s" NB_SUFFIX_TOTAL, p->writer->datasets[setup->dataset], setup->schedule, setup->splits[split],
                         nb_metric_name(NB_METRIC_TIME));
    sp->totals[split] = add_tensor(p, name, NB_DTYPE_F64, setup->count, 0, NULL);
    return sp->totals[split] < 0 ? no_memory(p, err) : NB_OK;
}

static nb_status plan_curve(plan *p, setup_plan *sp, uint32_t curve, nb_error *err)
{
    const nb_written_setup *setup = sp->setup;
    const nb_curve_facts *facts = &setup->curves[curve];
    nb_coverage coverage = coverage_of(setup, facts);
    sp->coverage[curve] = coverage;
    sp->values[curve] = sp->masks[curve] = -1;
    if (coverage == NB_COVERAGE_NONE)
        return NB_OK;
    const char *split = setup->splits[curve / NB_METRIC_COUNT];
    const char *metric = nb_metric_name((nb_metric)(curve % NB_METRIC_COUNT));
    const char *suffix = coverage == NB_COVERAGE_LAST ? NB_SUFFIX_LAST : coverage == NB_COVERAGE_CONSTANT ? NB_SUFFIX_CONSTANT : "";
    uint64_t rows = coverage == NB_COVERAGE_FULL ? setup->epochs : setup->count;
    uint64_t columns = coverage == NB_COVERAGE_FULL ? setup->count : 0;
    const char *dataset = p->writer->datasets[setup->dataset];
    sp->values[curve] = add_tensor(p, name_of("%s/%s/%s/%s%s", dataset, setup->schedule, split, metric, suffix),
                                   facts->wide ? NB_DTYPE_F64 : NB_DTYPE_F32, rows, columns, NULL);
    if (sp->values[curve] < 0)
        return no_memory(p, err);
    if (!facts->measured_nan)
        return NB_OK;
    sp->masks[curve] = add_tensor(p, name_of("%s/%s/%s/%s%s" NB_SUFFIX_MEASURED, dataset, setup->schedule, split, metric, suffix),
                                  NB_DTYPE_BOOL, rows, columns, NULL);
    return sp->masks[curve] < 0 ? no_memory(p, err) : NB_OK;
}

/* The number that a per-trial tensor takes from a trial. */
typedef double (*trial_number)(const nb_written_trial *trial);

static double flops_of(const nb_written_trial *trial)
{
    return trial->flops;
}

static double params_of(const nb_written_trial *trial)
{
    return trial->params;
}

/* flops or params of each trial; no tensor when none is known. */
static nb_status plan_costs(plan *p, const nb_written_setup *setup, const char *name, trial_number number, bool wide, nb_error *err)
{
    void *data = malloc(setup->count * sizeof(double));
    if (!data)
        return no_memory(p, err);
    bool known = false;
    for (size_t i = 0; i < setup->count; i++) {
        double value = number(&setup->trials[i]);
        known = known || !isnan(value);
        if (wide)
            ((double *)data)[i] = value;
        else
            ((float *)data)[i] = (float)value;
    }
    if (!known) {
        free(data);
        return NB_OK;
    }
    int added = add_tensor(p, setup_tensor_name(p, setup, name), wide ? NB_DTYPE_F64 : NB_DTYPE_F32, setup->count, 0, data);
    return added < 0 ? no_memory(p, err) : NB_OK;
}

static uint32_t seed_of(const nb_written_trial *trial)
{
    return trial->seed;
}

static uint32_t epochs_of(const nb_written_trial *trial)
{
    return trial->epochs;
}

static nb_status plan_whole_numbers(plan *p, const nb_written_setup *setup, const char *name, uint32_t (*number)(const nb_written_trial *),
                                    nb_error *err)
{
    uint32_t *data = malloc(setup->count * sizeof *data);
    if (!data)
        return no_memory(p, err);
    for (size_t i = 0; i < setup->count; i++)
        data[i] = number(&setup->trials[i]);
    return add_tensor(p, setup_tensor_name(p, setup, name), NB_DTYPE_U32, setup->count, 0, data) < 0 ? no_memory(p, err) : NB_OK;
}

/* first[row]: the row's first trial; one more entry at the end, so that first[row + 1] - first[row] is their number. */
static nb_status plan_first(plan *p, const nb_written_setup *setup, nb_error *err)
{
    uint32_t rows = p->writer->rows;
    uint32_t *first = malloc(((size_t)rows + 1) * sizeof *first);
    if (!first)
        return no_memory(p, err);
    size_t trial = 0;
    for (uint32_t row = 0; row <= rows; row++) {
        while (trial < setup->count && setup->trials[trial].row < row)
            trial++;
        first[row] = (uint32_t)trial;
    }
    return add_tensor(p, setup_tensor_name(p, setup, NB_TENSOR_FIRST), NB_DTYPE_U32, (uint64_t)rows + 1, 0, first) < 0 ? no_memory(p, err)
                                                                                                                       : NB_OK;
}

/* The latencies of all trials in one list and, unless each trial has exactly one, where each trial's begin. */
static nb_status plan_latency(plan *p, setup_plan *sp, nb_error *err)
{
    const nb_written_setup *setup = sp->setup;
    uint64_t total = 0;
    bool one_each = true;
    for (size_t i = 0; i < setup->count; i++) {
        total += setup->trials[i].latency_count;
        one_each = one_each && setup->trials[i].latency_count == 1;
    }
    sp->latency = -1;
    if (total == 0)
        return NB_OK;
    if (!one_each) {
        uint64_t *first = malloc((setup->count + 1) * sizeof *first);
        if (!first)
            return no_memory(p, err);
        first[0] = 0;
        for (size_t i = 0; i < setup->count; i++)
            first[i + 1] = first[i] + setup->trials[i].latency_count;
        if (add_tensor(p, setup_tensor_name(p, setup, NB_TENSOR_LATENCY_FIRST), NB_DTYPE_U64, setup->count + 1, 0, first) < 0)
            return no_memory(p, err);
    }
    sp->latency = add_tensor(p, setup_tensor_name(p, setup, NB_TENSOR_LATENCY), NB_DTYPE_F64, total, 0, NULL);
    return sp->latency < 0 ? no_memory(p, err) : NB_OK;
}

static nb_status plan_eval_order(plan *p, const nb_written_setup *setup, nb_error *err)
{
    if (setup->order_count == 1)
        return NB_OK;
    uint8_t *order = malloc(setup->count);
    if (!order)
        return no_memory(p, err);
    for (size_t i = 0; i < setup->count; i++)
        order[i] = (uint8_t)setup->trials[i].eval_order;
    return add_tensor(p, setup_tensor_name(p, setup, NB_TENSOR_EVAL_ORDER), NB_DTYPE_U8, setup->count, 0, order) < 0 ? no_memory(p, err)
                                                                                                                     : NB_OK;
}

/* ---------------------------------------------------------------- setups that came as columns */

/* Where the trials of each row begin, and their seeds: the same number of runs in every row, numbered from 0. */
static nb_status plan_runs(plan *p, const nb_written_setup *setup, nb_error *err)
{
    uint32_t rows = p->writer->rows;
    uint32_t *first = malloc(((size_t)rows + 1) * sizeof *first);
    if (!first)
        return no_memory(p, err);
    for (uint32_t row = 0; row <= rows; row++)
        first[row] = row * setup->runs;
    if (add_tensor(p, setup_tensor_name(p, setup, NB_TENSOR_FIRST), NB_DTYPE_U32, (uint64_t)rows + 1, 0, first) < 0)
        return no_memory(p, err);
    uint32_t *seeds = malloc(setup->count * sizeof *seeds);
    if (!seeds)
        return no_memory(p, err);
    for (size_t i = 0; i < setup->count; i++)
        seeds[i] = (uint32_t)(i % setup->runs);
    return add_tensor(p, setup_tensor_name(p, setup, NB_TENSOR_SEED), NB_DTYPE_U32, setup->count, 0, seeds) < 0 ? no_memory(p, err) : NB_OK;
}

/* Takes the column's memory over. */
static nb_status plan_column(plan *p, nb_column_builder *column, char *name, nb_error *err)
{
    bool same = column->kind == NB_COLUMN_SAME;
    void *data = same ? copy_of(&column->same, sizeof column->same) : column->data;
    column->data = NULL;
    if (!data) {
        free(name);
        return no_memory(p, err);
    }
    return add_tensor(p, name, nb_column_dtype(column->kind), same ? 1 : column->size, 0, data) < 0 ? no_memory(p, err) : NB_OK;
}

static nb_status plan_point(plan *p, nb_written_setup *setup, uint32_t point, nb_error *err)
{
    const char *dataset = p->writer->datasets[setup->dataset];
    nb_column_builder *columns = &setup->columns[nb_point_column(setup->split_count, point, 0)];
    NB_TRY(plan_column(p, &columns[NB_POINT_EPOCH],
                       name_of("%s/%s/" NB_TENSOR_POINT_EPOCH NB_SUFFIX_POINT "%u", dataset, setup->schedule, point), err));
    NB_TRY(plan_column(
        p, &columns[NB_POINT_TIME],
        name_of("%s/%s/" NB_SPLIT_TRAIN "/%s" NB_SUFFIX_POINT "%u", dataset, setup->schedule, nb_metric_name(NB_METRIC_TIME), point), err));
    for (uint32_t split = 0; split < setup->split_count; split++)
        NB_TRY(plan_column(p, &columns[NB_POINT_ACCURACY + split],
                           name_of("%s/%s/%s/%s" NB_SUFFIX_POINT "%u", dataset, setup->schedule, setup->splits[split],
                                   nb_metric_name(NB_METRIC_ACCURACY), point),
                           err));
    return NB_OK;
}

static nb_status plan_columns(plan *p, nb_written_setup *setup, nb_error *err)
{
    NB_TRY(plan_runs(p, setup, err));
    for (uint32_t point = 0; point < setup->points; point++)
        NB_TRY(plan_point(p, setup, point, err));
    return plan_column(p, &setup->columns[nb_point_total(setup->split_count, setup->points)],
                       setup_tensor_name(p, setup, NB_TENSOR_TOTAL_TIME), err);
}

/* ---------------------------------------------------------------- setups that came trial by trial */

static nb_status plan_setup(plan *p, setup_plan *sp, nb_error *err)
{
    const nb_written_setup *setup = sp->setup;
    if (setup->columns)
        return plan_columns(p, sp->setup, err);
    NB_TRY(plan_first(p, setup, err));
    NB_TRY(plan_whole_numbers(p, setup, NB_TENSOR_SEED, seed_of, err));
    if (setup->epochs_vary)
        NB_TRY(plan_whole_numbers(p, setup, NB_TENSOR_EPOCHS, epochs_of, err));
    NB_TRY(plan_costs(p, setup, NB_TENSOR_FLOPS, flops_of, setup->wide_flops, err));
    NB_TRY(plan_costs(p, setup, NB_TENSOR_PARAMS, params_of, setup->wide_params, err));
    NB_TRY(plan_latency(p, sp, err));
    NB_TRY(plan_eval_order(p, setup, err));
    for (uint32_t curve = 0; curve < setup->split_count * NB_METRIC_COUNT; curve++)
        NB_TRY(plan_curve(p, sp, curve, err));
    for (uint32_t split = 0; split < setup->split_count; split++)
        NB_TRY(plan_total(p, sp, split, err));
    return NB_OK;
}

/* ---------------------------------------------------------------- sorting */

static int compare_trials(const void *a, const void *b)
{
    const nb_written_trial *x = a, *y = b;
    if (x->row != y->row)
        return x->row < y->row ? -1 : 1;
    return (x->seed > y->seed) - (x->seed < y->seed);
}

/* Trials by row and seed; the same row and seed twice is an error. */
static nb_status sort_trials(const nb_table_writer *writer, nb_written_setup *setup, nb_error *err)
{
    if (setup->columns)
        return NB_OK;
    bool sorted = true;
    for (size_t i = 1; i < setup->count && sorted; i++)
        sorted = compare_trials(&setup->trials[i - 1], &setup->trials[i]) <= 0;
    if (!sorted)
        qsort(setup->trials, setup->count, sizeof *setup->trials, compare_trials);
    for (size_t i = 1; i < setup->count; i++) {
        if (compare_trials(&setup->trials[i - 1], &setup->trials[i]) == 0)
            return nb_fail(err, NB_ERR_EXISTS, "%s: row %u: %s/%s: two trials with seed %u", writer->path, setup->trials[i].row,
                           writer->datasets[setup->dataset], setup->schedule, setup->trials[i].seed);
    }
    return NB_OK;
}

static int compare_setups(const void *a, const void *b)
{
    const nb_written_setup *x = ((const setup_plan *)a)->setup, *y = ((const setup_plan *)b)->setup;
    int order = nb_schedule_compare(x->schedule, y->schedule);
    return order ? order : (x->dataset > y->dataset) - (x->dataset < y->dataset);
}

/* Setups by schedule, then dataset; those without a trial are left out. */
static nb_status sort_setups(plan *p, nb_error *err)
{
    const nb_table_writer *writer = p->writer;
    p->setups = calloc(writer->setup_count + 1, sizeof *p->setups);
    if (!p->setups)
        return no_memory(p, err);
    for (size_t i = 0; i < writer->setup_count; i++) {
        if (writer->setups[i]->count == 0)
            continue;
        NB_TRY(sort_trials(writer, writer->setups[i], err));
        p->trials += writer->setups[i]->count;
        p->setups[p->setup_count++].setup = writer->setups[i];
    }
    qsort(p->setups, p->setup_count, sizeof *p->setups, compare_setups);
    return NB_OK;
}

/* ---------------------------------------------------------------- metadata */

static int compare_u32(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Counts, seeds and points of a setup that came as columns. */
static void append_runs(nb_text *json, const nb_written_setup *setup)
{
    nb_text_printf(json, ",\"epochs\":%u,\"trials\":%zu,\"rows\":%zu,\"max_trials\":%u,\"seeds\":[", setup->epochs, setup->count,
                   setup->count / setup->runs, setup->runs);
    for (uint32_t i = 0; i < setup->runs; i++)
        nb_text_printf(json, "%s%u", i ? "," : "", i);
    nb_text_printf(json, "],\"points\":%u,\"images\":%u", setup->points, setup->images);
}

/* ,"seeds":[...] */
static void append_seeds(nb_text *json, const nb_written_setup *setup)
{
    uint32_t *seeds = malloc(setup->count * sizeof *seeds);
    if (!seeds) {
        json->failed = true;
        return;
    }
    size_t count = 0;
    for (size_t i = 0; i < setup->count; i++) {
        /* Few seeds occur; most trials repeat the latest of them. */
        bool known = false;
        for (size_t k = 0; k < count && k < 8 && !known; k++)
            known = seeds[count - 1 - k] == setup->trials[i].seed;
        if (!known)
            seeds[count++] = setup->trials[i].seed;
    }
    qsort(seeds, count, sizeof *seeds, compare_u32);
    nb_text_puts(json, ",\"seeds\":[");
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || seeds[i] != seeds[i - 1])
            nb_text_printf(json, "%s%u", i ? "," : "", seeds[i]);
    }
    nb_text_puts(json, "]");
    free(seeds);
}

static void append_counts(nb_text *json, const nb_written_setup *setup)
{
    uint32_t rows = 0, longest = 0, run = 0;
    for (size_t i = 0; i < setup->count; i++) {
        bool same_row = i > 0 && setup->trials[i].row == setup->trials[i - 1].row;
        rows += !same_row;
        run = same_row ? run + 1 : 1;
        longest = run > longest ? run : longest;
    }
    nb_text_printf(json, ",\"epochs\":%u,\"trials\":%zu,\"rows\":%u,\"max_trials\":%u", setup->epochs, setup->count, rows, longest);
}

static void append_splits(nb_text *json, const nb_written_setup *setup)
{
    nb_text_puts(json, ",\"splits\":[");
    for (uint32_t i = 0; i < setup->split_count; i++) {
        if (i)
            nb_text_puts(json, ",");
        nb_text_json_string(json, setup->splits[i]);
    }
    nb_text_puts(json, "],\"eval_orders\":[");
    for (uint32_t i = 0; i < setup->order_count; i++) {
        nb_text_puts(json, i ? ",[" : "[");
        for (uint32_t k = 0; k < setup->orders[i].count; k++)
            nb_text_printf(json, "%s%u", k ? "," : "", setup->orders[i].splits[k]);
        nb_text_puts(json, "]");
    }
    nb_text_puts(json, "]");
}

static void append_setup(nb_text *json, const nb_table_writer *writer, const nb_written_setup *setup)
{
    nb_text_puts(json, "{\"dataset\":");
    nb_text_json_string(json, writer->datasets[setup->dataset]);
    nb_text_puts(json, ",\"schedule\":");
    nb_text_json_string(json, setup->schedule);
    if (setup->columns) {
        append_runs(json, setup);
    } else {
        append_counts(json, setup);
        append_seeds(json, setup);
    }
    append_splits(json, setup);
    nb_text_printf(json, ",\"channels\":%u,\"cells\":%u,\"classes\":%u", setup->config.channels, setup->config.cells,
                   setup->config.classes);
    if (setup->genotype) {
        nb_text_puts(json, ",\"genotype\":");
        nb_text_json_string(json, setup->genotype);
    }
    nb_text_puts(json, "}");
}

static void append_setups(nb_text *json, const plan *p)
{
    nb_text_puts(json, "[");
    for (size_t i = 0; i < p->setup_count; i++) {
        if (i)
            nb_text_puts(json, ",");
        append_setup(json, p->writer, p->setups[i].setup);
    }
    nb_text_puts(json, "]");
}

static void append_datasets(nb_text *json, const nb_table_writer *writer)
{
    nb_text_puts(json, "[");
    for (uint32_t i = 0; i < writer->dataset_count; i++) {
        if (i)
            nb_text_puts(json, ",");
        nb_text_json_string(json, writer->datasets[i]);
    }
    nb_text_puts(json, "]");
}

static void append_dataset_orders(nb_text *json, const nb_table_writer *writer)
{
    nb_text_puts(json, "[");
    for (uint32_t i = 0; i < writer->dataset_order_count; i++) {
        nb_text_puts(json, i ? ",[" : "[");
        for (uint32_t k = 0; k < writer->dataset_orders[i].count; k++)
            nb_text_printf(json, "%s%u", k ? "," : "", writer->dataset_orders[i].datasets[k]);
        nb_text_puts(json, "]");
    }
    nb_text_puts(json, "]");
}

/* ---------------------------------------------------------------- turning trials around */

/* Trials begin .. begin + count - 1 of a setup, in memory. */
typedef struct block {
    uint8_t *records; /* their bytes, one after another */
    size_t records_capacity;
    const nb_piece **pieces; /* [curves of the setup][capacity]: NULL when the trial has none */
    double *tile;            /* [TILE_EPOCHS][capacity + TILE_PADDING] */
    float *narrow;           /* [capacity] a row as floats */
    uint8_t *mask_tile;      /* as tile */
    size_t capacity;         /* trials */
    size_t begin;
    size_t count;
} block;

static void free_block(block *b)
{
    free(b->records);
    free(b->pieces);
    free(b->tile);
    free(b->narrow);
    free(b->mask_tile);
}

/* Room for as many trials as BLOCK_BYTES hold. */
static nb_status make_block(const plan *p, const nb_written_setup *setup, block *b, nb_error *err)
{
    size_t largest = 64;
    for (size_t i = 0; i < setup->count; i++)
        largest = setup->trials[i].size > largest ? setup->trials[i].size : largest;
    size_t capacity = BLOCK_BYTES / largest;
    capacity = capacity > BLOCK_TRIALS_MAX ? BLOCK_TRIALS_MAX : capacity;
    capacity = capacity > setup->count ? setup->count : capacity;
    capacity = capacity < 1 ? 1 : capacity;
    size_t stride = capacity + TILE_PADDING;
    *b = (block){.capacity = capacity, .records_capacity = capacity * largest};
    b->records = malloc(b->records_capacity);
    b->pieces = malloc((size_t)setup->split_count * NB_METRIC_COUNT * capacity * sizeof *b->pieces + 1);
    b->tile = malloc(TILE_EPOCHS * stride * sizeof *b->tile);
    b->narrow = malloc(capacity * sizeof *b->narrow);
    b->mask_tile = malloc(TILE_EPOCHS * stride);
    return b->records && b->pieces && b->tile && b->narrow && b->mask_tile ? NB_OK : no_memory(p, err);
}

/* Notes where the pieces of one record are. */
static void index_record(const nb_written_setup *setup, block *b, size_t column, const uint8_t *record)
{
    const nb_written_trial *trial = &setup->trials[b->begin + column];
    const uint8_t *next = record + trial->latency_count * sizeof(double);
    const uint8_t *end = record + trial->size;
    while (next < end) {
        const nb_piece *piece = (const nb_piece *)(const void *)next;
        b->pieces[piece->curve * b->capacity + column] = piece;
        next += nb_piece_size(piece);
    }
}

/* Reads the records of the block; neighbours in the spill are read at once. */
static nb_status load_block(const nb_written_setup *setup, block *b, nb_error *err)
{
    const nb_written_trial *trials = &setup->trials[b->begin];
    size_t used = 0;
    for (size_t i = 0; i < b->count;) {
        size_t size = trials[i].size;
        size_t next = i + 1;
        while (next < b->count && trials[next].offset == trials[i].offset + size)
            size += trials[next++].size;
        NB_TRY(nb_spill_read(&setup->spill, trials[i].offset, b->records + used, size, err));
        used += size;
        i = next;
    }
    memset(b->pieces, 0, (size_t)setup->split_count * NB_METRIC_COUNT * b->capacity * sizeof *b->pieces);
    const uint8_t *record = b->records;
    for (size_t i = 0; i < b->count; i++) {
        index_record(setup, b, i, record);
        record += trials[i].size;
    }
    return NB_OK;
}

/* The value of a piece at an epoch, and whether it was measured. */
static bool piece_value(const nb_piece *piece, uint32_t epoch, double *out)
{
    *out = (double)NAN;
    if (!piece || epoch < piece->first || epoch - piece->first >= piece->count)
        return false;
    uint32_t at = epoch - piece->first;
    *out = nb_piece_values(piece)[piece->constant ? 0 : at];
    return !piece->masked || nb_piece_mask(piece)[at];
}

/* Fills `height` rows of the tile, one per epoch from `epoch` on, with the block's trials. */
static void fill_tile(block *b, const nb_piece *const *pieces, uint32_t epoch, uint32_t height)
{
    size_t stride = b->capacity + TILE_PADDING;
    for (size_t column = 0; column < b->count; column++) {
        const nb_piece *piece = pieces[column];
        double *to = b->tile + column;
        if (piece && !piece->constant && piece->first <= epoch && epoch + height <= piece->first + piece->count) {
            const double *from = nb_piece_values(piece) + (epoch - piece->first);
            for (uint32_t e = 0; e < height; e++)
                to[e * stride] = from[e];
        } else {
            for (uint32_t e = 0; e < height; e++)
                piece_value(piece, epoch + e, &to[e * stride]);
        }
    }
}

static void fill_mask_tile(block *b, const nb_piece *const *pieces, uint32_t epoch, uint32_t height)
{
    size_t stride = b->capacity + TILE_PADDING;
    double ignored;
    for (size_t column = 0; column < b->count; column++) {
        for (uint32_t e = 0; e < height; e++)
            b->mask_tile[e * stride + column] = piece_value(pieces[column], epoch + e, &ignored);
    }
}

/* Writes `count` elements at element `position` of a tensor. */
static nb_status write_elements(plan *p, int tensor, const void *elements, size_t count, uint64_t position, nb_error *err)
{
    size_t width = nb_dtype_size(p->tensors[tensor].dtype);
    p->entries[tensor].checksum += nb_checksum(elements, width, count, position);
    return nb_output_write_at(&p->out, elements, count * width, p->tensors[tensor].offset + position * width, err);
}

/* A row piece of doubles into a tensor of F64 or F32. */
static nb_status write_doubles(plan *p, int tensor, const double *values, float *narrow, size_t count, uint64_t position, nb_error *err)
{
    if (p->tensors[tensor].dtype == NB_DTYPE_F64)
        return write_elements(p, tensor, values, count, position, err);
    for (size_t i = 0; i < count; i++)
        narrow[i] = (float)values[i];
    return write_elements(p, tensor, narrow, count, position, err);
}

static nb_status write_curve_by_epoch(plan *p, const setup_plan *sp, uint32_t curve, block *b, nb_error *err)
{
    const nb_written_setup *setup = sp->setup;
    const nb_piece *const *pieces = b->pieces + curve * b->capacity;
    size_t stride = b->capacity + TILE_PADDING;
    for (uint32_t epoch = 0; epoch < setup->epochs; epoch += TILE_EPOCHS) {
        uint32_t height = setup->epochs - epoch < TILE_EPOCHS ? setup->epochs - epoch : TILE_EPOCHS;
        fill_tile(b, pieces, epoch, height);
        if (sp->masks[curve] >= 0)
            fill_mask_tile(b, pieces, epoch, height);
        for (uint32_t e = 0; e < height; e++) {
            uint64_t position = (uint64_t)(epoch + e) * setup->count + b->begin;
            NB_TRY(write_doubles(p, sp->values[curve], b->tile + e * stride, b->narrow, b->count, position, err));
            if (sp->masks[curve] >= 0)
                NB_TRY(write_elements(p, sp->masks[curve], b->mask_tile + e * stride, b->count, position, err));
        }
    }
    return NB_OK;
}

/* One value per trial: at its last epoch, which for a constant curve is as good as any. */
static nb_status write_curve_once(plan *p, const setup_plan *sp, uint32_t curve, block *b, nb_error *err)
{
    const nb_piece *const *pieces = b->pieces + curve * b->capacity;
    for (size_t i = 0; i < b->count; i++)
        b->mask_tile[i] = piece_value(pieces[i], sp->setup->trials[b->begin + i].epochs - 1, &b->tile[i]);
    NB_TRY(write_doubles(p, sp->values[curve], b->tile, b->narrow, b->count, b->begin, err));
    if (sp->masks[curve] >= 0)
        NB_TRY(write_elements(p, sp->masks[curve], b->mask_tile, b->count, b->begin, err));
    return NB_OK;
}

/* The sum over all epochs of a trial, NaN when a time is missing. */
static double total_of(const nb_piece *piece, uint32_t epochs)
{
    if (!piece || piece->masked || piece->first != 0 || piece->count != epochs)
        return (double)NAN;
    const double *values = nb_piece_values(piece);
    double total = 0;
    for (uint32_t e = 0; e < epochs; e++)
        total += values[piece->constant ? 0 : e];
    return total;
}

static nb_status write_total(plan *p, const setup_plan *sp, uint32_t split, block *b, nb_error *err)
{
    const nb_piece *const *pieces = b->pieces + (split * NB_METRIC_COUNT + NB_METRIC_TIME) * b->capacity;
    for (size_t i = 0; i < b->count; i++)
        b->tile[i] = total_of(pieces[i], sp->setup->trials[b->begin + i].epochs);
    return write_elements(p, sp->totals[split], b->tile, b->count, b->begin, err);
}

static nb_status write_latencies(plan *p, setup_plan *sp, block *b, nb_error *err)
{
    const uint8_t *record = b->records;
    for (size_t i = 0; i < b->count; i++) {
        const nb_written_trial *trial = &sp->setup->trials[b->begin + i];
        if (trial->latency_count > 0)
            NB_TRY(write_elements(p, sp->latency, record, trial->latency_count, sp->latencies_written, err));
        sp->latencies_written += trial->latency_count;
        record += trial->size;
    }
    return NB_OK;
}

static nb_status write_block(plan *p, setup_plan *sp, block *b, nb_error *err)
{
    NB_TRY(load_block(sp->setup, b, err));
    if (sp->latency >= 0)
        NB_TRY(write_latencies(p, sp, b, err));
    for (uint32_t curve = 0; curve < sp->setup->split_count * NB_METRIC_COUNT; curve++) {
        if (sp->coverage[curve] == NB_COVERAGE_FULL)
            NB_TRY(write_curve_by_epoch(p, sp, curve, b, err));
        else if (sp->coverage[curve] != NB_COVERAGE_NONE)
            NB_TRY(write_curve_once(p, sp, curve, b, err));
        NB_TRY(nb_progress_check(p->progress, p->writer->path, err));
    }
    for (uint32_t split = 0; split < sp->setup->split_count; split++) {
        if (sp->totals[split] >= 0)
            NB_TRY(write_total(p, sp, split, b, err));
    }
    p->trials_done += b->count;
    nb_progress_report(p->progress, p->trials_done, p->trials, "writing the table");
    return NB_OK;
}

static nb_status write_blocks(plan *p, setup_plan *sp, block *b, nb_error *err)
{
    for (size_t begin = 0; begin < sp->setup->count; begin += b->capacity) {
        b->begin = begin;
        b->count = sp->setup->count - begin < b->capacity ? sp->setup->count - begin : b->capacity;
        NB_TRY(write_block(p, sp, b, err));
    }
    return NB_OK;
}

static nb_status write_setup(plan *p, setup_plan *sp, nb_error *err)
{
    if (sp->setup->columns)
        return NB_OK; /* its tensors are complete */
    block b;
    nb_status status = make_block(p, sp->setup, &b, err);
    if (status == NB_OK)
        status = write_blocks(p, sp, &b, err);
    free_block(&b);
    nb_spill_free(&sp->setup->spill);
    return status;
}

/* ---------------------------------------------------------------- the file */

static nb_status write_small_tensors(plan *p, nb_error *err)
{
    for (size_t i = 1; i < p->count; i++) {
        nb_st_tensor *tensor = &p->tensors[i];
        if (!p->entries[i].data)
            continue;
        NB_TRY(write_elements(p, (int)i, p->entries[i].data, tensor->size / nb_dtype_size(tensor->dtype), 0, err));
    }
    return NB_OK;
}

/* The checksum tensor: the header's sum, then those of the other tensors in file order. Wider elements come first in the file, as
 * nb_safetensors_layout() puts them. */
static nb_status write_checksums(plan *p, const char *header, size_t header_size, nb_error *err)
{
    uint64_t *sums = malloc(p->count * sizeof *sums);
    if (!sums)
        return no_memory(p, err);
    size_t at = 0;
    sums[at++] = nb_checksum(header, 1, header_size, 0);
    for (size_t width = 8; width > 0; width /= 2) {
        for (size_t i = 1; i < p->count; i++) {
            if (nb_dtype_size(p->tensors[i].dtype) == width)
                sums[at++] = p->entries[i].checksum;
        }
    }
    nb_status status = write_elements(p, 0, sums, p->count, 0, err);
    free(sums);
    return status;
}

static nb_status write_content(plan *p, const char *header, size_t header_size, nb_error *err)
{
    NB_TRY(write_small_tensors(p, err));
    for (size_t i = 0; i < p->setup_count; i++)
        NB_TRY(write_setup(p, &p->setups[i], err));
    NB_TRY(write_checksums(p, header, header_size, err));
    return nb_output_write_at(&p->out, header, header_size, 0, err);
}

static nb_status write_file(plan *p, const char *header, size_t header_size, nb_error *err)
{
    NB_TRY(nb_output_open(p->writer->path, &p->out, err));
    nb_status status = write_content(p, header, header_size, err);
    if (status == NB_OK)
        status = nb_progress_check(p->progress, p->writer->path, err);
    if (status == NB_OK)
        return nb_output_commit(&p->out, err);
    nb_output_abort(&p->out);
    return status;
}

static nb_status make_header(plan *p, char **header, size_t *header_size, nb_error *err)
{
    const nb_table_writer *writer = p->writer;
    nb_text datasets = {0}, setups = {0}, orders = {0};
    append_datasets(&datasets, writer);
    append_setups(&setups, p);
    append_dataset_orders(&orders, writer);
    nb_status status = nb_text_check(&datasets, err);
    if (status == NB_OK)
        status = nb_text_check(&setups, err);
    if (status == NB_OK)
        status = nb_text_check(&orders, err);
    if (status == NB_OK) {
        const nb_st_metadata metadata[] = {
            {NB_META_FORMAT, NB_TABLE_FORMAT},
            {NB_META_VERSION, NB_TABLE_FORMAT_VERSION},
            {NB_META_SPACE, nb_space_name(writer->space)},
            {NB_META_FLAVOUR, nb_flavour_name(writer->flavour)},
            {NB_META_BENCHMARK, writer->benchmark},
            {NB_META_SOURCE, writer->source},
            {NB_META_DATASETS, datasets.data},
            {NB_META_SETUPS, setups.data},
            {NB_META_DATASET_ORDERS, orders.data},
        };
        uint64_t file_size;
        status =
            nb_safetensors_layout(p->tensors, p->count, metadata, sizeof metadata / sizeof *metadata, header, header_size, &file_size, err);
    }
    nb_text_free(&datasets);
    nb_text_free(&setups);
    nb_text_free(&orders);
    return status;
}

static nb_status make_plan(plan *p, nb_error *err)
{
    NB_TRY(sort_setups(p, err));
    /* The checksum tensor is the first: 8 bytes wide and first in the list. Its length is known when the plan is complete. */
    if (add_tensor(p, name_of(NB_TENSOR_CHECKSUM), NB_DTYPE_U64, 0, 0, NULL) < 0)
        return no_memory(p, err);
    NB_TRY(plan_architectures(p, err));
    NB_TRY(plan_facts(p, err));
    NB_TRY(plan_dataset_orders(p, err));
    for (size_t i = 0; i < p->setup_count; i++)
        NB_TRY(plan_setup(p, &p->setups[i], err));
    p->tensors[0].shape[0] = p->count;
    return NB_OK;
}

static void free_plan(plan *p)
{
    for (size_t i = 0; i < p->count; i++) {
        free(p->entries[i].name);
        free(p->entries[i].data);
    }
    free(p->entries);
    free(p->tensors);
    free(p->setups);
}

nb_status nb_table_write(nb_table_writer *writer, const nb_progress *progress, nb_error *err)
{
    plan p = {.writer = writer, .progress = progress};
    char *header = NULL;
    size_t header_size = 0;
    nb_status status = make_plan(&p, err);
    if (status == NB_OK)
        status = make_header(&p, &header, &header_size, err);
    if (status == NB_OK)
        status = write_file(&p, header, header_size, err);
    free(header);
    free_plan(&p);
    return status;
}
