// The page's latencies: one chart for each kernel, its targets below each other.
#include "html_plot.h"
#include "text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RIDGE_HEIGHT 38.0
#define RIDGE_BINS 48U
#define CHARTS_OPEN 12U // the others are folded up

// Tests of one name that are not of HTTP/2, which has a section of its own.
struct kernel {
	const struct view_test *tests;
	size_t count, ridges, tails; // tails: with enough values for percentiles
	double spread;               // the slowest median as a multiple of the fastest
};

static bool has_ridge(const struct view_test *t)
{
	return t->hist != NULL && t->hist->total > 1;
}

static bool has_tail(const struct view_test *t)
{
	return t->hist != NULL && t->hist->total >= PLOT_FEWEST_VALUES;
}

static struct kernel kernel_at(const struct view *v, size_t first)
{
	struct kernel k = { .tests = &v->tests[first], .count = view_same_name(v, first) };
	double low = INFINITY, high = 0;

	for (size_t i = 0; i < k.count; i++) {
		double p50;

		if (!has_ridge(&k.tests[i]))
			continue;
		k.ridges++;
		k.tails += has_tail(&k.tests[i]);
		p50 = fmax(1, (double)hist_percentile(k.tests[i].hist, 50));
		low = fmin(low, p50);
		high = fmax(high, p50);
	}
	k.spread = k.ridges > 1 ? high / low : 1;
	return k;
}

// Returns how many have something to draw.
static size_t list_kernels(const struct view *v, struct kernel *kernels)
{
	size_t n = 0, same;

	for (size_t i = 0; i < v->count; i += same) {
		struct kernel k = kernel_at(v, i);

		same = k.count;
		if (k.ridges > 0 && strcmp(k.tests[0].kind, "http2") != 0)
			kernels[n++] = k;
	}
	return n;
}

static int by_spread(const void *a, const void *b)
{
	const struct kernel *x = a, *y = b;

	if (x->spread != y->spread)
		return x->spread > y->spread ? -1 : 1;
	return (x->tests > y->tests) - (x->tests < y->tests);
}

static struct scale ridge_scale(const struct kernel *k)
{
	double low = INFINITY, high = 0;

	for (size_t i = 0; i < k->count; i++)
		if (has_ridge(&k->tests[i])) {
			low = fmin(low, (double)k->tests[i].hist->min);
			high = fmax(high, (double)k->tests[i].hist->max);
		}
	return scale_log(low, high, 10, CHART_RIGHT);
}

static void draw_ridge(struct page *p, const struct view_test *t, const struct bins *bins, const struct scale *x,
                       double base)
{
	struct arena *a = p->arena;
	double median = scale_at(x, (double)hist_percentile(t->hist, 50));

	svg_line(&p->b, x->from, base, x->to, base, SVG_FAINT, SVG_SOLID);
	plot_bins(p, bins, x, base, RIDGE_HEIGHT - 20);
	svg_text(&p->b, x->from, base - RIDGE_HEIGHT + 14, "start", SVG_INK,
	         t->target[0] != '\0' ? t->target : t->name);
	svg_text(&p->b, x->to, base - RIDGE_HEIGHT + 14, "end", SVG_FAINT,
	         text_make(a, "p50 %s", text_duration(a, hist_percentile(t->hist, 50))));
	svg_line(&p->b, median, base - RIDGE_HEIGHT + 18, median, base + 3, SVG_INK, SVG_SOLID);
}

static void ridge_chart(struct page *p, const struct kernel *k)
{
	struct arena *a = p->arena;
	double height = RIDGE_HEIGHT * (double)k->ridges + CHART_BOTTOM + 4;
	struct scale x = ridge_scale(k);
	uint64_t(*counts)[RIDGE_BINS] = arena_alloc(a, k->count * sizeof *counts);
	struct chart c = { k->tests[0].name, k->tests[0].kind,
		           text_make(a, "Histograms of %s on one logarithmic axis; a line marks each median.",
		                     text_number(a, k->ridges, "target", "targets")),
		           CHART_WIDTH, height };
	struct bins bins = { x.low, x.high, RIDGE_BINS, NULL, 0 };
	double base = RIDGE_HEIGHT;

	if (counts == NULL)
		return;
	html_chart_open(p, &c);
	svg_x_axis(&p->b, a, &x, height - CHART_BOTTOM, height - CHART_BOTTOM - 4, svg_label_ns);
	for (size_t i = 0; i < k->count; i++) {
		if (!has_ridge(&k->tests[i]))
			continue;
		bins.counts = counts[i];
		bins_fill(&bins, k->tests[i].hist);
		draw_ridge(p, &k->tests[i], &bins, &x, base);
		base += RIDGE_HEIGHT;
	}
	html_chart_data(p, (const char *const[]){ "Target", "Latency", ">Values", NULL });
	for (size_t i = 0; i < k->count; i++) {
		bins.counts = counts[i];
		if (has_ridge(&k->tests[i]))
			plot_bins_rows(p, &k->tests[i], &bins);
	}
	html_chart_close(p);
}

static void add_ridges(struct page *p, const struct kernel *kernels, size_t count)
{
	size_t drawn = count < CHARTS_MOST ? count : CHARTS_MOST;

	html_charts(p);
	for (size_t i = 0; i < drawn && i < CHARTS_OPEN; i++)
		ridge_chart(p, &kernels[i]);
	html_charts_end(p);
	if (drawn > CHARTS_OPEN) {
		buf_addf(&p->b, "<details class=\"more\"><summary>Show %zu more</summary>", drawn - CHARTS_OPEN);
		html_charts(p);
		for (size_t i = CHARTS_OPEN; i < drawn; i++)
			ridge_chart(p, &kernels[i]);
		html_charts_end(p);
		buf_adds(&p->b, "</details>\n");
	}
	if (count > drawn)
		html_note(p, text_make(p->arena, "Of %s more the figures are under All tests.",
		                       text_number(p->arena, count - drawn, "test", "tests")));
}

// Percentiles of the kernels that measured enough for them.
static void add_tails(struct page *p, const struct kernel *kernels, size_t count)
{
	size_t charts = 0;

	for (size_t i = 0; i < count && charts < CHARTS_MOST; i++) {
		const struct kernel *k = &kernels[i];
		struct plot_line lines[PLOT_MOST_LINES];
		size_t n = 0;

		for (size_t t = 0; t < k->count && n < PLOT_MOST_LINES; t++)
			if (has_tail(&k->tests[t]))
				lines[n++] = (struct plot_line){ &k->tests[t],
					                         k->tests[t].target[0] != '\0' ? k->tests[t].target
					                                                       : k->tests[t].name,
					                         NULL, k->tests[t].hist };
		if (n == 0)
			continue;
		if (charts++ == 0) {
			html_heading(p, "Tails");
			html_charts(p);
		}
		plot_percentiles(p, k->tests[0].name, "latency by percentile", lines, n);
	}
	if (charts > 0)
		html_charts_end(p);
}

void html_kernels(struct page *p)
{
	struct kernel *kernels = arena_alloc(p->arena, (p->view->count + 1) * sizeof *kernels);
	size_t count = kernels != NULL ? list_kernels(p->view, kernels) : 0;

	if (count == 0)
		return;
	qsort(kernels, count, sizeof *kernels, by_spread);
	html_section(
	        p, "kernels", "Latencies",
	        "What each test measured of itself: one histogram for each target, on an axis that they share, "
	        "with a line at the median. Those whose targets differ most come first.");
	add_ridges(p, kernels, count);
	add_tails(p, kernels, count);
	html_section_end(p);
}
