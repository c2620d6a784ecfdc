#include "nasbench/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

enum { POINTS = 240, QUARTILES = 3 };

/* Where a file has a measure: positions of a data set may differ between files. */
typedef struct source {
    const nb_experiment_file *file;
    size_t dataset;
} source;

/* The comparison with what it owns. */
typedef struct work {
    nb_comparison result; /* first: what the caller gets */
    const nb_experiment_file *const *files;
    nb_compared_method *methods;
    nb_compared_measure *measures;
    source *sources;             /* [measures][methods] */
    nb_compared_result *results; /* [measures][methods] */
    nb_compared_pair *pairs;     /* [measures][pairs] */
    double *places[NB_AXES];
    double *quartiles; /* [measures][methods][axes][QUARTILES][points] */
    char **labels;     /* [methods] */
    size_t points;
    double *values; /* scratch: [methods][most runs] */
    double *ranks;  /* scratch: [methods] */
    double *p;      /* scratch: [pairs] */
    size_t most_runs;
} work;

void nb_comparison_free(nb_comparison *comparison)
{
    work *w = (work *)comparison;
    if (!w)
        return;
    for (size_t i = 0; w->labels && i < w->result.method_count; i++)
        free(w->labels[i]);
    for (size_t axis = 0; axis < NB_AXES; axis++)
        free(w->places[axis]);
    free(w->labels);
    free(w->methods);
    free(w->measures);
    free(w->sources);
    free(w->results);
    free(w->pairs);
    free(w->quartiles);
    free(w->values);
    free(w->ranks);
    free(w->p);
    free(w);
}

static nb_status no_memory(nb_error *err)
{
    return nb_fail(err, NB_ERR_MEMORY, "out of memory for a comparison");
}

/* ---------------------------------------------------------------- what can be compared */

/* The position of a data set in a file, or NB_FEEDBACK where it is not known. */
static size_t find_dataset(const nb_experiment_file *file, const char *name)
{
    const nb_experiment_info *info = nb_experiment_file_info(file);
    for (size_t i = 0; i < info->dataset_count; i++)
        if (strcmp(info->datasets[i], name) == 0)
            return i;
    return NB_FEEDBACK;
}

static nb_status check_spaces(const work *w, nb_error *err)
{
    const nb_experiment_info *first = nb_experiment_file_info(w->files[0]);
    for (size_t i = 1; i < w->result.method_count; i++) {
        const nb_experiment_info *info = nb_experiment_file_info(w->files[i]);
        if (strcmp(info->space, first->space) != 0)
            return nb_fail(err, NB_ERR_ARGUMENT, "%s searches the space %s, %s the space %s: they cannot be compared", first->path,
                           first->space, info->path, info->space);
    }
    return NB_OK;
}

static nb_status check_pairing(const work *w, nb_error *err)
{
    const nb_experiment_info *first = nb_experiment_file_info(w->files[0]);
    for (size_t i = 1; w->result.test == NB_TEST_SIGNED_RANK && i < w->result.method_count; i++) {
        const nb_experiment_info *info = nb_experiment_file_info(w->files[i]);
        if (info->runs != first->runs || info->seed != first->seed)
            return nb_fail(err, NB_ERR_ARGUMENT,
                           "a signed-rank test needs runs that belong together: %s has %u runs of seed %llu, %s has %u of seed %llu",
                           first->path, first->runs, (unsigned long long)first->seed, info->path, info->runs,
                           (unsigned long long)info->seed);
    }
    return NB_OK;
}

/* Different best values mean different tables. */
static nb_status check_optimum(const work *w, const nb_compared_measure *measure, const source *sources, nb_error *err)
{
    static const char *const kinds[] = {"validation", "test"};
    for (size_t i = 1; i < w->result.method_count; i++) {
        const double optimum = nb_experiment_file_optimum(sources[i].file, sources[i].dataset, measure->kind);
        if (!(fabs(optimum - measure->optimum) > 1e-9))
            continue;
        return nb_fail(err, NB_ERR_ARGUMENT, "results of different tables: the best %s %s accuracy is %.6g in %s, but %.6g in %s",
                       measure->dataset, kinds[measure->kind], measure->optimum, nb_experiment_file_info(w->files[0])->path, optimum,
                       nb_experiment_file_info(w->files[i])->path);
    }
    return NB_OK;
}

