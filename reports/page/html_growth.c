// The page's growth charts: time, peak memory and collections against the size.
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

static bool collect(const struct view *v, size_t first, enum growth_cost cost, struct growth *g)
{
	return growth_points(v, first, cost, g) && g->count >= FEWEST;
}

// How a cost is written.
static const char *cost_words(struct arena *a, enum growth_cost cost, double value)
{
	switch (cost) {
	case GROWTH_TIME:
		return text_duration(a, (uint64_t)value);
	case GROWTH_MEMORY:
		return text_bytes(a, (uint64_t)value);
	default:
		return text_count(a, (uint64_t)value);
	}
}

// The same scales for all targets of a kernel, so that their charts can be compared.
static void growth_scales(const struct view *v, const struct growth *g, struct scale *x, struct scale *y)
{
	double low_x = INFINITY, high_x = 0, low_y = INFINITY, high_y = 0;

	for (size_t i = 0; i < v->count; i++) {
		const struct view_test *t = &v->tests[i];

		if (!growth_is_point(t, g->cost) || !same_kernel(t, g->points[0]))
			continue;
		low_x = fmin(low_x, (double)t->size);
		high_x = fmax(high_x, (double)t->size);
		low_y = fmin(low_y, growth_cost_of(t, g->cost));
		high_y = fmax(high_y, growth_cost_of(t, g->cost));
	}
	*x = scale_log(low_x, high_x, CHART_LEFT, CHART_RIGHT);
	*y = scale_log(low_y, high_y, GROWTH_HEIGHT - CHART_BOTTOM, 14);
}

// What linear growth from the first point would be: dashed.
static void draw_linear(struct page *p, const struct growth *g, const struct scale *x, const struct scale *y)
{
	const struct view_test *first = g->points[0], *last = g->points[g->count - 1];
	double from = growth_cost_of(first, g->cost);
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
		double py = scale_at(y, growth_cost_of(g->points[i], g->cost));

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
	static const svg_label_fn labels[] = { svg_label_ns, svg_label_bytes, svg_label_count };
	struct growth other;

	svg_x_axis(&p->b, a, x, y->from, y->to, svg_label_count);
	svg_y_axis(&p->b, a, y, CHART_LEFT, CHART_RIGHT, labels[g->cost]);
	for (size_t i = 0; i < p->view->count; i++)
		if (same_kernel(&p->view->tests[i], g->points[0]) && collect(p->view, i, g->cost, &other))
			draw_other(p, &other, x, y);
	draw_linear(p, g, x, y);
	draw_fit(p, g, x, y);
	for (size_t i = 0; i < g->count; i++)
		svg_dot(&p->b, scale_at(x, (double)g->points[i]->size),
		        scale_at(y, growth_cost_of(g->points[i], g->cost)), 3.5, colour_of(g));
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
	return text_make(p->arena, "%s · n^%.2f (%.2f to %.2f)%s%s", g->points[0]->target, f->exponent, f->low,
	                 f->high, g->model[0] != '\0' ? ", fits " : "", g->model);
}

static void add_figures(struct page *p, const struct growth *g)
{
	struct arena *a = p->arena;

	html_chart_data(
	        p, g->cost == GROWTH_TIME ? (const char *const[]){ ">Size", ">p50", ">p50 for one of size", NULL }
	           : g->cost == GROWTH_MEMORY
	                   ? (const char *const[]){ ">Size", ">Peak memory", ">Bytes for one of size", NULL }
	                   : (const char *const[]){ ">Size", ">Collections", ">For one of size", NULL });
	for (size_t i = 0; i < g->count; i++) {
		const struct view_test *t = g->points[i];
		double cost = growth_cost_of(t, g->cost);

		html_row(p, t);
		html_figure_cell(p, t->size, text_count(a, t->size));
		html_figure_cell(p, (uint64_t)cost, cost_words(a, g->cost, cost));
		html_real_cell(
		        p, cost / (double)t->size,
		        text_make(a, "%.3g%s", cost / (double)t->size, g->cost == GROWTH_TIME ? " ns" : ""));
		buf_adds(&p->b, "</tr>");
	}
}

static void growth_chart(struct page *p, struct growth *g)
{
	static const char *const units[] = { " ns", " bytes", "" };
	struct arena *a = p->arena;
	const struct view_test *first = g->points[0], *last = g->points[g->count - 1];
	const double from = growth_cost_of(first, g->cost), to = growth_cost_of(last, g->cost);
	struct chart c = { first->kernel, "", "", CHART_WIDTH, GROWTH_HEIGHT };
	struct scale x, y;

	growth_judge(g);
	c.sub = exponent_words(p, g);
	c.description =
	        text_make(a,
	                  "From size %s to %s the %s from %s to %s: %.3g times the size, %.3g times the %s. "
	                  "Fitted: %s + %.3g%s × n^%.2f.",
	                  text_count(a, first->size), text_count(a, last->size),
	                  g->cost == GROWTH_TIME     ? "median grows"
	                  : g->cost == GROWTH_MEMORY ? "peak memory grows"
	                                             : "collections grow",
	                  cost_words(a, g->cost, from), cost_words(a, g->cost, to),
	                  (double)last->size / (double)first->size, to / from, growth_cost_name(g->cost),
	                  cost_words(a, g->cost, g->fit.constant), g->fit.factor, units[g->cost], g->fit.exponent);
	growth_scales(p->view, g, &x, &y);
	html_chart_open(p, &c);
	draw_growth(p, g, &x, &y);
	add_figures(p, g);
	html_chart_close(p);
}

#define OPEN_CHARTS 12U // the others are folded up

// Draws the curves that grow faster than they may, or the others; returns how many are drawn now.
static size_t draw_charts(struct page *p, enum growth_cost cost, bool over, size_t drawn)
{
	struct growth g;

	for (size_t i = 0; i < p->view->count && drawn < CHARTS_MOST; i++) {
		if (!collect(p->view, i, cost, &g) || growth_is_over(&g) != over)
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

static void add_section(struct page *p, enum growth_cost cost)
{
	static const struct {
		const char *id, *title, *words;
	} sections[] = {
		{ "growth", "Growth of time",
		  "Dots are medians, against the size, on logarithmic axes that all targets share; the curve is "
		  "c + a × n^b fitted to them, with b, its 95 % interval and the formula that fits best above it, or how far "
		  "it misses a dot. "
		  "The dashed line is growth in proportion to the size; the other targets are faint. What grows "
		  "faster than its kernel says comes first, in vermillion." },
		{ "growth-memory", "Growth of memory",
		  "The same for the peak memory of the process: what the runtime takes by itself is the constant." },
		{ "growth-collections", "Growth of collections",
		  "The same for how often the runtime's collector ran, where it says so." },
	};
	struct growth g;
	size_t drawn, first = 0;

	while (first < p->view->count && !collect(p->view, first, cost, &g))
		first++;
	if (first == p->view->count)
		return;
	html_section(p, sections[cost].id, sections[cost].title, sections[cost].words);
	html_charts(p);
	drawn = draw_charts(p, cost, true, 0);
	drawn = draw_charts(p, cost, false, drawn);
	html_charts_end(p);
	buf_adds(&p->b, drawn > OPEN_CHARTS ? "</details>\n" : "");
	html_section_end(p);
}

void html_growth(struct page *p)
{
	for (unsigned cost = 0; cost < GROWTH_COSTS; cost++)
		add_section(p, (enum growth_cost)cost);
}
