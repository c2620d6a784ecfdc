/* nasbench arch and nasbench space for NAS-Bench-101. Known answers are those of the published vectors. */
#include "cli_run.h"

#include "base/hex.h"
#include "base/sha256.h"

static const char *const inception = "{\"matrix\": [[0,1,1,1,0,1,0],[0,0,0,0,0,0,1],[0,0,0,0,0,0,1],[0,0,0,0,1,0,0],[0,0,0,0,0,0,1],"
                                     "[0,0,0,0,0,0,1],[0,0,0,0,0,0,0]], \"ops\": [\"input\", \"conv1x1-bn-relu\", \"conv3x3-bn-relu\","
                                     "\"conv3x3-bn-relu\", \"conv3x3-bn-relu\", \"maxpool3x3\", \"output\"]}";

static void a_graph_is_shown_with_what_was_measured(void **state)
{
    (void)state;
    char *text = expect_text(RUN("arch", inception));
    expect_in(text, "NAS-Bench-101, cell 359715\n");
    expect_in(text, "hash           28cfc7874f6d200472e1a9dcd8650aa0\n");
    expect_in(text, "in domain      yes\n");
    expect_in(text, "matrix         0 1 1 1 0 1 0   input\n"
                    "               0 0 0 0 0 0 1   conv1x1-bn-relu\n");
    expect_in(text, "stored form    0 1 1 1 1 0 0   input\n"
                    "               0 0 0 0 0 0 1   conv3x3-bn-relu\n");
    expect_in(text, "parameters     2,694,282\n");
    expect_in(text, "FLOPs          805,783,562\n");
    expect_in(text, "cifar10       128      3       10  805.783562        2.694282\n");
    free(text);
}

static void index_and_hash_name_the_stored_form(void **state)
{
    (void)state;
    char *by_index = expect_text(RUN("arch", "--space", "nasbench101", "0"));
    char *by_hash = expect_text(RUN("arch", "043721b9c7fe8c5fad811d47d83132ec"));
    assert_string_equal(by_index, by_hash);
    expect_in(by_index, "stored form    the same\n");
    expect_in(by_index, "matrix         0 1   input\n               0 0   output\n");
    free(by_index);
    free(by_hash);
}

static void numbers_that_depend_on_the_order_are_given_for_both_forms(void **state)
{
    (void)state;
    /* A chain beside a single operation: the three that feed the output share 128 channels unevenly. */
    char *text = expect_text(RUN("arch", "{\"matrix\":[[0,1,1,1,0],[0,0,0,0,1],[0,0,0,0,1],[0,0,0,0,1],[0,0,0,0,0]],\"ops\":[\"input\","
                                         "\"maxpool3x3\",\"conv1x1-bn-relu\",\"conv3x3-bn-relu\",\"output\"]}"));
    expect_in(text, "(of the stored form, as published: ");
    free(text);
}

static void out_of_the_domain_the_reason_is_given(void **state)
{
    (void)state;
    json_t *arch = expect_json(RUN("arch", "--json", "{\"matrix\":[[0,1,0],[0,0,1],[0,0,0]],\"ops\":[\"input\",\"identity\",\"output\"]}"));
    assert_false(json_is_true(json_object_get(arch, "in_domain")));
    assert_string_equal(json_string_value(json_object_get(arch, "out_of_domain_reason")), "unknown-op");
    assert_true(json_is_null(json_object_get(arch, "hash")));
    assert_string_equal(json_string_value(json_array_get(json_object_get(arch, "pruned_ops"), 1)), "identity");
    json_decref(arch);
    char *text = expect_text(RUN("arch", "{\"matrix\":[[0,0],[0,0]],\"ops\":[\"input\",\"output\"]}"));
    expect_in(text, "a graph out of the domain\n");
    expect_in(text, "in domain      no: invalid spec, provided graph is disconnected.\n");
    free(text);
}

