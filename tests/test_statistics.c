/* Statistics against hand-computed cases, against their definitions, and against scipy: tests/golden/make_statistics_golden.py. */
#include "support.h"

#include <jansson.h>
#include <math.h>

#include "heap.h"
#include "nasbench/random.h"
#include "nasbench/statistics.h"

/* ---------------------------------------------------------------- other people's numbers */

static json_t *golden(const char *part)
{
    json_error_t error;
    json_t *all = json_load_file(NB_SOURCE_DIR "/tests/golden/statistics_golden.json", 0, &error);
    if (!all)
        fail_msg("%s", error.text);
    json_t *found = json_incref(json_object_get(all, part));
    json_decref(all);
    assert_true(json_array_size(found) > 0);
    return found;
}

static double number(const json_t *item, const char *name)
{
    const json_t *value = json_object_get(item, name);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

static double *numbers(const json_t *item, const char *name, size_t *count)
{
    const json_t *list = json_object_get(item, name);
    *count = json_array_size(list);
    double *values = malloc((*count > 0 ? *count : 1) * sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < *count; i++)
        values[i] = json_number_value(json_array_get(list, i));
    return values;
}

static void expect_near(double found, double expected, double relative)
{
    if (!(fabs(found - expected) <= relative * fmax(fabs(expected), 1e-300)))
        fail_msg("%.17g, not %.17g", found, expected);
}

static void correlations_are_those_of_scipy(void **state)
{
    (void)state;
    json_t *cases = golden("correlations");
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *item = json_array_get(cases, i);
        size_t count;
        double *x = numbers(item, "x", &count), *y = numbers(item, "y", &count);
        nb_correlation found;
        assert_int_equal(nb_correlate(x, y, count, &found, NULL), NB_OK);
        assert_int_equal(found.count, count);
        expect_near(found.kendall, number(item, "kendall"), 1e-13);
        expect_near(found.spearman, number(item, "spearman"), 1e-12);
        expect_near(found.pearson, number(item, "pearson"), 1e-12);
        free(x);
        free(y);
    }
    json_decref(cases);
}

static void check_test(const json_t *item, const nb_rank_test *found)
{
    assert_true(found->statistic == number(item, "statistic"));
    assert_int_equal(found->exact, json_is_true(json_object_get(item, "exact")));
    expect_near(found->p, number(item, "p"), 1e-11);
}

static void mann_whitney_tests_are_those_of_scipy(void **state)
{
    (void)state;
    json_t *cases = golden("mann_whitney");
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *item = json_array_get(cases, i);
        size_t m, n;
        double *x = numbers(item, "x", &m), *y = numbers(item, "y", &n);
        nb_rank_test found;
        assert_int_equal(nb_mann_whitney(x, m, y, n, &found, NULL), NB_OK);
        assert_int_equal(found.count, m + n);
        check_test(item, &found);
        free(x);
        free(y);
    }
    json_decref(cases);
}

static void signed_rank_tests_are_those_of_scipy(void **state)
{
    (void)state;
    json_t *cases = golden("signed_rank");
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *item = json_array_get(cases, i);
        size_t count;
        double *x = numbers(item, "x", &count), *y = numbers(item, "y", &count);
        nb_rank_test found;
        assert_int_equal(nb_signed_rank(x, y, count, &found, NULL), NB_OK);
        check_test(item, &found);
        free(x);
        free(y);
    }
    json_decref(cases);
}

static void quantiles_are_those_of_numpy(void **state)
{
    (void)state;
    json_t *cases = golden("quantiles");
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *item = json_array_get(cases, i);
        size_t count, points;
        double *values = numbers(item, "values", &count), *at = numbers(item, "at", &points),
               *expected = numbers(item, "quantiles", &points);
        for (size_t p = 0; p < points; p++)
            assert_true(fabs(nb_quantile(values, count, at[p]) - expected[p]) < 1e-14);
        free(values);
        free(at);
        free(expected);
    }
    json_decref(cases);
}

static void holm_s_correction_is_that_of_statsmodels(void **state)
{
    (void)state;
    json_t *cases = golden("holm");
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *item = json_array_get(cases, i);
        size_t count;
        double *p = numbers(item, "p", &count), *expected = numbers(item, "adjusted", &count);
        assert_int_equal(nb_holm(p, count, p, NULL), NB_OK); /* in place */
        for (size_t k = 0; k < count; k++)
            expect_near(p[k], expected[k], 1e-13);
        free(p);
        free(expected);
    }
    json_decref(cases);
}

/* ---------------------------------------------------------------- by hand */

