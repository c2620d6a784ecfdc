/* Comparing search methods: experiments read from their files, any-time curves, tables of final results, tests between methods.
 *
 *     nb_experiment_file *files[2];
 *     nb_experiment_file_read("random.jsonl", &files[0], &err);
 *     nb_experiment_file_read("rea.jsonl", &files[1], &err);
 *     nb_comparison *comparison;
 *     nb_compare((const nb_experiment_file *const *)files, 2, &(nb_compare_options){0}, &comparison, &err);
 *     comparison->measures[0].methods[1].final.median
 *
 * A *measure* is an accuracy by which runs are judged: validation or test of one data set, or the feedback that the search itself saw. A
 * method's value at a time is what it would have answered then; a run that has ended keeps its answer. docs/searches.md says which test
 * suits which design. */
#ifndef NASBENCH_COMPARE_H
#define NASBENCH_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nasbench/error.h"
#include "nasbench/experiment.h"
#include "nasbench/outcome.h"
#include "nasbench/statistics.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Files. ----------------------------------------------------------------------------------------------------------------------------- */

/* What is kept of an experiment: its first line, and of each run how the answer changed and what it was worth. Immutable. */
typedef struct nb_experiment_file nb_experiment_file;

typedef struct nb_experiment_info {
    const char *path;
    const char *algorithm; /* "rea" */
    const char *title;     /* "R-EA" */
    const char *space;
    const nb_note *settings; /* [setting_count] in the file's order: "population" = "10" */
    size_t setting_count;
    const nb_note *objective; /* [objective_count] "dataset" = "cifar10" */
    size_t objective_count;
    nb_search_budget budget; /* 0: no such limit */
    bool own_time;
    uint32_t runs;
    uint64_t seed;
    const char *const *datasets; /* [dataset_count] for which results are known; may be none */
    size_t dataset_count;
} nb_experiment_info;

/* Reads a file that nb_experiment_run wrote. NB_ERR_NOT_FOUND, NB_ERR_IO; NB_ERR_FORMAT and NB_ERR_TRUNCATED name file, line and what is
 * wrong there; NB_ERR_UNSUPPORTED for another version; NB_ERR_MEMORY also for a line of more than 64 MiB. */
NB_API nb_status nb_experiment_file_read(const char *path, nb_experiment_file **out, nb_error *err);

/* The same on bytes; `name` is for messages and info->path. */
NB_API nb_status nb_experiment_file_parse(const void *data, size_t size, const char *name, nb_experiment_file **out, nb_error *err);

NB_API void nb_experiment_file_free(nb_experiment_file *file); /* NULL is allowed */
NB_API const nb_experiment_info *nb_experiment_file_info(const nb_experiment_file *file);

/* The best of the table that was searched, percent; NaN: not known. */
NB_API double nb_experiment_file_optimum(const nb_experiment_file *file, size_t dataset, nb_outcome_kind kind);

/* How long a run was. */
NB_API uint64_t nb_experiment_file_evaluations(const nb_experiment_file *file, uint32_t run);
NB_API double nb_experiment_file_seconds(const nb_experiment_file *file, uint32_t run);

/* What makes a search move on. */
typedef enum nb_axis { NB_AXIS_SECONDS, NB_AXIS_EVALUATIONS, NB_AXES } nb_axis;

/* For `dataset`: the best accuracy that the search was told, instead of a result on a data set. */
#define NB_FEEDBACK SIZE_MAX

/* The accuracy in percent of what the run would have answered when `place` (seconds or evaluations) was reached; infinity: at its end.
 * NaN when that is not known, minus infinity when it had nothing to answer yet. With NB_FEEDBACK `kind` does not count. */
NB_API double nb_experiment_file_value(const nb_experiment_file *file, uint32_t run, size_t dataset, nb_outcome_kind kind, nb_axis axis,
                                       double place);

/* Comparisons. ----------------------------------------------------------------------------------------------------------------------- */

typedef enum nb_compare_test {
    NB_TEST_MANN_WHITNEY, /* independent runs */
    NB_TEST_SIGNED_RANK,  /* run r of one method beside run r of the other */
} nb_compare_test;

typedef struct nb_compare_options {
    nb_compare_test test;
    size_t points; /* of a curve; 0: 240 */
} nb_compare_options;

/* Over runs, at `count` places. NaN where fewer runs than the quantile needs had an answer, or past the end of the method. */
typedef struct nb_compared_curve {
    const double *lower, *median, *upper; /* [count] quartiles, percent */
} nb_compared_curve;

/* What a method reaches on a measure. */
typedef struct nb_compared_result {
    nb_description final; /* of the answers of all runs, percent */
    double mean_rank;     /* 1 is best; expected among one run of each method (signed-rank: of the runs with the same number) */
    nb_compared_curve curves[NB_AXES];
} nb_compared_result;

typedef struct nb_compared_pair {
    size_t first, second; /* methods */
    nb_rank_test test;    /* of first against second: an effect above its middle says that the first is better */
    double adjusted_p;    /* by Holm over all pairs of the measure */
} nb_compared_pair;

typedef struct nb_compared_measure {
    const char *dataset; /* NULL: feedback */
    nb_outcome_kind kind;
    double optimum;                    /* percent; NaN: not known */
    const nb_compared_result *methods; /* [method_count] */
    const nb_compared_pair *pairs;     /* [method_count * (method_count - 1) / 2] */
} nb_compared_measure;

typedef struct nb_compared_method {
    const char *label; /* the title, with what tells it from others of the same title */
    const nb_experiment_info *info;
    nb_description evaluations, seconds; /* per run */
    double mean_rank;                    /* over all measures */
} nb_compared_method;

typedef struct nb_comparison {
    nb_compare_test test;
    const nb_compared_method *methods; /* [method_count] in the order given */
    size_t method_count;
    const nb_compared_measure *measures; /* [measure_count] */
    size_t measure_count;
    const double *places[NB_AXES]; /* [place_count] where curves are sampled, ascending, the first above 0; none when nothing took time */
    size_t place_count[NB_AXES];
    size_t pair_count;
    bool budgets_differ; /* then final results do not compare methods alone */
} nb_comparison;

/* Measures are those on which all files have results: data sets in the first file's order; then the feedback, if validation is not among
 * them and all files name the same objective. The files must outlive the comparison.
 *
 * NB_ERR_ARGUMENT: no file, no measure, files of different spaces, data sets whose optimum differs (results of different tables), or a
 * signed-rank test between experiments of different seeds or numbers of runs. */
NB_API nb_status nb_compare(const nb_experiment_file *const *files, size_t count, const nb_compare_options *options, nb_comparison **out,
                            nb_error *err);
NB_API void nb_comparison_free(nb_comparison *comparison); /* NULL is allowed */

#ifdef __cplusplus
}
#endif
#endif
