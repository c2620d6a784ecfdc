#include "ingest/nds_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_stream.h"
#include "base/python_json.h"

#define EPOCHS_LIMIT 100000 /* longest curve that is believed */

/* ---- a list of numbers ---- */

typedef struct numbers {
    double *values; /* [capacity] */
    size_t count, capacity;
} numbers;

static nb_status add_number(numbers *list, double value, nb_error *err)
{
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity ? 2 * list->capacity : 128;
        double *values = realloc(list->values, capacity * sizeof *values);
        if (!values)
            return nb_fail(err, NB_ERR_MEMORY, "no memory for %zu numbers", capacity);
        list->values = values;
        list->capacity = capacity;
    }
    list->values[list->count++] = value;
    return NB_OK;
}

static nb_status read_numbers(nb_json_stream *json, numbers *list, nb_error *err)
{
    size_t items = 0;
    bool more;
    double value;
    list->count = 0;
    NB_TRY(nb_json_stream_enter(json, '[', err));
    for (;;) {
        NB_TRY(nb_json_stream_more(json, ']', &items, &more, err));
        if (!more)
            return NB_OK;
        if (items > EPOCHS_LIMIT)
            return nb_json_stream_fail(json, err, "a curve of more than 100000 epochs");
        NB_TRY(nb_json_stream_number(json, &value, NULL, NULL, err));
        NB_TRY(add_number(list, value, err));
    }
}

/* ---- one run as it lies in the file ---- */

enum { HAS_SEED, HAS_NET, HAS_OPTIM, HAS_PARAMS, HAS_FLOPS, HAS_ITER_TIME, HAS_TRAIN_LOSS, HAS_TRAIN_ERROR, HAS_TEST_ERROR, MEMBERS };

static const char *const members[MEMBERS] = {"rng_seed",  "net",           "optim",         "params",      "flops",
                                             "iter_time", "train_ep_loss", "train_ep_top1", "test_ep_top1"};

typedef struct reader {
    nb_json_stream json;
    unsigned seen; /* bit i: members[i] */
    json_t *net;   /* of the present run */
    nb_nds_run run;
    numbers train_loss, train_error, test_error;
    nb_text model_spec, cell_spec;
    uint64_t number; /* of the present run in the file */
} reader;

static void free_reader(reader *r)
{
    nb_json_stream_free(&r->json);
    json_decref(r->net);
    free(r->train_loss.values);
    free(r->train_error.values);
    free(r->test_error.values);
    nb_text_free(&r->model_spec);
    nb_text_free(&r->cell_spec);
}

static nb_status read_whole(nb_json_stream *json, int64_t *out, nb_error *err)
{
    double value;
    bool whole;
    NB_TRY(nb_json_stream_number(json, &value, &whole, out, err));
    return whole ? NB_OK : nb_json_stream_fail(json, err, "a whole number expected");
}

static nb_status read_real(nb_json_stream *json, double *out, nb_error *err)
{
    return nb_json_stream_number(json, out, NULL, NULL, err);
}

/* {"base_lr": ..., "wd": ..., "max_ep": ...} */
static nb_status read_optim(reader *r, nb_error *err)
{
    size_t items = 0;
    bool more;
    const char *key;
    unsigned found = 0;
    NB_TRY(nb_json_stream_enter(&r->json, '{', err));
    for (;;) {
        NB_TRY(nb_json_stream_more(&r->json, '}', &items, &more, err));
        if (!more)
            break;
        NB_TRY(nb_json_stream_key(&r->json, &key, err));
        if (strcmp(key, "base_lr") == 0) {
            NB_TRY(read_real(&r->json, &r->run.base_lr, err));
            found |= 1;
        } else if (strcmp(key, "wd") == 0) {
            NB_TRY(read_real(&r->json, &r->run.weight_decay, err));
            found |= 2;
        } else if (strcmp(key, "max_ep") == 0) {
            NB_TRY(read_whole(&r->json, &r->run.num_epochs, err));
            found |= 4;
        } else {
            NB_TRY(nb_json_stream_skip(&r->json, err));
        }
    }
    return found == 7 ? NB_OK : nb_json_stream_fail(&r->json, err, "optim: base_lr, wd and max_ep expected");
}

