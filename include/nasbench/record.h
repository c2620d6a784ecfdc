/* Records: everything about one training run of one architecture, in one file that a table is made of.
 *
 * `nasbench train` writes one, `nasbench generate` one per run; `nasbench import` puts any number of them into a table. The file is a
 * safetensors file:
 *
 *     __metadata__            "format" = "nasbench record 1"; space, arch, dataset, schedule, seed, epochs, channels, cells, classes,
 * genotype (numbers in decimal); and "setting.<name>" for everything else that a reader may want to know of the run flops, params F64
 * scalars: mega multiply-accumulates for one image, millions of learnable numbers latency                 F64 [values]: seconds per batch;
 * absent when not measured curve/<split>/<metric>  F64 [epochs]: NaN where not measured; metric: loss, accuracy, accuracy5, time (units as
 * in <nasbench/table.h>) weight/<name>           F32 or I64, PyTorch's state_dict; absent when the record was made without weights */
#ifndef NASBENCH_RECORD_H
#define NASBENCH_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "nasbench/error.h"
#include "nasbench/table.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nb_record_curve {
    char *split; /* "train", "x-valid", ... */
    nb_metric metric;
    double *values; /* [epochs], NaN: not measured */
} nb_record_curve;

typedef struct nb_record_setting {
    char *name;
    char *value;
} nb_record_setting;

typedef enum nb_weight_type { NB_WEIGHT_F32, NB_WEIGHT_I64 } nb_weight_type;

typedef struct nb_weight {
    char *name; /* PyTorch's: "stem.0.weight" */
    nb_weight_type type;
    uint32_t rank; /* at most 4; 0: one number */
    uint64_t shape[4];
    void *data; /* float or int64_t [product of the shape] */
} nb_weight;

/* Owns everything it points to. */
typedef struct nb_record {
    char *space; /* "nasbench201", "nats-size"; "" for a cell outside any space */
    char *arch;  /* the architecture's string */
    char *dataset;
    char *schedule; /* "12", "200": the number of epochs as the benchmark writes it */
    char *genotype; /* size space: the fixed cell; else "" */
    uint32_t seed;
    uint32_t epochs;
    uint32_t channels, cells, classes; /* channels and cells: 0 where the architecture sets the widths */
    double flops, params;              /* NaN: not known */
    double *latency;                   /* [latency_count] */
    size_t latency_count;
    nb_record_curve *curves;
    size_t curve_count;
    nb_record_setting *settings;
    size_t setting_count;
    nb_weight *weights;
    size_t weight_count;
} nb_record;

/* Making one. Strings are copied. ------------------------------------------------------------------------------------------------- */

NB_API nb_status nb_record_new(const char *space, const char *arch, const char *dataset, const char *schedule, const char *genotype,
                               uint32_t epochs, nb_record **out, nb_error *err);
NB_API void nb_record_free(nb_record *record); /* NULL is allowed */

/* The curve of a split and metric, made with nothing measured if it is not there. The values belong to the record. */
NB_API nb_status nb_record_curve_of(nb_record *record, const char *split, nb_metric metric, double **values, nb_error *err);

/* A setting by name; a new value replaces the old one. */
NB_API nb_status nb_record_set(nb_record *record, nb_error *err, const char *name, const char *format, ...) NB_PRINTF(4, 5);
NB_API nb_status nb_record_set_latency(nb_record *record, const double *values, size_t count, nb_error *err);

/* Adds a weight; `data` is copied. */
NB_API nb_status nb_record_add_weight(nb_record *record, const char *name, nb_weight_type type, uint32_t rank, const uint64_t *shape,
                                      const void *data, nb_error *err);
/* Forgets all weights. */
NB_API void nb_record_drop_weights(nb_record *record);

/* Using one. ------------------------------------------------------------------------------------------------------------------------ */

/* One number; false and NaN when it was not measured or there is no such curve. */
NB_API bool nb_record_value(const nb_record *record, const char *split, nb_metric metric, uint32_t epoch, double *out);

/* NULL when it is not set. */
NB_API const char *nb_record_setting_of(const nb_record *record, const char *name);

/* The weight of that name, or NULL. */
NB_API const nb_weight *nb_record_weight(const nb_record *record, const char *name);

/* Files: written complete or not at all. Reading checks everything: NB_ERR_FORMAT, NB_ERR_TRUNCATED, NB_ERR_UNSUPPORTED (another version).
 */
NB_API nb_status nb_record_write(const nb_record *record, const char *path, nb_error *err);

typedef enum nb_record_parts { NB_RECORD_ALL, NB_RECORD_WITHOUT_WEIGHTS } nb_record_parts;
NB_API nb_status nb_record_read(const char *path, nb_record_parts parts, nb_record **out, nb_error *err);
/* The same from memory; `name` is for messages. */
NB_API nb_status nb_record_parse(const void *data, size_t size, const char *name, nb_record_parts parts, nb_record **out, nb_error *err);

/* Hands the run to a table that is being written, as the trial of row `row`. */
NB_API nb_status nb_record_add_to_table(const nb_record *record, nb_table_writer *writer, uint32_t row, nb_error *err);

#ifdef __cplusplus
}
#endif
#endif
