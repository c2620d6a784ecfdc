/* Pooling, bias, loss, packing: the plain kernels against their definitions, the fast ones against the plain ones. */
#include "kernel_tests.h"

static int all_tables(const nb_kernels *tables[3])
{
    tables[0] = nb_kernels_plain();
    return 1 + fast_tables(tables + 1);
}

/* --- pooling --- */

static nb_pool random_pool(dice *d)
{
    nb_pool pool = {.kind = between(d, 0, 1) ? NB_POOL_AVERAGE : NB_POOL_MAXIMUM,
                    .channels = between(d, 1, 4),
                    .kernel_rows = between(d, 1, 3),
                    .kernel_cols = between(d, 1, 3),
                    .stride = between(d, 1, 3),
                    .in = {between(d, 3, 12), between(d, 3, 12)}};
    pool.pad = between(d, 0, (pool.kernel_rows < pool.kernel_cols ? pool.kernel_rows : pool.kernel_cols) / 2);
    if (between(d, 0, 3) == 0) { /* global */
        pool.kernel_rows = pool.in.rows;
        pool.kernel_cols = pool.in.cols;
        pool.pad = 0;
    }
    pool.out.rows = (pool.in.rows + 2 * pool.pad - pool.kernel_rows) / pool.stride + 1;
    pool.out.cols = (pool.in.cols + 2 * pool.pad - pool.kernel_cols) / pool.stride + 1;
    return pool;
}

/* Small whole numbers, so that maxima have ties. */
static buffer tied_block(nb_plane plane, int channels, int live, dice *d)
{
    buffer b = random_block(plane, channels, live, d);
    for (size_t k = 0; k < b.count; k++)
        b.v[k] = roundf(2 * b.v[k]);
    return b;
}

/* Average or maximum of the window of output pixel (r, c) in one lane; the place of the first maximum into *row, *col. */
static double defined_pool(const nb_pool *pool, const buffer *x, int channel, int r, int c, int lane, int *first_row, int *first_col)
{
    double sum = 0, best = -INFINITY;
    int count = 0;
    for (int i = 0; i < pool->kernel_rows; i++)
        for (int j = 0; j < pool->kernel_cols; j++) {
            int row = r * pool->stride - pool->pad + i, col = c * pool->stride - pool->pad + j;
            if (row < 0 || row >= pool->in.rows || col < 0 || col >= pool->in.cols)
                continue;
            double v = x->v[at_pixel(pool->in, channel, row, col, lane)];
            sum += v;
            count++;
            if (v > best) {
                best = v;
                *first_row = row;
                *first_col = col;
            }
        }
    return pool->kind == NB_POOL_AVERAGE ? sum / count : best;
}

/* What output pixel (r, c) gives back to each input pixel, added to dx (one plane and lane, in double). */
static void add_defined_gradient(const nb_pool *pool, const buffer *x, double dy, int channel, int r, int c, int lane, double *dx)
{
    int first_row = 0, first_col = 0, count = 0;
    defined_pool(pool, x, channel, r, c, lane, &first_row, &first_col);
    if (pool->kind == NB_POOL_MAXIMUM) {
        dx[first_row * pool->in.cols + first_col] += dy;
        return;
    }
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < pool->kernel_rows; i++)
            for (int j = 0; j < pool->kernel_cols; j++) {
                int row = r * pool->stride - pool->pad + i, col = c * pool->stride - pool->pad + j;
                bool inside = row >= 0 && row < pool->in.rows && col >= 0 && col < pool->in.cols;
                if (pass == 0)
                    count += inside;
                else if (inside)
                    dx[row * pool->in.cols + col] += dy / count;
            }
}

