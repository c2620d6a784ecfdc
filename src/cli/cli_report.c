#include "cli_report.h"

#include <math.h>
#include <stdlib.h>

#include "cli.h"
#include "cli_number.h"
#include "cli_svg.h"

/* Everything that decides on looks. Dark colours hold on screens only: print is always on white. */
static const char style[] =
    ":root {\n"
    "  color-scheme: light dark;\n"
    "  --page: #ffffff; --ink: #1c1c1e; --soft: #5f6368; --rule: #dcdee2; --stripe: #f6f7f9; --accent: #0072b2; --warn: #fff6e0;\n"
    "  --plot-ink: #3c3c3c; --plot-axis: #8a8a8a; --plot-grid: #e3e3e3;\n"
    "  --series-0: #0072b2; --series-1: #d55e00; --series-2: #008a66; --series-3: #b0468b;\n"
    "  --series-4: #846a00; --series-5: #5a5a5a; --series-6: #2f97d6; --series-7: #a33b1f;\n"
    "}\n"
    "@media screen and (prefers-color-scheme: dark) {\n"
    "  :root {\n"
    "    --page: #16181c; --ink: #e7e8ea; --soft: #a3a8b0; --rule: #363a41; --stripe: #1d2025; --accent: #5cb8f0; --warn: #3a3115;\n"
    "    --plot-ink: #d2d4d8; --plot-axis: #7d828a; --plot-grid: #2e3238;\n"
    "    --series-0: #5cb8f0; --series-1: #ff9352; --series-2: #3ecf9f; --series-3: #ea8fc6;\n"
    "    --series-4: #e2c044; --series-5: #bfc3c9; --series-6: #9cc9f5; --series-7: #f2846b;\n"
    "  }\n"
    "}\n"
    "* { box-sizing: border-box; }\n"
    "body { margin: 0; background: var(--page); color: var(--ink);\n"
    "  font: 16px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; }\n"
    "main { max-width: 78rem; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; }\n"
    "h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4rem; letter-spacing: -.01em; }\n"
    "h2 { font-size: 1.3rem; margin: 3rem 0 .6rem; padding-top: 1rem; border-top: 1px solid var(--rule); }\n"
    "h3 { font-size: 1.05rem; margin: 2rem 0 .4rem; }\n"
    "p { max-width: 48rem; margin: .5rem 0 1rem; }\n"
    ".lead, figcaption, caption, footer { color: var(--soft); }\n"
    ".note { background: var(--warn); border-left: 3px solid var(--series-1); padding: .6rem .9rem; max-width: 48rem; }\n"
    ".scroll { overflow-x: auto; margin: 1rem 0 1.5rem; }\n"
    ".row { display: flex; flex-wrap: wrap; gap: 0 2.5rem; }\n"
    "table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }\n"
    "caption { text-align: left; font-size: .85rem; padding-bottom: .4rem; white-space: nowrap; }\n"
    "th, td { padding: .32rem .8rem; text-align: left; white-space: nowrap; border-bottom: 1px solid var(--rule); }\n"
    "th { font-weight: 600; border-bottom: 1.5px solid var(--soft); }\n"
    "tbody tr:nth-child(even) { background: var(--stripe); }\n"
    ".r { text-align: right; }\n"
    ".matrix td { text-align: center; min-width: 4.2rem; background: color-mix(in srgb, var(--accent) var(--share), var(--page)); }\n"
    ".matrix thead th { white-space: normal; max-width: 7.5rem; vertical-align: bottom; }\n"
    ".matrix tbody th { border-bottom: 1px solid var(--rule); }\n"
    ".figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 1.5rem 2rem; }\n"
    "figure { margin: 0; }\n"
    "figure h3 { margin: .6rem 0 .2rem; font-size: 1rem; }\n"
    "figcaption { font-size: .85rem; line-height: 1.4; }\n"
    "svg.plot { width: 100%; height: auto; display: block; }\n"
    "svg.plot text { font-family: system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; }\n"
    ".legend { list-style: none; display: flex; flex-wrap: wrap; gap: .3rem 1.6rem; padding: 0; margin: .8rem 0 .4rem; font-size: .9rem; "
    "}\n"
    ".legend svg { width: 2.6rem; height: .7rem; margin-right: .5rem; vertical-align: middle; }\n"
    "footer { margin-top: 3rem; font-size: .8rem; border-top: 1px solid var(--rule); padding-top: .8rem; }\n"
    "@media print {\n"
    "  @page { size: A4; margin: 14mm; }\n"
    "  body { font-size: 10pt; }\n"
    "  main { max-width: none; padding: 0; }\n"
    "  .figures { grid-template-columns: 1fr 1fr; gap: 4mm 6mm; }\n"
    "  .scroll { overflow: visible; }\n"
    "  table { font-size: 8pt; }\n"
    "  th, td { padding: .2rem .5rem; }\n"
    "  h2, h3, caption { break-after: avoid; }\n"
    "  figure, tr { break-inside: avoid; }\n"
    "  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }\n"
    "}\n";

static void put_element(cli_report *report, const char *open, const char *text, const char *close)
{
    fputs(open, report->out);
    cli_put_escaped(report->out, text);
    fprintf(report->out, "%s\n", close);
}

