#include "ingest/results.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/quote.h"

/* More trials of one architecture under one schedule than any benchmark has. */
#define TRIALS_MAX 512
#define EVAL_NAMES_MAX 64
#define DATASETS_MAX 64

/* Longest run that is believed. */
#define EPOCHS_LIMIT 100000

/* ---- fields ---- */

static nb_status need_field(nb_pickle_value dict, const char *name, nb_pickle_kind kind, nb_pickle_value *out, nb_error *err)
{
    if (!nb_pickle_find(dict, name, out))
        return nb_fail(err, NB_ERR_FORMAT, "there is no '%s' in %s of %zu items", name, nb_pickle_kind_name(dict.kind),
                       nb_pickle_count(dict));
    if (out->kind != kind)
        return nb_fail(err, NB_ERR_FORMAT, "%s is %s, %s expected", name, nb_pickle_kind_name(out->kind), nb_pickle_kind_name(kind));
    return NB_OK;
}

/* A field that may be missing: then NONE. */
static nb_pickle_value field(nb_pickle_value dict, const char *name)
{
    nb_pickle_value value;
    return nb_pickle_find(dict, name, &value) ? value : (nb_pickle_value){.kind = NB_PICKLE_NONE};
}

/* A number that may be null: then NaN. */
static nb_status number_field(nb_pickle_value dict, const char *name, double *out, nb_error *err)
{
    nb_pickle_value value = field(dict, name);
    *out = (double)NAN;
    if (value.kind == NB_PICKLE_NONE || nb_number_of(value, out))
        return NB_OK;
    return nb_fail(err, NB_ERR_FORMAT, "%s is %s, a number expected", name, nb_pickle_kind_name(value.kind));
}

/* A text without zero bytes, as the sink wants it. */
static nb_status plain_text(const char *what, nb_pickle_value value, const char **out, nb_error *err)
{
    size_t size;
    const char *text = nb_pickle_text(value, &size);
    if (!text || strlen(text) != size || value.kind == NB_PICKLE_INTEGER)
        return nb_fail(err, NB_ERR_FORMAT, "%s is %s, a text expected", what,
                       text ? "a text with a zero byte" : nb_pickle_kind_name(value.kind));
    *out = text;
    return NB_OK;
}

nb_status nb_results_read_head(nb_pickle_value results, nb_results_head *head, nb_error *err)
{
    nb_pickle_value index, text;
    if (results.kind != NB_PICKLE_DICT && results.kind != NB_PICKLE_RECORD)
        return nb_fail(err, NB_ERR_FORMAT, "results are %s, a dict expected", nb_pickle_kind_name(results.kind));
    NB_TRY(need_field(results, "arch_index", NB_PICKLE_INT, &index, err));
    NB_TRY(need_field(results, "arch_str", NB_PICKLE_TEXT, &text, err));
    head->index = index.number;
    head->text = nb_pickle_text(text, &head->size);
    return NB_OK;
}

/* ---- one trial ---- */

/* arch_config: {channel, num_cells, class_num, ...} or the size space's {genotype, class_num, ...}. */
nb_status nb_results_read_config(nb_pickle_value trial, nb_arch_config *config, nb_error *err)
{
    static const char *const names[] = {"channel", "num_cells", "class_num"};
    uint32_t *places[] = {&config->channels, &config->cells, &config->classes};
    nb_pickle_value dict = field(trial, "arch_config");
    *config = (nb_arch_config){0};
    for (size_t i = 0; i < 3; i++) {
        nb_pickle_value value = field(dict, names[i]);
        if (value.kind == NB_PICKLE_NONE)
            continue;
        if (value.kind != NB_PICKLE_INT || value.number < 0 || value.number > UINT32_MAX)
            return nb_fail(err, NB_ERR_FORMAT, "arch_config: %s is %s, a small integer expected", names[i],
                           nb_pickle_kind_name(value.kind));
        *places[i] = (uint32_t)value.number;
    }
    if (field(dict, "genotype").kind != NB_PICKLE_NONE)
        NB_TRY(plain_text("arch_config: genotype", field(dict, "genotype"), &config->genotype, err));
    return NB_OK;
}

/* eval_names: a list of names. */
static nb_status read_eval_names(nb_pickle_value trial, const char *names[EVAL_NAMES_MAX], size_t *count, nb_error *err)
{
    nb_pickle_value list;
    NB_TRY(need_field(trial, "eval_names", NB_PICKLE_LIST, &list, err));
    *count = nb_pickle_count(list);
    if (*count > EVAL_NAMES_MAX)
        return nb_fail(err, NB_ERR_FORMAT, "eval_names: %zu evaluation sets", *count);
    for (size_t i = 0; i < *count; i++)
        NB_TRY(plain_text("eval_names: an item", nb_pickle_item(list, i), &names[i], err));
    return NB_OK;
}

