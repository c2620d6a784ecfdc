/* The plain kernels other than convolution, and their table. Each is the obvious loop over channels, rows, columns and lanes. */
#include "nn/kernels_plain.h"

#include <math.h>
#include <string.h>

void nb_plain_stats(nb_plane plane, const float *y, int row_begin, int row_end, float *stats)
{
    float *shift = stats, *sum = stats + NB_LANES, *squares = stats + (ptrdiff_t)2 * NB_LANES;
    if (row_begin == 0) {
        memcpy(shift, y + nb_pixel(plane, 0, 0), NB_LANES * sizeof *y);
        memset(sum, 0, (size_t)2 * NB_LANES * sizeof *sum);
    }
    for (int r = row_begin; r < row_end; r++)
        for (int c = 0; c < plane.cols; c++) {
            const float *v = y + nb_pixel(plane, r, c);
            for (int l = 0; l < NB_LANES; l++) {
                float d = v[l] - shift[l];
                sum[l] += d;
                squares[l] += d * d;
            }
        }
}

/* sum[16] of the 3x3 neighbourhood of (r, c), each neighbour weighted by weight(row, col). */
static void average_3(nb_plane plane, const float *v, int r, int c, float *sum)
{
    float scale = 1.0f / (float)(nb_neighbours(r, plane.rows) * nb_neighbours(c, plane.cols));
    for (int row = r - 1; row <= r + 1; row++)
        for (int col = c - 1; col <= c + 1; col++)
            if (row >= 0 && row < plane.rows && col >= 0 && col < plane.cols)
                for (int l = 0; l < NB_LANES; l++)
                    sum[l] += v[nb_pixel(plane, row, col) + (size_t)l] * scale;
}

/* The transpose of average_3: every neighbour gives the share that (r, c) had in its mean. */
static void average_3_transposed(nb_plane plane, const float *v, int r, int c, float *sum)
{
    for (int row = r - 1; row <= r + 1; row++)
        for (int col = c - 1; col <= c + 1; col++)
            if (row >= 0 && row < plane.rows && col >= 0 && col < plane.cols) {
                float scale = 1.0f / (float)(nb_neighbours(row, plane.rows) * nb_neighbours(col, plane.cols));
                for (int l = 0; l < NB_LANES; l++)
                    sum[l] += v[nb_pixel(plane, row, col) + (size_t)l] * scale;
            }
}

/* value[16] = form(v) at pixel (r, c); v and gate point at the channel's plane. */
static void term_at(const nb_term *term, nb_plane plane, const float *v, const float *gate, int r, int c, float *value)
{
    size_t at = nb_pixel(plane, r, c);
    memset(value, 0, NB_LANES * sizeof *value);
    switch (term->form) {
    case NB_TERM_PLAIN:
        memcpy(value, v + at, NB_LANES * sizeof *value);
        break;
    case NB_TERM_GATED:
        for (int l = 0; l < NB_LANES; l++)
            value[l] = gate[at + (size_t)l] > 0 ? v[at + (size_t)l] : 0;
        break;
    case NB_TERM_AVERAGE_3:
        average_3(plane, v, r, c, value);
        break;
    case NB_TERM_AVERAGE_3_T:
        average_3_transposed(plane, v, r, c, value);
        break;
    }
}

/* out[16] of channel `channel` at pixel (r, c), dead lanes zero. */
static void combine_pixel(const nb_combine *what, int channel, int r, int c, float *out)
{
    size_t plane_at = (size_t)channel * nb_plane_floats(what->plane);
    for (int l = 0; l < NB_LANES; l++)
        out[l] = what->shift ? what->shift[channel] : 0;
    for (int t = 0; t < what->terms; t++) {
        const nb_term *term = &what->term[t];
        float scale = term->scale ? term->scale[channel] : 1, value[NB_LANES];
        term_at(term, what->plane, term->v + plane_at, term->gate ? term->gate + plane_at : NULL, r, c, value);
        for (int l = 0; l < NB_LANES; l++)
            out[l] += scale * value[l];
    }
    for (int l = what->live; l < NB_LANES; l++)
        out[l] = 0;
}

