/* The size space: widths as digits, and costs against the real files. */
#include "support.h"

#include <jansson.h>

#include "nasbench/space.h"

enum { SIZE = 32768, LAYERS = 5 };

static const nb_space *sizes(void)
{
    const nb_space *space = nb_space_find("nats-size", NULL);
    assert_non_null(space);
    return space;
}

static nb_arch at(uint64_t index)
{
    nb_arch arch;
    assert_int_equal(nb_space_at(sizes(), index, &arch, NULL), NB_OK);
    return arch;
}

static void indices_count_with_the_last_layer_fastest(void **state)
{
    (void)state;
    unsigned index = 0;
    for (unsigned a = 8; a <= 64; a += 8)
        for (unsigned b = 8; b <= 64; b += 8)
            for (unsigned c = 8; c <= 64; c += 8)
                for (unsigned d = 8; d <= 64; d += 8)
                    for (unsigned e = 8; e <= 64; e += 8) {
                        char expected[32], text[NB_ARCH_TEXT_SIZE];
                        snprintf(expected, sizeof expected, "%u:%u:%u:%u:%u", a, b, c, d, e);
                        const nb_arch arch = at(index);
                        assert_int_equal(nb_space_format(sizes(), &arch, text, sizeof text), strlen(expected));
                        assert_string_equal(text, expected);
                        assert_int_equal(nb_space_index_of_text(sizes(), text, strlen(text)), index);
                        assert_int_equal(nb_space_index(sizes(), &arch), index);
                        assert_int_equal(nb_space_canonical(sizes(), &arch), index);
                        nb_arch parsed;
                        assert_int_equal(nb_space_parse(sizes(), text, strlen(text), &parsed, NULL), NB_OK);
                        assert_true(nb_arch_equal(&parsed, &arch));
                        uint8_t choices[LAYERS];
                        assert_int_equal(nb_space_encode(sizes(), &arch, choices, NULL), NB_OK);
                        assert_int_equal(choices[4], e / 8 - 1);
                        assert_int_equal(nb_space_decode(sizes(), choices, &parsed, NULL), NB_OK);
                        assert_true(nb_arch_equal(&parsed, &arch));
                        index++;
                    }
    assert_int_equal(index, nb_space_size(sizes()));
}

static void the_space_has_its_names(void **state)
{
    (void)state;
    assert_ptr_equal(nb_space_find("sss", NULL), sizes());
    assert_ptr_equal(nb_space_find("NATS-sss", NULL), sizes());
    assert_ptr_equal(nb_space_find("size", NULL), sizes());
    assert_ptr_equal(nb_space_of(NB_SPACE_SIZE), sizes());
    assert_string_equal(nb_space_name(sizes()), "nats-size");
}

static void expect_refusal(const char *text, const char *message)
{
    nb_arch arch = {.space = 77};
    nb_error err;
    assert_int_equal(nb_space_parse(sizes(), text, strlen(text), &arch, &err), NB_ERR_FORMAT);
    assert_string_equal(err.message, message);
    assert_int_equal(arch.space, 77);
    assert_int_equal(nb_space_index_of_text(sizes(), text, strlen(text)), -1);
}

static void a_wrong_string_is_refused_with_its_place(void **state)
{
    (void)state;
#define EXPECTED ", expected five widths of 8, 16, .. 64 joined by ':'"
    expect_refusal("", "architecture string: offset 0: end of text" EXPECTED);
    expect_refusal("8:16:24", "architecture string: offset 7: end of text" EXPECTED);
    expect_refusal("8:16:24:", "architecture string: offset 8: end of text" EXPECTED);
    expect_refusal("8:17:24:32:40", "architecture string: offset 2: '17:24:32:40'" EXPECTED);
    expect_refusal("8:16:72:32:40", "architecture string: offset 5: '72:32:40'" EXPECTED);
    expect_refusal("08:16:24:32:40", "architecture string: offset 0: '08:16:24:32:40'" EXPECTED);
    expect_refusal("0:16:24:32:40", "architecture string: offset 0: '0:16:24:32:40'" EXPECTED);
    expect_refusal("8:160:24:32:40", "architecture string: offset 4: '0:24:32:40'" EXPECTED);
    expect_refusal("8;16:24:32:40", "architecture string: offset 1: ';16:24:32:40'" EXPECTED);
    expect_refusal("8:16:24:32:40:48", "architecture string: offset 13: ':48'" EXPECTED);
    expect_refusal("8:16:24:32:400", "architecture string: offset 13: '0'" EXPECTED);
#undef EXPECTED
}

