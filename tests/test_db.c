/* NNI's databases, opened and queried. The rows are those of NNI's documented outputs, under their documented ids; hashes and answers
 * to other questions were computed with NNI's own code. */
#include "db_support.h"

#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nasbench/nasbench101.h"
#include "nasbench/space.h"
#include "nasbench/topology.h"
#include "store/db.h"

/* ---- fixtures ---- */

#define G1_ARCH                                                                                                                            \
    "{\"input1\":[0],\"input2\":[1],\"input3\":[2],\"input4\":[0],\"input5\":[0,3,4],\"input6\":[2,5],\"op1\":\"conv3x3-bn-relu\","        \
    "\"op2\":\"maxpool3x3\",\"op3\":\"conv3x3-bn-relu\",\"op4\":\"conv3x3-bn-relu\",\"op5\":\"conv1x1-bn-relu\"}"
#define G1_HASH "00005c142e6f48ac74fdcf73e3439874"

/* The same cell, otherwise numbered. */
#define G1_RENUMBERED                                                                                                                      \
    "{\"op1\":\"conv3x3-bn-relu\",\"op2\":\"conv3x3-bn-relu\",\"op3\":\"maxpool3x3\",\"op4\":\"conv3x3-bn-relu\","                         \
    "\"op5\":\"conv1x1-bn-relu\",\"input1\":[0],\"input2\":[0],\"input3\":[2],\"input4\":[3],\"input5\":[0,1,4],\"input6\":[3,5]}"

/* The first module of the file: four configs of three trials; those of 108 epochs are documented, the others get numbers of their own. */
static char *make_101(void)
{
    char *path = make_nni_db("101.db", "nb101");
    run_sql(
        path,
        "INSERT INTO nb101trialconfig SELECT value, '" G1_ARCH "', 7, '" G1_HASH "', CASE value WHEN 1 THEN 4 WHEN 2 THEN 12 WHEN 3 THEN "
        "36 ELSE 108 END FROM (SELECT 1 AS value UNION SELECT 2 UNION SELECT 3 UNION SELECT 4);"
        "INSERT INTO nb101trialconfig VALUES (5, '{\"input1\":[0],\"input2\":[0,1],\"op1\":\"conv1x1-bn-relu\"}', 3, "
        "'09fc2d10bdd6225e167a6f81a22a3f06', 108);"
        "INSERT INTO nb101trialstats VALUES (1, 1, 50, 51, 52, 8.55553, 1), (4, 2, 60, 61, 62, 8.55553, 2), (7, 3, 70, 71, 72, 8.55553, 3),"
        "(10, 4, 100.0, 92.41786599159241, 92.11738705635071, 8.55553, 106147.67578125),"
        "(11, 4, 100.0, 92.45793223381042, 91.90705418586731, 8.55553, 106095.05859375),"
        "(12, 4, 100.0, 93.04887652397156, 92.15745329856873, 8.55553, 106138.55712890625),"
        "(13, 5, 99, 88, 87, 1.5, 4);"
        "INSERT INTO nb101intermediatestats VALUES "
        "(19, 10, 54, 82.82251358032227, 77.76442170143127, 77.40384340286255, 883.4580078125),"
        "(20, 10, 108, 100.0, 92.41786599159241, 92.11738705635071, 1769.1279296875),"
        "(21, 11, 54, 87.96073794364929, 82.91265964508057, 82.04126358032227, 883.6810302734375),"
        "(22, 11, 108, 100.0, 92.45793223381042, 91.90705418586731, 1768.2509765625),"
        "(23, 12, 54, 86.34815812110901, 81.1598539352417, 80.58894276618958, 883.4569702148438),"
        "(24, 12, 108, 100.0, 93.04887652397156, 92.15745329856873, 1768.9759521484375);");
    return path;
}

#define G2_ARCH                                                                                                                            \
    "{\"0_1\":\"avg_pool_3x3\",\"0_2\":\"conv_1x1\",\"0_3\":\"conv_1x1\",\"1_2\":\"skip_connect\",\"1_3\":\"skip_connect\","               \
    "\"2_3\":\"skip_connect\"}"
#define G2_STRING "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"

static char *make_201(void)
{
    char *path = make_nni_db("201.db", "nb201");
    run_sql(path,
            "INSERT INTO nb201trialconfig VALUES (1, '" G2_ARCH "', 12, 16, 5, 'cifar10-valid'), (2, '" G2_ARCH "', 12, 16, 5, 'cifar10'),"
            "(3, '" G2_ARCH "', 12, 16, 5, 'cifar100'), (4, '" G2_ARCH "', 12, 16, 5, 'imagenet16-120'),"
            "(5, '" G2_ARCH "', 200, 16, 5, 'cifar10-valid'), (6, '" G2_ARCH "', 200, 16, 5, 'cifar10'),"
            "(7, '" G2_ARCH "', 200, 16, 5, 'cifar100'), (8, '" G2_ARCH "', 200, 16, 5, 'imagenet16-120');"
            "INSERT INTO nb201trialstats VALUES "
            "(3, 7, 999, 57.82, 53.14000000610351, 53.07999995727539, 53.11, 1.5116578379058838, 1.7302966793060304, 1.731276072692871, "
            "1.7307863704681397, 0.135156, 0.013182918230692545, 15.65322, 2888.4371995925903, 0.5097958473932176, 0.5097958473932176, "
            "1.0195916947864352),"
            "(7, 7, 777, 57.578, 51.88, 51.979999938964845, 51.93, 1.5114233912658692, 1.7715086591720581, 1.7429540189743042, "
            "1.7572312774658203, 0.135156, 0.013182918230692545, 15.65322, 2888.4371995925903, 0.5097958473932176, 0.5097958473932176, "
            "1.0195916947864352),"
            "(11, 7, 888, 57.792, 53.08000000610352, 53.67999998779297, 53.38, 1.5091403088760376, 1.7235548280715942, 1.7327697801589965, "
            "1.7281623031616211, 0.135156, 0.013182918230692545, 15.65322, 2888.4371995925903, 0.5097958473932176, 0.5097958473932176, "
            "1.0195916947864352),"
            "(4, 8, 999, 20, 21, 22, 23, NULL, 2.5, 2.6, 2.7, 0.1, 0.01, 4, 100, 1, 2, 3),"
            "(8, 8, 777, 30, 31, 32, 33, NULL, NULL, 2.8, 2.9, 0.1, 0.01, 4, 200, 1, 2, 3),"
            "(12, 8, 888, 40, 41, 42, 43, NULL, 3.5, 3.0, 3.1, 0.1, 0.01, 4, 300, 1, 2, 3),"
            "(13, 4, 777, 10, 11, 12, 13, 4.5, 4.6, 4.7, 4.8, 0.1, 0.01, 4, 50, 1, 2, 3);"
            "WITH RECURSIVE epoch(e) AS (SELECT 1 UNION ALL SELECT e + 1 FROM epoch WHERE e < 200) "
            "INSERT INTO nb201intermediatestats SELECT NULL, t.id, e, e / 2.0, NULL, NULL, e / 3.0, 2.0 / e, NULL, NULL, 3.0 / e "
            "FROM (SELECT 4 AS id UNION SELECT 8 UNION SELECT 12) AS t, epoch ORDER BY t.id, e;"
            "WITH RECURSIVE epoch(e) AS (SELECT 1 UNION ALL SELECT e + 1 FROM epoch WHERE e < 12) "
            "INSERT INTO nb201intermediatestats SELECT NULL, 13, e, e, NULL, NULL, e, 1, NULL, NULL, 1 FROM epoch;");
    return path;
}

