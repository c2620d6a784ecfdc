#include "search/locality.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/progress.h"
#include "nasbench/random.h"

/* The size space, 32,768 architectures, is computed exactly; keeping all neighbours of NAS-Bench-101 would need gigabytes. */
static const uint32_t exact_rows = 65536;
enum { WALKS = 4000 };

/* ---------------------------------------------------------------- the graph */

void nb_row_graph_free(nb_row_graph *graph)
{
    free(graph->first);
    free(graph->to);
    free(graph->choices);
    *graph = (nb_row_graph){0};
}

static nb_status no_memory(const nb_row_graph *graph, nb_error *err)
{
    return nb_fail(err, NB_ERR_MEMORY, "%s: out of memory for %u rows", nb_table_get_info(graph->table)->name, graph->rows);
}

/* Rows of the neighbours of a row, at most `room`; neighbours are kept in `archs`, which grows. */
typedef struct neighbourhood {
    nb_arch *archs;
    uint32_t *rows;
    size_t count, room;
} neighbourhood;

static nb_status look_around(const nb_row_graph *graph, uint32_t row, neighbourhood *around, nb_error *err)
{
    const nb_space *space = nb_table_get_info(graph->table)->space;
    const nb_arch arch = nb_table_arch(graph->table, row);
    const size_t all = nb_space_neighbours(space, &arch, around->archs, around->room);
    around->count = 0;
    if (all > around->room) {
        nb_arch *archs = realloc(around->archs, 2 * all * sizeof *archs);
        if (archs)
            around->archs = archs;
        uint32_t *rows = realloc(around->rows, 2 * all * sizeof *rows);
        if (rows)
            around->rows = rows;
        if (!archs || !rows)
            return no_memory(graph, err);
        around->room = 2 * all;
        nb_space_neighbours(space, &arch, around->archs, around->room);
    }
    for (size_t i = 0; i < all; i++) {
        const int64_t found = nb_table_row(graph->table, &around->archs[i]);
        if (found >= 0 && found != row)
            around->rows[around->count++] = (uint32_t)found;
    }
    return NB_OK;
}

static nb_status keep_neighbours(nb_row_graph *graph, uint32_t row, const neighbourhood *around, size_t *room, nb_error *err)
{
    const size_t used = graph->first[row];
    if (used + around->count > *room) {
        const size_t larger = 2 * (*room + around->count);
        uint32_t *to = realloc(graph->to, larger * sizeof *to);
        if (!to)
            return no_memory(graph, err);
        graph->to = to;
        *room = larger;
    }
    if (around->count > 0)
        memcpy(graph->to + used, around->rows, around->count * sizeof *graph->to);
    graph->first[row + 1] = used + around->count;
    return NB_OK;
}

static nb_status find_neighbours(nb_row_graph *graph, const nb_progress *progress, nb_error *err)
{
    neighbourhood around = {0};
    size_t room = 0;
    nb_status status = NB_OK;
    for (uint32_t row = 0; row < graph->rows && status == NB_OK; row++) {
        status = nb_progress_check(progress, nb_table_get_info(graph->table)->name, err);
        if (status == NB_OK)
            status = look_around(graph, row, &around, err);
        if (status == NB_OK)
            status = keep_neighbours(graph, row, &around, &room, err);
    }
    free(around.archs);
    free(around.rows);
    return status;
}

static nb_status encode_rows(nb_row_graph *graph, nb_error *err)
{
    const nb_space *space = nb_table_get_info(graph->table)->space;
    for (uint32_t row = 0; row < graph->rows; row++) {
        const nb_arch arch = nb_table_arch(graph->table, row);
        NB_TRY(nb_space_encode(space, &arch, graph->choices + row * graph->decisions, err));
    }
    return NB_OK;
}

nb_status nb_row_graph_of(const nb_table *table, const nb_progress *progress, nb_row_graph *out, nb_error *err)
{
    const nb_table_info *info = nb_table_get_info(table);
    *out = (nb_row_graph){.table = table, .rows = info->rows, .decisions = nb_space_decision_count(info->space)};
    out->first = calloc((size_t)out->rows + 1, sizeof *out->first);
    out->choices = calloc((size_t)out->rows * out->decisions + 1, 1);
    nb_status status = out->first && out->choices ? encode_rows(out, err) : no_memory(out, err);
    /* Cells of NAS-Bench-101 lose vertices by a step that no step gives back: an endless walk ends in the smallest ones. */
    out->sampled = out->rows > exact_rows || nb_space_get_id(info->space) == NB_SPACE_GRAPH;
    if (status == NB_OK && !out->sampled)
        status = find_neighbours(out, progress, err);
    if (status != NB_OK)
        nb_row_graph_free(out);
    return status;
}

