/* Phases and places in memory: the compiler's second half.
 *
 * Phases. An instruction may run in the same phase as the ones whose results it reads, since a thread takes a block through all of them in
 * turn; after a barrier it runs when it needs statistics or sums over the batch. Forward everything runs as early as possible, so that all
 * convolutions of a node follow directly on the node's assembly. Backward everything runs as late as possible (in as many phases as are
 * needed), so that what the edges of a node contribute to its gradient is added up in one phase and never leaves the cache.
 *
 * Memory. A storage that is used in one phase only is one block per thread. The others are laid out so that two share memory only if one is
 * dead before the other is born, and only with others of the same planes: then the zero border columns of the old tensor are the
 * new one's, and nobody has to write them. */
#include "nn/ops.h"
#include "nn/program.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

typedef struct writer {
    int instruction;
    nb_view view; /* in the root storage */
    int previous; /* of the same storage, or -1 */
} writer;

typedef struct planner {
    nb_program *program;
    int blocks;
    writer *writers;
    int writer_count;
    int *last_writer;    /* [storages] into writers, or -1 */
    int *latest;         /* [instructions] the last phase in which a backward instruction can run */
    bool *read;          /* [instructions]: something waits for it */
    int *input_gradient; /* [nodes]: phase of the node's NB_DO_CONV_INPUT, or -1 */
    int *first, *last;   /* [storages] of the roots: phases of use */
    int *begin, *end;    /* the same as positions in program->order */
    int current;
} planner;

/* ---------------------------------------------------------------- dependencies */

static void note_writer(void *user, nb_view view, bool writes)
{
    planner *p = user;
    if (!writes || view.storage < 0)
        return;
    nb_view root = nb_root_view(p->program, view);
    p->writers[p->writer_count] = (writer){p->current, root, p->last_writer[root.storage]};
    p->last_writer[root.storage] = p->writer_count++;
}

/* Each instruction writes at most two tensors. */
static void find_writers(planner *p)
{
    nb_program *program = p->program;
    for (int i = 0; i < program->storage_count; i++)
        p->last_writer[i] = -1;
    for (p->current = 0; p->current < program->instruction_count; p->current++)
        nb_program_accesses(program, &program->instructions[p->current], note_writer, p);
}

/* Called for each instruction `before` that has to be done before `instruction`; after it every thread waits if `barrier`. */
typedef void (*dependency)(planner *p, int instruction, int before, bool barrier);

typedef struct dependency_visit {
    planner *p;
    int instruction;
    dependency found;
} dependency_visit;

static void visit_read(void *user, nb_view view, bool writes)
{
    dependency_visit *visit = user;
    if (writes || view.storage < 0)
        return;
    nb_view root = nb_root_view(visit->p->program, view);
    for (int w = visit->p->last_writer[root.storage]; w >= 0; w = visit->p->writers[w].previous) {
        const writer *by = &visit->p->writers[w];
        bool overlaps = by->view.first < root.first + root.channels && root.first < by->view.first + by->view.channels;
        if (by->instruction < visit->instruction && overlaps)
            visit->found(visit->p, visit->instruction, by->instruction, false);
    }
}

static void visit_norm(dependency_visit *visit, const nb_program_term *term)
{
    const nb_program *program = visit->p->program;
    const nb_norm *norm = term->norm < 0 ? NULL : &program->norms[term->norm];
    if (!norm || !norm->of_batch)
        return;
    if (term->role == NB_ROLE_NORM) {
        visit->found(visit->p, visit->instruction, program->statistics[norm->statistics].instruction, true);
    } else {
        visit->found(visit->p, visit->instruction, program->reductions[norm->sum].instruction, true);
        visit->found(visit->p, visit->instruction, program->reductions[norm->dot].instruction, true);
    }
}

static void visit_dependencies(planner *p, int instruction, dependency found)
{
    const nb_instruction *at = &p->program->instructions[instruction];
    dependency_visit visit = {p, instruction, found};
    nb_program_accesses(p->program, at, visit_read, &visit);
    for (int i = 0; i < at->term_count; i++)
        visit_norm(&visit, &p->program->terms[at->first_term + i]);
}

/* ---------------------------------------------------------------- phases */

