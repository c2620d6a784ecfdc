#include "base/safetensors.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/json_scan.h"
#include "base/text.h"

/* As the reference implementation: a header beyond this is an attack, not a file. */
#define HEADER_LIMIT ((uint64_t)100000000)
/* The header is padded so that the data start here at a cache line. */
#define HEADER_ALIGNMENT 64

typedef struct dtype_facts {
    const char *name;
    size_t size;
} dtype_facts;

static const dtype_facts DTYPES[NB_DTYPE_COUNT] = {
    [NB_DTYPE_BOOL] = {"BOOL", 1}, [NB_DTYPE_U8] = {"U8", 1},   [NB_DTYPE_I8] = {"I8", 1},     [NB_DTYPE_U16] = {"U16", 2},
    [NB_DTYPE_I16] = {"I16", 2},   [NB_DTYPE_F16] = {"F16", 2}, [NB_DTYPE_BF16] = {"BF16", 2}, [NB_DTYPE_U32] = {"U32", 4},
    [NB_DTYPE_I32] = {"I32", 4},   [NB_DTYPE_F32] = {"F32", 4}, [NB_DTYPE_U64] = {"U64", 8},   [NB_DTYPE_I64] = {"I64", 8},
    [NB_DTYPE_F64] = {"F64", 8},
};

size_t nb_dtype_size(nb_dtype dtype)
{
    return DTYPES[dtype].size;
}

const char *nb_dtype_name(nb_dtype dtype)
{
    return DTYPES[dtype].name;
}

bool nb_st_tensor_is_aligned(const nb_st_tensor *tensor)
{
    return tensor->offset % nb_dtype_size(tensor->dtype) == 0;
}

/* Bytes of a tensor, or UINT64_MAX when that does not fit into 64 bits. */
static uint64_t size_of_shape(nb_dtype dtype, uint32_t rank, const uint64_t *shape)
{
    uint64_t size = nb_dtype_size(dtype);
    for (uint32_t i = 0; i < rank; i++) {
        if (__builtin_mul_overflow(size, shape[i], &size))
            return UINT64_MAX;
    }
    return size;
}

/* ---------------------------------------------------------------- reading */

static uint32_t hash_of_name(const char *name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash;
}

static nb_status parse_dtype(nb_json_scan *scan, nb_dtype *out, nb_error *err)
{
    const char *text;
    NB_TRY(nb_json_string(scan, &text, err));
    for (int i = 0; i < NB_DTYPE_COUNT; i++) {
        if (strcmp(text, DTYPES[i].name) == 0) {
            *out = (nb_dtype)i;
            return NB_OK;
        }
    }
    return nb_json_fail(scan, err, "an unknown dtype");
}

/* [n, n, ...] with at most `capacity` numbers. */
static nb_status parse_numbers(nb_json_scan *scan, uint64_t *out, uint32_t capacity, uint32_t *count, nb_error *err)
{
    NB_TRY(nb_json_expect(scan, '[', err));
    *count = 0;
    if (nb_json_accept(scan, ']'))
        return NB_OK;
    do {
        if (*count == capacity)
            return nb_json_fail(scan, err, "too many numbers in a list");
        NB_TRY(nb_json_unsigned(scan, &out[(*count)++], err));
    } while (nb_json_accept(scan, ','));
    return nb_json_expect(scan, ']', err);
}

/* The value of one tensor's entry. `range` receives data_offsets, relative to the end of the header. */
static nb_status parse_entry(nb_json_scan *scan, nb_st_tensor *tensor, uint64_t range[2], nb_error *err)
{
    enum { DTYPE = 1, SHAPE = 2, OFFSETS = 4, ALL = 7 };
    unsigned seen = 0;
    NB_TRY(nb_json_expect(scan, '{', err));
    do {
        const char *key;
        NB_TRY(nb_json_string(scan, &key, err));
        NB_TRY(nb_json_expect(scan, ':', err));
        unsigned which = strcmp(key, "dtype") == 0          ? DTYPE
                         : strcmp(key, "shape") == 0        ? SHAPE
                         : strcmp(key, "data_offsets") == 0 ? OFFSETS
                                                            : 0;
        if (which == 0 || (seen & which))
            return nb_json_fail(scan, err, "exactly dtype, shape and data_offsets expected");
        seen |= which;
        uint32_t count = 2;
        if (which == DTYPE)
            NB_TRY(parse_dtype(scan, &tensor->dtype, err));
        else if (which == SHAPE)
            NB_TRY(parse_numbers(scan, tensor->shape, NB_TENSOR_MAX_RANK, &tensor->rank, err));
        else
            NB_TRY(parse_numbers(scan, range, 2, &count, err));
        if (count != 2)
            return nb_json_fail(scan, err, "two data_offsets expected");
    } while (nb_json_accept(scan, ','));
    NB_TRY(nb_json_expect(scan, '}', err));
    return seen == ALL ? NB_OK : nb_json_fail(scan, err, "exactly dtype, shape and data_offsets expected");
}

