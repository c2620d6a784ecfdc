/* The element-wise kernel: the plain one against its definition in double, the fast ones against the plain one. */
#include "kernel_tests.h"

/* A call with all its tensors; the pointers of `what` go to the buffers. */
typedef struct call {
    nb_combine what;
    buffer v[NB_MAX_TERMS], gate[NB_MAX_TERMS], scale[NB_MAX_TERMS], dot_v[NB_MAX_DOTS], centre[NB_MAX_DOTS];
    buffer shift, out, relu, stats, sums, dots;
} call;

static buffer random_vector(int channels, dice *d)
{
    buffer b = new_buffer((size_t)channels);
    fill_numbers(&b, d);
    return b;
}

/* Outputs as an earlier use left them. */
static void add_outputs(call *c, dice *d)
{
    nb_combine *what = &c->what;
    size_t lanes = (size_t)what->channels * NB_LANES;
    c->out = used_block(what->plane, what->channels, d);
    c->relu = used_block(what->plane, what->channels, d);
    c->stats = new_buffer(3 * lanes);
    c->sums = new_buffer(lanes);
    c->dots = new_buffer(NB_MAX_DOTS * lanes);
    fill_numbers(&c->stats, d);
    fill_numbers(&c->sums, d);
    fill_numbers(&c->dots, d);
    what->out = c->out.v;
    what->relu = c->relu.v;
    what->stats = c->stats.v;
    what->sum_lanes = c->sums.v;
    what->dot_lanes = c->dots.v;
}

static call random_call(nb_plane plane, int channels, int terms, int dots, dice *d)
{
    call c = {.what = {.plane = plane, .channels = channels, .terms = terms, .dots = dots}};
    c.what.live = between(d, 0, 1) ? NB_LANES : between(d, 1, NB_LANES);
    for (int t = 0; t < NB_MAX_TERMS; t++) {
        c.v[t] = random_block(plane, channels, c.what.live, d);
        c.gate[t] = random_block(plane, channels, c.what.live, d);
        c.scale[t] = random_vector(channels, d);
        c.what.term[t] = (nb_term){.form = (nb_term_form)between(d, 0, 3), .v = c.v[t].v, .scale = between(d, 0, 1) ? c.scale[t].v : NULL};
        if (c.what.term[t].form == NB_TERM_GATED)
            c.what.term[t].gate = c.gate[t].v;
    }
    for (int k = 0; k < NB_MAX_DOTS; k++) {
        c.dot_v[k] = random_block(plane, channels, c.what.live, d);
        c.centre[k] = random_vector(channels, d);
        c.what.dot[k] = (nb_dot){.v = c.dot_v[k].v, .centre = between(d, 0, 1) ? c.centre[k].v : NULL};
    }
    c.shift = random_vector(channels, d);
    c.what.shift = between(d, 0, 2) ? c.shift.v : NULL;
    add_outputs(&c, d);
    return c;
}

/* Any plane, any number of terms and dots. */
static call any_call(dice *d)
{
    return random_call((nb_plane){between(d, 1, 19), between(d, 1, 19)}, between(d, 1, 5), between(d, 0, NB_MAX_TERMS),
                       between(d, 0, NB_MAX_DOTS), d);
}

static void free_outputs(call *c)
{
    buffer *all[] = {&c->out, &c->relu, &c->stats, &c->sums, &c->dots};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        free_buffer(all[k]);
}

static void free_call(call *c)
{
    for (int t = 0; t < NB_MAX_TERMS; t++) {
        free_buffer(&c->v[t]);
        free_buffer(&c->gate[t]);
        free_buffer(&c->scale[t]);
    }
    for (int k = 0; k < NB_MAX_DOTS; k++) {
        free_buffer(&c->dot_v[k]);
        free_buffer(&c->centre[k]);
    }
    free_buffer(&c->shift);
    free_outputs(c);
}

/* --- the plain kernel against the definition --- */