/* Whether any run of the file has a result on the measure. */
static bool has_results(const source *from, nb_outcome_kind kind)
{
    const uint32_t runs = nb_experiment_file_info(from->file)->runs;
    for (uint32_t run = 0; run < runs; run++)
        if (!isnan(nb_experiment_file_value(from->file, run, from->dataset, kind, NB_AXIS_EVALUATIONS, (double)INFINITY)))
            return true;
    return false;
}

/* Adds it if all files have results on it. */
static nb_status add_measure(work *w, const char *dataset, nb_outcome_kind kind, nb_error *err)
{
    nb_compared_measure *measure = &w->measures[w->result.measure_count];
    source *sources = w->sources + w->result.measure_count * w->result.method_count;
    *measure = (nb_compared_measure){.dataset = dataset, .kind = kind, .optimum = (double)NAN};
    for (size_t i = 0; i < w->result.method_count; i++) {
        sources[i] = (source){w->files[i], dataset ? find_dataset(w->files[i], dataset) : NB_FEEDBACK};
        if ((dataset && sources[i].dataset == NB_FEEDBACK) || !has_results(&sources[i], kind))
            return NB_OK;
    }
    w->result.measure_count++;
    if (!dataset)
        return NB_OK;
    measure->optimum = nb_experiment_file_optimum(sources[0].file, sources[0].dataset, kind);
    return check_optimum(w, measure, sources, err);
}

static bool same_notes(const nb_note *a, size_t a_count, const nb_note *b, size_t b_count)
{
    for (size_t i = 0; i < a_count && a_count == b_count; i++)
        if (strcmp(a[i].name, b[i].name) != 0 || strcmp(a[i].value, b[i].value) != 0)
            return false;
    return a_count == b_count;
}

/* Feedback can be compared where it came from the same objective. */
static bool same_objective(const work *w)
{
    const nb_experiment_info *first = nb_experiment_file_info(w->files[0]);
    for (size_t i = 1; i < w->result.method_count; i++) {
        const nb_experiment_info *info = nb_experiment_file_info(w->files[i]);
        if (!same_notes(first->objective, first->objective_count, info->objective, info->objective_count))
            return false;
    }
    return true;
}

static nb_status find_measures(work *w, nb_error *err)
{
    const nb_experiment_info *first = nb_experiment_file_info(w->files[0]);
    const size_t most = first->dataset_count * NB_OUTCOME_KINDS + 1;
    bool validated = false;
    w->measures = calloc(most, sizeof *w->measures);
    w->sources = calloc(most * w->result.method_count, sizeof *w->sources);
    if (!w->measures || !w->sources)
        return no_memory(err);
    for (size_t i = 0; i < first->dataset_count; i++)
        for (nb_outcome_kind kind = 0; kind < NB_OUTCOME_KINDS; kind++)
            NB_TRY(add_measure(w, first->datasets[i], kind, err));
    for (size_t i = 0; i < w->result.measure_count; i++)
        validated = validated || w->measures[i].kind == NB_OUTCOME_VALID;
    if (!validated && same_objective(w))
        NB_TRY(add_measure(w, NULL, NB_OUTCOME_VALID, err));
    return w->result.measure_count > 0 ? NB_OK : nb_fail(err, NB_ERR_ARGUMENT, "%s: no data set has results in all files", first->path);
}

/* ---------------------------------------------------------------- labels */

static const char *setting(const nb_experiment_info *info, const char *name)
{
    for (size_t i = 0; i < info->setting_count; i++)
        if (strcmp(info->settings[i].name, name) == 0)
            return info->settings[i].value;
    return "";
}

/* Whether another file of the same algorithm has another value. */
static bool setting_tells(const work *w, const nb_experiment_info *info, const nb_note *note)
{
    for (size_t i = 0; i < w->result.method_count; i++) {
        const nb_experiment_info *other = nb_experiment_file_info(w->files[i]);
        if (strcmp(other->title, info->title) == 0 && strcmp(setting(other, note->name), note->value) != 0)
            return true;
    }
    return false;
}

static nb_status label_by_settings(work *w, size_t method, nb_error *err)
{
    const nb_experiment_info *info = nb_experiment_file_info(w->files[method]);
    nb_text label = {0};
    nb_text_puts(&label, info->title);
    for (size_t i = 0; i < info->setting_count; i++)
        if (setting_tells(w, info, &info->settings[i]))
            nb_text_printf(&label, " %s=%s", info->settings[i].name, info->settings[i].value);
    w->labels[method] = label.data;
    return nb_text_check(&label, err);
}

