#include "support.h"

#include <jansson.h>
#include <math.h>

#include "nasbench/query.h"
#include "nasbench/space.h"

/* The published records of NATS-Bench, fed by hand from their JSON form: every number comes back, and the answers that the original code
 * gives on them (../shared/spec/nas-bench-201-api.md, sections 3.1, 7.1 and 8) are ours. */

enum { MAX_EPOCHS = 200, MAX_CURVES = 20, MAX_SPLITS = 4 };

static const char *const EVAL_SPLITS[] = {"x-valid", "x-test", "ori-test"};

/* ---------------------------------------------------------------- from JSON to a table */

static json_t *load_record(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "data/nats-bench-real-archs/%s", name);
    json_error_t err;
    json_t *record = json_load_file(shared_path(path), 0, &err);
    if (!record)
        fail_msg("%s: %s", path, err.text);
    return record;
}

/* Curves of one trial, with room for their values. */
typedef struct trial_curves {
    nb_curve curves[MAX_CURVES];
    double values[MAX_CURVES][MAX_EPOCHS];
    uint8_t present[MAX_CURVES][MAX_EPOCHS];
    size_t count;
} trial_curves;

/* Values are keyed "<epoch>" for the split train and "<split>@<epoch>" for the others. */
static void write_key(char key[64], const char *split, uint32_t epoch)
{
    if (strcmp(split, "train") == 0)
        snprintf(key, 64, "%u", epoch);
    else
        snprintf(key, 64, "%s@%u", split, epoch);
}

/* Takes over what the record has of a curve; nothing when it has nothing. */
static void take_curve(trial_curves *to, const json_t *values, const char *split, nb_metric metric, uint32_t epochs)
{
    size_t found = 0;
    for (uint32_t e = 0; e < epochs; e++) {
        char key[64];
        write_key(key, split, e);
        json_t *value = json_object_get(values, key);
        to->present[to->count][e] = json_is_number(value);
        to->values[to->count][e] = json_is_number(value) ? json_number_value(value) : NAN;
        found += json_is_number(value);
    }
    if (found == 0)
        return;
    assert_true(to->count < MAX_CURVES);
    to->curves[to->count] = (nb_curve){split, metric, 0, epochs, to->values[to->count], to->present[to->count]};
    to->count++;
}

static void take_curves(trial_curves *to, const json_t *run)
{
    uint32_t epochs = (uint32_t)json_integer_value(json_object_get(run, "epochs"));
    to->count = 0;
    take_curve(to, json_object_get(run, "train_losses"), "train", NB_METRIC_LOSS, epochs);
    take_curve(to, json_object_get(run, "train_acc1es"), "train", NB_METRIC_ACCURACY, epochs);
    take_curve(to, json_object_get(run, "train_acc5es"), "train", NB_METRIC_ACCURACY5, epochs);
    take_curve(to, json_object_get(run, "train_times"), "train", NB_METRIC_TIME, epochs);
    for (size_t i = 0; i < 3; i++) {
        take_curve(to, json_object_get(run, "eval_losses"), EVAL_SPLITS[i], NB_METRIC_LOSS, epochs);
        take_curve(to, json_object_get(run, "eval_acc1es"), EVAL_SPLITS[i], NB_METRIC_ACCURACY, epochs);
        take_curve(to, json_object_get(run, "eval_times"), EVAL_SPLITS[i], NB_METRIC_TIME, epochs);
    }
}

static uint32_t integer_of(const json_t *object, const char *key)
{
    return (uint32_t)json_integer_value(json_object_get(object, key));
}

static void add_run(nb_table_writer *writer, uint32_t row, const char *schedule, const json_t *run)
{
    static trial_curves curves;
    take_curves(&curves, run);
    double latency[64];
    const char *eval_names[MAX_SPLITS];
    json_t *latencies = json_object_get(run, "latency"), *names = json_object_get(run, "eval_names");
    const json_t *config = json_object_get(run, "arch_config");
    for (size_t i = 0; i < json_array_size(latencies); i++)
        latency[i] = json_number_value(json_array_get(latencies, i));
    for (size_t i = 0; i < json_array_size(names); i++)
        eval_names[i] = json_string_value(json_array_get(names, i));
    nb_trial trial = {
        .row = row,
        .dataset = json_string_value(json_object_get(run, "name")),
        .schedule = schedule,
        .seed = (uint32_t)strtoul(json_string_value(json_object_get(run, "seed")), NULL, 10),
        .epochs = integer_of(run, "epochs"),
        .flops = json_number_value(json_object_get(run, "flop")),
        .params = json_number_value(json_object_get(run, "params")),
        .latency = latency,
        .latency_count = json_array_size(latencies),
        .curves = curves.curves,
        .curve_count = curves.count,
        .eval_names = eval_names,
        .eval_name_count = json_array_size(names),
        .config = {integer_of(config, "channel"), integer_of(config, "num_cells"), integer_of(config, "class_num"),
                   json_string_value(json_object_get(config, "genotype"))},
    };
    nb_error err;
    if (nb_table_writer_add(writer, &trial, &err) != NB_OK)
        fail_msg("%s", err.message);
}

