#include "train/plan.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"

static const char *const folders[] = {"records", "claims", "failed", "work", "latency"};
enum { FOLDERS = sizeof folders / sizeof *folders, MAX_PLAN_BYTES = 16 << 20, MAX_SEEDS = 1000, MAX_DATASETS = 16 };
static const char plan_format[] = "nasbench plan 1";

nb_plan_options nb_plan_defaults(void)
{
    static const char *const datasets[] = {"cifar10-valid", "cifar10", "cifar100", "ImageNet16-120"};
    static const uint32_t seeds[] = {777, 888, 999};
    nb_plan_options options = {
        .space = nb_space_find("nasbench201", NULL),
        .datasets = datasets,
        .dataset_count = 4,
        .seeds = seeds,
        .seed_count = 3,
        .train = nb_train_defaults(),
        .checkpoint_from = 12,
    };
    options.train.schedule = "200";
    return options;
}

/* ---- the names of files ---- */

static char *job_path(const nb_plan *plan, const char *folder, uint32_t arch, uint32_t seed, const char *rest, const char *suffix,
                      char *path)
{
    snprintf(path, NB_PLAN_PATH, "%s/%s/arch-%06" PRIu32 "-seed-%04" PRIu32 "%s%s%s", plan->folder, folder, arch, seed, *rest ? "-" : "",
             rest, suffix);
    return path;
}

char *nb_plan_record_path(const nb_plan *plan, uint32_t arch, uint32_t seed, const char *dataset, char path[NB_PLAN_PATH])
{
    return job_path(plan, "records", arch, seed, dataset, ".record", path);
}

char *nb_plan_claim_path(const nb_plan *plan, uint32_t arch, uint32_t seed, char path[NB_PLAN_PATH])
{
    return job_path(plan, "claims", arch, seed, "", ".claim", path);
}

char *nb_plan_failed_path(const nb_plan *plan, uint32_t arch, uint32_t seed, char path[NB_PLAN_PATH])
{
    return job_path(plan, "failed", arch, seed, "", ".json", path);
}

char *nb_plan_checkpoint_path(const nb_plan *plan, uint32_t arch, uint32_t seed, const char *dataset, char path[NB_PLAN_PATH])
{
    return job_path(plan, "work", arch, seed, dataset, ".checkpoint", path);
}

char *nb_plan_latency_path(const nb_plan *plan, uint32_t arch, char path[NB_PLAN_PATH])
{
    snprintf(path, NB_PLAN_PATH, "%s/latency/arch-%06" PRIu32 ".json", plan->folder, arch);
    return path;
}

bool nb_plan_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

bool nb_plan_job_done(const nb_plan *plan, uint32_t arch, uint32_t seed)
{
    char path[NB_PLAN_PATH];
    for (size_t d = 0; d < plan->options.dataset_count; d++)
        if (!nb_plan_exists(nb_plan_record_path(plan, arch, seed, plan->datasets[d], path)))
            return false;
    return true;
}

bool nb_plan_failure(const nb_plan *plan, uint32_t arch, uint32_t seed, char reason[NB_ERROR_MESSAGE_SIZE])
{
    char path[NB_PLAN_PATH];
    json_t *root = json_load_file(nb_plan_failed_path(plan, arch, seed, path), 0, NULL);
    const char *text = json_string_value(json_object_get(root, "reason"));
    bool failed = root || nb_plan_exists(path);
    snprintf(reason, NB_ERROR_MESSAGE_SIZE, "%s", text ? text : "not known");
    json_decref(root);
    return failed;
}

nb_status nb_plan_range(const nb_plan *plan, const nb_run_options *options, size_t *first, size_t *count, nb_error *err)
{
    size_t all = plan->options.arch_count;
    if (options->first >= all || options->count > all - options->first)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: positions %u to %" PRIu64 ": the plan has 0 to %zu", plan->folder, options->first,
                       (uint64_t)options->first + (options->count ? options->count - 1 : 0), all - 1);
    *first = options->first;
    *count = options->count ? options->count : all - options->first;
    return NB_OK;
}

