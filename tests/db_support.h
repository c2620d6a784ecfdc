/* Databases of NNI's layout made for tests: rows with the ids of the documented ones, written with plain SQL and without ANALYZE's
 * statistics, as NNI itself writes them. */
#ifndef NB_TESTS_DB_SUPPORT_H
#define NB_TESTS_DB_SUPPORT_H

#include "support.h"

#include <sqlite3.h>

#include "nasbench/db.h"

/* Runs SQL on a file, made when it is not there; fails the test when that does not work. */
static inline void run_sql(const char *path, const char *sql)
{
    sqlite3 *sqlite;
    char *message = NULL;
    assert_int_equal(sqlite3_open(path, &sqlite), SQLITE_OK);
    sqlite3_exec(sqlite, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
    if (sqlite3_exec(sqlite, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s\n%.200s", message, sql);
    sqlite3_close(sqlite);
}

/* NNI's statements, one per line, as they were observed in a file of its making. The caller frees. */
static inline char *golden_schema(void)
{
    size_t size;
    uint8_t *bytes = read_file(NB_SOURCE_DIR "/tests/golden/nni_schema.sql", &size);
    char *text = malloc(size + 1);
    assert_non_null(text);
    memcpy(text, bytes, size);
    text[size] = '\0';
    free(bytes);
    return text;
}

/* Those lines of the schema that are about tables whose names begin with `prefix`. The caller frees. */
static inline char *golden_schema_of(const char *prefix)
{
    char *all = golden_schema(), *out = calloc(strlen(all) + 1, 1), word[32];
    assert_non_null(out);
    snprintf(word, sizeof word, " \"%s", prefix);
    for (char *line = strtok(all, "\n"); line; line = strtok(NULL, "\n"))
        if (strstr(line, word))
            strcat(strcat(out, line), "\n");
    free(all);
    return out;
}

/* An empty database of a kind, made by NNI's statements: "nb101", "nb201" or "nds". The caller frees the path. */
static inline char *make_nni_db(const char *name, const char *prefix)
{
    char *path = scratch_path(name), *schema = golden_schema_of(prefix);
    remove(path);
    run_sql(path, schema);
    free(schema);
    return path;
}

/* The statements of a file's schema as SQLite lists them, one per line, without its own tables. The caller frees. */
static inline char *schema_of(const char *path)
{
    sqlite3 *sqlite;
    sqlite3_stmt *statement;
    char *text = calloc(16384, 1);
    assert_non_null(text);
    assert_int_equal(sqlite3_open_v2(path, &sqlite, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(sqlite, "SELECT sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'", -1, &statement, NULL),
                     SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW)
        strcat(strcat(text, (const char *)sqlite3_column_text(statement, 0)), ";\n");
    sqlite3_finalize(statement);
    sqlite3_close(sqlite);
    return text;
}

/* The first column of the one row that a statement answers, as text. The caller frees. */
static inline char *answer_of(const char *path, const char *sql)
{
    sqlite3 *sqlite;
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_open_v2(path, &sqlite, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    if (sqlite3_prepare_v2(sqlite, sql, -1, &statement, NULL) != SQLITE_OK)
        fail_msg("%s\n%s", sqlite3_errmsg(sqlite), sql);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    const char *text = (const char *)sqlite3_column_text(statement, 0);
    char *copy = strdup(text ? text : "NULL");
    sqlite3_finalize(statement);
    sqlite3_close(sqlite);
    return copy;
}

static inline void expect_answer(const char *path, const char *sql, const char *expected)
{
    char *answer = answer_of(path, sql);
    if (strcmp(answer, expected) != 0)
        fail_msg("'%s', not '%s'\n%s", answer, expected, sql);
    free(answer);
}

static inline nb_db *open_db(const char *path)
{
    nb_db *db;
    nb_error err;
    if (nb_db_open(path, &db, &err) != NB_OK)
        fail_msg("%s", err.message);
    return db;
}

static inline nb_db_query *ask(nb_db *db, nb_db_filter filter)
{
    nb_db_query *query;
    nb_error err;
    if (nb_db_query_open(db, &filter, &query, &err) != NB_OK)
        fail_msg("%s", err.message);
    return query;
}

/* The next row, NULL after the last one. */
static inline const nb_db_trial *next_row(nb_db_query *query)
{
    const nb_db_trial *trial;
    nb_error err;
    if (nb_db_query_next(query, &trial, &err) != NB_OK)
        fail_msg("%s", err.message);
    return trial;
}

/* How many rows a filter finds. */
static inline size_t count_rows(nb_db *db, nb_db_filter filter)
{
    nb_db_query *query = ask(db, filter);
    size_t count = 0;
    while (next_row(query))
        count++;
    nb_db_query_close(query);
    return count;
}

#endif
