#include "train/splits.h"

#include <stdlib.h>

#include "nasbench/random.h"

static int ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

nb_status nb_split_halves(uint32_t count, uint32_t *train, uint32_t *valid, nb_error *err)
{
    uint32_t *order = malloc(count * sizeof *order + 1);
    if (!order)
        return nb_fail(err, NB_ERR_MEMORY, "no memory to shuffle %u images", count);
    for (uint32_t i = 0; i < count; i++)
        order[i] = i;
    nb_mt19937 mt;
    nb_mt19937_seed(&mt, 1021);
    nb_mt19937_shuffle(&mt, order, count, sizeof *order);
    uint32_t half = count / 2;
    for (uint32_t i = 0; i < half; i++)
        train[i] = order[i];
    for (uint32_t i = half; i < count; i++)
        valid[i - half] = order[i];
    free(order);
    qsort(train, half, sizeof *train, ascending);
    qsort(valid, count - half, sizeof *valid, ascending);
    return NB_OK;
}

uint32_t nb_split_by_bits(const uint8_t *bits, uint32_t count, uint32_t offset, uint32_t *members, uint32_t *others)
{
    uint32_t member_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (bits[i / 8] >> (7 - i % 8) & 1)
            members[member_count++] = i + offset;
        else
            others[i - member_count] = i + offset;
    }
    return member_count;
}