/* ---- writing ---- */

/* The list that is trained: ascending, one of each class if asked for. The caller frees *list. */
static nb_status list_archs(const nb_plan_options *options, uint32_t **list, size_t *count, nb_error *err)
{
    size_t all = options->archs ? options->arch_count : (size_t)nb_space_size(options->space), used = 0;
    uint32_t *archs = malloc((all ? all : 1) * sizeof *archs);
    uint8_t *seen = calloc((size_t)nb_space_size(options->space), 1);
    nb_status status = archs && seen ? NB_OK : nb_fail(err, NB_ERR_MEMORY, "no memory for a list of %zu architectures", all);
    for (size_t i = 0; i < all && status == NB_OK; i++) {
        uint32_t index = options->archs ? options->archs[i] : (uint32_t)i;
        nb_arch arch;
        status = nb_space_at(options->space, index, &arch, err);
        if (status != NB_OK)
            break;
        uint32_t trained = options->unique ? (uint32_t)nb_space_canonical(options->space, &arch) : index;
        if (seen[trained] && !options->unique)
            status = nb_fail(err, NB_ERR_ARGUMENT, "architecture %" PRIu32 " is listed twice", index);
        if (!seen[trained])
            archs[used++] = trained;
        seen[trained] = 1;
    }
    free(seen);
    if (status != NB_OK)
        free(archs);
    else
        *list = archs, *count = used;
    return status;
}

static json_t *json_of_numbers(const uint32_t *numbers, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_integer(numbers[i]));
    return array;
}

static json_t *json_of_training(const nb_train_options *train)
{
    return json_pack("{s:s, s:I, s:I, s:I, s:f, s:b, s:f, s:f, s:b, s:i, s:i, s:I, s:I, s:b}", "schedule", train->schedule, "channels",
                     (json_int_t)train->channels, "cells", (json_int_t)train->cells, "batch", (json_int_t)train->batch, "learning_rate",
                     train->learning_rate, "rate_by_step", (int)train->rate_by_step, "momentum", train->momentum, "weight_decay",
                     train->weight_decay, "nesterov", (int)train->nesterov, "flip", train->flip, "crop_padding", train->crop_padding,
                     "cutout", (json_int_t)train->cutout, "evaluate_every", (json_int_t)train->evaluate_every, "weights",
                     (int)train->weights);
}

static nb_status plan_text(const nb_plan_options *options, const uint32_t *archs, size_t count, char **text, nb_error *err)
{
    json_t *datasets = json_array();
    for (size_t i = 0; i < options->dataset_count; i++)
        json_array_append_new(datasets, json_string(options->datasets[i]));
    json_t *data = json_pack("{s:I, s:I, s:I, s:b}", "resolution", (json_int_t)options->data.resolution, "train_images",
                             (json_int_t)options->data.train_images, "eval_images", (json_int_t)options->data.eval_images, "no_checksums",
                             (int)options->data.no_checksums);
    json_t *root = json_pack("{s:s, s:s, s:o, s:o, s:b, s:o, s:o, s:I, s:o}", "format", plan_format, "space", nb_space_name(options->space),
                             "datasets", datasets, "seeds", json_of_numbers(options->seeds, options->seed_count), "unique",
                             (int)options->unique, "training", json_of_training(&options->train), "data", data, "checkpoint_from",
                             (json_int_t)options->checkpoint_from, "architectures", json_of_numbers(archs, count));
    *text = root ? json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(root);
    return *text ? NB_OK : nb_fail(err, NB_ERR_MEMORY, "no memory for a plan");
}

static nb_status make_folder(const char *path, nb_error *err)
{
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        return nb_fail_errno(err, NB_ERR_IO, errno, "%s: cannot make the folder", path);
    return NB_OK;
}

