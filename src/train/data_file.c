#include "train/data_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/md5.h"
#include "base/sha256.h"

#define MAX_SIZE ((size_t)4 << 30)
#define READ_SIZE (1u << 20) /* bytes asked of zlib at a time */

/* What zlib says about the stream after a read of `got` bytes that should have succeeded. */
static nb_status check_stream(gzFile stream, int got, const char *path, nb_error *err)
{
    int code;
    const char *message = gzerror(stream, &code);
    if (got >= 0 && (code == Z_OK || code == Z_STREAM_END))
        return NB_OK;
    if (code == Z_BUF_ERROR)
        return nb_fail(err, NB_ERR_TRUNCATED, "%s: the compressed file ends early", path);
    if (code == Z_ERRNO)
        return nb_fail_errno(err, NB_ERR_IO, errno, "%s: cannot read", path);
    if (code == Z_MEM_ERROR)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory to decompress", path);
    return nb_fail(err, NB_ERR_CORRUPT, "%s: damaged gzip data: %s", path, message);
}

/* Reads to the end of the stream into a buffer that starts with room for `expected` bytes. */
static nb_status read_all(gzFile stream, const char *path, size_t expected, nb_data_file *out, nb_error *err)
{
    size_t capacity = 0;
    for (;;) {
        if (out->size + READ_SIZE > capacity) {
            capacity = capacity ? 2 * capacity : expected + READ_SIZE;
            uint8_t *data = capacity <= 2 * MAX_SIZE ? realloc(out->data, capacity) : NULL;
            if (!data)
                return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for its content (more than %zu bytes)", path, out->size);
            out->data = data;
        }
        int got = gzread(stream, out->data + out->size, READ_SIZE);
        NB_TRY(check_stream(stream, got, path, err));
        if (got == 0)
            return NB_OK;
        out->size += (size_t)got;
        if (out->size > MAX_SIZE)
            return nb_fail(err, NB_ERR_MEMORY, "%s: larger than %zu bytes", path, MAX_SIZE);
    }
}

static nb_status compare_checksum(const nb_data_file *file, const char *path, const char *checksum, nb_error *err)
{
    char found[NB_SHA256_TEXT_SIZE];
    if (strlen(checksum) + 1 == NB_MD5_TEXT_SIZE)
        nb_md5_text(file->data, file->size, found);
    else
        nb_sha256_text(file->data, file->size, found);
    if (strcmp(found, checksum) == 0)
        return NB_OK;
    return nb_fail(err, NB_ERR_CORRUPT, "%s: not the published file: %zu bytes with checksum %s, expected %s", path, file->size, found,
                   checksum);
}

nb_status nb_data_file_read(const char *path, const char *checksum, nb_data_file *out, nb_error *err)
{
    *out = (nb_data_file){0};
    struct stat info;
    if (stat(path, &info) != 0)
        return nb_fail_errno(err, errno == ENOENT ? NB_ERR_NOT_FOUND : NB_ERR_IO, errno, "%s: cannot open", path);
    if (!S_ISREG(info.st_mode))
        return nb_fail(err, NB_ERR_IO, "%s: not a regular file", path);
    errno = 0;
    gzFile stream = gzopen(path, "rb");
    if (!stream && (errno == 0 || errno == ENOMEM))
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory to read it", path);
    if (!stream)
        return nb_fail_errno(err, NB_ERR_IO, errno, "%s: cannot open", path);
    gzbuffer(stream, READ_SIZE);
    size_t expected = info.st_size < (off_t)MAX_SIZE ? (size_t)info.st_size : MAX_SIZE;
    nb_status status = read_all(stream, path, expected, out, err);
    gzclose_r(stream);
    if (status == NB_OK && checksum)
        status = compare_checksum(out, path, checksum, err);
    if (status != NB_OK)
        nb_data_file_free(out);
    return status;
}

void nb_data_file_free(nb_data_file *file)
{
    free(file->data);
    *file = (nb_data_file){0};
}
