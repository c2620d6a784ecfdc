/* Importing: every layout and container, bit for bit; damage is named with its file and place; nothing is left half-written. */
#include "support.h"

#include <dirent.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bzlib.h>
#include <zip.h>

#include "nasbench/import.h"
#include "nasbench/query.h"
#include "result_files.h"

/* ---- helpers ---- */

static const nb_space *topology(void)
{
    return nb_space_find("nasbench201", NULL);
}

static const uint32_t some_rows[] = {2, 0, 5};

static file_plan plan_of(layout kind)
{
    return (file_plan){.layout = kind, .space = topology(), .rows = some_rows, .count = 3, .meta_count = 15625};
}

/* The benchmark of a plan in torch's legacy container, as a file in the scratch folder; the caller frees the path. */
static char *write_legacy(const file_plan *plan, const char *name)
{
    pickle_writer object = {0};
    pickle_writer file = {0};
    write_benchmark(&object, plan);
    wrap_legacy(&file, &object);
    char *path = scratch_path(name);
    write_file(path, file.bytes, file.size);
    free(object.bytes);
    free(file.bytes);
    return path;
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

/* Files in the scratch folder whose names begin with a dot: what an import left behind. */
static int hidden_files(void)
{
    DIR *folder = opendir(scratch_folder());
    int count = 0;
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] == '.' && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(folder);
    return count;
}

static nb_table *import_and_open(const char *const *sources, size_t count, nb_import_summary *summary)
{
    char *target = scratch_path("out.nbt");
    nb_error err;
    nb_table *table = NULL;
    if (nb_import(sources, count, target, NULL, summary, NULL, &err) != NB_OK)
        fail_msg("%s", err.message);
    if (nb_table_open(target, &table, &err) != NB_OK)
        fail_msg("%s", err.message);
    unlink(target);
    free(target);
    return table;
}

static nb_table *import_one(char *path, nb_import_summary *summary)
{
    const char *sources[] = {path};
    nb_table *table = import_and_open(sources, 1, summary);
    unlink(path);
    free(path);
    return table;
}

/* One number of a table; fails when it is measured and should not be or the other way round. */
static void expect_number(const nb_table *table, uint32_t row, const char *dataset, const char *schedule, uint32_t seed, const char *split,
                          nb_metric metric, uint32_t epoch, bool measured, double expected)
{
    int setup = nb_table_setup(table, dataset, schedule);
    assert_true(setup >= 0);
    uint32_t first;
    uint32_t count = nb_table_trials(table, (uint32_t)setup, row, &first);
    int number = nb_table_split(table, (uint32_t)setup, split);
    for (uint32_t t = first; t < first + count; t++) {
        if (nb_table_trial_seed(table, (uint32_t)setup, t) != seed)
            continue;
        double value = 0;
        bool found = number >= 0 && nb_table_value(table, (uint32_t)setup, t, (uint32_t)number, metric, epoch, &value);
        assert_int_equal(found, measured);
        if (measured && !(isnan(value) && isnan(expected)))
            assert_memory_equal(&value, &expected, sizeof value);
        return;
    }
    fail_msg("row %u, %s %s: no trial with seed %u", row, dataset, schedule, seed);
}

