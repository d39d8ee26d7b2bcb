// How a cost grows with a size: t = c + a n^b. A straight line through logarithms would hide the exponent behind a
// large constant c, so b is found by profiling: for each b the best c and a follow by weighted least squares
// (weights 1 / t), and the b with the least rest wins.
#ifndef SG_GROWTH_FIT_H
#define SG_GROWTH_FIT_H

#include "hist.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GROWTH_MOST 32U
// Fewer sizes than this cannot tell a constant from a steep curve: then there is none, and the exponent is a
// line's through the logarithms, which is never too large.
#define GROWTH_WITH_CONSTANT 5U

// An exponent is only too large when its interval lies above the declared one by more than this.
#define GROWTH_MARGIN 0.5
// Processes differ more than what one process repeats: that part, as a standard deviation, goes into the interval.
#define GROWTH_SPREAD 0.15
// Peak memory and collections come in steps: heaps and stacks double, a collector waits until so much is
// allocated. Where in such a step a size lies is a matter of luck, up to a factor of two.
#define GROWTH_STEPS 0.30

struct growth_fit {
	double constant, factor, exponent; // c and a are at least 0, b lies in [0, GROWTH_STEEPEST]
	double low, high;                  // of the exponent: 95 % of the bootstrap's
	double off;                        // the most that a cost is off the curve, as a part of the cost
};

#define GROWTH_STEEPEST 6.0

// Fits `count` sizes (at least 2, rising, different, positive) and what each cost. Without an interval: low = high
// = exponent. Two sizes show only the least exponent, that without a constant.
struct growth_fit growth_fit(const double *sizes, const double *costs, size_t count);
// What a curve is known by.
struct growth_data {
	double sizes[GROWTH_MOST]; // rising, different, positive
	double costs[GROWTH_MOST]; // positive
	const struct hist
	        *hists[GROWTH_MOST]; // whose medians the costs are, borrowed; NULL: one figure is all there is
	size_t count;                // 2 at least
	// Where processes waited for their turn (growth_data_waits): what each took of the processor, in the unit
	// of the costs, and how often it repeated what costs; `waited` says that both are known.
	double cpu[GROWTH_MOST], times[GROWTH_MOST];
	bool waited;
	double spread; // by which costs of one size scatter beyond what hists show: the deviation of their
	               // logarithms
};

// Leaves out the sizes up to the last that cost less than `least`. False, and nothing is left out, where fewer
// than three would remain.
bool growth_leave_out(struct growth_data *d, double least);
// Leaves out the sizes up to the last whose repetitions show that the clock's steps are too large for them. False,
// and nothing is left out, where fewer than three would remain.
bool growth_leave_out_coarse(struct growth_data *d);
// On a busy machine what takes longer than a time slice waits, and what is shorter does not, so that a linear cost
// looks steep. Puts in the place of each cost what the processor's time leaves of it: of the least size the cost
// itself, or what its process took for each repetition where that is less; the rest of that process is its start,
// which is taken from all others. Never more than a cost was.
void growth_take_waiting(const struct growth_data *d, double costs[GROWTH_MOST], const double cpu[GROWTH_MOST]);
// The fit with its interval: that of costs drawn anew (medians from each histogram) and scattered by `spread`, or
// by as much as they lie off the curve where that is more, by a generator of this seed. Where processes waited,
// what they took of the processor is scattered, too.
struct growth_fit growth_fit_data(const struct growth_data *d, uint64_t seed);
// Whether it certainly grows with more than `exponent`: the fit's interval lies above it by GROWTH_MARGIN, and the
// last sizes rise more steeply too (a step between two sizes alone is no growth), and so do the costs as they were
// measured (without what was taken for waiting) and, where there are several of each, the least ones (which nobody
// disturbed). *f is filled; its interval only where the exponent itself is too large.
bool growth_exceeds(const struct growth_data *d, double exponent, uint64_t seed, struct growth_fit *f);
double growth_at(const struct growth_fit *f, double size);

#endif