static void add_record(nb_table_writer *writer, json_t *record)
{
    const char *schedule, *key;
    json_t *results, *value;
    json_object_foreach(record, schedule, results)
    {
        uint32_t row = integer_of(results, "arch_index");
        const char *datasets[8];
        size_t count = 0;
        json_object_foreach(json_object_get(results, "dataset_seed"), key, value) datasets[count++] = key;
        assert_int_equal(nb_table_writer_dataset_order(writer, row, schedule, datasets, count, NULL), NB_OK);
        json_object_foreach(json_object_get(results, "all_results"), key, value) add_run(writer, row, schedule, value);
    }
}

typedef struct loaded {
    nb_table *table;
    json_t *records[2];
} loaded;

static loaded load(const char *space, const char *first, const char *second)
{
    loaded out = {.records = {load_record(first), load_record(second)}};
    char *path = scratch_path("records.nbt");
    nb_table_writer *writer;
    nb_table_description description = {.space = nb_space_find(space, NULL), .flavour = NB_FLAVOUR_NATS, .benchmark = "NATS-Bench"};
    nb_error err;
    assert_int_equal(nb_table_writer_open(path, &description, &writer, NULL), NB_OK);
    add_record(writer, out.records[0]);
    add_record(writer, out.records[1]);
    if (nb_table_writer_commit(writer, NULL, &err) != NB_OK || nb_table_open(path, &out.table, &err) != NB_OK ||
        nb_table_verify(out.table, NULL, &err) != NB_OK)
        fail_msg("%s", err.message);
    free(path);
    return out;
}

static loaded load_topology(void)
{
    return load("nasbench201", "tss_000000.json", "tss_000011.json");
}

static void unload(loaded *l)
{
    nb_table_close(l->table);
    json_decref(l->records[0]);
    json_decref(l->records[1]);
}

/* ---------------------------------------------------------------- every number */

static uint32_t trial_with_seed(const nb_table *table, uint32_t setup, uint32_t row, uint32_t seed)
{
    uint32_t first, count = nb_table_trials(table, setup, row, &first);
    for (uint32_t i = 0; i < count; i++) {
        if (nb_table_trial_seed(table, setup, first + i) == seed)
            return first + i;
    }
    fail_msg("row %u has no seed %u", row, seed);
    return 0;
}

/* Every value of a curve, and nothing where the record has nothing. Returns how many were compared. */
static size_t assert_curve(const nb_table *table, uint32_t setup, uint32_t trial, const char *split, nb_metric metric, const json_t *values,
                           uint32_t epochs)
{
    int number = nb_table_split(table, setup, split);
    size_t compared = 0;
    for (uint32_t e = 0; e < epochs; e++) {
        char key[64];
        write_key(key, split, e);
        const json_t *expected = json_object_get(values, key);
        double found;
        bool measured = number >= 0 && nb_table_value(table, setup, trial, (uint32_t)number, metric, e, &found);
        assert_int_equal(measured, expected != NULL);
        if (measured)
            assert_true(found == json_number_value(expected));
        compared += measured;
    }
    return compared;
}

