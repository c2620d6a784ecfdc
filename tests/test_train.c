/* The trainer: it learns, says what it measured, and gives the same bytes however it was run. */
#include "support.h"

#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nasbench/space.h"
#include "nasbench/train.h"
#include "tiny_images.h"

#define CELL "|nor_conv_3x3~0|+|nor_conv_1x1~0|avg_pool_3x3~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"

/* 4 channels, 1 cell per stage: an epoch of 300 images takes some milliseconds. */
static nb_train_options tiny_options(void)
{
    nb_train_options options = nb_train_defaults();
    options.schedule = "4";
    options.channels = 4;
    options.cells = 1;
    options.batch = 32;
    return options;
}

static nb_record *train(const nb_dataset *dataset, const char *arch, const nb_train_options *options)
{
    nb_record *record;
    nb_error err = {0};
    if (nb_train(dataset, arch, options, NULL, &record, &err) != NB_OK)
        fail_msg("%s", err.message);
    return record;
}

static double value(const nb_record *record, const char *split, nb_metric metric, uint32_t epoch)
{
    double result;
    assert_true(nb_record_value(record, split, metric, epoch, &result));
    return result;
}

static void assert_same_weights(const nb_record *a, const nb_record *b)
{
    assert_int_equal(a->weight_count, b->weight_count);
    for (size_t i = 0; i < a->weight_count; i++) {
        size_t count = 1;
        for (uint32_t d = 0; d < a->weights[i].rank; d++)
            count *= a->weights[i].shape[d];
        size_t size = count * (a->weights[i].type == NB_WEIGHT_F32 ? 4 : 8);
        assert_string_equal(a->weights[i].name, b->weights[i].name);
        assert_memory_equal(a->weights[i].data, b->weights[i].data, size);
    }
}

/* Same weights, losses and accuracies; times may differ. */
static void assert_same_run(const nb_record *a, const nb_record *b)
{
    assert_same_weights(a, b);
    assert_int_equal(a->curve_count, b->curve_count);
    for (size_t i = 0; i < a->curve_count; i++)
        if (a->curves[i].metric != NB_METRIC_TIME)
            assert_memory_equal(a->curves[i].values, b->curves[i].values, a->epochs * sizeof(double));
}

/* ---- what it does */

static void a_tiny_network_learns_within_a_second(void **state)
{
    (void)state;
    nb_dataset *dataset = tiny_images(400, 100, 0.5f);
    nb_train_options options = tiny_options();
    options.schedule = "10";
    nb_record *record = train(dataset, CELL, &options);
    assert_true(value(record, "x-valid", NB_METRIC_ACCURACY, 9) > 90); /* chance: 25 */
    assert_true(value(record, "ori-test", NB_METRIC_ACCURACY, 9) > 90);
    assert_true(value(record, "train", NB_METRIC_LOSS, 9) < 0.5 * value(record, "train", NB_METRIC_LOSS, 0));
    nb_record_free(record);
    nb_dataset_free(dataset);
}

static void a_rate_lowered_by_step_is_a_rate_lowered_by_epoch_where_an_epoch_is_one_step(void **state)
{
    (void)state;
    nb_dataset *dataset = tiny_images(64, 60, 0.5f);
    nb_train_options by_epoch = tiny_options(), by_step = tiny_options();
    by_step.rate_by_step = true;
    by_epoch.batch = by_step.batch = 64; /* one step */
    nb_record *a = train(dataset, CELL, &by_epoch), *b = train(dataset, CELL, &by_step);
    assert_same_run(a, b);
    nb_record_free(a);
    nb_record_free(b);
    by_epoch.batch = by_step.batch = 32; /* two steps: the second is smaller now */
    a = train(dataset, CELL, &by_epoch), b = train(dataset, CELL, &by_step);
    assert_true(value(a, "train", NB_METRIC_LOSS, 0) == value(b, "train", NB_METRIC_LOSS, 0));
    assert_true(value(a, "ori-test", NB_METRIC_LOSS, 0) != value(b, "ori-test", NB_METRIC_LOSS, 0));
    assert_string_equal(nb_record_setting_of(a, "scheduler"), "cosine");
    assert_string_equal(nb_record_setting_of(b, "scheduler"), "cosine by step");
    nb_record_free(a);
    nb_record_free(b);
    nb_dataset_free(dataset);
}

