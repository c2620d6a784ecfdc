/* Landscapes of made-up tables whose answers follow from theory or from the definitions. */
#include "search_support.h"

#include <unistd.h>

#include "heap.h"
#include "nasbench/landscape.h"
#include "search/locality.h"

enum { ROWS = 15625, EPOCHS = 30 };

/* What a table is made of: the accuracy of a row on a split at an epoch; NaN: not measured. */
typedef double formula(uint32_t row, const char *dataset, const char *split, uint32_t epoch);

typedef struct recipe {
    formula *accuracy;
    uint32_t rows; /* of the space, from the first; 0: all */
    bool costly;   /* the table has flops, params and latencies */
    bool curves;   /* every epoch of schedule "30" on the validation set */
    bool several;  /* cifar100 beside cifar10 */
} recipe;

static void add_trial(nb_table_writer *writer, const recipe *r, uint32_t row, const char *dataset)
{
    double valid[EPOCHS], test = r->accuracy(row, dataset, "test", EPOCHS - 1), latency = 1.0 / (1 + row % 7);
    uint8_t measured[EPOCHS], test_measured = (uint8_t)(isnan(test) ? 0 : 1);
    for (uint32_t epoch = 0; epoch < EPOCHS; epoch++) {
        valid[epoch] = r->accuracy(row, dataset, "valid", epoch);
        measured[epoch] = (uint8_t)(isnan(valid[epoch]) ? 0 : 1);
    }
    const uint32_t first = r->curves ? 0 : EPOCHS - 1;
    const nb_curve curves[] = {{.split = "x-valid",
                                .metric = NB_METRIC_ACCURACY,
                                .first_epoch = first,
                                .count = EPOCHS - first,
                                .values = valid + first,
                                .present = measured + first},
                               {.split = "x-test",
                                .metric = NB_METRIC_ACCURACY,
                                .first_epoch = EPOCHS - 1,
                                .count = 1,
                                .values = &test,
                                .present = &test_measured}};
    const nb_trial trial = {.row = row,
                            .dataset = dataset,
                            .schedule = "30",
                            .epochs = EPOCHS,
                            .flops = r->costly ? 10 + row % 50 : (double)NAN,
                            .params = r->costly ? 1 + row % 9 : (double)NAN,
                            .latency = &latency,
                            .latency_count = r->costly ? 1 : 0,
                            .curves = curves,
                            .curve_count = 2};
    nb_error err;
    if (nb_table_writer_add(writer, &trial, &err) != NB_OK)
        fail_msg("%s", err.message);
}

static nb_table *make_table(recipe r)
{
    static int number;
    char name[32];
    nb_arch *archs = NULL;
    const uint32_t rows = r.rows > 0 ? r.rows : ROWS;
    snprintf(name, sizeof name, "landscape-%d", number++);
    char *path = scratch_path(name);
    if (r.rows > 0) {
        archs = calloc(rows, sizeof *archs);
        for (uint32_t i = 0; i < rows; i++)
            assert_int_equal(nb_space_at(topology(), i, &archs[i], NULL), NB_OK);
    }
    const nb_table_description description = {.space = topology(), .archs = archs, .rows = r.rows, .flavour = NB_FLAVOUR_NATS};
    nb_table_writer *writer;
    nb_table *table = NULL;
    nb_error err;
    assert_int_equal(nb_table_writer_open(path, &description, &writer, NULL), NB_OK);
    for (uint32_t row = 0; row < rows; row++) {
        add_trial(writer, &r, row, "cifar10");
        if (r.several)
            add_trial(writer, &r, row, "cifar100");
    }
    if (nb_table_writer_commit(writer, NULL, &err) != NB_OK || nb_table_open(path, &table, &err) != NB_OK)
        fail_msg("%s", err.message);
    free(archs);
    free(path);
    return table;
}

static nb_landscape *landscape_of(const nb_table *table)
{
    nb_landscape *landscape = NULL;
    nb_error err;
    if (nb_landscape_of_table(table, NULL, 0, NULL, &landscape, &err) != NB_OK)
        fail_msg("%s", err.message);
    return landscape;
}