static size_t assert_run(const nb_table *table, const char *schedule, uint32_t row, const json_t *run)
{
    const char *dataset = json_string_value(json_object_get(run, "name"));
    uint32_t setup = (uint32_t)nb_table_setup(table, dataset, schedule), epochs = integer_of(run, "epochs");
    uint32_t trial = trial_with_seed(table, setup, row, (uint32_t)strtoul(json_string_value(json_object_get(run, "seed")), NULL, 10));
    assert_int_equal(nb_table_trial_epochs(table, setup, trial), epochs);
    assert_true(nb_table_trial_flops(table, setup, trial) == json_number_value(json_object_get(run, "flop")));
    assert_true(nb_table_trial_params(table, setup, trial) == json_number_value(json_object_get(run, "params")));
    const double *latency;
    const json_t *latencies = json_object_get(run, "latency");
    assert_int_equal(nb_table_trial_latency(table, setup, trial, &latency), json_array_size(latencies));
    for (size_t i = 0; i < json_array_size(latencies); i++)
        assert_true(latency[i] == json_number_value(json_array_get(latencies, i)));
    uint32_t order[MAX_SPLITS];
    const json_t *names = json_object_get(run, "eval_names");
    assert_int_equal(nb_table_trial_eval_splits(table, setup, trial, order, MAX_SPLITS), json_array_size(names));
    for (size_t i = 0; i < json_array_size(names); i++)
        assert_string_equal(nb_table_setup_info(table, setup)->splits[order[i]], json_string_value(json_array_get(names, i)));
    const json_t *config = json_object_get(run, "arch_config");
    assert_int_equal(nb_table_setup_info(table, setup)->config.classes, integer_of(config, "class_num"));
    assert_int_equal(nb_table_setup_info(table, setup)->config.channels, integer_of(config, "channel"));

    size_t compared = assert_curve(table, setup, trial, "train", NB_METRIC_LOSS, json_object_get(run, "train_losses"), epochs) +
                      assert_curve(table, setup, trial, "train", NB_METRIC_ACCURACY, json_object_get(run, "train_acc1es"), epochs) +
                      assert_curve(table, setup, trial, "train", NB_METRIC_ACCURACY5, json_object_get(run, "train_acc5es"), epochs) +
                      assert_curve(table, setup, trial, "train", NB_METRIC_TIME, json_object_get(run, "train_times"), epochs);
    for (size_t i = 0; i < 3; i++)
        compared += assert_curve(table, setup, trial, EVAL_SPLITS[i], NB_METRIC_LOSS, json_object_get(run, "eval_losses"), epochs) +
                    assert_curve(table, setup, trial, EVAL_SPLITS[i], NB_METRIC_ACCURACY, json_object_get(run, "eval_acc1es"), epochs) +
                    assert_curve(table, setup, trial, EVAL_SPLITS[i], NB_METRIC_TIME, json_object_get(run, "eval_times"), epochs);
    return compared;
}

static size_t assert_record(const nb_table *table, json_t *record)
{
    const char *schedule, *key;
    json_t *results, *run, *seeds;
    size_t compared = 0;
    json_object_foreach(record, schedule, results)
    {
        uint32_t row = integer_of(results, "arch_index"), order[8], at = 0;
        assert_int_equal(nb_table_row_of_string(table, json_string_value(json_object_get(results, "arch_str"))), row);
        uint32_t datasets = nb_table_row_datasets(table, row, schedule, order, 8);
        json_object_foreach(json_object_get(results, "dataset_seed"), key, seeds)
        {
            assert_true(at < datasets);
            assert_string_equal(nb_table_dataset(table, order[at++]), key);
            uint32_t first;
            assert_int_equal(nb_table_trials(table, (uint32_t)nb_table_setup(table, key, schedule), row, &first), json_array_size(seeds));
        }
        assert_int_equal(at, datasets);
        json_object_foreach(json_object_get(results, "all_results"), key, run) compared += assert_run(table, schedule, row, run);
    }
    return compared;
}

static void every_number_of_the_real_records_comes_back_bit_for_bit(void **state)
{
    (void)state;
    skip_without_shared();
    loaded l = load_topology();
    assert_true(assert_record(l.table, l.records[0]) > 10000);
    assert_true(assert_record(l.table, l.records[1]) > 10000);
    unload(&l);
    l = load("nats-size", "sss_000000.json", "sss_000011.json");
    assert_true(assert_record(l.table, l.records[0]) > 2000);
    assert_true(assert_record(l.table, l.records[1]) > 2000);
    assert_string_equal(nb_table_setup_info(l.table, 0)->config.genotype,
                        "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|");
    unload(&l);
}

/* ---------------------------------------------------------------- means against a plain computation */

/* The mean over seeds of one number of the record, ascending seeds, added left to right; false when one is missing. */
static bool mean_in_json(const json_t *results, const char *dataset, const char *field, const char *value_key, double *out)
{
    const json_t *seeds = json_object_get(json_object_get(results, "dataset_seed"), dataset);
    double sum = 0;
    for (size_t i = 0; i < json_array_size(seeds); i++) {
        char key[64];
        snprintf(key, sizeof key, "%s/%lld", dataset, (long long)json_integer_value(json_array_get(seeds, i)));
        const json_t *value =
            json_object_get(json_object_get(json_object_get(json_object_get(results, "all_results"), key), field), value_key);
        if (!value)
            return false;
        sum += json_number_value(value);
    }
    *out = sum / (double)json_array_size(seeds);
    return true;
}