static void run_after(planner *p, int instruction, int before, bool barrier)
{
    nb_instruction *instructions = p->program->instructions;
    int earliest = instructions[before].phase + (barrier ? 1 : 0);
    if (instructions[instruction].phase < earliest)
        instructions[instruction].phase = earliest;
}

/* The earliest phase of each instruction; backward ones start after the last forward phase. */
static void schedule_early(planner *p)
{
    nb_program *program = p->program;
    for (int i = 0; i < program->instruction_count; i++) {
        nb_instruction *at = &program->instructions[i];
        at->phase = at->backward ? program->forward_phases : 0;
        visit_dependencies(p, i, run_after);
        if (!at->backward && at->phase >= program->forward_phases)
            program->forward_phases = at->phase + 1;
        if (at->phase >= program->phases)
            program->phases = at->phase + 1;
    }
}

static void run_before(planner *p, int instruction, int before, bool barrier)
{
    nb_instruction *instructions = p->program->instructions;
    int latest = instructions[instruction].phase - (barrier ? 1 : 0);
    if (!instructions[before].backward)
        return;
    p->read[before] = true;
    if (p->latest[before] > latest)
        p->latest[before] = latest;
}

/* Moves each backward instruction to the last phase in which its readers still get its result in time. What nobody waits for stays where it
 * is, but a weight gradient goes where the input gradient of its convolution is: both read the same dy. */
static void schedule_late(planner *p)
{
    nb_program *program = p->program;
    for (int i = 0; i < program->instruction_count; i++)
        p->latest[i] = INT_MAX;
    for (int i = 0; i < program->graph->op_count; i++)
        p->input_gradient[i] = -1;
    for (int i = program->instruction_count - 1; i >= 0; i--) {
        nb_instruction *at = &program->instructions[i];
        if (!at->backward)
            continue;
        if (p->read[i])
            at->phase = p->latest[i];
        else if (at->kind == NB_DO_CONV_WEIGHT && p->input_gradient[at->node] >= 0)
            at->phase = p->input_gradient[at->node];
        if (at->kind == NB_DO_CONV_INPUT)
            p->input_gradient[at->node] = at->phase;
        visit_dependencies(p, i, run_before);
    }
}

/* Sorts `count` things by phase, those of one phase in their old order: order[begin[phase - lowest]...]. */
static void sort_by_phase(int count, int lowest, int phases, int (*phase_of)(const nb_program *, int), const nb_program *program,
                          int *order, int *begin)
{
    memset(begin, 0, (size_t)(phases + 1) * sizeof *begin);
    for (int i = 0; i < count; i++)
        begin[phase_of(program, i) - lowest + 1]++;
    for (int i = 0; i < phases; i++)
        begin[i + 1] += begin[i];
    for (int i = 0; i < count; i++)
        order[begin[phase_of(program, i) - lowest]++] = i;
    for (int i = phases; i > 0; i--)
        begin[i] = begin[i - 1];
    begin[0] = 0;
}

static int instruction_phase(const nb_program *program, int i)
{
    return program->instructions[i].phase;
}

static int job_phase(const nb_program *program, int i)
{
    return program->jobs[i].phase;
}

static int reduction_phase(const nb_program *program, int reduction)
{
    return reduction < 0 ? -1 : program->instructions[program->reductions[reduction].instruction].phase;
}

/* A job follows on the phase that gives it its last number. */
static void schedule_jobs(nb_program *program)
{
    for (int i = 0; i < program->job_count; i++) {
        nb_job *job = &program->jobs[i];
        int product = reduction_phase(program, job->reduction), sum = reduction_phase(program, job->sum);
        job->phase = product > sum ? product : sum;
        if (job->kind == NB_JOB_NORM && program->norms[job->norm].of_batch)
            job->phase = program->instructions[program->statistics[program->norms[job->norm].statistics].instruction].phase;
    }
}

/* ---------------------------------------------------------------- memory */

static void note_use(void *user, nb_view view, bool writes)
{
    (void)writes;
    planner *p = user;
    if (view.storage < 0)
        return;
    int storage = nb_root_view(p->program, view).storage;
    int phase = p->program->instructions[p->program->order[p->current]].phase;
    if (p->first[storage] < 0) {
        p->first[storage] = phase;
        p->begin[storage] = p->current;
    }
    p->last[storage] = phase;
    p->end[storage] = p->current;
}

