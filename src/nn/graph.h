/* Describing a network: a graph of operators that is built once, in the order of execution, and says nothing about batch size, memory
 * or speed. net.h compiles it; params.h holds its weights.
 *
 *     nb_graph *g = nb_graph_new();
 *     nb_node x = nb_graph_input(g, 3, 32, 32);
 *     x = nb_graph_conv(g, x, 16, 3, 1, 1, "stem.0");              -- parameter "stem.0.weight"
 *     x = nb_graph_batch_norm(g, x, "stem.1");                     -- "stem.1.weight", ".bias", ".running_mean", ...
 *     x = nb_graph_global_average_pool(g, nb_graph_relu(g, x));
 *     x = nb_graph_linear(g, x, 10, "classifier");
 *     nb_graph_cross_entropy(g, x, 0);
 *     status = nb_graph_status(g, &err);                           -- the first thing that went wrong, if any
 *
 * Errors are sticky: a builder function that cannot do what it is asked for (shapes that do not fit, a name used twice, no memory)
 * notes why and returns NB_NO_NODE, and every later call on that graph does nothing. So a network is written down without a check on
 * every line. Compiling a graph with an error in it reports that error.
 *
 * Shapes are (channels, rows, columns) of one image. Names are PyTorch's names of the modules; they must be unique. Parameters are
 * listed in the order in which they are declared, which is the order of PyTorch's state_dict if modules are declared in that order. */
#ifndef NB_NN_GRAPH_H
#define NB_NN_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct nb_graph nb_graph;

/* A value in the graph: the result of one operator. */
typedef int nb_node;
#define NB_NO_NODE (-1)

typedef struct nb_dims {
    int channels, rows, cols;
} nb_dims;

/* NULL when there is no memory. */
nb_graph *nb_graph_new(void);
void nb_graph_free(nb_graph *graph);

/* NB_OK, or the first failure of a builder function and its message. */
nb_status nb_graph_status(const nb_graph *graph, nb_error *err);

/* The images. Exactly one per graph. */
nb_node nb_graph_input(nb_graph *graph, int channels, int rows, int cols);

/* Square convolution without bias, zero padding `pad` on all sides; parameter NAME.weight [out][in][kernel][kernel]. */
nb_node nb_graph_conv(nb_graph *graph, nb_node x, int out_channels, int kernel, int stride, int pad, const char *name);

/* The general form. Output side = (side + pad + pad_end - dilation * (kernel - 1) - 1) / stride + 1, rounded down. A negative `pad` cuts
 * rows and columns away: {.kernel = 1, .stride = 2, .pad = -1, .pad_end = 1} reads the pixels at odd places, the second half of
 * FactorizedReduce. With bias a parameter NAME.bias [out] follows the weight. */
typedef struct nb_conv_options {
    int out_channels;
    int kernel;
    int stride;   /* 0 means 1 */
    int pad;      /* top and left */
    int pad_end;  /* bottom and right */
    int dilation; /* 0 means 1 */
    int groups;   /* 0 means 1 */
    bool bias;
} nb_conv_options;
nb_node nb_graph_conv_with(nb_graph *graph, nb_node x, const nb_conv_options *options, const char *name);

/* Batch norm as in PyTorch: eps 1e-5, momentum 0.1, affine, running statistics. Tensors NAME.weight, NAME.bias, NAME.running_mean,
 * NAME.running_var, NAME.num_batches_tracked. */
nb_node nb_graph_batch_norm(nb_graph *graph, nb_node x, const char *name);

/* The general form. Without `affine` there is no weight and no bias; without `track` there are no running statistics, and evaluation
 * uses those of the batch like training does. running = (1 - momentum) * running + momentum * batch, with the unbiased variance. */
typedef struct nb_batch_norm_options {
    double eps;
    double momentum;
    bool affine;
    bool track;
} nb_batch_norm_options;
nb_node nb_graph_batch_norm_with(nb_graph *graph, nb_node x, const nb_batch_norm_options *options, const char *name);

nb_node nb_graph_relu(nb_graph *graph, nb_node x);

/* Pooling over windows of kernel x kernel; output side = (side + 2 pad - kernel) / stride + 1, rounded down. Padding counts neither in
 * the average's divisor nor in the maximum. */
nb_node nb_graph_average_pool(nb_graph *graph, nb_node x, int kernel, int stride, int pad);
nb_node nb_graph_max_pool(nb_graph *graph, nb_node x, int kernel, int stride, int pad);

/* The mean of each channel: (channels, 1, 1). */
nb_node nb_graph_global_average_pool(nb_graph *graph, nb_node x);

/* Zeros of x's shape with every `stride`-th row and column (rounded up); nothing flows back. NaN does not pass, other than in PyTorch's x *
 * 0. */
nb_node nb_graph_zero(nb_graph *graph, nb_node x, int stride);

/* A tensor of x's shape filled with `value`. As an operand of a mix it lets a weight's gradient see the sum over the node's gradient. */
nb_node nb_graph_constant(nb_graph *graph, nb_node x, float value);

/* The sum of `count` >= 1 values of one shape. */
nb_node nb_graph_add(nb_graph *graph, const nb_node *terms, int count);

/* A mixed edge: sum over k of edge weight [first_weight + k] * terms[k]. Edge weights belong to the compiled network and not to the
 * parameters: the caller sets them before a step and reads their gradients after it (net.h). Several mixes may use the same ones, as
 * the cells of a supernet do; the gradients add up. A weight can be switched off, and then nothing that only it needs is computed. */
nb_node nb_graph_mix(nb_graph *graph, const nb_node *terms, int count, int first_weight);

/* Channels side by side; and channels [first, first + count) of x. */
nb_node nb_graph_concat(nb_graph *graph, const nb_node *parts, int count);
nb_node nb_graph_slice(nb_graph *graph, nb_node x, int first, int count);

/* x (channels, 1, 1) -> (out, 1, 1), parameters NAME.weight [out][channels] and NAME.bias [out]. */
nb_node nb_graph_linear(nb_graph *graph, nb_node x, int out, const char *name);

/* The loss: softmax cross entropy against the labels, mean over the images; with label smoothing s the target is 1 - s at the label
 * plus s / classes everywhere. Ends the graph; at most one. A graph without it can only be evaluated. */
nb_node nb_graph_cross_entropy(nb_graph *graph, nb_node logits, double smoothing);

/* Asks for `x` to be readable after a run (nb_net_read). The logits that go into the loss always are. */
void nb_graph_keep(nb_graph *graph, nb_node x);

nb_dims nb_graph_shape(const nb_graph *graph, nb_node x);

/* How many edge weights the mixes use: the largest index + 1. */
int nb_graph_edge_weights(const nb_graph *graph);

/* Multiply-accumulates per image as NAS-Bench-201 counts them: convolutions and linear layers with their biases, nothing else. */
uint64_t nb_graph_macs(const nb_graph *graph);

/* How weights start (params.h). PYTORCH: uniform in +-1/sqrt(fan_in) for convolutions and for the linear layer with its bias. TENSORFLOW:
 * convolutions by variance scaling (fan-in, truncated normal), linear layers Glorot uniform with zero bias, as in NAS-Bench-101. */
typedef enum nb_init_scheme { NB_INIT_PYTORCH, NB_INIT_TENSORFLOW } nb_init_scheme;
void nb_graph_init_scheme(nb_graph *graph, nb_init_scheme scheme);

#endif