/* The curves of NAS-Bench-201 and NATS-Bench. */
static nb_status read_curves(nb_pickle_value trial, nb_curve_set *set, nb_error *err)
{
    NB_TRY(nb_curves_add(set, "train_losses", "train", NB_METRIC_LOSS, field(trial, "train_losses"), err));
    NB_TRY(nb_curves_add(set, "train_acc1es", "train", NB_METRIC_ACCURACY, field(trial, "train_acc1es"), err));
    NB_TRY(nb_curves_add(set, "train_acc5es", "train", NB_METRIC_ACCURACY5, field(trial, "train_acc5es"), err));
    NB_TRY(nb_curves_add(set, "train_times", "train", NB_METRIC_TIME, field(trial, "train_times"), err));
    NB_TRY(nb_curves_add(set, "eval_losses", NULL, NB_METRIC_LOSS, field(trial, "eval_losses"), err));
    NB_TRY(nb_curves_add(set, "eval_acc1es", NULL, NB_METRIC_ACCURACY, field(trial, "eval_acc1es"), err));
    return nb_curves_add(set, "eval_times", NULL, NB_METRIC_TIME, field(trial, "eval_times"), err);
}

/* {set: {epoch: value}} of AA-NAS-Bench. */
static nb_status read_nested(nb_curve_set *set, const char *what, nb_metric metric, nb_pickle_value dict, nb_error *err)
{
    nb_pickle_value key, value;
    for (size_t i = 0; nb_pickle_entry(dict, i, &key, &value); i++) {
        const char *split = NULL;
        NB_TRY(plain_text("an evaluation set", key, &split, err));
        NB_TRY(nb_curves_add(set, what, split, metric, value, err));
    }
    return NB_OK;
}

static bool is_aa_trial(nb_pickle_value trial)
{
    nb_pickle_value found;
    return nb_pickle_find(trial, "train_accs", &found);
}

static nb_status read_aa_curves(nb_pickle_value trial, nb_curve_set *set, nb_error *err)
{
    nb_pickle_value accuracies, losses;
    NB_TRY(need_field(trial, "eval_accs", NB_PICKLE_DICT, &accuracies, err));
    NB_TRY(need_field(trial, "eval_losses", NB_PICKLE_DICT, &losses, err));
    NB_TRY(nb_curves_add(set, "train_losses", "train", NB_METRIC_LOSS, field(trial, "train_losses"), err));
    NB_TRY(nb_curves_add(set, "train_accs", "train", NB_METRIC_ACCURACY, field(trial, "train_accs"), err));
    NB_TRY(read_nested(set, "eval_losses", NB_METRIC_LOSS, losses, err));
    return read_nested(set, "eval_accs", NB_METRIC_ACCURACY, accuracies, err);
}

/* The trial says its dataset and, in four digits, its seed; they must be those that it is filed under. */
static nb_status check_identity(nb_pickle_value trial, const char *dataset, int64_t seed, nb_error *err)
{
    nb_pickle_value name = field(trial, "name");
    nb_pickle_value text = field(trial, "seed");
    if (name.kind != NB_PICKLE_NONE && !nb_pickle_is_text(name, dataset))
        return nb_fail(err, NB_ERR_FORMAT, "the trial calls itself '%.40s'", nb_pickle_text(name, NULL) ? nb_pickle_text(name, NULL) : "?");
    if (text.kind == NB_PICKLE_INT && text.number == seed)
        return NB_OK;
    char four[32];
    snprintf(four, sizeof four, "%04" PRId64, seed);
    if (text.kind != NB_PICKLE_NONE && !nb_pickle_is_text(text, four))
        return nb_fail(err, NB_ERR_FORMAT, "the trial has the seed '%.40s', '%s' expected",
                       nb_pickle_text(text, NULL) ? nb_pickle_text(text, NULL) : "?", four);
    return NB_OK;
}

