// How a cost grows with a size: t = c + a n^b. A straight line through logarithms would hide the exponent behind a
// large constant c, so b is found by profiling: for each b the best c and a follow by weighted least squares
// (weights 1 / t), and the b with the least rest wins.
#ifndef SG_GROWTH_FIT_H
#define SG_GROWTH_FIT_H

#include "hist.h"

#include <stddef.h>
#include <stdint.h>

#define GROWTH_FEWEST 3U // sizes
#define GROWTH_MOST 32U

struct growth_fit {
	double constant, factor, exponent; // c and a are at least 0, b lies in [0, GROWTH_STEEPEST]
	double low, high;                  // of the exponent: 95 % of the bootstrap's
	double off;                        // the most that a cost is off the curve, as a part of the cost
};

#define GROWTH_STEEPEST 6.0

// Fits `count` sizes (rising, different, positive) and what each cost. Without an interval: low = high = exponent.
struct growth_fit growth_fit(const double *sizes, const double *costs, size_t count);
// The same of the medians of histograms; the interval is that of medians of values drawn anew from each, by a
// generator of this seed.
struct growth_fit growth_fit_hists(const double *sizes, const struct hist *const *hists, size_t count,
                                   uint64_t seed);
double growth_at(const struct growth_fit *f, double size);

#endif
