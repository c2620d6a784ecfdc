#include "nasbench/record.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/safetensors.h"
#include "store/record.h"

#define FORMAT_NAME "nasbench record 1"
#define FORMAT_FAMILY "nasbench record "
#define MAX_EPOCHS 1000000
#define MAX_FILE ((size_t)4 << 30)
#define NAME_SIZE 256 /* of tensors and metadata keys that this file makes */

/* ---- making ---- */

static nb_status no_memory(nb_error *err)
{
    return nb_fail(err, NB_ERR_MEMORY, "no memory for a record");
}

nb_status nb_record_new(const char *space, const char *arch, const char *dataset, const char *schedule, const char *genotype,
                        uint32_t epochs, nb_record **out, nb_error *err)
{
    *out = NULL;
    if (epochs == 0 || epochs > MAX_EPOCHS)
        return nb_fail(err, NB_ERR_ARGUMENT, "record: %u epochs, expected 1 to %d", epochs, MAX_EPOCHS);
    nb_record *record = calloc(1, sizeof *record);
    if (!record)
        return no_memory(err);
    record->space = strdup(space ? space : "");
    record->arch = strdup(arch);
    record->dataset = strdup(dataset);
    record->schedule = strdup(schedule);
    record->genotype = strdup(genotype ? genotype : "");
    record->epochs = epochs;
    record->flops = record->params = (double)NAN;
    if (!record->space || !record->arch || !record->dataset || !record->schedule || !record->genotype) {
        nb_record_free(record);
        return no_memory(err);
    }
    *out = record;
    return NB_OK;
}

void nb_record_free(nb_record *record)
{
    if (!record)
        return;
    nb_record_drop_weights(record);
    for (size_t i = 0; i < record->curve_count; i++) {
        free(record->curves[i].split);
        free(record->curves[i].values);
    }
    for (size_t i = 0; i < record->setting_count; i++) {
        free(record->settings[i].name);
        free(record->settings[i].value);
    }
    free(record->curves);
    free(record->settings);
    free(record->latency);
    free(record->space);
    free(record->arch);
    free(record->dataset);
    free(record->schedule);
    free(record->genotype);
    free(record);
}

void nb_record_drop_weights(nb_record *record)
{
    for (size_t i = 0; i < record->weight_count; i++) {
        free(record->weights[i].name);
        free(record->weights[i].data);
    }
    free(record->weights);
    record->weights = NULL;
    record->weight_count = 0;
}

static nb_record_curve *find_curve(const nb_record *record, const char *split, nb_metric metric)
{
    for (size_t i = 0; i < record->curve_count; i++)
        if (record->curves[i].metric == metric && strcmp(record->curves[i].split, split) == 0)
            return &record->curves[i];
    return NULL;
}

nb_status nb_record_curve_of(nb_record *record, const char *split, nb_metric metric, double **values, nb_error *err)
{
    nb_record_curve *curve = find_curve(record, split, metric);
    if (curve) {
        *values = curve->values;
        return NB_OK;
    }
    if (!nb_metric_name(metric) || *split == '\0' || strchr(split, '/') || strlen(split) > NAME_SIZE / 2)
        return nb_fail(err, NB_ERR_ARGUMENT, "record: no curve can be called '%.80s', metric %d", split, (int)metric);
    nb_record_curve *curves = realloc(record->curves, (record->curve_count + 1) * sizeof *curves);
    if (!curves)
        return no_memory(err);
    record->curves = curves;
    curve = &curves[record->curve_count];
    *curve = (nb_record_curve){.split = strdup(split), .metric = metric, .values = malloc(record->epochs * sizeof *curve->values)};
    if (!curve->split || !curve->values) {
        free(curve->split);
        free(curve->values);
        return no_memory(err);
    }
    for (uint32_t i = 0; i < record->epochs; i++)
        curve->values[i] = (double)NAN;
    record->curve_count++;
    *values = curve->values;
    return NB_OK;
}