static nb_status import_trial(nb_pickle_value value, nb_trial *trial, nb_curve_set *set, const nb_trial_sink *sink, nb_error *err)
{
    nb_pickle_value epochs;
    const char *names[EVAL_NAMES_MAX];
    NB_TRY(check_identity(value, trial->dataset, trial->seed, err));
    NB_TRY(need_field(value, "epochs", NB_PICKLE_INT, &epochs, err));
    if (epochs.number < 1 || epochs.number > EPOCHS_LIMIT)
        return nb_fail(err, NB_ERR_FORMAT, "epochs is %" PRId64 ", 1 to %d expected", epochs.number, EPOCHS_LIMIT);
    trial->epochs = (uint32_t)epochs.number;
    nb_curves_start(set, trial->epochs);
    NB_TRY(number_field(value, "flop", &trial->flops, err));
    NB_TRY(number_field(value, "params", &trial->params, err));
    NB_TRY(nb_curves_numbers(set, "latency", field(value, "latency"), &trial->latency, &trial->latency_count, err));
    NB_TRY(nb_results_read_config(value, &trial->config, err));
    NB_TRY(read_eval_names(value, names, &trial->eval_name_count, err));
    NB_TRY(is_aa_trial(value) ? read_aa_curves(value, set, err) : read_curves(value, set, err));
    trial->eval_names = names;
    trial->curves = set->curves;
    trial->curve_count = set->count;
    return sink->trial(sink->user, trial, err);
}

/* ---- all trials of an architecture ---- */

/* The key (dataset, seed) of all_results. */
static bool is_key(nb_pickle_value key, const char *dataset, int64_t seed)
{
    nb_pickle_value number = nb_pickle_item(key, 1);
    return key.kind == NB_PICKLE_TUPLE && nb_pickle_count(key) == 2 && nb_pickle_is_text(nb_pickle_item(key, 0), dataset) &&
           number.kind == NB_PICKLE_INT && number.number == seed;
}

bool nb_results_find_trial(nb_pickle_value results, const char *dataset, int64_t seed, nb_pickle_value *trial)
{
    nb_pickle_value all = field(results, "all_results");
    nb_pickle_value key;
    for (size_t i = nb_pickle_count(all); i-- > 0;)
        if (nb_pickle_entry(all, i, &key, trial) && is_key(key, dataset, seed))
            return true;
    return false;
}

/* What stays the same while the trials of an architecture are read. */
typedef struct reading {
    nb_pickle_value results;
    uint32_t row;
    const char *schedule;
    nb_curve_set *curves;
    const nb_trial_sink *sink;
} reading;

static nb_status import_seed(const reading *r, const char *dataset, nb_pickle_value seed, nb_error *err)
{
    if (seed.kind != NB_PICKLE_INT || seed.number < 0 || seed.number > UINT32_MAX)
        return nb_fail(err, NB_ERR_FORMAT, "dataset_seed: %.60s: a seed is %s, a small integer expected", dataset,
                       nb_pickle_kind_name(seed.kind));
    nb_pickle_value value;
    if (!nb_results_find_trial(r->results, dataset, seed.number, &value))
        return nb_fail(err, NB_ERR_FORMAT, "trial (%.60s, %" PRId64 ") is missing: dataset_seed names it, all_results does not hold it",
                       dataset, seed.number);
    nb_trial trial = {.row = r->row, .dataset = dataset, .schedule = r->schedule, .seed = (uint32_t)seed.number};
    nb_status status = value.kind == NB_PICKLE_DICT || value.kind == NB_PICKLE_RECORD
                           ? import_trial(value, &trial, r->curves, r->sink, err)
                           : nb_fail(err, NB_ERR_FORMAT, "it is %s, a dict expected", nb_pickle_kind_name(value.kind));
    return status == NB_OK ? NB_OK : nb_prefix(err, status, "trial (%.60s, %" PRId64 ")", dataset, seed.number);
}

static nb_status import_dataset(const reading *r, const char *dataset, nb_pickle_value seeds, uint64_t *trials, nb_error *err)
{
    if (seeds.kind != NB_PICKLE_LIST)
        return nb_fail(err, NB_ERR_FORMAT, "dataset_seed: %.60s has %s, a list of seeds expected", dataset,
                       nb_pickle_kind_name(seeds.kind));
    size_t count = nb_pickle_count(seeds);
    if (count > TRIALS_MAX)
        return nb_fail(err, NB_ERR_FORMAT, "dataset_seed: %.60s has %zu seeds, at most %d expected", dataset, count, TRIALS_MAX);
    for (size_t i = 0; i < count; i++) {
        NB_TRY(import_seed(r, dataset, nb_pickle_item(seeds, i), err));
        ++*trials;
    }
    return NB_OK;
}

