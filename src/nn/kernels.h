/* The inner loops of the engine: one table of functions per instruction set, all with the same meaning, chosen at run time.
 *
 * Memory layout. A tensor of N images with C channels of H rows and W columns is
 *
 *     [ceil(N / 16) blocks][C channels][H rows][W + 2 columns][16 lanes]      float, every plane 64-byte aligned
 *
 * Sixteen images of the batch lie side by side in the lanes, whatever the instruction set: 16 lanes are one AVX-512 register, two AVX
 * or four SSE ones. Column 0 and column W + 1 are a border. Two things hold for every tensor, and every kernel relies on them for
 * what it reads and establishes them for what it writes (it may rely on a border that was zero before staying zero, so it need not
 * write borders; it must never leave anything but zero there):
 *
 *     - border columns are zero,
 *     - dead lanes are zero: in the last block of a batch that is no multiple of 16 only the first `live` lanes carry images.
 *
 * So a sum over all lanes and columns is a sum over the real pixels, for gradients and for weights.
 *
 * A kernel works on ONE block: its tensor pointers point at channel 0 of that block (or at the first channel of a range of it: a
 * channel slice of a tensor is a pointer and a count). Channels are nb_plane_floats() apart. Whoever calls decides which
 * thread takes which block; nothing in here depends on the number of threads, and the same call gives the same bits every time.
 * Kernels with `row_begin`, `row_end` produce those rows of their result only, so that a caller can walk a block in bands that stay
 * in the cache; bands come in ascending order, cover all rows and, of a convolution, begin at multiples of NB_BAND_ROWS.
 *
 * Any size is legal: C not a multiple of 4, odd H and W, 1x1 planes. The plain table is the reference for the others. */
#ifndef NB_NN_KERNELS_H
#define NB_NN_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NB_LANES 16
#define NB_BAND_ROWS 4

/* The planes of a tensor: rows and columns without the border. */
typedef struct nb_plane {
    int rows, cols;
} nb_plane;

/* Floats from one row to the next, and from one channel to the next: an odd number of 64-byte lines, for which an unused line may follow
 * the last row. With an even number, and a power of two above all, the same pixel of all channels would compete for the same few
 * sets of the cache, and reading across channels would run at half speed. */
static inline size_t nb_row_floats(nb_plane plane)
{
    return (size_t)(plane.cols + 2) * NB_LANES;
}

static inline size_t nb_plane_floats(nb_plane plane)
{
    size_t lines = (size_t)plane.rows * (size_t)(plane.cols + 2);
    return (lines | 1) * NB_LANES;
}

/* A convolution without bias, in PyTorch's terms. Output pixel (r, c) reads input pixels (r * stride - pad + dilation * i,
 * c * stride - pad + dilation * j) for 0 <= i, j < kernel; those outside the plane count as zero. `pad` may be negative: pad = -1 with
 * kernel 1 and stride 2 reads the odd pixels, which is the second half of FactorizedReduce. The size of the output is given and not
 * derived: it may reach past the input.
 * Worth being fast: kernel 3 pad 1 and kernel 1 pad 0, stride 1 (first of all) and 2, groups 1, dilation 1. */
typedef struct nb_conv {
    int in_channels, out_channels; /* each a multiple of groups */
    int kernel, stride, pad, dilation, groups;
    nb_plane in, out;
} nb_conv;

/* A pooling: output pixel (r, c) takes the window of kernel_rows x kernel_cols that starts at (r * stride - pad, c * stride - pad),
 * cut to the plane. Average divides by the pixels left in the cut window (padding excluded); maximum ignores padding, and its gradient goes
 * to the first maximum in row-major order. A global average pool is kernel = plane, stride 1, pad 0, out 1x1. Worth being fast: average 2x2
 * stride 2, global average, maximum 3x3 stride 1 pad 1, maximum 2x2 stride 2. (Average 3x3 stride 1 is a form of nb_term.) */
typedef enum nb_pool_kind { NB_POOL_AVERAGE, NB_POOL_MAXIMUM } nb_pool_kind;
typedef struct nb_pool {
    nb_pool_kind kind;
    int channels;
    int kernel_rows, kernel_cols, stride, pad;
    nb_plane in, out;
} nb_pool;

