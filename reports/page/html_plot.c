// Plots of histograms.
#include "html_plot.h"

#include "text.h"

#include <math.h>

#define KEY_HEIGHT 15.0
#define PLOT_STEPS 80U

static const struct {
	enum svg_colour colour;
	enum svg_dash dash;
} styles[PLOT_MOST_LINES] = {
	{ SVG_BLUE, SVG_SOLID },
	{ SVG_VERMILLION, SVG_DASHED },
	{ SVG_INK, SVG_DOTTED },
	{ SVG_BLUE, SVG_DASH_DOT },
};

void plot_key(struct page *p, double y, enum svg_colour colour, enum svg_dash dash, const char *words)
{
	svg_path_begin(&p->b, CHART_LEFT, y - 4);
	svg_path_to(&p->b, CHART_LEFT + 22, y - 4);
	svg_path_end(&p->b, colour, 2, dash);
	svg_text(&p->b, CHART_LEFT + 28, y, "start", SVG_INK, words);
}

// Lines at 0, 50, 90, 99, ... % on a scale of 1 / (1 - p), labelled where there is room before the right end.
static void percentile_axis(struct page *p, const struct scale *x, const struct scale *y)
{
	double at = 1, next = 2;

	for (unsigned i = 0; at <= x->high && i < 10; i++) {
		double px = scale_at(x, at);

		svg_line(&p->b, px, y->to, px, y->from, SVG_FAINT, SVG_SOLID);
		if (i > 0 && px + 20 < CHART_WIDTH)
			svg_text(&p->b, px, y->from + 14, "middle", SVG_FAINT,
			         text_make(p->arena, "%.10g %%", 100 - 100 / at));
		at = next;
		next = i == 0 ? 10 : next * 10;
	}
}

static void draw_line(struct page *p, const struct plot_line *line, size_t style, const struct scale *x,
                      const struct scale *y)
{
	double end = fmin(x->high, (double)line->hist->total);

	for (unsigned i = 0; i <= PLOT_STEPS; i++) {
		double at = exp(log(end) * i / PLOT_STEPS);
		double ns = (double)hist_percentile(line->hist, i == PLOT_STEPS ? 100 : 100 - 100 / at);
		double py = scale_at(y, fmax(ns, y->low));

		if (i == 0)
			svg_path_begin(&p->b, scale_at(x, at), py);
		else
			svg_path_to(&p->b, scale_at(x, at), py);
	}
	svg_path_end(&p->b, styles[style].colour, 2, styles[style].dash);
}

static void percentile_rows(struct page *p, const struct plot_line *line)
{
	static const double percentiles[] = { 0, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100 };
	struct arena *a = p->arena;

	for (size_t i = 0; i < sizeof percentiles / sizeof percentiles[0]; i++) {
		uint64_t ns = hist_percentile(line->hist, percentiles[i]);

		buf_adds(&p->b, "<tr data-test=\"");
		html_text(p, line->test->id);
		if (line->series != NULL) {
			buf_adds(&p->b, "\" data-series=\"");
			html_text(p, text_line(a, line->series));
		}
		buf_adds(&p->b, "\">");
		html_cell(p, line->name);
		html_real_cell(p, percentiles[i], text_make(a, "%g %%", percentiles[i]));
		html_figure_cell(p, ns, text_duration(a, ns));
		buf_adds(&p->b, "</tr>");
	}
}

// Latencies of several magnitudes need a logarithmic axis; others are read more easily from 0.
static struct scale latency_scale(const struct plot_line *lines, size_t count, double from, double to)
{
	double low = INFINITY, high = 1;

	for (size_t i = 0; i < count; i++) {
		low = fmin(low, (double)hist_percentile(lines[i].hist, 50));
		high = fmax(high, (double)lines[i].hist->max);
	}
	if (high / low < 30)
		return scale_linear(high, 1, from, to);
	for (size_t i = 0; i < count; i++)
		low = fmin(low, (double)lines[i].hist->min);
	return scale_log(low, high, from, to);
}

static const char *describe(struct page *p, const struct plot_line *line)
{
	struct arena *a = p->arena;

	return text_make(a, "%s: half took at most %s, 99 %% at most %s, the slowest %s.", line->name,
	                 text_duration(a, hist_percentile(line->hist, 50)),
	                 text_duration(a, hist_percentile(line->hist, 99)), text_duration(a, line->hist->max));
}

void plot_percentiles(struct page *p, const char *caption, const char *sub, const struct plot_line *lines,
                      size_t count)
{
	struct arena *a = p->arena;
	double top = 14 + KEY_HEIGHT * (double)count, most = 2;
	struct chart c = { caption, sub, "", CHART_WIDTH, PLOT_HEIGHT + KEY_HEIGHT * (double)count };
	struct scale y = latency_scale(lines, count, c.height - CHART_BOTTOM, top);
	struct scale x;

	for (size_t i = 0; i < count; i++) {
		most = fmax(most, (double)lines[i].hist->total);
		c.description = text_make(a, "%s%s%s", c.description, i > 0 ? " " : "", describe(p, &lines[i]));
	}
	x = (struct scale){ 1, most, CHART_LEFT, CHART_RIGHT, true, 0 };
	html_chart_open(p, &c);
	percentile_axis(p, &x, &y);
	svg_y_axis(&p->b, a, &y, CHART_LEFT, CHART_RIGHT, svg_label_ns);
	for (size_t i = 0; i < count; i++) {
		draw_line(p, &lines[i], i, &x, &y);
		plot_key(p, 10 + KEY_HEIGHT * (double)i, styles[i].colour, styles[i].dash,
		         text_make(a, "%s  p50 %s  p99 %s", lines[i].name,
		                   text_duration(a, hist_percentile(lines[i].hist, 50)),
		                   text_duration(a, hist_percentile(lines[i].hist, 99))));
	}
	html_chart_data(p, (const char *const[]){ "Line", ">Percentile", ">Latency", NULL });
	for (size_t i = 0; i < count; i++)
		percentile_rows(p, &lines[i]);
	html_chart_close(p);
}

void plot_bins(struct page *p, const struct bins *bins, const struct scale *x, double base, double height)
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

void plot_bins_rows(struct page *p, const struct view_test *t, const struct bins *bins)
{
	struct arena *a = p->arena;

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