static nb_status parse_metadata(nb_json_scan *scan, nb_safetensors *file, nb_error *err)
{
    NB_TRY(nb_json_expect(scan, '{', err));
    if (nb_json_accept(scan, '}'))
        return NB_OK;
    do {
        if (file->metadata_count == file->metadata_capacity) {
            size_t capacity = file->metadata_capacity ? 2 * file->metadata_capacity : 16;
            nb_st_metadata *grown = realloc(file->metadata, capacity * sizeof *grown);
            if (!grown)
                return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for the metadata", scan->name);
            file->metadata = grown;
            file->metadata_capacity = capacity;
        }
        nb_st_metadata *entry = &file->metadata[file->metadata_count];
        NB_TRY(nb_json_string(scan, &entry->key, err));
        if (nb_safetensors_metadata(file, entry->key))
            return nb_json_fail(scan, err, "a metadata key that was there before");
        NB_TRY(nb_json_expect(scan, ':', err));
        NB_TRY(nb_json_string(scan, &entry->value, err));
        file->metadata_count++;
    } while (nb_json_accept(scan, ','));
    return nb_json_expect(scan, '}', err);
}

/* Rebuilds the hash for twice the tensors. Load stays below one half. */
static nb_status grow_tensors(nb_safetensors *file, const char *name, nb_error *err)
{
    size_t capacity = file->tensor_capacity ? 2 * file->tensor_capacity : 256;
    nb_st_tensor *tensors = realloc(file->tensors, capacity * sizeof *tensors);
    if (tensors)
        file->tensors = tensors;
    uint32_t *slots = calloc(2 * capacity, sizeof *slots);
    if (!tensors || !slots || capacity > UINT32_MAX / 2) {
        free(slots);
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for %zu tensors", name, capacity);
    }
    free(file->slots);
    file->slots = slots;
    file->slot_mask = 2 * capacity - 1;
    file->tensor_capacity = capacity;
    for (size_t i = 0; i < file->count; i++) {
        size_t slot = hash_of_name(file->tensors[i].name) & file->slot_mask;
        while (file->slots[slot])
            slot = (slot + 1) & file->slot_mask;
        file->slots[slot] = (uint32_t)i + 1;
    }
    return NB_OK;
}

/* The slot that holds the name, or the free one where it would go. */
static size_t slot_of_name(const nb_safetensors *file, const char *name)
{
    size_t slot = hash_of_name(name) & file->slot_mask;
    while (file->slots[slot] && strcmp(file->tensors[file->slots[slot] - 1].name, name) != 0)
        slot = (slot + 1) & file->slot_mask;
    return slot;
}

const nb_st_tensor *nb_safetensors_find(const nb_safetensors *file, const char *name)
{
    if (!file->slots)
        return NULL;
    uint32_t found = file->slots[slot_of_name(file, name)];
    return found ? &file->tensors[found - 1] : NULL;
}

const char *nb_safetensors_metadata(const nb_safetensors *file, const char *key)
{
    for (size_t i = 0; i < file->metadata_count; i++) {
        if (strcmp(file->metadata[i].key, key) == 0)
            return file->metadata[i].value;
    }
    return NULL;
}

/* Appends the tensor whose name was just read, with its data range checked against its shape and the file. */
static nb_status parse_tensor(nb_json_scan *scan, const char *name, nb_safetensors *file, const uint8_t *bytes, uint64_t data_size,
                              nb_error *err)
{
    if (file->count == file->tensor_capacity)
        NB_TRY(grow_tensors(file, scan->name, err));
    size_t slot = slot_of_name(file, name);
    if (file->slots[slot])
        return nb_fail(err, NB_ERR_FORMAT, "%s: tensor '%s' is there twice", scan->name, name);
    nb_st_tensor *tensor = &file->tensors[file->count];
    *tensor = (nb_st_tensor){.name = name};
    uint64_t range[2] = {0};
    NB_TRY(parse_entry(scan, tensor, range, err));
    if (range[0] > range[1] || range[1] > data_size)
        return nb_fail(err, NB_ERR_TRUNCATED, "%s: tensor '%s': bytes %llu to %llu expected, the file has %llu", scan->name, name,
                       (unsigned long long)range[0], (unsigned long long)range[1], (unsigned long long)data_size);
    tensor->size = range[1] - range[0];
    if (size_of_shape(tensor->dtype, tensor->rank, tensor->shape) != tensor->size)
        return nb_fail(err, NB_ERR_FORMAT, "%s: tensor '%s': %llu bytes do not fit its shape and dtype %s", scan->name, name,
                       (unsigned long long)tensor->size, nb_dtype_name(tensor->dtype));
    tensor->offset = 8 + file->header_size + range[0];
    tensor->data = bytes + tensor->offset;
    file->slots[slot] = (uint32_t)++file->count;
    return NB_OK;
}

