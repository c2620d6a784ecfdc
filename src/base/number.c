#include "base/number.h"

#include <errno.h>
#include <locale.h>
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
