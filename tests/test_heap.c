/* The heap's watch, which leak and fault-injection tests rely on. */
#include "support.h"

#include "heap.h"

static void needs_the_watch(void **state)
{
    (void)state;
    if (!heap_is_watched())
        skip();
}

static void every_kind_of_allocation_is_counted(void **state)
{
    needs_the_watch(state);
    long before = heap_blocks();
    /* Volatile, or the compiler removes allocations that nobody looks at. */
    void *volatile a = malloc(100);
    void *volatile b = calloc(10, 10);
    void *volatile c = aligned_alloc(64, 128);
    void *d = NULL;
    assert_int_equal(posix_memalign(&d, 64, 100), 0);
    void *volatile e = strdup("from inside the C library");
    assert_int_equal(heap_blocks() - before, 5);
    void *volatile moved = realloc(a, 100000);
    assert_non_null(moved);
    assert_int_equal(heap_blocks() - before, 5);
    assert_true(heap_bytes() >= 100000);
    free(moved);
    free(b);
    free(c);
    free(d);
    free(e);
    assert_int_equal(heap_blocks(), before);
}

static void the_peak_is_remembered_until_it_is_forgotten(void **state)
{
    needs_the_watch(state);
    heap_forget_peak();
    size_t before = heap_peak();
    void *volatile block = malloc(1 << 20);
    free(block);
    assert_true(heap_peak() >= before + (1 << 20));
    heap_forget_peak();
    assert_true(heap_peak() < before + (1 << 20));
}

static void one_chosen_allocation_fails_and_the_next_succeeds(void **state)
{
    needs_the_watch(state);
    heap_fail_after(1);
    void *volatile first = malloc(1);
    void *volatile second = malloc(1);
    void *volatile third = malloc(1);
    bool failed = heap_has_failed();
    heap_fail_after(-1);
    assert_non_null(first);
    assert_null(second);
    assert_non_null(third);
    assert_true(failed);
    free(first);
    free(third);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_allocation_is_counted),
        cmocka_unit_test(the_peak_is_remembered_until_it_is_forgotten),
        cmocka_unit_test(one_chosen_allocation_fails_and_the_next_succeeds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
