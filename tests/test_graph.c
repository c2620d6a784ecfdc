/* NAS-Bench-101's cells: hash, pruning, catalogue and costs against the published numbers. */
#include "support.h"

#include <jansson.h>

#include "base/hex.h"
#include "base/sha256.h"
#include "nasbench/nasbench101.h"
#include "space/graph_hash_lanes.h"

static nb_cell101 cell_of(int vertices, const char *matrix, const char *labels)
{
    int entries[NB_CELL101_VERTICES * NB_CELL101_VERTICES], label[NB_CELL101_VERTICES] = {NB_LABEL101_INPUT};
    for (int i = 0; i < vertices * vertices; i++)
        entries[i] = matrix[i] - '0';
    for (int i = 1; i < vertices - 1; i++)
        label[i] = labels[i - 1] - '0';
    label[vertices - 1] = NB_LABEL101_OUTPUT;
    nb_modelspec graph;
    nb_cell101 cell;
    assert_int_equal(nb_modelspec_build(entries, vertices, vertices, label, vertices, &graph, NULL), NB_OK);
    assert_int_equal(nb_modelspec_cell(&graph, &cell, NULL), NB_OK);
    return cell;
}

static void hash_text(const nb_modelspec *graph, char text[33])
{
    uint8_t hash[NB_CELL101_HASH_SIZE];
    nb_modelspec_hash(graph, hash);
    nb_hex(hash, sizeof hash, text);
}

static const struct {
    int vertices;
    const char *matrix, *labels, *hash;
    uint64_t params, flops;
} known[] = {
    {2, "0100", "", "043721b9c7fe8c5fad811d47d83132ec", 882570, 275752970},
    {3, "010001000", "0", "b49ac8c578b4561d79ac7087988f1c61", 10177674, 2993661962},
    {3, "010001000", "1", "d1269d9156ddc027c40473008192958a", 1920138, 577742858},
    {3, "010001000", "2", "53cee42601ad14d661bb6878031d6acb", 882570, 281946122},
    {3, "011001000", "0", "d32d0b26d534203b48d866facd98cc3e", 11051402, 3262785546},
    {4, "0110000100010000", "12", "ac9bd0e2514c031187b612db767fb038", 1143306, 354347018},
    {4, "0110000100010000", "21", "ac9bd0e2514c031187b612db767fb038", 1143306, 354347018},
    {5, "0100000100000100000100000", "100", "6047adcded92b5d8126a9cc34054624b", 20510346, 6013560842},
    {5, "0100000100000100000100000", "001", "18e7e3d39b5b57052ca70818bd8382e4", 20510346, 6013560842},
    {7, "0100110001000000010010000010000001000000010000000", "02001", "00005c142e6f48ac74fdcf73e3439874", 8555530, 2527684618},
};

static void hash_and_costs_of_known_cells(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        nb_cell101 cell = cell_of(known[i].vertices, known[i].matrix, known[i].labels);
        nb_modelspec graph;
        char text[33];
        nb_cost101 cost;
        nb_cell101_spec(&cell, &graph);
        hash_text(&graph, text);
        assert_string_equal(text, known[i].hash);
        nb_cell101_cost(&cell, &cost);
        assert_int_equal(cost.params, known[i].params);
        assert_int_equal(cost.flops, known[i].flops);
    }
}

static void vertex_costs_of_the_published_example(void **state)
{
    (void)state;
    nb_cell101 cell = cell_of(7, known[9].matrix, known[9].labels);
    nb_cost101 cost;
    nb_cell101_cost(&cell, &cost);
    assert_int_equal(cost.vertex_flops[0][1], 92274688);
    assert_int_equal(cost.vertex_flops[0][2], 589824);
    assert_int_equal(cost.vertex_flops[0][5], 25296896);
    assert_int_equal(cost.vertex_params[0][1], 45312);
    assert_int_equal(cost.vertex_flops[0][0], 0);
    assert_int_equal(cost.vertex_flops[0][6], 0);
}

