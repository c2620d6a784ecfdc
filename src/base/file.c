#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_lock.h"

/* Opens a regular file for reading and tells its size. */
static nb_status open_regular(const char *path, int *fd, size_t *size, nb_error *err)
{
    int opened = open(path, O_RDONLY | O_CLOEXEC);
    if (opened < 0)
        return nb_fail_errno(err, errno == ENOENT ? NB_ERR_NOT_FOUND : NB_ERR_IO, errno, "%s: cannot open", path);
    struct stat facts;
    nb_status status = NB_OK;
    if (fstat(opened, &facts) != 0)
        status = nb_fail_errno(err, NB_ERR_IO, errno, "%s: cannot stat", path);
    else if (!S_ISREG(facts.st_mode))
        status =
            nb_fail(err, NB_ERR_IO, "%s: a regular file expected, found %s", path, S_ISDIR(facts.st_mode) ? "a folder" : "a special file");
    if (status != NB_OK) {
        close(opened);
        return status;
    }
    *fd = opened;
    *size = (size_t)facts.st_size;
    return NB_OK;
}

nb_status nb_file_map_open(const char *path, nb_file_map *out, nb_error *err)
{
    int fd = -1;
    size_t size = 0;
    NB_TRY(open_regular(path, &fd, &size, err));
    void *data = NULL;
    nb_status status = NB_OK;
    if (size > 0) {
        data = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
        if (data == MAP_FAILED)
            status = nb_fail_errno(err, NB_ERR_IO, errno, "%s: cannot map %zu bytes", path, size);
    }
    close(fd);
    if (status == NB_OK)
        *out = (nb_file_map){.data = data, .size = size};
    return status;
}

void nb_file_map_close(nb_file_map *map)
{
    if (map->data)
        munmap((void *)(uintptr_t)map->data, map->size);
    *map = (nb_file_map){0};
}

