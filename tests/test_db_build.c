/* NNI's databases built from result files: schema, order of rows, values, and what is left when a build does not end. */
#define FULL_EPOCHS 200
#define LESS_EPOCHS 12
#define MADE_ALL_SETS

#include "db_support.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nasbench/db_build.h"
#include "nasbench/import.h"
#include "nasbench/space.h"
#include "records101.h"
#include "result_files.h"

/* ---- sources ---- */

static const uint32_t rows201[] = {0, 2};

/* A published file in small: architectures 0 and 2 of four. The caller frees the path. */
static char *make_pth(const char *name, layout kind)
{
    char *path = scratch_path(name);
    pickle_writer object = {0}, file = {0};
    const file_plan plan = {.layout = kind, .space = nb_space_find("nasbench201", NULL), .rows = rows201, .count = 2, .meta_count = 4};
    write_benchmark(&object, &plan);
    wrap_legacy(&file, &object);
    write_file(path, file.bytes, file.size);
    free(object.bytes);
    free(file.bytes);
    return path;
}

static nb_db_build_summary build(nb_db_kind kind, const char *source, const char *target)
{
    nb_db_build_summary summary;
    nb_error err;
    if (nb_db_build(kind, &source, 1, target, &summary, NULL, &err) != NB_OK)
        fail_msg("%s", err.message);
    return summary;
}

/* ---- schema ---- */

static void expect_sound(const char *path, const char *prefix)
{
    char *schema = schema_of(path), *expected = golden_schema_of(prefix);
    assert_string_equal(schema, expected);
    free(schema);
    free(expected);
    expect_answer(path, "PRAGMA integrity_check", "ok");
    expect_answer(path, "SELECT count(*) FROM pragma_foreign_key_check", "0");
    expect_answer(path, "PRAGMA page_size", "4096");
    expect_answer(path, "PRAGMA encoding", "UTF-8");
    expect_answer(path, "PRAGMA user_version", "0");
    expect_answer(path, "PRAGMA journal_mode", "delete");
    expect_answer(path, "SELECT count(DISTINCT tbl) FROM sqlite_stat1", "3");
}

static void the_schema_is_nni_s_letter_by_letter(void **state)
{
    (void)state;
    char *source = make_pth("schema.pth", LAYOUT_1_1), *target = scratch_path("schema.db");
    build(NB_DB_NASBENCH201, source, target);
    expect_sound(target, "nb201");
    free(source);
    free(target);
}

/* ---- NAS-Bench-201 ---- */

static void configs_come_first_for_all_architectures(void **state)
{
    (void)state;
    char *source = make_pth("configs.pth", LAYOUT_1_1), *target = scratch_path("configs.db");
    nb_db_build_summary summary = build(NB_DB_NASBENCH201, source, target);
    assert_int_equal(summary.files, 1);
    assert_int_equal(summary.configs, 4 * 8);
    assert_int_equal(summary.trials, 2 * (4 + 2));
    assert_int_equal(summary.points, 2 * (4 * 200 + 2 * 12));
    assert_int_equal(summary.untimed_trials, 4); /* `less` has no latency */
    expect_answer(target,
                  "SELECT group_concat(id || ' ' || num_epochs || ' ' || dataset, ', ') FROM nb201trialconfig WHERE id BETWEEN 9 AND 16",
                  "9 12 cifar10-valid, 10 12 cifar10, 11 12 cifar100, 12 12 imagenet16-120, "
                  "13 200 cifar10-valid, 14 200 cifar10, 15 200 cifar100, 16 200 imagenet16-120");
    expect_answer(target, "SELECT arch FROM nb201trialconfig WHERE id = 1",
                  "{\"0_1\":\"avg_pool_3x3\",\"0_2\":\"conv_1x1\",\"0_3\":\"conv_1x1\",\"1_2\":\"skip_connect\",\"1_3\":\"skip_connect\","
                  "\"2_3\":\"skip_connect\"}");
    expect_answer(target, "SELECT count(*) FROM nb201trialconfig WHERE num_channels = 16 AND num_cells = 5", "32");
    expect_answer(target, "SELECT count(*) FROM nb201trialconfig WHERE typeof(arch) = 'text' AND json(arch) = arch", "32");
    free(source);
    free(target);
}

