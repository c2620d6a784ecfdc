/* Reading a whole database to see whether it is sound. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/progress.h"
#include "base/sha256.h"
#include "store/db.h"

#define STEPS_PER_CHECK 100000 /* of SQLite's machine */
#define NAME_DIGITS 8          /* of the SHA-256 that the name of a published file ends in */

static int asked_to_stop(void *user)
{
    return nb_progress_check(user, "", NULL) != NB_OK;
}

/* Runs a check that answers with rows about what is wrong, or with the one row `fine` (NULL: with none). */
static nb_status run_check(nb_db *db, const char *sql, const char *fine, nb_error *err)
{
    sqlite3_stmt *statement;
    NB_TRY(nb_db_prepare(db, sql, &statement, err));
    int code = sqlite3_step(statement);
    nb_status status = NB_OK;
    const char *text = code == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        status = nb_db_fail(db->sqlite, db->path, code, "cannot read", err);
    else if (fine && (!text || strcmp(text, fine) != 0))
        status = nb_fail(err, NB_ERR_CORRUPT, "%s: %s", db->path, text ? text : "no answer");
    else if (!fine && code == SQLITE_ROW)
        status = nb_fail(err, NB_ERR_CORRUPT, "%s: table %s: row %lld refers to no row of %s", db->path, text ? text : "?",
                         (long long)sqlite3_column_int64(statement, 1), (const char *)sqlite3_column_text(statement, 2));
    sqlite3_finalize(statement);
    return status;
}

/* The digits that the file's name promises; false when it promises none. */
static bool promised_digits(const char *path, char digits[NAME_DIGITS + 1])
{
    const char *dash = strrchr(path, '-');
    if (!dash || strspn(dash + 1, "0123456789abcdef") != NAME_DIGITS || strcmp(dash + 1 + NAME_DIGITS, ".db") != 0)
        return false;
    memcpy(digits, dash + 1, NAME_DIGITS);
    digits[NAME_DIGITS] = '\0';
    return true;
}

static nb_status hash_file(const nb_db *db, char text[NB_SHA256_TEXT_SIZE], const nb_progress *progress, nb_error *err)
{
    enum { PIECE = 1 << 20 };
    nb_sha256 hash;
    uint8_t digest[NB_SHA256_SIZE];
    int fd = open(db->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return nb_fail_errno(err, NB_ERR_IO, errno, "%s: cannot open", db->path);
    uint8_t *piece = malloc(PIECE);
    nb_status status = piece ? NB_OK : nb_fail(err, NB_ERR_MEMORY, "%s: no memory to read it", db->path);
    ssize_t got = 0;
    nb_sha256_init(&hash);
    while (status == NB_OK && (got = read(fd, piece, PIECE)) > 0) {
        nb_sha256_add(&hash, piece, (size_t)got);
        status = nb_progress_check(progress, db->path, err);
    }
    if (status == NB_OK && got < 0)
        status = nb_fail_errno(err, NB_ERR_IO, errno, "%s: cannot read", db->path);
    free(piece);
    close(fd);
    nb_sha256_finish(&hash, digest);
    nb_hex(digest, sizeof digest, text);
    return status;
}

static nb_status check_name(const nb_db *db, const nb_progress *progress, nb_error *err)
{
    char promised[NAME_DIGITS + 1], found[NB_SHA256_TEXT_SIZE];
    if (!promised_digits(db->path, promised))
        return NB_OK;
    NB_TRY(hash_file(db, found, progress, err));
    if (strncmp(promised, found, NAME_DIGITS) == 0)
        return NB_OK;
    return nb_fail(err, NB_ERR_CORRUPT, "%s: the SHA-256 begins with %.8s, the name says %s", db->path, found, promised);
}

nb_status nb_db_verify(nb_db *db, const nb_progress *progress, nb_error *err)
{
    nb_progress_report(progress, 0, 0, "integrity");
    sqlite3_progress_handler(db->sqlite, STEPS_PER_CHECK, asked_to_stop, (void *)(uintptr_t)progress);
    nb_status status = run_check(db, "PRAGMA integrity_check(1)", "ok", err);
    if (status == NB_OK)
        status = run_check(db, "PRAGMA foreign_key_check", NULL, err);
    sqlite3_progress_handler(db->sqlite, 0, NULL, NULL);
    if (status == NB_OK)
        status = check_name(db, progress, err);
    return status == NB_ERR_CANCELLED ? nb_progress_check(progress, db->path, err) : status;
}
