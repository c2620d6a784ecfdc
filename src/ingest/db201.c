#include "ingest/db201.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/progress.h"
#include "nasbench/space.h"

#define CHANNELS 16 /* of every config, as NNI's importer has it */
#define CELLS 5

/* The data sets in the order of the config rows, and the evaluation sets that NNI calls valid and test; ori_test is "ori-test" for all.
 * (nni/nas/benchmark/nasbench201/db_gen.py) */
typedef struct dataset201 {
    const char *name;
    const char *valid;
    const char *test;
} dataset201;

enum { DATASETS = 4 };
static const dataset201 datasets[DATASETS] = {
    {"cifar10-valid", "x-valid", "ori-test"},
    {"cifar10", "ori-test", "ori-test"},
    {"cifar100", "x-valid", "x-test"},
    {"imagenet16-120", "x-valid", "x-test"},
};

/* The schedules whose configs are there from the start. */
static const uint32_t usual_epochs[] = {12, 200};
enum { USUAL = sizeof usual_epochs / sizeof *usual_epochs };

/* A schedule and data set whose configs come with their first trials. */
struct nb_db201_setup {
    uint32_t epochs;
    int dataset;
    int64_t *ids; /* [rows] of the configs, 0: none yet */
};

void nb_db201_free(nb_db201 *db)
{
    for (size_t i = 0; i < db->setup_count; i++)
        free(db->setups[i].ids);
    free(db->setups);
    free(db->archs);
    free(db->points);
    *db = (nb_db201){0};
}

/* ---- configs ---- */

static nb_status write_config(nb_db201 *db, uint32_t row, uint32_t epochs, int dataset, int64_t *id, nb_error *err)
{
    char arch[NB_DB_ARCH_SIZE];
    nb_db_arch_format(&db->archs[row], arch, sizeof arch);
    const nb_db_config config = {
        .arch = arch, .num_epochs = epochs, .num_channels = CHANNELS, .num_cells = CELLS, .dataset = datasets[dataset].name};
    return nb_db_writer_config(db->writer, &config, id, err);
}

static nb_status write_configs(nb_db201 *db, nb_error *err)
{
    for (uint32_t row = 0; row < db->rows; row++)
        for (int schedule = 0; schedule < USUAL; schedule++)
            for (int dataset = 0; dataset < DATASETS; dataset++)
                NB_TRY(write_config(db, row, usual_epochs[schedule], dataset, NULL, err));
    return NB_OK;
}

static nb_status open_db(void *user, const nb_table_description *description, nb_error *err)
{
    nb_db201 *db = user;
    const nb_space *space = description->space;
    if (nb_space_get_id(space) != NB_SPACE_TOPOLOGY)
        return nb_fail(err, NB_ERR_UNSUPPORTED, "a database of nasbench201 holds that space only, these are architectures of %s",
                       nb_space_name(space));
    db->rows = description->archs ? description->rows : (uint32_t)nb_space_size(space);
    db->archs = calloc(db->rows, sizeof *db->archs);
    if (!db->archs)
        return nb_fail(err, NB_ERR_MEMORY, "no memory for %u architectures", db->rows);
    for (uint32_t row = 0; row < db->rows; row++) {
        if (description->archs)
            db->archs[row] = description->archs[row];
        else
            NB_TRY(nb_space_at(space, row, &db->archs[row], err));
    }
    return write_configs(db, err);
}

static nb_status add_setup(nb_db201 *db, uint32_t epochs, int dataset, struct nb_db201_setup **out, nb_error *err)
{
    struct nb_db201_setup *setups = realloc(db->setups, (db->setup_count + 1) * sizeof *setups);
    int64_t *ids = setups ? calloc(db->rows, sizeof *ids) : NULL;
    if (setups)
        db->setups = setups;
    if (!ids)
        return nb_fail(err, NB_ERR_MEMORY, "no memory for configs of %u epochs", epochs);
    db->setups[db->setup_count] = (struct nb_db201_setup){epochs, dataset, ids};
    *out = &db->setups[db->setup_count++];
    return NB_OK;
}

