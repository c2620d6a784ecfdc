/* CIFAR's binary files, with small images so that damage reaches the labels. */
#include "fuzz.h"

#include "train/cifar_bin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (uint32_t label_bytes = 1; label_bytes <= 2; label_bytes++) {
        nb_image_set set;
        if (nb_image_set_init(&set, "cifar", 3, 2, 10, 1, NULL) != NB_OK)
            return 0;
        nb_cifar_bin_parse(data, size, "cifar", label_bytes, &set, NULL);
        nb_image_set_free(&set);
    }
    return 0;
}
