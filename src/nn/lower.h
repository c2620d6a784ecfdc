/* From operators to instructions: the compiler's first half. See program.h for the result. */
#ifndef NB_NN_LOWER_H
#define NB_NN_LOWER_H

#include "base/error.h"
#include "nn/net.h"
#include "nn/program.h"

typedef struct nb_compiler nb_compiler;

/* Lowers what the loss and the kept nodes of `graph` depend on. The caller frees the program. */
nb_status nb_lower(const nb_graph *graph, const nb_net_options *options, nb_program *program, nb_error *err);

/* The operators, for the operator table. */
void nb_lower_nothing(nb_compiler *compiler, nb_node node);
void nb_lower_input(nb_compiler *compiler, nb_node node);
void nb_lower_input_gradient(nb_compiler *compiler, nb_node node);
void nb_lower_conv(nb_compiler *compiler, nb_node node);
void nb_lower_conv_gradient(nb_compiler *compiler, nb_node node);
void nb_lower_batch_norm(nb_compiler *compiler, nb_node node);
void nb_lower_batch_norm_gradient(nb_compiler *compiler, nb_node node);
void nb_lower_relu(nb_compiler *compiler, nb_node node);
void nb_lower_relu_gradient(nb_compiler *compiler, nb_node node);
void nb_lower_pool(nb_compiler *compiler, nb_node node);
void nb_lower_pool_gradient(nb_compiler *compiler, nb_node node);
void nb_lower_constant(nb_compiler *compiler, nb_node node);
void nb_lower_sum(nb_compiler *compiler, nb_node node);
void nb_lower_sum_gradient(nb_compiler *compiler, nb_node node);
void nb_lower_concat(nb_compiler *compiler, nb_node node);
void nb_lower_concat_gradient(nb_compiler *compiler, nb_node node);
void nb_lower_slice(nb_compiler *compiler, nb_node node);
void nb_lower_slice_gradient(nb_compiler *compiler, nb_node node);
void nb_lower_cross_entropy(nb_compiler *compiler, nb_node node);
void nb_lower_cross_entropy_gradient(nb_compiler *compiler, nb_node node);

#endif
