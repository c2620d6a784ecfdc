/* The tensors of a table: each found by its name, checked for type, shape and place. */
#include "store/table_open.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "space/space.h"

#include "store/checksum.h"

enum { PARTS_MAX = 4 };

/* A name cut at its slashes. */
typedef struct name_parts {
    const char *text[PARTS_MAX];
    size_t length[PARTS_MAX];
    int count; /* PARTS_MAX + 1: more than that */
} name_parts;

static name_parts cut_name(const char *name)
{
    name_parts parts = {0};
    for (;;) {
        size_t length = strcspn(name, "/");
        if (parts.count == PARTS_MAX) {
            parts.count++;
            return parts;
        }
        parts.text[parts.count] = name;
        parts.length[parts.count++] = length;
        if (name[length] == '\0')
            return parts;
        name += length + 1;
    }
}

static bool part_is(const name_parts *parts, int i, const char *word)
{
    return strncmp(parts->text[i], word, parts->length[i]) == 0 && word[parts->length[i]] == '\0';
}

static nb_status wrong(const nb_table *table, const nb_st_tensor *tensor, const char *expected, nb_error *err)
{
    return nb_fail(err, NB_ERR_FORMAT, "%s: offset %llu: tensor '%s': %s expected, found %s of rank %u, %llu x %llu", table->name,
                   (unsigned long long)tensor->offset, tensor->name, expected, nb_dtype_name(tensor->dtype), tensor->rank,
                   (unsigned long long)(tensor->rank > 0 ? tensor->shape[0] : 1),
                   (unsigned long long)(tensor->rank > 1 ? tensor->shape[1] : 1));
}

/* A tensor of this element size (in bytes), this shape (columns 0: rank 1) that may be read in place. */
static bool has_shape(const nb_st_tensor *tensor, uint64_t rows, uint64_t columns)
{
    bool rank = tensor->rank == (columns ? 2u : 1u);
    return rank && tensor->shape[0] == rows && (!columns || tensor->shape[1] == columns);
}

static bool can_read(const nb_table *table, const nb_st_tensor *tensor)
{
    return ((uintptr_t)table->data + tensor->offset) % nb_dtype_size(tensor->dtype) == 0;
}

static nb_status take(const nb_table *table, const nb_st_tensor *tensor, nb_dtype dtype, uint64_t rows, const char *expected,
                      const void **out, nb_error *err)
{
    if (tensor->dtype != dtype || !has_shape(tensor, rows, 0) || !can_read(table, tensor))
        return wrong(table, tensor, expected, err);
    *out = tensor->data;
    return NB_OK;
}

static bool is_bytes(const nb_st_tensor *tensor)
{
    return tensor->dtype == NB_DTYPE_BOOL || tensor->dtype == NB_DTYPE_U8;
}

static nb_status take_bytes(const nb_table *table, const nb_st_tensor *tensor, uint64_t rows, uint64_t columns, const uint8_t **out,
                            nb_error *err)
{
    if (!is_bytes(tensor) || !has_shape(tensor, rows, columns))
        return wrong(table, tensor, "BOOL or U8 for each row or trial", err);
    *out = tensor->data;
    return NB_OK;
}

/* F64 or F32. */
static nb_status take_numbers(const nb_table *table, const nb_st_tensor *tensor, uint64_t rows, uint64_t columns, nb_numbers *out,
                              nb_error *err)
{
    bool type = tensor->dtype == NB_DTYPE_F64 || tensor->dtype == NB_DTYPE_F32;
    if (!type || !has_shape(tensor, rows, columns) || !can_read(table, tensor))
        return wrong(table, tensor, "F64 or F32 for each trial (and epoch)", err);
    if (out->data)
        return nb_fail(err, NB_ERR_FORMAT, "%s: tensor '%s': these values are stored in another way, too", table->name, tensor->name);
    *out = (nb_numbers){.data = tensor->data, .narrow = tensor->dtype == NB_DTYPE_F32};
    return NB_OK;
}

/* ---------------------------------------------------------------- the whole table */

