#include "cli_json.h"

#include <assert.h>
#include <math.h>

#include "cli_number.h"

static void indent(const cli_json *json)
{
    fputc('\n', json->out);
    for (int i = 0; i < json->depth; i++)
        fputs("  ", json->out);
}

/* What stands between the previous member and the next one. */
static void separate(cli_json *json)
{
    if (json->after_key) {
        json->after_key = false;
        return;
    }
    if (json->depth == 0)
        return;
    bool lines = json->open[json->depth - 1].layout == CLI_JSON_LINES;
    if (json->open[json->depth - 1].filled)
        fputs(lines ? "," : ", ", json->out);
    if (lines)
        indent(json);
    json->open[json->depth - 1].filled = true;
}

static void begin(cli_json *json, char open, char close, cli_json_layout layout)
{
    assert(json->depth < CLI_JSON_DEPTH);
    separate(json);
    fputc(open, json->out);
    json->open[json->depth].close = close;
    json->open[json->depth].layout = layout;
    json->open[json->depth].filled = false;
    json->depth++;
}

void cli_json_begin_object(cli_json *json, cli_json_layout layout)
{
    begin(json, '{', '}', layout);
}

void cli_json_begin_array(cli_json *json, cli_json_layout layout)
{
    begin(json, '[', ']', layout);
}

void cli_json_end(cli_json *json)
{
    assert(json->depth > 0);
    json->depth--;
    if (json->open[json->depth].filled && json->open[json->depth].layout == CLI_JSON_LINES)
        indent(json);
    fputc(json->open[json->depth].close, json->out);
    if (json->depth == 0)
        fputc('\n', json->out);
}

/* Length of the well-formed UTF-8 sequence at `text` (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF), or 0. */
static int utf8_length(const unsigned char *text)
{
    unsigned char first = text[0];
    if (first < 0x80)
        return 1;
    int length = first >= 0xc2 && first <= 0xdf ? 2 : first >= 0xe0 && first <= 0xef ? 3 : first >= 0xf0 && first <= 0xf4 ? 4 : 0;
    for (int i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    }
    bool overlong = (first == 0xe0 && text[1] < 0xa0) || (first == 0xf0 && text[1] < 0x90);
    bool surrogate = first == 0xed && text[1] > 0x9f;
    bool too_large = first == 0xf4 && text[1] > 0x8f;
    return overlong || surrogate || too_large ? 0 : length;
}

static void put_quoted(FILE *out, const char *text)
{
    fputc('"', out);
    for (const unsigned char *c = (const unsigned char *)text; *c;) {
        int length = utf8_length(c);
        if (length == 0) {
            fputs("\xef\xbf\xbd", out);
            c++;
            continue;
        }
        if (*c == '"' || *c == '\\')
            fprintf(out, "\\%c", *c);
        else if (*c == '\n')
            fputs("\\n", out);
        else if (*c == '\t')
            fputs("\\t", out);
        else if (*c < 0x20 || *c == 0x7f)
            fprintf(out, "\\u%04x", *c);
        else
            fwrite(c, 1, (size_t)length, out);
        c += length;
    }
    fputc('"', out);
}

void cli_json_key(cli_json *json, const char *key)
{
    separate(json);
    put_quoted(json->out, key);
    fputs(": ", json->out);
    json->after_key = true;
}

void cli_json_string(cli_json *json, const char *text)
{
    if (!text) {
        cli_json_null(json);
        return;
    }
    separate(json);
    put_quoted(json->out, text);
}

void cli_json_real(cli_json *json, double value)
{
    if (!isfinite(value)) {
        cli_json_null(json);
        return;
    }
    char text[CLI_NUMBER_SIZE];
    separate(json);
    fputs(cli_shortest(value, text), json->out);
}

void cli_json_unsigned(cli_json *json, uint64_t value)
{
    separate(json);
    fprintf(json->out, "%llu", (unsigned long long)value);
}

void cli_json_integer(cli_json *json, int64_t value)
{
    separate(json);
    fprintf(json->out, "%lld", (long long)value);
}

void cli_json_raw(cli_json *json, const char *text)
{
    separate(json);
    fputs(text, json->out);
}

void cli_json_bool(cli_json *json, bool value)
{
    separate(json);
    fputs(value ? "true" : "false", json->out);
}

void cli_json_null(cli_json *json)
{
    separate(json);
    fputs("null", json->out);
}

void cli_json_put_string(cli_json *json, const char *key, const char *text)
{
    cli_json_key(json, key);
    cli_json_string(json, text);
}

void cli_json_put_real(cli_json *json, const char *key, double value)
{
    cli_json_key(json, key);
    cli_json_real(json, value);
}

void cli_json_put_unsigned(cli_json *json, const char *key, uint64_t value)
{
    cli_json_key(json, key);
    cli_json_unsigned(json, value);
}

void cli_json_put_bool(cli_json *json, const char *key, bool value)
{
    cli_json_key(json, key);
    cli_json_bool(json, value);
}
