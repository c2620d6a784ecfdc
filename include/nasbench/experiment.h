/* Experiments: one search, many times over, in parallel, repeatable, with every trajectory on disk.
 *
 * Run r is stream r of the seed, so results do not depend on the number of threads. The file of an experiment has one JSON object per
 * line: first what was searched and how, then one run per line, in the order of runs (docs/searches.md describes it):
 *
 *     {"format": "nasbench search 1", "algorithm": "rea", "settings": {"last": "drop", "population": 10, ..}, "space": "nasbench201",
 *      "budget": {"seconds": 12000, "evaluations": null}, "runs": 500, "seed": 1, "objective": {"table": "nb201.safetensors", ..},
 *      "optimum": {"cifar10": {"valid": 91.61, "test": 94.37}, ..}}
 *     {"run": 0, "evaluations": 97, "seconds": 11950.25, "answer": {"index": 1462, "arch": "|..|", "step": 41, "accuracy": 84.2},
 *      "results": {"cifar10": {"valid": 91.2, "test": 93.9}, ..}, "incumbents": {"step": [0, 3, 41], "cifar10": {..}, ..},
 *      "index": [..], "accuracy": [..], "clock": [..]}
 *
 * While it is written it is PATH.partial, which grows by finished runs; the same experiment started again goes on from there and ends in
 * the same file. Where evaluations are slow (nb_objective.slow), PATH.journal keeps each of them, and a run that was interrupted is
 * repeated from it. */
#ifndef NASBENCH_EXPERIMENT_H
#define NASBENCH_EXPERIMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nasbench/error.h"
#include "nasbench/objective.h"
#include "nasbench/outcome.h"
#include "nasbench/progress.h"
#include "nasbench/search.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nb_experiment_options {
    nb_search_options search; /* its stream does not count; epochs 0: the objective's */
    uint32_t runs;            /* at least 1 */
    bool fresh_seed;          /* draw a seed from the system instead of search.seed; it is in the file and in the summary */
    uint32_t threads;         /* 0: one per processor */
    const char *path;         /* NULL: nothing is written */
    const nb_note *notes;     /* [note_count] what the file says about the objective before the objective's own notes */
    size_t note_count;
} nb_experiment_options;

/* Of the runs for which the number is known; NaN for none. The standard deviation is that of the population, as papers on these
 * benchmarks report it (numpy.std). */
typedef struct nb_statistic {
    double mean, std;
    uint32_t count;
} nb_statistic;

typedef struct nb_experiment_result {
    const char *dataset;
    nb_statistic accuracy[NB_OUTCOME_KINDS]; /* of the answers, percent */
    double optimum[NB_OUTCOME_KINDS];        /* the best of the table; NaN: not known */
} nb_experiment_result;                      /* the mean regret is optimum - accuracy.mean */

typedef struct nb_experiment_summary {
    const nb_algorithm_info *algorithm;
    uint64_t seed;
    uint32_t runs, resumed;        /* all, and how many of them were there already */
    nb_statistic evaluations;      /* per run */
    nb_statistic seconds;          /* on the search's clock at its end */
    nb_statistic feedback;         /* accuracy that speaks for the answer, percent */
    double run_seconds;            /* processor time of one run, mean over those that were not resumed; NaN when all were */
    nb_experiment_result *results; /* [result_count] one for each dataset of the outcomes */
    size_t result_count;
} nb_experiment_summary;

/* `outcomes` and `progress` may be NULL. Progress counts runs; where evaluations are slow, evaluations.
 *
 * NB_ERR_ARGUMENT: no run, a seed that JSON cannot hold (2^53 and more), or PATH.partial of another experiment (the message says what
 * differs). NB_ERR_EXISTS: another process is at work on PATH. Failures of a search are passed on with the number of the run; what
 * was finished before stays in PATH.partial, also when it was stopped (NB_ERR_CANCELLED). */
NB_API nb_status nb_experiment_run(const nb_experiment_options *options, const nb_objective *objective, const nb_outcomes *outcomes,
                                   const nb_progress *progress, nb_experiment_summary **out, nb_error *err);
NB_API void nb_experiment_summary_free(nb_experiment_summary *summary); /* NULL is allowed */

#ifdef __cplusplus
}
#endif
#endif