#define G4_SPEC "{\"bot_muls\":[0.0,0.25,0.25,0.25],\"ds\":[1,16,1,4],\"num_gs\":[1,2,1,2],\"ss\":[1,1,2,2],\"ws\":[16,64,128,16]}"
#define G6_SPEC "{\"ds\":[1,12,12,12],\"ss\":[1,1,2,2],\"ws\":[16,24,24,40]}"
#define G7_SPEC "{\"ds\":[1,12,12,12],\"ss\":[1,1,2,2],\"ws\":[16,24,32,40]}"
#define G8_SPEC "{\"aux\":false,\"depth\":12,\"drop_prob\":0.0,\"num_nodes_normal\":5,\"num_nodes_reduce\":5,\"width\":32}"
#define G8_CELL                                                                                                                            \
    "{\"normal_0_input_x\":0,\"normal_0_input_y\":1,\"normal_0_op_x\":\"avg_pool_3x3\",\"normal_0_op_y\":\"conv_7x1_1x7\","                \
    "\"normal_1_input_x\":2,\"normal_1_input_y\":0,\"normal_1_op_x\":\"sep_conv_3x3\",\"normal_1_op_y\":\"sep_conv_5x5\","                 \
    "\"normal_2_input_x\":2,\"normal_2_input_y\":2,\"normal_2_op_x\":\"dil_sep_conv_3x3\",\"normal_2_op_y\":\"dil_sep_conv_3x3\","         \
    "\"normal_3_input_x\":4,\"normal_3_input_y\":4,\"normal_3_op_x\":\"skip_connect\",\"normal_3_op_y\":\"dil_sep_conv_3x3\","             \
    "\"normal_4_input_x\":2,\"normal_4_input_y\":4,\"normal_4_op_x\":\"conv_7x1_1x7\",\"normal_4_op_y\":\"sep_conv_3x3\","                 \
    "\"normal_concat\":[3,5,6],"                                                                                                           \
    "\"reduce_0_input_x\":0,\"reduce_0_input_y\":1,\"reduce_0_op_x\":\"avg_pool_3x3\",\"reduce_0_op_y\":\"dil_sep_conv_3x3\","             \
    "\"reduce_1_input_x\":0,\"reduce_1_input_y\":0,\"reduce_1_op_x\":\"sep_conv_3x3\",\"reduce_1_op_y\":\"sep_conv_3x3\","                 \
    "\"reduce_2_input_x\":2,\"reduce_2_input_y\":0,\"reduce_2_op_x\":\"skip_connect\",\"reduce_2_op_y\":\"sep_conv_7x7\","                 \
    "\"reduce_3_input_x\":4,\"reduce_3_input_y\":4,\"reduce_3_op_x\":\"conv_7x1_1x7\",\"reduce_3_op_y\":\"skip_connect\","                 \
    "\"reduce_4_input_x\":0,\"reduce_4_input_y\":5,\"reduce_4_op_x\":\"conv_7x1_1x7\",\"reduce_4_op_y\":\"conv_7x1_1x7\","                 \
    "\"reduce_concat\":[3,6]}"

static char *make_nds(void)
{
    char *path = make_nni_db("nds.db", "nds");
    run_sql(path, "INSERT INTO ndstrialconfig VALUES "
                  "(1, 'nas_cell', '" G8_SPEC "', '" G8_CELL "', 'cifar10', 'random', 'amoeba', 0.1, 0.0005, 100),"
                  "(2, 'nas_cell', '" G8_SPEC "', '{\"normal_concat\":[2]}', 'imagenet', 'random', 'amoeba', 0.05, 5e-05, 50),"
                  "(45505, 'residual_bottleneck', '" G4_SPEC "', '{}', 'cifar10', 'random', 'resnext-a', 0.1, 0.0005, 100),"
                  "(108998, 'residual_basic', '" G6_SPEC "', '{}', 'cifar10', 'random', 'resnet', 0.1, 0.0005, 100),"
                  "(139492, 'vanilla', '" G7_SPEC "', '{}', 'cifar10', 'random', 'vanilla', 0.1, 0.0005, 100);"
                  "INSERT INTO ndstrialstats VALUES "
                  "(1, 1, 1, 99.91, 0.006, 93.27, 99.91, 0.006, 93.37, 4.190314, 664.400586, 0.281),"
                  "(2, 2, 1, 70, NULL, 65, 71, NULL, 66, 5, 600, 0.5),"
                  "(45505, 45505, 1, 96.298, 0.116, 90.39, 96.356, 0.116, 90.48, 0.083002, 69.890986, 0.065),"
                  "(108998, 108998, 1, 99.772, 0.011, 93.49, 99.772, 0.011, 93.58, 0.594138, 184.519578, 0.059),"
                  "(154692, 139492, 1, 89.633, 0.303, 84.35, 89.66499999999999, 0.302, 84.5, 0.68977, 208.36393, 0.058),"
                  "(154693, 139492, 2, 90.0, 0.3, 84.0, 90.0, 0.3, 85.0, 0.68977, 208.36393, 0.06);"
                  "INSERT INTO ndsintermediatestats VALUES "
                  "(4494501, 45505, 1, 1.793, 30.421000000000006, 41.76), (4494502, 45505, 2, 1.415, 47.24, 54.66),"
                  "(4494503, 45505, 3, 1.179, 56.983, 59.97), (4494504, 45505, 4, 1.048, 61.955, 62.91),"
                  "(4494505, 45505, 5, 0.983, 64.493, 66.16), (4494506, 45505, 6, 0.937, 66.274, 66.5),"
                  "(4494507, 45505, 7, 0.907, 67.426, 67.55), (4494508, 45505, 8, 0.878, 68.45400000000001, 69.45),"
                  "(4494509, 45505, 9, 0.857, 69.295, 70.14), (4494510, 45505, 10, 0.832, 70.304, 69.47);");
    return path;
}

/* Opens a fixture and forgets its path; close_db at the end. */
static nb_db *open_made(char *(*make)(void))
{
    char *path = make();
    nb_db *db = open_db(path);
    free(path);
    return db;
}

/* ---- NAS-Bench-101 ---- */

static void expect_101(const nb_db_trial *trial, int64_t id, double valid, double test, double time)
{
    assert_non_null(trial);
    assert_int_equal(trial->id, id);
    assert_int_equal(trial->config.id, 4);
    assert_string_equal(trial->config.hash, G1_HASH);
    assert_string_equal(trial->config.arch, G1_ARCH);
    assert_int_equal(trial->config.num_epochs, 108);
    assert_int_equal(trial->config.num_vertices, 7);
    assert_true(trial->parameters == 8.55553 && trial->train_acc == 100.0);
    assert_true(trial->valid_acc == valid && trial->test_acc == test && trial->training_time == time);
}

