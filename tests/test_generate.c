/* Plans, runs, status and merging, on a data set of MNIST's form that the test makes. */
#include "support.h"

#include <math.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/claim.h"
#include "nasbench/generate.h"
#include "nasbench/query.h"
#include "nasbench/table.h"
#include "train/plan.h"

enum { TRAIN_IMAGES = 320, TEST_IMAGES = 64, SIDE = 28 };

static void big_endian(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* Images whose class shows in where they are bright. */
static void write_idx(const char *folder, const char *images, const char *labels, uint32_t count)
{
    char path[512];
    size_t pixels = (size_t)SIDE * SIDE;
    uint8_t *image_file = calloc(1, 16 + count * pixels), *label_file = calloc(1, 8 + count);
    assert_non_null(image_file);
    assert_non_null(label_file);
    big_endian(image_file, 0x803);
    big_endian(image_file + 4, count);
    big_endian(image_file + 8, SIDE);
    big_endian(image_file + 12, SIDE);
    big_endian(label_file, 0x801);
    big_endian(label_file + 4, count);
    for (uint32_t i = 0; i < count; i++) {
        label_file[8 + i] = (uint8_t)(i % 10);
        for (size_t p = 0; p < pixels; p++)
            image_file[16 + i * pixels + p] = (uint8_t)((p * 10 / pixels == i % 10 ? 200 : 20) + (i * 7 + p * 13) % 30);
    }
    snprintf(path, sizeof path, "%s/%s", folder, images);
    write_file(path, image_file, 16 + count * pixels);
    snprintf(path, sizeof path, "%s/%s", folder, labels);
    write_file(path, label_file, 8 + count);
    free(image_file);
    free(label_file);
}

static char *data_folder(void)
{
    char *folder = scratch_path("data");
    if (mkdir(folder, 0777) == 0) {
        write_idx(folder, "train-images-idx3-ubyte", "train-labels-idx1-ubyte", TRAIN_IMAGES);
        write_idx(folder, "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", TEST_IMAGES);
    }
    return folder;
}

static const uint32_t few[] = {0, 1, 11, 284, 1459};

/* One epoch of a tiny network on a few architectures. */
static nb_plan_options tiny_plan(void)
{
    static const char *const datasets[] = {"mnist"};
    static const uint32_t seeds[] = {777, 888};
    nb_plan_options options = nb_plan_defaults();
    options.datasets = datasets;
    options.dataset_count = 1;
    options.seeds = seeds;
    options.seed_count = 2;
    options.archs = few;
    options.arch_count = sizeof few / sizeof *few;
    options.train.schedule = "1";
    options.train.channels = 4;
    options.train.cells = 1;
    options.train.batch = 64;
    options.train.weights = false;
    options.data.resolution = 8;
    options.data.no_checksums = true;
    return options;
}

static nb_plan *open_new(const char *name, const nb_plan_options *options)
{
    nb_error err = {.message = ""};
    nb_plan *plan = NULL;
    char *folder = scratch_path(name);
    if (nb_plan_write(folder, options, &err) != NB_OK || nb_plan_open(folder, &plan, &err) != NB_OK)
        fail_msg("%s", err.message);
    free(folder);
    return plan;
}

static nb_run_summary run_all(const nb_plan *plan, nb_run_options options)
{
    nb_error err = {.message = ""};
    nb_run_summary summary = {0};
    char *data = data_folder();
    options.data_folder = data;
    if (nb_generate_run(plan, &options, NULL, &summary, &err) != NB_OK)
        fail_msg("%s", err.message);
    free(data);
    return summary;
}

/* The merged table without times, as bytes. */
static uint8_t *merged(const nb_plan *plan, const char *name, size_t *size)
{
    nb_error err = {.message = ""};
    char *path = scratch_path(name);
    if (nb_generate_merge(&plan, 1, path, &(nb_merge_options){.without_times = true}, NULL, NULL, &err) != NB_OK)
        fail_msg("%s", err.message);
    uint8_t *bytes = read_file(path, size);
    free(path);
    return bytes;
}

static void a_plan_reads_back_as_it_was_written(void **state)
{
    (void)state;
    nb_plan_options options = tiny_plan();
    options.train.learning_rate = 0.1234567890123;
    options.train.rate_by_step = true;
    nb_plan *plan = open_new("same", &options);
    const nb_plan_options *read = nb_plan_get_options(plan);
    assert_ptr_equal(read->space, options.space);
    assert_int_equal(read->dataset_count, 1);
    assert_string_equal(read->datasets[0], "mnist");
    assert_int_equal(read->seed_count, 2);
    assert_int_equal(read->seeds[1], 888);
    assert_int_equal(read->arch_count, 5);
    assert_memory_equal(read->archs, few, sizeof few);
    assert_string_equal(read->train.schedule, "1");
    assert_true(read->train.learning_rate == options.train.learning_rate);
    assert_true(read->train.rate_by_step);
    assert_int_equal(read->data.resolution, 8);
    assert_true(read->data.no_checksums);
    nb_plan_close(plan);
}

static void a_second_plan_in_the_folder_is_refused(void **state)
{
    (void)state;
    nb_error err;
    nb_plan_options options = tiny_plan();
    nb_plan_close(open_new("twice", &options));
    char *folder = scratch_path("twice");
    assert_int_equal(nb_plan_write(folder, &options, &err), NB_ERR_EXISTS);
    assert_non_null(strstr(err.message, "plan.json: there is a plan already"));
    free(folder);
}

static void unique_keeps_one_of_each_class(void **state)
{
    (void)state;
    nb_plan_options options = tiny_plan();
    options.archs = NULL;
    options.arch_count = 0;
    options.unique = true;
    nb_plan *plan = open_new("unique", &options);
    assert_int_equal(nb_plan_get_options(plan)->arch_count, 6466);
    nb_plan_close(plan);
}

static void a_plan_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    nb_error err;
    char *folder = scratch_path("nonsense");
    nb_plan_options options = tiny_plan();
    const uint32_t same_seeds[] = {1, 1}, same_archs[] = {3, 3}, outside[] = {15625};
    options.seeds = same_seeds;
    assert_int_equal(nb_plan_write(folder, &options, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "seed 1 is listed twice");
    options = tiny_plan();
    options.archs = same_archs;
    options.arch_count = 2;
    assert_int_equal(nb_plan_write(folder, &options, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "architecture 3 is listed twice");
    options.archs = outside;
    options.arch_count = 1;
    assert_int_equal(nb_plan_write(folder, &options, &err), NB_ERR_NOT_FOUND);
    options = tiny_plan();
    const char *const unknown[] = {"cifar11"};
    options.datasets = unknown;
    assert_int_equal(nb_plan_write(folder, &options, &err), NB_ERR_ARGUMENT);
    struct stat info;
    assert_int_not_equal(stat(folder, &info), 0);
    free(folder);
}

static void a_damaged_plan_is_refused_by_name_and_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"{", "line 1, column 1"},
        {"{}", "'format' is missing"},
        {"{\"format\": \"nasbench plan 9\"}", "the format is 'nasbench plan 9'"},
        {"{\"format\": \"nasbench plan 1\", \"space\": \"x\"}", "no search space is called"},
        {"{\"format\": \"nasbench plan 1\", \"space\": \"nasbench201\", \"datasets\": [1]}", "'datasets' holds something else"},
        {"{\"format\": \"nasbench plan 1\", \"space\": \"nasbench201\", \"datasets\": [\"mnist\"], \"seeds\": []}",
         "'seeds' has 0 entries"},
        {"{\"format\": \"nasbench plan 1\", \"space\": \"nasbench201\", \"datasets\": [\"mnist\"], \"seeds\": [-1]}", "entry 0 of 'seeds'"},
    };
    char *folder = scratch_path("damaged"), path[512];
    mkdir(folder, 0777);
    snprintf(path, sizeof path, "%s/plan.json", folder);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nb_error err;
        nb_plan *plan;
        write_file(path, cases[i].text, strlen(cases[i].text));
        assert_int_not_equal(nb_plan_open(folder, &plan, &err), NB_OK);
        if (!strstr(err.message, cases[i].message))
            fail_msg("'%s' instead of '%s'", err.message, cases[i].message);
    }
    free(folder);
}

