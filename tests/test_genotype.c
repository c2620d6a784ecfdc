/* Genotypes: the reference's general structures, where edges may be missing, repeated and in any order. */
#include "support.h"

#include "heap.h"
#include "nasbench/genotype.h"

static nb_genotype parse(const char *text)
{
    nb_genotype genotype;
    nb_error err;
    if (nb_genotype_parse(text, strlen(text), &genotype, &err) != NB_OK)
        fail_msg("%s: %s", text, err.message);
    return genotype;
}

static nb_genotype find(const char *text)
{
    nb_genotype genotype;
    nb_error err;
    if (nb_genotype_find(text, strlen(text), &genotype, &err) != NB_OK)
        fail_msg("%s: %s", text, err.message);
    return genotype;
}

static void expect_text(const nb_genotype *genotype, const char *expected)
{
    char text[NB_GENOTYPE_TEXT_SIZE];
    assert_int_equal(nb_genotype_format(genotype, text, sizeof text), strlen(expected));
    assert_string_equal(text, expected);
}

static void expect_key(const nb_genotype *genotype, nb_key_mode mode, const char *expected)
{
    char text[256];
    size_t length;
    assert_int_equal(nb_genotype_key(genotype, mode, text, sizeof text, &length, NULL), NB_OK);
    assert_string_equal(text, expected);
    assert_int_equal(length, strlen(expected));
}

/* What a Python transcript of the reference's rules (nas-bench-201.md, 1.1 and 1.3) gives for structures drawn at random. */
static const struct vector {
    const char *text, *plain, *skip, *zero, *filled;
    const char *without_none; /* NULL: a node loses all its edges */
    bool valid;
} vectors[] = {
    {"|none~0|", "(0)@none", "(0)@none", "#", "|none~0|", NULL, false},
    {"|nor_conv_1x1~0|avg_pool_3x3~0|+|skip_connect~1|nor_conv_3x3~1|avg_pool_3x3~1|",
     "((0)@avg_pool_3x3+(0)@nor_conv_1x1)@avg_pool_3x3+((0)@avg_pool_3x3+(0)@nor_conv_1x1)@nor_conv_3x3+((0)@avg_pool_3x3+(0)@nor_conv_1x1)"
     "@"
     "skip_connect",
     "((0)@avg_pool_3x3+(0)@nor_conv_1x1)@avg_pool_3x3+((0)@avg_pool_3x3+(0)@nor_conv_1x1)@nor_conv_3x3+(0)@avg_pool_3x3+(0)@nor_conv_1x1",
     "((0)@avg_pool_3x3+(0)@nor_conv_1x1)@avg_pool_3x3+((0)@avg_pool_3x3+(0)@nor_conv_1x1)@nor_conv_3x3+(0)@avg_pool_3x3+(0)@nor_conv_1x1",
     "|avg_pool_3x3~0|nor_conv_1x1~0|+|none~0|avg_pool_3x3~1|nor_conv_3x3~1|skip_connect~1|",
     "|avg_pool_3x3~0|nor_conv_1x1~0|+|avg_pool_3x3~1|nor_conv_3x3~1|skip_connect~1|", true},
    {"|none~0|nor_conv_1x1~0|+|nor_conv_3x3~1|avg_pool_3x3~0|+|skip_connect~0|none~0|", "(0)@none+(0)@skip_connect", "(0)@none+0", "#+0",
     "|none~0|nor_conv_1x1~0|+|avg_pool_3x3~0|nor_conv_3x3~1|+|none~0|skip_connect~0|none~1|",
     "|nor_conv_1x1~0|+|avg_pool_3x3~0|nor_conv_3x3~1|+|skip_connect~0|", true},
    {"|nor_conv_1x1~0|+|nor_conv_1x1~1|nor_conv_1x1~1|avg_pool_3x3~1|+|skip_connect~1|avg_pool_3x3~1|avg_pool_3x3~0|+|none~1|none~0|avg_"
     "pool_3x3~0|",
     "((0)@nor_conv_1x1)@none+(0)@avg_pool_3x3+(0)@none", "((0)@nor_conv_1x1)@none+(0)@avg_pool_3x3+(0)@none", "#+#+(0)@avg_pool_3x3",
     "|nor_conv_1x1~0|+|none~0|avg_pool_3x3~1|nor_conv_1x1~1|nor_conv_1x1~1|+|avg_pool_3x3~0|avg_pool_3x3~1|skip_connect~1|+|avg_pool_3x3~"
     "0|"
     "none~0|none~1|none~2|",
     "|nor_conv_1x1~0|+|avg_pool_3x3~1|nor_conv_1x1~1|nor_conv_1x1~1|+|avg_pool_3x3~0|avg_pool_3x3~1|skip_connect~1|+|avg_pool_3x3~0|",
     true},
    {"|skip_connect~0|+|none~0|+|none~2|", "((0)@none)@none", "((0)@none)@none", "#", "|skip_connect~0|+|none~0|+|none~0|none~1|none~2|",
     NULL, false},
    {"|nor_conv_3x3~0|+|skip_connect~0|+|nor_conv_1x1~2|", "((0)@skip_connect)@nor_conv_1x1", "(0)@nor_conv_1x1", "(0)@nor_conv_1x1",
     "|nor_conv_3x3~0|+|skip_connect~0|+|none~0|none~1|nor_conv_1x1~2|", "|nor_conv_3x3~0|+|skip_connect~0|+|nor_conv_1x1~2|", true},
    {"|nor_conv_3x3~0|+|none~0|skip_connect~1|none~1|", "((0)@nor_conv_3x3)@none+((0)@nor_conv_3x3)@skip_connect+(0)@none",
     "((0)@nor_conv_3x3)@none+(0)@none+(0)@nor_conv_3x3", "#+#+(0)@nor_conv_3x3", "|nor_conv_3x3~0|+|none~0|none~1|skip_connect~1|",
     "|nor_conv_3x3~0|+|skip_connect~1|", true},
};

