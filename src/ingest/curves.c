#include "ingest/curves.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/quote.h"

/* Memory that lives until the next trial. */
typedef struct nb_curve_block {
    struct nb_curve_block *next;
    double values[]; /* first, because it is aligned most strictly */
} nb_curve_block;

void nb_curves_start(nb_curve_set *set, uint32_t epochs)
{
    while (set->blocks) {
        nb_curve_block *block = set->blocks;
        set->blocks = block->next;
        free(block);
    }
    set->count = 0;
    set->epochs = epochs;
}

void nb_curves_free(nb_curve_set *set)
{
    nb_curves_start(set, 0);
    free(set->numbers);
    *set = (nb_curve_set){0};
}

static void *new_block(nb_curve_set *set, size_t size)
{
    nb_curve_block *block = calloc(1, sizeof *block + size);
    if (!block)
        return NULL;
    block->next = set->blocks;
    set->blocks = block;
    return block->values;
}

bool nb_number_of(nb_pickle_value value, double *out)
{
    if (value.kind == NB_PICKLE_FLOAT)
        *out = value.real;
    else if (value.kind == NB_PICKLE_INT)
        *out = (double)value.number;
    else
        return false;
    return true;
}

static nb_curve *find_curve(nb_curve_set *set, const char *split, nb_metric metric)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->curves[i].metric == metric && strcmp(set->curves[i].split, split) == 0)
            return &set->curves[i];
    return NULL;
}

static nb_status new_curve(nb_curve_set *set, const char *split, nb_metric metric, nb_curve **out, nb_error *err)
{
    if (set->count == NB_CURVES_MAX)
        return nb_fail(err, NB_ERR_UNSUPPORTED, "more than %d curves in a trial", NB_CURVES_MAX);
    nb_curve *curve = &set->curves[set->count++];
    *curve = (nb_curve){.split = split, .metric = metric};
    *out = curve;
    return NB_OK;
}

/* ---- gathered curves: epochs in any order, with gaps ---- */

/* Gives the curve room for all epochs of the trial, with a mask. */
static nb_status widen(nb_curve_set *set, nb_curve *curve, nb_error *err)
{
    if (curve->present)
        return NB_OK;
    size_t epochs = set->epochs;
    double *values = new_block(set, epochs * sizeof *values + epochs);
    if (!values)
        return nb_fail(err, NB_ERR_MEMORY, "no memory for a curve of %zu epochs", epochs);
    uint8_t *present = (uint8_t *)(values + epochs);
    if (curve->count > 0) {
        memcpy(values + curve->first_epoch, curve->values, curve->count * sizeof *values);
        memset(present + curve->first_epoch, 1, curve->count);
    }
    *curve = (nb_curve){.split = curve->split, .metric = curve->metric, .count = set->epochs, .values = values, .present = present};
    return NB_OK;
}

/* The curve's own memory, which widen() made. */
static void put_value(nb_curve *curve, int64_t epoch, double value)
{
    ((double *)curve->values)[epoch] = value;
    ((uint8_t *)curve->present)[epoch] = 1;
}

static nb_status check_epoch(const nb_curve_set *set, const char *what, int64_t first, uint64_t count, nb_error *err)
{
    if (first < 0 || first >= (int64_t)set->epochs || count > set->epochs - (uint64_t)first)
        return nb_fail(err, NB_ERR_FORMAT, "%s: epoch %" PRId64 " is not within 0 to %" PRId64, what,
                       first < 0 ? first : first + (int64_t)count - 1, (int64_t)set->epochs - 1);
    return NB_OK;
}

