#include "nn/optimiser.h"

#include <math.h>
#include <stdlib.h>

nb_optimiser_options nb_sgd(double momentum, bool nesterov, double decay)
{
    return (nb_optimiser_options){.kind = NB_OPTIMISER_SGD, .momentum = momentum, .nesterov = nesterov, .decay = decay};
}

nb_optimiser_options nb_adam(double beta1, double beta2, double eps, double decay)
{
    return (nb_optimiser_options){.kind = NB_OPTIMISER_ADAM, .beta1 = beta1, .beta2 = beta2, .eps = eps, .decay = decay};
}

nb_optimiser_options nb_adamw(double beta1, double beta2, double eps, double decay)
{
    return (nb_optimiser_options){.kind = NB_OPTIMISER_ADAMW, .beta1 = beta1, .beta2 = beta2, .eps = eps, .decay = decay};
}

nb_optimiser_options nb_rmsprop_tf(double rho, double momentum, double eps, double decay)
{
    return (nb_optimiser_options){.kind = NB_OPTIMISER_RMSPROP_TF, .rho = rho, .momentum = momentum, .eps = eps, .decay = decay};
}

/* An array of `count` numbers, all `value`. */
static float *filled(size_t count, float value)
{
    float *floats = malloc((count + 1) * sizeof *floats);
    for (size_t i = 0; floats && i < count; i++)
        floats[i] = value;
    return floats;
}

static nb_status make(const nb_optimiser_options *options, size_t size, size_t tensors, nb_optimiser **out, nb_error *err)
{
    nb_optimiser *optimiser = calloc(1, sizeof *optimiser);
    if (!optimiser)
        return nb_fail(err, NB_ERR_MEMORY, "optimiser: no memory");
    *optimiser = (nb_optimiser){.options = *options, .size = size, .tensor_count = tensors};
    const bool sgd = options->kind == NB_OPTIMISER_SGD;
    optimiser->steps = calloc(tensors + 1, sizeof *optimiser->steps);
    optimiser->first = filled(size, 0);
    optimiser->second = sgd ? NULL : filled(size, options->kind == NB_OPTIMISER_RMSPROP_TF ? 1 : 0);
    if (!optimiser->steps || !optimiser->first || (!sgd && !optimiser->second)) {
        nb_optimiser_free(optimiser);
        return nb_fail(err, NB_ERR_MEMORY, "optimiser: no memory for the state of %zu numbers", size);
    }
    *out = optimiser;
    return NB_OK;
}

nb_status nb_optimiser_new(const nb_optimiser_options *options, const nb_params *params, nb_optimiser **out, nb_error *err)
{
    return make(options, params->size, params->tensor_count, out, err);
}

nb_status nb_optimiser_new_flat(const nb_optimiser_options *options, size_t size, nb_optimiser **out, nb_error *err)
{
    return make(options, size, 1, out, err);
}

void nb_optimiser_free(nb_optimiser *optimiser)
{
    if (!optimiser)
        return;
    free(optimiser->first);
    free(optimiser->second);
    free(optimiser->steps);
    free(optimiser);
}

/* One tensor: its numbers and their state. */
typedef struct span {
    size_t count;
    float *restrict w;
    const float *restrict g;
    float *restrict first, *restrict second;
} span;

static void sgd(const nb_optimiser_options *o, span s, int64_t step, double learning_rate)
{
    const float decay = (float)o->decay, lr = (float)learning_rate, momentum = step == 1 ? 0 : (float)o->momentum;
    const float ahead = (float)o->momentum;
    for (size_t i = 0; i < s.count; i++) {
        float g = s.g[i] + decay * s.w[i];
        float b = momentum * s.first[i] + g;
        s.first[i] = b;
        s.w[i] -= lr * (o->nesterov ? g + ahead * b : b);
    }
}

static void adam(const nb_optimiser_options *o, span s, int64_t step, double learning_rate)
{
    const bool decoupled = o->kind == NB_OPTIMISER_ADAMW;
    const float decay = decoupled ? 0 : (float)o->decay, keep = decoupled ? (float)(1 - learning_rate * o->decay) : 1;
    const float beta1 = (float)o->beta1, beta2 = (float)o->beta2, rest1 = (float)(1 - o->beta1), rest2 = (float)(1 - o->beta2);
    const float rate = (float)(learning_rate / (1 - pow(o->beta1, (double)step))), eps = (float)o->eps;
    const float root = (float)sqrt(1 - pow(o->beta2, (double)step));
    for (size_t i = 0; i < s.count; i++) {
        float w = keep * s.w[i], g = s.g[i] + decay * w;
        float m = beta1 * s.first[i] + rest1 * g, v = beta2 * s.second[i] + rest2 * g * g;
        s.first[i] = m;
        s.second[i] = v;
        s.w[i] = w - rate * m / (sqrtf(v) / root + eps);
    }
}

static void rmsprop_tf(const nb_optimiser_options *o, span s, double learning_rate)
{
    const float decay = (float)o->decay, lr = (float)learning_rate, momentum = (float)o->momentum, eps = (float)o->eps;
    const float rho = (float)o->rho, rest = (float)(1 - o->rho);
    for (size_t i = 0; i < s.count; i++) {
        float g = s.g[i] + decay * s.w[i];
        float v = rho * s.second[i] + rest * g * g, b = momentum * s.first[i] + lr * g / sqrtf(v + eps);
        s.second[i] = v;
        s.first[i] = b;
        s.w[i] -= b;
    }
}

static void step_span(nb_optimiser *optimiser, size_t tensor, size_t offset, size_t count, float *values, const float *gradients,
                      double rate)
{
    const nb_optimiser_options *o = &optimiser->options;
    const span s = {count, values + offset, gradients + offset, optimiser->first + offset,
                    optimiser->second ? optimiser->second + offset : NULL};
    int64_t step = ++optimiser->steps[tensor];
    switch (o->kind) {
    case NB_OPTIMISER_SGD:
        sgd(o, s, step, rate);
        break;
    case NB_OPTIMISER_ADAM:
    case NB_OPTIMISER_ADAMW:
        adam(o, s, step, rate);
        break;
    case NB_OPTIMISER_RMSPROP_TF:
        rmsprop_tf(o, s, rate);
        break;
    }
}

void nb_optimiser_step(nb_optimiser *optimiser, nb_params *params, double learning_rate)
{
    for (size_t i = 0; i < params->tensor_count; i++) {
        const nb_tensor *tensor = &params->tensors[i];
        if (tensor->kind == NB_TENSOR_PARAMETER && tensor->seen)
            step_span(optimiser, i, tensor->offset, tensor->count, params->values, params->gradients, learning_rate);
    }
}

void nb_optimiser_step_flat(nb_optimiser *optimiser, float *values, const float *gradients, double learning_rate)
{
    step_span(optimiser, 0, 0, optimiser->size, values, gradients, learning_rate);
}
