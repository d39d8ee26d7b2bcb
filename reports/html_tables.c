// The page's tables: the overview of verdicts, slabs, all tests.
#include "html.h"

#include "bins.h"
#include "markup.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define MOST_OPEN_ROWS 400U // longer tables are folded up
#define MOST_SLABS 300U

// ---- verdicts -----------------------------------------------------------------------------------------------

static void add_matrix_cell(struct page *p, const struct view_test *t)
{
	uint64_t p50;

	if (t == NULL) {
		buf_adds(&p->b, "<td class=\"n none\">not there</td>");
		return;
	}
	if (!t->r->as_expected || t->hist == NULL) {
		buf_addf(&p->b, "<td class=\"n%s\">", t->r->as_expected ? "" : " bad");
		html_verdict(p, t->r);
		buf_adds(&p->b, "</td>");
		return;
	}
	p50 = hist_percentile(t->hist, 50);
	buf_addf(&p->b,
	         "<td class=\"n\"><span class=\"v good\"><span class=\"m\">%s</span></span> <data value=\"%llu\">",
	         html_mark(t->r), (unsigned long long)p50);
	html_text(p, text_duration(&p->view.arena, p50));
	buf_adds(&p->b, "</data></td>");
}

static void add_matrix(struct page *p, const struct view_group *g)
{
	buf_adds(&p->b, "<div class=\"scroll\"><table class=\"matrix\"><thead><tr><th scope=\"col\">");
	html_text(p, g->kind);
	buf_adds(&p->b, "</th>");
	for (size_t c = 0; c < g->columns; c++) {
		buf_adds(&p->b, "<th scope=\"col\" class=\"n\">");
		html_text(p, g->targets[c]);
		buf_adds(&p->b, "</th>");
	}
	buf_adds(&p->b, "</tr></thead><tbody>\n");
	for (size_t row = 0; row < g->rows; row++) {
		buf_adds(&p->b, "<tr><th scope=\"row\">");
		html_text(p, g->names[row]);
		buf_adds(&p->b, "</th>");
		for (size_t c = 0; c < g->columns; c++)
			add_matrix_cell(p, g->cells[row * g->columns + c]);
		buf_adds(&p->b, "</tr>\n");
	}
	html_head_end(p);
}

// Tests that are in no matrix, beside each other.
static void add_chips(struct page *p, const struct view_group *g)
{
	bool any = false;

	for (size_t i = 0; i < g->count; i++) {
		const struct view_test *t = &p->view.tests[g->first + i];

		if (g->cells != NULL && t->target[0] != '\0')
			continue;
		if (!any)
			buf_adds(&p->b, "<ul class=\"chips\">\n");
		any = true;
		buf_addf(&p->b, "<li%s>", t->r->as_expected ? "" : " class=\"bad\"");
		if (t->r->verdict == VERDICT_PASSED)
			buf_addf(&p->b, "<span class=\"v good\"><span class=\"m\">%s</span></span>",
			         html_mark(t->r));
		else
			html_verdict(p, t->r);
		buf_addc(&p->b, ' ');
		html_text(p, t->name);
		if (t->target[0] != '\0')
			markup_textf(&p->b, " · %s", t->target);
		buf_adds(&p->b, "</li>\n");
	}
	buf_adds(&p->b, any ? "</ul>\n" : "");
}

bool html_has_matrix(const struct page *p)
{
	return p->view.count > 1;
}

static bool has_cells(const struct view *v)
{
	for (size_t i = 0; i < v->group_count; i++)
		if (v->groups[i].cells != NULL)
			return true;
	return false;
}

void html_matrix(struct page *p)
{
	static const char beside[] =
	        "Every test beside the same test on the other targets. A test that ended as expected "
	        "shows the median of what it measured.";

	if (!html_has_matrix(p))
		return;
	html_section(p, "verdicts", "Verdicts", has_cells(&p->view) ? beside : NULL);
	for (size_t i = 0; i < p->view.group_count; i++) {
		const struct view_group *g = &p->view.groups[i];

		if (g->cells != NULL)
			add_matrix(p, g);
		else
			html_heading(p, g->kind);
		add_chips(p, g);
	}
	html_section_end(p);
}

// ---- slabs --------------------------------------------------------------------------------------------------

struct slab_row {
	const struct result_pool *pool;
	const struct view_test *test;
};