static void means_over_seeds_are_exact_at_every_epoch_of_every_set(void **state)
{
    (void)state;
    skip_without_shared();
    loaded l = load_topology();
    const char *const splits[] = {"train", "x-valid", "x-test", "ori-test"};
    size_t compared = 0;
    for (uint32_t s = 0; s < nb_table_get_info(l.table)->setups; s++) {
        const nb_setup_info *info = nb_table_setup_info(l.table, s);
        for (int r = 0; r < 2; r++) {
            const json_t *results = json_object_get(l.records[r], info->schedule);
            uint32_t row = r ? 11 : 0;
            for (size_t k = 0; k < 4; k++) {
                int split = nb_table_split(l.table, s, splits[k]);
                for (uint32_t e = 0; e < info->epochs && split >= 0; e++) {
                    char key[64];
                    write_key(key, splits[k], e);
                    double loss = 0, accuracy = 0;
                    bool expected = mean_in_json(results, info->dataset, k == 0 ? "train_losses" : "eval_losses", key, &loss) &&
                                    mean_in_json(results, info->dataset, k == 0 ? "train_acc1es" : "eval_acc1es", key, &accuracy);
                    nb_metrics found;
                    nb_status status =
                        nb_table_metrics(l.table, s, row, (uint32_t)split, (int32_t)e, &(nb_pick){0}, NB_FLAVOUR_NATS, &found, NULL);
                    assert_int_equal(status, expected ? NB_OK : NB_ERR_NOT_FOUND);
                    if (expected)
                        assert_true(found.loss == loss && found.accuracy == accuracy);
                    compared += expected;
                }
            }
        }
    }
    assert_true(compared > 3000);
    unload(&l);
}

/* ---------------------------------------------------------------- known answers */

static uint32_t setup_of(const loaded *l, const char *dataset, const char *schedule)
{
    int setup = nb_table_setup(l->table, dataset, schedule);
    assert_true(setup >= 0);
    return (uint32_t)setup;
}

static nb_more_info more_info(const loaded *l, uint32_t row, const char *dataset, const char *schedule, nb_flavour flavour)
{
    nb_more_info info;
    nb_error err;
    if (nb_table_more_info(l->table, setup_of(l, dataset, schedule), row, NB_EPOCH_LAST, &(nb_pick){0}, flavour, &info, &err) != NB_OK)
        fail_msg("%s", err.message);
    return info;
}

static void assert_info(const nb_more_info *info, nb_info_key key, double expected)
{
    assert_true(info->present[key] && !info->null[key]);
    if (info->values[key] != expected)
        fail_msg("%s: %.17g expected, found %.17g", nb_info_key_name(key), expected, info->values[key]);
}

/* The names of the keys in their order. */
static void assert_keys(const nb_more_info *info, const char *expected)
{
    char keys[1024] = "";
    for (uint32_t i = 0; i < info->count; i++) {
        strcat(keys, i ? " " : "");
        strcat(keys, nb_info_key_name((nb_info_key)info->keys[i]));
    }
    assert_string_equal(keys, expected);
}

static void cost_info_of_the_nats_interface(void **state)
{
    (void)state;
    skip_without_shared();
    loaded l = load_topology();
    uint32_t setup = setup_of(&l, "cifar10-valid", "200");
    nb_cost_info costs;
    assert_int_equal(nb_table_costs(l.table, setup, 0, NB_FLAVOUR_NATS, &costs, NULL), NB_OK);
    assert_true(costs.flops == 15.64737);
    assert_true(costs.params == 0.129306);
    assert_true(costs.measured && costs.latency == 0.0139359758611311);
    assert_int_equal(costs.times_count, 3);
    const char *const *splits = nb_table_setup_info(l.table, setup)->splits;
    for (uint32_t i = 0; i < 3; i++) {
        const nb_split_times *times = &costs.times[i];
        const char *split = splits[times->split];
        assert_true(times->timed);
        if (strcmp(split, "train") == 0)
            assert_true(i == 0 && times->per_epoch == 7.221092998981476 && times->total == 1444.2185997962952);
        else if (strcmp(split, "x-valid") == 0)
            assert_true(times->per_epoch == 2.54897923696609);
        else
            assert_true(times->per_epoch == 1.0195916947864396);
    }
    /* numpy adds 200 equal times in another order than Python's sum. */
    assert_int_equal(nb_table_costs(l.table, setup, 0, NB_FLAVOUR_2_0, &costs, NULL), NB_OK);
    for (uint32_t i = 0; i < 3; i++) {
        if (strcmp(splits[costs.times[i].split], "x-valid") == 0)
            assert_true(costs.times[i].per_epoch == 2.548979236966087);
    }
    unload(&l);
}

