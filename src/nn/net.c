#include "nn/net.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "nn/lower.h"
#include "nn/net_state.h"

/* ---------------------------------------------------------------- memory */

/* Places arrays one behind the other; with base NULL it only counts. */
typedef struct carver {
    char *base;
    size_t used;
} carver;

enum { LINE = 64, HUGE_PAGE = 2 << 20 };

static void *carve(carver *from, size_t count, size_t size)
{
    void *at = from->base ? from->base + from->used : NULL;
    from->used += (count * size + LINE - 1) / LINE * LINE;
    return at;
}

static float *carve_floats(carver *from, size_t count)
{
    return carve(from, count, sizeof(float));
}

/* The packed weights that the instructions of the program use, and the largest scratch of a convolution. */
static size_t carve_weights(nb_net *net, carver *from)
{
    size_t scratch = 0;
    for (int i = 0; i < net->program.instruction_count; i++) {
        const nb_instruction *instruction = &net->program.instructions[i];
        const nb_conv *conv = &net->graph->ops[instruction->node].conv;
        nb_packed *packed = &net->packed[instruction->node];
        if (instruction->kind == NB_DO_CONV)
            packed->forward = carve_floats(from, net->kernels->conv_forward_weights(conv));
        else if (instruction->kind == NB_DO_CONV_INPUT)
            packed->backward = carve_floats(from, net->kernels->conv_backward_weights(conv));
        else if (instruction->kind != NB_DO_CONV_WEIGHT)
            continue;
        size_t wanted = net->kernels->conv_scratch(conv);
        scratch = wanted > scratch ? wanted : scratch;
    }
    return scratch;
}

/* Partial weight gradients: those of one phase lie side by side, and every phase uses the same memory. */
static void place_partials(nb_net *net)
{
    nb_program *program = &net->program;
    for (int phase = program->forward_phases; phase < program->phases; phase++) {
        size_t used = 0;
        for (int i = program->phase_begin[phase]; i < program->phase_begin[phase + 1]; i++) {
            nb_instruction *instruction = &program->instructions[program->order[i]];
            if (instruction->kind != NB_DO_CONV_WEIGHT)
                continue;
            instruction->partial = used;
            size_t floats = net->kernels->conv_partial_gradient(&net->graph->ops[instruction->node].conv);
            used += (floats + NB_LANES - 1) / NB_LANES * NB_LANES;
        }
        program->partial_floats = used > program->partial_floats ? used : program->partial_floats;
    }
}

/* Scales, shifts and statistics of batch norm. */
static void carve_numbers(nb_net *net, carver *from)
{
    nb_program *program = &net->program;
    for (int i = 0; i < program->norm_count; i++) {
        nb_norm *norm = &program->norms[i];
        size_t channels = (size_t)norm->channels;
        norm->mean = carve(from, channels, sizeof(double));
        norm->inverse = carve(from, channels, sizeof(double));
        norm->gradient = carve(from, channels, sizeof(double));
        norm->gradient_dot = carve(from, channels, sizeof(double));
        norm->centre = carve_floats(from, channels);
    }
    for (int i = 0; i < program->instruction_count; i++) {
        nb_instruction *instruction = &program->instructions[i];
        bool shifted = false;
        for (int t = 0; t < instruction->term_count; t++) {
            nb_program_term *term = &program->terms[instruction->first_term + t];
            bool scaled = term->edge >= 0 || term->role != NB_ROLE_VALUE;
            term->scale = scaled ? carve_floats(from, (size_t)instruction->channels) : NULL;
            shifted = shifted || (term->role != NB_ROLE_VALUE && term->role != NB_ROLE_NORM_GRADIENT);
        }
        instruction->shift = shifted ? carve_floats(from, (size_t)instruction->channels) : NULL;
        instruction->shift_sums = shifted ? carve(from, (size_t)instruction->channels, sizeof(double)) : NULL;
    }
}

