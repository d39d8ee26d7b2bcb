// schedule: when an open loop's requests are due.
#include "arrivals.h"
#include "harness.h"

#include <math.h>
#include <stdlib.h>

#define S UINT64_C(1000000000)

static struct h2_schedule one(double from, double to, uint64_t ns)
{
	return (struct h2_schedule){ .segments = { { from, to, ns } }, .count = 1 };
}

CASE("h2 schedule: a constant rate is even to the ns, also after an hour")
{
	const struct h2_schedule s = one(3, 3, 0);
	struct h2_arrivals a;
	uint64_t ns = 0;
	h2_arrivals_init(&a, &s, 0, 1);
	for (unsigned i = 0; i <= 3 * 3600; i++) {
		assert_true(h2_arrivals_next(&a, &ns));
		const double want = (double)i * 1e9 / 3;
		if (fabs((double)ns - want) > 1.5)
			fail_msg("arrival %u at %llu, expected %f", i, (unsigned long long)ns, want);
	}
	assert_int_equal(ns / S, 3600);
}

CASE("h2 schedule: a ramp has the arrivals of its mean rate, ever closer together")
{
	const struct h2_schedule s = one(100, 1100, 10 * S);
	struct h2_arrivals a;
	uint64_t ns, before = 0, gap = UINT64_MAX;
	unsigned n = 0;
	h2_arrivals_init(&a, &s, 0, 1);
	for (; h2_arrivals_next(&a, &ns); before = ns, n++) {
		if (n > 1)
			assert_true(ns - before <= gap + 1);
		gap = n > 0 ? ns - before : gap;
		assert_true(ns < 10 * S);
	}
	assert_int_equal(n, 6000);
	assert_int_equal(h2_schedule_ns(&s), 10 * S);
}

CASE("h2 schedule: a ramp may begin or end at next to nothing")
{
	struct h2_schedule s = one(1000, 0, 2 * S);
	struct h2_arrivals a;
	uint64_t ns, last = 0;
	unsigned n = 0;
	h2_arrivals_init(&a, &s, 0, 1);
	for (; h2_arrivals_next(&a, &ns); n++) {
		assert_true(ns >= last && ns <= 2 * S);
		last = ns;
	}
	assert_int_equal(n, 1000);
}

CASE("h2 schedule: steps follow each other, and end")
{
	const struct h2_schedule s = { .segments = { { 10, 10, 2 * S }, { 100, 100, S }, { 1, 1, 3 * S } },
		                       .count = 3 };
	struct h2_arrivals a;
	uint64_t ns;
	unsigned in[3] = { 0 };
	h2_arrivals_init(&a, &s, 0, 1);
	while (h2_arrivals_next(&a, &ns))
		in[ns < 2 * S ? 0 : ns < 3 * S ? 1 : 2]++;
	assert_int_equal(in[0], 20);
	assert_int_equal(in[1], 100);
	assert_int_equal(in[2], 3);
	assert_int_equal(h2_schedule_ns(&s), 6 * S);
}

CASE("h2 schedule: threads share a constant rate without a gap or a double")
{
	const struct h2_schedule s = one(700, 700, S);
	unsigned seen[700] = { 0 };
	for (unsigned t = 0; t < 3; t++) {
		struct h2_arrivals a;
		uint64_t ns;
		h2_arrivals_init(&a, &s, t, 3);
		while (h2_arrivals_next(&a, &ns))
			seen[(unsigned)((double)ns * 700 / 1e9 + 0.5)]++;
	}
	for (unsigned i = 0; i < 700; i++)
		assert_int_equal(seen[i], 1);
}

CASE("h2 schedule: Poisson arrivals have the mean and the spread of their rate, seed 7")
{
	struct h2_schedule s = one(1000, 1000, 100 * S);
	double sum = 0, squares = 0;
	unsigned n = 0;
	s.poisson = true;
	s.seed = 7;
	for (unsigned t = 0; t < 2; t++) { // two threads of half the rate each
		struct h2_arrivals a;
		uint64_t ns, before = 0;
		h2_arrivals_init(&a, &s, t, 2);
		for (; h2_arrivals_next(&a, &ns); before = ns, n++) {
			const double gap = (double)(ns - before) * 500 / 1e9; // in means
			sum += gap;
			squares += gap * gap;
		}
	}
	// 100,000 expected; the bounds are five standard deviations.
	assert_true(n > 100000 - 1600 && n < 100000 + 1600);
	assert_true(fabs(sum / n - 1) < 0.016);
	assert_true(fabs(squares / n - 2) < 0.08);
}

CASE("h2 schedule: the same seed gives the same arrivals")
{
	struct h2_schedule s = one(500, 900, S);
	struct h2_arrivals a, b;
	uint64_t x, y;
	s.poisson = true;
	s.seed = 3;
	h2_arrivals_init(&a, &s, 1, 4);
	h2_arrivals_init(&b, &s, 1, 4);
	while (h2_arrivals_next(&a, &x)) {
		assert_true(h2_arrivals_next(&b, &y));
		assert_int_equal(x, y);
	}
}
