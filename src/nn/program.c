#include "nn/program.h"

#include <stdlib.h>

void nb_program_free(nb_program *program)
{
    free(program->instructions);
    free(program->terms);
    free(program->storages);
    free(program->statistics);
    free(program->reductions);
    free(program->norms);
    free(program->jobs);
    free(program->kept);
    free(program->needed);
    free(program->order);
    free(program->phase_begin);
    free(program->job_order);
    free(program->job_begin);
    *program = (nb_program){0};
}

nb_view nb_root_view(const nb_program *program, nb_view view)
{
    while (view.storage >= 0 && program->storages[view.storage].parent >= 0) {
        view.first += program->storages[view.storage].parent_first;
        view.storage = program->storages[view.storage].parent;
    }
    return view;
}

static void combine_accesses(const nb_program *program, const nb_instruction *instruction, nb_access visit, void *user)
{
    for (int i = 0; i < instruction->term_count; i++) {
        const nb_program_term *term = &program->terms[instruction->first_term + i];
        visit(user, term->v, false);
        visit(user, term->gate, false);
    }
    for (int i = 0; i < instruction->dot_count; i++)
        visit(user, program->reductions[instruction->dots[i]].v, false);
    visit(user, instruction->relu, true);
}

void nb_program_accesses(const nb_program *program, const nb_instruction *instruction, nb_access visit, void *user)
{
    visit(user, instruction->x, false);
    visit(user, instruction->y, false);
    visit(user, instruction->dy, false);
    if (instruction->kind == NB_DO_BIAS)
        visit(user, instruction->out, false);
    if (instruction->kind == NB_DO_COMBINE)
        combine_accesses(program, instruction, visit, user);
    visit(user, instruction->out, true);
}
