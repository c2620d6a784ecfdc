/* The hash table of 16-byte hashes: what was entered is found, nothing else is, and damage stays inside the arrays. */
#include "support.h"

#include "base/hash_slots.h"
#include "nasbench/random.h"

enum { COUNT = 1000 };

static void random_hashes(uint8_t (*hashes)[NB_HASH_SIZE], uint64_t seed)
{
    nb_rng rng = nb_rng_seed(seed, 0);
    for (int i = 0; i < COUNT; i++)
        for (int b = 0; b < NB_HASH_SIZE; b++)
            hashes[i][b] = (uint8_t)nb_rng_next(&rng);
}

static void slots_leave_room(void **state)
{
    (void)state;
    assert_int_equal(nb_hash_slot_count(0), 4);
    assert_int_equal(nb_hash_slot_count(2), 4);
    assert_int_equal(nb_hash_slot_count(3), 8);
    assert_int_equal(nb_hash_slot_count(423624), 1 << 20);
}

static void every_hash_is_found_and_no_other(void **state)
{
    (void)state;
    static uint8_t hashes[COUNT][NB_HASH_SIZE], others[COUNT][NB_HASH_SIZE];
    static uint32_t slots[2048];
    random_hashes(hashes, 1);
    random_hashes(others, 2);
    assert_int_equal(nb_hash_slot_count(COUNT), 2048);
    nb_hash_slots_fill(hashes[0], COUNT, slots, 2048);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(nb_hash_slots_find(hashes[0], COUNT, slots, 2048, hashes[i]), i);
        assert_int_equal(nb_hash_slots_find(hashes[0], COUNT, slots, 2048, others[i]), -1);
    }
}

static void hashes_with_one_beginning_go_round_the_end(void **state)
{
    (void)state;
    uint8_t hashes[5][NB_HASH_SIZE];
    uint32_t slots[16];
    memset(hashes, 0xff, sizeof hashes);
    for (uint8_t i = 0; i < 5; i++)
        hashes[i][15] = i;
    nb_hash_slots_fill(hashes[0], 5, slots, 16);
    assert_int_equal(slots[15], 1);
    assert_int_equal(slots[0], 2);
    for (int i = 0; i < 5; i++)
        assert_int_equal(nb_hash_slots_find(hashes[0], 5, slots, 16, hashes[i]), i);
}

static void damaged_slots_end_the_search(void **state)
{
    (void)state;
    uint8_t hashes[2][NB_HASH_SIZE] = {{1}, {2}};
    const uint8_t wanted[NB_HASH_SIZE] = {3};
    uint32_t full[4] = {1, 2, 1, 2}, wild[4] = {UINT32_MAX, 3, 77, 1u << 31};
    assert_int_equal(nb_hash_slots_find(hashes[0], 2, full, 4, wanted), -1);
    assert_int_equal(nb_hash_slots_find(hashes[0], 2, wild, 4, wanted), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_leave_room),
        cmocka_unit_test(every_hash_is_found_and_no_other),
        cmocka_unit_test(hashes_with_one_beginning_go_round_the_end),
        cmocka_unit_test(damaged_slots_end_the_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
