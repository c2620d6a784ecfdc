#include "ingest/csv_target.h"

#include <string.h>

#include "base/number.h"
#include "base/quote.h"

#define EPOCHS_LIMIT 100000

static nb_status bad_target(const char *text, size_t size, const char *why, nb_error *err)
{
    return nb_fail(err, NB_ERR_ARGUMENT,
                   "%s: %s; expected DATASET/SCHEDULE/SPLIT/METRIC[@EPOCH][#SEED] or DATASET/SCHEDULE/latency|flops|params[#SEED]",
                   nb_quote(text, size).text, why);
}

/* Takes the number behind the last `sign` off the text's end. *present tells whether there is one. */
static bool take_suffix(const char *text, size_t *size, char sign, uint32_t *number, bool *present)
{
    const char *at = memrchr(text, sign, *size);
    *present = at != NULL;
    if (!at)
        return true;
    int64_t value;
    size_t digits = *size - (size_t)(at + 1 - text);
    if (!nb_number_parse_int(at + 1, digits, &value) || value < 0 || value > UINT32_MAX)
        return false;
    *number = (uint32_t)value;
    *size = (size_t)(at - text);
    return true;
}

static bool copy_name(char out[NB_CSV_NAME_SIZE], const char *text, size_t size)
{
    if (size == 0 || size >= NB_CSV_NAME_SIZE)
        return false;
    memcpy(out, text, size);
    out[size] = '\0';
    return true;
}

/* Splits at slashes; false when there are fewer than 3 or more than 4 parts. */
static bool split_parts(const char *text, size_t size, const char *parts[4], size_t sizes[4], size_t *count)
{
    *count = 0;
    for (const char *start = text;; (*count)++) {
        const char *slash = memchr(start, '/', size - (size_t)(start - text));
        const char *end = slash ? slash : text + size;
        if (*count == 4)
            return false;
        parts[*count] = start;
        sizes[*count] = (size_t)(end - start);
        if (!slash)
            break;
        start = slash + 1;
    }
    return ++*count >= 3;
}

static bool set_schedule(nb_csv_target *out, const char *text, size_t size)
{
    char name[NB_CSV_NAME_SIZE];
    if (!copy_name(name, text, size))
        return false;
    const char *official = strcmp(name, "full") == 0 ? "200" : strcmp(name, "less") == 0 ? "12" : name;
    int64_t epochs;
    strcpy(out->schedule, official);
    if (!nb_number_parse_int(official, strlen(official), &epochs) || epochs < 1 || epochs > EPOCHS_LIMIT)
        return false;
    out->epochs = (uint32_t)epochs;
    return true;
}

static bool set_cost(nb_csv_target *out, const char *text, size_t size)
{
    static const char *const names[] = {[NB_CSV_LATENCY] = "latency", [NB_CSV_FLOPS] = "flops", [NB_CSV_PARAMS] = "params"};
    for (nb_csv_quantity q = NB_CSV_LATENCY; q <= NB_CSV_PARAMS; q++)
        if (strlen(names[q]) == size && memcmp(names[q], text, size) == 0) {
            out->quantity = q;
            return true;
        }
    return false;
}

nb_status nb_csv_target_parse(const char *text, size_t size, nb_csv_target *out, nb_error *err)
{
    const char *parts[4];
    size_t sizes[4], count;
    size_t left = size;
    bool has_seed, has_epoch;
    uint32_t epoch = 0;
    *out = (nb_csv_target){.quantity = NB_CSV_METRIC};
    if (!take_suffix(text, &left, '#', &out->seed, &has_seed) || !take_suffix(text, &left, '@', &epoch, &has_epoch))
        return bad_target(text, size, "the epoch or the seed is no number", err);
    if (!split_parts(text, left, parts, sizes, &count))
        return bad_target(text, size, "three or four parts between slashes", err);
    if (!copy_name(out->dataset, parts[0], sizes[0]))
        return bad_target(text, size, "a dataset of 1 to 63 letters", err);
    if (!set_schedule(out, parts[1], sizes[1]))
        return bad_target(text, size, "a schedule is a number of epochs", err);
    if (count == 3)
        return !has_epoch && set_cost(out, parts[2], sizes[2]) ? NB_OK : bad_target(text, size, "no cost of that name", err);
    char metric[NB_CSV_NAME_SIZE];
    if (!copy_name(out->split, parts[2], sizes[2]) || !copy_name(metric, parts[3], sizes[3]))
        return bad_target(text, size, "a split and a metric of 1 to 63 letters", err);
    if (nb_metric_parse(metric, &out->metric, NULL) != NB_OK)
        return bad_target(text, size, "no metric of that name (loss, accuracy, accuracy5, time)", err);
    out->epoch = has_epoch ? epoch : out->epochs - 1;
    if (out->epoch >= out->epochs)
        return bad_target(text, size, "an epoch past the end of the schedule (they count from 0)", err);
    return NB_OK;
}
