/* The inner loops of training, one core: a batch of 256 through each kernel at the shapes of the networks, beside what the processor can
 * do at best: convolutions beside the multiply-adds per second measured in the same run, the others beside a copy through memory.
 *
 * bench_kernels [TABLE [WORD]]: the kernels of that table (avx512, avx2, plain); only rows whose text holds WORD. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bench.h"
#include "nn/kernels.h"
#include "peak.h"

enum { BATCH = 256, BLOCKS = BATCH / NB_LANES, REPEATS = 9 };

/* --- memory --- */

/* On huge pages where the system gives them, as the engine's memory is. */
static float *new_floats(size_t count)
{
    const size_t page = (size_t)2 << 20, size = (count * sizeof(float) + page - 1) / page * page;
    float *v = aligned_alloc(page, size);
    if (!v) {
        fprintf(stderr, "bench_kernels: out of memory\n");
        exit(1);
    }
    madvise(v, size, MADV_HUGEPAGE);
    memset(v, 0, size);
    return v;
}

/* A batch of numbers with a zero border. */
static float *new_batch(nb_plane plane, int channels)
{
    size_t planes = (size_t)BLOCKS * (size_t)channels, row = nb_row_floats(plane);
    float *v = new_floats(planes * nb_plane_floats(plane));
    uint32_t state = 1;
    for (size_t p = 0; p < planes; p++)
        for (size_t r = 0; r < (size_t)plane.rows; r++)
            for (size_t k = NB_LANES; k < row - NB_LANES; k++) {
                state = state * 1664525u + 1013904223u;
                v[p * nb_plane_floats(plane) + r * row + k] = (float)(int32_t)state * 0x1p-31f;
            }
    return v;
}

/* --- convolutions --- */

typedef struct conv_work {
    const nb_kernels *kernels;
    nb_conv conv;
    int repeats; /* of the batch in one measurement, for small shapes */
    float *x, *y, *dx, *dy, *forward, *backward, *partial, *scratch, *stats, *w;
    size_t in, out; /* floats of a block */
} conv_work;

static void conv_forward(void *user)
{
    conv_work *w = user;
    for (int n = 0; n < w->repeats * BLOCKS; n++) {
        size_t b = (size_t)(n % BLOCKS);
        w->kernels->conv_forward(&w->conv, w->x + b * w->in, w->forward, w->y + b * w->out, 0, w->conv.out.rows, w->stats, w->scratch);
    }
}

static void conv_grad_input(void *user)
{
    conv_work *w = user;
    for (int n = 0; n < w->repeats * BLOCKS; n++) {
        size_t b = (size_t)(n % BLOCKS);
        w->kernels->conv_grad_input(&w->conv, w->dy + b * w->out, w->backward, w->dx + b * w->in, false, w->scratch);
    }
}

static void conv_grad_weight(void *user)
{
    conv_work *w = user;
    for (int n = 0; n < w->repeats * BLOCKS; n++) {
        size_t b = (size_t)(n % BLOCKS);
        w->kernels->conv_grad_weight(&w->conv, w->x + b * w->in, w->dy + b * w->out, w->partial, n > 0, w->scratch);
    }
}

static void conv_row(const char *word, conv_work *w, const char *kernel, void (*work)(void *user), double peak)
{
    char what[96];
    snprintf(what, sizeof what, "%s %dx%d/%d, %d -> %d channels, %dx%d", kernel, w->conv.kernel, w->conv.kernel, w->conv.stride,
             w->conv.in_channels, w->conv.out_channels, w->conv.in.rows, w->conv.in.cols);
    if (!strstr(what, word))
        return;
    double pixels = (double)w->conv.out.rows * w->conv.out.cols * BATCH * w->repeats;
    double flops = 2 * pixels * w->conv.in_channels * w->conv.out_channels * w->conv.kernel * w->conv.kernel;
    bench_row(what, flops / bench_repeat(work, w, REPEATS).median * 1e-9, peak, "GFLOP/s", BENCH_MORE_IS_BETTER);
}

