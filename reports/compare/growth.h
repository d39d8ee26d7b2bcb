// Growth: one kernel on one target at several sizes, what its time, its peak memory and its collections grow like,
// and whether they may.
#ifndef SG_GROWTH_H
#define SG_GROWTH_H

#include "growth_fit.h"
#include "view.h"

#include <stdbool.h>
#include <stddef.h>

// X(enumerator, name)
#define GROWTH_COSTS_OF(X)                                                                                        \
	X(TIME, "time")     /* the median of the measured series */                                               \
	X(MEMORY, "memory") /* the peak of the process tree */                                                    \
	X(COLLECTIONS, "collections")

enum growth_cost {
#define X(name, text) GROWTH_##name,
	GROWTH_COSTS_OF(X)
#undef X
	        GROWTH_COSTS
};

const char *growth_cost_name(enum growth_cost c);

struct growth {
	enum growth_cost cost;
	const struct view_test *points[GROWTH_MOST]; // in the view's order: sizes rise
	size_t count;                                // 2 at least
	// filled by growth_judge
	struct growth_fit fit;
	char declared[16]; // what the kernel says of this cost, "n log n"; "": nothing
	const char *model; // the simplest of a few formulas that fits as well as any, "n^2"; "": too few points
	bool over;         // it grows faster than the kernel says, for certain
};

// Sizes that lie closer together, the largest as a multiple of the least, are not judged.
#define GROWTH_LEAST_RANGE 4.0

// A size with fewer collections than this is not judged, nor those below it: whether there was none or one there
// is a matter of a threshold, and the next one may be the twentieth.
#define GROWTH_FEW_COLLECTIONS 4.0

// Whether the `first`-th test is the first of a curve of that cost, whose points are collected.
bool growth_points(const struct view *v, size_t first, enum growth_cost cost, struct growth *g);
// Whether the test belongs to such a curve at all: it ended as expected, and has a size and that cost.
bool growth_is_point(const struct view_test *t, enum growth_cost cost);
// In ns, bytes or collections (half a one where there was none).
double growth_cost_of(const struct view_test *t, enum growth_cost cost);
void growth_judge(struct growth *g);
// Sets `fit` (its interval only where that matters), `declared` and `over`; much faster.
bool growth_is_over(struct growth *g);
// The exponent that a declaration stands for at such sizes; negative where it has none ("2^n", "").
double growth_declared_exponent(const char *declared, double size);
// A size beside which it pays to measure more: where the slope of a curve changes.
struct growth_bend {
	const char *kind, *kernel; // of the view
	uint64_t size;
};

// Sizes in the middle (geometrically) of the stretches on both sides of where a curve bends, its slope changing by
// more than GROWTH_BEND; none twice, none that is there already. `out` has room for `room`. Returns the number.
#define GROWTH_BEND 0.5
size_t growth_bends(const struct view *v, struct growth_bend *out, size_t room);
// How many curves of the view, of any cost, grow faster than their kernels say.
size_t growth_count_over(const struct view *v);
// "countdown on lua: time grows like n^1.81 (1.66 to 1.95) from 1,000 to 5,000, where n is right: ..."
const char *growth_words(struct arena *a, const struct growth *g);

#endif
