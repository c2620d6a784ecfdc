#include "base/pickle_object.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory ---- */

bool nb_pickle_charge(nb_pickle_heap *heap, size_t more)
{
    if (!heap)
        return true;
    if (more > heap->limit || heap->held > heap->limit - more)
        return false;
    heap->held += more;
    return true;
}

static void discharge(nb_pickle_heap *heap, size_t less)
{
    if (heap)
        heap->held -= less;
}

/* Grows an array of `unit`-byte elements from *capacity to at least `wanted`. */
static bool grow(nb_pickle_heap *heap, void **items, size_t *capacity, size_t wanted, size_t unit)
{
    size_t more = *capacity + *capacity / 2;
    if (more < wanted)
        more = wanted;
    if (more > SIZE_MAX / 2 / unit || !nb_pickle_charge(heap, (more - *capacity) * unit))
        return false;
    void *grown = realloc(*items, more * unit);
    if (!grown) {
        discharge(heap, (more - *capacity) * unit);
        return false;
    }
    *items = grown;
    *capacity = more;
    return true;
}

nb_pickle_value nb_pickle_new(nb_pickle_heap *heap, nb_pickle_kind kind, size_t size)
{
    if (!nb_pickle_charge(heap, size))
        return nb_pickle_nothing;
    nb_pickle_object *object = calloc(1, size);
    if (!object) {
        discharge(heap, size);
        return nb_pickle_nothing;
    }
    object->references = 1;
    object->kind = (uint8_t)kind;
    return (nb_pickle_value){.kind = kind, .object = object};
}

nb_pickle_value nb_pickle_new_string(nb_pickle_heap *heap, nb_pickle_kind kind, const void *bytes, size_t size)
{
    if (size > SIZE_MAX / 2)
        return nb_pickle_nothing;
    nb_pickle_value value = nb_pickle_new(heap, kind, sizeof(nb_pickle_string) + size + 1);
    if (value.kind == kind) {
        nb_pickle_string *string = (nb_pickle_string *)value.object;
        string->size = size;
        if (bytes && size)
            memcpy(string->bytes, bytes, size);
    }
    return value;
}

nb_pickle_value nb_pickle_new_dict(nb_pickle_heap *heap)
{
    nb_pickle_value value = nb_pickle_new(heap, NB_PICKLE_DICT, sizeof(nb_pickle_dict));
    if (value.kind == NB_PICKLE_DICT)
        ((nb_pickle_dict *)value.object)->packed = true;
    return value;
}

static void release_all(nb_pickle_heap *heap, const nb_pickle_value *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        nb_pickle_release(heap, items[i]);
}

nb_pickle_value nb_pickle_new_sequence(nb_pickle_heap *heap, nb_pickle_kind kind, const nb_pickle_value *items, size_t count)
{
    nb_pickle_value value = nb_pickle_new(heap, kind, sizeof(nb_pickle_sequence));
    nb_pickle_sequence *list = (nb_pickle_sequence *)value.object;
    if (value.kind != kind || (count > 0 && !grow(heap, (void **)&list->items, &list->capacity, count, sizeof *items))) {
        release_all(heap, items, count);
        nb_pickle_release(heap, value);
        return nb_pickle_nothing;
    }
    if (count > 0)
        memcpy(list->items, items, count * sizeof *items);
    list->count = count;
    return value;
}

static void free_dict(nb_pickle_heap *heap, nb_pickle_dict *dict)
{
    if (dict->packed) {
        discharge(heap, dict->capacity * sizeof *dict->values + dict->run_capacity * sizeof *dict->runs);
        free(dict->values);
        free(dict->runs);
        return;
    }
    for (uint32_t i = 0; i < dict->count; i++) {
        nb_pickle_release(heap, dict->pairs[i].key);
        nb_pickle_release(heap, dict->pairs[i].value);
    }
    discharge(heap, dict->capacity * sizeof *dict->pairs);
    free(dict->pairs);
}

