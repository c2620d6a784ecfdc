#include "store/column.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void nb_column_free(nb_column_builder *column)
{
    free(column->data);
    column->data = NULL;
    column->kind = NB_COLUMN_NONE;
}

nb_dtype nb_column_dtype(nb_column_kind kind)
{
    switch (kind) {
    case NB_COLUMN_COUNT:
        return NB_DTYPE_U16;
    case NB_COLUMN_F32:
        return NB_DTYPE_F32;
    default:
        return NB_DTYPE_F64;
    }
}

static bool same_bits(double a, double b)
{
    uint64_t x, y;
    memcpy(&x, &a, sizeof x);
    memcpy(&y, &b, sizeof y);
    return x == y;
}

/* The number of right images that a fraction stands for; false when it is not exactly one. */
static bool count_of(double fraction, uint32_t images, uint16_t *count)
{
    double right = fraction * images;
    if (images == 0 || !(right >= 0 && right <= UINT16_MAX))
        return false;
    *count = (uint16_t)(right + 0.5);
    return same_bits(nb_column_fraction(*count, images), fraction);
}

/* Writes a number into data of a kind; false when it does not fit. */
static bool store(const nb_column_builder *column, nb_column_kind kind, void *data, size_t i, double value)
{
    uint16_t count;
    switch (kind) {
    case NB_COLUMN_NONE:
        return false;
    case NB_COLUMN_SAME:
        return same_bits(value, column->same);
    case NB_COLUMN_COUNT:
        if (!count_of(value, column->images, &count))
            return false;
        ((uint16_t *)data)[i] = count;
        return true;
    case NB_COLUMN_F32:
        if (!same_bits((double)(float)value, value))
            return false;
        ((float *)data)[i] = (float)value;
        return true;
    default:
        ((double *)data)[i] = value;
        return true;
    }
}

double nb_column_get(const nb_column_builder *column, size_t i)
{
    nb_column view = {.data = column->kind == NB_COLUMN_SAME ? (const void *)&column->same : column->data,
                      .kind = column->kind,
                      .images = column->images};
    return nb_column_at(&view, i);
}

nb_status nb_column_grow(nb_column_builder *column, size_t size, nb_error *err)
{
    if (size <= column->size)
        return NB_OK;
    if (column->data) {
        size_t width = nb_dtype_size(nb_column_dtype(column->kind));
        uint8_t *data = realloc(column->data, size * width);
        if (!data)
            return nb_fail(err, NB_ERR_MEMORY, "no memory for a column of %zu numbers", size);
        memset(data + column->size * width, 0, (size - column->size) * width);
        column->data = data;
    }
    column->size = size;
    return NB_OK;
}

/* Tries to hold all numbers, and the new one, in a wider kind; *fits false: not wide enough. */
static nb_status convert(nb_column_builder *column, nb_column_kind kind, bool *fits, nb_error *err)
{
    void *data = malloc(column->size * nb_dtype_size(nb_column_dtype(kind)));
    if (!data)
        return nb_fail(err, NB_ERR_MEMORY, "no memory for a column of %zu numbers", column->size);
    *fits = true;
    for (size_t i = 0; i < column->size && *fits; i++)
        *fits = store(column, kind, data, i, nb_column_get(column, i));
    if (!*fits) {
        free(data);
        return NB_OK;
    }
    free(column->data);
    column->data = data;
    column->kind = kind;
    return NB_OK;
}

nb_status nb_column_widen(nb_column_builder *column, nb_column_kind kind, nb_error *err)
{
    while (column->kind != NB_COLUMN_NONE && column->kind < kind) {
        bool fits = false;
        NB_TRY(convert(column, kind, &fits, err));
        kind = fits ? kind : kind + 1;
    }
    return NB_OK;
}

nb_status nb_column_put(nb_column_builder *column, size_t i, double value, nb_error *err)
{
    if (column->kind == NB_COLUMN_NONE) {
        column->kind = NB_COLUMN_SAME;
        column->same = value;
    }
    while (!store(column, column->kind, column->data, i, value))
        NB_TRY(nb_column_widen(column, column->kind + 1, err));
    return NB_OK;
}
