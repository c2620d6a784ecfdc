/* NDS: its words and networks, its files, and NNI's database of them. The example with all numbers was computed with NNI's importer. */
#include "db_support.h"

#include <math.h>
#include <sys/stat.h>
#include <zip.h>

#include "base/json_stream.h"
#include "ingest/nds_run.h"
#include "nasbench/db_build.h"
#include "nasbench/nds.h"

/* ---- files ---- */

/* A run as the files have it, with what differs between tests left open: net, seed, the three curves. */
#define RUN(net, seed, losses, train, test, epochs)                                                                                        \
    "{\"job_id\": 7, \"rng_seed\": " seed ", \"net\": " net ", \"optim\": {\"base_lr\": 0.1, \"wd\": 0.0005, \"max_ep\": " epochs          \
    ", \"momentum\": 0.9}, \"params\": 83002, \"flops\": 69890986, \"act_mem\": 12, \"prec_time\": {\"train_fw_bw\": 0.05}, "              \
    "\"iter_time\": 0.065, \"min_test_top1\": 30.55, \"train_ep_loss\": " losses ", \"train_ep_top1\": " train ", \"test_ep_top1\": " test \
    ", \"train_it_loss\": [2.5, NaN, Infinity], \"train_it_top1\": []}"

#define BOTTLENECK                                                                                                                         \
    "{\"block_type\": \"res_bottleneck_block\", \"ds\": [1, 16, 1, 4], \"ws\": [16, 64, 128, 16], \"ss\": [1, 1, 2, 2], "                  \
    "\"bot_muls\": [0.0, 0.25, 0.25, 0.25], \"num_gs\": [1, 2, 1, 2], \"extra\": [], \"zero\": 0}"
#define BOTTLENECK_AGAIN                                                                                                                   \
    "{\"ws\": [16, 64, 128, 16], \"ss\": [1, 1, 2, 2], \"ds\": [1, 16, 1, 4], \"block_type\": \"res_bottleneck_block\", "                  \
    "\"num_gs\": [1, 2, 1, 2], \"bot_muls\": [0.0, 0.25, 0.25, 0.25]}"
#define BOTTLENECK_SPEC "{\"bot_muls\":[0.0,0.25,0.25,0.25],\"ds\":[1,16,1,4],\"num_gs\":[1,2,1,2],\"ss\":[1,1,2,2],\"ws\":[16,64,128,16]}"
#define PLAIN                                                                                                                              \
    "{\"block_type\": \"double_plain_block\", \"ds\": [1, 12], \"ws\": [16, 24], \"ss\": [1, 1], \"bot_muls\": [], \"num_gs\": null}"
#define BASIC "{\"block_type\": \"res_basic_block\", \"ds\": [1, 12], \"ws\": [16, 24], \"ss\": [1, 1]}"
#define CELL                                                                                                                               \
    "{\"genotype\": {\"normal\": [[\"avg_pool_3x3\", 0], [\"conv_7x1_1x7\", 1], [\"sep_conv_3x3\", 2], [\"sep_conv_5x5\", 0]], "           \
    "\"normal_concat\": [3], \"reduce\": [[\"skip_connect\", 1], [\"max_pool_3x3\", 0], [\"sep_conv_3x3\", 0], [\"none\", 2]], "           \
    "\"reduce_concat\": [2, 3]}, \"depth\": 12, \"width\": 32, \"aux\": false, \"drop_prob\": 0.0, \"other\": 5}"
#define CELL_SPEC                                                                                                                          \
    "{\"normal_0_input_x\":0,\"normal_0_input_y\":1,\"normal_0_op_x\":\"avg_pool_3x3\",\"normal_0_op_y\":\"conv_7x1_1x7\","                \
    "\"normal_1_input_x\":2,\"normal_1_input_y\":0,\"normal_1_op_x\":\"sep_conv_3x3\",\"normal_1_op_y\":\"sep_conv_5x5\","                 \
    "\"normal_concat\":[3],"                                                                                                               \
    "\"reduce_0_input_x\":1,\"reduce_0_input_y\":0,\"reduce_0_op_x\":\"skip_connect\",\"reduce_0_op_y\":\"max_pool_3x3\","                 \
    "\"reduce_1_input_x\":0,\"reduce_1_input_y\":2,\"reduce_1_op_x\":\"sep_conv_3x3\",\"reduce_1_op_y\":\"none\","                         \
    "\"reduce_concat\":[2,3]}"