/* The config of a trial; one of an unusual length is made when it is first needed. */
static nb_status config_of(nb_db201 *db, uint32_t row, uint32_t epochs, int dataset, int64_t *id, nb_error *err)
{
    struct nb_db201_setup *setup = NULL;
    for (int i = 0; i < USUAL; i++)
        if (epochs == usual_epochs[i]) {
            *id = ((int64_t)row * USUAL + i) * DATASETS + dataset + 1;
            return NB_OK;
        }
    for (size_t i = 0; i < db->setup_count && !setup; i++)
        if (db->setups[i].epochs == epochs && db->setups[i].dataset == dataset)
            setup = &db->setups[i];
    if (!setup)
        NB_TRY(add_setup(db, epochs, dataset, &setup, err));
    if (setup->ids[row] == 0)
        NB_TRY(write_config(db, row, epochs, dataset, &setup->ids[row], err));
    *id = setup->ids[row];
    return NB_OK;
}

/* ---- trials ---- */

static bool is_dataset(const char *name, const char *lower)
{
    while (*name && tolower((unsigned char)*name) == *lower) {
        name++;
        lower++;
    }
    return *name == *lower;
}

static nb_status find_dataset(const char *name, int *out, nb_error *err)
{
    for (int i = 0; i < DATASETS; i++)
        if (is_dataset(name, datasets[i].name)) {
            *out = i;
            return NB_OK;
        }
    return nb_fail(err, NB_ERR_UNSUPPORTED, "a database of nasbench201 has no place for the data set '%.60s'", name);
}

/* The epochs that a schedule is called by. NNI takes every trial's last epoch from there. */
static nb_status epochs_of(const nb_trial *trial, uint32_t *out, nb_error *err)
{
    int64_t epochs;
    if (!nb_number_parse_int(trial->schedule, strlen(trial->schedule), &epochs) || epochs < 1 || epochs > UINT32_MAX)
        return nb_fail(err, NB_ERR_UNSUPPORTED, "the schedule '%.20s' is no number of epochs", trial->schedule);
    if (trial->epochs != epochs)
        return nb_fail(err, NB_ERR_FORMAT, "%u epochs, %lld expected", trial->epochs, (long long)epochs);
    *out = (uint32_t)epochs;
    return NB_OK;
}

static const nb_curve *find_curve(const nb_trial *trial, const char *split, nb_metric metric)
{
    for (size_t i = 0; i < trial->curve_count; i++)
        if (trial->curves[i].metric == metric && strcmp(trial->curves[i].split, split) == 0)
            return &trial->curves[i];
    return NULL;
}

/* NaN where nothing was measured, and where a measured loss is NaN: the database cannot tell these apart. */
static double value_at(const nb_curve *curve, uint32_t epoch, bool *measured)
{
    if (!curve || epoch < curve->first_epoch || epoch - curve->first_epoch >= curve->count)
        return (double)NAN;
    const uint32_t at = epoch - curve->first_epoch;
    if (curve->present && !curve->present[at])
        return (double)NAN;
    *measured = true;
    return curve->values[at];
}

/* The curves behind the eight columns, in the order of the columns. */
typedef struct columns201 {
    const nb_curve *curves[8];
} columns201;

static columns201 find_columns(const nb_trial *trial, int dataset)
{
    const char *const splits[4] = {"train", datasets[dataset].valid, datasets[dataset].test, "ori-test"};
    columns201 columns;
    for (int i = 0; i < 4; i++) {
        columns.curves[i] = find_curve(trial, splits[i], NB_METRIC_ACCURACY);
        columns.curves[4 + i] = find_curve(trial, splits[i], NB_METRIC_LOSS);
    }
    return columns;
}

/* False when nothing was measured at this epoch. */
static bool fill_point(const columns201 *columns, uint32_t epoch, nb_db_point *point)
{
    double *const places[8] = {&point->train_acc,  &point->valid_acc,  &point->test_acc,  &point->ori_test_acc,
                               &point->train_loss, &point->valid_loss, &point->test_loss, &point->ori_test_loss};
    bool measured = false;
    for (int i = 0; i < 8; i++)
        *places[i] = value_at(columns->curves[i], epoch, &measured);
    point->current_epoch = (int64_t)epoch + 1;
    return measured;
}

