#include "support.h"

#include "base/bytes.h"

static void integers_are_little_endian(void **state)
{
    (void)state;
    const uint8_t raw[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    nb_bytes in = nb_bytes_over(raw, sizeof raw, "raw");
    uint8_t a;
    uint16_t b;
    uint32_t c;
    uint64_t d;
    assert_int_equal(nb_bytes_u8(&in, &a, NULL), NB_OK);
    assert_int_equal(nb_bytes_u16(&in, &b, NULL), NB_OK);
    assert_int_equal(nb_bytes_u32(&in, &c, NULL), NB_OK);
    assert_int_equal(nb_bytes_u64(&in, &d, NULL), NB_OK);
    assert_int_equal(a, 0x01);
    assert_int_equal(b, 0x0302);
    assert_int_equal(c, 0x07060504);
    assert_true(d == 0x0f0e0d0c0b0a0908u);
    assert_int_equal(nb_bytes_left(&in), 0);
}

static void take_past_the_end_fails_and_leaves_the_cursor(void **state)
{
    (void)state;
    const uint8_t raw[] = {1, 0, 0, 0, 2, 0, 0};
    nb_bytes in = nb_bytes_over(raw, sizeof raw, "two.bin");
    uint32_t value;
    nb_error err;

    assert_int_equal(nb_bytes_u32(&in, &value, &err), NB_OK);
    assert_int_equal(value, 1);
    assert_int_equal(nb_bytes_u32(&in, &value, &err), NB_ERR_TRUNCATED);
    assert_string_equal(err.message, "two.bin: offset 4: 4 bytes expected, 3 left");
    assert_int_equal(nb_bytes_offset(&in), 4);
}

static void an_absurd_length_is_refused(void **state)
{
    (void)state;
    const uint8_t raw[] = {1, 2};
    nb_bytes in = nb_bytes_over(raw, sizeof raw, "raw");
    const uint8_t *out;
    assert_int_equal(nb_bytes_take(&in, SIZE_MAX, &out, NULL), NB_ERR_TRUNCATED);
    assert_int_equal(nb_bytes_offset(&in), 0);
}

static void an_empty_buffer_has_nothing_left(void **state)
{
    (void)state;
    nb_bytes in = nb_bytes_over(NULL, 0, "empty");
    uint8_t value;
    assert_int_equal(nb_bytes_left(&in), 0);
    assert_int_equal(nb_bytes_u8(&in, &value, NULL), NB_ERR_TRUNCATED);
}

static void stored_words_load_again(void **state)
{
    (void)state;
    uint8_t raw[8];
    nb_store_le64(raw, 0x1122334455667788u);
    assert_int_equal(raw[0], 0x88);
    assert_true(nb_load_le64(raw) == 0x1122334455667788u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_little_endian),  cmocka_unit_test(take_past_the_end_fails_and_leaves_the_cursor),
        cmocka_unit_test(an_absurd_length_is_refused), cmocka_unit_test(an_empty_buffer_has_nothing_left),
        cmocka_unit_test(stored_words_load_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
