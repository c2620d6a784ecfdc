#include "support.h"

#include <math.h>

#include "store/column.h"

static double fraction(unsigned right)
{
    return (double)(float)(right / 9984.0);
}

static void put(nb_column_builder *column, size_t i, double value)
{
    nb_error err;
    if (nb_column_put(column, i, value, &err) != NB_OK)
        fail_msg("%s", err.message);
}

static void expect_bits(double found, double expected)
{
    assert_memory_equal(&found, &expected, sizeof found);
}

static void one_number_for_all_takes_no_memory(void **state)
{
    (void)state;
    nb_column_builder column = {.size = 1000, .images = 9984};
    for (size_t i = 0; i < 1000; i++)
        put(&column, i, 54.0);
    assert_int_equal(column.kind, NB_COLUMN_SAME);
    assert_null(column.data);
    expect_bits(nb_column_get(&column, 999), 54.0);
}

static void every_count_of_right_images_comes_back_bit_for_bit(void **state)
{
    (void)state;
    nb_column_builder column = {.size = 9985, .images = 9984};
    for (unsigned right = 0; right <= 9984; right++)
        put(&column, right, fraction(right));
    assert_int_equal(column.kind, NB_COLUMN_COUNT);
    for (unsigned right = 0; right <= 9984; right++)
        expect_bits(nb_column_get(&column, right), fraction(right));
    nb_column_free(&column);
}

static void a_number_that_does_not_fit_widens_the_column_and_loses_nothing(void **state)
{
    (void)state;
    nb_column_builder column = {.size = 4, .images = 9984};
    put(&column, 0, fraction(1));
    put(&column, 1, fraction(2));
    assert_int_equal(column.kind, NB_COLUMN_COUNT);
    put(&column, 2, 0.5f + 0x1p-20f); /* a float, but no such fraction */
    assert_int_equal(column.kind, NB_COLUMN_F32);
    put(&column, 3, 0.1);
    assert_int_equal(column.kind, NB_COLUMN_F64);
    expect_bits(nb_column_get(&column, 0), fraction(1));
    expect_bits(nb_column_get(&column, 1), fraction(2));
    expect_bits(nb_column_get(&column, 2), (double)(0.5f + 0x1p-20f));
    expect_bits(nb_column_get(&column, 3), 0.1);
    nb_column_free(&column);
}

static void columns_without_images_are_never_counts(void **state)
{
    (void)state;
    nb_column_builder column = {.size = 2};
    put(&column, 0, 0.0);
    put(&column, 1, 1.0);
    assert_int_equal(column.kind, NB_COLUMN_F32);
    expect_bits(nb_column_get(&column, 0), 0.0);
    nb_column_free(&column);
}

static void odd_numbers_keep_their_bits(void **state)
{
    (void)state;
    static const double odd[] = {-0.0, (double)INFINITY, -1.0 / 9984, 6.6, 1e300, 5e-324};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        nb_column_builder column = {.size = 3, .images = 9984};
        put(&column, 0, 0.0);
        put(&column, 1, odd[i]);
        put(&column, 2, (double)NAN);
        expect_bits(nb_column_get(&column, 0), 0.0);
        expect_bits(nb_column_get(&column, 1), odd[i]);
        assert_true(isnan(nb_column_get(&column, 2)));
        nb_column_free(&column);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_number_for_all_takes_no_memory),
        cmocka_unit_test(every_count_of_right_images_comes_back_bit_for_bit),
        cmocka_unit_test(a_number_that_does_not_fit_widens_the_column_and_loses_nothing),
        cmocka_unit_test(columns_without_images_are_never_counts),
        cmocka_unit_test(odd_numbers_keep_their_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
