// The page's HTTP/2 scenarios.
#include "attacks.h"
#include "html_plot.h"
#include "text.h"

#include <math.h>
#include <string.h>

#define HTTP2_BINS 40U

static bool is_plotted(const struct view_test *t)
{
	return t->hist != NULL && t->hist->total >= PLOT_FEWEST_VALUES;
}

// One line for each series of the test that has enough values, the one that tables show first.
static void tail_chart(struct page *p, const struct view_test *t)
{
	struct plot_line lines[PLOT_MOST_LINES] = { { t, "total", NULL, t->hist } };
	const struct result_series *shown = result_main_series(t->r);
	size_t n = 1;

	lines[0].name = text_line(p->arena, shown->name);
	for (size_t i = 0; i < t->r->series_count && n < PLOT_MOST_LINES; i++) {
		const struct result_series *s = &t->r->series[i];

		if (s != shown && s->hist != NULL && s->hist->total >= PLOT_FEWEST_VALUES)
			lines[n++] = (struct plot_line){ t, text_line(p->arena, s->name), s->name, s->hist };
	}
	plot_percentiles(p, t->name, "latency by percentile", lines, n);
}

static void histogram_chart(struct page *p, const struct view_test *t)
{
	struct arena *a = p->arena;
	uint64_t counts[HTTP2_BINS];
	struct scale x = scale_log((double)t->hist->min, (double)t->hist->max, CHART_LEFT, CHART_RIGHT);
	struct bins bins = { x.low, x.high, HTTP2_BINS, counts, 0 };
	struct chart c = { t->name, "histogram",
		           text_make(a,
		                     "%s latencies between %s and %s, in %u bins that are equally wide on a "
		                     "logarithmic axis.",
		                     text_count(a, t->hist->total), text_duration(a, t->hist->min),
		                     text_duration(a, t->hist->max), HTTP2_BINS),
		           CHART_WIDTH, PLOT_HEIGHT };
	struct scale y;

	bins_fill(&bins, t->hist);
	y = scale_linear((double)bins.most, 1, PLOT_HEIGHT - CHART_BOTTOM, 14);
	html_chart_open(p, &c);
	svg_x_axis(&p->b, a, &x, y.from, y.to, svg_label_ns);
	svg_y_axis(&p->b, a, &y, CHART_LEFT, CHART_RIGHT, svg_label_count);
	plot_bins(p, &bins, &x, y.from, y.from - scale_at(&y, (double)bins.most));
	html_chart_data(p, (const char *const[]){ "Test", "Latency", ">Requests", NULL });
	plot_bins_rows(p, t, &bins);
	html_chart_close(p);
}

static void add_gauge(struct page *p, const struct view_test *t, const char *name)
{
	const struct result_gauge *g = view_gauge(t, name);
	struct arena *a = p->arena;

	if (g == NULL)
		html_empty_cell(p);
	else
		html_real_cell(p, g->value,
		               text_make(a, "%s %s", text_amount(a, g->value),
		                         strcmp(name, "requests") == 0 ? "" : text_line(a, g->unit)));
}

static void add_percentile(struct page *p, const struct view_test *t, double percentile)
{
	uint64_t ns = t->hist != NULL ? hist_percentile(t->hist, percentile) : 0;

	if (t->hist != NULL)
		html_figure_cell(p, ns, text_duration(p->arena, ns));
	else
		html_empty_cell(p);
}

// Servers that are runtimes tell the pauses of their collectors.
static void add_pauses(struct page *p, const struct result *r)
{
	if (r->gc_count == 0) {
		for (unsigned i = 0; i < 3; i++)
			html_empty_cell(p);
		return;
	}
	html_real_cell(p, (double)r->gc_count, text_amount(p->arena, (double)r->gc_count));
	html_figure_cell(p, r->gc_total_ns, text_duration(p->arena, r->gc_total_ns));
	html_figure_cell(p, r->gc_max_ns, text_duration(p->arena, r->gc_max_ns));
}

