#include "train/network101.h"

#include <stdarg.h>
#include <stdio.h>

enum { STACKS = 3, NAME_SIZE = 96 };

/* TensorFlow's 0.997 is the share of the old value, ours that of the new one. */
static const nb_batch_norm_options normalisation = {.eps = 1e-5, .momentum = 1 - 0.997, .affine = true, .track = true};

typedef struct tensor_name {
    char text[NAME_SIZE];
} tensor_name;

static tensor_name name_of(const char *format, ...) NB_PRINTF(1, 2);
static tensor_name name_of(const char *format, ...)
{
    tensor_name name;
    va_list args;
    va_start(args, format);
    vsnprintf(name.text, sizeof name.text, format, args);
    va_end(args);
    return name;
}

/* Convolution of stride 1 that keeps the size, batch norm, ReLU: `module`.conv_bn_relu.0 and .1. */
static nb_node conv_norm_relu(nb_graph *g, nb_node x, int out_channels, int kernel, const char *module)
{
    x = nb_graph_conv(g, x, out_channels, kernel, 1, kernel / 2, name_of("%s.conv_bn_relu.0", module).text);
    return nb_graph_relu(g, nb_graph_batch_norm_with(g, x, &normalisation, name_of("%s.conv_bn_relu.1", module).text));
}

/* A cell being built. */
typedef struct cell_build {
    nb_graph *g;
    const nb_cell101 *cell;
    unsigned layer;
    nb_node vertex[NB_CELL101_VERTICES];
    int channels[NB_CELL101_VERTICES];
} cell_build;

/* The cell's input, projected to the width of a vertex. */
static nb_node projection(const cell_build *b, int vertex)
{
    return conv_norm_relu(b->g, b->vertex[0], b->channels[vertex], 1, name_of("layers.%u.input_op.%d", b->layer, vertex).text);
}

static nb_node operation(const cell_build *b, int vertex, nb_node x)
{
    const int label = b->cell->label[vertex - 1], width = b->channels[vertex];
    if (label == NB_LABEL101_MAXPOOL3X3)
        return nb_graph_max_pool(b->g, x, 3, 1, 1);
    const bool large = label == NB_LABEL101_CONV3X3;
    return conv_norm_relu(b->g, x, width, large ? 3 : 1,
                          name_of("layers.%u.vertex_op.%d.%s", b->layer, vertex, large ? "conv3x3" : "conv1x1").text);
}

/* The sum of what the interior vertices before it and the cell's input send, each cut or projected to its width; then the operation. */
static nb_node interior_vertex(const cell_build *b, int vertex)
{
    nb_node terms[NB_CELL101_VERTICES];
    int count = 0;
    for (int from = 1; from < vertex; from++) {
        if (!nb_cell101_has_edge(b->cell, from, vertex))
            continue;
        const bool wider = b->channels[from] > b->channels[vertex];
        terms[count++] = wider ? nb_graph_slice(b->g, b->vertex[from], 0, b->channels[vertex]) : b->vertex[from];
    }
    if (nb_cell101_has_edge(b->cell, 0, vertex))
        terms[count++] = projection(b, vertex);
    return operation(b, vertex, nb_graph_add(b->g, terms, count));
}

/* The interior vertices that lead to the output side by side; the projection of the cell's input is added to them. */
static nb_node output_vertex(const cell_build *b)
{
    const int last = b->cell->vertices - 1;
    nb_node parts[NB_CELL101_VERTICES], terms[2];
    int count = 0, term_count = 0;
    for (int from = 1; from < last; from++)
        if (nb_cell101_has_edge(b->cell, from, last))
            parts[count++] = b->vertex[from];
    if (count > 0)
        terms[term_count++] = count > 1 ? nb_graph_concat(b->g, parts, count) : parts[0];
    if (nb_cell101_has_edge(b->cell, 0, last))
        terms[term_count++] = projection(b, last);
    return nb_graph_add(b->g, terms, term_count);
}

static nb_node build_cell(nb_graph *g, nb_node x, const nb_cell101 *cell, int out_channels, unsigned layer)
{
    cell_build b = {.g = g, .cell = cell, .layer = layer, .vertex = {x}};
    nb_cell101_channels(cell, nb_graph_shape(g, x).channels, out_channels, b.channels);
    for (int vertex = 1; vertex < cell->vertices - 1; vertex++)
        b.vertex[vertex] = interior_vertex(&b, vertex);
    return output_vertex(&b);
}

nb_node nb_network101_layers(nb_graph *g, nb_node x, const nb_network101 *network)
{
    int channels = (int)network->channels;
    unsigned layer = 1;
    nb_graph_init_scheme(g, NB_INIT_TENSORFLOW);
    x = conv_norm_relu(g, x, channels, 3, "layers.0");
    for (int stack = 0; stack < STACKS; stack++) {
        if (stack > 0) {
            x = nb_graph_max_pool(g, x, 2, 2, 0);
            channels *= 2;
            layer++;
        }
        for (uint32_t i = 0; i < network->cells; i++)
            x = build_cell(g, x, &network->cell, channels, layer++);
    }
    return nb_graph_linear(g, nb_graph_global_average_pool(g, x), (int)network->classes, "classifier");
}
