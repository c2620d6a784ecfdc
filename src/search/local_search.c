/* Local search (White, Nolen and Savani, UAI 2021): move to the best neighbour until there is none better, then begin anew elsewhere.
 *
 * An architecture is asked about once; where it comes up again its accuracy is remembered. */
#include <stdlib.h>

#include "base/error.h"

#include "search/algorithm.h"
#include "search/known.h"

enum { INITIAL = NB_SETTING_LAST + 1, STEP };
enum { STEP_BEST, STEP_FIRST };

static const unsigned patience = 1000; /* random draws for an architecture that is not known yet */

typedef struct local_search {
    nb_known known; /* accuracies by architecture */
    nb_arch here;
    double height;                         /* accuracy of `here` */
    size_t starts;                         /* random architectures tried of this climb; `here` is the best of them */
    bool climbing;                         /* they have all been tried */
    nb_arch neighbours[NB_NEIGHBOURS_MAX]; /* [count] of `here`, in random order */
    size_t count;
    size_t next; /* the neighbour to look at */
    nb_arch best;
    double best_height; /* the highest neighbour so far; it beats `here` or it is `here` */
} local_search;

static void stop(void *state)
{
    local_search *self = state;
    nb_known_free(&self->known);
}

/* Looks around from the architecture at hand. */
static void arrive(local_search *self, nb_search_context *context)
{
    self->count = nb_space_neighbours(context->space, &self->here, self->neighbours, NB_NEIGHBOURS_MAX);
    nb_rng_shuffle(&context->rng, self->neighbours, self->count, sizeof *self->neighbours);
    self->next = 0;
    self->best = self->here;
    self->best_height = self->height;
}

/* A random architecture not asked about before; false when a long search finds none. */
static bool draw_unknown(local_search *self, nb_search_context *context, nb_arch *arch)
{
    double ignored;
    for (unsigned i = 0; i < patience; i++) {
        *arch = nb_space_sample(context->space, &context->rng);
        if (!nb_known_find(&self->known, arch, &ignored))
            return true;
    }
    return false;
}

static void look_at(local_search *self, const nb_arch *neighbour, double height)
{
    self->next++;
    if (height > self->best_height) {
        self->best = *neighbour;
        self->best_height = height;
    }
}

/* All neighbours were looked at, or one that is better is enough. */
static bool may_move(const local_search *self, const nb_search_context *context)
{
    const bool better = self->best_height > self->height;
    return self->next == self->count || (better && (int)context->settings[STEP] == STEP_FIRST);
}

/* Moves on until a neighbour comes up that is not known. False: the climb has come to its top. */
static bool climb(local_search *self, nb_search_context *context, nb_arch *unknown)
{
    for (;;) {
        double height;
        if (may_move(self, context)) {
            if (self->best_height <= self->height)
                return false;
            self->here = self->best;
            self->height = self->best_height;
            arrive(self, context);
        } else if (nb_known_find(&self->known, &self->neighbours[self->next], &height)) {
            look_at(self, &self->neighbours[self->next], height);
        } else {
            *unknown = self->neighbours[self->next];
            return true;
        }
    }
}

static bool ask(void *state, nb_search_context *context, nb_request *request)
{
    local_search *self = state;
    nb_arch *arch = &request->proposal.arch;
    if (self->climbing && climb(self, context, arch))
        return true;
    if (self->climbing) {
        self->climbing = false;
        self->starts = 0;
    }
    return draw_unknown(self, context, arch);
}

static nb_status tell(void *state, nb_search_context *context, nb_error *err)
{
    local_search *self = state;
    const nb_search_step *step = &context->steps[context->step_count - 1];
    NB_TRY(nb_known_put(&self->known, &step->arch, step->accuracy, err));
    if (self->climbing) {
        look_at(self, &step->arch, step->accuracy);
        return NB_OK;
    }
    if (self->starts == 0 || step->accuracy > self->height) {
        self->here = step->arch;
        self->height = step->accuracy;
    }
    if (++self->starts >= (size_t)context->settings[INITIAL]) {
        self->climbing = true;
        arrive(self, context);
    }
    return NB_OK;
}

static const char *const steps[] = {"best", "first", NULL};
static const nb_search_parameter parameters[] = {
    NB_PARAMETER_LAST("drop"),
    NB_PARAMETER_WHOLE("initial", "1", 1, 1e6, "random architectures of which the best is the start of a climb"),
    NB_PARAMETER_WORD("step", "best", steps, "move to the best of all neighbours, or to the first that is better"),
};
static const char *const aliases[] = {"ls", "hill-climbing", NULL};

const nb_algorithm nb_local_search = {
    .info = {.name = "local-search",
             .title = "LS",
             .summary = "climbs from neighbour to neighbour, again and again from random starts",
             .parameters = parameters,
             .parameter_count = sizeof parameters / sizeof *parameters},
    .aliases = aliases,
    .state_size = sizeof(local_search),
    .stop = stop,
    .ask = ask,
    .tell = tell,
};
