/* NAS-Bench-101 behind the common interface: text, indices, hashes, decisions, sampling, mutation, neighbours, costs. */
#include "support.h"

#include <math.h>

#include "base/hex.h"
#include "nasbench/nasbench101.h"

static const char inception[] = "{\"matrix\":[[0,1,1,1,0,1,0],[0,0,0,0,0,0,1],[0,0,0,0,0,0,1],[0,0,0,0,1,0,0],[0,0,0,0,0,0,1],"
                                "[0,0,0,0,0,0,1],[0,0,0,0,0,0,0]],\"ops\":[\"input\",\"conv1x1-bn-relu\",\"conv3x3-bn-relu\","
                                "\"conv3x3-bn-relu\",\"conv3x3-bn-relu\",\"maxpool3x3\",\"output\"]}";
static const char inception_hash[] = "28cfc7874f6d200472e1a9dcd8650aa0";

static const nb_space *space(void)
{
    return nb_space_find("nasbench101", NULL);
}

static nb_arch parsed(const char *text)
{
    nb_arch arch;
    nb_error err;
    if (nb_space_lookup(space(), text, strlen(text), &arch, &err) != NB_OK)
        fail_msg("%s: %s", text, err.message);
    return arch;
}

static void the_space_answers_to_its_names(void **state)
{
    (void)state;
    assert_ptr_equal(nb_space_find("NAS-Bench-101", NULL), space());
    assert_ptr_equal(nb_space_find("101", NULL), space());
    assert_int_equal(nb_space_get_id(space()), NB_SPACE_GRAPH);
    assert_int_equal(nb_space_size(space()), 423624);
    assert_int_equal(nb_space_decision_count(space()), 26);
}

static void a_json_object_is_read_in_any_layout_and_written_without_blanks(void **state)
{
    (void)state;
    char text[NB_ARCH_TEXT_SIZE];
    nb_arch arch = parsed(" {\n \"ops\" : [\"input\", \"maxpool3x3\", \"output\"],\n \"matrix\": [ [0, 1, 1], [0,0,1], [0, 0, 0] ] }\n");
    assert_int_equal(arch.count, 1);
    assert_int_equal(arch.code[0], NB_LABEL101_MAXPOOL3X3);
    const char *written = "{\"matrix\":[[0,1,1],[0,0,1],[0,0,0]],\"ops\":[\"input\",\"maxpool3x3\",\"output\"]}";
    assert_int_equal(nb_space_format(space(), &arch, text, sizeof text), strlen(written));
    assert_string_equal(text, written);
    arch = parsed(inception);
    nb_space_format(space(), &arch, text, sizeof text);
    assert_string_equal(text, inception);
}

static void the_longest_text_fits(void **state)
{
    (void)state;
    char text[NB_ARCH_TEXT_SIZE];
    nb_arch arch = {.space = NB_SPACE_GRAPH, .count = 5, .edges = (1u << 20) | (1u << 15)};
    const size_t length = nb_space_format(space(), &arch, text, sizeof text);
    assert_in_range(length, 200, NB_ARCH_TEXT_SIZE - 1);
    assert_int_equal(strlen(text), length);
}

static void index_hash_and_every_isomorphic_form_name_the_same_cell(void **state)
{
    (void)state;
    char key[NB_ARCH_TEXT_SIZE], number[32];
    uint8_t hash[NB_CELL101_HASH_SIZE];
    const nb_arch arch = parsed(inception), stored = parsed(inception_hash);
    const int64_t index = nb_space_index(space(), &arch);
    assert_in_range(index, 0, NB_CELL101_CELLS - 1);
    assert_false(nb_arch_equal(&arch, &stored));
    assert_int_equal(nb_space_index(space(), &stored), index);
    assert_int_equal(nb_space_canonical(space(), &arch), index);
    assert_int_equal(nb_space_index_of_text(space(), inception_hash, 32), index);
    assert_int_equal(nb_space_index_of_text(space(), "28CFC7874F6D200472E1A9DCD8650AA0", 32), index);
    snprintf(number, sizeof number, "%lld", (long long)index);
    const nb_arch numbered = parsed(number);
    assert_true(nb_arch_equal(&numbered, &stored));
    assert_int_equal(nb_space_key(space(), &arch, key, sizeof key), 32);
    assert_string_equal(key, inception_hash);
    assert_true(nb_hash101_parse(key, 32, hash));
    assert_int_equal(nb_cell101_index_of_hash(hash), index);
}

