/* The size space of NATS-Bench: one fixed cell, and the number of channels of each of five layers as what is searched. */
#include "space/size.h"

#include "base/error.h"
#include "base/fixed_text.h"
#include "base/quote.h"
#include "space/costs.h"
#include "space/space.h"

enum { LAYERS = 5, WIDTHS = 8, WIDTH_STEP = 8, SIZES = 32768 /* WIDTHS to the power of LAYERS */ };

const char nb_size_cell[] = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|";

static const char *const width_names[WIDTHS] = {"8", "16", "24", "32", "40", "48", "56", "64"};

/* The position of a width in the list above; WIDTHS when it is none. */
static unsigned choice_of_width(unsigned width)
{
    return width % WIDTH_STEP == 0 && width >= WIDTH_STEP && width <= WIDTHS * WIDTH_STEP ? width / WIDTH_STEP - 1 : WIDTHS;
}

static uint8_t width_of_choice(unsigned choice)
{
    return (uint8_t)((choice + 1) * WIDTH_STEP);
}

/* Indices: the choices are digits to base 8, the first layer most significant; the official order is that of the numbers. ----------- */

static int64_t size_index(const nb_arch *arch)
{
    if (arch->space != NB_SPACE_SIZE || arch->count != LAYERS)
        return -1;
    unsigned index = 0;
    for (unsigned layer = 0; layer < LAYERS; layer++) {
        const unsigned choice = choice_of_width(arch->code[layer]);
        if (choice == WIDTHS)
            return -1;
        index = index * WIDTHS + choice;
    }
    return index;
}

static bool size_has(const nb_arch *arch)
{
    return size_index(arch) >= 0;
}

static nb_arch arch_of_index(unsigned index)
{
    nb_arch arch = {.space = NB_SPACE_SIZE, .count = LAYERS};
    for (unsigned layer = LAYERS; layer-- > 0; index /= WIDTHS)
        arch.code[layer] = width_of_choice(index % WIDTHS);
    return arch;
}

static nb_status size_at(uint64_t index, nb_arch *arch, nb_error *err)
{
    (void)err;
    *arch = arch_of_index((unsigned)index);
    return NB_OK;
}

/* Strings: 8:16:24:32:40. -------------------------------------------------------------------------------------------------------------- */

/* The choice whose width is written at `at`, one or two digits; WIDTHS if none. Moves *at past it. */
static unsigned read_width(const char **at, const char *end)
{
    unsigned width = 0, digits = 0;
    const char *from = *at;
    for (; digits < 2 && from + digits < end && from[digits] >= '0' && from[digits] <= '9'; digits++)
        width = width * 10 + (unsigned)(from[digits] - '0');
    *at = from + digits;
    return digits > 0 && from[0] != '0' ? choice_of_width(width) : WIDTHS;
}

/* The index of the architecture that the text is the official string of. Else -1, and *stop is where it ceases to be one. */
static int64_t read_sizes(const char *text, size_t length, size_t *stop)
{
    const char *at = text, *end = text + length;
    unsigned index = 0;
    for (unsigned layer = 0; layer < LAYERS; layer++) {
        *stop = (size_t)(at - text);
        if (layer > 0 && (at == end || *at++ != ':'))
            return -1;
        *stop = (size_t)(at - text);
        const unsigned choice = read_width(&at, end);
        if (choice == WIDTHS)
            return -1;
        index = index * WIDTHS + choice;
    }
    *stop = (size_t)(at - text);
    return at == end ? (int64_t)index : -1;
}

static int64_t size_index_of_text(const char *text, size_t length)
{
    size_t stop;
    return read_sizes(text, length, &stop);
}

static nb_status size_parse(const char *text, size_t length, nb_arch *arch, nb_error *err)
{
    size_t stop;
    const int64_t index = read_sizes(text, length, &stop);
    if (index < 0)
        return nb_fail(err, NB_ERR_FORMAT, "architecture string: offset %zu: %s, expected five widths of 8, 16, .. 64 joined by ':'", stop,
                       stop < length ? nb_quote(text + stop, length - stop).text : "end of text");
    *arch = arch_of_index((unsigned)index);
    return NB_OK;
}