static bool label_is_shared(const work *w, size_t method)
{
    for (size_t i = 0; i < w->result.method_count; i++)
        if (i != method && strcmp(w->labels[i], w->labels[method]) == 0)
            return true;
    return false;
}

/* Files that no setting tells apart are told by their names. */
static nb_status label_by_path(work *w, size_t method, nb_error *err)
{
    const char *path = nb_experiment_file_info(w->files[method])->path, *slash = strrchr(path, '/');
    nb_text label = {0};
    nb_text_printf(&label, "%s (%s)", w->labels[method], slash ? slash + 1 : path);
    NB_TRY(nb_text_check(&label, err));
    w->methods[method].label = label.data; /* the old labels are still compared with */
    return NB_OK;
}

static nb_status make_labels(work *w, nb_error *err)
{
    nb_status status = NB_OK;
    w->labels = calloc(w->result.method_count, sizeof *w->labels);
    if (!w->labels)
        return no_memory(err);
    for (size_t i = 0; i < w->result.method_count; i++)
        NB_TRY(label_by_settings(w, i, err));
    for (size_t i = 0; i < w->result.method_count && status == NB_OK; i++)
        if (label_is_shared(w, i))
            status = label_by_path(w, i, err);
    for (size_t i = 0; i < w->result.method_count; i++) {
        char *longer = (char *)w->methods[i].label;
        if (longer) {
            free(w->labels[i]);
            w->labels[i] = longer;
        }
        w->methods[i].label = w->labels[i];
    }
    return status;
}

/* ---------------------------------------------------------------- curves */

static double length(const nb_experiment_file *file, uint32_t run, nb_axis axis)
{
    return axis == NB_AXIS_SECONDS ? nb_experiment_file_seconds(file, run) : (double)nb_experiment_file_evaluations(file, run);
}

/* Where the curve of a method ends: at its budget, or with its longest run. */
static double reach(const nb_experiment_file *file, nb_axis axis)
{
    const nb_experiment_info *info = nb_experiment_file_info(file);
    double longest = axis == NB_AXIS_SECONDS ? info->budget.seconds : 0;
    for (uint32_t run = 0; run < info->runs; run++)
        longest = fmax(longest, length(file, run, axis));
    return longest;
}

static nb_status make_places(work *w, nb_axis axis, nb_error *err)
{
    double end = 0;
    for (size_t i = 0; i < w->result.method_count; i++)
        end = fmax(end, reach(w->files[i], axis));
    w->places[axis] = calloc(w->points, sizeof *w->places[axis]);
    if (!w->places[axis])
        return no_memory(err);
    if (!(end > 0))
        return NB_OK; /* nothing took time */
    const bool whole = axis == NB_AXIS_EVALUATIONS;
    const size_t count = whole && end < (double)w->points ? (size_t)end : w->points;
    for (size_t i = 0; i < count; i++) {
        const double place = end * (double)(i + 1) / (double)count;
        w->places[axis][i] = whole ? floor(place) : place;
    }
    w->result.place_count[axis] = count;
    w->result.places[axis] = w->places[axis];
    return NB_OK;
}

/* Infinity is "no answer yet", which is worse than any: a quartile is known as soon as it is finite. */
static double finite_or_unknown(double value)
{
    return isfinite(value) ? value : (double)NAN;
}

static nb_status sample_place(work *w, const source *from, nb_outcome_kind kind, nb_axis axis, size_t place, double *quartiles,
                              nb_error *err)
{
    const uint32_t runs = nb_experiment_file_info(from->file)->runs;
    nb_description found;
    for (uint32_t run = 0; run < runs; run++)
        w->values[run] = nb_experiment_file_value(from->file, run, from->dataset, kind, axis, w->places[axis][place]);
    NB_TRY(nb_describe(w->values, runs, &found, err));
    quartiles[place] = finite_or_unknown(found.lower_quartile);
    quartiles[w->points + place] = finite_or_unknown(found.median);
    quartiles[2 * w->points + place] = finite_or_unknown(found.upper_quartile);
    return NB_OK;
}

