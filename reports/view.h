// A run as reports show it: ids taken apart, tests in groups and in order, counts, and the words for the whole.
#ifndef SG_VIEW_H
#define SG_VIEW_H

#include "arena.h"
#include "run.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// One test. An id is KIND/NAME[-SIZE][.TARGET]; what follows the last dot is a target only if it has an '@', if
// another test differs in nothing else, or if it is one in another test's id. All text is safe, on one line, and
// owned by the view.
struct view_test {
	const struct result *r; // borrowed from the run
	const char *id;         // whole
	const char *kind;       // "recursion"; "other" where the id has none
	const char *name;       // "countdown-10000": without kind and target
	const char *target;     // "lua@slab-fixed"; "" where it has none
	const char *kernel;     // "countdown"
	uint64_t size;          // 10000
	bool has_size;
	const struct hist *hist; // the series that tables show; NULL: none, or an empty one
};

// Tests of one kind, beside each other in view.tests: by name (numbers in them by value), then by target.
struct view_group {
	const char *kind;
	size_t first, count;
	// Names as rows and targets as columns: cells[row * columns + column], NULL where there is no such test.
	// No cells at all when the group has less than two targets, or more gaps than tests.
	const struct view_test **cells;
	const char **names, **targets;
	size_t rows, columns;
};

struct view {
	const struct run *run; // borrowed
	struct arena arena;    // of all text; reports may use it for theirs
	struct view_test *tests;
	size_t count;
	struct view_group *groups;
	size_t group_count;
	const char **targets; // in the order of their first test in the run; without ""
	size_t target_count;
	size_t by_verdict[VERDICT_COUNT];
	// failed: not as expected; skipped: skipped, planned, and failures in quarantine (`known`), which neither
	// passed nor count; interrupted: have a result and no end; passed: the rest
	size_t passed, failed, skipped, known, interrupted;
	uint64_t wall_ns; // of all tests together
};

// 0 or -ENOMEM. Deinit in every case.
int view_init(struct view *v, const struct run *run);
void view_deinit(struct view *v);

// How many tests from the `first` on have its kind and name and differ in their targets; at least 1.
size_t view_same_name(const struct view *v, size_t first);

// "All 83 tests ended as expected.", "3 of 83 tests did not end as expected: 2 crashed, 1 timeout."
const char *view_sentence(struct view *v);
// What goes with it: "1 passed only at another attempt. 2 not run: skipped or planned."; "" where there is
// nothing.
const char *view_remarks(struct view *v);
// Why the results are not what they seem: damaged journal, interrupted or killed run. The i-th, or NULL behind the
// last.
const char *view_warning(struct view *v, size_t i);
// The command that runs one test again: `again` with the id behind it. NULL when `again` is.
const char *view_again(struct view *v, const char *again, const struct view_test *t);
// run.json's "again"; NULL where it has none.
const char *view_again_prefix(const struct view *v);
// A text member of run.json; NULL where it has none. Not made safe.
const char *view_info(const struct view *v, const char *key);
// Why the pair was left out: the i-th, as "KERNEL on DIALECT: reason"; NULL behind the last.
const char *view_left_out(struct view *v, size_t i);
// Scenarios against our server or another, or against a runtime that serves.
bool view_is_http2(const struct view_group *g);
// Whether a test of the group told a pause of its collector: of a runtime that serves.
bool view_has_pauses(const struct view *v, const struct view_group *g);
// The gauge of that name; NULL when the test has none.
const struct result_gauge *view_gauge(const struct view_test *t, const char *name);
// The pool of the test that a reader should look at: the exhausted one, else the fullest of those with a capacity,
// else NULL.
const struct result_pool *view_main_pool(const struct view_test *t);
// How full it got, 0..100; 0 where it has no capacity.
double view_pool_percent(const struct result_pool *p);

#endif
