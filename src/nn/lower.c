#include "nn/lower.h"

#include <stdlib.h>
#include <string.h>

#include "nn/ops.h"

/* A part of the gradient of a value: form(v), times an edge weight, for channels [first, first + v.channels) of the value. With a norm it
 * stands for the whole backward step of that batch norm: v is the gradient of its result. */
typedef struct contribution {
    nb_term_form form;
    nb_view v, gate;
    int norm, edge;
    int first;
    int next; /* of the same value, -1: the last */
} contribution;

/* What is known of a node while lowering. */
typedef struct value {
    int users; /* needed operators that take it, once per operand */
    bool folds_bias;
    bool requires_gradient;
    /* Forward. A lazy value is the sum of terms [first_term, first_term + term_count) of the compiler. */
    bool lazy;
    int first_term, term_count;
    nb_view tensor; /* once it is in memory */
    int evaluation; /* the combine that evaluates a lazy value, or -1 */
    int statistics; /* or -1 */
    int norm;       /* of a batch norm */
    int conv;       /* the instruction that alone writes the tensor of a convolution, or -1 */
    /* Backward. */
    int contributions;   /* first of the list, or -1 */
    nb_view gradient;    /* once it is in memory */
    nb_view accumulator; /* where convolutions and pools add theirs */
} value;

struct nb_compiler {
    const nb_graph *graph;
    const nb_net_options *options;
    nb_program *program;
    value *values; /* [nodes] */
    nb_program_term *terms;
    int term_count, term_capacity;
    contribution *contributions;
    int contribution_count, contribution_capacity;
    bool no_memory;
};

/* Room for `count` more items behind `*used` of them: the index of the first. Every list starts with one item of room, so that index 0 can
 * always be written: that is what a caller gets when there is no memory, and the compiler notes it and fails at the end. */
static int room_for(nb_compiler *compiler, void **items, int *used, int *capacity, size_t size, int count)
{
    if (*used + count > *capacity) {
        int larger = 2 * (*used + count);
        void *moved = compiler->no_memory ? NULL : realloc(*items, (size_t)larger * size);
        if (!moved) {
            compiler->no_memory = true;
            return 0;
        }
        *items = moved;
        *capacity = larger;
    }
    int first = *used;
    *used += count;
    return first;
}

