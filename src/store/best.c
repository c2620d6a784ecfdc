/* find_best and statistics. */
#include "nasbench/query.h"

#include <math.h>
#include <string.h>

#include "base/error.h"

#include "store/costs.h"
#include "store/table.h"

/* ---------------------------------------------------------------- names */

void nb_remap_split(const char **dataset, const char **split)
{
    bool valid = strcmp(*split, "valid") == 0, test = strcmp(*split, "test") == 0;
    bool cifar10 = strcmp(*dataset, "cifar10") == 0;
    bool two_halves = strcmp(*dataset, "cifar100") == 0 || strcmp(*dataset, "ImageNet16-120") == 0;
    if (cifar10 && valid) {
        *dataset = "cifar10-valid";
        *split = "x-valid";
    } else if (cifar10 && test) {
        *split = "ori-test";
    } else if (two_halves && valid) {
        *split = "x-valid";
    } else if (two_halves && test) {
        *split = "x-test";
    }
}

/* ---------------------------------------------------------------- limits */

static bool within(double cost, double limit)
{
    return limit == 0 || cost <= limit; /* an unknown cost, NaN, is not within */
}

/* Whether the row's costs pass. Looked at only for rows that would be among the best. */
static bool passes(const nb_table *table, const nb_setup *setup, const nb_best_spec *spec, uint32_t row)
{
    if (spec->max_flops == 0 && spec->max_params == 0 && spec->max_latency == 0)
        return true;
    nb_flavour flavour = table->info.flavour;
    uint32_t first, count = nb_setup_trials(setup, row, &first);
    double flops = 0, params = 0, latency = 0;
    if (spec->max_flops != 0 && !nb_setup_row_cost(setup, &setup->flops, first, count, flavour, &flops))
        return false;
    if (spec->max_params != 0 && !nb_setup_row_cost(setup, &setup->params, first, count, flavour, &params))
        return false;
    if (spec->max_latency != 0 && !nb_setup_row_latency(setup, first, count, flavour, &latency))
        return false;
    return within(flops, spec->max_flops) && within(params, spec->max_params) && within(latency, spec->max_latency);
}

/* ---------------------------------------------------------------- the best */

/* Up to `capacity` rows as a heap with the worst on top, so that a better one takes its place. */
typedef struct best_heap {
    nb_best *items;
    uint32_t count;
    uint32_t capacity;
    bool lowest_first;
} best_heap;

/* Whether a comes before b: the better value, then the lower row. */
static bool is_better(const best_heap *heap, const nb_best *a, const nb_best *b)
{
    if (a->value != b->value)
        return heap->lowest_first ? a->value < b->value : a->value > b->value;
    return a->row < b->row;
}

static void swap(nb_best *a, nb_best *b)
{
    nb_best held = *a;
    *a = *b;
    *b = held;
}

/* Restores the heap below position i within the first `count` items. */
static void sift_down(const best_heap *heap, uint32_t i, uint32_t count)
{
    for (;;) {
        uint32_t worst = i;
        for (uint32_t child = 2 * i + 1; child <= 2 * i + 2 && child < count; child++) {
            if (is_better(heap, &heap->items[worst], &heap->items[child]))
                worst = child;
        }
        if (worst == i)
            return;
        swap(&heap->items[i], &heap->items[worst]);
        i = worst;
    }
}

static void sift_up(const best_heap *heap, uint32_t i)
{
    while (i > 0 && is_better(heap, &heap->items[(i - 1) / 2], &heap->items[i])) {
        swap(&heap->items[i], &heap->items[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
}

/* Whether a row would be among the best so far. */
static bool would_enter(const best_heap *heap, const nb_best *item)
{
    return heap->count < heap->capacity || is_better(heap, item, &heap->items[0]);
}

static void enter(best_heap *heap, const nb_best *item)
{
    if (heap->count < heap->capacity) {
        heap->items[heap->count] = *item;
        sift_up(heap, heap->count++);
    } else {
        heap->items[0] = *item;
        sift_down(heap, 0, heap->count);
    }
}

/* From a heap to a list, best first. */
static void sort_heap(const best_heap *heap)
{
    for (uint32_t end = heap->count; end > 1; end--) {
        swap(&heap->items[0], &heap->items[end - 1]);
        sift_down(heap, 0, end - 1);
    }
}

nb_status nb_table_best(const nb_table *table, const nb_best_spec *spec, nb_best *out, uint32_t capacity, uint32_t *count, nb_error *err)
{
    nb_query query;
    NB_TRY(nb_query_compile(table, &spec->query, &query, err));
    *count = 0;
    if (capacity == 0)
        return NB_OK;
    bool lowest_first = spec->query.metric == NB_METRIC_LOSS || spec->query.metric == NB_METRIC_TIME;
    best_heap heap = {.items = out, .capacity = capacity, .lowest_first = lowest_first};
    for (uint32_t row = 0; row < table->info.rows; row++) {
        nb_best item = {.row = row};
        if (!nb_query_get(&query, row, &item.value) || isnan(item.value) || !would_enter(&heap, &item))
            continue;
        if (nb_table_is_evaluated(table, row) && passes(table, query.setup, spec, row))
            enter(&heap, &item);
    }
    sort_heap(&heap);
    *count = heap.count;
    return NB_OK;
}

/* ---------------------------------------------------------------- statistics */

uint32_t nb_table_statistics(const nb_table *table, const char *dataset, const char *schedule, bool evaluated_only, uint32_t *counts,
                             uint32_t capacity)
{
    int number = nb_table_setup(table, dataset, schedule);
    uint32_t used = 0;
    for (uint32_t i = 0; i < capacity; i++)
        counts[i] = 0;
    for (uint32_t row = 0; row < table->info.rows; row++) {
        if (evaluated_only && !nb_table_is_evaluated(table, row))
            continue;
        uint32_t first, trials = number < 0 ? 0 : nb_setup_trials(&table->setups[number], row, &first);
        if (trials < capacity)
            counts[trials]++;
        used = trials + 1 > used ? trials + 1 : used;
    }
    return used;
}
