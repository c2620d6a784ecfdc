/* Search algorithms, each behind the same two calls: ask for an architecture, tell how good it is.
 *
 *     nb_search *search;
 *     nb_search_new(&(nb_search_options){.algorithm = "rea", .space = space, .budget = {.evaluations = 100}, .seed = 1}, &search, &err);
 *     nb_proposal proposal;
 *     while (nb_search_ask(search, &proposal)) {
 *         nb_evaluation evaluation = train_and_validate(&proposal.arch);
 *         if (nb_search_tell(search, &evaluation, &err) != NB_OK)
 *             break;
 *     }
 *     nb_search_result result;
 *     nb_search_answer(search, &result, &err);
 *
 * The search keeps the clock, the budget and the list of all evaluations; an algorithm only decides what comes next. What it proposes
 * is a function of its settings, its seed and what it was told. Different searches may run in different threads. docs/searches.md
 * describes the algorithms. */
#ifndef NASBENCH_SEARCH_H
#define NASBENCH_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nasbench/error.h"
#include "nasbench/objective.h"
#include "nasbench/progress.h"
#include "nasbench/space.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Algorithms. ---------------------------------------------------------------------------------------------------------------------- */

/* One setting of an algorithm: a number, or one of a few words. */
typedef struct nb_search_parameter {
    const char *name;          /* "population" */
    const char *summary;       /* a phrase for help texts */
    const char *default_value; /* the published value, as text: "10" */
    double low, high;          /* of a number */
    bool whole;                /* a whole number */
    const char *const *words;  /* ended by NULL; NULL: a number */
} nb_search_parameter;

typedef struct nb_algorithm_info {
    const char *name;    /* "rea" */
    const char *title;   /* as papers write it: "R-EA" */
    const char *summary; /* one line */
    const nb_search_parameter *parameters;
    size_t parameter_count;
} nb_algorithm_info;

/* By position; NULL past the end. */
NB_API const nb_algorithm_info *nb_algorithm_list(size_t position);

/* By name, letter case and '-', '_', blanks aside ("REA", "r-ea", "random-search" and "rs" are known, too). NULL with NB_ERR_NOT_FOUND and
 * a message that lists them all. */
NB_API const nb_algorithm_info *nb_algorithm_find(const char *name, nb_error *err);

/* Whether the algorithm takes these settings, as they are given to a search. NB_ERR_ARGUMENT names the setting, what was found and what
 * is expected. */
NB_API nb_status nb_algorithm_check(const nb_algorithm_info *algorithm, const char *const *settings, size_t count, nb_error *err);

/* Searches. ------------------------------------------------------------------------------------------------------------------------ */

/* When to stop; 0: no such limit. With both, whichever comes first. */
typedef struct nb_search_budget {
    double seconds; /* on the search's clock */
    uint64_t evaluations;
} nb_search_budget;

typedef struct nb_search_options {
    const char *algorithm;
    const nb_space *space;
    const char *const *settings; /* [setting_count] "name=value"; '-' and '_' are the same in names; the rest is as published */
    size_t setting_count;
    uint32_t epochs;         /* of the whole schedule, for algorithms that ask for parts of it; 0: not known */
    nb_search_budget budget; /* needed by algorithms that do not end by themselves: all but bohb */
    uint64_t seed, stream;   /* runs of one experiment share a seed and have a stream each */
    bool count_own_time;     /* adds the algorithm's own processor time to the clock, as the published scripts do: not repeatable */
} nb_search_options;

/* What the algorithm wants to know next. */
typedef struct nb_proposal {
    nb_arch arch;
    uint32_t epochs; /* 0: the whole schedule */
} nb_proposal;

/* One evaluation that counted. */
typedef struct nb_search_step {
    nb_arch arch;
    uint32_t epochs; /* 0: the whole schedule */
    double accuracy;
    double clock; /* seconds of the search when it was done */
} nb_search_step;

typedef struct nb_search nb_search;

/* NB_ERR_NOT_FOUND: no such algorithm; NB_ERR_ARGUMENT: an unknown setting, a value out of range, a budget that is negative, not a
 * number or missing. The message names the setting, what was found and what is expected. */
NB_API nb_status nb_search_new(const nb_search_options *options, nb_search **out, nb_error *err);
NB_API void nb_search_free(nb_search *search); /* NULL is allowed */

/* Begins anew with another stream of the same seed; keeps settings, budget and memory. */
NB_API nb_status nb_search_restart(nb_search *search, uint64_t stream, nb_error *err);

/* The next proposal; the same one until it is answered. False: the search is over. */
NB_API bool nb_search_ask(nb_search *search, nb_proposal *proposal);

/* The answer to the last proposal. NB_ERR_NUMERIC for an accuracy that is not a finite number, NB_ERR_ARGUMENT for a cost that is
 * negative or not finite, or when nothing was asked; the search then still waits for an answer.
 * The evaluation that passes the budget ends the search; whether it counts is the algorithm's published habit:
 * rea, random, bohb, hyperband and local-search drop it (setting last=keep keeps it), reinforce lets it be the result but does not add
 * its cost to the clock. The first evaluations of rea (its population) count in any case. */
NB_API nb_status nb_search_tell(nb_search *search, const nb_evaluation *evaluation, nb_error *err);

/* Everything that counted so far, in order; valid until the next tell. */
NB_API const nb_search_step *nb_search_steps(const nb_search *search, size_t *count);
NB_API double nb_search_clock(const nb_search *search); /* seconds */

/* What the algorithm answers, now or at the end. */
typedef struct nb_search_result {
    nb_arch arch;
    int64_t step;    /* the evaluation that speaks for it; -1: it was not evaluated (reinforce with answer=policy) */
    double accuracy; /* of that evaluation; NaN for step -1 */
} nb_search_result;

/* NB_ERR_NOT_FOUND when no evaluation counted: the message says what the first one cost and what the budget is. */
NB_API nb_status nb_search_answer(const nb_search *search, nb_search_result *result, nb_error *err);

/* Asks, evaluates and tells until the search is over. The objective's random choices come from streams of their own, so algorithms see
 * the same luck whatever they draw themselves. Failures of the objective are passed on with the architecture's string in front. */
NB_API nb_status nb_search_run(nb_search *search, const nb_objective *objective, const nb_progress *progress, nb_error *err);

#ifdef __cplusplus
}
#endif
#endif
