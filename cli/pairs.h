// A suite in pairs: each selected test as invocations of base, head and control, in the order in which they run.
#ifndef SG_PAIRS_H
#define SG_PAIRS_H

#include "suite.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pairs_plan {
	// What runs in the place of each test's program, or with {file} the whole command; NULL: its own.
	const char *base;
	const char *allocator, *allocator_title; // base's malloc (suite.h); NULL: the run's
	unsigned screen, confirm;                // how many pairs of each
	bool warmup;                             // one invocation of each side first, which counts for nothing
	bool control;
	bool count;    // two invocations of base and head each in which instructions are counted
	uint64_t seed; // of the order within pairs and of the layouts
};

// Puts the invocations in the place of the tests: all warmups, then each pair of the screen over all tests, then
// the confirming pairs, then the counting ones. -EINVAL, -ENOMEM with `e` filled.
int pairs_make(struct suite *s, const size_t *selection, size_t selected, const struct pairs_plan *p,
               struct err *e);
// The command of the base side for a test whose own is `run` (NULL: by its file). From malloc; NULL without
// memory.
char *pairs_base_command(const char *run, const char *base);

#endif
