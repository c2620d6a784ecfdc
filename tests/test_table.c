#include "support.h"

#include <dirent.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nasbench/query.h"
#include "nasbench/random.h"
#include "nasbench/space.h"
#include "nasbench/table.h"

#include "heap.h"

#include "base/bytes.h"
#include "base/safetensors.h"

#include "store/checksum.h"

/* ---------------------------------------------------------------- what the tests build */

static const nb_space *topology(void)
{
    const nb_space *space = nb_space_find("nasbench201", NULL);
    assert_non_null(space);
    return space;
}

static nb_table_writer *open_writer(const char *path)
{
    nb_table_writer *writer;
    nb_table_description description = {.space = topology(), .flavour = NB_FLAVOUR_NATS, .benchmark = "test", .source = "made up"};
    nb_error err;
    if (nb_table_writer_open(path, &description, &writer, &err) != NB_OK)
        fail_msg("%s", err.message);
    return writer;
}

static nb_table *commit_and_open(nb_table_writer *writer, const char *path)
{
    nb_error err;
    nb_table *table = NULL;
    if (nb_table_writer_commit(writer, NULL, &err) != NB_OK || nb_table_open(path, &table, &err) != NB_OK ||
        nb_table_verify(table, NULL, &err) != NB_OK)
        fail_msg("%s", err.message);
    return table;
}

static void add(nb_table_writer *writer, const nb_trial *trial)
{
    nb_error err;
    if (nb_table_writer_add(writer, trial, &err) != NB_OK)
        fail_msg("%s", err.message);
}

/* A trial of `epochs` epochs without curves. */
static nb_trial plain_trial(uint32_t row, uint32_t seed, uint32_t epochs)
{
    return (nb_trial){.row = row, .dataset = "cifar10", .schedule = "12", .seed = seed, .epochs = epochs, .flops = NAN, .params = NAN};
}

static void assert_bits(double found, double expected)
{
    uint64_t a, b;
    memcpy(&a, &found, 8);
    memcpy(&b, &expected, 8);
    if (a != b)
        fail_msg("%.17g (%016llx) expected, found %.17g (%016llx)", expected, (unsigned long long)b, found, (unsigned long long)a);
}

static void assert_value(const nb_table *table, const char *dataset, const char *split, nb_metric metric, uint32_t trial, uint32_t epoch,
                         double expected)
{
    uint32_t setup = (uint32_t)nb_table_setup(table, dataset, "12");
    double value;
    assert_true(nb_table_value(table, setup, trial, (uint32_t)nb_table_split(table, setup, split), metric, epoch, &value));
    assert_bits(value, expected);
}

static void assert_missing(const nb_table *table, const char *split, nb_metric metric, uint32_t trial, uint32_t epoch)
{
    uint32_t setup = (uint32_t)nb_table_setup(table, "cifar10", "12");
    double value = 0;
    assert_false(nb_table_value(table, setup, trial, (uint32_t)nb_table_split(table, setup, split), metric, epoch, &value));
    assert_true(isnan(value));
}

static int temporary_files(void)
{
    DIR *folder = opendir(scratch_folder());
    assert_non_null(folder);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(folder));)
        count += strstr(entry->d_name, "nbtmp") != NULL;
    closedir(folder);
    return count;
}

static void remove_temporary_files(void)
{
    DIR *folder = opendir(scratch_folder());
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (strstr(entry->d_name, "nbtmp"))
            unlinkat(dirfd(folder), entry->d_name, 0);
    }
    closedir(folder);
}

static bool file_exists(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file)
        fclose(file);
    return file != NULL;
}

/* ---------------------------------------------------------------- random tables against a model in memory */

enum { MODEL_TRIALS = 120, MODEL_EPOCHS = 23, MODEL_SPLITS = 4, MODEL_ROWS = 40 };
static const char *const MODEL_NAMES[MODEL_SPLITS] = {"train", "x-valid", "x-test", "ori-test"};

typedef struct model_trial {
    nb_trial trial;
    bool present[MODEL_SPLITS][NB_METRIC_COUNT][MODEL_EPOCHS];
    double values[MODEL_SPLITS][NB_METRIC_COUNT][MODEL_EPOCHS];
    double latency[5];
} model_trial;

static double random_value(nb_rng *rng, unsigned kind)
{
    switch (kind % 4) {
    case 0:
        return nb_rng_uniform(rng) * 100; /* needs a double */
    case 1:
        return (double)(float)(nb_rng_uniform(rng) * 100); /* a float is enough */
    case 2: {
        uint64_t bits = nb_rng_next(rng); /* anything: infinities, NaN with payloads, denormal numbers */
        double value;
        memcpy(&value, &bits, 8);
        return value;
    }
    default:
        return nb_rng_below(rng, 8) == 0 ? NAN : (double)nb_rng_below(rng, 1000);
    }
}

/* How this table stores (split, metric): by epoch, last only, constant, never; decided once, so that all kinds occur. */
static void fill_model_curve(nb_rng *rng, model_trial *m, int split, int metric, unsigned kind)
{
    uint32_t epochs = m->trial.epochs;
    bool gaps = nb_rng_below(rng, 3) == 0;
    double constant = random_value(rng, kind / 8);
    for (uint32_t e = 0; e < epochs; e++) {
        bool here = kind % 8 < 4 || (kind % 8 < 6 ? e + 1 == epochs : kind % 8 == 6);
        m->present[split][metric][e] = here && !(gaps && kind % 8 < 3 && nb_rng_below(rng, 2));
        m->values[split][metric][e] = kind % 8 == 6 ? constant : random_value(rng, kind / 8);
    }
}

