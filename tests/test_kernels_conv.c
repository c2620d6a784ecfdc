/* Convolutions: the plain kernels against the definition, the fast ones against the plain ones. */
#include "kernel_tests.h"

/* --- what a convolution is asked to do --- */

static nb_conv conv_of(int kernel, int stride, int pad, int in_channels, int out_channels, int rows, int cols)
{
    nb_conv conv = {.in_channels = in_channels,
                    .out_channels = out_channels,
                    .kernel = kernel,
                    .stride = stride,
                    .pad = pad,
                    .dilation = 1,
                    .groups = 1,
                    .in = {rows, cols}};
    conv.out = (nb_plane){(rows + 2 * pad - kernel) / stride + 1, (cols + 2 * pad - kernel) / stride + 1};
    return conv;
}

/* The convolutions of the networks, at random sizes. */
static nb_conv random_conv(dice *d)
{
    int in = between(d, 1, 19), out = between(d, 1, 19), rows = between(d, 1, 12), cols = between(d, 1, 12);
    switch (between(d, 0, 6)) {
    case 0:
        return conv_of(3, 2, 1, in, out, rows, cols);
    case 1:
        return conv_of(1, 1, 0, in, out, rows, cols);
    case 2:
        return conv_of(1, 2, 0, in, out, rows, cols);
    case 3: { /* the second half of FactorizedReduce: the odd pixels, and past the end of an odd plane */
        nb_conv conv = conv_of(1, 2, 0, in, out, rows, cols);
        conv.pad = -1;
        return conv;
    }
    default:
        return conv_of(3, 1, 1, in, out, rows, cols);
    }
}

/* Anything that is legal. */
static nb_conv odd_conv(dice *d)
{
    int groups = between(d, 1, 3), kernel = between(d, 1, 5), dilation = between(d, 1, 2), stride = between(d, 1, 3);
    int pad = between(d, 0, kernel), reach = dilation * (kernel - 1) + 1;
    nb_conv conv = conv_of(kernel, stride, pad, groups * between(d, 1, 3), groups * between(d, 1, 3), between(d, reach, reach + 5),
                           between(d, reach, reach + 5));
    conv.groups = groups;
    conv.dilation = dilation;
    conv.out = (nb_plane){(conv.in.rows + 2 * pad - reach) / stride + 1, (conv.in.cols + 2 * pad - reach) / stride + 1};
    return conv;
}

static size_t weight_count(const nb_conv *conv)
{
    return (unsigned)(conv->out_channels * (conv->in_channels / conv->groups) * conv->kernel * conv->kernel);
}

static buffer random_weights(const nb_conv *conv, dice *d)
{
    buffer w = new_buffer(weight_count(conv));
    fill_numbers(&w, d);
    return w;
}

/* --- calls with everything around them --- */

static void run_forward(const nb_kernels *k, const nb_conv *conv, const buffer *x, const buffer *w, buffer *y, buffer *stats)
{
    buffer packed = new_buffer(k->conv_forward_weights(conv)), scratch = new_buffer(k->conv_scratch(conv));
    k->conv_pack_forward(conv, w->v, packed.v);
    k->conv_forward(conv, x->v, packed.v, y->v, 0, conv->out.rows, stats ? stats->v : NULL, scratch.v);
    free_buffer(&packed);
    free_buffer(&scratch);
}

static void run_grad_input(const nb_kernels *k, const nb_conv *conv, const buffer *dy, const buffer *w, buffer *dx, bool add)
{
    buffer packed = new_buffer(k->conv_backward_weights(conv)), scratch = new_buffer(k->conv_scratch(conv));
    k->conv_pack_backward(conv, w->v, packed.v);
    k->conv_grad_input(conv, dy->v, packed.v, dx->v, add, scratch.v);
    free_buffer(&packed);
    free_buffer(&scratch);
}