/* Rows in an order of their own: the way from an index to its row is made here. */
static nb_status take_indices(nb_table *table, const nb_st_tensor *tensor, nb_error *err)
{
    size_t size = nb_space_size(table->info.space);
    const void *data = NULL;
    NB_TRY(take(table, tensor, NB_DTYPE_U32, table->info.rows, "U32 for each row", &data, err));
    table->indices = data;
    table->row_of = malloc(size * sizeof *table->row_of);
    if (!table->row_of)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for %u architectures", table->name, table->info.rows);
    memset(table->row_of, 0xff, size * sizeof *table->row_of);
    for (uint32_t row = 0; row < table->info.rows; row++) {
        uint32_t index = table->indices[row];
        if (index >= size || table->row_of[index] >= 0)
            return nb_fail(err, NB_ERR_FORMAT, "%s: tensor '%s': row %u: index %u is %s", table->name, tensor->name, row, index,
                           index >= size ? "not in the space" : "there twice");
        table->row_of[index] = (int32_t)row;
    }
    return NB_OK;
}

/* Published hashes and the way from a hash to its row; a table of another program may do without. */
static nb_status take_hashes(nb_table *table, nb_error *err)
{
    const nb_st_tensor *hashes = nb_safetensors_find(&table->file, NB_TENSOR_ARCH_HASH);
    const nb_st_tensor *slots = nb_safetensors_find(&table->file, NB_TENSOR_ARCH_HASH_SLOTS);
    if (!table->info.space->hashes || !hashes || !slots)
        return NB_OK;
    const void *data = NULL;
    const uint64_t count = slots->rank == 1 ? slots->shape[0] : 0;
    if (hashes->dtype != NB_DTYPE_U8 || !has_shape(hashes, table->info.rows, NB_HASH_SIZE))
        return wrong(table, hashes, "U8 of 16 bytes for each architecture", err);
    if (count > UINT32_MAX / 2 || count <= table->info.rows || (count & (count - 1)) != 0)
        return wrong(table, slots, "U32 of a power of two, more than there are architectures", err);
    NB_TRY(take(table, slots, NB_DTYPE_U32, count, "U32 for each slot", &data, err));
    table->hashes = hashes->data;
    table->slots = data;
    table->slot_count = (uint32_t)count;
    return NB_OK;
}

static nb_status take_architectures(nb_table *table, nb_error *err)
{
    const nb_st_tensor *codes = nb_safetensors_find(&table->file, NB_TENSOR_ARCH);
    const nb_space *space = table->info.space;
    if (!codes)
        return nb_fail(err, NB_ERR_FORMAT, "%s: not a nasbench table: no tensor '%s'", table->name, NB_TENSOR_ARCH);
    if (codes->dtype != NB_DTYPE_U8 || codes->rank != 2 || codes->shape[0] == 0 || codes->shape[0] > nb_space_size(space) ||
        codes->shape[1] != space->code_count)
        return wrong(table, codes, "U8 of one row of codes for each architecture", err);
    table->info.rows = (uint32_t)codes->shape[0];
    table->code_count = (uint32_t)space->code_count;
    table->codes = codes->data;
    NB_TRY(take_hashes(table, err));

    const nb_st_tensor *indices = nb_safetensors_find(&table->file, NB_TENSOR_ARCH_INDEX);
    if (indices)
        return take_indices(table, indices, err);
    if (table->info.rows != nb_space_size(space))
        return nb_fail(err, NB_ERR_FORMAT, "%s: %u architectures and no tensor '%s'; the space has %llu", table->name, table->info.rows,
                       NB_TENSOR_ARCH_INDEX, (unsigned long long)nb_space_size(space));
    return NB_OK;
}

static nb_status take_evaluated(nb_table *table, nb_error *err)
{
    const nb_st_tensor *tensor = nb_safetensors_find(&table->file, NB_TENSOR_EVALUATED);
    table->info.evaluated = table->info.rows;
    if (!tensor)
        return NB_OK;
    NB_TRY(take_bytes(table, tensor, table->info.rows, 0, &table->evaluated, err));
    uint32_t count = 0;
    for (uint32_t row = 0; row < table->info.rows; row++)
        count += table->evaluated[row] != 0;
    table->info.evaluated = count;
    return NB_OK;
}

