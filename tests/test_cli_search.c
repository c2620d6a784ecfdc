/* nasbench search: a table searched many times over, interrupted, in any number of threads, and summed up. */
#include "cli_run.h"

#include <math.h>
#include <nasbench/space.h>
#include <nasbench/table.h>
#include <signal.h>
#include <sys/stat.h>

#include "tiny_images.h"

/* The whole topology space: cifar10-valid under 12 epochs (two seeds, one value per curve, times) and cifar10 under 200. */
static char *table_path;

static double arbitrary(uint32_t row, uint32_t salt)
{
    uint64_t h = (row + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ salt * UINT64_C(0xbf58476d1ce4e5b9);
    h ^= h >> 31;
    h *= UINT64_C(0x94d049bb133111eb);
    return (double)(h >> 11) / 9007199254740992.0;
}

static void add(nb_table_writer *writer, const nb_trial *trial)
{
    nb_error err;
    if (nb_table_writer_add(writer, trial, &err) != NB_OK)
        fail_msg("%s", err.message);
}

static nb_curve one_value(const char *split, nb_metric metric, const double *value)
{
    return (nb_curve){.split = split, .metric = metric, .first_epoch = 11, .count = 1, .values = value};
}

static double feedback_of(uint32_t row, uint32_t seed)
{
    return 60 + 20 * arbitrary(row, 0) + arbitrary(row, seed);
}

static double test_of(uint32_t row)
{
    return 70 + 20 * arbitrary(row, 0) + 4 * arbitrary(row, 5);
}

static void add_row(nb_table_writer *writer, uint32_t row, bool timed)
{
    static const uint32_t seeds[] = {777, 888};
    const double pass = 4 + arbitrary(row, 9), test = test_of(row), valid = test - 2;
    double epochs[12];
    for (size_t i = 0; i < 12; i++)
        epochs[i] = 8 + 3 * arbitrary(row, 8);
    for (size_t i = 0; i < 2; i++) {
        const double accuracy = feedback_of(row, seeds[i]);
        const nb_curve curves[] = {one_value("x-valid", NB_METRIC_ACCURACY, &accuracy),
                                   one_value("x-valid", NB_METRIC_TIME, &pass),
                                   {.split = "train", .metric = NB_METRIC_TIME, .count = 12, .values = epochs}};
        add(writer, &(nb_trial){.row = row,
                                .dataset = "cifar10-valid",
                                .schedule = "12",
                                .seed = seeds[i],
                                .epochs = 12,
                                .flops = 1,
                                .params = 1,
                                .curves = curves,
                                .curve_count = timed ? 3 : 1});
    }
    const nb_curve valid_curve = {.split = "x-valid", .metric = NB_METRIC_ACCURACY, .first_epoch = 199, .count = 1, .values = &valid};
    const nb_curve test_curve = {.split = "ori-test", .metric = NB_METRIC_ACCURACY, .first_epoch = 199, .count = 1, .values = &test};
    nb_trial whole = {.row = row, .schedule = "200", .seed = 777, .epochs = 200, .flops = 1, .params = 1, .curve_count = 1};
    whole.dataset = "cifar10-valid";
    whole.curves = &valid_curve;
    add(writer, &whole);
    whole.dataset = "cifar10";
    whole.curves = &test_curve;
    add(writer, &whole);
}

static char *make_table(const char *name, uint32_t rows, bool timed)
{
    char *path = scratch_path(name);
    nb_error err;
    nb_table_writer *writer;
    const nb_table_description description = {.space = nb_space_find("nasbench201", NULL), .flavour = NB_FLAVOUR_NATS};
    assert_int_equal(nb_table_writer_open(path, &description, &writer, &err), NB_OK);
    for (uint32_t row = 0; row < rows; row++)
        add_row(writer, row, timed);
    if (nb_table_writer_commit(writer, NULL, &err) != NB_OK)
        fail_msg("%s", err.message);
    return path;
}

static int set_up(void **state)
{
    (void)state;
    table_path = make_table("whole.safetensors", 15625, true);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(table_path);
    return 0;
}

#define SEARCH(algorithm, ...) RUN("search", algorithm, "--table", table_path, "--dataset", "cifar10", __VA_ARGS__)

static double number_at(const json_t *object, const char *const *path)
{
    for (; *path; path++)
        object = json_object_get(object, *path);
    assert_true(json_is_number(object));
    return json_number_value(object);
}

#define NUMBER(object, ...) number_at(object, (const char *const[]){__VA_ARGS__, NULL})

/* The line of a file of JSON Lines; the caller json_decrefs. */
static json_t *line_of(const char *path, size_t number)
{
    char *text = take_text(path), *at = text;
    for (; number > 0; number--) {
        at = strchr(at, '\n');
        assert_non_null(at);
        at++;
    }
    json_t *line = json_loadb(at, strcspn(at, "\n"), 0, NULL);
    assert_non_null(line);
    free(text);
    return line;
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

/* ---------------------------------------------------------------- what it says */

static void the_summary_is_one_object_with_these_keys(void **state)
{
    (void)state;
    json_t *summary = expect_json(SEARCH("R-EA", "--runs", "20", "--seed", "3", "--json"));
    static const char *const keys[] = {"algorithm", "dataset", "runs", "evaluations", "results"};
    assert_int_equal(json_object_size(summary), 5);
    for (size_t i = 0; i < 5; i++)
        assert_non_null(json_object_get(summary, keys[i]));
    assert_string_equal(json_string_value(json_object_get(summary, "algorithm")), "rea");
    assert_string_equal(json_string_value(json_object_get(summary, "dataset")), "cifar10");
    assert_int_equal(json_integer_value(json_object_get(summary, "runs")), 20);
    const double evaluations = NUMBER(summary, "evaluations"); /* an evaluation costs 100 to 137 s of the 12,000 */
    assert_true(evaluations > 12000 / 137. - 1 && evaluations < 120);
    assert_int_equal(json_object_size(json_object_get(summary, "results")), 1);
    assert_true(NUMBER(summary, "results", "cifar10", "test", "std") > 0);
    assert_true(fabs(NUMBER(summary, "results", "cifar10", "test", "mean") - NUMBER(summary, "results", "cifar10", "valid", "mean") - 2) <
                1e-9);
    json_decref(summary);
}

/* Everything in the summary follows from the lines of the file, and those from the table. */
static void the_file_bears_the_summary_out(void **state)
{
    (void)state;
    enum { RUNS = 30 };
    char *path = scratch_path("borne.jsonl");
    json_t *summary = expect_json(SEARCH("random", "--runs", "30", "--seed", "4", "-o", path, "--json"));
    double evaluations = 0, mean = 0, squares = 0, tests[RUNS];
    for (size_t r = 0; r < RUNS; r++) {
        json_t *run = line_of(path, r + 1);
        const uint32_t row = (uint32_t)NUMBER(run, "answer", "index");
        const double accuracy = NUMBER(run, "answer", "accuracy");
        assert_true(accuracy == feedback_of(row, 777) || accuracy == feedback_of(row, 888));
        assert_true(NUMBER(run, "results", "cifar10", "test") == test_of(row));
        evaluations += NUMBER(run, "evaluations") / RUNS;
        mean += (tests[r] = test_of(row)) / RUNS;
        json_decref(run);
    }
    for (size_t r = 0; r < RUNS; r++)
        squares += pow(tests[r] - mean, 2) / RUNS;
    assert_true(fabs(NUMBER(summary, "evaluations") - evaluations) < 1e-9);
    assert_true(fabs(NUMBER(summary, "results", "cifar10", "test", "mean") - mean) < 1e-9);
    assert_true(fabs(NUMBER(summary, "results", "cifar10", "test", "std") - sqrt(squares)) < 1e-9);
    json_decref(summary);
    free(path);
}

static void the_text_has_the_layout_of_the_papers(void **state)
{
    (void)state;
    char *text = expect_text(SEARCH("random", "--runs", "5", "--seed", "3", "--evaluations", "30")), best[64];
    double optimum = 0;
    for (uint32_t row = 0; row < 15625; row++)
        optimum = fmax(optimum, test_of(row));
    snprintf(best, sizeof best, "\noptimum            %.2f         %.2f\n", optimum - 2, optimum);
    expect_in(text, "                   cifar10\nmethod   time [s]  valid [%]     test [%]\nRS       ");
    expect_in(text, " ± ");
    expect_in(text, best);
    expect_in(text, "\nregret ");
    expect_in(text, "\nruns         5, seed 3\n");
    expect_in(text, "table whole.safetensors, dataset cifar10, feedback cifar10-valid/12/x-valid, time measured, trials random");
    expect_in(text, "\nevaluations  30.0 ± 0.0 per run\n");
    free(text);
}

static void the_list_shows_every_algorithm_with_its_settings(void **state)
{
    (void)state;
    char *text = expect_text(RUN("search", "--list"));
    expect_in(text, "rea (REA): ");
    expect_in(text, "  population  10       1 to 1e+06, whole");
    expect_in(text, "local-search (LS): ");
    free(text);
    json_t *list = expect_json(RUN("search", "--list", "--json"));
    assert_int_equal(json_array_size(list), 6);
    json_decref(list);
}

/* ---------------------------------------------------------------- repeatable */

static void threads_do_not_change_a_byte(void **state)
{
    (void)state;
    static const char *const algorithms[] = {"random", "rea", "reinforce", "bohb"};
    char *one = scratch_path("one.jsonl"), *two = scratch_path("two.jsonl");
    for (size_t i = 0; i < 4; i++) {
        free(expect_text(SEARCH(algorithms[i], "--runs", "100", "--seed", "9", "--threads", "1", "-o", one)));
        free(expect_text(SEARCH(algorithms[i], "--runs", "100", "--seed", "9", "--threads", "2", "-o", two)));
        expect_same_files(one, two);
    }
    free(one);
    free(two);
}

static void without_a_seed_every_experiment_is_another_and_can_be_repeated(void **state)
{
    (void)state;
    char *one = scratch_path("fresh1.jsonl"), *two = scratch_path("fresh2.jsonl"), *again = scratch_path("fresh3.jsonl"), seed[32];
    free(expect_text(SEARCH("rea", "--runs", "10", "-o", one)));
    free(expect_text(SEARCH("rea", "--runs", "10", "--seed", "-1", "-o", two)));
    json_t *a = line_of(one, 0), *b = line_of(two, 0);
    assert_true(NUMBER(a, "seed") != NUMBER(b, "seed"));
    snprintf(seed, sizeof seed, "%.0f", NUMBER(a, "seed"));
    free(expect_text(SEARCH("rea", "--runs", "10", "--seed", seed, "-o", again)));
    expect_same_files(one, again);
    json_decref(a);
    json_decref(b);
    free(one);
    free(two);
    free(again);
}

/* Presses Ctrl-C as soon as the first runs are on the disk. */
static void interrupt_when_under_way(pid_t child, void *user)
{
    struct stat info;
    const char *partial = user;
    for (int i = 0; i < 2000000 && (stat(partial, &info) != 0 || info.st_size < 100000); i++)
        usleep(5);
    kill(child, SIGINT);
}

#define HUNDREDS "--runs", "500", "--seed", "21", "--evaluations", "1000", "--threads", "2"

static void an_interrupted_experiment_of_500_goes_on_and_ends_in_the_same_file(void **state)
{
    (void)state;
    char *whole = scratch_path("uninterrupted.jsonl"), *path = scratch_path("interrupted.jsonl"), *out = scratch_path("silence");
    char *partial = scratch_path("interrupted.jsonl.partial");
    free(expect_text(SEARCH("rea", HUNDREDS, "-o", whole)));
    const char *const arguments[] = {"search", "rea", "--table", table_path, "--dataset", "cifar10", HUNDREDS, "-o", path, NULL};
    cli_run run = run_with(open_to_write(out), arguments, interrupt_when_under_way, partial);
    expect_code(&run, 1);
    expect_in(run.err, "interrupted.jsonl.partial holds what was finished; the same command goes on from there\n");
    assert_int_not_equal(access(path, F_OK), 0);
    free_run(&run);
    expect_failure(SEARCH("random", HUNDREDS, "-o", path), 1, "an interrupted search with another algorithm (\"rea\")");
    char *text = expect_text(SEARCH("rea", HUNDREDS, "-o", path));
    expect_in(text, " of them were there already)\n");
    free(text);
    expect_same_files(whole, path);
    assert_int_not_equal(access(partial, F_OK), 0);
    assert_int_equal(remove(whole), 0);
    assert_int_equal(remove(path), 0);
    free(whole);
    free(path);
    free(out);
    free(partial);
}

/* ---------------------------------------------------------------- options */

static void settings_reach_the_algorithm_and_the_file(void **state)
{
    (void)state;
    char *path = scratch_path("settings.jsonl");
    free(expect_text(SEARCH("rea", "--runs", "2", "--set", "population=20", "--set", "last=keep", "-o", path)));
    json_t *header = line_of(path, 0);
    assert_true(NUMBER(header, "settings", "population") == 20);
    assert_string_equal(json_string_value(json_object_get(json_object_get(header, "settings"), "last")), "keep");
    json_decref(header);
    free(path);
}

static void the_default_budget_is_the_published_one(void **state)
{
    (void)state;
    char *one = scratch_path("default.jsonl"), *other = scratch_path("explicit.jsonl");
    free(expect_text(SEARCH("random", "--runs", "3", "--seed", "1", "-o", one)));
    free(expect_text(SEARCH("random", "--runs", "3", "--seed", "1", "--budget", "12000", "-o", other)));
    expect_same_files(one, other);
    free(one);
    free(other);
}

static void feedback_may_be_of_the_whole_training_or_the_mean_of_trials(void **state)
{
    (void)state;
    char *path = scratch_path("feedback.jsonl");
    free(expect_text(
        SEARCH("random", "--runs", "1", "--seed", "1", "--schedule", "200", "--time", "none", "--evaluations", "50", "-o", path)));
    json_t *run = line_of(path, 1);
    const uint32_t row = (uint32_t)NUMBER(run, "answer", "index");
    assert_true(NUMBER(run, "answer", "accuracy") == test_of(row) - 2);
    assert_true(NUMBER(run, "seconds") == 0);
    json_decref(run);
    free(expect_text(SEARCH("random", "--runs", "1", "--seed", "1", "--trials", "mean", "-o", path)));
    run = line_of(path, 1);
    const uint32_t other = (uint32_t)NUMBER(run, "answer", "index");
    assert_true(fabs(NUMBER(run, "answer", "accuracy") - (feedback_of(other, 777) + feedback_of(other, 888)) / 2) < 1e-9);
    json_decref(run);
    free(path);
}

static void without_times_they_are_taken_from_flops_unless_told_otherwise(void **state)
{
    (void)state;
    char *untimed = make_table("untimed.safetensors", 15625, false);
    char *text = expect_text(RUN("search", "rea", "--table", untimed, "--dataset", "cifar10", "--runs", "3"));
    expect_in(text, "time flops");
    expect_in(text, "budget       12000 s");
    free(text);
    expect_failure(RUN("search", "rea", "--table", untimed, "--dataset", "cifar10", "--time", "measured"), 1,
                   "no times of training were measured");
    expect_failure(RUN("search", "rea", "--table", untimed, "--dataset", "cifar10", "--time", "none"), 1, "rea: no budget");
    free(untimed);
}

static void own_time_goes_onto_the_clock_on_request(void **state)
{
    (void)state;
    char *path = scratch_path("own.jsonl");
    free(expect_text(SEARCH("rea", "--runs", "2", "--evaluations", "30", "--time", "flops", "--count-own-time", "-o", path)));
    json_t *header = line_of(path, 0);
    assert_true(json_is_true(json_object_get(header, "own_time")));
    json_decref(header);
    free(path);
}

static void every_algorithm_runs(void **state)
{
    (void)state;
    static const char *const algorithms[] = {"random", "rea", "reinforce", "bohb", "local-search"};
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++) {
        json_t *summary = expect_json(SEARCH(algorithms[i], "--runs", "4", "--seed", "1", "--evaluations", "40", "--json"));
        assert_string_equal(json_string_value(json_object_get(summary, "algorithm")), algorithms[i]);
        assert_true(NUMBER(summary, "evaluations") == 40);
        json_decref(summary);
    }
}

/* ---------------------------------------------------------------- real training */

#define LIVE "--live", "--schedule", "1", "--channels", "4", "--cells", "1", "--resolution", "8", "--batch", "16", "--no-checksums"
#define LIVE_SEARCH(algorithm, folder, ...) RUN("search", algorithm, "--dataset", "cifar10", "--data", folder, LIVE, __VA_ARGS__)

static void a_live_search_trains_what_it_asks_for(void **state)
{
    (void)state;
    char *folder = colour_folder(), *path = scratch_path("live.jsonl"), best[32];
    json_t *summary = expect_json(LIVE_SEARCH("random", folder, "--evaluations", "6", "--seed", "1", "-o", path, "--json"));
    assert_int_equal(json_integer_value(json_object_get(summary, "runs")), 1);
    assert_true(NUMBER(summary, "evaluations") == 6);
    json_t *header = line_of(path, 0), *run = line_of(path, 1), *objective = json_object_get(header, "objective");
    assert_string_equal(json_string_value(json_object_get(objective, "dataset")), "cifar10");
    assert_string_equal(json_string_value(json_object_get(objective, "feedback")), "cifar10-valid/1/x-valid");
    assert_string_equal(json_string_value(json_object_get(objective, "channels")), "4");
    assert_true(NUMBER(run, "seconds") > 0);
    assert_true(NUMBER(summary, "results", "cifar10", "valid", "mean") == NUMBER(run, "answer", "accuracy"));
    assert_true(
        json_is_null(json_object_get(json_object_get(json_object_get(json_object_get(summary, "results"), "cifar10"), "test"), "mean")));
    expect_failure(LIVE_SEARCH("random", folder, "--evaluations", "6", "-o", path), 1, "is there already; remove it to search anew");
    snprintf(best, sizeof best, "%.2f ± 0.00 %% for", NUMBER(run, "answer", "accuracy"));
    json_decref(summary);
    json_decref(header);
    json_decref(run);
    char *text = expect_text(LIVE_SEARCH("random", folder, "--evaluations", "6", "--seed", "1"));
    expect_in(text, best);
    free(text);
    free(path);
    free(folder);
}

/* Presses Ctrl-C when some evaluations are in the journal. */
static void interrupt_after_some_evaluations(pid_t child, void *user)
{
    struct stat info;
    const char *journal = user;
    for (int i = 0; i < 2000000 && (stat(journal, &info) != 0 || info.st_size < 1500); i++)
        usleep(50);
    kill(child, SIGINT);
}

static void an_interrupted_live_search_ends_in_the_same_file(void **state)
{
    (void)state;
    char *folder = colour_folder(), *whole = scratch_path("live-whole.jsonl"), *path = scratch_path("live-stopped.jsonl");
    char *journal = scratch_path("live-stopped.jsonl.journal"), *out = scratch_path("silence");
    free(expect_text(LIVE_SEARCH("rea", folder, "--evaluations", "40", "--runs", "2", "--seed", "5", "--time", "none", "-o", whole)));
    const char *const arguments[] = {"search", "rea", "--dataset", "cifar10", "--data", folder, LIVE, "--evaluations", "40", "--runs", "2",
                                     "--seed", "5",   "--time",    "none",    "-o",     path,   NULL};
    cli_run run = run_with(open_to_write(out), arguments, interrupt_after_some_evaluations, journal);
    expect_code(&run, 1);
    expect_in(run.err, "the same command goes on from there\n");
    assert_int_equal(access(journal, F_OK), 0);
    free_run(&run);
    expect_failure(
        LIVE_SEARCH("rea", folder, "--evaluations", "40", "--runs", "2", "--seed", "5", "--time", "none", "--lr", "0.05", "-o", path), 1,
        "an interrupted search with another objective");
    free(expect_text(
        LIVE_SEARCH("rea", folder, "--evaluations", "40", "--runs", "2", "--seed", "5", "--time", "none", "--threads", "2", "-o", path)));
    expect_same_files(whole, path);
    assert_int_not_equal(access(journal, F_OK), 0);
    free(folder);
    free(whole);
    free(path);
    free(journal);
    free(out);
}

static void a_table_beside_live_training_tells_what_answers_are_worth(void **state)
{
    (void)state;
    char *folder = colour_folder(), *path = scratch_path("worth.jsonl");
    json_t *summary =
        expect_json(LIVE_SEARCH("random", folder, "--table", table_path, "--evaluations", "3", "--seed", "1", "-o", path, "--json"));
    json_t *run = line_of(path, 1);
    assert_true(NUMBER(summary, "results", "cifar10", "test", "mean") == test_of((uint32_t)NUMBER(run, "answer", "index")));
    json_decref(run);
    json_decref(summary);
    expect_failure(LIVE_SEARCH("random", folder, "--table", table_path, "--space", "nats-size", "--evaluations", "3"), 1,
                   "a table of nasbench201, but architectures of nats-size are trained");
    free(path);
    free(folder);
}

/* As with nasbench train, the recipe is that of the space, wherever among the options the space is named. */
static void the_recipe_is_that_of_the_space(void **state)
{
    (void)state;
    char *folder = colour_folder();
    char *text = expect_text(LIVE_SEARCH("rea", folder, "--evaluations", "3", "--space", "nasbench101", "--time", "none"));
    expect_in(text, "feedback cifar10-101/1/x-valid");
    expect_in(text, "channels 4, cells 1, resolution 8, images_train 240");
    expect_in(text, "batch 16, batches full, optimiser RMSProp, learning_rate 0.2");
    free(text);
    free(folder);
}

static void what_live_training_lacks_is_said(void **state)
{
    (void)state;
    char *folder = colour_folder();
    expect_failure(LIVE_SEARCH("rea", folder, "--seed", "1"), 2, "--live needs --evaluations or --budget");
    expect_failure(LIVE_SEARCH("rea", folder, "--evaluations", "3", "--trials", "mean"), 2, "--trials is for tables");
    expect_failure(LIVE_SEARCH("rea", folder, "--evaluations", "3", "--results", "200"), 2, "--results needs a TABLE");
    expect_failure(LIVE_SEARCH("rea", folder, "--budget", "3", "--time", "none"), 1, "this objective does not know time");
    expect_failure(LIVE_SEARCH("rea", folder, "--evaluations", "3", "--schedule", "twelve"), 1, "schedule 'twelve'");
    expect_failure(LIVE_SEARCH("rea", folder, "--evaluations", "3", "--epochs", "2"), 1, "2 epochs of cifar10-valid/1/x-valid: at most 1");
    expect_failure(LIVE_SEARCH("rea", folder, "--evaluations", "3", "--split", "x-test"), 1, "no evaluation split 'x-test'");
    expect_failure(LIVE_SEARCH("rea", "/nowhere", "--evaluations", "3"), 1, "CIFAR-10: no files in /nowhere");
    expect_failure(SEARCH("rea", "--channels", "4"), 2, "the options of the recipe are for --live");
    free(folder);
}

/* ---------------------------------------------------------------- what goes wrong */

static void bad_options_are_wrong_usage(void **state)
{
    (void)state;
    expect_failure(RUN("search"), 2, "ALGO is missing: 'nasbench search --list' shows them");
    expect_failure(RUN("search", "rea", "--dataset", "cifar10"), 2, "--table is missing, or --live");
    expect_failure(RUN("search", "rea", "--table", table_path), 2, "--dataset is missing");
    expect_failure(SEARCH("reinforced", "--runs", "1"), 2, "no algorithm 'reinforced'; did you mean 'reinforce'?");
    expect_failure(SEARCH("simulated-annealing", "--runs", "1"), 2,
                   "one of random, rea, reinforce, bohb, local-search, hyperband expected");
    expect_failure(SEARCH("rea", "--set", "popluation=3"), 2, "--set: rea has no setting 'popluation': last, population, sample expected");
    expect_failure(SEARCH("rea", "--set", "sample=0"), 2, "--set: rea: sample=0: a whole number within 1 to 1e+06 expected");
    expect_failure(SEARCH("rea", "--budget", "0"), 2, "--budget: 0, but a number of seconds above 0 expected");
    expect_failure(SEARCH("rea", "--budget", "-12000"), 2, "--budget: -12000, but a number of seconds above 0 expected");
    expect_failure(SEARCH("rea", "--budget", "nan"), 2, "--budget: 'nan' is not a number");
    expect_failure(SEARCH("rea", "--budget", "inf"), 2, "--budget: 'inf' is not a number");
    expect_failure(SEARCH("rea", "--evaluations", "0"), 2, "--evaluations: 0 is not within 1 to ");
    expect_failure(SEARCH("rea", "--runs", "0"), 2, "--runs: 0 is not within 1 to ");
    expect_failure(SEARCH("rea", "--seed", "-2"), 2, "--seed: '-2' is not a whole number");
    expect_failure(SEARCH("rea", "--time", "guessed"), 2, "--time: 'guessed'; measured, flops or none expected");
    expect_failure(SEARCH("rea", "--trials", "best"), 2, "--trials: 'best'; random or mean expected");
    expect_failure(SEARCH("rea", "random"), 2, "'random' is one argument too many");
}

static void what_the_table_lacks_is_said_with_what_it_has(void **state)
{
    (void)state;
    expect_failure(RUN("search", "rea", "--table", table_path, "--dataset", "cifar11"), 1,
                   "nothing for dataset 'cifar11' under schedule '12': cifar10-valid/12, ");
    expect_failure(SEARCH("rea", "--schedule", "13"), 1, "under schedule '13': cifar10-valid/12, cifar10-valid/200");
    expect_failure(SEARCH("rea", "--split", "y-valid"), 1, "cifar10-valid/12: no split 'y-valid': ");
    expect_failure(SEARCH("rea", "--epochs", "13"), 1, "13 epochs of cifar10-valid/12: at most 12 expected");
    expect_failure(SEARCH("rea", "--epochs", "6"), 1, "no accuracy on the validation set of cifar10-valid");
    expect_failure(SEARCH("rea", "--results", "90"), 1, "under schedule 90");
    expect_failure(SEARCH("random", "--budget", "5"), 1, "run 0: random: a budget of 5 seconds is too small: the first evaluation costs ");
    expect_failure(RUN("search", "rea", "--table", "/nowhere/table", "--dataset", "cifar10"), 1, "/nowhere/table");
}

static void an_empty_table_is_said_so(void **state)
{
    (void)state;
    char *empty = make_table("empty.safetensors", 0, true);
    expect_failure(RUN("search", "rea", "--table", empty, "--dataset", "cifar10"), 1, "nothing for dataset 'cifar10'");
    free(empty);
}

/* A table of one row: the first proposal of nearly every run is not in it. */
static void an_architecture_that_is_not_there_is_named(void **state)
{
    (void)state;
    char *single = make_table("single.safetensors", 1, true);
    expect_failure(RUN("search", "random", "--table", single, "--dataset", "cifar10", "--seed", "1"), 1, "run 0: |");
    free(single);
}

static void a_file_that_cannot_be_written_is_said_at_once(void **state)
{
    (void)state;
    expect_failure(SEARCH("rea", "-o", "/nowhere/out.jsonl"), 1, "/nowhere/out.jsonl");
    expect_failure(SEARCH("rea", "-o", scratch_folder()), 1, "cannot be written: not a regular file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_summary_is_one_object_with_these_keys),
        cmocka_unit_test(the_file_bears_the_summary_out),
        cmocka_unit_test(the_text_has_the_layout_of_the_papers),
        cmocka_unit_test(the_list_shows_every_algorithm_with_its_settings),
        cmocka_unit_test(threads_do_not_change_a_byte),
        cmocka_unit_test(without_a_seed_every_experiment_is_another_and_can_be_repeated),
        cmocka_unit_test(an_interrupted_experiment_of_500_goes_on_and_ends_in_the_same_file),
        cmocka_unit_test(settings_reach_the_algorithm_and_the_file),
        cmocka_unit_test(the_default_budget_is_the_published_one),
        cmocka_unit_test(feedback_may_be_of_the_whole_training_or_the_mean_of_trials),
        cmocka_unit_test(without_times_they_are_taken_from_flops_unless_told_otherwise),
        cmocka_unit_test(own_time_goes_onto_the_clock_on_request),
        cmocka_unit_test(every_algorithm_runs),
        cmocka_unit_test(a_live_search_trains_what_it_asks_for),
        cmocka_unit_test(an_interrupted_live_search_ends_in_the_same_file),
        cmocka_unit_test(a_table_beside_live_training_tells_what_answers_are_worth),
        cmocka_unit_test(the_recipe_is_that_of_the_space),
        cmocka_unit_test(what_live_training_lacks_is_said),
        cmocka_unit_test(bad_options_are_wrong_usage),
        cmocka_unit_test(what_the_table_lacks_is_said_with_what_it_has),
        cmocka_unit_test(an_empty_table_is_said_so),
        cmocka_unit_test(an_architecture_that_is_not_there_is_named),
        cmocka_unit_test(a_file_that_cannot_be_written_is_said_at_once),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
