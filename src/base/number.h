/* Numbers from text, whatever the program's locale says. */
#ifndef NB_BASE_NUMBER_H
#define NB_BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The whole of `text` as a double, correctly rounded; "nan", "inf" and hexadecimal forms are accepted, blanks around it are not. */
bool nb_number_parse_double(const char *text, size_t size, double *out);

/* The whole of `text` as a decimal integer, with an optional sign. */
bool nb_number_parse_int(const char *text, size_t size, int64_t *out);

#endif