static void a_run_trains_what_is_missing_and_only_that(void **state)
{
    (void)state;
    nb_plan_options options = tiny_plan();
    nb_plan *plan = open_new("run", &options);
    nb_run_summary part = run_all(plan, (nb_run_options){.first = 1, .count = 2});
    assert_int_equal(part.trained, 4);
    assert_int_equal(part.present, 0);
    nb_plan_status status;
    assert_int_equal(nb_generate_status(plan, &status, NULL), NB_OK);
    assert_int_equal(status.jobs, 10);
    assert_int_equal(status.done, 4);
    assert_int_equal(status.missing, 6);
    nb_run_summary rest = run_all(plan, (nb_run_options){.jobs = 2});
    assert_int_equal(rest.trained, 6);
    assert_int_equal(rest.present, 4);
    nb_run_summary again = run_all(plan, (nb_run_options){.jobs = 2});
    assert_int_equal(again.trained, 0);
    assert_int_equal(again.present, 10);
    assert_int_equal(nb_generate_status(plan, &status, NULL), NB_OK);
    assert_int_equal(status.done, 10);
    assert_int_equal(status.missing + status.running + status.failed, 0);
    nb_plan_close(plan);
}

static void plan_json_alone_can_be_copied_to_another_machine_and_its_records_back(void **state)
{
    (void)state;
    nb_plan_options options = tiny_plan();
    options.seed_count = 1;
    nb_plan *plan = open_new("original", &options), *copy;
    char *from = scratch_path("original/plan.json"), *folder = scratch_path("copied"), *to = scratch_path("copied/plan.json");
    size_t size;
    uint8_t *text = read_file(from, &size);
    assert_int_equal(mkdir(folder, 0777), 0);
    write_file(to, text, size);
    assert_int_equal(nb_plan_open(folder, &copy, NULL), NB_OK);
    run_all(plan, (nb_run_options){.first = 0, .count = 2});
    run_all(copy, (nb_run_options){.first = 2});
    for (size_t i = 2; i < 5; i++) {
        char here[NB_PLAN_PATH], there[NB_PLAN_PATH];
        assert_int_equal(
            rename(nb_plan_record_path(copy, few[i], 777, "mnist", here), nb_plan_record_path(plan, few[i], 777, "mnist", there)), 0);
    }
    nb_plan_status status;
    assert_int_equal(nb_generate_status(plan, &status, NULL), NB_OK);
    assert_int_equal(status.done, 5);
    free(merged(plan, "both.table", &size));
    nb_plan_close(plan);
    nb_plan_close(copy);
    free(text);
    free(from);
    free(folder);
    free(to);
}

