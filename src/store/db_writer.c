#include "store/db_writer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "store/db.h"

#define ANALYSIS_ROWS 1000         /* of each index that ANALYZE looks at */
#define STEPS_PER_CHECK 200000     /* of SQLite's machine between looks at the cancellation token */
#define SORT_THREADS 2             /* beside our own, when an index is sorted */
#define PAGE_MEMORY_KB (64 * 1024) /* of SQLite: pages, and as much for sorting */

struct nb_db_writer {
    nb_db_kind kind;
    sqlite3 *sqlite;
    nb_output output; /* the file; SQLite opens it under its temporary name */
    sqlite3_stmt *insert[NB_DB_ROLES];
    uint64_t rows[NB_DB_ROLES];
    const nb_progress *progress;
};

static nb_status fail(const nb_db_writer *writer, int code, const char *doing, nb_error *err)
{
    nb_status status = nb_db_fail(writer->sqlite, writer->output.path, code, doing, err);
    return status == NB_ERR_ARGUMENT ? NB_ERR_IO : status;
}

static nb_status run(const nb_db_writer *writer, const char *sql, nb_error *err)
{
    int code = sqlite3_exec(writer->sqlite, sql, NULL, NULL, NULL);
    if (code == SQLITE_OK)
        return NB_OK;
    nb_status status = fail(writer, code, "cannot write", err);
    return status == NB_ERR_CANCELLED ? nb_progress_check(writer->progress, writer->output.path, err) : status;
}

/* ---- starting ---- */

/* Not zero: SQLite stops what it is doing. */
static int asked_to_stop(void *user)
{
    const nb_db_writer *writer = user;
    return nb_progress_check(writer->progress, "", NULL) != NB_OK;
}

/* Nobody else sees the file before it is complete, so neither locks nor a journal are needed. */
static nb_status connect_to(nb_db_writer *writer, nb_error *err)
{
    char settings[512];
    char *plain = nb_db_plain_path(writer->output.temporary);
    if (!plain)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for a file name", writer->output.path);
    int code = sqlite3_open_v2(plain, &writer->sqlite, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, "unix-none");
    free(plain);
    if (code != SQLITE_OK)
        return fail(writer, code, "cannot open", err);
    sqlite3_progress_handler(writer->sqlite, STEPS_PER_CHECK, asked_to_stop, writer);
    snprintf(settings, sizeof settings,
             "PRAGMA page_size = 4096; PRAGMA encoding = 'UTF-8'; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
             "PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -%d; PRAGMA threads = %d; PRAGMA temp_store = FILE; BEGIN",
             PAGE_MEMORY_KB, SORT_THREADS);
    return run(writer, settings, err);
}

static nb_status prepare_insert(nb_db_writer *writer, nb_db_role role, nb_error *err)
{
    const nb_db_table *table = nb_db_table_of(writer->kind, role);
    const size_t columns = table->field_count + (table->parent != NULL);
    nb_text sql = {0};
    nb_text_printf(&sql, "INSERT INTO %s VALUES (", table->name);
    for (size_t i = 0; i < columns; i++)
        nb_text_printf(&sql, "%s?%zu", i > 0 ? ", " : "", i + 1);
    nb_text_puts(&sql, ")");
    nb_status status = nb_text_check(&sql, err);
    int code = SQLITE_OK;
    if (status == NB_OK &&
        (code = sqlite3_prepare_v3(writer->sqlite, sql.data, -1, SQLITE_PREPARE_PERSISTENT, &writer->insert[role], NULL)) != SQLITE_OK)
        status = fail(writer, code, "cannot write", err);
    nb_text_free(&sql);
    return status;
}

static nb_status create_tables(nb_db_writer *writer, nb_error *err)
{
    for (unsigned role = 0; role < NB_DB_ROLES; role++) {
        NB_TRY(run(writer, nb_db_table_of(writer->kind, (nb_db_role)role)->sql, err));
        NB_TRY(prepare_insert(writer, (nb_db_role)role, err));
    }
    return NB_OK;
}

nb_status nb_db_writer_open(const char *path, nb_db_kind kind, const nb_progress *progress, nb_db_writer **out, nb_error *err)
{
    nb_db_writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for a database", path);
    writer->kind = kind;
    writer->progress = progress;
    nb_status status = nb_output_open(path, &writer->output, err);
    if (status != NB_OK) {
        free(writer);
        return status;
    }
    status = connect_to(writer, err);
    if (status == NB_OK)
        status = create_tables(writer, err);
    if (status != NB_OK) {
        nb_db_writer_abort(writer);
        return status;
    }
    *out = writer;
    return NB_OK;
}

/* ---- rows ---- */

static nb_status bind_field(nb_db_writer *writer, nb_db_role role, const nb_db_field *field, int parameter, const void *row, nb_error *err)
{
    sqlite3_stmt *insert = writer->insert[role];
    int code;
    bool null = false;
    if (field->type == NB_DB_INTEGER) {
        const int64_t value = nb_db_integer_of(field, row);
        null = value == NB_DB_NULL;
        code = sqlite3_bind_int64(insert, parameter, value);
    } else if (field->type == NB_DB_REAL) {
        const double value = nb_db_real_of(field, row);
        null = isnan(value);
        code = sqlite3_bind_double(insert, parameter, value); /* SQLite makes NULL of NaN */
    } else {
        const char *value = nb_db_text_of(field, row);
        null = !value;
        code = sqlite3_bind_text(insert, parameter, value, -1, SQLITE_STATIC);
    }
    if (null && !field->nullable)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s is missing, which the database cannot say", field->name);
    return code == SQLITE_OK ? NB_OK : fail(writer, code, "cannot write", err);
}

