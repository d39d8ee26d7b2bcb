// The course of one figure over the entries of a history: a line with its change points and the levels between
// them.
#ifndef SG_HTML_COURSE_H
#define SG_HTML_COURSE_H

#include "html.h"
#include "html_forest.h"

struct course_change {
	size_t began, ended;  // entries; ended: one behind the last of the new level
	double before, after; // levels, as values are
	enum forest_kind kind;
	const char *words; // "+12 %"
};

struct course {
	const char *caption, *sub;
	const char *id, *metric;             // of the test; safe
	const char *const *dates;            // one for each value, safe
	const double *values;                // NaN: none that night
	size_t count;                        // at least 2, with at least one number
	const struct course_change *changes; // in the order of time
	size_t change_count;
	double low, high; // the band in which the newest value is no change; NaN: none
	svg_label_fn label;
	const char *unit_title; // of the data table's column: "Ratio to the anchor"
};

void html_course(struct page *p, const struct course *c);
// The same without words, small, for a cell of a table.
void html_course_small(struct page *p, const double *values, size_t count);

#endif
