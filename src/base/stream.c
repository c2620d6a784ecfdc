#include "base/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bzlib.h>
#include <zip.h>

/* Read at a time: large enough that the system call does not matter, small enough to stay in the second-level cache. */
#define WINDOW_SIZE ((size_t)256 * 1024)
#define INPUT_SIZE ((size_t)64 * 1024) /* compressed bytes at a time */

/* ---- plain files ---- */

typedef struct file_state {
    int descriptor;
} file_state;

static nb_status file_read(void *state, const char *name, void *to, size_t size, size_t *got, nb_error *err)
{
    const file_state *file = state;
    ssize_t count;
    do
        count = read(file->descriptor, to, size);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return nb_fail_errno(err, NB_ERR_IO, errno, "%s: cannot read", name);
    *got = (size_t)count;
    return NB_OK;
}

static nb_status file_seek(void *state, const char *name, uint64_t offset, nb_error *err)
{
    const file_state *file = state;
    if (offset > INT64_MAX || lseek(file->descriptor, (off_t)offset, SEEK_SET) < 0)
        return nb_fail_errno(err, NB_ERR_IO, errno, "%s: cannot go to offset %" PRIu64, name, offset);
    return NB_OK;
}

static void file_close(void *state)
{
    file_state *file = state;
    close(file->descriptor);
    free(file);
}

static const nb_stream_source file_source = {file_read, file_seek, NULL, file_close};

/* Opens a regular file for reading from front to back and gives its size. */
static nb_status open_regular(const char *path, int *descriptor, uint64_t *size, nb_error *err)
{
    int opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (opened < 0)
        return nb_fail_errno(err, errno == ENOENT ? NB_ERR_NOT_FOUND : NB_ERR_IO, errno, "%s: cannot open", path);
    struct stat status;
    nb_status result = NB_OK;
    if (fstat(opened, &status) != 0)
        result = nb_fail_errno(err, NB_ERR_IO, errno, "%s: cannot stat", path);
    else if (!S_ISREG(status.st_mode))
        result = nb_fail(err, NB_ERR_IO, "%s: a regular file expected", path);
    if (result != NB_OK) {
        close(opened);
        return result;
    }
    posix_fadvise(opened, 0, 0, POSIX_FADV_SEQUENTIAL);
    *descriptor = opened;
    *size = (uint64_t)status.st_size;
    return NB_OK;
}

/* ---- bzip2 ---- */

typedef struct bzip2_state {
    bz_stream codec;
    bool running; /* codec is initialised: inside a bzip2 stream */
    bool any;     /* at least one bzip2 stream was complete */
    int failure;  /* what the codec said of damaged data: it writes out of bounds when it is asked to go on after that. BZ_OK: nothing */
    int descriptor;
    uint64_t consumed; /* compressed bytes read so far, for messages */
    char input[INPUT_SIZE];
} bzip2_state;

static void bzip2_stop(bzip2_state *bz)
{
    if (bz->running)
        BZ2_bzDecompressEnd(&bz->codec);
    bz->running = false;
}

/* Reads more compressed bytes; *more is false at the end of the file. */
static nb_status bzip2_feed(bzip2_state *bz, const char *name, bool *more, nb_error *err)
{
    if (bz->codec.avail_in > 0) {
        *more = true;
        return NB_OK;
    }
    size_t got = 0;
    file_state file = {bz->descriptor};
    NB_TRY(file_read(&file, name, bz->input, sizeof bz->input, &got, err));
    bz->codec.next_in = bz->input;
    bz->codec.avail_in = (unsigned)got;
    bz->consumed += got;
    *more = got > 0;
    return NB_OK;
}

static nb_status bzip2_start(bzip2_state *bz, const char *name, nb_error *err)
{
    char *input = bz->codec.next_in;
    unsigned left = bz->codec.avail_in;
    memset(&bz->codec, 0, sizeof bz->codec);
    if (BZ2_bzDecompressInit(&bz->codec, 0, 0) != BZ_OK)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for bzip2", name);
    bz->codec.next_in = input;
    bz->codec.avail_in = left;
    bz->running = true;
    return NB_OK;
}