/* Adds out[16] at pixel (r, c) to the running sums of its channel. */
static void combine_sums(const nb_combine *what, int channel, int r, int c, const float *out)
{
    size_t at = (size_t)channel * nb_plane_floats(what->plane) + nb_pixel(what->plane, r, c);
    if (what->sum_lanes)
        for (int l = 0; l < NB_LANES; l++)
            what->sum_lanes[(size_t)channel * NB_LANES + (size_t)l] += out[l];
    for (int d = 0; d < what->dots; d++) {
        const nb_dot *dot = &what->dot[d];
        float centre = dot->centre ? dot->centre[channel] : 0;
        float *lanes = what->dot_lanes + ((size_t)d * (size_t)what->channels + (size_t)channel) * NB_LANES;
        for (int l = 0; l < NB_LANES; l++)
            lanes[l] += out[l] * (dot->v[at + (size_t)l] - centre);
    }
}

static void start_sums(const nb_combine *what)
{
    size_t lanes = (size_t)what->channels * NB_LANES;
    if (what->sum_lanes)
        memset(what->sum_lanes, 0, lanes * sizeof(float));
    if (what->dots > 0)
        memset(what->dot_lanes, 0, (size_t)what->dots * lanes * sizeof(float));
}

static void start_stats(float *stats, const float *first_pixel)
{
    memcpy(stats, first_pixel, NB_LANES * sizeof *stats);
    memset(stats + NB_LANES, 0, (size_t)2 * NB_LANES * sizeof *stats);
}

static void add_stats(float *stats, const float *value)
{
    for (int l = 0; l < NB_LANES; l++) {
        float d = value[l] - stats[l];
        stats[NB_LANES + l] += d;
        stats[2 * NB_LANES + l] += d * d;
    }
}

void nb_plain_combine(const nb_combine *what, int row_begin, int row_end)
{
    if (row_begin == 0)
        start_sums(what);
    for (int channel = 0; channel < what->channels; channel++) {
        size_t plane_at = (size_t)channel * nb_plane_floats(what->plane);
        float *stats = what->stats ? what->stats + (size_t)channel * NB_STATS_FLOATS : NULL;
        for (int r = row_begin; r < row_end; r++)
            for (int c = 0; c < what->plane.cols; c++) {
                size_t at = plane_at + nb_pixel(what->plane, r, c);
                float out[NB_LANES];
                combine_pixel(what, channel, r, c, out);
                combine_sums(what, channel, r, c, out);
                if (stats && r == 0 && c == 0)
                    start_stats(stats, out);
                if (stats)
                    add_stats(stats, out);
                if (what->out)
                    memcpy(what->out + at, out, sizeof out);
                for (int l = 0; what->relu && l < NB_LANES; l++)
                    what->relu[at + (size_t)l] = out[l] < 0 ? 0 : out[l];
            }
    }
}

/* The lanes' own means first, then the distances from the mean of those: nothing is lost when the means are large. */
static nb_moments merged_lanes(const float *stats, int live, double n)
{
    const float *shift = stats, *sum = stats + NB_LANES, *squares = stats + (ptrdiff_t)2 * NB_LANES;
    double means[NB_LANES], total = 0, m2 = 0;
    for (int l = 0; l < live; l++) {
        means[l] = (double)shift[l] + (double)sum[l] / n;
        total += means[l];
    }
    const double mean = total / live;
    for (int l = 0; l < live; l++) {
        double own = (double)squares[l] - (double)sum[l] * (double)sum[l] / n, apart = means[l] - mean;
        m2 += (own < 0 ? 0 : own) + n * apart * apart;
    }
    return (nb_moments){mean, m2};
}

void nb_plain_moments(const float *stats, int channels, int live, int pixels, nb_moments *moments)
{
    for (int c = 0; c < channels; c++)
        moments[c] = merged_lanes(stats + (size_t)c * NB_STATS_FLOATS, live, pixels);
}

void nb_plain_sum_lanes(const float *lanes, int channels, double *sums)
{
    for (int c = 0; c < channels; c++) {
        sums[c] = 0;
        for (int l = 0; l < NB_LANES; l++)
            sums[c] += lanes[(size_t)c * NB_LANES + (size_t)l];
    }
}

static void average_window(nb_plane plane, nb_window w, const float *x, float *y)
{
    float sum[NB_LANES] = {0};
    for (int row = w.row; row < w.row_end; row++)
        for (int col = w.col; col < w.col_end; col++)
            for (int l = 0; l < NB_LANES; l++)
                sum[l] += x[nb_pixel(plane, row, col) + (size_t)l];
    for (int l = 0; l < NB_LANES; l++)
        y[l] = sum[l] * nb_window_share(w);
}

