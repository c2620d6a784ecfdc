/* Random numbers: known answers of the published generators and of CPython, and the shape of what is drawn. */
#include "support.h"

#include <math.h>

#include "heap.h"
#include "nasbench/random.h"

static void xoshiro_gives_the_published_sequence(void **state)
{
    (void)state;
    nb_rng rng = {{1, 2, 3, 4}};
    const uint64_t expected[] = {41943041U, 58720359U, 3588806011781223U, 3591011842654386U, 9228616714210784205U};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_int_equal(nb_rng_next(&rng), expected[i]);
}

static void a_seed_and_a_stream_name_one_generator(void **state)
{
    (void)state;
    nb_rng first = nb_rng_seed(1, 0), third = nb_rng_seed(1, 2); /* recomputed from the formula in the header with Python */
    assert_int_equal(nb_rng_next(&first), 0x232dc888c9ea96b5U);
    assert_int_equal(nb_rng_next(&first), 0x30d67eec40fd4ef3U);
    assert_int_equal(nb_rng_next(&third), 0x3e0c91688fc5d7daU);
    assert_int_equal(nb_rng_next(&third), 0xc92efb28967b4b21U);
}

static void a_copied_generator_continues_the_same_way(void **state)
{
    (void)state;
    nb_rng rng = nb_rng_seed(5, 0);
    nb_rng_next(&rng);
    nb_rng copy = rng;
    assert_int_equal(nb_rng_next(&rng), nb_rng_next(&copy));
}

static void streams_are_uncorrelated(void **state)
{
    (void)state;
    enum { DRAWS = 20000 };
    for (uint64_t stream = 1; stream < 6; stream++) {
        nb_rng a = nb_rng_seed(0, 0), b = nb_rng_seed(0, stream);
        double sum = 0;
        for (int i = 0; i < DRAWS; i++)
            sum += (nb_rng_uniform(&a) - 0.5) * (nb_rng_uniform(&b) - 0.5) * 12;
        assert_true(fabs(sum / sqrt(DRAWS)) < 5); /* five standard deviations */
    }
}

static double chi_square(const unsigned *counts, size_t bins, double expected)
{
    double sum = 0;
    for (size_t i = 0; i < bins; i++)
        sum += (counts[i] - expected) * (counts[i] - expected) / expected;
    return sum;
}

static void below_is_uniform_and_in_range(void **state)
{
    (void)state;
    enum { BINS = 15, DRAWS = 150000 };
    nb_rng rng = nb_rng_seed(11, 0);
    unsigned counts[BINS] = {0};
    for (int i = 0; i < DRAWS; i++) {
        uint64_t drawn = nb_rng_below(&rng, BINS);
        assert_true(drawn < BINS);
        counts[drawn]++;
    }
    assert_true(chi_square(counts, BINS, DRAWS / (double)BINS) < 42.6); /* 14 degrees of freedom, p = 1e-4 */
}

static void below_has_no_bias_for_huge_bounds(void **state)
{
    (void)state;
    const uint64_t bound = UINT64_C(3) << 62; /* plain modulo would give the lower third twice as often */
    nb_rng rng = nb_rng_seed(12, 0);
    unsigned counts[3] = {0};
    for (int i = 0; i < 30000; i++) {
        uint64_t drawn = nb_rng_below(&rng, bound);
        assert_true(drawn < bound);
        counts[drawn >> 62]++;
    }
    assert_true(chi_square(counts, 3, 10000) < 18.4); /* 2 degrees of freedom, p = 1e-4 */
}

static void below_zero_and_one_give_zero(void **state)
{
    (void)state;
    nb_rng rng = nb_rng_seed(13, 0);
    assert_int_equal(nb_rng_below(&rng, 0), 0);
    assert_int_equal(nb_rng_below(&rng, 1), 0);
}

static void uniform_lies_in_the_half_open_unit_interval(void **state)
{
    (void)state;
    nb_rng rng = nb_rng_seed(14, 0);
    double sum = 0;
    for (int i = 0; i < 100000; i++) {
        double u = nb_rng_uniform(&rng);
        assert_true(u >= 0 && u < 1);
        sum += u;
    }
    assert_true(fabs(sum / 100000 - 0.5) < 5 * sqrt(1.0 / 12 / 100000));
}

