/* Damages a file the way the world does: flipped bits, lost tails, records in the wrong place, lengths that lie. */
#ifndef NB_FUZZ_MUTATE_H
#define NB_FUZZ_MUTATE_H

#include <stddef.h>
#include <stdint.h>

typedef struct sample {
    uint8_t *data;
    size_t size; /* bytes */
} sample;

/* A generator of its own (splitmix64): what input number n is must never change with the library's generators. */
typedef struct dice {
    uint64_t state;
} dice;

uint64_t dice_roll(dice *d);
/* Uniform enough in [0, sides), sides >= 1. */
size_t dice_below(dice *d, size_t sides);

/* Writes into `out` (room for `capacity` bytes) one of the samples with one to eight changes. Returns its size. `count` >= 1. */
size_t mutate(dice *d, const sample *samples, size_t count, uint8_t *out, size_t capacity);

#endif
