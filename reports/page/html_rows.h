// Charts of tables of numbers (base/result/number_rows.h).
#ifndef SG_HTML_ROWS_H
#define SG_HTML_ROWS_H

#include "html.h"
#include "number_rows.h"

#define ROWS_HEIGHT 150.0
#define ROWS_TOP 14.0

// One column against another, each value of y multiplied by `unit`.
struct rows_chart {
	const char *caption, *sub, *description;
	const struct view_test *test;
	const struct number_rows *rows;
	size_t columns, x, y;
	size_t y2; // a second line, in ink; 0: none. A value of 0 there is not known
	double unit;
	svg_label_fn x_label;
	const char *x_title, *y_title, *y2_title; // of the data table's columns
	double limit;                             // a dotted line there; 0: none
	double mark_x;                            // a ✗ on the line there, with mark_y; 0: none
	double mark_y;
};

void html_rows_chart(struct page *p, const struct rows_chart *c);
// Along the bottom: milliseconds; numbers.
const char *rows_label_ms(struct arena *a, double value);

#endif
