#include "nn/schedule.h"

#include <math.h>

nb_schedule nb_schedule_cosine(double base, double epochs)
{
    return (nb_schedule){.kind = NB_SCHEDULE_COSINE, .base = base, .epochs = epochs};
}

static double cosine(const nb_schedule *s, double epoch)
{
    const double pi = 3.14159265358979323846, period = s->period > 0 ? s->period : s->epochs;
    if (epoch >= s->epochs)
        return s->end;
    return s->end + (s->base - s->end) * (1 + cos(pi * (epoch - s->warmup) / period)) / 2;
}

static double multistep(const nb_schedule *s, double epoch)
{
    double rate = s->base;
    for (int i = 0; i < s->milestone_count && s->milestones[i] <= epoch - s->warmup; i++)
        rate *= s->gammas[i];
    return rate;
}

static double linear(const nb_schedule *s, double epoch)
{
    if (epoch >= s->epochs)
        return s->end;
    return s->base * (1 - (s->base - s->end) * (epoch - s->warmup) / s->epochs / s->base);
}

double nb_schedule_rate(const nb_schedule *schedule, double epoch, double fraction)
{
    if (epoch < schedule->warmup)
        return (epoch / schedule->warmup + fraction / schedule->warmup) * schedule->base;
    switch (schedule->kind) {
    case NB_SCHEDULE_COSINE:
        return cosine(schedule, epoch);
    case NB_SCHEDULE_MULTISTEP:
        return multistep(schedule, epoch);
    case NB_SCHEDULE_EXPONENTIAL:
        return schedule->base * pow(schedule->gamma, epoch - schedule->warmup);
    case NB_SCHEDULE_LINEAR:
        return linear(schedule, epoch);
    case NB_SCHEDULE_CONSTANT:
        break;
    }
    return schedule->base;
}

nb_status nb_schedule_check(const nb_schedule *schedule, nb_error *err)
{
    if (!(schedule->base > 0) || !isfinite(schedule->base) || !(schedule->end >= 0))
        return nb_fail(err, NB_ERR_ARGUMENT, "schedule: learning rate from %g to %g; expected a positive and a non-negative number",
                       schedule->base, schedule->end);
    if (!(schedule->epochs > 0) || !(schedule->warmup >= 0) || !(schedule->period >= 0))
        return nb_fail(err, NB_ERR_ARGUMENT, "schedule: %g epochs, warm-up %g, period %g", schedule->epochs, schedule->warmup,
                       schedule->period);
    if (schedule->kind == NB_SCHEDULE_EXPONENTIAL && !(schedule->gamma > 0))
        return nb_fail(err, NB_ERR_ARGUMENT, "schedule: factor %g per epoch; expected a positive number", schedule->gamma);
    if (schedule->milestone_count < 0 || schedule->milestone_count > NB_MAX_MILESTONES)
        return nb_fail(err, NB_ERR_ARGUMENT, "schedule: %d milestones; expected 0 to %d", schedule->milestone_count, NB_MAX_MILESTONES);
    for (int i = 1; i < schedule->milestone_count; i++)
        if (schedule->milestones[i] < schedule->milestones[i - 1])
            return nb_fail(err, NB_ERR_ARGUMENT, "schedule: milestone %g after %g", schedule->milestones[i], schedule->milestones[i - 1]);
    return NB_OK;
}
