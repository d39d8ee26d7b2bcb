// What an interposer's telemetry file holds behind its struct tele_file (docs/formats.md): histograms of sizes,
// latencies and lifetimes, call stacks of sampled blocks, refused requests, threads. Written by libstressalloc.so
// through the shared mapping, read by whoever has the file.
#ifndef SG_HEAP_H
#define SG_HEAP_H

#include "err.h"
#include "hist.h"
#include "size_class.h"
#include "telemetry.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#elif !defined(__aarch64__)
#include "clock.h"
#endif

#define SG_HEAP_MAGIC "SGHEAP1" // with its NUL: 8 bytes
#define SG_HEAP_VERSION 4U      // 3 is the same without heap_file.small
#define SG_HEAP_CLASSES 172U    // of size_class.h; the last one counts all that is larger, too
#define SG_HEAP_TIMES 392U      // eight to a doubling of clock ticks
#define SG_HEAP_FRAMES 24U
#define SG_HEAP_FAILURES 32U
#define SG_HEAP_THREADS 128U
#define SG_HEAP_SHARED_LANES 4U
#define SG_HEAP_LANES (SG_HEAP_THREADS + SG_HEAP_SHARED_LANES)
#define SG_HEAP_SITES 1024U // a power of two
#define SG_HEAP_PAGE 4096U
#define SG_HEAP_LANE_BYTES (4 * SG_HEAP_PAGE)
#define SG_HEAP_SMALL 1024U
#define SG_HEAP_CALLS 0U     // malloc_calls among a slot's values
#define SG_HEAP_REQUESTED 2U // requested_bytes

// X(enumerator, name): what latencies are told apart by.
#define SG_HEAP_FUNCTIONS(X)                                                                                      \
	X(HEAP_MALLOC, "malloc")                                                                                  \
	X(HEAP_FREE, "free")                                                                                      \
	X(HEAP_CALLOC, "calloc")                                                                                  \
	X(HEAP_REALLOC, "realloc")                                                                                \
	X(HEAP_MEMALIGN, "memalign")

enum heap_function {
#define X(name, text) name,
	SG_HEAP_FUNCTIONS(X)
#undef X
	        HEAP_FUNCTION_COUNT
};

const char *heap_function_name(unsigned function); // "?" for none

// A call stack. `hash` identifies it; 0: the entry is not in use. Bytes and blocks are estimates from samples:
// each stands for the sampling distance, or for its own size where that is larger.
struct heap_site {
	uint64_t hash;
	uint64_t live_bytes, live_blocks; // out now
	uint64_t peak_bytes, peak_blocks; // out at the peak number `peak_seen`
	uint64_t peak_seen;               // below heap_file.peak_number: nothing has changed since, so what is out
	                                  // now is what was out then
	uint64_t taken_bytes;             // over time
	uint64_t samples;
	uint64_t frame_count;
	uint64_t frames[SG_HEAP_FRAMES]; // return addresses, innermost first
};

struct heap_failure {
	uint64_t count; // of requests refused by this stack; 0: the entry is not in use
	uint64_t at_ns; // CLOCK_MONOTONIC of the first; the fields below are of that one too
	uint64_t bytes;
	uint64_t nth; // which of the process's requests; 0: nobody counted (no fault injection)
	uint32_t function, tid;
	uint32_t injected; // by fault injection, not by the allocator
	uint32_t frame_count;
	uint64_t frames[SG_HEAP_FRAMES];
};

// A thread that has allocated. While it runs, `values` are what its slot had counted for others before it;
// afterwards what the thread itself has counted.
struct heap_thread {
	uint32_t tid; // 0: the entry is not in use
	uint32_t slot;
	uint64_t from_ns, to_ns; // CLOCK_MONOTONIC; to_ns 0: it still ran
	char name[16];
	uint64_t values[SG_TELE_VALUES];
};

// Calls that were timed, by heap_time_slot of the ticks that the allocator took. What all functions took as long
// for lies side by side, and a lane begins with a page: most calls of a thread are within a few doublings, and so
// in one.
struct heap_lane {
	uint64_t times[SG_HEAP_TIMES][HEAP_FUNCTION_COUNT];
	uint64_t unused[SG_HEAP_LANE_BYTES / 8 - SG_HEAP_TIMES * HEAP_FUNCTION_COUNT];
};

