#include "search/growing.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

static char *with_suffix(const char *path, const char *suffix)
{
    char *text = NULL;
    return asprintf(&text, "%s%s", path, suffix) < 0 ? NULL : text;
}

static nb_status take_claim(const char *path, nb_growing *file, nb_error *err)
{
    char *lock = with_suffix(path, ".lock");
    if (!lock)
        return nb_fail(err, NB_ERR_MEMORY, "%s: out of memory", path);
    bool taken = false;
    nb_status status = nb_claim_take(lock, "writing\n", &file->claim, &taken, err);
    free(lock);
    if (status == NB_OK && !taken)
        return nb_fail(err, NB_ERR_EXISTS, "%s: another process is at work on it", path);
    return status;
}

static nb_status read_content(nb_growing *file, nb_error *err)
{
    uint8_t *data;
    nb_status status = nb_file_read(file->temporary, SIZE_MAX / 2, &data, &file->size, err);
    if (status == NB_OK)
        file->content = (char *)data;
    return status;
}

static nb_status open_partial(const char *path, nb_growing *file, nb_error *err)
{
    file->path = strdup(path);
    file->temporary = with_suffix(path, ".partial");
    if (!file->path || !file->temporary)
        return nb_fail(err, NB_ERR_MEMORY, "%s: out of memory", path);
    NB_TRY(take_claim(path, file, err));
    file->fd = open(file->temporary, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (file->fd < 0)
        return nb_fail_errno(err, NB_ERR_IO, errno, "%s: cannot open for writing", file->temporary);
    return read_content(file, err);
}

nb_status nb_growing_open(const char *path, nb_growing *out, nb_error *err)
{
    *out = (nb_growing){.fd = -1, .claim = {.fd = -1}};
    nb_status status = open_partial(path, out, err);
    if (status != NB_OK)
        nb_growing_close(out);
    return status;
}

nb_status nb_growing_cut(nb_growing *file, size_t size, nb_error *err)
{
    if (ftruncate(file->fd, (off_t)size) != 0)
        return nb_fail_errno(err, NB_ERR_IO, errno, "%s: cannot cut to %zu bytes", file->temporary, size);
    file->size = size;
    return NB_OK;
}

nb_status nb_growing_append(nb_growing *file, const char *text, size_t size, nb_error *err)
{
    NB_TRY(nb_write_fully(file->fd, text, size, file->size, file->temporary, err));
    file->size += size;
    return NB_OK;
}

/* The rename reaches the disk with its folder. */
static void sync_folder(const char *path)
{
    char *copy = strdup(path);
    const int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(copy);
}

nb_status nb_growing_commit(nb_growing *file, nb_error *err)
{
    nb_status status = NB_OK;
    if (fsync(file->fd) != 0)
        status = nb_fail_errno(err, NB_ERR_IO, errno, "%s: cannot sync", file->temporary);
    else if (rename(file->temporary, file->path) != 0)
        status = nb_fail_errno(err, NB_ERR_IO, errno, "%s: cannot rename to %s", file->temporary, file->path);
    else
        sync_folder(file->path);
    nb_growing_close(file);
    return status;
}

void nb_growing_close(nb_growing *file)
{
    if (file->fd >= 0) {
        if (file->size == 0)
            unlink(file->temporary);
        close(file->fd);
    }
    if (file->claim.fd >= 0)
        nb_claim_drop(&file->claim);
    free(file->path);
    free(file->temporary);
    free(file->content);
    *file = (nb_growing){.fd = -1, .claim = {.fd = -1}};
}
