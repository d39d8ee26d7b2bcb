// The page's table of what the preloaded allocator library counted in each process.
#include "html.h"

#include "heaps.h"
#include "text.h"

#include <math.h>

#define MOST_OPEN_ROWS 12U
#define MOST_ROWS 400U
#define PANELS 8U // of single processes

static void add_figure(struct page *p, const struct result_counters *c, const char *name,
                       const char *(*words)(struct arena *a, uint64_t n))
{
	uint64_t value;

	if (heap_counter(c, name, &value))
		html_figure_cell(p, value, words(p->arena, value));
	else
		html_empty_cell(p); // not counted is not 0
}

// Calls that asked for memory, by whatever function.
static void add_requests(struct page *p, const struct result_counters *c)
{
	static const char *const names[] = { "malloc_calls", "calloc_calls", "realloc_calls", "memalign_calls" };
	uint64_t calls = 0, value;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		calls += heap_counter(c, names[i], &value) ? value : 0;
	html_figure_cell(p, calls, text_count(p->arena, calls));
}

static void add_row(struct page *p, const struct heap_row *row)
{
	struct arena *a = p->arena;
	const struct result_counters *c = row->process;
	double waste = heap_waste_percent(c);

	html_row(p, row->test);
	html_code_cell(p, row->test->id);
	html_cell(p, text_line(a, c->program));
	if (!row->counted) {
		buf_adds(&p->b, "<td colspan=\"7\" class=\"none\">");
		html_text(p, text_line(a, c->note));
		buf_adds(&p->b, "</td></tr>\n");
		return;
	}
	add_figure(p, c, "peak_bytes", text_bytes);
	add_figure(p, c, "peak_error_bytes", text_bytes);
	add_figure(p, c, "live_bytes", text_bytes);
	add_figure(p, c, "requested_bytes", text_bytes);
	html_real_cell(p, waste, isnan(waste) ? "" : text_make(a, "%.1f %%", waste));
	add_requests(p, c);
	add_figure(p, c, "free_calls", text_count);
	buf_adds(&p->b, "</tr>\n");
	if (c->note != NULL && c->note[0] != '\0') {
		buf_adds(&p->b, "<tr><td></td><td></td><td colspan=\"7\" class=\"none\">");
		html_text(p, text_line(a, c->note));
		buf_adds(&p->b, "</td></tr>\n");
	}
}

void html_allocations(struct page *p)
{
	size_t count;
	const struct heap_row *rows = heaps_list(p->view, &count);
	bool folded = count > MOST_OPEN_ROWS;

	if (rows == NULL)
		return;
	html_section(
	        p, "allocations", "Allocations",
	        "What the preloaded library counted in each process, those with the highest peak first. The "
	        "peak is never too high, and too low by no more than the error. What was not counted is empty.");
	if (folded)
		buf_addf(&p->b, "<details class=\"more\"><summary>Show all %zu processes</summary>", count);
	html_head(p, (const char *const[]){ "Test", "Program", ">Peak", ">Error", ">Live at the end", ">Requested",
	                                    ">Waste inside", ">Requests", ">Frees", NULL });
	for (size_t i = 0; i < count && i < MOST_ROWS; i++)
		add_row(p, &rows[i]);
	html_head_end(p);
	if (count > MOST_ROWS)
		html_text(p, text_make(p->arena, "%zu more are in report.json.", count - MOST_ROWS));
	buf_adds(&p->b, folded ? "</details>" : "");
	for (size_t i = 0; i < count && i < PANELS; i++)
		html_heap(p, &rows[i], count == 1);
	html_section_end(p);
}