static void expect_point(const nb_db_point *point, int64_t id, int64_t epoch, double train, double valid, double test, double time)
{
    assert_int_equal(point->id, id);
    assert_int_equal(point->current_epoch, epoch);
    assert_true(point->train_acc == train && point->valid_acc == valid && point->test_acc == test && point->training_time == time);
    assert_true(isnan(point->ori_test_acc) && isnan(point->train_loss));
}

static void g1_three_trials_of_a_cell_with_their_points(void **state)
{
    (void)state;
    nb_db *db = open_made(make_101);
    assert_int_equal(nb_db_get_kind(db), NB_DB_NASBENCH101);
    nb_db_query *query = ask(db, (nb_db_filter){.arch = G1_ARCH, .num_epochs = 108, .points = true});
    const nb_db_trial *trial = next_row(query);
    expect_101(trial, 10, 92.41786599159241, 92.11738705635071, 106147.67578125);
    assert_int_equal(trial->seed, NB_DB_NULL);
    assert_null(trial->config.dataset);
    assert_true(isnan(trial->flops));
    assert_int_equal(trial->point_count, 2);
    expect_point(&trial->points[0], 19, 54, 82.82251358032227, 77.76442170143127, 77.40384340286255, 883.4580078125);
    expect_point(&trial->points[1], 20, 108, 100.0, 92.41786599159241, 92.11738705635071, 1769.1279296875);
    trial = next_row(query);
    expect_101(trial, 11, 92.45793223381042, 91.90705418586731, 106095.05859375);
    expect_point(&trial->points[0], 21, 54, 87.96073794364929, 82.91265964508057, 82.04126358032227, 883.6810302734375);
    expect_point(&trial->points[1], 22, 108, 100.0, 92.45793223381042, 91.90705418586731, 1768.2509765625);
    trial = next_row(query);
    expect_101(trial, 12, 93.04887652397156, 92.15745329856873, 106138.55712890625);
    expect_point(&trial->points[0], 23, 54, 86.34815812110901, 81.1598539352417, 80.58894276618958, 883.4569702148438);
    expect_point(&trial->points[1], 24, 108, 100.0, 93.04887652397156, 92.15745329856873, 1768.9759521484375);
    assert_null(next_row(query));
    assert_null(next_row(query));
    nb_db_query_close(query);
    nb_db_close(db);
}

static void isomorphic_cells_find_each_other_unless_their_numbering_counts(void **state)
{
    (void)state;
    nb_db *db = open_made(make_101);
    assert_int_equal(count_rows(db, (nb_db_filter){.arch = G1_RENUMBERED}), 6);
    assert_int_equal(count_rows(db, (nb_db_filter){.arch = G1_RENUMBERED, .as_numbered = true}), 0);
    assert_int_equal(count_rows(db, (nb_db_filter){.arch = G1_ARCH, .as_numbered = true, .num_epochs = 108}), 3);
    /* The order of keys is free, that of a list is not. */
    assert_int_equal(
        count_rows(db, (nb_db_filter){.arch = "{\"op1\": \"conv1x1-bn-relu\", \"input2\": [0, 1], \"input1\": [0]}", .as_numbered = true}),
        1);
    assert_int_equal(
        count_rows(db, (nb_db_filter){.arch = "{\"op1\": \"conv1x1-bn-relu\", \"input2\": [1, 0], \"input1\": [0]}", .as_numbered = true}),
        0);
    assert_int_equal(count_rows(db, (nb_db_filter){.arch = "{\"op1\": \"conv1x1-bn-relu\", \"input2\": [1, 0], \"input1\": [0]}"}), 1);
    nb_db_close(db);
}

/* Vertices may be numbered against the direction of the edges, too. */
static void a_numbering_against_the_edges_is_isomorphic_as_well(void **state)
{
    (void)state;
    nb_db *db = open_made(make_101);
    /* 1 and 2 of the renumbered cell are vertices 4 and 1 of the stored one; here 2 and 3 change places. */
    assert_int_equal(
        count_rows(db, (nb_db_filter){.arch = "{\"op1\":\"conv3x3-bn-relu\",\"op3\":\"conv3x3-bn-relu\",\"op2\":\"maxpool3x3\","
                                              "\"op4\":\"conv3x3-bn-relu\",\"op5\":\"conv1x1-bn-relu\",\"input1\":[0],\"input3\":[0],"
                                              "\"input2\":[3],\"input4\":[2],\"input5\":[0,1,4],\"input6\":[2,5]}"}),
        6);
    nb_db_close(db);
}

static void cells_are_also_taken_as_hashes_and_matrices(void **state)
{
    (void)state;
    nb_db *db = open_made(make_101);
    assert_int_equal(count_rows(db, (nb_db_filter){.arch = G1_HASH}), 6);
    assert_int_equal(count_rows(db, (nb_db_filter){.arch = "09FC2D10BDD6225E167A6F81A22A3F06"}), 1);
    assert_int_equal(count_rows(db, (nb_db_filter){.arch = "{\"matrix\": [[0,1,1],[0,0,1],[0,0,0]], "
                                                           "\"ops\": [\"input\",\"conv1x1-bn-relu\",\"output\"]}"}),
                     1);
    nb_db_close(db);
}