static nb_status fill_points(nb_db201 *db, const columns201 *columns, uint32_t epochs, nb_db_trial *row, nb_error *err)
{
    if (epochs > db->point_capacity) {
        nb_db_point *points = realloc(db->points, epochs * sizeof *points);
        if (!points)
            return nb_fail(err, NB_ERR_MEMORY, "no memory for a curve of %u epochs", epochs);
        db->points = points;
        db->point_capacity = epochs;
    }
    row->point_count = 0;
    for (uint32_t epoch = 0; epoch < epochs; epoch++)
        row->point_count += fill_point(columns, epoch, &db->points[row->point_count]);
    row->points = db->points;
    return NB_OK;
}

/* A time that the database must have. v1.0 of the benchmark lacks most; 0, which no time is, says so. */
static double known_time(double time, bool *missing)
{
    *missing |= isnan(time);
    return isnan(time) ? 0 : time;
}

/* Times are those of the last epoch; that of training stands for the whole run, as often as it has epochs. */
static void fill_times(nb_db201 *db, const nb_trial *trial, int dataset, uint32_t epochs, nb_db_trial *row)
{
    bool missing = false, measured = false;
    const uint32_t last = epochs - 1;
    const char *const splits[3] = {datasets[dataset].valid, datasets[dataset].test, "ori-test"};
    double *const places[3] = {&row->valid_evaluation_time, &row->test_evaluation_time, &row->ori_test_evaluation_time};
    for (int i = 0; i < 3; i++)
        *places[i] = known_time(value_at(find_curve(trial, splits[i], NB_METRIC_TIME), last, &measured), &missing);
    row->training_time = known_time(value_at(find_curve(trial, "train", NB_METRIC_TIME), last, &measured) * epochs, &missing);
    row->latency = known_time(trial->latency_count > 0 ? trial->latency[0] : (double)NAN, &missing);
    db->untimed += missing;
}

static nb_status fill_finals(const columns201 *columns, uint32_t epochs, nb_db_trial *row, nb_error *err)
{
    static const char *const names[4] = {"training", "validation", "test", "original test"};
    nb_db_point last;
    fill_point(columns, epochs - 1, &last);
    const double accuracies[4] = {last.train_acc, last.valid_acc, last.test_acc, last.ori_test_acc};
    for (int i = 0; i < 4; i++)
        if (isnan(accuracies[i]))
            return nb_fail(err, NB_ERR_FORMAT, "the %s accuracy of the last epoch is missing", names[i]);
    row->train_acc = last.train_acc;
    row->valid_acc = last.valid_acc;
    row->test_acc = last.test_acc;
    row->ori_test_acc = last.ori_test_acc;
    row->train_loss = last.train_loss;
    row->valid_loss = last.valid_loss;
    row->test_loss = last.test_loss;
    row->ori_test_loss = last.ori_test_loss;
    return NB_OK;
}

static nb_status write_trial(nb_db201 *db, const nb_trial *trial, nb_error *err)
{
    int dataset = 0;
    uint32_t epochs = 0;
    int64_t config = 0;
    nb_db_trial row = {.seed = trial->seed, .parameters = trial->params, .flops = trial->flops};
    NB_TRY(find_dataset(trial->dataset, &dataset, err));
    NB_TRY(epochs_of(trial, &epochs, err));
    const columns201 columns = find_columns(trial, dataset);
    NB_TRY(fill_finals(&columns, epochs, &row, err));
    fill_times(db, trial, dataset, epochs, &row);
    NB_TRY(fill_points(db, &columns, epochs, &row, err));
    NB_TRY(config_of(db, trial->row, epochs, dataset, &config, err));
    return nb_db_writer_trial(db->writer, config, &row, err);
}

static nb_status add_trial(void *user, const nb_trial *trial, nb_error *err)
{
    nb_db201 *db = user;
    if (trial->row >= db->rows)
        return nb_fail(err, NB_ERR_ARGUMENT, "architecture %u of %u", trial->row, db->rows);
    return write_trial(db, trial, err);
}

/* The database has no place for these. */
static nb_status pass_order(void *user, uint32_t row, const char *schedule, const char *const *names, size_t count, nb_error *err)
{
    (void)user, (void)row, (void)schedule, (void)names, (void)count, (void)err;
    return NB_OK;
}

