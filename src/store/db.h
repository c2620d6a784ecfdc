/* The inside of an opened database, shared by queries and plain SQL. */
#ifndef NB_STORE_DB_H
#define NB_STORE_DB_H

#include <sqlite3.h>

#include "base/error.h"
#include "nasbench/db.h"
#include "store/db_schema.h"

/* A statement that was compiled for a shape of question and is kept for the next one. */
typedef struct nb_db_kept {
    uint32_t shape;
    sqlite3_stmt *statement; /* NULL: the place is free */
    bool in_use;
} nb_db_kept;

#define NB_DB_KEPT 16

struct nb_db {
    sqlite3 *sqlite;
    nb_db_kind kind;
    char *path;
    nb_db_kept kept[NB_DB_KEPT];
};

/* What SQLite reports as our error: "PATH: <doing>: <SQLite's words>". `code` is the result of the failing call. */
nb_status nb_db_fail(sqlite3 *sqlite, const char *path, int code, const char *doing, nb_error *err);

/* A path that SQLite takes for nothing but a file: the caller frees; NULL without memory. */
char *nb_db_plain_path(const char *path);

nb_status nb_db_prepare(nb_db *db, const char *sql, sqlite3_stmt **out, nb_error *err);

/* The architecture of a filter as the text or the hash that rows are compared with. */
typedef struct nb_db_arch_key {
    bool by_hash;
    char *text; /* freed by the caller */
} nb_db_arch_key;

nb_status nb_db_arch_key_of(nb_db_kind kind, const char *text, bool as_numbered, nb_db_arch_key *out, nb_error *err);

#endif
