/* Weights and the state of a training run as a safetensors file.
 *
 *     PyTorch's name            F32 or I64   every parameter and buffer, with PyTorch's shape: what state_dict() holds
 *     training/first/NAME       F32          of each parameter: momentum (SGD, RMSProp) or first moment (Adam)
 *     training/second/NAME      F32          second moment (Adam, RMSProp)
 *     training/steps            I64 [n]      optimiser steps of each tensor, in the order of the state_dict
 *     training/seen             U8  [n]      whether a gradient has reached the tensor
 *     training/random           U64 [k, 4]   the random generators
 *     training/position         I64 [2]      epoch, step in the epoch: both to be done next
 *     training/NAME             F64 [m]      what the caller adds, for example curves
 *     metadata                  strings      what the caller adds, for example the settings of the run
 *
 * A file appears complete or not at all. A run that is resumed from one goes on bit for bit as if it had never stopped. */
#ifndef NB_NN_CHECKPOINT_H
#define NB_NN_CHECKPOINT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/safetensors.h"
#include "nasbench/random.h"
#include "nn/optimiser.h"
#include "nn/params.h"

/* Numbers of the caller, saved and restored under "training/NAME". */
typedef struct nb_checkpoint_array {
    const char *name;
    size_t count;
    double *values;
} nb_checkpoint_array;

/* What is saved, and what is restored into. Everything but `params` may be absent. */
typedef struct nb_checkpoint {
    nb_params *params;
    nb_optimiser *optimiser;
    nb_rng *rngs;
    size_t rng_count;
    int64_t epoch, step; /* with an optimiser */
    nb_checkpoint_array *arrays;
    size_t array_count;
    const nb_st_metadata *metadata; /* settings of the run: loading refuses a file in which one of them has another value */
    size_t metadata_count;
} nb_checkpoint;

nb_status nb_checkpoint_save(const char *path, const nb_checkpoint *checkpoint, nb_error *err);

/* Restores everything that `checkpoint` names; each thing must be in the file with the same shape. Nothing is changed on failure. A
 * checkpoint with an optimiser can be loaded without one (for its weights), not the other way round. */
nb_status nb_checkpoint_load(const char *path, nb_checkpoint *checkpoint, nb_error *err);

#endif