/* One item of a dict that is not packed. */
static nb_status add_item(nb_curve_set *set, const char *what, const char *split, nb_metric metric, nb_pickle_value key,
                          nb_pickle_value value, nb_error *err)
{
    double number;
    int64_t epoch = key.number;
    size_t size;
    const char *text = nb_pickle_text(key, &size);
    if (split ? key.kind != NB_PICKLE_INT : key.kind != NB_PICKLE_TEXT)
        return nb_fail(err, NB_ERR_FORMAT, "%s: a key is %s, %s expected", what, nb_pickle_kind_name(key.kind),
                       split ? "an epoch" : "a text 'set@epoch'");
    if (!nb_number_of(value, &number))
        return nb_fail(err, NB_ERR_FORMAT, "%s: a value is %s, a number expected", what, nb_pickle_kind_name(value.kind));
    if (!split) {
        size_t prefix_size;
        if (!nb_pickle_split_key(key, &prefix_size, &epoch))
            return nb_fail(err, NB_ERR_FORMAT, "%s: the key %s is not 'set@epoch'", what, nb_quote(text, size).text);
        char *name = new_block(set, prefix_size + 1);
        if (!name)
            return nb_fail(err, NB_ERR_MEMORY, "no memory for a name");
        memcpy(name, text, prefix_size);
        split = name;
    }
    NB_TRY(check_epoch(set, what, epoch, 1, err));
    nb_curve *curve = find_curve(set, split, metric);
    if (!curve)
        NB_TRY(new_curve(set, split, metric, &curve, err));
    NB_TRY(widen(set, curve, err));
    put_value(curve, epoch, number);
    return NB_OK;
}

/* ---- packed dicts ---- */

static nb_status add_run(nb_curve_set *set, const char *what, const char *split, nb_metric metric, const nb_pickle_run *run,
                         const double *values, nb_error *err)
{
    if (run->named == (split != NULL))
        return nb_fail(err, NB_ERR_FORMAT, "%s: keys are %s", what,
                       split ? "texts, epochs expected" : "integers, texts 'set@epoch' expected");
    NB_TRY(check_epoch(set, what, run->first, run->count, err));
    const char *name = split ? split : run->prefix;
    nb_curve *curve = find_curve(set, name, metric);
    if (!curve) {
        NB_TRY(new_curve(set, name, metric, &curve, err));
        curve->first_epoch = (uint32_t)run->first;
        curve->count = run->count;
        curve->values = values + run->start;
        return NB_OK;
    }
    NB_TRY(widen(set, curve, err));
    for (uint32_t i = 0; i < run->count; i++)
        put_value(curve, run->first + i, values[run->start + i]);
    return NB_OK;
}

nb_status nb_curves_add(nb_curve_set *set, const char *what, const char *split, nb_metric metric, nb_pickle_value dict, nb_error *err)
{
    if (dict.kind == NB_PICKLE_NONE)
        return NB_OK;
    if (dict.kind != NB_PICKLE_DICT)
        return nb_fail(err, NB_ERR_FORMAT, "%s is %s, a dict expected", what, nb_pickle_kind_name(dict.kind));
    size_t count;
    const double *values;
    const nb_pickle_run *runs = nb_pickle_runs(dict, &count, &values);
    for (size_t r = 0; r < count; r++)
        NB_TRY(add_run(set, what, split, metric, &runs[r], values, err));
    nb_pickle_value key, value;
    for (size_t i = 0; nb_pickle_entry(dict, i, &key, &value); i++)
        NB_TRY(add_item(set, what, split, metric, key, value, err));
    return NB_OK;
}

nb_status nb_curves_numbers(nb_curve_set *set, const char *what, nb_pickle_value list, const double **values, size_t *count, nb_error *err)
{
    *values = NULL;
    *count = nb_pickle_count(list);
    if (list.kind == NB_PICKLE_NONE)
        return NB_OK;
    if (list.kind != NB_PICKLE_LIST && list.kind != NB_PICKLE_TUPLE)
        return nb_fail(err, NB_ERR_FORMAT, "%s is %s, a list expected", what, nb_pickle_kind_name(list.kind));
    if (*count > set->number_capacity) {
        double *grown = realloc(set->numbers, *count * sizeof *grown);
        if (!grown)
            return nb_fail(err, NB_ERR_MEMORY, "no memory for %zu numbers", *count);
        set->numbers = grown;
        set->number_capacity = *count;
    }
    for (size_t i = 0; i < *count; i++)
        if (!nb_number_of(nb_pickle_item(list, i), &set->numbers[i]))
            return nb_fail(err, NB_ERR_FORMAT, "%s[%zu] is %s, a number expected", what, i,
                           nb_pickle_kind_name(nb_pickle_item(list, i).kind));
    *values = set->numbers;
    return NB_OK;
}
