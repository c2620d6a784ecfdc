#include "support.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef NB_SOURCE_DIR
#error "NB_SOURCE_DIR names the checkout"
#endif

const char *shared_folder(void)
{
    const char *named = getenv("NASBENCH_SHARED");
    const char *folder = named ? named : NB_SOURCE_DIR "/../shared";
    struct stat info;
    if (folder[0] == '\0' || stat(folder, &info) != 0 || !S_ISDIR(info.st_mode))
        return NULL;
    return folder;
}

const char *shared_path(const char *path)
{
    static char joined[4096];
    const char *folder = shared_folder();
    assert_non_null(folder);
    snprintf(joined, sizeof joined, "%s/%s", folder, path);
    return joined;
}

void skip_without_shared(void)
{
    if (shared_folder())
        return;
    fprintf(stderr, "skipped: ../shared is not there\n");
    skip();
}

static char scratch[64];

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    return remove(path);
}

static void remove_scratch(void)
{
    nftw(scratch, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *scratch_folder(void)
{
    if (scratch[0] == '\0') {
        snprintf(scratch, sizeof scratch, "/tmp/nasbench-test-XXXXXX");
        if (!mkdtemp(scratch))
            fail_msg("cannot make %s", scratch);
        atexit(remove_scratch);
    }
    return scratch;
}

char *scratch_path(const char *name)
{
    size_t size = strlen(scratch_folder()) + strlen(name) + 2;
    char *path = malloc(size);
    assert_non_null(path);
    snprintf(path, size, "%s/%s", scratch, name);
    return path;
}

void write_file(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

uint8_t *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long end = ftell(file);
    assert_true(end >= 0);
    rewind(file);
    uint8_t *data = malloc((size_t)end + 1);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, (size_t)end, file), end);
    data[end] = 0;
    fclose(file);
    *size = (size_t)end;
    return data;
}
