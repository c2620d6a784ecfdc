#include "cli_columns.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cli_number.h"

void cli_columns_head(cli_columns *columns, const char *head, char align)
{
    assert(columns->column_count < CLI_COLUMNS_MAX && columns->cell_count == 0);
    columns->heads[columns->column_count] = head;
    columns->align[columns->column_count++] = align;
}

void cli_columns_named_head(cli_columns *columns, const char *head, char align)
{
    const size_t column = columns->column_count;
    columns->owned_heads[column] = cli_printable(cli_strdup(head));
    cli_columns_head(columns, columns->owned_heads[column], align);
}

void cli_columns_text(cli_columns *columns, const char *text)
{
    if (columns->cell_count == columns->room) {
        columns->room = columns->room ? columns->room * 2 : 64;
        columns->cells = cli_realloc(columns->cells, columns->room * sizeof *columns->cells);
    }
    columns->cells[columns->cell_count++] = cli_printable(cli_strdup(text));
}

void cli_columns_unsigned(cli_columns *columns, uint64_t value)
{
    char text[CLI_NUMBER_SIZE];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    cli_columns_text(columns, text);
}

void cli_columns_real(cli_columns *columns, double value, int decimals)
{
    char text[CLI_NUMBER_SIZE];
    cli_columns_text(columns, cli_fixed(value, decimals, text));
}

/* Characters on the screen: bytes that go on a character of UTF-8 take no place. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void print_row(const cli_columns *columns, const char *const *row, const size_t *widths, FILE *out)
{
    size_t blanks = 0; /* written only when something follows */
    for (size_t i = 0; i < columns->column_count; i++) {
        size_t padding = widths[i] - width_of(row[i]);
        size_t before = blanks + (columns->align[i] == 'r' ? padding : 0);
        if (row[i][0] != '\0')
            fprintf(out, "%*s%s", (int)before, "", row[i]);
        else
            blanks += widths[i];
        blanks = row[i][0] == '\0' ? blanks + 2 : 2 + (columns->align[i] == 'r' ? 0 : padding);
    }
    fputc('\n', out);
}

static void widen(cli_columns *columns, size_t column, const char *text)
{
    size_t length = width_of(text);
    if (length > columns->widths[column])
        columns->widths[column] = length;
}

void cli_columns_print(cli_columns *columns, FILE *out)
{
    if (columns->column_count == 0)
        return;
    for (size_t i = 0; i < columns->column_count; i++)
        widen(columns, i, columns->heads[i]);
    for (size_t i = 0; i < columns->cell_count; i++)
        widen(columns, i % columns->column_count, columns->cells[i]);
    if (!columns->headed)
        print_row(columns, columns->heads, columns->widths, out);
    columns->headed = true;
    for (size_t i = 0; i + columns->column_count <= columns->cell_count; i += columns->column_count)
        print_row(columns, (const char *const *)columns->cells + i, columns->widths, out);
    for (size_t i = 0; i < columns->cell_count; i++)
        free(columns->cells[i]);
    columns->cell_count = 0;
}

void cli_columns_row_done(cli_columns *columns, FILE *out)
{
    enum { WAITING = 4096 };
    if (columns->cell_count >= WAITING * columns->column_count)
        cli_columns_print(columns, out);
}

void cli_columns_free(cli_columns *columns)
{
    for (size_t i = 0; i < columns->cell_count; i++)
        free(columns->cells[i]);
    free(columns->cells);
    for (size_t i = 0; i < columns->column_count; i++)
        free(columns->owned_heads[i]);
    *columns = (cli_columns){0};
}