/* Running statistics of the planes of a block, kept per lane so that producing them costs a few vector operations. For channel c
 * and lane l, with K = shift, any one of the values of that plane and lane (shifting by a member of the sample bounds what
 * cancellation can lose, whatever the mean):
 *     lanes[c][0][l] = K        lanes[c][1][l] = sum (v - K)        lanes[c][2][l] = sum (v - K)^2        over the plane's pixels.
 * A kernel starts them when row_begin is 0 and goes on with what it finds otherwise. 64-byte aligned, never more than a block of
 * one tensor. */
#define NB_STATS_FLOATS (3 * NB_LANES) /* per channel */

/* Mean and sum of squared distances from it, of the live lanes of one block and channel. */
typedef struct nb_moments {
    double mean;
    double m2;
} nb_moments;

/* One summand of nb_combine. */
typedef enum nb_term_form {
    NB_TERM_PLAIN,      /* v(r, c)                                                                                         */
    NB_TERM_GATED,      /* v(r, c) where gate(r, c) > 0, else 0: the gradient of a ReLU whose input or output is `gate`     */
    NB_TERM_AVERAGE_3,  /* mean over the 3x3 neighbourhood of v cut to the plane: divisor 4, 6 or 9 (or less on tiny planes) */
    NB_TERM_AVERAGE_3_T /* the transpose of the same: sum over the neighbours of v / (the divisor at the neighbour)         */
} nb_term_form;
typedef struct nb_term {
    nb_term_form form;
    const float *v;     /* [channels][rows][cols + 2][16] */
    const float *gate;  /* the same, NB_TERM_GATED only */
    const float *scale; /* [channels], or NULL for 1 */
} nb_term;

/* A product to be summed while the result of nb_combine is in registers. */
typedef struct nb_dot {
    const float *v;      /* [channels][rows][cols + 2][16] */
    const float *centre; /* [channels], subtracted from v first (so that nothing cancels), or NULL for 0 */
} nb_dot;

/* The one element-wise kernel. It assembles a node from its edges, applies batch norm, takes ReLUs, collects a gradient from its
 * consumers and does batch norm's backward step:
 *
 *     out[c] = shift[c] + sum over terms of scale[c] * form(v[c])            live lanes; 0 in the dead ones
 *     relu[c] = max(out[c], 0)                                       a NaN stays one, or the loss would hide it
 *
 * and, of `out`, on demand: statistics, sums over the plane, and sums of products with other tensors. At most NB_MAX_TERMS terms;
 * with none, out = shift. Terms may not overlap the outputs, except that a PLAIN or GATED one may be `out` itself. */
#define NB_MAX_TERMS 16
#define NB_MAX_DOTS 16
typedef struct nb_combine {
    nb_plane plane;
    int channels;
    int live; /* lanes with images: 1..16 */
    int terms, dots;
    nb_term term[NB_MAX_TERMS];
    nb_dot dot[NB_MAX_DOTS];
    const float *shift; /* [channels], or NULL for 0 */
    float *out;         /* [channels][rows][cols + 2][16], or NULL */
    float *relu;        /* the same, or NULL */
    float *stats;       /* [channels][3][16] as above, of out, or NULL */
    float *sum_lanes;   /* [channels][16]: sum over the plane of out, or NULL; started at row_begin 0, else continued */
    float *dot_lanes;   /* [dots][channels][16]: sum over the plane of out * (v - centre); the same */
} nb_combine;

/* What softmax_cross_entropy returns for one block. */
typedef struct nb_block_loss {
    double loss; /* sum over the live images of -log softmax(logits)[label], smoothed if asked for */
    int top1;    /* live images whose label has the largest logit (the first of equals counts as the largest) */
    int top5;    /* live images with fewer than 5 classes ranked before the label */
} nb_block_loss;

