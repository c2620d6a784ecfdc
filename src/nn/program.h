/* A graph lowered to instructions on one block of 16 images, grouped in phases. Inside a phase a thread takes a block through all of its
 * instructions, one after the other, while the block is in the cache; between phases all threads meet, and what needs the whole batch
 * (the statistics of batch norm, sums of gradients) is finished by one of them.
 *
 *     lower.c   graph -> instructions, storages, jobs
 *     plan.c    which phase each instruction runs in, where each storage lies
 *     net.c     runs them
 *
 * Two things are settled while lowering. Values that are sums of scaled tensors (batch norm, add, mix, the 3x3 average) are not computed on
 * their own: they stay lists of terms until somebody needs the tensor, and then one combine instruction writes it. And gradients are lists
 * of contributions likewise. */
#ifndef NB_NN_PROGRAM_H
#define NB_NN_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "nn/graph.h"
#include "nn/kernels.h"

/* Memory of one tensor: for every block of the batch, or, when nothing outside one phase uses it, for one block per thread. A storage
 * with a parent is a range of channels of that one (a part of a concat). */
typedef struct nb_storage {
    int channels;
    nb_plane plane;
    int parent, parent_first;
    bool keep;    /* to be read after the run */
    int producer; /* the combine instruction that alone writes all of it, or -1 */
    /* Set by the planner, in floats; of a child too. */
    bool local;
    size_t offset;       /* of block 0 in the arena, or in each thread's part of it */
    size_t block_stride; /* 0 when local */
} nb_storage;

/* Channels [first, first + channels) of a storage. storage -1: none. */
typedef struct nb_view {
    int storage, first, channels;
} nb_view;
static const nb_view nb_no_view = {-1, 0, 0};

/* Where the scale of a term, and its share of the shift, come from. */
typedef enum nb_role {
    NB_ROLE_VALUE,           /* the edge weight alone, or 1 */
    NB_ROLE_CONSTANT,        /* no tensor: edge weight * value goes into the shift */
    NB_ROLE_NORM,            /* forward batch norm of its input */
    NB_ROLE_NORM_GRADIENT,   /* batch norm's backward step: its part that is a multiple of the gradient */
    NB_ROLE_NORM_CORRECTION, /* ... and the part that is a multiple of the input, with the shift */
} nb_role;

typedef struct nb_program_term {
    nb_term_form form;
    nb_view v, gate;
    nb_role role;
    int norm;       /* roles of batch norm */
    int norm_first; /* the norm's channel that belongs to the instruction's channel 0 */
    int edge;       /* edge weight, or -1 */
    float value;    /* of a constant */
    float *scale;
    bool active;
} nb_program_term;

typedef enum nb_instruction_kind {
    NB_DO_PACK,          /* images -> out */
    NB_DO_CONV,          /* x -> out */
    NB_DO_BIAS,          /* out += bias */
    NB_DO_COMBINE,       /* terms -> out, relu, sums */
    NB_DO_POOL,          /* x -> out */
    NB_DO_LOSS,          /* x -> loss, out = gradient of x */
    NB_DO_CONV_WEIGHT,   /* x, dy -> partial weight gradient */
    NB_DO_CONV_INPUT,    /* dy -> out, written or added */
    NB_DO_POOL_GRADIENT, /* x, y, dy -> out, written or added */
} nb_instruction_kind;

typedef struct nb_instruction {
    nb_instruction_kind kind;
    nb_node node; /* whose work it is */
    bool backward;
    nb_view x, y, dy, out;
    /* Combine. */
    int channels;
    nb_plane plane;
    nb_view relu;
    nb_node relu_node;
    int first_term, term_count;
    int statistics;        /* also of a convolution: of out, or -1 */
    int sum;               /* reduction, or -1 */
    int dots[NB_MAX_DOTS]; /* reductions */
    int dot_count;
    /* Set by the planner. */
    int phase;
    float *shift;       /* [channels], NULL when no term has one */
    double *shift_sums; /* the same before rounding */
    size_t partial;     /* NB_DO_CONV_WEIGHT: floats into the region of partial gradients */
    /* Set by every change of the active edges. */
    bool active, relu_active, add;
} nb_instruction;

