#include "support.h"

#include "base/crc32c.h"

/* RFC 3720 B.4 and the TFRecord format. */
static void checksums_of_known_texts_are_the_published_ones(void **state)
{
    (void)state;
    uint8_t bytes[32] = {0};
    assert_int_equal(nb_crc32c("", 0), 0);
    assert_int_equal(nb_crc32c("123456789", 9), 0xe3069283);
    assert_int_equal(nb_crc32c(bytes, 32), 0x8a9136aa);
    memset(bytes, 0xff, 32);
    assert_int_equal(nb_crc32c(bytes, 32), 0x62a8ab43);
    for (int i = 0; i < 32; i++)
        bytes[i] = (uint8_t)i;
    assert_int_equal(nb_crc32c(bytes, 32), 0x46dd794e);
    assert_int_equal(nb_crc32c("\x91\x01\0\0\0\0\0\0", 8), 0x1d607cb5);
}

static void the_mask_rotates_and_adds(void **state)
{
    (void)state;
    assert_int_equal(nb_crc32c_masked(0), 0xa282ead8);
    assert_int_equal(nb_crc32c_masked(0xe3069283), 0xc78ab0e5);
    assert_int_equal(nb_crc32c_masked(0x1d607cb5), 0x9bed2598);
}

/* Bit by bit, as the polynomial division is defined. */
static uint32_t by_definition(const uint8_t *bytes, size_t size)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    }
    return ~crc;
}

static void both_ways_agree_with_the_definition_at_every_length_and_alignment(void **state)
{
    (void)state;
    uint8_t bytes[300];
    uint32_t random = 1;
    for (size_t i = 0; i < sizeof bytes; i++) {
        random = random * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(random >> 24);
    }
    for (size_t start = 0; start < 9; start++)
        for (size_t size = 0; start + size <= sizeof bytes; size += size < 40 ? 1 : 37) {
            uint32_t expected = by_definition(bytes + start, size);
            assert_int_equal(nb_crc32c(bytes + start, size), expected);
            assert_int_equal(nb_crc32c_plain(bytes + start, size), expected);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksums_of_known_texts_are_the_published_ones),
        cmocka_unit_test(the_mask_rotates_and_adds),
        cmocka_unit_test(both_ways_agree_with_the_definition_at_every_length_and_alignment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
