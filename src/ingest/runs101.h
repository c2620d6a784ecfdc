/* The runs of NAS-Bench-101's files, collected until all files are read: which cells there are, and what was measured of each. */
#ifndef NB_INGEST_RUNS101_H
#define NB_INGEST_RUNS101_H

#include <stdbool.h>

#include "ingest/run101.h"
#include "store/points.h"

#define NB_RUNS101_REPEATS_MAX 32 /* runs of one cell for the same number of epochs */
#define NB_RUNS101_BUDGETS_MAX 16 /* different numbers of epochs */
#define NB_RUNS101_IMAGES 9984    /* of which an accuracy is the part that is right: 39 whole batches of 256 images out of 10,000 */

/* The splits of a setup, in the order of its columns. */
enum { NB_SPLIT101_TRAIN, NB_SPLIT101_VALID, NB_SPLIT101_TEST, NB_SPLITS101 };
enum { NB_COLUMNS101 = NB_RUN101_POINTS * (NB_POINT_ACCURACY + NB_SPLITS101) + 1 };

/* One run of every cell: a column for each number. Cells are numbered as they come: what lies side by side in the file does so here. */
typedef struct nb_sheet101 {
    nb_column_builder columns[NB_COLUMNS101]; /* each [size] by number */
    size_t size;
} nb_sheet101;

typedef struct nb_budget101 {
    uint32_t epochs;
    uint8_t *runs;                               /* [NB_CELL101_CELLS] of each cell, by number */
    nb_sheet101 *sheets[NB_RUNS101_REPEATS_MAX]; /* [r] the r-th run of each cell, in the order of the records */
} nb_budget101;

/* Where a record is. */
typedef struct nb_place101 {
    uint64_t offset;
    uint32_t record, file;
} nb_place101;

typedef struct nb_runs101 {
    nb_budget101 budgets[NB_RUNS101_BUDGETS_MAX];
    uint32_t budget_count;
    uint32_t cell_count;
    uint32_t *indices; /* [cell_count] of the cells, by number */
    uint32_t *numbers; /* [NB_CELL101_CELLS] by index: 1 + the cell's number; 0: not seen yet */
    nb_cell101 *cells; /* by number, in the order of vertices of their records */
    bool reordered;    /* some of them are not in stored form */
    uint32_t *params;
    uint64_t *flops;
    nb_place101 *last; /* the latest record of each cell */
    uint64_t runs;
} nb_runs101;

nb_status nb_runs101_new(nb_runs101 **out, nb_error *err);
void nb_runs101_free(nb_runs101 *runs); /* NULL is allowed */

/* A cell of the space, and what the network around it costs. */
typedef struct nb_known101 {
    uint32_t index;
    bool stored; /* in stored form */
    uint32_t params;
    uint64_t flops;
} nb_known101;

/* Adds a run of a cell. NB_ERR_UNSUPPORTED when an earlier record has the cell's vertices in another order. */
nb_status nb_runs101_add(nb_runs101 *runs, nb_known101 cell, const nb_run101 *run, nb_place101 place, nb_error *err);

/* A cell that has another number of runs than nearly all have; false: there is none. */
typedef struct nb_odd101 {
    uint32_t number; /* of the cell */
    uint32_t epochs;
    uint32_t found, expected; /* runs */
} nb_odd101;

bool nb_runs101_find_odd(const nb_runs101 *runs, nb_odd101 *odd);

/* The columns of budget `number` with the cells `numbers` [cell_count] as rows; the sheets are freed on the way. Only when
 * nb_runs101_find_odd found nothing. */
nb_status nb_runs101_columns(nb_runs101 *runs, uint32_t number, const uint32_t *numbers, nb_column_builder *columns, nb_error *err);

#endif
