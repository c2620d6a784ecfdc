/* Building NNI's benchmark databases from published result files, in one step. */
#ifndef NASBENCH_DB_BUILD_H
#define NASBENCH_DB_BUILD_H

#include <stddef.h>
#include <stdint.h>

#include "nasbench/db.h"
#include "nasbench/error.h"
#include "nasbench/progress.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nb_db_build_summary {
    uint32_t files; /* read */
    uint64_t configs, trials, points;
    uint64_t bytes;          /* of the database */
    uint64_t untimed_trials; /* nasbench201: a time or latency was not measured; the columns may not be empty and hold 0 */
} nb_db_build_summary;

/* Reads `count` sources and writes the database `target`, which appears when it is complete and not before: its tables and indexes are
 * NNI's, with the statistics of ANALYZE beside them. On failure, and when `progress` asks to stop, `target` is as it was. Two processes
 * that build the same file do not disturb each other; the last one to finish stays. Memory is bounded however large the sources.
 *
 * nasbench101  one table of that benchmark, or its .tfrecord files; cells in the order of the files, any numbers of epochs.
 * nasbench201  one table (<nasbench/table.h>) of that space, or what nb_import() reads: published .pth files, archives, NATS folders,
 *              records. Published files keep their order of trials; a table knows none, and has for each architecture the long schedule
 *              first, seeds ascending, and for each seed its datasets.
 * nds          the published JSON files under their names (Amoeba.json, DARTS_fix-w-d.json, ...), folders of them, or their zip. They are
 * read in NNI's order, whatever the order given; not all 34 need to be there.
 *
 * `summary` and `progress` may be NULL. */
NB_API nb_status nb_db_build(nb_db_kind kind, const char *const *sources, size_t count, const char *target, nb_db_build_summary *summary,
                             const nb_progress *progress, nb_error *err);

#ifdef __cplusplus
}
#endif
#endif
