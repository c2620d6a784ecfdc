#include "ingest/torch_file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <zip.h>

#include "base/quote.h"
#include "ingest/tfrecord.h"

/* The magic number of legacy files, as LONG1 writes it, with the opcodes around it: how such a file begins. */
static const uint8_t legacy_magic[] = {0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e};

#define LEGACY_PROTOCOL 1001

/* A storage of more elements is no weight of these networks. */
#define ELEMENTS_MAX ((uint64_t)1 << 30)

/* ---- recognising ---- */

static bool is_text(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] < 0x20 && bytes[i] != '\t' && bytes[i] != '\n' && bytes[i] != '\r')
            return false;
    return true;
}

nb_container nb_container_of_bytes(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    if (size == 0)
        return NB_CONTAINER_EMPTY;
    if (size >= sizeof legacy_magic && memcmp(bytes, legacy_magic, sizeof legacy_magic) == 0)
        return NB_CONTAINER_TORCH_LEGACY;
    if (size >= 4 && memcmp(bytes, "PK\x03\x04", 4) == 0)
        return NB_CONTAINER_TORCH_ZIP;
    if (size >= 3 && memcmp(bytes, "BZh", 3) == 0)
        return NB_CONTAINER_BZIP2_PICKLE;
    if (size >= 2 && bytes[0] == 0x80 && bytes[1] >= 2 && bytes[1] <= 5)
        return NB_CONTAINER_PICKLE;
    if (nb_is_tfrecord(bytes, size))
        return NB_CONTAINER_TFRECORD;
    return is_text(bytes, size) ? NB_CONTAINER_TEXT : NB_CONTAINER_UNKNOWN;
}

nb_status nb_container_of(const char *path, nb_container *out, nb_error *err)
{
    nb_stream in;
    NB_TRY(nb_stream_open_file(&in, path, err));
    nb_status status = nb_stream_fill(&in, 512, err);
    if (status == NB_OK) {
        size_t size = nb_stream_ready(&in) < 512 ? nb_stream_ready(&in) : 512;
        *out = nb_container_of_bytes(in.next, size);
    }
    nb_stream_close(&in);
    return status;
}

/* ---- opening ---- */

/* Reads one small pickle of the head. */
static nb_status read_head_part(nb_stream *in, nb_pickle_value *out, nb_error *err)
{
    nb_pickle_options options = {.max_memory = (size_t)1 << 20};
    return nb_pickle_read(in, &options, out, err);
}

static nb_status check_system(const nb_stream *in, nb_pickle_value system, nb_error *err)
{
    nb_pickle_value little;
    if (system.kind != NB_PICKLE_DICT || !nb_pickle_find(system, "little_endian", &little) || little.kind != NB_PICKLE_BOOL)
        return nb_fail(err, NB_ERR_FORMAT, "%s: the third pickle of a torch file describes the system, this one does not", in->name);
    if (!little.number)
        return nb_fail(err, NB_ERR_UNSUPPORTED, "%s: written on a big-endian machine", in->name);
    return NB_OK;
}

nb_status nb_torch_read_legacy_head(nb_stream *in, nb_error *err)
{
    nb_pickle_value value;
    NB_TRY(nb_stream_need(in, sizeof legacy_magic, err));
    if (memcmp(in->next, legacy_magic, sizeof legacy_magic) != 0)
        return nb_fail(err, NB_ERR_FORMAT, "%s: offset 0: not the magic number of a torch file", in->name);
    in->next += sizeof legacy_magic;
    NB_TRY(read_head_part(in, &value, err));
    bool known = value.kind == NB_PICKLE_INT && value.number == LEGACY_PROTOCOL;
    nb_pickle_drop(value);
    if (!known)
        return nb_fail(err, NB_ERR_UNSUPPORTED, "%s: a torch file of another protocol than %d", in->name, LEGACY_PROTOCOL);
    NB_TRY(read_head_part(in, &value, err));
    nb_status status = check_system(in, value, err);
    nb_pickle_drop(value);
    return status;
}

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text);
    size_t end_size = strlen(end);
    return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

/* Finds the folder that holds data.pkl. */
static nb_status find_folder(const char *path, char **folder, nb_error *err)
{
    int code;
    zip_t *archive = zip_open(path, ZIP_RDONLY, &code);
    if (!archive) {
        zip_error_t reason;
        zip_error_init_with_code(&reason, code);
        nb_status status = nb_fail(err, NB_ERR_FORMAT, "%s: not a readable zip archive: %s", path, zip_error_strerror(&reason));
        zip_error_fini(&reason);
        return status;
    }
    *folder = NULL;
    zip_int64_t count = zip_get_num_entries(archive, 0);
    for (zip_int64_t i = 0; i < count && !*folder; i++) {
        const char *name = zip_get_name(archive, (zip_uint64_t)i, 0);
        if (name && ends_with(name, "/data.pkl"))
            *folder = strndup(name, strlen(name) - strlen("data.pkl"));
    }
    zip_discard(archive);
    return *folder ? NB_OK : nb_fail(err, NB_ERR_FORMAT, "%s: a zip archive without data.pkl: not a torch file", path);
}