static void measure_conv(const nb_kernels *kernels, const char *word, int kernel, int stride, int in, int out, int side, double peak)
{
    nb_conv conv = {.in_channels = in,
                    .out_channels = out,
                    .kernel = kernel,
                    .stride = stride,
                    .pad = kernel / 2,
                    .dilation = 1,
                    .groups = 1,
                    .in = {side, side},
                    .out = {(side + stride - 1) / stride, (side + stride - 1) / stride}};
    conv_work w = {.kernels = kernels,
                   .conv = conv,
                   .repeats = 1 + 40000000 / (side * side * in * out * kernel * kernel * 16 + 1) / 16,
                   .x = new_batch(conv.in, in),
                   .y = new_batch(conv.out, out),
                   .dx = new_batch(conv.in, in),
                   .dy = new_batch(conv.out, out),
                   .forward = new_floats(kernels->conv_forward_weights(&conv)),
                   .backward = new_floats(kernels->conv_backward_weights(&conv)),
                   .partial = new_floats(kernels->conv_partial_gradient(&conv)),
                   .scratch = new_floats(kernels->conv_scratch(&conv)),
                   .stats = new_floats((size_t)out * NB_STATS_FLOATS),
                   .w = new_floats((size_t)(in * out * kernel * kernel)),
                   .in = (size_t)in * nb_plane_floats(conv.in),
                   .out = (size_t)out * nb_plane_floats(conv.out)};
    for (int k = 0; k < in * out * kernel * kernel; k++)
        w.w[k] = (float)(k * 7919 % 1000 - 500) * 1e-3f;
    kernels->conv_pack_forward(&conv, w.w, w.forward);
    kernels->conv_pack_backward(&conv, w.w, w.backward);
    conv_row(word, &w, "forward with statistics", conv_forward, peak);
    conv_row(word, &w, "input gradient", conv_grad_input, peak);
    conv_row(word, &w, "weight gradient", conv_grad_weight, peak);
    float *all[] = {w.x, w.y, w.dx, w.dy, w.forward, w.backward, w.partial, w.scratch, w.stats, w.w};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        free(all[k]);
}

/* --- element-wise: bytes that must be read or written, per second --- */

typedef struct combine_work {
    const nb_kernels *kernels;
    nb_combine what;
    int repeats;
    float *in[3], *out, *relu;
    float *stats, *sums, *dots;
    size_t block; /* floats */
} combine_work;

static void combine(void *user)
{
    combine_work *w = user;
    for (int n = 0; n < w->repeats * BLOCKS; n++) {
        size_t at = (size_t)(n % BLOCKS) * w->block;
        nb_combine what = w->what;
        for (int t = 0; t < what.terms; t++) {
            what.term[t].v += at;
            what.term[t].gate = what.term[t].gate ? what.term[t].gate + at : NULL;
        }
        for (int k = 0; k < what.dots; k++)
            what.dot[k].v += at;
        what.out = what.out ? what.out + at : NULL;
        what.relu = what.relu ? what.relu + at : NULL;
        w->kernels->combine(&what, 0, what.plane.rows);
    }
}

static void copy(void *user)
{
    combine_work *w = user;
    for (int n = 0; n < w->repeats * BLOCKS; n++) {
        size_t at = (size_t)(n % BLOCKS) * w->block;
        memcpy(w->out + at, w->in[0] + at, w->block * sizeof(float));
    }
}

static void combine_row(const char *word, combine_work *w, const char *name, int tensors, double copied)
{
    char what[96];
    snprintf(what, sizeof what, "%s, %d channels, %dx%d", name, w->what.channels, w->what.plane.rows, w->what.plane.cols);
    double bytes = (double)(w->block * sizeof(float)) * BLOCKS * w->repeats * tensors;
    if (strstr(what, word))
        bench_row(what, bytes / bench_repeat(combine, w, REPEATS).median * 1e-9, copied, "GB/s", BENCH_MORE_IS_BETTER);
}