static nb_status bzip2_fail(const bzip2_state *bz, const char *name, int code, nb_error *err)
{
    uint64_t place = bz->consumed - bz->codec.avail_in;
    switch (code) {
    case BZ_DATA_ERROR_MAGIC:
        return nb_fail(err, NB_ERR_FORMAT, "%s: compressed offset %" PRIu64 ": not bzip2 data", name, place);
    case BZ_MEM_ERROR:
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for bzip2", name);
    default:
        return nb_fail(err, NB_ERR_CORRUPT, "%s: compressed offset %" PRIu64 ": damaged bzip2 block", name, place);
    }
}

static nb_status bzip2_read(void *state, const char *name, void *to, size_t size, size_t *got, nb_error *err)
{
    bzip2_state *bz = state;
    size_t room = size;
    char *out = to;
    if (bz->failure != BZ_OK)
        return bzip2_fail(bz, name, bz->failure, err);
    while (room == size) {
        bool more;
        NB_TRY(bzip2_feed(bz, name, &more, err));
        if (!more && !bz->running && bz->any)
            break;
        if (!more)
            return nb_fail(err, NB_ERR_TRUNCATED, "%s: compressed offset %" PRIu64 ": the bzip2 data end too early", name, bz->consumed);
        if (!bz->running)
            NB_TRY(bzip2_start(bz, name, err));
        bz->codec.next_out = out;
        bz->codec.avail_out = (unsigned)room;
        int code = BZ2_bzDecompress(&bz->codec);
        if (code != BZ_OK && code != BZ_STREAM_END) {
            bz->failure = code;
            return bzip2_fail(bz, name, code, err);
        }
        out += room - bz->codec.avail_out;
        room = bz->codec.avail_out;
        if (code == BZ_STREAM_END) {
            bzip2_stop(bz);
            bz->any = true;
        }
    }
    *got = size - room;
    return NB_OK;
}

static nb_status bzip2_rewind(void *state, const char *name, nb_error *err)
{
    bzip2_state *bz = state;
    file_state file = {bz->descriptor};
    NB_TRY(file_seek(&file, name, 0, err));
    bzip2_stop(bz);
    bz->codec.avail_in = 0;
    bz->any = false;
    bz->failure = BZ_OK;
    bz->consumed = 0;
    return NB_OK;
}

static void bzip2_close(void *state)
{
    bzip2_state *bz = state;
    bzip2_stop(bz);
    close(bz->descriptor);
    free(bz);
}

static const nb_stream_source bzip2_source = {bzip2_read, NULL, bzip2_rewind, bzip2_close};

/* ---- members of zip archives ---- */

typedef struct zip_state {
    zip_t *archive;
    zip_file_t *member;
    zip_uint64_t index;
} zip_state;

static nb_status zip_read(void *state, const char *name, void *to, size_t size, size_t *got, nb_error *err)
{
    zip_state *zip = state;
    zip_int64_t count = zip_fread(zip->member, to, size);
    if (count < 0)
        return nb_fail(err, NB_ERR_CORRUPT, "%s: %s", name, zip_file_strerror(zip->member));
    *got = (size_t)count;
    return NB_OK;
}

static nb_status zip_rewind(void *state, const char *name, nb_error *err)
{
    zip_state *zip = state;
    if (zip->member)
        zip_fclose(zip->member);
    zip->member = zip_fopen_index(zip->archive, zip->index, 0);
    if (!zip->member)
        return nb_fail(err, NB_ERR_FORMAT, "%s: %s", name, zip_strerror(zip->archive));
    return NB_OK;
}

static void zip_close_all(void *state)
{
    zip_state *zip = state;
    if (zip->member)
        zip_fclose(zip->member);
    zip_discard(zip->archive);
    free(zip);
}

static const nb_stream_source zip_source = {zip_read, NULL, zip_rewind, zip_close_all};