static void a_description_of_four_numbers(void **state)
{
    (void)state;
    nb_description found;
    assert_int_equal(nb_describe((const double[]){4, NAN, 1, 2, 3}, 5, &found, NULL), NB_OK);
    assert_int_equal(found.count, 4);
    assert_true(found.mean == 2.5 && found.low == 1 && found.high == 4 && found.median == 2.5);
    assert_true(found.lower_quartile == 1.75 && found.upper_quartile == 3.25);
    expect_near(found.std, sqrt(1.25), 1e-15);
    assert_int_equal(nb_describe(NULL, 0, &found, NULL), NB_OK);
    assert_int_equal(found.count, 0);
    assert_true(isnan(found.mean) && isnan(found.std) && isnan(found.median));
}

static void a_quantile_between_a_number_and_infinity_is_infinite(void **state)
{
    (void)state;
    const double values[] = {-INFINITY, -INFINITY, 90, 92};
    assert_true(nb_quantile(values, 4, 0.25) == -INFINITY); /* between two infinities: no NaN */
    assert_true(nb_quantile(values, 4, 0.5) == -INFINITY);
    assert_true(nb_quantile(values, 4, 1) == 92);
    assert_true(isnan(nb_quantile(values, 0, 0.5)) && isnan(nb_quantile(values, 4, 1.5)) && isnan(nb_quantile(values, 4, NAN)));
}

static void equal_numbers_share_the_mean_of_their_ranks(void **state)
{
    (void)state;
    double ranks[6];
    assert_int_equal(nb_ranks((const double[]){7, 3, 7, NAN, 1, 7}, 6, ranks, NULL), NB_OK);
    assert_true(ranks[0] == 4 && ranks[1] == 2 && ranks[2] == 4 && isnan(ranks[3]) && ranks[4] == 1 && ranks[5] == 4);
}

/* Three of ten pairs are discordant, no ties: tau = (7 - 3) / 10. */
static void kendall_counts_concordant_pairs(void **state)
{
    (void)state;
    double tau;
    assert_int_equal(nb_kendall((const double[]){1, 2, 3, 4, 5}, (const double[]){2, 1, 5, 3, 4}, 5, &tau, NULL), NB_OK);
    expect_near(tau, 0.4, 1e-15);
}

static void correlation_of_constants_is_not_defined(void **state)
{
    (void)state;
    const double constant[] = {3, 3, 3}, other[] = {1, 2, 3};
    nb_correlation found;
    assert_int_equal(nb_correlate(constant, other, 3, &found, NULL), NB_OK);
    assert_true(isnan(found.kendall) && isnan(found.spearman) && isnan(found.pearson));
    assert_int_equal(nb_correlate(other, other, 1, &found, NULL), NB_OK);
    assert_true(isnan(found.kendall) && isnan(found.spearman) && isnan(found.pearson));
    assert_int_equal(nb_correlate(NULL, NULL, 0, &found, NULL), NB_OK);
    assert_int_equal(found.count, 0);
}

static void pairs_with_an_unknown_number_do_not_count(void **state)
{
    (void)state;
    const double x[] = {1, NAN, 2, 3, 4}, y[] = {1, 0, NAN, 2, 9};
    nb_correlation found;
    assert_int_equal(nb_correlate(x, y, 5, &found, NULL), NB_OK);
    assert_int_equal(found.count, 3);
    assert_true(found.kendall == 1 && found.spearman == 1 && found.pearson < 1);
}

/* Of 20 arrangements of three and three, two are as far out as all of x above all of y. */
static void three_against_three_can_not_be_significant(void **state)
{
    (void)state;
    nb_rank_test found;
    assert_int_equal(nb_mann_whitney((const double[]){4, 5, 6}, 3, (const double[]){1, 2, 3}, 3, &found, NULL), NB_OK);
    assert_true(found.statistic == 9 && found.exact && found.effect == 1);
    expect_near(found.p, 0.1, 1e-15);
    assert_int_equal(nb_mann_whitney((const double[]){1, 2, 3}, 3, (const double[]){4, 5, 6}, 3, &found, NULL), NB_OK);
    assert_true(found.statistic == 0 && found.effect == 0);
    expect_near(found.p, 0.1, 1e-15);
}

/* Of the 2^3 sign patterns, two are all of one sign. */
static void three_pairs_can_not_be_significant(void **state)
{
    (void)state;
    nb_rank_test found;
    assert_int_equal(nb_signed_rank((const double[]){4, 6, 9}, (const double[]){3, 4, 6}, 3, &found, NULL), NB_OK);
    assert_true(found.statistic == 6 && found.exact && found.effect == 1 && found.count == 3);
    expect_near(found.p, 0.25, 1e-15);
}