/* Hashes computed with NNI's code. */
static void hashes_are_those_of_nni(void **state)
{
    (void)state;
    static const struct {
        const char *arch, *hash;
    } known[] = {
        {"{\"input1\":[0]}", "043721b9c7fe8c5fad811d47d83132ec"},
        {"{\"op1\":\"conv3x3-bn-relu\",\"input1\":[0],\"input2\":[1]}", "b49ac8c578b4561d79ac7087988f1c61"},
        {"{\"op1\":\"conv1x1-bn-relu\",\"input1\":[0],\"input2\":[0,1]}", "09fc2d10bdd6225e167a6f81a22a3f06"},
        {"{\"op1\":\"maxpool3x3\",\"input1\":[0],\"input2\":[0,1]}", "6f6257bc3b12d87b8736e81cd4b7ed8b"},
        {"{\"op1\":\"conv3x3-bn-relu\",\"op2\":\"maxpool3x3\",\"input1\":[0],\"input2\":[0],\"input3\":[1,2]}",
         "7c65f6bd01b87407734781b6038050bc"},
        {"{\"op1\":\"maxpool3x3\",\"op2\":\"conv3x3-bn-relu\",\"input1\":[0],\"input2\":[0],\"input3\":[1,2]}",
         "7c65f6bd01b87407734781b6038050bc"},
        {G1_ARCH, G1_HASH},
        {G1_RENUMBERED, G1_HASH},
        {"{\"op1\":\"conv1x1-bn-relu\",\"op2\":\"conv3x3-bn-relu\",\"op3\":\"conv3x3-bn-relu\",\"op4\":\"conv3x3-bn-relu\","
         "\"op5\":\"maxpool3x3\",\"input1\":[0],\"input2\":[0],\"input3\":[0],\"input4\":[3],\"input5\":[0],\"input6\":[1,2,4,5]}",
         "28cfc7874f6d200472e1a9dcd8650aa0"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        nb_db_arch_key key;
        assert_int_equal(nb_db_arch_key_of(NB_DB_NASBENCH101, known[i].arch, false, &key, NULL), NB_OK);
        assert_true(key.by_hash);
        assert_string_equal(key.text, known[i].hash);
        free(key.text);
    }
}

static void expect_refused(nb_db *db, nb_db_filter filter, nb_status status, const char *part)
{
    nb_db_query *query;
    nb_error err;
    assert_int_equal(nb_db_query_open(db, &filter, &query, &err), status);
    if (!strstr(err.message, part))
        fail_msg("'%s' is not in '%s'", part, err.message);
}

static void what_is_no_cell_is_refused(void **state)
{
    (void)state;
    nb_db *db = open_made(make_101);
    expect_refused(db, (nb_db_filter){.arch = "{\"op1\":\"conv5x5\",\"input1\":[0],\"input2\":[1]}"}, NB_ERR_ARGUMENT, "conv5x5");
    expect_refused(db, (nb_db_filter){.arch = "{\"op1\":\"maxpool3x3\",\"input1\":[0]}"}, NB_ERR_ARGUMENT, "input2");
    expect_refused(db, (nb_db_filter){.arch = "{\"op2\":\"maxpool3x3\",\"input1\":[0],\"input2\":[1]}"}, NB_ERR_ARGUMENT, "op1 is missing");
    expect_refused(db, (nb_db_filter){.arch = "{\"op1\":\"maxpool3x3\",\"input1\":[0],\"input2\":[3]}"}, NB_ERR_ARGUMENT, "0 to 2");
    expect_refused(db, (nb_db_filter){.arch = "{\"op1\":"}, NB_ERR_FORMAT, "JSON");
    expect_refused(db, (nb_db_filter){.dataset = "cifar10"}, NB_ERR_ARGUMENT, "nasbench101 has no dataset");
    nb_db_close(db);
}

static void the_mean_has_no_id_and_no_points(void **state)
{
    (void)state;
    nb_db *db = open_made(make_101);
    nb_db_query *query = ask(db, (nb_db_filter){.arch = G1_ARCH, .num_epochs = 108, .reduction = NB_DB_MEAN, .points = true});
    const nb_db_trial *trial = next_row(query);
    assert_non_null(trial);
    assert_int_equal(trial->id, NB_DB_NULL);
    assert_int_equal(trial->config.id, 4);
    assert_string_equal(trial->config.hash, G1_HASH);
    assert_true(trial->valid_acc == (92.41786599159241 + 92.45793223381042 + 93.04887652397156) / 3);
    assert_int_equal(trial->point_count, 0);
    assert_null(next_row(query));
    nb_db_query_close(query);
    assert_int_equal(count_rows(db, (nb_db_filter){.reduction = NB_DB_MEAN}), 5);
    nb_db_close(db);
}

/* The documented mean of trials 10 and 11 alone. */
static void the_mean_is_the_one_of_nni(void **state)
{
    (void)state;
    char *path = make_101();
    run_sql(path, "DELETE FROM nb101trialstats WHERE id = 12");
    nb_db *db = open_db(path);
    nb_db_query *query = ask(db, (nb_db_filter){.arch = G1_ARCH, .num_epochs = 108, .reduction = NB_DB_MEAN});
    const nb_db_trial *trial = next_row(query);
    assert_true(trial->valid_acc == 92.43789911270142 && trial->test_acc == 92.01222062110901 && trial->training_time == 106121.3671875);
    nb_db_query_close(query);
    nb_db_close(db);
    free(path);
}

/* ---- NAS-Bench-201 ---- */

static void expect_201(const nb_db_trial *trial, int64_t id, int64_t seed, const double numbers[8])
{
    assert_non_null(trial);
    assert_int_equal(trial->id, id);
    assert_int_equal(trial->seed, seed);
    assert_int_equal(trial->config.id, 7);
    assert_int_equal(trial->config.num_channels, 16);
    assert_int_equal(trial->config.num_cells, 5);
    assert_string_equal(trial->config.dataset, "cifar100");
    assert_true(trial->flops == 15.65322 && trial->parameters == 0.135156 && trial->latency == 0.013182918230692545);
    assert_true(trial->training_time == 2888.4371995925903 && trial->valid_evaluation_time == 0.5097958473932176);
    assert_true(trial->test_evaluation_time == 0.5097958473932176 && trial->ori_test_evaluation_time == 1.0195916947864352);
    assert_true(trial->train_acc == numbers[0] && trial->valid_acc == numbers[1] && trial->test_acc == numbers[2]);
    assert_true(trial->ori_test_acc == numbers[3] && trial->train_loss == numbers[4] && trial->valid_loss == numbers[5]);
    assert_true(trial->test_loss == numbers[6] && trial->ori_test_loss == numbers[7]);
}

static void g2_three_seeds_of_a_cell(void **state)
{
    (void)state;
    nb_db *db = open_made(make_201);
    const nb_db_filter filter = {.arch = G2_ARCH, .num_epochs = 200, .dataset = "cifar100"};
    nb_db_query *query = ask(db, filter);
    expect_201(next_row(query), 3, 999,
               (const double[]){57.82, 53.14000000610351, 53.07999995727539, 53.11, 1.5116578379058838, 1.7302966793060304,
                                1.731276072692871, 1.7307863704681397});
    expect_201(next_row(query), 7, 777,
               (const double[]){57.578, 51.88, 51.979999938964845, 51.93, 1.5114233912658692, 1.7715086591720581, 1.7429540189743042,
                                1.7572312774658203});
    expect_201(next_row(query), 11, 888,
               (const double[]){57.792, 53.08000000610352, 53.67999998779297, 53.38, 1.5091403088760376, 1.7235548280715942,
                                1.7327697801589965, 1.7281623031616211});
    assert_null(next_row(query));
    nb_db_query_close(query);
    nb_db_close(db);
}

static void g3_a_wildcard_for_the_epochs(void **state)
{
    (void)state;
    nb_db *db = open_made(make_201);
    nb_db_query *query = ask(db, (nb_db_filter){.arch = G2_ARCH, .dataset = "imagenet16-120", .points = true});
    const nb_db_trial *trial = next_row(query);
    assert_int_equal(trial->config.id, 4);
    assert_int_equal(trial->config.num_epochs, 12);
    assert_int_equal(trial->point_count, 12);
    for (int i = 0; i < 3; i++) {
        trial = next_row(query);
        assert_int_equal(trial->config.id, 8);
        assert_int_equal(trial->point_count, 200);
        assert_int_equal(trial->points[199].current_epoch, 200);
        assert_true(trial->points[199].train_acc == 100 && isnan(trial->points[199].valid_acc));
    }
    assert_null(next_row(query));
    nb_db_query_close(query);
    nb_db_close(db);
}

static void means_leave_out_what_is_missing(void **state)
{
    (void)state;
    nb_db *db = open_made(make_201);
    nb_db_query *query = ask(db, (nb_db_filter){.num_epochs = 200, .dataset = "imagenet16-120", .reduction = NB_DB_MEAN});
    const nb_db_trial *trial = next_row(query);
    assert_int_equal(trial->seed, NB_DB_NULL);
    assert_true(isnan(trial->train_loss));
    assert_true(trial->valid_loss == 3.0 && trial->train_acc == 30 && trial->training_time == 200);
    assert_null(next_row(query));
    nb_db_query_close(query);
    nb_db_close(db);
}

static void strings_and_indices_name_architectures_as_well(void **state)
{
    (void)state;
    nb_db *db = open_made(make_201);
    assert_int_equal(count_rows(db, (nb_db_filter){.arch = G2_STRING}), 7);
    assert_int_equal(
        count_rows(db, (nb_db_filter){.arch = "{ \"2_3\": \"skip_connect\", \"0_1\": \"avg_pool_3x3\", \"0_2\": \"conv_1x1\","
                                              "\"0_3\": \"conv_1x1\", \"1_2\": \"skip_connect\", \"1_3\": \"skip_connect\" }"}),
        7);
    assert_int_equal(count_rows(db, (nb_db_filter){.arch = "{\"0_1\":\"avg_pool_3x3\"}"}), 0); /* a part of an object matches nothing */
    nb_db_close(db);
}

static void wildcards_and_unknown_words(void **state)
{
    (void)state;
    nb_db *db = open_made(make_201);
    assert_int_equal(count_rows(db, (nb_db_filter){0}), 7);
    assert_int_equal(count_rows(db, (nb_db_filter){.num_epochs = 200}), 6);
    assert_int_equal(count_rows(db, (nb_db_filter){.num_epochs = 11}), 0);
    assert_int_equal(count_rows(db, (nb_db_filter){.dataset = "imagenet16-120"}), 4);
    assert_int_equal(count_rows(db, (nb_db_filter){.dataset = "mnist"}), 0);
    assert_int_equal(count_rows(db, (nb_db_filter){.dataset = "' OR 1 = 1 --"}), 0);
    nb_db_close(db);
}

static void without_a_filter_rows_come_by_trial_and_else_by_config(void **state)
{
    (void)state;
    nb_db *db = open_made(make_201);
    static const int64_t by_trial[] = {3, 4, 7, 8, 11, 12, 13}, by_config[] = {13, 4, 8, 12};
    nb_db_query *query = ask(db, (nb_db_filter){0});
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(next_row(query)->id, by_trial[i]);
    nb_db_query_close(query);
    query = ask(db, (nb_db_filter){.dataset = "imagenet16-120"});
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(next_row(query)->id, by_config[i]);
    nb_db_query_close(query);
    nb_db_close(db);
}

static void two_queries_of_one_shape_do_not_disturb_each_other(void **state)
{
    (void)state;
    nb_db *db = open_made(make_201);
    nb_db_query *a = ask(db, (nb_db_filter){.num_epochs = 12}), *b = ask(db, (nb_db_filter){.num_epochs = 200});
    assert_int_equal(next_row(a)->id, 13);
    assert_int_equal(next_row(b)->id, 3);
    assert_null(next_row(a));
    assert_int_equal(next_row(b)->id, 7);
    nb_db_query_close(a);
    nb_db_query_close(b);
    assert_int_equal(count_rows(db, (nb_db_filter){.num_epochs = 12}), 1);
    assert_int_equal(count_rows(db, (nb_db_filter){.num_epochs = 200}), 6);
    nb_db_close(db);
}

/* ---- NDS ---- */

static void g4_and_g5_a_bottleneck_network_with_its_first_points(void **state)
{
    (void)state;
    static const double points[10][3] = {{41.76, 30.421000000000006, 1.793},
                                         {54.66, 47.24, 1.415},
                                         {59.97, 56.983, 1.179},
                                         {62.91, 61.955, 1.048},
                                         {66.16, 64.493, 0.983},
                                         {66.5, 66.274, 0.937},
                                         {67.55, 67.426, 0.907},
                                         {69.45, 68.45400000000001, 0.878},
                                         {70.14, 69.295, 0.857},
                                         {69.47, 70.304, 0.832}};
    nb_db *db = open_made(make_nds);
    nb_db_query *query = ask(db, (nb_db_filter){.model_family = "residual_bottleneck",
                                                .model_spec = "{\"bot_muls\": [0.0, 0.25, 0.25, 0.25], \"ds\": [1, 16, 1, 4], "
                                                              "\"num_gs\": [1, 2, 1, 2], \"ss\": [1, 1, 2, 2], \"ws\": [16, 64, 128, 16]}",
                                                .dataset = "cifar10",
                                                .points = true});
    const nb_db_trial *trial = next_row(query);
    assert_non_null(trial);
    assert_int_equal(trial->id, 45505);
    assert_int_equal(trial->config.id, 45505);
    assert_int_equal(trial->config.num_epochs, 100);
    assert_int_equal(trial->seed, 1);
    assert_true(trial->config.base_lr == 0.1 && trial->config.weight_decay == 0.0005);
    assert_string_equal(trial->config.generator, "random");
    assert_string_equal(trial->config.proposer, "resnext-a");
    assert_string_equal(trial->config.cell_spec, "{}");
    assert_true(trial->best_test_acc == 90.48 && trial->best_train_acc == 96.356 && trial->best_train_loss == 0.116);
    assert_true(trial->final_test_acc == 90.39 && trial->final_train_acc == 96.298 && trial->final_train_loss == 0.116);
    assert_true(trial->flops == 69.890986 && trial->parameters == 0.083002 && trial->iter_time == 0.065);
    assert_int_equal(trial->point_count, 10);
    for (int i = 0; i < 10; i++) {
        const nb_db_point *point = &trial->points[i];
        assert_int_equal(point->id, 4494501 + i);
        assert_int_equal(point->current_epoch, i + 1);
        assert_true(point->test_acc == points[i][0] && point->train_acc == points[i][1] && point->train_loss == points[i][2]);
    }
    assert_null(next_row(query));
    nb_db_query_close(query);
    nb_db_close(db);
}

static void g6_a_residual_network_by_every_argument(void **state)
{
    (void)state;
    nb_db *db = open_made(make_nds);
    nb_db_query *query = ask(db, (nb_db_filter){.model_family = "residual_basic",
                                                .proposer = "resnet",
                                                .generator = "random",
                                                .model_spec = G6_SPEC,
                                                .cell_spec = "{}",
                                                .dataset = "cifar10"});
    const nb_db_trial *trial = next_row(query);
    assert_non_null(trial);
    assert_int_equal(trial->id, 108998);
    assert_true(trial->best_test_acc == 93.58 && trial->final_test_acc == 93.49 && trial->parameters == 0.594138);
    assert_null(next_row(query));
    nb_db_query_close(query);
    nb_db_close(db);
}

static void g7_a_family_and_nothing_else(void **state)
{
    (void)state;
    nb_db *db = open_made(make_nds);
    nb_db_query *query = ask(db, (nb_db_filter){.model_family = "vanilla"});
    const nb_db_trial *trial = next_row(query);
    assert_non_null(trial);
    assert_int_equal(trial->id, 154692);
    assert_int_equal(trial->config.id, 139492);
    assert_string_equal(trial->config.model_spec, G7_SPEC);
    assert_true(trial->best_train_acc == 89.66499999999999 && trial->final_train_loss == 0.303);
    assert_int_equal(next_row(query)->id, 154693);
    assert_null(next_row(query));
    nb_db_query_close(query);
    nb_db_close(db);
}

static void g8_a_cell_by_its_specification(void **state)
{
    (void)state;
    nb_db *db = open_made(make_nds);
    const nb_db_filter filter = {.model_family = "nas_cell", .model_spec = G8_SPEC, .cell_spec = G8_CELL, .dataset = "cifar10"};
    nb_db_query *query = ask(db, filter);
    const nb_db_trial *trial = next_row(query);
    assert_non_null(trial);
    assert_int_equal(trial->id, 1);
    assert_string_equal(trial->config.proposer, "amoeba");
    assert_true(trial->best_test_acc == 93.37 && trial->flops == 664.400586 && trial->iter_time == 0.281);
    assert_null(next_row(query));
    nb_db_query_close(query);
    assert_int_equal(count_rows(db, (nb_db_filter){.proposer = "amoeba"}), 2);
    assert_int_equal(count_rows(db, (nb_db_filter){.cell_spec = "{}"}), 4);
    assert_int_equal(count_rows(db, (nb_db_filter){.generator = "random", .num_epochs = 50}), 1);
    nb_db_close(db);
}

static void a_whole_number_does_not_match_a_real_one(void **state)
{
    (void)state;
    nb_db *db = open_made(make_nds);
    assert_int_equal(count_rows(db, (nb_db_filter){.model_spec = "{\"bot_muls\":[0,0.25,0.25,0.25],\"ds\":[1,16,1,4],\"num_gs\":[1,2,1,2],"
                                                                 "\"ss\":[1,1,2,2],\"ws\":[16,64,128,16]}"}),
                     0);
    assert_int_equal(count_rows(db, (nb_db_filter){.model_spec = G4_SPEC}), 1);
    nb_db_close(db);
}

/* A text with blanks is readable, but no question finds it. */
static void texts_are_compared_as_they_are_stored(void **state)
{
    (void)state;
    char *path = make_nds();
    run_sql(path, "UPDATE ndstrialconfig SET model_spec = replace(model_spec, ',', ', ') WHERE id = 45505");
    nb_db *db = open_db(path);
    assert_int_equal(count_rows(db, (nb_db_filter){.model_spec = G4_SPEC}), 0);
    assert_int_equal(count_rows(db, (nb_db_filter){.proposer = "resnext-a"}), 1);
    nb_db_close(db);
    free(path);
}

/* ---- plans ---- */

/* The statements that a database keeps count what they did: rows sorted, and rows passed over in a scan. Without ANALYZE's statistics a
 * planner that is left alone would take the index on num_epochs. */
static void expect_work(nb_db *db, nb_db_filter filter, int most_scanned)
{
    count_rows(db, filter);
    for (size_t i = 0; i < NB_DB_KEPT; i++) {
        sqlite3_stmt *statement = db->kept[i].statement;
        if (!statement)
            continue;
        assert_int_equal(sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_SORT, 1), 0);
        assert_int_equal(sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_AUTOINDEX, 1), 0);
        assert_true(sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_FULLSCAN_STEP, 1) <= most_scanned);
    }
}