/* Distribution function of the standard normal, from the C library: an oracle that the generator does not use. */
static double normal_cdf(double x)
{
    return 0.5 * erfc(-x / sqrt(2));
}

static void normal_follows_the_standard_normal_distribution(void **state)
{
    (void)state;
    enum { BINS = 64, DRAWS = 200000 };
    nb_rng rng = nb_rng_seed(15, 0);
    unsigned counts[BINS] = {0};
    for (int i = 0; i < DRAWS; i++) {
        size_t bin = (size_t)(normal_cdf(nb_rng_normal(&rng)) * BINS);
        counts[bin < BINS ? bin : BINS - 1]++;
    }
    assert_true(chi_square(counts, BINS, DRAWS / (double)BINS) < 115); /* 63 degrees of freedom, p < 1e-4 */
}

/* Both sides round in the quotient, the root and the product, and the logarithms differ by up to 3.2e-16: 8e-16 in all. */
static void normal_is_the_polar_method_to_the_last_bits(void **state)
{
    (void)state;
    nb_rng rng = nb_rng_seed(16, 0), twin = rng;
    for (int i = 0; i < 20000; i++) {
        double u, s;
        do {
            u = 2 * nb_rng_uniform(&twin) - 1;
            double v = 2 * nb_rng_uniform(&twin) - 1;
            s = u * u + v * v;
        } while (s >= 1 || s == 0);
        double expected = u * sqrt(-2 * log(s) / s);
        assert_true(fabs(nb_rng_normal(&rng) - expected) <= 8e-16 * fabs(expected));
    }
}

static void shuffle_reaches_every_order_equally_often(void **state)
{
    (void)state;
    nb_rng rng = nb_rng_seed(17, 0);
    unsigned counts[6] = {0};
    for (int i = 0; i < 60000; i++) {
        uint8_t items[3] = {0, 1, 2};
        nb_rng_shuffle(&rng, items, 3, 1);
        assert_int_equal(items[0] + items[1] + items[2], 3);
        counts[items[0] * 2 + (items[1] > items[2])]++;
    }
    assert_true(chi_square(counts, 6, 10000) < 25.8); /* 5 degrees of freedom, p = 1e-4 */
}

static void shuffle_moves_items_of_any_size_whole(void **state)
{
    (void)state;
    enum { COUNT = 50, SIZE = 100 };
    unsigned char items[COUNT][SIZE];
    bool seen[COUNT] = {false};
    for (int i = 0; i < COUNT; i++)
        memset(items[i], i, SIZE);
    nb_rng rng = nb_rng_seed(18, 0);
    nb_rng_shuffle(&rng, items, COUNT, SIZE);
    for (int i = 0; i < COUNT; i++) {
        for (int k = 1; k < SIZE; k++)
            assert_int_equal(items[i][k], items[i][0]);
        assert_false(seen[items[i][0]]);
        seen[items[i][0]] = true;
    }
}

static void shuffle_of_nothing_or_one_item_draws_nothing(void **state)
{
    (void)state;
    nb_rng rng = nb_rng_seed(19, 0), twin = rng;
    nb_rng_shuffle(&rng, NULL, 0, 8);
    nb_rng_shuffle(&rng, &(int){1}, 1, sizeof(int));
    assert_memory_equal(&rng, &twin, sizeof rng);
}

static nb_mt19937 python(uint64_t seed)
{
    nb_mt19937 mt;
    nb_mt19937_seed(&mt, seed);
    return mt;
}

static void python_getrandbits_32(void **state)
{
    (void)state;
    nb_mt19937 zero = python(0), mt = python(88);
    assert_int_equal(nb_mt19937_next(&zero), 3626764237U);
    assert_int_equal(nb_mt19937_next(&zero), 1654615998U);
    assert_int_equal(nb_mt19937_next(&mt), 1707201716U);
    assert_int_equal(nb_mt19937_next(&mt), 4182107318U);
    for (int i = 2; i < 1999; i++)
        nb_mt19937_next(&mt);
    assert_int_equal(nb_mt19937_next(&mt), 2900544613U); /* the 2,000th: several blocks on */
}