static void make_model(nb_rng *rng, model_trial *models)
{
    unsigned kinds[MODEL_SPLITS][NB_METRIC_COUNT];
    for (int s = 0; s < MODEL_SPLITS; s++) {
        for (int k = 0; k < NB_METRIC_COUNT; k++)
            kinds[s][k] = (unsigned)nb_rng_below(rng, 32);
    }
    bool vary = nb_rng_below(rng, 2);
    uint32_t epochs = 1 + (uint32_t)nb_rng_below(rng, MODEL_EPOCHS);
    unsigned latency_kind = (unsigned)nb_rng_below(rng, 3);
    for (uint32_t i = 0; i < MODEL_TRIALS; i++) {
        model_trial *m = &models[i];
        memset(m, 0, sizeof *m);
        m->trial = plain_trial(i % MODEL_ROWS, 100 * (i / MODEL_ROWS) + 777, vary ? 1 + (uint32_t)nb_rng_below(rng, epochs) : epochs);
        m->trial.flops = random_value(rng, 1);
        m->trial.params = nb_rng_uniform(rng);
        m->trial.latency_count = latency_kind == 0 ? 0 : latency_kind == 1 ? 1 : nb_rng_below(rng, 6);
        m->trial.latency = m->latency;
        for (int k = 0; k < 5; k++)
            m->latency[k] = nb_rng_uniform(rng);
        for (int s = 0; s < MODEL_SPLITS; s++) {
            for (int k = 0; k < NB_METRIC_COUNT; k++)
                fill_model_curve(rng, m, s, k, kinds[s][k]);
        }
    }
}

/* Hands the trial in, sometimes as whole curves with masks, sometimes cut to where they begin and end. */
static void add_model_trial(nb_table_writer *writer, const model_trial *m, bool cut)
{
    nb_curve curves[MODEL_SPLITS * NB_METRIC_COUNT];
    uint8_t present[MODEL_SPLITS * NB_METRIC_COUNT][MODEL_EPOCHS];
    size_t count = 0;
    for (int s = 0; s < MODEL_SPLITS; s++) {
        for (int k = 0; k < NB_METRIC_COUNT; k++) {
            uint32_t begin = 0, end = m->trial.epochs;
            while (cut && begin < end && !m->present[s][k][begin])
                begin++;
            while (cut && end > begin && !m->present[s][k][end - 1])
                end--;
            bool all = true;
            for (uint32_t e = begin; e < end; e++) {
                present[count][e - begin] = m->present[s][k][e];
                all = all && m->present[s][k][e];
            }
            curves[count] = (nb_curve){.split = MODEL_NAMES[s],
                                       .metric = (nb_metric)k,
                                       .first_epoch = begin,
                                       .count = end - begin,
                                       .values = &m->values[s][k][begin],
                                       .present = all ? NULL : present[count]};
            count++;
        }
    }
    nb_trial trial = m->trial;
    trial.curves = curves;
    trial.curve_count = count;
    add(writer, &trial);
}

static const model_trial *model_of(const model_trial *models, uint32_t row, uint32_t seed)
{
    for (int i = 0; i < MODEL_TRIALS; i++) {
        if (models[i].trial.row == row && models[i].trial.seed == seed)
            return &models[i];
    }
    return NULL;
}

static void assert_trial_equals_model(const nb_table *table, uint32_t trial, const model_trial *m)
{
    assert_int_equal(nb_table_trial_epochs(table, 0, trial), m->trial.epochs);
    if (isnan(m->trial.flops))
        assert_true(isnan(nb_table_trial_flops(table, 0, trial)));
    else
        assert_bits(nb_table_trial_flops(table, 0, trial), m->trial.flops);
    assert_bits(nb_table_trial_params(table, 0, trial), m->trial.params);
    const double *latency;
    assert_int_equal(nb_table_trial_latency(table, 0, trial, &latency), m->trial.latency_count);
    for (size_t i = 0; i < m->trial.latency_count; i++)
        assert_bits(latency[i], m->latency[i]);
    for (int s = 0; s < MODEL_SPLITS; s++) {
        int split = nb_table_split(table, 0, MODEL_NAMES[s]);
        assert_true(split >= 0);
        for (int k = 0; k < NB_METRIC_COUNT; k++) {
            for (uint32_t e = 0; e < m->trial.epochs; e++) {
                double value;
                bool measured = nb_table_value(table, 0, trial, (uint32_t)split, (nb_metric)k, e, &value);
                assert_int_equal(measured, m->present[s][k][e]);
                if (measured)
                    assert_bits(value, m->values[s][k][e]);
                else
                    assert_true(isnan(value));
            }
        }
    }
}

static void random_tables_come_back_bit_for_bit(void **state)
{
    (void)state;
    char *path = scratch_path("random.nbt");
    model_trial *models = malloc(MODEL_TRIALS * sizeof *models);
    assert_non_null(models);
    for (uint64_t round = 0; round < 60; round++) {
        nb_rng rng = nb_rng_seed(2024, round);
        make_model(&rng, models);
        nb_table_writer *writer = open_writer(path);
        bool backwards = round % 2;
        for (int i = 0; i < MODEL_TRIALS; i++)
            add_model_trial(writer, &models[backwards ? MODEL_TRIALS - 1 - i : i], round % 3 == 0);
        nb_table *table = commit_and_open(writer, path);
        assert_int_equal(nb_table_get_info(table)->evaluated, MODEL_ROWS);
        assert_int_equal(nb_table_get_info(table)->trials, MODEL_TRIALS);
        for (uint32_t row = 0; row < MODEL_ROWS; row++) {
            uint32_t first;
            assert_int_equal(nb_table_trials(table, 0, row, &first), MODEL_TRIALS / MODEL_ROWS);
            for (uint32_t i = 0; i < MODEL_TRIALS / MODEL_ROWS; i++) {
                uint32_t seed = nb_table_trial_seed(table, 0, first + i);
                assert_int_equal(seed, 777 + 100 * i);
                assert_trial_equals_model(table, first + i, model_of(models, row, seed));
            }
        }
        nb_table_close(table);
    }
    free(models);
    free(path);
}

/* ---------------------------------------------------------------- how things are stored */

