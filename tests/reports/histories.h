// Histories that are made up in code, in the case's own directory.
#ifndef SG_HISTORIES_H
#define SG_HISTORIES_H

#include "history.h"

#include <stdbool.h>

const char *history_path(void);
// Fails the test when it cannot be opened.
struct history *history_opened(enum history_mode mode);
// A run of that night with two tests, whose times are `ms`.
void history_run(const char *name, unsigned night, uint64_t ms, struct run *r);
// Records a run, which must end as expected; the entry's number.
int64_t history_added_as(struct history *h, const struct history_new *n, enum history_added expected);
// Nights 0..count, each `ms`, those from `from` on `later_ms`; anchors at 100 ms beside them where they are
// wanted.
void history_nights(struct history *h, unsigned count, unsigned from, uint64_t ms, uint64_t later_ms,
                    bool anchors);
// How many entries there are; they must be in order.
size_t history_count(struct history *h);

// One metric of one test in the entry at `place`.
struct history_wanted {
	const char *test, *metric;
	double head, anchor;
	size_t place, seen;
};

// A history_fn whose argument is a struct history_wanted.
int history_look(void *arg, const struct history_test *t);
// It must be there once.
struct history_wanted history_find(struct history *h, size_t place, const char *test, const char *metric);

#endif
