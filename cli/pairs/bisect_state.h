// What a bisection has found so far, in the repository's own directory: an interrupted one goes on from there.
#ifndef SG_BISECT_STATE_H
#define SG_BISECT_STATE_H

#include "err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define BISECT_COMMIT_LENGTH 41U

struct bisect_outcome { // of the comparison with the good revision
	double ratio, low, high;
	char commit[BISECT_COMMIT_LENGTH];
};

struct bisect_state {
	char *path;   // of the file; owned
	json_t *json; // all of it; owned
	int lock;     // of the repository; -1: none
};

// Takes the repository (-EINVAL where another bisection has it), and begins, or with `resume` reads what there is:
// -EINVAL where there is none, or what was begun had another `key` (borrowed: what is compared, and how).
// `git_dir` is absolute. Close it in every case; `s` must be zeroed.
int bisect_state_open(struct bisect_state *s, const char *git_dir, const json_t *key, bool resume, struct err *e);
// Releases it; `done`: there is nothing to resume any more.
void bisect_state_close(struct bisect_state *s, bool done);
// The worktrees' directory that a killed bisection left behind; NULL: none.
const char *bisect_state_left(const struct bisect_state *s);
int bisect_state_set_dir(struct bisect_state *s, const char *dir, struct err *e);
// How bad compares with good. False: not yet known.
bool bisect_state_difference(const struct bisect_state *s, struct bisect_outcome *o);
int bisect_state_set_difference(struct bisect_state *s, const struct bisect_outcome *o, struct err *e);
// What was thought of each commit, "good", "bad" or "skip", in order. NULL behind the last.
const char *bisect_state_verdict(const struct bisect_state *s, size_t i, struct bisect_outcome *o);
int bisect_state_add(struct bisect_state *s, const char *verdict, const struct bisect_outcome *o, struct err *e);

#endif