static void no_query_sorts_and_specifications_use_their_index(void **state)
{
    (void)state;
    nb_db *db = open_made(make_201);
    expect_work(db, (nb_db_filter){.arch = G2_ARCH, .num_epochs = 200, .dataset = "cifar100"}, 0);
    expect_work(db, (nb_db_filter){.arch = G2_ARCH, .reduction = NB_DB_MEAN}, 0);
    expect_work(db, (nb_db_filter){.dataset = "cifar100", .num_epochs = 12}, 8);
    expect_work(db, (nb_db_filter){.reduction = NB_DB_MEAN}, 8);
    expect_work(db, (nb_db_filter){.points = true}, 8);
    nb_db_close(db);
    db = open_made(make_101);
    expect_work(db, (nb_db_filter){.arch = G1_ARCH, .num_epochs = 108, .points = true}, 0);
    expect_work(db, (nb_db_filter){.arch = G1_ARCH, .as_numbered = true}, 0);
    nb_db_close(db);
    db = open_made(make_nds);
    expect_work(db, (nb_db_filter){.model_spec = G6_SPEC, .cell_spec = "{}", .model_family = "residual_basic", .num_epochs = 100}, 0);
    expect_work(db, (nb_db_filter){.model_spec = G8_SPEC, .cell_spec = G8_CELL, .proposer = "amoeba", .points = true}, 0);
    expect_work(db, (nb_db_filter){.proposer = "amoeba", .generator = "random", .dataset = "cifar10"}, 5);
    nb_db_close(db);
}

