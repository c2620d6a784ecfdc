/* nasbench arch: every form of an architecture, its costs, its drawing. Known answers are those of the published benchmark. */
#include "cli_run.h"

static const char *const arch_0 = "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|";

static void text_shows_every_form_of_a_cell(void **state)
{
    (void)state;
    char *text = expect_text(RUN("arch", "0"));
    expect_in(text, "NAS-Bench-201 topology space, architecture 0\n");
    expect_in(text, "string         |avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|\n");
    expect_in(text, "operations     1<-0 avg_pool_3x3\n"
                    "               2<-0 nor_conv_1x1  2<-1 skip_connect\n"
                    "               3<-0 nor_conv_1x1  3<-1 skip_connect  3<-2 skip_connect\n");
    expect_in(text, "matrix         0 0 0 0");
    expect_in(text, "\n               4 0 0 0\n               2 1 0 0\n               2 1 1 0\n");
    expect_in(text, "tuples         (('avg_pool_3x3', 0),)\n"
                    "               (('nor_conv_1x1', 0), ('skip_connect', 1))\n"
                    "               (('nor_conv_1x1', 0), ('skip_connect', 1), ('skip_connect', 2))\n");
    expect_in(text, "valid          yes");
    expect_in(text, "dataset         input        classes  FLOPs [MMACs]  parameters [M]\n");
    expect_in(text, "cifar10         3 x 32 x 32       10       15.64737        0.129306\n");
    free(text);
}

static void index_and_string_name_the_same_cell(void **state)
{
    (void)state;
    char *by_index = expect_text(RUN("arch", "0")), *by_string = expect_text(RUN("arch", arch_0));
    assert_string_equal(by_index, by_string);
    free(by_index);
    free(by_string);
}

static void json_has_the_same_forms(void **state)
{
    (void)state;
    json_t *arch = expect_json(RUN("arch", "9", "--json"));
    const char *space, *text, *null_mode, *false_mode, *true_mode;
    int index, valid;
    json_t *matrix, *operations, *costs;
    json_error_t error;
    int unpacked = json_unpack_ex(arch, &error, 0, "{s:s, s:i, s:s, s:o, s:o, s:{s:s, s:s, s:s}, s:b, s:o}", "space", &space, "index",
                                  &index, "arch", &text, "operations", &operations, "matrix", &matrix, "unique", "null", &null_mode,
                                  "false", &false_mode, "true", &true_mode, "valid", &valid, "costs", &costs);
    if (unpacked != 0)
        fail_msg("%s", error.text);
    assert_string_equal(space, "nasbench201");
    assert_int_equal(index, 9);
    assert_string_equal(text, "|avg_pool_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|nor_conv_3x3~2|");
    assert_string_equal(true_mode, "#+(#+#)@nor_conv_3x3+0");
    assert_string_equal(false_mode, "(((0)@avg_pool_3x3)@none+(0)@none)@nor_conv_3x3+((0)@avg_pool_3x3)@none+0");
    assert_int_equal(json_array_size(operations), 6);
    assert_string_equal(json_string_value(json_array_get(operations, 5)), "nor_conv_3x3");
    json_t *expected = json_loads("[[0,0,0,0],[4,0,0,0],[0,0,0,0],[1,0,3,0]]", 0, NULL);
    assert_true(json_equal(matrix, expected));
    json_decref(expected);
    assert_true(valid);
    assert_int_equal(json_array_size(costs), 4);
    json_decref(arch);
}

static void costs_are_the_published_doubles(void **state)
{
    (void)state;
    static const struct {
        const char *index, *dataset;
        double flops, params;
    } published[] = {
        {"0", "cifar10", 15.64737, 0.129306},         {"0", "cifar100", 15.65322, 0.135156},   {"0", "ImageNet16-120", 3.91948, 0.136456},
        {"11", "cifar10", 113.95137, 0.802426},       {"284", "cifar100", 11.72106, 0.107156}, {"resnet", "cifar10", 78.56193, 0.559386},
        {"all_c3x3", "cifar10", 220.11969, 1.531546},
    };
    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        json_t *arch = expect_json(RUN("arch", published[i].index, "--dataset", published[i].dataset, "--json"));
        json_t *costs = json_object_get(arch, "costs");
        assert_int_equal(json_array_size(costs), 1);
        json_t *row = json_array_get(costs, 0);
        assert_string_equal(json_string_value(json_object_get(row, "dataset")), published[i].dataset);
        assert_true(json_real_value(json_object_get(row, "flops")) == published[i].flops);
        assert_true(json_real_value(json_object_get(row, "params")) == published[i].params);
        json_decref(arch);
    }
}

static void numbers_are_printed_in_their_shortest_form(void **state)
{
    (void)state;
    char *text = expect_text(RUN("arch", "0", "--dataset", "cifar10", "--json"));
    expect_in(text, "\"flops\": 15.64737, ");
    expect_in(text, "\"params\": 0.129306, ");
    free(text);
}