static void each_kind_of_curve_is_stored_in_its_own_way(void **state)
{
    (void)state;
    char *path = scratch_path("kinds.nbt");
    nb_table_writer *writer = open_writer(path);
    const double curve[3] = {1.5, 2.5, 0.1}, constant[3] = {0.3, 0.3, 0.3}, last = 9, floats[3] = {1, 2, 3};
    for (uint32_t row = 0; row < 2; row++) {
        const nb_curve curves[] = {
            {"train", NB_METRIC_LOSS, 0, 3, curve, NULL},
            {"train", NB_METRIC_ACCURACY, 0, 3, floats, NULL},
            {"train", NB_METRIC_TIME, 0, 3, constant, NULL},
            {"ori-test", NB_METRIC_ACCURACY, 2, 1, &last, NULL},
        };
        nb_trial trial = plain_trial(row, 777, 3);
        trial.curves = curves;
        trial.curve_count = 4;
        add(writer, &trial);
    }
    nb_table *table = commit_and_open(writer, path);
    assert_int_equal(nb_table_coverage(table, 0, 0, NB_METRIC_LOSS), NB_COVERAGE_FULL);
    assert_int_equal(nb_table_coverage(table, 0, 0, NB_METRIC_TIME), NB_COVERAGE_CONSTANT);
    assert_int_equal(nb_table_coverage(table, 0, 1, NB_METRIC_ACCURACY), NB_COVERAGE_LAST);
    assert_int_equal(nb_table_coverage(table, 0, 1, NB_METRIC_LOSS), NB_COVERAGE_NONE);
    assert_value(table, "cifar10", "train", NB_METRIC_TIME, 1, 1, 0.3);
    assert_value(table, "cifar10", "ori-test", NB_METRIC_ACCURACY, 1, 2, 9);
    assert_missing(table, "ori-test", NB_METRIC_ACCURACY, 1, 1);
    nb_table_close(table);

    size_t size;
    uint8_t *bytes = read_file(path, &size);
    nb_safetensors file;
    assert_int_equal(nb_safetensors_parse(bytes, size, path, &file, NULL), NB_OK);
    const nb_st_tensor *loss = nb_safetensors_find(&file, "cifar10/12/train/loss");
    assert_non_null(loss);
    assert_int_equal(loss->dtype, NB_DTYPE_F64);
    assert_int_equal(loss->shape[0], 3);
    assert_int_equal(loss->shape[1], 2);
    assert_int_equal(nb_safetensors_find(&file, "cifar10/12/train/accuracy")->dtype, NB_DTYPE_F32);
    assert_int_equal(nb_safetensors_find(&file, "cifar10/12/train/time.constant")->rank, 1);
    assert_non_null(nb_safetensors_find(&file, "cifar10/12/ori-test/accuracy.last"));
    assert_null(nb_safetensors_find(&file, "arch.index"));
    assert_null(nb_safetensors_find(&file, "cifar10/12/epochs"));
    nb_safetensors_free(&file);
    free(bytes);
    free(path);
}

static void a_measured_nan_is_told_from_a_missing_value(void **state)
{
    (void)state;
    char *path = scratch_path("nan.nbt");
    nb_table_writer *writer = open_writer(path);
    const double losses[3] = {2.3, NAN, NAN};
    const uint8_t present[3] = {1, 1, 0};
    const nb_curve curve = {"train", NB_METRIC_LOSS, 0, 3, losses, present};
    nb_trial trial = plain_trial(5, 777, 3);
    trial.curves = &curve;
    trial.curve_count = 1;
    add(writer, &trial);
    nb_table *table = commit_and_open(writer, path);
    double value;
    assert_true(nb_table_value(table, 0, 0, 0, NB_METRIC_LOSS, 1, &value));
    assert_true(isnan(value));
    assert_false(nb_table_value(table, 0, 0, 0, NB_METRIC_LOSS, 2, &value));
    nb_table_close(table);
    free(path);
}

static void trials_of_a_row_are_neighbours_with_ascending_seeds(void **state)
{
    (void)state;
    char *path = scratch_path("seeds.nbt");
    nb_table_writer *writer = open_writer(path);
    const uint32_t rows[] = {3, 3, 1, 3, 7}, seeds[] = {999, 777, 888, 888, 777};
    for (int i = 0; i < 5; i++) {
        nb_trial trial = plain_trial(rows[i], seeds[i], 1);
        add(writer, &trial);
    }
    nb_table *table = commit_and_open(writer, path);
    uint32_t first;
    assert_int_equal(nb_table_trials(table, 0, 3, &first), 3);
    assert_int_equal(first, 1);
    assert_int_equal(nb_table_trial_seed(table, 0, first), 777);
    assert_int_equal(nb_table_trial_seed(table, 0, first + 1), 888);
    assert_int_equal(nb_table_trial_seed(table, 0, first + 2), 999);
    assert_int_equal(nb_table_trials(table, 0, 0, &first), 0);
    const nb_setup_info *info = nb_table_setup_info(table, 0);
    assert_int_equal(info->seed_count, 3);
    assert_int_equal(info->seeds[0], 777);
    assert_int_equal(info->seeds[2], 999);
    assert_int_equal(info->rows_with_trial, 3);
    assert_int_equal(info->max_trials_per_row, 3);
    assert_true(nb_table_is_evaluated(table, 7));
    assert_false(nb_table_is_evaluated(table, 2));
    assert_int_equal(nb_table_get_info(table)->evaluated, 3);
    nb_table_close(table);
    free(path);
}