static void building_refuses_in_the_words_of_the_reference(void **state)
{
    (void)state;
    nb_modelspec graph;
    nb_error err;
    const int labels[3] = {NB_LABEL101_INPUT, 0, NB_LABEL101_OUTPUT};
    const int lower[9] = {0, 1, 0, 0, 0, 1, 1, 0, 0}, two[9] = {0, 2, 0, 0, 0, 1, 0, 0, 0};
    assert_int_equal(nb_modelspec_build(lower, 3, 2, labels, 3, &graph, &err), NB_ERR_ARGUMENT);
    assert_memory_equal(err.message, "matrix must be square", 21);
    assert_int_equal(nb_modelspec_build(lower, 3, 3, labels, 2, &graph, &err), NB_ERR_ARGUMENT);
    assert_memory_equal(err.message, "length of ops must match matrix dimensions", 42);
    assert_int_equal(nb_modelspec_build(lower, 3, 3, labels, 3, &graph, &err), NB_ERR_ARGUMENT);
    assert_memory_equal(err.message, "matrix must be upper triangular", 31);
    assert_int_equal(nb_modelspec_build(two, 3, 3, labels, 3, &graph, &err), NB_ERR_ARGUMENT);
    assert_memory_equal(err.message, "matrix entries must be 0 or 1", 29);
}

static void the_catalogue_counts_as_published(void **state)
{
    (void)state;
    static const uint32_t by_vertices[NB_CELL101_VERTICES + 1] = {0, 0, 1, 6, 84, 2441, 62010, 359082};
    static const uint32_t by_edges[NB_CELL101_EDGES + 1] = {0, 1, 3, 12, 60, 339, 2134, 13984, 78822, 328269};
    uint32_t vertices[NB_CELL101_VERTICES + 1] = {0}, edges[NB_CELL101_EDGES + 1] = {0};
    const nb_cell101_matrix *matrix = nb_cell101_matrices();
    for (int m = 0; m < NB_CELL101_MATRICES; m++) {
        vertices[matrix[m].vertices] += matrix[m].labellings;
        edges[__builtin_popcount(matrix[m].edges)] += matrix[m].labellings;
    }
    assert_memory_equal(vertices, by_vertices, sizeof vertices);
    assert_memory_equal(edges, by_edges, sizeof edges);
    const nb_cell101_matrix *last = &matrix[NB_CELL101_MATRICES - 1];
    assert_int_equal(last->first + last->labellings, NB_CELL101_CELLS);
}

static void an_index_leads_to_its_cell_and_back(void **state)
{
    (void)state;
    for (uint32_t index = 0; index < NB_CELL101_CELLS; index += 7) {
        nb_cell101 cell = nb_cell101_at(index);
        assert_int_equal(nb_cell101_index(&cell), index);
    }
}

/* Any relabelling of a cell that keeps its edges pointing forwards has the same stored form and the same hash. */
static void isomorphic_cells_have_one_stored_form(void **state)
{
    (void)state;
    nb_cell101 stored = nb_cell101_at(0);
    for (uint32_t index = 100; index < NB_CELL101_CELLS; index += 1009) {
        stored = nb_cell101_at(index);
        for (int v = 1; v + 1 < stored.vertices - 1; v++) {
            if (nb_cell101_has_edge(&stored, v, v + 1))
                continue;
            nb_modelspec graph, swapped;
            nb_cell101_spec(&stored, &graph);
            swapped = graph;
            swapped.out[v] = graph.out[v + 1];
            swapped.out[v + 1] = graph.out[v];
            swapped.label[v] = graph.label[v + 1];
            swapped.label[v + 1] = graph.label[v];
            for (int x = 0; x < v; x++) {
                uint32_t both = graph.out[x] >> v & 3;
                swapped.out[x] = (graph.out[x] & ~(3u << v)) | (both >> 1 | (both & 1) << 1) << v;
            }
            nb_cell101 other;
            char first[33], second[33];
            assert_int_equal(nb_modelspec_cell(&swapped, &other, NULL), NB_OK);
            assert_int_equal(nb_cell101_index(&other), index);
            hash_text(&graph, first);
            hash_text(&swapped, second);
            assert_string_equal(first, second);
        }
    }
}

/* Sorts positions by hash: qsort's comparison has no room for the table, so the records carry their hash. */
typedef struct hashed {
    uint8_t hash[NB_CELL101_HASH_SIZE];
    uint32_t index;
} hashed;

static int by_hash(const void *a, const void *b)
{
    return memcmp(a, b, NB_CELL101_HASH_SIZE);
}

static void add_table_line(nb_sha256 *sum, const char *hash, const nb_cell101 *cell, uint64_t params)
{
    char line[160];
    int at = snprintf(line, sizeof line, "%s ", hash), vertices = cell->vertices;
    for (int x = 0; x < vertices; x++)
        for (int y = 0; y < vertices; y++)
            line[at++] = x < y && nb_cell101_has_edge(cell, x, y) ? '1' : '0';
    line[at++] = ' ';
    for (int i = 0; i < vertices - 2; i++)
        line[at++] = (char)('0' + cell->label[i]);
    at += snprintf(line + at, sizeof line - (size_t)at, " %llu\n", (unsigned long long)params);
    nb_sha256_add(sum, line, (size_t)at);
}