static void a_range_past_the_end_is_refused(void **state)
{
    (void)state;
    nb_error err;
    nb_plan_options options = tiny_plan();
    nb_plan *plan = open_new("range", &options);
    assert_int_equal(nb_generate_run(plan, &(nb_run_options){.first = 3, .count = 3}, NULL, NULL, &err), NB_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "positions 3 to 5: the plan has 0 to 4"));
    nb_plan_close(plan);
}

static void one_process_or_three_with_a_killed_one_give_the_same_table(void **state)
{
    (void)state;
    nb_plan_options options = tiny_plan();
    nb_plan *alone = open_new("alone", &options), *shared = open_new("shared-by-many", &options);
    run_all(alone, (nb_run_options){.jobs = 1});
    fflush(NULL);
    pid_t children[3];
    for (int i = 0; i < 3; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            char *data = data_folder();
            nb_status done = nb_generate_run(shared, &(nb_run_options){.jobs = 2, .data_folder = data}, NULL, NULL, NULL);
            _exit(done == NB_OK ? 0 : 1);
        }
    }
    usleep(20000);
    kill(children[0], SIGKILL);
    for (int i = 0; i < 3; i++) {
        int result;
        assert_int_equal(waitpid(children[i], &result, 0), children[i]);
        if (i > 0)
            assert_true(WIFEXITED(result) && WEXITSTATUS(result) == 0);
    }
    run_all(shared, (nb_run_options){.jobs = 1}); /* what the killed one had in hand */
    size_t size, other_size;
    uint8_t *table = merged(alone, "alone.table", &size), *other = merged(shared, "many.table", &other_size);
    assert_int_equal(size, other_size);
    assert_memory_equal(table, other, size);
    free(table);
    free(other);
    nb_plan_close(alone);
    nb_plan_close(shared);
}