#define TWO_EPOCHS(net, seed) RUN(net, seed, "[NaN, 1.415]", "[69.579, 31.546]", "[58.24, 30.55]", "2")
#define ONE_EPOCH(net, seed) RUN(net, seed, "[0.5]", "[20.5]", "[30.25]", "1")

/* A fresh folder; the caller frees. */
static char *make_folder(const char *name)
{
    char *path = scratch_path(name);
    assert_int_equal(mkdir(path, 0700), 0);
    return path;
}

static void put_file(const char *folder, const char *name, const char *text)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    write_file(path, text, strlen(text));
}

static nb_db_build_summary build(const char *source, const char *target)
{
    nb_db_build_summary summary;
    nb_error err;
    if (nb_db_build(NB_DB_NDS, &source, 1, target, &summary, NULL, &err) != NB_OK)
        fail_msg("%s", err.message);
    return summary;
}

/* ---- the database ---- */

static void the_example_of_nni_s_importer(void **state)
{
    (void)state;
    char *folder = make_folder("example"), *target = scratch_path("example.db"), *schema, *expected = golden_schema_of("nds");
    put_file(
        folder, "ResNeXt-A.json",
        "[" TWO_EPOCHS(BOTTLENECK, "1") ",\n" RUN(BOTTLENECK_AGAIN, "2", "[NaN, NaN]", "[69.579, 31.546]", "[58.24, 30.55]", "2") "]\n");
    nb_db_build_summary summary = build(folder, target);
    assert_int_equal(summary.files, 1);
    assert_int_equal(summary.configs, 1);
    assert_int_equal(summary.trials, 2);
    assert_int_equal(summary.points, 4);
    schema = schema_of(target);
    assert_string_equal(schema, expected);
    expect_answer(target, "PRAGMA integrity_check", "ok");
    nb_db *db = open_db(target);
    nb_db_query *query = ask(db, (nb_db_filter){.points = true});
    const nb_db_trial *trial = next_row(query);
    assert_non_null(trial);
    assert_int_equal(trial->config.id, 1);
    assert_string_equal(trial->config.model_family, "residual_bottleneck");
    assert_string_equal(trial->config.model_spec, BOTTLENECK_SPEC);
    assert_string_equal(trial->config.cell_spec, "{}");
    assert_string_equal(trial->config.dataset, "cifar10");
    assert_string_equal(trial->config.generator, "random");
    assert_string_equal(trial->config.proposer, "resnext-a");
    assert_true(trial->config.base_lr == 0.1 && trial->config.weight_decay == 0.0005);
    assert_int_equal(trial->config.num_epochs, 2);
    assert_int_equal(trial->seed, 1);
    assert_true(trial->final_train_acc == 68.45400000000001 && trial->final_train_loss == 1.415 && trial->final_test_acc == 69.45);
    assert_true(trial->best_train_acc == 68.45400000000001 && trial->best_train_loss == 1.415 && trial->best_test_acc == 69.45);
    assert_true(trial->parameters == 0.083002 && trial->flops == 69.890986 && trial->iter_time == 0.065);
    assert_int_equal(trial->point_count, 2);
    assert_true(isnan(trial->points[0].train_loss) && trial->points[0].train_acc == 30.421000000000006);
    assert_true(trial->points[0].test_acc == 41.76 && trial->points[0].current_epoch == 1);
    assert_true(trial->points[1].train_loss == 1.415 && trial->points[1].train_acc == 68.45400000000001);
    trial = next_row(query);
    assert_int_equal(trial->config.id, 1);
    assert_int_equal(trial->seed, 2);
    assert_true(isnan(trial->final_train_loss) && isnan(trial->best_train_loss));
    assert_null(next_row(query));
    nb_db_query_close(query);
    nb_db_close(db);
    expect_answer(target, "SELECT typeof(final_train_loss) FROM ndstrialstats WHERE id = 2", "null");
    free(schema);
    free(expected);
    free(target);
    free(folder);
}

