/* Evaluations that took long, kept as they are done, so that an interrupted run is repeated from them instead of being measured again.
 *
 * PATH.journal begins with the first line of its experiment; each further line is one evaluation. It is removed when the experiment is
 * complete. */
#ifndef NB_SEARCH_JOURNAL_H
#define NB_SEARCH_JOURNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "nasbench/objective.h"

#include "base/error.h"

typedef struct nb_journal_entry {
    uint32_t run;
    uint64_t step;
    int64_t index; /* of the architecture */
    uint32_t epochs;
    nb_evaluation evaluation;
} nb_journal_entry;

typedef struct nb_journal {
    int fd;
    char *path;
    nb_journal_entry *entries; /* [count] that were there when it was opened */
    size_t count;
    pthread_mutex_t lock; /* of the file */
} nb_journal;

/* Opens PATH.journal; what is there counts if its first line is `header`, and is dropped otherwise. */
nb_status nb_journal_open(const char *path, const char *header, nb_journal *out, nb_error *err);

/* What was recorded for an evaluation, or NULL. */
const nb_journal_entry *nb_journal_find(const nb_journal *journal, uint32_t run, uint64_t step);

/* Adds an evaluation; it is on the disk when this returns. Threads may call it at once. */
nb_status nb_journal_add(nb_journal *journal, const nb_journal_entry *entry, nb_error *err);

/* Closes it; `remove` when it has served its purpose. */
void nb_journal_close(nb_journal *journal, bool remove);

#endif
