/* Records of one or several plans become one table. */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fixed_text.h"
#include "base/progress.h"
#include "base/text.h"
#include "nasbench/generate.h"
#include "nasbench/table.h"
#include "train/plan.h"

/* Settings on which only times, or the last bits, of a result depend. */
static const char *const free_settings[] = {"system", "kernels", "threads", "version"};
enum { FREE_SETTINGS = sizeof free_settings / sizeof *free_settings, MAX_DATASETS = 64 };

typedef struct merger {
    const nb_plan *const *plans;
    size_t plan_count;
    const nb_space *space;
    const nb_merge_options *options;
    nb_table_writer *writer;
    nb_merge_summary summary;
    nb_record *sample[MAX_DATASETS]; /* the first record of each data set and schedule: the others must have its settings */
    char *sample_path[MAX_DATASETS];
    size_t samples;
    char kernels[64]; /* of the first record */
} merger;

/* ---- does a record fit ---- */

static bool is_free(const char *setting)
{
    for (int i = 0; i < FREE_SETTINGS; i++)
        if (strcmp(setting, free_settings[i]) == 0)
            return true;
    return false;
}

static nb_status differs(nb_error *err, const char *path, const char *what, const char *found, const char *expected)
{
    return nb_fail(err, NB_ERR_CORRUPT, "%s: %s is '%s', expected '%s'", path, what, found ? found : "not set", expected);
}

static nb_status differs_number(nb_error *err, const char *path, const char *what, uint32_t found, uint32_t expected)
{
    return nb_fail(err, NB_ERR_CORRUPT, "%s: %s is %" PRIu32 ", expected %" PRIu32, path, what, found, expected);
}

static nb_status fits_plan(const nb_plan *plan, const nb_record *record, uint32_t arch, uint32_t seed, const char *dataset,
                           const char *path, nb_error *err)
{
    char text[NB_ARCH_TEXT_SIZE];
    nb_arch expected;
    NB_TRY(nb_space_at(plan->options.space, arch, &expected, err));
    nb_space_format(plan->options.space, &expected, text, sizeof text);
    if (strcmp(record->space, nb_space_name(plan->options.space)) != 0)
        return differs(err, path, "the space", record->space, nb_space_name(plan->options.space));
    if (strcmp(record->arch, text) != 0)
        return differs(err, path, "the architecture", record->arch, text);
    if (strcmp(record->dataset, dataset) != 0)
        return differs(err, path, "the data set", record->dataset, dataset);
    if (strcmp(record->schedule, plan->schedule) != 0)
        return differs(err, path, "the schedule", record->schedule, plan->schedule);
    if (record->seed != seed)
        return differs_number(err, path, "the seed", record->seed, seed);
    if (record->channels != 0 && record->channels != plan->options.train.channels)
        return differs_number(err, path, "the number of channels", record->channels, plan->options.train.channels);
    if (record->cells != 0 && record->cells != plan->options.train.cells)
        return differs_number(err, path, "the number of cells", record->cells, plan->options.train.cells);
    return NB_OK;
}

static nb_status same_settings(const nb_record *record, const nb_record *sample, const char *path, const char *sample_path, nb_error *err)
{
    for (size_t i = 0; i < sample->setting_count; i++) {
        const nb_record_setting *setting = &sample->settings[i];
        const char *found = nb_record_setting_of(record, setting->name);
        if (is_free(setting->name) || (found && strcmp(found, setting->value) == 0))
            continue;
        return nb_fail(err, NB_ERR_CORRUPT, "%s: the setting %s is '%s', but '%s' in %s", path, setting->name, found ? found : "not there",
                       setting->value, sample_path);
    }
    return NB_OK;
}

static void note_kernels(merger *m, const nb_record *record)
{
    const char *kernels = nb_record_setting_of(record, "kernels");
    if (m->summary.records == 0)
        snprintf(m->kernels, sizeof m->kernels, "%s", kernels ? kernels : "?");
    m->summary.mixed = m->summary.mixed || strcmp(m->kernels, kernels ? kernels : "?") != 0;
}

