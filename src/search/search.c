#include "nasbench/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/progress.h"

#include "search/algorithm.h"
#include "search/search.h"
#include "search/settings.h"

struct nb_search {
    const nb_algorithm *algorithm;
    nb_search_context context;
    nb_search_budget budget;
    uint64_t seed, stream;
    double *settings;      /* [parameters] */
    nb_search_step *steps; /* [room], context.step_count of them used */
    size_t room;
    double clock;       /* seconds spent */
    double first_cost;  /* of the first evaluation that was told */
    nb_request request; /* the last one */
    bool waiting;       /* for its answer */
    bool over;          /* nothing more to ask */
    bool count_own_time;
    void *state; /* of the algorithm */
};

/* ---------------------------------------------------------------- making */

static nb_status check_budget(const nb_algorithm *algorithm, const nb_search_budget *budget, nb_error *err)
{
    if (!isfinite(budget->seconds) || budget->seconds < 0)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: a budget of %g seconds: a positive number expected", algorithm->info.name,
                       budget->seconds);
    if (budget->seconds == 0 && budget->evaluations == 0 && !algorithm->ends)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: no budget: seconds, evaluations or both expected", algorithm->info.name);
    return NB_OK;
}

static nb_status allocate(nb_search *search, nb_error *err)
{
    search->settings = calloc(search->algorithm->info.parameter_count, sizeof *search->settings);
    search->state = calloc(1, search->algorithm->state_size ? search->algorithm->state_size : 1);
    if (!search->settings || !search->state)
        return nb_fail(err, NB_ERR_MEMORY, "%s: out of memory", search->algorithm->info.name);
    return NB_OK;
}

static nb_status prepare(nb_search *search, const nb_search_options *options, nb_error *err)
{
    if (!options->space)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: no search space given", search->algorithm->info.name);
    NB_TRY(check_budget(search->algorithm, &options->budget, err));
    NB_TRY(allocate(search, err));
    NB_TRY(nb_settings_read(&search->algorithm->info, options->settings, options->setting_count, search->settings, err));
    search->context.space = options->space;
    search->context.settings = search->settings;
    search->context.epochs = options->epochs;
    search->budget = options->budget;
    search->seed = options->seed;
    search->count_own_time = options->count_own_time;
    return nb_search_restart(search, options->stream, err);
}

nb_status nb_search_new(const nb_search_options *options, nb_search **out, nb_error *err)
{
    const nb_algorithm *algorithm = nb_algorithm_of(options->algorithm, err);
    if (!algorithm)
        return NB_ERR_NOT_FOUND;
    nb_search *search = calloc(1, sizeof *search);
    if (!search)
        return nb_fail(err, NB_ERR_MEMORY, "%s: out of memory", algorithm->info.name);
    search->algorithm = algorithm;
    nb_status status = prepare(search, options, err);
    if (status != NB_OK) {
        nb_search_free(search);
        return status;
    }
    *out = search;
    return NB_OK;
}

static void stop_algorithm(nb_search *search)
{
    if (search->state && search->algorithm->stop)
        search->algorithm->stop(search->state);
}

void nb_search_free(nb_search *search)
{
    if (!search)
        return;
    stop_algorithm(search);
    free(search->state);
    free(search->settings);
    free(search->steps);
    free(search);
}

nb_status nb_search_restart(nb_search *search, uint64_t stream, nb_error *err)
{
    stop_algorithm(search);
    memset(search->state, 0, search->algorithm->state_size);
    search->stream = stream;
    search->context.rng = nb_rng_seed(search->seed, stream);
    search->context.steps = search->steps;
    search->context.step_count = 0;
    search->clock = 0;
    search->waiting = false;
    search->over = false;
    return search->algorithm->start ? search->algorithm->start(search->state, &search->context, err) : NB_OK;
}

/* ---------------------------------------------------------------- asking */

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static bool is_spent(const nb_search *search)
{
    const nb_search_budget *budget = &search->budget;
    if (budget->evaluations > 0 && search->context.step_count >= budget->evaluations)
        return true;
    return budget->seconds > 0 && search->clock >= budget->seconds && !search->request.always;
}

bool nb_search_ask(nb_search *search, nb_proposal *proposal)
{
    if (!search->waiting && !search->over) {
        double started = search->count_own_time ? now() : 0;
        search->request = (nb_request){0};
        search->over = !search->algorithm->ask(search->state, &search->context, &search->request) || is_spent(search);
        search->waiting = !search->over;
        if (search->count_own_time && search->waiting)
            search->clock += now() - started;
    }
    if (search->over)
        return false;
    *proposal = search->request.proposal;
    return true;
}

/* ---------------------------------------------------------------- telling */

static nb_status check_answer(const nb_search *search, const nb_evaluation *evaluation, nb_error *err)
{
    const char *name = search->algorithm->info.name;
    if (!search->waiting)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: an answer without a question: ask first", name);
    if (!isfinite(evaluation->accuracy))
        return nb_fail(err, NB_ERR_NUMERIC, "%s: evaluation %zu: accuracy %g: a finite number expected", name, search->context.step_count,
                       evaluation->accuracy);
    if (!isfinite(evaluation->seconds) || evaluation->seconds < 0)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: evaluation %zu: a cost of %g seconds: a number from 0 on expected", name,
                       search->context.step_count, evaluation->seconds);
    return NB_OK;
}

