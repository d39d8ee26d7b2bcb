// The page's jemalloc: what it held over time and how full its slabs are, for the processes that had one.
#include "html_jemalloc.h"
#include "html_plot.h"
#include "text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_CHARTED 8U // processes; none that is smaller than a part of the largest
#define WORTH_A_CHART 0.2
#define OPEN_ROWS 12U
#define MOST_ROWS 400U
#define MOST_BINS 16U
#define HELD_HEIGHT 210.0
#define HELD_TOP 58.0
#define BIN_HEIGHT 17.0
#define BINS_TOP 10.0
#define BINS_RIGHT 220.0 // behind it at most "100 % of 1000 KiB"

static const struct jemalloc_line held_lines[] = {
	{ LOOK_RESIDENT, SVG_INK, SVG_DOTTED, "resident: pages the system has given" },
	{ LOOK_ACTIVE, SVG_VERMILLION, SVG_DASHED, "active: pages with something in use" },
	{ LOOK_ALLOCATED, SVG_BLUE, SVG_SOLID, "allocated: by the program" },
};

static const struct jemalloc_line idle_lines[] = {
	{ LOOK_METADATA, SVG_INK, SVG_DOTTED, "metadata: jemalloc's own bookkeeping" },
	{ LOOK_DIRTY, SVG_VERMILLION, SVG_DASHED, "unused, not given back (dirty, muzzy)" },
	{ LOOK_CACHED, SVG_BLUE, SVG_SOLID, "in thread caches" },
};

static const struct jemalloc_column held_columns[] = {
	{ LOOK_ALLOCATED, ">Allocated", text_bytes }, { LOOK_ACTIVE, ">Active", text_bytes },
	{ LOOK_METADATA, ">Metadata", text_bytes },   { LOOK_RESIDENT, ">Resident", text_bytes },
	{ LOOK_MAPPED, ">Mapped", text_bytes },       { LOOK_RETAINED, ">Retained", text_bytes },
};

static const struct jemalloc_column idle_columns[] = {
	{ LOOK_CACHED, ">Thread caches", text_bytes },
	{ LOOK_DIRTY, ">Unused", text_bytes },
	{ LOOK_METADATA, ">Metadata", text_bytes },
	{ LOOK_PURGED, ">Given back until then", text_bytes },
	{ LOOK_MUTEX_WAITS, ">Waits until then", text_count },
	{ LOOK_MUTEX_WAIT_NS, ">Waited until then", text_duration },
};

static uint64_t look_at(const struct result_jemalloc *j, size_t row, enum result_look column)
{
	return j->looks.values[row * LOOK_COLUMNS + column];
}

static const char *label_ms(struct arena *a, double value)
{
	return svg_label_ns(a, value * 1e6);
}

static double part(uint64_t of, uint64_t whole)
{
	return whole > 0 ? (double)of / (double)whole : 0;
}

// ---- over time ------------------------------------------------------------------------------------------------

static void draw_line(struct page *p, const struct result_jemalloc *j, const struct jemalloc_line *line,
                      const struct scale *x, const struct scale *y)
{
	for (size_t i = 0; i < j->looks.count; i++) {
		double px = scale_at(x, (double)look_at(j, i, LOOK_AT_MS));
		double py = scale_at(y, (double)look_at(j, i, line->column));

		if (i == 0)
			svg_path_begin(&p->b, px, py);
		else
			svg_path_to(&p->b, px, py);
	}
	svg_path_end(&p->b, line->colour, 1.8, line->dash);
}

static void look_rows(struct page *p, const struct jemalloc_process *of, const struct jemalloc_column *columns,
                      size_t count)
{
	struct arena *a = p->arena;

	for (size_t i = 0; i < of->j->looks.count; i++) {
		uint64_t ms = look_at(of->j, i, LOOK_AT_MS);

		html_row(p, of->test);
		html_figure_cell(p, ms, text_duration(a, ms * 1000000));
		for (size_t k = 0; k < count; k++) {
			uint64_t value = look_at(of->j, i, columns[k].column);

			html_figure_cell(p, value, columns[k].words(a, value));
		}
		buf_adds(&p->b, "</tr>");
	}
}

