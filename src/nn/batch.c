/* Numbers of the whole batch: what batch norm computes between two phases, in double and in the order of the blocks. */
#include <math.h>
#include <string.h>

#include "nn/net_state.h"

static const nb_op *norm_op(const nb_net *net, const nb_norm *norm)
{
    return &net->graph->ops[norm->node];
}

/* Element `channel` of a parameter, or `otherwise` where the batch norm has none. */
static double parameter(const nb_net *net, int tensor, int channel, double otherwise)
{
    return tensor < 0 ? otherwise : (double)net->params->values[net->params->tensors[tensor].offset + (size_t)channel];
}

static double edge_weight(const nb_net *net, int edge)
{
    return edge < 0 ? 1 : (double)net->edge_weights[edge];
}

/* ---------------------------------------------------------------- scales and shifts */

/* What one term adds: its scale for each channel, and its share of the shift. The shift goes with the scale as it is after rounding to
 * float, so that scale * x + shift is right to the last bit around the mean even when the mean is large. */
static void fill_term(nb_net *net, const nb_instruction *instruction, nb_program_term *term)
{
    const double edge = edge_weight(net, term->edge);
    const nb_norm *norm = term->norm < 0 ? NULL : &net->program.norms[term->norm];
    for (int c = 0; c < instruction->channels; c++) {
        int channel = c + term->norm_first;
        double scale = edge, shift = 0, weight = norm ? parameter(net, norm_op(net, norm)->weight, channel, 1) : 1;
        switch (term->role) {
        case NB_ROLE_VALUE:
            break;
        case NB_ROLE_CONSTANT:
            shift = edge * (double)term->value;
            break;
        case NB_ROLE_NORM:
            scale = (double)(float)(edge * weight * norm->inverse[channel]);
            shift = edge * parameter(net, norm_op(net, norm)->bias, channel, 0) - scale * norm->mean[channel];
            break;
        case NB_ROLE_NORM_GRADIENT:
            scale = edge * weight * norm->inverse[channel];
            break;
        case NB_ROLE_NORM_CORRECTION: /* the edge weight is in the two means already */
            scale = (double)(float)(-weight * norm->inverse[channel] * norm->inverse[channel] * norm->gradient_dot[channel]);
            shift = -weight * norm->inverse[channel] * norm->gradient[channel] - scale * norm->mean[channel];
            break;
        }
        if (term->scale)
            term->scale[c] = (float)scale;
        if (instruction->shift_sums)
            instruction->shift_sums[c] += shift;
    }
}

void nb_net_fill_scales(nb_net *net, nb_instruction *instruction)
{
    if (instruction->shift)
        memset(instruction->shift_sums, 0, (size_t)instruction->channels * sizeof *instruction->shift_sums);
    for (int i = 0; i < instruction->term_count; i++) {
        nb_program_term *term = &net->program.terms[instruction->first_term + i];
        if (term->active && (term->scale || instruction->shift))
            fill_term(net, instruction, term);
    }
    for (int c = 0; instruction->shift && c < instruction->channels; c++)
        instruction->shift[c] = (float)instruction->shift_sums[c];
}

/* ---------------------------------------------------------------- statistics */

/* Pooled mean and variance (biased) of channel `channel`: blocks may differ in their number of images. Returns the size of the sample. */
static double pooled_moments(const nb_net *net, const nb_statistics *statistics, int channel, double *mean, double *variance)
{
    const size_t stride = net->program.moments_per_block;
    const nb_moments *moments = net->moments + statistics->offset + channel;
    double n = (double)net->count * statistics->pixels, sum = 0, m2 = 0;
    for (int b = 0; b < net->blocks; b++)
        sum += (double)nb_live_lanes(net, b) * moments[(size_t)b * stride].mean;
    *mean = sum * statistics->pixels / n;
    for (int b = 0; b < net->blocks; b++) {
        const nb_moments *block = &moments[(size_t)b * stride];
        double apart = block->mean - *mean;
        m2 += block->m2 + (double)nb_live_lanes(net, b) * statistics->pixels * apart * apart;
    }
    *variance = m2 / n;
    return n;
}

/* running = (1 - momentum) * running + momentum * batch. */
static void update_running(const nb_net *net, int tensor, int channel, double momentum, double batch)
{
    float *running = net->params->buffers + net->params->tensors[tensor].offset + channel;
    *running = (float)((1 - momentum) * (double)*running + momentum * batch);
}

/* The mean that a convolution's bias would have added. */
static double folded_bias(const nb_net *net, const nb_norm *norm, int channel)
{
    return parameter(net, norm->conv_bias, channel, 0);
}

