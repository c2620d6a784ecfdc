#include "nn/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

/* One tensor of the file and where its numbers live in this program. */
typedef struct entry {
    char *name;
    nb_dtype dtype;
    uint32_t rank;
    uint64_t shape[NB_TENSOR_MAX_RANK];
    void *data;
} entry;

/* Everything that a checkpoint holds, in the order of the file. */
typedef struct inventory {
    entry *entries;
    size_t count, capacity;
    uint8_t *seen;       /* [tensors] */
    int64_t position[2]; /* epoch, step */
} inventory;

static nb_status no_memory(nb_error *err)
{
    return nb_fail(err, NB_ERR_MEMORY, "checkpoint: no memory for the list of its tensors");
}

static void inventory_free(inventory *all)
{
    for (size_t i = 0; i < all->count; i++)
        free(all->entries[i].name);
    free(all->entries);
    free(all->seen);
    *all = (inventory){0};
}

static nb_status add(inventory *all, const char *prefix, const char *name, entry e, nb_error *err)
{
    if (all->count == all->capacity) {
        size_t larger = all->capacity ? 2 * all->capacity : 64;
        entry *moved = realloc(all->entries, larger * sizeof *moved);
        if (!moved)
            return no_memory(err);
        all->entries = moved;
        all->capacity = larger;
    }
    size_t length = strlen(prefix) + strlen(name) + 1;
    e.name = malloc(length);
    if (!e.name)
        return no_memory(err);
    snprintf(e.name, length, "%s%s", prefix, name);
    all->entries[all->count++] = e;
    return NB_OK;
}

/* A vector of `count` numbers. */
static nb_status add_vector(inventory *all, const char *prefix, const char *name, nb_dtype dtype, size_t count, void *data, nb_error *err)
{
    return add(all, prefix, name, (entry){.dtype = dtype, .rank = 1, .shape = {count}, .data = data}, err);
}

/* A tensor of the network; its numbers start at `data`. */
static nb_status add_tensor(inventory *all, const char *prefix, const nb_tensor *tensor, void *data, nb_error *err)
{
    entry e = {.dtype = tensor->kind == NB_TENSOR_COUNTER ? NB_DTYPE_I64 : NB_DTYPE_F32, .rank = (uint32_t)tensor->dims, .data = data};
    for (int i = 0; i < tensor->dims; i++)
        e.shape[i] = (uint64_t)tensor->shape[i];
    return add(all, prefix, tensor->name, e, err);
}

static nb_status list_params(inventory *all, const nb_params *params, nb_error *err)
{
    for (size_t i = 0; i < params->tensor_count; i++) {
        const nb_tensor *tensor = &params->tensors[i];
        void *data = tensor->kind == NB_TENSOR_PARAMETER ? (void *)(params->values + tensor->offset)
                     : tensor->kind == NB_TENSOR_BUFFER  ? (void *)(params->buffers + tensor->offset)
                                                         : (void *)(params->counters + tensor->offset);
        NB_TRY(add_tensor(all, "", tensor, data, err));
    }
    return NB_OK;
}

static nb_status list_optimiser(inventory *all, const nb_checkpoint *checkpoint, nb_error *err)
{
    const nb_optimiser *optimiser = checkpoint->optimiser;
    const nb_params *params = checkpoint->params;
    for (size_t i = 0; i < params->tensor_count; i++) {
        const nb_tensor *tensor = &params->tensors[i];
        if (tensor->kind != NB_TENSOR_PARAMETER)
            continue;
        NB_TRY(add_tensor(all, "training/first/", tensor, optimiser->first + tensor->offset, err));
        if (optimiser->second)
            NB_TRY(add_tensor(all, "training/second/", tensor, optimiser->second + tensor->offset, err));
    }
    NB_TRY(add_vector(all, "training/", "steps", NB_DTYPE_I64, optimiser->tensor_count, optimiser->steps, err));
    NB_TRY(add_vector(all, "training/", "seen", NB_DTYPE_U8, params->tensor_count, all->seen, err));
    return add_vector(all, "training/", "position", NB_DTYPE_I64, 2, all->position, err);
}

static nb_status list_all(inventory *all, const nb_checkpoint *checkpoint, nb_error *err)
{
    all->seen = calloc(checkpoint->params->tensor_count + 1, sizeof *all->seen);
    if (!all->seen)
        return no_memory(err);
    NB_TRY(list_params(all, checkpoint->params, err));
    if (checkpoint->optimiser)
        NB_TRY(list_optimiser(all, checkpoint, err));
    if (checkpoint->rng_count > 0) {
        entry e = {.dtype = NB_DTYPE_U64, .rank = 2, .shape = {checkpoint->rng_count, 4}, .data = checkpoint->rngs};
        NB_TRY(add(all, "training/", "random", e, err));
    }
    for (size_t i = 0; i < checkpoint->array_count; i++) {
        const nb_checkpoint_array *array = &checkpoint->arrays[i];
        NB_TRY(add_vector(all, "training/", array->name, NB_DTYPE_F64, array->count, array->values, err));
    }
    return NB_OK;
}