static void cells_become_two_specifications(void **state)
{
    (void)state;
    char *folder = make_folder("cells"), *target = scratch_path("cells.db");
    put_file(folder, "Amoeba.json", "[" ONE_EPOCH(CELL, "1") "]");
    build(folder, target);
    expect_answer(target, "SELECT model_spec FROM ndstrialconfig",
                  "{\"aux\":false,\"depth\":12,\"drop_prob\":0.0,\"num_nodes_normal\":2,\"num_nodes_reduce\":2,\"width\":32}");
    expect_answer(target, "SELECT cell_spec FROM ndstrialconfig", CELL_SPEC);
    expect_answer(target, "SELECT model_family || ' ' || proposer FROM ndstrialconfig", "nas_cell amoeba");
    free(target);
    free(folder);
}

static void files_come_in_nni_s_order_and_say_what_is_in_them(void **state)
{
    (void)state;
    char *folder = make_folder("order"), *target = scratch_path("order.db");
    put_file(folder, "Vanilla_rng2.json", "[" ONE_EPOCH(PLAIN, "2") "]");
    put_file(folder, "Vanilla_lr-wd_in.json", "[" ONE_EPOCH(PLAIN, "1") "]");
    put_file(folder, "ResNet.json", "[" ONE_EPOCH(BASIC, "1") "]");
    put_file(folder, "DARTS_fix-w-d.json", "[" ONE_EPOCH(CELL, "1") "]");
    put_file(folder, "Vanilla_reruns.json", "{\"mid\": [" ONE_EPOCH(PLAIN, "5") "], \"top\": [" ONE_EPOCH(PLAIN, "4") "]}");
    put_file(folder, "Vanilla.json", " [ ] ");
    put_file(folder, "notes.json", "not even JSON");
    nb_db_build_summary summary = build(folder, target);
    assert_int_equal(summary.files, 6);
    expect_answer(target,
                  "SELECT group_concat(c.proposer || ' ' || c.generator || ' ' || c.dataset || ' ' || t.seed || ' ' || c.id, ', ') FROM "
                  "ndstrialstats t JOIN ndstrialconfig c ON c.id = t.config_id ORDER BY t.id",
                  "darts fix_w_d cifar10 1 1, resnet random cifar10 1 2, vanilla tune_lr_wd imagenet 1 3, vanilla random cifar10 4 4, "
                  "vanilla random cifar10 5 4, vanilla random cifar10 2 4");
    expect_answer(target, "SELECT model_spec FROM ndstrialconfig WHERE id = 4", "{\"ds\":[1,12],\"ss\":[1,1],\"ws\":[16,24]}");
    free(target);
    free(folder);
}

static void a_zip_is_read_as_the_folder_in_it(void **state)
{
    (void)state;
    char *path = scratch_path("data.zip"), *target = scratch_path("zip.db"), *folder = make_folder("unzipped"),
         *again = scratch_path("dir.db");
    static const char text[] = "[" TWO_EPOCHS(BOTTLENECK, "1") "," TWO_EPOCHS(BOTTLENECK_AGAIN, "2") "]";
    static const char reruns[] = "{\"top\": [" TWO_EPOCHS(BASIC, "1") "], \"mid\": []}";
    int code;
    zip_t *archive = zip_open(path, ZIP_CREATE, &code);
    assert_non_null(archive);
    assert_true(zip_file_add(archive, "nds_data/ResNet_reruns.json", zip_source_buffer(archive, reruns, strlen(reruns), 0), 0) >= 0);
    assert_true(zip_file_add(archive, "nds_data/ResNet-B.json", zip_source_buffer(archive, text, strlen(text), 0), 0) >= 0);
    assert_true(zip_file_add(archive, "nds_data/readme.txt", zip_source_buffer(archive, "x", 1, 0), 0) >= 0);
    assert_int_equal(zip_close(archive), 0);
    put_file(folder, "ResNet_reruns.json", reruns);
    put_file(folder, "ResNet-B.json", text);
    nb_db_build_summary summary = build(path, target);
    assert_int_equal(summary.files, 2);
    build(folder, again);
    size_t size, size_again;
    uint8_t *bytes = read_file(target, &size), *bytes_again = read_file(again, &size_again);
    assert_int_equal(size, size_again);
    assert_memory_equal(bytes, bytes_again, size);
    free(bytes);
    free(bytes_again);
    free(path);
    free(target);
    free(again);
    free(folder);
}

