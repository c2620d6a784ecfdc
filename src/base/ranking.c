#include "base/ranking.h"

#include <math.h>
#include <stdlib.h>

static int by_value(const void *a, const void *b)
{
    const double left = ((const nb_ranked *)a)->value, right = ((const nb_ranked *)b)->value;
    return (left > right) - (left < right);
}

/* Places first + 1 .. first + size hold the same number. */
static void rank_group(nb_ranking *ranking, size_t first, size_t size)
{
    const double t = (double)size;
    for (size_t i = first; i < first + size; i++)
        ranking->entries[i].rank = (double)first + (t + 1) / 2;
    ranking->ties += t * t * t - t;
}

nb_status nb_ranking_of(const double *values, size_t count, nb_ranking *out, nb_error *err)
{
    *out = (nb_ranking){.entries = malloc((count > 0 ? count : 1) * sizeof *out->entries)};
    if (!out->entries)
        return nb_fail(err, NB_ERR_MEMORY, "out of memory for %zu numbers", count);
    for (size_t i = 0; i < count; i++)
        if (!isnan(values[i]))
            out->entries[out->count++] = (nb_ranked){.value = values[i], .at = i};
    qsort(out->entries, out->count, sizeof *out->entries, by_value);
    for (size_t first = 0, end = 0; first < out->count; first = end) {
        while (end < out->count && out->entries[end].value == out->entries[first].value)
            end++;
        rank_group(out, first, end - first);
    }
    return NB_OK;
}

void nb_ranking_free(nb_ranking *ranking)
{
    free(ranking->entries);
    *ranking = (nb_ranking){0};
}
