#include "train/source.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "train/cifar_bin.h"
#include "train/data_file.h"
#include "train/idx.h"
#include "train/image_pickle.h"

#define PATH_SIZE 4096

static nb_status join_path(char path[PATH_SIZE], nb_error *err, const char *format, ...) NB_PRINTF(3, 4);
static nb_status join_path(char path[PATH_SIZE], nb_error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(path, PATH_SIZE, format, args);
    va_end(args);
    if (length < 0 || length >= PATH_SIZE)
        return nb_fail(err, NB_ERR_ARGUMENT, "%.60s...: path longer than %d bytes", path, PATH_SIZE - 1);
    return NB_OK;
}

/* Puts the path of a file that may be compressed into `path`: as it is, or with ".gz". False when there is neither. */
static bool locate(const nb_source_layout *layout, const char *folder, const char *name, char path[PATH_SIZE])
{
    struct stat info;
    if (join_path(path, NULL, "%s/%s", folder, name) == NB_OK && stat(path, &info) == 0 && S_ISREG(info.st_mode))
        return true;
    return layout->format == NB_IMAGES_IDX && join_path(path, NULL, "%s/%s.gz", folder, name) == NB_OK && stat(path, &info) == 0 &&
           S_ISREG(info.st_mode);
}

/* Tries all layouts in and below one folder. */
static bool search_folder(const nb_source *source, const char *root, nb_found_source *out)
{
    for (uint32_t i = 0; i < source->layout_count; i++) {
        const nb_source_layout *layout = &source->layouts[i];
        for (const char *const *below = layout->folders; *below; below++) {
            char folder[PATH_SIZE], path[PATH_SIZE];
            if (join_path(folder, NULL, "%s%s%s", root, **below ? "/" : "", *below) != NB_OK ||
                !locate(layout, folder, layout->train[0].name, path))
                continue;
            out->layout = layout;
            out->folder = strdup(folder);
            return true;
        }
    }
    return false;
}

/* The standard places, in the order in which they are tried. Returns their number, at most 3. */
static int standard_places(const nb_source *source, char torch[PATH_SIZE], char home[PATH_SIZE], const char *places[3])
{
    int count = 0;
    const char *torch_home = getenv("TORCH_HOME");
    if (torch_home && *torch_home && join_path(torch, NULL, "%s", torch_home) == NB_OK)
        places[count++] = torch;
    const char *user_home = getenv("HOME");
    if (user_home && *user_home && join_path(home, NULL, "%s/.torch", user_home) == NB_OK)
        places[count++] = home;
    if (source->system_folder)
        places[count++] = source->system_folder;
    return count;
}

/* "data_batch_1.bin .. test_batch.bin or data_batch_1 .. test_batch" */
static void list_files(const nb_source *source, char *text, size_t size)
{
    size_t used = 0;
    for (uint32_t i = 0; i < source->layout_count; i++) {
        const nb_source_layout *layout = &source->layouts[i];
        const nb_source_file *last = layout->test;
        while (last[1].name)
            last++;
        const nb_source_file *last_train = layout->train;
        while (last_train[1].name)
            last_train++;
        int length = snprintf(text + used, size - used, "%s%s%s%s, %s", used ? " or " : "", layout->train[0].name,
                              last_train == layout->train ? "" : " .. ", last_train == layout->train ? "" : last_train->name, last->name);
        if (length < 0 || (size_t)length >= size - used)
            return;
        used += (size_t)length;
    }
}

static nb_status not_found(const nb_source *source, const char *const *places, int count, nb_error *err)
{
    char where[160] = "", files[200] = "";
    size_t used = 0;
    for (int i = 0; i < count && used < sizeof where; i++)
        used += (size_t)snprintf(where + used, sizeof where - used, "%s%s", i ? ", " : "", places[i]);
    list_files(source, files, sizeof files);
    return nb_fail(err, NB_ERR_NOT_FOUND, "%s: no files in %s: expected %s; to get them: %s; then name their folder (--data)",
                   source->title, count ? where : "any standard place", files, source->how_to_get);
}