/* What the table knows of rows beside their trials. */
static nb_status take_row_facts(nb_table *table, nb_error *err)
{
    uint64_t rows = table->info.rows;
    const nb_st_tensor *order = nb_safetensors_find(&table->file, NB_TENSOR_SOURCE_ORDER);
    const nb_st_tensor *params = nb_safetensors_find(&table->file, NB_TENSOR_ROW_PARAMS);
    const nb_st_tensor *flops = nb_safetensors_find(&table->file, NB_TENSOR_ROW_FLOPS);
    const void *data = NULL;
    if (order) {
        NB_TRY(take(table, order, NB_DTYPE_U32, rows, "U32 for each row", &data, err));
        table->source_order = data;
    }
    if (params) {
        NB_TRY(take(table, params, NB_DTYPE_U32, rows, "U32 for each row", &data, err));
        table->row_params = data;
    }
    if (flops) {
        NB_TRY(take(table, flops, NB_DTYPE_U64, rows, "U64 for each row", &data, err));
        table->row_flops = data;
    }
    return NB_OK;
}

/* dataset_order/<schedule> */
static nb_status take_dataset_order(nb_table *table, const nb_st_tensor *tensor, const name_parts *parts, nb_error *err)
{
    for (uint32_t i = 0; i < table->schedule_count; i++) {
        if (part_is(parts, 1, table->schedules[i]))
            return take_bytes(table, tensor, table->info.rows, 0, &table->dataset_order_of_row[i], err);
    }
    return NB_OK;
}

/* The header's sum: catches an altered header for the price of reading it once more. The sums of the tensors are for nb_table_verify().
 * A table without checksums says so, or else an altered name of the tensor would turn the check off. */
static nb_status check_header_sum(const nb_table *table, nb_error *err)
{
    const nb_st_tensor *sums = nb_safetensors_find(&table->file, NB_TENSOR_CHECKSUM);
    const char *said = nb_safetensors_metadata(&table->file, NB_META_CHECKSUMS);
    if (!sums && said && strcmp(said, "none") == 0)
        return NB_OK;
    if (!sums)
        return nb_fail(err, NB_ERR_FORMAT, "%s: no tensor '%s'", table->name, NB_TENSOR_CHECKSUM);
    uint64_t header_size = 8 + table->file.header_size;
    if (sums->dtype != NB_DTYPE_U64 || !has_shape(sums, table->file.count, 0) || sums->offset != header_size || !can_read(table, sums))
        return wrong(table, sums, "U64, one for the header and each other tensor, as the first tensor", err);
    uint64_t found = nb_checksum(table->data, 1, header_size, 0);
    uint64_t expected = *(const uint64_t *)sums->data;
    if (found == expected)
        return NB_OK;
    return nb_fail(err, NB_ERR_CORRUPT, "%s: offset 0: the header was altered: checksum %016llx expected, found %016llx", table->name,
                   (unsigned long long)expected, (unsigned long long)found);
}

/* ---------------------------------------------------------------- a setup */

static nb_setup *setup_of(nb_table *table, const name_parts *parts)
{
    for (uint32_t i = 0; i < table->setup_count; i++) {
        if (part_is(parts, 1, table->setups[i].info.schedule) && part_is(parts, 0, table->setups[i].info.dataset))
            return &table->setups[i];
    }
    return NULL;
}

static nb_status take_latency(const nb_table *table, const nb_st_tensor *tensor, nb_setup *setup, nb_error *err)
{
    const void *data = NULL;
    setup->latency_count = tensor->rank == 1 ? tensor->shape[0] : 0;
    NB_TRY(take(table, tensor, NB_DTYPE_F64, setup->latency_count, "a list of F64", &data, err));
    setup->latency = data;
    return NB_OK;
}

/* A column of one number for each trial, or of one number for all. */
static nb_status take_column(const nb_table *table, const nb_st_tensor *tensor, const nb_setup *setup, nb_column *column, nb_error *err)
{
    nb_dtype type = tensor->dtype;
    bool same = type == NB_DTYPE_F64 && has_shape(tensor, 1, 0);
    bool count = type == NB_DTYPE_U16 && setup->images > 0;
    bool number = type == NB_DTYPE_F32 || type == NB_DTYPE_F64;
    if ((!count && !number) || !(same || has_shape(tensor, setup->info.trials, 0)) || !can_read(table, tensor))
        return wrong(table, tensor, "F64, F32 or U16 for each trial, or one F64 for all", err);
    *column = (nb_column){.data = tensor->data,
                          .kind = same    ? NB_COLUMN_SAME
                                  : count ? NB_COLUMN_COUNT
                                          : (type == NB_DTYPE_F32 ? NB_COLUMN_F32 : NB_COLUMN_F64),
                          .images = setup->images};
    return NB_OK;
}