static nb_status check_options(const nb_plan_options *options, nb_error *err)
{
    nb_dataset_info known;
    if (options->dataset_count == 0 || options->dataset_count > MAX_DATASETS)
        return nb_fail(err, NB_ERR_ARGUMENT, "a plan needs 1 to %d data sets, not %zu", MAX_DATASETS, options->dataset_count);
    if (options->seed_count == 0 || options->seed_count > MAX_SEEDS)
        return nb_fail(err, NB_ERR_ARGUMENT, "a plan needs 1 to %d seeds, not %zu", MAX_SEEDS, options->seed_count);
    for (size_t i = 0; i < options->dataset_count; i++) {
        NB_TRY(nb_dataset_describe(options->datasets[i], &known, err));
        for (size_t k = 0; k < i; k++)
            if (strcmp(options->datasets[i], options->datasets[k]) == 0)
                return nb_fail(err, NB_ERR_ARGUMENT, "data set %s is listed twice", options->datasets[i]);
    }
    for (size_t i = 0; i < options->seed_count; i++)
        for (size_t k = 0; k < i; k++)
            if (options->seeds[i] == options->seeds[k])
                return nb_fail(err, NB_ERR_ARGUMENT, "seed %" PRIu32 " is listed twice", options->seeds[i]);
    return NB_OK;
}

static nb_status make_folders(const char *folder, nb_error *err)
{
    char path[NB_PLAN_PATH];
    NB_TRY(make_folder(folder, err));
    for (int i = 0; i < FOLDERS; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, folders[i]);
        NB_TRY(make_folder(path, err));
    }
    return NB_OK;
}

nb_status nb_plan_make_folders(const nb_plan *plan, nb_error *err)
{
    return make_folders(plan->folder, err);
}

static nb_status write_folders(const char *folder, const char *text, nb_error *err)
{
    char path[NB_PLAN_PATH];
    NB_TRY(make_folders(folder, err));
    snprintf(path, sizeof path, "%s/plan.json", folder);
    return nb_file_write(path, text, strlen(text), err);
}

nb_status nb_plan_write(const char *folder, const nb_plan_options *options, nb_error *err)
{
    char path[NB_PLAN_PATH], *text;
    uint32_t *archs;
    size_t count;
    if (strlen(folder) > NB_PLAN_PATH - 128)
        return nb_fail(err, NB_ERR_ARGUMENT, "the name of the folder is too long");
    NB_TRY(check_options(options, err));
    snprintf(path, sizeof path, "%s/plan.json", folder);
    if (nb_plan_exists(path))
        return nb_fail(err, NB_ERR_EXISTS, "%s: there is a plan already; choose another folder", path);
    NB_TRY(list_archs(options, &archs, &count, err));
    nb_status status = count ? plan_text(options, archs, count, &text, err) : nb_fail(err, NB_ERR_ARGUMENT, "a plan needs an architecture");
    free(archs);
    if (status != NB_OK)
        return status;
    status = write_folders(folder, text, err);
    free(text);
    return status;
}

/* ---- reading ---- */

/* Walks a plan's JSON; the first member that is not as expected ends it with a message. */
typedef struct reader {
    const char *path;
    nb_error *err;
    nb_status status;
} reader;

static const json_t *member(reader *r, const json_t *object, const char *name, json_type type)
{
    const json_t *value = json_object_get(object, name);
    if (r->status != NB_OK)
        return NULL;
    if (type == JSON_TRUE ? json_is_boolean(value) : type == JSON_REAL ? json_is_number(value) : value && json_typeof(value) == type)
        return value;
    r->status = nb_fail(r->err, NB_ERR_FORMAT, "%s: '%s' is missing or of the wrong type", r->path, name);
    return NULL;
}

static int64_t integer(reader *r, const json_t *object, const char *name, int64_t low, int64_t high)
{
    const json_t *found = member(r, object, name, JSON_INTEGER);
    int64_t value = json_integer_value(found);
    if (found && (value < low || value > high))
        r->status =
            nb_fail(r->err, NB_ERR_FORMAT, "%s: '%s' is %" PRId64 ", expected %" PRId64 " to %" PRId64, r->path, name, value, low, high);
    return r->status == NB_OK ? value : low;
}

