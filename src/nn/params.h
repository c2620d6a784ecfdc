/* The tensors of a network that outlive a step: parameters with their gradients, and batch norm's running statistics. They are kept apart
 * from the compiled network, so that a training form and an evaluation form, or the single paths of a supernet, share one set.
 *
 * All parameters lie in one flat array in the order of their declaration, each starting at a multiple of 16 floats, and so do the
 * gradients; the floats between two parameters are zero in both. Optimisers and clipping walk the whole array. */
#ifndef NB_NN_PARAMS_H
#define NB_NN_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "nn/graph.h"

struct nb_rng;

typedef enum nb_tensor_kind {
    NB_TENSOR_PARAMETER, /* float32, trained: values and gradients at [offset, offset + count) */
    NB_TENSOR_BUFFER,    /* float32, running statistics: buffers at [offset, offset + count) */
    NB_TENSOR_COUNTER    /* int64 scalar, num_batches_tracked: counters[offset] */
} nb_tensor_kind;

typedef enum nb_init {
    NB_INIT_ZEROS,
    NB_INIT_ONES,
    NB_INIT_UNIFORM,         /* in +-init_scale */
    NB_INIT_TRUNCATED_NORMAL /* standard deviation init_scale after cutting at two standard deviations */
} nb_init;

/* One tensor under PyTorch's name. */
typedef struct nb_tensor {
    char *name;
    nb_tensor_kind kind;
    int dims;
    int64_t shape[4];
    size_t offset, count;
    nb_init init;
    float init_scale;
    bool seen; /* parameters: a backward pass has reached it. PyTorch has no gradient for it before, and its optimisers pass it over */
} nb_tensor;

typedef struct nb_params {
    size_t tensor_count;
    nb_tensor *tensors; /* in the order of PyTorch's state_dict */
    size_t size;        /* floats in values and in gradients, padding included */
    float *values;
    float *gradients;
    size_t buffer_size;
    float *buffers;
    size_t counter_count;
    int64_t *counters;
    size_t parameter_count; /* learnable scalars, without the padding */
} nb_params;

/* The tensors that `graph` declares, all zero. */
nb_status nb_params_new(const nb_graph *graph, nb_params **out, nb_error *err);
void nb_params_free(nb_params *params);

/* A copy of everything; and dst = src for two sets of the same graph. */
nb_status nb_params_clone(const nb_params *params, nb_params **out, nb_error *err);
void nb_params_copy(nb_params *dst, const nb_params *src);

/* Starting values by the graph's scheme, from `rng` in the order of declaration: running mean 0, running variance 1, counters 0, gradients
 * 0. */
void nb_params_init(nb_params *params, struct nb_rng *rng);

/* The tensor of that name, or NULL. */
nb_tensor *nb_params_find(const nb_params *params, const char *name);

/* Euclidean norm of all gradients, summed in double in a fixed order. */
double nb_params_gradient_norm(const nb_params *params);

/* Scales the gradients so that the norm is at most `limit`, as PyTorch's clip_grad_norm_: factor min(1, limit / (norm + 1e-6)).
 * Returns the norm before. `extra` >= 0 is the sum of squares of gradients that live elsewhere (alphas) and count in the norm;
 * *factor (may be NULL) is what the caller multiplies those with. */
double nb_params_clip_gradients(nb_params *params, double limit, double extra, double *factor);

#endif
