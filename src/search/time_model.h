/* The formula of nb_flops_seconds, for any number of images. */
#ifndef NB_SEARCH_TIME_MODEL_H
#define NB_SEARCH_TIME_MODEL_H

#include <stdint.h>

/* Seconds of `epochs` epochs on `trained` images each and one pass over `validating` images; `flops` in millions per image. */
double nb_model_seconds(double flops, uint32_t epochs, double trained, double validating);

#endif
