/* What the rest of the room needs of a search besides <nasbench/search.h>. */
#ifndef NB_SEARCH_SEARCH_H
#define NB_SEARCH_SEARCH_H

#include "nasbench/search.h"

/* Refuses a budget of seconds on an objective without time. */
nb_status nb_search_check_objective(const nb_search *search, const nb_objective *objective, nb_error *err);

/* One evaluation: asks, evaluates, tells. *more is false, and nothing was done, when the search is over. The objective's random choices
 * are a function of the search's seed and stream and of the number of the evaluation. */
nb_status nb_search_advance(nb_search *search, const nb_objective *objective, bool *more, nb_error *err);

#endif
