#include "cli_drawing.h"
#include "cli_svg.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Coordinates are SVG user units, about one pixel each. */
enum {
    WIDTH = 860,
    NODE_RADIUS = 24,
    NODE_FIRST = 90, /* x of node 0 */
    NODE_STEP = 227, /* to the next node */
    CELL_LINE = 292, /* y of the nodes */
    CELL_HEIGHT = 500,
    BLOCK_HEIGHT = 420
};

/* How an operation looks: a colour on light and on dark ground, and a line that can be told apart without colour. */
static const struct style {
    const char *operation;
    const char *class_name;
    const char *light;
    const char *dark;
    const char *line; /* more properties of the edge */
} styles[] = {
    {"none", "none", "#8c959f", "#7d8590", "stroke-dasharray:3 6;stroke-width:1.6px"},
    {"skip_connect", "skip", "#1a7f37", "#56d364", "stroke-width:2px"},
    {"nor_conv_1x1", "conv1", "#bc4c00", "#ffa657", "stroke-width:3px"},
    {"nor_conv_3x3", "conv3", "#0969da", "#79c0ff", "stroke-width:4px"},
    {"avg_pool_3x3", "pool", "#8250df", "#d2a8ff", "stroke-width:3px;stroke-dasharray:10 4"},
    {"edge", "wire", "#59636e", "#9198a1", "stroke-width:2px"}, /* of cells whose operations are at the vertices */
};
enum { STYLES = sizeof styles / sizeof *styles };

/* The edges in the official order, with how high each bends away from the line of nodes (negative: below it). */
static const struct edge {
    int from, to;
    double bend;
} edges[6] = {{0, 1, 0}, {0, 2, 128}, {1, 2, 0}, {0, 3, 256}, {1, 3, -128}, {2, 3, 0}};

static size_t style_of(const char *operation)
{
    for (size_t i = 0; i < STYLES; i++) {
        if (strcmp(styles[i].operation, operation) == 0)
            return i;
    }
    return 0;
}

/* The colours of one scheme; `prefix` indents them into a media query. */
static void put_colours(bool dark, const char *prefix, FILE *out)
{
    fprintf(out,
            "%s.ground{fill:%s}\n"
            "%s.ink{fill:%s}\n"
            "%s.faint{fill:%s}\n"
            "%s.node{fill:%s;stroke:%s}\n",
            prefix, dark ? "#0d1117" : "#ffffff", prefix, dark ? "#e6edf3" : "#1f2328", prefix, dark ? "#9198a1" : "#59636e", prefix,
            dark ? "#21262d" : "#f6f8fa", dark ? "#9198a1" : "#424a53");
    for (size_t i = 0; i < STYLES; i++) {
        const char *colour = dark ? styles[i].dark : styles[i].light;
        fprintf(out, "%s.%s{stroke:%s}.%s-fill{fill:%s}\n", prefix, styles[i].class_name, colour, styles[i].class_name, colour);
    }
}

static void put_head(const char *title, const char *caption, int height, FILE *out)
{
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" "
            "font-family=\"system-ui,'Segoe UI',Helvetica,Arial,'DejaVu Sans',sans-serif\">\n<title>",
            WIDTH, height, WIDTH, height);
    cli_put_escaped(out, title);
    fputs("</title>\n<desc>", out);
    cli_put_escaped(out, caption);
    fputs("</desc>\n<style>\n"
          ".edge{fill:none;stroke-linecap:round}\n"
          ".node{stroke-width:1.5px}\n"
          ".label{font:600 13px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace}\n"
          ".caption{font:13px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace}\n",
          out);
    for (size_t i = 0; i < STYLES; i++)
        fprintf(out, ".%s{%s}\n", styles[i].class_name, styles[i].line);
    put_colours(false, "", out);
    fputs("@media (prefers-color-scheme:dark){\n", out);
    put_colours(true, "  ", out);
    fprintf(out, "}\n</style>\n<rect class=\"ground\" width=\"%d\" height=\"%d\" rx=\"12\"/>\n", WIDTH, height);
}

static void put_line(const char *class_name, int y, int size, const char *weight, const char *text, FILE *out)
{
    fprintf(out, "<text class=\"%s\" x=\"%d\" y=\"%d\" text-anchor=\"middle\" font-size=\"%d\" font-weight=\"%s\">", class_name, WIDTH / 2,
            y, size, weight);
    cli_put_escaped(out, text);
    fputs("</text>\n", out);
}

