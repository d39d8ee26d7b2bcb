// The page's slabs over time.
#include "html_rows.h"

#include "text.h"

#include <stdlib.h>

#define FEWEST_LOOKS 4U
#define MOST_FILLS 12U

struct filled {
	const struct view_test *test;
	const struct result_pool *pool;
};

// Exhausted ones first, then the fullest.
static int by_fullness(const void *a, const void *b)
{
	const struct filled *x = a, *y = b;
	double px = view_pool_percent(x->pool), py = view_pool_percent(y->pool);

	if ((x->pool->exhausted > 0) != (y->pool->exhausted > 0))
		return x->pool->exhausted > 0 ? -1 : 1;
	if (px != py)
		return px > py ? -1 : 1;
	return (x->pool > y->pool) - (x->pool < y->pool);
}

static size_t list(const struct view *v, struct filled *out)
{
	size_t n = 0;

	for (size_t i = 0; i < v->count; i++)
		for (size_t k = 0; k < v->tests[i].r->pool_count; k++) {
			const struct result_pool *pool = &v->tests[i].r->pools[k];

			if (pool->fill.count < FEWEST_LOOKS)
				continue;
			if (out != NULL)
				out[n] = (struct filled){ &v->tests[i], pool };
			n++;
		}
	return n;
}

static void add_chart(struct page *p, const struct filled *f)
{
	struct arena *a = p->arena;
	const struct result_pool *pool = f->pool;
	double unit = pool->unit_bytes > 0 ? (double)pool->unit_bytes : 1;
	const char *high = text_bytes(a, (uint64_t)((double)pool->high_water * unit));
	struct rows_chart c = { .caption = f->test->id,
		                .sub = text_line(a, pool->name),
		                .test = f->test,
		                .rows = &pool->fill,
		                .columns = POOL_COLUMNS,
		                .x = POOL_AT_MS,
		                .y = POOL_USED,
		                .unit = unit,
		                .x_label = rows_label_ms,
		                .x_title = ">Time",
		                .y_title = ">In use",
		                .limit = (double)pool->capacity * unit };

	if (pool->exhausted > 0) {
		c.mark_x = (double)pool->exhausted_ms + 1e-3;
		c.mark_y = (double)pool->high_water * unit;
		c.description = text_make(a, "Up to %s in use; exhausted after %s.", high,
		                          text_duration(a, pool->exhausted_ms * 1000000));
	} else {
		c.description = text_make(a, "Up to %s in use; never exhausted.", high);
	}
	html_rows_chart(p, &c);
}

void html_fill(struct page *p)
{
	size_t count = list(p->view, NULL);
	struct filled *all = count > 0 ? arena_alloc(p->arena, count * sizeof *all) : NULL;

	if (all == NULL)
		return;
	list(p->view, all);
	qsort(all, count, sizeof *all, by_fullness);
	html_heading(p, "Over time");
	html_note(
	        p,
	        "What was in use of the fullest, at intervals; the dotted line is the capacity, ✗ the first request "
	        "that could not be met. Between two looks it may have been fuller.");
	html_charts(p);
	for (size_t i = 0; i < count && i < MOST_FILLS; i++)
		add_chart(p, &all[i]);
	html_charts_end(p);
}
