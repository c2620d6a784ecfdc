/* Random numbers: explicit generators, plain structs, nothing global.
 *
 * nb_rng is what the library itself draws from: small, fast, with streams, so that parallel work does not depend on the number of
 * threads. nb_mt19937 reproduces CPython's `random` module where a published order or choice has to come out the same.
 * The same seed gives the same numbers on every machine. A generator may be copied to save or branch its state; one generator must not
 * be used by two threads at once. */
#ifndef NASBENCH_RANDOM_H
#define NASBENCH_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "nasbench/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* xoshiro256++ 1.0 (Blackman and Vigna, 2019): period 2^256 - 1. The struct is the whole state; it may be stored and read back. */
typedef struct nb_rng {
    uint64_t state[4]; /* not all zero */
} nb_rng;

/* The generator of stream `stream` of `seed`. Streams of one seed are independent of each other: give each architecture, image or
 * worker item its own number. With m = the output function of splitmix64 and g its increment 0x9e3779b97f4a7c15,
 * state[i] = m(m(seed + (i + 1) g) + stream g). */
NB_API nb_rng nb_rng_seed(uint64_t seed, uint64_t stream);

/* 64 uniform bits. */
NB_API uint64_t nb_rng_next(nb_rng *rng);

/* Uniform in 0 .. bound - 1 without bias; 0 for bound 0. */
NB_API uint64_t nb_rng_below(nb_rng *rng, uint64_t bound);

/* Uniform in [0, 1): a multiple of 2^-53. */
NB_API double nb_rng_uniform(nb_rng *rng);

/* Standard normal (Marsaglia's polar method). Computed with basic arithmetic and square root only, so that it has the same bits everywhere.
 */
NB_API double nb_rng_normal(nb_rng *rng);

/* Puts `count` items of `size` bytes each into a uniformly random order. */
NB_API void nb_rng_shuffle(nb_rng *rng, void *items, size_t count, size_t size);

/* MT19937 as CPython's `random.Random` uses it. The struct is the whole state. */
typedef struct nb_mt19937 {
    uint32_t words[624];
    uint32_t used; /* words already given out, 624: a new block is due */
} nb_mt19937;

/* random.seed(seed) for an integer; CPython drops the sign of a negative one, so pass its magnitude. */
NB_API void nb_mt19937_seed(nb_mt19937 *mt, uint64_t seed);

/* The classic single-word initialisation (init_genrand): numpy.random.RandomState(seed), torch.manual_seed(seed). */
NB_API void nb_mt19937_seed_word(nb_mt19937 *mt, uint32_t seed);

/* The next 32-bit output. */
NB_API uint32_t nb_mt19937_next(nb_mt19937 *mt);

/* random.getrandbits(bits), bits 0 .. 64 (more count as 64). */
NB_API uint64_t nb_mt19937_bits(nb_mt19937 *mt, unsigned bits);

/* random.randrange(bound): uniform in 0 .. bound - 1; 0 for bound 0. */
NB_API uint64_t nb_mt19937_below(nb_mt19937 *mt, uint64_t bound);

/* random.randint(low, high), both ends included; `low` when high < low. */
NB_API int64_t nb_mt19937_int(nb_mt19937 *mt, int64_t low, int64_t high);

/* random.random(): 53 bits in [0, 1). */
NB_API double nb_mt19937_uniform(nb_mt19937 *mt);

/* random.shuffle: `count` items of `size` bytes each. */
NB_API void nb_mt19937_shuffle(nb_mt19937 *mt, void *items, size_t count, size_t size);

/* random.choice: the position drawn among `count` items; 0 for count 0. */
NB_API size_t nb_mt19937_choice(nb_mt19937 *mt, size_t count);

/* random.sample(range(population), count): writes `count` distinct positions in the order drawn.
 * NB_ERR_ARGUMENT when count > population, NB_ERR_MEMORY when there is no room for the list of positions. */
NB_API nb_status nb_mt19937_sample(nb_mt19937 *mt, size_t population, size_t count, size_t *positions, nb_error *err);

#ifdef __cplusplus
}
#endif
#endif
