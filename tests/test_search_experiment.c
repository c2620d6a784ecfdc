/* Experiments: the same for any number of threads, on disk, interrupted and gone on with, summed up. */
#include "search_support.h"

#include <jansson.h>
#include <sys/stat.h>
#include <unistd.h>

#include "heap.h"
#include "nasbench/experiment.h"

/* An objective made of a formula that can be interrupted. */
typedef struct formula {
    atomic_int calls;
    int stop_at; /* 0: never */
    atomic_int cancel;
    nb_status failure;
    double accuracy; /* instead of the formula; 0: not */
} formula;

static nb_status evaluate(void *user, const nb_arch *arch, uint32_t epochs, nb_rng *rng, nb_evaluation *out, nb_error *err)
{
    formula *self = user;
    const int call = atomic_fetch_add(&self->calls, 1) + 1;
    if (self->stop_at && call == self->stop_at) {
        if (self->failure != NB_OK) {
            snprintf(err->message, sizeof err->message, "no power");
            return err->status = self->failure;
        }
        atomic_store(&self->cancel, 1);
    }
    const double accuracy = self->accuracy != 0 ? self->accuracy : 0.9 * arbitrary_accuracy(arch);
    *out = (nb_evaluation){accuracy + nb_rng_uniform(rng), 1 + 3 * nb_rng_uniform(rng) + epochs};
    return NB_OK;
}

static nb_objective objective_of(formula *self, bool slow)
{
    return (nb_objective){.space = topology(), .evaluate = evaluate, .user = self, .epochs = 12, .concurrent = true, .slow = slow};
}

static nb_experiment_options options_of(const char *algorithm, const char *path)
{
    return (nb_experiment_options){
        .search = {.algorithm = algorithm, .budget = {.seconds = 60}, .seed = 11}, .runs = 150, .threads = 2, .path = path};
}

static nb_status conduct(const nb_experiment_options *options, formula *self, bool slow, nb_error *err)
{
    const nb_objective objective = objective_of(self, slow);
    const nb_progress progress = {.cancel = &self->cancel};
    nb_experiment_summary *summary = NULL;
    nb_status status = nb_experiment_run(options, &objective, NULL, &progress, &summary, err);
    nb_experiment_summary_free(summary);
    return status;
}

static void complete(const nb_experiment_options *options, bool slow)
{
    formula self = {0};
    nb_error err;
    if (conduct(options, &self, slow, &err) != NB_OK)
        fail_msg("%s", err.message);
}

static void expect_same_files(const char *one, const char *other)
{
    size_t one_size, other_size;
    uint8_t *a = read_file(one, &one_size), *b = read_file(other, &other_size);
    assert_int_equal(one_size, other_size);
    assert_memory_equal(a, b, one_size);
    free(a);
    free(b);
}

static bool exists(const char *path, const char *suffix)
{
    char full[512];
    snprintf(full, sizeof full, "%s%s", path, suffix);
    return access(full, F_OK) == 0;
}

/* ---------------------------------------------------------------- repeatable */

static void the_number_of_threads_does_not_matter(void **state)
{
    (void)state;
    static const char *const algorithms[] = {"random", "rea", "reinforce", "bohb", "local-search", "hyperband"};
    char *one = scratch_path("one.jsonl"), *many = scratch_path("many.jsonl");
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++) {
        nb_experiment_options options = options_of(algorithms[i], one);
        options.threads = 1;
        complete(&options, false);
        options.threads = 5;
        options.path = many;
        complete(&options, false);
        expect_same_files(one, many);
        options.runs = 4; /* nor does it matter whether evaluations are kept one by one */
        complete(&options, true);
        options.path = one;
        complete(&options, false);
        expect_same_files(one, many);
    }
    free(one);
    free(many);
}

static void a_fresh_seed_is_recorded_and_repeats_the_experiment(void **state)
{
    (void)state;
    char *first = scratch_path("fresh.jsonl"), *again = scratch_path("again.jsonl");
    formula self = {0};
    const nb_objective objective = objective_of(&self, false);
    nb_experiment_options options = options_of("rea", first);
    options.fresh_seed = true;
    nb_experiment_summary *summary, *second;
    assert_int_equal(nb_experiment_run(&options, &objective, NULL, NULL, &summary, NULL), NB_OK);
    options.fresh_seed = false;
    options.search.seed = summary->seed;
    options.path = again;
    assert_int_equal(nb_experiment_run(&options, &objective, NULL, NULL, &second, NULL), NB_OK);
    expect_same_files(first, again);
    assert_true(summary->feedback.mean == second->feedback.mean);
    nb_experiment_summary_free(summary);
    nb_experiment_summary_free(second);
    free(first);
    free(again);
}

