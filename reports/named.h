// The tests that a report names one by one beside those that failed, with the reason of each, and the cases that
// tests reported themselves.
#ifndef SG_NAMED_H
#define SG_NAMED_H

#include "view.h"

enum named { NAMED_INTERRUPTED, NAMED_SKIPPED, NAMED_FLAKY, NAMED_RAN_AGAIN, NAMED_QUARANTINED, NAMED_COUNT };

// "interrupted", "skipped", "flaky", "ran again", "in quarantine".
const char *named_title(enum named which);
// Why the test is one of those; NULL when it is not.
const char *named_why(struct view *v, const struct view_test *t, enum named which);

struct case_counts {
	size_t tests; // that reported cases
	size_t passed, failed, skipped;
};

// Over all tests of the run.
struct case_counts named_cases(const struct view *v);

#endif
