/* A small pool of threads for work that comes in many short rounds: a training step has hundreds. The workers spin for a short while
 * between rounds and then sleep. */
#ifndef NB_BASE_POOL_H
#define NB_BASE_POOL_H

#include "base/error.h"

typedef struct nb_workers nb_workers;

/* Does part `part` of `parts` of a round. Which thread runs it is not fixed; results must not depend on it. `thread` is 0..threads-1
 * and belongs to one thread for the length of the call: the index of its scratch memory. */
typedef void (*nb_part)(void *user, int part, int parts, int thread);

/* Starts `threads` - 1 threads; the one that calls nb_workers_run is the other. 1 starts none. */
nb_status nb_workers_new(int threads, nb_workers **out, nb_error *err);

/* Ends the threads. NULL is fine. */
void nb_workers_free(nb_workers *workers);

/* How many threads take part; 1 for NULL. */
int nb_workers_count(const nb_workers *workers);

/* Runs all parts and returns when they are done. Not to be called from inside a part, nor from two threads at once. `workers` may be
 * NULL: the caller does everything. Thread t of n starts with the t-th n-th of the parts (memory stays near) and then takes what others
 * have left. */
void nb_workers_run(nb_workers *workers, nb_part run, void *user, int parts);

/* The number of processors this process may use. */
int nb_processors(void);

#endif
