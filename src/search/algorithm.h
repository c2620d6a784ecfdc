/* What an algorithm is: the struct behind <nasbench/search.h>. A new algorithm is one file that fills this struct, and its line in
 * catalogue.c.
 *
 * The search around it (search.c) keeps clock, budget and the list of evaluations, so that an algorithm is two decisions: what to ask
 * next, and what to learn from the answer. */
#ifndef NB_SEARCH_ALGORITHM_H
#define NB_SEARCH_ALGORITHM_H

#include "nasbench/search.h"

/* What an algorithm works with. */
typedef struct nb_search_context {
    const nb_space *space;
    const double *settings; /* [parameters] numbers, or positions of words, in the order of the parameter table */
    uint32_t epochs;        /* of the whole schedule; 0: not known */
    nb_rng rng;
    const nb_search_step *steps; /* [step_count] what counted so far */
    size_t step_count;
    size_t best; /* the step with the highest accuracy, the earliest among equals */
} nb_search_context;

/* What it asks for. */
typedef struct nb_request {
    nb_proposal proposal;
    bool always; /* counts even when it passes the budget */
} nb_request;

typedef struct nb_algorithm {
    nb_algorithm_info info;
    const char *const *aliases; /* other names, NULL at the end */
    bool ends;                  /* by itself, without a budget */
    size_t state_size;          /* of the struct that the functions below work on; zeroed before start */

    /* Prepares the state for a search; may allocate. */
    nb_status (*start)(void *state, nb_search_context *context, nb_error *err); /* NULL: nothing */
    void (*stop)(void *state); /* frees what start allocated, also after it failed; NULL: nothing */

    /* The next request; false: the algorithm has come to its end. */
    bool (*ask)(void *state, nb_search_context *context, nb_request *request);

    /* Learns the answer to the last request: the newest entry of context->steps. NULL: there is nothing to learn. */
    nb_status (*tell)(void *state, nb_search_context *context, nb_error *err);

    /* The answer at this moment, with at least one step done; NULL: the highest accuracy, the earliest among equals. */
    void (*answer)(const void *state, const nb_search_context *context, nb_search_result *result);
} nb_algorithm;

/* The first parameter of every algorithm: what happens with the evaluation that passes the budget. */
enum { NB_SETTING_LAST = 0 };
typedef enum nb_last { NB_LAST_DROP, NB_LAST_KEEP, NB_LAST_MENTION } nb_last;

#define NB_PARAMETER_LAST(preset)                                                                                                          \
    {                                                                                                                                      \
        .name = "last",                                                                                                                    \
        .summary = "the evaluation that passes the budget: drop it, keep it, or mention it (it may be the result, but "                    \
                   "costs nothing)",                                                                                                       \
        .default_value = (preset), .words = nb_last_words                                                                                  \
    }
extern const char *const nb_last_words[];

/* Parameters of the other kinds. */
#define NB_PARAMETER_WHOLE(title, preset, lowest, highest, text)                                                                           \
    {                                                                                                                                      \
        .name = (title), .summary = (text), .default_value = (preset), .low = (lowest), .high = (highest), .whole = true                   \
    }
#define NB_PARAMETER_REAL(title, preset, lowest, highest, text)                                                                            \
    {                                                                                                                                      \
        .name = (title), .summary = (text), .default_value = (preset), .low = (lowest), .high = (highest)                                  \
    }
#define NB_PARAMETER_WORD(title, preset, choices, text)                                                                                    \
    {                                                                                                                                      \
        .name = (title), .summary = (text), .default_value = (preset), .words = (choices)                                                  \
    }

extern const nb_algorithm nb_random_search;
extern const nb_algorithm nb_evolution;
extern const nb_algorithm nb_reinforce;
extern const nb_algorithm nb_bohb;
extern const nb_algorithm nb_hyperband;
extern const nb_algorithm nb_local_search;

static inline nb_search_result nb_step_as_result(const nb_search_context *context, size_t step)
{
    return (nb_search_result){.arch = context->steps[step].arch, .step = (int64_t)step, .accuracy = context->steps[step].accuracy};
}

/* The algorithm of a name, or NULL with NB_ERR_NOT_FOUND. */
const nb_algorithm *nb_algorithm_of(const char *name, nb_error *err);

#endif
