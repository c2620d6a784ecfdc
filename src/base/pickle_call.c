#include "base/pickle_call.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What a known name stands for. */
typedef enum meaning {
    MEANS_ORDERED_DICT,
    MEANS_SET,
    MEANS_NUMPY_SCALAR,
    MEANS_NUMPY_RECONSTRUCT,
    MEANS_NUMPY_DTYPE,
    MEANS_NUMPY_NDARRAY,
    MEANS_CODECS_ENCODE,
    MEANS_BYTES,
    MEANS_REBUILD_TENSOR,
    MEANS_REBUILD_PARAMETER,
    MEANS_LOAD_FROM_BYTES,
    MEANS_ARCH_RESULTS,
    MEANS_RESULTS_COUNT,
    MEANS_STORAGE /* + an nb_pickle_element */
} meaning;

typedef struct known_name {
    const char *module, *name;
    int meaning;
} known_name;

static const known_name known_names[] = {
    {"collections", "OrderedDict", MEANS_ORDERED_DICT},
    {"__builtin__", "set", MEANS_SET},
    {"builtins", "set", MEANS_SET},
    {"__builtin__", "frozenset", MEANS_SET},
    {"builtins", "frozenset", MEANS_SET},
    {"numpy.core.multiarray", "scalar", MEANS_NUMPY_SCALAR},
    {"numpy._core.multiarray", "scalar", MEANS_NUMPY_SCALAR},
    {"numpy.core.multiarray", "_reconstruct", MEANS_NUMPY_RECONSTRUCT},
    {"numpy._core.multiarray", "_reconstruct", MEANS_NUMPY_RECONSTRUCT},
    {"numpy", "dtype", MEANS_NUMPY_DTYPE},
    {"numpy", "ndarray", MEANS_NUMPY_NDARRAY},
    {"_codecs", "encode", MEANS_CODECS_ENCODE},
    {"__builtin__", "bytes", MEANS_BYTES},
    {"torch._utils", "_rebuild_tensor_v2", MEANS_REBUILD_TENSOR},
    {"torch._utils", "_rebuild_parameter", MEANS_REBUILD_PARAMETER},
    {"torch.storage", "_load_from_bytes", MEANS_LOAD_FROM_BYTES},
    {"torch", "DoubleStorage", MEANS_STORAGE + NB_PICKLE_F64},
    {"torch", "FloatStorage", MEANS_STORAGE + NB_PICKLE_F32},
    {"torch", "HalfStorage", MEANS_STORAGE + NB_PICKLE_F16},
    {"torch", "BFloat16Storage", MEANS_STORAGE + NB_PICKLE_BF16},
    {"torch", "LongStorage", MEANS_STORAGE + NB_PICKLE_I64},
    {"torch", "IntStorage", MEANS_STORAGE + NB_PICKLE_I32},
    {"torch", "ShortStorage", MEANS_STORAGE + NB_PICKLE_I16},
    {"torch", "CharStorage", MEANS_STORAGE + NB_PICKLE_I8},
    {"torch", "ByteStorage", MEANS_STORAGE + NB_PICKLE_U8},
    {"torch", "BoolStorage", MEANS_STORAGE + NB_PICKLE_BOOLEAN},
    {"nats_bench.api_utils", "ArchResults", MEANS_ARCH_RESULTS},
    {"nats_bench.api_utils", "ResultsCount", MEANS_RESULTS_COUNT},
    {"nas_201_api.api_utils", "ArchResults", MEANS_ARCH_RESULTS},
    {"nas_201_api.api_utils", "ResultsCount", MEANS_RESULTS_COUNT},
    {"nas_201_api.api", "ArchResults", MEANS_ARCH_RESULTS},
    {"nas_201_api.api", "ResultsCount", MEANS_RESULTS_COUNT},
    {"nas_102_api.api", "ArchResults", MEANS_ARCH_RESULTS},
    {"nas_102_api.api", "ResultsCount", MEANS_RESULTS_COUNT},
    {"aa_nas_api.api", "ArchResults", MEANS_ARCH_RESULTS},
    {"aa_nas_api.api", "ResultsCount", MEANS_RESULTS_COUNT},
};