static void names_and_orders_of_the_source_are_kept(void **state)
{
    (void)state;
    char *path = scratch_path("names.nbt");
    nb_table_writer *writer = open_writer(path);
    const char *const datasets[] = {"cifar10-valid", "cifar10", "ImageNet16-120"};
    const char *const schedules[] = {"full", "less", "90"};
    const char *const eval_names[2][2] = {{"x-valid", "ori-test"}, {"ori-test", "x-valid"}};
    for (int s = 0; s < 3; s++) {
        for (int d = 0; d < 3; d++) {
            for (uint32_t row = 0; row < 2; row++) {
                nb_trial trial = plain_trial(row, 777, 2);
                trial.dataset = datasets[d];
                trial.schedule = schedules[s];
                trial.eval_names = eval_names[row];
                trial.eval_name_count = 2;
                trial.config = (nb_arch_config){16, 5, 10, "|genotype~0|"};
                add(writer, &trial);
            }
        }
    }
    const char *const backwards[] = {"ImageNet16-120", "cifar10-valid", "cifar10"};
    assert_int_equal(nb_table_writer_dataset_order(writer, 1, "12", backwards, 3, NULL), NB_OK);
    assert_int_equal(nb_table_writer_mark_evaluated(writer, 15624, NULL), NB_OK);
    nb_table *table = commit_and_open(writer, path);

    const nb_table_info *info = nb_table_get_info(table);
    assert_string_equal(info->benchmark, "test");
    assert_string_equal(info->source, "made up");
    assert_int_equal(info->flavour, NB_FLAVOUR_NATS);
    assert_ptr_equal(info->space, topology());
    assert_int_equal(info->setups, 9);
    assert_string_equal(nb_table_schedule(table, 0), "12");
    assert_string_equal(nb_table_schedule(table, 1), "90");
    assert_string_equal(nb_table_schedule(table, 2), "200");
    assert_null(nb_table_schedule(table, 3));
    assert_string_equal(nb_table_dataset(table, 2), "ImageNet16-120");
    assert_int_equal(nb_table_setup(table, "cifar10", "less"), nb_table_setup(table, "cifar10", "12"));
    assert_int_equal(nb_table_setup(table, "cifar10", "full"), nb_table_setup(table, "cifar10", "200"));
    assert_int_equal(nb_table_setup(table, "cifar10", "091"), -1);
    assert_int_equal(nb_table_setup(table, "cifar10", "090"), nb_table_setup(table, "cifar10", "90"));
    assert_int_equal(nb_table_setup(table, "cifar100", "12"), -1);

    uint32_t order[4];
    assert_int_equal(nb_table_row_datasets(table, 1, "less", order, 4), 3);
    assert_int_equal(order[0], 2);
    assert_int_equal(order[1], 0);
    assert_int_equal(nb_table_row_datasets(table, 0, "12", order, 4), 3);
    assert_int_equal(order[0], 0);
    assert_int_equal(nb_table_row_datasets(table, 2, "12", order, 4), 0);

    uint32_t setup = (uint32_t)nb_table_setup(table, "cifar10", "12");
    assert_int_equal(nb_table_trial_eval_splits(table, setup, 0, order, 4), 2);
    assert_string_equal(nb_table_setup_info(table, setup)->splits[order[0]], "x-valid");
    assert_int_equal(nb_table_trial_eval_splits(table, setup, 1, order, 4), 2);
    assert_string_equal(nb_table_setup_info(table, setup)->splits[order[0]], "ori-test");
    assert_int_equal(nb_table_setup_info(table, setup)->config.classes, 10);
    assert_string_equal(nb_table_setup_info(table, setup)->config.genotype, "|genotype~0|");
    assert_true(nb_table_is_evaluated(table, 15624));
    assert_int_equal(info->evaluated, 3);
    nb_table_close(table);
    free(path);
}

static void rows_follow_the_official_order_when_nothing_else_is_said(void **state)
{
    (void)state;
    char *path = scratch_path("official.nbt");
    nb_table *table = commit_and_open(open_writer(path), path);
    assert_int_equal(nb_table_get_info(table)->rows, 15625);
    assert_int_equal(nb_table_get_info(table)->evaluated, 0);
    char text[NB_ARCH_TEXT_SIZE];
    for (uint32_t row = 0; row < 15625; row += 7) {
        nb_arch arch = nb_table_arch(table, row);
        assert_int_equal(nb_table_row(table, &arch), row);
        assert_true(nb_space_format(topology(), &arch, text, sizeof text) > 0);
        assert_int_equal(nb_table_row_of_string(table, text), row);
        assert_int_equal(nb_table_row_of_text(table, text, strlen(text)), row);
        assert_int_equal(nb_table_row_of_text(table, text, strlen(text) - 1), -1);
    }
    assert_int_equal(nb_table_row_of_string(table, "|nor_conv_3x3~0|"), -1);
    assert_int_equal(nb_table_row_of_string(table, ""), -1);
    nb_table_close(table);
    free(path);
}

