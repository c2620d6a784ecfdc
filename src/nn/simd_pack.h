/* Images into the lanes of a block and back, four images by four pixels at a time. */
#ifndef NB_NN_SIMD_PACK_H
#define NB_NN_SIMD_PACK_H

#include <string.h>

#include "nn/simd_kernels.h"
#include "nn/simd_transpose.h"

/* One row of `cols` pixels; block stands at the row's first pixel. */
static void pack_row(int cols, int live, const float *images, size_t image_stride, float *block)
{
    int lane = 0;
    for (; lane + 4 <= live; lane += 4) {
        const float *from = images + (size_t)lane * image_stride;
        int c = 0;
        for (; c + 4 <= cols; c += 4)
            transpose_4x4(from + c, image_stride, block + (size_t)c * NB_LANES + lane, NB_LANES);
        for (; c < cols; c++)
            for (int l = 0; l < 4; l++)
                block[(size_t)c * NB_LANES + (size_t)(lane + l)] = from[(size_t)l * image_stride + (size_t)c];
    }
    for (; lane < live; lane++)
        for (int c = 0; c < cols; c++)
            block[(size_t)c * NB_LANES + (size_t)lane] = images[(size_t)lane * image_stride + (size_t)c];
}

static void unpack_row(int cols, int live, const float *block, float *images, size_t image_stride)
{
    int lane = 0;
    for (; lane + 4 <= live; lane += 4) {
        float *to = images + (size_t)lane * image_stride;
        int c = 0;
        for (; c + 4 <= cols; c += 4)
            transpose_4x4(block + (size_t)c * NB_LANES + lane, NB_LANES, to + c, image_stride);
        for (; c < cols; c++)
            for (int l = 0; l < 4; l++)
                to[(size_t)l * image_stride + (size_t)c] = block[(size_t)c * NB_LANES + (size_t)(lane + l)];
    }
    for (; lane < live; lane++)
        for (int c = 0; c < cols; c++)
            images[(size_t)lane * image_stride + (size_t)c] = block[(size_t)c * NB_LANES + (size_t)lane];
}

void NB_SIMD(pack)(nb_plane plane, int channels, int live, const float *images, size_t image_stride, float *block)
{
    size_t row_floats = nb_row_floats(plane);
    for (int channel = 0; channel < channels; channel++, block += nb_plane_floats(plane))
        for (int r = 0; r < plane.rows; r++, images += plane.cols) {
            float *row = block + (size_t)r * row_floats;
            if (live < NB_LANES)
                memset(row, 0, row_floats * sizeof *row);
            memset(row, 0, NB_LANES * sizeof *row);
            memset(row + row_floats - NB_LANES, 0, NB_LANES * sizeof *row);
            pack_row(plane.cols, live, images, image_stride, row + NB_LANES);
        }
}

void NB_SIMD(unpack)(nb_plane plane, int channels, int live, const float *block, float *images, size_t image_stride)
{
    for (int channel = 0; channel < channels; channel++, block += nb_plane_floats(plane))
        for (int r = 0; r < plane.rows; r++, images += plane.cols)
            unpack_row(plane.cols, live, block + (size_t)r * nb_row_floats(plane) + NB_LANES, images, image_stride);
}

#endif