static void check_pool_gradient(const nb_kernels *k, const nb_pool *pool, const buffer *x, const buffer *y, int live, dice *d)
{
    buffer dy = random_block(pool->out, pool->channels, live, d), dx = used_block(pool->in, pool->channels, d);
    k->pool_backward(pool, x->v, y->v, dy.v, dx.v, false);
    for (int channel = 0; channel < pool->channels; channel++)
        for (int lane = 0; lane < live; lane++) {
            double expected[12 * 12] = {0};
            for (int r = 0; r < pool->out.rows; r++)
                for (int c = 0; c < pool->out.cols; c++)
                    add_defined_gradient(pool, x, dy.v[at_pixel(pool->out, channel, r, c, lane)], channel, r, c, lane, expected);
            for (int r = 0; r < pool->in.rows; r++)
                for (int c = 0; c < pool->in.cols; c++)
                    assert_true(fabs(dx.v[at_pixel(pool->in, channel, r, c, lane)] - expected[r * pool->in.cols + c]) <= TOLERANCE * 9);
        }
    assert_border_and_dead_lanes_are_zero(&dx, pool->in, pool->channels, live);

    buffer sum = random_block(pool->in, pool->channels, live, d), before = copy_buffer(&sum);
    k->pool_backward(pool, x->v, y->v, dy.v, sum.v, true);
    for (size_t n = 0; n < sum.count; n++)
        sum.v[n] -= before.v[n];
    assert_near("added pool gradient", sum.v, dx.v, NULL, 9, sum.count);
    free_buffer(&dy);
    free_buffer(&dx);
    free_buffer(&sum);
    free_buffer(&before);
}

static void check_pool(const nb_kernels *k, const nb_pool *pool, dice *d)
{
    int live = between(d, 1, NB_LANES), row, col;
    buffer x = tied_block(pool->in, pool->channels, live, d), y = used_block(pool->out, pool->channels, d);
    k->pool_forward(pool, x.v, y.v);
    for (int channel = 0; channel < pool->channels; channel++)
        for (int r = 0; r < pool->out.rows; r++)
            for (int c = 0; c < pool->out.cols; c++)
                for (int lane = 0; lane < live; lane++) {
                    double expected = defined_pool(pool, &x, channel, r, c, lane, &row, &col);
                    assert_true(fabs(y.v[at_pixel(pool->out, channel, r, c, lane)] - expected) <= TOLERANCE * 2);
                }
    assert_border_and_dead_lanes_are_zero(&y, pool->out, pool->channels, live);
    check_pool_gradient(k, pool, &x, &y, live, d);
    free_buffer(&x);
    free_buffer(&y);
}

static void pooling_and_its_gradient_are_the_definition(void **state)
{
    (void)state;
    dice d = {1};
    const nb_kernels *tables[3];
    int count = all_tables(tables);
    for (int trial = 0; trial < 100; trial++)
        for (int t = 0; t < count; t++) {
            nb_pool pool = random_pool(&d);
            check_pool(tables[t], &pool, &d);
        }
}

static void maximum_pooling_shows_nan(void **state)
{
    (void)state;
    nb_pool pool = {.kind = NB_POOL_MAXIMUM, .channels = 1, .kernel_rows = 2, .kernel_cols = 2, .stride = 2, .in = {2, 2}, .out = {1, 1}};
    const nb_kernels *tables[3];
    for (int t = 0, count = all_tables(tables); t < count; t++)
        for (int place = 0; place < 4; place++) {
            buffer x = new_buffer(nb_plane_floats(pool.in)), y = new_buffer(nb_plane_floats(pool.out));
            x.v[at_pixel(pool.in, 0, place / 2, place % 2, 5)] = NAN;
            tables[t]->pool_forward(&pool, x.v, y.v);
            assert_true(isnan(y.v[at_pixel(pool.out, 0, 0, 0, 5)]));
            assert_true(y.v[at_pixel(pool.out, 0, 0, 0, 4)] == 0);
            free_buffer(&x);
            free_buffer(&y);
        }
}

/* --- bias --- */

static void bias_reaches_live_pixels_only(void **state)
{
    (void)state;
    dice d = {2};
    const nb_kernels *tables[3];
    for (int t = 0, count = all_tables(tables); t < count; t++)
        for (int live = 1; live <= NB_LANES; live++) {
            nb_plane plane = {between(&d, 1, 5), between(&d, 1, 5)};
            buffer y = random_block(plane, 3, live, &d), before = copy_buffer(&y);
            const float bias[] = {0.5f, -2, 3};
            tables[t]->add_bias(plane, 3, live, bias, y.v);
            for (int channel = 0; channel < 3; channel++)
                for (int r = 0; r < plane.rows; r++)
                    for (int c = 0; c < plane.cols; c++)
                        for (int lane = 0; lane < live; lane++) {
                            size_t at = at_pixel(plane, channel, r, c, lane);
                            assert_true(y.v[at] == before.v[at] + bias[channel]);
                        }
            assert_border_and_dead_lanes_are_zero(&y, plane, 3, live);
            free_buffer(&y);
            free_buffer(&before);
        }
}

