#include "nasbench/objective.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nasbench/query.h"

#include "base/error.h"

void nb_objective_free(nb_objective *objective)
{
    if (objective && objective->release)
        objective->release(objective->user);
    if (objective)
        *objective = (nb_objective){0};
}

/* ---------------------------------------------------------------- a table */

/* What one trial answers. */
typedef struct answer {
    double accuracy; /* NaN: not measured */
    double seconds;  /* NaN: not measured */
} answer;

enum { NOTES = 5 };

typedef struct table_objective {
    const nb_table *table;
    const char *dataset; /* of the setup, as the table writes it */
    uint32_t setup, valid;
    int train, test; /* splits; -1: none */
    uint32_t rows;
    uint32_t limit;  /* epochs that a whole training has; 0: those of the trial */
    uint32_t epochs; /* the most that can be asked for */
    nb_time_model time;
    bool mean_of_trials;
    char *asked;    /* the dataset as it was asked for */
    char *feedback; /* "cifar10-valid/12/x-valid" */
    char limit_text[16];
    nb_note notes[NOTES];
    size_t note_count;
    uint32_t *first; /* [rows + 1] where the answers of a row begin */
    answer *answers; /* of the whole schedule */
} table_objective;

static void release(void *user)
{
    table_objective *self = user;
    if (!self)
        return;
    free(self->asked);
    free(self->feedback);
    free(self->first);
    free(self->answers);
    free(self);
}

/* Whether times are sums that were taken at a few epochs only. */
static bool has_points(const table_objective *self, uint32_t split)
{
    return nb_table_coverage(self->table, self->setup, split, NB_METRIC_TIME) == NB_COVERAGE_POINTS;
}

/* Adds the seconds of the epochs 0..epoch; false when one of them was not measured. */
static bool add_times(const table_objective *self, uint32_t trial, uint32_t split, uint32_t epoch, double *sum)
{
    double seconds;
    *sum = 0;
    if (has_points(self, split)) { /* only the sum was measured */
        nb_metrics metrics;
        const bool measured = nb_trial_metrics(self->table, self->setup, trial, split, (int32_t)epoch, &metrics, NULL) == NB_OK;
        *sum = measured ? metrics.all_time : (double)NAN;
        return measured;
    }
    for (uint32_t e = 0; e <= epoch; e++) {
        if (!nb_table_value(self->table, self->setup, trial, split, NB_METRIC_TIME, e, &seconds))
            return false;
        *sum += seconds;
    }
    return true;
}

/* NAS-Bench-101 has times of training alone, and its own accounting pays nothing else. */
static bool pays_training_only(const table_objective *self)
{
    return self->train >= 0 && has_points(self, (uint32_t)self->train);
}

/* Seconds of one pass over the validation set: the mean of the epochs up to this one, or that of the last epoch alone where the set was
 * evaluated only then. NaN: not measured. */
static double validation_seconds(const table_objective *self, uint32_t trial, uint32_t epoch)
{
    double seconds;
    if (add_times(self, trial, self->valid, epoch, &seconds))
        return seconds / (epoch + 1);
    const uint32_t last = nb_table_trial_epochs(self->table, self->setup, trial) - 1;
    nb_table_value(self->table, self->setup, trial, self->valid, NB_METRIC_TIME, last, &seconds);
    return seconds;
}

static double measured_seconds(const table_objective *self, uint32_t trial, uint32_t epoch)
{
    double training;
    if (self->train < 0 || !add_times(self, trial, (uint32_t)self->train, epoch, &training))
        return (double)NAN;
    return pays_training_only(self) ? training : training + validation_seconds(self, trial, epoch);
}

static nb_status seconds_of(const table_objective *self, uint32_t row, uint32_t trial, uint32_t epoch, double *seconds, nb_error *err)
{
    *seconds = 0;
    if (self->time == NB_TIME_MEASURED)
        *seconds = measured_seconds(self, trial, epoch);
    if (self->time != NB_TIME_FLOPS)
        return NB_OK;
    const nb_arch arch = nb_table_arch(self->table, row);
    return nb_flops_seconds(nb_table_get_info(self->table)->space, &arch, self->dataset, epoch + 1, seconds, err);
}