static void python_getrandbits_of_a_64_bit_seed(void **state)
{
    (void)state;
    nb_mt19937 mt = python(0x123456789abcdef0U);
    assert_int_equal(nb_mt19937_bits(&mt, 1), 0x1);
    assert_int_equal(nb_mt19937_bits(&mt, 7), 0x4b);
    assert_int_equal(nb_mt19937_bits(&mt, 32), 0xf705f036U);
    assert_int_equal(nb_mt19937_bits(&mt, 33), 0x1e8871fffU);
    assert_int_equal(nb_mt19937_bits(&mt, 53), 0xef60f7994cb0eU);
    assert_int_equal(nb_mt19937_bits(&mt, 64), 0x4f69a9e55909ebccU);
    nb_mt19937 twin = mt;
    assert_int_equal(nb_mt19937_bits(&mt, 0), 0);
    assert_memory_equal(&mt, &twin, sizeof mt);
}

static void python_random(void **state)
{
    (void)state;
    nb_mt19937 mt = python(777);
    assert_true(nb_mt19937_uniform(&mt) == 0x1.d5ad1c7222d70p-3);
    assert_true(nb_mt19937_uniform(&mt) == 0x1.c84a5cfef632ep-2);
    assert_true(nb_mt19937_uniform(&mt) == 0x1.7971d1c9aa45cp-2);
}

static void python_randint(void **state)
{
    (void)state;
    nb_mt19937 mt = python(42);
    const int64_t small[] = {2, 0, 0, 2, 1, 0, 0, 0, 2, 0};
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        assert_int_equal(nb_mt19937_int(&mt, 0, 2), small[i]);
    mt = python(42);
    const int64_t large[] = {123005401496, 811856239308, 267469214290, 151282538201};
    for (size_t i = 0; i < sizeof large / sizeof *large; i++)
        assert_int_equal(nb_mt19937_int(&mt, -5, 1000000000000), large[i]);
}

static void randint_takes_the_whole_range_and_an_empty_one(void **state)
{
    (void)state;
    nb_mt19937 mt = python(1), twin = mt;
    uint64_t word = nb_mt19937_bits(&twin, 64);
    assert_int_equal(nb_mt19937_int(&mt, INT64_MIN, INT64_MAX), (int64_t)(word + (UINT64_C(1) << 63)));
    assert_int_equal(nb_mt19937_int(&mt, 7, 6), 7);
    assert_int_equal(nb_mt19937_below(&mt, 0), 0);
}

