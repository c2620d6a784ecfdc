/* Aligned columns of text for people. Column heads carry the units. */
#ifndef NB_CLI_COLUMNS_H
#define NB_CLI_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { CLI_COLUMNS_MAX = 32 };

/* Cells are collected row by row and printed together, since widths are known only then. Zero-initialise; cli_columns_free at the end. */
typedef struct cli_columns {
    const char *heads[CLI_COLUMNS_MAX];
    char *owned_heads[CLI_COLUMNS_MAX]; /* those that were copied */
    char align[CLI_COLUMNS_MAX];        /* 'l' or 'r' */
    size_t column_count;
    char **cells; /* [row][column] */
    size_t cell_count;
    size_t room;
    size_t widths[CLI_COLUMNS_MAX]; /* of what was printed so far */
    bool headed;                    /* the heads were printed */
} cli_columns;

/* Adds a column; `align` is 'l' for words, 'r' for numbers. `head` stays the caller's. */
void cli_columns_head(cli_columns *columns, const char *head, char align);

/* The same with a copy of `head`. */
void cli_columns_named_head(cli_columns *columns, const char *head, char align);

/* The next cell, left to right, row after row; the text is copied. */
void cli_columns_text(cli_columns *columns, const char *text);
void cli_columns_unsigned(cli_columns *columns, uint64_t value);
void cli_columns_real(cli_columns *columns, double value, int decimals); /* NaN: "-" */

/* Prints heads (once) and the rows collected since the last call: two blanks between columns, no blanks at line ends. */
void cli_columns_print(cli_columns *columns, FILE *out);

/* For long lists, after each row: prints when thousands are waiting, so that memory stays small. cli_columns_print prints the rest. */
void cli_columns_row_done(cli_columns *columns, FILE *out);

void cli_columns_free(cli_columns *columns);

#endif