/* NaN wins over every number, as in PyTorch, so that it isn't swallowed. */
static void maximum_window(nb_plane plane, nb_window w, const float *x, float *y)
{
    float best[NB_LANES];
    memcpy(best, x + nb_pixel(plane, w.row, w.col), sizeof best);
    for (int row = w.row; row < w.row_end; row++)
        for (int col = w.col; col < w.col_end; col++)
            for (int l = 0; l < NB_LANES; l++) {
                float v = x[nb_pixel(plane, row, col) + (size_t)l];
                if (v > best[l] || isnan(v))
                    best[l] = v;
            }
    memcpy(y, best, sizeof best);
}

void nb_plain_pool_forward(const nb_pool *pool, const float *x, float *y)
{
    for (int channel = 0; channel < pool->channels; channel++) {
        const float *plane_x = x + (size_t)channel * nb_plane_floats(pool->in);
        float *plane_y = y + (size_t)channel * nb_plane_floats(pool->out);
        for (int r = 0; r < pool->out.rows; r++)
            for (int c = 0; c < pool->out.cols; c++) {
                float *pixel = plane_y + nb_pixel(pool->out, r, c);
                if (pool->kind == NB_POOL_AVERAGE)
                    average_window(pool->in, nb_window_at(pool, r, c), plane_x, pixel);
                else
                    maximum_window(pool->in, nb_window_at(pool, r, c), plane_x, pixel);
            }
    }
}

static void spread_average(nb_plane plane, nb_window w, const float *dy, float *dx)
{
    float share = nb_window_share(w);
    for (int row = w.row; row < w.row_end; row++)
        for (int col = w.col; col < w.col_end; col++)
            for (int l = 0; l < NB_LANES; l++)
                dx[nb_pixel(plane, row, col) + (size_t)l] += dy[l] * share;
}

/* The whole gradient goes to the first pixel of the window, row by row, that equals the maximum y. */
static void spread_maximum(nb_plane plane, nb_window w, const float *x, const float *y, const float *dy, float *dx)
{
    bool given[NB_LANES] = {false};
    for (int row = w.row; row < w.row_end; row++)
        for (int col = w.col; col < w.col_end; col++)
            for (int l = 0; l < NB_LANES; l++) {
                size_t at = nb_pixel(plane, row, col) + (size_t)l;
                if (!given[l] && x[at] == y[l]) {
                    dx[at] += dy[l];
                    given[l] = true;
                }
            }
}

void nb_plain_pool_backward(const nb_pool *pool, const float *x, const float *y, const float *dy, float *dx, bool add)
{
    for (int channel = 0; channel < pool->channels; channel++) {
        const float *plane_x = x + (size_t)channel * nb_plane_floats(pool->in);
        float *plane_dx = dx + (size_t)channel * nb_plane_floats(pool->in);
        size_t out_at = (size_t)channel * nb_plane_floats(pool->out);
        for (int row = 0; !add && row < pool->in.rows; row++)
            memset(plane_dx + nb_pixel(pool->in, row, 0), 0, (size_t)pool->in.cols * NB_LANES * sizeof *dx);
        for (int r = 0; r < pool->out.rows; r++)
            for (int c = 0; c < pool->out.cols; c++) {
                size_t at = out_at + nb_pixel(pool->out, r, c);
                if (pool->kind == NB_POOL_AVERAGE)
                    spread_average(pool->in, nb_window_at(pool, r, c), dy + at, plane_dx);
                else
                    spread_maximum(pool->in, nb_window_at(pool, r, c), plane_x, y + at, dy + at, plane_dx);
            }
    }
}

void nb_plain_add_bias(nb_plane plane, int channels, int live, const float *bias, float *y)
{
    for (int channel = 0; channel < channels; channel++)
        for (int r = 0; r < plane.rows; r++)
            for (int c = 0; c < plane.cols; c++) {
                float *pixel = y + (size_t)channel * nb_plane_floats(plane) + nb_pixel(plane, r, c);
                for (int l = 0; l < live; l++)
                    pixel[l] += bias[channel];
            }
}

/* A 1x1 plane is a column between two borders. */
static size_t logit_at(int k, int lane)
{
    return nb_pixel((nb_plane){1, 1}, 0, 0) + (size_t)k * nb_plane_floats((nb_plane){1, 1}) + (size_t)lane;
}

