/* Writes JSON as it comes, in constant memory: a result of any length starts to appear at once.
 *
 * Containers are opened as CLI_JSON_LINES (every member on a line of its own, indented) or CLI_JSON_INLINE (all on one line), so an
 * array of records prints one record per line and can be read by people, line tools and parsers alike. Doubles are written in their
 * shortest form that reads back to the bit; NaN and infinities, which JSON does not have, become null. */
#ifndef NB_CLI_JSON_H
#define NB_CLI_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef enum cli_json_layout { CLI_JSON_LINES, CLI_JSON_INLINE } cli_json_layout;

enum { CLI_JSON_DEPTH = 16 };

/* Start with {.out = stdout}. A write error stays in ferror(out). */
typedef struct cli_json {
    FILE *out;
    int depth;
    bool after_key;
    struct {
        char close;
        cli_json_layout layout;
        bool filled;
    } open[CLI_JSON_DEPTH];
} cli_json;

void cli_json_begin_object(cli_json *json, cli_json_layout layout);
void cli_json_begin_array(cli_json *json, cli_json_layout layout);
void cli_json_end(cli_json *json); /* closes the innermost container; a newline follows the outermost */

void cli_json_key(cli_json *json, const char *key);     /* before every value inside an object */
void cli_json_string(cli_json *json, const char *text); /* NULL: null; bytes that are not UTF-8 become U+FFFD */
void cli_json_real(cli_json *json, double value);
void cli_json_unsigned(cli_json *json, uint64_t value);
void cli_json_integer(cli_json *json, int64_t value);
void cli_json_bool(cli_json *json, bool value);
void cli_json_raw(cli_json *json, const char *text); /* a value that is JSON already */
void cli_json_null(cli_json *json);

/* Key and value in one call. */
void cli_json_put_string(cli_json *json, const char *key, const char *text);
void cli_json_put_real(cli_json *json, const char *key, double value);
void cli_json_put_unsigned(cli_json *json, const char *key, uint64_t value);
void cli_json_put_bool(cli_json *json, const char *key, bool value);

#endif
