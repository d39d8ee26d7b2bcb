// The figures of a result as a flat list of named metrics: what a history keeps, what is compared, what the
// formats that know nothing but name and value are given.
#ifndef SG_METRICS_H
#define SG_METRICS_H

#include "arena.h"
#include "result.h"

#include <stdbool.h>
#include <stddef.h>

enum metric_better { METRIC_NEITHER, METRIC_LOWER, METRIC_HIGHER };

struct metric {
	const char *name;          // "time", "latency/total/p99"; safe text on one line
	const char *unit;          // "ns", "bytes", "count", "%", or a gauge's own
	enum metric_better better; // which direction is an improvement
	double value;              // may be infinite or NaN where a gauge was
};

// All metrics of `r` sorted by name, each name once; `out` and all text are the arena's. How many, or -ENOMEM.
//   time, cpu, memory, fds, threads, procs        the whole process tree's
//   memory/headroom                               how much of its limit was never used
//   output                                        bytes on stdout and stderr
//   gc/count, gc/total, gc/max
//   latency/SERIES/mean, p50, p90, p99, p99.9, max; tail (tail.h) where there are enough values
//   gauge/NAME                                    the last one of a name
//   slab/NAME/high-water, headroom, occupancy, exhausted   the worst of the pools of a name (exhausted: their
//   sum);
//                                                 occupancy: at the end
//   counter/ROLE/NAME                             summed over the processes of a role
//   jemalloc/slabs-unused                         the worst process's, at the last look
//   jemalloc/peak-resident, retained, metadata, thread-caches, purged, purges, fills, flushes, mutex-waits,
//   mutex-waited                                  summed over processes; those that the version does not tell
//   missing cliff, cliff/fails, cliff/clean               the largest value that passes; the least above it that
//   fails;
//                                                 1 where the program then says so itself, 0 where it just dies
//   waste                                         peak memory over peak live bytes, where those were counted
ssize_t metrics_of(struct arena *a, const struct result *r, struct metric **out);

// Whether a metric is one that is asked for: by a pattern on its whole name, or by the last part of it ("p99" for
// latency/total/p99). NULL fits all.
bool metric_fits(const char *pattern, const char *name);
// "lower", "higher", "neither", and back (-EINVAL).
const char *metric_better_name(enum metric_better b);
int metric_better_parse(const char *text, enum metric_better *out);
// A value with its unit in words: "1.20 ms", "6.20 MiB", "12 %", "1,234 req/s". From the arena.
const char *metric_words(struct arena *a, const char *unit, double value);

#endif