static void malformed_architectures_are_none_of_the_space(void **state)
{
    (void)state;
    nb_arch bad[4] = {at(9), at(9), at(9), {0}};
    bad[0].code[2] = 20;
    bad[1].count = 6;
    bad[2].space = NB_SPACE_TOPOLOGY;
    for (size_t i = 0; i < 4; i++) {
        char text[8] = "x";
        nb_shape shape;
        nb_costs costs;
        assert_int_equal(nb_space_shape(sizes(), "cifar10", &shape, NULL), NB_OK);
        assert_false(nb_space_has(sizes(), &bad[i]));
        assert_int_equal(nb_space_index(sizes(), &bad[i]), -1);
        assert_int_equal(nb_space_format(sizes(), &bad[i], text, sizeof text), 0);
        assert_string_equal(text, "");
        assert_int_equal(nb_space_costs(sizes(), &bad[i], &shape, &costs, NULL), NB_ERR_ARGUMENT);
    }
}

/* Moves. ------------------------------------------------------------------------------------------------------------------------------- */

static void every_architecture_has_35_neighbours_and_is_a_neighbour_of_each(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SIZE; i += 331) {
        const nb_arch arch = at(i);
        nb_arch near[35], back[35];
        assert_int_equal(nb_space_neighbours(sizes(), &arch, near, 35), 35);
        for (size_t k = 0; k < 35; k++) {
            assert_true(nb_space_has(sizes(), &near[k]));
            assert_false(nb_arch_equal(&near[k], &arch));
            assert_int_equal(nb_space_neighbours(sizes(), &near[k], back, 35), 35);
            bool found = false;
            for (size_t m = 0; m < 35; m++)
                found |= nb_arch_equal(&back[m], &arch);
            assert_true(found);
        }
    }
}

static void mutation_redraws_one_layer_from_all_widths(void **state)
{
    (void)state;
    enum { DRAWS = 40000, WIDTHS = 8 };
    const nb_arch parent = at(20000);
    unsigned same = 0, changed[LAYERS][WIDTHS] = {{0}};
    nb_rng rng = nb_rng_seed(31, 0);
    for (int i = 0; i < DRAWS; i++) {
        const nb_arch child = nb_space_mutate(sizes(), &parent, &rng);
        assert_true(nb_space_has(sizes(), &child));
        unsigned changes = 0;
        for (unsigned layer = 0; layer < LAYERS; layer++) {
            if (child.code[layer] != parent.code[layer]) {
                changes++;
                changed[layer][child.code[layer] / 8 - 1]++;
            }
        }
        assert_true(changes <= 1);
        same += changes == 0;
    }
    double sum = (same - DRAWS / 8.0) * (same - DRAWS / 8.0) / (DRAWS / 8.0);
    for (unsigned layer = 0; layer < LAYERS; layer++) {
        for (unsigned width = 0; width < WIDTHS; width++) {
            const double difference = changed[layer][width] - DRAWS / 40.0;
            if (width != parent.code[layer] / 8U - 1)
                sum += difference * difference / (DRAWS / 40.0);
        }
    }
    assert_true(sum < 73.7); /* 35 degrees of freedom, p = 1e-4 */
}

static void sampling_is_uniform_over_every_layer(void **state)
{
    (void)state;
    enum { DRAWS = 40000 };
    unsigned counts[LAYERS][8] = {{0}};
    nb_rng rng = nb_rng_seed(32, 0);
    for (int i = 0; i < DRAWS; i++) {
        const nb_arch arch = nb_space_sample(sizes(), &rng);
        assert_true(nb_space_has(sizes(), &arch));
        for (unsigned layer = 0; layer < LAYERS; layer++)
            counts[layer][arch.code[layer] / 8 - 1]++;
    }
    double sum = 0;
    for (unsigned layer = 0; layer < LAYERS; layer++)
        for (unsigned width = 0; width < 8; width++)
            sum += (counts[layer][width] - DRAWS / 8.0) * (counts[layer][width] - DRAWS / 8.0) / (DRAWS / 8.0);
    assert_true(sum < 73.7); /* 35 degrees of freedom, p = 1e-4 */
}

static void every_architecture_is_valid_and_its_own_class(void **state)
{
    (void)state;
    const nb_arch arch = at(284);
    char key[NB_ARCH_TEXT_SIZE];
    assert_true(nb_space_is_valid(sizes(), &arch));
    nb_space_key(sizes(), &arch, key, sizeof key);
    assert_string_equal(key, "8:8:40:32:40");
}

/* Costs. ------------------------------------------------------------------------------------------------------------------------------- */

static void expect_costs(const char *text, const char *dataset, double flops, double params)
{
    nb_arch arch;
    nb_shape shape;
    nb_costs costs;
    assert_int_equal(nb_space_parse(sizes(), text, strlen(text), &arch, NULL), NB_OK);
    assert_int_equal(nb_space_shape(sizes(), dataset, &shape, NULL), NB_OK);
    assert_int_equal(nb_space_costs(sizes(), &arch, &shape, &costs, NULL), NB_OK);
    assert_true(costs.flops == flops);
    assert_true(costs.params == params);
}

