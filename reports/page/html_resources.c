// The page's timelines: memory and processor of the longest tests.
#include "html.h"

#include "text.h"

#include <math.h>
#include <stdlib.h>

#define FEWEST_POINTS 5U
#define MOST_TIMELINES 12U
#define TIMELINE_HEIGHT 170.0
#define MEMORY_BOTTOM 96.0
#define CPU_TOP 116.0

static bool has_timeline(const struct view_test *t)
{
	return t->r->point_count >= FEWEST_POINTS && t->r->points[t->r->point_count - 1].at_ms > 0;
}

static const char *label_ms(struct arena *a, double value)
{
	return svg_label_ns(a, value * 1e6);
}

static void draw_series(struct page *p, const struct result *r, const struct scale *x, const struct scale *y,
                        bool memory)
{
	for (size_t i = 0; i < r->point_count; i++) {
		const struct result_point *point = &r->points[i];
		double value = memory ? (double)point->rss_bytes : (double)point->cpu_percent;
		double px = scale_at(x, (double)point->at_ms), py = scale_at(y, value);

		if (i == 0)
			svg_path_begin(&p->b, px, py);
		else
			svg_path_to(&p->b, px, py);
	}
	svg_path_end(&p->b, memory ? SVG_BLUE : SVG_VERMILLION, 1.5, memory ? SVG_SOLID : SVG_DASHED);
}

static void timeline_chart(struct page *p, const struct view_test *t)
{
	struct arena *a = p->arena;
	const struct result *r = t->r;
	double most_cpu = 100, most_rss = 0, last = (double)r->points[r->point_count - 1].at_ms;
	struct scale x, rss, cpu;
	struct chart c = { t->name, t->target[0] != '\0' ? t->target : t->kind, NULL, CHART_WIDTH,
		           TIMELINE_HEIGHT };

	for (size_t i = 0; i < r->point_count; i++) {
		most_cpu = fmax(most_cpu, (double)r->points[i].cpu_percent);
		most_rss = fmax(most_rss, (double)r->points[i].rss_bytes);
	}
	c.description =
	        text_make(a, "Memory up to %s (solid) and processor up to %.0f %% of one core (dashed) over %s.",
	                  text_bytes(a, (uint64_t)most_rss), most_cpu, text_duration(a, (uint64_t)last * 1000000));
	x = scale_linear(last, 1, CHART_LEFT, CHART_RIGHT);
	x.high = last;
	rss = scale_linear(most_rss, scale_byte_unit(most_rss), MEMORY_BOTTOM, 14);
	cpu = (struct scale){ 0, most_cpu, TIMELINE_HEIGHT - CHART_BOTTOM, CPU_TOP, false, 0 };
	html_chart_open(p, &c);
	svg_x_axis(&p->b, a, &x, cpu.from, rss.to, label_ms);
	svg_y_axis(&p->b, a, &rss, CHART_LEFT, CHART_RIGHT, svg_label_bytes);
	svg_line(&p->b, CHART_LEFT, cpu.from, CHART_RIGHT, cpu.from, SVG_FAINT, SVG_SOLID);
	svg_text(&p->b, CHART_LEFT - 6, cpu.to + 8, "end", SVG_FAINT, text_make(a, "%.0f %%", most_cpu));
	svg_text(&p->b, CHART_LEFT - 6, cpu.from + 4, "end", SVG_FAINT, "CPU 0");
	draw_series(p, r, &x, &rss, true);
	draw_series(p, r, &x, &cpu, false);
	html_chart_data(p, (const char *const[]){ ">Time", ">Memory", ">CPU", ">Processes", NULL });
	for (size_t i = 0; i < r->point_count; i++) {
		const struct result_point *point = &r->points[i];

		html_row(p, t);
		html_figure_cell(p, point->at_ms, text_duration(a, (uint64_t)point->at_ms * 1000000));
		html_figure_cell(p, point->rss_bytes, text_bytes(a, point->rss_bytes));
		html_figure_cell(p, point->cpu_percent, text_make(a, "%u %%", point->cpu_percent));
		html_figure_cell(p, point->procs, text_make(a, "%u", point->procs));
		buf_adds(&p->b, "</tr>");
	}
	html_chart_close(p);
}

static int by_length(const void *a, const void *b)
{
	const struct view_test *const *x = a, *const *y = b;

	return ((*x)->r->wall_ns < (*y)->r->wall_ns) - ((*x)->r->wall_ns > (*y)->r->wall_ns);
}

void html_resources(struct page *p)
{
	const struct view_test **longest = arena_alloc(p->arena, (p->view->count + 1) * sizeof *longest);
	size_t n = 0;

	for (size_t i = 0; longest != NULL && i < p->view->count; i++)
		if (has_timeline(&p->view->tests[i]))
			longest[n++] = &p->view->tests[i];
	if (n == 0)
		return;
	qsort(longest, n, sizeof *longest, by_length);
	html_section(
	        p, "resources", "Resources",
	        "The longest tests: resident memory of all their processes (solid) above, processor time (dashed) "
	        "below, where 100 % is one core.");
	html_charts(p);
	for (size_t i = 0; i < n && i < MOST_TIMELINES; i++)
		timeline_chart(p, longest[i]);
	html_charts_end(p);
	html_section_end(p);
}
