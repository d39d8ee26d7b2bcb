// The report page on its way: what its sections share.
#ifndef SG_HTML_H
#define SG_HTML_H

#include "buf.h"
#include "svg.h"
#include "symbolise.h"
#include "view.h"

struct page {
	struct view view;
	struct buf b;
	struct symboliser *names;
	unsigned ids; // handed out so far
};

extern const char html_css[]; // page.css, embedded by CMake

// A section's heading; `note` (may be NULL) says in one line what is seen below. Both are escaped.
void html_section(struct page *p, const char *id, const char *title, const char *note);
void html_section_end(struct page *p);
void html_heading(struct page *p, const char *title); // below a section's
// A table's head from titles; those that begin with '>' are figures. NULL ends them.
void html_head(struct page *p, const char *const *titles);
void html_head_end(struct page *p);

// A row's cells. A figure is a <data> element with its raw value beside the words.
void html_cell(struct page *p, const char *text);
void html_figure_cell(struct page *p, uint64_t value, const char *words);
void html_real_cell(struct page *p, double value, const char *words);
void html_empty_cell(struct page *p);
// Opens the row of a test.
void html_row(struct page *p, const struct view_test *t);
// A pool's backtrace as <pre>, symbolised; nothing where it has none.
void html_backtrace(struct page *p, const struct result_pool *pool);
// Mark and word of a verdict, as a cell's content or a badge.
void html_verdict(struct page *p, const struct result *r);
// "✓" for what ended as expected, else "✗"; "~" and "–" for what is neither.
const char *html_mark(const struct result *r);
// Adds text, escaped.
void html_text(struct page *p, const char *text);

// The sections, in the order of the page; each adds nothing where it has nothing to show.
void html_failures(struct page *p);
void html_matrix(struct page *p);
void html_growth(struct page *p);
void html_http2(struct page *p);
void html_kernels(struct page *p);
void html_slabs(struct page *p);
void html_allocations(struct page *p);
void html_resources(struct page *p);
void html_tests(struct page *p);
void html_machine(struct page *p);

// Whether the section would show something: the page's table of contents asks.
bool html_has_growth(const struct page *p);
bool html_has_http2(const struct page *p);
bool html_has_kernels(const struct page *p);
bool html_has_slabs(const struct page *p);
bool html_has_allocations(const struct page *p);
bool html_has_resources(const struct page *p);
bool html_has_matrix(const struct page *p);

// All charts are as wide as a phone shows whole; a wider page puts several beside each other.
#define CHART_WIDTH 344.0
#define CHART_LEFT 54.0 // of the plot: labels are left of it
#define CHART_RIGHT 330.0
#define CHART_BOTTOM 24.0 // below the plot, for labels
#define CHARTS_MOST 48U   // in one section

// One chart of the page: opens <figure> with its caption and the SVG; then the caller draws; then the data table.
struct chart {
	const char *caption, *sub; // sub: behind the caption, faint; ""
	const char *description;
	double width, height;
};

void html_chart_open(struct page *p, const struct chart *c);
void html_chart_data(struct page *p, const char *const *titles); // closes the SVG, opens the table behind it
void html_chart_close(struct page *p);

#endif
