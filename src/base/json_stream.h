/* JSON of any length, read piece by piece from a stream: the caller asks for what it expects next. Memory is bounded by the longest text.
 *
 * As Python's reader this one takes NaN, Infinity and -Infinity for numbers. */
#ifndef NB_BASE_JSON_STREAM_H
#define NB_BASE_JSON_STREAM_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/stream.h"
#include "base/text.h"

#define NB_JSON_DEPTH 64                       /* of arrays and objects in each other, in what is skipped or made into a tree */
#define NB_JSON_TEXT_MAX ((size_t)1024 * 1024) /* bytes of a text */
#define NB_JSON_ITEMS_MAX ((size_t)64 * 1024)  /* values in a tree */

/* Start with {.in = &stream}; nb_json_stream_free at the end. */
typedef struct nb_json_stream {
    nb_stream *in;
    nb_text text; /* the latest text */
} nb_json_stream;

void nb_json_stream_free(nb_json_stream *json);

/* The first character of the next value, which tells its kind: one of { [ " t f n, a digit, - N I. Nothing is consumed but blanks. */
nb_status nb_json_stream_peek(nb_json_stream *json, char *first, nb_error *err);

/* Enters an array or object: `open` is '[' or '{'. */
nb_status nb_json_stream_enter(nb_json_stream *json, char open, nb_error *err);

/* Before each item, counted from 0 in *items, which the caller starts at 0: *more is false, and the array or object left, when `close`
 * comes instead. */
nb_status nb_json_stream_more(nb_json_stream *json, char close, size_t *items, bool *more, nb_error *err);

/* The name of a member and the colon behind it; a text. Valid until the next text; *size may be NULL. */
nb_status nb_json_stream_key(nb_json_stream *json, const char **key, nb_error *err);
nb_status nb_json_stream_text(nb_json_stream *json, const char **text, size_t *size, nb_error *err);

/* A number, correctly rounded; *whole says whether it is written without fraction and exponent; then it must fit into *integer.
 * `whole` may be NULL when that does not matter. */
nb_status nb_json_stream_number(nb_json_stream *json, double *value, bool *whole, int64_t *integer, nb_error *err);

/* Passes over the next value. */
nb_status nb_json_stream_skip(nb_json_stream *json, nb_error *err);

/* The next value as a tree, which must be small and have no NaN in it. The caller json_decrefs. */
nb_status nb_json_stream_tree(nb_json_stream *json, json_t **out, nb_error *err);

/* NB_ERR_FORMAT unless only blanks are left in the stream. */
nb_status nb_json_stream_end(nb_json_stream *json, nb_error *err);

/* A failure at the present place: "name: offset N: <message>". */
nb_status nb_json_stream_fail(const nb_json_stream *json, nb_error *err, const char *message);

#endif
