// The page's leaks: live bytes from cycle to cycle of one test, and what drifted from pass to pass of a soak.
#include "html_rows.h"

#include "heaps.h"
#include "leak.h"
#include "soak.h"
#include "soaked.h"
#include "text.h"

#include <stdlib.h>

#define MOST_CHARTS 12U
#define MOST_SITES 6U

// ---- one test ----

static bool tells(const struct view_test *t)
{
	return t->r->live.count >= TREND_FEWEST;
}

static int by_verdict(const void *a, const void *b)
{
	const struct view_test *const *x = a, *const *y = b;
	const bool lx = (*x)->r->verdict == VERDICT_LEAKED, ly = (*y)->r->verdict == VERDICT_LEAKED;

	return lx != ly ? (lx ? -1 : 1) : ((*x) > (*y)) - ((*x) < (*y));
}

static void live_chart(struct page *p, const struct view_test *t)
{
	struct arena *a = p->arena;
	struct buf words = { 0 };
	const bool leaks = leak_found(&t->r->live, &words);
	const struct rows_chart c = { .caption = t->id,
		                      .sub = leaks ? "grows" : "steady",
		                      .description = leaks ? text_make(a, "%s", buf_text(&words))
		                                           : "Live bytes after full collections do not grow.",
		                      .test = t,
		                      .rows = &t->r->live,
		                      .columns = LIVE_COLUMNS,
		                      .x = LIVE_CYCLE,
		                      .y = LIVE_BYTES_COLUMN,
		                      .unit = 1,
		                      .x_label = svg_label_count,
		                      .x_title = ">Cycle",
		                      .y_title = ">Live" };

	html_rows_chart(p, &c);
	buf_deinit(&words);
}

// What its processes still held at their ends, by call stack.
static void add_sites(struct page *p, const struct view_test *t)
{
	size_t n;
	const struct result_site **sites = heaps_held(p->arena, t->r, &n);

	if (n == 0)
		return;
	html_heading(p, text_make(p->arena, "Still held at the end of %s, by call stack", t->id));
	html_head(p, (const char *const[]){ ">Held", "Stack", NULL });
	for (size_t i = 0; i < n && i < MOST_SITES; i++) {
		html_row(p, t);
		html_figure_cell(p, sites[i]->live_bytes, text_bytes(p->arena, sites[i]->live_bytes));
		buf_adds(&p->b, "<td>");
		html_frames(p, &sites[i]->frames);
		buf_adds(&p->b, "</td></tr>\n");
	}
	html_head_end(p);
}

static void add_tests(struct page *p, const struct view_test **tests, size_t count)
{
	html_charts(p);
	for (size_t i = 0; i < count && i < MOST_CHARTS; i++)
		live_chart(p, tests[i]);
	html_charts_end(p);
	for (size_t i = 0; i < count && i < MOST_CHARTS; i++)
		if (tests[i]->r->verdict == VERDICT_LEAKED)
			add_sites(p, tests[i]);
}

// ---- a soak ----

static void add_soak(struct page *p)
{
	const char *line;

	html_heading(p, "The soak");
	for (size_t i = 0; (line = soaked_line(p->view, i)) != NULL; i++)
		html_note(p, line);
}

void html_leaks(struct page *p)
{
	const struct view_test **tests = arena_alloc(p->arena, (p->view->count + 1) * sizeof *tests);
	size_t n = 0;

	for (size_t i = 0; tests != NULL && i < p->view->count; i++)
		if (tells(&p->view->tests[i]))
			tests[n++] = &p->view->tests[i];
	if (n == 0 && p->view->run->soak_count == 0)
		return;
	html_section(
	        p, "leaks", "Leaks",
	        "What is live after a full collection, at the end of each cycle of the same work; and of a soak, what "
	        "grew from pass to pass.");
	if (n > 0) {
		qsort(tests, n, sizeof *tests, by_verdict);
		add_tests(p, tests, n);
	}
	if (p->view->run->soak_count > 0)
		add_soak(p);
	html_section_end(p);
}
