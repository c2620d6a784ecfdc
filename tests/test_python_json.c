/* JSON as Python's json.dumps(sort_keys=True) spells it: the texts that NNI compares. */
#include "support.h"

#include <math.h>

#include "base/python_json.h"

static void expect_float(double value, const char *expected)
{
    char text[NB_NUMBER_SIZE];
    assert_int_equal(nb_python_float(value, text), strlen(expected));
    assert_string_equal(text, expected);
}

/* Expected: what CPython 3.11 prints. */
static void floats_are_written_as_repr_writes_them(void **state)
{
    (void)state;
    expect_float(0.0, "0.0");
    expect_float(-0.0, "-0.0");
    expect_float(0.25, "0.25");
    expect_float(1.0, "1.0");
    expect_float(100.0, "100.0");
    expect_float(100000.0, "100000.0");
    expect_float(1e-5, "1e-05");
    expect_float(1e-4, "0.0001");
    expect_float(1.5e-7, "1.5e-07");
    expect_float(1e15, "1000000000000000.0");
    expect_float(1e16, "1e+16");
    expect_float(1.2345e300, "1.2345e+300");
    expect_float(30.421000000000006, "30.421000000000006");
    expect_float(-68.45400000000001, "-68.45400000000001");
    expect_float(5e-324, "5e-324");
    expect_float(1.7976931348623157e308, "1.7976931348623157e+308");
    expect_float(123456789012345680.0, "1.2345678901234568e+17");
}

/* At powers of two the nearest decimal of 16 digits does not read back, the one above it does. */
static void the_shortest_decimal_is_found_at_powers_of_two(void **state)
{
    (void)state;
    expect_float(ldexp(1, -44), "5.684341886080802e-14");
    expect_float(ldexp(1, -1014), "5.696189077778436e-306");
    expect_float(ldexp(1, -1022), "2.2250738585072014e-308");
    expect_float(ldexp(1, -24), "5.960464477539063e-08");
    expect_float(9007199254740992.0, "9007199254740992.0");
}

static void every_float_reads_back(void **state)
{
    (void)state;
    uint64_t bits = 1;
    for (int i = 0; i < 20000; i++) {
        double value, again;
        char text[NB_NUMBER_SIZE];
        bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        size_t size = nb_python_float(value, text);
        assert_true(nb_number_parse_double(text, size, &again));
        assert_memory_equal(&value, &again, sizeof value);
    }
}

static void expect_text(const char *text, const char *expected)
{
    nb_text out = {0};
    nb_error err;
    assert_int_equal(nb_python_json_respell(text, strlen(text), "here", &out, &err), NB_OK);
    assert_string_equal(out.data, expected);
    nb_text_free(&out);
}

static void objects_are_minified_and_their_keys_sorted_at_every_level(void **state)
{
    (void)state;
    expect_text("{ \"op1\": \"conv3x3-bn-relu\", \"input2\": [0, 1], \"input1\": [0] }",
                "{\"input1\":[0],\"input2\":[0,1],\"op1\":\"conv3x3-bn-relu\"}");
    expect_text("{\"width\": 32, \"aux\": false, \"depth\": 12, \"drop_prob\": 0.0}",
                "{\"aux\":false,\"depth\":12,\"drop_prob\":0.0,\"width\":32}");
    expect_text("{\"b\": {\"z\": null, \"a\": true}, \"a\": [{\"y\": 1, \"x\": -2}]}",
                "{\"a\":[{\"x\":-2,\"y\":1}],\"b\":{\"a\":true,\"z\":null}}");
    expect_text("{}", "{}");
    expect_text(" [ ] ", "[]");
}

static void whole_and_real_numbers_stay_what_they_are(void **state)
{
    (void)state;
    expect_text("[0, 0.0, 1e5, -0, 1E-5, 0.250]", "[0,0.0,100000.0,0,1e-05,0.25]");
}

static void what_is_not_ascii_is_escaped(void **state)
{
    (void)state;
    expect_text("{\"\xc3\xa4\": \"\xe2\x82\xac \xf0\x9f\x98\x80 \\u0001 \x7f \\n\\\"\\\\ \\/\"}",
                "{\"\\u00e4\":\"\\u20ac \\ud83d\\ude00 \\u0001 \x7f \\n\\\"\\\\ /\"}");
}

static void what_is_no_json_is_refused_with_its_place(void **state)
{
    (void)state;
    nb_text out = {0};
    nb_error err;
    assert_int_equal(nb_python_json_respell("{\"a\": NaN}", 10, "the filter", &out, &err), NB_ERR_FORMAT);
    assert_non_null(strstr(err.message, "the filter: line 1"));
    assert_int_equal(nb_python_json_respell("", 0, "the filter", &out, &err), NB_ERR_FORMAT);
    assert_int_equal(nb_python_json_respell("{} x", 4, "the filter", &out, &err), NB_ERR_FORMAT);
    nb_text_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floats_are_written_as_repr_writes_them),
        cmocka_unit_test(the_shortest_decimal_is_found_at_powers_of_two),
        cmocka_unit_test(every_float_reads_back),
        cmocka_unit_test(objects_are_minified_and_their_keys_sorted_at_every_level),
        cmocka_unit_test(whole_and_real_numbers_stay_what_they_are),
        cmocka_unit_test(what_is_not_ascii_is_escaped),
        cmocka_unit_test(what_is_no_json_is_refused_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
