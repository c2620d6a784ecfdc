/* The texts of a table's header: format, space, datasets, setups. */
#include "store/table_open.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json_scan.h"

static nb_status no_memory(const nb_table *table, nb_error *err)
{
    return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for the header", table->name);
}

static nb_status need_text(const nb_table *table, const char *key, const char **out, nb_error *err)
{
    *out = nb_safetensors_metadata(&table->file, key);
    return *out ? NB_OK : nb_fail(err, NB_ERR_FORMAT, "%s: not a nasbench table: no '%s' in its metadata", table->name, key);
}

static nb_status need_exact(const nb_table *table, const char *key, const char *expected, nb_status status, nb_error *err)
{
    const char *found;
    NB_TRY(need_text(table, key, &found, err));
    if (strcmp(found, expected) == 0)
        return NB_OK;
    return nb_fail(err, status, "%s: metadata '%s' is '%.60s', '%s' expected", table->name, key, found, expected);
}

/* Makes room for one more item of an array that doubles. NULL without memory; the array then stays as it is. */
static void *grown(void *items, size_t count, size_t item_size)
{
    bool full = count == 0 || (count >= 4 && (count & (count - 1)) == 0);
    if (!full)
        return items;
    return realloc(items, (count ? 2 * count : 4) * item_size);
}

static nb_status read_number(nb_json_scan *scan, uint64_t limit, uint32_t *out, nb_error *err)
{
    uint64_t value = 0;
    NB_TRY(nb_json_unsigned(scan, &value, err));
    if (value > limit)
        return nb_json_fail(scan, err, "a number that is too large here");
    *out = (uint32_t)value;
    return NB_OK;
}

/* [n, n, ...] with each n below `limit` and none twice. */
static nb_status read_order(nb_json_scan *scan, uint32_t limit, nb_order *order, nb_error *err)
{
    uint64_t seen = 0;
    order->count = 0;
    NB_TRY(nb_json_expect(scan, '[', err));
    if (nb_json_accept(scan, ']'))
        return NB_OK;
    do {
        uint32_t item = 0;
        NB_TRY(read_number(scan, UINT32_MAX, &item, err));
        if (item >= limit || item >= 64 || (seen & (uint64_t)1 << item))
            return nb_json_fail(scan, err, "a list of different numbers of the list before expected");
        seen |= (uint64_t)1 << item;
        order->items[order->count++] = (uint8_t)item;
    } while (nb_json_accept(scan, ','));
    return nb_json_expect(scan, ']', err);
}

/* [[...], ...] */
static nb_status read_orders(nb_json_scan *scan, uint32_t limit, nb_order **orders, uint32_t *count, nb_error *err)
{
    NB_TRY(nb_json_expect(scan, '[', err));
    if (nb_json_accept(scan, ']'))
        return NB_OK;
    do {
        nb_order *more = grown(*orders, *count, sizeof **orders);
        if (!more)
            return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for the header", scan->name);
        *orders = more;
        NB_TRY(read_order(scan, limit, &more[*count], err));
        ++*count;
    } while (nb_json_accept(scan, ','));
    return nb_json_expect(scan, ']', err);
}

/* ["name", ...], at most `limit`. */
static nb_status read_names(nb_json_scan *scan, uint32_t limit, const char ***names, uint32_t *count, nb_error *err)
{
    NB_TRY(nb_json_expect(scan, '[', err));
    if (nb_json_accept(scan, ']'))
        return NB_OK;
    do {
        if (*count == limit)
            return nb_json_fail(scan, err, "a list that is too long");
        const char **more = grown(*names, *count, sizeof **names);
        if (!more)
            return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for the header", scan->name);
        *names = more;
        NB_TRY(nb_json_string(scan, &more[*count], err));
        ++*count;
    } while (nb_json_accept(scan, ','));
    return nb_json_expect(scan, ']', err);
}

static nb_status read_seeds(nb_json_scan *scan, nb_setup *setup, nb_error *err)
{
    uint32_t *seeds = NULL;
    uint32_t count = 0;
    NB_TRY(nb_json_expect(scan, '[', err));
    nb_status status = NB_OK;
    if (!nb_json_accept(scan, ']')) {
        do {
            uint32_t *more = grown(seeds, count, sizeof *seeds);
            if (!more)
                status = nb_fail(err, NB_ERR_MEMORY, "%s: no memory for the header", scan->name);
            seeds = more ? more : seeds;
            if (status == NB_OK)
                status = read_number(scan, UINT32_MAX, &seeds[count], err);
            count += status == NB_OK;
        } while (status == NB_OK && nb_json_accept(scan, ','));
        if (status == NB_OK)
            status = nb_json_expect(scan, ']', err);
    }
    setup->info.seeds = seeds; /* owned from here on, also after a failure */
    setup->info.seed_count = count;
    return status;
}

/* ---------------------------------------------------------------- one setup */