nb_status nb_pickle_fail(const nb_pickle_site *site, nb_status status, const char *format, ...)
{
    char text[NB_ERROR_MESSAGE_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return nb_fail(site->err, status, "%s: offset %" PRIu64 ": %s", site->name, site->offset, text);
}

nb_status nb_pickle_refused(const nb_pickle_site *site, nb_pickle_refusal refusal)
{
    switch (refusal) {
    case NB_PICKLE_TAKEN:
        return NB_OK;
    case NB_PICKLE_NO_MEMORY:
        return nb_pickle_fail(site, NB_ERR_MEMORY, "the values of the pickle need more than %zu MiB", site->heap.limit >> 20);
    case NB_PICKLE_TOO_DEEP:
        return nb_pickle_fail(site, NB_ERR_FORMAT, "values are nested more than %d deep", NB_PICKLE_DEPTH_MAX);
    case NB_PICKLE_IS_CLOSED:
        return nb_pickle_fail(site, NB_ERR_FORMAT,
                              "a container is changed after it became part of another one: a cycle, or no pickle of plain data");
    default:
        return nb_pickle_fail(site, NB_ERR_FORMAT, "a dict's key is of a kind that cannot be one");
    }
}

/* A maker's result, or the failure when it is NONE. */
static nb_status made(const nb_pickle_site *site, nb_pickle_value value, nb_pickle_value *out)
{
    if (value.kind == NB_PICKLE_NONE)
        return nb_pickle_refused(site, NB_PICKLE_NO_MEMORY);
    *out = value;
    return NB_OK;
}

nb_status nb_pickle_resolve(const nb_pickle_site *site, const char *module, size_t module_size, const char *name, size_t name_size,
                            nb_pickle_value *out)
{
    for (size_t i = 0; i < sizeof known_names / sizeof *known_names; i++) {
        const known_name *known = &known_names[i];
        if (strlen(known->module) == module_size && memcmp(known->module, module, module_size) == 0 && strlen(known->name) == name_size &&
            memcmp(known->name, name, name_size) == 0) {
            *out = (nb_pickle_value){.kind = NB_PICKLE_GLOBAL, .number = (int64_t)i};
            return NB_OK;
        }
    }
    int shown_module = module_size > 100 ? 100 : (int)module_size;
    int shown_name = name_size > 100 ? 100 : (int)name_size;
    return nb_pickle_fail(site, NB_ERR_REFUSED, "the pickle names %.*s.%.*s, which is not allowed: it could run code", shown_module, module,
                          shown_name, name);
}

static int meaning_of(nb_pickle_value value)
{
    return value.kind == NB_PICKLE_GLOBAL ? known_names[value.number].meaning : -1;
}

static nb_status bad_arguments(const nb_pickle_site *site, const char *what)
{
    return nb_pickle_fail(site, NB_ERR_FORMAT, "%s: unexpected arguments", what);
}

/* ---- containers ---- */

/* OrderedDict() or, from Python 2, OrderedDict([[key, value], ...]). */
static nb_status make_dict(nb_pickle_site *site, nb_pickle_value arguments, nb_pickle_value *out)
{
    nb_pickle_value items = nb_pickle_item(arguments, 0);
    if (nb_pickle_count(arguments) > 1 || (nb_pickle_count(arguments) == 1 && items.kind != NB_PICKLE_LIST))
        return bad_arguments(site, "collections.OrderedDict");
    nb_pickle_value dict;
    NB_TRY(made(site, nb_pickle_new_dict(&site->heap), &dict));
    for (size_t i = 0; i < nb_pickle_count(items); i++) {
        nb_pickle_value pair = nb_pickle_item(items, i);
        bool good = (pair.kind == NB_PICKLE_LIST || pair.kind == NB_PICKLE_TUPLE) && nb_pickle_count(pair) == 2;
        nb_status status = good ? nb_pickle_refused(site, nb_pickle_set_item(&site->heap, (nb_pickle_dict *)dict.object,
                                                                             nb_pickle_keep(nb_pickle_item(pair, 0)),
                                                                             nb_pickle_keep(nb_pickle_item(pair, 1))))
                                : bad_arguments(site, "collections.OrderedDict");
        if (status != NB_OK) {
            nb_pickle_release(&site->heap, dict);
            return status;
        }
    }
    *out = dict;
    return NB_OK;
}

static nb_status make_set(nb_pickle_site *site, nb_pickle_value arguments, nb_pickle_value *out)
{
    nb_pickle_value items = nb_pickle_item(arguments, 0);
    bool good = nb_pickle_count(arguments) == 0 ||
                (nb_pickle_count(arguments) == 1 && (items.kind == NB_PICKLE_LIST || items.kind == NB_PICKLE_TUPLE));
    if (!good)
        return bad_arguments(site, "set");
    nb_pickle_value set;
    NB_TRY(made(site, nb_pickle_new_sequence(&site->heap, NB_PICKLE_SET, NULL, 0), &set));
    for (size_t i = 0; i < nb_pickle_count(items); i++) {
        nb_pickle_value item = nb_pickle_keep(nb_pickle_item(items, i));
        nb_status status = nb_pickle_refused(site, nb_pickle_append(&site->heap, (nb_pickle_sequence *)set.object, item));
        if (status != NB_OK) {
            nb_pickle_release(&site->heap, set);
            return status;
        }
    }
    *out = set;
    return NB_OK;
}

/* ---- bytes from text ---- */

/* Decodes one UTF-8 sequence of a code point below 256. Returns its length, 0 when it is something else. */
static size_t latin1_point(const char *text, size_t size, uint8_t *out)
{
    uint8_t first = (uint8_t)text[0];
    if (first < 0x80) {
        *out = first;
        return 1;
    }
    if (size < 2 || (first != 0xc2 && first != 0xc3) || ((uint8_t)text[1] & 0xc0) != 0x80)
        return 0;
    *out = (uint8_t)(first << 6 | ((uint8_t)text[1] & 0x3f));
    return 2;
}

/* _codecs.encode(text, "latin1"): how protocol 2 writes bytes. */
static nb_status encode_latin1(nb_pickle_site *site, nb_pickle_value arguments, nb_pickle_value *out)
{
    nb_pickle_value text = nb_pickle_item(arguments, 0);
    nb_pickle_value codec = nb_pickle_item(arguments, 1);
    bool latin1 = nb_pickle_is_text(codec, "latin1") || nb_pickle_is_text(codec, "latin-1") || nb_pickle_is_text(codec, "iso-8859-1");
    if (text.kind != NB_PICKLE_TEXT || nb_pickle_count(arguments) != 2 || !latin1)
        return bad_arguments(site, "_codecs.encode");
    size_t size;
    const char *bytes = nb_pickle_text(text, &size);
    nb_pickle_value encoded;
    NB_TRY(made(site, nb_pickle_new_string(&site->heap, NB_PICKLE_BYTES, NULL, size), &encoded));
    nb_pickle_string *string = (nb_pickle_string *)encoded.object;
    size_t count = 0;
    for (size_t i = 0; i < size;) {
        size_t step = latin1_point(bytes + i, size - i, (uint8_t *)&string->bytes[count]);
        if (step == 0) {
            nb_pickle_release(&site->heap, encoded);
            return nb_pickle_fail(site, NB_ERR_FORMAT, "_codecs.encode: byte %zu of the text is not Latin-1", i);
        }
        i += step;
        count++;
    }
    nb_pickle_value exact = nb_pickle_new_string(&site->heap, NB_PICKLE_BYTES, string->bytes, count);
    nb_pickle_release(&site->heap, encoded);
    return made(site, exact, out);
}

/* ---- numpy ---- */

/* numpy.dtype('f8', False, True) */
static nb_status make_dtype(nb_pickle_site *site, nb_pickle_value arguments, nb_pickle_value *out)
{
    size_t size;
    const char *text = nb_pickle_text(nb_pickle_item(arguments, 0), &size);
    nb_pickle_dtype dtype = {.order = '='};
    size_t at = 0;
    if (text && size > 1 && (text[0] == '<' || text[0] == '>' || text[0] == '|' || text[0] == '='))
        dtype.order = text[at++];
    if (!text || size < at + 2 || size > at + 6 || !strchr("fiubSV", text[at]))
        return nb_pickle_fail(site, NB_ERR_UNSUPPORTED, "numpy.dtype: element type '%.16s' is not read here", text ? text : "");
    dtype.kind = text[at++];
    for (; at < size; at++) {
        if (text[at] < '0' || text[at] > '9')
            return nb_pickle_fail(site, NB_ERR_UNSUPPORTED, "numpy.dtype: element type '%.16s' is not read here", text);
        dtype.size = dtype.size * 10 + (uint32_t)(text[at] - '0');
    }
    nb_pickle_value value;
    NB_TRY(made(site, nb_pickle_new(&site->heap, NB_PICKLE_DTYPE, sizeof(nb_pickle_dtype_object)), &value));
    ((nb_pickle_dtype_object *)value.object)->dtype = dtype;
    *out = value;
    return NB_OK;
}

/* BUILD of a dtype with (3, '<', None, None, None, -1, -1, 0): only the byte order matters. */
static nb_status build_dtype(const nb_pickle_site *site, nb_pickle_dtype_object *target, nb_pickle_value state)
{
    size_t size;
    const char *order = nb_pickle_text(nb_pickle_item(state, 1), &size);
    if (state.kind != NB_PICKLE_TUPLE || !order || size != 1 || !strchr("<>=|", order[0]))
        return nb_pickle_fail(site, NB_ERR_FORMAT, "numpy.dtype: unexpected state");
    if (nb_pickle_item(state, 4).kind != NB_PICKLE_NONE && nb_pickle_count(nb_pickle_item(state, 4)) > 0)
        return nb_pickle_fail(site, NB_ERR_UNSUPPORTED, "numpy.dtype: element types with fields are not read here");
    target->dtype.order = order[0];
    return NB_OK;
}

static uint64_t integer_from(const uint8_t *bytes, size_t size, bool big_endian)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | bytes[big_endian ? i : size - 1 - i];
    return value;
}

