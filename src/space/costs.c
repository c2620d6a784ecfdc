#include "space/costs.h"

#include "base/error.h"
#include "base/fixed_text.h"
#include "base/name.h"
#include "base/quote.h"

/* Multiply-accumulates for one image, and learnable numbers. Normalisation, ReLU, pooling and additions count no FLOPs; biases do. */
typedef struct counts {
    uint64_t flops, params;
} counts;

/* Convolution without bias, and the normalisation (scale and shift) that follows it. `pixels` of the output. */
static void add_conv_norm(counts *sum, uint64_t kernel, uint64_t in, uint64_t out, uint64_t pixels)
{
    sum->flops += kernel * kernel * in * out * pixels;
    sum->params += kernel * kernel * in * out + 2 * out;
}

/* An operation that changes the number of channels brings its own 1x1 convolution where it has none: a skip connection becomes the
 * reference's FactorizedReduce, pooling gets a convolution in front. */
static void add_operation(counts *sum, unsigned op, uint64_t in, uint64_t out, uint64_t pixels)
{
    switch (op) {
    case NB_OP_NOR_CONV_1X1:
        add_conv_norm(sum, 1, in, out, pixels);
        break;
    case NB_OP_NOR_CONV_3X3:
        add_conv_norm(sum, 3, in, out, pixels);
        break;
    case NB_OP_SKIP_CONNECT:
    case NB_OP_AVG_POOL_3X3:
        if (in != out)
            add_conv_norm(sum, 1, in, out, pixels);
        break;
    default:
        break;
    }
}

static void add_cell(counts *sum, const nb_genotype *cell, uint64_t in, uint64_t out, uint64_t pixels)
{
    for (unsigned e = 0; e < cell->edges; e++)
        add_operation(sum, cell->edge[e].op, cell->edge[e].source == 0 ? in : out, out, pixels);
}

/* Two 3x3 convolutions, and a shortcut of pooling and a bare 1x1 convolution; stride 2, `pixels` of the output. */
static void add_residual_block(counts *sum, uint64_t in, uint64_t out, uint64_t pixels)
{
    add_conv_norm(sum, 3, in, out, pixels);
    add_conv_norm(sum, 3, out, out, pixels);
    sum->flops += in * out * pixels;
    sum->params += in * out;
}

/* The last normalisation and the linear layer with its bias. */
static void add_head(counts *sum, uint64_t width, uint64_t classes)
{
    sum->flops += width * classes + classes;
    sum->params += 2 * width + width * classes + classes;
}

nb_costs nb_network_costs(const nb_genotype *cell, const nb_shape *shape, const uint32_t *widths, uint32_t cells)
{
    counts sum = {0, 0};
    uint64_t pixels = (uint64_t)shape->height * shape->width;
    add_conv_norm(&sum, 3, shape->input_channels, widths[0], pixels);
    uint64_t in = widths[0];
    for (uint32_t layer = 0; layer < 3 * cells + 2; layer++) {
        if (layer == cells || layer == 2 * cells + 1) {
            pixels /= 4;
            add_residual_block(&sum, in, widths[layer], pixels);
        } else {
            add_cell(&sum, cell, in, widths[layer], pixels);
        }
        in = widths[layer];
    }
    add_head(&sum, in, shape->classes);
    return (nb_costs){.flops = (double)sum.flops / 1e6, .params = (double)sum.params / 1e6};
}

nb_status nb_check_input_shape(const nb_shape *shape, nb_error *err)
{
    enum { SIDE_MAX = 1024, CHANNELS_MAX = 1024, CLASSES_MAX = 1 << 20 };
    if (shape->height == 0 || shape->width == 0 || shape->height % 4 || shape->width % 4 || shape->height > SIDE_MAX ||
        shape->width > SIDE_MAX)
        return nb_fail(err, NB_ERR_ARGUMENT, "input of %u x %u pixels: sides must be multiples of 4 (the image is halved twice), 4 to %d",
                       shape->height, shape->width, SIDE_MAX);
    if (shape->input_channels == 0 || shape->input_channels > CHANNELS_MAX)
        return nb_fail(err, NB_ERR_ARGUMENT, "%u input channels: expected 1 to %d", shape->input_channels, CHANNELS_MAX);
    if (shape->classes == 0 || shape->classes > CLASSES_MAX)
        return nb_fail(err, NB_ERR_ARGUMENT, "%u classes: expected 1 to %d", shape->classes, CLASSES_MAX);
    return NB_OK;
}

nb_status nb_dataset_shape(const char *dataset, nb_shape *shape, nb_error *err)
{
    static const struct {
        const char *name;
        uint32_t channels, side, classes;
    } known[] = {
        {"cifar10-valid", 3, 32, 10},   {"cifar10", 3, 32, 10},         {"cifar100", 3, 32, 100},       {"cifar10-101", 3, 32, 10},
        {"ImageNet16-120", 3, 16, 120}, {"ImageNet16-150", 3, 16, 150}, {"ImageNet16-200", 3, 16, 200}, {"ImageNet16", 3, 16, 1000},
        {"mnist", 1, 28, 10},           {"fashion-mnist", 1, 28, 10},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!nb_same_name(known[i].name, dataset))
            continue;
        *shape = (nb_shape){.input_channels = known[i].channels,
                            .height = known[i].side,
                            .width = known[i].side,
                            .classes = known[i].classes,
                            .channels = 16,
                            .cells = 5};
        return NB_OK;
    }
    char names[256];
    nb_fixed_text text = nb_fixed_text_into(names, sizeof names);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        nb_fixed_text_add_string(&text, i > 0 ? ", " : "");
        nb_fixed_text_add_string(&text, known[i].name);
    }
    return nb_fail(err, NB_ERR_NOT_FOUND, "no dataset is called %s; known: %s", nb_quote(dataset, strlen(dataset)).text, names);
}