/* The architecture string may be too long for the width at its usual size; it then shrinks. */
static void put_caption(const char *caption, int y, FILE *out)
{
    double advance = 7.83; /* of one character at 13 units, in the usual monospaced fonts */
    bool tight = (double)strlen(caption) * advance > WIDTH - 40;
    fprintf(out, "<text class=\"caption ink\" x=\"%d\" y=\"%d\" text-anchor=\"middle\"", WIDTH / 2, y);
    if (tight)
        fprintf(out, " textLength=\"%d\" lengthAdjust=\"spacingAndGlyphs\"", WIDTH - 40);
    fputs(">", out);
    cli_put_escaped(out, caption);
    fputs("</text>\n", out);
}

static void put_frame(const char *title, const char *caption, const char *note, int height, FILE *out)
{
    put_line("ink", 34, 18, "600", title, out);
    put_caption(caption, height - 44, out);
    put_line("faint", height - 20, 13, "400", note, out);
}

typedef struct point {
    double x, y;
} point;

static point node_at(int node)
{
    return (point){NODE_FIRST + (double)NODE_STEP * node, CELL_LINE};
}

/* The point `distance` away from `from` in the direction of `to`. */
static point towards(point from, point to, double distance)
{
    double length = hypot(to.x - from.x, to.y - from.y);
    return (point){from.x + (to.x - from.x) / length * distance, from.y + (to.y - from.y) / length * distance};
}

/* An arrow head with its tip at `tip`, pointing away from `from`. */
static void put_arrow_head(size_t style, point from, point tip, FILE *out)
{
    point base = towards(tip, from, 11);
    double across_x = (tip.y - base.y) * 0.5, across_y = (base.x - tip.x) * 0.5;
    fprintf(out, "<path class=\"%s-fill\" d=\"M%.1f %.1fL%.1f %.1fL%.1f %.1fZ\"/>\n", styles[style].class_name, tip.x, tip.y,
            base.x + across_x, base.y + across_y, base.x - across_x, base.y - across_y);
}

/* The name of the operation in the middle of its edge, on a piece of ground so that lines do not run through it. */
static void put_label(const char *operation, size_t style, point centre, FILE *out)
{
    double width = 7.83 * (double)strlen(operation) + 18;
    fprintf(
        out,
        "<rect class=\"ground %s\" style=\"stroke-width:1.2px;stroke-dasharray:none\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"24\" "
        "rx=\"12\"/>\n<text class=\"label %s-fill\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">",
        styles[style].class_name, centre.x - width / 2, centre.y - 12, width, styles[style].class_name, centre.x, centre.y + 4.5);
    cli_put_escaped(out, operation);
    fputs("</text>\n", out);
}

/* A straight line between neighbours, else a cubic curve whose middle is about 3/4 of `bend` away from the line of nodes. */
static void put_edge(const struct edge *edge, const char *operation, FILE *out)
{
    size_t style = style_of(operation);
    point from = node_at(edge->from), to = node_at(edge->to);
    double inset = 0.25 * fabs(edge->bend) + 75; /* flat enough that curves leave a node in clearly different directions */
    point leave = {from.x + inset, from.y - edge->bend}, arrive = {to.x - inset, to.y - edge->bend};
    if (edge->bend == 0) {
        leave = to;
        arrive = from;
    }
    point start = towards(from, leave, NODE_RADIUS + 2), tip = towards(to, arrive, NODE_RADIUS + 3), end = towards(tip, arrive, 9);
    if (edge->bend == 0)
        fprintf(out, "<path class=\"edge %s\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", styles[style].class_name, start.x, start.y, end.x, end.y);
    else
        fprintf(out, "<path class=\"edge %s\" d=\"M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f\"/>\n", styles[style].class_name, start.x,
                start.y, leave.x, leave.y, arrive.x, arrive.y, end.x, end.y);
    put_arrow_head(style, arrive, tip, out);
    point middle = {(start.x + end.x) / 8 + 3 * (leave.x + arrive.x) / 8, (start.y + end.y) / 8 + 3 * (leave.y + arrive.y) / 8};
    if (edge->bend == 0)
        middle = (point){(from.x + to.x) / 2, from.y};
    put_label(operation, style, middle, out);
}

