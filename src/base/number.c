#include "base/number.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* No number that means anything is longer: a double needs at most 767 digits to be exact. */
#define TEXT_MAX 1024

/* Copies `text` and ends it with a zero. False when it is empty, too long, or begins with something that strtod would skip. */
static bool copy_number(char copy[TEXT_MAX], const char *text, size_t size)
{
    if (size == 0 || size >= TEXT_MAX || strchr(" \t\n\v\f\r", text[0]) || memchr(text, '\0', size))
        return false;
    memcpy(copy, text, size);
    copy[size] = '\0';
    return true;
}

bool nb_number_parse_double(const char *text, size_t size, double *out)
{
    char copy[TEXT_MAX];
    if (!copy_number(copy, text, size))
        return false;
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* glibc hands out a constant here */
    if (!plain)
        return false;
    char *end;
    *out = strtod_l(copy, &end, plain);
    freelocale(plain);
    return end == copy + size;
}

bool nb_number_parse_int(const char *text, size_t size, int64_t *out)
{
    char copy[TEXT_MAX];
    if (!copy_number(copy, text, size))
        return false;
    char *end;
    errno = 0;
    long long number = strtoll(copy, &end, 10);
    *out = number;
    return errno == 0 && end == copy + size;
}

/* Writes `digits` / 10^decimals. Returns the length. */
static size_t write_fixed(int64_t digits, int decimals, char *text)
{
    char reversed[NB_NUMBER_SIZE];
    size_t count = 0, length = 0;
    uint64_t left = digits < 0 ? 0 - (uint64_t)digits : (uint64_t)digits;
    for (int place = 0; left > 0 || place <= decimals; place++) {
        if (place == decimals && decimals > 0)
            reversed[count++] = '.';
        reversed[count++] = (char)('0' + left % 10);
        left /= 10;
    }
    if (digits < 0)
        text[length++] = '-';
    while (count > 0)
        text[length++] = reversed[--count];
    text[length] = '\0';
    return length;
}

/* Numbers of few decimals, which are most of those that people write down. A decimal of up to 15 digits is the quotient of two exact
 * doubles, and division rounds correctly: if the quotient is the value, the decimal reads back as it. */
static size_t format_short(double value, char *text)
{
    static const double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
    enum { POWERS = sizeof powers / sizeof *powers };
    if (!(fabs(value) < 1e9) || (value == 0 && signbit(value)))
        return 0;
    for (int decimals = 0; decimals < POWERS; decimals++) {
        const double digits = round(value * powers[decimals]);
        if (digits / powers[decimals] == value)
            return write_fixed((int64_t)digits, decimals, text);
    }
    return 0;
}

/* The locale's decimal point, which may be several bytes, becomes a point. */
static void use_plain_point(char *text)
{
    char *point = text + strspn(text, "-0123456789");
    const size_t size = strcspn(point, "0123456789e");
    if (size == 0 || *point == 'e')
        return;
    *point = '.';
    memmove(point + 1, point + size, strlen(point + size) + 1);
}

size_t nb_number_format(double value, char text[NB_NUMBER_SIZE])
{
    if (!isfinite(value))
        return strlen(strcpy(text, isnan(value) ? "nan" : value < 0 ? "-inf" : "inf"));
    const size_t length = format_short(value, text);
    if (length > 0)
        return length;
    /* 15 digits are always kept by a double and 17 always identify it */
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, NB_NUMBER_SIZE, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    use_plain_point(text);
    return strlen(text);
}