static nb_status read_member(reader *r, int member, nb_error *err)
{
    switch (member) {
    case HAS_SEED:
        return read_whole(&r->json, &r->run.seed, err);
    case HAS_NET:
        json_decref(r->net);
        r->net = NULL;
        return nb_json_stream_tree(&r->json, &r->net, err);
    case HAS_OPTIM:
        return read_optim(r, err);
    case HAS_PARAMS:
        return read_real(&r->json, &r->run.params, err);
    case HAS_FLOPS:
        return read_real(&r->json, &r->run.flops, err);
    case HAS_ITER_TIME:
        return read_real(&r->json, &r->run.iter_time, err);
    case HAS_TRAIN_LOSS:
        return read_numbers(&r->json, &r->train_loss, err);
    case HAS_TRAIN_ERROR:
        return read_numbers(&r->json, &r->train_error, err);
    default:
        return read_numbers(&r->json, &r->test_error, err);
    }
}

static int member_number(const char *key)
{
    int i = 0;
    while (i < MEMBERS && strcmp(members[i], key) != 0)
        i++;
    return i;
}

static nb_status read_members(reader *r, nb_error *err)
{
    size_t items = 0;
    bool more;
    const char *key;
    r->seen = 0;
    NB_TRY(nb_json_stream_enter(&r->json, '{', err));
    for (;;) {
        NB_TRY(nb_json_stream_more(&r->json, '}', &items, &more, err));
        if (!more)
            return NB_OK;
        NB_TRY(nb_json_stream_key(&r->json, &key, err));
        const int member = member_number(key);
        if (member == MEMBERS) {
            NB_TRY(nb_json_stream_skip(&r->json, err));
            continue;
        }
        NB_TRY(read_member(r, member, err));
        r->seen |= 1u << member;
    }
}

/* ---- specifications (nni: nasbench/nds/db_gen.py) ---- */

static nb_status missing(const char *name, nb_error *err)
{
    return nb_fail(err, NB_ERR_FORMAT, "net: %s is missing or of another type", name);
}

/* Enters a value that belongs to somebody else, too. */
static nb_status put(json_t *object, const char *key, json_t *value, nb_error *err)
{
    return json_object_set(object, key, value) == 0 ? NB_OK : nb_fail(err, NB_ERR_MEMORY, "no memory for specifications");
}

static nb_status put_count(json_t *object, const char *key, size_t count, nb_error *err)
{
    if (json_object_set_new(object, key, json_integer((json_int_t)count)) == 0)
        return NB_OK;
    return nb_fail(err, NB_ERR_MEMORY, "no memory for specifications");
}

/* The edges of one kind of cell. NNI takes the number of nodes of the normal cell for both. */
static nb_status add_edges(const json_t *genotype, const char *type, size_t nodes, json_t *spec, nb_error *err)
{
    char key[64];
    const json_t *list = json_object_get(genotype, type);
    for (size_t i = 0; i < 2 * nodes; i++) {
        json_t *edge = json_array_get(list, i);
        if (!json_is_array(edge) || json_array_size(edge) != 2)
            return missing("an edge [operator, input] of the genotype", err);
        snprintf(key, sizeof key, "%s_%zu_op_%c", type, i / 2, "xy"[i % 2]);
        NB_TRY(put(spec, key, json_array_get(edge, 0), err));
        snprintf(key, sizeof key, "%s_%zu_input_%c", type, i / 2, "xy"[i % 2]);
        NB_TRY(put(spec, key, json_array_get(edge, 1), err));
    }
    snprintf(key, sizeof key, "%s_concat", type);
    json_t *concat = json_object_get(genotype, key);
    if (!json_is_array(concat))
        return missing(key, err);
    return put(spec, key, concat, err);
}

