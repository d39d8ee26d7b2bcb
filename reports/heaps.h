// Processes that the preloaded library looked at, in words that every report uses.
#ifndef SG_HEAPS_H
#define SG_HEAPS_H

#include "buf.h"
#include "view.h"

#include <stdbool.h>

struct heap_row {
	const struct view_test *test;
	const struct result_counters *process;
	bool counted;  // else the process's note says why not
	uint64_t peak; // bytes; 0 where it is not known
};

// All of a run's processes that the library reported on, highest peak first, those it could not see last. From the
// view's arena; NULL for none, or without memory.
const struct heap_row *heaps_list(struct view *v, size_t *count);
// The order of that list.
int heap_row_order(const struct heap_row *a, const struct heap_row *b);

// A test's processes together.
struct heap_test {
	const struct view_test *test;
	size_t processes, unseen;     // of these, not instrumented
	bool further;                 // one of them stands for many that have no row of their own
	const struct heap_row *worst; // the one with the highest peak
	// Sums over its processes. The peaks need not have been at the same time: what the test held was no more.
	uint64_t peaks, live, requested, usable, requests, frees;
};

// All tests with such processes, that with the worst process first. From the view's arena; NULL for none, or
// without memory.
const struct heap_test *heaps_tests(struct view *v, size_t *count);
// "3 processes, the highest peak python3's: 79.5 MiB, all their peaks together 81.0 MiB; ..."; of one, its own
// words.
const char *heap_test_words(struct arena *a, const struct heap_test *t);
double heap_test_waste_percent(const struct heap_test *t); // as heap_waste_percent
// A counter by its name; false where it was not counted.
bool heap_counter(const struct result_counters *c, const char *name, uint64_t *value);
// Calls that asked for memory, by whatever function.
uint64_t heap_requests(const struct result_counters *c);
// The latencies of that function; NULL where none was timed.
const struct result_series *heap_latency(const struct result_counters *c, const char *function);
// Adds ", malloc p99 2.01 us and p99.9 2.02 us", where enough calls were timed.
void heap_add_latency(struct arena *a, const struct result_counters *c, struct buf *b);
// "python3: 1,785,379 requests, peak 79.5 MiB (low by at most 318 KiB), 6.1 % waste inside blocks, ..."
const char *heap_words(struct arena *a, const struct heap_row *row);
// What was used of usable bytes: 1 - requested / usable, in percent; NaN where it is not known.
double heap_waste_percent(const struct result_counters *c);
// Of a test that ended badly, the refused request to tell about: one that was made to fail, else one that the
// allocator refused. NULL when there was none.
const struct result_refusal *heap_refusal(const struct result *r);
// The call stacks of its processes' sampled blocks that never came back, most bytes first. From the arena; NULL
// for none, or without memory.
const struct result_site **heaps_held(struct arena *a, const struct result *r, size_t *count);
// "request 17 (calloc of 64 B) was made to fail after 3 ms"
const char *heap_refusal_words(struct arena *a, const struct result_refusal *f);

#endif
