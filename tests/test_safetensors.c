#include "support.h"

#include "base/bytes.h"
#include "base/safetensors.h"

/* A file of the JSON text and `data_size` zero bytes; the caller frees. */
static uint8_t *file_of(const char *json, size_t data_size, size_t *size)
{
    size_t length = strlen(json);
    *size = 8 + length + data_size;
    uint8_t *bytes = calloc(1, *size);
    assert_non_null(bytes);
    nb_store_le64(bytes, length);
    memcpy(bytes + 8, json, length);
    return bytes;
}

static nb_status parse(const char *json, size_t data_size, nb_safetensors *out, nb_error *err)
{
    size_t size;
    uint8_t *bytes = file_of(json, data_size, &size);
    nb_status status = nb_safetensors_parse(bytes, size, "t.st", out, err);
    free(bytes); /* names are owned; data pointers must not be followed by these tests */
    return status;
}

static void assert_refused(const char *json, size_t data_size, nb_status expected, const char *message_part)
{
    nb_safetensors file = {0};
    nb_error err;
    assert_int_equal(parse(json, data_size, &file, &err), expected);
    if (!strstr(err.message, message_part))
        fail_msg("'%s' expected in '%s'", message_part, err.message);
    assert_null(file.tensors);
}

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    char *path = scratch_path("roundtrip.safetensors");
    const double wide[6] = {1, 2, 3, 4, 5, 6.5};
    const uint8_t narrow[3] = {7, 8, 9};
    const int32_t single = -5;
    nb_st_tensor tensors[] = {
        {.name = "narrow", .dtype = NB_DTYPE_U8, .rank = 1, .shape = {3}, .data = narrow},
        {.name = "single", .dtype = NB_DTYPE_I32, .rank = 0, .data = &single},
        {.name = "wide \"quoted\" \\ \t", .dtype = NB_DTYPE_F64, .rank = 2, .shape = {2, 3}, .data = wide},
        {.name = "empty", .dtype = NB_DTYPE_F32, .rank = 2, .shape = {0, 7}, .data = NULL},
    };
    const nb_st_metadata metadata[] = {{"format", "test"}, {"text", "line\nline \"2\" \xc3\xa9"}};
    assert_int_equal(nb_safetensors_write(path, tensors, 4, metadata, 2, NULL), NB_OK);

    nb_file_map map;
    nb_safetensors file;
    assert_int_equal(nb_file_map_open(path, &map, NULL), NB_OK);
    assert_int_equal(nb_safetensors_parse(map.data, map.size, path, &file, NULL), NB_OK);
    assert_int_equal(file.count, 4);
    assert_int_equal((8 + file.header_size) % 64, 0);
    const nb_st_tensor *found = nb_safetensors_find(&file, "wide \"quoted\" \\ \t");
    assert_non_null(found);
    assert_int_equal(found->dtype, NB_DTYPE_F64);
    assert_int_equal(found->rank, 2);
    assert_int_equal(found->shape[0], 2);
    assert_int_equal(found->shape[1], 3);
    assert_memory_equal(found->data, wide, sizeof wide);
    assert_memory_equal(nb_safetensors_find(&file, "narrow")->data, narrow, 3);
    assert_memory_equal(nb_safetensors_find(&file, "single")->data, &single, 4);
    assert_int_equal(nb_safetensors_find(&file, "empty")->size, 0);
    assert_null(nb_safetensors_find(&file, "wide"));
    for (size_t i = 0; i < file.count; i++)
        assert_true(nb_st_tensor_is_aligned(&file.tensors[i]));
    assert_string_equal(nb_safetensors_metadata(&file, "text"), "line\nline \"2\" \xc3\xa9");
    assert_null(nb_safetensors_metadata(&file, "other"));
    nb_safetensors_free(&file);
    nb_file_map_close(&map);
    free(path);
}

