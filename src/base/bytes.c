#include "base/bytes.h"

nb_bytes nb_bytes_over(const void *data, size_t size, const char *name)
{
    const uint8_t *start = data;
    return (nb_bytes){.start = start, .next = start, .end = size ? start + size : start, .name = name};
}

size_t nb_bytes_offset(const nb_bytes *in)
{
    return (size_t)(in->next - in->start);
}

size_t nb_bytes_left(const nb_bytes *in)
{
    return (size_t)(in->end - in->next);
}

nb_status nb_bytes_take(nb_bytes *in, size_t size, const uint8_t **out, nb_error *err)
{
    size_t left = nb_bytes_left(in);
    if (size > left)
        return nb_fail(err, NB_ERR_TRUNCATED, "%s: offset %zu: %zu bytes expected, %zu left", in->name, nb_bytes_offset(in), size, left);
    *out = in->next;
    in->next += size;
    return NB_OK;
}

static uint64_t load_le(const uint8_t *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = size; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

/* The next `size` <= 8 bytes as a little-endian integer, whatever this machine's own byte order. */
static nb_status take_unsigned(nb_bytes *in, size_t size, uint64_t *out, nb_error *err)
{
    const uint8_t *bytes = NULL;
    NB_TRY(nb_bytes_take(in, size, &bytes, err));
    *out = load_le(bytes, size);
    return NB_OK;
}

nb_status nb_bytes_u8(nb_bytes *in, uint8_t *out, nb_error *err)
{
    uint64_t value;
    NB_TRY(take_unsigned(in, sizeof *out, &value, err));
    *out = (uint8_t)value;
    return NB_OK;
}

nb_status nb_bytes_u16(nb_bytes *in, uint16_t *out, nb_error *err)
{
    uint64_t value;
    NB_TRY(take_unsigned(in, sizeof *out, &value, err));
    *out = (uint16_t)value;
    return NB_OK;
}

nb_status nb_bytes_u32(nb_bytes *in, uint32_t *out, nb_error *err)
{
    uint64_t value;
    NB_TRY(take_unsigned(in, sizeof *out, &value, err));
    *out = (uint32_t)value;
    return NB_OK;
}

nb_status nb_bytes_u64(nb_bytes *in, uint64_t *out, nb_error *err)
{
    return take_unsigned(in, sizeof *out, out, err);
}

uint64_t nb_load_le64(const uint8_t *bytes)
{
    return load_le(bytes, 8);
}

void nb_store_le64(uint8_t *bytes, uint64_t value)
{
    for (size_t i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
}