static size_t most_channels(const nb_net *net)
{
    int most = 1;
    for (int i = 0; i < net->graph->op_count; i++)
        most = net->graph->ops[i].shape.channels > most ? net->graph->ops[i].shape.channels : most;
    return (size_t)most;
}

static void carve_all(nb_net *net, carver *from)
{
    const nb_program *program = &net->program;
    size_t blocks = (size_t)net->max_blocks, channels = most_channels(net), edges = (size_t)net->graph->edge_weights;
    size_t chunks = blocks < NB_MAX_CHUNKS ? blocks : NB_MAX_CHUNKS;
    net->arena = carve_floats(from, program->arena_floats);
    size_t scratch = carve_weights(net, from);
    for (int t = 0; t < net->threads; t++) {
        net->thread[t].local = carve_floats(from, program->local_floats);
        net->thread[t].scratch = carve_floats(from, scratch);
        net->thread[t].stats = carve_floats(from, channels * NB_STATS_FLOATS);
        net->thread[t].sums = carve_floats(from, channels * (1 + NB_MAX_DOTS) * NB_LANES);
    }
    net->partials = carve_floats(from, chunks * program->partial_floats);
    net->moments = carve(from, blocks * program->moments_per_block, sizeof *net->moments);
    net->sums = carve(from, blocks * program->sums_per_block, sizeof *net->sums);
    net->losses = carve(from, blocks, sizeof *net->losses);
    net->edge_weights = carve_floats(from, edges);
    net->edge_gradients = carve(from, edges, sizeof *net->edge_gradients);
    carve_numbers(net, from);
}

/* All numbers in one piece of zeroed memory, in large pages where the system has them: the planes of a tensor are far apart, and with small
 * pages the translation of addresses alone would cost a good part of the time. */