static nb_status open_zip(nb_torch_file *file, nb_error *err)
{
    NB_TRY(find_folder(file->path, &file->folder, err));
    char *member = NULL;
    if (asprintf(&member, "%sdata.pkl", file->folder) < 0)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory", file->path);
    nb_status status = nb_stream_open_zip_member(&file->in, file->path, member, err);
    free(member);
    return status;
}

static nb_status open_container(nb_torch_file *file, nb_error *err)
{
    switch (file->container) {
    case NB_CONTAINER_TORCH_LEGACY:
        NB_TRY(nb_stream_open_file(&file->in, file->path, err));
        return nb_torch_read_legacy_head(&file->in, err);
    case NB_CONTAINER_TORCH_ZIP:
        return open_zip(file, err);
    case NB_CONTAINER_BZIP2_PICKLE:
        return nb_stream_open_bzip2(&file->in, file->path, err);
    case NB_CONTAINER_PICKLE:
        return nb_stream_open_file(&file->in, file->path, err);
    case NB_CONTAINER_EMPTY:
        return nb_fail(err, NB_ERR_TRUNCATED, "%s: the file is empty", file->path);
    default:
        return nb_fail(err, NB_ERR_FORMAT, "%s: offset 0: not a torch file, nor a pickle, plain or compressed with bzip2", file->path);
    }
}

nb_status nb_torch_open(nb_torch_file *file, const char *path, nb_error *err)
{
    *file = (nb_torch_file){0};
    NB_TRY(nb_container_of(path, &file->container, err));
    file->path = strdup(path);
    nb_status status = file->path ? open_container(file, err) : nb_fail(err, NB_ERR_MEMORY, "%s: no memory", path);
    if (status != NB_OK)
        nb_torch_close(file);
    return status;
}

void nb_torch_close(nb_torch_file *file)
{
    nb_stream_close(&file->in);
    free(file->path);
    free(file->folder);
    *file = (nb_torch_file){0};
}

/* ---- storages ---- */

static int compare_places(const void *a, const void *b)
{
    return strcmp(((const nb_storage_place *)a)->key, ((const nb_storage_place *)b)->key);
}

static nb_storage_place *find_place(const nb_storage_places *places, const char *key)
{
    nb_storage_place wanted = {.key = key};
    return places->count ? bsearch(&wanted, places->places, places->count, sizeof wanted, compare_places) : NULL;
}

static nb_status add_place(nb_storage_places *places, const nb_pickle_storage *storage, nb_error *err)
{
    if ((places->count & (places->count - 1)) == 0) { /* 0, 1, 2, 4, ... entries: full */
        size_t room = places->count ? places->count * 2 : 1;
        nb_storage_place *grown = realloc(places->places, room * sizeof *grown);
        if (!grown)
            return nb_fail(err, NB_ERR_MEMORY, "no memory for %zu storages", room);
        places->places = grown;
    }
    places->places[places->count++] = (nb_storage_place){.key = storage->key, .element = storage->element, .count = storage->count};
    return NB_OK;
}

/* More storages than any archive has; bounds the walk through an object whose parts are shared many times. */
#define VISITS_MAX 1000000

static nb_status collect(nb_pickle_value value, nb_storage_places *places, size_t *visits, nb_error *err)
{
    if (++*visits > VISITS_MAX)
        return nb_fail(err, NB_ERR_UNSUPPORTED, "more than %d values around the tensors", VISITS_MAX);
    const nb_pickle_tensor *tensor = nb_pickle_as_tensor(value);
    const nb_pickle_storage *storage = tensor ? tensor->storage : nb_pickle_as_storage(value);
    if (storage)
        return storage->key ? add_place(places, storage, err) : NB_OK;
    nb_pickle_value key, item;
    for (size_t i = 0; nb_pickle_entry(value, i, &key, &item); i++)
        NB_TRY(collect(item, places, visits, err));
    if (value.kind == NB_PICKLE_LIST || value.kind == NB_PICKLE_TUPLE)
        for (size_t i = 0; i < nb_pickle_count(value); i++)
            NB_TRY(collect(nb_pickle_item(value, i), places, visits, err));
    return NB_OK;
}

