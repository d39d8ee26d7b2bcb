// Arrows in the plane of time and memory.
#include "html_arrows.h"

#include "html_plot.h"
#include "text.h"

#include <math.h>

#define ARROWS_HEIGHT 340.0
#define ARROWS_TOP 62.0
#define LEVEL 1.01 // closer than that is drawn as equal

enum outcome { BETTER, WORSE, MIXED, OUTCOMES };

static const struct {
	enum svg_colour colour;
	enum svg_dash dash;
	const char *words;
} outcomes[OUTCOMES] = {
	[BETTER] = { SVG_BLUE, SVG_SOLID, "better: less of one, no more of the other" },
	[WORSE] = { SVG_VERMILLION, SVG_DASHED, "worse: more of one, no less of the other" },
	[MIXED] = { SVG_INK, SVG_DOTTED, "a trade of one for the other, or level (1 %)" },
};

// -1, 0 or 1: less, level, more.
static int direction(const double of[2])
{
	return (of[1] > of[0] * LEVEL) - (of[1] * LEVEL < of[0]);
}

static enum outcome outcome_of(const struct arrow *r)
{
	int time = direction(r->time), memory = direction(r->memory);

	if (time + memory < 0 && time * memory >= 0)
		return BETTER;
	return time + memory > 0 && time * memory >= 0 ? WORSE : MIXED;
}

struct means {
	double time, memory; // geometric, of the ratios
};

static struct means mean_ratios(const struct arrow *arrows, size_t count)
{
	double time = 0, memory = 0;

	for (size_t i = 0; i < count; i++) {
		time += log(arrows[i].time[1] / arrows[i].time[0]);
		memory += log(arrows[i].memory[1] / arrows[i].memory[0]);
	}
	return (struct means){ exp(time / (double)count), exp(memory / (double)count) };
}

static void widen(double *low, double *high, const double of[2])
{
	*low = fmin(*low, fmin(of[0], of[1]));
	*high = fmax(*high, fmax(of[0], of[1]));
}

static void find_scales(const struct arrow *arrows, size_t count, struct scale *x, struct scale *y)
{
	double time_low = INFINITY, time_high = 0, memory_low = INFINITY, memory_high = 0;

	for (size_t i = 0; i < count; i++) {
		widen(&time_low, &time_high, arrows[i].time);
		widen(&memory_low, &memory_high, arrows[i].memory);
	}
	*x = scale_log(time_low, time_high, CHART_LEFT, CHART_RIGHT);
	*y = scale_log(memory_low, memory_high, ARROWS_HEIGHT - CHART_BOTTOM, ARROWS_TOP);
	y->unit = scale_byte_unit(y->high);
}

static void draw_key(struct page *p, const struct arrow *arrows, size_t count)
{
	size_t counts[OUTCOMES] = { 0 };

	for (size_t i = 0; i < count; i++)
		counts[outcome_of(&arrows[i])]++;
	for (size_t i = 0; i < OUTCOMES; i++)
		plot_key(p, 12 + 15 * (double)i, outcomes[i].colour, outcomes[i].dash,
		         text_make(p->arena, "%zu %s", counts[i], outcomes[i].words));
}

static void draw_arrow(struct page *p, const struct arrow *r, const struct scale *x, const struct scale *y)
{
	struct arena *a = p->arena;
	enum outcome o = outcome_of(r);

	svg_group(&p->b,
	          text_make(a, "%s: %s in time, %s in memory", r->name, text_ratio(a, r->time[1] / r->time[0]),
	                    text_ratio(a, r->memory[1] / r->memory[0])));
	svg_arrow(&p->b, scale_at(x, r->time[0]), scale_at(y, r->memory[0]), scale_at(x, r->time[1]),
	          scale_at(y, r->memory[1]), outcomes[o].colour, outcomes[o].dash);
	svg_group_end(&p->b);
}

static void arrow_row(struct page *p, const struct arrow *r)
{
	struct arena *a = p->arena;

	buf_adds(&p->b, "<tr data-test=\"");
	html_text(p, r->id);
	buf_adds(&p->b, "\">");
	html_cell(p, r->name);
	for (unsigned side = 0; side < 2; side++)
		html_real_cell(p, r->time[side], text_duration(a, (uint64_t)r->time[side]));
	for (unsigned side = 0; side < 2; side++)
		html_real_cell(p, r->memory[side], text_bytes(a, (uint64_t)r->memory[side]));
	buf_adds(&p->b, "</tr>");
}

void html_arrows(struct page *p, const char *from, const char *to, const struct arrow *arrows, size_t count)
{
	struct arena *a = p->arena;
	struct means m = mean_ratios(arrows, count);
	const char *time = text_ratio(a, m.time), *memory = text_ratio(a, m.memory);
	struct chart c = { text_make(a, "%s → %s", from, to), text_make(a, "time %s, memory %s", time, memory),
		           text_make(a, "From %s to %s, %s: median latency %s, peak memory %s (geometric means).",
		                     from, to, text_number(a, count, "test", "tests"), time, memory),
		           CHART_WIDTH, ARROWS_HEIGHT };
	struct scale x, y;

	find_scales(arrows, count, &x, &y);
	html_chart_open(p, &c);
	draw_key(p, arrows, count);
	svg_x_axis(&p->b, a, &x, y.from, y.to, svg_label_ns);
	svg_y_axis(&p->b, a, &y, CHART_LEFT, CHART_RIGHT, svg_label_bytes);
	for (size_t i = 0; i < count; i++)
		draw_arrow(p, &arrows[i], &x, &y);
	html_chart_data(p, (const char *const[]){ "Test", text_make(a, ">p50 %s", from),
	                                          text_make(a, ">p50 %s", to), text_make(a, ">Memory %s", from),
	                                          text_make(a, ">Memory %s", to), NULL });
	for (size_t i = 0; i < count; i++)
		arrow_row(p, &arrows[i]);
	html_chart_close(p);
}