nb_status nb_read_fully(int fd, void *data, size_t size, uint64_t offset, const char *name, nb_error *err)
{
    uint8_t *to = data;
    while (size > 0) {
        ssize_t got = pread(fd, to, size, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return nb_fail_errno(err, NB_ERR_IO, errno, "%s: offset %llu: cannot read", name, (unsigned long long)offset);
        if (got == 0)
            return nb_fail(err, NB_ERR_TRUNCATED, "%s: offset %llu: %zu bytes expected, none left", name, (unsigned long long)offset, size);
        to += got;
        size -= (size_t)got;
        offset += (uint64_t)got;
    }
    return NB_OK;
}

nb_status nb_write_fully(int fd, const void *data, size_t size, uint64_t offset, const char *name, nb_error *err)
{
    const uint8_t *from = data;
    while (size > 0) {
        ssize_t put = pwrite(fd, from, size, (off_t)offset);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return nb_fail_errno(err, NB_ERR_IO, errno, "%s: offset %llu: cannot write %zu bytes", name, (unsigned long long)offset, size);
        from += put;
        size -= (size_t)put;
        offset += (uint64_t)put;
    }
    return NB_OK;
}

nb_status nb_file_read(const char *path, size_t limit, uint8_t **data, size_t *size, nb_error *err)
{
    int fd = -1;
    size_t length = 0;
    NB_TRY(open_regular(path, &fd, &length, err));
    nb_status status = NB_OK;
    uint8_t *bytes = NULL;
    if (length > limit)
        status = nb_fail(err, NB_ERR_MEMORY, "%s: %zu bytes, at most %zu are read into memory", path, length, limit);
    else if (!(bytes = malloc(length + 1)))
        status = nb_fail(err, NB_ERR_MEMORY, "%s: no memory for %zu bytes", path, length);
    else
        status = nb_read_fully(fd, bytes, length, 0, path, err);
    close(fd);
    if (status != NB_OK) {
        free(bytes);
        return status;
    }
    bytes[length] = 0;
    *data = bytes;
    *size = length;
    return NB_OK;
}

/* Length of the folder part of `path`, the final '/' included; 0 when there is none. */
static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

/* "<folder>/.<name>.<16 hex digits>.nbtmp"; freed by the caller, NULL without memory. */
static char *random_name(const char *path)
{
    uint64_t salt;
    if (getrandom(&salt, sizeof salt, 0) != (ssize_t)sizeof salt)
        salt = (uint64_t)(uintptr_t)&salt ^ (uint64_t)getpid() << 32;
    size_t folder = folder_length(path);
    char *name = NULL;
    if (asprintf(&name, "%.*s.%s.%016llx.nbtmp", (int)folder, path, path + folder, (unsigned long long)salt) < 0)
        return NULL;
    return name;
}

static nb_status create_temporary(const char *path, char **name, int *fd, nb_error *err)
{
    char *temporary = random_name(path);
    if (!temporary)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for a file name", path);
    int opened = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (opened < 0) {
        nb_status status = nb_fail_errno(err, NB_ERR_IO, errno, "%s: cannot create", path);
        free(temporary);
        return status;
    }
    *name = temporary;
    *fd = opened;
    return NB_OK;
}

nb_status nb_scratch_open(const char *path, int *fd, nb_error *err)
{
    char *name;
    NB_TRY(create_temporary(path, &name, fd, err));
    unlink(name);
    free(name);
    return NB_OK;
}

static void output_release(nb_output *out)
{
    if (out->fd >= 0)
        close(out->fd);
    free(out->path);
    free(out->temporary);
    *out = (nb_output){.fd = -1};
}

/* "<folder>/.<name>.nbtmp", the same for all writers of a file: so the next one finds what a killed one left. Freed by the caller, NULL
 * without memory. */
static char *common_name(const char *path)
{
    size_t folder = folder_length(path);
    char *name = NULL;
    return asprintf(&name, "%.*s.%s.nbtmp", (int)folder, path, path + folder) < 0 ? NULL : name;
}

/* Removes a temporary file that no living writer has locked. True when the name may be free now. */
static bool remove_abandoned(const char *temporary)
{
    int fd = open(temporary, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT;
    bool removed = nb_file_lock(fd) == NB_LOCK_OURS && (!nb_file_is_named(fd, temporary) || unlink(temporary) == 0);
    close(fd);
    return removed;
}

/* Creates the temporary file of the common name and locks it, until it is closed. Returns the descriptor; -1 when another writer has it,
 * or locks do not work here. */
static int create_common(const char *temporary)
{
    enum { ATTEMPTS = 8 }; /* others may create and remove it at the same time */
    for (int i = 0; i < ATTEMPTS; i++) {
        int fd = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd < 0 && (errno != EEXIST || !remove_abandoned(temporary)))
            return -1;
        if (fd < 0)
            continue;
        nb_lock lock = nb_file_lock(fd);
        if (lock == NB_LOCK_OURS && nb_file_is_named(fd, temporary))
            return fd;
        if (lock == NB_LOCK_UNSUPPORTED)
            unlink(temporary);
        close(fd);
    }
    return -1;
}

/* The common name if it can be had, else one of its own. */
static nb_status create_output(nb_output *out, nb_error *err)
{
    out->temporary = common_name(out->path);
    if (!out->temporary)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for a file name", out->path);
    out->fd = create_common(out->temporary);
    if (out->fd >= 0)
        return NB_OK;
    free(out->temporary);
    out->temporary = NULL;
    return create_temporary(out->path, &out->temporary, &out->fd, err);
}

nb_status nb_output_open(const char *path, nb_output *out, nb_error *err)
{
    *out = (nb_output){.fd = -1};
    size_t folder = folder_length(path);
    if (path[folder] == '\0')
        return nb_fail(err, NB_ERR_ARGUMENT, "'%s': a file name expected", path);
    out->path = strdup(path);
    if (!out->path)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for a file name", path);
    nb_status status = create_output(out, err);
    if (status != NB_OK)
        output_release(out);
    return status;
}

nb_status nb_output_write_at(nb_output *out, const void *data, size_t size, uint64_t offset, nb_error *err)
{
    return nb_write_fully(out->fd, data, size, offset, out->path, err);
}

nb_status nb_output_write(nb_output *out, const void *data, size_t size, nb_error *err)
{
    NB_TRY(nb_output_write_at(out, data, size, out->position, err));
    out->position += size;
    return NB_OK;
}

/* Makes the rename itself durable. File systems that cannot sync a folder lose nothing but that guarantee. */
static void sync_folder_of(const char *path)
{
    size_t length = folder_length(path);
    char *folder = length ? strndup(path, length) : strdup(".");
    if (!folder)
        return;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    free(folder);
}

/* The file stays open, and so locked, until it has its name: closing has nothing to report any more after fsync. */
nb_status nb_output_commit(nb_output *out, nb_error *err)
{
    nb_status status = NB_OK;
    if (fsync(out->fd) != 0)
        status = nb_fail_errno(err, NB_ERR_IO, errno, "%s: cannot sync", out->path);
    if (status == NB_OK && rename(out->temporary, out->path) != 0)
        status = nb_fail_errno(err, NB_ERR_IO, errno, "%s: cannot put the finished file in place", out->path);
    if (status == NB_OK)
        sync_folder_of(out->path);
    else
        unlink(out->temporary);
    output_release(out);
    return status;
}

void nb_output_abort(nb_output *out)
{
    if (out->temporary)
        unlink(out->temporary);
    output_release(out);
}

nb_status nb_file_write(const char *path, const void *data, size_t size, nb_error *err)
{
    nb_output out;
    NB_TRY(nb_output_open(path, &out, err));
    nb_status status = nb_output_write(&out, data, size, err);
    if (status != NB_OK) {
        nb_output_abort(&out);
        return status;
    }
    return nb_output_commit(&out, err);
}