static void rows_may_have_an_order_of_their_own(void **state)
{
    (void)state;
    char *path = scratch_path("custom.nbt");
    nb_arch archs[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(nb_space_at(topology(), (uint64_t)(1000 - 300 * i), &archs[i], NULL), NB_OK);
    nb_table_description description = {.space = topology(), .archs = archs, .rows = 3, .flavour = NB_FLAVOUR_1_1};
    nb_table_writer *writer;
    assert_int_equal(nb_table_writer_open(path, &description, &writer, NULL), NB_OK);
    nb_table *table = commit_and_open(writer, path);
    assert_int_equal(nb_table_get_info(table)->rows, 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(nb_table_row(table, &archs[i]), i);
        nb_arch arch = nb_table_arch(table, i);
        assert_true(nb_arch_equal(&arch, &archs[i]));
    }
    nb_arch other;
    assert_int_equal(nb_space_at(topology(), 5, &other, NULL), NB_OK);
    assert_int_equal(nb_table_row(table, &other), -1);
    nb_table_close(table);

    archs[2] = archs[0];
    nb_error err;
    assert_int_equal(nb_table_writer_open(path, &description, &writer, &err), NB_ERR_EXISTS);
    assert_non_null(strstr(err.message, "row 2"));
    assert_non_null(strstr(err.message, "already row 0"));
    free(path);
}

static void the_size_space_has_tables_too(void **state)
{
    (void)state;
    char *path = scratch_path("size.nbt");
    nb_table_description description = {.space = nb_space_find("nats-size", NULL), .flavour = NB_FLAVOUR_NATS};
    nb_table_writer *writer;
    assert_int_equal(nb_table_writer_open(path, &description, &writer, NULL), NB_OK);
    nb_table *table = commit_and_open(writer, path);
    assert_int_equal(nb_table_get_info(table)->rows, 32768);
    assert_int_equal(nb_table_row_of_string(table, "8:8:8:16:32"), 11);
    nb_arch arch = nb_table_arch(table, 11);
    assert_int_equal(arch.code[4], 32);
    nb_table_close(table);
    free(path);
}

/* ---------------------------------------------------------------- what a writer refuses */

static void assert_add_fails(nb_table_writer *writer, const nb_trial *trial, nb_status expected, const char *message_part)
{
    nb_error err = {0};
    assert_int_equal(nb_table_writer_add(writer, trial, &err), expected);
    if (!strstr(err.message, message_part))
        fail_msg("'%s' expected in '%s'", message_part, err.message);
}

static void impossible_trials_are_refused_and_the_writer_goes_on(void **state)
{
    (void)state;
    char *path = scratch_path("refused.nbt");
    nb_table_writer *writer = open_writer(path);
    const double values[3] = {1, 2, 3};
    nb_curve curve = {"train", NB_METRIC_LOSS, 0, 3, values, NULL};
    nb_trial good = plain_trial(0, 777, 3);
    good.curves = &curve;
    good.curve_count = 1;
    good.config.classes = 10;
    add(writer, &good);

    nb_trial trial = good;
    trial.row = 15625;
    assert_add_fails(writer, &trial, NB_ERR_ARGUMENT, "row 15625: the table has 15625 rows");
    trial = good;
    trial.epochs = 2;
    assert_add_fails(writer, &trial, NB_ERR_ARGUMENT, "epochs 0 to 3 of a trial of 2 epochs");
    trial = good;
    trial.epochs = 0;
    assert_add_fails(writer, &trial, NB_ERR_ARGUMENT, "0 epochs");
    trial = good;
    trial.config.classes = 100;
    assert_add_fails(writer, &trial, NB_ERR_ARGUMENT, "100 classes");
    trial = good;
    trial.dataset = "a/b";
    assert_add_fails(writer, &trial, NB_ERR_ARGUMENT, "without '/'");
    trial = good;
    trial.schedule = "";
    assert_add_fails(writer, &trial, NB_ERR_ARGUMENT, "schedule");
    const nb_curve twice[2] = {curve, curve};
    trial = good;
    trial.curves = twice;
    trial.curve_count = 2;
    assert_add_fails(writer, &trial, NB_ERR_ARGUMENT, "train loss is given twice");
    nb_curve odd = curve;
    odd.metric = NB_METRIC_COUNT;
    trial.curves = &odd;
    trial.curve_count = 1;
    assert_add_fails(writer, &trial, NB_ERR_ARGUMENT, "metric");
    odd = curve;
    odd.values = NULL;
    assert_add_fails(writer, &trial, NB_ERR_ARGUMENT, "no values");
    odd = curve;
    odd.first_epoch = UINT32_MAX;
    assert_add_fails(writer, &trial, NB_ERR_ARGUMENT, "epochs");

    nb_table *table = commit_and_open(writer, path);
    assert_int_equal(nb_table_get_info(table)->trials, 1);
    assert_int_equal(nb_table_setup_info(table, 0)->split_count, 1);
    assert_value(table, "cifar10", "train", NB_METRIC_LOSS, 0, 2, 3);
    nb_table_close(table);
    free(path);
}

static void a_trial_given_twice_fails_the_commit_and_leaves_the_old_file(void **state)
{
    (void)state;
    char *path = scratch_path("twice.nbt");
    write_file(path, "old", 3);
    nb_table_writer *writer = open_writer(path);
    nb_trial trial = plain_trial(42, 888, 1);
    add(writer, &trial);
    trial.row = 41;
    add(writer, &trial);
    trial.row = 42;
    add(writer, &trial);
    nb_error err;
    assert_int_equal(nb_table_writer_commit(writer, NULL, &err), NB_ERR_EXISTS);
    assert_non_null(strstr(err.message, "row 42: cifar10/12: two trials with seed 888"));
    size_t size;
    uint8_t *bytes = read_file(path, &size);
    assert_int_equal(size, 3);
    free(bytes);
    assert_int_equal(temporary_files(), 0);
    free(path);
}

static void a_stopped_commit_leaves_nothing(void **state)
{
    (void)state;
    char *path = scratch_path("stopped.nbt");
    nb_table_writer *writer = open_writer(path);
    const double loss = 1;
    const nb_curve curve = {"train", NB_METRIC_LOSS, 0, 1, &loss, NULL};
    nb_trial trial = plain_trial(0, 777, 1);
    trial.curves = &curve;
    trial.curve_count = 1;
    add(writer, &trial);
    atomic_int cancel = 1;
    nb_progress progress = {.cancel = &cancel};
    assert_int_equal(nb_table_writer_commit(writer, &progress, NULL), NB_ERR_CANCELLED);
    assert_false(file_exists(path));
    assert_int_equal(temporary_files(), 0);

    writer = open_writer(path);
    add(writer, &trial);
    nb_table_writer_abort(writer);
    nb_table_writer_abort(NULL);
    assert_false(file_exists(path));
    assert_int_equal(temporary_files(), 0);
    free(path);
}

/* ---------------------------------------------------------------- faults of the system */

/* Some MB of trials: more than the writer keeps in memory. */
static nb_status write_large(const char *path, nb_error *err)
{
    enum { EPOCHS = 200 };
    static double values[EPOCHS];
    for (int e = 0; e < EPOCHS; e++)
        values[e] = 0.1 * e;
    nb_table_writer *writer = open_writer(path);
    nb_status status = NB_OK;
    for (uint32_t row = 0; row < 4000 && status == NB_OK; row++) {
        const nb_curve curve = {"train", NB_METRIC_LOSS, 0, EPOCHS, values, NULL};
        nb_trial trial = plain_trial(row, 777, EPOCHS);
        trial.curves = &curve;
        trial.curve_count = 1;
        status = nb_table_writer_add(writer, &trial, err);
    }
    if (status == NB_OK)
        return nb_table_writer_commit(writer, NULL, err);
    assert_int_equal(nb_table_writer_commit(writer, NULL, NULL), NB_ERR_ARGUMENT); /* broken: refuses, and frees itself */
    return status;
}

static nb_status write_with_file_limit(const char *path, uint64_t limit, nb_error *err)
{
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){limit, before.rlim_max}), 0);
    nb_status status = write_large(path, err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    return status;
}

static void a_full_disk_at_any_point_leaves_the_old_file(void **state)
{
    (void)state;
    char *path = scratch_path("full.nbt");
    write_file(path, "old", 3);
    const uint64_t limits[] = {0, 1000, 100000, 3000000, 4300000, 6000000, 6400000, 6500000};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        nb_error err;
        nb_status status = write_with_file_limit(path, limits[i], &err);
        assert_int_equal(status, NB_ERR_IO);
        assert_non_null(strstr(err.message, "full.nbt"));
        size_t size;
        uint8_t *bytes = read_file(path, &size);
        assert_int_equal(size, 3);
        free(bytes);
        assert_int_equal(temporary_files(), 0);
    }
    assert_int_equal(write_with_file_limit(path, 20000000, NULL), NB_OK);
    nb_table *table;
    assert_int_equal(nb_table_open(path, &table, NULL), NB_OK);
    assert_value(table, "cifar10", "train", NB_METRIC_LOSS, 3999, 199, 0.1 * 199);
    nb_table_close(table);
    free(path);
}

