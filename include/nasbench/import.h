/* Published result files become a table.
 *
 * What is read (each file is recognised by its content, not its name):
 * - the benchmark files NAS-Bench-201 v1.0 and v1.1 and AA-NAS-Bench (.pth, both forms of torch.save), with any number of architectures,
 *   and the pipeline's intermediate files of a range of architectures;
 * - per-architecture archives (000157-FULL.pth, 000157-SIMPLE.pth), one or a folder of them;
 * - NATS-Bench, topology and size space: folders of NNNNNN.pickle.pbz2, simple or full, single such files, and the one-file form;
 * - NAS-Bench-101's TFRecord files (nasbench_only108, nasbench_full), checksums compared and graph hashes recomputed;
 * - the pipeline's files of one training run (arch-000157-seed-0777.pth), one or a folder of them;
 * - CSV files with one's own results.
 *
 * Nothing in these files is executed: pickles are read as plain data, and names outside a short list are refused (NB_ERR_REFUSED).
 * Numbers arrive bit for bit. Memory is bounded however large the source is. */
#ifndef NASBENCH_IMPORT_H
#define NASBENCH_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nasbench/error.h"
#include "nasbench/progress.h"
#include "nasbench/table.h"

#ifdef __cplusplus
extern "C" {
#endif

struct nb_space;

/* How to import. {0} or NULL: as the sources say. */
typedef struct nb_import_options {
    /* CSV: what a column holds, "NAME=TARGET" each, where NAME is the column's head and TARGET one of
     *   DATASET/SCHEDULE/SPLIT/METRIC[@EPOCH][#SEED]   a metric of <nasbench/table.h>; the last epoch and seed 0 if not said
     *   DATASET/SCHEDULE/latency|flops|params[#SEED]   a cost; flops and params are computed where no column gives them
     * A column whose head is itself a TARGET needs no entry; columns that are neither are left out. */
    const char *const *columns; /* [column_count] */
    size_t column_count;

    /* The space of a CSV with an `index` column and no `arch` column; NULL: nasbench201. Other sources say it themselves. */
    const struct nb_space *space;

    const char *benchmark; /* name to store; NULL: by the kind of source */
    bool flavour_given;    /* whether `flavour` counts: whose interface the table answers like */
    nb_flavour flavour;
} nb_import_options;

/* What was found. */
typedef struct nb_import_summary {
    char kind[96];            /* in words: "NAS-Bench-201 v1.1 benchmark file" */
    nb_flavour flavour;       /* of the table */
    uint32_t files;           /* read */
    uint32_t architectures;   /* with results */
    uint64_t trials;          /* training runs */
    uint64_t bytes;           /* of the sources, as they lie on disk */
    uint32_t columns;         /* CSV: columns taken */
    uint32_t columns_skipped; /* CSV: columns left out */
} nb_import_summary;

/* Reads `count` files or folders (folders: their files in the order of names) and writes the table `target`, which appears when all is
 * read and not before. On failure, and when `progress` asks to stop, `target` is as it was and nothing else is left behind.
 *
 * The message of an error names the file, the place in it and the reason. An architecture that two sources describe, a trial that the
 * file announces and does not hold, a value of the wrong type: all are errors. `summary` and `progress` may be NULL. */
NB_API nb_status nb_import(const char *const *sources, size_t count, const char *target, const nb_import_options *options,
                           nb_import_summary *summary, const nb_progress *progress, nb_error *err);

/* Trained weights ------------------------------------------------------------------------------------------------------------------ */

#define NB_WEIGHTS_ALL_SEEDS (-1)

typedef struct nb_weights_request {
    /* A per-architecture archive (000157-FULL.pth, or a full NATS NNNNNN.pickle.pbz2), or the folder that holds it. */
    const char *archive;
    const char *arch;     /* index or string; NULL: the only one in `archive`, which is then a file */
    const char *dataset;  /* "cifar10" */
    const char *schedule; /* "200" or "full", "12" or "less", "90", "01"; NULL: the longest that has this dataset */
    int64_t seed;         /* or NB_WEIGHTS_ALL_SEEDS */
} nb_weights_request;

/* Writes the weights as a safetensors file with the parameter names of the reference implementation ("stem.0.weight"), float32 as stored
 * and int64 for num_batches_tracked. With all seeds each name is preceded by its seed and a slash ("777/stem.0.weight"). Metadata hold
 * arch, arch_index, dataset, schedule, seeds and the parameters of the network (channels, cells, classes).
 *
 * *tensors (may be NULL) gets the number written. NB_ERR_NOT_FOUND when there is no such trial or its weights were removed. */
NB_API nb_status nb_weights_export(const nb_weights_request *request, const char *target, size_t *tensors, nb_error *err);

#ifdef __cplusplus
}
#endif
#endif
