/* Experiments read from files and compared: hand-made files whose every number is known, and damaged ones. */
#include "search_support.h"

#include "base/lines.h"
#include "heap.h"
#include "nasbench/compare.h"

/* ---------------------------------------------------------------- hand-made files */

/* A file being put together, with one data set whose validation accuracy is the test accuracy less 1. */
typedef struct draft {
    nb_text text;
    uint32_t runs;
} draft;

typedef struct draft_options {
    const char *title, *settings, *space;
    uint32_t runs;
    int seed;
    double seconds, optimum;
} draft_options;

static draft begin(draft_options o)
{
    draft d = {0};
    nb_text_printf(&d.text,
                   "{\"format\": \"nasbench search 1\", \"algorithm\": \"a\", \"title\": \"%s\", \"settings\": {%s}, \"space\": \"%s\", "
                   "\"budget\": {\"seconds\": %g, \"evaluations\": null}, \"own_time\": false, \"runs\": %u, \"seed\": %d, "
                   "\"objective\": {\"dataset\": \"cifar10\"}, \"optimum\": {\"cifar10\": {\"valid\": null, \"test\": %g}}}\n",
                   o.title, o.settings ? o.settings : "", o.space ? o.space : "nasbench201", o.seconds > 0 ? o.seconds : 100, o.runs,
                   o.seed, o.optimum > 0 ? o.optimum : 95);
    return d;
}

/* A run that evaluates every ten seconds and answers with each test accuracy in turn. */
static void add_run(draft *d, const double *test, size_t count)
{
    nb_text steps = {0}, valid = {0}, tests = {0}, clock = {0};
    for (size_t i = 0; i < count; i++) {
        const char *comma = i > 0 ? ", " : "";
        nb_text_printf(&steps, "%s%zu", comma, i);
        nb_text_printf(&valid, "%s%g", comma, test[i] - 1);
        nb_text_printf(&tests, "%s%g", comma, test[i]);
        nb_text_printf(&clock, "%s%zu", comma, 10 * (i + 1));
    }
    nb_text_printf(
        &d->text,
        "{\"run\": %u, \"evaluations\": %zu, \"seconds\": %zu, \"results\": {\"cifar10\": {\"valid\": %g, \"test\": %g}}, "
        "\"incumbents\": {\"step\": [%s], \"cifar10\": {\"valid\": [%s], \"test\": [%s]}}, \"accuracy\": [%s], \"clock\": [%s]}\n",
        d->runs++, count, 10 * count, test[count - 1] - 1, test[count - 1], steps.data, valid.data, tests.data, valid.data, clock.data);
    nb_text_free(&steps);
    nb_text_free(&valid);
    nb_text_free(&tests);
    nb_text_free(&clock);
}

static nb_experiment_file *finish(draft *d, const char *name)
{
    nb_experiment_file *file;
    nb_error err;
    if (nb_experiment_file_parse(d->text.data, d->text.size, name, &file, &err) != NB_OK)
        fail_msg("%s", err.message);
    nb_text_free(&d->text);
    return file;
}

/* Runs with one evaluation each. */
static nb_experiment_file *single(draft_options options, const char *name, const double *finals)
{
    draft d = begin(options);
    for (uint32_t run = 0; run < options.runs; run++)
        add_run(&d, &finals[run], 1);
    return finish(&d, name);
}

static nb_comparison *compare(nb_experiment_file **files, size_t count, nb_compare_options options)
{
    nb_comparison *comparison;
    nb_error err;
    if (nb_compare((const nb_experiment_file *const *)files, count, &options, &comparison, &err) != NB_OK)
        fail_msg("%s", err.message);
    return comparison;
}

static void refuse(nb_experiment_file *a, nb_experiment_file *b, nb_compare_test test, const char *part)
{
    const nb_experiment_file *const files[] = {a, b};
    nb_comparison *comparison;
    nb_error err;
    assert_int_equal(nb_compare(files, 2, &(nb_compare_options){.test = test}, &comparison, &err), NB_ERR_ARGUMENT);
    if (!strstr(err.message, part))
        fail_msg("'%s' is not in '%s'", part, err.message);
}

