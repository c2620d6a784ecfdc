/* What the tests of searches share: an objective made of a formula, searches that must start, and a chi-square test. */
#ifndef NB_TESTS_SEARCH_SUPPORT_H
#define NB_TESTS_SEARCH_SUPPORT_H

#include "support.h"

#include <math.h>

#include "nasbench/search.h"

static inline const nb_space *topology(void)
{
    const nb_space *space = nb_space_find("nasbench201", NULL);
    assert_non_null(space);
    return space;
}

static inline nb_search *new_search(nb_search_options options)
{
    nb_search *search;
    nb_error err;
    if (!options.space)
        options.space = topology();
    if (nb_search_new(&options, &search, &err) != NB_OK)
        fail_msg("%s", err.message);
    return search;
}

/* The options must be refused with a message that contains `part`. */
static inline void refuse_search(nb_search_options options, nb_status status, const char *part)
{
    nb_search *search;
    nb_error err;
    if (!options.space)
        options.space = topology();
    assert_int_equal(nb_search_new(&options, &search, &err), status);
    if (!strstr(err.message, part))
        fail_msg("'%s' is not in '%s'", part, err.message);
}

static inline void tell(nb_search *search, double accuracy, double seconds)
{
    nb_error err;
    if (nb_search_tell(search, &(nb_evaluation){accuracy, seconds}, &err) != NB_OK)
        fail_msg("%s", err.message);
}

static inline nb_search_result answer_of(const nb_search *search)
{
    nb_search_result result;
    nb_error err;
    if (nb_search_answer(search, &result, &err) != NB_OK)
        fail_msg("%s", err.message);
    return result;
}

static inline size_t steps_of(const nb_search *search)
{
    size_t count;
    nb_search_steps(search, &count);
    return count;
}

/* How many of the decisions are as in `target`: one hill, the higher the nearer. */
static inline int likeness(const nb_arch *arch, const nb_arch *target)
{
    int same = 0;
    for (int i = 0; i < arch->count; i++)
        same += arch->code[i] == target->code[i];
    return same;
}

/* An accuracy that differs between almost all architectures: a hash of the codes spread over 0..100. */
static inline double arbitrary_accuracy(const nb_arch *arch)
{
    uint64_t h = 1469598103934665603u;
    for (int i = 0; i < arch->count; i++)
        h = (h ^ arch->code[i]) * 1099511628211u;
    h ^= h >> 29;
    return (double)(h % 1000003) / 10000.03;
}

/* Fails unless counts[n] agree with the expected probabilities: chi-square with n - 1 degrees of freedom, by the normal approximation of
 * Wilson and Hilferty, at five standard deviations. Cells that expect fewer than five are pooled. */
static inline void expect_distribution(const uint64_t *counts, const double *probability, size_t n)
{
    double total = 0, chi = 0, pooled_count = 0, pooled_expected = 0;
    size_t cells = 0;
    for (size_t i = 0; i < n; i++)
        total += (double)counts[i];
    for (size_t i = 0; i < n; i++) {
        const double expected = total * probability[i];
        if (expected < 5) {
            pooled_count += (double)counts[i];
            pooled_expected += expected;
            continue;
        }
        chi += pow((double)counts[i] - expected, 2) / expected;
        cells++;
    }
    if (pooled_expected >= 5) {
        chi += pow(pooled_count - pooled_expected, 2) / pooled_expected;
        cells++;
    } else if (pooled_count > 40) {
        fail_msg("%g cases where %g are expected", pooled_count, pooled_expected);
    }
    assert_true(cells > 1);
    const double freedom = (double)cells - 1, spread = 2 / (9 * freedom);
    const double deviations = (cbrt(chi / freedom) - (1 - spread)) / sqrt(spread);
    if (deviations > 5)
        fail_msg("chi-square %g with %g degrees of freedom", chi, freedom);
}

#endif
