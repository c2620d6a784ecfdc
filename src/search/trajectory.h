/* The lines of an experiment's file: written, and read back as far as going on needs it. */
#ifndef NB_SEARCH_TRAJECTORY_H
#define NB_SEARCH_TRAJECTORY_H

#include "nasbench/experiment.h"

#include "base/text.h"

/* The first line, with its newline. `settings` are the algorithm's, as nb_settings_read gives them. */
void nb_trajectory_header(const nb_experiment_options *options, const nb_objective *objective, const nb_algorithm_info *algorithm,
                          const double *settings, const nb_outcomes *outcomes, nb_text *line);

/* What an algorithm would have answered, from a step on. */
typedef struct nb_incumbent {
    size_t step;
    nb_arch arch;
} nb_incumbent;

/* The line of a run that has ended, with its newline. */
void nb_trajectory_run(uint32_t run, const nb_search *search, const nb_search_result *answer, const nb_incumbent *incumbents, size_t count,
                       const nb_outcomes *outcomes, nb_text *line);

/* What a summary needs of a run. */
typedef struct nb_run_facts {
    uint64_t evaluations;
    double seconds;  /* on the search's clock */
    double feedback; /* accuracy that speaks for the answer; NaN: not evaluated */
    nb_arch arch;    /* the answer */
} nb_run_facts;

/* Reads the line of run number `run`, `size` bytes without the newline. NB_ERR_FORMAT. */
nb_status nb_trajectory_read(const char *line, size_t size, const char *name, uint32_t run, const nb_space *space, nb_run_facts *out,
                             nb_error *err);

/* Compares two first lines but for the seed where `any_seed`, which *seed receives. NB_ERR_ARGUMENT names the first difference. */
nb_status nb_trajectory_same(const char *found, size_t found_size, const char *expected, size_t expected_size, const char *name,
                             bool any_seed, uint64_t *seed, nb_error *err);

#endif
