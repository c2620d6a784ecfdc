/* Weights out of the per-architecture archives: what reload() and get_net_param() are for in the original interface. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/safetensors.h"
#include "base/text.h"
#include "ingest/results.h"
#include "ingest/rows.h"
#include "ingest/torch_file.h"
#include "nasbench/import.h"

/* ---- finding the archive ---- */

/* What the user calls the architecture: its index, and its string when that was given. */
static nb_status read_arch_name(const char *arch, int64_t *index, bool *by_text, nb_error *err)
{
    size_t size = strlen(arch);
    const nb_space *space = nb_rows_space_of_text(arch, size);
    nb_arch found;
    *by_text = space != NULL;
    if (space) {
        *index = nb_space_index_of_text(space, arch, size);
        return NB_OK;
    }
    space = nb_space_of(NB_SPACE_SIZE); /* the larger one: which is meant, the archive says */
    NB_TRY(nb_space_lookup(space, arch, size, &found, err));
    *index = nb_space_index(space, &found);
    return NB_OK;
}

/* The names that an architecture's archive may have in a folder. */
static int name_of_form(int form, const char *folder, int64_t index, char **path)
{
    switch (form) {
    case 0:
        return asprintf(path, "%s/%06" PRId64 "-FULL.pth", folder, index);
    case 1:
        return asprintf(path, "%s/%06" PRId64 ".pickle.pbz2", folder, index);
    default:
        return asprintf(path, "%s/%" PRId64 ".pickle.pbz2", folder, index);
    }
}

static nb_status find_in_folder(const char *folder, int64_t index, char **path, nb_error *err)
{
    struct stat info;
    for (int form = 0; form < 3; form++) {
        *path = NULL;
        if (name_of_form(form, folder, index, path) < 0)
            return nb_fail(err, NB_ERR_MEMORY, "%s: no memory", folder);
        if (stat(*path, &info) == 0)
            return NB_OK;
        free(*path);
    }
    *path = NULL;
    return nb_fail(err, NB_ERR_NOT_FOUND, "%s: neither %06" PRId64 "-FULL.pth nor %06" PRId64 ".pickle.pbz2 is there", folder, index,
                   index);
}

static nb_status find_archive(const nb_weights_request *request, char **path, nb_error *err)
{
    struct stat info;
    int64_t index;
    bool by_text;
    *path = NULL;
    if (stat(request->archive, &info) != 0)
        return nb_fail(err, NB_ERR_NOT_FOUND, "%s: no such file or folder", request->archive);
    if (!S_ISDIR(info.st_mode)) {
        *path = strdup(request->archive);
        return *path ? NB_OK : nb_fail(err, NB_ERR_MEMORY, "%s: no memory", request->archive);
    }
    if (!request->arch)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s is a folder: which architecture?", request->archive);
    NB_TRY(read_arch_name(request->arch, &index, &by_text, err));
    return find_in_folder(request->archive, index, path, err);
}

/* ---- choosing the results ---- */

/* What is to be exported. */
typedef struct selection {
    nb_pickle_value results;
    char schedule[NB_SCHEDULE_SIZE];
    nb_results_head head;
    nb_pickle_value seeds; /* list of the dataset's seeds */
} selection;

static bool seeds_of(nb_pickle_value results, const char *dataset, nb_pickle_value *seeds)
{
    nb_pickle_value all;
    return nb_pickle_find(results, "dataset_seed", &all) && nb_pickle_find(all, dataset, seeds) && seeds->kind == NB_PICKLE_LIST;
}

static const char *official_schedule(const char *name)
{
    return strcmp(name, "full") == 0 ? "200" : strcmp(name, "less") == 0 ? "12" : name;
}

/* Takes these results when they have the dataset and are the wanted or, so far, the longest schedule. */
static void consider(const nb_weights_request *request, nb_pickle_value results, const char *schedule, selection *chosen)
{
    nb_pickle_value seeds;
    bool wanted = request->schedule ? strcmp(schedule, official_schedule(request->schedule)) == 0
                                    : chosen->schedule[0] == '\0' || atol(schedule) > atol(chosen->schedule);
    if (!wanted || !seeds_of(results, request->dataset, &seeds))
        return;
    chosen->results = results;
    chosen->seeds = seeds;
    memcpy(chosen->schedule, schedule, sizeof chosen->schedule);
}

static nb_status choose_results(const nb_weights_request *request, const char *path, nb_pickle_value object, selection *chosen,
                                nb_error *err)
{
    char schedule[NB_SCHEDULE_SIZE] = "";
    nb_pickle_value key, results;
    *chosen = (selection){0};
    if (nb_results_are(object)) {
        NB_TRY(nb_results_schedule(object, schedule, err));
        consider(request, object, schedule, chosen);
    }
    for (size_t i = 0; !nb_results_are(object) && nb_pickle_entry(object, i, &key, &results); i++)
        if (nb_results_are(results)) {
            NB_TRY(nb_results_schedule_of_key(key, schedule, err));
            consider(request, results, schedule, chosen);
        }
    if (chosen->schedule[0] == '\0')
        return nb_fail(err, NB_ERR_NOT_FOUND, "%s: no results of dataset %s%s%s", path, request->dataset,
                       request->schedule ? " under the schedule " : "", request->schedule ? request->schedule : "");
    return nb_results_read_head(chosen->results, &chosen->head, err);
}

