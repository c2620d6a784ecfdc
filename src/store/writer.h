/* The inside of a table writer, shared by the part that collects (writer.c) and the part that writes the file (commit.c). */
#ifndef NB_STORE_WRITER_H
#define NB_STORE_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "nasbench/space.h"
#include "nasbench/table.h"

#include "store/names.h"
#include "store/points.h"
#include "store/spill.h"

/* One curve of one trial in the spill: this head, then the values, then with `masked` one byte per value, padded to 8. */
typedef struct nb_piece {
    uint16_t curve;    /* split * NB_METRIC_COUNT + metric */
    uint8_t constant;  /* one value stands for all `count` */
    uint8_t masked;    /* some of the values were not measured */
    uint32_t first;    /* epoch of the first value */
    uint32_t count;    /* epochs covered */
    uint32_t reserved; /* 0 */
} nb_piece;

/* Bytes of a piece in the spill. */
static inline size_t nb_piece_size(const nb_piece *piece)
{
    size_t values = piece->constant ? 1 : piece->count;
    return sizeof *piece + 8 * values + (piece->masked ? (values + 7) / 8 * 8 : 0);
}

static inline const double *nb_piece_values(const nb_piece *piece)
{
    return (const double *)(piece + 1);
}

static inline const uint8_t *nb_piece_mask(const nb_piece *piece)
{
    return (const uint8_t *)(nb_piece_values(piece) + piece->count);
}

/* A trial; its record in the setup's spill is the latencies, then the pieces. */
typedef struct nb_written_trial {
    uint64_t offset;
    uint32_t size;
    uint32_t row;
    uint32_t seed;
    uint32_t epochs;
    uint32_t latency_count;
    uint32_t eval_order;
    double flops;
    double params;
} nb_written_trial;

/* What was seen of one curve over all trials of a setup: decides how it is stored. */
typedef struct nb_curve_facts {
    bool used;
    bool by_epoch; /* some value belongs to another than the last epoch */
    bool varies;   /* some trial does not have one value for all of its epochs */
    bool wide;     /* some value is not exactly a float */
    bool measured_nan;
} nb_curve_facts;

/* Order of evaluation sets as a trial lists them, as split numbers. */
typedef struct nb_eval_order {
    uint8_t count;
    uint8_t splits[NB_SPLITS_MAX];
} nb_eval_order;

typedef struct nb_written_setup {
    uint32_t dataset; /* number in the writer's list */
    char schedule[NB_NAME_MAX + 1];
    nb_arch_config config;
    char *genotype; /* owner of config.genotype */
    nb_spill spill; /* a file of its own, so that its pages are free for the output as soon as the setup is written */
    nb_written_trial *trials;
    size_t count;
    size_t capacity;
    uint32_t epochs; /* the longest trial */
    bool epochs_vary;
    bool wide_flops, wide_params;
    char splits[NB_SPLITS_MAX][NB_NAME_MAX + 1];
    uint32_t split_count;
    nb_curve_facts curves[NB_SPLITS_MAX * NB_METRIC_COUNT];
    nb_eval_order *orders;
    uint32_t order_count;
    uint32_t runs;              /* of every row, where the setup came as columns; 0: trial by trial */
    uint32_t points, images;    /* of these columns */
    nb_column_builder *columns; /* [nb_point_total + 1]; NULL: trial by trial */
} nb_written_setup;

/* The dataset orders of all rows under one schedule. */
typedef struct nb_written_orders {
    char schedule[NB_NAME_MAX + 1];
    uint8_t *of_row; /* [rows] number in the writer's list of orders, NB_ORDER_DEFAULT: none */
} nb_written_orders;

typedef struct nb_dataset_order {
    uint8_t count;
    uint8_t datasets[NB_DATASETS_MAX];
} nb_dataset_order;

struct nb_table_writer {
    char *path;
    char *benchmark;
    char *source;
    const nb_space *space;
    nb_flavour flavour;
    uint32_t rows;
    uint32_t code_count; /* bytes per architecture */
    uint8_t *codes;      /* [rows][code_count] */
    uint32_t *indices;   /* [rows] index in the space of each row; NULL in official order */
    uint8_t *evaluated;  /* [rows] 0 or 1 */
    nb_row_facts facts;  /* owned */
    char datasets[NB_DATASETS_MAX][NB_NAME_MAX + 1];
    uint32_t dataset_count;
    nb_written_setup **setups;
    size_t setup_count;
    nb_written_orders *schedule_orders;
    size_t schedule_order_count;
    nb_dataset_order *dataset_orders;
    uint32_t dataset_order_count;
    bool broken; /* the system failed: only abort is left */
};

/* Writes the table file. The writer stays for the caller to free. */
nb_status nb_table_write(nb_table_writer *writer, const nb_progress *progress, nb_error *err);

#endif
