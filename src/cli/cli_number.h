/* Numbers as text: the same on every machine and in every locale. */
#ifndef NB_CLI_NUMBER_H
#define NB_CLI_NUMBER_H

#include <stddef.h>
#include <stdint.h>

enum { CLI_NUMBER_SIZE = 32 }; /* room for any number below with its final zero */

/* The shortest decimal that reads back as the very same double: 63.36, not 63.359999999999999. `value` is finite. Returns `text`. */
char *cli_shortest(double value, char text[CLI_NUMBER_SIZE]);

/* With `decimals` digits after the point; "-" for NaN, which everywhere means: not measured. Returns `text`. */
char *cli_fixed(double value, int decimals, char text[CLI_NUMBER_SIZE]);

/* With commas between thousands: 15,625. Returns `text`. */
char *cli_grouped(uint64_t value, char text[CLI_NUMBER_SIZE]);

/* A size in bytes for people: 812 B, 3.4 MB (1 MB = 1,000,000 B). Returns `text`. */
char *cli_bytes(uint64_t size, char text[CLI_NUMBER_SIZE]);

/* Seconds for people: 12 s, 3:05 min, 2:03:04 h. Returns `text`. */
char *cli_duration(double seconds, char text[CLI_NUMBER_SIZE]);

#endif
