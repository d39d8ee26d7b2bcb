// What a running test says about itself (sample lines) and what is seen of it (its processes, at intervals),
// collected into its result.
#ifndef SG_MEASURE_H
#define SG_MEASURE_H

#include "contain.h"
#include "result.h"
#include "sample.h"

#include <stdbool.h>
#include <stdint.h>

// A test may print for ever: what it can make us keep is bounded, the rest is counted.
#define MEASURE_SERIES 256U
#define MEASURE_GAUGES 1024U
#define MEASURE_CASES 10000U
#define MEASURE_NOTES 16U
#define MEASURE_NOTE_BYTES 400
#define MEASURE_POINTS 240U // as result.h promises

struct measure {
	struct result *result;
	const char *last_name; // the series of the last @@ lat, which is mostly that of the next
	struct hist *last_hist;
	char running_case[SG_SAMPLE_NAME_MAX + 1]; // "" when none is
	char first_failed_case[SG_SAMPLE_NAME_MAX + 1];
	uint64_t cases_failed;
	struct {
		bool version, planned, bailed;
		uint64_t plan, cases;
		char why[MEASURE_NOTE_BYTES + 1]; // it skips all, or gives up
	} tap;
	char skip_why[MEASURE_NOTE_BYTES + 1]; // "@@ skip why"; "": it did not say so
	uint64_t live_stride;                  // every so many cycles' live bytes are kept
	uint64_t lost;                         // samples that found no room
	// the timeline
	unsigned point_count, stride, skipped; // every stride-th sample is kept
	uint64_t last_cpu_us, last_at_ns, last_rss_bytes;
	struct buf timeline; // lines for the file "timeline"
	bool timeline_headed;
	struct result_point points[2 * MEASURE_POINTS]; // last, since 16 KiB need not be cleared for each test
};

// For the next test; `r` is zeroed but for what the caller has filled in.
void measure_begin(struct measure *m, struct result *r);
// The hooks to parse one of its streams with.
struct sample_sink measure_sink(struct measure *m);

struct tree_sample {
	uint64_t rss_bytes;
	uint64_t high_water_bytes; // highest RSS that any one process ever had
	uint64_t cpu_us;           // used so far by all of it
	uint32_t fds, threads, procs;
};

// Looks at all processes of the test.
void measure_look(struct contain *c, struct tree_sample *out);
// Adds a look at `age_ns` after the test's start.
void measure_add(struct measure *m, uint64_t age_ns, const struct tree_sample *s);
// Moves the points into the result, thinned. 0 or -ENOMEM.
int measure_end(struct measure *m);
void measure_deinit(struct measure *m);

#endif
