/* What the commands `arch` and `space` do for NAS-Bench-101, whose cells are graphs. */
#ifndef NB_CLI_GRAPH_H
#define NB_CLI_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

#include "cli.h"

typedef struct cli_graph_options {
    const char *arch;     /* an index, a graph hash or a JSON object */
    cli_strings datasets; /* of the table of costs; empty: cifar10 */
    uint32_t channels, cells;
    const char *svg; /* NULL: no drawing */
    bool json;
} cli_graph_options;

/* Whether the text can only be one of NAS-Bench-101: a JSON object or 32 hexadecimal digits. */
bool cli_is_graph(const char *text);

/* nasbench arch. Graphs out of the domain are shown, too, with the reason. Returns an exit code. */
int cli_graph_show(const cli_graph_options *opts);

/* nasbench space nasbench101 count: cells by vertices and edges. */
int cli_graph_count(bool json);

/* nasbench space nasbench101 enumerate: all cells in ascending order of their hashes. NULL or "-": standard output. A path that ends in
 * ".json" gets the object that the reference's generator writes, any other the lines "hash adjacency labels parameters". */
int cli_graph_enumerate(const char *path);

#endif
