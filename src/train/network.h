/* The networks of NAS-Bench-201 and NATS-Bench (and through network101.h of NAS-Bench-101) as graphs, with PyTorch's names for every
 * tensor.
 *
 * stem: convolution 3x3, batch norm; three stages of cells with a residual block of stride 2 between them; batch norm, ReLU, global
 * average pool, linear; cross entropy (AutoDL-Projects: cell_infers/tiny_network.py, shape_infers/InferTinyCellNet.py). */
#ifndef NB_TRAIN_NETWORK_H
#define NB_TRAIN_NETWORK_H

#include <stdint.h>

#include "base/error.h"
#include "nasbench/nasbench101.h"
#include "nasbench/space.h"
#include "nn/graph.h"
#include "train/cell.h"

#define NB_SIZE_LAYERS 5

/* What surrounds the cell: the network's input and output, and its widths. */
typedef struct nb_network {
    nb_genotype cell;
    nb_cell101 graph; /* NAS-Bench-101's cell; of no vertices: the network is one of the others */
    uint32_t input_channels, side, classes;
    uint32_t channels, cells;        /* topology space and NAS-Bench-101: channels of the first stage, cells per stage */
    uint32_t widths[NB_SIZE_LAYERS]; /* size space: stem and cell 1, block 2, cell 3, block 4, cell 5; all zero: topology space */
} nb_network;

/* The cell that the size space uses everywhere. */
extern const char nb_size_space_cell[];

/* The whole network up to the loss. NB_ERR_ARGUMENT for a side that is no multiple of 4, a size of zero, or fewer
 * channels than a cell of NAS-Bench-101 shares out. The caller frees *out. */
nb_status nb_network_build(const nb_network *network, nb_graph **out, nb_error *err);

#endif
