// What the simulations of comparisons take for a machine's noise: invocations with tails of Student's t with three
// degrees of freedom and an outlier of 10 to 60 % in one of fifty, a drift that all share (a daily wave of 3 % and
// a random walk), an autocorrelated disturbance (rho .8, 1 %) and a layout bias of .7 %. All figures are
// logarithms.
#ifndef SG_NOISE_H
#define SG_NOISE_H

#include "rng.h"

#include <stddef.h>

#define NOISE_WALK_STEP 0.002

// What the machine does to all that runs on it: one value for each invocation of a metric.
struct machine {
	double walk, phase;
};

struct noise {
	double sigma;                        // all of it but outliers and drift
	double disturbance, fixed_layout[2]; // normal with a standard deviation of 1
};

enum layout { LAYOUT_DRAWN, LAYOUT_FIXED };

double noise_uniform(struct rng *r); // between 0 and 1, neither included
double noise_normal(struct rng *r);
// Student's t with three degrees of freedom, its middle as wide as a normal one's.
double noise_heavy(struct rng *r);
double noise_sigma(struct rng *r); // of a metric: between .5 % and 5 %, evenly in the logarithm
struct noise noise_draw(double sigma, struct rng *r);
// One invocation of side 0 or 1, `at` a share of the night, without the walk.
double noise_invocation(struct noise *n, struct machine *m, double at, unsigned side, enum layout layout,
                        struct rng *r);
// Pairs from `first` on, of a night that is over after `night` pairs. The random walk goes on from call to call.
void noise_pairs(double *base, double *head, size_t first, size_t count, size_t night, struct noise *n,
                 struct machine *m, double shift, enum layout layout, struct rng *r);

#endif
