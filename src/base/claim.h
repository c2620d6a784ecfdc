/* Claims: which process works on which item of a shared folder.
 *
 * A claim is a small file that its owner holds locked (an open-file-description lock: of this opening of the file, not of the process,
 * so two threads exclude each other too). The system drops the lock when the owner ends, however it ends, so a claim that a crash left
 * behind is free again without any time-out. On a network file system the lock is the file system's own; where it has none
 * nb_claim_take fails with NB_ERR_UNSUPPORTED rather than pretend. */
#ifndef NB_BASE_CLAIM_H
#define NB_BASE_CLAIM_H

#include <stdbool.h>

#include "base/error.h"

typedef struct nb_claim {
    int fd;
    char *path;
} nb_claim;

/* Takes the claim at `path` and writes `note` (one line: who and since when) into it. *taken is false when somebody else holds it; nothing
 * has to be dropped then. */
nb_status nb_claim_take(const char *path, const char *note, nb_claim *out, bool *taken, nb_error *err);

/* Removes the claim and lets go of it. */
void nb_claim_drop(nb_claim *claim);

typedef enum nb_claim_state {
    NB_CLAIM_FREE,  /* no such file */
    NB_CLAIM_HELD,  /* somebody works on it */
    NB_CLAIM_STALE, /* its owner ended without dropping it */
} nb_claim_state;

/* Looks without taking. A file that cannot be looked at counts as held. */
nb_claim_state nb_claim_look(const char *path);

#endif