static void expect_refused(const char *name, const char *text, nb_status status, const char *part)
{
    char *path = scratch_path(name), *target = scratch_path("refused.db");
    nb_error err;
    write_file(path, text, strlen(text));
    const char *source = path;
    assert_int_equal(nb_db_build(NB_DB_NDS, &source, 1, target, NULL, NULL, &err), status);
    if (!strstr(err.message, part))
        fail_msg("'%s' is not in '%s'", part, err.message);
    assert_null(fopen(target, "rb"));
    free(path);
    free(target);
}

static void what_is_wrong_in_a_file_is_said_with_its_place(void **state)
{
    (void)state;
    expect_refused("Other.json", "[]", NB_ERR_ARGUMENT, "Other.json: none of the names");
    expect_refused("Amoeba.json", "[" ONE_EPOCH("{\"block_type\": \"dense\"}", "1") "]", NB_ERR_FORMAT, "Unrecognized block type: dense");
    expect_refused("Amoeba.json", "[" ONE_EPOCH(BASIC, "1") "," RUN(BASIC, "1", "[1, 2]", "[3]", "[4, 5]", "2") "]", NB_ERR_FORMAT,
                   "run 1: curves of 2 epochs expected, found 1, 2 and 2");
    expect_refused("Amoeba.json", "[" RUN(BASIC, "1", "[1]", "[NaN]", "[4]", "1") "]", NB_ERR_ARGUMENT,
                   "run 0: final_train_acc is missing");
    expect_refused("Amoeba.json", "[{\"net\": {}}]", NB_ERR_FORMAT, "there is no 'rng_seed'");
    expect_refused("Amoeba.json", "[" ONE_EPOCH("{\"block_type\": \"res_basic\", \"ds\": [NaN]}", "1") "]", NB_ERR_FORMAT,
                   "a number that JSON does not have");
    expect_refused("Amoeba.json", "[" ONE_EPOCH("{\"genotype\": {\"normal\": [[\"none\", 0]]}}", "1") "]", NB_ERR_FORMAT, "genotype");
    expect_refused("Amoeba.json", "[" ONE_EPOCH(BASIC, "1") "] x", NB_ERR_FORMAT, "the end expected");
    expect_refused("Amoeba.json", "{\"top\": []}", NB_ERR_FORMAT, "there is no 'mid'");
    expect_refused("Amoeba.json", "", NB_ERR_TRUNCATED, "Amoeba.json");
    expect_refused("Amoeba.json", "[1, 2]", NB_ERR_FORMAT, "'{' expected, found '1'");
}

/* ---- the reader ---- */

static nb_status count_run(void *user, const nb_nds_run *run, nb_error *err)
{
    (void)err;
    ++*(int *)user;
    assert_int_equal(run->num_epochs, 2);
    return NB_OK;
}

static void a_file_cut_anywhere_is_truncated_not_misread(void **state)
{
    (void)state;
    static const char text[] = "[" TWO_EPOCHS(BOTTLENECK, "1") "," TWO_EPOCHS(CELL, "2") "]";
    for (size_t size = 0; size <= strlen(text); size++) {
        nb_stream in;
        nb_error err;
        int runs = 0;
        char *copy = malloc(size + 1); /* the sanitizer sees a read past the end */
        assert_non_null(copy);
        memcpy(copy, text, size);
        assert_int_equal(nb_stream_over(&in, copy, size, "cut", &err), NB_OK);
        nb_status status = nb_nds_read(&in, count_run, &runs, NULL, &err);
        nb_stream_close(&in);
        free(copy);
        if (size == strlen(text))
            assert_true(status == NB_OK && runs == 2);
        else
            assert_true(status == NB_ERR_TRUNCATED || status == NB_ERR_FORMAT);
    }
}

static void expect_number(const char *text, double expected)
{
    nb_stream in;
    nb_error err;
    double value = 0;
    assert_int_equal(nb_stream_over(&in, text, strlen(text), "number", &err), NB_OK);
    nb_json_stream json = {.in = &in};
    assert_int_equal(nb_json_stream_number(&json, &value, NULL, NULL, &err), NB_OK);
    assert_memory_equal(&value, &expected, sizeof value);
    assert_int_equal(nb_json_stream_end(&json, &err), NB_OK);
    nb_json_stream_free(&json);
    nb_stream_close(&in);
}