static nb_status answer_of_trial(const table_objective *self, uint32_t row, uint32_t trial, uint32_t epoch, answer *out, nb_error *err)
{
    const bool measured = nb_table_value(self->table, self->setup, trial, self->valid, NB_METRIC_ACCURACY, epoch, &out->accuracy);
    if (!measured && self->test >= 0) /* NATS-Bench: the whole test set, where the validation set waits for the last epoch */
        nb_table_value(self->table, self->setup, trial, (uint32_t)self->test, NB_METRIC_ACCURACY, epoch, &out->accuracy);
    return seconds_of(self, row, trial, epoch, &out->seconds, err);
}

/* The last epoch of a trial that `epochs` asks for: 0, or too many, is its last. */
static uint32_t last_epoch(const table_objective *self, uint32_t trial, uint32_t epochs)
{
    const uint32_t length = nb_table_trial_epochs(self->table, self->setup, trial);
    return (epochs == 0 || epochs > length ? length : epochs) - 1;
}

/* ---------------------------------------------------------------- answering */

static nb_status deliver(const table_objective *self, uint32_t row, const answer *found, nb_evaluation *out, nb_error *err)
{
    if (isnan(found->accuracy) || isnan(found->seconds))
        return nb_fail(err, NB_ERR_NOT_FOUND, "%s: row %u: no %s on the validation set of %s", nb_table_get_info(self->table)->name, row,
                       isnan(found->accuracy) ? "accuracy" : "time", self->dataset);
    *out = (nb_evaluation){found->accuracy, found->seconds};
    return NB_OK;
}

static answer mean_of(const answer *answers, uint32_t count)
{
    answer sum = {0};
    for (uint32_t i = 0; i < count; i++) {
        sum.accuracy += answers[i].accuracy;
        sum.seconds += answers[i].seconds;
    }
    return (answer){sum.accuracy / count, sum.seconds / count};
}

/* NAS-Bench-101 trained anew for each number of epochs: where that was done for this one, those runs answer. */
static table_objective with_schedule_of(const table_objective *self, uint32_t epochs)
{
    table_objective other = *self;
    char schedule[16];
    snprintf(schedule, sizeof schedule, "%u", epochs);
    const int setup = pays_training_only(self) ? nb_table_setup(self->table, self->dataset, schedule) : -1;
    other.setup = setup >= 0 ? (uint32_t)setup : self->setup;
    return other;
}

/* Fewer epochs than the schedule has: not worth a table of their own. */
static nb_status evaluate_part(const table_objective *self, uint32_t row, uint32_t epochs, nb_rng *rng, nb_evaluation *out, nb_error *err)
{
    const table_objective shorter = with_schedule_of(self, epochs);
    self = &shorter;
    uint32_t first, count = nb_table_trials(self->table, self->setup, row, &first);
    answer sum = {0}, one;
    const uint32_t picked = self->mean_of_trials ? 0 : (uint32_t)nb_rng_below(rng, count), used = self->mean_of_trials ? count : 1;
    for (uint32_t i = 0; i < used; i++) {
        const uint32_t trial = first + picked + i;
        NB_TRY(answer_of_trial(self, row, trial, last_epoch(self, trial, epochs), &one, err));
        sum.accuracy += one.accuracy;
        sum.seconds += one.seconds;
    }
    sum = (answer){sum.accuracy / used, sum.seconds / used};
    return deliver(self, row, &sum, out, err);
}

