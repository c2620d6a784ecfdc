/* Streams: a window over files, compressed files, archive members and memory. */
#include "support.h"

#include <bzlib.h>
#include <zip.h>

#include "base/stream.h"

#define SIZE ((size_t)1000003) /* several windows, and no multiple of anything */

static uint8_t byte_at(size_t i)
{
    return (uint8_t)(i * 31 + (i >> 8) * 7 + (i >> 16));
}

static uint8_t *make_bytes(size_t size)
{
    uint8_t *bytes = malloc(size);
    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = byte_at(i);
    return bytes;
}

/* Reads in pieces of many sizes, with skips and seeks in between, and compares every byte. */
static void exercise(nb_stream *in)
{
    nb_error err;
    uint8_t piece[5000];
    for (int round = 0; round < 2; round++) {
        size_t at = 0;
        size_t step = 1;
        while (at < SIZE) {
            size_t size = step % sizeof piece;
            step = step * 7 + 3;
            size = size > SIZE - at ? SIZE - at : size;
            assert_int_equal(nb_stream_offset(in), at);
            if (step % 3 == 0) {
                assert_int_equal(nb_stream_skip(in, size, &err), NB_OK);
            } else if (step % 3 == 1) {
                assert_int_equal(nb_stream_need(in, size, &err), NB_OK);
                for (size_t i = 0; i < size; i++)
                    assert_int_equal(in->next[i], byte_at(at + i));
                in->next += size;
            } else {
                assert_int_equal(nb_stream_read(in, piece, size, &err), NB_OK);
                for (size_t i = 0; i < size; i++)
                    assert_int_equal(piece[i], byte_at(at + i));
            }
            at += size;
        }
        assert_int_equal(nb_stream_fill(in, 1, &err), NB_OK);
        assert_int_equal(nb_stream_ready(in), 0);
        assert_int_equal(nb_stream_seek(in, 0, &err), NB_OK);
    }
    static const size_t places[] = {999999, 3, 500000, 500001, 262144, 262143, 0, SIZE};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        assert_int_equal(nb_stream_seek(in, places[i], &err), NB_OK);
        assert_int_equal(nb_stream_offset(in), places[i]);
        if (places[i] == SIZE)
            break;
        assert_int_equal(nb_stream_read(in, piece, 1, &err), NB_OK);
        assert_int_equal(piece[0], byte_at(places[i]));
    }
    assert_int_equal(nb_stream_read(in, piece, 1, &err), NB_ERR_TRUNCATED);
    assert_int_equal(nb_stream_seek(in, SIZE - 2, &err), NB_OK);
    assert_int_equal(nb_stream_need(in, 3, &err), NB_ERR_TRUNCATED);
    assert_non_null(strstr(err.message, ": offset 1000001: 3 bytes expected, 2 left"));
    assert_int_equal(nb_stream_offset(in), SIZE - 2); /* nothing was consumed */
    assert_int_equal(nb_stream_drain(in, &err), NB_OK);
    assert_int_equal(nb_stream_offset(in), SIZE);
}

static void a_file_is_read_in_any_order(void **state)
{
    (void)state;
    uint8_t *bytes = make_bytes(SIZE);
    char *path = scratch_path("plain");
    write_file(path, bytes, SIZE);
    nb_stream in;
    nb_error err;
    assert_int_equal(nb_stream_open_file(&in, path, &err), NB_OK);
    assert_int_equal(in.size, SIZE);
    exercise(&in);
    nb_stream_close(&in);
    free(path);
    free(bytes);
}

static void memory_is_read_in_any_order(void **state)
{
    (void)state;
    uint8_t *bytes = make_bytes(SIZE);
    nb_stream in;
    nb_error err;
    assert_int_equal(nb_stream_over(&in, bytes, SIZE, "memory", &err), NB_OK);
    exercise(&in);
    nb_stream_close(&in);
    free(bytes);
}

/* Compresses in two bzip2 streams, one behind the other, as parallel compressors do. */
static size_t compress_twice(const uint8_t *bytes, char **out)
{
    size_t half = SIZE / 2;
    unsigned first = (unsigned)SIZE + 20000;
    unsigned second = first;
    *out = malloc(2 * (size_t)first);
    assert_non_null(*out);
    assert_int_equal(BZ2_bzBuffToBuffCompress(*out, &first, (char *)(uintptr_t)bytes, (unsigned)half, 1, 0, 0), BZ_OK);
    assert_int_equal(BZ2_bzBuffToBuffCompress(*out + first, &second, (char *)(uintptr_t)bytes + half, (unsigned)(SIZE - half), 1, 0, 0),
                     BZ_OK);
    return first + second;
}

static void bzip2_data_are_read_in_any_order(void **state)
{
    (void)state;
    uint8_t *bytes = make_bytes(SIZE);
    char *packed;
    size_t size = compress_twice(bytes, &packed);
    char *path = scratch_path("packed.bz2");
    write_file(path, packed, size);
    nb_stream in;
    nb_error err;
    assert_int_equal(nb_stream_open_bzip2(&in, path, &err), NB_OK);
    exercise(&in);
    nb_stream_close(&in);
    free(packed);
    free(path);
    free(bytes);
}