static nb_status add_cell_members(const json_t *net, json_t *model, json_t *cell, nb_error *err)
{
    static const char *const plain[] = {"depth", "width", "aux", "drop_prob"};
    const json_t *genotype = json_object_get(net, "genotype");
    const json_t *normal = json_object_get(genotype, "normal"), *reduce = json_object_get(genotype, "reduce");
    if (!json_is_array(normal) || !json_is_array(reduce))
        return missing("genotype: normal or reduce", err);
    NB_TRY(put_count(model, "num_nodes_normal", json_array_size(normal) / 2, err));
    NB_TRY(put_count(model, "num_nodes_reduce", json_array_size(reduce) / 2, err));
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        json_t *value = json_object_get(net, plain[i]);
        if (!value)
            return missing(plain[i], err);
        NB_TRY(put(model, plain[i], value, err));
    }
    NB_TRY(add_edges(genotype, "normal", json_array_size(normal) / 2, cell, err));
    return add_edges(genotype, "reduce", json_array_size(normal) / 2, cell, err);
}

/* What Python takes for false. */
static bool is_nothing(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return json_object_size(value) == 0;
    case JSON_ARRAY:
        return json_array_size(value) == 0;
    case JSON_STRING:
        return json_string_length(value) == 0;
    case JSON_INTEGER:
    case JSON_REAL:
        return !(json_number_value(value) < 0 || json_number_value(value) > 0);
    default:
        return !json_is_true(value);
    }
}

static nb_status add_stage_members(json_t *net, json_t *model, nb_nds_family *family, nb_error *err)
{
    static const struct {
        const char *start;
        nb_nds_family family;
    } blocks[] = {{"res_bottleneck", NB_NDS_BOTTLENECK}, {"res_basic", NB_NDS_BASIC}, {"double_plain", NB_NDS_VANILLA}};
    const char *block = json_string_value(json_object_get(net, "block_type")), *key;
    json_t *value;
    *family = NB_NDS_FAMILIES;
    for (size_t i = 0; block && i < sizeof blocks / sizeof *blocks; i++)
        if (strncmp(block, blocks[i].start, strlen(blocks[i].start)) == 0)
            *family = blocks[i].family;
    if (*family == NB_NDS_FAMILIES)
        return nb_fail(err, NB_ERR_FORMAT, "net: Unrecognized block type: %.60s", block ? block : "none");
    json_object_foreach(net, key, value)
    {
        if (strcmp(key, "block_type") != 0 && !is_nothing(value))
            NB_TRY(put(model, key, value, err));
    }
    return NB_OK;
}

static nb_status write_specs(reader *r, json_t *model, json_t *cell, nb_error *err)
{
    r->run.family = NB_NDS_CELL;
    if (json_object_get(r->net, "genotype"))
        NB_TRY(add_cell_members(r->net, model, cell, err));
    else
        NB_TRY(add_stage_members(r->net, model, &r->run.family, err));
    r->model_spec.size = r->cell_spec.size = 0;
    nb_python_json(&r->model_spec, model);
    nb_python_json(&r->cell_spec, cell);
    NB_TRY(nb_text_check(&r->model_spec, err));
    NB_TRY(nb_text_check(&r->cell_spec, err));
    r->run.model_spec = r->model_spec.data;
    r->run.cell_spec = r->cell_spec.data;
    return NB_OK;
}

static nb_status make_specs(reader *r, nb_error *err)
{
    if (!json_is_object(r->net))
        return nb_fail(err, NB_ERR_FORMAT, "net: an object expected");
    json_t *model = json_object(), *cell = json_object();
    nb_status status = model && cell ? write_specs(r, model, cell, err) : nb_fail(err, NB_ERR_MEMORY, "no memory for specifications");
    json_decref(model);
    json_decref(cell);
    return status;
}

/* ---- runs ---- */