/* ---- the window ---- */

/* Takes over `state` and `name`: both are released by nb_stream_close(), also when this fails. */
static nb_status start(nb_stream *in, const nb_stream_source *source, void *state, char *name, uint64_t size, nb_error *err)
{
    *in = (nb_stream){.source = source, .state = state, .name = name, .size = size, .window = malloc(WINDOW_SIZE)};
    if (!in->window || !in->name) {
        nb_stream_close(in);
        return nb_fail(err, NB_ERR_MEMORY, "no memory to read a file");
    }
    in->next = in->end = in->window;
    return NB_OK;
}

nb_status nb_stream_open_file(nb_stream *in, const char *path, nb_error *err)
{
    *in = (nb_stream){0};
    file_state *file = malloc(sizeof *file);
    if (!file)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory to read it", path);
    uint64_t size;
    nb_status status = open_regular(path, &file->descriptor, &size, err);
    if (status != NB_OK) {
        free(file);
        return status;
    }
    return start(in, &file_source, file, strdup(path), size, err);
}

nb_status nb_stream_open_bzip2(nb_stream *in, const char *path, nb_error *err)
{
    *in = (nb_stream){0};
    bzip2_state *bz = malloc(sizeof *bz);
    if (!bz)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory to read it", path);
    memset(bz, 0, offsetof(bzip2_state, input));
    uint64_t size;
    nb_status status = open_regular(path, &bz->descriptor, &size, err);
    if (status != NB_OK) {
        free(bz);
        return status;
    }
    return start(in, &bzip2_source, bz, strdup(path), UINT64_MAX, err);
}

static char *member_name(const char *path, const char *member)
{
    char *name = NULL;
    return asprintf(&name, "%s: %s", path, member) < 0 ? NULL : name;
}

nb_status nb_stream_open_zip_member(nb_stream *in, const char *path, const char *member, nb_error *err)
{
    *in = (nb_stream){0};
    zip_state *zip = calloc(1, sizeof *zip);
    if (!zip)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory to read it", path);
    int code;
    zip->archive = zip_open(path, ZIP_RDONLY, &code);
    if (!zip->archive) {
        zip_error_t reason;
        zip_error_init_with_code(&reason, code);
        nb_status status = nb_fail(err, NB_ERR_FORMAT, "%s: not a readable zip archive: %s", path, zip_error_strerror(&reason));
        zip_error_fini(&reason);
        free(zip);
        return status;
    }
    zip_stat_t entry;
    if (zip_stat(zip->archive, member, 0, &entry) != 0 || !(entry.valid & ZIP_STAT_SIZE) || !(entry.valid & ZIP_STAT_INDEX)) {
        zip_close_all(zip);
        return nb_fail(err, NB_ERR_NOT_FOUND, "%s: no member %s", path, member);
    }
    zip->index = entry.index;
    nb_status status = zip_rewind(zip, path, err);
    if (status != NB_OK) {
        zip_close_all(zip);
        return status;
    }
    return start(in, &zip_source, zip, member_name(path, member), entry.size, err);
}

nb_status nb_stream_over(nb_stream *in, const void *data, size_t size, const char *name, nb_error *err)
{
    const uint8_t *bytes = data;
    *in = (nb_stream){.next = bytes, .end = bytes + size, .end_offset = size, .size = size, .name = strdup(name), .at_end = 1};
    return in->name ? NB_OK : nb_fail(err, NB_ERR_MEMORY, "%s: no memory to read it", name);
}

void nb_stream_close(nb_stream *in)
{
    if (in->source && in->state)
        in->source->close(in->state);
    free(in->window);
    free(in->name);
    *in = (nb_stream){0};
}

nb_status nb_stream_fill(nb_stream *in, size_t size, nb_error *err)
{
    size_t ready = nb_stream_ready(in);
    if (ready >= size || in->at_end)
        return NB_OK;
    memmove(in->window, in->next, ready);
    in->next = in->window;
    in->end = in->window + ready;
    while (ready < size && !in->at_end) {
        size_t got = 0;
        NB_TRY(in->source->read(in->state, in->name, in->window + ready, WINDOW_SIZE - ready, &got, err));
        in->at_end = got == 0;
        ready += got;
        in->end += got;
        in->end_offset += got;
    }
    return NB_OK;
}

