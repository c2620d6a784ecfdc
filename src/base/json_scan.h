/* A strict scanner for the JSON that our headers are made of: objects, arrays, strings and whole numbers, read in one pass without a tree.
 * (jansson builds a tree and costs several times as much as mapping the file; headers are read on every open.) */
#ifndef NB_BASE_JSON_SCAN_H
#define NB_BASE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct nb_json_scan {
    const char *start;
    const char *next;
    const char *end;
    const char *name;   /* for messages */
    size_t base_offset; /* of `start` in the file, for messages */
    char *strings;      /* where the next string goes; the caller provides as many bytes as the JSON has */
} nb_json_scan;

/* Skips white space, then moves past `c` if it is next. */
bool nb_json_accept(nb_json_scan *scan, char c);
nb_status nb_json_expect(nb_json_scan *scan, char c, nb_error *err);

/* A string, unescaped, zero-terminated, stored at scan->strings. Zero characters inside are refused. */
nb_status nb_json_string(nb_json_scan *scan, const char **out, nb_error *err);

/* A whole number without sign, fraction or exponent. */
nb_status nb_json_unsigned(nb_json_scan *scan, uint64_t *out, nb_error *err);

/* NB_ERR_FORMAT unless only white space is left. */
nb_status nb_json_end(nb_json_scan *scan, nb_error *err);

/* A failure at the present place: "name: offset N: <message>". */
nb_status nb_json_fail(const nb_json_scan *scan, nb_error *err, const char *message);

#endif