static void the_class_lists_all_isomorphic_cells(void **state)
{
    (void)state;
    json_t *one = expect_json(RUN("arch", "123", "--json"));
    json_t *members = json_object_get(json_object_get(one, "class"), "members");
    int representative = (int)json_integer_value(json_object_get(json_object_get(one, "class"), "representative"));
    assert_true(json_array_size(members) >= 1);
    assert_int_equal(json_integer_value(json_array_get(members, 0)), representative);
    const char *key = json_string_value(json_object_get(json_object_get(one, "unique"), "true"));
    for (size_t i = 0; i < json_array_size(members) && i < 4; i++) {
        char index[16];
        snprintf(index, sizeof index, "%d", (int)json_integer_value(json_array_get(members, i)));
        json_t *other = expect_json(RUN("arch", index, "--json"));
        assert_string_equal(json_string_value(json_object_get(json_object_get(other, "unique"), "true")), key);
        json_decref(other);
    }
    json_decref(one);
}

static void named_cells_and_the_size_space_are_shown_too(void **state)
{
    (void)state;
    char *text = expect_text(RUN("arch", "resnet"));
    expect_in(text, "a cell that has no index");
    expect_in(text, "|nor_conv_3x3~0|+|nor_conv_3x3~1|+|skip_connect~0|skip_connect~2|");
    free(text);
    json_t *resnet = expect_json(RUN("arch", "resnet", "--json"));
    assert_true(json_is_null(json_object_get(resnet, "index")));
    json_decref(resnet);
    json_t *size = expect_json(RUN("arch", "8:16:24:32:40", "--json"));
    assert_string_equal(json_string_value(json_object_get(size, "space")), "nats-size");
    assert_int_equal(json_integer_value(json_object_get(size, "index")), 668);
    json_decref(size);
    size = expect_json(RUN("arch", "668", "--space", "nats-size", "--json"));
    assert_string_equal(json_string_value(json_object_get(size, "arch")), "8:16:24:32:40");
    json_decref(size);
}

static void smaller_networks_cost_less(void **state)
{
    (void)state;
    json_t *small = expect_json(RUN("arch", "0", "--channels", "4", "--cells", "1", "--dataset", "cifar10", "--json"));
    json_t *row = json_array_get(json_object_get(small, "costs"), 0);
    assert_true(json_real_value(json_object_get(row, "params")) < 0.129306);
    json_decref(small);
}

static void a_drawing_is_written_to_a_file_or_to_stdout(void **state)
{
    (void)state;
    char *path = scratch_path("cell.svg");
    free(expect_text(RUN("arch", "11", "--svg", path)));
    char *svg = take_text(path);
    char *same = expect_text(RUN("arch", "11", "--svg", "-"));
    assert_string_equal(svg, same);
    assert_memory_equal(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\"", 39);
    expect_in(svg, ">nor_conv_3x3</text>");
    expect_in(svg, "prefers-color-scheme:dark");
    expect_in(svg, "</svg>\n");
    size_t nodes = 0;
    for (const char *at = svg; (at = strstr(at, "<circle")) != NULL; at++)
        nodes++;
    assert_int_equal(nodes, 4);
    free(svg);
    free(same);
    free(path);
    expect_failure(RUN("arch", "all_full", "--svg", "-"), 1, "can be drawn");
    expect_failure(RUN("arch", "0", "--svg", "/nowhere/at/all.svg"), 1, "/nowhere/at/all.svg: No such file or directory");
}

static void what_is_not_an_architecture_is_code_1_and_says_why(void **state)
{
    (void)state;
    expect_failure(RUN("arch", "15625"), 1, "0 to 15624");
    expect_failure(RUN("arch", "|what~0|+|none~0|none~1|+|none~0|none~1|none~2|"), 1, "what");
    expect_failure(RUN("arch", "0", "--dataset", "cifar11"), 1, "cifar11");
    expect_failure(RUN("arch", "8:16:24:32"), 1, "five widths");
    expect_failure(RUN("arch", "0", "--space", "mars"), 2, "mars");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_shows_every_form_of_a_cell),
        cmocka_unit_test(index_and_string_name_the_same_cell),
        cmocka_unit_test(json_has_the_same_forms),
        cmocka_unit_test(costs_are_the_published_doubles),
        cmocka_unit_test(numbers_are_printed_in_their_shortest_form),
        cmocka_unit_test(the_class_lists_all_isomorphic_cells),
        cmocka_unit_test(named_cells_and_the_size_space_are_shown_too),
        cmocka_unit_test(smaller_networks_cost_less),
        cmocka_unit_test(a_drawing_is_written_to_a_file_or_to_stdout),
        cmocka_unit_test(what_is_not_an_architecture_is_code_1_and_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