/* ---- opening ---- */

static void expect_no_db(const char *path, nb_status status, const char *part)
{
    nb_db *db;
    nb_error err;
    assert_int_equal(nb_db_open(path, &db, &err), status);
    if (!strstr(err.message, part))
        fail_msg("'%s' is not in '%s'", part, err.message);
}

static void files_that_are_no_database_are_named_as_such(void **state)
{
    (void)state;
    char *path = scratch_path("other.db");
    expect_no_db(path, NB_ERR_NOT_FOUND, "other.db");
    write_file(path, "", 0);
    expect_no_db(path, NB_ERR_FORMAT, "empty");
    write_file(path, "id,accuracy\n", 12);
    expect_no_db(path, NB_ERR_FORMAT, "no SQLite database");
    write_file(path, "SQLite format 3", 16);
    expect_no_db(path, NB_ERR_TRUNCATED, "100 bytes");
    remove(path);
    run_sql(path, "CREATE TABLE things (id INTEGER)");
    expect_no_db(path, NB_ERR_FORMAT, "no benchmark database");
    run_sql(path, "CREATE TABLE nb201trialconfig (id INTEGER)");
    expect_no_db(path, NB_ERR_FORMAT, "nb201trialconfig");
    expect_no_db(scratch_folder(), NB_ERR_IO, "regular file");
    free(path);
}

static void a_view_is_no_table(void **state)
{
    (void)state;
    char *path = make_201();
    run_sql(path, "ALTER TABLE nb201intermediatestats RENAME TO other; CREATE VIEW nb201intermediatestats AS SELECT * FROM other");
    expect_no_db(path, NB_ERR_FORMAT, "no table nb201intermediatestats");
    free(path);
}

/* Cut at every page and in between. */
static void a_truncated_database_is_told_from_a_whole_one(void **state)
{
    (void)state;
    char *path = make_201(), *cut = scratch_path("cut.db");
    size_t size;
    uint8_t *bytes = read_file(path, &size);
    for (size_t left = 1; left < size; left += 1000) {
        nb_db *db;
        nb_error err;
        write_file(cut, bytes, left);
        nb_status status = nb_db_open(cut, &db, &err);
        assert_true(status == NB_ERR_TRUNCATED || (left < 16 && status == NB_ERR_FORMAT));
    }
    free(bytes);
    free(cut);
    free(path);
}