static int by_fullness(const void *a, const void *b)
{
	const struct slab_row *x = a, *y = b;
	double px = view_pool_percent(x->pool), py = view_pool_percent(y->pool);

	if ((x->pool->exhausted > 0) != (y->pool->exhausted > 0))
		return x->pool->exhausted > 0 ? -1 : 1;
	if (px != py)
		return px > py ? -1 : 1;
	return (x->test > y->test) - (x->test < y->test);
}

static bool is_slab(const struct result_pool *pool)
{
	return pool->capacity > 0 || pool->exhausted > 0;
}

static size_t list_slabs(const struct view *v, struct slab_row *rows)
{
	size_t n = 0;

	for (size_t i = 0; i < v->count; i++)
		for (size_t k = 0; k < v->tests[i].r->pool_count; k++) {
			if (!is_slab(&v->tests[i].r->pools[k]))
				continue;
			if (rows != NULL)
				rows[n] = (struct slab_row){ &v->tests[i].r->pools[k], &v->tests[i] };
			n++;
		}
	return n;
}

#define BAR_WIDTH 180.0
#define BAR_HEIGHT 12.0

// The outline is the capacity, the bar the most that was used of it; where a request was denied stands a mark.
static void add_bar(struct page *p, const struct result_pool *pool)
{
	double part = view_pool_percent(pool) / 100;
	bool exhausted = pool->exhausted > 0;

	if (part > 1)
		part = 1;
	svg_open_small(&p->b, BAR_WIDTH + 16, BAR_HEIGHT + 2);
	svg_rect(&p->b, 0.5, 0.5, BAR_WIDTH * part, BAR_HEIGHT, exhausted ? SVG_VERMILLION : SVG_BLUE, 1);
	svg_outline(&p->b, 0.5, 0.5, BAR_WIDTH, BAR_HEIGHT, SVG_INK);
	if (exhausted)
		svg_text(&p->b, BAR_WIDTH + 4, BAR_HEIGHT - 1, "start", SVG_VERMILLION, "✗");
	svg_close(&p->b);
}

static uint64_t bytes_of(const struct result_pool *p, uint64_t units)
{
	uint64_t bytes;

	return __builtin_mul_overflow(units, p->unit_bytes > 0 ? p->unit_bytes : 1, &bytes) ? UINT64_MAX : bytes;
}

// How often, how deep, and the backtrace where no card among the failures has it.
static void add_exhaustion(struct page *p, const struct slab_row *row)
{
	const struct result_pool *pool = row->pool;
	struct arena *a = &p->view.arena;

	buf_adds(&p->b, "<td>");
	if (pool->exhausted == 0)
		html_text(p, "never");
	else if (pool->exhausted == 1)
		html_text(p, "once");
	else
		html_text(p, text_number(a, pool->exhausted, "", "times"));
	if (pool->exhausted > 0 && pool->depth > 0)
		html_text(p, text_make(a, ", at depth %s", text_count(a, pool->depth)));
	if (row->test->r->as_expected && pool->frames.count > 0) {
		buf_adds(&p->b, "<details><summary>Backtrace</summary>");
		html_backtrace(p, pool);
		buf_adds(&p->b, "</details>");
	}
	buf_adds(&p->b, "</td>");
}

static void add_slab(struct page *p, const struct slab_row *row)
{
	struct arena *a = &p->view.arena;
	const struct result_pool *pool = row->pool;

	html_row(p, row->test);
	html_cell(p, text_line(a, pool->name));
	buf_adds(&p->b, "<td><code>");
	html_text(p, row->test->id);
	buf_adds(&p->b, "</code></td><td class=\"bar\">");
	add_bar(p, pool);
	buf_adds(&p->b, "</td>");
	html_real_cell(p, view_pool_percent(pool), text_make(a, "%.0f %%", view_pool_percent(pool)));
	html_figure_cell(p, bytes_of(pool, pool->high_water), text_bytes(a, bytes_of(pool, pool->high_water)));
	html_figure_cell(p, bytes_of(pool, pool->capacity),
	                 pool->capacity > 0 ? text_bytes(a, bytes_of(pool, pool->capacity)) : "not fixed");
	add_exhaustion(p, row);
	buf_adds(&p->b, "</tr>\n");
}

bool html_has_slabs(const struct page *p)
{
	return list_slabs(&p->view, NULL) > 0;
}

