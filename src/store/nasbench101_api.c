#include "nasbench/nasbench101_api.h"

#include "base/error.h"
#include "base/hex.h"
#include "base/text.h"

#include "store/table.h"

/* The splits of an imported table. */
enum { TRAIN, VALID, TEST, SPLITS };

nb_status nb_api101_init(const nb_table *table, uint64_t seed, nb_api101 *api, nb_error *err)
{
    *api = (nb_api101){.table = table};
    nb_mt19937_seed(&api->random, seed);
    for (uint32_t i = 0; i < table->setup_count; i++) { /* ascending by epochs */
        const nb_setup *setup = &table->setups[i];
        bool ours = setup->points >= 2 && setup->info.split_count == SPLITS && table->row_params;
        if (!ours || nb_space_get_id(table->info.space) != NB_SPACE_GRAPH || api->budget_count == NB_API101_BUDGETS_MAX)
            return nb_fail(err, NB_ERR_UNSUPPORTED, "%s: not a table of NAS-Bench-101's files", table->name);
        api->setups[api->budget_count] = i;
        api->budgets[api->budget_count++] = setup->info.epochs;
    }
    if (api->budget_count == 0)
        return nb_fail(err, NB_ERR_UNSUPPORTED, "%s: not a table of NAS-Bench-101's files", table->name);
    return NB_OK;
}

uint32_t nb_api101_epochs(const nb_api101 *api, uint32_t *epochs, uint32_t room)
{
    for (uint32_t i = 0; i < api->budget_count && i < room; i++)
        epochs[i] = api->budgets[i];
    return api->budget_count;
}

bool nb_api101_is_valid(const nb_modelspec *spec)
{
    return nb_modelspec_check(spec) == NB_DOMAIN101_OK;
}

/* ---------------------------------------------------------------- what is asked for */

static nb_status unknown_epochs(const nb_api101 *api, uint32_t epochs, nb_error *err)
{
    nb_text text = {0};
    nb_text_printf(&text, "%s: %u: invalid number of epochs, must be one of ", api->table->name, epochs);
    for (uint32_t i = 0; i < api->budget_count; i++)
        nb_text_printf(&text, "%s%u", i ? ", " : "{", api->budgets[i]);
    nb_text_puts(&text, "}");
    nb_fail(err, NB_ERR_ARGUMENT, "%s", text.failed ? "invalid number of epochs" : text.data);
    nb_text_free(&text);
    return NB_ERR_ARGUMENT;
}

static nb_status find_setup(const nb_api101 *api, uint32_t epochs, const nb_setup **out, nb_error *err)
{
    for (uint32_t i = 0; i < api->budget_count; i++)
        if (api->budgets[i] == epochs) {
            *out = &api->table->setups[api->setups[i]];
            return NB_OK;
        }
    return unknown_epochs(api, epochs, err);
}

static nb_status check_row(const nb_api101 *api, uint32_t row, nb_error *err)
{
    if (row < api->table->info.rows)
        return NB_OK;
    return nb_fail(err, NB_ERR_NOT_FOUND, "%s: row %u: the table has %u", api->table->name, row, api->table->info.rows);
}

/* The runs of a row for that many epochs. */
static nb_status find_runs(const nb_api101 *api, uint32_t row, uint32_t epochs, const nb_setup **setup, uint32_t *first, uint32_t *count,
                           nb_error *err)
{
    NB_TRY(find_setup(api, epochs, setup, err));
    NB_TRY(check_row(api, row, err));
    *count = nb_setup_trials(*setup, row, first);
    if (*count > 0)
        return NB_OK;
    return nb_fail(err, NB_ERR_NOT_FOUND, "%s: row %u: no run of %u epochs", api->table->name, row, epochs);
}

nb_status nb_api101_row_of_hash(const nb_api101 *api, const uint8_t hash[NB_CELL101_HASH_SIZE], uint32_t *row, nb_error *err)
{
    int64_t found = nb_table_row_of_hash(api->table, hash);
    if (found >= 0) {
        *row = (uint32_t)found;
        return NB_OK;
    }
    char text[2 * NB_CELL101_HASH_SIZE + 1];
    nb_hex(hash, NB_CELL101_HASH_SIZE, text);
    return nb_fail(err, NB_ERR_NOT_FOUND, "%s: no cell with the hash %s", api->table->name, text);
}

nb_status nb_api101_row_of_spec(const nb_api101 *api, const nb_modelspec *spec, uint32_t *row, nb_error *err)
{
    nb_cell101 cell;
    NB_TRY(nb_modelspec_cell(spec, &cell, err));
    nb_arch arch = nb_cell101_to_arch(&cell);
    int64_t found = nb_table_row(api->table, &arch);
    if (found >= 0) {
        *row = (uint32_t)found;
        return NB_OK;
    }
    uint8_t hash[NB_CELL101_HASH_SIZE];
    nb_cell101_hash(&cell, hash);
    return nb_api101_row_of_hash(api, hash, row, err);
}

/* ---------------------------------------------------------------- numbers */

static nb_metrics101 metrics_at(const nb_setup *setup, uint32_t point, uint32_t trial)
{
    const nb_column *columns = nb_setup_point(setup, point);
    return (nb_metrics101){.training_time = nb_column_at(&columns[NB_POINT_TIME], trial),
                           .train_accuracy = nb_column_at(&columns[NB_POINT_ACCURACY + TRAIN], trial),
                           .validation_accuracy = nb_column_at(&columns[NB_POINT_ACCURACY + VALID], trial),
                           .test_accuracy = nb_column_at(&columns[NB_POINT_ACCURACY + TEST], trial)};
}

