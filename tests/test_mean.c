#include "support.h"

#include <math.h>

#include "store/mean.h"

static double made_up(const void *user, size_t i)
{
    (void)user;
    return fmod((double)i * 0.7390851332151607 + 0.1, 13.7) / 3;
}

/* numpy 1.24's sum and Python 3.11's sum() of the list made_up(0), ..., made_up(count - 1). */
static void sums_are_those_of_numpy_and_of_python(void **state)
{
    (void)state;
    const struct {
        size_t count;
        double numpy, python;
    } expected[] = {
        {3, 0x1.ad9c910b70161p-1, 0x1.ad9c910b70161p-1},   {7, 0x1.5a0b210c24357p+2, 0x1.5a0b210c24357p+2},
        {8, 0x1.ca8bfe8d5819cp+2, 0x1.ca8bfe8d5819cp+2},   {12, 0x1.0a8ed6eb10426p+4, 0x1.0a8ed6eb10426p+4},
        {90, 0x1.8f4a675194723p+7, 0x1.8f4a675194723p+7},  {128, 0x1.21a0c3cb7563cp+8, 0x1.21a0c3cb7563ep+8},
        {129, 0x1.25cbadbf9c98ep+8, 0x1.25cbadbf9c98fp+8}, {200, 0x1.c432b36d1e6d0p+8, 0x1.c432b36d1e6d1p+8},
        {300, 0x1.53a50b5438a62p+9, 0x1.53a50b5438a63p+9}, {1000, 0x1.1d8d0e72a8765p+11, 0x1.1d8d0e72a8766p+11},
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        nb_list list = {made_up, NULL, expected[i].count};
        assert_true(nb_sum_numpy(&list) == expected[i].numpy);
        assert_true(nb_sum_plain(&list) == expected[i].python);
    }
}

static void the_sum_of_nothing_is_zero(void **state)
{
    (void)state;
    nb_list list = {made_up, NULL, 0};
    assert_true(nb_sum_numpy(&list) == 0);
    assert_true(nb_sum_plain(&list) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_those_of_numpy_and_of_python),
        cmocka_unit_test(the_sum_of_nothing_is_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