static void every_vertex_has_its_costs_in_json(void **state)
{
    (void)state;
    json_t *arch = expect_json(RUN("arch", "--json", inception));
    json_t *flops = json_object_get(json_object_get(arch, "vertex_flops"), "stack2/module0");
    json_t *params = json_object_get(json_object_get(arch, "vertex_params"), "stack0/module0");
    assert_int_equal(json_array_size(flops), 7);
    assert_int_equal(json_object_size(json_object_get(arch, "vertex_flops")), 9);
    assert_int_equal(json_integer_value(json_array_get(flops, 0)), 0);
    assert_int_equal(json_integer_value(json_array_get(params, 1)), 128 * 32 + 64 + 32 * 32 + 64);
    json_decref(arch);
}

static void costs_follow_dataset_and_scale(void **state)
{
    (void)state;
    json_t *arch =
        expect_json(RUN("arch", "--json", inception, "--dataset", "cifar10", "--dataset", "cifar100", "--channels", "16", "--cells", "1"));
    json_t *costs = json_object_get(arch, "costs");
    assert_int_equal(json_array_size(costs), 2);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(costs, 1), "classes")), 100);
    const double small = json_real_value(json_object_get(json_array_get(costs, 0), "params"));
    const double more_classes = json_real_value(json_object_get(json_array_get(costs, 1), "params"));
    assert_true(small < 0.02 && more_classes - small > 0.005849 && more_classes - small < 0.005851); /* 90 (64 + 1) */
    json_decref(arch);
    expect_failure(RUN("arch", inception, "--channels", "3"), 1, "3 channels: the cell's output shares them among 4 vertices");
}

static void a_cell_is_drawn_with_its_edges(void **state)
{
    (void)state;
    char *svg = expect_text(RUN("arch", inception, "--svg", "-"));
    assert_memory_equal(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\"", 39);
    expect_in(svg, "NAS-Bench-101, cell 359715</title>");
    expect_in(svg, ">conv1x1</text>");
    expect_in(svg, ">28cfc7874f6d200472e1a9dcd8650aa0</text>");
    size_t edges = 0;
    for (const char *at = svg; (at = strstr(at, "\"edge wire\"")) != NULL; at++)
        edges++;
    assert_int_equal(edges, 9);
    free(svg);
    expect_failure(RUN("arch", "{\"matrix\":[[0,0],[0,0]],\"ops\":[\"input\",\"output\"]}", "--svg", "-"), 1, "only cells in the domain");
}

static void what_is_no_graph_is_code_1_and_says_why(void **state)
{
    (void)state;
    expect_failure(RUN("arch", "{\"matrix\":[[0,1]]"), 1, "graph: offset 17: ',' expected, the text ends");
    expect_failure(RUN("arch", "{\"matrix\":[[0,1],[1,0]],\"ops\":[\"input\",\"output\"]}"), 1, "matrix must be upper triangular");
    expect_failure(RUN("arch", "--space", "nasbench101", "423624"), 1, "nasbench101 has 0 to 423623");
    expect_failure(RUN("arch", "00000000000000000000000000000000"), 1, "no cell of NAS-Bench-101 has the graph hash 0000");
}

static void cells_are_counted_by_vertices_and_edges(void **state)
{
    (void)state;
    json_t *counts = expect_json(RUN("space", "nasbench101", "count", "--json"));
    assert_int_equal(json_integer_value(json_object_get(counts, "total")), 423624);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(counts, "by_vertices"), "6")), 62010);
    if (shared_folder()) {
        json_t *all = json_load_file(shared_path("data/nasbench101-vectors/counts.json"), 0, NULL);
        assert_non_null(all);
        assert_true(json_equal(counts, json_object_get(all, "unique_cells")));
        json_decref(all);
    }
    json_decref(counts);
    char *text = expect_text(RUN("space", "nasbench101", "count"));
    expect_in(text, "all               1  6  84  2,441  62,010  359,082  423,624\n");
    free(text);
    expect_failure(RUN("space", "nasbench201", "count"), 2, "'count' is for the space nasbench101 only");
}

static void digest_of(const char *path, char text[65])
{
    size_t size;
    uint8_t *bytes = read_file(path, &size), digest[NB_SHA256_SIZE];
    nb_sha256 sum;
    nb_sha256_init(&sum);
    nb_sha256_add(&sum, bytes, size);
    nb_sha256_finish(&sum, digest);
    nb_hex(digest, sizeof digest, text);
    free(bytes);
}

