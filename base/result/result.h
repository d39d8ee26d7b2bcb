// What came of one test: the record that the runner writes and every report reads.
#ifndef SG_RESULT_H
#define SG_RESULT_H

#include "err.h"
#include "header.h"
#include "hist.h"
#include "number_rows.h"
#include "result_heap.h"
#include "result_jemalloc.h"
#include "verdict.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct result_series {
	char *name;
	struct hist *hist; // owned; latencies in ns
};

struct result_gauge {
	char *name, *unit;
	double value;
};

struct result_case {
	char *name, *text;
	enum verdict verdict;
	uint64_t ns;
};

// A slab, arena or heap as its telemetry left it (fields as in struct tele_pool).
struct result_pool {
	char *name, *role, *program;
	uint64_t pid;
	uint64_t unit_bytes, capacity, used, high_water, acquires, releases;
	uint64_t exhausted, exhausted_ms, request_bytes, depth; // exhausted_ms: since the test's start
	uint64_t over_released;  // so many more were given back than taken, at the end: a mistake of the runtime's
	struct strings frames;   // innermost first: text, or "module+0xOFFSET" (file offset) to be symbolised
	struct number_rows fill; // over time: POOL_COLUMNS
};

enum { POOL_AT_MS, POOL_USED, POOL_CAPACITY, POOL_COLUMNS }; // since the test's start; in units

// How much of it was free when it was fullest, in percent; 0 where it was exceeded; NAN where its capacity is not
// fixed.
double result_pool_headroom(const struct result_pool *p);

#define RESULT_POOL_FILL 120U // rows kept

struct result_counters { // one process's named counters
	char *role, *program, *note;
	uint64_t pid;
	struct param *items; // values as decimal text
	size_t count;
	struct result_heap *heap; // what the interposer saw beyond them; owned; NULL: nothing
};

// What a search for a cliff found (stressgen cliff): the result's figures are those of the largest value that
// passes, its verdict is how the program ends above it.
struct result_cliff {
	char *param;            // what was searched: "depth"
	char *broke;            // what gave way: "stack", "heap", "slab", "time", ...; "": nothing
	uint64_t passes, fails; // as in gen/cliff.h; 0: none
	bool sharp;
};

struct result_point { // one sample of the whole process tree
	uint32_t at_ms;
	uint32_t cpu_percent; // 100 = one core
	uint64_t rss_bytes;
	uint32_t fds, threads, procs;
};

// How the evidence of a test begins, where it says so, that ran again because the run had broken off.
#define SG_INTERRUPTED_BEFORE "it was interrupted before: "