static nb_status pass_mark(void *user, uint32_t row, nb_error *err)
{
    (void)user, (void)row, (void)err;
    return NB_OK;
}

nb_trial_sink nb_db201_sink(nb_db201 *db)
{
    return (nb_trial_sink){.user = db, .open = open_db, .trial = add_trial, .order = pass_order, .mark = pass_mark, .as_stored = true};
}

/* ---- a table as the source ---- */

enum { SPLITS_MAX = 65, CURVES_MAX = SPLITS_MAX * NB_METRIC_COUNT, ROW_DATASETS_MAX = 64 };

/* A trial of a row, and what decides its place among the others. */
typedef struct place201 {
    uint32_t seed;
    uint32_t position; /* of its data set among those of the row */
    uint32_t setup, trial;
} place201;

typedef struct table_reader {
    const nb_table *table;
    place201 *places;
    size_t place_count, place_capacity;
    nb_curve curves[CURVES_MAX];
    double *values; /* [value_capacity] of all curves of a trial */
    uint8_t *present;
    size_t value_capacity;
} table_reader;

static int compare_places(const void *a, const void *b)
{
    const place201 *left = a, *right = b;
    if (left->seed != right->seed)
        return left->seed < right->seed ? -1 : 1;
    return left->position < right->position ? -1 : left->position > right->position;
}

static nb_status add_place(table_reader *reader, place201 place, nb_error *err)
{
    if (reader->place_count == reader->place_capacity) {
        const size_t capacity = reader->place_capacity ? 2 * reader->place_capacity : 64;
        place201 *places = realloc(reader->places, capacity * sizeof *places);
        if (!places)
            return nb_fail(err, NB_ERR_MEMORY, "no memory for %zu trials", capacity);
        reader->places = places;
        reader->place_capacity = capacity;
    }
    reader->places[reader->place_count++] = place;
    return NB_OK;
}

/* The trials of a row under a schedule: by seed, and for each seed by data set. */
static nb_status find_places(table_reader *reader, uint32_t row, const char *schedule, nb_error *err)
{
    uint32_t names[ROW_DATASETS_MAX];
    reader->place_count = 0;
    uint32_t count = nb_table_row_datasets(reader->table, row, schedule, names, ROW_DATASETS_MAX);
    for (uint32_t i = 0; i < count && i < ROW_DATASETS_MAX; i++) {
        uint32_t first;
        const int setup = nb_table_setup(reader->table, nb_table_dataset(reader->table, names[i]), schedule);
        const uint32_t trials = setup < 0 ? 0 : nb_table_trials(reader->table, (uint32_t)setup, row, &first);
        for (uint32_t trial = 0; trial < trials; trial++) {
            const uint32_t seed = nb_table_trial_seed(reader->table, (uint32_t)setup, first + trial);
            NB_TRY(add_place(reader, (place201){seed, i, (uint32_t)setup, first + trial}, err));
        }
    }
    if (reader->place_count > 1)
        qsort(reader->places, reader->place_count, sizeof *reader->places, compare_places);
    return NB_OK;
}

static nb_status make_room(table_reader *reader, size_t count, nb_error *err)
{
    if (count <= reader->value_capacity)
        return NB_OK;
    double *values = realloc(reader->values, count * sizeof *values);
    if (values)
        reader->values = values;
    uint8_t *present = realloc(reader->present, count);
    if (present)
        reader->present = present;
    if (!values || !present)
        return nb_fail(err, NB_ERR_MEMORY, "no memory for %zu values", count);
    reader->value_capacity = count;
    return NB_OK;
}

/* Reads all curves of a trial out of the table. */
static nb_status read_curves(table_reader *reader, const place201 *place, nb_trial *trial, nb_error *err)
{
    const nb_setup_info *setup = nb_table_setup_info(reader->table, place->setup);
    size_t used = 0;
    if (setup->split_count > SPLITS_MAX)
        return nb_fail(err, NB_ERR_UNSUPPORTED, "%u evaluation sets", setup->split_count);
    NB_TRY(make_room(reader, (size_t)setup->split_count * NB_METRIC_COUNT * trial->epochs, err));
    for (uint32_t split = 0; split < setup->split_count; split++)
        for (int metric = 0; metric < NB_METRIC_COUNT; metric++) {
            if (nb_table_coverage(reader->table, place->setup, split, (nb_metric)metric) == NB_COVERAGE_NONE)
                continue;
            double *values = reader->values + used;
            uint8_t *present = reader->present + used;
            for (uint32_t epoch = 0; epoch < trial->epochs; epoch++)
                present[epoch] = nb_table_value(reader->table, place->setup, place->trial, split, (nb_metric)metric, epoch, &values[epoch]);
            used += trial->epochs;
            reader->curves[trial->curve_count++] = (nb_curve){setup->splits[split], (nb_metric)metric, 0, trial->epochs, values, present};
        }
    return NB_OK;
}

