// The page's panels of single processes: sizes, latencies, call stacks and threads as the preloaded library saw
// them.
#include "html.h"

#include "heaps.h"
#include "html_rows.h"
#include "text.h"

#include <math.h>
#include <string.h>

#define MOST_SITES 10U
#define MOST_THREADS 40U
#define CLOCK_NS 15U // less than that is the clock's own
#define FEWEST_LOOKS 3U
#define BAR_WIDTH 180.0
#define BAR_HEIGHT 12.0

// Where nothing was live at any time, nobody counted it.
static void add_course(struct page *p, const struct heap_row *row)
{
	const struct number_rows *course = &row->process->heap->course;
	struct rows_chart c = { .caption = row->test->id,
		                .sub = text_line(p->arena, row->process->program),
		                .test = row->test,
		                .rows = course,
		                .columns = HEAP_COLUMNS,
		                .x = HEAP_AT_MS,
		                .y = HEAP_LIVE,
		                .y2 = HEAP_RSS,
		                .unit = 1,
		                .x_label = rows_label_ms,
		                .x_title = ">Time",
		                .y_title = ">Live",
		                .y2_title = ">Resident" };
	uint64_t most = 0, most_rss = 0;

	for (size_t i = 0; i < course->count; i++) {
		const uint64_t *values = &course->values[i * HEAP_COLUMNS];

		most = values[HEAP_LIVE] > most ? values[HEAP_LIVE] : most;
		most_rss = values[HEAP_RSS] > most_rss ? values[HEAP_RSS] : most_rss;
	}
	if (course->count < FEWEST_LOOKS || most == 0)
		return;
	c.description =
	        text_make(p->arena,
	                  "Solid: what malloc has handed out, up to %s when it was looked at; dashed: what "
	                  "of the process is in physical memory, up to %s.",
	                  text_bytes(p->arena, most), text_bytes(p->arena, most_rss));
	html_heading(p, "Over time");
	html_note(p, c.description);
	html_charts(p);
	html_rows_chart(p, &c);
	html_charts_end(p);
}

static void add_latencies(struct page *p, const struct result_heap *h)
{
	static const double points[] = { 50, 99, 99.9, 99.99, 100 };
	struct arena *a = p->arena;

	if (h->latency_count == 0)
		return;
	html_heading(p, "Latency");
	if (h->timed_every == 1)
		html_note(p,
		          "Every call was timed, which disturbs what is measured: compare it with nothing else.");
	else
		html_note(p,
		          text_make(a,
		                    "Time in the allocator of one call in %s, and of one block in 1024 from its "
		                    "request to its end; each to an eighth of a doubling. Below 15 ns the clock "
		                    "itself is the larger part.",
		                    text_count(a, h->timed_every)));
	html_head(p, (const char *const[]){ "Function", ">Timed", ">p50", ">p99", ">p99.9", ">p99.99", ">Longest",
	                                    NULL });
	for (size_t i = 0; i < h->latency_count; i++) {
		const struct hist *hist = h->latencies[i].hist;

		buf_adds(&p->b, "<tr>");
		html_code_cell(p, h->latencies[i].name);
		html_figure_cell(p, hist->total, text_count(a, hist->total));
		for (size_t k = 0; k < sizeof points / sizeof points[0]; k++) {
			uint64_t ns = hist_percentile(hist, points[k]);

			// A percentile that fewer than one value lies above is no more than the longest.
			if (points[k] < 100 && (double)hist->total * (100 - points[k]) < 100)
				html_empty_cell(p);
			else if (ns < CLOCK_NS)
				html_figure_cell(p, ns, text_make(a, "< %u ns", CLOCK_NS));
			else
				html_figure_cell(p, ns, text_duration(a, ns));
		}
		buf_adds(&p->b, "</tr>\n");
	}
	html_head_end(p);
	if (h->lifetimes_taken > h->lifetimes_freed)
		html_note(p, text_make(a, "Of %s whose end was waited for, %s never came back.",
		                       text_number(a, h->lifetimes_taken, "block", "blocks"),
		                       text_count(a, h->lifetimes_taken - h->lifetimes_freed)));
}

static void add_sizes(struct page *p, const struct result_heap *h)
{
	uint64_t total = 0, most = 0;

	for (size_t i = 0; i < h->size_count; i++) {
		total += h->sizes[i].count;
		most = h->sizes[i].count > most ? h->sizes[i].count : most;
	}
	if (total == 0)
		return;
	html_heading(p, "Sizes");
	html_head(p, (const char *const[]){ ">Up to", "", ">Requests", ">Share", NULL });
	for (size_t i = 0; i < h->size_count; i++) {
		const struct result_size *s = &h->sizes[i];
		double percent = 100.0 * (double)s->count / (double)total;

		buf_adds(&p->b, "<tr>");
		html_figure_cell(p, s->bytes, text_bytes(p->arena, s->bytes));
		buf_adds(&p->b, "<td class=\"bar\">");
		svg_open_small(&p->b, BAR_WIDTH + 1, BAR_HEIGHT + 2);
		svg_rect(&p->b, 0.5, 0.5, BAR_WIDTH * (double)s->count / (double)most, BAR_HEIGHT, SVG_BLUE, 1);
		svg_close(&p->b);
		buf_adds(&p->b, "</td>");
		html_figure_cell(p, s->count, text_count(p->arena, s->count));
		html_real_cell(p, percent, text_make(p->arena, "%.1f %%", percent));
		buf_adds(&p->b, "</tr>\n");
	}
	html_head_end(p);
}

