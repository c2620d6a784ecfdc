/* The operator table: everything the engine knows about an operator, one entry each. A graph is a list of nb_op; the shape rule is used
 * while it is built, the reference functions by the reference executor (reference.h), the lowering functions by the compiler (lower.h). */
#ifndef NB_NN_OPS_H
#define NB_NN_OPS_H

#include <stdbool.h>

#include "base/error.h"
#include "nn/graph.h"
#include "nn/kernels.h"
#include "nn/params.h"

typedef enum nb_op_kind {
    NB_OP_INPUT,
    NB_OP_CONV, /* also linear layers: a 1x1 convolution of a 1x1 image */
    NB_OP_BATCH_NORM,
    NB_OP_RELU,
    NB_OP_POOL,
    NB_OP_ZERO,
    NB_OP_CONSTANT,
    NB_OP_ADD,
    NB_OP_MIX,
    NB_OP_CONCAT,
    NB_OP_SLICE,
    NB_OP_CROSS_ENTROPY,
    NB_OP_KINDS
} nb_op_kind;

typedef struct nb_op {
    nb_op_kind kind;
    nb_dims shape; /* of the result */
    int input_count;
    nb_node *inputs;
    bool keep;
    /* Indices of tensors (params.h), -1 where there is none. */
    int weight, bias, running_mean, running_var, tracked;
    /* What only one kind uses. */
    nb_conv conv;
    int pad_end; /* of a convolution: what its shape rule adds at the bottom and the right */
    nb_pool pool;
    nb_batch_norm_options norm;
    int stride;       /* of a zero */
    float value;      /* of a constant */
    int first;        /* of a mix: its first edge weight; of a slice: its first channel */
    double smoothing; /* of a cross entropy */
} nb_op;

struct nb_graph {
    int op_count, op_capacity;
    nb_op *ops; /* inputs come before their users */
    int tensor_count, tensor_capacity;
    nb_tensor *tensors; /* declarations: offset is not set yet */
    nb_node input, loss;
    int edge_weights;
    nb_init_scheme init_scheme;
    nb_error error; /* status NB_OK: none so far */
};

struct nb_reference;
struct nb_compiler;

typedef struct nb_op_info {
    const char *name;

    /* Sets op->shape (and what depends on it) from the shapes of its inputs. */
    nb_status (*shape)(nb_op *op, const nb_dims *inputs, nb_error *err);

    /* Plain loops in double over [n][c][h][w]; backward adds to the gradients of the inputs, of the parameters and of the edge weights. */
    void (*reference_forward)(struct nb_reference *ref, nb_node node);
    void (*reference_backward)(struct nb_reference *ref, nb_node node);

    /* Emits the instructions that compute the operator and its gradient. */
    void (*lower_forward)(struct nb_compiler *compiler, nb_node node);
    void (*lower_backward)(struct nb_compiler *compiler, nb_node node);
} nb_op_info;

const nb_op_info *nb_op_describe(nb_op_kind kind);

/* A copy of the operators alone, without the tensors' names. NULL when there is no memory. */
nb_graph *nb_graph_copy_ops(const nb_graph *graph);

#endif