static int neighbours(int at, int size)
{
    int count = 0;
    for (int n = at - 1; n <= at + 1; n++)
        count += n >= 0 && n < size;
    return count;
}

static double defined_average(const nb_combine *what, const float *v, int channel, int r, int c, int lane, bool transpose)
{
    nb_plane plane = what->plane;
    double sum = 0;
    for (int row = r - 1; row <= r + 1; row++)
        for (int col = c - 1; col <= c + 1; col++)
            if (row >= 0 && row < plane.rows && col >= 0 && col < plane.cols) {
                int divisor = transpose ? neighbours(row, plane.rows) * neighbours(col, plane.cols)
                                        : neighbours(r, plane.rows) * neighbours(c, plane.cols);
                sum += (double)v[at_pixel(plane, channel, row, col, lane)] / divisor;
            }
    return sum;
}

static double defined_out(const nb_combine *what, int channel, int r, int c, int lane)
{
    size_t at = at_pixel(what->plane, channel, r, c, lane);
    double sum = what->shift ? what->shift[channel] : 0;
    for (int t = 0; t < what->terms; t++) {
        const nb_term *term = &what->term[t];
        double value = term->v[at];
        if (term->form == NB_TERM_GATED)
            value = term->gate[at] > 0 ? value : 0;
        else if (term->form != NB_TERM_PLAIN)
            value = defined_average(what, term->v, channel, r, c, lane, term->form == NB_TERM_AVERAGE_3_T);
        sum += value * (term->scale ? term->scale[channel] : 1);
    }
    return sum;
}

static void check_channel_sums(const call *c, int channel, int lane)
{
    const nb_combine *what = &c->what;
    int pixels = what->plane.rows * what->plane.cols;
    double sum = 0, dots[NB_MAX_DOTS] = {0};
    for (int r = 0; r < what->plane.rows; r++)
        for (int col = 0; col < what->plane.cols; col++) {
            size_t at = at_pixel(what->plane, channel, r, col, lane);
            double out = c->out.v[at];
            sum += out;
            for (int k = 0; k < what->dots; k++)
                dots[k] += out * (what->dot[k].v[at] - (what->dot[k].centre ? what->dot[k].centre[channel] : 0));
        }
    double allowed = TOLERANCE * 10 * pixels;
    assert_true(fabs(c->sums.v[channel * NB_LANES + lane] - sum) <= allowed);
    for (int k = 0; k < what->dots; k++)
        assert_true(fabs(c->dots.v[(k * what->channels + channel) * NB_LANES + lane] - dots[k]) <= 2 * allowed);
}

static void check_definition(const call *c)
{
    const nb_combine *what = &c->what;
    for (int channel = 0; channel < what->channels; channel++)
        for (int lane = 0; lane < what->live; lane++) {
            for (int r = 0; r < what->plane.rows; r++)
                for (int col = 0; col < what->plane.cols; col++) {
                    size_t at = at_pixel(what->plane, channel, r, col, lane);
                    assert_true(fabs(c->out.v[at] - defined_out(what, channel, r, col, lane)) <= TOLERANCE * 10);
                    assert_true(c->relu.v[at] == (c->out.v[at] > 0 ? c->out.v[at] : 0));
                }
            check_channel_sums(c, channel, lane);
        }
}

static void plain_combine_is_the_definition(void **state)
{
    (void)state;
    dice d = {1};
    for (int trial = 0; trial < 60; trial++) {
        call c = any_call(&d);
        nb_kernels_plain()->combine(&c.what, 0, c.what.plane.rows);
        check_definition(&c);
        assert_border_and_dead_lanes_are_zero(&c.out, c.what.plane, c.what.channels, c.what.live);
        assert_border_and_dead_lanes_are_zero(&c.relu, c.what.plane, c.what.channels, c.what.live);
        free_call(&c);
    }
}

