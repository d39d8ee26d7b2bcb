// Verdicts and exit codes: one table each, in DESIGN's order.
#ifndef SG_VERDICT_H
#define SG_VERDICT_H

#include <stdbool.h>

// X(enumerator, name, is it bad when not expected)
#define SG_VERDICTS(X)                                                                                            \
	X(PASSED, "passed", false)                                                                                \
	X(FAILED, "failed", true)                                                                                 \
	X(CRASHED, "crashed", true)                                                                               \
	X(TIMEOUT, "timeout", true)                                                                               \
	X(STACK_OVERFLOW, "stack-overflow", true)                                                                 \
	X(OUT_OF_MEMORY, "out-of-memory", true)                                                                   \
	X(SLAB_EXHAUSTED, "slab-exhausted", true)                                                                 \
	X(LEAKED, "leaked", true)                                                                                 \
	X(FLAKY, "flaky", false)                                                                                  \
	X(SKIPPED, "skipped", false)                                                                              \
	X(PLANNED, "planned", false)                                                                              \
	X(INTERRUPTED, "interrupted", true)

enum verdict {
#define X(name, text, bad) VERDICT_##name,
	SG_VERDICTS(X)
#undef X
	        VERDICT_COUNT
};

const char *verdict_name(enum verdict v);
bool verdict_is_bad(enum verdict v);
// Whether the test did what it is for, so that its figures count: neither skipped (by itself, too) nor planned nor
// interrupted.
bool verdict_did_run(enum verdict v);
// 0 or -EINVAL.
int verdict_parse(const char *text, enum verdict *v);

enum sg_exit {
	SG_EXIT_OK = 0,
	SG_EXIT_TESTS = 1,   // a test did not end as expected, or a regression
	SG_EXIT_USAGE = 2,   // usage or bad input
	SG_EXIT_MISSING = 3, // a resource or target that was asked for is missing
	SG_EXIT_NOTHING = 4, // nothing was selected
	SG_EXIT_INTERNAL = 5,
	SG_EXIT_UNTRUSTED = 6,  // results cannot be trusted
	SG_EXIT_PROTECTED = 42, // self-protection stopped the run
	SG_EXIT_SIGNAL = 128,   // plus the signal's number
};

#endif
