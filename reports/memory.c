// What a run's tests took of slabs, heaps and jemallocs, on a terminal.
#include "memory.h"

#include "heaps.h"
#include "story.h"
#include "table.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define MOST_HEAPS 3U

// ---- slabs --------------------------------------------------------------------------------------------------

// One line for all tests' pools of one name.
struct slab {
	const struct view_test *last; // the test that was counted last
	bool last_exhausted;
	const char *name;
	size_t tests, exhausted;
	const struct result_pool *fullest;
	const struct view_test *where;
};

static void take_pool(struct slab *slabs, size_t *count, const struct view_test *t, const struct result_pool *p)
{
	size_t i = 0;

	while (i < *count && strcmp(slabs[i].name, p->name) != 0)
		i++;
	if (i == *count)
		slabs[(*count)++] = (struct slab){ .name = p->name };
	if (slabs[i].last != t) { // the processes of one test are one after another
		slabs[i].last = t;
		slabs[i].last_exhausted = false;
		slabs[i].tests++;
	}
	if (p->exhausted > 0 && !slabs[i].last_exhausted) {
		slabs[i].last_exhausted = true;
		slabs[i].exhausted++;
	}
	if (slabs[i].fullest == NULL || view_pool_percent(p) > view_pool_percent(slabs[i].fullest)) {
		slabs[i].fullest = p;
		slabs[i].where = t;
	}
}

static void put_slabs(struct view *v, const struct term_style *style, FILE *out)
{
	struct arena *a = &v->arena;
	struct slab *slabs;
	size_t most = 1, count = 0;

	for (size_t i = 0; i < v->count; i++)
		most += v->tests[i].r->pool_count;
	slabs = arena_alloc(a, most * sizeof *slabs);
	for (size_t i = 0; slabs != NULL && i < v->count; i++)
		for (size_t p = 0; p < v->tests[i].r->pool_count; p++) {
			const struct result_pool *pool = &v->tests[i].r->pools[p];

			if (pool->name != NULL && (pool->capacity > 0 || pool->exhausted > 0))
				take_pool(slabs, &count, &v->tests[i], pool);
		}
	for (size_t i = 0; i < count; i++) {
		const char *tests = slabs[i].tests < 2 ? ""
		                    : slabs[i].exhausted == 0
		                            ? text_make(a, "; never exhausted in %zu tests", slabs[i].tests)
		                            : text_make(a, "; exhausted in %zu of %zu tests", slabs[i].exhausted,
		                                        slabs[i].tests);

		table_wrap(style,
		           text_make(a, "slab %s, in %s%s", story_pool(a, slabs[i].fullest), slabs[i].where->id,
		                     tests),
		           0, 5, out);
	}
	for (size_t i = 0; i < v->count; i++) {
		const char *more = story_slabs_left_out(a, v->tests[i].r);

		if (more != NULL)
			table_wrap(style, text_make(a, "! %s, in %s", more, v->tests[i].id), 0, 2, out);
	}
	if (count > 0)
		fputc('\n', out);
}

// ---- heaps --------------------------------------------------------------------------------------------------

// Why some programs could not be seen, each reason once.
static void put_not_instrumented(struct view *v, const struct heap_row *rows, size_t count,
                                 const struct term_style *style, FILE *out)
{
	size_t told = 0;

	for (size_t i = 0; i < count; i++) {
		bool again = rows[i].counted || rows[i].process->note == NULL;

		for (size_t k = 0; k < i && !again; k++)
			again = !rows[k].counted && rows[k].process->note != NULL &&
			        strcmp(rows[k].process->note, rows[i].process->note) == 0;
		if (!again && told++ < MOST_HEAPS)
			table_wrap(style, text_make(&v->arena, "heap %s", heap_words(&v->arena, &rows[i])), 0, 5,
			           out);
	}
}

static void put_heaps(struct view *v, const struct term_style *style, FILE *out)
{
	struct arena *a = &v->arena;
	size_t count, tests;
	const struct heap_row *rows = heaps_list(v, &count);
	const struct heap_test *heaps = heaps_tests(v, &tests);

	for (size_t i = 0; i < tests && i < MOST_HEAPS && heaps[i].worst->counted; i++)
		table_wrap(style, text_make(a, "heap %s, in %s", heap_test_words(a, &heaps[i]), heaps[i].test->id),
		           0, 5, out);
	put_not_instrumented(v, rows, count, style, out);
	if (count > 0)
		fputc('\n', out);
}

// ---- jemallocs ----------------------------------------------------------------------------------------------

struct jemalloc_row {
	const struct view_test *test;
	const struct result_jemalloc *j;
};

static int by_resident(const void *a, const void *b)
{
	const struct jemalloc_row *x = a, *y = b;

	if (x->j->peak_resident != y->j->peak_resident)
		return x->j->peak_resident > y->j->peak_resident ? -1 : 1;
	return (x->j > y->j) - (x->j < y->j);
}

static void put_jemallocs(struct view *v, const struct term_style *style, FILE *out)
{
	struct arena *a = &v->arena;
	struct jemalloc_row *rows;
	size_t count = 0, n = 0;

	for (size_t i = 0; i < v->count; i++)
		count += v->tests[i].r->jemalloc_count;
	rows = count > 0 ? arena_alloc(a, count * sizeof *rows) : NULL;
	for (size_t i = 0; rows != NULL && i < v->count; i++)
		for (size_t k = 0; k < v->tests[i].r->jemalloc_count; k++)
			rows[n++] = (struct jemalloc_row){ &v->tests[i], &v->tests[i].r->jemallocs[k] };
	if (n == 0)
		return;
	qsort(rows, n, sizeof *rows, by_resident);
	for (size_t i = 0, told = 0; i < n && told < MOST_HEAPS; i++) {
		const size_t others = rows[i].test->r->jemalloc_count - 1;
		bool again = false;

		for (size_t k = 0; k < i; k++)
			again = again || rows[k].test == rows[i].test;
		if (again)
			continue;
		told++;
		table_wrap(
		        style,
		        text_make(a, "jemalloc %s, in %s%s", story_jemalloc(a, rows[i].j), rows[i].test->id,
		                  others > 0 ? text_make(a, " (the worst of its %zu processes)", others + 1) : ""),
		        0, 9, out);
	}
	fputc('\n', out);
}

void memory_print(struct view *v, const struct term_style *style, FILE *out)
{
	put_slabs(v, style, out);
	put_heaps(v, style, out);
	put_jemallocs(v, style, out);
}
