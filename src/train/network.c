#include "train/network.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "space/graph_cost.h"
#include "train/network101.h"

const char nb_size_space_cell[] = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|";

/* The name of a module under construction: a path that gets longer on the way down. */
typedef struct module_name {
    char text[96];
} module_name;

static module_name name_of(const char *format, ...) NB_PRINTF(1, 2);
static module_name name_of(const char *format, ...)
{
    module_name name;
    va_list args;
    va_start(args, format);
    vsnprintf(name.text, sizeof name.text, format, args);
    va_end(args);
    return name;
}

static module_name below(const char *module, const char *part)
{
    return name_of("%s.%s", module, part);
}

static nb_node named_conv(nb_graph *g, nb_node x, const nb_conv_options *options, const char *module, const char *part)
{
    return nb_graph_conv_with(g, x, options, below(module, part).text);
}

static nb_node named_norm(nb_graph *g, nb_node x, const char *module, const char *part)
{
    return nb_graph_batch_norm(g, x, below(module, part).text);
}

/* ReLU, convolution, batch norm: `module`.op.1, `module`.op.2. */
static nb_node relu_conv_norm(nb_graph *g, nb_node x, int out_channels, int kernel, int stride, const char *module)
{
    const nb_conv_options options = {
        .out_channels = out_channels, .kernel = kernel, .stride = stride, .pad = kernel / 2, .pad_end = kernel / 2};
    x = named_conv(g, nb_graph_relu(g, x), &options, module, "op.1");
    return named_norm(g, x, module, "op.2");
}

/* ReLU, one filter per channel, convolution 1x1, batch norm: `module`.op.1, .op.2, .op.3. */
static nb_node separable(nb_graph *g, nb_node x, int out_channels, int kernel, int dilation, const char *module)
{
    int channels = nb_graph_shape(g, x).channels, pad = kernel / 2 * dilation;
    const nb_conv_options depthwise = {
        .out_channels = channels, .kernel = kernel, .pad = pad, .pad_end = pad, .dilation = dilation, .groups = channels};
    x = named_conv(g, nb_graph_relu(g, x), &depthwise, module, "op.1");
    x = named_conv(g, x, &(nb_conv_options){.out_channels = out_channels, .kernel = 1}, module, "op.2");
    return named_norm(g, x, module, "op.3");
}

static nb_node dual_separable(nb_graph *g, nb_node x, int out_channels, int kernel, const char *module)
{
    x = separable(g, x, nb_graph_shape(g, x).channels, kernel, 1, below(module, "op_a").text);
    return separable(g, x, out_channels, kernel, 1, below(module, "op_b").text);
}

/* Identity; where the channels differ the reference's FactorizedReduce of stride 1: convolution 1x1, batch norm, no ReLU. */
static nb_node skip(nb_graph *g, nb_node x, int out_channels, const char *module)
{
    if (nb_graph_shape(g, x).channels == out_channels)
        return x;
    x = named_conv(g, x, &(nb_conv_options){.out_channels = out_channels, .kernel = 1}, module, "conv");
    return named_norm(g, x, module, "bn");
}

static nb_node pool(nb_graph *g, nb_node x, int out_channels, bool maximum, const char *module)
{
    if (nb_graph_shape(g, x).channels != out_channels)
        x = relu_conv_norm(g, x, out_channels, 1, 1, below(module, "preprocess").text);
    return maximum ? nb_graph_max_pool(g, x, 3, 1, 1) : nb_graph_average_pool(g, x, 3, 1, 1);
}

/* Zeros with `out_channels` channels. */
static nb_node zero(nb_graph *g, nb_node x, int out_channels)
{
    nb_node zeros = nb_graph_zero(g, x, 1);
    int channels = nb_graph_shape(g, x).channels;
    if (zeros == NB_NO_NODE || channels == out_channels)
        return zeros;
    nb_node parts[64];
    int count = 0;
    for (int made = 0; made < out_channels && count < 64; made += channels, count++) {
        int left = out_channels - made;
        parts[count] = left < channels ? nb_graph_slice(g, zeros, 0, left) : zeros;
    }
    return nb_graph_concat(g, parts, count);
}