// `lines` are drawn, `columns` are its data.
static void looks_chart(struct page *p, const struct jemalloc_process *of, const struct chart *c,
                        const struct jemalloc_lines *what)
{
	struct arena *a = p->arena;
	const struct result_jemalloc *j = of->j;
	const char *head[LOOK_COLUMNS + 2] = { ">Time" };
	struct scale x = {
		0, (double)look_at(j, j->looks.count - 1, LOOK_AT_MS), CHART_LEFT, CHART_RIGHT, false, 0
	};
	struct scale y;
	double most = 0;

	for (size_t i = 0; i < j->looks.count; i++)
		for (size_t k = 0; k < what->line_count; k++)
			most = fmax(most, (double)look_at(j, i, what->lines[k].column));
	if (most == 0)
		return;
	y = scale_linear(most, scale_byte_unit(most), HELD_HEIGHT - CHART_BOTTOM, HELD_TOP);
	html_chart_open(p, c);
	svg_x_axis(&p->b, a, &x, y.from, y.from - 4, label_ms);
	svg_y_axis(&p->b, a, &y, CHART_LEFT, CHART_RIGHT, svg_label_bytes);
	for (size_t k = 0; k < what->line_count; k++) {
		const struct jemalloc_line *line = &what->lines[k];

		draw_line(p, j, line, &x, &y);
		plot_key(p, 12 + 15 * (double)k, line->colour, line->dash, line->words);
	}
	for (size_t k = 0; k < what->column_count; k++)
		head[k + 1] = what->columns[k].title;
	html_chart_data(p, head);
	look_rows(p, of, what->columns, what->column_count);
	html_chart_close(p);
}

static void held_chart(struct page *p, const struct jemalloc_process *of)
{
	struct arena *a = p->arena;
	const struct result_jemalloc *j = of->j;
	const struct chart c = { of->test->id, text_make(a, "%s, memory over time", text_line(a, j->program)),
		                 text_make(a, "Allocated up to %s, resident up to %s; at the end %s and %s.",
		                           text_bytes(a, j->peak_allocated), text_bytes(a, j->peak_resident),
		                           text_bytes(a, j->allocated), text_bytes(a, j->resident)),
		                 CHART_WIDTH, HELD_HEIGHT };
	const struct jemalloc_lines what = { held_lines, sizeof held_lines / sizeof held_lines[0], held_columns,
		                             sizeof held_columns / sizeof held_columns[0] };

	looks_chart(p, of, &c, &what);
}

static void idle_chart(struct page *p, const struct jemalloc_process *of)
{
	struct arena *a = p->arena;
	const struct result_jemalloc *j = of->j;
	const struct chart c = { of->test->id,
		                 text_make(a, "%s, caches and purging over time", text_line(a, j->program)),
		                 text_make(a, "At the end %s in thread caches, %s unused; %s given back.",
		                           text_bytes(a, j->cached_bytes),
		                           text_bytes(a, j->dirty_bytes + j->muzzy_bytes),
		                           text_bytes(a, result_jemalloc_purged(j))),
		                 CHART_WIDTH, HELD_HEIGHT };
	const struct jemalloc_lines what = { idle_lines, sizeof idle_lines / sizeof idle_lines[0], idle_columns,
		                             sizeof idle_columns / sizeof idle_columns[0] };

	looks_chart(p, of, &c, &what);
}

// ---- size classes ---------------------------------------------------------------------------------------------

static uint64_t held_by(const struct result_bin *b)
{
	return b->slabs * b->slab_bytes;
}

static uint64_t used_of(const struct result_bin *b)
{
	return b->regions * b->region_bytes;
}

// What it held at the look at which that was most.
static uint64_t most_held_by(const struct result_bin *b)
{
	return (b->most_slabs > b->slabs ? b->most_slabs : b->slabs) * b->slab_bytes;
}

static int by_most_held(const void *a, const void *b)
{
	const struct result_bin *const *x = a, *const *y = b;

	if (most_held_by(*x) != most_held_by(*y))
		return most_held_by(*x) > most_held_by(*y) ? -1 : 1;
	return (*x > *y) - (*x < *y);
}

// Those that hold most first.
static int by_held(const void *a, const void *b)
{
	const struct result_bin *const *x = a, *const *y = b;

	if (held_by(*x) != held_by(*y))
		return held_by(*x) > held_by(*y) ? -1 : 1;
	return (*x > *y) - (*x < *y);
}

// Returns how many are shown.
static size_t list_bins(const struct result_jemalloc *j, const struct result_bin **bins)
{
	size_t n = 0;

	for (size_t i = 0; i < j->bin_count; i++)
		if (held_by(&j->bins[i]) > 0)
			bins[n++] = &j->bins[i];
	if (n > 0)
		qsort(bins, n, sizeof *bins, by_held);
	return n < MOST_BINS ? n : MOST_BINS;
}

