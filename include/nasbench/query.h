/* Questions to a table: compiled queries for speed, and every answer of the original interfaces with its own semantics.
 *
 *     nb_query query;
 *     nb_query_compile(table, &(nb_query_spec){.dataset = "cifar10", .schedule = "200", .split = "ori-test",
 *                      .metric = NB_METRIC_ACCURACY, .epoch = NB_EPOCH_LAST}, &query, &err);
 *     double accuracy;
 *     bool measured = nb_query_get(&query, row, &accuracy);        a few nanoseconds
 *
 * The functions below the compiled query answer as the Python classes do (docs/compatibility.md names the exceptions): means are taken
 * over all trials of an architecture in ascending seed order with the summation order of the original, a metric that one of the trials
 * lacks is missing, and a time of an epoch comes with the sum of the times up to it. Where versions differ, `flavour` says which one is
 * meant; nb_table_get_info(table)->flavour is the one the data came with.
 *
 * "Row" is the architecture's index in the table. Units as in <nasbench/table.h>. */
#ifndef NASBENCH_QUERY_H
#define NASBENCH_QUERY_H

#include "nasbench/random.h"
#include "nasbench/table.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NB_EPOCH_LAST (-1)

/* Which of an architecture's trials answer. {0} is the mean. */
typedef enum nb_pick_kind {
    NB_PICK_MEAN,   /* the mean over all trials */
    NB_PICK_SEED,   /* the trial with this seed */
    NB_PICK_RANDOM, /* one trial, uniformly */
} nb_pick_kind;

typedef struct nb_pick {
    nb_pick_kind kind;
    uint32_t seed; /* NB_PICK_SEED */
    nb_rng *rng;   /* NB_PICK_RANDOM; advanced by every answer */
} nb_pick;

/* ------------------------------------------------------------------------------------------------------ compiled queries */

typedef struct nb_query_spec {
    const char *dataset;
    const char *schedule; /* "12", "200", "less", "full", "01", "90", ... */
    const char *split;    /* "train", "x-valid", "valid" (= "x-valid"), "x-test", "ori-test", ... */
    nb_metric metric;
    int32_t epoch; /* from 0, or NB_EPOCH_LAST: the last one of each trial */
    nb_pick pick;
} nb_query_spec;

/* A compiled query: a plain value that points into the table, valid as long as the table is open. All members are private. Unless it picks
 * at random, threads may share it. */
typedef struct nb_query {
    const void *values;      /* numbers of all trials at the epoch */
    const uint32_t *first;   /* trials of a row */
    const uint8_t *measured; /* NULL: NaN means not measured */
    const uint32_t *seeds;
    const void *setup;
    const void *curve;
    nb_rng *rng;
    uint32_t rows;
    uint32_t trials;
    uint32_t seed;
    int32_t epoch;
    uint8_t kind;     /* nb_pick_kind */
    uint8_t narrow;   /* values are floats */
    uint8_t by_trial; /* how the value of a trial is found */
    uint8_t pairwise; /* long means sum as numpy does */
    uint32_t divisor; /* of a sum of times; 0: a fraction that becomes percent */
} nb_query;

/* NB_ERR_NOT_FOUND names what the table has instead of an unknown dataset, schedule or split, and says so when the metric was not measured
 * for any trial or only at the last epoch; NB_ERR_ARGUMENT for an epoch past the end. */
NB_API nb_status nb_query_compile(const nb_table *table, const nb_query_spec *spec, nb_query *query, nb_error *err);

/* The answer for a row. False and NaN when it was not measured: no trial, no such seed, a value missing, or a row past the end. */
NB_API bool nb_query_get(const nb_query *query, uint32_t row, double *value);

/* The answers for all rows: values[rows], and measured[rows] (0 or 1; may be NULL). Returns how many were measured. */
NB_API uint32_t nb_query_column(const nb_query *query, double *values, uint8_t *measured);

/* ------------------------------------------------------------------------------------------------------ metrics of a trial, of a row */

/* What get_train, get_eval and get_metrics give. */
typedef struct nb_metrics {
    double epoch; /* from 0; a mean where trials of different length are averaged at their last epoch */
    double loss;
    double accuracy;
    bool timed;      /* the two times were measured */
    double cur_time; /* of this epoch */
    double all_time; /* of the epochs 0 to this one, added left to right */
} nb_metrics;

