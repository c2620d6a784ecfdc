/* Readers of image files: what they take and what they refuse. */
#include "support.h"

#include <zlib.h>

#include "train/cifar_bin.h"
#include "train/data_file.h"
#include "train/idx.h"
#include "train/image_pickle.h"
#include "train/image_set.h"

#define CIFAR_BYTES 3072

static nb_image_set new_set(uint32_t channels, uint32_t side, uint32_t classes, uint32_t resolution)
{
    nb_image_set set;
    assert_int_equal(nb_image_set_init(&set, "test", channels, side, classes, resolution, NULL), NB_OK);
    return set;
}

/* ---- images */

static void images_are_averaged_down_in_squares(void **state)
{
    (void)state;
    nb_image_set set = new_set(2, 4, 10, 2);
    const uint8_t image[2][16] = {{0, 1, 10, 10, 2, 3, 10, 11, 255, 255, 0, 0, 255, 255, 0, 1},
                                  {4, 4, 0, 0, 4, 4, 0, 0, 1, 2, 9, 9, 1, 1, 9, 9}};
    assert_int_equal(nb_image_set_add(&set, image[0], 3, NULL), NB_OK);
    /* (0+1+2+3)/4 = 1.5 -> 2, 41/4 = 10.25 -> 10, 255, 1/4 -> 0; 4, 0, 5/4 -> 1, 9 */
    const uint8_t expected[2][4] = {{2, 10, 255, 0}, {4, 0, 1, 9}};
    assert_memory_equal(set.pixels, expected, sizeof expected);
    assert_int_equal(set.labels[0], 3);
    nb_image_set_free(&set);
}

static void images_of_28_pixels_are_framed_to_32(void **state)
{
    (void)state;
    uint8_t image[28 * 28];
    memset(image, 100, sizeof image);
    nb_image_set set = new_set(1, 28, 10, 32);
    assert_int_equal(nb_image_set_add(&set, image, 0, NULL), NB_OK);
    for (int y = 0; y < 32; y++)
        for (int x = 0; x < 32; x++)
            assert_int_equal(set.pixels[y * 32 + x], y >= 2 && y < 30 && x >= 2 && x < 30 ? 100 : 0);
    nb_image_set_free(&set);
    set = new_set(1, 28, 10, 8);
    assert_int_equal(nb_image_set_add(&set, image, 0, NULL), NB_OK);
    assert_int_equal(set.pixels[0], 25); /* 2 x 2 of 4 x 4 pixels */
    assert_int_equal(set.pixels[1], 50);
    assert_int_equal(set.pixels[9], 100);
    nb_image_set_free(&set);
    set = new_set(1, 28, 10, 14); /* divides 28: no frame */
    assert_int_equal(set.frame, 0);
    assert_int_equal(set.factor, 2);
}

