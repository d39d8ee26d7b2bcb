// The page's growth charts: the median against the size.
#include "html.h"

#include "growth.h"
#include "text.h"

#include <math.h>
#include <string.h>

#define GROWTH_HEIGHT 210.0

#define FEWEST 3U // sizes that make a chart

static bool same_kernel(const struct view_test *a, const struct view_test *b)
{
	return strcmp(a->kernel, b->kernel) == 0 && strcmp(a->kind, b->kind) == 0;
}

static bool collect(const struct view *v, size_t first, struct growth *g)
{
	return growth_points(v, first, g) && g->count >= FEWEST;
}

// The same scales for all targets of a kernel, so that their charts can be compared.
static void growth_scales(const struct view *v, const struct view_test *of, struct scale *x, struct scale *y)
{
	double low_x = INFINITY, high_x = 0, low_y = INFINITY, high_y = 0;

	for (size_t i = 0; i < v->count; i++) {
		const struct view_test *t = &v->tests[i];

		if (!growth_is_point(t) || !same_kernel(t, of))
			continue;
		low_x = fmin(low_x, (double)t->size);
		high_x = fmax(high_x, (double)t->size);
		low_y = fmin(low_y, (double)hist_percentile(t->hist, 50));
		high_y = fmax(high_y, (double)hist_percentile(t->hist, 50));
	}
	*x = scale_log(low_x, high_x, CHART_LEFT, CHART_RIGHT);
	*y = scale_log(low_y, high_y, GROWTH_HEIGHT - CHART_BOTTOM, 14);
}

// What linear growth from the first point would be: dashed.
static void draw_linear(struct page *p, const struct growth *g, const struct scale *x, const struct scale *y)
{
	const struct view_test *first = g->points[0], *last = g->points[g->count - 1];
	double from = (double)hist_percentile(first->hist, 50);
	double to = from * (double)last->size / (double)first->size;
	double end = (double)last->size;

	if (to > y->high) { // cut where it would leave the chart
		end *= y->high / to;
		to = y->high;
	}
	svg_line(&p->b, scale_at(x, (double)first->size), scale_at(y, from), scale_at(x, end), scale_at(y, to),
	         SVG_INK, SVG_DASHED);
}

// Another target, faint.
static void draw_other(struct page *p, const struct growth *g, const struct scale *x, const struct scale *y)
{
	for (size_t i = 0; i < g->count; i++) {
		double px = scale_at(x, (double)g->points[i]->size);
		double py = scale_at(y, (double)hist_percentile(g->points[i]->hist, 50));

		if (i == 0)
			svg_path_begin(&p->b, px, py);
		else
			svg_path_to(&p->b, px, py);
	}
	svg_path_end(&p->b, SVG_FAINT, 2, SVG_SOLID);
}

static enum svg_colour colour_of(const struct growth *g)
{
	return g->over ? SVG_VERMILLION : SVG_BLUE;
}

#define CURVE_STEPS 40U

static void draw_fit(struct page *p, const struct growth *g, const struct scale *x, const struct scale *y)
{
	double first = (double)g->points[0]->size, last = (double)g->points[g->count - 1]->size;

	for (unsigned i = 0; i <= CURVE_STEPS; i++) {
		double size = first * pow(last / first, (double)i / CURVE_STEPS);
		double py = scale_at(y, fmin(fmax(growth_at(&g->fit, size), y->low), y->high));

		if (i == 0)
			svg_path_begin(&p->b, scale_at(x, size), py);
		else
			svg_path_to(&p->b, scale_at(x, size), py);
	}
	svg_path_end(&p->b, colour_of(g), 1.5, SVG_SOLID);
}

static void draw_growth(struct page *p, const struct growth *g, const struct scale *x, const struct scale *y)
{
	struct arena *a = p->arena;
	struct growth other;

	svg_x_axis(&p->b, a, x, y->from, y->to, svg_label_count);
	svg_y_axis(&p->b, a, y, CHART_LEFT, CHART_RIGHT, svg_label_ns);
	for (size_t i = 0; i < p->view->count; i++)
		if (same_kernel(&p->view->tests[i], g->points[0]) && collect(p->view, i, &other))
			draw_other(p, &other, x, y);
	draw_linear(p, g, x, y);
	draw_fit(p, g, x, y);
	for (size_t i = 0; i < g->count; i++)
		svg_dot(&p->b, scale_at(x, (double)g->points[i]->size),
		        scale_at(y, (double)hist_percentile(g->points[i]->hist, 50)), 3.5, colour_of(g));
}

