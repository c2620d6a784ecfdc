#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/name.h"
#include "base/text.h"

#define LOCK_PATIENCE 3000 /* milliseconds */

/* ---- names ---- */

static const char *const kind_names[NB_DB_KIND_COUNT] = {"nasbench101", "nasbench201", "nds"};

const char *nb_db_kind_name(nb_db_kind kind)
{
    return (unsigned)kind < NB_DB_KIND_COUNT ? kind_names[kind] : NULL;
}

nb_status nb_db_kind_parse(const char *name, nb_db_kind *out, nb_error *err)
{
    for (unsigned kind = 0; kind < NB_DB_KIND_COUNT; kind++)
        if (nb_same_name(name, kind_names[kind])) {
            *out = (nb_db_kind)kind;
            return NB_OK;
        }
    return nb_fail(err, NB_ERR_NOT_FOUND, "no database is called '%.60s': nasbench101, nasbench201, nds", name);
}

/* ---- errors ---- */

static nb_status status_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_NOMEM:
        return NB_ERR_MEMORY;
    case SQLITE_CORRUPT:
        return NB_ERR_CORRUPT;
    case SQLITE_NOTADB:
    case SQLITE_MISMATCH:
        return NB_ERR_FORMAT;
    case SQLITE_INTERRUPT:
        return NB_ERR_CANCELLED;
    case SQLITE_ERROR:
    case SQLITE_AUTH:
    case SQLITE_RANGE:
    case SQLITE_TOOBIG:
        return NB_ERR_ARGUMENT;
    default:
        return NB_ERR_IO;
    }
}

nb_status nb_db_fail(sqlite3 *sqlite, const char *path, int code, const char *doing, nb_error *err)
{
    if ((code & 0xff) == SQLITE_BUSY)
        return nb_fail(err, NB_ERR_IO, "%s: %s: another process keeps the database locked", path, doing);
    const char *words = sqlite && sqlite3_errcode(sqlite) == (code & 0xff) ? sqlite3_errmsg(sqlite) : sqlite3_errstr(code);
    return nb_fail(err, status_of(code), "%s: %s: %s", path, doing, words);
}

nb_status nb_db_prepare(nb_db *db, const char *sql, sqlite3_stmt **out, nb_error *err)
{
    int code = sqlite3_prepare_v2(db->sqlite, sql, -1, out, NULL);
    return code == SQLITE_OK ? NB_OK : nb_db_fail(db->sqlite, db->path, code, "cannot compile a query", err);
}

/* ---- the file before SQLite looks at it ---- */

#define HEADER_SIZE 100 /* of a database file: https://www.sqlite.org/fileformat2.html, section 1.3 */