/* Damage anywhere is an error or a wrong value, never a crash; verify finds what queries meet. */
static void a_damaged_database_is_an_error_at_most(void **state)
{
    (void)state;
    char *path = make_201(), *damaged = scratch_path("damaged.db");
    size_t size;
    uint64_t random = 7;
    uint8_t *bytes = read_file(path, &size);
    for (int round = 0; round < 150; round++) {
        uint8_t *copy = malloc(size);
        assert_non_null(copy);
        memcpy(copy, bytes, size);
        for (int i = 0; i < 40; i++) {
            random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            copy[16 + (random >> 16) % (size - 16)] = (uint8_t)(random >> 8);
        }
        write_file(damaged, copy, size);
        free(copy);
        nb_db *db;
        nb_db_query *query;
        nb_db_info info;
        nb_error err;
        if (nb_db_open(damaged, &db, &err) != NB_OK)
            continue;
        const nb_db_filter filter = {.num_epochs = 200, .points = true};
        nb_status status = nb_db_query_open(db, &filter, &query, &err);
        if (status == NB_OK) {
            const nb_db_trial *trial;
            while ((status = nb_db_query_next(query, &trial, &err)) == NB_OK && trial)
                assert_true(trial->point_count <= 1000000);
            nb_db_query_close(query);
        }
        if (status == NB_ERR_CORRUPT)
            assert_int_not_equal(nb_db_verify(db, NULL, &err), NB_OK);
        (void)nb_db_get_info(db, &info, &err);
        nb_db_close(db);
    }
    free(bytes);
    free(damaged);
    free(path);
}

static void a_locked_database_says_so(void **state)
{
    (void)state;
    char *path = make_201();
    sqlite3 *other;
    nb_db *db;
    nb_error err;
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(nb_db_open(path, &db, &err), NB_ERR_IO);
    assert_non_null(strstr(err.message, "locked"));
    assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    nb_db_close(open_db(path));
    free(path);
}

static void a_name_that_sqlite_would_read_otherwise_is_a_file(void **state)
{
    (void)state;
    expect_no_db(":memory:", NB_ERR_NOT_FOUND, ":memory:");
    expect_no_db("file:x?mode=memory", NB_ERR_NOT_FOUND, "mode=memory");
}

static void values_of_another_type_are_corrupt(void **state)
{
    (void)state;
    char *path = make_201();
    run_sql(path, "UPDATE nb201trialstats SET flops = 'many' WHERE id = 3");
    nb_db *db = open_db(path);
    nb_db_query *query = ask(db, (nb_db_filter){0});
    const nb_db_trial *trial;
    nb_error err;
    assert_int_equal(nb_db_query_next(query, &trial, &err), NB_ERR_CORRUPT);
    assert_non_null(strstr(err.message, "flops"));
    nb_db_query_close(query);
    nb_db_close(db);
    free(path);
}

static void info_counts_and_verify_finds_dangling_rows(void **state)
{
    (void)state;
    char *path = make_201();
    nb_db *db = open_db(path);
    nb_db_info info;
    nb_error err;
    struct stat facts;
    assert_int_equal(nb_db_get_info(db, &info, &err), NB_OK);
    assert_int_equal(info.configs, 8);
    assert_int_equal(info.trials, 7);
    assert_int_equal(info.points, 612);
    assert_false(info.analyzed);
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(info.bytes, facts.st_size);
    assert_int_equal(nb_db_verify(db, NULL, &err), NB_OK);
    nb_db_close(db);
    run_sql(path, "UPDATE nb201trialstats SET config_id = 99 WHERE id = 3");
    db = open_db(path);
    assert_int_equal(nb_db_verify(db, NULL, &err), NB_ERR_CORRUPT);
    assert_non_null(strstr(err.message, "nb201trialstats: row 3"));
    nb_db_close(db);
    free(path);
}

static void verify_compares_the_digits_in_the_name(void **state)
{
    (void)state;
    char *path = make_201(), *named = scratch_path("nasbench201-00000000.db");
    nb_error err;
    assert_int_equal(rename(path, named), 0);
    nb_db *db = open_db(named);
    assert_int_equal(nb_db_verify(db, NULL, &err), NB_ERR_CORRUPT);
    assert_non_null(strstr(err.message, "the name says 00000000"));
    nb_db_close(db);
    free(named);
    free(path);
}

/* ---- SQL ---- */

static void plain_sql_reads_any_value(void **state)
{
    (void)state;
    nb_db *db = open_made(make_201);
    nb_db_statement *statement;
    bool row;
    const char *const values[] = {"imagenet16-120"};
    assert_int_equal(
        nb_db_sql(db, "SELECT count(*) AS n, 0.5, 'x', NULL FROM nb201trialconfig WHERE dataset = ?", values, 1, &statement, NULL), NB_OK);
    assert_int_equal(nb_db_sql_columns(statement), 4);
    assert_string_equal(nb_db_sql_name(statement, 0), "n");
    assert_int_equal(nb_db_sql_next(statement, &row, NULL), NB_OK);
    assert_true(row);
    assert_int_equal(nb_db_sql_value(statement, 0).integer, 2);
    assert_true(nb_db_sql_value(statement, 1).real == 0.5);
    assert_string_equal(nb_db_sql_value(statement, 2).text, "x");
    assert_int_equal(nb_db_sql_value(statement, 3).type, NB_DB_VALUE_NULL);
    assert_int_equal(nb_db_sql_next(statement, &row, NULL), NB_OK);
    assert_false(row);
    nb_db_sql_close(statement);
    nb_db_close(db);
}

static void plain_sql_cannot_write(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "DELETE FROM nb201trialstats",
        "CREATE TABLE x (y)",
        "ATTACH 'other.db' AS other",
        "VACUUM INTO 'other.db'",
        "SELECT 1; SELECT 2",
        "SELECT no_such_column FROM nb201trialstats",
        "SELECT ?",
        "",
    };
    nb_db *db = open_made(make_201);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        nb_db_statement *statement;
        nb_error err;
        bool row;
        nb_status status = nb_db_sql(db, refused[i], NULL, 0, &statement, &err);
        if (status == NB_OK) {
            status = nb_db_sql_next(statement, &row, &err);
            nb_db_sql_close(statement);
        }
        assert_int_equal(status, NB_ERR_ARGUMENT);
    }
    assert_int_not_equal(access("other.db", F_OK), 0);
    nb_db_close(db);
}

/* ---- architectures and places ---- */

