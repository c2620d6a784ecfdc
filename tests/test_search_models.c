/* BOHB's densities and REINFORCE's policy against other people's code: tests/golden/make_search_golden.py. */
#include "search_support.h"

#include <jansson.h>

#include "search/kde.h"
#include "search/policy.h"

static json_t *golden(const char *part)
{
    json_error_t error;
    json_t *all = json_load_file(NB_SOURCE_DIR "/tests/golden/search_golden.json", 0, &error);
    if (!all)
        fail_msg("%s", error.text);
    json_t *found = json_incref(json_object_get(all, part));
    json_decref(all);
    assert_true(json_array_size(found) > 0);
    return found;
}

/* A number, or the word for one that JSON does not have. */
static double number(const json_t *value)
{
    if (json_is_string(value))
        return strtod(json_string_value(value), NULL);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

static double number_at(const json_t *list, size_t i)
{
    return number(json_array_get(list, i));
}

static void expect_near(double found, double expected, double relative)
{
    if (isnan(expected) || isinf(expected)) {
        assert_true(isnan(expected) ? isnan(found) : found == expected);
        return;
    }
    if (!(fabs(found - expected) <= relative * fmax(fabs(expected), 1e-6)))
        fail_msg("%.17g, not %.17g", found, expected);
}

static void check_density(const json_t *item)
{
    enum { MOST = 128 };
    nb_observation rows[MOST] = {0};
    const json_t *data = json_object_get(item, "rows"), *points = json_object_get(item, "points");
    const size_t count = json_array_size(data), dimensions = json_array_size(json_array_get(data, 0));
    assert_true(count <= MOST);
    for (size_t i = 0; i < count; i++)
        for (size_t d = 0; d < dimensions; d++)
            rows[i].choices[d] = (uint8_t)json_integer_value(json_array_get(json_array_get(data, i), d));
    nb_kde kde;
    nb_kde_fit(&kde, rows, count, dimensions, number(json_object_get(item, "least_bandwidth")));
    for (size_t d = 0; d < dimensions; d++)
        expect_near(kde.bandwidth[d], number_at(json_object_get(item, "bandwidth"), d), 1e-13);
    for (size_t i = 0; i < json_array_size(points); i++) {
        uint8_t point[NB_DECISIONS_MAX] = {0};
        for (size_t d = 0; d < dimensions; d++)
            point[d] = (uint8_t)json_integer_value(json_array_get(json_array_get(points, i), d));
        expect_near(nb_kde_density(&kde, point), number_at(json_object_get(item, "density"), i), 1e-11);
    }
}

static void densities_are_those_of_statsmodels_to_the_last_quirk(void **state)
{
    (void)state;
    json_t *cases = golden("densities");
    for (size_t i = 0; i < json_array_size(cases); i++)
        check_density(json_array_get(cases, i));
    json_decref(cases);
}

static void a_density_sums_to_one_where_every_value_occurs(void **state)
{
    (void)state;
    nb_observation rows[5] = {{0}};
    for (size_t i = 0; i < 5; i++)
        for (size_t d = 0; d < 3; d++)
            rows[i].choices[d] = (uint8_t)((i + d) % 5);
    nb_kde kde;
    nb_kde_fit(&kde, rows, 5, 3, 0.3);
    double sum = 0;
    for (int point = 0; point < 125; point++)
        sum += nb_kde_density(&kde, (uint8_t[]){(uint8_t)(point / 25), (uint8_t)(point / 5 % 5), (uint8_t)(point % 5)});
    expect_near(sum, 1, 1e-12);
}

static void check_policy(const json_t *item)
{
    nb_rng rng = nb_rng_seed(1, 1);
    nb_policy policy;
    assert_int_equal(nb_policy_start(&policy, topology(), 1e-3, &rng, NULL), NB_OK);
    assert_int_equal(policy.logits, 30);
    const json_t *picks = json_object_get(item, "picked"), *rewards = json_object_get(item, "rewards");
    for (size_t i = 0; i < policy.logits; i++)
        policy.theta[i] = number_at(json_object_get(item, "start"), i);
    const nb_adam_rule rule = {number(json_object_get(item, "learning_rate")), 0.9, 0.999, 1e-8};
    double numerator = 0, denominator = 0;
    for (size_t step = 0; step < json_array_size(rewards); step++) {
        uint8_t drawn[NB_DECISIONS_MAX], picked[NB_DECISIONS_MAX];
        nb_policy_draw(&policy, &rng, drawn);
        for (size_t d = 0; d < policy.decisions; d++)
            picked[d] = (uint8_t)json_integer_value(json_array_get(json_array_get(picks, step), d));
        const double reward = number_at(rewards, step);
        numerator = 0.9 * numerator + 0.1 * reward;
        denominator = 0.9 * denominator + 0.1;
        nb_policy_learn(&policy, picked, reward - numerator / denominator, &rule);
        for (size_t i = 0; i < policy.logits; i++)
            expect_near(policy.theta[i], number_at(json_array_get(json_object_get(item, "after"), step), i), 1e-9);
    }
    nb_policy_stop(&policy);
}

static void a_policy_learns_as_with_torch_s_softmax_and_adam(void **state)
{
    (void)state;
    json_t *cases = golden("policies");
    for (size_t i = 0; i < json_array_size(cases); i++)
        check_policy(json_array_get(cases, i));
    json_decref(cases);
}

static void a_policy_draws_by_its_probabilities(void **state)
{
    (void)state;
    nb_rng rng = nb_rng_seed(3, 1);
    nb_policy policy;
    assert_int_equal(nb_policy_start(&policy, topology(), 1, &rng, NULL), NB_OK);
    uint64_t counts[6][5] = {{0}};
    uint8_t picked[NB_DECISIONS_MAX], likeliest[NB_DECISIONS_MAX];
    for (int i = 0; i < 100000; i++) {
        nb_policy_draw(&policy, &rng, picked);
        for (size_t d = 0; d < 6; d++)
            counts[d][picked[d]]++;
    }
    nb_policy_likeliest(&policy, likeliest);
    for (size_t d = 0; d < 6; d++) {
        double probability[5], sum = 0;
        for (size_t i = 0; i < 5; i++)
            sum += exp(policy.theta[5 * d + i]);
        for (size_t i = 0; i < 5; i++)
            probability[i] = exp(policy.theta[5 * d + i]) / sum;
        expect_distribution(counts[d], probability, 5);
        for (size_t i = 0; i < 5; i++)
            assert_true(probability[i] <= probability[likeliest[d]]);
    }
    nb_policy_stop(&policy);
}

static void logits_start_as_small_normal_deviates(void **state)
{
    (void)state;
    double sum = 0, squares = 0;
    enum { TIMES = 2000 };
    for (uint64_t stream = 0; stream < TIMES; stream++) {
        nb_rng rng = nb_rng_seed(4, stream);
        nb_policy policy;
        assert_int_equal(nb_policy_start(&policy, topology(), 1e-3, &rng, NULL), NB_OK);
        for (size_t i = 0; i < 30; i++) {
            sum += 1e3 * policy.theta[i];
            squares += 1e6 * policy.theta[i] * policy.theta[i];
        }
        nb_policy_stop(&policy);
    }
    const double n = 30.0 * TIMES;
    assert_true(fabs(sum / n) < 5 / sqrt(n));
    assert_true(fabs(squares / n - 1) < 5 * sqrt(2 / n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(densities_are_those_of_statsmodels_to_the_last_quirk),
        cmocka_unit_test(a_density_sums_to_one_where_every_value_occurs),
        cmocka_unit_test(a_policy_learns_as_with_torch_s_softmax_and_adam),
        cmocka_unit_test(a_policy_draws_by_its_probabilities),
        cmocka_unit_test(logits_start_as_small_normal_deviates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
