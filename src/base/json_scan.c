#include "base/json_scan.h"

static void skip_space(nb_json_scan *scan)
{
    while (scan->next < scan->end && (*scan->next == ' ' || *scan->next == '\n' || *scan->next == '\t' || *scan->next == '\r'))
        scan->next++;
}

static size_t offset_of_next(const nb_json_scan *scan)
{
    return scan->base_offset + (size_t)(scan->next - scan->start);
}

nb_status nb_json_fail(const nb_json_scan *scan, nb_error *err, const char *message)
{
    return nb_fail(err, NB_ERR_FORMAT, "%s: offset %zu: %s", scan->name, offset_of_next(scan), message);
}

bool nb_json_accept(nb_json_scan *scan, char c)
{
    skip_space(scan);
    if (scan->next == scan->end || *scan->next != c)
        return false;
    scan->next++;
    return true;
}

nb_status nb_json_expect(nb_json_scan *scan, char c, nb_error *err)
{
    if (nb_json_accept(scan, c))
        return NB_OK;
    if (scan->next == scan->end)
        return nb_fail(err, NB_ERR_TRUNCATED, "%s: offset %zu: '%c' expected, the text ends", scan->name, offset_of_next(scan), c);
    return nb_fail(err, NB_ERR_FORMAT, "%s: offset %zu: '%c' expected, found byte 0x%02x", scan->name, offset_of_next(scan), c,
                   (unsigned)(unsigned char)*scan->next);
}

/* Four hexadecimal digits. */
static nb_status scan_hex4(nb_json_scan *scan, uint32_t *out, nb_error *err)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        char c = scan->next < scan->end ? *scan->next : '\0';
        uint32_t digit;
        if (c >= '0' && c <= '9')
            digit = (uint32_t)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            digit = (uint32_t)((c | 0x20) - 'a') + 10;
        else
            return nb_json_fail(scan, err, "four hexadecimal digits expected");
        value = value << 4 | digit;
        scan->next++;
    }
    *out = value;
    return NB_OK;
}

/* Writes a code point as UTF-8: never more bytes than the escape that it came from. */
static void put_utf8(nb_json_scan *scan, uint32_t code)
{
    char *to = scan->strings;
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    } else {
        *to++ = (char)(0xf0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3f));
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    scan->strings = to;
}

/* After "\u". Surrogates come in pairs. */
static nb_status scan_unicode_escape(nb_json_scan *scan, nb_error *err)
{
    uint32_t code = 0;
    NB_TRY(scan_hex4(scan, &code, err));
    if (code >= 0xd800 && code < 0xdc00) {
        uint32_t low = 0;
        if (scan->end - scan->next < 2 || scan->next[0] != '\\' || scan->next[1] != 'u')
            return nb_json_fail(scan, err, "the second half of a surrogate pair expected");
        scan->next += 2;
        NB_TRY(scan_hex4(scan, &low, err));
        if (low < 0xdc00 || low > 0xdfff)
            return nb_json_fail(scan, err, "the second half of a surrogate pair expected");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xdc00 && code <= 0xdfff) {
        return nb_json_fail(scan, err, "half of a surrogate pair");
    }
    if (code == 0)
        return nb_json_fail(scan, err, "a zero character inside a string");
    put_utf8(scan, code);
    return NB_OK;
}

static nb_status scan_escape(nb_json_scan *scan, nb_error *err)
{
    if (scan->next == scan->end)
        return nb_json_fail(scan, err, "the text ends inside a string");
    char c = *scan->next++;
    switch (c) {
    case '"':
    case '\\':
    case '/':
        *scan->strings++ = c;
        return NB_OK;
    case 'b':
        *scan->strings++ = '\b';
        return NB_OK;
    case 'f':
        *scan->strings++ = '\f';
        return NB_OK;
    case 'n':
        *scan->strings++ = '\n';
        return NB_OK;
    case 'r':
        *scan->strings++ = '\r';
        return NB_OK;
    case 't':
        *scan->strings++ = '\t';
        return NB_OK;
    case 'u':
        return scan_unicode_escape(scan, err);
    default:
        return nb_json_fail(scan, err, "an unknown escape in a string");
    }
}

/* Copies characters that stand for themselves, up to the first that does not. */
static void copy_plain(nb_json_scan *scan)
{
    const char *from = scan->next, *end = scan->end;
    char *to = scan->strings;
    while (from < end && *from != '"' && *from != '\\' && (unsigned char)*from >= 0x20)
        *to++ = *from++;
    scan->next = from;
    scan->strings = to;
}

nb_status nb_json_string(nb_json_scan *scan, const char **out, nb_error *err)
{
    NB_TRY(nb_json_expect(scan, '"', err));
    *out = scan->strings;
    for (;;) {
        copy_plain(scan);
        if (scan->next == scan->end)
            return nb_fail(err, NB_ERR_TRUNCATED, "%s: offset %zu: the text ends inside a string", scan->name, offset_of_next(scan));
        if ((unsigned char)*scan->next < 0x20)
            return nb_json_fail(scan, err, "a control character inside a string");
        if (*scan->next++ == '"')
            break;
        NB_TRY(scan_escape(scan, err));
    }
    *scan->strings++ = '\0';
    return NB_OK;
}

nb_status nb_json_unsigned(nb_json_scan *scan, uint64_t *out, nb_error *err)
{
    skip_space(scan);
    const char *first = scan->next;
    uint64_t value = 0;
    for (; scan->next < scan->end && *scan->next >= '0' && *scan->next <= '9'; scan->next++) {
        uint64_t digit = (uint64_t)(*scan->next - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return nb_json_fail(scan, err, "a number above 2^64 - 1");
        value = value * 10 + digit;
    }
    if (scan->next == first)
        return nb_json_fail(scan, err, "a whole number expected");
    if (*first == '0' && scan->next - first > 1)
        return nb_json_fail(scan, err, "a number with leading zeros");
    *out = value;
    return NB_OK;
}

nb_status nb_json_end(nb_json_scan *scan, nb_error *err)
{
    skip_space(scan);
    return scan->next == scan->end ? NB_OK : nb_json_fail(scan, err, "the end of the JSON text expected");
}