static void more_info_of_the_nats_interface(void **state)
{
    (void)state;
    skip_without_shared();
    loaded l = load_topology();
    nb_more_info info = more_info(&l, 11, "cifar100", "200", NB_FLAVOUR_NATS);
    assert_info(&info, NB_INFO_TRAIN_LOSS, 0.1541525070055326);
    assert_info(&info, NB_INFO_TRAIN_ACCURACY, 96.10266666666666);
    assert_info(&info, NB_INFO_TRAIN_ALL_TIME, 4984.822718302408);
    assert_info(&info, NB_INFO_VALID_ACCURACY, 67.45333326416016);
    assert_info(&info, NB_INFO_TEST_ACCURACY, 67.6066666422526);
    assert_info(&info, NB_INFO_VALTEST_ACCURACY, 67.53000000000002);
    assert_keys(&info,
                "train-loss train-accuracy train-per-time train-all-time valid-loss valid-accuracy valid-per-time valid-all-time "
                "test-loss test-accuracy test-per-time test-all-time valtest-loss valtest-accuracy valtest-per-time valtest-all-time");
    info = more_info(&l, 11, "cifar10", "200", NB_FLAVOUR_NATS);
    assert_info(&info, NB_INFO_TEST_ACCURACY, 91.58333333333333);
    assert_keys(&info, "train-loss train-accuracy train-per-time train-all-time test-loss test-accuracy test-per-time test-all-time");
    /* ori-test of cifar10-valid was evaluated at the last epoch only: elsewhere its keys are simply absent. */
    nb_more_info early;
    assert_int_equal(nb_table_more_info(l.table, setup_of(&l, "cifar10-valid", "200"), 0, 5, &(nb_pick){0}, NB_FLAVOUR_NATS, &early, NULL),
                     NB_OK);
    assert_keys(&early, "train-loss train-accuracy train-per-time train-all-time valid-loss valid-accuracy valid-per-time valid-all-time");
    nb_more_info none;
    assert_int_equal(nb_table_more_info(l.table, 0, 100000, NB_EPOCH_LAST, &(nb_pick){0}, NB_FLAVOUR_NATS, &none, NULL), NB_ERR_ARGUMENT);
    assert_int_equal(nb_table_more_info(l.table, 0, 1, NB_EPOCH_LAST, &(nb_pick){0}, NB_FLAVOUR_NATS, &none, NULL), NB_ERR_NOT_FOUND);
    unload(&l);
}

static void more_info_of_the_first_versions(void **state)
{
    (void)state;
    skip_without_shared();
    loaded l = load_topology();
    nb_more_info info = more_info(&l, 0, "cifar10-valid", "full", NB_FLAVOUR_1_0);
    assert_info(&info, NB_INFO_VALID_ACCURACY, 81.98266665690103);
    assert_info(&info, NB_INFO_TRAIN_ALL_TIME, 1444.2185997962952);
    assert_info(&info, NB_INFO_VALID_PER_TIME, 2.54897923696609);
    assert_info(&info, NB_INFO_TEST_ACCURACY, 81.52);
    assert_keys(&info, "train-loss train-accuracy train-all-time valid-loss valid-accuracy valid-all-time valid-per-time test-loss "
                       "test-accuracy");
    info = more_info(&l, 0, "cifar10-valid", "full", NB_FLAVOUR_1_1);
    assert_keys(&info, "train-loss train-accuracy train-per-time train-all-time valid-loss valid-accuracy valid-all-time valid-per-time "
                       "test-loss test-accuracy");
    info = more_info(&l, 0, "cifar100", "full", NB_FLAVOUR_1_0);
    assert_keys(&info, "train-loss train-accuracy test-loss test-accuracy valid-loss valid-accuracy");
    assert_info(&info, NB_INFO_TEST_ACCURACY, 52.913333294677734);
    info = more_info(&l, 0, "cifar100", "full", NB_FLAVOUR_1_2);
    assert_keys(&info, "train-loss train-accuracy test-loss test-accuracy valid-loss valid-accuracy est-valid-loss est-valid-accuracy");
    info = more_info(&l, 0, "cifar10", "full", NB_FLAVOUR_1_1);
    assert_keys(&info, "train-loss train-accuracy test-loss test-accuracy est-valid-loss est-valid-accuracy");
    assert_true(info.values[NB_INFO_TEST_LOSS] == info.values[NB_INFO_EST_VALID_LOSS]);
    /* x-test of cifar100 before the last epoch: an error in 1.0, an absent key later. */
    nb_more_info out;
    uint32_t setup = setup_of(&l, "cifar100", "200");
    assert_int_equal(nb_table_more_info(l.table, setup, 0, 3, &(nb_pick){0}, NB_FLAVOUR_1_0, &out, NULL), NB_ERR_NOT_FOUND);
    assert_int_equal(nb_table_more_info(l.table, setup, 0, 3, &(nb_pick){0}, NB_FLAVOUR_1_1, &out, NULL), NB_OK);
    assert_keys(&out, "train-loss train-accuracy est-valid-loss est-valid-accuracy");
    info = more_info(&l, 0, "cifar100", "12", NB_FLAVOUR_1_3);
    assert_int_equal(info.count, 16);
    assert_int_equal(nb_table_more_info(l.table, setup, 0, 3, &(nb_pick){0}, NB_FLAVOUR_AA, &out, NULL), NB_ERR_UNSUPPORTED);
    unload(&l);
}