static void find_lifetimes(planner *p)
{
    nb_program *program = p->program;
    for (int i = 0; i < program->storage_count; i++)
        p->first[i] = p->last[i] = p->begin[i] = p->end[i] = -1;
    for (p->current = 0; p->current < program->instruction_count; p->current++)
        nb_program_accesses(program, &program->instructions[program->order[p->current]], note_use, p);
    for (int i = 0; i < program->storage_count; i++) {
        nb_storage *storage = &program->storages[i];
        if (storage->keep)
            p->last[i] = program->phases;
        storage->local = !storage->keep && p->first[i] == p->last[i];
    }
}

static size_t block_floats(const nb_storage *storage)
{
    return (size_t)storage->channels * nb_plane_floats(storage->plane);
}

/* Floats of the storage in its arena. */
static size_t storage_floats(const planner *p, int storage)
{
    const nb_storage *s = &p->program->storages[storage];
    return block_floats(s) * (s->local ? 1 : (size_t)p->blocks);
}

static bool live_together(const planner *p, int a, int b)
{
    const int *first = p->program->storages[a].local ? p->begin : p->first, *last = p->program->storages[a].local ? p->end : p->last;
    return first[a] <= last[b] && first[b] <= last[a];
}

/* The lowest offset, counted from the start of the group, at which `storage` overlaps none of `placed` that lives at the same time.
 * `placed` is sorted by offset. */
static size_t lowest_gap(const planner *p, int storage, const int *placed, int count)
{
    size_t offset = 0, wanted = storage_floats(p, storage);
    for (int i = 0; i < count; i++) {
        const nb_storage *other = &p->program->storages[placed[i]];
        if (!live_together(p, storage, placed[i]))
            continue;
        if (other->offset >= offset + wanted)
            break;
        size_t end = other->offset + storage_floats(p, placed[i]);
        if (end > offset)
            offset = end;
    }
    return offset;
}

/* Puts `storage` into `placed`, which stays sorted by offset. */
static void insert(const planner *p, int storage, int *placed, int count)
{
    const nb_storage *storages = p->program->storages;
    while (count > 0 && storages[placed[count - 1]].offset > storages[storage].offset) {
        placed[count] = placed[count - 1];
        count--;
    }
    placed[count] = storage;
}

/* Places the group of storages (the large ones first) behind `base` and returns the floats they take. */
static size_t place_group(planner *p, const int *group, int count, size_t base, int *placed)
{
    nb_storage *storages = p->program->storages;
    size_t size = 0;
    for (int i = 0; i < count; i++) {
        size_t offset = lowest_gap(p, group[i], placed, i), end = offset + storage_floats(p, group[i]);
        storages[group[i]].offset = offset;
        insert(p, group[i], placed, i);
        size = end > size ? end : size;
    }
    for (int i = 0; i < count; i++)
        storages[group[i]].offset += base;
    return size;
}

/* Sorts by size, the largest first; equal ones in the order of their number. */
static void sort_by_size(const planner *p, int *group, int count)
{
    for (int i = 1; i < count; i++) {
        int storage = group[i], at = i;
        for (; at > 0 && storage_floats(p, group[at - 1]) < storage_floats(p, storage); at--)
            group[at] = group[at - 1];
        group[at] = storage;
    }
}

static bool same_plane(nb_plane a, nb_plane b)
{
    return a.rows == b.rows && a.cols == b.cols;
}

/* The roots with planes like `plane` that are (not) local, into `group`. */
static int collect_group(const planner *p, nb_plane plane, bool local, int *group)
{
    int count = 0;
    for (int i = 0; i < p->program->storage_count; i++) {
        const nb_storage *s = &p->program->storages[i];
        if (s->parent < 0 && p->first[i] >= 0 && same_plane(s->plane, plane) && s->local == local)
            group[count++] = i;
    }
    return count;
}

