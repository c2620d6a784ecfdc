/* Any bytes as a safetensors file: header, metadata, bounds of every tensor. */
#include "fuzz.h"

#include "base/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nb_safetensors file;
    nb_error err;
    if (nb_safetensors_parse(data, size, "fuzz", &file, &err) == NB_OK)
        nb_safetensors_free(&file);
    return 0;
}
