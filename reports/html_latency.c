// The page's latencies: HTTP/2 scenarios, and one chart for each kernel with its targets below each other.
#include "html.h"

#include "bins.h"
#include "text.h"

#include <math.h>
#include <string.h>

#define FEWEST_SAMPLES 100U // for a chart of percentiles

// ---- HTTP/2 ----------------------------------------------------------------------------------------------------

#define PLOT_HEIGHT 210.0
#define HTTP2_BINS 40U

static bool is_http2(const struct view_group *g)
{
	return strcmp(g->kind, "http2") == 0;
}

static bool is_plotted(const struct view_test *t)
{
	return t->hist != NULL && t->hist->total >= FEWEST_SAMPLES;
}

// Lines at 0, 50, 90, 99, ... % on a scale of 1 / (1 - p), labelled where there is room before the right end.
static void percentile_axis(struct page *p, const struct scale *x, const struct scale *y)
{
	double at = 1, next = 2;

	for (unsigned i = 0; at <= x->high && i < 10; i++) {
		double px = scale_at(x, at);

		svg_line(&p->b, px, y->to, px, y->from, SVG_FAINT, false);
		if (px + 20 < CHART_WIDTH)
			svg_text(&p->b, px, y->from + 14, "middle", SVG_FAINT,
			         i == 0 ? "0" : text_make(&p->view.arena, "%.10g %%", 100 - 100 / at));
		at = next;
		next = i == 0 ? 10 : next * 10;
	}
}

static void percentile_chart(struct page *p, const struct view_test *t)
{
	static const double percentiles[] = { 0, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100 };
	struct arena *a = &p->view.arena;
	const struct hist *h = t->hist;
	struct scale x = { 1, fmax((double)h->total, 2), CHART_LEFT, CHART_RIGHT, true, 0 };
	struct scale y = scale_linear((double)h->max, 1, PLOT_HEIGHT - CHART_BOTTOM, 14);
	struct chart c = { t->name, "latency by percentile",
		           text_make(a, "Half of the requests took at most %s, 99 %% at most %s, the slowest %s.",
		                     text_duration(a, hist_percentile(h, 50)),
		                     text_duration(a, hist_percentile(h, 99)), text_duration(a, h->max)),
		           CHART_WIDTH, PLOT_HEIGHT };

	html_chart_open(p, &c);
	percentile_axis(p, &x, &y);
	svg_y_axis(&p->b, a, &y, CHART_LEFT, CHART_RIGHT, svg_label_ns);
	for (unsigned i = 0; i <= 80; i++) {
		double at = exp(log(x.high) * i / 80);
		double ns = (double)hist_percentile(h, i == 80 ? 100 : 100 - 100 / at);

		if (i == 0)
			svg_path_begin(&p->b, scale_at(&x, at), scale_at(&y, ns));
		else
			svg_path_to(&p->b, scale_at(&x, at), scale_at(&y, ns));
	}
	svg_path_end(&p->b, SVG_BLUE, 2, false);
	html_chart_data(p, (const char *const[]){ ">Percentile", ">Latency", NULL });
	for (size_t i = 0; i < sizeof percentiles / sizeof percentiles[0]; i++) {
		uint64_t ns = hist_percentile(h, percentiles[i]);

		html_row(p, t);
		html_real_cell(p, percentiles[i], text_make(a, "%g %%", percentiles[i]));
		html_figure_cell(p, ns, text_duration(a, ns));
		buf_adds(&p->b, "</tr>");
	}
	html_chart_close(p);
}

// Rows of a data table: the bins that hold something.
static void bins_rows(struct page *p, const struct view_test *t, const struct bins *bins)
{
	struct arena *a = &p->view.arena;

	for (size_t i = 0; i < bins->count; i++) {
		if (bins->counts[i] == 0)
			continue;
		html_row(p, t);
		html_cell(p, t->target[0] != '\0' ? t->target : t->name);
		html_cell(p, text_make(a, "%s to %s", text_duration(a, (uint64_t)bins_edge(bins, i)),
		                       text_duration(a, (uint64_t)bins_edge(bins, i + 1))));
		html_figure_cell(p, bins->counts[i], text_count(a, bins->counts[i]));
		buf_adds(&p->b, "</tr>");
	}
}