static nb_status add_place_trial(nb_db201 *db, table_reader *reader, uint32_t row, const place201 *place, nb_error *err)
{
    const nb_setup_info *setup = nb_table_setup_info(reader->table, place->setup);
    nb_trial trial = {
        .row = row,
        .dataset = setup->dataset,
        .schedule = setup->schedule,
        .seed = place->seed,
        .epochs = nb_table_trial_epochs(reader->table, place->setup, place->trial),
        .flops = nb_table_trial_flops(reader->table, place->setup, place->trial),
        .params = nb_table_trial_params(reader->table, place->setup, place->trial),
        .curves = reader->curves,
    };
    trial.latency_count = nb_table_trial_latency(reader->table, place->setup, place->trial, &trial.latency);
    NB_TRY(read_curves(reader, place, &trial, err));
    nb_status status = write_trial(db, &trial, err);
    if (status == NB_OK)
        return NB_OK;
    return nb_prefix(err, status, "architecture %u: trial (%s, %u) of %s epochs", row, setup->dataset, place->seed, setup->schedule);
}

/* The long schedule comes first, as in the published file. */
static nb_status add_row(nb_db201 *db, table_reader *reader, uint32_t row, nb_error *err)
{
    for (uint32_t i = nb_table_get_info(reader->table)->schedules; i-- > 0;) {
        NB_TRY(find_places(reader, row, nb_table_schedule(reader->table, i), err));
        for (size_t at = 0; at < reader->place_count; at++)
            NB_TRY(add_place_trial(db, reader, row, &reader->places[at], err));
    }
    return NB_OK;
}

static nb_status add_rows(nb_db201 *db, table_reader *reader, const nb_progress *progress, nb_error *err)
{
    const nb_table_info *info = nb_table_get_info(reader->table);
    for (uint32_t row = 0; row < info->rows; row++) {
        NB_TRY(nb_progress_check(progress, info->name, err));
        nb_progress_report(progress, row, info->rows, "trials");
        NB_TRY(add_row(db, reader, row, err));
    }
    return NB_OK;
}

/* The architectures of a table's rows, in memory that the caller frees. */
static nb_status list_archs(const nb_table *table, nb_arch **out, nb_error *err)
{
    const uint32_t rows = nb_table_get_info(table)->rows;
    nb_arch *archs = malloc((rows + 1) * sizeof *archs);
    if (!archs)
        return nb_fail(err, NB_ERR_MEMORY, "no memory for %u architectures", rows);
    for (uint32_t row = 0; row < rows; row++)
        archs[row] = nb_table_arch(table, row);
    *out = archs;
    return NB_OK;
}

nb_status nb_db201_add_table(nb_db201 *db, const nb_table *table, const nb_progress *progress, nb_error *err)
{
    const nb_table_info *info = nb_table_get_info(table);
    nb_arch *archs = NULL;
    NB_TRY(list_archs(table, &archs, err));
    const nb_table_description description = {.space = info->space, .archs = archs, .rows = info->rows};
    nb_status status = open_db(db, &description, err);
    free(archs);
    table_reader *reader = status == NB_OK ? calloc(1, sizeof *reader) : NULL;
    if (status == NB_OK && !reader)
        status = nb_fail(err, NB_ERR_MEMORY, "no memory to read a table");
    if (reader) {
        reader->table = table;
        status = add_rows(db, reader, progress, err);
        free(reader->places);
        free(reader->values);
        free(reader->present);
        free(reader);
    }
    return status == NB_OK ? NB_OK : nb_prefix(err, status, "%s", info->name);
}
