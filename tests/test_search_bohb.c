/* BOHB's proposals against their exact distribution: of all 15,625 architectures, computed from the published rule alone.
 *
 * Each proposal is turned into the probability of everything at least as promising; were the implementation to follow another rule
 * (another split of observations, another budget's model, another bandwidth), these numbers would not be uniform. */
#include "search_support.h"

enum { SIZE = 15625, EDGES = 6, OPERATIONS = 5, CANDIDATES = 4 };

/* ---------------------------------------------------------------- the published rule, written plainly */

typedef struct observed {
    uint8_t codes[EDGES];
    double loss;
    size_t order;
} observed;

static int by_loss(const void *a, const void *b)
{
    const observed *x = a, *y = b;
    if (x->loss != y->loss)
        return x->loss < y->loss ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* Iterations of 9, 3, 1; 3, 1; 3 evaluations on the last rungs of three. */
static int rung_of_step(size_t step)
{
    static const int cycle[20] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 1, 1, 1, 2, 2, 2, 2};
    return cycle[step % 20];
}

/* What was seen at a rung, best first. */
static size_t seen_at(const nb_search_step *steps, size_t count, int rung, observed *out)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (rung_of_step(i) != rung)
            continue;
        for (size_t e = 0; e < EDGES; e++)
            out[n].codes[e] = steps[i].arch.code[e];
        out[n].loss = 100 - steps[i].accuracy;
        out[n].order = i;
        n++;
    }
    qsort(out, n, sizeof *out, by_loss);
    return n;
}

typedef struct estimate {
    const observed *rows;
    size_t count;
    double h[EDGES];
    int levels[EDGES];
} estimate;

static estimate estimate_of(const observed *rows, size_t count)
{
    estimate result = {.rows = rows, .count = count};
    for (size_t e = 0; e < EDGES; e++) {
        double sum = 0, squares = 0;
        bool occurs[OPERATIONS] = {false};
        for (size_t i = 0; i < count; i++) {
            sum += rows[i].codes[e];
            squares += rows[i].codes[e] * rows[i].codes[e];
            occurs[rows[i].codes[e]] = true;
        }
        const double n = (double)count, variance = fmax(squares / n - sum / n * (sum / n), 0);
        result.h[e] = fmax(1.06 * sqrt(variance) * pow(n, -0.1), 0.3);
        for (size_t o = 0; o < OPERATIONS; o++)
            result.levels[e] += occurs[o];
    }
    return result;
}

static double density_of(const estimate *model, const uint8_t *codes)
{
    double sum = 0;
    for (size_t i = 0; i < model->count; i++) {
        double product = 1;
        for (size_t e = 0; e < EDGES; e++)
            product *= model->rows[i].codes[e] == codes[e] ? 1 - model->h[e] : model->h[e] / (model->levels[e] - 1);
        sum += product;
    }
    return sum / (double)model->count;
}

/* The chance that one candidate is this architecture. */
static double candidate_chance(const estimate *good, const uint8_t *codes)
{
    double sum = 0;
    for (size_t i = 0; i < good->count; i++) {
        double product = 1;
        for (size_t e = 0; e < EDGES; e++) {
            const double keep = fmin(fmax(1 - good->h[e], 0), 1);
            product *= (good->rows[i].codes[e] == codes[e] ? keep : 0) + (1 - keep) / OPERATIONS;
        }
        sum += product;
    }
    return sum / (double)good->count;
}

/* Python's max(a, b). */
static double python_max(double a, double b)
{
    return b > a ? b : a;
}

enum rank { AT_ONCE, SCORED, NEVER };

typedef struct outcome {
    enum rank rank;
    double score;  /* of a SCORED one */
    double chance; /* of being one candidate */
    int index;
} outcome;