/* Cuts ".p" and a digit off; -1: they are not there. */
static int cut_point(const char *text, size_t *length)
{
    const size_t size = sizeof NB_SUFFIX_POINT - 1;
    if (*length < size + 1 || text[*length - 1] < '0' || text[*length - 1] > '9' ||
        memcmp(text + *length - size - 1, NB_SUFFIX_POINT, size) != 0)
        return -1;
    *length -= size + 1;
    return text[*length + size] - '0';
}

/* epoch.p<point>, total_time */
static nb_status take_run_column(const nb_table *table, const nb_st_tensor *tensor, const name_parts *parts, nb_setup *setup, nb_error *err)
{
    size_t length = parts->length[2];
    uint32_t splits = setup->info.split_count;
    if (part_is(parts, 2, NB_TENSOR_TOTAL_TIME))
        return take_column(table, tensor, setup, &setup->columns[nb_point_total(splits, setup->points)], err);
    int point = cut_point(parts->text[2], &length);
    bool epoch = length == strlen(NB_TENSOR_POINT_EPOCH) && memcmp(parts->text[2], NB_TENSOR_POINT_EPOCH, length) == 0;
    if (point < 0 || !epoch || (uint32_t)point >= setup->points)
        return NB_OK;
    return take_column(table, tensor, setup, &setup->columns[nb_point_column(splits, (uint32_t)point, NB_POINT_EPOCH)], err);
}

/* <dataset>/<schedule>/<name>; names that are not ours are left alone. */
static nb_status take_setup_tensor(const nb_table *table, const nb_st_tensor *tensor, const name_parts *parts, nb_setup *setup,
                                   nb_error *err)
{
    uint64_t trials = setup->info.trials;
    const void *data = NULL;
    if (part_is(parts, 2, NB_TENSOR_FIRST)) {
        NB_TRY(take(table, tensor, NB_DTYPE_U32, (uint64_t)table->info.rows + 1, "U32 for each row and one more", &data, err));
        setup->first = data;
    } else if (part_is(parts, 2, NB_TENSOR_SEED)) {
        NB_TRY(take(table, tensor, NB_DTYPE_U32, trials, "U32 for each trial", &data, err));
        setup->seed = data;
    } else if (part_is(parts, 2, NB_TENSOR_EPOCHS)) {
        NB_TRY(take(table, tensor, NB_DTYPE_U32, trials, "U32 for each trial", &data, err));
        setup->epochs = data;
        setup->info.epochs_vary = true;
    } else if (part_is(parts, 2, NB_TENSOR_FLOPS)) {
        return take_numbers(table, tensor, trials, 0, &setup->flops, err);
    } else if (part_is(parts, 2, NB_TENSOR_PARAMS)) {
        return take_numbers(table, tensor, trials, 0, &setup->params, err);
    } else if (part_is(parts, 2, NB_TENSOR_LATENCY)) {
        return take_latency(table, tensor, setup, err);
    } else if (part_is(parts, 2, NB_TENSOR_LATENCY_FIRST)) {
        NB_TRY(take(table, tensor, NB_DTYPE_U64, trials + 1, "U64 for each trial and one more", &data, err));
        setup->latency_first = data;
    } else if (part_is(parts, 2, NB_TENSOR_EVAL_ORDER)) {
        return take_bytes(table, tensor, trials, 0, &setup->eval_order, err);
    } else if (setup->points > 0) {
        return take_run_column(table, tensor, parts, setup, err);
    }
    return NB_OK;
}

/* What the last part of a curve's name says. */
typedef struct curve_name {
    int metric; /* -1: not one of ours */
    nb_coverage coverage;
    bool mask;
    bool total;
    bool wrong;
    int point; /* -1: none */
} curve_name;

static bool cut_suffix(const char *text, size_t *length, const char *suffix)
{
    size_t size = strlen(suffix);
    if (*length < size || memcmp(text + *length - size, suffix, size) != 0)
        return false;
    *length -= size;
    return true;
}

