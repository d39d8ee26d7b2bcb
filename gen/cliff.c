// Doubling, bisection, and a second look at both sides.
#include "cliff.h"

static bool probe(struct cliff_search *s, int64_t value)
{
	int r = s->probe(s->arg, value);

	s->probes++;
	if (r < 0)
		s->stopped = r;
	return r > 0;
}

// Whether all of the repeats end like `passed`. The value has ended so once.
static bool holds(struct cliff_search *s, int64_t value, bool passed)
{
	for (unsigned i = 1; i < s->repeats; i++)
		if (probe(s, value) != passed || s->stopped < 0)
			return false;
	return true;
}

// Up from a value that passes until one fails.
static void climb(struct cliff_search *s)
{
	while (s->fails == 0 && s->passes < s->most) {
		int64_t next = s->passes > s->most / 2 ? s->most : s->passes * 2;
		bool passed = probe(s, next);
		if (s->stopped < 0)
			return;
		*(passed ? &s->passes : &s->fails) = next;
	}
}

// Down from a value that fails until one passes.
static void descend(struct cliff_search *s)
{
	while (s->passes == 0 && s->fails > s->least) {
		int64_t next = s->fails / 2 > s->least ? s->fails / 2 : s->least;
		bool passed = probe(s, next);
		if (s->stopped < 0)
			return;
		*(passed ? &s->passes : &s->fails) = next;
	}
}

static int64_t share(const struct cliff_search *s, int64_t value)
{
	int64_t part = (int64_t)((double)value * s->precision);

	return part > 1 ? part : 1;
}

static void bisect(struct cliff_search *s)
{
	while (s->fails - s->passes > share(s, s->passes)) {
		int64_t middle = s->passes + (s->fails - s->passes) / 2;
		bool passed = probe(s, middle);
		if (s->stopped < 0)
			return;
		*(passed ? &s->passes : &s->fails) = middle;
	}
}

// One step from the boundary: down by at most a half, up by at most as much again.
static int64_t away(const struct cliff_search *s, int64_t value, double part, bool down)
{
	int64_t step = (int64_t)((double)value * part);

	step = step > 1 ? step : 1;
	if (down)
		return value - step > s->least ? value - step : s->least;
	return s->most - value > step ? value + step : s->most;
}

// Away from the boundary, by ever larger steps, until a value ends each time as its side should. Where none does:
// 0 for the side that passes, which must be certain, else the value it began with.
static int64_t settle(struct cliff_search *s, const int64_t from, bool passed)
{
	const int64_t end = passed ? s->least : s->most;
	const double most = passed ? 0.5 : 1;
	double part = s->precision;
	int64_t value = from;

	while (!holds(s, value, passed) && s->stopped == 0) {
		s->sharp = false;
		do { // to the next that ends so once
			if (s->stopped < 0 || value == end)
				return passed && s->stopped == 0 ? 0 : from;
			value = away(s, value, part, passed);
			part = part * 2 < most ? part * 2 : most;
		} while (probe(s, value) != passed);
	}
	return s->stopped < 0 ? from : value;
}

void cliff_find(struct cliff_search *s)
{
	s->passes = s->fails = 0;
	s->probes = 0;
	s->stopped = 0;
	s->sharp = true;
	if (probe(s, s->first))
		s->passes = s->first;
	else
		s->fails = s->first;
	if (s->stopped < 0)
		s->fails = 0;
	else if (s->passes > 0)
		climb(s);
	else
		descend(s);
	if (s->stopped == 0 && s->passes > 0 && s->fails > 0)
		bisect(s);
	if (s->stopped == 0 && s->passes > 0)
		s->passes = settle(s, s->passes, true);
	if (s->stopped == 0 && s->fails > 0)
		s->fails = settle(s, s->fails, false);
	s->found = s->stopped < 0   ? CLIFF_STOPPED
	           : s->passes == 0 ? CLIFF_AT_ONCE
	           : s->fails == 0  ? CLIFF_NONE
	                            : CLIFF_FOUND;
}
