/* BOHB (Falkner et al., ICML 2018) as the HpBandSter package does it and NAS-Bench-201 runs it: Hyperband's brackets, with architectures
 * proposed by a density model (kde.h) instead of uniformly.
 *
 * NAS-Bench-201's worker ignores the budget: every evaluation, also that of a promoted architecture, is the whole proxy schedule. That
 * is the default here (fidelity=ignored); with fidelity=epochs the budget is a number of epochs, as in NATS-Bench. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#include "search/algorithm.h"
#include "search/brackets.h"
#include "search/kde.h"

enum {
    ETA = NB_SETTING_LAST + 1,
    MIN_BUDGET,
    MAX_BUDGET,
    ITERATIONS,
    NUM_SAMPLES,
    RANDOM_FRACTION,
    MIN_BANDWIDTH,
    TOP_PERCENT,
    MIN_POINTS,
    FIDELITY,
    ANSWER
};
enum { FIDELITY_IGNORED, FIDELITY_EPOCHS };
enum { ANSWER_INCUMBENT, ANSWER_BEST };

static const double negligible = 1e-32; /* densities are compared from here on */

/* What was seen at one rung, by ascending loss, the earlier first among equals. */
typedef struct observations {
    nb_observation *rows; /* [count] */
    size_t count, room;
} observations;

typedef struct bohb {
    nb_brackets brackets;
    size_t dimensions;
    size_t min_points; /* for a model */
    observations seen[NB_RUNGS_MAX];
    bool modelled;    /* there is a model, of the largest rung with enough observations */
    unsigned model;   /* that rung */
    nb_kde good, bad; /* over the best and the other observations of that rung */
    nb_arch proposed;
} bohb;

static nb_status start(void *state, nb_search_context *context, nb_error *err)
{
    bohb *self = state;
    const double *settings = context->settings;
    if (settings[MIN_BUDGET] > settings[MAX_BUDGET])
        return nb_fail(err, NB_ERR_ARGUMENT, "bohb: min-budget=%g is above max-budget=%g", settings[MIN_BUDGET], settings[MAX_BUDGET]);
    self->dimensions = nb_space_decision_count(context->space);
    self->min_points = (size_t)settings[MIN_POINTS] > 0 ? (size_t)settings[MIN_POINTS] : self->dimensions + 1;
    return nb_brackets_start(&self->brackets, settings[MIN_BUDGET], settings[MAX_BUDGET], settings[ETA], NB_SIZES_HPBANDSTER, err);
}

static void stop(void *state)
{
    bohb *self = state;
    nb_brackets_stop(&self->brackets);
    for (unsigned rung = 0; rung < NB_RUNGS_MAX; rung++)
        free(self->seen[rung].rows);
}

/* ---------------------------------------------------------------- proposing */

/* A good architecture with some of its choices changed: each one with the probability of its bandwidth. */
static void perturb_a_good_one(const bohb *self, nb_search_context *context, uint8_t *choices)
{
    const nb_observation *row = &self->good.rows[nb_rng_below(&context->rng, self->good.count)];
    for (size_t d = 0; d < self->dimensions; d++) {
        const uint32_t count = nb_space_decision(context->space, d)->choices;
        const bool keep = nb_rng_uniform(&context->rng) < 1 - self->good.bandwidth[d];
        choices[d] = keep ? row->choices[d] : (uint8_t)nb_rng_below(&context->rng, count);
    }
}

/* How likely bad for how likely good. Densities may be NaN (kde.h): Python's max() then keeps its first argument, which is the floor for
 * the bad one and NaN for the good one. */
static double score_of(double good, double bad)
{
    const double numerator = bad > negligible ? bad : negligible;
    const double denominator = good < negligible ? negligible : good;
    return numerator / denominator;
}

/* The most promising of a few candidates: the one that is least likely bad for how likely it is good. False: none was. */
static bool propose(const bohb *self, nb_search_context *context, uint8_t *best)
{
    double lowest = (double)INFINITY;
    bool found = false;
    for (unsigned i = 0; i < (unsigned)context->settings[NUM_SAMPLES]; i++) {
        uint8_t candidate[NB_DECISIONS_MAX] = {0};
        perturb_a_good_one(self, context, candidate);
        const double good = nb_kde_density(&self->good, candidate), bad = nb_kde_density(&self->bad, candidate);
        const double score = score_of(good, bad);
        const bool takes_all = !isfinite(score) && isfinite(good); /* has a value that no bad one has */
        if (takes_all || score < lowest) {
            memcpy(best, candidate, sizeof candidate);
            lowest = score;
            found = true;
        }
        if (takes_all)
            break;
    }
    return found;
}

static nb_arch draw_arch(const bohb *self, nb_search_context *context)
{
    uint8_t choices[NB_DECISIONS_MAX];
    nb_arch arch;
    const bool at_random = !self->modelled || nb_rng_uniform(&context->rng) < context->settings[RANDOM_FRACTION];
    if (!at_random && propose(self, context, choices) && nb_space_decode(context->space, choices, &arch, NULL) == NB_OK)
        return arch;
    return nb_space_sample(context->space, &context->rng);
}