/* All numbers of one trial of a made file. */
static void expect_trial(const nb_table *table, const file_plan *plan, uint32_t row, bool full, const char *dataset, uint32_t seed)
{
    const char *schedule = plan->layout == LAYOUT_AA ? "05" : full ? "200" : "12";
    bool aa = plan->layout == LAYOUT_AA;
    bool timed = !aa && (plan->layout != LAYOUT_1_0 || !full);
    for (uint32_t e = 0; e < (full ? FULL_EPOCHS : LESS_EPOCHS); e++) {
        for (nb_metric m = 0; m < NB_METRIC_COUNT; m++) {
            bool measured = m == NB_METRIC_TIME ? timed : m == NB_METRIC_ACCURACY5 ? !full : true;
            double expected = made_value(row, full, dataset, seed, "train", m, e);
            if (m == NB_METRIC_LOSS && plan->damage.nan_loss)
                expected = (double)NAN;
            expect_number(table, row, dataset, schedule, seed, "train", m, e, measured, expected);
        }
        for (size_t s = 0; s < MADE_SETS; s++) {
            if (strcmp(made_sets[s].dataset, dataset) != 0)
                continue;
            for (nb_metric m = 0; m < NB_METRIC_COUNT; m++) {
                bool measured = m == NB_METRIC_TIME ? timed : m != NB_METRIC_ACCURACY5 && set_has_epoch(&made_sets[s], full, e);
                expect_number(table, row, dataset, schedule, seed, made_sets[s].split, m, e, measured,
                              made_value(row, full, dataset, seed, made_sets[s].split, m, e));
            }
        }
    }
    uint32_t setup = (uint32_t)nb_table_setup(table, dataset, schedule);
    uint32_t first;
    nb_table_trials(table, setup, row, &first);
    assert_true(nb_table_trial_params(table, setup, first) == made_cost(row, "params"));
    assert_true(nb_table_trial_flops(table, setup, first) == made_cost(row, "flop"));
    const double *latency;
    assert_int_equal(nb_table_trial_latency(table, setup, first, &latency), full ? 2 : 0);
    if (full)
        assert_true(latency[0] == made_cost(row, "latency") && latency[1] == made_cost(row, "latency 2"));
}

/* Everything that the plan's file says, and that nothing else is there. */
static void expect_plan(const nb_table *table, const file_plan *plan)
{
    uint64_t trials = 0;
    for (size_t i = 0; i < plan->count; i++) {
        assert_true(nb_table_is_evaluated(table, plan->rows[i]));
        for (int full = 0; full < 2; full++)
            for (size_t d = 0; d < 2; d++)
                for (size_t s = 0; s < 3; s++)
                    if (has_trial(plan, full, made_datasets[d], made_seeds[s]) && !(plan->layout == LAYOUT_AA && !full)) {
                        expect_trial(table, plan, plan->rows[i], full, made_datasets[d], made_seeds[s]);
                        trials++;
                    }
    }
    assert_int_equal(nb_table_get_info(table)->trials, trials);
    assert_int_equal(nb_table_get_info(table)->evaluated, plan->count);
    assert_int_equal(nb_table_get_info(table)->rows, plan->meta_count);
}

/* ---- layouts ---- */

static void check_layout(layout which, nb_flavour flavour, const char *kind)
{
    file_plan plan = plan_of(which);
    nb_import_summary summary;
    nb_table *table = import_one(write_legacy(&plan, "made.pth"), &summary);
    expect_plan(table, &plan);
    assert_string_equal(summary.kind, kind);
    assert_int_equal(summary.flavour, flavour);
    assert_int_equal(summary.architectures, 3);
    assert_int_equal(summary.trials, nb_table_get_info(table)->trials);
    assert_int_equal(nb_table_get_info(table)->flavour, flavour);
    assert_string_equal(nb_table_get_info(table)->source, "made.pth");
    nb_table_close(table);
}

static void version_1_0_comes_back_bit_for_bit(void **state)
{
    (void)state;
    check_layout(LAYOUT_1_0, NB_FLAVOUR_1_2, "NAS-Bench-201 v1.0 results");
}

static void version_1_1_comes_back_bit_for_bit(void **state)
{
    (void)state;
    check_layout(LAYOUT_1_1, NB_FLAVOUR_2_0, "NAS-Bench-201 v1.1 results");
}

static void nats_bench_comes_back_bit_for_bit(void **state)
{
    (void)state;
    check_layout(LAYOUT_NATS, NB_FLAVOUR_NATS, "NATS-Bench topology space results");
}

static void aa_nas_bench_comes_back_bit_for_bit(void **state)
{
    (void)state;
    check_layout(LAYOUT_AA, NB_FLAVOUR_AA, "AA-NAS-Bench results");
}

static void pickled_result_objects_are_read_like_their_states(void **state)
{
    (void)state;
    check_layout(LAYOUT_RECORDS, NB_FLAVOUR_2_0, "NAS-Bench-201 v1.1 results");
}

static void a_nan_loss_is_measured(void **state)
{
    (void)state;
    file_plan plan = plan_of(LAYOUT_1_1);
    plan.damage.nan_loss = true;
    nb_table *table = import_one(write_legacy(&plan, "made.pth"), NULL);
    expect_plan(table, &plan);
    nb_table_close(table);
}

