// Exponents found again in costs that were made from them.
#include "harness.h"

#include "growth_fit.h"
#include "rng.h"

#include <math.h>

#define SIZES 5U

static const double sizes[SIZES] = { 500, 1000, 2000, 5000, 10000 };

// A histogram of `values` costs around t, noisy by `noise`.
static struct hist *around(double t, double noise, unsigned values, struct rng *rng)
{
	struct hist *h = hist_new(3);

	assert_non_null(h);
	for (unsigned i = 0; i < values; i++) {
		double part = (double)rng_below(rng, 2000001) / 1e6 - 1;

		hist_record(h, (uint64_t)(t * (1 + noise * part)));
	}
	return h;
}

static struct growth_fit fit(double c, double a, double b, double noise, uint64_t seed)
{
	struct growth_data d = { .count = SIZES };
	struct hist *owned[SIZES];
	struct growth_fit f;
	struct rng rng;

	rng_init(&rng, seed);
	for (unsigned i = 0; i < SIZES; i++) {
		d.sizes[i] = sizes[i];
		d.hists[i] = owned[i] = around(c + a * pow(sizes[i], b), noise, 20, &rng);
		d.costs[i] = (double)hist_percentile(owned[i], 50);
	}
	f = growth_fit_data(&d, seed);
	for (unsigned i = 0; i < SIZES; i++)
		hist_free(owned[i]);
	return f;
}

CASE("growth: the exponent is found behind a constant that is as large as the cost")
{
	static const double exponents[] = { 0.5, 1, 1.5, 2, 3 };

	for (unsigned i = 0; i < sizeof exponents / sizeof exponents[0]; i++) {
		double costs[SIZES], a = 1e9 / pow(10000, exponents[i]);
		struct growth_fit f;

		for (unsigned k = 0; k < SIZES; k++)
			costs[k] = 2e8 + a * pow(sizes[k], exponents[i]);
		f = growth_fit(sizes, costs, SIZES);
		if (fabs(f.exponent - exponents[i]) > 0.01)
			fail_msg("%g instead of %g", f.exponent, exponents[i]);
		assert_true(f.off < 0.001);
		for (unsigned k = 0; k < SIZES; k++)
			assert_true(fabs(growth_at(&f, sizes[k]) / costs[k] - 1) < 0.001);
	}
}

CASE("growth: the interval holds the exponent of noisy costs, and is narrow")
{
	unsigned held = 0;

	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct growth_fit f = fit(5e4, 300, 1, 0.05, seed);

		held += f.low <= 1 && f.high >= 1;
		assert_true(f.low <= f.exponent && f.exponent <= f.high);
		assert_true(f.high - f.low < 0.5);
	}
	assert_in_range(held, 34, 40);
}

CASE("growth: linear and quadratic costs are told apart")
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		assert_true(fit(5e4, 300, 1, 0.1, seed).high < 1.6);
		assert_true(fit(5e4, 1, 2, 0.1, seed).low > 1.5);
	}
}

CASE("growth: what does not grow, or shrinks, has the exponent 0")
{
	const double flat[SIZES] = { 100, 100, 100, 100, 100 }, falling[SIZES] = { 500, 400, 300, 200, 100 };
	struct growth_fit f = growth_fit(sizes, flat, SIZES);

	assert_true(fabs(growth_at(&f, 3000) - 100) < 1);
	f = growth_fit(sizes, falling, SIZES);
	assert_true(f.exponent == 0);
	assert_true(f.off > 0.3); // one number for all
	assert_true(isfinite(growth_at(&f, 3000)));
}

CASE("growth: sizes up to the last with few collections are left out, unless too few would remain")
{
	struct growth_data d = { .sizes = { 1, 2, 4, 8, 16 }, .costs = { 9, 1, 20, 40, 80 }, .count = 5 };

	assert_true(growth_leave_out(&d, 4));
	assert_int_equal(d.count, 3);
	assert_true(d.sizes[0] == 4 && d.costs[0] == 20 && d.costs[2] == 80);
	assert_true(growth_leave_out(&d, 4));
	assert_int_equal(d.count, 3);
	assert_false(growth_leave_out(&d, 30));
	assert_int_equal(d.count, 3);
}
