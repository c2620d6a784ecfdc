/* A graph compiled for a largest batch: shapes, fusion and memory are settled here, and a run allocates nothing.
 *
 * A compiled network is one independent object: networks run side by side on different threads share nothing but what the caller
 * gives them. One network may also use several threads (nb_net_options.threads); the results are the same bit for bit whatever
 * their number. */
#ifndef NB_NN_NET_H
#define NB_NN_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/pool.h"
#include "nn/graph.h"
#include "nn/kernels.h"
#include "nn/params.h"

typedef struct nb_net nb_net;

typedef struct nb_net_options {
    int batch;                 /* the largest number of images of a run */
    bool training;             /* batch norm takes the batch's statistics and updates the running ones; else it uses the running ones */
    bool gradients;            /* nb_net_backward is wanted */
    bool input_gradient;       /* ... and the gradient with respect to the images too */
    nb_workers *threads;       /* NULL: the calling thread alone. Not owned */
    const nb_kernels *kernels; /* NULL: nb_kernels_best() */
} nb_net_options;

/* What a forward pass says about its images. */
typedef struct nb_net_result {
    double loss; /* mean over the images */
    int images;
    int top1, top5; /* images whose label is the largest logit, among the five largest */
} nb_net_result;

/* What neither the loss nor a kept node depends on is not computed: its parameters get gradients of zero, its running statistics stay as
 * they are (where PyTorch would go on averaging what nothing uses).
 * `params` must come from the same graph; the network keeps the pointer and not a copy. The graph itself is not needed afterwards. */
nb_status nb_net_compile(const nb_graph *graph, nb_params *params, const nb_net_options *options, nb_net **out, nb_error *err);
void nb_net_free(nb_net *net);

/* From now on works on another set of the same graph. */
void nb_net_bind(nb_net *net, nb_params *params);

/* Runs the network on `count` <= batch images [count][channels][rows][cols] (PyTorch's NCHW). With labels[count] and a loss in the graph
 * *result is filled; both may be NULL otherwise. NB_ERR_NUMERIC when the loss is not finite. */
nb_status nb_net_forward(nb_net *net, const float *images, const int32_t *labels, int count, nb_net_result *result, nb_error *err);

/* The gradients of the last forward pass's loss: written over params->gradients (added to them if `accumulate`) for the parameters
 * that are active, and over the edge weights' gradients. Parameters that were switched off get zero (or keep what they have). Once
 * per forward pass: it uses up the activations. Without one, gradients of zero. */
void nb_net_backward(nb_net *net, bool accumulate);

/* Forward and backward in one. */
nb_status nb_net_step(nb_net *net, const float *images, const int32_t *labels, int count, nb_net_result *result, nb_error *err);

/* The edge weights [nb_graph_edge_weights], all 1 at first, and their gradients after a backward pass. */
float *nb_net_edge_weights(nb_net *net);
const double *nb_net_edge_gradients(const nb_net *net);

/* Switches edge weights off and on: active[nb_graph_edge_weights], or NULL for all on. A term that is off counts as absent. */
void nb_net_set_active(nb_net *net, const bool *active);

/* Copies a kept node, [count][channels][rows][cols] of the last forward pass, to `out`. NB_ERR_ARGUMENT if the graph does not keep it. */
nb_status nb_net_read(const nb_net *net, nb_node node, float *out, nb_error *err);

/* The gradient with respect to the images, [count][channels][rows][cols]. */
nb_status nb_net_read_input_gradient(const nb_net *net, float *out, nb_error *err);

/* Bytes of the arena: all memory of activations, gradients and scratch. */
size_t nb_net_memory(const nb_net *net);

#endif
