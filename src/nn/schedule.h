/* Learning rates over the epochs. Source: the scheduler library of AutoDL-Projects (nas-bench-201 specification, section 6) and
 * NAS-Bench-101's cosine per step. */
#ifndef NB_NN_SCHEDULE_H
#define NB_NN_SCHEDULE_H

#include "base/error.h"

typedef enum nb_schedule_kind {
    NB_SCHEDULE_CONSTANT,
    NB_SCHEDULE_COSINE,      /* end + (base - end) (1 + cos(pi (e - warmup) / period)) / 2 before epoch `epochs`, `end` from then on */
    NB_SCHEDULE_MULTISTEP,   /* base * the product of gammas[i] over milestones[i] <= e - warmup */
    NB_SCHEDULE_EXPONENTIAL, /* base * gamma^(e - warmup) */
    NB_SCHEDULE_LINEAR       /* base (1 - (1 - end / base) (e - warmup) / epochs) before epoch `epochs`, `end` from then on */
} nb_schedule_kind;

#define NB_MAX_MILESTONES 16

typedef struct nb_schedule {
    nb_schedule_kind kind;
    double base; /* the learning rate to start from */
    double end;
    double epochs; /* counted from epoch 0, warm-up included */
    double period; /* cosine: T_max; 0 means `epochs` */
    double warmup; /* epochs, in which the rate grows linearly from 0 to base: (e + fraction) / warmup * base */
    double gamma;
    int milestone_count;
    double milestones[NB_MAX_MILESTONES], gammas[NB_MAX_MILESTONES];
} nb_schedule;

/* NAS-Bench-201's: cosine per epoch from `base` to 0 over `epochs`. */
nb_schedule nb_schedule_cosine(double base, double epochs);

/* The rate at epoch e = 0, 1, ..., of which `fraction` in [0, 1) is done. The fraction matters in the warm-up only: the rate is constant
 * within an epoch. For a schedule by the step, count steps as epochs. */
double nb_schedule_rate(const nb_schedule *schedule, double epoch, double fraction);

/* NB_ERR_ARGUMENT with the reason when the numbers make no schedule. */
nb_status nb_schedule_check(const nb_schedule *schedule, nb_error *err);

#endif