static int by_promise(const void *a, const void *b)
{
    const outcome *x = a, *y = b;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    if (x->rank == SCORED && x->score != y->score)
        return x->score < y->score ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static void rate_all(const estimate *good, const estimate *bad, outcome *all)
{
    for (int index = 0; index < SIZE; index++) {
        nb_arch arch;
        assert_int_equal(nb_space_at(topology(), (uint64_t)index, &arch, NULL), NB_OK);
        const double l = density_of(good, arch.code), g = density_of(bad, arch.code);
        const double score = python_max(1e-32, g) / python_max(l, 1e-32);
        const enum rank rank = isfinite(score) ? SCORED : isfinite(l) ? AT_ONCE : isnan(score) ? NEVER : SCORED;
        all[index] = (outcome){rank, score, candidate_chance(good, arch.code), index};
        if (rank == SCORED && isinf(score))
            all[index].rank = NEVER; /* infinity is not below infinity */
    }
    qsort(all, SIZE, sizeof *all, by_promise);
}

/* The chance of everything more promising than the proposal, plus a random share of its own. */
static double place_of(const outcome *all, int proposed, nb_rng *rng)
{
    double at_once = 0, rest = 0, below = 0;
    for (int i = 0; i < SIZE; i++) {
        at_once += all[i].rank == AT_ONCE ? all[i].chance : 0;
        rest += all[i].rank != AT_ONCE ? all[i].chance : 0;
    }
    assert_true(fabs(at_once + rest - 1) < 1e-9);
    const double tries = at_once > 0 ? (1 - pow(rest, CANDIDATES)) / at_once : 0; /* of coming to one that is taken at once */
    double never = 0;
    for (int i = 0; i < SIZE; i++)
        never += all[i].rank == NEVER ? all[i].chance : 0;
    for (int i = 0; i < SIZE;) {
        int end = i + 1;
        double together = all[i].chance;
        while (all[i].rank == SCORED && end < SIZE && all[end].rank == SCORED && all[end].score == all[i].score)
            together += all[end++].chance;
        double mass = all[i].rank == AT_ONCE ? together * tries : 0;
        if (all[i].rank == SCORED) {
            mass = pow(rest, CANDIDATES) - pow(fmax(rest - together, 0), CANDIDATES);
            rest -= together;
        }
        for (; i < end; i++) {
            const double own =
                (together > 0 ? mass * all[i].chance / together : 0) + pow(never, CANDIDATES) / SIZE; /* nothing found: uniform */
            if (all[i].index == proposed)
                return below + own * nb_rng_uniform(rng);
            below += own;
        }
    }
    fail_msg("%d was not proposed by any rule", proposed);
    return 0;
}

/* ---------------------------------------------------------------- the test */

/* Proposal number `step` of many searches; the model is that of `rung`, which has seen `expected` architectures by then. */
static void check_proposals(size_t step, int rung, size_t expected, size_t good_count, size_t bad_count)
{
    enum { SEARCHES = 150, BINS = 10 };
    outcome *all = malloc(SIZE * sizeof *all);
    assert_non_null(all);
    uint64_t bins[BINS] = {0};
    double chances[BINS];
    nb_rng rng = nb_rng_seed(77, step);
    nb_search *search = new_search((nb_search_options){.algorithm = "bohb", .seed = 5});
    for (uint64_t stream = 0; stream < SEARCHES; stream++) {
        nb_proposal proposal;
        observed seen[128];
        size_t count;
        assert_int_equal(nb_search_restart(search, stream, NULL), NB_OK);
        for (size_t i = 0; i < step; i++) {
            assert_true(nb_search_ask(search, &proposal));
            tell(search, floor(arbitrary_accuracy(&proposal.arch)), 1);
        }
        assert_true(nb_search_ask(search, &proposal));
        const nb_search_step *steps = nb_search_steps(search, &count);
        assert_int_equal(seen_at(steps, count, rung, seen), expected);
        const estimate good = estimate_of(seen, good_count), bad = estimate_of(seen + good_count, bad_count);
        rate_all(&good, &bad, all);
        const double place = place_of(all, (int)nb_space_index(topology(), &proposal.arch), &rng);
        bins[(int)fmin(place * BINS, BINS - 1)]++;
    }
    for (int i = 0; i < BINS; i++)
        chances[i] = 1.0 / BINS;
    expect_distribution(bins, chances, BINS);
    nb_search_free(search);
    free(all);
}

static void the_first_model_needs_seven_good_and_seven_bad_ones(void **state)
{
    (void)state;
    check_proposals(25, 0, 14, 7, 7);
}

static void more_observations_make_the_bad_ones_more(void **state)
{
    (void)state;
    check_proposals(28, 0, 17, 7, 10);
}

static void a_larger_budget_s_model_takes_over(void **state)
{
    (void)state;
    check_proposals(53, 1, 15, 7, 8);
}

static void before_there_is_a_model_proposals_are_uniform(void **state)
{
    (void)state;
    uint64_t counts[EDGES][OPERATIONS] = {{0}};
    static const double fifth[OPERATIONS] = {0.2, 0.2, 0.2, 0.2, 0.2};
    nb_search *search = new_search((nb_search_options){.algorithm = "bohb", .seed = 6});
    for (uint64_t stream = 0; stream < 2000; stream++) {
        nb_proposal proposal;
        assert_int_equal(nb_search_restart(search, stream, NULL), NB_OK);
        for (size_t i = 0; i <= 24; i++) { /* 14 at the lowest rung are complete with step 24 */
            assert_true(nb_search_ask(search, &proposal));
            if (i < 9 || i == 13 || i == 20 || i == 24)
                for (size_t e = 0; e < EDGES; e++)
                    counts[e][proposal.arch.code[e]]++;
            tell(search, arbitrary_accuracy(&proposal.arch), 1);
        }
    }
    for (size_t e = 0; e < EDGES; e++)
        expect_distribution(counts[e], fifth, OPERATIONS);
    nb_search_free(search);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_model_needs_seven_good_and_seven_bad_ones),
        cmocka_unit_test(more_observations_make_the_bad_ones_more),
        cmocka_unit_test(a_larger_budget_s_model_takes_over),
        cmocka_unit_test(before_there_is_a_model_proposals_are_uniform),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
