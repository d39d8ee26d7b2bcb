// The history of many runs: stressgen.db, an SQLite database whose tables docs/formats.md describes.
//
// Every function that fills `e` says which file, what is wrong and what to try; -EBUSY: locked by another process
// for longer than the time to wait; -EINVAL: no database, damaged, made by a newer stressgen, or bad input.
#ifndef SG_HISTORY_H
#define SG_HISTORY_H

#include "arena.h"
#include "drift.h"
#include "err.h"
#include "metrics.h"
#include "reports.h"
#include "run.h"
#include "samples.h"
#include "threshold.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct history;

enum history_mode {
	HISTORY_READ, // -ENOENT where there is none
	HISTORY_WRITE // makes it where there is none
};

// Opens the database, brought to this program's schema. `wait_ms`: how long others may hold it locked.
int history_open(const char *path, enum history_mode mode, unsigned wait_ms, struct history **out, struct err *e);
void history_close(struct history *h); // accepts NULL
// What is called a change, by metric, in the place of 3 %; borrowed until the history is closed.
void history_thresholds(struct history *h, const struct threshold *t, size_t count);

// ---- writing: each call is one transaction, which is there whole and on disk when it returns, or not at all
// -------

struct history_new {
	const struct run *head;
	const struct run *anchor; // the frozen build's, run beside it; NULL: none
	const char *label;        // entries of one label are one history; "" is one too
	const char *revision;     // NULL: run.json's, if it has one
};

enum history_added { HISTORY_ADDED, HISTORY_CHANGED, HISTORY_SAME };

// Records a run. One that is there already is left as it is, or, when it has been resumed since or is given its
// anchor, replaced under its number. -ENODATA: a run without results.
int history_add(struct history *h, const struct history_new *n, int64_t *id, enum history_added *how,
                struct err *e);

struct history_note {
	int64_t entry;
	bool accepts;       // the change that it is about is meant: the baseline moves
	const char *test;   // a pattern (fnmatch); NULL: all
	const char *metric; // likewise
	const char *text;
};

// -ENOENT: no such entry.
int history_annotate(struct history *h, const struct history_note *n, struct err *e);

struct history_prune {
	size_t keep;        // the newest that stay; SIZE_MAX: all
	const char *before; // entries that began before "2026-11-21" (or a longer ISO time) go; NULL: none
	const char *label;  // only of this label; NULL: of all
};

// How many entries went; their space is given back to the file system.
ssize_t history_prune(struct history *h, const struct history_prune *p, struct err *e);

// ---- reading
// ------------------------------------------------------------------------------------------------------

struct history_entry {
	int64_t id;
	const char *began; // "2026-11-21T02:10:00Z"
	const char *label, *revision, *dir, *machine, *stop_reason;
	int64_t machine_id;
	size_t tests, unexpected;
	bool has_anchor;
	const char *note; // notes joined by "; "; ""
};

struct history_query {
	const char *label;  // NULL: the newest entry's
	bool all_machines;  // else only the newest entry's, of that label
	bool all_labels;    // whatever `label` is
	size_t newest;      // at most so many; 0: all
	const char *test;   // a pattern; NULL: all
	const char *metric; // a pattern, on the whole name or on what follows a '/'; NULL: all
};

// The entries that the query asks for, oldest first; all memory is the arena's. How many, or an error.
ssize_t history_entries(struct history *h, struct arena *a, const struct history_query *q,
                        struct history_entry **out, struct err *e);

// One metric of a test over the entries: medians over an entry's invocations, NaN where there is none or where the
// test did not end as expected.
struct history_series {
	const char *name, *unit;
	enum metric_better better;
	double *head, *anchor;
};

struct history_test {
	const char *name;
	const struct history_series *series; // sorted by name
	size_t count;
	const char **verdicts; // of head in each entry, NULL: not in it
	const bool *expected;
};

#define HISTORY_CLIFF 0.03
#define HISTORY_SLOW_CLIFF 0.25

// Calls `each` for each test that has something in `entries` (in the order history_entries gave), by name; what it
// is given is gone when it returns. A non-zero result ends the reading and is returned.
typedef int (*history_fn)(void *arg, const struct history_test *t);
int history_each(struct history *h, const struct history_query *q, const struct history_entry *entries,
                 size_t count, history_fn each, void *arg, struct err *e);

// The changes of one series of the test, acceptances included. Cliffs are exact (drift_judge_exact) up to
// HISTORY_CLIFF, or to HISTORY_SLOW_CLIFF where time is what breaks, or as far as what lies between the values
// that pass and fail where that is more. 0 or -ENOMEM; `d` must be zeroed, and is deinited by the caller.
int history_judge(struct history *h, const struct history_entry *entries, size_t count,
                  const struct history_test *t, const struct history_series *s, struct drift *d);

// An entry's invocations as one side of a comparison; with `of_anchor` its anchor's. -ENOENT: there is no such
// entry, or it has no anchor.
int history_samples(struct history *h, int64_t entry, bool of_anchor, enum sample_side side, struct samples *s,
                    struct err *e);

// What a test takes, in ns: the median of its last 5 entries' times; 0 when nobody knows, also when there is no
// history. For budgets, estimates and the division among machines.
uint64_t history_duration_ns(struct history *h, const char *test);

// ---- what people and programs are shown
// -----------------------------------------------------------------------------

int history_print_list(struct history *h, const struct history_query *q, const struct term_style *style, FILE *out,
                       struct err *e);
// q->metric over the entries: a line a test, with sparklines; one test alone with every entry.
int history_print_series(struct history *h, const struct history_query *q, const struct term_style *style,
                         FILE *out, struct err *e);
// The gate's judgement of the newest entry, changes and creep. The number of regressions that are open, or an
// error.
ssize_t history_print_trend(struct history *h, const struct history_query *q, const struct term_style *style,
                            FILE *out, struct err *e);
// The same, and the course of every test, as a page that is written whole or not at all.
ssize_t report_html_history(struct history *h, const struct history_query *q, const char *path, struct err *e);
// Every value: CSV with a head line, or one JSON object a line.
int history_export(struct history *h, const struct history_query *q, bool json, FILE *out, struct err *e);

#endif