static void the_hashed_table_has_the_published_digest(void **state)
{
    (void)state;
    uint8_t *hashes = malloc((size_t)NB_CELL101_CELLS * NB_CELL101_HASH_SIZE);
    hashed *sorted = malloc(NB_CELL101_CELLS * sizeof *sorted);
    assert_non_null(hashes);
    assert_non_null(sorted);
    nb_cell101_hashes(hashes);
    for (uint32_t i = 0; i < NB_CELL101_CELLS; i++) {
        memcpy(sorted[i].hash, hashes + (size_t)i * NB_CELL101_HASH_SIZE, NB_CELL101_HASH_SIZE);
        sorted[i].index = i;
    }
    qsort(sorted, NB_CELL101_CELLS, sizeof *sorted, by_hash);
    nb_sha256 list, table;
    nb_sha256_init(&list);
    nb_sha256_init(&table);
    uint64_t least = UINT64_MAX, most = 0, sum = 0, flops_least = UINT64_MAX, flops_most = 0, flops_sum = 0;
    for (uint32_t i = 0; i < NB_CELL101_CELLS; i++) {
        char text[34];
        nb_hex(sorted[i].hash, NB_CELL101_HASH_SIZE, text);
        nb_cell101 cell = nb_cell101_at(sorted[i].index);
        nb_cost101 cost;
        nb_cell101_cost(&cell, &cost);
        add_table_line(&table, text, &cell, cost.params);
        text[32] = '\n';
        nb_sha256_add(&list, text, 33);
        least = cost.params < least ? cost.params : least;
        most = cost.params > most ? cost.params : most;
        sum += cost.params;
        flops_least = cost.flops < flops_least ? cost.flops : flops_least;
        flops_most = cost.flops > flops_most ? cost.flops : flops_most;
        flops_sum += cost.flops;
    }
    uint8_t digest[NB_SHA256_SIZE];
    char text[2 * NB_SHA256_SIZE + 1];
    nb_sha256_finish(&list, digest);
    nb_hex(digest, sizeof digest, text);
    assert_string_equal(text, "53e1438d11675d9eb3899166c29ca07fe0c4b81af9d99d5aec3ecd31bd5bca7f");
    nb_sha256_finish(&table, digest);
    nb_hex(digest, sizeof digest, text);
    assert_string_equal(text, "62a853a1325535d753571717e469acb5b493d6366955822c93ec91bd35b14be0");
    assert_int_equal(least, 227274);
    assert_int_equal(most, 49979274);
    assert_int_equal(sum, 3583758170075);
    assert_int_equal(flops_least, 80619530);
    assert_int_equal(flops_most, 14672668682);
    assert_int_equal(flops_sum, 1059849660102352);
    free(sorted);
    free(hashes);
}

static void every_instruction_set_hashes_alike(void **state)
{
    (void)state;
    const nb_cell101_matrix *matrix = nb_cell101_matrices();
    const int labellings[5] = {0, 1, 2, 26, 80};
    for (int m = 200; m < NB_CELL101_MATRICES; m += 100) {
        uint8_t lanes[5][NB_CELL101_HASH_SIZE];
        nb_hash_labellings_plain(&matrix[m], labellings, 5, lanes[0]);
        for (int i = 0; i < 5; i++) {
            nb_cell101 cell = {.vertices = matrix[m].vertices, .edges = matrix[m].edges};
            nb_modelspec graph;
            uint8_t one[NB_CELL101_HASH_SIZE];
            nb_labelling(labellings[i], cell.vertices - 2, cell.label);
            nb_cell101_spec(&cell, &graph);
            nb_modelspec_hash(&graph, one);
            assert_memory_equal(one, lanes[i], sizeof one);
        }
    }
}

static int label_in_vector(const json_t *op)
{
    return json_is_integer(op) ? (int)json_integer_value(op) : nb_label101_find(json_string_value(op));
}