void html_slabs(struct page *p)
{
	size_t count = list_slabs(&p->view, NULL);
	struct slab_row *rows = arena_alloc(&p->view.arena, (count + 1) * sizeof *rows);

	if (count == 0 || rows == NULL)
		return;
	list_slabs(&p->view, rows);
	qsort(rows, count, sizeof *rows, by_fullness);
	html_section(
	        p, "slabs", "Slabs",
	        "The outline is a slab's capacity, the bar the most that was ever in use of it. ✗ stands where a "
	        "request could not be met.");
	html_head(p, (const char *const[]){ "Slab", "Test", "", ">Full", ">High water", ">Capacity", "Exhausted",
	                                    NULL });
	for (size_t i = 0; i < count && i < MOST_SLABS; i++)
		add_slab(p, &rows[i]);
	html_head_end(p);
	if (count > MOST_SLABS)
		markup_textf(&p->b, "%zu slabs that were less full are in report.json.", count - MOST_SLABS);
	html_section_end(p);
}

// ---- all tests ----------------------------------------------------------------------------------------------

#define SPARK_BINS 24U
#define SPARK_WIDTH 96.0
#define SPARK_HEIGHT 18.0

static void add_spark(struct page *p, const struct hist *h)
{
	uint64_t counts[SPARK_BINS];
	struct bins bins = { (double)h->min, (double)h->max, SPARK_BINS, counts, 0 };

	bins_fill(&bins, h);
	svg_open_small(&p->b, SPARK_WIDTH, SPARK_HEIGHT);
	buf_adds(&p->b, "<path d=\"");
	for (size_t i = 0; i < SPARK_BINS; i++)
		if (counts[i] > 0) {
			double height = 1 + (SPARK_HEIGHT - 1) * (double)counts[i] / (double)bins.most;
			buf_addf(&p->b, "M%.0f %.0fv-%.1fh3V%.0f", SPARK_WIDTH / SPARK_BINS * (double)i,
			         SPARK_HEIGHT, height, SPARK_HEIGHT);
		}
	buf_adds(&p->b, "\" class=\"f-blue\" fill=\"#0072b2\"/>");
	svg_close(&p->b);
}

static void add_duration(struct page *p, uint64_t ns, bool there)
{
	if (there)
		html_figure_cell(p, ns, text_duration(&p->view.arena, ns));
	else
		html_empty_cell(p);
}

static void add_test(struct page *p, const struct view_test *t)
{
	const struct result *r = t->r;
	const struct hist *h = t->hist;

	html_row(p, t);
	buf_adds(&p->b, "<td>");
	html_verdict(p, r);
	buf_adds(&p->b, "</td><td class=\"name\">");
	html_text(p, t->name);
	buf_adds(&p->b, "</td>");
	html_cell(p, t->target);
	add_duration(p, r->wall_ns, r->wall_ns > 0);
	add_duration(p, r->user_ns + r->sys_ns, r->wall_ns > 0);
	add_duration(p, h != NULL ? hist_percentile(h, 50) : 0, h != NULL);
	add_duration(p, h != NULL ? hist_percentile(h, 99) : 0, h != NULL);
	add_duration(p, h != NULL ? h->max : 0, h != NULL);
	if (r->peak_rss_bytes > 0)
		html_figure_cell(p, r->peak_rss_bytes, text_bytes(&p->view.arena, r->peak_rss_bytes));
	else
		html_empty_cell(p);
	buf_adds(&p->b, "<td class=\"bar\">");
	if (h != NULL && h->total > 1 && h->max > h->min)
		add_spark(p, h);
	buf_adds(&p->b, "</td></tr>\n");
}

static void add_group(struct page *p, const struct view_group *g)
{
	buf_adds(&p->b, "<tr class=\"group\"><th scope=\"rowgroup\" colspan=\"10\">");
	html_text(p, g->kind);
	buf_adds(&p->b, "</th></tr>\n");
	for (size_t i = 0; i < g->count; i++)
		add_test(p, &p->view.tests[g->first + i]);
}

void html_tests(struct page *p)
{
	bool folded = p->view.count > MOST_OPEN_ROWS;

	if (p->view.count == 0)
		return;
	html_section(p, "tests", "All tests",
	             "The small histograms reach from each test's least latency to its greatest.");
	if (folded)
		buf_addf(&p->b, "<details><summary>Show all %zu</summary>", p->view.count);
	html_head(p, (const char *const[]){ "Verdict", "Test", "Target", ">Time", ">CPU", ">p50", ">p99", ">Max",
	                                    ">Peak memory", "Latencies", NULL });
	for (size_t g = 0; g < p->view.group_count; g++)
		add_group(p, &p->view.groups[g]);
	html_head_end(p);
	buf_adds(&p->b, folded ? "</details>" : "");
	html_section_end(p);
}