/* Compares with the first record of the same data set and schedule, or keeps this one as the first. *kept: the merger owns it now. */
static nb_status check_settings(merger *m, nb_record *record, const char *path, bool *kept, nb_error *err)
{
    *kept = false;
    for (size_t i = 0; i < m->samples; i++)
        if (strcmp(m->sample[i]->dataset, record->dataset) == 0 && strcmp(m->sample[i]->schedule, record->schedule) == 0)
            return same_settings(record, m->sample[i], path, m->sample_path[i], err);
    if (m->samples == MAX_DATASETS)
        return nb_fail(err, NB_ERR_UNSUPPORTED, "%s: more than %d data sets and schedules", path, MAX_DATASETS);
    char *copy = strdup(path);
    if (!copy)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory", path);
    m->sample[m->samples] = record;
    m->sample_path[m->samples++] = copy;
    *kept = true;
    return NB_OK;
}

/* ---- putting it into the table ---- */

static void drop_times(nb_record *record)
{
    for (size_t i = 0; i < record->curve_count; i++)
        for (uint32_t e = 0; record->curves[i].metric == NB_METRIC_TIME && e < record->epochs; e++)
            record->curves[i].values[e] = NAN;
    record->latency_count = 0;
}

/* The latency measured by nb_generate_latency takes the place of the one that fell out of training. */
static nb_status take_latency(const nb_plan *plan, uint32_t arch, nb_record *record, nb_error *err)
{
    char path[NB_PLAN_PATH];
    json_t *root = json_load_file(nb_plan_latency_path(plan, arch, path), 0, NULL);
    const json_t *value = json_object_get(root, record->dataset);
    nb_status status = NB_OK;
    if (json_is_real(value)) {
        double seconds = json_real_value(value);
        status = nb_record_set_latency(record, &seconds, 1, err);
    }
    json_decref(root);
    return status;
}

/* Adds the record as a trial of `row`, which is `arch` itself or of its class. */
static nb_status add_record(merger *m, const nb_plan *plan, uint32_t row, uint32_t arch, nb_record *record, nb_error *err)
{
    nb_arch own;
    nb_shape shape;
    nb_costs costs;
    if (m->options->without_times)
        drop_times(record);
    else
        NB_TRY(take_latency(plan, arch, record, err));
    if (row != arch) {
        NB_TRY(nb_space_at(m->space, row, &own, err));
        NB_TRY(nb_space_shape(m->space, record->dataset, &shape, err));
        const char *side = nb_record_setting_of(record, "resolution");
        shape.height = shape.width = side ? (uint32_t)strtoul(side, NULL, 10) : shape.height;
        shape.channels = record->channels ? record->channels : shape.channels;
        shape.cells = record->cells ? record->cells : shape.cells;
        NB_TRY(nb_space_costs(m->space, &own, &shape, &costs, err));
        record->flops = costs.flops;
        record->params = costs.params;
    }
    return nb_record_add_to_table(record, m->writer, row, err);
}

/* The last part of a path, as far as it fits. */
static void keep_name(char *name, size_t room, const char *path)
{
    const char *slash = strrchr(path, '/');
    nb_fixed_text text = nb_fixed_text_into(name, room);
    nb_fixed_text_add_string(&text, slash ? slash + 1 : path);
}

static nb_status lacks(merger *m, const char *path, nb_error *err)
{
    if (m->summary.missing++ == 0)
        keep_name(m->summary.first_lack, sizeof m->summary.first_lack, path);
    return m->options->complete ? nb_fail(err, NB_ERR_NOT_FOUND, "%s: this record is missing", path) : NB_OK;
}

/* One training run for one row. *added tells whether there was a record. */
static nb_status merge_one(merger *m, const nb_plan *plan, uint32_t row, uint32_t arch, uint32_t seed, const char *dataset, bool *added,
                           nb_error *err)
{
    char path[NB_PLAN_PATH];
    nb_record *record;
    bool kept = false;
    nb_plan_record_path(plan, arch, seed, dataset, path);
    if (!nb_plan_exists(path))
        return row == arch ? lacks(m, path, err) : NB_OK;
    NB_TRY(nb_record_read(path, NB_RECORD_WITHOUT_WEIGHTS, &record, err));
    nb_status status = fits_plan(plan, record, arch, seed, dataset, path, err);
    if (status == NB_OK)
        status = check_settings(m, record, path, &kept, err);
    if (status == NB_OK) {
        note_kernels(m, record);
        status = add_record(m, plan, row, arch, record, err);
        *added = true;
        m->summary.records += row == arch;
    }
    if (!kept)
        nb_record_free(record);
    return status;
}

