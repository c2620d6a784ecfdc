/* NAS-Bench-101's own interface (nasbench: nasbench/api.py) on a table that was imported from its files.
 *
 *     nb_api101 api;
 *     nb_api101_init(table, 0, &api, &err);
 *     nb_result101 result;
 *     nb_api101_query(&api, &spec, 108, false, &result, &err);      one of the three runs, drawn as Python 3 draws with that seed
 *
 * Numbers are those of the files, bit for bit: accuracies are fractions of 1, times seconds. Any graph may be asked for that is isomorphic
 * to a cell of the table after pruning; what is answered is about the stored form (<nasbench/nasbench101.h>).
 *
 * The reference's exceptions: OutOfDomainError is NB_ERR_ARGUMENT with its message, KeyError is NB_ERR_NOT_FOUND. */
#ifndef NASBENCH_NASBENCH101_API_H
#define NASBENCH_NASBENCH101_API_H

#include <stdbool.h>
#include <stdint.h>

#include "nasbench/error.h"
#include "nasbench/nasbench101.h"
#include "nasbench/random.h"
#include "nasbench/table.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NB_API101_BUDGETS_MAX 16
#define NB_API101_POINTS_MAX 8

/* One user's view of a table: the generator and the counters are his, the table is shared. A plain value; all members are private. */
typedef struct nb_api101 {
    const nb_table *table;
    nb_mt19937 random;
    double seconds; /* of all queries since the last reset */
    uint64_t epochs;
    uint32_t budget_count;
    uint32_t budgets[NB_API101_BUDGETS_MAX]; /* [budget_count] epochs, ascending */
    uint32_t setups[NB_API101_BUDGETS_MAX];  /* [budget_count] of the table */
} nb_api101;

/* NB_ERR_UNSUPPORTED for a table of another benchmark. The table must stay open; two threads take an nb_api101 each. */
NB_API nb_status nb_api101_init(const nb_table *table, uint64_t seed, nb_api101 *api, nb_error *err);

/* valid_epochs: the numbers of epochs that were trained, ascending. Writes the first `room` and returns how many there are. */
NB_API uint32_t nb_api101_epochs(const nb_api101 *api, uint32_t *epochs, uint32_t room);

/* is_valid: whether the graph is in the domain. Looks at nothing but the graph; nb_modelspec_cell says why it is not. */
NB_API bool nb_api101_is_valid(const nb_modelspec *spec);

/* query ------------------------------------------------------------------------------------------------------------------------------- */

typedef struct nb_metrics101 {
    double training_time; /* seconds, of training alone */
    double train_accuracy;
    double validation_accuracy;
    double test_accuracy;
} nb_metrics101;

typedef struct nb_result101 {
    uint32_t row; /* in the table: nb_api101_fixed tells matrix and operations */
    uint32_t run; /* which one was drawn */
    uint32_t trainable_parameters;
    nb_metrics101 metrics;
} nb_result101;

/* One random run of a graph, after `epochs` epochs of training or half-way to them. Adds its time and epochs to the counters. Fails, in
 * this order, for a number of epochs that was not trained, a graph outside the domain, a cell that the table does not have; a query that
 * fails counts nothing and draws nothing. */
NB_API nb_status nb_api101_query(nb_api101 *api, const nb_modelspec *spec, uint32_t epochs, bool stop_halfway, nb_result101 *out,
                                 nb_error *err);
/* The same for a row of the table. */
NB_API nb_status nb_api101_query_row(nb_api101 *api, uint32_t row, uint32_t epochs, bool stop_halfway, nb_result101 *out, nb_error *err);

/* get_budget_counters, reset_budget_counters: training seconds and epochs of all queries. */
NB_API void nb_api101_budget(const nb_api101 *api, double *seconds, uint64_t *epochs);
NB_API void nb_api101_reset_budget(nb_api101 *api);

/* Statistics: they count nothing and draw nothing ------------------------------------------------------------------------------------- */

/* hash_iterator: the rows in the order in which the file has their hashes; nb_table_hash gives the hash of a row. `position` is below
 * nb_table_get_info(table)->rows. */
NB_API uint32_t nb_api101_row_at(const nb_api101 *api, uint32_t position);

/* The row of a graph or a hash; failures as those of a query. */
NB_API nb_status nb_api101_row_of_spec(const nb_api101 *api, const nb_modelspec *spec, uint32_t *row, nb_error *err);
NB_API nb_status nb_api101_row_of_hash(const nb_api101 *api, const uint8_t hash[NB_CELL101_HASH_SIZE], uint32_t *row, nb_error *err);

/* Fixed statistics: the stored form of the cell, and its parameters. */
typedef struct nb_fixed101 {
    nb_cell101 cell; /* module_adjacency, module_operations */
    uint32_t trainable_parameters;
} nb_fixed101;

NB_API nb_status nb_api101_fixed(const nb_api101 *api, uint32_t row, nb_fixed101 *out, nb_error *err);

/* Computed statistics of one run. */
typedef struct nb_computed101 {
    nb_metrics101 halfway, final;
} nb_computed101;

/* Those of all runs of a row for that many epochs: the first `room`; *count is how many there are. */
NB_API nb_status nb_api101_computed(const nb_api101 *api, uint32_t row, uint32_t epochs, nb_computed101 *out, uint32_t room,
                                    uint32_t *count, nb_error *err);
/* Their mean: each number is the sum over the runs in their order, divided by how many there are. */
NB_API nb_status nb_api101_mean(const nb_api101 *api, uint32_t row, uint32_t epochs, nb_computed101 *out, nb_error *err);

/* Everything that the files have of a run, also what the reference reads and keeps to itself. */
typedef struct nb_evaluation101 {
    double epoch; /* current_epoch: 0, half-way, the end */
    nb_metrics101 metrics;
} nb_evaluation101;

typedef struct nb_history101 {
    uint32_t count;
    nb_evaluation101 evaluations[NB_API101_POINTS_MAX];
    double total_time; /* seconds of training and evaluation */
} nb_history101;

NB_API nb_status nb_api101_history(const nb_api101 *api, uint32_t row, uint32_t epochs, uint32_t run, nb_history101 *out, nb_error *err);

#ifdef __cplusplus
}
#endif
#endif