// A curve that misses a point by this is no description of the points.
#define FAR_OFF 0.15

static const char *exponent_words(struct page *p, const struct growth *g)
{
	const struct growth_fit *f = &g->fit;

	if (g->over)
		return text_make(p->arena, "%s · n^%.2f (%.2f to %.2f): faster than %s", g->points[0]->target,
		                 f->exponent, f->low, f->high, g->declared);
	if (f->off > FAR_OFF)
		return text_make(p->arena, "%s · no clear growth: %.0f %% off", g->points[0]->target,
		                 100 * f->off);
	return text_make(p->arena, "%s · n^%.2f (%.2f to %.2f)", g->points[0]->target, f->exponent, f->low,
	                 f->high);
}

static void growth_chart(struct page *p, struct growth *g)
{
	struct arena *a = p->arena;
	const struct view_test *first = g->points[0], *last = g->points[g->count - 1];
	double times = (double)hist_percentile(last->hist, 50) / (double)hist_percentile(first->hist, 50);
	const char *description = text_make(
	        a, "From size %s to %s the median grows from %s to %s: %.3g times the size, %.3g times the time.",
	        text_count(a, first->size), text_count(a, last->size),
	        text_duration(a, hist_percentile(first->hist, 50)),
	        text_duration(a, hist_percentile(last->hist, 50)), (double)last->size / (double)first->size,
	        times);
	struct chart c = { first->kernel, "", "", CHART_WIDTH, GROWTH_HEIGHT };
	struct scale x, y;

	growth_judge(g);
	c.sub = exponent_words(p, g);
	c.description = text_make(a, "%s Fitted: %s + %.3g ns × n^%.2f.", description,
	                          text_duration(a, (uint64_t)g->fit.constant), g->fit.factor, g->fit.exponent);
	growth_scales(p->view, first, &x, &y);
	html_chart_open(p, &c);
	draw_growth(p, g, &x, &y);
	html_chart_data(p, (const char *const[]){ ">Size", ">p50", ">p50 for one of size", NULL });
	for (size_t i = 0; i < g->count; i++) {
		const struct view_test *t = g->points[i];
		uint64_t p50 = hist_percentile(t->hist, 50);

		html_row(p, t);
		html_figure_cell(p, t->size, text_count(a, t->size));
		html_figure_cell(p, p50, text_duration(a, p50));
		html_real_cell(p, (double)p50 / (double)t->size,
		               text_make(a, "%.3g ns", (double)p50 / (double)t->size));
		buf_adds(&p->b, "</tr>");
	}
	html_chart_close(p);
}

#define OPEN_CHARTS 12U // the others are folded up

// Draws the curves that grow faster than they may, or the others; returns how many are drawn now.
static size_t draw_charts(struct page *p, bool over, size_t drawn)
{
	struct growth g;

	for (size_t i = 0; i < p->view->count && drawn < CHARTS_MOST; i++) {
		if (!collect(p->view, i, &g) || growth_is_over(&g) != over)
			continue;
		if (drawn++ == OPEN_CHARTS) {
			html_charts_end(p);
			buf_adds(&p->b, "<details class=\"more\"><summary>Show more curves</summary>\n");
			html_charts(p);
		}
		growth_chart(p, &g);
	}
	return drawn;
}

void html_growth(struct page *p)
{
	struct growth g;
	size_t drawn, first = 0;

	while (first < p->view->count && !collect(p->view, first, &g))
		first++;
	if (first == p->view->count)
		return;
	html_section(
	        p, "growth", "Growth",
	        "Dots are medians, against the size, on logarithmic axes that all targets share; the curve is "
	        "c + a × n^b fitted to them, with b and its 95 % interval above it, or how far it misses a dot. "
	        "The dashed line is growth in proportion to the size; the other targets are faint. What grows "
	        "faster than its kernel says comes first, in vermillion.");
	html_charts(p);
	drawn = draw_charts(p, true, 0);
	drawn = draw_charts(p, false, drawn);
	html_charts_end(p);
	buf_adds(&p->b, drawn > OPEN_CHARTS ? "</details>\n" : "");
	html_section_end(p);
}
