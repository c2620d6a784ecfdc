#include "nasbench/nasbench101.h"

#include <string.h>

#define STEM_CHANNELS 128
#define STACKS 3
#define CELLS_PER_STACK 3
#define CLASSES 10
#define SIDE 32

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

/* One cell of the network; returns nothing but adds to the totals of *cost and fills its vertex rows. */
static void module_cost(const nb_cell101 *cell, int module, int in, int out, uint64_t pixels, nb_cost101 *cost)
{
    int channels[NB_CELL101_VERTICES], last = cell->vertices - 1;
    nb_cell101_channels(cell, in, out, channels);
    for (int v = 1; v < last; v++) {
        uint64_t *params = &cost->vertex_params[module][v], *flops = &cost->vertex_flops[module][v];
        vertex_cost(cell, v, channels, pixels, params, flops);
        cost->params += *params;
        cost->flops += *flops;
    }
    if (!nb_cell101_has_edge(cell, 0, last))
        return;
    cost->params += convolution_params(1, (uint64_t)in, (uint64_t)out);
    cost->flops += convolution_flops(1, (uint64_t)in, (uint64_t)out, pixels);
    if (cell->vertices > 2)
        cost->flops += (uint64_t)out * pixels; /* the sum with the concatenation */
}

void nb_cell101_cost(const nb_cell101 *cell, nb_cost101 *out)
{
    memset(out, 0, sizeof *out);
    uint64_t pixels = SIDE * SIDE;
    int in = STEM_CHANNELS, width = STEM_CHANNELS;
    out->params = convolution_params(3, 3, STEM_CHANNELS);
    out->flops = convolution_flops(3, 3, STEM_CHANNELS, pixels);
    for (int stack = 0; stack < STACKS; stack++) {
        if (stack > 0) {
            pixels /= 4;
            out->flops += 4 * (uint64_t)width * pixels; /* 2x2 max pooling */
            width *= 2;
        }
        for (int i = 0; i < CELLS_PER_STACK; i++, in = width)
            module_cost(cell, stack * CELLS_PER_STACK + i, in, width, pixels, out);
    }
    out->params += (uint64_t)width * CLASSES + CLASSES;
    out->flops += pixels * (uint64_t)width + 2 * (uint64_t)width * CLASSES + CLASSES; /* global mean, dense layer */
}