/* Frees what the object holds and returns the size of the object itself. */
static size_t free_contents(nb_pickle_heap *heap, nb_pickle_object *object)
{
    switch (object->kind) {
    case NB_PICKLE_LIST:
    case NB_PICKLE_TUPLE:
    case NB_PICKLE_SET: {
        nb_pickle_sequence *list = (nb_pickle_sequence *)object;
        release_all(heap, list->items, list->count);
        discharge(heap, list->capacity * sizeof *list->items);
        free(list->items);
        return sizeof *list;
    }
    case NB_PICKLE_DICT:
        free_dict(heap, (nb_pickle_dict *)object);
        return sizeof(nb_pickle_dict);
    case NB_PICKLE_DTYPE:
        return sizeof(nb_pickle_dtype_object);
    case NB_PICKLE_ARRAY:
        nb_pickle_release(heap, ((nb_pickle_array_object *)object)->bytes);
        return sizeof(nb_pickle_array_object);
    case NB_PICKLE_STORAGE:
        nb_pickle_release(heap, ((nb_pickle_storage_object *)object)->key);
        nb_pickle_release(heap, ((nb_pickle_storage_object *)object)->storage.nested);
        return sizeof(nb_pickle_storage_object);
    case NB_PICKLE_TENSOR:
        nb_pickle_release(heap, ((nb_pickle_tensor_object *)object)->storage);
        return sizeof(nb_pickle_tensor_object);
    case NB_PICKLE_RECORD:
        nb_pickle_release(heap, ((nb_pickle_record *)object)->state);
        return sizeof(nb_pickle_record);
    default:
        return sizeof(nb_pickle_string) + ((nb_pickle_string *)object)->size + 1;
    }
}

void nb_pickle_free_object(nb_pickle_heap *heap, nb_pickle_object *object)
{
    discharge(heap, free_contents(heap, object));
    free(object);
}

void nb_pickle_drop(nb_pickle_value value)
{
    nb_pickle_release(NULL, value);
}

/* ---- containers ---- */

nb_pickle_refusal nb_pickle_adopt(nb_pickle_object *parent, nb_pickle_value child)
{
    if (!nb_pickle_is_object(child))
        return NB_PICKLE_TAKEN;
    if (child.object == parent)
        return NB_PICKLE_IS_CLOSED;
    if (child.object->depth >= NB_PICKLE_DEPTH_MAX)
        return NB_PICKLE_TOO_DEEP;
    if (child.object->depth >= parent->depth)
        parent->depth = (uint8_t)(child.object->depth + 1);
    child.object->closed = true;
    return NB_PICKLE_TAKEN;
}

nb_pickle_refusal nb_pickle_append(nb_pickle_heap *heap, nb_pickle_sequence *list, nb_pickle_value item)
{
    nb_pickle_refusal refusal = list->head.closed ? NB_PICKLE_IS_CLOSED : nb_pickle_adopt(&list->head, item);
    if (refusal == NB_PICKLE_TAKEN && list->count == list->capacity &&
        !grow(heap, (void **)&list->items, &list->capacity, list->count < 4 ? 4 : list->count + 1, sizeof item))
        refusal = NB_PICKLE_NO_MEMORY;
    if (refusal != NB_PICKLE_TAKEN) {
        nb_pickle_release(heap, item);
        return refusal;
    }
    list->items[list->count++] = item;
    return NB_PICKLE_TAKEN;
}

bool nb_pickle_split_name(const char *text, size_t size, size_t *prefix_size, int64_t *number)
{
    size_t digits = 0;
    int64_t value = 0;
    int64_t unit = 1;
    while (digits < size && digits < 9 && text[size - 1 - digits] >= '0' && text[size - 1 - digits] <= '9') {
        value += unit * (text[size - 1 - digits] - '0');
        unit *= 10;
        digits++;
    }
    if (digits == 0 || digits + 1 > size || text[size - 1 - digits] != '@' || size - 1 - digits > NB_PICKLE_PREFIX_MAX)
        return false;
    if (digits > 1 && text[size - digits] == '0')
        return false;
    *prefix_size = size - 1 - digits;
    *number = value;
    return memchr(text, '\0', *prefix_size) == NULL;
}

static bool grow32(nb_pickle_heap *heap, void **items, uint32_t *capacity, uint32_t least, size_t unit)
{
    size_t wide = *capacity;
    if (*capacity >= UINT32_MAX / 2)
        return false;
    if (!grow(heap, items, &wide, *capacity < least ? least : *capacity * (size_t)2, unit))
        return false;
    *capacity = (uint32_t)wide;
    return true;
}