/* ---------------------------------------------------------------- the file */

static json_t *line_of(const char *path, size_t number)
{
    size_t size;
    char *text = (char *)read_file(path, &size), *at = text;
    text = realloc(text, size + 1);
    assert_non_null(text);
    text[size] = '\0';
    at = text;
    for (; number > 0; number--) {
        at = strchr(at, '\n');
        assert_non_null(at);
        at++;
    }
    json_error_t error;
    json_t *line = json_loads(at, JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, &error);
    if (!line)
        fail_msg("%s", error.text);
    free(text);
    return line;
}

static void the_first_line_says_what_was_searched_and_how(void **state)
{
    (void)state;
    char *path = scratch_path("header.jsonl");
    static const char *const settings[] = {"population=20"};
    const nb_note notes[] = {{"table", "my \"table\""}, {"dataset", "cifar10"}};
    nb_experiment_options options = options_of("rea", path);
    options.search.settings = settings;
    options.search.setting_count = 1;
    options.notes = notes;
    options.note_count = 2;
    complete(&options, false);
    json_t *header = line_of(path, 0);
    json_t *expected = json_loads("{\"format\": \"nasbench search 1\", \"algorithm\": \"rea\", \"title\": \"REA\","
                                  "\"settings\": {\"last\": \"drop\", \"population\": 20, \"sample\": 3}, \"space\": \"nasbench201\","
                                  "\"budget\": {\"seconds\": 60, \"evaluations\": null}, \"own_time\": false, \"runs\": 150, \"seed\": 11,"
                                  "\"objective\": {\"table\": \"my \\\"table\\\"\", \"dataset\": \"cifar10\"}, \"optimum\": {}}",
                                  0, NULL);
    assert_non_null(expected);
    assert_true(json_equal(header, expected));
    json_decref(header);
    json_decref(expected);
    free(path);
}

/* Line r + 1 is run r: the same search as by hand. */
static void each_line_is_a_run(void **state)
{
    (void)state;
    char *path = scratch_path("lines.jsonl");
    nb_experiment_options options = options_of("rea", path);
    complete(&options, false);
    formula self = {0};
    const nb_objective objective = objective_of(&self, false);
    nb_search *search = new_search(options.search);
    for (uint64_t run = 0; run < 150; run += 49) {
        json_t *line = line_of(path, run + 1);
        assert_int_equal(nb_search_restart(search, run, NULL), NB_OK);
        assert_int_equal(nb_search_run(search, &objective, NULL, NULL), NB_OK);
        size_t count;
        const nb_search_step *steps = nb_search_steps(search, &count);
        const nb_search_result answer = answer_of(search);
        const json_t *index = json_object_get(line, "index"), *accuracy = json_object_get(line, "accuracy"),
                     *clock = json_object_get(line, "clock"), *found = json_object_get(line, "answer");
        assert_int_equal(json_integer_value(json_object_get(line, "run")), run);
        assert_int_equal(json_integer_value(json_object_get(line, "evaluations")), count);
        assert_int_equal(json_array_size(index), count);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(json_integer_value(json_array_get(index, i)), nb_space_index(topology(), &steps[i].arch));
            assert_true(json_number_value(json_array_get(accuracy, i)) == steps[i].accuracy);
            assert_true(fabs(json_number_value(json_array_get(clock, i)) - steps[i].clock) <= 0.5000001e-6);
        }
        assert_int_equal(json_integer_value(json_object_get(found, "step")), answer.step);
        assert_int_equal(json_integer_value(json_object_get(found, "index")), nb_space_index(topology(), &answer.arch));
        assert_true(json_number_value(json_object_get(found, "accuracy")) == answer.accuracy);
        const json_t *since = json_object_get(json_object_get(line, "incumbents"), "step");
        assert_int_equal(json_integer_value(json_array_get(since, 0)), 0);
        assert_int_equal(json_integer_value(json_array_get(since, json_array_size(since) - 1)), answer.step);
        json_decref(line);
    }
    nb_search_free(search);
    free(path);
}