/* Moments of a tensor, per block, finished at the end of the phase that produces them. */
typedef struct nb_statistics {
    int instruction;
    int channels, pixels;
    size_t offset; /* of block 0's moments */
} nb_statistics;

/* sum over a tensor of G, or of G * (v - centre), where G is what the instruction writes. One double per block and channel. */
typedef struct nb_reduction {
    int instruction;
    nb_view v; /* storage -1: the plain sum */
    int norm;  /* whose mean is the centre, or -1 */
    int channels;
    size_t offset; /* of block 0's sums */
} nb_reduction;

/* One batch norm. */
typedef struct nb_norm {
    nb_node node;
    nb_view x;
    int channels;
    bool of_batch;                   /* uses the statistics of the batch */
    int statistics;                  /* -1 with running statistics */
    int conv_bias;                   /* parameter of the convolution in front, left out there because here it only moves the mean; or -1 */
    int sum, dot;                    /* reductions over the gradient of its result, -1 without gradients */
    int edge;                        /* the edge weight to multiply those with, or -1 */
    double *mean, *inverse;          /* of x as stored (without conv_bias), [channels]; 1 / sqrt(variance + eps) */
    double *gradient, *gradient_dot; /* mean of the gradient, and of its product with the normalised x, [channels] */
    float *centre;                   /* mean */
} nb_norm;

typedef enum nb_job_kind {
    NB_JOB_NORM,          /* statistics -> mean, inverse, running statistics */
    NB_JOB_NORM_GRADIENT, /* reductions -> gradient, gradient_dot, the gradients of weight and bias */
    NB_JOB_EDGE_DOT,      /* edge gradient += sum of a reduction */
    NB_JOB_EDGE_NORM,     /* edge gradient += <G, batch norm's result> */
    NB_JOB_BIAS           /* gradient of a convolution's bias = a reduction */
} nb_job_kind;

/* Work on numbers of the whole batch, done by one thread at the end of a phase (-1: before the first). */
typedef struct nb_job {
    nb_job_kind kind;
    nb_node node;
    int norm;
    int reduction, sum; /* reductions: the product and, for batch norm, the plain sum */
    int edge;
    float value; /* NB_JOB_EDGE_DOT: factor */
    int phase;
    bool active;
} nb_job;

typedef struct nb_program {
    const nb_graph *graph;
    int instruction_count, term_count, storage_count, statistic_count, reduction_count, norm_count, job_count;
    int instruction_capacity, term_capacity, storage_capacity, statistic_capacity, reduction_capacity, norm_capacity, job_capacity;
    nb_instruction *instructions; /* as emitted: every operand before its users */
    nb_program_term *terms;
    nb_storage *storages;
    nb_statistics *statistics;
    nb_reduction *reductions;
    nb_norm *norms;
    nb_job *jobs;
    nb_view *kept; /* [nodes]: where a kept node can be read */
    nb_view input_gradient;
    bool *needed; /* [nodes]: the loss or a kept node depends on it */

    /* Set by the planner. */
    int *order; /* instructions by phase */
    int forward_phases, phases;
    int *phase_begin;                         /* [phases + 1], into order */
    int *job_order, *job_begin;               /* jobs by phase: those of phase p start at job_begin[p + 1], [phases + 2] */
    size_t arena_floats, local_floats;        /* shared storages; local ones of one thread */
    size_t moments_per_block, sums_per_block; /* nb_moments and doubles */
    size_t partial_floats;                    /* partial weight gradients of the largest phase, for one chunk */
} nb_program;

void nb_program_free(nb_program *program);

/* The compiler's second half: phases, places in memory. `blocks` is the largest number of blocks of a run. */
nb_status nb_plan(nb_program *program, int blocks, nb_error *err);

/* The storage without a parent that `view` lies in, as a view of it. */
nb_view nb_root_view(const nb_program *program, nb_view view);

/* Calls `visit` for every tensor that an instruction reads and writes. */
typedef void (*nb_access)(void *user, nb_view view, bool writes);
void nb_program_accesses(const nb_program *program, const nb_instruction *instruction, nb_access visit, void *user);

#endif
