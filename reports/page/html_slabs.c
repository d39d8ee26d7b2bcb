// The page's slabs: how full each got.
#include "html.h"

#include "markup.h"
#include "story.h"
#include "text.h"

#include <stdlib.h>

#define MOST_SLABS 300U
#define OPEN_SLABS 12U // the others are folded up

struct slab_row {
	const struct result_pool *pool;
	const struct view_test *test;
};

static int by_fullness(const void *a, const void *b)
{
	const struct slab_row *x = a, *y = b;
	double px = view_pool_percent(x->pool), py = view_pool_percent(y->pool);

	if ((x->pool->exhausted > 0) != (y->pool->exhausted > 0))
		return x->pool->exhausted > 0 ? -1 : 1;
	if (px != py)
		return px > py ? -1 : 1;
	return (x->test > y->test) - (x->test < y->test);
}

static bool is_slab(const struct result_pool *pool)
{
	return pool->capacity > 0 || pool->exhausted > 0;
}

static size_t list_slabs(const struct view *v, struct slab_row *rows)
{
	size_t n = 0;

	for (size_t i = 0; i < v->count; i++)
		for (size_t k = 0; k < v->tests[i].r->pool_count; k++) {
			if (!is_slab(&v->tests[i].r->pools[k]))
				continue;
			if (rows != NULL)
				rows[n] = (struct slab_row){ &v->tests[i].r->pools[k], &v->tests[i] };
			n++;
		}
	return n;
}

#define BAR_WIDTH 180.0
#define BAR_HEIGHT 12.0

// The outline is the capacity, the bar the most that was used of it; where a request was denied stands a mark.
static void add_bar(struct page *p, const struct result_pool *pool)
{
	double part = view_pool_percent(pool) / 100;
	bool exhausted = pool->exhausted > 0;

	if (part > 1)
		part = 1;
	svg_open_small(&p->b, BAR_WIDTH + 16, BAR_HEIGHT + 2);
	svg_rect(&p->b, 0.5, 0.5, BAR_WIDTH * part, BAR_HEIGHT, exhausted ? SVG_VERMILLION : SVG_BLUE, 1);
	svg_outline(&p->b, 0.5, 0.5, BAR_WIDTH, BAR_HEIGHT, SVG_INK);
	if (exhausted)
		svg_text(&p->b, BAR_WIDTH + 4, BAR_HEIGHT - 1, "start", SVG_VERMILLION, "✗");
	svg_close(&p->b);
}

static uint64_t bytes_of(const struct result_pool *p, uint64_t units)
{
	uint64_t bytes;

	return __builtin_mul_overflow(units, p->unit_bytes > 0 ? p->unit_bytes : 1, &bytes) ? UINT64_MAX : bytes;
}

// How often, how deep, and the backtrace where no card among the failures has it.
static void add_exhaustion(struct page *p, const struct slab_row *row)
{
	const struct result_pool *pool = row->pool;
	struct arena *a = p->arena;

	buf_adds(&p->b, "<td>");
	if (pool->exhausted == 0)
		html_text(p, "never");
	else if (pool->exhausted == 1)
		html_text(p, "once");
	else
		html_text(p, text_number(a, pool->exhausted, "", "times"));
	if (pool->exhausted > 0 && pool->depth > 0)
		html_text(p, text_make(a, ", at depth %s", text_count(a, pool->depth)));
	if (row->test->r->as_expected && pool->frames.count > 0) {
		buf_adds(&p->b, "<details><summary>Backtrace</summary>");
		html_frames(p, &pool->frames);
		buf_adds(&p->b, "</details>");
	}
	buf_adds(&p->b, "</td>");
}

static void add_slab(struct page *p, const struct slab_row *row)
{
	struct arena *a = p->arena;
	const struct result_pool *pool = row->pool;

	html_row(p, row->test);
	html_cell(p, text_line(a, pool->name));
	html_code_cell(p, row->test->id);
	buf_adds(&p->b, "<td class=\"bar\">");
	add_bar(p, pool);
	buf_adds(&p->b, "</td>");
	html_real_cell(p, view_pool_percent(pool), text_make(a, "%.0f %%", view_pool_percent(pool)));
	html_figure_cell(p, bytes_of(pool, pool->high_water), text_bytes(a, bytes_of(pool, pool->high_water)));
	html_figure_cell(p, bytes_of(pool, pool->capacity),
	                 pool->capacity > 0 ? text_bytes(a, bytes_of(pool, pool->capacity)) : "not fixed");
	add_exhaustion(p, row);
	buf_adds(&p->b, "</tr>\n");
}

static void add_slabs(struct page *p, const struct slab_row *rows, size_t count)
{
	html_head(p, (const char *const[]){ "Slab", "Test", "", ">Full", ">High water", ">Capacity", "Exhausted",
	                                    NULL });
	for (size_t i = 0; i < count; i++)
		add_slab(p, &rows[i]);
	html_head_end(p);
}

void html_slabs(struct page *p)
{
	size_t count = list_slabs(p->view, NULL);
	struct slab_row *rows = arena_alloc(p->arena, (count + 1) * sizeof *rows);
	size_t open;

	if (count == 0 || rows == NULL)
		return;
	list_slabs(p->view, rows);
	qsort(rows, count, sizeof *rows, by_fullness);
	html_section(
	        p, "slabs", "Slabs",
	        "The outline is a slab's capacity, the bar the most that was ever in use of it. ✗ stands where a "
	        "request could not be met.");
	open = count > OPEN_SLABS + 3 ? OPEN_SLABS : count;
	add_slabs(p, rows, open);
	if (open < count) {
		buf_addf(&p->b, "<details class=\"more\"><summary>Show %zu that were less full</summary>",
		         (count < MOST_SLABS ? count : MOST_SLABS) - open);
		add_slabs(p, rows + open, (count < MOST_SLABS ? count : MOST_SLABS) - open);
		buf_adds(&p->b, "</details>\n");
	}
	if (count > MOST_SLABS)
		markup_textf(&p->b, "%zu slabs that were less full are in report.json.", count - MOST_SLABS);
	html_fill(p);
	for (size_t i = 0; i < p->view->count; i++) {
		const char *more = story_slabs_left_out(p->arena, p->view->tests[i].r);

		if (more != NULL)
			html_warning(p, text_make(p->arena, "%s, in %s", more, p->view->tests[i].id));
	}
	html_section_end(p);
}
