/* Averages over an epoch, with the roundings of the reference's tools. */
#ifndef NB_TRAIN_METER_H
#define NB_TRAIN_METER_H

#include "nn/net.h"

/* Sums over batches, weighted with their sizes. */
typedef struct nb_meter {
    double loss, top1, top5;
    double images;
    double seconds; /* of making batches and of computing */
} nb_meter;

/* Percent of a batch as the reference computes it: in single precision, correct * (100 / batch). */
static inline double nb_meter_percent(int correct, int images)
{
    return (double)((float)correct * (float)(100.0 / images));
}

static inline void nb_meter_add(nb_meter *meter, const nb_net_result *batch, double seconds)
{
    double images = batch->images;
    meter->loss += (double)(float)batch->loss * images;
    meter->top1 += nb_meter_percent(batch->top1, batch->images) * images;
    meter->top5 += nb_meter_percent(batch->top5, batch->images) * images;
    meter->images += images;
    meter->seconds += seconds;
}

static inline double nb_meter_loss(const nb_meter *meter)
{
    return meter->loss / meter->images;
}

static inline double nb_meter_top1(const nb_meter *meter)
{
    return meter->top1 / meter->images;
}

static inline double nb_meter_top5(const nb_meter *meter)
{
    return meter->top5 / meter->images;
}

#endif
