/* The published splits: the halves of CIFAR-10 by their rule, those of the CIFAR-100 and ImageNet16-120 test sets by their lists. */
#include "support.h"

#include "base/sha256.h"
#include "train/splits.h"

#define CIFAR_IMAGES 50000

static void cifar10_halves_are_the_published_ones(void **state)
{
    (void)state;
    static uint32_t train[CIFAR_IMAGES / 2], valid[CIFAR_IMAGES / 2];
    nb_error err;
    assert_int_equal(nb_split_halves(CIFAR_IMAGES, train, valid, &err), NB_OK);
    const uint32_t first[] = {0, 5, 7, 11, 13, 15, 16, 17, 20, 24};
    assert_memory_equal(train, first, sizeof first);
    assert_int_equal(train[10], 26);
    assert_int_equal(train[111], 203);
    assert_int_equal(valid[0], 1);
    assert_int_equal(valid[10], 18);
    assert_int_equal(valid[111], 242);

    static char text[CIFAR_IMAGES / 2 * 6];
    size_t used = 0;
    for (size_t i = 0; i < CIFAR_IMAGES / 2; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%u", i ? "," : "", train[i]);
    char digest[NB_SHA256_TEXT_SIZE];
    nb_sha256_text(text, used, digest);
    assert_string_equal(digest, "b32573c51d975768a11c0d1540e625040790e2287a603c857413bd78ca68eb94");
}

static void halves_of_any_number_cover_it_once(void **state)
{
    (void)state;
    for (uint32_t count = 0; count < 40; count++) {
        uint32_t train[40], valid[40];
        bool seen[40] = {false};
        assert_int_equal(nb_split_halves(count, train, valid, NULL), NB_OK);
        for (uint32_t i = 0; i < count / 2; i++)
            seen[train[i]] = true;
        for (uint32_t i = 0; i < count - count / 2; i++) {
            assert_false(seen[valid[i]]);
            seen[valid[i]] = true;
        }
        for (uint32_t i = 0; i < count; i++)
            assert_true(seen[i]);
    }
}

static void the_lists_are_the_published_ones(void **state)
{
    (void)state;
    char digest[NB_SHA256_TEXT_SIZE];
    nb_sha256_text(nb_cifar100_test_xvalid, sizeof nb_cifar100_test_xvalid, digest);
    assert_string_equal(digest, "0e3d28362cc4a95028690e2b59fc23a9763f1f9eee03bb5de62bc5ee983609fc");
    nb_sha256_text(nb_imagenet16_test_xvalid, sizeof nb_imagenet16_test_xvalid, digest);
    assert_string_equal(digest, "dcf46343a3f6355562d9cf983672e2482af6264093f9a1e41004ecbb34913201");
}

static void the_lists_halve_the_test_sets(void **state)
{
    (void)state;
    static uint32_t members[NB_CIFAR100_TEST_IMAGES], others[NB_CIFAR100_TEST_IMAGES];
    assert_int_equal(nb_split_by_bits(nb_cifar100_test_xvalid, NB_CIFAR100_TEST_IMAGES, 50000, members, others), 5000);
    /* 0x5c = 01011100: positions 1, 3, 4, 5 are x-valid, 0, 2, 6, 7 x-test. */
    const uint32_t valid[] = {50001, 50003, 50004, 50005}, test[] = {50000, 50002, 50006, 50007};
    assert_memory_equal(members, valid, sizeof valid);
    assert_memory_equal(others, test, sizeof test);
    assert_int_equal(nb_split_by_bits(nb_imagenet16_test_xvalid, NB_IMAGENET16_TEST_IMAGES, 0, members, others), 3000);
    assert_int_equal(members[0], 1); /* 0x73 = 01110011 */
    assert_int_equal(others[0], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cifar10_halves_are_the_published_ones),
        cmocka_unit_test(halves_of_any_number_cover_it_once),
        cmocka_unit_test(the_lists_are_the_published_ones),
        cmocka_unit_test(the_lists_halve_the_test_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
