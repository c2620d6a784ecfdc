/* Sums and means with the rounding of the programs that users compare with. */
#ifndef NB_STORE_MEAN_H
#define NB_STORE_MEAN_H

#include <stddef.h>

/* A list of numbers, by position. */
typedef struct nb_list {
    double (*at)(const void *user, size_t i);
    const void *user;
    size_t count;
} nb_list;

/* Left to right, as Python's sum() before 3.12. */
double nb_sum_plain(const nb_list *list);

/* As numpy.sum of a list: fewer than 8 left to right; up to 128 in eight interleaved sums; longer ones halved. */
double nb_sum_numpy(const nb_list *list);

#endif