/* How many decisions are as in row 4711: one hill. */
static double hill(uint32_t row, const char *dataset, const char *split, uint32_t epoch)
{
    (void)dataset, (void)split, (void)epoch;
    nb_arch arch, target;
    nb_space_at(topology(), row, &arch, NULL);
    nb_space_at(topology(), 4711, &target, NULL);
    return likeness(&arch, &target);
}

static double arbitrary(uint32_t row, const char *dataset, const char *split, uint32_t epoch)
{
    nb_rng rng = nb_rng_seed(row, (uint64_t)(dataset[5] + 256 * split[0] + 65536 * (int)epoch));
    return floor(1000 * nb_rng_uniform(&rng)) / 10; /* with ties */
}

/* Accuracy that becomes clearer with each epoch. */
static double clearer(uint32_t row, const char *dataset, const char *split, uint32_t epoch)
{
    return arbitrary(row, "cifar10", "test", EPOCHS) + arbitrary(row, dataset, split, epoch) * (EPOCHS - 1 - epoch) / EPOCHS;
}

static double with_holes(uint32_t row, const char *dataset, const char *split, uint32_t epoch)
{
    return row % 3 == 1 ? (double)NAN : hill(row, dataset, split, epoch) + 0.001 * arbitrary(row, dataset, split, 0);
}

static double unknown(uint32_t row, const char *dataset, const char *split, uint32_t epoch)
{
    return split[0] == 't' || row > 9 ? (double)NAN : arbitrary(row, dataset, split, epoch);
}

static double constant(uint32_t row, const char *dataset, const char *split, uint32_t epoch)
{
    (void)row, (void)dataset, (void)split, (void)epoch;
    return 50;
}

/* ---------------------------------------------------------------- locality */

/* On one hill accuracy is 6 less the distance, and the distance is binomial: 4^d (6 over d) architectures. */
static void one_hill_leads_to_the_best_from_everywhere(void **state)
{
    (void)state;
    nb_table *table = make_table((recipe){.accuracy = hill});
    nb_landscape *landscape = landscape_of(table);
    const nb_landscape_dataset *set = &landscape->datasets[0];
    const size_t expected[] = {1, 24, 240, 1280, 3840, 6144, 4096};
    assert_true(fabs(set->fitness_distance + 1) < 1e-12);
    assert_int_equal(set->distance_count, 7);
    for (size_t d = 0; d < 7; d++) {
        assert_int_equal(set->by_distance[d].count, expected[d]);
        assert_true(set->by_distance[d].low == 6 - (double)d && set->by_distance[d].high == 6 - (double)d);
    }
    assert_int_equal(set->main->best, 4711);
    nb_landscape_free(landscape);
    nb_table_close(table);
}

/* A step leaves a decision as it is with probability 5/6, else draws one of the four others. "Is as in the target" is then, less its
 * mean, multiplied by 5/6 - 1/24 = 19/24 in expectation: the autocorrelation of the hill is (19/24)^lag. */
static void the_autocorrelation_of_one_hill_is_known(void **state)
{
    (void)state;
    nb_table *table = make_table((recipe){.accuracy = hill});
    nb_landscape *landscape = landscape_of(table);
    const nb_landscape_dataset *set = &landscape->datasets[0];
    for (int lag = 0; lag < NB_LAGS; lag++)
        assert_true(fabs(set->autocorrelation[lag] - pow(19.0 / 24, lag)) < 1e-10);
    assert_true(fabs(set->correlation_length + 1 / log(19.0 / 24)) < 1e-9);
    assert_false(set->sampled);
    nb_landscape_free(landscape);
    nb_table_close(table);
}

