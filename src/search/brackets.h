/* The brackets of Hyperband (Li et al., JMLR 2018) and BOHB: many architectures at a small budget, the best of them at larger ones.
 *
 * A bracket is a successive halving: rung j trains n_j architectures, and the best n_{j+1} of them go on to the next rung. Brackets
 * follow each other, beginning with the one that starts lowest; after the one that starts at the largest budget the first comes again. */
#ifndef NB_SEARCH_BRACKETS_H
#define NB_SEARCH_BRACKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nasbench/search.h"

enum { NB_RUNGS_MAX = 32 };

/* How many architectures a bracket of s + 1 rungs starts with, of R rungs in all. */
typedef enum nb_bracket_sizes {
    NB_SIZES_HYPERBAND,  /* ceil(R / (s + 1) * eta^s): the paper's */
    NB_SIZES_HPBANDSTER, /* floor(R / (s + 1)) * eta^s: the HpBandSter package's, which the BOHB baseline uses */
} nb_bracket_sizes;

typedef struct nb_contender {
    nb_arch arch;
    double accuracy; /* at the rung it was last trained at */
    bool stays;      /* goes on to the next rung */
} nb_contender;

typedef struct nb_brackets {
    double eta;
    nb_bracket_sizes sizes;
    unsigned rungs;              /* R */
    double budget[NB_RUNGS_MAX]; /* [rungs] ascending: max * eta^-(R - 1 - rung) */
    uint64_t bracket;            /* number of the present one, from 0 */
    unsigned first, rung;        /* of the present bracket, and where it is */
    nb_contender *contenders;    /* [count] those of the present rung, in the order they were drawn */
    size_t count, room;          /* the first rung of a bracket fills up to its size */
    size_t next;                 /* the contender to be trained */
    int64_t best[NB_RUNGS_MAX];  /* the step with the highest accuracy at each rung, the first among equals; -1: none yet */
    double best_accuracy[NB_RUNGS_MAX];
} nb_brackets;

/* 0 < min <= max, eta > 1. NB_ERR_ARGUMENT when there would be more than NB_RUNGS_MAX rungs. */
nb_status nb_brackets_start(nb_brackets *brackets, double min, double max, double eta, nb_bracket_sizes sizes, nb_error *err);
void nb_brackets_stop(nb_brackets *brackets);

/* Whether the next one to be trained has still to be drawn; if not, it is *arch. Its rung is brackets->rung. */
bool nb_brackets_needs_arch(const nb_brackets *brackets, nb_arch *arch);

/* The one that was asked for has been trained: `arch` at the present rung, by step number `step` of the search. */
nb_status nb_brackets_report(nb_brackets *brackets, const nb_arch *arch, double accuracy, size_t step, nb_error *err);

/* The incumbent: the best step at the largest budget that any was trained at. */
void nb_brackets_answer(const nb_brackets *brackets, const nb_search_step *steps, nb_search_result *result);

/* A budget as a number of epochs. */
uint32_t nb_brackets_epochs(const nb_brackets *brackets);

#endif
