#include "train/idx.h"

#define UNSIGNED_BYTES 0x08 /* element type */

static uint32_t big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static nb_status check_magic(const uint8_t *data, size_t size, const char *name, nb_error *err)
{
    if (size < 4)
        return nb_fail(err, NB_ERR_TRUNCATED, "%s: %zu bytes, expected an IDX file", name, size);
    if (data[0] != 0 || data[1] != 0 || data[2] != UNSIGNED_BYTES || data[3] == 0 || data[3] > NB_IDX_MAX_DIMENSIONS)
        return nb_fail(err, NB_ERR_FORMAT,
                       "%s: offset 0: magic number %02x %02x %02x %02x, expected 00 00 08 (unsigned bytes) and 1 to %d dimensions", name,
                       data[0], data[1], data[2], data[3], NB_IDX_MAX_DIMENSIONS);
    return NB_OK;
}

nb_status nb_idx_parse(const uint8_t *data, size_t size, const char *name, nb_idx *out, nb_error *err)
{
    NB_TRY(check_magic(data, size, name, err));
    nb_idx idx = {.dimensions = data[3], .count = 1};
    size_t header = 4 + 4 * (size_t)idx.dimensions;
    if (size < header)
        return nb_fail(err, NB_ERR_TRUNCATED, "%s: offset 4: %u dimensions expected, %zu bytes left", name, idx.dimensions, size - 4);
    for (uint32_t i = 0; i < idx.dimensions; i++) {
        idx.size[i] = big_endian(data + 4 + 4 * i);
        if (__builtin_mul_overflow(idx.count, (size_t)idx.size[i], &idx.count))
            return nb_fail(err, NB_ERR_FORMAT, "%s: offset %u: dimensions too large: %u", name, 4 + 4 * i, idx.size[i]);
    }
    if (idx.count > size - header)
        return nb_fail(err, NB_ERR_TRUNCATED, "%s: offset %zu: %zu elements expected, %zu bytes left", name, header, idx.count,
                       size - header);
    if (idx.count < size - header)
        return nb_fail(err, NB_ERR_FORMAT, "%s: offset %zu: %zu bytes after the last element", name, header + idx.count,
                       size - header - idx.count);
    idx.elements = data + header;
    *out = idx;
    return NB_OK;
}

nb_status nb_idx_add_images(const nb_idx *images, const char *images_name, const nb_idx *labels, const char *labels_name, nb_image_set *set,
                            nb_error *err)
{
    if (images->dimensions != 3 || images->size[1] != set->native_side || images->size[2] != set->native_side || set->channels != 1)
        return nb_fail(err, NB_ERR_FORMAT, "%s: %u dimensions, the second of size %u; expected 3: images of %ux%u pixels", images_name,
                       images->dimensions, images->dimensions > 1 ? images->size[1] : 0, set->native_side, set->native_side);
    if (labels->dimensions != 1 || labels->size[0] != images->size[0])
        return nb_fail(err, NB_ERR_FORMAT, "%s: %u dimensions with %u labels; expected 1 with %u, one for each image of %s", labels_name,
                       labels->dimensions, labels->size[0], images->size[0], images_name);
    NB_TRY(nb_image_set_reserve(set, images->size[0], err));
    for (uint32_t i = 0; i < images->size[0]; i++) {
        nb_status status = nb_image_set_add(set, images->elements + i * nb_image_set_native_bytes(set), labels->elements[i], err);
        if (status != NB_OK)
            return nb_prefix(err, status, "%s", labels_name);
    }
    return NB_OK;
}