/* Takes ownership of `value`. */
static nb_status put_setting(nb_record *record, const char *name, char *value, nb_error *err)
{
    if (!value)
        return no_memory(err);
    for (size_t i = 0; i < record->setting_count; i++)
        if (strcmp(record->settings[i].name, name) == 0) {
            free(record->settings[i].value);
            record->settings[i].value = value;
            return NB_OK;
        }
    nb_record_setting *settings = realloc(record->settings, (record->setting_count + 1) * sizeof *settings);
    if (settings)
        record->settings = settings;
    char *copy = strdup(name);
    if (!settings || !copy) {
        free(copy);
        free(value);
        return no_memory(err);
    }
    settings[record->setting_count++] = (nb_record_setting){copy, value};
    return NB_OK;
}

nb_status nb_record_set(nb_record *record, nb_error *err, const char *name, const char *format, ...)
{
    char *value = NULL;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&value, format, args);
    va_end(args);
    return put_setting(record, name, length < 0 ? NULL : value, err);
}

nb_status nb_record_set_latency(nb_record *record, const double *values, size_t count, nb_error *err)
{
    double *copy = malloc(count * sizeof *copy + 1);
    if (!copy)
        return no_memory(err);
    if (count > 0)
        memcpy(copy, values, count * sizeof *copy);
    free(record->latency);
    record->latency = copy;
    record->latency_count = count;
    return NB_OK;
}

static size_t weight_elements(uint32_t rank, const uint64_t *shape)
{
    size_t count = 1;
    for (uint32_t i = 0; i < rank; i++)
        count *= shape[i];
    return count;
}

static size_t weight_bytes(const nb_weight *weight)
{
    return weight_elements(weight->rank, weight->shape) * (weight->type == NB_WEIGHT_F32 ? sizeof(float) : sizeof(int64_t));
}

nb_status nb_record_add_weight(nb_record *record, const char *name, nb_weight_type type, uint32_t rank, const uint64_t *shape,
                               const void *data, nb_error *err)
{
    if (rank > 4 || strlen(name) > NAME_SIZE / 2)
        return nb_fail(err, NB_ERR_ARGUMENT, "record: weight '%.80s' of rank %u, expected at most 4", name, rank);
    nb_weight *weights = realloc(record->weights, (record->weight_count + 1) * sizeof *weights);
    if (!weights)
        return no_memory(err);
    record->weights = weights;
    nb_weight *weight = &weights[record->weight_count];
    *weight = (nb_weight){.name = strdup(name), .type = type, .rank = rank};
    for (uint32_t axis = 0; axis < rank; axis++) /* rank 0 may come without a shape */
        weight->shape[axis] = shape[axis];
    size_t bytes = weight_bytes(weight);
    weight->data = malloc(bytes + 1);
    if (!weight->name || !weight->data) {
        free(weight->name);
        free(weight->data);
        return no_memory(err);
    }
    memcpy(weight->data, data, bytes);
    record->weight_count++;
    return NB_OK;
}

/* ---- using ---- */

bool nb_record_value(const nb_record *record, const char *split, nb_metric metric, uint32_t epoch, double *out)
{
    const nb_record_curve *curve = find_curve(record, split, metric);
    *out = curve && epoch < record->epochs ? curve->values[epoch] : (double)NAN;
    return !isnan(*out);
}

const char *nb_record_setting_of(const nb_record *record, const char *name)
{
    for (size_t i = 0; i < record->setting_count; i++)
        if (strcmp(record->settings[i].name, name) == 0)
            return record->settings[i].value;
    return NULL;
}

const nb_weight *nb_record_weight(const nb_record *record, const char *name)
{
    for (size_t i = 0; i < record->weight_count; i++)
        if (strcmp(record->weights[i].name, name) == 0)
            return &record->weights[i];
    return NULL;
}

