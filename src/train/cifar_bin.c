#include "train/cifar_bin.h"

nb_status nb_cifar_bin_parse(const uint8_t *data, size_t size, const char *name, uint32_t label_bytes, nb_image_set *set, nb_error *err)
{
    size_t record = label_bytes + nb_image_set_native_bytes(set);
    if (size == 0 || size % record != 0)
        return nb_fail(err, NB_ERR_TRUNCATED, "%s: %zu bytes, expected a multiple of %zu (%u label bytes and the pixels of an image)", name,
                       size, record, label_bytes);
    size_t count = size / record;
    if (count > UINT32_MAX)
        return nb_fail(err, NB_ERR_FORMAT, "%s: %zu images, expected at most %u", name, count, UINT32_MAX);
    NB_TRY(nb_image_set_reserve(set, (uint32_t)count, err));
    for (size_t i = 0; i < count; i++) {
        const uint8_t *labels = data + i * record;
        nb_status status = nb_image_set_add(set, labels + label_bytes, labels[label_bytes - 1], err);
        if (status != NB_OK)
            return nb_prefix(err, status, "%s: offset %zu", name, i * record);
    }
    return NB_OK;
}
