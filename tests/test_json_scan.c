#include "support.h"

#include "base/json_scan.h"

static nb_json_scan scan_of(const char *json, char *strings)
{
    return (nb_json_scan){
        .start = json, .next = json, .end = json + strlen(json), .name = "t.json", .base_offset = 100, .strings = strings};
}

static void a_document_is_read_in_one_pass(void **state)
{
    (void)state;
    char strings[64];
    nb_json_scan scan = scan_of(" { \"key\" :\t[ 1,\n 23 ] } ", strings);
    const char *key;
    uint64_t a, b;
    assert_int_equal(nb_json_expect(&scan, '{', NULL), NB_OK);
    assert_int_equal(nb_json_string(&scan, &key, NULL), NB_OK);
    assert_string_equal(key, "key");
    assert_int_equal(nb_json_expect(&scan, ':', NULL), NB_OK);
    assert_true(nb_json_accept(&scan, '['));
    assert_int_equal(nb_json_unsigned(&scan, &a, NULL), NB_OK);
    assert_true(nb_json_accept(&scan, ','));
    assert_false(nb_json_accept(&scan, ']'));
    assert_int_equal(nb_json_unsigned(&scan, &b, NULL), NB_OK);
    assert_true(nb_json_accept(&scan, ']'));
    assert_int_equal(nb_json_end(&scan, NULL), NB_ERR_FORMAT);
    assert_int_equal(nb_json_expect(&scan, '}', NULL), NB_OK);
    assert_int_equal(nb_json_end(&scan, NULL), NB_OK);
    assert_int_equal(a, 1);
    assert_int_equal(b, 23);
}

static void messages_name_the_place_in_the_file(void **state)
{
    (void)state;
    char strings[64];
    nb_error err;
    nb_json_scan scan = scan_of("  ?", strings);
    assert_int_equal(nb_json_expect(&scan, '{', &err), NB_ERR_FORMAT);
    assert_string_equal(err.message, "t.json: offset 102: '{' expected, found byte 0x3f");
    scan = scan_of("  ", strings);
    assert_int_equal(nb_json_expect(&scan, '{', &err), NB_ERR_TRUNCATED);
    assert_string_equal(err.message, "t.json: offset 102: '{' expected, the text ends");
    scan = scan_of("\"abc", strings);
    const char *text;
    assert_int_equal(nb_json_string(&scan, &text, &err), NB_ERR_TRUNCATED);
    assert_string_equal(err.message, "t.json: offset 104: the text ends inside a string");
}

static void whole_numbers_end_at_two_to_the_64(void **state)
{
    (void)state;
    char strings[64];
    uint64_t value;
    nb_json_scan scan = scan_of("18446744073709551615", strings);
    assert_int_equal(nb_json_unsigned(&scan, &value, NULL), NB_OK);
    assert_true(value == UINT64_MAX);
    scan = scan_of("18446744073709551616", strings);
    assert_int_equal(nb_json_unsigned(&scan, &value, NULL), NB_ERR_FORMAT);
    scan = scan_of("0", strings);
    assert_int_equal(nb_json_unsigned(&scan, &value, NULL), NB_OK);
    assert_int_equal(value, 0);
    const char *const wrong[] = {"-1", "00", "", "x", "+1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        scan = scan_of(wrong[i], strings);
        assert_int_equal(nb_json_unsigned(&scan, &value, NULL), NB_ERR_FORMAT);
    }
}

/* The unescaped text never takes more room than the JSON text. */
static void strings_fit_into_the_room_of_their_json(void **state)
{
    (void)state;
    const char *const json = "\"\\u20ac\\ud83d\\ude00\\n\"";
    char *strings = malloc(strlen(json));
    assert_non_null(strings);
    nb_json_scan scan = scan_of(json, strings);
    const char *text;
    assert_int_equal(nb_json_string(&scan, &text, NULL), NB_OK);
    assert_string_equal(text, "\xe2\x82\xac\xf0\x9f\x98\x80\n");
    assert_true(scan.strings <= strings + strlen(json));
    free(strings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_read_in_one_pass),
        cmocka_unit_test(messages_name_the_place_in_the_file),
        cmocka_unit_test(whole_numbers_end_at_two_to_the_64),
        cmocka_unit_test(strings_fit_into_the_room_of_their_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