static void an_impossible_resolution_names_the_possible_ones(void **state)
{
    (void)state;
    nb_image_set set;
    nb_error err;
    assert_int_equal(nb_image_set_init(&set, "cifar10", 3, 32, 10, 15, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "cifar10: images of 32x32 pixels cannot be averaged down to 15x15; possible: 32, 16, 8, 4");
    assert_int_equal(nb_image_set_init(&set, "mnist", 1, 28, 10, 64, &err), NB_ERR_ARGUMENT);
    assert_string_equal(err.message, "mnist: images of 28x28 pixels cannot be averaged down to 64x64; possible: 32, 28, 16, 14, 8, 7, 4");
}

/* ---- CIFAR's binary files */

static void a_cifar_file_is_records_of_labels_and_pixels(void **state)
{
    (void)state;
    static uint8_t file[2][2 + CIFAR_BYTES];
    for (int i = 0; i < 2; i++) {
        file[i][0] = 19;                /* coarse class: ignored */
        file[i][1] = (uint8_t)(98 + i); /* fine class */
        memset(file[i] + 2, i + 1, CIFAR_BYTES);
    }
    nb_image_set set = new_set(3, 32, 100, 0);
    assert_int_equal(nb_cifar_bin_parse(file[0], sizeof file, "train.bin", 2, &set, NULL), NB_OK);
    assert_int_equal(set.count, 2);
    assert_int_equal(set.labels[1], 99);
    assert_int_equal(set.pixels[CIFAR_BYTES - 1], 1);
    assert_int_equal(set.pixels[CIFAR_BYTES], 2);
    nb_image_set_free(&set);
}

static void a_cifar_file_that_ends_early_or_has_a_bad_class_is_refused(void **state)
{
    (void)state;
    static uint8_t file[2][1 + CIFAR_BYTES];
    file[1][0] = 10;
    nb_image_set set = new_set(3, 32, 10, 0);
    nb_error err;
    assert_int_equal(nb_cifar_bin_parse(file[0], sizeof file - 1, "a.bin", 1, &set, &err), NB_ERR_TRUNCATED);
    assert_string_equal(err.message, "a.bin: 6145 bytes, expected a multiple of 3073 (1 label bytes and the pixels of an image)");
    assert_int_equal(nb_cifar_bin_parse(file[0], 0, "a.bin", 1, &set, &err), NB_ERR_TRUNCATED);
    assert_int_equal(nb_cifar_bin_parse(file[0], sizeof file, "a.bin", 1, &set, &err), NB_ERR_FORMAT);
    assert_string_equal(err.message, "a.bin: offset 3073: label 10 of image 1: expected 0 to 9");
    nb_image_set_free(&set);
}

/* ---- IDX */

static const uint8_t tiny_images[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8};
static const uint8_t tiny_labels[] = {0, 0, 8, 1, 0, 0, 0, 2, 9, 0};

static void an_idx_pair_gives_images_and_labels(void **state)
{
    (void)state;
    nb_idx images, labels;
    assert_int_equal(nb_idx_parse(tiny_images, sizeof tiny_images, "images", &images, NULL), NB_OK);
    assert_int_equal(nb_idx_parse(tiny_labels, sizeof tiny_labels, "labels", &labels, NULL), NB_OK);
    nb_image_set set = new_set(1, 2, 10, 0);
    assert_int_equal(nb_idx_add_images(&images, "images", &labels, "labels", &set, NULL), NB_OK);
    assert_int_equal(set.count, 2);
    assert_int_equal(set.labels[0], 9);
    assert_int_equal(set.pixels[7], 8);
    nb_image_set_free(&set);
}

static void idx_files_that_are_not_what_they_say_are_refused(void **state)
{
    (void)state;
    nb_idx idx;
    nb_error err;
    for (size_t size = 0; size < sizeof tiny_images; size++)
        assert_int_equal(nb_idx_parse(tiny_images, size, "cut", &idx, &err), NB_ERR_TRUNCATED);
    assert_string_equal(err.message, "cut: offset 16: 8 elements expected, 7 bytes left");
    uint8_t copy[sizeof tiny_images + 1] = {0};
    memcpy(copy, tiny_images, sizeof tiny_images);
    assert_int_equal(nb_idx_parse(copy, sizeof copy, "long", &idx, &err), NB_ERR_FORMAT);
    assert_string_equal(err.message, "long: offset 24: 1 bytes after the last element");
    copy[2] = 13; /* floats */
    assert_int_equal(nb_idx_parse(copy, sizeof tiny_images, "floats", &idx, &err), NB_ERR_FORMAT);
    const uint8_t huge[] = {0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    assert_int_equal(nb_idx_parse(huge, sizeof huge, "huge", &idx, &err), NB_ERR_FORMAT);
}

static void an_idx_pair_that_does_not_match_is_refused(void **state)
{
    (void)state;
    nb_idx images, labels;
    nb_error err;
    uint8_t three[] = {0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3};
    assert_int_equal(nb_idx_parse(tiny_images, sizeof tiny_images, "images", &images, NULL), NB_OK);
    assert_int_equal(nb_idx_parse(three, sizeof three, "labels", &labels, NULL), NB_OK);
    nb_image_set set = new_set(1, 2, 10, 0);
    assert_int_equal(nb_idx_add_images(&images, "images", &labels, "labels", &set, &err), NB_ERR_FORMAT);
    assert_string_equal(err.message, "labels: 1 dimensions with 3 labels; expected 1 with 2, one for each image of images");
    assert_int_equal(nb_idx_add_images(&labels, "labels", &labels, "labels", &set, &err), NB_ERR_FORMAT);
    set.native_side = 3;
    assert_int_equal(nb_idx_add_images(&images, "images", &labels, "labels", &set, &err), NB_ERR_FORMAT);
}

/* ---- pickles: written here opcode by opcode, as Python 2 with numpy writes them */

typedef struct pickle_text {
    uint8_t bytes[8192];
    size_t size;
} pickle_text;

static void put(pickle_text *out, const void *bytes, size_t size)
{
    assert_true(out->size + size <= sizeof out->bytes);
    memcpy(out->bytes + out->size, bytes, size);
    out->size += size;
}

/* The bytes of a string literal, zeros inside it included. */
#define PUT(out, literal) put(out, literal, sizeof(literal) - 1)

static void put_byte(pickle_text *out, int byte)
{
    put(out, &(uint8_t){(uint8_t)byte}, 1);
}

static void put_string(pickle_text *out, const char *text)
{
    put_byte(out, 'U');
    put_byte(out, (int)strlen(text));
    put(out, text, strlen(text));
}

static void put_int(pickle_text *out, int value)
{
    const uint8_t bytes[] = {'M', (uint8_t)value, (uint8_t)(value >> 8)};
    put(out, bytes, sizeof bytes);
}

/* numpy.ndarray of shape (images, CIFAR_BYTES), bytes of image i all 10 + i. */
static void put_array(pickle_text *out, int images)
{
    PUT(out, "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n");
    PUT(out, "K\0\x85U\1b\x87R(K\1");
    put_int(out, images);
    put_int(out, CIFAR_BYTES);
    PUT(out, "\x86"
             "cnumpy\ndtype\nU\2u1K\0K\1\x87R(K\3U\1|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x89");
    const uint32_t size = (uint32_t)images * CIFAR_BYTES;
    const uint8_t head[] = {'T', (uint8_t)size, (uint8_t)(size >> 8), (uint8_t)(size >> 16), 0};
    put(out, head, sizeof head);
    for (int i = 0; i < images; i++)
        for (int k = 0; k < CIFAR_BYTES; k++)
            put_byte(out, 10 + i);
    PUT(out, "tb");
}

static pickle_text image_pickle(int images, const int *labels, int label_count)
{
    pickle_text out = {.size = 0};
    PUT(&out, "\x80\2}(");
    put_string(&out, "labels");
    PUT(&out, "](");
    for (int i = 0; i < label_count; i++)
        put_int(&out, labels[i]);
    put_byte(&out, 'e');
    put_string(&out, "data");
    put_array(&out, images);
    PUT(&out, "u.");
    return out;
}

static void an_image_pickle_gives_images_and_labels(void **state)
{
    (void)state;
    pickle_text file = image_pickle(2, (int[]){7, 9}, 2);
    nb_image_set set = new_set(3, 32, 10, 0);
    nb_error err = {0};
    nb_status status = nb_image_pickle_parse(file.bytes, file.size, "data_batch_1", "labels", 0, false, &set, &err);
    if (status != NB_OK)
        fail_msg("%s", err.message);
    assert_int_equal(set.count, 2);
    assert_int_equal(set.labels[0], 7);
    assert_int_equal(set.labels[1], 9);
    assert_int_equal(set.pixels[CIFAR_BYTES - 1], 10);
    assert_int_equal(set.pixels[CIFAR_BYTES], 11);
    nb_image_set_free(&set);
}

static void images_of_other_classes_are_left_out_on_request(void **state)
{
    (void)state;
    pickle_text file = image_pickle(2, (int[]){121, 120}, 2);
    nb_image_set set = new_set(3, 32, 120, 0);
    nb_error err;
    assert_int_equal(nb_image_pickle_parse(file.bytes, file.size, "val_data", "labels", 1, true, &set, &err), NB_OK);
    assert_int_equal(set.count, 1);
    assert_int_equal(set.labels[0], 119);
    assert_int_equal(set.pixels[0], 11);
    assert_int_equal(nb_image_pickle_parse(file.bytes, file.size, "val_data", "labels", 1, false, &set, &err), NB_ERR_FORMAT);
    assert_string_equal(err.message, "val_data: 'labels'[0] is 121, expected 1 to 120");
    nb_image_set_free(&set);
}

static void pickles_without_the_right_arrays_are_refused(void **state)
{
    (void)state;
    nb_image_set set = new_set(3, 32, 10, 0);
    nb_error err;
    pickle_text file = image_pickle(2, (int[]){1}, 1);
    assert_int_equal(nb_image_pickle_parse(file.bytes, file.size, "p", "labels", 0, false, &set, &err), NB_ERR_FORMAT);
    assert_string_equal(err.message, "p: 'labels' has 1 labels, expected one for each of 2 images");
    assert_int_equal(nb_image_pickle_parse(file.bytes, file.size, "p", "fine_labels", 0, false, &set, &err), NB_ERR_FORMAT);
    assert_string_equal(err.message, "p: no list 'fine_labels', expected one label for each of 2 images");
    const uint8_t list[] = "\x80\2].";
    assert_int_equal(nb_image_pickle_parse(list, 4, "p", "labels", 0, false, &set, &err), NB_ERR_FORMAT);
    for (size_t size = 0; size < file.size; size += 97)
        assert_int_not_equal(nb_image_pickle_parse(file.bytes, size, "p", "labels", 0, false, &set, &err), NB_OK);
    assert_int_equal(set.count, 0);
    nb_image_set_free(&set);
}

/* ---- whole files */

static void a_file_reads_the_same_compressed_or_not(void **state)
{
    (void)state;
    char *plain = scratch_path("plain"), *packed = scratch_path("packed.gz");
    write_file(plain, tiny_images, sizeof tiny_images);
    gzFile gz = gzopen(packed, "wb");
    assert_int_equal(gzwrite(gz, tiny_images, sizeof tiny_images), sizeof tiny_images);
    assert_int_equal(gzclose(gz), Z_OK);
    const char *paths[] = {plain, packed};
    for (int i = 0; i < 2; i++) {
        nb_data_file file;
        assert_int_equal(nb_data_file_read(paths[i], NULL, &file, NULL), NB_OK);
        assert_int_equal(file.size, sizeof tiny_images);
        assert_memory_equal(file.data, tiny_images, sizeof tiny_images);
        nb_data_file_free(&file);
    }
    size_t size;
    uint8_t *bytes = read_file(packed, &size);
    write_file(packed, bytes, size - 9);
    free(bytes);
    nb_data_file file;
    nb_error err;
    assert_int_equal(nb_data_file_read(packed, NULL, &file, &err), NB_ERR_TRUNCATED);
    free(plain);
    free(packed);
}

static void a_file_with_another_checksum_is_refused(void **state)
{
    (void)state;
    char *path = scratch_path("abc");
    write_file(path, "abc", 3);
    nb_data_file file;
    nb_error err;
    assert_int_equal(nb_data_file_read(path, "900150983cd24fb0d6963f7d28e17f72", &file, &err), NB_OK);
    nb_data_file_free(&file);
    assert_int_equal(nb_data_file_read(path, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", &file, &err), NB_OK);
    nb_data_file_free(&file);
    write_file(path, "abd", 3);
    assert_int_equal(nb_data_file_read(path, "900150983cd24fb0d6963f7d28e17f72", &file, &err), NB_ERR_CORRUPT);
    assert_non_null(strstr(err.message, "not the published file: 3 bytes with checksum 4911e516e5aa21d327512e0c8b197616"));
    assert_int_equal(nb_data_file_read("/nowhere/abc", NULL, &file, &err), NB_ERR_NOT_FOUND);
    assert_int_equal(nb_data_file_read("/", NULL, &file, &err), NB_ERR_IO);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_are_averaged_down_in_squares),
        cmocka_unit_test(images_of_28_pixels_are_framed_to_32),
        cmocka_unit_test(an_impossible_resolution_names_the_possible_ones),
        cmocka_unit_test(a_cifar_file_is_records_of_labels_and_pixels),
        cmocka_unit_test(a_cifar_file_that_ends_early_or_has_a_bad_class_is_refused),
        cmocka_unit_test(an_idx_pair_gives_images_and_labels),
        cmocka_unit_test(idx_files_that_are_not_what_they_say_are_refused),
        cmocka_unit_test(an_idx_pair_that_does_not_match_is_refused),
        cmocka_unit_test(an_image_pickle_gives_images_and_labels),
        cmocka_unit_test(images_of_other_classes_are_left_out_on_request),
        cmocka_unit_test(pickles_without_the_right_arrays_are_refused),
        cmocka_unit_test(a_file_reads_the_same_compressed_or_not),
        cmocka_unit_test(a_file_with_another_checksum_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
