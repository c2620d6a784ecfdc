#include "store/mean.h"

/* The block length of numpy's pairwise summation. */
#define BLOCK 128

static double plain(const nb_list *list, size_t begin, size_t count)
{
    double sum = 0;
    for (size_t i = begin; i < begin + count; i++)
        sum += list->at(list->user, i);
    return sum;
}

/* Eight sums side by side, then what is left over. */
static double interleaved(const nb_list *list, size_t begin, size_t count)
{
    double r[8];
    for (size_t k = 0; k < 8; k++)
        r[k] = list->at(list->user, begin + k);
    size_t i = 8;
    for (; i < count - count % 8; i += 8) {
        for (size_t k = 0; k < 8; k++)
            r[k] += list->at(list->user, begin + i + k);
    }
    double sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
    for (; i < count; i++)
        sum += list->at(list->user, begin + i);
    return sum;
}

/* Halves, the first a multiple of eight, until a block is left. Depth: log2 of the count. */
static double pairwise(const nb_list *list, size_t begin, size_t count)
{
    if (count < 8)
        return plain(list, begin, count);
    if (count <= BLOCK)
        return interleaved(list, begin, count);
    size_t half = count / 2;
    half -= half % 8;
    return pairwise(list, begin, half) + pairwise(list, begin + half, count - half);
}

double nb_sum_plain(const nb_list *list)
{
    return plain(list, 0, list->count);
}

double nb_sum_numpy(const nb_list *list)
{
    return pairwise(list, 0, list->count);
}