static void the_record_has_every_field_of_the_benchmark(void **state)
{
    (void)state;
    nb_dataset *dataset = tiny_images(300, 600, 0.5f);
    nb_train_options options = tiny_options();
    options.seed = 111;
    nb_record *record = train(dataset, CELL, &options);
    assert_string_equal(record->space, "nasbench201");
    assert_string_equal(record->arch, CELL);
    assert_string_equal(record->dataset, "tiny");
    assert_string_equal(record->schedule, "4");
    assert_int_equal(record->seed, 111);
    assert_int_equal(record->epochs, 4);
    assert_int_equal(record->channels, 4);
    assert_int_equal(record->cells, 1);
    assert_int_equal(record->classes, 4);
    const nb_space *space = nb_space_find("nasbench201", NULL);
    nb_arch arch;
    nb_costs costs;
    assert_int_equal(nb_space_parse(space, CELL, strlen(CELL), &arch, NULL), NB_OK);
    assert_int_equal(nb_space_costs(space, &arch, &(nb_shape){3, 8, 8, 4, 4, 1}, &costs, NULL), NB_OK);
    assert_true(record->flops == costs.flops && record->params == costs.params);
    for (uint32_t epoch = 0; epoch < 4; epoch++) {
        assert_true(value(record, "train", NB_METRIC_LOSS, epoch) > 0);
        assert_in_range((int)value(record, "train", NB_METRIC_ACCURACY, epoch), 0, 100);
        assert_true(value(record, "train", NB_METRIC_ACCURACY5, epoch) == 100); /* 4 classes */
        assert_true(value(record, "train", NB_METRIC_TIME, epoch) > 0);
        assert_true(value(record, "x-valid", NB_METRIC_LOSS, epoch) > 0);
        assert_true(value(record, "ori-test", NB_METRIC_ACCURACY, epoch) >= 0);
        assert_true(value(record, "ori-test", NB_METRIC_TIME, epoch) > 0);
    }
    assert_int_equal(record->latency_count, 2); /* 600 images: two full batches of 256 */
    assert_true(record->latency[0] > 0 && record->latency[1] > 0);
    assert_string_equal(nb_record_setting_of(record, "batch"), "32");
    assert_string_equal(nb_record_setting_of(record, "learning_rate"), "0.1");
    assert_string_equal(nb_record_setting_of(record, "weight_decay"), "0.0005");
    assert_string_equal(nb_record_setting_of(record, "images_train"), "300");
    assert_string_equal(nb_record_setting_of(record, "crop_padding"), "1");
    assert_string_equal(record->weights[0].name, "stem.0.weight");
    assert_true(((int64_t *)record->weights[5].data)[0] == 40); /* num_batches_tracked: 4 epochs of 10 batches, the last of 12 images */
    nb_record_free(record);
    nb_dataset_free(dataset);
}

static void evaluation_can_wait_for_the_last_epoch(void **state)
{
    (void)state;
    nb_dataset *dataset = tiny_images(100, 50, 0.5f);
    nb_train_options options = tiny_options();
    nb_record *every = train(dataset, CELL, &options);
    options.evaluate_every = 0;
    options.weights = false;
    nb_record *last = train(dataset, CELL, &options);
    double unused;
    assert_false(nb_record_value(last, "x-valid", NB_METRIC_ACCURACY, 2, &unused));
    assert_true(value(last, "x-valid", NB_METRIC_LOSS, 3) == value(every, "x-valid", NB_METRIC_LOSS, 3));
    assert_int_equal(last->weight_count, 0);
    options.evaluate_every = 3;
    nb_record *third = train(dataset, CELL, &options);
    assert_false(nb_record_value(third, "x-valid", NB_METRIC_ACCURACY, 1, &unused));
    assert_true(nb_record_value(third, "x-valid", NB_METRIC_ACCURACY, 2, &unused));
    assert_true(nb_record_value(third, "x-valid", NB_METRIC_ACCURACY, 3, &unused));
    nb_record_free(every);
    nb_record_free(last);
    nb_record_free(third);
    nb_dataset_free(dataset);
}