static void die(void *user, uint64_t done, uint64_t total, const char *note)
{
    (void)user, (void)done, (void)total, (void)note;
    raise(SIGKILL);
}

static void a_killed_writer_leaves_the_old_file_and_a_recognisable_temporary(void **state)
{
    (void)state;
    char *path = scratch_path("killed.nbt");
    write_file(path, "old", 3);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        nb_progress progress = {.report = die};
        nb_table_writer *writer = open_writer(path);
        nb_trial trial = plain_trial(0, 777, 1);
        add(writer, &trial);
        nb_table_writer_commit(writer, &progress, NULL); /* dies when the first block is written */
        _exit(0);
    }
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how));
    size_t size;
    uint8_t *bytes = read_file(path, &size);
    assert_int_equal(size, 3);
    free(bytes);
    assert_int_equal(temporary_files(), 1);
    remove_temporary_files();
    free(path);
}

/* Opens, adds two trials and commits; any allocation may fail. */
static nb_status write_small(const char *path)
{
    const double values[3] = {1, 2, 3};
    const nb_curve curves[2] = {{"train", NB_METRIC_LOSS, 0, 3, values, NULL}, {"x-valid", NB_METRIC_LOSS, 2, 1, values, NULL}};
    nb_table_writer *writer;
    nb_table_description description = {.space = topology(), .flavour = NB_FLAVOUR_NATS};
    nb_status status = nb_table_writer_open(path, &description, &writer, NULL);
    if (status != NB_OK)
        return status;
    for (uint32_t seed = 777; seed < 779 && status == NB_OK; seed++) {
        nb_trial trial = plain_trial(3, seed, 3);
        trial.curves = curves;
        trial.curve_count = 2;
        trial.latency = values;
        trial.latency_count = seed - 776;
        trial.flops = 1.5;
        trial.config.genotype = "g";
        status = nb_table_writer_add(writer, &trial, NULL);
    }
    const char *const order[] = {"other", "cifar10"};
    if (status == NB_OK)
        status = nb_table_writer_dataset_order(writer, 3, "12", order, 2, NULL);
    if (status != NB_OK) {
        nb_table_writer_abort(writer);
        return status;
    }
    return nb_table_writer_commit(writer, NULL, NULL);
}

static void every_failing_allocation_of_a_writer_is_an_error_without_a_leak(void **state)
{
    (void)state;
    if (!heap_is_watched())
        skip();
    char *path = scratch_path("no-memory.nbt");
    assert_int_equal(write_small(path), NB_OK); /* warm: the space builds its tables once */
    long before = heap_blocks();
    bool failed = true;
    for (long i = 0; failed; i++) {
        assert_true(i < 10000);
        remove(path);
        heap_fail_after(i);
        nb_status status = write_small(path);
        failed = heap_has_failed();
        heap_fail_after(-1);
        assert_int_equal(heap_blocks(), before);
        assert_int_equal(file_exists(path), status == NB_OK);
        if (failed && status != NB_OK)
            assert_int_equal(status, NB_ERR_MEMORY);
    }
    assert_int_equal(temporary_files(), 0);
    free(path);
}

static void every_failing_allocation_of_a_reader_is_an_error_without_a_leak(void **state)
{
    (void)state;
    if (!heap_is_watched())
        skip();
    char *path = scratch_path("no-memory-read.nbt");
    assert_int_equal(write_small(path), NB_OK);
    long before = heap_blocks();
    bool failed = true;
    for (long i = 0; failed; i++) {
        assert_true(i < 10000);
        heap_fail_after(i);
        nb_table *table = NULL;
        nb_status status = nb_table_open(path, &table, NULL);
        failed = heap_has_failed();
        heap_fail_after(-1);
        assert_int_equal(status, failed ? NB_ERR_MEMORY : NB_OK);
        if (status == NB_OK)
            nb_table_close(table);
        assert_int_equal(heap_blocks(), before);
    }
    free(path);
}

/* ---------------------------------------------------------------- malformed files */

/* Every function on every index near the borders: nothing may be read outside the file. */
static void use_everything(const nb_table *table)
{
    uint32_t list[8], first;
    double value;
    const double *latency;
    uint32_t rows = nb_table_get_info(table)->rows;
    for (uint32_t row = 0; row<rows; row += rows> 100 ? 97 : 1) {
        nb_arch arch = nb_table_arch(table, row);
        nb_table_row(table, &arch);
        nb_table_is_evaluated(table, row);
        nb_table_row_datasets(table, row, "12", list, 8);
        for (uint32_t s = 0; s < nb_table_get_info(table)->setups; s++) {
            uint32_t count = nb_table_trials(table, s, row, &first);
            for (uint32_t t = first; t < first + (count < 4 ? count : 4); t++) {
                nb_table_trial_seed(table, s, t);
                nb_table_trial_flops(table, s, t);
                if (nb_table_trial_latency(table, s, t, &latency) > 0)
                    assert_true(latency[0] == latency[0] || true);
                nb_table_trial_eval_splits(table, s, t, list, 8);
                for (uint32_t split = 0; split < nb_table_setup_info(table, s)->split_count; split++) {
                    for (int m = 0; m < NB_METRIC_COUNT; m++) {
                        for (uint32_t e = 0; e < nb_table_trial_epochs(table, s, t); e++)
                            nb_table_value(table, s, t, split, (nb_metric)m, e, &value);
                    }
                }
            }
        }
    }
    nb_table_verify(table, NULL, NULL);
}

static void open_and_use(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1); /* exactly as long as the data: the sanitizer sees every step outside */
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    nb_table *table;
    if (nb_table_open_memory(copy, size, "damaged", &table, NULL) == NB_OK) {
        use_everything(table);
        nb_table_close(table);
    }
    free(copy);
}