static bool ask(void *state, nb_search_context *context, nb_request *request)
{
    bohb *self = state;
    if (self->brackets.bracket >= (uint64_t)context->settings[ITERATIONS])
        return false;
    if (nb_brackets_needs_arch(&self->brackets, &self->proposed))
        self->proposed = draw_arch(self, context);
    request->proposal.arch = self->proposed;
    if ((int)context->settings[FIDELITY] == FIDELITY_EPOCHS)
        request->proposal.epochs = nb_brackets_epochs(&self->brackets);
    return true;
}

/* ---------------------------------------------------------------- learning */

static nb_status insert(observations *seen, const nb_observation *row, nb_error *err)
{
    if (seen->count == seen->room) {
        size_t room = seen->room > 0 ? 2 * seen->room : 64;
        nb_observation *rows = realloc(seen->rows, room * sizeof *rows);
        if (!rows)
            return nb_fail(err, NB_ERR_MEMORY, "bohb: out of memory for %zu observations", room);
        seen->rows = rows;
        seen->room = room;
    }
    size_t place = seen->count++;
    for (; place > 0 && seen->rows[place - 1].loss > row->loss; place--)
        seen->rows[place] = seen->rows[place - 1];
    seen->rows[place] = *row;
    return NB_OK;
}

/* Fits both densities to what was seen at a rung, once there is enough of it. */
static void fit(bohb *self, const double *settings, unsigned rung)
{
    const observations *seen = &self->seen[rung];
    const size_t top = (size_t)settings[TOP_PERCENT], enough = self->min_points;
    if (seen->count < enough)
        return;
    size_t good = top * seen->count / 100, bad = (100 - top) * seen->count / 100;
    good = good > enough ? good : enough;
    bad = bad > enough ? bad : enough;
    const size_t left = seen->count - (good < seen->count ? good : seen->count);
    bad = bad < left ? bad : left;
    if (good <= self->dimensions || bad <= self->dimensions)
        return;
    nb_kde_fit(&self->good, seen->rows, good, self->dimensions, settings[MIN_BANDWIDTH]);
    nb_kde_fit(&self->bad, seen->rows + good, bad, self->dimensions, settings[MIN_BANDWIDTH]);
    self->modelled = true;
    self->model = rung;
}

static nb_status observe(bohb *self, nb_search_context *context, unsigned rung, double accuracy, nb_error *err)
{
    nb_observation row = {.loss = 100 - accuracy};
    if (self->modelled && self->model > rung)
        return NB_OK; /* a model of a larger budget exists */
    NB_TRY(nb_space_encode(context->space, &self->proposed, row.choices, err));
    NB_TRY(insert(&self->seen[rung], &row, err));
    fit(self, context->settings, rung);
    return NB_OK;
}

static nb_status tell(void *state, nb_search_context *context, nb_error *err)
{
    bohb *self = state;
    const size_t step = context->step_count - 1;
    const double accuracy = context->steps[step].accuracy;
    NB_TRY(observe(self, context, self->brackets.rung, accuracy, err));
    return nb_brackets_report(&self->brackets, &self->proposed, accuracy, step, err);
}

static void answer(const void *state, const nb_search_context *context, nb_search_result *result)
{
    const bohb *self = state;
    nb_brackets_answer(&self->brackets, context->steps, result);
    if ((int)context->settings[ANSWER] == ANSWER_BEST)
        *result = nb_step_as_result(context, context->best);
}

static const char *const fidelities[] = {"ignored", "epochs", NULL};
static const char *const answers[] = {"incumbent", "best", NULL};
static const nb_search_parameter parameters[] = {
    NB_PARAMETER_LAST("drop"),
    NB_PARAMETER_REAL("eta", "3", 1.1, 100, "a rung keeps one in this many, and has this many times the budget of the one below"),
    NB_PARAMETER_REAL("min-budget", "12", 1e-6, 1e9, "of the lowest rung"),
    NB_PARAMETER_REAL("max-budget", "200", 1e-6, 1e9, "of the highest rung"),
    NB_PARAMETER_WHOLE("iterations", "50", 1, 1e12, "brackets, after which the search ends"),
    NB_PARAMETER_WHOLE("num-samples", "4", 1, 1e6, "candidates drawn for a proposal"),
    NB_PARAMETER_REAL("random-fraction", "0", 0, 1, "of proposals that are uniformly random even with a model"),
    NB_PARAMETER_REAL("min-bandwidth", "0.3", 0, 1, "lowest bandwidth of the densities"),
    NB_PARAMETER_WHOLE("top-percent", "15", 1, 99, "of the observations that count as good"),
    NB_PARAMETER_WHOLE("min-points", "0", 0, 1e6, "observations needed for a density; 0: one more than there are decisions"),
    NB_PARAMETER_WORD("fidelity", "ignored", fidelities, "the budget of a rung: ignored (always the whole schedule), or that many epochs"),
    NB_PARAMETER_WORD("answer", "incumbent", answers, "the best at the largest budget, or the best of all"),
};

const nb_algorithm nb_bohb = {
    .info = {.name = "bohb",
             .title = "BOHB",
             .summary = "Hyperband's brackets with proposals from a density model",
             .parameters = parameters,
             .parameter_count = sizeof parameters / sizeof *parameters},
    .ends = true,
    .state_size = sizeof(bohb),
    .start = start,
    .stop = stop,
    .ask = ask,
    .tell = tell,
    .answer = answer,
};
