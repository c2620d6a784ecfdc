/* Where NNI keeps its databases. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "nasbench/db.h"

#define NAME_DIGITS 8 /* of the SHA-256 in the published names */

/* The names that NNI published its files under. */
static const char *const published[NB_DB_KIND_COUNT] = {"nasbench101-209f5694.db", "nasbench201-b2b60732.db", "nds-5745c235.db"};

/* The value of a variable that is set to something. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static nb_status join(const char *a, const char *b, char **out, nb_error *err)
{
    return asprintf(out, "%s/%s", a, b) < 0 ? nb_fail(err, NB_ERR_MEMORY, "no memory for a file name") : NB_OK;
}

nb_status nb_db_folder(char **folder, nb_error *err)
{
    const char *place;
    if ((place = variable("NASBENCHMARK_DIR"))) {
        *folder = strdup(place);
        return *folder ? NB_OK : nb_fail(err, NB_ERR_MEMORY, "no memory for a file name");
    }
    if ((place = variable("NNI_HOME")))
        return join(place, "nasbenchmark", folder, err);
    if ((place = variable("XDG_CACHE_HOME")))
        return join(place, "nni/nasbenchmark", folder, err);
    if ((place = variable("HOME")))
        return join(place, ".cache/nni/nasbenchmark", folder, err);
    return nb_fail(err, NB_ERR_NOT_FOUND, "no folder for databases: none of NASBENCHMARK_DIR, NNI_HOME, XDG_CACHE_HOME and HOME is set");
}

nb_status nb_db_default_path(nb_db_kind kind, char **path, nb_error *err)
{
    char *folder;
    if ((unsigned)kind >= NB_DB_KIND_COUNT)
        return nb_fail(err, NB_ERR_ARGUMENT, "database: %d is no kind", (int)kind);
    NB_TRY(nb_db_folder(&folder, err));
    int made = asprintf(path, "%s/%s.db", folder, nb_db_kind_name(kind));
    free(folder);
    return made < 0 ? nb_fail(err, NB_ERR_MEMORY, "no memory for a file name") : NB_OK;
}

/* Whether `name` is "<kind>-<8 hexadecimal digits>.db". */
static bool is_hashed_name(const char *name, const char *kind)
{
    const size_t length = strlen(kind);
    return strncmp(name, kind, length) == 0 && name[length] == '-' && strspn(name + length + 1, "0123456789abcdef") == NAME_DIGITS &&
           strcmp(name + length + 1 + NAME_DIGITS, ".db") == 0;
}

/* The name in the folder with such digits that comes first in the alphabet; NULL: none, or no memory. */
static char *find_hashed(const char *folder, const char *kind)
{
    DIR *entries = opendir(folder);
    char *first = NULL;
    if (!entries)
        return NULL;
    for (struct dirent *entry; (entry = readdir(entries));)
        if (is_hashed_name(entry->d_name, kind) && (!first || strcmp(entry->d_name, first) < 0)) {
            free(first);
            first = strdup(entry->d_name);
        }
    closedir(entries);
    return first;
}

/* The database in one folder. NB_ERR_NOT_FOUND without a message when it is not there. */
static nb_status find_in(const char *folder, nb_db_kind kind, char **path, nb_error *err)
{
    char plain[32];
    snprintf(plain, sizeof plain, "%s.db", nb_db_kind_name(kind));
    const char *const names[] = {plain, published[kind]};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        NB_TRY(join(folder, names[i], path, err));
        if (access(*path, F_OK) == 0)
            return NB_OK;
        free(*path);
    }
    char *name = find_hashed(folder, nb_db_kind_name(kind));
    if (!name)
        return NB_ERR_NOT_FOUND;
    nb_status status = join(folder, name, path, err);
    free(name);
    return status;
}

nb_status nb_db_find(nb_db_kind kind, char **path, nb_error *err)
{
    char *folder, *old = NULL;
    if ((unsigned)kind >= NB_DB_KIND_COUNT)
        return nb_fail(err, NB_ERR_ARGUMENT, "database: %d is no kind", (int)kind);
    NB_TRY(nb_db_folder(&folder, err));
    nb_status status = find_in(folder, kind, path, err);
    const char *home = variable("HOME");
    const bool look_further = status == NB_ERR_NOT_FOUND && home && !variable("NASBENCHMARK_DIR");
    if (look_further && (status = join(home, ".nni/nasbenchmark", &old, err)) == NB_OK)
        status = find_in(old, kind, path, err);
    if (status == NB_ERR_NOT_FOUND)
        nb_fail(err, status, "no database %s.db or %s in %s%s%s", nb_db_kind_name(kind), published[kind], folder, old ? " or " : "",
                old ? old : "");
    free(folder);
    free(old);
    return status;
}