/* The archive must be the one of the architecture that was asked for. */
static nb_status check_arch(const nb_weights_request *request, const char *path, const selection *chosen, nb_error *err)
{
    int64_t index;
    bool by_text;
    if (!request->arch)
        return NB_OK;
    NB_TRY(read_arch_name(request->arch, &index, &by_text, err));
    bool same = by_text ? strlen(request->arch) == chosen->head.size && memcmp(request->arch, chosen->head.text, chosen->head.size) == 0
                        : index == chosen->head.index;
    if (same)
        return NB_OK;
    return nb_fail(err, NB_ERR_NOT_FOUND, "%s: this is architecture %" PRId64 ", %.200s; %s was asked for", path, chosen->head.index,
                   chosen->head.text, request->arch);
}

/* ---- collecting tensors ---- */

/* The tensors of the file to be written. Names and data are owned. */
typedef struct collection {
    nb_st_tensor *tensors;
    size_t count, capacity;
    nb_text seeds;         /* "777 888", for the metadata */
    nb_arch_config config; /* zeros: not known */
} collection;

static void free_collection(collection *c)
{
    for (size_t i = 0; i < c->count; i++) {
        free((void *)(uintptr_t)c->tensors[i].name);
        free((void *)(uintptr_t)c->tensors[i].data);
    }
    free(c->tensors);
    nb_text_free(&c->seeds);
}

static nb_dtype dtype_of(nb_pickle_element element)
{
    static const nb_dtype dtypes[] = {[NB_PICKLE_F64] = NB_DTYPE_F64,     [NB_PICKLE_F32] = NB_DTYPE_F32, [NB_PICKLE_F16] = NB_DTYPE_F16,
                                      [NB_PICKLE_BF16] = NB_DTYPE_BF16,   [NB_PICKLE_I64] = NB_DTYPE_I64, [NB_PICKLE_I32] = NB_DTYPE_I32,
                                      [NB_PICKLE_I16] = NB_DTYPE_I16,     [NB_PICKLE_I8] = NB_DTYPE_I8,   [NB_PICKLE_U8] = NB_DTYPE_U8,
                                      [NB_PICKLE_BOOLEAN] = NB_DTYPE_BOOL};
    return dtypes[element];
}

static nb_status reserve(collection *c, nb_error *err)
{
    if (c->count < c->capacity)
        return NB_OK;
    size_t capacity = c->capacity ? 2 * c->capacity : 256;
    nb_st_tensor *grown = realloc(c->tensors, capacity * sizeof *grown);
    if (!grown)
        return nb_fail(err, NB_ERR_MEMORY, "no memory for %zu tensors", capacity);
    c->tensors = grown;
    c->capacity = capacity;
    return NB_OK;
}

/* Reads one tensor. `prefix` goes before its name. */
static nb_status add_tensor(collection *c, nb_torch_file *file, const nb_storage_places *places, const char *prefix, nb_pickle_value key,
                            nb_pickle_value value, nb_error *err)
{
    const nb_pickle_tensor *tensor = nb_pickle_as_tensor(value);
    const char *name = nb_pickle_text(key, NULL);
    if (!tensor || !name)
        return nb_fail(err, NB_ERR_FORMAT, "%s: net_state_dict: %.80s is %s, a tensor expected", file->path, name ? name : "an item",
                       nb_pickle_kind_name(value.kind));
    NB_TRY(reserve(c, err));
    char *full_name = NULL;
    if (asprintf(&full_name, "%s%s", prefix, name) < 0)
        return nb_fail(err, NB_ERR_MEMORY, "no memory for a name");
    nb_pickle_element element;
    uint8_t *data;
    size_t size;
    nb_status status = nb_torch_read_tensor(file, places, tensor, &element, &data, &size, err);
    if (status != NB_OK) {
        free(full_name);
        return nb_prefix(err, status, "%.80s", name);
    }
    nb_st_tensor *out = &c->tensors[c->count++];
    *out = (nb_st_tensor){.name = full_name, .dtype = dtype_of(element), .rank = tensor->dims, .data = data};
    memcpy(out->shape, tensor->shape, sizeof(uint64_t) * tensor->dims);
    return NB_OK;
}

