/* Comma-separated values: one's own results. */
#ifndef NB_INGEST_CSV_H
#define NB_INGEST_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/stream.h"

/* The fields of a record, unquoted, each followed by a zero. */
typedef struct nb_csv_record {
    char *text;
    size_t size, room;
    size_t *starts; /* [count] where each field begins in `text` */
    size_t count, capacity;
    uint64_t line; /* on which the record begins, counted from 1 */
} nb_csv_record;

/* Fields are separated by `separator`; a field in double quotes may hold separators, newlines, and quotes written twice (RFC 4180). */
typedef struct nb_csv_reader {
    nb_stream *in;
    char separator;
    uint64_t line; /* of the next record */
} nb_csv_reader;

/* Starts reading: passes over a byte order mark and takes the separator from the first line (comma, or else tab, or else semicolon). */
nb_status nb_csv_start(nb_csv_reader *reader, nb_stream *in, nb_error *err);

/* Reads the next record that is not an empty line. *more is false at the end. */
nb_status nb_csv_next(nb_csv_reader *reader, nb_csv_record *record, bool *more, nb_error *err);

void nb_csv_record_free(nb_csv_record *record);

/* Field i of a record, without the blanks around it; *size bytes. */
const char *nb_csv_field(const nb_csv_record *record, size_t i, size_t *size);

#endif