static void batch_statistics(const nb_net *net, nb_norm *norm)
{
    const nb_op *op = norm_op(net, norm);
    const nb_statistics *statistics = &net->program.statistics[norm->statistics];
    const bool track = net->options.training && op->norm.track;
    for (int c = 0; c < norm->channels; c++) {
        double variance, n = pooled_moments(net, statistics, c, &norm->mean[c], &variance);
        norm->inverse[c] = 1 / sqrt(variance + op->norm.eps);
        norm->centre[c] = (float)norm->mean[c];
        if (!track)
            continue;
        update_running(net, op->running_mean, c, op->norm.momentum, norm->mean[c] + folded_bias(net, norm, c));
        update_running(net, op->running_var, c, op->norm.momentum, variance * n / (n > 1 ? n - 1 : 1));
    }
    if (track)
        net->params->counters[net->params->tensors[op->tracked].offset]++;
}

static void running_statistics(const nb_net *net, nb_norm *norm)
{
    const nb_op *op = norm_op(net, norm);
    const float *mean = net->params->buffers + net->params->tensors[op->running_mean].offset;
    const float *variance = net->params->buffers + net->params->tensors[op->running_var].offset;
    for (int c = 0; c < norm->channels; c++) {
        norm->mean[c] = (double)mean[c] - folded_bias(net, norm, c);
        norm->inverse[c] = 1 / sqrt((double)variance[c] + op->norm.eps);
        norm->centre[c] = (float)norm->mean[c];
    }
}

/* ---------------------------------------------------------------- gradients */

/* Adds up a reduction over the blocks: total[channel]. */
static double reduced(const nb_net *net, int reduction, int channel)
{
    const nb_reduction *r = &net->program.reductions[reduction];
    const double *sums = net->sums + r->offset + channel;
    double total = 0;
    for (int b = 0; b < net->blocks; b++)
        total += sums[(size_t)b * net->program.sums_per_block];
    return total;
}

static void add_gradient(const nb_net *net, int tensor, int channel, double gradient)
{
    if (tensor >= 0)
        net->params->gradients[net->params->tensors[tensor].offset + (size_t)channel] += (float)gradient;
}

/* sum over the batch of G * normalised x: the reduction is centred by the mean rounded to float, which leaves a rest. */
static double normalised_product(const nb_net *net, const nb_norm *norm, int dot, int sum, int channel)
{
    double rest = norm->mean[channel] - (double)norm->centre[channel];
    return norm->inverse[channel] * (reduced(net, dot, channel) - rest * reduced(net, sum, channel));
}

static void norm_gradient(const nb_net *net, nb_norm *norm)
{
    const nb_op *op = norm_op(net, norm);
    const double edge = edge_weight(net, norm->edge);
    const double n = (double)net->count * op->shape.rows * op->shape.cols;
    for (int c = 0; c < norm->channels; c++) {
        double sum = edge * reduced(net, norm->sum, c), product = edge * normalised_product(net, norm, norm->dot, norm->sum, c);
        norm->gradient[c] = sum / n;
        norm->gradient_dot[c] = product / n;
        add_gradient(net, op->weight, c, product);
        add_gradient(net, op->bias, c, sum);
        if (norm->conv_bias >= 0 && !norm->of_batch) /* with the batch's statistics the bias has no effect at all */
            add_gradient(net, norm->conv_bias, c, sum * parameter(net, op->weight, c, 1) * norm->inverse[c]);
    }
}

/* <G, weight * normalised x + bias> */
static double norm_product(const nb_net *net, const nb_job *job)
{
    const nb_norm *norm = &net->program.norms[job->norm];
    const nb_op *op = norm_op(net, norm);
    double total = 0;
    for (int c = 0; c < norm->channels; c++)
        total += parameter(net, op->weight, c, 1) * normalised_product(net, norm, job->reduction, job->sum, c) +
                 parameter(net, op->bias, c, 0) * reduced(net, job->sum, c);
    return total;
}

void nb_net_do_job(nb_net *net, const nb_job *job)
{
    const nb_op *op = &net->graph->ops[job->node];
    switch (job->kind) {
    case NB_JOB_NORM:
        if (net->program.norms[job->norm].of_batch)
            batch_statistics(net, &net->program.norms[job->norm]);
        else
            running_statistics(net, &net->program.norms[job->norm]);
        break;
    case NB_JOB_NORM_GRADIENT:
        norm_gradient(net, &net->program.norms[job->norm]);
        break;
    case NB_JOB_EDGE_DOT:
        for (int c = 0; c < net->program.reductions[job->reduction].channels; c++)
            net->edge_gradients[job->edge] += (double)job->value * reduced(net, job->reduction, c);
        break;
    case NB_JOB_EDGE_NORM:
        net->edge_gradients[job->edge] += norm_product(net, job);
        break;
    case NB_JOB_BIAS:
        for (int c = 0; c < op->shape.channels; c++)
            add_gradient(net, op->bias, c, reduced(net, job->reduction, c));
        break;
    }
}