// The outline is what the slabs of the class hold, the bar what is in use of it.
static void draw_bin(struct page *p, const struct result_bin *b, double y, const struct scale *x)
{
	struct arena *a = p->arena;
	double left = x->from, held = scale_at(x, (double)held_by(b)) - left;
	double used = scale_at(x, (double)used_of(b)) - left;

	svg_text(&p->b, left - 6, y + 10, "end", SVG_INK, svg_label_bytes(a, (double)b->region_bytes));
	svg_rect(&p->b, left, y + 1, fmin(used, held), BIN_HEIGHT - 6, SVG_BLUE, 1);
	svg_outline(&p->b, left, y + 1, fmax(held, 1), BIN_HEIGHT - 6, SVG_INK);
	svg_text(&p->b, CHART_RIGHT, y + 10, "end", SVG_FAINT,
	         text_make(a, "%.0f %% of %s", 100 * part(used_of(b), held_by(b)),
	                   svg_label_bytes(a, (double)held_by(b))));
}

// All that ever held anything, also what was given back until the end.
static void bin_rows(struct page *p, const struct jemalloc_process *of, const struct result_bin **bins)
{
	struct arena *a = p->arena;
	size_t count = 0;

	for (size_t i = 0; i < of->j->bin_count; i++)
		if (most_held_by(&of->j->bins[i]) > 0)
			bins[count++] = &of->j->bins[i];
	if (count > 0)
		qsort(bins, count, sizeof *bins, by_most_held);
	for (size_t i = 0; i < count; i++) {
		html_row(p, of->test);
		html_figure_cell(p, bins[i]->region_bytes, text_bytes(a, bins[i]->region_bytes));
		html_figure_cell(p, bins[i]->slabs, text_count(a, bins[i]->slabs));
		html_figure_cell(p, bins[i]->nonfull_slabs, text_count(a, bins[i]->nonfull_slabs));
		html_figure_cell(p, held_by(bins[i]), text_bytes(a, held_by(bins[i])));
		html_figure_cell(p, used_of(bins[i]), text_bytes(a, used_of(bins[i])));
		html_figure_cell(p, most_held_by(bins[i]), text_bytes(a, most_held_by(bins[i])));
		html_figure_cell(p, bins[i]->slabs_made, text_count(a, bins[i]->slabs_made));
		html_figure_cell(p, bins[i]->slabs_reused, text_count(a, bins[i]->slabs_reused));
		html_figure_cell(p, bins[i]->requests, text_count(a, bins[i]->requests));
		html_figure_cell(p, bins[i]->fills, text_count(a, bins[i]->fills));
		html_figure_cell(p, bins[i]->flushes, text_count(a, bins[i]->flushes));
		html_figure_cell(p, bins[i]->mutex_waits, text_count(a, bins[i]->mutex_waits));
		buf_adds(&p->b, "</tr>");
	}
}

static void bins_chart(struct page *p, const struct jemalloc_process *of)
{
	struct arena *a = p->arena;
	const struct result_bin **bins = arena_alloc(a, (of->j->bin_count + 1) * sizeof *bins);
	size_t count = bins != NULL ? list_bins(of->j, bins) : 0;
	uint64_t slab_bytes, region_bytes;
	struct chart c = { of->test->id, "", "", CHART_WIDTH, BINS_TOP + BIN_HEIGHT * (double)count + 6 };
	struct scale x;

	if (count == 0)
		return;
	result_jemalloc_slabs(of->j, &slab_bytes, &region_bytes);
	c.sub = text_make(a, "%s, slabs at the end: %.0f %% in use", text_line(a, of->j->program),
	                  100 * part(region_bytes, slab_bytes));
	c.description = text_make(a, "Slabs hold %s, of which %s are in use; %s by what they hold.",
	                          text_bytes(a, slab_bytes), text_bytes(a, region_bytes),
	                          text_number(a, count, "size class", "size classes"));
	x = (struct scale){ 0, (double)held_by(bins[0]), CHART_LEFT, BINS_RIGHT, false, 0 };
	html_chart_open(p, &c);
	for (size_t i = 0; i < count; i++)
		draw_bin(p, bins[i], BINS_TOP + BIN_HEIGHT * (double)i, &x);
	html_chart_data(p, (const char *const[]){ ">Size class", ">Slabs", ">Not full", ">Held", ">In use",
	                                          ">Held at most", ">Slabs made", ">Used again", ">Requests",
	                                          ">Cache fills", ">Flushes", ">Mutex waits", NULL });
	bin_rows(p, of, bins);
	html_chart_close(p);
}

