/* The reference's own result objects (ArchResults, ResultsCount) become trials. Layout: the states of section 2 of the files'
 * description, either as dicts or as instances of the classes, and the older ones of AA-NAS-Bench. */
#ifndef NB_INGEST_RESULTS_H
#define NB_INGEST_RESULTS_H

#include "base/error.h"
#include "base/pickle.h"
#include "ingest/curves.h"
#include "ingest/sink.h"

/* What an architecture's results say about themselves, before anything is read out of them. */
typedef struct nb_results_head {
    int64_t index;
    const char *text; /* the architecture string, `size` bytes, borrowed */
    size_t size;
} nb_results_head;

/* Reads arch_index and arch_str. */
nb_status nb_results_read_head(nb_pickle_value results, nb_results_head *head, nb_error *err);

/* Hands every trial of one architecture under one schedule to the sink, in the order of dataset_seed, and that order. `curves` is scratch
 * memory that is reused. *trials is counted up. */
nb_status nb_results_import(nb_pickle_value results, uint32_t row, const char *schedule, nb_curve_set *curves, const nb_sink *sink,
                            uint64_t *trials, nb_error *err);

/* Whether the trials are of AA-NAS-Bench's kind; and whether some lack the times of training, as in v1.0. */
bool nb_results_are_aa(nb_pickle_value results);
bool nb_results_lack_times(nb_pickle_value results);

/* The trial of (dataset, seed), or NULL kind NONE when there is none. */
bool nb_results_find_trial(nb_pickle_value results, const char *dataset, int64_t seed, nb_pickle_value *trial);

#endif