int cli_report_open(cli_report *report, const char *path, const char *title, const char *lead)
{
    *report = (cli_report){0};
    const int code = cli_output_open(&report->output, path);
    if (code != CLI_OK)
        return code;
    report->out = report->output.file;
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<link rel=\"icon\" href=\"data:,\">\n", /* or browsers ask for one */
          report->out);
    put_element(report, "<title>", title, "</title>");
    fprintf(report->out, "<style>\n%s</style>\n</head>\n<body>\n<main>\n<header>\n", style);
    put_element(report, "<h1>", title, "</h1>");
    put_element(report, "<p class=\"lead\">", lead, "</p>\n</header>");
    return CLI_OK;
}

int cli_report_close(cli_report *report, int code)
{
    fputs("<footer>Made by nasbench " NB_VERSION ". Everything is in this file.</footer>\n</main>\n</body>\n</html>\n", report->out);
    return cli_output_close(&report->output, code);
}

void cli_report_heading(cli_report *report, const char *text)
{
    put_element(report, "<h2>", text, "</h2>");
}

void cli_report_subheading(cli_report *report, const char *text)
{
    put_element(report, "<h3>", text, "</h3>");
}

void cli_report_paragraph(cli_report *report, const char *text)
{
    put_element(report, "<p>", text, "</p>");
}

void cli_report_note(cli_report *report, const char *text)
{
    put_element(report, "<p class=\"note\">", text, "</p>");
}

static void put_cell(cli_report *report, const char *element, char align, const char *text)
{
    fprintf(report->out, "<%s%s>", element, align == 'r' ? " class=\"r\"" : "");
    cli_put_escaped(report->out, text);
    fprintf(report->out, "</%s>", element);
}

void cli_report_table(cli_report *report, const cli_columns *columns, const char *caption)
{
    const size_t width = columns->column_count;
    fputs("<div class=\"scroll\"><table>\n", report->out);
    if (caption)
        put_element(report, "<caption>", caption, "</caption>");
    fputs("<thead><tr>", report->out);
    for (size_t i = 0; i < width; i++)
        put_cell(report, "th", columns->align[i], columns->heads[i]);
    fputs("</tr></thead>\n<tbody>\n", report->out);
    for (size_t row = 0; row + width <= columns->cell_count; row += width) {
        fputs("<tr>", report->out);
        for (size_t i = 0; i < width; i++)
            put_cell(report, "td", columns->align[i], columns->cells[row + i]);
        fputs("</tr>\n", report->out);
    }
    fputs("</tbody>\n</table></div>\n", report->out);
}

void cli_report_legend(cli_report *report, const char *const *names, size_t count)
{
    fputs("<ul class=\"legend\">\n", report->out);
    for (size_t i = 0; i < count; i++) {
        const char *dash = cli_plot_dash(i);
        fprintf(report->out, "<li><svg viewBox=\"0 0 42 10\" aria-hidden=\"true\"><path d=\"M0 5H42\" stroke=\"var(--series-%zu)\" ",
                i % CLI_SERIES_COLOURS);
        fprintf(report->out, "stroke-width=\"3\"%s%s%s/></svg>", *dash ? " stroke-dasharray=\"" : "", dash, *dash ? "\"" : "");
        cli_put_escaped(report->out, names[i]);
        fputs("</li>\n", report->out);
    }
    fputs("</ul>\n", report->out);
}

void cli_report_begin_figures(cli_report *report)
{
    fputs("<div class=\"figures\">\n", report->out);
}

void cli_report_figure(cli_report *report, const cli_plot *plot)
{
    char *prefix = cli_format("f%zu-", ++report->figures);
    put_element(report, "<figure>\n<h3>", plot->title, "</h3>");
    cli_svg_inline(report->out, plot->svg, plot->title, plot->description, prefix);
    put_element(report, "<figcaption>", plot->description, "</figcaption>\n</figure>");
    free(prefix);
}

void cli_report_end_figures(cli_report *report)
{
    fputs("</div>\n", report->out);
}

void cli_report_begin_row(cli_report *report)
{
    fputs("<div class=\"row\">\n", report->out);
}

void cli_report_end_row(cli_report *report)
{
    fputs("</div>\n", report->out);
}

static void put_shaded(cli_report *report, double value)
{
    char text[CLI_NUMBER_SIZE];
    if (isnan(value)) {
        fputs("<td style=\"--share: 0%\">-</td>", report->out);
        return;
    }
    fprintf(report->out, "<td style=\"--share: %d%%\">%s</td>", (int)(60 * fabs(value)), cli_fixed(value, 3, text));
}

void cli_report_matrix(cli_report *report, const char *const *names, const double *values, size_t count, const char *caption)
{
    fputs("<div class=\"scroll\"><table class=\"matrix\">\n", report->out);
    put_element(report, "<caption>", caption, "</caption>\n<thead><tr><th></th>");
    for (size_t i = 0; i < count; i++)
        put_cell(report, "th", 'l', names[i]);
    fputs("</tr></thead>\n<tbody>\n", report->out);
    for (size_t row = 0; row < count; row++) {
        fputs("<tr>", report->out);
        put_cell(report, "th", 'l', names[row]);
        for (size_t column = 0; column < count; column++)
            put_shaded(report, values[row * count + column]);
        fputs("</tr>\n", report->out);
    }
    fputs("</tbody>\n</table></div>\n", report->out);
}