static int compare_offsets(const void *a, const void *b)
{
    const nb_st_tensor *x = *(const nb_st_tensor *const *)a, *y = *(const nb_st_tensor *const *)b;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return (x->size > y->size) - (x->size < y->size);
}

/* The format's rule: tensors cover the data without gap or overlap. */
static nb_status check_coverage(const nb_safetensors *file, uint64_t file_size, const char *name, nb_error *err)
{
    const nb_st_tensor **order = malloc((file->count ? file->count : 1) * sizeof *order);
    if (!order)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for %zu tensors", name, file->count);
    bool ascending = true;
    for (size_t i = 0; i < file->count; i++) {
        order[i] = &file->tensors[i];
        ascending = ascending && (i == 0 || compare_offsets(&order[i - 1], &order[i]) <= 0);
    }
    if (!ascending)
        qsort(order, file->count, sizeof *order, compare_offsets);
    uint64_t end = 8 + file->header_size;
    nb_status status = NB_OK;
    for (size_t i = 0; i < file->count && status == NB_OK; i++) {
        if (order[i]->offset != end)
            status = nb_fail(err, NB_ERR_FORMAT, "%s: tensor '%s' starts at offset %llu, %llu expected", name, order[i]->name,
                             (unsigned long long)order[i]->offset, (unsigned long long)end);
        end = order[i]->offset + order[i]->size;
    }
    free(order);
    if (status == NB_OK && end != file_size)
        status = nb_fail(err, end > file_size ? NB_ERR_TRUNCATED : NB_ERR_FORMAT, "%s: %llu bytes expected, found %llu", name,
                         (unsigned long long)end, (unsigned long long)file_size);
    return status;
}

static nb_status parse_header(nb_json_scan *scan, nb_safetensors *file, const uint8_t *bytes, uint64_t data_size, nb_error *err)
{
    bool metadata_seen = false;
    NB_TRY(nb_json_expect(scan, '{', err));
    if (!nb_json_accept(scan, '}')) {
        do {
            const char *name;
            NB_TRY(nb_json_string(scan, &name, err));
            NB_TRY(nb_json_expect(scan, ':', err));
            if (strcmp(name, "__metadata__") == 0) {
                if (metadata_seen)
                    return nb_json_fail(scan, err, "__metadata__ is there twice");
                metadata_seen = true;
                NB_TRY(parse_metadata(scan, file, err));
            } else {
                NB_TRY(parse_tensor(scan, name, file, bytes, data_size, err));
            }
        } while (nb_json_accept(scan, ','));
        NB_TRY(nb_json_expect(scan, '}', err));
    }
    return nb_json_end(scan, err);
}

static nb_status read_header_size(const uint8_t *bytes, size_t size, const char *name, uint64_t *out, nb_error *err)
{
    if (size < 8)
        return nb_fail(err, NB_ERR_TRUNCATED, "%s: 8 bytes of header length expected, found %zu", name, size);
    uint64_t header_size = nb_load_le64(bytes);
    if (header_size > HEADER_LIMIT || (size > 8 && bytes[8] != '{'))
        return nb_fail(err, NB_ERR_FORMAT, "%s: not a safetensors file (header length %llu)", name, (unsigned long long)header_size);
    if (header_size > size - 8)
        return nb_fail(err, NB_ERR_TRUNCATED, "%s: a header of %llu bytes expected, %zu left", name, (unsigned long long)header_size,
                       size - 8);
    *out = header_size;
    return NB_OK;
}

nb_status nb_safetensors_parse(const void *data, size_t size, const char *name, nb_safetensors *out, nb_error *err)
{
    const uint8_t *bytes = data;
    nb_safetensors file = {0};
    NB_TRY(read_header_size(bytes, size, name, &file.header_size, err));
    file.strings = malloc(file.header_size + 1);
    if (!file.strings)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for a header of %llu bytes", name, (unsigned long long)file.header_size);
    const char *text = (const char *)bytes + 8;
    nb_json_scan scan = {
        .start = text, .next = text, .end = text + file.header_size, .name = name, .base_offset = 8, .strings = file.strings};
    nb_status status = parse_header(&scan, &file, bytes, size - 8 - file.header_size, err);
    if (status == NB_OK)
        status = check_coverage(&file, size, name, err);
    if (status != NB_OK) {
        nb_safetensors_free(&file);
        return status;
    }
    *out = file;
    return NB_OK;
}

void nb_safetensors_free(nb_safetensors *file)
{
    free(file->tensors);
    free(file->metadata);
    free(file->strings);
    free(file->slots);
    *file = (nb_safetensors){0};
}

/* ---------------------------------------------------------------- writing */