/* --- loss --- */

static const nb_plane PIXEL = {1, 1};

typedef struct logits {
    int classes, live;
    float smoothing;
    buffer z;
    int32_t labels[NB_LANES];
} logits;

static logits random_logits(float spread, dice *d)
{
    logits g = {.classes = between(d, 1, 120), .live = between(d, 1, NB_LANES), .smoothing = between(d, 0, 1) ? 0 : 0.1f};
    g.z = random_block(PIXEL, g.classes, g.live, d);
    for (size_t k = 0; k < g.z.count; k++)
        g.z.v[k] *= spread;
    for (int l = 0; l < NB_LANES; l++)
        g.labels[l] = between(d, 0, g.classes - 1);
    return g;
}

static double logit(const logits *g, int k, int lane)
{
    return g->z.v[at_pixel(PIXEL, k, 0, 0, lane)];
}

static double probability(const logits *g, int k, int lane)
{
    double sum = 0;
    for (int j = 0; j < g->classes; j++)
        sum += exp(logit(g, j, lane) - logit(g, k, lane));
    return 1 / sum;
}

static double target(const logits *g, int k, int lane)
{
    double s = g->smoothing;
    return (k == g->labels[lane] ? 1 - s : 0) + s / g->classes;
}

static void check_loss(const nb_kernels *k, const logits *g, dice *d)
{
    const float scale = 1.0f / 256;
    buffer gradient = used_block(PIXEL, g->classes, d);
    nb_block_loss found, without;
    k->softmax_cross_entropy(g->classes, g->live, g->z.v, g->labels, g->smoothing, scale, gradient.v, &found);
    k->softmax_cross_entropy(g->classes, g->live, g->z.v, g->labels, g->smoothing, scale, NULL, &without);
    double loss = 0;
    int top1 = 0, top5 = 0;
    for (int lane = 0; lane < g->live; lane++) {
        int before = 0;
        for (int c = 0; c < g->classes; c++) {
            double z = logit(g, c, lane), own = logit(g, g->labels[lane], lane);
            before += z > own || (z == own && c < g->labels[lane]);
            loss -= target(g, c, lane) * log(probability(g, c, lane));
            double expected = scale * (probability(g, c, lane) - target(g, c, lane));
            assert_true(fabs(gradient.v[at_pixel(PIXEL, c, 0, 0, lane)] - expected) <= TOLERANCE * scale);
        }
        top1 += before == 0;
        top5 += before < 5;
    }
    assert_true(fabs(found.loss - loss) <= TOLERANCE * (fabs(loss) + g->live));
    assert_int_equal(found.top1, top1);
    assert_int_equal(found.top5, top5);
    assert_memory_equal(&found, &without, sizeof found);
    assert_border_and_dead_lanes_are_zero(&gradient, PIXEL, g->classes, g->live);
    free_buffer(&gradient);
}

static void loss_and_its_gradient_are_the_definition(void **state)
{
    (void)state;
    dice d = {3};
    const nb_kernels *tables[3];
    int count = all_tables(tables);
    for (int trial = 0; trial < 60; trial++) {
        logits g = random_logits(trial % 3 == 0 ? 30 : 3, &d);
        if (trial % 4 == 0) /* ties */
            for (size_t k = 0; k < g.z.count; k++)
                g.z.v[k] = roundf(g.z.v[k]);
        for (int t = 0; t < count; t++)
            check_loss(tables[t], &g, &d);
        free_buffer(&g.z);
    }
}