/* ---------------------------------------------------------------- interruptions */

static void an_interrupted_experiment_goes_on_and_ends_in_the_same_file(void **state)
{
    (void)state;
    char *whole = scratch_path("whole.jsonl"), *broken = scratch_path("broken.jsonl");
    nb_experiment_options options = options_of("rea", whole);
    complete(&options, false);
    options.path = broken;
    int interruptions = 0;
    for (int evaluations = 900;; evaluations += 300) {
        formula self = {.stop_at = evaluations};
        nb_error err;
        nb_status status = conduct(&options, &self, false, &err);
        if (status == NB_OK)
            break;
        assert_int_equal(status, NB_ERR_CANCELLED);
        assert_false(exists(broken, ""));
        interruptions++;
    }
    assert_true(interruptions > 1);
    assert_false(exists(broken, ".partial"));
    assert_false(exists(broken, ".lock"));
    expect_same_files(whole, broken);
    free(whole);
    free(broken);
}

/* A machine that dies in the middle of a write: every length of the partial file, in steps. */
static void a_partial_file_cut_anywhere_is_gone_on_with(void **state)
{
    (void)state;
    char *whole = scratch_path("uncut.jsonl"), *cut = scratch_path("cut.jsonl"), *partial = scratch_path("cut.jsonl.partial");
    nb_experiment_options options = options_of("random", whole);
    options.runs = 12;
    complete(&options, false);
    size_t size;
    uint8_t *text = read_file(whole, &size);
    options.path = cut;
    for (size_t length = 0; length <= size; length += 397) {
        write_file(partial, text, length);
        complete(&options, false);
        expect_same_files(whole, cut);
    }
    write_file(partial, text, size);
    complete(&options, false);
    expect_same_files(whole, cut);
    free(text);
    free(whole);
    free(cut);
    free(partial);
}

static void slow_evaluations_are_not_repeated(void **state)
{
    (void)state;
    char *whole = scratch_path("fast.jsonl"), *slow = scratch_path("slow.jsonl");
    nb_experiment_options options = options_of("bohb", whole);
    options.runs = 3;
    options.threads = 2;
    complete(&options, false);
    options.path = slow;
    formula once = {0};
    assert_int_equal(conduct(&options, &once, true, NULL), NB_OK);
    expect_same_files(whole, slow);
    int calls = 0;
    for (nb_status status = NB_ERR_CANCELLED; status != NB_OK;) {
        formula self = {.stop_at = 13};
        nb_error err;
        status = conduct(&options, &self, true, &err);
        assert_true(status == NB_OK || status == NB_ERR_CANCELLED);
        calls += self.calls;
        assert_int_equal(exists(slow, ".journal"), status != NB_OK);
    }
    assert_int_equal(calls, once.calls);
    expect_same_files(whole, slow);
    free(whole);
    free(slow);
}

static void what_was_interrupted_must_be_finished_with_its_own_options(void **state)
{
    (void)state;
    char *path = scratch_path("other.jsonl");
    nb_experiment_options options = options_of("rea", path);
    formula self = {.stop_at = 2000};
    nb_error err;
    assert_int_equal(conduct(&options, &self, false, &err), NB_ERR_CANCELLED);
    struct stat before, after;
    char *partial = scratch_path("other.jsonl.partial");
    assert_int_equal(stat(partial, &before), 0);
    options.search.budget.seconds = 50;
    self = (formula){0};
    assert_int_equal(conduct(&options, &self, false, &err), NB_ERR_ARGUMENT);
    if (!strstr(err.message, "other.jsonl.partial: an interrupted search with another budget"))
        fail_msg("%s", err.message);
    assert_int_equal(self.calls, 0);
    assert_int_equal(stat(partial, &after), 0);
    assert_int_equal(before.st_size, after.st_size); /* it is not harmed by the attempt */
    options.search.budget.seconds = 60;
    complete(&options, false);
    free(partial);
    free(path);
}