/* A table of three rows with everything in it. */
static uint8_t *small_table(size_t *size)
{
    char *path = scratch_path("small.nbt");
    nb_arch archs[3];
    for (uint64_t i = 0; i < 3; i++)
        assert_int_equal(nb_space_at(nb_space_find("nats-size", NULL), 2 - i, &archs[i], NULL), NB_OK);
    nb_table_description description = {.space = nb_space_find("nats-size", NULL), .archs = archs, .rows = 3, .flavour = NB_FLAVOUR_NATS};
    nb_table_writer *writer;
    assert_int_equal(nb_table_writer_open(path, &description, &writer, NULL), NB_OK);
    const double values[3] = {1, NAN, 3.3};
    for (uint32_t i = 0; i < 4; i++) {
        const nb_curve curves[3] = {{"train", NB_METRIC_LOSS, 0, 2 + i / 3, values, NULL},
                                    {"x-valid", NB_METRIC_ACCURACY, 1 + i / 3, 1, values, NULL},
                                    {"train", NB_METRIC_TIME, 0, 2, values, NULL}};
        nb_trial trial = plain_trial(i / 2, 777 + i, 2 + i / 3);
        trial.curves = curves;
        trial.curve_count = 3 - i % 2;
        trial.latency = values;
        trial.latency_count = i % 3;
        trial.params = i;
        add(writer, &trial);
    }
    const char *const order[] = {"other", "cifar10"};
    assert_int_equal(nb_table_writer_dataset_order(writer, 0, "12", order, 2, NULL), NB_OK);
    nb_table_close(commit_and_open(writer, path));
    uint8_t *bytes = read_file(path, size);
    free(path);
    return bytes;
}

static void every_truncation_is_an_error(void **state)
{
    (void)state;
    size_t size;
    uint8_t *bytes = small_table(&size);
    for (size_t cut = 0; cut < size; cut += cut < 16384 && size - cut > 300 ? 1 : 37) {
        nb_table *table;
        nb_error err;
        nb_status status = nb_table_open_memory(bytes, cut, "cut.nbt", &table, &err);
        assert_int_not_equal(status, NB_OK);
        assert_non_null(strstr(err.message, "cut.nbt"));
    }
    free(bytes);
}

static void an_altered_byte_is_found(void **state)
{
    (void)state;
    size_t size;
    uint8_t *bytes = small_table(&size);
    nb_rng rng = nb_rng_seed(7, 7);
    for (int round = 0; round < 3000; round++) {
        size_t at = round % 2 ? nb_rng_below(&rng, size) : nb_rng_below(&rng, size < 6000 ? size : 6000);
        uint8_t was = bytes[at];
        bytes[at] = (uint8_t)(was ^ 1u << nb_rng_below(&rng, 8));
        nb_table *table;
        nb_status status = nb_table_open_memory(bytes, size, "altered", &table, NULL);
        if (status == NB_OK) {
            assert_int_equal(nb_table_verify(table, NULL, NULL), NB_ERR_CORRUPT);
            nb_table_close(table);
        }
        bytes[at] = was;
    }
    free(bytes);
}

/* The checksum of the header would stop most damage; make it right again to reach what is behind. */
static void mend_header_sum(uint8_t *bytes, size_t size)
{
    uint64_t header_size = 8 + nb_load_le64(bytes);
    if (header_size + 8 <= size)
        nb_store_le64(bytes + header_size, nb_checksum(bytes, 1, header_size, 0));
}

static void damage_behind_the_checksum_never_leads_outside(void **state)
{
    (void)state;
    size_t size;
    uint8_t *bytes = small_table(&size);
    uint8_t *copy = malloc(size);
    assert_non_null(copy);
    for (uint64_t round = 0; round < 4000; round++) {
        nb_rng rng = nb_rng_seed(11, round);
        memcpy(copy, bytes, size);
        uint64_t changes = 1 + nb_rng_below(&rng, 4);
        for (uint64_t i = 0; i < changes; i++) {
            size_t at = nb_rng_below(&rng, 2) ? nb_rng_below(&rng, size) : 8 + nb_rng_below(&rng, 4000);
            copy[at % size] = (uint8_t)(nb_rng_below(&rng, 3) ? '0' + nb_rng_below(&rng, 10) : nb_rng_next(&rng));
        }
        mend_header_sum(copy, size);
        open_and_use(copy, size);
    }
    free(copy);
    free(bytes);
}

static void assert_open_fails(const char *from, const char *to, nb_status expected, const char *message_part)
{
    size_t size;
    uint8_t *bytes = small_table(&size);
    uint8_t *place = memmem(bytes, size, from, strlen(from));
    if (!place)
        fail_msg("no '%s' in the header", from);
    assert_int_equal(strlen(from), strlen(to));
    memcpy(place, to, strlen(to));
    mend_header_sum(bytes, size);
    nb_table *table;
    nb_error err = {0};
    assert_int_equal(nb_table_open_memory(bytes, size, "odd.nbt", &table, &err), expected);
    if (!strstr(err.message, message_part) || !strstr(err.message, "odd.nbt"))
        fail_msg("'%s' expected in '%s'", message_part, err.message);
    free(bytes);
}

static void a_wrong_header_is_refused_with_the_reason(void **state)
{
    (void)state;
    assert_open_fails("\"checksum\"", "\"checksam\"", NB_ERR_FORMAT, "no tensor 'checksum'");
    assert_open_fails("\"format\"", "\"Format\"", NB_ERR_FORMAT, "no 'format'");
    assert_open_fails("nasbench-table", "nasbench-chair", NB_ERR_FORMAT, "'nasbench-table' expected");
    assert_open_fails("\"format_version\":\"1\"", "\"format_version\":\"2\"", NB_ERR_UNSUPPORTED, "'1' expected");
    assert_open_fails("\"nats-size\"", "\"nats-SAZE\"", NB_ERR_UNSUPPORTED, "nats-SAZE");
    assert_open_fails("\"flavour\":\"nats\"", "\"flavour\":\"rats\"", NB_ERR_UNSUPPORTED, "rats");
    assert_open_fails("\\\"trials\\\":4", "\\\"trials\\\":5", NB_ERR_FORMAT, "for each trial");
    assert_open_fails("\\\"epochs\\\":3", "\\\"epochs\\\":2", NB_ERR_FORMAT, "for each trial");
    assert_open_fails("\\\"epochs\\\":3", "\\\"epochs\\\":0", NB_ERR_FORMAT, "no epochs");
    assert_open_fails("\\\"epochs\\\":3", "\\\"apochs\\\":3", NB_ERR_FORMAT, "a key that a setup does not have");
    assert_open_fails("\\\"eval_orders\\\":[[1", "\\\"eval_orders\\\":[[9", NB_ERR_FORMAT, "split number 9");
    assert_open_fails("\"cifar10/12/seed\"", "\"cifar10/12/sood\"", NB_ERR_FORMAT, "no tensor 'seed'");
    assert_open_fails("\"cifar10/12/train/loss\"", "\"cifar10/12/traim/loss\"", NB_ERR_FORMAT, "not in the setup's list");
    assert_open_fails("accuracy.last", "accuracy.lust", NB_ERR_FORMAT, "unknown ending");
    assert_open_fails("\"arch\"", "\"orch\"", NB_ERR_FORMAT, "no tensor 'arch'");
    assert_open_fails("\"arch.index\"", "\"arch.endex\"", NB_ERR_FORMAT, "no tensor 'arch.index'");
    assert_open_fails("\"arch.index\":{\"dtype\":\"U32\"", "\"arch.index\":{\"dtype\":\"F32\"", NB_ERR_FORMAT, "U32 for each row");
}

