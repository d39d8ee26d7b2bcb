// What one process's jemalloc said of itself (base/telemetry/jemalloc_file.h): a part of the result.
#ifndef SG_RESULT_JEMALLOC_H
#define SG_RESULT_JEMALLOC_H

#include "number_rows.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// One size class, all arenas together, at the last look.
struct result_bin {
	uint64_t region_bytes, slab_regions, slab_bytes;
	uint64_t slabs, nonfull_slabs, regions, slabs_made, slabs_reused, requests;
	uint64_t fills, flushes; // of thread caches
	uint64_t mutex_operations, mutex_waits, mutex_wait_ns, mutex_longest_wait_ns;
	uint64_t most_slabs, most_regions; // at any look
};

// One of its mutexes, "bins" being those of all size classes; all since the start.
struct result_mutex {
	char *name;
	uint64_t operations, waits, spins, owner_switches, wait_ns, longest_wait_ns, most_waiting;
};

// Columns of `looks`.
enum result_look {
	LOOK_AT_MS, // since the test's start
	LOOK_ALLOCATED,
	LOOK_ACTIVE,
	LOOK_RESIDENT,
	LOOK_MAPPED,
	LOOK_RETAINED,
	LOOK_SLAB_BYTES,   // in slabs
	LOOK_REGION_BYTES, // of that, in use
	LOOK_METADATA,
	LOOK_CACHED,      // in thread caches
	LOOK_DIRTY,       // unused and not given back yet, muzzy pages included
	LOOK_PURGED,      // given back, since the start
	LOOK_MUTEX_WAITS, // since the start
	LOOK_MUTEX_WAIT_NS,
	LOOK_COLUMNS
};

struct result_jemalloc {
	char *program, *allocator; // "5.3.0-0-g..."
	uint64_t pid;
	uint64_t allocated, active, metadata, resident, mapped, retained; // bytes, at the last look
	// As base/jemalloc_file.h has them, at the last look: thread caches, what is unused, what was given back.
	uint64_t cached_bytes, stashed_bytes, dirty_bytes, muzzy_bytes;
	uint64_t dirty_purges, dirty_madvises, dirty_purged_bytes;
	uint64_t muzzy_purges, muzzy_madvises, muzzy_purged_bytes;
	uint64_t small_bytes, large_bytes, large_fills, large_flushes, background_threads;
	int dirty_decay_ms, muzzy_decay_ms; // -1: never
	char *absent; // mallctl names that this version has not, ", " between them; those figures are 0 here and
	              // left out of the JSON; NULL: none
	uint64_t peak_allocated, peak_resident; // at any look
	uint64_t denied_growths, denied_moves;  // by a cap; no exhaustion
	struct result_bin *bins;                // those that were ever used
	size_t bin_count;
	struct result_mutex *mutexes; // those that were ever taken
	size_t mutex_count;
	struct number_rows looks; // LOOK_COLUMNS
};

#define RESULT_LOOKS 120U // kept of them

// A zeroed size class at the end; NULL without memory.
struct result_bin *result_jemalloc_bin(struct result_jemalloc *j);

// A zeroed mutex at the end; NULL without memory.
struct result_mutex *result_jemalloc_mutex(struct result_jemalloc *j);

// Whether this version has the figure of that member, e.g. "stashed_bytes".
bool result_jemalloc_has(const struct result_jemalloc *j, const char *member);
// What was given back to the system since the start. What was muzzy in between (dirty pages of which the system
// was told that it may take them) was counted as that already.
uint64_t result_jemalloc_purged(const struct result_jemalloc *j);
// Of thread caches, all size classes and large blocks together.
uint64_t result_jemalloc_fills(const struct result_jemalloc *j);
uint64_t result_jemalloc_flushes(const struct result_jemalloc *j);
// All mutexes together, and the one that was waited for longest (NULL: none).
struct result_mutex result_jemalloc_waits(const struct result_jemalloc *j, const struct result_mutex **worst);

// Of all size classes: what slabs hold, and what is in use of it (thread caches included), in bytes.
void result_jemalloc_slabs(const struct result_jemalloc *j, uint64_t *slab_bytes, uint64_t *region_bytes);

#endif
