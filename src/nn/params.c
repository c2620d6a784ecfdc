#include "nn/params.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nasbench/random.h"
#include "nn/ops.h"

/* Every parameter starts at a multiple of this many floats: one cache line, one AVX-512 register. */
enum { ALIGNMENT = 16 };

static size_t aligned_up(size_t floats)
{
    return (floats + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* Gives every tensor its place and sums up the sizes. */
static void lay_out(nb_params *params)
{
    for (size_t i = 0; i < params->tensor_count; i++) {
        nb_tensor *tensor = &params->tensors[i];
        switch (tensor->kind) {
        case NB_TENSOR_PARAMETER:
            tensor->offset = params->size;
            params->size += aligned_up(tensor->count);
            params->parameter_count += tensor->count;
            break;
        case NB_TENSOR_BUFFER:
            tensor->offset = params->buffer_size;
            params->buffer_size += aligned_up(tensor->count);
            break;
        case NB_TENSOR_COUNTER:
            tensor->offset = params->counter_count++;
            break;
        }
    }
}

static float *zeroed_floats(size_t count)
{
    size_t bytes = aligned_up(count + 1) * sizeof(float);
    float *floats = aligned_alloc(64, bytes);
    if (floats)
        memset(floats, 0, bytes);
    return floats;
}

static nb_status allocate(nb_params *params, nb_error *err)
{
    params->values = zeroed_floats(params->size);
    params->gradients = zeroed_floats(params->size);
    params->buffers = zeroed_floats(params->buffer_size);
    params->counters = calloc(params->counter_count + 1, sizeof *params->counters);
    if (!params->values || !params->gradients || !params->buffers || !params->counters)
        return nb_fail(err, NB_ERR_MEMORY, "parameters: no memory for %zu numbers", 2 * params->size + params->buffer_size);
    return NB_OK;
}

/* The descriptions of `count` tensors, with names of their own. */
static nb_status copy_tensors(nb_params *params, const nb_tensor *tensors, size_t count, nb_error *err)
{
    params->tensors = calloc(count + 1, sizeof *params->tensors);
    if (!params->tensors)
        return nb_fail(err, NB_ERR_MEMORY, "parameters: no memory for %zu tensors", count);
    for (; params->tensor_count < count; params->tensor_count++) {
        nb_tensor *tensor = &params->tensors[params->tensor_count];
        *tensor = tensors[params->tensor_count];
        tensor->name = strdup(tensor->name);
        if (!tensor->name)
            return nb_fail(err, NB_ERR_MEMORY, "parameters: no memory for %zu tensors", count);
    }
    return NB_OK;
}

static nb_status build(nb_params *params, const nb_tensor *tensors, size_t count, nb_error *err)
{
    NB_TRY(copy_tensors(params, tensors, count, err));
    lay_out(params);
    return allocate(params, err);
}

static nb_status make(const nb_tensor *tensors, size_t count, nb_params **out, nb_error *err)
{
    nb_params *params = calloc(1, sizeof *params);
    if (!params)
        return nb_fail(err, NB_ERR_MEMORY, "parameters: no memory");
    nb_status status = build(params, tensors, count, err);
    if (status != NB_OK) {
        nb_params_free(params);
        return status;
    }
    *out = params;
    return NB_OK;
}

nb_status nb_params_new(const nb_graph *graph, nb_params **out, nb_error *err)
{
    NB_TRY(nb_graph_status(graph, err));
    return make(graph->tensors, (size_t)graph->tensor_count, out, err);
}

void nb_params_free(nb_params *params)
{
    if (!params)
        return;
    for (size_t i = 0; i < params->tensor_count; i++)
        free(params->tensors[i].name);
    free(params->tensors);
    free(params->values);
    free(params->gradients);
    free(params->buffers);
    free(params->counters);
    free(params);
}

nb_status nb_params_clone(const nb_params *params, nb_params **out, nb_error *err)
{
    NB_TRY(make(params->tensors, params->tensor_count, out, err));
    nb_params_copy(*out, params);
    return NB_OK;
}

void nb_params_copy(nb_params *dst, const nb_params *src)
{
    memcpy(dst->values, src->values, src->size * sizeof *src->values);
    memcpy(dst->gradients, src->gradients, src->size * sizeof *src->gradients);
    memcpy(dst->buffers, src->buffers, src->buffer_size * sizeof *src->buffers);
    memcpy(dst->counters, src->counters, src->counter_count * sizeof *src->counters);
    for (size_t i = 0; i < src->tensor_count; i++)
        dst->tensors[i].seen = src->tensors[i].seen;
}

/* A standard normal number no further than two from 0. */
static double truncated_normal(nb_rng *rng)
{
    double x;
    do
        x = nb_rng_normal(rng);
    while (fabs(x) > 2);
    return x;
}

static void fill(float *values, const nb_tensor *tensor, nb_rng *rng)
{
    const double scale = (double)tensor->init_scale;
    for (size_t i = 0; i < tensor->count; i++) {
        switch (tensor->init) {
        case NB_INIT_ZEROS:
            values[i] = 0;
            break;
        case NB_INIT_ONES:
            values[i] = 1;
            break;
        case NB_INIT_UNIFORM:
            values[i] = (float)(scale * (2 * nb_rng_uniform(rng) - 1));
            break;
        case NB_INIT_TRUNCATED_NORMAL:
            values[i] = (float)(scale * truncated_normal(rng));
            break;
        }
    }
}

void nb_params_init(nb_params *params, nb_rng *rng)
{
    memset(params->gradients, 0, params->size * sizeof *params->gradients);
    for (size_t i = 0; i < params->tensor_count; i++) {
        nb_tensor *tensor = &params->tensors[i];
        tensor->seen = false;
        if (tensor->kind == NB_TENSOR_PARAMETER)
            fill(params->values + tensor->offset, tensor, rng);
        else if (tensor->kind == NB_TENSOR_BUFFER)
            fill(params->buffers + tensor->offset, tensor, rng);
        else
            params->counters[tensor->offset] = 0;
    }
}

nb_tensor *nb_params_find(const nb_params *params, const char *name)
{
    for (size_t i = 0; i < params->tensor_count; i++)
        if (strcmp(params->tensors[i].name, name) == 0)
            return &params->tensors[i];
    return NULL;
}

static double sum_of_squares(const nb_params *params)
{
    double sum = 0;
    for (size_t i = 0; i < params->size; i++)
        sum += (double)params->gradients[i] * (double)params->gradients[i];
    return sum;
}

double nb_params_gradient_norm(const nb_params *params)
{
    return sqrt(sum_of_squares(params));
}

double nb_params_clip_gradients(nb_params *params, double limit, double extra, double *factor)
{
    double norm = sqrt(sum_of_squares(params) + extra);
    double scale = limit / (norm + 1e-6);
    if (!(scale < 1))
        scale = 1;
    if (scale < 1)
        for (size_t i = 0; i < params->size; i++)
            params->gradients[i] *= (float)scale;
    if (factor)
        *factor = scale;
    return norm;
}