static void equal_differences_tie_in_spite_of_rounding(void **state)
{
    (void)state;
    const double x[] = {93.2, 50.4, 30.1}, y[] = {93.1, 50.3, 30.2}; /* 0.1, 0.1, -0.1, but not as doubles */
    nb_rank_test found;
    assert_true(x[0] - y[0] != x[1] - y[1]);
    assert_int_equal(nb_signed_rank(x, y, 3, &found, NULL), NB_OK);
    assert_false(found.exact);
    assert_true(found.statistic == 4);
    expect_near(found.effect, (4.0 - 2.0) / 6.0, 1e-15);
}

static void where_nothing_differs_nothing_is_significant(void **state)
{
    (void)state;
    const double same[] = {5, 5, 5, 5};
    nb_rank_test found;
    assert_int_equal(nb_mann_whitney(same, 4, same, 3, &found, NULL), NB_OK);
    assert_true(found.p == 1 && found.effect == 0.5);
    assert_int_equal(nb_signed_rank(same, same, 4, &found, NULL), NB_OK);
    assert_true(found.p == 1 && found.effect == 0 && found.count == 0);
    const double zeros[] = {0, 0};
    assert_int_equal(nb_signed_rank(zeros, zeros, 2, &found, NULL), NB_OK);
    assert_true(found.p == 1);
    assert_int_equal(nb_mann_whitney(same, 4, same, 0, &found, NULL), NB_OK);
    assert_true(found.p == 1 && isnan(found.effect));
}

static void what_was_not_measured_is_left_out_of_tests(void **state)
{
    (void)state;
    nb_rank_test found, plain;
    assert_int_equal(nb_mann_whitney((const double[]){NAN, 4, 7}, 3, (const double[]){1, NAN, 5}, 3, &found, NULL), NB_OK);
    assert_int_equal(nb_mann_whitney((const double[]){4, 7}, 2, (const double[]){1, 5}, 2, &plain, NULL), NB_OK);
    assert_true(found.p == plain.p && found.statistic == 3 && found.count == 4);
    assert_int_equal(nb_signed_rank((const double[]){NAN, 4, 7}, (const double[]){1, NAN, 5}, 3, &found, NULL), NB_OK);
    assert_int_equal(found.count, 1);
}

static void holm_leaves_out_what_is_no_test(void **state)
{
    (void)state;
    double p[] = {0.03, NAN, 0.01};
    assert_int_equal(nb_holm(p, 3, p, NULL), NB_OK);
    expect_near(p[0], 0.03, 1e-15);
    assert_true(isnan(p[1]));
    expect_near(p[2], 0.02, 1e-15);
}

/* ---------------------------------------------------------------- by definition */

/* Whole numbers with many ties, sometimes none at all. */
static void draw(nb_rng *rng, double *values, size_t count, uint64_t kinds)
{
    for (size_t i = 0; i < count; i++)
        values[i] = nb_rng_uniform(rng) < 0.05 ? (double)NAN : (double)nb_rng_below(rng, kinds);
}

static double kendall_by_definition(const double *x, const double *y, size_t count)
{
    double agreement = 0, x_differ = 0, y_differ = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (isnan(x[i]) || isnan(y[i]) || isnan(x[j]) || isnan(y[j]))
                continue;
            const int a = (x[i] > x[j]) - (x[i] < x[j]), b = (y[i] > y[j]) - (y[i] < y[j]);
            agreement += a * b;
            x_differ += a * a;
            y_differ += b * b;
        }
    }
    return agreement / sqrt(x_differ * y_differ);
}

static void kendall_is_what_its_definition_says(void **state)
{
    (void)state;
    enum { MOST = 70 };
    nb_rng rng = nb_rng_seed(5, 0);
    double x[MOST], y[MOST], tau;
    for (int round = 0; round < 300; round++) {
        const size_t count = (size_t)nb_rng_below(&rng, MOST + 1);
        draw(&rng, x, count, 2 + nb_rng_below(&rng, 100));
        draw(&rng, y, count, 2 + nb_rng_below(&rng, 100));
        const double expected = kendall_by_definition(x, y, count);
        assert_int_equal(nb_kendall(x, y, count, &tau, NULL), NB_OK);
        assert_true(isnan(expected) ? isnan(tau) : fabs(tau - expected) < 1e-14);
    }
}

/* Every way to choose which of the numbers are x's is equally likely. */
static double mann_whitney_by_enumeration(size_t m, size_t n, double u)
{
    double extreme = 0, all = 0;
    for (unsigned set = 0; set < 1u << (m + n); set++) {
        size_t chosen = 0;
        double wins = 0;
        for (size_t i = 0; i < m + n; i++) {
            if (set >> i & 1)
                wins += (double)(i - chosen++);
        }
        if (chosen != m)
            continue;
        all++;
        extreme += fabs(wins - (double)(m * n) / 2) >= fabs(u - (double)(m * n) / 2);
    }
    return extreme / all;
}

