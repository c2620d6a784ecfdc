/* Seconds for tables that have none, from multiply-accumulates. docs/searches.md derives the numbers. */
#include <string.h>

#include "search/time_model.h"

#include "nasbench/objective.h"

#include "base/error.h"

static const double fixed_seconds = 6.114;       /* per 25,000 images */
static const double seconds_per_mflop = 0.05103; /* likewise, for each million multiply-accumulates of one CIFAR-10 image */
static const double images_unit = 25000;
static const double validation_share = 1.0 / 3; /* of an image that is only looked at, compared with one that is trained on */

/* Images that are trained on and that validate, per dataset of the benchmark. */
static const struct {
    const char *dataset;
    double trained, validating;
} image_counts[] = {
    {"cifar10-valid", 25000, 25000},  {"cifar10", 50000, 10000},       {"cifar100", 50000, 5000},
    {"ImageNet16-120", 151700, 3000}, {"fashion-mnist", 60000, 10000}, {"mnist", 60000, 10000},
};
enum { DATASETS = sizeof image_counts / sizeof *image_counts };

nb_status nb_model_seconds(const nb_space *space, const nb_arch *arch, const nb_workload *work, double *seconds, nb_error *err)
{
    nb_costs costs;
    NB_TRY(nb_space_costs(space, arch, &work->shape, &costs, err));
    const double macs = nb_space_get_id(space) == NB_SPACE_GRAPH ? costs.flops / 2 : costs.flops; /* it counts operations */
    const double unit = fixed_seconds + seconds_per_mflop * macs;
    *seconds = unit * (work->epochs * work->trained + validation_share * work->validating) / images_unit;
    return NB_OK;
}

nb_status nb_flops_seconds(const nb_space *space, const nb_arch *arch, const char *dataset, uint32_t epochs, double *seconds, nb_error *err)
{
    for (size_t i = 0; i < DATASETS; i++) {
        if (strcmp(dataset, image_counts[i].dataset) != 0)
            continue;
        nb_workload work = {.epochs = epochs, .trained = image_counts[i].trained, .validating = image_counts[i].validating};
        NB_TRY(nb_space_shape(space, "cifar10", &work.shape, err));
        return nb_model_seconds(space, arch, &work, seconds, err);
    }
    return nb_fail(err, NB_ERR_NOT_FOUND,
                   "dataset '%s': no time from FLOPs: cifar10-valid, cifar10, cifar100, ImageNet16-120, fashion-mnist or mnist expected",
                   dataset);
}
