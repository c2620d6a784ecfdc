#include "train/settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void nb_settings_add(nb_settings *settings, const char *name, const char *text)
{
    if (settings->count < NB_SETTINGS_MAX)
        settings->entries[settings->count++] = (nb_st_metadata){name, text};
}

void nb_settings_add_integer(nb_settings *settings, const char *name, uint32_t value)
{
    if (settings->count == NB_SETTINGS_MAX)
        return;
    char *text = settings->numbers[settings->count];
    snprintf(text, sizeof settings->numbers[0], "%" PRIu32, value);
    nb_settings_add(settings, name, text);
}

void nb_settings_add_number(nb_settings *settings, const char *name, double value)
{
    if (settings->count == NB_SETTINGS_MAX)
        return;
    char *text = settings->numbers[settings->count];
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof settings->numbers[0], "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    nb_settings_add(settings, name, text);
}