/* IEEE binary16 to double, exactly. */
static double half_to_double(uint64_t bits)
{
    int exponent = (int)(bits >> 10 & 31);
    double fraction = (double)(bits & 1023);
    double value = exponent == 31  ? (fraction > 0 ? NAN : INFINITY)
                   : exponent == 0 ? ldexp(fraction, -24)
                                   : ldexp(1024 + fraction, exponent - 25);
    return bits >> 15 & 1 ? -value : value;
}

static double real_from(uint64_t bits, uint32_t size)
{
    if (size == 8) {
        double real;
        memcpy(&real, &bits, sizeof real);
        return real;
    }
    if (size == 4) {
        uint32_t narrow = (uint32_t)bits;
        float real;
        memcpy(&real, &narrow, sizeof real);
        return (double)real;
    }
    return half_to_double(bits);
}

/* numpy scalar(dtype, bytes) */
static nb_status make_scalar(nb_pickle_site *site, nb_pickle_value arguments, nb_pickle_value *out)
{
    nb_pickle_value type = nb_pickle_item(arguments, 0);
    nb_pickle_value raw = nb_pickle_item(arguments, 1);
    size_t size;
    const char *text = nb_pickle_text(raw, &size);
    if (type.kind != NB_PICKLE_DTYPE || raw.kind != NB_PICKLE_BYTES || nb_pickle_count(arguments) != 2)
        return bad_arguments(site, "numpy scalar");
    nb_pickle_dtype dtype = ((const nb_pickle_dtype_object *)type.object)->dtype;
    bool known = dtype.kind == 'f'
                     ? dtype.size == 2 || dtype.size == 4 || dtype.size == 8
                     : strchr("iub", dtype.kind) && (dtype.size == 1 || dtype.size == 2 || dtype.size == 4 || dtype.size == 8);
    if (!known || size != dtype.size)
        return nb_pickle_fail(site, NB_ERR_FORMAT, "numpy scalar: %zu bytes for element type %c%u", size, dtype.kind, dtype.size);
    uint64_t bits = integer_from((const uint8_t *)text, size, dtype.order == '>');
    if (dtype.kind == 'f') {
        *out = (nb_pickle_value){.kind = NB_PICKLE_FLOAT, .real = real_from(bits, dtype.size)};
        return NB_OK;
    }
    if (dtype.kind == 'i' && size < 8 && bits >> (8 * size - 1))
        bits |= UINT64_MAX << 8 * size;
    if (dtype.kind == 'u' && bits > INT64_MAX)
        return nb_pickle_fail(site, NB_ERR_UNSUPPORTED, "numpy scalar: unsigned value %" PRIu64 " is beyond 63 bits", bits);
    *out = (nb_pickle_value){.kind = dtype.kind == 'b' ? NB_PICKLE_BOOL : NB_PICKLE_INT, .number = (int64_t)bits};
    return NB_OK;
}

