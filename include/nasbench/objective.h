/* What a search asks: how good is this architecture, and what did it cost to find out?
 *
 * An objective is a small value with a function in it. A table gives one (training is simulated: accuracies and seconds come from the
 * table), real training gives one, a user's own function gives one:
 *
 *     static nb_status measure(void *user, const nb_arch *arch, uint32_t epochs, nb_rng *rng, nb_evaluation *out, nb_error *err);
 *     nb_objective objective = {.space = space, .evaluate = measure, .user = &mine};
 *
 * Algorithms (<nasbench/search.h>) know nothing else of the world. */
#ifndef NASBENCH_OBJECTIVE_H
#define NASBENCH_OBJECTIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nasbench/error.h"
#include "nasbench/random.h"
#include "nasbench/space.h"
#include "nasbench/table.h"
#include "nasbench/train.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The answer to one question. */
typedef struct nb_evaluation {
    double accuracy; /* on the validation set, percent: what the search climbs */
    double seconds;  /* what the evaluation cost, simulated or real; 0 where time is not known */
} nb_evaluation;

/* Something to be written down about an objective: "dataset" = "cifar10". */
typedef struct nb_note {
    const char *name, *value;
} nb_note;

typedef struct nb_objective {
    const nb_space *space; /* the architectures that may be asked about */

    /* Trains and validates `arch` for `epochs` epochs, 0: the whole schedule. `rng` decides what is left to chance (which of the trained
     * seeds answers), so that an answer is a function of the arguments alone. */
    nb_status (*evaluate)(void *user, const nb_arch *arch, uint32_t epochs, nb_rng *rng, nb_evaluation *out, nb_error *err);
    void *user;
    void (*release)(void *user); /* called by nb_objective_free; NULL: nothing to do */

    uint32_t epochs; /* of the whole schedule; 0: not known, and fewer cannot be asked for */
    bool concurrent; /* several threads may call `evaluate` at once */
    bool untimed;    /* seconds are always 0: a budget must be a number of evaluations */
    bool slow;       /* an evaluation takes long (real training): every one is kept on disk as it is done */

    const nb_note *notes; /* [note_count] where the answers come from, for the files of experiments */
    size_t note_count;
} nb_objective;

/* Frees what the objective holds; {0} and NULL are fine. */
NB_API void nb_objective_free(nb_objective *objective);

/* Tables. -------------------------------------------------------------------------------------------------------------------------- */

/* Where the seconds of an evaluation come from. */
typedef enum nb_time_model {
    NB_TIME_MEASURED, /* the times in the table: training of all epochs up to the one asked for, and one pass over the validation set */
    NB_TIME_FLOPS,    /* nb_flops_seconds: for tables without times */
    NB_TIME_NONE,     /* no time: only evaluations are counted */
} nb_time_model;

typedef struct nb_table_objective_options {
    const char
        *dataset; /* as in the benchmark; "cifar10" is searched on cifar10-valid where the table has it, as everywhere in the field */
    const char *schedule; /* the training that gives feedback: "12", "200", ...; NULL: "12" where the table has it, else the shortest */
    const char *split;    /* the validation set; NULL: "x-valid" */
    nb_time_model time;
    bool mean_of_trials; /* false: one random trained seed answers, as in the benchmark's own scripts; true: the mean over the seeds */
    uint32_t epochs;     /* the training stops after so many epochs of the schedule; 0: at its end */
} nb_table_objective_options;

/* The accounting of the benchmarks' own scripts (simulate_train_eval): accuracy on the validation set at the last epoch asked for, by one
 * random trial; seconds = training up to there plus one validation pass. Where fewer epochs are asked for than the validation set was
 * evaluated at, ori-test answers in its place, as in NATS-Bench. NAS-Bench-101 knows the time of training alone, and its own accounting
 * pays nothing else.
 * Its notes are "dataset" as asked for, "feedback" (as in "cifar10-valid/12/x-valid"), "epochs" when they are limited, "time" and "trials".
 * The table must stay open as long as the objective.
 *
 * NB_ERR_ARGUMENT: more epochs than the schedule has. NB_ERR_NOT_FOUND: no such dataset, schedule or split (the message lists what there
 * is), no times (it names the ways out), or no trial at all. An evaluation of an architecture that the table lacks is NB_ERR_NOT_FOUND,
 * too. */
NB_API nb_status nb_objective_of_table(const nb_table *table, const nb_table_objective_options *options, nb_objective *out, nb_error *err);

/* Seconds to train for `epochs` epochs and validate once, by the number of multiply-accumulates:
 *
 *     t(F) = 6.114 + 0.05103 F          seconds per 25,000 images, F in millions for one CIFAR-10 image
 *     seconds = epochs * t(F) * n_train / 25000  +  t(F) / 3 * n_valid / 25000
 *
 * The slope and the fixed part come from the published times of two architectures (one GTX 1080 Ti), scaled by one factor such that the
 * mean over the topology space is 110 s for 12 epochs of cifar10-valid; docs/searches.md derives the numbers. As in the published
 * tables, time grows with the number of images and not with their size. NB_ERR_NOT_FOUND for a dataset whose images are not counted. */
NB_API nb_status nb_flops_seconds(const nb_space *space, const nb_arch *arch, const char *dataset, uint32_t epochs, double *seconds,
                                  nb_error *err);

/* Training. ------------------------------------------------------------------------------------------------------------------------ */

typedef struct nb_live_objective_options {
    nb_train_options train; /* space, schedule and recipe; `threads` are those of one evaluation. Seed, checkpoint, evaluations, weights and
                               callback do not count */
    const char *dataset;    /* its name in the notes; NULL: the key of the data set */
    const char *split;      /* the validation set; NULL: "x-valid". No other set is looked at */
    nb_time_model time;     /* measured: real seconds, which no run repeats; flops: those of nb_flops_seconds for the network as it is */
    uint32_t epochs;        /* stop after so many epochs of the schedule; 0: at its end */
    const atomic_int *cancel; /* non-zero: an evaluation stops with NB_ERR_CANCELLED; may be NULL */
} nb_live_objective_options;

/* Trains every architecture that is asked for from scratch, with a seed that chance decides, and validates it once. Where fewer epochs are
 * asked for than the schedule has, training stops there: the learning rate still falls as over the whole schedule, as in a table's curves.
 * A network that diverges (NB_ERR_NUMERIC) has learnt nothing: accuracy 0. Evaluations are slow, may run side by side, and are a function
 * of their arguments, measured seconds aside. Notes: "dataset", "feedback", "time", and the recipe.
 * The data set must stay as long as the objective.
 *
 * NB_ERR_NOT_FOUND: no such split, NB_ERR_ARGUMENT: a bad recipe, or more epochs than the schedule has; NB_ERR_UNSUPPORTED: a space whose
 * networks cannot be trained. */
NB_API nb_status nb_objective_of_training(const nb_dataset *dataset, const nb_live_objective_options *options, nb_objective *out,
                                          nb_error *err);

#ifdef __cplusplus
}
#endif
#endif
