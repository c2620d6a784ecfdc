#include "ingest/runs101.h"

#include <stdlib.h>
#include <string.h>

nb_status nb_runs101_new(nb_runs101 **out, nb_error *err)
{
    nb_runs101 *runs = calloc(1, sizeof *runs);
    if (runs) {
        runs->indices = malloc(NB_CELL101_CELLS * sizeof *runs->indices);
        runs->numbers = calloc(NB_CELL101_CELLS, sizeof *runs->numbers);
        runs->cells = malloc(NB_CELL101_CELLS * sizeof *runs->cells);
        runs->params = malloc(NB_CELL101_CELLS * sizeof *runs->params);
        runs->flops = malloc(NB_CELL101_CELLS * sizeof *runs->flops);
        runs->last = malloc(NB_CELL101_CELLS * sizeof *runs->last);
    }
    if (!runs || !runs->indices || !runs->numbers || !runs->cells || !runs->params || !runs->flops || !runs->last) {
        nb_runs101_free(runs);
        return nb_fail(err, NB_ERR_MEMORY, "no memory for the cells of NAS-Bench-101");
    }
    *out = runs;
    return NB_OK;
}

static void free_sheet(nb_sheet101 *sheet)
{
    for (int i = 0; sheet && i < NB_COLUMNS101; i++)
        nb_column_free(&sheet->columns[i]);
    free(sheet);
}

void nb_runs101_free(nb_runs101 *runs)
{
    if (!runs)
        return;
    for (uint32_t b = 0; b < runs->budget_count; b++) {
        for (int r = 0; r < NB_RUNS101_REPEATS_MAX; r++)
            free_sheet(runs->budgets[b].sheets[r]);
        free(runs->budgets[b].runs);
    }
    free(runs->indices);
    free(runs->numbers);
    free(runs->cells);
    free(runs->params);
    free(runs->flops);
    free(runs->last);
    free(runs);
}

/* ---- adding ---- */

static nb_status find_budget(nb_runs101 *runs, uint32_t epochs, nb_budget101 **out, nb_error *err)
{
    for (uint32_t b = 0; b < runs->budget_count; b++)
        if (runs->budgets[b].epochs == epochs) {
            *out = &runs->budgets[b];
            return NB_OK;
        }
    if (runs->budget_count == NB_RUNS101_BUDGETS_MAX)
        return nb_fail(err, NB_ERR_UNSUPPORTED, "more than %d different numbers of epochs", NB_RUNS101_BUDGETS_MAX);
    uint8_t *counts = calloc(NB_CELL101_CELLS, 1);
    if (!counts)
        return nb_fail(err, NB_ERR_MEMORY, "no memory for the runs of %u epochs", epochs);
    nb_budget101 *budget = &runs->budgets[runs->budget_count++];
    *budget = (nb_budget101){.epochs = epochs, .runs = counts};
    *out = budget;
    return NB_OK;
}

/* Whether a column holds accuracies, by its place. */
static bool is_accuracy(int column)
{
    return column < NB_COLUMNS101 - 1 && column % (NB_POINT_ACCURACY + NB_SPLITS101) >= NB_POINT_ACCURACY;
}

static nb_status need_sheet(nb_budget101 *budget, uint32_t repeat, nb_sheet101 **out, nb_error *err)
{
    if (repeat >= NB_RUNS101_REPEATS_MAX)
        return nb_fail(err, NB_ERR_UNSUPPORTED, "more than %d runs of this cell for %u epochs", NB_RUNS101_REPEATS_MAX, budget->epochs);
    if (!budget->sheets[repeat]) {
        nb_sheet101 *sheet = calloc(1, sizeof *sheet);
        if (!sheet)
            return nb_fail(err, NB_ERR_MEMORY, "no memory for the runs of %u epochs", budget->epochs);
        for (int i = 0; i < NB_COLUMNS101; i++)
            sheet->columns[i] = (nb_column_builder){.images = is_accuracy(i) ? NB_RUNS101_IMAGES : 0};
        budget->sheets[repeat] = sheet;
    }
    *out = budget->sheets[repeat];
    return NB_OK;
}

/* Room for a cell of this number. */
static nb_status make_room(nb_sheet101 *sheet, uint32_t number, nb_error *err)
{
    if (number < sheet->size)
        return NB_OK;
    size_t size = sheet->size ? 2 * sheet->size : 256;
    while (size <= number)
        size *= 2;
    size = size > NB_CELL101_CELLS ? NB_CELL101_CELLS : size;
    for (int i = 0; i < NB_COLUMNS101; i++)
        NB_TRY(nb_column_grow(&sheet->columns[i], size, err));
    sheet->size = size;
    return NB_OK;
}

