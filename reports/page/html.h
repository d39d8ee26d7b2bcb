// A report page on its way: what pages and their sections share.
#ifndef SG_HTML_H
#define SG_HTML_H

#include "buf.h"
#include "svg.h"
#include "symbolise.h"
#include "view.h"

#define HTML_MOST_SECTIONS 24U

struct page {
	struct buf b;
	struct arena *arena; // of all text
	struct view *view;   // of the run that the page is about; NULL on a page about something else
	struct symboliser *names;
	unsigned ids; // handed out so far
	struct {
		const char *id, *title;
	} sections[HTML_MOST_SECTIONS]; // what the contents list
	size_t section_count, contents_at;
};

extern const char html_css[], html_js[]; // page.css and page.js, embedded by CMake

// What stands at the top of a page.
struct html_front {
	const char *what;     // "run report"
	const char *when;     // date, or the name of what it is about; ""
	const char *sentence; // the verdict: heading and title
	const char *remarks;  // what goes with it; ""
	bool bad;             // the sentence tells of something that is wrong
};

// The page's head, and the beginning up to the verdict; then come warnings and tiles, then html_contents, then the
// sections.
void html_begin(struct page *p, const struct html_front *front);
void html_warning(struct page *p, const char *text);
void html_tiles(struct page *p);
void html_tile(struct page *p, const char *name, const char *value, const char *sub); // sub: "" for none
void html_tiles_end(struct page *p);
// Where the list of sections goes: of those that are opened afterwards.
void html_contents(struct page *p);
// Ends the page and adds it to `out`. 0 or -ENOMEM.
int html_end(struct page *p, struct buf *out);
// The same into a file, which is written whole or not at all; -ENOMEM, or what io_replace_file says.
int html_write(struct page *p, const char *path, struct err *e);

// A section's heading; `note` (may be NULL) says in one line what is seen below. Texts are escaped; `id` and
// `title` must outlive the page.
void html_section(struct page *p, const char *id, const char *title, const char *note);
void html_section_end(struct page *p);
void html_heading(struct page *p, const char *title); // below a section's
void html_note(struct page *p, const char *text);
// A table's head from titles; those that begin with '>' are figures. NULL ends them. Its rows can be sorted by the
// reader where scripts run.
void html_head(struct page *p, const char *const *titles);
void html_head_end(struct page *p);

// A row's cells. A figure is a <data> element with its raw value beside the words.
void html_cell(struct page *p, const char *text);
void html_code_cell(struct page *p, const char *text);
void html_figure_cell(struct page *p, uint64_t value, const char *words);
void html_real_cell(struct page *p, double value, const char *words); // empty where value is not finite
void html_empty_cell(struct page *p);
// Opens the row of a test.
void html_row(struct page *p, const struct view_test *t);
// One line of a <dl class="facts">; nothing where the value is "".
void html_fact(struct page *p, const char *name, const char *value);
// A backtrace as <pre>, symbolised; nothing where it is empty.
void html_frames(struct page *p, const struct strings *frames);
// Mark and word of a verdict, as a cell's content or a badge.
void html_verdict(struct page *p, const struct result *r);
// "✓" for what ended as expected, else "✗"; "~" and "–" for what is neither.
const char *html_mark(const struct result *r);
// Adds text, escaped.
void html_text(struct page *p, const char *text);

// The sections of a run's page, in their order; each adds nothing where it has nothing to show.
void html_failures(struct page *p);
void html_targets(struct page *p);
void html_matrix(struct page *p);
void html_growth(struct page *p);
void html_allocators(struct page *p);
void html_slabs(struct page *p);
void html_fill(struct page *p); // in the slabs' section
void html_leaks(struct page *p);
void html_jemalloc(struct page *p);
void html_allocations(struct page *p);
// html_heaps.c: one process under the preloaded library, folded up unless `open`.
struct heap_row;
void html_heap(struct page *p, const struct heap_row *row, bool open);
void html_http2(struct page *p);
void html_kernels(struct page *p);
void html_resources(struct page *p);
void html_named(struct page *p);
void html_cases(struct page *p);
void html_tests(struct page *p);
void html_machine(struct page *p);

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

void html_charts(struct page *p); // opens the grid that charts stand in
void html_charts_end(struct page *p);
void html_chart_open(struct page *p, const struct chart *c);
void html_chart_data(struct page *p, const char *const *titles); // closes the SVG, opens the table behind it
void html_chart_close(struct page *p);

#endif
