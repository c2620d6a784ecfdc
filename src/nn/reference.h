/* The reference executor: every operator of a graph one after the other, as plain loops in double precision over [n][c][h][w]. It shares
 * nothing with the compiled network but the description of the graph, so that either can be tested against the other, and its
 * gradients against finite differences. Slow; for tests. */
#ifndef NB_NN_REFERENCE_H
#define NB_NN_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "nn/graph.h"
#include "nn/params.h"

typedef struct nb_reference {
    const nb_graph *graph;
    const nb_params *params; /* only for where each tensor lies */
    int count;               /* images */
    bool training;
    bool rounds; /* every value and gradient of a node is rounded to float: the best that a network can do that stores floats. Off at first
                  */
    double *values, *gradients; /* of the parameters, as nb_params.values and .gradients */
    double *buffers;            /* as nb_params.buffers, updated by a forward pass in training */
    double *edge_weights;       /* all 1 at first */
    double *edge_gradients;
    bool *edge_active; /* all on at first */
    double **outputs;  /* of each node [count][channels][rows][cols]; the caller fills that of the input */
    double **grads;    /* the same shapes: gradients of the loss */
    const int32_t *labels;
    double loss;
    int top1, top5;
} nb_reference;

/* Starts with the values and buffers of `params`. All three are kept by reference and must stay. */
nb_status nb_reference_new(const nb_graph *graph, const nb_params *params, int count, bool training, nb_reference **out, nb_error *err);
void nb_reference_free(nb_reference *ref);

/* Forward over images[count][channels][rows][cols]; returns the loss (0 without one). */
double nb_reference_forward(nb_reference *ref, const double *images, const int32_t *labels);

/* Gradients of the loss of the last forward pass, written over the old ones. */
void nb_reference_backward(nb_reference *ref);

/* The operators, for the operator table. */
void nb_reference_nothing(nb_reference *ref, nb_node node);
void nb_reference_input(nb_reference *ref, nb_node node);
void nb_reference_conv(nb_reference *ref, nb_node node);
void nb_reference_conv_gradient(nb_reference *ref, nb_node node);
void nb_reference_batch_norm(nb_reference *ref, nb_node node);
void nb_reference_batch_norm_gradient(nb_reference *ref, nb_node node);
void nb_reference_relu(nb_reference *ref, nb_node node);
void nb_reference_relu_gradient(nb_reference *ref, nb_node node);
void nb_reference_pool(nb_reference *ref, nb_node node);
void nb_reference_pool_gradient(nb_reference *ref, nb_node node);
void nb_reference_constant(nb_reference *ref, nb_node node);
void nb_reference_sum(nb_reference *ref, nb_node node);
void nb_reference_sum_gradient(nb_reference *ref, nb_node node);
void nb_reference_concat(nb_reference *ref, nb_node node);
void nb_reference_concat_gradient(nb_reference *ref, nb_node node);
void nb_reference_slice(nb_reference *ref, nb_node node);
void nb_reference_slice_gradient(nb_reference *ref, nb_node node);
void nb_reference_cross_entropy(nb_reference *ref, nb_node node);
void nb_reference_cross_entropy_gradient(nb_reference *ref, nb_node node);

#endif