static void evaluation_can_be_of_one_split_only(void **state)
{
    (void)state;
    nb_dataset *dataset = tiny_images(100, 50, 0.5f);
    nb_train_options options = tiny_options();
    nb_record *all = train(dataset, CELL, &options);
    options.only_split = "ori-test";
    nb_record *one = train(dataset, CELL, &options), *none;
    double unused;
    assert_false(nb_record_value(one, "x-valid", NB_METRIC_ACCURACY, 3, &unused));
    assert_true(value(one, "ori-test", NB_METRIC_LOSS, 3) == value(all, "ori-test", NB_METRIC_LOSS, 3));
    assert_same_weights(all, one);
    options.only_split = "train";
    nb_error err;
    assert_int_equal(nb_train(dataset, CELL, &options, NULL, &none, &err), NB_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "no evaluation split 'train': x-valid, ori-test expected"));
    nb_record_free(all);
    nb_record_free(one);
    nb_dataset_free(dataset);
}

static void accuracies_have_the_roundings_of_the_reference(void **state)
{
    (void)state;
    nb_dataset *dataset = tiny_images(40, 70, 0.5f); /* training: batches of 32 and 8; evaluation: one of 70 */
    nb_train_options options = tiny_options();
    options.schedule = "1";
    nb_record *record = train(dataset, CELL, &options);
    double accuracy = value(record, "x-valid", NB_METRIC_ACCURACY, 0);
    bool found = false;
    for (int correct = 0; correct <= 70; correct++)
        found = found || accuracy == (double)((float)correct * (float)(100.0 / 70)) * 70 / 70;
    assert_true(found);
    nb_record_free(record);
    nb_dataset_free(dataset);
}

static void the_size_space_and_other_cells_train_too(void **state)
{
    (void)state;
    nb_dataset *dataset = tiny_images(64, 20, 0.5f);
    nb_train_options options = tiny_options();
    options.schedule = "01";
    options.space = "nats-size";
    nb_record *record = train(dataset, "8:16:8:8:24", &options);
    assert_string_equal(record->space, "nats-size");
    assert_string_equal(record->arch, "8:16:8:8:24");
    assert_string_equal(record->schedule, "01");
    assert_int_equal(record->epochs, 1);
    assert_string_equal(record->genotype,
                        "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|");
    nb_record_free(record);
    options.space = "nasbench201";
    record = train(dataset, "resnet", &options);
    assert_string_equal(record->space, ""); /* it lacks edges: no architecture of the space */
    assert_string_equal(record->arch, "|nor_conv_3x3~0|+|nor_conv_3x3~1|+|skip_connect~0|skip_connect~2|");
    nb_record_free(record);
    record = train(dataset, "all_c3x3", &options);
    assert_string_equal(record->space, "nasbench201");
    nb_record_free(record);
    record = train(dataset, "|dil_sepc_3x3~0|+|max_pool_3x3~0|nor_conv_7x7~1|", &options);
    assert_string_equal(record->space, "");
    nb_record_free(record);
    record = train(dataset, "15624", &options);
    assert_string_equal(record->arch, "|nor_conv_1x1~0|+|none~0|nor_conv_1x1~1|+|none~0|nor_conv_1x1~1|nor_conv_1x1~2|");
    nb_record_free(record);
    nb_dataset_free(dataset);
}

static void a_cell_that_lets_nothing_through_trains_to_chance(void **state)
{
    (void)state;
    nb_dataset *dataset = tiny_images(64, 40, 0.5f);
    nb_train_options options = tiny_options();
    nb_record *record = train(dataset, "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|", &options);
    assert_true(value(record, "x-valid", NB_METRIC_ACCURACY, 3) == 25);
    nb_record_free(record);
    nb_dataset_free(dataset);
}