static void put_node(int node, FILE *out)
{
    static const char *const names[4] = {"input", "", "", "output"};
    point at = node_at(node);
    fprintf(out,
            "<circle class=\"node\" cx=\"%.1f\" cy=\"%.1f\" r=\"%d\"/>\n"
            "<text class=\"ink\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" font-size=\"17\" font-weight=\"600\">%d</text>\n",
            at.x, at.y, NODE_RADIUS, at.x, at.y + 6, node);
    if (names[node][0] != '\0')
        fprintf(out, "<text class=\"faint\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" font-size=\"13\">%s</text>\n", at.x,
                at.y + NODE_RADIUS + 24, names[node]);
}

void cli_draw_cell(const cli_cell *cell, FILE *out)
{
    static const size_t drawing_order[6] = {3, 1, 4, 0, 2, 5}; /* long curves first, so that short edges lie on top */
    put_head(cell->title, cell->caption, CELL_HEIGHT, out);
    for (size_t i = 0; i < 6; i++) {
        if (cell->operations[drawing_order[i]])
            put_edge(&edges[drawing_order[i]], cell->operations[drawing_order[i]], out);
    }
    for (int node = 0; node < 4; node++)
        put_node(node, out);
    put_frame(cell->title, cell->caption, cell->note, CELL_HEIGHT, out);
    fputs("</svg>\n", out);
}

void cli_draw_widths(const cli_widths *widths, FILE *out)
{
    enum { BOTTOM = 320, BLOCK = 84, HALF = BLOCK / 2, STEP = 150, FIRST = 130, UNIT = 4, LINE = 190 };
    static const char *const colours[5] = {"conv3", "pool", "conv3", "pool", "conv3"}; /* cells and residual blocks alternate */
    put_head(widths->title, widths->caption, BLOCK_HEIGHT, out);
    for (int i = 0; i + 1 < 5; i++) {
        point from = {FIRST + STEP * i + HALF, LINE}, tip = {FIRST + STEP * (i + 1) - HALF - 3, LINE};
        fprintf(out, "<path class=\"edge skip\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", from.x + 2, from.y, tip.x - 9, tip.y);
        put_arrow_head(style_of("skip_connect"), from, tip, out);
    }
    for (int i = 0; i < 5; i++) {
        double height = UNIT * (double)widths->channels[i], x = FIRST + STEP * i;
        fprintf(
            out,
            "<rect class=\"node %s\" style=\"stroke-width:2.5px;stroke-dasharray:none\" x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%.1f\" "
            "rx=\"6\"/>\n<text class=\"ink\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" font-size=\"18\" font-weight=\"600\">%u</text>\n"
            "<text class=\"faint\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\" font-size=\"13\">layer %d, %s</text>\n",
            colours[i], x - BLOCK / 2.0, LINE - height / 2, BLOCK, height, x, LINE + 6.0, widths->channels[i], x, BOTTOM + 18, i,
            i % 2 == 0 ? "cell" : "residual");
    }
    put_frame(widths->title, widths->caption, widths->note, BLOCK_HEIGHT, out);
    fputs("</svg>\n", out);
}

/* ---- graphs ---- */

enum {
    BOX_WIDTH = 92,
    BOX_HEIGHT = 40,
    BOX_STEP = 122, /* from one vertex to the next */
    GRAPH_LINE = 262,
    GRAPH_HEIGHT = 540,
    ARC_FIRST = 72, /* how far the control points of an arc over one vertex are from the line */
    ARC_STEP = 42,  /* and further for each vertex more */
    ARC_FOOT = 18   /* arcs leave right of the middle of a box and arrive left of it */
};

/* The style and the short name of a vertex. */
static const struct vertex_look {
    const char *operation, *style, *name;
} vertex_looks[] = {
    {"conv3x3-bn-relu", "nor_conv_3x3", "conv3x3"},
    {"conv1x1-bn-relu", "nor_conv_1x1", "conv1x1"},
    {"maxpool3x3", "avg_pool_3x3", "maxpool"},
};

static point vertex_at(const cli_graph *graph, int vertex)
{
    return (point){WIDTH / 2.0 + BOX_STEP * (vertex - (graph->vertices - 1) / 2.0), GRAPH_LINE};
}