static void a_failure_names_the_run_and_keeps_what_is_done(void **state)
{
    (void)state;
    char *path = scratch_path("failing.jsonl");
    nb_experiment_options options = options_of("rea", path);
    options.threads = 1;
    formula self = {.stop_at = 2500, .failure = NB_ERR_IO};
    nb_error err;
    assert_int_equal(conduct(&options, &self, false, &err), NB_ERR_IO);
    assert_memory_equal(err.message, "run ", 4);
    assert_non_null(strstr(err.message, ": no power"));
    assert_false(exists(path, ""));
    assert_true(exists(path, ".partial"));
    complete(&options, false);
    assert_true(exists(path, ""));
    free(path);
}

static void feedback_that_is_no_number_is_an_error(void **state)
{
    (void)state;
    char *path = scratch_path("nan.jsonl");
    nb_experiment_options options = options_of("rea", path);
    formula self = {.accuracy = (double)NAN};
    nb_error err;
    assert_int_equal(conduct(&options, &self, false, &err), NB_ERR_NUMERIC);
    assert_non_null(strstr(err.message, "rea: evaluation 0: accuracy nan: a finite number expected"));
    assert_false(exists(path, ".partial"));
    free(path);
}

/* Starts the same experiment again from inside its objective. */
typedef struct nested {
    const nb_experiment_options *options;
    nb_status status;
    nb_error err;
} nested;

static nb_status evaluate_and_nest(void *user, const nb_arch *arch, uint32_t epochs, nb_rng *rng, nb_evaluation *out, nb_error *err)
{
    nested *self = user;
    formula inner = {0};
    if (self->status == NB_OK)
        self->status = conduct(self->options, &inner, false, &self->err);
    return evaluate(&inner, arch, epochs, rng, out, err);
}

static void two_do_not_write_one_file(void **state)
{
    (void)state;
    char *path = scratch_path("shared.jsonl");
    const nb_experiment_options options = options_of("rea", path);
    nested user = {.options = &options};
    const nb_objective objective = {.space = topology(), .evaluate = evaluate_and_nest, .user = &user, .epochs = 12};
    nb_experiment_summary *summary;
    assert_int_equal(nb_experiment_run(&options, &objective, NULL, NULL, &summary, NULL), NB_OK);
    assert_int_equal(user.status, NB_ERR_EXISTS);
    assert_non_null(strstr(user.err.message, "shared.jsonl: another process is at work on it"));
    nb_experiment_summary_free(summary);
    free(path);
}

