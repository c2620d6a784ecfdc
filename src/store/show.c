/* The printed forms of the original interfaces. */
#include "nasbench/query.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/progress.h"
#include "base/text.h"

#include "store/costs.h"
#include "store/metrics.h"

#define DATASETS_MAX NB_DATASETS_MAX

/* A seed as the files write it. */
#define SEED_FORMAT "%04u"

/* ---------------------------------------------------------------- print_information */

static void append_arch(nb_text *text, const nb_table *table, uint32_t row)
{
    char arch[NB_ARCH_TEXT_SIZE];
    nb_arch value = nb_table_arch(table, row);
    nb_space_format(table->info.space, &value, arch, sizeof arch);
    nb_text_puts(text, value.space == NB_SPACE_NONE ? "?" : arch);
}

/* ['a', 'b'] as Python prints a list of names. */
static void append_list(nb_text *text, const nb_table *table, const uint32_t *datasets, uint32_t count)
{
    nb_text_puts(text, "[");
    for (uint32_t i = 0; i < count; i++)
        nb_text_printf(text, "%s'%s'", i ? ", " : "", table->datasets[datasets[i]]);
    nb_text_puts(text, "]");
}

static void append_number(nb_text *text, const char *format_start, double value, const char *unit)
{
    if (isnan(value))
        nb_text_printf(text, "%sNone%s", format_start, unit);
    else
        nb_text_printf(text, "%s%.3f%s", format_start, value, unit);
}

static void append_costs(nb_text *text, const nb_setup *setup, uint32_t row, nb_flavour flavour)
{
    uint32_t first, count = nb_setup_trials(setup, row, &first);
    double flops, params, latency;
    nb_setup_row_cost(setup, &setup->flops, first, count, flavour, &flops);
    nb_setup_row_cost(setup, &setup->params, first, count, flavour, &params);
    bool measured = nb_setup_row_latency(setup, first, count, flavour, &latency) && latency > 0;
    nb_text_printf(text, "%-14s FLOP=", setup->info.dataset);
    if (isnan(flops))
        nb_text_puts(text, "  None M");
    else
        nb_text_printf(text, "%6.2f M", flops);
    append_number(text, ", Params=", params, " MB, latency=");
    if (measured)
        nb_text_printf(text, "%.2f ms.", latency * 1000);
    else
        nb_text_puts(text, "None ms.");
}

/* The mean of one metric at the last epoch; NaN when it is not there. A table that somebody filled from a list of accuracies has no
 * losses; the originals would fail, this prints None. */
static double last_mean(const nb_table *table, const nb_setup *setup, uint32_t row, int split, nb_metric metric)
{
    double value = (double)NAN;
    nb_query query;
    const nb_query_spec spec = {.dataset = setup->info.dataset,
                                .schedule = setup->info.schedule,
                                .split = setup->info.splits[split],
                                .metric = metric,
                                .epoch = NB_EPOCH_LAST};
    if (nb_query_compile(table, &spec, &query, NULL) != NB_OK || !nb_query_get(&query, row, &value))
        return (double)NAN;
    return value;
}

/* label : [loss = ..., top1 = ...%], left out when neither was measured. */
static void append_split(nb_text *text, const nb_table *table, const nb_setup *setup, uint32_t row, int split, const char *label,
                         nb_flavour flavour, bool *begun)
{
    if (split < 0)
        return;
    double loss = last_mean(table, setup, row, split, NB_METRIC_LOSS);
    double accuracy = last_mean(table, setup, row, split, NB_METRIC_ACCURACY);
    if (isnan(loss) && isnan(accuracy))
        return;
    nb_text_printf(text, "%s%s: [", *begun ? ", " : "", label);
    append_number(text, "loss = ", loss, flavour == NB_FLAVOUR_NATS ? " & top1 = " : ", top1 = ");
    if (isnan(accuracy))
        nb_text_puts(text, "None]");
    else
        nb_text_printf(text, "%.2f%%]", accuracy);
    *begun = true;
}

