/* Any bytes as a file of NAS-Bench-101. A checksum stands before everything else, and a mutated one is nearly never right: so bytes that
 * are no TFRecord file are also taken for the payloads of one, cut at zero bytes, and framed here. */
#include "fuzz.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "ingest/tfrecord.h"
#include "touch.h"

enum { FRAME = 16 }; /* bytes around a payload */

static void read_all(const uint8_t *data, size_t size)
{
    nb_stream in;
    nb_error err;
    if (nb_stream_over(&in, data, size, "fuzz", &err) != NB_OK)
        return;
    touch_import(&in, TOUCH_TFRECORD);
    nb_stream_close(&in);
}

static void store_crc(uint8_t *to, const uint8_t *data, size_t size)
{
    uint32_t crc = nb_crc32c_masked(nb_crc32c(data, size));
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(crc >> 8 * i);
}

/* Puts a frame around a payload; returns the bytes written. */
static size_t frame(uint8_t *to, const uint8_t *payload, size_t size)
{
    nb_store_le64(to, size);
    store_crc(to + 8, to, 8);
    memcpy(to + 12, payload, size);
    store_crc(to + 12 + size, payload, size);
    return size + FRAME;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || nb_is_tfrecord(data, size)) {
        read_all(data, size);
        return 0;
    }
    uint8_t *framed = malloc(size + FRAME * (size + 1)), *to = framed;
    if (!framed)
        return 0;
    for (size_t begin = 0; begin <= size;) {
        const uint8_t *zero = memchr(data + begin, 0, size - begin);
        size_t end = zero ? (size_t)(zero - data) : size;
        to += frame(to, data + begin, end - begin);
        begin = end + 1;
    }
    read_all(framed, (size_t)(to - framed));
    free(framed);
    return 0;
}
