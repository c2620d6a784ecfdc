/* Plain SQL on a database that is only read. */
#include <stdlib.h>
#include <string.h>

#include "store/db.h"

struct nb_db_statement {
    nb_db *db;
    sqlite3_stmt *statement;
};

/* Refuses what is no single statement that reads. `rest` is what SQLite left over. */
static nb_status check_statement(nb_db *db, sqlite3_stmt *statement, const char *rest, size_t values, nb_error *err)
{
    if (!statement)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: SQL: a statement expected, found none", db->path);
    if (rest[strspn(rest, " \t\r\n;")] != '\0')
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: SQL: one statement expected, found more: %.60s", db->path, rest);
    if (!sqlite3_stmt_readonly(statement))
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: SQL: a statement that only reads expected", db->path);
    const int parameters = sqlite3_bind_parameter_count(statement);
    if ((size_t)parameters != values)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: SQL: values for %d parameters expected, found %zu", db->path, parameters, values);
    return NB_OK;
}

nb_status nb_db_sql(nb_db *db, const char *sql, const char *const *values, size_t count, nb_db_statement **out, nb_error *err)
{
    sqlite3_stmt *statement = NULL;
    const char *rest = "";
    if (!db || !sql)
        return nb_fail(err, NB_ERR_ARGUMENT, "SQL: a database and a statement expected");
    int code = sqlite3_prepare_v2(db->sqlite, sql, -1, &statement, &rest);
    nb_status status =
        code == SQLITE_OK ? check_statement(db, statement, rest, count, err) : nb_db_fail(db->sqlite, db->path, code, "SQL", err);
    for (size_t i = 0; status == NB_OK && i < count; i++)
        if ((code = sqlite3_bind_text(statement, (int)i + 1, values[i], -1, SQLITE_TRANSIENT)) != SQLITE_OK)
            status = nb_db_fail(db->sqlite, db->path, code, "SQL", err);
    nb_db_statement *made = status == NB_OK ? malloc(sizeof *made) : NULL;
    if (status == NB_OK && !made)
        status = nb_fail(err, NB_ERR_MEMORY, "%s: no memory for a statement", db->path);
    if (status != NB_OK) {
        sqlite3_finalize(statement);
        return status;
    }
    *made = (nb_db_statement){db, statement};
    *out = made;
    return NB_OK;
}

nb_status nb_db_sql_next(nb_db_statement *statement, bool *row, nb_error *err)
{
    int code = sqlite3_step(statement->statement);
    *row = code == SQLITE_ROW;
    return code == SQLITE_ROW || code == SQLITE_DONE ? NB_OK : nb_db_fail(statement->db->sqlite, statement->db->path, code, "SQL", err);
}

int nb_db_sql_columns(const nb_db_statement *statement)
{
    return sqlite3_column_count(statement->statement);
}

const char *nb_db_sql_name(const nb_db_statement *statement, int column)
{
    return sqlite3_column_name(statement->statement, column);
}

nb_db_value nb_db_sql_value(const nb_db_statement *statement, int column)
{
    sqlite3_stmt *row = statement->statement;
    nb_db_value value = {.type = NB_DB_VALUE_NULL};
    switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
        value.type = NB_DB_VALUE_INTEGER;
        value.integer = sqlite3_column_int64(row, column);
        break;
    case SQLITE_FLOAT:
        value.type = NB_DB_VALUE_REAL;
        value.real = sqlite3_column_double(row, column);
        break;
    case SQLITE_TEXT:
    case SQLITE_BLOB:
        value.type = NB_DB_VALUE_TEXT;
        value.text = (const char *)sqlite3_column_text(row, column);
        value.size = value.text ? (size_t)sqlite3_column_bytes(row, column) : 0;
        break;
    default:
        break;
    }
    return value;
}

void nb_db_sql_close(nb_db_statement *statement)
{
    if (!statement)
        return;
    sqlite3_finalize(statement->statement);
    free(statement);
}