static void the_order_of_keys_does_not_matter(void **state)
{
    (void)state;
    file_plan plan = plan_of(LAYOUT_1_1);
    plan.damage.late_meta = true;
    nb_table *table = import_one(write_legacy(&plan, "made.pth"), NULL);
    expect_plan(table, &plan);
    nb_table_close(table);
}

static void datasets_keep_the_order_of_dataset_seed(void **state)
{
    (void)state;
    file_plan plan = plan_of(LAYOUT_1_1);
    nb_table *table = import_one(write_legacy(&plan, "made.pth"), NULL);
    uint32_t order[4];
    assert_int_equal(nb_table_row_datasets(table, 2, "200", order, 4), 2);
    assert_string_equal(nb_table_dataset(table, order[0]), "cifar10-valid");
    assert_string_equal(nb_table_dataset(table, order[1]), "cifar100");
    const nb_setup_info *setup = nb_table_setup_info(table, (uint32_t)nb_table_setup(table, "cifar100", "200"));
    assert_int_equal(setup->config.channels, 16);
    assert_int_equal(setup->config.cells, 5);
    assert_int_equal(setup->config.classes, 100);
    uint32_t splits[4], first;
    nb_table_trials(table, (uint32_t)nb_table_setup(table, "cifar100", "200"), 2, &first);
    assert_int_equal(nb_table_trial_eval_splits(table, (uint32_t)nb_table_setup(table, "cifar100", "200"), first, splits, 4), 2);
    assert_string_equal(setup->splits[splits[0]], "x-test"); /* as eval_names has them */
    assert_string_equal(setup->splits[splits[1]], "ori-test");
    nb_table_close(table);
}

/* ---- containers ---- */

static char *write_zip(const file_plan *plan, const char *name)
{
    pickle_writer object = {0};
    write_benchmark(&object, plan);
    char *path = scratch_path(name);
    int code;
    zip_t *archive = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code);
    assert_non_null(archive);
    zip_source_t *version = zip_source_buffer(archive, "3\n", 2, 0);
    zip_source_t *data = zip_source_buffer(archive, object.bytes, object.size, 0);
    zip_int64_t index = zip_file_add(archive, "some/data.pkl", data, 0);
    assert_true(index >= 0);
    assert_int_equal(zip_set_file_compression(archive, (zip_uint64_t)index, ZIP_CM_STORE, 0), 0);
    assert_true(zip_file_add(archive, "some/version", version, 0) >= 0);
    assert_int_equal(zip_close(archive), 0);
    free(object.bytes);
    return path;
}

static void the_zip_container_is_read(void **state)
{
    (void)state;
    file_plan plan = plan_of(LAYOUT_1_0);
    nb_table *table = import_one(write_zip(&plan, "made.pth"), NULL);
    expect_plan(table, &plan);
    nb_table_close(table);
}

static void a_changed_byte_in_a_zip_archive_is_noticed(void **state)
{
    (void)state;
    file_plan plan = plan_of(LAYOUT_1_0);
    char *path = write_zip(&plan, "made.pth");
    size_t size;
    uint8_t *bytes = read_file(path, &size);
    uint8_t *name = memmem(bytes, size, "train_losses", 12); /* a letter inside a name that nobody asks for later would pass otherwise */
    assert_non_null(name);
    uint8_t *real = memchr(name, 'G', 200);
    assert_non_null(real);
    real[8] ^= 1;
    write_file(path, bytes, size);
    const char *sources[] = {path};
    char *target = scratch_path("out.nbt");
    nb_error err;
    assert_int_equal(nb_import(sources, 1, target, NULL, NULL, NULL, &err), NB_ERR_CORRUPT);
    assert_non_null(strstr(err.message, "CRC"));
    assert_false(is_there(target));
    free(bytes);
    free(target);
    free(path);
}

