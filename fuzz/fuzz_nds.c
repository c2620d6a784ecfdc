/* Any bytes as a file of NDS. */
#include "fuzz.h"

#include <string.h>

#include "ingest/nds_run.h"

/* Reads every byte that a run points to. */
static nb_status touch_run(void *user, const nb_nds_run *run, nb_error *err)
{
    double *sum = user;
    nb_nds_network network;
    (void)err;
    *sum += (double)strlen(run->model_spec) + (double)strlen(run->cell_spec) + run->base_lr + run->weight_decay + run->params + run->flops;
    for (int64_t i = 0; i < run->num_epochs; i++)
        *sum += run->train_error[i] + run->test_error[i];
    for (size_t i = 0; i < run->loss_count; i++)
        *sum += run->train_loss[i];
    if (nb_nds_network_parse(run->family, run->model_spec, run->cell_spec, &network, NULL) == NB_OK)
        *sum += network.stages + network.normal.nodes;
    return NB_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nb_stream in;
    double sum = 0;
    if (nb_stream_over(&in, data, size, "fuzz", NULL) != NB_OK)
        return 0;
    (void)nb_nds_read(&in, touch_run, &sum, NULL, NULL);
    nb_stream_close(&in);
    return 0;
}