/* dw of `blocks` times the same block, in two partial sums. */
static void run_grad_weight(const nb_kernels *k, const nb_conv *conv, const buffer *x, const buffer *dy, int blocks, buffer *dw, bool add)
{
    size_t floats = k->conv_partial_gradient(conv), stride = floats + 5;
    buffer partials = new_buffer(stride + floats), scratch = new_buffer(k->conv_scratch(conv));
    for (int b = 0; b < blocks; b++)
        k->conv_grad_weight(conv, x->v, dy->v, partials.v + (b % 2 == 0 ? 0 : stride), b >= 2, scratch.v);
    k->conv_finish_gradient(conv, partials.v, stride, blocks < 2 ? 1 : 2, dw->v, add);
    free_buffer(&partials);
    free_buffer(&scratch);
}

/* --- the plain kernels against the definition --- */

static double pixel_or_zero(const nb_conv *conv, const buffer *x, int channel, int row, int col, int lane)
{
    bool inside = row >= 0 && row < conv->in.rows && col >= 0 && col < conv->in.cols;
    return inside ? x->v[at_pixel(conv->in, channel, row, col, lane)] : 0;
}

/* One output value by PyTorch's definition, in double. */
static double defined_value(const nb_conv *conv, const buffer *x, const buffer *w, int co, int r, int c, int lane)
{
    int inputs = conv->in_channels / conv->groups, group = co / (conv->out_channels / conv->groups);
    double sum = 0;
    for (int ci = 0; ci < inputs; ci++)
        for (int i = 0; i < conv->kernel; i++)
            for (int j = 0; j < conv->kernel; j++)
                sum += (double)w->v[((co * inputs + ci) * conv->kernel + i) * conv->kernel + j] *
                       pixel_or_zero(conv, x, group * inputs + ci, r * conv->stride - conv->pad + conv->dilation * i,
                                     c * conv->stride - conv->pad + conv->dilation * j, lane);
    return sum;
}

static void check_forward_definition(const nb_conv *conv, dice *d)
{
    int live = between(d, 1, NB_LANES);
    buffer x = random_block(conv->in, conv->in_channels, live, d), w = random_weights(conv, d);
    buffer y = used_block(conv->out, conv->out_channels, d);
    run_forward(nb_kernels_plain(), conv, &x, &w, &y, NULL);
    for (int co = 0; co < conv->out_channels; co++)
        for (int r = 0; r < conv->out.rows; r++)
            for (int c = 0; c < conv->out.cols; c++)
                for (int lane = 0; lane < live; lane++) {
                    float expected = (float)defined_value(conv, &x, &w, co, r, c, lane);
                    assert_near("forward", &y.v[at_pixel(conv->out, co, r, c, lane)], &expected, NULL, (float)weight_count(conv), 1);
                }
    assert_border_and_dead_lanes_are_zero(&y, conv->out, conv->out_channels, live);
    free_buffer(&x);
    free_buffer(&w);
    free_buffer(&y);
}

static void plain_forward_is_the_definition(void **state)
{
    (void)state;
    dice d = {1};
    for (int trial = 0; trial < 60; trial++) {
        nb_conv conv = trial % 2 == 0 ? random_conv(&d) : odd_conv(&d);
        check_forward_definition(&conv, &d);
    }
}

static double dot(const buffer *a, const buffer *b)
{
    double sum = 0;
    for (size_t k = 0; k < a->count; k++)
        sum += (double)a->v[k] * b->v[k];
    return sum;
}

/* Convolution is linear in x and in w, so its gradients are the transposes: <dx, x> = <dy, y> = <dw, w> for y = conv(x, w). */
static void check_transposes(const nb_kernels *k, const nb_conv *conv, dice *d)
{
    int live = between(d, 1, NB_LANES);
    buffer x = random_block(conv->in, conv->in_channels, live, d), w = random_weights(conv, d);
    buffer y = used_block(conv->out, conv->out_channels, d), dy = random_block(conv->out, conv->out_channels, live, d);
    buffer dx = used_block(conv->in, conv->in_channels, d), dw = new_buffer(w.count);
    run_forward(k, conv, &x, &w, &y, NULL);
    run_grad_input(k, conv, &dy, &w, &dx, false);
    run_grad_weight(k, conv, &x, &dy, 1, &dw, false);

    double allowed = TOLERANCE * ((double)y.count * sqrt((double)w.count) + 1);
    assert_true(fabs(dot(&dx, &x) - dot(&dy, &y)) <= allowed);
    assert_true(fabs(dot(&dw, &w) - dot(&dy, &y)) <= allowed);
    assert_border_and_dead_lanes_are_zero(&dx, conv->in, conv->in_channels, live);
    free_buffer(&x);
    free_buffer(&w);
    free_buffer(&y);
    free_buffer(&dy);
    free_buffer(&dx);
    free_buffer(&dw);
}

