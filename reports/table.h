// Tables on a terminal: columns as wide as what is in them, dropped or cut where the terminal is too narrow.
#ifndef SG_TABLE_H
#define SG_TABLE_H

#include "arena.h"
#include "reports.h"

#include <stdio.h>

enum table_style { STYLE_PLAIN, STYLE_GOOD, STYLE_BAD, STYLE_WARN, STYLE_FAINT, STYLE_STRONG };

struct table_column {
	const char *title; // "": none
	bool right;        // figures
	unsigned drop;     // where there is no room, columns go by this number, the largest first; 0: never
	bool cut;          // shortened in the middle when dropping was not enough
};

struct table;

// `columns` is borrowed and must outlive the table; cells' text comes from `a` or outlives it too. NULL without
// memory.
struct table *table_new(struct arena *a, const struct table_column *columns, size_t count);
void table_free(struct table *t); // accepts NULL
// A heading above the rows that follow.
void table_heading(struct table *t, const char *text);
// The next row; its cells are then filled from the left by table_cell, and the rest is empty.
void table_row(struct table *t);
void table_cell(struct table *t, enum table_style style, const char *text);
// Prints it in at most `style->columns` columns, indented by two. Titles are printed once, at the top.
void table_print(const struct table *t, const struct term_style *style, FILE *out);
// Text in a style, or plain where there is no colour.
void table_text(const struct term_style *style, enum table_style s, const char *text, FILE *out);
// A paragraph: lines broken at blanks to the width there is, each but the first indented by `hang`, and a newline
// at the end. Words that are longer than a line stay whole, so that they can be copied.
void table_wrap(const struct term_style *style, const char *text, unsigned indent, unsigned hang, FILE *out);
// The width there is, in columns.
unsigned table_columns(const struct term_style *style);

#endif