// Bars that stand on `base` and are `height` high where a bin is fullest.
static void draw_bins(struct page *p, const struct bins *bins, const struct scale *x, double base, double height)
{
	for (size_t i = 0; i < bins->count; i++) {
		double left = scale_at(x, fmax(bins_edge(bins, i), x->low));
		double right = scale_at(x, bins_edge(bins, i + 1));
		double h =
		        bins->counts[i] == 0 ? 0 : fmax(1, height * (double)bins->counts[i] / (double)bins->most);

		if (h > 0)
			svg_rect(&p->b, left, base - h, fmax(right - left - 0.6, 0.8), h, SVG_BLUE, 1);
	}
}

static void histogram_chart(struct page *p, const struct view_test *t)
{
	struct arena *a = &p->view.arena;
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
	draw_bins(p, &bins, &x, y.from, y.from - scale_at(&y, (double)bins.most));
	html_chart_data(p, (const char *const[]){ "Test", "Latency", ">Requests", NULL });
	bins_rows(p, t, &bins);
	html_chart_close(p);
}

static void add_gauge(struct page *p, const struct view_test *t, const char *name)
{
	const struct result_gauge *g = view_gauge(t, name);
	struct arena *a = &p->view.arena;

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
		html_figure_cell(p, ns, text_duration(&p->view.arena, ns));
	else
		html_empty_cell(p);
}

static void http2_table(struct page *p, const struct view_group *g)
{
	html_head(p, (const char *const[]){ "Scenario", "Verdict", ">Requests", ">Throughput", ">p50", ">p99",
	                                    ">p99.9", ">Max", NULL });
	for (size_t i = 0; i < g->count; i++) {
		const struct view_test *t = &p->view.tests[g->first + i];

		html_row(p, t);
		html_cell(p, t->name);
		buf_adds(&p->b, "<td>");
		html_verdict(p, t->r);
		buf_adds(&p->b, "</td>");
		add_gauge(p, t, "requests");
		add_gauge(p, t, "throughput");
		add_percentile(p, t, 50);
		add_percentile(p, t, 99);
		add_percentile(p, t, 99.9);
		add_percentile(p, t, 100);
		buf_adds(&p->b, "</tr>\n");
	}
	html_head_end(p);
}

static const struct view_group *http2_group(const struct page *p)
{
	for (size_t i = 0; i < p->view.group_count; i++)
		if (is_http2(&p->view.groups[i]))
			return &p->view.groups[i];
	return NULL;
}

bool html_has_http2(const struct page *p)
{
	return http2_group(p) != NULL;
}

void html_http2(struct page *p)
{
	const struct view_group *g = http2_group(p);
	size_t charts = 0;

	if (g == NULL)
		return;
	html_section(p, "http2", "HTTP/2",
	             "What one request took, from its sending to the end of the response. The percentile axis is "
	             "stretched towards 100 %, where the slowest requests are.");
	http2_table(p, g);
	buf_adds(&p->b, "<div class=\"charts\">\n");
	for (size_t i = 0; i < g->count && charts < CHARTS_MOST; i++)
		if (is_plotted(&p->view.tests[g->first + i])) {
			percentile_chart(p, &p->view.tests[g->first + i]);
			histogram_chart(p, &p->view.tests[g->first + i]);
			charts += 2;
		}
	buf_adds(&p->b, "</div>\n");
	html_section_end(p);
}

// ---- kernels ---------------------------------------------------------------------------------------------------

#define RIDGE_HEIGHT 34.0
#define RIDGE_BINS 48U

// Tests of one name beside each other in the view: tests[first .. first + count).
static size_t same_name(const struct view *v, size_t first)
{
	size_t n = 1;

	while (first + n < v->count && strcmp(v->tests[first + n].name, v->tests[first].name) == 0 &&
	       strcmp(v->tests[first + n].kind, v->tests[first].kind) == 0)
		n++;
	return n;
}

static bool has_ridge(const struct view_test *t)
{
	return t->hist != NULL && t->hist->total > 1 && strcmp(t->kind, "http2") != 0;
}