static void free_all(nb_experiment_file **files, size_t count)
{
    for (size_t i = 0; i < count; i++)
        nb_experiment_file_free(files[i]);
}

/* ---------------------------------------------------------------- reading */

static nb_experiment_file *sample(const char *name)
{
    char path[512];
    nb_experiment_file *file;
    nb_error err;
    snprintf(path, sizeof path, "%s/fuzz/corpus/experiment_file/%s", NB_SOURCE_DIR, name);
    if (nb_experiment_file_read(path, &file, &err) != NB_OK)
        fail_msg("%s", err.message);
    return file;
}

static void a_file_tells_what_was_searched_and_how(void **state)
{
    (void)state;
    nb_experiment_file *file = sample("two.jsonl");
    const nb_experiment_info *info = nb_experiment_file_info(file);
    assert_string_equal(info->algorithm, "rea");
    assert_string_equal(info->title, "REA");
    assert_string_equal(info->space, "nasbench201");
    assert_int_equal(info->setting_count, 2);
    assert_string_equal(info->settings[0].name, "last");
    assert_string_equal(info->settings[0].value, "drop");
    assert_string_equal(info->settings[1].name, "population");
    assert_string_equal(info->settings[1].value, "10");
    assert_int_equal(info->objective_count, 1);
    assert_string_equal(info->objective[0].value, "cifar10");
    assert_true(info->budget.seconds == 50 && info->budget.evaluations == 0);
    assert_int_equal(info->runs, 2);
    assert_int_equal(info->seed, 1);
    assert_int_equal(info->dataset_count, 1);
    assert_string_equal(info->datasets[0], "cifar10");
    assert_true(nb_experiment_file_optimum(file, 0, NB_OUTCOME_TEST) == 94.37);
    assert_int_equal(nb_experiment_file_evaluations(file, 0), 3);
    assert_true(nb_experiment_file_seconds(file, 1) == 45);
    nb_experiment_file_free(file);
}

static double test_at(const nb_experiment_file *file, uint32_t run, nb_axis axis, double place)
{
    return nb_experiment_file_value(file, run, 0, NB_OUTCOME_TEST, axis, place);
}

static void a_run_s_value_is_what_it_would_have_answered(void **state)
{
    (void)state;
    nb_experiment_file *file = sample("two.jsonl");
    assert_true(test_at(file, 0, NB_AXIS_SECONDS, 9.99) == -INFINITY);
    assert_true(test_at(file, 0, NB_AXIS_SECONDS, 10) == 91);
    assert_true(test_at(file, 0, NB_AXIS_SECONDS, 20) == 91);
    assert_true(test_at(file, 0, NB_AXIS_SECONDS, 20.25) == 93.5);
    assert_true(test_at(file, 0, NB_AXIS_SECONDS, 1e9) == 93.5);
    assert_true(test_at(file, 0, NB_AXIS_EVALUATIONS, 0) == -INFINITY);
    assert_true(test_at(file, 0, NB_AXIS_EVALUATIONS, 1) == 91);
    assert_true(test_at(file, 0, NB_AXIS_EVALUATIONS, 2) == 93.5);
    assert_true(test_at(file, 0, NB_AXIS_EVALUATIONS, INFINITY) == 93.5);
    assert_true(isnan(test_at(file, 1, NB_AXIS_SECONDS, 20)) && isnan(test_at(file, 1, NB_AXIS_SECONDS, INFINITY)));
    assert_true(nb_experiment_file_value(file, 1, 0, NB_OUTCOME_VALID, NB_AXIS_SECONDS, 20) == 89);
    nb_experiment_file_free(file);
}

static void feedback_is_the_best_that_the_search_was_told(void **state)
{
    (void)state;
    nb_experiment_file *file = sample("two.jsonl");
    const double expected[] = {80, 84.5, 84.5};
    for (int i = 0; i < 3; i++)
        assert_true(nb_experiment_file_value(file, 0, NB_FEEDBACK, NB_OUTCOME_VALID, NB_AXIS_EVALUATIONS, i + 1) == expected[i]);
    assert_true(nb_experiment_file_value(file, 1, NB_FEEDBACK, NB_OUTCOME_VALID, NB_AXIS_SECONDS, 14) == -INFINITY);
    assert_true(nb_experiment_file_value(file, 1, NB_FEEDBACK, NB_OUTCOME_VALID, NB_AXIS_SECONDS, INFINITY) == 82);
    nb_experiment_file_free(file);
}

