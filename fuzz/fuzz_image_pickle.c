/* Pickles of images, with small images so that damage reaches the structure. */
#include "fuzz.h"

#include "train/image_pickle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int select = 0; select < 2; select++) {
        nb_image_set set;
        if (nb_image_set_init(&set, "batch", 3, 2, 10, 0, NULL) != NB_OK)
            return 0;
        nb_image_pickle_parse(data, size, "batch", "labels", (uint32_t)select, select != 0, &set, NULL);
        nb_image_set_free(&set);
    }
    return 0;
}
