#include "ingest/files.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void nb_files_free(nb_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        free(files->paths[i]);
    free(files->paths);
    *files = (nb_files){0};
}

/* Takes `path` over, also on failure. */
static nb_status add_path(nb_files *files, char *path, nb_error *err)
{
    if (files->count == files->capacity) {
        size_t capacity = files->capacity ? 2 * files->capacity : 64;
        char **grown = realloc(files->paths, capacity * sizeof *grown);
        if (!grown) {
            free(path);
            return nb_fail(err, NB_ERR_MEMORY, "no memory for %zu file names", capacity);
        }
        files->paths = grown;
        files->capacity = capacity;
    }
    if (!path)
        return nb_fail(err, NB_ERR_MEMORY, "no memory for a file name");
    files->paths[files->count++] = path;
    return NB_OK;
}

static bool ends_with(const char *name, const char *end)
{
    size_t size = strlen(name);
    size_t end_size = strlen(end);
    return size > end_size && strcmp(name + size - end_size, end) == 0;
}

static bool is_meta(const char *name)
{
    return strcmp(name, "meta.pickle.pbz2") == 0;
}

static bool is_result_name(const char *name)
{
    return name[0] != '.' && (ends_with(name, ".pickle.pbz2") || ends_with(name, ".pth") || ends_with(name, ".safetensors"));
}

/* The meta file first, the rest by name. */
static int compare_names(const void *a, const void *b)
{
    const char *left = *(char *const *)a;
    const char *right = *(char *const *)b;
    if (is_meta(left) != is_meta(right))
        return is_meta(left) ? -1 : 1;
    return strcmp(left, right);
}

static bool has_name(const nb_files *names, const char *wanted)
{
    char *key = (char *)wanted;
    return names->count > 0 && bsearch(&key, names->paths, names->count, sizeof *names->paths, compare_names) != NULL;
}

/* NNNNNN-FULL.pth beside NNNNNN-SIMPLE.pth. */
static bool has_simple_form(const nb_files *names, const char *name)
{
    if (!ends_with(name, "-FULL.pth"))
        return false;
    char simple[300];
    int size = snprintf(simple, sizeof simple, "%.*s-SIMPLE.pth", (int)(strlen(name) - strlen("-FULL.pth")), name);
    return size < (int)sizeof simple && has_name(names, simple);
}

/* The names of result files in a folder, sorted. */
static nb_status read_names(const char *folder, nb_files *names, nb_error *err)
{
    DIR *open_folder = opendir(folder);
    if (!open_folder)
        return nb_fail_errno(err, NB_ERR_IO, errno, "%s: cannot open the folder", folder);
    nb_status status = NB_OK;
    while (status == NB_OK) {
        errno = 0;
        const struct dirent *entry = readdir(open_folder);
        if (!entry) {
            if (errno != 0)
                status = nb_fail_errno(err, NB_ERR_IO, errno, "%s: cannot read the folder", folder);
            break;
        }
        if (is_result_name(entry->d_name))
            status = add_path(names, strdup(entry->d_name), err);
    }
    closedir(open_folder);
    if (status == NB_OK && names->count == 0)
        status = nb_fail(err, NB_ERR_NOT_FOUND, "%s: a folder without result files (*.pickle.pbz2, *.pth, *.safetensors)", folder);
    if (status == NB_OK)
        qsort(names->paths, names->count, sizeof *names->paths, compare_names);
    return status;
}

static nb_status add_folder(nb_files *files, const char *folder, nb_error *err)
{
    nb_files names = {0};
    nb_status status = read_names(folder, &names, err);
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/')
        length--;
    for (size_t i = 0; i < names.count && status == NB_OK; i++) {
        char *path = NULL;
        if (has_simple_form(&names, names.paths[i]))
            continue;
        if (asprintf(&path, "%.*s/%s", (int)length, folder, names.paths[i]) < 0)
            path = NULL;
        status = add_path(files, path, err);
    }
    nb_files_free(&names);
    return status;
}

static nb_status count_bytes(nb_files *files, nb_error *err)
{
    for (size_t i = 0; i < files->count; i++) {
        struct stat info;
        if (stat(files->paths[i], &info) != 0)
            return nb_fail_errno(err, NB_ERR_NOT_FOUND, errno, "%s: cannot be read", files->paths[i]);
        files->bytes += (uint64_t)info.st_size;
    }
    return NB_OK;
}

nb_status nb_files_list(const char *const *sources, size_t count, nb_files *out, nb_error *err)
{
    *out = (nb_files){0};
    nb_status status = NB_OK;
    for (size_t i = 0; i < count && status == NB_OK; i++) {
        struct stat info;
        if (stat(sources[i], &info) != 0)
            status = nb_fail_errno(err, errno == ENOENT ? NB_ERR_NOT_FOUND : NB_ERR_IO, errno, "%s: cannot be read", sources[i]);
        else if (S_ISDIR(info.st_mode))
            status = add_folder(out, sources[i], err);
        else
            status = add_path(out, strdup(sources[i]), err);
    }
    if (status == NB_OK)
        status = count_bytes(out, err);
    if (status != NB_OK)
        nb_files_free(out);
    return status;
}
