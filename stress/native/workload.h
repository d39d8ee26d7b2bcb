// What a native allocator workload is: one file that ends in a `struct workload`, and its line in workload.c's
// list.
#ifndef SG_WORKLOAD_H
#define SG_WORKLOAD_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bench;

struct workload_param {
	const char *name; // NULL ends a list
	uint64_t def, min, max;
	bool bytes; // written as 64K, 1M
	const char *help;
};

// A test that is generated: alloc/NAME, or alloc/NAME-SUFFIX.
struct workload_case {
	const char *suffix; // "" for the plain one; NULL ends a list
	const char *values; // "slots=1000 rounds=20"; the rest as the defaults are
	bool slow;
};

struct workload {
	const char *name, *summary;
	const char *unit; // what its throughput counts; NULL: calls of the malloc family
	const struct workload_param *params;
	const struct workload_case *cases; // NULL: none is generated
	unsigned threads;                  // by default
	unsigned ops;                      // BIT of each `enum lane_op` that it calls, for the latency series
	bool needs_file;                   // takes a file's name behind its own
	// Before the lanes are made; may say how many. NULL: nothing. 0, or -errno with `e` filled.
	int (*prepare)(struct bench *b, struct err *e);
	// Performs it, all in all, by lanes (bench.h). 0, or -errno with `e` filled.
	int (*run)(struct bench *b, struct err *e);
};

const struct workload *workload_at(size_t i); // NULL behind the last
const struct workload *workload_find(const char *name);

// What every workload takes beside its own.
enum { WORKLOAD_THREADS, WORKLOAD_SEED, WORKLOAD_SAMPLE, WORKLOAD_FULL_CHECK, WORKLOAD_COMMON };
extern const struct workload_param workload_common[WORKLOAD_COMMON + 1];

#endif
