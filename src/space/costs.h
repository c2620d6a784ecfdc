/* FLOPs and parameters of the networks of NAS-Bench-201 and NATS-Bench, counted from the description of the network.
 *
 * The network of both spaces is one: a stem convolution, then 3 N + 2 layers of which number N and 2 N + 1 are residual blocks that
 * halve the image and all others are cells, then normalisation, pooling and a linear classifier. */
#ifndef NB_SPACE_COSTS_H
#define NB_SPACE_COSTS_H

#include "nasbench/genotype.h"

/* Bounds that keep every count below 2^64; far above any network of these spaces. */
enum { NB_CELLS_MAX = 256, NB_LAYERS_MAX = 3 * NB_CELLS_MAX + 2 };

/* NB_ERR_ARGUMENT when the input cannot be halved twice, or a number is zero or beyond reason. Does not look at channels and cells. */
nb_status nb_check_input_shape(const nb_shape *shape, nb_error *err);

/* Costs of the network with `cells` cells per stage, whose layer i has widths[i] output channels, [3 cells + 2]; 1 <= cells <=
 * NB_CELLS_MAX, widths 1 .. 4096, and a shape that nb_check_input_shape takes. */
nb_costs nb_network_costs(const nb_genotype *cell, const nb_shape *shape, const uint32_t *widths, uint32_t cells);

/* The input shape and classes of a dataset key, with channels 16 and cells 5; NB_ERR_NOT_FOUND lists the keys. */
nb_status nb_dataset_shape(const char *dataset, nb_shape *shape, nb_error *err);

#endif