enum {
    DATASET,
    SCHEDULE,
    EPOCHS,
    TRIALS,
    ROWS,
    MAX_TRIALS,
    SEEDS,
    SPLITS,
    EVAL_ORDERS,
    CHANNELS,
    CELLS,
    CLASSES,
    GENOTYPE,
    POINTS,
    IMAGES,
    KEY_COUNT
};

static const char *const SETUP_KEYS[KEY_COUNT] = {"dataset",    "schedule", "epochs",   "trials",      "rows",
                                                  "max_trials", "seeds",    "splits",   "eval_orders", "channels",
                                                  "cells",      "classes",  "genotype", "points",      "images"};

static int setup_key(const char *key)
{
    for (int i = 0; i < KEY_COUNT; i++) {
        if (strcmp(key, SETUP_KEYS[i]) == 0)
            return i;
    }
    return -1;
}

static nb_status read_splits(nb_json_scan *scan, nb_setup *setup, nb_error *err)
{
    const char **names = NULL;
    nb_status status = read_names(scan, NB_SPLITS_MAX, &names, &setup->info.split_count, err);
    setup->info.splits = names;
    return status;
}

static nb_status read_setup_value(nb_json_scan *scan, int key, nb_setup *setup, nb_error *err)
{
    nb_setup_info *info = &setup->info;
    switch (key) {
    case DATASET:
        return nb_json_string(scan, &info->dataset, err);
    case SCHEDULE:
        return nb_json_string(scan, &info->schedule, err);
    case EPOCHS:
        return read_number(scan, NB_EPOCHS_MAX, &info->epochs, err);
    case TRIALS:
        return read_number(scan, UINT32_MAX - 1, &info->trials, err);
    case ROWS:
        return read_number(scan, UINT32_MAX, &info->rows_with_trial, err);
    case MAX_TRIALS:
        return read_number(scan, UINT32_MAX, &info->max_trials_per_row, err);
    case SEEDS:
        return read_seeds(scan, setup, err);
    case SPLITS:
        return read_splits(scan, setup, err);
    case EVAL_ORDERS: /* split numbers are checked when the splits are known */
        return read_orders(scan, NB_SPLITS_MAX, &setup->orders, &setup->order_count, err);
    case CHANNELS:
        return read_number(scan, UINT32_MAX, &info->config.channels, err);
    case CELLS:
        return read_number(scan, UINT32_MAX, &info->config.cells, err);
    case CLASSES:
        return read_number(scan, UINT32_MAX, &info->config.classes, err);
    case POINTS:
        return read_number(scan, NB_POINTS_MAX, &setup->points, err);
    case IMAGES:
        return read_number(scan, UINT32_MAX, &setup->images, err);
    default:
        return nb_json_string(scan, &info->config.genotype, err);
    }
}

static nb_status read_setup(nb_json_scan *scan, nb_setup *setup, nb_error *err)
{
    unsigned seen = 0;
    NB_TRY(nb_json_expect(scan, '{', err));
    do {
        const char *name;
        NB_TRY(nb_json_string(scan, &name, err));
        NB_TRY(nb_json_expect(scan, ':', err));
        int key = setup_key(name);
        if (key < 0 || (seen & 1u << key))
            return nb_json_fail(scan, err, "a key that a setup does not have, or has twice");
        seen |= 1u << key;
        NB_TRY(read_setup_value(scan, key, setup, err));
    } while (nb_json_accept(scan, ','));
    NB_TRY(nb_json_expect(scan, '}', err));
    unsigned needed = (1u << GENOTYPE) - 1; /* the keys after these may be missing */
    return (seen & needed) == needed ? NB_OK : nb_json_fail(scan, err, "a setup without all of its keys");
}

static nb_status check_setup(const nb_table *table, nb_setup *setup, nb_error *err)
{
    nb_setup_info *info = &setup->info;
    bool known = false;
    for (uint32_t i = 0; i < table->dataset_count && !known; i++) {
        known = strcmp(table->datasets[i], info->dataset) == 0;
        setup->dataset = i;
    }
    if (!known || info->epochs == 0 || setup->order_count == 0)
        return nb_fail(err, NB_ERR_FORMAT, "%s: setup %s/%s: %s", table->name, info->dataset, info->schedule,
                       !known          ? "a dataset that is not in the list"
                       : !info->epochs ? "no epochs"
                                       : "no order of evaluation sets");
    for (uint32_t i = 0; i < setup->order_count; i++) {
        for (uint32_t k = 0; k < setup->orders[i].count; k++) {
            if (setup->orders[i].items[k] >= info->split_count)
                return nb_fail(err, NB_ERR_FORMAT, "%s: setup %s/%s: split number %u, there are %u", table->name, info->dataset,
                               info->schedule, setup->orders[i].items[k], info->split_count);
        }
    }
    for (uint32_t i = 0; i < table->setup_count; i++) {
        if (strcmp(table->setups[i].info.dataset, info->dataset) == 0 && strcmp(table->setups[i].info.schedule, info->schedule) == 0)
            return nb_fail(err, NB_ERR_FORMAT, "%s: setup %s/%s is there twice", table->name, info->dataset, info->schedule);
    }
    return NB_OK;
}