struct result {
	char *id;
	unsigned attempt; // 1, 2, ...
	enum verdict verdict, expected;
	bool as_expected; // verdict is what @Expect says (flaky, skipped, planned count as expected)
	bool clean;       // running out was noticed and said by the program itself
	char *evidence;   // in words, one line
	int exit_code;    // -1 when it did not exit by itself
	int signal;       // 0: none
	uint64_t wall_ns, user_ns, sys_ns;
	uint64_t peak_rss_bytes;                    // of the whole tree
	uint64_t minor_faults, major_faults;        // of all that was waited for; major: from disk
	uint64_t switches_waiting, switches_forced; // context switches: by itself, and because its time was up
	uint64_t huge_bytes;                        // the most in transparent huge pages that any look saw
	// Of the processor's counters, user space of the whole tree alone; all 0 where `no_hardware` says why
	// there are none.
	uint64_t instructions, cycles, cache_misses;
	char *no_hardware;
	unsigned peak_fds, peak_threads, peak_procs;
	unsigned peak_system_cpu, peak_system_memory; // percent of the machine, all that ran beside it included
	bool done_seen;                               // the sentinel
	uint64_t checks_ok, checks_bad;
	char *first_bad_check; // NULL: none
	uint64_t gc_count, gc_total_ns, gc_max_ns;
	struct number_rows live; // live bytes after full collections, by cycle: LIVE_COLUMNS (base/figures/leak.h)
	uint64_t live_cycles;    // how many there were, kept or not
	uint64_t stdout_bytes, stderr_bytes; // what it printed, kept or not
	char *tail;                          // the last lines of its stderr (else stdout), UTF-8, bounded to 2 KiB
	uint64_t memory_limit;               // bytes that all of it might take together; 0: no limit
	char *limits;                        // which limits were in force and by what, in words
	char *allocator; // the malloc that the run was put on, "jemalloc 5.3.0", or why not; NULL: none was chosen
	char *growth;    // how its time may grow with its size, "n log n"; NULL: nobody said
	char *quarantine;         // "until 2026-12-31: reason" where a known failure is let pass; NULL
	char *containment;        // "cgroup v2", "process group, subreaper and environment mark (weak)", ...
	struct strings leftovers; // "pid 123 sleep 60"
	struct strings notes;     // what it said of itself: "attack: GOAWAY PROTOCOL_ERROR after 2 of 2 frames"
	// One invocation out of a comparison (docs/formats.md, "Pairs"); NULL and 0 for any other.
	char *of;              // the test's id; `id` is that of the invocation
	char *side;            // "base", "head", "control"
	char *phase;           // "warmup", "calls", "screen", "confirm", "count"
	unsigned pair;         // 1, 2, ... within the phase
	uint64_t layout_bytes; // by which its environment was padded and its heap moved, so that memory lies
	                       // elsewhere each time
	// What the machine lost while it ran: CPU time that the hypervisor took, summed over all CPUs, and the
	// time in which something waited for CPU, memory or I/O (PSI's "some"). 0 too where the kernel does not
	// say.
	uint64_t steal_ns, cpu_stall_ns, memory_stall_ns, io_stall_ns;
	struct result_series *series;
	size_t series_count;
	struct result_gauge *gauges;
	size_t gauge_count;
	struct result_case *cases;
	size_t case_count;
	struct result_pool *pools;
	size_t pool_count;
	struct result_counters *counters;
	size_t counters_count;
	struct result_jemalloc *jemallocs; // one for each process that had one
	size_t jemalloc_count;
	struct result_cliff *cliffs; // at most one; no list of tests that were run has any
	size_t cliff_count;
	struct result_point *points; // timeline, thinned to at most 240 points
	size_t point_count;
};

void result_deinit(struct result *r); // frees all it owns and zeroes it
// A new reference, or NULL without memory. The keys are the fields' names; NULL texts and empty lists are left
// out; text is made safe (result_utf8). A series is {name, count, min_ns, max_ns, sum_ns,
// hist}, hist as hist_encode writes it; a process's counters are {..., values: {NAME: "123"}, heap: {...}}; a
// point is [at_ms, cpu_percent, rss_bytes, fds, threads, procs].
json_t *result_to_json(const struct result *r);
// The same as text without the braces, into an empty `out`: for records that are written by the thousand. 0 or
// -errno.
int result_to_text(const struct result *r, struct buf *out);
// Fills a zeroed result; unknown keys are ignored, a wrong type is -EINVAL. Deinit in every case.
int result_from_json(json_t *j, struct result *r, struct err *e);

// It did not end as expected. One that was interrupted did not end at all, and has not failed.
bool result_failed(const struct result *r);
// The series of that name, made when it is new (3 digits); NULL without memory.
struct hist *result_hist(struct result *r, const char *series);
// A zeroed one at the end; NULL without memory.
struct result_jemalloc *result_add_jemalloc(struct result *r);
// All series named SERIES merged is result_hist's own; this picks the one tables show: "total", else the
// first. NULL when there is none.
const struct result_series *result_main_series(const struct result *r);
// A zeroed one at the end; NULL without memory.
struct result_cliff *result_add_cliff(struct result *r);
// `text` as UTF-8 that can harm neither a terminal nor an XML file, whatever a test printed: bytes that are none,
// and control characters but newline and tab, as \xHH; C1 controls and non-characters as \u{HHHH}. Doing it twice
// changes nothing. From malloc; NULL without memory.
char *result_utf8(const char *text, size_t len);

#endif
