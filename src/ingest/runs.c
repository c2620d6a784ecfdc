/* The pipeline's files of one training run each: arch-NNNNNN-seed-SSSS.pth, all datasets of one architecture and seed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/importer.h"
#include "ingest/results.h"
#include "ingest/run_file.h"

bool nb_run_file_name(const char *path, int64_t *index, int64_t *seed)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    int end = 0;
    int read = sscanf(name, "arch-%6" SCNd64 "-seed-%10" SCNd64 ".pth%n", index, seed, &end);
    return read == 2 && end > 0 && name[end] == '\0' && *index >= 0 && *seed >= 0 && *seed <= UINT32_MAX;
}

static nb_pickle_value field(nb_pickle_value dict, const char *name)
{
    nb_pickle_value value;
    return nb_pickle_find(dict, name, &value) ? value : (nb_pickle_value){.kind = NB_PICKLE_NONE};
}

/* An integer field; 0 when it is missing. */
static nb_status small_field(nb_pickle_value dict, const char *name, uint32_t *out, nb_error *err)
{
    nb_pickle_value value = field(dict, name);
    *out = 0;
    if (value.kind == NB_PICKLE_NONE)
        return NB_OK;
    if (value.kind != NB_PICKLE_INT || value.number < 0 || value.number > 1000000)
        return nb_fail(err, NB_ERR_FORMAT, "%s is %s, a small integer expected", name, nb_pickle_kind_name(value.kind));
    *out = (uint32_t)value.number;
    return NB_OK;
}

/* Newer files hold arch_config, older ones channel, num_cells and the optimiser's config with class_num. */
static nb_status read_config(nb_pickle_value run, nb_arch_config *config, nb_error *err)
{
    nb_pickle_value arch_config = field(run, "arch_config");
    bool newer = arch_config.kind == NB_PICKLE_DICT;
    *config = (nb_arch_config){0};
    NB_TRY(small_field(newer ? arch_config : run, "channel", &config->channels, err));
    NB_TRY(small_field(newer ? arch_config : run, "num_cells", &config->cells, err));
    NB_TRY(small_field(newer ? arch_config : field(run, "config"), "class_num", &config->classes, err));
    if (newer)
        config->genotype = nb_pickle_text(field(arch_config, "genotype"), NULL);
    return NB_OK;
}

/* The evaluation set that the validation dicts of older files, keyed by epoch alone, are for. */
static const char *default_split(const char *dataset)
{
    return strcmp(dataset, "cifar10-valid") == 0 ? "x-valid" : "ori-test";
}

/* Whether the dict's keys are epochs. */
static bool has_epoch_keys(nb_pickle_value dict)
{
    size_t count;
    const double *values;
    const nb_pickle_run *runs = nb_pickle_runs(dict, &count, &values);
    nb_pickle_value key, value;
    return runs ? count > 0 && !runs[0].named : nb_pickle_entry(dict, 0, &key, &value) && key.kind == NB_PICKLE_INT;
}

static nb_status read_curves(nb_pickle_value run, const char *dataset, nb_curve_set *set, nb_error *err)
{
    static const struct {
        const char *name;
        bool train;
        nb_metric metric;
    } fields[] = {
        {"train_losses", true, NB_METRIC_LOSS}, {"train_acc1es", true, NB_METRIC_ACCURACY}, {"train_acc5es", true, NB_METRIC_ACCURACY5},
        {"train_times", true, NB_METRIC_TIME},  {"valid_losses", false, NB_METRIC_LOSS},    {"valid_acc1es", false, NB_METRIC_ACCURACY},
        {"valid_times", false, NB_METRIC_TIME},
    };
    bool timed = field(run, "train_times").kind == NB_PICKLE_DICT;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        nb_pickle_value dict = field(run, fields[i].name);
        if (!timed && fields[i].metric == NB_METRIC_ACCURACY5)
            continue; /* results of the older kind have none */
        const char *split = fields[i].train ? "train" : has_epoch_keys(dict) ? default_split(dataset) : NULL;
        NB_TRY(nb_curves_add(set, fields[i].name, split, fields[i].metric, dict, err));
    }
    return NB_OK;
}

static nb_status cost_field(nb_pickle_value run, const char *name, double *out, nb_error *err)
{
    nb_pickle_value value = field(run, name);
    if (!nb_number_of(value, out))
        return nb_fail(err, NB_ERR_FORMAT, "%s is %s, a number expected", name, nb_pickle_kind_name(value.kind));
    return NB_OK;
}