static struct scale ridge_scale(const struct view_test *tests, size_t count)
{
	double low = INFINITY, high = 0;

	for (size_t i = 0; i < count; i++)
		if (has_ridge(&tests[i])) {
			low = fmin(low, (double)tests[i].hist->min);
			high = fmax(high, (double)tests[i].hist->max);
		}
	return scale_log(low, high, 10, CHART_RIGHT);
}

static void draw_ridge(struct page *p, const struct view_test *t, const struct bins *bins, const struct scale *x,
                       double base)
{
	struct arena *a = &p->view.arena;
	double median = scale_at(x, (double)hist_percentile(t->hist, 50));

	svg_line(&p->b, x->from, base, x->to, base, SVG_FAINT, false);
	draw_bins(p, bins, x, base, RIDGE_HEIGHT - 18);
	svg_text(&p->b, x->from, base - RIDGE_HEIGHT + 12, "start", SVG_INK,
	         t->target[0] != '\0' ? t->target : t->name);
	svg_text(&p->b, x->to, base - RIDGE_HEIGHT + 12, "end", SVG_FAINT,
	         text_make(a, "p50 %s", text_duration(a, hist_percentile(t->hist, 50))));
	svg_line(&p->b, median, base - RIDGE_HEIGHT + 16, median, base + 3, SVG_INK, false);
}

static void ridge_chart(struct page *p, const struct view_test *tests, size_t count, size_t ridges)
{
	struct arena *a = &p->view.arena;
	double height = RIDGE_HEIGHT * (double)ridges + CHART_BOTTOM + 4;
	struct scale x = ridge_scale(tests, count);
	uint64_t(*counts)[RIDGE_BINS] = arena_alloc(a, count * sizeof *counts);
	struct chart c = { tests[0].name, tests[0].kind,
		           text_make(a, "Histograms of %s on one logarithmic axis; a line marks each median.",
		                     text_number(a, ridges, "target", "targets")),
		           CHART_WIDTH, height };
	struct bins bins = { x.low, x.high, RIDGE_BINS, NULL, 0 };
	double base = RIDGE_HEIGHT;

	if (counts == NULL)
		return;
	html_chart_open(p, &c);
	svg_x_axis(&p->b, a, &x, height - CHART_BOTTOM, height - CHART_BOTTOM - 4, svg_label_ns);
	for (size_t i = 0; i < count; i++) {
		if (!has_ridge(&tests[i]))
			continue;
		bins.counts = counts[i];
		bins_fill(&bins, tests[i].hist);
		draw_ridge(p, &tests[i], &bins, &x, base);
		base += RIDGE_HEIGHT;
	}
	html_chart_data(p, (const char *const[]){ "Target", "Latency", ">Values", NULL });
	for (size_t i = 0; i < count; i++) {
		bins.counts = counts[i];
		if (has_ridge(&tests[i]))
			bins_rows(p, &tests[i], &bins);
	}
	html_chart_close(p);
}

static size_t count_ridges(const struct view_test *tests, size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		n += has_ridge(&tests[i]);
	return n;
}

bool html_has_kernels(const struct page *p)
{
	return count_ridges(p->view.tests, p->view.count) > 0;
}

void html_kernels(struct page *p)
{
	size_t charts = 0, left_out = 0, n;

	if (!html_has_kernels(p))
		return;
	html_section(
	        p, "kernels", "Latencies",
	        "What each test measured of itself: one histogram for each target, on an axis that they share. The "
	        "line is the median.");
	buf_adds(&p->b, "<div class=\"charts\">\n");
	for (size_t i = 0; i < p->view.count; i += n) {
		size_t ridges;

		n = same_name(&p->view, i);
		ridges = count_ridges(&p->view.tests[i], n);
		if (ridges > 0 && charts < CHARTS_MOST) {
			ridge_chart(p, &p->view.tests[i], n, ridges);
			charts++;
		} else if (ridges > 0) {
			left_out++;
		}
	}
	buf_adds(&p->b, "</div>\n");
	if (left_out > 0)
		html_text(p, text_make(&p->view.arena, "%s not drawn here; their figures are under All tests.",
		                       text_number(&p->view.arena, left_out, "more test is", "more tests are")));
	html_section_end(p);
}
