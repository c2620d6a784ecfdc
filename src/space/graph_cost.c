#include "space/graph_cost.h"

#include <string.h>

#include "base/error.h"
#include "space/costs.h"

void nb_cell101_channels(const nb_cell101 *cell, int in, int out, int *channels)
{
    int last = cell->vertices - 1, direct = 0;
    channels[0] = in;
    channels[last] = out;
    for (int v = 1; v < last; v++)
        direct += nb_cell101_has_edge(cell, v, last);
    if (direct == 0)
        return;
    int share = out / direct, rest = out % direct;
    for (int v = 1; v < last; v++) {
        channels[v] = 0;
        if (nb_cell101_has_edge(cell, v, last))
            channels[v] = share + (rest-- > 0);
    }
    for (int v = last - 1; v-- > 1;)
        if (!nb_cell101_has_edge(cell, v, last))
            for (int to = v + 1; to < last; to++)
                if (nb_cell101_has_edge(cell, v, to) && channels[to] > channels[v])
                    channels[v] = channels[to];
}

/* A k x k convolution of a to b channels with its batch norm. */
static uint64_t convolution_params(uint64_t k, uint64_t a, uint64_t b)
{
    return k * k * a * b + 2 * b;
}

static uint64_t convolution_flops(uint64_t k, uint64_t a, uint64_t b, uint64_t pixels)
{
    return 2 * k * k * a * b * pixels;
}

/* Projection into the vertex, the sum of what arrives, and its operation, on planes of `pixels`. */
static void vertex_cost(const nb_cell101 *cell, int vertex, const int *channels, uint64_t pixels, uint64_t *params, uint64_t *flops)
{
    uint64_t in = (uint64_t)channels[0], width = (uint64_t)channels[vertex], summands = 0;
    for (int from = 0; from < vertex; from++)
        summands += nb_cell101_has_edge(cell, from, vertex);
    *params = *flops = 0;
    if (nb_cell101_has_edge(cell, 0, vertex)) {
        *params += convolution_params(1, in, width);
        *flops += convolution_flops(1, in, width, pixels);
    }
    *flops += (summands - 1) * width * pixels;
    int label = cell->label[vertex - 1];
    if (label == NB_LABEL101_MAXPOOL3X3) {
        *flops += 9 * width * pixels;
        return;
    }
    uint64_t k = label == NB_LABEL101_CONV3X3 ? 3 : 1;
    *params += convolution_params(k, width, width);
    *flops += convolution_flops(k, width, width, pixels);
}

/* One cell of the network: adds to the totals of *cost and, for the cells that it has room for, fills its vertex rows. */
static void module_cost(const nb_cell101 *cell, uint32_t module, int in, int out, uint64_t pixels, nb_cost101 *cost)
{
    int channels[NB_CELL101_VERTICES], last = cell->vertices - 1;
    nb_cell101_channels(cell, in, out, channels);
    for (int v = 1; v < last; v++) {
        uint64_t params, flops;
        vertex_cost(cell, v, channels, pixels, &params, &flops);
        cost->params += params;
        cost->flops += flops;
        if (module < NB_CELL101_MODULES) {
            cost->vertex_params[module][v] = params;
            cost->vertex_flops[module][v] = flops;
        }
    }
    if (!nb_cell101_has_edge(cell, 0, last))
        return;
    cost->params += convolution_params(1, (uint64_t)in, (uint64_t)out);
    cost->flops += convolution_flops(1, (uint64_t)in, (uint64_t)out, pixels);
    if (cell->vertices > 2)
        cost->flops += (uint64_t)out * pixels; /* the sum with the concatenation */
}

void nb_network101_cost(const nb_cell101 *cell, const nb_shape *shape, nb_cost101 *out)
{
    memset(out, 0, sizeof *out);
    uint64_t pixels = (uint64_t)shape->height * shape->width, classes = shape->classes;
    int in = (int)shape->channels, width = in;
    out->params = convolution_params(3, shape->input_channels, (uint64_t)width);
    out->flops = convolution_flops(3, shape->input_channels, (uint64_t)width, pixels);
    for (uint32_t stack = 0; stack < NB_NETWORK101_STACKS; stack++) {
        if (stack > 0) {
            pixels /= 4;
            out->flops += 4 * (uint64_t)width * pixels; /* 2x2 max pooling */
            width *= 2;
        }
        for (uint32_t i = 0; i < shape->cells; i++, in = width)
            module_cost(cell, stack * shape->cells + i, in, width, pixels, out);
    }
    out->params += (uint64_t)width * classes + classes;
    out->flops += pixels * (uint64_t)width + 2 * (uint64_t)width * classes + classes; /* global mean, dense layer */
}

void nb_cell101_cost(const nb_cell101 *cell, nb_cost101 *out)
{
    const nb_shape published = {
        .input_channels = 3, .height = 32, .width = 32, .classes = 10, .channels = NB_NETWORK101_CHANNELS, .cells = NB_NETWORK101_CELLS};
    nb_network101_cost(cell, &published, out);
}

nb_status nb_network101_check(const nb_cell101 *cell, const nb_shape *shape, nb_error *err)
{
    enum { CHANNELS_MAX = 4096 };
    const int last = cell->vertices - 1;
    uint32_t direct = 0;
    for (int v = 1; v < last; v++)
        direct += nb_cell101_has_edge(cell, v, last);
    if (shape->channels == 0 || shape->channels > CHANNELS_MAX)
        return nb_fail(err, NB_ERR_ARGUMENT, "%u channels: expected 1 to %d", shape->channels, CHANNELS_MAX);
    if (shape->channels < direct)
        return nb_fail(err, NB_ERR_ARGUMENT, "%u channels: the cell's output shares them among %u vertices", shape->channels, direct);
    if (shape->cells == 0 || shape->cells > NB_CELLS_MAX)
        return nb_fail(err, NB_ERR_ARGUMENT, "%u cells per stack: expected 1 to %d", shape->cells, NB_CELLS_MAX);
    return NB_OK;
}
