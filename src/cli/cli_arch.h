/* Architectures and spaces as users name them. */
#ifndef NB_CLI_ARCH_H
#define NB_CLI_ARCH_H

#include <nasbench/space.h>

#include "cli.h"

/* For parsers: the space of the name given to --space, or cli_bad_usage. */
const nb_space *cli_parse_space(const struct argp_state *state, const char *name);

/* The architecture that `text` names, an index or a string. `space` NULL: a string may be of any space, an index is of nasbench201.
 * Returns an exit code, having said what is wrong. */
int cli_read_arch(const nb_space *space, const char *text, nb_arch *arch);

/* The architecture's string in a buffer that ends with it. */
typedef struct cli_arch_text {
    char text[NB_ARCH_TEXT_SIZE];
} cli_arch_text;

cli_arch_text cli_arch_string(const nb_arch *arch);

#endif