static void something_else_than_a_table_is_refused(void **state)
{
    (void)state;
    char *path = scratch_path("weights.safetensors");
    float x = 1;
    nb_st_tensor tensor = {.name = "x", .dtype = NB_DTYPE_F32, .rank = 0, .data = &x};
    assert_int_equal(nb_safetensors_write(path, &tensor, 1, NULL, 0, NULL), NB_OK);
    nb_table *table;
    nb_error err;
    assert_int_equal(nb_table_open(path, &table, &err), NB_ERR_FORMAT);
    assert_non_null(strstr(err.message, "weights.safetensors: not a nasbench table"));
    assert_int_equal(nb_table_open("/no/such/table", &table, &err), NB_ERR_NOT_FOUND);
    free(path);
}

/* ---------------------------------------------------------------- threads */

typedef struct reader_job {
    const char *path;
    const nb_table *shared;
    double sum;
} reader_job;

static void *read_in_a_thread(void *argument)
{
    reader_job *job = argument;
    nb_table *own;
    if (nb_table_open(job->path, &own, NULL) != NB_OK)
        return NULL;
    const nb_table *tables[2] = {own, job->shared};
    for (int which = 0; which < 2; which++) {
        nb_query query;
        const nb_query_spec spec = {
            .dataset = "cifar10", .schedule = "12", .split = "train", .metric = NB_METRIC_LOSS, .epoch = NB_EPOCH_LAST};
        if (nb_query_compile(tables[which], &spec, &query, NULL) != NB_OK)
            break;
        for (uint32_t row = 0; row < MODEL_TRIALS; row++) {
            double value;
            if (nb_query_get(&query, row, &value) && nb_table_row_of_string(tables[which], "|none~0|") < 0)
                job->sum += value;
        }
    }
    nb_table_close(own);
    return NULL;
}

static void eight_threads_open_and_read_at_once(void **state)
{
    (void)state;
    char *path = scratch_path("threads.nbt");
    nb_table_writer *writer = open_writer(path);
    double expected = 0;
    for (uint32_t i = 0; i < MODEL_TRIALS; i++) {
        const double values[3] = {0, 1, i};
        const nb_curve curve = {"train", NB_METRIC_LOSS, 0, 3, values, NULL};
        nb_trial trial = plain_trial(i, 777, 3);
        trial.curves = &curve;
        trial.curve_count = 1;
        add(writer, &trial);
        expected += 2 * i;
    }
    nb_table *table = commit_and_open(writer, path);
    pthread_t threads[8];
    reader_job jobs[8];
    for (int i = 0; i < 8; i++) {
        jobs[i] = (reader_job){path, table, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, read_in_a_thread, &jobs[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        assert_true(jobs[i].sum == expected);
    }
    nb_table_close(table);
    free(path);
}

static void metric_and_flavour_names_are_read_again(void **state)
{
    (void)state;
    for (int i = 0; i < NB_METRIC_COUNT; i++) {
        nb_metric metric;
        assert_int_equal(nb_metric_parse(nb_metric_name((nb_metric)i), &metric, NULL), NB_OK);
        assert_int_equal(metric, i);
    }
    for (int i = 0; i < NB_FLAVOUR_COUNT; i++) {
        nb_flavour flavour;
        assert_int_equal(nb_flavour_parse(nb_flavour_name((nb_flavour)i), &flavour, NULL), NB_OK);
        assert_int_equal(flavour, i);
    }
    nb_metric metric;
    nb_error err;
    assert_int_equal(nb_metric_parse("top1", &metric, &err), NB_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "accuracy"));
    assert_null(nb_metric_name(NB_METRIC_COUNT));
    assert_null(nb_flavour_name(NB_FLAVOUR_COUNT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_tables_come_back_bit_for_bit),
        cmocka_unit_test(each_kind_of_curve_is_stored_in_its_own_way),
        cmocka_unit_test(a_measured_nan_is_told_from_a_missing_value),
        cmocka_unit_test(trials_of_a_row_are_neighbours_with_ascending_seeds),
        cmocka_unit_test(names_and_orders_of_the_source_are_kept),
        cmocka_unit_test(rows_follow_the_official_order_when_nothing_else_is_said),
        cmocka_unit_test(rows_may_have_an_order_of_their_own),
        cmocka_unit_test(the_size_space_has_tables_too),
        cmocka_unit_test(impossible_trials_are_refused_and_the_writer_goes_on),
        cmocka_unit_test(a_trial_given_twice_fails_the_commit_and_leaves_the_old_file),
        cmocka_unit_test(a_stopped_commit_leaves_nothing),
        cmocka_unit_test(a_full_disk_at_any_point_leaves_the_old_file),
        cmocka_unit_test(a_killed_writer_leaves_the_old_file_and_a_recognisable_temporary),
        cmocka_unit_test(every_failing_allocation_of_a_writer_is_an_error_without_a_leak),
        cmocka_unit_test(every_failing_allocation_of_a_reader_is_an_error_without_a_leak),
        cmocka_unit_test(every_truncation_is_an_error),
        cmocka_unit_test(an_altered_byte_is_found),
        cmocka_unit_test(damage_behind_the_checksum_never_leads_outside),
        cmocka_unit_test(a_wrong_header_is_refused_with_the_reason),
        cmocka_unit_test(something_else_than_a_table_is_refused),
        cmocka_unit_test(eight_threads_open_and_read_at_once),
        cmocka_unit_test(metric_and_flavour_names_are_read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
