// Strip plots.
#include "html_strip.h"

#include "metrics.h"
#include "text.h"

#include <math.h>
#include <string.h>

#define STRIP_HEIGHT 118.0
#define LANE_HEIGHT 40.0
#define LANE_TOP 8.0
#define STRIP_LEFT 44.0 // at least
#define LETTER 6.4
#define LONGEST_NAME 26U
#define SPREAD 5U // rows of dots in a lane, so that equal ones can be counted

static const enum svg_colour lane_colours[STRIP_LANES] = { SVG_BLUE, SVG_VERMILLION };

static const char *label_amount(struct arena *a, double value)
{
	return text_amount(a, value);
}

static svg_label_fn label_of(const char *unit)
{
	return strcmp(unit, "ns") == 0      ? svg_label_ns
	       : strcmp(unit, "bytes") == 0 ? svg_label_bytes
	                                    : label_amount;
}

// False where there is nothing to draw.
static bool find_range(const struct strip *s, double *low, double *high)
{
	*low = INFINITY;
	*high = -INFINITY;
	for (size_t k = 0; k < STRIP_LANES; k++)
		for (size_t i = 0; i < s->lanes[k].count; i++)
			if (isfinite(s->lanes[k].values[i])) {
				*low = fmin(*low, s->lanes[k].values[i]);
				*high = fmax(*high, s->lanes[k].values[i]);
			}
	return *low <= *high;
}

// Room for the longer of the names.
static double left_of(const struct strip *s)
{
	size_t longest = 0;

	for (size_t k = 0; k < STRIP_LANES; k++)
		longest = strlen(s->lanes[k].name) > longest ? strlen(s->lanes[k].name) : longest;
	return fmax(STRIP_LEFT, LETTER * (double)(longest < LONGEST_NAME ? longest : LONGEST_NAME) + 12);
}

static void draw_lane(struct page *p, const struct strip_lane *lane, size_t k, const struct scale *x)
{
	double top = LANE_TOP + LANE_HEIGHT * (double)k, middle = top + LANE_HEIGHT / 2;

	svg_text(&p->b, x->from - 8, middle + 4, "end", SVG_INK, text_cut(p->arena, lane->name, LONGEST_NAME));
	for (size_t i = 0; i < lane->count; i++)
		if (isfinite(lane->values[i]))
			svg_dot(&p->b, scale_at(x, lane->values[i]),
			        middle + 5 * ((double)(i % SPREAD) - (double)(SPREAD - 1) / 2), 1.8,
			        lane_colours[k]);
	if (isfinite(lane->median)) {
		double at = scale_at(x, lane->median);

		svg_path_begin(&p->b, at, top + 3);
		svg_path_to(&p->b, at, top + LANE_HEIGHT - 3);
		svg_path_end(&p->b, SVG_INK, 1.5, SVG_SOLID);
	}
}

static void lane_rows(struct page *p, const struct strip_lane *lane, const char *unit)
{
	for (size_t i = 0; i < lane->count; i++) {
		if (!isfinite(lane->values[i]))
			continue;
		buf_adds(&p->b, "<tr>");
		html_cell(p, lane->name);
		html_real_cell(p, lane->values[i], metric_words(p->arena, unit, lane->values[i]));
		buf_adds(&p->b, "</tr>");
	}
}

void html_strip(struct page *p, const struct strip *s)
{
	struct arena *a = p->arena;
	struct chart c = { s->caption, s->sub,
		           text_make(a, "%s: %s around %s, %s: %s around %s.", s->lanes[0].name,
		                     text_number(a, s->lanes[0].count, "invocation", "invocations"),
		                     metric_words(a, s->unit, s->lanes[0].median), s->lanes[1].name,
		                     text_number(a, s->lanes[1].count, "invocation", "invocations"),
		                     metric_words(a, s->unit, s->lanes[1].median)),
		           CHART_WIDTH, STRIP_HEIGHT };
	double low, high;
	struct scale x;

	if (!find_range(s, &low, &high))
		return;
	x = scale_range(low, high, strcmp(s->unit, "bytes") == 0 ? scale_byte_unit(high) : 1, left_of(s),
	                CHART_RIGHT);
	html_chart_open(p, &c);
	svg_x_axis(&p->b, a, &x, STRIP_HEIGHT - CHART_BOTTOM, LANE_TOP, label_of(s->unit));
	for (size_t k = 0; k < STRIP_LANES; k++)
		draw_lane(p, &s->lanes[k], k, &x);
	html_chart_data(p, (const char *const[]){ "Side", ">Invocation", NULL });
	for (size_t k = 0; k < STRIP_LANES; k++)
		lane_rows(p, &s->lanes[k], s->unit);
	html_chart_close(p);
}
