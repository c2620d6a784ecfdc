/* nasbench generate: from a plan to a table, as a user types it. */
#include "cli_run.h"

#include <sys/stat.h>

#define PLAN                                                                                                                               \
    "generate", "plan", "--datasets", "cifar10", "--seeds", "777,888", "--schedule", "1", "--channels", "4", "--cells", "1",               \
        "--resolution", "8", "--batch", "16", "--no-checksums"

/* CIFAR-10's binary files with 40 images each; every class has a grey of its own. */
static char *grey_folder(void)
{
    char *folder = scratch_path("greys");
    if (mkdir(folder, 0777) != 0)
        return folder;
    static uint8_t file[40][3073];
    for (int i = 0; i < 40; i++) {
        memset(file[i], 20 * (i % 10) + i % 3, sizeof file[i]);
        file[i][0] = (uint8_t)(i % 10);
    }
    for (int f = 1; f <= 6; f++) {
        char name[64];
        snprintf(name, sizeof name, f < 6 ? "greys/data_batch_%d.bin" : "greys/test_batch.bin", f);
        char *path = scratch_path(name);
        write_file(path, file, sizeof file);
        free(path);
    }
    return folder;
}

static char *text_of(const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return take_text(path);
}

static void a_benchmark_is_planned_trained_and_merged(void **state)
{
    (void)state;
    char *data = grey_folder(), *folder = scratch_path("whole"), *table = scratch_path("whole.table");
    char *text = expect_text(RUN(PLAN, "--archs", "0-2,11", "--ranges", "2", "-o", folder));
    expect_in(text, "plan.json: 4 architectures, 2 seeds, 1 data set, 1 epochs: 8 trainings\n");
    expect_in(text, "commands.txt: 2 ranges of at most 2 architectures");
    free(text);
    text = text_of(folder, "commands.txt");
    expect_in(text, "--range 0-1\n");
    expect_in(text, "--range 2-3\n");
    free(text);
    text = expect_text(RUN("generate", "run", folder, "--data", data, "--range", "0-1"));
    assert_string_equal(text, "4 trained, 0 failed, 0 were there, 0 failed earlier, 0 are others' work\n");
    free(text);
    json_t *status = expect_json(RUN("generate", "status", folder, "--json", "--missing"));
    assert_int_equal(json_integer_value(json_object_get(status, "jobs")), 8);
    assert_int_equal(json_integer_value(json_object_get(status, "done")), 4);
    assert_int_equal(json_integer_value(json_object_get(status, "missing")), 4);
    assert_int_equal(json_array_size(json_object_get(status, "not_done")), 4);
    json_decref(status);
    text = expect_text(RUN("generate", "run", folder, "--data", data, "--jobs", "2"));
    assert_string_equal(text, "4 trained, 0 failed, 4 were there, 0 failed earlier, 0 are others' work\n");
    free(text);
    text = expect_text(RUN("generate", "merge", folder, "-o", table, "--complete"));
    expect_in(text, "4 architectures with results of 8 trainings\n");
    free(text);
    text = expect_text(RUN("query", table, "11", "--dataset", "cifar10", "--seed", "all"));
    expect_in(text, "  777  ");
    expect_in(text, "  888  ");
    free(text);
    free(data);
    free(folder);
    free(table);
}

static void the_same_plan_gives_the_same_table_in_any_order(void **state)
{
    (void)state;
    char *data = grey_folder(), *first = scratch_path("first"), *second = scratch_path("second");
    char *first_table = scratch_path("first.table"), *second_table = scratch_path("second.table");
    size_t size, other_size;
    free(expect_text(RUN(PLAN, "--archs", "3,9", "-o", first)));
    free(expect_text(RUN(PLAN, "--archs", "3,9", "-o", second)));
    free(expect_text(RUN("generate", "run", first, "--data", data, "--jobs", "2")));
    free(expect_text(RUN("generate", "run", second, "--data", data, "--range", "1-1")));
    free(expect_text(RUN("generate", "run", second, "--data", data, "--range", "0-0")));
    free(expect_text(RUN("generate", "merge", first, "-o", first_table, "--without-times")));
    free(expect_text(RUN("generate", "merge", second, "-o", second_table, "--without-times")));
    uint8_t *bytes = read_file(first_table, &size), *other = read_file(second_table, &other_size);
    assert_int_equal(size, other_size);
    assert_memory_equal(bytes, other, size);
    free(bytes);
    free(other);
    free(first);
    free(second);
    free(first_table);
    free(second_table);
    free(data);
}

static void a_plan_for_slurm_is_an_array_job(void **state)
{
    (void)state;
    char *folder = scratch_path("cluster");
    free(expect_text(RUN(PLAN, "--sample", "10", "--slurm", "--ranges", "3", "-o", folder)));
    char *text = text_of(folder, "array.sbatch");
    expect_in(text, "#SBATCH --array=0-2\n");
    expect_in(text, "#SBATCH --requeue\n");
    expect_in(text, "generate run '");
    free(text);
    free(folder);
}

static void commands_name_the_folder_from_anywhere_whatever_it_is_called(void **state)
{
    (void)state;
    char *folder = scratch_path("it's 100%"), expected[600];
    assert_int_equal(folder[0], '/');
    free(expect_text(RUN(PLAN, "--archs", "0-3", "--ranges", "2", "-o", folder)));
    char *text = text_of(folder, "commands.txt");
    snprintf(expected, sizeof expected, "nasbench generate run '%s/it'\\''s 100%%' --range 2-3\n", scratch_folder());
    expect_in(text, expected);
    free(text);
    free(folder);
    folder = scratch_path("its 100%");
    free(expect_text(RUN(PLAN, "--archs", "0-3", "--slurm", "-o", folder)));
    text = text_of(folder, "array.sbatch");
    snprintf(expected, sizeof expected, "#SBATCH --output=\"%s/its 100%%%%/slurm-%%A_%%a.log\"\n", scratch_folder());
    expect_in(text, expected);
    free(text);
    free(folder);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    char *folder = scratch_path("mistakes");
    expect_failure(RUN(PLAN), 2, "-o RUN is missing");
    expect_failure(RUN(PLAN, "--archs", "5-x", "-o", folder), 2, "--archs");
    expect_failure(RUN("generate", "run"), 2, "RUN is missing");
    expect_failure(RUN(PLAN, "--archs", "1,1", "-o", folder), 1, "architecture 1 is listed twice");
    expect_failure(RUN("generate", "status", folder), 1, "plan.json");
    free(expect_text(RUN(PLAN, "--archs", "1", "-o", folder)));
    expect_failure(RUN(PLAN, "--archs", "1", "-o", folder), 1, "there is a plan already");
    expect_failure(RUN("generate", "run", folder, "--range", "0-5"), 1, "positions 0 to 5: the plan has 0 to 0");
    expect_failure(RUN("generate", "merge", folder, "-o", "unwritten.table"), 1, "there is no record yet");
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_benchmark_is_planned_trained_and_merged),
        cmocka_unit_test(the_same_plan_gives_the_same_table_in_any_order),
        cmocka_unit_test(a_plan_for_slurm_is_an_array_job),
        cmocka_unit_test(commands_name_the_folder_from_anywhere_whatever_it_is_called),
        cmocka_unit_test(mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
