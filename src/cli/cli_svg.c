#include "cli_svg.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void cli_put_escaped(FILE *out, const char *text)
{
    for (const char *c = text; *c; c++) {
        switch (*c) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc((unsigned char)*c < ' ' || *c == 0x7f ? ' ' : *c, out);
        }
    }
}

/* How a document is rewritten. */
typedef struct rewriting {
    FILE *out;
    const char *title, *description;
    const char *prefix; /* of ids */
    bool variables;     /* colours by CSS variables */
    bool background;    /* white below everything */
} rewriting;

static bool starts(const char *text, const char *part)
{
    return strncmp(text, part, strlen(part)) == 0;
}

/* The variable of a colour, or NULL for one that is not ours. */
static const char *variable_of(unsigned rgb)
{
    static const char *const colours[] = CLI_SERIES_RGB;
    static const char *const series[] = {"--series-0", "--series-1", "--series-2", "--series-3",
                                         "--series-4", "--series-5", "--series-6", "--series-7"};
    static const char *const others[][2] = {
        {CLI_COLOUR_INK, "--plot-ink"}, {CLI_COLOUR_AXIS, "--plot-axis"}, {CLI_COLOUR_GRID, "--plot-grid"}};
    for (size_t i = 0; i < sizeof colours / sizeof *colours; i++)
        if (strtoul(colours[i] + 1, NULL, 16) == rgb)
            return series[i];
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strtoul(others[i][0] + 1, NULL, 16) == rgb)
            return others[i][1];
    return NULL;
}

/* "rgb( 0, 114, 178)". Returns what follows it. */
static const char *put_colour(const rewriting *r, const char *at)
{
    unsigned red = 0, green = 0, blue = 0;
    sscanf(at, "rgb( %u , %u , %u", &red, &green, &blue);
    const unsigned rgb = (red & 255) << 16 | (green & 255) << 8 | (blue & 255);
    const char *variable = r->variables ? variable_of(rgb) : NULL, *end = strchr(at, ')');
    if (variable)
        fprintf(r->out, "var(%s)", variable);
    else
        fprintf(r->out, "#%06x", rgb);
    return end ? end + 1 : at + strlen(at);
}

/* A group without content, which gnuplot writes by the dozen: its end, or NULL when this is none. */
static const char *empty_group(const char *at)
{
    const char *close = starts(at, "<g ") ? strchr(at, '>') : NULL;
    if (!close)
        return NULL;
    close += 1 + strspn(close + 1, "\n\t ");
    return starts(close, "</g>") ? close + 4 : NULL;
}

static void put_head(const rewriting *r)
{
    fputs("<title>", r->out);
    cli_put_escaped(r->out, r->title);
    fputs("</title>\n<desc>", r->out);
    cli_put_escaped(r->out, r->description);
    fputs("</desc>", r->out);
}

/* Where something is to be replaced, writes what replaces it and returns what follows; NULL where nothing is. */
static const char *put_replacement(const rewriting *r, const char *at)
{
    static const char desc_end[] = "</desc>", title_end[] = "</title>", unfilled[] = "fill=\"none\"/>";
    const char *end;
    if (starts(at, "rgb("))
        return put_colour(r, at);
    if ((end = empty_group(at)) != NULL)
        return end;
    if (starts(at, "<title>Gnuplot</title>") && (end = strstr(at, desc_end)) != NULL) {
        put_head(r);
        return end + sizeof desc_end - 1;
    }
    if (starts(at, "<title>gnuplot_") && (end = strstr(at, title_end)) != NULL) /* a tooltip for nobody */
        return end + sizeof title_end - 1;
    if (starts(at, "<rect x=\"0\" y=\"0\" ") && (end = strstr(at, unfilled)) != NULL) {
        fprintf(r->out, "%.*sfill=\"%s\"/>", (int)(end - at), at, r->background ? "#ffffff" : "none");
        return end + sizeof unfilled - 1;
    }
    static const char *const ids[] = {" id='", " id=\"", "href='#", "url(#"};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        if (starts(at, ids[i])) {
            fprintf(r->out, "%s%s", ids[i], r->prefix);
            return at + strlen(ids[i]);
        }
    }
    return NULL;
}

static void rewrite(const rewriting *r, const char *svg)
{
    bool quoted_text = false; /* between tags nothing is replaced: a label may look like anything */
    for (const char *at = svg; *at;) {
        const char *next = quoted_text ? NULL : put_replacement(r, at);
        if (next) {
            at = next;
            continue;
        }
        if (starts(at, "<text>") || starts(at, "<text "))
            quoted_text = true;
        else if (starts(at, "</text>"))
            quoted_text = false;
        fputc(*at++, r->out);
    }
}

void cli_svg_standalone(FILE *out, const char *svg, const char *title, const char *description)
{
    fputs("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n", out);
    rewrite(&(rewriting){.out = out, .title = title, .description = description, .prefix = "", .background = true}, svg);
    fputc('\n', out);
}

void cli_svg_inline(FILE *out, const char *svg, const char *title, const char *description, const char *prefix)
{
    static const char start[] = "<svg";
    fputs("<svg class=\"plot\" role=\"img\"", out);
    rewrite(&(rewriting){.out = out, .title = title, .description = description, .prefix = prefix, .variables = true},
            svg + sizeof start - 1);
    fputc('\n', out);
}
