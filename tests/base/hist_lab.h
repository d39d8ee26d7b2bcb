// What the tests of the histogram share.
#ifndef SG_HIST_LAB_H
#define SG_HIST_LAB_H

#include "harness.h"
#include "hist.h"
#include "rng.h"

static inline uint64_t draw(struct rng *rng, unsigned bits)
{
	return rng_next(rng) >> (64U - 1U - rng_below(rng, bits));
}

static inline void assert_same(const struct hist *a, const struct hist *b)
{
	assert_int_equal(a->digits, b->digits);
	assert_int_equal(a->total, b->total);
	assert_memory_equal(a->counts, b->counts, a->slots * sizeof a->counts[0]);
}

#endif
