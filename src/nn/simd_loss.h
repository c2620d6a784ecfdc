/* The ends of a network: images in, bias, loss. */
#ifndef NB_NN_SIMD_LOSS_H
#define NB_NN_SIMD_LOSS_H

#include <math.h>
#include <string.h>

#include "nn/simd_kernels.h"

void NB_SIMD(add_bias)(nb_plane plane, int channels, int live, const float *bias, float *y)
{
    for (int part = 0; part < VEC_PARTS; part++) {
        vec_mask alive = mask_live(live, part);
        for (int channel = 0; channel < channels; channel++) {
            vec value = vec_keep(alive, vec_all(bias[channel]));
            for (int r = 0; r < plane.rows; r++)
                for (int c = 0; c < plane.cols; c++) {
                    float *at = y + (size_t)channel * nb_plane_floats(plane) + nb_pixel(plane, r, c) + (size_t)(part * VEC_FLOATS);
                    vec_store(at, vec_add(vec_load(at), value));
                }
        }
    }
}

/* e^x for x <= 0, within 2 units in the last place; results below the smallest normal number may be 0; NaN stays NaN.
 * x = n ln 2 + r with |r| <= ln(2) / 2, ln 2 split in two so that r is exact, and e^r by its Taylor polynomial of degree 7. */
NB_INLINE vec vec_exp(vec x)
{
    x = vec_max(vec_all(-87.0f), x);
    vec n = vec_round(vec_mul(x, vec_all(1.44269504f)));
    vec r = vec_fma(n, vec_all(-0.693359375f), x);
    r = vec_fma(n, vec_all(2.12194440e-4f), r);
    vec sum = vec_all(1.0f / 5040);
    sum = vec_fma(sum, r, vec_all(1.0f / 720));
    sum = vec_fma(sum, r, vec_all(1.0f / 120));
    sum = vec_fma(sum, r, vec_all(1.0f / 24));
    sum = vec_fma(sum, r, vec_all(1.0f / 6));
    sum = vec_fma(sum, r, vec_all(1.0f / 2));
    sum = vec_fma(sum, r, vec_all(1.0f));
    sum = vec_fma(sum, r, vec_all(1.0f));
    return vec_scale_2(sum, n);
}

/* What the logits of one part of the lanes come to, per lane. */
typedef struct softmax_lanes {
    float largest[VEC_FLOATS] __attribute__((aligned(64)));
    float sum[VEC_FLOATS] __attribute__((aligned(64)));   /* of e^(z - largest) */
    float total[VEC_FLOATS] __attribute__((aligned(64))); /* of z - largest */
} softmax_lanes;

enum { CLASS_FLOATS = 3 * NB_LANES }; /* a 1x1 plane is a column between two borders */

/* The largest logit, NaN if there is one. */
NB_INLINE vec largest_logit(const float *logits, int classes)
{
    vec largest = vec_load(logits);
    for (int k = 1; k < classes; k++) {
        vec z = vec_load(logits + (size_t)k * CLASS_FLOATS);
        largest = vec_choose(mask_or(vec_greater(z, largest), vec_is_nan(z)), z, largest);
    }
    return largest;
}

static void softmax_sums(const float *logits, int classes, softmax_lanes *lanes)
{
    vec largest = largest_logit(logits, classes), sum = vec_zero(), total = vec_zero();
    for (int k = 0; k < classes; k++) {
        vec z = vec_sub(vec_load(logits + (size_t)k * CLASS_FLOATS), largest);
        sum = vec_add(sum, vec_exp(z));
        total = vec_add(total, z);
    }
    vec_store(lanes->largest, largest);
    vec_store(lanes->sum, sum);
    vec_store(lanes->total, total);
}

/* scale * (softmax - target) without the label's own part of the target; 0 in the lanes that aren't alive. */
static void softmax_gradient(const float *logits, int classes, const softmax_lanes *lanes, float smoothing, float scale, vec_mask alive,
                             float *dlogits)
{
    vec largest = vec_load(lanes->largest), factor = vec_div(vec_all(scale), vec_load(lanes->sum));
    vec share = vec_all(-scale * smoothing / (float)classes);
    for (int k = 0; k < classes; k++) {
        vec e = vec_exp(vec_sub(vec_load(logits + (size_t)k * CLASS_FLOATS), largest));
        vec_store(dlogits + (size_t)k * CLASS_FLOATS, vec_keep(alive, vec_fma(e, factor, share)));
    }
}

/* Classes that rank before the label of one lane: larger logits, equal ones of a smaller number, and any NaN. */
static int classes_before(const float *logits, int classes, int label)
{
    float own = logits[(size_t)label * CLASS_FLOATS];
    int before = 0;
    for (int k = 0; k < classes; k++) {
        float other = logits[(size_t)k * CLASS_FLOATS];
        before += k < label ? !(other < own) : k > label && !(other <= own);
    }
    return before;
}

/* Adds one image to the block's loss; its logits and sums are those of lane `lane` of this part. */
static void add_image(nb_block_loss *loss, const float *logits, int classes, const softmax_lanes *lanes, int lane, int label,
                      float smoothing)
{
    double own = (double)logits[(size_t)label * CLASS_FLOATS] - lanes->largest[lane];
    double spread = smoothing != 0 ? (double)smoothing / classes * lanes->total[lane] : 0;
    int before = classes_before(logits, classes, label);
    loss->loss += log(lanes->sum[lane]) - (1 - (double)smoothing) * own - spread;
    loss->top1 += before < 1;
    loss->top5 += before < 5;
}

void NB_SIMD(softmax_cross_entropy)(int classes, int live, const float *logits, const int32_t *labels, float smoothing, float scale,
                                    float *dlogits, nb_block_loss *loss)
{
    if (dlogits)
        memset(dlogits, 0, (size_t)classes * CLASS_FLOATS * sizeof *dlogits);
    *loss = (nb_block_loss){0};
    for (int part = 0; part < VEC_PARTS; part++) {
        int first = part * VEC_FLOATS;
        const float *z = logits + NB_LANES + first;
        softmax_lanes lanes;
        softmax_sums(z, classes, &lanes);
        if (dlogits)
            softmax_gradient(z, classes, &lanes, smoothing, scale, mask_live(live, part), dlogits + NB_LANES + first);
        for (int l = 0; l < VEC_FLOATS && first + l < live; l++) {
            int label = labels[first + l];
            add_image(loss, z + l, classes, &lanes, l, label, smoothing);
            if (dlogits)
                dlogits[(size_t)label * CLASS_FLOATS + (size_t)(NB_LANES + first + l)] -= scale * (1 - smoothing);
        }
    }
}

#endif
