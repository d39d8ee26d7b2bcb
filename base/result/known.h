// What is known and let pass until a day: a file of lines "TEST OTHER UNTIL REASON", where TEST and OTHER are
// patterns, UNTIL is like 2026-12-31, and the reason is the rest. Empty lines and those that begin with '#' are
// left out.
#ifndef SG_KNOWN_H
#define SG_KNOWN_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>

struct known_entry {
	char *test, *other; // patterns (fnmatch)
	char *until;        // the last day on which it counts
	char *reason;
	bool expired;
	unsigned line;
};

struct known {
	struct known_entry *entries;
	size_t count;
};

// `k` must be zeroed; deinit in every case. `today` is like 2026-11-21; `shape` names the columns in messages, as
// "TEST METRIC UNTIL REASON was expected". -ENOENT ..., -EINVAL with file:line.
int known_load(const char *path, const char *today, const char *shape, struct known *k, struct err *e);
void known_deinit(struct known *k);
// The first entry that fits and has not expired; `expired`, where it is not NULL, gets the last one that fits but
// has (else NULL).
const struct known_entry *known_find(const struct known *k, const char *test, const char *other,
                                     const struct known_entry **expired);
// Today in UTC, as above.
void known_today(char text[16]);

#endif