static void architectures_go_to_nni_s_text_and_back(void **state)
{
    (void)state;
    nb_error err;
    const nb_space *space = nb_space_find("nasbench201", &err);
    nb_arch arch, again;
    char text[NB_DB_ARCH_SIZE];
    assert_int_equal(nb_space_at(space, 0, &arch, &err), NB_OK);
    assert_int_equal(nb_db_arch_format(&arch, text, sizeof text), strlen(G2_ARCH));
    assert_string_equal(text, G2_ARCH);
    for (uint64_t i = 0; i < NB_TOPOLOGY_SIZE; i += 97) {
        assert_int_equal(nb_space_at(space, i, &arch, &err), NB_OK);
        assert_true(nb_db_arch_format(&arch, text, sizeof text) < sizeof text);
        assert_int_equal(nb_db_arch_parse(NB_DB_NASBENCH201, text, &again, &err), NB_OK);
        assert_true(nb_arch_equal(&arch, &again));
    }
    for (uint32_t i = 0; i < NB_CELL101_CELLS; i += 7919) {
        nb_cell101 cell = nb_cell101_at(i);
        arch = nb_cell101_to_arch(&cell);
        assert_true(nb_db_arch_format(&arch, text, sizeof text) < sizeof text);
        assert_int_equal(nb_db_arch_parse(NB_DB_NASBENCH101, text, &again, &err), NB_OK);
        assert_true(nb_arch_equal(&arch, &again));
    }
    assert_int_equal(nb_db_arch_parse(NB_DB_NASBENCH101, G1_ARCH, &arch, &err), NB_OK);
    nb_db_arch_format(&arch, text, sizeof text);
    assert_string_equal(text, G1_ARCH);
    assert_int_equal(nb_db_arch_parse(NB_DB_NASBENCH201, "{\"0_1\":\"nor_conv_1x1\"}", &arch, &err), NB_ERR_FORMAT);
}

static void expect_folder(const char *expected)
{
    char *folder;
    nb_error err;
    assert_int_equal(nb_db_folder(&folder, &err), NB_OK);
    assert_string_equal(folder, expected);
    free(folder);
}

static void forget_places(void)
{
    unsetenv("NASBENCHMARK_DIR");
    unsetenv("NNI_HOME");
    unsetenv("XDG_CACHE_HOME");
}

static void the_folder_is_the_one_of_nni(void **state)
{
    (void)state;
    char *home = strdup(getenv("HOME") ? getenv("HOME") : "/");
    forget_places();
    setenv("HOME", "/home/u", 1);
    expect_folder("/home/u/.cache/nni/nasbenchmark");
    setenv("XDG_CACHE_HOME", "/cache", 1);
    expect_folder("/cache/nni/nasbenchmark");
    setenv("NNI_HOME", "/nni", 1);
    expect_folder("/nni/nasbenchmark");
    setenv("NASBENCHMARK_DIR", "~/b", 1);
    expect_folder("~/b");
    forget_places();
    setenv("HOME", home, 1);
    free(home);
}

static void expect_found(nb_db_kind kind, const char *expected)
{
    char *path;
    nb_error err;
    if (nb_db_find(kind, &path, &err) != NB_OK)
        fail_msg("%s", err.message);
    assert_string_equal(strrchr(path, '/') + 1, expected);
    free(path);
}

static void databases_are_found_under_their_published_names(void **state)
{
    (void)state;
    char *folder = scratch_path("places"), *path, *own, *published, *other;
    nb_error err;
    assert_int_equal(mkdir(folder, 0700), 0);
    setenv("NASBENCHMARK_DIR", folder, 1);
    assert_int_equal(nb_db_find(NB_DB_NDS, &path, &err), NB_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "nds-5745c235.db"));
    other = scratch_path("places/nds-0123abcd.db");
    write_file(other, "", 0);
    expect_found(NB_DB_NDS, "nds-0123abcd.db");
    published = scratch_path("places/nds-5745c235.db");
    write_file(published, "", 0);
    expect_found(NB_DB_NDS, "nds-5745c235.db");
    own = scratch_path("places/nds.db");
    write_file(own, "", 0);
    expect_found(NB_DB_NDS, "nds.db");
    assert_int_equal(nb_db_default_path(NB_DB_NDS, &path, &err), NB_OK);
    assert_string_equal(path, own);
    free(path);
    free(own);
    free(published);
    free(other);
    free(folder);
    forget_places();
}

static void names_of_kinds_and_reductions(void **state)
{
    (void)state;
    nb_db_kind kind;
    nb_db_reduction reduction;
    nb_error err;
    assert_int_equal(nb_db_kind_parse("NAS-Bench-101", &kind, &err), NB_OK);
    assert_int_equal(kind, NB_DB_NASBENCH101);
    assert_int_equal(nb_db_kind_parse("nasbench301", &kind, &err), NB_ERR_NOT_FOUND);
    assert_null(nb_db_kind_name(NB_DB_KIND_COUNT));
    assert_int_equal(nb_db_reduction_parse("mean", &reduction, &err), NB_OK);
    assert_int_equal(reduction, NB_DB_MEAN);
    assert_int_equal(nb_db_reduction_parse("max", &reduction, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "Unsupported reduction: 'max'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(g1_three_trials_of_a_cell_with_their_points),
        cmocka_unit_test(isomorphic_cells_find_each_other_unless_their_numbering_counts),
        cmocka_unit_test(a_numbering_against_the_edges_is_isomorphic_as_well),
        cmocka_unit_test(cells_are_also_taken_as_hashes_and_matrices),
        cmocka_unit_test(hashes_are_those_of_nni),
        cmocka_unit_test(what_is_no_cell_is_refused),
        cmocka_unit_test(the_mean_has_no_id_and_no_points),
        cmocka_unit_test(the_mean_is_the_one_of_nni),
        cmocka_unit_test(g2_three_seeds_of_a_cell),
        cmocka_unit_test(g3_a_wildcard_for_the_epochs),
        cmocka_unit_test(means_leave_out_what_is_missing),
        cmocka_unit_test(strings_and_indices_name_architectures_as_well),
        cmocka_unit_test(wildcards_and_unknown_words),
        cmocka_unit_test(without_a_filter_rows_come_by_trial_and_else_by_config),
        cmocka_unit_test(two_queries_of_one_shape_do_not_disturb_each_other),
        cmocka_unit_test(g4_and_g5_a_bottleneck_network_with_its_first_points),
        cmocka_unit_test(g6_a_residual_network_by_every_argument),
        cmocka_unit_test(g7_a_family_and_nothing_else),
        cmocka_unit_test(g8_a_cell_by_its_specification),
        cmocka_unit_test(a_whole_number_does_not_match_a_real_one),
        cmocka_unit_test(texts_are_compared_as_they_are_stored),
        cmocka_unit_test(no_query_sorts_and_specifications_use_their_index),
        cmocka_unit_test(files_that_are_no_database_are_named_as_such),
        cmocka_unit_test(a_view_is_no_table),
        cmocka_unit_test(a_truncated_database_is_told_from_a_whole_one),
        cmocka_unit_test(a_damaged_database_is_an_error_at_most),
        cmocka_unit_test(a_locked_database_says_so),
        cmocka_unit_test(a_name_that_sqlite_would_read_otherwise_is_a_file),
        cmocka_unit_test(values_of_another_type_are_corrupt),
        cmocka_unit_test(info_counts_and_verify_finds_dangling_rows),
        cmocka_unit_test(verify_compares_the_digits_in_the_name),
        cmocka_unit_test(plain_sql_reads_any_value),
        cmocka_unit_test(plain_sql_cannot_write),
        cmocka_unit_test(architectures_go_to_nni_s_text_and_back),
        cmocka_unit_test(the_folder_is_the_one_of_nni),
        cmocka_unit_test(databases_are_found_under_their_published_names),
        cmocka_unit_test(names_of_kinds_and_reductions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