static nb_status make_curve(work *w, const source *from, nb_outcome_kind kind, nb_axis axis, double *quartiles, nb_compared_curve *out,
                            nb_error *err)
{
    const double end = reach(from->file, axis);
    *out = (nb_compared_curve){quartiles, quartiles + w->points, quartiles + 2 * w->points};
    for (size_t i = 0; i < QUARTILES * w->points; i++)
        quartiles[i] = (double)NAN;
    for (size_t place = 0; place < w->result.place_count[axis]; place++)
        if (w->places[axis][place] <= end)
            NB_TRY(sample_place(w, from, kind, axis, place, quartiles, err));
    return NB_OK;
}

/* ---------------------------------------------------------------- results */

/* values[method][run] of the answers. */
static void take_finals(work *w, const source *sources, nb_outcome_kind kind)
{
    for (size_t method = 0; method < w->result.method_count; method++) {
        const uint32_t runs = nb_experiment_file_info(sources[method].file)->runs;
        for (uint32_t run = 0; run < runs; run++)
            w->values[method * w->most_runs + run] =
                nb_experiment_file_value(sources[method].file, run, sources[method].dataset, kind, NB_AXIS_EVALUATIONS, (double)INFINITY);
    }
}

static uint32_t runs_of(const work *w, size_t method)
{
    return nb_experiment_file_info(w->files[method])->runs;
}

static nb_status test_pair(const work *w, nb_compared_pair *pair, nb_error *err)
{
    const double *first = w->values + pair->first * w->most_runs, *second = w->values + pair->second * w->most_runs;
    return w->result.test == NB_TEST_SIGNED_RANK
               ? nb_signed_rank(first, second, runs_of(w, pair->first), &pair->test, err)
               : nb_mann_whitney(first, runs_of(w, pair->first), second, runs_of(w, pair->second), &pair->test, err);
}

static nb_status test_pairs(work *w, nb_compared_pair *pairs, nb_error *err)
{
    size_t count = 0;
    for (size_t first = 0; first < w->result.method_count; first++) {
        for (size_t second = first + 1; second < w->result.method_count; second++) {
            pairs[count] = (nb_compared_pair){.first = first, .second = second};
            NB_TRY(test_pair(w, &pairs[count], err));
            w->p[count] = pairs[count].test.p;
            count++;
        }
    }
    NB_TRY(nb_holm(w->p, count, w->p, err));
    for (size_t i = 0; i < count; i++)
        pairs[i].adjusted_p = w->p[i];
    return NB_OK;
}

/* Independent runs: each other method counts with the probability that it is better, ties half, which is what a Mann-Whitney test
 * estimates: the expected rank of one run among one random run of each. */
static void rank_independent(const work *w, const nb_compared_pair *pairs, nb_compared_result *results)
{
    for (size_t i = 0; i < w->result.method_count; i++)
        results[i].mean_rank = 1;
    for (size_t i = 0; i < w->result.pair_count; i++) {
        results[pairs[i].first].mean_rank += 1 - pairs[i].test.effect;
        results[pairs[i].second].mean_rank += pairs[i].test.effect;
    }
}

/* Paired runs: the ranks within each run number, averaged; runs in which a method's result is not known are left out. */
static nb_status rank_paired(work *w, nb_compared_result *results, nb_error *err)
{
    const size_t methods = w->result.method_count;
    size_t complete = 0;
    for (size_t i = 0; i < methods; i++)
        results[i].mean_rank = 0;
    for (uint32_t run = 0; run < runs_of(w, 0); run++) {
        bool known = true;
        for (size_t i = 0; i < methods; i++) {
            w->ranks[i] = -w->values[i * w->most_runs + run];
            known = known && !isnan(w->ranks[i]);
        }
        if (!known)
            continue;
        NB_TRY(nb_ranks(w->ranks, methods, w->ranks, err));
        for (size_t i = 0; i < methods; i++)
            results[i].mean_rank += w->ranks[i];
        complete++;
    }
    for (size_t i = 0; i < methods; i++)
        results[i].mean_rank /= (double)complete;
    return NB_OK;
}

static nb_status describe_measure(work *w, size_t at, nb_error *err)
{
    nb_compared_measure *measure = &w->measures[at];
    const size_t methods = w->result.method_count;
    const source *sources = w->sources + at * methods;
    nb_compared_result *results = w->results + at * methods;
    nb_compared_pair *pairs = w->pairs + at * w->result.pair_count;
    for (size_t i = 0; i < methods; i++) {
        for (nb_axis axis = 0; axis < NB_AXES; axis++) {
            double *quartiles = w->quartiles + ((at * methods + i) * NB_AXES + axis) * QUARTILES * w->points;
            NB_TRY(make_curve(w, &sources[i], measure->kind, axis, quartiles, &results[i].curves[axis], err));
        }
    }
    take_finals(w, sources, measure->kind);
    for (size_t i = 0; i < methods; i++)
        NB_TRY(nb_describe(w->values + i * w->most_runs, runs_of(w, i), &results[i].final, err));
    NB_TRY(test_pairs(w, pairs, err));
    measure->methods = results;
    measure->pairs = pairs;
    if (w->result.test == NB_TEST_SIGNED_RANK)
        return rank_paired(w, results, err);
    rank_independent(w, pairs, results);
    return NB_OK;
}