struct heap_file {
	char magic[8]; // written last
	uint32_t version;
	uint32_t bytes;                 // sizeof(struct heap_file)
	uint64_t clock_ticks, clock_ns; // heap_ticks and CLOCK_MONOTONIC at the same moment, at birth
	uint64_t clock_overhead;        // ticks of reading the clock; already taken off the latencies
	uint64_t timed_every;           // one call in so many is timed; 0: none
	uint64_t sample_bytes;          // between sampled blocks on average; 0: none
	uint64_t lifetimes_taken;       // blocks whose end is waited for; later ones are fewer and count for more
	uint64_t lifetimes_freed;       // of these, given back
	uint64_t lost;                  // samples that found no room, or a busy table
	uint64_t peak_number;           // how often the peak was raised
	uint64_t thread_count;          // of `threads` that are in use
	uint64_t threads_left_out;      // that found no entry
	uint64_t failures_left_out;     // likewise
	uint64_t lifetimes[SG_HEAP_TIMES];
	uint64_t shared_sizes[SG_HEAP_CLASSES]; // requests that were met for threads without a slot
	struct heap_failure failures[SG_HEAP_FAILURES];
	// What follows is reserved as it is needed.
	struct heap_thread threads[SG_HEAP_THREADS];
	uint64_t sizes[SG_TELE_THREADS][SG_HEAP_CLASSES]; // requests that were met, by slot and size_class_of
	struct heap_site sites[SG_HEAP_SITES];
	uint64_t unused[334];
	struct heap_lane
	        lanes[SG_HEAP_LANES]; // of `threads` one each; behind them those that further threads share
	// Calls of malloc that were met, by slot and by the bytes asked for: one write for what would be three.
	// They are in no other figure of this file, nor of the slots; who reads adds them to malloc_calls,
	// requested_bytes and `sizes`.
	uint64_t small[SG_TELE_THREADS][SG_HEAP_SMALL];
};

_Static_assert(sizeof(struct heap_lane) == SG_HEAP_LANE_BYTES &&
                       (sizeof(struct tele_file) + offsetof(struct heap_file, lanes)) % SG_HEAP_PAGE == 0,
               "a lane begins with a page");

// Adds what a slot's small requests are together.
static inline void heap_add_small(const uint64_t *small, uint64_t *calls, uint64_t *bytes)
{
	for (unsigned size = 0; size < SG_HEAP_SMALL; size++) {
		const uint64_t n = __atomic_load_n(&small[size], __ATOMIC_RELAXED);

		*calls += n;
		*bytes += n * size;
	}
}

// A clock that costs less than clock_gettime: ticks of a constant rate that heap_ns_per_tick finds out.
static inline uint64_t heap_ticks(void)
{
#if defined(__x86_64__)
	return __rdtsc();
#elif defined(__aarch64__)
	uint64_t ticks;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
#else
	return clock_now_ns();
#endif
}

static inline unsigned heap_time_slot(uint64_t ticks)
{
	unsigned shift = 60U - (unsigned)__builtin_clzll(ticks | 8);
	uint64_t slot = (uint64_t)(shift << 3) + (ticks >> shift);

	return slot < SG_HEAP_TIMES ? (unsigned)slot : SG_HEAP_TIMES - 1;
}

static inline unsigned heap_class(uint64_t bytes)
{
	unsigned class = size_class_of(bytes);

	return class < SG_HEAP_CLASSES ? class : SG_HEAP_CLASSES - 1;
}

// Reads that part of an interposer's file. All counts in it are within bounds afterwards, names end in a NUL, and
// threads' values are their own, whatever was in the file. The lanes of threads that there are none of are left as
// they were: heap_next_lane goes by the others. -ENODATA where there is no such part; else as telemetry_read.
int heap_read(const char *path, struct heap_file *out, struct err *e);
// The lanes that heap_read has read: *at is 0 at first. NULL behind the last one.
const struct heap_lane *heap_next_lane(const struct heap_file *h, unsigned *at);
// As of now, on the machine where the file was written and since its last start; 0 where that is unknown.
double heap_ns_per_tick(const struct heap_file *h);
// Adds `times` (SG_HEAP_TIMES counts) to `to`, as ns: each slot's counts at the slot's middle.
void heap_times_to_hist(const uint64_t *times, double ns_per_tick, struct hist *to);
// What is estimated to have been out at the peak by that stack.
void heap_site_at_peak(const struct heap_file *h, const struct heap_site *s, uint64_t *bytes, uint64_t *blocks);

#endif