typedef struct nb_kernels {
    const char *name; /* "plain", "avx2", "avx512" */

    /* Floats that the calls below need: packed weights for forward and for grad_input, one partial weight gradient, scratch (of one
     * thread; the same scratch for all three convolution calls). Each may depend on the whole of `conv`. */
    size_t (*conv_forward_weights)(const nb_conv *conv);
    size_t (*conv_backward_weights)(const nb_conv *conv);
    size_t (*conv_partial_gradient)(const nb_conv *conv);
    size_t (*conv_scratch)(const nb_conv *conv);

    /* Arranges w[out_channels][in_channels / groups][kernel][kernel] (PyTorch's order) as the kernels below like it; once a step. */
    void (*conv_pack_forward)(const nb_conv *conv, const float *w, float *packed);
    void (*conv_pack_backward)(const nb_conv *conv, const float *w, float *packed);

    /* Rows row_begin..row_end of y = conv(x): x [in_channels][in.rows][in.cols + 2][16] -> y [out_channels][out.rows][out.cols + 2][16].
     * `stats` [out_channels][3][16] of y, or NULL. */
    void (*conv_forward)(const nb_conv *conv, const float *x, const float *packed, float *y, int row_begin, int row_end, float *stats,
                         float *scratch);

    /* dx = the gradient of conv's input for dy [out_channels][out.rows][out.cols + 2][16]; added to dx if `add`. Whole block. */
    void (*conv_grad_input)(const nb_conv *conv, const float *dy, const float *packed, float *dx, bool add, float *scratch);

    /* The weight gradient of one block, in an order the kernels choose; added to `partial` if `add`. */
    void (*conv_grad_weight)(const nb_conv *conv, const float *x, const float *dy, float *partial, bool add, float *scratch);

    /* dw[out_channels][in_channels / groups][kernel][kernel] = (or += if `add`) the sum of `count` partial gradients in ascending
     * order; the first at `partials`, then one every `stride` floats. */
    void (*conv_finish_gradient)(const nb_conv *conv, const float *partials, size_t stride, int count, float *dw, bool add);

    /* See nb_combine. */
    void (*combine)(const nb_combine *what, int row_begin, int row_end);

    /* moments[c] of the lanes 0..live of stats[c], pixels = rows * cols of the plane. All in double. */
    void (*moments)(const float *stats, int channels, int live, int pixels, nb_moments *moments);

    /* sums[c] = sum over the 16 lanes of lanes[c], in double, in lane order (the dead ones are zero). */
    void (*sum_lanes)(const float *lanes, int channels, double *sums);

    /* y = pool(x); and dx = (or += if `add`) its gradient, for which x and y are given again. */
    void (*pool_forward)(const nb_pool *pool, const float *x, float *y);
    void (*pool_backward)(const nb_pool *pool, const float *x, const float *y, const float *dy, float *dx, bool add);

    /* y[c] += bias[c] in the live lanes of the pixels. */
    void (*add_bias)(nb_plane plane, int channels, int live, const float *bias, float *y);

    /* logits [classes][1][3][16], planes of 1x1; labels[live] < classes. dlogits (same shape, or NULL) = scale * d loss / d logits, 0 in
     * dead lanes. With smoothing s the target is 1 - s at the label plus s / classes everywhere. */
    void (*softmax_cross_entropy)(int classes, int live, const float *logits, const int32_t *labels, float smoothing, float scale,
                                  float *dlogits, nb_block_loss *loss);

    /* images[i][channels][rows][cols], i < live, every `image_stride` floats -> a block; and back. pack writes border and dead lanes too.
     */
    void (*pack)(nb_plane plane, int channels, int live, const float *images, size_t image_stride, float *block);
    void (*unpack)(nb_plane plane, int channels, int live, const float *block, float *images, size_t image_stride);
} nb_kernels;

/* The tables. The two fast ones are NULL where the compiler or this machine's processor cannot run them. */
const nb_kernels *nb_kernels_plain(void);
const nb_kernels *nb_kernels_avx2(void);
const nb_kernels *nb_kernels_avx512(void);

/* The fastest table this machine runs; or the one of that name, NULL if it is unknown or cannot run here. */
const nb_kernels *nb_kernels_best(void);
const nb_kernels *nb_kernels_named(const char *name);

#endif