static void measure_combine(const nb_kernels *kernels, const char *word, int channels, int side)
{
    nb_plane plane = {side, side};
    float *scale = new_floats((size_t)channels);
    for (int k = 0; k < channels; k++)
        scale[k] = 0.5f;
    combine_work w = {.kernels = kernels,
                      .repeats = 1 + 32 * 32 * 16 / (side * side * channels),
                      .block = (size_t)channels * nb_plane_floats(plane),
                      .in = {new_batch(plane, channels), new_batch(plane, channels), new_batch(plane, channels)},
                      .out = new_batch(plane, channels),
                      .relu = new_batch(plane, channels),
                      .stats = new_floats((size_t)channels * NB_STATS_FLOATS),
                      .sums = new_floats((size_t)channels * NB_LANES),
                      .dots = new_floats((size_t)channels * NB_LANES * NB_MAX_DOTS)};
    double copied = (double)(2 * w.block * sizeof(float)) * BLOCKS * w.repeats / bench_repeat(copy, &w, REPEATS).median * 1e-9;
    nb_combine node = {.plane = plane, .channels = channels, .live = NB_LANES, .shift = scale, .out = w.out};

    w.what = node;
    w.what.terms = 3;
    for (int t = 0; t < 3; t++)
        w.what.term[t] = (nb_term){.form = NB_TERM_PLAIN, .v = w.in[t], .scale = scale};
    w.what.relu = w.relu;
    combine_row(word, &w, "three normalised edges and a ReLU", 5, copied);

    w.what = node;
    w.what.terms = 1;
    w.what.term[0] = (nb_term){.form = NB_TERM_AVERAGE_3, .v = w.in[0]};
    combine_row(word, &w, "3x3 average", 2, copied);
    w.what.term[0].form = NB_TERM_AVERAGE_3_T;
    combine_row(word, &w, "3x3 average, gradient", 2, copied);

    w.what = node;
    w.what.shift = NULL;
    w.what.terms = 2;
    w.what.term[0] = (nb_term){.form = NB_TERM_GATED, .v = w.in[0], .gate = w.in[1]};
    w.what.term[1] = (nb_term){.form = NB_TERM_PLAIN, .v = w.in[2]};
    w.what.sum_lanes = w.sums;
    w.what.dot_lanes = w.dots;
    w.what.dots = 1;
    w.what.dot[0] = (nb_dot){.v = w.relu, .centre = scale};
    combine_row(word, &w, "gradient of a node with its sums", 5, copied);

    w.what = node;
    w.what.terms = 1;
    w.what.term[0] = (nb_term){.form = NB_TERM_PLAIN, .v = w.in[0]};
    w.what.stats = w.stats;
    combine_row(word, &w, "sum with statistics", 2, copied);
    float *all[] = {w.in[0], w.in[1], w.in[2], w.out, w.relu, w.stats, w.sums, w.dots, scale};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        free(all[k]);
}

int main(int argc, char **argv)
{
    const nb_kernels *kernels = argc > 1 ? nb_kernels_named(argv[1]) : nb_kernels_best();
    const char *word = argc > 2 ? argv[2] : "";
    if (!kernels) {
        fprintf(stderr, "bench_kernels: no table '%s' on this machine\n", argv[1]);
        return 2;
    }
    double peak = bench_peak_arithmetic(kernels);
    bench_title("Inner loops of training, %s, one core, batch of 256", kernels->name);
    bench_command("make bench BENCH=kernels");
    static const int shapes[][2] = {{16, 32}, {32, 16}, {64, 8}, {4, 16}, {8, 8}, {16, 4}, {8, 28}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        measure_conv(kernels, word, 3, 1, shapes[s][0], shapes[s][0], shapes[s][1], peak);
    measure_conv(kernels, word, 3, 1, 3, 16, 32, peak);
    measure_conv(kernels, word, 3, 2, 16, 32, 32, peak);
    measure_conv(kernels, word, 3, 2, 32, 64, 16, peak);
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        measure_conv(kernels, word, 1, 1, shapes[s][0], shapes[s][0], shapes[s][1], peak);
    measure_conv(kernels, word, 1, 2, 16, 16, 32, peak);
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        measure_combine(kernels, word, shapes[s][0], shapes[s][1]);
    bench_note("The peer of a convolution is the processor's multiply-adds alone, %.4g GFLOP/s here; padding counts as work. The peer of "
               "the others "
               "is memcpy() of the same batch, read and written bytes counted.",
               peak);
    return 0;
}