bool nb_pickle_pack_room(nb_pickle_heap *heap, nb_pickle_dict *dict)
{
    return dict->count < dict->capacity || grow32(heap, (void **)&dict->values, &dict->capacity, 16, sizeof *dict->values);
}

static bool continues(const nb_pickle_run *run, bool named, const char *prefix, size_t prefix_size, int64_t number)
{
    return run->named == named && number == run->first + run->count && run->prefix_size == prefix_size &&
           (!named || memcmp(run->prefix, prefix, prefix_size) == 0);
}

bool nb_pickle_pack(nb_pickle_heap *heap, nb_pickle_dict *dict, bool named, const char *prefix, size_t prefix_size, int64_t number,
                    double real)
{
    if (!nb_pickle_pack_room(heap, dict))
        return false;
    nb_pickle_run *last = dict->run_count ? &dict->runs[dict->run_count - 1] : NULL;
    if (!last || !continues(last, named, prefix, prefix_size, number)) {
        if (dict->run_count == dict->run_capacity && !grow32(heap, (void **)&dict->runs, &dict->run_capacity, 1, sizeof *dict->runs))
            return false;
        last = &dict->runs[dict->run_count++];
        *last = (nb_pickle_run){.first = number, .start = dict->count, .named = named, .prefix_size = (uint8_t)prefix_size};
        if (named)
            memcpy(last->prefix, prefix, prefix_size);
    }
    last->count++;
    dict->values[dict->count++] = real;
    return true;
}

/* The key of item `i` of the run, as an object of its own. NONE when memory gives out. */
static nb_pickle_value run_key(nb_pickle_heap *heap, const nb_pickle_run *run, uint32_t i)
{
    if (!run->named)
        return (nb_pickle_value){.kind = NB_PICKLE_INT, .number = run->first + i};
    char text[NB_PICKLE_PREFIX_MAX + 24];
    int size = snprintf(text, sizeof text, "%s@%" PRId64, run->prefix, run->first + i);
    return nb_pickle_new_string(heap, NB_PICKLE_TEXT, text, (size_t)size);
}

/* Turns a packed dict into pairs, because something came that is not a numbered float. */
static bool unpack(nb_pickle_heap *heap, nb_pickle_dict *dict)
{
    nb_pickle_dict pairs = *dict;
    pairs.packed = false;
    pairs.pairs = NULL;
    pairs.count = pairs.capacity = 0;
    bool good = dict->count == 0 || grow32(heap, (void **)&pairs.pairs, &pairs.capacity, dict->count, sizeof *pairs.pairs);
    for (uint32_t r = 0; good && r < dict->run_count; r++)
        for (uint32_t i = 0; good && i < dict->runs[r].count; i++) {
            nb_pickle_value key = run_key(heap, &dict->runs[r], i);
            good = key.kind != NB_PICKLE_NONE;
            nb_pickle_value value = {.kind = NB_PICKLE_FLOAT, .real = dict->values[dict->runs[r].start + i]};
            pairs.pairs[pairs.count] = (nb_pickle_pair){key, value};
            pairs.count += good;
        }
    nb_pickle_dict *unwanted = good ? dict : &pairs;
    free_dict(heap, unwanted);
    if (!good)
        return false;
    uint8_t depth = dict->head.depth > 0 || pairs.count == 0 ? dict->head.depth : 1;
    pairs.runs = NULL;
    pairs.run_count = pairs.run_capacity = 0;
    *dict = pairs;
    dict->head.depth = depth;
    return true;
}

static bool can_be_key(nb_pickle_kind kind)
{
    return kind <= NB_PICKLE_BYTES || kind == NB_PICKLE_TUPLE;
}

/* Puts a numbered float into a packed dict. *done false: it is something else. */
static nb_pickle_refusal try_pack(nb_pickle_heap *heap, nb_pickle_dict *dict, nb_pickle_value key, nb_pickle_value value, bool *done)
{
    *done = false;
    if (!dict->packed || value.kind != NB_PICKLE_FLOAT)
        return NB_PICKLE_TAKEN;
    const char *prefix = NULL;
    size_t prefix_size = 0;
    int64_t number = 0;
    if (key.kind == NB_PICKLE_INT) {
        number = key.number;
        if (number > INT64_MAX / 2 || number < INT64_MIN / 2)
            return NB_PICKLE_TAKEN;
    } else if (key.kind == NB_PICKLE_TEXT) {
        size_t size;
        prefix = nb_pickle_text(key, &size);
        if (!nb_pickle_split_name(prefix, size, &prefix_size, &number))
            return NB_PICKLE_TAKEN;
    } else {
        return NB_PICKLE_TAKEN;
    }
    if (!nb_pickle_pack(heap, dict, prefix != NULL, prefix, prefix_size, number, value.real))
        return NB_PICKLE_NO_MEMORY;
    *done = true;
    return NB_PICKLE_TAKEN;
}