/* _reconstruct(ndarray, (0,), b'b'): an array that BUILD fills. */
static nb_status make_array(nb_pickle_site *site, nb_pickle_value arguments, nb_pickle_value *out)
{
    if (nb_pickle_count(arguments) != 3 || meaning_of(nb_pickle_item(arguments, 0)) != MEANS_NUMPY_NDARRAY)
        return bad_arguments(site, "numpy _reconstruct");
    return made(site, nb_pickle_new(&site->heap, NB_PICKLE_ARRAY, sizeof(nb_pickle_array_object)), out);
}

/* Reads a tuple of sizes or strides. */
static nb_status take_sizes(const nb_pickle_site *site, nb_pickle_value tuple, uint64_t sizes[NB_PICKLE_DIMS_MAX], uint32_t *dims)
{
    size_t count = nb_pickle_count(tuple);
    if (tuple.kind != NB_PICKLE_TUPLE || count > NB_PICKLE_DIMS_MAX)
        return nb_pickle_fail(site, NB_ERR_FORMAT, "a shape is a tuple of at most %d sizes, found %s of %zu", NB_PICKLE_DIMS_MAX,
                              nb_pickle_kind_name(tuple.kind), count);
    for (size_t i = 0; i < count; i++) {
        nb_pickle_value size = nb_pickle_item(tuple, i);
        if (size.kind != NB_PICKLE_INT || size.number < 0)
            return nb_pickle_fail(site, NB_ERR_FORMAT, "a size in a shape is negative or no integer");
        sizes[i] = (uint64_t)size.number;
    }
    *dims = (uint32_t)count;
    return NB_OK;
}