static void plain_gradients_are_the_transposes_of_forward(void **state)
{
    (void)state;
    dice d = {2};
    for (int trial = 0; trial < 100; trial++) {
        nb_conv conv = trial % 2 == 0 ? random_conv(&d) : odd_conv(&d);
        check_transposes(nb_kernels_plain(), &conv, &d);
    }
}

/* --- the fast kernels against the plain ones --- */

/* Random input in `live` lanes and what the plain kernels make of it; and of its magnitudes, the unit of errors. */
typedef struct example {
    nb_conv conv;
    int live;
    buffer x, w, dy;
    buffer y, dx, dw;
    buffer y_scale, dx_scale, dw_scale;
} example;

/* Minimal filtering works on neighbouring outputs of a row (and of a column), or the taps of one, together: what rounds off in one of them
 * is as large as the largest of them makes it. So the unit of a value's error is the largest sum of magnitudes within reach. `scale` holds
 * rows of `length` groups of `group` values; the result has, for each, the largest of those up to `reach` places to the left and right. */
static void widen(buffer *scale, size_t length, size_t group, int reach)
{
    buffer own = copy_buffer(scale);
    for (size_t k = 0; k < scale->count; k++) {
        int place = (int)(k / group % length);
        for (int other = place - reach; other <= place + reach; other++)
            if (other >= 0 && other < (int)length && k + (size_t)(other - place) * group < scale->count)
                scale->v[k] = fmaxf(scale->v[k], own.v[k + (size_t)(other - place) * group]);
    }
    free_buffer(&own);
}

/* The same along the rows of a block. */
static void widen_block(buffer *scale, nb_plane plane, int channels)
{
    for (int channel = 0; channel < channels; channel++) {
        size_t pixels = (size_t)plane.rows * nb_row_floats(plane);
        buffer one = new_buffer(pixels);
        float *from = scale->v + (size_t)channel * nb_plane_floats(plane);
        memcpy(one.v, from, pixels * sizeof *from);
        widen(&one, (size_t)plane.cols + 2, NB_LANES, 3);
        memcpy(from, one.v, pixels * sizeof *from);
        free_buffer(&one);
    }
}

static example new_example(nb_conv conv, dice *d)
{
    const nb_kernels *plain = nb_kernels_plain();
    example e = {.conv = conv, .live = between(d, 0, 1) ? NB_LANES : between(d, 1, NB_LANES)};
    e.x = random_block(conv.in, conv.in_channels, e.live, d);
    e.dy = random_block(conv.out, conv.out_channels, e.live, d);
    e.w = random_weights(&conv, d);
    e.y = used_block(conv.out, conv.out_channels, d);
    e.dx = used_block(conv.in, conv.in_channels, d);
    e.dw = new_buffer(e.w.count);
    run_forward(plain, &conv, &e.x, &e.w, &e.y, NULL);
    run_grad_input(plain, &conv, &e.dy, &e.w, &e.dx, false);
    run_grad_weight(plain, &conv, &e.x, &e.dy, 1, &e.dw, false);

    buffer x = magnitudes(&e.x), dy = magnitudes(&e.dy), w = magnitudes(&e.w);
    e.y_scale = new_buffer(e.y.count);
    e.dx_scale = new_buffer(e.dx.count);
    e.dw_scale = new_buffer(e.dw.count);
    run_forward(plain, &conv, &x, &w, &e.y_scale, NULL);
    run_grad_input(plain, &conv, &dy, &w, &e.dx_scale, false);
    run_grad_weight(plain, &conv, &x, &dy, 1, &e.dw_scale, false);
    if (conv.kernel == 3 && conv.stride == 1) {
        widen_block(&e.y_scale, conv.out, conv.out_channels);
        widen_block(&e.dx_scale, conv.in, conv.in_channels);
        widen(&e.dw_scale, 3, 1, 2);
    }
    free_buffer(&x);
    free_buffer(&dy);
    free_buffer(&w);
    return e;
}

