#include "base/crc32c.h"

#include <pthread.h>
#include <string.h>

#include "base/bytes.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

#define POLYNOMIAL 0x82f63b78u

/* Slicing by eight: tables[k][b] is the effect of byte b when k more bytes follow it. Filled once, then only read. */
static uint32_t tables[8][256];
static pthread_once_t tables_filled = PTHREAD_ONCE_INIT;

static void fill_tables(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
        tables[0][byte] = crc;
    }
    for (uint32_t byte = 0; byte < 256; byte++)
        for (int k = 1; k < 8; k++)
            tables[k][byte] = tables[k - 1][byte] >> 8 ^ tables[0][tables[k - 1][byte] & 255];
}

uint32_t nb_crc32c_plain(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    uint32_t crc = ~(uint32_t)0;
    pthread_once(&tables_filled, fill_tables);
    for (; size >= 8; bytes += 8, size -= 8) {
        uint64_t word = nb_load_le64(bytes) ^ crc;
        crc = 0;
        for (int k = 0; k < 8; k++)
            crc ^= tables[7 - k][word >> (8 * k) & 255];
    }
    for (; size > 0; bytes++, size--)
        crc = crc >> 8 ^ tables[0][(crc ^ *bytes) & 255];
    return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(const uint8_t *bytes, size_t size)
{
    uint64_t crc = ~(uint32_t)0;
    for (; size >= 8; bytes += 8, size -= 8) {
        uint64_t word;
        memcpy(&word, bytes, sizeof word);
        crc = _mm_crc32_u64(crc, word);
    }
    uint32_t last = (uint32_t)crc;
    for (; size > 0; bytes++, size--)
        last = _mm_crc32_u8(last, *bytes);
    return ~last;
}

uint32_t nb_crc32c(const void *data, size_t size)
{
    return __builtin_cpu_supports("sse4.2") ? crc32c_sse42(data, size) : nb_crc32c_plain(data, size);
}
#elif defined(__ARM_FEATURE_CRC32)
uint32_t nb_crc32c(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    uint32_t crc = ~(uint32_t)0;
    for (; size >= 8; bytes += 8, size -= 8)
        crc = __crc32cd(crc, nb_load_le64(bytes));
    for (; size > 0; bytes++, size--)
        crc = __crc32cb(crc, *bytes);
    return ~crc;
}
#else
uint32_t nb_crc32c(const void *data, size_t size)
{
    return nb_crc32c_plain(data, size);
}
#endif