static nb_status read_setups(nb_json_scan *scan, nb_table *table, nb_error *err)
{
    NB_TRY(nb_json_expect(scan, '[', err));
    if (nb_json_accept(scan, ']'))
        return NB_OK;
    do {
        nb_setup *setups = grown(table->setups, table->setup_count, sizeof *setups);
        if (!setups)
            return no_memory(table, err);
        table->setups = setups;
        nb_setup *setup = &setups[table->setup_count];
        *setup = (nb_setup){0};
        nb_status status = read_setup(scan, setup, err);
        if (status == NB_OK)
            status = check_setup(table, setup, err);
        table->setup_count++; /* counted also after a failure, to be freed */
        if (status != NB_OK)
            return status;
    } while (nb_json_accept(scan, ','));
    return nb_json_expect(scan, ']', err);
}

/* ---------------------------------------------------------------- the whole */

/* Distinct schedules of the setups, in their order. */
static nb_status list_schedules(nb_table *table, nb_error *err)
{
    table->schedules = malloc((table->setup_count + 1) * sizeof *table->schedules);
    table->dataset_order_of_row = calloc(table->setup_count + 1, sizeof *table->dataset_order_of_row);
    if (!table->schedules || !table->dataset_order_of_row)
        return no_memory(table, err);
    for (uint32_t i = 0; i < table->setup_count; i++) {
        const char *schedule = table->setups[i].info.schedule;
        bool known = false;
        for (uint32_t k = 0; k < table->schedule_count && !known; k++)
            known = strcmp(table->schedules[k], schedule) == 0;
        if (!known)
            table->schedules[table->schedule_count++] = schedule;
    }
    return NB_OK;
}

static nb_json_scan scan_of(const nb_table *table, const char *text, char *strings)
{
    return (nb_json_scan){.start = text, .next = text, .end = text + strlen(text), .name = table->name, .strings = strings};
}

static nb_status read_lists(nb_table *table, nb_error *err)
{
    const char *datasets, *setups, *orders;
    NB_TRY(need_text(table, NB_META_DATASETS, &datasets, err));
    NB_TRY(need_text(table, NB_META_SETUPS, &setups, err));
    NB_TRY(need_text(table, NB_META_DATASET_ORDERS, &orders, err));
    table->strings = malloc(strlen(datasets) + strlen(setups) + strlen(orders) + 1);
    if (!table->strings)
        return no_memory(table, err);

    nb_json_scan scan = scan_of(table, datasets, table->strings);
    nb_status status = read_names(&scan, NB_DATASETS_MAX, &table->datasets, &table->dataset_count, err);
    if (status == NB_OK)
        status = nb_json_end(&scan, err);
    if (status != NB_OK)
        return nb_prefix(err, status, "metadata '%s'", NB_META_DATASETS);

    scan = scan_of(table, orders, scan.strings);
    status = read_orders(&scan, table->dataset_count, &table->dataset_orders, &table->dataset_order_count, err);
    if (status == NB_OK)
        status = nb_json_end(&scan, err);
    if (status != NB_OK)
        return nb_prefix(err, status, "metadata '%s'", NB_META_DATASET_ORDERS);

    scan = scan_of(table, setups, scan.strings);
    status = read_setups(&scan, table, err);
    if (status == NB_OK)
        status = nb_json_end(&scan, err);
    if (status != NB_OK)
        return nb_prefix(err, status, "metadata '%s'", NB_META_SETUPS);
    return list_schedules(table, err);
}

static nb_status read_identity(nb_table *table, nb_error *err)
{
    NB_TRY(need_exact(table, NB_META_FORMAT, NB_TABLE_FORMAT, NB_ERR_FORMAT, err));
    NB_TRY(need_exact(table, NB_META_VERSION, NB_TABLE_FORMAT_VERSION, NB_ERR_UNSUPPORTED, err));
    const char *space, *flavour;
    NB_TRY(need_text(table, NB_META_SPACE, &space, err));
    NB_TRY(need_text(table, NB_META_FLAVOUR, &flavour, err));
    table->info.space = nb_space_find(space, err);
    if (!table->info.space)
        return nb_prefix(err, NB_ERR_UNSUPPORTED, "%s", table->name);
    nb_status status = nb_flavour_parse(flavour, &table->info.flavour, err);
    if (status != NB_OK)
        return nb_prefix(err, NB_ERR_UNSUPPORTED, "%s", table->name);
    const char *benchmark = nb_safetensors_metadata(&table->file, NB_META_BENCHMARK);
    const char *source = nb_safetensors_metadata(&table->file, NB_META_SOURCE);
    table->info.benchmark = benchmark ? benchmark : "";
    table->info.source = source ? source : "";
    return NB_OK;
}

nb_status nb_table_read_metadata(nb_table *table, nb_error *err)
{
    NB_TRY(read_identity(table, err));
    return read_lists(table, err);
}
