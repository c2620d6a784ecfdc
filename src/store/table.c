#include "store/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/progress.h"

#include "space/space.h"
#include "store/checksum.h"
#include "store/table_open.h"

/* ---------------------------------------------------------------- opening */

/* Everything after the bytes are there. */
static nb_status read_table(nb_table *table, nb_error *err)
{
    if ((uintptr_t)table->data % sizeof(double) != 0)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: a table in memory must be aligned to 8 bytes", table->name);
    NB_TRY(nb_safetensors_parse(table->data, table->size, table->name, &table->file, err));
    NB_TRY(nb_table_read_metadata(table, err));
    NB_TRY(nb_table_read_tensors(table, err));
    table->info.name = table->name;
    table->info.bytes = table->size;
    table->info.setups = table->setup_count;
    table->info.schedules = table->schedule_count;
    table->info.datasets = table->dataset_count;
    return NB_OK;
}

static nb_status open_bytes(nb_file_map map, const void *data, size_t size, const char *name, nb_table **out, nb_error *err)
{
    nb_table *table = calloc(1, sizeof *table);
    char *copy = strdup(name);
    if (!table || !copy) {
        free(table);
        free(copy);
        nb_file_map_close(&map);
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for a table", name);
    }
    table->map = map;
    table->data = data;
    table->size = size;
    table->name = copy;
    nb_status status = read_table(table, err);
    if (status != NB_OK) {
        nb_table_close(table);
        return status;
    }
    *out = table;
    return NB_OK;
}

nb_status nb_table_open(const char *path, nb_table **out, nb_error *err)
{
    nb_file_map map;
    NB_TRY(nb_file_map_open(path, &map, err));
    return open_bytes(map, map.data, map.size, path, out, err);
}

nb_status nb_table_open_memory(const void *data, size_t size, const char *name, nb_table **out, nb_error *err)
{
    return open_bytes((nb_file_map){0}, data, size, name, out, err);
}

void nb_table_close(nb_table *table)
{
    if (!table)
        return;
    for (uint32_t i = 0; i < table->setup_count; i++) {
        nb_setup *setup = &table->setups[i];
        free((void *)(uintptr_t)setup->info.seeds);
        free((void *)(uintptr_t)setup->info.splits);
        free(setup->orders);
        free(setup->curves);
        free(setup->totals);
        free(setup->columns);
    }
    free(table->setups);
    free(table->datasets);
    free(table->schedules);
    free(table->dataset_order_of_row);
    free(table->dataset_orders);
    free(table->row_of);
    free(table->strings);
    nb_safetensors_free(&table->file);
    nb_file_map_close(&table->map);
    free(table->name);
    free(table);
}

/* ---------------------------------------------------------------- verifying */

