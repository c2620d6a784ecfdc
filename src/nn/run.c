/* Running the instructions of a compiled network. */
#include <string.h>

#include "nn/net_state.h"

/* Where an instruction runs: one block, on one thread. */
typedef struct place {
    int block, thread, live;
} place;

static float *floats_at(const nb_net *net, nb_view view, place at)
{
    return nb_view_floats(net, view, at.block, at.thread);
}

/* Moments of what was just written, from the thread's statistics. */
static void keep_moments(const nb_net *net, int statistics, place at)
{
    const nb_statistics *s = &net->program.statistics[statistics];
    nb_moments *moments = net->moments + (size_t)at.block * net->program.moments_per_block + s->offset;
    net->kernels->moments(net->thread[at.thread].stats, s->channels, at.live, s->pixels, moments);
}

static void do_pack(const nb_net *net, const nb_instruction *do_it, place at)
{
    nb_dims shape = net->graph->ops[do_it->node].shape;
    size_t image = (size_t)shape.channels * (size_t)shape.rows * (size_t)shape.cols;
    const float *images = net->images + (size_t)at.block * NB_LANES * image;
    net->kernels->pack((nb_plane){shape.rows, shape.cols}, shape.channels, at.live, images, image, floats_at(net, do_it->out, at));
}

static void do_conv(const nb_net *net, const nb_instruction *do_it, place at)
{
    const nb_conv *conv = &net->graph->ops[do_it->node].conv;
    const nb_thread_memory *memory = &net->thread[at.thread];
    float *stats = do_it->statistics >= 0 ? memory->stats : NULL;
    net->kernels->conv_forward(conv, floats_at(net, do_it->x, at), net->packed[do_it->node].forward, floats_at(net, do_it->out, at), 0,
                               conv->out.rows, stats, memory->scratch);
    if (stats)
        keep_moments(net, do_it->statistics, at);
}

static const float *parameter_floats(const nb_net *net, int tensor)
{
    return net->params->values + net->params->tensors[tensor].offset;
}

static void do_bias(const nb_net *net, const nb_instruction *do_it, place at)
{
    const nb_op *op = &net->graph->ops[do_it->node];
    net->kernels->add_bias(op->conv.out, op->shape.channels, at.live, parameter_floats(net, op->bias), floats_at(net, do_it->out, at));
}

static void set_terms(const nb_net *net, const nb_instruction *do_it, place at, nb_combine *what)
{
    for (int i = 0; i < do_it->term_count; i++) {
        const nb_program_term *term = &net->program.terms[do_it->first_term + i];
        if (!term->active || term->role == NB_ROLE_CONSTANT)
            continue;
        what->term[what->terms++] =
            (nb_term){.form = term->form, .v = floats_at(net, term->v, at), .gate = floats_at(net, term->gate, at), .scale = term->scale};
    }
}

static void set_dots(const nb_net *net, const nb_instruction *do_it, place at, nb_combine *what)
{
    for (int i = 0; i < do_it->dot_count; i++) {
        const nb_reduction *r = &net->program.reductions[do_it->dots[i]];
        if (net->reduction_active[do_it->dots[i]])
            what->dot[what->dots++] =
                (nb_dot){.v = floats_at(net, r->v, at), .centre = r->norm < 0 ? NULL : net->program.norms[r->norm].centre};
    }
}

static double *sums_of(const nb_net *net, int reduction, int block)
{
    return net->sums + (size_t)block * net->program.sums_per_block + net->program.reductions[reduction].offset;
}

/* Sums over the lanes of what a combine collected; its dots are the active ones in their order. */
static void keep_sums(const nb_net *net, const nb_instruction *do_it, place at, const nb_combine *what)
{
    if (what->sum_lanes)
        net->kernels->sum_lanes(what->sum_lanes, what->channels, sums_of(net, do_it->sum, at.block));
    const float *lanes = what->dot_lanes;
    for (int i = 0; i < do_it->dot_count; i++) {
        if (!net->reduction_active[do_it->dots[i]])
            continue;
        net->kernels->sum_lanes(lanes, what->channels, sums_of(net, do_it->dots[i], at.block));
        lanes += (size_t)what->channels * NB_LANES;
    }
}