static nb_status add_step(nb_search *search, double accuracy, nb_error *err)
{
    if (search->context.step_count == search->room) {
        size_t room = search->room > 0 ? 2 * search->room : 128;
        nb_search_step *steps = realloc(search->steps, room * sizeof *steps);
        if (!steps)
            return nb_fail(err, NB_ERR_MEMORY, "%s: out of memory after %zu evaluations", search->algorithm->info.name, search->room);
        search->steps = steps;
        search->room = room;
        search->context.steps = steps;
    }
    nb_search_context *context = &search->context;
    const size_t step = context->step_count++;
    search->steps[step] = (nb_search_step){
        .arch = search->request.proposal.arch,
        .epochs = search->request.proposal.epochs,
        .accuracy = accuracy,
        .clock = search->clock,
    };
    if (step == 0 || accuracy > search->steps[context->best].accuracy)
        context->best = step;
    return NB_OK;
}

/* Whether the evaluation goes over the budget. The reference of REINFORCE, whose habit is NB_LAST_MENTION, compares with "<", the others
 * with ">". */
static bool passes_budget(const nb_search *search, double seconds, nb_last last)
{
    double limit = search->budget.seconds, total = search->clock + seconds;
    if (limit == 0 || search->request.always)
        return false;
    return last == NB_LAST_MENTION ? total >= limit : total > limit;
}

nb_status nb_search_tell(nb_search *search, const nb_evaluation *evaluation, nb_error *err)
{
    NB_TRY(check_answer(search, evaluation, err));
    const nb_last last = (nb_last)search->settings[NB_SETTING_LAST];
    const bool passes = passes_budget(search, evaluation->seconds, last);
    if (search->context.step_count == 0)
        search->first_cost = evaluation->seconds;
    if (passes && last == NB_LAST_DROP) {
        search->waiting = false;
        search->over = true;
        return NB_OK;
    }
    const double clock = search->clock;
    if (!passes || last == NB_LAST_KEEP)
        search->clock += evaluation->seconds;
    nb_status status = add_step(search, evaluation->accuracy, err);
    if (status != NB_OK) {
        search->clock = clock;
        return status;
    }
    search->waiting = false;
    search->over = passes;
    if (!search->algorithm->tell)
        return NB_OK;
    const double started = search->count_own_time ? now() : 0;
    status = search->algorithm->tell(search->state, &search->context, err);
    if (search->count_own_time)
        search->clock += now() - started;
    return status;
}

/* ---------------------------------------------------------------- looking */

const nb_search_step *nb_search_steps(const nb_search *search, size_t *count)
{
    *count = search->context.step_count;
    return search->steps;
}

double nb_search_clock(const nb_search *search)
{
    return search->clock;
}

nb_status nb_search_answer(const nb_search *search, nb_search_result *result, nb_error *err)
{
    const nb_search_context *context = &search->context;
    if (context->step_count == 0) {
        if (!search->over)
            return nb_fail(err, NB_ERR_NOT_FOUND, "%s: no evaluation yet", search->algorithm->info.name);
        return nb_fail(err, NB_ERR_NOT_FOUND, "%s: a budget of %g seconds is too small: the first evaluation costs %g",
                       search->algorithm->info.name, search->budget.seconds, search->first_cost);
    }
    if (search->algorithm->answer) {
        search->algorithm->answer(search->state, context, result);
        return NB_OK;
    }
    *result = nb_step_as_result(context, context->best);
    return NB_OK;
}

/* ---------------------------------------------------------------- running */

/* The generator of the objective's choices in the next evaluation, in streams that lie far from those of searches: a run that is repeated
 * from recorded evaluations goes on as if it had not been interrupted. */
static nb_rng next_luck(const nb_search *search)
{
    return nb_rng_seed(search->seed, search->stream ^ (UINT64_C(1) << 63) ^ (uint64_t)search->context.step_count << 32);
}

nb_status nb_search_check_objective(const nb_search *search, const nb_objective *objective, nb_error *err)
{
    if (objective->untimed && search->budget.seconds > 0)
        return nb_fail(err, NB_ERR_ARGUMENT,
                       "%s: a budget of %g seconds, but this objective does not know time: a number of evaluations expected",
                       search->algorithm->info.name, search->budget.seconds);
    return NB_OK;
}

nb_status nb_search_advance(nb_search *search, const nb_objective *objective, bool *more, nb_error *err)
{
    nb_proposal proposal;
    nb_evaluation evaluation = {0};
    *more = nb_search_ask(search, &proposal);
    if (!*more)
        return NB_OK;
    nb_rng luck = next_luck(search);
    nb_status status = objective->evaluate(objective->user, &proposal.arch, proposal.epochs, &luck, &evaluation, err);
    if (status == NB_OK)
        status = nb_search_tell(search, &evaluation, err);
    if (status == NB_OK || status == NB_ERR_CANCELLED)
        return status;
    char text[NB_ARCH_TEXT_SIZE] = "";
    nb_space_format(search->context.space, &proposal.arch, text, sizeof text);
    return nb_prefix(err, status, "%s", text);
}

nb_status nb_search_run(nb_search *search, const nb_objective *objective, const nb_progress *progress, nb_error *err)
{
    bool more = true;
    NB_TRY(nb_search_check_objective(search, objective, err));
    while (more) {
        NB_TRY(nb_progress_check(progress, search->algorithm->info.name, err));
        NB_TRY(nb_search_advance(search, objective, &more, err));
    }
    return NB_OK;
}
