/* One record of NAS-Bench-101's files: a training run of a cell, as a JSON array of five elements
 *
 *     [hash, epochs, "0100...", "input,conv3x3-bn-relu,...,output", base64 of a ModelMetrics message]
 *
 * with the matrix row by row. What is wrong in a record is said exactly; where the record is, the caller knows. */
#ifndef NB_INGEST_RUN101_H
#define NB_INGEST_RUN101_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "nasbench/nasbench101.h"

#define NB_RUN101_POINTS 3 /* evaluations: before training, half-way, at the end */

/* One evaluation. Accuracies are fractions. */
typedef struct nb_point101 {
    double epoch;
    double time; /* seconds of training up to here */
    double train, valid, test;
} nb_point101;

typedef struct nb_run101 {
    uint8_t hash[NB_CELL101_HASH_SIZE]; /* as the record claims */
    uint32_t epochs;
    nb_cell101 cell; /* pruned and inside the space, in the record's own order of vertices */
    uint32_t params; /* as the record claims */
    double total_time;
    nb_point101 points[NB_RUN101_POINTS];
} nb_run101;

/* The same cell in the same order of vertices. */
static inline bool nb_same_cell101(const nb_cell101 *a, const nb_cell101 *b)
{
    return a->vertices == b->vertices && a->edges == b->edges && memcmp(a->label, b->label, sizeof a->label) == 0;
}

/* Memory for reading one record after another; one per thread. {0} is empty. */
typedef struct nb_run101_scratch {
    uint8_t *memory;
    size_t size;     /* bytes for the parts of the payload; the rest belongs to the message */
    char graph[256]; /* matrix and operations of the latest cell, as they are written: neighbours in a file are often of one cell */
    nb_cell101 cell;
} nb_run101_scratch;

void nb_run101_scratch_free(nb_run101_scratch *scratch);

/* Reads a payload. Whether hash and parameters fit the cell is for the caller to check. */
nb_status nb_run101_parse(const void *payload, size_t size, nb_run101_scratch *scratch, nb_run101 *run, nb_error *err);

#endif
