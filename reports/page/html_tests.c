// The page's table of all tests.
#include "html.h"

#include "bins.h"
#include "text.h"

#include <string.h>

#define MOST_OPEN_ROWS 400U // longer tables are folded up

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
		html_figure_cell(p, ns, text_duration(p->arena, ns));
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
	buf_adds(&p->b, "</td><td>");
	html_text(p, strcmp(t->name, t->id) == 0 ? "" : t->kind);
	buf_adds(&p->b, strcmp(t->name, t->id) == 0 ? "" : "/");
	html_text(p, t->name);
	buf_adds(&p->b, "</td>");
	html_cell(p, t->target);
	add_duration(p, r->wall_ns, r->wall_ns > 0);
	add_duration(p, r->user_ns + r->sys_ns, r->wall_ns > 0);
	add_duration(p, h != NULL ? hist_percentile(h, 50) : 0, h != NULL);
	add_duration(p, h != NULL ? hist_percentile(h, 99) : 0, h != NULL);
	add_duration(p, h != NULL ? h->max : 0, h != NULL);
	if (r->peak_rss_bytes > 0)
		html_figure_cell(p, r->peak_rss_bytes, text_bytes(p->arena, r->peak_rss_bytes));
	else
		html_empty_cell(p);
	buf_adds(&p->b, "<td class=\"bar\">");
	if (h != NULL && h->total > 1 && h->max > h->min)
		add_spark(p, h);
	buf_adds(&p->b, "</td></tr>\n");
}

void html_tests(struct page *p)
{
	bool folded = p->view->count > MOST_OPEN_ROWS;

	if (p->view->count == 0)
		return;
	html_section(p, "tests", "All tests",
	             "The small histograms reach from each test's least latency to its greatest.");
	if (folded)
		buf_addf(&p->b, "<details class=\"more\"><summary>Show all %zu</summary>", p->view->count);
	html_head(p, (const char *const[]){ "Verdict", "Test", "Target", ">Time", ">CPU", ">p50", ">p99", ">Max",
	                                    ">Peak memory", "Latencies", NULL });
	for (size_t i = 0; i < p->view->count; i++)
		add_test(p, &p->view->tests[i]);
	html_head_end(p);
	buf_adds(&p->b, folded ? "</details>" : "");
	html_section_end(p);
}
