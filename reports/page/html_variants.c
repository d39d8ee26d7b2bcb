// Memory over time of variants.
#include "html_variants.h"

#include "html_plot.h"
#include "text.h"

#include <math.h>
#include <string.h>

#define COURSES_HEIGHT 190.0
#define KEY_LINE 16.0 // of the chart's height for each name

static const struct {
	enum svg_colour colour;
	enum svg_dash dash;
} lines[] = { { SVG_BLUE, SVG_SOLID },        { SVG_VERMILLION, SVG_DASHED }, { SVG_INK, SVG_SOLID },
	      { SVG_BLUE, SVG_DASHED },       { SVG_VERMILLION, SVG_SOLID },  { SVG_INK, SVG_DASHED },
	      { SVG_VERMILLION, SVG_DOTTED }, { SVG_BLUE, SVG_DOTTED } };
#define LINES (sizeof lines / sizeof lines[0])

static const char *label_ms(struct arena *a, double value)
{
	return svg_label_ns(a, value * 1e6);
}

static void draw_course(struct page *p, const struct sample_course *c, const struct scale *x,
                        const struct scale *y)
{
	for (size_t i = 0; i < c->count; i++) {
		const double px = scale_at(x, (double)c->points[i].at_ms),
		             py = scale_at(y, (double)c->points[i].rss_bytes);

		if (i == 0)
			svg_path_begin(&p->b, px, py);
		else
			svg_path_to(&p->b, px, py);
	}
	svg_path_end(&p->b, lines[c->variant % LINES].colour, 1.5, lines[c->variant % LINES].dash);
}

static void data_rows(struct page *p, const struct sample_course *c, const char *variant)
{
	struct arena *a = p->arena;

	for (size_t i = 0; i < c->count; i++) {
		buf_adds(&p->b, "<tr>");
		html_cell(p, variant);
		html_figure_cell(p, c->points[i].at_ms, text_duration(a, (uint64_t)c->points[i].at_ms * 1000000));
		html_figure_cell(p, c->points[i].rss_bytes, text_bytes(a, c->points[i].rss_bytes));
		buf_adds(&p->b, "</tr>");
	}
}

// All variants of one test.
static void add_chart(struct page *p, const struct samples *s, const struct sample_course *courses, size_t count)
{
	const double bottom = COURSES_HEIGHT - CHART_BOTTOM;
	struct arena *a = p->arena;
	double most = 1, last = 1;
	const char *description = "Resident memory of all processes over time:";
	struct chart c = { courses[0].test, "resident memory", NULL, CHART_WIDTH,
		           COURSES_HEIGHT + 8 + KEY_LINE * (double)count };
	struct scale x, y;

	for (size_t k = 0; k < count; k++) {
		double peak = 0;

		for (size_t i = 0; i < courses[k].count; i++)
			peak = fmax(peak, (double)courses[k].points[i].rss_bytes);
		most = fmax(most, peak);
		last = fmax(last, (double)courses[k].points[courses[k].count - 1].at_ms);
		description = text_make(a, "%s%s %s up to %s", description, k > 0 ? "," : "",
		                        s->variants[courses[k].variant], text_bytes(a, (uint64_t)peak));
	}
	c.description = text_make(a, "%s.", description);
	x = scale_linear(last, 1, CHART_LEFT, CHART_RIGHT);
	x.high = last;
	y = scale_linear(most, scale_byte_unit(most), bottom, 14);
	html_chart_open(p, &c);
	svg_x_axis(&p->b, a, &x, y.from, y.to, label_ms);
	svg_y_axis(&p->b, a, &y, CHART_LEFT, CHART_RIGHT, svg_label_bytes);
	for (size_t k = 0; k < count; k++) {
		draw_course(p, &courses[k], &x, &y);
		plot_key(p, COURSES_HEIGHT + 8 + KEY_LINE * (double)k, lines[courses[k].variant % LINES].colour,
		         lines[courses[k].variant % LINES].dash, text_line(a, s->variants[courses[k].variant]));
	}
	html_chart_data(p, (const char *const[]){ "Variant", ">Time", ">Memory", NULL });
	for (size_t k = 0; k < count; k++)
		data_rows(p, &courses[k], text_line(a, s->variants[courses[k].variant]));
	html_chart_close(p);
}

void html_variant_courses(struct page *p, const struct samples *s)
{
	size_t same;

	if (s->course_count == 0)
		return;
	html_section(
	        p, "memory", "Memory over time",
	        s->service != NULL
	                ? "Of each variant the invocation whose peak is the median: the service, and the load "
	                  "beside it."
	                : "Of each variant the invocation whose peak is the median.");
	html_charts(p);
	for (size_t i = 0; i < s->course_count; i += same) {
		for (same = 1;
		     i + same < s->course_count && strcmp(s->courses[i + same].test, s->courses[i].test) == 0;)
			same++;
		add_chart(p, s, &s->courses[i], same);
	}
	html_charts_end(p);
	html_section_end(p);
}