/* The digest of counts.json, of the table sorted by hash. */
static void the_enumeration_has_the_published_digest(void **state)
{
    (void)state;
    char *path = scratch_path("cells.txt"), digest[65];
    free(expect_text(RUN("space", "nasbench101", "enumerate", "-o", path)));
    digest_of(path, digest);
    assert_string_equal(digest, "62a853a1325535d753571717e469acb5b493d6366955822c93ec91bd35b14be0");
    remove(path);
    free(path);
}

/* The reference's object: hash -> [matrix, labels]. Looked at as text; a whole tree of it would take hundreds of megabytes. */
static void as_json_the_enumeration_is_that_of_the_reference(void **state)
{
    (void)state;
    char *path = scratch_path("cells.json");
    free(expect_text(RUN("space", "nasbench101", "enumerate", "-o", path)));
    char *text = take_text(path);
    const char *begin = "{\"00005c142e6f48ac74fdcf73e3439874\": [[[0, 1, 0, 0, 1, 1, 0], [0, 0, 1, 0, 0, 0, 0], [0, 0, 0, 1, 0, 0, 1], "
                        "[0, 0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0]], "
                        "[-1, 0, 2, 0, 0, 1, -2]], \"";
    assert_memory_equal(text, begin, strlen(begin));
    expect_in(text, ", \"043721b9c7fe8c5fad811d47d83132ec\": [[[0, 1], [0, 0]], [-1, -2]], ");
    assert_string_equal(text + strlen(text) - 6, " -2]]}");
    free(text);
    remove(path);
    free(path);
}

static void check_vector(const json_t *module)
{
    json_t *spec = json_pack("{s:O, s:O}", "matrix", json_object_get(module, "matrix"), "ops", json_object_get(module, "ops"));
    char *text = json_dumps(spec, 0);
    json_decref(spec);
    const char *refusal = json_string_value(json_object_get(module, "construct_error"));
    if (refusal) {
        expect_failure(RUN("arch", text), 1, refusal);
        free(text);
        return;
    }
    static const char *const keys[] = {"valid_spec",
                                       "in_domain",
                                       "hash",
                                       "pruned_matrix",
                                       "pruned_ops",
                                       "vertices",
                                       "edges",
                                       "trainable_parameters",
                                       "flops",
                                       "stored_flops",
                                       "stored_trainable_parameters",
                                       "stored_adjacency",
                                       "stored_operations",
                                       "out_of_domain_reason"};
    json_t *arch = expect_json(RUN("arch", "--space", "nasbench101", "--json", text));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const json_t *expected = json_object_get(module, keys[i]), *found = json_object_get(arch, keys[i]);
        const bool same = expected ? json_equal(expected, found) : !found || json_is_null(found);
        if (!same && !json_is_null(expected))
            fail_msg("%s: %s", json_string_value(json_object_get(module, "id")), keys[i]);
    }
    json_decref(arch);
    free(text);
}

static void all_published_vectors(void **state)
{
    (void)state;
    skip_without_shared();
    json_t *all = json_load_file(shared_path("data/nasbench101-vectors/vectors.json"), 0, NULL), *module;
    size_t i;
    assert_non_null(all);
    json_array_foreach(json_object_get(all, "modules"), i, module) check_vector(module);
    assert_true(i >= 40);
    json_decref(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_graph_is_shown_with_what_was_measured),
        cmocka_unit_test(index_and_hash_name_the_stored_form),
        cmocka_unit_test(numbers_that_depend_on_the_order_are_given_for_both_forms),
        cmocka_unit_test(out_of_the_domain_the_reason_is_given),
        cmocka_unit_test(every_vertex_has_its_costs_in_json),
        cmocka_unit_test(costs_follow_dataset_and_scale),
        cmocka_unit_test(a_cell_is_drawn_with_its_edges),
        cmocka_unit_test(what_is_no_graph_is_code_1_and_says_why),
        cmocka_unit_test(cells_are_counted_by_vertices_and_edges),
        cmocka_unit_test(the_enumeration_has_the_published_digest),
        cmocka_unit_test(as_json_the_enumeration_is_that_of_the_reference),
        cmocka_unit_test(all_published_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