static void trials_keep_the_order_of_the_file(void **state)
{
    (void)state;
    char *source = make_pth("order.pth", LAYOUT_1_1), *target = scratch_path("order.db");
    build(NB_DB_NASBENCH201, source, target);
    expect_answer(target, "SELECT group_concat(id || ' ' || config_id || ' ' || seed, ', ') FROM nb201trialstats",
                  "1 5 888, 2 7 888, 3 5 777, 4 7 777, 5 1 111, 6 3 111, 7 21 888, 8 23 888, 9 21 777, 10 23 777, 11 17 111, 12 19 111");
    expect_answer(target, "SELECT min(id) || ' ' || max(id) || ' ' || count(*) FROM nb201intermediatestats WHERE trial_id = 2",
                  "201 400 200");
    free(source);
    free(target);
}

static double made(const char *dataset, uint32_t seed, const char *split, nb_metric metric, uint32_t epoch)
{
    return made_value(2, true, dataset, seed, split, metric, epoch);
}

static void values_are_those_of_the_last_epoch(void **state)
{
    (void)state;
    char *source = make_pth("values.pth", LAYOUT_1_1), *target = scratch_path("values.db");
    build(NB_DB_NASBENCH201, source, target);
    nb_db *db = open_db(target);
    nb_db_query *query = ask(db, (nb_db_filter){.arch = "2", .num_epochs = 200, .dataset = "cifar100", .points = true});
    const nb_db_trial *trial = next_row(query);
    assert_non_null(trial);
    assert_int_equal(trial->seed, 888);
    assert_true(trial->train_acc == made("cifar100", 888, "train", NB_METRIC_ACCURACY, 199));
    assert_true(trial->valid_acc == made("cifar100", 888, "x-valid", NB_METRIC_ACCURACY, 199));
    assert_true(trial->test_acc == made("cifar100", 888, "x-test", NB_METRIC_ACCURACY, 199));
    assert_true(trial->ori_test_acc == made("cifar100", 888, "ori-test", NB_METRIC_ACCURACY, 199));
    assert_true(trial->test_loss == made("cifar100", 888, "x-test", NB_METRIC_LOSS, 199));
    assert_true(trial->training_time == made("cifar100", 888, "train", NB_METRIC_TIME, 199) * 200);
    assert_true(trial->test_evaluation_time == made("cifar100", 888, "x-test", NB_METRIC_TIME, 199));
    assert_true(trial->latency == made_cost(2, "latency") && trial->flops == made_cost(2, "flop"));
    assert_true(trial->parameters == made_cost(2, "params"));
    assert_int_equal(trial->point_count, 200);
    assert_int_equal(trial->points[10].current_epoch, 11);
    assert_true(trial->points[10].ori_test_acc == made("cifar100", 888, "ori-test", NB_METRIC_ACCURACY, 10));
    assert_true(isnan(trial->points[10].valid_acc) && isnan(trial->points[10].test_loss));
    assert_true(trial->points[199].valid_acc == trial->valid_acc);
    nb_db_query_close(query);
    /* cifar10-valid: test is the original test set */
    query = ask(db, (nb_db_filter){.arch = "2", .num_epochs = 200, .dataset = "cifar10-valid"});
    trial = next_row(query);
    assert_true(trial->valid_acc == made("cifar10-valid", 888, "x-valid", NB_METRIC_ACCURACY, 199));
    assert_true(trial->test_acc == made("cifar10-valid", 888, "ori-test", NB_METRIC_ACCURACY, 199));
    assert_true(trial->ori_test_acc == trial->test_acc && trial->ori_test_loss == trial->test_loss);
    nb_db_query_close(query);
    nb_db_close(db);
    free(source);
    free(target);
}

