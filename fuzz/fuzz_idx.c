/* IDX files: any bytes as the images and, from the second half on, as the labels. */
#include "fuzz.h"

#include "train/idx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nb_idx images, labels;
    size_t half = size / 2;
    nb_image_set set;
    if (nb_idx_parse(data, size, "idx", &images, NULL) == NB_OK && nb_image_set_init(&set, "idx", 1, 2, 10, 0, NULL) == NB_OK) {
        nb_idx_add_images(&images, "idx", &images, "idx", &set, NULL);
        nb_image_set_free(&set);
    }
    if (nb_idx_parse(data, half, "images", &images, NULL) == NB_OK &&
        nb_idx_parse(data + half, size - half, "labels", &labels, NULL) == NB_OK &&
        nb_image_set_init(&set, "idx", 1, 2, 10, 1, NULL) == NB_OK) {
        nb_idx_add_images(&images, "images", &labels, "labels", &set, NULL);
        nb_image_set_free(&set);
    }
    return 0;
}