/* The measured epochs of a curve as the table's writer takes them. `present` has room for all epochs. */
static nb_curve table_curve(const nb_record *record, const nb_record_curve *curve, uint8_t *present)
{
    uint32_t first = 0, end = record->epochs;
    while (first < end && isnan(curve->values[first]))
        first++;
    while (end > first && isnan(curve->values[end - 1]))
        end--;
    for (uint32_t i = first; i < end; i++)
        present[i - first] = (uint8_t)(isnan(curve->values[i]) ? 0 : 1);
    return (nb_curve){.split = curve->split,
                      .metric = curve->metric,
                      .first_epoch = first,
                      .count = end - first,
                      .values = curve->values + first,
                      .present = present};
}

/* Evaluation sets in the order of their first curve. Returns their number. */
static size_t list_eval_names(const nb_record *record, const char **names)
{
    size_t count = 0;
    for (size_t i = 0; i < record->curve_count; i++) {
        const char *split = record->curves[i].split;
        size_t known = 0;
        while (known < count && strcmp(names[known], split) != 0)
            known++;
        if (known == count && strcmp(split, "train") != 0)
            names[count++] = split;
    }
    return count;
}

nb_status nb_record_trial_init(nb_record_trial *out, const nb_record *record, uint32_t row, nb_error *err)
{
    size_t curves = record->curve_count;
    *out = (nb_record_trial){.curves = malloc(curves * sizeof *out->curves + 1),
                             .names = malloc(curves * sizeof *out->names + 1),
                             .present = malloc(curves * record->epochs + 1)};
    if (!out->curves || !out->names || !out->present) {
        nb_record_trial_free(out);
        return no_memory(err);
    }
    size_t used = 0;
    for (size_t i = 0; i < curves; i++) {
        out->curves[used] = table_curve(record, &record->curves[i], out->present + i * record->epochs);
        used += out->curves[used].count > 0;
    }
    out->trial = (nb_trial){.row = row,
                            .dataset = record->dataset,
                            .schedule = record->schedule,
                            .seed = record->seed,
                            .epochs = record->epochs,
                            .flops = record->flops,
                            .params = record->params,
                            .latency = record->latency,
                            .latency_count = record->latency_count,
                            .curves = out->curves,
                            .curve_count = used,
                            .eval_names = out->names,
                            .eval_name_count = list_eval_names(record, out->names),
                            .config = {.channels = record->channels,
                                       .cells = record->cells,
                                       .classes = record->classes,
                                       .genotype = *record->genotype ? record->genotype : NULL}};
    return NB_OK;
}

void nb_record_trial_free(nb_record_trial *trial)
{
    free(trial->curves);
    free(trial->names);
    free(trial->present);
    *trial = (nb_record_trial){0};
}

nb_status nb_record_add_to_table(const nb_record *record, nb_table_writer *writer, uint32_t row, nb_error *err)
{
    nb_record_trial trial;
    NB_TRY(nb_record_trial_init(&trial, record, row, err));
    nb_status status = nb_table_writer_add(writer, &trial.trial, err);
    nb_record_trial_free(&trial);
    return status;
}

/* ---- writing ---- */

/* What a file is put together from: tensors and metadata, with room for the names that have to be made. */
typedef struct layout {
    nb_st_tensor *tensors;
    size_t tensor_count;
    nb_st_metadata *metadata;
    size_t metadata_count;
    char (*names)[NAME_SIZE];
    size_t name_count;
} layout;

static void add_tensor(layout *out, const char *name, nb_dtype dtype, uint32_t rank, const uint64_t *shape, const void *data)
{
    nb_st_tensor *tensor = &out->tensors[out->tensor_count++];
    *tensor = (nb_st_tensor){.name = name, .dtype = dtype, .rank = rank, .data = data};
    for (uint32_t i = 0; i < rank; i++)
        tensor->shape[i] = shape[i];
}