/* Sorts by key and keeps one of each. The same key with another size is an error. */
static nb_status unite(nb_storage_places *places, nb_error *err)
{
    if (places->count == 0)
        return NB_OK;
    qsort(places->places, places->count, sizeof *places->places, compare_places);
    size_t kept = 1;
    for (size_t i = 1; i < places->count; i++) {
        const nb_storage_place *place = &places->places[i];
        const nb_storage_place *last = &places->places[kept - 1];
        if (strcmp(place->key, last->key) != 0)
            places->places[kept++] = *place;
        else if (place->count != last->count || place->element != last->element)
            return nb_fail(err, NB_ERR_FORMAT, "storage %.40s is described in two ways", place->key);
    }
    places->count = kept;
    return NB_OK;
}

static nb_status fail_at(const nb_stream *in, nb_error *err, const char *reason)
{
    return nb_fail(err, NB_ERR_FORMAT, "%s: offset %" PRIu64 ": %s", in->name, nb_stream_offset(in), reason);
}

/* Notes where the next storage is and moves behind it. */
static nb_status pass_storage(nb_stream *in, const nb_storage_places *places, nb_pickle_value key, nb_error *err)
{
    const char *text = nb_pickle_text(key, NULL);
    nb_storage_place *place = text ? find_place(places, text) : NULL;
    if (!place)
        return fail_at(in, err, "a storage that no tensor uses");
    uint8_t count[8];
    uint64_t elements = 0;
    NB_TRY(nb_stream_read(in, count, sizeof count, err));
    for (size_t i = sizeof count; i-- > 0;)
        elements = elements << 8 | count[i];
    if (elements != place->count)
        return fail_at(in, err, "a storage with another number of elements than the tensors say");
    place->offset = nb_stream_offset(in);
    return nb_stream_skip(in, elements * nb_pickle_element_size(place->element), err);
}

static nb_status pass_storages(nb_stream *in, const nb_storage_places *places, nb_error *err)
{
    nb_pickle_value keys;
    NB_TRY(nb_pickle_read(in, NULL, &keys, err));
    nb_status status =
        keys.kind == NB_PICKLE_LIST ? NB_OK : fail_at(in, err, "the fifth pickle of a torch file lists the storages, this one does not");
    for (size_t i = 0; i < nb_pickle_count(keys) && status == NB_OK; i++)
        status = pass_storage(in, places, nb_pickle_item(keys, i), err);
    nb_pickle_drop(keys);
    return status;
}

nb_status nb_torch_find_storages(nb_stream *in, bool legacy, nb_pickle_value object, nb_storage_places *out, nb_error *err)
{
    *out = (nb_storage_places){0};
    size_t visits = 0;
    nb_status status = collect(object, out, &visits, err);
    if (status == NB_OK)
        status = unite(out, err);
    if (status == NB_OK && legacy)
        status = pass_storages(in, out, err);
    if (status != NB_OK)
        nb_storage_places_free(out);
    return status;
}

void nb_storage_places_free(nb_storage_places *places)
{
    free(places->places);
    *places = (nb_storage_places){0};
}

/* ---- tensors ---- */

/* All bytes of a storage. */
typedef struct storage_bytes {
    uint8_t *data;
    nb_pickle_element element;
    uint64_t count;
} storage_bytes;

static nb_status read_elements(nb_stream *in, storage_bytes *out, nb_error *err)
{
    uint64_t size = out->count * nb_pickle_element_size(out->element);
    if (out->count > ELEMENTS_MAX)
        return nb_fail(err, NB_ERR_UNSUPPORTED, "%s: a storage of %" PRIu64 " elements", in->name, out->count);
    if (in->size != UINT64_MAX && size > in->size)
        return nb_fail(err, NB_ERR_TRUNCATED, "%s: a storage of %" PRIu64 " bytes in a file of %" PRIu64, in->name, size, in->size);
    out->data = malloc(size + 1);
    if (!out->data)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for %" PRIu64 " bytes", in->name, size);
    nb_status status = nb_stream_read(in, out->data, size, err);
    if (status != NB_OK) {
        free(out->data);
        out->data = NULL;
    }
    return status;
}

static nb_status read_zip_storage(const nb_torch_file *file, const nb_pickle_storage *storage, storage_bytes *out, nb_error *err)
{
    char *member = NULL;
    if (asprintf(&member, "%sdata/%s", file->folder, storage->key) < 0)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory", file->path);
    nb_stream in;
    nb_status status = nb_stream_open_zip_member(&in, file->path, member, err);
    free(member);
    if (status != NB_OK)
        return status;
    status = read_elements(&in, out, err);
    nb_stream_close(&in);
    return status;
}

static nb_status read_legacy_storage(nb_torch_file *file, const nb_storage_places *places, const nb_pickle_storage *storage,
                                     storage_bytes *out, nb_error *err)
{
    const nb_storage_place *place = find_place(places, storage->key);
    if (!place || place->offset == 0)
        return nb_fail(err, NB_ERR_FORMAT, "%s: the bytes of storage %.40s are missing", file->path, storage->key);
    NB_TRY(nb_stream_seek(&file->in, place->offset, err));
    return read_elements(&file->in, out, err);
}

