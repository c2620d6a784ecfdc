/* The formula of nb_flops_seconds, for networks of any shape and any number of images. */
#ifndef NB_SEARCH_TIME_MODEL_H
#define NB_SEARCH_TIME_MODEL_H

#include <stdint.h>

#include "nasbench/space.h"

#include "base/error.h"

/* What is trained, and on how much. */
typedef struct nb_workload {
    nb_shape shape;
    uint32_t epochs;
    double trained, validating; /* images: in each epoch, and in the one pass at the end */
} nb_workload;

nb_status nb_model_seconds(const nb_space *space, const nb_arch *arch, const nb_workload *work, double *seconds, nb_error *err);

#endif
