/* The working side of <nasbench/progress.h>: both calls accept NULL. */
#ifndef NB_BASE_PROGRESS_H
#define NB_BASE_PROGRESS_H

#include <stddef.h>

#include "nasbench/progress.h"

#include "base/error.h"

static inline void nb_progress_report(const nb_progress *progress, uint64_t done, uint64_t total, const char *note)
{
    if (progress && progress->report)
        progress->report(progress->user, done, total, note);
}

/* NB_ERR_CANCELLED once the token is set, NB_OK before. `what` names the work that was stopped. */
static inline nb_status nb_progress_check(const nb_progress *progress, const char *what, nb_error *err)
{
    if (progress && progress->cancel && atomic_load_explicit(progress->cancel, memory_order_relaxed))
        return nb_fail(err, NB_ERR_CANCELLED, "%s: stopped on request", what);
    return NB_OK;
}

#endif
