#include "ingest/csv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_MAX ((size_t)1 << 20)
#define FIELDS_MAX ((size_t)1 << 14)

void nb_csv_record_free(nb_csv_record *record)
{
    free(record->text);
    free(record->starts);
    *record = (nb_csv_record){0};
}

static nb_status fail(const nb_csv_reader *reader, nb_status status, const char *reason, nb_error *err)
{
    return nb_fail(err, status, "%s: line %" PRIu64 ": %s", reader->in->name, reader->line, reason);
}

static nb_status put(const nb_csv_reader *reader, nb_csv_record *record, char c, nb_error *err)
{
    if (record->size == record->room) {
        if (record->room >= RECORD_MAX)
            return fail(reader, NB_ERR_UNSUPPORTED, "a record of more than a megabyte", err);
        size_t room = record->room ? 2 * record->room : 1024;
        char *grown = realloc(record->text, room);
        if (!grown)
            return fail(reader, NB_ERR_MEMORY, "no memory for a record", err);
        record->text = grown;
        record->room = room;
    }
    record->text[record->size++] = c;
    return NB_OK;
}

static nb_status begin_field(const nb_csv_reader *reader, nb_csv_record *record, nb_error *err)
{
    if (record->count == record->capacity) {
        if (record->capacity >= FIELDS_MAX)
            return fail(reader, NB_ERR_UNSUPPORTED, "a record of more than 16384 fields", err);
        size_t capacity = record->capacity ? 2 * record->capacity : 32;
        size_t *grown = realloc(record->starts, capacity * sizeof *grown);
        if (!grown)
            return fail(reader, NB_ERR_MEMORY, "no memory for a record", err);
        record->starts = grown;
        record->capacity = capacity;
    }
    record->starts[record->count++] = record->size;
    return NB_OK;
}

/* The next byte, or -1 at the end. */
static nb_status next_byte(nb_csv_reader *reader, int *out, nb_error *err)
{
    NB_TRY(nb_stream_fill(reader->in, 1, err));
    *out = nb_stream_ready(reader->in) > 0 ? *reader->in->next : -1;
    reader->in->next += *out >= 0;
    return NB_OK;
}

static nb_status peek_byte(nb_csv_reader *reader, int *out, nb_error *err)
{
    NB_TRY(nb_stream_fill(reader->in, 1, err));
    *out = nb_stream_ready(reader->in) > 0 ? *reader->in->next : -1;
    return NB_OK;
}

/* The rest of a quoted field, behind its first quote. */
static nb_status take_quoted(nb_csv_reader *reader, nb_csv_record *record, nb_error *err)
{
    uint64_t from = reader->line;
    for (;;) {
        int c;
        NB_TRY(next_byte(reader, &c, err));
        if (c < 0) {
            reader->line = from;
            return fail(reader, NB_ERR_TRUNCATED, "a quoted field without its end", err);
        }
        if (c == '"') {
            int after;
            NB_TRY(peek_byte(reader, &after, err));
            if (after != '"')
                return NB_OK;
            reader->in->next++;
        }
        reader->line += c == '\n';
        NB_TRY(put(reader, record, (char)c, err));
    }
}

/* One record, ended by a newline or the end of the file. *any: there was something, if only a newline. */
static nb_status take_record(nb_csv_reader *reader, nb_csv_record *record, bool *any, nb_error *err)
{
    record->size = record->count = 0;
    record->line = reader->line;
    NB_TRY(begin_field(reader, record, err));
    for (*any = false;; *any = true) {
        int c;
        NB_TRY(next_byte(reader, &c, err));
        if (c == '"' && record->size == record->starts[record->count - 1]) {
            NB_TRY(take_quoted(reader, record, err));
        } else if (c == reader->separator) {
            NB_TRY(put(reader, record, '\0', err));
            NB_TRY(begin_field(reader, record, err));
        } else if (c < 0 || c == '\n') {
            *any = *any || c == '\n';
            reader->line += c == '\n';
            return put(reader, record, '\0', err);
        } else if (c == 0) {
            return fail(reader, NB_ERR_FORMAT, "a zero byte", err);
        } else {
            NB_TRY(put(reader, record, (char)c, err));
        }
    }
}

nb_status nb_csv_start(nb_csv_reader *reader, nb_stream *in, nb_error *err)
{
    *reader = (nb_csv_reader){.in = in, .separator = ',', .line = 1};
    NB_TRY(nb_stream_fill(in, NB_STREAM_NEED_MAX, err));
    if (nb_stream_ready(in) >= 3 && memcmp(in->next, "\xef\xbb\xbf", 3) == 0)
        in->next += 3;
    size_t ready = nb_stream_ready(in);
    const uint8_t *newline = ready ? memchr(in->next, '\n', ready) : NULL;
    size_t size = newline ? (size_t)(newline - in->next) : ready;
    if (size > 0 && !memchr(in->next, ',', size))
        reader->separator = memchr(in->next, '\t', size) ? '\t' : memchr(in->next, ';', size) ? ';' : ',';
    return NB_OK;
}

nb_status nb_csv_next(nb_csv_reader *reader, nb_csv_record *record, bool *more, nb_error *err)
{
    for (;;) {
        NB_TRY(take_record(reader, record, more, err));
        size_t size;
        nb_csv_field(record, 0, &size);
        if (!*more || record->count > 1 || size > 0)
            return NB_OK;
    }
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

const char *nb_csv_field(const nb_csv_record *record, size_t i, size_t *size)
{
    const char *start = record->text + record->starts[i];
    const char *end = record->text + (i + 1 < record->count ? record->starts[i + 1] : record->size) - 1; /* its zero */
    while (start < end && is_blank(*start))
        start++;
    while (end > start && is_blank(end[-1]))
        end--;
    *size = (size_t)(end - start);
    return start;
}
