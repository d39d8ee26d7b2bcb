// Courses over a history.
#include "html_course.h"

#include "text.h"

#include <math.h>
#include <string.h>

#define COURSE_HEIGHT 190.0
#define COURSE_TOP 26.0
#define MOST_DOTS 60U
#define SMALL_WIDTH 110.0
#define SMALL_HEIGHT 20.0

struct frame {
	struct scale x, y;
	double top, bottom;
};

static void widen(double *low, double *high, double value)
{
	if (!isfinite(value))
		return;
	*low = fmin(*low, value);
	*high = fmax(*high, value);
}

static struct frame frame_of(const struct course *c)
{
	struct frame f = { { 0, (double)(c->count - 1), CHART_LEFT + 6, CHART_RIGHT - 4, false, 0 },
		           { 0, 1, 0, 0, false, 0 },
		           COURSE_TOP,
		           COURSE_HEIGHT - CHART_BOTTOM };
	double low = INFINITY, high = -INFINITY;

	for (size_t i = 0; i < c->count; i++)
		widen(&low, &high, c->values[i]);
	widen(&low, &high, c->low);
	widen(&low, &high, c->high);
	f.y = scale_range(low, high, c->label == svg_label_bytes ? scale_byte_unit(high) : 1, f.bottom, f.top);
	return f;
}

// A line through what numbers there are; a gap where there is none.
static void draw_values(struct page *p, const double *values, size_t count, const struct scale *x,
                        const struct scale *y, double width)
{
	bool open = false;

	for (size_t i = 0; i < count; i++) {
		bool there = isfinite(values[i]);

		if (there && !open)
			svg_path_begin(&p->b, scale_at(x, (double)i), scale_at(y, values[i]));
		else if (there)
			svg_path_to(&p->b, scale_at(x, (double)i), scale_at(y, values[i]));
		else if (open)
			svg_path_end(&p->b, SVG_BLUE, width, SVG_SOLID);
		open = there;
	}
	if (open)
		svg_path_end(&p->b, SVG_BLUE, width, SVG_SOLID);
}

static void draw_level(struct page *p, const struct frame *f, double from, double to, double level)
{
	double y;

	if (!isfinite(level) || !(to > from))
		return;
	y = scale_at(&f->y, fmin(fmax(level, f->y.low), f->y.high));
	svg_path_begin(&p->b, scale_at(&f->x, from), y);
	svg_path_to(&p->b, scale_at(&f->x, to), y);
	svg_path_end(&p->b, SVG_INK, 1.5, SVG_DOTTED);
}

static enum svg_colour colour_of(enum forest_kind kind)
{
	return kind == FOREST_WORSE ? SVG_VERMILLION : kind == FOREST_BETTER ? SVG_BLUE : SVG_INK;
}

static void draw_change(struct page *p, const struct course *c, const struct frame *f, size_t i)
{
	const struct course_change *ch = &c->changes[i];
	double since = i > 0 ? (double)c->changes[i - 1].began : 0, began = (double)ch->began;
	double x = scale_at(&f->x, fmax(began - 0.5, 0));
	double until = (double)(ch->ended < c->count ? ch->ended : c->count) - 1;

	draw_level(p, f, since, began - 0.5, ch->before);
	draw_level(p, f, began - 0.5, until, ch->after);
	svg_path_begin(&p->b, x, f->top - 6);
	svg_path_to(&p->b, x, f->bottom);
	svg_path_end(&p->b, colour_of(ch->kind), 1.5, SVG_DASHED);
	svg_text(&p->b, x, f->top - 11, x > CHART_WIDTH * 0.75 ? "end" : "middle", colour_of(ch->kind),
	         text_make(p->arena, "%s %s", ch->after > ch->before ? "▲" : "▼", ch->words));
}

