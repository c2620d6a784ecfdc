#include "base/lines.h"

#include <string.h>

#include "base/error.h"

/* Takes what is ready up to a newline, which is passed over; *done is whether there was one. */
static nb_status take_ready(nb_lines *lines, bool *done, nb_error *err)
{
    nb_stream *in = lines->in;
    const size_t ready = nb_stream_ready(in);
    const uint8_t *newline = memchr(in->next, '\n', ready);
    const size_t size = newline ? (size_t)(newline - in->next) : ready;
    if (size > lines->limit - lines->line.size)
        return nb_fail(err, NB_ERR_MEMORY, "%s: line %zu has more than %zu bytes", in->name, lines->number, lines->limit);
    nb_text_append(&lines->line, (const char *)in->next, size);
    NB_TRY(nb_text_check(&lines->line, err));
    in->next += newline ? size + 1 : size;
    *done = newline != NULL;
    return NB_OK;
}

nb_status nb_lines_next(nb_lines *lines, bool *more, nb_error *err)
{
    bool done = false;
    lines->line.size = 0;
    lines->number++;
    NB_TRY(nb_stream_fill(lines->in, 1, err));
    *more = nb_stream_ready(lines->in) > 0;
    while (!done && nb_stream_ready(lines->in) > 0) {
        NB_TRY(take_ready(lines, &done, err));
        if (!done)
            NB_TRY(nb_stream_fill(lines->in, 1, err));
    }
    return NB_OK;
}

void nb_lines_free(nb_lines *lines)
{
    nb_text_free(&lines->line);
}