nb_status nb_source_find(const nb_source *source, const char *folder, nb_found_source *out, nb_error *err)
{
    char torch[PATH_SIZE], home[PATH_SIZE];
    const char *places[3] = {folder};
    int count = folder ? 1 : standard_places(source, torch, home, places);
    *out = (nb_found_source){0};
    for (int i = 0; i < count; i++) {
        if (!search_folder(source, places[i], out))
            continue;
        return out->folder ? NB_OK : nb_fail(err, NB_ERR_MEMORY, "%s: no memory for the path", places[i]);
    }
    return not_found(source, places, count, err);
}

static nb_status read_file(const nb_found_source *found, const nb_source_file *file, bool checksums, char path[PATH_SIZE],
                           nb_data_file *out, nb_error *err)
{
    if (!locate(found->layout, found->folder, file->name, path))
        return nb_fail(err, NB_ERR_NOT_FOUND, "%s/%s: not there, though other files of the data set are", found->folder, file->name);
    return nb_data_file_read(path, checksums ? file->checksum : NULL, out, err);
}

static nb_status read_idx_pair(const nb_found_source *found, const nb_source_file *pair, bool checksums, nb_image_set *set, nb_error *err)
{
    char images_path[PATH_SIZE], labels_path[PATH_SIZE];
    nb_data_file images, labels = {0};
    NB_TRY(read_file(found, &pair[0], checksums, images_path, &images, err));
    nb_status status = read_file(found, &pair[1], checksums, labels_path, &labels, err);
    nb_idx image_array, label_array;
    if (status == NB_OK)
        status = nb_idx_parse(images.data, images.size, images_path, &image_array, err);
    if (status == NB_OK)
        status = nb_idx_parse(labels.data, labels.size, labels_path, &label_array, err);
    if (status == NB_OK)
        status = nb_idx_add_images(&image_array, images_path, &label_array, labels_path, set, err);
    nb_data_file_free(&images);
    nb_data_file_free(&labels);
    return status;
}

static nb_status read_one(const nb_found_source *found, const nb_source_file *file, bool checksums, nb_image_set *set, nb_error *err)
{
    const nb_source_layout *layout = found->layout;
    char path[PATH_SIZE];
    nb_data_file data;
    NB_TRY(read_file(found, file, checksums, path, &data, err));
    nb_status status;
    if (layout->format == NB_IMAGES_CIFAR_BIN)
        status = nb_cifar_bin_parse(data.data, data.size, path, layout->label_bytes, set, err);
    else
        status = nb_image_pickle_parse(data.data, data.size, path, layout->label_key, layout->first_label, layout->select, set, err);
    nb_data_file_free(&data);
    return status;
}

static nb_status read_files(const nb_found_source *found, const nb_source_file *files, bool checksums, const nb_progress *progress,
                            nb_image_set *set, nb_error *err)
{
    uint32_t before = set->count;
    uint64_t total = 0;
    while (files[total].name)
        total++;
    for (const nb_source_file *file = files; file->name; file++) {
        NB_TRY(nb_progress_check(progress, file->name, err));
        nb_progress_report(progress, (uint64_t)(file - files), total, file->name);
        if (found->layout->format == NB_IMAGES_IDX)
            NB_TRY(read_idx_pair(found, file++, checksums, set, err));
        else
            NB_TRY(read_one(found, file, checksums, set, err));
    }
    uint32_t read = set->count - before, expected = nb_source_count(files);
    if (checksums && read != expected)
        return nb_fail(err, NB_ERR_CORRUPT, "%s/%s and following: %u images, expected %u", found->folder, files->name, read, expected);
    return NB_OK;
}

nb_status nb_source_read(const nb_found_source *found, bool checksums, const nb_progress *progress, nb_image_set *set,
                         uint32_t *train_count, nb_error *err)
{
    if (checksums)
        NB_TRY(nb_image_set_reserve(set, nb_source_count(found->layout->train) + nb_source_count(found->layout->test), err));
    NB_TRY(read_files(found, found->layout->train, checksums, progress, set, err));
    *train_count = set->count;
    return read_files(found, found->layout->test, checksums, progress, set, err);
}
