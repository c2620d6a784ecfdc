/* Numbers from text and back, whatever the program's locale says. */
#ifndef NB_BASE_NUMBER_H
#define NB_BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The whole of `text` as a double, correctly rounded; "nan", "inf" and hexadecimal forms are accepted, blanks around it are not. */
bool nb_number_parse_double(const char *text, size_t size, double *out);

/* The whole of `text` as a decimal integer, with an optional sign. */
bool nb_number_parse_int(const char *text, size_t size, int64_t *out);

#define NB_NUMBER_SIZE 32

/* A decimal that reads back as the very same double, as few decimals as that takes up to six, else 15 to 17 digits; zero-terminated. "nan",
 * "inf", "-inf". Returns its length. */
size_t nb_number_format(double value, char text[NB_NUMBER_SIZE]);

#endif