static void a_random_answer_is_that_of_one_trial(void **state)
{
    (void)state;
    skip_without_shared();
    loaded l = load_topology();
    uint32_t setup = setup_of(&l, "cifar100", "200"), first;
    uint32_t count = nb_table_trials(l.table, setup, 11, &first);
    nb_rng rng = nb_rng_seed(3, 0);
    bool seen[3] = {false};
    for (int i = 0; i < 60; i++) {
        nb_more_info random;
        assert_int_equal(nb_table_more_info(l.table, setup, 11, NB_EPOCH_LAST, &(nb_pick){.kind = NB_PICK_RANDOM, .rng = &rng},
                                            NB_FLAVOUR_NATS, &random, NULL),
                         NB_OK);
        uint32_t equal = 0;
        for (uint32_t k = 0; k < count; k++) {
            nb_more_info one;
            const nb_pick pick = {.kind = NB_PICK_SEED, .seed = nb_table_trial_seed(l.table, setup, first + k)};
            assert_int_equal(nb_table_more_info(l.table, setup, 11, NB_EPOCH_LAST, &pick, NB_FLAVOUR_NATS, &one, NULL), NB_OK);
            bool same = memcmp(one.values, random.values, 16 * sizeof(double)) == 0; /* all 16 keys from the same trial */
            equal += same;
            seen[k] = seen[k] || same;
        }
        assert_int_equal(equal, 1);
    }
    assert_true(seen[0] && seen[1] && seen[2]);
    unload(&l);
}

static nb_best best_of(const loaded *l, const char *dataset, const char *split, const char *schedule, bool remap)
{
    if (remap)
        nb_remap_split(&dataset, &split);
    nb_best_spec spec = {
        .query = {.dataset = dataset, .schedule = schedule, .split = split, .metric = NB_METRIC_ACCURACY, .epoch = NB_EPOCH_LAST}};
    nb_best best;
    uint32_t count;
    assert_int_equal(nb_table_best(l->table, &spec, &best, 1, &count, NULL), NB_OK);
    assert_int_equal(count, 1);
    return best;
}

static void find_best_of_all_versions(void **state)
{
    (void)state;
    skip_without_shared();
    loaded l = load_topology();
    nb_best best = best_of(&l, "cifar10", "valid", "12", true);
    assert_true(best.row == 0 && best.value == 63.36399998046875);
    best = best_of(&l, "cifar10-valid", "x-valid", "full", false);
    assert_true(best.row == 11 && best.value == 87.9399999983724);
    best = best_of(&l, "cifar10", "valid", "200", true);
    assert_true(best.row == 11 && best.value == 87.9399999983724);
    best = best_of(&l, "cifar100", "test", "200", true);
    assert_true(best.row == 11 && best.value == 67.6066666422526);
    unload(&l);
}

static void simulated_training_takes_the_published_time(void **state)
{
    (void)state;
    skip_without_shared();
    loaded l = load_topology();
    nb_rng rng = nb_rng_seed(1, 1);
    const nb_pick random = {.kind = NB_PICK_RANDOM, .rng = &rng};
    double used = 0;
    nb_simulated out;
    assert_int_equal(nb_table_simulate(l.table, 11, "cifar10", "12", NB_EPOCH_LAST, &random, NB_FLAVOUR_NATS, &used, &out, NULL), NB_OK);
    assert_true(out.time_cost == 153.6959332625071);
    assert_true(used == 153.6959332625071);
    assert_int_equal(nb_table_simulate(l.table, 11, "cifar100", "12", NB_EPOCH_LAST, &random, NB_FLAVOUR_2_0, &used, &out, NULL), NB_OK);
    assert_true(out.time_cost == 299.9196134408315);
    assert_true(used == 153.6959332625071 + 299.9196134408315);
    assert_true(out.measured);
    /* x-valid of cifar100 was not evaluated at epoch 5: the accuracy of the whole test set, and the time of the last validation. */
    nb_simulated early;
    bool seen = false;
    for (int i = 0; i < 40; i++) {
        assert_int_equal(nb_table_simulate(l.table, 11, "cifar100", "200", 5, &random, NB_FLAVOUR_NATS, NULL, &early, NULL), NB_OK);
        assert_true(early.time_cost == 150.37493189175925);
        seen = seen || early.accuracy == 13.95;
    }
    assert_true(seen);
    assert_int_equal(nb_table_simulate(l.table, 11, "cifar100", "200", 5, &random, NB_FLAVOUR_2_0, NULL, &early, NULL), NB_ERR_NOT_FOUND);
    assert_int_equal(nb_table_simulate(l.table, 11, "cifar10-valid", "200", 5, &random, NB_FLAVOUR_NATS, NULL, &early, NULL),
                     NB_ERR_ARGUMENT);
    unload(&l);
}