static void a_held_claim_is_left_to_its_owner(void **state)
{
    (void)state;
    nb_plan_options options = tiny_plan();
    nb_plan *plan = open_new("held", &options);
    char path[NB_PLAN_PATH];
    nb_claim claim;
    bool taken;
    assert_int_equal(nb_claim_take(nb_plan_claim_path(plan, 11, 888, path), "other\n", &claim, &taken, NULL), NB_OK);
    assert_true(taken);
    nb_run_summary summary = run_all(plan, (nb_run_options){.jobs = 2});
    assert_int_equal(summary.trained, 9);
    assert_int_equal(summary.taken, 1);
    nb_plan_status status;
    assert_int_equal(nb_generate_status(plan, &status, NULL), NB_OK);
    assert_int_equal(status.running, 1);
    nb_claim_drop(&claim);
    nb_plan_close(plan);
}

static void a_network_that_diverges_is_recorded_and_retried_on_request(void **state)
{
    (void)state;
    nb_plan_options options = tiny_plan();
    options.train.learning_rate = 1e30;
    options.archs = few + 1;
    options.arch_count = 1;
    nb_plan *plan = open_new("diverging", &options);
    nb_run_summary summary = run_all(plan, (nb_run_options){0});
    assert_int_equal(summary.failed, 2);
    char reason[NB_ERROR_MESSAGE_SIZE];
    assert_true(nb_plan_failure(plan, 1, 777, reason));
    assert_non_null(strstr(reason, "mnist: "));
    summary = run_all(plan, (nb_run_options){0});
    assert_int_equal(summary.skipped, 2);
    assert_int_equal(summary.failed, 0);
    summary = run_all(plan, (nb_run_options){.retry_failed = true});
    assert_int_equal(summary.failed, 2);
    nb_plan_status status;
    assert_int_equal(nb_generate_status(plan, &status, NULL), NB_OK);
    assert_int_equal(status.failed, 2);
    nb_plan_close(plan);
}

static void a_merged_table_holds_what_was_measured(void **state)
{
    (void)state;
    nb_plan_options options = tiny_plan();
    nb_plan *plan = open_new("table", &options);
    run_all(plan, (nb_run_options){.jobs = 2});
    char *path = scratch_path("merged.table"), record_path[NB_PLAN_PATH];
    const nb_plan *plans[] = {plan};
    nb_merge_summary summary;
    nb_error err = {.message = ""};
    if (nb_generate_merge(plans, 1, path, NULL, NULL, &summary, &err) != NB_OK)
        fail_msg("%s", err.message);
    assert_int_equal(summary.records, 10);
    assert_int_equal(summary.rows, 5);
    assert_int_equal(summary.missing, 0);
    nb_table *table;
    nb_record *record;
    assert_int_equal(nb_table_open(path, &table, NULL), NB_OK);
    assert_int_equal(nb_table_get_info(table)->evaluated, 5);
    nb_query query;
    assert_int_equal(nb_query_compile(table,
                                      &(nb_query_spec){.dataset = "mnist",
                                                       .schedule = "1",
                                                       .split = "ori-test",
                                                       .metric = NB_METRIC_ACCURACY,
                                                       .epoch = NB_EPOCH_LAST,
                                                       .pick = {NB_PICK_SEED, 888, NULL}},
                                      &query, NULL),
                     NB_OK);
    for (size_t i = 0; i < 5; i++) {
        double expected, value;
        assert_int_equal(nb_record_read(nb_plan_record_path(plan, few[i], 888, "mnist", record_path), NB_RECORD_ALL, &record, NULL), NB_OK);
        assert_true(nb_record_value(record, "ori-test", NB_METRIC_ACCURACY, 0, &expected));
        assert_true(nb_query_get(&query, few[i], &value));
        assert_true(value == expected);
        nb_record_free(record);
    }
    nb_table_close(table);
    nb_plan_close(plan);
    free(path);
}