/* BUILD of an array with (version, shape, dtype, fortran, bytes). */
static nb_status build_array(const nb_pickle_site *site, nb_pickle_array_object *target, nb_pickle_value state)
{
    nb_pickle_value type = nb_pickle_item(state, 2);
    nb_pickle_value fortran = nb_pickle_item(state, 3);
    nb_pickle_value bytes = nb_pickle_item(state, 4);
    if (state.kind != NB_PICKLE_TUPLE || nb_pickle_count(state) != 5 || type.kind != NB_PICKLE_DTYPE || fortran.kind > NB_PICKLE_INT ||
        bytes.kind != NB_PICKLE_BYTES || target->bytes.kind != NB_PICKLE_NONE)
        return nb_pickle_fail(site, NB_ERR_FORMAT, "numpy.ndarray: unexpected state");
    nb_pickle_array array = {.dtype = ((const nb_pickle_dtype_object *)type.object)->dtype};
    array.fortran = fortran.kind != NB_PICKLE_NONE && fortran.number != 0;
    NB_TRY(take_sizes(site, nb_pickle_item(state, 1), array.shape, &array.dims));
    array.data = (const uint8_t *)nb_pickle_text(bytes, &array.size);
    uint64_t total = array.dtype.size;
    bool overflow = false;
    for (uint32_t i = 0; i < array.dims; i++)
        overflow = __builtin_mul_overflow(total, array.shape[i], &total) || overflow;
    if (overflow || total != array.size)
        return nb_pickle_fail(site, NB_ERR_FORMAT, "numpy.ndarray: %zu bytes do not fit its shape and element type", array.size);
    target->array = array;
    target->bytes = nb_pickle_keep(bytes);
    return NB_OK;
}

/* ---- torch ---- */

static nb_status make_storage(nb_pickle_site *site, nb_pickle_storage storage, nb_pickle_value key, uint64_t view_offset,
                              nb_pickle_value *out)
{
    nb_pickle_value value;
    NB_TRY(made(site, nb_pickle_new(&site->heap, NB_PICKLE_STORAGE, sizeof(nb_pickle_storage_object)), &value));
    nb_pickle_storage_object *object = (nb_pickle_storage_object *)value.object;
    object->storage = storage;
    object->storage.key = nb_pickle_text(key, NULL);
    object->key = nb_pickle_keep(key);
    nb_pickle_keep(storage.nested);
    object->view_offset = view_offset;
    *out = value;
    return NB_OK;
}

