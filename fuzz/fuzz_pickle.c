/* Any bytes as a pickle: the value is walked through every accessor. */
#include "fuzz.h"

#include "base/pickle.h"

static void walk(nb_pickle_value value, int *steps)
{
    nb_pickle_value key, item;
    size_t count;
    const double *values;
    double sum = 0;
    if (--*steps < 0)
        return;
    const nb_pickle_run *runs = nb_pickle_runs(value, &count, &values);
    for (size_t r = 0; runs && r < count; r++)
        for (uint32_t i = 0; i < runs[r].count; i++)
            sum += values[runs[r].start + i];
    for (size_t i = 0; nb_pickle_entry(value, i, &key, &item); i++) {
        walk(key, steps);
        walk(item, steps);
    }
    bool ordered = value.kind != NB_PICKLE_DICT && value.kind != NB_PICKLE_RECORD;
    for (size_t i = 0; ordered && i < nb_pickle_count(value); i++)
        walk(nb_pickle_item(value, i), steps);
    const char *text = nb_pickle_text(value, &count);
    for (size_t i = 0; i < count; i++)
        sum += text[i];
    const nb_pickle_array *array = nb_pickle_as_array(value);
    for (size_t i = 0; array && i < array->size; i++)
        sum += array->data[i];
    const nb_pickle_tensor *tensor = nb_pickle_as_tensor(value);
    if (tensor)
        sum += (double)tensor->storage->count;
    volatile double kept = sum;
    (void)kept;
}

static nb_status take_item(void *user, int64_t key, nb_pickle_value value, nb_error *err)
{
    (void)key;
    (void)err;
    walk(value, user);
    return NB_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int steps = 10000;
    nb_pickle_options options = {.max_memory = (size_t)16 << 20, .stream_key = "arch2infos", .item = take_item, .user = &steps};
    nb_pickle_value value;
    nb_stream in;
    nb_error err;
    if (nb_stream_over(&in, data, size, "fuzz", &err) != NB_OK)
        return 0;
    if (nb_pickle_read(&in, &options, &value, &err) == NB_OK) {
        walk(value, &steps);
        nb_pickle_drop(value);
    }
    nb_stream_close(&in);
    return 0;
}
