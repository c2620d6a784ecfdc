/* Distributions of errors: the paper's definitions on numbers that were worked out by hand or by scipy. */
#include "support.h"

#include <math.h>

#include "nasbench/distribution.h"

static void expect_near(double found, double expected, double tolerance)
{
    if (!(fabs(found - expected) <= tolerance))
        fail_msg("%.17g, not %.17g", found, expected);
}

static nb_ks_test test_of(const double *x, size_t n, const double *y, size_t m)
{
    nb_ks_test result;
    nb_error err;
    if (nb_kolmogorov_smirnov(x, n, y, m, &result, &err) != NB_OK)
        fail_msg("%s", err.message);
    return result;
}

/* Exact values of scipy.stats.ks_2samp. */
static void kolmogorov_smirnov_gives_the_exact_p(void **state)
{
    (void)state;
    nb_ks_test test = test_of((const double[]){4, 2, 3, 1}, 4, (const double[]){2.5, 3.5, 4.5, 5.5, 6.5}, 5);
    expect_near(test.statistic, 0.6, 1e-15);
    expect_near(test.p, 0.2857142857142857, 1e-15);
    assert_true(test.exact);
    test = test_of((const double[]){5, 5, 6, 7}, 4, (const double[]){5, 6, 6, 8, 9}, 5); /* ties */
    expect_near(test.statistic, 0.4, 1e-15);
    expect_near(test.p, 0.746031746031746, 1e-15);
    test = test_of((const double[]){1, 2, 3}, 3, (const double[]){4, 5, 6}, 3);
    expect_near(test.statistic, 1, 0);
    expect_near(test.p, 0.1, 1e-15);
    test = test_of((const double[]){1, 2, 3}, 3, (const double[]){3, 1, 2}, 3);
    assert_true(test.statistic == 0 && test.p == 1);
    double x[100], y[150];
    for (int i = 0; i < 100; i++)
        x[i] = i;
    for (int i = 0; i < 150; i++)
        y[i] = 20.5 + i;
    test = test_of(x, 100, y, 150);
    expect_near(test.statistic, 0.47333333333333333, 1e-15);
    expect_near(test.p, 1.23017e-12, 1e-17);
}

/* Every arrangement of 3 and 4 numbers, counted. */
static void p_is_the_share_of_arrangements_that_are_as_far_apart(void **state)
{
    (void)state;
    enum { N = 3, M = 4, ALL = N + M };
    double statistics[1 << ALL];
    int count = 0;
    for (unsigned chosen = 0; chosen < 1u << ALL; chosen++) {
        if (__builtin_popcount(chosen) != N)
            continue;
        double x[N], y[M];
        int n = 0, m = 0;
        for (int i = 0; i < ALL; i++) {
            if (chosen >> i & 1)
                x[n++] = i;
            else
                y[m++] = i;
        }
        statistics[count++] = test_of(x, N, y, M).statistic;
    }
    assert_int_equal(count, 35);
    for (unsigned chosen = 0; chosen < 1u << ALL; chosen++) {
        if (__builtin_popcount(chosen) != N)
            continue;
        double x[N], y[M];
        int n = 0, m = 0, as_far = 0;
        for (int i = 0; i < ALL; i++) {
            if (chosen >> i & 1)
                x[n++] = i;
            else
                y[m++] = i;
        }
        const nb_ks_test test = test_of(x, N, y, M);
        for (int i = 0; i < count; i++)
            as_far += statistics[i] >= test.statistic - 1e-12;
        expect_near(test.p, as_far / 35.0, 1e-14);
    }
}

static void large_samples_use_the_limit(void **state)
{
    (void)state;
    enum { N = 20000 };
    double *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
    assert_non_null(x);
    assert_non_null(y);
    for (int i = 0; i < N; i++) {
        x[i] = i;
        y[i] = i + 0.5 + 200; /* D = 201 / 20000, lambda = 1.005 */
    }
    nb_ks_test test = test_of(x, N, y, N);
    assert_false(test.exact);
    expect_near(test.statistic, 201.0 / N, 1e-15);
    expect_near(test.p, 0.2646784721613916, 1e-14); /* the series, summed by Python */
    free(x);
    free(y);
}