/* <A x, y> = <x, A' y> */
static void average_and_its_transpose_belong_together(void **state)
{
    (void)state;
    dice d = {2};
    const nb_kernels *tables[3] = {nb_kernels_plain()};
    int count = 1 + fast_tables(tables + 1);
    for (int trial = 0; trial < 40; trial++)
        for (int t = 0; t < count; t++) {
            call c = random_call((nb_plane){between(&d, 1, 18), between(&d, 1, 18)}, 2, 1, 0, &d);
            buffer y = random_block(c.what.plane, 2, c.what.live, &d);
            double forward = 0, backward = 0;
            c.what.shift = NULL;
            c.what.term[0] = (nb_term){.form = NB_TERM_AVERAGE_3, .v = c.v[0].v};
            tables[t]->combine(&c.what, 0, c.what.plane.rows);
            for (size_t k = 0; k < y.count; k++)
                forward += (double)c.out.v[k] * y.v[k];
            c.what.term[0] = (nb_term){.form = NB_TERM_AVERAGE_3_T, .v = y.v};
            tables[t]->combine(&c.what, 0, c.what.plane.rows);
            for (size_t k = 0; k < y.count; k++)
                backward += (double)c.out.v[k] * c.v[0].v[k];
            assert_true(fabs(forward - backward) <= TOLERANCE * (double)y.count);
            free_buffer(&y);
            free_call(&c);
        }
}

/* --- the fast kernels against the plain one --- */

static void check_against_plain(const nb_kernels *k, call *c, dice *d)
{
    call fast = *c;
    add_outputs(&fast, d);
    k->combine(&fast.what, 0, fast.what.plane.rows);
    const nb_combine *what = &c->what;
    float pixels = 10 * (float)(what->plane.rows * what->plane.cols);
    size_t lanes = (size_t)what->channels * NB_LANES;
    assert_near("out", fast.out.v, c->out.v, NULL, 10, c->out.count);
    assert_near("relu", fast.relu.v, c->relu.v, NULL, 10, c->out.count);
    assert_near("sums", fast.sums.v, c->sums.v, NULL, pixels, c->sums.count);
    assert_near("dots", fast.dots.v, c->dots.v, NULL, 2 * pixels, (size_t)what->dots * lanes);
    assert_border_and_dead_lanes_are_zero(&fast.out, what->plane, what->channels, what->live);
    assert_border_and_dead_lanes_are_zero(&fast.relu, what->plane, what->channels, what->live);

    nb_moments expected[8], found[8];
    k->moments(c->stats.v, what->channels, what->live, what->plane.rows * what->plane.cols, expected);
    k->moments(fast.stats.v, what->channels, what->live, what->plane.rows * what->plane.cols, found);
    for (int channel = 0; channel < what->channels; channel++) {
        assert_true(fabs(found[channel].mean - expected[channel].mean) <= TOLERANCE * 10);
        assert_true(fabs(found[channel].m2 - expected[channel].m2) <= TOLERANCE * (expected[channel].m2 + pixels));
    }
    free_outputs(&fast);
}

static void fast_kernels_agree_with_plain(void **state)
{
    (void)state;
    dice d = {3};
    const nb_kernels *tables[2];
    int count = fast_tables(tables);
    for (int trial = 0; trial < 120; trial++) {
        call c = any_call(&d);
        nb_kernels_plain()->combine(&c.what, 0, c.what.plane.rows);
        for (int t = 0; t < count; t++)
            check_against_plain(tables[t], &c, &d);
        free_call(&c);
    }
}

/* --- on demand, in place, in bands --- */