static void under_unique_a_class_shares_results_and_keeps_its_own_costs(void **state)
{
    (void)state;
    const nb_space *space = nb_space_find("nasbench201", NULL);
    nb_arch arch;
    uint32_t twin = 0, chief = 0;
    nb_costs own, other;
    for (; twin < 15625; twin++) { /* the first whose class has a lower index and other costs */
        nb_shape shape = {1, 8, 8, 10, 4, 1};
        nb_space_at(space, twin, &arch, NULL);
        chief = (uint32_t)nb_space_canonical(space, &arch);
        assert_int_equal(nb_space_costs(space, &arch, &shape, &own, NULL), NB_OK);
        nb_space_at(space, chief, &arch, NULL);
        assert_int_equal(nb_space_costs(space, &arch, &shape, &other, NULL), NB_OK);
        if (chief != twin && own.flops != other.flops)
            break;
    }
    assert_true(twin < 15625);
    const uint32_t pair[] = {chief, twin};
    nb_plan_options options = tiny_plan();
    options.archs = pair;
    options.arch_count = 2;
    options.seed_count = 1;
    options.unique = true;
    nb_plan *plan = open_new("classes", &options);
    assert_int_equal(nb_plan_get_options(plan)->arch_count, 1);
    run_all(plan, (nb_run_options){0});
    char *path = scratch_path("classes.table");
    const nb_plan *plans[] = {plan};
    nb_merge_summary summary;
    assert_int_equal(nb_generate_merge(plans, 1, path, NULL, NULL, &summary, NULL), NB_OK);
    assert_int_equal(summary.records, 1);
    assert_true(summary.rows >= 2);
    nb_table *table;
    assert_int_equal(nb_table_open(path, &table, NULL), NB_OK);
    assert_non_null(strstr(nb_table_get_info(table)->source, "lowest index of their class"));
    int setup = nb_table_setup(table, "mnist", "1");
    assert_true(setup >= 0);
    int split = nb_table_split(table, (uint32_t)setup, "ori-test");
    uint32_t first, second;
    double accuracy, twin_accuracy;
    assert_int_equal(nb_table_trials(table, (uint32_t)setup, chief, &first), 1);
    assert_int_equal(nb_table_trials(table, (uint32_t)setup, twin, &second), 1);
    assert_true(nb_table_value(table, (uint32_t)setup, first, (uint32_t)split, NB_METRIC_ACCURACY, 0, &accuracy));
    assert_true(nb_table_value(table, (uint32_t)setup, second, (uint32_t)split, NB_METRIC_ACCURACY, 0, &twin_accuracy));
    assert_true(accuracy == twin_accuracy);
    assert_true(nb_table_trial_flops(table, (uint32_t)setup, first) == other.flops);
    assert_true(nb_table_trial_flops(table, (uint32_t)setup, second) == own.flops);
    nb_table_close(table);
    nb_plan_close(plan);
    free(path);
}