static void a_thousand_tensors_are_found_by_name(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    static char names[COUNT][24];
    static nb_st_tensor tensors[COUNT];
    static uint16_t values[COUNT];
    for (int i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof names[i], "tensor %d", i);
        values[i] = (uint16_t)i;
        tensors[i] = (nb_st_tensor){.name = names[i], .dtype = NB_DTYPE_U16, .rank = 0, .data = &values[i]};
    }
    char *path = scratch_path("thousand");
    assert_int_equal(nb_safetensors_write(path, tensors, COUNT, NULL, 0, NULL), NB_OK);
    size_t size;
    uint8_t *bytes = read_file(path, &size);
    nb_safetensors file;
    assert_int_equal(nb_safetensors_parse(bytes, size, path, &file, NULL), NB_OK);
    for (int i = 0; i < COUNT; i++)
        assert_memory_equal(nb_safetensors_find(&file, names[i])->data, &values[i], 2);
    nb_safetensors_free(&file);
    free(bytes);
    free(path);
}

static void tensors_may_stand_in_any_order_with_white_space(void **state)
{
    (void)state;
    nb_safetensors file;
    assert_int_equal(parse("{ \"b\" : { \"data_offsets\" : [ 4 , 8 ] , \"shape\" : [ ] , \"dtype\" : \"F32\" } ,\n"
                           "\"__metadata__\":{},\"a\":{\"dtype\":\"U8\",\"shape\":[2,2],\"data_offsets\":[0,4]} }  ",
                           8, &file, NULL),
                     NB_OK);
    assert_int_equal(file.count, 2);
    assert_int_equal(nb_safetensors_find(&file, "b")->rank, 0);
    nb_safetensors_free(&file);
    assert_int_equal(parse("{}", 0, &file, NULL), NB_OK);
    assert_int_equal(file.count, 0);
    assert_null(nb_safetensors_find(&file, "a"));
    nb_safetensors_free(&file);
}

static void escapes_of_json_strings_are_undone(void **state)
{
    (void)state;
    nb_safetensors file;
    assert_int_equal(parse("{\"__metadata__\":{\"\\u0041\\/\\b\\f\\n\\r\\t\":\"\\u00e9\\u20ac\\ud83d\\ude00\"}}", 0, &file, NULL), NB_OK);
    assert_string_equal(nb_safetensors_metadata(&file, "A/\b\f\n\r\t"), "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    nb_safetensors_free(&file);
    assert_refused("{\"__metadata__\":{\"\\ud83d\":\"\"}}", 0, NB_ERR_FORMAT, "surrogate");
    assert_refused("{\"__metadata__\":{\"\\ude00\":\"\"}}", 0, NB_ERR_FORMAT, "surrogate");
    assert_refused("{\"__metadata__\":{\"\\u0000\":\"\"}}", 0, NB_ERR_FORMAT, "zero character");
    assert_refused("{\"__metadata__\":{\"\\u00g0\":\"\"}}", 0, NB_ERR_FORMAT, "hexadecimal");
    assert_refused("{\"__metadata__\":{\"\\x\":\"\"}}", 0, NB_ERR_FORMAT, "escape");
    assert_refused("{\"__metadata__\":{\"\n\":\"\"}}", 0, NB_ERR_FORMAT, "control character");
}

static void files_that_are_something_else_are_refused(void **state)
{
    (void)state;
    nb_safetensors file;
    nb_error err;
    const uint8_t zip[16] = "PK\003\004............";
    assert_int_equal(nb_safetensors_parse(zip, 4, "x", &file, &err), NB_ERR_TRUNCATED);
    assert_int_equal(nb_safetensors_parse(zip, 16, "x", &file, &err), NB_ERR_FORMAT);
    assert_non_null(strstr(err.message, "not a safetensors file"));
    uint8_t long_header[16] = {200, 0, 0, 0, 0, 0, 0, 0, '{'};
    assert_int_equal(nb_safetensors_parse(long_header, 16, "x", &file, &err), NB_ERR_TRUNCATED);
}

static void a_malformed_header_is_refused_with_its_place(void **state)
{
    (void)state;
    assert_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}", 4, NB_ERR_TRUNCATED, "t.st: offset");
    assert_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}x", 4, NB_ERR_FORMAT, "end of the JSON");
    assert_refused("{\"a\":{\"dtype\":\"F33\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, NB_ERR_FORMAT, "unknown dtype");
    assert_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, NB_ERR_FORMAT, "exactly dtype, shape and data_offsets");
    assert_refused("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, NB_ERR_FORMAT, "exactly");
    assert_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4, NB_ERR_FORMAT, "two data_offsets");
    assert_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,4]}}", 4, NB_ERR_FORMAT, "too many numbers");
    assert_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}", 4, NB_ERR_FORMAT, "too many");
    assert_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, NB_ERR_FORMAT, "whole number");
    assert_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}", 4, NB_ERR_FORMAT, "']' expected");
    assert_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[01],\"data_offsets\":[0,4]}}", 4, NB_ERR_FORMAT, "leading zeros");
    assert_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,4]}}", 4, NB_ERR_FORMAT, "above 2^64");
    assert_refused("{\"__metadata__\":{\"a\":1}}", 0, NB_ERR_FORMAT, "'\"' expected");
    assert_refused("{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", 0, NB_ERR_FORMAT, "there before");
    assert_refused("{\"__metadata__\":{},\"__metadata__\":{}}", 0, NB_ERR_FORMAT, "twice");
}

