/* Drawings of architectures as SVG: plain elements, no scripts, no fonts to load; light and dark by the reader's preference. */
#ifndef NB_CLI_DRAWING_H
#define NB_CLI_DRAWING_H

#include <stdint.h>
#include <stdio.h>

/* A cell of the topology space. */
typedef struct cli_cell {
    const char *title;         /* above the drawing: which cell this is */
    const char *caption;       /* below it: the architecture string */
    const char *note;          /* below that: costs */
    const char *operations[6]; /* names by edge: 1<-0, 2<-0, 2<-1, 3<-0, 3<-1, 3<-2; NULL: no such edge */
} cli_cell;

void cli_draw_cell(const cli_cell *cell, FILE *out);

/* A network of the size space: its five layers as blocks as tall as they are wide in channels. */
typedef struct cli_widths {
    const char *title;
    const char *caption;
    const char *note;
    uint32_t channels[5];
} cli_widths;

void cli_draw_widths(const cli_widths *widths, FILE *out);

enum { CLI_GRAPH_VERTICES = 7 };

/* A cell of NAS-Bench-101: its vertices on a line, edges between neighbours straight, all others as arcs above and below. */
typedef struct cli_graph {
    const char *title;
    const char *caption; /* the graph hash */
    const char *note;
    int vertices;                               /* 2 .. 7 */
    const char *operations[CLI_GRAPH_VERTICES]; /* [vertices] "input", "conv3x3-bn-relu", ..., "output" */
    uint32_t out[CLI_GRAPH_VERTICES];           /* [vertices] bit j of out[i]: an edge from i to j > i */
} cli_graph;

void cli_draw_graph(const cli_graph *graph, FILE *out);

#endif