static int compare_places(const void *a, const void *b)
{
    const nb_st_tensor *x = *(const nb_st_tensor *const *)a, *y = *(const nb_st_tensor *const *)b;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

static nb_status verify_sum(const nb_table *table, const nb_st_tensor *tensor, uint64_t expected, nb_error *err)
{
    size_t width = nb_dtype_size(tensor->dtype);
    uint64_t found = nb_checksum(tensor->data, width, tensor->size / width, 0);
    if (found == expected)
        return NB_OK;
    return nb_fail(err, NB_ERR_CORRUPT, "%s: offset %llu: tensor '%s' was altered: checksum %016llx expected, found %016llx", table->name,
                   (unsigned long long)tensor->offset, tensor->name, (unsigned long long)expected, (unsigned long long)found);
}

static nb_status verify_sums(const nb_table *table, const nb_progress *progress, nb_error *err)
{
    const nb_st_tensor *sums = nb_safetensors_find(&table->file, NB_TENSOR_CHECKSUM);
    if (!sums)
        return NB_OK;
    const nb_st_tensor **order = malloc(table->file.count * sizeof *order);
    if (!order)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory to verify", table->name);
    for (size_t i = 0; i < table->file.count; i++)
        order[i] = &table->file.tensors[i];
    qsort(order, table->file.count, sizeof *order, compare_places);
    nb_status status = NB_OK;
    for (size_t i = 1; i < table->file.count && status == NB_OK; i++) {
        status = verify_sum(table, order[i], ((const uint64_t *)sums->data)[i], err);
        if (status == NB_OK)
            status = nb_progress_check(progress, table->name, err);
        nb_progress_report(progress, order[i]->offset + order[i]->size, table->size, order[i]->name);
    }
    free(order);
    return status;
}

static nb_status verify_trials(const nb_table *table, const nb_setup *setup, nb_error *err)
{
    const nb_setup_info *info = &setup->info;
    for (uint32_t row = 0; row < table->info.rows; row++) {
        uint32_t begin = setup->first[row], end = setup->first[row + 1];
        if ((row == 0 && begin != 0) || begin > end || end > info->trials)
            return nb_fail(err, NB_ERR_CORRUPT, "%s: %s/%s: row %u: trials %u to %u of %u", table->name, info->dataset, info->schedule, row,
                           begin, end, info->trials);
        for (uint32_t trial = begin + 1; trial < end; trial++) {
            if (setup->seed[trial] <= setup->seed[trial - 1])
                return nb_fail(err, NB_ERR_CORRUPT, "%s: %s/%s: row %u: seeds %u and %u are not ascending", table->name, info->dataset,
                               info->schedule, row, setup->seed[trial - 1], setup->seed[trial]);
        }
    }
    if (setup->first[table->info.rows] != info->trials)
        return nb_fail(err, NB_ERR_CORRUPT, "%s: %s/%s: %u trials belong to rows, %u are there", table->name, info->dataset, info->schedule,
                       setup->first[table->info.rows], info->trials);
    return NB_OK;
}

static nb_status verify_setup(const nb_table *table, const nb_setup *setup, nb_error *err)
{
    const nb_setup_info *info = &setup->info;
    NB_TRY(verify_trials(table, setup, err));
    for (uint32_t trial = 0; trial < info->trials; trial++) {
        bool epochs = !setup->epochs || (setup->epochs[trial] > 0 && setup->epochs[trial] <= info->epochs);
        bool latency = !setup->latency_first || (setup->latency_first[trial] <= setup->latency_first[trial + 1] &&
                                                 setup->latency_first[trial + 1] <= setup->latency_count);
        bool order = !setup->eval_order || setup->eval_order[trial] < setup->order_count;
        if (!epochs || !latency || !order)
            return nb_fail(err, NB_ERR_CORRUPT, "%s: %s/%s: trial %u: %s out of range", table->name, info->dataset, info->schedule, trial,
                           !epochs    ? NB_TENSOR_EPOCHS
                           : !latency ? NB_TENSOR_LATENCY_FIRST
                                      : NB_TENSOR_EVAL_ORDER);
    }
    return NB_OK;
}

static nb_status verify_architectures(const nb_table *table, nb_error *err)
{
    for (uint32_t row = 0; row < table->info.rows; row++) {
        nb_arch arch;
        if (!nb_space_unpack(table->info.space, table->codes + (size_t)row * table->code_count, &arch) ||
            nb_table_row(table, &arch) != (int64_t)row)
            return nb_fail(err, NB_ERR_CORRUPT, "%s: tensor '%s': row %u is not found by its architecture", table->name, NB_TENSOR_ARCH,
                           row);
    }
    return NB_OK;
}

static nb_status verify_hashes(const nb_table *table, nb_error *err)
{
    if (!table->hashes)
        return NB_OK;
    uint8_t *expected = malloc((size_t)table->info.rows * NB_HASH_SIZE);
    if (!expected)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory to verify", table->name);
    nb_status status = NB_OK;
    table->info.space->hashes(table->indices, table->info.rows, expected);
    for (uint32_t row = 0; row < table->info.rows && status == NB_OK; row++) {
        const uint8_t *own = expected + (size_t)row * NB_HASH_SIZE;
        if (memcmp(own, nb_table_hash(table, row), NB_HASH_SIZE) != 0)
            status = nb_fail(err, NB_ERR_CORRUPT, "%s: tensor '%s': row %u: not the hash of its architecture", table->name,
                             NB_TENSOR_ARCH_HASH, row);
        else if (nb_table_row_of_hash(table, own) != (int64_t)row)
            status = nb_fail(err, NB_ERR_CORRUPT, "%s: tensor '%s': row %u is not found by its hash", table->name,
                             NB_TENSOR_ARCH_HASH_SLOTS, row);
    }
    free(expected);
    return status;
}

nb_status nb_table_verify(const nb_table *table, const nb_progress *progress, nb_error *err)
{
    NB_TRY(verify_sums(table, progress, err));
    NB_TRY(verify_architectures(table, err));
    NB_TRY(verify_hashes(table, err));
    for (uint32_t i = 0; i < table->setup_count; i++)
        NB_TRY(verify_setup(table, &table->setups[i], err));
    return NB_OK;
}

/* ---------------------------------------------------------------- rows */

const nb_table_info *nb_table_get_info(const nb_table *table)
{
    return &table->info;
}

nb_arch nb_table_arch(const nb_table *table, uint32_t row)
{
    nb_arch arch = {0};
    if (row < table->info.rows && !nb_space_unpack(table->info.space, table->codes + (size_t)row * table->code_count, &arch))
        arch = (nb_arch){0}; /* a damaged file: no architecture */
    return arch;
}

bool nb_table_is_evaluated(const nb_table *table, uint32_t row)
{
    return row < table->info.rows && (!table->evaluated || table->evaluated[row]);
}

/* The row of an official index, -1: none. */
static int64_t row_of_index(const nb_table *table, int64_t index)
{
    return index >= 0 && table->row_of ? table->row_of[index] : index;
}

int64_t nb_table_row(const nb_table *table, const nb_arch *arch)
{
    return row_of_index(table, nb_space_index(table->info.space, arch));
}

const uint8_t *nb_table_hash(const nb_table *table, uint32_t row)
{
    return table->hashes && row < table->info.rows ? table->hashes + (size_t)row * NB_HASH_SIZE : NULL;
}

int64_t nb_table_row_of_hash(const nb_table *table, const uint8_t hash[NB_TABLE_HASH_SIZE])
{
    return table->hashes ? nb_hash_slots_find(table->hashes, table->info.rows, table->slots, table->slot_count, hash) : -1;
}

int64_t nb_table_row_of_text(const nb_table *table, const char *text, size_t length)
{
    uint8_t hash[NB_HASH_SIZE];
    if (table->hashes && table->info.space->read_hash(text, length, hash))
        return nb_table_row_of_hash(table, hash);
    return row_of_index(table, nb_space_index_of_text(table->info.space, text, length));
}

int64_t nb_table_row_of_string(const nb_table *table, const char *text)
{
    return nb_table_row_of_text(table, text, strlen(text));
}

/* ---------------------------------------------------------------- setups */

const char *nb_table_schedule(const nb_table *table, uint32_t i)
{
    return i < table->schedule_count ? table->schedules[i] : NULL;
}

const char *nb_table_dataset(const nb_table *table, uint32_t i)
{
    return i < table->dataset_count ? table->datasets[i] : NULL;
}

int nb_table_setup(const nb_table *table, const char *dataset, const char *schedule)
{
    schedule = nb_schedule_canonical(schedule);
    int same_epochs = -1;
    for (uint32_t i = 0; i < table->setup_count; i++) {
        const nb_setup_info *info = &table->setups[i].info;
        if (strcmp(info->dataset, dataset) != 0)
            continue;
        if (strcmp(info->schedule, schedule) == 0)
            return (int)i;
        if (nb_schedule_same_epochs(info->schedule, schedule))
            same_epochs = (int)i;
    }
    return same_epochs;
}

const nb_setup_info *nb_table_setup_info(const nb_table *table, uint32_t setup)
{
    return setup < table->setup_count ? &table->setups[setup].info : NULL;
}

int nb_setup_find_split(const nb_setup *setup, const char *split)
{
    for (uint32_t i = 0; i < setup->info.split_count; i++) {
        if (strcmp(setup->info.splits[i], split) == 0)
            return (int)i;
    }
    return -1;
}

int nb_table_split(const nb_table *table, uint32_t setup, const char *split)
{
    if (setup >= table->setup_count)
        return -1;
    int found = nb_setup_find_split(&table->setups[setup], split);
    return found < 0 && strcmp(split, "valid") == 0 ? table->setups[setup].x_valid : found;
}

nb_coverage nb_table_coverage(const nb_table *table, uint32_t setup, uint32_t split, nb_metric metric)
{
    if (setup >= table->setup_count || split >= table->setups[setup].info.split_count || (unsigned)metric >= NB_METRIC_COUNT)
        return NB_COVERAGE_NONE;
    return nb_setup_curve(&table->setups[setup], split, metric)->coverage;
}

/* Whether a row has a trial in (dataset, schedule). */
static bool row_has(const nb_table *table, uint32_t row, uint32_t dataset, const char *schedule)
{
    uint32_t first;
    int setup = nb_table_setup(table, table->datasets[dataset], schedule);
    return setup >= 0 && nb_setup_trials(&table->setups[setup], row, &first) > 0;
}

/* The order that the file gives for a row under a schedule; NULL: the table's own. */
static const nb_order *order_of_row(const nb_table *table, uint32_t row, const char *schedule)
{
    for (uint32_t i = 0; i < table->schedule_count; i++) {
        if (strcmp(table->schedules[i], schedule) != 0 || !table->dataset_order_of_row[i])
            continue;
        uint8_t order = table->dataset_order_of_row[i][row];
        return order < table->dataset_order_count ? &table->dataset_orders[order] : NULL;
    }
    return NULL;
}

uint32_t nb_table_row_datasets(const nb_table *table, uint32_t row, const char *schedule, uint32_t *out, uint32_t capacity)
{
    if (row >= table->info.rows)
        return 0;
    schedule = nb_schedule_canonical(schedule);
    const nb_order *order = order_of_row(table, row, schedule);
    uint32_t listed = order ? order->count : table->dataset_count;
    uint32_t count = 0;
    for (uint32_t i = 0; i < listed; i++) {
        uint32_t dataset = order ? order->items[i] : i;
        if (!row_has(table, row, dataset, schedule))
            continue;
        if (count < capacity)
            out[count] = dataset;
        count++;
    }
    return count;
}

/* ---------------------------------------------------------------- trials */

uint32_t nb_table_trials(const nb_table *table, uint32_t setup, uint32_t row, uint32_t *first)
{
    *first = 0;
    if (setup >= table->setup_count || row >= table->info.rows)
        return 0;
    return nb_setup_trials(&table->setups[setup], row, first);
}

/* The setup of a trial that exists, NULL otherwise. */
static const nb_setup *setup_with_trial(const nb_table *table, uint32_t setup, uint32_t trial)
{
    if (setup >= table->setup_count || trial >= table->setups[setup].info.trials)
        return NULL;
    return &table->setups[setup];
}

uint32_t nb_table_trial_seed(const nb_table *table, uint32_t setup, uint32_t trial)
{
    const nb_setup *s = setup_with_trial(table, setup, trial);
    return s ? s->seed[trial] : 0;
}

uint32_t nb_table_trial_epochs(const nb_table *table, uint32_t setup, uint32_t trial)
{
    const nb_setup *s = setup_with_trial(table, setup, trial);
    return s ? nb_setup_epochs(s, trial) : 0;
}

double nb_table_trial_flops(const nb_table *table, uint32_t setup, uint32_t trial)
{
    const nb_setup *s = setup_with_trial(table, setup, trial);
    return s && s->flops.data ? nb_number_at(&s->flops, trial) : (double)NAN;
}

double nb_table_trial_params(const nb_table *table, uint32_t setup, uint32_t trial)
{
    const nb_setup *s = setup_with_trial(table, setup, trial);
    return s && s->params.data ? nb_number_at(&s->params, trial) : (double)NAN;
}

size_t nb_table_trial_latency(const nb_table *table, uint32_t setup, uint32_t trial, const double **values)
{
    const nb_setup *s = setup_with_trial(table, setup, trial);
    *values = NULL;
    return s ? nb_setup_latency(s, trial, values) : 0;
}

uint32_t nb_table_trial_eval_splits(const nb_table *table, uint32_t setup, uint32_t trial, uint32_t *out, uint32_t capacity)
{
    const nb_setup *s = setup_with_trial(table, setup, trial);
    if (!s)
        return 0;
    uint32_t number = s->eval_order ? s->eval_order[trial] : 0;
    const nb_order *order = &s->orders[number < s->order_count ? number : 0];
    for (uint32_t i = 0; i < order->count && i < capacity; i++)
        out[i] = order->items[i];
    return order->count;
}

bool nb_table_value(const nb_table *table, uint32_t setup, uint32_t trial, uint32_t split, nb_metric metric, uint32_t epoch, double *out)
{
    const nb_setup *s = setup_with_trial(table, setup, trial);
    *out = (double)NAN;
    if (!s || split >= s->info.split_count || (unsigned)metric >= NB_METRIC_COUNT || epoch >= nb_setup_epochs(s, trial))
        return false;
    return nb_curve_value(s, nb_setup_curve(s, split, metric), trial, epoch, out);
}