static void free_example(example *e)
{
    buffer *all[] = {&e->x, &e->w, &e->dy, &e->y, &e->dx, &e->dw, &e->y_scale, &e->dx_scale, &e->dw_scale};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        free_buffer(all[k]);
}

static void check_forward(const nb_kernels *k, const example *e, dice *d)
{
    buffer y = used_block(e->conv.out, e->conv.out_channels, d);
    run_forward(k, &e->conv, &e->x, &e->w, &y, NULL);
    assert_near("forward", y.v, e->y.v, e->y_scale.v, 0, y.count);
    assert_border_and_dead_lanes_are_zero(&y, e->conv.out, e->conv.out_channels, e->live);
    free_buffer(&y);
}

static void check_grad_input(const nb_kernels *k, const example *e, dice *d)
{
    buffer dx = used_block(e->conv.in, e->conv.in_channels, d);
    run_grad_input(k, &e->conv, &e->dy, &e->w, &dx, false);
    assert_near("input gradient", dx.v, e->dx.v, e->dx_scale.v, 0, dx.count);
    assert_border_and_dead_lanes_are_zero(&dx, e->conv.in, e->conv.in_channels, e->live);

    buffer sum = random_block(e->conv.in, e->conv.in_channels, e->live, d), before = copy_buffer(&sum);
    run_grad_input(k, &e->conv, &e->dy, &e->w, &sum, true);
    for (size_t n = 0; n < sum.count; n++)
        sum.v[n] -= before.v[n];
    assert_near("added input gradient", sum.v, e->dx.v, e->dx_scale.v, 1, sum.count);
    free_buffer(&dx);
    free_buffer(&sum);
    free_buffer(&before);
}

static void check_grad_weight(const nb_kernels *k, const example *e)
{
    buffer dw = new_buffer(e->w.count);
    run_grad_weight(k, &e->conv, &e->x, &e->dy, 1, &dw, false);
    assert_near("weight gradient", dw.v, e->dw.v, e->dw_scale.v, 0, dw.count);

    run_grad_weight(k, &e->conv, &e->x, &e->dy, 5, &dw, true); /* 1 + 5 times the same */
    for (size_t n = 0; n < dw.count; n++)
        dw.v[n] /= 6;
    assert_near("added weight gradients", dw.v, e->dw.v, e->dw_scale.v, 0, dw.count);
    free_buffer(&dw);
}

static void check_against_plain(nb_conv conv, dice *d)
{
    const nb_kernels *tables[2];
    example e = new_example(conv, d);
    for (int t = 0, count = fast_tables(tables); t < count; t++) {
        check_forward(tables[t], &e, d);
        check_grad_input(tables[t], &e, d);
        check_grad_weight(tables[t], &e);
    }
    free_example(&e);
}

static void fast_kernels_agree_with_plain_on_random_shapes(void **state)
{
    (void)state;
    dice d = {3};
    for (int trial = 0; trial < 150; trial++)
        check_against_plain(random_conv(&d), &d);
}

