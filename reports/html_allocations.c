// The page's table of what the preloaded allocator library counted in each process.
#include "html.h"

#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MOST_OPEN_ROWS 12U
#define MOST_ROWS 400U

struct counted {
	const struct view_test *test;
	const struct result_counters *process;
	uint64_t peak;
};

static bool is_interposer(const struct result_counters *c)
{
	return c->role != NULL && strcmp(c->role, "interposer") == 0;
}

// 0 where there is no such counter.
static uint64_t counter(const struct result_counters *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->items[i].name, name) == 0)
			return strtoull(c->items[i].value, NULL, 10);
	return 0;
}

// Calls that asked for memory, by whatever function.
static uint64_t taking_calls(const struct result_counters *c)
{
	static const char *const names[] = { "malloc_calls", "calloc_calls", "realloc_calls", "memalign_calls" };
	uint64_t calls = 0;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		calls += counter(c, names[i]);
	return calls;
}

static size_t list_counted(const struct view *v, struct counted *rows)
{
	size_t n = 0;

	for (size_t i = 0; i < v->count; i++)
		for (size_t k = 0; k < v->tests[i].r->counters_count; k++) {
			const struct result_counters *c = &v->tests[i].r->counters[k];

			if (!is_interposer(c))
				continue;
			if (rows != NULL)
				rows[n] = (struct counted){ &v->tests[i], c, counter(c, "peak_bytes") };
			n++;
		}
	return n;
}

static int by_peak(const void *a, const void *b)
{
	const struct counted *x = a, *y = b;

	if (x->peak != y->peak)
		return x->peak > y->peak ? -1 : 1;
	return (x->process > y->process) - (x->process < y->process);
}

static void add_row(struct page *p, const struct counted *row)
{
	struct arena *a = p->arena;
	const struct result_counters *c = row->process;

	html_row(p, row->test);
	html_code_cell(p, row->test->id);
	html_cell(p, text_line(a, c->program));
	if (c->note != NULL && c->note[0] != '\0') {
		buf_adds(&p->b, "<td colspan=\"5\" class=\"none\">");
		html_text(p, text_line(a, c->note));
		buf_adds(&p->b, "</td></tr>\n");
		return;
	}
	html_figure_cell(p, row->peak, text_bytes(a, row->peak));
	html_figure_cell(p, counter(c, "live_bytes"), text_bytes(a, counter(c, "live_bytes")));
	html_figure_cell(p, counter(c, "requested_bytes"), text_bytes(a, counter(c, "requested_bytes")));
	html_figure_cell(p, taking_calls(c), text_count(a, taking_calls(c)));
	html_figure_cell(p, counter(c, "free_calls"), text_count(a, counter(c, "free_calls")));
	buf_adds(&p->b, "</tr>\n");
}

void html_allocations(struct page *p)
{
	size_t count = list_counted(p->view, NULL);
	struct counted *rows = arena_alloc(p->arena, (count + 1) * sizeof *rows);
	bool folded = count > MOST_OPEN_ROWS;

	if (count == 0 || rows == NULL)
		return;
	list_counted(p->view, rows);
	qsort(rows, count, sizeof *rows, by_peak);
	html_section(p, "allocations", "Allocations",
	             "What the preloaded library counted in each process, those with the highest peak first.");
	if (folded)
		buf_addf(&p->b, "<details><summary>Show all %zu processes</summary>", count);
	html_head(p, (const char *const[]){ "Test", "Program", ">Peak", ">Live at the end", ">Requested", ">Calls",
	                                    ">Frees", NULL });
	for (size_t i = 0; i < count && i < MOST_ROWS; i++)
		add_row(p, &rows[i]);
	html_head_end(p);
	if (count > MOST_ROWS)
		html_text(p, text_make(p->arena, "%zu more are in report.json.", count - MOST_ROWS));
	buf_adds(&p->b, folded ? "</details>" : "");
	html_section_end(p);
}