static const char *make_name(layout *out, const char *format, ...) NB_PRINTF(2, 3);
static const char *make_name(layout *out, const char *format, ...)
{
    char *name = out->names[out->name_count++];
    va_list args;
    va_start(args, format);
    vsnprintf(name, NAME_SIZE, format, args);
    va_end(args);
    return name;
}

static void add_metadata(layout *out, const char *key, const char *value)
{
    out->metadata[out->metadata_count++] = (nb_st_metadata){key, value};
}

static void lay_out_metadata(const nb_record *record, layout *out)
{
    add_metadata(out, "format", FORMAT_NAME);
    add_metadata(out, "space", record->space);
    add_metadata(out, "arch", record->arch);
    add_metadata(out, "dataset", record->dataset);
    add_metadata(out, "schedule", record->schedule);
    add_metadata(out, "genotype", record->genotype);
    add_metadata(out, "seed", make_name(out, "%" PRIu32, record->seed));
    add_metadata(out, "epochs", make_name(out, "%" PRIu32, record->epochs));
    add_metadata(out, "channels", make_name(out, "%" PRIu32, record->channels));
    add_metadata(out, "cells", make_name(out, "%" PRIu32, record->cells));
    add_metadata(out, "classes", make_name(out, "%" PRIu32, record->classes));
    for (size_t i = 0; i < record->setting_count; i++)
        add_metadata(out, make_name(out, "setting.%s", record->settings[i].name), record->settings[i].value);
}

static void lay_out_tensors(const nb_record *record, layout *out)
{
    add_tensor(out, "flops", NB_DTYPE_F64, 0, NULL, &record->flops);
    add_tensor(out, "params", NB_DTYPE_F64, 0, NULL, &record->params);
    if (record->latency_count > 0)
        add_tensor(out, "latency", NB_DTYPE_F64, 1, &(uint64_t){record->latency_count}, record->latency);
    for (size_t i = 0; i < record->curve_count; i++) {
        const nb_record_curve *curve = &record->curves[i];
        const char *name = make_name(out, "curve/%s/%s", curve->split, nb_metric_name(curve->metric));
        add_tensor(out, name, NB_DTYPE_F64, 1, &(uint64_t){record->epochs}, curve->values);
    }
    for (size_t i = 0; i < record->weight_count; i++) {
        const nb_weight *weight = &record->weights[i];
        add_tensor(out, make_name(out, "weight/%s", weight->name), weight->type == NB_WEIGHT_F32 ? NB_DTYPE_F32 : NB_DTYPE_I64,
                   weight->rank, weight->shape, weight->data);
    }
}

nb_status nb_record_write(const nb_record *record, const char *path, nb_error *err)
{
    size_t tensors = 3 + record->curve_count + record->weight_count, metadata = 11 + record->setting_count;
    layout out = {.tensors = malloc(tensors * sizeof *out.tensors),
                  .metadata = malloc(metadata * sizeof *out.metadata),
                  .names = malloc((tensors + metadata) * sizeof *out.names)};
    nb_status status = NB_ERR_MEMORY;
    if (out.tensors && out.metadata && out.names) {
        lay_out_metadata(record, &out);
        lay_out_tensors(record, &out);
        status = nb_safetensors_write(path, out.tensors, out.tensor_count, out.metadata, out.metadata_count, err);
    } else {
        no_memory(err);
    }
    free(out.tensors);
    free(out.metadata);
    free(out.names);
    return status;
}

/* ---- reading ---- */

/* A parsed file and what it is called in messages. */
typedef struct source {
    nb_safetensors file;
    const char *name;
} source;

static nb_status need_text(const source *in, const char *key, const char **out, nb_error *err)
{
    *out = nb_safetensors_metadata(&in->file, key);
    return *out ? NB_OK : nb_fail(err, NB_ERR_FORMAT, "%s: no '%s' in the metadata", in->name, key);
}

