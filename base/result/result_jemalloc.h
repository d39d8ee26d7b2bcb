// What one process's jemalloc said of itself (base/telemetry/jemalloc_file.h): a part of the result.
#ifndef SG_RESULT_JEMALLOC_H
#define SG_RESULT_JEMALLOC_H

#include "number_rows.h"

#include <stddef.h>
#include <stdint.h>

// One size class, all arenas together, at the last look.
struct result_bin {
	uint64_t region_bytes, slab_regions, slab_bytes;
	uint64_t slabs, nonfull_slabs, regions, slabs_made, slabs_reused, requests, fills, flushes;
	uint64_t most_slabs, most_regions; // at any look
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
	LOOK_COLUMNS
};

struct result_jemalloc {
	char *program, *allocator; // "5.3.0-0-g..."
	uint64_t pid;
	uint64_t allocated, active, metadata, resident, mapped, retained; // bytes, at the last look
	uint64_t cached_bytes;                                            // in thread caches, likewise
	uint64_t peak_allocated, peak_resident;                           // at any look
	uint64_t denied_growths, denied_moves;                            // by a cap; no exhaustion
	struct result_bin *bins;                                          // those that were ever used
	size_t bin_count;
	struct number_rows looks; // LOOK_COLUMNS
};

#define RESULT_LOOKS 120U // kept of them

// A zeroed size class at the end; NULL without memory.
struct result_bin *result_jemalloc_bin(struct result_jemalloc *j);

// Of all size classes: what slabs hold, and what is in use of it (thread caches included), in bytes.
void result_jemalloc_slabs(const struct result_jemalloc *j, uint64_t *slab_bytes, uint64_t *region_bytes);

#endif