static void structures_are_formatted_as_they_were_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        const nb_genotype genotype = parse(vectors[i].text);
        expect_text(&genotype, vectors[i].text);
    }
}

static void structures_have_the_references_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        const nb_genotype genotype = parse(vectors[i].text);
        expect_key(&genotype, NB_KEY_PLAIN, vectors[i].plain);
        expect_key(&genotype, NB_KEY_SKIP, vectors[i].skip);
        expect_key(&genotype, NB_KEY_ZERO, vectors[i].zero);
        assert_int_equal(nb_genotype_is_valid(&genotype), vectors[i].valid);
    }
}

static void filling_adds_missing_inputs_but_never_the_last_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        const nb_genotype genotype = parse(vectors[i].text);
        nb_genotype full;
        assert_int_equal(nb_genotype_fill(&genotype, NB_OP_NONE, &full, NULL), NB_OK);
        expect_text(&full, vectors[i].filled);
    }
}

static void removing_an_operation_sorts_and_may_leave_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        const nb_genotype genotype = parse(vectors[i].text);
        nb_genotype rest;
        assert_int_equal(nb_genotype_without(&genotype, NB_OP_NONE, &rest), vectors[i].without_none != NULL);
        if (vectors[i].without_none)
            expect_text(&rest, vectors[i].without_none);
        else
            assert_int_equal(rest.edges, 0);
    }
}

static void named_cells_are_the_references(void **state)
{
    (void)state;
    nb_genotype cell = find("resnet");
    expect_text(&cell, "|nor_conv_3x3~0|+|nor_conv_3x3~1|+|skip_connect~0|skip_connect~2|");
    cell = find("all_c3x3");
    expect_text(&cell, "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|");
    cell = find("all_c1x1");
    expect_text(&cell, "|nor_conv_1x1~0|+|nor_conv_1x1~0|nor_conv_1x1~1|+|nor_conv_1x1~0|nor_conv_1x1~1|nor_conv_1x1~2|");
    cell = find("all_idnt");
    expect_text(&cell, "|skip_connect~0|+|skip_connect~0|skip_connect~1|+|skip_connect~0|skip_connect~1|skip_connect~2|");
    cell = find("all_full");
    assert_int_equal(cell.edges, 24);
    char text[NB_GENOTYPE_TEXT_SIZE];
    nb_genotype_format(&cell, text, sizeof text);
    const char *node_2 = "+|skip_connect~0|nor_conv_1x1~0|nor_conv_3x3~0|avg_pool_3x3~0|skip_connect~1|nor_conv_1x1~1|nor_conv_3x3~1|"
                         "avg_pool_3x3~1|+";
    assert_non_null(strstr(text, node_2));
}