/* Offsets relative to the start of the data, wider elements first. Returns the size of the data, UINT64_MAX when that is too much. */
static uint64_t assign_offsets(nb_st_tensor *tensors, size_t count)
{
    uint64_t end = 0;
    for (size_t width = 8; width > 0; width /= 2) {
        for (size_t i = 0; i < count; i++) {
            nb_st_tensor *tensor = &tensors[i];
            if (nb_dtype_size(tensor->dtype) != width)
                continue;
            tensor->offset = end;
            tensor->size = size_of_shape(tensor->dtype, tensor->rank, tensor->shape);
            if (tensor->size == UINT64_MAX || __builtin_add_overflow(end, tensor->size, &end))
                return UINT64_MAX;
        }
    }
    return end;
}

static void append_entry(nb_text *json, const nb_st_tensor *tensor)
{
    nb_text_json_string(json, tensor->name);
    nb_text_printf(json, ":{\"dtype\":\"%s\",\"shape\":[", nb_dtype_name(tensor->dtype));
    for (uint32_t i = 0; i < tensor->rank; i++)
        nb_text_printf(json, "%s%llu", i ? "," : "", (unsigned long long)tensor->shape[i]);
    nb_text_printf(json, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)tensor->offset,
                   (unsigned long long)(tensor->offset + tensor->size));
}

static void append_metadata(nb_text *json, const nb_st_metadata *metadata, size_t count)
{
    nb_text_puts(json, "\"__metadata__\":{");
    for (size_t i = 0; i < count; i++) {
        if (i)
            nb_text_puts(json, ",");
        nb_text_json_string(json, metadata[i].key);
        nb_text_puts(json, ":");
        nb_text_json_string(json, metadata[i].value);
    }
    nb_text_puts(json, "}");
}

/* Entries in the order of their offsets, as readers like them. */
static void append_header(nb_text *json, const nb_st_tensor *tensors, size_t count, const nb_st_metadata *metadata, size_t metadata_count)
{
    nb_text_puts(json, "{");
    bool first = true;
    if (metadata_count > 0) {
        append_metadata(json, metadata, metadata_count);
        first = false;
    }
    for (size_t width = 8; width > 0; width /= 2) {
        for (size_t i = 0; i < count; i++) {
            if (nb_dtype_size(tensors[i].dtype) != width)
                continue;
            if (!first)
                nb_text_puts(json, ",");
            first = false;
            append_entry(json, &tensors[i]);
        }
    }
    nb_text_puts(json, "}");
}

nb_status nb_safetensors_layout(nb_st_tensor *tensors, size_t count, const nb_st_metadata *metadata, size_t metadata_count, char **header,
                                size_t *header_size, uint64_t *file_size, nb_error *err)
{
    uint64_t data_size = assign_offsets(tensors, count);
    if (data_size > (uint64_t)INT64_MAX - HEADER_LIMIT)
        return nb_fail(err, NB_ERR_ARGUMENT, "safetensors: more than 2^63 bytes of tensors");
    nb_text json = {0};
    nb_text_append(&json, "\0\0\0\0\0\0\0\0", 8);
    append_header(&json, tensors, count, metadata, metadata_count);
    while (json.size % HEADER_ALIGNMENT != 0 && !json.failed)
        nb_text_puts(&json, " ");
    nb_status status = nb_text_check(&json, err);
    if (status == NB_OK && json.size - 8 > HEADER_LIMIT)
        status = nb_fail(err, NB_ERR_ARGUMENT, "safetensors: a header of %zu bytes, at most %llu are allowed", json.size,
                         (unsigned long long)HEADER_LIMIT);
    if (status != NB_OK) {
        nb_text_free(&json);
        return status;
    }
    nb_store_le64((uint8_t *)json.data, json.size - 8);
    for (size_t i = 0; i < count; i++)
        tensors[i].offset += json.size;
    *header = json.data;
    *header_size = json.size;
    *file_size = json.size + data_size;
    return NB_OK;
}

nb_status nb_safetensors_write(const char *path, nb_st_tensor *tensors, size_t count, const nb_st_metadata *metadata, size_t metadata_count,
                               nb_error *err)
{
    char *header;
    size_t header_size;
    uint64_t file_size;
    NB_TRY(nb_safetensors_layout(tensors, count, metadata, metadata_count, &header, &header_size, &file_size, err));
    nb_output out;
    nb_status status = nb_output_open(path, &out, err);
    if (status == NB_OK) {
        status = nb_output_write(&out, header, header_size, err);
        for (size_t i = 0; i < count && status == NB_OK; i++)
            status = nb_output_write_at(&out, tensors[i].data, tensors[i].size, tensors[i].offset, err);
        if (status == NB_OK)
            status = nb_output_commit(&out, err);
        else
            nb_output_abort(&out);
    }
    free(header);
    return status;
}