static nb_status need_number(const source *in, const char *key, uint32_t *out, nb_error *err)
{
    const char *text;
    NB_TRY(need_text(in, key, &text, err));
    uint64_t value = 0;
    size_t digits = strspn(text, "0123456789");
    for (size_t i = 0; i < digits && value <= UINT32_MAX; i++)
        value = 10 * value + (uint64_t)(text[i] - '0');
    if (digits == 0 || text[digits] != '\0' || value > UINT32_MAX)
        return nb_fail(err, NB_ERR_FORMAT, "%s: '%s' is '%.40s', expected a number up to %" PRIu32, in->name, key, text, UINT32_MAX);
    *out = (uint32_t)value;
    return NB_OK;
}

static nb_status check_format(const source *in, nb_error *err)
{
    const char *format = nb_safetensors_metadata(&in->file, "format");
    if (!format || strncmp(format, FORMAT_FAMILY, strlen(FORMAT_FAMILY)) != 0)
        return nb_fail(err, NB_ERR_FORMAT, "%s: format '%.40s', expected '" FORMAT_NAME "'", in->name, format ? format : "");
    if (strcmp(format, FORMAT_NAME) != 0)
        return nb_fail(err, NB_ERR_UNSUPPORTED, "%s: format '%.40s', this version reads '" FORMAT_NAME "'", in->name, format);
    return NB_OK;
}

static nb_status check_doubles(const source *in, const nb_st_tensor *tensor, uint32_t rank, uint64_t count, nb_error *err)
{
    if (tensor->dtype != NB_DTYPE_F64 || tensor->rank != rank || tensor->size != count * sizeof(double))
        return nb_fail(err, NB_ERR_FORMAT, "%s: '%.80s' is %s of rank %u and %" PRIu64 " bytes, expected F64 of rank %u and %" PRIu64,
                       in->name, tensor->name, nb_dtype_name(tensor->dtype), tensor->rank, tensor->size, rank, count * sizeof(double));
    return NB_OK;
}

static nb_status read_scalar(const source *in, const char *name, double *out, nb_error *err)
{
    const nb_st_tensor *tensor = nb_safetensors_find(&in->file, name);
    if (!tensor)
        return nb_fail(err, NB_ERR_FORMAT, "%s: no tensor '%s'", in->name, name);
    NB_TRY(check_doubles(in, tensor, 0, 1, err));
    memcpy(out, tensor->data, sizeof *out);
    return NB_OK;
}

static nb_status read_latency(const source *in, nb_record *record, nb_error *err)
{
    const nb_st_tensor *tensor = nb_safetensors_find(&in->file, "latency");
    if (!tensor)
        return NB_OK;
    size_t count = (size_t)(tensor->size / sizeof(double));
    NB_TRY(check_doubles(in, tensor, 1, count, err));
    record->latency = malloc(tensor->size + 1);
    if (!record->latency)
        return no_memory(err);
    memcpy(record->latency, tensor->data, tensor->size);
    record->latency_count = count;
    return NB_OK;
}

/* "curve/<split>/<metric>" */
static nb_status read_curve(const source *in, const nb_st_tensor *tensor, nb_record *record, nb_error *err)
{
    const char *split = tensor->name + strlen("curve/"), *slash = strchr(split, '/');
    nb_metric metric;
    if (!slash || slash == split || slash - split > NAME_SIZE / 2 || nb_metric_parse(slash + 1, &metric, NULL) != NB_OK)
        return nb_fail(err, NB_ERR_FORMAT, "%s: '%.80s' is not curve/<split>/<metric>", in->name, tensor->name);
    char name[NAME_SIZE];
    snprintf(name, sizeof name, "%.*s", (int)(slash - split), split);
    double *values;
    NB_TRY(check_doubles(in, tensor, 1, record->epochs, err));
    NB_TRY(nb_record_curve_of(record, name, metric, &values, err));
    memcpy(values, tensor->data, tensor->size);
    return NB_OK;
}