// "03-17" of "2026-03-17"; the year stands in the data table.
static void draw_dates(struct page *p, const struct course *c, const struct frame *f)
{
	size_t middle = (c->count - 1) / 2;

	svg_text(&p->b, f->x.from, COURSE_HEIGHT - 8, "start", SVG_FAINT, c->dates[0]);
	if (middle > 0 && middle < c->count - 1)
		svg_text(&p->b, scale_at(&f->x, (double)middle), COURSE_HEIGHT - 8, "middle", SVG_FAINT,
		         c->dates[middle]);
	svg_text(&p->b, f->x.to, COURSE_HEIGHT - 8, "end", SVG_FAINT, c->dates[c->count - 1]);
}

static void draw_band(struct page *p, const struct course *c, const struct frame *f)
{
	double high, low;

	if (!isfinite(c->low) || !isfinite(c->high))
		return;
	high = scale_at(&f->y, c->high);
	low = scale_at(&f->y, c->low);
	svg_rect(&p->b, CHART_LEFT, high, CHART_RIGHT - CHART_LEFT, low - high, SVG_BLUE, 0.09);
}

static void data_rows(struct page *p, const struct course *c)
{
	for (size_t i = 0; i < c->count; i++) {
		if (!isfinite(c->values[i]))
			continue;
		buf_adds(&p->b, "<tr>");
		html_cell(p, c->dates[i]);
		html_real_cell(p, c->values[i], c->label(p->arena, c->values[i]));
		buf_adds(&p->b, "</tr>");
	}
}

static const char *describe(struct page *p, const struct course *c)
{
	struct arena *a = p->arena;
	const char *text = text_make(a, "%s from %s to %s.", text_number(a, c->count, "entry", "entries"),
	                             c->dates[0], c->dates[c->count - 1]);

	for (size_t i = 0; i < c->change_count; i++)
		text = text_make(a, "%s From %s on %s.", text, c->dates[c->changes[i].began], c->changes[i].words);
	return text;
}

void html_course(struct page *p, const struct course *c)
{
	struct chart chart = { c->caption, c->sub, describe(p, c), CHART_WIDTH, COURSE_HEIGHT };
	struct frame f = frame_of(c);

	html_chart_open(p, &chart);
	draw_band(p, c, &f);
	svg_y_axis(&p->b, p->arena, &f.y, CHART_LEFT, CHART_RIGHT, c->label);
	draw_dates(p, c, &f);
	draw_values(p, c->values, c->count, &f.x, &f.y, c->count > MOST_DOTS ? 1.2 : 1.5);
	for (size_t i = 0; i < c->count && c->count <= MOST_DOTS; i++)
		if (isfinite(c->values[i]))
			svg_dot(&p->b, scale_at(&f.x, (double)i), scale_at(&f.y, c->values[i]), 2, SVG_BLUE);
	for (size_t i = 0; i < c->change_count; i++)
		draw_change(p, c, &f, i);
	html_chart_data(p, (const char *const[]){ "Entry", c->unit_title, NULL });
	data_rows(p, c);
	html_chart_close(p);
}

void html_course_small(struct page *p, const double *values, size_t count)
{
	double low = INFINITY, high = -INFINITY;
	struct scale x = { 0, (double)(count > 1 ? count - 1 : 1), 2, SMALL_WIDTH - 2, false, 0 };
	struct scale y = { 0, 0, SMALL_HEIGHT - 2, 2, false, 0 };

	for (size_t i = 0; i < count; i++)
		widen(&low, &high, values[i]);
	if (!(low <= high))
		return;
	// What differs by less than a tenth shall not look like a mountain.
	y.low = fmin(low, (low + high) / 2 - fabs(high) * 0.05);
	y.high = fmax(high, (low + high) / 2 + fabs(high) * 0.05);
	if (!(y.high > y.low))
		y.high = y.low + 1;
	svg_open_small(&p->b, SMALL_WIDTH, SMALL_HEIGHT);
	draw_values(p, values, count, &x, &y, 1.2);
	svg_close(&p->b);
}