static void latency_is_measured_by_the_rule(void **state)
{
    (void)state;
    nb_dataset *dataset = tiny_images(32, 1100, 0.5f); /* 4 full batches of 256, one of 76 */
    nb_train_options options = tiny_options();
    double *seconds;
    size_t count;
    assert_int_equal(nb_train_latency(dataset, CELL, &options, NULL, &seconds, &count, NULL), NB_OK);
    assert_int_equal(count, 3); /* the first is left out */
    for (size_t i = 0; i < count; i++)
        assert_true(seconds[i] > 0);
    free(seconds);
    nb_dataset_free(dataset);
    assert_true(nb_latency_mean((double[]){1, 2, 6}, 3) == 3);
    assert_true(isnan(nb_latency_mean(NULL, 0)));
}

/* ---- the same bytes */

static void one_and_two_threads_give_the_same_bytes(void **state)
{
    (void)state;
    nb_dataset *dataset = tiny_images(200, 60, 0.5f);
    nb_train_options options = tiny_options();
    nb_record *one = train(dataset, CELL, &options);
    options.threads = 2;
    nb_record *two = train(dataset, CELL, &options);
    assert_same_run(one, two);
    options.threads = 3;
    nb_record *three = train(dataset, CELL, &options);
    assert_same_run(one, three);
    options.seed = 778;
    nb_record *other = train(dataset, CELL, &options);
    assert_memory_not_equal(one->weights[0].data, other->weights[0].data, 16);
    nb_record_free(one);
    nb_record_free(two);
    nb_record_free(three);
    nb_record_free(other);
    nb_dataset_free(dataset);
}

static atomic_int stop;

static void stop_after_epoch_1(void *user, const nb_train_epoch *epoch)
{
    (void)user;
    if (epoch->epoch == 1)
        atomic_store(&stop, 1);
}

/* Trains two of four epochs into a checkpoint at `path`. */
static void train_half(const nb_dataset *dataset, nb_train_options options, const char *path)
{
    nb_record *record;
    nb_error err;
    options.checkpoint = path;
    options.epoch_done = stop_after_epoch_1;
    atomic_store(&stop, 0);
    assert_int_equal(nb_train(dataset, CELL, &options, &(nb_progress){.cancel = &stop}, &record, &err), NB_ERR_CANCELLED);
    assert_null(record);
}

static void a_resumed_run_is_the_uninterrupted_one(void **state)
{
    (void)state;
    nb_dataset *dataset = tiny_images(200, 60, 0.5f);
    char *path = scratch_path("resumed.checkpoint");
    nb_train_options options = tiny_options();
    nb_record *whole = train(dataset, CELL, &options);
    train_half(dataset, options, path);
    options.checkpoint = path;
    options.resume = true;
    options.threads = 2;
    nb_record *resumed = train(dataset, CELL, &options);
    assert_same_run(whole, resumed);
    nb_record *again = train(dataset, CELL, &options); /* from the finished state: nothing left to train */
    assert_same_weights(whole, again);
    nb_record_free(whole);
    nb_record_free(resumed);
    nb_record_free(again);
    nb_dataset_free(dataset);
    free(path);
}

static void a_run_killed_at_any_moment_goes_on_as_if_nothing_had_happened(void **state)
{
    (void)state;
    nb_dataset *dataset = tiny_images(200, 60, 0.5f);
    char *path = scratch_path("killed.checkpoint");
    nb_train_options options = tiny_options();
    options.schedule = "12";
    nb_record *whole = train(dataset, CELL, &options);
    options.checkpoint = path;
    options.resume = true;
    int kills = 0;
    for (useconds_t wait = 2000; wait < 400000; wait += wait / 2) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            nb_record *record;
            _exit(nb_train(dataset, CELL, &options, NULL, &record, NULL) == NB_OK ? 0 : 1);
        }
        usleep(wait);
        kill(child, SIGKILL);
        int result;
        assert_int_equal(waitpid(child, &result, 0), child);
        if (WIFSIGNALED(result))
            kills++;
        else
            assert_int_equal(WEXITSTATUS(result), 0); /* it read whatever its predecessor had left */
    }
    assert_true(kills > 0);
    nb_record *resumed = train(dataset, CELL, &options);
    assert_same_run(whole, resumed);
    nb_record_free(whole);
    nb_record_free(resumed);
    nb_dataset_free(dataset);
    free(path);
}