/* Reads the weights of one trial. */
static nb_status add_trial(collection *c, nb_torch_file *file, const nb_storage_places *places, const char *dataset, int64_t seed,
                           bool with_prefix, nb_pickle_value trial, nb_error *err)
{
    char prefix[32] = "";
    nb_pickle_value weights, key, value;
    if (with_prefix)
        snprintf(prefix, sizeof prefix, "%" PRId64 "/", seed);
    if (!nb_pickle_find(trial, "net_state_dict", &weights) || weights.kind == NB_PICKLE_NONE)
        return nb_fail(err, NB_ERR_NOT_FOUND, "%s: trial (%s, %" PRId64 ") has no weights: they were removed from this file", file->path,
                       dataset, seed);
    if (weights.kind != NB_PICKLE_DICT)
        return nb_fail(err, NB_ERR_FORMAT, "%s: net_state_dict is %s, a dict expected", file->path, nb_pickle_kind_name(weights.kind));
    for (size_t i = 0; nb_pickle_entry(weights, i, &key, &value); i++)
        NB_TRY(add_tensor(c, file, places, prefix, key, value, err));
    nb_text_printf(&c->seeds, "%s%" PRId64, c->seeds.size ? " " : "", seed);
    NB_TRY(nb_results_read_config(trial, &c->config, err));
    return nb_text_check(&c->seeds, err);
}

static nb_status collect(const nb_weights_request *request, const selection *chosen, nb_torch_file *file, const nb_storage_places *places,
                         collection *c, nb_error *err)
{
    bool all = request->seed == NB_WEIGHTS_ALL_SEEDS;
    nb_text known = {0};
    nb_pickle_value trial;
    for (size_t i = 0; i < nb_pickle_count(chosen->seeds); i++) {
        nb_pickle_value seed = nb_pickle_item(chosen->seeds, i);
        nb_text_printf(&known, "%s%" PRId64, i ? ", " : "", seed.kind == NB_PICKLE_INT ? seed.number : -1);
        if (seed.kind != NB_PICKLE_INT || (!all && seed.number != request->seed))
            continue;
        nb_status status =
            nb_results_find_trial(chosen->results, request->dataset, seed.number, &trial)
                ? add_trial(c, file, places, request->dataset, seed.number, all, trial, err)
                : nb_fail(err, NB_ERR_FORMAT, "%s: trial (%s, %" PRId64 ") is missing", file->path, request->dataset, seed.number);
        if (status != NB_OK) {
            nb_text_free(&known);
            return status;
        }
    }
    nb_status status = c->count > 0 ? NB_OK
                                    : nb_fail(err, NB_ERR_NOT_FOUND, "%s: no weights of seed %" PRId64 "; seeds of %s: %s", file->path,
                                              request->seed, request->dataset, known.data ? known.data : "none");
    nb_text_free(&known);
    return status;
}

/* ---- writing ---- */

static nb_status write_weights(const nb_weights_request *request, const selection *chosen, const collection *c, const char *target,
                               nb_error *err)
{
    char index[24], channels[16], cells[16], classes[16];
    snprintf(index, sizeof index, "%" PRId64, chosen->head.index);
    snprintf(channels, sizeof channels, "%u", c->config.channels);
    snprintf(cells, sizeof cells, "%u", c->config.cells);
    snprintf(classes, sizeof classes, "%u", c->config.classes);
    nb_st_metadata metadata[] = {
        {"arch", chosen->head.text}, {"arch_index", index}, {"dataset", request->dataset}, {"schedule", chosen->schedule},
        {"seeds", c->seeds.data},    {"classes", classes},  {"channels", channels},        {"cells", cells},
    };
    size_t count = sizeof metadata / sizeof *metadata - (c->config.channels == 0 ? 2 : 0);
    return nb_safetensors_write(target, c->tensors, c->count, metadata, count, err);
}

static nb_status export_object(const nb_weights_request *request, nb_torch_file *file, nb_pickle_value object, const char *target,
                               size_t *tensors, nb_error *err)
{
    selection chosen;
    nb_storage_places places;
    collection c = {0};
    NB_TRY(choose_results(request, file->path, object, &chosen, err));
    NB_TRY(check_arch(request, file->path, &chosen, err));
    NB_TRY(nb_torch_find_storages(&file->in, file->container == NB_CONTAINER_TORCH_LEGACY, object, &places, err));
    nb_status status = collect(request, &chosen, file, &places, &c, err);
    if (status == NB_OK)
        status = write_weights(request, &chosen, &c, target, err);
    if (status == NB_OK && tensors)
        *tensors = c.count;
    nb_storage_places_free(&places);
    free_collection(&c);
    return status;
}

nb_status nb_weights_export(const nb_weights_request *request, const char *target, size_t *tensors, nb_error *err)
{
    char *path;
    nb_torch_file file;
    nb_pickle_value object;
    if (!request || !request->archive || !request->dataset || !target || (request->seed < 0 && request->seed != NB_WEIGHTS_ALL_SEEDS))
        return nb_fail(err, NB_ERR_ARGUMENT, "weights: an archive, a dataset, a seed and a target expected");
    NB_TRY(find_archive(request, &path, err));
    nb_status status = nb_torch_open(&file, path, err);
    free(path);
    if (status != NB_OK)
        return status;
    status = nb_pickle_read(&file.in, NULL, &object, err);
    if (status == NB_OK) {
        status = export_object(request, &file, object, target, tensors, err);
        nb_pickle_drop(object);
    }
    nb_torch_close(&file);
    return status;
}