static curve_name read_curve_name(const char *text, size_t length)
{
    curve_name name = {.metric = -1, .coverage = NB_COVERAGE_FULL, .point = cut_point(text, &length)};
    name.mask = cut_suffix(text, &length, NB_SUFFIX_MEASURED);
    name.total = !name.mask && cut_suffix(text, &length, NB_SUFFIX_TOTAL);
    if (cut_suffix(text, &length, NB_SUFFIX_LAST))
        name.coverage = NB_COVERAGE_LAST;
    else if (cut_suffix(text, &length, NB_SUFFIX_CONSTANT))
        name.coverage = NB_COVERAGE_CONSTANT;
    for (int i = 0; i < NB_METRIC_COUNT; i++) {
        const char *metric = nb_metric_name((nb_metric)i);
        size_t size = strlen(metric);
        if (length >= size && memcmp(text, metric, size) == 0 && (length == size || text[size] == '.')) {
            name.metric = i;
            name.wrong = length != size || (name.total && i != NB_METRIC_TIME);
        }
    }
    return name;
}

static int split_of(const nb_setup *setup, const name_parts *parts)
{
    for (uint32_t i = 0; i < setup->info.split_count; i++) {
        if (part_is(parts, 2, setup->info.splits[i]))
            return (int)i;
    }
    return -1;
}

/* <split>/<metric>.p<point>; other metrics are not ours. */
static nb_status take_point(const nb_table *table, const nb_st_tensor *tensor, nb_setup *setup, int split, const curve_name *name,
                            nb_error *err)
{
    bool timed = name->metric == NB_METRIC_TIME && split == 0;
    if ((uint32_t)name->point >= setup->points || (!timed && name->metric != NB_METRIC_ACCURACY))
        return nb_fail(err, NB_ERR_FORMAT, "%s: tensor '%s': the setup has %u points, with accuracies and times of training", table->name,
                       tensor->name, setup->points);
    uint32_t what = timed ? NB_POINT_TIME : NB_POINT_ACCURACY + (uint32_t)split;
    return take_column(table, tensor, setup, &setup->columns[nb_point_column(setup->info.split_count, (uint32_t)name->point, what)], err);
}

static nb_status take_total(const nb_table *table, const nb_st_tensor *tensor, nb_setup *setup, int split, nb_error *err)
{
    const void *data = NULL;
    NB_TRY(take(table, tensor, NB_DTYPE_F64, setup->info.trials, "F64 for each trial", &data, err));
    setup->totals[split] = data;
    return NB_OK;
}

/* <dataset>/<schedule>/<split>/<metric>, in the first pass the values, in the second the masks. */
static nb_status take_curve(const nb_table *table, const nb_st_tensor *tensor, const name_parts *parts, nb_setup *setup, bool masks,
                            nb_error *err)
{
    curve_name name = read_curve_name(parts->text[3], parts->length[3]);
    if (name.metric < 0 || name.mask != masks)
        return NB_OK;
    int split = split_of(setup, parts);
    if (split < 0 || name.wrong)
        return nb_fail(err, NB_ERR_FORMAT, "%s: tensor '%s': %s", table->name, tensor->name,
                       split < 0 ? "its split is not in the setup's list" : "an unknown ending");
    if (name.point >= 0)
        return take_point(table, tensor, setup, split, &name, err);
    if (name.total)
        return take_total(table, tensor, setup, split, err);
    nb_curve_view *curve = &setup->curves[split * NB_METRIC_COUNT + name.metric];
    bool full = name.coverage == NB_COVERAGE_FULL;
    uint64_t rows = full ? setup->info.epochs : setup->info.trials;
    uint64_t columns = full ? setup->info.trials : 0;
    if (!masks) {
        NB_TRY(take_numbers(table, tensor, rows, columns, &curve->values, err));
        curve->coverage = name.coverage;
        return NB_OK;
    }
    if (curve->coverage != name.coverage)
        return nb_fail(err, NB_ERR_FORMAT, "%s: tensor '%s': there are no values that it belongs to", table->name, tensor->name);
    return take_bytes(table, tensor, rows, columns, &curve->measured, err);
}

static nb_status take_tensor(nb_table *table, const nb_st_tensor *tensor, bool masks, nb_error *err)
{
    name_parts parts = cut_name(tensor->name);
    if (parts.count == 2 && !masks && part_is(&parts, 0, NB_TENSOR_DATASET_ORDER))
        return take_dataset_order(table, tensor, &parts, err);
    if (parts.count != 3 && parts.count != 4)
        return NB_OK;
    nb_setup *setup = setup_of(table, &parts);
    if (!setup)
        return NB_OK;
    if (parts.count == 4)
        return take_curve(table, tensor, &parts, setup, masks, err);
    return masks ? NB_OK : take_setup_tensor(table, tensor, &parts, setup, err);
}

