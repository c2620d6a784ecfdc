/* The topology space: official order, strings, isomorphism, moves and costs, against published facts and real files. */
#include "support.h"

#include <jansson.h>
#include <math.h>

#include "base/sha256.h"
#include "nasbench/topology.h"

enum { SIZE = NB_TOPOLOGY_SIZE, EDGES = NB_TOPOLOGY_EDGES };

static const nb_space *topology(void)
{
    nb_error err;
    const nb_space *space = nb_space_find("nasbench201", &err);
    assert_non_null(space);
    return space;
}

static nb_arch at(uint64_t index)
{
    nb_arch arch;
    assert_int_equal(nb_space_at(topology(), index, &arch, NULL), NB_OK);
    return arch;
}

static const char *string_at(uint64_t index)
{
    static char text[NB_ARCH_TEXT_SIZE];
    nb_arch arch = at(index);
    assert_true(nb_space_format(topology(), &arch, text, sizeof text) < sizeof text);
    return text;
}

static nb_arch parse(const char *text)
{
    nb_arch arch;
    nb_error err;
    if (nb_space_parse(topology(), text, strlen(text), &arch, &err) != NB_OK)
        fail_msg("%s: %s", text, err.message);
    return arch;
}

/* Order and strings. --------------------------------------------------------------------------------------------------------------- */

static void the_index_order_is_the_official_one(void **state)
{
    (void)state;
    assert_string_equal(string_at(0), "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|");
    assert_string_equal(string_at(1), "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|");
    assert_string_equal(string_at(9), "|avg_pool_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|nor_conv_3x3~2|");
    assert_string_equal(string_at(11), "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|none~0|nor_conv_3x3~1|avg_pool_3x3~2|");
    assert_string_equal(string_at(123), "|avg_pool_3x3~0|+|avg_pool_3x3~0|nor_conv_1x1~1|+|none~0|avg_pool_3x3~1|nor_conv_3x3~2|");
    assert_string_equal(string_at(284), "|skip_connect~0|+|skip_connect~0|skip_connect~1|+|none~0|nor_conv_1x1~1|none~2|");
    assert_string_equal(string_at(15624), "|nor_conv_1x1~0|+|none~0|nor_conv_1x1~1|+|none~0|nor_conv_1x1~1|nor_conv_1x1~2|");
}

