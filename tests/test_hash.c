/* Checksums: the published test vectors, and one digest whatever the pieces the message comes in. */
#include "support.h"

#include "base/hex.h"
#include "base/md5.h"
#include "base/sha256.h"

static void sha256_gives_the_published_digests(void **state)
{
    (void)state;
    char text[NB_SHA256_TEXT_SIZE];
    nb_sha256_text("", 0, text);
    assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    nb_sha256_text("abc", 3, text);
    assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    const char *two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    nb_sha256_text(two_blocks, strlen(two_blocks), text);
    assert_string_equal(text, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void md5_gives_the_published_digests(void **state)
{
    (void)state;
    char text[NB_MD5_TEXT_SIZE];
    nb_md5_text("", 0, text);
    assert_string_equal(text, "d41d8cd98f00b204e9800998ecf8427e");
    nb_md5_text("abc", 3, text);
    assert_string_equal(text, "900150983cd24fb0d6963f7d28e17f72");
    const char *digits = "12345678901234567890123456789012345678901234567890123456789012345678901234567890";
    nb_md5_text(digits, strlen(digits), text);
    assert_string_equal(text, "57edf4a22be3c955ac49da2e2107b67a");
}

static void a_message_in_pieces_has_the_digest_of_the_whole(void **state)
{
    (void)state;
    uint8_t message[300];
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (uint8_t)(i * 37 + 11);
    for (size_t size = 0; size <= sizeof message; size += 7) {
        char whole_sha[NB_SHA256_TEXT_SIZE], whole_md5[NB_MD5_TEXT_SIZE];
        nb_sha256_text(message, size, whole_sha);
        nb_md5_text(message, size, whole_md5);
        for (size_t step = 1; step < 130; step += 9) {
            nb_sha256 sha;
            nb_md5 md5;
            nb_sha256_init(&sha);
            nb_md5_init(&md5);
            for (size_t at = 0; at < size; at += step) {
                size_t piece = size - at < step ? size - at : step;
                nb_sha256_add(&sha, message + at, piece);
                nb_md5_add(&md5, message + at, piece);
            }
            uint8_t digest[NB_SHA256_SIZE];
            char text[NB_SHA256_TEXT_SIZE];
            nb_sha256_finish(&sha, digest);
            nb_hex(digest, NB_SHA256_SIZE, text);
            assert_string_equal(text, whole_sha);
            nb_md5_finish(&md5, digest);
            nb_hex(digest, NB_MD5_SIZE, text);
            assert_string_equal(text, whole_md5);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_the_published_digests),
        cmocka_unit_test(md5_gives_the_published_digests),
        cmocka_unit_test(a_message_in_pieces_has_the_digest_of_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