/* Classes that rank before `label`: larger logits, equal ones of a smaller number, and any NaN. */
static int classes_before(int classes, const float *logits, int lane, int label)
{
    float own = logits[logit_at(label, lane)];
    int before = 0;
    for (int k = 0; k < classes; k++) {
        float other = logits[logit_at(k, lane)];
        before += k < label ? !(other < own) : k > label && !(other <= own);
    }
    return before;
}

/* Loss of one image; its gradient into dlogits unless that is NULL. In double throughout. */
static double image_loss(int classes, int lane, const float *logits, int label, double smoothing, float scale, float *dlogits)
{
    double largest = -INFINITY, sum = 0, total = 0;
    for (int k = 0; k < classes; k++)
        largest = fmax(largest, logits[logit_at(k, lane)]);
    for (int k = 0; k < classes; k++) {
        double z = logits[logit_at(k, lane)];
        sum += exp(z - largest);
        total += z;
    }
    for (int k = 0; dlogits && k < classes; k++) {
        double target = (k == label ? 1 - smoothing : 0) + smoothing / classes;
        double probability = exp(logits[logit_at(k, lane)] - largest) / sum;
        dlogits[logit_at(k, lane)] = (float)(scale * (probability - target));
    }
    double expected = (1 - smoothing) * logits[logit_at(label, lane)];
    if (smoothing != 0)
        expected += smoothing / classes * total;
    return largest + log(sum) - expected;
}

void nb_plain_softmax_cross_entropy(int classes, int live, const float *logits, const int32_t *labels, float smoothing, float scale,
                                    float *dlogits, nb_block_loss *loss)
{
    if (dlogits)
        memset(dlogits, 0, (size_t)classes * nb_plane_floats((nb_plane){1, 1}) * sizeof *dlogits);
    *loss = (nb_block_loss){0};
    for (int l = 0; l < live; l++) {
        int before = classes_before(classes, logits, l, labels[l]);
        loss->top1 += before < 1;
        loss->top5 += before < 5;
        loss->loss += image_loss(classes, l, logits, labels[l], smoothing, scale, dlogits);
    }
}

void nb_plain_pack(nb_plane plane, int channels, int live, const float *images, size_t image_stride, float *block)
{
    memset(block, 0, (size_t)channels * nb_plane_floats(plane) * sizeof *block);
    for (int l = 0; l < live; l++) {
        const float *pixel = images + (size_t)l * image_stride;
        for (int channel = 0; channel < channels; channel++)
            for (int r = 0; r < plane.rows; r++)
                for (int c = 0; c < plane.cols; c++)
                    block[(size_t)channel * nb_plane_floats(plane) + nb_pixel(plane, r, c) + (size_t)l] = *pixel++;
    }
}

void nb_plain_unpack(nb_plane plane, int channels, int live, const float *block, float *images, size_t image_stride)
{
    for (int l = 0; l < live; l++) {
        float *pixel = images + (size_t)l * image_stride;
        for (int channel = 0; channel < channels; channel++)
            for (int r = 0; r < plane.rows; r++)
                for (int c = 0; c < plane.cols; c++)
                    *pixel++ = block[(size_t)channel * nb_plane_floats(plane) + nb_pixel(plane, r, c) + (size_t)l];
    }
}

static const nb_kernels plain = {
    .name = "plain",
    .conv_forward_weights = nb_plain_conv_weights,
    .conv_backward_weights = nb_plain_conv_weights,
    .conv_partial_gradient = nb_plain_conv_weights,
    .conv_scratch = nb_plain_conv_scratch,
    .conv_pack_forward = nb_plain_conv_pack,
    .conv_pack_backward = nb_plain_conv_pack,
    .conv_forward = nb_plain_conv_forward,
    .conv_grad_input = nb_plain_conv_grad_input,
    .conv_grad_weight = nb_plain_conv_grad_weight,
    .conv_finish_gradient = nb_plain_conv_finish_gradient,
    .combine = nb_plain_combine,
    .moments = nb_plain_moments,
    .sum_lanes = nb_plain_sum_lanes,
    .pool_forward = nb_plain_pool_forward,
    .pool_backward = nb_plain_pool_backward,
    .add_bias = nb_plain_add_bias,
    .softmax_cross_entropy = nb_plain_softmax_cross_entropy,
    .pack = nb_plain_pack,
    .unpack = nb_plain_unpack,
};

const nb_kernels *nb_kernels_plain(void)
{
    return &plain;
}