static void a_graph_of_nine_vertices_is_pruned_to_seven(void **state)
{
    (void)state;
    const nb_arch arch =
        parsed("{\"matrix\":[[0,1,0,0,0,0,0,0,1],[0,0,1,0,0,0,0,0,0],[0,0,0,1,0,0,0,0,0],[0,0,0,0,1,0,0,0,0],[0,0,0,0,0,1,0,0,0],"
               "[0,0,0,0,0,0,0,0,1],[0,0,0,0,0,0,0,0,1],[0,0,0,0,0,0,0,0,0],[0,0,0,0,0,0,0,0,0]],\"ops\":[\"input\",\"maxpool3x3\","
               "\"maxpool3x3\",\"maxpool3x3\",\"maxpool3x3\",\"conv1x1-bn-relu\",\"dead\",\"dead\",\"output\"]}");
    assert_int_equal(arch.count, 5);
    assert_int_equal(arch.code[4], NB_LABEL101_CONV1X1);
}

static void what_pruning_removes_is_kept_for_mutation(void **state)
{
    (void)state;
    const char *text =
        "{\"matrix\":[[0,1,1,0],[0,0,0,1],[0,0,0,0],[0,0,0,0]],\"ops\":[\"input\",\"maxpool3x3\",\"conv3x3-bn-relu\",\"output\"]}";
    const nb_arch arch = parsed(text);
    nb_cell101 cell;
    char again[NB_ARCH_TEXT_SIZE];
    nb_space_format(space(), &arch, again, sizeof again);
    assert_string_equal(again, text);
    assert_true(nb_cell101_from_arch(&arch, &cell));
    assert_int_equal(cell.vertices, 3);
    assert_int_equal(cell.label[0], NB_LABEL101_MAXPOOL3X3);
    const nb_arch pruned = nb_cell101_to_arch(&cell);
    assert_int_equal(nb_space_index(space(), &pruned), nb_space_index(space(), &arch));
}

static void damaged_text_is_refused_in_plain_words(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        nb_status status;
        const char *message;
    } bad[] = {
        {"", NB_ERR_FORMAT, "graph: offset 0: '{' expected, the text ends"},
        {"{\"matrix\":[[0,1],[0,0]]", NB_ERR_FORMAT, "graph: offset 23: ',' expected, the text ends"},
        {"{\"matrix\":[[0,1],[0,0]]}", NB_ERR_FORMAT, "graph: offset 24: the key \"ops\" is missing"},
        {"{\"ops\":[]}", NB_ERR_FORMAT, "graph: offset 10: the key \"matrix\" is missing"},
        {"{\"ops\":[],\"ops\":[]}", NB_ERR_FORMAT, "graph: offset 16: a key that was there before"},
        {"{\"edges\":[]}", NB_ERR_FORMAT, "graph: offset 9: a key other than \"matrix\" and \"ops\""},
        {"{\"matrix\":[[0,x]]}", NB_ERR_FORMAT, "graph: offset 14: a whole number expected"},
        {"{\"matrix\":[],\"ops\":[]}", NB_ERR_ARGUMENT, "matrix must be square (it has 0 rows and 0 columns)"},
        {"{\"matrix\":[[0,1],[0]],\"ops\":[]}", NB_ERR_ARGUMENT, "matrix must be square (its rows have different lengths)"},
        {"{\"matrix\":[[0,1],[0,0]],\"ops\":[\"input\"]}", NB_ERR_ARGUMENT, "length of ops must match matrix dimensions (1 ops, 2 rows)"},
        {"{\"matrix\":[[0,1],[1,0]],\"ops\":[\"input\",\"output\"]}", NB_ERR_ARGUMENT,
         "matrix must be upper triangular (row 1, column 0 is 1)"},
        {"{\"matrix\":[[0,2],[0,0]],\"ops\":[\"input\",\"output\"]}", NB_ERR_ARGUMENT,
         "matrix entries must be 0 or 1 (row 0, column 1 is 2)"},
        {"{\"matrix\":[[0,0],[0,0]],\"ops\":[\"input\",\"output\"]}", NB_ERR_ARGUMENT, "invalid spec, provided graph is disconnected."},
        {"{\"matrix\":[[0,1],[0,0]],\"ops\":[\"output\",\"input\"]}", NB_ERR_ARGUMENT, "first operation should be 'input'"},
        {"00000000000000000000000000000000", NB_ERR_NOT_FOUND,
         "no cell of NAS-Bench-101 has the graph hash 00000000000000000000000000000000"},
        {"423624", NB_ERR_NOT_FOUND, "architecture index '423624': nasbench101 has 0 to 423623"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        nb_arch arch;
        nb_error err;
        assert_int_equal(nb_space_lookup(space(), bad[i].text, strlen(bad[i].text), &arch, &err), bad[i].status);
        assert_string_equal(err.message, bad[i].message);
        assert_int_equal(err.status, bad[i].status);
        assert_int_equal(nb_space_index_of_text(space(), bad[i].text, strlen(bad[i].text)), -1);
    }
}

