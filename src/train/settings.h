/* The settings of a run, as names and texts: kept in its checkpoints, so that it is never continued with others, and in its record. */
#ifndef NB_TRAIN_SETTINGS_H
#define NB_TRAIN_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "base/safetensors.h"

#define NB_SETTINGS_MAX 32

/* Starts as {0}. */
typedef struct nb_settings {
    size_t count;
    nb_st_metadata entries[NB_SETTINGS_MAX];
    char numbers[NB_SETTINGS_MAX][32]; /* texts of those that are numbers */
} nb_settings;

/* Names and texts must outlive the settings. What is beyond NB_SETTINGS_MAX is dropped. */
void nb_settings_add(nb_settings *settings, const char *name, const char *text);
void nb_settings_add_integer(nb_settings *settings, const char *name, uint32_t value);
/* With as few digits as give the number back. */
void nb_settings_add_number(nb_settings *settings, const char *name, double value);

#endif
