/* Numbers as text: shortest, exact, and the same in every locale. */
#include "support.h"

#include <locale.h>
#include <math.h>

#include "base/number.h"
#include "base/text.h"
#include "nasbench/random.h"

static void expect_text(double value, const char *expected)
{
    char text[NB_NUMBER_SIZE];
    assert_int_equal(nb_number_format(value, text), strlen(expected));
    assert_string_equal(text, expected);
}

static void numbers_are_written_with_no_digit_too_many(void **state)
{
    (void)state;
    expect_text(0, "0");
    expect_text(-0.0, "-0");
    expect_text(7, "7");
    expect_text(-42, "-42");
    expect_text(0.1, "0.1");
    expect_text(-0.05, "-0.05");
    expect_text(93.92, "93.92");
    expect_text(94.3733, "94.3733");
    expect_text(12000, "12000");
    expect_text(0.000001, "0.000001");
    expect_text(1e-7, "1e-07");
    expect_text(63.36399998046875, "63.36399998046875");
    expect_text(1.0 / 3, "0.3333333333333333");
    expect_text(153.6959332625071, "153.6959332625071");
    expect_text(1e300, "1e+300");
    expect_text(9007199254740993.0, "9007199254740992");
    expect_text(5e-324, "4.94065645841247e-324");
    expect_text((double)NAN, "nan");
    expect_text((double)-INFINITY, "-inf");
}

static void every_number_reads_back_to_the_bit(void **state)
{
    (void)state;
    nb_rng rng = nb_rng_seed(1, 0);
    for (int i = 0; i < 200000; i++) {
        const uint64_t bits = nb_rng_next(&rng);
        double values[3], back;
        memcpy(&values[0], &bits, sizeof bits);
        values[1] = 100 * nb_rng_uniform(&rng);
        values[2] = round(1e4 * values[1]) / 1e4;
        for (int k = 0; k < 3; k++) {
            char text[NB_NUMBER_SIZE];
            if (isnan(values[k]))
                continue;
            assert_true(nb_number_parse_double(text, nb_number_format(values[k], text), &back));
            assert_memory_equal(&back, &values[k], sizeof back);
            assert_true(k < 2 || strlen(text) <= 7);
        }
    }
}

static void the_locale_does_not_matter(void **state)
{
    (void)state;
    static const char *const with_commas[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "ps_AF.UTF-8"};
    for (size_t i = 0; i < sizeof with_commas / sizeof *with_commas; i++) {
        if (!setlocale(LC_NUMERIC, with_commas[i]))
            continue;
        expect_text(0.5, "0.5");
        expect_text(1.0 / 3, "0.3333333333333333");
        expect_text(1.5e-9, "1.5e-09");
    }
    setlocale(LC_NUMERIC, "C");
}

static void json_has_no_infinities(void **state)
{
    (void)state;
    nb_text text = {0};
    nb_text_json_number(&text, 0.25);
    nb_text_json_number(&text, (double)NAN);
    nb_text_json_number(&text, (double)INFINITY);
    assert_string_equal(text.data, "0.25nullnull");
    nb_text_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_written_with_no_digit_too_many),
        cmocka_unit_test(every_number_reads_back_to_the_bit),
        cmocka_unit_test(the_locale_does_not_matter),
        cmocka_unit_test(json_has_no_infinities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