/* Writes bytes compressed with bzip2. */
static void write_bzip2(const char *path, const pickle_writer *object)
{
    unsigned room = (unsigned)(object->size + object->size / 100 + 1000);
    char *packed = malloc(room);
    assert_non_null(packed);
    assert_int_equal(BZ2_bzBuffToBuffCompress(packed, &room, (char *)object->bytes, (unsigned)object->size, 9, 0, 0), BZ_OK);
    write_file(path, packed, room);
    free(packed);
}

static void a_compressed_benchmark_file_is_read(void **state)
{
    (void)state;
    file_plan plan = plan_of(LAYOUT_NATS);
    pickle_writer object = {0};
    write_benchmark(&object, &plan);
    char *path = scratch_path("made.pickle.pbz2");
    write_bzip2(path, &object);
    free(object.bytes);
    nb_table *table = import_one(path, NULL);
    expect_plan(table, &plan);
    nb_table_close(table);
}

/* ---- folders ---- */

static char *make_folder(const char *name)
{
    char *path = scratch_path(name);
    assert_int_equal(mkdir(path, 0755), 0);
    return path;
}

/* One architecture of a plan as a pickle of its own. */
static void write_one(const file_plan *plan, uint32_t row, pickle_writer *object)
{
    pkl_bytes(object, "\x80\x02", 2);
    write_arch(object, plan, row);
    pkl_op(object, '.');
}

static void a_folder_of_nats_files_is_read_in_the_order_of_names(void **state)
{
    (void)state;
    file_plan plan = plan_of(LAYOUT_NATS);
    char *folder = make_folder("nats");
    char path[512];
    pickle_writer meta = {0};
    file_plan empty = plan;
    empty.count = 0;
    write_benchmark(&meta, &empty);
    snprintf(path, sizeof path, "%s/meta.pickle.pbz2", folder);
    write_bzip2(path, &meta);
    free(meta.bytes);
    for (size_t i = 0; i < plan.count; i++) {
        pickle_writer object = {0};
        write_one(&plan, plan.rows[i], &object);
        snprintf(path, sizeof path, "%s/%06u.pickle.pbz2", folder, plan.rows[i]);
        write_bzip2(path, &object);
        free(object.bytes);
    }
    const char *sources[] = {folder};
    nb_import_summary summary;
    nb_table *table = import_and_open(sources, 1, &summary);
    expect_plan(table, &plan);
    assert_int_equal(summary.files, 4);
    assert_string_equal(nb_table_get_info(table)->source, "nats");
    nb_table_close(table);

    snprintf(path, sizeof path, "%s/000003.pickle.pbz2", folder);
    write_file(path, "BZh9 but no more", 16);
    nb_error err;
    char *target = scratch_path("out.nbt");
    assert_int_not_equal(nb_import(sources, 1, target, NULL, NULL, NULL, &err), NB_OK);
    assert_memory_equal(err.message, path, strlen(path));
    assert_false(is_there(target));
    assert_int_equal(hidden_files(), 0);
    free(target);
    free(folder);
}

static void a_folder_of_archives_needs_no_meta_file(void **state)
{
    (void)state;
    file_plan plan = plan_of(LAYOUT_1_1);
    char *folder = make_folder("archives");
    char path[512];
    for (size_t i = 0; i < plan.count; i++) {
        pickle_writer object = {0};
        pickle_writer file = {0};
        write_one(&plan, plan.rows[i], &object);
        wrap_legacy(&file, &object);
        snprintf(path, sizeof path, "%s/%06u-FULL.pth", folder, plan.rows[i]);
        write_file(path, file.bytes, file.size);
        snprintf(path, sizeof path, "%s/%06u-SIMPLE.pth", folder, plan.rows[i]); /* the same without weights: read instead */
        write_file(path, file.bytes, file.size);
        free(object.bytes);
        free(file.bytes);
    }
    const char *sources[] = {folder};
    nb_import_summary summary;
    nb_table *table = import_and_open(sources, 1, &summary);
    expect_plan(table, &plan);
    assert_int_equal(summary.files, 3);
    nb_table_close(table);

    snprintf(path, sizeof path, "%s/000002-FULL.pth", folder); /* named twice: in the folder and by itself */
    const char *twice[] = {folder, path};
    nb_error err;
    char *target = scratch_path("out.nbt");
    char expected[1200];
    assert_int_equal(nb_import(twice, 2, target, NULL, NULL, NULL, &err), NB_ERR_EXISTS);
    snprintf(expected, sizeof expected, "%s: architecture 2 was already read from %s/000002-SIMPLE.pth", path, folder);
    assert_string_equal(err.message, expected);
    free(target);
    free(folder);
}

