/* The reference's own result objects (ArchResults, ResultsCount) become trials. Layout: the states of section 2 of the files'
 * description, either as dicts or as instances of the classes, and the older ones of AA-NAS-Bench. */
#ifndef NB_INGEST_RESULTS_H
#define NB_INGEST_RESULTS_H

#include "base/error.h"
#include "base/pickle.h"
#include "ingest/curves.h"
#include "ingest/trial_sink.h"

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
nb_status nb_results_import(nb_pickle_value results, uint32_t row, const char *schedule, nb_curve_set *curves, const nb_trial_sink *sink,
                            uint64_t *trials, nb_error *err);

/* Whether the value is an ArchResults at all. */
bool nb_results_are(nb_pickle_value value);

#define NB_SCHEDULE_SIZE 16

/* The official name of the schedule that an architecture's results are filed under: "200" for "full", "12" for "less", digits as they are.
 */
nb_status nb_results_schedule_of_key(nb_pickle_value key, char schedule[NB_SCHEDULE_SIZE], nb_error *err);

/* The schedule of results that are not filed under one, as in AA-NAS-Bench: the length of the first trial names it. */
nb_status nb_results_schedule(nb_pickle_value results, char schedule[NB_SCHEDULE_SIZE], nb_error *err);

/* The name of a schedule of so many epochs as the benchmarks write it: at least two digits. */
void nb_schedule_name(uint32_t epochs, char name[NB_SCHEDULE_SIZE]);

/* Whether the trials are of AA-NAS-Bench's kind; and whether some lack the times of training, as in v1.0. */
bool nb_results_are_aa(nb_pickle_value results);
bool nb_results_lack_times(nb_pickle_value results);

/* The arch_config of a trial; zeros for what it does not say. */
nb_status nb_results_read_config(nb_pickle_value trial, nb_arch_config *config, nb_error *err);

/* The trial of (dataset, seed); false when there is none. */
bool nb_results_find_trial(nb_pickle_value results, const char *dataset, int64_t seed, nb_pickle_value *trial);

#endif