static nb_status evaluate(void *user, const nb_arch *arch, uint32_t epochs, nb_rng *rng, nb_evaluation *out, nb_error *err)
{
    const table_objective *self = user;
    const int64_t row = nb_table_row(self->table, arch);
    if (row < 0)
        return nb_fail(err, NB_ERR_NOT_FOUND, "%s: this architecture is not in the table", nb_table_get_info(self->table)->name);
    const uint32_t first = self->first[row], count = self->first[row + 1] - first;
    if (count == 0)
        return nb_fail(err, NB_ERR_NOT_FOUND, "%s: row %u: not trained on %s", nb_table_get_info(self->table)->name, (uint32_t)row,
                       self->dataset);
    if (epochs > self->epochs)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: %u epochs: the schedule has %u", nb_table_get_info(self->table)->name, epochs,
                       self->epochs);
    if (epochs > 0 && epochs < self->epochs)
        return evaluate_part(self, (uint32_t)row, epochs, rng, out, err);
    return deliver(self, (uint32_t)row, &self->answers[first + nb_rng_below(rng, count)], out, err);
}

/* ---------------------------------------------------------------- making */

/* "cifar10" is searched on its training half, which the field calls cifar10-valid. */
static const char *searched_dataset(const nb_table *table, const char *dataset, const char *schedule)
{
    const bool halved = strcmp(dataset, "cifar10") == 0 && nb_table_setup(table, "cifar10-valid", schedule) >= 0;
    return halved ? "cifar10-valid" : dataset;
}

/* "12" where the table has it for this dataset, else the shortest that it has. */
static const char *default_schedule(const nb_table *table, const char *dataset)
{
    if (nb_table_setup(table, searched_dataset(table, dataset, "12"), "12") >= 0)
        return "12";
    const char *schedule;
    for (uint32_t i = 0; (schedule = nb_table_schedule(table, i)) != NULL; i++)
        if (nb_table_setup(table, searched_dataset(table, dataset, schedule), schedule) >= 0)
            return schedule;
    return "12";
}

/* Finds setup and splits by way of a query, whose messages say what there is instead of an unknown name. */
static nb_status find_curves(table_objective *self, const nb_table_objective_options *options, nb_error *err)
{
    const char *schedule = options->schedule ? options->schedule : default_schedule(self->table, options->dataset);
    const char *split = options->split ? options->split : "x-valid";
    nb_query_spec spec = {.dataset = searched_dataset(self->table, options->dataset, schedule),
                          .schedule = schedule,
                          .split = split,
                          .metric = NB_METRIC_ACCURACY,
                          .epoch = NB_EPOCH_LAST};
    nb_query query;
    NB_TRY(nb_query_compile(self->table, &spec, &query, err));
    self->setup = (uint32_t)nb_table_setup(self->table, spec.dataset, schedule);
    self->valid = (uint32_t)nb_table_split(self->table, self->setup, split);
    self->train = nb_table_split(self->table, self->setup, "train");
    self->test = nb_table_split(self->table, self->setup, "ori-test");
    const nb_setup_info *info = nb_table_setup_info(self->table, self->setup);
    self->dataset = info->dataset;
    if (options->epochs > info->epochs)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: %u epochs of %s/%s: at most %u expected", nb_table_get_info(self->table)->name,
                       options->epochs, info->dataset, info->schedule, info->epochs);
    self->limit = options->epochs;
    self->epochs = options->epochs > 0 ? options->epochs : info->epochs;
    if (info->trials == 0)
        return nb_fail(err, NB_ERR_NOT_FOUND, "%s: %s/%s: no trial of any architecture", nb_table_get_info(self->table)->name,
                       info->dataset, info->schedule);
    return NB_OK;
}

static nb_status check_times(const table_objective *self, nb_error *err)
{
    if (self->time != NB_TIME_MEASURED)
        return NB_OK;
    const bool trained =
        self->train >= 0 && nb_table_coverage(self->table, self->setup, (uint32_t)self->train, NB_METRIC_TIME) != NB_COVERAGE_NONE;
    const bool validated =
        pays_training_only(self) || nb_table_coverage(self->table, self->setup, self->valid, NB_METRIC_TIME) != NB_COVERAGE_NONE;
    if (trained && validated)
        return NB_OK;
    const nb_setup_info *info = nb_table_setup_info(self->table, self->setup);
    return nb_fail(err, NB_ERR_NOT_FOUND,
                   "%s: %s/%s: no times of %s were measured: take them from FLOPs (time model 'flops'), or count evaluations only ('none')",
                   nb_table_get_info(self->table)->name, info->dataset, info->schedule, trained ? "validation" : "training");
}

