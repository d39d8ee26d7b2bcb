// Processes under the preloaded library.
#include "heaps.h"

#include "buf.h"
#include "text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool heap_counter(const struct result_counters *c, const char *name, uint64_t *value)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->items[i].name, name) == 0) {
			*value = strtoull(c->items[i].value, NULL, 10);
			return true;
		}
	return false;
}

static uint64_t counter(const struct result_counters *c, const char *name)
{
	uint64_t value;

	return heap_counter(c, name, &value) ? value : 0;
}

uint64_t heap_requests(const struct result_counters *c)
{
	return counter(c, "malloc_calls") + counter(c, "calloc_calls") + counter(c, "realloc_calls") +
	       counter(c, "memalign_calls");
}

int heap_row_order(const struct heap_row *x, const struct heap_row *y)
{
	if (x->counted != y->counted)
		return x->counted ? -1 : 1;
	if (x->peak != y->peak)
		return x->peak > y->peak ? -1 : 1;
	return (x->process > y->process) - (x->process < y->process);
}

static int by_peak(const void *a, const void *b)
{
	return heap_row_order(a, b);
}

static size_t fill_rows(const struct view *v, struct heap_row *rows)
{
	size_t n = 0;

	for (size_t i = 0; i < v->count; i++)
		for (size_t k = 0; k < v->tests[i].r->counters_count; k++) {
			const struct result_counters *c = &v->tests[i].r->counters[k];

			if (c->role == NULL || strcmp(c->role, "interposer") != 0)
				continue;
			if (rows != NULL)
				rows[n] = (struct heap_row){ &v->tests[i], c, c->count > 0,
					                     counter(c, "peak_bytes") };
			n++;
		}
	return n;
}

const struct heap_row *heaps_list(struct view *v, size_t *count)
{
	size_t n = fill_rows(v, NULL);
	struct heap_row *rows = n > 0 ? arena_alloc(&v->arena, n * sizeof *rows) : NULL;

	*count = rows != NULL ? fill_rows(v, rows) : 0;
	if (rows != NULL)
		qsort(rows, n, sizeof *rows, by_peak);
	return rows;
}

const struct result_series *heap_latency(const struct result_counters *c, const char *function)
{
	for (size_t i = 0; c->heap != NULL && i < c->heap->latency_count; i++)
		if (strcmp(c->heap->latencies[i].name, function) == 0)
			return &c->heap->latencies[i];
	return NULL;
}

double heap_waste_percent(const struct result_counters *c)
{
	uint64_t requested, usable;

	if (!heap_counter(c, "requested_bytes", &requested) || !heap_counter(c, "usable_bytes", &usable) ||
	    usable == 0 || requested > usable)
		return NAN;
	return 100.0 * (1.0 - (double)requested / (double)usable);
}

void heap_add_latency(struct arena *a, const struct result_counters *c, struct buf *b)
{
	const struct result_series *s = heap_latency(c, "malloc");

	if (s == NULL || s->hist->total < 100)
		return;
	buf_addf(b, ", malloc p99 %s", text_duration(a, hist_percentile(s->hist, 99)));
	if (s->hist->total >= 1000)
		buf_addf(b, " and p99.9 %s", text_duration(a, hist_percentile(s->hist, 99.9)));
	if (c->heap->timed_every == 1)
		buf_adds(b, " (every call timed, which disturbs it)");
}

const char *heap_words(struct arena *a, const struct heap_row *row)
{
	const struct result_counters *c = row->process;
	const uint64_t requests = heap_requests(c);
	const bool of_many = c->pid == 0; // whose counters were added up
	struct buf b = { 0 };
	const char *out;
	uint64_t value;

	buf_addf(&b, "%s: ", text_line(a, c->program));
	if (row->counted) {
		buf_adds(&b, text_number(a, requests, "request", "requests"));
		if (heap_counter(c, "peak_bytes", &value))
			buf_addf(&b, ", %s %s (low by at most %s), %s live at %s",
			         of_many ? "highest peak" : "peak", text_bytes(a, value),
			         text_bytes(a, counter(c, "peak_error_bytes")),
			         text_bytes(a, counter(c, "live_bytes")), of_many ? "all their ends" : "the end");
		if (!isnan(heap_waste_percent(c)))
			buf_addf(&b, ", %.1f %% waste inside blocks", heap_waste_percent(c));
		heap_add_latency(a, c, &b);
		if (heap_counter(c, "failures", &value) && value > 0)
			buf_addf(&b, ", %s refused", text_count(a, value));
	}
	if (c->note != NULL && c->note[0] != '\0')
		buf_addf(&b, "%s%s", row->counted ? "; " : "", text_line(a, c->note));
	out = text_make(a, "%s", buf_text(&b));
	buf_deinit(&b);
	return out;
}

const struct result_refusal *heap_refusal(const struct result *r)
{
	const struct result_refusal *found = NULL;

	for (size_t i = 0; i < r->counters_count; i++) {
		const struct result_heap *h = r->counters[i].heap;

		for (size_t k = 0; h != NULL && k < h->refusal_count; k++)
			if (found == NULL || (h->refusals[k].injected && !found->injected))
				found = &h->refusals[k];
	}
	return found;
}

const char *heap_refusal_words(struct arena *a, const struct result_refusal *f)
{
	const char *which = f->nth > 0 ? text_make(a, "request %s (", text_count(a, f->nth)) : "";
	const char *call = f->bytes == UINT64_MAX || f->bytes > INT64_MAX
	                           ? text_make(a, "%s of more than there can be", text_line(a, f->function))
	                           : text_make(a, "%s of %s", text_line(a, f->function), text_bytes(a, f->bytes));
	const char *more =
	        f->count > 1 ? text_make(a, ", and %s more from there", text_count(a, f->count - 1)) : "";

	return text_make(a, "%s%s%s was %s after %s%s", which, call, *which != '\0' ? ")" : "",
	                 f->injected ? "made to fail" : "refused", text_duration(a, f->at_ms * 1000000), more);
}

static int by_live(const void *a, const void *b)
{
	const struct result_site *const *x = a, *const *y = b;

	return ((*x)->live_bytes < (*y)->live_bytes) - ((*x)->live_bytes > (*y)->live_bytes);
}

const struct result_site **heaps_held(struct arena *a, const struct result *r, size_t *count)
{
	const struct result_site **sites;
	size_t room = 0;

	*count = 0;
	for (size_t i = 0; i < r->counters_count; i++)
		room += r->counters[i].heap != NULL ? r->counters[i].heap->site_count : 0;
	sites = room > 0 ? arena_alloc(a, room * sizeof *sites) : NULL;
	for (size_t i = 0; sites != NULL && i < r->counters_count; i++)
		for (size_t k = 0; r->counters[i].heap != NULL && k < r->counters[i].heap->site_count; k++)
			if (r->counters[i].heap->sites[k].live_bytes > 0)
				sites[(*count)++] = &r->counters[i].heap->sites[k];
	if (*count > 0)
		qsort(sites, *count, sizeof *sites, by_live);
	return *count > 0 ? sites : NULL;
}
