/* Lines of a stream, one after the other, in memory bounded by the longest allowed line. */
#ifndef NB_BASE_LINES_H
#define NB_BASE_LINES_H

#include <stdbool.h>

#include "base/stream.h"
#include "base/text.h"

/* Start with {.in = &stream, .limit = ...}; nb_lines_free at the end. */
typedef struct nb_lines {
    nb_stream *in;
    size_t limit;  /* bytes of a line */
    nb_text line;  /* the present one, without its newline */
    size_t number; /* of the present one, from 1 */
} nb_lines;

/* Reads the next line into lines->line; *more is false, and there is none, at the end. A last line without a newline counts as one.
 * NB_ERR_MEMORY for a line beyond the limit; failures of the stream are passed on. */
nb_status nb_lines_next(nb_lines *lines, bool *more, nb_error *err);
void nb_lines_free(nb_lines *lines);

#endif