#define COLUMNS                                                                                                                            \
    "config_id, seed, train_acc, valid_acc, test_acc, ori_test_acc, train_loss, valid_loss, test_loss, ori_test_loss, parameters, "        \
    "latency, flops, training_time, valid_evaluation_time, test_evaluation_time, ori_test_evaluation_time"

static void a_table_gives_the_same_rows_in_the_order_of_seeds(void **state)
{
    (void)state;
    char *source = make_pth("table.pth", LAYOUT_1_1), *table = scratch_path("t.safetensors"), *target = scratch_path("table.db");
    char *straight = scratch_path("straight.db"), attach[1024];
    nb_error err;
    assert_int_equal(nb_import((const char *const *)&source, 1, table, NULL, NULL, NULL, &err), NB_OK);
    nb_db_build_summary summary = build(NB_DB_NASBENCH201, table, target);
    assert_int_equal(summary.trials, 12);
    build(NB_DB_NASBENCH201, source, straight);
    expect_sound(target, "nb201");
    expect_answer(target, "SELECT group_concat(id || ' ' || config_id || ' ' || seed, ', ') FROM nb201trialstats WHERE id < 7",
                  "1 5 777, 2 7 777, 3 5 888, 4 7 888, 5 1 111, 6 3 111");
    /* Each row but for its ids is in both. */
    snprintf(attach, sizeof attach,
             "ATTACH '%s' AS other; CREATE TABLE main.differing AS SELECT " COLUMNS " FROM main.nb201trialstats EXCEPT SELECT " COLUMNS
             " FROM other.nb201trialstats",
             straight);
    run_sql(target, attach);
    expect_answer(target, "SELECT count(*) FROM differing", "0");
    free(source);
    free(table);
    free(target);
    free(straight);
}

/* v1.0 has no times of 200 epochs, and the columns may not be empty. */
static void times_that_were_not_measured_are_zero_and_counted(void **state)
{
    (void)state;
    char *source = make_pth("v1_0.pth", LAYOUT_1_0), *target = scratch_path("v1_0.db");
    nb_db_build_summary summary = build(NB_DB_NASBENCH201, source, target);
    assert_int_equal(summary.trials, 2 * (4 + 1));
    assert_int_equal(summary.untimed_trials, summary.trials);
    expect_answer(target, "SELECT count(*) FROM nb201trialstats WHERE training_time = 0 AND valid_evaluation_time = 0 AND latency > 0",
                  "8");
    free(source);
    free(target);
}

static void expect_refused(nb_db_kind kind, const char *source, nb_status status, const char *part)
{
    char *target = scratch_path("refused.db");
    nb_error err;
    assert_int_equal(nb_db_build(kind, &source, 1, target, NULL, NULL, &err), status);
    if (!strstr(err.message, part))
        fail_msg("'%s' is not in '%s'", part, err.message);
    assert_int_not_equal(access(target, F_OK), 0);
    free(target);
}

static void what_nni_s_importer_stops_at_is_an_error(void **state)
{
    (void)state;
    char *csv = scratch_path("own.csv");
    const char *text = "index,cifar10/200/ori-test/accuracy\n0,85\n";
    write_file(csv, text, strlen(text));
    expect_refused(NB_DB_NASBENCH201, csv, NB_ERR_FORMAT, "epoch");
    text = "index,mnist/12/ori-test/accuracy@11\n0,85\n";
    write_file(csv, text, strlen(text));
    expect_refused(NB_DB_NASBENCH201, csv, NB_ERR_UNSUPPORTED, "mnist");
    expect_refused(NB_DB_NASBENCH201, "/nowhere.pth", NB_ERR_NOT_FOUND, "nowhere.pth");
    free(csv);
}

/* ---- NAS-Bench-101 ---- */

#define G1_HASH "00005c142e6f48ac74fdcf73e3439874"
#define G1_MATRIX                                                                                                                          \
    "0100110"                                                                                                                              \
    "0010000"                                                                                                                              \
    "0001001"                                                                                                                              \
    "0000010"                                                                                                                              \
    "0000010"                                                                                                                              \
    "0000001"                                                                                                                              \
    "0000000"
