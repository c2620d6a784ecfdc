/* Convolution in the obvious loops: any kernel, stride, padding, dilation and number of groups. */
#include <string.h>

#include "nn/kernels_plain.h"

/* The input row (or column) that tap `tap` of output row (or column) `at` reads; may lie outside of the plane. */
static int source(const nb_conv *conv, int at, int tap)
{
    return at * conv->stride - conv->pad + conv->dilation * tap;
}

static bool inside(int at, int size)
{
    return at >= 0 && at < size;
}

/* Where w[co][ci][i][j] stands, ci counted within its group. */
static size_t weight_at(const nb_conv *conv, int co, int ci, int i, int j)
{
    int group_inputs = conv->in_channels / conv->groups;
    return (((size_t)co * (size_t)group_inputs + (size_t)ci) * (size_t)conv->kernel + (size_t)i) * (size_t)conv->kernel + (size_t)j;
}

/* The first input channel of the group that output channel co belongs to. */
static int first_input(const nb_conv *conv, int co)
{
    int group_outputs = conv->out_channels / conv->groups;
    return co / group_outputs * (conv->in_channels / conv->groups);
}

size_t nb_plain_conv_weights(const nb_conv *conv)
{
    return weight_at(conv, conv->out_channels, 0, 0, 0);
}

size_t nb_plain_conv_scratch(const nb_conv *conv)
{
    (void)conv;
    return 0;
}

void nb_plain_conv_pack(const nb_conv *conv, const float *w, float *packed)
{
    memcpy(packed, w, nb_plain_conv_weights(conv) * sizeof *w);
}

/* sum[16] += what one input channel x gives to output pixel (r, c), w[kernel][kernel]. */
static void add_taps(const nb_conv *conv, const float *x, const float *w, int r, int c, float *sum)
{
    for (int i = 0; i < conv->kernel; i++) {
        int row = source(conv, r, i);
        if (!inside(row, conv->in.rows))
            continue;
        for (int j = 0; j < conv->kernel; j++) {
            int col = source(conv, c, j);
            if (!inside(col, conv->in.cols))
                continue;
            const float *pixel = x + nb_pixel(conv->in, row, col);
            for (int l = 0; l < NB_LANES; l++)
                sum[l] += w[i * conv->kernel + j] * pixel[l];
        }
    }
}

void nb_plain_conv_forward(const nb_conv *conv, const float *x, const float *packed, float *y, int row_begin, int row_end, float *stats,
                           float *scratch)
{
    (void)scratch;
    int group_inputs = conv->in_channels / conv->groups;
    for (int co = 0; co < conv->out_channels; co++) {
        const float *group_x = x + (size_t)first_input(conv, co) * nb_plane_floats(conv->in);
        float *plane_y = y + (size_t)co * nb_plane_floats(conv->out);
        for (int r = row_begin; r < row_end; r++)
            for (int c = 0; c < conv->out.cols; c++) {
                float sum[NB_LANES] = {0};
                for (int ci = 0; ci < group_inputs; ci++)
                    add_taps(conv, group_x + (size_t)ci * nb_plane_floats(conv->in), packed + weight_at(conv, co, ci, 0, 0), r, c, sum);
                memcpy(plane_y + nb_pixel(conv->out, r, c), sum, sizeof sum);
            }
        if (stats)
            nb_plain_stats(conv->out, plane_y, row_begin, row_end, stats + (size_t)co * NB_STATS_FLOATS);
    }
}

/* Zeroes the pixels of `channels` planes; borders and what they hold stay. */
static void clear_pixels(nb_plane plane, int channels, float *x)
{
    for (int channel = 0; channel < channels; channel++, x += nb_plane_floats(plane))
        for (int row = 0; row < plane.rows; row++)
            memset(x + nb_pixel(plane, row, 0), 0, (size_t)plane.cols * NB_LANES * sizeof *x);
}

/* Gives output pixel (r, c) with gradient dy[16] back to one input channel dx: the transpose of add_taps. */
static void spread_taps(const nb_conv *conv, float *dx, const float *w, int r, int c, const float *dy)
{
    for (int i = 0; i < conv->kernel; i++) {
        int row = source(conv, r, i);
        if (!inside(row, conv->in.rows))
            continue;
        for (int j = 0; j < conv->kernel; j++) {
            int col = source(conv, c, j);
            if (!inside(col, conv->in.cols))
                continue;
            float *pixel = dx + nb_pixel(conv->in, row, col);
            for (int l = 0; l < NB_LANES; l++)
                pixel[l] += w[i * conv->kernel + j] * dy[l];
        }
    }
}

void nb_plain_conv_grad_input(const nb_conv *conv, const float *dy, const float *packed, float *dx, bool add, float *scratch)
{
    (void)scratch;
    if (!add)
        clear_pixels(conv->in, conv->in_channels, dx);
    int group_inputs = conv->in_channels / conv->groups;
    for (int co = 0; co < conv->out_channels; co++) {
        const float *plane_dy = dy + (size_t)co * nb_plane_floats(conv->out);
        float *group_dx = dx + (size_t)first_input(conv, co) * nb_plane_floats(conv->in);
        for (int ci = 0; ci < group_inputs; ci++)
            for (int r = 0; r < conv->out.rows; r++)
                for (int c = 0; c < conv->out.cols; c++)
                    spread_taps(conv, group_dx + (size_t)ci * nb_plane_floats(conv->in), packed + weight_at(conv, co, ci, 0, 0), r, c,
                                plane_dy + nb_pixel(conv->out, r, c));
    }
}

/* The gradient of one weight, tap (i, j) between the planes x and dy. */
static float tap_gradient(const nb_conv *conv, const float *x, const float *dy, int i, int j)
{
    float sum[NB_LANES] = {0};
    for (int r = 0; r < conv->out.rows; r++) {
        int row = source(conv, r, i);
        if (!inside(row, conv->in.rows))
            continue;
        for (int c = 0; c < conv->out.cols; c++) {
            int col = source(conv, c, j);
            if (!inside(col, conv->in.cols))
                continue;
            const float *from = x + nb_pixel(conv->in, row, col), *to = dy + nb_pixel(conv->out, r, c);
            for (int l = 0; l < NB_LANES; l++)
                sum[l] += from[l] * to[l];
        }
    }
    float total = 0;
    for (int l = 0; l < NB_LANES; l++)
        total += sum[l];
    return total;
}

void nb_plain_conv_grad_weight(const nb_conv *conv, const float *x, const float *dy, float *partial, bool add, float *scratch)
{
    (void)scratch;
    int group_inputs = conv->in_channels / conv->groups;
    for (int co = 0; co < conv->out_channels; co++) {
        const float *plane_dy = dy + (size_t)co * nb_plane_floats(conv->out);
        for (int ci = 0; ci < group_inputs; ci++) {
            const float *plane_x = x + (size_t)(first_input(conv, co) + ci) * nb_plane_floats(conv->in);
            for (int i = 0; i < conv->kernel; i++)
                for (int j = 0; j < conv->kernel; j++) {
                    float *at = partial + weight_at(conv, co, ci, i, j);
                    *at = (add ? *at : 0) + tap_gradient(conv, plane_x, plane_dy, i, j);
                }
        }
    }
}

void nb_plain_conv_finish_gradient(const nb_conv *conv, const float *partials, size_t stride, int count, float *dw, bool add)
{
    size_t weights = nb_plain_conv_weights(conv);
    for (size_t k = 0; k < weights; k++) {
        float sum = 0;
        for (int p = 0; p < count; p++)
            sum += partials[(size_t)p * stride + k];
        dw[k] = add ? dw[k] + sum : sum;
    }
}