/* Sets of other datasets than the published ones, under their own names. */
static void append_other_splits(nb_text *text, const nb_table *table, const nb_setup *setup, uint32_t row, nb_flavour flavour, bool *begun)
{
    for (uint32_t i = 0; i < setup->info.split_count; i++) {
        if ((int)i == setup->train)
            continue;
        char label[NB_NAME_MAX + 2];
        size_t length = strnlen(setup->info.splits[i], NB_NAME_MAX);
        memcpy(label, setup->info.splits[i], length);
        memcpy(label + length, " ", 2);
        append_split(text, table, setup, row, (int)i, label, flavour, begun);
    }
}

static void append_metrics(nb_text *text, const nb_table *table, const nb_setup *setup, uint32_t row, nb_flavour flavour)
{
    bool begun = false;
    const char *dataset = setup->info.dataset;
    nb_text_printf(text, "%-14s ", dataset);
    append_split(text, table, setup, row, setup->train, "train ", flavour, &begun);
    if (strcmp(dataset, "cifar10-valid") == 0) {
        append_split(text, table, setup, row, setup->x_valid, "valid ", flavour, &begun);
        if (nb_space_get_id(table->info.space) == NB_SPACE_SIZE)
            append_split(text, table, setup, row, setup->ori_test, "test ", flavour, &begun);
    } else if (strcmp(dataset, "cifar10") == 0) {
        append_split(text, table, setup, row, setup->ori_test, "test  ", flavour, &begun);
    } else if (setup->x_valid >= 0 || setup->x_test >= 0) {
        append_split(text, table, setup, row, setup->x_valid, "valid ", flavour, &begun);
        append_split(text, table, setup, row, setup->x_test, "test ", flavour, &begun);
    } else {
        append_other_splits(text, table, setup, row, flavour, &begun);
    }
}

static void append_information(nb_text *text, const nb_table *table, uint32_t row, const char *schedule, const char *extra_info,
                               nb_flavour flavour)
{
    uint32_t datasets[DATASETS_MAX];
    uint32_t count = nb_table_row_datasets(table, row, schedule, datasets, DATASETS_MAX);
    append_arch(text, table, row);
    nb_text_puts(text, "\ndatasets : ");
    append_list(text, table, datasets, count);
    nb_text_printf(text, ", extra-info : %s", extra_info ? extra_info : "None");
    for (uint32_t i = 0; i < count; i++) {
        int setup = nb_table_setup(table, table->datasets[datasets[i]], schedule);
        nb_text_puts(text, "\n");
        append_costs(text, &table->setups[setup], row, flavour);
        nb_text_puts(text, "\n");
        append_metrics(text, table, &table->setups[setup], row, flavour);
    }
}

/* Hands the text to the sink and empties it. */
static nb_status send(nb_text *text, const nb_sink *sink, nb_error *err)
{
    NB_TRY(nb_text_check(text, err));
    bool taken = text->size == 0 || sink->write(sink->user, text->data, text->size);
    text->size = 0;
    return taken ? NB_OK : nb_fail(err, NB_ERR_IO, "the text could not be written");
}

nb_status nb_table_describe(const nb_table *table, uint32_t row, const char *schedule, const char *extra_info, nb_flavour flavour,
                            const nb_sink *sink, nb_error *err)
{
    uint32_t datasets[1];
    if (row >= table->info.rows)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: row %u: there are %u", table->name, row, table->info.rows);
    if (nb_table_row_datasets(table, row, schedule, datasets, 1) == 0)
        return nb_fail(err, NB_ERR_NOT_FOUND, "%s: row %u: no trial under schedule '%s'", table->name, row, schedule);
    nb_text text = {0};
    append_information(&text, table, row, schedule, extra_info, flavour);
    nb_status status = send(&text, sink, err);
    nb_text_free(&text);
    return status;
}

/* ---------------------------------------------------------------- show */

static void append_repeated(nb_text *text, char c, int count)
{
    for (int i = 0; i < count; i++)
        nb_text_append(text, &c, 1);
}

