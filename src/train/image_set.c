#include "train/image_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MNIST_SIDE 28
#define MNIST_FRAMED_SIDE 32

/* Writes the sides that nb_image_set_init() accepts, largest first: "32, 16, 8". */
static void list_resolutions(uint32_t native_side, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    uint32_t largest = native_side == MNIST_SIDE ? MNIST_FRAMED_SIDE : native_side;
    for (uint32_t side = largest; side >= 4; side--) {
        if (native_side % side != 0 && largest % side != 0)
            continue;
        int length = snprintf(text + used, size - used, "%s%u", used ? ", " : "", side);
        if (length < 0 || (size_t)length >= size - used)
            return;
        used += (size_t)length;
    }
}

nb_status nb_image_set_init(nb_image_set *set, const char *name, uint32_t channels, uint32_t native_side, uint32_t classes,
                            uint32_t resolution, nb_error *err)
{
    uint32_t side = resolution ? resolution : native_side;
    uint32_t frame = 0;
    if (native_side % side != 0 && native_side == MNIST_SIDE && MNIST_FRAMED_SIDE % side == 0)
        frame = (MNIST_FRAMED_SIDE - MNIST_SIDE) / 2;
    uint32_t framed = native_side + 2 * frame;
    if (framed % side != 0) {
        char possible[128];
        list_resolutions(native_side, possible, sizeof possible);
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: images of %ux%u pixels cannot be averaged down to %ux%u; possible: %s", name, native_side,
                       native_side, side, side, possible);
    }
    *set = (nb_image_set){
        .channels = channels, .native_side = native_side, .frame = frame, .factor = framed / side, .side = side, .classes = classes};
    return NB_OK;
}

void nb_image_set_free(nb_image_set *set)
{
    free(set->pixels);
    free(set->labels);
    set->pixels = NULL;
    set->labels = NULL;
    set->count = set->capacity = 0;
}

nb_status nb_image_set_reserve(nb_image_set *set, uint32_t more, nb_error *err)
{
    if (more <= set->capacity - set->count)
        return NB_OK;
    if (more > UINT32_MAX - set->count)
        return nb_fail(err, NB_ERR_MEMORY, "more than %u images", UINT32_MAX);
    uint32_t capacity = set->count + more;
    uint8_t *pixels = realloc(set->pixels, capacity * nb_image_set_bytes(set));
    if (pixels)
        set->pixels = pixels;
    uint16_t *labels = realloc(set->labels, capacity * sizeof *labels);
    if (labels)
        set->labels = labels;
    if (!pixels || !labels)
        return nb_fail(err, NB_ERR_MEMORY, "no memory for %u images of %zu bytes", capacity, nb_image_set_bytes(set));
    set->capacity = capacity;
    return NB_OK;
}

/* The mean of the factor x factor pixels whose first is (row, col) of the framed image; what lies in the frame is zero. */
static uint8_t mean_pixel(const nb_image_set *set, const uint8_t *plane, uint32_t row, uint32_t col)
{
    uint32_t sum = 0;
    for (uint32_t y = row; y < row + set->factor; y++)
        for (uint32_t x = col; x < col + set->factor; x++) {
            /* Unsigned: a pixel above or left of the image wraps round to a large number. */
            uint32_t native_y = y - set->frame, native_x = x - set->frame;
            if (native_y < set->native_side && native_x < set->native_side)
                sum += plane[native_y * set->native_side + native_x];
        }
    uint32_t area = set->factor * set->factor;
    return (uint8_t)((sum + area / 2) / area);
}

static void shrink(const nb_image_set *set, const uint8_t *native, uint8_t *out)
{
    for (uint32_t c = 0; c < set->channels; c++) {
        const uint8_t *plane = native + (size_t)c * set->native_side * set->native_side;
        for (uint32_t y = 0; y < set->side; y++)
            for (uint32_t x = 0; x < set->side; x++)
                *out++ = mean_pixel(set, plane, y * set->factor, x * set->factor);
    }
}

nb_status nb_image_set_add(nb_image_set *set, const uint8_t *pixels, uint32_t label, nb_error *err)
{
    if (label >= set->classes)
        return nb_fail(err, NB_ERR_FORMAT, "label %u of image %u: expected 0 to %u", label, set->count, set->classes - 1);
    if (set->count == set->capacity)
        NB_TRY(nb_image_set_reserve(set, set->capacity ? set->capacity : 1024, err));
    uint8_t *kept = set->pixels + set->count * nb_image_set_bytes(set);
    if (set->factor == 1 && set->frame == 0)
        memcpy(kept, pixels, nb_image_set_bytes(set));
    else
        shrink(set, pixels, kept);
    set->labels[set->count] = (uint16_t)label;
    set->count++;
    return NB_OK;
}