static void python_shuffle(void **state)
{
    (void)state;
    nb_mt19937 mt = python(1021);
    int items[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    const int expected[10] = {0, 5, 6, 3, 7, 1, 4, 2, 9, 8};
    nb_mt19937_shuffle(&mt, items, 10, sizeof *items);
    assert_memory_equal(items, expected, sizeof expected);
}

static void python_choice(void **state)
{
    (void)state;
    nb_mt19937 mt = python(3);
    const size_t expected[] = {1, 4, 4, 1, 2, 4, 3, 4, 0, 4, 0, 3};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_int_equal(nb_mt19937_choice(&mt, 5), expected[i]);
}

static void expect_sample(nb_mt19937 *mt, size_t population, size_t count, const size_t *expected)
{
    size_t positions[16];
    assert_int_equal(nb_mt19937_sample(mt, population, count, positions, NULL), NB_OK);
    assert_memory_equal(positions, expected, count * sizeof *expected);
}

static void python_sample_by_pool_and_by_set(void **state)
{
    (void)state;
    nb_mt19937 mt = python(9);
    expect_sample(&mt, 10, 10, (const size_t[]){7, 5, 4, 1, 6, 0, 2, 3, 8, 9});
    expect_sample(&mt, 1000, 3, (const size_t[]){342, 567, 958});
    expect_sample(&mt, 85, 7, (const size_t[]){78, 5, 48, 21, 57, 54, 20}); /* the largest population drawn from a pool */
    expect_sample(&mt, 86, 7, (const size_t[]){21, 30, 6, 14, 16, 64, 75}); /* the smallest drawn with redraws */
    assert_int_equal(nb_mt19937_next(&mt), 271989855U);
}

static void python_sample_of_many(void **state)
{
    (void)state;
    static size_t positions[1000];
    nb_mt19937 mt = python(5);
    assert_int_equal(nb_mt19937_sample(&mt, 15625, 1000, positions, NULL), NB_OK);
    uint64_t weighted = 0;
    for (size_t i = 0; i < 1000; i++)
        weighted += i * positions[i];
    assert_int_equal(positions[0], 10205);
    assert_int_equal(positions[999], 12655);
    assert_int_equal(weighted, 3852704536U);
}

static void sampling_more_than_there_is_fails(void **state)
{
    (void)state;
    nb_mt19937 mt = python(1);
    nb_error err;
    size_t positions[3];
    assert_int_equal(nb_mt19937_sample(&mt, 2, 3, positions, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "sample: 3 asked for, the population has 2");
    assert_int_equal(nb_mt19937_sample(&mt, 0, 0, positions, &err), NB_OK);
}

static void sampling_reports_missing_memory_and_keeps_none(void **state)
{
    (void)state;
    if (!heap_is_watched())
        skip();
    const size_t populations[] = {10, 1000}; /* from a pool, with redraws */
    for (size_t i = 0; i < 2; i++) {
        nb_mt19937 mt = python(1);
        nb_error err;
        size_t positions[3];
        const long before = heap_blocks();
        heap_fail_after(0);
        assert_int_equal(nb_mt19937_sample(&mt, populations[i], 3, positions, &err), NB_ERR_MEMORY);
        heap_fail_after(-1);
        assert_int_equal(nb_mt19937_sample(&mt, populations[i], 3, positions, &err), NB_OK);
        assert_int_equal(heap_blocks(), before);
    }
}

static void numpy_randomstate_words(void **state)
{
    (void)state;
    nb_mt19937 mt;
    nb_mt19937_seed_word(&mt, 77777777);
    assert_int_equal(nb_mt19937_next(&mt), 1527002341U);
    assert_int_equal(nb_mt19937_next(&mt), 37564867U);
    assert_int_equal(nb_mt19937_next(&mt), 146261596U);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xoshiro_gives_the_published_sequence),
        cmocka_unit_test(a_seed_and_a_stream_name_one_generator),
        cmocka_unit_test(a_copied_generator_continues_the_same_way),
        cmocka_unit_test(streams_are_uncorrelated),
        cmocka_unit_test(below_is_uniform_and_in_range),
        cmocka_unit_test(below_has_no_bias_for_huge_bounds),
        cmocka_unit_test(below_zero_and_one_give_zero),
        cmocka_unit_test(uniform_lies_in_the_half_open_unit_interval),
        cmocka_unit_test(normal_follows_the_standard_normal_distribution),
        cmocka_unit_test(normal_is_the_polar_method_to_the_last_bits),
        cmocka_unit_test(shuffle_reaches_every_order_equally_often),
        cmocka_unit_test(shuffle_moves_items_of_any_size_whole),
        cmocka_unit_test(shuffle_of_nothing_or_one_item_draws_nothing),
        cmocka_unit_test(python_getrandbits_32),
        cmocka_unit_test(python_getrandbits_of_a_64_bit_seed),
        cmocka_unit_test(python_random),
        cmocka_unit_test(python_randint),
        cmocka_unit_test(randint_takes_the_whole_range_and_an_empty_one),
        cmocka_unit_test(python_shuffle),
        cmocka_unit_test(python_choice),
        cmocka_unit_test(python_sample_by_pool_and_by_set),
        cmocka_unit_test(python_sample_of_many),
        cmocka_unit_test(sampling_more_than_there_is_fails),
        cmocka_unit_test(sampling_reports_missing_memory_and_keeps_none),
        cmocka_unit_test(numpy_randomstate_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
