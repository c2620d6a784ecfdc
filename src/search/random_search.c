/* Random search: uniformly random architectures until the budget is spent. */
#include "search/algorithm.h"

static bool ask(void *state, nb_search_context *context, nb_request *request)
{
    (void)state;
    request->proposal.arch = nb_space_sample(context->space, &context->rng);
    return true;
}

static const nb_search_parameter parameters[] = {NB_PARAMETER_LAST("drop")};
static const char *const aliases[] = {"rs", "random-search", NULL};

const nb_algorithm nb_random_search = {
    .info = {.name = "random",
             .title = "RS",
             .summary = "uniformly random architectures",
             .parameters = parameters,
             .parameter_count = sizeof parameters / sizeof *parameters},
    .aliases = aliases,
    .ask = ask,
};