/* ("storage", class, key, location, element count) and in legacy files a sixth: None or a view (key, offset, size). */
nb_status nb_pickle_persistent(nb_pickle_site *site, nb_pickle_value id, nb_pickle_value *out)
{
    size_t fields = nb_pickle_count(id);
    int class_meaning = meaning_of(nb_pickle_item(id, 1));
    nb_pickle_value key = nb_pickle_item(id, 2);
    nb_pickle_value count = nb_pickle_item(id, 4);
    if (id.kind != NB_PICKLE_TUPLE || !nb_pickle_is_text(nb_pickle_item(id, 0), "storage") || fields < 5 || fields > 6)
        return nb_pickle_fail(site, NB_ERR_FORMAT, "a persistent id that is not the description of a torch storage");
    if (class_meaning < MEANS_STORAGE || key.kind != NB_PICKLE_TEXT || count.kind != NB_PICKLE_INT || count.number < 0 ||
        count.number > INT64_MAX / 8)
        return nb_pickle_fail(site, NB_ERR_FORMAT, "a torch storage with an unexpected class, key or element count");
    uint64_t view_offset = 0;
    nb_pickle_value view = nb_pickle_item(id, 5);
    if (view.kind != NB_PICKLE_NONE) {
        nb_pickle_value offset = nb_pickle_item(view, 1);
        if (nb_pickle_count(view) != 3 || offset.kind != NB_PICKLE_INT || offset.number < 0 || offset.number > count.number)
            return nb_pickle_fail(site, NB_ERR_FORMAT, "a torch storage with an unexpected view");
        view_offset = (uint64_t)offset.number;
    }
    nb_pickle_storage storage = {.element = (nb_pickle_element)(class_meaning - MEANS_STORAGE), .count = (uint64_t)count.number};
    return make_storage(site, storage, key, view_offset, out);
}

/* torch.storage._load_from_bytes(bytes) */
static nb_status nested_storage(nb_pickle_site *site, nb_pickle_value arguments, nb_pickle_value *out)
{
    nb_pickle_value bytes = nb_pickle_item(arguments, 0);
    if (nb_pickle_count(arguments) != 1 || bytes.kind != NB_PICKLE_BYTES)
        return bad_arguments(site, "torch.storage._load_from_bytes");
    return make_storage(site, (nb_pickle_storage){.nested = bytes}, nb_pickle_nothing, 0, out);
}

/* One past the highest element that a tensor touches. */
static bool tensor_extent(const nb_pickle_tensor *tensor, uint64_t *extent)
{
    uint64_t last = tensor->offset;
    for (uint32_t i = 0; i < tensor->dims; i++) {
        if (tensor->shape[i] == 0) {
            *extent = 0;
            return true;
        }
        uint64_t step;
        if (__builtin_mul_overflow(tensor->shape[i] - 1, tensor->strides[i], &step) || __builtin_add_overflow(last, step, &last))
            return false;
    }
    return !__builtin_add_overflow(last, 1, extent);
}

/* _rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks[, metadata]) */
static nb_status make_tensor(nb_pickle_site *site, nb_pickle_value arguments, nb_pickle_value *out)
{
    nb_pickle_value storage = nb_pickle_item(arguments, 0);
    nb_pickle_value offset = nb_pickle_item(arguments, 1);
    size_t count = nb_pickle_count(arguments);
    if (count < 6 || count > 7 || storage.kind != NB_PICKLE_STORAGE || offset.kind != NB_PICKLE_INT || offset.number < 0)
        return bad_arguments(site, "torch._utils._rebuild_tensor_v2");
    const nb_pickle_storage_object *memory = (const nb_pickle_storage_object *)storage.object;
    nb_pickle_tensor tensor = {.storage = &memory->storage};
    uint32_t strides;
    uint64_t extent;
    NB_TRY(take_sizes(site, nb_pickle_item(arguments, 2), tensor.shape, &tensor.dims));
    NB_TRY(take_sizes(site, nb_pickle_item(arguments, 3), tensor.strides, &strides));
    if (__builtin_add_overflow((uint64_t)offset.number, memory->view_offset, &tensor.offset) || strides != tensor.dims ||
        !tensor_extent(&tensor, &extent))
        return bad_arguments(site, "torch._utils._rebuild_tensor_v2");
    if (memory->storage.nested.kind == NB_PICKLE_NONE && extent > memory->storage.count)
        return nb_pickle_fail(site, NB_ERR_FORMAT, "a tensor reaches to element %" PRIu64 " of a storage of %" PRIu64, extent,
                              memory->storage.count);
    nb_pickle_value value;
    NB_TRY(made(site, nb_pickle_new(&site->heap, NB_PICKLE_TENSOR, sizeof(nb_pickle_tensor_object)), &value));
    nb_pickle_tensor_object *object = (nb_pickle_tensor_object *)value.object;
    object->tensor = tensor;
    object->storage = nb_pickle_keep(storage);
    *out = value;
    return NB_OK;
}