#define G1_OPERATIONS "input,conv3x3-bn-relu,maxpool3x3,conv3x3-bn-relu,conv3x3-bn-relu,conv1x1-bn-relu,output"

static void put_g1(bytes101 *to, unsigned epochs, const double evaluations[3][5])
{
    bytes101 message = message101(evaluations, 8555530, 2000);
    bytes101 payload = payload101(G1_HASH, epochs, G1_MATRIX, G1_OPERATIONS, &message);
    put_frame101(to, payload.data, payload.size);
    free(message.data);
    free(payload.data);
}

/* The first cell of the published file with its documented runs of 108 epochs, and after it a cell that comes earlier in the space. The
 * caller frees the path. */
static char *make_tfrecord(const char *name)
{
    static const double known[3][3][5] = {
        {{0},
         {54, 883.4580078125, 0.8282251358032227, 0.7776442170143127, 0.7740384340286255},
         {108, 1769.1279296875, 1, 0.9241786599159241, 0.9211738705635071}},
        {{0},
         {54, 883.6810302734375, 0.8796073794364929, 0.8291265964508057, 0.8204126358032227},
         {108, 1768.2509765625, 1, 0.9245793223381042, 0.9190705418586731}},
        {{0},
         {54, 883.4569702148438, 0.8634815812110901, 0.811598539352417, 0.8058894276618958},
         {108, 1768.9759521484375, 1, 0.9304887652397156, 0.9215745329856873}},
    };
    static const unsigned budgets[] = {4, 12, 36, 108};
    char *path = scratch_path(name);
    bytes101 file = {0};
    for (int cell = 0; cell < 2; cell++)
        for (int run = 0; run < 3; run++)
            for (int i = 3; i >= 0; i--) { /* the order of budgets in the file does not count */
                const double other[3][5] = {{0}, {budgets[i] / 2.0, 10 + run, 0.25, 0.5, 0.75}, {budgets[i], 20 + run, 0.5, 0.625, 0.125}};
                if (cell == 1)
                    put_run101(&file, true, budgets[i], other, 30);
                else
                    put_g1(&file, budgets[i], budgets[i] == 108 ? known[run] : other);
            }
    write_file(path, file.data, file.size);
    free(file.data);
    return path;
}

static void expect_g1(const char *target)
{
    static const double final[3][3] = {{92.41786599159241, 92.11738705635071, 106147.67578125},
                                       {92.45793223381042, 91.90705418586731, 106095.05859375},
                                       {93.04887652397156, 92.15745329856873, 106138.55712890625}};
    nb_db *db = open_db(target);
    nb_db_query *query = ask(db, (nb_db_filter){.arch = G1_HASH, .num_epochs = 108, .points = true});
    for (int i = 0; i < 3; i++) {
        const nb_db_trial *trial = next_row(query);
        assert_non_null(trial);
        assert_int_equal(trial->id, 10 + i);
        assert_int_equal(trial->config.id, 4);
        assert_int_equal(trial->config.num_vertices, 7);
        assert_string_equal(trial->config.hash, G1_HASH);
        assert_true(trial->parameters == 8.55553 && trial->train_acc == 100);
        assert_true(trial->valid_acc == final[i][0] && trial->test_acc == final[i][1] && trial->training_time == final[i][2]);
        assert_int_equal(trial->point_count, 2);
        assert_int_equal(trial->points[0].id, 19 + 2 * i);
        assert_int_equal(trial->points[0].current_epoch, 54);
        assert_int_equal(trial->points[1].id, 20 + 2 * i);
        assert_int_equal(trial->points[1].current_epoch, 108);
        assert_true(trial->points[1].valid_acc == final[i][0] && trial->points[1].training_time == final[i][2] / 60);
    }
    assert_null(next_row(query));
    nb_db_query_close(query);
    query = ask(db, (nb_db_filter){.arch = G1_HASH, .num_epochs = 108, .points = true});
    assert_true(next_row(query)->points[0].train_acc == 82.82251358032227 && next_row(query)->points[0].valid_acc == 82.91265964508057);
    assert_true(next_row(query)->points[0].test_acc == 80.58894276618958);
    nb_db_query_close(query);
    nb_db_close(db);
}