/* The one storage of a torch file that lies inside another file as bytes. `nested` holds it. */
static nb_status read_nested_object(nb_stream *in, nb_pickle_value object, storage_bytes *out, nb_error *err)
{
    const nb_pickle_storage *storage = nb_pickle_as_storage(object);
    if (!storage || !storage->key)
        return fail_at(in, err, "a nested torch file that holds no storage");
    nb_storage_places places;
    NB_TRY(nb_torch_find_storages(in, true, object, &places, err));
    uint64_t offset = places.count == 1 ? places.places[0].offset : 0;
    nb_storage_places_free(&places);
    if (offset == 0)
        return fail_at(in, err, "a nested torch file without its bytes");
    out->element = storage->element;
    out->count = storage->count;
    NB_TRY(nb_stream_seek(in, offset, err));
    return read_elements(in, out, err);
}

static nb_status read_nested_storage(const nb_torch_file *file, const nb_pickle_storage *storage, storage_bytes *out, nb_error *err)
{
    size_t size;
    const char *bytes = nb_pickle_text(storage->nested, &size);
    nb_stream in;
    nb_pickle_value object;
    NB_TRY(nb_stream_over(&in, bytes, size, file->path, err));
    nb_status status = nb_torch_read_legacy_head(&in, err);
    if (status == NB_OK)
        status = nb_pickle_read(&in, NULL, &object, err);
    if (status == NB_OK) {
        status = read_nested_object(&in, object, out, err);
        nb_pickle_drop(object);
    }
    nb_stream_close(&in);
    return status == NB_OK ? NB_OK : nb_prefix(err, status, "a tensor's own torch file");
}

/* Copies the elements of a strided view in row-major order. */
static void copy_strided(const nb_pickle_tensor *tensor, const uint8_t *from, size_t element_size, uint8_t *to, uint64_t count)
{
    uint64_t place[NB_PICKLE_DIMS_MAX] = {0};
    uint64_t at = tensor->offset;
    for (uint64_t i = 0; i < count; i++) {
        memcpy(to + i * element_size, from + at * element_size, element_size);
        for (uint32_t d = tensor->dims; d-- > 0;) {
            at += tensor->strides[d];
            if (++place[d] < tensor->shape[d])
                break;
            at -= tensor->strides[d] * tensor->shape[d];
            place[d] = 0;
        }
    }
}

/* Number of elements, and one past the highest that is touched. False when a number overflows. */
static bool measure(const nb_pickle_tensor *tensor, uint64_t *count, uint64_t *extent)
{
    uint64_t last = tensor->offset;
    *count = 1;
    for (uint32_t d = 0; d < tensor->dims; d++) {
        uint64_t step;
        if (tensor->shape[d] == 0) {
            *count = *extent = 0;
            return true;
        }
        if (__builtin_mul_overflow(*count, tensor->shape[d], count) ||
            __builtin_mul_overflow(tensor->shape[d] - 1, tensor->strides[d], &step) || __builtin_add_overflow(last, step, &last))
            return false;
    }
    *extent = last + 1;
    return last < UINT64_MAX;
}

static nb_status cut_out(const char *path, const nb_pickle_tensor *tensor, const storage_bytes *storage, uint8_t **data, size_t *size,
                         nb_error *err)
{
    uint64_t count, extent;
    size_t element_size = nb_pickle_element_size(storage->element);
    /* An expanded view (stride 0) has more elements than its storage: no weight is one, and its size would have no bound. */
    if (!measure(tensor, &count, &extent) || extent > storage->count || count > storage->count)
        return nb_fail(err, NB_ERR_FORMAT, "%s: a tensor that reaches beyond its storage of %" PRIu64 " elements", path, storage->count);
    *size = count * element_size;
    *data = malloc(*size + 1);
    if (!*data)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for a tensor of %zu bytes", path, *size);
    copy_strided(tensor, storage->data, element_size, *data, count);
    return NB_OK;
}

nb_status nb_torch_read_tensor(nb_torch_file *file, const nb_storage_places *places, const nb_pickle_tensor *tensor,
                               nb_pickle_element *element, uint8_t **data, size_t *size, nb_error *err)
{
    const nb_pickle_storage *storage = tensor->storage;
    storage_bytes bytes = {.element = storage->element, .count = storage->count};
    if (!storage->key)
        NB_TRY(read_nested_storage(file, storage, &bytes, err));
    else if (file->container == NB_CONTAINER_TORCH_ZIP)
        NB_TRY(read_zip_storage(file, storage, &bytes, err));
    else
        NB_TRY(read_legacy_storage(file, places, storage, &bytes, err));
    nb_status status = cut_out(file->path, tensor, &bytes, data, size, err);
    *element = bytes.element;
    free(bytes.data);
    return status;
}