static void statistics_of_the_records(void **state)
{
    (void)state;
    skip_without_shared();
    loaded l = load_topology();
    uint32_t counts[4];
    assert_int_equal(nb_table_statistics(l.table, "cifar100", "200", true, counts, 4), 4);
    assert_int_equal(counts[3], 2);
    assert_int_equal(nb_table_statistics(l.table, "cifar10-valid", "12", true, counts, 4), 3);
    assert_int_equal(counts[2], 2);
    unload(&l);
}

/* ---------------------------------------------------------------- printed forms */

typedef struct collected {
    char text[20000];
    size_t size;
} collected;

static bool collect(void *user, const char *text, size_t size)
{
    collected *to = user;
    if (to->size + size >= sizeof to->text)
        return false;
    memcpy(to->text + to->size, text, size);
    to->size += size;
    to->text[to->size] = '\0';
    return true;
}

#define ARCH_0 "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"
#define LINES_0                                                                                                                            \
    "cifar10-valid  FLOP= 15.65 M, Params=0.129 MB, latency=13.94 ms.\n"                                                                   \
    "cifar10-valid  train : [loss = 0.319 & top1 = 88.92%], valid : [loss = 0.566 & top1 = 81.98%]\n"                                      \
    "cifar10        FLOP= 15.65 M, Params=0.129 MB, latency=13.94 ms.\n"                                                                   \
    "cifar10        train : [loss = 0.271 & top1 = 90.67%], test  : [loss = 0.430 & top1 = 85.86%]\n"

static void describe_prints_what_query_info_str_by_arch_prints(void **state)
{
    (void)state;
    skip_without_shared();
    loaded l = load_topology();
    static collected out;
    out.size = 0;
    const nb_sink sink = {collect, &out};
    assert_int_equal(nb_table_describe(l.table, 0, "200", "arch-index=0", NB_FLAVOUR_NATS, &sink, NULL), NB_OK);
    assert_string_equal(out.text, ARCH_0
                        "\ndatasets : ['cifar10-valid', 'cifar10', 'cifar100', 'ImageNet16-120'], extra-info : arch-index=0\n" LINES_0
                        "cifar100       FLOP= 15.65 M, Params=0.135 MB, latency=13.18 ms.\n"
                        "cifar100       train : [loss = 1.511 & top1 = 57.73%], valid : [loss = 1.742 & top1 = 52.70%], test : [loss "
                        "= 1.736 & top1 = 52.91%]\n"
                        "ImageNet16-120 FLOP=  3.92 M, Params=0.136 MB, latency=12.98 ms.\n"
                        "ImageNet16-120 train : [loss = 2.925 & top1 = 28.14%], valid : [loss = 2.944 & top1 = 28.21%], test : [loss "
                        "= 2.989 & top1 = 26.63%]");
    assert_int_equal(nb_table_describe(l.table, 1, "200", NULL, NB_FLAVOUR_NATS, &sink, NULL), NB_ERR_NOT_FOUND);
    assert_int_equal(nb_table_describe(l.table, 20000, "200", NULL, NB_FLAVOUR_NATS, &sink, NULL), NB_ERR_ARGUMENT);
    unload(&l);
}

