/* What the tests of the kernels share: random blocks with guards around them, and comparing with an error bound. */
#ifndef NB_TESTS_KERNEL_TESTS_H
#define NB_TESTS_KERNEL_TESTS_H

#include <math.h>

#include "support.h"

#include "nn/kernels.h"

/* Rounding of a sum of products in any order stays well within this share of the sum of their magnitudes. */
#define TOLERANCE 1e-5

/* --- random numbers --- */

typedef struct dice {
    uint64_t state;
} dice;

static inline uint32_t roll(dice *d)
{
    d->state = d->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(d->state >> 33);
}

/* low..high, both included */
static inline int between(dice *d, int low, int high)
{
    return low + (int)(roll(d) % (uint32_t)(high - low + 1));
}

/* -1..1 */
static inline float number(dice *d)
{
    return (float)((int)(roll(d) % 2000001) - 1000000) * 1e-6f;
}

/* --- buffers with guards --- */

enum { GUARD = 64 };
static const float GUARD_VALUE = 12345.678f;

typedef struct buffer {
    float *v; /* 64-byte aligned */
    size_t count;
    float *whole;
} buffer;

static inline buffer new_buffer(size_t count)
{
    if (count > (size_t)1 << 30)
        abort();
    size_t floats = (count + 2 * GUARD + 15) / 16 * 16;
    float *whole = aligned_alloc(64, floats * sizeof *whole);
    assert_non_null(whole);
    for (size_t k = 0; k < floats; k++)
        whole[k] = k >= GUARD && k - GUARD < count ? 0.0f : GUARD_VALUE;
    return (buffer){.v = whole + GUARD, .count = count, .whole = whole};
}

/* Nothing was written outside; then the memory goes. */
static inline void free_buffer(buffer *b)
{
    for (int k = 0; k < GUARD; k++) {
        assert_true(b->v[-1 - k] == GUARD_VALUE);
        assert_true(b->v[b->count + (size_t)k] == GUARD_VALUE);
    }
    free(b->whole);
}

static inline buffer copy_buffer(const buffer *from)
{
    buffer b = new_buffer(from->count);
    for (size_t k = 0; k < from->count; k++)
        b.v[k] = from->v[k];
    return b;
}

static inline void fill_numbers(buffer *b, dice *d)
{
    for (size_t k = 0; k < b->count; k++)
        b->v[k] = number(d);
}

/* The same with every value made positive. */
static inline buffer magnitudes(const buffer *from)
{
    buffer b = copy_buffer(from);
    for (size_t k = 0; k < b.count; k++)
        b.v[k] = fabsf(b.v[k]);
    return b;
}

/* --- blocks --- */

static inline size_t at_pixel(nb_plane plane, int channel, int row, int col, int lane)
{
    return (size_t)channel * nb_plane_floats(plane) + (size_t)row * nb_row_floats(plane) + (size_t)(col + 1) * NB_LANES + (size_t)lane;
}

/* A block of `channels` planes: random pixels in the live lanes; zero in the others and in the border. */
static inline buffer random_block(nb_plane plane, int channels, int live, dice *d)
{
    buffer b = new_buffer((size_t)channels * nb_plane_floats(plane));
    for (int channel = 0; channel < channels; channel++)
        for (int row = 0; row < plane.rows; row++)
            for (int col = 0; col < plane.cols; col++)
                for (int lane = 0; lane < live; lane++)
                    b.v[at_pixel(plane, channel, row, col, lane)] = number(d);
    return b;
}

/* A block as an earlier use left it: any pixels in all lanes, zero border. For outputs. */
static inline buffer used_block(nb_plane plane, int channels, dice *d)
{
    return random_block(plane, channels, NB_LANES, d);
}

static inline void assert_border_and_dead_lanes_are_zero(const buffer *b, nb_plane plane, int channels, int live)
{
    for (int channel = 0; channel < channels; channel++)
        for (int row = 0; row < plane.rows; row++)
            for (int col = -1; col <= plane.cols; col++)
                for (int lane = 0; lane < NB_LANES; lane++)
                    if (lane >= live || col == -1 || col == plane.cols)
                        assert_true(b->v[at_pixel(plane, channel, row, col, lane)] == 0);
}

/* --- comparing --- */

/* Every value within TOLERANCE of the expected one, in units of `scale` (sums of magnitudes; at least `floor`). */
static inline void assert_near(const char *what, const float *found, const float *expected, const float *scale, float floor, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        double allowed = TOLERANCE * fmax(scale ? scale[k] : 0, floor), off = fabs((double)found[k] - expected[k]);
        if (!(off <= allowed))
            fail_msg("%s: value %zu is %.9g, expected %.9g within %.3g", what, k, (double)found[k], (double)expected[k], allowed);
    }
}

static inline void assert_same_bits(const float *a, const float *b, size_t count)
{
    assert_memory_equal(a, b, count * sizeof *a);
}

/* --- tables --- */

/* The fast tables that this machine runs. */
static inline int fast_tables(const nb_kernels *tables[2])
{
    int count = 0;
    const nb_kernels *const all[] = {nb_kernels_avx2(), nb_kernels_avx512()};
    for (int k = 0; k < 2; k++)
        if (all[k])
            tables[count++] = all[k];
    return count;
}

#endif