static void http2_table(struct page *p, const struct view_group *g)
{
	const bool pauses = view_has_pauses(p->view, g);

	html_head(p, (const char *const[]){ "Scenario", "Verdict", ">Right answers", ">Throughput", ">p50", ">p99",
	                                    ">p99.9", ">Max", pauses ? ">GC pauses" : NULL, ">In all",
	                                    ">Longest pause", NULL });
	for (size_t i = 0; i < g->count; i++) {
		const struct view_test *t = &p->view->tests[g->first + i];

		html_row(p, t);
		html_cell(p, t->target[0] != '\0' ? text_make(p->arena, "%s %s", t->name, t->target) : t->name);
		buf_adds(&p->b, "<td>");
		html_verdict(p, t->r);
		buf_adds(&p->b, "</td>");
		add_gauge(p, t, "requests");
		add_gauge(p, t, "throughput");
		add_percentile(p, t, 50);
		add_percentile(p, t, 99);
		add_percentile(p, t, 99.9);
		add_percentile(p, t, 100);
		if (pauses)
			add_pauses(p, t->r);
		buf_adds(&p->b, "</tr>\n");
	}
	html_head_end(p);
}

static void attacks_table(struct page *p)
{
	size_t count = 0;
	const struct attack_row *rows = attacks_list(p->view, &count);

	if (count == 0)
		return;
	html_heading(p, "Attacks");
	html_note(
	        p,
	        "What the server did about each, what one connection's attack cost it where its process was found, and "
	        "the p99 of a healthy client's fresh connections before it and during it.");
	html_head(p, (const char *const[]){ "Attack", "Verdict", "What the server did", ">Its CPU time",
	                                    ">Its memory", ">Others' p99 before", ">During", NULL });
	for (size_t i = 0; i < count; i++) {
		const struct attack_row *row = &rows[i];

		html_row(p, row->test);
		html_cell(p, row->test->name);
		buf_adds(&p->b, "<td>");
		html_verdict(p, row->test->r);
		buf_adds(&p->b, "</td>");
		buf_adds(&p->b, "<td class=\"said\">");
		html_text(p, row->reaction);
		buf_adds(&p->b, "</td>");
		html_real_cell(p, row->has_cost ? row->cpu_ms : NAN, attack_cpu(p->view, row));
		html_real_cell(p, row->has_cost ? (double)row->memory_bytes : NAN, attack_memory(p->view, row));
		html_real_cell(p, row->has_others ? (double)row->calm_ns : NAN,
		               text_duration(p->arena, row->calm_ns));
		html_real_cell(p, row->has_others ? (double)row->fresh_ns : NAN,
		               row->lost > 0 ? attack_others(p->view, row)
		                             : text_duration(p->arena, row->fresh_ns));
		buf_adds(&p->b, "</tr>\n");
	}
	html_head_end(p);
}

static void http2_charts(struct page *p, const struct view_group *g)
{
	size_t charts = 0;

	html_charts(p);
	for (size_t i = 0; i < g->count && charts < CHARTS_MOST; i++)
		if (is_plotted(&p->view->tests[g->first + i])) {
			tail_chart(p, &p->view->tests[g->first + i]);
			histogram_chart(p, &p->view->tests[g->first + i]);
			charts += 2;
		}
	html_charts_end(p);
}

static void add_http2_group(struct page *p, const struct view_group *g)
{
	const bool serves = strcmp(g->kind, "http2-serve") == 0;

	if (serves) {
		html_heading(p, "Runtimes that serve");
		html_note(
		        p,
		        "Servers written in these languages. A pause of the collector is in the latency of every request "
		        "that was under way in it: hold the longest one against p99 and the slowest request.");
	}
	http2_table(p, g);
	if (!serves)
		attacks_table(p);
	http2_charts(p, g);
}

void html_http2(struct page *p)
{
	bool any = false;

	for (size_t i = 0; i < p->view->group_count; i++) {
		if (!view_is_http2(&p->view->groups[i]))
			continue;
		if (!any)
			html_section(
			        p, "http2", "HTTP/2",
			        "What one request took, from when it was sent, or was due at a rate, to the end of the "
			        "response. The percentile axis is stretched towards 100 %, where the slowest requests are.");
		any = true;
		add_http2_group(p, &p->view->groups[i]);
	}
	if (any)
		html_section_end(p);
}
