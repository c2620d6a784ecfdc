/* A sink that keeps nothing but reads every byte it is given, so that a wrong pointer or length shows. */
#ifndef NB_FUZZ_TOUCH_H
#define NB_FUZZ_TOUCH_H

#include <stdlib.h>
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

static inline nb_status touch_points(void *user, nb_point_setup *setup, nb_error *err)
{
    (void)err;
    touch_text(user, setup->dataset);
    touch_text(user, setup->schedule);
    for (uint32_t i = 0; i <= nb_point_total(setup->split_count, setup->points); i++) {
        for (size_t k = 0; k < setup->columns[i].size; k++) {
            double number = nb_column_get(&setup->columns[i], k);
            touch_bytes(user, &number, sizeof number);
        }
        nb_column_free(&setup->columns[i]);
    }
    free(setup->columns);
    setup->columns = NULL;
    return NB_OK;
}

static inline nb_status touch_facts(void *user, const nb_row_facts *facts, nb_error *err)
{
    (void)user;
    (void)err;
    free(facts->order);
    free(facts->params);
    free(facts->flops);
    return NB_OK;
}

/* Gives the stream to one of the importer's readers. */
typedef enum touch_reader { TOUCH_OBJECTS, TOUCH_CSV, TOUCH_TFRECORD } touch_reader;

static inline void touch_import(nb_stream *in, touch_reader reader)
{
    static const nb_import_options plain = {0};
    static const char *const columns[] = {"acc=cifar10/12/ori-test/accuracy", "time=cifar10/12/train/time@3#5"};
    static const nb_import_options mapped = {.columns = columns, .column_count = 2};
    touched t = {0};
    nb_trial_sink sink = {.user = &t,
                          .open = touch_open,
                          .trial = touch_trial,
                          .order = touch_order,
                          .mark = touch_mark,
                          .points = touch_points,
                          .facts = touch_facts};
    nb_importer importer = {.options = reader == TOUCH_CSV ? &mapped : &plain, .sink = &sink, .names = "fuzz"};
    nb_error err;
    if (reader == TOUCH_CSV)
        (void)nb_import_csv_stream(&importer, in, &err);
    else if (reader == TOUCH_TFRECORD)
        (void)(nb_import_tfrecord_stream(&importer, in, &err) == NB_OK && nb_importer_finish101(&importer, &err) == NB_OK);
    else
        (void)nb_import_object_stream(&importer, in, "arch-000005-seed-0777.pth", &err);
    nb_importer_free(&importer);
}

#endif