/* The longest trial of the row under the schedule. */
static uint32_t epochs_of_row(const nb_table *table, uint32_t row, const char *schedule)
{
    uint32_t longest = 0;
    for (uint32_t i = 0; i < table->setup_count; i++) {
        const nb_setup *setup = &table->setups[i];
        uint32_t first, count = strcmp(setup->info.schedule, schedule) == 0 ? nb_setup_trials(setup, row, &first) : 0;
        for (uint32_t k = 0; k < count; k++) {
            uint32_t epochs = nb_setup_epochs(setup, first + k);
            longest = epochs > longest ? epochs : longest;
        }
    }
    return longest;
}

/* One schedule of a row between its separators. */
static void append_schedule(nb_text *text, const nb_table *table, uint32_t row, const char *schedule, nb_flavour flavour)
{
    uint32_t datasets[1];
    if (nb_table_row_datasets(table, row, schedule, datasets, 1) == 0)
        return;
    bool literal = flavour == NB_FLAVOUR_1_0 || flavour == NB_FLAVOUR_1_1;
    append_repeated(text, '>', 40);
    nb_text_printf(text, literal ? " %3u epochs " : " %03u epochs ", epochs_of_row(table, row, schedule));
    append_repeated(text, '>', 40);
    nb_text_puts(text, "\n");
    append_information(text, table, row, schedule, NULL, flavour);
    nb_text_puts(text, "\n");
}

/* The versions before 2.0 show the long schedule first. */
static void append_blocks(nb_text *text, const nb_table *table, uint32_t row, nb_flavour flavour)
{
    bool backwards = flavour < NB_FLAVOUR_2_0;
    for (uint32_t i = 0; i < table->schedule_count; i++)
        append_schedule(text, table, row, table->schedules[backwards ? table->schedule_count - 1 - i : i], flavour);
    append_repeated(text, '<', 40);
    nb_text_puts(text, "------------");
    append_repeated(text, '<', 40);
    nb_text_puts(text, "\n");
}

/* AA-NAS-Bench has one schedule and shorter separators, and only where all are shown. */
static void append_aa_block(nb_text *text, const nb_table *table, uint32_t row, bool separators)
{
    for (uint32_t i = 0; i < table->schedule_count; i++) {
        uint32_t datasets[1];
        if (nb_table_row_datasets(table, row, table->schedules[i], datasets, 1) == 0)
            continue;
        append_repeated(text, '>', separators ? 20 : 0);
        nb_text_puts(text, separators ? "\n" : "");
        append_information(text, table, row, table->schedules[i], NULL, NB_FLAVOUR_AA);
        nb_text_puts(text, "\n");
        append_repeated(text, '<', separators ? 20 : 0);
        nb_text_puts(text, separators ? "\n" : "");
    }
}

static void append_heading(nb_text *text, const nb_table *table, uint32_t row, uint32_t position)
{
    nb_text_printf(text, "\n---------- The (%5u/%5u) %06u-th architecture! ----------\narch : ", position, table->info.evaluated, row);
    append_arch(text, table, row);
    nb_text_puts(text, "\n");
}

static nb_status show_all(const nb_table *table, nb_flavour flavour, nb_text *text, const nb_sink *sink, const nb_progress *progress,
                          nb_error *err)
{
    char name[512];
    nb_table_repr(table, flavour, name, sizeof name);
    nb_text_printf(text, "%s\n", name);
    uint32_t position = 0;
    for (uint32_t row = 0; row < table->info.rows; row++) {
        if (!nb_table_is_evaluated(table, row))
            continue;
        append_heading(text, table, row, position++);
        if (flavour == NB_FLAVOUR_AA)
            append_aa_block(text, table, row, true);
        else
            append_blocks(text, table, row, flavour);
        NB_TRY(send(text, sink, err));
        NB_TRY(nb_progress_check(progress, table->name, err));
    }
    return send(text, sink, err);
}

static nb_status show_one(const nb_table *table, int64_t row, nb_flavour flavour, nb_text *text, const nb_sink *sink, nb_error *err)
{
    if (row >= (int64_t)table->info.rows)
        nb_text_printf(text, "This index (%lld) is out of range (0~%u).\n", (long long)row, table->info.rows);
    else if (!nb_table_is_evaluated(table, (uint32_t)row))
        nb_text_printf(text, "The %lld-th architecture has not been evaluated or not saved.\n", (long long)row);
    else if (flavour == NB_FLAVOUR_AA)
        append_aa_block(text, table, (uint32_t)row, false);
    else
        append_blocks(text, table, (uint32_t)row, flavour);
    return send(text, sink, err);
}