static void samples_without_numbers_are_refused(void **state)
{
    (void)state;
    nb_ks_test test;
    nb_error err;
    const double bad[] = {1, (double)NAN};
    nb_edf_point points[2];
    assert_int_equal(nb_kolmogorov_smirnov(bad, 0, bad, 1, &test, &err), NB_ERR_ARGUMENT);
    assert_int_equal(nb_kolmogorov_smirnov(bad, 1, bad, 2, &test, &err), NB_ERR_ARGUMENT);
    assert_int_equal(nb_edf(bad, NULL, 2, points, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "error 1 is NaN");
}

static void the_function_counts_models_below_an_error(void **state)
{
    (void)state;
    nb_edf_point points[4];
    assert_int_equal(nb_edf((const double[]){7, 5, 5, 6}, NULL, 4, points, NULL), NB_OK);
    assert_true(points[0].error == 5 && points[0].share == 0.25 && points[3].error == 7 && points[3].share == 1);
    assert_true(nb_edf_below(points, 4, 5) == 0);
    assert_true(nb_edf_below(points, 4, 5.5) == 0.5);
    assert_true(nb_edf_below(points, 4, 6) == 0.5);
    assert_true(nb_edf_below(points, 4, 100) == 1);
}

static const double complexity[] = {.1, .15, .3, .45, .6, .62, .7};
static const double errors[] = {9, 8, 7.5, 7, 6, 6.5, 5};

static void bins_of_complexity_count_the_same(void **state)
{
    (void)state;
    static const double expected[] = {1. / 9, 2. / 9, 3. / 9, 1. / 2, 2. / 3, 5. / 6, 1};
    double weights[7];
    size_t inside;
    nb_edf_point points[7];
    assert_int_equal(nb_complexity_weights(complexity, 7, .05, .75, 3, weights, &inside, NULL), NB_OK);
    assert_int_equal(inside, 7);
    assert_int_equal(nb_edf(errors, weights, 7, points, NULL), NB_OK);
    for (int i = 0; i < 7; i++)
        expect_near(points[i].share, expected[i], 1e-15);
    assert_true(points[2].error == 6.5);
}

static void an_empty_bin_is_named_and_ends_are_outside(void **state)
{
    (void)state;
    double weights[7];
    size_t inside;
    nb_error err;
    assert_int_equal(nb_complexity_weights(complexity, 7, 0, .8, 8, weights, NULL, &err), NB_ERR_NUMERIC);
    assert_non_null(strstr(err.message, "no model in bin 1 of 8"));
    assert_int_equal(nb_complexity_weights(complexity, 7, .1, .7, 1, weights, &inside, NULL), NB_OK);
    assert_int_equal(inside, 5);
    assert_true(weights[0] == 0 && weights[6] == 0 && weights[1] == 0.2);
    assert_int_equal(nb_complexity_weights(complexity, 7, 1, 1, 3, weights, NULL, &err), NB_ERR_ARGUMENT);
}

static void equal_samples_at_any_weights_have_no_distance(void **state)
{
    (void)state;
    double weights[7];
    nb_edf_point x[7], y[7];
    assert_int_equal(nb_complexity_weights(complexity, 7, .05, .75, 3, weights, NULL, NULL), NB_OK);
    assert_int_equal(nb_edf(errors, weights, 7, x, NULL), NB_OK);
    assert_int_equal(nb_edf(errors, NULL, 7, y, NULL), NB_OK);
    assert_true(nb_edf_distance(x, 7, x, 7) == 0);
    expect_near(nb_edf_distance(x, 7, y, 7), 3. / 7 - 3. / 9, 1e-15);
}

static void buckets_have_mean_and_spread(void **state)
{
    (void)state;
    nb_complexity_bucket buckets[3];
    const double c[] = {0, 0.5, 1, 3, 3.5}, e[] = {1, 3, 10, 20, 99}; /* the last one is too complex; 3 is the right end */
    assert_int_equal(nb_complexity_buckets(c, e, 5, 3, 3, buckets, NULL), NB_OK);
    assert_int_equal(buckets[0].count, 2);
    assert_true(buckets[0].mean == 2 && buckets[0].std == 1 && buckets[0].high == 1);
    assert_true(buckets[1].count == 1 && buckets[1].mean == 10 && buckets[1].std == 0);
    assert_true(buckets[2].count == 1 && buckets[2].mean == 20);
    assert_int_equal(nb_complexity_buckets(c, e, 2, 3, 3, buckets, NULL), NB_OK);
    assert_true(buckets[1].count == 0 && isnan(buckets[1].mean) && isnan(buckets[1].std));
}

static void larger_searches_find_smaller_errors(void **state)
{
    (void)state;
    enum { N = 4096 };
    double *e = malloc(N * sizeof *e), sum = 0;
    assert_non_null(e);
    nb_rng rng = nb_rng_seed(1, 0), same;
    for (int i = 0; i < N; i++)
        sum += e[i] = 5 + 10 * nb_rng_uniform(&rng);
    nb_search_efficiency results[20], again[20];
    size_t used, used_again;
    same = rng;
    assert_int_equal(nb_random_search_efficiency(e, NULL, N, 512, &rng, results, 20, &used, NULL), NB_OK);
    assert_int_equal(used, 10);
    expect_near(results[0].mean, sum / N, 0.2); /* 4 sd of the mean: 10 / sqrt(12) / 64 * 4 */
    for (size_t i = 0; i < used; i++) {
        assert_int_equal(results[i].size, 1u << i);
        assert_int_equal(results[i].experiments, (unsigned)N >> i);
        /* The least of k uniform numbers has the mean 1 / (k + 1). */
        expect_near(results[i].mean, 5 + 10 / ((double)results[i].size + 1),
                    5 * results[i].std / sqrt((double)results[i].experiments) + 0.2);
    }
    assert_int_equal(nb_random_search_efficiency(e, NULL, N, 512, &same, again, 20, &used_again, NULL), NB_OK);
    assert_memory_equal(results, again, used * sizeof *results);
    /* All the weight on one model: nothing else is found. */
    double *weights = calloc(N, sizeof *weights);
    assert_non_null(weights);
    weights[17] = 1;
    assert_int_equal(nb_random_search_efficiency(e, weights, N, 4, &rng, results, 20, &used, NULL), NB_OK);
    assert_true(results[0].mean == e[17] && results[2].mean == e[17] && results[1].std == 0);
    free(weights);
    free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kolmogorov_smirnov_gives_the_exact_p),
        cmocka_unit_test(p_is_the_share_of_arrangements_that_are_as_far_apart),
        cmocka_unit_test(large_samples_use_the_limit),
        cmocka_unit_test(samples_without_numbers_are_refused),
        cmocka_unit_test(the_function_counts_models_below_an_error),
        cmocka_unit_test(bins_of_complexity_count_the_same),
        cmocka_unit_test(an_empty_bin_is_named_and_ends_are_outside),
        cmocka_unit_test(equal_samples_at_any_weights_have_no_distance),
        cmocka_unit_test(buckets_have_mean_and_spread),
        cmocka_unit_test(larger_searches_find_smaller_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