static void do_combine(const nb_net *net, const nb_instruction *do_it, place at)
{
    const nb_thread_memory *memory = &net->thread[at.thread];
    nb_combine what;
    what.plane = do_it->plane;
    what.channels = do_it->channels;
    what.live = at.live;
    what.terms = what.dots = 0;
    what.shift = do_it->shift;
    what.out = floats_at(net, do_it->out, at);
    what.relu = do_it->relu_active ? floats_at(net, do_it->relu, at) : NULL;
    what.stats = do_it->statistics >= 0 ? memory->stats : NULL;
    what.sum_lanes = do_it->sum >= 0 && net->reduction_active[do_it->sum] ? memory->sums : NULL;
    what.dot_lanes = memory->sums + (size_t)do_it->channels * NB_LANES;
    set_terms(net, do_it, at, &what);
    set_dots(net, do_it, at, &what);
    net->kernels->combine(&what, 0, do_it->plane.rows);
    if (what.stats)
        keep_moments(net, do_it->statistics, at);
    keep_sums(net, do_it, at, &what);
}

static void do_loss(const nb_net *net, const nb_instruction *do_it, place at)
{
    if (!net->labels)
        return;
    const nb_op *op = &net->graph->ops[do_it->node];
    net->kernels->softmax_cross_entropy(do_it->x.channels, at.live, floats_at(net, do_it->x, at), net->labels + (size_t)at.block * NB_LANES,
                                        (float)op->smoothing, 1.0f / (float)net->count, floats_at(net, do_it->out, at),
                                        &net->losses[at.block]);
}

static void do_conv_weight(const nb_net *net, const nb_instruction *do_it, place at, int chunk, bool first)
{
    const nb_conv *conv = &net->graph->ops[do_it->node].conv;
    float *partial = net->partials + (size_t)chunk * net->program.partial_floats + do_it->partial;
    net->kernels->conv_grad_weight(conv, floats_at(net, do_it->x, at), floats_at(net, do_it->dy, at), partial, !first,
                                   net->thread[at.thread].scratch);
}

static void do_conv_input(const nb_net *net, const nb_instruction *do_it, place at)
{
    const nb_conv *conv = &net->graph->ops[do_it->node].conv;
    net->kernels->conv_grad_input(conv, floats_at(net, do_it->dy, at), net->packed[do_it->node].backward, floats_at(net, do_it->out, at),
                                  do_it->add, net->thread[at.thread].scratch);
}

static void do_pool_gradient(const nb_net *net, const nb_instruction *do_it, place at)
{
    net->kernels->pool_backward(&net->graph->ops[do_it->node].pool, floats_at(net, do_it->x, at), floats_at(net, do_it->y, at),
                                floats_at(net, do_it->dy, at), floats_at(net, do_it->out, at), do_it->add);
}

/* `first`: of the blocks of this chunk. */
static void execute(const nb_net *net, const nb_instruction *do_it, place at, int chunk, bool first)
{
    switch (do_it->kind) {
    case NB_DO_PACK:
        do_pack(net, do_it, at);
        break;
    case NB_DO_CONV:
        do_conv(net, do_it, at);
        break;
    case NB_DO_BIAS:
        do_bias(net, do_it, at);
        break;
    case NB_DO_COMBINE:
        do_combine(net, do_it, at);
        break;
    case NB_DO_POOL:
        net->kernels->pool_forward(&net->graph->ops[do_it->node].pool, floats_at(net, do_it->x, at), floats_at(net, do_it->out, at));
        break;
    case NB_DO_LOSS:
        do_loss(net, do_it, at);
        break;
    case NB_DO_CONV_WEIGHT:
        do_conv_weight(net, do_it, at, chunk, first);
        break;
    case NB_DO_CONV_INPUT:
        do_conv_input(net, do_it, at);
        break;
    case NB_DO_POOL_GRADIENT:
        do_pool_gradient(net, do_it, at);
        break;
    }
}

