/* gnuplot's SVG made fit for a file of its own, or for standing inside an HTML document. */
#ifndef NB_CLI_SVG_H
#define NB_CLI_SVG_H

#include <stdio.h>

/* The colours of plots, on white. In a report each is a CSS variable, so that the document decides: --plot-ink, --plot-axis, --plot-grid,
 * --series-0 .. --series-7. */
#define CLI_COLOUR_INK "#3c3c3c"
#define CLI_COLOUR_AXIS "#8a8a8a"
#define CLI_COLOUR_GRID "#e3e3e3"
#define CLI_SERIES_RGB                                                                                                                     \
    {                                                                                                                                      \
        "#0072b2", "#d55e00", "#008a66", "#b0468b", "#846a00", "#5a5a5a", "#2f97d6", "#a33b1f"                                             \
    }

/* A document of its own: literal colours on white, understood by every program that shows SVG. */
void cli_svg_standalone(FILE *out, const char *svg, const char *title, const char *description);

/* An element for HTML. Ids, which are unique in a document, get `prefix` in front. */
void cli_svg_inline(FILE *out, const char *svg, const char *title, const char *description, const char *prefix);

/* Text with the characters escaped that HTML and XML reserve; control characters become blanks. */
void cli_put_escaped(FILE *out, const char *text);

#endif