/* Fills the answers of one row from position `at` on. */
static nb_status fill_row(table_objective *self, uint32_t row, uint32_t *at, nb_error *err)
{
    uint32_t first, count = nb_table_trials(self->table, self->setup, row, &first);
    self->first[row] = *at;
    for (uint32_t i = 0; i < count; i++)
        NB_TRY(answer_of_trial(self, row, first + i, last_epoch(self, first + i, self->limit), &self->answers[*at + i], err));
    if (self->mean_of_trials && count > 0) {
        self->answers[*at] = mean_of(&self->answers[*at], count);
        count = 1;
    }
    *at += count;
    return NB_OK;
}

static nb_status fill(table_objective *self, nb_error *err)
{
    self->rows = nb_table_get_info(self->table)->rows;
    self->first = calloc((size_t)self->rows + 1, sizeof *self->first);
    self->answers = calloc(nb_table_setup_info(self->table, self->setup)->trials, sizeof *self->answers);
    if (!self->first || !self->answers)
        return nb_fail(err, NB_ERR_MEMORY, "%s: out of memory for %u rows", nb_table_get_info(self->table)->name, self->rows);
    uint32_t at = 0;
    for (uint32_t row = 0; row < self->rows; row++)
        NB_TRY(fill_row(self, row, &at, err));
    self->first[self->rows] = at;
    return NB_OK;
}

static nb_status take_notes(table_objective *self, const nb_table_objective_options *options, nb_error *err)
{
    static const char *const times[] = {[NB_TIME_MEASURED] = "measured", [NB_TIME_FLOPS] = "flops", [NB_TIME_NONE] = "none"};
    const nb_setup_info *info = nb_table_setup_info(self->table, self->setup);
    self->asked = strdup(options->dataset);
    if (asprintf(&self->feedback, "%s/%s/%s", info->dataset, info->schedule, info->splits[self->valid]) < 0)
        self->feedback = NULL;
    if (!self->asked || !self->feedback)
        return nb_fail(err, NB_ERR_MEMORY, "%s: out of memory", nb_table_get_info(self->table)->name);
    snprintf(self->limit_text, sizeof self->limit_text, "%u", self->limit);
    const nb_note notes[NOTES] = {{"dataset", self->asked},
                                  {"feedback", self->feedback},
                                  {"time", times[self->time]},
                                  {"trials", self->mean_of_trials ? "mean" : "random"},
                                  {"epochs", self->limit_text}};
    memcpy(self->notes, notes, sizeof notes);
    self->note_count = self->limit > 0 ? NOTES : NOTES - 1;
    return NB_OK;
}

nb_status nb_objective_of_table(const nb_table *table, const nb_table_objective_options *options, nb_objective *out, nb_error *err)
{
    if (!options->dataset)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: no dataset given", nb_table_get_info(table)->name);
    table_objective *self = calloc(1, sizeof *self);
    if (!self)
        return nb_fail(err, NB_ERR_MEMORY, "%s: out of memory", nb_table_get_info(table)->name);
    self->table = table;
    self->time = options->time;
    self->mean_of_trials = options->mean_of_trials;
    nb_status status = find_curves(self, options, err);
    if (status == NB_OK)
        status = check_times(self, err);
    if (status == NB_OK)
        status = take_notes(self, options, err);
    if (status == NB_OK)
        status = fill(self, err);
    if (status != NB_OK) {
        release(self);
        return status;
    }
    *out = (nb_objective){
        .space = nb_table_get_info(table)->space,
        .evaluate = evaluate,
        .user = self,
        .release = release,
        .epochs = self->epochs,
        .concurrent = true,
        .untimed = options->time == NB_TIME_NONE,
        .notes = self->notes,
        .note_count = self->note_count,
    };
    return NB_OK;
}