/* ResultsCount.get_train / get_eval: one trial at an epoch or NB_EPOCH_LAST. NB_ERR_ARGUMENT for an epoch out of range; NB_ERR_NOT_FOUND
 * names what was not measured. Times are all or nothing, as in the original: a trial without any is untimed; a time missing between
 * others is an error. */
NB_API nb_status nb_trial_metrics(const nb_table *table, uint32_t setup, uint32_t trial, uint32_t split, int32_t epoch, nb_metrics *out,
                                  nb_error *err);

/* ArchResults.get_metrics: NB_ERR_NOT_FOUND when the row has no trial, when a trial lacks the metric (also one that was not picked), or
 * when the seed is not there. */
NB_API nb_status nb_table_metrics(const nb_table *table, uint32_t setup, uint32_t row, uint32_t split, int32_t epoch, const nb_pick *pick,
                                  nb_flavour flavour, nb_metrics *out, nb_error *err);

/* ------------------------------------------------------------------------------------------------------ costs */

/* Times of one split: `T-<name>@epoch` (mean) and `T-<name>@total` (sum) over all epochs. */
typedef struct nb_split_times {
    uint32_t split;
    bool timed;
    double per_epoch;
    double total;
} nb_split_times;

#define NB_SPLIT_TIMES_MAX 65

/* get_compute_costs / get_cost_info. */
typedef struct nb_cost_info {
    double flops;   /* NaN: not known */
    double params;  /* NaN: not known */
    bool measured;  /* a latency was measured */
    double latency; /* seconds per batch */
    uint32_t times_count;
    nb_split_times times[NB_SPLIT_TIMES_MAX]; /* "train" first, then the evaluation sets in the order of the trials */
} nb_cost_info;

/* ResultsCount.get_times of one trial; fills times and times_count only. */
NB_API nb_status nb_trial_times(const nb_table *table, uint32_t setup, uint32_t trial, nb_flavour flavour, nb_cost_info *out,
                                nb_error *err);

/* ResultsCount.get_latency: the mean of the trial's latencies, -1 when there are none. */
NB_API double nb_trial_latency(const nb_table *table, uint32_t setup, uint32_t trial);

/* ArchResults.get_compute_costs. nats: where flops or params of the trials differ in the fifth decimal, those of seed 888 count
 * (NB_ERR_NOT_FOUND without it). aa: latency is a mean in which -1 stands for not measured. */
NB_API nb_status nb_table_costs(const nb_table *table, uint32_t setup, uint32_t row, nb_flavour flavour, nb_cost_info *out, nb_error *err);

/* ArchResults.get_latency: the mean; NB_ERR_NOT_FOUND unless every trial has a positive one. */
NB_API nb_status nb_table_latency(const nb_table *table, uint32_t setup, uint32_t row, double *out, nb_error *err);

/* ------------------------------------------------------------------------------------------------------ get_more_info */

typedef enum nb_info_key {
    NB_INFO_TRAIN_LOSS,
    NB_INFO_TRAIN_ACCURACY,
    NB_INFO_TRAIN_PER_TIME,
    NB_INFO_TRAIN_ALL_TIME,
    NB_INFO_VALID_LOSS,
    NB_INFO_VALID_ACCURACY,
    NB_INFO_VALID_PER_TIME,
    NB_INFO_VALID_ALL_TIME,
    NB_INFO_TEST_LOSS,
    NB_INFO_TEST_ACCURACY,
    NB_INFO_TEST_PER_TIME,
    NB_INFO_TEST_ALL_TIME,
    NB_INFO_VALTEST_LOSS,
    NB_INFO_VALTEST_ACCURACY,
    NB_INFO_VALTEST_PER_TIME,
    NB_INFO_VALTEST_ALL_TIME,
    NB_INFO_EST_VALID_LOSS, /* 1.1 and 1.2 only */
    NB_INFO_EST_VALID_ACCURACY,
    NB_INFO_KEY_COUNT
} nb_info_key;

/* "train-loss", "train-accuracy", "train-per-time", ...; NULL outside the enumeration. */
NB_API const char *nb_info_key_name(nb_info_key key);

/* The dictionary: `count` keys in the original's order, with a value or null. */
typedef struct nb_more_info {
    uint32_t count;
    uint8_t keys[NB_INFO_KEY_COUNT];  /* [count] nb_info_key */
    bool null[NB_INFO_KEY_COUNT];     /* by key: None */
    bool present[NB_INFO_KEY_COUNT];  /* by key: whether the dictionary has it */
    double values[NB_INFO_KEY_COUNT]; /* by key */
} nb_more_info;