static nb_status describe_method(work *w, size_t at, nb_error *err)
{
    nb_compared_method *method = &w->methods[at];
    nb_description *descriptions[NB_AXES] = {&method->seconds, &method->evaluations};
    method->info = nb_experiment_file_info(w->files[at]);
    for (nb_axis axis = 0; axis < NB_AXES; axis++) {
        for (uint32_t run = 0; run < method->info->runs; run++)
            w->values[run] = length(w->files[at], run, axis);
        NB_TRY(nb_describe(w->values, method->info->runs, descriptions[axis], err));
    }
    for (size_t i = 0; i < w->result.measure_count; i++)
        method->mean_rank += w->results[i * w->result.method_count + at].mean_rank / (double)w->result.measure_count;
    return NB_OK;
}

/* ---------------------------------------------------------------- all of it */

static bool make_room(work *w)
{
    const size_t methods = w->result.method_count, measures = w->result.measure_count;
    for (size_t i = 0; i < methods; i++)
        w->most_runs = runs_of(w, i) > w->most_runs ? runs_of(w, i) : w->most_runs;
    w->result.pair_count = methods * (methods - 1) / 2;
    w->results = calloc(measures * methods, sizeof *w->results);
    w->pairs = calloc(measures * w->result.pair_count + 1, sizeof *w->pairs);
    w->quartiles = calloc(measures * methods * NB_AXES * QUARTILES * w->points, sizeof *w->quartiles);
    w->values = calloc(methods * w->most_runs, sizeof *w->values);
    w->ranks = calloc(methods, sizeof *w->ranks);
    w->p = calloc(w->result.pair_count + 1, sizeof *w->p);
    return w->results && w->pairs && w->quartiles && w->values && w->ranks && w->p;
}

static bool budgets_differ(const work *w)
{
    const nb_experiment_info *first = nb_experiment_file_info(w->files[0]);
    for (size_t i = 1; i < w->result.method_count; i++) {
        const nb_experiment_info *info = nb_experiment_file_info(w->files[i]);
        if (info->budget.seconds != first->budget.seconds || info->budget.evaluations != first->budget.evaluations)
            return true;
    }
    return false;
}

static nb_status compare(work *w, nb_error *err)
{
    w->methods = calloc(w->result.method_count, sizeof *w->methods);
    if (!w->methods)
        return no_memory(err);
    NB_TRY(check_spaces(w, err));
    NB_TRY(check_pairing(w, err));
    NB_TRY(find_measures(w, err));
    NB_TRY(make_labels(w, err));
    if (!make_room(w))
        return no_memory(err);
    for (nb_axis axis = 0; axis < NB_AXES; axis++)
        NB_TRY(make_places(w, axis, err));
    for (size_t i = 0; i < w->result.measure_count; i++)
        NB_TRY(describe_measure(w, i, err));
    for (size_t i = 0; i < w->result.method_count; i++)
        NB_TRY(describe_method(w, i, err));
    w->result.methods = w->methods;
    w->result.measures = w->measures;
    w->result.budgets_differ = budgets_differ(w);
    return NB_OK;
}

nb_status nb_compare(const nb_experiment_file *const *files, size_t count, const nb_compare_options *options, nb_comparison **out,
                     nb_error *err)
{
    if (count == 0)
        return nb_fail(err, NB_ERR_ARGUMENT, "nothing to compare: at least one experiment expected");
    work *w = calloc(1, sizeof *w);
    if (!w)
        return no_memory(err);
    w->files = files;
    w->result.test = options->test;
    w->result.method_count = count;
    w->points = options->points > 0 ? options->points : POINTS;
    const nb_status status = compare(w, err);
    if (status != NB_OK) {
        nb_comparison_free(&w->result);
        return status;
    }
    *out = &w->result;
    return NB_OK;
}