static nb_node apply_op(nb_graph *g, nb_node x, nb_cell_op op, int out_channels, const char *module)
{
    switch (op) {
    case NB_CELL_NONE:
        return zero(g, x, out_channels);
    case NB_CELL_SKIP_CONNECT:
        return skip(g, x, out_channels, module);
    case NB_CELL_NOR_CONV_1X1:
        return relu_conv_norm(g, x, out_channels, 1, 1, module);
    case NB_CELL_NOR_CONV_3X3:
        return relu_conv_norm(g, x, out_channels, 3, 1, module);
    case NB_CELL_NOR_CONV_7X7:
        return relu_conv_norm(g, x, out_channels, 7, 1, module);
    case NB_CELL_AVG_POOL_3X3:
        return pool(g, x, out_channels, false, module);
    case NB_CELL_MAX_POOL_3X3:
        return pool(g, x, out_channels, true, module);
    case NB_CELL_DUA_SEPC_3X3:
        return dual_separable(g, x, out_channels, 3, module);
    case NB_CELL_DUA_SEPC_5X5:
        return dual_separable(g, x, out_channels, 5, module);
    case NB_CELL_DIL_SEPC_3X3:
        return separable(g, x, out_channels, 3, 2, module);
    case NB_CELL_DIL_SEPC_5X5:
        return separable(g, x, out_channels, 5, 2, module);
    case NB_CELL_OP_COUNT:
        break;
    }
    return NB_NO_NODE;
}

/* One cell: node i is the sum of its edges in the order written; the last node is the output. */
static nb_node build_cell(nb_graph *g, nb_node x, const nb_genotype *cell, int out_channels, const char *module)
{
    nb_node nodes[NB_GENOTYPE_NODES] = {x};
    unsigned edge = 0;
    for (unsigned target = 1; target < cell->nodes; target++) {
        nb_node terms[NB_GENOTYPE_EDGES];
        int count = 0;
        for (; edge < cell->edges && cell->edge[edge].target == target; edge++) {
            const nb_genotype_edge *e = &cell->edge[edge];
            terms[count++] = apply_op(g, nodes[e->source], (nb_cell_op)e->op, out_channels, name_of("%s.layers.%u", module, edge).text);
        }
        nodes[target] = nb_graph_add(g, terms, count);
    }
    return nodes[cell->nodes - 1];
}

/* The block between two stages (ResNetBasicblock, stride 2): half the side, `out_channels` channels. */
static nb_node build_reduction(nb_graph *g, nb_node x, int out_channels, const char *module)
{
    nb_node main = relu_conv_norm(g, x, out_channels, 3, 2, below(module, "conv_a").text);
    main = relu_conv_norm(g, main, out_channels, 3, 1, below(module, "conv_b").text);
    nb_node shortcut = nb_graph_average_pool(g, x, 2, 2, 0);
    shortcut = named_conv(g, shortcut, &(nb_conv_options){.out_channels = out_channels, .kernel = 1}, module, "downsample.1");
    return nb_graph_add(g, (nb_node[]){shortcut, main}, 2);
}

/* Topology space: `cells` cells of c channels, a reduction to 2 c, cells, a reduction to 4 c, cells. */
static nb_node build_stages(nb_graph *g, nb_node x, const nb_network *network)
{
    unsigned block = 0;
    int channels = (int)network->channels;
    for (int stage = 0; stage < 3; stage++) {
        if (stage > 0) {
            channels *= 2;
            x = build_reduction(g, x, channels, name_of("cells.%u", block++).text);
        }
        for (uint32_t i = 0; i < network->cells; i++)
            x = build_cell(g, x, &network->cell, channels, name_of("cells.%u", block++).text);
    }
    return x;
}

