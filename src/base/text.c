#include "base/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

/* Room for `more` bytes and the zero byte after them. */
static bool reserve(nb_text *text, size_t more)
{
    if (text->failed)
        return false;
    size_t needed = text->size + more + 1;
    if (needed <= text->capacity)
        return true;
    size_t capacity = text->capacity ? text->capacity : 256;
    while (capacity < needed)
        capacity *= 2;
    char *data = realloc(text->data, capacity);
    if (!data) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->capacity = capacity;
    return true;
}

void nb_text_append(nb_text *text, const char *piece, size_t size)
{
    if (!reserve(text, size))
        return;
    memcpy(text->data + text->size, piece, size);
    text->size += size;
    text->data[text->size] = '\0';
}

void nb_text_puts(nb_text *text, const char *piece)
{
    nb_text_append(text, piece, strlen(piece));
}

void nb_text_printf(nb_text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *piece = NULL;
    int size = vasprintf(&piece, format, arguments);
    va_end(arguments);
    if (size < 0) {
        text->failed = true;
        return;
    }
    nb_text_append(text, piece, (size_t)size);
    free(piece);
}

void nb_text_json_string(nb_text *text, const char *piece)
{
    nb_text_append(text, "\"", 1);
    for (const char *c = piece; *c; c++) {
        if (*c == '"' || *c == '\\')
            nb_text_printf(text, "\\%c", *c);
        else if ((unsigned char)*c < 0x20)
            nb_text_printf(text, "\\u%04x", (unsigned)*c);
        else
            nb_text_append(text, c, 1);
    }
    nb_text_append(text, "\"", 1);
}

void nb_text_json_number(nb_text *text, double value)
{
    char number[NB_NUMBER_SIZE];
    if (isfinite(value))
        nb_text_append(text, number, nb_number_format(value, number));
    else
        nb_text_append(text, "null", 4);
}

nb_status nb_text_check(const nb_text *text, nb_error *err)
{
    return text->failed ? nb_fail(err, NB_ERR_MEMORY, "no memory for a text of more than %zu bytes", text->size) : NB_OK;
}

void nb_text_free(nb_text *text)
{
    free(text->data);
    *text = (nb_text){0};
}