static void damaged_bzip2_data_are_noticed(void **state)
{
    (void)state;
    uint8_t *bytes = make_bytes(SIZE);
    char *packed;
    size_t size = compress_twice(bytes, &packed);
    char *path = scratch_path("bad.bz2");
    nb_stream in;
    nb_error err;

    write_file(path, packed, size - 1);
    assert_int_equal(nb_stream_open_bzip2(&in, path, &err), NB_OK);
    assert_int_equal(nb_stream_drain(&in, &err), NB_ERR_TRUNCATED);
    assert_non_null(strstr(err.message, "bad.bz2: compressed offset "));
    nb_stream_close(&in);

    packed[size / 2] ^= 4;
    write_file(path, packed, size);
    assert_int_equal(nb_stream_open_bzip2(&in, path, &err), NB_OK);
    assert_int_equal(nb_stream_drain(&in, &err), NB_ERR_CORRUPT);
    nb_stream_close(&in);

    /* A selector past the last table: libbz2 would write out of bounds if it were asked to go on. */
    assert_int_equal(nb_stream_open_bzip2(&in, NB_SOURCE_DIR "/fuzz/corpus/bzip2/damaged-selectors.bz2", &err), NB_OK);
    for (int attempt = 0; attempt < 3; attempt++)
        assert_int_equal(nb_stream_drain(&in, &err), NB_ERR_CORRUPT);
    nb_stream_close(&in);

    write_file(path, "no bzip2 data", 13);
    assert_int_equal(nb_stream_open_bzip2(&in, path, &err), NB_OK);
    assert_int_equal(nb_stream_drain(&in, &err), NB_ERR_FORMAT);
    assert_non_null(strstr(err.message, "bad.bz2: compressed offset 1: not bzip2 data"));
    nb_stream_close(&in);

    write_file(path, "", 0);
    assert_int_equal(nb_stream_open_bzip2(&in, path, &err), NB_OK);
    assert_int_equal(nb_stream_drain(&in, &err), NB_ERR_TRUNCATED);
    nb_stream_close(&in);
    free(packed);
    free(path);
    free(bytes);
}

static void a_zip_member_is_read_in_any_order(void **state)
{
    (void)state;
    uint8_t *bytes = make_bytes(SIZE);
    char *path = scratch_path("archive.zip");
    int code;
    zip_t *archive = zip_open(path, ZIP_CREATE, &code);
    assert_non_null(archive);
    zip_int64_t index = zip_file_add(archive, "a/b", zip_source_buffer(archive, bytes, SIZE, 0), 0);
    assert_int_equal(zip_set_file_compression(archive, (zip_uint64_t)index, ZIP_CM_STORE, 0), 0);
    assert_int_equal(zip_close(archive), 0);
    nb_stream in;
    nb_error err;
    assert_int_equal(nb_stream_open_zip_member(&in, path, "a/b", &err), NB_OK);
    assert_int_equal(in.size, SIZE);
    exercise(&in);
    nb_stream_close(&in);
    assert_int_equal(nb_stream_open_zip_member(&in, path, "a/c", &err), NB_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "archive.zip: no member a/c"));
    free(path);
    free(bytes);
}

static void a_folder_and_a_missing_file_are_refused(void **state)
{
    (void)state;
    nb_stream in;
    nb_error err;
    assert_int_equal(nb_stream_open_file(&in, "/no/such/file", &err), NB_ERR_NOT_FOUND);
    assert_string_equal(err.message, "/no/such/file: cannot open: No such file or directory");
    assert_int_equal(nb_stream_open_file(&in, "/tmp", &err), NB_ERR_IO);
    assert_string_equal(err.message, "/tmp: a regular file expected");
}

static void a_file_that_shrinks_while_it_is_read_is_truncated(void **state)
{
    (void)state;
    uint8_t *bytes = make_bytes(SIZE);
    char *path = scratch_path("shrinking");
    write_file(path, bytes, SIZE);
    nb_stream in;
    nb_error err;
    uint8_t *all = malloc(SIZE);
    assert_int_equal(nb_stream_open_file(&in, path, &err), NB_OK);
    assert_int_equal(nb_stream_read(&in, all, 10, &err), NB_OK);
    write_file(path, bytes, 20);
    assert_int_equal(nb_stream_read(&in, all, SIZE - 10, &err), NB_ERR_TRUNCATED);
    nb_stream_close(&in);
    free(all);
    free(path);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_in_any_order),
        cmocka_unit_test(memory_is_read_in_any_order),
        cmocka_unit_test(bzip2_data_are_read_in_any_order),
        cmocka_unit_test(damaged_bzip2_data_are_noticed),
        cmocka_unit_test(a_zip_member_is_read_in_any_order),
        cmocka_unit_test(a_folder_and_a_missing_file_are_refused),
        cmocka_unit_test(a_file_that_shrinks_while_it_is_read_is_truncated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