static void put_vertex(const cli_graph *graph, int vertex, FILE *out)
{
    const struct vertex_look *look = NULL;
    for (size_t i = 0; i < sizeof vertex_looks / sizeof *vertex_looks; i++) {
        if (strcmp(graph->operations[vertex], vertex_looks[i].operation) == 0)
            look = &vertex_looks[i];
    }
    const char *class_name = look ? styles[style_of(look->style)].class_name : "";
    point at = vertex_at(graph, vertex);
    fprintf(out,
            "<rect class=\"node %s\" style=\"stroke-width:2.5px;stroke-dasharray:none\" x=\"%.1f\" y=\"%.1f\" width=\"%d\" "
            "height=\"%d\" rx=\"%d\"/>\n<text class=\"%s%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" font-size=\"15\" "
            "font-weight=\"600\">%s</text>\n",
            class_name, at.x - BOX_WIDTH / 2.0, at.y - BOX_HEIGHT / 2.0, BOX_WIDTH, BOX_HEIGHT, look ? 8 : BOX_HEIGHT / 2,
            look ? class_name : "ink", look ? "-fill" : "", at.x, at.y + 5, look ? look->name : graph->operations[vertex]);
}

static void put_wire(const cli_graph *graph, int from, int to, FILE *out)
{
    const double edge_of_box = BOX_WIDTH / 2.0 + 2;
    point start = vertex_at(graph, from), tip = vertex_at(graph, to);
    start.x += edge_of_box;
    tip.x -= edge_of_box;
    fprintf(out, "<path class=\"edge wire\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", start.x, start.y, tip.x - 9, tip.y);
    put_arrow_head(style_of("edge"), start, tip, out);
}

/* `side` is -1 above the line of vertices, 1 below. */
static void put_arc(const cli_graph *graph, int from, int to, int side, FILE *out)
{
    const double height = side * (ARC_FIRST + ARC_STEP * (to - from - 2.0)), box = side * (BOX_HEIGHT / 2.0 + 2);
    const point a = vertex_at(graph, from), b = vertex_at(graph, to);
    const point start = {a.x + ARC_FOOT, a.y + box}, tip = {b.x - ARC_FOOT, b.y + box};
    const point leave = {start.x + 24, start.y + height}, arrive = {tip.x - 24, tip.y + height};
    const point end = towards(tip, arrive, 9);
    fprintf(out, "<path class=\"edge wire\" d=\"M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f\"/>\n", start.x, start.y, leave.x, leave.y,
            arrive.x, arrive.y, end.x, end.y);
    put_arrow_head(style_of("edge"), arrive, tip, out);
}

typedef struct arc {
    int from, to, side;
} arc;

/* Arcs on one side cross when one begins inside the other and ends outside. */
static bool cross(const arc *a, const arc *b)
{
    return a->side == b->side &&
           ((a->from < b->from && b->from < a->to && a->to < b->to) || (b->from < a->from && a->from < b->to && b->to < a->to));
}

/* The side on which the arc crosses fewer of those before it; among equals the one with fewer arcs, above first. */
static int better_side(arc new, const arc *arcs, int count)
{
    int cost[2] = {0, 0}; /* above, below */
    for (int s = 0; s < 2; s++) {
        new.side = s == 0 ? -1 : 1;
        for (int i = 0; i < count; i++)
            cost[s] += (cross(&new, &arcs[i]) ? 100 : 0) + (arcs[i].side == new.side);
    }
    return cost[1] < cost[0] ? 1 : -1;
}

void cli_draw_graph(const cli_graph *graph, FILE *out)
{
    enum { ARCS_MAX = CLI_GRAPH_VERTICES * (CLI_GRAPH_VERTICES - 1) / 2 };
    arc arcs[ARCS_MAX];
    int count = 0;
    put_head(graph->title, graph->caption, GRAPH_HEIGHT, out);
    for (int span = graph->vertices - 1; span > 1; span--) { /* long arcs first */
        for (int from = 0; from + span < graph->vertices; from++) {
            if (!(graph->out[from] >> (from + span) & 1))
                continue;
            arcs[count] = (arc){from, from + span, 0};
            arcs[count].side = better_side(arcs[count], arcs, count);
            put_arc(graph, from, from + span, arcs[count].side, out);
            count++;
        }
    }
    for (int from = 0; from + 1 < graph->vertices; from++) {
        if (graph->out[from] >> (from + 1) & 1)
            put_wire(graph, from, from + 1, out);
    }
    for (int vertex = 0; vertex < graph->vertices; vertex++)
        put_vertex(graph, vertex, out);
    put_frame(graph->title, graph->caption, graph->note, GRAPH_HEIGHT, out);
    fputs("</svg>\n", out);
}
