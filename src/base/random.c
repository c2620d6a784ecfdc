#include "nasbench/random.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static const uint64_t golden = 0x9e3779b97f4a7c15U; /* 2^64 / golden ratio, the increment of splitmix64 */

/* The output function of splitmix64 (Steele, Lea and Flood, 2014; constants of Stafford's variant 13). */
static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

static uint64_t rotate_left(uint64_t x, int count)
{
    return x << count | x >> (64 - count);
}

nb_rng nb_rng_seed(uint64_t seed, uint64_t stream)
{
    nb_rng rng;
    for (unsigned i = 0; i < 4; i++)
        rng.state[i] = mix(mix(seed + (i + 1) * golden) + stream * golden);
    if ((rng.state[0] | rng.state[1] | rng.state[2] | rng.state[3]) == 0)
        rng.state[0] = golden; /* the one state that xoshiro cannot leave */
    return rng;
}

uint64_t nb_rng_next(nb_rng *rng)
{
    uint64_t *s = rng->state;
    const uint64_t result = rotate_left(s[0] + s[3], 23) + s[0];
    const uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

/* The 128-bit product of two words as its high and low half. */
static uint64_t multiply_high(uint64_t a, uint64_t b, uint64_t *low)
{
    const uint64_t a0 = a & 0xffffffffU, a1 = a >> 32;
    const uint64_t b0 = b & 0xffffffffU, b1 = b >> 32;
    const uint64_t middle = a1 * b0 + (a0 * b0 >> 32);
    const uint64_t carry = a0 * b1 + (middle & 0xffffffffU);
    *low = a * b;
    return a1 * b1 + (middle >> 32) + (carry >> 32);
}

/* Multiply and reject (Lemire, 2019): the high half of word * bound is uniform once the low halves below 2^64 mod bound are redrawn. */
uint64_t nb_rng_below(nb_rng *rng, uint64_t bound)
{
    if (bound == 0)
        return 0;
    uint64_t low;
    uint64_t high = multiply_high(nb_rng_next(rng), bound, &low);
    if (low < bound) {
        const uint64_t threshold = (0 - bound) % bound;
        while (low < threshold)
            high = multiply_high(nb_rng_next(rng), bound, &low);
    }
    return high;
}

double nb_rng_uniform(nb_rng *rng)
{
    return (double)(nb_rng_next(rng) >> 11) * 0x1p-53;
}

/* Natural logarithm of a normal number x > 0 to 1.5 units in the last place. The C library's own may differ between machines
 * (it picks fused multiply-add where there is one); a published experiment must not. x = 2^e m with m in [sqrt 1/2, sqrt 2), and
 * ln m = 2 artanh t = 2 (t + t^3/3 + t^5/5 + ...) with t = (m - 1)/(m + 1), |t| < 0.172. */
static double portable_log(double x)
{
    int exponent;
    double m = frexp(x, &exponent);
    if (m < 0.70710678118654752440) {
        m *= 2;
        exponent--;
    }
    const double t = (m - 1) / (m + 1);
    const double t2 = t * t;
    double series = 0;
    for (int k = 23; k >= 3; k -= 2)
        series = (series + 1.0 / k) * t2;
    const double ln2_high = 0x1.62e42fefa38p-1, ln2_low = 0x1.ef35793c7673p-45; /* their sum is ln 2; exponent * ln2_high is exact */
    return exponent * ln2_high + (exponent * ln2_low + 2 * (t + t * series));
}

double nb_rng_normal(nb_rng *rng)
{
    double u, v, s;
    do {
        u = 2 * nb_rng_uniform(rng) - 1;
        v = 2 * nb_rng_uniform(rng) - 1;
        s = u * u + v * v;
    } while (s >= 1 || s == 0);
    return u * sqrt(-2 * portable_log(s) / s);
}

/* Exchanges two different items of `size` bytes. */
static void swap_items(unsigned char *a, unsigned char *b, size_t size)
{
    unsigned char kept[64];
    while (size > 0) {
        const size_t part = size < sizeof kept ? size : sizeof kept;
        memcpy(kept, a, part);
        memcpy(a, b, part);
        memcpy(b, kept, part);
        a += part;
        b += part;
        size -= part;
    }
}

void nb_rng_shuffle(nb_rng *rng, void *items, size_t count, size_t size)
{
    unsigned char *bytes = items;
    for (size_t i = count; i-- > 1;) {
        const size_t j = (size_t)nb_rng_below(rng, i + 1);
        if (i != j)
            swap_items(bytes + i * size, bytes + j * size, size);
    }
}

/* Mersenne Twister 19937 (Matsumoto and Nishimura, 1998; init_by_array of 2002). */

enum { MT_WORDS = 624, MT_SHIFT = 397 };

void nb_mt19937_seed_word(nb_mt19937 *mt, uint32_t seed)
{
    mt->words[0] = seed;
    for (uint32_t i = 1; i < MT_WORDS; i++)
        mt->words[i] = 1812433253U * (mt->words[i - 1] ^ mt->words[i - 1] >> 30) + i;
    mt->used = MT_WORDS;
}

/* init_by_array: one word per 32 bits of the seed, at least one, least significant first. */
void nb_mt19937_seed(nb_mt19937 *mt, uint64_t seed)
{
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    const uint32_t key_length = key[1] ? 2 : 1;
    nb_mt19937_seed_word(mt, 19650218U);
    uint32_t *w = mt->words;
    uint32_t i = 1, j = 0;
    for (int k = MT_WORDS; k > 0; k--) {
        w[i] = (w[i] ^ (w[i - 1] ^ w[i - 1] >> 30) * 1664525U) + key[j] + j;
        if (++i == MT_WORDS) {
            w[0] = w[MT_WORDS - 1];
            i = 1;
        }
        if (++j == key_length)
            j = 0;
    }
    for (int k = MT_WORDS - 1; k > 0; k--) {
        w[i] = (w[i] ^ (w[i - 1] ^ w[i - 1] >> 30) * 1566083941U) - i;
        if (++i == MT_WORDS) {
            w[0] = w[MT_WORDS - 1];
            i = 1;
        }
    }
    w[0] = 0x80000000U;
}

static void next_block(nb_mt19937 *mt)
{
    uint32_t *w = mt->words;
    for (int i = 0; i < MT_WORDS; i++) {
        const uint32_t y = (w[i] & 0x80000000U) | (w[(i + 1) % MT_WORDS] & 0x7fffffffU);
        w[i] = w[(i + MT_SHIFT) % MT_WORDS] ^ y >> 1 ^ (y & 1 ? 0x9908b0dfU : 0);
    }
    mt->used = 0;
}

uint32_t nb_mt19937_next(nb_mt19937 *mt)
{
    if (mt->used >= MT_WORDS)
        next_block(mt);
    uint32_t y = mt->words[mt->used++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680U;
    y ^= y << 15 & 0xefc60000U;
    return y ^ y >> 18;
}

/* CPython fills the result in 32-bit words, least significant first, and takes the upper bits of the last one. */
uint64_t nb_mt19937_bits(nb_mt19937 *mt, unsigned bits)
{
    if (bits == 0)
        return 0;
    if (bits > 64)
        bits = 64;
    if (bits <= 32)
        return nb_mt19937_next(mt) >> (32 - bits);
    const uint64_t low = nb_mt19937_next(mt);
    const uint64_t high = nb_mt19937_next(mt) >> (64 - bits);
    return high << 32 | low;
}

static unsigned bit_length(uint64_t x)
{
    unsigned length = 0;
    for (; x; x >>= 1)
        length++;
    return length;
}

uint64_t nb_mt19937_below(nb_mt19937 *mt, uint64_t bound)
{
    if (bound == 0)
        return 0;
    const unsigned bits = bit_length(bound);
    uint64_t drawn;
    do
        drawn = nb_mt19937_bits(mt, bits);
    while (drawn >= bound);
    return drawn;
}

int64_t nb_mt19937_int(nb_mt19937 *mt, int64_t low, int64_t high)
{
    if (high < low)
        return low;
    const uint64_t span = (uint64_t)high - (uint64_t)low + 1;
    const uint64_t drawn = span ? nb_mt19937_below(mt, span) : nb_mt19937_bits(mt, 64);
    return (int64_t)((uint64_t)low + drawn);
}

double nb_mt19937_uniform(nb_mt19937 *mt)
{
    const uint32_t high = nb_mt19937_next(mt) >> 5, low = nb_mt19937_next(mt) >> 6;
    return (high * 67108864.0 + low) * (1.0 / 9007199254740992.0);
}

void nb_mt19937_shuffle(nb_mt19937 *mt, void *items, size_t count, size_t size)
{
    unsigned char *bytes = items;
    for (size_t i = count; i-- > 1;) {
        const size_t j = (size_t)nb_mt19937_below(mt, i + 1);
        if (i != j)
            swap_items(bytes + i * size, bytes + j * size, size);
    }
}

size_t nb_mt19937_choice(nb_mt19937 *mt, size_t count)
{
    return (size_t)nb_mt19937_below(mt, count);
}

/* CPython draws from a shrinking pool when that takes less memory than a set of the positions drawn; the two ways give different
 * samples, so its estimate of the set's size belongs to the contract. */
static bool sample_uses_pool(size_t population, size_t count)
{
    size_t set_size = 21;
    if (count > 5) {
        size_t table = 4;
        while (table / 3 < count && table <= SIZE_MAX / 4) /* table < 3 count, and 3 count is never a power of 4 */
            table *= 4;
        set_size += table;
    }
    return population <= set_size;
}

static nb_status sample_from_pool(nb_mt19937 *mt, size_t population, size_t count, size_t *positions, nb_error *err)
{
    size_t *pool = malloc((population ? population : 1) * sizeof *pool);
    if (!pool)
        return nb_fail(err, NB_ERR_MEMORY, "sample: no memory for %zu positions", population);
    for (size_t i = 0; i < population; i++)
        pool[i] = i;
    for (size_t i = 0; i < count; i++) {
        const size_t j = (size_t)nb_mt19937_below(mt, population - i);
        positions[i] = pool[j];
        pool[j] = pool[population - i - 1];
    }
    free(pool);
    return NB_OK;
}

static nb_status sample_with_redraws(nb_mt19937 *mt, size_t population, size_t count, size_t *positions, nb_error *err)
{
    uint8_t *drawn = calloc(population / 8 + 1, 1); /* one bit per position */
    if (!drawn)
        return nb_fail(err, NB_ERR_MEMORY, "sample: no memory to mark %zu positions", population);
    for (size_t i = 0; i < count; i++) {
        size_t j;
        do
            j = (size_t)nb_mt19937_below(mt, population);
        while (drawn[j / 8] >> (j % 8) & 1);
        drawn[j / 8] = (uint8_t)(drawn[j / 8] | 1U << (j % 8));
        positions[i] = j;
    }
    free(drawn);
    return NB_OK;
}

nb_status nb_mt19937_sample(nb_mt19937 *mt, size_t population, size_t count, size_t *positions, nb_error *err)
{
    if (count > population)
        return nb_fail(err, NB_ERR_ARGUMENT, "sample: %zu asked for, the population has %zu", count, population);
    if (sample_uses_pool(population, count))
        return sample_from_pool(mt, population, count, positions, err);
    return sample_with_redraws(mt, population, count, positions, err);
}
