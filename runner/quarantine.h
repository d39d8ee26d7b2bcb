// Known failures that are not to fail a run. One a line, in four columns parted by blanks, '#' begins a comment:
//
//   TEST                 TARGET   UNTIL        REASON
//   recursion/sum-*      guile    2026-12-31   bug 123: no memory below 2 GiB
//
// TEST and TARGET are patterns (*, ?, [...]); '*' fits a test without target too. The entry holds to the end of
// the day UNTIL (UTC).
#ifndef SG_QUARANTINE_H
#define SG_QUARANTINE_H

#include "err.h"
#include "suite.h"

#include <stdbool.h>
#include <stddef.h>

struct quarantine_entry {
	char *test, *target, *until, *reason; // owned
	unsigned line;
	bool expired;
};

struct quarantine {
	struct quarantine_entry *entries;
	size_t count;
};

// `today` is "2026-11-21". -EINVAL with file:line in `e`; deinit in every case.
int quarantine_load(const char *path, const char *today, struct quarantine *q, struct err *e);
void quarantine_deinit(struct quarantine *q);
// The first entry for the test that has not expired; NULL. `expired` (may be NULL) is set to one that has.
const struct quarantine_entry *quarantine_find(const struct quarantine *q, const struct suite_test *t,
                                               const struct quarantine_entry **expired);

#endif