static void show_has_the_layout_of_each_version(void **state)
{
    (void)state;
    skip_without_shared();
    loaded l = load_topology();
    static collected out;
    const nb_sink sink = {collect, &out};
#define GT40 ">>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>"
#define LT40 "<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<"
    out.size = 0;
    assert_int_equal(nb_table_show(l.table, 0, NB_FLAVOUR_NATS, &sink, NULL, NULL), NB_OK);
    assert_memory_equal(out.text, GT40 " 012 epochs " GT40 "\n" ARCH_0 "\ndatasets : ['cifar10-valid'",
                        strlen(GT40 " 012 epochs " GT40 "\n" ARCH_0 "\ndatasets : ['cifar10-valid'"));
    char *second = strstr(out.text, GT40 " 200 epochs " GT40 "\n" ARCH_0 "\n");
    assert_non_null(second);
    assert_non_null(strstr(second, "extra-info : None\n" LINES_0));
    assert_string_equal(out.text + out.size - 93, LT40 "------------" LT40 "\n");

    out.size = 0; /* 1.0: 200 epochs first, heads in literal form, a comma in the metrics */
    assert_int_equal(nb_table_show(l.table, 0, NB_FLAVOUR_1_0, &sink, NULL, NULL), NB_OK);
    second = strstr(out.text, GT40 "  12 epochs " GT40);
    assert_non_null(second);
    assert_ptr_equal(strstr(out.text, GT40 " 200 epochs " GT40), out.text);
    assert_non_null(strstr(out.text, "train : [loss = 0.319, top1 = 88.92%], valid"));

    out.size = 0;
    assert_int_equal(nb_table_show(l.table, -1, NB_FLAVOUR_1_2, &sink, NULL, NULL), NB_OK);
    const char *start = "NASBench201API(2/15625 architectures)\n\n---------- The (    0/    2) 000000-th architecture! ----------\n"
                        "arch : " ARCH_0 "\n" GT40 " 200 epochs " GT40 "\n";
    assert_memory_equal(out.text, start, strlen(start));
    assert_non_null(
        strstr(out.text, "\n" LT40 "------------" LT40 "\n\n---------- The (    1/    2) 000011-th architecture! ----------\n"));
    assert_non_null(strstr(out.text, GT40 " 012 epochs " GT40));

    out.size = 0; /* AA: only the lines */
    assert_int_equal(nb_table_show(l.table, 0, NB_FLAVOUR_AA, &sink, NULL, NULL), NB_OK);
    assert_memory_equal(out.text, ARCH_0, strlen(ARCH_0));
    out.size = 0;
    assert_int_equal(nb_table_show(l.table, 15625, NB_FLAVOUR_NATS, &sink, NULL, NULL), NB_OK);
    assert_string_equal(out.text, "This index (15625) is out of range (0~15625).\n");
    out.size = 0;
    assert_int_equal(nb_table_show(l.table, 5, NB_FLAVOUR_NATS, &sink, NULL, NULL), NB_OK);
    assert_string_equal(out.text, "The 5-th architecture has not been evaluated or not saved.\n");
    out.size = sizeof out.text; /* a sink that is full */
    assert_int_equal(nb_table_show(l.table, 0, NB_FLAVOUR_NATS, &sink, NULL, NULL), NB_ERR_IO);
    unload(&l);
}

static void reprs_are_those_of_the_originals(void **state)
{
    (void)state;
    skip_without_shared();
    loaded l = load_topology();
    char text[512];
    uint32_t setup = setup_of(&l, "cifar10", "200"), first;
    nb_table_trials(l.table, setup, 0, &first);
    nb_table_trial_repr(l.table, setup, 0, first, NB_FLAVOUR_NATS, text, sizeof text);
    assert_string_equal(text, "ResultsCount(cifar10, arch=" ARCH_0 ", FLOP=15.65M, Param=0.129MB, seed=0777, 1 eval-sets: [ori-test])");
    nb_table_row_repr(l.table, 0, "12", text, sizeof text);
    assert_string_equal(text, "ArchResults(arch-index=0, arch=" ARCH_0 ", 5 runs, clear=True)");
    size_t length = nb_table_repr(l.table, NB_FLAVOUR_NATS, text, sizeof text);
    assert_int_equal(length, strlen(text));
    assert_string_equal(text, "NATStopology(2/15625 architectures, fast_mode=False, file=records.nbt)");
    assert_int_equal(nb_table_repr(l.table, NB_FLAVOUR_1_0, text, 10), 37);
    assert_string_equal(text, "NASBench2");
    unload(&l);
}

static void the_size_space_prints_the_test_set_of_cifar10_valid(void **state)
{
    (void)state;
    skip_without_shared();
    loaded l = load("nats-size", "sss_000000.json", "sss_000011.json");
    static collected out;
    out.size = 0;
    const nb_sink sink = {collect, &out};
    assert_int_equal(nb_table_show(l.table, 11, NB_FLAVOUR_NATS, &sink, NULL, NULL), NB_OK);
    assert_non_null(strstr(out.text, " 001 epochs "));
    assert_non_null(strstr(out.text, " 090 epochs "));
    char *line = strstr(out.text, "cifar10-valid  train : ");
    assert_non_null(line);
    char *end = strchr(line, '\n');
    *end = '\0';
    assert_non_null(strstr(line, ", test : [loss = "));
    assert_int_equal(nb_table_setup(l.table, "cifar10", "1"), nb_table_setup(l.table, "cifar10", "01"));
    unload(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_of_the_real_records_comes_back_bit_for_bit),
        cmocka_unit_test(means_over_seeds_are_exact_at_every_epoch_of_every_set),
        cmocka_unit_test(cost_info_of_the_nats_interface),
        cmocka_unit_test(more_info_of_the_nats_interface),
        cmocka_unit_test(more_info_of_the_first_versions),
        cmocka_unit_test(a_random_answer_is_that_of_one_trial),
        cmocka_unit_test(find_best_of_all_versions),
        cmocka_unit_test(simulated_training_takes_the_published_time),
        cmocka_unit_test(statistics_of_the_records),
        cmocka_unit_test(describe_prints_what_query_info_str_by_arch_prints),
        cmocka_unit_test(show_has_the_layout_of_each_version),
        cmocka_unit_test(reprs_are_those_of_the_originals),
        cmocka_unit_test(the_size_space_prints_the_test_set_of_cifar10_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