static void exact_tests_count_all_arrangements(void **state)
{
    (void)state;
    nb_rng rng = nb_rng_seed(6, 0);
    double x[6], y[6];
    nb_rank_test found;
    for (int round = 0; round < 100; round++) {
        const size_t m = 1 + (size_t)nb_rng_below(&rng, 6), n = 1 + (size_t)nb_rng_below(&rng, 6);
        for (size_t i = 0; i < 6; i++) {
            x[i] = nb_rng_uniform(&rng);
            y[i] = nb_rng_uniform(&rng);
        }
        assert_int_equal(nb_mann_whitney(x, m, y, n, &found, NULL), NB_OK);
        double wins = 0;
        for (size_t i = 0; i < m; i++)
            for (size_t j = 0; j < n; j++)
                wins += x[i] > y[j];
        assert_true(found.exact && found.statistic == wins);
        expect_near(found.effect, wins / (double)(m * n), 1e-14);
        expect_near(found.p, mann_whitney_by_enumeration(m, n, wins), 1e-13);
    }
}

/* Under the null hypothesis p is uniform: about one in twenty tests is below 0.05, exact or not, with ties or without. */
static void tests_reject_a_true_hypothesis_as_rarely_as_they_say(void **state)
{
    (void)state;
    enum { ROUNDS = 4000, COUNT = 60 };
    nb_rng rng = nb_rng_seed(7, 0);
    double x[COUNT], y[COUNT];
    nb_rank_test found;
    int rejected[2] = {0};
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < COUNT; i++) {
            x[i] = (double)nb_rng_below(&rng, 40);
            y[i] = (double)nb_rng_below(&rng, 40);
        }
        assert_int_equal(nb_mann_whitney(x, COUNT, y, COUNT, &found, NULL), NB_OK);
        rejected[0] += found.p <= 0.05;
        assert_int_equal(nb_signed_rank(x, y, COUNT, &found, NULL), NB_OK);
        rejected[1] += found.p <= 0.05;
    }
    for (int test = 0; test < 2; test++)
        assert_true(abs(rejected[test] - ROUNDS / 20) < 5 * sqrt(ROUNDS * 0.05 * 0.95));
}

/* ---------------------------------------------------------------- memory */

static nb_status all_of_it(const double *x, const double *y, size_t count)
{
    nb_description description;
    nb_correlation correlation;
    nb_rank_test test;
    double room[8];
    nb_status status = nb_describe(x, count, &description, NULL);
    if (status == NB_OK)
        status = nb_correlate(x, y, count, &correlation, NULL);
    if (status == NB_OK)
        status = nb_mann_whitney(x, count, y, count, &test, NULL);
    if (status == NB_OK)
        status = nb_signed_rank(x, y, count, &test, NULL);
    return status == NB_OK ? nb_holm(x, count, room, NULL) : status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    const double x[] = {1, 2, 9, 4, 7, 6, 5, 3}, y[] = {11, 22, 19, 34, 57, 26, 15, 43};
    const long blocks = heap_blocks();
    bool failed = true;
    for (long n = 0; failed; n++) {
        heap_fail_after(n);
        const nb_status status = all_of_it(x, y, 8);
        failed = heap_has_failed();
        heap_fail_after(-1);
        assert_int_equal(status, failed ? NB_ERR_MEMORY : NB_OK);
        assert_int_equal(heap_blocks(), blocks);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(correlations_are_those_of_scipy),
        cmocka_unit_test(mann_whitney_tests_are_those_of_scipy),
        cmocka_unit_test(signed_rank_tests_are_those_of_scipy),
        cmocka_unit_test(quantiles_are_those_of_numpy),
        cmocka_unit_test(holm_s_correction_is_that_of_statsmodels),
        cmocka_unit_test(a_description_of_four_numbers),
        cmocka_unit_test(a_quantile_between_a_number_and_infinity_is_infinite),
        cmocka_unit_test(equal_numbers_share_the_mean_of_their_ranks),
        cmocka_unit_test(kendall_counts_concordant_pairs),
        cmocka_unit_test(correlation_of_constants_is_not_defined),
        cmocka_unit_test(pairs_with_an_unknown_number_do_not_count),
        cmocka_unit_test(three_against_three_can_not_be_significant),
        cmocka_unit_test(three_pairs_can_not_be_significant),
        cmocka_unit_test(equal_differences_tie_in_spite_of_rounding),
        cmocka_unit_test(where_nothing_differs_nothing_is_significant),
        cmocka_unit_test(what_was_not_measured_is_left_out_of_tests),
        cmocka_unit_test(holm_leaves_out_what_is_no_test),
        cmocka_unit_test(kendall_is_what_its_definition_says),
        cmocka_unit_test(exact_tests_count_all_arrangements),
        cmocka_unit_test(tests_reject_a_true_hypothesis_as_rarely_as_they_say),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
