// Processes that the preloaded library looked at, in words that every report uses.
#ifndef SG_HEAPS_H
#define SG_HEAPS_H

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
// A counter by its name; false where it was not counted.
bool heap_counter(const struct result_counters *c, const char *name, uint64_t *value);
// The latencies of that function; NULL where none was timed.
const struct result_series *heap_latency(const struct result_counters *c, const char *function);
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
