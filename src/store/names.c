#include "store/names.h"

#include <string.h>

#include "base/error.h"

static const char *const METRICS[NB_METRIC_COUNT] = {"loss", "accuracy", "accuracy5", "time"};
static const char *const FLAVOURS[NB_FLAVOUR_COUNT] = {"aa", "1.0", "1.1", "1.2", "1.3", "2.0", "nats", "101"};

const char *nb_metric_name(nb_metric metric)
{
    return (unsigned)metric < NB_METRIC_COUNT ? METRICS[metric] : NULL;
}

nb_status nb_metric_parse(const char *name, nb_metric *out, nb_error *err)
{
    for (int i = 0; i < NB_METRIC_COUNT; i++) {
        if (strcmp(name, METRICS[i]) == 0) {
            *out = (nb_metric)i;
            return NB_OK;
        }
    }
    return nb_fail(err, NB_ERR_NOT_FOUND, "metric '%s': one of loss, accuracy, accuracy5, time expected", name);
}

const char *nb_flavour_name(nb_flavour flavour)
{
    return (unsigned)flavour < NB_FLAVOUR_COUNT ? FLAVOURS[flavour] : NULL;
}

nb_status nb_flavour_parse(const char *name, nb_flavour *out, nb_error *err)
{
    for (int i = 0; i < NB_FLAVOUR_COUNT; i++) {
        if (strcmp(name, FLAVOURS[i]) == 0) {
            *out = (nb_flavour)i;
            return NB_OK;
        }
    }
    return nb_fail(err, NB_ERR_NOT_FOUND, "flavour '%s': one of aa, 1.0, 1.1, 1.2, 1.3, 2.0, nats, 101 expected", name);
}

const char *nb_schedule_canonical(const char *name)
{
    if (strcmp(name, "less") == 0)
        return "12";
    if (strcmp(name, "full") == 0)
        return "200";
    return name;
}

/* The name as a number of epochs, -1 when it is none. */
static int64_t epochs_of(const char *name)
{
    int64_t epochs = 0;
    for (const char *c = name; *c; c++) {
        if (*c < '0' || *c > '9' || epochs > NB_EPOCHS_MAX)
            return -1;
        epochs = 10 * epochs + (*c - '0');
    }
    return *name ? epochs : -1;
}

int nb_schedule_compare(const char *a, const char *b)
{
    int64_t x = epochs_of(a), y = epochs_of(b);
    if (x != y)
        return (uint64_t)x < (uint64_t)y ? -1 : 1; /* -1 is the largest */
    return strcmp(a, b);
}

bool nb_schedule_same_epochs(const char *a, const char *b)
{
    return epochs_of(a) >= 0 && epochs_of(a) == epochs_of(b);
}
