// The page's comparison of allocators under the same program: an arrow a test, from one policy to the other, in
// the plane of time and memory.
#include "html.h"

#include "html_plot.h"
#include "text.h"

#include <math.h>
#include <string.h>

#define ARROWS_HEIGHT 340.0
#define ARROWS_TOP 62.0
#define FEWEST_ARROWS 3U
#define MOST_PAIRS 12U
#define LEVEL 1.01 // closer than that is drawn as equal

// Two targets of one dialect, and the tests that ended as expected on both.
struct ab {
	const char *a, *b;
	const struct view_test **from, **to;
	size_t count;
};

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

static double time_of(const struct view_test *t)
{
	return (double)hist_percentile(t->hist, 50);
}

static double memory_of(const struct view_test *t)
{
	return (double)t->r->peak_rss_bytes;
}

static bool has_both(const struct view_test *t)
{
	return t->r->as_expected && t->hist != NULL && hist_percentile(t->hist, 50) > 0 &&
	       t->r->peak_rss_bytes > 0;
}

// -1, 0 or 1: less, level, more.
static int direction(double from, double to)
{
	return (to > from * LEVEL) - (to * LEVEL < from);
}

static enum outcome outcome_of(const struct view_test *from, const struct view_test *to)
{
	int time = direction(time_of(from), time_of(to)), memory = direction(memory_of(from), memory_of(to));

	if (time + memory < 0 && time * memory >= 0)
		return BETTER;
	return time + memory > 0 && time * memory >= 0 ? WORSE : MIXED;
}

// "lua" of "lua@jemalloc"; the length is 0 where there is no policy behind it.
static size_t dialect_length(const char *target)
{
	const char *at = strchr(target, '@');

	return at != NULL ? (size_t)(at - target) : 0;
}

static bool same_dialect(const char *a, const char *b)
{
	size_t len = dialect_length(a);

	return len > 0 && len == dialect_length(b) && strncmp(a, b, len) == 0;
}

static void collect(const struct view *v, struct ab *ab)
{
	size_t same;

	ab->count = 0;
	for (size_t first = 0; first < v->count; first += same) {
		const struct view_test *from = NULL, *to = NULL;

		same = view_same_name(v, first);
		for (size_t i = first; i < first + same; i++) {
			if (has_both(&v->tests[i]) && strcmp(v->tests[i].target, ab->a) == 0)
				from = &v->tests[i];
			if (has_both(&v->tests[i]) && strcmp(v->tests[i].target, ab->b) == 0)
				to = &v->tests[i];
		}
		if (from == NULL || to == NULL)
			continue;
		ab->from[ab->count] = from;
		ab->to[ab->count++] = to;
	}
}

static double mean_ratio(const struct ab *ab, double (*figure)(const struct view_test *))
{
	double sum = 0;

	for (size_t i = 0; i < ab->count; i++)
		sum += log(figure(ab->to[i]) / figure(ab->from[i]));
	return exp(sum / (double)ab->count);
}

static struct scale scale_of(const struct ab *ab, double (*figure)(const struct view_test *), double from,
                             double to)
{
	double low = INFINITY, high = 0;

	for (size_t i = 0; i < ab->count; i++) {
		low = fmin(low, fmin(figure(ab->from[i]), figure(ab->to[i])));
		high = fmax(high, fmax(figure(ab->from[i]), figure(ab->to[i])));
	}
	return scale_log(low, high, from, to);
}

static void draw_key(struct page *p, const struct ab *ab)
{
	size_t counts[OUTCOMES] = { 0 };

	for (size_t i = 0; i < ab->count; i++)
		counts[outcome_of(ab->from[i], ab->to[i])]++;
	for (size_t i = 0; i < OUTCOMES; i++)
		plot_key(p, 12 + 15 * (double)i, outcomes[i].colour, outcomes[i].dash,
		         text_make(p->arena, "%zu %s", counts[i], outcomes[i].words));
}

