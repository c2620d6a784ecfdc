/* Names as people type them. */
#ifndef NB_BASE_NAME_H
#define NB_BASE_NAME_H

#include <stdbool.h>

/* Whether two names are the same when letter case, '-', '_' and blanks do not count. */
bool nb_same_name(const char *a, const char *b);

#endif
