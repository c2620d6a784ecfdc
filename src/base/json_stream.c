#include "base/json_stream.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

#define NUMBER_MAX 512 /* characters of a number */

void nb_json_stream_free(nb_json_stream *json)
{
    nb_text_free(&json->text);
}

nb_status nb_json_stream_fail(const nb_json_stream *json, nb_error *err, const char *message)
{
    return nb_fail(err, NB_ERR_FORMAT, "%s: offset %llu: %s", json->in->name, (unsigned long long)nb_stream_offset(json->in), message);
}

/* ---- characters ---- */

/* Makes the next character ready; an end of the stream is an error. */
static nb_status need(nb_json_stream *json, nb_error *err)
{
    return nb_stream_need(json->in, 1, err);
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Skips blanks up to a character, which is then ready. */
static nb_status skip_blanks(nb_json_stream *json, nb_error *err)
{
    nb_stream *in = json->in;
    for (;;) {
        while (in->next < in->end && is_blank(*in->next))
            in->next++;
        if (in->next < in->end)
            return NB_OK;
        NB_TRY(need(json, err));
    }
}

nb_status nb_json_stream_peek(nb_json_stream *json, char *first, nb_error *err)
{
    NB_TRY(skip_blanks(json, err));
    *first = (char)*json->in->next;
    return NB_OK;
}

static nb_status expect(nb_json_stream *json, char c, nb_error *err)
{
    char found;
    NB_TRY(nb_json_stream_peek(json, &found, err));
    if (found != c) {
        char message[48];
        snprintf(message, sizeof message, "'%c' expected, found '%c'", c, found >= 0x20 && found < 0x7f ? found : '?');
        return nb_json_stream_fail(json, err, message);
    }
    json->in->next++;
    return NB_OK;
}

nb_status nb_json_stream_enter(nb_json_stream *json, char open, nb_error *err)
{
    return expect(json, open, err);
}

nb_status nb_json_stream_more(nb_json_stream *json, char close, size_t *items, bool *more, nb_error *err)
{
    char found;
    NB_TRY(nb_json_stream_peek(json, &found, err));
    *more = found != close;
    if (!*more)
        json->in->next++;
    else if (*items > 0)
        NB_TRY(expect(json, ',', err));
    ++*items;
    return NB_OK;
}

/* ---- texts ---- */

static nb_status take_hex(nb_json_stream *json, uint32_t *out, nb_error *err)
{
    uint8_t digits[4];
    NB_TRY(nb_stream_read(json->in, digits, sizeof digits, err));
    *out = 0;
    for (int i = 0; i < 4; i++) {
        const uint8_t c = digits[i];
        const int value = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
        if (value < 0)
            return nb_json_stream_fail(json, err, "four hexadecimal digits expected after \\u");
        *out = *out << 4 | (uint32_t)value;
    }
    return NB_OK;
}

static void append_point(nb_text *text, uint32_t point)
{
    char bytes[4];
    size_t size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const uint8_t heads[5] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = size; i-- > 1; point >>= 6)
        bytes[i] = (char)(0x80 | (point & 0x3f));
    bytes[0] = (char)(heads[size] | point);
    nb_text_append(text, bytes, size);
}

/* \uXXXX, or two of them for a character beyond 16 bits. Half of such a pair is no character. */
static nb_status take_unicode(nb_json_stream *json, nb_error *err)
{
    uint32_t point, low;
    uint8_t marks[2];
    NB_TRY(take_hex(json, &point, err));
    if (point >= 0xd800 && point < 0xdc00) {
        NB_TRY(nb_stream_read(json->in, marks, sizeof marks, err));
        if (marks[0] != '\\' || marks[1] != 'u')
            return nb_json_stream_fail(json, err, "half of a character");
        NB_TRY(take_hex(json, &low, err));
        if (low < 0xdc00 || low > 0xdfff)
            return nb_json_stream_fail(json, err, "half of a character");
        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
    } else if (point >= 0xdc00 && point < 0xe000) {
        return nb_json_stream_fail(json, err, "half of a character");
    }
    append_point(&json->text, point);
    return NB_OK;
}

static nb_status take_escape(nb_json_stream *json, nb_error *err)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    NB_TRY(need(json, err));
    const char c = (char)*json->in->next++;
    const char *at = c ? strchr(names, c) : NULL;
    if (at)
        nb_text_append(&json->text, &values[at - names], 1);
    else if (c == 'u')
        return take_unicode(json, err);
    else
        return nb_json_stream_fail(json, err, "an escape that JSON does not have");
    return NB_OK;
}

