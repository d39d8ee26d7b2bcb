// Which tests to run, as an expression: kind(gc) & tag(smoke) - target(python3).
//
//   a & b   both        a | b   either        a - b   a without b        !a   not        ( )
//   NAME(PATTERN, PATTERN, ...)   one of the patterns (*, ?, [...]) fits; & and - bind tighter than |
//
// Names: id, path, kind, level, tag, target, dialect, kernel, resource, priority (P0 to P3), and status, the
// verdict of the test in the last run, or "expected", "unexpected" or "new". slow(), skipped(), planned(),
// serial(), all() and none() take nothing.
#ifndef SG_FILTER_H
#define SG_FILTER_H

#include "err.h"
#include "suite.h"

#include <stdbool.h>
#include <stddef.h>

struct filter; // a parsed expression

// What is known of a test from the last run; a zeroed one when it was not in it.
struct filter_last {
	const char *verdict; // "crashed"; NULL: it was not in it
	bool unexpected;
};

// *out is to be freed by filter_free. -EINVAL with the column and what was expected there in `e`; -ENOMEM.
int filter_parse(const char *text, struct filter **out, struct err *e);
void filter_free(struct filter *f); // accepts NULL
bool filter_matches(const struct filter *f, const struct suite_test *t, const struct filter_last *last);
// Whether the expression speaks of the last run.
bool filter_needs_status(const struct filter *f);
// The names, for completion and help; NULL-terminated.
extern const char *const filter_names[];

#endif