/* Lays out all groups of one kind; `scratch` has room for twice the number of storages. */
static size_t place_all(planner *p, bool local, int *scratch)
{
    size_t total = 0;
    const nb_program *program = p->program;
    int *group = scratch, *placed = scratch + program->storage_count;
    for (int i = 0; i < program->storage_count; i++) {
        nb_plane plane = program->storages[i].plane;
        int seen = 0;
        while (!same_plane(program->storages[seen].plane, plane))
            seen++;
        if (seen < i)
            continue; /* these planes have had their turn */
        int count = collect_group(p, plane, local, group);
        sort_by_size(p, group, count);
        total += place_group(p, group, count, total, placed);
    }
    return total;
}

/* Storages with a parent lie inside it. */
static void place_children(nb_program *program)
{
    for (int i = 0; i < program->storage_count; i++) {
        nb_storage *storage = &program->storages[i];
        nb_view root = nb_root_view(program, (nb_view){i, 0, storage->channels});
        const nb_storage *parent = &program->storages[root.storage];
        if (root.storage != i) {
            storage->local = parent->local;
            storage->offset = parent->offset + (size_t)root.first * nb_plane_floats(parent->plane);
        }
        storage->block_stride = parent->local ? 0 : block_floats(parent);
    }
}

static void place_numbers(nb_program *program)
{
    for (int i = 0; i < program->statistic_count; i++) {
        program->statistics[i].offset = program->moments_per_block;
        program->moments_per_block += (size_t)program->statistics[i].channels;
    }
    for (int i = 0; i < program->reduction_count; i++) {
        program->reductions[i].offset = program->sums_per_block;
        program->sums_per_block += (size_t)program->reductions[i].channels;
    }
}

/* ---------------------------------------------------------------- the whole */

static void plan(planner *p, int *scratch)
{
    nb_program *program = p->program;
    find_writers(p);
    schedule_early(p);
    schedule_late(p);
    schedule_jobs(program);
    sort_by_phase(program->instruction_count, 0, program->phases, instruction_phase, program, program->order, program->phase_begin);
    sort_by_phase(program->job_count, -1, program->phases + 1, job_phase, program, program->job_order, program->job_begin);
    find_lifetimes(p);
    program->arena_floats = place_all(p, false, scratch);
    program->local_floats = place_all(p, true, scratch);
    place_children(program);
    place_numbers(program);
}

/* Phases are not known beforehand, but there are no more of them than instructions. */
static bool allocate(planner *p, int **scratch)
{
    nb_program *program = p->program;
    size_t instructions = (size_t)program->instruction_count + 1, storages = (size_t)program->storage_count + 1;
    program->order = calloc(instructions, sizeof *program->order);
    program->phase_begin = calloc(instructions + 2, sizeof *program->phase_begin);
    program->job_order = calloc((size_t)program->job_count + 1, sizeof *program->job_order);
    program->job_begin = calloc(instructions + 3, sizeof *program->job_begin);
    p->writers = calloc(2 * instructions, sizeof *p->writers);
    p->last_writer = calloc(storages, sizeof *p->last_writer);
    p->latest = calloc(instructions, sizeof *p->latest);
    p->read = calloc(instructions, sizeof *p->read);
    p->input_gradient = calloc((size_t)program->graph->op_count + 1, sizeof *p->input_gradient);
    p->first = calloc(4 * storages, sizeof *p->first);
    *scratch = calloc(2 * storages, sizeof **scratch);
    if (!p->first)
        return false;
    p->last = p->first + storages;
    p->begin = p->last + storages;
    p->end = p->begin + storages;
    return program->order && program->phase_begin && program->job_order && program->job_begin && p->writers && p->last_writer &&
           p->latest && p->read && p->input_gradient && *scratch;
}

nb_status nb_plan(nb_program *program, int blocks, nb_error *err)
{
    planner p = {.program = program, .blocks = blocks};
    int *scratch = NULL;
    bool complete = allocate(&p, &scratch);
    if (complete)
        plan(&p, scratch);
    free(p.writers);
    free(p.last_writer);
    free(p.latest);
    free(p.read);
    free(p.input_gradient);
    free(p.first);
    free(scratch);
    return complete ? NB_OK : nb_fail(err, NB_ERR_MEMORY, "network: no memory to plan %d instructions", program->instruction_count);
}