nb_status nb_table_show(const nb_table *table, int64_t row, nb_flavour flavour, const nb_sink *sink, const nb_progress *progress,
                        nb_error *err)
{
    nb_text text = {0};
    nb_status status = row < 0 ? show_all(table, flavour, &text, sink, progress, err) : show_one(table, row, flavour, &text, sink, err);
    nb_text_free(&text);
    return status;
}

/* ---------------------------------------------------------------- repr */

/* As snprintf. */
static size_t deliver(nb_text *from, char *text, size_t room)
{
    size_t size = from->failed ? 0 : from->size;
    if (room > 0) {
        size_t copied = size < room ? size : room - 1;
        if (copied > 0)
            memcpy(text, from->data, copied);
        text[copied] = '\0';
    }
    nb_text_free(from);
    return size;
}

static const char *class_name(const nb_table *table, nb_flavour flavour)
{
    if (flavour == NB_FLAVOUR_AA)
        return "AANASBenchAPI";
    if (flavour != NB_FLAVOUR_NATS)
        return "NASBench201API";
    return nb_space_get_id(table->info.space) == NB_SPACE_SIZE ? "NATSsize" : "NATStopology";
}

size_t nb_table_repr(const nb_table *table, nb_flavour flavour, char *text, size_t room)
{
    nb_text out = {0};
    const char *slash = strrchr(table->name, '/');
    nb_text_printf(&out, "%s(%u/%u architectures", class_name(table, flavour), table->info.evaluated, table->info.rows);
    if (flavour == NB_FLAVOUR_NATS)
        nb_text_puts(&out, ", fast_mode=False");
    if (flavour >= NB_FLAVOUR_1_3)
        nb_text_printf(&out, ", file=%s", slash ? slash + 1 : table->name);
    nb_text_puts(&out, ")");
    return deliver(&out, text, room);
}

size_t nb_table_row_repr(const nb_table *table, uint32_t row, const char *schedule, char *text, size_t room)
{
    nb_text out = {0};
    uint32_t datasets[DATASETS_MAX], runs = 0, first;
    uint32_t count = nb_table_row_datasets(table, row, schedule, datasets, DATASETS_MAX);
    for (uint32_t i = 0; i < count; i++)
        runs += nb_table_trials(table, (uint32_t)nb_table_setup(table, table->datasets[datasets[i]], schedule), row, &first);
    nb_text_printf(&out, "ArchResults(arch-index=%u, arch=", row);
    append_arch(&out, table, row);
    nb_text_printf(&out, ", %u runs, clear=True)", runs);
    return deliver(&out, text, room);
}

size_t nb_table_trial_repr(const nb_table *table, uint32_t setup, uint32_t row, uint32_t trial, nb_flavour flavour, char *text, size_t room)
{
    nb_text out = {0};
    uint32_t splits[NB_SPLITS_MAX];
    uint32_t count = nb_table_trial_eval_splits(table, setup, trial, splits, NB_SPLITS_MAX);
    const nb_setup_info *info = nb_table_setup_info(table, setup);
    if (!info || trial >= info->trials)
        return deliver(&out, text, room);
    nb_text_printf(&out, "ResultsCount(%s, arch=", info->dataset);
    append_arch(&out, table, row);
    nb_text_printf(&out, ", FLOP=%.2fM, Param=%.3fMB, seed=" SEED_FORMAT ", %u eval-sets", nb_table_trial_flops(table, setup, trial),
                   nb_table_trial_params(table, setup, trial), nb_table_trial_seed(table, setup, trial), count);
    if (flavour != NB_FLAVOUR_AA) {
        nb_text_puts(&out, ": [");
        for (uint32_t i = 0; i < count; i++)
            nb_text_printf(&out, "%s%s", i ? ", " : "", info->splits[splits[i]]);
        nb_text_puts(&out, "]");
    }
    nb_text_puts(&out, ")");
    return deliver(&out, text, room);
}