/* Takes the blocks of one chunk through the phase, one block after the other. */
static void run_chunk(void *user, int chunk, int chunks, int thread)
{
    const nb_net *net = user;
    const nb_program *program = &net->program;
    int begin = chunk * net->blocks / chunks, end = (chunk + 1) * net->blocks / chunks;
    for (int block = begin; block < end; block++) {
        place at = {block, thread, nb_live_lanes(net, block)};
        for (int i = program->phase_begin[net->phase]; i < program->phase_begin[net->phase + 1]; i++) {
            const nb_instruction *do_it = &program->instructions[program->order[i]];
            if (do_it->active)
                execute(net, do_it, at, chunk, block == begin);
        }
    }
}

/* Adds the partial weight gradients of the i-th instruction of the phase to the parameters' gradients, if it has any. */
static void finish_weights(void *user, int i, int parts, int thread)
{
    (void)parts;
    (void)thread;
    const nb_net *net = user;
    const nb_program *program = &net->program;
    const nb_instruction *done = &program->instructions[program->order[program->phase_begin[net->phase] + i]];
    if (done->kind != NB_DO_CONV_WEIGHT || !done->active)
        return;
    const nb_op *op = &net->graph->ops[done->node];
    float *gradient = net->params->gradients + net->params->tensors[op->weight].offset;
    net->kernels->conv_finish_gradient(&op->conv, net->partials + done->partial, program->partial_floats, net->chunks, gradient, true);
}

static void do_jobs(nb_net *net, int phase)
{
    const nb_program *program = &net->program;
    for (int i = program->job_begin[phase + 1]; i < program->job_begin[phase + 2]; i++)
        if (program->jobs[program->job_order[i]].active)
            nb_net_do_job(net, &program->jobs[program->job_order[i]]);
}

/* Returns whether the phase has weight gradients to finish. */
static bool prepare(nb_net *net)
{
    nb_program *program = &net->program;
    bool weights = false;
    for (int i = program->phase_begin[net->phase]; i < program->phase_begin[net->phase + 1]; i++) {
        nb_instruction *instruction = &program->instructions[program->order[i]];
        if (instruction->active && instruction->kind == NB_DO_COMBINE)
            nb_net_fill_scales(net, instruction);
        weights = weights || instruction->kind == NB_DO_CONV_WEIGHT;
    }
    return weights;
}

void nb_net_run_phases(nb_net *net, int begin, int end)
{
    if (begin == 0)
        do_jobs(net, -1);
    for (net->phase = begin; net->phase < end; net->phase++) {
        bool weights = prepare(net);
        nb_workers_run(net->options.threads, run_chunk, net, net->chunks);
        if (weights)
            nb_workers_run(net->options.threads, finish_weights, net,
                           net->program.phase_begin[net->phase + 1] - net->program.phase_begin[net->phase]);
        do_jobs(net, net->phase);
    }
}

static void pack_forward(void *user, int node, int parts, int thread)
{
    (void)parts;
    (void)thread;
    const nb_net *net = user;
    const nb_op *op = &net->graph->ops[node];
    if (net->node_active[node] && net->packed[node].forward)
        net->kernels->conv_pack_forward(&op->conv, parameter_floats(net, op->weight), net->packed[node].forward);
}

static void pack_backward(void *user, int node, int parts, int thread)
{
    (void)parts;
    (void)thread;
    const nb_net *net = user;
    const nb_op *op = &net->graph->ops[node];
    if (net->node_active[node] && net->packed[node].backward)
        net->kernels->conv_pack_backward(&op->conv, parameter_floats(net, op->weight), net->packed[node].backward);
}

void nb_net_pack_weights(nb_net *net, bool backward)
{
    nb_workers_run(net->options.threads, backward ? pack_backward : pack_forward, net, net->graph->op_count);
}
