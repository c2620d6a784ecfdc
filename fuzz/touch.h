/* A sink that keeps nothing but reads every byte it is given, so that a wrong pointer or length shows. */
#ifndef NB_FUZZ_TOUCH_H
#define NB_FUZZ_TOUCH_H

#include <string.h>

#include "ingest/importer.h"

typedef struct touched {
    uint64_t sum;
} touched;

static inline void touch_bytes(touched *t, const void *bytes, size_t size)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i < size; i++)
        t->sum = t->sum * 31 + p[i];
}

static inline void touch_text(touched *t, const char *text)
{
    if (text)
        touch_bytes(t, text, strlen(text));
}

static inline nb_status touch_open(void *user, const nb_table_description *description, nb_error *err)
{
    (void)err;
    touch_text(user, description->benchmark);
    touch_text(user, description->source);
    if (description->archs)
        touch_bytes(user, description->archs, description->rows * sizeof(nb_arch));
    return NB_OK;
}

static inline nb_status touch_trial(void *user, const nb_trial *trial, nb_error *err)
{
    (void)err;
    touch_text(user, trial->dataset);
    touch_text(user, trial->schedule);
    touch_text(user, trial->config.genotype);
    touch_bytes(user, trial->latency, trial->latency_count * sizeof(double));
    for (size_t i = 0; i < trial->eval_name_count; i++)
        touch_text(user, trial->eval_names[i]);
    for (size_t i = 0; i < trial->curve_count; i++) {
        const nb_curve *curve = &trial->curves[i];
        touch_text(user, curve->split);
        touch_bytes(user, curve->values, curve->count * sizeof(double));
        touch_bytes(user, curve->present, curve->present ? curve->count : 0);
    }
    return NB_OK;
}

static inline nb_status touch_order(void *user, uint32_t row, const char *schedule, const char *const *datasets, size_t count,
                                    nb_error *err)
{
    (void)row;
    (void)err;
    touch_text(user, schedule);
    for (size_t i = 0; i < count; i++)
        touch_text(user, datasets[i]);
    return NB_OK;
}

static inline nb_status touch_mark(void *user, uint32_t row, nb_error *err)
{
    (void)err;
    ((touched *)user)->sum += row;
    return NB_OK;
}

/* Gives the stream to one of the importer's readers. */
static inline void touch_import(nb_stream *in, bool csv)
{
    static const nb_import_options plain = {0};
    static const char *const columns[] = {"acc=cifar10/12/ori-test/accuracy", "time=cifar10/12/train/time@3#5"};
    static const nb_import_options mapped = {.columns = columns, .column_count = 2};
    touched t = {0};
    nb_trial_sink sink = {&t, touch_open, touch_trial, touch_order, touch_mark};
    nb_importer importer = {.options = csv ? &mapped : &plain, .sink = &sink, .names = "fuzz"};
    nb_error err;
    if (csv)
        (void)nb_import_csv_stream(&importer, in, &err);
    else
        (void)nb_import_object_stream(&importer, in, "arch-000005-seed-0777.pth", &err);
    nb_importer_free(&importer);
}

#endif