static void expect_parse(const char *text, size_t size, nb_status status, const char *part)
{
    nb_experiment_file *file;
    nb_error err;
    const nb_status found = nb_experiment_file_parse(text, size, "x.jsonl", &file, &err);
    if (found != status)
        fail_msg("status %s, not %s: %s", nb_status_name(found), nb_status_name(status), found == NB_OK ? "" : err.message);
    if (!strstr(err.message, part) || !strstr(err.message, "x.jsonl"))
        fail_msg("'%s' is not in '%s'", part, err.message);
}

/* A copy of the sample in which `old` (which must be there) is replaced. */
static char *altered(const char *old, const char *new)
{
    char path[512];
    size_t size;
    snprintf(path, sizeof path, "%s/fuzz/corpus/experiment_file/two.jsonl", NB_SOURCE_DIR);
    char *text = (char *)read_file(path, &size);
    text = realloc(text, size + 1);
    assert_non_null(text);
    text[size] = '\0';
    char *at = strstr(text, old);
    assert_non_null(at);
    nb_text result = {0};
    nb_text_append(&result, text, (size_t)(at - text));
    nb_text_puts(&result, new);
    nb_text_puts(&result, at + strlen(old));
    free(text);
    return result.data;
}

static void wrong_values_are_named_with_their_line(void **state)
{
    (void)state;
    static const struct {
        const char *old, *new;
        nb_status status;
        const char *part;
    } cases[] = {
        {"\"nasbench search 1\"", "\"nasbench search 2\"", NB_ERR_UNSUPPORTED, "format 'nasbench search 2'"},
        {"\"format\"", "\"from\"", NB_ERR_FORMAT, "not the results of a search"},
        {"{\"format\"", "[\"format\"", NB_ERR_FORMAT, "line 1"},
        {"\"REA\"", "5", NB_ERR_FORMAT, "line 1: title is not a text"},
        {"\"runs\": 2", "\"runs\": 0", NB_ERR_FORMAT, "line 1: runs"},
        {"\"runs\": 2", "\"runs\": 1e300", NB_ERR_FORMAT, "line 1: runs"},
        {"\"runs\": 2", "\"runs\": 1", NB_ERR_FORMAT, "line 3: more than the 1 runs"},
        {"\"runs\": 2", "\"runs\": 3", NB_ERR_TRUNCATED, "2 of 3 runs"},
        {"\"seed\": 1", "\"seed\": 1.5", NB_ERR_FORMAT, "line 1: seed"},
        {"\"seconds\": 50", "\"seconds\": -1", NB_ERR_FORMAT, "line 1: budget"},
        {"\"population\": 10", "\"population\": []", NB_ERR_FORMAT, "line 1: population is not a number or a text"},
        {"{\"dataset\": \"cifar10\"}", "{\"dataset\": 5}", NB_ERR_FORMAT, "line 1: dataset is not a text"},
        {"{\"valid\": 91.61, ", "{", NB_ERR_FORMAT, "line 1: cifar10 is not"},
        {"\"run\": 1", "\"run\": 2", NB_ERR_FORMAT, "line 3: run is not"},
        {"\"evaluations\": 3", "\"evaluations\": 4", NB_ERR_FORMAT, "line 2: accuracy is not a list"},
        {"[10, 20.25, 41.5]", "[10, 20.25]", NB_ERR_FORMAT, "line 2: clock is not a list"},
        {"[10, 20.25, 41.5]", "[10, 9, 41.5]", NB_ERR_FORMAT, "line 2: clock is not a list of numbers that do not fall"},
        {"\"seconds\": 41.5", "\"seconds\": null", NB_ERR_FORMAT, "line 2: seconds"},
        {"\"step\": [0, 1]", "\"step\": [1, 0]", NB_ERR_FORMAT, "line 2: step"},
        {"\"step\": [0, 1]", "\"step\": [0, 3]", NB_ERR_FORMAT, "line 2: step"},
        {"\"step\": [0, 1]", "\"step\": []", NB_ERR_FORMAT, "line 2: incumbents"},
        {"\"test\": [91, 93.5]", "\"test\": [91]", NB_ERR_FORMAT, "line 2: cifar10"},
        {"\"test\": [91, 93.5]", "\"test\": [91, true]", NB_ERR_FORMAT, "line 2: cifar10"},
        {"{\"valid\": 90.5, \"test\": 93.5}", "{\"valid\": 90.5}", NB_ERR_FORMAT, "line 2: cifar10"},
        {"[82, null]", "[82, \"\"]", NB_ERR_FORMAT, "line 3: accuracy is not a list of numbers"},
        {"\"run\": 0, ", "\"run\": 0, \"run\": 0, ", NB_ERR_FORMAT, "line 2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = altered(cases[i].old, cases[i].new);
        expect_parse(text, strlen(text), cases[i].status, cases[i].part);
        free(text);
    }
    expect_parse("", 0, NB_ERR_TRUNCATED, "empty");
}

static void a_file_cut_anywhere_is_an_error(void **state)
{
    (void)state;
    char *text = altered("REA", "REA");
    const size_t whole = strlen(text);
    nb_experiment_file *file;
    for (size_t size = 0; size < whole - 1; size++) /* the very last newline may be missing */
        assert_int_not_equal(nb_experiment_file_parse(text, size, "cut", &file, NULL), NB_OK);
    assert_int_equal(nb_experiment_file_parse(text, whole - 1, "cut", &file, NULL), NB_OK);
    nb_experiment_file_free(file);
    assert_int_equal(nb_experiment_file_read("/nowhere/x.jsonl", &file, NULL), NB_ERR_NOT_FOUND);
    free(text);
}

static void lines_end_at_their_newlines_and_have_a_limit(void **state)
{
    (void)state;
    const char *text = "one\n\nthree";
    nb_stream in;
    nb_error err;
    bool more;
    assert_int_equal(nb_stream_over(&in, text, strlen(text), "text", NULL), NB_OK);
    nb_lines lines = {.in = &in, .limit = 5};
    const char *const expected[] = {"one", "", "three"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(nb_lines_next(&lines, &more, NULL), NB_OK);
        assert_true(more && lines.number == i + 1 && lines.line.size == strlen(expected[i]));
        assert_memory_equal(lines.line.data, expected[i], lines.line.size);
    }
    assert_int_equal(nb_lines_next(&lines, &more, NULL), NB_OK);
    assert_false(more);
    nb_stream_close(&in);
    assert_int_equal(nb_stream_over(&in, text, strlen(text), "text", NULL), NB_OK);
    lines.limit = 2;
    assert_int_equal(nb_lines_next(&lines, &more, &err), NB_ERR_MEMORY);
    nb_lines_free(&lines);
    nb_stream_close(&in);
}

/* ---------------------------------------------------------------- comparing */

static void results_are_described_and_ranked(void **state)
{
    (void)state;
    nb_experiment_file *files[] = {single((draft_options){.title = "A", .runs = 3}, "a", (const double[]){90, 91, 92}),
                                   single((draft_options){.title = "B", .runs = 4}, "b", (const double[]){92, 93, 94, 95})};
    nb_comparison *c = compare(files, 2, (nb_compare_options){0});
    assert_int_equal(c->measure_count, 2);
    assert_int_equal(c->method_count, 2);
    const nb_compared_measure *test = &c->measures[1];
    assert_string_equal(test->dataset, "cifar10");
    assert_int_equal(test->kind, NB_OUTCOME_TEST);
    assert_true(test->optimum == 95 && isnan(c->measures[0].optimum));
    assert_true(test->methods[0].final.mean == 91 && test->methods[1].final.median == 93.5 && test->methods[1].final.count == 4);
    /* of 12 pairs, 11 are won by B and one is a tie */
    assert_true(fabs(test->pairs[0].test.effect - 0.5 / 12) < 1e-15);
    assert_true(fabs(test->methods[0].mean_rank - (1 + 11.5 / 12)) < 1e-15 && fabs(test->methods[1].mean_rank - (1 + 0.5 / 12)) < 1e-15);
    assert_true(fabs(c->methods[0].mean_rank - test->methods[0].mean_rank) < 1e-15); /* validation is the same less 1 */
    assert_true(test->pairs[0].adjusted_p == test->pairs[0].test.p);
    assert_true(c->methods[1].evaluations.mean == 1 && c->methods[1].seconds.mean == 10);
    assert_false(c->budgets_differ);
    nb_comparison_free(c);
    free_all(files, 2);
}

static void paired_runs_are_ranked_run_by_run(void **state)
{
    (void)state;
    nb_experiment_file *files[] = {single((draft_options){.title = "A", .runs = 3}, "a", (const double[]){90, 80, 70}),
                                   single((draft_options){.title = "B", .runs = 3}, "b", (const double[]){91, 80, 72}),
                                   single((draft_options){.title = "C", .runs = 3}, "c", (const double[]){89, 81, 71})};
    nb_comparison *c = compare(files, 3, (nb_compare_options){.test = NB_TEST_SIGNED_RANK});
    const nb_compared_result *test = c->measures[1].methods;
    assert_true(fabs(test[0].mean_rank - (2 + 2.5 + 3) / 3) < 1e-15);
    assert_true(fabs(test[1].mean_rank - (1 + 2.5 + 1) / 3) < 1e-15);
    assert_true(fabs(test[2].mean_rank - (3 + 1 + 2) / 3.0) < 1e-15);
    assert_int_equal(c->pair_count, 3);
    const nb_compared_pair *pair = &c->measures[1].pairs[0];
    assert_true(pair->first == 0 && pair->second == 1 && pair->test.effect == -1 && pair->test.count == 2);
    nb_comparison_free(c);
    free_all(files, 3);
}

static void p_values_are_corrected_over_the_pairs_of_a_measure(void **state)
{
    (void)state;
    nb_experiment_file *files[] = {single((draft_options){.title = "A", .runs = 4}, "a", (const double[]){90, 91, 92, 93}),
                                   single((draft_options){.title = "B", .runs = 4}, "b", (const double[]){80, 81, 82, 83}),
                                   single((draft_options){.title = "C", .runs = 4}, "c", (const double[]){90.5, 91.5, 92.5, 93.5})};
    nb_comparison *c = compare(files, 3, (nb_compare_options){0});
    const nb_compared_pair *pairs = c->measures[1].pairs;
    const double extreme = 2.0 / 70; /* of the 70 arrangements of four and four */
    assert_true(fabs(pairs[0].test.p - extreme) < 1e-15 && fabs(pairs[2].test.p - extreme) < 1e-15 && pairs[1].test.p > 0.5);
    assert_true(fabs(pairs[0].adjusted_p - 3 * extreme) < 1e-15 && fabs(pairs[2].adjusted_p - 3 * extreme) < 1e-15);
    assert_true(pairs[1].adjusted_p == pairs[1].test.p);
    nb_comparison_free(c);
    free_all(files, 3);
}

/* Three runs: 90 from 10 s; 80, then 92 from 20 s; nothing before 10 s. */
static void curves_show_quartiles_of_what_runs_would_answer(void **state)
{
    (void)state;
    draft d = begin((draft_options){.title = "A", .runs = 3, .seconds = 40});
    add_run(&d, (const double[]){90}, 1);
    add_run(&d, (const double[]){80, 92}, 2);
    add_run(&d, (const double[]){84, 84, 88}, 3);
    nb_experiment_file *file = finish(&d, "a");
    nb_comparison *c = compare(&file, 1, (nb_compare_options){.points = 8});
    const nb_compared_curve *seconds = &c->measures[1].methods[0].curves[NB_AXIS_SECONDS];
    assert_int_equal(c->place_count[NB_AXIS_SECONDS], 8);
    assert_true(c->places[NB_AXIS_SECONDS][0] == 5 && c->places[NB_AXIS_SECONDS][7] == 40); /* to the budget */
    const double median[] = {NAN, 84, 84, 90, 90, 90, 90, 90}, lower[] = {NAN, 82, 82, 87, 87, 89, 89, 89};
    for (size_t i = 0; i < 8; i++) {
        assert_true(isnan(median[i]) ? isnan(seconds->median[i]) : seconds->median[i] == median[i]);
        assert_true(isnan(lower[i]) ? isnan(seconds->lower[i]) : seconds->lower[i] == lower[i]);
    }
    const nb_compared_curve *evaluations = &c->measures[1].methods[0].curves[NB_AXIS_EVALUATIONS];
    assert_int_equal(c->place_count[NB_AXIS_EVALUATIONS], 3);
    assert_true(c->places[NB_AXIS_EVALUATIONS][2] == 3);
    assert_true(evaluations->upper[0] == 87 && evaluations->upper[1] == 91 && evaluations->upper[2] == 91);
    nb_comparison_free(c);
    nb_experiment_file_free(file);
}

/* Two of five runs answer after 10 s, all after 20 s: the upper quartile is known first. */
static void a_quartile_is_known_once_enough_runs_have_an_answer(void **state)
{
    (void)state;
    draft d = begin((draft_options){.title = "A", .runs = 5, .seconds = 20});
    for (int run = 0; run < 5; run++)
        add_run(&d, (const double[]){90}, 1);
    char *clock = d.text.data;
    for (int run = 0; run < 3; run++) { /* the first three are slow */
        clock = strstr(clock, "\"clock\": [10]");
        memcpy(clock, "\"clock\": [20]", 13);
    }
    nb_experiment_file *file = finish(&d, "a");
    nb_comparison *c = compare(&file, 1, (nb_compare_options){.points = 2});
    const nb_compared_curve *curve = &c->measures[1].methods[0].curves[NB_AXIS_SECONDS];
    assert_true(isnan(curve->lower[0]) && isnan(curve->median[0]) && curve->upper[0] == 90);
    assert_true(curve->lower[1] == 90);
    nb_comparison_free(c);
    nb_experiment_file_free(file);
}

static void a_curve_ends_with_its_own_budget(void **state)
{
    (void)state;
    nb_experiment_file *files[] = {single((draft_options){.title = "A", .runs = 1, .seconds = 20}, "a", (const double[]){90}),
                                   single((draft_options){.title = "B", .runs = 1, .seconds = 40}, "b", (const double[]){90})};
    nb_comparison *c = compare(files, 2, (nb_compare_options){.points = 4});
    const nb_compared_result *results = c->measures[1].methods;
    assert_true(results[0].curves[NB_AXIS_SECONDS].median[1] == 90 && isnan(results[0].curves[NB_AXIS_SECONDS].median[2]));
    assert_true(results[1].curves[NB_AXIS_SECONDS].median[3] == 90);
    assert_true(c->budgets_differ);
    nb_comparison_free(c);
    free_all(files, 2);
}

static void methods_of_one_title_are_told_by_their_settings_or_files(void **state)
{
    (void)state;
    const double final[] = {90};
    nb_experiment_file *files[] = {
        single((draft_options){.title = "REA", .settings = "\"last\": \"drop\", \"population\": 10", .runs = 1}, "x/1.jsonl", final),
        single((draft_options){.title = "REA", .settings = "\"last\": \"drop\", \"population\": 20", .runs = 1}, "x/2.jsonl", final),
        single((draft_options){.title = "RS", .runs = 1}, "x/3.jsonl", final),
        single((draft_options){.title = "REA", .settings = "\"last\": \"drop\", \"population\": 20", .runs = 1, .seed = 2}, "x/4.jsonl",
               final),
    };
    nb_comparison *c = compare(files, 4, (nb_compare_options){0});
    assert_string_equal(c->methods[0].label, "REA population=10");
    assert_string_equal(c->methods[1].label, "REA population=20 (2.jsonl)");
    assert_string_equal(c->methods[2].label, "RS");
    assert_string_equal(c->methods[3].label, "REA population=20 (4.jsonl)");
    nb_comparison_free(c);
    free_all(files, 4);
}

static void without_results_methods_are_compared_by_feedback(void **state)
{
    (void)state;
    nb_experiment_file *file = sample("plain.jsonl"), *other = sample("two.jsonl");
    nb_comparison *c = compare(&file, 1, (nb_compare_options){0});
    assert_int_equal(c->measure_count, 1);
    assert_null(c->measures[0].dataset);
    assert_true(c->measures[0].methods[0].final.mean == 84.5);
    assert_int_equal(c->place_count[NB_AXIS_SECONDS], 0); /* nothing took time */
    assert_int_equal(c->place_count[NB_AXIS_EVALUATIONS], 2);
    refuse(file, other, NB_TEST_MANN_WHITNEY, "no data set has results in all files"); /* and another objective */
    nb_comparison_free(c);
    nb_experiment_file_free(file);
    nb_experiment_file_free(other);
}

static void what_can_not_be_compared_is_refused(void **state)
{
    (void)state;
    const double finals[] = {90, 91};
    nb_experiment_file *files[] = {
        single((draft_options){.title = "A", .runs = 2}, "a", finals),
        single((draft_options){.title = "B", .runs = 2, .space = "nats-size"}, "b", finals),
        single((draft_options){.title = "C", .runs = 2, .optimum = 96}, "c", finals),
        single((draft_options){.title = "D", .runs = 1}, "d", finals),
        single((draft_options){.title = "E", .runs = 2, .seed = 5}, "e", finals),
    };
    refuse(files[0], files[1], NB_TEST_MANN_WHITNEY, "a searches the space nasbench201, b the space nats-size");
    refuse(files[0], files[2], NB_TEST_MANN_WHITNEY, "the best cifar10 test accuracy is 95 in a, but 96 in c");
    refuse(files[0], files[3], NB_TEST_SIGNED_RANK, "a has 2 runs of seed 0, d has 1 of seed 0");
    refuse(files[0], files[4], NB_TEST_SIGNED_RANK, "e has 2 of seed 5");
    assert_int_equal(nb_compare(NULL, 0, &(nb_compare_options){0}, NULL, NULL), NB_ERR_ARGUMENT);
    free_all(files, 5);
}

static nb_status read_and_compare(const char *text)
{
    nb_experiment_file *file;
    nb_comparison *comparison;
    nb_status status = nb_experiment_file_parse(text, strlen(text), "x", &file, NULL);
    if (status != NB_OK)
        return status;
    const nb_experiment_file *const files[] = {file, file};
    status = nb_compare(files, 2, &(nb_compare_options){.points = 3, .test = NB_TEST_SIGNED_RANK}, &comparison, NULL);
    if (status == NB_OK)
        nb_comparison_free(comparison);
    nb_experiment_file_free(file);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    char *text = altered("REA", "REA");
    const long blocks = heap_blocks();
    bool failed = true;
    for (long n = 0; failed; n++) {
        heap_fail_after(n);
        const nb_status status = read_and_compare(text);
        failed = heap_has_failed();
        heap_fail_after(-1);
        /* jansson calls a text for which it has no memory an invalid token; vasprintf can do without its last allocation */
        assert_true(status == NB_OK || (failed && (status == NB_ERR_MEMORY || status == NB_ERR_FORMAT)));
        assert_int_equal(heap_blocks(), blocks);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_tells_what_was_searched_and_how),
        cmocka_unit_test(a_run_s_value_is_what_it_would_have_answered),
        cmocka_unit_test(feedback_is_the_best_that_the_search_was_told),
        cmocka_unit_test(wrong_values_are_named_with_their_line),
        cmocka_unit_test(a_file_cut_anywhere_is_an_error),
        cmocka_unit_test(lines_end_at_their_newlines_and_have_a_limit),
        cmocka_unit_test(results_are_described_and_ranked),
        cmocka_unit_test(paired_runs_are_ranked_run_by_run),
        cmocka_unit_test(p_values_are_corrected_over_the_pairs_of_a_measure),
        cmocka_unit_test(curves_show_quartiles_of_what_runs_would_answer),
        cmocka_unit_test(a_quartile_is_known_once_enough_runs_have_an_answer),
        cmocka_unit_test(a_curve_ends_with_its_own_budget),
        cmocka_unit_test(methods_of_one_title_are_told_by_their_settings_or_files),
        cmocka_unit_test(without_results_methods_are_compared_by_feedback),
        cmocka_unit_test(what_can_not_be_compared_is_refused),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