/* The last evaluation is the end, the one before it half-way. */
static uint32_t point_of(const nb_setup *setup, bool halfway)
{
    return setup->points - (halfway ? 2 : 1);
}

/* ---------------------------------------------------------------- query */

static void count_query(nb_api101 *api, uint32_t epochs, bool stop_halfway, const nb_result101 *result)
{
    api->seconds += result->metrics.training_time;
    api->epochs += stop_halfway ? epochs / 2 : epochs;
}

nb_status nb_api101_query_row(nb_api101 *api, uint32_t row, uint32_t epochs, bool stop_halfway, nb_result101 *out, nb_error *err)
{
    const nb_setup *setup = NULL;
    uint32_t first = 0, count = 0;
    NB_TRY(find_runs(api, row, epochs, &setup, &first, &count, err));
    uint32_t run = (uint32_t)nb_mt19937_below(&api->random, count);
    *out = (nb_result101){.row = row,
                          .run = run,
                          .trainable_parameters = api->table->row_params[row],
                          .metrics = metrics_at(setup, point_of(setup, stop_halfway), first + run)};
    count_query(api, epochs, stop_halfway, out);
    return NB_OK;
}

nb_status nb_api101_query(nb_api101 *api, const nb_modelspec *spec, uint32_t epochs, bool stop_halfway, nb_result101 *out, nb_error *err)
{
    const nb_setup *setup = NULL;
    uint32_t row = 0;
    NB_TRY(find_setup(api, epochs, &setup, err));
    NB_TRY(nb_api101_row_of_spec(api, spec, &row, err));
    return nb_api101_query_row(api, row, epochs, stop_halfway, out, err);
}

void nb_api101_budget(const nb_api101 *api, double *seconds, uint64_t *epochs)
{
    *seconds = api->seconds;
    *epochs = api->epochs;
}

void nb_api101_reset_budget(nb_api101 *api)
{
    api->seconds = 0;
    api->epochs = 0;
}

/* ---------------------------------------------------------------- statistics */

uint32_t nb_api101_row_at(const nb_api101 *api, uint32_t position)
{
    const nb_table *table = api->table;
    if (position >= table->info.rows || !table->source_order)
        return position;
    uint32_t row = table->source_order[position];
    return row < table->info.rows ? row : 0; /* a damaged file answers wrongly, but with a row */
}

nb_status nb_api101_fixed(const nb_api101 *api, uint32_t row, nb_fixed101 *out, nb_error *err)
{
    NB_TRY(check_row(api, row, err));
    nb_arch arch = nb_table_arch(api->table, row);
    nb_fixed101 fixed = {.trainable_parameters = api->table->row_params[row]};
    if (!nb_cell101_from_arch(&arch, &fixed.cell))
        return nb_fail(err, NB_ERR_CORRUPT, "%s: row %u: not a cell of NAS-Bench-101", api->table->name, row);
    *out = fixed;
    return NB_OK;
}

nb_status nb_api101_computed(const nb_api101 *api, uint32_t row, uint32_t epochs, nb_computed101 *out, uint32_t room, uint32_t *count,
                             nb_error *err)
{
    const nb_setup *setup = NULL;
    uint32_t first = 0;
    NB_TRY(find_runs(api, row, epochs, &setup, &first, count, err));
    for (uint32_t run = 0; run < *count && run < room; run++)
        out[run] = (nb_computed101){.halfway = metrics_at(setup, point_of(setup, true), first + run),
                                    .final = metrics_at(setup, point_of(setup, false), first + run)};
    return NB_OK;
}

static nb_metrics101 mean_at(const nb_setup *setup, uint32_t point, uint32_t first, uint32_t count)
{
    nb_metrics101 sum = {0};
    for (uint32_t run = 0; run < count; run++) {
        nb_metrics101 one = metrics_at(setup, point, first + run);
        sum.training_time += one.training_time;
        sum.train_accuracy += one.train_accuracy;
        sum.validation_accuracy += one.validation_accuracy;
        sum.test_accuracy += one.test_accuracy;
    }
    return (nb_metrics101){.training_time = sum.training_time / count,
                           .train_accuracy = sum.train_accuracy / count,
                           .validation_accuracy = sum.validation_accuracy / count,
                           .test_accuracy = sum.test_accuracy / count};
}

nb_status nb_api101_mean(const nb_api101 *api, uint32_t row, uint32_t epochs, nb_computed101 *out, nb_error *err)
{
    const nb_setup *setup = NULL;
    uint32_t first = 0, count = 0;
    NB_TRY(find_runs(api, row, epochs, &setup, &first, &count, err));
    *out = (nb_computed101){.halfway = mean_at(setup, point_of(setup, true), first, count),
                            .final = mean_at(setup, point_of(setup, false), first, count)};
    return NB_OK;
}

nb_status nb_api101_history(const nb_api101 *api, uint32_t row, uint32_t epochs, uint32_t run, nb_history101 *out, nb_error *err)
{
    const nb_setup *setup = NULL;
    uint32_t first = 0, count = 0;
    NB_TRY(find_runs(api, row, epochs, &setup, &first, &count, err));
    if (run >= count)
        return nb_fail(err, NB_ERR_NOT_FOUND, "%s: row %u: run %u of %u epochs: there are %u", api->table->name, row, run, epochs, count);
    *out = (nb_history101){.count = setup->points,
                           .total_time = nb_column_at(&setup->columns[nb_point_total(SPLITS, setup->points)], first + run)};
    for (uint32_t point = 0; point < setup->points; point++)
        out->evaluations[point] = (nb_evaluation101){.epoch = nb_column_at(&nb_setup_point(setup, point)[NB_POINT_EPOCH], first + run),
                                                     .metrics = metrics_at(setup, point, first + run)};
    return NB_OK;
}