static char *string_copy(reader *r, const json_t *value, const char *name)
{
    if (r->status != NB_OK)
        return NULL;
    if (!json_is_string(value)) {
        r->status = nb_fail(r->err, NB_ERR_FORMAT, "%s: '%s' holds something else than text", r->path, name);
        return NULL;
    }
    char *copy = strdup(json_string_value(value));
    if (!copy)
        r->status = nb_fail(r->err, NB_ERR_MEMORY, "%s: no memory", r->path);
    return copy;
}

static uint32_t *numbers(reader *r, const json_t *object, const char *name, size_t most, size_t *count)
{
    const json_t *array = member(r, object, name, JSON_ARRAY);
    *count = json_array_size(array);
    if (r->status == NB_OK && (*count == 0 || *count > most))
        r->status = nb_fail(r->err, NB_ERR_FORMAT, "%s: '%s' has %zu entries, expected 1 to %zu", r->path, name, *count, most);
    uint32_t *values = r->status == NB_OK ? malloc(*count * sizeof *values) : NULL;
    for (size_t i = 0; values && i < *count; i++) {
        json_int_t value = json_integer_value(json_array_get(array, i));
        if (!json_is_integer(json_array_get(array, i)) || value < 0 || value > UINT32_MAX)
            r->status = nb_fail(r->err, NB_ERR_FORMAT, "%s: entry %zu of '%s' is no number of 32 bits", r->path, i, name);
        values[i] = (uint32_t)value;
    }
    if (r->status == NB_OK && !values)
        r->status = nb_fail(r->err, NB_ERR_MEMORY, "%s: no memory", r->path);
    return values;
}

static void read_training(reader *r, const json_t *object, nb_plan *plan)
{
    nb_train_options *train = &plan->options.train;
    *train = nb_train_defaults();
    train->space = nb_space_name(plan->options.space);
    plan->schedule = string_copy(r, member(r, object, "schedule", JSON_STRING), "schedule");
    train->schedule = plan->schedule;
    train->channels = (uint32_t)integer(r, object, "channels", 0, 4096);
    train->cells = (uint32_t)integer(r, object, "cells", 0, 1000);
    train->batch = (uint32_t)integer(r, object, "batch", 1, 1 << 20);
    train->learning_rate = json_number_value(member(r, object, "learning_rate", JSON_REAL));
    train->rate_by_step = json_is_true(member(r, object, "rate_by_step", JSON_TRUE));
    train->momentum = json_number_value(member(r, object, "momentum", JSON_REAL));
    train->weight_decay = json_number_value(member(r, object, "weight_decay", JSON_REAL));
    train->nesterov = json_is_true(member(r, object, "nesterov", JSON_TRUE));
    train->flip = (int)integer(r, object, "flip", -1, 1);
    train->crop_padding = (int)integer(r, object, "crop_padding", -1, 1024);
    train->cutout = (uint32_t)integer(r, object, "cutout", 0, 1024);
    train->evaluate_every = (uint32_t)integer(r, object, "evaluate_every", 0, 1 << 20);
    train->weights = json_is_true(member(r, object, "weights", JSON_TRUE));
}

static void read_data(reader *r, const json_t *object, nb_plan *plan)
{
    plan->options.data = (nb_dataset_options){
        .resolution = (uint32_t)integer(r, object, "resolution", 0, 4096),
        .train_images = (uint32_t)integer(r, object, "train_images", 0, UINT32_MAX),
        .eval_images = (uint32_t)integer(r, object, "eval_images", 0, UINT32_MAX),
        .no_checksums = json_is_true(member(r, object, "no_checksums", JSON_TRUE)),
    };
}

static void read_datasets(reader *r, const json_t *root, nb_plan *plan)
{
    const json_t *array = member(r, root, "datasets", JSON_ARRAY);
    size_t count = json_array_size(array);
    if (r->status != NB_OK)
        return;
    if (count > MAX_DATASETS) {
        r->status = nb_fail(r->err, NB_ERR_FORMAT, "%s: 'datasets' has %zu entries, expected 1 to %d", r->path, count, MAX_DATASETS);
        return;
    }
    plan->datasets = calloc(MAX_DATASETS, sizeof *plan->datasets);
    if (!plan->datasets)
        r->status = nb_fail(r->err, NB_ERR_MEMORY, "%s: no memory", r->path);
    for (size_t i = 0; i < count && r->status == NB_OK; i++)
        plan->datasets[i] = string_copy(r, json_array_get(array, i), "datasets");
    plan->options.datasets = (const char *const *)plan->datasets;
    plan->options.dataset_count = count;
}