static void too_many_vertices_are_refused_while_reading(void **state)
{
    (void)state;
    char text[512] = "{\"ops\":[\"input\"";
    nb_modelspec graph;
    nb_error err;
    for (int i = 0; i < NB_MODELSPEC_VERTICES; i++)
        strcat(text, ",\"maxpool3x3\"");
    strcat(text, "]");
    assert_int_equal(nb_modelspec_parse(text, strlen(text), &graph, NULL, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "too many vertices, got more than 32");
}

static void operations_come_back_as_they_were_written(void **state)
{
    (void)state;
    const char *text = "{\"matrix\":[[0,1,0],[0,0,1],[0,0,0]],\"ops\":[\"input\",\"a name of more than thirty-one bytes\",\"output\"]}";
    char names[NB_MODELSPEC_VERTICES][NB_OP101_NAME_SIZE];
    nb_modelspec graph;
    assert_int_equal(nb_modelspec_parse(text, strlen(text), &graph, names, NULL), NB_OK);
    assert_int_equal(graph.label[1], NB_LABEL101_UNKNOWN);
    assert_int_equal(nb_modelspec_check(&graph), NB_DOMAIN101_OPERATION);
    assert_string_equal(names[0], "input");
    assert_string_equal(names[1], "a name of more than thirty-one ");
}

static void anything_else_is_no_architecture(void **state)
{
    (void)state;
    static const nb_arch bad[] = {
        {.space = NB_SPACE_TOPOLOGY, .count = 0, .edges = 1},           /* another space */
        {.space = NB_SPACE_GRAPH, .count = 6, .edges = 1},              /* too many vertices */
        {.space = NB_SPACE_GRAPH, .count = 255, .edges = 1},            /* */
        {.space = NB_SPACE_GRAPH, .count = 0, .edges = 2},              /* an edge to a vertex that is not there */
        {.space = NB_SPACE_GRAPH, .count = 0, .edges = 0},              /* disconnected */
        {.space = NB_SPACE_GRAPH, .count = 1, .edges = 5, .code = {3}}, /* no such operation */
        {.space = NB_SPACE_GRAPH, .count = 5, .edges = 0x1fffff},       /* 21 edges */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[NB_ARCH_TEXT_SIZE];
        uint8_t choices[NB_DECISIONS_MAX];
        nb_cell101 cell;
        nb_modelspec graph;
        nb_rng rng = nb_rng_seed(1, i);
        assert_false(nb_space_has(space(), &bad[i]));
        assert_int_equal(nb_space_index(space(), &bad[i]), -1);
        assert_int_equal(nb_space_canonical(space(), &bad[i]), -1);
        assert_int_equal(nb_space_format(space(), &bad[i], text, sizeof text), 0);
        assert_int_equal(nb_space_key(space(), &bad[i], text, sizeof text), 0);
        assert_int_equal(nb_space_neighbours(space(), &bad[i], NULL, 0), 0);
        assert_int_equal(nb_space_encode(space(), &bad[i], choices, NULL), NB_ERR_ARGUMENT);
        assert_false(nb_cell101_from_arch(&bad[i], &cell));
        assert_false(nb_modelspec_from_arch(&bad[i], &graph));
        const nb_arch same = nb_space_mutate(space(), &bad[i], &rng);
        assert_true(nb_arch_equal(&same, &bad[i]));
    }
}

/* The bit form of pruning against that of the reference's matrices. */
static void pruning_of_an_architecture_is_that_of_its_matrix(void **state)
{
    (void)state;
    nb_rng rng = nb_rng_seed(5, 0);
    int in_domain = 0;
    for (int i = 0; i < 20000; i++) {
        nb_modelspec graph = {.vertices = 2 + (int)nb_rng_below(&rng, 6)};
        for (int from = 0; from < graph.vertices; from++)
            for (int to = from + 1; to < graph.vertices; to++)
                graph.out[from] |= (uint32_t)(nb_rng_below(&rng, 5) < 2) << to;
        for (int v = 0; v < graph.vertices; v++)
            graph.label[v] = (int16_t)nb_rng_below(&rng, NB_LABELS101);
        graph.label[0] = NB_LABEL101_INPUT;
        graph.label[graph.vertices - 1] = NB_LABEL101_OUTPUT;
        nb_arch arch;
        nb_cell101 expected, found;
        nb_modelspec back;
        const nb_status status = nb_modelspec_to_arch(&graph, &arch, NULL);
        assert_int_equal(status == NB_OK, nb_modelspec_check(&graph) == NB_DOMAIN101_OK);
        if (status != NB_OK)
            continue;
        in_domain++;
        assert_int_equal(nb_modelspec_cell(&graph, &expected, NULL), NB_OK);
        assert_true(nb_cell101_from_arch(&arch, &found));
        assert_int_equal(found.vertices, expected.vertices);
        assert_int_equal(found.edges, expected.edges);
        assert_memory_equal(found.label, expected.label, sizeof found.label);
        assert_true(nb_modelspec_from_arch(&arch, &back));
        assert_memory_equal(&back, &graph, sizeof back);
    }
    assert_true(in_domain > 5000);
}

static void decisions_make_the_matrix_row_by_row(void **state)
{
    (void)state;
    uint8_t choices[NB_DECISIONS_MAX];
    const nb_arch arch = parsed(inception);
    assert_int_equal(nb_space_encode(space(), &arch, choices, NULL), NB_OK);
    static const uint8_t expected[26] = {1, 1, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 2};
    assert_memory_equal(choices, expected, sizeof expected);
    nb_arch back;
    assert_int_equal(nb_space_decode(space(), choices, &back, NULL), NB_OK);
    assert_true(nb_arch_equal(&back, &arch));
    for (size_t d = 0, from = 0, to = 1; d < 21; d++) {
        char name[16];
        snprintf(name, sizeof name, "%zu->%zu", from, to);
        assert_string_equal(nb_space_decision(space(), d)->name, name);
        if (++to == 7)
            to = ++from + 1;
    }
}

static void a_small_cell_is_the_same_cell_on_seven_vertices(void **state)
{
    (void)state;
    nb_rng rng = nb_rng_seed(6, 0);
    for (int i = 0; i < 2000; i++) {
        uint8_t choices[NB_DECISIONS_MAX];
        nb_arch arch, wide;
        nb_space_at(space(), nb_rng_below(&rng, 70000), &arch, NULL);
        assert_int_equal(nb_space_encode(space(), &arch, choices, NULL), NB_OK);
        assert_int_equal(nb_space_decode(space(), choices, &wide, NULL), NB_OK);
        assert_int_equal(wide.count, 5);
        assert_int_equal(nb_space_index(space(), &wide), nb_space_index(space(), &arch));
    }
}

static void choices_out_of_the_domain_are_mended(void **state)
{
    (void)state;
    uint8_t choices[26] = {0};
    nb_arch arch;
    nb_error err;
    assert_int_equal(nb_space_decode(space(), choices, &arch, &err), NB_OK);
    assert_int_equal(arch.edges, 1u << 15); /* disconnected: input to output */
    memset(choices, 1, sizeof choices);
    assert_int_equal(nb_space_decode(space(), choices, &arch, &err), NB_OK);
    nb_cell101 cell;
    assert_true(nb_cell101_from_arch(&arch, &cell));
    assert_true(__builtin_popcount(cell.edges) <= NB_CELL101_EDGES);
    choices[5] = 2;
    assert_int_equal(nb_space_decode(space(), choices, &arch, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "decision 5 (0->6): choice 2, expected 0 to 1");
}

/* Against the rule in its own words, on matrices. */
static uint32_t mended(uint32_t edges)
{
    static const uint8_t bit[21] = {0, 1, 3, 6, 10, 15, 2, 4, 7, 11, 16, 5, 8, 12, 17, 9, 13, 18, 14, 19, 20};
    for (int d = 20;; d--) {
        nb_cell101 whole = {.vertices = 7, .edges = edges};
        nb_modelspec graph;
        nb_cell101_spec(&whole, &graph);
        const nb_domain101 domain = nb_modelspec_check(&graph);
        if (domain == NB_DOMAIN101_OK)
            return edges;
        if (domain == NB_DOMAIN101_DISCONNECTED) {
            assert_int_equal(d, 20);
            edges |= 1u << 15;
            continue;
        }
        assert_in_range(d, 0, 20);
        whole.edges = edges & ~(1u << bit[d]);
        nb_cell101_spec(&whole, &graph);
        if (nb_modelspec_check(&graph) != NB_DOMAIN101_DISCONNECTED)
            edges = whole.edges;
    }
}

static void every_choice_makes_an_architecture(void **state)
{
    (void)state;
    nb_rng rng = nb_rng_seed(10, 0);
    for (int i = 0; i < 20000; i++) {
        uint8_t choices[26];
        for (size_t d = 0; d < 26; d++)
            choices[d] = (uint8_t)nb_rng_below(&rng, nb_space_decision(space(), d)->choices);
        const uint32_t sparse = i % 2 ? (uint32_t)nb_rng_next(&rng) : UINT32_MAX; /* half of them mostly connected, half seldom */
        nb_arch arch, raw = {.space = NB_SPACE_GRAPH, .count = 5};
        static const uint8_t bit[21] = {0, 1, 3, 6, 10, 15, 2, 4, 7, 11, 16, 5, 8, 12, 17, 9, 13, 18, 14, 19, 20};
        for (size_t d = 0; d < 21; d++) {
            choices[d] = (uint8_t)(choices[d] & (sparse >> d & 1));
            raw.edges |= (uint32_t)choices[d] << bit[d];
        }
        assert_int_equal(nb_space_decode(space(), choices, &arch, NULL), NB_OK);
        assert_true(nb_space_has(space(), &arch));
        assert_memory_equal(arch.code, choices + 21, 5);
        assert_int_equal(arch.edges, mended(raw.edges));
    }
}

/* Drawing bits for whole matrices and throwing away what is out of the domain, in the words of the reference. */
static void sampling_is_uniform_over_matrices_in_the_domain(void **state)
{
    (void)state;
    enum { DRAWS = 40000 };
    nb_rng rng = nb_rng_seed(7, 0);
    double edges = 0, expected = 0, in_domain = 0;
    for (int i = 0; i < DRAWS; i++) {
        const nb_arch arch = nb_space_sample(space(), &rng);
        assert_int_equal(arch.count, 5);
        edges += __builtin_popcount(arch.edges);
    }
    for (uint32_t bits = 0; bits < 1u << 21; bits++) {
        const nb_arch arch = {.space = NB_SPACE_GRAPH, .count = 5, .edges = bits};
        if (nb_space_has(space(), &arch)) {
            in_domain++;
            expected += __builtin_popcount(bits);
        }
    }
    /* the number of edges has a standard deviation of about 2; allow five of the mean's */
    assert_true(fabs(edges / DRAWS - expected / in_domain) < 5 * 2.0 / sqrt(DRAWS));
}

/* Where the children of a parent whose mutations all stay in the domain differ, each part does so at its own rate. A single edge from
 * input to output with dead vertices only leaves the domain when too many others appear. */
static void mutation_turns_edges_and_operations_at_the_rates_of_the_reference(void **state)
{
    (void)state;
    enum { DRAWS = 60000 };
    nb_rng rng = nb_rng_seed(8, 0);
    const nb_arch parent = {.space = NB_SPACE_GRAPH, .count = 5, .edges = 1u << 15};
    int labels = 0, ones = 0, first_edge = 0;
    for (int i = 0; i < DRAWS; i++) {
        const nb_arch child = nb_space_mutate(space(), &parent, &rng);
        assert_true(nb_space_has(space(), &child));
        labels += child.code[2] != 0;
        ones += child.code[2] == 1;
        first_edge += (int)(child.edges & 1);
    }
    assert_true(fabs(labels / (double)DRAWS - 1 / 5.0) < 0.01);
    assert_true(fabs(ones / (double)DRAWS - 1 / 10.0) < 0.01);
    assert_true(fabs(first_edge / (double)DRAWS - 1 / 7.0) < 0.02);
}

static void neighbours_are_all_other_cells_one_decision_away(void **state)
{
    (void)state;
    nb_arch near[NB_NEIGHBOURS_MAX];
    const nb_arch chain = parsed("{\"matrix\":[[0,1,0],[0,0,1],[0,0,0]],\"ops\":[\"input\",\"conv3x3-bn-relu\",\"output\"]}");
    /* Two other operations, and the edge from input to output; without any edge of the path the graph is disconnected, and an edge to or
     * from a vertex that is not there changes no cell. */
    assert_int_equal(nb_space_neighbours(space(), &chain, near, NB_NEIGHBOURS_MAX), 3);
    nb_rng rng = nb_rng_seed(9, 0);
    for (int i = 0; i < 300; i++) {
        const nb_arch arch = nb_space_sample(space(), &rng);
        const size_t count = nb_space_neighbours(space(), &arch, near, NB_NEIGHBOURS_MAX);
        assert_in_range(count, 1, 31);
        size_t found = 0;
        uint8_t choices[26];
        nb_space_encode(space(), &arch, choices, NULL);
        for (size_t d = 0; d < 26; d++) {
            const uint8_t own = choices[d];
            for (uint8_t c = 0; c < nb_space_decision(space(), d)->choices; c++) {
                nb_arch other;
                nb_cell101 a, b;
                uint8_t kept[26];
                choices[d] = c;
                assert_int_equal(nb_space_decode(space(), choices, &other, NULL), NB_OK);
                assert_int_equal(nb_space_encode(space(), &other, kept, NULL), NB_OK);
                if (c == own || memcmp(kept, choices, sizeof kept) != 0) /* itself, or out of the domain and mended */
                    continue;
                assert_true(nb_cell101_from_arch(&arch, &a) && nb_cell101_from_arch(&other, &b));
                found += a.vertices != b.vertices || a.edges != b.edges || memcmp(a.label, b.label, sizeof a.label) != 0;
            }
            choices[d] = own;
        }
        assert_int_equal(count, found);
    }
}

static void costs_are_those_of_the_cell_in_millions(void **state)
{
    (void)state;
    nb_shape shape;
    nb_costs costs;
    nb_error err;
    const nb_arch arch = parsed(inception);
    assert_int_equal(nb_space_shape(space(), "cifar10", &shape, NULL), NB_OK);
    assert_int_equal(shape.channels, 128);
    assert_int_equal(shape.cells, 3);
    assert_int_equal(nb_space_costs(space(), &arch, &shape, &costs, NULL), NB_OK);
    assert_true(costs.params == 2.694282 && costs.flops == 805.783562);
    shape.channels = 3;
    assert_int_equal(nb_space_costs(space(), &arch, &shape, &costs, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "3 channels: the cell's output shares them among 4 vertices");
    shape.channels = 4;
    assert_int_equal(nb_space_costs(space(), &arch, &shape, &costs, &err), NB_OK);
    shape.cells = 0;
    assert_int_equal(nb_space_costs(space(), &arch, &shape, &costs, &err), NB_ERR_ARGUMENT);
    shape.cells = 1;
    shape.height = 30;
    assert_int_equal(nb_space_costs(space(), &arch, &shape, &costs, &err), NB_ERR_ARGUMENT);
}

/* One cell per stack, no projection but those of the edges from the input: counted by hand. */
static void costs_follow_the_scale_of_the_network(void **state)
{
    (void)state;
    const nb_arch arch = parsed("{\"matrix\":[[0,1,0],[0,0,1],[0,0,0]],\"ops\":[\"input\",\"conv1x1-bn-relu\",\"output\"]}");
    const nb_shape shape = {.input_channels = 1, .height = 8, .width = 8, .classes = 5, .channels = 2, .cells = 1};
    nb_costs costs;
    assert_int_equal(nb_space_costs(space(), &arch, &shape, &costs, NULL), NB_OK);
    const int stem = 9 * 2 + 4, stacks = (4 + 4 + 4 + 4) + (2 * 4 + 8 + 16 + 8) + (4 * 8 + 16 + 64 + 16), dense = 8 * 5 + 5;
    assert_true(fabs(costs.params * 1e6 - (stem + stacks + dense)) < 1e-6);
    const int flops =
        2 * 9 * 2 * 64 + 2 * (4 + 4) * 64 + 4 * 2 * 16 + 2 * (8 + 16) * 16 + 4 * 4 * 4 + 2 * (32 + 64) * 4 + 4 * 8 + 2 * 8 * 5 + 5;
    assert_true(fabs(costs.flops * 1e6 - flops) < 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_space_answers_to_its_names),
        cmocka_unit_test(a_json_object_is_read_in_any_layout_and_written_without_blanks),
        cmocka_unit_test(the_longest_text_fits),
        cmocka_unit_test(index_hash_and_every_isomorphic_form_name_the_same_cell),
        cmocka_unit_test(a_graph_of_nine_vertices_is_pruned_to_seven),
        cmocka_unit_test(what_pruning_removes_is_kept_for_mutation),
        cmocka_unit_test(damaged_text_is_refused_in_plain_words),
        cmocka_unit_test(too_many_vertices_are_refused_while_reading),
        cmocka_unit_test(operations_come_back_as_they_were_written),
        cmocka_unit_test(anything_else_is_no_architecture),
        cmocka_unit_test(pruning_of_an_architecture_is_that_of_its_matrix),
        cmocka_unit_test(decisions_make_the_matrix_row_by_row),
        cmocka_unit_test(a_small_cell_is_the_same_cell_on_seven_vertices),
        cmocka_unit_test(choices_out_of_the_domain_are_mended),
        cmocka_unit_test(every_choice_makes_an_architecture),
        cmocka_unit_test(sampling_is_uniform_over_matrices_in_the_domain),
        cmocka_unit_test(mutation_turns_edges_and_operations_at_the_rates_of_the_reference),
        cmocka_unit_test(neighbours_are_all_other_cells_one_decision_away),
        cmocka_unit_test(costs_are_those_of_the_cell_in_millions),
        cmocka_unit_test(costs_follow_the_scale_of_the_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
