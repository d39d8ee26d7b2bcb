// Cliffs: up to which value of a parameter each kernel passes on each target, and how it breaks above.
#ifndef SG_CLIFFS_H
#define SG_CLIFFS_H

#include "arena.h"
#include "err.h"
#include "reports.h"
#include "result.h"
#include "verdict.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

// X(enumerator, name)
#define CLIFF_STATES(X)                                                                                           \
	X(FOUND, "found")     /* between `passes` and `fails` */                                                  \
	X(NONE, "none")       /* the largest value that the kernel allows passes */                               \
	X(AT_ONCE, "at-once") /* even the least fails */                                                          \
	X(OPEN, "open")       /* it was not looked further; `why` says the reason */                              \
	X(LACKS, "lacks")     /* the language cannot write the kernel; `why` */

enum cliff_state {
#define X(name, text) CLIFF_STATE_##name,
	CLIFF_STATES(X)
#undef X
	        CLIFF_STATE_COUNT
};

struct cliff_point { // one value that was tried
	int64_t value;
	enum verdict verdict;
	uint64_t wall_ns, cpu_ns, peak_rss_bytes;
};

// One kernel on one target. All text is owned.
struct cliff {
	char *kernel, *param, *target;
	enum cliff_state state;
	char *why;
	int64_t passes, fails;        // 0: none
	bool sharp;                   // no value both passed and failed
	enum verdict verdict;         // of the least value that fails
	bool clean;                   // the runtime noticed and said so
	char *evidence, *slab, *heap; // in words; "": none. heap: what the allocator held when it broke
	char *suite, *again;          // where the breaking program is, and the command that runs it; NULL: none
	struct cliff_point *points;
	size_t point_count;
};

struct cliffs {
	struct cliff *items;
	size_t count;
	uint64_t timeout_ns, memory_bytes; // of each trial; memory 0: the machine's
	uint64_t slab_bytes;               // of fixed slabs
	char *command;                     // that made them; owned
	char *allocator; // the malloc that all of them ran on, "jemalloc 5.3.0"; owned; NULL: their own
};

void cliffs_deinit(struct cliffs *c);
const char *cliff_state_name(enum cliff_state s);
// The kernel's name, and where one has several parameters ("http2") the parameter's; in the arena, safe.
const char *cliff_name(struct arena *a, const struct cliff *c);
// The trial at that value that says most: for `passes` the last that passed. NULL: none.
const struct cliff_point *cliff_at(const struct cliff *c, int64_t value);
// What gave way: "stack", "heap", "slab", "time", "crash", "result"; "" where nothing did.
const char *cliff_what_broke(const struct cliff *c);

// One cliff with all that was tried, or a line for each of several.
int cliffs_text(const struct cliffs *c, const struct term_style *style, FILE *out);
// A new reference, NULL without memory (docs/formats.md).
json_t *cliffs_to_json(const struct cliffs *c);
// The same as the result of a test "cliff/KERNEL/PARAM.TARGET" that ended as expected, with the time and memory of
// the largest value that passes. `allocator`: the malloc's title, or NULL. Fills a zeroed result, which the caller
// deinits in every case. 0 or -ENOMEM.
int cliff_to_result(const struct cliff *c, const char *allocator, struct result *r);
// A page: kernels by targets, coloured by how much of the range passes.
int cliffs_html(const struct cliffs *c, const char *path, struct err *e);

#endif
