/* R-EA: regularised ("aging") evolution, Real et al., AAAI 2019, as NAS-Bench-201 runs it.
 *
 * A queue of `population` architectures. Each step draws `sample` members with replacement, mutates the best of them, and lets the child
 * take the place of the oldest. The population is random at first and is evaluated whatever it costs. */
#include <stdlib.h>

#include "base/error.h"

#include "search/algorithm.h"

enum { POPULATION = NB_SETTING_LAST + 1, SAMPLE };

/* Members are the newest `population` steps of the search: its list of steps is the queue, and nothing needs to be kept here. */
static nb_status start(void *state, nb_search_context *context, nb_error *err)
{
    (void)state;
    (void)context;
    (void)err;
    return NB_OK;
}

/* The best of `sample` members drawn with replacement, the one drawn first among equals. */
static const nb_search_step *draw_parent(nb_search_context *context, size_t population, size_t sample)
{
    const nb_search_step *members = context->steps + context->step_count - population;
    const nb_search_step *parent = &members[nb_rng_below(&context->rng, population)];
    for (size_t i = 1; i < sample; i++) {
        const nb_search_step *candidate = &members[nb_rng_below(&context->rng, population)];
        if (candidate->accuracy > parent->accuracy)
            parent = candidate;
    }
    return parent;
}

static bool ask(void *state, nb_search_context *context, nb_request *request)
{
    (void)state;
    const size_t population = (size_t)context->settings[POPULATION];
    if (context->step_count < population) {
        request->proposal.arch = nb_space_sample(context->space, &context->rng);
        request->always = true;
        return true;
    }
    const nb_search_step *parent = draw_parent(context, population, (size_t)context->settings[SAMPLE]);
    request->proposal.arch = nb_space_mutate(context->space, &parent->arch, &context->rng);
    return true;
}

static const nb_search_parameter parameters[] = {
    NB_PARAMETER_LAST("drop"),
    NB_PARAMETER_WHOLE("population", "10", 1, 1e6, "architectures alive at a time"),
    NB_PARAMETER_WHOLE("sample", "3", 1, 1e6, "members that compete for being the parent, drawn with replacement"),
};
static const char *const aliases[] = {"r-ea", "regularized-evolution", "regularised-evolution", "aging-evolution", "evolution", NULL};

const nb_algorithm nb_evolution = {
    .info = {.name = "rea",
             .title = "REA",
             .summary = "regularised evolution: the oldest dies, the best of a sample has a child",
             .parameters = parameters,
             .parameter_count = sizeof parameters / sizeof *parameters},
    .aliases = aliases,
    .start = start,
    .ask = ask,
};