static void an_unknown_name_lists_the_known_ones(void **state)
{
    (void)state;
    nb_genotype cell;
    nb_error err;
    assert_int_equal(nb_genotype_find("resnet18", 8, &cell, &err), NB_ERR_NOT_FOUND);
    assert_string_equal(err.message, "cell 'resnet18': neither a string |OPERATION~INPUT|+... nor a name (resnet, all_c3x3, all_c1x1, "
                                     "all_idnt, all_full)");
    assert_int_equal(nb_genotype_find("", 0, &cell, &err), NB_ERR_NOT_FOUND);
    assert_int_equal(nb_genotype_find("|none|", 6, &cell, &err), NB_ERR_FORMAT);
}

static void resnet_filled_with_none_is_the_papers_architecture(void **state)
{
    (void)state;
    const nb_genotype cell = find("resnet");
    nb_genotype full;
    nb_arch arch;
    char text[NB_ARCH_TEXT_SIZE];
    nb_error err;
    assert_int_equal(nb_genotype_to_arch(&cell, &arch, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "cell without the edge 2<-0: the topology space has each edge once");
    assert_int_equal(nb_genotype_fill(&cell, NB_OP_NONE, &full, NULL), NB_OK);
    assert_int_equal(nb_genotype_to_arch(&full, &arch, NULL), NB_OK);
    nb_space_format(nb_space_of(NB_SPACE_TOPOLOGY), &arch, text, sizeof text);
    assert_string_equal(text, "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|skip_connect~2|");
}

static void a_repeated_edge_is_no_architecture_of_the_space(void **state)
{
    (void)state;
    nb_arch arch;
    nb_error err;
    nb_genotype cell = find("all_full");
    assert_int_equal(nb_genotype_to_arch(&cell, &arch, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "cell with the edge 1<-0 twice: the topology space has each edge once");
    cell = parse("|none~0|");
    assert_int_equal(nb_genotype_to_arch(&cell, &arch, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "cell of 2 nodes: the topology space has cells of 4");
}

static void edges_in_another_order_are_the_same_architecture(void **state)
{
    (void)state;
    const nb_genotype cell = parse("|avg_pool_3x3~0|+|skip_connect~1|nor_conv_1x1~0|+|skip_connect~2|nor_conv_1x1~0|skip_connect~1|");
    const nb_space *space = nb_space_of(NB_SPACE_TOPOLOGY);
    nb_arch arch;
    assert_int_equal(nb_genotype_to_arch(&cell, &arch, NULL), NB_OK);
    assert_int_equal(nb_space_index(space, &arch), 0);
}

static void every_architecture_is_a_genotype_and_back(void **state)
{
    (void)state;
    const nb_space *space = nb_space_of(NB_SPACE_TOPOLOGY);
    for (uint64_t i = 0; i < nb_space_size(space); i++) {
        nb_arch arch, back;
        nb_genotype cell;
        char text[NB_ARCH_TEXT_SIZE];
        nb_space_at(space, i, &arch, NULL);
        nb_space_format(space, &arch, text, sizeof text);
        assert_int_equal(nb_genotype_from_arch(&arch, &cell, NULL), NB_OK);
        expect_text(&cell, text);
        const nb_genotype parsed = parse(text);
        assert_memory_equal(&parsed, &cell, sizeof cell);
        assert_int_equal(nb_genotype_to_arch(&cell, &back, NULL), NB_OK);
        assert_true(nb_arch_equal(&arch, &back));
    }
}

static void an_architecture_of_the_size_space_has_its_fixed_cell(void **state)
{
    (void)state;
    const nb_space *space = nb_space_of(NB_SPACE_SIZE);
    nb_arch arch = {0};
    nb_genotype cell;
    assert_int_equal(nb_genotype_from_arch(&arch, &cell, NULL), NB_ERR_ARGUMENT);
    nb_space_at(space, 77, &arch, NULL);
    assert_int_equal(nb_genotype_from_arch(&arch, &cell, NULL), NB_OK);
    expect_text(&cell, "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|");
}

static void expect_refusal(const char *text, nb_status status, const char *message)
{
    nb_genotype genotype;
    nb_error err;
    assert_int_equal(nb_genotype_parse(text, strlen(text), &genotype, &err), status);
    assert_string_equal(err.message, message);
}

static void what_the_reference_would_refuse_is_refused_with_its_place(void **state)
{
    (void)state;
    expect_refusal("", NB_ERR_FORMAT, "architecture string: offset 0: node 1 has no edge, expected |OPERATION~INPUT|");
    expect_refusal("|none~0|+", NB_ERR_FORMAT, "architecture string: offset 9: node 2 has no edge, expected |OPERATION~INPUT|");
    expect_refusal("|none~0|+||+|none~0|", NB_ERR_FORMAT, "architecture string: offset 9: node 2 has no edge, expected |OPERATION~INPUT|");
    expect_refusal("|none~1|", NB_ERR_FORMAT, "architecture string: offset 6: input '1' of node 1, expected 0 to 0");
    expect_refusal("|none~|", NB_ERR_FORMAT, "architecture string: offset 6: input '' of node 1, expected 0 to 0");
    expect_refusal("|none~0~0|", NB_ERR_FORMAT, "architecture string: offset 6: input '0~0' of node 1, expected 0 to 0");
    expect_refusal("|none~-0|", NB_ERR_FORMAT, "architecture string: offset 6: input '-0' of node 1, expected 0 to 0");
    expect_refusal("|none~99999999999999999999|", NB_ERR_FORMAT,
                   "architecture string: offset 6: input '99999999999999999999' of node 1, expected 0 to 0");
    expect_refusal(
        "|conv\n~0|", NB_ERR_FORMAT,
        "architecture string: offset 1: operation 'conv?', expected none, skip_connect, nor_conv_1x1, nor_conv_3x3 or avg_pool_3x3");
}

static void bars_may_double_or_be_left_out_as_in_the_reference(void **state)
{
    (void)state;
    const nb_genotype loose = parse("none~0+||none~0||none~1"), strict = parse("|none~0|+|none~0|none~1|");
    assert_memory_equal(&loose, &strict, sizeof strict);
}

static void more_nodes_or_edges_than_fit_are_unsupported(void **state)
{
    (void)state;
    char text[4096] = "none~0";
    for (int i = 2; i < NB_GENOTYPE_NODES; i++)
        strcat(text, "+none~0");
    nb_genotype genotype = parse(text);
    assert_int_equal(genotype.nodes, NB_GENOTYPE_NODES);
    strcat(text, "+none~0");
    expect_refusal(text, NB_ERR_UNSUPPORTED, "architecture string: offset 77: more than 12 nodes");

    strcpy(text, "none~0");
    for (int i = 1; i < NB_GENOTYPE_EDGES; i++)
        strcat(text, "|none~0");
    genotype = parse(text);
    assert_int_equal(genotype.edges, NB_GENOTYPE_EDGES);
    strcat(text, "|none~0");
    expect_refusal(text, NB_ERR_UNSUPPORTED, "architecture string: offset 896: more than 128 edges");
}

static void a_key_that_grows_without_end_is_refused(void **state)
{
    (void)state;
    char text[4096] = "nor_conv_3x3~0";
    for (int node = 2; node < NB_GENOTYPE_NODES; node++) {
        strcat(text, "+");
        for (int k = 0; k < 10; k++) {
            char edge[32];
            snprintf(edge, sizeof edge, "|nor_conv_3x3~%d", node - 1);
            strcat(text, edge);
        }
    }
    const nb_genotype genotype = parse(text);
    nb_error err;
    char key[8];
    assert_int_equal(nb_genotype_key(&genotype, NB_KEY_PLAIN, key, sizeof key, NULL, &err), NB_ERR_MEMORY);
    assert_string_equal(err.message, "unique string: longer than 16777216 bytes");
}

static void a_key_reports_missing_memory_and_keeps_none(void **state)
{
    (void)state;
    if (!heap_is_watched())
        skip();
    const nb_genotype cell = find("all_full"); /* takes a second, larger buffer */
    const long before = heap_blocks();
    nb_status status = NB_ERR_MEMORY;
    for (long allowed = 0; status != NB_OK; allowed++) {
        char key[8] = "?";
        heap_fail_after(allowed);
        status = nb_genotype_key(&cell, NB_KEY_PLAIN, key, sizeof key, NULL, NULL);
        assert_int_equal(status, heap_has_failed() ? NB_ERR_MEMORY : NB_OK);
        heap_fail_after(-1);
        assert_string_equal(key, status == NB_OK ? "(((0)@a" : "?");
        assert_int_equal(heap_blocks(), before);
        assert_true(allowed < 8);
    }
}

static void a_key_into_a_short_buffer_is_cut_and_tells_its_length(void **state)
{
    (void)state;
    const nb_genotype cell = find("all_full");
    char key[8];
    size_t length;
    assert_int_equal(nb_genotype_key(&cell, NB_KEY_PLAIN, key, sizeof key, &length, NULL), NB_OK);
    assert_string_equal(key, "(((0)@a");
    assert_true(length > 1000);
}

static void genotypes_filled_in_wrongly_by_hand_are_refused(void **state)
{
    (void)state;
    nb_genotype bad[6];
    for (size_t i = 0; i < 6; i++)
        bad[i] = find("resnet");
    bad[0].nodes = 200;
    bad[1].edges = 4000;
    bad[2].edge[1].op = 9;
    bad[3].edge[1].source = 2;
    bad[4].edge[1].target = 3;
    bad[5].nodes = 5;
    nb_shape shape;
    nb_costs costs;
    nb_genotype out;
    nb_arch arch;
    assert_int_equal(nb_space_shape(nb_space_of(NB_SPACE_TOPOLOGY), "cifar10", &shape, NULL), NB_OK);
    for (size_t i = 0; i < 6; i++) {
        char text[8];
        assert_int_equal(nb_genotype_format(&bad[i], text, sizeof text), 0);
        assert_int_equal(nb_genotype_key(&bad[i], NB_KEY_ZERO, text, sizeof text, NULL, NULL), NB_ERR_ARGUMENT);
        assert_int_equal(nb_genotype_costs(&bad[i], &shape, &costs, NULL), NB_ERR_ARGUMENT);
        assert_int_equal(nb_genotype_fill(&bad[i], NB_OP_NONE, &out, NULL), NB_ERR_ARGUMENT);
        assert_int_equal(nb_genotype_to_arch(&bad[i], &arch, NULL), NB_ERR_ARGUMENT);
        assert_false(nb_genotype_without(&bad[i], NB_OP_NONE, &out));
        assert_false(nb_genotype_is_valid(&bad[i]));
    }
}

static void expect_costs(const char *cell, double flops, double params)
{
    const nb_genotype genotype = find(cell);
    nb_shape shape;
    nb_costs costs;
    assert_int_equal(nb_space_shape(nb_space_of(NB_SPACE_TOPOLOGY), "cifar10", &shape, NULL), NB_OK);
    assert_int_equal(nb_genotype_costs(&genotype, &shape, &costs, NULL), NB_OK);
    assert_true(costs.flops == flops);
    assert_true(costs.params == params);
}

static void named_cells_have_the_published_costs(void **state)
{
    (void)state;
    expect_costs("resnet", 78.56193, 0.559386);
    expect_costs("all_c3x3", 220.11969, 1.531546);
    expect_costs("all_idnt", 7.78305, 0.073306);
    /* six 1x1 convolutions on top of the bare network, and six of both kinds: (closed form of the specification) */
    expect_costs("all_c1x1", 31.37601, 0.241306);
    expect_costs("all_full", 243.71265, 1.699546);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(structures_are_formatted_as_they_were_read),
        cmocka_unit_test(structures_have_the_references_keys),
        cmocka_unit_test(filling_adds_missing_inputs_but_never_the_last_one),
        cmocka_unit_test(removing_an_operation_sorts_and_may_leave_nothing),
        cmocka_unit_test(named_cells_are_the_references),
        cmocka_unit_test(an_unknown_name_lists_the_known_ones),
        cmocka_unit_test(resnet_filled_with_none_is_the_papers_architecture),
        cmocka_unit_test(a_repeated_edge_is_no_architecture_of_the_space),
        cmocka_unit_test(edges_in_another_order_are_the_same_architecture),
        cmocka_unit_test(every_architecture_is_a_genotype_and_back),
        cmocka_unit_test(an_architecture_of_the_size_space_has_its_fixed_cell),
        cmocka_unit_test(what_the_reference_would_refuse_is_refused_with_its_place),
        cmocka_unit_test(bars_may_double_or_be_left_out_as_in_the_reference),
        cmocka_unit_test(more_nodes_or_edges_than_fit_are_unsupported),
        cmocka_unit_test(a_key_that_grows_without_end_is_refused),
        cmocka_unit_test(a_key_reports_missing_memory_and_keeps_none),
        cmocka_unit_test(a_key_into_a_short_buffer_is_cut_and_tells_its_length),
        cmocka_unit_test(genotypes_filled_in_wrongly_by_hand_are_refused),
        cmocka_unit_test(named_cells_have_the_published_costs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
