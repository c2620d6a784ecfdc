#include "cli_number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 15 digits are always kept by a double and 17 always identify it, so the first of the three that reads back is the shortest. */
char *cli_shortest(double value, char text[CLI_NUMBER_SIZE])
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, CLI_NUMBER_SIZE, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    return text;
}

char *cli_fixed(double value, int decimals, char text[CLI_NUMBER_SIZE])
{
    if (isnan(value))
        return strcpy(text, "-");
    if (fabs(value) < 1e15)
        snprintf(text, CLI_NUMBER_SIZE, "%.*f", decimals, value);
    else
        snprintf(text, CLI_NUMBER_SIZE, "%g", value);
    return text;
}

char *cli_grouped(uint64_t value, char text[CLI_NUMBER_SIZE])
{
    char digits[CLI_NUMBER_SIZE];
    int count = snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    char *out = text;
    for (int i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0)
            *out++ = ',';
        *out++ = digits[i];
    }
    *out = '\0';
    return text;
}

char *cli_bytes(uint64_t size, char text[CLI_NUMBER_SIZE])
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    double value = (double)size;
    size_t unit = 0;
    while (value >= 999.5 && unit + 1 < sizeof units / sizeof *units) {
        value /= 1000;
        unit++;
    }
    snprintf(text, CLI_NUMBER_SIZE, "%.*f %s", unit > 0 && value < 99.95 ? 1 : 0, value, units[unit]);
    return text;
}

char *cli_duration(double seconds, char text[CLI_NUMBER_SIZE])
{
    if (!(seconds >= 0) || seconds > 1e9) {
        snprintf(text, CLI_NUMBER_SIZE, "-");
        return text;
    }
    unsigned long whole = (unsigned long)lround(seconds);
    if (whole < 60)
        snprintf(text, CLI_NUMBER_SIZE, "%lu s", whole);
    else if (whole < 3600)
        snprintf(text, CLI_NUMBER_SIZE, "%lu:%02lu min", whole / 60, whole % 60);
    else
        snprintf(text, CLI_NUMBER_SIZE, "%lu:%02lu:%02lu h", whole / 3600, whole / 60 % 60, whole % 60);
    return text;
}