static void arbitrary_accuracies_have_no_locality(void **state)
{
    (void)state;
    nb_table *table = make_table((recipe){.accuracy = arbitrary});
    nb_landscape *landscape = landscape_of(table);
    const nb_landscape_dataset *set = &landscape->datasets[0];
    assert_true(fabs(set->fitness_distance) < 5 / sqrt(ROWS));
    for (int lag = 1; lag < NB_LAGS; lag += 2)
        assert_true(fabs(set->autocorrelation[lag]) < 0.05); /* 1/24 of a walk's steps come back after two */
    nb_landscape_free(landscape);
    nb_table_close(table);
}

/* A long walk on the measured rows, as one would do it by hand. */
static void autocorrelations_are_those_of_a_long_walk(void **state)
{
    (void)state;
    enum { STEPS = 400000 };
    nb_table *table = make_table((recipe){.accuracy = with_holes, .rows = 5000});
    nb_landscape *landscape = landscape_of(table);
    const double *values = landscape->datasets[0].main->values;
    nb_rng rng = nb_rng_seed(3, 3);
    double *series = calloc(STEPS, sizeof *series);
    uint32_t at = 0;
    for (int i = 0; i < STEPS; i++) {
        nb_arch neighbours[24], arch = nb_table_arch(table, at);
        uint32_t rows[24];
        size_t count = 0;
        assert_int_equal(nb_space_neighbours(topology(), &arch, neighbours, 24), 24);
        for (size_t k = 0; k < 24; k++) {
            const int64_t row = nb_table_row(table, &neighbours[k]);
            if (row >= 0 && !isnan(values[row]))
                rows[count++] = (uint32_t)row;
        }
        assert_true(count > 0);
        series[i] = values[at];
        at = rows[nb_rng_below(&rng, count)];
    }
    for (size_t lag = 1; lag < 6; lag++)
        assert_true(fabs(nb_pearson(series, series + lag, STEPS - lag) - landscape->datasets[0].autocorrelation[lag]) < 0.03);
    free(series);
    nb_landscape_free(landscape);
    nb_table_close(table);
}

/* As for tables that are too large for more. 4,000 walks estimate a correlation to about 0.016. */
static void sampled_walks_find_the_same(void **state)
{
    (void)state;
    nb_table *table = make_table((recipe){.accuracy = hill});
    nb_landscape *landscape = landscape_of(table);
    nb_landscape_dataset found = {0};
    nb_row_graph graph;
    assert_int_equal(nb_row_graph_of(table, NULL, &graph, NULL), NB_OK);
    graph.sampled = true;
    assert_int_equal(nb_walk_autocorrelation(&graph, landscape->datasets[0].main->values, &found, NULL), NB_OK);
    for (int lag = 0; lag < NB_LAGS; lag++)
        assert_true(fabs(found.autocorrelation[lag] - pow(19.0 / 24, lag)) < 5 * 0.016);
    assert_true(found.sampled && found.autocorrelation[0] == 1);
    nb_row_graph_free(&graph);
    nb_landscape_free(landscape);
    nb_table_close(table);
}

static void a_flat_landscape_has_no_correlations(void **state)
{
    (void)state;
    nb_table *table = make_table((recipe){.accuracy = constant, .rows = 60});
    nb_landscape *landscape = landscape_of(table);
    const nb_landscape_dataset *set = &landscape->datasets[0];
    assert_true(isnan(set->fitness_distance) && isnan(set->autocorrelation[1]) && isnan(set->correlation_length));
    assert_true(isnan(landscape->between[0].kendall));
    nb_landscape_free(landscape);
    nb_table_close(table);
}

/* ---------------------------------------------------------------- accuracies and costs */