static nb_status too_short(const nb_stream *in, uint64_t wanted, uint64_t left, nb_error *err)
{
    return nb_fail(err, NB_ERR_TRUNCATED, "%s: offset %" PRIu64 ": %" PRIu64 " bytes expected, %" PRIu64 " left", in->name,
                   nb_stream_offset(in), wanted, left);
}

nb_status nb_stream_need_more(nb_stream *in, size_t size, nb_error *err)
{
    NB_TRY(nb_stream_fill(in, size, err));
    if (nb_stream_ready(in) < size)
        return too_short(in, size, nb_stream_ready(in), err);
    return NB_OK;
}

/* Refuses before anything is read or allocated when the size of the source is known and too small. */
static nb_status check_left(const nb_stream *in, uint64_t size, nb_error *err)
{
    uint64_t left = in->size - nb_stream_offset(in);
    if (in->size != UINT64_MAX && (nb_stream_offset(in) > in->size || size > left))
        return too_short(in, size, nb_stream_offset(in) > in->size ? 0 : left, err);
    return NB_OK;
}

nb_status nb_stream_read(nb_stream *in, void *to, size_t size, nb_error *err)
{
    NB_TRY(check_left(in, size, err));
    uint8_t *out = to;
    size_t wanted = size;
    while (wanted > 0) {
        NB_TRY(nb_stream_fill(in, 1, err));
        size_t piece = nb_stream_ready(in) < wanted ? nb_stream_ready(in) : wanted;
        if (piece == 0)
            return too_short(in, wanted, 0, err);
        memcpy(out, in->next, piece);
        in->next += piece;
        out += piece;
        wanted -= piece;
    }
    return NB_OK;
}

nb_status nb_stream_skip(nb_stream *in, uint64_t size, nb_error *err)
{
    NB_TRY(check_left(in, size, err));
    if (size <= nb_stream_ready(in)) {
        in->next += size;
        return NB_OK;
    }
    if (in->source && in->source->seek)
        return nb_stream_seek(in, nb_stream_offset(in) + size, err);
    while (size > 0) {
        NB_TRY(nb_stream_fill(in, 1, err));
        uint64_t piece = nb_stream_ready(in) < size ? nb_stream_ready(in) : size;
        if (piece == 0)
            return too_short(in, size, 0, err);
        in->next += piece;
        size -= piece;
    }
    return NB_OK;
}

nb_status nb_stream_drain(nb_stream *in, nb_error *err)
{
    do {
        in->next = in->end;
        NB_TRY(nb_stream_fill(in, 1, err));
    } while (nb_stream_ready(in) > 0);
    return NB_OK;
}

nb_status nb_stream_seek(nb_stream *in, uint64_t offset, nb_error *err)
{
    if (in->size != UINT64_MAX && offset > in->size)
        return nb_fail(err, NB_ERR_TRUNCATED, "%s: offset %" PRIu64 " expected, but the end is at %" PRIu64, in->name, offset, in->size);
    uint64_t held = in->window ? (uint64_t)(in->end - in->window) : in->size;
    if (offset >= in->end_offset - held && offset <= in->end_offset) {
        in->next = in->end - (in->end_offset - offset);
        return NB_OK;
    }
    in->next = in->end = in->window;
    in->at_end = 0;
    if (in->source->seek) {
        NB_TRY(in->source->seek(in->state, in->name, offset, err));
        in->end_offset = offset;
        return NB_OK;
    }
    if (offset > in->end_offset)
        return nb_stream_skip(in, offset - in->end_offset, err);
    NB_TRY(in->source->rewind(in->state, in->name, err));
    in->end_offset = 0;
    return nb_stream_skip(in, offset, err);
}