static uint32_t big_endian(const uint8_t *bytes, int size)
{
    uint32_t value = 0;
    for (int i = 0; i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

static nb_status check_header(const char *path, const uint8_t header[HEADER_SIZE], size_t got, uint64_t size, nb_error *err)
{
    static const char magic[16] = "SQLite format 3";
    if (size == 0)
        return nb_fail(err, NB_ERR_FORMAT, "%s: the file is empty, a SQLite database expected", path);
    if (got < sizeof magic || memcmp(header, magic, sizeof magic) != 0)
        return nb_fail(err, NB_ERR_FORMAT, "%s: no SQLite database", path);
    if (got < HEADER_SIZE)
        return nb_fail(err, NB_ERR_TRUNCATED, "%s: a header of %d bytes expected, the file has %zu", path, HEADER_SIZE, got);
    const uint32_t raw = big_endian(header + 16, 2), page = raw == 1 ? 65536 : raw;
    const uint32_t pages = big_endian(header + 28, 4);
    const bool counted = big_endian(header + 24, 4) == big_endian(header + 92, 4); /* whether the number of pages holds */
    if (counted && (uint64_t)pages * page > size)
        return nb_fail(err, NB_ERR_TRUNCATED, "%s: %u pages of %u bytes expected, the file has %llu bytes", path, pages, page,
                       (unsigned long long)size);
    return NB_OK;
}

static nb_status check_file(const char *path, nb_error *err)
{
    uint8_t header[HEADER_SIZE];
    struct stat facts;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return nb_fail_errno(err, errno == ENOENT ? NB_ERR_NOT_FOUND : NB_ERR_IO, errno, "%s: cannot open", path);
    ssize_t got = 0;
    nb_status status = NB_OK;
    if (fstat(fd, &facts) != 0)
        status = nb_fail_errno(err, NB_ERR_IO, errno, "%s: cannot stat", path);
    else if (!S_ISREG(facts.st_mode))
        status = nb_fail(err, NB_ERR_IO, "%s: a regular file expected", path);
    else if ((got = pread(fd, header, sizeof header, 0)) < 0)
        status = nb_fail_errno(err, NB_ERR_IO, errno, "%s: cannot read", path);
    close(fd);
    return status == NB_OK ? check_header(path, header, (size_t)got, (uint64_t)facts.st_size, err) : status;
}

/* ---- tables ---- */

/* Whether there is a table (not a view) of this name. */
static nb_status has_table(nb_db *db, const char *name, bool *found, nb_error *err)
{
    sqlite3_stmt *statement;
    NB_TRY(nb_db_prepare(db, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1", &statement, err));
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    int code = sqlite3_step(statement);
    *found = code == SQLITE_ROW;
    nb_status status = code == SQLITE_ROW || code == SQLITE_DONE ? NB_OK : nb_db_fail(db->sqlite, db->path, code, "cannot read", err);
    sqlite3_finalize(statement);
    return status;
}

/* Compiles a question that names every column, which tells whether they are there. */
static nb_status check_columns(nb_db *db, const nb_db_table *table, nb_error *err)
{
    nb_text sql = {0};
    sqlite3_stmt *statement = NULL;
    nb_text_puts(&sql, "SELECT ");
    for (size_t i = 0; i < table->field_count; i++)
        nb_text_printf(&sql, "%s%s", i > 0 ? ", " : "", table->fields[i].name);
    if (table->parent)
        nb_text_printf(&sql, ", %s", table->parent);
    nb_text_printf(&sql, " FROM %s", table->name);
    nb_status status = nb_text_check(&sql, err);
    if (status == NB_OK && sqlite3_prepare_v2(db->sqlite, sql.data, -1, &statement, NULL) != SQLITE_OK)
        status = nb_fail(err, NB_ERR_FORMAT, "%s: table %s: %s", db->path, table->name, sqlite3_errmsg(db->sqlite));
    sqlite3_finalize(statement);
    nb_text_free(&sql);
    return status;
}

static nb_status check_tables(nb_db *db, nb_error *err)
{
    bool found = false;
    for (unsigned kind = 0; kind < NB_DB_KIND_COUNT && !found; kind++) {
        db->kind = (nb_db_kind)kind;
        NB_TRY(has_table(db, nb_db_table_of(db->kind, NB_DB_CONFIGS)->name, &found, err));
    }
    if (!found)
        return nb_fail(err, NB_ERR_FORMAT,
                       "%s: no benchmark database: it has none of the tables nb101trialconfig, nb201trialconfig, ndstrialconfig", db->path);
    for (unsigned role = 0; role < NB_DB_ROLES; role++) {
        const nb_db_table *table = nb_db_table_of(db->kind, (nb_db_role)role);
        NB_TRY(has_table(db, table->name, &found, err));
        if (!found)
            return nb_fail(err, NB_ERR_FORMAT, "%s: there is no table %s", db->path, table->name);
        NB_TRY(check_columns(db, table, err));
    }
    return NB_OK;
}

/* ---- opening ---- */

char *nb_db_plain_path(const char *path)
{
    char *plain = NULL;
    return asprintf(&plain, "%s%s", path[0] == '/' ? "" : "./", path) < 0 ? NULL : plain;
}

/* Attaching another file would be a way to write. */
static int authorize(void *user, int action, const char *a, const char *b, const char *c, const char *d)
{
    (void)user, (void)a, (void)b, (void)c, (void)d;
    return action == SQLITE_ATTACH || action == SQLITE_DETACH ? SQLITE_DENY : SQLITE_OK;
}

/* A file from elsewhere is read with everything off that could act. */
static nb_status connect_to(nb_db *db, nb_error *err)
{
    char *plain = nb_db_plain_path(db->path);
    if (!plain)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for a file name", db->path);
    int code = sqlite3_open_v2(plain, &db->sqlite, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    free(plain);
    if (code != SQLITE_OK)
        return nb_db_fail(db->sqlite, db->path, code, "cannot open", err);
    sqlite3_busy_timeout(db->sqlite, LOCK_PATIENCE);
    sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_set_authorizer(db->sqlite, authorize, NULL);
    code = sqlite3_exec(db->sqlite,
                        "PRAGMA query_only = ON; PRAGMA cell_size_check = ON; PRAGMA cache_size = -65536;"
                        "PRAGMA locking_mode = EXCLUSIVE",
                        NULL, NULL, NULL);
    return code == SQLITE_OK ? NB_OK : nb_db_fail(db->sqlite, db->path, code, "cannot open", err);
}

nb_status nb_db_open(const char *path, nb_db **out, nb_error *err)
{
    if (!path)
        return nb_fail(err, NB_ERR_ARGUMENT, "database: a path expected");
    NB_TRY(check_file(path, err));
    nb_db *db = calloc(1, sizeof *db);
    if (!db || !(db->path = strdup(path))) {
        free(db);
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory to open it", path);
    }
    nb_status status = connect_to(db, err);
    if (status == NB_OK)
        status = check_tables(db, err);
    if (status != NB_OK) {
        nb_db_close(db);
        return status;
    }
    *out = db;
    return NB_OK;
}

void nb_db_close(nb_db *db)
{
    if (!db)
        return;
    for (size_t i = 0; i < NB_DB_KEPT; i++)
        sqlite3_finalize(db->kept[i].statement);
    sqlite3_close_v2(db->sqlite);
    free(db->path);
    free(db);
}

nb_db_kind nb_db_get_kind(const nb_db *db)
{
    return db->kind;
}

const char *nb_db_path(const nb_db *db)
{
    return db->path;
}

/* ---- what it holds ---- */

/* The one number that a statement answers. */
static nb_status ask_number(nb_db *db, const char *sql, uint64_t *out, nb_error *err)
{
    sqlite3_stmt *statement;
    NB_TRY(nb_db_prepare(db, sql, &statement, err));
    int code = sqlite3_step(statement);
    *out = code == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
    nb_status status = code == SQLITE_ROW ? NB_OK : nb_db_fail(db->sqlite, db->path, code, "cannot read", err);
    sqlite3_finalize(statement);
    return status;
}

nb_status nb_db_get_info(nb_db *db, nb_db_info *out, nb_error *err)
{
    nb_db_info info = {.kind = db->kind};
    uint64_t *counts[NB_DB_ROLES] = {&info.configs, &info.trials, &info.points}, pages, page_size, found;
    for (unsigned role = 0; role < NB_DB_ROLES; role++) {
        char sql[128];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", nb_db_table_of(db->kind, (nb_db_role)role)->name);
        NB_TRY(ask_number(db, sql, counts[role], err));
    }
    NB_TRY(ask_number(db, "PRAGMA page_count", &pages, err));
    NB_TRY(ask_number(db, "PRAGMA page_size", &page_size, err));
    NB_TRY(ask_number(db, "SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'", &found, err));
    info.bytes = pages * page_size;
    info.analyzed = found > 0;
    *out = info;
    return NB_OK;
}