static void numbers_are_read_to_the_last_bit(void **state)
{
    (void)state;
    expect_number("0", 0);
    expect_number("-0.0", -0.0);
    expect_number("69.579", 69.579);
    expect_number("1e-05", 1e-05);
    expect_number("0.1", 0.1);
    expect_number("123456789012345678", 123456789012345678.0);
    expect_number("2.2250738585072011e-308", 2.2250738585072011e-308);
    expect_number("1.7976931348623157e+308", 1.7976931348623157e+308);
    expect_number("Infinity", (double)INFINITY);
    expect_number("-Infinity", -(double)INFINITY);
    expect_number("0.000000000000000000000000000001", 1e-30);
    uint64_t bits = 3;
    for (int i = 0; i < 3000; i++) {
        char text[64];
        bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const int digits = 1 + i % 17;
        snprintf(text, sizeof text, "%.*e", digits, ldexp((double)(bits >> 11), -40 + (int)(bits % 60)));
        expect_number(text, strtod(text, NULL));
    }
}

static void what_is_no_json_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"01",          "1.",           ".5",     "+1",   "1e",    "nul",       "\"a",        "\"\\x\"",
                                        "\"\\ud800\"", "\"\\udc00x\"", "\"\n\"", "[1,]", "[1 2]", "{\"a\" 1}", "{a:1}",      "{\"a\":1,}",
                                        "[",           "Nan",          "--1",    "'a'",  "1x",    "tru",       "\"\\u12g4\""};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        nb_stream in;
        nb_error err;
        assert_int_equal(nb_stream_over(&in, wrong[i], strlen(wrong[i]), "wrong", &err), NB_OK);
        nb_json_stream json = {.in = &in};
        nb_status status = nb_json_stream_skip(&json, &err);
        if (status == NB_OK)
            status = nb_json_stream_end(&json, &err);
        if (status != NB_ERR_FORMAT && status != NB_ERR_TRUNCATED)
            fail_msg("%s was taken", wrong[i]);
        nb_json_stream_free(&json);
        nb_stream_close(&in);
    }
}

static void a_tree_holds_what_the_text_says(void **state)
{
    (void)state;
    static const char text[] = "{\"a\": [1, 2.0, \"\\u00e4\\ud83d\\ude00\\n\", true, null, {}], \"a b\": -7}";
    nb_stream in;
    nb_error err;
    json_t *tree, *expected = json_loads(text, 0, NULL);
    assert_int_equal(nb_stream_over(&in, text, strlen(text), "tree", &err), NB_OK);
    nb_json_stream json = {.in = &in};
    assert_int_equal(nb_json_stream_tree(&json, &tree, &err), NB_OK);
    assert_true(json_equal(tree, expected));
    json_decref(tree);
    json_decref(expected);
    nb_json_stream_free(&json);
    nb_stream_close(&in);
}

/* ---- the space ---- */

static void design_spaces_have_their_published_sizes(void **state)
{
    (void)state;
    static const struct {
        nb_nds_proposer proposer;
        unsigned operators, nodes;
        double billions;
    } published[] = {{NB_NDS_NASNET, 13, 5, 71465842},
                     {NB_NDS_AMOEBA, 8, 5, 556628},
                     {NB_NDS_PNAS, 8, 5, 556628},
                     {NB_NDS_ENAS, 5, 5, 5062.5},
                     {NB_NDS_DARTS, 8, 4, 242}};
    for (size_t i = 0; i < 5; i++) {
        const nb_nds_cells *cells = nb_nds_cells_of(published[i].proposer);
        assert_int_equal(cells->operator_count, published[i].operators);
        assert_int_equal(cells->nodes, published[i].nodes);
        assert_true(fabs((double)cells->cells / 1e9 - published[i].billions) < 0.5);
        uint64_t product = 1;
        for (unsigned node = 1; node <= cells->nodes; node++)
            product *= (uint64_t)(cells->operator_count * (node + 1)) * (cells->operator_count * (node + 1));
        assert_int_equal(cells->cells, product);
        for (unsigned op = 0; op < cells->operator_count; op++)
            assert_non_null(nb_nds_operator_name(cells->operators[op]));
    }
    assert_null(nb_nds_cells_of(NB_NDS_RESNET));
}