static void logits_far_apart_do_not_overflow(void **state)
{
    (void)state;
    dice d = {4};
    const nb_kernels *tables[3];
    for (int t = 0, count = all_tables(tables); t < count; t++) {
        logits g = {.classes = 3, .live = 1, .z = random_block(PIXEL, 3, 1, &d)};
        g.z.v[at_pixel(PIXEL, 0, 0, 0, 0)] = 1e6f;
        g.z.v[at_pixel(PIXEL, 1, 0, 0, 0)] = -1e6f;
        g.labels[0] = 1;
        nb_block_loss loss;
        buffer gradient = new_buffer(g.z.count);
        tables[t]->softmax_cross_entropy(3, 1, g.z.v, g.labels, 0, 1, gradient.v, &loss);
        assert_true(loss.loss == 2e6);
        assert_true(gradient.v[at_pixel(PIXEL, 0, 0, 0, 0)] == 1);
        assert_true(gradient.v[at_pixel(PIXEL, 1, 0, 0, 0)] == -1);
        free_buffer(&gradient);
        free_buffer(&g.z);
    }
}

static void a_logit_that_is_not_a_number_gives_such_a_loss_and_no_hit(void **state)
{
    (void)state;
    dice d = {5};
    const nb_kernels *tables[3];
    for (int t = 0, count = all_tables(tables); t < count; t++)
        for (int bad = 0; bad < 12; bad++) {
            logits g = {.classes = 12, .live = 1, .z = random_block(PIXEL, 12, 1, &d)};
            for (int k = 0; k < 12; k++)
                g.z.v[at_pixel(PIXEL, k, 0, 0, 0)] = k == bad || k == 0 ? NAN : 1;
            nb_block_loss loss;
            g.labels[0] = bad;
            tables[t]->softmax_cross_entropy(12, 1, g.z.v, g.labels, 0, 1, NULL, &loss);
            assert_true(isnan(loss.loss));
            assert_int_equal(loss.top1, 0);
            free_buffer(&g.z);
        }
}

/* --- images --- */

static void packing_puts_image_i_into_lane_i(void **state)
{
    (void)state;
    dice d = {6};
    const nb_kernels *tables[3];
    int count = all_tables(tables);
    for (int trial = 0; trial < 60; trial++)
        for (int t = 0; t < count; t++) {
            nb_plane plane = {between(&d, 1, 9), between(&d, 1, 9)};
            int channels = between(&d, 1, 3), live = between(&d, 1, NB_LANES), pixels = plane.rows * plane.cols;
            size_t stride = (size_t)(channels * pixels + between(&d, 0, 3));
            buffer images = new_buffer(stride * (size_t)live), back = new_buffer(images.count);
            fill_numbers(&images, &d);
            memcpy(back.v, images.v, images.count * sizeof *images.v);
            buffer block = new_buffer((size_t)channels * nb_plane_floats(plane));
            fill_numbers(&block, &d); /* pack owes us the border too */
            tables[t]->pack(plane, channels, live, images.v, stride, block.v);
            for (int i = 0; i < live; i++)
                for (int channel = 0; channel < channels; channel++)
                    for (int p = 0; p < pixels; p++) {
                        float *from = &back.v[(size_t)i * stride + (size_t)(channel * pixels + p)];
                        assert_true(*from == block.v[at_pixel(plane, channel, p / plane.cols, p % plane.cols, i)]);
                        *from = 7; /* to be brought back */
                    }
            assert_border_and_dead_lanes_are_zero(&block, plane, channels, live);
            tables[t]->unpack(plane, channels, live, block.v, back.v, stride);
            assert_same_bits(back.v, images.v, images.count);
            free_buffer(&images);
            free_buffer(&back);
            free_buffer(&block);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pooling_and_its_gradient_are_the_definition),
        cmocka_unit_test(maximum_pooling_shows_nan),
        cmocka_unit_test(bias_reaches_live_pixels_only),
        cmocka_unit_test(loss_and_its_gradient_are_the_definition),
        cmocka_unit_test(logits_far_apart_do_not_overflow),
        cmocka_unit_test(a_logit_that_is_not_a_number_gives_such_a_loss_and_no_hit),
        cmocka_unit_test(packing_puts_image_i_into_lane_i),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