/* The results on one dataset. */
static nb_status import_dataset(nb_importer *importer, nb_pickle_value run, nb_trial *trial, nb_error *err)
{
    nb_pickle_value finished = field(run, "finish-train");
    char schedule[NB_SCHEDULE_SIZE];
    if (run.kind != NB_PICKLE_DICT)
        return nb_fail(err, NB_ERR_FORMAT, "it is %s, a dict expected", nb_pickle_kind_name(run.kind));
    if (finished.kind != NB_PICKLE_BOOL || !finished.number)
        return nb_fail(err, NB_ERR_FORMAT, "the training did not finish");
    NB_TRY(small_field(run, "total_epoch", &trial->epochs, err));
    if (trial->epochs < 1 || trial->epochs > 100000)
        return nb_fail(err, NB_ERR_FORMAT, "total_epoch is %u", trial->epochs);
    nb_schedule_name(trial->epochs, schedule);
    trial->schedule = schedule;
    NB_TRY(cost_field(run, "flop", &trial->flops, err));
    NB_TRY(cost_field(run, "param", &trial->params, err));
    NB_TRY(read_config(run, &trial->config, err));
    nb_curves_start(&importer->curves, trial->epochs);
    NB_TRY(read_curves(run, trial->dataset, &importer->curves, err));
    trial->curves = importer->curves.curves;
    trial->curve_count = importer->curves.count;
    return nb_importer_add(importer, trial, err);
}

/* Settles which row the file is for: the index is in its name, the string perhaps in its arch_config. */
static nb_status place_run(nb_importer *importer, nb_pickle_value run, int64_t index, uint32_t *row, nb_error *err)
{
    size_t size;
    nb_pickle_value config = field(run, "arch_config");
    const char *text = nb_pickle_text(field(config, "arch_str"), &size);
    if (!text)
        text = nb_pickle_text(field(config, "channels"), &size); /* the size space's */
    if (text && nb_rows_space_of_text(text, size))
        return nb_importer_place(importer, index, text, size, row, err);
    if (!importer->rows.space)
        nb_rows_set_official(&importer->rows, nb_space_of(NB_SPACE_TOPOLOGY));
    if (index >= (int64_t)importer->rows.count)
        return nb_fail(err, NB_ERR_FORMAT, "the file's name has the index %" PRId64 ", at most %u expected", index,
                       importer->rows.count - 1);
    *row = (uint32_t)index;
    return NB_OK;
}

nb_status nb_import_run(nb_importer *importer, const char *path, nb_pickle_value object, nb_error *err)
{
    int64_t index, seed;
    nb_pickle_value datasets = field(object, "all_dataset_keys");
    if (!nb_run_file_name(path, &index, &seed))
        return nb_fail(err, NB_ERR_UNSUPPORTED, "a training run, whose name must say architecture and seed: arch-NNNNNN-seed-SSSS.pth");
    if (datasets.kind != NB_PICKLE_LIST || nb_pickle_count(datasets) > 64)
        return nb_fail(err, NB_ERR_FORMAT, "all_dataset_keys is %s, a list of datasets expected", nb_pickle_kind_name(datasets.kind));
    for (size_t i = 0; i < nb_pickle_count(datasets); i++) {
        const char *dataset = nb_pickle_text(nb_pickle_item(datasets, i), NULL);
        nb_pickle_value run;
        if (!dataset || !nb_pickle_find(object, dataset, &run))
            return nb_fail(err, NB_ERR_FORMAT, "%.60s is missing: all_dataset_keys names it", dataset ? dataset : "a dataset");
        nb_trial trial = {.dataset = dataset, .seed = (uint32_t)seed};
        nb_status status = place_run(importer, run, index, &trial.row, err);
        if (status == NB_OK)
            status = nb_importer_open(importer, NB_SOURCE_RUN, err);
        if (status == NB_OK)
            status = import_dataset(importer, run, &trial, err);
        if (status != NB_OK)
            return nb_prefix(err, status, "%.60s", dataset);
        if (i == 0 && importer->read_from[trial.row] == 0) {
            importer->read_from[trial.row] = (uint32_t)importer->file + 1; /* other seeds of the same architecture may follow */
            importer->summary.architectures++;
        }
    }
    return NB_OK;
}
