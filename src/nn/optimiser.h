/* Optimisers over the flat list of parameters, and over any other array of numbers (the alphas of a search). Formulas as in PyTorch
 * (torch/optim) and, for RMSProp, as in TensorFlow 1, since these are what published results were trained with. */
#ifndef NB_NN_OPTIMISER_H
#define NB_NN_OPTIMISER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "nn/params.h"

typedef enum nb_optimiser_kind {
    /* g += decay w;  b = g at first, else momentum b + g;  w -= lr (nesterov ? g + momentum b : b) */
    NB_OPTIMISER_SGD,
    /* g += decay w;  m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;
     * w -= lr / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + eps) */
    NB_OPTIMISER_ADAM,
    /* w -= lr decay w, then Adam without decay */
    NB_OPTIMISER_ADAMW,
    /* g += decay w;  v = rho v + (1 - rho) g^2, v = 1 at first;  b = momentum b + lr g / sqrt(v + eps);  w -= b */
    NB_OPTIMISER_RMSPROP_TF
} nb_optimiser_kind;

typedef struct nb_optimiser_options {
    nb_optimiser_kind kind;
    double decay;        /* weight decay: L2 added to the gradient, except for AdamW */
    double momentum;     /* SGD, RMSProp */
    bool nesterov;       /* SGD */
    double beta1, beta2; /* Adam */
    double rho;          /* RMSProp */
    double eps;          /* Adam, RMSProp */
} nb_optimiser_options;

/* The settings that papers mean when they say no more; decay 0. */
nb_optimiser_options nb_sgd(double momentum, bool nesterov, double decay);
nb_optimiser_options nb_adam(double beta1, double beta2, double eps, double decay);
nb_optimiser_options nb_adamw(double beta1, double beta2, double eps, double decay);
nb_optimiser_options nb_rmsprop_tf(double rho, double momentum, double eps, double decay);

/* The state of an optimiser over `size` numbers: up to two more numbers for each of them. PyTorch begins the state of a tensor with its
 * first gradient and passes over tensors that never had one; therefore steps are counted per tensor. */
typedef struct nb_optimiser {
    nb_optimiser_options options;
    size_t size;
    float *first;  /* momentum, or Adam's m; NULL where the kind has none */
    float *second; /* Adam's or RMSProp's v */
    size_t tensor_count;
    int64_t *steps; /* [tensor_count], done for each tensor */
} nb_optimiser;

/* For the parameters of a network, or for `size` numbers as one tensor. */
nb_status nb_optimiser_new(const nb_optimiser_options *options, const nb_params *params, nb_optimiser **out, nb_error *err);
nb_status nb_optimiser_new_flat(const nb_optimiser_options *options, size_t size, nb_optimiser **out, nb_error *err);
void nb_optimiser_free(nb_optimiser *optimiser);

/* One step with the gradients in `params`, for the parameters that have been seen (params.h). */
void nb_optimiser_step(nb_optimiser *optimiser, nb_params *params, double learning_rate);

/* One step of values[size] with gradients[size]. */
void nb_optimiser_step_flat(nb_optimiser *optimiser, float *values, const float *gradients, double learning_rate);

#endif