static nb_status read_weight(const source *in, const nb_st_tensor *tensor, nb_record *record, nb_error *err)
{
    if ((tensor->dtype != NB_DTYPE_F32 && tensor->dtype != NB_DTYPE_I64) || tensor->rank > 4)
        return nb_fail(err, NB_ERR_FORMAT, "%s: '%.80s' is %s of rank %u, expected F32 or I64 of rank 0 to 4", in->name, tensor->name,
                       nb_dtype_name(tensor->dtype), tensor->rank);
    return nb_record_add_weight(record, tensor->name + strlen("weight/"), tensor->dtype == NB_DTYPE_F32 ? NB_WEIGHT_F32 : NB_WEIGHT_I64,
                                tensor->rank, tensor->shape, tensor->data, err);
}

static nb_status read_settings(const source *in, nb_record *record, nb_error *err)
{
    for (size_t i = 0; i < in->file.metadata_count; i++) {
        const nb_st_metadata *entry = &in->file.metadata[i];
        if (strncmp(entry->key, "setting.", 8) == 0)
            NB_TRY(put_setting(record, entry->key + 8, strdup(entry->value), err));
    }
    return NB_OK;
}

static nb_status read_contents(const source *in, nb_record_parts parts, nb_record *record, nb_error *err)
{
    NB_TRY(need_number(in, "seed", &record->seed, err));
    NB_TRY(need_number(in, "channels", &record->channels, err));
    NB_TRY(need_number(in, "cells", &record->cells, err));
    NB_TRY(need_number(in, "classes", &record->classes, err));
    NB_TRY(read_scalar(in, "flops", &record->flops, err));
    NB_TRY(read_scalar(in, "params", &record->params, err));
    NB_TRY(read_latency(in, record, err));
    NB_TRY(read_settings(in, record, err));
    for (size_t i = 0; i < in->file.count; i++) {
        const nb_st_tensor *tensor = &in->file.tensors[i];
        if (strncmp(tensor->name, "curve/", 6) == 0)
            NB_TRY(read_curve(in, tensor, record, err));
        else if (strncmp(tensor->name, "weight/", 7) == 0 && parts == NB_RECORD_ALL)
            NB_TRY(read_weight(in, tensor, record, err));
    }
    return NB_OK;
}

static nb_status read_record(const source *in, nb_record_parts parts, nb_record **out, nb_error *err)
{
    const char *space, *arch, *dataset, *schedule, *genotype;
    uint32_t epochs;
    NB_TRY(check_format(in, err));
    NB_TRY(need_text(in, "space", &space, err));
    NB_TRY(need_text(in, "arch", &arch, err));
    NB_TRY(need_text(in, "dataset", &dataset, err));
    NB_TRY(need_text(in, "schedule", &schedule, err));
    NB_TRY(need_text(in, "genotype", &genotype, err));
    NB_TRY(need_number(in, "epochs", &epochs, err));
    nb_record *record;
    nb_status status = nb_record_new(space, arch, dataset, schedule, genotype, epochs, &record, err);
    if (status != NB_OK)
        return nb_prefix(err, status == NB_ERR_ARGUMENT ? NB_ERR_FORMAT : status, "%s", in->name);
    status = read_contents(in, parts, record, err);
    if (status != NB_OK) {
        nb_record_free(record);
        return status;
    }
    *out = record;
    return NB_OK;
}

nb_status nb_record_parse(const void *data, size_t size, const char *name, nb_record_parts parts, nb_record **out, nb_error *err)
{
    *out = NULL;
    source in = {.name = name};
    NB_TRY(nb_safetensors_parse(data, size, name, &in.file, err));
    nb_status status = read_record(&in, parts, out, err);
    nb_safetensors_free(&in.file);
    return status;
}

nb_status nb_record_read(const char *path, nb_record_parts parts, nb_record **out, nb_error *err)
{
    uint8_t *data;
    size_t size;
    *out = NULL;
    NB_TRY(nb_file_read(path, MAX_FILE, &data, &size, err));
    nb_status status = nb_record_parse(data, size, path, parts, out, err);
    free(data);
    return status;
}