/* get_more_info of the given version, for the row's trials in the setup. A random pick draws one trial for all keys; version 1.0 draws
 * anew for each split. (The NATS dictionary's "comment" is text for people and left to the caller.) */
NB_API nb_status nb_table_more_info(const nb_table *table, uint32_t setup, uint32_t row, int32_t epoch, const nb_pick *pick,
                                    nb_flavour flavour, nb_more_info *out, nb_error *err);

/* ------------------------------------------------------------------------------------------------------ simulated training */

typedef struct nb_simulated {
    double accuracy;  /* validation, percent */
    bool measured;    /* a latency was measured */
    double latency;   /* seconds per batch */
    double time_cost; /* seconds: training up to the epoch, and one validation pass */
} nb_simulated;

/* simulate_train_eval: `dataset` is cifar10 (trained as cifar10-valid), cifar100 or ImageNet16-120. Where the validation set was not
 * evaluated at that epoch (nats), the accuracy is that of ori-test and the pass is that of the last epoch. Adds time_cost to *used_time
 * unless that is NULL. The pick is usually random; 2.0 takes the latency of schedule "12". */
NB_API nb_status nb_table_simulate(const nb_table *table, uint32_t row, const char *dataset, const char *schedule, int32_t epoch,
                                   const nb_pick *pick, nb_flavour flavour, double *used_time, nb_simulated *out, nb_error *err);

/* ------------------------------------------------------------------------------------------------------ best, statistics */

/* The set names that find_best accepts since 2.0: (cifar10, valid) is (cifar10-valid, x-valid), (cifar10, test) is (cifar10, ori-test),
 * valid and test of cifar100 and ImageNet16-120 are x-valid and x-test. Anything else stays. */
NB_API void nb_remap_split(const char **dataset, const char **split);

typedef struct nb_best_spec {
    nb_query_spec query; /* accuracy or accuracy5: the highest first; loss or time: the lowest first */
    double max_flops;    /* 0: no limit; architectures above it are skipped, and so are those whose cost is not known */
    double max_params;
    double max_latency; /* seconds */
} nb_best_spec;

typedef struct nb_best {
    uint32_t row;
    double value;
} nb_best;

/* find_best: the `capacity` best evaluated rows that pass the limits, best first, the lower row first among equals (for one: the first
 * strict maximum). Rows without the metric are skipped, NaN too. *count receives how many there are, 0 when nothing passes. */
NB_API nb_status nb_table_best(const nb_table *table, const nb_best_spec *spec, nb_best *out, uint32_t capacity, uint32_t *count,
                               nb_error *err);

/* statistics: counts[k] = number of rows with exactly k trials in (dataset, schedule), k < capacity, over all rows or only evaluated ones
 * (nats). Returns the largest number of trials of a row + 1. */
NB_API uint32_t nb_table_statistics(const nb_table *table, const char *dataset, const char *schedule, bool evaluated_only, uint32_t *counts,
                                    uint32_t capacity);

/* ------------------------------------------------------------------------------------------------------ printed forms */

/* Where text goes: called one or more times; returns false to stop (NB_ERR_IO then). */
typedef struct nb_sink {
    bool (*write)(void *user, const char *text, size_t size);
    void *user;
} nb_sink;

/* print_information, the text of query_by_arch: lines with newlines between them, none at the end. extra_info NULL prints None. */
NB_API nb_status nb_table_describe(const nb_table *table, uint32_t row, const char *schedule, const char *extra_info, nb_flavour flavour,
                                   const nb_sink *sink, nb_error *err);

/* show(index): the blocks of one row, or of all evaluated rows with the original's heading for a negative one. What show() prints for an
 * index out of range or a row without data is printed as well. */
NB_API nb_status nb_table_show(const nb_table *table, int64_t row, nb_flavour flavour, const nb_sink *sink, const nb_progress *progress,
                               nb_error *err);

/* repr() of the table, of a row under a schedule, of a trial; as snprintf: writes at most `room` bytes and returns the whole length. */
NB_API size_t nb_table_repr(const nb_table *table, nb_flavour flavour, char *text, size_t room);
NB_API size_t nb_table_row_repr(const nb_table *table, uint32_t row, const char *schedule, char *text, size_t room);
NB_API size_t nb_table_trial_repr(const nb_table *table, uint32_t setup, uint32_t row, uint32_t trial, nb_flavour flavour, char *text,
                                  size_t room);

#ifdef __cplusplus
}
#endif
#endif