static void draw_arrow(struct page *p, const struct view_test *from, const struct view_test *to,
                       const struct scale *x, const struct scale *y)
{
	struct arena *a = p->arena;
	enum outcome o = outcome_of(from, to);

	svg_group(&p->b, text_make(a, "%s: %s in time, %s in memory", to->name,
	                           text_ratio(a, time_of(to) / time_of(from)),
	                           text_ratio(a, memory_of(to) / memory_of(from))));
	svg_arrow(&p->b, scale_at(x, time_of(from)), scale_at(y, memory_of(from)), scale_at(x, time_of(to)),
	          scale_at(y, memory_of(to)), outcomes[o].colour, outcomes[o].dash);
	svg_group_end(&p->b);
}

static void arrow_row(struct page *p, const struct view_test *from, const struct view_test *to)
{
	struct arena *a = p->arena;

	html_row(p, to);
	html_cell(p, to->name);
	html_figure_cell(p, (uint64_t)time_of(from), text_duration(a, (uint64_t)time_of(from)));
	html_figure_cell(p, (uint64_t)time_of(to), text_duration(a, (uint64_t)time_of(to)));
	html_figure_cell(p, from->r->peak_rss_bytes, text_bytes(a, from->r->peak_rss_bytes));
	html_figure_cell(p, to->r->peak_rss_bytes, text_bytes(a, to->r->peak_rss_bytes));
	buf_adds(&p->b, "</tr>");
}

static void arrow_chart(struct page *p, const struct ab *ab)
{
	struct arena *a = p->arena;
	const char *description =
	        text_make(a, "From %s to %s, %s: median latency %s, peak memory %s (geometric means).", ab->a,
	                  ab->b, text_number(a, ab->count, "test", "tests"),
	                  text_ratio(a, mean_ratio(ab, time_of)), text_ratio(a, mean_ratio(ab, memory_of)));
	struct chart c = { text_make(a, "%s → %s", ab->a, ab->b),
		           text_make(a, "time %s, memory %s", text_ratio(a, mean_ratio(ab, time_of)),
		                     text_ratio(a, mean_ratio(ab, memory_of))),
		           description, CHART_WIDTH, ARROWS_HEIGHT };
	struct scale x = scale_of(ab, time_of, CHART_LEFT, CHART_RIGHT);
	struct scale y = scale_of(ab, memory_of, ARROWS_HEIGHT - CHART_BOTTOM, ARROWS_TOP);

	y.unit = scale_byte_unit(y.low);
	html_chart_open(p, &c);
	draw_key(p, ab);
	svg_x_axis(&p->b, a, &x, y.from, y.to, svg_label_ns);
	svg_y_axis(&p->b, a, &y, CHART_LEFT, CHART_RIGHT, svg_label_bytes);
	for (size_t i = 0; i < ab->count; i++)
		draw_arrow(p, ab->from[i], ab->to[i], &x, &y);
	html_chart_data(p, (const char *const[]){
	                           "Test", text_make(a, ">p50 %s", ab->a), text_make(a, ">p50 %s", ab->b),
	                           text_make(a, ">Memory %s", ab->a), text_make(a, ">Memory %s", ab->b), NULL });
	for (size_t i = 0; i < ab->count; i++)
		arrow_row(p, ab->from[i], ab->to[i]);
	html_chart_close(p);
}

static void open_section(struct page *p)
{
	html_section(
	        p, "allocators", "Allocators",
	        "The same program on two allocators: one arrow a test, from the one to the other. To the right is "
	        "slower (median), upwards is more memory (the peak of the whole process), both on logarithmic "
	        "axes.");
	html_charts(p);
}

// The first target of each dialect against its others.
void html_allocators(struct page *p)
{
	const struct view *v = p->view;
	struct ab ab = { .from = arena_alloc(p->arena, (v->count + 1) * sizeof *ab.from),
		         .to = arena_alloc(p->arena, (v->count + 1) * sizeof *ab.to) };
	size_t charts = 0;

	if (ab.from == NULL || ab.to == NULL)
		return;
	for (size_t i = 0; i < v->target_count && charts < MOST_PAIRS; i++) {
		size_t first = 0;

		while (first < i && !same_dialect(v->targets[first], v->targets[i]))
			first++;
		if (first == i)
			continue;
		ab.a = v->targets[first];
		ab.b = v->targets[i];
		collect(v, &ab);
		if (ab.count < FEWEST_ARROWS)
			continue;
		if (charts++ == 0)
			open_section(p);
		arrow_chart(p, &ab);
	}
	if (charts == 0)
		return;
	html_charts_end(p);
	html_section_end(p);
}
