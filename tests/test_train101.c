/* Training NAS-Bench-101's networks by its recipe, at a small scale. */
#include "support.h"

#include <stdatomic.h>

#include "nasbench/nasbench101.h"
#include "nasbench/train.h"
#include "tiny_images.h"

static const char diamond[] = "{\"matrix\":[[0,1,1,0],[0,0,0,1],[0,0,0,1],[0,0,0,0]],\"ops\":[\"input\",\"conv3x3-bn-relu\",\"maxpool3x3\","
                              "\"output\"]}";

static nb_train_options recipe(void)
{
    nb_train_options options;
    assert_int_equal(nb_train_defaults_for("nasbench101", &options, NULL), NB_OK);
    options.channels = 6;
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

static void the_recipe_is_the_published_one(void **state)
{
    (void)state;
    nb_train_options options;
    assert_int_equal(nb_train_defaults_for("nas-bench-101", &options, NULL), NB_OK);
    assert_string_equal(options.space, "nasbench101");
    assert_string_equal(options.schedule, "4");
    assert_int_equal(options.channels, 128);
    assert_int_equal(options.cells, 3);
    assert_int_equal(options.batch, 256);
    assert_int_equal(options.optimiser, NB_TRAIN_RMSPROP);
    assert_true(options.by_steps && options.learning_rate == 0.2 && options.momentum == 0.9 && options.rho == 0.9 && options.eps == 1.0 &&
                options.weight_decay == 1e-4);
    assert_int_equal(nb_train_defaults_for("nats-size", &options, NULL), NB_OK);
    assert_int_equal(options.optimiser, NB_TRAIN_SGD);
    assert_int_equal(nb_train_defaults_for("mars", &options, NULL), NB_ERR_NOT_FOUND);
}

static void a_small_network_learns(void **state)
{
    (void)state;
    nb_dataset *dataset = tiny_images(400, 100, 0.5f);
    nb_train_options options = recipe();
    options.schedule = "20";
    options.batch = 8; /* 1,000 steps: batch norm's running statistics take in three thousandths a step */
    nb_record *record = train(dataset, diamond, &options);
    double value;
    assert_true(nb_record_value(record, "x-valid", NB_METRIC_ACCURACY, 19, &value) && value > 90); /* chance: 25 */
    assert_true(nb_record_value(record, "x-valid", NB_METRIC_ACCURACY, 9, &value));                /* half-way */
    assert_false(nb_record_value(record, "x-valid", NB_METRIC_ACCURACY, 0, &value));
    nb_record_free(record);
    nb_dataset_free(dataset);
}

static void the_record_names_graph_recipe_and_costs(void **state)
{
    (void)state;
    nb_dataset *dataset = tiny_images(100, 30, 0.5f);
    const nb_train_options options = recipe();
    nb_record *record = train(dataset, diamond, &options);
    assert_string_equal(record->space, "nasbench101");
    assert_string_equal(record->arch, diamond);
    assert_int_equal(record->epochs, 4);
    const char *optimiser = NULL, *scheduler = NULL;
    for (size_t i = 0; i < record->setting_count; i++) {
        optimiser = strcmp(record->settings[i].name, "optimiser") == 0 ? record->settings[i].value : optimiser;
        scheduler = strcmp(record->settings[i].name, "scheduler") == 0 ? record->settings[i].value : scheduler;
    }
    assert_string_equal(optimiser, "RMSProp");
    assert_string_equal(scheduler, "cosine by full step");
    const nb_space *space = nb_space_find("nasbench101", NULL);
    const nb_dataset_info *info = nb_dataset_get_info(dataset);
    const nb_shape shape = {info->channels, info->side, info->side, info->classes, options.channels, options.cells};
    nb_arch arch;
    nb_costs costs;
    assert_int_equal(nb_space_parse(space, diamond, sizeof diamond - 1, &arch, NULL), NB_OK);
    assert_int_equal(nb_space_costs(space, &arch, &shape, &costs, NULL), NB_OK);
    assert_true(record->flops == costs.flops && record->params == costs.params);
    nb_record_free(record);
    nb_dataset_free(dataset);
}

static void assert_same_weights(const nb_record *a, const nb_record *b)
{
    assert_int_equal(a->weight_count, b->weight_count);
    for (size_t i = 0; i < a->weight_count; i++) {
        size_t size = a->weights[i].type == NB_WEIGHT_F32 ? 4 : 8;
        for (uint32_t d = 0; d < a->weights[i].rank; d++)
            size *= a->weights[i].shape[d];
        assert_memory_equal(a->weights[i].data, b->weights[i].data, size);
    }
}

/* Index, hash and the stored graph itself; what pruning removes makes no difference either. */
static void every_name_of_a_cell_trains_the_same_network(void **state)
{
    (void)state;
    nb_dataset *dataset = tiny_images(100, 30, 0.5f);
    nb_train_options options = recipe();
    options.schedule = "1";
    static const char *const names[] = {
        "6", /* input -> maxpool -> output and input -> output */
        "{\"matrix\":[[0,1,1],[0,0,1],[0,0,0]],\"ops\":[\"input\",\"maxpool3x3\",\"output\"]}",
        "{\"matrix\":[[0,1,1,1],[0,0,0,1],[0,0,0,0],[0,0,0,0]],\"ops\":[\"input\",\"maxpool3x3\",\"conv3x3-bn-relu\",\"output\"]}",
    };
    nb_record *first = train(dataset, names[0], &options);
    for (int i = 1; i < 3; i++) {
        nb_record *same = train(dataset, names[i], &options);
        assert_same_weights(first, same);
        nb_record_free(same);
    }
    nb_record_free(first);
    nb_dataset_free(dataset);
}

static atomic_int stop;

static void stop_after_epoch_1(void *user, const nb_train_epoch *epoch)
{
    (void)user;
    if (epoch->epoch == 1)
        atomic_store(&stop, 1);
}

/* The second epoch begins with images of the first: a resumed run must take the same ones. */
static void a_resumed_run_is_the_uninterrupted_one(void **state)
{
    (void)state;
    nb_dataset *dataset = tiny_images(110, 30, 0.5f); /* batches of 32 straddle all ends of epochs */
    char *path = scratch_path("run.checkpoint");
    nb_train_options options = recipe();
    nb_record *whole = train(dataset, diamond, &options), *nothing;
    options.checkpoint = path;
    options.epoch_done = stop_after_epoch_1;
    atomic_store(&stop, 0);
    assert_int_equal(nb_train(dataset, diamond, &options, &(nb_progress){.cancel = &stop}, &nothing, NULL), NB_ERR_CANCELLED);
    options.epoch_done = NULL;
    options.resume = true;
    nb_record *resumed = train(dataset, diamond, &options);
    assert_same_weights(whole, resumed);
    nb_record_free(whole);
    nb_record_free(resumed);
    nb_dataset_free(dataset);
    free(path);
}

static void impossible_recipes_are_refused(void **state)
{
    (void)state;
    nb_dataset *dataset = tiny_images(20, 10, 0.5f);
    nb_record *record;
    nb_error err;
    nb_train_options options = recipe();
    assert_int_equal(nb_train(dataset, diamond, &options, NULL, &record, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "batches of 32 images that must be full, but 20 images");
    options.batch = 8;
    options.channels = 1;
    assert_int_equal(nb_train(dataset, diamond, &options, NULL, &record, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "1 channels: the cell's output shares them among 2 vertices");
    options.channels = 6;
    options.eps = 0;
    assert_int_equal(nb_train(dataset, diamond, &options, NULL, &record, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "RMSProp: decay 0.9, epsilon 0: expected 0 <= decay < 1, epsilon > 0");
    nb_dataset_free(dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_recipe_is_the_published_one),         cmocka_unit_test(a_small_network_learns),
        cmocka_unit_test(the_record_names_graph_recipe_and_costs), cmocka_unit_test(every_name_of_a_cell_trains_the_same_network),
        cmocka_unit_test(a_resumed_run_is_the_uninterrupted_one),  cmocka_unit_test(impossible_recipes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