static nb_status put_run(nb_sheet101 *sheet, uint32_t number, const nb_run101 *run, nb_error *err)
{
    nb_column_builder *column = sheet->columns;
    for (int p = 0; p < NB_RUN101_POINTS; p++, column += NB_POINT_ACCURACY + NB_SPLITS101) {
        const nb_point101 *point = &run->points[p];
        NB_TRY(nb_column_put(&column[NB_POINT_EPOCH], number, point->epoch, err));
        NB_TRY(nb_column_put(&column[NB_POINT_TIME], number, point->time, err));
        NB_TRY(nb_column_put(&column[NB_POINT_ACCURACY + NB_SPLIT101_TRAIN], number, point->train, err));
        NB_TRY(nb_column_put(&column[NB_POINT_ACCURACY + NB_SPLIT101_VALID], number, point->valid, err));
        NB_TRY(nb_column_put(&column[NB_POINT_ACCURACY + NB_SPLIT101_TEST], number, point->test, err));
    }
    return nb_column_put(column, number, run->total_time, err);
}

/* The number of a cell, a new one when it has none yet. */
static uint32_t number_of(nb_runs101 *runs, const nb_known101 *cell, const nb_run101 *run)
{
    if (runs->numbers[cell->index] == 0) {
        runs->cells[runs->cell_count] = run->cell;
        runs->reordered = runs->reordered || !cell->stored;
        runs->indices[runs->cell_count] = cell->index;
        runs->params[runs->cell_count] = cell->params;
        runs->flops[runs->cell_count] = cell->flops;
        runs->numbers[cell->index] = ++runs->cell_count;
    }
    return runs->numbers[cell->index] - 1;
}

nb_status nb_runs101_add(nb_runs101 *runs, nb_known101 cell, const nb_run101 *run, nb_place101 place, nb_error *err)
{
    nb_budget101 *budget = NULL;
    nb_sheet101 *sheet = NULL;
    uint32_t number = number_of(runs, &cell, run);
    if (!nb_same_cell101(&runs->cells[number], &run->cell))
        return nb_fail(err, NB_ERR_UNSUPPORTED, "the vertices are in another order than in an earlier record of this cell");
    runs->last[number] = place;
    NB_TRY(find_budget(runs, run->epochs, &budget, err));
    NB_TRY(need_sheet(budget, budget->runs[number], &sheet, err));
    NB_TRY(make_room(sheet, number, err));
    NB_TRY(put_run(sheet, number, run, err));
    budget->runs[number]++;
    runs->runs++;
    return NB_OK;
}

/* ---- the same number everywhere ---- */

bool nb_runs101_find_odd(const nb_runs101 *runs, nb_odd101 *odd)
{
    uint32_t cells[NB_RUNS101_REPEATS_MAX + 1] = {0}, usual = 0;
    for (uint32_t b = 0; b < runs->budget_count; b++)
        for (uint32_t i = 0; i < runs->cell_count; i++)
            cells[runs->budgets[b].runs[i]]++;
    for (uint32_t n = 1; n <= NB_RUNS101_REPEATS_MAX; n++)
        usual = cells[n] > cells[usual] ? n : usual;
    for (uint32_t i = 0; i < runs->cell_count; i++)
        for (uint32_t b = 0; b < runs->budget_count; b++) {
            const nb_budget101 *budget = &runs->budgets[b];
            uint32_t found = budget->runs[i];
            *odd = (nb_odd101){.number = i, .epochs = budget->epochs, .found = found, .expected = usual};
            if (found != usual)
                return true;
        }
    return false;
}

/* ---- columns ---- */

/* One column of all runs, from those of the sheets: as wide as the widest from the start. */
static nb_status merge(const nb_budget101 *budget, int column, uint32_t runs, const uint32_t *numbers, uint32_t rows,
                       nb_column_builder *out, nb_error *err)
{
    const nb_column_builder *columns[NB_RUNS101_REPEATS_MAX];
    nb_column_kind widest = NB_COLUMN_NONE;
    for (uint32_t r = 0; r < runs; r++) {
        columns[r] = &budget->sheets[r]->columns[column];
        widest = columns[r]->kind > widest ? columns[r]->kind : widest;
    }
    *out = (nb_column_builder){.size = (size_t)rows * runs, .images = budget->sheets[0]->columns[column].images};
    for (uint32_t row = 0; row < rows; row++)
        for (uint32_t r = 0; r < runs; r++) {
            NB_TRY(nb_column_put(out, (size_t)row * runs + r, nb_column_get(columns[r], numbers[row]), err));
            if (row == 0 && r == 0)
                NB_TRY(nb_column_widen(out, widest, err));
        }
    return NB_OK;
}

nb_status nb_runs101_columns(nb_runs101 *runs, uint32_t number, const uint32_t *numbers, nb_column_builder *columns, nb_error *err)
{
    nb_budget101 *budget = &runs->budgets[number];
    uint32_t repeats = budget->runs[0];
    for (int i = 0; i < NB_COLUMNS101; i++) {
        NB_TRY(merge(budget, i, repeats, numbers, runs->cell_count, &columns[i], err));
        for (uint32_t r = 0; r < repeats; r++)
            nb_column_free(&budget->sheets[r]->columns[i]);
    }
    return NB_OK;
}