/* Fields begin with the id, which is given here; the parent's column is the second. */
static nb_status insert_row(nb_db_writer *writer, nb_db_role role, int64_t parent, const void *row, nb_error *err)
{
    const nb_db_table *table = nb_db_table_of(writer->kind, role);
    sqlite3_stmt *insert = writer->insert[role];
    const int shift = table->parent ? 2 : 1;
    sqlite3_bind_int64(insert, 1, (int64_t)writer->rows[role] + 1);
    if (table->parent)
        sqlite3_bind_int64(insert, 2, parent);
    for (size_t i = 1; i < table->field_count; i++)
        NB_TRY(bind_field(writer, role, &table->fields[i], (int)i + shift, row, err));
    int code = sqlite3_step(insert);
    sqlite3_reset(insert);
    if (code != SQLITE_DONE)
        return fail(writer, code, "cannot write", err);
    writer->rows[role]++;
    return NB_OK;
}

nb_status nb_db_writer_config(nb_db_writer *writer, const nb_db_config *config, int64_t *id, nb_error *err)
{
    NB_TRY(insert_row(writer, NB_DB_CONFIGS, 0, config, err));
    if (id)
        *id = (int64_t)writer->rows[NB_DB_CONFIGS];
    return NB_OK;
}

nb_status nb_db_writer_trial(nb_db_writer *writer, int64_t config_id, const nb_db_trial *trial, nb_error *err)
{
    NB_TRY(insert_row(writer, NB_DB_TRIALS, config_id, trial, err));
    const int64_t id = (int64_t)writer->rows[NB_DB_TRIALS];
    for (size_t i = 0; i < trial->point_count; i++)
        NB_TRY(insert_row(writer, NB_DB_POINTS, id, &trial->points[i], err));
    return NB_OK;
}

/* ---- the end ---- */

static void end_statements(nb_db_writer *writer)
{
    for (unsigned role = 0; role < NB_DB_ROLES; role++) {
        sqlite3_finalize(writer->insert[role]);
        writer->insert[role] = NULL;
    }
}

/* Sorting all rows at the end is several times as fast as keeping indexes up while rows come. */
static nb_status create_indexes(nb_db_writer *writer, nb_error *err)
{
    for (unsigned role = 0; role < NB_DB_ROLES; role++) {
        const nb_db_table *table = nb_db_table_of(writer->kind, (nb_db_role)role);
        for (size_t i = 0; i < table->index_count; i++) {
            nb_progress_report(writer->progress, 0, 0, table->indexes[i].name);
            NB_TRY(run(writer, table->indexes[i].sql, err));
        }
    }
    return NB_OK;
}

static nb_status place_in_schema(nb_db_writer *writer, const char *name, int place, nb_error *err)
{
    char sql[256];
    snprintf(sql, sizeof sql, "UPDATE sqlite_schema SET rowid = %d WHERE name = '%s'", place, name);
    return run(writer, sql, err);
}

/* NNI creates each table with its indexes, and tools that show the schema show it in that order. Nothing refers to a row of the schema by
 * its number. */
static nb_status order_schema(nb_db_writer *writer, nb_error *err)
{
    int place = 1000;
    NB_TRY(run(writer, "PRAGMA writable_schema = ON", err));
    for (unsigned role = 0; role < NB_DB_ROLES; role++) {
        const nb_db_table *table = nb_db_table_of(writer->kind, (nb_db_role)role);
        NB_TRY(place_in_schema(writer, table->name, place++, err));
        for (size_t i = 0; i < table->index_count; i++)
            NB_TRY(place_in_schema(writer, table->indexes[i].name, place++, err));
    }
    return run(writer, "PRAGMA writable_schema = OFF", err);
}

static nb_status finish(nb_db_writer *writer, nb_error *err)
{
    char analyze[64];
    end_statements(writer);
    NB_TRY(create_indexes(writer, err));
    NB_TRY(order_schema(writer, err));
    snprintf(analyze, sizeof analyze, "PRAGMA analysis_limit = %d; ANALYZE; COMMIT", ANALYSIS_ROWS);
    NB_TRY(run(writer, analyze, err));
    int code = sqlite3_close(writer->sqlite);
    if (code != SQLITE_OK)
        return fail(writer, code, "cannot close", err);
    writer->sqlite = NULL;
    return nb_progress_check(writer->progress, writer->output.path, err);
}

nb_status nb_db_writer_commit(nb_db_writer *writer, nb_db_written *written, nb_error *err)
{
    struct stat facts;
    nb_status status = finish(writer, err);
    if (status == NB_OK && fstat(writer->output.fd, &facts) != 0)
        status = nb_fail(err, NB_ERR_IO, "%s: cannot stat", writer->output.path);
    if (status != NB_OK) {
        nb_db_writer_abort(writer);
        return status;
    }
    if (written)
        *written =
            (nb_db_written){writer->rows[NB_DB_CONFIGS], writer->rows[NB_DB_TRIALS], writer->rows[NB_DB_POINTS], (uint64_t)facts.st_size};
    status = nb_output_commit(&writer->output, err);
    free(writer);
    return status;
}

void nb_db_writer_abort(nb_db_writer *writer)
{
    if (!writer)
        return;
    end_statements(writer);
    sqlite3_close_v2(writer->sqlite);
    nb_output_abort(&writer->output);
    free(writer);
}
