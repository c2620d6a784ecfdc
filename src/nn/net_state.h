/* What a compiled network is made of, for the files that run it: net.c (life and memory), run.c (instructions), batch.c (numbers of the
 * whole batch). */
#ifndef NB_NN_NET_STATE_H
#define NB_NN_NET_STATE_H

#include "nn/net.h"
#include "nn/ops.h"
#include "nn/program.h"

/* A block range that one thread takes through a phase. Weight gradients are summed up per chunk and the chunks in their order, so the
 * number of chunks depends on the batch alone and never on the number of threads. */
#define NB_MAX_CHUNKS 8

/* Memory of one thread, in floats from `base`. */
typedef struct nb_thread_memory {
    float *local;   /* its block of every local storage */
    float *scratch; /* for the convolution kernels */
    float *stats;   /* [channels][3][16] */
    float *sums;    /* [1 + dots][channels][16] */
} nb_thread_memory;

typedef struct nb_packed {
    float *forward, *backward; /* NULL where the direction is not needed */
} nb_packed;

struct nb_net {
    nb_program program;
    nb_graph *graph; /* the operators, a copy */
    nb_params *params;
    nb_net_options options;
    const nb_kernels *kernels;
    int threads, max_blocks;

    void *memory; /* everything below that is an array of numbers lies in here */
    size_t memory_size;
    float *arena;
    nb_thread_memory *thread; /* [threads] */
    nb_packed *packed;        /* [nodes] */
    float *partials;          /* [chunks][program.partial_floats] */
    nb_moments *moments;      /* [blocks][program.moments_per_block] */
    double *sums;             /* [blocks][program.sums_per_block] */
    nb_block_loss *losses;    /* [blocks] */
    float *edge_weights;
    double *edge_gradients;

    bool *edge_active;
    bool *node_active;      /* [nodes] computed in this configuration */
    bool *node_reached;     /* [nodes] as PyTorch sees it: a gradient, perhaps of zeros, comes back to it */
    bool *storage_live;     /* [storages] written in this configuration */
    bool *reduction_active; /* [reductions] */

    /* The run. */
    const float *images;
    const int32_t *labels;
    int count, blocks, chunks;
    int phase;
};

/* Images in block `block` of the running batch. */
static inline int nb_live_lanes(const nb_net *net, int block)
{
    int left = net->count - block * NB_LANES;
    return left < NB_LANES ? left : NB_LANES;
}

/* Channel 0 of the view in `block`, as thread `thread` sees it; NULL for no view. */
static inline float *nb_view_floats(const nb_net *net, nb_view view, int block, int thread)
{
    if (view.storage < 0)
        return NULL;
    const nb_storage *storage = &net->program.storages[view.storage];
    float *base = storage->local ? net->thread[thread].local : net->arena;
    return base + storage->offset + (size_t)block * storage->block_stride + (size_t)view.first * nb_plane_floats(storage->plane);
}

/* batch.c: scales and shifts of a combine instruction; a job of the program. */
void nb_net_fill_scales(nb_net *net, nb_instruction *instruction);
void nb_net_do_job(nb_net *net, const nb_job *job);

/* run.c: one phase, with what comes before and after it. */
void nb_net_run_phases(nb_net *net, int begin, int end);
void nb_net_pack_weights(nb_net *net, bool backward);

#endif
