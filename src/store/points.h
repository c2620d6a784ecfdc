/* Setups whose runs were evaluated at the same few points of training, as in NAS-Bench-101: before it, half-way, at the end. They are
 * handed to the writer whole, column by column, and stored as they are; every row has the same number of runs, seeds 0, 1, ... */
#ifndef NB_STORE_POINTS_H
#define NB_STORE_POINTS_H

#include "nasbench/table.h"

#include "store/column.h"

#define NB_POINTS_MAX 8

/* The columns of a point, then those of the next point; after all points the total time of a run. */
enum {
    NB_POINT_EPOCH,    /* where in training, in epochs */
    NB_POINT_TIME,     /* seconds of training up to there */
    NB_POINT_ACCURACY, /* a fraction, of split 0; split s is at NB_POINT_ACCURACY + s */
};

static inline uint32_t nb_point_column(uint32_t splits, uint32_t point, uint32_t what)
{
    return point * (NB_POINT_ACCURACY + splits) + what;
}

static inline uint32_t nb_point_total(uint32_t splits, uint32_t points)
{
    return nb_point_column(splits, points, 0);
}

typedef struct nb_point_setup {
    const char *dataset, *schedule;
    uint32_t epochs;
    uint32_t runs;             /* of every row */
    uint32_t points;           /* at most NB_POINTS_MAX */
    uint32_t images;           /* of which an accuracy is the part that is right, where columns hold counts */
    const char *const *splits; /* [split_count] the first is "train" */
    uint32_t split_count;
    nb_arch_config config;
    nb_column_builder *columns; /* [nb_point_total + 1] each [rows * runs], run by run within a row */
} nb_point_setup;

/* Takes the memory of the columns over, also on failure. A setup of that name must not be there yet. */
nb_status nb_table_writer_add_points(nb_table_writer *writer, nb_point_setup *from, nb_error *err);

/* What is known of each row beside its runs. Any may be NULL; the arrays, [rows] each, belong to the writer from here on. */
typedef struct nb_row_facts {
    uint32_t *order;  /* rows in the order in which the source has them; NULL: as they are numbered */
    uint32_t *params; /* learnable numbers */
    uint64_t *flops;  /* as the space counts them */
} nb_row_facts;

void nb_table_writer_row_facts(nb_table_writer *writer, const nb_row_facts *facts);

#endif