static void what_is_not_asked_for_is_not_written(void **state)
{
    (void)state;
    dice d = {4};
    const nb_kernels *tables[3] = {nb_kernels_plain()};
    int count = 1 + fast_tables(tables + 1);
    for (int trial = 0; trial < 30; trial++)
        for (int t = 0; t < count; t++) {
            call c = any_call(&d);
            buffer out = copy_buffer(&c.out), relu = copy_buffer(&c.relu), stats = copy_buffer(&c.stats), sums = copy_buffer(&c.sums);
            c.what.out = c.what.relu = c.what.stats = c.what.sum_lanes = NULL;
            tables[t]->combine(&c.what, 0, c.what.plane.rows);
            assert_same_bits(c.out.v, out.v, out.count);
            assert_same_bits(c.relu.v, relu.v, relu.count);
            assert_same_bits(c.stats.v, stats.v, stats.count);
            assert_same_bits(c.sums.v, sums.v, sums.count);
            free_buffer(&out);
            free_buffer(&relu);
            free_buffer(&stats);
            free_buffer(&sums);
            free_call(&c);
        }
}

static void a_plain_or_gated_term_may_be_the_output(void **state)
{
    (void)state;
    dice d = {5};
    const nb_kernels *tables[3] = {nb_kernels_plain()};
    int count = 1 + fast_tables(tables + 1);
    for (int trial = 0; trial < 40; trial++)
        for (int t = 0; t < count; t++) {
            call c = random_call((nb_plane){between(&d, 1, 12), between(&d, 1, 12)}, 3, 3, 0, &d);
            buffer own = copy_buffer(&c.v[1]);
            c.what.term[1] = (nb_term){.form = NB_TERM_GATED, .v = c.v[1].v, .gate = c.gate[1].v, .scale = c.what.term[1].scale};
            tables[t]->combine(&c.what, 0, c.what.plane.rows);
            c.what.term[1].v = c.what.out = own.v;
            tables[t]->combine(&c.what, 0, c.what.plane.rows);
            assert_same_bits(own.v, c.out.v, own.count);
            free_buffer(&own);
            free_call(&c);
        }
}

static void bands_give_the_same_bits_as_the_whole(void **state)
{
    (void)state;
    dice d = {6};
    const nb_kernels *tables[3] = {nb_kernels_plain()};
    int count = 1 + fast_tables(tables + 1);
    for (int trial = 0; trial < 40; trial++)
        for (int t = 0; t < count; t++) {
            call c = any_call(&d), bands = c;
            add_outputs(&bands, &d);
            int rows = c.what.plane.rows;
            tables[t]->combine(&c.what, 0, rows);
            for (int row = 0, end; row < rows; row = end) {
                end = row + between(&d, 1, rows - row);
                tables[t]->combine(&bands.what, row, end);
            }
            assert_same_bits(bands.out.v, c.out.v, c.out.count);
            assert_same_bits(bands.stats.v, c.stats.v, c.stats.count);
            assert_same_bits(bands.sums.v, c.sums.v, c.sums.count);
            assert_same_bits(bands.dots.v, c.dots.v, (size_t)c.what.dots * (size_t)c.what.channels * NB_LANES);
            free_outputs(&bands);
            free_call(&c);
        }
}

static void lanes_are_summed_in_double_and_in_order(void **state)
{
    (void)state;
    float lanes[2 * NB_LANES] = {0};
    lanes[0] = 16777216;
    lanes[1] = 1; /* lost if summed in float */
    lanes[NB_LANES + 15] = 0.5f;
    const nb_kernels *tables[3] = {nb_kernels_plain()};
    for (int t = 0, count = 1 + fast_tables(tables + 1); t < count; t++) {
        double sums[2];
        tables[t]->sum_lanes(lanes, 2, sums);
        assert_true(sums[0] == 16777217.0);
        assert_true(sums[1] == 0.5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_combine_is_the_definition),         cmocka_unit_test(average_and_its_transpose_belong_together),
        cmocka_unit_test(fast_kernels_agree_with_plain),           cmocka_unit_test(what_is_not_asked_for_is_not_written),
        cmocka_unit_test(a_plain_or_gated_term_may_be_the_output), cmocka_unit_test(bands_give_the_same_bits_as_the_whole),
        cmocka_unit_test(lanes_are_summed_in_double_and_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
