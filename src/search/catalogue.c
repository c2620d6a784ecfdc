/* The algorithms there are: one line each. */
#include <string.h>

#include "base/error.h"
#include "base/name.h"
#include "base/quote.h"
#include "base/text.h"

#include "search/algorithm.h"

static const nb_algorithm *const algorithms[] = {
    &nb_random_search, &nb_evolution, &nb_reinforce, &nb_bohb, &nb_local_search, &nb_hyperband,
};
enum { ALGORITHMS = sizeof algorithms / sizeof *algorithms };

const char *const nb_last_words[] = {"drop", "keep", "mention", NULL};

const nb_algorithm_info *nb_algorithm_list(size_t position)
{
    return position < ALGORITHMS ? &algorithms[position]->info : NULL;
}

static bool goes_by(const nb_algorithm *algorithm, const char *name)
{
    bool same = nb_same_name(name, algorithm->info.name);
    for (const char *const *alias = algorithm->aliases; alias && *alias; alias++)
        same = same || nb_same_name(name, *alias);
    return same;
}

static nb_status unknown_algorithm(const char *name, nb_error *err)
{
    nb_text text = {0};
    for (size_t i = 0; i < ALGORITHMS; i++)
        nb_text_printf(&text, "%s%s", i > 0 ? ", " : "", algorithms[i]->info.name);
    nb_status status = nb_fail(err, NB_ERR_NOT_FOUND, "algorithm %s: one of %s expected", nb_quote(name, strlen(name)).text,
                               text.failed ? "the known ones" : text.data);
    nb_text_free(&text);
    return status;
}

const nb_algorithm *nb_algorithm_of(const char *name, nb_error *err)
{
    for (size_t i = 0; name && i < ALGORITHMS; i++)
        if (goes_by(algorithms[i], name))
            return algorithms[i];
    unknown_algorithm(name ? name : "", err);
    return NULL;
}

const nb_algorithm_info *nb_algorithm_find(const char *name, nb_error *err)
{
    const nb_algorithm *algorithm = nb_algorithm_of(name, err);
    return algorithm ? &algorithm->info : NULL;
}
