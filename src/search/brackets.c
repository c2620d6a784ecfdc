#include "search/brackets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* Quotients of logarithms and powers that should be whole miss it by a few units in the last place. */
static const double rounding = 1e-9;

/* ---------------------------------------------------------------- brackets */

/* Architectures that a bracket trains at the j-th of its rungs. */
static size_t bracket_size(const nb_brackets *b, unsigned first, unsigned j)
{
    const unsigned s = b->rungs - 1 - first;
    const double most = pow(b->eta, s), share = (double)b->rungs / (s + 1);
    const double start = b->sizes == NB_SIZES_HYPERBAND ? ceil(share * most - rounding) : floor(floor(share) * most + rounding);
    const double size = floor(start * pow(b->eta, -(double)j) + rounding);
    return size > 1 ? (size_t)size : 1;
}

static void begin_bracket(nb_brackets *b)
{
    b->first = b->rung = (unsigned)(b->bracket % b->rungs);
    b->count = 0;
    b->next = 0;
}

nb_status nb_brackets_start(nb_brackets *b, double min, double max, double eta, nb_bracket_sizes sizes, nb_error *err)
{
    const double halvings = floor(log(max / min) / log(eta) + rounding);
    if (halvings + 1 > NB_RUNGS_MAX)
        return nb_fail(err, NB_ERR_ARGUMENT, "budgets from %g to %g in steps of %g: %g rungs, at most %d expected", min, max, eta,
                       halvings + 1, NB_RUNGS_MAX);
    b->eta = eta;
    b->sizes = sizes;
    b->rungs = (unsigned)halvings + 1;
    for (unsigned rung = 0; rung < b->rungs; rung++) {
        b->budget[rung] = max * pow(eta, -(double)(b->rungs - 1 - rung));
        b->best[rung] = -1;
    }
    b->bracket = 0;
    begin_bracket(b);
    return NB_OK;
}

void nb_brackets_stop(nb_brackets *b)
{
    free(b->contenders);
    b->contenders = NULL;
    b->room = 0;
}

/* ---------------------------------------------------------------- a rung */

bool nb_brackets_needs_arch(const nb_brackets *b, nb_arch *arch)
{
    if (b->next == b->count)
        return true;
    *arch = b->contenders[b->next].arch;
    return false;
}

static nb_status add_contender(nb_brackets *b, const nb_arch *arch, nb_error *err)
{
    if (b->count == b->room) {
        size_t room = b->room > 0 ? 2 * b->room : 32;
        nb_contender *contenders = realloc(b->contenders, room * sizeof *contenders);
        if (!contenders)
            return nb_fail(err, NB_ERR_MEMORY, "a bracket of %zu architectures: out of memory", room);
        b->contenders = contenders;
        b->room = room;
    }
    b->contenders[b->count++] = (nb_contender){.arch = *arch};
    return NB_OK;
}

/* How many contenders are better than contender i; among equals the earlier one counts as better. */
static size_t rank_of(const nb_brackets *b, size_t i)
{
    size_t rank = 0;
    for (size_t j = 0; j < b->count; j++) {
        const double other = b->contenders[j].accuracy, own = b->contenders[i].accuracy;
        rank += other > own || (other == own && j < i);
    }
    return rank;
}

/* The best go on, in the order they were drawn. */
static void climb(nb_brackets *b)
{
    const size_t size = bracket_size(b, b->first, b->rung + 1 - b->first);
    for (size_t i = 0; i < b->count; i++)
        b->contenders[i].stays = rank_of(b, i) < size;
    size_t kept = 0;
    for (size_t i = 0; i < b->count; i++)
        if (b->contenders[i].stays)
            b->contenders[kept++] = b->contenders[i];
    b->count = kept;
    b->next = 0;
    b->rung++;
}

nb_status nb_brackets_report(nb_brackets *b, const nb_arch *arch, double accuracy, size_t step, nb_error *err)
{
    if (b->next == b->count)
        NB_TRY(add_contender(b, arch, err));
    b->contenders[b->next++].accuracy = accuracy;
    if (b->best[b->rung] < 0 || accuracy > b->best_accuracy[b->rung]) {
        b->best[b->rung] = (int64_t)step;
        b->best_accuracy[b->rung] = accuracy;
    }
    if (b->next < bracket_size(b, b->first, b->rung - b->first))
        return NB_OK;
    if (b->rung + 1 < b->rungs) {
        climb(b);
        return NB_OK;
    }
    b->bracket++;
    begin_bracket(b);
    return NB_OK;
}

/* ---------------------------------------------------------------- answers */

void nb_brackets_answer(const nb_brackets *b, const nb_search_step *steps, nb_search_result *result)
{
    unsigned rung = b->rungs - 1;
    while (rung > 0 && b->best[rung] < 0)
        rung--;
    const size_t best = b->best[rung] < 0 ? 0 : (size_t)b->best[rung];
    *result = (nb_search_result){.arch = steps[best].arch, .step = (int64_t)best, .accuracy = steps[best].accuracy};
}

uint32_t nb_brackets_epochs(const nb_brackets *b)
{
    const double epochs = floor(b->budget[b->rung] + rounding);
    return epochs > 1 ? (uint32_t)epochs : 1;
}