static nb_status check_run(reader *r, nb_error *err)
{
    nb_nds_run *run = &r->run;
    for (int i = 0; i < MEMBERS; i++)
        if (!(r->seen >> i & 1))
            return nb_fail(err, NB_ERR_FORMAT, "there is no '%s'", members[i]);
    if (run->num_epochs < 1 || run->num_epochs > EPOCHS_LIMIT)
        return nb_fail(err, NB_ERR_FORMAT, "optim: max_ep is %lld", (long long)run->num_epochs);
    const size_t epochs = (size_t)run->num_epochs;
    if (r->train_error.count != epochs || r->test_error.count != epochs || r->train_loss.count < epochs)
        return nb_fail(err, NB_ERR_FORMAT, "curves of %zu epochs expected, found %zu, %zu and %zu", epochs, r->train_error.count,
                       r->test_error.count, r->train_loss.count);
    run->train_error = r->train_error.values;
    run->test_error = r->test_error.values;
    run->train_loss = r->train_loss.values;
    run->loss_count = r->train_loss.count;
    return make_specs(r, err);
}

static nb_status read_run(reader *r, nb_nds_take_run *take, void *user, nb_error *err)
{
    const uint64_t offset = nb_stream_offset(r->json.in);
    NB_TRY(read_members(r, err));
    nb_status status = check_run(r, err);
    if (status == NB_OK)
        status = take(user, &r->run, err);
    if (status == NB_OK)
        return NB_OK;
    return nb_prefix(err, status, "%s: offset %llu: run %llu", r->json.in->name, (unsigned long long)offset, (unsigned long long)r->number);
}

static nb_status read_runs(reader *r, nb_nds_take_run *take, void *user, const nb_progress *progress, nb_error *err)
{
    size_t items = 0;
    bool more;
    NB_TRY(nb_json_stream_enter(&r->json, '[', err));
    for (;;) {
        NB_TRY(nb_json_stream_more(&r->json, ']', &items, &more, err));
        if (!more)
            return NB_OK;
        NB_TRY(nb_progress_check(progress, r->json.in->name, err));
        NB_TRY(read_run(r, take, user, err));
        if (r->number++ % 64 == 0)
            nb_progress_report(progress, nb_stream_offset(r->json.in), r->json.in->size == UINT64_MAX ? 0 : r->json.in->size,
                               r->json.in->name);
    }
}

/* Finds `top` or `mid` in the object that the stream is at; false when there is no such member. */
static nb_status read_named(reader *r, const char *name, bool *found, nb_nds_take_run *take, void *user, const nb_progress *progress,
                            nb_error *err)
{
    size_t items = 0;
    bool more;
    const char *key;
    *found = false;
    NB_TRY(nb_json_stream_enter(&r->json, '{', err));
    for (;;) {
        NB_TRY(nb_json_stream_more(&r->json, '}', &items, &more, err));
        if (!more)
            return NB_OK;
        NB_TRY(nb_json_stream_key(&r->json, &key, err));
        if (strcmp(key, name) != 0) {
            NB_TRY(nb_json_stream_skip(&r->json, err));
            continue;
        }
        *found = true;
        NB_TRY(read_runs(r, take, user, progress, err));
    }
}

/* `top` comes before `mid`, whatever their order in the file, so the file is read twice. */
static nb_status read_top_and_mid(reader *r, nb_nds_take_run *take, void *user, const nb_progress *progress, nb_error *err)
{
    const uint64_t start = nb_stream_offset(r->json.in);
    static const char *const names[] = {"top", "mid"};
    for (int i = 0; i < 2; i++) {
        bool found;
        if (i > 0)
            NB_TRY(nb_stream_seek(r->json.in, start, err));
        NB_TRY(read_named(r, names[i], &found, take, user, progress, err));
        if (!found)
            return nb_fail(err, NB_ERR_FORMAT, "%s: there is no '%s'", r->json.in->name, names[i]);
    }
    return NB_OK;
}

nb_status nb_nds_read(nb_stream *in, nb_nds_take_run *take, void *user, const nb_progress *progress, nb_error *err)
{
    reader r = {.json = {.in = in}};
    char first;
    nb_status status = nb_json_stream_peek(&r.json, &first, err);
    if (status == NB_OK)
        status = first == '{' ? read_top_and_mid(&r, take, user, progress, err) : read_runs(&r, take, user, progress, err);
    if (status == NB_OK)
        status = nb_json_stream_end(&r.json, err);
    free_reader(&r);
    return status;
}
