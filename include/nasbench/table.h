/* The table: everything that was measured in a search space, in one memory-mapped file.
 *
 * Axes. A *row* is an architecture (0..rows-1, the benchmark's own index). A *setup* is a dataset trained under a schedule
 * ("cifar10-valid" for "200" epochs). A *trial* is one training run of one architecture in one setup with one seed. A trial has
 * *curves*: a metric (loss, accuracy, ...) on a split ("train", "x-valid", ...) by epoch, counted from 0. All splits but "train" are
 * evaluation sets and keep the benchmark's names.
 *
 * Units: loss is mean cross entropy, accuracies are percent, times and latencies seconds, flops mega multiply-accumulates, params millions.
 * What was not measured is NaN with `false` as the answer to "measured?"; a measured NaN (a diverged loss) is NaN with `true`.
 *
 * The file is a safetensors file; docs/table-format.md describes every tensor. A table is immutable: any number of threads may read it. */
#ifndef NASBENCH_TABLE_H
#define NASBENCH_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nasbench/error.h"
#include "nasbench/progress.h"

#ifdef __cplusplus
extern "C" {
#endif

struct nb_arch;
struct nb_space;

typedef enum nb_metric {
    NB_METRIC_LOSS,
    NB_METRIC_ACCURACY,  /* top-1, percent */
    NB_METRIC_ACCURACY5, /* top-5, percent; published for the train split only */
    NB_METRIC_TIME,      /* seconds of that epoch */
    NB_METRIC_COUNT
} nb_metric;

/* "loss", "accuracy", "accuracy5", "time"; NULL outside the enumeration. */
NB_API const char *nb_metric_name(nb_metric metric);
NB_API nb_status nb_metric_parse(const char *name, nb_metric *out, nb_error *err);

/* Whose interface the data came with; decides which answers nb_table_more_info() and nb_table_show() give (see nasbench/query.h). */
typedef enum nb_flavour {
    NB_FLAVOUR_AA,   /* AA-NAS-Bench: one schedule, no times */
    NB_FLAVOUR_1_0,  /* nas_201_api 1.0 (and nas_102_api) */
    NB_FLAVOUR_1_1,  /* 1.1 */
    NB_FLAVOUR_1_2,  /* 1.2 */
    NB_FLAVOUR_1_3,  /* 1.3 */
    NB_FLAVOUR_2_0,  /* 2.0 */
    NB_FLAVOUR_NATS, /* nats_bench 1.8 */
    NB_FLAVOUR_101,  /* nasbench: see <nasbench/nasbench101_api.h> */
    NB_FLAVOUR_COUNT
} nb_flavour;

/* "aa", "1.0", "1.1", "1.2", "1.3", "2.0", "nats", "101"; NULL outside the enumeration. */
NB_API const char *nb_flavour_name(nb_flavour flavour);
NB_API nb_status nb_flavour_parse(const char *name, nb_flavour *out, nb_error *err);

/* Schedules are named as in the benchmarks: "12", "200", "01", "90", or any number of epochs. "less" and "full" mean "12" and "200". */

/* ------------------------------------------------------------------------------------------------------------------ writing */

typedef struct nb_table_writer nb_table_writer;

/* What a new table is about. Strings are copied. */
typedef struct nb_table_description {
    const struct nb_space *space;
    const struct nb_arch *archs; /* [rows] architecture of each row; NULL: the space's own order */
    uint32_t rows;               /* with archs NULL: 0 or the size of the space */
    nb_flavour flavour;          /* the interface that users of this data know */
    const char *benchmark;       /* its name and version for people, for example "NAS-Bench-201 v1.1"; may be NULL */
    const char *source;          /* where the numbers came from: file names, a paper; may be NULL */
} nb_table_description;

/* One curve of a trial: `count` values from epoch `first_epoch` on. Epochs outside that range are not measured. A set that was evaluated
 * at the last epoch only is {first_epoch = epochs - 1, count = 1}; a time that is the same in each epoch is still given as `count` values.
 */
typedef struct nb_curve {
    const char *split; /* "train", "x-valid", "x-test", "ori-test" or any other name without '/' */
    nb_metric metric;
    uint32_t first_epoch;
    uint32_t count;
    const double *values;   /* [count] */
    const uint8_t *present; /* [count] non-zero: measured; NULL: all are */
} nb_curve;

/* The network around the cell (`arch_config` of the published files): the same for all trials of a setup. Zero or NULL: not known. */
typedef struct nb_arch_config {
    uint32_t channels;    /* topology space: channels of the first stage, 16 */
    uint32_t cells;       /* topology space: cells per stage, 5 */
    uint32_t classes;     /* class_num */
    const char *genotype; /* size space: the fixed cell */
} nb_arch_config;

/* One training run, as the importers and the trainer hand it in. Nothing is kept by reference. */
typedef struct nb_trial {
    uint32_t row;
    const char *dataset;   /* "cifar10-valid", ...: any name without '/' */
    const char *schedule;  /* "12", "200", "01", "90", ... */
    uint32_t seed;         /* as a number: 777 */
    uint32_t epochs;       /* length of the run; curves lie inside 0..epochs-1 */
    double flops;          /* NaN: not known */
    double params;         /* NaN: not known */
    const double *latency; /* [latency_count] seconds per batch; NULL or empty: not measured */
    size_t latency_count;
    const nb_curve *curves; /* at most one per split and metric */
    size_t curve_count;
    const char *const *eval_names; /* [eval_name_count] evaluation sets in the published order; NULL: in the order of `curves` */
    size_t eval_name_count;
    nb_arch_config config;
} nb_trial;

/* Starts a table that will appear at `path` when it is committed; until then there is only a temporary file in the same folder, and
 * nothing stays behind after nb_table_writer_abort(). Memory is bounded (tens of MB) whatever the amount of data. */
NB_API nb_status nb_table_writer_open(const char *path, const nb_table_description *description, nb_table_writer **out, nb_error *err);

/* Adds one trial; any order, though ascending rows are fastest. NB_ERR_ARGUMENT for a row out of range, a curve outside the epochs or given
 * twice, a configuration that differs from the setup's; NB_ERR_EXISTS for a trial already added (found at the latest by commit).
 * After a failure of the system (NB_ERR_IO, NB_ERR_MEMORY) the writer only accepts abort. */
NB_API nb_status nb_table_writer_add(nb_table_writer *writer, const nb_trial *trial, nb_error *err);

/* The dataset order that show() uses for this architecture under this schedule, where it is not the order in which datasets appeared. */
NB_API nb_status nb_table_writer_dataset_order(nb_table_writer *writer, uint32_t row, const char *schedule, const char *const *datasets,
                                               size_t count, nb_error *err);

/* Counts the row among the evaluated ones even without a trial. Rows with a trial are evaluated anyway. */
NB_API nb_status nb_table_writer_mark_evaluated(nb_table_writer *writer, uint32_t row, nb_error *err);

/* Writes the table, syncs it and puts it in place of `path` in one step; frees the writer whatever happens. On failure `path` is as it was.
 */
NB_API nb_status nb_table_writer_commit(nb_table_writer *writer, const nb_progress *progress, nb_error *err);

/* Drops everything and frees the writer; NULL is allowed. */
NB_API void nb_table_writer_abort(nb_table_writer *writer);

/* ------------------------------------------------------------------------------------------------------------------ reading */

typedef struct nb_table nb_table;

/* Maps the file and checks its header, names, types, shapes and bounds: microseconds, whatever the size. */
NB_API nb_status nb_table_open(const char *path, nb_table **out, nb_error *err);

/* The same on bytes that the caller keeps alive, aligned to 8 bytes; `name` is for messages. */
NB_API nb_status nb_table_open_memory(const void *data, size_t size, const char *name, nb_table **out, nb_error *err);

NB_API void nb_table_close(nb_table *table); /* NULL is allowed */

/* Reads the whole file once: checksums of all tensors and every row map. For `nasbench info --verify`. */
NB_API nb_status nb_table_verify(const nb_table *table, const nb_progress *progress, nb_error *err);

typedef struct nb_table_info {
    const char *name;      /* path it was opened from */
    const char *benchmark; /* "" when not given */
    const char *source;    /* "" when not given */
    nb_flavour flavour;
    const struct nb_space *space;
    uint32_t rows;
    uint32_t evaluated; /* rows that are evaluated */
    uint32_t setups;
    uint32_t schedules;
    uint32_t datasets;
    uint64_t trials; /* over all setups */
    uint64_t bytes;  /* of the file */
} nb_table_info;

NB_API const nb_table_info *nb_table_get_info(const nb_table *table);

/* Rows. `row` must be below info->rows. */
NB_API struct nb_arch nb_table_arch(const nb_table *table, uint32_t row);
NB_API bool nb_table_is_evaluated(const nb_table *table, uint32_t row);

/* The row of an architecture, or -1 when the table does not have it. */
NB_API int64_t nb_table_row(const nb_table *table, const struct nb_arch *arch);

/* The row of an architecture string of exactly the form that the benchmark prints, or -1. Text that does not parse gives -1, too. */
NB_API int64_t nb_table_row_of_string(const nb_table *table, const char *text);
NB_API int64_t nb_table_row_of_text(const nb_table *table, const char *text, size_t length); /* the same for text of known length */

/* Where architectures have a published hash (nasbench101: the graph hash), the table holds it: that of a row, NULL when there is none; and
 * the row of a hash, or -1. nb_table_row_of_text also takes the hash as 32 hexadecimal digits. */
#define NB_TABLE_HASH_SIZE 16
NB_API const uint8_t *nb_table_hash(const nb_table *table, uint32_t row);
NB_API int64_t nb_table_row_of_hash(const nb_table *table, const uint8_t hash[NB_TABLE_HASH_SIZE]);

/* Names, in stored order: schedules by number of epochs, datasets by first appearance. NULL past the end. */
NB_API const char *nb_table_schedule(const nb_table *table, uint32_t i);
NB_API const char *nb_table_dataset(const nb_table *table, uint32_t i);

/* Datasets of this row under this schedule in the order of the source (the one show() uses), as indexes for nb_table_dataset().
 * Fills at most `capacity` entries and returns how many there are: only datasets that have a trial of this row count. */
NB_API uint32_t nb_table_row_datasets(const nb_table *table, uint32_t row, const char *schedule, uint32_t *out, uint32_t capacity);

/* One (dataset, schedule). Pointers stay valid as long as the table. */
typedef struct nb_setup_info {
    const char *dataset;
    const char *schedule;
    uint32_t epochs;          /* the longest trial */
    bool epochs_vary;         /* some trials are shorter */
    uint32_t trials;          /* columns of this setup's curves */
    uint32_t rows_with_trial; /* architectures that have at least one */
    uint32_t max_trials_per_row;
    const uint32_t *seeds; /* [seed_count] every seed that occurs, ascending */
    uint32_t seed_count;
    const char *const *splits; /* [split_count] "train" first where there is one, then evaluation sets */
    uint32_t split_count;
    nb_arch_config config;
} nb_setup_info;

/* The setup's number, or -1 when the table does not have it. */
NB_API int nb_table_setup(const nb_table *table, const char *dataset, const char *schedule);
NB_API const nb_setup_info *nb_table_setup_info(const nb_table *table, uint32_t setup);
/* The split's number in the setup, or -1. "valid" also names "x-valid". */
NB_API int nb_table_split(const nb_table *table, uint32_t setup, const char *split);

/* How a curve is stored, which tells what can be asked. */
typedef enum nb_coverage {
    NB_COVERAGE_NONE,     /* nothing of this metric */
    NB_COVERAGE_FULL,     /* by epoch; single values may still be missing */
    NB_COVERAGE_LAST,     /* the last epoch of each trial only */
    NB_COVERAGE_CONSTANT, /* one value that holds in every epoch (the pseudo times of v1.1 and NATS) */
    NB_COVERAGE_POINTS,   /* at a few epochs; a time is the mean of the epochs up to it (NAS-Bench-101: half-way and at the end) */
} nb_coverage;

NB_API nb_coverage nb_table_coverage(const nb_table *table, uint32_t setup, uint32_t split, nb_metric metric);

/* The trials of a row in a setup are neighbours, seeds ascending: trials *first .. *first + count - 1. Returns the count, 0 when none. */
NB_API uint32_t nb_table_trials(const nb_table *table, uint32_t setup, uint32_t row, uint32_t *first);
NB_API uint32_t nb_table_trial_seed(const nb_table *table, uint32_t setup, uint32_t trial);
NB_API uint32_t nb_table_trial_epochs(const nb_table *table, uint32_t setup, uint32_t trial);
NB_API double nb_table_trial_flops(const nb_table *table, uint32_t setup, uint32_t trial);
NB_API double nb_table_trial_params(const nb_table *table, uint32_t setup, uint32_t trial);
/* Points *values at the measured latencies and returns their number, 0 when null. */
NB_API size_t nb_table_trial_latency(const nb_table *table, uint32_t setup, uint32_t trial, const double **values);
/* The evaluation sets of a trial in the published order, as split numbers; fills at most `capacity`, returns how many there are. */
NB_API uint32_t nb_table_trial_eval_splits(const nb_table *table, uint32_t setup, uint32_t trial, uint32_t *out, uint32_t capacity);

/* One measured number. False and NaN when it was not measured, and for any index out of range. */
NB_API bool nb_table_value(const nb_table *table, uint32_t setup, uint32_t trial, uint32_t split, nb_metric metric, uint32_t epoch,
                           double *out);

#ifdef __cplusplus
}
#endif
#endif