static void read_graph(const json_t *matrix, const json_t *ops, nb_modelspec *graph, nb_status *status, nb_error *err)
{
    int entries[1024], labels[NB_MODELSPEC_VERTICES + 8];
    int rows = (int)json_array_size(matrix), columns = rows > 0 ? (int)json_array_size(json_array_get(matrix, 0)) : 0;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            entries[i * columns + j] = (int)json_integer_value(json_array_get(json_array_get(matrix, (size_t)i), (size_t)j));
    for (size_t i = 0; i < json_array_size(ops); i++)
        labels[i] = label_in_vector(json_array_get(ops, i));
    *status = nb_modelspec_build(entries, rows, columns, labels, (int)json_array_size(ops), graph, err);
}

static void check_vector(const json_t *module)
{
    nb_modelspec graph, pruned;
    nb_status status;
    nb_error err;
    char text[33];
    read_graph(json_object_get(module, "matrix"), json_object_get(module, "ops"), &graph, &status, &err);
    const char *refusal = json_string_value(json_object_get(module, "construct_error"));
    if (refusal) {
        assert_int_equal(status, NB_ERR_ARGUMENT);
        assert_memory_equal(err.message, refusal, strlen(refusal));
        return;
    }
    assert_int_equal(status, NB_OK);
    bool valid = nb_modelspec_prune(&graph, &pruned, NULL);
    assert_int_equal(valid, json_is_true(json_object_get(module, "valid_spec")));
    nb_domain101 domain = nb_modelspec_check(&graph);
    const char *reason = json_string_value(json_object_get(module, "out_of_domain_reason"));
    assert_int_equal(domain == NB_DOMAIN101_OK, json_is_true(json_object_get(module, "in_domain")));
    if (reason)
        assert_string_equal(nb_domain101_name(domain), reason);
    if (!valid)
        return;
    assert_int_equal(pruned.vertices, json_integer_value(json_object_get(module, "vertices")));
    assert_int_equal(nb_modelspec_edges(&pruned), json_integer_value(json_object_get(module, "edges")));
    if (json_is_string(json_object_get(module, "hash")) && domain != NB_DOMAIN101_OPERATION) {
        hash_text(&pruned, text);
        assert_string_equal(text, json_string_value(json_object_get(module, "hash")));
    }
    if (domain != NB_DOMAIN101_OK)
        return;
    nb_cell101 cell;
    nb_cost101 cost;
    assert_int_equal(nb_modelspec_cell(&graph, &cell, NULL), NB_OK);
    nb_cell101_cost(&cell, &cost);
    assert_int_equal(cost.params, json_integer_value(json_object_get(module, "trainable_parameters")));
    assert_int_equal(cost.flops, json_integer_value(json_object_get(module, "flops")));
    nb_cell101 stored = nb_cell101_stored(&cell);
    nb_cell101_cost(&stored, &cost);
    assert_int_equal(cost.params, json_integer_value(json_object_get(module, "stored_trainable_parameters")));
    assert_int_equal(cost.flops, json_integer_value(json_object_get(module, "stored_flops")));
    const char *adjacency = json_string_value(json_object_get(module, "stored_adjacency"));
    for (int x = 0; x < stored.vertices; x++)
        for (int y = x + 1; y < stored.vertices; y++)
            assert_int_equal(nb_cell101_has_edge(&stored, x, y), adjacency[x * stored.vertices + y] - '0');
}

static void all_published_vectors(void **state)
{
    (void)state;
    skip_without_shared();
    json_t *all = json_load_file(shared_path("data/nasbench101-vectors/vectors.json"), 0, NULL);
    assert_non_null(all);
    size_t i, checked = 0;
    json_t *module;
    json_array_foreach(json_object_get(all, "modules"), i, module)
    {
        check_vector(module);
        checked++;
    }
    assert_true(checked >= 40);
    json_array_foreach(json_object_get(all, "raw_hashes"), i, module)
    {
        nb_modelspec graph;
        nb_status status;
        char text[33];
        read_graph(json_object_get(module, "matrix"), json_object_get(module, "labels"), &graph, &status, NULL);
        assert_int_equal(status, NB_OK);
        hash_text(&graph, text);
        assert_string_equal(text, json_string_value(json_object_get(module, "hash")));
    }
    json_decref(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_and_costs_of_known_cells),
        cmocka_unit_test(vertex_costs_of_the_published_example),
        cmocka_unit_test(building_refuses_in_the_words_of_the_reference),
        cmocka_unit_test(the_catalogue_counts_as_published),
        cmocka_unit_test(an_index_leads_to_its_cell_and_back),
        cmocka_unit_test(isomorphic_cells_have_one_stored_form),
        cmocka_unit_test(the_hashed_table_has_the_published_digest),
        cmocka_unit_test(every_instruction_set_hashes_alike),
        cmocka_unit_test(all_published_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
