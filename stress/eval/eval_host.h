// A host for the reference evaluator whose heap and stack come from a slab pool (alloc/pool.h).
#ifndef SG_EVAL_HOST_H
#define SG_EVAL_HOST_H

#include "err.h"
#include "eval.h"
#include "pool.h"
#include "telemetry.h"

#include <stdbool.h>
#include <stdint.h>

struct eval_job {
	const struct pool_policy *policy;
	uint64_t capacity_bytes; // 0 for policies that take none
	unsigned mark_percent;   // 0: the policy's
	const char *file;        // a kernel
	char *const *params;     // "NAME=VALUE", in the place of the kernel's defaults
	int param_count;
	uint64_t gc_threshold; // bytes of new objects between two collections, at least; 0: 1 MiB
	bool collect_on_pressure;
	bool arena_per_level;
	bool escape_analysis;
};

// Runs what the kernel measures as often as it says, with sample lines on stdout. `telemetry` (NULL: none) gets
// the pool's figures in its first pool, and the counters "memory_pressed" (denials that were answered by a
// collection or by asking for less) and "gc_cycles". Returns 0; 1 when the kernel failed, computed something else
// than it expects, or ran out of memory, which stderr has said then; -errno with `e` filled when it could not
// begin.
int eval_host_run(const struct eval_job *job, struct tele_file *telemetry, struct err *e);

#endif
