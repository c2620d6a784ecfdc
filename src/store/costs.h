/* Costs of a row without the times: what limits on architectures look at. */
#ifndef NB_STORE_COSTS_H
#define NB_STORE_COSTS_H

#include "nasbench/query.h"

#include "store/table.h"

/* Mean flops or params over a row's trials (count > 0), NaN when not known. False: trials differ and the one that decides is not there. */
bool nb_setup_row_cost(const nb_setup *setup, const nb_numbers *numbers, uint32_t first, uint32_t count, nb_flavour flavour, double *out);

/* The mean of a trial's latencies, -1 when there are none. */
double nb_setup_trial_latency(const nb_setup *setup, uint32_t trial);

/* The mean latency of a row's trials; false when none was measured. aa: trials without count as -1. */
bool nb_setup_row_latency(const nb_setup *setup, uint32_t first, uint32_t count, nb_flavour flavour, double *out);

#endif
