#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

/* Files in the scratch folder whose name contains `part`. */
static int files_named(const char *part)
{
    DIR *folder = opendir(scratch_folder());
    assert_non_null(folder);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(folder));)
        count += strstr(entry->d_name, part) != NULL;
    closedir(folder);
    return count;
}

static void assert_content(const char *path, const char *expected)
{
    size_t size;
    uint8_t *found = read_file(path, &size);
    assert_int_equal(size, strlen(expected));
    assert_memory_equal(found, expected, size);
    free(found);
}

static void a_mapped_file_has_the_bytes_of_the_file(void **state)
{
    (void)state;
    char *path = scratch_path("map");
    write_file(path, "abc", 3);
    nb_file_map map;
    assert_int_equal(nb_file_map_open(path, &map, NULL), NB_OK);
    assert_int_equal(map.size, 3);
    assert_memory_equal(map.data, "abc", 3);
    nb_file_map_close(&map);
    write_file(path, "", 0);
    assert_int_equal(nb_file_map_open(path, &map, NULL), NB_OK);
    assert_int_equal(map.size, 0);
    nb_file_map_close(&map);
    free(path);
}

static void a_missing_file_and_a_folder_are_told_apart(void **state)
{
    (void)state;
    char *path = scratch_path("nothing-here");
    nb_file_map map;
    nb_error err;
    assert_int_equal(nb_file_map_open(path, &map, &err), NB_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "nothing-here"));
    assert_int_equal(nb_file_map_open(scratch_folder(), &map, &err), NB_ERR_IO);
    assert_non_null(strstr(err.message, "a folder"));
    free(path);
}

static void reading_stops_at_the_limit(void **state)
{
    (void)state;
    char *path = scratch_path("limit");
    write_file(path, "12345", 5);
    uint8_t *data;
    size_t size;
    assert_int_equal(nb_file_read(path, 4, &data, &size, NULL), NB_ERR_MEMORY);
    assert_int_equal(nb_file_read(path, 5, &data, &size, NULL), NB_OK);
    assert_int_equal(size, 5);
    assert_string_equal((char *)data, "12345");
    free(data);
    free(path);
}

static void output_appears_only_with_commit(void **state)
{
    (void)state;
    char *path = scratch_path("output");
    write_file(path, "old", 3);
    nb_output out;
    assert_int_equal(nb_output_open(path, &out, NULL), NB_OK);
    assert_int_equal(nb_output_write(&out, "ne", 2, NULL), NB_OK);
    assert_int_equal(nb_output_write_at(&out, "!", 1, 3, NULL), NB_OK);
    assert_int_equal(nb_output_write(&out, "w", 1, NULL), NB_OK);
    assert_content(path, "old");
    assert_int_equal(files_named(".output."), 1);
    assert_int_equal(nb_output_commit(&out, NULL), NB_OK);
    assert_content(path, "new!");
    assert_int_equal(files_named(".nbtmp"), 0);
    free(path);
}

static void abort_leaves_the_old_file_and_nothing_else(void **state)
{
    (void)state;
    char *path = scratch_path("aborted");
    write_file(path, "old", 3);
    nb_output out;
    assert_int_equal(nb_output_open(path, &out, NULL), NB_OK);
    assert_int_equal(nb_output_write(&out, "new", 3, NULL), NB_OK);
    nb_output_abort(&out);
    assert_content(path, "old");
    assert_int_equal(files_named(".nbtmp"), 0);
    free(path);
}

static void what_a_killed_writer_left_goes_with_the_next_write(void **state)
{
    (void)state;
    char *path = scratch_path("killed");
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        nb_output out;
        if (nb_output_open(path, &out, NULL) == NB_OK && nb_output_write(&out, "half", 4, NULL) == NB_OK)
            raise(SIGKILL);
        _exit(1);
    }
    int result;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFSIGNALED(result));
    assert_int_equal(files_named(".nbtmp"), 1);
    assert_int_equal(nb_file_write(path, "whole", 5, NULL), NB_OK);
    assert_content(path, "whole");
    assert_int_equal(files_named(".nbtmp"), 0);
    free(path);
}

