#include "ingest/db101.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "ingest/runs101.h"
#include "nasbench/nasbench101_api.h"
#include "space/graph_lookup.h"

enum { RUNS_MAX = NB_RUNS101_REPEATS_MAX };

/* A cell with all that the database says of it but its runs. */
typedef struct cell101 {
    char arch[NB_DB_ARCH_SIZE];
    char hash[2 * NB_CELL101_HASH_SIZE + 1];
    int64_t vertices;
    double params; /* millions */
} cell101;

/* ---- rows of the database ---- */

/* Fractions become percent; seconds stay. */
static nb_db_point point_of(const nb_metrics101 *metrics, uint32_t epoch)
{
    return (nb_db_point){.current_epoch = epoch,
                         .train_acc = metrics->train_accuracy * 100,
                         .valid_acc = metrics->validation_accuracy * 100,
                         .test_acc = metrics->test_accuracy * 100,
                         .training_time = metrics->training_time};
}

/* The training time of a trial is 60 times the seconds: NNI's importer takes them for minutes, and published files have it so. */
static nb_status write_run(nb_db_writer *writer, int64_t config, const cell101 *cell, uint32_t epochs, const nb_computed101 *run,
                           nb_error *err)
{
    const nb_db_point points[2] = {point_of(&run->halfway, epochs / 2), point_of(&run->final, epochs)};
    const nb_db_trial trial = {.train_acc = points[1].train_acc,
                               .valid_acc = points[1].valid_acc,
                               .test_acc = points[1].test_acc,
                               .parameters = cell->params,
                               .training_time = points[1].training_time * 60,
                               .points = points,
                               .point_count = 2};
    return nb_db_writer_trial(writer, config, &trial, err);
}

static nb_status write_budget(nb_db_writer *writer, const cell101 *cell, uint32_t epochs, const nb_computed101 *runs, uint32_t count,
                              nb_error *err)
{
    const nb_db_config config = {.arch = cell->arch, .num_vertices = cell->vertices, .hash = cell->hash, .num_epochs = epochs};
    int64_t id = 0;
    NB_TRY(nb_db_writer_config(writer, &config, &id, err));
    for (uint32_t run = 0; run < count; run++)
        NB_TRY(write_run(writer, id, cell, epochs, &runs[run], err));
    return NB_OK;
}

static void describe(const nb_arch *arch, const uint8_t hash[NB_CELL101_HASH_SIZE], uint32_t params, cell101 *out)
{
    nb_db_arch_format(arch, out->arch, sizeof out->arch);
    nb_hex(hash, NB_CELL101_HASH_SIZE, out->hash);
    out->vertices = arch->count + 2;
    out->params = params / 1e6;
}

static nb_status next_cell(const nb_db101 *db, uint32_t position, uint32_t rows, nb_error *err)
{
    if (position % 1024 != 0)
        return NB_OK;
    nb_progress_report(db->progress, position, rows, "cells");
    return nb_progress_check(db->progress, "database", err);
}

/* ---- a table ---- */

static nb_status write_table_row(nb_db101 *db, const nb_table *table, const nb_api101 *api, uint32_t row, nb_error *err)
{
    uint32_t epochs[NB_API101_BUDGETS_MAX], count;
    nb_computed101 runs[RUNS_MAX];
    nb_fixed101 fixed;
    cell101 cell;
    const uint8_t *hash = nb_table_hash(table, row);
    const nb_arch arch = nb_table_arch(table, row);
    if (!hash)
        return nb_fail(err, NB_ERR_UNSUPPORTED, "%s: a table without graph hashes", nb_table_get_info(table)->name);
    NB_TRY(nb_api101_fixed(api, row, &fixed, err));
    describe(&arch, hash, fixed.trainable_parameters, &cell);
    const uint32_t budgets = nb_api101_epochs(api, epochs, NB_API101_BUDGETS_MAX);
    for (uint32_t i = 0; i < budgets && i < NB_API101_BUDGETS_MAX; i++) {
        NB_TRY(nb_api101_computed(api, row, epochs[i], runs, RUNS_MAX, &count, err));
        NB_TRY(write_budget(db->writer, &cell, epochs[i], runs, count < RUNS_MAX ? count : RUNS_MAX, err));
    }
    return NB_OK;
}

nb_status nb_db101_add_table(nb_db101 *db, const nb_table *table, nb_error *err)
{
    nb_api101 api;
    const uint32_t rows = nb_table_get_info(table)->rows;
    NB_TRY(nb_api101_init(table, 0, &api, err));
    for (uint32_t position = 0; position < rows; position++) {
        NB_TRY(next_cell(db, position, rows, err));
        NB_TRY(write_table_row(db, table, &api, nb_api101_row_at(&api, position), err));
    }
    return NB_OK;
}

/* ---- the files, through an import ---- */

static void free_setup(nb_point_setup *setup)
{
    for (uint32_t i = 0; i <= nb_point_total(setup->split_count, setup->points); i++)
        nb_column_free(&setup->columns[i]);
    free(setup->columns);
}

void nb_db101_free(nb_db101 *db)
{
    for (uint32_t i = 0; i < db->setup_count; i++)
        free_setup(&db->setups[i]);
    free(db->archs);
    free(db->facts.order);
    free(db->facts.params);
    free(db->facts.flops);
    *db = (nb_db101){0};
}

