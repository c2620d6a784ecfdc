/* REINFORCE (Williams, 1992) on independent choices, as NAS-Bench-201 runs it.
 *
 * Each step samples an architecture from the policy and follows the gradient of -log p * (reward - baseline), where the baseline is a
 * moving average of rewards, corrected for its start and already containing this reward. */
#include <math.h>

#include "base/error.h"

#include "search/algorithm.h"
#include "search/policy.h"

enum { LEARNING_RATE = NB_SETTING_LAST + 1, MOMENTUM, BETA1, BETA2, EPSILON, ANSWER };
enum { ANSWER_BEST, ANSWER_POLICY };

static const double initial_scale = 1e-3; /* of the logits */

typedef struct reinforce {
    nb_policy policy;
    uint8_t picked[NB_DECISIONS_MAX]; /* the choices of the last proposal */
    double numerator, denominator;    /* of the moving average */
} reinforce;

static nb_status start(void *state, nb_search_context *context, nb_error *err)
{
    reinforce *self = state;
    return nb_policy_start(&self->policy, context->space, initial_scale, &context->rng, err);
}

static void stop(void *state)
{
    reinforce *self = state;
    nb_policy_stop(&self->policy);
}

static bool ask(void *state, nb_search_context *context, nb_request *request)
{
    reinforce *self = state;
    nb_policy_draw(&self->policy, &context->rng, self->picked);
    return nb_space_decode(context->space, self->picked, &request->proposal.arch, NULL) == NB_OK;
}

/* The average of rewards so far, this one included. */
static double baseline(reinforce *self, double reward, double momentum)
{
    self->numerator = momentum * self->numerator + (1 - momentum) * reward;
    self->denominator = momentum * self->denominator + (1 - momentum);
    return self->numerator / self->denominator;
}

static nb_status tell(void *state, nb_search_context *context, nb_error *err)
{
    (void)err;
    reinforce *self = state;
    const double *settings = context->settings;
    const nb_adam_rule rule = {settings[LEARNING_RATE], settings[BETA1], settings[BETA2], settings[EPSILON]};
    const double reward = context->steps[context->step_count - 1].accuracy;
    nb_policy_learn(&self->policy, self->picked, reward - baseline(self, reward, settings[MOMENTUM]), &rule);
    return NB_OK;
}

static void answer(const void *state, const nb_search_context *context, nb_search_result *result)
{
    const reinforce *self = state;
    *result = nb_step_as_result(context, context->best);
    if ((int)context->settings[ANSWER] == ANSWER_BEST)
        return;
    uint8_t picked[NB_DECISIONS_MAX];
    nb_arch arch;
    nb_policy_likeliest(&self->policy, picked);
    if (nb_space_decode(context->space, picked, &arch, NULL) == NB_OK)
        *result = (nb_search_result){.arch = arch, .step = -1, .accuracy = (double)NAN};
}

static const char *const answers[] = {"best", "policy", NULL};
static const nb_search_parameter parameters[] = {
    NB_PARAMETER_LAST("mention"),
    NB_PARAMETER_REAL("lr", "0.01", 0, 1e6, "learning rate of Adam"),
    NB_PARAMETER_REAL("momentum", "0.9", 0, 0.999999999, "of the moving average of rewards"),
    NB_PARAMETER_REAL("beta1", "0.9", 0, 0.999999999, "decay of Adam's first moment"),
    NB_PARAMETER_REAL("beta2", "0.999", 0, 0.999999999, "decay of Adam's second moment"),
    NB_PARAMETER_REAL("eps", "1e-8", 1e-300, 1, "keeps Adam's division finite"),
    NB_PARAMETER_WORD("answer", "best", answers, "the best architecture seen, or the one the policy holds most likely"),
};

const nb_algorithm nb_reinforce = {
    .info = {.name = "reinforce",
             .title = "REINFORCE",
             .summary = "policy gradient on independent choices",
             .parameters = parameters,
             .parameter_count = sizeof parameters / sizeof *parameters},
    .state_size = sizeof(reinforce),
    .start = start,
    .stop = stop,
    .ask = ask,
    .tell = tell,
    .answer = answer,
};
