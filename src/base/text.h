/* Text that grows: for headers, reports and messages of any length. */
#ifndef NB_BASE_TEXT_H
#define NB_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Starts as {0}. After a failed allocation `failed` is set, further appends do nothing, and one check at the end suffices. */
typedef struct nb_text {
    char *data; /* ends with a zero byte once something was appended */
    size_t size;
    size_t capacity;
    bool failed;
} nb_text;

void nb_text_append(nb_text *text, const char *piece, size_t size);
void nb_text_puts(nb_text *text, const char *piece);
void nb_text_printf(nb_text *text, const char *format, ...) NB_PRINTF(2, 3);

/* The piece as a JSON string, quotes included; anything but '"', '\' and control characters stays as it is. */
void nb_text_json_string(nb_text *text, const char *piece);

/* The number as JSON, in the shortest form that reads back to the bit; null for what JSON does not have: NaN and infinities. */
void nb_text_json_number(nb_text *text, double value);

/* NB_ERR_MEMORY when an append failed. */
nb_status nb_text_check(const nb_text *text, nb_error *err);
void nb_text_free(nb_text *text);

#endif
