/* Foreign bytes in a form fit for a message. */
#ifndef NB_BASE_QUOTE_H
#define NB_BASE_QUOTE_H

#include <stddef.h>

#define NB_QUOTE_SIZE 48

/* In single quotes; what is not printable ASCII is shown as '?', what is too long ends in "...". */
typedef struct nb_quoted {
    char text[NB_QUOTE_SIZE];
} nb_quoted;

nb_quoted nb_quote(const char *bytes, size_t size);

#endif