/* ---- failures */

static void assert_checkpoint_unchanged(const char *path, const uint8_t *before, size_t size)
{
    size_t now;
    uint8_t *after = read_file(path, &now);
    assert_int_equal(now, size);
    assert_memory_equal(after, before, size);
    free(after);
}

static void a_loss_that_is_not_finite_ends_the_run_and_keeps_the_last_good_state(void **state)
{
    (void)state;
    nb_dataset *dataset = tiny_images(200, 60, 0.5f), *broken = tiny_images(200, 60, INFINITY);
    char *path = scratch_path("nan.checkpoint");
    nb_train_options options = tiny_options();
    train_half(dataset, options, path);
    size_t size;
    uint8_t *before = read_file(path, &size);
    nb_record *record;
    nb_error err;
    options.checkpoint = path;
    options.resume = true;
    assert_int_equal(nb_train(broken, CELL, &options, NULL, &record, &err), NB_ERR_NUMERIC);
    if (!strstr(err.message, "epoch 2, batch 0 of training"))
        fail_msg("%s", err.message);
    assert_null(record);
    assert_checkpoint_unchanged(path, before, size);
    options = tiny_options();
    options.learning_rate = 1e30;
    assert_int_equal(nb_train(dataset, CELL, &options, NULL, &record, &err), NB_ERR_NUMERIC);
    free(before);
    free(path);
    nb_dataset_free(dataset);
    nb_dataset_free(broken);
}

static void a_full_disk_ends_the_run_and_keeps_the_last_good_state(void **state)
{
    (void)state;
    nb_dataset *dataset = tiny_images(200, 60, 0.5f);
    char *path = scratch_path("full.checkpoint");
    nb_train_options options = tiny_options();
    train_half(dataset, options, path);
    size_t size;
    uint8_t *before = read_file(path, &size);
    options.checkpoint = path;
    options.resume = true;
    struct rlimit old, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = size / 2; /* the next file can only be written by half */
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    nb_record *record;
    nb_error err;
    nb_status status = nb_train(dataset, CELL, &options, NULL, &record, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, handler);
    assert_int_equal(status, NB_ERR_IO);
    assert_non_null(strstr(err.message, "File too large"));
    assert_checkpoint_unchanged(path, before, size);
    nb_record_free(train(dataset, CELL, &options)); /* with room again it goes on */
    free(before);
    free(path);
    nb_dataset_free(dataset);
}

static void a_checkpoint_that_does_not_belong_here_is_refused(void **state)
{
    (void)state;
    nb_dataset *dataset = tiny_images(200, 60, 0.5f);
    char *path = scratch_path("other.checkpoint");
    nb_train_options options = tiny_options();
    train_half(dataset, options, path);
    nb_record *record;
    nb_error err;
    options.checkpoint = path;
    options.resume = true;
    options.learning_rate = 0.05;
    assert_int_equal(nb_train(dataset, CELL, &options, NULL, &record, &err), NB_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "from a run with learning_rate = 0.1, but this one has 0.05"));
    options = tiny_options();
    options.checkpoint = path;
    options.resume = true;
    assert_int_equal(nb_train(dataset, "all_c1x1", &options, NULL, &record, &err), NB_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "from a run with arch = |nor_conv_3x3~0|"));
    size_t size;
    uint8_t *bytes = read_file(path, &size);
    write_file(path, bytes, size - 100);
    assert_int_not_equal(nb_train(dataset, CELL, &options, NULL, &record, &err), NB_OK);
    assert_non_null(strstr(err.message, path));
    free(bytes);
    free(path);
    nb_dataset_free(dataset);
}

