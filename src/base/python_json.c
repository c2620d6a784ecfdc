#include "base/python_json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- floats ---- */

#define DIGITS_MAX 17 /* identify any double */

/* A number d.ddd x 10^exponent. */
typedef struct decimal {
    char digits[DIGITS_MAX + 1];
    int count;
    int exponent;
} decimal;

static double value_of(const decimal *number)
{
    char text[NB_NUMBER_SIZE];
    double value = (double)NAN;
    const int size = snprintf(text, sizeof text,
                              "%.*s"
                              "e%d",
                              number->count, number->digits, number->exponent - number->count + 1);
    nb_number_parse_double(text, (size_t)size, &value);
    return value;
}

/* The decimal of `count` digits that is nearest to a positive value, whatever the locale's point looks like. */
static decimal round_to(double value, int count)
{
    char text[64];
    decimal number = {.count = count};
    snprintf(text, sizeof text, "%.*e", count - 1, value);
    const char *exponent = strchr(text, 'e');
    int found = 0;
    for (const char *c = text; c < exponent && found < count; c++)
        if (*c >= '0' && *c <= '9')
            number.digits[found++] = *c;
    number.exponent = atoi(exponent + 1);
    return number;
}

/* One more in the last digit; false when that carries into a longer number. */
static bool step_up(decimal *number)
{
    for (int i = number->count; i-- > 0;) {
        if (number->digits[i] < '9') {
            number->digits[i]++;
            return true;
        }
        number->digits[i] = '0';
    }
    return false;
}

/* The shortest decimal that reads back as a positive value. Above a power of two doubles lie twice as far apart as below it, so the
 * decimal just above may read back where the nearest one does not. */
static decimal shortest(double value)
{
    for (int count = 1; count < DIGITS_MAX; count++) {
        decimal nearest = round_to(value, count), above = nearest;
        if (value_of(&nearest) == value)
            return nearest;
        if (step_up(&above) && value_of(&above) == value)
            return above;
    }
    return round_to(value, DIGITS_MAX);
}

static char *put(char *at, const char *digits, int count)
{
    memcpy(at, digits, (size_t)count);
    return at + count;
}

static char *put_zeros(char *at, int count)
{
    memset(at, '0', (size_t)count);
    return at + count;
}

static char *put_fixed(char *at, const decimal *number)
{
    const int before = number->exponent + 1; /* digits in front of the point */
    if (before <= 0) {
        at = put(at, "0.", 2);
        return put(put_zeros(at, -before), number->digits, number->count);
    }
    if (number->count <= before)
        return put(put_zeros(put(at, number->digits, number->count), before - number->count), ".0", 2);
    at = put(put(at, number->digits, before), ".", 1);
    return put(at, number->digits + before, number->count - before);
}

static char *put_scientific(char *at, const decimal *number, const char *end)
{
    at = put(at, number->digits, 1);
    if (number->count > 1)
        at = put(put(at, ".", 1), number->digits + 1, number->count - 1);
    return at + snprintf(at, (size_t)(end - at), "e%c%02d", number->exponent < 0 ? '-' : '+', abs(number->exponent));
}

size_t nb_python_float(double value, char text[NB_NUMBER_SIZE])
{
    char *at = text;
    if (signbit(value))
        *at++ = '-';
    if (value == 0) {
        at = put(at, "0.0", 3);
    } else {
        const decimal number = shortest(fabs(value));
        const bool fixed = number.exponent >= -4 && number.exponent < 16;
        at = fixed ? put_fixed(at, &number) : put_scientific(at, &number, text + NB_NUMBER_SIZE);
    }
    *at = '\0';
    return (size_t)(at - text);
}

/* ---- strings ---- */

/* The code point that starts at *at, which is moved behind it. jansson's strings are valid UTF-8. */
static uint32_t next_code_point(const char **at)
{
    const uint8_t *byte = (const uint8_t *)*at;
    const int more = byte[0] < 0x80 ? 0 : byte[0] < 0xe0 ? 1 : byte[0] < 0xf0 ? 2 : 3;
    uint32_t point = more == 0 ? byte[0] : byte[0] & (0x3fu >> more);
    for (int i = 1; i <= more; i++)
        point = point << 6 | (byte[i] & 0x3fu);
    *at += more + 1;
    return point;
}

static void append_escaped(nb_text *out, uint32_t point)
{
    static const char named[][2] = {{'"', '"'}, {'\\', '\\'}, {'\n', 'n'}, {'\r', 'r'}, {'\t', 't'}, {'\f', 'f'}, {'\b', 'b'}};
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if (point == (uint32_t)named[i][0]) {
            nb_text_append(out, (const char[]){'\\', named[i][1]}, 2);
            return;
        }
    if (point >= 0x20 && point < 0x80)
        nb_text_append(out, (const char[]){(char)point}, 1);
    else if (point < 0x10000)
        nb_text_printf(out, "\\u%04" PRIx32, point);
    else
        nb_text_printf(out, "\\u%04" PRIx32 "\\u%04" PRIx32, 0xd800 + ((point - 0x10000) >> 10), 0xdc00 + ((point - 0x10000) & 0x3ff));
}

static void append_string(nb_text *out, const char *text, size_t size)
{
    nb_text_append(out, "\"", 1);
    for (const char *at = text; at < text + size;)
        append_escaped(out, next_code_point(&at));
    nb_text_append(out, "\"", 1);
}

/* ---- containers ---- */

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b); /* UTF-8 sorts as its code points do */
}

static void append_object(nb_text *out, json_t *object)
{
    const size_t count = json_object_size(object);
    const char **keys = malloc((count + 1) * sizeof *keys), *key;
    json_t *value;
    size_t used = 0;
    if (!keys) {
        out->failed = true;
        return;
    }
    json_object_foreach(object, key, value) keys[used++] = key;
    qsort(keys, used, sizeof *keys, compare_keys);
    nb_text_append(out, "{", 1);
    for (size_t i = 0; i < used; i++) {
        if (i > 0)
            nb_text_append(out, ",", 1);
        append_string(out, keys[i], strlen(keys[i]));
        nb_text_append(out, ":", 1);
        nb_python_json(out, json_object_get(object, keys[i]));
    }
    nb_text_append(out, "}", 1);
    free(keys);
}

static void append_array(nb_text *out, const json_t *array)
{
    nb_text_append(out, "[", 1);
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i > 0)
            nb_text_append(out, ",", 1);
        nb_python_json(out, json_array_get(array, i));
    }
    nb_text_append(out, "]", 1);
}

void nb_python_json(nb_text *out, const json_t *value)
{
    char number[NB_NUMBER_SIZE];
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        append_object(out, (json_t *)(uintptr_t)value);
        break;
    case JSON_ARRAY:
        append_array(out, value);
        break;
    case JSON_STRING:
        append_string(out, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        nb_text_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL:
        nb_text_append(out, number, nb_python_float(json_real_value(value), number));
        break;
    default:
        nb_text_puts(out, json_is_true(value) ? "true" : json_is_false(value) ? "false" : "null");
    }
}

nb_status nb_python_json_respell(const char *text, size_t size, const char *name, nb_text *out, nb_error *err)
{
    json_error_t problem;
    json_t *value = json_loadb(text, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &problem);
    if (!value && json_error_code(&problem) == json_error_out_of_memory)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for JSON of %zu bytes", name, size);
    if (!value)
        return nb_fail(err, NB_ERR_FORMAT, "%s: line %d, column %d: no JSON: %s", name, problem.line, problem.column, problem.text);
    nb_python_json(out, value);
    json_decref(value);
    return nb_text_check(out, err);
}