static void all_strings_have_the_published_checksum(void **state)
{
    (void)state;
    nb_sha256 hash;
    nb_sha256_init(&hash);
    for (unsigned i = 0; i < SIZE; i++) {
        if (i > 0)
            nb_sha256_add(&hash, "\n", 1);
        const char *text = string_at(i);
        nb_sha256_add(&hash, text, strlen(text));
    }
    uint8_t digest[NB_SHA256_SIZE];
    char hex[NB_SHA256_TEXT_SIZE];
    nb_sha256_finish(&hash, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    assert_string_equal(hex, "83abc799e45cf34e9d2163654668ab998b9a54d01c39e72ca1f71f2cdf356d84");
}

static void index_string_operations_and_matrix_round_trip_for_every_cell(void **state)
{
    (void)state;
    const nb_space *space = topology();
    for (unsigned i = 0; i < SIZE; i++) {
        const nb_arch arch = at(i);
        const char *text = string_at(i);
        assert_int_equal(nb_space_index(space, &arch), i);
        assert_int_equal(nb_space_index_of_text(space, text, strlen(text)), i);
        const nb_arch parsed = parse(text);
        assert_true(nb_arch_equal(&parsed, &arch));

        uint8_t matrix[4][4], choices[EDGES];
        nb_arch back;
        assert_int_equal(nb_topology_matrix(&arch, matrix, NULL), NB_OK);
        assert_int_equal(nb_topology_from_matrix(matrix, &back, NULL), NB_OK);
        assert_true(nb_arch_equal(&back, &arch));
        assert_int_equal(nb_space_encode(space, &arch, choices, NULL), NB_OK);
        assert_int_equal(nb_space_decode(space, choices, &back, NULL), NB_OK);
        assert_true(nb_arch_equal(&back, &arch));
        assert_int_equal(nb_topology_from_ops(choices, &back, NULL), NB_OK);
        assert_true(nb_arch_equal(&back, &arch));
    }
}

static void an_architecture_is_32_bytes_with_the_operations_in_edge_order(void **state)
{
    (void)state;
    assert_int_equal(sizeof(nb_arch), 32);
    const nb_arch arch = at(0);
    const uint8_t ops[EDGES] = {NB_OP_AVG_POOL_3X3, NB_OP_NOR_CONV_1X1, NB_OP_SKIP_CONNECT,
                                NB_OP_NOR_CONV_1X1, NB_OP_SKIP_CONNECT, NB_OP_SKIP_CONNECT};
    assert_int_equal(arch.space, NB_SPACE_TOPOLOGY);
    assert_int_equal(arch.count, EDGES);
    assert_memory_equal(arch.code, ops, sizeof ops);
}

static void the_matrix_has_targets_as_rows(void **state)
{
    (void)state;
    const uint8_t expected[4][4] = {{0, 0, 0, 0}, {4, 0, 0, 0}, {2, 1, 0, 0}, {2, 1, 1, 0}}; /* printed by the original for index 0 */
    uint8_t matrix[4][4];
    const nb_arch arch = at(0);
    assert_int_equal(nb_topology_matrix(&arch, matrix, NULL), NB_OK);
    assert_memory_equal(matrix, expected, sizeof expected);
}

static void the_space_has_the_names_of_its_predecessors(void **state)
{
    (void)state;
    const char *const names[] = {"nasbench201",  "nas-bench-201", "NAS-Bench-201", "NAS_BENCH_201", "201",      "nas-bench-102", "102",
                                 "AA-NAS-Bench", "aa-nas",        "tss",           "nats-tss",      "topology", "NATS topology"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_ptr_equal(nb_space_find(names[i], NULL), topology());
    assert_ptr_equal(nb_space_of(NB_SPACE_TOPOLOGY), topology());
    assert_int_equal(nb_space_size(topology()), 15625);
    assert_string_equal(nb_space_name(topology()), "nasbench201");
}

/* Damaged text. ---------------------------------------------------------------------------------------------------------------------- */

static void expect_refusal(const char *text, const char *message)
{
    nb_arch arch = {.space = 77};
    const nb_arch before = arch;
    nb_error err;
    assert_int_equal(nb_space_parse(topology(), text, strlen(text), &arch, &err), NB_ERR_FORMAT);
    assert_string_equal(err.message, message);
    assert_memory_equal(&arch, &before, sizeof arch);
    assert_int_equal(nb_space_index_of_text(topology(), text, strlen(text)), -1);
}

static void a_wrong_string_is_refused_with_its_place(void **state)
{
    (void)state;
    expect_refusal("", "architecture string: offset 0: node 1 has no edge, expected |OPERATION~INPUT|");
    expect_refusal("|nor_conv_5x5~0|+|none~0|none~1|+|none~0|none~1|none~2|",
                   "architecture string: offset 1: operation 'nor_conv_5x5', expected none, skip_connect, nor_conv_1x1, nor_conv_3x3 or "
                   "avg_pool_3x3");
    expect_refusal("|none~0|+|none~0|none~2|+|none~0|none~1|none~2|",
                   "architecture string: offset 22: input '2' of node 2, expected 0 to 1");
    expect_refusal("|none~0|+|none~0|none|+|none~0|none~1|none~2|", "architecture string: offset 17: 'none', expected OPERATION~INPUT");
    expect_refusal("|none~0|+|none~0|none~1|", "architecture string: cell of 3 nodes: the topology space has cells of 4");
    expect_refusal("|none~0|+|none~0|none~1|+|none~0|none~1|",
                   "architecture string: cell without the edge 3<-2: the topology space has each edge once");
    expect_refusal("|none~0|+|none~0|none~1|none~1|+|none~0|none~1|none~2|",
                   "architecture string: cell with the edge 2<-1 twice: the topology space has each edge once");
    expect_refusal(
        "|none~0|+|none~1|skip_connect~0|+|none~0|none~1|none~2|",
        "architecture string: offset 10: 'none~1|skip_connect~0|+|none~0|none~1|none~2|', expected 's'; the official string of this "
        "cell is |none~0|+|skip_connect~0|none~1|+|none~0|none~1|none~2|");
    expect_refusal("|none~0|+|none~0|none~1|+|none~0|none~1|none~2",
                   "architecture string: offset 46: end of text, expected '|'; the official string of this cell is "
                   "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|");
    expect_refusal("|none~0|+|none~0|none~1|+|none~0|none~1|none~2||",
                   "architecture string: offset 47: '|', expected end of text; the official string of this cell is "
                   "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|");
}

/* Whether the text is the official string of some cell, told by formatting alone. */
static bool is_official(const char *text, size_t length, char (*all)[96])
{
    for (unsigned i = 0; i < SIZE; i++) {
        if (strlen(all[i]) == length && memcmp(all[i], text, length) == 0)
            return true;
    }
    return false;
}

static void no_text_with_a_changed_byte_is_taken_for_another_cell(void **state)
{
    (void)state;
    char(*all)[96] = malloc(SIZE * sizeof *all);
    assert_non_null(all);
    for (unsigned i = 0; i < SIZE; i++)
        strcpy(all[i], string_at(i));
    nb_rng rng = nb_rng_seed(4, 0);
    for (unsigned round = 0; round < 3000; round++) {
        char text[96];
        strcpy(text, all[nb_rng_below(&rng, SIZE)]);
        const size_t length = strlen(text), place = (size_t)nb_rng_below(&rng, length);
        text[place] = round % 2 ? (char)nb_rng_below(&rng, 256) : "|~+0123nasoc_"[nb_rng_below(&rng, 13)];
        const int64_t index = nb_space_index_of_text(topology(), text, length);
        assert_int_equal(index >= 0, is_official(text, length, all));
        if (index >= 0)
            assert_memory_equal(all[index], text, length);
        nb_arch arch;
        assert_int_equal(nb_space_parse(topology(), text, length, &arch, NULL) == NB_OK, index >= 0);
    }
    free(all);
}

static void every_cut_of_a_string_is_refused_without_reading_past_its_end(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SIZE; i += 97) {
        const char *text = string_at(i);
        for (size_t length = 0; length < strlen(text); length++) {
            char *exact = malloc(length ? length : 1); /* the address sanitizer watches its end */
            assert_non_null(exact);
            memcpy(exact, text, length);
            nb_arch arch;
            assert_int_equal(nb_space_index_of_text(topology(), exact, length), -1);
            assert_int_equal(nb_space_parse(topology(), exact, length, &arch, NULL), NB_ERR_FORMAT);
            free(exact);
        }
    }
}

static void lookup_takes_an_index_or_a_string(void **state)
{
    (void)state;
    const nb_space *space = topology();
    nb_arch arch;
    nb_error err;
    const char *text = "|avg_pool_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|nor_conv_3x3~2|";
    assert_int_equal(nb_space_lookup(space, "9", 1, &arch, &err), NB_OK);
    assert_int_equal(nb_space_index(space, &arch), 9);
    assert_int_equal(nb_space_lookup(space, text, strlen(text), &arch, &err), NB_OK);
    assert_int_equal(nb_space_index(space, &arch), 9);
    assert_int_equal(nb_space_lookup(space, "15625", 5, &arch, &err), NB_ERR_NOT_FOUND);
    assert_string_equal(err.message, "architecture index '15625': nasbench201 has 0 to 15624");
    const char *huge = "99999999999999999999999999999999";
    assert_int_equal(nb_space_lookup(space, huge, strlen(huge), &arch, &err), NB_ERR_NOT_FOUND);
    assert_int_equal(nb_space_lookup(space, "-1", 2, &arch, &err), NB_ERR_FORMAT);
    assert_int_equal(nb_space_at(space, 15625, &arch, &err), NB_ERR_NOT_FOUND);
    assert_string_equal(err.message, "architecture index 15625: nasbench201 has 0 to 15624");
}

static void format_into_a_short_buffer_cuts_and_tells_the_length(void **state)
{
    (void)state;
    const nb_arch arch = at(9);
    char text[16] = "";
    const size_t length = strlen(string_at(9));
    assert_int_equal(nb_space_format(topology(), &arch, text, 10), length);
    assert_string_equal(text, "|avg_pool");
    assert_int_equal(nb_space_format(topology(), &arch, NULL, 0), length);
}

static void malformed_architectures_are_none_of_the_space(void **state)
{
    (void)state;
    const nb_space *space = topology();
    nb_arch bad[4] = {at(5), at(5), at(5), {0}};
    bad[0].code[3] = 5;
    bad[1].count = 5;
    bad[2].space = NB_SPACE_SIZE;
    for (size_t i = 0; i < 4; i++) {
        char text[8] = "x";
        nb_costs costs;
        nb_shape shape;
        uint8_t choices[EDGES], matrix[4][4];
        assert_int_equal(nb_space_shape(space, "cifar10", &shape, NULL), NB_OK);
        assert_false(nb_space_has(space, &bad[i]));
        assert_int_equal(nb_space_index(space, &bad[i]), -1);
        assert_int_equal(nb_space_canonical(space, &bad[i]), -1);
        assert_int_equal(nb_space_format(space, &bad[i], text, sizeof text), 0);
        assert_string_equal(text, "");
        assert_int_equal(nb_space_key(space, &bad[i], text, sizeof text), 0);
        assert_false(nb_space_is_valid(space, &bad[i]));
        assert_int_equal(nb_space_costs(space, &bad[i], &shape, &costs, NULL), NB_ERR_ARGUMENT);
        assert_int_equal(nb_space_encode(space, &bad[i], choices, NULL), NB_ERR_ARGUMENT);
        assert_int_equal(nb_topology_matrix(&bad[i], matrix, NULL), NB_ERR_ARGUMENT);
    }
}

static void operations_and_matrices_out_of_range_are_refused(void **state)
{
    (void)state;
    nb_arch arch;
    nb_error err;
    const uint8_t ops[EDGES] = {0, 0, 7, 0, 0, 0};
    assert_int_equal(nb_topology_from_ops(ops, &arch, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "edge 2<-1: operation 7, expected 0 to 4");
    assert_int_equal(nb_space_decode(topology(), ops, &arch, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "decision 2 (2<-1): choice 7, expected 0 to 4");
    uint8_t matrix[4][4] = {{0}};
    matrix[1][2] = 3;
    assert_int_equal(nb_topology_from_matrix(matrix, &arch, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "matrix[1][2] is 3: only entries below the diagonal are edges");
}

static void operations_have_their_official_names_and_numbers(void **state)
{
    (void)state;
    const char *const names[] = {"none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"};
    for (unsigned op = 0; op < NB_OP_COUNT; op++) {
        assert_string_equal(nb_op_name(op), names[op]);
        assert_int_equal(nb_op_find(names[op], strlen(names[op])), op);
    }
    assert_null(nb_op_name(NB_OP_COUNT));
    assert_int_equal(nb_op_find("nor_conv_1x", 11), -1);
    assert_int_equal(nb_op_find("", 0), -1);
}

/* Isomorphism. ------------------------------------------------------------------------------------------------------------------------- */

static int compare_strings(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static unsigned distinct_keys(nb_key_mode mode)
{
    enum { ROOM = 128 };
    char *text = malloc((size_t)SIZE * ROOM);
    const char **keys = malloc(SIZE * sizeof *keys);
    assert_non_null(text);
    assert_non_null(keys);
    for (unsigned i = 0; i < SIZE; i++) {
        const nb_arch arch = at(i);
        assert_true(nb_topology_key(&arch, mode, text + (size_t)i * ROOM, ROOM) < ROOM);
        keys[i] = text + (size_t)i * ROOM;
    }
    qsort(keys, SIZE, sizeof *keys, compare_strings);
    unsigned distinct = 1;
    for (unsigned i = 1; i < SIZE; i++)
        distinct += strcmp(keys[i - 1], keys[i]) != 0;
    free(keys);
    free(text);
    return distinct;
}

static void the_unique_strings_have_the_published_number_of_classes(void **state)
{
    (void)state;
    assert_int_equal(distinct_keys(NB_KEY_PLAIN), 15625);
    assert_int_equal(distinct_keys(NB_KEY_SKIP), 12751);
    assert_int_equal(distinct_keys(NB_KEY_ZERO), 6466);
}

static void the_unique_string_is_the_originals(void **state)
{
    (void)state;
    const nb_arch arch = at(9);
    char key[NB_ARCH_TEXT_SIZE];
    nb_topology_key(&arch, NB_KEY_ZERO, key, sizeof key);
    assert_string_equal(key, "#+(#+#)@nor_conv_3x3+0");
    nb_topology_key(&arch, NB_KEY_SKIP, key, sizeof key);
    assert_string_equal(key, "(((0)@avg_pool_3x3)@none+(0)@none)@nor_conv_3x3+((0)@avg_pool_3x3)@none+0");
    nb_topology_key(&arch, NB_KEY_PLAIN, key, sizeof key);
    assert_string_equal(key, "(((0)@avg_pool_3x3)@none+(0)@none)@nor_conv_3x3+((0)@avg_pool_3x3)@none+(0)@skip_connect");
    assert_int_equal(nb_space_key(topology(), &arch, key, sizeof key), strlen("#+(#+#)@nor_conv_3x3+0"));
    assert_string_equal(key, "#+(#+#)@nor_conv_3x3+0");
}

static void the_canonical_cell_is_the_first_with_the_same_key(void **state)
{
    (void)state;
    const nb_space *space = topology();
    unsigned representatives = 0;
    for (unsigned i = 0; i < SIZE; i++) {
        const nb_arch arch = at(i);
        const int64_t first = nb_space_canonical(space, &arch);
        assert_true(first >= 0 && first <= i);
        const nb_arch representative = at((uint64_t)first);
        char key[NB_ARCH_TEXT_SIZE], other[NB_ARCH_TEXT_SIZE];
        nb_space_key(space, &arch, key, sizeof key);
        nb_space_key(space, &representative, other, sizeof other);
        assert_string_equal(key, other);
        assert_int_equal(nb_space_canonical(space, &representative), first);
        representatives += first == i;
    }
    assert_int_equal(representatives, 6466); /* as many as keys: no class has two */
}

static void real_tables_have_the_same_order_and_classes(void **state)
{
    (void)state;
    skip_without_shared();
    FILE *file = fopen(shared_path("data/nasbench201-tables/nb201_accuracy.csv"), "r");
    assert_non_null(file);
    char line[1024];
    assert_non_null(fgets(line, sizeof line, file));
    unsigned rows = 0;
    for (; fgets(line, sizeof line, file); rows++) {
        char *comma = strchr(line, ',');
        char *text = comma + 1;
        char *second = strchr(text, ',');
        assert_int_equal(strtoul(line, NULL, 10), rows);
        assert_int_equal(nb_space_index_of_text(topology(), text, (size_t)(second - text)), rows);
        const nb_arch arch = at(rows);
        assert_int_equal(nb_space_canonical(topology(), &arch), strtol(second + 1, NULL, 10));
    }
    fclose(file);
    assert_int_equal(rows, SIZE);
}

static void most_cells_connect_input_and_output(void **state)
{
    (void)state;
    unsigned valid = 0;
    for (unsigned i = 0; i < SIZE; i++) {
        const nb_arch arch = at(i);
        valid += nb_space_is_valid(topology(), &arch);
    }
    assert_int_equal(valid, 15284);
}

/* Moves. ------------------------------------------------------------------------------------------------------------------------------- */

static double chi_square(const unsigned *counts, const double *expected, size_t bins)
{
    double sum = 0;
    for (size_t i = 0; i < bins; i++)
        sum += (counts[i] - expected[i]) * (counts[i] - expected[i]) / expected[i];
    return sum;
}

static void sampling_is_uniform_over_every_edge(void **state)
{
    (void)state;
    enum { DRAWS = 60000 };
    unsigned counts[EDGES * NB_OP_COUNT] = {0};
    double expected[EDGES * NB_OP_COUNT];
    nb_rng rng = nb_rng_seed(21, 0);
    for (int i = 0; i < DRAWS; i++) {
        const nb_arch arch = nb_space_sample(topology(), &rng);
        assert_true(nb_space_has(topology(), &arch));
        for (unsigned edge = 0; edge < EDGES; edge++)
            counts[edge * NB_OP_COUNT + arch.code[edge]]++;
    }
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        expected[i] = DRAWS / 5.0;
    assert_true(chi_square(counts, expected, EDGES * NB_OP_COUNT) < 58.6); /* 24 degrees of freedom, p = 1e-4 */
}

static void mutation_picks_a_node_then_an_edge_then_another_operation(void **state)
{
    (void)state;
    enum { DRAWS = 90000, CHANGES = EDGES * (NB_OP_COUNT - 1) };
    const double edge_share[EDGES] = {1 / 3.0, 1 / 6.0, 1 / 6.0, 1 / 9.0, 1 / 9.0, 1 / 9.0};
    const nb_arch parent = at(1234);
    unsigned counts[CHANGES] = {0};
    double expected[CHANGES];
    nb_rng rng = nb_rng_seed(22, 0);
    for (int i = 0; i < DRAWS; i++) {
        const nb_arch child = nb_space_mutate(topology(), &parent, &rng);
        assert_true(nb_space_has(topology(), &child));
        unsigned changed = 0;
        for (unsigned edge = 0; edge < EDGES; edge++) {
            if (child.code[edge] == parent.code[edge])
                continue;
            changed++;
            counts[edge * (NB_OP_COUNT - 1) + child.code[edge] - (child.code[edge] > parent.code[edge])]++;
        }
        assert_int_equal(changed, 1);
    }
    for (unsigned i = 0; i < CHANGES; i++)
        expected[i] = DRAWS * edge_share[i / (NB_OP_COUNT - 1)] / (NB_OP_COUNT - 1);
    assert_true(chi_square(counts, expected, CHANGES) < 57.1); /* 23 degrees of freedom, p = 1e-4 */
}

static bool contains(const nb_arch *archs, size_t count, const nb_arch *wanted)
{
    for (size_t i = 0; i < count; i++) {
        if (nb_arch_equal(&archs[i], wanted))
            return true;
    }
    return false;
}

static void every_cell_has_24_neighbours_and_is_a_neighbour_of_each(void **state)
{
    (void)state;
    const nb_space *space = topology();
    for (unsigned i = 0; i < SIZE; i += 61) {
        const nb_arch arch = at(i);
        nb_arch near[24], back[24];
        assert_int_equal(nb_space_neighbours(space, &arch, NULL, 0), 24);
        assert_int_equal(nb_space_neighbours(space, &arch, near, 24), 24);
        for (size_t k = 0; k < 24; k++) {
            assert_true(nb_space_has(space, &near[k]));
            assert_false(nb_arch_equal(&near[k], &arch));
            assert_false(contains(near, k, &near[k]));
            nb_space_neighbours(space, &near[k], back, 24);
            assert_true(contains(back, 24, &arch));
        }
    }
}

static void decisions_are_the_edges_in_official_order(void **state)
{
    (void)state;
    const char *const names[EDGES] = {"1<-0", "2<-0", "2<-1", "3<-0", "3<-1", "3<-2"};
    assert_int_equal(nb_space_decision_count(topology()), EDGES);
    for (size_t i = 0; i < EDGES; i++) {
        const nb_decision *decision = nb_space_decision(topology(), i);
        assert_string_equal(decision->name, names[i]);
        assert_int_equal(decision->choices, 5);
        assert_string_equal(decision->choice_names[4], "avg_pool_3x3");
    }
    assert_null(nb_space_decision(topology(), EDGES));
}

/* Costs. ------------------------------------------------------------------------------------------------------------------------------- */

static nb_shape shape_of(const char *dataset)
{
    nb_shape shape;
    nb_error err;
    if (nb_space_shape(topology(), dataset, &shape, &err) != NB_OK)
        fail_msg("%s", err.message);
    return shape;
}

static void expect_costs(const char *text, const char *dataset, double flops, double params)
{
    const nb_arch arch = parse(text);
    const nb_shape shape = shape_of(dataset);
    nb_costs costs;
    assert_int_equal(nb_space_costs(topology(), &arch, &shape, &costs, NULL), NB_OK);
    assert_true(costs.flops == flops);
    assert_true(costs.params == params);
}

static void costs_equal_the_published_values(void **state)
{
    (void)state;
    char text[NB_ARCH_TEXT_SIZE];
    strcpy(text, string_at(0));
    expect_costs(text, "cifar10-valid", 15.64737, 0.129306);
    expect_costs(text, "cifar10", 15.64737, 0.129306);
    expect_costs(text, "cifar100", 15.65322, 0.135156);
    expect_costs(text, "ImageNet16-120", 3.91948, 0.136456);
    strcpy(text, string_at(11));
    expect_costs(text, "cifar10", 113.95137, 0.802426);
    expect_costs(text, "cifar100", 113.95722, 0.808276);
    expect_costs(text, "ImageNet16-120", 28.49548, 0.809576);
    strcpy(text, string_at(284));
    expect_costs(text, "cifar10", 11.71521, 0.101306);
    expect_costs(text, "cifar100", 11.72106, 0.107156);
    expect_costs(text, "ImageNet16-120", 2.93644, 0.108456);
    const char *least = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|";
    expect_costs(least, "cifar10", 7.78305, 0.073306);
    expect_costs(least, "cifar100", 7.7889, 0.079156);
    expect_costs(least, "ImageNet16-120", 1.9534, 0.080456);
    const char *most = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|";
    expect_costs(most, "cifar10", 220.11969, 1.531546);
    expect_costs(most, "cifar100", 220.12554, 1.537396);
    expect_costs(most, "ImageNet16-120", 55.03756, 1.538696);
}

/* The closed form of the specification for C = 16, N = 5, three input channels, a square input of side h and k classes. */
static nb_costs closed_form(const nb_arch *arch, double h, double k)
{
    double n1 = 0, n3 = 0;
    for (unsigned edge = 0; edge < EDGES; edge++) {
        n1 += arch->code[edge] == NB_OP_NOR_CONV_1X1;
        n3 += arch->code[edge] == NB_OP_NOR_CONV_3X3;
    }
    const double h1 = h * h, h2 = h1 / 4, h3 = h1 / 16, n = n1 + 9 * n3;
    const double flops = 432 * h1 + 5 * 256 * n * h1 + (4608 + 9216 + 512) * h2 + 5 * 1024 * n * h2 + (18432 + 36864 + 2048) * h3 +
                         5 * 4096 * n * h3 + 64 * k + k;
    const double params = 432 + 32 + 5 * (n1 * (256 + 32) + n3 * (2304 + 32)) + (4608 + 64 + 9216 + 64 + 512) +
                          5 * (n1 * (1024 + 64) + n3 * (9216 + 64)) + (18432 + 128 + 36864 + 128 + 2048) +
                          5 * (n1 * (4096 + 128) + n3 * (36864 + 128)) + 128 + 64 * k + k;
    return (nb_costs){flops / 1e6, params / 1e6};
}

static void costs_of_every_cell_equal_the_closed_form(void **state)
{
    (void)state;
    const char *const datasets[] = {"cifar10-valid", "cifar10", "cifar100", "ImageNet16-120"};
    for (size_t d = 0; d < 4; d++) {
        const nb_shape shape = shape_of(datasets[d]);
        for (unsigned i = 0; i < SIZE; i++) {
            const nb_arch arch = at(i);
            const nb_costs expected = closed_form(&arch, shape.height, shape.classes);
            nb_costs costs;
            assert_int_equal(nb_space_costs(topology(), &arch, &shape, &costs, NULL), NB_OK);
            assert_true(costs.flops == expected.flops && costs.params == expected.params);
        }
    }
}

/* Another network than the benchmark's, counted by hand: C = 2, N = 1, a grey 8 x 4 image, 3 classes, one 3x3 and one 1x1 convolution.
 * FLOPs: stem 9*2*32 = 576; cells (9+1)*4*32 + (9+1)*16*8 + (9+1)*64*2 = 3840; blocks (9*8+9*16+8)*8 + (9*32+9*64+32)*2 = 3584;
 * head 8*3+3 = 27. Parameters: stem 18+4; cells (40+8) + (160+16) + (640+32); blocks 72+8+144+8+8, 288+16+576+16+32; head 16+24+3. */
static void costs_follow_channels_cells_input_and_classes(void **state)
{
    (void)state;
    const nb_arch arch = parse("|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|avg_pool_3x3~0|skip_connect~1|none~2|");
    const nb_shape shape = {.input_channels = 1, .height = 8, .width = 4, .classes = 3, .channels = 2, .cells = 1};
    nb_costs costs;
    assert_int_equal(nb_space_costs(topology(), &arch, &shape, &costs, NULL), NB_OK);
    assert_true(costs.flops == (576 + 3840 + 3584 + 27) / 1e6);
    assert_true(costs.params == (22 + 48 + 176 + 672 + 240 + 928 + 43) / 1e6);
}

static void datasets_have_their_shapes(void **state)
{
    (void)state;
    nb_shape shape = shape_of("fashion-mnist");
    assert_int_equal(shape.input_channels, 1);
    assert_int_equal(shape.height, 28);
    assert_int_equal(shape.width, 28);
    assert_int_equal(shape.classes, 10);
    assert_int_equal(shape.channels, 16);
    assert_int_equal(shape.cells, 5);
    shape = shape_of("imagenet16-120");
    assert_int_equal(shape.height, 16);
    assert_int_equal(shape.classes, 120);
    nb_error err;
    assert_int_equal(nb_space_shape(topology(), "cifar1000", &shape, &err), NB_ERR_NOT_FOUND);
    assert_string_equal(err.message,
                        "no dataset is called 'cifar1000'; known: cifar10-valid, cifar10, cifar100, cifar10-101, ImageNet16-120, "
                        "ImageNet16-150, ImageNet16-200, ImageNet16, mnist, fashion-mnist");
}

static void impossible_shapes_are_refused(void **state)
{
    (void)state;
    const nb_arch arch = at(0);
    const nb_shape good = shape_of("cifar10");
    nb_shape bad[8];
    for (size_t i = 0; i < 8; i++)
        bad[i] = good;
    bad[0].height = 30;
    bad[1].width = 0;
    bad[2].classes = 0;
    bad[3].channels = 0;
    bad[4].cells = 0;
    bad[5].input_channels = 0;
    bad[6].channels = 2000000000;
    bad[7].cells = 4000000000;
    nb_costs costs;
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(nb_space_costs(topology(), &arch, &bad[i], &costs, NULL), NB_ERR_ARGUMENT);
    nb_error err;
    nb_space_costs(topology(), &arch, &bad[0], &costs, &err);
    assert_string_equal(err.message, "input of 30 x 32 pixels: sides must be multiples of 4 (the image is halved twice), 4 to 1024");
}

/* All runs of a real NATS-Bench record, under every schedule and dataset. */
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
        assert_int_equal(nb_space_index_of_text(topology(), text, strlen(text)), json_integer_value(json_object_get(result, "arch_index")));
        json_object_foreach(json_object_get(result, "all_results"), run_name, run)
        {
            expect_costs(text, json_string_value(json_object_get(run, "name")), json_number_value(json_object_get(run, "flop")),
                         json_number_value(json_object_get(run, "params")));
            runs++;
        }
    }
    json_decref(record);
    assert_int_equal(runs, 5 + 12);
}

static void costs_equal_the_real_records(void **state)
{
    (void)state;
    skip_without_shared();
    expect_costs_of_record("data/nats-bench-real-archs/tss_000000.json");
    expect_costs_of_record("data/nats-bench-real-archs/tss_000011.json");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_index_order_is_the_official_one),
        cmocka_unit_test(all_strings_have_the_published_checksum),
        cmocka_unit_test(index_string_operations_and_matrix_round_trip_for_every_cell),
        cmocka_unit_test(an_architecture_is_32_bytes_with_the_operations_in_edge_order),
        cmocka_unit_test(the_matrix_has_targets_as_rows),
        cmocka_unit_test(the_space_has_the_names_of_its_predecessors),
        cmocka_unit_test(a_wrong_string_is_refused_with_its_place),
        cmocka_unit_test(no_text_with_a_changed_byte_is_taken_for_another_cell),
        cmocka_unit_test(every_cut_of_a_string_is_refused_without_reading_past_its_end),
        cmocka_unit_test(lookup_takes_an_index_or_a_string),
        cmocka_unit_test(format_into_a_short_buffer_cuts_and_tells_the_length),
        cmocka_unit_test(malformed_architectures_are_none_of_the_space),
        cmocka_unit_test(operations_and_matrices_out_of_range_are_refused),
        cmocka_unit_test(operations_have_their_official_names_and_numbers),
        cmocka_unit_test(the_unique_strings_have_the_published_number_of_classes),
        cmocka_unit_test(the_unique_string_is_the_originals),
        cmocka_unit_test(the_canonical_cell_is_the_first_with_the_same_key),
        cmocka_unit_test(real_tables_have_the_same_order_and_classes),
        cmocka_unit_test(most_cells_connect_input_and_output),
        cmocka_unit_test(sampling_is_uniform_over_every_edge),
        cmocka_unit_test(mutation_picks_a_node_then_an_edge_then_another_operation),
        cmocka_unit_test(every_cell_has_24_neighbours_and_is_a_neighbour_of_each),
        cmocka_unit_test(decisions_are_the_edges_in_official_order),
        cmocka_unit_test(costs_equal_the_published_values),
        cmocka_unit_test(costs_of_every_cell_equal_the_closed_form),
        cmocka_unit_test(costs_follow_channels_cells_input_and_classes),
        cmocka_unit_test(datasets_have_their_shapes),
        cmocka_unit_test(impossible_shapes_are_refused),
        cmocka_unit_test(costs_equal_the_real_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