static nb_status allocate_numbers(nb_net *net, nb_error *err)
{
    place_partials(net);
    carver count = {NULL, 0};
    carve_all(net, &count);
    net->memory_size = (count.used + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE + HUGE_PAGE;
    net->memory = mmap(NULL, net->memory_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (net->memory == MAP_FAILED) {
        net->memory = NULL;
        return nb_fail(err, NB_ERR_MEMORY, "network: no memory for %zu MB of activations", net->memory_size >> 20);
    }
    madvise(net->memory, net->memory_size, MADV_HUGEPAGE);
    size_t misaligned = (uintptr_t)net->memory % HUGE_PAGE;
    carver from = {(char *)net->memory + (misaligned ? HUGE_PAGE - misaligned : 0), 0};
    carve_all(net, &from);
    return NB_OK;
}

/* ---------------------------------------------------------------- life */

static nb_status allocate_flags(nb_net *net, nb_error *err)
{
    size_t nodes = (size_t)net->graph->op_count + 1, edges = (size_t)net->graph->edge_weights + 1;
    net->thread = calloc((size_t)net->threads, sizeof *net->thread);
    net->packed = calloc(nodes, sizeof *net->packed);
    net->edge_active = calloc(edges, sizeof *net->edge_active);
    net->node_active = calloc(nodes, sizeof *net->node_active);
    net->node_reached = calloc(nodes, sizeof *net->node_reached);
    net->storage_live = calloc((size_t)net->program.storage_count + 1, sizeof *net->storage_live);
    net->reduction_active = calloc((size_t)net->program.reduction_count + 1, sizeof *net->reduction_active);
    if (!net->thread || !net->packed || !net->edge_active || !net->node_active || !net->node_reached || !net->storage_live ||
        !net->reduction_active)
        return nb_fail(err, NB_ERR_MEMORY, "network: no memory to compile %d operators", net->graph->op_count);
    return NB_OK;
}

static nb_status check_options(const nb_graph *graph, const nb_net_options *options, nb_error *err)
{
    NB_TRY(nb_graph_status(graph, err));
    if (graph->input == NB_NO_NODE)
        return nb_fail(err, NB_ERR_ARGUMENT, "network: it has no input");
    if (options->gradients && graph->loss == NB_NO_NODE)
        return nb_fail(err, NB_ERR_ARGUMENT, "network: gradients are wanted, but it has no loss");
    if (options->batch < 1 || options->batch > 1 << 20)
        return nb_fail(err, NB_ERR_ARGUMENT, "network: batch of %d images; expected 1 to %d", options->batch, 1 << 20);
    return NB_OK;
}

static nb_status build(nb_net *net, const nb_graph *graph, nb_error *err)
{
    NB_TRY(check_options(graph, &net->options, err));
    net->graph = nb_graph_copy_ops(graph);
    if (!net->graph)
        return nb_fail(err, NB_ERR_MEMORY, "network: no memory for a copy of %d operators", graph->op_count);
    NB_TRY(nb_lower(net->graph, &net->options, &net->program, err));
    NB_TRY(nb_plan(&net->program, net->max_blocks, err));
    NB_TRY(allocate_flags(net, err));
    NB_TRY(allocate_numbers(net, err));
    for (int i = 0; i < net->graph->edge_weights; i++)
        net->edge_weights[i] = 1;
    nb_net_set_active(net, NULL);
    return NB_OK;
}

nb_status nb_net_compile(const nb_graph *graph, nb_params *params, const nb_net_options *options, nb_net **out, nb_error *err)
{
    nb_net *net = calloc(1, sizeof *net);
    if (!net)
        return nb_fail(err, NB_ERR_MEMORY, "network: no memory");
    net->options = *options;
    net->params = params;
    net->kernels = options->kernels ? options->kernels : nb_kernels_best();
    net->threads = nb_workers_count(options->threads);
    net->max_blocks = (options->batch + NB_LANES - 1) / NB_LANES;
    nb_status status = build(net, graph, err);
    if (status != NB_OK) {
        nb_net_free(net);
        return status;
    }
    *out = net;
    return NB_OK;
}

void nb_net_free(nb_net *net)
{
    if (!net)
        return;
    if (net->memory)
        munmap(net->memory, net->memory_size);
    nb_program_free(&net->program);
    nb_graph_free(net->graph);
    free(net->thread);
    free(net->packed);
    free(net->edge_active);
    free(net->node_active);
    free(net->node_reached);
    free(net->storage_live);
    free(net->reduction_active);
    free(net);
}

void nb_net_bind(nb_net *net, nb_params *params)
{
    net->params = params;
}

size_t nb_net_memory(const nb_net *net)
{
    return net->memory_size;
}

/* ---------------------------------------------------------------- what is computed */

static bool edge_on(const nb_net *net, int edge)
{
    return edge < 0 || net->edge_active[edge];
}

/* Marks what the loss and the kept nodes depend on through active edges. `reached` passes zeros too: PyTorch multiplies by 0 there, so a
 * gradient of zeros comes back. */
static void mark_nodes(nb_net *net)
{
    const nb_graph *graph = net->graph;
    for (nb_node i = 0; i < graph->op_count; i++) {
        net->node_active[i] = i == graph->loss || graph->ops[i].keep;
        net->node_reached[i] = i == graph->loss;
    }
    for (nb_node i = graph->op_count - 1; i >= 0; i--) {
        const nb_op *op = &graph->ops[i];
        bool reads = op->kind != NB_OP_ZERO && op->kind != NB_OP_CONSTANT;
        for (int k = 0; k < op->input_count; k++) {
            bool on = op->kind != NB_OP_MIX || net->edge_active[op->first + k];
            nb_node input = op->inputs[k];
            net->node_active[input] = net->node_active[input] || (on && reads && net->node_active[i]);
            net->node_reached[input] = net->node_reached[input] || (on && net->node_reached[i]);
        }
    }
}

static bool is_live(const nb_net *net, nb_view view)
{
    return view.storage >= 0 && net->storage_live[view.storage];
}

static void mark_written(nb_net *net, nb_view view)
{
    if (view.storage < 0)
        return;
    net->storage_live[view.storage] = true;
    net->storage_live[nb_root_view(&net->program, view).storage] = true;
}

static void settle_terms(nb_net *net, const nb_instruction *instruction)
{
    for (int i = 0; i < instruction->term_count; i++) {
        nb_program_term *term = &net->program.terms[instruction->first_term + i];
        const nb_norm *norm = term->norm < 0 ? NULL : &net->program.norms[term->norm];
        term->active = edge_on(net, term->edge) && (term->role == NB_ROLE_CONSTANT || is_live(net, term->v)) &&
                       (!norm || net->node_active[norm->node]);
    }
}

/* In the order of execution: an instruction is active when its node is and there is a gradient for it; the first that is writes a shared
 * result and the others add to it. */
static void settle_instruction(nb_net *net, nb_instruction *instruction)
{
    instruction->active = net->node_active[instruction->node];
    if (instruction->dy.storage >= 0)
        instruction->active = instruction->active && is_live(net, instruction->dy);
    if (!instruction->active)
        return;
    instruction->add =
        (instruction->kind == NB_DO_CONV_INPUT || instruction->kind == NB_DO_POOL_GRADIENT) && is_live(net, instruction->out);
    instruction->relu_active = instruction->relu_node >= 0 && net->node_active[instruction->relu_node];
    settle_terms(net, instruction);
    mark_written(net, instruction->out);
    if (instruction->relu_active)
        mark_written(net, instruction->relu);
}

/* A product with the output of a norm or an operand needs that tensor; an instruction that isn't run gives no sums. */
static bool reduction_exists(const nb_net *net, int reduction)
{
    if (reduction < 0)
        return true;
    const nb_reduction *r = &net->program.reductions[reduction];
    return net->program.instructions[r->instruction].active && (r->v.storage < 0 || is_live(net, r->v));
}

static void settle_jobs(nb_net *net)
{
    nb_program *program = &net->program;
    memset(net->reduction_active, 0, (size_t)program->reduction_count * sizeof *net->reduction_active);
    for (int i = 0; i < program->job_count; i++) {
        nb_job *job = &program->jobs[i];
        const nb_norm *norm = job->norm < 0 ? NULL : &program->norms[job->norm];
        job->active = net->node_active[job->node] && edge_on(net, job->edge) && (!norm || net->node_active[norm->node]) &&
                      reduction_exists(net, job->reduction) && reduction_exists(net, job->sum);
        if (job->active && job->reduction >= 0)
            net->reduction_active[job->reduction] = true;
        if (job->active && job->sum >= 0)
            net->reduction_active[job->sum] = true;
    }
}

void nb_net_set_active(nb_net *net, const bool *active)
{
    nb_program *program = &net->program;
    for (int i = 0; i < net->graph->edge_weights; i++)
        net->edge_active[i] = !active || active[i];
    mark_nodes(net);
    memset(net->storage_live, 0, (size_t)program->storage_count * sizeof *net->storage_live);
    for (int i = 0; i < program->instruction_count; i++)
        settle_instruction(net, &program->instructions[program->order[i]]);
    settle_jobs(net);
}

/* ---------------------------------------------------------------- running */

static nb_status check_labels(const nb_net *net, const int32_t *labels, int count, nb_error *err)
{
    int classes = net->graph->ops[net->graph->ops[net->graph->loss].inputs[0]].shape.channels;
    for (int i = 0; i < count; i++)
        if (labels[i] < 0 || labels[i] >= classes)
            return nb_fail(err, NB_ERR_ARGUMENT, "image %d of the batch: label %d, expected 0 to %d", i, (int)labels[i], classes - 1);
    return NB_OK;
}

/* The blocks' losses in their order. */
static nb_net_result merged_losses(const nb_net *net)
{
    nb_net_result result = {.images = net->count};
    for (int b = 0; b < net->blocks; b++) {
        result.loss += net->losses[b].loss / net->count;
        result.top1 += net->losses[b].top1;
        result.top5 += net->losses[b].top5;
    }
    return result;
}

nb_status nb_net_forward(nb_net *net, const float *images, const int32_t *labels, int count, nb_net_result *result, nb_error *err)
{
    if (count < 1 || count > net->options.batch)
        return nb_fail(err, NB_ERR_ARGUMENT, "%d images; the network is compiled for 1 to %d", count, net->options.batch);
    const bool loss = labels && net->graph->loss != NB_NO_NODE;
    if (loss)
        NB_TRY(check_labels(net, labels, count, err));
    net->images = images;
    net->labels = loss ? labels : NULL;
    net->count = count;
    net->blocks = (count + NB_LANES - 1) / NB_LANES;
    net->chunks = net->blocks < NB_MAX_CHUNKS ? net->blocks : NB_MAX_CHUNKS;
    nb_net_pack_weights(net, false);
    nb_net_run_phases(net, 0, net->program.forward_phases);
    if (!loss)
        return NB_OK;
    nb_net_result merged = merged_losses(net);
    if (result)
        *result = merged;
    if (!isfinite(merged.loss))
        return nb_fail(err, NB_ERR_NUMERIC, "the loss is %s", isnan(merged.loss) ? "not a number" : "infinite");
    return NB_OK;
}

/* The parameters that a gradient came back to, be it of zeros. */
static void mark_seen(nb_net *net)
{
    nb_tensor *tensors = net->params->tensors;
    for (nb_node i = 0; i < net->graph->op_count; i++) {
        const nb_op *op = &net->graph->ops[i];
        if (!net->node_reached[i])
            continue;
        if (op->weight >= 0)
            tensors[op->weight].seen = true;
        if (op->bias >= 0)
            tensors[op->bias].seen = true;
    }
}

void nb_net_backward(nb_net *net, bool accumulate)
{
    if (!accumulate)
        memset(net->params->gradients, 0, net->params->size * sizeof *net->params->gradients);
    memset(net->edge_gradients, 0, (size_t)net->graph->edge_weights * sizeof *net->edge_gradients);
    if (!net->options.gradients || !net->labels)
        return;
    nb_net_pack_weights(net, true);
    nb_net_run_phases(net, net->program.forward_phases, net->program.phases);
    mark_seen(net);
    net->labels = NULL; /* the activations are used up: their memory has held gradients since */
}

nb_status nb_net_step(nb_net *net, const float *images, const int32_t *labels, int count, nb_net_result *result, nb_error *err)
{
    NB_TRY(nb_net_forward(net, images, labels, count, result, err));
    nb_net_backward(net, false);
    return NB_OK;
}

float *nb_net_edge_weights(nb_net *net)
{
    return net->edge_weights;
}

const double *nb_net_edge_gradients(const nb_net *net)
{
    return net->edge_gradients;
}

/* ---------------------------------------------------------------- reading */

static void read_view(const nb_net *net, nb_view view, nb_dims shape, float *out)
{
    size_t image = (size_t)shape.channels * (size_t)shape.rows * (size_t)shape.cols;
    for (int b = 0; b < net->blocks; b++)
        net->kernels->unpack((nb_plane){shape.rows, shape.cols}, shape.channels, nb_live_lanes(net, b), nb_view_floats(net, view, b, 0),
                             out + (size_t)b * NB_LANES * image, image);
}

nb_status nb_net_read(const nb_net *net, nb_node node, float *out, nb_error *err)
{
    if (node < 0 || node >= net->graph->op_count || net->program.kept[node].storage < 0)
        return nb_fail(err, NB_ERR_ARGUMENT, "the network doesn't keep value %d", node);
    read_view(net, net->program.kept[node], net->graph->ops[node].shape, out);
    return NB_OK;
}

nb_status nb_net_read_input_gradient(const nb_net *net, float *out, nb_error *err)
{
    if (net->program.input_gradient.storage < 0)
        return nb_fail(err, NB_ERR_ARGUMENT, "the network was not compiled for the gradient of its input");
    read_view(net, net->program.input_gradient, net->graph->ops[net->graph->input].shape, out);
    return NB_OK;
}