/* ---------------------------------------------------------------- distance to the best */

static size_t distance(const nb_row_graph *graph, uint32_t a, uint32_t b)
{
    const uint8_t *left = graph->choices + a * graph->decisions, *right = graph->choices + b * graph->decisions;
    size_t different = 0;
    for (size_t i = 0; i < graph->decisions; i++)
        different += left[i] != right[i];
    return different;
}

static double highest(const double *values, uint32_t rows)
{
    double best = (double)NAN;
    for (uint32_t row = 0; row < rows; row++)
        if (!(values[row] <= best) && !isnan(values[row]))
            best = values[row];
    return best;
}

/* distances [rows] to the nearest row with the highest value; NaN where the value is not known. */
static void measure_distances(const nb_row_graph *graph, const double *values, double *distances)
{
    const double best = highest(values, graph->rows);
    for (uint32_t row = 0; row < graph->rows; row++)
        distances[row] = isnan(values[row]) ? (double)NAN : (double)graph->decisions;
    for (uint32_t peak = 0; peak < graph->rows; peak++) {
        if (values[peak] != best)
            continue;
        for (uint32_t row = 0; row < graph->rows; row++)
            if (!isnan(values[row]))
                distances[row] = fmin(distances[row], (double)distance(graph, row, peak));
    }
}

static nb_status describe_distances(const nb_row_graph *graph, const double *values, const double *distances, double *part,
                                    nb_landscape_dataset *out, nb_error *err)
{
    out->distance_count = graph->decisions + 1;
    for (size_t d = 0; d < out->distance_count; d++) {
        size_t count = 0;
        for (uint32_t row = 0; row < graph->rows; row++)
            if (distances[row] == (double)d)
                part[count++] = values[row];
        NB_TRY(nb_describe(part, count, &out->by_distance[d], err));
    }
    while (out->distance_count > 0 && out->by_distance[out->distance_count - 1].count == 0)
        out->distance_count--;
    return NB_OK;
}

nb_status nb_fitness_distance(const nb_row_graph *graph, const double *values, nb_landscape_dataset *out, nb_error *err)
{
    double *room = calloc(2 * (size_t)graph->rows + 1, sizeof *room);
    if (!room)
        return no_memory(graph, err);
    measure_distances(graph, values, room);
    out->fitness_distance = nb_pearson(values, room, graph->rows);
    nb_status status = describe_distances(graph, values, room, room + graph->rows, out, err);
    free(room);
    return status;
}

/* ---------------------------------------------------------------- random walks */

/* How many measured neighbours a row has. An endless walk is at a row in proportion to that. */
static void count_degrees(const nb_row_graph *graph, const double *values, double *degrees)
{
    for (uint32_t row = 0; row < graph->rows; row++) {
        degrees[row] = 0;
        for (size_t i = graph->first[row]; i < graph->first[row + 1] && !isnan(values[row]); i++)
            degrees[row] += isnan(values[graph->to[i]]) ? 0 : 1;
    }
}

/* next[x]: the mean of `now` over the measured neighbours of x, which is what to expect one step later. */
static void step(const nb_row_graph *graph, const double *degrees, const double *now, double *next)
{
    for (uint32_t row = 0; row < graph->rows; row++) {
        double sum = 0;
        for (size_t i = graph->first[row]; i < graph->first[row + 1] && degrees[row] > 0; i++)
            sum += degrees[graph->to[i]] > 0 ? now[graph->to[i]] : 0;
        next[row] = degrees[row] > 0 ? sum / degrees[row] : 0;
    }
}

/* The autocorrelation at lag d of the stationary walk is <f, P^d f> / <f, f>, where P takes the mean over neighbours, f is the accuracy
 * less its mean, and rows weigh by their degree. */
