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
	html_figure_cell(p, heap_requests(c), text_count(a, heap_requests(c)));
	add_figure(p, c, "free_calls", text_count);
	buf_adds(&p->b, "</tr>\n");
	if (c->note != NULL && c->note[0] != '\0') {
		buf_adds(&p->b, "<tr><td></td><td></td><td colspan=\"7\" class=\"none\">");
		html_text(p, text_line(a, c->note));
		buf_adds(&p->b, "</td></tr>\n");
	}
}

// ---- by test --------------------------------------------------------------------------------------------------

static void add_test(struct page *p, const struct heap_test *t)
{
	struct arena *a = p->arena;
	const double waste = heap_test_waste_percent(t);
	const size_t processes = t->processes - (t->further ? 1 : 0);

	html_row(p, t->test);
	html_code_cell(p, t->test->id);
	html_figure_cell(p, processes, text_make(a, "%zu%s", processes, t->further ? " and more" : ""));
	html_figure_cell(p, t->unseen, text_count(a, t->unseen));
	html_cell(p, text_line(a, t->worst->process->program));
	html_figure_cell(p, t->worst->peak, text_bytes(a, t->worst->peak));
	html_figure_cell(p, t->peaks, text_bytes(a, t->peaks));
	html_figure_cell(p, t->live, text_bytes(a, t->live));
	html_figure_cell(p, t->requested, text_bytes(a, t->requested));
	html_real_cell(p, waste, isnan(waste) ? "" : text_make(a, "%.1f %%", waste));
	html_figure_cell(p, t->requests, text_count(a, t->requests));
	html_figure_cell(p, t->frees, text_count(a, t->frees));
	buf_adds(&p->b, "</tr>\n");
}

// Only where a test had several processes: else the table of processes is that of tests.
static bool add_tests(struct page *p)
{
	size_t count;
	const struct heap_test *tests = heaps_tests(p->view, &count);
	bool several = false;

	for (size_t i = 0; i < count; i++)
		several = several || tests[i].processes > 1;
	if (!several)
		return false;
	html_head(p, (const char *const[]){ "Test", ">Processes", ">Not seen", "Worst", ">Its peak",
	                                    ">All peaks together", ">Live at the ends", ">Requested",
	                                    ">Waste inside", ">Requests", ">Frees", NULL });
	for (size_t i = 0; i < count && i < MOST_ROWS; i++)
		add_test(p, &tests[i]);
	html_head_end(p);
	if (count > MOST_ROWS)
		html_text(p, text_make(p->arena, "%zu more are in report.json.", count - MOST_ROWS));
	return true;
}

// ---- by process -----------------------------------------------------------------------------------------------

void html_allocations(struct page *p)
{
	size_t count;
	const struct heap_row *rows = heaps_list(p->view, &count);
	bool folded;

	if (rows == NULL)
		return;
	html_section(
	        p, "allocations", "Allocations",
	        "What the preloaded library counted, that with the highest peak first. A process's peak is never too "
	        "high, and too low by no more than the error; those of a test's processes need not have been at the "
	        "same time. What was not counted is empty.");
	folded = add_tests(p) || count > MOST_OPEN_ROWS;
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