/* ---------------------------------------------------------------- saving */

static nb_status write_inventory(const char *path, const inventory *all, const nb_checkpoint *checkpoint, nb_error *err)
{
    nb_st_tensor *tensors = calloc(all->count + 1, sizeof *tensors);
    if (!tensors)
        return no_memory(err);
    for (size_t i = 0; i < all->count; i++) {
        const entry *e = &all->entries[i];
        tensors[i] = (nb_st_tensor){.name = e->name, .dtype = e->dtype, .rank = e->rank, .data = e->data};
        memcpy(tensors[i].shape, e->shape, sizeof e->shape);
    }
    nb_status status = nb_safetensors_write(path, tensors, all->count, checkpoint->metadata, checkpoint->metadata_count, err);
    free(tensors);
    return status;
}

nb_status nb_checkpoint_save(const char *path, const nb_checkpoint *checkpoint, nb_error *err)
{
    inventory all = {.position = {checkpoint->epoch, checkpoint->step}};
    nb_status status = list_all(&all, checkpoint, err);
    if (status == NB_OK) {
        for (size_t i = 0; i < checkpoint->params->tensor_count; i++)
            all.seen[i] = checkpoint->params->tensors[i].seen;
        status = write_inventory(path, &all, checkpoint, err);
    }
    inventory_free(&all);
    return status;
}

/* ---------------------------------------------------------------- loading */

/* "[16, 3, 3, 3]" */
static const char *shape_text(uint32_t rank, const uint64_t *shape, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "[");
    for (uint32_t i = 0; i < rank && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, i ? ", %" PRIu64 : "%" PRIu64, shape[i]);
    if (used < size)
        snprintf(text + used, size - used, "]");
    return text;
}

static nb_status check_entry(const char *path, const nb_safetensors *file, const entry *e, nb_error *err)
{
    const nb_st_tensor *tensor = nb_safetensors_find(file, e->name);
    if (!tensor)
        return nb_fail(err, NB_ERR_NOT_FOUND, "%s: there is no tensor \"%s\"", path, e->name);
    char found[160], expected[160];
    shape_text(tensor->rank, tensor->shape, found, sizeof found);
    shape_text(e->rank, e->shape, expected, sizeof expected);
    if (tensor->dtype != e->dtype || strcmp(found, expected) != 0)
        return nb_fail(err, NB_ERR_FORMAT, "%s: tensor \"%s\" is %s %s, expected %s %s", path, e->name, nb_dtype_name(tensor->dtype), found,
                       nb_dtype_name(e->dtype), expected);
    return NB_OK;
}

static nb_status check_metadata(const char *path, const nb_safetensors *file, const nb_checkpoint *checkpoint, nb_error *err)
{
    for (size_t i = 0; i < checkpoint->metadata_count; i++) {
        const nb_st_metadata *wanted = &checkpoint->metadata[i];
        const char *found = nb_safetensors_metadata(file, wanted->key);
        if (!found || strcmp(found, wanted->value) != 0)
            return nb_fail(err, NB_ERR_ARGUMENT, "%s: from a run with %s = %s, but this one has %s", path, wanted->key,
                           found ? found : "(nothing)", wanted->value);
    }
    return NB_OK;
}

/* Checks all first, so that a file that does not fit changes nothing. */
static nb_status restore(const char *path, const nb_safetensors *file, const inventory *all, const nb_checkpoint *checkpoint, nb_error *err)
{
    NB_TRY(check_metadata(path, file, checkpoint, err));
    for (size_t i = 0; i < all->count; i++)
        NB_TRY(check_entry(path, file, &all->entries[i], err));
    for (size_t i = 0; i < all->count; i++) {
        const nb_st_tensor *tensor = nb_safetensors_find(file, all->entries[i].name);
        if (tensor->size > 0)
            memcpy(all->entries[i].data, tensor->data, tensor->size);
    }
    return NB_OK;
}

static nb_status load(const char *path, const nb_file_map *map, inventory *all, nb_checkpoint *checkpoint, nb_error *err)
{
    nb_safetensors file;
    NB_TRY(nb_safetensors_parse(map->data, map->size, path, &file, err));
    nb_status status = list_all(all, checkpoint, err);
    if (status == NB_OK)
        status = restore(path, &file, all, checkpoint, err);
    nb_safetensors_free(&file);
    return status;
}

nb_status nb_checkpoint_load(const char *path, nb_checkpoint *checkpoint, nb_error *err)
{
    nb_file_map map;
    NB_TRY(nb_file_map_open(path, &map, err));
    inventory all = {0};
    nb_status status = load(path, &map, &all, checkpoint, err);
    if (status == NB_OK && checkpoint->optimiser) {
        checkpoint->epoch = all.position[0];
        checkpoint->step = all.position[1];
        for (size_t i = 0; i < checkpoint->params->tensor_count; i++)
            checkpoint->params->tensors[i].seen = all.seen[i] != 0;
    }
    inventory_free(&all);
    nb_file_map_close(&map);
    return status;
}
