// A machine that is not quiet, in simulations.
#include "noise.h"

#include <math.h>

// ---- random numbers -------------------------------------------------------------------------------------------

double noise_uniform(struct rng *r)
{
	return ((double)(rng_next(r) >> 11) + 0.5) * 0x1p-53;
}

double noise_normal(struct rng *r)
{
	return sqrt(-2 * log(noise_uniform(r))) * cos(2 * M_PI * noise_uniform(r));
}

// Student's t with three degrees of freedom, scaled so that its middle is as wide as a normal one's (what a robust
// estimate of sigma sees).
double noise_heavy(struct rng *r)
{
	const double a = noise_normal(r), b = noise_normal(r), c = noise_normal(r), z = noise_normal(r);

	return 0.882 * z / sqrt((a * a + b * b + c * c) / 3);
}

// ---- one metric's invocations ---------------------------------------------------------------------------------

#define WAVE 0.03
#define RHO 0.8
#define DISTURBANCE 0.01
#define LAYOUT 0.007

double noise_invocation(struct noise *n, struct machine *m, double at, unsigned side, enum layout layout,
                        struct rng *r)
{
	const double disturbance = fmin(DISTURBANCE, n->sigma / 2), bias = fmin(LAYOUT, n->sigma / 2);
	const double own = sqrt(n->sigma * n->sigma - disturbance * disturbance - bias * bias);
	double value = own * noise_heavy(r) + WAVE * sin(2 * M_PI * (at + m->phase));

	n->disturbance = RHO * n->disturbance + sqrt(1 - RHO * RHO) * noise_normal(r);
	value += disturbance * n->disturbance;
	value += layout == LAYOUT_FIXED ? LAYOUT * n->fixed_layout[side] : bias * noise_normal(r);
	if (rng_below(r, 50) == 0)
		value += 0.1 + 0.5 * noise_uniform(r);
	return value;
}

// Pairs from `first` on, of a night that is over at 1. The random walk goes on from call to call.
void noise_pairs(double *base, double *head, size_t first, size_t count, size_t night, struct noise *n,
                 struct machine *m, double shift, enum layout layout, struct rng *r)
{
	for (size_t i = first; i < first + count; i++) {
		const double at = (double)i / (double)night;
		const unsigned earlier = (unsigned)rng_below(r, 2);
		double pair[2];

		m->walk += NOISE_WALK_STEP * noise_normal(r);
		for (unsigned k = 0; k < 2; k++) {
			const unsigned side = k ^ earlier;

			pair[side] =
			        m->walk + noise_invocation(n, m, at + 0.5 * k / (double)night, side, layout, r);
		}
		base[i] = pair[0];
		head[i] = pair[1] + shift;
	}
}

// Between .5 % and 5 %, evenly in the logarithm.
double noise_sigma(struct rng *r)
{
	return 0.005 * exp(noise_uniform(r) * log(10));
}

struct noise noise_draw(double sigma, struct rng *r)
{
	struct noise n = { .sigma = sigma };

	n.disturbance = noise_normal(r);
	n.fixed_layout[0] = noise_normal(r);
	n.fixed_layout[1] = noise_normal(r);
	return n;
}
