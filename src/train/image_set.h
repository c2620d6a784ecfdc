/* Images and labels in memory, filled one image at a time by the readers of the file formats. */
#ifndef NB_TRAIN_IMAGE_SET_H
#define NB_TRAIN_IMAGE_SET_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Square images that are framed with zeros and averaged down as they come in. */
typedef struct nb_image_set {
    uint32_t channels;
    uint32_t native_side; /* of the images that are added */
    uint32_t frame;       /* zero pixels put around them on each side */
    uint32_t factor;      /* side of the squares of pixels that become one */
    uint32_t side;        /* of the images kept: (native_side + 2 frame) / factor */
    uint32_t classes;     /* labels are below this */
    uint32_t count, capacity;
    uint8_t *pixels;  /* [count][channels][side][side] */
    uint16_t *labels; /* [count] */
} nb_image_set;

/* An empty set. `resolution` 0 keeps the native side; NB_ERR_ARGUMENT, naming the possible ones, if the images cannot be averaged down to
 * it (see nb_dataset_options). `name` is for messages. */
nb_status nb_image_set_init(nb_image_set *set, const char *name, uint32_t channels, uint32_t native_side, uint32_t classes,
                            uint32_t resolution, nb_error *err);
void nb_image_set_free(nb_image_set *set);

/* Makes room for `more` further images. */
nb_status nb_image_set_reserve(nb_image_set *set, uint32_t more, nb_error *err);

/* Adds an image of channels * native_side * native_side bytes. The label must be below `classes`. */
nb_status nb_image_set_add(nb_image_set *set, const uint8_t *pixels, uint32_t label, nb_error *err);

/* Bytes of an image before and after. */
static inline size_t nb_image_set_native_bytes(const nb_image_set *set)
{
    return (size_t)set->channels * set->native_side * set->native_side;
}

static inline size_t nb_image_set_bytes(const nb_image_set *set)
{
    return (size_t)set->channels * set->side * set->side;
}

#endif