static void bad_options_are_refused_before_anything_is_written(void **state)
{
    (void)state;
    char *path = scratch_path("refused.jsonl");
    formula self = {0};
    nb_error err;
    nb_experiment_options options = options_of("rea", path);
    options.runs = 0;
    assert_int_equal(conduct(&options, &self, false, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "no runs: at least 1 expected");
    options = options_of("rea", path);
    options.search.budget.seconds = 0;
    assert_int_equal(conduct(&options, &self, false, &err), NB_ERR_ARGUMENT);
    options = options_of("rea", path);
    options.search.seed = UINT64_C(1) << 53;
    assert_int_equal(conduct(&options, &self, false, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "seed 9007199254740992: less than 2^53 expected");
    options = options_of("anneal", path);
    assert_int_equal(conduct(&options, &self, false, &err), NB_ERR_NOT_FOUND);
    options = options_of("rea", "/nowhere/at/all.jsonl");
    assert_int_equal(conduct(&options, &self, false, &err), NB_ERR_IO);
    assert_false(exists(path, "") || exists(path, ".partial") || exists(path, ".lock"));
    free(path);
}

/* ---------------------------------------------------------------- summaries */

/* A table of the whole space with made-up accuracies of two datasets. */
static nb_table *made_up_table(void)
{
    char *path = scratch_path("outcomes.safetensors");
    nb_table_writer *writer;
    nb_table *table = NULL;
    nb_error err;
    const nb_table_description description = {.space = topology(), .flavour = NB_FLAVOUR_NATS};
    assert_int_equal(nb_table_writer_open(path, &description, &writer, &err), NB_OK);
    for (uint32_t row = 0; row < 15625; row++) {
        const double test = row % 90, valid = row % 80, other = row % 70, seconds = 5;
        const nb_curve half[] = {{"x-valid", NB_METRIC_ACCURACY, 0, 1, &valid, NULL},
                                 {"train", NB_METRIC_TIME, 0, 1, &seconds, NULL},
                                 {"x-valid", NB_METRIC_TIME, 0, 1, &seconds, NULL}};
        const nb_curve full[] = {{"ori-test", NB_METRIC_ACCURACY, 0, 1, &test, NULL}};
        const nb_curve hundred[] = {{"x-test", NB_METRIC_ACCURACY, 0, 1, &other, NULL}};
        const struct {
            const char *dataset;
            const nb_curve *curves;
            size_t count;
        } parts[] = {{"cifar10-valid", half, 3}, {"cifar10", full, 1}, {"cifar100", hundred, row < 10 ? 0 : 1}};
        for (size_t i = 0; i < 3; i++) {
            const nb_trial trial = {.row = row,
                                    .dataset = parts[i].dataset,
                                    .schedule = "12",
                                    .seed = 777,
                                    .epochs = 1,
                                    .flops = 1,
                                    .params = 1,
                                    .curves = parts[i].curves,
                                    .curve_count = parts[i].count};
            assert_int_equal(nb_table_writer_add(writer, &trial, &err), NB_OK);
        }
    }
    if (nb_table_writer_commit(writer, NULL, &err) != NB_OK || nb_table_open(path, &table, &err) != NB_OK)
        fail_msg("%s", err.message);
    free(path);
    return table;
}

static void outcomes_are_looked_up_where_the_benchmark_has_them(void **state)
{
    (void)state;
    nb_table *table = made_up_table();
    nb_outcomes *outcomes;
    assert_int_equal(nb_outcomes_of_table(table, NULL, &outcomes, NULL), NB_OK);
    assert_int_equal(nb_outcomes_count(outcomes), 2);
    assert_string_equal(nb_outcomes_dataset(outcomes, 0), "cifar10");
    assert_string_equal(nb_outcomes_dataset(outcomes, 1), "cifar100");
    assert_string_equal(nb_outcomes_schedule(outcomes, 1), "12");
    nb_arch arch;
    assert_int_equal(nb_space_at(topology(), 4711, &arch, NULL), NB_OK);
    assert_true(nb_outcome(outcomes, 0, NB_OUTCOME_VALID, &arch) == 4711 % 80);
    assert_true(nb_outcome(outcomes, 0, NB_OUTCOME_TEST, &arch) == 4711 % 90);
    assert_true(isnan(nb_outcome(outcomes, 1, NB_OUTCOME_VALID, &arch)));
    assert_true(nb_outcome(outcomes, 1, NB_OUTCOME_TEST, &arch) == 4711 % 70);
    assert_true(nb_outcome_best(outcomes, 0, NB_OUTCOME_VALID) == 79);
    assert_true(nb_outcome_best(outcomes, 0, NB_OUTCOME_TEST) == 89);
    assert_true(isnan(nb_outcome_best(outcomes, 1, NB_OUTCOME_VALID)));
    assert_true(nb_outcome_best(outcomes, 1, NB_OUTCOME_TEST) == 69);
    nb_error err;
    nb_outcomes *none;
    assert_int_equal(nb_outcomes_of_table(table, "200", &none, &err), NB_ERR_NOT_FOUND);
    nb_outcomes_free(outcomes);
    nb_table_close(table);
}

static void a_summary_is_the_mean_and_deviation_over_runs(void **state)
{
    (void)state;
    char *path = scratch_path("summary.jsonl");
    nb_table *table = made_up_table();
    nb_outcomes *outcomes;
    nb_objective objective;
    nb_experiment_summary *summary, *resumed;
    assert_int_equal(nb_outcomes_of_table(table, NULL, &outcomes, NULL), NB_OK);
    assert_int_equal(nb_objective_of_table(table, &(nb_table_objective_options){.dataset = "cifar10"}, &objective, NULL), NB_OK);
    nb_experiment_options options = options_of("random", path);
    options.search.budget.seconds = 55;
    assert_int_equal(nb_experiment_run(&options, &objective, outcomes, NULL, &summary, NULL), NB_OK);
    assert_true(summary->evaluations.mean == 5 && summary->evaluations.std == 0); /* 10 seconds each */
    assert_true(summary->seconds.mean == 50);
    assert_int_equal(summary->evaluations.count, 150);
    double sum = 0, squares = 0;
    for (size_t run = 0; run < 150; run++) {
        json_t *line = line_of(path, run + 1);
        const json_t *results = json_object_get(json_object_get(line, "results"), "cifar10");
        const json_int_t index = json_integer_value(json_object_get(json_object_get(line, "answer"), "index"));
        assert_true(json_number_value(json_object_get(results, "test")) == (double)(index % 90));
        sum += (double)(index % 90);
        squares += (double)((index % 90) * (index % 90));
        json_decref(line);
    }
    const nb_experiment_result *cifar10 = &summary->results[0];
    assert_string_equal(cifar10->dataset, "cifar10");
    assert_true(fabs(cifar10->accuracy[NB_OUTCOME_TEST].mean - sum / 150) < 1e-10);
    assert_true(fabs(cifar10->accuracy[NB_OUTCOME_TEST].std - sqrt(squares / 150 - sum / 150 * (sum / 150))) < 1e-9);
    assert_true(cifar10->optimum[NB_OUTCOME_TEST] == 89);
    assert_int_equal(summary->results[1].accuracy[NB_OUTCOME_VALID].count, 0);
    assert_true(isnan(summary->results[1].accuracy[NB_OUTCOME_VALID].mean));

    /* the same numbers where runs are read back instead of done */
    char *partial = scratch_path("summary.jsonl.partial");
    size_t size;
    uint8_t *text = read_file(path, &size);
    write_file(partial, text, size - 1000);
    assert_int_equal(nb_experiment_run(&options, &objective, outcomes, NULL, &resumed, NULL), NB_OK);
    assert_true(resumed->resumed > 100 && resumed->resumed < 150);
    assert_true(resumed->results[0].accuracy[NB_OUTCOME_TEST].mean == cifar10->accuracy[NB_OUTCOME_TEST].mean);
    assert_true(resumed->feedback.std == summary->feedback.std);
    free(text);
    free(partial);
    nb_experiment_summary_free(summary);
    nb_experiment_summary_free(resumed);
    nb_objective_free(&objective);
    nb_outcomes_free(outcomes);
    nb_table_close(table);
    free(path);
}

/* ---------------------------------------------------------------- memory */

static void every_allocation_may_fail(void **state)
{
    (void)state;
    char *path = scratch_path("memory.jsonl");
    const long blocks = heap_blocks();
    for (int slow = 0; slow < 2; slow++) {
        bool failed = true;
        for (long n = 0; failed; n++) {
            nb_experiment_options options = options_of("rea", path);
            options.runs = slow ? 1 : 2;
            options.threads = 1;
            options.search.budget.evaluations = slow ? 4 : 12;
            formula self = {0};
            heap_fail_after(n);
            const nb_status status = conduct(&options, &self, slow, NULL);
            failed = heap_has_failed();
            heap_fail_after(-1);
            assert_true(failed ? status != NB_OK || exists(path, "") : status == NB_OK);
            assert_int_equal(heap_blocks(), blocks);
            assert_false(exists(path, ".lock"));
            unlink(path);
        }
    }
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_number_of_threads_does_not_matter),
        cmocka_unit_test(a_fresh_seed_is_recorded_and_repeats_the_experiment),
        cmocka_unit_test(the_first_line_says_what_was_searched_and_how),
        cmocka_unit_test(each_line_is_a_run),
        cmocka_unit_test(an_interrupted_experiment_goes_on_and_ends_in_the_same_file),
        cmocka_unit_test(a_partial_file_cut_anywhere_is_gone_on_with),
        cmocka_unit_test(slow_evaluations_are_not_repeated),
        cmocka_unit_test(what_was_interrupted_must_be_finished_with_its_own_options),
        cmocka_unit_test(a_failure_names_the_run_and_keeps_what_is_done),
        cmocka_unit_test(feedback_that_is_no_number_is_an_error),
        cmocka_unit_test(two_do_not_write_one_file),
        cmocka_unit_test(bad_options_are_refused_before_anything_is_written),
        cmocka_unit_test(outcomes_are_looked_up_where_the_benchmark_has_them),
        cmocka_unit_test(a_summary_is_the_mean_and_deviation_over_runs),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