/* Size space: cell, reduction, cell, reduction, cell, each with a width of its own. */
static nb_node build_sized_stages(nb_graph *g, nb_node x, const nb_network *network)
{
    for (unsigned block = 0; block < NB_SIZE_LAYERS; block++) {
        module_name module = name_of("cells.%u", block);
        int channels = (int)network->widths[block];
        x = block % 2 ? build_reduction(g, x, channels, module.text) : build_cell(g, x, &network->cell, channels, module.text);
    }
    return x;
}

static nb_status check(const nb_network *network, nb_error *err)
{
    if (network->side == 0 || network->side % 4 != 0 || network->side > 1024)
        return nb_fail(err, NB_ERR_ARGUMENT, "network: images of %ux%u pixels, expected a multiple of 4 up to 1024", network->side,
                       network->side);
    bool sized = network->widths[0] != 0;
    for (int i = 0; i < NB_SIZE_LAYERS; i++)
        if ((network->widths[i] != 0) != sized || network->widths[i] > 4096)
            return nb_fail(err, NB_ERR_ARGUMENT, "network: %u channels in layer %d, expected 1 to 4096", network->widths[i], i + 1);
    if (!sized && (network->channels == 0 || network->channels > 1024 || network->cells == 0 || network->cells > 1000))
        return nb_fail(err, NB_ERR_ARGUMENT, "network: %u channels and %u cells per stage, expected 1 to 1024 and 1 to 1000",
                       network->channels, network->cells);
    if (network->classes == 0 || network->classes > UINT16_MAX || network->input_channels == 0 || network->input_channels > 1024)
        return nb_fail(err, NB_ERR_ARGUMENT, "network: %u classes and %u input channels, expected 1 to 65535 and 1 to 1024",
                       network->classes, network->input_channels);
    return NB_OK;
}

/* A network of NAS-Bench-101 has a width for every vertex of its cell. */
static nb_status check_graph(const nb_network *network, nb_error *err)
{
    const nb_shape shape = {.channels = network->channels, .cells = network->cells};
    return network->graph.vertices == 0 ? NB_OK : nb_network101_check(&network->graph, &shape, err);
}

/* Stem, stages and classifier of the spaces of NAS-Bench-201 and NATS-Bench; returns the logits. */
static nb_node build_layers(nb_graph *g, nb_node x, const nb_network *network)
{
    bool sized = network->widths[0] != 0;
    x = nb_graph_conv(g, x, (int)(sized ? network->widths[0] : network->channels), 3, 1, 1, "stem.0");
    x = nb_graph_batch_norm(g, x, "stem.1");
    x = sized ? build_sized_stages(g, x, network) : build_stages(g, x, network);
    x = nb_graph_relu(g, nb_graph_batch_norm(g, x, "lastact.0"));
    return nb_graph_linear(g, nb_graph_global_average_pool(g, x), (int)network->classes, "classifier");
}

nb_status nb_network_build(const nb_network *network, nb_graph **out, nb_error *err)
{
    *out = NULL;
    NB_TRY(check(network, err));
    NB_TRY(check_graph(network, err));
    nb_graph *g = nb_graph_new();
    if (!g)
        return nb_fail(err, NB_ERR_MEMORY, "no memory for a network");
    int side = (int)network->side;
    nb_node x = nb_graph_input(g, (int)network->input_channels, side, side);
    const nb_network101 graph = {network->graph, network->channels, network->cells, network->classes};
    x = graph.cell.vertices > 0 ? nb_network101_layers(g, x, &graph) : build_layers(g, x, network);
    nb_graph_cross_entropy(g, x, 0);
    nb_status status = nb_graph_status(g, err);
    if (status != NB_OK) {
        nb_graph_free(g);
        return status;
    }
    *out = g;
    return NB_OK;
}
