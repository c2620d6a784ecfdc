#include "support.h"

#include "heap.h"

#include "base/text.h"

static void pieces_follow_each_other(void **state)
{
    (void)state;
    nb_text text = {0};
    nb_text_puts(&text, "one");
    nb_text_append(&text, " two-", 4);
    nb_text_printf(&text, " %d %s", 3, "four");
    assert_string_equal(text.data, "one two 3 four");
    assert_int_equal(text.size, 14);
    assert_int_equal(nb_text_check(&text, NULL), NB_OK);
    nb_text_free(&text);
    assert_null(text.data);
}

static void a_text_of_any_length_fits(void **state)
{
    (void)state;
    nb_text text = {0};
    for (int i = 0; i < 10000; i++)
        nb_text_printf(&text, "%05d\n", i);
    assert_int_equal(text.size, 60000);
    assert_memory_equal(text.data + 6 * 9999, "09999\n", 7);
    nb_text_free(&text);
}

static void json_strings_escape_what_json_demands(void **state)
{
    (void)state;
    nb_text text = {0};
    nb_text_json_string(&text, "a\"b\\c\n\x01/\xc3\xa9");
    assert_string_equal(text.data, "\"a\\\"b\\\\c\\u000a\\u0001/\xc3\xa9\"");
    nb_text_free(&text);
}

static void one_check_at_the_end_finds_a_failed_allocation(void **state)
{
    (void)state;
    if (!heap_is_watched())
        skip();
    nb_text text = {0};
    nb_text_puts(&text, "short");
    heap_fail_after(0);
    for (int i = 0; i < 1000; i++)
        nb_text_puts(&text, "more");
    heap_fail_after(-1);
    nb_text_puts(&text, "and more");
    assert_int_equal(nb_text_check(&text, NULL), NB_ERR_MEMORY);
    nb_text_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_follow_each_other),
        cmocka_unit_test(a_text_of_any_length_fits),
        cmocka_unit_test(json_strings_escape_what_json_demands),
        cmocka_unit_test(one_check_at_the_end_finds_a_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