static void writers_of_one_name_leave_each_other_alone(void **state)
{
    (void)state;
    char *path = scratch_path("contested");
    nb_output first, second, third;
    assert_int_equal(nb_output_open(path, &first, NULL), NB_OK);
    assert_int_equal(nb_output_write(&first, "first", 5, NULL), NB_OK);
    assert_int_equal(nb_output_open(path, &second, NULL), NB_OK);
    assert_int_equal(nb_output_write(&second, "second", 6, NULL), NB_OK);
    assert_int_equal(files_named(".nbtmp"), 2);
    assert_int_equal(nb_output_commit(&first, NULL), NB_OK);
    assert_content(path, "first");
    assert_int_equal(nb_output_open(path, &third, NULL), NB_OK);
    assert_int_equal(nb_output_commit(&second, NULL), NB_OK);
    assert_content(path, "second");
    nb_output_abort(&third);
    assert_content(path, "second");
    assert_int_equal(files_named(".nbtmp"), 0);
    free(path);
}

/* In a folder where others may write, too. */
static void a_link_under_the_temporary_name_is_not_followed(void **state)
{
    (void)state;
    char *path = scratch_path("target"), *link = scratch_path(".target.nbtmp"), *precious = scratch_path("precious");
    write_file(precious, "precious", 8);
    assert_int_equal(symlink(precious, link), 0);
    assert_int_equal(nb_file_write(path, "new", 3, NULL), NB_OK);
    assert_content(path, "new");
    assert_content(precious, "precious");
    assert_int_equal(files_named(".nbtmp"), 1);
    assert_int_equal(unlink(link), 0);
    free(path);
    free(link);
    free(precious);
}

static void a_failed_rename_leaves_nothing(void **state)
{
    (void)state;
    char *path = scratch_path("a-folder");
    char *inside = scratch_path("a-folder/file");
    assert_int_equal(mkdir(path, 0777), 0);
    write_file(inside, "x", 1);
    nb_error err;
    assert_int_equal(nb_file_write(path, "new", 3, &err), NB_ERR_IO);
    assert_non_null(strstr(err.message, "a-folder"));
    assert_int_equal(files_named(".nbtmp"), 0);
    free(path);
    free(inside);
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
    (void)state;
    char *path = scratch_path("no-such-folder/file");
    nb_output out;
    assert_int_equal(nb_output_open(path, &out, NULL), NB_ERR_IO);
    assert_int_equal(nb_output_open("folder/", &out, NULL), NB_ERR_ARGUMENT);
    free(path);
}

/* A disk that is full at byte 10: the system cuts files at that size. */
static void a_full_disk_leaves_the_old_file(void **state)
{
    (void)state;
    char *path = scratch_path("full");
    write_file(path, "old", 3);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){10, before.rlim_max}), 0);
    nb_error err;
    nb_status status = nb_file_write(path, "0123456789abcdef", 16, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_int_equal(status, NB_ERR_IO);
    assert_non_null(strstr(err.message, "offset 10"));
    assert_content(path, "old");
    assert_int_equal(files_named(".nbtmp"), 0);
    free(path);
}

static void a_scratch_file_has_no_name(void **state)
{
    (void)state;
    char *path = scratch_path("scratch");
    int fd;
    assert_int_equal(nb_scratch_open(path, &fd, NULL), NB_OK);
    assert_int_equal(files_named("scratch"), 0);
    assert_int_equal(nb_write_fully(fd, "hello", 5, 3, "scratch", NULL), NB_OK);
    char read[5];
    assert_int_equal(nb_read_fully(fd, read, 5, 3, "scratch", NULL), NB_OK);
    assert_memory_equal(read, "hello", 5);
    nb_error err;
    assert_int_equal(nb_read_fully(fd, read, 5, 4, "scratch", &err), NB_ERR_TRUNCATED);
    assert_string_equal(err.message, "scratch: offset 8: 1 bytes expected, none left");
    close(fd);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mapped_file_has_the_bytes_of_the_file),
        cmocka_unit_test(a_missing_file_and_a_folder_are_told_apart),
        cmocka_unit_test(reading_stops_at_the_limit),
        cmocka_unit_test(output_appears_only_with_commit),
        cmocka_unit_test(abort_leaves_the_old_file_and_nothing_else),
        cmocka_unit_test(what_a_killed_writer_left_goes_with_the_next_write),
        cmocka_unit_test(writers_of_one_name_leave_each_other_alone),
        cmocka_unit_test(a_link_under_the_temporary_name_is_not_followed),
        cmocka_unit_test(a_failed_rename_leaves_nothing),
        cmocka_unit_test(a_folder_that_is_not_there_is_an_error),
        cmocka_unit_test(a_full_disk_leaves_the_old_file),
        cmocka_unit_test(a_scratch_file_has_no_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