static nb_pickle_refusal add_pair(nb_pickle_heap *heap, nb_pickle_dict *dict, nb_pickle_value key, nb_pickle_value value)
{
    nb_pickle_refusal refusal = nb_pickle_adopt(&dict->head, key);
    if (refusal == NB_PICKLE_TAKEN)
        refusal = nb_pickle_adopt(&dict->head, value);
    if (refusal != NB_PICKLE_TAKEN)
        return refusal;
    if (dict->packed && !unpack(heap, dict))
        return NB_PICKLE_NO_MEMORY;
    if (dict->count == dict->capacity && !grow32(heap, (void **)&dict->pairs, &dict->capacity, 4, sizeof *dict->pairs))
        return NB_PICKLE_NO_MEMORY;
    dict->pairs[dict->count++] = (nb_pickle_pair){key, value};
    return NB_PICKLE_TAKEN;
}

nb_pickle_refusal nb_pickle_set_item(nb_pickle_heap *heap, nb_pickle_dict *dict, nb_pickle_value key, nb_pickle_value value)
{
    nb_pickle_refusal refusal = dict->head.closed ? NB_PICKLE_IS_CLOSED : can_be_key(key.kind) ? NB_PICKLE_TAKEN : NB_PICKLE_BAD_KEY;
    bool packed = false;
    if (refusal == NB_PICKLE_TAKEN)
        refusal = try_pack(heap, dict, key, value, &packed);
    if (refusal == NB_PICKLE_TAKEN && !packed)
        refusal = add_pair(heap, dict, key, value);
    if (packed || refusal != NB_PICKLE_TAKEN) {
        nb_pickle_release(heap, key);
        nb_pickle_release(heap, value);
    }
    return refusal;
}

/* ---- access ---- */

const char *nb_pickle_kind_name(nb_pickle_kind kind)
{
    static const char *const names[] = {
        [NB_PICKLE_NONE] = "None",       [NB_PICKLE_BOOL] = "a truth value", [NB_PICKLE_INT] = "an integer",
        [NB_PICKLE_FLOAT] = "a float",   [NB_PICKLE_GLOBAL] = "a class",     [NB_PICKLE_INTEGER] = "an integer beyond 64 bits",
        [NB_PICKLE_TEXT] = "a text",     [NB_PICKLE_BYTES] = "bytes",        [NB_PICKLE_LIST] = "a list",
        [NB_PICKLE_TUPLE] = "a tuple",   [NB_PICKLE_SET] = "a set",          [NB_PICKLE_DICT] = "a dict",
        [NB_PICKLE_DTYPE] = "a dtype",   [NB_PICKLE_ARRAY] = "an array",     [NB_PICKLE_STORAGE] = "a storage",
        [NB_PICKLE_TENSOR] = "a tensor", [NB_PICKLE_RECORD] = "a record",
    };
    return (size_t)kind < sizeof names / sizeof *names ? names[kind] : "nothing";
}

static const nb_pickle_sequence *as_sequence(nb_pickle_value value)
{
    bool fits = value.kind == NB_PICKLE_LIST || value.kind == NB_PICKLE_TUPLE || value.kind == NB_PICKLE_SET;
    return fits ? (const nb_pickle_sequence *)value.object : NULL;
}

/* A dict, or the attributes of a record. */
static const nb_pickle_dict *as_dict(nb_pickle_value value)
{
    if (value.kind == NB_PICKLE_RECORD)
        value = ((const nb_pickle_record *)value.object)->state;
    return value.kind == NB_PICKLE_DICT ? (const nb_pickle_dict *)value.object : NULL;
}

size_t nb_pickle_count(nb_pickle_value value)
{
    const nb_pickle_sequence *list = as_sequence(value);
    const nb_pickle_dict *dict = as_dict(value);
    return list ? list->count : dict ? dict->count : 0;
}

