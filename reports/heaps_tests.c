// Processes under the preloaded library, by the tests that they belong to.
#include "heaps.h"

#include "text.h"

#include <math.h>
#include <stdlib.h>

static void add(uint64_t *sum, const struct result_counters *c, const char *name)
{
	uint64_t value;

	if (heap_counter(c, name, &value))
		*sum += value;
}

static void add_process(struct heap_test *t, const struct heap_row *row)
{
	const struct result_counters *c = row->process;

	if (t->processes++ == 0) {
		t->test = row->test;
		t->worst = row; // rows come with the highest peak first
	}
	t->further = t->further || c->pid == 0;
	if (!row->counted) {
		t->unseen++;
		return;
	}
	t->peaks += row->peak;
	t->requests += heap_requests(c);
	add(&t->frees, c, "free_calls");
	add(&t->live, c, "live_bytes");
	add(&t->requested, c, "requested_bytes");
	add(&t->usable, c, "usable_bytes");
}

static int by_test(const void *a, const void *b)
{
	const struct heap_row *x = a, *y = b;

	if (x->test != y->test)
		return x->test < y->test ? -1 : 1;
	return heap_row_order(x, y);
}

static int by_worst(const void *a, const void *b)
{
	const struct heap_test *x = a, *y = b;

	return heap_row_order(x->worst, y->worst);
}

const struct heap_test *heaps_tests(struct view *v, size_t *count)
{
	size_t rows, n = 0;
	const struct heap_row *all = heaps_list(v, &rows);
	struct heap_row *sorted = rows > 0 ? arena_alloc(&v->arena, rows * sizeof *sorted) : NULL;
	struct heap_test *tests = rows > 0 ? arena_alloc(&v->arena, rows * sizeof *tests) : NULL;

	*count = 0;
	if (sorted == NULL || tests == NULL)
		return NULL;
	for (size_t i = 0; i < rows; i++)
		sorted[i] = all[i];
	qsort(sorted, rows, sizeof *sorted, by_test);
	for (size_t i = 0; i < rows; i++) {
		if (i == 0 || sorted[i].test != sorted[i - 1].test)
			tests[n++] = (struct heap_test){ 0 };
		add_process(&tests[n - 1], &sorted[i]);
	}
	qsort(tests, n, sizeof *tests, by_worst);
	*count = n;
	return tests;
}

double heap_test_waste_percent(const struct heap_test *t)
{
	if (t->usable == 0 || t->requested > t->usable)
		return NAN;
	return 100.0 * (1.0 - (double)t->requested / (double)t->usable);
}

const char *heap_test_words(struct arena *a, const struct heap_test *t)
{
	const char *more = t->further ? "processes and further ones" : "processes";
	const double waste = heap_test_waste_percent(t);
	const char *worst = text_line(a, t->worst->process->program);
	struct buf b = { 0 };
	const char *out;

	if (t->processes == 1)
		return heap_words(a, t->worst);
	buf_addf(&b, "%zu %s, ", t->processes - (t->further ? 1 : 0), more);
	if (t->worst->counted) {
		buf_addf(&b, "the highest peak %s's: %s, all their peaks together %s; %s, %s live at their ends",
		         worst, text_bytes(a, t->worst->peak), text_bytes(a, t->peaks),
		         text_number(a, t->requests, "request", "requests"), text_bytes(a, t->live));
		if (!isnan(waste))
			buf_addf(&b, ", %.1f %% waste inside blocks", waste);
		heap_add_latency(a, t->worst->process, &b);
		if (t->unseen > 0)
			buf_addf(&b, "; %zu not instrumented", t->unseen);
	} else {
		buf_addf(&b, "none instrumented; %s", heap_words(a, t->worst));
	}
	out = text_make(a, "%s", buf_text(&b));
	buf_deinit(&b);
	return out;
}