/* Every column must be there; then the curves are known to be, too. */
static nb_status finish_points(const nb_table *table, nb_setup *setup, nb_error *err)
{
    const nb_setup_info *info = &setup->info;
    for (uint32_t i = 0; i <= nb_point_total(info->split_count, setup->points); i++)
        if (setup->columns[i].kind == NB_COLUMN_NONE)
            return nb_fail(err, NB_ERR_FORMAT, "%s: setup %s/%s: %u points, but not all of their tensors", table->name, info->dataset,
                           info->schedule, setup->points);
    for (uint32_t split = 0; split < info->split_count; split++) {
        setup->curves[split * NB_METRIC_COUNT + NB_METRIC_ACCURACY].coverage = NB_COVERAGE_POINTS;
        if (split == 0)
            setup->curves[NB_METRIC_TIME].coverage = NB_COVERAGE_POINTS;
    }
    uint32_t runs = info->trials / table->info.rows;
    if (runs == 0 || info->trials % table->info.rows != 0)
        return nb_fail(err, NB_ERR_FORMAT, "%s: setup %s/%s: %u trials of %u rows", table->name, info->dataset, info->schedule,
                       info->trials, table->info.rows);
    if (table->row_params && !setup->params.data)
        setup->params = (nb_numbers){.data = table->row_params, .whole = sizeof *table->row_params, .of_row = runs};
    if (table->row_flops && !setup->flops.data)
        setup->flops = (nb_numbers){.data = table->row_flops, .whole = sizeof *table->row_flops, .of_row = runs};
    return NB_OK;
}

static nb_status finish_setup(nb_table *table, nb_setup *setup, nb_error *err)
{
    const nb_setup_info *info = &setup->info;
    if (setup->points > 0)
        NB_TRY(finish_points(table, setup, err));
    if (!setup->first || !setup->seed)
        return nb_fail(err, NB_ERR_FORMAT, "%s: setup %s/%s: no tensor '%s'", table->name, info->dataset, info->schedule,
                       setup->first ? NB_TENSOR_SEED : NB_TENSOR_FIRST);
    if (setup->latency && !setup->latency_first && setup->latency_count != info->trials)
        return nb_fail(err, NB_ERR_FORMAT, "%s: setup %s/%s: %llu latencies for %u trials and no tensor '%s'", table->name, info->dataset,
                       info->schedule, (unsigned long long)setup->latency_count, info->trials, NB_TENSOR_LATENCY_FIRST);
    setup->train = nb_setup_find_split(setup, NB_SPLIT_TRAIN);
    setup->x_valid = nb_setup_find_split(setup, "x-valid");
    setup->x_test = nb_setup_find_split(setup, "x-test");
    setup->ori_test = nb_setup_find_split(setup, "ori-test");
    table->info.trials += info->trials;
    return NB_OK;
}

nb_status nb_table_read_tensors(nb_table *table, nb_error *err)
{
    NB_TRY(check_header_sum(table, err));
    NB_TRY(take_architectures(table, err));
    NB_TRY(take_evaluated(table, err));
    NB_TRY(take_row_facts(table, err));
    for (uint32_t i = 0; i < table->setup_count; i++) {
        nb_setup *setup = &table->setups[i];
        setup->curves = calloc((size_t)setup->info.split_count * NB_METRIC_COUNT + 1, sizeof *setup->curves);
        setup->totals = calloc((size_t)setup->info.split_count + 1, sizeof *setup->totals);
        if (setup->points > 0)
            setup->columns = calloc((size_t)nb_point_total(setup->info.split_count, setup->points) + 1, sizeof *setup->columns);
        if (!setup->curves || !setup->totals || (setup->points > 0 && !setup->columns))
            return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for the curves of a setup", table->name);
    }
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < table->file.count; i++)
            NB_TRY(take_tensor(table, &table->file.tensors[i], pass == 1, err));
    }
    for (uint32_t i = 0; i < table->setup_count; i++)
        NB_TRY(finish_setup(table, &table->setups[i], err));
    return NB_OK;
}