static nb_status open_db(void *user, const nb_table_description *description, nb_error *err)
{
    nb_db101 *db = user;
    const nb_space *space = description->space;
    if (nb_space_get_id(space) != NB_SPACE_GRAPH)
        return nb_fail(err, NB_ERR_UNSUPPORTED, "a database of nasbench101 holds that space only, these are architectures of %s",
                       nb_space_name(space));
    db->whole = !description->archs;
    db->rows = db->whole ? (uint32_t)nb_space_size(space) : description->rows;
    db->archs = calloc(db->rows, sizeof *db->archs);
    if (!db->archs)
        return nb_fail(err, NB_ERR_MEMORY, "no memory for %u architectures", db->rows);
    for (uint32_t row = 0; row < db->rows; row++) {
        if (db->whole)
            NB_TRY(nb_space_at(space, row, &db->archs[row], err));
        else
            db->archs[row] = description->archs[row];
    }
    return NB_OK;
}

static nb_status take_facts(void *user, const nb_row_facts *facts, nb_error *err)
{
    (void)err;
    ((nb_db101 *)user)->facts = *facts;
    return NB_OK;
}

static nb_status take_points(void *user, nb_point_setup *setup, nb_error *err)
{
    nb_db101 *db = user;
    const bool fits = setup->points >= NB_RUN101_POINTS && setup->split_count == NB_SPLITS101 && setup->runs <= RUNS_MAX;
    if (!fits || db->setup_count == NB_DB101_SETUPS_MAX) {
        free_setup(setup);
        return nb_fail(err, NB_ERR_UNSUPPORTED, "runs of %u epochs that the database has no place for", setup->epochs);
    }
    uint32_t at = db->setup_count++;
    for (; at > 0 && db->setups[at - 1].epochs > setup->epochs; at--)
        db->setups[at] = db->setups[at - 1];
    db->setups[at] = *setup;
    return NB_OK;
}

/* The benchmark has nothing of these kinds. */
static nb_status refuse_trial(void *user, const nb_trial *trial, nb_error *err)
{
    (void)user, (void)trial;
    return nb_fail(err, NB_ERR_UNSUPPORTED, "a database of nasbench101 is made from that benchmark's files");
}

static nb_status pass_order(void *user, uint32_t row, const char *schedule, const char *const *names, size_t count, nb_error *err)
{
    (void)user, (void)row, (void)schedule, (void)names, (void)count, (void)err;
    return NB_OK;
}

static nb_status pass_mark(void *user, uint32_t row, nb_error *err)
{
    (void)user, (void)row, (void)err;
    return NB_OK;
}

nb_trial_sink nb_db101_sink(nb_db101 *db)
{
    return (nb_trial_sink){.user = db,
                           .open = open_db,
                           .trial = refuse_trial,
                           .order = pass_order,
                           .mark = pass_mark,
                           .points = take_points,
                           .facts = take_facts};
}

static nb_metrics101 metrics_at(const nb_point_setup *setup, uint32_t point, size_t run)
{
    const nb_column_builder *columns = setup->columns + nb_point_column(setup->split_count, point, 0);
    return (nb_metrics101){.training_time = nb_column_get(&columns[NB_POINT_TIME], run),
                           .train_accuracy = nb_column_get(&columns[NB_POINT_ACCURACY + NB_SPLIT101_TRAIN], run),
                           .validation_accuracy = nb_column_get(&columns[NB_POINT_ACCURACY + NB_SPLIT101_VALID], run),
                           .test_accuracy = nb_column_get(&columns[NB_POINT_ACCURACY + NB_SPLIT101_TEST], run)};
}

static nb_status write_row(nb_db101 *db, uint32_t row, nb_error *err)
{
    uint8_t own[NB_CELL101_HASH_SIZE];
    const uint8_t *hash = own;
    nb_computed101 runs[RUNS_MAX];
    nb_cell101 graph;
    cell101 cell;
    if (db->whole)
        hash = nb_cell101_all_hashes() + (size_t)row * NB_CELL101_HASH_SIZE;
    else if (nb_cell101_from_arch(&db->archs[row], &graph))
        nb_cell101_hash(&graph, own);
    else
        return nb_fail(err, NB_ERR_FORMAT, "row %u is no cell", row);
    describe(&db->archs[row], hash, db->facts.params[row], &cell);
    for (uint32_t i = 0; i < db->setup_count; i++) {
        const nb_point_setup *setup = &db->setups[i];
        for (uint32_t run = 0; run < setup->runs; run++) {
            const size_t at = (size_t)row * setup->runs + run;
            runs[run] = (nb_computed101){.halfway = metrics_at(setup, 1, at), .final = metrics_at(setup, setup->points - 1, at)};
        }
        NB_TRY(write_budget(db->writer, &cell, setup->epochs, runs, setup->runs, err));
    }
    return NB_OK;
}

nb_status nb_db101_finish(nb_db101 *db, nb_error *err)
{
    if (!db->facts.params)
        return nb_fail(err, NB_ERR_FORMAT, "the files do not say how many parameters cells have");
    for (uint32_t position = 0; position < db->rows; position++) {
        NB_TRY(next_cell(db, position, db->rows, err));
        NB_TRY(write_row(db, db->facts.order ? db->facts.order[position] : position, err));
    }
    return NB_OK;
}