/* _rebuild_parameter(tensor, requires_grad, hooks): the tensor. */
static nb_status make_parameter(nb_pickle_site *site, nb_pickle_value arguments, nb_pickle_value *out)
{
    if (nb_pickle_item(arguments, 0).kind != NB_PICKLE_TENSOR)
        return bad_arguments(site, "torch._utils._rebuild_parameter");
    *out = nb_pickle_keep(nb_pickle_item(arguments, 0));
    return NB_OK;
}

/* ---- the reference's own classes ---- */

static nb_status make_record(nb_pickle_site *site, const char *class_name, nb_pickle_value arguments, nb_pickle_value *out)
{
    if (nb_pickle_count(arguments) != 0)
        return bad_arguments(site, class_name);
    NB_TRY(made(site, nb_pickle_new(&site->heap, NB_PICKLE_RECORD, sizeof(nb_pickle_record)), out));
    ((nb_pickle_record *)out->object)->class_name = class_name;
    return NB_OK;
}

static nb_status build_record(const nb_pickle_site *site, nb_pickle_record *target, nb_pickle_value state)
{
    if (state.kind != NB_PICKLE_DICT || target->state.kind != NB_PICKLE_NONE)
        return nb_pickle_fail(site, NB_ERR_FORMAT, "%s: its attributes come once, as a dict; found %s", target->class_name,
                              nb_pickle_kind_name(state.kind));
    if (target->head.closed)
        return nb_pickle_refused(site, NB_PICKLE_IS_CLOSED);
    NB_TRY(nb_pickle_refused(site, nb_pickle_adopt(&target->head, state)));
    target->state = nb_pickle_keep(state);
    return NB_OK;
}

/* ---- */

nb_status nb_pickle_call(nb_pickle_site *site, nb_pickle_value callable, nb_pickle_value arguments, nb_pickle_value *out)
{
    if (callable.kind != NB_PICKLE_GLOBAL || arguments.kind != NB_PICKLE_TUPLE)
        return nb_pickle_fail(site, NB_ERR_FORMAT, "%s is called with %s", nb_pickle_kind_name(callable.kind),
                              nb_pickle_kind_name(arguments.kind));
    switch (meaning_of(callable)) {
    case MEANS_ORDERED_DICT:
        return make_dict(site, arguments, out);
    case MEANS_SET:
        return make_set(site, arguments, out);
    case MEANS_NUMPY_SCALAR:
        return make_scalar(site, arguments, out);
    case MEANS_NUMPY_RECONSTRUCT:
        return make_array(site, arguments, out);
    case MEANS_NUMPY_DTYPE:
        return make_dtype(site, arguments, out);
    case MEANS_CODECS_ENCODE:
        return encode_latin1(site, arguments, out);
    case MEANS_BYTES: /* bytes(): how protocol 2 writes no bytes */
        if (nb_pickle_count(arguments) != 0)
            return bad_arguments(site, "bytes");
        return made(site, nb_pickle_new_string(&site->heap, NB_PICKLE_BYTES, NULL, 0), out);
    case MEANS_REBUILD_TENSOR:
        return make_tensor(site, arguments, out);
    case MEANS_REBUILD_PARAMETER:
        return make_parameter(site, arguments, out);
    case MEANS_LOAD_FROM_BYTES:
        return nested_storage(site, arguments, out);
    case MEANS_ARCH_RESULTS:
        return make_record(site, "ArchResults", arguments, out);
    case MEANS_RESULTS_COUNT:
        return make_record(site, "ResultsCount", arguments, out);
    default:
        return nb_pickle_fail(site, NB_ERR_REFUSED, "%s.%s is called, which is not allowed", known_names[callable.number].module,
                              known_names[callable.number].name);
    }
}

nb_status nb_pickle_build(nb_pickle_site *site, nb_pickle_value target, nb_pickle_value state)
{
    switch (target.kind) {
    case NB_PICKLE_DTYPE:
        return build_dtype(site, (nb_pickle_dtype_object *)target.object, state);
    case NB_PICKLE_ARRAY:
        return build_array(site, (nb_pickle_array_object *)target.object, state);
    case NB_PICKLE_RECORD:
        return build_record(site, (nb_pickle_record *)target.object, state);
    case NB_PICKLE_DICT: /* attributes that Python hangs on an OrderedDict, such as a state_dict's _metadata: not its items */
        return NB_OK;
    default:
        return nb_pickle_fail(site, NB_ERR_FORMAT, "%s is given a state", nb_pickle_kind_name(target.kind));
    }
}