/* Takes what needs no thought: everything up to a quote, an escape or a control character in the window. */
static void take_plain(nb_json_stream *json)
{
    nb_stream *in = json->in;
    const uint8_t *start = in->next;
    while (in->next < in->end && *in->next != '"' && *in->next != '\\' && *in->next >= 0x20)
        in->next++;
    nb_text_append(&json->text, (const char *)start, (size_t)(in->next - start));
}

nb_status nb_json_stream_text(nb_json_stream *json, const char **text, size_t *size, nb_error *err)
{
    NB_TRY(expect(json, '"', err));
    json->text.size = 0;
    nb_text_append(&json->text, "", 0);
    for (;;) {
        NB_TRY(need(json, err));
        take_plain(json);
        if (json->text.size > NB_JSON_TEXT_MAX)
            return nb_fail(err, NB_ERR_MEMORY, "%s: offset %llu: a text of more than %zu bytes", json->in->name,
                           (unsigned long long)nb_stream_offset(json->in), NB_JSON_TEXT_MAX);
        if (json->in->next == json->in->end)
            continue;
        const uint8_t c = *json->in->next;
        if (c < 0x20)
            return nb_json_stream_fail(json, err, "a control character in a text");
        json->in->next++;
        if (c == '"')
            break;
        NB_TRY(take_escape(json, err));
    }
    NB_TRY(nb_text_check(&json->text, err));
    *text = json->text.data;
    if (size)
        *size = json->text.size;
    return NB_OK;
}

nb_status nb_json_stream_key(nb_json_stream *json, const char **key, nb_error *err)
{
    NB_TRY(nb_json_stream_text(json, key, NULL, err));
    return expect(json, ':', err);
}

/* ---- numbers ---- */

/* The parts of a number that lies in memory whole. */
typedef struct number_parts {
    size_t size;
    uint64_t digits; /* all digits as one number; meaningless when there are more than 19 */
    int count;       /* of them, leading zeros left out */
    int fraction;    /* of them behind the point */
    int exponent;
    bool negative, whole;
} number_parts;

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static size_t take_digits(const uint8_t *at, size_t left, number_parts *parts)
{
    size_t size = 0;
    for (; size < left && is_digit(at[size]); size++) {
        parts->digits = parts->digits * 10 + (uint64_t)(at[size] - '0');
        parts->count += parts->count > 0 || at[size] != '0';
    }
    return size;
}

/* -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)? at the start of `left` characters; false when there is none. */
static bool scan_number(const uint8_t *at, size_t left, number_parts *parts)
{
    size_t i = 0, length;
    *parts = (number_parts){.whole = true};
    if (i < left && at[i] == '-') {
        parts->negative = true;
        i++;
    }
    length = take_digits(at + i, left - i, parts);
    if (length == 0 || (length > 1 && at[i] == '0'))
        return false;
    i += length;
    if (i < left && at[i] == '.') {
        length = take_digits(at + i + 1, left - i - 1, parts);
        if (length == 0)
            return false;
        parts->fraction = (int)length;
        parts->whole = false;
        i += 1 + length;
    }
    if (i < left && (at[i] | 32) == 'e') {
        bool minus = false;
        size_t digit = i + 1;
        if (digit < left && (at[digit] == '+' || at[digit] == '-'))
            minus = at[digit++] == '-';
        if (digit >= left || !is_digit(at[digit]))
            return false;
        for (; digit < left && is_digit(at[digit]); digit++)
            parts->exponent = parts->exponent < 100000 ? parts->exponent * 10 + (at[digit] - '0') : parts->exponent;
        parts->exponent = minus ? -parts->exponent : parts->exponent;
        parts->whole = false;
        i = digit;
    }
    parts->size = i;
    return true;
}

/* A decimal of up to 15 digits and a power of ten up to 22 are both exact doubles, and one operation on them rounds correctly. */
static bool convert_exactly(const number_parts *parts, double *out)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const int power = parts->exponent - parts->fraction;
    if (parts->count > 15 || power < -22 || power > 22)
        return false;
    const double value = power < 0 ? (double)parts->digits / powers[-power] : (double)parts->digits * powers[power];
    *out = parts->negative ? -value : value;
    return true;
}

