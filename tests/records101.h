/* Records of NAS-Bench-101's files, written field by field for tests: what the readers are given is decided here, not by the library. */
#ifndef NB_TESTS_RECORDS101_H
#define NB_TESTS_RECORDS101_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"

/* Bytes that grow; ends the test program when memory ends. */
typedef struct bytes101 {
    uint8_t *data;
    size_t size;
} bytes101;

static inline void put101(bytes101 *to, const void *data, size_t size)
{
    to->data = realloc(to->data, to->size + size + 1);
    if (!to->data)
        abort();
    memcpy(to->data + to->size, data, size);
    to->size += size;
    to->data[to->size] = 0;
}

static inline void put_text101(bytes101 *to, const char *text)
{
    put101(to, text, strlen(text));
}

static inline void put_number101(bytes101 *to, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        uint8_t byte = (uint8_t)(value >> (8 * i));
        put101(to, &byte, 1);
    }
}

/* ---- protobuf ---- */

static inline void put_varint101(bytes101 *to, uint64_t value)
{
    do {
        uint8_t byte = (uint8_t)((value & 127) | (value > 127 ? 128 : 0));
        put101(to, &byte, 1);
        value >>= 7;
    } while (value > 0);
}

static inline void put_double101(bytes101 *to, unsigned field, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_varint101(to, field << 3 | 1);
    put_number101(to, bits, 8);
}

/* One EvaluationData: epoch, time, train, validation, test. */
static inline void put_evaluation101(bytes101 *to, const double values[5])
{
    bytes101 inner = {0};
    for (unsigned i = 0; i < 5; i++)
        put_double101(&inner, i + 1, values[i]);
    put_varint101(to, 1 << 3 | 2);
    put_varint101(to, inner.size);
    put101(to, inner.data, inner.size);
    free(inner.data);
}

static inline bytes101 message101(const double evaluations[3][5], uint32_t params, double total)
{
    bytes101 message = {0};
    for (int i = 0; i < 3; i++)
        put_evaluation101(&message, evaluations[i]);
    put_varint101(&message, 2 << 3);
    put_varint101(&message, params);
    put_double101(&message, 3, total);
    return message;
}

/* ---- base64, JSON, frame ---- */

static inline void put_base64101(bytes101 *to, const bytes101 *message)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < message->size; i += 3) {
        size_t left = message->size - i;
        uint32_t group =
            (uint32_t)message->data[i] << 16 | (left > 1 ? (uint32_t)message->data[i + 1] << 8 : 0) | (left > 2 ? message->data[i + 2] : 0);
        char text[4] = {digits[group >> 18], digits[group >> 12 & 63], left > 1 ? digits[group >> 6 & 63] : '=',
                        left > 2 ? digits[group & 63] : '='};
        put101(to, text, 4);
    }
}

static inline bytes101 payload101(const char *hash, unsigned epochs, const char *matrix, const char *operations, const bytes101 *message)
{
    bytes101 payload = {0};
    char start[512];
    snprintf(start, sizeof start, "[\"%s\", %u, \"%s\", \"%s\", \"", hash, epochs, matrix, operations);
    put_text101(&payload, start);
    put_base64101(&payload, message);
    put_text101(&payload, "\\n\"]");
    return payload;
}

static inline void put_frame101(bytes101 *to, const void *payload, size_t size)
{
    bytes101 head = {0};
    put_number101(&head, size, 8);
    put_number101(&head, nb_crc32c_masked(nb_crc32c(head.data, 8)), 4);
    put101(to, head.data, head.size);
    put101(to, payload, size);
    put_number101(to, nb_crc32c_masked(nb_crc32c(payload, size)), 4);
    free(head.data);
}

/* The cell of one convolution 3x3, and the one without any vertex inside. */
#define HASH_OF_CONV "b49ac8c578b4561d79ac7087988f1c61"
#define MATRIX_OF_CONV "010001000"
#define OPERATIONS_OF_CONV "input,conv3x3-bn-relu,output"
#define PARAMS_OF_CONV 10177674u
#define HASH_OF_EDGE "043721b9c7fe8c5fad811d47d83132ec"
#define MATRIX_OF_EDGE "0100"
#define OPERATIONS_OF_EDGE "input,output"
#define PARAMS_OF_EDGE 882570u

/* A whole record of one of the two. */
static inline void put_run101(bytes101 *to, bool conv, unsigned epochs, const double evaluations[3][5], double total)
{
    bytes101 message = message101(evaluations, conv ? PARAMS_OF_CONV : PARAMS_OF_EDGE, total);
    bytes101 payload = conv ? payload101(HASH_OF_CONV, epochs, MATRIX_OF_CONV, OPERATIONS_OF_CONV, &message)
                            : payload101(HASH_OF_EDGE, epochs, MATRIX_OF_EDGE, OPERATIONS_OF_EDGE, &message);
    put_frame101(to, payload.data, payload.size);
    free(message.data);
    free(payload.data);
}

#endif