/* From the published numbers of G1 to its documented rows, ids included. */
static void the_first_cell_of_nas_bench_101_has_its_documented_rows(void **state)
{
    (void)state;
    char *source = make_tfrecord("g1.tfrecord"), *target = scratch_path("g1.db"), *table = scratch_path("g1.safetensors");
    nb_db_build_summary summary = build(NB_DB_NASBENCH101, source, target);
    nb_error err;
    assert_int_equal(summary.configs, 8);
    assert_int_equal(summary.trials, 24);
    assert_int_equal(summary.points, 48);
    expect_sound(target, "nb101");
    expect_g1(target);
    expect_answer(target, "SELECT group_concat(id || ' ' || num_epochs || ' ' || hash, ', ') FROM nb101trialconfig WHERE id IN (1, 4, 5)",
                  "1 4 " G1_HASH ", 4 108 " G1_HASH ", 5 4 " HASH_OF_CONV);
    expect_answer(target, "SELECT arch FROM nb101trialconfig WHERE id = 1",
                  "{\"input1\":[0],\"input2\":[1],\"input3\":[2],\"input4\":[0],\"input5\":[0,3,4],\"input6\":[2,5],"
                  "\"op1\":\"conv3x3-bn-relu\",\"op2\":\"maxpool3x3\",\"op3\":\"conv3x3-bn-relu\",\"op4\":\"conv3x3-bn-relu\","
                  "\"op5\":\"conv1x1-bn-relu\"}");
    expect_answer(target, "SELECT group_concat(training_time, ', ') FROM nb101trialstats WHERE config_id = 5", "1200.0, 1260.0, 1320.0");
    /* A table keeps the order of the file, so the way through it gives the same database. */
    assert_int_equal(nb_import((const char *const *)&source, 1, table, NULL, NULL, NULL, &err), NB_OK);
    char *again = scratch_path("again.db");
    build(NB_DB_NASBENCH101, table, again);
    size_t size, size_again;
    uint8_t *bytes = read_file(target, &size), *bytes_again = read_file(again, &size_again);
    assert_int_equal(size, size_again);
    assert_memory_equal(bytes, bytes_again, size);
    free(bytes);
    free(bytes_again);
    free(again);
    free(table);
    free(source);
    free(target);
}

static void each_benchmark_has_a_database_of_its_own(void **state)
{
    (void)state;
    char *tfrecord = make_tfrecord("other.tfrecord"), *pth = make_pth("other.pth", LAYOUT_1_1);
    expect_refused(NB_DB_NASBENCH201, tfrecord, NB_ERR_UNSUPPORTED, "nasbench101");
    expect_refused(NB_DB_NASBENCH101, pth, NB_ERR_UNSUPPORTED, "nasbench201");
    free(tfrecord);
    free(pth);
}

/* ---- builds that do not end ---- */

/* Files in the scratch folder that a build left behind. */
static size_t count_leftovers(void)
{
    size_t count = 0;
    DIR *folder = opendir(scratch_folder());
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder));)
        count += strstr(entry->d_name, ".nbtmp") != NULL;
    closedir(folder);
    return count;
}

static void a_build_that_fails_or_is_stopped_leaves_the_old_file(void **state)
{
    (void)state;
    char *source = make_pth("kept.pth", LAYOUT_1_1), *target = scratch_path("kept.db");
    const atomic_int stop = 1;
    const nb_progress stopped = {.cancel = &stop};
    nb_error err;
    const char *nowhere = "/nowhere.pth";
    build(NB_DB_NASBENCH201, source, target);
    size_t size, size_after;
    uint8_t *before = read_file(target, &size);
    assert_int_equal(nb_db_build(NB_DB_NASBENCH201, &nowhere, 1, target, NULL, NULL, &err), NB_ERR_NOT_FOUND);
    assert_int_equal(nb_db_build(NB_DB_NASBENCH201, (const char *const *)&source, 1, target, NULL, &stopped, &err), NB_ERR_CANCELLED);
    uint8_t *after = read_file(target, &size_after);
    assert_int_equal(size, size_after);
    assert_memory_equal(before, after, size);
    assert_int_equal(count_leftovers(), 0);
    free(before);
    free(after);
    free(source);
    free(target);
}