static void add_stack_cell(struct page *p, const struct strings *frames)
{
	buf_adds(&p->b, "<td>");
	if (frames->count == 0)
		html_text(p, "further stacks together");
	html_frames(p, frames);
	buf_adds(&p->b, "</td></tr>\n");
}

static void add_sites(struct page *p, const struct result_heap *h)
{
	struct arena *a = p->arena;

	if (h->site_count == 0)
		return;
	html_heading(p, "What was live at the peak, by call stack");
	html_note(p,
	          text_make(a,
	                    "Estimates: a block is sampled every %s on average. %s were lost; %zu further stacks "
	                    "are left out.",
	                    text_bytes(a, h->sample_bytes), text_number(a, h->lost, "sample", "samples"),
	                    (size_t)h->sites_left_out +
	                            (h->site_count > MOST_SITES ? h->site_count - MOST_SITES : 0)));
	html_head(p, (const char *const[]){ ">At the peak", ">Blocks", ">At the end", ">Over time", ">Samples",
	                                    "Stack", NULL });
	for (size_t i = 0; i < h->site_count && i < MOST_SITES; i++) {
		const struct result_site *s = &h->sites[i];

		buf_adds(&p->b, "<tr>");
		html_figure_cell(p, s->peak_bytes, text_bytes(a, s->peak_bytes));
		html_figure_cell(p, s->peak_blocks, text_count(a, s->peak_blocks));
		html_figure_cell(p, s->live_bytes, text_bytes(a, s->live_bytes));
		html_figure_cell(p, s->taken_bytes, text_bytes(a, s->taken_bytes));
		html_figure_cell(p, s->samples, text_count(a, s->samples));
		add_stack_cell(p, &s->frames);
	}
	html_head_end(p);
}

static void add_refusals(struct page *p, const struct result_heap *h)
{
	if (h->refusal_count == 0)
		return;
	html_heading(p, "Refused requests");
	if (h->refusals_left_out > 0)
		html_note(p, text_make(p->arena, "%s from further stacks are not kept.",
		                       text_number(p->arena, h->refusals_left_out, "refusal", "refusals")));
	html_head(p, (const char *const[]){ "Request", "Stack", NULL });
	for (size_t i = 0; i < h->refusal_count; i++) {
		buf_adds(&p->b, "<tr>");
		html_cell(p, heap_refusal_words(p->arena, &h->refusals[i]));
		add_stack_cell(p, &h->refusals[i].frames);
	}
	html_head_end(p);
}

static const char *signed_bytes(struct arena *a, double bytes)
{
	return text_make(a, "%s%s", bytes < 0 ? "-" : "", text_bytes(a, (uint64_t)fabs(bytes)));
}

// Its p99, where there are a hundred values, and the longest.
static void add_thread_latency(struct page *p, const struct result_heap_thread *t, const char *function)
{
	const struct hist *h = NULL;
	uint64_t p99;

	for (size_t i = 0; i < t->latency_count; i++)
		if (strcmp(t->latencies[i].name, function) == 0)
			h = t->latencies[i].hist;
	p99 = h != NULL && h->total >= 100 ? hist_percentile(h, 99) : 0;
	if (p99 > 0)
		html_figure_cell(p, p99, text_duration(p->arena, p99));
	else
		html_empty_cell(p);
	if (h != NULL && h->total > 0)
		html_figure_cell(p, h->max, text_duration(p->arena, h->max));
	else
		html_empty_cell(p);
}

static void add_threads(struct page *p, const struct result_heap *h)
{
	struct arena *a = p->arena;
	size_t shown = h->thread_count < MOST_THREADS ? h->thread_count : MOST_THREADS;
	uint64_t hidden = h->thread_count - shown + h->threads_left_out;

	if (h->thread_count < 2)
		return;
	html_heading(p, "Threads");
	if (hidden > 0)
		html_note(p, text_make(a, "%s more.", text_number(a, hidden, "thread", "threads")));
	html_head(p,
	          (const char *const[]){ "Thread", ">Id", ">Requests", ">Frees", ">Requested", ">Kept", ">Refused",
	                                 ">malloc p99", ">Longest", ">free p99", ">Longest", NULL });
	for (size_t i = 0; i < shown; i++) {
		const struct result_heap_thread *t = &h->threads[i];

		buf_adds(&p->b, "<tr>");
		html_cell(p, text_line(a, t->name));
		html_figure_cell(p, t->tid, text_make(a, "%llu", (unsigned long long)t->tid));
		html_figure_cell(p, t->takes, text_count(a, t->takes));
		html_figure_cell(p, t->frees, text_count(a, t->frees));
		html_figure_cell(p, t->requested_bytes, text_bytes(a, t->requested_bytes));
		html_real_cell(p, t->kept_bytes, signed_bytes(a, t->kept_bytes));
		html_figure_cell(p, t->failures, text_count(a, t->failures));
		add_thread_latency(p, t, "malloc");
		add_thread_latency(p, t, "free");
		buf_adds(&p->b, "</tr>\n");
	}
	html_head_end(p);
}

void html_heap(struct page *p, const struct heap_row *row, bool open)
{
	const struct result_heap *h = row->process->heap;

	if (h == NULL || h->size_count == 0)
		return;
	buf_addf(&p->b, "<details class=\"card\"%s><summary><code>", open ? " open=\"\"" : "");
	html_text(p, row->test->id);
	buf_adds(&p->b, "</code> <span class=\"evidence\">");
	html_text(p, heap_words(p->arena, row));
	buf_adds(&p->b, "</span></summary>\n");
	add_refusals(p, h);
	add_course(p, row);
	add_latencies(p, h);
	add_sites(p, h);
	add_sizes(p, h);
	add_threads(p, h);
	buf_adds(&p->b, "</details>\n");
}
