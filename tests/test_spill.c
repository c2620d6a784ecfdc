#include "support.h"

#include "nasbench/random.h"

#include "store/checksum.h"
#include "store/names.h"
#include "store/spill.h"

/* ---------------------------------------------------------------- spill */

static void what_was_spilled_is_read_again_from_memory_and_from_the_file(void **state)
{
    (void)state;
    enum { PIECES = 3000, LARGEST = 4000 };
    char *path = scratch_path("target");
    nb_spill spill = nb_spill_for(path);
    nb_rng rng = nb_rng_seed(4, 4);
    static uint64_t offsets[PIECES];
    static size_t sizes[PIECES];
    for (size_t i = 0; i < PIECES; i++) {
        void *place;
        sizes[i] = nb_rng_below(&rng, LARGEST);
        offsets[i] = nb_spill_end(&spill);
        assert_int_equal(nb_spill_append(&spill, sizes[i] + 16, &place, NULL), NB_OK);
        memset(place, (int)(i % 251), sizes[i]);
        nb_spill_take_back(&spill, 16);
    }
    assert_true(spill.flushed > 0); /* some are in the file */
    assert_true(spill.used > 0);    /* and some are not */
    static uint8_t read[LARGEST * 2], expected[LARGEST];
    for (size_t i = 0; i < PIECES; i++) {
        assert_int_equal(nb_spill_read(&spill, offsets[i], read, sizes[i], NULL), NB_OK);
        memset(expected, (int)(i % 251), sizes[i]);
        assert_memory_equal(read, expected, sizes[i]);
    }
    /* A piece that begins in the file and ends in memory. */
    assert_int_equal(nb_spill_read(&spill, spill.flushed - 100, read, 200 < spill.used ? 200 : 100 + spill.used, NULL), NB_OK);
    nb_spill_free(&spill);
    free(path);
}

static void a_spill_without_a_folder_is_an_error(void **state)
{
    (void)state;
    char *path = scratch_path("missing/target");
    nb_spill spill = nb_spill_for(path);
    nb_error err;
    nb_status status = NB_OK;
    void *place;
    for (int i = 0; i < 10 && status == NB_OK; i++)
        status = nb_spill_append(&spill, 1 << 20, &place, &err);
    assert_int_equal(status, NB_ERR_IO);
    nb_spill_free(&spill);
    free(path);
}

/* ---------------------------------------------------------------- checksums */

static void a_checksum_weighs_each_element_with_an_odd_number(void **state)
{
    (void)state;
    const uint8_t bytes[4] = {1, 2, 3, 255};
    const uint16_t shorts[2] = {1, 65535};
    const uint32_t words[2] = {7, 4000000000u};
    const uint64_t longs[2] = {UINT64_MAX, 5};
    assert_true(nb_checksum(bytes, 1, 4, 0) == 1 * 1 + 2 * 3 + 3 * 5 + 255 * 7);
    assert_true(nb_checksum(shorts, 2, 2, 0) == 1 + 65535 * 3);
    assert_true(nb_checksum(words, 4, 2, 0) == 7 + 12000000000u);
    assert_true(nb_checksum(longs, 8, 2, 0) == UINT64_MAX + 15);
}

static void pieces_of_a_checksum_add_up_in_any_order(void **state)
{
    (void)state;
    double values[100];
    nb_rng rng = nb_rng_seed(8, 8);
    for (int i = 0; i < 100; i++)
        values[i] = nb_rng_uniform(&rng);
    uint64_t whole = nb_checksum(values, 8, 100, 0);
    assert_true(nb_checksum(values + 37, 8, 63, 37) + nb_checksum(values, 8, 37, 0) == whole);
    double held = values[3];
    values[3] = values[90];
    values[90] = held;
    assert_true(nb_checksum(values, 8, 100, 0) != whole);
}

/* ---------------------------------------------------------------- schedules */

static void schedules_are_ordered_by_epochs(void **state)
{
    (void)state;
    assert_string_equal(nb_schedule_canonical("less"), "12");
    assert_string_equal(nb_schedule_canonical("full"), "200");
    assert_string_equal(nb_schedule_canonical("90"), "90");
    assert_true(nb_schedule_compare("01", "12") < 0);
    assert_true(nb_schedule_compare("90", "200") < 0);
    assert_true(nb_schedule_compare("200", "12") > 0);
    assert_true(nb_schedule_compare("200", "mine") < 0);
    assert_true(nb_schedule_compare("mine", "200") > 0);
    assert_true(nb_schedule_compare("a", "b") < 0);
    assert_int_equal(nb_schedule_compare("12", "12"), 0);
    assert_int_not_equal(nb_schedule_compare("1", "01"), 0);
    assert_true(nb_schedule_same_epochs("1", "01"));
    assert_false(nb_schedule_same_epochs("mine", "yours"));
    assert_false(nb_schedule_same_epochs("", "0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_spilled_is_read_again_from_memory_and_from_the_file),
        cmocka_unit_test(a_spill_without_a_folder_is_an_error),
        cmocka_unit_test(a_checksum_weighs_each_element_with_an_odd_number),
        cmocka_unit_test(pieces_of_a_checksum_add_up_in_any_order),
        cmocka_unit_test(schedules_are_ordered_by_epochs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