/* A limit on the size of files stands for a full disk, at many places of the build. */
static void a_full_disk_leaves_the_old_file_or_none(void **state)
{
    (void)state;
    char *source = make_pth("full.pth", LAYOUT_1_1), *target = scratch_path("full.db");
    struct rlimit limit, old;
    nb_error err;
    const rlim_t size = (rlim_t)build(NB_DB_NASBENCH201, source, target).bytes;
    remove(target);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, SIG_IGN);
    for (rlim_t most = 0; most < size; most += size / 8) {
        limit = old;
        limit.rlim_cur = most;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        nb_status status = nb_db_build(NB_DB_NASBENCH201, (const char *const *)&source, 1, target, NULL, NULL, &err);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
        assert_int_equal(status, NB_ERR_IO);
        assert_int_not_equal(access(target, F_OK), 0);
        assert_int_equal(count_leftovers(), 0);
    }
    signal(SIGXFSZ, SIG_DFL);
    free(source);
    free(target);
}

/* Kills a build after some time, again and again: the old file is there as it was, or the new one is complete. */
static void a_killed_build_leaves_the_old_file_or_the_new_one(void **state)
{
    (void)state;
    char *source = make_pth("killed.pth", LAYOUT_1_1), *target = scratch_path("killed.db");
    build(NB_DB_NASBENCH201, source, target);
    for (unsigned pause = 0; pause < 12; pause++) {
        pid_t child = fork();
        if (child == 0)
            _exit(nb_db_build(NB_DB_NASBENCH201, (const char *const *)&source, 1, target, NULL, NULL, NULL) == NB_OK ? 0 : 1);
        usleep(pause * 3000);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        expect_answer(target, "PRAGMA integrity_check", "ok");
        expect_answer(target, "SELECT count(*) FROM nb201trialstats", "12");
    }
    free(source);
    free(target);
}

/* Readers keep the file that they opened; builders replace it as a whole. */
static void many_processes_build_and_read_one_file(void **state)
{
    (void)state;
    char *source = make_pth("shared.pth", LAYOUT_1_1), *target = scratch_path("shared.db");
    enum { BUILDERS = 3 };
    pid_t children[BUILDERS];
    build(NB_DB_NASBENCH201, source, target);
    for (int i = 0; i < BUILDERS; i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(nb_db_build(NB_DB_NASBENCH201, (const char *const *)&source, 1, target, NULL, NULL, NULL) == NB_OK ? 0 : 1);
    }
    for (int i = 0; i < 20; i++) {
        nb_db *db = open_db(target);
        assert_int_equal(count_rows(db, (nb_db_filter){.num_epochs = 200}), 8);
        nb_db_close(db);
    }
    for (int i = 0; i < BUILDERS; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    expect_sound(target, "nb201");
    free(source);
    free(target);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_schema_is_nni_s_letter_by_letter),
        cmocka_unit_test(configs_come_first_for_all_architectures),
        cmocka_unit_test(trials_keep_the_order_of_the_file),
        cmocka_unit_test(values_are_those_of_the_last_epoch),
        cmocka_unit_test(a_table_gives_the_same_rows_in_the_order_of_seeds),
        cmocka_unit_test(times_that_were_not_measured_are_zero_and_counted),
        cmocka_unit_test(what_nni_s_importer_stops_at_is_an_error),
        cmocka_unit_test(the_first_cell_of_nas_bench_101_has_its_documented_rows),
        cmocka_unit_test(each_benchmark_has_a_database_of_its_own),
        cmocka_unit_test(a_build_that_fails_or_is_stopped_leaves_the_old_file),
        cmocka_unit_test(a_full_disk_leaves_the_old_file_or_none),
        cmocka_unit_test(a_killed_build_leaves_the_old_file_or_the_new_one),
        cmocka_unit_test(many_processes_build_and_read_one_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
