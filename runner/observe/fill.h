// How full each slab of a running test is, and what each process's malloc has handed out, at intervals: read from
// its telemetry files while they are written.
#ifndef SG_FILL_H
#define SG_FILL_H

#include "result.h"
#include "scratch.h"

#include <stddef.h>
#include <stdint.h>

#define FILL_FILES 16U // telemetry files that are looked at
#define FILL_POOLS 48U

struct fill_pool {
	uint64_t pid;
	char name[64];
	struct number_rows rows; // POOL_COLUMNS
};

// Of one interposer's file.
struct fill_heap {
	uint64_t pid;
	char program[64];
	struct number_rows rows; // HEAP_COLUMNS
};

struct fill {
	struct fill_pool pools[FILL_POOLS];
	size_t count;
	struct fill_heap heaps[FILL_FILES];
	size_t heap_count;
};

// Looks at what reports in the directory, `age_ns` after the test's start. What cannot be read is left out.
void fill_look(struct fill *f, struct scratch_dir *dir, uint64_t age_ns);
// Moves the figures to the result's pools and heaps, each with its end behind it, and is ready for the next test.
void fill_end(struct fill *f, struct result *r);

#endif