static void names_of_files_say_what_is_in_them(void **state)
{
    (void)state;
    const nb_nds_file *file = nb_nds_file_at((unsigned)nb_nds_file_find("somewhere/ResNeXt-A_in.json"));
    assert_string_equal(nb_nds_proposer_name(file->proposer), "resnext-a");
    assert_string_equal(nb_nds_dataset_name(file->dataset), "imagenet");
    assert_int_equal(nb_nds_file_find("ResNeXt-A.JSON"), -1);
    assert_int_equal(nb_nds_file_find("ResNeXt.json"), -1);
    assert_null(nb_nds_file_at(NB_NDS_FILES));
    for (unsigned i = 0; i < NB_NDS_FILES; i++) { /* as NNI derives them from the name */
        char lower[64] = "";
        file = nb_nds_file_at(i);
        const size_t length = strcspn(file->name, "_");
        for (size_t c = 0; c < length; c++)
            lower[c] = (char)(file->name[c] >= 'A' && file->name[c] <= 'Z' ? file->name[c] + 32 : file->name[c]);
        assert_string_equal(nb_nds_proposer_name(file->proposer), lower);
        assert_int_equal(file->dataset, strstr(file->name, "_in") ? NB_NDS_IMAGENET : NB_NDS_CIFAR10);
        assert_int_equal(file->generator, strstr(file->name, "fix-w-d") ? NB_NDS_FIX_W_D
                                          : strstr(file->name, "lr-wd") ? NB_NDS_TUNE_LR_WD
                                                                        : NB_NDS_RANDOM);
    }
}

static void networks_are_read_from_their_specifications(void **state)
{
    (void)state;
    nb_nds_network network;
    nb_error err;
    assert_int_equal(nb_nds_network_parse(NB_NDS_BOTTLENECK, BOTTLENECK_SPEC, "{}", &network, &err), NB_OK);
    assert_int_equal(network.stages, 4);
    assert_int_equal(network.stage[1].depth, 16);
    assert_int_equal(network.stage[2].width, 128);
    assert_int_equal(network.stage[3].groups, 2);
    assert_true(network.stage[0].bottleneck == 0 && network.stage[1].bottleneck == 0.25);
    assert_int_equal(
        nb_nds_network_parse(NB_NDS_CELL,
                             "{\"aux\":false,\"depth\":12,\"drop_prob\":0.0,\"num_nodes_normal\":2,\"num_nodes_reduce\":2,\"width\":32}",
                             CELL_SPEC, &network, &err),
        NB_OK);
    assert_int_equal(network.depth, 12);
    assert_string_equal(nb_nds_operator_name(network.normal.node[1].op[1]), "sep_conv_5x5");
    assert_int_equal(network.normal.node[1].input[0], 2);
    assert_int_equal(network.reduce.outputs, 2);
    assert_int_equal(network.reduce.output[1], 3);
    assert_int_equal(nb_nds_network_parse(NB_NDS_VANILLA, "{\"ds\":[1,12],\"ss\":[1],\"ws\":[16,24]}", NULL, &network, &err),
                     NB_ERR_FORMAT);
    assert_non_null(strstr(err.message, "ss"));
    assert_int_equal(nb_nds_network_parse(NB_NDS_VANILLA, "{}", NULL, &network, &err), NB_ERR_FORMAT);
    assert_int_equal(nb_nds_family_find("vanilla"), NB_NDS_VANILLA);
    assert_int_equal(nb_nds_family_find("dense"), NB_NDS_FAMILIES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_nni_s_importer),
        cmocka_unit_test(cells_become_two_specifications),
        cmocka_unit_test(files_come_in_nni_s_order_and_say_what_is_in_them),
        cmocka_unit_test(a_zip_is_read_as_the_folder_in_it),
        cmocka_unit_test(what_is_wrong_in_a_file_is_said_with_its_place),
        cmocka_unit_test(a_file_cut_anywhere_is_truncated_not_misread),
        cmocka_unit_test(numbers_are_read_to_the_last_bit),
        cmocka_unit_test(what_is_no_json_is_refused),
        cmocka_unit_test(a_tree_holds_what_the_text_says),
        cmocka_unit_test(design_spaces_have_their_published_sizes),
        cmocka_unit_test(names_of_files_say_what_is_in_them),
        cmocka_unit_test(networks_are_read_from_their_specifications),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