/* The position of an architecture in the plan's ascending list, or of the one that was trained in its place; false when there is none. */
static bool trained_for(const nb_plan *plan, uint32_t row, uint32_t *arch)
{
    nb_arch own;
    *arch = row;
    if (plan->options.unique && nb_space_at(plan->options.space, row, &own, NULL) == NB_OK)
        *arch = (uint32_t)nb_space_canonical(plan->options.space, &own);
    size_t low = 0, high = plan->options.arch_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (plan->archs[middle] < *arch)
            low = middle + 1;
        else
            high = middle;
    }
    return low < plan->options.arch_count && plan->archs[low] == *arch;
}

static nb_status merge_row(merger *m, uint32_t row, nb_error *err)
{
    bool added = false;
    for (size_t p = 0; p < m->plan_count; p++) {
        const nb_plan *plan = m->plans[p];
        uint32_t arch;
        if (!trained_for(plan, row, &arch))
            continue;
        for (size_t d = 0; d < plan->options.dataset_count; d++)
            for (size_t s = 0; s < plan->options.seed_count; s++)
                NB_TRY(merge_one(m, plan, row, arch, plan->seeds[s], plan->datasets[d], &added, err));
    }
    m->summary.rows += added;
    return NB_OK;
}

/* ---- the whole ---- */

static void describe(const merger *m, nb_text *text)
{
    for (size_t p = 0; p < m->plan_count; p++) {
        const nb_plan_options *plan = &m->plans[p]->options;
        nb_text_printf(text, "%strained by nasbench generate: %zu architectures, schedule %s, seeds", p ? "; " : "", plan->arch_count,
                       plan->train.schedule);
        for (size_t s = 0; s < plan->seed_count; s++)
            nb_text_printf(text, " %" PRIu32, plan->seeds[s]);
        if (plan->unique)
            nb_text_puts(text,
                         ", one for each class of isomorphic ones: the others carry the results (loss, accuracy, time, latency) of the"
                         " lowest index of their class, with their own FLOPs and parameters");
    }
}

static nb_status check_plans(const nb_plan *const *plans, size_t count, nb_error *err)
{
    if (count == 0)
        return nb_fail(err, NB_ERR_ARGUMENT, "no plan to merge");
    for (size_t p = 1; p < count; p++)
        if (plans[p]->options.space != plans[0]->options.space)
            return nb_fail(err, NB_ERR_ARGUMENT, "%s is over the space %s, %s over %s", plans[p]->folder,
                           nb_space_name(plans[p]->options.space), plans[0]->folder, nb_space_name(plans[0]->options.space));
    return NB_OK;
}

static nb_status open_table(merger *m, const char *table, nb_error *err)
{
    nb_text source = {0};
    describe(m, &source);
    nb_status status = nb_text_check(&source, err);
    if (status == NB_OK)
        status = nb_table_writer_open(
            table,
            &(nb_table_description){
                .space = m->space, .flavour = NB_FLAVOUR_NATS, .benchmark = m->options->benchmark, .source = source.data},
            &m->writer, err);
    nb_text_free(&source);
    return status;
}

static nb_status merge_rows(merger *m, const nb_progress *progress, nb_error *err)
{
    uint64_t rows = nb_space_size(m->space);
    for (uint64_t row = 0; row < rows; row++) {
        NB_TRY(nb_progress_check(progress, "merging", err));
        NB_TRY(merge_row(m, (uint32_t)row, err));
        nb_progress_report(progress, row + 1, rows, NULL);
    }
    if (m->summary.records == 0)
        return nb_fail(err, NB_ERR_NOT_FOUND, "%s: there is no record yet", m->plans[0]->folder);
    return NB_OK;
}

nb_status nb_generate_merge(const nb_plan *const *plans, size_t count, const char *table, const nb_merge_options *options,
                            const nb_progress *progress, nb_merge_summary *summary, nb_error *err)
{
    static const nb_merge_options defaults = {0};
    NB_TRY(check_plans(plans, count, err));
    merger m = {.plans = plans, .plan_count = count, .space = plans[0]->options.space, .options = options ? options : &defaults};
    NB_TRY(open_table(&m, table, err));
    nb_status status = merge_rows(&m, progress, err);
    if (status == NB_OK)
        status = nb_table_writer_commit(m.writer, NULL, err);
    else
        nb_table_writer_abort(m.writer);
    for (size_t i = 0; i < m.samples; i++) {
        nb_record_free(m.sample[i]);
        free(m.sample_path[i]);
    }
    if (summary)
        *summary = m.summary;
    return status;
}