static size_t size_format(const nb_arch *arch, char *text, size_t room)
{
    nb_fixed_text out = nb_fixed_text_into(text, room);
    if (!size_has(arch))
        return 0;
    for (unsigned layer = 0; layer < LAYERS; layer++) {
        if (layer > 0)
            nb_fixed_text_add_char(&out, ':');
        nb_fixed_text_add_string(&out, width_names[choice_of_width(arch->code[layer])]);
    }
    return out.length;
}

/* Decisions and moves. ----------------------------------------------------------------------------------------------------------------- */

static const nb_decision decisions[LAYERS] = {
    {"layer 0", WIDTHS, width_names}, {"layer 1", WIDTHS, width_names}, {"layer 2", WIDTHS, width_names},
    {"layer 3", WIDTHS, width_names}, {"layer 4", WIDTHS, width_names},
};

static void size_encode(const nb_arch *arch, uint8_t *choices)
{
    for (unsigned layer = 0; layer < LAYERS; layer++)
        choices[layer] = (uint8_t)choice_of_width(arch->code[layer]);
}

static void size_decode(const uint8_t *choices, nb_arch *arch)
{
    *arch = (nb_arch){.space = NB_SPACE_SIZE, .count = LAYERS};
    for (unsigned layer = 0; layer < LAYERS; layer++)
        arch->code[layer] = width_of_choice(choices[layer]);
}

static nb_arch size_sample(nb_rng *rng)
{
    return arch_of_index((unsigned)nb_rng_below(rng, SIZES));
}

/* As the reference: the width drawn may be the one that is there. */
static nb_arch size_mutate(const nb_arch *parent, nb_rng *rng)
{
    nb_arch child = *parent;
    const unsigned layer = (unsigned)nb_rng_below(rng, LAYERS);
    child.code[layer] = width_of_choice((unsigned)nb_rng_below(rng, WIDTHS));
    return child;
}

static size_t size_neighbours(const nb_arch *arch, nb_arch *neighbours, size_t room)
{
    size_t count = 0;
    for (unsigned layer = 0; layer < LAYERS; layer++) {
        for (unsigned choice = 0; choice < WIDTHS; choice++) {
            if (width_of_choice(choice) == arch->code[layer])
                continue;
            if (count < room) {
                neighbours[count] = *arch;
                neighbours[count].code[layer] = width_of_choice(choice);
            }
            count++;
        }
    }
    return count;
}

/* Costs. ------------------------------------------------------------------------------------------------------------------------------- */

static nb_status size_costs(const nb_arch *arch, const nb_shape *shape, nb_costs *costs, nb_error *err)
{
    nb_genotype cell;
    uint32_t widths[LAYERS];
    NB_TRY(nb_check_input_shape(shape, err));
    NB_TRY(nb_genotype_parse(nb_size_cell, sizeof nb_size_cell - 1, &cell, err));
    for (unsigned layer = 0; layer < LAYERS; layer++)
        widths[layer] = arch->code[layer];
    *costs = nb_network_costs(&cell, shape, widths, 1); /* layers 0, 2 and 4 are cells, 1 and 3 residual blocks */
    return NB_OK;
}

const nb_space nb_size_space = {
    .id = NB_SPACE_SIZE,
    .name = "nats-size",
    .title = "NATS-Bench size space",
    .aliases = (const char *const[]){"nats-sss", "sss", "size", NULL},
    .size = SIZES,
    .decisions = decisions,
    .decision_count = LAYERS,
    .code_count = LAYERS,
    .has = size_has,
    .parse = size_parse,
    .format = size_format,
    .index = size_index,
    .index_of_text = size_index_of_text,
    .at = size_at,
    .encode = size_encode,
    .decode = size_decode,
    .sample = size_sample,
    .mutate = size_mutate,
    .neighbours = size_neighbours,
    .is_valid = size_has, /* the fixed cell always connects input and output */
    .key = size_format,   /* different widths are different networks */
    .canonical = size_index,
    .shape = nb_dataset_shape,
    .costs = size_costs,
};
