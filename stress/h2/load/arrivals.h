// When an open loop's requests are due: a rate over time, constant, linear or in steps, evenly or as a Poisson
// process. Times are computed from the rate's integral, so no rounding adds up. Knows no clock.
#ifndef SG_H2_ARRIVALS_H
#define SG_H2_ARRIVALS_H

#include "rng.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define H2_MAX_SEGMENTS 64U
#define H2_MAX_RATE 10000000U // requests/s

struct h2_segment {
	double from, to; // requests/s at its ends; at least one of them above 0
	uint64_t ns;     // how long it lasts; 0: for ever, the last one only, and then from is to
};

struct h2_schedule {
	struct h2_segment segments[H2_MAX_SEGMENTS];
	size_t count; // 0: a closed loop
	bool poisson;
	uint64_t seed; // of it
};

// The arrivals of one of `shares` threads, which together make the schedule.
struct h2_arrivals {
	const struct h2_schedule *schedule; // borrowed
	unsigned share, shares;
	struct rng rng;
	double position; // of the next arrival, in arrivals of the whole schedule
	double before;   // arrivals before the present segment
	uint64_t begins; // of the present segment, ns
	size_t segment;
};

void h2_arrivals_init(struct h2_arrivals *a, const struct h2_schedule *s, unsigned share, unsigned shares);
// The next arrival, in ns from the schedule's beginning; false when there is none any more.
bool h2_arrivals_next(struct h2_arrivals *a, uint64_t *ns);
// How long the schedule lasts; 0: for ever.
uint64_t h2_schedule_ns(const struct h2_schedule *s);

#endif
