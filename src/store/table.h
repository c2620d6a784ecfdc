/* The inside of an opened table: pointers into the map, one struct per setup. */
#ifndef NB_STORE_TABLE_H
#define NB_STORE_TABLE_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "nasbench/space.h"
#include "nasbench/table.h"

#include "base/file.h"
#include "base/safetensors.h"

#include "store/names.h"
#include "store/points.h"

/* Numbers in the narrowest type that keeps their bits; data NULL: there are none. */
typedef struct nb_numbers {
    const void *data;
    bool narrow;     /* F32, otherwise F64 */
    uint8_t whole;   /* bytes of whole numbers in units of one millionth, one for each row; 0: no such */
    uint32_t of_row; /* `whole`: trials of a row */
} nb_numbers;

static inline double nb_number_at(const nb_numbers *numbers, uint64_t i)
{
    if (numbers->whole == sizeof(uint32_t))
        return ((const uint32_t *)numbers->data)[i / numbers->of_row] / 1e6;
    if (numbers->whole == sizeof(uint64_t))
        return (double)((const uint64_t *)numbers->data)[i / numbers->of_row] / 1e6;
    return numbers->narrow ? (double)((const float *)numbers->data)[i] : ((const double *)numbers->data)[i];
}

/* One metric on one split. */
typedef struct nb_curve_view {
    nb_numbers values;       /* full: [epochs][trials]; last and constant: [trials] */
    const uint8_t *measured; /* same shape, 0 or 1; NULL: NaN means not measured */
    nb_coverage coverage;
} nb_curve_view;

/* A list of split or dataset numbers from the metadata. */
typedef struct nb_order {
    uint8_t count;
    uint8_t items[NB_SPLITS_MAX];
} nb_order;

typedef struct nb_setup {
    nb_setup_info info;
    uint32_t dataset;              /* number in the table's list */
    const uint32_t *first;         /* [rows + 1] */
    const uint32_t *seed;          /* [trials] */
    const uint32_t *epochs;        /* [trials], NULL: all the same */
    nb_numbers flops;              /* [trials] */
    nb_numbers params;             /* [trials] */
    const double *latency;         /* [latency_count] */
    const uint64_t *latency_first; /* [trials + 1], NULL: one for each trial */
    uint64_t latency_count;
    const uint8_t *eval_order; /* [trials], NULL: the first order for all */
    nb_order *orders;          /* [order_count] */
    uint32_t order_count;
    nb_curve_view *curves;                /* [split_count * NB_METRIC_COUNT] */
    const double **totals;                /* [split_count] each [trials]: sums of all times of a trial, NaN or NULL: to be added up */
    int train, x_valid, x_test, ori_test; /* split numbers, -1: none */
    uint32_t points;                      /* evaluations of each trial; 0: a setup with curves by epoch */
    uint32_t images;                      /* of which the columns count the right ones */
    nb_column *columns;                   /* [nb_point_total + 1]; NULL: no points */
} nb_setup;

struct nb_table {
    nb_table_info info;
    char *name;
    const uint8_t *data;
    size_t size;
    nb_file_map map; /* {0} for a table in the caller's memory */
    nb_safetensors file;
    const uint8_t *codes; /* [rows][code_count] */
    uint32_t code_count;
    const uint8_t *hashes; /* [rows][16] published hashes; NULL: none */
    const uint32_t *slots; /* [slot_count] their hash table (base/hash_slots.h) */
    uint32_t slot_count;
    const uint32_t *indices;      /* [rows] index in the space; NULL: official order */
    int32_t *row_of;              /* [space size] row of an index, -1: none; NULL: official order */
    const uint8_t *evaluated;     /* [rows]; NULL: all */
    const uint32_t *source_order; /* [rows] rows in the order of the source; NULL: as numbered */
    const uint32_t *row_params;   /* [rows]; NULL: not there */
    const uint64_t *row_flops;    /* [rows]; NULL: not there */
    const char **datasets;        /* [dataset_count] */
    uint32_t dataset_count;
    const char **schedules;               /* [schedule_count] ascending */
    const uint8_t **dataset_order_of_row; /* [schedule_count] each [rows] or NULL */
    uint32_t schedule_count;
    nb_order *dataset_orders; /* [dataset_order_count] */
    uint32_t dataset_order_count;
    nb_setup *setups; /* [setup_count] */
    uint32_t setup_count;
    char *strings; /* texts of the metadata */
};

/* The trials of a row: *first .. *first + count - 1, inside the setup's trials whatever the file says. */
static inline uint32_t nb_setup_trials(const nb_setup *setup, uint32_t row, uint32_t *first)
{
    uint32_t begin = setup->first[row], end = setup->first[row + 1];
    end = end < setup->info.trials ? end : setup->info.trials;
    *first = begin;
    return begin < end ? end - begin : 0;
}

static inline uint32_t nb_setup_epochs(const nb_setup *setup, uint32_t trial)
{
    if (!setup->epochs)
        return setup->info.epochs;
    return setup->epochs[trial] < setup->info.epochs ? setup->epochs[trial] : setup->info.epochs;
}

/* The measured latencies of a trial, inside the list whatever the file says; 0 when there are none. */
static inline size_t nb_setup_latency(const nb_setup *setup, uint32_t trial, const double **values)
{
    if (!setup->latency)
        return 0;
    uint64_t begin = setup->latency_first ? setup->latency_first[trial] : trial;
    uint64_t end = setup->latency_first ? setup->latency_first[trial + 1] : (uint64_t)trial + 1;
    end = end < setup->latency_count ? end : setup->latency_count;
    if (begin >= end)
        return 0;
    *values = setup->latency + begin;
    return end - begin;
}

static inline const nb_curve_view *nb_setup_curve(const nb_setup *setup, uint32_t split, nb_metric metric)
{
    return &setup->curves[split * NB_METRIC_COUNT + (uint32_t)metric];
}

/* The number of a split in the setup, -1: none. */
int nb_setup_find_split(const nb_setup *setup, const char *split);

/* The columns of a point. */
static inline const nb_column *nb_setup_point(const nb_setup *setup, uint32_t point)
{
    return &setup->columns[nb_point_column(setup->info.split_count, point, 0)];
}

/* The point of a trial that was evaluated after `epoch` (counted from 0), -1: none. The one before training has no epoch. */
int nb_setup_find_point(const nb_setup *setup, uint32_t trial, uint32_t epoch);

/* As nb_curve_value, for curves of points: percent; the time of an epoch is the mean of those up to it, because only sums were measured. */
bool nb_setup_point_value(const nb_setup *setup, const nb_curve_view *curve, uint32_t trial, uint32_t epoch, double *out);

/* The value of a curve at an epoch that the trial has; false and NaN when it was not measured. */
static inline bool nb_curve_value(const nb_setup *setup, const nb_curve_view *curve, uint32_t trial, uint32_t epoch, double *out)
{
    *out = (double)NAN;
    uint64_t at = trial;
    switch (curve->coverage) {
    case NB_COVERAGE_FULL:
        if (epoch >= setup->info.epochs)
            return false;
        at += (uint64_t)epoch * setup->info.trials;
        break;
    case NB_COVERAGE_LAST:
        if (epoch + 1 != nb_setup_epochs(setup, trial))
            return false;
        break;
    case NB_COVERAGE_CONSTANT:
        break;
    case NB_COVERAGE_POINTS:
        return nb_setup_point_value(setup, curve, trial, epoch, out);
    case NB_COVERAGE_NONE:
        return false;
    }
    *out = nb_number_at(&curve->values, at);
    return curve->measured ? curve->measured[at] != 0 : !isnan(*out);
}

#endif
