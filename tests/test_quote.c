/* Words in messages and names: quoting foreign bytes, comparing names, writing into a buffer that may be too short. */
#include "support.h"

#include "base/fixed_text.h"
#include "base/name.h"
#include "base/quote.h"

static void quotes_show_printable_bytes_only(void **state)
{
    (void)state;
    assert_string_equal(nb_quote("conv", 4).text, "'conv'");
    assert_string_equal(nb_quote("", 0).text, "''");
    assert_string_equal(nb_quote("a\nb\0c\x1b\xff", 7).text, "'a?b?c?"
                                                             "?'" /* in two pieces: ??' is a trigraph */);
}

static void quotes_of_long_bytes_are_cut_and_marked(void **state)
{
    (void)state;
    char bytes[1000], expected[NB_QUOTE_SIZE];
    memset(bytes, 'x', sizeof bytes);
    snprintf(expected, sizeof expected, "'%.45s'", bytes);
    assert_string_equal(nb_quote(bytes, 45).text, expected);
    snprintf(expected, sizeof expected, "'%.42s...'", bytes);
    assert_string_equal(nb_quote(bytes, 46).text, expected);
    assert_string_equal(nb_quote(bytes, sizeof bytes).text, expected);
}

static void names_are_the_same_but_for_case_and_separators(void **state)
{
    (void)state;
    assert_true(nb_same_name("nas-bench-201", "NASBench_201"));
    assert_true(nb_same_name("-", ""));
    assert_true(nb_same_name("a ", "A"));
    assert_false(nb_same_name("nasbench201", "nasbench20"));
    assert_false(nb_same_name("nasbench20", "nasbench201"));
    assert_false(nb_same_name("", "a"));
}

static void text_that_fits_is_written_whole(void **state)
{
    (void)state;
    char buffer[16];
    nb_fixed_text text = nb_fixed_text_into(buffer, sizeof buffer);
    nb_fixed_text_add_string(&text, "edge ");
    nb_fixed_text_add_number(&text, 120);
    nb_fixed_text_add_char(&text, '~');
    nb_fixed_text_add_number(&text, 0);
    assert_string_equal(buffer, "edge 120~0");
    assert_int_equal(text.length, 10);
}

static void text_that_does_not_fit_is_cut_and_counted(void **state)
{
    (void)state;
    char buffer[5] = "????";
    nb_fixed_text text = nb_fixed_text_into(buffer, 4);
    assert_string_equal(buffer, "");
    nb_fixed_text_add_string(&text, "ab");
    nb_fixed_text_add_string(&text, "cdef");
    nb_fixed_text_add_string(&text, "g");
    assert_string_equal(buffer, "abc");
    assert_int_equal(text.length, 7);
}

static void text_into_no_buffer_is_only_counted(void **state)
{
    (void)state;
    nb_fixed_text text = nb_fixed_text_into(NULL, 0);
    nb_fixed_text_add_number(&text, 12345);
    assert_int_equal(text.length, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotes_show_printable_bytes_only),
        cmocka_unit_test(quotes_of_long_bytes_are_cut_and_marked),
        cmocka_unit_test(names_are_the_same_but_for_case_and_separators),
        cmocka_unit_test(text_that_fits_is_written_whole),
        cmocka_unit_test(text_that_does_not_fit_is_cut_and_counted),
        cmocka_unit_test(text_into_no_buffer_is_only_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