static void an_empty_folder_is_named(void **state)
{
    (void)state;
    char *folder = make_folder("empty");
    const char *sources[] = {folder};
    char *target = scratch_path("out.nbt");
    nb_error err;
    char expected[600];
    snprintf(expected, sizeof expected, "%s: a folder without result files (*.pickle.pbz2, *.pth, *.safetensors)", folder);
    assert_int_equal(nb_import(sources, 1, target, NULL, NULL, NULL, &err), NB_ERR_NOT_FOUND);
    assert_string_equal(err.message, expected);
    free(folder);
    free(target);
}

/* Four architectures whose indexes are not the official ones, without a file that lists the order. */
static void archives_with_an_order_of_their_own_bring_it_along(void **state)
{
    (void)state;
    char *folder = make_folder("reordered");
    char path[512];
    file_plan plan = plan_of(LAYOUT_1_1);
    for (uint32_t row = 10; row < 14; row++) {
        pickle_writer object = {0};
        plan.damage.wrong_text = true; /* row r has the string of official index r + 1 */
        write_one(&plan, row, &object);
        snprintf(path, sizeof path, "%s/%06u-FULL.pth", folder, row);
        pickle_writer file = {0};
        wrap_legacy(&file, &object);
        write_file(path, file.bytes, file.size);
        free(object.bytes);
        free(file.bytes);
    }
    const char *sources[] = {folder};
    nb_table *table = import_and_open(sources, 1, NULL);
    for (uint32_t row = 10; row < 14; row++) {
        nb_arch arch = nb_table_arch(table, row);
        assert_int_equal(nb_space_index(topology(), &arch), row + 1);
        assert_true(nb_table_is_evaluated(table, row));
    }
    assert_int_equal(nb_table_get_info(table)->rows, 15625);
    assert_int_equal(nb_table_get_info(table)->evaluated, 4);
    nb_table_close(table);
    free(folder);
}

/* ---- one training run ---- */

static void write_run_dataset(pickle_writer *w, bool timed)
{
    pkl_dict(w);
    pkl_text(w, "flop");
    pkl_real(w, 15.5);
    pkl_text(w, "param");
    pkl_real(w, 0.125);
    pkl_text(w, "channel");
    pkl_int(w, 16);
    pkl_text(w, "num_cells");
    pkl_int(w, 5);
    pkl_text(w, "total_epoch");
    pkl_int(w, 3);
    static const char *const names[] = {"train_losses", "train_acc1es", "train_acc5es", "train_times"};
    for (size_t i = 0; i < (timed ? 4 : 2); i++) {
        pkl_text(w, names[i]);
        pkl_dict(w);
        for (int e = 0; e < 3; e++) {
            pkl_int(w, e);
            pkl_real(w, (double)(i * 10) + e);
        }
        pkl_close(w, 'u');
    }
    static const char *const valid[] = {"valid_losses", "valid_acc1es", "valid_times"};
    for (size_t i = 0; i < (timed ? 3 : 2); i++) {
        pkl_text(w, valid[i]);
        pkl_dict(w);
        for (int e = 0; e < 3; e++) {
            char name[32];
            snprintf(name, sizeof name, "x-valid@%d", e);
            if (timed)
                pkl_text(w, name);
            else
                pkl_int(w, e);
            pkl_real(w, (double)(i * 100) + e);
        }
        pkl_close(w, 'u');
    }
    pkl_text(w, "finish-train");
    pkl_bool(w, 1);
    pkl_close(w, 'u');
}

