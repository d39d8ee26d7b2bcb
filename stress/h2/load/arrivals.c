// Arrivals: the inverse of the rate's integral at 0, 1, 2, ... or at the sums of exponential steps (time change of
// a unit Poisson process, as in Cinlar, Introduction to Stochastic Processes, 1975, section 4.7).
#include "arrivals.h"

#include "clock.h"

#include <math.h>

// Exponential with mean 1; the argument of the logarithm is in (0, 1].
static double exponential(struct rng *r)
{
	return -log(((double)(rng_next(r) >> 11) + 1) * 0x1p-53);
}

void h2_arrivals_init(struct h2_arrivals *a, const struct h2_schedule *s, unsigned share, unsigned shares)
{
	*a = (struct h2_arrivals){ .schedule = s, .share = share, .shares = shares, .position = share };
	rng_init(&a->rng, s->seed + share);
	if (s->poisson)
		a->position = exponential(&a->rng) * shares;
}

static double seconds(const struct h2_segment *g)
{
	return (double)g->ns / (double)SG_NS_PER_S;
}

// When in the segment that many arrivals have come; stable for slopes near 0.
static double when(const struct h2_segment *g, double arrivals)
{
	const double slope = g->ns ? (g->to - g->from) / seconds(g) : 0;
	const double square = g->from * g->from + 2 * slope * arrivals;
	return arrivals == 0 ? 0 : 2 * arrivals / (g->from + sqrt(square > 0 ? square : 0));
}

bool h2_arrivals_next(struct h2_arrivals *a, uint64_t *ns)
{
	const struct h2_schedule *s = a->schedule;
	for (; a->segment < s->count; a->segment++) {
		const struct h2_segment *g = &s->segments[a->segment];
		const double all = (g->from + g->to) / 2 * seconds(g), arrivals = a->position - a->before;
		if (g->ns == 0 || arrivals < all) {
			*ns = a->begins + (uint64_t)(when(g, arrivals) * (double)SG_NS_PER_S);
			a->position += s->poisson ? exponential(&a->rng) * a->shares : a->shares;
			return true;
		}
		a->before += all;
		a->begins += g->ns;
	}
	return false;
}

uint64_t h2_schedule_ns(const struct h2_schedule *s)
{
	uint64_t ns = 0;
	for (size_t i = 0; i < s->count; i++) {
		if (s->segments[i].ns == 0)
			return 0;
		ns += s->segments[i].ns;
	}
	return ns;
}