static nb_status read_plan(const char *path, const json_t *root, nb_plan *plan, nb_error *err)
{
    reader r = {.path = path, .err = err};
    const char *format = json_string_value(member(&r, root, "format", JSON_STRING));
    if (r.status == NB_OK && strcmp(format, plan_format) != 0)
        return nb_fail(err, NB_ERR_UNSUPPORTED, "%s: the format is '%s', expected '%s'", path, format, plan_format);
    const char *space = json_string_value(member(&r, root, "space", JSON_STRING));
    if (r.status != NB_OK)
        return r.status;
    plan->options.space = nb_space_find(space, err);
    if (!plan->options.space)
        return nb_prefix(err, NB_ERR_FORMAT, "%s", path);
    read_datasets(&r, root, plan);
    plan->seeds = numbers(&r, root, "seeds", MAX_SEEDS, &plan->options.seed_count);
    plan->archs = numbers(&r, root, "architectures", (size_t)nb_space_size(plan->options.space), &plan->options.arch_count);
    plan->options.seeds = plan->seeds;
    plan->options.archs = plan->archs;
    plan->options.unique = json_is_true(member(&r, root, "unique", JSON_TRUE));
    plan->options.checkpoint_from = (uint32_t)integer(&r, root, "checkpoint_from", 0, UINT32_MAX);
    read_training(&r, member(&r, root, "training", JSON_OBJECT), plan);
    read_data(&r, member(&r, root, "data", JSON_OBJECT), plan);
    if (r.status == NB_OK)
        r.status = check_options(&plan->options, err);
    for (size_t i = 0; i < plan->options.arch_count && r.status == NB_OK; i++)
        if (plan->archs[i] >= nb_space_size(plan->options.space))
            r.status = nb_fail(err, NB_ERR_FORMAT, "%s: architecture %" PRIu32 " is not in the space", path, plan->archs[i]);
    return r.status;
}

nb_status nb_plan_open(const char *folder, nb_plan **out, nb_error *err)
{
    char path[NB_PLAN_PATH];
    uint8_t *text;
    size_t size;
    json_error_t problem;
    if (strlen(folder) > NB_PLAN_PATH - 128)
        return nb_fail(err, NB_ERR_ARGUMENT, "the name of the folder is too long");
    snprintf(path, sizeof path, "%s/plan.json", folder);
    NB_TRY(nb_file_read(path, MAX_PLAN_BYTES, &text, &size, err));
    json_t *root = json_loadb((const char *)text, size, JSON_REJECT_DUPLICATES, &problem);
    free(text);
    if (!root)
        return nb_fail(err, NB_ERR_FORMAT, "%s: line %d, column %d: %s", path, problem.line, problem.column, problem.text);
    nb_plan *plan = calloc(1, sizeof *plan);
    nb_status status = plan ? NB_OK : nb_fail(err, NB_ERR_MEMORY, "%s: no memory", path);
    if (status == NB_OK && !(plan->folder = strdup(folder)))
        status = nb_fail(err, NB_ERR_MEMORY, "%s: no memory", path);
    status = status == NB_OK ? read_plan(path, root, plan, err) : status;
    json_decref(root);
    if (status != NB_OK)
        nb_plan_close(plan);
    else
        *out = plan;
    return status;
}

void nb_plan_close(nb_plan *plan)
{
    if (!plan)
        return;
    for (size_t i = 0; plan->datasets && i < MAX_DATASETS; i++)
        free(plan->datasets[i]);
    free(plan->datasets);
    free(plan->schedule);
    free(plan->seeds);
    free(plan->archs);
    free(plan->folder);
    free(plan);
}

const nb_plan_options *nb_plan_get_options(const nb_plan *plan)
{
    return &plan->options;
}