static char *write_run(const char *name, bool timed)
{
    pickle_writer object = {0};
    pickle_writer file = {0};
    pkl_bytes(&object, "\x80\x02", 2);
    pkl_dict(&object);
    pkl_text(&object, "info");
    pkl_text(&object, "a machine");
    pkl_text(&object, "cifar10-valid");
    write_run_dataset(&object, timed);
    pkl_text(&object, "all_dataset_keys");
    pkl_list(&object);
    pkl_text(&object, "cifar10-valid");
    pkl_close(&object, 'e');
    pkl_close(&object, 'u');
    pkl_op(&object, '.');
    wrap_legacy(&file, &object);
    char *path = scratch_path(name);
    write_file(path, file.bytes, file.size);
    free(object.bytes);
    free(file.bytes);
    return path;
}

static void training_runs_of_the_pipeline_are_read(void **state)
{
    (void)state;
    char *timed = write_run("arch-000007-seed-0777.pth", true);
    char *untimed = write_run("arch-000007-seed-0888.pth", false);
    const char *sources[] = {timed, untimed};
    nb_import_summary summary;
    nb_table *table = import_and_open(sources, 2, &summary);
    assert_int_equal(summary.architectures, 1);
    assert_int_equal(summary.trials, 2);
    expect_number(table, 7, "cifar10-valid", "03", 777, "train", NB_METRIC_ACCURACY, 2, true, 12);
    expect_number(table, 7, "cifar10-valid", "03", 777, "train", NB_METRIC_ACCURACY5, 1, true, 21);
    expect_number(table, 7, "cifar10-valid", "03", 777, "x-valid", NB_METRIC_TIME, 1, true, 201);
    expect_number(table, 7, "cifar10-valid", "03", 888, "x-valid", NB_METRIC_ACCURACY, 1, true, 101);
    expect_number(table, 7, "cifar10-valid", "03", 888, "train", NB_METRIC_TIME, 1, false, 0);
    nb_table_close(table);
    free(timed);
    free(untimed);
}

static void a_training_run_without_a_telling_name_is_refused(void **state)
{
    (void)state;
    char *path = write_run("run.pth", true);
    const char *sources[] = {path};
    char *target = scratch_path("out.nbt");
    nb_error err;
    char expected[600];
    snprintf(expected, sizeof expected, "%s: a training run, whose name must say architecture and seed: arch-NNNNNN-seed-SSSS.pth", path);
    assert_int_equal(nb_import(sources, 1, target, NULL, NULL, NULL, &err), NB_ERR_UNSUPPORTED);
    assert_string_equal(err.message, expected);
    free(path);
    free(target);
}

/* ---- damage ---- */

/* Imports a damaged file; the message must begin with the path and an offset or the path alone, and end with `reason`. */
static void expect_refusal(file_plan plan, nb_status status, const char *reason)
{
    char *path = write_legacy(&plan, "bad.pth");
    char *target = scratch_path("out.nbt");
    const char *sources[] = {path};
    nb_error err = {0};
    assert_int_equal(nb_import(sources, 1, target, NULL, NULL, NULL, &err), status);
    assert_memory_equal(err.message, path, strlen(path));
    if (strcmp(reason, err.message + strlen(err.message) - (strlen(reason) < strlen(err.message) ? strlen(reason) : 0)) != 0)
        fail_msg("'%s' does not end with '%s'", err.message, reason);
    assert_false(is_there(target));
    assert_int_equal(hidden_files(), 0);
    free(path);
    free(target);
}