// ---- the section
// ------------------------------------------------------------------------------------------------

static int by_resident(const void *a, const void *b)
{
	const struct jemalloc_process *x = a, *y = b;

	if (x->j->peak_resident != y->j->peak_resident)
		return x->j->peak_resident > y->j->peak_resident ? -1 : 1;
	return (x->j > y->j) - (x->j < y->j);
}

static size_t list_processes(const struct view *v, struct jemalloc_process *out)
{
	size_t n = 0;

	for (size_t i = 0; i < v->count; i++)
		for (size_t k = 0; k < v->tests[i].r->jemalloc_count; k++) {
			if (out != NULL)
				out[n] = (struct jemalloc_process){ &v->tests[i], &v->tests[i].r->jemallocs[k] };
			n++;
		}
	return n;
}

static void add_row(struct page *p, const struct jemalloc_process *of)
{
	struct arena *a = p->arena;
	const struct result_jemalloc *j = of->j;
	const uint64_t figures[] = { j->peak_allocated, j->peak_resident, j->allocated, j->active,
		                     j->metadata,       j->resident,      j->mapped,    j->retained };
	double idle = 100 * fmax(0, 1 - part(j->active, j->resident));
	uint64_t slab_bytes, region_bytes;

	result_jemalloc_slabs(j, &slab_bytes, &region_bytes);
	html_row(p, of->test);
	html_code_cell(p, of->test->id);
	html_cell(p, text_line(a, j->program));
	for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
		html_figure_cell(p, figures[i], text_bytes(a, figures[i]));
	html_real_cell(p, idle, text_make(a, "%.0f %%", idle));
	html_real_cell(p, 100 * part(region_bytes, slab_bytes),
	               text_make(a, "%.0f %%", 100 * part(region_bytes, slab_bytes)));
	html_figure_cell(p, j->denied_growths, text_count(a, j->denied_growths));
	buf_adds(&p->b, "</tr>\n");
}

static void add_table(struct page *p, const struct jemalloc_process *all, size_t count)
{
	html_head(p, (const char *const[]){ "Test", "Program", ">Peak allocated", ">Peak resident", ">Allocated",
	                                    ">Active", ">Metadata", ">Resident", ">Mapped", ">Retained", ">Idle",
	                                    ">Slabs in use", ">Denied", NULL });
	for (size_t i = 0; i < count; i++)
		add_row(p, &all[i]);
	html_head_end(p);
}

static void add_charts(struct page *p, const struct jemalloc_process *all, size_t count)
{
	const double least = WORTH_A_CHART * (double)all[0].j->peak_resident;

	html_charts(p);
	for (size_t i = 0; i < count && i < MOST_CHARTED && (double)all[i].j->peak_resident >= least; i++) {
		const struct number_rows *looks = &all[i].j->looks;

		if (looks->count > 1 && look_at(all[i].j, looks->count - 1, LOOK_AT_MS) > 0) {
			held_chart(p, &all[i]);
			idle_chart(p, &all[i]);
		}
		bins_chart(p, &all[i]);
	}
	html_charts_end(p);
}

void html_jemalloc(struct page *p)
{
	size_t count = list_processes(p->view, NULL), shown, open;
	struct jemalloc_process *all = arena_alloc(p->arena, (count + 1) * sizeof *all);

	if (count == 0 || all == NULL)
		return;
	list_processes(p->view, all);
	qsort(all, count, sizeof *all, by_resident);
	shown = count < MOST_ROWS ? count : MOST_ROWS;
	open = shown > OPEN_ROWS + 3 ? OPEN_ROWS : shown;
	html_section(
	        p, "jemalloc", "jemalloc",
	        "What jemalloc says of itself in each process. What is resident and not active is memory that the "
	        "process holds for nothing; in the bars, the outline is what a size class's slabs hold and the "
	        "bar what is in use of it. Denied: how often a cap has refused it more.");
	add_table(p, all, open);
	if (open < shown) {
		buf_addf(&p->b, "<details class=\"more\"><summary>Show %zu smaller ones</summary>\n",
		         shown - open);
		add_table(p, all + open, shown - open);
		buf_adds(&p->b, "</details>\n");
	}
	if (count > shown)
		html_note(p, text_make(p->arena, "%zu more are in report.json.", count - shown));
	add_charts(p, all, count);
	html_jemalloc_work(p, all, shown);
	html_section_end(p);
}
