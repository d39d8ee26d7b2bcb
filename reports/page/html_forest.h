// A forest plot as a table: a row a change, its ratio with the interval drawn on an axis that all rows share, and
// the same in figures and in a word.
#ifndef SG_HTML_FOREST_H
#define SG_HTML_FOREST_H

#include "html.h"

enum forest_kind { FOREST_WORSE, FOREST_BETTER, FOREST_CHANGED, FOREST_UNKNOWN };

struct forest_row {
	const char *id, *metric; // safe text on one line
	const char *base, *head; // the figures in words
	double ratio, low, high; // head as a multiple of base, and its interval: 0 or infinite where it has no
	                         // end, NaN where there is none
	bool exact;              // constant on both sides: no statistics, no interval
	enum forest_kind kind;   // CHANGED: neither direction is an improvement; UNKNOWN: could not tell
	const char *note;        // last column, e.g. the smallest change that could be told; ""
};

// The table, of which `title` is the name, with what the two sides are called. Nothing without rows.
struct forest_names {
	const char *title, *base, *head;
};
void html_forest(struct page *p, const struct forest_names *names, const struct forest_row *rows, size_t count);

#endif
