#include "harness.h"

#include "cliff.h"
#include "rng.h"

#include <stdlib.h>

// A runtime that passes up to `edge`, and up to `edge + blur` sometimes.
struct runtime {
	int64_t edge, blur, stop_at;
	struct rng rng;
};

static int try_value(void *arg, int64_t value)
{
	struct runtime *r = arg;

	if (r->stop_at > 0 && value >= r->stop_at)
		return -4;
	if (value <= r->edge)
		return 1;
	return value <= r->edge + r->blur && rng_below(&r->rng, 2) == 0;
}

static struct cliff_search search(struct runtime *r)
{
	return (struct cliff_search){ .least = 1,
		                      .first = 1000,
		                      .most = 10000000,
		                      .precision = 0.01,
		                      .repeats = 3,
		                      .probe = try_value,
		                      .arg = r };
}

CASE("cliff: the boundary is found to one percent wherever it is")
{
	static const int64_t edges[] = { 1, 2, 7, 99, 999, 1000, 1001, 9871, 497000, 9999998 };

	for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
		struct runtime r = { .edge = edges[i] };
		struct cliff_search s = search(&r);
		cliff_find(&s);
		assert_int_equal(s.found, CLIFF_FOUND);
		assert_true(s.sharp);
		assert_true(s.passes <= r.edge && s.fails > r.edge);
		assert_true(s.fails - s.passes <= 1 || s.fails - s.passes <= s.passes / 100);
		assert_true(s.probes < 50);
	}
}

CASE("cliff: it is said that there is none when the largest value passes")
{
	struct runtime r = { .edge = 10000000 };
	struct cliff_search s = search(&r);

	cliff_find(&s);
	assert_int_equal(s.found, CLIFF_NONE);
	assert_int_equal(s.passes, 10000000);
	assert_int_equal(s.fails, 0);
}

CASE("cliff: it is said that nothing passes when the least value fails")
{
	struct runtime r = { .edge = 0 };
	struct cliff_search s = search(&r);

	cliff_find(&s);
	assert_int_equal(s.found, CLIFF_AT_ONCE);
	assert_int_equal(s.fails, 1);
}

CASE("cliff: both sides are certain when values between them pass only sometimes")
{
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct runtime r = { .edge = 50000, .blur = 20000 };
		struct cliff_search s = search(&r);
		rng_init(&r.rng, seed);
		s.repeats = 8;
		cliff_find(&s);
		assert_int_equal(s.found, CLIFF_FOUND);
		assert_true(s.passes < s.fails);
		assert_true(s.fails > 50000);
		if (s.passes <= 50000 && s.fails > 70000)
			assert_false(s.sharp);
	}
}

CASE("cliff: what fails only sometimes is a boundary that is not sharp when it goes up to the largest value")
{
	struct runtime r = { .edge = 50000, .blur = 10000000 };
	struct cliff_search s = search(&r);

	rng_init(&r.rng, 3);
	s.repeats = 8;
	cliff_find(&s);
	assert_int_equal(s.found, CLIFF_FOUND);
	assert_false(s.sharp);
	assert_true(s.passes >= 10000 && s.passes < s.fails);
}

CASE("cliff: how far it had got is known when it is stopped")
{
	struct runtime r = { .edge = 50000, .stop_at = 30000 };
	struct cliff_search s = search(&r);

	cliff_find(&s);
	assert_int_equal(s.found, CLIFF_STOPPED);
	assert_int_equal(s.stopped, -4);
	assert_int_equal(s.passes, 16000);
	assert_int_equal(s.fails, 0);
}
