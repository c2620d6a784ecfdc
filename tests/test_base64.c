#include "support.h"

#include "base/base64.h"

/* The decoded text; fails the test when decoding does. */
static void expect(const char *text, const char *decoded)
{
    uint8_t bytes[256];
    size_t size;
    nb_error err;
    assert_true(nb_base64_room(strlen(text)) <= sizeof bytes);
    if (nb_base64_decode(text, strlen(text), bytes, &size, &err) != NB_OK)
        fail_msg("%s: %s", text, err.message);
    assert_int_equal(size, strlen(decoded));
    assert_memory_equal(bytes, decoded, size);
}

static void expect_refused(const char *text, const char *message)
{
    uint8_t bytes[256];
    size_t size;
    nb_error err;
    assert_int_equal(nb_base64_decode(text, strlen(text), bytes, &size, &err), NB_ERR_FORMAT);
    assert_string_equal(err.message, message);
}

static void the_examples_of_rfc_4648_decode(void **state)
{
    (void)state;
    expect("", "");
    expect("Zg==", "f");
    expect("Zm8=", "fo");
    expect("Zm9v", "foo");
    expect("Zm9vYg==", "foob");
    expect("Zm9vYmE=", "fooba");
    expect("Zm9vYmFy", "foobar");
}

static void line_breaks_may_stand_anywhere(void **state)
{
    (void)state;
    expect("Zm9v\nYmFy\n", "foobar");
    expect("Z\r\nm9v\nYm\nE\n=\n\n", "fooba");
    expect("\n", "");
}

static void every_byte_value_comes_back(void **state)
{
    (void)state;
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (unsigned byte = 0; byte < 256; byte++) {
        char text[] = {alphabet[byte >> 2], alphabet[(byte & 3) << 4], '=', '=', '\0'};
        uint8_t bytes[6];
        size_t size;
        assert_int_equal(nb_base64_decode(text, 4, bytes, &size, NULL), NB_OK);
        assert_int_equal(size, 1);
        assert_int_equal(bytes[0], byte);
    }
}

static void damage_is_named_with_its_place(void **state)
{
    (void)state;
    expect_refused("Zm9v*mFy", "base64: character 4 is '*': outside the alphabet");
    expect_refused("Zm9v\nYm y", "base64: character 7 is ' ': outside the alphabet");
    expect_refused("=m9v", "base64: character 0 is '=': outside the alphabet");
    expect_refused("Zg=v", "base64: character 3 is 'v': only padding may follow padding");
    expect_refused("Zg==Zg==", "base64: character 4 is 'Z' after the padding that ends the text");
    expect_refused("Zm9vYm", "base64: the text ends inside a group: 2 of 4 characters");
    expect_refused("Zg=", "base64: the text ends inside a group: 3 of 4 characters");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_rfc_4648_decode),
        cmocka_unit_test(line_breaks_may_stand_anywhere),
        cmocka_unit_test(every_byte_value_comes_back),
        cmocka_unit_test(damage_is_named_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
