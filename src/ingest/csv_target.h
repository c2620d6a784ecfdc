/* What a CSV column holds: DATASET/SCHEDULE/SPLIT/METRIC[@EPOCH][#SEED] or DATASET/SCHEDULE/latency|flops|params[#SEED]. */
#ifndef NB_INGEST_CSV_TARGET_H
#define NB_INGEST_CSV_TARGET_H

#include "base/error.h"
#include "nasbench/table.h"

typedef enum nb_csv_quantity { NB_CSV_METRIC, NB_CSV_LATENCY, NB_CSV_FLOPS, NB_CSV_PARAMS } nb_csv_quantity;

#define NB_CSV_NAME_SIZE 64

typedef struct nb_csv_target {
    char dataset[NB_CSV_NAME_SIZE];
    char schedule[NB_CSV_NAME_SIZE]; /* the official name: "200" for "full" */
    uint32_t epochs;                 /* of the schedule */
    nb_csv_quantity quantity;
    char split[NB_CSV_NAME_SIZE]; /* NB_CSV_METRIC only, like the two below */
    nb_metric metric;
    uint32_t epoch;
    uint32_t seed;
} nb_csv_target;

/* NB_ERR_ARGUMENT with the form that is expected. */
nb_status nb_csv_target_parse(const char *text, size_t size, nb_csv_target *out, nb_error *err);

#endif