static void impossible_options_are_refused(void **state)
{
    (void)state;
    nb_dataset *dataset = tiny_images(40, 20, 0.5f);
    nb_record *record;
    nb_error err;
    static const char *const schedules[] = {"", "0", "-1", "12 epochs", "1e3", "999999999999"};
    nb_train_options options = tiny_options();
    for (size_t i = 0; i < sizeof schedules / sizeof *schedules; i++) {
        options.schedule = schedules[i];
        assert_int_equal(nb_train(dataset, CELL, &options, NULL, &record, &err), NB_ERR_ARGUMENT);
    }
    assert_string_equal(err.message, "schedule '999999999999': expected a number of epochs, 1 to 100000");
    options = tiny_options();
    options.batch = 0;
    assert_int_equal(nb_train(dataset, CELL, &options, NULL, &record, &err), NB_ERR_ARGUMENT);
    options = tiny_options();
    options.learning_rate = (double)NAN;
    assert_int_equal(nb_train(dataset, CELL, &options, NULL, &record, &err), NB_ERR_ARGUMENT);
    options = tiny_options();
    options.crop_padding = 8;
    assert_int_equal(nb_train(dataset, CELL, &options, NULL, &record, &err), NB_ERR_ARGUMENT);
    options = tiny_options();
    assert_int_equal(nb_train(dataset, "15625", &options, NULL, &record, &err), NB_ERR_NOT_FOUND);
    assert_int_not_equal(nb_train(dataset, "no such cell", &options, NULL, &record, &err), NB_OK);
    options.space = "nats-size";
    assert_int_not_equal(nb_train(dataset, CELL, &options, NULL, &record, &err), NB_OK);
    nb_dataset_free(dataset);
}

/* ---- real images */

static void fashion_mnist_is_learnt_from_a_small_part(void **state)
{
    (void)state;
    nb_dataset *dataset;
    nb_error err;
    nb_dataset_options data = {.resolution = 8, .train_images = 4000, .eval_images = 1000};
    nb_status status = nb_dataset_load("fashion-mnist", &data, NULL, &dataset, &err);
    if (status == NB_ERR_NOT_FOUND) {
        fprintf(stderr, "skipped: %s\n", err.message);
        skip();
    }
    assert_int_equal(status, NB_OK);
    nb_train_options options = tiny_options();
    options.schedule = "3";
    nb_record *record = train(dataset, CELL, &options);
    assert_true(value(record, "ori-test", NB_METRIC_ACCURACY, 2) > 60); /* chance: 10 */
    nb_record_free(record);
    nb_dataset_free(dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tiny_network_learns_within_a_second),
        cmocka_unit_test(a_rate_lowered_by_step_is_a_rate_lowered_by_epoch_where_an_epoch_is_one_step),
        cmocka_unit_test(the_record_has_every_field_of_the_benchmark),
        cmocka_unit_test(evaluation_can_wait_for_the_last_epoch),
        cmocka_unit_test(evaluation_can_be_of_one_split_only),
        cmocka_unit_test(accuracies_have_the_roundings_of_the_reference),
        cmocka_unit_test(the_size_space_and_other_cells_train_too),
        cmocka_unit_test(a_cell_that_lets_nothing_through_trains_to_chance),
        cmocka_unit_test(latency_is_measured_by_the_rule),
        cmocka_unit_test(one_and_two_threads_give_the_same_bytes),
        cmocka_unit_test(a_resumed_run_is_the_uninterrupted_one),
        cmocka_unit_test(a_run_killed_at_any_moment_goes_on_as_if_nothing_had_happened),
        cmocka_unit_test(a_loss_that_is_not_finite_ends_the_run_and_keeps_the_last_good_state),
        cmocka_unit_test(a_full_disk_ends_the_run_and_keeps_the_last_good_state),
        cmocka_unit_test(a_checkpoint_that_does_not_belong_here_is_refused),
        cmocka_unit_test(impossible_options_are_refused),
        cmocka_unit_test(fashion_mnist_is_learnt_from_a_small_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