nb_pickle_value nb_pickle_item(nb_pickle_value value, size_t i)
{
    const nb_pickle_sequence *list = as_sequence(value);
    return list && i < list->count ? list->items[i] : nb_pickle_nothing;
}

const char *nb_pickle_text(nb_pickle_value value, size_t *size)
{
    bool fits = value.kind == NB_PICKLE_TEXT || value.kind == NB_PICKLE_BYTES || value.kind == NB_PICKLE_INTEGER;
    const nb_pickle_string *string = fits ? (const nb_pickle_string *)value.object : NULL;
    if (size)
        *size = string ? string->size : 0;
    return string ? string->bytes : NULL;
}

bool nb_pickle_is_text(nb_pickle_value value, const char *text)
{
    if (value.kind != NB_PICKLE_TEXT && value.kind != NB_PICKLE_BYTES)
        return false;
    size_t size;
    const char *bytes = nb_pickle_text(value, &size);
    return size == strlen(text) && memcmp(bytes, text, size) == 0;
}

bool nb_pickle_find(nb_pickle_value value, const char *name, nb_pickle_value *out)
{
    const nb_pickle_dict *dict = as_dict(value);
    if (!dict || dict->packed)
        return false;
    for (uint32_t i = dict->count; i-- > 0;) /* as in Python, the last one counts */
        if (nb_pickle_is_text(dict->pairs[i].key, name)) {
            *out = dict->pairs[i].value;
            return true;
        }
    return false;
}

bool nb_pickle_entry(nb_pickle_value value, size_t i, nb_pickle_value *key, nb_pickle_value *item)
{
    const nb_pickle_dict *dict = as_dict(value);
    if (!dict || dict->packed || i >= dict->count)
        return false;
    *key = dict->pairs[i].key;
    *item = dict->pairs[i].value;
    return true;
}

const nb_pickle_run *nb_pickle_runs(nb_pickle_value value, size_t *count, const double **values)
{
    static const nb_pickle_run none = {0};
    const nb_pickle_dict *dict = value.kind == NB_PICKLE_DICT ? as_dict(value) : NULL;
    *count = dict && dict->packed ? dict->run_count : 0;
    *values = dict && dict->packed ? dict->values : NULL;
    if (!dict || !dict->packed)
        return NULL;
    return dict->run_count ? dict->runs : &none;
}

bool nb_pickle_split_key(nb_pickle_value key, size_t *prefix_size, int64_t *number)
{
    size_t size;
    const char *text = key.kind == NB_PICKLE_TEXT ? nb_pickle_text(key, &size) : NULL;
    return text && nb_pickle_split_name(text, size, prefix_size, number);
}

const nb_pickle_array *nb_pickle_as_array(nb_pickle_value value)
{
    if (value.kind != NB_PICKLE_ARRAY)
        return NULL;
    const nb_pickle_array_object *object = (const nb_pickle_array_object *)value.object;
    return object->array.data ? &object->array : NULL;
}

size_t nb_pickle_element_size(nb_pickle_element element)
{
    static const uint8_t sizes[] = {
        [NB_PICKLE_F64] = 8, [NB_PICKLE_F32] = 4, [NB_PICKLE_F16] = 2, [NB_PICKLE_BF16] = 2, [NB_PICKLE_I64] = 8,
        [NB_PICKLE_I32] = 4, [NB_PICKLE_I16] = 2, [NB_PICKLE_I8] = 1,  [NB_PICKLE_U8] = 1,   [NB_PICKLE_BOOLEAN] = 1};
    return sizes[element];
}

const nb_pickle_storage *nb_pickle_as_storage(nb_pickle_value value)
{
    return value.kind == NB_PICKLE_STORAGE ? &((const nb_pickle_storage_object *)value.object)->storage : NULL;
}

const nb_pickle_tensor *nb_pickle_as_tensor(nb_pickle_value value)
{
    return value.kind == NB_PICKLE_TENSOR ? &((const nb_pickle_tensor_object *)value.object)->tensor : NULL;
}

const char *nb_pickle_class(nb_pickle_value value)
{
    return value.kind == NB_PICKLE_RECORD ? ((const nb_pickle_record *)value.object)->class_name : NULL;
}
