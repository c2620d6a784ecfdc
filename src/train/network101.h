/* The networks of NAS-Bench-101 as graphs (nasbench: model_builder.py, base_ops.py).
 *
 * stem: convolution 3x3, batch norm, ReLU; three stacks of cells, a 2x2 max pooling before the second and the third, where channels double;
 * mean over the image, linear; cross entropy. Tensors have the names of the widespread PyTorch port (NASBench-PyTorch):
 *
 *     layers.0.conv_bn_relu.0.weight                     stem; .1 is the batch norm
 *     layers.L.input_op.T.conv_bn_relu.0.weight          projection of the cell's input to vertex T, or to the output
 *     layers.L.vertex_op.T.conv3x3.conv_bn_relu.0.weight operation at vertex T, or .conv1x1
 *     classifier.weight
 *
 * where L counts cells and poolings from 1 on. */
#ifndef NB_TRAIN_NETWORK101_H
#define NB_TRAIN_NETWORK101_H

#include "nasbench/nasbench101.h"
#include "nn/graph.h"

typedef struct nb_network101 {
    nb_cell101 cell;
    uint32_t channels, cells; /* of the first stack; per stack: 128 and 3 as published */
    uint32_t classes;
} nb_network101;

/* Adds everything between the images `x` and the loss; returns the logits. Batch norm has NAS-Bench-101's momentum, weights start by its
 * rules. For a cell and a shape that nb_network101_check (space/graph_cost.h) takes. */
nb_node nb_network101_layers(nb_graph *g, nb_node x, const nb_network101 *network);

#endif
