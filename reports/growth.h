// Growth: one kernel on one target at several sizes, what its time grows like, and whether it may.
#ifndef SG_GROWTH_H
#define SG_GROWTH_H

#include "growth_fit.h"
#include "view.h"

#include <stdbool.h>
#include <stddef.h>

struct growth {
	const struct view_test *points[GROWTH_MOST]; // in the view's order: sizes rise
	size_t count;                                // 2 at least
	// filled by growth_judge
	struct growth_fit fit;
	const char *declared; // what the kernel says of itself, "n log n"; "": nothing
	const char *model;    // the simplest of a few formulas that fits as well as any, "n^2"; "": too few points
	bool over;            // it grows faster than the kernel says, for certain
};

// Sizes that lie closer together, the largest as a multiple of the least, are not judged.
#define GROWTH_LEAST_RANGE 4.0

// Whether the `first`-th test is the first of a curve, whose points are collected.
bool growth_points(const struct view *v, size_t first, struct growth *g);
// Whether the test belongs to a curve at all: it ended as expected, and has a size and a median.
bool growth_is_point(const struct view_test *t);
void growth_judge(struct growth *g);
// Sets `fit` (its interval only where that matters), `declared` and `over`; much faster.
bool growth_is_over(struct growth *g);
// The exponent that a declaration stands for at such sizes; negative where it has none ("2^n", "").
double growth_declared_exponent(const char *declared, double size);
// How many curves of the view grow faster than their kernels say.
size_t growth_count_over(const struct view *v);
// "countdown on lua grows like n^1.81 (1.66 to 1.95) from 1,000 to 5,000, where n is right: ..."
const char *growth_words(struct arena *a, const struct growth *g);

#endif
