/* Files of NDS: JSON arrays (or objects of the arrays `top` and `mid`) of training runs, read one by one. */
#ifndef NB_INGEST_NDS_RUN_H
#define NB_INGEST_NDS_RUN_H

#include "base/error.h"
#include "base/progress.h"
#include "base/stream.h"
#include "nasbench/nds.h"

/* One run. Specifications are texts in NNI's spelling; errors are percent, by epoch. Everything is valid during the call only. */
typedef struct nb_nds_run {
    nb_nds_family family;
    const char *model_spec, *cell_spec;
    double base_lr, weight_decay;
    int64_t num_epochs, seed;
    double params, flops; /* as counted, not in millions */
    double iter_time;
    const double *train_error, *test_error; /* [num_epochs] */
    const double *train_loss;               /* [loss_count >= num_epochs]; NaN where it diverged */
    size_t loss_count;
} nb_nds_run;

typedef nb_status nb_nds_take_run(void *user, const nb_nds_run *run, nb_error *err);

/* Reads a file. Errors name the file, the place in it and the run. */
nb_status nb_nds_read(nb_stream *in, nb_nds_take_run *take, void *user, const nb_progress *progress, nb_error *err);

#endif
