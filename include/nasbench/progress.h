/* Long work tells how far it is and can be stopped: a callback and a cancellation token in one small struct. */
#ifndef NASBENCH_PROGRESS_H
#define NASBENCH_PROGRESS_H

#include <stdint.h>

#ifdef __cplusplus
#include <atomic>
using std::atomic_int;
extern "C" {
#else
#include <stdatomic.h>
#endif

/* Given to every function that may run for more than a second; NULL means: no reports, no cancelling. All members may be zero.
 *
 * The callback is called from the thread that does the work, at most some tens of times a second. `cancel` may be set from anywhere,
 * a signal handler included; the function then returns NB_ERR_CANCELLED soon and leaves a valid, resumable state or nothing at all. */
typedef struct nb_progress {
    void (*report)(void *user, uint64_t done, uint64_t total, const char *note); /* total 0: not known; note may be NULL */
    void *user;
    const atomic_int *cancel; /* non-zero: stop */
} nb_progress;

#ifdef __cplusplus
}
#endif
#endif