/* NaN, Infinity, -Infinity. */
static bool scan_special(const uint8_t *at, size_t left, double *value, size_t *size)
{
    static const struct {
        const char *name;
        double value;
    } specials[] = {{"NaN", (double)NAN}, {"Infinity", (double)INFINITY}, {"-Infinity", -(double)INFINITY}};
    for (size_t i = 0; i < sizeof specials / sizeof *specials; i++) {
        *size = strlen(specials[i].name);
        if (left >= *size && memcmp(at, specials[i].name, *size) == 0) {
            *value = specials[i].value;
            return true;
        }
    }
    return false;
}

static bool is_number_character(uint8_t c)
{
    return is_digit(c) || c == '-' || c == '+' || c == '.' || (c | 32) == 'e';
}

nb_status nb_json_stream_number(nb_json_stream *json, double *value, bool *whole, int64_t *integer, nb_error *err)
{
    number_parts parts;
    size_t size;
    NB_TRY(skip_blanks(json, err));
    if (nb_stream_ready(json->in) < NUMBER_MAX)
        NB_TRY(nb_stream_fill(json->in, NUMBER_MAX, err));
    const uint8_t *at = json->in->next;
    const size_t ready = nb_stream_ready(json->in), left = ready < NUMBER_MAX ? ready : NUMBER_MAX;
    if (whole)
        *whole = false;
    if (scan_special(at, left, value, &size)) {
        json->in->next += size;
        return NB_OK;
    }
    if (!scan_number(at, left, &parts) || parts.size == NUMBER_MAX || (parts.size < left && is_number_character(at[parts.size])))
        return nb_json_stream_fail(json, err, "a number expected");
    if (!convert_exactly(&parts, value) && !nb_number_parse_double((const char *)at, parts.size, value))
        return nb_json_stream_fail(json, err, "a number expected");
    if (whole && parts.whole && !(*whole = nb_number_parse_int((const char *)at, parts.size, integer)))
        return nb_json_stream_fail(json, err, "a whole number beyond 64 bits");
    json->in->next += parts.size;
    return NB_OK;
}

/* ---- any value ---- */

static nb_status take_word(nb_json_stream *json, const char *word, nb_error *err)
{
    const size_t size = strlen(word);
    if (nb_stream_ready(json->in) < size)
        NB_TRY(nb_stream_fill(json->in, size, err));
    if (nb_stream_ready(json->in) < size || memcmp(json->in->next, word, size) != 0)
        return nb_json_stream_fail(json, err, "a value expected");
    json->in->next += size;
    return NB_OK;
}

static nb_status skip_value(nb_json_stream *json, int depth, nb_error *err);

static nb_status skip_items(nb_json_stream *json, char open, char close, int depth, nb_error *err)
{
    size_t items = 0;
    bool more;
    const char *key;
    if (depth == NB_JSON_DEPTH)
        return nb_json_stream_fail(json, err, "too many arrays and objects in each other");
    NB_TRY(nb_json_stream_enter(json, open, err));
    for (;;) {
        NB_TRY(nb_json_stream_more(json, close, &items, &more, err));
        if (!more)
            return NB_OK;
        if (open == '{')
            NB_TRY(nb_json_stream_key(json, &key, err));
        NB_TRY(skip_value(json, depth + 1, err));
    }
}

static nb_status skip_value(nb_json_stream *json, int depth, nb_error *err)
{
    char first;
    const char *text;
    double number;
    NB_TRY(nb_json_stream_peek(json, &first, err));
    switch (first) {
    case '{':
        return skip_items(json, '{', '}', depth, err);
    case '[':
        return skip_items(json, '[', ']', depth, err);
    case '"':
        return nb_json_stream_text(json, &text, NULL, err);
    case 't':
        return take_word(json, "true", err);
    case 'f':
        return take_word(json, "false", err);
    case 'n':
        return take_word(json, "null", err);
    default:
        return nb_json_stream_number(json, &number, NULL, NULL, err);
    }
}

nb_status nb_json_stream_skip(nb_json_stream *json, nb_error *err)
{
    return skip_value(json, 0, err);
}

/* ---- trees ---- */

static nb_status no_memory(const nb_json_stream *json, nb_error *err)
{
    return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for JSON", json->in->name);
}