/* All trials in the order of all_results. */
static nb_status import_as_stored(const reading *r, nb_pickle_value all, uint64_t *trials, nb_error *err)
{
    nb_pickle_value key, trial;
    for (size_t i = 0; nb_pickle_entry(all, i, &key, &trial); i++) {
        const char *dataset = NULL;
        if (key.kind != NB_PICKLE_TUPLE || nb_pickle_count(key) != 2)
            return nb_fail(err, NB_ERR_FORMAT, "all_results: a key (dataset, seed) expected");
        NB_TRY(plain_text("all_results: a dataset", nb_pickle_item(key, 0), &dataset, err));
        NB_TRY(import_seed(r, dataset, nb_pickle_item(key, 1), err));
        ++*trials;
    }
    return NB_OK;
}

nb_status nb_results_import(nb_pickle_value results, uint32_t row, const char *schedule, nb_curve_set *curves, const nb_trial_sink *sink,
                            uint64_t *trials, nb_error *err)
{
    nb_pickle_value all, seeds, key, list;
    const char *datasets[DATASETS_MAX];
    uint64_t found = 0;
    NB_TRY(need_field(results, "all_results", NB_PICKLE_DICT, &all, err));
    NB_TRY(need_field(results, "dataset_seed", NB_PICKLE_DICT, &seeds, err));
    size_t count = nb_pickle_count(seeds);
    if (nb_pickle_count(all) > TRIALS_MAX || count > DATASETS_MAX)
        return nb_fail(err, NB_ERR_FORMAT, "%zu trials of %zu datasets, at most %d of %d expected", nb_pickle_count(all), count, TRIALS_MAX,
                       DATASETS_MAX);
    reading r = {results, row, schedule, curves, sink};
    if (sink->as_stored)
        return import_as_stored(&r, all, trials, err);
    for (size_t i = 0; i < count; i++) {
        if (!nb_pickle_entry(seeds, i, &key, &list))
            return nb_fail(err, NB_ERR_FORMAT, "dataset_seed: numbers, lists of seeds expected");
        NB_TRY(plain_text("dataset_seed: a dataset", key, &datasets[i], err));
        NB_TRY(import_dataset(&r, datasets[i], list, &found, err));
    }
    if (found != nb_pickle_count(all))
        return nb_fail(err, NB_ERR_FORMAT, "all_results holds %zu trials, dataset_seed names %" PRIu64, nb_pickle_count(all), found);
    *trials += found;
    if (count == 0)
        return NB_OK;
    return sink->order(sink->user, row, schedule, datasets, count, err);
}

/* ---- what kind of results they are ---- */

bool nb_results_are(nb_pickle_value value)
{
    nb_pickle_value found;
    return nb_pickle_find(value, "all_results", &found);
}

nb_status nb_results_schedule_of_key(nb_pickle_value key, char schedule[NB_SCHEDULE_SIZE], nb_error *err)
{
    size_t size;
    const char *text = nb_pickle_text(key, &size);
    if (nb_pickle_is_text(key, "full") || nb_pickle_is_text(key, "less")) {
        strcpy(schedule, text[0] == 'f' ? "200" : "12");
        return NB_OK;
    }
    if (!text || size == 0 || size > 6 || strspn(text, "0123456789") != size)
        return nb_fail(err, NB_ERR_FORMAT, "a schedule is called %s; 'full', 'less' or a number of epochs expected",
                       text ? nb_quote(text, size).text : nb_pickle_kind_name(key.kind));
    memcpy(schedule, text, size + 1);
    return NB_OK;
}

void nb_schedule_name(uint32_t epochs, char name[NB_SCHEDULE_SIZE])
{
    snprintf(name, NB_SCHEDULE_SIZE, "%02u", epochs);
}

nb_status nb_results_schedule(nb_pickle_value results, char schedule[NB_SCHEDULE_SIZE], nb_error *err)
{
    nb_pickle_value key, trial, epochs;
    if (!nb_pickle_entry(field(results, "all_results"), 0, &key, &trial) || !nb_pickle_find(trial, "epochs", &epochs) ||
        epochs.kind != NB_PICKLE_INT || epochs.number < 1 || epochs.number > EPOCHS_LIMIT)
        return nb_fail(err, NB_ERR_FORMAT, "all_results: a trial with its epochs expected");
    nb_schedule_name((uint32_t)epochs.number, schedule);
    return NB_OK;
}

bool nb_results_are_aa(nb_pickle_value results)
{
    nb_pickle_value key, trial;
    return nb_pickle_entry(field(results, "all_results"), 0, &key, &trial) && is_aa_trial(trial);
}

bool nb_results_lack_times(nb_pickle_value results)
{
    nb_pickle_value all = field(results, "all_results");
    nb_pickle_value key, trial;
    for (size_t i = 0; nb_pickle_entry(all, i, &key, &trial); i++)
        if (field(trial, "train_times").kind == NB_PICKLE_NONE)
            return true;
    return false;
}
