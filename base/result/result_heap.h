// What came of one process's allocations beyond its counters: a part of the result.
#ifndef SG_RESULT_HEAP_H
#define SG_RESULT_HEAP_H

#include "err.h"
#include "header.h"
#include "number_rows.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct result_series;

struct result_size { // requests that were met, of at most so many bytes and more than the class before
	uint64_t bytes, count;
};

// Frames, here and below: innermost first, "module+0xOFFSET" (file offset) to be symbolised.
struct result_site {                      // estimates from sampled blocks
	uint64_t peak_bytes, peak_blocks; // out when the process's live bytes were at their peak
	uint64_t live_bytes;              // at the end
	uint64_t taken_bytes, samples;    // over time
	struct strings frames;
};

struct result_refusal { // one call stack whose requests were refused; the figures are the first one's
	char *function;
	uint64_t count, bytes, at_ms; // since the test's start
	uint64_t nth;                 // which of the process's requests it was; 0: not counted
	uint64_t tid;
	bool injected; // by fault injection
	struct strings frames;
};

struct result_heap_thread {
	char *name;
	uint64_t tid, from_ms, to_ms; // to_ms 0: it still ran at the end
	uint64_t takes, frees, requested_bytes, failures;
	double kept_bytes; // usable bytes it took less those it gave back; below 0 where others took them
	struct result_series *latencies; // as below but for "lifetime"; none where it was the only thread
	size_t latency_count;
};

// Over time: since the test's start; out then; asked for up to then; resident of the process, 0: not known.
enum { HEAP_AT_MS, HEAP_LIVE, HEAP_REQUESTED, HEAP_RSS, HEAP_COLUMNS };

struct result_heap {
	uint64_t timed_every;  // one call in so many was timed; 1: each, which disturbs what it measures; 0: none
	uint64_t sample_bytes; // mean distance of sampled blocks; 0: none
	uint64_t lifetimes_taken, lifetimes_freed; // blocks whose end was waited for, and came
	uint64_t lost;                             // samples without room
	uint64_t threads_left_out, refusals_left_out, sites_left_out;
	// "malloc", "free", "calloc", "realloc", "memalign": ns in the allocator. "lifetime": ns from a call to
	// free
	struct result_series *latencies;
	size_t latency_count;
	struct result_size *sizes;
	size_t size_count;
	struct result_site *sites; // most bytes at the peak first
	size_t site_count;
	struct result_refusal *refusals;
	size_t refusal_count;
	struct result_heap_thread *threads;
	size_t thread_count;
	struct number_rows course; // HEAP_COLUMNS, at most RESULT_POOL_FILL rows; without HEAP_LIVE's figures (0)
	                           // where live bytes are not counted
};

void result_heap_free(struct result_heap *h); // accepts NULL
// A new reference, or NULL without memory.
json_t *result_heap_to_json(const struct result_heap *h);
// From malloc; NULL with `e` filled where it is not one.
struct result_heap *result_heap_from_json(json_t *j, struct err *e);
// New entries at the end, zeroed; NULL without memory. A latency has a histogram of 2 digits.
struct result_series *result_heap_latency(struct result_heap *h, const char *name);
struct result_series *result_heap_thread_latency(struct result_heap_thread *t, const char *name);
struct result_size *result_heap_size(struct result_heap *h);
struct result_site *result_heap_site(struct result_heap *h);
struct result_refusal *result_heap_refusal(struct result_heap *h);
struct result_heap_thread *result_heap_thread(struct result_heap *h);

#endif
