/* Errors: one status, one message that never overflows. */
#include "support.h"

#include <errno.h>

#include "base/error.h"

static void fail_writes_status_and_message(void **state)
{
    (void)state;
    nb_error err;
    assert_int_equal(nb_fail(&err, NB_ERR_FORMAT, "%s: offset %d: bad magic", "a.pth", 12), NB_ERR_FORMAT);
    assert_int_equal(err.status, NB_ERR_FORMAT);
    assert_string_equal(err.message, "a.pth: offset 12: bad magic");
}

static void fail_without_a_struct_returns_the_status(void **state)
{
    (void)state;
    assert_int_equal(nb_fail(NULL, NB_ERR_IO, "lost"), NB_ERR_IO);
    assert_int_equal(nb_prefix(NULL, NB_ERR_IO, "lost"), NB_ERR_IO);
}

static void a_message_that_is_too_long_is_cut_and_marked(void **state)
{
    (void)state;
    char text[2 * NB_ERROR_MESSAGE_SIZE];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    nb_error err;
    nb_fail(&err, NB_ERR_FORMAT, "%s", text);
    assert_int_equal(strlen(err.message), NB_ERROR_MESSAGE_SIZE - 1);
    assert_string_equal(err.message + NB_ERROR_MESSAGE_SIZE - 4, "...");
    nb_prefix(&err, NB_ERR_CORRUPT, "file");
    assert_int_equal(err.status, NB_ERR_CORRUPT);
    assert_memory_equal(err.message, "file: xxx", 9);
    assert_int_equal(strlen(err.message), NB_ERROR_MESSAGE_SIZE - 1);
}

static void errno_is_spelled_out(void **state)
{
    (void)state;
    nb_error err;
    nb_fail_errno(&err, NB_ERR_IO, ENOENT, "%s", "missing.bin");
    assert_string_equal(err.message, "missing.bin: No such file or directory");
}

static void every_status_has_its_own_name(void **state)
{
    (void)state;
    for (int a = 0; a < NB_STATUS_COUNT; a++) {
        assert_string_not_equal(nb_status_name((nb_status)a), "unknown");
        for (int b = 0; b < a; b++)
            assert_string_not_equal(nb_status_name((nb_status)a), nb_status_name((nb_status)b));
    }
    assert_string_equal(nb_status_name(NB_STATUS_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fail_writes_status_and_message),
        cmocka_unit_test(fail_without_a_struct_returns_the_status),
        cmocka_unit_test(a_message_that_is_too_long_is_cut_and_marked),
        cmocka_unit_test(errno_is_spelled_out),
        cmocka_unit_test(every_status_has_its_own_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