#define ROOM(compiler, owner, list, count)                                                                                                 \
    room_for((compiler), (void **)&(owner)->list##s, &(owner)->list##_count, &(owner)->list##_capacity, sizeof *(owner)->list##s, (count))

static nb_plane plane_of(nb_dims shape)
{
    return (nb_plane){shape.rows, shape.cols};
}

static const nb_op *op_at(const nb_compiler *compiler, nb_node node)
{
    return &compiler->graph->ops[node];
}

static nb_view new_storage(nb_compiler *compiler, int channels, nb_plane plane)
{
    nb_program *program = compiler->program;
    int index = ROOM(compiler, program, storage, 1);
    program->storages[index] = (nb_storage){.channels = channels, .plane = plane, .parent = -1, .producer = -1};
    return (nb_view){index, 0, channels};
}

static nb_view storage_for(nb_compiler *compiler, nb_node node)
{
    nb_dims shape = op_at(compiler, node)->shape;
    return new_storage(compiler, shape.channels, plane_of(shape));
}

static nb_instruction instruction_of(nb_instruction_kind kind, nb_node node)
{
    return (nb_instruction){.kind = kind,
                            .node = node,
                            .x = nb_no_view,
                            .y = nb_no_view,
                            .dy = nb_no_view,
                            .out = nb_no_view,
                            .relu = nb_no_view,
                            .relu_node = NB_NO_NODE,
                            .statistics = -1,
                            .sum = -1};
}

static int emit(nb_compiler *compiler, nb_instruction instruction)
{
    nb_program *program = compiler->program;
    int index = ROOM(compiler, program, instruction, 1);
    program->instructions[index] = instruction;
    return index;
}

static nb_program_term plain_term(nb_view v)
{
    return (nb_program_term){.form = NB_TERM_PLAIN, .v = v, .gate = nb_no_view, .role = NB_ROLE_VALUE, .norm = -1, .edge = -1};
}

/* ---------------------------------------------------------------- combine instructions */

static int new_terms(nb_compiler *compiler, const nb_program_term *terms, int count)
{
    nb_program *program = compiler->program;
    int first = ROOM(compiler, program, term, count);
    for (int i = 0; i < count && !compiler->no_memory; i++)
        program->terms[first + i] = terms[i];
    return first;
}

/* The sum of `terms` as an instruction without results yet. A sum of more terms than the kernel takes goes in steps through a tensor of its
 * own. */
static int combine(nb_compiler *compiler, nb_node node, const nb_program_term *terms, int count, int channels, nb_plane plane,
                   bool backward)
{
    nb_instruction instruction = instruction_of(NB_DO_COMBINE, node);
    instruction.backward = backward;
    instruction.channels = channels;
    instruction.plane = plane;
    nb_view so_far = nb_no_view;
    nb_program_term step[NB_MAX_TERMS];
    int in_step = 0;
    for (int i = 0; i < count; i++) {
        step[in_step++] = terms[i];
        if (in_step < NB_MAX_TERMS || i + 1 == count)
            continue;
        instruction.first_term = new_terms(compiler, step, in_step);
        instruction.term_count = in_step;
        instruction.out = so_far = new_storage(compiler, channels, plane);
        emit(compiler, instruction);
        step[0] = plain_term(so_far);
        in_step = 1;
    }
    instruction.first_term = new_terms(compiler, step, in_step);
    instruction.term_count = in_step;
    instruction.out = nb_no_view;
    return emit(compiler, instruction);
}

static int combine_like(nb_compiler *compiler, nb_node node, const nb_program_term *terms, int count, bool backward)
{
    nb_dims shape = op_at(compiler, node)->shape;
    return combine(compiler, node, terms, count, shape.channels, plane_of(shape), backward);
}

/* ---------------------------------------------------------------- forward */

/* Makes `node` lazy: a sum of terms. */
static void set_lazy(nb_compiler *compiler, nb_node node, const nb_program_term *terms, int count)
{
    int first = ROOM(compiler, compiler, term, count);
    for (int i = 0; i < count && !compiler->no_memory; i++)
        compiler->terms[first + i] = terms[i];
    value *v = &compiler->values[node];
    v->lazy = true;
    v->first_term = first;
    v->term_count = compiler->no_memory ? 0 : count;
}

/* The instruction that evaluates a lazy value. */
static int evaluation_of(nb_compiler *compiler, nb_node node)
{
    value *v = &compiler->values[node];
    if (v->evaluation < 0)
        v->evaluation = combine_like(compiler, node, compiler->terms + v->first_term, v->term_count, false);
    return v->evaluation;
}

/* The tensor of a node, written now if nobody has asked for it before. */
static nb_view tensor_of(nb_compiler *compiler, nb_node node)
{
    value *v = &compiler->values[node];
    if (v->tensor.storage >= 0 || !v->lazy)
        return v->tensor;
    int evaluation = evaluation_of(compiler, node);
    v->tensor = storage_for(compiler, node);
    compiler->program->storages[v->tensor.storage].producer = evaluation;
    compiler->program->instructions[evaluation].out = v->tensor;
    return v->tensor;
}

void nb_lower_nothing(nb_compiler *compiler, nb_node node)
{
    (void)compiler;
    (void)node;
}

void nb_lower_input(nb_compiler *compiler, nb_node node)
{
    nb_instruction pack = instruction_of(NB_DO_PACK, node);
    compiler->values[node].tensor = pack.out = storage_for(compiler, node);
    emit(compiler, pack);
}

void nb_lower_conv(nb_compiler *compiler, nb_node node)
{
    const nb_op *op = op_at(compiler, node);
    value *v = &compiler->values[node];
    nb_instruction conv = instruction_of(NB_DO_CONV, node);
    conv.x = tensor_of(compiler, op->inputs[0]);
    conv.out = v->tensor = storage_for(compiler, node);
    int index = emit(compiler, conv);
    if (op->bias < 0 || v->folds_bias) {
        v->conv = index;
        return;
    }
    nb_instruction bias = instruction_of(NB_DO_BIAS, node);
    bias.out = v->tensor;
    emit(compiler, bias);
}

/* Statistics of a node's tensor, taken while it is written if a convolution or a combine writes it, else in a pass of their own (on account
 * of `user`). */
static int statistics_of(nb_compiler *compiler, nb_node node, nb_node user)
{
    value *v = &compiler->values[node];
    if (v->statistics >= 0)
        return v->statistics;
    nb_program *program = compiler->program;
    nb_dims shape = op_at(compiler, node)->shape;
    nb_view tensor = tensor_of(compiler, node);
    int writer = v->lazy ? v->evaluation : v->conv;
    if (writer < 0) {
        nb_program_term term = plain_term(tensor);
        writer = combine(compiler, user, &term, 1, shape.channels, plane_of(shape), false);
    }
    v->statistics = ROOM(compiler, program, statistic, 1);
    program->statistics[v->statistics] =
        (nb_statistics){.instruction = writer, .channels = shape.channels, .pixels = shape.rows * shape.cols};
    program->instructions[writer].statistics = v->statistics;
    return v->statistics;
}

static void add_job(nb_compiler *compiler, nb_job job)
{
    int index = ROOM(compiler, compiler->program, job, 1);
    compiler->program->jobs[index] = job;
}

static nb_job job_of(nb_job_kind kind, nb_node node)
{
    return (nb_job){.kind = kind, .node = node, .norm = -1, .reduction = -1, .sum = -1, .edge = -1};
}

void nb_lower_batch_norm(nb_compiler *compiler, nb_node node)
{
    const nb_op *op = op_at(compiler, node);
    nb_node input = op->inputs[0];
    nb_norm norm = {.node = node, .channels = op->shape.channels, .statistics = -1, .conv_bias = -1, .sum = -1, .dot = -1, .edge = -1};
    norm.x = tensor_of(compiler, input);
    norm.of_batch = compiler->options->training || !op->norm.track;
    if (norm.of_batch)
        norm.statistics = statistics_of(compiler, input, node);
    if (compiler->values[input].folds_bias)
        norm.conv_bias = op_at(compiler, input)->bias;
    int index = ROOM(compiler, compiler->program, norm, 1);
    compiler->program->norms[index] = norm;
    compiler->values[node].norm = index;
    nb_job job = job_of(NB_JOB_NORM, node);
    job.norm = index;
    add_job(compiler, job);
    nb_program_term term = plain_term(norm.x);
    term.role = NB_ROLE_NORM;
    term.norm = index;
    set_lazy(compiler, node, &term, 1);
}

void nb_lower_relu(nb_compiler *compiler, nb_node node)
{
    nb_node input = op_at(compiler, node)->inputs[0];
    const value *from = &compiler->values[input];
    int writer = from->lazy ? evaluation_of(compiler, input) : -1;
    if (writer < 0) {
        nb_program_term term = plain_term(from->tensor);
        writer = combine_like(compiler, node, &term, 1, false);
    }
    nb_view tensor = storage_for(compiler, node);
    compiler->program->instructions[writer].relu = tensor;
    compiler->program->instructions[writer].relu_node = node;
    compiler->values[node].tensor = tensor;
}

/* The 3x3 average that keeps the size is a form of term. */
static bool is_average_3(const nb_pool *pool)
{
    return pool->kind == NB_POOL_AVERAGE && pool->kernel_rows == 3 && pool->kernel_cols == 3 && pool->stride == 1 && pool->pad == 1;
}

void nb_lower_pool(nb_compiler *compiler, nb_node node)
{
    const nb_op *op = op_at(compiler, node);
    nb_view x = tensor_of(compiler, op->inputs[0]);
    if (is_average_3(&op->pool)) {
        nb_program_term term = plain_term(x);
        term.form = NB_TERM_AVERAGE_3;
        set_lazy(compiler, node, &term, 1);
        return;
    }
    nb_instruction pool = instruction_of(NB_DO_POOL, node);
    pool.x = x;
    pool.out = compiler->values[node].tensor = storage_for(compiler, node);
    emit(compiler, pool);
}

void nb_lower_constant(nb_compiler *compiler, nb_node node)
{
    const nb_op *op = op_at(compiler, node);
    nb_program_term term = plain_term(nb_no_view);
    term.role = NB_ROLE_CONSTANT;
    term.value = op->value;
    set_lazy(compiler, node, &term, op->kind == NB_OP_ZERO ? 0 : 1);
}

/* Whether a mix reads the operand's terms rather than its tensor. The tensor is what the gradient of an edge weight is a product with,
 * except for batch norm and constants, where there is another way. */
static bool mix_inlines(const nb_compiler *compiler, nb_node operand)
{
    const value *v = &compiler->values[operand];
    nb_op_kind kind = op_at(compiler, operand)->kind;
    if (!v->lazy || v->term_count > 1)
        return false;
    return kind == NB_OP_BATCH_NORM || kind == NB_OP_CONSTANT || kind == NB_OP_ZERO ||
           (kind == NB_OP_POOL && !compiler->options->gradients);
}

/* An add takes over the terms of a lazy operand that nobody else wants, or that is one term and cheap to repeat. */
static bool add_inlines(const nb_compiler *compiler, nb_node operand)
{
    const value *v = &compiler->values[operand];
    return v->lazy && v->tensor.storage < 0 && (v->users == 1 || v->term_count <= 1);
}

/* Writes the terms that stand for operand k of the sum `op` to `terms`, returns how many. */
static int operand_terms(nb_compiler *compiler, const nb_op *op, int k, nb_program_term *terms)
{
    const bool mix = op->kind == NB_OP_MIX;
    const value *v = &compiler->values[op->inputs[k]];
    int count = 1;
    if (mix ? mix_inlines(compiler, op->inputs[k]) : add_inlines(compiler, op->inputs[k])) {
        count = v->term_count;
        for (int i = 0; i < count; i++)
            terms[i] = compiler->terms[v->first_term + i];
    } else {
        terms[0] = plain_term(tensor_of(compiler, op->inputs[k]));
    }
    for (int i = 0; mix && i < count; i++)
        terms[i].edge = op->first + k;
    return count;
}

void nb_lower_sum(nb_compiler *compiler, nb_node node)
{
    const nb_op *op = op_at(compiler, node);
    int room = 0, count = 0;
    for (int k = 0; k < op->input_count; k++)
        room += 1 + compiler->values[op->inputs[k]].term_count;
    nb_program_term *terms = malloc((size_t)room * sizeof *terms);
    if (!terms) {
        compiler->no_memory = true;
        return;
    }
    for (int k = 0; k < op->input_count && !compiler->no_memory; k++)
        count += operand_terms(compiler, op, k, terms + count);
    set_lazy(compiler, node, terms, count);
    free(terms);
}

/* Whether the node's tensor can be made a part of a larger one: it has a storage of its own that nothing else is a part of or reads in
 * ranges. */
static bool can_move(const nb_compiler *compiler, nb_node node, nb_view tensor)
{
    const nb_storage *storage = &compiler->program->storages[tensor.storage];
    nb_op_kind kind = op_at(compiler, node)->kind;
    return storage->parent < 0 && tensor.channels == storage->channels && kind != NB_OP_INPUT && kind != NB_OP_CONCAT &&
           kind != NB_OP_SLICE;
}

void nb_lower_concat(nb_compiler *compiler, nb_node node)
{
    const nb_op *op = op_at(compiler, node);
    nb_view whole = storage_for(compiler, node);
    compiler->values[node].tensor = whole;
    int first = 0;
    for (int k = 0; k < op->input_count && !compiler->no_memory; k++) {
        nb_view part = tensor_of(compiler, op->inputs[k]);
        if (can_move(compiler, op->inputs[k], part)) {
            compiler->program->storages[part.storage].parent = whole.storage;
            compiler->program->storages[part.storage].parent_first = first;
        } else {
            nb_program_term term = plain_term(part);
            int copy = combine(compiler, node, &term, 1, part.channels, plane_of(op->shape), false);
            compiler->program->instructions[copy].out = (nb_view){whole.storage, first, part.channels};
        }
        first += part.channels;
    }
}

void nb_lower_slice(nb_compiler *compiler, nb_node node)
{
    const nb_op *op = op_at(compiler, node);
    nb_view whole = tensor_of(compiler, op->inputs[0]);
    compiler->values[node].tensor = (nb_view){whole.storage, whole.first + op->first, op->shape.channels};
}

void nb_lower_cross_entropy(nb_compiler *compiler, nb_node node)
{
    nb_node logits = op_at(compiler, node)->inputs[0];
    nb_instruction loss = instruction_of(NB_DO_LOSS, node);
    loss.x = tensor_of(compiler, logits);
    if (compiler->options->gradients)
        loss.out = compiler->values[node].gradient = storage_for(compiler, logits);
    emit(compiler, loss);
}

/* ---------------------------------------------------------------- backward */

static void contribute(nb_compiler *compiler, nb_node node, contribution c)
{
    value *v = &compiler->values[node];
    if (!v->requires_gradient)
        return;
    c.next = v->contributions;
    int index = ROOM(compiler, compiler, contribution, 1);
    compiler->contributions[index] = c;
    if (!compiler->no_memory)
        v->contributions = index;
}

static contribution plain_contribution(nb_view v)
{
    return (contribution){.form = NB_TERM_PLAIN, .v = v, .gate = nb_no_view, .norm = -1, .edge = -1, .next = -1};
}

/* The only contribution to the node's gradient if it is a tensor (perhaps times an edge weight), else NULL. */
static const contribution *sole_tensor(const nb_compiler *compiler, nb_node node)
{
    int first = compiler->values[node].contributions;
    if (first < 0)
        return NULL;
    const contribution *c = &compiler->contributions[first];
    bool whole = c->first == 0 && c->v.channels == op_at(compiler, node)->shape.channels;
    return c->next < 0 && c->form == NB_TERM_PLAIN && c->norm < 0 && whole ? c : NULL;
}

static nb_view channels_of(nb_view view, int first, int channels)
{
    return view.storage < 0 ? view : (nb_view){view.storage, view.first + first, channels};
}

/* The terms of the contributions that cover channels [first, first + channels) of the node: at most two each. */
static int gradient_terms(const nb_compiler *compiler, nb_node node, int first, int channels, nb_program_term *terms)
{
    int count = 0;
    for (int i = compiler->values[node].contributions; i >= 0; i = compiler->contributions[i].next) {
        const contribution *c = &compiler->contributions[i];
        if (c->first > first || c->first + c->v.channels < first + channels)
            continue;
        nb_program_term term = {.form = c->form, .edge = c->edge, .norm = c->norm, .norm_first = first - c->first};
        term.v = channels_of(c->v, first - c->first, channels);
        term.gate = channels_of(c->gate, first - c->first, channels);
        term.role = c->norm < 0 ? NB_ROLE_VALUE : NB_ROLE_NORM_GRADIENT;
        terms[count++] = term;
        const nb_norm *norm = c->norm < 0 ? NULL : &compiler->program->norms[c->norm];
        if (!norm || !norm->of_batch)
            continue;
        term.role = NB_ROLE_NORM_CORRECTION;
        term.v = channels_of(norm->x, first - c->first, channels);
        terms[count++] = term;
    }
    return count;
}

/* The next channel after `first` where the set of contributions to the node may change. */
static int next_boundary(const nb_compiler *compiler, nb_node node, int first)
{
    int next = op_at(compiler, node)->shape.channels;
    for (int i = compiler->values[node].contributions; i >= 0; i = compiler->contributions[i].next) {
        const contribution *c = &compiler->contributions[i];
        int begin = c->first, end = c->first + c->v.channels;
        if (begin > first && begin < next)
            next = begin;
        if (end > first && end < next)
            next = end;
    }
    return next;
}

/* Writes the sum of the contributions as a tensor, in ranges of channels that have the same ones. */
static nb_view write_gradient(nb_compiler *compiler, nb_node node)
{
    nb_program *program = compiler->program;
    nb_dims shape = op_at(compiler, node)->shape;
    nb_view gradient = storage_for(compiler, node);
    int contributions = 0;
    for (int i = compiler->values[node].contributions; i >= 0; i = compiler->contributions[i].next)
        contributions++;
    nb_program_term *terms = malloc((size_t)(2 * contributions + 1) * sizeof *terms);
    if (!terms) {
        compiler->no_memory = true;
        return gradient;
    }
    for (int first = 0, next; first < shape.channels && !compiler->no_memory; first = next) {
        next = next_boundary(compiler, node, first);
        int count = gradient_terms(compiler, node, first, next - first, terms);
        int writer = combine(compiler, node, terms, count, next - first, plane_of(shape), true);
        program->instructions[writer].out = (nb_view){gradient.storage, first, next - first};
        if (next - first == shape.channels)
            program->storages[gradient.storage].producer = writer;
    }
    free(terms);
    return gradient;
}

/* The gradient of a node as a tensor. Only when something contributes to it. */
static nb_view gradient_of(nb_compiler *compiler, nb_node node)
{
    value *v = &compiler->values[node];
    if (v->gradient.storage >= 0)
        return v->gradient;
    const contribution *sole = sole_tensor(compiler, node);
    v->gradient = sole && sole->edge < 0 ? sole->v : write_gradient(compiler, node);
    return v->gradient;
}

/* The gradient as a tensor times an edge weight: what batch norm and linear maps can take without a copy. */
static contribution scaled_gradient_of(nb_compiler *compiler, nb_node node)
{
    const contribution *sole = sole_tensor(compiler, node);
    return sole && compiler->values[node].gradient.storage < 0 ? *sole : plain_contribution(gradient_of(compiler, node));
}

/* The backward instruction that can take sums over the tensor `g` on the side: the one that writes it, if there is one with room, else one
 * that only reads it. */
static int reducer_of(nb_compiler *compiler, nb_view g, nb_node node)
{
    nb_program *program = compiler->program;
    const nb_storage *storage = &program->storages[g.storage];
    int producer = g.channels == storage->channels ? storage->producer : -1;
    if (producer >= 0 && program->instructions[producer].backward && program->instructions[producer].dot_count < NB_MAX_DOTS)
        return producer;
    nb_program_term term = plain_term(g);
    return combine(compiler, node, &term, 1, g.channels, storage->plane, true);
}

static int new_reduction(nb_compiler *compiler, int instruction, nb_view v, int norm, int channels)
{
    int index = ROOM(compiler, compiler->program, reduction, 1);
    compiler->program->reductions[index] = (nb_reduction){.instruction = instruction, .v = v, .norm = norm, .channels = channels};
    return index;
}

static bool same_view(nb_view a, nb_view b)
{
    return a.storage == b.storage && a.first == b.first && a.channels == b.channels;
}

/* The tensor whose values an instruction's sums are over. */
static nb_view reduced_view(const nb_program *program, const nb_instruction *instruction)
{
    return instruction->out.storage >= 0 ? instruction->out : program->terms[instruction->first_term].v;
}

/* The reduction of `g` with `v` (storage -1: its sum), centred by the mean of `norm` (-1: not): an existing one, or a new one. */
static int reduction_of(nb_compiler *compiler, nb_view g, nb_view v, int norm, nb_node node)
{
    nb_program *program = compiler->program;
    for (int i = program->reduction_count - 1; i >= 0; i--) {
        const nb_reduction *r = &program->reductions[i];
        if (same_view(r->v, v) && r->norm == norm && same_view(reduced_view(program, &program->instructions[r->instruction]), g))
            return i;
    }
    int reducer = reducer_of(compiler, g, node);
    int index = new_reduction(compiler, reducer, v, norm, g.channels);
    nb_instruction *instruction = &program->instructions[reducer];
    if (v.storage < 0)
        instruction->sum = index;
    else if (!compiler->no_memory)
        instruction->dots[instruction->dot_count++] = index;
    return index;
}

void nb_lower_cross_entropy_gradient(nb_compiler *compiler, nb_node node)
{
    contribute(compiler, op_at(compiler, node)->inputs[0], plain_contribution(compiler->values[node].gradient));
}

void nb_lower_input_gradient(nb_compiler *compiler, nb_node node)
{
    nb_view gradient = gradient_of(compiler, node);
    compiler->program->input_gradient = gradient;
    compiler->program->storages[nb_root_view(compiler->program, gradient).storage].keep = true;
}

/* The gradient of edge weight `edge` of a mix with gradient g is the product of g with the operand. */
static void lower_edge_gradient(nb_compiler *compiler, nb_node node, nb_node operand, int edge, nb_view g)
{
    const nb_op *op = op_at(compiler, operand);
    nb_job job = job_of(NB_JOB_EDGE_DOT, node);
    job.edge = edge;
    job.value = 1;
    if (op->kind == NB_OP_ZERO)
        return;
    if (op->kind == NB_OP_CONSTANT) {
        job.value = op->value;
        job.reduction = reduction_of(compiler, g, nb_no_view, -1, node);
    } else if (op->kind == NB_OP_BATCH_NORM) {
        const int norm = compiler->values[operand].norm;
        job.kind = NB_JOB_EDGE_NORM;
        job.norm = norm;
        /* The job finds the plain sum next to this one. */
        job.reduction = reduction_of(compiler, g, compiler->program->norms[norm].x, norm, node);
        job.sum = reduction_of(compiler, g, nb_no_view, -1, node);
    } else {
        job.reduction = reduction_of(compiler, g, compiler->values[operand].tensor, -1, node);
    }
    add_job(compiler, job);
}

void nb_lower_sum_gradient(nb_compiler *compiler, nb_node node)
{
    const nb_op *op = op_at(compiler, node);
    bool mix = op->kind == NB_OP_MIX;
    contribution c = mix ? plain_contribution(gradient_of(compiler, node)) : scaled_gradient_of(compiler, node);
    for (int k = 0; k < op->input_count && !compiler->no_memory; k++) {
        if (mix) {
            c.edge = op->first + k;
            lower_edge_gradient(compiler, node, op->inputs[k], c.edge, c.v);
        }
        contribute(compiler, op->inputs[k], c);
    }
}

void nb_lower_batch_norm_gradient(nb_compiler *compiler, nb_node node)
{
    const nb_op *op = op_at(compiler, node);
    value *v = &compiler->values[node];
    nb_program *program = compiler->program;
    contribution c = scaled_gradient_of(compiler, node);
    nb_view x = program->norms[v->norm].x;
    bool sums = program->norms[v->norm].of_batch || op->norm.affine || program->norms[v->norm].conv_bias >= 0;
    if (sums) {
        nb_job job = job_of(NB_JOB_NORM_GRADIENT, node);
        job.norm = v->norm;
        int dot = reduction_of(compiler, c.v, x, v->norm, node), sum = reduction_of(compiler, c.v, nb_no_view, -1, node);
        program->norms[v->norm].dot = job.reduction = dot;
        program->norms[v->norm].sum = job.sum = sum;
        program->norms[v->norm].edge = c.edge;
        add_job(compiler, job);
    }
    c.norm = v->norm;
    contribute(compiler, op->inputs[0], c);
}

/* Where convolutions and pools add their part of the gradient of `node`; a contribution like others once it exists. */
static nb_view accumulator_of(nb_compiler *compiler, nb_node node)
{
    value *v = &compiler->values[node];
    if (v->accumulator.storage < 0) {
        v->accumulator = storage_for(compiler, node);
        contribute(compiler, node, plain_contribution(v->accumulator));
    }
    return v->accumulator;
}

void nb_lower_conv_gradient(nb_compiler *compiler, nb_node node)
{
    const nb_op *op = op_at(compiler, node);
    nb_instruction weight = instruction_of(NB_DO_CONV_WEIGHT, node);
    weight.backward = true;
    weight.x = compiler->values[op->inputs[0]].tensor;
    weight.dy = gradient_of(compiler, node);
    emit(compiler, weight);
    if (op->bias >= 0 && !compiler->values[node].folds_bias) {
        nb_job job = job_of(NB_JOB_BIAS, node);
        job.reduction = reduction_of(compiler, weight.dy, nb_no_view, -1, node);
        add_job(compiler, job);
    }
    if (!compiler->values[op->inputs[0]].requires_gradient)
        return;
    nb_instruction input = instruction_of(NB_DO_CONV_INPUT, node);
    input.backward = true;
    input.dy = weight.dy;
    input.out = accumulator_of(compiler, op->inputs[0]);
    emit(compiler, input);
}

void nb_lower_relu_gradient(nb_compiler *compiler, nb_node node)
{
    contribution c = scaled_gradient_of(compiler, node);
    c.form = NB_TERM_GATED;
    c.gate = compiler->values[node].tensor;
    contribute(compiler, op_at(compiler, node)->inputs[0], c);
}

void nb_lower_pool_gradient(nb_compiler *compiler, nb_node node)
{
    const nb_op *op = op_at(compiler, node);
    if (is_average_3(&op->pool)) {
        contribution c = scaled_gradient_of(compiler, node);
        c.form = NB_TERM_AVERAGE_3_T;
        contribute(compiler, op->inputs[0], c);
        return;
    }
    if (!compiler->values[op->inputs[0]].requires_gradient)
        return;
    nb_instruction pool = instruction_of(NB_DO_POOL_GRADIENT, node);
    pool.backward = true;
    pool.dy = gradient_of(compiler, node);
    if (op->pool.kind == NB_POOL_MAXIMUM) {
        pool.x = compiler->values[op->inputs[0]].tensor;
        pool.y = compiler->values[node].tensor;
    }
    pool.out = accumulator_of(compiler, op->inputs[0]);
    emit(compiler, pool);
}

void nb_lower_concat_gradient(nb_compiler *compiler, nb_node node)
{
    const nb_op *op = op_at(compiler, node);
    nb_view whole = gradient_of(compiler, node);
    for (int k = 0, first = 0; k < op->input_count; k++) {
        int channels = op_at(compiler, op->inputs[k])->shape.channels;
        contribute(compiler, op->inputs[k], plain_contribution(channels_of(whole, first, channels)));
        first += channels;
    }
}

void nb_lower_slice_gradient(nb_compiler *compiler, nb_node node)
{
    contribution c = plain_contribution(gradient_of(compiler, node));
    c.first = op_at(compiler, node)->first;
    contribute(compiler, op_at(compiler, node)->inputs[0], c);
}

/* ---------------------------------------------------------------- the whole graph */

/* Operands whose values the operator really looks at: a zero and a constant only take the shape. */
static int operands_read(const nb_op *op)
{
    return op->kind == NB_OP_ZERO || op->kind == NB_OP_CONSTANT ? 0 : op->input_count;
}

/* A convolution's bias moves the mean of what follows and nothing else, so it is left to the batch norms if only they follow. */
static void find_folded_biases(nb_compiler *compiler)
{
    const nb_graph *graph = compiler->graph;
    for (nb_node i = 0; i < graph->op_count; i++)
        compiler->values[i].folds_bias = graph->ops[i].kind == NB_OP_CONV && graph->ops[i].bias >= 0 && !graph->ops[i].keep;
    for (nb_node i = 0; i < graph->op_count; i++)
        for (int k = 0; compiler->program->needed[i] && k < operands_read(&graph->ops[i]); k++)
            if (graph->ops[i].kind != NB_OP_BATCH_NORM)
                compiler->values[graph->ops[i].inputs[k]].folds_bias = false;
}

static void find_needed(nb_compiler *compiler)
{
    const nb_graph *graph = compiler->graph;
    bool *needed = compiler->program->needed;
    for (nb_node i = graph->op_count - 1; i >= 0; i--) {
        needed[i] = needed[i] || i == graph->loss || graph->ops[i].keep || i == graph->input;
        for (int k = 0; needed[i] && k < operands_read(&graph->ops[i]); k++) {
            needed[graph->ops[i].inputs[k]] = true;
            compiler->values[graph->ops[i].inputs[k]].users++;
        }
    }
}

static void find_gradients(nb_compiler *compiler)
{
    const nb_graph *graph = compiler->graph;
    for (nb_node i = 0; compiler->options->gradients && i < graph->op_count; i++) {
        const nb_op *op = &graph->ops[i];
        bool requires_it = op->kind == NB_OP_CONV || op->kind == NB_OP_MIX || (op->kind == NB_OP_BATCH_NORM && op->norm.affine) ||
                           (op->kind == NB_OP_INPUT && compiler->options->input_gradient);
        for (int k = 0; k < operands_read(op); k++)
            requires_it = requires_it || compiler->values[op->inputs[k]].requires_gradient;
        compiler->values[i].requires_gradient = requires_it && compiler->program->needed[i];
    }
}

static void lower_forward(nb_compiler *compiler)
{
    const nb_graph *graph = compiler->graph;
    nb_program *program = compiler->program;
    for (nb_node i = 0; i < graph->op_count && !compiler->no_memory; i++)
        if (program->needed[i])
            nb_op_describe(graph->ops[i].kind)->lower_forward(compiler, i);
    for (nb_node i = 0; i < graph->op_count && !compiler->no_memory; i++)
        if (program->needed[i] && graph->ops[i].keep) {
            program->kept[i] = tensor_of(compiler, i);
            program->storages[nb_root_view(program, program->kept[i]).storage].keep = true;
        }
}

static void lower_backward(nb_compiler *compiler)
{
    const nb_graph *graph = compiler->graph;
    for (nb_node i = graph->op_count - 1; i >= 0 && !compiler->no_memory; i--) {
        const value *v = &compiler->values[i];
        bool reached = i == graph->loss || v->contributions >= 0;
        if (compiler->program->needed[i] && v->requires_gradient && reached)
            nb_op_describe(graph->ops[i].kind)->lower_backward(compiler, i);
    }
}

/* Every list gets its first items of room (see room_for). */
#define FIRST_ROOM(owner, list)                                                                                                            \
    ((owner)->list##_capacity = 64, (owner)->list##s = calloc((size_t)(owner)->list##_capacity, sizeof *(owner)->list##s))

static bool allocate_lists(nb_compiler *compiler)
{
    nb_program *program = compiler->program;
    return FIRST_ROOM(compiler, term) && FIRST_ROOM(compiler, contribution) && FIRST_ROOM(program, instruction) &&
           FIRST_ROOM(program, term) && FIRST_ROOM(program, storage) && FIRST_ROOM(program, statistic) && FIRST_ROOM(program, reduction) &&
           FIRST_ROOM(program, norm) && FIRST_ROOM(program, job);
}

static bool allocate_values(nb_compiler *compiler)
{
    nb_program *program = compiler->program;
    size_t nodes = (size_t)compiler->graph->op_count;
    compiler->values = calloc(nodes + 1, sizeof *compiler->values);
    program->needed = calloc(nodes + 1, sizeof *program->needed);
    program->kept = calloc(nodes + 1, sizeof *program->kept);
    if (!compiler->values || !program->needed || !program->kept)
        return false;
    program->input_gradient = nb_no_view;
    for (size_t i = 0; i < nodes; i++) {
        program->kept[i] = nb_no_view;
        compiler->values[i] = (value){.tensor = nb_no_view, .gradient = nb_no_view, .accumulator = nb_no_view};
        value *v = &compiler->values[i];
        v->evaluation = v->statistics = v->norm = v->conv = v->contributions = -1;
    }
    return true;
}

nb_status nb_lower(const nb_graph *graph, const nb_net_options *options, nb_program *program, nb_error *err)
{
    *program = (nb_program){.graph = graph};
    nb_compiler compiler = {.graph = graph, .options = options, .program = program};
    compiler.no_memory = !allocate_lists(&compiler) || !allocate_values(&compiler);
    if (!compiler.no_memory) {
        find_needed(&compiler);
        find_folded_biases(&compiler);
        find_gradients(&compiler);
        lower_forward(&compiler);
        lower_backward(&compiler);
    }
    free(compiler.values);
    free(compiler.terms);
    free(compiler.contributions);
    if (compiler.no_memory)
        return nb_fail(err, NB_ERR_MEMORY, "network: no memory to compile %d operators", graph->op_count);
    return NB_OK;
}