static nb_status make_tree(nb_json_stream *json, int depth, size_t *left, json_t **out, nb_error *err);

static nb_status fill_object(nb_json_stream *json, int depth, size_t *left, json_t *object, nb_error *err)
{
    size_t items = 0;
    bool more;
    for (;;) {
        const char *key;
        json_t *value;
        NB_TRY(nb_json_stream_more(json, '}', &items, &more, err));
        if (!more)
            return NB_OK;
        NB_TRY(nb_json_stream_key(json, &key, err));
        if (strlen(key) != json->text.size)
            return nb_json_stream_fail(json, err, "a zero character in a key");
        char *kept = strdup(key); /* the value may have texts of its own */
        nb_status status = kept ? make_tree(json, depth + 1, left, &value, err) : no_memory(json, err);
        if (status == NB_OK && json_object_set_new(object, kept, value) != 0)
            status = nb_json_stream_fail(json, err, "a key that is no UTF-8");
        free(kept);
        NB_TRY(status);
    }
}

static nb_status fill_array(nb_json_stream *json, int depth, size_t *left, json_t *array, nb_error *err)
{
    size_t items = 0;
    bool more;
    for (;;) {
        json_t *value;
        NB_TRY(nb_json_stream_more(json, ']', &items, &more, err));
        if (!more)
            return NB_OK;
        NB_TRY(make_tree(json, depth + 1, left, &value, err));
        if (json_array_append_new(array, value) != 0)
            return no_memory(json, err);
    }
}

static nb_status make_container(nb_json_stream *json, char first, int depth, size_t *left, json_t **out, nb_error *err)
{
    if (depth == NB_JSON_DEPTH)
        return nb_json_stream_fail(json, err, "too many arrays and objects in each other");
    json_t *made = first == '{' ? json_object() : json_array();
    if (!made)
        return no_memory(json, err);
    nb_status status = nb_json_stream_enter(json, first, err);
    if (status == NB_OK)
        status = first == '{' ? fill_object(json, depth, left, made, err) : fill_array(json, depth, left, made, err);
    if (status == NB_OK)
        *out = made;
    else
        json_decref(made);
    return status;
}

static nb_status make_number(nb_json_stream *json, json_t **out, nb_error *err)
{
    double value;
    int64_t integer;
    bool whole;
    NB_TRY(nb_json_stream_number(json, &value, &whole, &integer, err));
    if (!isfinite(value))
        return nb_json_stream_fail(json, err, "a number that JSON does not have");
    *out = whole ? json_integer(integer) : json_real(value);
    return *out ? NB_OK : no_memory(json, err);
}

static nb_status make_text(nb_json_stream *json, json_t **out, nb_error *err)
{
    const char *text;
    size_t size;
    NB_TRY(nb_json_stream_text(json, &text, &size, err));
    *out = json_stringn(text, size);
    return *out ? NB_OK : nb_json_stream_fail(json, err, "a text that is no UTF-8");
}

static nb_status make_tree(nb_json_stream *json, int depth, size_t *left, json_t **out, nb_error *err)
{
    char first;
    NB_TRY(nb_json_stream_peek(json, &first, err));
    if ((*left)-- == 0)
        return nb_fail(err, NB_ERR_MEMORY, "%s: more than %zu values where few are expected", json->in->name, NB_JSON_ITEMS_MAX);
    switch (first) {
    case '{':
    case '[':
        return make_container(json, first, depth, left, out, err);
    case '"':
        return make_text(json, out, err);
    case 't':
        *out = json_true();
        return take_word(json, "true", err);
    case 'f':
        *out = json_false();
        return take_word(json, "false", err);
    case 'n':
        *out = json_null();
        return take_word(json, "null", err);
    default:
        return make_number(json, out, err);
    }
}

nb_status nb_json_stream_tree(nb_json_stream *json, json_t **out, nb_error *err)
{
    size_t left = NB_JSON_ITEMS_MAX;
    return make_tree(json, 0, &left, out, err);
}

nb_status nb_json_stream_end(nb_json_stream *json, nb_error *err)
{
    nb_stream *in = json->in;
    for (;;) {
        while (in->next < in->end && is_blank(*in->next))
            in->next++;
        if (in->next < in->end)
            return nb_json_stream_fail(json, err, "the end expected");
        NB_TRY(nb_stream_fill(in, 1, err));
        if (in->next == in->end)
            return NB_OK;
    }
}
