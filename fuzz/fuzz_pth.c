/* Any bytes as a torch file, legacy or zip: results are imported, every tensor is read. */
#include "fuzz.h"

#include <stdlib.h>

#include "ingest/torch_file.h"
#include "touch.h"

/* Reads every tensor in the object. */
static void read_tensors(nb_torch_file *file, const nb_storage_places *places, nb_pickle_value value, int *steps)
{
    const nb_pickle_tensor *tensor = nb_pickle_as_tensor(value);
    nb_pickle_value key, item;
    if (--*steps < 0)
        return;
    if (tensor) {
        nb_pickle_element element;
        uint8_t *data;
        size_t size;
        nb_error err;
        touched t = {0};
        if (nb_torch_read_tensor(file, places, tensor, &element, &data, &size, &err) == NB_OK) {
            touch_bytes(&t, data, size);
            free(data);
        }
    }
    for (size_t i = 0; nb_pickle_entry(value, i, &key, &item); i++)
        read_tensors(file, places, item, steps);
    bool ordered = value.kind != NB_PICKLE_DICT && value.kind != NB_PICKLE_RECORD;
    for (size_t i = 0; ordered && i < nb_pickle_count(value); i++)
        read_tensors(file, places, nb_pickle_item(value, i), steps);
}

static void read_weights(const char *path)
{
    nb_torch_file file;
    nb_pickle_value object;
    nb_storage_places places;
    nb_error err;
    int steps = 300;
    if (nb_torch_open(&file, path, &err) != NB_OK)
        return;
    if (nb_pickle_read(&file.in, NULL, &object, &err) == NB_OK) {
        if (nb_torch_find_storages(&file.in, file.container == NB_CONTAINER_TORCH_LEGACY, object, &places, &err) == NB_OK) {
            read_tensors(&file, &places, object, &steps);
            nb_storage_places_free(&places);
        }
        nb_pickle_drop(object);
    }
    nb_torch_close(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *path = fuzz_file(0, data, size);
    nb_torch_file file;
    nb_error err;
    if (nb_torch_open(&file, path, &err) != NB_OK)
        return 0;
    touch_import(&file.in, false);
    nb_torch_close(&file);
    read_weights(path);
    return 0;
}