static void columns_are_what_was_measured(void **state)
{
    (void)state;
    nb_table *table = make_table((recipe){.accuracy = arbitrary, .several = true, .rows = 300});
    nb_landscape *landscape = landscape_of(table);
    assert_int_equal(landscape->rows, 300);
    assert_int_equal(landscape->dataset_count, 2);
    assert_int_equal(landscape->column_count, 4);
    assert_string_equal(landscape->datasets[1].name, "cifar100");
    assert_string_equal(landscape->datasets[1].schedule, "30");
    const nb_landscape_column *last = &landscape->columns[3];
    assert_true(last->dataset == 1 && last->kind == NB_OUTCOME_TEST && landscape->datasets[1].main == last);
    for (uint32_t row = 0; row < 300; row++)
        assert_true(fabs(last->values[row] - arbitrary(row, "cifar100", "test", EPOCHS - 1)) < 1e-4);
    nb_correlation expected;
    assert_int_equal(nb_correlate(landscape->columns[0].values, last->values, 300, &expected, NULL), NB_OK);
    assert_true(landscape->between[3].kendall == expected.kendall && landscape->between[3 * 4].pearson == expected.pearson);
    assert_true(fabs(landscape->between[5].spearman - 1) < 1e-12);
    nb_landscape_free(landscape);
    nb_table_close(table);
}

static void validation_stands_in_where_nothing_was_tested(void **state)
{
    (void)state;
    nb_table *table = make_table((recipe){.accuracy = unknown, .rows = 20});
    nb_landscape *landscape = landscape_of(table);
    assert_int_equal(landscape->column_count, 1);
    assert_int_equal(landscape->datasets[0].main->kind, NB_OUTCOME_VALID);
    assert_int_equal(landscape->datasets[0].main->accuracy.count, 10);
    nb_landscape_free(landscape);
    nb_table_close(table);
}

static bool is_dominated(const double *costs, const double *accuracies, uint32_t row, uint32_t rows)
{
    for (uint32_t other = 0; other < rows; other++) {
        const bool no_worse = costs[other] <= costs[row] && accuracies[other] >= accuracies[row];
        const bool better = costs[other] < costs[row] || accuracies[other] > accuracies[row] || other < row;
        if (no_worse && better)
            return true;
    }
    return false;
}

static void nothing_on_the_front_is_dominated_and_all_else_is(void **state)
{
    (void)state;
    enum { SOME = 2000 };
    nb_table *table = make_table((recipe){.accuracy = arbitrary, .costly = true, .rows = SOME});
    nb_landscape *landscape = landscape_of(table);
    for (nb_cost kind = 0; kind < NB_COST_KINDS; kind++) {
        const nb_landscape_cost *cost = &landscape->datasets[0].costs[kind];
        const double *accuracies = landscape->datasets[0].main->values;
        bool on_front[SOME] = {false};
        assert_non_null(cost->values);
        assert_false(cost->computed);
        for (size_t i = 0; i < cost->front_count; i++) {
            on_front[cost->front[i]] = true;
            assert_true(i == 0 || cost->values[cost->front[i]] > cost->values[cost->front[i - 1]]);
        }
        for (uint32_t row = 0; row < SOME; row++)
            assert_int_equal(on_front[row], !is_dominated(cost->values, accuracies, row, SOME));
    }
    nb_landscape_free(landscape);
    nb_table_close(table);
}

static void costs_that_a_table_lacks_are_computed(void **state)
{
    (void)state;
    nb_table *table = make_table((recipe){.accuracy = arbitrary, .rows = 50});
    nb_landscape *landscape = landscape_of(table);
    const nb_landscape_cost *costs = landscape->datasets[0].costs;
    assert_true(costs[NB_COST_FLOPS].computed && costs[NB_COST_PARAMS].computed);
    assert_null(costs[NB_COST_LATENCY].values);
    assert_int_equal(costs[NB_COST_LATENCY].front_count, 0);
    nb_shape shape;
    nb_costs expected;
    const nb_arch arch = nb_table_arch(table, 11);
    assert_int_equal(nb_space_shape(topology(), "cifar10", &shape, NULL), NB_OK);
    assert_int_equal(nb_space_costs(topology(), &arch, &shape, &expected, NULL), NB_OK);
    assert_true(costs[NB_COST_FLOPS].values[11] == expected.flops && costs[NB_COST_PARAMS].values[11] == expected.params);
    nb_landscape_free(landscape);
    nb_table_close(table);
}

