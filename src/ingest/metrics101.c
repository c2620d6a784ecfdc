#include "ingest/metrics101.h"

#include <inttypes.h>
#include <stdbool.h>

#include <model_metrics.pb-c.h>

#define MESSAGE_MAX ((size_t)16 * 1024) /* the published ones have some 200 bytes */

/* ---- memory: a message takes a dozen small pieces, all of which go at once ---- */

typedef struct arena {
    uint8_t *memory;
    size_t used;
} arena;

static void *arena_take(void *state, size_t size)
{
    arena *a = state;
    size_t rounded = (size + 15) & ~(size_t)15;
    if (rounded < size || rounded > NB_METRICS101_MEMORY - a->used)
        return NULL;
    void *piece = a->memory + a->used;
    a->used += rounded;
    return piece;
}

static void arena_leave(void *state, void *piece)
{
    (void)state;
    (void)piece;
}

/* ---- what is wrong with a message that cannot be read: the library only says that something is ---- */

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

typedef struct wire {
    const uint8_t *start, *next, *end;
} wire;

static bool take_varint(wire *in, uint64_t *out)
{
    uint64_t value = 0;
    for (int shift = 0; in->next < in->end && shift < 64; shift += 7) {
        uint8_t byte = *in->next++;
        value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) {
            *out = value;
            return true;
        }
    }
    return false;
}

static nb_status explain_fields(wire in, const uint8_t *message, bool nested, nb_error *err);

/* The value of a field; `at` is where the field starts. */
static nb_status explain_value(wire *in, const uint8_t *message, size_t at, uint64_t tag, bool nested, nb_error *err)
{
    uint64_t field = tag >> 3, size = 0;
    size_t left = (size_t)(in->end - in->next);
    switch (tag & 7) {
    case WIRE_VARINT:
        if (!take_varint(in, &size))
            return nb_fail(err, NB_ERR_TRUNCATED, "metrics: byte %zu: field %" PRIu64 ": the message ends inside a number", at, field);
        return NB_OK;
    case WIRE_64:
    case WIRE_32:
        size = (tag & 7) == WIRE_64 ? 8 : 4;
        break;
    case WIRE_BYTES:
        if (!take_varint(in, &size))
            return nb_fail(err, NB_ERR_TRUNCATED, "metrics: byte %zu: field %" PRIu64 ": the message ends inside a length", at, field);
        left = (size_t)(in->end - in->next);
        if (size > left)
            return nb_fail(err, NB_ERR_FORMAT,
                           "metrics: byte %zu: field %" PRIu64 ": a length of %" PRIu64 " bytes, the message has %zu more", at, field, size,
                           left);
        if (!nested && field == 1)
            NB_TRY(explain_fields((wire){in->next, in->next, in->next + size}, message, true, err));
        break;
    default:
        return nb_fail(err, NB_ERR_FORMAT, "metrics: byte %zu: field %" PRIu64 ": unknown wire type %u", at, field, (unsigned)(tag & 7));
    }
    if (size > left)
        return nb_fail(err, NB_ERR_TRUNCATED,
                       "metrics: byte %zu: field %" PRIu64 ": the message ends inside a value: %" PRIu64 " bytes expected, %zu left", at,
                       field, size, left);
    in->next += size;
    return NB_OK;
}

/* Walks over the fields up to the first that does not fit. */
static nb_status explain_fields(wire in, const uint8_t *message, bool nested, nb_error *err)
{
    while (in.next < in.end) {
        size_t at = (size_t)(in.next - message);
        uint64_t tag;
        if (!take_varint(&in, &tag) || tag >> 3 == 0)
            return nb_fail(err, NB_ERR_FORMAT, "metrics: byte %zu: no field starts like this", at);
        NB_TRY(explain_value(&in, message, at, tag, nested, err));
    }
    return NB_OK;
}

static nb_status explain(const uint8_t *message, size_t size, const arena *a, nb_error *err)
{
    NB_TRY(explain_fields((wire){message, message, message + size}, message, false, err));
    if (a->used > NB_METRICS101_MEMORY / 2)
        return nb_fail(err, NB_ERR_MEMORY, "metrics: a message of too many parts");
    return nb_fail(err, NB_ERR_FORMAT, "metrics: not a ModelMetrics message: a field has the wrong type");
}

/* ---- */

static nb_point101 point_of(const Nb101__EvaluationData *data)
{
    return (nb_point101){.epoch = data->current_epoch,
                         .time = data->training_time,
                         .train = data->train_accuracy,
                         .valid = data->validation_accuracy,
                         .test = data->test_accuracy};
}

nb_status nb_metrics101_parse(const uint8_t *message, size_t size, void *memory, nb_run101 *run, nb_error *err)
{
    arena a = {.memory = memory};
    ProtobufCAllocator allocator = {.alloc = arena_take, .free = arena_leave, .allocator_data = &a};
    if (size > MESSAGE_MAX)
        return nb_fail(err, NB_ERR_UNSUPPORTED, "metrics: a message of %zu bytes, at most %zu are read", size, MESSAGE_MAX);
    const Nb101__ModelMetrics *metrics = nb101__model_metrics__unpack(&allocator, size, message);
    if (!metrics)
        return explain(message, size, &a, err);
    if (metrics->n_evaluation_data != NB_RUN101_POINTS)
        return nb_fail(err, NB_ERR_FORMAT, "metrics: %zu evaluations, %d expected: before training, half-way, at the end",
                       metrics->n_evaluation_data, NB_RUN101_POINTS);
    if (metrics->trainable_parameters < 0)
        return nb_fail(err, NB_ERR_FORMAT, "metrics: %" PRId32 " trainable parameters", metrics->trainable_parameters);
    for (int i = 0; i < NB_RUN101_POINTS; i++)
        run->points[i] = point_of(metrics->evaluation_data[i]);
    run->params = (uint32_t)metrics->trainable_parameters;
    run->total_time = metrics->total_time;
    return NB_OK;
}
