#include "ingest/tfrecord.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/crc32c.h"

enum { LENGTH_BYTES = 8, HEAD_BYTES = 12, TAIL_BYTES = 4 };

#define BATCH_BYTES ((size_t)4 << 20)    /* of payloads: large enough to share between threads, small enough for the last-level cache */
#define PAYLOAD_MAX ((uint64_t)16 << 20) /* far more than any record of a benchmark: those have some hundred bytes */

void nb_tfrecord_batch_free(nb_tfrecord_batch *batch)
{
    free(batch->records);
    free(batch->bytes);
    *batch = (nb_tfrecord_batch){0};
}

static uint32_t load_le32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static uint32_t masked_crc(const void *data, size_t size)
{
    return nb_crc32c_masked(nb_crc32c(data, size));
}

bool nb_is_tfrecord(const uint8_t *start, size_t size)
{
    return size >= HEAD_BYTES && load_le32(start + LENGTH_BYTES) == masked_crc(start, LENGTH_BYTES);
}

/* Room for one more record with `size` bytes of payload. Payloads move when the memory grows, so records hold offsets until the batch is
 * complete. */
static nb_status make_room(nb_tfrecord_batch *batch, size_t size, nb_error *err)
{
    if (batch->count == batch->capacity) {
        size_t capacity = batch->capacity ? 2 * batch->capacity : 1024;
        nb_tfrecord *records = realloc(batch->records, capacity * sizeof *records);
        if (!records)
            return nb_fail(err, NB_ERR_MEMORY, "no memory for %zu records", capacity);
        batch->records = records;
        batch->capacity = capacity;
    }
    if (batch->size - batch->used < size) {
        size_t wanted = batch->used + size > BATCH_BYTES ? batch->used + size : BATCH_BYTES;
        uint8_t *bytes = realloc(batch->bytes, wanted);
        if (!bytes)
            return nb_fail(err, NB_ERR_MEMORY, "no memory for %zu bytes of records", wanted);
        batch->bytes = bytes;
        batch->size = wanted;
    }
    return NB_OK;
}

/* The length at the start of a record, checked against its checksum and against what is left of the file. */
static nb_status read_length(nb_stream *in, uint64_t *length, nb_error *err)
{
    if (nb_stream_ready(in) < HEAD_BYTES)
        NB_TRY(nb_stream_fill(in, HEAD_BYTES, err));
    if (nb_stream_ready(in) < HEAD_BYTES)
        return nb_fail(err, NB_ERR_TRUNCATED, "the file ends inside the head of the record: %d bytes expected, %zu left", HEAD_BYTES,
                       nb_stream_ready(in));
    uint32_t stored = load_le32(in->next + LENGTH_BYTES), found = masked_crc(in->next, LENGTH_BYTES);
    *length = nb_load_le64(in->next);
    if (stored != found)
        return nb_fail(err, NB_ERR_CORRUPT,
                       "the length of the record is damaged: checksum %08" PRIx32 " stored, %08" PRIx32 " of the %d bytes found", stored,
                       found, LENGTH_BYTES);
    if (*length > PAYLOAD_MAX)
        return nb_fail(err, NB_ERR_FORMAT, "a record of %" PRIu64 " bytes; at most %" PRIu64 " are read", *length, PAYLOAD_MAX);
    in->next += HEAD_BYTES;
    uint64_t left = in->size == UINT64_MAX ? UINT64_MAX : in->size - nb_stream_offset(in);
    if (*length > left)
        return nb_fail(err, NB_ERR_TRUNCATED, "the file ends inside the record: %" PRIu64 " bytes expected, %" PRIu64 " left", *length,
                       left);
    if (left - *length < TAIL_BYTES)
        return nb_fail(err, NB_ERR_TRUNCATED, "the file ends inside the checksum of the record: %d bytes expected, %" PRIu64 " left",
                       TAIL_BYTES, left - *length);
    return NB_OK;
}

/* The next record, at the end of the batch. */
static nb_status read_record(nb_stream *in, uint64_t number, nb_tfrecord_batch *batch, nb_error *err)
{
    nb_tfrecord record = {.number = number, .offset = nb_stream_offset(in)};
    uint64_t length = 0;
    NB_TRY(read_length(in, &length, err));
    record.size = (size_t)length;
    NB_TRY(make_room(batch, record.size + TAIL_BYTES, err));
    uint8_t *to = batch->bytes + batch->used;
    NB_TRY(nb_stream_read(in, to, record.size + TAIL_BYTES, err));
    record.crc = load_le32(to + record.size);
    batch->used += record.size;
    batch->records[batch->count++] = record;
    return NB_OK;
}

/* Now that the memory stays where it is. */
static void point_at_payloads(nb_tfrecord_batch *batch)
{
    const uint8_t *payload = batch->bytes;
    for (size_t i = 0; i < batch->count; i++) {
        batch->records[i].payload = payload;
        payload += batch->records[i].size;
    }
}

nb_status nb_tfrecord_read(nb_stream *in, uint64_t number, nb_tfrecord_batch *batch, nb_error *err)
{
    nb_status status = NB_OK;
    batch->count = batch->used = 0;
    while (status == NB_OK && batch->used < BATCH_BYTES) {
        if (nb_stream_ready(in) == 0)
            status = nb_stream_fill(in, 1, err);
        if (status != NB_OK || nb_stream_ready(in) == 0)
            break;
        uint64_t offset = nb_stream_offset(in);
        status = read_record(in, number + batch->count, batch, err);
        if (status != NB_OK)
            nb_prefix(err, status, "%s: record %" PRIu64 ", offset %" PRIu64, in->name, number + batch->count, offset);
    }
    point_at_payloads(batch);
    return status;
}

nb_status nb_tfrecord_check(const nb_tfrecord *record, nb_error *err)
{
    uint32_t found = masked_crc(record->payload, record->size);
    if (found == record->crc)
        return NB_OK;
    return nb_fail(err, NB_ERR_CORRUPT, "the record is damaged: checksum %08" PRIx32 " stored, %08" PRIx32 " of the %zu bytes found",
                   record->crc, found, record->size);
}