/* ---------------------------------------------------------------- epochs */

static void later_epochs_tell_more_about_the_end(void **state)
{
    (void)state;
    nb_table *table = make_table((recipe){.accuracy = clearer, .curves = true, .rows = 3000});
    nb_landscape *landscape = landscape_of(table);
    const nb_landscape_dataset *set = &landscape->datasets[0];
    assert_int_equal(set->epoch_count, 24); /* spread over 30 */
    assert_int_equal(set->epochs[23].epochs, EPOCHS);
    assert_string_equal(set->epochs[0].split, "x-valid");
    assert_true(set->epochs[0].with.kendall < set->epochs[12].with.kendall);
    assert_true(set->epochs[12].with.kendall < set->epochs[23].with.kendall);
    assert_true(fabs(set->epochs[23].with.kendall - 1) < 1e-12); /* at the end both are the same */
    for (size_t i = 1; i < 24; i++)
        assert_true(set->epochs[i].epochs > set->epochs[i - 1].epochs);
    nb_landscape_free(landscape);
    nb_table_close(table);
}

/* ---------------------------------------------------------------- requests */

static void data_sets_can_be_chosen(void **state)
{
    (void)state;
    nb_table *table = make_table((recipe){.accuracy = arbitrary, .several = true, .rows = 30});
    nb_landscape *landscape;
    nb_error err;
    assert_int_equal(nb_landscape_of_table(table, (const char *const[]){"cifar100"}, 1, NULL, &landscape, NULL), NB_OK);
    assert_int_equal(landscape->dataset_count, 1);
    assert_string_equal(landscape->datasets[0].name, "cifar100");
    nb_landscape_free(landscape);
    assert_int_equal(nb_landscape_of_table(table, (const char *const[]){"mnist"}, 1, NULL, &landscape, &err), NB_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "no accuracies of a data set 'mnist'"));
    nb_table_close(table);
}

static void it_can_be_cancelled(void **state)
{
    (void)state;
    nb_table *table = make_table((recipe){.accuracy = arbitrary, .rows = 30});
    nb_landscape *landscape;
    atomic_int cancel = 1;
    assert_int_equal(nb_landscape_of_table(table, NULL, 0, &(nb_progress){.cancel = &cancel}, &landscape, NULL), NB_ERR_CANCELLED);
    nb_table_close(table);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    nb_table *table = make_table((recipe){.accuracy = arbitrary, .curves = true, .costly = true, .rows = 20});
    const long blocks = heap_blocks();
    bool failed = true;
    for (long n = 0; failed; n++) {
        nb_landscape *landscape;
        heap_fail_after(n);
        const nb_status status = nb_landscape_of_table(table, NULL, 0, NULL, &landscape, NULL);
        failed = heap_has_failed();
        heap_fail_after(-1);
        if (status == NB_OK)
            nb_landscape_free(landscape); /* sorting does without its spare room */
        assert_true(failed ? status == NB_OK || status == NB_ERR_MEMORY : status == NB_OK);
        assert_int_equal(heap_blocks(), blocks);
    }
    nb_table_close(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_hill_leads_to_the_best_from_everywhere),
        cmocka_unit_test(the_autocorrelation_of_one_hill_is_known),
        cmocka_unit_test(arbitrary_accuracies_have_no_locality),
        cmocka_unit_test(autocorrelations_are_those_of_a_long_walk),
        cmocka_unit_test(sampled_walks_find_the_same),
        cmocka_unit_test(a_flat_landscape_has_no_correlations),
        cmocka_unit_test(columns_are_what_was_measured),
        cmocka_unit_test(validation_stands_in_where_nothing_was_tested),
        cmocka_unit_test(nothing_on_the_front_is_dominated_and_all_else_is),
        cmocka_unit_test(costs_that_a_table_lacks_are_computed),
        cmocka_unit_test(later_epochs_tell_more_about_the_end),
        cmocka_unit_test(data_sets_can_be_chosen),
        cmocka_unit_test(it_can_be_cancelled),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
