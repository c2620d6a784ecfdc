/* TFRecord files: records one after another, each framed by its length and two checksums (little-endian):
 *
 *     u64 length n | u32 masked CRC-32C of these 8 bytes | n payload bytes | u32 masked CRC-32C of the payload
 *
 * They are read in batches, so that the payloads of one batch can be checked and parsed by several threads. */
#ifndef NB_INGEST_TFRECORD_H
#define NB_INGEST_TFRECORD_H

#include <stdbool.h>

#include "base/error.h"
#include "base/stream.h"

typedef struct nb_tfrecord {
    uint64_t number; /* in the file, from 0 */
    uint64_t offset; /* of its first byte in the file */
    const uint8_t *payload;
    size_t size;
    uint32_t crc; /* of the payload, as stored; not compared yet */
} nb_tfrecord;

/* Records that lie in memory together. {0} is empty; the memory is used again for the next batch. */
typedef struct nb_tfrecord_batch {
    nb_tfrecord *records; /* [count] */
    size_t count;
    size_t capacity;
    uint8_t *bytes;
    size_t used;
    size_t size;
} nb_tfrecord_batch;

void nb_tfrecord_batch_free(nb_tfrecord_batch *batch);

/* Whether a file starts like a TFRecord file: a length with its right checksum. */
bool nb_is_tfrecord(const uint8_t *start, size_t size);

/* Reads the next records of a file, some MB of them; none: the file has ended. `number` is that of the first one. The length of each is
 * checked before room is made for it. On failure the batch holds the records before the damaged one; the message names the
 * record and its offset. */
nb_status nb_tfrecord_read(nb_stream *in, uint64_t number, nb_tfrecord_batch *batch, nb_error *err);

/* Compares the payload with its checksum: NB_ERR_CORRUPT. The message does not name the record. */
nb_status nb_tfrecord_check(const nb_tfrecord *record, nb_error *err);

#endif
