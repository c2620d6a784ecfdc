/* nasbench generate on Fashion-MNIST as Debian packages it: twenty cells, from an empty folder to the table. slurm.sh does the same on a
 * cluster. */
#include "cli_run.h"

#define PLAN                                                                                                                               \
    "generate", "plan", "--datasets", "fashion-mnist", "--seeds", "777", "--sample", "20", "--schedule", "1", "--channels", "4",           \
        "--cells", "1", "--resolution", "8", "--batch", "64", "--images", "2048", "--eval-images", "512"

enum { MOST_PROCESSES = 4 };

static void skip_without_fashion_mnist(void)
{
    if (access("/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz", R_OK) == 0)
        return;
    fprintf(stderr, "skipped: Fashion-MNIST is not installed (package dataset-fashion-mnist)\n");
    skip();
}

/* Plans in a folder that is not there yet, and lets some processes train side by side until there is nothing left to do. */
static char *generate_in(const char *name, int processes)
{
    char *folder = scratch_path(name);
    pid_t children[MOST_PROCESSES];
    assert_true(processes <= MOST_PROCESSES);
    free(expect_text(RUN(PLAN, "-o", folder)));
    int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
    assert_true(quiet >= 0);
    for (int i = 0; i < processes; i++)
        children[i] =
            start_program(NB_BINARY_DIR "/nasbench", (const char *const[]){"generate", "run", folder, NULL}, quiet, STDERR_FILENO);
    for (int i = 0; i < processes; i++)
        assert_int_equal(exit_code(children[i]), 0);
    close(quiet);
    return folder;
}

/* The path of the table that the folder's records make; the caller frees. */
static char *merge(const char *folder)
{
    char table[600];
    snprintf(table, sizeof table, "%s.safetensors", folder);
    char *text = expect_text(RUN("generate", "merge", folder, "-o", table, "--complete", "--without-times"));
    expect_in(text, "20 architectures with results of 20 trainings\n");
    free(text);
    return strdup(table);
}

/* Ten classes: guessing gets 10 %. */
static void expect_that_something_was_learnt(const char *table)
{
    json_t *best = expect_json(RUN("best", table, "--dataset", "fashion-mnist", "--split", "ori-test", "-n", "20", "--json"));
    assert_int_equal(json_array_size(best), 20);
    assert_true(json_number_value(json_object_get(json_array_get(best, 0), "value")) > 30);
    json_decref(best);
}

static void one_process_or_two_make_the_same_table_of_twenty_cells(void **state)
{
    (void)state;
    skip_without_fashion_mnist();
    char *alone = generate_in("alone", 1), *shared = generate_in("shared", 2), *alone_table = merge(alone), *shared_table = merge(shared);
    size_t size, other_size;
    expect_that_something_was_learnt(alone_table);
    uint8_t *bytes = read_file(alone_table, &size), *other = read_file(shared_table, &other_size);
    assert_int_equal(size, other_size);
    assert_memory_equal(bytes, other, size);
    free(bytes);
    free(other);
    free(alone_table);
    free(shared_table);
    free(alone);
    free(shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_process_or_two_make_the_same_table_of_twenty_cells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
