// The page's growth charts: the median against the size.
#include "html.h"

#include "text.h"

#include <math.h>
#include <string.h>

#define FEWEST_SIZES 3U

#define GROWTH_HEIGHT 210.0

// One kernel on one target, with its sizes in rising order: tests[0..count) of step `step`.
struct growth {
	const struct view_test *points[32];
	size_t count;
};

static bool is_point(const struct view_test *t)
{
	return t->has_size && t->size > 0 && t->hist != NULL && hist_percentile(t->hist, 50) > 0 &&
	       t->r->as_expected;
}

static bool same_kernel(const struct view_test *a, const struct view_test *b)
{
	return strcmp(a->kernel, b->kernel) == 0 && strcmp(a->kind, b->kind) == 0;
}

// Collects the points that belong with the `first`-th test; false when an earlier test had begun with them.
static bool collect(const struct view *v, size_t first, struct growth *g)
{
	const struct view_test *t = &v->tests[first];

	g->count = 0;
	if (!is_point(t))
		return false;
	for (size_t i = 0; i < v->count; i++) {
		const struct view_test *other = &v->tests[i];

		if (!is_point(other) || !same_kernel(other, t) || strcmp(other->target, t->target) != 0)
			continue;
		if (i < first)
			return false;
		if (g->count < sizeof g->points / sizeof g->points[0])
			g->points[g->count++] = other;
	}
	return g->count >= FEWEST_SIZES;
}

// The same scales for all targets of a kernel, so that their charts can be compared.
static void growth_scales(const struct view *v, const struct view_test *of, struct scale *x, struct scale *y)
{
	double low_x = INFINITY, high_x = 0, low_y = INFINITY, high_y = 0;

	for (size_t i = 0; i < v->count; i++) {
		const struct view_test *t = &v->tests[i];

		if (!is_point(t) || !same_kernel(t, of))
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

static void draw_line(struct page *p, const struct growth *g, const struct scale *x, const struct scale *y,
                      enum svg_colour colour)
{
	for (size_t i = 0; i < g->count; i++) {
		double px = scale_at(x, (double)g->points[i]->size);
		double py = scale_at(y, (double)hist_percentile(g->points[i]->hist, 50));

		if (i == 0)
			svg_path_begin(&p->b, px, py);
		else
			svg_path_to(&p->b, px, py);
	}
	svg_path_end(&p->b, colour, 2, SVG_SOLID);
}

static void draw_growth(struct page *p, const struct growth *g, const struct scale *x, const struct scale *y)
{
	struct arena *a = p->arena;
	struct growth other;

	svg_x_axis(&p->b, a, x, y->from, y->to, svg_label_count);
	svg_y_axis(&p->b, a, y, CHART_LEFT, CHART_RIGHT, svg_label_ns);
	for (size_t i = 0; i < p->view->count; i++)
		if (same_kernel(&p->view->tests[i], g->points[0]) && collect(p->view, i, &other))
			draw_line(p, &other, x, y, SVG_FAINT);
	draw_linear(p, g, x, y);
	draw_line(p, g, x, y, SVG_BLUE);
	for (size_t i = 0; i < g->count; i++)
		svg_dot(&p->b, scale_at(x, (double)g->points[i]->size),
		        scale_at(y, (double)hist_percentile(g->points[i]->hist, 50)), 3.5, SVG_BLUE);
}

static void growth_chart(struct page *p, const struct growth *g)
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
	struct chart c = { text_make(a, "%s", first->kernel), first->target, description, CHART_WIDTH,
		           GROWTH_HEIGHT };
	struct scale x, y;

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

static void open_growth(struct page *p)
{
	html_section(
	        p, "growth", "Growth",
	        "The median against the size, both on logarithmic axes that all targets share; the other targets are "
	        "faint. The dashed line is growth in proportion to the size: what is steeper grows faster than that.");
	html_charts(p);
}

void html_growth(struct page *p)
{
	struct growth g;
	size_t charts = 0;

	for (size_t i = 0; i < p->view->count && charts < CHARTS_MOST; i++) {
		if (!collect(p->view, i, &g))
			continue;
		if (charts++ == 0)
			open_growth(p);
		growth_chart(p, &g);
	}
	if (charts == 0)
		return;
	html_charts_end(p);
	html_section_end(p);
}