static void every_kind_of_damage_is_named(void **state)
{
    (void)state;
    file_plan plan = plan_of(LAYOUT_1_1);
#define DAMAGED(what) ((file_plan){plan.layout, plan.space, plan.rows, plan.count, plan.meta_count, {.what = true}})
    expect_refusal(DAMAGED(missing_trial), NB_ERR_FORMAT,
                   "arch2infos[2]: full: trial (cifar100, 888) is missing: dataset_seed names it, all_results does not hold it");
    expect_refusal(DAMAGED(extra_trial), NB_ERR_FORMAT, "arch2infos[2]: full: all_results holds 5 trials, dataset_seed names 4");
    expect_refusal(DAMAGED(repeated_arch), NB_ERR_EXISTS, "arch2infos[2]: architecture 2 comes twice in this file");
    expect_refusal(DAMAGED(missing_arch), NB_ERR_FORMAT,
                   "bad.pth: architecture 15624 is missing: evaluated_indexes names it, arch2infos does not hold it");
    expect_refusal(DAMAGED(wrong_index), NB_ERR_FORMAT, "arch2infos[2]: arch_index is 3, but it is filed under 2");
    expect_refusal(DAMAGED(wrong_type), NB_ERR_FORMAT,
                   "arch2infos[2]: full: trial (cifar10-valid, 777): eval_acc1es is a list, a dict expected");
    expect_refusal(DAMAGED(text_value), NB_ERR_FORMAT,
                   "arch2infos[2]: full: trial (cifar10-valid, 777): train_losses: a value is a text, a number expected");
    expect_refusal(DAMAGED(wrong_seed), NB_ERR_FORMAT,
                   "arch2infos[2]: full: trial (cifar10-valid, 777): the trial has the seed '0778', '0777' expected");
    expect_refusal(DAMAGED(late_epoch), NB_ERR_FORMAT,
                   "arch2infos[2]: full: trial (cifar10-valid, 777): train_losses: epoch 77 is not within 0 to 4");
    expect_refusal(DAMAGED(cycle), NB_ERR_FORMAT,
                   "a container is changed after it became part of another one: a cycle, or no pickle of plain data");
    expect_refusal(DAMAGED(foreign_global), NB_ERR_REFUSED, "the pickle names os.system, which is not allowed: it could run code");
    expect_refusal(DAMAGED(no_meta), NB_ERR_FORMAT, "bad.pth: there is no 'meta_archs' beside 'arch2infos'");
    expect_refusal(DAMAGED(bad_schedule), NB_ERR_FORMAT,
                   "arch2infos[2]: a schedule is called 'some'; 'full', 'less' or a number of epochs expected");
    expect_refusal(DAMAGED(absurd_length), NB_ERR_TRUNCATED, " left");
}

static void a_wrong_architecture_string_is_named_with_the_right_one(void **state)
{
    (void)state;
    file_plan plan = plan_of(LAYOUT_1_1);
    plan.damage.wrong_text = true;
    nb_arch arch;
    char official[NB_ARCH_TEXT_SIZE], reason[NB_ARCH_TEXT_SIZE + 32];
    assert_int_equal(nb_space_at(topology(), 2, &arch, NULL), NB_OK);
    nb_space_format(topology(), &arch, official, sizeof official);
    snprintf(reason, sizeof reason, ", but that index is %s", official);
    expect_refusal(plan, NB_ERR_FORMAT, reason);
}

static void a_repeated_architecture_string_is_named(void **state)
{
    (void)state;
    file_plan plan = plan_of(LAYOUT_1_1);
    plan.damage.repeated_text = true;
    char *path = write_legacy(&plan, "bad.pth");
    char *target = scratch_path("out.nbt");
    const char *sources[] = {path};
    nb_error err;
    assert_int_equal(nb_import(sources, 1, target, NULL, NULL, NULL, &err), NB_ERR_FORMAT);
    assert_non_null(strstr(err.message, ": meta_archs[1] is the architecture of meta_archs[0] again: "));
    free(path);
    free(target);
}

static void a_file_cut_anywhere_is_refused_and_leaves_nothing(void **state)
{
    (void)state;
    static const uint32_t one_row[] = {2};
    file_plan plan = plan_of(LAYOUT_1_0);
    plan.rows = one_row;
    plan.count = 1;
    plan.meta_count = 3;
    char *path = write_legacy(&plan, "cut.pth");
    char *target = scratch_path("out.nbt");
    const char *sources[] = {path};
    size_t size;
    uint8_t *bytes = read_file(path, &size);
    for (size_t cut = 0; cut < size - 6; cut += cut < 200 || cut > size - 200 ? 1 : 17) { /* the last 6 are the list of storages */
        nb_error err = {0};
        write_file(path, bytes, cut);
        nb_status status = nb_import(sources, 1, target, NULL, NULL, NULL, &err);
        assert_true(status == NB_ERR_TRUNCATED || (cut < 15 && status == NB_ERR_FORMAT));
        assert_memory_equal(err.message, path, strlen(path));
        assert_false(is_there(target));
    }
    assert_int_equal(hidden_files(), 0);
    free(bytes);
    free(path);
    free(target);
}