static void costs_equal_the_published_values(void **state)
{
    (void)state;
    expect_costs("8:8:8:8:8", "cifar10", 4.481114, 0.011714);
    expect_costs("8:8:8:16:32", "cifar10", 6.84065, 0.049202);
    expect_costs("8:8:40:32:40", "cifar10", 21.827994, 0.144834);
    expect_costs("8:8:8:16:32", "cifar100", 6.84362, 0.052172);
    expect_costs("8:8:8:16:32", "ImageNet16-120", 1.71404, 0.052832);
}

/* All counts of one network, written out layer by layer from the specification. A cell a -> b: 3x3 convolutions a -> b twice and b -> b
 * three times; its skip connection is a 1x1 convolution where a differs from b. Parameters: two more per channel for normalisation. */
static nb_costs written_out(const uint8_t c[LAYERS], double side, double classes)
{
    const double p1 = side * side, p2 = p1 / 4, p3 = p1 / 16, x = c[2] != c[1], y = c[4] != c[3];
    const double stem = 27.0 * c[0];
    const double cell_1 = 45.0 * c[0] * c[0];
    const double block_1 = 9.0 * c[0] * c[1] + 9.0 * c[1] * c[1] + c[0] * c[1];
    const double cell_2 = 18.0 * c[1] * c[2] + 27.0 * c[2] * c[2] + x * c[1] * c[2];
    const double block_2 = 9.0 * c[2] * c[3] + 9.0 * c[3] * c[3] + c[2] * c[3];
    const double cell_3 = 18.0 * c[3] * c[4] + 27.0 * c[4] * c[4] + y * c[3] * c[4];
    const double head = c[4] * classes + classes;
    const double norms = 2.0 * (c[0] + 5 * c[0] + 2 * c[1] + (5 + x) * c[2] + 2 * c[3] + (5 + y) * c[4] + c[4]);
    return (nb_costs){((stem + cell_1) * p1 + (block_1 + cell_2) * p2 + (block_2 + cell_3) * p3 + head) / 1e6,
                      (stem + cell_1 + block_1 + cell_2 + block_2 + cell_3 + head + norms) / 1e6};
}

static void costs_of_every_architecture_equal_the_network_written_out(void **state)
{
    (void)state;
    const char *const datasets[] = {"cifar10", "ImageNet16-120"};
    for (size_t d = 0; d < 2; d++) {
        nb_shape shape;
        assert_int_equal(nb_space_shape(sizes(), datasets[d], &shape, NULL), NB_OK);
        for (unsigned i = 0; i < SIZE; i++) {
            const nb_arch arch = at(i);
            const nb_costs expected = written_out(arch.code, shape.height, shape.classes);
            nb_costs costs;
            assert_int_equal(nb_space_costs(sizes(), &arch, &shape, &costs, NULL), NB_OK);
            assert_true(costs.flops == expected.flops && costs.params == expected.params);
        }
    }
}

static void expect_costs_of_record(const char *path)
{
    json_error_t error;
    json_t *record = json_load_file(shared_path(path), 0, &error);
    assert_non_null(record);
    const char *schedule, *run_name;
    json_t *result, *run;
    unsigned runs = 0;
    json_object_foreach(record, schedule, result)
    {
        const char *text = json_string_value(json_object_get(result, "arch_str"));
        assert_int_equal(nb_space_index_of_text(sizes(), text, strlen(text)), json_integer_value(json_object_get(result, "arch_index")));
        json_object_foreach(json_object_get(result, "all_results"), run_name, run)
        {
            expect_costs(text, json_string_value(json_object_get(run, "name")), json_number_value(json_object_get(run, "flop")),
                         json_number_value(json_object_get(run, "params")));
            runs++;
        }
    }
    json_decref(record);
    assert_int_equal(runs, 4 + 12 + 4);
}

static void costs_equal_the_real_records(void **state)
{
    (void)state;
    skip_without_shared();
    expect_costs_of_record("data/nats-bench-real-archs/sss_000000.json");
    expect_costs_of_record("data/nats-bench-real-archs/sss_000011.json");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(indices_count_with_the_last_layer_fastest),
        cmocka_unit_test(the_space_has_its_names),
        cmocka_unit_test(a_wrong_string_is_refused_with_its_place),
        cmocka_unit_test(malformed_architectures_are_none_of_the_space),
        cmocka_unit_test(every_architecture_has_35_neighbours_and_is_a_neighbour_of_each),
        cmocka_unit_test(mutation_redraws_one_layer_from_all_widths),
        cmocka_unit_test(sampling_is_uniform_over_every_layer),
        cmocka_unit_test(every_architecture_is_valid_and_its_own_class),
        cmocka_unit_test(costs_equal_the_published_values),
        cmocka_unit_test(costs_of_every_architecture_equal_the_network_written_out),
        cmocka_unit_test(costs_equal_the_real_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
