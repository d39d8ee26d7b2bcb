// A suite in pairs: each selected test as invocations of base, head and control, in the order in which they run.
#ifndef SG_PAIRS_H
#define SG_PAIRS_H

#include "suite.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// One of the sides of each pair (or, with more than two, of each block).
struct pairs_side {
	const char *name;
	const char *command;                     // as `base` below; NULL: the test's own
	const char *allocator, *allocator_title; // suite.h; NULL: the run's
	const struct strings *variables;         // likewise
	uint64_t memory_bytes;                   // the limit in the place of the test's own; 0: that
};

struct pairs_plan {
	const struct pairs_side *sides; // NULL: base, head and control, as the next fields say
	size_t side_count;
	// What runs in the place of each test's program, or with {file} the whole command; NULL: its own.
	const char *base;
	const char *allocator, *allocator_title; // base's malloc (suite.h); NULL: the run's
	unsigned screen, confirm;                // how many pairs of each
	bool warmup;                             // one invocation of each side first, which counts for nothing
	bool control;
	unsigned calls; // invocations of each side but control with the allocator instrumentation
	bool bare;      // all others are without it
	bool count;     // two invocations of base and head each in which instructions are counted
	uint64_t seed;  // of the order within pairs and of the layouts
};

// Puts the invocations in the place of the tests: all warmups, then each pair of the screen over all tests, then
// the confirming pairs, then the counting ones. -EINVAL, -ENOMEM with `e` filled.
int pairs_make(struct suite *s, const size_t *selection, size_t selected, const struct pairs_plan *p,
               struct err *e);
// The command of the base side for a test whose own is `run` (NULL: by its file). From malloc; NULL without
// memory.
char *pairs_base_command(const char *run, const char *base);

// What counts instructions, in front of a command, and whether it is there where the plan wants it. -ENODEV.
#define PAIRS_CALLGRIND "valgrind --tool=callgrind --callgrind-out-file=/dev/null --trace-children=yes"
int pairs_check_valgrind(const struct pairs_plan *p, struct err *e);

#endif