static void sources_that_are_no_results_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *name, *bytes;
        size_t size;
        nb_status status;
        const char *reason;
    } files[] = {
        {"empty.pth", "", 0, NB_ERR_TRUNCATED, "empty.pth: the file is empty"},
        {"noise.pth", "\x01\x02\x03\x04", 4, NB_ERR_FORMAT,
         "noise.pth: offset 0: not a torch file, nor a pickle, plain or compressed with bzip2"},
        {"archive.zip", "PK\x03\x04 no archive", 14, NB_ERR_FORMAT, NULL},
        {"list.pkl",
         "\x80\x02]K\x01"
         "a.",
         7, NB_ERR_FORMAT, "list.pkl: a list of 1 items that are no results of architectures"},
    };
    char *target = scratch_path("out.nbt");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *path = scratch_path(files[i].name);
        const char *sources[] = {path};
        nb_error err;
        write_file(path, files[i].bytes, files[i].size);
        assert_int_equal(nb_import(sources, 1, target, NULL, NULL, NULL, &err), files[i].status);
        assert_memory_equal(err.message, path, strlen(path));
        if (files[i].reason)
            assert_string_equal(err.message + strlen(path) - strlen(files[i].name), files[i].reason);
        free(path);
    }
    const char *missing[] = {"/no/such/file.pth"};
    nb_error err;
    assert_int_equal(nb_import(missing, 1, target, NULL, NULL, NULL, &err), NB_ERR_NOT_FOUND);
    assert_string_equal(err.message, "/no/such/file.pth: cannot be read: No such file or directory");
    free(target);
}

/* ---- stopping ---- */

static void a_cancelled_import_leaves_the_target_as_it_was(void **state)
{
    (void)state;
    file_plan plan = plan_of(LAYOUT_1_1);
    char *path = write_legacy(&plan, "made.pth");
    char *target = scratch_path("old.nbt");
    const char *sources[] = {path};
    atomic_int stop = 1;
    nb_progress progress = {.cancel = &stop};
    nb_error err;
    write_file(target, "old", 3);
    assert_int_equal(nb_import(sources, 1, target, NULL, NULL, &progress, &err), NB_ERR_CANCELLED);
    size_t size;
    uint8_t *bytes = read_file(target, &size);
    assert_int_equal(size, 3);
    assert_memory_equal(bytes, "old", 3);
    assert_int_equal(hidden_files(), 0);
    free(bytes);
    free(path);
    unlink(target);
    free(target);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_1_0_comes_back_bit_for_bit),
        cmocka_unit_test(version_1_1_comes_back_bit_for_bit),
        cmocka_unit_test(nats_bench_comes_back_bit_for_bit),
        cmocka_unit_test(aa_nas_bench_comes_back_bit_for_bit),
        cmocka_unit_test(pickled_result_objects_are_read_like_their_states),
        cmocka_unit_test(a_nan_loss_is_measured),
        cmocka_unit_test(the_order_of_keys_does_not_matter),
        cmocka_unit_test(datasets_keep_the_order_of_dataset_seed),
        cmocka_unit_test(the_zip_container_is_read),
        cmocka_unit_test(a_changed_byte_in_a_zip_archive_is_noticed),
        cmocka_unit_test(a_compressed_benchmark_file_is_read),
        cmocka_unit_test(a_folder_of_nats_files_is_read_in_the_order_of_names),
        cmocka_unit_test(a_folder_of_archives_needs_no_meta_file),
        cmocka_unit_test(an_empty_folder_is_named),
        cmocka_unit_test(archives_with_an_order_of_their_own_bring_it_along),
        cmocka_unit_test(training_runs_of_the_pipeline_are_read),
        cmocka_unit_test(a_training_run_without_a_telling_name_is_refused),
        cmocka_unit_test(every_kind_of_damage_is_named),
        cmocka_unit_test(a_wrong_architecture_string_is_named_with_the_right_one),
        cmocka_unit_test(a_repeated_architecture_string_is_named),
        cmocka_unit_test(a_file_cut_anywhere_is_refused_and_leaves_nothing),
        cmocka_unit_test(sources_that_are_no_results_are_named),
        cmocka_unit_test(a_cancelled_import_leaves_the_target_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
