#include "search/track.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"

void nb_track_free(nb_track *track)
{
    free(track->rows);
    free(track->first);
    *track = (nb_track){.columns = track->columns};
}

static size_t row_size(const nb_track *track)
{
    return NB_AXES + track->columns;
}

double *nb_track_add(nb_track *track)
{
    if (track->count == track->room) {
        const size_t room = track->room > 0 ? 2 * track->room : 64;
        double *rows = realloc(track->rows, room * row_size(track) * sizeof *rows);
        if (!rows)
            return NULL;
        track->rows = rows;
        track->room = room;
    }
    return track->rows + track->count++ * row_size(track);
}

nb_status nb_track_end_run(nb_track *track, nb_error *err)
{
    if (track->runs + 2 > track->run_room) {
        const size_t room = track->run_room > 0 ? 2 * track->run_room : 64;
        size_t *first = realloc(track->first, room * sizeof *first);
        if (!first)
            return nb_fail(err, NB_ERR_MEMORY, "out of memory for %zu runs", room);
        track->first = first;
        track->run_room = room;
        track->first[0] = 0;
    }
    track->first[++track->runs] = track->count;
    return NB_OK;
}

double nb_track_value(const nb_track *track, uint32_t run, size_t column, nb_axis axis, double place)
{
    /* The last row at or before the place lies in [low - 1, high - 1]. */
    size_t low = track->first[run], high = track->first[run + 1];
    const size_t begin = low;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (track->rows[middle * row_size(track) + axis] <= place)
            low = middle + 1;
        else
            high = middle;
    }
    return low == begin ? -(double)INFINITY : track->rows[(low - 1) * row_size(track) + NB_AXES + column];
}
