/* The ModelMetrics message inside a record of NAS-Bench-101 (model_metrics.proto). */
#ifndef NB_INGEST_METRICS101_H
#define NB_INGEST_METRICS101_H

#include "ingest/run101.h"

/* Bytes of memory that reading one message may take. */
#define NB_METRICS101_MEMORY ((size_t)4 << 20)

/* Fills run->points, params and total_time. `memory` has NB_METRICS101_MEMORY bytes, aligned for any type, and is free again afterwards. */
nb_status nb_metrics101_parse(const uint8_t *message, size_t size, void *memory, nb_run101 *run, nb_error *err);

#endif
