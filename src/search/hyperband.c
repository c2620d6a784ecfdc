/* Hyperband (Li et al., JMLR 2018): uniformly random architectures in brackets of successive halvings, with epochs as the budget. */
#include "base/error.h"

#include "search/algorithm.h"
#include "search/brackets.h"

enum { ETA = NB_SETTING_LAST + 1, MIN_EPOCHS, MAX_EPOCHS };

typedef struct hyperband {
    nb_brackets brackets;
    nb_arch proposed;
} hyperband;

static nb_status start(void *state, nb_search_context *context, nb_error *err)
{
    hyperband *self = state;
    const double least = context->settings[MIN_EPOCHS];
    const double most = context->settings[MAX_EPOCHS] > 0 ? context->settings[MAX_EPOCHS] : context->epochs;
    if (most == 0)
        return nb_fail(err, NB_ERR_ARGUMENT, "hyperband: max-epochs is needed: how many epochs the whole schedule has is not known");
    if (least > most)
        return nb_fail(err, NB_ERR_ARGUMENT, "hyperband: min-epochs=%g is above the %g epochs of the largest budget", least, most);
    return nb_brackets_start(&self->brackets, least, most, context->settings[ETA], NB_SIZES_HYPERBAND, err);
}

static void stop(void *state)
{
    hyperband *self = state;
    nb_brackets_stop(&self->brackets);
}

static bool ask(void *state, nb_search_context *context, nb_request *request)
{
    hyperband *self = state;
    if (nb_brackets_needs_arch(&self->brackets, &self->proposed))
        self->proposed = nb_space_sample(context->space, &context->rng);
    request->proposal.arch = self->proposed;
    request->proposal.epochs = nb_brackets_epochs(&self->brackets);
    return true;
}

static nb_status tell(void *state, nb_search_context *context, nb_error *err)
{
    hyperband *self = state;
    const size_t step = context->step_count - 1;
    return nb_brackets_report(&self->brackets, &self->proposed, context->steps[step].accuracy, step, err);
}

static void answer(const void *state, const nb_search_context *context, nb_search_result *result)
{
    const hyperband *self = state;
    nb_brackets_answer(&self->brackets, context->steps, result);
}

static const nb_search_parameter parameters[] = {
    NB_PARAMETER_LAST("drop"),
    NB_PARAMETER_REAL("eta", "3", 1.1, 100, "a rung keeps one in this many, and trains this many times as long as the one below"),
    NB_PARAMETER_WHOLE("min-epochs", "1", 1, 1e6, "of the lowest rung, at least"),
    NB_PARAMETER_WHOLE("max-epochs", "0", 0, 1e6, "of the highest rung; 0: the whole schedule"),
};

const nb_algorithm nb_hyperband = {
    .info = {.name = "hyperband",
             .title = "Hyperband",
             .summary = "many random architectures trained shortly, the best of them longer",
             .parameters = parameters,
             .parameter_count = sizeof parameters / sizeof *parameters},
    .state_size = sizeof(hyperband),
    .start = start,
    .stop = stop,
    .ask = ask,
    .tell = tell,
    .answer = answer,
};
