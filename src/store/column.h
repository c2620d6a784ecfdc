/* A column of numbers in the narrowest form that gives back every bit of them: what the table stores of runs that were evaluated at a few
 * points only (docs/table-format.md). */
#ifndef NB_STORE_COLUMN_H
#define NB_STORE_COLUMN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/safetensors.h"

typedef enum nb_column_kind {
    NB_COLUMN_NONE,  /* no column */
    NB_COLUMN_SAME,  /* one F64 for all */
    NB_COLUMN_COUNT, /* U16 k: the float nearest to k / images, as a double */
    NB_COLUMN_F32,
    NB_COLUMN_F64
} nb_column_kind;

/* One to read. */
typedef struct nb_column {
    const void *data;
    nb_column_kind kind;
    uint32_t images; /* NB_COLUMN_COUNT: of which k were right */
} nb_column;

static inline double nb_column_fraction(uint16_t right, uint32_t images)
{
    return (double)(float)((double)right / images);
}

static inline double nb_column_at(const nb_column *column, uint64_t i)
{
    switch (column->kind) {
    case NB_COLUMN_SAME:
        return *(const double *)column->data;
    case NB_COLUMN_COUNT:
        return nb_column_fraction(((const uint16_t *)column->data)[i], column->images);
    case NB_COLUMN_F32:
        return (double)((const float *)column->data)[i];
    default:
        return ((const double *)column->data)[i];
    }
}

/* One in the making: as narrow as the numbers so far allow, widened when one comes that does not fit. Places that were never put hold
 * some number. Start with {.size = n, .images = N}; images 0: no column of counts. */
typedef struct nb_column_builder {
    nb_column_kind kind;
    void *data; /* owned; NULL for NONE and SAME */
    double same;
    size_t size; /* places */
    uint32_t images;
} nb_column_builder;

void nb_column_free(nb_column_builder *column);

/* NB_ERR_MEMORY is the only failure; the column then holds what it held. i < size. */
nb_status nb_column_put(nb_column_builder *column, size_t i, double value, nb_error *err);

/* Makes room for more places. NB_ERR_MEMORY: the column is as it was. */
nb_status nb_column_grow(nb_column_builder *column, size_t size, nb_error *err);

/* The number at a place; of a column that holds something. */
double nb_column_get(const nb_column_builder *column, size_t i);

/* Widens the column to at least this kind, so that it need not be done later. */
nb_status nb_column_widen(nb_column_builder *column, nb_column_kind kind, nb_error *err);

/* The type of a column's tensor. */
nb_dtype nb_column_dtype(nb_column_kind kind);

#endif