static void walk_everywhere(const nb_row_graph *graph, const double *values, double *room, nb_landscape_dataset *out)
{
    const size_t rows = graph->rows;
    double *degrees = room, *f = room + rows, *now = room + 2 * rows, *next = room + 3 * rows;
    double weight = 0, mean = 0, variance = 0;
    count_degrees(graph, values, degrees);
    for (size_t row = 0; row < rows; row++) {
        weight += degrees[row];
        mean += degrees[row] > 0 ? degrees[row] * values[row] : 0;
    }
    mean /= weight;
    for (size_t row = 0; row < rows; row++) {
        f[row] = now[row] = degrees[row] > 0 ? values[row] - mean : 0;
        variance += degrees[row] * f[row] * f[row];
    }
    for (size_t lag = 0; lag < NB_LAGS; lag++) {
        double covariance = 0;
        for (size_t row = 0; row < rows; row++)
            covariance += degrees[row] * f[row] * now[row];
        out->autocorrelation[lag] = variance > 0 ? covariance / variance : (double)NAN;
        step(graph, degrees, now, next);
        memcpy(now, next, rows * sizeof *now);
    }
}

/* One step of a walk to a uniformly random measured neighbour; stays where there is none. */
static nb_status wander(const nb_row_graph *graph, const double *values, uint32_t *at, neighbourhood *around, nb_rng *rng, nb_error *err)
{
    size_t measured = 0;
    NB_TRY(look_around(graph, *at, around, err));
    for (size_t i = 0; i < around->count; i++)
        if (!isnan(values[around->rows[i]]))
            around->rows[measured++] = around->rows[i];
    if (measured > 0)
        *at = around->rows[nb_rng_below(rng, measured)];
    return NB_OK;
}

/* series[lag][walk]: accuracies on a walk of NB_LAGS - 1 steps from a uniformly random row of `measured`. */
static nb_status walk_from(const nb_row_graph *graph, const double *values, uint32_t at, size_t walk, double (*series)[WALKS],
                           neighbourhood *around, nb_rng *rng, nb_error *err)
{
    for (size_t lag = 0; lag < NB_LAGS; lag++) {
        series[lag][walk] = values[at];
        NB_TRY(wander(graph, values, &at, around, rng, err));
    }
    return NB_OK;
}

static nb_status walk_often(const nb_row_graph *graph, const double *values, const uint32_t *measured, size_t measured_count,
                            double (*series)[WALKS], nb_landscape_dataset *out, nb_error *err)
{
    nb_rng rng = nb_rng_seed(0, 0);
    neighbourhood around = {0};
    nb_status status = NB_OK;
    for (size_t walk = 0; walk < WALKS && status == NB_OK; walk++)
        status = walk_from(graph, values, measured[nb_rng_below(&rng, measured_count)], walk, series, &around, &rng, err);
    for (size_t lag = 0; lag < NB_LAGS; lag++)
        out->autocorrelation[lag] = nb_pearson(series[0], series[lag], WALKS);
    free(around.archs);
    free(around.rows);
    return status;
}

static nb_status sample_walks(const nb_row_graph *graph, const double *values, nb_landscape_dataset *out, nb_error *err)
{
    uint32_t *measured = calloc((size_t)graph->rows + 1, sizeof *measured);
    double(*series)[WALKS] = calloc(NB_LAGS, sizeof *series);
    size_t count = 0;
    for (uint32_t row = 0; measured && row < graph->rows; row++)
        if (!isnan(values[row]))
            measured[count++] = row;
    const nb_status status =
        measured && series && count > 0 ? walk_often(graph, values, measured, count, series, out, err) : no_memory(graph, err);
    free(measured);
    free(series);
    return status;
}

static nb_status compute_walks(const nb_row_graph *graph, const double *values, nb_landscape_dataset *out, nb_error *err)
{
    double *room = calloc(4 * (size_t)graph->rows + 1, sizeof *room);
    if (!room)
        return no_memory(graph, err);
    walk_everywhere(graph, values, room, out);
    free(room);
    return NB_OK;
}

nb_status nb_walk_autocorrelation(const nb_row_graph *graph, const double *values, nb_landscape_dataset *out, nb_error *err)
{
    NB_TRY(graph->sampled ? sample_walks(graph, values, out, err) : compute_walks(graph, values, out, err));
    out->sampled = graph->sampled;
    out->correlation_length = out->autocorrelation[1] > 0 ? -1 / log(out->autocorrelation[1]) : (double)NAN;
    return NB_OK;
}