static void merging_names_what_is_missing_and_refuses_what_does_not_fit(void **state)
{
    (void)state;
    nb_plan_options options = tiny_plan();
    nb_plan *plan = open_new("odd", &options);
    run_all(plan, (nb_run_options){.jobs = 2});
    char *path = scratch_path("odd.table"), record_path[NB_PLAN_PATH];
    const nb_plan *plans[] = {plan};
    nb_merge_summary summary;
    nb_error err;
    struct stat info;
    nb_record *record;
    /* a record of other settings */
    nb_plan_record_path(plan, 284, 888, "mnist", record_path);
    assert_int_equal(nb_record_read(record_path, NB_RECORD_ALL, &record, NULL), NB_OK);
    assert_int_equal(nb_record_set(record, NULL, "batch", "32"), NB_OK);
    assert_int_equal(nb_record_write(record, record_path, NULL), NB_OK);
    nb_record_free(record);
    assert_int_equal(nb_generate_merge(plans, 1, path, NULL, NULL, NULL, &err), NB_ERR_CORRUPT);
    assert_non_null(strstr(err.message, "the setting batch is '32', but '64' in"));
    assert_int_not_equal(stat(path, &info), 0);
    /* a record of another seed */
    char other[NB_PLAN_PATH];
    assert_int_equal(rename(nb_plan_record_path(plan, 284, 777, "mnist", other), record_path), 0);
    assert_int_equal(nb_generate_merge(plans, 1, path, NULL, NULL, NULL, &err), NB_ERR_CORRUPT);
    assert_non_null(strstr(err.message, "the seed is 777, expected 888"));
    /* none */
    assert_int_equal(unlink(record_path), 0);
    assert_int_equal(nb_generate_merge(plans, 1, path, NULL, NULL, &summary, &err), NB_OK);
    assert_int_equal(summary.missing, 2);
    assert_string_equal(summary.first_lack, "arch-000284-seed-0777-mnist.record");
    assert_int_equal(nb_generate_merge(plans, 1, path, &(nb_merge_options){.complete = true}, NULL, NULL, &err), NB_ERR_NOT_FOUND);
    nb_plan_close(plan);
    free(path);
}

static void a_stopped_run_can_be_taken_up_again(void **state)
{
    (void)state;
    nb_plan_options options = tiny_plan();
    nb_plan *plan = open_new("stopped", &options);
    atomic_int stop = 1;
    nb_error err;
    char *data = data_folder();
    assert_int_equal(nb_generate_run(plan, &(nb_run_options){.data_folder = data}, &(nb_progress){.cancel = &stop}, NULL, &err),
                     NB_ERR_CANCELLED);
    nb_run_summary summary = run_all(plan, (nb_run_options){.jobs = 2});
    assert_int_equal(summary.trained, 10);
    nb_plan_close(plan);
    free(data);
}

static void latencies_are_measured_once_and_reach_the_table(void **state)
{
    (void)state;
    nb_plan_options options = tiny_plan();
    options.archs = few;
    options.arch_count = 2;
    options.seed_count = 1;
    options.data.eval_images = 0;
    nb_plan *plan = open_new("latency", &options);
    run_all(plan, (nb_run_options){0});
    char *data = data_folder(), *path = scratch_path("latency.table");
    uint32_t measured;
    nb_error err = {.message = ""};
    if (nb_generate_latency(plan, &(nb_run_options){.data_folder = data}, NULL, &measured, &err) != NB_OK)
        fail_msg("%s", err.message);
    assert_int_equal(measured, 2);
    assert_int_equal(nb_generate_latency(plan, &(nb_run_options){.data_folder = data}, NULL, &measured, &err), NB_OK);
    assert_int_equal(measured, 0);
    nb_plan_status status;
    assert_int_equal(nb_generate_status(plan, &status, NULL), NB_OK);
    assert_int_equal(status.latencies, 2);
    nb_plan_close(plan);
    free(data);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_reads_back_as_it_was_written),
        cmocka_unit_test(a_second_plan_in_the_folder_is_refused),
        cmocka_unit_test(unique_keeps_one_of_each_class),
        cmocka_unit_test(a_plan_that_makes_no_sense_is_refused),
        cmocka_unit_test(a_damaged_plan_is_refused_by_name_and_place),
        cmocka_unit_test(a_run_trains_what_is_missing_and_only_that),
        cmocka_unit_test(plan_json_alone_can_be_copied_to_another_machine_and_its_records_back),
        cmocka_unit_test(a_range_past_the_end_is_refused),
        cmocka_unit_test(one_process_or_three_with_a_killed_one_give_the_same_table),
        cmocka_unit_test(a_held_claim_is_left_to_its_owner),
        cmocka_unit_test(a_network_that_diverges_is_recorded_and_retried_on_request),
        cmocka_unit_test(a_merged_table_holds_what_was_measured),
        cmocka_unit_test(under_unique_a_class_shares_results_and_keeps_its_own_costs),
        cmocka_unit_test(merging_names_what_is_missing_and_refuses_what_does_not_fit),
        cmocka_unit_test(a_stopped_run_can_be_taken_up_again),
        cmocka_unit_test(latencies_are_measured_once_and_reach_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