static void fast_kernels_agree_with_plain_on_the_networks_own_shapes(void **state)
{
    (void)state;
    dice d = {4};
    static const int shapes[][3] = {{4, 4, 16}, {8, 8, 8}, {16, 16, 4}, {16, 16, 32}, {32, 32, 16}, {64, 64, 8}, {3, 16, 32}, {1, 8, 28}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        check_against_plain(conv_of(3, 1, 1, shapes[s][0], shapes[s][1], shapes[s][2], shapes[s][2]), &d);
    check_against_plain(conv_of(3, 2, 1, 16, 32, 32, 32), &d);
    check_against_plain(conv_of(1, 1, 0, 32, 64, 8, 8), &d);
    check_against_plain(conv_of(1, 1, 0, 64, 120, 1, 1), &d); /* the classifier */
}

static void fast_kernels_take_any_convolution(void **state)
{
    (void)state;
    dice d = {5};
    for (int trial = 0; trial < 40; trial++)
        check_against_plain(odd_conv(&d), &d);
}

/* --- statistics --- */

/* A channel with a mean a thousand times its deviation: x and w so that every output is 1000 plus noise. */
static void set_far_from_zero(const nb_conv *conv, buffer *x, buffer *w, int live, dice *d)
{
    for (size_t k = 0; k < w->count; k++)
        w->v[k] = 0;
    for (int co = 0; co < conv->out_channels; co++)
        w->v[(size_t)(co * conv->in_channels * conv->kernel + conv->kernel / 2) * (size_t)conv->kernel + (size_t)(conv->kernel / 2)] = 1;
    for (int r = 0; r < conv->in.rows; r++)
        for (int c = 0; c < conv->in.cols; c++)
            for (int lane = 0; lane < live; lane++)
                x->v[at_pixel(conv->in, 0, r, c, lane)] = 1000 + number(d);
}

static nb_moments defined_moments(nb_plane plane, const buffer *y, int channel, int live)
{
    nb_moments m = {0, 0};
    double count = (double)plane.rows * plane.cols * live;
    for (int pass = 0; pass < 2; pass++)
        for (int r = 0; r < plane.rows; r++)
            for (int c = 0; c < plane.cols; c++)
                for (int lane = 0; lane < live; lane++) {
                    double v = y->v[at_pixel(plane, channel, r, c, lane)];
                    if (pass == 0)
                        m.mean += v / count;
                    else
                        m.m2 += (v - m.mean) * (v - m.mean);
                }
    return m;
}

static void check_statistics(const nb_kernels *k, nb_conv conv, bool far, dice *d)
{
    int live = between(d, 1, NB_LANES), pixels = conv.out.rows * conv.out.cols;
    buffer x = random_block(conv.in, conv.in_channels, live, d), w = random_weights(&conv, d);
    buffer y = used_block(conv.out, conv.out_channels, d), stats = new_buffer((size_t)conv.out_channels * NB_STATS_FLOATS);
    if (far)
        set_far_from_zero(&conv, &x, &w, live, d);
    run_forward(k, &conv, &x, &w, &y, &stats);
    nb_moments found[32];
    k->moments(stats.v, conv.out_channels, live, pixels, found);
    for (int co = 0; co < conv.out_channels; co++) {
        nb_moments expected = defined_moments(conv.out, &y, co, live);
        double deviation = sqrt(expected.m2 / (pixels * live));
        assert_true(fabs(found[co].mean - expected.mean) <= 1e-5 * deviation + 1e-7 * fabs(expected.mean));
        assert_true(fabs(found[co].m2 - expected.m2) <= 1e-5 * expected.m2 + 1e-9);
    }
    free_buffer(&x);
    free_buffer(&w);
    free_buffer(&y);
    free_buffer(&stats);
}

static void statistics_are_those_of_the_output(void **state)
{
    (void)state;
    dice d = {6};
    const nb_kernels *tables[3] = {nb_kernels_plain()};
    int count = 1 + fast_tables(tables + 1);
    for (int trial = 0; trial < 40; trial++)
        for (int t = 0; t < count; t++)
            check_statistics(tables[t], random_conv(&d), false, &d);
}

static void variance_survives_a_mean_a_thousand_times_the_deviation(void **state)
{
    (void)state;
    dice d = {7};
    const nb_kernels *tables[3] = {nb_kernels_plain()};
    int count = 1 + fast_tables(tables + 1);
    for (int t = 0; t < count; t++) {
        check_statistics(tables[t], conv_of(1, 1, 0, 2, 5, 9, 9), true, &d);
        check_statistics(tables[t], conv_of(1, 1, 0, 4, 8, 32, 32), true, &d);
    }
}

/* --- bands, repeats, ranges --- */

static void check_bands(const nb_kernels *k, nb_conv conv, dice *d)
{
    buffer x = random_block(conv.in, conv.in_channels, NB_LANES, d), w = random_weights(&conv, d);
    buffer whole = used_block(conv.out, conv.out_channels, d), bands = used_block(conv.out, conv.out_channels, d);
    buffer stats = new_buffer((size_t)conv.out_channels * NB_STATS_FLOATS), band_stats = copy_buffer(&stats);
    buffer packed = new_buffer(k->conv_forward_weights(&conv)), scratch = new_buffer(k->conv_scratch(&conv));
    run_forward(k, &conv, &x, &w, &whole, &stats);
    k->conv_pack_forward(&conv, w.v, packed.v);
    for (int row = 0, end; row < conv.out.rows; row = end) {
        end = row + NB_BAND_ROWS * between(d, 1, (conv.out.rows - row + NB_BAND_ROWS - 1) / NB_BAND_ROWS);
        end = end < conv.out.rows ? end : conv.out.rows;
        fill_numbers(&scratch, d); /* nothing is kept there from band to band */
        k->conv_forward(&conv, x.v, packed.v, bands.v, row, end, band_stats.v, scratch.v);
    }
    assert_same_bits(bands.v, whole.v, whole.count);
    assert_same_bits(band_stats.v, stats.v, stats.count);
    buffer *all[] = {&x, &w, &whole, &bands, &stats, &band_stats, &packed, &scratch};
    for (size_t n = 0; n < sizeof all / sizeof *all; n++)
        free_buffer(all[n]);
}

static void a_block_in_bands_gives_the_same_bits(void **state)
{
    (void)state;
    dice d = {8};
    const nb_kernels *tables[3] = {nb_kernels_plain()};
    int count = 1 + fast_tables(tables + 1);
    for (int trial = 0; trial < 60; trial++)
        for (int t = 0; t < count; t++)
            check_bands(tables[t], random_conv(&d), &d);
    for (int t = 0; t < count; t++) {
        check_bands(tables[t], conv_of(3, 1, 1, 16, 16, 16, 16), &d);
        check_bands(tables[t], conv_of(3, 1, 1, 8, 16, 8, 8), &d);
    }
}

/* Which bits come out must not depend on what lay in scratch or in the output before. */
static void the_same_call_gives_the_same_bits(void **state)
{
    (void)state;
    dice d = {9};
    const nb_kernels *tables[2];
    int count = fast_tables(tables);
    for (int trial = 0; trial < 40; trial++)
        for (int t = 0; t < count; t++) {
            example e = new_example(random_conv(&d), &d);
            buffer first[3] = {copy_buffer(&e.y), copy_buffer(&e.dx), copy_buffer(&e.dw)};
            for (int again = 0; again < 2; again++) {
                run_forward(tables[t], &e.conv, &e.x, &e.w, again ? &e.y : &first[0], NULL);
                run_grad_input(tables[t], &e.conv, &e.dy, &e.w, again ? &e.dx : &first[1], false);
                run_grad_weight(tables[t], &e.conv, &e.x, &e.dy, 3, again ? &e.dw : &first[2], false);
            }
            assert_same_bits(first[0].v, e.y.v, e.y.count);
            assert_same_bits(first[1].v, e.dx.v, e.dx.count);
            assert_same_bits(first[2].v, e.dw.v, e.dw.count);
            for (int n = 0; n < 3; n++)
                free_buffer(&first[n]);
            free_example(&e);
        }
}

static void best_table_is_one_this_machine_runs(void **state)
{
    (void)state;
    const nb_kernels *best = nb_kernels_best();
    assert_non_null(best);
    assert_ptr_equal(nb_kernels_named(best->name), best);
    assert_ptr_equal(nb_kernels_named("plain"), nb_kernels_plain());
    assert_null(nb_kernels_named("abacus"));
    print_message("best table here: %s\n", best->name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_forward_is_the_definition),
        cmocka_unit_test(plain_gradients_are_the_transposes_of_forward),
        cmocka_unit_test(fast_kernels_agree_with_plain_on_random_shapes),
        cmocka_unit_test(fast_kernels_agree_with_plain_on_the_networks_own_shapes),
        cmocka_unit_test(fast_kernels_take_any_convolution),
        cmocka_unit_test(statistics_are_those_of_the_output),
        cmocka_unit_test(variance_survives_a_mean_a_thousand_times_the_deviation),
        cmocka_unit_test(a_block_in_bands_gives_the_same_bits),
        cmocka_unit_test(the_same_call_gives_the_same_bits),
        cmocka_unit_test(best_table_is_one_this_machine_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