static void tensors_must_cover_the_file_exactly(void **state)
{
    (void)state;
#define A(from, to) "\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[" #from "," #to "]}"
#define B(from, to) "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[" #from "," #to "]}"
    assert_refused("{" A(0, 4) "," B(4, 8) "}", 7, NB_ERR_TRUNCATED, "tensor 'b'");
    assert_refused("{" A(0, 4) "," B(4, 8) "}", 9, NB_ERR_FORMAT, "bytes expected");
    assert_refused("{" A(0, 4) "," B(3, 7) "}", 7, NB_ERR_FORMAT, "tensor 'b' starts at");
    assert_refused("{" A(0, 4) "," B(5, 9) "}", 9, NB_ERR_FORMAT, "tensor 'b' starts at");
    assert_refused("{" A(0, 4) "," A(4, 8) "}", 8, NB_ERR_FORMAT, "tensor 'a' is there twice");
    assert_refused("{" A(4, 0) "}", 4, NB_ERR_TRUNCATED, "tensor 'a'");
    assert_refused("{" A(0, 3) "}", 3, NB_ERR_FORMAT, "do not fit its shape");
    assert_refused("{\"a\":{\"dtype\":\"F64\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0, NB_ERR_FORMAT, "shape");
}

static void every_truncation_is_an_error(void **state)
{
    (void)state;
    size_t size;
    uint8_t *bytes = file_of("{\"__metadata__\":{\"k\":\"v\"},\"a\":{\"dtype\":\"U16\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, &size);
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *piece = malloc(cut + 1); /* a block of its own, so that the sanitizer sees a read past the end */
        assert_non_null(piece);
        memcpy(piece, bytes, cut);
        piece = realloc(piece, cut ? cut : 1);
        nb_safetensors file;
        nb_error err;
        assert_int_not_equal(nb_safetensors_parse(piece, cut, "cut", &file, &err), NB_OK);
        free(piece);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(a_thousand_tensors_are_found_by_name),
        cmocka_unit_test(tensors_may_stand_in_any_order_with_white_space),
        cmocka_unit_test(escapes_of_json_strings_are_undone),
        cmocka_unit_test(files_that_are_something_else_are_refused),
        cmocka_unit_test(a_malformed_header_is_refused_with_its_place),
        cmocka_unit_test(tensors_must_cover_the_file_exactly),
        cmocka_unit_test(every_truncation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
